//! The published particulars: what the page names is kept, whatever else comes is dropped unread.

use domain::ActKind;
use domain::outcome::{Detail, FindingClass, Lead, Outcome, Verdict};

/// What a hit may say; neither a name nor an identity number.
pub(crate) const HIT: &[&str] =
    &["what", "plate", "place", "address", "seen_at", "direction", "held", "unit", "contact", "phone"];

/// What a finding of a class may say.
pub(crate) fn published(class: FindingClass) -> &'static [&'static str] {
    match class {
        FindingClass::Identity => &[
            "name",
            "former_name",
            "id_type",
            "id_number",
            "sex",
            "birth_date",
            "household_address",
            "residence_address",
            "record_state",
        ],
        FindingClass::Vehicle => &[
            "plate",
            "plate_kind",
            "brand",
            "vehicle_type",
            "colour",
            "vin",
            "engine_number",
            "registered_at",
            "office",
            "record_state",
            "sealed_by",
            "pledged_to",
            "phone",
        ],
        FindingClass::Contact => &["phone", "address", "employer", "source", "as_of"],
        FindingClass::Whereabouts => &[
            "what",
            "from",
            "to",
            "place",
            "address",
            "room",
            "means",
            "number",
            "departure",
            "destination",
            "port",
            "document_type",
            "document_number",
            "source",
        ],
        FindingClass::Step => &["step", "at", "unit", "officers", "leader", "phone", "arrived_at", "text"],
        _ => &[],
    }
}

/// Which classes an act may bring.
pub(crate) fn brought(kind: ActKind) -> &'static [FindingClass] {
    match kind {
        ActKind::Query => &[FindingClass::Identity, FindingClass::Vehicle, FindingClass::Contact],
        ActKind::Locate => &[FindingClass::Whereabouts, FindingClass::Contact],
        ActKind::Support => &[FindingClass::Step],
        _ => &[],
    }
}

/// The classes a query asks for. An organisation's telephone stands in public registers; police are not asked for it.
pub(crate) fn wanted(is_person: bool) -> Vec<&'static str> {
    let classes = brought(ActKind::Query).iter().filter(|class| is_person || **class != FindingClass::Contact);
    classes.map(|class| class.word()).collect()
}

fn keep(details: &mut Vec<Detail>, known: &[&str]) {
    details.retain(|detail| known.contains(&detail.name.as_str()));
}

/// Drops what the page does not name; a refusal tells nothing but steps.
pub(crate) fn keep_published(outcome: &mut Outcome) {
    let is_told = matches!(outcome.verdict, Verdict::Done | Verdict::Partly | Verdict::Registered);
    outcome.findings.retain(|finding| is_told || finding.class == FindingClass::Step);
    for finding in &mut outcome.findings {
        keep(&mut finding.details, published(finding.class));
    }
    outcome.findings.retain(|finding| !finding.details.is_empty());
}

/// The same for a hit.
pub(crate) fn keep_published_of(lead: &mut Lead) {
    keep(&mut lead.details, HIT);
}
