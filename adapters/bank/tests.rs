//! The bank codecs against golden files, against hostile bytes, and against the readings both sides agreed on.

mod call_out;
mod golden;
mod pulled;
pub(crate) mod specimen;
mod words;
