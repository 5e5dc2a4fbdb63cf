//! The tables of a partner file, read and held against each other: every fault at once, each with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::outcome::Reason;
use domain::socket::{OptionFault, PartnerOptions, Plug};
use domain::{ActKind, Secret};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::body::{Row, Source, Tables, fit};
use super::call::{MappedCall, Mapping, Signing, Verb};
use super::place::Place;
use super::told::{FIELDS, LISTS, Spot, Spots, State, Told};
use super::value::{Codes, Shape};
use super::words::{NUMBERS, OFFICER, ORDER, PAPER, REPLY, Words};
use crate::options::Reading;
use crate::transport::endpoint;

/// What a partner of this adapter may say in its file.
pub(crate) const OPTIONS: &[(&str, &str)] = &endpoint::with_connection::<42>(&[
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
    ("send.*.body.*", "place in its JSON = word of ours, shape, `required`; or text:…, number:…, flag:…"),
    ("ask.*.path", "address of a question about our number, {number} {slip} {line} {kind} stand for it"),
    ("ask.*.method", "GET, POST or PUT (default GET)"),
    ("ask.*.body.*", "place in its JSON = word of our number"),
    ("officer.*", "place in one officer = word of ours"),
    ("paper.*", "place in one paper = word of ours"),
    ("constants.*", "name = text that only this partner has; file:PATH or env:NAME keeps it out of this file"),
    ("codes.*.*", "our word = its word, in a table with a name"),
    ("receipt.*", "word of ours = place in a direct answer that says only whether it was taken"),
    ("receipt_states.*", "its word = ours, of such an answer"),
    ("answer.*", "word of ours = place in its answer and shape"),
    ("answer.*.*", "the same in a list: accounts, ahead, findings, replies; `at` is where the list stands"),
    ("asked.*", "the same in the answer to a question, where it differs"),
    ("asked.*.*", "the same in its lists"),
    ("posted.*", "the same in what it posts, where it differs; `items` is where the list of results stands"),
    ("posted.*.*", "the same in its lists"),
    ("states.*", "its word = ours; \"*\" = \"doubt\" must stand there"),
    ("reasons.*", "its word = ours, of why not, or not all"),
    ("reply.taken.*", "place in our answer to what it posted, when all was taken"),
    ("reply.refused.*", "place in our answer, when some was refused"),
]);

/// Its answer is as large as that of the open form.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Stands for every kind, and for every word.
const ANY: &str = "any";
const OTHERWISE: &str = "*";

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
    let headers = headers(&mut reading);
    let signing = signing(&mut reading);
    reading.read("two_officers", false, "yes or no", |word| match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    });
    let mapping = mapping(&mut reading);
    if url.as_ref().is_some_and(|url| url.query().is_some() || url.fragment().is_some()) {
        reading.fault("url", "has a query; write it behind the paths below it");
    }
    let http = endpoint::connect(reading, options, url, headers, answer_bytes_max)?;
    Ok(Plug::CallOut(Arc::new(MappedCall::new(http, signing, mapping))))
}

fn headers(reading: &mut Reading<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let name = header(reading, "token_header", "authorization");
    let Some(token) = reading.text("token") else {
        if reading.text("hmac_key").is_none() && reading.text("client_pem_file").is_none() {
            reading.fault("token", "is missing; write the credential agreed with the partner, by way of a secret file, or hmac_key, or client_pem_file");
        }
        return headers;
    };
    let text = if name == "authorization" { format!("Bearer {token}") } else { token.to_owned() };
    match HeaderValue::from_str(&text) {
        Ok(mut value) if token.bytes().all(|b| b.is_ascii_graphic()) => {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        _ => reading.fault("token", "holds characters that cannot stand in a header; use visible ASCII without spaces"),
    }
    headers
}

fn header(reading: &mut Reading<'_>, key: &str, otherwise: &'static str) -> HeaderName {
    let read = |text: &str| HeaderName::from_bytes(text.to_ascii_lowercase().as_bytes()).ok();
    let name = reading.read(key, HeaderName::from_static(otherwise), "the name of a header", read);
    // These are the connection's own.
    if ["host", "content-length", "content-type", "connection", "transfer-encoding"].contains(&name.as_str()) {
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
    tables.officer = rows(reading, "officer", &[OFFICER]);
    tables.paper = rows(reading, "paper", &[PAPER]);
    for table in ["officer", "paper", "reply.taken", "reply.refused"] {
        lacking(reading, &tables, table);
    }
    let sends = verbs(reading, &tables, "send");
    let asks = verbs(reading, &tables, "ask");
    if sends.is_empty() {
        reading.fault(
            "send",
            "is missing; write [options.send.KIND] with a path and a body for each kind of act that the partner takes",
        );
    }
    let receipt = told(reading, &tables, &["receipt"]);
    let answer = told(reading, &tables, &["answer"]);
    let asked = told(reading, &tables, &["answer", "asked"]);
    let is_posted = !reading.under("posted").is_empty();
    let items = reading.text("posted.items").map(|text| place(reading, "posted.items", text));
    let posted = is_posted.then(|| (told(reading, &tables, &["answer", "posted"]), items.flatten()));
    let says_receipt = sends.values().any(|verb| verb.says_receipt);
    recognised(reading, &answer, "answer");
    if says_receipt && !receipt.fields.contains_key("state") {
        missing(reading, "receipt.state", "is missing; write where a receipt says whether the order was taken");
    }
    if let Some((posted, _)) = posted.as_ref().filter(|_| sends.len() > 1)
        && !posted.fields.contains_key("kind")
    {
        missing(reading, "posted.kind", "is missing; write where a result says which kind of act it is about");
    }
    for kind in sends.keys() {
        judgeable(reading, *kind, &answer);
    }
    let states = states(reading, "states", true);
    let receipt_states = states_of_receipts(reading, says_receipt);
    let reasons = reasons(reading);
    let (taken, refused) = (reply(reading, "reply.taken", true), reply(reading, "reply.refused", false));
    Mapping { tables, sends, asks, receipt, receipt_states, answer, asked, posted, states, reasons, taken, refused }
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

/// The rows of one table: a place, and what stands there.
fn rows(reading: &mut Reading<'_>, table: &str, known: &[Words]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, text) in reading.under(table) {
        let whole = format!("{table}.{key}");
        let place = place(reading, &whole, key);
        match Source::parse(text, known) {
            Ok(source) => rows.extend(place.map(|place| Row { place, source })),
            Err(message) => reading.fault(&whole, &message),
        }
    }
    if let Err(nth) = fit(&rows)
        && let Some((key, _)) = reading.under(table).get(nth)
    {
        let message =
            "stands within or around another place of this table; a value and an object cannot both stand there";
        reading.fault(&format!("{table}.{key}"), message);
    }
    rows
}

/// Faults of rows that name what the file does not hold.
fn lacking(reading: &mut Reading<'_>, tables: &Tables, table: &str) {
    for (key, text) in reading.under(table) {
        let known: &[Words] = match table {
            "officer" => &[OFFICER],
            "paper" => &[PAPER],
            "reply.taken" | "reply.refused" => &[REPLY],
            _ => &[NUMBERS, ORDER],
        };
        if let Some(message) = Source::parse(text, known).ok().and_then(|source| tables.lacks(&source)) {
            reading.fault(&format!("{table}.{key}"), &message);
        }
    }
}

/// How each kind is sent or asked about: its own table over that of `any`.
fn verbs(reading: &mut Reading<'_>, tables: &Tables, of: &str) -> BTreeMap<ActKind, Arc<Verb>> {
    let names: BTreeSet<&str> = reading.under(of).into_iter().filter_map(|(key, _)| key.split('.').next()).collect();
    for name in names.iter().filter(|name| **name != ANY && ActKind::from_word(name).is_none()) {
        reading.fault(&first_key(reading, of, name), "is in the table of no kind of act; name it by one, or `any`");
    }
    let named = ActKind::ALL.iter().copied().filter(|kind| names.contains(kind.word()));
    // A question is the same for all kinds more often than not; an order never is, so only what is named is sent.
    let kinds: Vec<ActKind> = match of {
        "ask" if names.contains(ANY) => ActKind::ALL.to_vec(),
        _ => named.collect(),
    };
    let mut faulty = BTreeSet::new();
    // Kinds without a table of their own share what `any` says: one copy, read once.
    let mut shared: Option<Option<Arc<Verb>>> = None;
    let mut verbs = BTreeMap::new();
    for kind in kinds {
        let own = names.contains(kind.word());
        let read = match shared.clone().filter(|_| !own) {
            Some(shared) => shared,
            None => verb(reading, tables, of, kind, &mut faulty).map(Arc::new),
        };
        if !own {
            shared = Some(read.clone());
        }
        verbs.extend(read.map(|verb| (kind, verb)));
    }
    verbs
}

fn first_key(reading: &Reading<'_>, of: &str, name: &str) -> String {
    let from = format!("{name}.");
    let key = reading.under(of).into_iter().map(|(key, _)| key).find(|key| key.starts_with(&from));
    format!("{of}.{}", key.unwrap_or(name))
}

/// `faulty` keeps what was told of `any`, so that it is told once and not for each kind.
fn verb(
    reading: &mut Reading<'_>,
    tables: &Tables,
    of: &str,
    kind: ActKind,
    faulty: &mut BTreeSet<String>,
) -> Option<Verb> {
    let key = |what: &str| -> String {
        let own = format!("{of}.{}.{what}", kind.word());
        if reading.text(&own).is_some() { own } else { format!("{of}.{ANY}.{what}") }
    };
    let (path_key, method_key, says_key) = (key("path"), key("method"), key("says"));
    let is_order = of == "send";
    let mut once = |reading: &mut Reading<'_>, key: &str, message: &str| {
        if faulty.insert(format!("{key} {message}")) {
            reading.fault(key, message);
        }
    };
    let path = reading.text(&path_key).unwrap_or_default();
    if !is_path(path) {
        let own = format!("{of}.{}.path", kind.word());
        let at = if path.is_empty() { &own } else { &path_key };
        once(
            reading,
            at,
            "is no path; write it as /api/orders or /api/orders/{number}, with no braces but {number} {slip} {line} {kind}",
        );
    }
    let is_sound = is_path(path);
    let methods: &[&str] = if is_order { &["POST", "PUT"] } else { &["GET", "POST", "PUT"] };
    let word = reading.text(&method_key).unwrap_or(if is_order { "POST" } else { "GET" });
    if !methods.contains(&word) {
        once(reading, &method_key, &format!("is no method for this; write one of {}", methods.join(", ")));
    }
    let says = reading.text(&says_key).unwrap_or("answer");
    if !["answer", "receipt"].contains(&says) {
        once(reading, &says_key, "must be answer or receipt");
    }
    let body = body(reading, tables, of, kind);
    if is_order {
        complete(reading, kind, &body);
    } else if is_sound && !names_number(&body) && !["{number}", "{slip}"].iter().any(|part| path.contains(part)) {
        once(reading, &path_key, "names our number neither in the path nor in the body; write {number} into it");
    }
    let method = Method::from_bytes(word.as_bytes()).ok()?;
    Some(Verb { method, path: path.to_owned(), body, says_receipt: says == "receipt" })
}

fn is_path(path: &str) -> bool {
    let bare =
        ["{number}", "{slip}", "{line}", "{kind}"].iter().fold(path.to_owned(), |path, part| path.replace(part, ""));
    bare.starts_with('/')
        && !bare.starts_with("//")
        && bare.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'}' | b'#' | b'\\' | b'"' | b'<' | b'>'))
        && !bare.split(['/', '?']).any(|part| part == "..")
}

/// The rows of `any`, and over them those of the kind.
fn body(reading: &mut Reading<'_>, tables: &Tables, of: &str, kind: ActKind) -> Vec<Row> {
    let known: &[Words] = if of == "send" { &[NUMBERS, ORDER] } else { &[NUMBERS] };
    let mut merged: BTreeMap<Place, Row> = BTreeMap::new();
    let mut is_each_sound = true;
    for name in [ANY, kind.word()] {
        let table = format!("{of}.{name}.body");
        let before = reading.faults.len();
        let rows = rows(reading, &table, known);
        is_each_sound &= fit(&rows).is_ok();
        lacking(reading, tables, &table);
        if name == ANY {
            // The rows of `any` are read for every kind, and their faults told for the first.
            let mut told = reading.faults.split_off(before);
            told.retain(|fault| !reading.faults.contains(fault));
            reading.faults.append(&mut told);
        }
        merged.extend(rows.into_iter().map(|row| (row.place.clone(), row)));
    }
    let rows: Vec<Row> = merged.into_values().collect();
    if is_each_sound && fit(&rows).is_err() {
        let table = format!("{of}.{}.body", kind.word());
        reading.fault(
            &table,
            "places a value within or around one of [any]; a value and an object cannot both stand there",
        );
    }
    rows
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

/// Without these no answer about such an act could ever be believed.
fn judgeable(reading: &mut Reading<'_>, kind: ActKind, answer: &Told) {
    let wanted: &[&str] = match kind {
        ActKind::Freeze => &["caught", "to"],
        ActKind::Renew => &["to"],
        kind if kind.transfers() => &["moved"],
        _ => &[],
    };
    for word in wanted.iter().filter(|word| !answer.fields.contains_key(**word)) {
        let message = format!("is missing; without it no answer to a {} could be believed", kind.word());
        missing(reading, &format!("answer.{word}"), &message);
    }
}

/// A fault of a key that nothing was told of yet: one that is there and wrong is not missing too.
fn missing(reading: &mut Reading<'_>, key: &str, message: &str) {
    if !reading.faults.iter().any(|fault| fault.key == key) {
        reading.fault(key, message);
    }
}

fn recognised(reading: &mut Reading<'_>, told: &Told, table: &str) {
    let has = |word: &str| told.fields.contains_key(word);
    let is_named = has("number") || (has("slip") && has("line"));
    if !is_named {
        missing(reading, &format!("{table}.number"), "is missing; write where an answer names our number");
    }
    if !has("state") {
        missing(reading, &format!("{table}.state"), "is missing; write where an answer says what became of the order");
    }
}

/// Where our words stand, the later tables over the earlier.
fn told(reading: &mut Reading<'_>, tables: &Tables, names: &[&str]) -> Told {
    let mut told = Told::default();
    for (nth, table) in names.iter().enumerate() {
        let is_last = nth + 1 == names.len();
        for (key, text) in reading.under(table) {
            let whole = format!("{table}.{key}");
            if *table == "posted" && key == "items" {
                continue;
            }
            let (list, word) = match key.split_once('.') {
                Some((list, word)) if LISTS.iter().any(|(name, _)| *name == list) => (Some(list), word),
                _ => (None, key),
            };
            match spot(tables, list, word, text) {
                Ok(spot) => {
                    let spots: &mut Spots = match list {
                        None => &mut told.fields,
                        Some(list) => told.lists.entry(list.to_owned()).or_default(),
                    };
                    spots.insert(word.to_owned(), spot);
                }
                // The table beneath is told of when it is read by itself.
                Err(message) if is_last => reading.fault(&whole, &message),
                Err(_) => {}
            }
        }
    }
    let last = names.last().copied().unwrap_or_default();
    let whole = told.lists.iter().filter(|(_, spots)| !spots.contains_key("at")).map(|(list, _)| list);
    for table in
        whole.map(|list| format!("{last}.{list}")).filter(|table| !reading.under(table).is_empty()).collect::<Vec<_>>()
    {
        reading.fault(&format!("{table}.at"), "is missing; write where the list stands");
    }
    told
}

fn spot(tables: &Tables, list: Option<&str>, word: &str, text: &str) -> Result<Spot, String> {
    let known = match list {
        None => FIELDS,
        Some(list) => LISTS.iter().find(|(name, _)| *name == list).map_or(FIELDS, |(_, words)| *words),
    };
    let fits = |name: &str| match name.strip_suffix('*') {
        Some(before) => word.strip_prefix(before).is_some_and(is_detail),
        None => name == word,
    };
    let Some((_, sort)) = known.iter().find(|(name, _)| fits(name)) else {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        return Err(format!("is no word of ours here; this adapter knows: {}", words.join(", ")));
    };
    if let Some(always) = text.strip_prefix("text:") {
        return Ok(Spot::Always(always.to_owned()));
    }
    let mut parts = text.split_whitespace();
    let place =
        parts.next().and_then(Place::parse).ok_or("is no place; write it as /data/name and a shape, or text:…")?;
    let shape = parts.next();
    let shape = match (Shape::parse(*sort, shape), parts.next()) {
        (Some(shape), None) => shape,
        _ => return Err(format!("has a shape that it cannot have; write one of {}", Shape::words(*sort))),
    };
    if let Shape::Code(name) = &shape {
        let codes = tables
            .codes
            .get(name)
            .ok_or("names a table of codes that is not there; write it as [options.codes.NAME]")?;
        let theirs: BTreeSet<&String> = codes.values().collect();
        if theirs.len() < codes.len() {
            return Err(
                "is read by a table of codes where two words of ours have one code; nobody could tell which is meant"
                    .to_owned(),
            );
        }
    }
    Ok(Spot::At(place, shape))
}

/// Names of particulars stand in leaves and pages, so they are words and nothing else.
fn is_detail(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What each word of theirs means; what the table does not say is a doubt, and the file says so itself.
fn states(reading: &mut Reading<'_>, table: &str, is_needed: bool) -> BTreeMap<String, State> {
    let mut states = BTreeMap::new();
    for (theirs, ours) in reading.under(table) {
        let key = format!("{table}.{theirs}");
        match State::from_word(ours) {
            Some(State::Doubt) => {}
            Some(_) if theirs == OTHERWISE => {
                reading.fault(&key, "may be nothing but \"doubt\": what the partner has not agreed to proves nothing");
            }
            Some(state) => {
                states.insert(theirs.to_owned(), state);
            }
            None => reading.fault(&key, &format!("is no word of ours; write one of {}", State::WORDS)),
        }
    }
    let key = format!("{table}.{OTHERWISE}");
    if is_needed && reading.text(&key).is_none() {
        reading.fault(
            &key,
            "is missing; write \"*\" = \"doubt\", so that whoever reads this file knows what an unknown word is",
        );
    }
    states
}

fn states_of_receipts(reading: &mut Reading<'_>, is_needed: bool) -> BTreeMap<String, State> {
    use domain::outcome::Verdict;
    let states = states(reading, "receipt_states", is_needed);
    for (theirs, state) in &states {
        let may = matches!(state, State::Accepted | State::Closed | State::Throttled)
            || matches!(state, State::Is(Verdict::Refused | Verdict::HandedBack));
        if !may {
            let key = format!("receipt_states.{theirs}");
            reading.fault(
                &key,
                "is more than a receipt can say; write accepted, refused, handed_back, closed, throttled or doubt",
            );
        }
    }
    states
}

fn reasons(reading: &mut Reading<'_>) -> BTreeMap<String, Reason> {
    let mut reasons = BTreeMap::new();
    for (theirs, ours) in reading.under("reasons") {
        match Reason::from_word(ours) {
            Some(reason) => {
                reasons.insert(theirs.to_owned(), reason);
            }
            None => {
                let words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
                reading.fault(
                    &format!("reasons.{theirs}"),
                    &format!("is no reason of ours; write one of {}", words.join(", ")),
                );
            }
        }
    }
    reasons
}

/// Our answer to what was posted; without a table `{"taken": true}` or `false`.
fn reply(reading: &mut Reading<'_>, table: &str, taken: bool) -> Vec<Row> {
    let rows = rows(reading, table, &[REPLY]);
    if !rows.is_empty() {
        return rows;
    }
    let place = Place::parse("/taken");
    place.into_iter().map(|place| Row { place, source: Source::Constant(serde_json::Value::Bool(taken)) }).collect()
}
