//! Tasks: raised once for what they are about, ended by a person or when what they are about is gone.

use domain::Millis;
use domain::task::{TaskEnd, TaskKind};
use store::record::{ActRef, Body, ReasonBody, TaskBody, TaskEnded, TaskRaised};

use super::Decider;
use crate::command::{Answer, EndTask};
use crate::refusal::Refusal;
use crate::state::slab::Index;

/// A task that may have to be raised.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub act: Option<ActRef>,
    pub measure: Option<ActRef>,
    pub partner: String,
    /// By when; `None` = no clock.
    pub due: Option<Millis>,
    /// The court's policy does what it proposes.
    pub automatic: bool,
    /// A sum, in 1/10,000 yuan.
    pub amount: Option<i64>,
    /// In words; may be personal, and stands sealed.
    pub text: String,
    /// The key slot of the case that it is about, for when that has left memory; 0 = it is about none.
    pub slot: u64,
}

impl Decider {
    /// Raises a task about a case, unless the same one is open. Returns its sequence.
    pub(crate) fn raise(&mut self, kind: TaskKind, case: Option<Index>, court: &str, draft: Draft) -> u64 {
        self.raised(kind, case, court, draft, false)
    }

    /// The same, and once more when it is open: the newer one stands for both.
    pub(crate) fn raise_again(&mut self, kind: TaskKind, case: Option<Index>, court: &str, draft: Draft) -> u64 {
        self.raised(kind, case, court, draft, true)
    }

    fn raised(&mut self, kind: TaskKind, case: Option<Index>, court: &str, draft: Draft, again: bool) -> u64 {
        let slot = case.map_or(draft.slot, |case| self.slot_of_case(case));
        let (fact, body) = self.drawn(kind, case, court, draft);
        if let Some(open) = self.state.task_about(&fact).filter(|_| !again) {
            return open;
        }
        self.emit(fact.into(), Some(Body::Task(body)), slot)
    }

    fn drawn(&self, kind: TaskKind, case: Option<Index>, court: &str, draft: Draft) -> (TaskRaised, TaskBody) {
        let fact = TaskRaised {
            act: draft.act,
            automatic: draft.automatic,
            case: case.map(|case| self.state.case_id(case).0),
            court: if kind.is_operators() { String::new() } else { court.to_owned() },
            due: draft.due,
            kind: kind.word().to_owned(),
            measure: draft.measure,
            partner: draft.partner,
        };
        (fact, TaskBody { amount: draft.amount, text: draft.text })
    }

    /// The open task that raising this one would find open: looked up, because a directory has tasks that no one ever ends.
    pub(crate) fn same_as_open(&self, kind: TaskKind, case: Option<Index>, draft: Draft) -> Option<u64> {
        self.state.task_about(&self.drawn(kind, case, "", draft).0)
    }

    /// Ends a task by itself: what it was about is gone, or was done.
    pub(crate) fn close_task(&mut self, task: u64, end: TaskEnd, request: Option<u64>) {
        if self.state.tasks.contains_key(&task) {
            let fact = TaskEnded { by: String::new(), end: end.word().to_owned(), request, task };
            self.emit(fact.into(), None, 0);
        }
    }

    /// A person ends a task.
    pub(super) fn end_task(&mut self, command: EndTask) -> Result<Answer, Refusal> {
        let task = self.state.tasks.get(&command.task).ok_or(Refusal::NotFound)?;
        let theirs = command.court.as_deref().is_none_or(|court| self.state.word(task.court) == court);
        if !theirs {
            return Err(Refusal::NotFound);
        }
        let case = task.case.and_then(|case| self.state.case_by_sequence(case));
        let slot = case.map_or(self.state.stand_ins.own(command.slot), |case| self.slot_of_case(case));
        let slot = self.sealable(slot)?;
        let fact = TaskEnded {
            by: command.by,
            end: command.end.word().to_owned(),
            request: command.request.map(|request| request.0),
            task: command.task,
        };
        let body = Body::Reason(ReasonBody { reason: command.reason, document: None, amount: None });
        Ok(Answer::Done(self.emit(fact.into(), Some(body), slot)))
    }
}
