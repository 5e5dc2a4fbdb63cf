//! Inboxes of partners without a system: what their clerks read and answer, as JSON for programs and as pages for browsers.

pub(crate) mod answer;
pub(crate) mod api;
pub(crate) mod pages;
mod remind;
pub(crate) mod shown;
pub(crate) mod sitting;

pub use remind::remind;

/// Earlier measures in one answer at most: a much-fought-over house has a dozen.
pub const AHEAD_MAX: usize = 100;
/// Sealed replies with one answer at most: a sheet and its enclosures.
pub const REPLIES_MAX: usize = 4;
/// Bytes of a sealed reply at most: a colour scan of some pages; four fit into a message and, as base64, into a body.
pub const REPLY_BYTES_MAX: usize = 5 * 1_024 * 1_024;
