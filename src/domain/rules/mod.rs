//! The law as data: the 35 rules with level, source and text, what differs by province, and the checks that need nothing else.

pub mod bars;
mod check;
mod filing;
mod pack;
mod property;
mod table;
#[cfg(test)]
mod tests;

pub use check::{check, check_under, is_stayed_by_bankruptcy};
pub use filing::is_case_number;
pub use pack::{
    BUILT_IN, DEBTOR_NOTICE_DAYS, DEPOSIT_YEARS_MAX, RIGHT_YEARS_MAX, RulePack, SurrenderRule, WithdrawalCondition,
    brings, freeze_years_max, lawful_years_max,
};
pub use property::protects;
pub use table::*;

use crate::act::words;
use crate::request::PartnerKind;

words! {
    /// What a rule does.
    Level {
        /// Whatever breaks it is refused, and the refusal names it.
        Refuse = 1 "refuse" "拒绝",
        /// The gateway acts on it by itself.
        Automatic = 2 "automatic" "自动执行",
        /// It asks something of a person.
        Task = 3 "task" "转为人工任务",
        /// Whatever may break it is done and told.
        Warn = 4 "warn" "提示",
        /// It says who may see what.
        Access = 5 "access" "访问控制",
        /// The trail is the proof of it.
        Evidence = 6 "evidence" "留痕为证",
    }
}

/// One rule of law.
#[derive(PartialEq, Eq, Debug)]
pub struct Rule {
    /// `D1` … `D35`.
    pub id: &'static str,
    /// What it does.
    pub level: Level,
    /// Where it stands.
    pub source: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// A broken rule, with the place in the request as a JSON pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// Which rule.
    pub rule: &'static Rule,
    /// Where, such as `/acts/0/amount`.
    pub at: String,
}

/// The longest effect that may be ordered of an industry where no pack says otherwise, in years.
#[must_use]
pub fn years_max(kind: Option<PartnerKind>) -> i32 {
    RulePack::default().years_at(kind)
}
