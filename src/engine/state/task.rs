//! Tasks in memory: what people have to do, each once for what it is about.

use domain::Millis;
use domain::task::TaskKind;
use serde::{Deserialize, Serialize};
use store::record::{ActRef, TaskRaised};

use super::books::id_key;
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
    /// The sum it is about, in 1/10,000 yuan; 0 = none, or all of it.
    pub amount: i64,
    kind: u8,
}

impl Task {
    /// What is to be done.
    #[must_use]
    pub fn kind(&self) -> TaskKind {
        TaskKind::from_code(self.kind).unwrap_or(TaskKind::NewsContradicts)
    }
}

/// By which the same task is known: its kind and what it is about; a measure may go over to another case and stays the same.
pub(crate) fn task_key(fact: &TaskRaised) -> u64 {
    let pair = |of: Option<ActRef>| of.map_or(String::new(), |of| format!("{}-{}", of.0, of.1));
    let case = fact.case.filter(|_| fact.measure.is_none()).map_or(String::new(), |case| case.to_string());
    short_hash(&[&fact.kind, &pair(fact.act), &pair(fact.measure), &case, &fact.partner])
}

impl State {
    /// Is such a task open?
    pub(crate) fn task_about(&self, fact: &TaskRaised) -> Option<u64> {
        self.task_by_key.get(&task_key(fact)).copied()
    }

    pub(crate) fn raise_task(&mut self, sequence: u64, fact: &TaskRaised, amount: i64, at: Millis) {
        let Some(kind) = TaskKind::from_word(&fact.kind) else { return };
        let joined;
        let fact = if self.joined.is_empty() {
            fact
        } else {
            joined = TaskRaised { case: fact.case.map(|case| self.known_as(case)), ..fact.clone() };
            &joined
        };
        if let Some(case) = fact.case.filter(|_| kind.follows_sums()) {
            self.proposals.entry(case).or_default().push(sequence);
        }
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
            amount,
            kind: kind.code(),
        };
        if let Some(act) = fact.act.filter(|_| kind == TaskKind::SettlementOverdue) {
            self.settlement_is_overdue(act);
        }
        // Raised again, it is the same task with a nearer end.
        if let Some(before) = self.task_by_key.insert(task_key(fact), sequence) {
            self.tasks.remove(&before);
            self.moot.remove(&before);
        }
        self.tasks.insert(sequence, task);
    }

    /// Is it about something that is known to be of a secret request?
    pub(crate) fn is_about_a_secret(&self, task: &Task) -> bool {
        let measure = |at: ActRef| self.measure_at(id_key(at.0, at.1));
        let act = |at: ActRef| self.act_index(at.into()).and_then(|index| self.acts.get(index));
        let is_secret = |at: ActRef| {
            measure(at).is_some_and(super::Measure::is_secret) || act(at).is_some_and(super::Act::is_secret)
        };
        [task.act, task.measure].into_iter().flatten().any(is_secret)
    }

    /// The open task of a partner's objection to an act of this case.
    pub(crate) fn objection_to(&self, act: ActRef, partner: &str, case: super::slab::Index) -> Option<u64> {
        let fact = TaskRaised {
            act: Some(act),
            automatic: false,
            case: Some(self.case_id(case).0),
            court: String::new(),
            due: None,
            kind: TaskKind::AnswerObjection.word().to_owned(),
            measure: None,
            partner: partner.to_owned(),
        };
        self.task_about(&fact)
    }

    /// The open task of a kind about a measure.
    pub(crate) fn task_on(&self, kind: TaskKind, measure: ActRef, partner: &str) -> Option<u64> {
        let fact = TaskRaised {
            act: None,
            automatic: false,
            case: None,
            court: String::new(),
            due: None,
            kind: kind.word().to_owned(),
            measure: Some(measure),
            partner: partner.to_owned(),
        };
        self.task_about(&fact)
    }

    pub(crate) fn end_task(&mut self, task: u64) {
        self.moot.remove(&task);
        let Some(task) = self.tasks.remove(&task) else { return };
        let key = self.key_of(&task);
        if self.task_by_key.get(&key) == Some(&task.sequence) {
            self.task_by_key.remove(&key);
        }
        let case = task.case.unwrap_or(0);
        if let Some(open) = self.proposals.get_mut(&case) {
            open.retain(|other| *other != task.sequence);
            if open.is_empty() {
                self.proposals.remove(&case);
            }
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
        for task in self.tasks.values().filter(|task| task.kind().follows_sums()) {
            if let Some(case) = task.case {
                self.proposals.entry(case).or_default().push(task.sequence);
            }
        }
    }

    /// The open tasks of a case that follow its sums, oldest first: most of them propose releases.
    pub(crate) fn proposals_of(&self, case: u64) -> Vec<&Task> {
        let sequences = self.proposals.get(&self.known_as(case)).map(Vec::as_slice).unwrap_or_default();
        sequences.iter().filter_map(|sequence| self.tasks.get(sequence)).collect()
    }
}
