//! The shared form: what every industry's tests use of it, and what is true of it by itself.

pub(crate) mod specimen;
