//! One round of a hub: pull both lists, fetch the papers side by side, act in the order of the list, feed back side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::element::{self, Element};
use super::feed::{self, Feedback};
use super::slip::{Line, Slip};
use super::{Hub, PollReport, answers, papers};
use crate::bank::{Answer, Books, Ordered, Papers, Received};
use crate::knobs::{Drawn, FAULTS, Fault};

/// Calls at one time to the gateway.
const CALLS_MAX: usize = 16;
/// Slips of one round; the rest comes with the next list.
const SLIPS_MAX: usize = 100_000;

enum Ready {
    Feed(Feedback, Drawn),
    HandBack(String, Element),
}

/// Runs one round.
pub(crate) async fn run(hub: &Arc<Hub>) -> PollReport {
    let mut report = PollReport::default();
    if hub.knobs.draw("poll", |f| f == Fault::Closed).fault().is_some() {
        return report;
    }
    let mut work: Vec<Slip> = Vec::new();
    for (slip, received) in hub.books.not_fed() {
        match element::read_inner(&received.raw, hub.client.charset) {
            Ok(node) => work.push(Slip::read(&node, hub.client.charset)),
            Err(error) => report.errors.push(format!("kept slip {slip}: {error}")),
        }
    }
    for operation in ["getXzcxList", "getXzkzList"] {
        match hub.client.call(operation, None).await {
            Ok(root) => {
                let rows = root.children.iter().filter(|c| matches!(c.name.as_str(), "cxqq" | "kzqq"));
                rows.take(SLIPS_MAX)
                    .for_each(|node| sort_in(hub, Slip::read(node, hub.client.charset), &mut work, &mut report));
            }
            Err(error) => report.errors.push(error),
        }
    }
    let fetched = fetch_all(hub, &work, &mut report).await;
    let mut ready = Vec::new();
    for (index, slip) in work.iter().enumerate() {
        act(hub, slip, fetched.get(&index).cloned(), &mut ready, &mut report).await;
    }
    send_all(hub, ready, &mut report).await;
    report
}

/// Takes a slip in, once; rule: the list may be re-delivered until answered.
fn sort_in(hub: &Hub, slip: Slip, work: &mut Vec<Slip>, report: &mut PollReport) {
    report.listed += 1;
    if let Some(known) = hub.books.received(&slip.number) {
        if known.content == slip.content || is_rest(hub, &slip, &known.raw) {
            report.repeats += 1;
        } else {
            report.conflicts += 1;
            hub.found(format!("{}: delivered again with other content; the first stands", slip.number));
        }
        return;
    }
    if slip.number.is_empty() {
        hub.found("a slip without a number (BDHM)".to_owned());
        return;
    }
    let code = if slip.control { "control" } else { "query" };
    let before = |f| matches!(f, Fault::SilenceBeforeAccept | Fault::HandBack);
    let hand_back = match hub.knobs.draw(code, before).fault() {
        Some(Fault::SilenceBeforeAccept) => return,
        Some(_) => Some(("无证件信息".to_owned(), "缺少执行公务证扫描件".to_owned())),
        None if !slip.control && slip.document_number.is_empty() => Some(("无文书编号".to_owned(), String::new())),
        None => None,
    };
    let received =
        Received { content: slip.content.clone(), raw: slip.raw.clone(), control: slip.control, fed: false, hand_back };
    if let Err(error) = hub.books.receive(&slip.number, received) {
        report.errors.push(error.to_string());
        return;
    }
    if slip.control {
        report.new_controls += 1;
    } else {
        report.new_queries += 1;
    }
    work.push(slip);
}

/// Is it what is left of a slip that is answered in part? Of one that is fed back whole nothing is kept to tell by.
fn is_rest(hub: &Hub, slip: &Slip, first: &str) -> bool {
    element::read_inner(first, hub.client.charset).is_ok_and(|node| {
        let first = Slip::read(&node, hub.client.charset);
        slip.is_rest_of(&first, |name| {
            hub.books.stored(&name.key()).is_some_and(|stored| stored.answer != Answer::Pending)
        })
    })
}

async fn fetch_all(hub: &Arc<Hub>, work: &[Slip], report: &mut PollReport) -> BTreeMap<usize, Papers> {
    let places = Arc::new(Semaphore::new(CALLS_MAX));
    let mut calls = JoinSet::new();
    for (index, slip) in work.iter().enumerate() {
        let decided = slip.control && slip.lines.iter().all(|l| hub.books.stored(&slip.name(l).key()).is_some());
        let handed_back = hub.books.received(&slip.number).is_some_and(|r| r.hand_back.is_some());
        if decided || handed_back {
            continue;
        }
        let (hub, places) = (Arc::clone(hub), Arc::clone(&places));
        let node = element::read_inner(&slip.raw, hub.client.charset);
        calls.spawn(async move {
            let Ok(_place) = places.acquire_owned().await else { return (index, Err("stopped".to_owned())) };
            let slip = match node {
                Ok(node) => Slip::read(&node, hub.client.charset),
                Err(error) => return (index, Err(error)),
            };
            (index, papers::fetch(&hub, &slip).await)
        });
    }
    let mut fetched = BTreeMap::new();
    while let Some(done) = calls.join_next().await {
        match done {
            Ok((index, Ok(papers))) => drop(fetched.insert(index, papers)),
            Ok((_, Err(error))) => report.errors.push(error),
            Err(error) => report.errors.push(error.to_string()),
        }
    }
    fetched
}

async fn act(hub: &Hub, slip: &Slip, papers: Option<Papers>, ready: &mut Vec<Ready>, report: &mut PollReport) {
    if let Some((reason, note)) = hub.books.received(&slip.number).and_then(|r| r.hand_back) {
        ready.push(Ready::HandBack(slip.number.clone(), answers::hand_back(&slip.number, &reason, &note)));
        return;
    }
    let fits = |f: Fault| {
        let done_before = matches!(f, Fault::SilenceBeforeAccept | Fault::HandBack | Fault::Closed);
        FAULTS.iter().any(|row| row.fault == f && row.hub) && !done_before
    };
    let feedback = if slip.control {
        control(hub, slip, papers, report).await
    } else {
        papers.map(|papers| query(hub, slip, &papers))
    };
    if let Some(feedback) = feedback {
        let drawn = hub.knobs.draw(if slip.control { "control" } else { "query" }, fits);
        ready.push(Ready::Feed(feedback, drawn));
    }
}

fn query(hub: &Hub, slip: &Slip, papers: &Papers) -> Feedback {
    let fed_at = hub.now();
    let reviewed = papers.document && papers.credentials && slip.identified();
    let found = hub.books.accounts_of(&slip.subject).filter(|(_, accounts)| !accounts.is_empty());
    let (list, transactions) = match found {
        _ if !reviewed => (answers::query_refused(slip, "业务审核未通过", &fed_at), None),
        None => (answers::query_refused(slip, "查无开户信息", &fed_at), None),
        Some((customer, accounts)) => {
            let window = slip.window.map(|(from, to)| answers::transactions(slip, &accounts, from, to));
            (answers::query_done(hub.client.trade, slip, &customer, &accounts, &fed_at), window)
        }
    };
    Feedback { slip: slip.number.clone(), operation: "shfeedXzcxInfo", list, transactions }
}

/// What the books answer to a line: what they did before, or what is ordered now. `None` = papers are missing, the number has another
/// content, or the books failed.
pub(crate) async fn answer_to(
    books: &Books,
    slip: &Slip,
    line: &Line,
    papers: Option<&Papers>,
    errors: &mut Vec<String>,
) -> Option<Answer> {
    if let Some(stored) = books.stored(&slip.name(line).key()) {
        return Some(stored.answer);
    }
    match books.order(slip.order(line, papers?.clone(), books.today())).await {
        Ok(Ordered::New(answer) | Ordered::Repeat(answer)) => Some(answer),
        Ok(Ordered::Conflict) => None,
        Err(error) => {
            errors.push(error.to_string());
            None
        }
    }
}

/// Orders every line; the slip is answered when all of them are decided.
async fn control(hub: &Hub, slip: &Slip, papers: Option<Papers>, report: &mut PollReport) -> Option<Feedback> {
    let mut rows = Vec::new();
    let mut open = false;
    for line in &slip.lines {
        match answer_to(&hub.books, slip, line, papers.as_ref(), &mut report.errors).await? {
            Answer::Decided(verdict) => rows.push(answers::kzxx(slip, line, &verdict)),
            Answer::Pending => open = true,
        }
    }
    if open {
        report.pending += 1;
        return None;
    }
    let list = answers::control_done(slip, rows, hub.sealed_receipts);
    Some(Feedback { slip: slip.number.clone(), operation: "shfeedXzkzInfo", list, transactions: None })
}

async fn send_all(hub: &Arc<Hub>, ready: Vec<Ready>, report: &mut PollReport) {
    let places = Arc::new(Semaphore::new(CALLS_MAX));
    let mut calls = JoinSet::new();
    for item in ready {
        let (hub, places) = (Arc::clone(hub), Arc::clone(&places));
        calls.spawn(async move {
            let Ok(_place) = places.acquire_owned().await else { return (false, Ok(false), String::new()) };
            match item {
                Ready::HandBack(slip, list) => (true, feed::hand_back(&hub.client, &slip, &list).await, slip),
                Ready::Feed(feedback, drawn) => {
                    tokio::time::sleep(Duration::from_millis(drawn.delay_ms)).await;
                    let slip = feedback.slip.clone();
                    (false, feed::feed(&hub.client, feedback, &drawn).await, slip)
                }
            }
        });
    }
    while let Some(done) = calls.join_next().await {
        match done {
            Ok((handed_back, Ok(true), slip)) => {
                if let Err(error) = hub.books.fed(&slip) {
                    report.errors.push(error.to_string());
                }
                report.fed += usize::from(!handed_back);
                report.handed_back += usize::from(handed_back);
            }
            Ok((_, Ok(false), _)) => report.untold += 1,
            Ok((_, Err(error), _)) => report.errors.push(error),
            Err(error) => report.errors.push(error.to_string()),
        }
    }
}
