//! Real-estate registries: the courts' form as messages of elements (WIRE.md g.2), in UTF-8; seals in place of sums.

mod feedback;
mod list;
mod message;
mod partner;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::ActKind;
use domain::outcome::AssetKind;
use domain::partner::Travel;
use domain::request::PartnerKind;
use domain::socket::{Adapter, ListClass, OptionFault, PartnerOptions, Plug};

use crate::court_form;
use crate::court_form::face::CourtFace;
use crate::dialect::{Industry, Purpose};
use crate::transport::charset::Charset;
use crate::transport::soap::Service;

/// Registries that fetch over SOAP, by `schemas/partners/registry.md`.
pub(crate) const PULL: Adapter = Adapter {
    name: "registry_pull",
    travel: Travel::Pull,
    options: court_form::options::OPTIONS,
    acts: &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::TransferNotice],
    form: |options| court_form::options::form(&INDUSTRY, options),
    build,
};

/// The service that they call.
pub(crate) static INDUSTRY: Industry = Industry {
    kind: PartnerKind::Registry,
    service: Service {
        path: "/services/IpConvertDataService",
        name: "IpConvertData",
        namespace: "http://ip.service.webService.ckw.tdh/",
        operations: &[
            ("cxBdcQL", &["usermarker"]),
            ("kzBdcQL", &["usermarker"]),
            ("cxwsInfo", &["usermarker", "wsbhinfo"]),
            ("kzwsInfo", &["usermarker", "wsbhinfo"]),
            ("zjInfo", &["usermarker", "wsbhinfo"]),
            ("feedBdcQL", &["usermarker", "feedbackinfo"]),
            ("feedkzBdcQL", &["usermarker", "feedbackinfo"]),
            ("feedkzhzBdcQL", &["usermarker", "feedbackinfo"]),
            ("htInfo", &["usermarker", "feedbackinfo"]),
        ],
    },
    prefix: "",
    operations: &[
        ("cxBdcQL", Purpose::List(ListClass::Queries)),
        ("kzBdcQL", Purpose::List(ListClass::Controls)),
        ("cxwsInfo", Purpose::Papers(ListClass::Queries)),
        ("kzwsInfo", Purpose::Papers(ListClass::Controls)),
        ("zjInfo", Purpose::Credentials),
        ("feedBdcQL", Purpose::Feedback(ListClass::Queries)),
        ("feedkzBdcQL", Purpose::Feedback(ListClass::Controls)),
        ("feedkzhzBdcQL", Purpose::Receipts),
        ("htInfo", Purpose::HandBack),
    ],
    charset: Charset::Utf8,
    fields_in_elements: true,
    errors: ["ErrorMSG", "ErrorMSG", "ErrorMSG"],
    word: "IP",
    asset: AssetKind::RealEstate,
    measures: &[
        (ActKind::Freeze, "11"),
        (ActKind::Renew, "12"),
        (ActKind::Release, "14"),
        (ActKind::TransferNotice, "15"),
    ],
    id_types: &[],
};

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let dialect = court_form::options::dialect(&INDUSTRY, options)?;
    Ok(Plug::Pull(Arc::new(partner::RegistryPartner { dialect })))
}

/// The path that they call.
pub(crate) fn face() -> CourtFace {
    CourtFace::new(&INDUSTRY, partner::denied)
}
