//! Slips: one numbered order to one partner about one subject of one case, with lines.

use std::fmt;

use crate::act::{ORIGINAL_SERIAL, Original};
use crate::case::{Case, CourtAccount, Officer, Paper, Party};
use crate::{ActKind, Day, Money, Personal};

/// 请求单号 BDHM: opaque for partners, `X` + 19 digits (20 characters, within the 22 they allow); never reused.
///
/// The digits are the day of issue (yyyymmdd) and an 11-digit journaled counter, so a clerk can see when it was issued.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SlipNumber(u64);

impl SlipNumber {
    const COUNTER: u64 = 100_000_000_000;

    /// The number for a day of issue and a counter value.
    #[must_use]
    pub fn issue(day: Day, counter: u64) -> Self {
        let (year, month, date) = day.ymd();
        let year = u64::try_from(year).unwrap_or(0) % 10_000;
        Self((year * 10_000 + u64::from(month) * 100 + u64::from(date)) * Self::COUNTER + counter % Self::COUNTER)
    }

    /// As kept in leaves and memory.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// From what was kept.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The day of issue; `None` when it holds none.
    #[must_use]
    pub fn issued_on(self) -> Option<Day> {
        let date = self.0 / Self::COUNTER;
        let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
        Day::from_ymd(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    }

    /// The journaled counter inside.
    #[must_use]
    pub fn counter(self) -> u64 {
        self.0 % Self::COUNTER
    }

    /// Reads the text form; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('X')?;
        if digits.len() != 19 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for SlipNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "X{:019}", self.0)
    }
}

/// An act's key for the partner: (BDHM, CCXH); a query is line 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SlipLine {
    /// Request number.
    pub slip: SlipNumber,
    /// Line, from 1 for control acts, 0 for a query.
    pub line: u16,
}

/// `X2026112200000000012-1`: the serial for partners that know no lines.
impl fmt::Display for SlipLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.slip, self.line)
    }
}

impl SlipLine {
    /// Reads `slip-line`; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (slip, line) = text.split_once('-')?;
        Some(Self { slip: SlipNumber::parse(slip)?, line: line.parse().ok()? })
    }
}

/// One line of a slip, with all that an adapter may say about it.
#[derive(Clone)]
pub struct Line {
    /// Line number.
    pub line: u16,
    /// What is ordered.
    pub kind: ActKind,
    /// The account or other asset.
    pub account: Option<Personal<String>>,
    /// Exact amount.
    pub amount: Option<Money>,
    /// First day.
    pub from: Option<Day>,
    /// Last day, inclusive.
    pub to: Option<Day>,
    /// What it builds on.
    pub original: Option<Original>,
    /// What people are to do or to look for.
    pub note: Option<Personal<String>>,
    /// Further particulars that the partner's form names.
    pub details: Vec<crate::outcome::Detail>,
}

impl Line {
    /// The partner's own number of what took the money that this line gives back, when it is known.
    #[must_use]
    pub fn taken_as(&self) -> Option<&Personal<String>> {
        let named = self.details.iter().find(|detail| detail.name == ORIGINAL_SERIAL);
        named.map(|detail| &detail.value).filter(|_| self.kind.gives_back())
    }
}

/// One order to one partner about one subject.
#[derive(Clone)]
pub struct Slip {
    /// Our number.
    pub number: SlipNumber,
    /// The case; shared, because a request has many slips.
    pub context: std::sync::Arc<SlipContext>,
    /// Which party of the case it is about.
    pub subject: u16,
    /// Its lines, at least one, at most [`LINES_MAX`].
    pub lines: Vec<Line>,
}

/// What all slips of a request share.
pub struct SlipContext {
    /// The case.
    pub case: Case,
    /// In whose name.
    pub officers: Vec<Officer>,
    /// Papers that travel with it.
    pub papers: Vec<Paper>,
}

impl Slip {
    /// The party it is about.
    #[must_use]
    pub fn party(&self) -> Option<&Party> {
        self.context.case.parties.get(usize::from(self.subject))
    }

    /// Where deducted money goes.
    #[must_use]
    pub fn destination(&self) -> Option<&CourtAccount> {
        self.context.case.account.as_ref()
    }

    /// Where money comes from that this line gives back: the court's account, to which it had gone.
    #[must_use]
    pub fn payer(&self, line: &Line) -> Option<&CourtAccount> {
        self.destination().filter(|_| line.kind.gives_back())
    }
}

/// The most lines on a slip: more accounts than anyone has at one bank, and a message that stays below 64 KiB.
pub const LINES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_opaque_short_and_ours() {
        let day = Day::from_ymd(2026, 11, 22).unwrap();
        let slip = SlipNumber::issue(day, 12);
        assert_eq!(slip.to_string(), "X2026112200000000012");
        assert!(slip.to_string().len() <= 22);
        assert_eq!(SlipNumber::parse(&slip.to_string()), Some(slip));
        assert_eq!((slip.counter(), slip.issued_on()), (12, Some(day)));
        for bad in ["", "X", "A20261120E0100000001", "X202611220000000001", "X20261122000000000121"] {
            assert_eq!(SlipNumber::parse(bad), None);
        }
        let line = SlipLine { slip, line: 3 };
        assert_eq!(SlipLine::parse(&line.to_string()), Some(line));
    }
}
