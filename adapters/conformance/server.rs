//! A partner on loopback that misbehaves by script: one step a request, whole requests kept as text.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What to do with a request once it is read whole.
#[derive(Clone)]
pub(super) enum Step {
    /// Write these bytes for the request, and read on.
    Reply(Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>),
    /// Write these bytes and close.
    ReplyAndClose(Vec<u8>),
    /// Close without a word.
    Close,
    /// Read on, and answer nothing.
    Silence,
    /// Promise a long body, and send one byte after the other for as long as anybody reads.
    Drip,
}

pub(super) struct Server {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    /// A request was read whole.
    pub(super) received: Arc<Notify>,
    /// The other side closed a connection.
    pub(super) hung_up: Arc<Notify>,
}

impl Server {
    /// Listens; the n-th request gets the n-th step, and the last step all that follow.
    pub(super) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            requests: Arc::default(),
            received: Arc::default(),
            hung_up: Arc::default(),
        };
        let (requests, received, hung_up) = (server.requests.clone(), server.received.clone(), server.hung_up.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, steps.clone(), requests.clone(), received.clone(), hung_up.clone()));
            }
        });
        server
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    steps: Vec<Step>,
    requests: Arc<Mutex<Vec<String>>>,
    received: Arc<Notify>,
    hung_up: Arc<Notify>,
) {
    loop {
        let Some(request) = read_request(&mut stream).await else {
            hung_up.notify_one();
            return;
        };
        let nth = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        received.notify_one();
        match steps.get(nth).or(steps.last()) {
            Some(Step::Reply(reply)) => {
                if stream.write_all(&reply(&request)).await.is_err() {
                    return;
                }
            }
            Some(Step::ReplyAndClose(bytes)) => {
                drop(stream.write_all(bytes).await);
                return;
            }
            Some(Step::Silence) => {}
            Some(Step::Drip) => {
                let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await;
                while written.is_ok() {
                    written = stream.write_all(b"<").await;
                    tokio::task::yield_now().await;
                }
                return;
            }
            Some(Step::Close) | None => return,
        }
    }
}

/// One request with its body, or nothing when the other side is gone.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                return Some(text);
            }
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
        }
    }
}

/// A 200 with this body.
pub(super) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// A status with these headers and no body.
pub(super) fn status(line: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\n{headers}Content-Length: 0\r\n\r\n").into_bytes()
}
