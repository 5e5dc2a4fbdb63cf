//! Who waits for a new version of a request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::state::hash::Map;

/// Long-polls waiting at once; more are answered at once with what there is.
const WAITING_MAX: usize = 20_000;

/// Waiters by request.
#[derive(Default)]
pub struct Waiting {
    count: AtomicUsize,
    by_request: Mutex<Map<u64, Vec<oneshot::Sender<()>>>>,
}

impl Waiting {
    /// Waits for the next durable event that touches a request; `None` when too many wait already.
    pub fn register(&self, request: u64) -> Option<oneshot::Receiver<()>> {
        if self.count.load(Ordering::Relaxed) >= WAITING_MAX {
            return None;
        }
        let (tell, told) = oneshot::channel();
        let mut waiting = self.by_request.lock();
        let queue = waiting.entry(request).or_default();
        let before = queue.len();
        // Those that gave up are swept when somebody else comes for the same request.
        queue.retain(|waiter| !waiter.is_closed());
        self.count.fetch_sub(before - queue.len(), Ordering::Relaxed);
        queue.push(tell);
        self.count.fetch_add(1, Ordering::Relaxed);
        Some(told)
    }

    /// Tells everyone who waits for one of these.
    pub fn tell(&self, touched: &[u64]) {
        if touched.is_empty() || self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut waiting = self.by_request.lock();
        for request in touched {
            let Some(waiters) = waiting.remove(request) else { continue };
            self.count.fetch_sub(waiters.len(), Ordering::Relaxed);
            for waiter in waiters {
                let _gone = waiter.send(());
            }
        }
    }
}

/// Looks every 10 ms, for at most `grace`, whether something is so. Only for stopping, where nothing tells us.
#[expect(
    clippy::disallowed_methods,
    reason = "stopping waits for exchanges to end; a wait of its own would outlive the threads it needs"
)]
pub fn until(grace: Duration, mut so: impl FnMut() -> bool) {
    const LOOK: Duration = Duration::from_millis(10);
    let mut left = grace;
    while !so() && !left.is_zero() {
        std::thread::sleep(LOOK.min(left));
        left = left.saturating_sub(LOOK);
    }
}
