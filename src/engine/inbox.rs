//! What clerks of a partner without a system see of its inbox; plain structs, personal values still wrapped.

use domain::slip::Slip;
use domain::{ActId, ActKind, ActState, Millis, SlipLine};

use crate::view::{OutcomeView, Receipt};

/// The most tasks on one page: each is a read of a case, and each read is an event.
pub const INBOX_PAGE_MAX: u16 = 50;

/// An act as its clerk sees it.
pub struct InboxTask {
    /// Its id.
    pub act: ActId,
    /// The partner, for people.
    pub partner: String,
    /// Its key for the partner: the number on the printed sheet.
    pub key: SlipLine,
    /// What is ordered.
    pub kind: ActKind,
    /// Where it stands.
    pub state: ActState,
    /// When it was offered to the partner first.
    pub offered_at: Millis,
    /// When an answer is due.
    pub due: Millis,
    /// That has passed and nothing was said.
    pub overdue: bool,
    /// When the partner's clerks were reminded of it last; `None` = they were not, or it is answered.
    pub reminded: Option<Millis>,
    /// An emergency stop or the partner's stage holds it: it is not to be carried out now.
    pub held: bool,
    /// Who is at it.
    pub claim: Option<ClaimView>,
    /// The case, the officers, the papers, and the one line of this act.
    pub slip: Slip,
    /// What the partner said last.
    pub outcome: Option<OutcomeView>,
}

/// Who has taken an act, until when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimView {
    /// Name of the clerk's token.
    pub by: String,
    /// Until then others are kept from it.
    pub until: Millis,
    /// It is the caller's own.
    pub own: bool,
}

/// A page of an inbox, oldest first.
pub struct InboxPage {
    /// The partner, for people.
    pub partner: String,
    /// The tasks.
    pub tasks: Vec<InboxTask>,
    /// How many are open in all.
    pub open: u32,
    /// How many of those are overdue.
    pub overdue: u32,
    /// Where the next page begins; `None` at the end.
    pub next: Option<u32>,
    /// How its clerks are reminded; `None` = nobody reminds them.
    pub reminder: Option<ReminderView>,
}

/// What waits in an inbox, as numbers: for whoever is told that something waits, and not what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InboxSums {
    /// The partner, for people.
    pub partner: String,
    /// How much waits, looked at or not.
    pub open: u32,
    /// How much of it is overdue.
    pub overdue: u32,
    /// Since when the oldest has been waiting.
    pub oldest: Option<Millis>,
}

/// How the clerks of an inbox are reminded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReminderView {
    /// When a reminder was acknowledged last.
    pub reminded: Option<Millis>,
    /// When the next one goes as things stand; `None` = nothing waits, or one is under way.
    pub next: Option<Millis>,
    /// Attempts in a row that were not acknowledged.
    pub failures: u32,
    /// What was seen at the last of those; empty when there is none.
    pub cause: String,
    /// The public keys that they are signed with, newest first.
    pub keys: Vec<String>,
}

/// An answer that was taken; a repeat of it gives the same.
pub struct Answered {
    /// The act.
    pub act: ActId,
    /// Where it stands now.
    pub state: ActState,
    /// How the answer was read: less than was ordered is `partly`, whatever word came.
    pub verdict: &'static str,
    /// Our proof.
    pub receipt: Receipt,
}
