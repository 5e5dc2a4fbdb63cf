//! Housing-fund centres: balances that can be frozen at once and paid out only when the law lets the person withdraw.
//!
//! The open task form with the rules of `schemas/partners/housing-fund.md`. What is particular: a deduct is accepted, often
//! registered for years, and paid when a condition of art. 24 of the regulations arises.

mod pull;
mod wire;

#[cfg(test)]
mod tests;

use domain::ActKind;
use domain::form::{Form, PartRelease};
use domain::partner::Travel;
use domain::socket::{Adapter, OptionFault, PartnerOptions, Plug};

use crate::open::{self, Trade};

pub(crate) use pull::{PULL, face};

/// Fund centres that we call.
pub(crate) const OPEN: Adapter =
    Adapter { name: "housing_fund_open", travel: Travel::CallOut, options: OPTIONS, acts: ACTS, form, build };

const ACTS: &[ActKind] =
    &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct, ActKind::Reverse];

/// Every notice goes along, that of a query too: without it the centre may tell nothing.
pub(crate) const TRADE: Trade =
    Trade { object: "housing_fund", acts: ACTS, write: wire::write, read: wire::read, papers: |_| true };

const TWO_OFFICERS: &str = "two_officers";
const ID_TYPES: &str = "id_types";

/// What every partner of the form needs, and what is agreed with each centre.
const OPTIONS: &[(&str, &str)] = &crate::options::joined::<14>(
    open::OPTIONS,
    &[
        (TWO_OFFICERS, "yes when the centre takes an order only from two officers (default no)"),
        (ID_TYPES, "comma list of the ID types the centre knows (default 01)"),
    ],
);

/// More kinds of identity papers than any centre tells apart.
const ID_TYPES_MAX: usize = 32;

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    open::build_checked(&TRADE, OPTIONS, options, |reading| {
        reading.read(TWO_OFFICERS, false, "yes or no", yes_or_no);
        reading.read(ID_TYPES, Vec::new(), "codes such as 01,02", id_types);
    })
}

fn text<'o>(options: &'o PartnerOptions, key: &str) -> Option<&'o str> {
    options.entries.get(key).map(|entry| entry.text.expose().trim()).filter(|text| !text.is_empty())
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn id_types(text: &str) -> Option<Vec<String>> {
    let is_code = |code: &&str| (1..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    let codes: Vec<&str> = text.split(',').map(str::trim).take(ID_TYPES_MAX + 1).collect();
    let fits = codes.len() <= ID_TYPES_MAX && codes.iter().all(is_code);
    fits.then(|| codes.into_iter().map(str::to_owned).collect())
}

/// What a centre hands back for (section 6 of the page).
fn form(options: &PartnerOptions) -> Form {
    let papers = |kind: &ActKind| {
        let wanted: &[&str] = match kind {
            ActKind::Query => &["query_notice"],
            ActKind::Release => &["ruling", "release_notice"],
            ActKind::Deduct => &["ruling", "deduct_notice"],
            ActKind::Reverse => &["ruling", "assist_notice"],
            _ => &["ruling", "freeze_notice"],
        };
        (*kind, wanted.iter().map(|paper| (*paper).to_owned()).collect())
    };
    Form {
        id_types: text(options, ID_TYPES).and_then(id_types).unwrap_or_else(|| vec!["01".to_owned()]),
        papers: ACTS.iter().map(papers).collect(),
        two_officers: text(options, TWO_OFFICERS).and_then(yes_or_no).unwrap_or(false),
        original_number: true,
        asset_named: ACTS.iter().copied().filter(|kind| *kind != ActKind::Query).collect(),
        part_release: PartRelease::Read,
        ..Form::default()
    }
}
