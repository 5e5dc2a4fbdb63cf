//! Limits of a lane: governor paces, the exact ring of the newest begins decides.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Millis;
use domain::partner::Rate;
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// The decider's own time, shown to governor.
#[derive(Clone, Debug, Default)]
pub struct DecidedTime(Arc<AtomicU64>);

impl DecidedTime {
    fn set(&self, now: Millis) {
        self.0.store(u64::try_from(now).unwrap_or(0).saturating_mul(1_000_000), Ordering::Relaxed);
    }
}

impl Clock for DecidedTime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.load(Ordering::Relaxed))
    }
}

/// Spreads exchanges evenly over the window, so that a full minute's quota does not go out in its first second.
pub struct Pacer {
    rate: Rate,
    time: DecidedTime,
    limiter: RateLimiter<NotKeyed, InMemoryState, DecidedTime, NoOpMiddleware<Nanos>>,
}

impl Pacer {
    /// Paces `rate`.
    #[must_use]
    pub fn new(rate: Rate, now: Millis) -> Self {
        let time = DecidedTime::default();
        time.set(now);
        let max = rate.max.max(1);
        let burst = NonZeroU32::new(rate.burst.clamp(1, max)).unwrap_or(NonZeroU32::MIN);
        let period_ns = (rate.window_ms.max(1).saturating_mul(1_000_000) / u64::from(max)).max(1);
        let quota = Quota::with_period(Duration::from_nanos(period_ns))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, time.clone());
        Self { rate, time, limiter }
    }

    /// Is this still the agreed rate?
    #[must_use]
    pub fn is_for(&self, rate: Rate) -> bool {
        self.rate == rate
    }

    /// Takes one; `Err` says when the next may go.
    ///
    /// # Errors
    /// The instant at which pacing allows another.
    pub fn take(&self, now: Millis) -> Result<(), Millis> {
        self.time.set(now);
        self.limiter.check().map_err(|refused| {
            let wait = refused.wait_time_from(self.time.now()).as_nanos().div_ceil(1_000_000);
            now.saturating_add(Millis::try_from(wait).unwrap_or(Millis::MAX).max(1))
        })
    }
}

/// Keeps the trait that `wait_time_from` needs in scope visible.
const _: fn(Nanos, Nanos) -> Nanos = |later, earlier| later.duration_since(earlier);
