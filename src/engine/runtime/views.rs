//! Views of one request and its acts: the same code for open ones (state in memory) and finished ones (folded from their own events).

mod said;

use std::sync::Arc;

use domain::act::ActOrder;
use domain::calendar::Hours;
use domain::ledger::Entry;
use domain::measure::MeasureState;
use domain::outcome::Verdict;
use domain::partner::Travel;
use domain::request::RequestState;
use domain::sentence::{self, Waiting};
use domain::{ActId, ActState, Day, Millis, Money, Personal, RequestId};
use store::record::{Body, Event, Fact};

use said::{Said, why_unsent};

use super::indexing::{finished, request_of_slip};
use super::{Engine, Shared};
use crate::command::{ClosedRead, ClosedRequest, Command};
use crate::refusal::Refusal;
use crate::state::lane::Lane;
use crate::state::slab::Index;
use crate::state::{Act, Measure, OpenRequest, State};
use crate::view::{ActView, Caller, LEADS_SHOWN_MAX, LeadView, MeasureView, RepeatView, RequestView};

/// The longest a long-poll waits.
pub const WAIT_MS_MAX: u64 = 60_000;
/// Acts in one page at most: each may bring an outcome of some KiB.
pub const PAGE_ACTS_MAX: u16 = 200;
/// Acts in a delivery: as many as `GET /v1/requests/{id}` shows unless told otherwise.
const DELIVERED_ACTS: u16 = 100;
/// Earlier outcomes of an act that are looked for in the request's history.
const HISTORY_EVENTS_MAX: usize = 20_000;
/// Events that are read and opened where the call arrived, some ten microseconds each; more on a thread that may take its time.
const INLINE_EVENTS_MAX: usize = 64;

/// An act of it.
struct Sketched {
    act: Act,
    measure: Option<MeasureView>,
    waiting: (Waiting, Option<Millis>),
    /// The outcomes in which its answer came, where it came in parts.
    parts: Vec<u64>,
    partner: String,
}

/// A request copied out of a state, before anything is read from the journal.
struct Sketch {
    view: RequestView,
    acts: Vec<Sketched>,
    superseded: Vec<u64>,
    leads: Vec<u64>,
    /// What secret requests have in the sums of its case, each with the event that planned it.
    secrets: Vec<(u64, Entry)>,
    /// What it planned cannot be read, so nothing of it can be shown.
    lost: bool,
}

impl Engine {
    /// A request with a page of its acts; waits until its version is above `after_version`, at most `wait_ms`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another court's request.
    pub async fn request(
        &self,
        caller: &Caller,
        id: RequestId,
        page_from: u32,
        page_len: u16,
        after_version: Option<u64>,
        wait_ms: u64,
    ) -> Result<RequestView, Refusal> {
        let mut known = self.shared.known_to(caller, id)?;
        if let Some(after) = after_version {
            // Only for whoever may see it: that a call waits would tell of a request as well as an answer does.
            self.wait_for(id, after, wait_ms.min(WAIT_MS_MAX)).await;
            known = self.shared.known_to(caller, id)?;
        }
        let page = (page_from, page_len.clamp(1, PAGE_ACTS_MAX));
        let sketch = {
            let decider = self.shared.decider.read();
            decider
                .state
                .request_index(id)
                .and_then(|index| sketch(&decider.state, index, page, |act| self.shared.waiting_of(&decider, act)))
        };
        let (sketch, closed) = match sketch {
            Some(sketch) => (sketch, None),
            None => {
                let closed = self.closed_sketch(id, page, known.closed).await;
                closed.map_err(|refusal| self.shared.absent_or_lost(caller, id, refusal))?
            }
        };
        let was_closed = closed.is_some();
        self.note_read(caller, id, closed, sketch.view.version).await?;
        // Its last events may still have been on their way to the disk; now that the read is durable, they can be read.
        let sketch = if was_closed { self.closed_sketch(id, page, None).await?.0 } else { sketch };
        self.completed(sketch, Some(&caller.token)).await
    }

    /// The read is an event before the answer, and the answer waits until everything it shows is durable.
    pub(super) async fn note_read(
        &self,
        caller: &Caller,
        id: RequestId,
        closed: Option<ClosedRead>,
        version: u64,
    ) -> Result<(), Refusal> {
        let read =
            |closed| Command::Read { by: caller.token.clone(), is_person: caller.is_person, request: id, closed };
        match self.done(read(closed)).await {
            // Finished in between: the read is of a finished request then.
            Err(Refusal::NotFound) => self.done(read(Some(ClosedRead { version }))).await.map(|_| ()),
            other => other.map(|_| ()),
        }
    }

    /// The request as it may leave: nothing in it is ahead of the disk.
    pub(crate) async fn durable_view(&self, id: RequestId) -> Result<RequestView, Refusal> {
        let page = (0, DELIVERED_ACTS);
        let look = || {
            let decider = self.shared.decider.read();
            let index = decider.state.request_index(id)?;
            sketch(&decider.state, index, page, |act| self.shared.waiting_of(&decider, act))
        };
        let (sketch, is_open) = match look() {
            Some(sketch) => (sketch, true),
            None => (self.closed_sketch(id, page, None).await?.0, false),
        };
        if sketch.view.version < self.shared.durable.load(std::sync::atomic::Ordering::Acquire) {
            return self.completed(sketch, None).await;
        }
        self.done(Command::Barrier).await?;
        let sketch = if is_open { sketch } else { self.closed_sketch(id, page, None).await?.0 };
        self.completed(sketch, None).await
    }

    /// With what the journal tells of it; a long history is read where that holds up nobody's call.
    async fn completed(&self, sketch: Sketch, token: Option<&str>) -> Result<RequestView, Refusal> {
        if sketch.superseded.len() <= INLINE_EVENTS_MAX {
            return self.shared.complete(sketch, token);
        }
        let (shared, token) = (Arc::clone(&self.shared), token.map(str::to_owned));
        let complete = self.off_worker(move || shared.complete(sketch, token.as_deref()));
        complete.await.ok_or(Refusal::Unavailable)?
    }

    async fn wait_for(&self, id: RequestId, after: u64, wait_ms: u64) {
        if wait_ms == 0 || self.is_newer(id, after) {
            return;
        }
        let Some(mut waiter) = self.shared.waiting.register(id.0) else { return };
        // What came between the first look and the place told nobody.
        if !self.is_newer(id, after) {
            let _either = tokio::time::timeout(std::time::Duration::from_millis(wait_ms), waiter.told()).await;
        }
    }

    /// Is there news behind this version? A finished request has no more to wait for.
    fn is_newer(&self, id: RequestId, after: u64) -> bool {
        let decider = self.shared.decider.read();
        let open = decider.state.request_index(id).and_then(|index| decider.state.requests.get(index));
        open.is_none_or(|open| open.version > after)
    }

    /// A finished request; `known` = what the index says of it, when that was read already.
    async fn closed_sketch(
        &self,
        id: RequestId,
        page: (u32, u16),
        known: Option<ClosedRequest>,
    ) -> Result<(Sketch, Option<ClosedRead>), Refusal> {
        let closed = match known {
            Some(closed) => closed,
            None => self.shared.closed_request(id.0)?.ok_or(Refusal::NotFound)?,
        };
        let events = self.shared.closed_events(id.0)?;
        let state = if events.len() <= INLINE_EVENTS_MAX {
            self.shared.folded(id.0, events)
        } else {
            let shared = Arc::clone(&self.shared);
            self.off_worker(move || shared.folded(id.0, events)).await.ok_or(Refusal::Unavailable)?
        };
        let end = RequestState::from_word(&closed.state).unwrap_or(RequestState::Finished);
        let read = Some(ClosedRead { version: closed.version });
        let state = match state {
            Ok(state) => state,
            // Whose it was is known still, so only who may see it learns that it cannot be read.
            Err(Refusal::ContentUnreadable) => {
                return Ok((Sketch { lost: true, ..erased_sketch(&closed, end) }, read));
            }
            Err(refusal) => return Err(refusal),
        };
        let Some(index) = state.request_index(id) else { return Ok((erased_sketch(&closed, end), read)) };
        let mut found = sketch(&state, index, page, |_| (Waiting::Turn, None)).ok_or(Refusal::NotFound)?;
        found.view.state = end;
        (found.view.version, found.view.repeat) = (closed.version, None);
        found.view.case = domain::CaseId(closed.case);
        // The case as it is now, when others of its requests are still in memory; else as this request left it.
        let decider = self.shared.decider.read();
        if let Some(case) = decider.state.case_by_sequence(closed.case) {
            found.view.ledger = decider.state.ledger(case);
            found.secrets = decider.state.secret_entries(case);
            let halted = decider.state.cases.get(case).and_then(|case| case.halted.as_ref());
            found.view.halted = halted.map(|halted| halted.cause());
        }
        // What the acts left in force lives on after the request, and changes.
        for sketched in &mut found.acts {
            sketched.measure = decider.state.measure_by_act(sketched.act.id()).and_then(measure_view);
        }
        Ok((found, read))
    }
}

impl Shared {
    /// The index does not have what could not be read when it was filled. Only whoever submitted it is told so by its leaf, for who
    /// else may see it stands in what cannot be read.
    pub(super) fn absent_or_lost(&self, caller: &Caller, id: RequestId, refusal: Refusal) -> Refusal {
        if refusal != Refusal::NotFound {
            return refusal;
        }
        match self.papers.leaf_at_least(id.0) {
            Some((Event { fact: Fact::RequestAccepted(fact), .. }, true)) if fact.token == caller.token => {
                Refusal::ContentUnreadable
            }
            _ => Refusal::NotFound,
        }
    }

    pub(crate) fn closed_request(&self, request: u64) -> Result<Option<ClosedRequest>, Refusal> {
        match self.index.pending(request) {
            Some(pending) => Ok(Some(pending)),
            None => self.stored_request(request),
        }
    }

    /// What the index has of a finished request.
    pub(super) fn stored_request(&self, request: u64) -> Result<Option<ClosedRequest>, Refusal> {
        let lack = self.lack_of(request);
        let found = finished(self.index.current().as_ref(), request).map_err(|error| unreadable(&error))?;
        found_or(found, lack)
    }

    /// A finished request as its own events left it: by their leaves where what stands beside them was erased or cannot be read.
    ///
    /// # Errors
    /// [`Refusal::ContentUnreadable`] when that is a plan of it, for what else is known would be half of the truth.
    pub(crate) fn closed_state(&self, request: u64) -> Result<State, Refusal> {
        self.folded(request, self.closed_events(request)?)
    }

    fn folded(&self, request: u64, events: Vec<u64>) -> Result<State, Refusal> {
        let mut state = State::default();
        for sequence in events {
            let (event, is_lost) = match self.papers.leaf_at_least(sequence) {
                Some(read) => read,
                None if sequence == request => return Err(Refusal::ContentUnreadable),
                None => continue,
            };
            if is_lost && matches!(event.fact, Fact::RequestAccepted(_) | Fact::PlanExtended(_)) {
                return Err(Refusal::ContentUnreadable);
            }
            if !matches!(event.fact, Fact::RequestFinished(_)) {
                state.fold(sequence, &event);
            }
        }
        Ok(state)
    }

    /// The finished request that a slip belonged to.
    pub(crate) fn closed_by_slip(&self, slip: domain::SlipNumber) -> Result<Option<u64>, Refusal> {
        if let Some(request) = self.index.pending_by_slip(slip.bits()) {
            return Ok(Some(request));
        }
        let lack = self.index.lack();
        let found = request_of_slip(self.index.current().as_ref(), slip.bits()).map_err(|error| unreadable(&error))?;
        found_or(found, lack)
    }

    /// Sequences of the events of a finished request, in order.
    pub(crate) fn closed_events(&self, request: u64) -> Result<Vec<u64>, Refusal> {
        Ok(self.closed_with_events(request)?.map(|closed| closed.events).unwrap_or_default())
    }

    /// A finished request with all its events.
    pub(crate) fn closed_with_events(&self, request: u64) -> Result<Option<ClosedRequest>, Refusal> {
        let lack = self.lack_of(request);
        let found = self.index.found(request).map_err(|error| unreadable(&error))?;
        found_or(found, lack)
    }

    /// Why nothing can be said of a request that is not found: better no answer than a wrong one.
    fn lack_of(&self, request: u64) -> Option<Refusal> {
        self.index.lack().filter(|_| request < self.reader.durable_size())
    }

    /// What keeps an open act, and until when if that is known.
    fn waiting_of(&self, decider: &crate::decide::Decider, act: &Act) -> (Waiting, Option<Millis>) {
        let partner = decider.config().partners.get(decider.state.partner_of(act.lane));
        let due = (act.due_at > 0).then_some(act.due_at);
        let has_spoken = act.state() == ActState::InDoubt && act.settled_by != 0 && !act.is_under_way();
        let Some(partner) = partner.filter(|_| !has_spoken) else {
            let spoken = if act.settled_differs { Waiting::WordsDiffer } else { Waiting::OtherPerson };
            return (if has_spoken { spoken } else { Waiting::Absent }, None);
        };
        let request = decider.state.requests.get(act.request).map(|open| open.sequence);
        let is_unread = || request.is_some_and(|request| self.papers.unread.is_one_of(request, &partner.id));
        match act.state() {
            ActState::Ready | ActState::Awaiting if is_unread() => (Waiting::Papers, None),
            ActState::Awaiting if act.verdict() == Some(Verdict::Registered) => (Waiting::Condition, due),
            ActState::Awaiting => {
                let answer_due =
                    act.since.saturating_add(Millis::try_from(partner.answer_due_ms).unwrap_or(Millis::MAX));
                if due.is_some() { (Waiting::Ask, due) } else { (Waiting::Turn, Some(answer_due)) }
            }
            ActState::InDoubt if due.is_none() && !act.is_under_way() => (Waiting::People, None),
            ActState::InDoubt => (Waiting::Ask, due),
            ActState::Ready => ready_waiting(decider, act, partner, self.clock.wall()),
            _ => (Waiting::Turn, None),
        }
    }

    /// Reads names, accounts and outcomes from the journal, for this token; `None` = for whoever submitted it.
    fn complete(&self, sketch: Sketch, token: Option<&str>) -> Result<RequestView, Refusal> {
        let Sketch { mut view, acts, superseded, leads, secrets, lost } = sketch;
        if lost {
            return Err(Refusal::ContentUnreadable);
        }
        let papers = self.papers.request(view.id.0);
        match &papers {
            Some(papers) => {
                view.case_number = papers.context.case.number.clone();
                view.preservation.clone_from(&papers.preservation);
            }
            None => {
                self.papers.not_lost(view.id.0)?;
                view.erased = true;
            }
        }
        let token = token.or(papers.as_ref().map(|papers| papers.token.as_str())).unwrap_or_default();
        view.ledger = self.seen_by(token, view.ledger, &secrets);
        view.leads = leads.into_iter().filter_map(|sequence| self.lead_view(sequence)).collect();
        let mut said = self.said_of(&acts, superseded);
        let mut act_view = |sketched: Sketched| {
            let said = said.remove(&sketched.act.id()).unwrap_or_default();
            self.act_view(sketched, said)
        };
        view.acts = acts.into_iter().map(&mut act_view).collect();
        view.delivery = self.delivery_of(view.id);
        Ok(view)
    }

    fn lead_view(&self, sequence: u64) -> Option<LeadView> {
        let event = self.papers.event(sequence)?;
        let (Fact::LeadReceived(fact), Some(Body::Lead(lead))) = (event.fact, event.body) else { return None };
        let (act, partner) = (fact.act.into(), fact.partner);
        Some(LeadView { at: event.at, sequence, act, partner, lead: lead.into_lead()? })
    }

    /// What was ordered, by the plan in the journal.
    pub(super) fn order_of(&self, act: ActId, kind: domain::ActKind, subject: u16) -> ActOrder {
        let line = self.papers.line(act);
        let base = line.as_ref().and_then(|line| line.base).and_then(|base| self.papers.line(base.into()));
        ActOrder {
            kind,
            partner: line.as_ref().map(|line| line.partner.clone()).unwrap_or_default(),
            subject,
            account: line.as_ref().and_then(|line| self.papers.account_of(line, base)).map(Personal::new),
            amount: line.as_ref().and_then(|line| line.amount).map(Money::from_units),
            from: line.as_ref().and_then(|line| line.from).map(Day::from_count),
            to: line.as_ref().and_then(|line| line.to).map(Day::from_count),
            original: line.as_ref().and_then(store::record::PlanLine::original),
            note: line.as_ref().and_then(|line| line.note.clone()).map(Personal::new),
            details: line.as_ref().map(|line| store::record::details_in(line.details.clone())).unwrap_or_default(),
        }
    }

    fn act_view(&self, sketched: Sketched, (outcomes, is_lost): Said) -> ActView {
        let Sketched { act, measure, waiting: (waiting, by), partner, .. } = sketched;
        let mut order = self.order_of(act.id(), act.kind(), act.subject);
        let is_planless = order.partner.is_empty();
        if is_planless {
            order.partner = partner;
        }
        let waiting = if act.state() == ActState::Unsent { why_unsent(&act) } else { waiting };
        let unreadable = is_lost || is_planless && self.papers.is_lost(act.sequence);
        let next = if unreadable { sentence::unreadable() } else { sentence::next(act.state(), waiting, by) };
        ActView {
            id: act.id(),
            slip: act.slip_line(),
            order,
            state: act.state(),
            exchanges: u32::from(act.exchanges),
            outcomes,
            measure,
            unreadable,
            next,
        }
    }
}

/// A live measure as it stands; `None` when nothing stands.
fn measure_view(measure: &Measure) -> Option<MeasureView> {
    measure.is_live().then(|| MeasureView {
        limit: Money::from_units(measure.limit()),
        caught: Money::from_units(measure.caught()),
        to: measure.last_day(),
        queued: measure.state() == MeasureState::Queued,
        rank: (measure.rank > 0).then_some(measure.rank),
    })
}

fn ready_waiting(
    decider: &crate::decide::Decider,
    act: &Act,
    partner: &domain::partner::Partner,
    now: Millis,
) -> (Waiting, Option<Millis>) {
    let state = &decider.state;
    if let Some(hold) = state.hold_on(act) {
        return (hold, None);
    }
    if let Some(before) = state.what_it_waits_for(act) {
        let waiting = match before.kind() {
            _ if before.state() == ActState::Planned => Waiting::Approval,
            kind if kind.moves_money() => Waiting::Taking,
            _ => Waiting::Base,
        };
        return (waiting, None);
    }
    let Some(lane) = state.lane(act.lane) else { return (Waiting::Turn, None) };
    if let Some(pause) = lane.record.paused.as_ref().filter(|pause| pause.until > now) {
        return (Waiting::Paused, Some(pause.until));
    }
    if partner.travel == Travel::Pull {
        return (Waiting::Fetch, None);
    }
    if partner.hours != Hours::ALWAYS
        && let Some(opens) = partner.hours.opens_at(now, &decider.config().calendar)
    {
        return (Waiting::Hours, Some(opens));
    }
    if lane.record.rests_until > now {
        return (Waiting::Breaker, Some(lane.record.rests_until));
    }
    if act.due_at > now {
        return (Waiting::Retry, Some(act.due_at));
    }
    if behind_another(lane, act) {
        return (Waiting::Order, None);
    }
    match lane.window_opens(partner.rate.max, partner.rate.window_ms, now) {
        Some(opens) => (Waiting::Limit, Some(opens)),
        None => (Waiting::Turn, None),
    }
}

fn behind_another(lane: &Lane, act: &Act) -> bool {
    act.kind().is_control() && lane.order.get(&act.subject_key).is_some_and(|queue| queue.len() > 1)
}

fn sketch(
    state: &State,
    index: Index,
    (from, len): (u32, u16),
    waiting: impl Fn(&Act) -> (Waiting, Option<Millis>),
) -> Option<Sketch> {
    let open: &OpenRequest = state.requests.get(index)?;
    let mut counts: Vec<(ActState, u32)> = ActState::ALL.iter().map(|state| (*state, 0)).collect();
    for act in open.acts.iter().filter_map(|act| state.acts.get(*act)) {
        if let Some((_, count)) = counts.iter_mut().find(|(of, _)| *of == act.state()) {
            *count += 1;
        }
    }
    let page = open.acts.iter().skip(from as usize).take(usize::from(len));
    let acts: Vec<Sketched> = page
        .filter_map(|index| Some((*index, state.acts.get(*index)?)))
        .map(|(index, act)| {
            let measure = act.kind().is_lasting().then(|| state.measure_of(act)).flatten().and_then(measure_view);
            let (parts, partner) = (state.parts_of(index).collect(), state.partner_of(act.lane).to_owned());
            Sketched { act: act.clone(), measure, waiting: waiting(act), parts, partner }
        })
        .collect();
    let end = from.saturating_add(u32::from(len));
    let next_page = (end as usize) < open.acts.len();
    // Only a short history is searched for earlier outcomes; a longer one is paged through `/events`.
    let superseded =
        if open.events.len() <= HISTORY_EVENTS_MAX && open.acts.len() <= 50 { open.events.clone() } else { Vec::new() };
    let view = RequestView {
        id: RequestId(open.sequence),
        case: state.case_id(open.case),
        case_number: Personal::new(String::new()),
        preservation: None,
        court: state.word(open.court).to_owned(),
        goal: open.goal().map_or("acts", domain::request::Goal::word).to_owned(),
        state: RequestState::Open,
        stopping: open.stopping || open.overdue,
        version: open.version,
        accepted_at: open.accepted_at,
        deadline: (open.deadline > 0).then_some(open.deadline),
        ledger: state.ledger(open.case),
        counts,
        acts: Vec::new(),
        leads: Vec::new(),
        next_page: next_page.then_some(end),
        erased: false,
        delivery: None,
        repeat: open.repeat().map(|repeat| {
            let until = repeat.ends_at(open.accepted_at);
            RepeatView { round: open.round, until, next: sentence::repeating(open.next_round_at(), until) }
        }),
        halted: state.cases.get(open.case).and_then(|case| case.halted.as_ref()).map(|halted| halted.cause()),
        stopped: state.stopped_of_goal(open),
    };
    let newest = open.leads.len().saturating_sub(LEADS_SHOWN_MAX);
    let leads = open.leads.get(newest..).unwrap_or_default().to_vec();
    let secrets = state.secret_entries(open.case);
    Some(Sketch { view, acts, superseded, leads, secrets, lost: false })
}

fn found_or<T>(found: Option<T>, lack: Option<Refusal>) -> Result<Option<T>, Refusal> {
    match (found, lack) {
        (None, Some(lack)) => Err(lack),
        (found, _) => Ok(found),
    }
}

fn unreadable(error: &store::index::IndexError) -> Refusal {
    tracing::warn!(%error, "the index cannot be read");
    Refusal::Unavailable
}

fn erased_sketch(closed: &ClosedRequest, state: RequestState) -> Sketch {
    let view = RequestView {
        id: RequestId(closed.sequence),
        case: domain::CaseId(closed.case),
        case_number: Personal::new(String::new()),
        preservation: None,
        court: closed.court.clone(),
        goal: closed.goal.clone(),
        state,
        stopping: false,
        version: closed.version,
        accepted_at: closed.accepted_at,
        deadline: None,
        ledger: domain::ledger::Ledger::default(),
        counts: Vec::new(),
        acts: Vec::new(),
        leads: Vec::new(),
        next_page: None,
        erased: true,
        delivery: None,
        repeat: None,
        halted: None,
        stopped: Vec::new(),
    };
    let (acts, superseded, leads, secrets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Sketch { view, acts, superseded, leads, secrets, lost: false }
}
