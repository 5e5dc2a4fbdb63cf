//! What is due in a lane, and may it go? A wake carries no data: first try, retry, question and restart take this path.

use domain::calendar::Hours;
use domain::delay::Limit;
use domain::partner::{Partner, Travel};
use domain::{ActState, Millis};
use store::record::{ActPassed, ActRef, ExchangeBegan, LaneResumed};

use super::Decider;
use super::limits::Pacer;
use crate::command::Effect;
use crate::state::lane::CLASSES;
use crate::state::slab::Index;

/// Exchanges begun in one go per lane, so that one full lane cannot hold up the others' decisions.
const BEGUN_PER_PUMP_MAX: usize = 256;
/// The class of releases, for which the last place in flight is kept.
const RELEASES: usize = 0;

/// Nothing of a lane may go now.
struct Kept {
    /// When it may; `None` = something else will wake it (an exchange that ends).
    wake: Option<Millis>,
    /// The agreed limit that keeps it; `None` = a pause, a rest, hours.
    limit: Option<Limit>,
}

impl Kept {
    fn until(wake: Option<Millis>) -> Self {
        Self { wake, limit: None }
    }

    fn by(limit: Limit, wake: Option<Millis>) -> Self {
        Self { wake, limit: Some(limit) }
    }
}

impl Decider {
    pub(super) fn pump_lane(&mut self, lane: u16) {
        if let Some(court) = self.court_of_lane(lane) {
            return self.pump_court(lane, &court);
        }
        let Some(partner) = self.partner(lane) else { return };
        self.state.ripen(lane, self.now);
        self.set_timer_wake(lane);
        if partner.travel == Travel::Pull {
            return self.remind(lane, &partner);
        }
        for _ in 0..BEGUN_PER_PUMP_MAX {
            if !self.state.lane(lane).is_some_and(crate::state::lane::Lane::has_ready) {
                self.paced.remove(&lane);
                return;
            }
            if let Err(kept) = self.may_begin(lane, &partner) {
                return self.keep_waiting(lane, kept);
            }
            let Some((class, index)) = self.pick(lane, &partner) else {
                if self.state.lane(lane).is_some_and(crate::state::lane::Lane::has_ready) {
                    // The last place is kept for releases.
                    self.keep_waiting(lane, Kept::by(Limit::InFlight, None));
                }
                return;
            };
            if let Err(wake) = self.pace(lane, &partner) {
                return self.keep_waiting(lane, Kept::by(Limit::Rate, Some(wake)));
            }
            self.begin(lane, index, class);
        }
        self.wake_at(lane, Some(self.now));
    }

    fn keep_waiting(&mut self, lane: u16, kept: Kept) {
        match kept.limit {
            Some(limit) => self.paced.entry(lane).or_default().meet(limit, kept.wake, self.now),
            None => {
                if let Some(paced) = self.paced.get_mut(&lane) {
                    paced.close(self.now);
                }
            }
        }
        self.wake_at(lane, kept.wake);
    }

    /// The lane's own limits, cheapest first.
    fn may_begin(&mut self, lane: u16, partner: &Partner) -> Result<(), Kept> {
        let now = self.now;
        let Some(state) = self.state.lane(lane) else { return Err(Kept::until(None)) };
        if let Some(pause) = state.record.paused.clone() {
            if pause.until > now {
                return Err(Kept::until(Some(pause.until)));
            }
            let partner = state.record.partner.clone();
            self.emit(LaneResumed { by: String::new(), partner }.into(), None, 0);
        }
        let Some(state) = self.state.lane(lane) else { return Err(Kept::until(None)) };
        if state.record.rests_until > now {
            return Err(Kept::until(Some(state.record.rests_until)));
        }
        let probing = state.record.failures >= partner.breaker.failures;
        if probing && state.in_flight > 0 {
            return Err(Kept::until(None));
        }
        if state.in_flight >= partner.in_flight_max {
            return Err(Kept::by(Limit::InFlight, None));
        }
        if partner.hours != Hours::ALWAYS
            && let Some(opens) = partner.hours.opens_at(now, &self.config.calendar)
        {
            return Err(Kept::until(Some(opens)));
        }
        let today = domain::Day::of(now);
        if partner.per_day.is_some_and(|max| state.record.day == today.count() && state.record.day_count >= max) {
            return Err(Kept::by(Limit::PerDay, Some(today.end())));
        }
        match state.window_opens(partner.rate.max, partner.rate.window_ms, now) {
            Some(opens) => Err(Kept::by(Limit::Rate, Some(opens))),
            None => Ok(()),
        }
    }

    fn pace(&mut self, lane: u16, partner: &Partner) -> Result<(), Millis> {
        let now = self.now;
        let pacer = self.pacers.entry(lane).or_insert_with(|| Pacer::new(partner.rate, now));
        if !pacer.is_for(partner.rate) {
            *pacer = Pacer::new(partner.rate, now);
        }
        pacer.take(now)
    }

    /// The best act that may go; what lost its reason to stand in a queue is dropped from it.
    fn pick(&mut self, lane: u16, partner: &Partner) -> Option<(usize, Index)> {
        let now = self.now;
        let in_flight = self.state.lane(lane)?.in_flight;
        let last_place = partner.in_flight_max > 1 && in_flight + 1 >= partner.in_flight_max;
        let classes = if last_place { RELEASES + 1 } else { CLASSES };
        for class in 0..classes {
            loop {
                let index = self.state.lane(lane)?.ready.get(class)?.front().copied();
                let Some(index) = index else { break };
                let fits = self.state.acts.get(index).is_some_and(|act| {
                    self.state.is_its_turn(lane, index)
                        && !act.is_under_way()
                        && act.due_at <= now
                        && (act.state() == ActState::Ready || settles_by_itself(act, partner))
                        && (!self.state.is_held(act) || may_ask(act, partner))
                });
                if fits {
                    return Some((class, index));
                }
                // What came due while its partner's settings hold it was told of by nobody yet.
                if self.state.acts.get(index).is_some_and(|act| act.state() == ActState::Ready && act.held == 0) {
                    self.state.to_hold.insert(index);
                }
                self.state.lane_mut(lane)?.ready.get_mut(class)?.pop_front();
            }
        }
        None
    }

    fn begin(&mut self, lane: u16, index: Index, class: usize) {
        let Some(act) = self.state.acts.get(index) else { return };
        let (id, state, case, request) = (act.id(), act.state(), act.case, act.request);
        // It could have gone since then but for the limits.
        let since = act.since.max(act.due_at);
        let Some(partner) = self.partner(lane) else { return };
        // A partner that never says when "not found" is final is not asked when it may simply be sent the same message again.
        let asking_settles = partner.doubt.can_be_asked && partner.doubt.not_found_final_after_ms.is_some();
        // What is stopped is not sent a second time either, but it may be asked about.
        let held = self.state.is_held(act);
        let resend = state == ActState::InDoubt && partner.doubt.deduplicates && !asking_settles && !held;
        let ask = matches!(state, ActState::InDoubt | ActState::Awaiting) && !resend;
        debug_assert!(class < CLASSES, "a class outside the lane's queues");
        if !ask {
            for over in self.state.passed_by(index) {
                let Some(over) = self.state.acts.get(over).map(Act::id_ref) else { continue };
                self.emit(ActPassed { act: ActRef::from(id), over }.into(), None, 0);
            }
        }
        let kind = if ask { "ask" } else { "send" };
        let mut fact = ExchangeBegan::of(vec![id.into()], kind, &partner.id);
        if !ask {
            self.free_what_goes(lane, &[index]);
            if let Some(paced) = self.paced.get(&lane) {
                paced.tell(&mut fact, since, self.now);
            }
        }
        let exchange = self.emit(fact.into(), None, 0);
        let slot = self.state.cases.get(case).map_or(0, |case| case.slot);
        let request = self.state.requests.get(request).map_or(id.sequence, |open| open.sequence);
        self.effects.push(Effect { exchange, act: id, ask, partner: partner.id.clone(), slot, request });
    }

    fn set_timer_wake(&mut self, lane: u16) {
        let due = self.state.lane(lane).and_then(|lane| lane.timers.peek()).map(|timer| timer.0.0);
        self.wake_at(lane, due);
    }

    pub(super) fn wake_at(&mut self, lane: u16, at: Option<Millis>) {
        if let Some(at) = at {
            self.wakes.insert((at.max(self.now), lane));
        }
    }
}

use crate::state::Act;

/// Can a question, or the same message again, tell what became of an act that waits or is in doubt?
pub(super) fn settles_by_itself(act: &Act, partner: &Partner) -> bool {
    match act.state() {
        ActState::InDoubt => partner.doubt.can_be_asked || partner.doubt.deduplicates,
        ActState::Awaiting => partner.doubt.can_be_asked,
        _ => false,
    }
}

/// Can a question go, though the act itself is held?
fn may_ask(act: &Act, partner: &Partner) -> bool {
    matches!(act.state(), ActState::InDoubt | ActState::Awaiting) && partner.doubt.can_be_asked
}

impl Act {
    fn id_ref(&self) -> ActRef {
        self.id().into()
    }
}
