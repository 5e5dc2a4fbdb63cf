//! Reminders in the open state: of what a partner's clerks were reminded last, whether that arrived, and when it is tried again.

use domain::{ActId, Millis};
use serde::{Deserialize, Serialize};
use store::record::{ActRef, Fact, ReminderBegan, ReminderEnded};

use super::State;
use super::act::NO_SEQUENCE;

/// Acts named in one reminder at most: the leaf stays below 24 KiB. An inbox in which more waits has its number told, and each of
/// its acts is named once those before it are answered.
pub const REMINDED_ACTS_MAX: usize = 1_000;

/// What an inbox was reminded of, by its partner. All of it follows from events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reminder {
    /// When the newest attempt began.
    pub at: Millis,
    /// Why: `arrived`, `waiting`, `overdue`.
    pub why: String,
    /// What it named, in order; at most [`REMINDED_ACTS_MAX`].
    pub acts: Vec<ActRef>,
    /// Sequence of the `reminder.began` under way; [`NO_SEQUENCE`] = none.
    pub under_way: u64,
    /// Sequence of the first `reminder.began` that said this: the id by which its receiver knows it again.
    pub first: u64,
    /// Attempts at it so far.
    pub tries: u32,
    /// When it is tried again; 0 = it is not.
    pub due_at: Millis,
    /// The civil day that `day_count` is of.
    pub day: i32,
    /// Reminders begun on that day, repeated attempts not counted.
    pub day_count: u32,
    /// When one was acknowledged last; 0 = never.
    pub acknowledged_at: Millis,
    /// When that one began: it named what waited then.
    pub told_until: Millis,
    /// Attempts in a row that were not acknowledged.
    pub failures: u32,
    /// What was seen at the last of those; empty when it was acknowledged.
    pub cause: String,
}

impl Reminder {
    fn new() -> Self {
        Self {
            at: 0,
            why: String::new(),
            acts: Vec::new(),
            under_way: NO_SEQUENCE,
            first: 0,
            tries: 0,
            due_at: 0,
            day: 0,
            day_count: 0,
            acknowledged_at: 0,
            told_until: 0,
            failures: 0,
            cause: String::new(),
        }
    }

    /// Is an attempt under way?
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way != NO_SEQUENCE
    }

    /// Did the newest one name this act, or was there no room for it?
    #[must_use]
    pub fn knows(&self, act: ActId, ready_at: Millis) -> bool {
        let crowded = self.acts.len() >= REMINDED_ACTS_MAX && ready_at < self.at;
        crowded || self.acts.binary_search(&ActRef::from(act)).is_ok()
    }

    /// When the partner was reminded of an act that became ready then; `None` = not yet, or nobody acknowledged it.
    #[must_use]
    pub fn told(&self, ready_at: Millis) -> Option<Millis> {
        (self.acknowledged_at != 0 && ready_at <= self.told_until).then_some(self.acknowledged_at)
    }
}

impl State {
    /// Applies an event about a reminder; any other changes nothing here.
    pub(crate) fn fold_reminder(&mut self, sequence: u64, fact: &Fact, at: Millis) {
        match fact {
            Fact::ReminderBegan(fact) => self.reminder_began(sequence, fact, at),
            Fact::ReminderEnded(fact) => self.reminder_ended(fact, at),
            _ => {}
        }
    }

    fn reminder_began(&mut self, sequence: u64, fact: &ReminderBegan, at: Millis) {
        let reminder = self.reminders.entry(fact.partner.clone()).or_insert_with(Reminder::new);
        let day = domain::Day::of(at).count();
        if reminder.day != day {
            (reminder.day, reminder.day_count) = (day, 0);
        }
        reminder.at = at;
        reminder.why.clone_from(&fact.cause);
        reminder.acts.clone_from(&fact.acts);
        reminder.under_way = sequence;
        reminder.tries = fact.tries;
        reminder.due_at = 0;
        if fact.repeats.is_none() {
            reminder.first = sequence;
            reminder.day_count = reminder.day_count.saturating_add(1);
        }
    }

    fn reminder_ended(&mut self, fact: &ReminderEnded, at: Millis) {
        let Some(reminder) = self.reminders.get_mut(&fact.partner).filter(|of| of.under_way == fact.reminder) else {
            return;
        };
        reminder.under_way = NO_SEQUENCE;
        reminder.tries = fact.tries;
        reminder.due_at = fact.due.unwrap_or(0);
        if fact.judged == "acknowledged" {
            reminder.acknowledged_at = at;
            reminder.told_until = reminder.at;
            reminder.failures = 0;
            reminder.cause.clear();
        } else {
            reminder.failures = reminder.failures.saturating_add(1);
            reminder.cause.clone_from(&fact.cause);
        }
        if let Some(lane) = self.lane_of(&fact.partner) {
            self.stirred.insert(lane);
        }
    }

    /// The reminders under way, by partner.
    pub(crate) fn reminders_under_way(&self) -> impl Iterator<Item = (&String, &Reminder)> {
        self.reminders.iter().filter(|(_, reminder)| reminder.is_under_way())
    }
}
