//! House rules as tests: floors, top level, sizes, names, words, the map and the lists. Each failure says what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/map.rs"]
mod map;
#[path = "tidy/operations.rs"]
mod operations;
#[path = "tidy/ratchet.rs"]
mod ratchet;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/words.rs"]
mod words;
