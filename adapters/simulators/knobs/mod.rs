//! Knobs: which fault the next exchanges show, set while the simulator runs.

mod table;

use std::collections::HashMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use table::{FAULTS, Fault, FaultRow};

use crate::random::Sequence;

/// Knobs at one time; a test that wants more has lost its way.
const KNOBS_MAX: usize = 256;

/// One knob. With `next` it fires for the next n exchanges that fit, with `probability` for a share of them; with neither, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knob {
    /// What is shown.
    pub fault: Fault,
    /// For the next n exchanges that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
    /// For this share (0–1) of the exchanges that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Only for this TxCode (`100201`), for the hub `query` or `control`, for the open form a kind of task or `ask`; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// Milliseconds, see the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Up to so many milliseconds more, drawn.
    #[serde(default)]
    pub jitter_ms: u64,
    /// Bytes, see the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// HTTP status, see the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The partner's clock: the answer has a `Date` that stands so many seconds beside ours; any fault of an answer shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_s: Option<i64>,
}

impl Knob {
    /// A knob for the next `count` exchanges.
    pub fn next(fault: Fault, count: u32) -> Knob {
        Knob {
            fault,
            next: Some(count),
            probability: None,
            only: None,
            ms: None,
            jitter_ms: 0,
            bytes: None,
            status: None,
            clock_s: None,
        }
    }

    /// A knob for a share of all exchanges.
    pub fn share(fault: Fault, probability: f64) -> Knob {
        Knob { probability: Some(probability), next: None, ..Knob::next(fault, 0) }
    }

    /// The same, only for one TxCode (or `query`, `control`).
    #[must_use]
    pub fn only(mut self, code: &str) -> Knob {
        self.only = Some(code.to_owned());
        self
    }

    /// The same with a time.
    #[must_use]
    pub fn ms(mut self, ms: u64) -> Knob {
        self.ms = Some(ms);
        self
    }
}

/// What one exchange shall show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    pub delay_ms: u64,
    pub clock_s: Option<i64>,
    pub knob: Option<Box<Knob>>,
}

impl Drawn {
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.knob.as_ref().map(|k| k.fault)
    }

    /// The headers that show the partner's clock.
    pub(crate) fn clock(&self) -> Vec<(String, String)> {
        let date = |seconds| ("Date".to_owned(), crate::http1::date(seconds));
        self.clock_s.map(date).into_iter().collect()
    }

    pub(crate) fn ms(&self, default: u64) -> u64 {
        self.knob.as_ref().and_then(|k| k.ms).unwrap_or(default)
    }
}

struct Set {
    knobs: Vec<Knob>,
    random: Sequence,
    fired: HashMap<Fault, u64>,
}

/// The knobs of one simulator.
pub struct Knobs(Mutex<Set>);

impl Knobs {
    pub(crate) fn new(seed: u64) -> Knobs {
        Knobs(Mutex::new(Set { knobs: Vec::new(), random: Sequence::new(seed), fired: HashMap::new() }))
    }

    /// Adds a knob; `false` when there are already 256.
    pub fn set(&self, mut knob: Knob) -> bool {
        if knob.next.is_none() && knob.probability.is_none() {
            knob.next = Some(1);
        }
        let mut set = self.0.lock();
        let fits = set.knobs.len() < KNOBS_MAX;
        if fits {
            set.knobs.push(knob);
        }
        fits
    }

    /// Takes all knobs off.
    pub fn clear(&self) {
        self.0.lock().knobs.clear();
    }

    /// Knobs that may still fire.
    pub fn list(&self) -> Vec<Knob> {
        self.0.lock().knobs.clone()
    }

    /// How many exchanges showed a fault.
    pub fn fired(&self, fault: Fault) -> u64 {
        self.0.lock().fired.get(&fault).copied().unwrap_or(0)
    }

    /// Draws for one exchange: every fitting delay adds up, and the first fitting other fault is taken.
    pub(crate) fn draw(&self, code: &str, fits: impl Fn(Fault) -> bool) -> Drawn {
        let mut set = self.0.lock();
        if set.knobs.is_empty() {
            return Drawn::default();
        }
        let Set { knobs, random, fired } = &mut *set;
        let mut drawn = Drawn::default();
        for knob in knobs.iter_mut() {
            let other = knob.fault != Fault::Delay;
            let wanted = knob.only.as_deref().is_none_or(|only| only == code) && fits(knob.fault);
            if !wanted || (other && drawn.knob.is_some()) || !fires(knob, random) {
                continue;
            }
            *fired.entry(knob.fault).or_default() += 1;
            drawn.clock_s = knob.clock_s.or(drawn.clock_s);
            if other {
                drawn.knob = Some(Box::new(knob.clone()));
            } else {
                drawn.delay_ms += knob.ms.unwrap_or(0) + random.below(knob.jitter_ms + 1);
            }
        }
        knobs.retain(|k| k.probability.is_some() || k.next.is_some_and(|n| n > 0));
        drawn
    }
}

fn fires(knob: &mut Knob, random: &mut Sequence) -> bool {
    if knob.probability.is_some_and(|p| !random.chance(p)) {
        return false;
    }
    match &mut knob.next {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_in_the_table_once() {
        for (index, row) in FAULTS.iter().enumerate() {
            assert_eq!(FAULTS.iter().position(|r| r.fault == row.fault), Some(index));
            assert!(row.http || row.hub || row.open, "{:?}", row.fault);
        }
    }

    #[test]
    fn next_counts_down_and_probability_follows_the_seed() {
        let knobs = Knobs::new(1);
        knobs.set(Knob::next(Fault::Closed, 2).only("100201"));
        knobs.set(Knob::next(Fault::Delay, 1).ms(30));
        let shown: Vec<_> = ["100309", "100201", "100201", "100201"].map(|c| knobs.draw(c, |_| true)).into();
        assert_eq!(shown.iter().map(|d| d.delay_ms).collect::<Vec<_>>(), [30, 0, 0, 0]);
        assert_eq!(shown.iter().map(|d| d.fault().is_some()).collect::<Vec<_>>(), [false, true, true, false]);
        assert!(knobs.list().is_empty());
        knobs.set(Knob::share(Fault::HtmlBody, 0.25));
        let count = (0..4000).filter(|_| knobs.draw("x", |_| true).fault().is_some()).count();
        assert!((900..1100).contains(&count), "{count}");
        assert_eq!(knobs.fired(Fault::Closed), 2);
    }
}
