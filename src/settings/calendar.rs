//! `calendar/<year>.toml`: the days of a year that differ from their weekday.

use domain::Day;
use domain::calendar::{Calendar, DayKind};

use super::page::{Found, Page, Table};

/// Days of a year, with some room for a mistake to be told as one.
const DAYS_MAX: usize = 400;
/// The first and last year that a file may be for.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2200;

/// Adds the days of a file.
pub(super) fn read(page: &Page<'_>, stem: &str, calendar: &mut Calendar) {
    let Some(mut root) = page.root() else { return };
    let year = root.required_number("year", 2000..=2200_u16);
    let named = stem.parse::<i32>().ok().filter(|year| YEARS.contains(year));
    match (&year, named) {
        (_, None) => page.fault_whole("must be named by its year, such as 2026.toml"),
        (Some(year), Some(named)) if i32::from(year.value) != named => {
            year.spot.fault(format!("is another year than the file's name, {named}"));
        }
        _ => {}
    }
    let year = year.map(|year| i32::from(year.value));
    days(&mut root, "holidays", DayKind::Holiday, year, calendar);
    days(&mut root, "workdays", DayKind::Workday, year, calendar);
    root.finish();
    if let Some(year) = year {
        calendar.known_to_year = calendar.known_to_year.max(year);
    }
}

fn days(root: &mut Table<'_>, key: &'static str, kind: DayKind, year: Option<i32>, calendar: &mut Calendar) {
    let found = root.texts(key, DAYS_MAX, 10);
    if found.is_none() && kind == DayKind::Holiday {
        root.spot_of(key).fault("is missing; write the public holidays as [\"2026-10-01\", …]");
    }
    for Found { spot, value } in found.map(|found| found.value).unwrap_or_default() {
        let Some(day) = Day::parse(&value) else {
            spot.fault("is no day; write it as \"2026-10-01\"");
            continue;
        };
        if year.is_some_and(|year| day.ymd().0 != year) {
            spot.fault("is a day of another year; move it to that year's file");
            continue;
        }
        if calendar.days.insert(day, kind).is_some() {
            spot.fault("stands in this file twice; leave one out");
        } else if kind == DayKind::Workday && day.weekday() < 5 {
            spot.warn("is no weekend day, so it is worked anyway; check the date");
        }
    }
}
