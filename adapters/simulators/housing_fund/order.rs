//! What a fund centre is asked to do, and what it answers, free of any wire form.

use super::account::Account;
use super::person::{Condition, Person};
use crate::bank::Identity;
use crate::day::Day;
use crate::money::Fen;

/// Where money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Holder.
    pub holder: String,
    /// Account number.
    pub number: String,
}

/// What is wanted.
#[derive(Clone)]
pub enum Verb {
    /// 查询.
    Query,
    /// 冻结.
    Freeze {
        /// Limit in fen.
        limit: Fen,
        /// Last day.
        to: Day,
        /// Another organ's freeze whose rank it takes over, by its document; empty = none.
        takes_over: Vec<String>,
    },
    /// 续冻.
    Renew {
        /// Number of the freeze.
        original: String,
        /// Last day.
        to: Day,
    },
    /// 解冻.
    Release {
        /// Number of the freeze.
        original: String,
        /// Fen by which the limit is lowered; `None` = all of it ends.
        part: Option<Fen>,
    },
    /// 划拨.
    Deduct {
        /// Number of the freeze.
        original: String,
        /// Fen.
        amount: Fen,
        /// To whom.
        payee: Payee,
    },
    /// 执行回转.
    Reverse {
        /// Number of the deduct.
        original: String,
        /// The centre's serial of its payment; empty = not given.
        serial: String,
        /// Fen.
        amount: Fen,
    },
}

/// One order.
#[derive(Clone)]
pub struct Order {
    /// The court's number.
    pub number: String,
    /// Organ that orders.
    pub organ: String,
    /// Its case number.
    pub document: String,
    /// The case number of what it builds on; empty when it builds on nothing.
    pub original_document: String,
    /// Who it is about.
    pub subject: Identity,
    /// Fund account; empty for a query.
    pub account: String,
    /// What is wanted.
    pub verb: Verb,
}

/// State of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All of it.
    Done,
    /// Less.
    Partly,
    /// Behind others.
    Queued,
    /// No.
    Refused,
    /// Nobody of that number.
    NoSuchCustomer,
    /// Waits for a condition.
    Registered,
}

impl State {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Partly => "partly",
            State::Queued => "queued",
            State::Refused => "refused",
            State::NoSuchCustomer => "no_such_customer",
            State::Registered => "registered",
        }
    }
}

/// Why not, or not all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Account unknown or closed.
    NotFound,
    /// Number known under another name.
    NameMismatch,
    /// The account is somebody else's.
    IdMismatch,
    /// Original unknown or ended.
    NoOriginalFreeze,
    /// Earlier freezes.
    PriorRight,
    /// Less money.
    Insufficient,
    /// No condition is met.
    AwaitsCondition,
    /// Anything else.
    Other,
}

impl Why {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Why::NotFound => "not_found",
            Why::NameMismatch => "name_mismatch",
            Why::IdMismatch => "id_mismatch",
            Why::NoOriginalFreeze => "no_original_freeze",
            Why::PriorRight => "prior_right",
            Why::Insufficient => "insufficient",
            Why::AwaitsCondition => "awaits_condition",
            Why::Other => "other",
        }
    }
}

/// A freeze before ours, as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Organ.
    pub organ: String,
    /// Case number or document.
    pub document: String,
    /// Limit in fen.
    pub limit: Fen,
    /// Last day.
    pub to: Day,
}

/// A step the centre tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rank among the freezes, from 1.
    Ranked {
        /// Rank.
        rank: usize,
    },
    /// A condition was looked at.
    Checked {
        /// Which.
        condition: Condition,
        /// Whether it is met.
        met: bool,
        /// Fen it allows, when it has a bound.
        allows: Option<Fen>,
        /// The day on which it is expected.
        expected: Option<Day>,
        /// When.
        on: Day,
    },
    /// Basic living and housing were looked at.
    Housing {
        /// Fen kept back; `None` = secured.
        reserve: Option<Fen>,
        /// When.
        on: Day,
    },
    /// Paid under a condition.
    Paid {
        /// Which.
        condition: Condition,
        /// When.
        on: Day,
    },
    /// The account was closed.
    Closed {
        /// Under which condition.
        condition: Condition,
        /// When.
        on: Day,
    },
    /// The freeze under a registered deduct has ended.
    Lapsed {
        /// `released`, `expired`, `used_up` or `account_closed`.
        why: &'static str,
        /// When.
        on: Day,
    },
}

/// What is told about an order. Sums in fen; `None` where nothing is said.
#[derive(Clone)]
pub struct Told {
    /// State.
    pub state: State,
    /// Reason.
    pub why: Option<Why>,
    /// In words.
    pub text: String,
    /// Limit registered, or the amount ordered of a deduct.
    pub limit: Option<Fen>,
    /// Held, or set free by a release.
    pub caught: Option<Fen>,
    /// Paid to the court.
    pub moved: Option<Fen>,
    /// First day.
    pub from: Option<Day>,
    /// Last day.
    pub to: Option<Day>,
    /// Day on which a condition may be met.
    pub due: Option<Day>,
    /// The centre's serial.
    pub serial: String,
    /// When it was decided.
    pub as_of: String,
    /// Accounts found, with their person.
    pub found: Option<Box<(Person, Vec<Account>)>>,
    /// Freezes before ours.
    pub ahead: Vec<Ahead>,
    /// Steps.
    pub steps: Vec<Step>,
}

impl Told {
    pub(crate) fn of(state: State) -> Told {
        Told {
            state,
            why: None,
            text: String::new(),
            limit: None,
            caught: None,
            moved: None,
            from: None,
            to: None,
            due: None,
            serial: String::new(),
            as_of: String::new(),
            found: None,
            ahead: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(crate) fn because(mut self, why: Why, text: &str) -> Told {
        self.why = Some(why);
        self.text = text.to_owned();
        self
    }
}

/// Why an order is refused, before it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub Why, pub &'static str);

impl From<Refusal> for Told {
    fn from(Refusal(why, text): Refusal) -> Told {
        Told::of(State::Refused).because(why, text)
    }
}

/// What is known of an order by its number.
#[derive(Clone)]
pub enum Answer {
    /// Being looked at.
    Accepted,
    /// Told; may be told anew later.
    Told(Box<Told>),
}

impl Answer {
    /// What was told, if anything.
    pub fn told(&self) -> Option<&Told> {
        match self {
            Answer::Accepted => None,
            Answer::Told(told) => Some(told),
        }
    }
}
