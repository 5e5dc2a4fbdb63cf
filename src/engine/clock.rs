//! Time as the engine sees it: wall milliseconds for records, monotonic milliseconds for waits.

use domain::Millis;

/// Where time comes from; the simulation puts its own here.
pub trait Clock: Send + Sync {
    /// UTC milliseconds.
    fn wall(&self) -> Millis;
    /// Milliseconds since some fixed point; never goes back.
    fn mono(&self) -> u64;
}

/// The machine's clocks.
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// Starts the monotonic count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one implementation of `Clock` that may ask the machine")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one implementation of `Clock` that may ask the machine")]
    fn wall(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }

    fn mono(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
