//! Answers: where our words stand in what a partner says, and the outcome they make.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::outcome::{
    ACCOUNTS_MAX, AssetKind, AssetRole, DETAIL_CHARS_MAX, DETAILS_MAX, Detail, FINDINGS_MAX, Finding, FindingClass,
    FoundAccount, Outcome, PriorMeasure, Reason, SealedReply, Verdict,
};
use domain::{ActKind, Day, Money, Personal};
use md5::Digest as _;
use serde_json::Value;
use sha2::Sha256;

use super::place::Place;
use super::value::{Codes, Shape, Sort, day, money, scalar, uncoded};
use super::words::{Words, hex};
use crate::open::{AHEAD_MAX, Unreadable};
use crate::sums::agree;

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
    ("state", Sort::Text),
    ("reason", Sort::Text),
    ("text", Sort::Text),
    ("limit", Sort::Money),
    ("caught", Sort::Money),
    ("moved", Sort::Money),
    ("from", Sort::Day),
    ("to", Sort::Day),
    ("due", Sort::Day),
    ("serial", Sort::Text),
    ("as_of", Sort::Text),
];

/// The lists that an answer may hold, each with the words of one entry; `at` is where the list stands.
pub(crate) const LISTS: &[(&str, Words)] = &[
    (
        "accounts",
        &[
            ("at", Sort::Text),
            ("number", Sort::Text),
            ("class", Sort::Text),
            ("status", Sort::Text),
            ("currency", Sort::Text),
            ("balance", Sort::Money),
            ("available", Sort::Money),
            ("branch", Sort::Text),
            ("asset", Sort::Text),
            ("role", Sort::Text),
            ("details.*", Sort::Text),
        ],
    ),
    (
        "ahead",
        &[("at", Sort::Text), ("organ", Sort::Text), ("paper", Sort::Text), ("amount", Sort::Money), ("to", Sort::Day)],
    ),
    ("findings", &[("at", Sort::Text), ("class", Sort::Text), ("details.*", Sort::Text)]),
    (
        "replies",
        &[
            ("at", Sort::Text),
            ("file_name", Sort::Text),
            ("file_type", Sort::Text),
            ("content", Sort::Text),
            ("sha256", Sort::Text),
            ("md5", Sort::Text),
        ],
    ),
];

/// Where a word of ours stands, or what it always is.
#[derive(Clone)]
pub(crate) enum Spot {
    At(Place, Shape),
    Always(String),
}

/// Words of ours and where they stand.
pub(crate) type Spots = BTreeMap<String, Spot>;

/// How answers of one sort are read.
#[derive(Clone, Default)]
pub(crate) struct Told {
    /// Of the order as a whole.
    pub(crate) fields: Spots,
    /// Lists, by their word.
    pub(crate) lists: BTreeMap<String, Spots>,
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
}

const SHAPE: Unreadable = Unreadable("a value is not of the agreed shape");

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
            return Err(Unreadable("a value is too long"));
        }
        match shape {
            Shape::Code(name) => {
                let ours = self.codes.get(name).and_then(|codes| uncoded(&text, codes));
                ours.map(|ours| Some(ours.to_owned())).ok_or(Unreadable("a code that the table does not hold"))
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

    fn day(&self, word: &str) -> Result<Option<Day>, Unreadable> {
        self.shaped(word, day)
    }

    /// Particulars, by the names that the file gives them.
    fn details(&self) -> Result<Vec<Detail>, Unreadable> {
        let names = self.spots.keys().filter_map(|word| word.strip_prefix("details.").map(|name| (word, name)));
        let mut details = Vec::new();
        for (word, name) in names.take(DETAILS_MAX) {
            if let Some(value) = self.text(word, DETAIL_CHARS_MAX)? {
                details.push(Detail { name: name.to_owned(), value: Personal::new(value) });
            }
        }
        Ok(details)
    }
}

impl Told {
    fn reader<'r>(&'r self, value: &'r Value, codes: &'r BTreeMap<String, Codes>) -> Reader<'r> {
        Reader { value, spots: &self.fields, codes }
    }

    /// Our number as the answer names it, `slip-line`; `None` when it names none.
    ///
    /// # Errors
    /// When something else stands where it should.
    pub(crate) fn number(&self, value: &Value, codes: &BTreeMap<String, Codes>) -> Result<Option<String>, Unreadable> {
        let reader = self.reader(value, codes);
        if let Some(number) = reader.word("number")? {
            return Ok(Some(number));
        }
        Ok(reader.word("slip")?.zip(reader.word("line")?).map(|(slip, line)| format!("{slip}-{line}")))
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
        word.map(|word| ActKind::from_word(&word).ok_or(Unreadable("a kind of act that is none"))).transpose()
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
            Verdict::Queued if kind != ActKind::Freeze => return Err(Unreadable("`queued` of what has no rank")),
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
        outcome.serial = reader.word("serial")?.map(Personal::new);
        outcome.as_of = reader.word("as_of")?;
        outcome.accounts = self.list("accounts", value, codes, ACCOUNTS_MAX, account)?;
        outcome.ahead = self.list("ahead", value, codes, AHEAD_MAX, prior)?;
        outcome.findings = self.list("findings", value, codes, FINDINGS_MAX, finding)?;
        outcome.replies = self.list("replies", value, codes, REPLIES_MAX, reply)?;
        agree(kind, &mut outcome)?;
        Ok(outcome)
    }

    fn list<T>(
        &self,
        name: &str,
        value: &Value,
        codes: &BTreeMap<String, Codes>,
        count_max: usize,
        read: fn(&Reader<'_>) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let Some(spots) = self.lists.get(name) else { return Ok(Vec::new()) };
        let Some(Spot::At(at, _)) = spots.get("at") else { return Ok(Vec::new()) };
        let items = match at.find(value) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= count_max => items,
            Some(_) => return Err(Unreadable("a list is none, or too long")),
        };
        items.iter().map(|value| read(&Reader { value, spots, codes })).collect()
    }
}

fn account(reader: &Reader<'_>) -> Result<FoundAccount, Unreadable> {
    let number = reader.word("number")?.ok_or(Unreadable("an account without a number"))?;
    let asset = match reader.word("asset")? {
        None => AssetKind::Other,
        Some(word) => AssetKind::from_word(&word).ok_or(Unreadable("a sort of property that is none"))?,
    };
    let role = match reader.word("role")? {
        None => AssetRole::Owner,
        Some(word) => AssetRole::from_word(&word).ok_or(Unreadable("a role that is none"))?,
    };
    Ok(FoundAccount {
        number: Personal::new(number),
        class: reader.word("class")?.unwrap_or_default(),
        status: reader.word("status")?.unwrap_or_default(),
        currency: reader.word("currency")?.unwrap_or_default(),
        balance: reader.money("balance")?,
        available: reader.money("available")?,
        branch: reader.word("branch")?.unwrap_or_default(),
        ahead: Vec::new(),
        asset,
        role,
        details: reader.details()?,
    })
}

fn prior(reader: &Reader<'_>) -> Result<PriorMeasure, Unreadable> {
    Ok(PriorMeasure {
        organ: reader.personal("organ")?,
        paper: reader.personal("paper")?,
        amount: reader.money("amount")?,
        to: reader.day("to")?,
    })
}

fn finding(reader: &Reader<'_>) -> Result<Finding, Unreadable> {
    let class = reader.word("class")?.and_then(|word| FindingClass::from_word(&word));
    Ok(Finding { class: class.ok_or(Unreadable("a class of finding that is none"))?, details: reader.details()? })
}

fn reply(reader: &Reader<'_>) -> Result<SealedReply, Unreadable> {
    let content = reader.text("content", usize::MAX)?.ok_or(Unreadable("a file without content"))?;
    let bytes = STANDARD.decode(content.as_bytes()).map_err(|_| Unreadable("content is no Base64"))?;
    let fits = match (reader.word("sha256")?, reader.word("md5")?) {
        (Some(digest), _) => digest.eq_ignore_ascii_case(&hex(&Sha256::digest(&bytes))),
        (None, Some(digest)) => digest.eq_ignore_ascii_case(&hex(&md5::Md5::digest(&bytes))),
        (None, None) => false,
    };
    Ok(SealedReply {
        file_name: reader.personal("file_name")?,
        file_type: reader.word("file_type")?.unwrap_or_default(),
        bytes: Personal::new(bytes),
        md5_fits: fits,
    })
}
