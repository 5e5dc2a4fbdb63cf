//! Delay: in what stage an act waited, and for whom (rule D29: an agency may not delay; nor is what we delayed the agency's).

use crate::act::words;

words! {
    /// For whom was waited.
    Awaited {
        /// The court: its approvers, its stops, its people who settle a doubt.
        Court = 1 "court" "法院",
        /// This gateway and whoever runs it.
        Gateway = 2 "gateway" "本系统",
        /// The partner.
        Partner = 3 "partner" "协助单位",
    }
}

words! {
    /// In what stage.
    Stage {
        /// People had not approved it yet.
        Approval = 1 "approval" "待审批",
        /// It waited its turn: order on the subject, and this gateway itself; and agreed hours, where those of then are not known any
        /// more, and the agreed pace of what left before the journal told it.
        Turn = 2 "turn" "待发送",
        /// The partner had not fetched it yet.
        Fetch = 3 "fetch" "待提取",
        /// A message was under way.
        Exchange = 4 "exchange" "报文往来中",
        /// The partner had it and had not answered.
        Answer = 5 "answer" "待反馈",
        /// A message provably did not reach the partner, and the next try was not due.
        Retry = 6 "retry" "未送达待重试",
        /// The partner had registered it and waited for a condition or the end of a notice period.
        Condition = 7 "condition" "待条件成就",
        /// Nobody knew whether it took effect, and the partner was asked.
        Doubt = 8 "doubt" "结果不明待询问",
        /// Nobody knew whether it took effect, and two people had to settle it.
        Settle = 9 "settle" "结果不明待确认",
        /// The lane was paused.
        Pause = 10 "pause" "通道暂停",
        /// An emergency stop held it.
        Stop = 11 "stop" "紧急停止",
        /// The case was halted.
        Halt = 12 "halt" "案件中止",
        /// The partner was closed by its agreed hours.
        Hours = 13 "hours" "协助单位约定服务时间外",
        /// The lane rested, because the partner had failed again and again.
        Rest = 14 "rest" "协助单位连续故障，通道熔断",
        /// This gateway did not run, so nobody could fetch, answer, approve or be asked.
        Down = 15 "down" "本系统停机",
        /// The partner took no more messages in that time, as was agreed.
        Pace = 16 "pace" "达到与协助单位约定的频次上限",
        /// The partner took no more messages at once, as was agreed.
        InFlight = 17 "in_flight" "达到与协助单位约定的同时办理上限",
        /// The partner took no more messages on that day, as was agreed.
        PerDay = 18 "per_day" "达到与协助单位约定的每日上限",
        /// The partner had not come so far that it takes this kind of act, or was set back.
        NotOpen = 19 "not_open" "协助单位的接入阶段尚不办理该类事项",
        /// An officer was not registered with the partner on that day (rule D4).
        Officer = 20 "officer" "承办人未在协助单位登记或登记已失效",
        /// The partner did not read how much of a freeze is let go.
        PartUnread = 21 "part_unread" "协助单位不能识别部分解除的金额",
    }
}

words! {
    /// A limit that was agreed with the partner.
    Limit {
        /// Messages in any window.
        Rate = 1 "rate" "频次",
        /// Messages under way at once.
        InFlight = 2 "in_flight" "同时办理数",
        /// Messages on a calendar day.
        PerDay = 3 "per_day" "每日数量",
    }
}

impl Limit {
    /// The stage of an act that waits for it.
    #[must_use]
    pub fn stage(self) -> Stage {
        match self {
            Self::Rate => Stage::Pace,
            Self::InFlight => Stage::InFlight,
            Self::PerDay => Stage::PerDay,
        }
    }
}

impl Stage {
    /// In English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Approval => "waited for approval",
            Self::Turn => "waited its turn: order on the subject, and this gateway",
            Self::Fetch => "waited for the partner to fetch it",
            Self::Exchange => "a message was under way",
            Self::Answer => "waited for the partner's answer",
            Self::Retry => "did not reach the partner; waited for the next try",
            Self::Condition => "registered with the partner; waited for a condition or a notice period",
            Self::Doubt => "unknown whether it took effect; the partner was asked",
            Self::Settle => "unknown whether it took effect; waited for two people to settle it",
            Self::Pause => "the lane was paused",
            Self::Stop => "held by an emergency stop",
            Self::Halt => "held because the case was halted",
            Self::Hours => "outside the partner's agreed hours",
            Self::Rest => "the lane rested: the partner had failed again and again",
            Self::Down => "this gateway did not run",
            Self::Pace => "the agreed number of messages in a window was used up",
            Self::InFlight => "the agreed number of messages under way at once was reached",
            Self::PerDay => "the agreed number of messages on a day was used up",
            Self::NotOpen => "the partner's stage did not let this kind of act go",
            Self::Officer => "an officer was not registered with the partner on that day",
            Self::PartUnread => "the partner did not read how much of a freeze is let go",
        }
    }

    /// Had it not been handed over? Then a pause, a stop or a halt may have been what held it.
    #[must_use]
    pub fn is_before_handing_over(self) -> bool {
        matches!(self, Self::Turn | Self::Fetch | Self::Retry)
    }

    /// For whom was waited, when nothing else held it.
    #[must_use]
    pub fn awaited(self) -> Awaited {
        match self {
            // Who is sent for is the court's to register.
            Self::Approval | Self::Settle | Self::Stop | Self::Halt | Self::Officer => Awaited::Court,
            // How far a partner has come is set by whoever runs this gateway, as a pause is.
            Self::Turn | Self::Pause | Self::Down | Self::NotOpen => Awaited::Gateway,
            Self::Fetch
            | Self::Exchange
            | Self::Answer
            | Self::Retry
            | Self::Condition
            | Self::Doubt
            | Self::Hours
            | Self::Rest
            | Self::Pace
            | Self::InFlight
            | Self::PerDay
            | Self::PartUnread => Awaited::Partner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_says_in_both_languages_for_whom_was_waited() {
        for stage in Stage::ALL {
            assert!(!stage.english().is_empty() && !stage.chinese().is_empty());
            assert!(Awaited::ALL.contains(&stage.awaited()));
            assert_eq!(Stage::from_word(stage.word()), Some(*stage));
        }
    }
}
