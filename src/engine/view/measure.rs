//! Views of measures: lines of their list, what to list, and rows that come over from another system.

use domain::act::ActOrder;
use domain::case::{Court, Officer, Paper, Party, Stage};
use domain::measure::MeasureState;
use domain::outcome::AssetKind;
use domain::{ActKind, CaseId, Day, MeasureId, Money, Personal};

use crate::command::TakenOver;
use crate::refusal::Refusal;

/// One line of a list of measures; nothing in it names anybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeasureLine {
    /// Its id.
    pub id: MeasureId,
    /// Its case.
    pub case: CaseId,
    /// Court code.
    pub court: String,
    /// Partner id.
    pub partner: String,
    /// What sort of act made it.
    pub kind: ActKind,
    /// What sort of property it is on; `None` = it is on a person, or nobody has said it.
    pub asset: Option<AssetKind>,
    /// Where it stands.
    pub state: MeasureState,
    /// What we ordered, less what was moved and let go.
    pub limit: Money,
    /// What is held now.
    pub caught: Money,
    /// First day.
    pub from: Option<Day>,
    /// Last day, inclusive.
    pub to: Option<Day>,
    /// Rank as the partner registered it; `None` = not known.
    pub rank: Option<u16>,
    /// The number by which the partner knows it: `slip-line`, or one of another system; `None` when it cannot be read any more.
    pub number: Option<String>,
    /// It came from another system, or by late news.
    pub imported: bool,
    /// Somebody lets it go.
    pub releasing: bool,
}

/// Which measures to list.
#[derive(Clone, Default)]
pub struct MeasureFilter {
    /// Of this court; a court's token sees its own only.
    pub court: Option<String>,
    /// At this partner.
    pub partner: Option<String>,
    /// Of this case number.
    pub case_number: Option<Personal<String>>,
    /// On property of this sort.
    pub asset: Option<AssetKind>,
    /// In this state; left out = all that live.
    pub state: Option<MeasureState>,
    /// Whose last day is before this one.
    pub ends_before: Option<Day>,
    /// Continue after this (as text in the API).
    pub cursor: Option<u64>,
    /// At most so many, 1..=200.
    pub limit: u16,
}

/// A living measure of another system, as its list has it.
#[derive(Clone)]
pub struct ImportRow {
    /// Court.
    pub court: Court,
    /// 案号.
    pub case_number: Personal<String>,
    /// Enforcement or preservation.
    pub stage: Stage,
    /// Claim; left out = as known, and for a case that is not known the sum of the limits.
    pub claim: Option<Money>,
    /// Costs.
    pub costs: Option<Money>,
    /// Whose property it is.
    pub party: Party,
    /// Its order; `subject` is not read.
    pub order: ActOrder,
    /// Held now.
    pub caught: Money,
    /// Rank as the partner has it; 0 = not known.
    pub rank: u16,
    /// It waits behind others.
    pub queued: bool,
    /// What sort of property it is on; left out = as the case has found it, or as such a partner brings it.
    pub asset: Option<AssetKind>,
    /// Its papers, stored before.
    pub papers: Vec<Paper>,
    /// In whose names it was ordered.
    pub officers: Vec<Officer>,
}

/// Rows of one import.
pub const IMPORT_ROWS_MAX: usize = 2_000;

/// What became of a row: the measure, whether it was known before and what it says otherwise then; or why it was not taken.
pub type ImportVerdict = Result<TakenOver, Refusal>;
