//! The last look at the clock before bytes leave: the agreed window is held where the partner counts, at arrival, and not only at the
//! decision, between which and the partner stand a disk, a scheduler and a line.
//!
//! A message arrives somewhere between its leaving and its answer. It counts from the answer; without one it counts as a whole window
//! on its way, so that a partner that answers at once loses nothing of its rate, and one that takes a window to answer half of it.

use std::collections::{BTreeMap, VecDeque};

use domain::Millis;
use domain::partner::{Partner, Rate, Travel};
use parking_lot::Mutex;
use store::journal::ReadLimits;
use store::record::{Fact, read_leaf};

use super::Shared;
use crate::config::Config;

/// Events looked at for what left before a start, a few microseconds each: more than a minute of the highest load. Of what lies before them
/// the decision alone is held to its window.
pub(super) const RECALLED_EVENTS_MAX: u64 = 200_000;
/// Added to the monotonic clock, which begins with the process: what left before has a time too.
const BEFORE_MS: u64 = 1 << 42;

/// When the newest messages to each partner arrived at the latest, in monotonic milliseconds behind [`BEFORE_MS`].
#[derive(Default)]
pub(crate) struct Departures(Mutex<BTreeMap<String, Lane>>);

struct Lane {
    rate: Rate,
    /// The ticket of the first in `arrived`.
    first: u64,
    /// In the order in which they left; at most `rate.max`, or what that was.
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
            lane_of(&mut lanes, partner).rate = partner.rate;
        }
    }

    /// Takes up partners that were not there yet, before the decider knows them; all other rates stay as they are.
    pub(crate) fn expect(&self, config: &Config) {
        let mut lanes = self.0.lock();
        for partner in config.partners.values() {
            lane_of(&mut lanes, partner);
        }
    }

    /// One message to a partner arrived `ago_ms` before `now` at the latest, in the order in which they are known.
    fn recall(&self, partner: &str, ago_ms: u64, now: u64) {
        let mut lanes = self.0.lock();
        let Some(lane) = lanes.get_mut(partner).filter(|lane| ago_ms <= lane.rate.window_ms) else { return };
        lane.arrived.push_back(now.saturating_add(BEFORE_MS).saturating_sub(ago_ms));
        if lane.arrived.len() > lane.rate.max.max(1) as usize {
            lane.arrived.pop_front();
            lane.first += 1;
        }
    }

    /// Asks to leave.
    pub(crate) fn take(&self, partner: &str, now: u64) -> Leave {
        let now = now.saturating_add(BEFORE_MS);
        let mut lanes = self.0.lock();
        // A partner nobody agreed on has no lane, and nothing is sent to it.
        let Some(lane) = lanes.get_mut(partner) else { return Leave::Now(0) };
        // One more, because a millisecond's beginning and its end read alike.
        let opens = |arrived: u64| arrived.saturating_add(lane.rate.window_ms).saturating_add(1);
        while lane.arrived.front().is_some_and(|arrived| opens(*arrived) <= now) {
            lane.arrived.pop_front();
            lane.first += 1;
        }
        // As many as are too many must be out of the window: more than one only where the agreement was lowered.
        let too_many = (lane.arrived.len() + 1).saturating_sub(lane.rate.max.max(1) as usize);
        if let Some(last) = lane.arrived.iter().take(too_many).max() {
            return Leave::After(opens(*last).saturating_sub(now).max(1));
        }
        lane.arrived.push_back(now.saturating_add(lane.rate.window_ms));
        Leave::Now(lane.first + lane.arrived.len() as u64 - 1)
    }

    /// Takes a place if one is free.
    #[cfg(test)]
    pub(crate) fn is_free(&self, partner: &str, now: u64) -> bool {
        matches!(self.take(partner, now), Leave::Now(_))
    }

    /// The answer is there, so the message was too.
    pub(crate) fn answered(&self, partner: &str, ticket: u64, now: u64) {
        let now = now.saturating_add(BEFORE_MS);
        let mut lanes = self.0.lock();
        let Some(lane) = lanes.get_mut(partner) else { return };
        let place = ticket.checked_sub(lane.first).and_then(|place| usize::try_from(place).ok());
        if let Some(arrived) = place.and_then(|place| lane.arrived.get_mut(place)) {
            *arrived = now.min(*arrived);
        }
    }
}

fn lane_of<'l>(lanes: &'l mut BTreeMap<String, Lane>, partner: &Partner) -> &'l mut Lane {
    let fresh = || Lane { rate: partner.rate, first: 0, arrived: VecDeque::new() };
    lanes.entry(partner.id.clone()).or_insert_with(fresh)
}

impl Shared {
    /// What was called before this start still counts at its partners: each ended call of the last window, by when its end was recorded,
    /// and by now what the stop cut off, which the start has just put in doubt.
    pub(super) fn recall_departures(&self, config: &Config) {
        self.departures.agree(config);
        let called = config.partners.values().filter(|partner| partner.travel == Travel::CallOut);
        let Some(window_ms) = called.map(|partner| partner.rate.window_ms).max() else { return };
        let (wall, mono, end) = (self.clock.wall(), self.clock.mono(), self.reader.durable_size());
        let since = wall.saturating_sub(Millis::try_from(window_ms).unwrap_or(Millis::MAX));
        let from = self.first_since(since, end).max(end.saturating_sub(RECALLED_EVENTS_MAX));
        let limits = ReadLimits { records_max: RECALLED_EVENTS_MAX, ..ReadLimits::NONE };
        let mut range = self.reader.read_range(from, limits);
        while let Ok(Some((_, record))) = range.next_record() {
            let Ok(leaf) = read_leaf(record.leaf) else { continue };
            if let Fact::ExchangeEnded(fact) = leaf.fact {
                let ago_ms = u64::try_from(wall.saturating_sub(leaf.at)).unwrap_or(0);
                self.departures.recall(&fact.partner, ago_ms, mono);
            }
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

    fn with(partner: &str, rate: Rate) -> Config {
        let partner = Partner { rate, ..crate::tests::partner(partner) };
        Config { partners: BTreeMap::from([(partner.id.clone(), std::sync::Arc::new(partner))]), ..Config::default() }
    }

    #[test]
    fn another_agreement_is_held_from_then_on_and_what_has_left_counts() {
        let departures = Departures::default();
        departures.agree(&with("bank-a", Rate { max: 4, window_ms: 1_000, burst: 4 }));
        for ticket in 0..4 {
            assert_eq!(departures.take("bank-a", 0), Leave::Now(ticket));
            departures.answered("bank-a", ticket, 10 * ticket);
        }
        departures.agree(&with("bank-a", Rate { max: 2, window_ms: 1_000, burst: 2 }));
        assert_eq!(departures.take("bank-a", 500), Leave::After(521), "all but one of four must be out of the window");
        assert_eq!(departures.take("bank-a", 1_021), Leave::Now(4));
        assert_eq!(departures.take("bank-a", 1_021), Leave::After(10), "the last of the four is in it still");
        departures.agree(&with("bank-a", Rate { max: 9, window_ms: 1_000, burst: 9 }));
        assert!(matches!(departures.take("bank-a", 1_021), Leave::Now(_)), "a higher one too");
        departures.expect(&with("bank-a", Rate { max: 1, window_ms: 1_000, burst: 1 }));
        assert!(matches!(departures.take("bank-a", 1_022), Leave::Now(_)), "what is not in force yet changes nothing");
        departures.expect(&with("bank-b", Rate { max: 1, window_ms: 1_000, burst: 1 }));
        assert_eq!(departures.take("bank-b", 0), Leave::Now(0));
        assert!(matches!(departures.take("bank-b", 1), Leave::After(_)), "a new partner has its lane at once");
    }

    #[test]
    fn what_left_before_a_start_counts_until_its_window_is_over() {
        let departures = Departures::default();
        departures.agree(&with("bank-a", Rate { max: 2, window_ms: 60_000, burst: 2 }));
        // The process is three milliseconds old.
        for ago_ms in [60_001, 50_000, 40_000, 0] {
            departures.recall("bank-a", ago_ms, 3);
        }
        assert_eq!(departures.take("bank-a", 3), Leave::After(20_001), "the two newest fill the window");
        assert_eq!(departures.take("bank-a", 20_004), Leave::Now(3));
        assert_eq!(departures.take("bank-a", 20_004), Leave::After(40_000));
    }
}
