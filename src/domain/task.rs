//! Tasks: what only a person can do, each with a rule, a clock and an end that is written down.

use crate::act::words;
use crate::rules::{self, Rule};

words! {
    /// What somebody has to do.
    TaskKind {
        /// A measure ends soon: renew it or let it lapse (rule D12).
        Expiring = 1 "expiring" "措施即将届满：续行或任其失效",
        /// A measure has lapsed: nothing holds there any more (rule D10).
        Lapsed = 2 "lapsed" "措施已届满失效",
        /// More is held than claim and costs: release the excess (rule D8).
        Excess = 3 "excess" "超标的：解除超出部分",
        /// A bankruptcy, a settlement, a withdrawal: the measures of the case are to be released (rules D27, D28).
        ReleaseProposed = 4 "release_proposed" "应当解除的措施",
        /// The debtor is to be told, promptly, of the first freeze or deduction that took effect (rule D20).
        NotifyDebtor = 5 "notify_debtor" "送达被执行人通知",
        /// Co-owners are to be told (rule D26).
        NotifyCoOwner = 6 "notify_co_owner" "通知共有人",
        /// A partner objected in writing: answer within fifteen days (rule D18).
        AnswerObjection = 7 "answer_objection" "答复书面异议",
        /// The network found nothing: look elsewhere (rule D35).
        SiteInvestigation = 8 "site_investigation" "现场调查",
        /// Money on the court's account that belongs to no act known.
        SettlementUnmatched = 9 "settlement_unmatched" "到账款项无法匹配",
        /// Money reported as moved that has not come.
        SettlementOverdue = 10 "settlement_overdue" "已报扣划款项逾期未到账",
        /// Money that came differs from what was reported.
        SettlementDiffers = 11 "settlement_differs" "到账金额与反馈不符",
        /// The partner's list of a day says otherwise than ours.
        ReconciliationDiffers = 12 "reconciliation_differs" "对账差异",
        /// A partner's news contradicts what was final.
        NewsContradicts = 13 "news_contradicts" "协助单位后续反馈与前不符",
        /// A deadline passed with acts still open.
        DeadlinePassed = 14 "deadline_passed" "请求期限已过",
        /// A repeat ended without having met its goal.
        RepeatEnded = 15 "repeat_ended" "持续查控期满未足额",
        /// An officer named in what waits is no longer registered with the partner (rule D4).
        OfficerUnregistered = 16 "officer_unregistered" "承办人未在协助单位登记或已失效",
        /// A partner has not answered within the time agreed.
        AnswerOverdue = 17 "answer_overdue" "协助单位逾期未反馈",
        /// A packet or message was set aside because it could not be read.
        SetAside = 18 "set_aside" "报文已隔离，待人工处理",
        /// A part of a freeze keeps other property out of reach, and the partner's form cannot release a part (rule D8).
        PartByHand = 19 "part_by_hand" "冻结的空余限额须以书面方式部分解除",
        /// More was moved to the court than claim and costs: give the surplus back (rule D8).
        Overtaken = 20 "overtaken" "已划款项超过标的：办理执行回转",
    }
}

impl TaskKind {
    /// The rule it serves, when it serves one of D1–D35.
    #[must_use]
    pub fn rule(self) -> Option<&'static Rule> {
        Some(match self {
            Self::Expiring => &rules::D12,
            Self::Lapsed => &rules::D10,
            Self::Excess | Self::PartByHand | Self::Overtaken => &rules::D8,
            Self::ReleaseProposed => &rules::D27,
            Self::NotifyDebtor => &rules::D20,
            Self::NotifyCoOwner => &rules::D26,
            Self::AnswerObjection => &rules::D18,
            Self::SiteInvestigation => &rules::D35,
            Self::OfficerUnregistered => &rules::D4,
            _ => return None,
        })
    }

    /// The line in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Expiring => "a measure ends soon: renew it or let it lapse",
            Self::Lapsed => "a measure has lapsed; nothing holds there any more",
            Self::Excess => "more is held than claim and costs: release the excess",
            Self::ReleaseProposed => "measures that are to be released",
            Self::NotifyDebtor => "serve the debtor with notice of what was frozen or deducted",
            Self::NotifyCoOwner => "tell the co-owners",
            Self::AnswerObjection => "answer the partner's written objection",
            Self::SiteInvestigation => "investigate on site: the network found too little",
            Self::SettlementUnmatched => "money came in that belongs to no act known",
            Self::SettlementOverdue => "money reported as moved has not come in",
            Self::SettlementDiffers => "money came in that differs from what was reported",
            Self::ReconciliationDiffers => "the partner's list says otherwise than ours",
            Self::NewsContradicts => "a partner's later word contradicts what was final",
            Self::DeadlinePassed => "the deadline passed with acts still open",
            Self::RepeatEnded => "the days of repeating are over and the claim is not covered",
            Self::OfficerUnregistered => "an officer is not, or no longer, registered with the partner",
            Self::AnswerOverdue => "a partner has not answered in the time agreed",
            Self::SetAside => "a message was set aside because it could not be read",
            Self::Overtaken => "more was moved to the court than claim and costs: have the surplus given back",
            Self::PartByHand => "have the idle part of a freeze released on paper: the partner's form cannot say it",
        }
    }

    /// Does it propose that a measure be let go, which is done when a person accepts it?
    #[must_use]
    pub fn proposes_release(self) -> bool {
        matches!(self, Self::Excess | Self::ReleaseProposed)
    }

    /// Is it about the sums of a case, and moot once they are others?
    #[must_use]
    pub fn follows_sums(self) -> bool {
        self.proposes_release() || self == Self::Overtaken
    }

    /// What is ordered when a person accepts it: a release, or a renewal.
    #[must_use]
    pub fn proposes(self) -> bool {
        self.proposes_release() || self == Self::Expiring
    }

    /// Whose it is: the court's, or the operators of the gateway.
    #[must_use]
    pub fn is_operators(self) -> bool {
        matches!(self, Self::ReconciliationDiffers | Self::SettlementUnmatched | Self::AnswerOverdue | Self::SetAside)
    }
}

words! {
    /// How a task ended.
    TaskEnd {
        /// A person did it.
        Done = 1 "done" "已办理",
        /// A person decided that nothing is to be done.
        Dismissed = 2 "dismissed" "无需办理",
        /// What it was about is gone.
        Moot = 3 "moot" "已无必要",
        /// What it proposed was submitted.
        Accepted = 4 "accepted" "已采纳",
    }
}

/// The court's time to answer a partner's objection (rule D18), in days.
pub const OBJECTION_DAYS: i32 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_says_what_to_do_in_both_languages() {
        for kind in TaskKind::ALL {
            assert!(!kind.english().is_empty() && !kind.chinese().is_empty());
            assert_eq!(TaskKind::from_word(kind.word()), Some(*kind));
        }
    }
}
