//! Outcomes: what an exchange said about an act.

use crate::act::words;
use crate::{ActState, Day, Money, Personal};

words! {
    /// What the partner says became of an act.
    Verdict {
        /// All of it.
        Done = 1 "done" "已控制",
        /// Less than was ordered.
        Partly = 2 "partly" "部分控制",
        /// 轮候: registered behind an earlier measure; nothing is held yet.
        Queued = 3 "queued" "轮候",
        /// Not done, with a reason.
        Refused = 4 "refused" "未控制",
        /// Handed back for a formal defect.
        HandedBack = 5 "handed_back" "已回退",
        /// The partner has no such customer; for a query a complete answer.
        NoSuchCustomer = 6 "no_such_customer" "查无开户信息",
        /// Certainly never reached the partner.
        NeverReached = 7 "never_reached" "未送达",
    }
}

impl Verdict {
    /// The state an act is in after this verdict.
    #[must_use]
    pub fn state(self) -> ActState {
        match self {
            Self::Done | Self::Queued | Self::NoSuchCustomer => ActState::Done,
            Self::Partly => ActState::Partly,
            Self::Refused => ActState::Refused,
            Self::HandedBack => ActState::HandedBack,
            Self::NeverReached => ActState::Unsent,
        }
    }
}

words! {
    /// Why not, or not all (the refusals of DOMAIN.md c.4 as a closed list; the partner's own words stand beside).
    Reason {
        /// Account or customer not found.
        NotFound = 1 "not_found" "查无账户",
        /// Name differs from the account's.
        NameMismatch = 2 "name_mismatch" "姓名不符",
        /// Identity number differs from the account's.
        IdMismatch = 3 "id_mismatch" "证件不符",
        /// A paper is missing or empty.
        PaperMissing = 4 "paper_missing" "缺少文书",
        /// An officer's credential is missing or too long.
        CredentialMissing = 5 "credential_missing" "缺少证件",
        /// The freeze it builds on is unknown there.
        NoOriginalFreeze = 6 "no_original_freeze" "无原冻结",
        /// Another measure or right goes before.
        PriorRight = 7 "prior_right" "存在在先权利",
        /// Less money than ordered.
        Insufficient = 8 "insufficient" "余额不足",
        /// The partner does not do this kind of act.
        Unsupported = 9 "unsupported" "不支持的措施",
        /// Part of the assets was held, part was not (product held fails, payback account held).
        PartOfAssets = 10 "part_of_assets" "部分资产已控制",
        /// Anything else; see the text.
        Other = 11 "other" "其他",
    }
}

/// An earlier measure of any organ on the same asset, in the partner's order.
#[derive(Clone, PartialEq, Eq)]
pub struct PriorMeasure {
    /// Who ordered it.
    pub organ: Personal<String>,
    /// Under which paper.
    pub paper: Personal<String>,
    /// For how much.
    pub amount: Option<Money>,
    /// Until when.
    pub to: Option<Day>,
}

/// An account that a query found.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundAccount {
    /// Number.
    pub number: Personal<String>,
    /// Class in the partner's words.
    pub class: String,
    /// Status in the partner's words.
    pub status: String,
    /// ISO 4217 numeric as sent, `156` = CNY.
    pub currency: String,
    /// Balance.
    pub balance: Option<Money>,
    /// What can be held.
    pub available: Option<Money>,
    /// Branch.
    pub branch: String,
    /// Earlier measures on it.
    pub ahead: Vec<PriorMeasure>,
}

impl FoundAccount {
    /// In CNY? The ledger counts nothing else.
    #[must_use]
    pub fn is_cny(&self) -> bool {
        matches!(self.currency.as_str(), "" | "156" | "CNY" | "人民币")
    }
}

/// A sealed answer or receipt that came with an outcome.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedReply {
    /// File name.
    pub file_name: Personal<String>,
    /// `pdf` or `doc`.
    pub file_type: String,
    /// The bytes.
    pub bytes: Personal<Vec<u8>>,
    /// Whether the MD5 that came with it fits the bytes.
    pub md5_fits: bool,
}

/// What an exchange said about one act. Sums are as reported; `None` where the partner said nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it.
    pub verdict: Verdict,
    /// Why not, or not all.
    pub reason: Option<Reason>,
    /// The partner's own words.
    pub text: Option<Personal<String>>,
    /// Limit registered (DJXE).
    pub limit: Option<Money>,
    /// Held now (SKJE of a freeze).
    pub caught: Option<Money>,
    /// Moved to the court (SKJE of a deduct).
    pub moved: Option<Money>,
    /// Actual first day.
    pub from: Option<Day>,
    /// Actual last day.
    pub to: Option<Day>,
    /// The partner's own serial.
    pub serial: Option<Personal<String>>,
    /// What a query found.
    pub accounts: Vec<FoundAccount>,
    /// Earlier measures, in the partner's order.
    pub ahead: Vec<PriorMeasure>,
    /// Sealed answers.
    pub replies: Vec<SealedReply>,
    /// The partner's own time of the answer, as text.
    pub as_of: Option<String>,
}

impl Outcome {
    /// A bare verdict.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            reason: None,
            text: None,
            limit: None,
            caught: None,
            moved: None,
            from: None,
            to: None,
            serial: None,
            accounts: Vec::new(),
            ahead: Vec::new(),
            replies: Vec::new(),
            as_of: None,
        }
    }

    /// The same with a reason and the partner's words.
    #[must_use]
    pub fn because(mut self, reason: Reason, text: &str) -> Self {
        self.reason = Some(reason);
        self.text = (!text.is_empty()).then(|| Personal::new(text.to_owned()));
        self
    }
}

/// The most accounts one query answer may bring: above any person's real number, below a message of 1 MiB.
pub const ACCOUNTS_MAX: usize = 2_000;
