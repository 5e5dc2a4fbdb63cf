//! What the applicant of a case may see of a request: nothing unless its court allows it, and nothing of a secret one (rules D5, D34).

use domain::{ActId, Money, RequestId};

use super::Engine;
use crate::refusal::Refusal;
use crate::state::State;
use crate::view::{
    AccountEnd, ActView, ApplicantFound, ApplicantResult, ApplicantSums, ApplicantView, Caller, RequestView,
};

impl Engine {
    /// Sums and states of a request for its applicant; a read like any other.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another court's and for a secret one; [`Refusal::ApplicantNotAllowed`].
    pub async fn applicant(
        &self,
        caller: &Caller,
        id: RequestId,
        page_from: u32,
        page_len: u16,
    ) -> Result<ApplicantView, Refusal> {
        let known = self.shared.known_to(caller, id)?;
        // A secret request is shown by its own path to those whom it names, and by this one to nobody.
        if known.is_secret {
            return Err(Refusal::NotFound);
        }
        if !may_see(&self.shared.decider.read().state, known.case) {
            return Err(Refusal::ApplicantNotAllowed);
        }
        let view = self.request(caller, id, page_from, page_len, None, 0).await?;
        if view.acts.iter().any(|act| act.unreadable) {
            return Err(Refusal::ContentUnreadable);
        }
        let sums = self.sums_of(id, view.ledger.target)?;
        Ok(reduced(view, sums, self.now()))
    }

    /// What the acts of one request hold, and what they moved that was not given back.
    fn sums_of(&self, id: RequestId, target: Money) -> Result<ApplicantSums, Refusal> {
        let acts_of = |state: &State| -> Option<Vec<ActId>> {
            let open = state.requests.get(state.request_index(id)?)?;
            Some(open.acts.iter().filter_map(|act| state.acts.get(*act)).map(crate::state::Act::id).collect())
        };
        let open = acts_of(&self.shared.decider.read().state);
        let acts = match open {
            Some(acts) => acts,
            None => acts_of(&self.shared.closed_state(id.0)?).unwrap_or_default(),
        };
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let held = acts.iter().filter_map(|act| state.measure_by_act(*act)).filter(|measure| measure.is_live_freeze());
        let controlled = held.map(|measure| Money::from_units(measure.caught())).sum();
        let deducted = acts.iter().map(|act| Money::from_units(state.kept_of(*act))).sum();
        Ok(ApplicantSums { target, controlled, deducted })
    }
}

fn may_see(state: &State, case: u64) -> bool {
    state.case_by_sequence(case).and_then(|index| state.cases.get(index)).is_some_and(|case| case.applicant)
}

fn reduced(view: RequestView, sums: ApplicantSums, as_of: domain::Millis) -> ApplicantView {
    ApplicantView {
        case_number: view.case_number,
        court: view.court,
        goal: view.goal,
        state: view.state,
        accepted_at: view.accepted_at,
        as_of,
        sums,
        counts: view.counts,
        results: view.acts.iter().map(result).collect(),
        next_page: view.next_page,
        erased: view.erased,
    }
}

fn result(act: &ActView) -> ApplicantResult {
    let newest = act.outcomes.last().map(|outcome| &outcome.outcome);
    let effect = act.state.took_effect();
    ApplicantResult {
        kind: act.order.kind,
        partner: act.order.partner.clone(),
        subject: act.order.subject,
        state: act.state,
        account: act.order.account.as_ref().map(|account| AccountEnd::of(account.expose())),
        amount: act.order.amount,
        caught: newest.and_then(|outcome| outcome.caught).filter(|_| effect),
        moved: newest.and_then(|outcome| outcome.moved).filter(|_| effect),
        measure: act.measure,
        found: act.accounts().into_iter().map(ApplicantFound::from).collect(),
    }
}
