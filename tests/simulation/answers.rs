//! What courts and partners make of the gateway's answers to them.

use engine::command::Answer;
use engine::refusal::Refusal;

use crate::book::Key;
use crate::broken::{Broken, broken};
use crate::run::Simulation;

impl Simulation {
    /// A court is answered to a submission.
    pub fn court_answered(
        &mut self,
        number: usize,
        other: bool,
        answer: Result<Answer, Refusal>,
    ) -> Result<(), Broken> {
        let Some(submission) = self.submissions.get_mut(number) else { return Ok(()) };
        match (answer, submission.accepted, other) {
            (Ok(Answer::Accepted(sequence)), None, false) => {
                submission.accepted = Some(sequence);
                self.acknowledged.insert(sequence, submission.key);
                Ok(())
            }
            (Ok(Answer::Accepted(sequence)), Some(first), false) if sequence == first => Ok(()),
            (Ok(Answer::Accepted(sequence)), first, _) => {
                broken("P1", format!("one idempotency key gave request {first:?} and {sequence}"))
            }
            (Err(refusal), Some(_), false) => {
                broken("P1", format!("an accepted request repeated is refused: {refusal:?}"))
            }
            (Err(Refusal::KeyReused), None, false) => broken("P1", "a key that no request has is said to be used"),
            (Err(refusal), Some(_), true) if refusal != Refusal::KeyReused => {
                broken("P1", format!("another body under a used key is refused as {refusal:?}"))
            }
            _ => Ok(()),
        }
    }

    /// A key could not be read of a disk that is gone: whoever is told so comes again.
    pub fn is_read_later(&self, verdict: &Result<(), domain::Untaken>) -> bool {
        let unread = verdict.as_ref().is_err_and(|reason| reason.flaw() == domain::Flaw::NotReadableNow);
        unread && self.simulated.is_off()
    }

    /// A partner is answered to what it fed back.
    pub fn fed_back(
        &mut self,
        partner: &str,
        keys: &[Key],
        verdicts: &[(String, Result<(), domain::Untaken>)],
    ) -> Result<(), Broken> {
        for (key, (slip, verdict)) in keys.iter().zip(verdicts) {
            if let Err(reason) = verdict {
                if self.is_read_later(verdict) {
                    continue;
                }
                let open = self.history.open.iter().filter_map(|id| self.history.acts.get(id));
                if let Some(act) = open.into_iter().find(|act| act.key == *key && act.partner == partner) {
                    return broken("P1", format!("an outcome of {slip} for open {} was not taken: {reason:?}", act.id));
                }
            }
            if let Some(order) = self.books.get_mut(partner).and_then(|book| book.orders.get_mut(key)) {
                order.acknowledged = order.told;
            }
        }
        Ok(())
    }
}
