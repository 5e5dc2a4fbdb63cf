//! The platform behind the frame of the open task form: tasks in, reports with photos and clues out.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::books::{GridBooks, Report, Sort, State as Books, Waiting};
use crate::day::Day;
use crate::open::{Answer, Lead, News, Now, State, Task, Trade, dashed, details, finding};

/// What happens at the platform besides tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum GridAct {
    /// Workers report what they know.
    Report { number: String },
    /// A worker tells something unasked.
    Tell { number: String, text: String },
}

/// The books, and what waits to be told.
pub(crate) struct GridDesk {
    books: Arc<GridBooks>,
    report_after_ms: Option<u64>,
    news: Vec<News>,
}

impl GridDesk {
    pub(crate) fn new(books: Arc<GridBooks>, report_after_ms: Option<u64>) -> GridDesk {
        GridDesk { books, report_after_ms, news: Vec::new() }
    }

    fn report(&mut self, number: &str, now: Now) -> bool {
        let mut books = self.books.0.lock();
        let Some(waiting) = books.waiting.remove(number) else { return false };
        let answer = report(&mut books, &waiting, now.today);
        self.news.push(News::Result { number: number.to_owned(), answer });
        true
    }
}

impl Trade for GridDesk {
    type Act = GridAct;
    type Outcome = bool;
    const ACTS: &'static [&'static str] = &["report", "tell"];
    const LOOKS: &'static [&'static str] = &["waiting", "reports"];

    fn act(&mut self, act: &GridAct, now: Now) -> bool {
        match act {
            GridAct::Report { number } => self.report(number, now),
            GridAct::Tell { number, text } => {
                let serial = self.books.0.lock().serial("XS", now.today);
                self.news.push(News::Lead(Lead {
                    number: number.clone(),
                    class: "clue",
                    serial,
                    as_of: instant(now.today),
                    respond_by: None,
                    details: details(&[("what", "clue"), ("by", "网格员甲")]),
                    text: text.clone(),
                }));
                true
            }
        }
    }

    fn told(outcome: &bool) -> Result<Value, String> {
        match outcome {
            true => Ok(json!({"done": true})),
            false => Err("no task with this number waits for workers; look at /waiting".to_owned()),
        }
    }

    fn look(&self, name: &str) -> Value {
        match name {
            "waiting" => json!(self.books.waiting()),
            "reports" => {
                let reports = self.books.reports();
                reports.iter().map(|report| json!({"number": report.number, "found": report.found})).collect()
            }
            _ => Value::Null,
        }
    }

    fn take(&mut self, task: &Task, now: Now) -> Answer {
        let word = |at: &str| task.json.pointer(at).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        if task.kind != "grid_task" {
            return Answer::handed_back("unsupported", "网格平台只接收网格任务");
        }
        let Some(sort) = Sort::from_word(&word("/grid/task")) else {
            return Answer::handed_back("other", "grid.task 须为 find_person、find_property 或 serve_papers");
        };
        if task.note.is_none() {
            return Answer::handed_back("other", "缺少任务说明");
        }
        if !task.carries("assist_notice") {
            return Answer::handed_back("paper_missing", "缺少协助通知书");
        }
        let respond_by = Day::parse(&word("/grid/respond_by"));
        if respond_by.is_some_and(|day| day < now.today) {
            return Answer::handed_back("other", "反馈期限已过");
        }
        let mut books = self.books.0.lock();
        let mut answer = Answer::because(State::Registered, "under_way", "已派至网格员");
        answer.serial = Some(books.serial("WG", now.today));
        answer.due = Some(respond_by.unwrap_or_else(|| now.today.plus_days(7)));
        answer.findings =
            vec![finding("step", &[("step", "assigned"), ("at", &instant(now.today)), ("by", "网格员甲")])];
        books.waiting.insert(
            task.number.clone(),
            Waiting {
                number: task.number.clone(),
                sort,
                id_number: task.subject.id_number.clone(),
                name: task.subject.name.clone(),
                respond_by: answer.due,
                at_ms: self.report_after_ms.map(|ms| now.ms.saturating_add(ms)),
            },
        );
        answer
    }

    fn due(&mut self, now: Now) -> Vec<News> {
        let (due, late): (Vec<String>, Vec<String>) = {
            let books = self.books.0.lock();
            let of = |is: &dyn Fn(&Waiting) -> bool| {
                books.waiting.values().filter(|waiting| is(waiting)).map(|waiting| waiting.number.clone()).collect()
            };
            let is_due = |waiting: &Waiting| waiting.at_ms.is_some_and(|at_ms| at_ms <= now.ms);
            let is_late = |waiting: &Waiting| !is_due(waiting) && waiting.respond_by.is_some_and(|day| day < now.today);
            (of(&is_due), of(&is_late))
        };
        for number in due {
            self.report(&number, now);
        }
        for number in late {
            self.books.0.lock().waiting.remove(&number);
            let answer = Answer::refused("other", "期限内未能完成走访");
            self.news.push(News::Result { number, answer });
        }
        std::mem::take(&mut self.news)
    }

    fn next_due_ms(&self) -> Option<u64> {
        if !self.news.is_empty() {
            return Some(0);
        }
        self.books.0.lock().waiting.values().filter_map(|waiting| waiting.at_ms).min()
    }
}

fn instant(day: Day) -> String {
    format!("{}T09:00:00+08:00", dashed(day))
}

/// What a worker's telephone makes: a head that programs take for a picture, and something of its own.
fn photograph(number: &str) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10][..], b"JFIF\0", number.as_bytes()].concat()
}

fn report(books: &mut Books, waiting: &Waiting, today: Day) -> Answer {
    let photo = photograph(&waiting.number);
    let digest: String = Sha256::digest(&photo).iter().map(|byte| format!("{byte:02x}")).collect();
    let at = instant(today);
    let place = books.place_of(&waiting.id_number);
    let by = ("by", "网格员甲");
    let findings: Vec<Value> = match (waiting.sort, &place) {
        (Sort::FindPerson, Some(place)) => {
            vec![finding(
                "whereabouts",
                &[("what", "seen"), ("place", place), ("seen_at", &at), by, ("photo", &digest)],
            )]
        }
        (Sort::ServePapers, Some(place)) => {
            let to = ("to", waiting.name.as_str());
            vec![finding("served", &[("how", "in_person"), to, ("place", place), ("at", &at), by, ("photo", &digest)])]
        }
        (Sort::FindPerson | Sort::ServePapers, None) => Vec::new(),
        (Sort::FindProperty, _) => {
            let clues = books.clues_of(&waiting.id_number);
            let told = clues.iter().map(|clue| {
                let pairs = [
                    ("what", clue.what.as_str()),
                    ("place", &clue.place),
                    ("holder", &clue.holder),
                    by,
                    ("photo", &digest),
                ];
                finding("property", &pairs)
            });
            told.collect()
        }
    };
    let found = !findings.is_empty();
    books.reports.push(Report {
        number: waiting.number.clone(),
        sort: waiting.sort,
        found,
        photo: found.then(|| photo.clone()),
    });
    if !found {
        return Answer::refused("not_found", "走访三次，未能找到");
    }
    let mut answer = Answer::of(State::Done);
    answer.findings = findings;
    let file =
        json!({"file_name": "现场.jpg", "file_type": "jpg", "content": STANDARD.encode(&photo), "sha256": digest});
    answer.own.insert("replies".to_owned(), json!([file]));
    answer
}
