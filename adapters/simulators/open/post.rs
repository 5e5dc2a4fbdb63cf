//! The partner's clock, and its callbacks: repeated with the same bytes until the gateway says 200.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::desk::Item;
use super::{Callback, Shared, Trade};
use crate::knobs::Fault;

/// Items in one message (section 1).
const ITEMS_MAX: usize = 200;
/// Verdicts of 200 items with their reasons are far below.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// A gateway that says nothing for so long has not taken it.
const ANSWER_MS_MAX: u64 = 10_000;

/// One item of a callback that was posted, or given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackRecord {
    /// Our number.
    pub number: String,
    /// State of a result, class of a lead.
    pub what: String,
    /// `None` = never posted (a lost callback).
    pub taken: Option<bool>,
    /// Why not.
    pub reason: String,
    /// How often the message was sent until it got its 200.
    pub tries: u32,
}

/// Does what comes due, when it comes due.
pub(crate) async fn keep_time<T: Trade>(shared: &Arc<Shared<T>>) {
    loop {
        let wait_ms = {
            let mut desk = shared.desk.lock();
            let elapsed_ms = shared.elapsed_ms();
            if desk.tick(elapsed_ms) {
                shared.post.notify_one();
            }
            desk.wait_ms(elapsed_ms)
        };
        match wait_ms {
            None => shared.wake.notified().await,
            // What is due at once was done above; a trade that still says so must not spin.
            Some(ms) => {
                let wait = Duration::from_millis(ms.max(1));
                drop(tokio::time::timeout(wait, shared.wake.notified()).await);
            }
        }
    }
}

/// Posts what waits, one message after the other.
pub(crate) async fn deliver<T: Trade>(shared: &Arc<Shared<T>>, client: &reqwest::Client) {
    loop {
        if shared.callback.lock().is_none() {
            shared.post.notified().await;
            continue;
        }
        let items = shared.desk.lock().take_outbox(ITEMS_MAX);
        if items.is_empty() {
            shared.post.notified().await;
            continue;
        }
        // A disk that failed does so for good: what it does not hold is never told.
        if shared.durable().await.is_err() {
            return std::future::pending().await;
        }
        for message in messages(shared, items) {
            post(shared, client, &message).await;
        }
        shared.desk.lock().end_posting();
        shared.posted.notify_waiters();
    }
}

/// What is without a fault goes in one message; each fault in messages of its own.
fn messages<T: Trade>(shared: &Arc<Shared<T>>, items: Vec<Item>) -> Vec<Vec<Item>> {
    let (mut plain, mut odd) = (Vec::new(), Vec::new());
    for item in items {
        if shared.knobs.draw("callback", |fault| fault == Fault::OtherCase).fault().is_some() {
            odd.push(vec![nobodys(&item)]);
        }
        match shared.knobs.draw(&item.kind, is_callback_fault).fault() {
            Some(Fault::LostCallback) => {
                shared.desk.lock().posted(vec![(item.place, record(&item, None, "", 0))]);
            }
            Some(Fault::DuplicateCallback) => odd.extend([vec![item.clone()], vec![item]]),
            Some(Fault::ConflictingCallback) => {
                let other = contradiction(&item);
                odd.extend([vec![item], vec![other]]);
            }
            _ => plain.push(item),
        }
    }
    if !plain.is_empty() {
        odd.insert(0, plain);
    }
    odd
}

fn is_callback_fault(fault: Fault) -> bool {
    matches!(fault, Fault::LostCallback | Fault::DuplicateCallback | Fault::ConflictingCallback)
}

/// The same result under a number that nobody gave.
fn nobodys(item: &Item) -> Item {
    let mut other = item.clone();
    other.number = "X1890010100000000000-9".to_owned();
    if let Some(object) = other.json.as_object_mut() {
        object.insert("number".to_owned(), Value::String(other.number.clone()));
    }
    other
}

/// Another result for the same number: refused where it was done, done where it was not.
fn contradiction(item: &Item) -> Item {
    let mut other = item.clone();
    if item.is_lead {
        if let Some(object) = other.json.as_object_mut() {
            object.insert("text".to_owned(), Value::String("前述线索有误".to_owned()));
        }
        return other;
    }
    other.what = "refused".to_owned();
    other.json = json!({"number": item.number, "kind": item.kind, "state": "refused", "reason": "other", "text": "更正：未办理"});
    other
}

fn record(item: &Item, taken: Option<bool>, reason: &str, tries: u32) -> CallbackRecord {
    CallbackRecord { number: item.number.clone(), what: item.what.clone(), taken, reason: reason.to_owned(), tries }
}

/// Sends one message until it gets 200.
async fn post<T: Trade>(shared: &Arc<Shared<T>>, client: &reqwest::Client, items: &[Item]) {
    let (leads, results): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| item.is_lead);
    let list = |items: &[&Item]| Value::Array(items.iter().map(|item| item.json.clone()).collect());
    let body = json!({"results": list(&results), "leads": list(&leads)}).to_string().into_bytes();
    for tries in 1_u32.. {
        let target = shared.callback.lock().clone();
        if let Some(target) = target
            && let Some(verdicts) = once(client, &target, &body).await
        {
            let ordered = results.iter().chain(&leads).enumerate();
            let posted: Vec<(u64, CallbackRecord)> = ordered
                .map(|(place, item)| {
                    let at = |key: &str| verdicts.pointer(&format!("/verdicts/{place}/{key}"));
                    let reason = at("reason").and_then(Value::as_str).unwrap_or_default();
                    (item.place, record(item, at("taken").and_then(Value::as_bool), reason, tries))
                })
                .collect();
            shared.desk.lock().posted(posted);
            return;
        }
        tokio::time::sleep(Duration::from_millis(shared.repeat_ms.max(1))).await;
    }
}

/// The verdicts when the gateway said 200.
async fn once(client: &reqwest::Client, target: &Callback, body: &[u8]) -> Option<Value> {
    let url = format!("{}/v1/inbound/{}", target.gateway.trim_end_matches('/'), target.partner);
    let request = client
        .post(url)
        .header("authorization", format!("Bearer {}", target.token))
        .header("content-type", "application/json")
        .timeout(Duration::from_millis(ANSWER_MS_MAX))
        .body(body.to_vec());
    let mut response = request.send().await.ok()?;
    if response.status() != reqwest::StatusCode::OK {
        return None;
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).ok()
}
