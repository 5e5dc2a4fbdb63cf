//! Tasks in memory: what people have to do, each once for what it is about.

use domain::Millis;
use domain::task::TaskKind;
use serde::{Deserialize, Serialize};
use store::record::{ActRef, TaskRaised};

use super::{State, short_hash};

/// Something that a person has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Sequence of its `task.raised`.
    pub sequence: u64,
    /// When it was raised.
    pub at: Millis,
    /// By when; 0 = no clock.
    pub due: Millis,
    /// The act it is about.
    pub act: Option<ActRef>,
    /// The measure it is about.
    pub measure: Option<ActRef>,
    /// Sequence by which its case is known.
    pub case: Option<u64>,
    /// Whose it is, as an index into [`State::words`]; the empty word = the operators'.
    pub court: u16,
    /// The partner it is about; empty = none.
    pub partner: String,
    /// The court's policy does what it proposes.
    pub automatic: bool,
    kind: u8,
}

impl Task {
    /// What is to be done.
    #[must_use]
    pub fn kind(&self) -> TaskKind {
        TaskKind::from_code(self.kind).unwrap_or(TaskKind::NewsContradicts)
    }
}

/// By which the same task is known: its kind and what it is about.
pub(crate) fn task_key(fact: &TaskRaised) -> u64 {
    let pair = |of: Option<ActRef>| of.map_or(String::new(), |of| format!("{}-{}", of.0, of.1));
    let case = fact.case.map_or(String::new(), |case| case.to_string());
    short_hash(&[&fact.kind, &pair(fact.act), &pair(fact.measure), &case, &fact.partner])
}

impl State {
    /// Is such a task open?
    pub(crate) fn task_about(&self, fact: &TaskRaised) -> Option<u64> {
        self.task_by_key.get(&task_key(fact)).copied()
    }

    pub(crate) fn raise_task(&mut self, sequence: u64, fact: &TaskRaised, at: Millis) {
        let Some(kind) = TaskKind::from_word(&fact.kind) else { return };
        let task = Task {
            sequence,
            at,
            due: fact.due.unwrap_or(0),
            act: fact.act,
            measure: fact.measure,
            case: fact.case,
            court: self.word_for(&fact.court),
            partner: fact.partner.clone(),
            automatic: fact.automatic,
            kind: kind.code(),
        };
        self.task_by_key.insert(task_key(fact), sequence);
        self.tasks.insert(sequence, task);
    }

    pub(crate) fn end_task(&mut self, task: u64) {
        let Some(task) = self.tasks.remove(&task) else { return };
        let key = self.key_of(&task);
        if self.task_by_key.get(&key) == Some(&task.sequence) {
            self.task_by_key.remove(&key);
        }
    }

    fn key_of(&self, task: &Task) -> u64 {
        task_key(&TaskRaised {
            act: task.act,
            automatic: task.automatic,
            case: task.case,
            court: String::new(),
            due: None,
            kind: task.kind().word().to_owned(),
            measure: task.measure,
            partner: task.partner.clone(),
        })
    }

    pub(crate) fn rebuild_tasks(&mut self) {
        let keys: Vec<(u64, u64)> = self.tasks.values().map(|task| (self.key_of(task), task.sequence)).collect();
        self.task_by_key.extend(keys);
    }
}
