//! Outcomes: what an exchange said about an act.

use crate::act::words;
use crate::whose::Named;
use crate::{ActKind, ActState, Day, Millis, Money, Personal};

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
        /// The partner has registered it and goes on when a condition is met or a notice period is over, perhaps after years.
        Registered = 8 "registered" "已登记，待条件成就",
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
            Self::Registered => ActState::Awaiting,
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
        /// No condition for a withdrawal is met yet (DOMAIN.md c.6).
        AwaitsCondition = 12 "awaits_condition" "待支取条件成就",
        /// Those concerned were given notice and may still buy the policy out (DOMAIN.md c.5).
        NoticePeriod = 13 "notice_period" "通知期内",
        /// The policy's holder has not agreed, and the law there asks for it.
        ConsentMissing = 14 "consent_missing" "缺少投保人同意",
        /// The partner's people are at it, within its clock.
        UnderWay = 15 "under_way" "办理中",
        /// The limit that was registered is not the one that was ordered.
        LimitDiffers = 16 "limit_differs" "登记限额与所令不符",
        /// It ends before the day that was ordered.
        EndsEarly = 17 "ends_early" "止期早于所令",
    }
}

words! {
    /// What sort of property an asset is: a goal takes them in this order unless the court's file says otherwise.
    AssetKind {
        /// Deposits.
        Cash = 1 "cash" "存款",
        /// Balances at payment institutions.
        Wallet = 2 "wallet" "网络资金",
        /// Housing-fund accounts.
        Fund = 3 "fund" "住房公积金",
        /// Insurance policies.
        Policy = 4 "policy" "保单",
        /// Vehicles and other movables.
        Vehicle = 6 "vehicle" "车辆",
        /// Real estate.
        RealEstate = 7 "real_estate" "不动产",
        /// Anything else.
        Other = 5 "other" "其他财产",
    }
}

words! {
    /// What the subject is to an asset.
    AssetRole {
        /// It is the subject's own.
        Owner = 1 "owner" "所有人",
        /// 投保人: the cash value is the holder's.
        Holder = 2 "holder" "投保人",
        /// 被保险人.
        Insured = 3 "insured" "被保险人",
        /// 受益人.
        Beneficiary = 4 "beneficiary" "受益人",
    }
}

words! {
    /// What a finding is about.
    FindingClass {
        /// A person: names, household address.
        Identity = 1 "identity" "身份",
        /// A vehicle.
        Vehicle = 2 "vehicle" "车辆",
        /// Where somebody was or is: stays, journeys, border crossings.
        Whereabouts = 3 "whereabouts" "行踪",
        /// How somebody is reached.
        Contact = 4 "contact" "联系方式",
        /// Notices given, steps taken.
        Step = 5 "step" "办理环节",
        /// Something that may be the subject's property: a clue until somebody has looked it up.
        Property = 6 "property" "财产线索",
        /// Papers were served, or could not be.
        Served = 7 "served" "送达情况",
        /// A financial product, a safe box and the like: property that is held otherwise than as a balance.
        Holding = 8 "holding" "金融资产",
        /// Money that went in or out.
        Transaction = 9 "transaction" "往来流水",
        /// A measure of another organ on what was found, with what its rank does not say.
        Measure = 10 "measure" "其他机关的措施",
        /// Co-ownership, pledge or another right of somebody else.
        Right = 11 "right" "他人权利",
        /// An account below another.
        SubAccount = 12 "sub_account" "子账户",
    }
}

words! {
    /// What a partner tells unasked.
    LeadClass {
        /// 布控命中: a watched person or vehicle has turned up.
        Hit = 1 "hit" "布控命中",
        /// A clue to property or to a person.
        Clue = 2 "clue" "线索",
        /// An account that belongs to the subject elsewhere.
        LinkedAccount = 3 "linked_account" "关联账户",
    }
}

/// One named particular, in a word of the partner's published form.
#[derive(Clone, PartialEq, Eq)]
pub struct Detail {
    /// Lower-case word such as `plate`; never personal.
    pub name: String,
    /// What stands there.
    pub value: Personal<String>,
}

/// Something a question brought that is no account.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub class: FindingClass,
    /// Its particulars, at most [`DETAILS_MAX`].
    pub details: Vec<Detail>,
}

/// Something a partner tells unasked about an act of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct Lead {
    /// Our slip number as sent.
    pub slip: String,
    /// Line as sent; `None` = the slip's only one.
    pub line: Option<u16>,
    /// What it is.
    pub class: LeadClass,
    /// The partner's own number of it: a repeat is known by it.
    pub serial: Personal<String>,
    /// When it was seen, as the partner wrote it.
    pub as_of: String,
    /// Until when somebody of the court must come, when there is a clock.
    pub respond_by: Option<Millis>,
    /// Particulars, at most [`DETAILS_MAX`].
    pub details: Vec<Detail>,
    /// The partner's own words.
    pub text: Option<Personal<String>>,
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
    /// What sort of property it is.
    pub asset: AssetKind,
    /// What the subject is to it.
    pub role: AssetRole,
    /// Further particulars of its industry, at most [`DETAILS_MAX`].
    pub details: Vec<Detail>,
}

impl FoundAccount {
    /// In CNY? The ledger counts nothing else.
    #[must_use]
    pub fn is_cny(&self) -> bool {
        is_cny(&self.currency)
    }

    /// What is held there, by whomever; `None` when the partner does not tell both sums.
    #[must_use]
    pub fn held(&self) -> Option<Money> {
        Some(self.balance?.minus_or_zero(self.available?))
    }

    /// Is this the same account, told again? A card's demand and time deposits share its number, and so do its currencies.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same_currency = self.currency == other.currency || (self.is_cny() && other.is_cny());
        self.number == other.number && self.class == other.class && same_currency
    }
}

/// Is this a partner's word for CNY? Nothing said means it.
#[must_use]
pub fn is_cny(currency: &str) -> bool {
    matches!(currency, "" | "156" | "CNY" | "人民币")
}

/// What sort of order a partner says that its answer is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// A question, of whatever kind.
    Question,
    /// Something that changes what the partner holds or does, of whatever kind.
    Control,
    /// An act of that kind.
    Kind(ActKind),
}

impl About {
    /// Can it be about an act of that kind?
    #[must_use]
    pub fn fits(self, kind: ActKind) -> bool {
        match self {
            Self::Question => kind.is_question(),
            Self::Control => kind.is_control(),
            Self::Kind(said) => said == kind,
        }
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
    /// The day on which the partner goes on or must have answered, when it said so.
    pub due: Option<Day>,
    /// What else a question brought, or which steps were taken.
    pub findings: Vec<Finding>,
    /// It tells some of what a question found and says nothing of the rest: an account that it names stands as it says from now on,
    /// one that it does not name stands as it was told before. Forms in which an answer may come in several messages say so.
    pub in_part: bool,
    /// What sort of order the partner says that it is about; `None` = the message does not say. Held against the act and not kept.
    pub about: Option<About>,
    /// The numbers under which the partner says whose money it is about, any of which may be the one that was ordered; empty = the
    /// message does not say. Held against the act and not kept.
    pub account_numbers: Vec<Personal<String>>,
    /// Whom the partner says that it is about; empty = the message does not say. Held against the order and not kept.
    pub named: Vec<Named>,
    /// The limit that the partner says is left after a part was released; `None` = the message does not say. Held against what must be
    /// left and not kept.
    pub left: Option<Money>,
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
            due: None,
            findings: Vec::new(),
            in_part: false,
            about: None,
            account_numbers: Vec::new(),
            named: Vec::new(),
            left: None,
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
/// The most findings one answer may bring: a year of hotel stays and journeys.
pub const FINDINGS_MAX: usize = 500;
/// The most particulars of one finding, account or lead.
pub const DETAILS_MAX: usize = 40;
/// The longest particular in characters: an address with its remarks.
pub const DETAIL_CHARS_MAX: usize = 500;
