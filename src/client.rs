//! A small HTTP client of the gateway, for the demo, the commands and the bench.

use std::time::Duration;

use adapters::transport::read_capped;
use anyhow::{Context, anyhow, bail};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// The longest answer that is read: a page of 200 acts with their outcomes.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Talks to one gateway with one token.
#[derive(Clone)]
pub struct Client {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Client {
    /// A client of the gateway at `base`.
    pub fn new(base: &str, token: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(90))
            .no_proxy()
            .build()
            .context("starting the HTTP client")?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), token: token.to_owned(), http })
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Gets a JSON answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.call(Method::GET, path).send().await.with_context(|| format!("GET {path}"))?;
        read(response, path).await
    }

    /// Stores a document; gives its digest.
    pub async fn upload(&self, file_name: &str, content_type: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
        let name: String = file_name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let call =
            self.call(Method::POST, "/v1/documents").header("Content-Type", content_type).header("X-File-Name", name);
        let stored = read(call.body(bytes).send().await.context("POST /v1/documents")?, "/v1/documents").await?;
        text_at(&stored, "/digest")
    }

    /// Posts JSON; gives the JSON answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let response = self.call(Method::POST, path).json(body).send().await.with_context(|| format!("POST {path}"))?;
        read(response, path).await
    }

    /// Posts bytes of a content type; gives the JSON answer.
    pub async fn post_bytes(&self, path: &str, content_type: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        let call = self.call(Method::POST, path).header("Content-Type", content_type).body(bytes);
        read(call.send().await.with_context(|| format!("POST {path}"))?, path).await
    }

    /// Submits a request under an idempotency key.
    pub async fn submit(&self, key: &str, body: &Value) -> anyhow::Result<Value> {
        let call = self.call(Method::POST, "/v1/requests").header("Idempotency-Key", key).json(body);
        read(call.send().await.context("POST /v1/requests")?, "/v1/requests").await
    }
}

async fn read(mut response: Response, path: &str) -> anyhow::Result<Value> {
    let status = response.status();
    let bytes = read_capped(&mut response, ANSWER_BYTES_MAX)
        .await
        .map_err(|cause| anyhow!("{path}: the answer broke off: {cause:?}"))?;
    if status.is_success() || status == StatusCode::SERVICE_UNAVAILABLE && path.starts_with("/health") {
        return serde_json::from_slice(&bytes).with_context(|| format!("{path}: the answer is no JSON"));
    }
    bail!("{path}: {status}: {}", String::from_utf8_lossy(&bytes))
}

/// The text at a JSON pointer.
pub fn text_at(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("the answer has no text at {pointer}"))
}

/// The number at a JSON pointer.
pub fn number_at(value: &Value, pointer: &str) -> anyhow::Result<u64> {
    value.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("the answer has no number at {pointer}"))
}
