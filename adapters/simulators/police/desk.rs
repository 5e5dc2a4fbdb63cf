//! The police behind the frame of the open task form: tasks in, answers and hits out.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::acts::{self, PoliceAct, PoliceOutcome};
use super::books::{Hit, PoliceBooks, Step};
use super::moment::{day_of, instant, start_of};
use super::order::{Kind, Officer, Order, Standing, Told, Wants};
use crate::bank::Identity;
use crate::open::{Answer, Lead, News, Now, State, Task, Trade, details, finding};

/// The books, and what waits to be told.
pub(crate) struct PoliceDesk {
    books: Arc<PoliceBooks>,
    /// Instant of the start, UTC milliseconds: hits bear real times.
    opened_ms: i64,
    /// What is accepted is decided after so many milliseconds; `None` = by people.
    answer_after_ms: Option<u64>,
    /// People come so many milliseconds after a support was taken up; `None` = by people.
    come_after_ms: Option<u64>,
    /// When which number is decided, or comes to its end.
    waiting: Vec<(u64, String)>,
    news: Vec<News>,
}

impl PoliceDesk {
    pub(crate) fn new(books: Arc<PoliceBooks>, opened_ms: i64, config: &super::PoliceConfig) -> PoliceDesk {
        let (answer_after_ms, come_after_ms) = (config.answer_after_ms, config.come_after_ms);
        PoliceDesk { books, opened_ms, answer_after_ms, come_after_ms, waiting: Vec::new(), news: Vec::new() }
    }

    /// The police's wall clock: their own milliseconds, but never before their calendar's day.
    pub(crate) fn wall_ms(&self, now: Now) -> i64 {
        let passed = i64::try_from(now.ms).unwrap_or(i64::MAX);
        self.opened_ms.saturating_add(passed).max(start_of(now.today))
    }

    pub(crate) fn pass(&mut self, key: &str, place: &str, now: Now) -> Vec<Hit> {
        let hits = self.books.pass(key, place, self.wall_ms(now));
        self.news.extend(hits.iter().map(|hit| News::Lead(lead(hit))));
        hits
    }

    /// Tells an answer that changed; `false` when there is none.
    pub(crate) fn tell(&mut self, number: &str, told: Option<Told>) -> bool {
        let Some(told) = told else { return false };
        self.news.push(News::Result { number: number.to_owned(), answer: answer(&told) });
        true
    }

    pub(crate) fn settle(&mut self, number: &str, now: Now) -> bool {
        self.waiting.retain(|(_, waiting)| waiting != number);
        let told = self.books.settle(number, self.wall_ms(now));
        self.tell(number, told)
    }
}

impl PoliceDesk {
    /// People arrive and do what was asked.
    fn come(&mut self, number: &str, now: Now) {
        let wall_ms = self.wall_ms(now);
        let arrived = self.books.step(number, &Step::new("arrived", "虚构派出所", 2), wall_ms);
        self.tell(number, arrived);
        let done = self.books.finish(number, Standing::Done, "", wall_ms);
        self.tell(number, done);
    }
}

impl Trade for PoliceDesk {
    type Act = PoliceAct;
    type Outcome = PoliceOutcome;
    const ACTS: &'static [&'static str] = acts::ACTS;
    const LOOKS: &'static [&'static str] = acts::LOOKS;

    fn act(&mut self, act: &PoliceAct, now: Now) -> PoliceOutcome {
        let wall_ms = self.wall_ms(now);
        PoliceOutcome::Changed(match act {
            PoliceAct::Pass { key, place } => return PoliceOutcome::Hits(self.pass(key, place, now)),
            PoliceAct::Settle { number } => self.settle(number, now),
            PoliceAct::Step { number, step, unit, officers, phone } => {
                let step = acts::step(step, unit, *officers, phone);
                let told = step.and_then(|step| self.books.step(number, &step, wall_ms));
                self.tell(number, told)
            }
            PoliceAct::Finish { number, standing, text } => {
                let told = self.books.finish(number, *standing, text, wall_ms);
                self.tell(number, told)
            }
        })
    }

    fn told(outcome: &PoliceOutcome) -> Result<Value, String> {
        acts::told(outcome)
    }

    fn look(&self, name: &str) -> Value {
        acts::look(&self.books, name)
    }

    fn take(&mut self, task: &Task, now: Now) -> Answer {
        let order = match order(task) {
            Ok(order) => order,
            Err(answer) => return *answer,
        };
        let told = self.books.take(&order, self.wall_ms(now));
        let after_ms = match told.standing {
            Standing::Accepted => self.answer_after_ms,
            Standing::Registered => self.come_after_ms,
            _ => None,
        };
        self.waiting.extend(after_ms.map(|ms| (now.ms.saturating_add(ms), order.number)));
        answer(&told)
    }

    fn due(&mut self, now: Now) -> Vec<News> {
        let due: Vec<String> =
            self.waiting.iter().filter(|(at_ms, _)| *at_ms <= now.ms).map(|(_, number)| number.clone()).collect();
        for number in due {
            if !self.settle(&number, now) {
                self.come(&number, now);
            }
        }
        for (number, told) in self.books.expire(self.wall_ms(now)) {
            self.tell(&number, Some(told));
        }
        std::mem::take(&mut self.news)
    }

    fn next_due_ms(&self) -> Option<u64> {
        if !self.news.is_empty() {
            return Some(0);
        }
        self.waiting.iter().map(|(at_ms, _)| *at_ms).min()
    }
}

/// Reads a task; the error is a formal defect that the frame does not look for.
fn order(task: &Task) -> Result<Order, Box<Answer>> {
    let defect = |reason, text| Box::new(Answer::handed_back(reason, text));
    let kind = Kind::from_word(&task.kind).ok_or_else(|| defect("unsupported", "不支持的事项"))?;
    let wants = match task.json.pointer("/police/wants") {
        None | Some(Value::Null) => Wants::default(),
        Some(list) => wants(list).ok_or_else(|| defect("other", "police.wants 须列明 identity、vehicle 或 contact"))?,
    };
    Ok(Order {
        number: task.number.clone(),
        kind,
        case_number: task.case_number.clone(),
        subject: Identity {
            name: task.subject.name.clone(),
            id_type: task.subject.id_type.clone(),
            id_number: task.subject.id_number.clone(),
        },
        plate: task.asset.clone().unwrap_or_default(),
        from: task.from,
        to: task.to,
        original: task.original.as_ref().map(|original| (original.number.clone(), original.case_number.clone())),
        note: task.note.clone().unwrap_or_default(),
        wants,
        officers: officers(&task.json),
        papers: task.papers.iter().filter(|paper| paper.bytes.is_some()).map(|paper| paper.kind.clone()).collect(),
    })
}

fn wants(list: &Value) -> Option<Wants> {
    let mut wants = Wants { identity: false, vehicle: false, contact: false };
    let words = list.as_array().filter(|words| !words.is_empty())?;
    for word in words {
        match word.as_str()? {
            "identity" => wants.identity = true,
            "vehicle" => wants.vehicle = true,
            "contact" => wants.contact = true,
            _ => return None,
        }
    }
    Some(wants)
}

fn officers(json: &Value) -> Vec<Officer> {
    let listed = json.pointer("/officers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |officer: &Value, key: &str| officer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    listed
        .iter()
        .map(|officer| Officer {
            name: text(officer, "name"),
            work_id: text(officer, "work_id"),
            duty_id: text(officer, "duty_id"),
        })
        .collect()
}

fn answer(told: &Told) -> Answer {
    let state = match told.standing {
        Standing::Accepted => State::Accepted,
        Standing::Registered => State::Registered,
        Standing::Done => State::Done,
        Standing::Partly => State::Partly,
        Standing::Refused => State::Refused,
        Standing::HandedBack => State::HandedBack,
        Standing::NoSuchCustomer => State::NoSuchCustomer,
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Answer {
        reason: (!told.reason.is_empty()).then_some(told.reason),
        text: some(&told.text),
        from: told.from,
        to: told.to,
        due: told.due,
        serial: some(&told.serial),
        findings: told.findings.iter().map(|(class, particulars)| finding(class, &pairs(particulars))).collect(),
        own: Map::from_iter([("as_of".to_owned(), Value::String(instant(told.as_of_ms)))]),
        ..Answer::of(state)
    }
}

fn pairs(particulars: &super::register::Details) -> Vec<(&str, &str)> {
    particulars.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn lead(hit: &Hit) -> Lead {
    Lead {
        number: hit.number.clone(),
        class: "hit",
        serial: hit.serial.clone(),
        as_of: instant(hit.seen_ms),
        respond_by: Some(instant(hit.respond_by_ms)),
        details: details(&pairs(&hit.details)),
        text: String::new(),
    }
}

/// The calendar's first day for a start at that instant.
pub(crate) fn first_day(opened_ms: i64) -> crate::day::Day {
    day_of(opened_ms)
}
