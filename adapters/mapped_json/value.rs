//! Values and their shapes: money in yuan or fen as text or number, days in four shapes, words by a table of codes.

use std::collections::BTreeMap;

use domain::{Day, Money};
use serde_json::Value;

/// Digits of a decimal number that a double keeps exactly; one with more may be another sum than was written.
const DIGITS_EXACT: usize = 15;

/// What sort of thing a word of ours is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    Text,
    Money,
    Day,
}

/// How a value is written and read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// As it is.
    Plain,
    /// A whole number.
    Number,
    /// By the table of codes of this name.
    Code(String),
    Yuan,
    YuanNumber,
    Fen,
    FenNumber,
    Dashed,
    Compact,
    Slashed,
    Chinese,
}

impl Shape {
    /// The shape that a word names; without one the usual shape of its sort. A text's may be the name of a table of codes.
    pub(crate) fn parse(sort: Sort, word: Option<&str>) -> Option<Self> {
        Some(match (sort, word) {
            (Sort::Text, None) => Self::Plain,
            (Sort::Text, Some("number")) => Self::Number,
            (Sort::Text, Some(codes)) => Self::Code(codes.to_owned()),
            (Sort::Money, None | Some("yuan")) => Self::Yuan,
            (Sort::Money, Some("yuan_number")) => Self::YuanNumber,
            (Sort::Money, Some("fen")) => Self::Fen,
            (Sort::Money, Some("fen_number")) => Self::FenNumber,
            (Sort::Day, None | Some("dashed")) => Self::Dashed,
            (Sort::Day, Some("compact")) => Self::Compact,
            (Sort::Day, Some("slashed")) => Self::Slashed,
            (Sort::Day, Some("chinese")) => Self::Chinese,
            (Sort::Money | Sort::Day, Some(_)) => return None,
        })
    }

    /// The words for a sort, for a fault.
    pub(crate) fn words(sort: Sort) -> &'static str {
        match sort {
            Sort::Text => "number, or the name of a table [options.codes.NAME]",
            Sort::Money => "yuan, yuan_number, fen, fen_number",
            Sort::Day => "dashed (2026-11-20), compact (20261120), slashed (2026/11/20), chinese (2026年11月20日)",
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
        (Own::Text(text), Shape::Code(name)) => codes.get(name)?.get(text)?.clone(),
        (Own::Money(sum), Shape::Yuan) => yuan(*sum)?,
        // Above fifteen digits a number is not exact everywhere; orders are far below.
        (Own::Money(sum), Shape::YuanNumber) => {
            let text = yuan(*sum).filter(|text| text.len() <= DIGITS_EXACT)?;
            return text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number);
        }
        (Own::Money(sum), Shape::Fen) => fen(*sum)?.to_string(),
        (Own::Money(sum), Shape::FenNumber) => return fen(*sum).map(Value::from),
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

fn written(day: Day, shape: &Shape) -> Option<String> {
    let (year, month, date) = day.ymd();
    Some(match shape {
        Shape::Dashed => format!("{year:04}-{month:02}-{date:02}"),
        Shape::Compact => format!("{year:04}{month:02}{date:02}"),
        Shape::Slashed => format!("{year:04}/{month:02}/{date:02}"),
        Shape::Chinese => format!("{year}年{month}月{date}日"),
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
    let sum = match shape {
        Shape::Fen | Shape::FenNumber => {
            // A whole number may come as `1800000.0` from a program that knows no integers.
            let whole = text.strip_suffix(".0").unwrap_or(text);
            let fen: i64 = whole.parse().ok()?;
            fen.checked_mul(100).map(Money::from_units)?
        }
        _ => Money::parse_reported(text).ok()?,
    };
    (sum >= Money::ZERO && sum <= Money::LIMIT).then_some(sum)
}

/// Reads a day in that shape; a time behind a dashed or slashed one is passed over.
pub(crate) fn day(text: &str, shape: &Shape) -> Option<Day> {
    let parts: Vec<&str> = match shape {
        Shape::Dashed => return Day::parse(text),
        Shape::Compact => {
            let digits = text.get(..8).filter(|_| text.len() == 8 || text.len() == 14)?;
            vec![digits.get(..4)?, digits.get(4..6)?, digits.get(6..)?]
        }
        Shape::Slashed => text.split(' ').next()?.split('/').collect(),
        Shape::Chinese => text.strip_suffix('日')?.split(['年', '月']).collect(),
        _ => return None,
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    let [year, month, date] = parts.as_slice() else { return None };
    Day::from_ymd(i32::try_from(number(year)?).ok()?, number(month)?, number(date)?)
}

/// Our word for a code of theirs.
pub(crate) fn uncoded<'c>(text: &str, codes: &'c Codes) -> Option<&'c str> {
    codes.iter().find(|(_, theirs)| *theirs == text).map(|(ours, _)| ours.as_str())
}
