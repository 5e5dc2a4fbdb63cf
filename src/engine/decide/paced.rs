//! What agreed limits kept a lane waiting for, while anything waited there: told with each message that waited for it.

use std::collections::VecDeque;

use domain::Millis;
use domain::delay::Limit;
use store::record::ExchangeBegan;

/// Waits for limits that are remembered of a lane at once: a day's limit, a night, and what came before and after it. More are drawn
/// together.
const WAITS_MAX: usize = 4;
/// What changes more often than this is one wait; the limit met last names it.
const SHORT_MS: Millis = 1_000;
/// A wait that goes on so soon after it was over has not ended: it is the next message's.
const GRACE_MS: Millis = 100;
/// A message that waited less than this for limits says nothing of it.
pub(super) const TOLD_MS: Millis = 1_000;

/// One wait; it began when something was ready and the limit was met.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait {
    /// The limit.
    pub by: Limit,
    /// From when.
    pub from: Millis,
    /// Until when; `None` = until an exchange ends.
    pub until: Option<Millis>,
}

impl Wait {
    fn length(&self, now: Millis) -> Millis {
        self.until.unwrap_or(now) - self.from
    }
}

/// The waits of a lane in which something has been ready all the time.
#[derive(Clone, Default, Debug)]
pub(super) struct Paced(VecDeque<Wait>);

impl Paced {
    /// Something is ready and `by` keeps it, by its own account until then.
    pub(super) fn meet(&mut self, by: Limit, until: Option<Millis>, now: Millis) {
        self.close(now);
        if let Some(last) = self.0.back_mut() {
            let goes_on = now - last.until.unwrap_or(now) <= GRACE_MS;
            if goes_on && (last.by == by || last.length(now) < SHORT_MS) {
                (last.by, last.until) = (by, until);
                return;
            }
        }
        self.0.push_back(Wait { by, from: now, until });
        if self.0.len() > WAITS_MAX {
            self.draw_together(now);
        }
    }

    /// Nothing that was agreed keeps it now.
    pub(super) fn close(&mut self, now: Millis) {
        if let Some(last) = self.0.back_mut() {
            last.until = Some(last.until.unwrap_or(now).min(now));
        }
    }

    /// The first two that follow on each other become one, named by the longer; where none do, the oldest is forgotten: what it was
    /// waited for is then ours, never the partner's.
    fn draw_together(&mut self, now: Millis) {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let follows = |(a, b): (&Wait, &Wait)| a.until.is_some_and(|until| b.from - until <= GRACE_MS);
        let Some(place) = pairs.into_iter().position(follows) else {
            self.0.pop_front();
            return;
        };
        if let Some(second) = self.0.remove(place + 1)
            && let Some(first) = self.0.get_mut(place)
        {
            if second.length(now) > first.length(now) {
                first.by = second.by;
            }
            first.until = second.until;
        }
    }

    /// What an act waited for that could have gone from `from` on; `None` as an end = it still does.
    pub(super) fn waits_since(&self, from: Millis, now: Millis) -> Vec<Wait> {
        let of_act = self.0.iter().filter(|wait| wait.until.unwrap_or(now) > from);
        of_act.map(|wait| Wait { from: wait.from.max(from), ..*wait }).filter(|wait| wait.from < now).collect()
    }

    /// Says with a message what it waited for, where that is worth a word.
    pub(super) fn tell(&self, fact: &mut ExchangeBegan, from: Millis, now: Millis) {
        let waits = self.waits_since(from, now);
        if waits.iter().map(|wait| wait.length(now)).sum::<Millis>() < TOLD_MS {
            return;
        }
        for wait in waits {
            fact.paced_by.push(wait.by.word().to_owned());
            fact.paced_from.push(wait.from);
            fact.paced_until.push(wait.until.unwrap_or(now).min(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(paced: &Paced, from: Millis, now: Millis) -> Vec<(&'static str, Millis, Millis)> {
        let mut fact = ExchangeBegan::of(Vec::new(), "send", "bank");
        paced.tell(&mut fact, from, now);
        let words = fact.paced_by.iter().map(|word| Limit::from_word(word).unwrap().word());
        let ends = fact.paced_from.iter().zip(&fact.paced_until);
        words.zip(ends).map(|(word, (from, until))| (word, *from, *until)).collect()
    }

    #[test]
    fn a_wait_is_told_to_whoever_was_ready_and_no_longer_than_it_was() {
        let mut paced = Paced::default();
        paced.meet(Limit::PerDay, Some(50_000), 10_000);
        // Closed over night: nothing that was agreed of pace keeps it.
        paced.close(60_000);
        paced.meet(Limit::Rate, Some(91_000), 90_000);
        assert_eq!(told(&paced, 5_000, 91_000), [("per_day", 10_000, 50_000), ("rate", 90_000, 91_000)]);
        assert_eq!(told(&paced, 45_000, 91_000), [("per_day", 45_000, 50_000), ("rate", 90_000, 91_000)]);
        assert_eq!(told(&paced, 90_000, 91_000), [("rate", 90_000, 91_000)]);
        assert_eq!(told(&paced, 90_500, 91_000), [], "half a second is not worth a word");
        assert_eq!(told(&paced, 95_000, 95_000), []);
    }

    #[test]
    fn our_own_lateness_is_no_wait_for_a_limit() {
        let mut paced = Paced::default();
        paced.meet(Limit::Rate, Some(2_000), 1_000);
        // The limit was open from 2,000 on, and nobody looked until 9,000.
        paced.meet(Limit::Rate, Some(10_000), 9_000);
        assert_eq!(told(&paced, 0, 10_000), [("rate", 1_000, 2_000), ("rate", 9_000, 10_000)]);
        let mut late = Paced::default();
        late.meet(Limit::Rate, Some(2_000), 1_000);
        assert_eq!(told(&late, 0, 9_000), [("rate", 1_000, 2_000)]);
    }

    #[test]
    fn a_full_lane_is_one_wait_however_often_its_limits_change() {
        let mut paced = Paced::default();
        for at in (0..100_000).step_by(20) {
            let limit = if at % 40 == 0 { Limit::Rate } else { Limit::InFlight };
            paced.meet(limit, (limit == Limit::Rate).then_some(at + 20), at);
        }
        paced.close(100_000);
        assert!(paced.0.len() <= WAITS_MAX);
        let told = told(&paced, 30_000, 100_000);
        let whole: Millis = told.iter().map(|(_, from, until)| until - from).sum();
        assert_eq!(whole, 70_000, "{told:?}");
    }

    #[test]
    fn a_wait_without_an_end_lasts_until_the_message_goes() {
        let mut paced = Paced::default();
        paced.meet(Limit::InFlight, None, 1_000);
        assert_eq!(paced.waits_since(0, 3_000), [Wait { by: Limit::InFlight, from: 1_000, until: None }]);
        assert_eq!(told(&paced, 0, 3_000), [("in_flight", 1_000, 3_000)]);
    }
}
