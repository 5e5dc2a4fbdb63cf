//! Acts: their kinds, their states, and which state may follow which.

use crate::{Day, Money, Personal};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal $zh:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $code,)+ }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word in API, log, config and leaf.
            #[must_use]
            pub fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// The Chinese word.
            #[must_use]
            pub fn chinese(self) -> &'static str { match self { $(Self::$variant => $zh),+ } }
            /// The stable small code kept on disk.
            #[must_use]
            pub fn code(self) -> u8 { match self { $(Self::$variant => $code),+ } }
            /// Reads the word; `None` when it is not one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> { match word { $($word => Some(Self::$variant),)+ _ => None } }
            /// Reads the code; `None` when it is not one.
            #[must_use]
            pub fn from_code(code: u8) -> Option<Self> { match code { $($code => Some(Self::$variant),)+ _ => None } }
        }
    };
}
pub(crate) use words;

words! {
    /// What is ordered (DESIGN §1; KZCS of WIRE.md g.1 for banks).
    ActKind {
        /// 查询.
        Query = 1 "query" "查询",
        /// 冻结.
        Freeze = 2 "freeze" "冻结",
        /// 续冻.
        Renew = 3 "renew" "续冻",
        /// 解冻.
        Release = 4 "release" "解冻",
        /// 扣划.
        Deduct = 5 "deduct" "扣划",
        /// 强制退保: ends a policy and pays its cash value to the court.
        Surrender = 6 "surrender" "强制退保",
        /// 提取保险权益: dividends, survival benefits and confirmed unpaid benefits, without ending the policy.
        WithdrawBenefits = 7 "withdraw_benefits" "提取保险权益",
        /// 查找下落: where a person was seen or lives. A question, but a far-reaching one.
        Locate = 8 "locate" "查找下落",
        /// 临控: tell us when the person or vehicle turns up.
        Watch = 9 "watch" "临控",
        /// 边控: do not let the person leave the country.
        BorderControl = 10 "border_control" "限制出境",
        /// 撤控: ends a watch or a border control.
        Lift = 11 "lift" "撤控",
        /// 协助: people of the partner come to help, within its clock.
        Support = 12 "support" "协助执行",
        /// 网格任务: grid workers look for a person or property, or serve papers; the sort stands in the details.
        GridTask = 13 "grid_task" "网格任务",
        /// 产权过户文书送达: a registry is served the papers by which a title passes (KZCS 15 of WIRE.md g.2).
        TransferNotice = 14 "transfer_notice" "过户文书送达",
        /// 执行回转: money that was taken goes back to the asset it came from.
        Reverse = 15 "reverse" "执行回转",
        /// 恢复保单: a surrendered policy stands again, once its cash value is given back.
        Reinstate = 16 "reinstate" "恢复保单效力",
    }
}

impl ActKind {
    /// Does it only ask? Then it stands on line 0 of its slip.
    #[must_use]
    pub fn is_question(self) -> bool {
        matches!(self, Self::Query | Self::Locate)
    }

    /// May it be sent twice without harm? Only a question may.
    #[must_use]
    pub fn harmless_to_repeat(self) -> bool {
        self.is_question()
    }

    /// Does it change what the partner holds or does?
    #[must_use]
    pub fn is_control(self) -> bool {
        !self.is_question()
    }

    /// Must it name an earlier freeze?
    #[must_use]
    pub fn builds_on_freeze(self) -> bool {
        matches!(self, Self::Renew | Self::Release) || self.moves_money()
    }

    /// What kinds of act it may build on; empty when it stands alone.
    #[must_use]
    pub fn builds_on(self) -> &'static [Self] {
        match self {
            Self::Lift => &[Self::Watch, Self::BorderControl],
            Self::Reverse => &[Self::Deduct, Self::WithdrawBenefits],
            Self::Reinstate => &[Self::Surrender],
            _ if self.builds_on_freeze() => &[Self::Freeze],
            _ => &[],
        }
    }

    /// Does it bring money to the court's account?
    #[must_use]
    pub fn moves_money(self) -> bool {
        matches!(self, Self::Deduct | Self::Surrender | Self::WithdrawBenefits)
    }

    /// Does it give back what was taken?
    #[must_use]
    pub fn gives_back(self) -> bool {
        matches!(self, Self::Reverse | Self::Reinstate)
    }

    /// Does money travel by it, to the court's account or back from there? Then its answer says how much.
    #[must_use]
    pub fn transfers(self) -> bool {
        self.moves_money() || self.gives_back()
    }

    /// Must it state an exact amount (rule D7)? A seal on a thing has none, a freeze of money always.
    #[must_use]
    pub fn needs_amount(self) -> bool {
        self == Self::Freeze || self.moves_money() || self.gives_back()
    }

    /// Does it end something in force? It goes before all else, and a stop does not hold it back.
    #[must_use]
    pub fn ends_a_measure(self) -> bool {
        matches!(self, Self::Release | Self::Lift)
    }

    /// Has an act of this kind done what it was for, once it stands so? A part is enough where its sums say how much; of a release in
    /// part nobody knows what is still held, so what it was to end still stands.
    #[must_use]
    pub fn took_effect(self, state: ActState) -> bool {
        state == ActState::Done || (state.took_effect() && !self.ends_a_measure())
    }

    /// Does it leave something in force for a time?
    #[must_use]
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::Freeze | Self::Watch | Self::BorderControl)
    }
}

words! {
    /// Where an act stands (DESIGN §4).
    ActState {
        /// 待批: waits for an approval.
        Planned = 1 "planned" "待审批",
        /// 就绪: may go as soon as its lane lets it.
        Ready = 2 "ready" "待发送",
        /// 发送中: an exchange has begun; bytes may have left.
        Sending = 3 "sending" "发送中",
        /// 待回: the partner has it.
        Awaiting = 4 "awaiting" "待反馈",
        /// 存疑: it may have happened.
        InDoubt = 5 "in_doubt" "存疑",
        /// 办结.
        Done = 6 "done" "已办结",
        /// 部分办结: less than was ordered.
        Partly = 7 "partly" "部分办结",
        /// 拒绝: the partner did not do it, and said so.
        Refused = 8 "refused" "未办理",
        /// 回退: handed back for a formal defect.
        HandedBack = 9 "handed_back" "已回退",
        /// 撤回.
        Withdrawn = 10 "withdrawn" "已撤回",
        /// 未发: stopped or past its deadline before anything left.
        Unsent = 11 "unsent" "未发送",
    }
}

impl ActState {
    /// Nothing more will be tried; a later outcome may still supersede it.
    #[must_use]
    pub fn is_final(self) -> bool {
        self.code() >= Self::Done.code()
    }

    /// Did the partner do all or part of it?
    #[must_use]
    pub fn took_effect(self) -> bool {
        matches!(self, Self::Done | Self::Partly)
    }

    /// Is it still possible that it took effect, or will?
    #[must_use]
    pub fn is_open(self) -> bool {
        !self.is_final()
    }

    /// Has the partner certainly got it (so the next act on the same subject may go)?
    #[must_use]
    pub fn is_handed_over(self) -> bool {
        self.is_final() || self == Self::Awaiting
    }
}

/// An earlier act of ours or of another system that this one builds on (YDJDH, YDJAH).
#[derive(Clone, PartialEq, Eq)]
pub struct Original {
    /// Our act, when it is ours.
    pub act: Option<crate::ActId>,
    /// The request number it went under.
    pub slip: String,
    /// The case number it was made for.
    pub case_number: Personal<String>,
}

/// The particulars of an act, without its identity and state.
#[derive(Clone, PartialEq, Eq)]
pub struct ActOrder {
    /// What is ordered.
    pub kind: ActKind,
    /// Partner id.
    pub partner: String,
    /// Which party of the case.
    pub subject: u16,
    /// The account or other asset; a query names none.
    pub account: Option<Personal<String>>,
    /// Exact amount (rule D7); a query and a release have none.
    pub amount: Option<Money>,
    /// First day of the effect.
    pub from: Option<Day>,
    /// Last day of the effect, inclusive (rule D9).
    pub to: Option<Day>,
    /// What it builds on.
    pub original: Option<Original>,
    /// What people are to do or to look for, in the court's words; at most [`NOTE_CHARS_MAX`] characters.
    pub note: Option<Personal<String>>,
    /// Further particulars that the partner's form names (title number, transferee, sort of grid task), at most
    /// [`ORDER_DETAILS_MAX`].
    pub details: Vec<crate::outcome::Detail>,
}

/// The most particulars of one order: a registry's form with a transferee has a dozen.
pub const ORDER_DETAILS_MAX: usize = 24;

/// The particular of an order that gives money back: the partner's own number of what took it.
pub const ORIGINAL_SERIAL: &str = "original_serial";

/// Sorts of grid task, the value of the particular `task`: look for a person, look for property, serve papers.
pub const GRID_TASKS: [&str; 3] = ["find_person", "find_property", "serve_papers"];

/// The longest note on an act: one page for whoever goes out.
pub const NOTE_CHARS_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_read_back() {
        for kind in ActKind::ALL {
            assert_eq!(ActKind::from_word(kind.word()), Some(*kind));
            assert_eq!(ActKind::from_code(kind.code()), Some(*kind));
        }
        for state in ActState::ALL {
            assert_eq!(ActState::from_word(state.word()), Some(*state));
            assert_eq!(ActState::from_code(state.code()), Some(*state));
            assert_eq!(state.is_final(), !state.is_open());
        }
    }
}
