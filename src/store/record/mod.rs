//! Records: what stands in the journal. A leaf (evidence, no personal data) and a body (everything else, sealed).
//!
//! ```text
//! leaf  = canonical JSON (RFC 8785) {"at":ms,"body":"<sha-256 of the sealed body, hex>","e":"noun.past_verb","f":{…},"v":1}
//! body  = JSON, sealed under the case's data key; `f` of a leaf never repeats what stands in it
//! ```
//! The names and fields are listed in `schemas/trail/events.toml`; a name or version that is not there refuses to open.

mod body;
mod empty;
mod facts;
mod list;
mod outcomes;
mod papers;
mod versions;

pub use body::{
    AcceptedBody, AmendedBody, Body, BodyError, ChangedBody, DocumentBody, ImportedBody, PackTwin, PlanLine,
    PlannedBody, ReasonBody, SealTwin, SettledBody, TaskBody,
};
pub use facts::*;
pub use outcomes::{FoundTwin, LeadTwin, OutcomeTwin, PriorTwin, details_in, details_out};
pub use papers::RequestTwin;

use domain::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The most bytes a leaf may have (tlog-tiles entries carry a 16-bit length).
pub const LEAF_BYTES_MAX: usize = 65_535;
/// The most bytes a sealed body may have to stand in the record; larger ones stand in blobs.
pub const BODY_IN_RECORD_BYTES_MAX: usize = 64 * 1024;

/// One event.
#[derive(Clone)]
pub struct Event {
    /// Journal time in UTC milliseconds, never backwards.
    pub at: Millis,
    /// What the leaf says.
    pub fact: Fact,
    /// What the body says; `None` when there is none, or when its key was destroyed ("erased").
    pub body: Option<Body>,
    /// The key slot that seals the body; 0 = the gateway's own.
    pub key: u64,
}

#[derive(Serialize)]
struct LeafOut<'a> {
    at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    e: &'static str,
    f: &'a Fact,
    #[serde(skip_serializing_if = "is_zero")]
    k: u64,
    v: u8,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A leaf as read back: the fact, and what is needed to find and check the body.
pub struct Leaf {
    /// Journal time.
    pub at: Millis,
    /// What happened.
    pub fact: Fact,
    /// SHA-256 of the sealed body, lower-case hex.
    pub body_digest: Option<String>,
    /// The key slot that seals the body.
    pub key: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafIn<'a> {
    at: Millis,
    #[serde(default)]
    body: Option<String>,
    #[serde(borrow)]
    e: &'a str,
    #[serde(borrow)]
    f: &'a RawValue,
    #[serde(default)]
    k: u64,
    v: u8,
}

/// A leaf that this build cannot read.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// Not the agreed shape.
    #[error("reading a leaf: {0}; the journal was written by another program or is damaged: run `xiezhi verify`")]
    Shape(#[from] serde_json::Error),
    /// An event of a later release.
    #[error(
        "reading a leaf: event {name} version {version} is unknown here; open this directory with the release that wrote it, or a later one"
    )]
    Unknown {
        /// The name.
        name: String,
        /// The version.
        version: u8,
    },
    /// Longer than a leaf may be.
    #[error("writing a leaf of {name}: {bytes} bytes, {LEAF_BYTES_MAX} allowed; plan fewer acts in one event")]
    TooLong {
        /// The event.
        name: &'static str,
        /// Its length.
        bytes: usize,
    },
}

/// Writes the leaf of an event into `out`, which is cleared first.
///
/// # Errors
/// [`LeafError::TooLong`].
pub fn write_leaf(event: &Event, body_digest: Option<&str>, out: &mut Vec<u8>) -> Result<(), LeafError> {
    out.clear();
    let e = event.fact.name();
    let leaf = LeafOut { at: event.at, body: body_digest, e, f: &event.fact, k: event.key, v: event.fact.version() };
    serde_json::to_writer(&mut *out, &leaf)?;
    if out.len() > LEAF_BYTES_MAX {
        return Err(LeafError::TooLong { name: e, bytes: out.len() });
    }
    Ok(())
}

/// Reads a leaf.
///
/// # Errors
/// [`LeafError::Shape`] and [`LeafError::Unknown`].
pub fn read_leaf(bytes: &[u8]) -> Result<Leaf, LeafError> {
    let leaf: LeafIn<'_> = serde_json::from_slice(bytes)?;
    let unknown = || LeafError::Unknown { name: leaf.e.to_owned(), version: leaf.v };
    let newest = Fact::VERSIONS.iter().find(|(name, _)| *name == leaf.e).map_or(1, |(_, newest)| *newest);
    if !(1..=newest).contains(&leaf.v) {
        return Err(unknown());
    }
    let fact = Fact::read(leaf.e, leaf.f)?.ok_or_else(unknown)?;
    // A version says what it may say and nothing of a later one, so that what is read is written again byte by byte.
    if fact.version() != leaf.v {
        return Err(unknown());
    }
    Ok(Leaf { at: leaf.at, fact, body_digest: leaf.body, key: leaf.k })
}

#[cfg(test)]
mod tests;
