//! A list that is mostly empty, in eight bytes.

use std::ops::Deref;

use serde::{Deserialize, Serialize, Serializer};

/// A list of which most are empty or short. There is one in each case, and of cases there are millions: a vector would take 24 bytes
/// there, and make room for four with the first. In a record it is written as a vector is.
#[derive(Clone, Deserialize)]
#[serde(from = "Vec<T>")]
#[expect(clippy::box_collection, reason = "a boxed slice takes sixteen bytes, and is empty in most cases")]
pub struct Few<T>(Option<Box<Vec<T>>>);

impl<T> Few<T> {
    /// Puts an item behind the last; there is room for no more than were put in.
    pub fn push(&mut self, item: T) {
        let items = self.0.get_or_insert_default();
        items.reserve_exact(1);
        items.push(item);
    }

    /// Takes the first away.
    pub fn remove_first(&mut self) {
        let mut place = 0..;
        self.retain(|_| place.next() != Some(0));
    }

    /// Keeps what is to be kept, in its order.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        let Some(items) = &mut self.0 else { return };
        items.retain(keep);
        if items.is_empty() {
            self.0 = None;
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl<'f, T> IntoIterator for &'f Few<T> {
    type Item = &'f T;
    type IntoIter = std::slice::Iter<'f, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut items: Vec<T>) -> Self {
        items.shrink_to_fit();
        Self((!items.is_empty()).then(|| Box::new(items)))
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::Few;

    #[test]
    fn it_holds_what_was_put_in_and_takes_eight_bytes_when_nothing_was() {
        let mut few = Few::default();
        assert_eq!((size_of_val(&few), few.len()), (8, 0));
        (1..=3_u64).for_each(|item| few.push(item));
        few.remove_first();
        few.retain(|item| *item != 3);
        assert_eq!((&few[..], few.contains(&2)), (&[2][..], true));
        few.remove_first();
        assert!(few.0.is_none(), "nothing is kept for what is gone");
    }

    #[test]
    fn a_record_has_it_as_a_vector() {
        for items in [vec![], vec![7_u64], vec![7, 300, 1]] {
            let bytes = postcard::to_stdvec(&Few::from(items.clone())).unwrap();
            assert_eq!(bytes, postcard::to_stdvec(&items).unwrap());
            assert_eq!(postcard::from_bytes::<Few<u64>>(&bytes).unwrap()[..], items[..]);
        }
    }
}
