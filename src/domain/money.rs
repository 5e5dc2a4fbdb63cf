//! Money: whole 1/10,000 yuan in an i64, decimal strings at the edge.

use std::fmt;

/// An amount in CNY, counted in 1/10,000 yuan (partners send up to four decimals; orders are whole fen).
///
/// The range is ±[`Money::LIMIT`], far above any claim and far below overflow of a sum of a million amounts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Money(i64);

/// Why a decimal text is not an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MoneyError {
    /// Not digits with at most one dot, or an empty text.
    NotDecimal,
    /// More than four decimals (two for an order).
    TooPrecise,
    /// Beyond [`Money::LIMIT`].
    TooLarge,
    /// Below zero where an order or a sum held is meant.
    Negative,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDecimal => "not a decimal amount such as 123456.78",
            Self::TooPrecise => "more decimals than allowed",
            Self::TooLarge => "above 100,000,000,000 yuan",
            Self::Negative => "below zero",
        })
    }
}

impl std::error::Error for MoneyError {}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount accepted anywhere: 100,000,000,000 yuan, so that 9,000 such sums still fit an i64.
    pub const LIMIT: Self = Self(1_000_000_000_000_000);
    const PER_YUAN: i64 = 10_000;
    const PER_FEN: i64 = 100;

    /// From 1/10,000 yuan; anything beyond the limit is clamped to it (sums of stored amounts never reach it).
    #[must_use]
    pub fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// From whole fen.
    #[must_use]
    pub fn from_fen(fen: i64) -> Self {
        Self(fen.saturating_mul(Self::PER_FEN))
    }

    /// In 1/10,000 yuan.
    #[must_use]
    pub fn units(self) -> i64 {
        self.0
    }

    /// Parses what a partner reports: optional sign, up to four decimals, digits may be grouped by nothing.
    ///
    /// # Errors
    /// [`MoneyError`] names the fault; the text itself is never part of the error.
    pub fn parse_reported(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty()
            || !whole.bytes().all(|b| b.is_ascii_digit())
            || !fraction.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(MoneyError::NotDecimal);
        }
        if digits.ends_with('.') {
            return Err(MoneyError::NotDecimal);
        }
        if fraction.len() > 4 {
            return Err(MoneyError::TooPrecise);
        }
        if whole.len() > 15 {
            return Err(MoneyError::TooLarge);
        }
        let whole: i64 = whole.parse().map_err(|_| MoneyError::TooLarge)?;
        let mut units = 0_i64;
        for (place, digit) in fraction.bytes().enumerate() {
            let weight = [1_000, 100, 10, 1].get(place).copied().unwrap_or(0);
            units += i64::from(digit - b'0') * weight;
        }
        let total =
            whole.checked_mul(Self::PER_YUAN).and_then(|yuan| yuan.checked_add(units)).ok_or(MoneyError::TooLarge)?;
        if total > Self::LIMIT.0 {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self(sign * total))
    }

    /// Parses an amount that is ordered: not below zero, whole fen.
    ///
    /// # Errors
    /// As [`Money::parse_reported`], and [`MoneyError::Negative`] or [`MoneyError::TooPrecise`].
    pub fn parse_order(text: &str) -> Result<Self, MoneyError> {
        let (_, fraction) = text.trim().split_once('.').unwrap_or((text, ""));
        let amount = Self::parse_reported(text)?;
        if fraction.len() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        if amount.0 < 0 || text.trim().starts_with('-') {
            return Err(MoneyError::Negative);
        }
        Ok(amount)
    }

    /// Rounded down to whole fen: what may be ordered out of a reported sum.
    #[must_use]
    pub fn floor_fen(self) -> Self {
        Self(self.0.div_euclid(Self::PER_FEN) * Self::PER_FEN)
    }

    /// Sum, held at the range's ends.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference, held at the range's ends.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Difference, but never below zero.
    #[must_use]
    pub fn minus_or_zero(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// Above zero?
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// Yuan with two decimals, four when there is more than a fen: `123456.78`, `0.1250`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let (yuan, rest) = (units / 10_000, units % 10_000);
        if rest % 100 == 0 { write!(f, "{sign}{yuan}.{:02}", rest / 100) } else { write!(f, "{sign}{yuan}.{rest:04}") }
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_what_partners_and_courts_send() {
        for (text, shown) in
            [("0", "0.00"), ("18234.56", "18234.56"), ("1.5", "1.50"), ("0.1250", "0.1250"), ("-3.00", "-3.00")]
        {
            assert_eq!(Money::parse_reported(text).unwrap().to_string(), shown);
        }
        for bad in ["", ".", "1.", ".5", "1,000.00", "1e5", "NaN", "１２", "--1", "+1", "1.2.3"] {
            assert_eq!(Money::parse_reported(bad), Err(MoneyError::NotDecimal), "{bad}");
        }
        assert_eq!(Money::parse_reported("1.00000"), Err(MoneyError::TooPrecise));
        assert_eq!(Money::parse_reported("100000000000.01"), Err(MoneyError::TooLarge));
        assert_eq!(Money::parse_reported("99999999999999999999"), Err(MoneyError::TooLarge));
    }

    #[test]
    fn orders_are_whole_fen_and_not_negative() {
        assert_eq!(Money::parse_order("1.234"), Err(MoneyError::TooPrecise));
        assert_eq!(Money::parse_order("-0.00"), Err(MoneyError::Negative));
        assert_eq!(Money::parse_order("7.10").unwrap(), Money::from_fen(710));
        assert_eq!(Money::parse_reported("7.1099").unwrap().floor_fen(), Money::from_fen(710));
    }
}
