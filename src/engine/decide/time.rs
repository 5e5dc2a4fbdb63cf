//! What passes with time, and what stops it: configuration, deadlines, documents' 24 hours, reads.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::partner::{Stage, Travel};
use domain::request::Goal;
use domain::task::TaskKind;
use domain::{Millis, RequestId};
use store::record::{
    AccessRead, AccessRefused, ActRef, BODY_IN_RECORD_BYTES_MAX, Body, ConfigLoaded, DeadlinePassed, DocumentBody,
    DocumentErased, DocumentStored, Event, GatewayDrained,
};

use super::Decider;
use super::allocate::PATIENCE_MS;
use super::pump::settles_by_itself;
use super::task::Draft;
use crate::command::{Answer, ClosedRead, Erased, StoreDocument};
use crate::config::Config;
use crate::fold::read_key;
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::slab::Index;

/// A document's own key lives this long; what a request references is wrapped under its case's key by then.
const DOCUMENT_LIFE_MS: Millis = 24 * 3_600_000;
/// Erased in one tick, so that a tick stays short.
const ERASED_PER_TICK_MAX: usize = 100;
/// Deadlines that pass with one tick, rounds that begin and goals that are looked at anew, each: after a day's stop all of them are
/// due at once, and what one tick decides is one batch of the journal.
pub const DUE_PER_TICK_MAX: usize = 500;
/// What they may come to, each, before the rest waits for the next tick: the three together, and what else a tick tells, stay far
/// below the 16 MiB of a batch.
pub const DUE_BYTES_PER_TICK_MAX: usize = 2 << 20;

/// How much of what is due one decision still takes up.
pub(super) struct Portion {
    left: usize,
    /// Events that are counted already.
    counted: usize,
    bytes: usize,
}

impl Portion {
    const fn after(events: &[Event]) -> Self {
        Self::of(DUE_PER_TICK_MAX, events)
    }

    /// So many at most, behind these events.
    pub(super) const fn of(left: usize, events: &[Event]) -> Self {
        Self { left, counted: events.len(), bytes: 0 }
    }

    /// Takes up one more, unless what came of those before is enough.
    pub(super) fn take(&mut self, events: &[Event]) -> bool {
        self.bytes += events.iter().skip(self.counted).map(weight).sum::<usize>();
        self.counted = events.len();
        let takes = self.left > 0 && self.bytes < DUE_BYTES_PER_TICK_MAX;
        self.left = self.left.saturating_sub(1);
        takes
    }
}

/// About what an event takes in the journal, in bytes.
fn weight(event: &Event) -> usize {
    const LEAF: usize = 512;
    const PLAN_LINE: usize = 256;
    let body = match &event.body {
        None => 0,
        Some(Body::Planned(body)) => (body.plan.len() * PLAN_LINE).min(BODY_IN_RECORD_BYTES_MAX),
        Some(_) => 1_024,
    };
    LEAF + body
}

impl Decider {
    pub(super) fn configure(&mut self, config: Arc<Config>) -> Result<Answer, Refusal> {
        // Settings let lanes begin, and tell doubts otherwise than a start does.
        if self.is_starting() {
            return Err(Refusal::WrongState { state: "starting" });
        }
        self.configured = true;
        let config = self.retire_removed(config);
        let partners = u32::try_from(config.partners.len()).unwrap_or(u32::MAX);
        let digest = config.digest.clone();
        let settings: Vec<_> = config
            .partners
            .values()
            .map(|partner| {
                let form = &partner.form;
                let held_by = (partner.stage, form.register.clone(), form.part_release.is_read());
                (partner.id.clone(), partner.rate.max as usize, held_by)
            })
            .collect();
        if self.hears_out_otherwise(&config) {
            let open = self.state.requests.iter().filter(|(_, open)| !open.parts.is_empty());
            self.patience.extend(open.map(|(_, open)| (self.now, open.sequence)));
        }
        let before = std::mem::replace(&mut self.config, config);
        self.rouse_courts();
        let mut changed = false;
        for (partner, keep, (stage, register, reads_parts)) in settings {
            let lane = self.state.lane_for(&partner);
            if let Some(lane) = self.state.lane_mut(lane) {
                lane.ring_keep = keep;
                changed |= lane.stage.unwrap_or(Stage::Deduct) != stage;
                lane.stage = Some(stage);
                changed |= lane.register != register;
                lane.register = register;
                changed |= lane.reads_parts != reads_parts;
                lane.reads_parts = reads_parts;
            }
            self.state.stirred.insert(lane);
        }
        self.registers_stirred = true;
        if changed {
            self.state.rouse_ready(self.now);
        }
        self.state.to_free.clone_from(&self.state.held_acts);
        self.rouse_waiting();
        let sequence = if digest == self.state.config_digest {
            self.state.next
        } else {
            self.emit(ConfigLoaded { digest, partners }.into(), None, 0)
        };
        self.note_persons(&before);
        Ok(Answer::Done(sequence))
    }

    /// Is a partner's answer heard out longer or shorter than before?
    fn hears_out_otherwise(&self, config: &Config) -> bool {
        config.partners.values().any(|partner| {
            let before = self.config.partners.get(&partner.id);
            before.is_some_and(|before| before.form.parts_quiet_ms != partner.form.parts_quiet_ms)
        })
    }

    /// What nobody could ask about when it fell in doubt (at a start no partner is configured yet, or the partner's file said so
    /// then) is asked about as soon as somebody can.
    pub(super) fn rouse_waiting(&mut self) {
        let settles = |act: &Act| {
            let partner = self.partner(act.lane).filter(|partner| partner.travel == Travel::CallOut);
            partner.is_some_and(|partner| settles_by_itself(act, &partner))
        };
        let due = |act: &Act| act.due_at <= self.now && !act.is_under_way() && settles(act);
        let waiting = self.state.acts.iter().filter(|(_, act)| due(act));
        let waiting: Vec<(u16, Millis, Index)> = waiting.map(|(index, act)| (act.lane, act.due_at, index)).collect();
        for (lane, due, index) in waiting {
            if let Some(lane) = self.state.lane_mut(lane) {
                lane.timers.push(Reverse((due, index)));
            }
            self.wake_at(lane, Some(due));
        }
    }

    /// A partner taken out of the files while acts are open there is retired, not gone: what is open goes on.
    fn retire_removed(&self, config: Arc<Config>) -> Arc<Config> {
        let has_open = |partner: &str| {
            let lane = self.state.lane_of(partner).and_then(|lane| self.state.lane(lane));
            lane.is_some_and(|lane| lane.counts.values().any(|count| *count > 0))
        };
        let removed: Vec<_> = self
            .config
            .partners
            .values()
            .filter(|partner| !config.partners.contains_key(&partner.id) && has_open(&partner.id))
            .cloned()
            .collect();
        if removed.is_empty() {
            return config;
        }
        let mut kept = Config::clone(&config);
        for partner in removed {
            let retired = domain::partner::Partner { retired: true, ..partner.as_ref().clone() };
            kept.partners.insert(retired.id.clone(), Arc::new(retired));
        }
        Arc::new(kept)
    }

    /// What is stored already is stored once more only when its bytes are lost; the key of the lost ones goes.
    pub(super) fn store_document(&mut self, document: StoreDocument) -> Result<Answer, Refusal> {
        let lost = self.state.documents.get(&document.key).map(|lost| (lost.sequence, lost.slot));
        let body = DocumentBody {
            digest: document.digest,
            digest_key: document.key,
            file_name: document.file_name,
            content_type: document.content_type,
        };
        let fact =
            DocumentStored { blob: document.blob, bytes: document.bytes, court: document.court, token: document.token };
        let stored = self.emit(fact.into(), Some(Body::Document(body)), document.slot);
        if let Some((document, slot)) = lost {
            self.emit(DocumentErased { document }.into(), None, 0);
            self.erased.push(Erased { slot, blob: None });
        }
        Ok(Answer::Stored(stored))
    }

    pub(super) fn tick(&mut self) -> Result<Answer, Refusal> {
        self.end_interrupted();
        // A goal that goes on before the settings are there would find nobody to order from, and end.
        if !self.configured {
            return Ok(Answer::Done(self.state.next));
        }
        self.behind = false;
        self.pass_deadlines();
        self.pass_days();
        self.tell_overdue();
        self.tell_unregistered();
        self.lose_patience();
        self.repeat_goals();
        self.erase_documents();
        Ok(Answer::Done(self.state.next))
    }

    fn pass_deadlines(&mut self) {
        let passed: Vec<Index> = self
            .state
            .deadlines
            .iter()
            .take_while(|(due, _)| *due <= self.now)
            .map(|(_, request)| *request)
            .take(DUE_PER_TICK_MAX)
            .collect();
        // What is left stays due.
        let mut portion = Portion::after(&self.events);
        for index in passed {
            if !portion.take(&self.events) {
                return;
            }
            let Some(open) = self.state.requests.get(index) else { continue };
            let (request, case, court) = (open.sequence, open.case, self.state.word(open.court).to_owned());
            self.emit(DeadlinePassed { request }.into(), None, 0);
            // Told first: what it left unsent may have been all that was open, and the request ends with it.
            let draft = Draft { act: Some(ActRef(request, 0)), ..Draft::default() };
            self.raise(TaskKind::DeadlinePassed, Some(case), &court, draft);
            self.go_on(index);
        }
    }

    /// Remembers when a goal no longer waits for questions about property of an earlier kind, nor for more of what was told in part.
    pub(super) fn be_patient(&mut self, request: RequestId) {
        let open = self.state.request_index(request).and_then(|index| self.state.requests.get(index));
        let Some(open) = open.filter(|open| matches!(open.goal(), Some(Goal::Secure | Goal::Collect))) else { return };
        let patient = open.accepted_at.saturating_add(PATIENCE_MS);
        let quiet = self.quiet_at(open);
        self.patience.insert((patient, request.0));
        self.patience.extend(quiet.map(|until| (until, request.0)));
    }

    /// Whatever goals may plan is looked at anew with the next tick: what held it back is gone.
    pub(super) fn look_anew(&mut self) {
        let goals = |open: &crate::state::OpenRequest| matches!(open.goal(), Some(Goal::Secure | Goal::Collect));
        let open = self.state.requests.iter().filter(|(_, open)| goals(open));
        self.patience.extend(open.map(|(_, open)| (self.now, open.sequence)));
    }

    /// The same for the goals of one case: there is more to be held or taken than before.
    pub(super) fn look_anew_at(&mut self, case: Index) {
        let requests = self.state.cases.get(case).into_iter().flat_map(|case| &case.requests);
        let open = requests.filter_map(|request| self.state.requests.get(*request));
        let goals = open.filter(|open| matches!(open.goal(), Some(Goal::Secure | Goal::Collect)));
        self.patience.extend(goals.map(|open| (self.now, open.sequence)));
    }

    fn lose_patience(&mut self) {
        let mut portion = Portion::after(&self.events);
        while let Some((due, request)) = self.patience.first().copied().filter(|(due, _)| *due <= self.now) {
            if !portion.take(&self.events) {
                self.behind = true;
                return;
            }
            self.patience.remove(&(due, request));
            if let Some(index) = self.state.request_index(RequestId(request)) {
                self.go_on(index);
            }
        }
    }

    /// Begins the rounds that are due, and ends those whose days are over.
    fn repeat_goals(&mut self) {
        let mut portion = Portion::after(&self.events);
        while let Some((due, request)) = self.rounds.first().copied().filter(|(due, _)| *due <= self.now) {
            // What is left stays due.
            if !portion.take(&self.events) {
                return;
            }
            self.rounds.remove(&(due, request));
            if let Some(index) = self.state.request_index(RequestId(request)) {
                self.repeat_goal(index);
            }
        }
    }

    fn erase_documents(&mut self) {
        let old: Vec<(u64, u64, String, bool)> = self
            .state
            .documents_by_age()
            .take_while(|document| document.at.saturating_add(DOCUMENT_LIFE_MS) <= self.now)
            .take(ERASED_PER_TICK_MAX)
            .map(|document| (document.sequence, document.slot, document.blob.clone(), document.referenced))
            .collect();
        // A request of a case that was left out may name it, and nobody can tell: without its key the file says nothing to anybody else.
        let may_be_named = !self.state.left_out.is_empty();
        for (document, slot, blob, referenced) in old {
            self.emit(DocumentErased { document }.into(), None, 0);
            self.erased.push(Erased { slot, blob: (!referenced && !may_be_named).then_some(blob) });
        }
        self.state.erased.clear();
    }

    pub(super) fn read(
        &mut self,
        by: &str,
        is_person: bool,
        request: RequestId,
        closed: Option<ClosedRead>,
    ) -> Result<Answer, Refusal> {
        let open = self.state.request_index(request).and_then(|index| self.state.requests.get(index));
        let version = match (open, closed) {
            (Some(open), _) => open.version,
            (None, Some(closed)) => closed.version,
            (None, None) => return Err(Refusal::NotFound),
        };
        let key = read_key(by, request.0);
        if is_person || self.state.reads.get(&key) != Some(&version) {
            self.emit(AccessRead { by: by.to_owned(), request: request.0, version }.into(), None, 0);
        }
        Ok(Answer::Done(version))
    }

    pub(super) fn refused(&mut self, source: String, minute: Millis, count: u32) -> Result<Answer, Refusal> {
        Ok(Answer::Done(self.emit(AccessRefused { count, minute, source }.into(), None, 0)))
    }

    pub(super) fn drain(&mut self) -> Result<Answer, Refusal> {
        self.draining = true;
        let under_way = self.state.acts.iter().any(|(_, act)| act.is_under_way())
            || self.state.deliveries.under_way().next().is_some()
            || self.state.reminders_under_way().next().is_some();
        if under_way {
            return Ok(Answer::Done(self.state.next));
        }
        let epoch = self.state.epoch;
        Ok(Answer::Done(self.emit(GatewayDrained { epoch }.into(), None, 0)))
    }
}
