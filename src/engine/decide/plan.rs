//! Goals go on: after each outcome, what follows from it. Frozen parameters, ceilings of the ledger, never a second try.

use std::collections::BTreeSet;

use domain::request::Goal;
use domain::rules::DEPOSIT_YEARS_MAX;
use domain::{ActKind, Day, Money};
use store::record::{ActRef, Body, PlanExtended, PlanLine, PlannedBody, RequestFinished};

use super::Decider;
use crate::state::slab::Index;
use crate::state::{Act, OpenRequest};

impl Decider {
    /// Plans what follows for a request, and finishes it when every act is final and nothing follows.
    pub(super) fn go_on(&mut self, request: Index) {
        let plan = self.next_acts(request);
        if !plan.is_empty() {
            self.extend(request, plan);
        }
        self.finish_if_done(request);
    }

    fn finish_if_done(&mut self, request: Index) {
        let Some(open) = self.state.requests.get(request) else { return };
        if open.finals as usize != open.acts.len() {
            return;
        }
        let under_way = open.acts.iter().filter_map(|index| self.state.acts.get(*index)).any(Act::is_under_way);
        if under_way {
            return;
        }
        let (sequence, state) = (open.sequence, open.end_state().word().to_owned());
        self.emit(RequestFinished { request: sequence, state }.into(), None, 0);
    }

    fn extend(&mut self, request: Index, mut plan: Vec<PlanLine>) {
        let Some(open) = self.state.requests.get(request) else { return };
        let (sequence, case, court) = (open.sequence, open.case, self.state.word(open.court).to_owned());
        let slot = self.state.cases.get(case).map_or(0, |case| case.slot);
        for line in &mut plan {
            line.approvals = self.approvals_for(&court, line.kind);
        }
        let slips = self.number(&mut plan);
        let acts = u32::try_from(plan.len()).unwrap_or(u32::MAX);
        let body = Body::Planned(PlannedBody { plan });
        self.emit(PlanExtended { acts, request: sequence, slips }.into(), Some(body), slot);
    }

    fn next_acts(&self, request: Index) -> Vec<PlanLine> {
        let Some(open) = self.state.requests.get(request) else { return Vec::new() };
        let room = domain::request::ACTS_MAX.saturating_sub(open.acts.len());
        let mut plan = match open.goal() {
            Some(Goal::Secure) if open.may_start() => self.freezes(open),
            Some(Goal::Collect) if open.may_start() => {
                let mut plan = self.freezes(open);
                plan.extend(self.deductions(open));
                plan
            }
            _ => Vec::new(),
        };
        if open.goal() == Some(Goal::Collect) {
            plan.extend(self.releases(open));
        }
        plan.truncate(room);
        plan
    }

    fn acts_of<'a>(&'a self, open: &'a OpenRequest) -> impl Iterator<Item = (Index, &'a Act)> {
        open.acts.iter().filter_map(|index| Some((*index, self.state.acts.get(*index)?)))
    }

    fn takes(&self, lane: u16, kind: ActKind) -> bool {
        self.partner(lane).is_some_and(|partner| partner.takes(kind) && !partner.retired)
    }

    /// Just enough: the fullest accounts first, each once, up to the room that the ledger leaves.
    fn freezes(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let mut room = self.state.ledger(open.case).room_to_freeze();
        if !room.is_positive() {
            return Vec::new();
        }
        // Sets, because a province-wide request has thousands of acts and this runs after each of their outcomes.
        let tried: BTreeSet<u64> =
            self.acts_of(open).filter(|(_, act)| act.kind() == ActKind::Freeze).map(|(_, act)| act.asset).collect();
        let mut candidates: Vec<_> =
            open.found.iter().filter(|found| found.available > 0 && !tried.contains(&found.asset)).collect();
        candidates.sort_by(|a, b| b.available.cmp(&a.available).then(a.asset.cmp(&b.asset)));
        candidates.dedup_by_key(|found| found.asset);
        let today = Day::of(self.now);
        let mut plan = Vec::new();
        for found in candidates {
            let Some(query) = self.state.acts.get(found.query) else { continue };
            let amount = Money::from_units(found.available).floor_fen().min(room);
            if !amount.is_positive() || !self.takes(query.lane, ActKind::Freeze) {
                continue;
            }
            room = room.minus_or_zero(amount);
            let mut line = PlanLine::of(ActKind::Freeze, self.state.partner_of(query.lane), query.subject);
            line.account = Some(found.account.clone());
            line.asset = found.asset;
            line.amount = Some(amount.units());
            line.from = Some(today.count());
            line.to = Some(today.last_of_years(DEPOSIT_YEARS_MAX).count());
            plan.push(line);
        }
        // Acts alike stand together, so that they share a slip.
        plan.sort_by(|a, b| (&a.partner, a.subject).cmp(&(&b.partner, b.subject)));
        plan
    }

    /// The live measures that a goal may build on: its own, and those that earlier requests of the case put on accounts that
    /// this one has found. A court secures one day and collects another.
    fn measures_in_reach<'a>(&'a self, open: &'a OpenRequest) -> impl Iterator<Item = (Index, &'a Act)> {
        let found: BTreeSet<u64> = open.found.iter().map(|found| found.asset).collect();
        let own: BTreeSet<Index> = open.acts.iter().copied().collect();
        let of_case = self.state.acts_of_case(open.case).filter(|(_, act)| act.is_live_measure());
        of_case.filter(move |(index, act)| own.contains(index) || found.contains(&act.asset))
    }

    /// Out of each freeze that holds something, once, up to the room that the ledger leaves.
    fn deductions(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let mut room = self.state.ledger(open.case).room_to_deduct();
        if !room.is_positive() {
            return Vec::new();
        }
        let own = self.acts_of(open).filter(|(_, act)| matches!(act.kind(), ActKind::Deduct | ActKind::Release));
        let built_on: BTreeSet<Index> = own.map(|(_, act)| act.base).collect();
        let mut plan = Vec::new();
        for (index, freeze) in self.measures_in_reach(open) {
            if freeze.caught <= 0 || built_on.contains(&index) || !self.takes(freeze.lane, ActKind::Deduct) {
                continue;
            }
            let amount = self.state.free_of_freeze(index).floor_fen().min(room);
            if !amount.is_positive() {
                continue;
            }
            room = room.minus_or_zero(amount);
            let mut line = self.on_freeze(ActKind::Deduct, index, freeze, open);
            line.amount = Some(amount.units());
            plan.push(line);
        }
        plan
    }

    /// Once everything owed is moved, what is left frozen is released at once (rule D8).
    fn releases(&self, open: &OpenRequest) -> Vec<PlanLine> {
        let ledger = self.state.ledger(open.case);
        if !ledger.is_met() || ledger.deducting.is_positive() || ledger.target == Money::ZERO {
            return Vec::new();
        }
        // By whichever request: the same freeze is not released twice.
        let of_case = self.state.acts_of_case(open.case).filter(|(_, act)| act.kind() == ActKind::Release);
        let released: BTreeSet<Index> = of_case.map(|(_, act)| act.base).collect();
        let mut plan = Vec::new();
        for (index, freeze) in self.measures_in_reach(open) {
            if !released.contains(&index) && self.takes(freeze.lane, ActKind::Release) {
                plan.push(self.on_freeze(ActKind::Release, index, freeze, open));
            }
        }
        plan
    }

    fn on_freeze(&self, kind: ActKind, _index: Index, freeze: &Act, open: &OpenRequest) -> PlanLine {
        let mut line = PlanLine::of(kind, self.state.partner_of(freeze.lane), freeze.subject);
        line.base = Some(ActRef::from(freeze.id()));
        line.asset = freeze.asset;
        line.account = open.found.iter().find(|found| found.asset == freeze.asset).map(|found| found.account.clone());
        line
    }
}
