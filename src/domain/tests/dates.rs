//! Legal days against a calendar that is walked day by day: years, leap days, holidays, make-up days, and midnight in Shanghai.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;

use domain::calendar::{Calendar, DayKind, Hours};
use domain::measure::{
    EXPIRY_NOTICE_DAYS, RENEWAL_ASKED_DAYS, days_left, end_of, has_lapsed, notice_due, renewal_asked_by,
};
use domain::outcome::AssetKind;
use domain::rules::RulePack;
use domain::{Day, Millis};
use proptest::prelude::*;

/// 1980-01-01 and some day of 2149: what a case of today may name.
const DAYS: std::ops::Range<i32> = 3_652..65_700;

/// A calendar that knows nothing but the lengths of months, walked from 1970-01-01.
fn walked() -> &'static BTreeMap<i32, (i32, u32, u32)> {
    static WALKED: std::sync::OnceLock<BTreeMap<i32, (i32, u32, u32)>> = std::sync::OnceLock::new();
    WALKED.get_or_init(|| {
        let leap = |year: i32| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let (mut year, mut month, mut day) = (1970, 1_u32, 1_u32);
        let mut all = BTreeMap::new();
        for count in 0..70_000 {
            all.insert(count, (year, month, day));
            let long = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > long {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        all
    })
}

/// Holidays and make-up days out of words for each day; never more than eleven days without work.
fn calendar(from: i32, words: &[u8]) -> Calendar {
    let mut calendar = Calendar { known_to_year: 2100, ..Calendar::default() };
    let mut rested = 0;
    for (count, word) in (from..).zip(words) {
        let day = Day::from_count(count);
        let kind = match word {
            0..=2 => Some(DayKind::Holiday),
            3 => Some(DayKind::Workday),
            _ => None,
        };
        let works = match kind {
            Some(DayKind::Holiday) => false,
            Some(DayKind::Workday) => true,
            None => day.weekday() < 5,
        };
        rested = if works { 0 } else { rested + 1 };
        if rested > 11 {
            calendar.days.insert(day, DayKind::Workday);
            rested = 0;
        } else if let Some(kind) = kind {
            calendar.days.insert(day, kind);
        }
    }
    calendar
}

proptest! {
    #[test]
    fn a_day_has_the_date_that_the_walk_comes_to(count in DAYS) {
        let (year, month, date) = walked()[&count];
        prop_assert_eq!(Day::from_count(count).ymd(), (year, month, date));
        prop_assert_eq!(Day::from_ymd(year, month, date), Some(Day::from_count(count)));
    }

    /// The first of January 1970 was a Thursday, and the days of the week have followed on each other since.
    #[test]
    fn a_day_of_the_week_follows_the_one_before(count in DAYS) {
        let (mut weekday, mut walked) = (3_u8, 0);
        while walked < count {
            (weekday, walked) = (if weekday == 6 { 0 } else { weekday + 1 }, walked + 1);
        }
        prop_assert_eq!(Day::from_count(count).weekday(), weekday);
    }

    /// So many working days after a day, each looked at by itself: days off are passed over, whatever year or month they are in.
    #[test]
    fn working_days_are_counted_one_by_one(from in DAYS, words in prop::collection::vec(0..20_u8, 200), days in 0..40_u16) {
        let calendar = calendar(from, &words);
        let (mut left, mut count) = (days, from);
        while left > 0 {
            count += 1;
            let works = match calendar.days.get(&Day::from_count(count)) {
                Some(DayKind::Holiday) => false,
                Some(DayKind::Workday) => true,
                None => (count + 3) % 7 < 5,
            };
            left -= u16::from(works);
        }
        prop_assert_eq!(calendar.workdays_after(Day::from_count(from), days).count(), count);
    }

    /// What is told closed is just what is closed, minute by minute, and the next opening is the first minute that is open after one that
    /// is not.
    #[test]
    fn closed_stretches_and_openings_are_those_of_a_clock_that_is_watched(
        from in DAYS,
        words in prop::collection::vec(0..20_u8, 40),
        minute in 0..(3 * 1_440_i64),
        length in 1..(6 * 1_440_i64),
        opens in 0..1_000_u16,
        open_for in 1..400_u16,
        every_day: bool,
    ) {
        let calendar = calendar(from, &words);
        let hours = Hours { from_minute: opens, to_minute: (opens + open_for).min(1_440), every_day };
        let start = Day::from_count(from).start();
        let is_open = |minute: i64| {
            let day = from + i32::try_from(minute.div_euclid(1_440)).unwrap();
            let of_day = minute.rem_euclid(1_440);
            let within = i64::from(hours.from_minute) <= of_day && of_day < i64::from(hours.to_minute);
            within && (every_day || calendar.is_workday(Day::from_count(day)))
        };
        let told = hours.closed_within(start + minute * 60_000, start + (minute + length) * 60_000, &calendar);
        for watched in minute..minute + length {
            let at = start + watched * 60_000;
            let is_told = told.iter().any(|(from, until)| *from <= at && at < *until);
            prop_assert_eq!(is_told, !is_open(watched), "{}", watched);
        }
        prop_assert!(told.is_sorted_by(|a, b| a.1 < b.0), "none touches the next");
        let next = hours.opens_after(start + minute * 60_000, &calendar);
        let opening = i64::from(hours.from_minute);
        let begins = |minute: i64| minute.rem_euclid(1_440) == opening && is_open(minute);
        let mut watched = minute + 1;
        while !begins(watched) {
            watched += 1;
        }
        prop_assert_eq!(next, start + watched * 60_000);
    }

    /// 期间 of n years: the day after its last has the same date n years on; from 29 February, 1 March where there is no such day.
    #[test]
    fn years_end_on_the_day_before_the_same_date(count in DAYS, years in 1..=3_i32) {
        let begins = Day::from_count(count);
        let next = begins.last_of_years(years).count() + 1;
        let (year, month, date) = walked()[&count];
        let same = walked().range(count..).find(|(_, of)| **of == (year + years, month, date));
        let after = same.or_else(|| walked().range(count..).find(|(_, of)| **of == (year + years, 3, 1)));
        prop_assert_eq!(next, *after.unwrap().0);
        prop_assert!((365 * years..=365 * years + 1).contains(&(next - count)));
    }

    /// No sort of property may be held a day longer than the law has it, whatever a pack says, and each as long as the pack lets it.
    #[test]
    fn a_pack_shortens_and_never_lengthens(count in DAYS, place in 0..AssetKind::ALL.len(), years in 1..=9_i32) {
        let asset = AssetKind::ALL[place];
        let pack = RulePack { freeze_years: vec![(asset, years)], ..RulePack::default() };
        let lawful = match asset {
            AssetKind::Cash | AssetKind::Wallet => 1,
            AssetKind::Vehicle => 2,
            _ => 3,
        };
        prop_assert_eq!(pack.years_for(Some(asset), None), years.min(lawful));
        let begins = Day::from_count(count);
        prop_assert!(begins.last_of_years(pack.years_of(asset)) <= begins.last_of_years(lawful));
    }

    #[test]
    fn a_day_begins_and_ends_at_midnight_in_shanghai(count in DAYS, ms in 0..86_400_000_i64) {
        let day = Day::from_count(count);
        let midnight_utc: Millis = i64::from(count) * 86_400_000 - 8 * 3_600_000;
        prop_assert_eq!(day.start(), midnight_utc);
        prop_assert_eq!(Day::of(midnight_utc + ms), day);
        prop_assert!(!has_lapsed(day, Day::of(end_of(day))), "the last millisecond is inside");
        prop_assert!(has_lapsed(day, Day::of(end_of(day) + 1)));
    }

    /// Told on the thirtieth, the fifteenth and the seventh day before and on no other when somebody looks each day; whoever looks
    /// late is told of the newest at once; nobody is told of what is over.
    #[test]
    fn notices_are_reached_once_each(count in DAYS, first in -5..60_i32, step in 1..9_i32) {
        let to = Day::from_count(count);
        let mut told: Vec<i32> = Vec::new();
        let mut today = to.plus_days(-first);
        while today <= to.plus_days(5) {
            let left = days_left(to, today);
            let due = notice_due(left);
            prop_assert_eq!(due.is_none(), !(0..=30).contains(&left));
            if let Some(due) = due && told.last().is_none_or(|last| due < *last) {
                prop_assert!(due >= left, "never before its day");
                prop_assert!(left > due - step || told.is_empty(), "and with the first look from then on");
                told.push(due);
            }
            today = today.plus_days(step);
        }
        prop_assert!(told.is_sorted_by(|a, b| a > b) && told.iter().all(|notice| EXPIRY_NOTICE_DAYS.contains(notice)));
        if first > 30 && step == 1 {
            prop_assert_eq!(told, EXPIRY_NOTICE_DAYS.to_vec());
        }
    }

    /// Seven days before, on the last day before that on which anybody works; late, on the last working day that is left.
    #[test]
    fn a_renewal_is_asked_for_when_somebody_works(
        from in DAYS,
        words in prop::collection::vec(0..20_u8, 120),
        ahead in 0..60_i32,
        looked in 0..40_i32,
    ) {
        let calendar = calendar(from - 30, &words);
        let to = Day::from_count(from + ahead);
        let today = Day::from_count(from + looked.min(ahead));
        let by = renewal_asked_by(to, today, &calendar);
        prop_assert!(today <= by && by <= to);
        let works = |day: i32| calendar.is_workday(Day::from_count(day));
        let last_within = |until: i32| (today.count()..=until).rev().find(|day| works(*day));
        let asked = last_within(to.count() - RENEWAL_ASKED_DAYS).or_else(|| last_within(to.count()));
        prop_assert_eq!(by.count(), asked.unwrap_or(to.count()), "nobody works: the last day itself");
    }

    /// When a partner is closed, the instant told is the first at which it is open.
    #[test]
    fn a_closed_partner_opens_at_the_first_minute_of_its_next_working_day(
        from in DAYS,
        words in prop::collection::vec(0..20_u8, 90),
        minute in 0..(30 * 1_440_i64),
        opens in 0..1_000_u16,
        length in 1..400_u16,
        every_day: bool,
    ) {
        let calendar = calendar(from, &words);
        let hours = Hours { from_minute: opens, to_minute: (opens + length).min(1_440), every_day };
        let at = Day::from_count(from).start() + minute * 60_000;
        let is_open = |at: Millis| {
            let day = Day::of(at);
            let minute = (at - day.start()) / 60_000;
            let within = i64::from(hours.from_minute) <= minute && minute < i64::from(hours.to_minute);
            within && (every_day || calendar.is_workday(day))
        };
        match hours.opens_at(at, &calendar) {
            None => prop_assert!(is_open(at)),
            Some(opens) => {
                prop_assert!(!is_open(at) && is_open(opens) && !is_open(opens - 1));
                let mut between = at;
                while between < opens {
                    prop_assert!(!is_open(between), "it was open before");
                    between += 17 * 60_000;
                }
            }
        }
    }
}

/// The calendar that is shipped, read without the program's own reader.
fn calendar_of_2026() -> Calendar {
    let file = include_str!("../../../config/calendar/2026.toml");
    let mut calendar = Calendar { known_to_year: 2026, ..Calendar::default() };
    let mut kind = None;
    for line in file.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if line.starts_with("holidays") {
            kind = Some(DayKind::Holiday);
        } else if line.starts_with("workdays") {
            kind = Some(DayKind::Workday);
        }
        for day in line.split('"').filter_map(Day::parse) {
            calendar.days.extend(kind.map(|kind| (day, kind)));
        }
    }
    calendar
}

#[test]
fn around_the_long_holidays_of_2026_a_renewal_is_asked_for_on_days_that_are_worked() {
    let calendar = calendar_of_2026();
    let day = |text: &str| Day::parse(text).unwrap();
    for (to, wanted) in [
        // Seven days before is in the national holiday, which is over with the seventh: the last day of September.
        ("2026-10-12", "2026-09-30"),
        ("2026-10-14", "2026-09-30"),
        // A Saturday and a Sunday that are worked for holidays, and the Sunday after one that is not.
        ("2026-10-17", "2026-10-10"),
        ("2026-10-18", "2026-10-10"),
        ("2026-09-27", "2026-09-20"),
        ("2026-01-11", "2026-01-04"),
    ] {
        let by = renewal_asked_by(day(to), day(to).plus_days(-30), &calendar);
        assert_eq!(by, day(wanted), "{to}");
        assert!(calendar.is_workday(by));
    }
}
