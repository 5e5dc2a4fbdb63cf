//! The open state: everything that can still change. A fold over events; nothing in it is decided here.

pub mod act;
pub mod books;
pub mod claim;
pub mod delivery;
pub mod erased;
pub mod few;
pub mod found;
mod gone;
pub mod hash;
pub(crate) mod held;
mod joined;
pub mod lane;
pub mod left_out;
pub mod measure;
pub mod proof;
pub mod record;
pub mod reminder;
mod renewal;
pub mod settlement;
pub mod slab;
pub mod stand_in;
pub mod stop;
pub mod task;

use std::collections::BTreeMap;

use domain::case::HaltCause;
use domain::ledger::Ledger;
use domain::request::{Goal, Priority, Repeat, RequestState};
use domain::{ActId, CaseId, Millis, RequestId, SlipNumber};
use serde::{Deserialize, Serialize};

pub use act::Act;
pub use books::origin_key;
use few::Few;
pub use found::{Found, Part};
pub(crate) use gone::LetGo;
use hash::Map;
use lane::Lane;
pub use measure::{Measure, Taking};
use slab::{Index, NONE, Slab};
pub use task::Task;

/// A case in memory.
#[derive(Clone, Serialize, Deserialize)]
pub struct Case {
    /// Sequence of its first request.
    pub sequence: u64,
    /// Keyed hash of court and case number.
    pub key: (u64, u64),
    /// Its data key's slot.
    pub slot: u64,
    /// Its number as papers name it, hashed by [`books::paper_key`].
    pub number: u64,
    /// Court, as an index into [`State::words`].
    pub court: u16,
    /// Its sums; claim and costs as they were said last.
    #[serde(with = "books::sums")]
    pub ledger: Ledger,
    /// Its open requests.
    pub requests: Few<Index>,
    /// Its measures: those that live, and those that an open act makes or builds on.
    pub measures: Vec<Index>,
    /// Money that was taken, or is to be.
    pub takings: Few<Index>,
    /// Keyed hashes of the parties whose bankruptcy a court has accepted (rule D28).
    pub bankrupt: Few<u64>,
    /// Nothing more is done to the property in it (rules D27, D28).
    pub halted: Option<Box<Halted>>,
    /// Keyed hashes of the parties whose notice (rule D20) was raised.
    pub told: Few<u64>,
    /// The court lets the applicant see what came of its requests (rule D34).
    pub applicant: bool,
    /// Sequences of the events about it that belong to none of its requests, the newest [`proof::CASE_EVENTS_MAX`].
    pub events: Few<u64>,
    /// Idempotency keys of its requests: they are kept as long as it.
    pub keys: Few<(u64, u64)>,
}

/// What keeps a case from going on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Halted {
    /// Sequence of its `case.halted`.
    pub sequence: u64,
    /// Name of the token that said so.
    pub by: String,
    cause: u8,
}

impl Halted {
    pub(crate) fn new(sequence: u64, by: &str, cause: HaltCause) -> Self {
        Self { sequence, by: by.to_owned(), cause: cause.code() }
    }

    /// Why.
    #[must_use]
    pub fn cause(&self) -> HaltCause {
        HaltCause::from_code(self.cause).unwrap_or(HaltCause::Bankruptcy)
    }
}

/// An open request in memory.
#[derive(Clone, Serialize, Deserialize)]
pub struct OpenRequest {
    /// Sequence of its `request.accepted`.
    pub sequence: u64,
    /// Sequence of the last event that touched it.
    pub version: u64,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// Nothing new starts after this; 0 = no deadline.
    pub deadline: Millis,
    /// Its case.
    pub case: Index,
    /// How many acts are final.
    pub finals: u32,
    /// Court, as an index into [`State::words`].
    pub court: u16,
    /// Token, as an index into [`State::words`].
    pub token: u16,
    /// Code of the goal; 0 = explicit acts.
    pub goal: u8,
    /// Code of the priority.
    pub priority: u8,
    /// Somebody stopped it.
    pub stopping: bool,
    /// Its deadline passed.
    pub overdue: bool,
    /// Hashes of the tokens that approved it.
    pub approvals: Vec<u32>,
    /// Its acts, in the order they were planned.
    pub acts: Vec<Index>,
    /// What its queries found.
    pub found: Vec<Found>,
    /// The messages in which answers to its queries came, where they came in parts; at most [`found::PARTS_MAX`] a query.
    pub parts: Vec<Part>,
    /// Sequences of the events that touched it: its own history, written to the index when it is finished.
    pub events: Vec<u64>,
    /// Sequences of the leads among them.
    pub leads: Vec<u64>,
    /// The officers it is made for, as [`officer_key`] has them.
    pub officers: Vec<u64>,
    /// Secret: the tokens that may see it besides its own, as indices into [`State::words`]; empty = not secret.
    pub viewers: Vec<u16>,
    /// Days and hours by which its goal repeats; `None` = it does not, or no more.
    pub repeat: Option<(u16, u16)>,
    /// The newest round; 0 = the first asking.
    pub round: u32,
    /// Sequence of the `goal.repeated` that began it; 0 = the first asking.
    pub round_began: u64,
}

/// By which an officer is found in a partner's register.
#[must_use]
pub fn officer_key(work_id: &str, duty_id: &str) -> u64 {
    short_hash(&[work_id.trim(), duty_id.trim()])
}

impl OpenRequest {
    /// Its goal.
    #[must_use]
    pub fn goal(&self) -> Option<Goal> {
        Goal::from_code(self.goal)
    }

    /// Its priority.
    #[must_use]
    pub fn priority(&self) -> Priority {
        Priority::from_code(self.priority).unwrap_or(Priority::Normal)
    }

    /// How its goal repeats, while it does.
    #[must_use]
    pub fn repeat(&self) -> Option<Repeat> {
        self.repeat.filter(|_| self.may_start()).map(|(days, every_hours)| Repeat { days, every_hours })
    }

    /// When its goal asks again; `None` = it does not, or its days are over by then.
    #[must_use]
    pub fn next_round_at(&self) -> Option<Millis> {
        self.repeat()?.due_at(self.accepted_at, self.round.saturating_add(1))
    }

    /// May something new start for it?
    #[must_use]
    pub fn may_start(&self) -> bool {
        !self.stopping && !self.overdue
    }

    /// How it will be called once every act is final.
    #[must_use]
    pub fn end_state(&self) -> RequestState {
        if self.stopping { RequestState::Stopped } else { RequestState::Finished }
    }
}

/// A stored document that may still be referenced.
#[derive(Clone, Serialize, Deserialize)]
pub struct Document {
    /// Sequence of its `document.stored`.
    pub sequence: u64,
    /// Slot of its key.
    pub slot: u64,
    /// The blob, hex.
    pub blob: String,
    /// Plaintext length.
    pub bytes: u64,
    /// As uploaded.
    pub content_type: String,
    /// Court, as an index into [`State::words`].
    pub court: u16,
    /// When it was stored.
    pub at: Millis,
    /// Some request references it.
    pub referenced: bool,
    /// One that is not secret, or an import, does.
    pub shown: bool,
    /// Who may see a secret request that references it (rule D5), each once, as indices into [`State::words`].
    pub readers: Vec<u16>,
}

impl Document {
    /// May a token of its court read it, as far as what references it says? What nothing references yet is the court's.
    #[must_use]
    pub fn is_shown_to(&self, token: Option<u16>) -> bool {
        !self.referenced || self.shown || token.is_some_and(|token| self.readers.contains(&token))
    }
}

/// What a used idempotency key stands for.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Keyed {
    /// The request.
    pub request: u64,
    /// Keyed hash of its body.
    pub fingerprint: (u64, u64),
}

/// The open state.
#[derive(Default)]
pub struct State {
    /// The next sequence.
    pub next: u64,
    /// Time of the newest event.
    pub at: Millis,
    /// The next slip counter.
    pub next_slip: u64,
    /// The highest key slot that any event names: none up to it is ever handed out again.
    pub slot_highest: u64,
    /// Keys that stand in for others that could not be read.
    pub stand_ins: stand_in::StandIns,
    /// Cases that a start left out because their content is lost; they are folded by their leaves alone.
    pub left_out: left_out::LeftOut,
    /// Cases that came back and had been opened anew meanwhile; a handful.
    pub(crate) joined: joined::Joined,
    /// What stands of cases that are erased.
    pub erased_cases: erased::ErasedCases,
    /// Words of first persons that a case is to be erased, by the slot of its key; whatever else is said of the case ends one.
    pub(crate) erasures: BTreeMap<u64, erased::Erasure>,
    /// Measures that went over from a preservation to an enforcement, each with the sequence of the case whose key seals what was ordered.
    pub(crate) went_over: BTreeMap<u64, u64>,
    /// Fence of the newest run.
    pub epoch: u64,
    /// Digest of the configuration in force.
    pub config_digest: String,
    /// Court codes and token names, each once.
    pub words: Vec<String>,
    /// Cases.
    pub cases: Slab<Case>,
    /// Open requests.
    pub requests: Slab<OpenRequest>,
    /// Acts of open requests.
    pub acts: Slab<Act>,
    /// What stands at partners, or is ordered to.
    pub measures: Slab<Measure>,
    /// Money that was taken, or is to be.
    pub takings: Slab<Taking>,
    /// What acts of finished requests gave back, by the place of the act as [`books::id_key`] has it; courts order few of them.
    pub returns: BTreeMap<u64, measure::Return>,
    /// What was ordered of freezes of which more was told than that, by sequence and place; a handful.
    pub(crate) ordered_less: BTreeMap<u64, i64>,
    /// What renewals made of the ends of what stands.
    pub(crate) renewals: renewal::Renewals,
    /// What is used up or let go, and would stand still.
    pub(crate) gone: gone::Gone,
    /// What releases of finished requests let go.
    pub(crate) releases: gone::Releases,
    /// Measures that came to stand by late word after all, by the one that their act had made, which was forgotten; a handful.
    pub(crate) again: BTreeMap<u64, u64>,
    /// The only tokens that may see what a secret request planned, as indices into [`State::words`], by the sequence of the plan: few
    /// requests are secret, and a measure outlives its request by years.
    pub(crate) viewers: BTreeMap<u64, Vec<u16>>,
    /// What people have to do, by the sequence of its `task.raised`.
    pub tasks: BTreeMap<u64, Task>,
    /// Lanes, in order of first sight.
    pub lanes: Vec<Lane>,
    /// Documents by keyed digest.
    pub documents: BTreeMap<(u64, u64), Document>,
    /// Their keyed digests by the sequence of their `document.stored`, which is the order of their age.
    pub(crate) document_keys: BTreeMap<u64, (u64, u64)>,
    /// Idempotency keys, kept as long as the case; 64 bytes each, with the list of their case.
    pub idempotency: Map<(u64, u64), Keyed>,
    /// Key slots of documents and cases erased since the state was loaded; their destruction is repeated at a start, and is harmless
    /// twice. No snapshot holds them, because none is made before they are destroyed.
    pub erased: Vec<u64>,
    /// What was read of which request by which machine: hash to version; at most [`READS_MAX`].
    pub reads: Map<u64, u64>,
    /// Leads that came: hash of act and the partner's own number to sequence; at most [`LEADS_MAX`].
    pub leads: Map<u64, u64>,
    /// What courts have of their requests.
    pub deliveries: delivery::Deliveries,
    /// Today in Asia/Shanghai as a day count, as whoever decides has it; no event says it, and no snapshot holds it.
    pub(crate) today: i32,
    /// Emergency stops in force, by sequence; at most [`crate::decide::STOPS_MAX`] beside those of everything.
    pub stops: BTreeMap<u64, stop::Stop>,
    /// Acts that clerks have taken from inboxes; at most [`claim::CLAIMS_MAX`].
    pub claims: claim::Claims,
    /// What clerks were reminded of, by partner.
    pub reminders: BTreeMap<String, reminder::Reminder>,
    /// What may have held acts back, oldest first; at most [`proof::HOLDS_MAX`].
    pub holds: std::collections::VecDeque<proof::Hold>,
    /// Notices owed to debtors: the decision that owes one raises it.
    pub(crate) notices: BTreeMap<(Index, u64), store::record::ActRef>,
    /// Freezes that came to an end since this was last emptied, by case, request and property: other requests of the case may wait for
    /// them.
    pub(crate) freezes_ended: Vec<(Index, Index, u64)>,
    /// Cases by keyed hash.
    pub(crate) case_by_key: Map<(u64, u64), Index>,
    /// Cases by the sequence of their first event.
    pub(crate) case_by_sequence: Map<u64, Index>,
    /// Lapsed measures that are still remembered, by their last day.
    pub(crate) lapsed: std::collections::BTreeSet<(i32, Index)>,
    /// Plans by sequence: the request and where in its acts the plan begins.
    pub(crate) plans: Map<u64, (Index, u32)>,
    /// Slips: the first act on each.
    pub(crate) slips: Map<u64, Index>,
    /// Measures by sequence and place.
    pub(crate) measure_by_id: Map<u64, Index>,
    /// Measures by their number at their partner.
    pub(crate) measure_by_origin: Map<u64, Index>,
    /// Takings by the sequence and place of their act.
    pub(crate) taking_by_id: Map<u64, Index>,
    /// Takings by slip and line.
    pub(crate) taking_by_slip: BTreeMap<(u64, u16), Index>,
    /// Takings of which less came in than was reported, by when that was.
    pub(crate) unsettled: std::collections::BTreeSet<(Millis, Index)>,
    /// Lines of account statements that were seen, by keyed hash; 24 bytes each, for as long as the directory lives.
    pub settled_lines: BTreeMap<u64, u64>,
    /// Live measures by their last day.
    pub(crate) expiring: std::collections::BTreeSet<(i32, Index)>,
    /// Open tasks by what they are about.
    pub(crate) task_by_key: Map<u64, u64>,
    /// Open tasks that follow the sums of their case, as those that propose releases do, by its sequence.
    pub(crate) proposals: Map<u64, Vec<u64>>,
    /// Cases whose sums changed while something was over or proposed, since this was last emptied.
    pub(crate) disturbed: std::collections::BTreeSet<Index>,
    /// Open tasks whose measure ended or was renewed: the decision that did it ends them.
    pub(crate) moot: std::collections::BTreeSet<u64>,
    /// Measures whose end may have to be told today though the day's look has passed them, or is yet to come there; whoever decides
    /// looks at them with the next tick.
    pub(crate) ends_stirred: std::collections::BTreeSet<Index>,
    /// Freezes that may hold less than open deductions claim of them, since this was last emptied: whoever decides looks.
    pub(crate) overclaimed: std::collections::BTreeSet<Index>,
    /// Ready acts that their partner's settings may hold and of which that was not told, since this was last emptied.
    pub(crate) to_hold: std::collections::BTreeSet<Index>,
    /// Acts of which it was told that their partner's settings hold them.
    pub(crate) held_acts: std::collections::BTreeSet<Index>,
    /// Those of which it must be looked whether they still do: settings or the day changed.
    pub(crate) to_free: std::collections::BTreeSet<Index>,
    /// Who waits for whose end.
    pub(crate) waiters: Map<Index, Vec<Index>>,
    /// Lanes by partner id.
    pub(crate) lane_by_partner: BTreeMap<String, u16>,
    /// Lanes that may have something to do since this was last emptied; in order, each once.
    pub(crate) stirred: std::collections::BTreeSet<u16>,
    /// Deadlines of open requests.
    pub(crate) deadlines: std::collections::BTreeSet<(Millis, Index)>,
}

/// The most remembered machine reads; beyond it all are forgotten, and a read may be recorded twice.
pub const READS_MAX: usize = 65_536;

/// The most freezes whose end is remembered for a decision: it looks at them itself, and a state that is only folded has no use for them.
const FREEZES_ENDED_MAX: usize = 65_536;

/// The most remembered leads; beyond it all are forgotten, and a repeated one may be recorded twice.
pub const LEADS_MAX: usize = 65_536;

impl State {
    /// Remembers that a freeze came to an end, where another request of its case may wait for it.
    pub(crate) fn freeze_ended(&mut self, request: Index, asset: u64) {
        let Some(case) = self.requests.get(request).map(|open| open.case) else { return };
        if self.cases.get(case).is_some_and(|case| case.requests.len() > 1) {
            if self.freezes_ended.len() >= FREEZES_ENDED_MAX {
                self.freezes_ended.clear();
            }
            self.freezes_ended.push((case, request, asset));
        }
    }

    /// An act of an open request.
    #[must_use]
    pub fn act_index(&self, id: ActId) -> Option<Index> {
        let (request, start) = self.plans.get(&id.sequence)?;
        let place = start.checked_add(id.line)?;
        let index = *self.requests.get(*request)?.acts.get(place as usize)?;
        self.acts.get(index).filter(|act| act.id() == id).map(|_| index)
    }

    /// An open request.
    #[must_use]
    pub fn request_index(&self, id: RequestId) -> Option<Index> {
        let (request, start) = *self.plans.get(&id.0)?;
        (start == 0 && self.requests.get(request)?.sequence == id.0).then_some(request)
    }

    /// The acts on a slip, in line order.
    #[must_use]
    pub fn slip_acts(&self, slip: SlipNumber) -> Vec<Index> {
        let Some(first) = self.slips.get(&slip.bits()).and_then(|index| self.acts.get(*index)) else {
            return Vec::new();
        };
        let Some(request) = self.requests.get(first.request) else { return Vec::new() };
        let start = self.plans.get(&first.sequence).map_or(0, |(_, start)| *start as usize) + first.place as usize;
        let same = |index: &&Index| self.acts.get(**index).is_some_and(|act| act.slip == slip.bits());
        request.acts.iter().skip(start).take_while(same).copied().collect()
    }

    /// Every act of a case's open requests.
    pub fn acts_of_case(&self, case: Index) -> impl Iterator<Item = (Index, &Act)> {
        let case = self.cases.get(case);
        let open = case.into_iter().flat_map(|case| &case.requests).filter_map(|request| self.requests.get(*request));
        open.flat_map(|request| &request.acts).filter_map(|index| Some((*index, self.acts.get(*index)?)))
    }

    /// The lane of a partner.
    #[must_use]
    pub fn lane_of(&self, partner: &str) -> Option<u16> {
        self.lane_by_partner.get(partner).copied()
    }

    /// The lane.
    #[must_use]
    pub fn lane(&self, lane: u16) -> Option<&Lane> {
        self.lanes.get(usize::from(lane))
    }

    /// The partner id of a lane.
    #[must_use]
    pub fn partner_of(&self, lane: u16) -> &str {
        self.lane(lane).map_or("", |lane| lane.record.partner.as_str())
    }

    /// Documents, the oldest first.
    pub fn documents_by_age(&self) -> impl Iterator<Item = &Document> {
        self.document_keys.values().filter_map(|key| self.documents.get(key))
    }

    /// The key slots of everything in memory: of cases, of documents that live, and those that stand in for them.
    #[must_use]
    pub fn open_keys(&self) -> std::collections::BTreeSet<u64> {
        let documents = self.documents.values().map(|document| document.slot);
        let mut slots: std::collections::BTreeSet<u64> =
            self.cases.iter().map(|(_, case)| case.slot).chain(documents).collect();
        let stand_ins: Vec<u64> =
            self.stand_ins.all().filter(|(_, slot)| slots.contains(slot)).map(|(stand_in, _)| stand_in).collect();
        slots.extend(stand_ins);
        slots
    }

    /// The case's id.
    #[must_use]
    pub fn case_id(&self, case: Index) -> CaseId {
        CaseId(self.cases.get(case).map_or(0, |case| case.sequence))
    }

    /// A court code or token name.
    #[must_use]
    pub fn word(&self, word: u16) -> &str {
        self.words.get(usize::from(word)).map_or("", String::as_str)
    }

    /// The index of a word, when it is one.
    #[must_use]
    pub fn word_of(&self, word: &str) -> Option<u16> {
        self.words.iter().position(|known| known == word).and_then(|place| u16::try_from(place).ok())
    }

    /// The case under a keyed hash.
    #[must_use]
    pub fn case_index(&self, key: (u64, u64)) -> Option<Index> {
        self.case_by_key.get(&key).copied()
    }

    pub(crate) fn lane_mut(&mut self, lane: u16) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(lane))
    }

    /// The lane of a partner, made at first sight.
    pub(crate) fn lane_for(&mut self, partner: &str) -> u16 {
        if let Some(lane) = self.lane_by_partner.get(partner) {
            return *lane;
        }
        let lane = u16::try_from(self.lanes.len()).unwrap_or(u16::MAX);
        self.lanes.push(Lane::of(partner));
        self.lane_by_partner.insert(partner.to_owned(), lane);
        lane
    }

    pub(crate) fn word_for(&mut self, word: &str) -> u16 {
        if let Some(place) = self.words.iter().position(|known| known == word) {
            return u16::try_from(place).unwrap_or(0);
        }
        self.words.push(word.to_owned());
        u16::try_from(self.words.len() - 1).unwrap_or(0)
    }

    /// Bytes of the parts that grow with acts, requests and cases, for `/metrics` and the memory gate; an estimate.
    #[must_use]
    pub fn bytes_estimate(&self) -> usize {
        self.acts.len() * (size_of::<Option<Act>>() + 16)
            + self.measures.len() * (size_of::<Option<Measure>>() + 80)
            + self.gone.all().len() * (size_of::<Measure>() + 48)
            + self.takings.len() * (size_of::<Option<Taking>>() + 32)
            + self.tasks.len() * (size_of::<Task>() + 64)
            + self.requests.len() * (size_of::<Option<OpenRequest>>() + 32)
            + self.cases.len() * (size_of::<Option<Case>>() + 48)
            + self.erased_cases.len() * (size_of::<erased::ErasedCase>() + 96)
            + self.idempotency.len() * 64
            + self.deliveries.by_request.len() * (size_of::<delivery::Delivery>() + 64)
    }
}

/// A 64-bit hash of words in memory, where nobody chooses them to collide (FNV-1a, then one mixing step).
#[must_use]
pub fn short_hash(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash ^ (hash >> 29)
}

/// No index.
pub const NO_INDEX: Index = NONE;
