//! What becomes of the rows of an import: a measure of ours, and what a row says otherwise than what is known of it.

use domain::{Day, MeasureId, Money};

/// A row of an import that stands for a measure of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakenOver {
    /// The measure.
    pub id: MeasureId,
    /// It was known before: nothing was changed.
    pub known: bool,
    /// What the row says otherwise than what is known.
    pub differs: Vec<RowDiffers>,
}

/// A field of a row that says otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowDiffers {
    /// The field, by its name in the row.
    pub field: &'static str,
    /// What is known; `None` for what tells who someone is or what they own.
    pub known: Option<KnownValue>,
}

/// What is known of a measure, for comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownValue {
    /// A sum.
    Sum(Money),
    /// A day; `None` = none is known.
    Day(Option<Day>),
    /// A rank, 1 = first; 0 = not known.
    Rank(u16),
    /// It waits behind others, or not.
    Queued(bool),
    /// A word of the API.
    Word(&'static str),
}
