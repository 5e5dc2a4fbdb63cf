//! Facts: the leaf side of every event. Ids, states, times, counts, digests; nothing that tells who or how much.
//!
//! Fields stand in alphabetical order, hold integers below 2^53 and ASCII words, and are left out when empty: so what
//! serde writes is already canonical (RFC 8785), and a test holds every golden against a canonicalizer.

use domain::{ActId, ActState, Millis};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::empty::Empty;
use super::list::facts;

/// An act in a leaf: `[sequence, line]`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug, Serialize, Deserialize)]
pub struct ActRef(pub u64, pub u32);

impl From<ActId> for ActRef {
    fn from(id: ActId) -> Self {
        Self(id.sequence, id.line)
    }
}

impl From<ActRef> for ActId {
    fn from(act: ActRef) -> Self {
        Self { sequence: act.0, line: act.1 }
    }
}

facts! {
    /// The gateway took up its data directory.
    GatewayStarted = "gateway.started" {
        /// Fence of this run.
        epoch: u64,
        /// Release.
        version: String,
    }
    /// The gateway stopped with nothing under way.
    GatewayDrained = "gateway.drained" {
        /// Fence of this run.
        epoch: u64,
    }
    /// A configuration came into force.
    ConfigLoaded = "config.loaded" {
        /// SHA-256 over the files, hex.
        digest: String,
        /// How many partners it names.
        partners: u32,
    }
    /// A snapshot was made durable.
    SnapshotTaken = "snapshot.taken" {
        /// SHA-256 of its plaintext, hex.
        digest: String,
        /// The first sequence that is not in it.
        next: u64,
    }
    /// A document was stored.
    DocumentStored = "document.stored" {
        /// SHA-256 of the sealed file, hex.
        blob: String,
        /// Its plaintext length.
        bytes: u64,
        /// Court that uploaded it.
        court: String,
        /// Name of the token.
        token: String,
    }
    /// A document that nothing references was erased.
    DocumentErased = "document.erased" {
        /// Sequence of its `document.stored`.
        document: u64,
    }
    /// A request was accepted; its plan stands in the body.
    RequestAccepted = "request.accepted" {
        /// How many acts are planned.
        acts: u32,
        /// Sequence of the first request of the case; left out when this is it.
        case: Option<u64>,
        /// Court.
        court: String,
        /// Nothing new starts after this instant.
        deadline: Option<i64>,
        /// `look`, `secure`, `collect`, or `acts`.
        goal: String,
        /// `urgent`, `normal`, `batch`.
        priority: String,
        /// How many slip numbers were drawn.
        slips: u32,
        /// Name of the token.
        token: String,
    }
    /// A goal went on: more acts were planned.
    PlanExtended = "plan.extended" {
        /// How many.
        acts: u32,
        /// The request.
        request: u64,
        /// How many slip numbers were drawn.
        slips: u32,
    }
    /// The acts that wait for approval were approved by one person.
    RequestApproved = "request.approved" {
        /// Name of the token.
        by: String,
        /// The request.
        request: u64,
    }
    /// Nothing new starts for this request.
    RequestStopped = "request.stopped" {
        /// Name of the token.
        by: String,
        /// The request.
        request: u64,
    }
    /// The deadline of a request passed.
    DeadlinePassed = "deadline.passed" {
        /// The request.
        request: u64,
    }
    /// Every act of a request is final and nothing follows.
    RequestFinished = "request.finished" {
        /// The request.
        request: u64,
        /// `finished` or `stopped`.
        state: String,
    }
    /// One message out began: bytes may leave after this is durable.
    ExchangeBegan = "exchange.began" {
        /// The acts it carries.
        acts: Vec<ActRef>,
        /// `send`, `ask`, `offer`.
        kind: String,
        /// Version 2: what agreed limit kept it waiting, `rate`, `in_flight`, `per_day`, oldest first.
        paced_by: Vec<String>,
        /// Version 2: from when each of them did.
        paced_from: Vec<i64>,
        /// Version 2: until when each of them did.
        paced_until: Vec<i64>,
        /// The partner.
        partner: String,
    }
    /// One message out was judged.
    ExchangeEnded = "exchange.ended" {
        /// The act it carried.
        act: ActRef,
        /// The lane rests until this instant.
        breaks: Option<i64>,
        /// What was seen, when nothing was answered.
        cause: String,
        /// When it is tried or asked again.
        due: Option<i64>,
        /// Sequence of its `exchange.began`.
        exchange: u64,
        /// `answered`, `accepted`, `not_sent`, `doubt`, `not_found`.
        judged: String,
        /// The partner.
        partner: String,
        /// The state the act is in after it.
        state: String,
        /// What the partner says became of it.
        verdict: String,
    }
    /// An outcome came in by itself.
    OutcomeReceived = "outcome.received" {
        /// The act.
        act: ActRef,
        /// The partner.
        partner: String,
        /// The state the act is in after it.
        state: String,
        /// It replaces an earlier outcome that said otherwise.
        supersedes: bool,
        /// What the partner says became of it.
        verdict: String,
        /// `feedback`, `hand_back`, `callback`.
        way: String,
    }
    /// An act was withdrawn before anything left.
    ActWithdrawn = "act.withdrawn" {
        /// The act.
        act: ActRef,
        /// Name of the token; left out when it no longer fitted claim and costs.
        by: String,
    }
    /// A person's word about an act in doubt, with the partner's paper; with the same word of another one it is settled.
    ActResolved = "act.resolved" {
        /// The act.
        act: ActRef,
        /// Name of the token of who speaks.
        by: String,
        /// The same name when it is the second to say so; left out of a first word, and of one that takes the place of another's.
        second: String,
        /// The state it is in now; left out while two have not said the same.
        state: String,
        /// It took effect, by that word.
        took_effect: bool,
    }
    /// A doubtful or unapproved act was passed by one of another case on the same subject.
    ActPassed = "act.passed" {
        /// The act that went.
        act: ActRef,
        /// The act it passed.
        over: ActRef,
    }
    /// Somebody paused a lane; the reason stands in the body.
    LanePaused = "lane.paused" {
        /// Name of the token.
        by: String,
        /// The partner.
        partner: String,
        /// Until when.
        until: i64,
    }
    /// A lane goes on.
    LaneResumed = "lane.resumed" {
        /// Name of the token; left out when the pause expired.
        by: String,
        /// The partner.
        partner: String,
    }
    /// Somebody read personal data of a request.
    AccessRead = "access.read" {
        /// Name of the token.
        by: String,
        /// The request.
        request: u64,
        /// Version that was read.
        version: u64,
    }
    /// Unauthenticated or forbidden calls were refused.
    AccessRefused = "access.refused" {
        /// How many in that minute.
        count: u32,
        /// The minute's start.
        minute: i64,
        /// Keyed hash of the source address, hex.
        source: String,
    }
    /// A partner told something unasked about an act.
    LeadReceived = "lead.received" {
        /// The act.
        act: ActRef,
        /// What it is.
        class: String,
        /// The partner.
        partner: String,
        /// Until when somebody of the court must come.
        respond_by: Option<Millis>,
    }
    /// The newest version of a request is to be delivered to its court again, or its late news.
    DeliveryAsked = "delivery.asked" {
        /// Name of the token; left out when news of a finished request came in.
        by: String,
        /// The court.
        court: String,
        /// The request.
        request: u64,
        /// The court has everything up to this version.
        since: u64,
        /// The newest version.
        version: u64,
    }
    /// A delivery began: the court's system may see it after this is durable.
    DeliveryBegan = "delivery.began" {
        /// The court.
        court: String,
        /// The request.
        request: u64,
        /// The version that is delivered, or a newer one.
        version: u64,
    }
    /// A delivery ended.
    DeliveryEnded = "delivery.ended" {
        /// The court's lane rests until this instant.
        breaks: Option<i64>,
        /// What was seen, when it was not acknowledged.
        cause: String,
        /// The court.
        court: String,
        /// Sequence of its `delivery.began`.
        delivery: u64,
        /// When it is tried again.
        due: Option<i64>,
        /// `acknowledged`, `not_acknowledged`, `given_up`.
        judged: String,
        /// The version that the court had before.
        previous: u64,
        /// The request.
        request: u64,
        /// How many tries this was for what was new, from 1.
        tries: u32,
        /// The version that it carried.
        version: u64,
    }
    /// One person stopped kinds of act, a court, or everything; the reason stands in the body.
    StopOrdered = "stop.ordered" {
        /// Everything that is sent, what ends a measure included.
        all: bool,
        /// Name of the token.
        by: String,
        /// The court whose acts are stopped.
        court: String,
        /// The kinds of act that are stopped.
        kinds: Vec<String>,
        /// A person of that court ordered it, so its approvers may lift it.
        own: bool,
    }
    /// A first person wants a stop lifted; the reason stands in the body.
    StopLiftProposed = "stop.lift_proposed" {
        /// Name of the token.
        by: String,
        /// Sequence of the `stop.ordered`.
        stop: u64,
    }
    /// A second person agreed: the stop is over; the reason stands in the body.
    StopLifted = "stop.lifted" {
        /// Name of the second person's token.
        by: String,
        /// Sequence of the `stop.ordered`.
        stop: u64,
    }
    /// Living measures with the numbers they have at the partner: taken over from another system, or told late; they stand in the body.
    MeasureImported = "measure.imported" {
        /// Name of the token; left out when a partner's late word showed them.
        by: String,
        /// Sequence by which the case is known; left out when this event is the first of it.
        case: Option<u64>,
        /// Court.
        court: String,
        /// How many.
        measures: u32,
    }
    /// Measures ended by themselves: their last day passed without a renewal (rule D10).
    MeasureLapsed = "measure.lapsed" {
        /// Today, in days since 1970.
        day: u32,
        /// Which, as `[sequence, place]`.
        measures: Vec<ActRef>,
    }
    /// A measure is now known to stand otherwise; the sums stand in the body.
    MeasureChanged = "measure.changed" {
        /// Name of the token; left out when no person said it.
        by: String,
        /// Why, a word of the domain.
        cause: String,
        /// Which.
        measure: ActRef,
        /// Where it stands now.
        state: String,
    }
    /// Claim and costs of a case are others; they stand in the body.
    CaseAmended = "case.amended" {
        /// Name of the token.
        by: String,
        /// Sequence by which the case is known.
        case: u64,
        /// The open requests of the case have a new version by it; left out in trails of before.
        news: bool,
    }
    /// Somebody has something to do.
    TaskRaised = "task.raised" {
        /// The act it is about.
        act: Option<ActRef>,
        /// The court's policy does what it proposes, unless a person is quicker.
        automatic: bool,
        /// Sequence by which the case is known.
        case: Option<u64>,
        /// Whose it is; left out when it is the operators'.
        court: String,
        /// By when.
        due: Option<i64>,
        /// What, a word of the domain.
        kind: String,
        /// The measure it is about.
        measure: Option<ActRef>,
        /// The partner it is about.
        partner: String,
    }
    /// A task ended.
    TaskEnded = "task.ended" {
        /// Name of the token; left out when it ended by itself.
        by: String,
        /// How, a word of the domain.
        end: String,
        /// The request that did what it proposed.
        request: Option<u64>,
        /// Its `task.raised`.
        task: u64,
    }
    /// Money was seen on a court's account; the sum stands in the body.
    SettlementReceived = "settlement.received" {
        /// The act that it belongs to; left out when none was found.
        act: Option<ActRef>,
        /// Name of the token.
        by: String,
        /// Court.
        court: String,
        /// The day it came in, in days since 1970.
        day: u32,
        /// Keyed hash of the account and the bank's own serial: the same line again is known by it.
        line: String,
    }
    /// A partner's list of a day was held against ours.
    PartnerReconciled = "partner.reconciled" {
        /// Name of the token.
        by: String,
        /// The day, in days since 1970.
        day: u32,
        /// How many lines say otherwise than we do, or are missing.
        differences: u32,
        /// How many lines it had.
        lines: u32,
        /// The partner.
        partner: String,
    }
    /// A clerk of a partner took an act from its inbox, or said something about it.
    ActClaimed = "act.claimed" {
        /// The act.
        act: ActRef,
        /// Name of the clerk's token.
        by: String,
        /// Others are kept from it until this instant.
        until: i64,
    }
    /// Nothing more is done to the property in a case; the reason stands in the body.
    CaseHalted = "case.halted" {
        /// Name of the token.
        by: String,
        /// Sequence by which the case is known.
        case: u64,
        /// Why, a word of the domain.
        cause: String,
        /// The open requests of the case have a new version by it; left out in trails of before.
        news: bool,
    }
    /// Another person let the case go on; the reason stands in the body.
    CaseResumed = "case.resumed" {
        /// Name of the token.
        by: String,
        /// Sequence by which the case is known.
        case: u64,
        /// The open requests of the case have a new version by it; left out in trails of before.
        news: bool,
    }
    /// A goal that is not met asks again.
    GoalRepeated = "goal.repeated" {
        /// Its days are over: this was not asked any more, and none follows.
        over: bool,
        /// The request.
        request: u64,
        /// Which round, on the grid of its hours from 1.
        round: u32,
    }
    /// A packet that a partner left could not be read and lies aside for people.
    PacketSetAside = "packet.set_aside" {
        /// Why, in a word of its adapter's page.
        cause: String,
        /// SHA-256 of its bytes, hex; left out of one that is too large to be summed.
        digest: String,
        /// The partner.
        partner: String,
    }
    /// The court lets the applicant see what came of the requests of a case (rule D34); the reason stands in the body.
    ApplicantAllowed = "applicant.allowed" {
        /// Name of the token.
        by: String,
        /// Sequence by which the case is known.
        case: u64,
    }
    /// The applicant may see it no longer; the reason stands in the body.
    ApplicantBarred = "applicant.barred" {
        /// Name of the token.
        by: String,
        /// Sequence by which the case is known.
        case: u64,
    }
    /// A reminder of what waits in an inbox began: it may leave after this is durable.
    ReminderBegan = "reminder.began" {
        /// What waits, in order; the first of very many.
        acts: Vec<ActRef>,
        /// `arrived`, `waiting`, `overdue`.
        cause: String,
        /// How many wait.
        open: u32,
        /// How many of them are overdue.
        overdue: u32,
        /// The partner.
        partner: String,
        /// Sequence of the `reminder.began` that it says again.
        repeats: Option<u64>,
        /// How many tries this is, from 1.
        tries: u32,
    }
    /// A reminder ended.
    ReminderEnded = "reminder.ended" {
        /// What was seen, when it was not acknowledged.
        cause: String,
        /// When it is tried again.
        due: Option<i64>,
        /// `acknowledged`, `not_acknowledged`, `given_up`.
        judged: String,
        /// The partner.
        partner: String,
        /// Sequence of its `reminder.began`.
        reminder: u64,
        /// How many tries this was, from 1.
        tries: u32,
    }
    /// Acts that are ready may not be sent to this partner as it is set, or on this day.
    ActHeld = "act.held" {
        /// The acts; at most 500, of any case.
        acts: Vec<ActRef>,
        /// `stage`, `officer`, `part`.
        by: String,
        /// The partner.
        partner: String,
    }
    /// What held them is gone.
    ActFreed = "act.freed" {
        /// The acts; at most 500, of any case.
        acts: Vec<ActRef>,
        /// The partner.
        partner: String,
    }
    /// The gateway was told to start without content that is lost for good.
    ContentLeftOut = "content.left_out" {
        /// How many cases were left out of what can still change that no start before left out.
        cases: u32,
        /// How many events were folded without what should stand beside their leaf.
        events: u64,
        /// How many key slots could not be read.
        keys: u32,
        /// Key slots of those cases; at most 3,000, the others in events of their own.
        slots: Vec<u64>,
    }
    /// Cases that an earlier start left out are whole again.
    ContentReturned = "content.returned" {
        /// How many.
        cases: u32,
        /// Their key slots; at most 3,000, the others in events of their own.
        slots: Vec<u64>,
    }
    /// A key could not be read: what is said under it meanwhile is sealed under another, which ends with it.
    KeyStoodIn = "key.stood_in" {
        /// The slot that cannot be read.
        slot: u64,
        /// The slot that stands in for it.
        stand_in: u64,
    }
    /// One person wants a case erased; their words stand in the body and end with it.
    ErasureProposed = "case.erasure_proposed" {
        /// Name of the token.
        by: String,
        /// Sequence by which the case is known.
        case: u64,
        /// Why, a word of the domain.
        cause: String,
    }
    /// Another person agreed: the keys of the case are destroyed behind this.
    CaseErased = "case.erased" {
        /// Name of the second person's token.
        by: String,
        /// Sequence by which the case was known.
        case: u64,
        /// Why, a word of the domain.
        cause: String,
        /// Its court.
        court: String,
        /// Events about it that belong to none of its requests: what proves its acts needs them.
        events: Vec<u64>,
        /// Sequence of the first person's word.
        proposed: u64,
        /// Its key slots; those that stand in for them end too.
        slots: Vec<u64>,
    }
}

/// Reads a state word that this build wrote; an unknown word is [`ActState::InDoubt`], which nothing treats as an answer.
#[must_use]
pub fn act_state(word: &str) -> ActState {
    ActState::from_word(word).unwrap_or(ActState::InDoubt)
}

/// When a leaf's instant is due; the epoch when it says none.
#[must_use]
pub fn due_or_zero(due: Option<i64>) -> Millis {
    due.unwrap_or(0)
}
