//! Figures over all open acts, for whoever watches: looked at in slices, and between two of them whoever decides goes on.
//!
//! They are not kept beside the acts. Since when an act waits counts only while nothing before it does, and how long it may wait is said by
//! the settings: both change without the act. What would be kept in order of time weighs some 50 bytes an act, a sixth of what one may.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::partner::{Partner, Travel};
use domain::socket::Plug;
use domain::{ActState, Millis};

use super::head::Reading;
use super::{Engine, Shared};
use crate::config::Config;
use crate::decide::Decider;
use crate::decide::remind::waits_for_its_partner;
use crate::state::{Act, State};
use crate::view::PartnerView;

/// Acts, or deliveries, looked at under one reading of the state: a fraction of a millisecond, in which nothing is decided.
pub(crate) const LOOKED_AT_ONCE_MAX: usize = 8_192;
/// Partners whose lanes are shown under one reading.
const SHOWN_AT_ONCE_MAX: usize = 64;
/// States have codes from 1 on.
const STATES: usize = ActState::ALL.len() + 1;

/// Looks at every open act, so many under one reading; `look` says how many it has gone through. What ends or begins meanwhile may be
/// seen or not.
pub(crate) fn each_act<'h>(read: impl Fn() -> Reading<'h>, mut look: impl FnMut(&State, &Act) -> usize) {
    let mut from = 0;
    loop {
        let decider = read();
        let (state, mut left) = (&decider.state, LOOKED_AT_ONCE_MAX);
        let mut places = state.acts.places_from(from);
        while left > 0 {
            let Some(act) = places.next() else { return };
            left = left.saturating_sub(act.map_or(1, |act| look(state, act).max(1)));
            from += 1;
        }
    }
}

/// How long acts of each lane may be with its partner; `None` = no file says so.
pub(crate) type Terms = Vec<Option<Term>>;

/// Of one partner.
#[derive(Clone, Copy)]
pub(crate) struct Term {
    /// An answer is due after this.
    pub due_ms: Millis,
    /// Clerks fetch from it: what nobody looked at waits for them too.
    pub is_inbox: bool,
}

#[derive(Clone, Copy)]
struct OfLane {
    oldest: [Option<Millis>; STATES],
    overdue: u64,
}

/// How long acts wait, by lane.
#[derive(Default)]
pub(crate) struct Figures {
    lanes: Vec<OfLane>,
}

impl Figures {
    /// As they are now, over all open acts.
    pub(crate) fn over<'h>(read: impl Fn() -> Reading<'h>, terms: &Terms, now: Millis) -> Self {
        let mut figures = Self::default();
        each_act(read, |state, act| figures.note(state, act, terms, now));
        figures
    }

    /// Since when the oldest act of a lane has been in a state. What waits for an earlier act waits for whoever has that one: nothing is
    /// late at its own partner.
    pub(crate) fn oldest(&self, lane: u16, of: ActState) -> Option<Millis> {
        self.lanes.get(usize::from(lane))?.oldest.get(usize::from(of.code())).copied().flatten()
    }

    /// How many acts of a lane have been with their partner longer than agreed; in an inbox that nobody opens nothing is ever offered, so
    /// there also those that are ready for so long.
    pub(crate) fn overdue(&self, lane: u16) -> u64 {
        self.lanes.get(usize::from(lane)).map_or(0, |lane| lane.overdue)
    }

    fn note(&mut self, state: &State, act: &Act, terms: &Terms, now: Millis) -> usize {
        let (of, lane) = (act.state(), usize::from(act.lane));
        if !of.is_open() {
            return 1;
        }
        let is_ready = of == ActState::Ready;
        let looked = if is_ready { 1 + state.stops.len() + state.acts_before(act) } else { 1 };
        if self.lanes.len() <= lane {
            self.lanes.resize(lane + 1, OfLane { oldest: [None; STATES], overdue: 0 });
        }
        let Some(figures) = self.lanes.get_mut(lane) else { return looked };
        if !is_ready || state.what_it_waits_for(act).is_none() {
            let oldest = figures.oldest.get_mut(usize::from(of.code()));
            if let Some(oldest) = oldest {
                *oldest = Some(oldest.map_or(act.since, |since| since.min(act.since)));
            }
        }
        let Some(term) = terms.get(lane).copied().flatten() else { return looked };
        let since = if waits_for_its_partner(act) {
            Some(act.sent_at)
        } else {
            Some(act.ready_at).filter(|_| term.is_inbox && is_ready && !state.is_held(act))
        };
        let is_overdue = since.is_some_and(|since| since.saturating_add(term.due_ms) < now);
        figures.overdue += u64::from(is_overdue);
        looked
    }
}

/// Acts that would be ready to go and that a stop holds.
pub(crate) fn stopped_acts<'h>(read: impl Fn() -> Reading<'h>) -> u64 {
    if read().state.stops.is_empty() {
        return 0;
    }
    let mut stopped = 0;
    each_act(read, |state, act| {
        stopped += u64::from(act.state() == ActState::Ready && state.is_act_stopped(act));
        1 + state.stops.len()
    });
    stopped
}

impl Shared {
    fn terms(&self, config: &Config) -> Terms {
        let inboxes: BTreeSet<String> = {
            let plugs = self.plugs.read();
            let is_inbox = |id: &&String| plugs.get(*id).is_some_and(|plug| matches!(plug.as_ref(), Plug::Inbox));
            config.partners.keys().filter(is_inbox).cloned().collect()
        };
        let decider = self.decider.read();
        let mut terms = vec![None; decider.state.lanes.len()];
        for partner in config.partners.values() {
            let lane = decider.state.lane_of(&partner.id).map(usize::from);
            if let Some(place) = lane.and_then(|lane| terms.get_mut(lane)) {
                let due_ms = Millis::try_from(partner.answer_due_ms).unwrap_or(Millis::MAX);
                *place = Some(Term { due_ms, is_inbox: inboxes.contains(&partner.id) });
            }
        }
        terms
    }

    fn partner_view(&self, decider: &Decider, partner: &Partner, figures: &Figures, now: Millis) -> PartnerView {
        let index = decider.state.lane_of(&partner.id);
        let lane = index.and_then(|lane| decider.state.lane(lane));
        let waiting = |of: &ActState| {
            let count = lane.and_then(|lane| lane.counts.get(of).copied()).unwrap_or(0);
            // What was seen may be gone by now.
            (*of, count, index.and_then(|lane| figures.oldest(lane, *of)).filter(|_| count > 0))
        };
        PartnerView {
            id: partner.id.clone(),
            name: partner.name.clone(),
            kind: Some(partner.kind),
            travel: Some(if partner.travel == Travel::Pull { "pull" } else { "call_out" }),
            acts: partner.acts.clone(),
            stage: Some(partner.stage),
            answered: lane.map_or(0, |lane| lane.record.answered),
            last_call: self.calls.last(&partner.id),
            last_failure: self.calls.last_failure(&partner.id),
            waiting: ActState::ALL.iter().filter(|state| state.is_open()).map(waiting).collect(),
            in_flight: lane.map_or(0, |lane| lane.in_flight),
            paused: lane
                .and_then(|lane| lane.record.paused.as_ref())
                .filter(|pause| pause.until > now)
                .map(|pause| (pause.by.clone(), pause.until)),
            broken_until: lane.map(|lane| lane.record.rests_until).filter(|until| *until > now),
            opens_at: partner.hours.opens_at(now, &decider.config().calendar),
            overdue: index.map_or(0, |lane| figures.overdue(lane)),
            reminder: None,
            retired: partner.retired,
        }
    }
}

impl Engine {
    /// Partners and their lanes, by id.
    #[must_use]
    pub fn partners(&self) -> Vec<PartnerView> {
        let (now, config) = (self.now(), self.config());
        let read = || self.shared.decider.read();
        let figures = Figures::over(read, &self.shared.terms(&config), now);
        let partners: Vec<&Arc<Partner>> = config.partners.values().collect();
        let mut views = Vec::with_capacity(partners.len());
        for some in partners.chunks(SHOWN_AT_ONCE_MAX) {
            let decider = read();
            views.extend(some.iter().map(|partner| self.shared.partner_view(&decider, partner, &figures, now)));
        }
        for view in views.iter_mut().filter(|view| config.reminders.contains_key(&view.id)) {
            view.reminder = self.reminder_of(&view.id);
        }
        {
            let decider = read();
            views.extend(decider.absent().filter_map(|lane| decider.absent_view(lane, |of| figures.oldest(lane, of))));
        }
        views.sort_by(|one, other| one.id.cmp(&other.id));
        views
    }
}
