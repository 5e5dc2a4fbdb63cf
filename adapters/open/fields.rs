//! The values of an answer: sums, days, texts and particulars, read exactly and within bounds.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::outcome::{DETAIL_CHARS_MAX, DETAILS_MAX, Detail, Finding, FindingClass, PriorMeasure, SealedReply};
use domain::{Day, Flaw, Millis, Money, Personal};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use sha2::{Digest as _, Sha256};

use super::Unreadable;

/// The longest word or number of a partner: a serial, a policy, a plate, a class.
pub(crate) const WORD_CHARS_MAX: usize = 100;
/// The longest free text that is kept of an answer; what is longer is cut, because nothing hangs on it.
pub(crate) const TEXT_CHARS_MAX: usize = 500;
/// The longest name of a particular.
const NAME_BYTES_MAX: usize = 40;

/// Reads the keys a struct knows out of an answer object; unknown ones are passed over, a key said twice is a fault.
pub(crate) fn read<'j, T: Deserialize<'j>>(json: &'j str) -> Result<T, Unreadable> {
    // A struct would be read from a list as well, by position.
    if !json.trim_start().starts_with('{') {
        return Err(Unreadable(Flaw::NotObject));
    }
    serde_json::from_str(json).map_err(|_| Unreadable(Flaw::FieldForm))
}

/// The text of a string value; `None` when it is absent, null or empty.
fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<Cow<'de, str>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or null")
        }
        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok((!text.is_empty()).then_some(Cow::Borrowed(text)))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok((!text.is_empty()).then(|| Cow::Owned(text.to_owned())))
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Text)
}

macro_rules! field {
    ($(#[$doc:meta])* $name:ident($inner:ty), $read:expr, $fault:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default)]
        pub(crate) struct $name(pub(crate) Option<$inner>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read: fn(Cow<'de, str>) -> Option<$inner> = $read;
                match string(deserializer)? {
                    None => Ok(Self(None)),
                    Some(text) => read(text).map(|value| Self(Some(value))).ok_or_else(|| D::Error::custom($fault)),
                }
            }
        }
    };
}

field! {
    /// Yuan as decimal text, not below zero, up to four decimals.
    Sum(Money), |text| Money::parse_reported(&text).ok().filter(|sum| *sum >= Money::ZERO), "not an amount"
}
field! {
    /// A day, `2026-11-20`; a time behind it is passed over.
    Date(Day), |text| Day::parse(&text), "not a day"
}
field! {
    /// An instant with its offset, RFC 3339.
    Instant(Millis), |text| domain::day::parse_instant(&text), "not an instant"
}
field! {
    /// A word or a number: read whole, at most [`WORD_CHARS_MAX`] characters.
    Word(String), |text| (text.chars().count() <= WORD_CHARS_MAX).then(|| text.into_owned()), "a word too long"
}
field! {
    /// Free text, cut after [`TEXT_CHARS_MAX`] characters.
    Text(String), |text| Some(cut(text)), "not a text"
}

fn cut(text: Cow<'_, str>) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        None => text.into_owned(),
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
    }
}

impl Word {
    /// As something personal.
    pub(crate) fn personal(self) -> Option<Personal<String>> {
        self.0.map(Personal::new)
    }

    /// The word, empty when it is absent.
    pub(crate) fn or_empty(self) -> String {
        self.0.unwrap_or_default()
    }
}

impl Text {
    /// As something personal.
    pub(crate) fn personal(self) -> Option<Personal<String>> {
        self.0.map(Personal::new)
    }
}

/// Particulars: an object of texts, in the order written; empty ones are left out.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Details(pub(crate) Vec<Detail>);

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Details;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_unit<E: Error>(self) -> Result<Details, E> {
                Ok(Details::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Details, A::Error> {
                let mut details: Vec<Detail> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let Particular(value) = map.next_value()?;
                    let is_known = details.iter().any(|detail| detail.name == name);
                    if !is_name(&name) || is_known || details.len() == DETAILS_MAX {
                        return Err(A::Error::custom("a particular that may not stand there"));
                    }
                    if let Some(value) = value {
                        details.push(Detail { name, value: Personal::new(value) });
                    }
                }
                Ok(Details(details))
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

field! {
    /// The value of a particular: read whole, within its bound.
    Particular(String), |text| (text.chars().count() <= DETAIL_CHARS_MAX).then(|| text.into_owned()), "a particular too long"
}

/// Names of particulars stand in leaves and pages, so they are words of the form and nothing else.
fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A list of at most `MAX` things; absent and null are the empty list.
pub(crate) struct List<T, const MAX: usize>(pub(crate) Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Items<T, MAX> {
            type Value = List<T, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = sequence.next_element()? {
                    if items.len() == MAX {
                        return Err(A::Error::custom("a list too long"));
                    }
                    items.push(item);
                }
                Ok(List(items))
            }
        }
        deserializer.deserialize_any(Items(PhantomData))
    }
}

/// An earlier measure of any organ.
#[derive(serde::Deserialize)]
pub(crate) struct Prior {
    #[serde(default)]
    organ: Word,
    #[serde(default)]
    paper: Word,
    #[serde(default)]
    amount: Sum,
    #[serde(default)]
    to: Date,
}

impl From<Prior> for PriorMeasure {
    fn from(prior: Prior) -> Self {
        Self {
            organ: Personal::new(prior.organ.or_empty()),
            paper: Personal::new(prior.paper.or_empty()),
            amount: prior.amount.0,
            to: prior.to.0,
        }
    }
}

/// A finding; its class is a word of the form.
#[derive(serde::Deserialize)]
pub(crate) struct Found {
    class: Word,
    #[serde(default)]
    details: Details,
}

impl TryFrom<Found> for Finding {
    type Error = Unreadable;

    fn try_from(found: Found) -> Result<Self, Unreadable> {
        let class = FindingClass::from_word(&found.class.or_empty()).ok_or(Unreadable(Flaw::FindingUnknown))?;
        Ok(Self { class, details: found.details.0 })
    }
}

/// A sealed answer as a file.
#[derive(serde::Deserialize)]
pub(crate) struct Reply<'j> {
    #[serde(default)]
    file_name: Word,
    #[serde(default)]
    file_type: Word,
    #[serde(borrow)]
    content: Cow<'j, str>,
    #[serde(default)]
    sha256: Word,
}

impl TryFrom<Reply<'_>> for SealedReply {
    type Error = Unreadable;

    fn try_from(reply: Reply<'_>) -> Result<Self, Unreadable> {
        let bytes = STANDARD.decode(reply.content.as_bytes()).map_err(|_| Unreadable(Flaw::ContentBase64))?;
        // A wrong digest is a finding for people, as with every other form: what the answer says stands in its fields.
        let fits = hex(&bytes).eq_ignore_ascii_case(&reply.sha256.or_empty());
        Ok(Self {
            file_name: Personal::new(reply.file_name.or_empty()),
            file_type: reply.file_type.or_empty(),
            bytes: Personal::new(bytes),
            md5_fits: fits,
        })
    }
}

/// SHA-256 as 64 hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
