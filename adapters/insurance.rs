//! Insurers: policies by role, freezes of a whole policy, surrender after notice to those who may buy out, benefits due.
//!
//! The open task form with the rules of `schemas/partners/insurance.md`. What is particular: the cash value is the holder's
//! alone, and a surrender is registered for as long as the insured or a beneficiary may still keep the policy.

mod wire;

#[cfg(test)]
mod tests;

use domain::ActKind;
use domain::form::{Form, PartRelease};
use domain::partner::Travel;
use domain::socket::{Adapter, PartnerOptions};

use crate::open::{self, Trade};

/// Insurers that we call.
pub(crate) const OPEN: Adapter = Adapter {
    name: "insurance_open",
    travel: Travel::CallOut,
    options: OPTIONS,
    acts: ACTS,
    form,
    build: |options| {
        open::build_checked(&TRADE, OPTIONS, options, |reading| {
            for key in [TWO_OFFICERS, CONSENT] {
                reading.read(key, false, "yes or no", yes_or_no);
            }
        })
    },
};

const ACTS: &[ActKind] = &[
    ActKind::Query,
    ActKind::Freeze,
    ActKind::Renew,
    ActKind::Release,
    ActKind::Surrender,
    ActKind::WithdrawBenefits,
    ActKind::Reverse,
    ActKind::Reinstate,
];

/// A query names its notice; everything else brings ruling and notice along.
pub(crate) const TRADE: Trade =
    Trade { object: "insurance", acts: ACTS, write: wire::write, read: wire::read, papers: ActKind::is_control };

const TWO_OFFICERS: &str = "two_officers";
const CONSENT: &str = "consent";

/// What every partner of the form needs, and what is agreed with each insurer after its province's rules.
const OPTIONS: &[(&str, &str)] = &crate::options::joined::<14>(
    open::OPTIONS,
    &[
        (TWO_OFFICERS, "yes when the insurer takes a task only from two officers (default no)"),
        (CONSENT, "yes when it ends a policy only with the holder's written consent (default no)"),
    ],
);

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// What insurers hand back or refuse for by form alone.
fn form(options: &PartnerOptions) -> Form {
    let is_yes = |key| {
        let entry = options.entries.get(key).map(|entry| entry.text.expose().trim());
        entry.and_then(yes_or_no).unwrap_or(false)
    };
    let wanted = |kind: &ActKind| {
        let mut papers = vec!["ruling".to_owned()];
        if *kind == ActKind::Surrender && is_yes(CONSENT) {
            papers.push("holder_consent".to_owned());
        }
        (*kind, papers)
    };
    Form {
        officer_number_bytes_max: Some(100),
        party_name_bytes_max: Some(200),
        papers: ACTS.iter().filter(|kind| kind.is_control()).map(wanted).collect(),
        two_officers: is_yes(TWO_OFFICERS),
        asset_named: ACTS.iter().copied().filter(|kind| *kind != ActKind::Query).collect(),
        original_number: true,
        part_release: PartRelease::Read,
        ..Form::default()
    }
}
