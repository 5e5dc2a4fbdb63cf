//! Connections of a scripted partner: credential, signature, faults, and its posts.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use super::ScriptedConfig;
use super::table::{Books, Script};
use crate::connections;
use crate::http1::{self, Incoming, Outgoing};
use crate::knobs::{Drawn, Fault, Knobs};
use crate::open::Callback;

/// Largest order.
const ORDER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A gateway that does not answer a post in this time is asked again.
const ANSWER_MS_MAX: u64 = 10_000;

/// What the tasks of one partner share.
pub(crate) struct Shared {
    pub books: Mutex<Books>,
    pub knobs: Knobs,
    pub callback: Mutex<Option<Callback>>,
    pub news: Notify,
    config: ScriptedConfig,
}

impl Shared {
    pub(crate) fn new(script: Script, config: ScriptedConfig) -> Shared {
        Shared {
            books: Mutex::new(Books::new(script)),
            knobs: Knobs::new(config.seed),
            callback: Mutex::new(config.callback.clone()),
            news: Notify::new(),
            config,
        }
    }

    fn is_known(&self, incoming: &Incoming) -> bool {
        let shown = |name: &str| incoming.header(name).unwrap_or_default();
        let token = self.config.token.as_ref().is_none_or(|(name, value)| shown(name) == value);
        let signed = self.config.hmac.as_ref().is_none_or(|(key, name)| {
            let mut covered = Vec::new();
            if let Some(time) = &self.config.hmac_time_header {
                covered = format!("{}\n{}\n{}\n", incoming.method, incoming.target, shown(time)).into_bytes();
            }
            covered.extend_from_slice(&incoming.body);
            shown(name) == hmac(key.as_bytes(), &covered)
        });
        token && signed
    }
}

/// HMAC-SHA-256 of RFC 2104 in hexadecimal digits.
fn hmac(key: &[u8], message: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut block = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(BLOCK, 0);
    let pad = |byte: u8| block.iter().map(|key| key ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::digest([&pad(0x36), message].concat());
    let outer = Sha256::digest([&pad(0x5c)[..], &inner[..]].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Serves its port.
pub(crate) async fn serve(shared: &Arc<Shared>, listener: TcpListener) {
    let shared = Arc::clone(shared);
    let answer = move |incoming: Incoming| {
        let shared = Arc::clone(&shared);
        async move {
            let (outgoing, drawn) = exchange(&shared, &incoming);
            if drawn.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(drawn.delay_ms)).await;
            }
            (outgoing, drawn)
        }
    };
    connections::serve(listener, ORDER_BYTES_MAX, answer).await;
}

fn answer(status: u16, json: &Value) -> Outgoing {
    let mut outgoing = Outgoing::new(status, "application/json", json.to_string().into_bytes());
    // Clocks of a partner are what `partner check` compares.
    outgoing.headers.push(("Date".to_owned(), http1::date(0)));
    outgoing
}

fn exchange(shared: &Shared, incoming: &Incoming) -> (Outgoing, Drawn) {
    if !shared.is_known(incoming) {
        return (answer(401, &json!({"error": "unauthorized"})), Drawn::default());
    }
    let order = serde_json::from_slice::<Value>(&incoming.body).unwrap_or(Value::Null);
    let found = shared.books.lock().call(&incoming.method, &incoming.target, &order);
    let Some((call, number)) = found else { return (answer(404, &json!({})), Drawn::default()) };
    let drawn = shared.knobs.draw(&call.word, |fault| !is_callback_fault(fault));
    let status = drawn.knob.as_ref().and_then(|knob| knob.status).unwrap_or(503);
    match drawn.fault() {
        Some(Fault::SilenceBeforeAccept) => return (answer(200, &json!({})), drawn),
        Some(Fault::ErrorBeforeEffect) => return (answer(status, &json!({})), drawn),
        Some(Fault::TooManySeconds) => return (answer(429, &json!({})), drawn),
        _ => {}
    }
    let said = match number {
        Some(number) => Some(shared.books.lock().asked(&number)),
        None => shared.books.lock().take(&call, order),
    };
    shared.news.notify_one();
    let Some(said) = said else { return (answer(400, &json!({})), drawn) };
    let mut outgoing = answer(200, &said);
    match drawn.fault() {
        Some(Fault::ErrorAfterEffect) => outgoing = answer(status, &json!({})),
        Some(Fault::HtmlBody) => outgoing.body = b"<html>login</html>".to_vec(),
        Some(Fault::WrongSchema) => outgoing.body = br#"{"notice":"maintenance"}"#.to_vec(),
        Some(Fault::TruncatedXml) => outgoing.body.truncate(outgoing.body.len() / 2),
        _ => {}
    }
    (outgoing, drawn)
}

fn is_callback_fault(fault: Fault) -> bool {
    matches!(fault, Fault::DuplicateCallback | Fault::LostCallback | Fault::ConflictingCallback | Fault::EarlyCallback)
}

/// Posts results, each until it gets 200.
pub(crate) async fn post(shared: &Arc<Shared>, client: &reqwest::Client) {
    loop {
        let target = shared.callback.lock().clone();
        let next = target.as_ref().and_then(|_| shared.books.lock().next_post());
        let (Some(target), Some((word, message))) = (target, next) else {
            shared.news.notified().await;
            continue;
        };
        let times = match shared.knobs.draw(&word, is_callback_fault).fault() {
            Some(Fault::LostCallback) => 0,
            Some(Fault::DuplicateCallback) => 2,
            _ => 1,
        };
        for _ in 0..times {
            while !once(client, &target, &message).await {
                tokio::time::sleep(Duration::from_millis(shared.config.repeat_ms.max(1))).await;
            }
        }
        shared.books.lock().end_post();
    }
}

async fn once(client: &reqwest::Client, target: &Callback, message: &Value) -> bool {
    let url = format!("{}/v1/inbound/{}", target.gateway.trim_end_matches('/'), target.partner);
    let request = client
        .post(url)
        .header("authorization", format!("Bearer {}", target.token))
        .header("content-type", "application/json")
        .timeout(Duration::from_millis(ANSWER_MS_MAX))
        .body(message.to_string());
    request.send().await.is_ok_and(|response| response.status() == reqwest::StatusCode::OK)
}
