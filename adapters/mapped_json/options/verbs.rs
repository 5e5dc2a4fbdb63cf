//! How each kind of act is sent or asked about: addresses, methods, bodies, and what an order must say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ActKind;
use reqwest::Method;

use super::super::body::{Packing, Row, Tables, fit};
use super::super::call::Verb;
use super::super::place::Place;
use super::super::words::{NUMBERS, ORDER, Words};
use super::{ANY, known_kinds, rows};
use crate::options::Reading;

/// The tables of sending or of asking.
struct Of<'t> {
    word: &'static str,
    tables: &'t Tables,
    known: &'static [Words],
    /// What every body of them has, and whether all of it has room.
    any: (Vec<Row>, bool),
    /// What was told of `any`, so that it is told once and not for each kind.
    told: BTreeSet<String>,
}

/// How each kind is sent or asked about: its own table over that of `any`.
pub(super) fn verbs(reading: &mut Reading<'_>, tables: &Tables, word: &'static str) -> BTreeMap<ActKind, Arc<Verb>> {
    let is_order = word == "send";
    let known: &[Words] = if is_order { &[NUMBERS, ORDER] } else { &[NUMBERS] };
    let named = known_kinds(reading, word, &[ANY]);
    let has_any = !reading.under(&format!("{word}.{ANY}")).is_empty();
    let any = rows::rows(reading, tables, &format!("{word}.{ANY}.body"), known);
    let mut of = Of { word, tables, known, any, told: BTreeSet::new() };
    // A question is the same for all kinds more often than not; an order never is, so only what is named is sent.
    let kinds = if !is_order && has_any { ActKind::ALL.to_vec() } else { named.clone() };
    // Kinds without a table of their own share what `any` says: one copy, read once.
    let mut shared: Option<Option<Arc<Verb>>> = None;
    let mut verbs = BTreeMap::new();
    for kind in kinds {
        let own = named.contains(&kind);
        let read = match shared.clone().filter(|_| !own) {
            Some(shared) => shared,
            None => of.verb(reading, kind).map(Arc::new),
        };
        if !own {
            shared = Some(read.clone());
        }
        verbs.extend(read.map(|verb| (kind, verb)));
    }
    verbs
}

impl Of<'_> {
    fn once(&mut self, reading: &mut Reading<'_>, key: &str, message: &str) {
        if self.told.insert(format!("{key} {message}")) {
            reading.fault(key, message);
        }
    }

    fn key(&self, reading: &Reading<'_>, kind: ActKind, what: &str) -> String {
        let own = format!("{}.{}.{what}", self.word, kind.word());
        if reading.text(&own).is_some() { own } else { format!("{}.{ANY}.{what}", self.word) }
    }

    fn verb(&mut self, reading: &mut Reading<'_>, kind: ActKind) -> Option<Verb> {
        let is_order = self.word == "send";
        let [path_key, method_key, says_key] = ["path", "method", "says"].map(|what| self.key(reading, kind, what));
        let path = reading.text(&path_key).unwrap_or_default();
        let is_sound = is_path(path);
        if !is_sound {
            let own = format!("{}.{}.path", self.word, kind.word());
            let at = if path.is_empty() { &own } else { &path_key };
            self.once(
                reading,
                at,
                "is no path; write it as /api/orders or /api/orders/{number}, with no braces but {number} {slip} {line} {kind}",
            );
        }
        let methods: &[&str] = if is_order { &["POST", "PUT"] } else { &["GET", "POST", "PUT"] };
        let word = reading.text(&method_key).unwrap_or(if is_order { "POST" } else { "GET" });
        if !methods.contains(&word) {
            self.once(reading, &method_key, &format!("is no method for this; write one of {}", methods.join(", ")));
        }
        let says = reading.text(&says_key).unwrap_or("answer");
        if !["answer", "receipt"].contains(&says) {
            self.once(reading, &says_key, "must be answer or receipt");
        }
        let body = self.body(reading, kind);
        let packing = self.packing(reading, kind, &body);
        if is_order {
            complete(reading, kind, &body);
        } else if is_sound && !names_number(&body) && !["{number}", "{slip}"].iter().any(|part| path.contains(part)) {
            self.once(
                reading,
                &path_key,
                "names our number neither in the path nor in the body; write {number} into it",
            );
        }
        let method = Method::from_bytes(word.as_bytes()).ok()?;
        Some(Verb { method, path: path.to_owned(), body, packing, says_receipt: says == "receipt" })
    }

    /// The rows of `any`, and over them those of the kind.
    fn body(&self, reading: &mut Reading<'_>, kind: ActKind) -> Vec<Row> {
        let (any, is_any_sound) = &self.any;
        let table = format!("{}.{}.body", self.word, kind.word());
        let (own, is_own_sound) = rows::rows(reading, self.tables, &table, self.known);
        if own.is_empty() {
            return any.clone();
        }
        let both = any.iter().cloned().chain(own);
        let merged: BTreeMap<Place, Row> = both.map(|row| (row.place.clone(), row)).collect();
        let rows: Vec<Row> = merged.into_values().collect();
        if *is_any_sound && is_own_sound && fit(&rows).is_err() {
            reading.fault(
                &table,
                "places a value within or around one of [any]; a value and an object cannot both stand there",
            );
        }
        rows
    }

    fn packing(&mut self, reading: &mut Reading<'_>, kind: ActKind, rows: &[Row]) -> Option<Packing> {
        let key = self.key(reading, kind, "packed");
        let mut parts = reading.text(&key)?.split_whitespace();
        let place = parts.next().and_then(Place::parse);
        let is_base64 = match (parts.next(), parts.next()) {
            (None | Some("text"), None) => Some(false),
            (Some("base64"), None) => Some(true),
            _ => None,
        };
        let (Some(place), Some(is_base64)) = (place, is_base64) else {
            self.once(reading, &key, "is no place of a text; write it as /content or /content base64");
            return None;
        };
        if !rows.iter().any(|row| place.holds(&row.place)) {
            self.once(
                reading,
                &key,
                "holds nothing: no place of the body is within it; write the places as if it were no text",
            );
        }
        Some(Packing { place, is_base64 })
    }
}

fn is_path(path: &str) -> bool {
    let bare =
        ["{number}", "{slip}", "{line}", "{kind}"].iter().fold(path.to_owned(), |path, part| path.replace(part, ""));
    bare.starts_with('/')
        && !bare.starts_with("//")
        && bare.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'}' | b'#' | b'\\' | b'"' | b'<' | b'>'))
        && !bare.split(['/', '?']).any(|part| part == "..")
}

fn names_number(rows: &[Row]) -> bool {
    let has = |word: &str| rows.iter().any(|row| row.source.word() == Some(word));
    has("number") || (has("slip") && has("line"))
}

/// What an order must say, whatever the partner's form looks like: without it the partner would do more than was ordered.
fn complete(reading: &mut Reading<'_>, kind: ActKind, rows: &[Row]) {
    let has = |word: &str| rows.iter().any(|row| row.source.word() == Some(word));
    let mut missing = Vec::new();
    if !names_number(rows) {
        missing.push("number (or slip and line)");
    }
    if !has("subject.id_number") && !has("asset") {
        missing.push("subject.id_number or asset");
    }
    let wanted = [
        ("amount", kind.needs_amount()),
        ("to", matches!(kind, ActKind::Freeze | ActKind::Renew)),
        ("destination.number", kind.moves_money()),
        ("note", kind == ActKind::GridTask),
        ("detail.task", kind == ActKind::GridTask),
    ];
    missing.extend(wanted.into_iter().filter(|(word, is_wanted)| *is_wanted && !has(word)).map(|(word, _)| word));
    if !kind.builds_on().is_empty() && !has("original.number") && !has("original.slip") {
        missing.push("original.number");
    }
    if !missing.is_empty() {
        let message = format!("places no {}; an order of this kind must say it", missing.join(", "));
        reading.fault(&format!("send.{}.body", kind.word()), &message);
    }
}
