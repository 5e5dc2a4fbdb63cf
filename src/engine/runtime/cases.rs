//! Cases at run time: amended claims, halts and what lets them go on.

use domain::case::HaltCause;
use domain::{CaseId, Money};

use super::Engine;
use crate::command::{Amend, Command, Halt, ResumeCase, ShowApplicant};
use crate::refusal::Refusal;
use crate::view::Caller;

impl Engine {
    /// Claim and costs of a case are others from now on; gives the sequence of the event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::OutOfBounds`].
    pub async fn amend_claim(
        &self,
        caller: &Caller,
        case: CaseId,
        claim: Money,
        costs: Money,
        reason: String,
    ) -> Result<u64, Refusal> {
        self.shared.check_case(caller, case)?;
        let (by, court) = (caller.token.clone(), caller.court.clone());
        self.done(Command::Amend(Box::new(Amend { case, claim, costs, by, court, reason }))).await
    }

    /// Nothing more is done to the property in a case; gives the sequence of the event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::WrongState`] when it is halted already, [`Refusal::DocumentUnknown`], [`Refusal::DocumentLost`].
    pub async fn halt_case(
        &self,
        caller: &Caller,
        case: CaseId,
        cause: HaltCause,
        reason: String,
        document: Option<String>,
    ) -> Result<u64, Refusal> {
        if let Some(digest) = &document {
            self.shared.check_paper(caller.court.as_deref().unwrap_or_default(), digest)?;
        }
        self.shared.check_case(caller, case)?;
        let (by, court) = (caller.token.clone(), caller.court.clone());
        self.done(Command::Halt(Box::new(Halt { case, cause, by, court, reason, document }))).await
    }

    /// The applicant of a case may see what came of its requests, or no longer (rule D34); gives the sequence of the event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::PersonNeeded`] to allow it, [`Refusal::WrongState`] when it is so already.
    pub async fn show_applicant(
        &self,
        caller: &Caller,
        case: CaseId,
        allow: bool,
        reason: String,
    ) -> Result<u64, Refusal> {
        self.shared.check_case(caller, case)?;
        if allow {
            caller.check_person()?;
        }
        let (by, court) = (caller.token.clone(), caller.court.clone());
        self.done(Command::ShowApplicant(Box::new(ShowApplicant { case, allow, by, court, reason }))).await
    }

    /// Another person lets a case go on; gives the sequence of the event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::WrongState`], [`Refusal::PersonNeeded`], [`Refusal::SamePerson`].
    pub async fn resume_case(&self, caller: &Caller, case: CaseId, reason: String) -> Result<u64, Refusal> {
        self.shared.check_case(caller, case)?;
        let (by, court) = (caller.token.clone(), caller.court.clone());
        let is_person = caller.is_person;
        self.done(Command::ResumeCase(Box::new(ResumeCase { case, by, court, is_person, reason }))).await
    }
}
