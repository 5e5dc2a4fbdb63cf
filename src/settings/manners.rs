//! How a partner is treated: rate, timeouts, retries, breaker, doubt.

use domain::partner::{Breaker, DoubtPolicy, Rate, Retry};

use super::page::Table;

/// A day: the longest window, wait and opening of a breaker.
const DAY_MS: u64 = 86_400_000;
/// Ten minutes: the longest that one exchange may hold its place.
const TOTAL_MS_MAX: u64 = 600_000;

/// How long one exchange is waited for.
pub(super) struct Timeouts {
    pub(super) connect_ms: u64,
    pub(super) total_ms: u64,
}

const TIMEOUTS: Timeouts = Timeouts { connect_ms: 3_000, total_ms: 30_000 };
const RETRY: Retry = Retry { first_ms: 1_000, max_ms: 300_000 };
const BREAKER: Breaker = Breaker { failures: 5, open_ms: 60_000 };
const ASK_AFTER_MS: u64 = 60_000;

/// `[rate]`: what was agreed with the partner, so none of it has a default but the burst, which is the careful one.
pub(super) fn rate(mut table: Table<'_>) -> Option<Rate> {
    let max = table.required_number("max", 1..=100_000_u32);
    let window_ms = table.required_number("window_ms", 1..=DAY_MS);
    let burst = table.number("burst", 1..=100_000_u32);
    if let (Some(max), Some(burst)) = (&max, &burst)
        && burst.value > max.value
    {
        burst.spot.fault("must be at most `max`: a burst counts into its window");
    }
    table.finish();
    Some(Rate { max: max?.value, window_ms: window_ms?.value, burst: burst.map_or(1, |burst| burst.value) })
}

/// `[timeouts]`, both below the time after which an answer is overdue.
pub(super) fn timeouts(mut table: Table<'_>, answer_due_ms: u64) -> Timeouts {
    let connect = table.number("connect_ms", 1..=TOTAL_MS_MAX);
    let total = table.number("total_ms", 1..=TOTAL_MS_MAX);
    let read = Timeouts {
        connect_ms: connect.as_ref().map_or(TIMEOUTS.connect_ms, |found| found.value),
        total_ms: total.as_ref().map_or(TIMEOUTS.total_ms, |found| found.value),
    };
    let of = |key| table.spot_of(key);
    let total_spot = total.map_or_else(|| of("total_ms"), |found| found.spot);
    if read.total_ms > answer_due_ms {
        total_spot.fault("is longer than answer_due_s: an answer would be overdue before it is given up");
    }
    let connects = read.connect_ms < read.total_ms;
    if !connects {
        let spot = connect.map_or_else(|| total_spot.clone(), |found| found.spot);
        spot.fault("connect_ms must be below total_ms, or a connection that cannot be made is taken for a doubt");
    }
    table.finish();
    if connects { read } else { TIMEOUTS }
}

/// `[retry]`.
pub(super) fn retry(mut table: Table<'_>) -> Retry {
    let first = table.number("first_ms", 1..=DAY_MS);
    let max = table.number("max_ms", 1..=DAY_MS);
    let read = Retry {
        first_ms: first.as_ref().map_or(RETRY.first_ms, |found| found.value),
        max_ms: max.as_ref().map_or(RETRY.max_ms, |found| found.value),
    };
    if read.first_ms > read.max_ms {
        let spot = first.or(max).map_or_else(|| table.spot(), |found| found.spot);
        spot.fault("first_ms must be at most max_ms");
    }
    table.finish();
    read
}

/// `[breaker]`.
pub(super) fn breaker(mut table: Table<'_>) -> Breaker {
    let failures = table.number("failures", 1..=1_000_u32).map_or(BREAKER.failures, |found| found.value);
    let open_ms = table.number("open_ms", 1..=DAY_MS).map_or(BREAKER.open_ms, |found| found.value);
    table.finish();
    Breaker { failures, open_ms }
}

/// `[doubt]`: when nothing is said, nothing is believed and nothing sent twice.
pub(super) fn doubt(mut table: Table<'_>, retry: &Retry, timeouts: &Timeouts) -> DoubtPolicy {
    let deduplicates = table.flag("deduplicates").is_some_and(|found| found.value);
    let can_be_asked = table.flag("can_be_asked").is_some_and(|found| found.value);
    let ask_after = table.number("ask_after_ms", 1..=DAY_MS);
    let not_found = table.number("not_found_final_after_ms", 1..=30 * DAY_MS);
    if let Some(ask_after) = ask_after.as_ref().filter(|found| found.value > retry.max_ms) {
        ask_after.spot.fault("must be at most retry.max_ms, up to which it doubles");
    }
    if let Some(not_found) = &not_found {
        if !can_be_asked {
            not_found.spot.fault("needs can_be_asked = true: nobody says \"not found\" who is not asked");
        }
        if not_found.value < timeouts.total_ms {
            not_found.spot.fault("must be at least timeouts.total_ms: until then the message may still arrive");
        }
    }
    table.finish();
    DoubtPolicy {
        deduplicates,
        can_be_asked,
        ask_after_ms: ask_after.map_or(ASK_AFTER_MS.min(retry.max_ms), |found| found.value),
        not_found_final_after_ms: not_found.map(|found| found.value),
    }
}
