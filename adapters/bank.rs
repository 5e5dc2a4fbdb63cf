//! Banks: those that fetch our lists over SOAP (the national court-to-bank form), those that fetch them as packets from a
//! mailbox, those that take the regulator's packets, and those we call over HTTP.

mod call;
pub(crate) mod drop;
mod options;
pub(crate) mod packet;
pub(crate) mod wire;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use domain::ActKind;
use domain::form::{Form, PartRelease};
use domain::outcome::AssetKind;
use domain::partner::Travel;
use domain::request::PartnerKind;
use domain::socket::{Adapter, ListClass, OptionFault, PartnerOptions, Plug};

use crate::court_form;
use crate::court_form::face::CourtFace;
use crate::court_form::partner::CourtPartner;
use crate::dialect::{Industry, Purpose};
use crate::transport::charset::Charset;
use crate::transport::soap::Service;

pub use call::BankCall;

/// Banks that fetch over SOAP.
pub(crate) const PULL: Adapter = Adapter {
    name: "bank_pull",
    travel: Travel::Pull,
    options: court_form::options::OPTIONS,
    acts: ACTS,
    form: |options| court_form::options::form(&INDUSTRY, options),
    build: build_pull,
};

/// The service that banks' hubs call.
pub(crate) static INDUSTRY: Industry = Industry {
    kind: PartnerKind::Bank,
    service: Service {
        path: "/services/SyyhConvertDataService",
        name: "SyyhConvertData",
        namespace: "http://syyh.service.webService.ckw.tdh/",
        operations: &[
            ("getXzcxList", &["arg0"]),
            ("getXzkzList", &["arg0"]),
            ("cxwsInfo", &["arg0", "arg1"]),
            ("wsInfo", &["arg0", "arg1"]),
            ("kzwsInfo", &["arg0", "arg1"]),
            ("zjInfo", &["arg0", "arg1"]),
            ("shfeedXzcxInfo", &["arg0", "arg1"]),
            ("shfeedXzcxwlxxInfo", &["arg0", "arg1"]),
            ("shfeedXzkzInfo", &["arg0", "arg1"]),
            ("htInfo", &["arg0", "arg1"]),
        ],
    },
    prefix: "",
    // Nine, and the older name of `cxwsInfo`.
    operations: &[
        ("getXzcxList", Purpose::List(ListClass::Queries)),
        ("getXzkzList", Purpose::List(ListClass::Controls)),
        ("cxwsInfo", Purpose::Papers(ListClass::Queries)),
        ("wsInfo", Purpose::Papers(ListClass::Queries)),
        ("kzwsInfo", Purpose::Papers(ListClass::Controls)),
        ("zjInfo", Purpose::Credentials),
        ("shfeedXzcxInfo", Purpose::Feedback(ListClass::Queries)),
        ("shfeedXzcxwlxxInfo", Purpose::Transactions),
        ("shfeedXzkzInfo", Purpose::Feedback(ListClass::Controls)),
        ("htInfo", Purpose::HandBack),
    ],
    charset: Charset::Gbk,
    fields_in_elements: false,
    errors: ["errorMsg", "errorMsg", "errMsg"],
    word: "YH",
    asset: AssetKind::Cash,
    measures: MEASURES,
    id_types: &[],
};

/// KZCS of WIRE.md g.1, of those that are ordered.
pub(crate) const MEASURES: &[(ActKind, &str)] =
    &[(ActKind::Freeze, "01"), (ActKind::Renew, "02"), (ActKind::Release, "04"), (ActKind::Deduct, "06")];

fn build_pull(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let dialect = court_form::options::dialect(&INDUSTRY, options)?;
    Ok(Plug::Pull(Arc::new(CourtPartner { industry: &INDUSTRY, dialect })))
}

/// The path that banks' hubs call.
pub(crate) fn face() -> CourtFace {
    CourtFace::new(&INDUSTRY, court_form::partner::denied)
}

/// Banks that we call, by `schemas/partners/bank-http-xml.md`.
pub(crate) const HTTP: Adapter = Adapter {
    name: "bank_http",
    travel: Travel::CallOut,
    options: options::HTTP_OPTIONS,
    acts: HTTP_ACTS,
    form,
    build: options::build_http,
};

/// Banks whose front machine works on a mailbox, by `schemas/partners/bank-drop.md`.
pub(crate) const DROP: Adapter = Adapter {
    name: "bank_drop",
    travel: Travel::CallOut,
    options: drop::OPTIONS,
    acts: ACTS,
    form: drop::form,
    build: drop::build,
};

/// Banks whose front machine takes the regulator's packets, by `schemas/partners/bank-packet.md`.
pub(crate) const PACKET: Adapter = Adapter {
    name: "bank_packet",
    travel: Travel::CallOut,
    options: packet::OPTIONS,
    acts: packet::ACTS,
    form: packet::form,
    build: packet::build,
};

/// What all forms of banks but the regulator's can say.
const ACTS: &[ActKind] = &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct];

/// What a bank that we call takes beside: the courts' own form has no measure for money that goes back.
const HTTP_ACTS: &[ActKind] =
    &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct, ActKind::Reverse];

/// What banks hand back for (WIRE.md g.1 and g.4): officers' numbers above 15 bytes of GBK, an order without its original's number.
fn form(options: &PartnerOptions) -> Form {
    let said = options.entries.get("charset").and_then(|entry| Charset::parse(entry.text.expose()));
    Form {
        // Its tables count as GBK does whatever it is told in, and only GBK lacks the rare ones.
        text: said.filter(|charset| *charset == Charset::Gbk).map(Charset::counted).unwrap_or_default(),
        asset_named: HTTP_ACTS.iter().copied().filter(|kind| !kind.is_question()).collect(),
        officer_number_bytes_max: Some(15),
        party_name_bytes_max: Some(200),
        papers: [ActKind::Freeze, ActKind::Deduct, ActKind::Reverse]
            .map(|kind| (kind, vec!["ruling".to_owned()]))
            .to_vec(),
        original_number: true,
        part_release: PartRelease::Read,
        ..Form::default()
    }
}

/// What a benchmark needs of the codec without a network; no part of the socket.
#[doc(hidden)]
pub mod codec {
    pub use super::wire::answer::judge_send;
    pub use super::wire::order::{Ends, order};

    /// As a partner has it: made once, when its options are read.
    static DIALECT: std::sync::LazyLock<crate::dialect::Dialect> =
        std::sync::LazyLock::new(|| crate::dialect::Dialect::of(&super::INDUSTRY));

    /// Reads the argument of a query's feedback; how many items it has.
    #[must_use]
    pub fn read_feedback(argument: &str) -> usize {
        let Ok(packed) = crate::court_form::packed::Packed::read(argument, &DIALECT) else { return 0 };
        let fed = crate::court_form::feedback::read(
            &packed,
            domain::socket::ListClass::Queries,
            domain::outcome::AssetKind::Cash,
        );
        fed.map_or(0, |fed| fed.items.iter().filter(|item| item.outcome.is_ok()).count())
    }

    /// Writes the verdicts on a feedback.
    #[must_use]
    pub fn write_verdicts(verdicts: &[domain::socket::ItemVerdict]) -> String {
        crate::court_form::reply::verdicts(&DIALECT, "cxjglist", "errorMsg", verdicts)
    }

    /// Writes a list of queries.
    #[must_use]
    pub fn write_list(slips: &[domain::slip::Slip]) -> String {
        crate::court_form::list::list(&DIALECT, domain::socket::ListClass::Queries, slips)
    }
}
