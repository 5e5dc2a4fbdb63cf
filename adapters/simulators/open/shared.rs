//! What the threads of one partner share, and how a change of its books becomes durable before it is told.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use std::sync::mpsc::sync_channel;
use tokio::sync::{Notify, oneshot};

use super::ledger::Kept;
use super::{Callback, Desk, OpenConfig, Trade};
use crate::SimulatorError;
use crate::bank::BooksError;
use crate::bank::ledger::Done;
use crate::knobs::Knobs;
use crate::rate::RateWatch;

/// What the threads of one partner share.
pub(crate) struct Shared<T: Trade> {
    pub token: String,
    pub desk: Mutex<Desk<T>>,
    pub knobs: Knobs,
    pub rate: Mutex<RateWatch>,
    pub callback: Mutex<Option<Callback>>,
    pub repeat_ms: u64,
    /// Something changed that the clock's task must look at.
    pub wake: Notify,
    /// Something waits to be posted, or can be posted now.
    pub post: Notify,
    /// A callback got its 200, or was given up.
    pub posted: Notify,
    started: Instant,
    /// Milliseconds that had passed in earlier runs.
    passed_ms: u64,
}

impl<T: Trade> Shared<T> {
    /// Takes the books up where their file left them.
    ///
    /// # Errors
    /// When these books say something else than the file tells.
    pub(crate) fn take_up(trade: T, kept: Kept<T::Act>, config: OpenConfig) -> Result<Arc<Shared<T>>, SimulatorError> {
        let passed_ms = kept.passed_ms();
        let mut desk = Desk::new(trade, kept.origin.first_day);
        if let Some((path, ledger)) = kept.file {
            for (place, entry) in kept.entries.into_iter().enumerate() {
                if !desk.replay(entry) {
                    return Err(BooksError::OtherBooks { path, line: place + 1 }.into());
                }
            }
            desk.keep_in(ledger);
        }
        // The calendar may have gone on while the partner was down.
        desk.set_date(config.first_day);
        Ok(Arc::new(Shared {
            token: config.token,
            desk: Mutex::new(desk),
            knobs: Knobs::new(config.seed),
            rate: Mutex::new(RateWatch::new(config.rate)),
            callback: Mutex::new(config.callback),
            repeat_ms: config.repeat_ms,
            wake: Notify::new(),
            post: Notify::new(),
            posted: Notify::new(),
            started: Instant::now(),
            passed_ms,
        }))
    }

    pub(crate) fn elapsed_ms(&self) -> u64 {
        let own_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.passed_ms.saturating_add(own_ms)
    }

    /// What comes due by a change stands in the answers when this returns: whoever asks next is told.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Desk<T>, u64) -> R) -> R {
        let elapsed_ms = self.elapsed_ms();
        let (result, is_news) = {
            let mut desk = self.desk.lock();
            let result = change(&mut desk, elapsed_ms);
            (result, desk.tick(elapsed_ms))
        };
        if is_news {
            self.post.notify_one();
        }
        self.wake.notify_one();
        result
    }

    /// Waits until everything that was changed is on disk.
    ///
    /// # Errors
    /// When the disk failed: nothing may be told then.
    pub(crate) async fn durable(&self) -> Result<(), BooksError> {
        let (told, durable) = oneshot::channel();
        // A waiter that has gone has nobody left to tell.
        let done: Done = Box::new(move || match told.send(()) {
            Ok(()) | Err(()) => {}
        });
        self.desk.lock().after_disk(done)?;
        durable.await.map_err(|_| BooksError::Stopped)
    }

    /// The same for a thread that may block. Where the disk failed the change stands in memory and is never told to a gateway.
    pub(crate) fn wait_durable(&self) {
        let (told, durable) = sync_channel(1);
        let done: Done = Box::new(move || match told.send(()) {
            Ok(()) | Err(_) => {}
        });
        let is_waiting = self.desk.lock().after_disk(done).is_ok();
        if is_waiting {
            match durable.recv() {
                Ok(()) | Err(_) => {}
            }
        }
    }
}
