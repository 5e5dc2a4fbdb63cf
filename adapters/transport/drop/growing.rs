//! A file that grows: it appears under its name or whoever waits for it gives up, one of the two; and each attempt grows under a
//! name of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::socket::Cause;

use super::mailbox::{Folder, PutFault};

/// Names under which one file may grow: so many attempts hang, or were cut off, before the first one's name is used again.
pub const PARTS_MAX: u8 = 8;
/// Files of one box remembered with attempts that have not ended, each some 100 bytes; beyond it the lowest number, which is the
/// oldest order, is forgotten.
pub const GROWING_MAX: usize = 1_024;

const GROWING: u8 = 0;
const SHOWN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// How far one attempt is. Who works at it and who waits for it may be two: work on a mount that hangs goes on when the mount is
/// back. Whichever moves first decides for both.
#[derive(Clone, Default)]
pub(crate) struct Step(Arc<AtomicU8>);

impl Step {
    /// The last moment before the rename: from here on it may stand there. False when nobody waits any more: it must not appear.
    #[must_use]
    pub(crate) fn show(&self) -> bool {
        self.goes_to(SHOWN)
    }

    /// Has whoever waited given up?
    pub(crate) fn is_given_up(&self) -> bool {
        self.0.load(Ordering::SeqCst) == GIVEN_UP
    }

    /// Nobody waits any more; what that proves.
    pub(crate) fn give_up(&self, cause: Cause) -> PutFault {
        self.goes_to(GIVEN_UP);
        self.fault(cause)
    }

    /// What a failure with this cause proves, once the work has ended or been given up.
    pub(crate) fn fault(&self, cause: Cause) -> PutFault {
        if self.0.load(Ordering::SeqCst) == SHOWN { PutFault::Unknown(cause) } else { PutFault::NotThere(cause) }
    }

    fn goes_to(&self, next: u8) -> bool {
        self.0.compare_exchange(GROWING, next, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// Whoever waits: gives up where nobody asks it any more, so that an exchange that was dropped leaves nothing behind its back.
#[derive(Default)]
pub(crate) struct Waiting(pub(crate) Step);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.give_up(Cause::Interrupted);
    }
}

/// The name under which a file grows; partners' software looks for whole names, and so does ours.
pub(crate) fn growing(name: &str) -> String {
    format!(".{name}.part")
}

/// The names under which attempts grow that have not ended, or of which nobody knows whether they have.
#[derive(Clone, Default)]
pub(crate) struct Parts(Arc<Mutex<BTreeMap<(&'static str, String), u8>>>);

/// One attempt's own name. Dropped without a word it stays taken: a server that was cut off may still write to it.
pub(crate) struct Part {
    parts: Parts,
    key: (&'static str, String),
    nth: u8,
}

impl Parts {
    /// The first name that nothing grows under.
    pub(crate) fn take(&self, folder: Folder, name: &str) -> Part {
        let key = (folder.name(), name.to_owned());
        let mut taken = self.taken();
        let bits = taken.entry(key.clone()).or_default();
        let free = (0..PARTS_MAX).find(|nth| *bits & (1 << nth) == 0);
        if free.is_none() {
            *bits = 0;
        }
        let nth = free.unwrap_or(0);
        *bits |= 1 << nth;
        if taken.len() > GROWING_MAX {
            let oldest = taken.keys().find(|other| **other != key).cloned();
            oldest.and_then(|oldest| taken.remove(&oldest));
        }
        drop(taken);
        Part { parts: self.clone(), key, nth }
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Its file's name.
    pub(crate) fn name(&self) -> String {
        self.nth_name(self.nth)
    }

    /// Names under which earlier attempts may have left something.
    pub(crate) fn others(&self) -> Vec<String> {
        let bits = self.parts.taken().get(&self.key).copied().unwrap_or_default();
        let others = (0..PARTS_MAX).filter(|nth| *nth != self.nth && bits & (1 << nth) != 0);
        others.map(|nth| self.nth_name(nth)).collect()
    }

    /// Nothing writes to it any more.
    pub(crate) fn ended(self) {
        let mut taken = self.parts.taken();
        if let Some(bits) = taken.get_mut(&self.key) {
            *bits &= !(1 << self.nth);
            if *bits == 0 {
                taken.remove(&self.key);
            }
        }
    }

    /// The file stands whole: whatever earlier attempts still do, they do it to names that nobody uses.
    pub(crate) fn ended_whole(self) {
        self.parts.taken().remove(&self.key);
    }

    fn nth_name(&self, nth: u8) -> String {
        let (_, name) = &self.key;
        if nth == 0 { growing(name) } else { growing(&format!("{name}.{nth}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_two_decides_whichever_order_they_come_in() {
        let orders: [&[bool]; 6] =
            [&[true], &[false], &[true, false], &[false, true], &[false, false, true], &[true, false, false]];
        for order in orders {
            let (step, mut shown, mut told) = (Step::default(), false, None);
            for is_worker in order {
                if *is_worker {
                    shown = step.show();
                } else {
                    told = Some(step.give_up(Cause::Timeout));
                }
            }
            let told = told.unwrap_or_else(|| step.fault(Cause::Broken));
            assert_eq!(matches!(told, PutFault::Unknown(_)), shown, "{order:?}");
        }
    }

    #[test]
    fn dropped_is_given_up() {
        let waiting = Waiting::default();
        let step = waiting.0.clone();
        drop(waiting);
        assert!(step.is_given_up() && !step.show());
    }

    #[test]
    fn attempts_that_have_not_ended_keep_their_names() {
        let parts = Parts::default();
        let first = parts.take(Folder::Download, "a.zip");
        let second = parts.take(Folder::Download, "a.zip");
        assert_eq!((first.name(), second.name()), (".a.zip.part".to_owned(), ".a.zip.1.part".to_owned()));
        assert_eq!(parts.take(Folder::Upload, "a.zip").name(), ".a.zip.part", "another folder");
        assert_eq!(second.others(), [first.name()]);
        first.ended();
        assert_eq!(parts.take(Folder::Download, "a.zip").name(), ".a.zip.part", "an ended one's name is free");
        // Cut off again and again: the names go round.
        let names: std::collections::BTreeSet<String> =
            (0..100).map(|_| parts.take(Folder::Taken, "a.zip").name()).collect();
        assert_eq!(names.len(), usize::from(PARTS_MAX));
        second.ended_whole();
        assert_eq!(parts.take(Folder::Download, "a.zip").name(), ".a.zip.part", "all is forgotten");
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let parts = Parts::default();
        for nth in 0..2 * GROWING_MAX {
            drop(parts.take(Folder::Download, &format!("{nth:06}.zip")));
        }
        assert_eq!(parts.taken().len(), GROWING_MAX);
    }
}
