//! Fund centres that fetch: the courts' form with the prefix `gjj` and the fields of fund accounts.

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

/// Fund centres that fetch over SOAP.
pub(crate) const PULL: Adapter = Adapter {
    name: "housing_fund_pull",
    travel: Travel::Pull,
    options: court_form::options::OPTIONS,
    acts: &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct],
    form: |options| court_form::options::form(&INDUSTRY, options),
    build,
};

/// The service that they call (WIRE.md g.6).
pub(crate) static INDUSTRY: Industry = Industry {
    kind: PartnerKind::HousingFund,
    service: Service {
        path: "/services/GjjConvertDataService",
        name: "GjjConvertData",
        namespace: "http://gjj.service.webService.ckw.tdh/",
        operations: &[
            ("gjjgetXzcxList", &["arg0"]),
            ("gjjgetXzkzList", &["arg0"]),
            ("gjjcxwsInfo", &["arg0", "arg1"]),
            ("gjjkzwsInfo", &["arg0", "arg1"]),
            ("gjjzjInfo", &["arg0", "arg1"]),
            ("gjjfeedXzcxInfo", &["arg0", "arg1"]),
            ("gjjfeedXzcxwlxxInfo", &["arg0", "arg1"]),
            ("gjjfeedXzkzInfo", &["arg0", "arg1"]),
            ("gjjhtInfo", &["arg0", "arg1"]),
        ],
    },
    prefix: "gjj",
    operations: &[
        ("gjjgetXzcxList", Purpose::List(ListClass::Queries)),
        ("gjjgetXzkzList", Purpose::List(ListClass::Controls)),
        ("gjjcxwsInfo", Purpose::Papers(ListClass::Queries)),
        ("gjjkzwsInfo", Purpose::Papers(ListClass::Controls)),
        ("gjjzjInfo", Purpose::Credentials),
        ("gjjfeedXzcxInfo", Purpose::Feedback(ListClass::Queries)),
        ("gjjfeedXzcxwlxxInfo", Purpose::Transactions),
        ("gjjfeedXzkzInfo", Purpose::Feedback(ListClass::Controls)),
        ("gjjhtInfo", Purpose::HandBack),
    ],
    charset: Charset::Gbk,
    fields_in_elements: false,
    errors: ["errorMsg", "errorMsg", "errMsg"],
    word: "GJJ",
    asset: AssetKind::Fund,
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
