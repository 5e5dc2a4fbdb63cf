//! Deliveries in the open state: what each court has of each request, and when the next attempt is due. All of it follows from events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::Millis;
use serde::{Deserialize, Serialize};
use store::record::{DeliveryAsked, DeliveryBegan, DeliveryEnded, Fact};

use super::State;
use super::act::NO_SEQUENCE;
use super::slab::Index;

/// Attempts remembered of one request; the trail has all.
pub const ATTEMPTS_KEPT: usize = 20;
/// Finished requests with nothing left to try, remembered so that their attempts can be listed; about 300 bytes each.
pub const SETTLED_KEPT: usize = 4_096;
/// News of an open request waits so long for more of it, so that a burst of outcomes is one delivery.
pub const GATHER_MS: Millis = 500;

/// What a court has of one request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// The court's lane.
    pub lane: u16,
    /// Sequence of the newest event that touched the request.
    pub version: u64,
    /// The version that the court has acknowledged; 0 = none.
    pub acknowledged: u64,
    /// When the next attempt is due; 0 = there is nothing to deliver.
    pub due_at: Millis,
    /// Attempts so far for what is new.
    pub tries: u32,
    /// Sequence of the `delivery.began` under way; [`NO_SEQUENCE`] = none.
    pub under_way: u64,
    /// The last attempt failed and none follows; a newer version or somebody who asks starts again.
    pub given_up: bool,
    /// The request is finished.
    pub finished: bool,
    /// Sequences of the newest `delivery.ended`, oldest first; at most [`ATTEMPTS_KEPT`].
    pub attempts: VecDeque<u64>,
    #[serde(skip)]
    queued_at: Millis,
}

/// The part of the state that is about deliveries.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Deliveries {
    /// By sequence of the request.
    pub by_request: BTreeMap<u64, Delivery>,
    /// Finished requests with nothing left to try, oldest first; at most [`SETTLED_KEPT`].
    settled: VecDeque<u64>,
    /// What is due, by lane; derived.
    #[serde(skip)]
    due: BTreeMap<u16, BTreeSet<(Millis, u64)>>,
}

impl Delivery {
    fn new(lane: u16, version: u64, at: Millis) -> Self {
        Self {
            lane,
            version,
            acknowledged: 0,
            due_at: at,
            tries: 0,
            under_way: NO_SEQUENCE,
            given_up: false,
            finished: false,
            attempts: VecDeque::new(),
            queued_at: 0,
        }
    }

    /// Is an attempt under way?
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way != NO_SEQUENCE
    }

    /// `delivered`, `waiting`, `under_way`, `given_up`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            _ if self.is_under_way() => "under_way",
            _ if self.given_up => "given_up",
            _ if self.due_at != 0 => "waiting",
            _ => "delivered",
        }
    }

    fn news(&mut self, version: u64, at: Millis) {
        self.version = version;
        self.given_up = false;
        if !self.is_under_way() {
            self.due_at = if self.due_at == 0 { at } else { self.due_at.min(at) };
            self.tries = 0;
        }
    }

    /// Nothing follows by itself.
    fn is_over(&self) -> bool {
        self.finished && self.due_at == 0 && !self.is_under_way()
    }
}

/// The name of a court's lane; no partner's id holds a colon.
#[must_use]
pub fn lane_name(court: &str) -> String {
    format!("court:{court}")
}

/// The court of a lane's name.
#[must_use]
pub fn court_of(lane: &str) -> Option<&str> {
    lane.strip_prefix("court:")
}

impl Deliveries {
    /// What is due first in a lane.
    #[must_use]
    pub fn first_due(&self, lane: u16) -> Option<(Millis, u64)> {
        self.due.get(&lane)?.first().copied()
    }

    /// Attempts under way.
    pub fn under_way(&self) -> impl Iterator<Item = (u64, &Delivery)> {
        self.by_request.iter().filter(|(_, delivery)| delivery.is_under_way()).map(|(request, of)| (*request, of))
    }
}

impl State {
    /// Applies an event about a delivery; any other changes nothing here.
    pub(crate) fn fold_delivery(&mut self, sequence: u64, fact: &Fact, at: Millis) {
        match fact {
            Fact::DeliveryAsked(fact) => self.delivery_asked(fact, at),
            Fact::DeliveryBegan(fact) => self.delivery_began(sequence, fact, at),
            Fact::DeliveryEnded(fact) => self.delivery_ended(sequence, fact, at),
            _ => {}
        }
    }

    /// An accepted request wants its results delivered.
    pub(crate) fn expects_delivery(&mut self, request: u64, court: &str, at: Millis) {
        let lane = self.lane_for(&lane_name(court));
        self.deliveries.by_request.insert(request, Delivery::new(lane, request, at));
        self.queue_delivery(request);
    }

    /// An event touched an open request: its version moves, and its court is told.
    pub(crate) fn touch_request(&mut self, index: Index, sequence: u64, at: Millis) {
        let Some(open) = self.requests.get_mut(index) else { return };
        open.version = sequence;
        if open.events.last() != Some(&sequence) {
            open.events.push(sequence);
        }
        let request = open.sequence;
        if let Some(delivery) = self.deliveries.by_request.get_mut(&request) {
            delivery.news(sequence, at);
            self.queue_delivery(request);
        }
    }

    /// A request is finished: what follows is its last version, and is not held back for more.
    pub(crate) fn finishes_delivery(&mut self, request: u64, sequence: u64, at: Millis) {
        if let Some(delivery) = self.deliveries.by_request.get_mut(&request) {
            delivery.finished = true;
            delivery.news(sequence, at);
            self.queue_delivery(request);
        }
    }

    pub(crate) fn delivery_asked(&mut self, fact: &DeliveryAsked, at: Millis) {
        let lane = self.lane_for(&lane_name(&fact.court));
        let is_open = self.request_index(domain::RequestId(fact.request)).is_some();
        let fresh = || Delivery::new(lane, fact.version, at);
        let delivery = self.deliveries.by_request.entry(fact.request).or_insert_with(fresh);
        delivery.finished = !is_open;
        delivery.acknowledged = fact.since;
        delivery.news(fact.version, at);
        self.deliveries.settled.retain(|settled| *settled != fact.request);
        self.queue_delivery(fact.request);
    }

    pub(crate) fn delivery_began(&mut self, sequence: u64, fact: &DeliveryBegan, at: Millis) {
        let Some(delivery) = self.deliveries.by_request.get_mut(&fact.request) else { return };
        delivery.under_way = sequence;
        delivery.due_at = 0;
        let lane = delivery.lane;
        if let Some(lane) = self.lane_mut(lane) {
            lane.begin(at);
            lane.in_flight += 1;
        }
        self.queue_delivery(fact.request);
    }

    pub(crate) fn delivery_ended(&mut self, sequence: u64, fact: &DeliveryEnded, at: Millis) {
        let Some(delivery) = self.deliveries.by_request.get_mut(&fact.request) else { return };
        let was_under_way = delivery.under_way == fact.delivery;
        delivery.under_way = NO_SEQUENCE;
        delivery.attempts.push_back(sequence);
        if delivery.attempts.len() > ATTEMPTS_KEPT {
            delivery.attempts.pop_front();
        }
        let acknowledged = fact.judged == "acknowledged";
        if acknowledged {
            // Whoever asked for an older version meanwhile still waits for it.
            if fact.previous == delivery.acknowledged {
                delivery.acknowledged = fact.version;
            }
            delivery.tries = 0;
            delivery.due_at = if delivery.acknowledged < delivery.version { at } else { 0 };
        } else {
            let newer = delivery.version > fact.version;
            delivery.tries = if newer { 0 } else { fact.tries };
            delivery.due_at = fact.due.unwrap_or(if newer { at } else { 0 });
            delivery.given_up = fact.judged == "given_up" && !newer;
        }
        let (lane, settled) = (delivery.lane, delivery.is_over());
        if let Some(lane) = self.lane_mut(lane) {
            if was_under_way {
                lane.in_flight = lane.in_flight.saturating_sub(1);
            }
            if acknowledged {
                lane.record.failures = 0;
                lane.record.rests_until = 0;
            } else if is_the_receivers(&fact.cause) {
                lane.record.failures = lane.record.failures.saturating_add(1);
            }
            if let Some(until) = fact.breaks {
                lane.record.rests_until = until;
            }
        }
        self.queue_delivery(fact.request);
        if settled {
            self.settle_delivery(fact.request);
        }
    }

    fn settle_delivery(&mut self, request: u64) {
        self.deliveries.settled.push_back(request);
        while self.deliveries.settled.len() > SETTLED_KEPT {
            if let Some(oldest) = self.deliveries.settled.pop_front() {
                self.deliveries.by_request.remove(&oldest);
            }
        }
    }

    /// Nothing is told of a request any more; one that was given up would be counted until others took its place.
    pub(super) fn forget_delivery(&mut self, request: u64) {
        let Some(delivery) = self.deliveries.by_request.remove(&request) else { return };
        self.deliveries.settled.retain(|settled| *settled != request);
        if let Some(due) = self.deliveries.due.get_mut(&delivery.lane) {
            due.remove(&(delivery.queued_at, request));
        }
    }

    /// Puts a delivery where it belongs among what is due.
    fn queue_delivery(&mut self, request: u64) {
        let Some(delivery) = self.deliveries.by_request.get_mut(&request) else { return };
        let due = self.deliveries.due.entry(delivery.lane).or_default();
        due.remove(&(delivery.queued_at, request));
        if delivery.due_at != 0 && !delivery.is_under_way() {
            let gathers = delivery.tries == 0 && !delivery.finished;
            delivery.queued_at = delivery.due_at.saturating_add(if gathers { GATHER_MS } else { 0 });
            due.insert((delivery.queued_at, request));
        }
        let lane = delivery.lane;
        self.stirred.insert(lane);
    }

    /// Rebuilds what is due and under way: after a snapshot was loaded.
    pub(crate) fn rebuild_deliveries(&mut self) {
        let all: Vec<(u64, u16, bool)> = self
            .deliveries
            .by_request
            .iter()
            .map(|(request, delivery)| (*request, delivery.lane, delivery.is_under_way()))
            .collect();
        for (request, lane, under_way) in all {
            if under_way && let Some(lane) = self.lane_mut(lane) {
                lane.in_flight += 1;
            }
            self.queue_delivery(request);
        }
    }
}

/// Does a failure say something about the court's system as a whole, and not about one address or one request?
#[must_use]
pub fn is_the_receivers(cause: &str) -> bool {
    matches!(cause, "connect" | "timeout" | "broken" | "status_429") || cause.starts_with("status_5")
}
