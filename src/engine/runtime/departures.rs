//! The last look at the clock before bytes leave: the agreed window is held where the partner counts, at arrival, and not only at the
//! decision, between which and the partner stand a disk, a scheduler and a line.
//!
//! A message arrives somewhere between its leaving and its answer. It counts from the answer; without one it counts as a whole window
//! on its way, so that a partner that answers at once loses nothing of its rate, and one that takes a window to answer half of it.

use std::collections::{BTreeMap, VecDeque};

use domain::partner::Rate;
use parking_lot::Mutex;

use crate::config::Config;

/// When the newest messages to each partner arrived at the latest, in monotonic milliseconds.
#[derive(Default)]
pub(crate) struct Departures(Mutex<BTreeMap<String, Lane>>);

struct Lane {
    rate: Rate,
    /// The ticket of the first in `arrived`.
    first: u64,
    /// In the order in which they left; at most `rate.max`.
    arrived: VecDeque<u64>,
}

/// May it leave?
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Leave {
    /// Now; the ticket is given back when its answer is there.
    Now(u64),
    /// None is free: look again after so many milliseconds.
    After(u64),
}

impl Departures {
    /// Takes up the agreed rates; what has left still counts.
    pub(crate) fn agree(&self, config: &Config) {
        let mut lanes = self.0.lock();
        for partner in config.partners.values() {
            let fresh = || Lane { rate: partner.rate, first: 0, arrived: VecDeque::new() };
            lanes.entry(partner.id.clone()).or_insert_with(fresh).rate = partner.rate;
        }
    }

    /// Asks to leave.
    pub(crate) fn take(&self, partner: &str, now: u64) -> Leave {
        let mut lanes = self.0.lock();
        // A partner nobody agreed on has no lane, and nothing is sent to it.
        let Some(lane) = lanes.get_mut(partner) else { return Leave::Now(0) };
        // One more, because a millisecond's beginning and its end read alike.
        let opens = |arrived: u64| arrived.saturating_add(lane.rate.window_ms).saturating_add(1);
        while lane.arrived.front().is_some_and(|arrived| opens(*arrived) <= now) {
            lane.arrived.pop_front();
            lane.first += 1;
        }
        if lane.arrived.len() >= lane.rate.max.max(1) as usize
            && let Some(arrived) = lane.arrived.front()
        {
            return Leave::After(opens(*arrived).saturating_sub(now));
        }
        lane.arrived.push_back(now.saturating_add(lane.rate.window_ms));
        Leave::Now(lane.first + lane.arrived.len() as u64 - 1)
    }

    /// The answer is there, so the message was too.
    pub(crate) fn answered(&self, partner: &str, ticket: u64, now: u64) {
        let mut lanes = self.0.lock();
        let Some(lane) = lanes.get_mut(partner) else { return };
        let place = ticket.checked_sub(lane.first).and_then(|place| usize::try_from(place).ok());
        if let Some(arrived) = place.and_then(|place| lane.arrived.get_mut(place)) {
            *arrived = now.min(*arrived);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(rate: Rate) -> Departures {
        let lane = Lane { rate, first: 0, arrived: VecDeque::new() };
        Departures(Mutex::new(BTreeMap::from([("bank-a".to_owned(), lane)])))
    }

    #[test]
    fn no_window_holds_more_arrivals_than_agreed_whenever_they_arrive() {
        let departures = agreed(Rate { max: 3, window_ms: 1_000, burst: 3 });
        let mut arrivals = Vec::new();
        let mut now = 0;
        while arrivals.len() < 60 {
            match departures.take("bank-a", now) {
                Leave::After(wait) => now += wait,
                Leave::Now(ticket) => {
                    // On its way for 0 to 99 ms; the answer comes a little later, or never.
                    let arrival = now + (ticket * 37) % 100;
                    if ticket % 3 > 0 {
                        departures.answered("bank-a", ticket, arrival + 5);
                    }
                    arrivals.push(arrival);
                }
            }
        }
        arrivals.sort_unstable();
        assert!(arrivals.windows(4).all(|four| four[3] - four[0] > 1_000), "{arrivals:?}");
    }

    #[test]
    fn a_prompt_partner_loses_nothing_of_its_rate() {
        let departures = agreed(Rate { max: 2, window_ms: 1_000, burst: 2 });
        for ticket in 0..2 {
            assert_eq!(departures.take("bank-a", 0), Leave::Now(ticket));
            departures.answered("bank-a", ticket, 0);
        }
        assert_eq!(departures.take("bank-a", 1), Leave::After(1_000));
        assert_eq!(departures.take("bank-a", 1_001), Leave::Now(2));
    }
}
