//! Who waits for a new version of a request.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Long-polls waiting at once; more are answered at once with what there is.
const WAITING_MAX: usize = 20_000;

/// Waiters by request.
#[derive(Default)]
pub struct Waiting {
    count: AtomicUsize,
    waiters: Mutex<Waiters>,
}

#[derive(Default)]
struct Waiters {
    next: u64,
    /// By request and number: ten thousand who wait for one request leave as fast as those who wait for ten thousand.
    tells: BTreeMap<(u64, u64), oneshot::Sender<()>>,
}

/// One that waits; dropped, it holds no place any more, whatever made it give up.
pub struct Waiter<'w> {
    waiting: &'w Waiting,
    request: u64,
    number: u64,
    told: oneshot::Receiver<()>,
}

impl Waiter<'_> {
    /// Returns at the next durable event that touches the request.
    pub async fn told(&mut self) {
        let _gone = (&mut self.told).await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.waiting.leave(self.request, self.number);
    }
}

impl Waiting {
    /// Takes a place to wait for the next durable event that touches a request; `None` when too many wait already.
    pub fn register(&self, request: u64) -> Option<Waiter<'_>> {
        if self.count.load(Ordering::Relaxed) >= WAITING_MAX {
            return None;
        }
        let (tell, told) = oneshot::channel();
        let mut waiters = self.waiters.lock();
        let number = waiters.next;
        waiters.next += 1;
        waiters.tells.insert((request, number), tell);
        self.count.fetch_add(1, Ordering::Relaxed);
        Some(Waiter { waiting: self, request, number, told })
    }

    /// Tells everyone who waits for one of these.
    pub fn tell(&self, touched: &[u64]) {
        if touched.is_empty() || self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut waiters = self.waiters.lock();
        for request in touched {
            while let Some(first) = waiters.tells.range((*request, 0)..=(*request, u64::MAX)).next() {
                let key = *first.0;
                let Some(waiter) = waiters.tells.remove(&key) else { break };
                self.count.fetch_sub(1, Ordering::Relaxed);
                let _gone = waiter.send(());
            }
        }
    }

    /// Gives a place back; one that was told has none any more.
    fn leave(&self, request: u64, number: u64) {
        if self.waiters.lock().tells.remove(&(request, number)).is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Whoever gives up, or found that there was nothing to wait for, takes a place from nobody.
    #[test]
    fn places_come_back_however_a_wait_ends() {
        let waiting = Waiting::default();
        for request in 0..2 * u64::try_from(WAITING_MAX).unwrap() {
            assert!(waiting.register(request).is_some(), "{request}");
        }
        let mut held: Vec<Waiter<'_>> = (0..WAITING_MAX).map_while(|_| waiting.register(7)).collect();
        assert_eq!(held.len(), WAITING_MAX);
        assert!(waiting.register(8).is_none());
        held.truncate(2);
        let other = waiting.register(8).unwrap();
        waiting.tell(&[7]);
        assert!(held.iter_mut().all(|waiter| waiter.told().now_or_never().is_some()));
        drop(held);
        assert_eq!((waiting.count.load(Ordering::Relaxed), waiting.waiters.lock().tells.len()), (1, 1));
        drop(other);
        assert_eq!((waiting.count.load(Ordering::Relaxed), waiting.waiters.lock().tells.len()), (0, 0));
    }
}
