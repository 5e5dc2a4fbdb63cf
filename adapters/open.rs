//! The open task form (`schemas/partners/open-tasks.md`): what insurers, housing-fund centres and police share of it.
//!
//! An industry says what is its own in a [`Trade`] and leaves the rest to this module:
//!
//! ```ignore
//! const TRADE: Trade = Trade { object: "insurance", acts: ACTS, write, read, papers };
//!
//! pub(crate) const OPEN: Adapter = Adapter {
//!     name: "insurance_open", travel: Travel::CallOut, options: open::OPTIONS, acts: ACTS, form,
//!     build: |options| open::build_checked(&TRADE, open::OPTIONS, options, |_| {}),
//! };
//! ```
//!
//! * `write(slip, line)` gives the industry's own object of a task (`Ok(None)` = none), or [`Unencodable`] when something
//!   mandatory for this industry is missing. What every act must have is checked here: an amount where
//!   [`domain::ActKind::needs_amount`], a last day for freeze and renew, an original for what builds on one, a destination
//!   for what moves money.
//! * `read(kind, json, outcome)` reads the industry's own lists out of the same answer object and completes the outcome,
//!   in which all common fields stand already. It derives `serde::Deserialize` on a struct with only its own keys, with the
//!   types of [`fields`], and reads it with [`fields::read`]. [`Unreadable`] makes the whole answer a doubt. It is called
//!   for every final or registered state but refusals, hand-backs and unknown customers.
//! * `papers(kind)`: does a task of this kind carry the bytes of its papers? Otherwise their numbers and digests only.
//! * An industry with options beyond [`OPTIONS`] gives [`build_checked`] the longer list and a look at its own.
//! * [`task`], [`judge_sent`] and [`judge_asked`] are pure: goldens and property tests need no network.

pub(crate) mod answer;
mod call;
pub(crate) mod fields;
mod inbound;
mod options;
mod task;

#[cfg(test)]
pub(crate) mod tests;

use domain::outcome::Outcome;
use domain::slip::{Line, Slip};
use domain::{ActKind, Flaw};

pub(crate) use answer::AHEAD_MAX;
#[cfg(test)]
pub(crate) use answer::{judge_asked, judge_sent};
#[cfg(test)]
pub(crate) use inbound::{answer_inbound, read_inbound};
pub(crate) use options::{OPTIONS, build_checked};
#[cfg(test)]
pub(crate) use task::task;

/// What an industry adds to the common form.
pub(crate) struct Trade {
    /// Key of the industry's own object in a task, such as `insurance`.
    pub(crate) object: &'static str,
    /// The acts it can say; every other kind is unencodable.
    pub(crate) acts: &'static [ActKind],
    /// Writes the industry's own object.
    pub(crate) write: fn(&Slip, &Line) -> Result<Option<serde_json::Value>, Unencodable>,
    /// Reads the industry's own lists of an answer object (its JSON text) into the outcome.
    pub(crate) read: fn(ActKind, &str, &mut Outcome) -> Result<(), Unreadable>,
    /// Whether a task of this kind carries the bytes of its papers.
    pub(crate) papers: fn(ActKind) -> bool,
}

/// Something mandatory is missing or cannot be said; nothing is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unencodable;

/// An answer is not of the agreed shape; names the place, never the content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unreadable(pub(crate) Flaw);
