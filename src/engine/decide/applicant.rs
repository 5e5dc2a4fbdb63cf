//! What the applicant may see: the court allows it for a case, and takes it back (rule D34).

use store::record::{ApplicantAllowed, ApplicantBarred, Body, Fact, ReasonBody};

use super::Decider;
use crate::command::{Answer, ShowApplicant};
use crate::refusal::Refusal;

impl Decider {
    pub(super) fn show_applicant(&mut self, show: ShowApplicant) -> Result<Answer, Refusal> {
        let case = self.own_case(show.case.0, show.court.as_deref())?;
        let found = self.state.cases.get(case).ok_or(Refusal::NotFound)?;
        if found.applicant == show.allow {
            return Err(Refusal::WrongState { state: if show.allow { "allowed" } else { "not_allowed" } });
        }
        let (slot, by, case) = (found.slot, show.by, show.case.0);
        let fact: Fact = match show.allow {
            true => ApplicantAllowed { by, case }.into(),
            false => ApplicantBarred { by, case }.into(),
        };
        let body = Body::Reason(ReasonBody { reason: show.reason, document: None, amount: None });
        Ok(Answer::Done(self.emit(fact, Some(body), slot)))
    }
}
