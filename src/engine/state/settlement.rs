//! Money seen on the courts' accounts: which taking it settles, and what has been reported and has not come.

use domain::{ActId, Millis};
use store::record::{ActRef, Body, Fact, SettlementReceived};

use super::State;
use super::slab::{Index, NONE};

/// A line of a statement as it is remembered: the first 64 bits of its keyed hash.
#[must_use]
pub fn line_key(hex: &str) -> u64 {
    u64::from_str_radix(hex.get(..16).unwrap_or(hex), 16).unwrap_or(0)
}

impl State {
    /// Applies an event about settlements; any other changes nothing here.
    pub(crate) fn fold_settlement(&mut self, sequence: u64, fact: &Fact, body: Option<&Body>) {
        let Fact::SettlementReceived(fact) = fact else { return };
        self.settled_lines.insert(line_key(&fact.line), sequence);
        let amount = match body {
            Some(Body::Settled(body)) => body.amount,
            _ => 0,
        };
        self.settle_taking(fact, amount);
    }

    fn settle_taking(&mut self, fact: &SettlementReceived, amount: i64) {
        let Some(index) = fact.act.and_then(|act| self.taking_index(act.into())) else { return };
        self.booked_alone((NONE, index), |books| {
            if let Some(taking) = books.takings.get_mut(index) {
                taking.settled = taking.settled.saturating_add(amount).max(0);
            }
        });
        self.watch_settlement(index);
    }

    /// Keeps the list of what has been reported and has not come in step.
    pub(crate) fn watch_settlement(&mut self, index: Index) {
        let Some(taking) = self.takings.get(index) else { return };
        let (at, waits) = (taking.reported_at, taking.is_unsettled());
        if waits {
            self.unsettled.insert((at, index));
        } else {
            self.unsettled.remove(&(at, index));
        }
    }

    pub(crate) fn settlement_is_overdue(&mut self, act: ActRef) {
        let id: ActId = act.into();
        let Some(index) = self.taking_index(id) else { return };
        if let Some(taking) = self.takings.get_mut(index) {
            taking.overdue_told = true;
        }
        self.watch_settlement(index);
    }

    /// What was reported as moved before `before` and has not come in whole, oldest first.
    pub fn unsettled_before(&self, before: Millis) -> impl Iterator<Item = Index> {
        self.unsettled.range(..(before, 0)).map(|(_, index)| *index)
    }
}
