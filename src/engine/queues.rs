//! Queues: who may go, who waits for whom. Derived from the acts alone, so a snapshot need not hold it.
//!
//! A ready queue holds only acts that nothing but the lane's own limits keeps back. A control act stands behind earlier
//! ones on the same subject at the same partner, in the order of becoming ready, until those are with the partner. An
//! act in doubt holds back only acts of its own case; one of another case passes it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use domain::outcome::Verdict;
use domain::request::Priority;
use domain::{ActKind, ActState, Millis};

use crate::state::lane::class_of;
use crate::state::slab::{Index, NONE};
use crate::state::{Act, State};

impl State {
    /// An act became ready, or what it waited for ended: queue it where it belongs.
    pub(crate) fn make_ready(&mut self, index: Index) {
        let Some(act) = self.acts.get(index) else { return };
        if act.state() != ActState::Ready {
            return;
        }
        if let Some(blocker) = self.waits_for(index, act) {
            self.waiters.entry(blocker).or_default().push(index);
            return;
        }
        let (lane, kind, subject) = (act.lane, act.kind(), act.subject_key);
        if act.held == 0 && self.hold_of_partner(act).is_some() {
            self.to_hold.insert(index);
        }
        self.stirred.insert(lane);
        if kind.is_control() {
            self.stand_in_line(index, lane, subject);
            self.let_next_go(lane, subject);
        } else {
            self.enqueue(index);
        }
    }

    /// Stands behind all that is in line on its subject. The place is kept with the act: a state that is read anew has the same line.
    fn stand_in_line(&mut self, index: Index, lane: u16, subject: u64) {
        if self.acts.get(index).is_none_or(|act| act.turn != 0) {
            return;
        }
        let Some(lane_state) = self.lane_mut(lane) else { return };
        let line = lane_state.order.entry(subject).or_default();
        let last = line.back().copied();
        line.push_back(index);
        let turn = last.and_then(|last| self.acts.get(last)).map_or(0, |last| last.turn);
        if let Some(act) = self.acts.get_mut(index) {
            act.turn = turn.saturating_add(1);
        }
    }

    /// The act that must end first: the freeze it builds on, or for a release an open deduction of the same freeze (D33). One that
    /// only waits for a condition holds up no release: what is paid elsewhere is let go at once (D27), and the partner ends it.
    pub(crate) fn waits_for(&self, index: Index, act: &Act) -> Option<Index> {
        if !act.builds_on_measure() {
            return None;
        }
        let made_by = self.measures.get(act.measure).map_or(NONE, |measure| measure.act);
        if self.acts.get(made_by).is_some_and(|base| base.state().is_open()) {
            return Some(made_by);
        }
        if act.kind() != ActKind::Release {
            return None;
        }
        self.acts_of_case(act.case)
            .find(|(other, deduct)| {
                *other != index
                    && deduct.measure == act.measure
                    && deduct.kind().moves_money()
                    && deduct.state().is_open()
                    && deduct.verdict() != Some(Verdict::Registered)
                    && (deduct.sequence, deduct.place) < (act.sequence, act.place)
            })
            .map(|(other, _)| other)
    }

    /// What must end before a ready act goes.
    pub(crate) fn what_it_waits_for(&self, act: &Act) -> Option<&Act> {
        // A page of releases must not go through their case once for each while nothing is taken out of what they let go.
        let base = self.measures.get(act.measure)?;
        let is_taken = base.claimed > 0 || self.acts.get(base.act).is_some_and(|made_by| made_by.state().is_open());
        let before = is_taken.then(|| self.waits_for(NONE, act)).flatten();
        before.and_then(|before| self.acts.get(before))
    }

    /// How many acts [`State::what_it_waits_for`] may go through for one.
    pub(crate) fn acts_before(&self, act: &Act) -> usize {
        let base = self.measures.get(act.measure).filter(|base| act.kind() == ActKind::Release && base.claimed > 0);
        let case = base.and_then(|_| self.cases.get(act.case));
        let open = case.into_iter().flat_map(|case| &case.requests).filter_map(|request| self.requests.get(*request));
        open.map(|open| open.acts.len()).sum()
    }

    /// How an act ranks among others in its lane.
    pub(crate) fn priority_of(&self, act: &Act) -> Priority {
        match self.requests.get(act.request) {
            _ if act.repeats => Priority::Batch,
            Some(open) => open.priority(),
            None => Priority::Normal,
        }
    }

    /// Puts an eligible act in its ready queue, or among the timers when its time has not come.
    fn enqueue(&mut self, index: Index) {
        let at = self.at;
        let Some(act) = self.acts.get(index) else { return };
        let priority = self.priority_of(act);
        let (class, due, lane) = (class_of(act.kind(), act.state(), priority), act.due_at, act.lane);
        let Some(lane) = self.lane_mut(lane) else { return };
        if due > at {
            lane.timers.push(Reverse((due, index)));
        } else if let Some(queue) = lane.ready.get_mut(class)
            && !queue.contains_recent(index)
        {
            queue.push_back(index);
        }
    }

    /// Lets the first act on a subject go that may: the front, or the first of another case behind doubtful ones.
    pub(crate) fn let_next_go(&mut self, lane: u16, subject: u64) {
        let Some(next) = self.next_in_order(lane, subject) else { return };
        self.enqueue(next);
    }

    /// May this act be handed over now: is it of this lane still, and for a control act, is it its turn on the subject? An index in
    /// a queue may be older than the act that stands there now.
    pub(crate) fn is_its_turn(&self, lane: u16, index: Index) -> bool {
        let Some(act) = self.acts.get(index).filter(|act| act.lane == lane) else { return false };
        let in_order = act.state() == ActState::Ready && act.kind().is_control();
        !in_order || self.next_in_order(lane, act.subject_key) == Some(index)
    }

    fn next_in_order(&self, lane: u16, subject: u64) -> Option<Index> {
        let mut doubtful_cases: Vec<Index> = Vec::new();
        for index in self.lane(lane)?.order.get(&subject)? {
            let act = self.acts.get(*index)?;
            match act.state() {
                ActState::InDoubt => doubtful_cases.push(act.case),
                // What a stop holds keeps its place and holds up nobody behind it, in its own case neither.
                ActState::Ready if self.is_held(act) => {}
                ActState::Ready if !doubtful_cases.contains(&act.case) => return Some(*index),
                ActState::Ready => {}
                _ => return None,
            }
        }
        None
    }

    /// The acts in doubt, or held by a stop, that an act is about to pass.
    pub(crate) fn passed_by(&self, index: Index) -> Vec<Index> {
        let Some(act) = self.acts.get(index).filter(|act| act.kind().is_control()) else { return Vec::new() };
        let queue = self.lane(act.lane).and_then(|lane| lane.order.get(&act.subject_key));
        let ahead = queue.into_iter().flatten().take_while(|other| **other != index);
        ahead
            .filter(|other| {
                let passed = |other: &Act| {
                    other.state() == ActState::InDoubt || (other.state() == ActState::Ready && self.is_held(other))
                };
                self.acts.get(**other).is_some_and(passed)
            })
            .copied()
            .collect()
    }

    /// An act is with the partner or will never be: those behind it may go.
    pub(crate) fn handed_over(&mut self, index: Index, lane: u16) {
        let Some(act) = self.acts.get(index) else { return };
        if !act.kind().is_control() {
            return;
        }
        let subject = act.subject_key;
        if let Some(act) = self.acts.get_mut(index) {
            act.turn = 0;
        }
        let Some(lane_state) = self.lane_mut(lane) else { return };
        if let Some(queue) = lane_state.order.get_mut(&subject) {
            queue.retain(|other| *other != index);
            if queue.is_empty() {
                lane_state.order.remove(&subject);
                return;
            }
        }
        self.let_next_go(lane, subject);
    }

    /// An act fell in doubt: one of another case may pass it.
    pub(crate) fn order_next(&mut self, lane: u16, index: Index) {
        let Some(act) = self.acts.get(index) else { return };
        if act.kind().is_control() {
            self.let_next_go(lane, act.subject_key);
        }
    }

    /// Moves what has come due from the timers to the ready queues. No event: its instant stands in one already.
    pub(crate) fn ripen(&mut self, lane: u16, now: Millis) {
        loop {
            let Some(lane_state) = self.lane_mut(lane) else { return };
            let Some(Reverse((due, index))) = lane_state.timers.peek().copied() else { return };
            if due > now {
                return;
            }
            lane_state.timers.pop();
            // A timer outlives its reason: only the one the act still waits for counts.
            let Some(act) = self.acts.get(index).filter(|act| act.due_at == due && !act.is_under_way()) else {
                continue;
            };
            let priority = self.priority_of(act);
            let class = class_of(act.kind(), act.state(), priority);
            if act.state().is_final() {
                continue;
            }
            let Some(lane_state) = self.lane_mut(lane) else { return };
            if let Some(queue) = lane_state.ready.get_mut(class)
                && !queue.contains_recent(index)
            {
                queue.push_back(index);
            }
        }
    }

    /// Rebuilds every queue from the acts, in the order of becoming ready: after a snapshot was loaded.
    pub(crate) fn rebuild_queues(&mut self) {
        let rank = |(index, act): (Index, &Act)| (act.ready_at, act.sequence, act.place, index);
        let mut open: Vec<(Millis, u64, u32, Index)> =
            self.acts.iter().filter(|(_, act)| act.state().is_open()).map(rank).collect();
        open.sort_unstable();
        self.held_acts = self.acts.iter().filter(|(_, act)| act.held != 0).map(|(index, _)| index).collect();
        self.stand_in_line_again();
        for (_, _, _, index) in open {
            self.requeue(index);
        }
    }

    /// Queues anew whatever is ready, at `now`: after something began or ceased to hold acts back. What is held falls out of its queue, and
    /// who stood behind it on the subject may go.
    pub(crate) fn rouse_ready(&mut self, now: Millis) {
        // What waits for an instant stands among the timers, which bring it; unless it was held when it came to wait.
        let timers = self.lanes.iter().flat_map(|lane| &lane.timers).map(|Reverse(timer)| *timer);
        let of_ready = |index| self.acts.get(index).is_some_and(|act| act.state() == ActState::Ready);
        let timed: BTreeSet<(Millis, Index)> = timers.filter(|(_, index)| of_ready(*index)).collect();
        let waits = |(index, act): (Index, &Act)| act.due_at <= now || !timed.contains(&(act.due_at, index));
        let ready = |act: &Act| act.state() == ActState::Ready && !act.is_under_way();
        let mut roused: Vec<(Millis, u64, u32, Index)> = self
            .acts
            .iter()
            .filter(|(index, act)| ready(act) && waits((*index, act)) && self.waits_for(*index, act).is_none())
            .map(|(index, act)| (act.ready_at, act.sequence, act.place, index))
            .collect();
        roused.sort_unstable();
        let acts = &self.acts;
        for lane in &mut self.lanes {
            for queue in &mut lane.ready {
                queue.retain(|index| acts.get(*index).is_some_and(|act| act.state() != ActState::Ready));
            }
        }
        for (_, _, _, index) in roused {
            self.make_ready(index);
        }
        self.to_free.clone_from(&self.held_acts);
        self.stirred.extend(0..u16::try_from(self.lanes.len()).unwrap_or(u16::MAX));
    }

    fn stand_in_line_again(&mut self) {
        let in_line = self.acts.iter().filter(|(_, act)| act.turn != 0);
        let mut in_line: Vec<(u16, u64, u32, Index)> =
            in_line.map(|(index, act)| (act.lane, act.subject_key, act.turn, index)).collect();
        in_line.sort_unstable();
        for (lane, subject, _, index) in in_line {
            if let Some(lane) = self.lane_mut(lane) {
                lane.order.entry(subject).or_default().push_back(index);
            }
        }
    }

    fn requeue(&mut self, index: Index) {
        let Some(act) = self.acts.get(index) else { return };
        let (state, lane_index, due) = (act.state(), act.lane, act.due_at);
        let (slip, line, under_way) = (act.slip, act.line, act.is_under_way());
        self.stirred.insert(lane_index);
        let Some(lane) = self.lane_mut(lane_index) else { return };
        lane.count(None, Some(state));
        if under_way {
            lane.in_flight += 1;
        }
        match state {
            ActState::Ready => self.make_ready(index),
            ActState::Awaiting | ActState::InDoubt if due > 0 && !under_way => lane.timers.push(Reverse((due, index))),
            ActState::Awaiting if !under_way => {
                lane.offered.insert((slip, line, index));
            }
            _ => {}
        }
    }
}

/// Queues here are short at their ends where repeats happen; a full search of a long queue would make queueing quadratic.
trait ContainsRecent {
    fn contains_recent(&self, index: Index) -> bool;
}

impl ContainsRecent for std::collections::VecDeque<Index> {
    fn contains_recent(&self, index: Index) -> bool {
        const LOOK_BACK: usize = 16;
        self.front() == Some(&index) || self.iter().rev().take(LOOK_BACK).any(|other| *other == index)
    }
}
