//! Measures: effects in force for years, what stands of them, and when people must look at them again.

use crate::Day;
use crate::act::words;

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
}
