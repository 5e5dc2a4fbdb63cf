//! The intake: what enforcement systems send and see.

pub(crate) mod acts;
pub(crate) mod at;
pub(crate) mod check;
pub(crate) mod commands;
pub mod deliveries;
pub(crate) mod documents;
pub(crate) mod form;
pub(crate) mod parts;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod requests;
pub(crate) mod said;
pub(crate) mod show;
pub(crate) mod submit;
pub(crate) mod text;
pub(crate) mod warned;
