//! Inboxes at run time: what waits for a partner's clerks, who is at it, and what they answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::outcome::{Outcome, Verdict};
use domain::papers::is_carried;
use domain::socket::{FaceAnswer, FeedbackItem, ListClass, Plug};
use domain::{ActId, ActKind, ActState, Day, Flaw, Millis, Money, Personal, Untaken};
use store::record::{Body, OutcomeTwin};

use super::documents::DOCUMENT_AAD;
use super::papers::RequestPapers;
use super::{Engine, Shared};
use crate::command::{Answer, ClaimAct, Claiming, ClosedRead, Command};
use crate::decide::exchange::{contradiction, fit};
use crate::decide::look::{Found, look_through};
use crate::decide::remind::waits_for_its_partner;
use crate::inbox::{Answered, ClaimView, INBOX_PAGE_MAX, InboxPage, InboxSums, InboxTask};
use crate::refusal::Refusal;
use crate::state::act::NO_SEQUENCE;
use crate::state::claim::Claim;
use crate::state::{Act, NO_INDEX, State};
use crate::vault::blob_id;
use crate::view::{Caller, DocumentRead, OutcomeView};

/// An act of an inbox copied out of the state, before anything is read from the journal.
struct Sketch {
    act: Act,
    request: u64,
    held: bool,
    claim: Option<Claim>,
    /// When its partner was reminded of it last.
    reminded: Option<Millis>,
    /// Its request is finished, and had this version at its end.
    closed: Option<ClosedRead>,
}

impl Sketch {
    fn of(state: &State, act: &Act, request: u64, now: Millis) -> Self {
        let claim = state.claims.of(act.id(), now).cloned();
        let told = state.reminders.get(state.partner_of(act.lane));
        let reminded = told.filter(|_| waits_for_its_partner(act)).and_then(|told| told.told(act.ready_at));
        Self { held: state.is_held(act), claim, reminded, request, act: act.clone(), closed: None }
    }

    fn due(&self, answer_due_ms: Millis) -> Millis {
        self.act.sent_at.saturating_add(answer_due_ms)
    }

    fn is_overdue(&self, answer_due_ms: Millis, now: Millis) -> bool {
        waits_for_its_partner(&self.act) && self.due(answer_due_ms) < now
    }
}

impl Engine {
    /// What waits for the caller's partner, oldest first. What was never shown is offered by this: from here on a clerk may act on it.
    /// Each case on the page is a read of the caller's, recorded before this returns.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the caller is no clerk of an inbox, [`Refusal::Unavailable`].
    pub async fn inbox(&self, caller: &Caller, from: u32, limit: u16) -> Result<InboxPage, Refusal> {
        let partner = self.desk(caller)?;
        let mut listed = Vec::new();
        for class in [ListClass::Queries, ListClass::Controls] {
            let told = self.ask(Command::List { partner: partner.to_owned(), class }).await?;
            let Answer::List(indices) = told.answer else { return Err(Refusal::Unavailable) };
            listed.extend(indices);
        }
        let (now, due_ms) = (self.now(), self.answer_due_ms(partner));
        let mut waiting: Vec<Sketch> = {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            // Answered and gone in between, its place may be another act's already.
            let open =
                |act: &&Act| Some(act.lane) == state.lane_of(partner) && act.sent_at != 0 && !act.state().is_final();
            let acts = listed.iter().filter_map(|index| state.acts.get(*index)).filter(open);
            acts.filter_map(|act| Some(Sketch::of(state, act, state.requests.get(act.request)?.sequence, now)))
                .collect()
        };
        waiting.sort_by_key(|sketch| (sketch.act.sent_at, sketch.act.slip, sketch.act.line));
        let open = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let overdue = waiting.iter().filter(|sketch| sketch.is_overdue(due_ms, now)).count();
        let limit = limit.clamp(1, INBOX_PAGE_MAX);
        let page: Vec<Sketch> = waiting.into_iter().skip(from as usize).take(usize::from(limit)).collect();
        let requests: BTreeSet<u64> = page.iter().map(|sketch| sketch.request).collect();
        let reads = requests.into_iter().map(|request| self.record_read(caller, request, None));
        futures_util::future::try_join_all(reads).await?;
        let end = from.saturating_add(u32::from(limit));
        Ok(InboxPage {
            partner: self.partner_name(partner),
            tasks: page.into_iter().filter_map(|sketch| self.inbox_view(caller, sketch)).collect(),
            open,
            overdue: u32::try_from(overdue).unwrap_or(u32::MAX),
            next: (end < open).then_some(end),
            reminder: self.reminder_of(partner),
        })
    }

    /// How much waits for the caller's partner, and how much of it is overdue: nothing is shown, so nothing is offered or read by this.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the caller is no clerk of an inbox.
    pub fn inbox_sums(&self, caller: &Caller) -> Result<InboxSums, Refusal> {
        let id = self.desk(caller)?;
        let found = look_through(|| self.shared.decider.read(), id, self.now());
        let config = self.config();
        let partner = config.partners.get(id).ok_or(Refusal::NotFound)?;
        let Found { open, overdue, oldest, .. } = found;
        Ok(InboxSums { partner: partner.name.clone(), open, overdue, oldest })
    }

    /// One act of the caller's partner, open or not. The read is recorded before this returns.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another partner's act and for one that was never shown; [`Refusal::Unavailable`].
    pub async fn inbox_task(&self, caller: &Caller, act: ActId) -> Result<InboxTask, Refusal> {
        let sketch = self.read_sketch(caller, act).await?;
        let planned = sketch.act.sequence;
        let shown = self.inbox_view(caller, sketch);
        if shown.is_none() {
            self.shared.papers.not_lost(planned)?;
        }
        shown.ok_or(Refusal::NotFound)
    }

    /// Keeps the partner's other clerks from an act for [`crate::decide::CLAIM_MS`].
    ///
    /// # Errors
    /// [`Refusal::ActClaimed`] when another clerk has it, [`Refusal::WrongState`] when it is over, [`Refusal::NotFound`],
    /// [`Refusal::Unavailable`].
    pub async fn claim_act(&self, caller: &Caller, act: ActId) -> Result<ClaimView, Refusal> {
        let partner = self.desk(caller)?;
        let sketch = self.sketch(partner, act)?;
        if sketch.closed.is_some() {
            return Err(Refusal::WrongState { state: sketch.act.state().word() });
        }
        self.claim(caller, partner, act, Claiming::Take).await?;
        let now = self.now();
        let decider = self.shared.decider.read();
        let claim = decider.state.claims.of(act, now).ok_or(Refusal::Unavailable)?;
        Ok(claim_view(caller, claim))
    }

    /// Takes what a clerk says became of an act. The same again gets the first answer; something else supersedes what was said.
    /// That it was this clerk stands in the trail as a claim, if not already.
    ///
    /// # Errors
    /// [`Refusal::OutOfBounds`] when the answer contradicts itself, [`Refusal::ActClaimed`], [`Refusal::WrongState`] when it was
    /// taken back, [`Refusal::NotFound`], [`Refusal::Unavailable`].
    pub async fn answer_act(&self, caller: &Caller, act: ActId, outcome: Outcome) -> Result<Answered, Refusal> {
        let partner = self.desk(caller)?;
        let sketch = self.sketch(partner, act)?;
        sound(sketch.act.kind(), &outcome)?;
        of_its_kind(&sketch.act, &outcome)?;
        if matches!(sketch.act.state(), ActState::Withdrawn | ActState::Unsent) {
            return Err(Refusal::WrongState { state: sketch.act.state().word() });
        }
        let fitted = fit(&sketch.act, outcome.clone());
        if let Some(untaken) = contradiction(&sketch.act, &fitted, self.shared.partner(partner).as_deref()) {
            return Err(not_taken(&untaken));
        }
        let fitted = OutcomeTwin::from(&fitted);
        let repeated = sketch.act.outcome != NO_SEQUENCE && sketch.act.outcome_hash == fitted.fingerprint();
        if !repeated {
            let how = if sketch.closed.is_some() { Claiming::Late } else { Claiming::Answer };
            match self.claim(caller, partner, act, how).await {
                // Finished in between.
                Err(Refusal::NotFound) if how == Claiming::Answer => {
                    self.claim(caller, partner, act, Claiming::Late).await?;
                }
                other => {
                    other?;
                }
            }
            let key = sketch.act.slip_line();
            let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome) };
            let FaceAnswer::Verdicts(verdicts) = self.face_feedback(partner, "inbox", vec![item]).await? else {
                return Err(Refusal::Unavailable);
            };
            if let Some(untaken) = verdicts.iter().find_map(|verdict| verdict.taken.as_ref().err()) {
                let state = self.sketch(partner, act)?.act.state();
                // Whoever asked for it may have taken it back while the clerk wrote.
                let taken_back = matches!(state, ActState::Withdrawn | ActState::Unsent);
                return Err(if taken_back { Refusal::WrongState { state: state.word() } } else { not_taken(untaken) });
            }
        }
        let Sketch { act: said, .. } = self.sketch(partner, act)?;
        Ok(Answered {
            act,
            state: said.state(),
            verdict: said.verdict().map_or("", Verdict::word),
            receipt: self.receipt(said.outcome, None)?,
        })
    }

    /// A paper that goes with the act, by its place among those. The read is recorded before this returns.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unavailable`].
    pub async fn inbox_paper(&self, caller: &Caller, act: ActId, place: u16) -> Result<DocumentRead, Refusal> {
        let sketch = self.read_sketch(caller, act).await?;
        let papers = self.shared.papers.request(sketch.request);
        if papers.is_none() {
            self.shared.papers.not_lost(sketch.request)?;
        }
        let papers = papers.ok_or(Refusal::NotFound)?;
        let partner = self.desk(caller)?.to_owned();
        let known = self.shared.partner(&partner);
        let carried = papers.carried(&[sketch.act.kind()], known.as_ref().map(|partner| &partner.form));
        let mut those = (0..papers.context.papers.len()).filter(|place| is_carried(carried, *place));
        let place = those.nth(usize::from(place)).ok_or(Refusal::NotFound)?;
        let shared = Arc::clone(&self.shared);
        let (tell, told) = tokio::sync::oneshot::channel();
        // Reading and opening up to 32 MiB: on a tokio thread of the engine's, never on an actix worker.
        self.shared.tokio.spawn(async move {
            let _gone = tell.send(tokio::task::block_in_place(|| shared.open_paper(&papers, &partner, place)));
        });
        told.await.map_err(|_| Refusal::Unavailable)?
    }

    /// The partner at whose inbox the caller works.
    fn desk<'a>(&self, caller: &'a Caller) -> Result<&'a str, Refusal> {
        let partner = caller.partner.as_deref().ok_or(Refusal::NotFound)?;
        let is_inbox = self.shared.plugs.read().get(partner).is_some_and(|plug| matches!(plug.as_ref(), Plug::Inbox));
        if is_inbox { Ok(partner) } else { Err(Refusal::NotFound) }
    }

    fn answer_due_ms(&self, partner: &str) -> Millis {
        self.shared.decider.read().config().partners.get(partner).map_or(Millis::MAX, |partner| due_ms(partner))
    }

    fn partner_name(&self, partner: &str) -> String {
        let known = self.config().partners.get(partner).map(|partner| partner.name.clone());
        known.unwrap_or_else(|| partner.to_owned())
    }

    /// An act that this partner was shown, of an open request or a finished one.
    fn sketch(&self, partner: &str, act: ActId) -> Result<Sketch, Refusal> {
        let now = self.now();
        {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            let found = state.act_index(act).and_then(|index| state.acts.get(index));
            if let Some(found) = found.filter(|act| act.request != NO_INDEX) {
                let ours = state.partner_of(found.lane) == partner && found.sent_at != 0;
                let open = state.requests.get(found.request).filter(|_| ours).ok_or(Refusal::NotFound)?;
                return Ok(Sketch::of(state, found, open.sequence, now));
            }
        }
        let plan = self.shared.papers.plan(act.sequence).ok_or(Refusal::NotFound)?;
        let line = plan.lines.get(act.line as usize).ok_or(Refusal::NotFound)?;
        if line.partner != partner {
            return Err(Refusal::NotFound);
        }
        let closed = self.shared.closed_request(plan.request)?.ok_or(Refusal::NotFound)?;
        let state = self.shared.closed_state(plan.request)?;
        let found = state.act_index(act).and_then(|index| state.acts.get(index)).filter(|act| act.sent_at != 0);
        let found = found.ok_or(Refusal::NotFound)?;
        let claim = self.shared.decider.read().state.claims.of(act, now).cloned();
        let closed = Some(ClosedRead { version: closed.version });
        Ok(Sketch { act: found.clone(), request: plan.request, held: false, claim, reminded: None, closed })
    }

    /// The same, read by the caller: the event is durable when this returns, and so is all that the sketch shows.
    async fn read_sketch(&self, caller: &Caller, act: ActId) -> Result<Sketch, Refusal> {
        let partner = self.desk(caller)?;
        let sketch = self.sketch(partner, act)?;
        self.record_read(caller, sketch.request, sketch.closed).await?;
        Ok(sketch)
    }

    async fn record_read(&self, caller: &Caller, request: u64, closed: Option<ClosedRead>) -> Result<(), Refusal> {
        let id = domain::RequestId(request);
        let read = |closed| Command::Read { by: caller.token.clone(), is_person: true, request: id, closed };
        match self.done(read(closed)).await {
            // Finished in between: the read is of a finished request then.
            Err(Refusal::NotFound) if closed.is_none() => {
                let version = self.shared.closed_request(request)?.ok_or(Refusal::NotFound)?.version;
                self.done(read(Some(ClosedRead { version }))).await.map(drop)
            }
            other => other.map(drop),
        }
    }

    async fn claim(&self, caller: &Caller, partner: &str, act: ActId, how: Claiming) -> Result<u64, Refusal> {
        let claim = ClaimAct { act, partner: partner.to_owned(), by: caller.token.clone(), how };
        self.done(Command::ClaimAct(claim)).await
    }

    /// `None` when the case was erased.
    fn inbox_view(&self, caller: &Caller, sketch: Sketch) -> Option<InboxTask> {
        let (now, due_ms) = (self.now(), self.answer_due_ms(caller.partner.as_deref()?));
        let known = self.shared.partner(caller.partner.as_deref()?);
        let form = known.as_ref().map(|partner| &partner.form);
        let slip = self.shared.papers.slip(&[sketch.act.id()], false, form)?;
        Some(InboxTask {
            act: sketch.act.id(),
            partner: self.partner_name(caller.partner.as_deref()?),
            key: sketch.act.slip_line(),
            kind: sketch.act.kind(),
            state: sketch.act.state(),
            offered_at: sketch.act.sent_at,
            due: sketch.due(due_ms),
            overdue: sketch.is_overdue(due_ms, now),
            reminded: sketch.reminded,
            held: sketch.held && !sketch.act.state().is_final(),
            claim: sketch.claim.as_ref().map(|claim| claim_view(caller, claim)),
            slip,
            outcome: self.shared.said(&sketch.act),
        })
    }
}

impl Shared {
    /// What was said of an act last.
    fn said(&self, act: &Act) -> Option<OutcomeView> {
        let sequence = (act.outcome != NO_SEQUENCE).then_some(act.outcome)?;
        let event = self.papers.event(sequence)?;
        let Some(Body::Outcome(outcome)) = event.body else { return None };
        Some(OutcomeView { at: event.at, sequence, outcome: outcome.into_outcome()? })
    }

    fn open_paper(&self, papers: &RequestPapers, partner: &str, place: usize) -> Result<DocumentRead, Refusal> {
        let paper = papers.context.papers.get(place).ok_or(Refusal::NotFound)?;
        let seal = papers.seals.iter().find(|seal| seal.digest == *paper.digest.expose()).ok_or(Refusal::NotFound)?;
        let key = self.vault.unwrap(seal, papers.slot).ok_or(Refusal::NotFound)?;
        let id = blob_id(&seal.blob).ok_or(Refusal::Unavailable)?;
        let read = self.vault.blobs().read(&id, &key, DOCUMENT_AAD, seal.bytes);
        self.papers.unread.note((papers.request, partner), &seal.blob, read.is_ok());
        let bytes = read.map_err(|error| {
            let request = domain::RequestId(papers.request);
            tracing::error!(%request, %error, "a paper cannot be read for a clerk");
            Refusal::ContentUnreadable
        })?;
        Ok(DocumentRead {
            content_type: seal.content_type.clone(),
            file_name: paper.file_name.clone(),
            bytes: Personal::new(bytes),
        })
    }
}

fn due_ms(partner: &domain::partner::Partner) -> Millis {
    Millis::try_from(partner.answer_due_ms).unwrap_or(Millis::MAX)
}

fn claim_view(caller: &Caller, claim: &Claim) -> ClaimView {
    ClaimView { by: claim.by.clone(), until: claim.until, own: claim.by == caller.token }
}

/// The field of an answer that was not taken, and what is wrong with it.
fn not_taken(untaken: &Untaken) -> Refusal {
    let (at, bound) = match untaken.flaw() {
        Flaw::EndsTooEarly => ("/to", "止日不能早于收到本事项之日 · not before the day on which the order came"),
        Flaw::CaughtMissing => {
            ("/caught", "已冻结的须填写实际控制金额，可为0.00 · a freeze that was done says what is held")
        }
        Flaw::MovedMissing => ("/moved", "已划出的须填写实际划出金额 · money that was moved has a sum"),
        Flaw::AnotherAccount => ("/accounts", "不是所令的账户 · not the account that was ordered"),
        _ => ("/verdict", "与本事项不符，未予采信 · does not fit this act and was not taken"),
    };
    Refusal::OutOfBounds { at, bound }
}

/// What only acts of another kind have, and a day to come that was over before it was asked for.
fn of_its_kind(act: &Act, outcome: &Outcome) -> Result<(), Refusal> {
    let kind = act.kind();
    let wrong = |at, bound| Err(Refusal::OutOfBounds { at, bound });
    if kind.is_question() && outcome.caught.is_some() {
        return wrong("/caught", "查询不控制财产 · a question holds nothing");
    }
    let takes_nothing = matches!(kind, ActKind::Freeze | ActKind::Renew | ActKind::Release);
    if (takes_nothing || kind.is_question()) && outcome.moved.is_some() {
        return wrong("/moved", "本事项不划款 · nothing is moved by this kind of act");
    }
    if (takes_nothing || kind.transfers()) && !outcome.accounts.is_empty() {
        return wrong(
            "/accounts",
            "仅用于查询；控制的账户即所令账户 · for questions only; what is held is the account ordered",
        );
    }
    let ordered = Day::of(act.sent_at);
    if outcome.due.is_some_and(|due| due < ordered) {
        return wrong("/due", "不能早于收到本事项之日 · not before the day on which the order came");
    }
    Ok(())
}

/// An answer that contradicts itself is no answer: a machine's would be a doubt, a clerk can be asked at once.
fn sound(kind: ActKind, outcome: &Outcome) -> Result<(), Refusal> {
    let held = outcome.caught.is_some_and(Money::is_positive);
    let moved = outcome.moved.is_some_and(Money::is_positive);
    let wrong = |at, bound| Err(Refusal::OutOfBounds { at, bound });
    match outcome.verdict {
        Verdict::NeverReached => {
            return wrong("/verdict", "已送达本单位，不能答复未送达 · what was read here did reach the partner");
        }
        Verdict::Queued if kind != ActKind::Freeze => {
            return wrong("/verdict", "只有冻结可以轮候 · only a freeze can stand in a queue");
        }
        Verdict::NoSuchCustomer if !kind.is_question() => {
            return wrong(
                "/verdict",
                "仅用于查询；控制事项请答复未办理，原因查无账户 · for questions only; here it is refused, with the reason not_found",
            );
        }
        Verdict::Done | Verdict::Partly if kind == ActKind::Freeze && outcome.caught.is_none() => {
            return wrong("/caught", "已冻结的须填写实际控制金额，可为0.00 · a freeze that was done says what is held");
        }
        Verdict::Done | Verdict::Partly if kind.transfers() && outcome.moved.is_none() => {
            return wrong("/moved", "已划出的须填写实际划出金额 · money that was moved has a sum");
        }
        Verdict::Refused | Verdict::HandedBack if outcome.reason.is_none() && outcome.text.is_none() => {
            return wrong(
                "/reason",
                "未办理或回退的须写明原因 · what was not done has a reason, or a text that says why",
            );
        }
        Verdict::Refused | Verdict::HandedBack | Verdict::NoSuchCustomer if held => {
            return wrong("/caught", "未办理的不应有控制金额 · nothing is held when nothing was done");
        }
        Verdict::Refused | Verdict::HandedBack | Verdict::NoSuchCustomer | Verdict::Registered if moved => {
            return wrong("/moved", "未办理的不应有划出金额 · nothing was moved when nothing was done");
        }
        Verdict::Queued if held => {
            return wrong("/caught", "轮候的不应有控制金额 · what stands in a queue holds nothing yet");
        }
        _ => {}
    }
    match (outcome.from, outcome.to) {
        (Some(from), Some(to)) if to < from => wrong("/to", "止日不能早于起日 · not before the first day"),
        _ => Ok(()),
    }
}
