//! Plans grow: what follows after an outcome is numbered, approved as the court wants it, and recorded.

use std::collections::BTreeSet;

use domain::form::PARTS_QUIET_MS;
use domain::request::Goal;
use domain::{ActKind, Millis, RequestId};
use store::record::{Body, PlanExtended, PlanLine, PlannedBody, RequestFinished};

use super::Decider;
use crate::state::slab::Index;
use crate::state::{Act, OpenRequest};

impl Decider {
    /// Plans what follows for a request, and finishes it when every act is final and nothing follows.
    pub(super) fn go_on(&mut self, request: Index) {
        let mut plan = self.next_acts(request);
        let wanted = plan.len();
        plan.retain(|line| self.may_plan(request, line));
        let held = plan.len() < wanted;
        let open = self.state.requests.get(request);
        if let Some(open) = open.filter(|open| !plan.is_empty() && !self.can_extend(open)) {
            return self.wait_for_key(RequestId(open.sequence));
        }
        if !plan.is_empty() {
            self.extend(request, plan);
        }
        // What a stop keeps from being planned is planned once it is lifted, so the request is not over.
        if !held {
            self.finish_if_done(request);
        }
    }

    fn may_plan(&self, request: Index, line: &PlanLine) -> bool {
        let (Some(open), Some(kind)) = (self.state.requests.get(request), ActKind::from_code(line.kind)) else {
            return true;
        };
        !self.state.is_stopped(kind, open)
    }

    fn finish_if_done(&mut self, request: Index) {
        let Some(open) = self.state.requests.get(request) else { return };
        if open.finals as usize != open.acts.len() || self.will_repeat(open) {
            return;
        }
        let under_way = open.acts.iter().filter_map(|index| self.state.acts.get(*index)).any(Act::is_under_way);
        if under_way || self.waits_for_another_request(open) {
            return;
        }
        if let Some(until) = self.may_hear_more_until(open) {
            self.patience.insert((until, open.sequence));
            return;
        }
        let (sequence, state) = (open.sequence, open.end_state().word().to_owned());
        self.owe_investigation(request);
        self.owe_parts_by_hand(request);
        self.emit(RequestFinished { request: sequence, state }.into(), None, 0);
    }

    /// A goal that something is missing of, and that may still start what is missing.
    fn is_short(&self, open: &OpenRequest) -> bool {
        matches!(open.goal(), Some(Goal::Secure | Goal::Collect))
            && open.may_start()
            && !self.state.is_halted(open.case)
            && self.state.ledger(open.case).shortfall().is_positive()
    }

    /// Has another request of the case ordered a freeze of what this one found? Property is frozen once (rule D14), so this one
    /// goes on with what comes of that.
    fn waits_for_another_request(&self, open: &OpenRequest) -> bool {
        if !self.is_short(open) {
            return false;
        }
        let acts = self.state.acts_of_case(open.case).map(|(_, act)| act);
        let under_way = acts.filter(|act| act.kind() == ActKind::Freeze && act.asset != 0 && act.state().is_open());
        let under_way: BTreeSet<u64> = under_way.map(|act| act.asset).collect();
        open.found.iter().any(|found| under_way.contains(&found.asset))
    }

    /// Freezes came to an end: whichever other goals of their cases found the same property go on.
    pub(super) fn go_on_after_others(&mut self) {
        for (case, request, asset) in std::mem::take(&mut self.state.freezes_ended) {
            let others = self.state.cases.get(case).into_iter().flat_map(|case| &case.requests).copied();
            let found_it = |other: &Index| {
                let open = self.state.requests.get(*other).filter(|_| *other != request);
                open.is_some_and(|open| open.found.iter().any(|found| found.asset == asset))
            };
            let others: Vec<Index> = others.filter(found_it).collect();
            others.into_iter().for_each(|other| self.go_on(other));
        }
    }

    /// Until when the next part of an answer may follow the last one: what came after the end would be secured by nobody.
    fn may_hear_more_until(&self, open: &OpenRequest) -> Option<Millis> {
        let until = self.quiet_at(open).filter(|until| *until > self.now);
        until.filter(|_| self.is_short(open))
    }

    /// When no more parts follow those that came; `None` = none came, or only from partners who answer in one message.
    pub(super) fn quiet_at(&self, open: &OpenRequest) -> Option<Millis> {
        let queries: BTreeSet<Index> = open.parts.iter().map(|part| part.query).collect();
        let told = queries.into_iter().filter_map(|query| self.state.acts.get(query));
        told.filter_map(|query| query.since.checked_add(self.parts_quiet_of(query.lane)?)).max()
    }

    /// How long a further part may follow from this partner; `None` = its first message is the whole answer.
    fn parts_quiet_of(&self, lane: u16) -> Option<Millis> {
        let quiet = self.partner(lane).map_or(PARTS_QUIET_MS, |partner| partner.form.parts_quiet_ms);
        (quiet > 0).then(|| Millis::try_from(quiet).unwrap_or(Millis::MAX))
    }

    pub(super) fn extend(&mut self, request: Index, mut plan: Vec<PlanLine>) {
        let Some(open) = self.state.requests.get(request) else { return };
        let (sequence, case, court) = (open.sequence, open.case, self.state.word(open.court).to_owned());
        let slot = self.state.cases.get(case).map_or(0, |case| case.slot);
        for line in &mut plan {
            line.approvals = self.approvals_for(&court, line);
        }
        let slips = self.number(&mut plan);
        let acts = u32::try_from(plan.len()).unwrap_or(u32::MAX);
        let body = Body::Planned(PlannedBody { plan });
        self.emit(PlanExtended { acts, request: sequence, slips }.into(), Some(body), slot);
    }
}
