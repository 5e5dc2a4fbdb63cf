//! Cases that a start left out because what their sums and acts rest on is lost for good: only their leaves are folded.

use std::collections::BTreeMap;

use store::record::{Event, Fact};

use super::State;

/// The cases that are left out: the slot of each one's key, and the sequence of the first event of it that was seen.
pub type LeftOut = BTreeMap<u64, u64>;

impl State {
    /// Folds an event of a case that is left out: by its leaf alone, so that nothing of the case comes into memory by halves.
    pub fn leave_out(&mut self, sequence: u64, event: &Event) {
        let of_case = match &event.fact {
            Fact::RequestAccepted(fact) => Some(fact.case),
            Fact::MeasureImported(fact) => Some(fact.case),
            _ => None,
        };
        if let Some(case) = of_case {
            self.left_out.entry(self.stand_ins.own(event.key)).or_insert(case.unwrap_or(sequence));
        }
        let leaf = Event { at: event.at, fact: event.fact.clone(), body: None, key: event.key };
        self.fold(sequence, &leaf);
        // What people had to do about it names what nobody can be shown, and may be about a secret request.
        self.end_task(sequence);
    }

    /// Counts what lanes carry by what is known to be under way. An exchange of a case that is left out began by its leaf and has no end,
    /// because nobody knows its act: it would hold its place for the life of the process.
    pub fn recount_in_flight(&mut self) {
        let acts = self.acts.iter().map(|(_, act)| act).filter(|act| act.is_under_way()).map(|act| act.lane);
        let under_way: Vec<u16> = acts.chain(self.deliveries.under_way().map(|(_, of)| of.lane)).collect();
        for lane in &mut self.lanes {
            lane.in_flight = 0;
        }
        for lane in under_way {
            if let Some(lane) = self.lane_mut(lane) {
                lane.in_flight += 1;
            }
        }
    }

    /// Is this an event of a case that is left out, as far as its leaf tells?
    #[must_use]
    pub fn is_of_left_out(&self, event: &Event) -> bool {
        let is_left_out = |case: u64| self.left_out.values().any(|left_out| *left_out == case);
        match &event.fact {
            _ if self.left_out.contains_key(&self.stand_ins.own(event.key)) => true,
            Fact::TaskRaised(fact) => fact.case.is_some_and(is_left_out),
            _ => false,
        }
    }
}
