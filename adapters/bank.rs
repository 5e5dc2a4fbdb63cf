//! Banks: those that fetch our lists over SOAP (the national court-to-bank form), and those we call over HTTP.

mod call;
mod face;
mod options;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

use domain::partner::Travel;
use domain::socket::Adapter;

pub use call::BankCall;
pub use face::BankFace;

/// Banks that fetch: [`BankFace`] is the path they call.
pub(crate) const PULL: Adapter =
    Adapter { name: "bank_pull", travel: Travel::Pull, options: options::PULL_OPTIONS, build: options::build_pull };

/// Banks that we call, by `schemas/partners/bank-http-xml.md`.
pub(crate) const HTTP: Adapter =
    Adapter { name: "bank_http", travel: Travel::CallOut, options: options::HTTP_OPTIONS, build: options::build_http };

/// What a benchmark needs of the codec without a network; no part of the socket.
#[doc(hidden)]
pub mod codec {
    pub use super::wire::answer::judge_send;
    pub use super::wire::order::{Ends, order};
}
