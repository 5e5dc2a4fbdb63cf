//! A court's system that receives deliveries: HTTP/1.1 on a socket, in whatever mood a test wants it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::caller::RUNTIME;

/// The head and body of a delivery are read up to here.
const READ_BYTES_MAX: usize = 4 << 20;

/// What it does with what comes.
#[derive(Clone, PartialEq, Eq)]
pub enum Mood {
    /// Answers 204.
    Takes,
    /// Answers this status.
    Says(u16),
    /// Sends the sender elsewhere.
    SendsTo(String),
    /// Reads and never answers.
    Hangs,
    /// Takes what comes, and cuts the line instead of saying so.
    TakesAndCuts,
}

/// What came.
#[derive(Clone)]
pub struct Received {
    pub headers: BTreeMap<String, String>,
    pub text: String,
    /// It was said that it was taken.
    pub acknowledged: bool,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    pub fn version(&self) -> u64 {
        self.data()["version"].as_u64().unwrap()
    }

    pub fn previous(&self) -> u64 {
        self.data()["previous_version"].as_u64().unwrap()
    }
}

struct Inner {
    mood: Mutex<Mood>,
    received: Mutex<Vec<Received>>,
    connections: Mutex<u64>,
}

/// The court's system.
#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    inner: Arc<Inner>,
}

impl Receiver {
    pub fn open() -> Self {
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::new(Inner {
            mood: Mutex::new(Mood::Takes),
            received: Mutex::new(Vec::new()),
            connections: Mutex::new(0),
        });
        let receiver = Self { port, inner };
        let serving = receiver.clone();
        RUNTIME.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *serving.inner.connections.lock().unwrap() += 1;
                let serving = serving.clone();
                tokio::spawn(async move { while serving.serve(&mut stream).await.is_some() {} });
            }
        });
        receiver
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("{}/results?of=court", self.origin())
    }

    pub fn be(&self, mood: Mood) {
        *self.inner.mood.lock().unwrap() = mood;
    }

    pub fn received(&self) -> Vec<Received> {
        self.inner.received.lock().unwrap().clone()
    }

    /// What came about one request.
    pub fn of(&self, request: &str) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.data()["id"] == request).collect()
    }

    pub fn connections(&self) -> u64 {
        *self.inner.connections.lock().unwrap()
    }

    /// The version that the court has, after its own rule: what begins behind what it has would be a gap.
    pub fn has(&self, request: &str) -> u64 {
        let mut has = 0;
        for received in self.of(request).iter().filter(|received| received.acknowledged) {
            assert!(received.previous() <= has, "a gap: {} after {has}", received.previous());
            assert!(received.version() > received.previous(), "an empty delivery");
            has = has.max(received.version());
        }
        has
    }

    /// One call on a connection; `None` = it is over.
    async fn serve(&self, stream: &mut TcpStream) -> Option<()> {
        let (headers, text) = read(stream).await?;
        let mood = self.inner.mood.lock().unwrap().clone();
        let acknowledged = matches!(mood, Mood::Takes);
        self.inner.received.lock().unwrap().push(Received { headers, text, acknowledged });
        let answer = match mood {
            Mood::Takes => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            Mood::Says(status) => format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nno"),
            Mood::SendsTo(url) => {
                format!("HTTP/1.1 307 Elsewhere\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n")
            }
            Mood::Hangs => std::future::pending().await,
            Mood::TakesAndCuts => return None,
        };
        stream.write_all(answer.as_bytes()).await.ok()
    }
}

async fn read(stream: &mut TcpStream) -> Option<(BTreeMap<String, String>, String)> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            assert!(head.starts_with("POST /results?of=court HTTP/1.1\r\n"), "{head}");
            let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            let headers: BTreeMap<String, String> =
                lines.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
            let length: usize = headers["content-length"].parse().unwrap();
            if bytes.len() >= end + 4 + length {
                return Some((headers, String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap()));
            }
        }
        assert!(bytes.len() < READ_BYTES_MAX, "a delivery without end");
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
