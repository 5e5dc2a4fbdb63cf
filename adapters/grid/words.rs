//! The published particulars of a grid report; whatever else comes is dropped unread.

use domain::outcome::FindingClass;

/// SHA-256 of one of the answer's files, 64 hexadecimal digits.
pub(crate) const PHOTO: &str = "photo";

/// What a task may say beside its sort.
pub(crate) const ASKED: &[&str] = &["village", "address", "phone", "clue"];

/// What a finding of a class may say.
pub(crate) fn published(class: FindingClass) -> &'static [&'static str] {
    match class {
        FindingClass::Whereabouts => {
            &["what", "place", "address", "seen_at", "until", "with", "by", "grid", "source", "text", PHOTO]
        }
        FindingClass::Property => {
            &["what", "place", "address", "plate", "holder", "state", "seen_at", "by", "grid", "source", "text", PHOTO]
        }
        FindingClass::Served => &["how", "to", "relation", "place", "at", "by", "grid", "witness", "text", PHOTO],
        FindingClass::Contact => &["phone", "address", "employer", "source", "as_of"],
        FindingClass::Step => &["step", "at", "by", "grid", "text", PHOTO],
        _ => &[],
    }
}
