//! The index in memory: for simulation, for small tools, and as the model that the one on disk is tested against.

use super::{Cursor, Index, IndexBatch, IndexError, IndexKey, IndexList, Page, PageOrder};
use super::{PAGE_ENTRIES_MAX, check_batch, page_bounds};
use crate::random::Random;
use parking_lot::RwLock;
use std::collections::BTreeMap;

/// An index that forgets everything when dropped.
#[derive(Default)]
pub struct MemoryIndex {
    held: RwLock<Held>,
}

#[derive(Default)]
struct Held {
    applied: u64,
    entries: BTreeMap<Vec<u8>, (IndexKey, Vec<u8>)>,
}

impl MemoryIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Index for MemoryIndex {
    fn applied(&self) -> u64 {
        self.held.read().applied
    }

    fn is_damaged(&self) -> bool {
        false
    }

    fn apply(&self, batch: &IndexBatch, _random: &mut dyn Random) -> Result<(), IndexError> {
        let mut held = self.held.write();
        check_batch(held.applied, batch)?;
        for (key, value) in &batch.puts {
            held.entries.insert(key.encode(), (key.clone(), value.clone()));
        }
        for key in &batch.removes {
            held.entries.remove(&key.encode());
        }
        held.applied = batch.applied;
        Ok(())
    }

    fn get(&self, key: &IndexKey) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.held.read().entries.get(&key.encode()).map(|(_, value)| value.clone()))
    }

    fn page(
        &self,
        list: &IndexList,
        order: PageOrder,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, IndexError> {
        let (start, end) = page_bounds(list, order, cursor)?;
        let limit = limit.clamp(1, PAGE_ENTRIES_MAX);
        let held = self.held.read();
        if start >= end {
            return Ok(Page::default());
        }
        let range = held.entries.range(start..end);
        let mut found: Vec<_> = match order {
            PageOrder::OldestFirst => range.take(limit + 1).collect(),
            PageOrder::NewestFirst => range.rev().take(limit + 1).collect(),
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(key, _)| Cursor((*key).clone()));
        Ok(Page { entries: found.into_iter().map(|(_, entry)| entry.clone()).collect(), next })
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
