//! What every pulled face keeps to: how much it reads, how much it hands out.

use domain::socket::FaceFault;

use crate::markup::{Limits, MarkupFault};

/// Largest body a face reads, in bytes. A feedback with the sealed PDF of each of some 20 lines is below 3 MiB;
/// what is larger is sent by partners in parts anyway.
pub const CALL_BYTES_MAX: usize = 4 * 1024 * 1024;

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
