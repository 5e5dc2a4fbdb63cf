//! Papers that a partner asked for and that could not be read: remembered since the start, so that a request says what it really
//! waits for and the figures tell the operator.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// Papers that are remembered: beyond that a disk is lost, and each of them is in the log all the same. About 100 B each.
pub const UNREAD_PAPERS_MAX: usize = 10_000;

/// Which papers, each by its request, the partner that they are for, and their blob.
#[derive(Default)]
pub struct Unread {
    papers: Mutex<BTreeSet<(u64, String, String)>>,
    any: AtomicBool,
}

impl Unread {
    /// A paper of a request could be read for a partner, or not.
    pub fn note(&self, (request, partner): (u64, &str), blob: &str, was_read: bool) {
        if was_read && !self.any.load(Ordering::Relaxed) {
            return;
        }
        let paper = (request, partner.to_owned(), blob.to_owned());
        let mut papers = self.papers.lock();
        if was_read {
            papers.remove(&paper);
        } else if papers.len() < UNREAD_PAPERS_MAX {
            papers.insert(paper);
        }
        self.any.store(!papers.is_empty(), Ordering::Relaxed);
    }

    /// Does the partner wait for one of this request?
    pub fn is_one_of(&self, request: u64, partner: &str) -> bool {
        self.any.load(Ordering::Relaxed) && {
            let papers = self.papers.lock();
            let first = papers.range((request, partner.to_owned(), String::new())..).next();
            first.is_some_and(|(of, by, _)| *of == request && by == partner)
        }
    }

    /// How many requests wait for one; those that are over are forgotten.
    pub fn count(&self, is_open: impl Fn(u64) -> bool) -> u64 {
        if !self.any.load(Ordering::Relaxed) {
            return 0;
        }
        let mut papers = self.papers.lock();
        papers.retain(|(request, ..)| is_open(*request));
        self.any.store(!papers.is_empty(), Ordering::Relaxed);
        let requests: BTreeSet<u64> = papers.iter().map(|(request, ..)| *request).collect();
        u64::try_from(requests.len()).unwrap_or(u64::MAX)
    }
}
