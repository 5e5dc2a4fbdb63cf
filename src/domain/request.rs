//! What a court submits with one click: a goal or explicit acts, for one case.

use crate::act::{ActOrder, words};
use crate::case::{Case, Officer, Paper};
use crate::{Millis, Personal};

words! {
    /// The one click (DESIGN §5).
    Goal {
        /// Query everything in scope.
        Look = 1 "look" "查询",
        /// Query, then freeze just enough.
        Secure = 2 "secure" "查询并冻结",
        /// Secure, then deduct to the court's account, then release what is over.
        Collect = 3 "collect" "查询、冻结并扣划",
    }
}

words! {
    /// How a request ranks among others in the same lane; releases go before all of them.
    Priority {
        /// Before normal.
        Urgent = 1 "urgent" "紧急",
        /// The ordinary.
        Normal = 2 "normal" "普通",
        /// When nothing else waits.
        Batch = 3 "batch" "批量",
    }
}

words! {
    /// Industries.
    PartnerKind {
        /// 银行.
        Bank = 1 "bank" "银行",
        /// 保险.
        Insurance = 2 "insurance" "保险",
        /// 住房公积金.
        HousingFund = 3 "housing_fund" "住房公积金",
        /// 公安.
        Police = 4 "police" "公安",
        /// 支付机构.
        Payment = 5 "payment" "支付机构",
        /// 登记机构.
        Registry = 6 "registry" "登记机构",
        /// 网格.
        Grid = 7 "grid" "网格",
    }
}

impl PartnerKind {
    /// Is what it holds worth a sum, so that its answer to a freeze says how much is held? Others hold things and people's names.
    #[must_use]
    pub fn holds_sums(self) -> bool {
        match self {
            Self::Bank | Self::Insurance | Self::HousingFund | Self::Payment => true,
            Self::Police | Self::Registry | Self::Grid => false,
        }
    }
}

words! {
    /// Where a request stands as a whole.
    RequestState {
        /// Something is still under way or waits for a person.
        Open = 1 "open" "办理中",
        /// Every act is final and nothing follows.
        Finished = 2 "finished" "已完成",
        /// Stopped by the court; every act is final.
        Stopped = 3 "stopped" "已停止",
    }
}

/// Which partners a goal reaches; an empty list sets no bound.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Scope {
    /// Industries.
    pub kinds: Vec<PartnerKind>,
    /// Region codes.
    pub regions: Vec<String>,
    /// Partner ids.
    pub partners: Vec<String>,
}

/// How a goal repeats until the claim is covered: it asks the same partners again, every so often, for so many days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// For so many days after it was accepted, 1..=[`REPEAT_DAYS_MAX`].
    pub days: u16,
    /// Every so many hours, [`REPEAT_HOURS_MIN`]..=[`REPEAT_HOURS_MAX`].
    pub every_hours: u16,
}

/// The longest that a goal repeats, in days: what Brazil's *teimosinha* allows; whoever needs more submits again.
pub const REPEAT_DAYS_MAX: u16 = 30;
/// The shortest time between two rounds, in hours: partners settle their books a few times a day, and every round asks all of them.
pub const REPEAT_HOURS_MIN: u16 = 6;
/// The longest time between two rounds, in hours: a week.
pub const REPEAT_HOURS_MAX: u16 = 168;
/// The time between two rounds when none is said, in hours.
pub const REPEAT_HOURS: u16 = 24;

const HOUR_MS: Millis = 3_600_000;

impl Repeat {
    /// The time between two rounds, in milliseconds.
    #[must_use]
    pub fn every_ms(self) -> Millis {
        Millis::from(self.every_hours.max(1)) * HOUR_MS
    }

    /// When it is over, for a request accepted at `accepted`.
    #[must_use]
    pub fn ends_at(self, accepted: Millis) -> Millis {
        accepted.saturating_add(Millis::from(self.days) * 24 * HOUR_MS)
    }

    /// When round `round` is due; the first asking is round 0. `None` = its days are over by then.
    #[must_use]
    pub fn due_at(self, accepted: Millis, round: u32) -> Option<Millis> {
        let due = accepted.saturating_add(self.every_ms().saturating_mul(Millis::from(round)));
        (due < self.ends_at(accepted)).then_some(due)
    }

    /// The newest round that is due at `now`: after a standstill those between are left out.
    #[must_use]
    pub fn round_at(self, accepted: Millis, now: Millis) -> u32 {
        let passed = now.saturating_sub(accepted).checked_div(self.every_ms()).unwrap_or(0);
        u32::try_from(passed).unwrap_or(0)
    }

    /// How many times it asks in all, the first included.
    #[must_use]
    pub fn rounds(self) -> usize {
        let (hours, every) = (usize::from(self.days) * 24, usize::from(self.every_hours.max(1)));
        hours.div_ceil(every)
    }
}

/// What is asked: a goal, or acts one by one.
#[derive(Clone, PartialEq, Eq)]
pub enum Asked {
    /// The one click.
    Goal {
        /// Which.
        goal: Goal,
        /// Which parties of the case.
        subjects: Vec<u16>,
        /// Which partners.
        scope: Scope,
    },
    /// Explicit acts.
    Acts(Vec<ActOrder>),
}

/// A request as submitted, checked for form.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The case.
    pub case: Case,
    /// What is asked.
    pub asked: Asked,
    /// In whose name; one or two.
    pub officers: Vec<Officer>,
    /// Papers that travel with it.
    pub papers: Vec<Paper>,
    /// A goal repeats until it is met.
    pub repeat: Option<Repeat>,
    /// Rank among others.
    pub priority: Priority,
    /// Nothing new starts after this instant.
    pub deadline: Option<Millis>,
    /// Where results are announced; must be of an origin in the court's file.
    pub callback: Option<Personal<String>>,
    /// Secret: the tokens that may see it besides the one that submits it (rule D5); empty = every token of the court.
    pub viewers: Vec<String>,
    /// 案号 of the same court's preservation that has become this enforcement: its measures go on as this case's, in rank and
    /// period as they are (rule D11).
    pub preservation: Option<Personal<String>>,
}

/// The most viewers of a secret request: a panel and its clerks.
pub const VIEWERS_MAX: usize = 16;

/// The most acts one request may plan in all, its follow-ups included: a province-wide query of 4,000 banks for two
/// subjects fits, and an act's line still fits 20 bits.
pub const ACTS_MAX: usize = 10_000;
/// The most parties, so that a subject fits a byte of the snapshot.
pub const PARTIES_MAX: usize = 64;
/// The most papers a request carries.
pub const PAPERS_MAX: usize = 64;
/// The most officers: one in charge and one beside.
pub const OFFICERS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_stand_on_a_grid_and_end_with_the_days() {
        let repeat = Repeat { days: 2, every_hours: 18 };
        let at = |hours: Millis| 1_000 + hours * HOUR_MS;
        assert_eq!(
            (1..4).map(|round| repeat.due_at(1_000, round)).collect::<Vec<_>>(),
            [Some(at(18)), Some(at(36)), None]
        );
        assert_eq!((repeat.rounds(), repeat.ends_at(1_000)), (3, at(48)));
        assert_eq!((repeat.round_at(1_000, at(18) - 1), repeat.round_at(1_000, at(37))), (0, 2));
    }
}
