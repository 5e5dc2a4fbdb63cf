//! Tasks at run time: who sees which, and their end.

use domain::task::TaskKind;
use domain::{ActId, CaseId, MeasureId, Money, Personal, TaskId};
use store::record::Body;

use super::Engine;
use crate::command::{Command, EndTask};
use crate::refusal::Refusal;
use crate::state::Task;
use crate::view::{Caller, Page, TaskEnding, TaskFilter, TaskView};

/// Lines of a list at most.
const LIST_MAX: u16 = 200;
/// Tasks copied out of the state at once: a page and the one behind it.
const LOOKED_AT_ONCE: usize = 201;

/// Tasks looked at for one page at most: where many are about secret requests of others, a page may be short and still have a next one.
const LOOKED_MAX: usize = 2_000;

/// Does a sum in it belong to a case?
fn belongs(kind: TaskKind, has_case: bool) -> bool {
    has_case || kind != TaskKind::SettlementUnmatched
}

/// A task copied out of the state.
struct Sketch {
    task: Task,
    court: String,
    /// Something that it is about is secret.
    marked: bool,
}

impl Engine {
    /// Open tasks, oldest first: a court's token sees its own, one of the gateway all; what is about a secret request is seen by its
    /// viewers alone, but that the operators have to look into an act is no secret to them. `sealed` = also sums and texts, which is a
    /// read of personal data.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] and its like when the read cannot be recorded.
    pub async fn tasks(&self, caller: &Caller, filter: TaskFilter, sealed: bool) -> Result<Page<TaskView>, Refusal> {
        let limit = usize::from(filter.limit.clamp(1, LIST_MAX));
        let (mut from, mut looked) = (filter.cursor.map_or(0, |cursor| cursor.saturating_add(1)), 0);
        let mut found: Vec<(Sketch, (bool, bool))> = Vec::new();
        let next = loop {
            let sketches = self.task_sketches(caller, &filter, from);
            let Some(last) = sketches.last().map(|sketch| sketch.task.sequence) else { break None };
            for sketch in sketches {
                let shown = self.shared.shows_task(caller, &sketch.task, sketch.marked);
                if shown.0 || sketch.task.kind().is_operators() {
                    found.push((sketch, shown));
                }
            }
            (from, looked) = (last.saturating_add(1), looked + LOOKED_AT_ONCE);
            if found.len() > limit {
                found.truncate(limit);
                break found.last().map(|(sketch, _)| sketch.task.sequence);
            }
            if looked >= LOOKED_MAX {
                break Some(last);
            }
        };
        // Everything shown is durable: an empty question through the same queue waits for it.
        self.done(Command::Barrier).await?;
        let views: Vec<(TaskView, bool)> =
            found.into_iter().map(|(sketch, shown)| (self.task_view(sketch, sealed, shown), shown.0)).collect();
        let personal = |view: &TaskView| {
            let says = view.amount.is_some() || !view.text.expose().is_empty();
            says && belongs(view.kind, view.case.is_some())
        };
        let read = views.iter().filter(|(view, shown)| sealed && *shown && personal(view));
        let read = read.filter_map(|(view, _)| {
            let about = view.act.map(|act| act.sequence).or(view.measure.map(|measure| measure.sequence));
            // What is about a case as a whole is known by the case's first request.
            about.and_then(|planned| self.shared.request_at(planned)).or(view.case.map(|case| case.0))
        });
        self.note_reads(caller, read.collect()).await?;
        Ok(Page { lines: views.into_iter().map(|(view, _)| view).collect(), next, filled_to: None })
    }

    fn task_sketches(&self, caller: &Caller, filter: &TaskFilter, from: u64) -> Vec<Sketch> {
        let decider = self.shared.decider.read();
        let state = &decider.state;
        let own = |court: &str| caller.court.as_deref().is_none_or(|own| own == court);
        let fits = |task: &&Task| {
            own(state.word(task.court))
                && filter.kind.is_none_or(|kind| task.kind() == kind)
                && filter.partner.as_ref().is_none_or(|partner| task.partner == *partner)
                && filter.court.as_deref().is_none_or(|court| state.word(task.court) == court)
        };
        let sketch = |task: &Task| {
            let (court, marked) = (state.word(task.court).to_owned(), state.is_about_a_secret(task));
            Sketch { task: task.clone(), court, marked }
        };
        let found = state.tasks.range(from..).map(|(_, task)| task).filter(fits);
        found.take(LOOKED_AT_ONCE).map(sketch).collect()
    }

    fn task_view(&self, Sketch { task, court, .. }: Sketch, sealed: bool, (shown, sums): (bool, bool)) -> TaskView {
        let sealed = sealed && shown;
        let body = match self.shared.papers.event(task.sequence).and_then(|event| event.body) {
            Some(Body::Task(body)) => body,
            _ => store::record::TaskBody::default(),
        };
        // Money that came in for nothing we know is nobody's; an act whose case has left memory still is of one. And in what a
        // partner's list differs is a word of ours.
        let amount = body.amount.filter(|_| sums && (sealed || !belongs(task.kind(), task.case.is_some())));
        let text = if sealed || task.kind() == TaskKind::ReconciliationDiffers { body.text } else { String::new() };
        TaskView {
            id: TaskId(task.sequence),
            kind: task.kind(),
            at: task.at,
            due: (task.due > 0).then_some(task.due),
            court,
            case: task.case.map(CaseId),
            act: task.act.map(ActId::from),
            measure: task.measure.map(|measure| MeasureId::from(ActId::from(measure))),
            partner: task.partner,
            automatic: task.automatic,
            amount: amount.map(Money::from_units),
            text: Personal::new(text),
        }
    }

    /// Ends a task.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another court's and for one about a secret request that the caller may not see;
    /// [`Refusal::PersonNeeded`].
    pub async fn end_task(&self, caller: &Caller, ending: TaskEnding) -> Result<u64, Refusal> {
        let open = {
            let decider = self.shared.decider.read();
            let task = decider.state.tasks.get(&ending.id.0);
            let own = |task: &&Task| caller.court.as_ref().is_none_or(|own| decider.state.word(task.court) == own);
            task.filter(own).map(|task| (task.clone(), decider.state.is_about_a_secret(task)))
        };
        let (task, marked) = open.ok_or(Refusal::NotFound)?;
        if !task.kind().is_operators() && !self.shared.shows_task(caller, &task, marked).0 {
            return Err(Refusal::NotFound);
        }
        caller.check_person()?;
        let end = EndTask {
            task: ending.id.0,
            slot: self.shared.papers.slot_of(ending.id.0).ok_or(Refusal::ContentUnreadable)?,
            by: caller.token.clone(),
            court: caller.court.clone(),
            end: ending.end,
            request: None,
            reason: ending.reason,
        };
        self.done(Command::EndTask(Box::new(end))).await
    }
}

impl Engine {
    /// A partner objects to an act in writing; gives the sequence of the task that its court has.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when the caller does not speak for the act's partner; [`Refusal::WrongState`] while another
    /// objection to it waits for its answer.
    pub async fn object(&self, caller: &Caller, act: ActId, text: Personal<String>) -> Result<u64, Refusal> {
        let plan = self.shared.papers.plan(act.sequence).ok_or(Refusal::NotFound)?;
        let line = plan.lines.get(act.line as usize).ok_or(Refusal::NotFound)?;
        if !caller.speaks_for(&line.partner) {
            return Err(Refusal::NotFound);
        }
        let open = {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            let open = state.request_index(domain::RequestId(plan.request)).and_then(|index| state.requests.get(index));
            open.map(|open| (state.word(open.court).to_owned(), state.case_id(open.case).0))
        };
        let (court, case) = match open {
            Some(open) => open,
            None => {
                let closed = self.shared.closed_request(plan.request)?.ok_or(Refusal::NotFound)?;
                (closed.court, closed.case)
            }
        };
        // The same text again is the same objection: whoever did not hear our answer sends it once more.
        let before = {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            let known = state.case_by_sequence(case);
            known.and_then(|case| state.objection_to(act.into(), &line.partner, case))
        };
        if let Some(before) = before {
            self.done(Command::Barrier).await?;
            let event = self.shared.papers.event(before);
            if matches!(event.and_then(|event| event.body), Some(Body::Task(body)) if body.text == *text.expose()) {
                return Ok(before);
            }
        }
        let objection = crate::command::Objection { act, partner: line.partner.clone(), court, case, text };
        self.done(Command::Object(Box::new(objection))).await
    }
}
