//! The courts' own form, which partners fetch from lists or files: what is said, apart from how it travels.
//!
//! `packed` is a document with its values covered; `list` and `reply` write, `feedback` reads, `reason` makes sense of free text,
//! `beside` and `lists` keep what comes along. [`face`] is the SOAP path of an industry, [`partner`] one partner on it with its dialect.

pub(crate) mod beside;
pub(crate) mod face;
pub(crate) mod feedback;
pub(crate) mod list;
pub(crate) mod lists;
pub(crate) mod options;
pub(crate) mod packed;
pub(crate) mod partner;
pub(crate) mod queue;
pub(crate) mod reason;
pub(crate) mod reply;
#[cfg(test)]
pub(crate) mod specimen;
