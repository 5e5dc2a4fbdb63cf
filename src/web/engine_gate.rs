//! The engine as the gate.

use std::net::IpAddr;

use domain::case::{EraseCause, HaltCause};
use domain::outcome::Outcome;
use domain::request::{PartnerKind, Request};
use domain::socket::{FaceCall, FaceFault, FaceReply};
use domain::stop::StopScope;
use domain::{ActId, CaseId, Day, Millis, Money, Personal, RequestId, StopId};
use engine::Engine;

use crate::gate::{
    Accepted, Answer, Answered, ApplicantView, AttemptView, Caller, CaseErasure, ClaimView, Counters, CourtView,
    DeliveryView, DocumentRead, DocumentStored, EntryView, EventView, EvidenceView, Gate, GateFuture, Health,
    ImportRow, ImportVerdict, InboxPage, InboxSums, InboxTask, Lifted, Listed, Look, MeasureFilter, MeasureLine, Page,
    PartnerView, ReconciledView, Refusal, RequestFilter, RequestLine, RequestView, Resolution, Resolved, SettledHow,
    Statement, StopView, TaskAcceptance, TaskEnding, TaskFilter, TaskView,
};

impl Gate for Engine {
    fn store_document<'a>(
        &'a self,
        caller: &'a Caller,
        file_name: Personal<String>,
        content_type: String,
        bytes: Vec<u8>,
    ) -> Answer<'a, DocumentStored> {
        Box::pin(self.store_document(caller, file_name, content_type, bytes))
    }

    fn read_document<'a>(&'a self, caller: &'a Caller, digest: &'a str) -> Answer<'a, DocumentRead> {
        Box::pin(self.read_document(caller, digest))
    }

    fn submit<'a>(
        &'a self,
        caller: &'a Caller,
        key: &'a str,
        fingerprint: [u8; 32],
        request: Request,
    ) -> Answer<'a, Accepted> {
        Box::pin(self.submit(caller, key, fingerprint, request))
    }

    fn request<'a>(&'a self, caller: &'a Caller, id: RequestId, look: Look) -> Answer<'a, RequestView> {
        Box::pin(self.request(caller, id, look.page_from, look.page_len, look.after_version, look.wait_ms))
    }

    fn requests<'a>(&'a self, caller: &'a Caller, filter: RequestFilter) -> Answer<'a, Page<RequestLine>> {
        Box::pin(self.requests(caller, filter))
    }

    fn events<'a>(
        &'a self,
        caller: &'a Caller,
        id: RequestId,
        cursor: Option<u64>,
        limit: u16,
    ) -> Answer<'a, Page<EventView>> {
        Box::pin(self.events(caller, id, cursor, limit))
    }

    fn approve<'a>(&'a self, caller: &'a Caller, id: RequestId, reason: String) -> Answer<'a, u64> {
        Box::pin(self.approve(caller, id, reason))
    }

    fn stop<'a>(&'a self, caller: &'a Caller, id: RequestId, reason: String) -> Answer<'a, u64> {
        Box::pin(self.stop(caller, id, reason))
    }

    fn withdraw<'a>(&'a self, caller: &'a Caller, id: ActId, reason: String) -> Answer<'a, u64> {
        Box::pin(self.withdraw(caller, id, reason))
    }

    fn object<'a>(&'a self, caller: &'a Caller, id: ActId, text: Personal<String>) -> Answer<'a, u64> {
        Box::pin(self.object(caller, id, text))
    }

    fn resolve<'a>(&'a self, caller: &'a Caller, id: ActId, resolution: Resolution) -> Answer<'a, Resolved> {
        Box::pin(self.resolve(caller, id, resolution))
    }

    fn amend_claim<'a>(
        &'a self,
        caller: &'a Caller,
        id: CaseId,
        claim: Money,
        costs: Money,
        reason: String,
    ) -> Answer<'a, u64> {
        Box::pin(self.amend_claim(caller, id, claim, costs, reason))
    }

    fn halt_case<'a>(
        &'a self,
        caller: &'a Caller,
        id: CaseId,
        cause: HaltCause,
        reason: String,
        document: Option<String>,
    ) -> Answer<'a, u64> {
        Box::pin(self.halt_case(caller, id, cause, reason, document))
    }

    fn erase_case<'a>(
        &'a self,
        caller: &'a Caller,
        id: CaseId,
        cause: EraseCause,
        reason: String,
    ) -> Answer<'a, CaseErasure> {
        Box::pin(self.erase_case(caller, id, cause, reason))
    }

    fn resume_case<'a>(&'a self, caller: &'a Caller, id: CaseId, reason: String) -> Answer<'a, u64> {
        Box::pin(self.resume_case(caller, id, reason))
    }

    fn show_applicant<'a>(&'a self, caller: &'a Caller, id: CaseId, allow: bool, reason: String) -> Answer<'a, u64> {
        Box::pin(self.show_applicant(caller, id, allow, reason))
    }

    fn applicant<'a>(
        &'a self,
        caller: &'a Caller,
        id: RequestId,
        page_from: u32,
        page_len: u16,
    ) -> Answer<'a, ApplicantView> {
        Box::pin(self.applicant(caller, id, page_from, page_len))
    }

    fn evidence<'a>(
        &'a self,
        caller: &'a Caller,
        id: ActId,
        sealed: bool,
        page: (Option<u64>, u16),
    ) -> Answer<'a, EvidenceView> {
        Box::pin(self.evidence(caller, id, sealed, page))
    }

    fn accept_task<'a>(&'a self, caller: &'a Caller, acceptance: TaskAcceptance) -> Answer<'a, Accepted> {
        Box::pin(self.accept_task(caller, acceptance))
    }

    fn deliveries<'a>(
        &'a self,
        caller: &'a Caller,
        id: RequestId,
    ) -> Answer<'a, (Option<DeliveryView>, Vec<AttemptView>)> {
        Box::pin(self.deliveries(caller, id))
    }

    fn redeliver<'a>(&'a self, caller: &'a Caller, id: RequestId, since: u64) -> Answer<'a, u64> {
        Box::pin(self.redeliver(caller, id, since))
    }

    fn courts(&self, of: Option<&str>) -> Vec<CourtView> {
        self.courts(of)
    }

    fn partners(&self) -> Vec<PartnerView> {
        self.partners()
    }

    fn pause<'a>(&'a self, caller: &'a Caller, partner: &'a str, reason: String, until: Millis) -> Answer<'a, u64> {
        Box::pin(self.pause(caller, partner, reason, until))
    }

    fn resume<'a>(&'a self, caller: &'a Caller, partner: &'a str) -> Answer<'a, u64> {
        Box::pin(self.resume(caller, partner))
    }

    fn stops(&self, caller: &Caller) -> Vec<StopView> {
        self.stops(caller)
    }

    fn order_stop<'a>(&'a self, caller: &'a Caller, scope: StopScope, reason: String) -> Answer<'a, StopId> {
        Box::pin(self.order_stop(caller, scope, reason))
    }

    fn lift_stop<'a>(&'a self, caller: &'a Caller, id: StopId, reason: String) -> Answer<'a, Lifted> {
        Box::pin(self.lift_stop(caller, id, reason))
    }

    fn measures<'a>(
        &'a self,
        caller: &'a Caller,
        filter: MeasureFilter,
        sealed: bool,
    ) -> Answer<'a, Page<MeasureLine>> {
        Box::pin(self.measures(caller, filter, sealed))
    }

    fn import_measures<'a>(&'a self, caller: &'a Caller, rows: Vec<ImportRow>) -> Answer<'a, Vec<ImportVerdict>> {
        Box::pin(self.import_measures(caller, rows))
    }

    fn tasks<'a>(&'a self, caller: &'a Caller, filter: TaskFilter, sealed: bool) -> Answer<'a, Page<TaskView>> {
        Box::pin(self.tasks(caller, filter, sealed))
    }

    fn end_task<'a>(&'a self, caller: &'a Caller, ending: TaskEnding) -> Answer<'a, u64> {
        Box::pin(self.end_task(caller, ending))
    }

    fn settle<'a>(&'a self, caller: &'a Caller, statement: Statement) -> Answer<'a, Vec<SettledHow>> {
        Box::pin(self.settle(caller, statement))
    }

    fn reconcile<'a>(
        &'a self,
        caller: &'a Caller,
        partner: &'a str,
        day: Day,
        listed: (Vec<Listed>, bool),
    ) -> Answer<'a, ReconciledView> {
        Box::pin(self.reconcile(caller, partner, day, listed))
    }

    fn inbound<'a>(&'a self, caller: &'a Caller, partner: &'a str, body: Vec<u8>) -> Answer<'a, FaceReply> {
        Box::pin(self.inbound(caller, partner, body))
    }

    fn inbox<'a>(&'a self, caller: &'a Caller, from: u32, limit: u16) -> Answer<'a, InboxPage> {
        Box::pin(self.inbox(caller, from, limit))
    }

    fn inbox_sums(&self, caller: &Caller) -> Result<InboxSums, Refusal> {
        self.inbox_sums(caller)
    }

    fn inbox_task<'a>(&'a self, caller: &'a Caller, id: ActId) -> Answer<'a, InboxTask> {
        Box::pin(self.inbox_task(caller, id))
    }

    fn claim_act<'a>(&'a self, caller: &'a Caller, id: ActId) -> Answer<'a, ClaimView> {
        Box::pin(self.claim_act(caller, id))
    }

    fn answer_act<'a>(&'a self, caller: &'a Caller, id: ActId, outcome: Outcome) -> Answer<'a, Answered> {
        Box::pin(self.answer_act(caller, id, outcome))
    }

    fn inbox_paper<'a>(&'a self, caller: &'a Caller, id: ActId, place: u16) -> Answer<'a, DocumentRead> {
        Box::pin(self.inbox_paper(caller, id, place))
    }

    fn face(&self, kind: PartnerKind, call: FaceCall) -> GateFuture<'_, Result<Option<FaceReply>, FaceFault>> {
        Box::pin(self.face(kind, call))
    }

    fn entry(&self, index: u64) -> Answer<'_, EntryView> {
        Box::pin(self.entry(index))
    }

    fn checkpoint(&self) -> String {
        self.checkpoint()
    }

    fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        self.tile(path)
    }

    fn health(&self) -> Health {
        self.health()
    }

    fn counters(&self) -> Counters {
        self.counters()
    }

    fn refused(&self, source: IpAddr) {
        self.refused(source);
    }

    fn now(&self) -> Millis {
        self.now()
    }

    fn receipt_key(&self) -> String {
        self.receipt_key()
    }

    fn checkpoint_key(&self) -> String {
        self.checkpoint_key()
    }
}
