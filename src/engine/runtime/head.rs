//! The state at head behind its lock: many read, one thread decides, and no reader can lock itself out.

use std::cell::Cell;
use std::ops::Deref;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::decide::Decider;

thread_local! {
    /// How often this thread holds a state for reading now.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// The decider and its state. A plain lock lets a waiting writer go before new readers, so a thread that reads once more while it
/// reads would wait for the writer, and the writer for it, for ever. Here the second reading of a thread passes the writer.
pub(crate) struct Head<T = Decider>(RwLock<T>);

impl<T> Head<T> {
    /// What is decided so far.
    pub(crate) const fn new(decided: T) -> Self {
        Self(RwLock::new(decided))
    }

    /// Holds it still; for a few milliseconds at most, because nothing is decided meanwhile.
    pub(crate) fn read(&self) -> Reading<'_, T> {
        let held = HELD.get();
        // Only the outermost reading queues behind a writer: were it passed by each, nothing would be decided under many reads.
        let guard = if held == 0 { self.0.read() } else { self.0.read_recursive() };
        HELD.set(held.saturating_add(1));
        Reading(guard)
    }

    /// For the thread that decides, which must not be reading.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        debug_assert_eq!(HELD.get(), 0, "who writes while reading waits for itself");
        self.0.write()
    }
}

/// The state, held still until this is dropped. It stays on its thread.
pub(crate) struct Reading<'h, T = Decider>(RwLockReadGuard<'h, T>);

impl<T> Deref for Reading<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Reading<'_, T> {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_reader_that_reads_again_is_not_locked_out_by_a_writer_that_waits() {
        let head = Arc::new(Head::new(1));
        let outer = head.read();
        let writer = {
            let head = Arc::clone(&head);
            std::thread::spawn(move || *head.write() = 2)
        };
        // Until the writer waits, a reading of another thread is let in.
        let is_let_in = || std::thread::scope(|scope| scope.spawn(|| head.0.try_read().is_some()).join().unwrap());
        while is_let_in() {
            std::thread::yield_now();
        }
        assert_eq!((*head.read(), *outer), (1, 1));
        drop(outer);
        writer.join().unwrap();
        assert_eq!(*head.read(), 2);
        assert_eq!(HELD.get(), 0);
    }
}
