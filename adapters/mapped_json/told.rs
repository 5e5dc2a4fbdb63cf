//! Answers: where our words stand in what a partner says, and the outcome they make.

mod entries;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::outcome::{
    ACCOUNTS_MAX, DETAIL_CHARS_MAX, DETAILS_MAX, Detail, FINDINGS_MAX, Lead, Outcome, PriorMeasure, Reason, Verdict,
};
use domain::socket::INBOUND_ITEMS_MAX;
use domain::whose::Named;
use domain::{ActKind, Day, Flaw, Money, Personal};
use serde_json::Value;

use super::json::read;
use super::place::Place;
use super::value::{Codes, Shape, Sort, balance, day, money, scalar, uncoded, wait};
use super::words::Words;
use crate::open::{AHEAD_MAX, Unreadable};
use crate::sums::agree;

pub(crate) use entries::{is_detail, list_of};

/// The longest word or number that is read of an answer.
const WORD_CHARS_MAX: usize = 100;
/// Free text is cut there, because nothing hangs on it.
const TEXT_CHARS_MAX: usize = 500;
/// Sealed answers to one order: one, and some room.
const REPLIES_MAX: usize = 8;

/// What may be said of an order as a whole.
pub(crate) const FIELDS: Words = &[
    ("number", Sort::Text),
    ("slip", Sort::Text),
    ("line", Sort::Text),
    ("kind", Sort::Text),
    ("name", Sort::Text),
    ("id_number", Sort::Text),
    ("account", Sort::Text),
    ("error", Sort::Text),
    ("state", Sort::Text),
    ("reason", Sort::Text),
    ("text", Sort::Text),
    ("limit", Sort::Money),
    ("caught", Sort::Money),
    ("moved", Sort::Money),
    ("left", Sort::Money),
    ("from", Sort::Day),
    ("to", Sort::Day),
    ("due", Sort::Day),
    ("rank", Sort::Text),
    ("serial", Sort::Text),
    ("as_of", Sort::Text),
    ("wait", Sort::Wait),
    ("packed", Sort::Packed),
];

/// Where a word of ours stands, or what it always is.
#[derive(Clone)]
pub(crate) enum Spot {
    At(Place, Shape),
    Always(String),
}

/// Words of ours and where they stand; some dozen, so looking through them costs less than a tree would weigh.
#[derive(Clone, Default)]
pub(crate) struct Spots(Vec<(Cow<'static, str>, Spot)>);

impl Spots {
    /// Where the word stands.
    pub(crate) fn get(&self, word: &str) -> Option<&Spot> {
        self.0.iter().find(|(known, _)| known == word).map(|(_, spot)| spot)
    }

    /// Is it said where the word stands?
    pub(crate) fn has(&self, word: &str) -> bool {
        self.get(word).is_some()
    }

    /// Says where the word stands, instead of what was said before.
    pub(crate) fn set(&mut self, word: Cow<'static, str>, spot: Spot) {
        match self.0.iter_mut().find(|(known, _)| *known == word) {
            Some((_, known)) => *known = spot,
            None => self.0.push((word, spot)),
        }
    }
}

/// How answers of one sort are read.
#[derive(Clone, Default)]
pub(crate) struct Told {
    /// Of the order as a whole.
    pub(crate) fields: Spots,
    /// Lists, by their word; `accounts.ahead` is the list within each entry of `accounts`.
    pub(crate) lists: Vec<(String, Spots)>,
}

impl Told {
    /// The list of that name, made when it is not there.
    pub(crate) fn list_mut(&mut self, name: &str) -> Option<&mut Spots> {
        if !self.lists.iter().any(|(known, _)| known == name) {
            self.lists.push((name.to_owned(), Spots::default()));
        }
        self.lists.iter_mut().find(|(known, _)| known == name).map(|(_, spots)| spots)
    }
}

/// What a word of theirs means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// What became of it.
    Is(Verdict),
    /// The partner has it and says later.
    Accepted,
    /// To a question: it does not know the number.
    NotFound,
    /// It is closed, and did nothing.
    Closed,
    /// We call too often, and it did nothing.
    Throttled,
    /// Nobody can say.
    Doubt,
}

impl State {
    /// All words that a file may write, for a fault.
    pub(crate) const WORDS: &'static str = "done, partly, queued, registered, refused, handed_back, no_such_customer, accepted, not_found, closed, throttled, doubt";

    /// Reads the word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "accepted" => Self::Accepted,
            "not_found" => Self::NotFound,
            "closed" => Self::Closed,
            "throttled" => Self::Throttled,
            "doubt" => Self::Doubt,
            word => Self::Is(Verdict::from_word(word).filter(|verdict| *verdict != Verdict::NeverReached)?),
        })
    }
}

/// One value, with the tables of codes that it is read by.
struct Reader<'r> {
    value: &'r Value,
    spots: &'r Spots,
    codes: &'r BTreeMap<String, Codes>,
    /// The list within each entry.
    beneath: Option<&'r Spots>,
}

const SHAPE: Unreadable = Unreadable(Flaw::ValueShape);

impl<'r> Reader<'r> {
    /// The text of a word, by its code where the file says so.
    fn text(&self, word: &str, chars_max: usize) -> Result<Option<String>, Unreadable> {
        let Some(spot) = self.spots.get(word) else { return Ok(None) };
        let (place, shape) = match spot {
            Spot::Always(text) => return Ok(Some(text.clone())),
            Spot::At(place, shape) => (place, shape),
        };
        let Some(text) = scalar(place.find(self.value)).map_err(|()| SHAPE)? else { return Ok(None) };
        if text.chars().count() > chars_max {
            return Err(Unreadable(Flaw::ValueLong));
        }
        match shape {
            Shape::Code(name) => {
                let ours = self.codes.get(name.as_ref()).and_then(|codes| uncoded(&text, codes));
                ours.map(|ours| Some(ours.to_owned())).ok_or(Unreadable(Flaw::CodeUnknown))
            }
            _ => Ok(Some(text)),
        }
    }

    fn word(&self, word: &str) -> Result<Option<String>, Unreadable> {
        self.text(word, WORD_CHARS_MAX)
    }

    fn personal(&self, word: &str) -> Result<Personal<String>, Unreadable> {
        Ok(Personal::new(self.word(word)?.unwrap_or_default()))
    }

    fn shaped<T>(&self, word: &str, read: fn(&str, &Shape) -> Option<T>) -> Result<Option<T>, Unreadable> {
        match self.spots.get(word) {
            Some(Spot::At(place, shape)) => match scalar(place.find(self.value)).map_err(|()| SHAPE)? {
                Some(text) => read(&text, shape).map(Some).ok_or(SHAPE),
                None => Ok(None),
            },
            Some(Spot::Always(_)) | None => Ok(None),
        }
    }

    fn money(&self, word: &str) -> Result<Option<Money>, Unreadable> {
        self.shaped(word, money)
    }

    fn balance(&self, word: &str) -> Result<Option<Money>, Unreadable> {
        self.shaped(word, balance)
    }

    fn day(&self, word: &str) -> Result<Option<Day>, Unreadable> {
        self.shaped(word, day)
    }

    /// Particulars, by the names that the file gives them.
    fn details(&self) -> Result<Vec<Detail>, Unreadable> {
        let words = self.spots.0.iter().map(|(word, _)| word.as_ref());
        let names = words.filter_map(|word| word.strip_prefix("details.").map(|name| (word, name)));
        let mut details = Vec::new();
        for (word, name) in names.take(DETAILS_MAX) {
            if let Some(value) = self.text(word, DETAIL_CHARS_MAX)? {
                details.push(Detail { name: name.to_owned(), value: Personal::new(value) });
            }
        }
        Ok(details)
    }

    /// The entries of the list within.
    fn beneath<T>(
        &self,
        count_max: usize,
        entry: fn(&Reader<'_>) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let Some(spots) = self.beneath else { return Ok(Vec::new()) };
        let read = |value| entry(&Reader { value, spots, codes: self.codes, beneath: None });
        items(spots, self.value, count_max)?.into_iter().map(read).collect()
    }

    /// Our number, `slip-line`; `None` when it names none.
    fn number(&self) -> Result<Option<String>, Unreadable> {
        if let Some(number) = self.word("number")? {
            return Ok(Some(number));
        }
        Ok(self.word("slip")?.zip(self.word("line")?).map(|(slip, line)| format!("{slip}-{line}")))
    }
}

/// What stands in a list. Nothing there is an empty list; where the file says so, an object is its only entry, or none when
/// nothing of what we look for stands in it.
fn items<'v>(spots: &Spots, value: &'v Value, count_max: usize) -> Result<Vec<&'v Value>, Unreadable> {
    let Some(Spot::At(at, shape)) = spots.get("at") else { return Ok(Vec::new()) };
    match (at.find(value), shape) {
        (None | Some(Value::Null), _) => Ok(Vec::new()),
        (Some(one @ Value::Object(_)), Shape::One | Shape::MaybeOne) => {
            let says = |(word, spot): &(Cow<'_, str>, Spot)| match spot {
                Spot::At(place, _) => word != "at" && place.find(one).is_some_and(|found| !found.is_null()),
                Spot::Always(_) => false,
            };
            Ok(if spots.0.iter().any(says) { vec![one] } else { Vec::new() })
        }
        (Some(Value::Array(items)), Shape::Plain | Shape::MaybeList) if items.len() <= count_max => {
            Ok(items.iter().collect())
        }
        _ => Err(Unreadable(Flaw::ListShape)),
    }
}

/// Does the list stand in the answer, or may it be missing?
fn is_told(spots: &Spots, value: &Value) -> bool {
    match spots.get("at") {
        Some(Spot::At(_, Shape::MaybeList | Shape::MaybeOne)) => true,
        Some(Spot::At(at, _)) => at.find(value).is_some_and(|found| !found.is_null()),
        _ => false,
    }
}

impl Told {
    fn reader<'r>(&'r self, value: &'r Value, codes: &'r BTreeMap<String, Codes>) -> Reader<'r> {
        Reader { value, spots: &self.fields, codes, beneath: None }
    }

    /// Puts the JSON that stands as a text at its place, in the stead of the text.
    ///
    /// # Errors
    /// When something else stands there.
    pub(crate) fn unpack(&self, value: &mut Value) -> Result<(), Unreadable> {
        let Some(Spot::At(place, shape)) = self.fields.get("packed") else { return Ok(()) };
        let Some(found) = place.find_mut(value).filter(|found| !found.is_null()) else { return Ok(()) };
        let text = found.as_str().ok_or(SHAPE)?;
        let inner = match shape {
            Shape::Base64 => read(&STANDARD.decode(text.trim()).map_err(|_| Unreadable(Flaw::ContentBase64))?)?,
            _ => read(text.as_bytes())?,
        };
        *found = inner;
        Ok(())
    }

    /// Their word for an error, where they say so apart from what became of the order.
    ///
    /// # Errors
    /// When something else stands where it should.
    pub(crate) fn error(&self, value: &Value, codes: &BTreeMap<String, Codes>) -> Result<Option<String>, Unreadable> {
        self.reader(value, codes).word("error")
    }

    /// How long they ask us to wait, in milliseconds. A wait that cannot be read is none: the lane has its own.
    pub(crate) fn wait_ms(&self, value: &Value, codes: &BTreeMap<String, Codes>) -> Option<u64> {
        self.reader(value, codes).shaped("wait", wait).ok()?
    }

    /// Our number as the answer names it, `slip-line`; `None` when it names none.
    ///
    /// # Errors
    /// When something else stands where it should.
    pub(crate) fn number(&self, value: &Value, codes: &BTreeMap<String, Codes>) -> Result<Option<String>, Unreadable> {
        self.reader(value, codes).number()
    }

    /// Their word for what became of it.
    ///
    /// # Errors
    /// When something else stands where it should.
    pub(crate) fn state(&self, value: &Value, codes: &BTreeMap<String, Codes>) -> Result<Option<String>, Unreadable> {
        self.reader(value, codes).word("state")
    }

    /// What kind of act it is about, where it says so.
    ///
    /// # Errors
    /// When it says so in a word that is none.
    pub(crate) fn kind(&self, value: &Value, codes: &BTreeMap<String, Codes>) -> Result<Option<ActKind>, Unreadable> {
        let word = self.reader(value, codes).word("kind")?;
        word.map(|word| ActKind::from_word(&word).ok_or(Unreadable(Flaw::KindUnknown))).transpose()
    }

    /// The outcome of an act of that kind with that verdict.
    ///
    /// # Errors
    /// [`Unreadable`] when a value is not of its shape, or the whole contradicts itself.
    pub(crate) fn outcome(
        &self,
        kind: ActKind,
        verdict: Verdict,
        value: &Value,
        codes: &BTreeMap<String, Codes>,
        reasons: &BTreeMap<String, Reason>,
    ) -> Result<Outcome, Unreadable> {
        let verdict = match verdict {
            Verdict::Queued if kind != ActKind::Freeze => return Err(Unreadable(Flaw::QueuedWithoutRank)),
            Verdict::NoSuchCustomer if !kind.is_question() => Verdict::Refused,
            verdict => verdict,
        };
        let reader = self.reader(value, codes);
        let mut outcome = Outcome::of(verdict);
        // A new word for a reason does not change what was done; it is kept as "other", with their text beside it.
        let reason = reader.word("reason")?;
        outcome.reason = reason
            .filter(|_| verdict != Verdict::Done)
            .map(|word| reasons.get(&word).copied().unwrap_or(Reason::Other));
        outcome.text =
            reader.text("text", usize::MAX)?.map(|text| Personal::new(text.chars().take(TEXT_CHARS_MAX).collect()));
        (outcome.limit, outcome.caught, outcome.moved) =
            (reader.money("limit")?, reader.money("caught")?, reader.money("moved")?);
        (outcome.from, outcome.to, outcome.due) = (reader.day("from")?, reader.day("to")?, reader.day("due")?);
        // Whose it is, and what is left of it, are held against the order by whoever knows that.
        outcome.left = reader.money("left")?;
        outcome.account_numbers = reader.word("account")?.map(Personal::new).into_iter().collect();
        let (name, number) = (reader.word("name")?, reader.word("id_number")?);
        let named = Named::of(&name.unwrap_or_default(), &number.unwrap_or_default());
        outcome.named = Some(named).filter(Named::says_anything).into_iter().collect();
        outcome.serial = reader.word("serial")?.map(Personal::new);
        outcome.as_of = reader.word("as_of")?;
        outcome.accounts = self.list("accounts", value, codes, ACCOUNTS_MAX, entries::account)?;
        outcome.ahead = self.list("ahead", value, codes, AHEAD_MAX, entries::prior)?;
        if let Some(rank) = reader.word("rank")? {
            outcome.ahead = ranked(&rank, outcome.ahead)?;
        }
        outcome.findings = self.list("findings", value, codes, FINDINGS_MAX, entries::finding)?;
        outcome.replies = self.list("replies", value, codes, REPLIES_MAX, entries::reply)?;
        let mut found = self.lists_of("accounts").chain(self.lists_of("findings"));
        if kind.is_question() && verdict == Verdict::Done && !found.any(|(_, spots)| is_told(spots, value)) {
            return Err(Unreadable(Flaw::FoundMissing));
        }
        agree(kind, &mut outcome)?;
        Ok(outcome)
    }

    /// What an answer tells beside about the order of that slip and line.
    ///
    /// # Errors
    /// [`Unreadable`] when a value is not of its shape.
    pub(crate) fn leads(
        &self,
        value: &Value,
        codes: &BTreeMap<String, Codes>,
        (slip, line): (&str, Option<u16>),
    ) -> Result<Vec<Lead>, Unreadable> {
        let mut leads: Vec<Lead> =
            self.list("leads", value, codes, INBOUND_ITEMS_MAX, entries::lead)?.into_iter().flatten().collect();
        for lead in &mut leads {
            (lead.slip, lead.line) = (slip.to_owned(), line);
        }
        Ok(leads)
    }

    /// Does it say where leads stand beside the results?
    pub(crate) fn has_clues(&self) -> bool {
        self.lists_of("clues").next().is_some()
    }

    /// Leads that stand beside the results of a message, each with our number.
    ///
    /// # Errors
    /// [`Unreadable`] when a value is not of its shape, or one names no number of ours.
    pub(crate) fn clues(
        &self,
        value: &Value,
        codes: &BTreeMap<String, Codes>,
        parts: fn(String) -> (String, Option<u16>),
    ) -> Result<Vec<Lead>, Unreadable> {
        let numbered = |reader: &Reader<'_>| Ok((reader.number()?, entries::lead(reader)?));
        let told = self.list("clues", value, codes, INBOUND_ITEMS_MAX, numbered)?;
        let mut leads = Vec::with_capacity(told.len());
        for (number, lead) in told {
            let (number, mut lead) = number.zip(lead).ok_or(Unreadable(Flaw::LeadIncomplete))?;
            (lead.slip, lead.line) = parts(number);
            leads.push(lead);
        }
        Ok(leads)
    }

    /// The lists of that word: the one without a name and those with one.
    fn lists_of(&self, base: &str) -> impl Iterator<Item = &(String, Spots)> {
        self.lists.iter().filter(move |(name, _)| {
            let rest = name.strip_prefix(base);
            rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('_')) && !rest.contains('.'))
        })
    }

    fn list<T>(
        &self,
        base: &str,
        value: &Value,
        codes: &BTreeMap<String, Codes>,
        count_max: usize,
        entry: impl Fn(&Reader<'_>) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let mut found = Vec::new();
        for (name, spots) in self.lists_of(base) {
            let within = |(list, _): &&(String, Spots)| list.strip_suffix(".ahead") == Some(name);
            let beneath = self.lists.iter().find(within).map(|(_, spots)| spots);
            for value in items(spots, value, count_max.saturating_sub(found.len()))? {
                found.push(entry(&Reader { value, spots, codes, beneath })?);
            }
        }
        Ok(found)
    }
}

/// The earlier measures that are named, and behind them as many without a name as the rank says.
fn ranked(rank: &str, mut ahead: Vec<PriorMeasure>) -> Result<Vec<PriorMeasure>, Unreadable> {
    let others = rank.parse::<usize>().map_err(|_| SHAPE)?.saturating_sub(1);
    if others < ahead.len() || others > AHEAD_MAX {
        return Err(Unreadable(Flaw::RankContradicts));
    }
    let unnamed = || PriorMeasure {
        organ: Personal::new(String::new()),
        paper: Personal::new(String::new()),
        amount: None,
        to: None,
    };
    ahead.resize_with(others, unnamed);
    Ok(ahead)
}
