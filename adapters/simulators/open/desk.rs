//! The task book: each number once, its answer as it now stands, and what waits to be posted.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, News, State};
use super::post::CallbackRecord;
use super::task::Task;
use super::{Now, Trade};
use crate::day::Day;

/// Records of callbacks kept.
const RECORDS_MAX: usize = 1_000_000;

/// A task that was taken.
struct Entry {
    digest: [u8; 32],
    kind: String,
    answer: Answer,
}

/// One item to be posted.
#[derive(Clone)]
pub(crate) struct Item {
    pub number: String,
    pub kind: String,
    /// State of a result, class of a lead.
    pub what: String,
    pub is_lead: bool,
    pub json: Value,
}

/// What the frame answers to a task or a question.
pub(crate) struct Said {
    pub status: u16,
    pub json: Value,
}

/// The books of one partner, and what the frame keeps beside them.
pub(crate) struct Desk<T> {
    trade: T,
    tasks: BTreeMap<String, Entry>,
    today: Day,
    ahead_ms: u64,
    outbox: VecDeque<Item>,
    posting: bool,
    records: Vec<CallbackRecord>,
}

impl<T: Trade> Desk<T> {
    pub(crate) fn new(trade: T, today: Day) -> Desk<T> {
        Desk {
            trade,
            tasks: BTreeMap::new(),
            today,
            ahead_ms: 0,
            outbox: VecDeque::new(),
            posting: false,
            records: Vec::new(),
        }
    }

    pub(crate) fn trade(&mut self) -> &mut T {
        &mut self.trade
    }

    pub(crate) fn now(&self, elapsed_ms: u64) -> Now {
        Now { ms: elapsed_ms.saturating_add(self.ahead_ms), today: self.today }
    }

    pub(crate) fn advance(&mut self, ms: u64) {
        self.ahead_ms = self.ahead_ms.saturating_add(ms);
    }

    pub(crate) fn set_date(&mut self, day: Day) {
        if day > self.today {
            self.today = day;
            self.trade.turn(day);
        }
    }

    /// Takes a task, answers a repeat, refuses a conflict.
    pub(crate) fn task(&mut self, json: Value, elapsed_ms: u64) -> Said {
        let digest = digest(&json);
        let number = json.pointer("/number").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        if let Some(entry) = self.tasks.get(&number) {
            if entry.digest != digest {
                return Said { status: 409, json: serde_json::json!({"number": number, "state": "conflict"}) };
            }
            return self.said(&number);
        }
        let now = self.now(elapsed_ms);
        let (kind, answer) = match Task::read(json) {
            Ok(task) => (task.kind.clone(), self.trade.take(&task, now)),
            Err(answer) => (String::new(), *answer),
        };
        if answer.state == State::HandedBack {
            return Said { status: 422, json: answer.json(&number, &kind, self.today) };
        }
        self.tasks.insert(number.clone(), Entry { digest, kind, answer });
        self.said(&number)
    }

    /// Answers a question about a number.
    pub(crate) fn said(&self, number: &str) -> Said {
        match self.tasks.get(number) {
            None => Said { status: 404, json: serde_json::json!({"number": number, "state": "unknown"}) },
            Some(entry) if entry.answer.state == State::Accepted => {
                let json = serde_json::json!({"number": number, "kind": entry.kind, "state": "accepted"});
                Said { status: 202, json }
            }
            Some(entry) => Said { status: 200, json: entry.answer.json(number, &entry.kind, self.today) },
        }
    }

    /// Does what has come due; `true` when something waits to be posted now.
    pub(crate) fn tick(&mut self, elapsed_ms: u64) -> bool {
        let now = self.now(elapsed_ms);
        for news in self.trade.due(now) {
            let item = match news {
                News::Lead(lead) => Item {
                    number: lead.number.clone(),
                    kind: self.tasks.get(&lead.number).map(|entry| entry.kind.clone()).unwrap_or_default(),
                    what: lead.class.to_owned(),
                    is_lead: true,
                    json: lead.json(),
                },
                News::Result { number, answer } => {
                    let Some(entry) = self.tasks.get_mut(&number) else { continue };
                    let json = answer.json(&number, &entry.kind, now.today);
                    let (kind, what) = (entry.kind.clone(), answer.state.word().to_owned());
                    entry.answer = answer;
                    Item { number, kind, what, is_lead: false, json }
                }
            };
            self.outbox.push_back(item);
        }
        !self.outbox.is_empty()
    }

    /// Milliseconds until something comes due.
    pub(crate) fn wait_ms(&self, elapsed_ms: u64) -> Option<u64> {
        let now = self.now(elapsed_ms).ms;
        self.trade.next_due_ms().map(|due| due.saturating_sub(now))
    }

    /// Takes what waits to be posted, at most `max` items.
    pub(crate) fn take_outbox(&mut self, max: usize) -> Vec<Item> {
        let count = self.outbox.len().min(max);
        let items: Vec<Item> = self.outbox.drain(..count).collect();
        self.posting = !items.is_empty();
        items
    }

    pub(crate) fn posted(&mut self, records: impl IntoIterator<Item = CallbackRecord>) {
        let room = RECORDS_MAX.saturating_sub(self.records.len());
        self.records.extend(records.into_iter().take(room));
    }

    pub(crate) fn end_posting(&mut self) {
        self.posting = false;
    }

    pub(crate) fn is_posted(&self) -> bool {
        self.outbox.is_empty() && !self.posting
    }

    pub(crate) fn records(&self) -> &[CallbackRecord] {
        &self.records
    }

    pub(crate) fn taken(&self) -> usize {
        self.tasks.len()
    }
}

/// Digest of a task's meaning: keys in order, no spaces.
fn digest(json: &Value) -> [u8; 32] {
    let mut text = String::new();
    canonical(json, &mut text);
    Sha256::digest(text.as_bytes()).into()
}

fn canonical(json: &Value, text: &mut String) {
    match json {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for key in keys {
                text.push_str(&Value::String(key.clone()).to_string());
                object.get(key).into_iter().for_each(|value| canonical(value, text));
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}
