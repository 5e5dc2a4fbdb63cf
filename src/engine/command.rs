//! Commands and what deciding them gives: events, effects that may leave once those are durable, and an answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::act::ActOrder;
use domain::outcome::Lead;
use domain::request::Request;
use domain::socket::{FeedbackItem, Judged, ListClass};
use domain::stop::StopScope;
use domain::{ActId, Millis, Money, RequestId, Untaken};
use store::record::{ActRef, Event, PlanLine, RequestTwin};

use crate::config::Config;
use crate::courier::{Carried, Reminding};
use crate::refusal::Refusal;
use crate::state::slab::Index;

mod books;
mod keyring;
mod late;
mod left_out;
mod taken_over;

pub use books::*;
pub use keyring::*;
pub use late::*;
pub use left_out::*;
pub use taken_over::*;

/// What somebody wants.
pub enum Command {
    /// The process took up its directory: whatever was under way is in doubt. Ticks end what one decision does not, while
    /// [`crate::Decider::is_starting`]; only then settings are taken.
    Start {
        /// Release.
        version: String,
    },
    /// A configuration comes into force.
    Configure(Arc<Config>),
    /// A document's blob is durable.
    StoreDocument(Box<StoreDocument>),
    /// A court submits.
    Submit(Box<Submit>),
    /// A person approves.
    Approve {
        /// Which.
        request: RequestId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Nothing new starts.
    Stop {
        /// Which.
        request: RequestId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// An act is taken back before anything left.
    Withdraw {
        /// Which.
        act: ActId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person settles a doubt.
    Resolve {
        /// Which.
        act: ActId,
        /// Who.
        by: String,
        /// It took effect.
        took_effect: bool,
        /// The sum.
        amount: Option<Money>,
        /// The partner's paper.
        document: String,
        /// Why.
        reason: String,
    },
    /// A lane rests.
    Pause {
        /// Which.
        partner: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Until when.
        until: Millis,
    },
    /// A lane goes on.
    Resume {
        /// Which.
        partner: String,
        /// Who.
        by: String,
    },
    /// One person stops kinds of act, a court, or everything.
    OrderStop(Box<OrderStop>),
    /// A person wants a stop lifted; with the second it is.
    LiftStop(Box<LiftStop>),
    /// The state was folded without content that is lost.
    LeaveOut(Box<LeaveOut>),
    /// It was folded with what an earlier start left out.
    BringBack(Box<BringBack>),
    /// An exchange was judged.
    Ended {
        /// Which.
        exchange: u64,
        /// The act it carried.
        act: ActId,
        /// What it came to.
        judged: Judged,
    },
    /// A pulling partner asks for its list.
    List {
        /// Who.
        partner: String,
        /// Which class.
        class: ListClass,
    },
    /// A pulling partner feeds back.
    Feedback {
        /// Who.
        partner: String,
        /// `feedback`, `hand_back`, `callback`, `inbox`.
        way: &'static str,
        /// The items.
        items: Vec<FeedbackItem>,
    },
    /// A clerk takes an act from an inbox.
    ClaimAct(ClaimAct),
    /// A partner says something about an act of a finished request.
    LateOutcome(Box<LateOutcome>),
    /// A person settles what was counted as moved and its partner denied after the request's end.
    ResolveLate(Box<LateResolution>),
    /// Living measures come over from another system, those of one case together.
    ImportMeasures(Vec<ImportMeasures>),
    /// A partner tells something unasked about an act.
    Lead(Box<LeadNews>),
    /// A partner said something that nobody can hold against what it is about: its case was left out, or cannot be read.
    NobodysAnswer {
        /// Who.
        partner: String,
        /// What, in words; sealed.
        text: String,
    },
    /// What a partner left cannot be read.
    SetAside {
        /// Who.
        partner: String,
        /// Why, in a word of its adapter's.
        reason: &'static str,
        /// SHA-256 of its bytes, hex.
        digest: String,
    },
    /// Somebody reads personal data.
    Read {
        /// Who.
        by: String,
        /// Every read is recorded, not only the first of a version.
        is_person: bool,
        /// What.
        request: RequestId,
        /// Its key slot, when it is no longer open.
        closed: Option<ClosedRead>,
    },
    /// Refused calls of one source in one minute.
    Refused {
        /// Keyed hash of the source, hex.
        source: String,
        /// The minute's start.
        minute: Millis,
        /// How many.
        count: u32,
    },
    /// A snapshot is durable.
    Snapshot {
        /// SHA-256 of its plaintext, hex.
        digest: String,
        /// The first sequence not in it.
        next: u64,
    },
    /// The newest version of a request is to be delivered again.
    Redeliver {
        /// Which.
        request: RequestId,
        /// Who.
        by: String,
        /// The court has everything up to this version.
        since: u64,
        /// The request, when it is no longer open: its court and version.
        closed: Option<(String, u64)>,
    },
    /// An attempt at a delivery ended.
    Carried {
        /// Which.
        outgoing: Outgoing,
        /// The version that it carried; 0 when it came to none.
        version: u64,
        /// What became of it.
        end: Carried,
    },
    /// An attempt to remind clerks ended.
    Reminded {
        /// The partner.
        partner: String,
        /// Sequence of its `reminder.began`.
        reminder: u64,
        /// What became of it.
        end: Carried,
    },
    /// A court tells what came in on its account.
    Settle(Box<Settle>),
    /// A partner's list of a day was held against ours.
    Reconcile(Box<Reconcile>),
    /// A partner objects to an act in writing.
    Object(Box<Objection>),
    /// A person ends a task.
    EndTask(Box<EndTask>),
    /// What a task proposes is done.
    AcceptTask(Box<AcceptTask>),
    /// Claim and costs of a case are others.
    Amend(Box<Amend>),
    /// Nothing more is done to the property in a case.
    Halt(Box<Halt>),
    /// Another person lets a case go on.
    ResumeCase(Box<ResumeCase>),
    /// A person wants a case erased; with another's word it is.
    EraseCase(Box<EraseCase>),
    /// The court lets the applicant of a case see results, or no longer.
    ShowApplicant(Box<ShowApplicant>),
    /// Time passed.
    Tick,
    /// Nothing: whoever reads waits until all that was decided before is durable.
    Barrier,
    /// Nothing more is started; the last event.
    Drain,
}

/// An emergency stop.
pub struct OrderStop {
    /// What it holds back.
    pub scope: StopScope,
    /// Who.
    pub by: String,
    /// The court of whoever orders; `None` = a token of the gateway.
    pub court: Option<String>,
    /// Why.
    pub reason: String,
}

/// A person's word that a stop may be lifted.
pub struct LiftStop {
    /// Sequence of its `stop.ordered`.
    pub stop: u64,
    /// Who.
    pub by: String,
    /// The court of whoever lifts; `None` = a token of the gateway.
    pub court: Option<String>,
    /// A person's token, not a machine's.
    pub is_person: bool,
    /// Why.
    pub reason: String,
}

/// A clerk's claim on an act.
pub struct ClaimAct {
    /// The act.
    pub act: ActId,
    /// The partner.
    pub partner: String,
    /// Name of the clerk's token.
    pub by: String,
    /// What for.
    pub how: Claiming,
}

/// What an act is claimed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claiming {
    /// To work at it.
    Take,
    /// To answer it at once; what is answered already may be answered otherwise.
    Answer,
    /// To answer it once more although its request is finished.
    Late,
}

/// A plan line with the case that it is of, enough to let a measure stand by itself.
#[derive(Clone)]
pub struct Planned {
    /// The event that planned or imported it, and the place there.
    pub id: ActRef,
    /// The line.
    pub line: PlanLine,
    /// Keyed hash of court and case number.
    pub case_key: (u64, u64),
    /// Keyed hashes of the parties' identity numbers, in their order.
    pub subjects: Vec<u64>,
    /// The case, its officers and papers.
    pub request: RequestTwin,
}

/// Living measures of one case.
pub struct ImportMeasures {
    /// Name of the token.
    pub by: String,
    /// Court.
    pub court: String,
    /// Keyed hash of court and case number.
    pub case_key: (u64, u64),
    /// Hashes of the parties' identity numbers.
    pub subjects: Vec<u64>,
    /// The case with its parties and officers, nothing asked.
    pub request: Arc<Request>,
    /// The papers that came with the rows, each once.
    pub papers: Vec<ImportedPaper>,
    /// The measures, at most [`crate::decide::IMPORT_GROUP_MAX`].
    pub lines: Vec<ImportLine>,
}

/// A paper of an imported measure.
#[derive(Clone)]
pub struct ImportedPaper {
    /// Its keyed digest.
    pub key: (u64, u64),
    /// The paper.
    pub paper: domain::case::Paper,
}

/// A measure that stands at a partner under a number of another system.
#[derive(Clone)]
pub struct ImportLine {
    /// Its order: kind, partner, party, account, limit, days, original number.
    pub order: ActOrder,
    /// Held now.
    pub caught: Money,
    /// Rank as the partner has it; 0 = not known.
    pub rank: u16,
    /// It waits behind others.
    pub queued: bool,
    /// What sort of property it is on; `None` = what the case or the partner says.
    pub property: Option<domain::outcome::AssetKind>,
    /// Keyed digests of the papers that its row names, in their order.
    pub papers: Vec<(u64, u64)>,
}

/// A lead, with the act that it is about.
pub struct LeadNews {
    /// The act.
    pub act: ActId,
    /// The partner.
    pub partner: String,
    /// Slot of the case's key.
    pub slot: u64,
    /// The request's court is to be told.
    pub has_callback: bool,
    /// The request as the index has it, when it is finished; its history grows by this event.
    pub closed: Option<ClosedRequest>,
    /// It was told beside an answer: nobody would hear that it is refused.
    pub beside: bool,
    /// What it says.
    pub lead: Lead,
}

/// What a read of a finished request needs.
#[derive(Clone, Copy)]
pub struct ClosedRead {
    /// Version that is shown.
    pub version: u64,
}

/// A stored document.
pub struct StoreDocument {
    /// Keyed digest.
    pub key: (u64, u64),
    /// `sha256:…` of the plaintext.
    pub digest: String,
    /// As uploaded.
    pub file_name: String,
    /// As uploaded.
    pub content_type: String,
    /// The blob, hex.
    pub blob: String,
    /// Plaintext length.
    pub bytes: u64,
    /// Slot of its key.
    pub slot: u64,
    /// Court.
    pub court: String,
    /// Token.
    pub token: String,
}

/// A submission.
#[derive(Clone)]
pub struct Submit {
    /// Token.
    pub token: String,
    /// Keyed hash of token and idempotency key.
    pub idempotency: (u64, u64),
    /// Keyed hash of the canonical body.
    pub fingerprint: (u64, u64),
    /// Keyed hash of court and case number.
    pub case_key: (u64, u64),
    /// Hashes of the parties' identity numbers.
    pub subjects: Vec<u64>,
    /// Keyed hash of court and number of the preservation that it goes on from.
    pub preservation: Option<(u64, u64)>,
    /// Keyed digests of the papers, in their order.
    pub paper_keys: Vec<(u64, u64)>,
    /// The events that planned something secret which its acts name and its token may see; what is not here is not there for it.
    pub shown: BTreeSet<u64>,
    /// The request.
    pub request: Arc<Request>,
}

/// A call that may leave once the decision is durable.
pub struct Effect {
    /// Its exchange.
    pub exchange: u64,
    /// The act.
    pub act: ActId,
    /// A question about it, not the act itself.
    pub ask: bool,
    /// The partner.
    pub partner: String,
    /// Slot of the case's key.
    pub slot: u64,
    /// The request it belongs to.
    pub request: u64,
}

/// A delivery that may be carried once the decision is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Sequence of its `delivery.began`.
    pub delivery: u64,
    /// The request.
    pub request: u64,
    /// The court.
    pub court: String,
    /// The version that the court had before.
    pub previous: u64,
}

/// The answer to a command, given out once the decision is durable.
pub enum Answer {
    /// Nothing to tell but that it is done; the sequence of the event that says so (the version).
    Done(u64),
    /// A request was accepted with this event, now or earlier.
    Accepted(u64),
    /// A document was stored with this event.
    Stored(u64),
    /// The list for a pulling partner: acts by slip, in order.
    List(Vec<Index>),
    /// One verdict per line.
    Imported(Vec<Result<TakenOver, Refusal>>),
    /// What became of each line of a statement.
    Settled(Vec<SettledHow>),
    /// One verdict per item.
    Verdicts(Vec<(String, Result<(), Untaken>)>),
}

/// A decision: atomic, written together or not at all.
pub struct Decision {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The first event's sequence.
    pub first: u64,
    /// What may leave once they are durable.
    pub effects: Vec<Effect>,
    /// What may be carried to courts once they are durable.
    pub outgoing: Vec<Outgoing>,
    /// Reminders that may be carried once they are durable.
    pub reminding: Vec<Reminding>,
    /// Requests that were finished by it.
    pub closed: Vec<ClosedRequest>,
    /// Requests that it touched, for those who wait for a new version.
    pub touched: Vec<u64>,
    /// What is destroyed once they are durable.
    pub erased: Vec<Erased>,
    /// Idempotency keys that are free again with it.
    pub freed: Vec<(u64, u64)>,
    /// The answer.
    pub answer: Result<Answer, Refusal>,
}

/// A finished request, as the index keeps it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct ClosedRequest {
    /// Sequence of its `request.accepted`.
    pub sequence: u64,
    /// Sequence of its `request.finished`.
    pub version: u64,
    /// Sequence of its case's first request.
    pub case: u64,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// Court.
    pub court: String,
    /// `look`, `secure`, `collect`, `acts`.
    pub goal: String,
    /// `finished` or `stopped`.
    pub state: String,
    /// How many acts it had.
    pub acts: u32,
    /// Partners that had one of them.
    pub partners: Vec<String>,
    /// Secret: the only tokens that may see it; empty = not secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub viewers: Vec<String>,
    /// Its slips at pulling partners, whose feedback may come late.
    #[serde(skip)]
    pub slips: Vec<u64>,
    /// Sequences of the events that touched it, the last one included; in the index a long list stands apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<u64>,
    /// It had ended before, and this is news about it: other news may stand beside it that this does not know.
    #[serde(skip)]
    pub again: bool,
}

impl ClosedRequest {
    /// Adds events that others know of it, in order and each once.
    pub(crate) fn join(&mut self, events: &[u64]) {
        self.events.extend_from_slice(events);
        self.events.sort_unstable();
        self.events.dedup();
    }
}

/// A document whose own key is destroyed; its blob goes too when nothing references it.
pub struct Erased {
    /// Slot of its key.
    pub slot: u64,
    /// Its blob, hex, when that goes too.
    pub blob: Option<String>,
}
