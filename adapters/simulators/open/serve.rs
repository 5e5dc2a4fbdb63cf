//! Connections: credential, rate, faults, and the exchange between them.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::desk::Said;
use super::{Shared, Trade, admin};
use crate::connections;
use crate::http1::{Incoming, Outgoing};
use crate::knobs::{Drawn, FAULTS, Fault};

/// Largest task (section 1).
const TASK_BYTES_MAX: usize = 8 * 1024 * 1024;
const OVERSIZE_BYTES: usize = 16 * 1024 * 1024;
/// How long a 202 waits for its own callback.
const EARLY_MS_MAX: u64 = 10_000;

/// Serves both ports.
pub(crate) async fn serve<T: Trade>(shared: &Arc<Shared<T>>, partner: TcpListener, admin: TcpListener) {
    let (asked, told) = (Arc::clone(shared), Arc::clone(shared));
    let tasks = connections::serve(partner, TASK_BYTES_MAX, move |incoming| {
        let shared = Arc::clone(&asked);
        async move { exchange(&shared, &incoming).await }
    });
    let knobs = connections::serve(admin, TASK_BYTES_MAX, move |incoming| {
        let shared = Arc::clone(&told);
        async move { (admin::answer(&shared, &incoming).await, Drawn::default()) }
    });
    tokio::join!(tasks, knobs);
}

fn plain(status: u16) -> (Outgoing, Drawn) {
    (Outgoing::new(status, "text/plain", Vec::new()), Drawn::default())
}

fn answer(status: u16, json: &Value) -> Outgoing {
    Outgoing::new(status, "application/json", json.to_string().into_bytes())
}

async fn exchange<T: Trade>(shared: &Shared<T>, incoming: &Incoming) -> (Outgoing, Drawn) {
    let asked = incoming.path.strip_prefix("/v1/tasks/");
    let is_task = incoming.path == "/v1/tasks";
    if !is_task && asked.is_none() {
        return plain(404);
    }
    if incoming.method != if is_task { "POST" } else { "GET" } {
        return plain(405);
    }
    let shown = incoming.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    if shown != Some(shared.token.as_str()) {
        return plain(401);
    }
    if shared.rate.lock().call(Instant::now()) {
        return (too_many("1".to_owned()), Drawn::default());
    }
    let task = match (is_task, serde_json::from_slice::<Value>(&incoming.body)) {
        (false, _) => Value::Null,
        (true, Ok(task)) => task,
        (true, Err(_)) => return (answer(400, &json!({"state": "unreadable"})), Drawn::default()),
    };
    let code = if is_task { task.pointer("/kind").and_then(Value::as_str).unwrap_or_default() } else { "ask" };
    let drawn = shared.knobs.draw(code, |fault| is_shown_here(fault, is_task));
    if drawn.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(drawn.delay_ms)).await;
    }
    if let Some(mut outgoing) = before_effect(&task, &drawn) {
        outgoing.headers.extend(drawn.clock());
        return (outgoing, drawn);
    }
    let elapsed_ms = shared.elapsed_ms();
    let said = match asked {
        Some(number) => shared.desk.lock().said(number),
        None => shared.desk.lock().task(task, elapsed_ms),
    };
    shared.wake.notify_one();
    // Whether it is written is not known when the disk failed, and a 500 says so.
    if shared.durable().await.is_err() {
        return plain(500);
    }
    if drawn.fault() == Some(Fault::EarlyCallback) {
        wait_for_callback(shared, &said, drawn.ms(EARLY_MS_MAX)).await;
    }
    let mut outgoing = after_effect(&said, &drawn);
    outgoing.headers.extend(drawn.clock());
    (outgoing, drawn)
}

fn is_shown_here(fault: Fault, is_task: bool) -> bool {
    let later = matches!(fault, Fault::DuplicateCallback | Fault::ConflictingCallback | Fault::LostCallback);
    let of_tasks = matches!(fault, Fault::EarlyCallback | Fault::HandBack | Fault::SaysDone);
    let is_listed = FAULTS.iter().any(|row| row.fault == fault && row.open);
    is_listed && !later && (is_task || !of_tasks)
}

/// Holds an answer until the result it announces was posted.
async fn wait_for_callback<T: Trade>(shared: &Shared<T>, said: &Said, ms: u64) {
    let number = said.json.pointer("/number").and_then(Value::as_str).unwrap_or_default().to_owned();
    let posted = async {
        loop {
            let notified = shared.posted.notified();
            if shared.desk.lock().records().iter().any(|record| record.number == number) {
                return;
            }
            notified.await;
        }
    };
    drop(tokio::time::timeout(Duration::from_millis(ms), posted).await);
}

fn too_many(retry_after: String) -> Outgoing {
    let mut outgoing = Outgoing::new(429, "text/plain", Vec::new());
    outgoing.headers.push(("Retry-After".to_owned(), retry_after));
    outgoing
}

/// Faults that keep the task from taking effect.
fn before_effect(task: &Value, drawn: &Drawn) -> Option<Outgoing> {
    Some(match drawn.fault()? {
        Fault::SilenceBeforeAccept => Outgoing::new(200, "text/plain", Vec::new()),
        Fault::ErrorBeforeEffect => Outgoing::new(status(drawn), "text/html", html()),
        Fault::TooManySeconds => too_many(drawn.ms(1000).div_ceil(1000).to_string()),
        Fault::TooManyDate => too_many("Fri, 31 Dec 2027 23:59:59 GMT".to_owned()),
        Fault::TooManyAbsurd => too_many("99999999999".to_owned()),
        Fault::TooManyPast => too_many("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
        Fault::TooManyPlain => Outgoing::new(429, "text/plain", Vec::new()),
        Fault::Redirect => Outgoing::elsewhere(drawn.knob.as_ref().and_then(|knob| knob.status)),
        Fault::SaysDone => answer(200, &claimed(task)),
        Fault::Closed => answer(503, &json!({"state": "closed"})),
        Fault::HandBack => answer(422, &json!({"state": "handed_back", "reason": "other", "text": "请补正后重新提交"})),
        _ => return None,
    })
}

/// "All of it is done", of which the books know nothing: what was asked comes back as it stands.
fn claimed(task: &Value) -> Value {
    let at = |key: &str| task.get(key).cloned().unwrap_or_default();
    let money =
        if matches!(at("kind").as_str(), Some("freeze" | "renew")) { ["limit", "caught"] } else { ["moved", "moved"] };
    let mut said =
        json!({"number": at("number"), "kind": at("kind"), "state": "done", "from": at("from"), "to": at("to")});
    if let Some(object) = said.as_object_mut() {
        money.iter().for_each(|key| drop(object.insert((*key).to_owned(), at("amount"))));
        if let Some(scope) = task.pointer("/insurance/scope") {
            object.insert("scope".to_owned(), scope.clone());
        }
        object.retain(|_, value| !value.is_null());
    }
    said
}

fn status(drawn: &Drawn) -> u16 {
    drawn.knob.as_ref().and_then(|k| k.status).unwrap_or(503)
}

fn html() -> Vec<u8> {
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        .to_vec()
}

/// An answer of the same number and kind that says something else.
fn short(said: &Said, mut other: Value) -> Value {
    if let Some(object) = other.as_object_mut() {
        for key in ["number", "kind"] {
            if let Some(value) = said.json.get(key) {
                object.insert(key.to_owned(), value.clone());
            }
        }
    }
    other
}

/// Faults of the answer after the task took effect.
fn after_effect(said: &Said, drawn: &Drawn) -> Outgoing {
    let mut outgoing = answer(said.status, &said.json);
    match drawn.fault() {
        Some(Fault::ErrorAfterEffect) => return Outgoing::new(status(drawn), "text/html", html()),
        Some(Fault::HtmlBody) => return Outgoing::new(200, "text/html", html()),
        Some(Fault::EmptyBody) => outgoing.body.clear(),
        Some(Fault::AcceptedNever) => return answer(202, &short(said, json!({"state": "accepted"}))),
        Some(Fault::SaysFailed) => {
            return answer(200, &short(said, json!({"state": "refused", "reason": "other", "text": "未办理"})));
        }
        Some(Fault::WrongCharset) => {
            outgoing.body = encoding_rs::GBK.encode(&said.json.to_string()).0.into_owned();
            // A charset that would be noticed only by names: there is one in every answer then.
            outgoing.body.splice(1..1, b"\"text\":\"\xcd\xf5\",".iter().copied());
        }
        Some(Fault::WrongSchema) => return answer(200, &json!({"notice": {"text": "系统维护公告"}})),
        Some(Fault::TruncatedXml) => outgoing.body.truncate(outgoing.body.len() / 2),
        Some(Fault::OtherCase) => {
            let mut other = said.json.clone();
            if let Some(object) = other.as_object_mut() {
                object.insert("number".to_owned(), Value::String("X1890010100000000000-9".to_owned()));
            }
            return answer(said.status, &other);
        }
        Some(Fault::OversizeBody) => {
            let bytes = drawn.knob.as_ref().and_then(|k| k.bytes).unwrap_or(OVERSIZE_BYTES);
            outgoing.body.splice(1..1, std::iter::repeat_n(b' ', bytes));
        }
        _ => {}
    }
    outgoing
}
