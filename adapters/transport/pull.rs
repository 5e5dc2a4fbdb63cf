//! What every pulled face keeps to: how much it reads, how much it hands out.

use domain::socket::FaceFault;

use crate::markup::{Limits, MarkupFault};

/// Largest body a face reads, in bytes: as much as `limits.face_bytes_max` lets in unless told otherwise. Files are Base64 twice, so it
/// holds 18 MiB of sealed answers. Reading it takes some three times as much, for which the room of long bodies is held meanwhile.
pub const CALL_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Largest list or set of files handed out, in bytes before Base64. Partners read answers into memory of 32-bit
/// front machines; what does not fit is offered again with the next pull, because lists are re-delivered until answered.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Limits on the documents inside a call: the densest honest feedback is 2,000 accounts with ten children each.
pub(crate) const LIMITS: Limits = Limits { depth_max: 64, elements_max: 40_000, attributes_max: 128 };

impl From<MarkupFault> for FaceFault {
    fn from(fault: MarkupFault) -> Self {
        match fault {
            MarkupFault::Malformed(place) => Self::Malformed(place.into()),
            MarkupFault::TooLarge(limit) => Self::TooLarge(limit.into()),
        }
    }
}
