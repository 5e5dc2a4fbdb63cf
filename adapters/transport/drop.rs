//! File drop: a folder on this machine or on an SFTP server is the partner's mailbox.
//!
//! What we leave stands whole under its final name or not at all: a temporary name, fsync, one atomic rename. The name holds our
//! number, so the same message is the same file, and leaving it twice is leaving it once.

pub(crate) mod local;
pub(crate) mod mailbox;
pub(crate) mod options;
pub(crate) mod packet;
pub(crate) mod sftp;
pub(crate) mod sweeper;
#[cfg(test)]
pub(crate) mod tests;
mod writing;

pub(crate) use mailbox::{Folder, Mailbox};
pub(crate) use writing::write;
