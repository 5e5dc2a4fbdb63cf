//! Tasks at run time: who sees which, and their end.

use domain::{ActId, CaseId, MeasureId, Money, Personal, TaskId};
use store::record::Body;

use super::Engine;
use crate::command::{Command, EndTask};
use crate::refusal::Refusal;
use crate::state::Task;
use crate::view::{Caller, Page, TaskEnding, TaskFilter, TaskView};

/// Lines of a list at most.
const LIST_MAX: u16 = 200;

impl Engine {
    /// Open tasks, oldest first: a court's token sees its own, one of the gateway all.
    ///
    /// # Errors
    /// None now; a page may be empty.
    pub fn tasks(&self, caller: &Caller, filter: &TaskFilter) -> Result<Page<TaskView>, Refusal> {
        let from = filter.cursor.map_or(0, |cursor| cursor.saturating_add(1));
        let limit = usize::from(filter.limit.clamp(1, LIST_MAX));
        let (tasks, courts): (Vec<Task>, Vec<String>) = {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            let own = |court: &str| caller.court.as_deref().is_none_or(|own| own == court);
            let fits = |task: &&Task| {
                own(state.word(task.court))
                    && filter.kind.is_none_or(|kind| task.kind() == kind)
                    && filter.partner.as_ref().is_none_or(|partner| task.partner == *partner)
                    && filter.court.as_deref().is_none_or(|court| state.word(task.court) == court)
            };
            let found = state.tasks.range(from..).map(|(_, task)| task).filter(fits).take(limit + 1);
            found.map(|task| (task.clone(), state.word(task.court).to_owned())).unzip()
        };
        let more = tasks.len() > limit;
        let views: Vec<TaskView> =
            tasks.into_iter().zip(courts).take(limit).map(|(task, court)| self.task_view(task, court)).collect();
        let next = views.last().map(|view| view.id.0).filter(|_| more);
        Ok(Page { lines: views, next, filled_to: None })
    }

    fn task_view(&self, task: Task, court: String) -> TaskView {
        let body = match self.shared.papers.event(task.sequence).and_then(|event| event.body) {
            Some(Body::Task(body)) => body,
            _ => store::record::TaskBody::default(),
        };
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
            amount: body.amount.map(Money::from_units),
            text: Personal::new(body.text),
        }
    }

    /// Ends a task.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another court's.
    pub async fn end_task(&self, caller: &Caller, ending: TaskEnding) -> Result<u64, Refusal> {
        let end = EndTask {
            task: ending.id.0,
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
    /// [`Refusal::NotFound`], also when a partner's token names another partner's act.
    pub async fn object(&self, caller: &Caller, act: ActId, text: Personal<String>) -> Result<u64, Refusal> {
        let plan = self.shared.papers.plan(act.sequence).ok_or(Refusal::NotFound)?;
        let line = plan.lines.get(act.line as usize).ok_or(Refusal::NotFound)?;
        let (open, foreign) = {
            let decider = self.shared.decider.read();
            let state = &decider.state;
            let open = state.request_index(domain::RequestId(plan.request)).and_then(|index| state.requests.get(index));
            let open = open.map(|open| (state.word(open.court).to_owned(), state.case_id(open.case).0));
            let foreign = caller.token != line.partner && decider.config().partners.contains_key(&caller.token);
            (open, foreign)
        };
        if foreign {
            return Err(Refusal::NotFound);
        }
        let (court, case) = match open {
            Some(open) => open,
            None => {
                let closed = self.shared.closed_request(plan.request)?.ok_or(Refusal::NotFound)?;
                (closed.court, closed.case)
            }
        };
        let objection = crate::command::Objection { act, partner: line.partner.clone(), court, case, text };
        self.done(Command::Object(Box::new(objection))).await
    }
}
