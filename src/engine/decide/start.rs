//! A start: whatever was under way when the process ended comes to its end here, before the settings let any lane begin.

use std::collections::VecDeque;

use domain::socket::{Cause, Judged};
use domain::{ActId, RequestId};
use store::record::GatewayStarted;

use super::Decider;
use super::time::Portion;
use crate::command::{Answer, Outgoing};
use crate::courier::Carried;
use crate::refusal::Refusal;

/// What was under way and is ended in one decision: each takes an event of some 400 bytes, and what follows from it; the rest of 4,000
/// partners with ten calls each follows with the next decisions.
pub const INTERRUPTED_PER_DECISION_MAX: usize = 1_000;

/// What was under way when the process before this one ended. Nothing of this stands in the journal: what has no end yet is found
/// under way by the next start.
pub(super) enum Interrupted {
    Exchange(u64, ActId),
    Delivery(Outgoing),
    Reminder(String, u64),
}

impl Decider {
    pub(super) fn start(&mut self, version: String) -> Result<Answer, Refusal> {
        let epoch = self.state.epoch + 1;
        let sequence = self.emit(GatewayStarted { epoch, version }.into(), None, 0);
        let open: Vec<u64> = self.state.requests.iter().map(|(_, open)| open.sequence).collect();
        for request in open {
            self.be_patient(RequestId(request));
            self.schedule_round(RequestId(request));
        }
        // What was to be looked at when the process ended stands nowhere: a stop that was lifted, a measure that lapsed.
        self.look_anew();
        self.interrupted = self.under_way();
        self.end_interrupted();
        Ok(Answer::Done(sequence))
    }

    /// Did the start leave something that was under way to the next ticks? Until they have ended it no settings are taken.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        !self.interrupted.is_empty()
    }

    fn under_way(&self) -> VecDeque<Interrupted> {
        let acts = self.state.acts.iter().filter(|(_, act)| act.is_under_way());
        let exchanges = acts.map(|(_, act)| Interrupted::Exchange(act.exchange, act.id()));
        let deliveries = self.interrupted_deliveries().map(Interrupted::Delivery);
        let reminders = self.state.reminders_under_way();
        let reminders = reminders.map(|(partner, of)| Interrupted::Reminder(partner.clone(), of.under_way));
        exchanges.chain(deliveries).chain(reminders).collect()
    }

    /// Ends a portion of it.
    pub(super) fn end_interrupted(&mut self) {
        let mut portion = Portion::of(INTERRUPTED_PER_DECISION_MAX, &self.events);
        // All of it ended when the process did: the time that the portions take is nobody's, least of all the partners'.
        let now = std::mem::replace(&mut self.now, self.state.at);
        while !self.interrupted.is_empty() && portion.take(&self.events) {
            let Some(interrupted) = self.interrupted.pop_front() else { break };
            // Refused is only what has its end already.
            let _over = match interrupted {
                Interrupted::Exchange(exchange, act) => {
                    self.ended(exchange, act, Judged::Doubt { cause: Cause::Interrupted })
                }
                Interrupted::Delivery(outgoing) => self.carried(&outgoing, 0, Carried::failed("interrupted")),
                Interrupted::Reminder(partner, reminder) => {
                    self.reminded(&partner, reminder, &Carried::failed("interrupted"))
                }
            };
        }
        self.now = now;
    }
}
