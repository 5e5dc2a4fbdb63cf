//! The web floor over real HTTP on a free port, with a gate that only pretends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod contract;
mod faces;
mod fake;
mod fields;
mod house;
mod inbox;
mod limits;
mod logs;
mod measures;
mod openapi;
mod planted;
mod problems;
mod roles;
mod stops;
mod tls;
