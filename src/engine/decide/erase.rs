//! Erasing a case: by two people, when nothing of it can matter any more. It cannot be taken back.

use std::collections::BTreeSet;

use domain::{Day, Millis};
use store::record::{Body, CaseErased, ErasureProposed, ReasonBody};

use super::Decider;
use super::vouch::is_of_court;
use crate::command::{Answer, ClosedRequest, EraseCase, Erased};
use crate::config::Person;
use crate::refusal::Refusal;

/// So long the first person's word that a case is to be erased counts: a week, in which another looks it over.
pub const ERASURE_AGREED_MS: Millis = 7 * 24 * 3_600_000;

impl Decider {
    /// The first person's word is kept, another's of the same cause erases the case. Who gives another cause takes the open word's place, and
    /// so does who comes when anything was said of the case in between ([`crate::state::State::outdate_erasure`]), or when the token that said
    /// it is not in force any more.
    /// What stands in the way is looked for both times.
    pub(super) fn erase_case(&mut self, erase: EraseCase) -> Result<Answer, Refusal> {
        let EraseCase { case, cause, by, court, is_person, reason, slots } = erase;
        let index = self.own_case(case.0, court.as_deref())?;
        if !is_person {
            return Err(Refusal::PersonNeeded);
        }
        let watches = self.court_of(index).is_some_and(|court| court.settled_within_days > 0);
        let uses = self.state.uses_of(index, Day::of(self.now), watches);
        if !uses.is_empty() {
            return Err(Refusal::CaseInUse { uses });
        }
        let found = self.state.cases.get(index).ok_or(Refusal::NotFound)?;
        let (slot, known) = (found.slot, found.sequence);
        let body = Some(Body::Reason(ReasonBody { reason, document: None, amount: None }));
        let is_agreed = |at: Millis| self.now < at.saturating_add(ERASURE_AGREED_MS);
        let court = self.state.word(found.court).to_owned();
        let may = |person: &Person| person.settles && is_of_court(person, &court);
        let first = self.state.erasures.get(&slot).filter(|first| first.cause() == Some(cause) && is_agreed(first.at));
        let first = first.filter(|first| self.counts(&first.by, first.at, may));
        let cause = cause.word().to_owned();
        let Some(first) = first else {
            return Ok(Answer::Done(self.emit(ErasureProposed { by, case: known, cause }.into(), body, slot)));
        };
        if first.by == by {
            return Err(Refusal::SamePerson);
        }
        let slots: BTreeSet<u64> = slots.into_iter().chain([slot]).map(|slot| self.state.stand_ins.own(slot)).collect();
        let slots: Vec<u64> = slots.into_iter().filter(|slot| *slot != 0).collect();
        // At most 4,096 of at most thirteen digits: below the 65,535 bytes of a leaf.
        let (events, keys, proposed) = (found.events.to_vec(), found.keys.to_vec(), first.sequence);
        let fact = CaseErased { by, case: known, cause, court, events, proposed, slots: slots.clone() };
        let sequence = self.emit(fact.into(), body, slot);
        self.erased.extend(slots.into_iter().map(|slot| Erased { slot, blob: None }));
        self.state.erased.clear();
        self.freed.extend(keys);
        Ok(Answer::Done(sequence))
    }

    /// What was read of a finished request before its case was erased is no news of anything any more.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub(super) fn kept(&self, closed: Option<&ClosedRequest>) -> Result<(), Refusal> {
        let is_erased = closed.is_some_and(|closed| self.state.erased_cases.contains_key(&closed.case));
        if is_erased { Err(Refusal::NotFound) } else { Ok(()) }
    }
}
