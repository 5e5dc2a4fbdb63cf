//! The task book: each number once, its answer as it now stands, and what waits to be posted.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, News, State};
use super::ledger::Entry;
use super::post::CallbackRecord;
use super::task::Task;
use super::{Now, Trade};
use crate::bank::BooksError;
use crate::bank::ledger::{Done, Ledger};
use crate::day::Day;

/// Records of callbacks kept.
const RECORDS_MAX: usize = 1_000_000;

/// A task that was taken.
struct Taken {
    digest: String,
    kind: String,
    answer: Answer,
}

/// One item to be posted.
#[derive(Clone)]
pub(crate) struct Item {
    /// Counts the items of these books.
    pub place: u64,
    pub number: String,
    pub kind: String,
    /// State of a result, class of a lead.
    pub what: String,
    pub is_lead: bool,
    pub json: Value,
}

/// What the frame answers to a task or a question.
#[derive(PartialEq)]
pub(crate) struct Said {
    pub status: u16,
    pub json: Value,
}

/// The books of one partner, and what the frame keeps beside them.
pub(crate) struct Desk<T: Trade> {
    trade: T,
    tasks: BTreeMap<String, Taken>,
    today: Day,
    ahead_ms: u64,
    outbox: VecDeque<Item>,
    items: u64,
    posting: bool,
    records: Vec<CallbackRecord>,
    ledger: Option<Ledger>,
    /// A line could not be written: nothing may be told any more.
    has_failed: bool,
}

impl<T: Trade> Desk<T> {
    pub(crate) fn new(trade: T, today: Day) -> Desk<T> {
        Desk {
            trade,
            tasks: BTreeMap::new(),
            today,
            ahead_ms: 0,
            outbox: VecDeque::new(),
            items: 0,
            posting: false,
            records: Vec::new(),
            ledger: None,
            has_failed: false,
        }
    }

    /// From now on every change is written down.
    pub(crate) fn keep_in(&mut self, ledger: Ledger) {
        self.ledger = Some(ledger);
    }

    /// Calls `done` once everything that was written before is on disk; never if the disk fails.
    pub(crate) fn after_disk(&self, done: Done) -> Result<(), BooksError> {
        match &self.ledger {
            _ if self.has_failed => Err(BooksError::Stopped),
            Some(ledger) => ledger.append(Vec::new(), done),
            None => {
                done();
                Ok(())
            }
        }
    }

    fn write(&mut self, entry: impl FnOnce() -> Entry<T::Act>) {
        let Some(ledger) = &self.ledger else { return };
        let written = serde_json::to_vec(&entry()).map_err(BooksError::from).and_then(|mut line| {
            line.push(b'\n');
            ledger.append(line, Box::new(|| {}))
        });
        self.has_failed |= written.is_err();
    }

    /// Does again what a line tells; `false` when these books then say something else than the line.
    pub(crate) fn replay(&mut self, entry: Entry<T::Act>) -> bool {
        match entry {
            Entry::Began(_) => {}
            Entry::Task { ms, digest, task, status, said } => {
                return self.take(task, digest, ms) == Said { status, json: said };
            }
            Entry::Act { ms, act } => drop(self.act(act, ms)),
            Entry::Date { day } => self.set_date(day),
            Entry::Advanced { by_ms } => self.advance(by_ms),
            Entry::Due { ms, told } => {
                let now = self.now(ms);
                return self.come_due(now) == told;
            }
            Entry::Posted { items } => {
                self.outbox.retain(|item| !items.iter().any(|(place, _)| *place == item.place));
                self.posted(items);
            }
        }
        true
    }

    pub(crate) fn trade(&self) -> &T {
        &self.trade
    }

    pub(crate) fn now(&self, elapsed_ms: u64) -> Now {
        Now { ms: elapsed_ms.saturating_add(self.ahead_ms), today: self.today }
    }

    pub(crate) fn act(&mut self, act: T::Act, elapsed_ms: u64) -> T::Outcome {
        let now = self.now(elapsed_ms);
        let outcome = self.trade.act(&act, now);
        // What was refused has changed nothing.
        if T::told(&outcome).is_ok() {
            self.write(|| Entry::Act { ms: elapsed_ms, act });
        }
        outcome
    }

    pub(crate) fn advance(&mut self, by_ms: u64) {
        self.ahead_ms = self.ahead_ms.saturating_add(by_ms);
        self.write(|| Entry::Advanced { by_ms });
    }

    pub(crate) fn set_date(&mut self, day: Day) {
        if day > self.today {
            self.today = day;
            self.trade.turn(day);
            self.write(|| Entry::Date { day });
        }
    }

    pub(crate) fn today(&self) -> Day {
        self.today
    }

    /// Takes a task, answers a repeat, refuses a conflict.
    pub(crate) fn task(&mut self, json: Value, elapsed_ms: u64) -> Said {
        let digest = digest(&json);
        self.take(json, digest, elapsed_ms)
    }

    fn take(&mut self, json: Value, digest: String, elapsed_ms: u64) -> Said {
        let number = json.pointer("/number").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        if let Some(taken) = self.tasks.get(&number) {
            if taken.digest != digest {
                return Said { status: 409, json: serde_json::json!({"number": number, "state": "conflict"}) };
            }
            return self.said(&number);
        }
        let now = self.now(elapsed_ms);
        let (kind, answer, json) = match Task::read(json) {
            Ok(task) => (task.kind.clone(), self.trade.take(&task, now), task.json),
            Err(answer) => (String::new(), *answer, Value::Null),
        };
        if answer.state == State::HandedBack {
            return Said { status: 422, json: answer.json(&number, &kind, self.today) };
        }
        self.tasks.insert(number.clone(), Taken { digest: digest.clone(), kind, answer });
        let said = self.said(&number);
        self.write(|| Entry::Task { ms: elapsed_ms, digest, task: json, status: said.status, said: said.json.clone() });
        said
    }

    /// Answers a question about a number.
    pub(crate) fn said(&self, number: &str) -> Said {
        match self.tasks.get(number) {
            None => Said { status: 404, json: serde_json::json!({"number": number, "state": "unknown"}) },
            Some(taken) if taken.answer.state == State::Accepted => {
                let json = serde_json::json!({"number": number, "kind": taken.kind, "state": "accepted"});
                Said { status: 202, json }
            }
            Some(taken) => Said { status: 200, json: taken.answer.json(number, &taken.kind, self.today) },
        }
    }

    /// Does what has come due; `true` when something waits to be posted now.
    pub(crate) fn tick(&mut self, elapsed_ms: u64) -> bool {
        let now = self.now(elapsed_ms);
        let is_due = self.trade.next_due_ms().is_some_and(|due| due <= now.ms);
        let told = self.come_due(now);
        if is_due || !told.is_empty() {
            self.write(|| Entry::Due { ms: elapsed_ms, told });
        }
        !self.outbox.is_empty()
    }

    /// What was told: number and state of a result, or class of a lead.
    fn come_due(&mut self, now: Now) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for news in self.trade.due(now) {
            self.items += 1;
            let place = self.items;
            let item = match news {
                News::Lead(lead) => Item {
                    place,
                    number: lead.number.clone(),
                    kind: self.tasks.get(&lead.number).map(|taken| taken.kind.clone()).unwrap_or_default(),
                    what: lead.class.to_owned(),
                    is_lead: true,
                    json: lead.json(),
                },
                News::Result { number, answer } => {
                    let Some(taken) = self.tasks.get_mut(&number) else { continue };
                    let json = answer.json(&number, &taken.kind, now.today);
                    let (kind, what) = (taken.kind.clone(), answer.state.word().to_owned());
                    taken.answer = answer;
                    Item { place, number, kind, what, is_lead: false, json }
                }
            };
            told.push((item.number.clone(), item.what.clone()));
            self.outbox.push_back(item);
        }
        told
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

    /// Items that were taken by the gateway, or given up, by their places.
    pub(crate) fn posted(&mut self, items: Vec<(u64, CallbackRecord)>) {
        let room = RECORDS_MAX.saturating_sub(self.records.len());
        self.records.extend(items.iter().take(room).map(|(_, record)| record.clone()));
        self.write(|| Entry::Posted { items });
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
fn digest(json: &Value) -> String {
    let mut text = String::new();
    canonical(json, &mut text);
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
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
