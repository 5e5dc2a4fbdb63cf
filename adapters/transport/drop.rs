//! File drop: a folder on this machine or on an SFTP server is the partner's mailbox.
//!
//! What we leave stands whole under its final name or not at all: a temporary name, fsync, one atomic rename. The name holds our
//! number, so the same message is the same file, and leaving it twice is leaving it once.

pub(crate) mod call;
mod growing;
mod held;
pub(crate) mod local;
pub(crate) mod mailbox;
pub(crate) mod number;
mod opposite;
pub(crate) mod options;
pub(crate) mod packet;
pub(crate) mod sftp;
pub(crate) mod sweeper;
#[cfg(test)]
pub(crate) mod tests;
mod trial;
mod weight;
mod writing;

use domain::socket::{Cause, Judged};

use mailbox::PutFault;
pub use opposite::{Opposite, opposite};
pub(crate) use writing::write;

/// What leaving a message proves. A message that stands in the box is with the partner; another one under its name is a riddle
/// that people must solve, because something went out under our number that we do not know.
pub(crate) fn judged(put: Result<(), PutFault>) -> Judged {
    match put {
        Ok(()) => Judged::Accepted,
        Err(PutFault::NotThere(cause)) => Judged::NotSent { cause, retry_after_ms: None },
        Err(PutFault::Unknown(cause)) => Judged::Doubt { cause },
        Err(PutFault::Other) => Judged::Doubt { cause: Cause::Schema },
    }
}
