//! Commands about the books: statements, reconciliations, objections, tasks, claims and halts of cases.

use domain::case::{EraseCause, HaltCause};
use domain::task::TaskEnd;
use domain::{ActId, CaseId, Day, Money, Personal, RequestId, SlipNumber};
use store::record::SealTwin;

use super::Submit;

/// Lines of the statement of a court's account.
pub struct Settle {
    /// Who.
    pub by: String,
    /// The court.
    pub court: String,
    /// Clearing number of the bank, and the account.
    pub account: (String, Personal<String>),
    /// What came in; at most [`crate::decide::SETTLED_LINES_MAX`].
    pub lines: Vec<SettledLine>,
}

/// One line of an account statement.
pub struct SettledLine {
    /// Keyed hash of account and serial, hex.
    pub key: String,
    /// The bank's own serial.
    pub serial: Personal<String>,
    /// The day it came in.
    pub day: Day,
    /// What came in; negative when it was booked back.
    pub amount: Money,
    /// The slip that it names, and the line.
    pub slip: Option<(SlipNumber, Option<u16>)>,
    /// What the payer wrote.
    pub reference: Personal<String>,
    /// What was told before under the same serial, where that was something else.
    pub differs: Option<ToldBefore>,
}

/// What a line of a statement said the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToldBefore {
    /// What came in; negative when it was booked back.
    pub amount: Money,
    /// The act that it was matched with.
    pub act: Option<ActId>,
    /// The key slot under which it stands.
    pub slot: u64,
}

/// What became of a line of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettledHow {
    /// It belongs to this act.
    Matched(ActId),
    /// No act is known that it belongs to; people look.
    Unmatched,
    /// It was told before.
    Known,
    /// It was told before and said something else, of this act where one was found; that stands, and people look.
    Differs(Option<ActId>),
    /// It says that it was booked on a day that is not here yet: nothing is booked ahead, so nothing of it was taken.
    Ahead,
}

/// A partner's list of a day, held against ours.
pub struct Reconcile {
    /// Who.
    pub by: String,
    /// The partner.
    pub partner: String,
    /// The day.
    pub day: Day,
    /// How many lines it had.
    pub lines: u32,
    /// Where it says otherwise.
    pub differences: Vec<Differing>,
}

/// One difference.
pub struct Differing {
    /// Place in the partner's list, from 0; above its length for what it does not list.
    pub line: u32,
    /// The act, when we know it.
    pub act: Option<ActId>,
    /// The key slot of its case, for when that has left memory.
    pub slot: u64,
    /// The sum that differs.
    pub amount: Option<Money>,
    /// What differs, in words for an operator: no names, no accounts.
    pub text: String,
}

/// A partner's written objection to an act (rule D18).
pub struct Objection {
    /// The act.
    pub act: ActId,
    /// The partner.
    pub partner: String,
    /// The court that must answer.
    pub court: String,
    /// Sequence by which the case is known.
    pub case: u64,
    /// What it says.
    pub text: Personal<String>,
}

/// A person's word that a task is over.
pub struct EndTask {
    /// Sequence of its `task.raised`.
    pub task: u64,
    /// The key slot of that event, for when its case has left memory.
    pub slot: u64,
    /// Who.
    pub by: String,
    /// The court of whoever ends it; `None` = a token of the gateway.
    pub court: Option<String>,
    /// How it ended.
    pub end: TaskEnd,
    /// The request that did what it proposed.
    pub request: Option<RequestId>,
    /// Why.
    pub reason: String,
}

/// What a task proposes is to be done.
pub struct AcceptTask {
    /// Sequence of its `task.raised`.
    pub task: u64,
    /// Who; empty = the court's policy.
    pub by: String,
    /// The court of whoever accepts; `None` = a token of the gateway, or the policy.
    pub court: Option<String>,
    /// Why.
    pub reason: String,
    /// The request to come, in which acts, claim and costs are still to be set: parties, officers and papers of the request that
    /// ordered the measure, and those that whoever accepts brought.
    pub submit: Box<Submit>,
    /// Keys of its papers that are wrapped under the case's key already.
    pub carried: Vec<SealTwin>,
}

/// New claim and costs of a case.
pub struct Amend {
    /// Which.
    pub case: CaseId,
    /// What the creditor is owed now.
    pub claim: Money,
    /// Enforcement costs.
    pub costs: Money,
    /// Who.
    pub by: String,
    /// The court of whoever amends; `None` = a token of the gateway.
    pub court: Option<String>,
    /// Why.
    pub reason: String,
}

/// A case comes to rest.
pub struct Halt {
    /// Which.
    pub case: CaseId,
    /// Why, by the law.
    pub cause: HaltCause,
    /// Who.
    pub by: String,
    /// The court of whoever halts it; `None` = a token of the gateway.
    pub court: Option<String>,
    /// Why, in the person's words.
    pub reason: String,
    /// `sha256:…` of the paper it rests on.
    pub document: Option<String>,
}

/// A case goes on.
pub struct ResumeCase {
    /// Which.
    pub case: CaseId,
    /// Who.
    pub by: String,
    /// The court of whoever resumes it; `None` = a token of the gateway.
    pub court: Option<String>,
    /// A person's token, not a machine's.
    pub is_person: bool,
    /// Why.
    pub reason: String,
}

/// A person's word that a case is to be erased.
pub struct EraseCase {
    /// Which.
    pub case: CaseId,
    /// Why: the only reason that outlasts it.
    pub cause: EraseCause,
    /// Who.
    pub by: String,
    /// The court of whoever says so; `None` = a token of the gateway.
    pub court: Option<String>,
    /// A person's token, not a machine's.
    pub is_person: bool,
    /// Why, in the person's words.
    pub reason: String,
    /// Every slot under which something of it is sealed, but for those that stand in.
    pub slots: Vec<u64>,
}

/// Whether the applicant of a case may see what came of its requests (rule D34).
pub struct ShowApplicant {
    /// Which.
    pub case: CaseId,
    /// It may, or no longer.
    pub allow: bool,
    /// Who.
    pub by: String,
    /// The court of whoever says so; `None` = a token of the gateway.
    pub court: Option<String>,
    /// Why.
    pub reason: String,
}
