//! Payment institutions: wallets that can be asked about, held and deducted from; linked bank cards come back as leads.

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
use crate::court_form::partner::CourtPartner;
use crate::dialect::{Industry, Purpose};
use crate::transport::charset::Charset;
use crate::transport::soap::Service;

/// Payment institutions that fetch over SOAP.
pub(crate) const PULL: Adapter = Adapter {
    name: "payment_pull",
    travel: Travel::Pull,
    options: court_form::options::OPTIONS,
    acts: &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct],
    form: |options| court_form::options::form(&INDUSTRY, options),
    build,
};

/// The service that they call (WIRE.md g.6).
pub(crate) static INDUSTRY: Industry = Industry {
    kind: PartnerKind::Payment,
    service: Service {
        path: "/services/IfConvertDataService",
        name: "IfConvertData",
        namespace: "http://if.service.webService.ckw.tdh/",
        operations: &[
            ("ifgetXzcxList", &["arg0"]),
            ("ifgetXzkzList", &["arg0"]),
            ("ifcxwsInfo", &["arg0", "arg1"]),
            ("ifkzwsInfo", &["arg0", "arg1"]),
            ("ifzjInfo", &["arg0", "arg1"]),
            ("ifshfeedXzcxInfo", &["arg0", "arg1"]),
            ("ifshfeedXzcxwlxxInfo", &["arg0", "arg1"]),
            ("ifshfeedXzkzInfo", &["arg0", "arg1"]),
            ("ifhtInfo", &["arg0", "arg1"]),
        ],
    },
    prefix: "if",
    operations: &[
        ("ifgetXzcxList", Purpose::List(ListClass::Queries)),
        ("ifgetXzkzList", Purpose::List(ListClass::Controls)),
        ("ifcxwsInfo", Purpose::Papers(ListClass::Queries)),
        ("ifkzwsInfo", Purpose::Papers(ListClass::Controls)),
        ("ifzjInfo", Purpose::Credentials),
        ("ifshfeedXzcxInfo", Purpose::Feedback(ListClass::Queries)),
        ("ifshfeedXzcxwlxxInfo", Purpose::Transactions),
        ("ifshfeedXzkzInfo", Purpose::Feedback(ListClass::Controls)),
        ("ifhtInfo", Purpose::HandBack),
    ],
    charset: Charset::Gbk,
    fields_in_elements: false,
    errors: ["errorMsg", "errorMsg", "errMsg"],
    word: "IF",
    asset: AssetKind::Wallet,
    measures: &[(ActKind::Freeze, "01"), (ActKind::Renew, "02"), (ActKind::Release, "04"), (ActKind::Deduct, "06")],
    id_types: &[],
};

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let dialect = court_form::options::dialect(&INDUSTRY, options)?;
    Ok(Plug::Pull(Arc::new(CourtPartner { industry: &INDUSTRY, dialect })))
}

/// The path that they call.
pub(crate) fn face() -> CourtFace {
    CourtFace::new(&INDUSTRY, court_form::partner::denied)
}
