//! The description of the API: made from routes, rights, shapes and problems, and held against the committed file and real answers.

pub mod document;
mod erasing;
pub mod examples;
mod held;
pub mod judge;
pub mod operations;
pub mod problems;
mod proving;
mod said;
mod settling;
pub mod shapes;

use std::path::PathBuf;

use serde_json::Value;

/// Where it stands.
fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/intake/openapi.json")
}

/// As committed.
pub fn committed() -> Value {
    serde_json::from_slice(&std::fs::read(place()).unwrap()).unwrap()
}
