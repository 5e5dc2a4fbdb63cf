//! The index: history, search and lists over everything, rebuildable from the journal and therefore never trusted.
//!
//! What an entry means is decided above; here are the families of keys, the batch, the pages, and two implementations:
//! [`SledIndex`] on disk and [`MemoryIndex`] for simulation and as the model in tests.

mod key;
mod memory;
mod sled_index;
mod value;

pub use key::{EntryId, IndexKey, IndexList};
pub use memory::MemoryIndex;
pub use sled_index::{Opened, SetAside, SledIndex};

use crate::random::Random;
use crate::seal::SealError;
use std::io;
use std::path::PathBuf;

/// Events in one batch, at most: so far the place in the journal moves at a time, and so much is applied again after a kill. The memory gate
/// (`examples/index_memory.rs`) is measured with batches of this size.
pub const BATCH_EVENTS_MAX: u64 = 256;
/// Puts and removes in one batch, at most: they are sealed before the first is written.
pub const BATCH_ENTRIES_MAX: usize = 1_024;
/// Bytes of one value, at most: an entry points into the journal, it does not repeat it.
pub const VALUE_BYTES_MAX: usize = 4_096;
/// Entries in one page, at most.
pub const PAGE_ENTRIES_MAX: usize = 500;

/// Why the index could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The files are damaged or sled gave up. The index refuses everything from now on.
    #[error("{operation} index {path}: damaged ({reason}); set it aside and refill it from the journal, nothing is lost", path = path.display())]
    Damaged {
        /// What was being done.
        operation: &'static str,
        /// Folder of the index.
        path: PathBuf,
        /// What was found; never holds content.
        reason: String,
    },
    /// The system refused; the index itself may be sound.
    #[error("{operation} index {path}: {source}; look at free space and permissions", path = path.display())]
    Disk {
        /// What was being done.
        operation: &'static str,
        /// Folder of the index.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The batch breaks a limit of this file or goes backwards.
    #[error("apply a batch to the index: {reason}; split it at the event")]
    Batch {
        /// Which limit.
        reason: String,
    },
    /// A cursor that does not belong to the list.
    #[error("read a page of the index: the cursor belongs to another list; start again without one")]
    ForeignCursor,
    /// A value could not be sealed.
    #[error("apply a batch to the index: {0}")]
    Seal(#[from] SealError),
}

impl IndexError {
    /// Whether the index has to be set aside and refilled.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}

/// What up to [`BATCH_EVENTS_MAX`] events change. Written in order and `applied` last, so that a batch that was cut short is applied again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexBatch {
    /// Sequence of the next event to apply once this batch is in.
    pub applied: u64,
    /// Entries to write; a later put of the same key wins.
    pub puts: Vec<(IndexKey, Vec<u8>)>,
    /// Entries to take away, after the puts, so that what takes their place is there before they go; a missing one is no error.
    pub removes: Vec<IndexKey>,
}

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageOrder {
    /// Highest sequence first.
    NewestFirst,
    /// Lowest sequence first.
    OldestFirst,
}

/// Where a page ended. Opaque; holds no personal data, but hand it out only to whoever may read the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// The bytes to hand out.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes handed-out bytes back; checked against the list when used.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Entries of a list in the order asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Key and value of each entry.
    pub entries: Vec<(IndexKey, Vec<u8>)>,
    /// Where to go on; none when the list is at its end.
    pub next: Option<Cursor>,
}

/// An index over the journal. Reads may run beside the one writer.
pub trait Index: Send + Sync {
    /// Sequence of the next event to apply; everything below is in.
    fn applied(&self) -> u64;

    /// Somebody met damage in it: it refuses everything from then on and has to be set aside and refilled.
    fn is_damaged(&self) -> bool;

    /// Applies a batch. It is not on disk yet when this returns: after a crash an older [`Index::applied`] tells from where to apply again,
    /// and part of what comes then may be there already; putting it once more changes nothing. Readers may see part of a batch meanwhile.
    ///
    /// # Errors
    /// See [`IndexError`]; over the limits of this file or not beyond `applied` is [`IndexError::Batch`].
    fn apply(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<(), IndexError>;

    /// The value under `key`.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], [`IndexError::Disk`].
    fn get(&self, key: &IndexKey) -> Result<Option<Vec<u8>>, IndexError>;

    /// Up to `limit` (cut to [`PAGE_ENTRIES_MAX`]) entries of `list`, after `cursor`.
    ///
    /// # Errors
    /// [`IndexError::ForeignCursor`], [`IndexError::Damaged`], [`IndexError::Disk`].
    fn page(
        &self,
        list: &IndexList,
        order: PageOrder,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, IndexError>;

    /// Writes what was applied to disk; worth doing at drain, so that less is applied again at the next start.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], [`IndexError::Disk`].
    fn flush(&self) -> Result<(), IndexError>;
}

/// The limits that both implementations hold.
fn check_batch(applied: u64, batch: &IndexBatch) -> Result<(), IndexError> {
    let refuse = |reason: String| Err(IndexError::Batch { reason });
    let Some(events) = batch.applied.checked_sub(applied).filter(|events| *events > 0) else {
        return refuse(format!("it ends at sequence {} and {applied} is already reached", batch.applied));
    };
    if events > BATCH_EVENTS_MAX {
        return refuse(format!("it covers {events} events, the limit is {BATCH_EVENTS_MAX}"));
    }
    let entries = batch.puts.len() + batch.removes.len();
    if entries > BATCH_ENTRIES_MAX {
        return refuse(format!("it holds {entries} entries, the limit is {BATCH_ENTRIES_MAX}"));
    }
    match batch.puts.iter().map(|(_, value)| value.len()).max() {
        Some(bytes) if bytes > VALUE_BYTES_MAX => {
            refuse(format!("a value of {bytes} bytes, the limit is {VALUE_BYTES_MAX}"))
        }
        _ => Ok(()),
    }
}

/// First and one-past-last key of what is left of a list after `cursor`.
fn page_bounds(list: &IndexList, order: PageOrder, cursor: Option<&Cursor>) -> Result<(Vec<u8>, Vec<u8>), IndexError> {
    let (start, end) = list.bounds();
    let Some(Cursor(at)) = cursor else { return Ok((start, end)) };
    if *at < start || *at >= end {
        return Err(IndexError::ForeignCursor);
    }
    match order {
        PageOrder::NewestFirst => Ok((start, at.clone())),
        // The smallest key above `at` is `at` with a zero byte behind it.
        PageOrder::OldestFirst => Ok((at.iter().copied().chain([0]).collect(), end)),
    }
}

#[cfg(test)]
mod tests;
