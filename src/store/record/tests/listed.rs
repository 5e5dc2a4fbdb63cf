//! `schemas/trail/events.toml`, the code and the goldens say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use domain::ActState;
use domain::outcome::Verdict;
use domain::request::{Priority, RequestState};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    event: Vec<ListedEvent>,
    body: Vec<ListedBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedEvent {
    name: String,
    version: u8,
    zh: String,
    en: String,
    body: BodyOf,
    fields: BTreeMap<String, ListedField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyOf {
    kind: String,
    #[serde(default)]
    when: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedField {
    r#type: String,
    #[serde(default)]
    words: Vec<String>,
    means: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedBody {
    kind: String,
    en: String,
    fields: BTreeMap<String, String>,
}

fn listed() -> Listed {
    toml::from_str(include_str!("../../../../schemas/trail/events.toml")).unwrap()
}

/// The list's first versions, then those of the specimens of newer ones.
fn listed_like_specimens() -> Vec<ListedEvent> {
    let (first, newer): (Vec<_>, Vec<_>) = listed().event.into_iter().partition(|event| event.version == 1);
    first.into_iter().chain(newer).collect()
}

/// Every specimen, those of newer versions last.
fn all_specimens() -> Vec<Event> {
    specimens().into_iter().chain(newer_specimens()).collect()
}

/// A golden's name: the event's, and its version where there is more than one.
fn golden_of(fact: &Fact) -> String {
    match fact.version() {
        1 => format!("{}.json", fact.name()),
        version => format!("{}.{version}.json", fact.name()),
    }
}

fn golden_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/record/golden"))
}

fn fields_of(leaf: &[u8]) -> serde_json::Map<String, Value> {
    let leaf: Value = serde_json::from_slice(leaf).unwrap();
    leaf["f"].as_object().unwrap().clone()
}

/// A name from the configuration: what a person is called does not fit into it.
fn is_name(word: &str) -> bool {
    !word.is_empty() && word.len() <= 64 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_act(value: &Value) -> bool {
    value.as_array().is_some_and(|pair| pair.len() == 2 && pair.iter().all(Value::is_u64))
}

fn fits(field: &ListedField, value: &Value) -> bool {
    const EXACT_IN_EVERY_READER: u64 = 1 << 53;
    let word = value.as_str();
    match field.r#type.as_str() {
        "sequence" | "count" => value.as_u64().is_some_and(|n| n < EXACT_IN_EVERY_READER),
        "instant" => value.as_i64().is_some_and(|n| n.unsigned_abs() < EXACT_IN_EVERY_READER),
        "instants" => value.as_array().is_some_and(|all| all.iter().all(|n| n.as_i64().is_some_and(|n| n > 0))),
        "slot" => value.as_u64().is_some_and(|n| n > 0),
        "slots" => value.as_array().is_some_and(|all| all.iter().all(|n| n.as_u64().is_some_and(|n| n > 0))),
        "sequences" => value.as_array().is_some_and(|all| all.iter().all(Value::is_u64)),
        "act" => is_act(value),
        "acts" => value.as_array().is_some_and(|acts| acts.iter().all(is_act)),
        "flag" => value == &Value::Bool(true),
        "word" if field.words.is_empty() => word.is_some_and(is_name),
        "word" => word.is_some_and(|word| field.words.iter().any(|known| known == word)),
        "words" => value.as_array().is_some_and(|words| words.iter().all(|word| word.as_str().is_some_and(is_name))),
        "name" => word.is_some_and(is_name),
        "sha256" => word.is_some_and(|word| word.len() == 64 && is_hex(word)),
        "keyed" => word.is_some_and(|word| word.len() >= 16 && is_hex(word)),
        _ => false,
    }
}

#[test]
fn the_list_names_every_event_once_in_order() {
    let listed = listed();
    let first = listed.event.iter().filter(|event| event.version == 1);
    let names: Vec<&str> = first.map(|event| event.name.as_str()).collect();
    assert_eq!(names, Fact::NAMES, "schemas/trail/events.toml must name what `facts!` names, in its order");
    let newer = listed.event.iter().filter(|event| event.version > 1);
    let newer: Vec<(&str, u8)> = newer.map(|event| (event.name.as_str(), event.version)).collect();
    let known = Fact::VERSIONS.iter().flat_map(|(name, newest)| (2..=*newest).map(|version| (*name, version)));
    assert_eq!(newer, known.collect::<Vec<_>>(), "each newer version stands beside the older ones");
    for event in &listed.event {
        assert!(!event.zh.is_empty() && event.en.ends_with('.'), "{}: one line zh, one sentence en", event.name);
        assert!(
            event.fields.values().all(|field| field.means.ends_with('.')),
            "{}: say what each field means",
            event.name
        );
    }
}

#[test]
fn every_field_is_listed_with_its_type() {
    let specimens = specimens();
    assert_eq!(specimens.iter().map(|event| event.fact.name()).collect::<Vec<_>>(), Fact::NAMES);
    for (event, listed) in all_specimens().iter().zip(listed_like_specimens()) {
        assert_eq!((event.fact.name(), event.fact.version()), (listed.name.as_str(), listed.version));
        let fields = fields_of(&leaf_of(event));
        let set: BTreeSet<&String> = fields.keys().collect();
        let known: BTreeSet<&String> = listed.fields.keys().collect();
        assert_eq!(set, known, "{}: the fields of the code and of events.toml differ", listed.name);
        for (name, field) in &listed.fields {
            assert!(fits(field, &fields[name]), "{}.{name} is no {}: {}", listed.name, field.r#type, fields[name]);
        }
    }
}

#[test]
fn the_words_listed_are_the_words_of_the_domain() {
    let listed = listed();
    let words = |event: &str, field: &str| -> Vec<String> {
        listed.event.iter().find(|listed| listed.name == event).unwrap().fields[field].words.clone()
    };
    let states: Vec<&str> = ActState::ALL.iter().map(|state| state.word()).collect();
    let verdicts: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
    for event in ["exchange.ended", "outcome.received"] {
        assert_eq!(words(event, "state"), states, "{event}");
        assert_eq!(words(event, "verdict"), verdicts, "{event}");
    }
    assert!(words("act.resolved", "state").iter().all(|word| states.contains(&word.as_str())));
    let priorities: Vec<&str> = Priority::ALL.iter().map(|priority| priority.word()).collect();
    assert_eq!(words("request.accepted", "priority"), priorities);
    let ends = [RequestState::Finished, RequestState::Stopped].map(RequestState::word);
    assert_eq!(words("request.finished", "state"), ends);
}

#[test]
fn bodies_are_listed_with_their_fields() {
    let listed = listed();
    let bodies: BTreeMap<&str, &ListedBody> = listed.body.iter().map(|body| (body.kind.as_str(), body)).collect();
    for (event, of) in all_specimens().iter().zip(&listed_like_specimens()) {
        assert_eq!(of.body.kind != "none", event.body.is_some(), "{}: does it have a body?", of.name);
        assert_eq!(of.body.kind != "none", !of.body.when.is_empty(), "{}: say when it has a body", of.name);
        let Some(body) = &event.body else { continue };
        let kind = match body {
            Body::Accepted(_) => "accepted",
            Body::Planned(_) => "planned",
            Body::Outcome(_) => "outcome",
            Body::Lead(_) => "lead",
            Body::Document(_) => "document",
            Body::Imported(_) => "imported",
            Body::Changed(_) => "changed",
            Body::Amended(_) => "amended",
            Body::Task(_) => "task",
            Body::Settled(_) => "settled",
            Body::Reason(_) => "reason",
        };
        assert_eq!(of.body.kind, kind, "{}", of.name);
        let listed = bodies[kind];
        let written: Value = serde_json::from_slice(&body.write().unwrap()).unwrap();
        let set: BTreeSet<&String> = written.as_object().unwrap().keys().collect();
        assert_eq!(set, listed.fields.keys().collect(), "the fields of body {kind} in code and in events.toml differ");
        assert!(listed.en.ends_with('.') && listed.fields.values().all(|means| means.ends_with('.')));
    }
}

#[test]
fn each_event_has_a_golden_that_is_still_written_byte_by_byte() {
    let mut files: BTreeSet<String> = std::fs::read_dir(golden_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for event in all_specimens() {
        let (file, leaf) = (golden_of(&event.fact), leaf_of(&event));
        // Only what is new may be written by the machine; an old golden is changed by nobody.
        if std::env::var_os("UPDATE_GOLDEN").is_some() && !files.contains(&file) {
            std::fs::write(golden_folder().join(&file), &leaf).unwrap();
        }
        let golden = std::fs::read(golden_folder().join(&file)).unwrap_or_default();
        assert!(
            text(&golden) == text(&leaf),
            "src/store/record/golden/{file} differs. A new event: write these bytes there, without a line end. \
             An old one: what it means on disk has changed; give it a new version instead.\n{}",
            text(&leaf)
        );
        files.remove(&file);
    }
    assert!(
        files.is_empty(),
        "goldens of no event: {files:?}; every event ever written stays readable, so give it back its name"
    );
}

#[test]
fn goldens_read_back_identically_and_are_canonical() {
    for (name, file) in all_specimens().iter().map(|event| (event.fact.name(), golden_of(&event.fact))) {
        let golden = std::fs::read(golden_folder().join(file)).unwrap();
        assert!(golden.is_ascii(), "{name}: only ASCII words stand in a leaf");
        assert_eq!(canonical(&golden), text(&golden), "{name}: not canonical JSON (RFC 8785)");
        let leaf = read_leaf(&golden).unwrap();
        assert_eq!(leaf.fact.name(), name);
        let event = Event { at: leaf.at, fact: leaf.fact, body: None, key: leaf.key };
        let mut written = Vec::new();
        write_leaf(&event, leaf.body_digest.as_deref(), &mut written).unwrap();
        assert_eq!(text(&written), text(&golden), "{name}: read and written again it differs");
    }
}

/// Beside digests and hashes nothing in a leaf is long enough, or of the letters, to name a person, an account or a paper.
#[test]
fn a_leaf_has_no_room_for_personal_data() {
    for event in listed().event {
        for (name, field) in &event.fields {
            let telling = [
                "name",
                "amount",
                "number",
                "account",
                "officer",
                "phone",
                "plate",
                "reason",
                "text",
                "digest_of",
                "id_number",
            ];
            assert!(!telling.contains(&name.as_str()), "{}.{name}: such a field belongs into the body", event.name);
            let allowed = [
                "sequence",
                "act",
                "acts",
                "count",
                "instant",
                "instants",
                "flag",
                "word",
                "words",
                "name",
                "sha256",
                "keyed",
                "slot",
                "slots",
                "sequences",
            ];
            assert!(
                allowed.contains(&field.r#type.as_str()),
                "{}.{name}: free text has no place in a leaf",
                event.name
            );
        }
    }
    for event in all_specimens() {
        let Some(body) = &event.body else { continue };
        let leaf = leaf_of(&event);
        let plain: Value = serde_json::from_slice(&body.write().unwrap()).unwrap();
        for secret in strings_of(&plain).into_iter().filter(|secret| secret.chars().count() > 3) {
            assert!(!text(&leaf).contains(&secret), "{}: the leaf repeats what its body seals", event.fact.name());
        }
    }
}

fn strings_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(strings_of).collect(),
        Value::Object(fields) => fields.values().flat_map(strings_of).collect(),
        _ => Vec::new(),
    }
}

fn made(field: &ListedField, seed: &mut Seed) -> Value {
    let n = (seed.next() >> 11).max(1);
    let line = seed.next() % (1 << 20);
    match field.r#type.as_str() {
        "sequence" | "slot" => Value::from(n),
        "count" => Value::from(n % u64::from(u32::MAX) + 1),
        "instant" => Value::from(i64::try_from(n).unwrap()),
        "instants" | "slots" | "sequences" => Value::from(vec![n, line + 1]),
        "act" => Value::from(vec![n, line]),
        "acts" => Value::from(vec![Value::from(vec![n, line]), Value::from(vec![line, 0])]),
        "flag" => Value::Bool(true),
        "words" => Value::from(vec!["freeze", "deduct"]),
        "sha256" => Value::from("0f".repeat(32)),
        "keyed" => Value::from(format!("{n:032x}")),
        _ => field.words.first().map_or_else(|| Value::from(format!("bank-{n}")), |word| Value::from(word.as_str())),
    }
}

proptest! {
    /// Any event, any of its fields left out: what is read is written again byte by byte, and is canonical.
    #[test]
    fn whatever_is_read_is_written_again(which in any::<prop::sample::Index>(), seed in any::<u64>(), key in 0_u64..1 << 53) {
        let (listed, mut seed) = (listed(), Seed(seed));
        let event = &listed.event[which.index(listed.event.len())];
        let mut fields = serde_json::Map::new();
        for (name, field) in &event.fields {
            // A newer version says at least what made it one.
            let needed = field.r#type == "act" || (event.version > 1 && field.r#type == "instants");
            if needed || seed.next() % 2 == 0 {
                fields.insert(name.clone(), made(field, &mut seed));
            }
        }
        let mut leaf = serde_json::json!({"at": 1, "e": event.name, "f": fields, "v": event.version});
        if key != 0 {
            leaf["k"] = Value::from(key);
        }
        let canonical = serde_json_canonicalizer::to_string(&leaf).unwrap();
        let read = read_leaf(canonical.as_bytes()).unwrap();
        let again = Event { at: read.at, fact: read.fact, body: None, key: read.key };
        let mut written = Vec::new();
        write_leaf(&again, None, &mut written).unwrap();
        prop_assert_eq!(text(&written), canonical.as_str());
    }
}
