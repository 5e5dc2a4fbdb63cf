//! Plans grow: what follows after an outcome is numbered, approved as the court wants it, and recorded.

use domain::ActKind;
use store::record::{Body, PlanExtended, PlanLine, PlannedBody, RequestFinished};

use super::Decider;
use crate::state::Act;
use crate::state::slab::Index;

impl Decider {
    /// Plans what follows for a request, and finishes it when every act is final and nothing follows.
    pub(super) fn go_on(&mut self, request: Index) {
        let mut plan = self.next_acts(request);
        let wanted = plan.len();
        plan.retain(|line| self.may_plan(request, line));
        let held = plan.len() < wanted;
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
        if under_way {
            return;
        }
        let (sequence, state) = (open.sequence, open.end_state().word().to_owned());
        self.owe_investigation(request);
        self.owe_parts_by_hand(request);
        self.emit(RequestFinished { request: sequence, state }.into(), None, 0);
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
