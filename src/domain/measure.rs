//! Measures: effects in force for years, what stands of them, and when people must look at them again.

use crate::act::words;
use crate::calendar::Calendar;
use crate::{Day, Millis};

words! {
    /// Where a measure stands.
    MeasureState {
        /// 已下令: its act is not final; nothing is known to stand.
        Ordered = 1 "ordered" "已下令",
        /// 生效: in force.
        InForce = 2 "in_force" "生效中",
        /// 轮候: registered behind others; it holds nothing yet.
        Queued = 3 "queued" "轮候",
        /// 届满失效: its last day passed without a renewal (rule D10).
        Lapsed = 4 "lapsed" "届满失效",
        /// 已解除: released, lifted, or used up by what was taken out of it.
        Ended = 5 "ended" "已解除",
        /// 未成立: its act did not take effect.
        Void = 6 "void" "未成立",
    }
}

impl MeasureState {
    /// Does an effect stand, be it a place in a queue?
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::InForce | Self::Queued)
    }
}

words! {
    /// Why something is now known to stand otherwise than it was.
    ChangeCause {
        /// The one ahead ended, and this one took its place (rule D14).
        Promoted = 1 "promoted" "轮候转正",
        /// A question to the partner showed it.
        Requeried = 2 "requeried" "复查所见",
        /// The partner told it by itself.
        Told = 3 "told" "协助单位告知",
        /// A person compared the books with the partner's (daily reconciliation).
        Reconciled = 4 "reconciled" "对账确认",
    }
}

/// Days before the last one on which people are told that a measure ends (rule D12): an applicant must ask for a renewal seven
/// days before, and a court needs the time to rule on it.
pub const EXPIRY_NOTICE_DAYS: [i32; 3] = [30, 15, 7];

/// So many days before the last one a preservation's applicant must have asked for the renewal (rule D12).
pub const RENEWAL_ASKED_DAYS: i32 = 7;

/// The day by which a renewal is to be asked for: [`RENEWAL_ASKED_DAYS`] before the last one, and the working day before when
/// nobody works then. Once that is over, the last working day on which it can still be asked; never before `today`.
#[must_use]
pub fn renewal_asked_by(to: Day, today: Day, calendar: &Calendar) -> Day {
    let asked = working_day_until(to.plus_days(-RENEWAL_ASKED_DAYS), today, calendar);
    asked.or_else(|| working_day_until(to, today, calendar)).unwrap_or(to.max(today))
}

/// The last working day that is neither after `day` nor before `today`.
fn working_day_until(day: Day, today: Day, calendar: &Calendar) -> Option<Day> {
    // The longest public holiday is nine days; with weekends beside it no run is longer than this.
    let back = (0..20).map(|days| day.plus_days(-days)).take_while(|day| *day >= today);
    back.into_iter().find(|day| calendar.is_workday(*day))
}

/// The last instant of a day: by when a task of that day is due.
#[must_use]
pub fn end_of(day: Day) -> Millis {
    day.end() - 1
}

/// Days left, both counted inclusively: 0 = today is the last day; negative = it is over.
#[must_use]
pub fn days_left(to: Day, today: Day) -> i32 {
    to.count() - today.count()
}

/// Is a measure with this last day over at the start of `today` (rule D10; the end day is inclusive)?
#[must_use]
pub fn has_lapsed(to: Day, today: Day) -> bool {
    days_left(to, today) < 0
}

/// The notice that is due with so many days left: the smallest of [`EXPIRY_NOTICE_DAYS`] that has been reached.
#[must_use]
pub fn notice_due(days_left: i32) -> Option<i32> {
    let reached = EXPIRY_NOTICE_DAYS.iter().copied().filter(|notice| days_left <= *notice);
    reached.min().filter(|_| days_left >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_is_inside_and_each_notice_is_reached_once() {
        let to = Day::from_ymd(2028, 2, 29).unwrap();
        assert!(!has_lapsed(to, to));
        assert!(has_lapsed(to, Day::from_ymd(2028, 3, 1).unwrap()));
        let due = |days: i32| notice_due(days_left(to, Day::from_count(to.count() - days)));
        assert_eq!(
            (due(31), due(30), due(16), due(15), due(8), due(7), due(0), due(-1)),
            (None, Some(30), Some(30), Some(15), Some(15), Some(7), Some(7), None)
        );
    }

    #[test]
    fn a_renewal_is_asked_for_on_a_working_day_that_is_not_over() {
        use crate::calendar::DayKind;
        let day = |text: &str| Day::parse(text).unwrap();
        let mut calendar = Calendar::default();
        for date in 1..=7 {
            calendar.days.insert(Day::from_ymd(2026, 10, date).unwrap(), DayKind::Holiday);
        }
        let asked = |to: &str, today: &str| renewal_asked_by(day(to), day(today), &calendar).to_string();
        assert_eq!(asked("2026-11-20", "2026-10-21"), "2026-11-13", "a Friday");
        assert_eq!(asked("2026-11-22", "2026-10-21"), "2026-11-13", "the fifteenth is a Sunday");
        assert_eq!(
            asked("2026-10-12", "2026-09-12"),
            "2026-09-30",
            "the fifth is a holiday, and so are those before it"
        );
        assert_eq!(asked("2027-01-05", "2026-12-06"), "2026-12-29", "over the end of a year");
        assert_eq!(asked("2028-03-07", "2028-02-10"), "2028-02-29", "a leap day");
        assert_eq!(asked("2026-11-20", "2026-11-16"), "2026-11-20", "late, but not too late");
        assert_eq!(asked("2026-10-05", "2026-10-02"), "2026-10-05", "nothing but holidays is left");
    }
}
