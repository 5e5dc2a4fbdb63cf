//! Refusals: why a command was not carried out, in stable words that the web floor turns into problems.

use domain::case::CaseUse;
use domain::partner::Stage;
use domain::rules::Breach;

/// Why a command was refused. Nothing happened; nothing personal is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The same idempotency key came with another body.
    KeyReused,
    /// The request breaks rules of law; all of them at once.
    Rules(Vec<Breach>),
    /// A partner named in the request is not configured, or retired.
    PartnerUnknown {
        /// Where in the request, as a JSON pointer.
        at: String,
    },
    /// The partner takes this kind of act, but not yet at the stage it has come to (rule D19).
    StageTooLow {
        /// Where in the request, as a JSON pointer.
        at: String,
        /// The stage.
        stage: Stage,
    },
    /// Nothing is in scope: no partner serves it.
    ScopeEmpty,
    /// A paper names a document that was never stored, or was erased.
    DocumentUnknown {
        /// Where in the request, as a JSON pointer.
        at: String,
    },
    /// A paper names a document whose bytes are lost: no partner could be shown it.
    DocumentLost {
        /// Where in the request, as a JSON pointer.
        at: String,
    },
    /// The act that an act builds on is not known, of another case, or of the wrong kind.
    OriginalUnknown {
        /// Where in the request, as a JSON pointer.
        at: String,
    },
    /// Nothing is left of what an act builds on, or nothing will be: it is being let go whole.
    OriginalGone {
        /// Where in the request, as a JSON pointer.
        at: String,
    },
    /// The case-money account is not on the court's list (rule D20).
    AccountNotListed,
    /// The callback's origin is not on the court's list.
    CallbackNotListed,
    /// The token's court is not the request's court.
    CourtForeign,
    /// More acts than one request may plan.
    TooManyActs {
        /// The limit.
        max: u32,
    },
    /// The deadline has passed already.
    DeadlinePassed,
    /// No such request, act, document, partner or entry, or it belongs to another court.
    NotFound,
    /// Not possible in the state it is in; the word is that state.
    WrongState {
        /// The state.
        state: &'static str,
    },
    /// The act is in doubt and being asked about at this moment: the partner's answer settles it, and people are not due.
    StillAsked,
    /// This partner posts nothing: it is called and answers, or it fetches and feeds back.
    NoCallback,
    /// What a partner posted is not of its form; nothing of it was taken.
    Unreadable(domain::Untaken),
    /// A partner would hand it back for formal defects, and that costs rank.
    Formal(Vec<(String, domain::form::Defect)>),
    /// What was accepted cannot go out without papers or officers that neither the caller brought nor the case has.
    PapersMissing {
        /// The kinds of paper that are missing, words of [`domain::case::PAPER_KINDS`].
        papers: Vec<String>,
        /// The officers in whose names it goes out are missing too.
        officers: bool,
    },
    /// A release of a part at partners that would let go of the whole freeze.
    PartUnread(Vec<(String, domain::form::Defect)>),
    /// Whoever stopped it has not given this caller the lifting of it.
    StopNotYours,
    /// Another clerk of the partner has taken it.
    ActClaimed {
        /// Name of that clerk's token.
        by: String,
        /// Until then.
        until: domain::Millis,
    },
    /// The court has not let the applicant of the case see results (rule D34).
    ApplicantNotAllowed,
    /// Something of a case can still matter, so it is not erased.
    CaseInUse {
        /// What.
        uses: Vec<CaseUse>,
    },
    /// Only a person may do this, with a token of their own.
    PersonNeeded,
    /// The same person may not do both.
    SamePerson,
    /// More is to be given back than was taken and not given back.
    AboveTaken {
        /// The amount of the act.
        at: String,
    },
    /// What is asked for is durable, and the newest signed checkpoint does not cover it yet: that comes within a second.
    NotYetInCheckpoint,
    /// Something in the command is out of bounds; the pointer says what.
    OutOfBounds {
        /// The field.
        at: &'static str,
        /// The bound, for people: in Chinese, ` · `, in English.
        bound: &'static str,
    },
    /// Too much is waiting; nothing was accepted.
    Overloaded,
    /// The gateway takes no more work: it is stopping.
    Draining,
    /// The journal is full, broken or poisoned; an operator must act.
    Unavailable,
    /// What it is about stands in the journal and cannot be read: its key or its file is damaged or lost. An operator must act.
    ContentUnreadable,
    /// It may be among what is finished, and the index does not know all of that yet; it is being filled.
    Filling,
}
