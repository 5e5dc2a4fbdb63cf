//! Cases at run time: amended claims, halts and what lets them go on.

use domain::case::{EraseCause, HaltCause};
use domain::{CaseId, Money};

use super::{Engine, Shared};
use crate::command::{Amend, ClosedRequest, Command, EraseCase, Halt, ResumeCase, ShowApplicant};
use crate::refusal::Refusal;
use crate::view::{Caller, CaseErasure};

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

    /// A person's word that a case is to be erased, for good; with another's the same it is.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::PersonNeeded`], [`Refusal::SamePerson`], [`Refusal::CaseInUse`], [`Refusal::WrongState`] when it
    /// is erased already.
    pub async fn erase_case(
        &self,
        caller: &Caller,
        case: CaseId,
        cause: EraseCause,
        reason: String,
    ) -> Result<CaseErasure, Refusal> {
        self.shared.not_erased(caller, case)?;
        self.shared.check_case(caller, case)?;
        let slots = self.shared.slots_of_case(case)?;
        let known = self.shared.decider.read().state.known_as(case.0);
        let (by, court, is_person) = (caller.token.clone(), caller.court.clone(), caller.is_person);
        let erase = EraseCase { case, cause, by, court, is_person, reason, slots };
        let sequence = self.done(Command::EraseCase(Box::new(erase))).await?;
        let decider = self.shared.decider.read();
        // Another's word may have erased it since this one was entered.
        let erased = decider.state.erased_cases.get(&known);
        let erased = erased.is_some_and(|erased| erased.events.last() == Some(&sequence));
        Ok(CaseErasure { sequence, erased })
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

impl Shared {
    /// Whoever may see what stands of an erased case is told that it is.
    fn not_erased(&self, caller: &Caller, case: CaseId) -> Result<(), Refusal> {
        let court = {
            let decider = self.decider.read();
            let erased = decider.state.erased_cases.get(&case.0);
            erased.map(|erased| decider.state.word(erased.court).to_owned())
        };
        let Some(court) = court else { return Ok(()) };
        let is_own = caller.court.as_ref().is_none_or(|own| *own == court);
        match is_own && (self.shows(&caller.token, case.0) || self.has_closed(caller, case.0)?) {
            true => Err(Refusal::WrongState { state: "erased" }),
            false => Err(Refusal::NotFound),
        }
    }

    /// Was a finished request this partner's too, and its case is erased? Said to be unknown, the partner would look for the fault at its own
    /// door.
    pub(super) fn was_of_erased(&self, partner: &str, closed: &ClosedRequest) -> bool {
        let is_its = closed.partners.iter().any(|one| one == partner);
        is_its && self.decider.read().state.erased_cases.contains_key(&closed.case)
    }

    /// The slots that seal what is said of a case: one, or one for each sequence by which it is known.
    fn slots_of_case(&self, case: CaseId) -> Result<Vec<u64>, Refusal> {
        let sequences = self.decider.read().state.sequences_of_case(case.0);
        let slot = |sequence: &u64| self.papers.leaf_at_least(*sequence).map(|(event, _)| event.key);
        sequences.iter().map(slot).collect::<Option<_>>().ok_or(Refusal::Unavailable)
    }
}
