//! Time: UTC milliseconds, and legal days in Asia/Shanghai (UTC+8, no summer time since 1991).

use std::fmt;

/// A wall instant in milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

const MS_PER_DAY: i64 = 86_400_000;
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// A civil day in Asia/Shanghai, counted from 1970-01-01. Legal periods include their end day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(i32);

impl Day {
    /// The civil day that `at` falls on in Asia/Shanghai.
    #[must_use]
    pub fn of(at: Millis) -> Self {
        Self(i32::try_from((at.saturating_add(SHANGHAI_MS)).div_euclid(MS_PER_DAY)).unwrap_or(i32::MAX))
    }

    /// From a count of days since 1970-01-01.
    #[must_use]
    pub fn from_count(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn count(self) -> i32 {
        self.0
    }

    /// The first instant of the day.
    #[must_use]
    pub fn start(self) -> Millis {
        i64::from(self.0) * MS_PER_DAY - SHANGHAI_MS
    }

    /// The first instant after the day.
    #[must_use]
    pub fn end(self) -> Millis {
        self.start() + MS_PER_DAY
    }

    /// From year, month, day; `None` when there is no such day or the year is outside 1900–2200.
    #[must_use]
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1900..=2200).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > month_length(year, month) {
            return None;
        }
        // Days from civil, after Howard Hinnant's public-domain algorithm.
        let y = i64::from(if month <= 2 { year - 1 } else { year });
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let shifted = i64::from((month + 9) % 12);
        let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        i32::try_from(era * 146_097 + day_of_era - 719_468).ok().map(Self)
    }

    /// Year, month, day.
    #[must_use]
    pub fn ymd(self) -> (i32, u32, u32) {
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |n: i64| u32::try_from(n).unwrap_or(0);
        (i32::try_from(year).unwrap_or(i32::MAX), small(month), small(day))
    }

    /// Monday is 0, Sunday 6.
    #[must_use]
    pub fn weekday(self) -> u8 {
        u8::try_from((i64::from(self.0) + 3).rem_euclid(7)).unwrap_or(0)
    }

    /// `days` later (or earlier).
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The last day of a period of `years` that begins on this day: one year from 2026-11-20 ends on 2027-11-19.
    /// A period that begins on 29 February ends on 28 February.
    #[must_use]
    pub fn last_of_years(self, years: i32) -> Self {
        let (year, month, day) = self.ymd();
        let same = Self::from_ymd(year + years, month, day);
        match same {
            Some(anniversary) => anniversary.plus_days(-1),
            None => Self::from_ymd(year + years, month, 28).unwrap_or(self),
        }
    }

    /// Reads `2026-11-20`, `2026/11/20`, either followed by a time, and `20261120`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date = text.trim().split([' ', 'T']).next()?;
        let bytes = date.as_bytes();
        let (year, month, day) = match bytes.len() {
            8 if bytes.iter().all(u8::is_ascii_digit) => (date.get(0..4)?, date.get(4..6)?, date.get(6..8)?),
            8..=10 => {
                let mut parts = date.split(['-', '/']);
                let found = (parts.next()?, parts.next()?, parts.next()?);
                if parts.next().is_some() {
                    return None;
                }
                found
            }
            _ => return None,
        };
        if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Self::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }
}

fn month_length(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2026-11-20`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// `2026-11-20T10:15:30.123+08:00`: how the API shows an instant.
#[must_use]
pub fn show_instant(at: Millis) -> String {
    let day = Day::of(at);
    let ms = at - day.start();
    let (s, ms) = (ms / 1000, ms % 1000);
    let (year, month, date) = day.ymd();
    if !(0..=9999).contains(&year) {
        return format!("{day}T{:02}:{:02}:{:02}.{ms:03}+08:00", s / 3600, s / 60 % 60, s % 60);
    }
    // Every answer shows instants, and the formatter takes several times as long for each.
    let mut text = String::with_capacity("2026-11-20T10:15:30.123+08:00".len());
    push_padded(&mut text, i64::from(year), 1_000);
    let places = [
        ('-', month.into(), 10),
        ('-', date.into(), 10),
        ('T', s / 3600, 10),
        (':', s / 60 % 60, 10),
        (':', s % 60, 10),
    ];
    for (mark, number, highest) in places.into_iter().chain([('.', ms, 100)]) {
        text.push(mark);
        push_padded(&mut text, number, highest);
    }
    text.push_str("+08:00");
    text
}

/// A number that is not negative, with all its digits from the place of `highest` on.
fn push_padded(text: &mut String, number: i64, highest: i64) {
    let mut place = highest;
    while place > 0 {
        let digit = u32::try_from(number / place % 10).unwrap_or(0);
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
        place /= 10;
    }
}

/// Reads an RFC 3339 instant (`2026-11-25T17:00:00+08:00`, `…Z`, fractions allowed).
#[must_use]
pub fn parse_instant(text: &str) -> Option<Millis> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    if date.len() != 10 || !date.contains('-') {
        return None;
    }
    let day = Day::parse(date)?;
    let (clock, offset_ms) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let at = rest.rfind(['+', '-'])?;
            let (clock, offset) = rest.split_at(at);
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            (clock, sign * (two_digits(hours, 23)? * 60 + two_digits(minutes, 59)?) * 60_000)
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let mut parts = clock.split(':');
    let (hour, minute, second) =
        (two_digits(parts.next()?, 23)?, two_digits(parts.next()?, 59)?, two_digits(parts.next()?, 60)?);
    if parts.next().is_some() {
        return None;
    }
    let utc_midnight = i64::from(day.count()) * MS_PER_DAY;
    Some(utc_midnight + ((hour * 60 + minute) * 60 + second) * 1000 + ms - offset_ms)
}

fn two_digits(text: &str, max: i64) -> Option<i64> {
    if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_and_show() {
        assert_eq!(Day::from_ymd(1970, 1, 1), Some(Day(0)));
        assert_eq!(Day::parse("2026/11/20 10:15:30").unwrap().to_string(), "2026-11-20");
        assert_eq!(Day::parse("20240229").unwrap().to_string(), "2024-02-29");
        for bad in ["2026-02-29", "2026-13-01", "20261301", "26-1-1", "", "2026-11-20-1", "abcdefgh"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        let mut day = Day::from_ymd(1900, 1, 1).unwrap();
        while day < Day::from_ymd(2101, 1, 1).unwrap() {
            let (y, m, d) = day.ymd();
            assert_eq!(Day::from_ymd(y, m, d), Some(day));
            day = day.plus_days(1);
        }
    }

    #[test]
    fn a_legal_year_ends_the_day_before() {
        let last = |y, m, d, years| Day::from_ymd(y, m, d).unwrap().last_of_years(years).to_string();
        assert_eq!(last(2026, 11, 20, 1), "2027-11-19");
        assert_eq!(last(2024, 2, 29, 1), "2025-02-28");
        assert_eq!(last(2027, 3, 1, 1), "2028-02-29");
        assert_eq!(last(2026, 1, 1, 3), "2028-12-31");
    }

    #[test]
    fn midnight_in_shanghai_is_sixteen_hours_utc() {
        let at = parse_instant("2026-11-25T00:00:00+08:00").unwrap();
        assert_eq!(Day::of(at).to_string(), "2026-11-25");
        assert_eq!(Day::of(at - 1).to_string(), "2026-11-24");
        assert_eq!(show_instant(at + 12_345), "2026-11-25T00:00:12.345+08:00");
        assert_eq!(parse_instant("2026-11-24T16:00:00.000Z"), Some(at));
        assert_eq!(Day::of(at).start(), at);
        for bad in ["2026-11-25", "2026-11-25T25:00:00Z", "2026-11-25T00:00:00", "2026-11-25T00:00Z", "x"] {
            assert_eq!(parse_instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn weekdays() {
        assert_eq!(Day::parse("2026-11-22").unwrap().weekday(), 6);
        assert_eq!(Day::parse("2026-11-23").unwrap().weekday(), 0);
    }
}
