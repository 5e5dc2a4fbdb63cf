//! A running web floor with its tokens, and a client that reads answers within a bound.

use std::sync::Arc;

use domain::Secret;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use web::{Limits, Role, Running, Token, Tokens, Web, WebConfig};

use crate::fake::{FakeFace, FakeGate};

/// Bytes of an answer that a test reads at most.
const ANSWER_BYTES_MAX: usize = 64 * 1_024 * 1_024;

pub struct House {
    pub gate: Arc<FakeGate>,
    pub tokens: Arc<Tokens>,
    pub url: String,
    pub client: Client,
    pub running: Running,
    shown: Vec<(Role, Secret<String>)>,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The slug of a problem.
    pub fn slug(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {}", self.text());
        }
        problem["type"].as_str().unwrap().strip_prefix("urn:xiezhi:problem:").unwrap().to_owned()
    }

    /// The places that a problem names.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str().map(str::to_owned)).collect()
    }
}

/// A token's 32 bytes; made up, and the same in every run.
fn random_of(role: Role) -> [u8; 32] {
    [u8::try_from(role.word().len()).unwrap() ^ role.word().as_bytes()[0]; 32]
}

pub fn tokens_of(court: &str) -> Vec<Token> {
    let token = |role: &Role| Token {
        hash: web::tokens::mint(random_of(*role)).1,
        name: format!("{}-token", role.word()),
        roles: vec![*role],
        court: matches!(role, Role::Submitter | Role::Approver).then(|| court.to_owned()),
        partner: (*role == Role::Partner).then(|| "desk-a".to_owned()),
        is_person: *role != Role::Submitter,
    };
    Role::ALL.iter().map(token).collect()
}

impl House {
    pub fn open() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let gate = Arc::new(FakeGate::new());
        let tokens = Arc::new(Tokens::new(tokens_of("330225"), limits.token_per_second).unwrap());
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = WebConfig { listen, tls: None, workers: 1, limits };
        let running = Web::start(config, gate.clone(), Arc::clone(&tokens), vec![Arc::new(FakeFace)]).unwrap();
        let shown = Role::ALL.iter().map(|role| (*role, web::tokens::mint(random_of(*role)).0)).collect();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { gate, tokens, url: format!("http://{}", running.addr), client, running, shown }
    }

    pub fn token(&self, role: Role) -> &str {
        self.shown.iter().find(|(known, _)| *known == role).unwrap().1.expose()
    }

    pub fn ask(&self, method: Method, path: &str, role: Option<Role>) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match role {
            Some(role) => request.bearer_auth(self.token(role)),
            None => request,
        }
    }

    pub async fn get(&self, path: &str, role: Role) -> Answer {
        read(self.ask(Method::GET, path, Some(role))).await
    }

    pub async fn post(&self, path: &str, role: Role, body: &Value) -> Answer {
        read(self.ask(Method::POST, path, Some(role)).json(body)).await
    }

    pub async fn submit(&self, key: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.ask(Method::POST, "/v1/requests", Some(Role::Submitter));
        read(request.header("Idempotency-Key", key).header("Content-Type", "application/json").body(body)).await
    }
}

pub async fn read(request: RequestBuilder) -> Answer {
    let mut response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
        assert!(bytes.len() <= ANSWER_BYTES_MAX);
    }
    assert_ne!(status, StatusCode::CONTINUE);
    Answer { status: status.as_u16(), headers, bytes }
}

pub fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../schemas/intake/request.schema.json")).unwrap()
}

/// The contract's request: a goal with every field.
pub fn goal() -> Value {
    schema()["examples"][0].clone()
}

/// The contract's request with explicit acts.
pub fn acts() -> Value {
    schema()["examples"][1].clone()
}
