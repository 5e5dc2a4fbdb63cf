//! Values and their shapes: money in yuan or fen as text or number, days and instants in the shapes that programs write, words by a
//! table of codes.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::day::{parse_instant, show_instant};
use domain::{Day, Millis, Money};
use serde_json::Value;

/// The longest wait that a partner can ask for, in milliseconds: a day, as with `Retry-After`.
const WAIT_MS_MAX: u64 = 24 * 3_600_000;
/// Digits of a decimal number that a double keeps exactly; one with more may be another sum than was written.
const DIGITS_EXACT: usize = 15;

/// What sort of thing a word of ours is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    Text,
    Money,
    Day,
    /// A point in time.
    Instant,
    /// How long to wait.
    Wait,
    /// JSON that stands as a text within JSON.
    Packed,
    /// A list.
    List,
}

/// How a value is written and read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// As it is.
    Plain,
    /// A whole number.
    Number,
    /// By the table of codes of this name.
    Code(Arc<str>),
    Yuan,
    YuanNumber,
    /// Yuan with commas between thousands.
    YuanGrouped,
    Fen,
    FenNumber,
    Dashed,
    Compact,
    Slashed,
    Dotted,
    Chinese,
    /// RFC 3339.
    Instant,
    /// Date and time of the clock in Asia/Shanghai, without an offset.
    Local,
    /// The same as fourteen digits.
    LocalCompact,
    EpochMs,
    EpochS,
    Seconds,
    Milliseconds,
    Base64,
    /// An object that is the only entry of its list.
    One,
    /// A list, or the only entry, that may be missing where there is nothing to tell.
    MaybeList,
    MaybeOne,
}

impl Shape {
    /// The shape that a word names; without one the usual shape of its sort. A text's may be the name of a table of codes.
    pub(crate) fn parse(sort: Sort, word: Option<&str>) -> Option<Self> {
        Some(match (sort, word) {
            (Sort::Text, None) => Self::Plain,
            (Sort::Text, Some("number")) => Self::Number,
            (Sort::Text, Some(codes)) => Self::Code(codes.into()),
            (Sort::Money, None | Some("yuan")) => Self::Yuan,
            (Sort::Money, Some("yuan_number")) => Self::YuanNumber,
            (Sort::Money, Some("yuan_grouped")) => Self::YuanGrouped,
            (Sort::Money, Some("fen")) => Self::Fen,
            (Sort::Money, Some("fen_number")) => Self::FenNumber,
            (Sort::Day, None | Some("dashed")) => Self::Dashed,
            (Sort::Day, Some("compact")) => Self::Compact,
            (Sort::Day, Some("slashed")) => Self::Slashed,
            (Sort::Day, Some("dotted")) => Self::Dotted,
            (Sort::Day, Some("chinese")) => Self::Chinese,
            (Sort::Instant, None) | (Sort::Day | Sort::Instant, Some("instant")) => Self::Instant,
            (Sort::Day | Sort::Instant, Some("epoch_ms")) => Self::EpochMs,
            (Sort::Day | Sort::Instant, Some("epoch_s")) => Self::EpochS,
            (Sort::Instant, Some("local")) => Self::Local,
            (Sort::Instant, Some("local_compact")) => Self::LocalCompact,
            (Sort::Wait, None | Some("seconds")) => Self::Seconds,
            (Sort::Wait, Some("milliseconds")) => Self::Milliseconds,
            (Sort::Packed, None | Some("text")) => Self::Plain,
            (Sort::Packed, Some("base64")) => Self::Base64,
            (Sort::List, None | Some("list")) => Self::Plain,
            (Sort::List, Some("one")) => Self::One,
            (Sort::List, Some("list_or_nothing")) => Self::MaybeList,
            (Sort::List, Some("one_or_nothing")) => Self::MaybeOne,
            (_, Some(_)) => return None,
        })
    }

    /// The words for a sort, for a fault.
    pub(crate) fn words(sort: Sort) -> &'static str {
        match sort {
            Sort::Text => "number, or the name of a table [options.codes.NAME]",
            Sort::Money => "yuan, yuan_number, yuan_grouped (18,000.00), fen, fen_number",
            Sort::Day => {
                "dashed (2026-11-20), compact (20261120), slashed (2026/11/20), dotted (2026.11.20), chinese (2026年11月20日), instant (RFC 3339), epoch_ms, epoch_s"
            }
            Sort::Instant => {
                "instant (RFC 3339), local (2026-11-20 17:00:00), local_compact (20261120170000), epoch_ms, epoch_s"
            }
            Sort::Wait => "seconds, milliseconds",
            Sort::Packed => "text, base64",
            Sort::List => {
                "list, one (an object that is its only entry), list_or_nothing, one_or_nothing (missing where nothing was found)"
            }
        }
    }
}

/// Our words and theirs.
pub(crate) type Codes = BTreeMap<String, String>;

/// A value of ours.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Own {
    Text(String),
    Money(Money),
    Day(Day),
}

/// Writes a value of ours; `None` when it cannot be said in that shape: it has no code, or is no whole number or fen.
pub(crate) fn write(own: &Own, shape: &Shape, codes: &BTreeMap<String, Codes>) -> Option<Value> {
    let text = match (own, shape) {
        (Own::Text(text), Shape::Plain) => text.clone(),
        (Own::Text(text), Shape::Number) => return text.parse::<i64>().ok().map(Value::from),
        (Own::Text(text), Shape::Code(name)) => codes.get(name.as_ref())?.get(text)?.clone(),
        (Own::Money(sum), Shape::Yuan) => yuan(*sum)?,
        // Above fifteen digits a number is not exact everywhere; orders are far below.
        (Own::Money(sum), Shape::YuanNumber) => {
            let text = yuan(*sum).filter(|text| text.len() <= DIGITS_EXACT)?;
            return text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number);
        }
        (Own::Money(sum), Shape::YuanGrouped) => grouped(&yuan(*sum)?),
        (Own::Money(sum), Shape::Fen) => fen(*sum)?.to_string(),
        (Own::Money(sum), Shape::FenNumber) => return fen(*sum).map(Value::from),
        (Own::Day(day), Shape::EpochMs) => return Some(Value::from(day.start())),
        (Own::Day(day), Shape::EpochS) => return Some(Value::from(day.start() / 1_000)),
        (Own::Day(day), shape) => written(*day, shape)?,
        _ => return None,
    };
    Some(Value::String(text))
}

/// Whole fen; an order has nothing smaller.
fn fen(sum: Money) -> Option<i64> {
    (sum.floor_fen() == sum).then(|| sum.units() / 100)
}

fn yuan(sum: Money) -> Option<String> {
    let fen = fen(sum).filter(|fen| *fen >= 0)?;
    Some(format!("{}.{:02}", fen / 100, fen % 100))
}

/// Commas between thousands.
fn grouped(yuan: &str) -> String {
    let whole = yuan.find('.').unwrap_or(yuan.len());
    let mut text = String::with_capacity(yuan.len() + whole / 3);
    for (place, digit) in yuan.char_indices() {
        if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Without the commas between thousands; `None` when they stand elsewhere. Other texts are as they were.
fn ungrouped(text: &str) -> Option<String> {
    let bare = text.replace(',', "");
    let digits = bare.trim_start_matches('-');
    (text.len() == bare.len() || grouped(digits) == text.trim_start_matches('-')).then_some(bare)
}

fn written(day: Day, shape: &Shape) -> Option<String> {
    let (year, month, date) = day.ymd();
    Some(match shape {
        Shape::Dashed => format!("{year:04}-{month:02}-{date:02}"),
        Shape::Compact => format!("{year:04}{month:02}{date:02}"),
        Shape::Slashed => format!("{year:04}/{month:02}/{date:02}"),
        Shape::Dotted => format!("{year:04}.{month:02}.{date:02}"),
        Shape::Chinese => format!("{year}年{month}月{date}日"),
        // A whole second, so the fraction that the API shows says nothing here.
        Shape::Instant => show_instant(day.start()).replace(".000", ""),
        _ => return None,
    })
}

/// The text of a scalar; `Ok(None)` when nothing stands there.
///
/// # Errors
/// When something stands there that is no scalar.
pub(crate) fn scalar(value: Option<&Value>) -> Result<Option<String>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(_) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string())),
            Some(float) => decimal(float).map(Some).ok_or(()),
            None => Err(()),
        },
        Some(Value::Array(_) | Value::Object(_)) => Err(()),
    }
}

/// The shortest decimals that are this number: what was written, as long as it had no more digits than a double keeps.
fn decimal(float: f64) -> Option<String> {
    let text = format!("{float}");
    (text.bytes().filter(u8::is_ascii_digit).count() <= DIGITS_EXACT).then_some(text)
}

/// Reads a sum that is not below zero.
pub(crate) fn money(text: &str, shape: &Shape) -> Option<Money> {
    balance(text, shape).filter(|sum| *sum >= Money::ZERO)
}

/// Reads what stands on an account, which may be overdrawn.
pub(crate) fn balance(text: &str, shape: &Shape) -> Option<Money> {
    let sum = match shape {
        Shape::Fen | Shape::FenNumber => whole(text)?.checked_mul(100).map(Money::from_units)?,
        Shape::YuanGrouped => Money::parse_reported(&ungrouped(text)?).ok()?,
        _ => Money::parse_reported(text).ok()?,
    };
    (sum.units().abs() <= Money::LIMIT.units()).then_some(sum)
}

/// Reads a day in that shape; a time behind a dashed or slashed one is passed over, that of an instant is not: it may be
/// another day where the instant was written.
pub(crate) fn day(text: &str, shape: &Shape) -> Option<Day> {
    let parts: Vec<&str> = match shape {
        Shape::Dashed => return Day::parse(text),
        Shape::Compact => {
            let digits = text.get(..8).filter(|_| text.len() == 8 || text.len() == 14)?;
            vec![digits.get(..4)?, digits.get(4..6)?, digits.get(6..)?]
        }
        Shape::Slashed => text.split(' ').next()?.split('/').collect(),
        Shape::Dotted => text.split(' ').next()?.split('.').collect(),
        Shape::Chinese => text.strip_suffix('日')?.split(['年', '月']).collect(),
        _ => return instant(text, shape).map(Day::of),
    };
    let [year, month, date] = parts.as_slice() else { return None };
    Day::from_ymd(i32::try_from(digits(year)?).ok()?, digits(month)?, digits(date)?)
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()
}

/// Reads a point in time, in milliseconds since 1970.
pub(crate) fn instant(text: &str, shape: &Shape) -> Option<Millis> {
    let at = match shape {
        Shape::EpochMs => whole(text)?,
        Shape::EpochS => whole(text)?.checked_mul(1_000)?,
        Shape::Local => {
            let (day, clock) = text.split_once([' ', 'T'])?;
            parse_instant(&format!("{}T{clock}+08:00", day.replace('/', "-")))?
        }
        Shape::LocalCompact => {
            let part = |from: usize, to: usize| text.get(from..to).filter(|_| text.len() == 14);
            let (day, clock) = (day(part(0, 8)?, &Shape::Compact)?, [part(8, 10)?, part(10, 12)?, part(12, 14)?]);
            parse_instant(&format!("{}T{}+08:00", written(day, &Shape::Dashed)?, clock.join(":")))?
        }
        _ => parse_instant(text)?,
    };
    // Years that a calendar has; `Day::of` counts in days that fit its own bound.
    let (from, to) = (Day::from_ymd(1900, 1, 1)?.start(), Day::from_ymd(2200, 12, 31)?.end());
    (from..to).contains(&at).then_some(at)
}

/// A whole number, which a program that knows no integers writes as `1800000.0`.
fn whole(text: &str) -> Option<i64> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// Reads how long to wait, in milliseconds, at most a day.
pub(crate) fn wait(text: &str, shape: &Shape) -> Option<u64> {
    let count = u64::try_from(whole(text)?).ok()?;
    let unit = if *shape == Shape::Milliseconds { 1 } else { 1_000 };
    Some(count.saturating_mul(unit).min(WAIT_MS_MAX))
}

/// Our word for a code of theirs.
pub(crate) fn uncoded<'c>(text: &str, codes: &'c Codes) -> Option<&'c str> {
    codes.iter().find(|(_, theirs)| *theirs == text).map(|(ours, _)| ours.as_str())
}
