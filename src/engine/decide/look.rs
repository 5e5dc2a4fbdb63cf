//! A look through what waits in an inbox, in slices: between two of them whoever decides goes on with something else.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, Deref};

use domain::partner::Partner;
use domain::{ActState, Millis};

use super::Decider;
use super::remind::{paused_until, waits_for_its_partner};
use crate::courier::RemindedAct;
use crate::state::State;
use crate::state::reminder::{REMINDED_ACTS_MAX, Reminder};
use crate::state::slab::Index;

/// What of an inbox is looked at in one go: a fraction of a millisecond, in which nothing is decided.
pub(crate) const LOOK_SLICE_MAX: usize = 8_192;

/// What was found to wait. What came or went while it was looked for may be in it or not.
#[derive(Default)]
pub(crate) struct Found {
    /// How many.
    pub open: u32,
    /// How many of them are overdue.
    pub overdue: u32,
    /// Since when the oldest waits.
    pub oldest: Option<Millis>,
    /// The first of those that became due since the clerks were reminded last.
    pub due: Option<Millis>,
    /// When the first came that no reminder named.
    pub arrived: Option<Millis>,
    /// Something is among it that the last reminder named.
    pub has_known: bool,
    /// In the order in which it became theirs, at most [`REMINDED_ACTS_MAX`].
    first: BTreeMap<(Millis, u64, u32), RemindedAct>,
}

impl Found {
    /// What a reminder names.
    pub(super) fn named(self) -> Vec<RemindedAct> {
        self.first.into_values().collect()
    }

    fn note(&mut self, act: RemindedAct, told: Option<&Reminder>, now: Millis) {
        let earlier = |of: Option<Millis>, at: Millis| Some(of.map_or(at, |of| of.min(at)));
        let told_at = told.map_or(Millis::MIN, |told| told.at);
        let knows = told.is_some_and(|told| told.knows(act.act, act.ready_at));
        self.open = self.open.saturating_add(1);
        self.overdue = self.overdue.saturating_add(u32::from(act.due < now));
        self.oldest = earlier(self.oldest, act.ready_at);
        if act.due >= told_at {
            self.due = earlier(self.due, act.due);
        }
        if !knows {
            self.arrived = earlier(self.arrived, act.ready_at.max(told_at));
        }
        self.has_known |= knows;
        self.first.insert((act.ready_at, act.act.sequence, act.act.line), act);
        if self.first.len() > REMINDED_ACTS_MAX {
            self.first.pop_last();
        }
    }
}

/// A look under way.
pub(crate) struct Look {
    lane: u16,
    answer_due: Millis,
    now: Millis,
    /// The last of what was offered that is gathered already; `None` = all of it is.
    gathering: Option<Bound<(u64, u16, Index)>>,
    /// What is to be looked at still.
    places: Vec<Index>,
    found: Found,
}

impl Look {
    /// At what waits for the clerks of an inbox, whether somebody looked at it or not; `None` = it is paused, or no inbox.
    pub(crate) fn into(state: &State, partner: &Partner, now: Millis) -> Option<Self> {
        let index = state.lane_of(&partner.id)?;
        let lane = state.lane(index).filter(|lane| paused_until(lane, now).is_none())?;
        Some(Self {
            lane: index,
            answer_due: Millis::try_from(partner.answer_due_ms).unwrap_or(Millis::MAX),
            now,
            gathering: Some(Bound::Unbounded),
            places: lane.ready.iter().flatten().copied().collect(),
            found: Found::default(),
        })
    }

    /// Goes on for a slice: is it over?
    pub(crate) fn go_on(&mut self, state: &State) -> bool {
        let mut left = LOOK_SLICE_MAX;
        if let Some(from) = self.gathering {
            left -= self.gather(state, from);
        }
        let told = state.reminders.get(state.partner_of(self.lane));
        while left > 0 {
            let Some(place) = self.places.pop() else { return true };
            left = left.saturating_sub(self.look_at(state, place, told));
        }
        false
    }

    /// What was found, once it is over.
    pub(crate) fn found(self) -> Found {
        self.found
    }

    /// Notes what was offered, beside what is ready, which lies in a row and was noted at once; returns how many it noted. Before the last
    /// of them it takes all that the slice has.
    fn gather(&mut self, state: &State, from: Bound<(u64, u16, Index)>) -> usize {
        let before = self.places.len();
        self.gathering = None;
        for key in state.lane(self.lane).into_iter().flat_map(|lane| lane.offered.range((from, Bound::Unbounded))) {
            self.places.push(key.2);
            if self.places.len() - before == LOOK_SLICE_MAX {
                self.gathering = Some(Bound::Excluded(*key));
                return LOOK_SLICE_MAX;
            }
        }
        let gathered = self.places.len() - before;
        // What was offered may be in a queue still. They are nearly in this order, so it costs little.
        self.places.sort_unstable();
        self.places.dedup();
        gathered
    }

    /// Looks at one; returns how many were gone through for it.
    fn look_at(&mut self, state: &State, place: Index, told: Option<&Reminder>) -> usize {
        // Its place may be another act's by now, even one of this inbox that waits as well.
        let Some(act) = state.acts.get(place).filter(|act| act.lane == self.lane) else { return 1 };
        let is_ready = act.state() == ActState::Ready;
        if !is_ready && !waits_for_its_partner(act) {
            return 1;
        }
        let before = state.lane(self.lane).and_then(|lane| lane.order.get(&act.subject_key));
        let looked = 1 + state.stops.len() + before.filter(|_| is_ready).map_or(0, VecDeque::len);
        // What is held or behind something else is not theirs now.
        if state.is_its_turn(self.lane, place) && !state.is_held(act) {
            let since = if is_ready { act.ready_at } else { act.sent_at };
            let waiting = RemindedAct {
                act: act.id(),
                key: act.slip_line(),
                ready_at: act.ready_at,
                due: since.saturating_add(self.answer_due),
            };
            self.found.note(waiting, told, self.now);
        }
        looked
    }
}

/// All of a look by somebody beside whoever decides, under a hold of the state for each slice; nothing is found in what is no inbox.
pub(crate) fn look_through<D: Deref<Target = Decider>>(read: impl Fn() -> D, partner: &str, now: Millis) -> Found {
    let look = |decider: &Decider| Look::into(&decider.state, decider.config().partners.get(partner)?, now);
    let Some(mut look) = look(&read()) else { return Found::default() };
    while !look.go_on(&read().state) {}
    look.found()
}
