//! Account statements and partners' daily lists, as they come in and as they are told back.

use domain::{ActId, ActState, Day, Money, Personal};

/// The statement of a court's account.
pub struct Statement {
    /// The court; needed when the token is of none.
    pub court: Option<String>,
    /// Clearing number of the bank, and the account.
    pub account: (String, Personal<String>),
    /// Its lines, at most [`crate::decide::SETTLED_LINES_MAX`].
    pub lines: Vec<SettlementLine>,
}

/// One line of it.
pub struct SettlementLine {
    /// The bank's own serial: a repeated line is known by it.
    pub serial: Personal<String>,
    /// The day it came in.
    pub day: Day,
    /// What came in; negative when it was booked back.
    pub amount: Money,
    /// The slip, `slip` or `slip-line`, when the statement has a field for it.
    pub slip: Option<String>,
    /// What the payer wrote; a slip in it is found.
    pub reference: Personal<String>,
}

/// One line of a partner's list of a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Slip number, or `slip-line`.
    pub slip: String,
    /// Line on it.
    pub line: Option<u16>,
    /// What became of it there.
    pub state: Option<ActState>,
    /// Limit in force there.
    pub limit: Option<Money>,
    /// Held there now.
    pub caught: Option<Money>,
    /// Moved to the court.
    pub moved: Option<Money>,
}

/// A reconciliation as it was recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReconciledView {
    /// Sequence of its event.
    pub sequence: u64,
    /// How many lines the list had.
    pub lines: u32,
    /// Lines that cannot be compared any more: their case was erased, or they stand too far back to be looked for.
    pub not_compared: u32,
    /// Everything that a whole list must name was looked through; `false` = it may lack more than is told.
    pub complete: bool,
    /// Where it says otherwise than we do.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Place in the partner's list; `None` = it does not list what we have.
    pub line: Option<u32>,
    /// The act, when we know it.
    pub act: Option<ActId>,
    /// `unknown_slip`, `not_listed`, `state`, `limit`, `caught`, `moved`.
    pub what: &'static str,
    /// The sum as we have it; only for the partner itself, which has it from us.
    pub amount: Option<Money>,
}
