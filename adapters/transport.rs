//! How messages travel: HTTP calls we make, faces that partners call, mailboxes of files, and the charsets all are written in.

pub(crate) mod address;
pub mod charset;
mod client;
mod clients;
mod connect;
pub(crate) mod drop;
pub(crate) mod endpoint;
pub mod http;
pub(crate) mod judge;
pub mod pull;
pub(crate) mod soap;
pub mod trial;
pub(crate) mod trust;

pub use address::{Network, Networks};
pub use drop::{Opposite, opposite};
pub use http::read_capped;

#[cfg(test)]
mod tests;
