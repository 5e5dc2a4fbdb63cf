//! What an exchange needs and the open state does not hold: requests, plans and wrapped keys, read from the journal and kept for a while.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::act::Original;
use domain::form::Form;
use domain::papers::{carried, is_carried};
use domain::slip::{Line, Slip, SlipContext};
use domain::{ActId, ActKind, Day, Money, Personal, SlipNumber};
use parking_lot::Mutex;
use store::journal::Reader;
use store::record::{Body, Event, Fact, PlanLine, SealTwin};

use super::Shared;
use super::unread::Unread;
use crate::command::{KnownAct, Planned};
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::hash::Map;
use crate::state::left_out::LeftOut;
use crate::vault::{Vault, VaultError};

/// Plans kept in memory; about 3 KiB each for an ordinary request, so about 12 MiB.
const PLANS_KEPT: usize = 4_096;
/// A plan with more lines than this is kept only among the few last ones: ten thousand lines are a MiB.
const KEPT_LINES_MAX: usize = 500;
/// Plans with more lines than that: a search of a whole province is asked for by each of its partners in turn, and would
/// be read and opened again for each of their slips.
const LARGE_KEPT: usize = 4;

/// A request as its slips need it.
pub struct RequestPapers {
    /// Sequence of the event that accepted or imported it.
    pub request: u64,
    /// Case, officers, and every paper of the request.
    pub context: Arc<SlipContext>,
    /// The same with the papers of some acts alone, by which those are.
    narrowed: Mutex<Vec<(u64, Arc<SlipContext>)>>,
    /// Documents' keys, wrapped under the case's.
    pub seals: Vec<SealTwin>,
    /// Slot of the case's key.
    pub slot: u64,
    /// Where its results are delivered.
    pub callback: Option<Personal<String>>,
    /// 案号 of the preservation that it goes on from.
    pub preservation: Option<Personal<String>>,
    /// Name of the token that submitted it; empty of an import.
    pub token: String,
    /// The only tokens that may see it, its own first; empty when it is not secret.
    pub viewers: Vec<String>,
}

/// Narrowed contexts kept with a request: a collect has those of a query, a freeze, a deduction and a release.
const NARROWED_KEPT: usize = 6;

impl RequestPapers {
    fn new(context: SlipContext, seals: Vec<SealTwin>, slot: u64) -> Self {
        let narrowed = Mutex::new(Vec::new());
        Self {
            request: 0,
            context: Arc::new(context),
            narrowed,
            seals,
            slot,
            callback: None,
            preservation: None,
            token: String::new(),
            viewers: Vec::new(),
        }
    }

    /// Which papers a message about acts of these kinds carries to a partner with this form, as [`carried`] tells.
    #[must_use]
    pub fn carried(&self, acts: &[ActKind], form: Option<&Form>) -> u64 {
        carried(&self.context.papers, acts, form)
    }

    /// The context as such a message has it.
    fn context_with(&self, carried: u64) -> Arc<SlipContext> {
        let whole = &self.context;
        if (0..whole.papers.len()).all(|place| is_carried(carried, place)) {
            return Arc::clone(whole);
        }
        let mut narrowed = self.narrowed.lock();
        if let Some((_, context)) = narrowed.iter().find(|(known, _)| *known == carried) {
            return Arc::clone(context);
        }
        let papers = whole.papers.iter().enumerate().filter(|(place, _)| is_carried(carried, *place));
        let papers = papers.map(|(_, paper)| paper.clone()).collect();
        let context = Arc::new(SlipContext { case: whole.case.clone(), officers: whole.officers.clone(), papers });
        if narrowed.len() < NARROWED_KEPT {
            narrowed.push((carried, Arc::clone(&context)));
        }
        context
    }
}

/// The plan of one event.
pub struct Plan {
    /// The request it belongs to.
    pub request: u64,
    /// Its lines.
    pub lines: Vec<PlanLine>,
    /// Present on a `request.accepted`.
    pub papers: Option<Arc<RequestPapers>>,
}

#[derive(Default)]
struct Kept {
    /// How often all was forgotten: what was read before that must not be kept behind it.
    forgotten: u64,
    plans: Map<u64, Arc<Plan>>,
    order: VecDeque<u64>,
    large: VecDeque<(u64, Arc<Plan>)>,
}

/// Plans by the sequence of their event.
pub struct Papers {
    vault: Vault,
    reader: Reader,
    kept: Mutex<Kept>,
    /// Files of papers that could not be read.
    pub(super) unread: Unread,
    events_read: AtomicU64,
    /// Cases that the state left out, by the slots of their keys: as good as lost, also where something of them can be read.
    left_out: LeftOut,
    /// The same by the sequences that name them.
    cases_left_out: BTreeSet<u64>,
    lost: Mutex<BTreeSet<Lost>>,
    /// How many those are; read before the lock is taken, which is nearly never needed.
    lost_count: AtomicU64,
}

/// What cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lost {
    /// The key of a slot, and with it all that is sealed under it.
    Slot(u64),
    /// What an event holds beside its leaf.
    Event(u64),
}

/// Of so much that cannot be read each is told once; of more than that the newest may be told again.
const LOST_REMEMBERED_MAX: usize = 65_536;
/// Where the runbook says what to do.
const RUNBOOK: &str = "docs/RUNBOOK.md#keys";

impl Papers {
    /// Reads through `reader` and `vault`.
    #[must_use]
    pub fn new(vault: Vault, reader: Reader, left_out: LeftOut) -> Self {
        let lost: BTreeSet<Lost> = left_out.keys().rev().take(LOST_REMEMBERED_MAX).copied().map(Lost::Slot).collect();
        Self {
            vault,
            reader,
            kept: Mutex::new(Kept::default()),
            unread: Unread::default(),
            events_read: AtomicU64::new(0),
            lost_count: AtomicU64::new(u64::try_from(lost.len()).unwrap_or(u64::MAX)),
            lost: Mutex::new(lost),
            cases_left_out: left_out.values().copied().collect(),
            left_out,
        }
    }

    /// Keeps what was just written, so that the exchange that follows need not read it back.
    pub fn keep(&self, sequence: u64, fact: &Fact, body: Option<Body>, key: u64) {
        if let Some(plan) = plan_of(sequence, fact, body, key) {
            let forgotten = self.kept.lock().forgotten;
            self.insert(sequence, Arc::new(plan), forgotten);
        }
    }

    /// A case was erased: no plan is kept, because none of those of its goals tells whose it is. They are read again as they are needed.
    pub fn forget(&self) {
        let mut kept = self.kept.lock();
        *kept = Kept { forgotten: kept.forgotten + 1, ..Kept::default() };
    }

    fn insert(&self, sequence: u64, plan: Arc<Plan>, forgotten: u64) {
        let mut kept = self.kept.lock();
        if kept.forgotten != forgotten {
            return;
        }
        if plan.lines.len() > KEPT_LINES_MAX {
            kept.large.retain(|(known, _)| *known != sequence);
            kept.large.push_back((sequence, plan));
            if kept.large.len() > LARGE_KEPT {
                kept.large.pop_front();
            }
            return;
        }
        if kept.plans.insert(sequence, plan).is_none() {
            kept.order.push_back(sequence);
        }
        while kept.order.len() > PLANS_KEPT {
            if let Some(oldest) = kept.order.pop_front() {
                kept.plans.remove(&oldest);
            }
        }
    }

    /// The plan of the event at `sequence`; `None` when there is none, or its case was erased.
    #[must_use]
    pub fn plan(&self, sequence: u64) -> Option<Arc<Plan>> {
        let forgotten = {
            let kept = self.kept.lock();
            let large = || kept.large.iter().find(|(known, _)| *known == sequence).map(|(_, plan)| plan);
            if let Some(plan) = kept.plans.get(&sequence).or_else(large) {
                return Some(Arc::clone(plan));
            }
            kept.forgotten
        };
        let event = self.event(sequence)?;
        let plan = Arc::new(plan_of(sequence, &event.fact, event.body, event.key)?);
        self.insert(sequence, Arc::clone(&plan), forgotten);
        Some(plan)
    }

    /// How many events were read from the journal and opened, since the start: each is a read, a check and an unsealing.
    #[must_use]
    pub fn events_read(&self) -> u64 {
        self.events_read.load(Ordering::Relaxed)
    }

    /// The event at `sequence`; what cannot be read is logged here and treated as absent.
    #[must_use]
    pub fn event(&self, sequence: u64) -> Option<Event> {
        self.leaf_at_least(sequence).filter(|(_, is_lost)| !is_lost).map(|(event, _)| event)
    }

    /// The same, and where its body should be there and cannot be read, the event without it: its leaf tells what happened all the same.
    #[must_use]
    pub fn leaf_at_least(&self, sequence: u64) -> Option<(Event, bool)> {
        self.events_read.fetch_add(1, Ordering::Relaxed);
        let record = match self.reader.read(sequence) {
            Ok(record) => record?,
            Err(error) => {
                tracing::error!(sequence, %error, "an event cannot be read; run `xiezhi verify`");
                return None;
            }
        };
        match self.vault.read_leaf_at_least(sequence, &record) {
            Ok((event, None)) if self.left_out.contains_key(&event.key) => Some((Event { body: None, ..event }, true)),
            Ok((event, None)) => {
                self.found(sequence, event.key);
                Some((event, false))
            }
            Ok((event, Some(error))) => {
                self.note_lost(sequence, event.key, &error);
                Some((event, true))
            }
            Err(error) => {
                tracing::error!(sequence, %error, "an event cannot be read; run `xiezhi verify`");
                None
            }
        }
    }

    /// Is the content of the event there and cannot be read? An erased one is not lost.
    #[must_use]
    pub fn is_lost(&self, sequence: u64) -> bool {
        self.leaf_at_least(sequence).is_some_and(|(_, is_lost)| is_lost)
    }

    /// Tells what is lost from what was erased, where nothing was found.
    ///
    /// # Errors
    /// [`Refusal::ContentUnreadable`].
    pub fn not_lost(&self, sequence: u64) -> Result<(), Refusal> {
        if self.is_lost(sequence) { Err(Refusal::ContentUnreadable) } else { Ok(()) }
    }

    /// Is what was planned there erased? What cannot be read is not, and says so where it is needed.
    ///
    /// # Errors
    /// [`Refusal::WrongState`].
    pub fn not_erased(&self, sequence: u64) -> Result<(), Refusal> {
        match self.leaf_at_least(sequence) {
            Some((Event { body: None, .. }, false)) => Err(Refusal::WrongState { state: "erased" }),
            _ => Ok(()),
        }
    }

    /// Why nothing of what was planned there is to be had: its case was erased, or it cannot be read.
    pub fn absence(&self, sequence: u64) -> Refusal {
        self.not_erased(sequence).err().unwrap_or(Refusal::ContentUnreadable)
    }

    /// Did a start leave cases out?
    pub(super) fn any_left_out(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Is the case that is known by this sequence one that was left out?
    pub(super) fn is_case_left_out(&self, case: u64) -> bool {
        self.cases_left_out.contains(&case)
    }

    /// Is this event of a case that was left out, as its leaf tells?
    pub(super) fn is_left_out(&self, sequence: u64) -> bool {
        self.any_left_out()
            && self.leaf_at_least(sequence).is_some_and(|(event, _)| self.left_out.contains_key(&event.key))
    }

    /// Slots and events known now that cannot be read, since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_count.load(Ordering::Relaxed)
    }

    /// Tells once of each key, and of each other event, that it cannot be read.
    fn note_lost(&self, sequence: u64, slot: u64, error: &VaultError) {
        let what = if matches!(error, VaultError::Key { .. }) { Lost::Slot(slot) } else { Lost::Event(sequence) };
        if self.remember_lost(what) {
            tracing::error!(sequence, slot, %error, runbook = RUNBOOK, "an event cannot be opened; run `xiezhi verify`");
        }
    }

    /// Holds the keys of all that is open against their slots. What is not there is told and counted now, and not when somebody asks.
    pub fn look_at(&self, slots: impl Iterator<Item = u64>, ended: impl Fn() -> bool) {
        for slot in slots.filter(|slot| *slot != 0) {
            if ended() {
                return;
            }
            if let Err(error) = self.vault.keys().look(slot)
                && self.remember_lost(Lost::Slot(slot))
            {
                tracing::error!(slot, %error, runbook = RUNBOOK, "a key of what is open cannot be read; run `xiezhi verify`");
            }
        }
    }

    fn remember_lost(&self, what: Lost) -> bool {
        let mut lost = self.lost.lock();
        if lost.len() >= LOST_REMEMBERED_MAX && !lost.contains(&what) {
            lost.pop_last();
        }
        let is_news = lost.insert(what);
        self.lost_count.store(u64::try_from(lost.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        is_news
    }

    /// It can be read (again): somebody has put it back.
    fn found(&self, sequence: u64, slot: u64) {
        if self.lost() == 0 {
            return;
        }
        let mut lost = self.lost.lock();
        let gone = [Lost::Slot(slot), Lost::Event(sequence)].map(|what| lost.remove(&what));
        if gone.contains(&true) {
            self.lost_count.store(u64::try_from(lost.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
            tracing::warn!(sequence, slot, "what could not be opened can be read again");
        }
    }

    /// The key slot of the case that the event at `sequence` is of, as its leaf tells, whatever became of the key; `None` when not even that
    /// can be read.
    #[must_use]
    pub fn slot_of(&self, sequence: u64) -> Option<u64> {
        self.leaf_at_least(sequence).map(|(event, _)| event.key)
    }

    /// The same for a request of which something is to be said.
    ///
    /// # Errors
    /// [`Refusal::ContentUnreadable`].
    pub fn slot_of_request(&self, papers: Option<&RequestPapers>, request: u64) -> Result<u64, Refusal> {
        let slot = papers.map(|papers| papers.slot).or_else(|| self.slot_of(request));
        slot.ok_or(Refusal::ContentUnreadable)
    }

    /// The request's papers.
    #[must_use]
    pub fn request(&self, request: u64) -> Option<Arc<RequestPapers>> {
        self.plan(request)?.papers.clone()
    }

    /// The plan line of an act.
    #[must_use]
    pub fn line(&self, act: ActId) -> Option<PlanLine> {
        self.plan(act.sequence)?.lines.get(act.line as usize).cloned()
    }

    /// The same; `None` only when its case was erased.
    ///
    /// # Errors
    /// [`Refusal::ContentUnreadable`].
    pub fn line_unless_lost(&self, act: ActId) -> Result<Option<PlanLine>, Refusal> {
        let line = self.line(act);
        if line.is_none() {
            self.not_lost(act.sequence)?;
        }
        Ok(line)
    }

    /// The slip that carries these acts, which share its number, with the papers that go with them to a partner of this form;
    /// `with_line` writes originals as `slip-line`.
    #[must_use]
    pub fn slip(&self, acts: &[ActId], with_line: bool, form: Option<&Form>) -> Option<Slip> {
        let first = acts.first()?;
        let plan = self.plan(first.sequence)?;
        let papers = match &plan.papers {
            Some(papers) => Arc::clone(papers),
            None => self.request(plan.request)?,
        };
        let mut lines = Vec::with_capacity(acts.len());
        for act in acts {
            // Nearly always of the same plan; a slip whose acts were planned at different times is possible all the same.
            let other = if act.sequence == first.sequence { None } else { Some(self.plan(act.sequence)?) };
            let line = other.as_ref().unwrap_or(&plan).lines.get(act.line as usize)?;
            lines.push(self.slip_line(line, &papers.context, with_line)?);
        }
        let first = plan.lines.get(first.line as usize)?;
        let kinds: Vec<ActKind> = lines.iter().map(|line| line.kind).collect();
        let context = papers.context_with(papers.carried(&kinds, form));
        Some(Slip { number: SlipNumber::from_bits(first.slip), context, subject: first.subject, lines })
    }

    /// What a line is about: named by itself, or by what it builds on. What goes back was taken out of a freeze, so two steps are looked at.
    pub(super) fn account_of(&self, line: &PlanLine, base: Option<PlanLine>) -> Option<String> {
        let of_base = |base: PlanLine| {
            let before = || self.line(base.base?.into())?.account;
            base.account.clone().or_else(before)
        };
        line.account.clone().or_else(|| base.and_then(of_base))
    }

    fn slip_line(&self, line: &PlanLine, context: &SlipContext, with_line: bool) -> Option<Line> {
        let base = line.base.and_then(|base| self.line(base.into()));
        // What a preservation ordered is known at the partner under the preservation's number (rule D11).
        let ordered_in = line.base.and_then(|base| self.request(self.plan(base.0)?.request));
        let case = ordered_in.as_ref().map_or(context, |papers| &papers.context);
        let original = match (&line.base, &base) {
            // One that was taken over goes under the number it has at the partner.
            (Some(_), Some(base)) if base.slip == 0 => base.original(),
            (Some(act), Some(base)) => {
                let slip = SlipNumber::from_bits(base.slip);
                let slip = if with_line { format!("{slip}-{}", base.line) } else { slip.to_string() };
                Some(Original { act: Some((*act).into()), slip, case_number: case.case.number.clone() })
            }
            _ => line.original(),
        };
        let account = self.account_of(line, base);
        Some(Line {
            line: line.line,
            kind: ActKind::from_code(line.kind)?,
            account: account.map(Personal::new),
            amount: line.amount.map(Money::from_units),
            from: line.from.map(Day::from_count),
            to: line.to.map(Day::from_count),
            original,
            note: line.note.clone().map(Personal::new),
            details: store::record::details_in(line.details.clone()),
        })
    }
}

impl Shared {
    /// Looks at the keys of what is open, beside everything else.
    pub(super) fn look_at_keys(&self) {
        let slots = self.decider.read().state.open_keys();
        self.papers.look_at(slots.into_iter(), || self.draining.load(Ordering::Relaxed));
    }

    /// What the history tells of an act of a finished request; `None` when its case was erased.
    pub(super) fn known_act(&self, history: &crate::state::State, act: &Act) -> Option<KnownAct> {
        let moved = if act.kind().gives_back() { act.effected } else { history.moved_by(act.id()) };
        let planned = self.papers.planned(act.id())?;
        let base = planned.line.base.and_then(|base| self.papers.planned(base.into()));
        let freeze = history.measures.get(act.measure).filter(|_| act.kind() == ActKind::Freeze);
        let told = freeze.map(|freeze| (freeze.granted, freeze.held));
        Some(KnownAct { state: act.state(), moved, told, sent_at: act.sent_at, planned, base })
    }
}

impl Papers {
    /// A plan line with the case that it is of.
    fn planned(&self, act: ActId) -> Option<Planned> {
        let plan = self.plan(act.sequence)?;
        let line = plan.lines.get(act.line as usize)?.clone();
        let event = self.event(plan.request)?;
        let (case_key, subjects, request) = match (event.fact, event.body?) {
            (Fact::RequestAccepted(fact), Body::Accepted(body)) => {
                (body.case_key, body.subjects, body.request.bare().shown_to(&fact.token))
            }
            (_, Body::Imported(body)) => (body.case_key, body.subjects, body.request),
            _ => return None,
        };
        Some(Planned { id: act.into(), line, case_key, subjects, request })
    }
}

fn plan_of(sequence: u64, fact: &Fact, body: Option<Body>, slot: u64) -> Option<Plan> {
    match (fact, body?) {
        (Fact::RequestAccepted(fact), Body::Accepted(body)) => {
            let body = *body;
            let mut request = body.request.into_request()?;
            let (callback, preservation) = (request.callback, request.preservation);
            let (token, mut viewers) = (fact.token.clone(), std::mem::take(&mut request.viewers));
            if !viewers.is_empty() {
                viewers.insert(0, token.clone());
            }
            let context = SlipContext { case: request.case, officers: request.officers, papers: request.papers };
            let papers = RequestPapers::new(context, body.seals, slot);
            let papers = RequestPapers { request: sequence, callback, preservation, token, viewers, ..papers };
            Some(Plan { request: sequence, lines: body.plan, papers: Some(Arc::new(papers)) })
        }
        (Fact::MeasureImported(_), Body::Imported(body)) => {
            let body = *body;
            let request = body.request.into_request()?;
            let viewers = request.viewers;
            let context = SlipContext { case: request.case, officers: request.officers, papers: request.papers };
            let papers = RequestPapers { request: sequence, viewers, ..RequestPapers::new(context, body.seals, slot) };
            Some(Plan { request: sequence, lines: body.lines, papers: Some(Arc::new(papers)) })
        }
        (Fact::PlanExtended(fact), Body::Planned(body)) => {
            Some(Plan { request: fact.request, lines: body.plan, papers: None })
        }
        _ => None,
    }
}
