//! The gate: everything the web floor may ask of the engine, as one trait, so that tests answer in the engine's place.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use domain::case::{EraseCause, HaltCause};
use domain::outcome::Outcome;
use domain::request::{PartnerKind, Request};
use domain::socket::{FaceCall, FaceFault, FaceReply};
use domain::stop::StopScope;
use domain::{ActId, CaseId, Day, Millis, Money, Personal, RequestId, StopId};

pub use engine::command::{KnownValue, RowDiffers, SettledHow, TakenOver};
pub use engine::courier::{RemindedAct, Reminding};
pub use engine::decide::{RECONCILED_LINES_MAX, SETTLED_LINES_MAX};
pub use engine::inbox::{Answered, ClaimView, INBOX_PAGE_MAX, InboxPage, InboxSums, InboxTask, ReminderView};
pub use engine::refusal::Refusal;
pub use engine::view::{
    Accepted, ActView, ApplicantView, AttemptView, Brought, Caller, CaseErasure, Counters, CourtView, DeliveryView,
    Difference, DocumentRead, DocumentStored, EntryView, EventView, EvidenceView, Health, ImportRow, ImportVerdict,
    LeadView, Lifted, Listed, MeasureFilter, MeasureLine, MeasureView, OutcomeView, Page, PartnerView, Receipt,
    ReconciledView, RepeatView, RequestFilter, RequestLine, RequestView, Resolution, Resolved, SettlementLine,
    Statement, StopView, TaskAcceptance, TaskEnding, TaskFilter, TaskView,
};

/// A future of the gate. Dropping it never undoes what was decided.
pub type GateFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a gate answers.
pub type Answer<'a, T> = GateFuture<'a, Result<T, Refusal>>;

/// Which part of a request is wanted, and how long its next version is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// The first act of the page, from 0.
    pub page_from: u32,
    /// Acts on a page.
    pub page_len: u16,
    /// Wait for a version after this one.
    pub after_version: Option<u64>,
    /// Wait at most so long, in milliseconds.
    pub wait_ms: u64,
}

/// The engine's handle as the web floor sees it. Its futures only wait on channels, so actix workers may await them.
pub trait Gate: Send + Sync {
    /// Keeps a document.
    fn store_document<'a>(
        &'a self,
        caller: &'a Caller,
        file_name: Personal<String>,
        content_type: String,
        bytes: Vec<u8>,
    ) -> Answer<'a, DocumentStored>;
    /// Gives a document back.
    fn read_document<'a>(&'a self, caller: &'a Caller, digest: &'a str) -> Answer<'a, DocumentRead>;
    /// Takes a request; `fingerprint` is the SHA-256 of its RFC 8785 form.
    fn submit<'a>(
        &'a self,
        caller: &'a Caller,
        key: &'a str,
        fingerprint: [u8; 32],
        request: Request,
    ) -> Answer<'a, Accepted>;
    /// Shows a request, after waiting for a newer version where asked to.
    fn request<'a>(&'a self, caller: &'a Caller, id: RequestId, look: Look) -> Answer<'a, RequestView>;
    /// Lists requests.
    fn requests<'a>(&'a self, caller: &'a Caller, filter: RequestFilter) -> Answer<'a, Page<RequestLine>>;
    /// Lists what happened to a request.
    fn events<'a>(
        &'a self,
        caller: &'a Caller,
        id: RequestId,
        cursor: Option<u64>,
        limit: u16,
    ) -> Answer<'a, Page<EventView>>;
    /// Lets what waits for approval go; gives the new version.
    fn approve<'a>(&'a self, caller: &'a Caller, id: RequestId, reason: String) -> Answer<'a, u64>;
    /// Starts nothing new for a request; gives the new version.
    fn stop<'a>(&'a self, caller: &'a Caller, id: RequestId, reason: String) -> Answer<'a, u64>;
    /// Takes one act back; gives the new version.
    fn withdraw<'a>(&'a self, caller: &'a Caller, id: ActId, reason: String) -> Answer<'a, u64>;
    /// A partner objects to an act in writing: its court has fifteen days to answer; gives the sequence of the task.
    fn object<'a>(&'a self, caller: &'a Caller, id: ActId, text: Personal<String>) -> Answer<'a, u64>;
    /// One of the two words that settle an act in doubt with the partner's paper.
    fn resolve<'a>(&'a self, caller: &'a Caller, id: ActId, resolution: Resolution) -> Answer<'a, Resolved>;
    /// Claim and costs of a case are others; gives the sequence of the event.
    fn amend_claim<'a>(
        &'a self,
        caller: &'a Caller,
        id: CaseId,
        claim: Money,
        costs: Money,
        reason: String,
    ) -> Answer<'a, u64>;
    /// Nothing more is done to the property in a case; gives the sequence of the event.
    fn halt_case<'a>(
        &'a self,
        caller: &'a Caller,
        id: CaseId,
        cause: HaltCause,
        reason: String,
        document: Option<String>,
    ) -> Answer<'a, u64>;
    /// A person's word that a case is to be erased, for good; with another's the same it is.
    fn erase_case<'a>(
        &'a self,
        caller: &'a Caller,
        id: CaseId,
        cause: EraseCause,
        reason: String,
    ) -> Answer<'a, CaseErasure>;
    /// Another person lets a case go on; gives the sequence of the event.
    fn resume_case<'a>(&'a self, caller: &'a Caller, id: CaseId, reason: String) -> Answer<'a, u64>;
    /// The applicant of a case may see what came of its requests, or no longer (rule D34); gives the sequence of the event.
    fn show_applicant<'a>(&'a self, caller: &'a Caller, id: CaseId, allow: bool, reason: String) -> Answer<'a, u64>;
    /// What the applicant may see of a request, a page of its acts.
    fn applicant<'a>(
        &'a self,
        caller: &'a Caller,
        id: RequestId,
        page_from: u32,
        page_len: u16,
    ) -> Answer<'a, ApplicantView>;
    /// What proves an act, with the events of the page after the cursor; `sealed` = also what stands in sealed bodies.
    fn evidence<'a>(
        &'a self,
        caller: &'a Caller,
        id: ActId,
        sealed: bool,
        page: (Option<u64>, u16),
    ) -> Answer<'a, EvidenceView>;
    /// Submits what a task proposes, with the papers and officers that came for it.
    fn accept_task<'a>(&'a self, caller: &'a Caller, acceptance: TaskAcceptance) -> Answer<'a, Accepted>;
    /// What a court has of a request, and the newest attempts, oldest first.
    fn deliveries<'a>(
        &'a self,
        caller: &'a Caller,
        id: RequestId,
    ) -> Answer<'a, (Option<DeliveryView>, Vec<AttemptView>)>;
    /// Delivers the newest version again to a court that has everything up to `since`; gives that version.
    fn redeliver<'a>(&'a self, caller: &'a Caller, id: RequestId, since: u64) -> Answer<'a, u64>;
    /// The deliveries to a court together, or to every court.
    fn courts(&self, of: Option<&str>) -> Vec<CourtView>;
    /// The partners and their lanes.
    fn partners(&self) -> Vec<PartnerView>;
    /// Pauses a lane; gives the sequence of the event.
    fn pause<'a>(&'a self, caller: &'a Caller, partner: &'a str, reason: String, until: Millis) -> Answer<'a, u64>;
    /// Resumes a lane; gives the sequence of the event.
    fn resume<'a>(&'a self, caller: &'a Caller, partner: &'a str) -> Answer<'a, u64>;
    /// The emergency stops in force that concern the caller.
    fn stops(&self, caller: &Caller) -> Vec<StopView>;
    /// Stops at once.
    fn order_stop<'a>(&'a self, caller: &'a Caller, scope: StopScope, reason: String) -> Answer<'a, StopId>;
    /// One of the two words that lift a stop.
    fn lift_stop<'a>(&'a self, caller: &'a Caller, id: StopId, reason: String) -> Answer<'a, Lifted>;
    /// Lists measures by their last day; `sealed` = also what stands in sealed bodies.
    fn measures<'a>(&'a self, caller: &'a Caller, filter: MeasureFilter, sealed: bool)
    -> Answer<'a, Page<MeasureLine>>;
    /// Takes living measures over from another system; a verdict a row, in their order.
    fn import_measures<'a>(&'a self, caller: &'a Caller, rows: Vec<ImportRow>) -> Answer<'a, Vec<ImportVerdict>>;
    /// The open tasks that concern the caller, oldest first; `sealed` = also what stands in sealed bodies.
    fn tasks<'a>(&'a self, caller: &'a Caller, filter: TaskFilter, sealed: bool) -> Answer<'a, Page<TaskView>>;
    /// Ends a task; gives the sequence of the event.
    fn end_task<'a>(&'a self, caller: &'a Caller, ending: TaskEnding) -> Answer<'a, u64>;
    /// Takes the statement of a court's account: a verdict per line.
    fn settle<'a>(&'a self, caller: &'a Caller, statement: Statement) -> Answer<'a, Vec<SettledHow>>;
    /// Holds a partner's list of a day against ours; `true` beside the lines says that it is the whole day.
    fn reconcile<'a>(
        &'a self,
        caller: &'a Caller,
        partner: &'a str,
        day: Day,
        listed: (Vec<Listed>, bool),
    ) -> Answer<'a, ReconciledView>;
    /// Takes what a partner posts by itself.
    fn inbound<'a>(&'a self, caller: &'a Caller, partner: &'a str, body: Vec<u8>) -> Answer<'a, FaceReply>;
    /// What waits in the inbox at which the caller works, from the place `from` on.
    fn inbox<'a>(&'a self, caller: &'a Caller, from: u32, limit: u16) -> Answer<'a, InboxPage>;
    /// How much waits there; shows nothing, so it offers nothing and is no read.
    fn inbox_sums(&self, caller: &Caller) -> Result<InboxSums, Refusal>;
    /// One act of that inbox.
    fn inbox_task<'a>(&'a self, caller: &'a Caller, id: ActId) -> Answer<'a, InboxTask>;
    /// Keeps other clerks from an act for a while.
    fn claim_act<'a>(&'a self, caller: &'a Caller, id: ActId) -> Answer<'a, ClaimView>;
    /// Takes what a clerk says became of an act.
    fn answer_act<'a>(&'a self, caller: &'a Caller, id: ActId, outcome: Outcome) -> Answer<'a, Answered>;
    /// A paper of the act's request, by its place among them.
    fn inbox_paper<'a>(&'a self, caller: &'a Caller, id: ActId, place: u16) -> Answer<'a, DocumentRead>;
    /// Answers a call on a partner face; `None` when nobody knows the credential.
    fn face(&self, kind: PartnerKind, call: FaceCall) -> GateFuture<'_, Result<Option<FaceReply>, FaceFault>>;
    /// A leaf with its proof.
    fn entry(&self, index: u64) -> Answer<'_, EntryView>;
    /// The newest signed checkpoint, as note text.
    fn checkpoint(&self) -> String;
    /// A hash tile by its path below `/trail/tile/`; `None` when it is not public or not there.
    ///
    /// # Errors
    /// A refusal when the tiles cannot be read now.
    fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Refusal>;
    /// How the gateway is.
    fn health(&self) -> Health;
    /// What was counted since start.
    fn counters(&self) -> Counters;
    /// Counts a refused call into one event per source and minute.
    fn refused(&self, source: IpAddr);
    /// The wall clock, in UTC milliseconds.
    fn now(&self) -> Millis;
    /// The public key that receipts are checked with.
    fn receipt_key(&self) -> String;
    /// The public key that checkpoints are checked with.
    fn checkpoint_key(&self) -> String;
}
