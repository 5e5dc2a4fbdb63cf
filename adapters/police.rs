//! Police: who somebody is, what they drive, where they were; watches, border control, and people who come to help.
//!
//! The open task form with the rules of `schemas/partners/police.md`. What is particular: nothing is kept that the page does
//! not name, and nothing travels in the clear.

mod call;
pub(crate) mod drop;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use domain::case::PartyKind;
use domain::form::Form;
use domain::outcome::{Outcome, Verdict};
use domain::partner::Travel;
use domain::slip::{Line, Slip};
use domain::socket::{Adapter, OptionFault, PartnerOptions, Plug};
use domain::{ActKind, Flaw};
use reqwest::Url;
use serde_json::{Value, json};

use crate::open::{self, Trade, Unencodable, Unreadable};
use crate::options::Reading;
use call::PoliceCall;

/// Police that we call.
pub(crate) const OPEN: Adapter =
    Adapter { name: "police_open", travel: Travel::CallOut, options: open::OPTIONS, acts: ACTS, form, build };

/// Police who are reached by packets in a mailbox.
pub(crate) const DROP: Adapter = Adapter {
    name: "police_drop",
    travel: Travel::CallOut,
    options: drop::OPTIONS,
    acts: drop::ACTS,
    form,
    build: drop::build,
};

const ACTS: &[ActKind] =
    &[ActKind::Query, ActKind::Locate, ActKind::Watch, ActKind::BorderControl, ActKind::Lift, ActKind::Support];

pub(crate) const TRADE: Trade = Trade { object: "police", acts: ACTS, write, read, papers: |_| true };

/// What police hand back for (section 3 of the page).
fn form(_options: &PartnerOptions) -> Form {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let papers = |kind: &ActKind| {
        let wanted: &[&str] = match kind {
            ActKind::Query => &["query_notice", "work_id_scan", "duty_id_scan"],
            _ => &["ruling", "assist_notice", "work_id_scan", "duty_id_scan"],
        };
        (*kind, words(wanted))
    };
    Form {
        officer_number_bytes_max: Some(16),
        party_name_bytes_max: None,
        id_types: words(&["01", "02", "03", "24100", "20500", "20600"]),
        papers: ACTS.iter().map(papers).collect(),
        two_officers: true,
        credential_scans: true,
        original_number: true,
        ..Form::default()
    }
}

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    match open::build_checked(&TRADE, open::OPTIONS, options, refuse_in_the_clear)? {
        Plug::CallOut(open) => Ok(Plug::CallOut(Arc::new(PoliceCall::new(open)))),
        plug => Ok(plug),
    }
}

/// Where somebody sleeps and travels may not cross a network in the clear.
fn refuse_in_the_clear(reading: &mut Reading<'_>) {
    let Some(url) = reading.text("url").and_then(|text| Url::parse(text).ok()) else { return };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if url.scheme() == "http" && !is_here {
        reading.fault(
            "url",
            "is http:// to another machine; what police tell may not travel in the clear, write https://",
        );
    }
}

fn write(slip: &Slip, line: &Line) -> Result<Option<Value>, Unencodable> {
    let is_person = slip.party().is_some_and(|party| party.kind == PartyKind::Person);
    let asset = line.account.as_ref().map(|account| account.expose().trim());
    // Only people are located, watched as such or kept in the country.
    let is_sayable = match line.kind {
        ActKind::Query => asset.is_none(),
        ActKind::Locate => is_person && asset.is_none(),
        ActKind::Watch => line.to.is_some() && asset.map_or(is_person, |plate| !plate.is_empty()),
        ActKind::BorderControl => line.to.is_some() && is_person && asset.is_none(),
        ActKind::Support => {
            line.to.is_some() && line.note.as_ref().is_some_and(|note| !note.expose().trim().is_empty())
        }
        _ => true,
    };
    if !is_sayable {
        return Err(Unencodable);
    }
    Ok((line.kind == ActKind::Query).then(|| json!({ "wants": words::wanted(is_person) })))
}

/// What the page says a kind may end as, and what it may bring.
fn read(kind: ActKind, _json: &str, outcome: &mut Outcome) -> Result<(), Unreadable> {
    let is_later = matches!(kind, ActKind::Locate | ActKind::BorderControl | ActKind::Support);
    match outcome.verdict {
        Verdict::Partly if kind != ActKind::Support => return Err(Unreadable(Flaw::PartlyWithoutParts)),
        Verdict::Registered if !is_later => return Err(Unreadable(Flaw::RegisteredAtOnce)),
        Verdict::Done if matches!(kind, ActKind::Watch | ActKind::BorderControl) && outcome.to.is_none() => {
            return Err(Unreadable(Flaw::InForceWithoutEnd));
        }
        _ => {}
    }
    let brought = words::brought(kind);
    outcome.findings.retain(|finding| brought.contains(&finding.class));
    Ok(())
}
