//! The one place where a test waits: it looks again and again until something is so, and fails when that takes too long.

use std::time::{Duration, Instant};

/// Far beyond what anything here takes on a busy machine; reached only by what hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Looks until there is something, and gives it.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "still not so after {PATIENCE:?}: {what}");
        std::thread::park_timeout(BETWEEN_LOOKS);
    }
}
