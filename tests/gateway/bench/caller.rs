//! Somebody with a token who calls the gateway.

use std::sync::LazyLock;
use std::time::Duration;

use adapters::transport::read_capped;
use reqwest::Method;
use serde_json::Value;

/// Answers read, at most.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// One runtime for all that a test does beside the gateway.
pub static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let builder = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(10));
    builder.timeout(Duration::from_secs(90)).pool_max_idle_per_host(64).build().unwrap()
});

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last word of a problem's type.
    pub fn slug(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit(':').next().unwrap_or_default().to_owned()
    }

    /// The ids of the rules that a refusal names.
    pub fn rules(&self) -> Vec<String> {
        let rules = self.json()["rules"].as_array().cloned().unwrap_or_default();
        rules.iter().filter_map(|rule| rule["id"].as_str()).map(str::to_owned).collect()
    }

    /// The same, having had this status.
    pub fn of_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// Who calls, and where.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    pub token: String,
}

impl Caller {
    /// One call; an error is the connection's.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, String> {
        let mut call = HTTP.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            call = call.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = body {
            call = call.body(body);
        }
        let mut response = call.send().await.map_err(|error| format!("{path}: {error:?}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = read_capped(&mut response, ANSWER_BYTES_MAX).await.map_err(|cause| format!("{path}: {cause:?}"))?;
        Ok(Answer { status, headers, bytes })
    }

    /// Gets.
    pub fn get(&self, path: &str) -> Answer {
        RUNTIME.block_on(self.call(Method::GET, path, &[], None)).unwrap()
    }

    /// Posts JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("Content-Type", "application/json")];
        RUNTIME.block_on(self.call(Method::POST, path, &headers, Some(body.to_string().into_bytes()))).unwrap()
    }

    /// Posts without a body.
    pub fn post_nothing(&self, path: &str) -> Answer {
        RUNTIME.block_on(self.call(Method::POST, path, &[], None)).unwrap()
    }

    /// Submits under an idempotency key.
    pub async fn submit(&self, key: &str, body: &Value) -> Result<Answer, String> {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.call(Method::POST, "/v1/requests", &headers, Some(body.to_string().into_bytes())).await
    }

    /// Stores a document.
    pub fn upload(&self, file_name: &str, content_type: &str, bytes: &[u8]) -> Answer {
        let name: String = file_name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let headers = [("Content-Type", content_type), ("X-File-Name", name.as_str())];
        RUNTIME.block_on(self.call(Method::POST, "/v1/documents", &headers, Some(bytes.to_vec()))).unwrap()
    }
}
