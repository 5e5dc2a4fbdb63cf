//! Banks: those that fetch our lists over SOAP (the national court-to-bank form), those that fetch them as packets from a
//! mailbox, and those we call over HTTP.

mod call;
mod drop;
mod face;
mod options;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

use domain::ActKind;
use domain::form::Form;
use domain::partner::Travel;
use domain::socket::{Adapter, PartnerOptions};

pub use call::BankCall;
pub use face::BankFace;

/// Banks that fetch: [`BankFace`] is the path they call.
pub(crate) const PULL: Adapter = Adapter {
    name: "bank_pull",
    travel: Travel::Pull,
    options: options::PULL_OPTIONS,
    acts: ACTS,
    form,
    build: options::build_pull,
};

/// Banks that we call, by `schemas/partners/bank-http-xml.md`.
pub(crate) const HTTP: Adapter = Adapter {
    name: "bank_http",
    travel: Travel::CallOut,
    options: options::HTTP_OPTIONS,
    acts: ACTS,
    form,
    build: options::build_http,
};

/// Banks whose front machine works on a mailbox, by `schemas/partners/bank-drop.md`.
pub(crate) const DROP: Adapter = Adapter {
    name: "bank_drop",
    travel: Travel::CallOut,
    options: drop::OPTIONS,
    acts: ACTS,
    form,
    build: drop::build,
};

/// What all forms of banks can say.
const ACTS: &[ActKind] = &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct];

/// What banks hand back for (WIRE.md g.1 and g.4): officers' numbers above 15 bytes of GBK, an order without its original's number.
fn form(_options: &PartnerOptions) -> Form {
    Form {
        officer_number_bytes_max: Some(15),
        party_name_bytes_max: Some(200),
        papers: vec![(ActKind::Freeze, vec!["ruling".to_owned()]), (ActKind::Deduct, vec!["ruling".to_owned()])],
        original_number: true,
        ..Form::default()
    }
}

/// What a benchmark needs of the codec without a network; no part of the socket.
#[doc(hidden)]
pub mod codec {
    pub use super::wire::answer::judge_send;
    pub use super::wire::order::{Ends, order};
}
