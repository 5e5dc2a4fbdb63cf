//! A slab: items at small stable indices, reused in a fixed order so that a replay gives the same indices.

use serde::{Deserialize, Serialize};

/// Index into a [`Slab`].
pub type Index = u32;
/// No index.
pub const NONE: Index = u32::MAX;

/// Items at stable indices.
#[derive(Serialize, Deserialize)]
pub struct Slab<T> {
    items: Vec<Option<T>>,
    free: Vec<Index>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Puts an item in the place freed last, or at the end.
    pub fn insert(&mut self, item: T) -> Index {
        if let Some(index) = self.free.pop()
            && let Some(place) = self.items.get_mut(index as usize)
        {
            *place = Some(item);
            return index;
        }
        self.items.push(Some(item));
        Index::try_from(self.items.len() - 1).unwrap_or(NONE)
    }

    /// Takes an item out.
    pub fn remove(&mut self, index: Index) -> Option<T> {
        let item = self.items.get_mut(index as usize)?.take()?;
        self.free.push(index);
        Some(item)
    }

    /// The item there.
    pub fn get(&self, index: Index) -> Option<&T> {
        self.items.get(index as usize)?.as_ref()
    }

    /// The item there, to change.
    pub fn get_mut(&mut self, index: Index) -> Option<&mut T> {
        self.items.get_mut(index as usize)?.as_mut()
    }

    /// All items with their indices, in index order.
    pub fn iter(&self) -> impl Iterator<Item = (Index, &T)> {
        self.items.iter().enumerate().filter_map(|(place, item)| Some((Index::try_from(place).ok()?, item.as_ref()?)))
    }

    /// Its places from one on, whether something is there or not, to go on from where somebody stopped.
    pub fn places_from(&self, from: usize) -> impl Iterator<Item = Option<&T>> {
        self.items.get(from..).unwrap_or_default().iter().map(Option::as_ref)
    }

    /// A slab of what `with` makes of each item, at the same indices.
    #[must_use]
    pub fn map<U>(&self, with: impl Fn(&T) -> U) -> Slab<U> {
        Slab { items: self.items.iter().map(|item| item.as_ref().map(&with)).collect(), free: self.free.clone() }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// Nothing there?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
