//! Housing-fund centres: balances that can be frozen at once and paid out only when the law lets the person withdraw.
//!
//! The open task form with the rules of `schemas/partners/housing-fund.md`. What is particular: a deduct is accepted, often
//! registered for years, and paid when a condition of art. 24 of the regulations arises.

mod wire;

#[cfg(test)]
mod tests;

use domain::ActKind;
use domain::form::Form;
use domain::partner::Travel;
use domain::socket::{Adapter, OptionFault, PartnerOptions, Plug};

use crate::open::{self, Trade};

/// Fund centres that we call.
pub(crate) const OPEN: Adapter =
    Adapter { name: "housing_fund_open", travel: Travel::CallOut, options: &OPTIONS, acts: ACTS, form, build };

const ACTS: &[ActKind] = &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release, ActKind::Deduct];

/// Every notice goes along, that of a query too: without it the centre may tell nothing.
const TRADE: Trade =
    Trade { object: "housing_fund", acts: ACTS, write: wire::write, read: wire::read, papers: |_| true };

/// What every partner of the form needs, and what centres agree on one by one.
const OPTIONS: [(&str, &str); open::OPTIONS.len() + 2] = {
    let two_officers = ("two_officers", "yes when the centre takes an order only from two officers (default no)");
    let mut options = [two_officers; open::OPTIONS.len() + 2];
    let mut nth = 0;
    while nth < open::OPTIONS.len() {
        options[nth] = open::OPTIONS[nth];
        nth += 1;
    }
    options[nth] = ("id_types", "comma list of the ID types the centre knows (default 01)");
    options
};

/// More kinds of identity papers than any centre tells apart.
const ID_TYPES_MAX: usize = 32;

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut faults: Vec<OptionFault> = [("two_officers", "write yes or no"), ("id_types", "write codes such as 01,02")]
        .into_iter()
        .filter(|(key, _)| text(options, key).is_some_and(|text| !is_readable(key, text)))
        .map(|(key, cure)| fault(options, key, cure))
        .collect();
    match open::build(&TRADE, &OPTIONS, options) {
        Ok(plug) if faults.is_empty() => Ok(plug),
        Ok(_) => Err(faults),
        Err(mut all) => {
            all.append(&mut faults);
            Err(all)
        }
    }
}

fn text<'o>(options: &'o PartnerOptions, key: &str) -> Option<&'o str> {
    options.entries.get(key).map(|entry| entry.text.expose().trim()).filter(|text| !text.is_empty())
}

fn is_readable(key: &str, text: &str) -> bool {
    match key {
        "two_officers" => matches!(text, "yes" | "no"),
        _ => id_types(text).is_some(),
    }
}

fn fault(options: &PartnerOptions, key: &str, cure: &str) -> OptionFault {
    let line = options.entries.get(key).map_or(0, |entry| entry.line);
    OptionFault { key: key.to_owned(), line, message: format!("cannot be read; {cure}") }
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
            _ => &["ruling", "freeze_notice"],
        };
        (*kind, wanted.iter().map(|paper| (*paper).to_owned()).collect())
    };
    Form {
        id_types: text(options, "id_types").and_then(id_types).unwrap_or_else(|| vec!["01".to_owned()]),
        papers: ACTS.iter().map(papers).collect(),
        two_officers: text(options, "two_officers") == Some("yes"),
        original_number: true,
        ..Form::default()
    }
}
