//! How messages travel: HTTP calls we make, faces that partners call, and the charsets both are written in.

pub mod charset;
pub(crate) mod endpoint;
pub mod http;
pub mod pull;
pub(crate) mod soap;

pub use http::read_capped;
