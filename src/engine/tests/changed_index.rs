//! An index of which a test changes some calls; all others go to the one behind it.

use store::index::{Cursor, Index, IndexBatch, IndexError, IndexKey, IndexList, Page, PageOrder};
use store::random::Random;

/// What a test changes.
pub(crate) trait Change: Send + Sync {
    fn behind(&self) -> &dyn Index;

    fn applied(&self) -> u64 {
        self.behind().applied()
    }

    fn is_damaged(&self) -> bool {
        self.behind().is_damaged()
    }

    fn apply(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<(), IndexError> {
        self.behind().apply(batch, random)
    }

    /// Before a value or a page is looked up.
    fn look(&self) {}

    /// What a page came to.
    fn page(&self, page: Result<Page, IndexError>) -> Result<Page, IndexError> {
        page
    }
}

/// The index with it.
pub(crate) struct Changed<C>(pub(crate) C);

impl<C: Change> Index for Changed<C> {
    fn applied(&self) -> u64 {
        self.0.applied()
    }

    fn is_damaged(&self) -> bool {
        self.0.is_damaged()
    }

    fn apply(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<(), IndexError> {
        self.0.apply(batch, random)
    }

    fn get(&self, key: &IndexKey) -> Result<Option<Vec<u8>>, IndexError> {
        self.0.look();
        self.0.behind().get(key)
    }

    fn page(
        &self,
        list: &IndexList,
        order: PageOrder,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, IndexError> {
        self.0.look();
        self.0.page(self.0.behind().page(list, order, cursor, limit))
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.0.behind().flush()
    }
}
