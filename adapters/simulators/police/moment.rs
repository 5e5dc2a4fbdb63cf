//! Instants and days as the police write them: `2026-11-22T14:05:00+08:00`, `2026-11-22`.

use crate::day::Day;

const DAY_MS: i64 = 86_400_000;
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// The day in Asia/Shanghai of an instant (UTC milliseconds since 1970).
pub(crate) fn day_of(at_ms: i64) -> Day {
    let count = at_ms.saturating_add(SHANGHAI_MS).div_euclid(DAY_MS);
    Day::EPOCH.plus_days(i32::try_from(count).unwrap_or(i32::MAX))
}

/// `2026-11-22`.
pub(crate) fn dashed(day: Day) -> String {
    day.slashed().replace('/', "-")
}

/// `2026-11-22T14:05:00+08:00`.
pub(crate) fn instant(at_ms: i64) -> String {
    let second = at_ms.saturating_add(SHANGHAI_MS).div_euclid(1000).rem_euclid(DAY_MS / 1000);
    format!("{}T{:02}:{:02}:{:02}+08:00", dashed(day_of(at_ms)), second / 3600, second / 60 % 60, second % 60)
}

/// The first instant of a day.
pub(crate) fn start_of(day: Day) -> i64 {
    i64::from(day.count()) * DAY_MS - SHANGHAI_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_shanghais() {
        let at = 1_795_536_000_000; // 2026-11-24T16:00:00Z
        assert_eq!(instant(at), "2026-11-25T00:00:00+08:00");
        assert_eq!(instant(at - 1), "2026-11-24T23:59:59+08:00");
        let day = Day::parse("2026-11-25").unwrap_or(Day::EPOCH);
        assert_eq!((day_of(at), day_of(at - 1), start_of(day)), (day, day.plus_days(-1), at));
        assert_eq!(dashed(day), "2026-11-25");
    }
}
