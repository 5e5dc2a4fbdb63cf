//! A gate that only pretends: it keeps what it was given, answers from made-up views, and refuses when told to.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::case::{EraseCause, HaltCause};
use domain::ledger::Ledger;
use domain::measure::MeasureState;
use domain::outcome::Outcome;
use domain::request::{PartnerKind, Request, RequestState};
use domain::socket::{FaceCall, FaceFault, FaceReply};
use domain::stop::StopScope;
use domain::task::TaskKind;
use domain::{ActId, ActKind, ActState, CaseId, Day, MeasureId, Millis, Money, Personal, RequestId};
use domain::{StopId, TaskId};
use tokio::sync::watch;
use web::gate::*;

mod acts;
mod evidence;
mod face;
pub use acts::act;
use acts::lead;
pub use face::FakeFace;
use face::reply;

use crate::planted::{MARKUP, reminder, task};

/// 2026-11-22T10:00:00+08:00.
pub const NOW: Millis = 1_795_312_800_000;

pub struct FakeGate {
    refusal: Mutex<Option<Refusal>>,
    pub panics: AtomicBool,
    pub unready: AtomicBool,
    pub refused: AtomicU64,
    pub accepted: Mutex<BTreeMap<String, ([u8; 32], Accepted)>>,
    pub requests: Mutex<Vec<Request>>,
    pub filters: Mutex<Vec<RequestFilter>>,
    pub looks: Mutex<Vec<Look>>,
    pub said: Mutex<Vec<String>>,
    pub outcomes: Mutex<Vec<Outcome>>,
    documents: Mutex<BTreeMap<String, (String, Personal<String>, Vec<u8>)>>,
    version: watch::Sender<u64>,
}

pub fn receipt(sequence: u64) -> Receipt {
    Receipt { sequence, leaf_hash: [0xab; 32], signature: [7; 64] }
}

impl FakeGate {
    pub fn new() -> Self {
        Self {
            refusal: Mutex::default(),
            panics: AtomicBool::default(),
            unready: AtomicBool::default(),
            refused: AtomicU64::default(),
            accepted: Mutex::default(),
            requests: Mutex::default(),
            filters: Mutex::default(),
            looks: Mutex::default(),
            said: Mutex::default(),
            outcomes: Mutex::default(),
            documents: Mutex::default(),
            version: watch::channel(7).0,
        }
    }

    pub fn refuse_next(&self, refusal: Refusal) {
        *self.refusal.lock().unwrap() = Some(refusal);
    }

    pub fn move_to(&self, version: u64) {
        self.version.send_replace(version);
    }

    fn may(&self) -> Result<(), Refusal> {
        assert!(!self.panics.load(Ordering::SeqCst), "CANARY of a panic");
        self.refusal.lock().unwrap().take().map_or(Ok(()), Err)
    }

    fn note(&self, said: String) -> Result<u64, Refusal> {
        self.may()?;
        self.said.lock().unwrap().push(said);
        Ok(42)
    }

    fn view(&self, id: RequestId) -> RequestView {
        let fen = Money::from_fen;
        RequestView {
            id,
            case: CaseId(3),
            case_number: "(2026)浙0225执1234号".into(),
            preservation: Some("(2026)浙0225财保12号".into()),
            court: "330225".to_owned(),
            goal: "collect".to_owned(),
            state: RequestState::Open,
            stopping: false,
            version: *self.version.borrow(),
            accepted_at: NOW,
            deadline: Some(NOW + 1_000),
            ledger: Ledger { target: fen(12_465_678), deducted: fen(1), ..Ledger::default() },
            counts: vec![(ActState::Ready, 1), (ActState::Done, 2)],
            acts: vec![act()],
            next_page: Some(1),
            leads: vec![lead()],
            erased: false,
            delivery: Some(DeliveryView { state: "waiting", acknowledged: 5, tries: 2, due: Some(NOW) }),
            repeat: Some(RepeatView {
                round: 2,
                until: NOW + 1_000,
                next: domain::sentence::repeating(Some(NOW + 500), NOW + 1_000),
            }),
            halted: Some(HaltCause::Settlement),
            stopped: vec![domain::ActKind::Deduct],
        }
    }
}

fn now<'a, T: Send + 'a>(value: T) -> GateFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Gate for FakeGate {
    fn store_document<'a>(
        &'a self,
        _: &'a Caller,
        file_name: Personal<String>,
        content_type: String,
        bytes: Vec<u8>,
    ) -> Answer<'a, DocumentStored> {
        let digest = format!("sha256:{:064x}", bytes.len());
        let kept = (content_type, file_name, bytes);
        now(self.may().map(|()| {
            self.documents.lock().unwrap().insert(digest.clone(), kept);
            DocumentStored { digest, receipt: receipt(1) }
        }))
    }

    fn read_document<'a>(&'a self, _: &'a Caller, digest: &'a str) -> Answer<'a, DocumentRead> {
        let documents = self.documents.lock().unwrap();
        now(self.may().and_then(|()| documents.get(digest).cloned().ok_or(Refusal::NotFound)).map(
            |(content_type, file_name, bytes)| DocumentRead { content_type, file_name, bytes: Personal::new(bytes) },
        ))
    }

    fn submit<'a>(
        &'a self,
        _: &'a Caller,
        key: &'a str,
        fingerprint: [u8; 32],
        request: Request,
    ) -> Answer<'a, Accepted> {
        let may = self.may();
        let mut accepted = self.accepted.lock().unwrap();
        let count = u64::try_from(accepted.len()).unwrap();
        now(may.and_then(|()| {
            let fresh = || {
                self.requests.lock().unwrap().push(request);
                let id = RequestId(count + 10);
                let (goal, receipt) = ("collect".to_owned(), receipt(count + 10));
                (fingerprint, Accepted { request: id, case: CaseId(3), acts: 4, at: NOW, goal, receipt })
            };
            let (first, answer) = accepted.entry(key.to_owned()).or_insert_with(fresh);
            if *first == fingerprint { Ok(answer.clone()) } else { Err(Refusal::KeyReused) }
        }))
    }

    fn request<'a>(&'a self, _: &'a Caller, id: RequestId, look: Look) -> Answer<'a, RequestView> {
        Box::pin(async move {
            self.may()?;
            self.looks.lock().unwrap().push(look);
            if let (Some(after), true) = (look.after_version, look.wait_ms > 0) {
                let mut version = self.version.subscribe();
                version.wait_for(|version| *version > after).await.unwrap();
            }
            Ok(self.view(id))
        })
    }

    fn requests<'a>(&'a self, _: &'a Caller, filter: RequestFilter) -> Answer<'a, Page<RequestLine>> {
        self.filters.lock().unwrap().push(filter);
        let line = RequestLine {
            id: RequestId(9),
            court: "330225".to_owned(),
            goal: "look".to_owned(),
            state: RequestState::Finished,
            version: 12,
            accepted_at: NOW,
            acts: 3,
            acts_final: 3,
        };
        now(self.may().map(|()| Page { lines: vec![line], next: Some(8), filled_to: None }))
    }

    fn events<'a>(&'a self, _: &'a Caller, _: RequestId, _: Option<u64>, _: u16) -> Answer<'a, Page<EventView>> {
        let event = EventView { sequence: 10, at: NOW, leaf: br#"{"event":"request.accepted","v":1}"#.to_vec() };
        now(self.may().map(|()| Page { lines: vec![event], next: None, filled_to: Some(5) }))
    }

    fn approve<'a>(&'a self, caller: &'a Caller, id: RequestId, reason: String) -> Answer<'a, u64> {
        now(self.note(format!("approve {id} {reason} by {}", caller.token)))
    }

    fn stop<'a>(&'a self, _: &'a Caller, id: RequestId, reason: String) -> Answer<'a, u64> {
        now(self.note(format!("stop {id} {reason}")))
    }

    fn withdraw<'a>(&'a self, _: &'a Caller, id: ActId, reason: String) -> Answer<'a, u64> {
        now(self.note(format!("withdraw {id} {reason}")))
    }

    fn resolve<'a>(&'a self, _: &'a Caller, id: ActId, resolution: Resolution) -> Answer<'a, Resolved> {
        let Resolution { took_effect, amount, document, reason } = resolution;
        let noted = self.note(format!("resolve {id} {took_effect} {amount:?} {document} {reason}"));
        now(noted.map(|version| Resolved { version, settled: false, differs: false }))
    }

    fn deliveries<'a>(
        &'a self,
        _caller: &'a Caller,
        _id: RequestId,
    ) -> Answer<'a, (Option<DeliveryView>, Vec<AttemptView>)> {
        let delivery = DeliveryView { state: "waiting", acknowledged: 5, tries: 2, due: Some(NOW) };
        let attempt = AttemptView {
            sequence: 8,
            at: NOW,
            judged: "not_acknowledged".to_owned(),
            cause: "status_503".to_owned(),
            version: 7,
            previous: 5,
            due: Some(NOW),
        };
        now(self.may().map(|()| (Some(delivery), vec![attempt])))
    }

    fn redeliver<'a>(&'a self, caller: &'a Caller, id: RequestId, since: u64) -> Answer<'a, u64> {
        now(self.note(format!("redeliver {} {id} {since}", caller.token)))
    }

    fn courts(&self, of: Option<&str>) -> Vec<CourtView> {
        let court = of.unwrap_or("330225").to_owned();
        vec![CourtView { court, waiting: 2, given_up: 1, keys: vec!["whpk_AAAA".to_owned()], ..CourtView::default() }]
    }

    fn partners(&self) -> Vec<PartnerView> {
        vec![PartnerView {
            id: "bank-a".to_owned(),
            name: "甲银行".to_owned(),
            kind: Some(PartnerKind::Bank),
            travel: Some("pull"),
            acts: vec![ActKind::Query, ActKind::Freeze],
            stage: Some(domain::partner::Stage::Freeze),
            answered: 1_563,
            overdue: 26,
            reminder: Some(reminder()),
            last_call: None,
            last_failure: Some((NOW - 60_000, domain::socket::Cause::Address)),
            waiting: vec![(ActState::Ready, 2, Some(NOW - 61_500)), (ActState::InDoubt, 0, None)],
            in_flight: 1,
            paused: Some(("operator-token".to_owned(), NOW)),
            broken_until: None,
            opens_at: None,
            retired: false,
        }]
    }

    fn pause<'a>(&'a self, _: &'a Caller, partner: &'a str, reason: String, until: Millis) -> Answer<'a, u64> {
        now(self.note(format!("pause {partner} {reason} {until}")))
    }

    fn resume<'a>(&'a self, _: &'a Caller, partner: &'a str) -> Answer<'a, u64> {
        now(self.note(format!("resume {partner}")))
    }

    fn object<'a>(&'a self, _: &'a Caller, id: ActId, text: Personal<String>) -> Answer<'a, u64> {
        now(self.note(format!("object {id} {}", text.expose())))
    }

    fn tasks<'a>(&'a self, _: &'a Caller, filter: TaskFilter, sealed: bool) -> Answer<'a, Page<TaskView>> {
        let task = TaskView {
            id: TaskId(42),
            kind: TaskKind::Expiring,
            at: NOW,
            due: Some(NOW + 86_400_000),
            court: "330225".to_owned(),
            case: Some(CaseId(10)),
            act: Some(ActId { sequence: 10, line: 0 }),
            measure: Some(ActId { sequence: 10, line: 0 }.into()),
            partner: "bank-a".to_owned(),
            automatic: false,
            amount: sealed.then_some(Money::from_fen(123_450)),
            text: if sealed { "查封即将届满" } else { "" }.into(),
        };
        now(self.note(format!("tasks {filter:?}")).map(|_| Page { lines: vec![task], next: Some(42), filled_to: None }))
    }

    fn end_task<'a>(&'a self, _: &'a Caller, ending: TaskEnding) -> Answer<'a, u64> {
        now(self.note(format!("end {} {} {}", ending.id, ending.end.word(), ending.reason)))
    }

    fn settle<'a>(&'a self, _: &'a Caller, statement: Statement) -> Answer<'a, Vec<SettledHow>> {
        let noted = self.note(format!("settle {} lines", statement.lines.len()));
        let act = ActId { sequence: 10, line: 0 };
        now(noted.map(|_| vec![SettledHow::Matched(act), SettledHow::Unmatched, SettledHow::Known, SettledHow::Ahead]))
    }

    fn reconcile<'a>(
        &'a self,
        _: &'a Caller,
        partner: &'a str,
        day: Day,
        (listed, whole): (Vec<Listed>, bool),
    ) -> Answer<'a, ReconciledView> {
        let noted = self.note(format!("reconcile {partner} {day} {} lines, whole: {whole}", listed.len()));
        let act = Some(ActId { sequence: 10, line: 0 });
        let amount = Some(Money::from_fen(10_000));
        now(noted.map(|sequence| ReconciledView {
            sequence,
            lines: 2,
            not_compared: 0,
            complete: true,
            differences: vec![
                Difference { line: Some(0), act, what: "caught", amount },
                Difference { line: None, act, what: "not_listed", amount: None },
            ],
        }))
    }

    fn stops(&self, _: &Caller) -> Vec<StopView> {
        vec![StopView {
            id: StopId(30),
            scope: StopScope::Acts(vec![ActKind::Deduct]),
            by: "operator-token".to_owned(),
            own: false,
            at: NOW,
            reason: "账号错配".into(),
            lift: Some(("operator-2".to_owned(), NOW)),
        }]
    }

    fn amend_claim<'a>(
        &'a self,
        _: &'a Caller,
        id: CaseId,
        claim: Money,
        costs: Money,
        reason: String,
    ) -> Answer<'a, u64> {
        now(self.note(format!("claim {id} {claim} {costs} {reason}")))
    }

    fn halt_case<'a>(
        &'a self,
        _: &'a Caller,
        id: CaseId,
        cause: HaltCause,
        reason: String,
        document: Option<String>,
    ) -> Answer<'a, u64> {
        now(self.note(format!("halt {id} {} {reason} {document:?}", cause.word())))
    }

    fn erase_case<'a>(
        &'a self,
        _: &'a Caller,
        id: CaseId,
        cause: EraseCause,
        reason: String,
    ) -> Answer<'a, CaseErasure> {
        let noted = self.note(format!("erase {id} {} {reason}", cause.word()));
        now(noted.map(|sequence| CaseErasure { sequence, erased: true }))
    }

    fn resume_case<'a>(&'a self, _: &'a Caller, id: CaseId, reason: String) -> Answer<'a, u64> {
        now(self.note(format!("resume case {id} {reason}")))
    }

    fn show_applicant<'a>(&'a self, _: &'a Caller, id: CaseId, allow: bool, reason: String) -> Answer<'a, u64> {
        now(self.note(format!("show_applicant {id} {allow} {reason}")))
    }

    fn applicant<'a>(&'a self, _: &'a Caller, _: RequestId, from: u32, len: u16) -> Answer<'a, ApplicantView> {
        now(self.note(format!("applicant {from} {len}")).map(|_| evidence::applicant()))
    }

    fn evidence<'a>(
        &'a self,
        _: &'a Caller,
        id: ActId,
        sealed: bool,
        (cursor, limit): (Option<u64>, u16),
    ) -> Answer<'a, EvidenceView> {
        now(self.note(format!("evidence {id} {sealed} {cursor:?} {limit}")).map(|_| evidence::evidence(id, sealed)))
    }

    fn accept_task<'a>(&'a self, _: &'a Caller, acceptance: TaskAcceptance) -> Answer<'a, Accepted> {
        let TaskAcceptance { id, reason, papers, officers } = acceptance;
        let papers: Vec<String> = papers.into_iter().map(|brought| brought.paper.kind).collect();
        now(self.note(format!("accept {id} {reason} {papers:?} {}", officers.len())).map(|_| Accepted {
            request: RequestId(10),
            case: CaseId(3),
            acts: 1,
            at: NOW,
            goal: "acts".to_owned(),
            receipt: receipt(10),
        }))
    }

    fn order_stop<'a>(&'a self, _: &'a Caller, scope: StopScope, reason: String) -> Answer<'a, StopId> {
        now(self.note(format!("order {scope:?} {reason}")).map(StopId))
    }

    fn lift_stop<'a>(&'a self, _: &'a Caller, id: StopId, reason: String) -> Answer<'a, Lifted> {
        now(self.note(format!("lift {id} {reason}")).map(|sequence| Lifted { sequence, lifted: true }))
    }

    fn measures<'a>(&'a self, _: &'a Caller, filter: MeasureFilter, sealed: bool) -> Answer<'a, Page<MeasureLine>> {
        let day = Day::parse("2026-11-20");
        let line = MeasureLine {
            id: MeasureId { sequence: 4, line: 1 },
            case: CaseId(3),
            court: "330225".to_owned(),
            partner: "bank-a".to_owned(),
            kind: ActKind::Freeze,
            asset: Some(domain::outcome::AssetKind::Cash),
            state: MeasureState::InForce,
            limit: sealed.then_some(Money::from_fen(9)),
            caught: sealed.then_some(Money::from_fen(5)),
            from: day,
            to: day,
            rank: Some(1),
            number: Some("X2026112200000000012-1".to_owned()),
            imported: false,
            releasing: false,
        };
        let said = format!("measures {:?} {:?} {:?}", filter.court, filter.state, filter.ends_before);
        now(self.note(said).map(|_| Page { lines: vec![line], next: Some(7), filled_to: None }))
    }

    fn import_measures<'a>(&'a self, _: &'a Caller, rows: Vec<ImportRow>) -> Answer<'a, Vec<ImportVerdict>> {
        let verdict = |row: &ImportRow| {
            let number = row.order.original.as_ref().map(|original| original.slip.as_str());
            match number {
                Some("FG2") => Err(Refusal::PartnerUnknown { at: "/partner".to_owned() }),
                number => {
                    let other = RowDiffers { field: "limit", known: Some(KnownValue::Sum(Money::from_fen(7_000))) };
                    let (known, differs) = match number {
                        Some("FG1") => (true, Vec::new()),
                        Some("FG1-2") => (true, vec![other, RowDiffers { field: "account", known: None }]),
                        _ => (false, Vec::new()),
                    };
                    Ok(TakenOver { id: MeasureId { sequence: 42, line: 0 }, known, differs })
                }
            }
        };
        let all = rows.iter().map(verdict).collect();
        let said: Vec<String> = rows.iter().map(|row| row.party.name.expose().clone()).collect();
        now(self.note(format!("import {}", said.join(","))).map(|_| all))
    }

    fn inbound<'a>(&'a self, caller: &'a Caller, partner: &'a str, body: Vec<u8>) -> Answer<'a, FaceReply> {
        let said = format!("inbound {partner} {} by {}", body.len(), caller.token);
        now(self.note(said).map(|_| FaceReply {
            status: 200,
            content_type: "application/json",
            bytes: b"{\"verdicts\":[]}".to_vec(),
        }))
    }

    fn inbox<'a>(&'a self, caller: &'a Caller, from: u32, _: u16) -> Answer<'a, InboxPage> {
        let (partner, tasks, reminder) = (MARKUP.to_owned(), vec![task()], Some(reminder()));
        let page = InboxPage { partner, tasks, open: 60, overdue: 1, next: Some(50), reminder };
        now(self.note(format!("tasks {from} by {} of {:?}", caller.token, caller.partner)).map(|_| page))
    }

    fn inbox_sums(&self, caller: &Caller) -> Result<InboxSums, Refusal> {
        self.note(format!("sums by {}", caller.token))?;
        Ok(InboxSums { partner: MARKUP.to_owned(), open: 60, overdue: 1, oldest: Some(NOW - 90_000_000) })
    }

    fn inbox_task<'a>(&'a self, _: &'a Caller, id: ActId) -> Answer<'a, InboxTask> {
        now(self.note(format!("task {id}")).map(|_| task()))
    }

    fn claim_act<'a>(&'a self, _: &'a Caller, id: ActId) -> Answer<'a, ClaimView> {
        let claim = ClaimView { by: "partner-token".to_owned(), until: NOW + 7_200_000, own: true };
        now(self.note(format!("claim {id}")).map(|_| claim))
    }

    fn answer_act<'a>(&'a self, _: &'a Caller, id: ActId, outcome: Outcome) -> Answer<'a, Answered> {
        let said =
            format!("answer {id} {} {:?} {} replies", outcome.verdict.word(), outcome.caught, outcome.replies.len());
        self.outcomes.lock().unwrap().push(outcome);
        let answered = Answered { act: id, state: ActState::Partly, verdict: "partly", receipt: receipt(44) };
        now(self.note(said).map(|_| answered))
    }

    fn inbox_paper<'a>(&'a self, _: &'a Caller, id: ActId, place: u16) -> Answer<'a, DocumentRead> {
        now(self.note(format!("paper {id} {place}")).map(|_| DocumentRead {
            content_type: "application/pdf".to_owned(),
            file_name: "裁定\".pdf".into(),
            bytes: Personal::new(b"%PDF-".to_vec()),
        }))
    }

    fn face(&self, kind: PartnerKind, call: FaceCall) -> GateFuture<'_, Result<Option<FaceReply>, FaceFault>> {
        let known = call.credentials.iter().any(|shown| shown.password.expose() == "right");
        self.said.lock().unwrap().push(format!("face {} {}", kind.word(), call.operation));
        let length = call.argument.map_or(0, |argument| argument.expose().len());
        let what = if length < 100 { "0 slips" } else { "papers" };
        now(Ok(known.then(|| reply(200, format!("<{0}>{what}</{0}>", call.operation)))))
    }

    fn entry(&self, index: u64) -> Answer<'_, EntryView> {
        let leaf = br#"{"event":"request.accepted","v":1}"#.to_vec();
        let checkpoint = "xiezhi.example\n11\nroot\n".to_owned();
        now(self.may().map(|()| EntryView { leaf, index, tree_size: 11, proof: vec![[1; 32], [2; 32]], checkpoint }))
    }

    fn checkpoint(&self) -> String {
        "xiezhi.example\n11\nroot\n\n— sig\n".to_owned()
    }

    fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        self.may()?;
        Ok(path.starts_with("0/").then(|| vec![0xff; 32]))
    }

    fn health(&self) -> Health {
        let ready = !self.unready.load(Ordering::SeqCst);
        let reasons = if ready { Vec::new() } else { vec!["the journal is full".to_owned()] };
        Health { ready, reasons, durable: 11, open_acts: 4, ..Health::default() }
    }

    fn counters(&self) -> Counters {
        let labels = |partner: &str| format!("partner=\"{partner}\"");
        let values = vec![
            ("xiezhi_exchanges_total", labels("bank-b"), 1),
            ("xiezhi_requests_total", String::new(), 5),
            ("xiezhi_exchanges_total", labels("bank-a"), 2),
        ];
        Counters { values }
    }

    fn refused(&self, _: IpAddr) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }

    fn now(&self) -> Millis {
        NOW
    }

    fn receipt_key(&self) -> String {
        "UR2ffWXcY9z6SgPQkoFVkkOVvQOC1Rvr8AUTHO+x0mY=".to_owned()
    }

    fn checkpoint_key(&self) -> String {
        "xiezhi.example+1+key".to_owned()
    }
}
