//! Claims: a clerk takes an act from an inbox, so that no second one works at it, and so that the trail tells who answered.

use domain::{ActId, Millis};
use store::record::ActClaimed;

use super::Decider;
use crate::command::{Answer, ClaimAct, Claiming};
use crate::refusal::Refusal;

/// So long others are kept from an act that a clerk has taken: the walk to the file room and back, not a day's absence.
pub const CLAIM_MS: Millis = 2 * 3_600_000;

impl Decider {
    pub(super) fn claim(&mut self, claim: ClaimAct) -> Result<Answer, Refusal> {
        let ClaimAct { act, partner, by, how } = claim;
        self.may_claim(act, &partner, how)?;
        if let Some(known) = self.state.claims.of(act, self.now) {
            if known.by != by {
                return Err(Refusal::ActClaimed { by: known.by.clone(), until: known.until });
            }
            // One that has more than half of its time left need not be said again, nor one that is about to be answered.
            if how != Claiming::Take || known.until > self.now.saturating_add(CLAIM_MS / 2) {
                return Ok(Answer::Done(self.state.next));
            }
        }
        let fact = ActClaimed { act: act.into(), by, until: self.now.saturating_add(CLAIM_MS) };
        Ok(Answer::Done(self.emit(fact.into(), None, 0)))
    }

    fn may_claim(&self, act: ActId, partner: &str, how: Claiming) -> Result<(), Refusal> {
        // What is finished is known through its request's history, which the caller has looked at.
        if how == Claiming::Late {
            return Ok(());
        }
        let lane = self.state.lane_of(partner).ok_or(Refusal::NotFound)?;
        let found = self.state.act_index(act).and_then(|index| self.state.acts.get(index));
        let found = found.filter(|act| act.lane == lane && act.sent_at != 0).ok_or(Refusal::NotFound)?;
        if how == Claiming::Take && found.state().is_final() {
            return Err(Refusal::WrongState { state: found.state().word() });
        }
        Ok(())
    }
}
