//! A lane: the queue of one partner, its limits' memory, its breaker, its pause. All of it follows from events.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use domain::form::RegisteredOfficer;
use domain::partner::Stage;
use domain::request::Priority;
use domain::{ActKind, ActState, Millis};
use serde::{Deserialize, Serialize};

use super::hash::Map;
use super::slab::Index;

/// A pause, set by a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pause {
    /// Name of the token.
    pub by: String,
    /// Until when.
    pub until: Millis,
}

/// The part of a lane that stands in snapshots.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LaneRecord {
    /// Partner id.
    pub partner: String,
    /// Begins of the newest exchanges, oldest first; as many as the agreed window holds, at most [`RING_MAX`].
    pub ring: VecDeque<Millis>,
    /// The civil day that `day_count` is of.
    pub day: i32,
    /// Exchanges begun on that day.
    pub day_count: u32,
    /// Failures in a row on the partner's side, as [`is_the_partners`] has them.
    pub failures: u32,
    /// The breaker rests until then; 0 = it does not.
    pub rests_until: Millis,
    /// Paused.
    pub paused: Option<Pause>,
    /// Exchanges begun since the lane exists.
    pub begun: u64,
    /// Acts that the partner has brought to an end with a word of its own, since the lane exists.
    pub answered: u64,
}

/// The most begins kept per lane: the largest `rate.max` a partner file may state.
pub const RING_MAX: usize = 100_000;

/// Classes of what may go now, best first.
pub const CLASSES: usize = 5;

/// What may go, what waits for its time, who is ahead of whom. Rebuilt from the acts when a snapshot is loaded.
#[derive(Default)]
pub struct Lane {
    /// What stands in snapshots.
    pub record: LaneRecord,
    /// Exchanges under way.
    pub in_flight: u32,
    /// What may go now, by class: releases, questions, urgent, normal, batch.
    pub ready: [VecDeque<Index>; CLASSES],
    /// What waits for an instant.
    pub timers: BinaryHeap<Reverse<(Millis, Index)>>,
    /// Control acts by subject, in the order of becoming ready, until they are with the partner.
    pub order: Map<u64, VecDeque<Index>>,
    /// With a pulling partner and not answered, by slip and line: offered again with every list.
    pub offered: BTreeSet<(u64, u16, Index)>,
    /// How many acts are in each state.
    pub counts: BTreeMap<ActState, u64>,
    /// The most begins to keep: `rate.max` of the configuration in force.
    pub ring_keep: usize,
    /// The partner's stage in the configuration in force; `None` = not configured yet, and nothing is sent then.
    pub stage: Option<Stage>,
    /// The partner's register of officers in the configuration in force; `None` = it keeps none with us.
    pub register: Option<Vec<RegisteredOfficer>>,
    /// The partner lets go of a part of a freeze, in the configuration in force.
    pub reads_parts: bool,
}

impl Lane {
    /// A lane for a partner.
    #[must_use]
    pub fn of(partner: &str) -> Self {
        Self {
            record: LaneRecord { partner: partner.to_owned(), ..LaneRecord::default() },
            ring_keep: RING_MAX,
            ..Self::default()
        }
    }

    /// Records that an exchange began.
    pub fn begin(&mut self, at: Millis) {
        self.record.begun += 1;
        self.record.ring.push_back(at);
        while self.record.ring.len() > self.ring_keep.clamp(1, RING_MAX) {
            self.record.ring.pop_front();
        }
        let day = domain::Day::of(at).count();
        if self.record.day != day {
            self.record.day = day;
            self.record.day_count = 0;
        }
        self.record.day_count += 1;
    }

    /// When the exact window allows another exchange; `None` = now. Never more than `max` in any half-open window.
    #[must_use]
    pub fn window_opens(&self, max: u32, window_ms: u64, now: Millis) -> Option<Millis> {
        let max = max as usize;
        let oldest = self.record.ring.len().checked_sub(max).and_then(|place| self.record.ring.get(place))?;
        let opens = oldest.saturating_add(Millis::try_from(window_ms).unwrap_or(Millis::MAX));
        (opens > now).then_some(opens)
    }

    pub(crate) fn count(&mut self, from: Option<ActState>, to: Option<ActState>) {
        if let Some(from) = from
            && let Some(count) = self.counts.get_mut(&from)
        {
            *count = count.saturating_sub(1);
        }
        if let Some(to) = to {
            *self.counts.entry(to).or_insert(0) += 1;
        }
    }

    /// Is anything waiting to go now?
    #[must_use]
    pub fn has_ready(&self) -> bool {
        self.ready.iter().any(|queue| !queue.is_empty())
    }
}

/// Does what an exchange failed of say that its partner is in trouble? One that says when it takes more is well, and so may be one whose
/// calls our own stop cut off, or whose orders we cannot read ourselves.
#[must_use]
pub fn is_the_partners(cause: &str) -> bool {
    !matches!(cause, "throttled" | "closed" | "interrupted" | "unreadable")
}

/// The class of an act that may go.
#[must_use]
pub fn class_of(kind: ActKind, state: ActState, priority: Priority) -> usize {
    match (kind, state, priority) {
        (kind, _, _) if kind.ends_a_measure() => 0,
        (_, ActState::InDoubt | ActState::Awaiting, _) => 1,
        (_, _, Priority::Urgent) => 2,
        (_, _, Priority::Normal) => 3,
        (_, _, Priority::Batch) => 4,
    }
}
