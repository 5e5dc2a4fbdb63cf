//! The engine's threads: none ends by a fault of its own without the whole process ending, and what the checkpoint thread does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Millis;

use super::{Asked, FREE_BYTES_MIN, OpenError, Shared};
use crate::command::Command;

/// Held by what must run for as long as the process does. Without it everything would look well and nothing happen any more.
pub(crate) struct Watched {
    shared: Arc<Shared>,
    name: &'static str,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.broken.store(true, Ordering::SeqCst);
            tracing::error!(
                thread = self.name,
                "a thread of the gateway ended by a fault of its own: nothing more is accepted and the process ends; start it again, what was acknowledged is safe"
            );
        }
    }
}

impl Shared {
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// To be held by a thread, or by a task that goes on until the gateway stops.
    pub(crate) fn watched(self: &Arc<Self>, name: &'static str) -> Watched {
        Watched { shared: Arc::clone(self), name }
    }
}

pub(super) fn spawn(
    name: &'static str,
    shared: &Arc<Shared>,
    work: Box<dyn FnOnce() + Send>,
) -> Result<JoinHandle<()>, OpenError> {
    let watched = shared.watched(name);
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _watched = watched;
        work();
    });
    thread.map_err(|source| OpenError::System { operation: "starting a thread", source })
}

/// Once a second: a signed checkpoint when the tree has grown, free space, counted refusals.
pub(super) fn publish(shared: &Arc<Shared>, stops: &Receiver<()>) {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        let stopping = !matches!(stops.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout));
        if let Err(error) = shared.trail.publish() {
            tracing::error!(%error, "no checkpoint was signed; receipts stay valid, proofs wait");
        }
        let full = (shared.free_bytes)(&shared.directory).is_some_and(|free| free < FREE_BYTES_MIN);
        if full != shared.full.swap(full, Ordering::Relaxed) {
            tracing::warn!(full, "free space in the data directory crossed 64 MiB");
        }
        if stopping {
            return;
        }
        shared.tell_refused(false);
    }
}

impl Shared {
    /// Records the counts of refused calls, of minutes that are over or of all; the decider must still be at work.
    pub(crate) fn tell_refused(&self, all: bool) {
        let now_minute = self.clock.wall() / 60_000 * 60_000;
        let over: Counted = {
            let mut refused = self.refused.lock();
            let (over, open) =
                std::mem::take(&mut *refused).into_iter().partition(|((_, minute), _)| all || *minute < now_minute);
            *refused = open;
            over
        };
        for ((source, minute), count) in over {
            let asked = Asked::Command(Box::new(Command::Refused { source: source.clone(), minute, count }), None);
            // Who stops has no later turn; any other time what finds no room is told with the next.
            let sent = if all { self.commands.send(asked).is_ok() } else { self.commands.try_send(asked).is_ok() };
            if !sent {
                let mut refused = self.refused.lock();
                let kept = refused.entry((source, minute)).or_insert(0);
                *kept = kept.saturating_add(count);
            }
        }
    }
}

/// Refused calls by source and minute.
type Counted = BTreeMap<(String, Millis), u32>;
