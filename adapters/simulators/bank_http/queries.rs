//! The last queries answered: enough to know a number used twice and to answer a question about it.

use std::collections::{HashMap, VecDeque};

/// Queries remembered; older ones are answered from the books again (the contract allows it).
const QUERIES_MAX: usize = 16_384;

/// One answered query.
#[derive(Clone)]
pub(crate) struct Query {
    pub content: String,
    pub code: super::wire::Code,
    pub body: String,
}

/// The last queries by their number.
#[derive(Default)]
pub(crate) struct Recent {
    by_number: HashMap<String, Query>,
    order: VecDeque<String>,
}

impl Recent {
    pub(crate) fn get(&self, number: &str) -> Option<&Query> {
        self.by_number.get(number)
    }

    pub(crate) fn put(&mut self, number: &str, query: Query) {
        if self.by_number.insert(number.to_owned(), query).is_some() {
            return;
        }
        self.order.push_back(number.to_owned());
        if self.order.len() > QUERIES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_number.remove(&oldest);
        }
    }
}
