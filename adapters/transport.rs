//! How messages travel: HTTP calls we make, faces that partners call, mailboxes of files, and the charsets all are written in.

pub mod charset;
pub(crate) mod drop;
pub(crate) mod endpoint;
pub mod http;
pub mod pull;

pub use http::read_capped;
