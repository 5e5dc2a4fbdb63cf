//! A legal day in Asia/Shanghai: the only time a bank's books know.

use serde::{Deserialize, Serialize};

/// A calendar day, counted from 1970-01-01; legal periods include their last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(i32);

impl Day {
    /// 1970-01-01.
    pub const EPOCH: Day = Day(0);

    /// The day of a year (1800–9999), month and day of month, if there is such a day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(1800..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > month_length(year, month) {
            return None;
        }
        // Years are counted from March so that the leap day stands at the end of its year.
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let month_index = i32::try_from((month + 9) % 12).ok()?;
        let day_of_year = (153 * month_index + 2) / 5 + i32::try_from(day).ok()? - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Day(era * 146_097 + day_of_era - 719_468))
    }

    /// Reads `yyyy/MM/dd`, `yyyy-MM-dd` or `yyyyMMdd`, each with anything after it (a time of day) ignored.
    pub fn parse(text: &str) -> Option<Day> {
        let digits: String = match text.get(4..5)? {
            "/" | "-" => format!("{}{}{}", text.get(0..4)?, text.get(5..7)?, text.get(8..10)?),
            _ => text.get(0..8)?.to_owned(),
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Day::new(digits.get(0..4)?.parse().ok()?, digits.get(4..6)?.parse().ok()?, digits.get(6..8)?.parse().ok()?)
    }

    /// Year, month, day of month.
    pub fn parts(self) -> (i32, i32, i32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, day)
    }

    /// `2026/11/20`, the form of the pulling family.
    pub fn slashed(self) -> String {
        let (year, month, day) = self.parts();
        format!("{year:04}/{month:02}/{day:02}")
    }

    /// `20261120`.
    pub fn compact(self) -> String {
        let (year, month, day) = self.parts();
        format!("{year:04}{month:02}{day:02}")
    }

    /// Days since 1970-01-01.
    pub fn is_weekend(self) -> bool {
        // The day of number 0 was a Thursday.
        matches!((self.count() + 4).rem_euclid(7), 0 | 6)
    }

    /// Days since 1970-01-01.
    pub(crate) fn count(self) -> i32 {
        self.0
    }

    /// The day `count` days later (earlier when negative).
    pub fn plus_days(self, count: i32) -> Day {
        Day(self.0.saturating_add(count))
    }

    /// The same day of the next year; 29 February becomes 28 February.
    pub fn next_year(self) -> Day {
        let (year, month, day) = self.parts();
        let month = u32::try_from(month).unwrap_or(1);
        let day = u32::try_from(day).unwrap_or(1);
        Day::new(year + 1, month, day).or_else(|| Day::new(year + 1, month, day - 1)).unwrap_or(Day(self.0 + 365))
    }
}

/// A day as `2026-11-20` in files and on admin ports.
pub(crate) mod text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Day;

    pub(crate) fn serialize<S: Serializer>(day: &Day, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&day.slashed().replace('/', "-"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Day, D::Error> {
        let text = String::deserialize(from)?;
        Day::parse(&text).ok_or_else(|| D::Error::custom("not a day (2026-11-20)"))
    }
}

fn month_length(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms_and_refuses_days_that_are_not() {
        let day = Day::new(2026, 11, 20).unwrap();
        for text in ["2026/11/20", "2026-11-20 10:15:30", "20261120", "20261120235959"] {
            assert_eq!(Day::parse(text), Some(day), "{text}");
        }
        for text in ["", "2026/13/01", "2026/02/29", "x0261120", "2026/1/1", "日期2026"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!((day.slashed().as_str(), day.compact().as_str()), ("2026/11/20", "20261120"));
    }

    #[test]
    fn every_day_of_a_century_survives_its_own_parts() {
        let first = Day::new(1950, 1, 1).unwrap();
        for offset in 0..36_600 {
            let day = first.plus_days(offset);
            assert_eq!(Day::parse(&day.slashed()), Some(day));
        }
        assert_eq!(Day::new(2028, 2, 29).unwrap().next_year(), Day::new(2029, 2, 28).unwrap());
    }
}
