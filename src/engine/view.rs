//! Views: what the engine shows to the web floor; plain structs, personal values still wrapped.

pub mod evidence;
mod measure;
mod settlement;

use domain::act::ActOrder;
use domain::case::{HaltCause, Officer, Paper};
use domain::ledger::Ledger;
use domain::outcome::{FoundAccount, Lead, Outcome};
use domain::request::{PartnerKind, RequestState};
use domain::sentence::Sentence;
use domain::socket::Cause;
use domain::stop::StopScope;
use domain::task::{TaskEnd, TaskKind};
use domain::{
    ActId, ActKind, ActState, CaseId, Day, MeasureId, Millis, Money, Personal, RequestId, SlipLine, StopId, TaskId,
};

use crate::refusal::Refusal;

pub use self::evidence::{AccountEnd, ApplicantFound, ApplicantResult, ApplicantSums, ApplicantView, EvidenceView};
pub use self::measure::{IMPORT_ROWS_MAX, ImportRow, ImportVerdict, MeasureFilter, MeasureLine};
pub use self::settlement::{Difference, Listed, ReconciledView, SettlementLine, Statement};

/// Whom a call comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Name of the token, as it stands in leaves and logs.
    pub token: String,
    /// The court the token belongs to; `None` = a token of the gateway (operator, auditor) that sees all courts.
    pub court: Option<String>,
    /// The partner whose clerk holds it; `None` = nobody's clerk.
    pub partner: Option<String>,
    /// A person's token (reads are recorded each time) or a machine's (once per version).
    pub is_person: bool,
    /// Whoever runs the gateway, who also writes down what partners send on paper.
    pub is_operator: bool,
}

impl Caller {
    /// May this token see a request with these viewers (rule D5)? A secret one shows itself to nobody else, auditors and operators included.
    #[must_use]
    pub fn may_see(&self, viewers: &[String]) -> bool {
        viewers.is_empty() || viewers.contains(&self.token)
    }

    /// What stands on people's word is not for a system's token, whatever its role.
    ///
    /// # Errors
    /// [`Refusal::PersonNeeded`].
    pub fn check_person(&self) -> Result<(), Refusal> {
        if self.is_person { Ok(()) } else { Err(Refusal::PersonNeeded) }
    }

    /// May this token speak for a partner? The partner's own, its clerks' and an operator's may; every other partner's is refused.
    #[must_use]
    pub fn speaks_for(&self, partner: &str) -> bool {
        self.is_operator || self.partner.as_deref().map_or(self.token == partner, |own| own == partner)
    }
}

/// Our signed proof that something is in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Place in journal and trail.
    pub sequence: u64,
    /// RFC 6962 leaf hash.
    pub leaf_hash: [u8; 32],
    /// Ed25519 over the canonical receipt.
    pub signature: [u8; 64],
}

/// A stored document.
pub struct DocumentStored {
    /// `sha256:` and hex of the plaintext.
    pub digest: String,
    /// Our proof.
    pub receipt: Receipt,
}

/// A document read back.
pub struct DocumentRead {
    /// As uploaded.
    pub content_type: String,
    /// As uploaded.
    pub file_name: Personal<String>,
    /// The bytes.
    pub bytes: Personal<Vec<u8>>,
}

/// The answer to an accepted request; a function of its event alone, so a repeat gives the same bytes.
#[derive(Clone)]
pub struct Accepted {
    /// Its id.
    pub request: RequestId,
    /// Its case.
    pub case: CaseId,
    /// How many acts were planned at once.
    pub acts: u32,
    /// When.
    pub at: Millis,
    /// `look`, `secure`, `collect`, `acts`.
    pub goal: String,
    /// Our proof.
    pub receipt: Receipt,
}

/// A request with a page of its acts.
#[derive(Clone)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// Its case.
    pub case: CaseId,
    /// 案号.
    pub case_number: Personal<String>,
    /// 案号 of the preservation whose measures it took over.
    pub preservation: Option<Personal<String>>,
    /// Court code.
    pub court: String,
    /// `look`, `secure`, `collect`, `acts`.
    pub goal: String,
    /// Where it stands.
    pub state: RequestState,
    /// Somebody asked it to stop; open acts may still answer.
    pub stopping: bool,
    /// Sequence of the last event that touched it.
    pub version: u64,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// Nothing new starts after this.
    pub deadline: Option<Millis>,
    /// Sums over the case.
    pub ledger: Ledger,
    /// How many acts are in each state, in the order of [`ActState::ALL`].
    pub counts: Vec<(ActState, u32)>,
    /// A page of acts, in the order they were planned.
    pub acts: Vec<ActView>,
    /// Where the next page begins; `None` at the end.
    pub next_page: Option<u32>,
    /// What partners told unasked, oldest first; the newest [`LEADS_SHOWN_MAX`].
    pub leads: Vec<LeadView>,
    /// The case's key was destroyed: names and sums are gone, proofs stay.
    pub erased: bool,
    /// What its court has of it, while that is remembered; `None` when nothing is to be delivered.
    pub delivery: Option<DeliveryView>,
    /// Its goal repeats until it is met.
    pub repeat: Option<RepeatView>,
    /// Nothing more is done to the property in its case, and why.
    pub halted: Option<HaltCause>,
    /// Kinds of acts that an emergency stop keeps from being ordered for its goal; what is ordered already says so itself.
    pub stopped: Vec<ActKind>,
}

/// A goal that repeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RepeatView {
    /// The newest round; 0 = the first asking.
    pub round: u32,
    /// When its days are over.
    pub until: Millis,
    /// When the next round is, in a sentence.
    pub next: Sentence,
}

/// What a court has of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryView {
    /// `waiting`, `under_way`, `delivered`, `given_up`.
    pub state: &'static str,
    /// The version that the court has acknowledged; 0 = none.
    pub acknowledged: u64,
    /// Attempts so far for what is new.
    pub tries: u32,
    /// When the next one is due.
    pub due: Option<Millis>,
}

/// One attempt at a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttemptView {
    /// Sequence of its `delivery.ended`.
    pub sequence: u64,
    /// When it ended.
    pub at: Millis,
    /// `acknowledged`, `not_acknowledged`, `given_up`.
    pub judged: String,
    /// What was seen, when it was not acknowledged.
    pub cause: String,
    /// The version that it carried.
    pub version: u64,
    /// The version that the court had before.
    pub previous: u64,
    /// When it goes again.
    pub due: Option<Millis>,
}

/// The deliveries to one court together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CourtView {
    /// Court code.
    pub court: String,
    /// Requests with something that is not acknowledged.
    pub waiting: u64,
    /// Since when the oldest of them is due.
    pub oldest_due: Option<Millis>,
    /// Attempts under way.
    pub in_flight: u64,
    /// Requests whose last try failed, as far as they are remembered.
    pub given_up: u64,
    /// The breaker rests until then.
    pub broken_until: Option<Millis>,
    /// Public keys that deliveries are signed with, `whpk_…`, newest first.
    pub keys: Vec<String>,
}

/// The most leads shown with a request.
pub const LEADS_SHOWN_MAX: usize = 100;

/// A lead.
#[derive(Clone)]
pub struct LeadView {
    /// When it was recorded.
    pub at: Millis,
    /// Sequence of its event.
    pub sequence: u64,
    /// The act that it is about.
    pub act: ActId,
    /// The partner.
    pub partner: String,
    /// What it says.
    pub lead: Lead,
}

/// One act.
#[derive(Clone)]
pub struct ActView {
    /// Its id.
    pub id: ActId,
    /// Its key for the partner.
    pub slip: SlipLine,
    /// What was ordered.
    pub order: ActOrder,
    /// Where it stands.
    pub state: ActState,
    /// How many exchanges carried it.
    pub exchanges: u32,
    /// What the partner said, oldest first.
    pub outcomes: Vec<OutcomeView>,
    /// The effect in force, when there is one.
    pub measure: Option<MeasureView>,
    /// Something of its order or of what was said of it cannot be read: its key or file is damaged. Its state is what the trail tells.
    pub unreadable: bool,
    /// What happened, who acts next, by when.
    pub next: Sentence,
}

impl ActView {
    /// What the query found, all outcomes taken together: where an answer came in parts, the newest word about each account.
    #[must_use]
    pub fn accounts(&self) -> Vec<&FoundAccount> {
        let mut standing: Vec<&FoundAccount> = Vec::new();
        for outcome in self.outcomes.iter().map(|view| &view.outcome) {
            if !outcome.in_part {
                standing.clear();
            }
            for account in &outcome.accounts {
                match standing.iter_mut().find(|known| outcome.in_part && known.is_same(account)) {
                    Some(known) => *known = account,
                    None => standing.push(account),
                }
            }
        }
        standing
    }

    /// Did its answer come in more than one message?
    #[must_use]
    pub fn came_in_parts(&self) -> bool {
        self.outcomes.iter().filter(|view| view.outcome.in_part).nth(1).is_some()
    }
}

/// One outcome.
#[derive(Clone)]
pub struct OutcomeView {
    /// When it was recorded.
    pub at: Millis,
    /// Sequence of its event.
    pub sequence: u64,
    /// What it said.
    pub outcome: Outcome,
}

/// An effect in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MeasureView {
    /// What we ordered, less what was moved.
    pub limit: Money,
    /// What is held now.
    pub caught: Money,
    /// Last day, inclusive.
    pub to: Option<Day>,
    /// Registered behind others.
    pub queued: bool,
    /// Rank as the partner registered it; `None` = not known.
    pub rank: Option<u16>,
}

/// Something that a person has to do.
#[derive(Clone)]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// What.
    pub kind: TaskKind,
    /// Since when.
    pub at: Millis,
    /// By when.
    pub due: Option<Millis>,
    /// Whose; empty = the operators'.
    pub court: String,
    /// The case it is about.
    pub case: Option<CaseId>,
    /// The act it is about; of a line of a statement the event that holds it.
    pub act: Option<ActId>,
    /// The measure it is about.
    pub measure: Option<MeasureId>,
    /// The partner it is about; empty = none.
    pub partner: String,
    /// The court's policy does what it proposes, unless a person is quicker.
    pub automatic: bool,
    /// A sum.
    pub amount: Option<Money>,
    /// In words.
    pub text: Personal<String>,
}

/// Which tasks are wanted.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct TaskFilter {
    /// Of this kind.
    pub kind: Option<TaskKind>,
    /// Of this court.
    pub court: Option<String>,
    /// About this partner.
    pub partner: Option<String>,
    /// After the task of this sequence.
    pub cursor: Option<u64>,
    /// At most so many; 1..=200.
    pub limit: u16,
}

/// A person's word that a task is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskEnding {
    /// Which.
    pub id: TaskId,
    /// How.
    pub end: TaskEnd,
    /// Why.
    pub reason: String,
}

/// A person's word that what a task proposes is to be done.
pub struct TaskAcceptance {
    /// Which.
    pub id: TaskId,
    /// Why.
    pub reason: String,
    /// Papers for it, beside those of the request that ordered the measure.
    pub papers: Vec<Brought>,
    /// In whose names; empty = those of that request.
    pub officers: Vec<Officer>,
}

/// A paper that somebody brings.
pub struct Brought {
    /// The paper.
    pub paper: Paper,
    /// Where it stands in what was sent, as a JSON pointer.
    pub at: String,
}

/// One line of a list of requests; nothing personal in it but the case number.
#[derive(Clone)]
pub struct RequestLine {
    /// Its id.
    pub id: RequestId,
    /// Court code.
    pub court: String,
    /// `look`, `secure`, `collect`, `acts`.
    pub goal: String,
    /// Where it stands.
    pub state: RequestState,
    /// Version.
    pub version: u64,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// How many acts so far.
    pub acts: u32,
    /// How many of them are final.
    pub acts_final: u32,
}

/// What to list.
#[derive(Clone, Default)]
pub struct RequestFilter {
    /// Of this case number (within the caller's court, or any for gateway tokens).
    pub case_number: Option<Personal<String>>,
    /// In this state.
    pub state: Option<RequestState>,
    /// With an act at this partner.
    pub partner: Option<String>,
    /// Continue after this (a sequence, as text in the API).
    pub cursor: Option<u64>,
    /// At most so many, 1..=200.
    pub limit: u16,
}

/// A page of a list.
pub struct Page<T> {
    /// The lines, newest first.
    pub lines: Vec<T>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// The index is still being refilled up to here; older lines may be missing. `None` = complete.
    pub filled_to: Option<u64>,
}

/// An event as shown to those who may see the request.
pub struct EventView {
    /// Place in journal and trail.
    pub sequence: u64,
    /// When.
    pub at: Millis,
    /// The leaf, canonical JSON.
    pub leaf: Vec<u8>,
}

/// A leaf with its proof against the newest signed checkpoint that covers it.
pub struct EntryView {
    /// The leaf, canonical JSON.
    pub leaf: Vec<u8>,
    /// Its place.
    pub index: u64,
    /// Size of the tree that the proof is for.
    pub tree_size: u64,
    /// Hashes from the leaf up.
    pub proof: Vec<[u8; 32]>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// A partner and its lane.
#[derive(Clone)]
pub struct PartnerView {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Industry; `None` = its file is missing, and nothing else says it.
    pub kind: Option<PartnerKind>,
    /// `pull` or `call_out`; `None` = its file is missing.
    pub travel: Option<&'static str>,
    /// Acts it takes.
    pub acts: Vec<ActKind>,
    /// How far it has come; narrows the acts. `None` = its file is missing.
    pub stage: Option<domain::partner::Stage>,
    /// Acts that it has answered, since the gateway first knew it.
    pub answered: u64,
    /// When it last called us (a list, a feedback, a callback) since this process started.
    pub last_call: Option<Millis>,
    /// When an exchange with it or a sweep of its mailbox last came to nothing since this process started, and why.
    pub last_failure: Option<(Millis, Cause)>,
    /// Acts in each open state, and since when the oldest has been in it (`None` when there is none, or each waits for an earlier act).
    pub waiting: Vec<(ActState, u64, Option<Millis>)>,
    /// Exchanges under way.
    pub in_flight: u32,
    /// Paused: by whom, until when.
    pub paused: Option<(String, Millis)>,
    /// The breaker rests until then.
    pub broken_until: Option<Millis>,
    /// Closed until then.
    pub opens_at: Option<Millis>,
    /// Acts that have been with it longer than agreed; in an inbox also those that nobody has looked at for so long.
    pub overdue: u64,
    /// How its clerks are reminded, when it is an inbox whose file says so.
    pub reminder: Option<crate::inbox::ReminderView>,
    /// Taken out of the config while acts are open there.
    pub retired: bool,
}

impl PartnerView {
    /// Of all that was to be answered by now, what was, in hundredths of a per cent; `None` when nothing was.
    #[must_use]
    pub fn answer_rate(&self) -> Option<u64> {
        let due = self.answered.saturating_add(self.overdue);
        self.answered.saturating_mul(10_000).checked_div(due)
    }
}

/// An emergency stop in force.
pub struct StopView {
    /// Its id.
    pub id: StopId,
    /// What it holds back.
    pub scope: StopScope,
    /// Name of the token that ordered it.
    pub by: String,
    /// A court's person ordered it for that court, whose approvers may lift it.
    pub own: bool,
    /// When.
    pub at: Millis,
    /// In the person's words; empty when it cannot be read.
    pub reason: Personal<String>,
    /// Who wants it lifted, since when; the word of a second person is needed within a day of it.
    pub lift: Option<(String, Millis)>,
}

/// A word that a case is to be erased, entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CaseErasure {
    /// Sequence of its event.
    pub sequence: u64,
    /// It was the second person's: the case is erased.
    pub erased: bool,
}

/// What a person's word that a stop may be lifted came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifted {
    /// Sequence of its event.
    pub sequence: u64,
    /// It is lifted; else it is the first word and a second person is needed.
    pub lifted: bool,
}

/// What a person's word about a doubt came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The request's version now.
    pub version: u64,
    /// The doubt is over; else another person must say the same.
    pub settled: bool,
    /// Two people have said different things of it; this word waits now.
    pub differs: bool,
}

/// A command to settle an act in doubt.
pub struct Resolution {
    /// What the partner's paper says: did it take effect?
    pub took_effect: bool,
    /// The sum held or moved, when it did.
    pub amount: Option<Money>,
    /// `sha256:…` of the partner's paper, stored before.
    pub document: String,
    /// In the person's words.
    pub reason: String,
}

/// How the gateway is.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// It takes requests.
    pub ready: bool,
    /// Why not, for operators; nothing personal.
    pub reasons: Vec<String>,
    /// Events in the journal that are durable.
    pub durable: u64,
    /// Events that the index holds.
    pub indexed: u64,
    /// Size that the newest signed checkpoint covers.
    pub checkpoint_size: u64,
    /// Open requests in memory.
    pub open_requests: u64,
    /// Open acts in memory.
    pub open_acts: u64,
    /// Emergency stops in force.
    pub stops: u64,
    /// Keys and events known to be there and unreadable.
    pub unreadable: u64,
}

/// Counters since start, for `/metrics`; names as they stand there.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// `(name, labels, value)`; labels are `key="value"` already escaped; only ids and words.
    pub values: Vec<(&'static str, String, u64)>,
}
