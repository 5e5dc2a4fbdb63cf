//! Opening hours of partners, over a calendar of holidays and make-up working days.

use std::collections::BTreeMap;

use crate::{Day, Millis};

/// What the calendar file says of a day that differs from its weekday.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayKind {
    /// A public holiday.
    Holiday,
    /// A weekend day worked in exchange (调休).
    Workday,
}

/// Days that differ from their weekday, and the last year that is known.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Calendar {
    /// The exceptions.
    pub days: BTreeMap<Day, DayKind>,
    /// The last year for which exceptions were entered; later days follow their weekday, and the gateway says so.
    pub known_to_year: i32,
}

impl Calendar {
    /// Is this a working day?
    #[must_use]
    pub fn is_workday(&self, day: Day) -> bool {
        match self.days.get(&day) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::Workday) => true,
            None => day.weekday() < 5,
        }
    }

    /// The last of so many working days after `day`; 0 = the day itself.
    #[must_use]
    pub fn workdays_after(&self, day: Day, days: u16) -> Day {
        (0..days).fold(day, |day, _| {
            // Longer than any run of days off (the longest public holiday is nine, with weekends beside it).
            let mut ahead = (1..=20).map(|ahead| day.plus_days(ahead));
            ahead.find(|day| self.is_workday(*day)).unwrap_or_else(|| day.plus_days(1))
        })
    }
}

/// When a partner takes orders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hours {
    /// Minute of the day from which orders are taken, 0..=1440.
    pub from_minute: u16,
    /// Minute of the day until which, exclusive; above `from_minute`.
    pub to_minute: u16,
    /// Also on days that are no working days?
    pub every_day: bool,
}

impl Hours {
    /// Open at all times.
    pub const ALWAYS: Self = Self { from_minute: 0, to_minute: 1440, every_day: true };

    /// Reads `08:30-17:00` (working days) or `daily 00:00-24:00`; `None` when it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (every_day, span) = match text.trim().strip_prefix("daily ") {
            Some(span) => (true, span),
            None => (false, text.trim().strip_prefix("workdays ").unwrap_or(text.trim())),
        };
        let (from, to) = span.trim().split_once('-')?;
        let (from_minute, to_minute) = (minute(from)?, minute(to)?);
        (from_minute < to_minute).then_some(Self { from_minute, to_minute, every_day })
    }

    /// When it opens next, or `None` when it is open at `at`.
    #[must_use]
    pub fn opens_at(&self, at: Millis, calendar: &Calendar) -> Option<Millis> {
        let today = Day::of(at);
        // Longer than any run of closed days (the longest public holiday is nine), so the loop always finds one.
        for ahead in 0..40 {
            let day = today.plus_days(ahead);
            if !self.every_day && !calendar.is_workday(day) {
                continue;
            }
            let opens = day.start() + i64::from(self.from_minute) * 60_000;
            let closes = day.start() + i64::from(self.to_minute) * 60_000;
            if at < opens {
                return Some(opens);
            }
            if at < closes {
                return None;
            }
        }
        Some(today.plus_days(40).start())
    }

    /// The stretches between two instants in which it is closed, in order; at most the first [`CLOSED_MAX`].
    #[must_use]
    pub fn closed_within(&self, from: Millis, until: Millis, calendar: &Calendar) -> Vec<(Millis, Millis)> {
        let mut closed: Vec<(Millis, Millis)> = Vec::new();
        let mut at = if *self == Self::ALWAYS { until } else { from };
        while at < until && closed.len() < CLOSED_MAX {
            match self.opens_at(at, calendar) {
                Some(opens) => {
                    closed.push((at, opens.min(until)));
                    at = opens;
                }
                None => at = Day::of(at).start() + i64::from(self.to_minute) * 60_000,
            }
        }
        closed
    }
}

/// Closed stretches told of one wait: a year of nights.
pub const CLOSED_MAX: usize = 400;

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::day::parse_instant;

    #[test]
    fn working_days_are_counted_over_weekends_and_holidays() {
        let mut calendar = Calendar::default();
        for date in 1..=7 {
            calendar.days.insert(Day::from_ymd(2026, 10, date).unwrap(), DayKind::Holiday);
        }
        calendar.days.insert(Day::parse("2026-10-10").unwrap(), DayKind::Workday);
        let after = |day: &str, days: u16| calendar.workdays_after(Day::parse(day).unwrap(), days).to_string();
        assert_eq!(after("2026-11-20", 0), "2026-11-20");
        assert_eq!(after("2026-11-20", 3), "2026-11-25", "a Friday: the weekend does not count");
        assert_eq!(after("2026-11-22", 1), "2026-11-23", "a Sunday");
        assert_eq!(after("2026-09-30", 3), "2026-10-10", "over the holiday, and the Saturday is worked");
    }

    #[test]
    fn closed_stretches_lie_between_the_hours_and_leave_none_out() {
        let at = |text: &str| parse_instant(text).unwrap();
        let of = |hours: &str, from: &str, until: &str| {
            let closed = Hours::parse(hours).unwrap().closed_within(at(from), at(until), &Calendar::default());
            let short = |at: Millis| crate::day::show_instant(at).get(5..16).unwrap().to_owned();
            closed.into_iter().map(|(from, until)| format!("{} {}", short(from), short(until))).collect::<Vec<_>>()
        };
        assert_eq!(
            of("08:30-17:00", "2026-11-20T16:00:00+08:00", "2026-11-24T07:00:00+08:00"),
            ["11-20T17:00 11-23T08:30", "11-23T17:00 11-24T07:00"],
            "a weekend and a night"
        );
        assert_eq!(of("08:30-17:00", "2026-11-23T09:00:00+08:00", "2026-11-23T17:00:00+08:00"), [""; 0]);
        assert_eq!(of("daily 00:00-24:00", "2026-11-20T16:00:00+08:00", "2026-11-24T07:00:00+08:00"), [""; 0]);
        let long = Hours::parse("08:30-17:00").unwrap().closed_within(0, i64::MAX / 4, &Calendar::default());
        assert_eq!(long.len(), CLOSED_MAX);
    }

    fn opens(hours: &str, at: &str) -> Option<String> {
        let mut calendar = Calendar { known_to_year: 2026, ..Calendar::default() };
        calendar.days.insert(Day::parse("2026-10-01").unwrap(), DayKind::Holiday);
        calendar.days.insert(Day::parse("2026-10-10").unwrap(), DayKind::Workday);
        Hours::parse(hours).unwrap().opens_at(parse_instant(at).unwrap(), &calendar).map(crate::day::show_instant)
    }

    #[test]
    fn closed_until_the_next_working_morning() {
        assert_eq!(opens("08:30-17:00", "2026-11-23T08:30:00+08:00"), None);
        assert_eq!(opens("08:30-17:00", "2026-11-23T17:00:00+08:00").unwrap(), "2026-11-24T08:30:00.000+08:00");
        assert_eq!(opens("08:30-17:00", "2026-11-20T18:00:00+08:00").unwrap(), "2026-11-23T08:30:00.000+08:00");
        assert_eq!(opens("08:30-17:00", "2026-10-01T09:00:00+08:00").unwrap(), "2026-10-02T08:30:00.000+08:00");
        assert_eq!(opens("08:30-17:00", "2026-10-10T09:00:00+08:00"), None);
        assert_eq!(opens("daily 00:00-24:00", "2026-11-22T23:59:59+08:00"), None);
        for bad in ["", "9-17", "17:00-08:30", "08:30-25:00", "08:61-09:00"] {
            assert_eq!(Hours::parse(bad), None, "{bad}");
        }
    }
}
