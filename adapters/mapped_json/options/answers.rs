//! Where our words stand in what a partner says, and what its own words mean.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ActKind;
use domain::outcome::{Reason, Verdict};

use super::super::body::{Tables, sort_of};
use super::super::call::Verb;
use super::super::mapping::{Answers, States};
use super::super::place::Place;
use super::super::told::{FIELDS, Spot, State, Told, is_detail, list_of};
use super::super::value::{Shape, Sort};
use super::super::words::Words;
use super::{known_kinds, missing};
use crate::options::Reading;

/// What an answer proves something by: a file that said it in the partner's stead would make any answer a proof.
const SAID_BY_THEM: [&str; 7] = ["number", "slip", "error", "state", "name", "id_number", "account"];
/// Every other word.
const OTHERWISE: &str = "*";

/// How every sort of answer is read.
pub(super) struct Read {
    pub(super) receipt: Arc<Told>,
    pub(super) answer: Answers,
    pub(super) asked: Answers,
    pub(super) posted: Option<(Arc<Told>, Option<Place>)>,
}

/// Reads the tables of answers and holds them against what is sent.
pub(super) fn read(reading: &mut Reading<'_>, tables: &Tables, sends: &BTreeMap<ActKind, Arc<Verb>>) -> Read {
    let nothing = Arc::new(Told::default());
    let receipt = Overlay::read(reading, tables, "receipt").over(&nothing);
    let answer = Overlay::read(reading, tables, "answer");
    let any = answer.over(&nothing);
    answer.whole(reading, &any);
    let mut of = BTreeMap::new();
    for kind in known_kinds(reading, "answer_of", &[]) {
        let own = Overlay::read(reading, tables, &format!("answer_of.{}", kind.word()));
        let told = own.over(&any);
        own.whole(reading, &told);
        of.insert(kind, told);
    }
    let answer = Answers { any, of };
    let over = Overlay::read(reading, tables, "asked");
    let of = answer.of.iter().map(|(kind, told)| (*kind, over.over(told))).collect();
    let asked = Answers { any: over.over(&answer.any), of };
    over.whole(reading, &asked.any);
    let over = Overlay::read(reading, tables, "posted");
    let items = reading.text("posted.items").map(|text| (text, Place::parse_list(text)));
    if items.as_ref().is_some_and(|(_, place)| place.is_none()) {
        reading.fault("posted.items", "is no place; write it as /data/name, or / when the message itself is the list");
    }
    let posted = (!reading.under("posted").is_empty()).then(|| over.over(&answer.any));
    if let Some(posted) = &posted {
        over.whole(reading, posted);
        if sends.len() > 1 && !posted.fields.has("kind") {
            missing(reading, "posted.kind", "is missing; write where a result says which kind of act it is about");
        }
    }
    if sends.is_empty() {
        recognised(reading, &answer.any);
    }
    if sends.values().any(|verb| verb.says_receipt) && !receipt.fields.has("state") {
        missing(reading, "receipt.state", "is missing; write where a receipt says whether the order was taken");
    }
    for (kind, verb) in sends {
        // What only takes an order says what became of it when it is asked.
        let told = if verb.says_receipt { asked.of(*kind) } else { answer.of(*kind) };
        recognised(reading, told);
        judgeable(reading, *kind, told);
    }
    Read { receipt, answer, asked, posted: posted.map(|told| (told, items.and_then(|(_, place)| place))) }
}

/// One table of places, to be laid over others.
struct Overlay {
    table: String,
    spots: Vec<(Option<String>, Cow<'static, str>, Spot)>,
}

impl Overlay {
    fn read(reading: &mut Reading<'_>, tables: &Tables, table: &str) -> Self {
        let mut spots = Vec::new();
        for (key, text) in reading.under(table) {
            if table == "posted" && key == "items" {
                continue;
            }
            let (list, known, word) = match list_of(key) {
                Some((list, known, word)) => (Some(list), known, word),
                None => (None, FIELDS, key),
            };
            let is_beside = list.as_ref().is_some_and(|list| list.starts_with("clues")) && table != "posted";
            let read = match is_beside {
                true => Err("is for what is posted; within an answer write the list `leads`".to_owned()),
                false => spot(tables, (known, list.is_none()), word, text),
            };
            match read {
                Ok((word, spot)) => spots.push((list, word, spot)),
                Err(message) => reading.fault(&format!("{table}.{key}"), &message),
            }
        }
        Self { table: table.to_owned(), spots }
    }

    /// Another table with this one over it; the same one when this says nothing.
    fn over(&self, base: &Arc<Told>) -> Arc<Told> {
        if self.spots.is_empty() {
            return Arc::clone(base);
        }
        let mut told = Told::clone(base);
        for (list, word, spot) in &self.spots {
            let spots = match list {
                None => Some(&mut told.fields),
                Some(list) => told.list_mut(list),
            };
            if let Some(spots) = spots {
                spots.set(word.clone(), spot.clone());
            }
        }
        Arc::new(told)
    }

    /// Faults of lists that this table speaks of and that lack what no entry can do without.
    fn whole(&self, reading: &mut Reading<'_>, told: &Told) {
        let lists: BTreeSet<&String> = self.spots.iter().filter_map(|(list, ..)| list.as_ref()).collect();
        for (name, spots) in told.lists.iter().filter(|(name, _)| lists.contains(name)) {
            let key = |word: &str| format!("{}.{name}.{word}", self.table);
            if !spots.has("at") {
                missing(reading, &key("at"), "is missing; write where the list stands");
            }
            let is_lead = name.starts_with("leads") || name.starts_with("clues");
            for word in ["class", "serial"].iter().filter(|word| is_lead && !spots.has(word)) {
                missing(
                    reading,
                    &key(word),
                    "is missing; a lead has a class (text:linked_account, text:clue, text:hit) and a number of the partner's own, by which a repeat is known",
                );
            }
            if name.starts_with("clues") && !spots.has("number") && !(spots.has("slip") && spots.has("line")) {
                missing(reading, &key("number"), "is missing; write where a lead beside the results names our number");
            }
        }
    }
}

/// Where a word stands; `is_whole` = it is said of the order as a whole.
fn spot(
    tables: &Tables,
    (known, is_whole): (Words, bool),
    word: &str,
    text: &str,
) -> Result<(Cow<'static, str>, Spot), String> {
    let is_named = word.strip_prefix("details.").is_none_or(is_detail);
    let Some((word, sort)) = sort_of(known, word).filter(|_| is_named) else {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        return Err(format!("is no word of ours here; this adapter knows: {}", words.join(", ")));
    };
    if let Some(always) = text.strip_prefix("text:") {
        if sort != Sort::Text || (is_whole && SAID_BY_THEM.contains(&word.as_ref())) {
            return Err("cannot always be the same: only the partner's own message says it; write its place".to_owned());
        }
        return Ok((word, Spot::Always(always.to_owned())));
    }
    let mut parts = text.split_whitespace();
    let parse = if sort == Sort::List { Place::parse_list } else { Place::parse };
    let may_be_text = sort == Sort::Text && !(is_whole && SAID_BY_THEM.contains(&word.as_ref()));
    let place = parts.next().and_then(parse).ok_or(match may_be_text {
        true => "is no place; write it as /data/name and a shape, or text:…",
        false => "is no place; write it as /data/name and a shape",
    })?;
    let shape = parts.next();
    let shape = match (Shape::parse(sort, shape), parts.next()) {
        (Some(shape), None) => shape,
        _ => return Err(format!("has a shape that it cannot have; write one of {}", Shape::words(sort))),
    };
    if let Shape::Code(name) = &shape {
        let codes = tables
            .codes
            .get(name.as_ref())
            .ok_or("names a table of codes that is not there; write it as [options.codes.NAME]")?;
        let theirs: BTreeSet<&String> = codes.values().collect();
        if theirs.len() < codes.len() {
            return Err(
                "is read by a table of codes where two words of ours have one code; nobody could tell which is meant"
                    .to_owned(),
            );
        }
    }
    Ok((word, Spot::At(place, shape)))
}

/// Without these no answer about such an act could ever be believed.
fn judgeable(reading: &mut Reading<'_>, kind: ActKind, answer: &Told) {
    let is_list = |name: &str| name.starts_with("accounts") || name.starts_with("findings");
    if kind.is_question() && !answer.lists.iter().any(|(name, _)| is_list(name)) {
        let message = "is missing; without a list of what was found (accounts, findings) no answer to a question could be believed";
        missing(reading, "answer.accounts.at", message);
    }
    let wanted: &[&str] = match kind {
        ActKind::Freeze => &["caught", "to"],
        ActKind::Renew => &["to"],
        kind if kind.transfers() => &["moved"],
        _ => &[],
    };
    for word in wanted.iter().filter(|word| !answer.fields.has(word)) {
        let message = format!("is missing; without it no answer to a {} could be believed", kind.word());
        missing(reading, &format!("answer.{word}"), &message);
    }
}

fn recognised(reading: &mut Reading<'_>, told: &Told) {
    let has = |word: &str| told.fields.has(word);
    let is_named = has("number") || (has("slip") && has("line"));
    if !is_named {
        missing(reading, "answer.number", "is missing; write where an answer names our number");
    }
    if !has("state") {
        missing(reading, "answer.state", "is missing; write where an answer says what became of the order");
    }
}

/// What each word of theirs means; what the table does not say is a doubt, and the file says so itself.
pub(super) fn states(reading: &mut Reading<'_>, table: &str, of: &str) -> States {
    let any = words(reading, table, State::WORDS, State::from_word);
    needs_otherwise(reading, table, true);
    let mut by_kind = BTreeMap::new();
    for kind in known_kinds(reading, of, &[]) {
        let table = format!("{of}.{}", kind.word());
        by_kind.insert(kind, words(reading, &table, State::WORDS, State::from_word));
        let otherwise = format!("{table}.{OTHERWISE}");
        if reading.text(&otherwise).is_some() {
            reading.fault(
                &otherwise,
                "says nothing here: what this table does not hold is looked up in [options.states]; take it out",
            );
        }
    }
    States { any, of: by_kind }
}

/// A table of their words and ours; `*` may be nothing but a doubt.
fn words<T>(
    reading: &mut Reading<'_>,
    table: &str,
    known: &str,
    read: impl Fn(&str) -> Option<T>,
) -> BTreeMap<String, T> {
    let mut words = BTreeMap::new();
    for (theirs, ours) in reading.under(table) {
        let key = format!("{table}.{theirs}");
        match read(ours) {
            Some(_) if theirs == OTHERWISE => {
                if ours != "doubt" {
                    reading
                        .fault(&key, "may be nothing but \"doubt\": what the partner has not agreed to proves nothing");
                }
            }
            Some(word) => {
                words.insert(theirs.to_owned(), word);
            }
            None => reading.fault(&key, &format!("is no word of ours; write one of {known}")),
        }
    }
    words
}

fn needs_otherwise(reading: &mut Reading<'_>, table: &str, is_needed: bool) {
    let key = format!("{table}.{OTHERWISE}");
    if is_needed && reading.text(&key).is_none() {
        reading.fault(
            &key,
            "is missing; write \"*\" = \"doubt\", so that whoever reads this file knows what an unknown word is",
        );
    }
}

pub(super) fn states_of_receipts(reading: &mut Reading<'_>, is_needed: bool) -> States {
    let states = words(reading, "receipt_states", State::WORDS, State::from_word);
    needs_otherwise(reading, "receipt_states", is_needed);
    for (theirs, state) in &states {
        let may = matches!(state, State::Accepted | State::Closed | State::Throttled | State::Doubt)
            || matches!(state, State::Is(Verdict::Refused | Verdict::HandedBack));
        if !may {
            let key = format!("receipt_states.{theirs}");
            reading.fault(
                &key,
                "is more than a receipt can say; write accepted, refused, handed_back, closed, throttled or doubt",
            );
        }
    }
    States { any: states, of: BTreeMap::new() }
}

/// What their words for an error mean; `None` = there was none.
pub(super) fn errors(reading: &mut Reading<'_>, has_error: bool) -> BTreeMap<String, Option<State>> {
    const KNOWN: &str = "none, refused, handed_back, no_such_customer, accepted, not_found, closed, throttled, doubt";
    let may = |state: &State| match state {
        State::Is(verdict) => matches!(verdict, Verdict::Refused | Verdict::HandedBack | Verdict::NoSuchCustomer),
        _ => true,
    };
    let read = |word: &str| match word {
        "none" => Some(None),
        word => State::from_word(word).filter(may).map(Some),
    };
    let errors = words(reading, "errors", KNOWN, read);
    needs_otherwise(reading, "errors", has_error);
    if !has_error && let Some((key, _)) = reading.under("errors").first() {
        let key = format!("errors.{key}");
        missing(reading, &key, "is looked up nowhere; write as answer.error where an answer names an error");
    }
    errors
}

pub(super) fn reasons(reading: &mut Reading<'_>) -> BTreeMap<String, Reason> {
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
