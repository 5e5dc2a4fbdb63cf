//! Tests of records: the list of events, goldens, round trips, and what must be refused.

mod cases;
mod hostile;
mod listed;
mod reminders;
mod specimens;
mod twins;
mod versions;

use super::*;
use crate::record::tests::specimens::{Seed, specimens};
use crate::record::tests::versions::newer_specimens;

/// The leaf of an event as it goes to the journal; a body is named by a digest that stands for it.
fn leaf_of(event: &Event) -> Vec<u8> {
    let digest = event.body.as_ref().map(|_| "3f".repeat(32));
    let mut leaf = Vec::new();
    write_leaf(event, digest.as_deref(), &mut leaf).unwrap();
    leaf
}

fn canonical(bytes: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    serde_json_canonicalizer::to_string(&value).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
