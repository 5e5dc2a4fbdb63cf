//! Goals that repeat: the same partners are asked again on the grid of the request's hours, until the claim is covered or its days are over.

use domain::request::{ACTS_MAX, Goal};
use domain::task::TaskKind;
use domain::{ActKind, Millis, RequestId};
use store::record::{ActRef, GoalRepeated, PlanLine};

use super::Decider;
use super::task::Draft;
use crate::state::OpenRequest;
use crate::state::slab::Index;

impl Decider {
    /// Remembers when a goal asks again, or when its days are over. The instant follows from the request alone.
    pub(super) fn schedule_round(&mut self, request: RequestId) {
        let open = self.state.request_index(request).and_then(|index| self.state.requests.get(index));
        let Some((open, repeat)) = open.and_then(|open| Some((open, open.repeat()?))) else { return };
        let due = open.next_round_at().unwrap_or_else(|| repeat.ends_at(open.accepted_at));
        self.rounds.insert((due, request.0));
    }

    /// Is what the goal wants reached? What is only ordered counts for nothing.
    pub(super) fn is_covered(&self, open: &OpenRequest) -> bool {
        let ledger = self.state.ledger(open.case);
        match open.goal() {
            Some(Goal::Secure) => ledger.controlled.plus(ledger.deducted) >= ledger.target,
            _ => ledger.is_met(),
        }
    }

    /// Is another round to come? Then the request is not over, though every act of it may be.
    pub(super) fn will_repeat(&self, open: &OpenRequest) -> bool {
        open.repeat().is_some() && !self.is_covered(open) && !self.state.is_halted(open.case)
    }

    pub(super) fn repeat_goal(&mut self, index: Index) {
        let Some(open) = self.state.requests.get(index) else { return };
        let Some(repeat) = open.repeat() else { return };
        let (request, accepted, goes_on) = (open.sequence, open.accepted_at, self.will_repeat(open));
        let round = repeat.round_at(accepted, self.now);
        let plan = self.questions_again(open);
        let room = ACTS_MAX.saturating_sub(open.acts.len());
        if self.now >= repeat.ends_at(accepted) || plan.len() > room {
            return self.end_repeat(index, round);
        }
        if goes_on && round > open.round && !plan.is_empty() && !self.can_extend(open) {
            return self.round_waits_for_key(RequestId(request));
        }
        if goes_on && round > open.round {
            self.emit(GoalRepeated { over: false, request, round }.into(), None, 0);
            if !plan.is_empty() {
                self.extend(index, plan);
            }
            self.schedule_round(RequestId(request));
            return;
        }
        // Covered for now, or begun already: it is looked at again when the next round would be due.
        let next = repeat.due_at(accepted, round.saturating_add(1)).unwrap_or_else(|| repeat.ends_at(accepted));
        self.rounds.insert((next.max(self.now + 1), request));
    }

    fn end_repeat(&mut self, index: Index, round: u32) {
        let Some(open) = self.state.requests.get(index) else { return };
        let (request, case, covered) = (open.sequence, open.case, self.is_covered(open));
        let court = self.state.word(open.court).to_owned();
        self.emit(GoalRepeated { over: true, request, round }.into(), None, 0);
        if !covered {
            let shortfall = self.state.ledger(case).shortfall();
            let draft = Draft { act: Some(ActRef(request, 0)), amount: Some(shortfall.units()), ..Draft::default() };
            self.raise(TaskKind::RepeatEnded, Some(case), &court, draft);
        }
        self.go_on(index);
    }

    /// One question to each partner about each party that was asked before, where none is open.
    fn questions_again(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let mut pairs: Vec<(u16, u16)> = Vec::new();
        let mut plan = Vec::new();
        let queries = || {
            let acts = open.acts.iter().filter_map(|index| self.state.acts.get(*index));
            acts.filter(|act| act.kind() == ActKind::Query)
        };
        let mut busy: Vec<(u16, u16)> =
            queries().filter(|query| query.state().is_open()).map(|query| (query.lane, query.subject)).collect();
        busy.sort_unstable();
        for query in queries() {
            // The first plan has each pair once, and stands first: no need to look at later rounds.
            if query.repeats {
                break;
            }
            let pair = (query.lane, query.subject);
            let partner = self.partner(query.lane).filter(|partner| partner.takes(ActKind::Query) && !partner.retired);
            if partner.is_none() || busy.binary_search(&pair).is_ok() || pairs.contains(&pair) {
                continue;
            }
            pairs.push(pair);
            let mut line = PlanLine::of(ActKind::Query, self.state.partner_of(query.lane), query.subject);
            (line.rules, line.bars) = (query.rules, query.bars);
            plan.push(line);
        }
        plan
    }
}

/// Rounds in the order in which they are due, of requests by their sequence.
pub(super) type Rounds = std::collections::BTreeSet<(Millis, u64)>;
