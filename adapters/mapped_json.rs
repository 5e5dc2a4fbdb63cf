//! A JSON partner described by its partner file alone: where its addresses are, where our words stand, what its words mean.
//!
//! Names and places only. What needs a condition, a loop or a sum is an adapter of its own; so there is no expression in
//! these tables, and whatever a table does not say is a doubt. [`options`] is the one place that reads them, and tells every
//! fault of them at once; `schemas/partners/mapped-json.md` is the page for people.

mod body;
mod call;
mod json;
mod mapping;
mod options;
mod place;
mod told;
mod value;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use domain::ActKind;
use domain::form::{Form, PartRelease};
use domain::partner::Travel;
use domain::socket::{Adapter, PartnerOptions};

pub(crate) const MAPPED: Adapter = Adapter {
    name: "mapped_json",
    travel: Travel::CallOut,
    options: options::OPTIONS,
    acts: ActKind::ALL,
    form,
    build: options::build,
};

/// The partner knows the ID types that its table of codes has; the rest its file says.
fn form(options: &PartnerOptions) -> Form {
    let says = |key: &str, word: &str| options.entries.get(key).is_some_and(|entry| entry.text.expose().trim() == word);
    Form {
        two_officers: says("two_officers", "yes"),
        id_types: options::id_types(options),
        part_release: part_release(options),
        asset_named: asset_named(options),
        ..Form::default()
    }
}

/// The kinds whose order cannot be written without its asset: the file says that the place is required.
fn asset_named(options: &PartnerOptions) -> Vec<ActKind> {
    let is_required = |text: &str| {
        let mut words = text.split_whitespace();
        words.next() == Some("asset") && words.last() == Some("required")
    };
    let named = |kind: &ActKind| {
        let table = format!("send.{}.body.", kind.word());
        let mut rows = options.entries.iter().filter(|(key, _)| key.starts_with(&table));
        rows.any(|(_, entry)| is_required(entry.text.expose()))
    };
    ActKind::ALL.iter().copied().filter(|kind| !kind.is_question()).filter(named).collect()
}

/// A file whose release says by itself how much is let go promises that the partner reads it; a sum that stands in every kind of
/// order alike promises nothing of the kind.
fn part_release(options: &PartnerOptions) -> PartRelease {
    let places = |table: &str| {
        let mut rows = options.entries.iter().filter(|(key, _)| key.starts_with(table));
        rows.any(|(_, entry)| entry.text.expose().split_whitespace().next() == Some("amount"))
    };
    match (places("send.release.body."), places("send.any.body.")) {
        (true, _) => PartRelease::Read,
        (false, true) => PartRelease::Unagreed,
        (false, false) => PartRelease::NoPlace,
    }
}
