//! The bank's own count of calls against the rate that was agreed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Violations kept; one is already too many.
const VIOLATIONS_MAX: usize = 10_000;

/// Never more than `max` calls in any half-open window of `window_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreedRate {
    /// Calls.
    pub max: usize,
    /// Milliseconds.
    pub window_ms: u64,
    /// Refuse what is above it (200008) instead of only counting it.
    #[serde(default)]
    pub refuse: bool,
}

/// A call that came too early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Milliseconds after the bank's start.
    pub at_ms: u64,
    /// Microseconds since the call `max` calls before it: less than the window.
    pub span_us: u64,
}

/// Counts exactly: keeps the instants of the last `max` calls.
pub(crate) struct RateWatch {
    agreed: Option<AgreedRate>,
    started: Instant,
    last: VecDeque<Instant>,
    violations: Vec<Violation>,
    calls: u64,
}

impl RateWatch {
    pub(crate) fn new(agreed: Option<AgreedRate>) -> RateWatch {
        RateWatch { agreed, started: Instant::now(), last: VecDeque::new(), violations: Vec::new(), calls: 0 }
    }

    pub(crate) fn agree(&mut self, agreed: Option<AgreedRate>) {
        self.agreed = agreed;
        self.last.clear();
    }

    /// Counts one call; `true` when it was too early and such calls are refused.
    pub(crate) fn call(&mut self, now: Instant) -> bool {
        self.calls += 1;
        let Some(agreed) = self.agreed else { return false };
        let span = match self.last.front() {
            Some(first) if self.last.len() >= agreed.max => now.saturating_duration_since(*first),
            _ => Duration::MAX,
        };
        self.last.push_back(now);
        while self.last.len() > agreed.max {
            self.last.pop_front();
        }
        let violated = span < Duration::from_millis(agreed.window_ms);
        if violated && self.violations.len() < VIOLATIONS_MAX {
            let micros = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
            let at_ms = micros(now.saturating_duration_since(self.started)) / 1000;
            self.violations.push(Violation { at_ms, span_us: micros(span) });
        }
        violated && agreed.refuse
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations.clone()
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_any_window_not_only_aligned_ones() {
        let mut watch = RateWatch::new(Some(AgreedRate { max: 2, window_ms: 1000, refuse: true }));
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let refused: Vec<bool> = [0, 900, 1000, 1800, 1950].map(|ms| watch.call(at(ms))).into();
        assert_eq!(refused, [false, false, false, true, true]);
        assert_eq!(watch.violations().len(), 2);
        assert_eq!(watch.calls(), 5);
    }
}
