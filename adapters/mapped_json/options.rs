//! The tables of a partner file, read and held against each other: every fault at once, each with its line.

mod answers;
mod rows;
mod verbs;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::socket::{OptionFault, PartnerOptions, Plug};
use domain::{ActKind, Secret};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::body::{Source, Tables};
use super::call::{MappedCall, Signing};
use super::mapping::Mapping;
use super::place::Place;
use super::value::Codes;
use super::words::{NUMBERS, OFFICER, PAPER};
use crate::options::Reading;
use crate::transport::endpoint;

/// What a partner of this adapter may say in its file.
pub(crate) const OPTIONS: &[(&str, &str)] = &endpoint::with_connection::<51>(&[
    ("url", "where its addresses begin, http:// or https:// (required)"),
    ("token", "credential sent as a bearer token; a secret"),
    (
        "token_header",
        "header in which the token stands bare instead, such as x-api-key (default: authorization, as a bearer token)",
    ),
    ("hmac_key", "key of an HMAC-SHA-256 over each message; a secret"),
    ("hmac_header", "header in which the HMAC stands (default x-signature)"),
    ("hmac_form", "hex or base64 (default hex)"),
    ("hmac_over", "body, or request: method, path with its query, time and body, each on a line (default body)"),
    ("time_header", "header that holds the time in milliseconds since 1970 when there is an HMAC (default none)"),
    ("user", "user of HTTP Basic authentication, when there is no token"),
    ("password", "its password; a secret"),
    ("headers.*", "name of a further header = text:…, constants.NAME or a word of our number"),
    ("two_officers", "yes when it takes an order only from two officers (default no)"),
    (
        "send.*.path",
        "address of an order of that kind, below url; `any` stands for every kind that has no line of its own",
    ),
    ("send.*.method", "POST or PUT (default POST)"),
    (
        "send.*.says",
        "answer when its direct answer says what became of it, receipt when only that it was taken (default answer)",
    ),
    (
        "send.*.packed",
        "place in its JSON whose content stands there as a text of its own; `base64` behind it when that is encoded",
    ),
    ("send.*.body.*", "place in its JSON = word of ours, shape, `required`; or text:…, number:…, flag:…"),
    ("ask.*.path", "address of a question about our number, {number} {slip} {line} {kind} stand for it"),
    ("ask.*.method", "GET, POST or PUT (default GET)"),
    ("ask.*.packed", "as send.*.packed"),
    ("ask.*.body.*", "place in its JSON = word of our number"),
    ("officer.*", "place in one officer = word of ours"),
    ("paper.*", "place in one paper = word of ours"),
    ("constants.*", "name = text that only this partner has; file:PATH or env:NAME keeps it out of this file"),
    ("codes.*.*", "our word = its word, in a table with a name"),
    ("receipt.*", "word of ours = place in a direct answer that says only whether it was taken"),
    ("receipt_states.*", "its word = ours, of such an answer"),
    ("answer.*", "word of ours = place in its answer and shape"),
    (
        "answer.*.*",
        "the same in a list: accounts, accounts.*.ahead, ahead, findings, replies, leads; `at` is where the list stands",
    ),
    ("answer_of.*.*", "the same of one kind of act, where it differs"),
    ("answer_of.*.*.*", "the same in its lists"),
    ("asked.*", "the same in the answer to a question, where it differs"),
    ("asked.*.*", "the same in its lists"),
    ("posted.*", "the same in what it posts, where it differs; `items` is where the list of results stands"),
    ("posted.*.*", "the same in its lists, and in `clues`: leads that stand beside the results"),
    ("states.*", "its word = ours; \"*\" = \"doubt\" must stand there"),
    ("states_of.*.*", "its word = ours, where it means something else of one kind of act"),
    (
        "errors.*",
        "its word at answer.error = ours, or none when there is none; \"*\" = \"doubt\" must stand there when `error` is placed",
    ),
    ("reasons.*", "its word = ours, of why not, or not all"),
    ("reply.taken.*", "place in our answer to what it posted, when all was taken"),
    ("reply.refused.*", "place in our answer, when some was refused"),
]);

/// Its answer is as large as that of the open form.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Stands for every kind.
const ANY: &str = "any";

/// ID types that the file has a code for, when it places them by a table.
pub(crate) fn id_types(options: &PartnerOptions) -> Vec<String> {
    let texts = options.entries.iter().filter(|(key, _)| key.starts_with("send."));
    let placed = texts.map(|(_, entry)| entry.text.expose().as_str()).find_map(|text| {
        let mut parts = text.split_whitespace();
        (parts.next() == Some("subject.id_type")).then(|| parts.next()).flatten()
    });
    let Some(table) = placed else { return Vec::new() };
    let from = format!("codes.{table}.");
    options.entries.keys().filter_map(|key| key.strip_prefix(&from).map(str::to_owned)).collect()
}

pub(crate) fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    let url = endpoint::url(&mut reading, "https://partner.example/assist");
    let answer_bytes_max = endpoint::answer_bytes_max(&mut reading, ANSWER_BYTES_MAX);
    let headers = credential(&mut reading);
    let signing = signing(&mut reading);
    reading.read("two_officers", false, "yes or no", |word| match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    });
    let mapping = mapping(&mut reading);
    let more = further_headers(&mut reading, &mapping.tables, &headers, signing.as_ref());
    if url.as_ref().is_some_and(|url| url.query().is_some() || url.fragment().is_some()) {
        reading.fault("url", "has a query; write it behind the paths below it");
    }
    let http = endpoint::connect(reading, options, url, headers, answer_bytes_max)?;
    Ok(Plug::CallOut(Arc::new(MappedCall::new(http, signing, more, mapping))))
}

/// What every message shows: one of the credentials, and in what the message is written.
fn credential(reading: &mut Reading<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let name = header(reading, "token_header", "authorization");
    let basic = basic(reading);
    let (key, text) = match (reading.text("token"), basic) {
        (Some(_), Some(_)) => {
            reading.fault("user", "stands beside `token`; a message shows one of them, take the other out");
            return headers;
        }
        (Some(token), None) if name == "authorization" => ("token", format!("Bearer {token}")),
        (Some(token), None) => ("token", token.to_owned()),
        (None, Some(basic)) => ("user", basic),
        (None, None) => {
            let others = ["hmac_key", "client_pem_file", "user", "password"];
            if others.iter().all(|key| reading.text(key).is_none()) {
                reading.fault("token", "is missing; write the credential agreed with the partner, by way of a secret file, or user and password, or hmac_key, or client_pem_file");
            }
            return headers;
        }
    };
    let is_bare =
        key != "token" || reading.text("token").is_some_and(|token| token.bytes().all(|b| b.is_ascii_graphic()));
    match HeaderValue::from_str(&text) {
        Ok(mut value) if is_bare => {
            value.set_sensitive(true);
            headers.insert(if key == "token" { name } else { AUTHORIZATION }, value);
        }
        _ => reading.fault(key, "holds characters that cannot stand in a header; use visible ASCII without spaces"),
    }
    headers
}

/// RFC 7617.
fn basic(reading: &mut Reading<'_>) -> Option<String> {
    match (reading.text("user"), reading.text("password")) {
        (Some(user), _) if user.contains(':') => {
            reading.fault("user", "holds a colon, which ends a user's name; write it without");
            None
        }
        (Some(user), Some(password)) => Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))),
        (Some(_), None) => {
            reading.fault("user", "stands without `password`; write both or none");
            None
        }
        (None, Some(_)) => {
            reading.fault("password", "stands without `user`; write both or none");
            None
        }
        (None, None) => None,
    }
}

/// Headers that the file adds; those of the connection and of the credential are not its to say.
fn further_headers(
    reading: &mut Reading<'_>,
    tables: &Tables,
    credential: &HeaderMap,
    signing: Option<&Signing>,
) -> Vec<(HeaderName, Source)> {
    let mut headers = Vec::new();
    for (key, text) in reading.under("headers") {
        let whole = format!("headers.{key}");
        let name = HeaderName::from_bytes(key.to_ascii_lowercase().as_bytes()).ok();
        let is_signed = |name: &HeaderName| {
            signing.is_some_and(|signing| signing.header == name || signing.time_header.as_ref() == Some(name))
        };
        let is_taken = |name: &HeaderName| {
            OWN_HEADERS.contains(&name.as_str()) || credential.contains_key(name) || is_signed(name)
        };
        let Some(name) = name.filter(|name| !is_taken(name)) else {
            reading.fault(
                &whole,
                "is no name of a header, or one of the connection, the credential or the HMAC; write another",
            );
            continue;
        };
        let source = match Source::parse(text, &[NUMBERS]) {
            Ok(source) => source,
            Err(message) => {
                reading.fault(&whole, &message);
                continue;
            }
        };
        let constant = match &source {
            Source::Constant(serde_json::Value::String(text)) => Some(text.as_str()),
            Source::Named(name) => tables.constants.get(name.as_ref()).map(|text| text.expose().as_str()),
            _ => None,
        };
        if let Some(message) = tables.lacks(&source) {
            reading.fault(&whole, &message);
        } else if matches!(&source, Source::Constant(value) if !value.is_string())
            || constant.is_some_and(|text| !text.bytes().all(|b| b.is_ascii_graphic() || b == b' '))
        {
            reading.fault(&whole, "cannot stand in a header; use visible ASCII");
        } else {
            headers.push((name, source));
        }
    }
    headers
}

/// Headers of the connection itself.
const OWN_HEADERS: [&str; 6] =
    ["host", "content-length", "content-type", "connection", "transfer-encoding", "accept-encoding"];

fn header(reading: &mut Reading<'_>, key: &str, otherwise: &'static str) -> HeaderName {
    let read = |text: &str| HeaderName::from_bytes(text.to_ascii_lowercase().as_bytes()).ok();
    let name = reading.read(key, HeaderName::from_static(otherwise), "the name of a header", read);
    if OWN_HEADERS.contains(&name.as_str()) {
        reading.fault(key, "is a header of the connection itself; write another");
    }
    name
}

fn signing(reading: &mut Reading<'_>) -> Option<Signing> {
    let header_name = header(reading, "hmac_header", "x-signature");
    let time_header = reading.text("time_header").map(|_| header(reading, "time_header", "x-time"));
    let base64 = reading.read("hmac_form", false, "hex or base64", |word| match word {
        "hex" => Some(false),
        "base64" => Some(true),
        _ => None,
    });
    let whole = reading.read("hmac_over", false, "body or request", |word| match word {
        "body" => Some(false),
        "request" => Some(true),
        _ => None,
    });
    let Some(key) = reading.text("hmac_key") else {
        for key in ["hmac_header", "hmac_form", "hmac_over", "time_header"] {
            if reading.text(key).is_some() {
                reading.fault(key, "is for an HMAC, and there is no hmac_key; write one, or take this out");
            }
        }
        return None;
    };
    Some(Signing { key: Secret::new(key.to_owned()), header: header_name, base64, whole, time_header })
}

/// What the tables say; faults stand in `reading`.
pub(crate) fn mapping(reading: &mut Reading<'_>) -> Mapping {
    let mut tables = Tables { codes: codes(reading), ..Tables::default() };
    tables.constants = reading
        .under("constants")
        .into_iter()
        .map(|(name, text)| (name.to_owned(), Secret::new(text.to_owned())))
        .collect();
    tables.officer = rows::rows(reading, &tables, "officer", &[OFFICER]).0;
    tables.paper = rows::rows(reading, &tables, "paper", &[PAPER]).0;
    let sends = verbs::verbs(reading, &tables, "send");
    let asks = verbs::verbs(reading, &tables, "ask");
    if sends.is_empty() {
        reading.fault(
            "send",
            "is missing; write [options.send.KIND] with a path and a body for each kind of act that the partner takes",
        );
    }
    let says_receipt = sends.values().any(|verb| verb.says_receipt);
    let answers::Read { receipt, answer, asked, posted } = answers::read(reading, &tables, &sends);
    let has_error = std::iter::once(receipt.as_ref())
        .chain([answer.any.as_ref(), asked.any.as_ref()])
        .chain(answer.of.values().map(Arc::as_ref))
        .chain(posted.iter().map(|(told, _)| told.as_ref()))
        .any(|told| told.fields.has("error"));
    let states = answers::states(reading, "states", "states_of");
    let receipt_states = answers::states_of_receipts(reading, says_receipt);
    let errors = answers::errors(reading, has_error);
    let reasons = answers::reasons(reading);
    let (taken, refused) =
        (rows::reply(reading, &tables, "reply.taken", true), rows::reply(reading, &tables, "reply.refused", false));
    Mapping {
        tables,
        sends,
        asks,
        receipt,
        receipt_states,
        answer,
        asked,
        posted,
        states,
        errors,
        reasons,
        taken,
        refused,
    }
}

fn codes(reading: &Reading<'_>) -> BTreeMap<String, Codes> {
    let mut codes: BTreeMap<String, Codes> = BTreeMap::new();
    for (key, theirs) in reading.under("codes") {
        if let Some((table, ours)) = key.split_once('.') {
            codes.entry(table.to_owned()).or_default().insert(ours.to_owned(), theirs.to_owned());
        }
    }
    codes
}

fn place(reading: &mut Reading<'_>, key: &str, text: &str) -> Option<Place> {
    let place = Place::parse(text);
    if place.is_none() {
        reading.fault(key, "is no place; write it as /data/name, at most eight steps (RFC 6901)");
    }
    place
}

/// A fault of a key that nothing was told of yet: one that is there and wrong is not missing too.
fn missing(reading: &mut Reading<'_>, key: &str, message: &str) {
    if !reading.faults.iter().any(|fault| fault.key == key) {
        reading.fault(key, message);
    }
}

/// Faults of tables `of.KIND` whose kind is none.
fn known_kinds(reading: &mut Reading<'_>, of: &str, others: &[&str]) -> Vec<ActKind> {
    let names: std::collections::BTreeSet<&str> =
        reading.under(of).into_iter().filter_map(|(key, _)| key.split('.').next()).collect();
    for name in names.iter().filter(|name| !others.contains(name) && ActKind::from_word(name).is_none()) {
        let key = first_key(reading, of, name);
        reading.fault(&key, "is in the table of no kind of act; name it by one, or `any`");
    }
    ActKind::ALL.iter().copied().filter(|kind| names.contains(kind.word())).collect()
}

fn first_key(reading: &Reading<'_>, of: &str, name: &str) -> String {
    let from = format!("{name}.");
    let key = reading.under(of).into_iter().map(|(key, _)| key).find(|key| key.starts_with(&from));
    format!("{of}.{}", key.unwrap_or(name))
}
