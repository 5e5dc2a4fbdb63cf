//! Grid platforms: village workers look for people and property, and serve papers; each report with photos.
//!
//! The open task form with the rules of `schemas/partners/grid.md`. What is particular: a photo that a finding names must be
//! there and be the one named, and a paper counts as served only with one.

mod words;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use domain::act::GRID_TASKS;
use domain::form::Form;
use domain::outcome::{FindingClass, Outcome, Verdict};
use domain::partner::Travel;
use domain::slip::{Line, Slip};
use domain::socket::{Adapter, PartnerOptions};
use domain::{ActKind, Flaw};
use serde_json::{Value, json};

use crate::open::fields::hex;
use crate::open::{self, Trade, Unencodable, Unreadable};

/// Grid platforms that we call.
pub(crate) const OPEN: Adapter = Adapter {
    name: "grid_open",
    travel: Travel::CallOut,
    options: open::OPTIONS,
    acts: ACTS,
    form,
    build: |options| open::build_checked(&TRADE, open::OPTIONS, options, |_| {}),
};

const ACTS: &[ActKind] = &[ActKind::GridTask];

pub(crate) const TRADE: Trade = Trade { object: "grid", acts: ACTS, write, read, papers: |_| true };

/// What a platform hands back for (section 3 of the page).
fn form(_options: &PartnerOptions) -> Form {
    Form { papers: vec![(ActKind::GridTask, vec!["assist_notice".to_owned()])], ..Form::default() }
}

fn write(_slip: &Slip, line: &Line) -> Result<Option<Value>, Unencodable> {
    let task = line.details.iter().find(|detail| detail.name == "task").map(|detail| detail.value.expose().as_str());
    let task = task.filter(|task| GRID_TASKS.contains(task)).ok_or(Unencodable)?;
    if line.note.as_ref().is_none_or(|note| note.expose().trim().is_empty()) {
        return Err(Unencodable);
    }
    let known = line.details.iter().filter(|detail| words::ASKED.contains(&detail.name.as_str()));
    // In the order of the names, whatever order a map of JSON keeps.
    let mut object: BTreeMap<String, Value> =
        known.map(|detail| (detail.name.clone(), Value::String(detail.value.expose().clone()))).collect();
    object.insert("task".to_owned(), json!(task));
    if let Some(day) = line.to {
        object.insert("respond_by".to_owned(), Value::String(day.to_string()));
    }
    Ok(Some(Value::Object(object.into_iter().collect())))
}

/// What the page says a report must hold; particulars that it does not name are dropped unread.
fn read(_kind: ActKind, _json: &str, outcome: &mut Outcome) -> Result<(), Unreadable> {
    if outcome.verdict == Verdict::Partly {
        return Err(Unreadable(Flaw::PartlyWithoutParts));
    }
    for finding in &mut outcome.findings {
        let known = words::published(finding.class);
        finding.details.retain(|detail| known.contains(&detail.name.as_str()));
    }
    outcome.findings.retain(|finding| !finding.details.is_empty());
    let photos: Vec<String> = outcome.replies.iter().map(|reply| hex(reply.bytes.expose())).collect();
    let named =
        outcome.findings.iter().flat_map(|finding| &finding.details).filter(|detail| detail.name == words::PHOTO);
    if named.clone().any(|detail| !photos.contains(&detail.value.expose().to_ascii_lowercase())) {
        return Err(Unreadable(Flaw::PhotoAbsent));
    }
    if outcome.verdict == Verdict::Done {
        let reported = outcome.findings.iter().filter(|finding| finding.class != FindingClass::Step);
        let mut served = reported.clone().filter(|finding| finding.class == FindingClass::Served);
        if reported.count() == 0 {
            return Err(Unreadable(Flaw::DoneWithoutReport));
        }
        if served.any(|finding| !finding.details.iter().any(|detail| detail.name == words::PHOTO)) {
            return Err(Unreadable(Flaw::ServedWithoutPhoto));
        }
    }
    Ok(())
}
