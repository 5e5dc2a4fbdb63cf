//! The case: number, court, claim, costs, parties, officers, papers, and the court's case-money account.

use crate::act::words;
use crate::rules::{D27, D28, Rule};
use crate::{ActKind, Money, Personal};

words! {
    /// Why nothing more may be done to the property in a case.
    HaltCause {
        /// A court accepted the bankruptcy (rule D28).
        Bankruptcy = 1 "bankruptcy" "破产申请已受理",
        /// The parties settled (rule D27).
        Settlement = 2 "settlement" "执行和解",
        /// The creditor withdrew (rule D27).
        Withdrawal = 3 "withdrawal" "申请执行人撤回申请",
    }
}

impl HaltCause {
    /// Must an act of this kind rest meanwhile? Questions and what lets go need not; a measure may be kept alive while the
    /// parties settle, but not in a bankruptcy.
    #[must_use]
    pub fn stays(self, kind: ActKind) -> bool {
        kind.is_lasting() || kind.moves_money() || (self == Self::Bankruptcy && kind == ActKind::Renew)
    }

    /// May the case go on by law? One that was withdrawn is at its end.
    #[must_use]
    pub fn may_go_on(self) -> bool {
        self != Self::Withdrawal
    }

    /// The rule by which measures are refused meanwhile.
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::Bankruptcy => &D28,
            Self::Settlement | Self::Withdrawal => &D27,
        }
    }
}

words! {
    /// Why a case is erased. The only reason that outlasts it: what people say in their own words ends with the case.
    EraseCause {
        /// Its time of keeping is over.
        Retention = 1 "retention" "保管期限届满",
        /// A ruling or a rule orders it.
        Ordered = 2 "ordered" "依法或依裁定删除",
        /// It should never have been entered.
        Mistaken = 3 "mistaken" "误录",
    }
}

words! {
    /// What of a case can still matter, so that it is not erased.
    CaseUse {
        /// A request of it is open.
        Requests = 1 "open_requests" "有未办结的请求",
        /// A measure stands, or may stand again by late word of a partner; or another case goes on with one.
        Measures = 2 "measures" "有在控、或协助单位迟到的反馈可使其恢复的措施（含转入他案的）",
        /// Money was reported as moved and has not come in.
        Takings = 3 "takings" "有已划出而未到账的款项",
        /// Somebody has something to do about it.
        Tasks = 4 "open_tasks" "有未了结的待办",
        /// A result is on its way to the court.
        Deliveries = 5 "deliveries" "有未送达法院的结果",
        /// It rests and may go on; erased it would be forgotten that it rests.
        Halt = 6 "halt" "案件因破产或和解而中止，尚未恢复",
    }
}

impl CaseUse {
    /// In English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Requests => "requests that are open",
            Self::Measures => {
                "measures that stand, or would stand again by late word of a partner (also in another case that took them over)"
            }
            Self::Takings => "money that was reported as moved and has not come in",
            Self::Tasks => "open tasks",
            Self::Deliveries => "results on their way to the court",
            Self::Halt => "a bankruptcy or a settlement for which the case rests, and nobody has resumed it",
        }
    }
}

/// The court that issues requests.
#[derive(Clone, PartialEq, Eq)]
pub struct Court {
    /// Six-digit code such as `330225`.
    pub code: String,
    /// Full name as it stands on papers.
    pub name: String,
}

/// Where the case stands; it decides what may be ordered (rule D6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// 执行: enforcement of a judgment.
    Enforcement,
    /// 财产保全: interim freeze before or during trial; nothing may be deducted.
    Preservation,
}

impl Stage {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforcement => "enforcement",
            Self::Preservation => "preservation",
        }
    }

    /// Reads the word; `None` when it is not one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Enforcement, Self::Preservation].into_iter().find(|stage| stage.word() == word)
    }
}

/// What a party is in the case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// 被执行人: the only one an act may be about (rule D1).
    Obligor,
    /// 申请执行人.
    Creditor,
    /// Anybody else named in the case.
    Other,
}

impl Role {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Obligor => "obligor",
            Self::Creditor => "creditor",
            Self::Other => "other",
        }
    }

    /// Reads the word; `None` when it is not one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Obligor, Self::Creditor, Self::Other].into_iter().find(|role| role.word() == word)
    }
}

/// A human being or an organisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartyKind {
    /// 自然人.
    Person,
    /// 法人或其他组织.
    Organisation,
}

impl PartyKind {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
        }
    }

    /// Reads the word; `None` when it is not one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Organisation].into_iter().find(|kind| kind.word() == word)
    }
}

/// A party of the case.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// What the party is in the case.
    pub role: Role,
    /// Person or organisation.
    pub kind: PartyKind,
    /// Name as on the identity paper.
    pub name: Personal<String>,
    /// Open code, `01` = resident identity card; each dialect maps it.
    pub id_type: String,
    /// Number of the identity paper.
    pub id_number: Personal<String>,
    /// A court has accepted the party's bankruptcy (rule D28), or that is over; `None` = as told before.
    pub bankrupt: Option<bool>,
}

/// 执行款专户: where deducted money goes, and nowhere else (rule D20).
#[derive(Clone, PartialEq, Eq)]
pub struct CourtAccount {
    /// Holder of the account.
    pub holder: String,
    /// Bank where it is kept.
    pub bank: String,
    /// The bank's clearing number.
    pub bank_code: String,
    /// Account number.
    pub number: Personal<String>,
}

/// An officer in whose name the request is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Officer {
    /// Name.
    pub name: Personal<String>,
    /// 工作证 number.
    pub work_id: Personal<String>,
    /// 执行公务证 number.
    pub duty_id: Personal<String>,
    /// Phone.
    pub phone: Personal<String>,
}

/// A court paper or credential scan that travels with a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Paper {
    /// A word of [`PAPER_KINDS`].
    pub kind: String,
    /// The paper's own number, such as `(2026)浙0225执1234号之一`.
    pub number: Personal<String>,
    /// File name as uploaded.
    pub file_name: Personal<String>,
    /// `sha256:` and 64 hex digits of the plaintext; personal, because a digest of a known text recognises it.
    pub digest: Personal<String>,
}

/// The kinds of paper that are known; anything else is refused at intake. `assist_notice` is 协助执行通知书, for those who hold no money;
/// `holder_consent` is 投保人同意退保的书面意见, which some provinces ask for.
pub const PAPER_KINDS: [&str; 10] = [
    "ruling",
    "query_notice",
    "freeze_notice",
    "deduct_notice",
    "release_notice",
    "assist_notice",
    "holder_consent",
    "work_id_scan",
    "duty_id_scan",
    "other",
];

/// What a kind of paper is called, in Chinese and in English.
#[must_use]
pub fn paper_called(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "ruling" => ("执行裁定书", "the ruling"),
        "query_notice" => ("协助查询通知书", "the notice to assist in a query"),
        "freeze_notice" => ("协助冻结通知书", "the notice to assist in a freeze"),
        "deduct_notice" => ("协助扣划通知书", "the notice to assist in a deduction"),
        "release_notice" => ("协助解除冻结通知书", "the notice to assist in a release"),
        "assist_notice" => ("协助执行通知书", "the notice to assist in enforcement"),
        "holder_consent" => ("投保人同意退保的书面意见", "the holder's written consent"),
        "work_id_scan" => ("工作证扫描件", "the scan of a work paper"),
        "duty_id_scan" => ("执行公务证扫描件", "the scan of a duty paper"),
        _ => ("其他文书", "another paper"),
    }
}

/// An enforcement case as the court tells it with a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Case {
    /// 案号; personal, because it leads to the parties.
    pub number: Personal<String>,
    /// Enforcement or preservation.
    pub stage: Stage,
    /// The court.
    pub court: Court,
    /// What the creditor is owed.
    pub claim: Money,
    /// Enforcement costs.
    pub costs: Money,
    /// Parties, in the order in which `subjects` counts them.
    pub parties: Vec<Party>,
    /// The case-money account; needed as soon as money may be deducted.
    pub account: Option<CourtAccount>,
}

impl Case {
    /// What may be controlled in all: claim and costs (rule D8).
    #[must_use]
    pub fn target(&self) -> Money {
        self.claim.plus(self.costs)
    }
}
