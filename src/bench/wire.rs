//! A lean HTTP/1.1 caller on the bare socket: on two cores a heavy client would hide the server that it measures.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// What a read asks for at once: an ordinary answer is one read.
const READ_BYTES: usize = 8_192;

/// One connection, kept alive.
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    body: std::ops::Range<usize>,
}

fn position(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|part| part == mark)
}

fn length_of(head: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(head).ok()?;
    let lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next()?.1.trim().parse().ok()
}

impl Connection {
    /// Connects to `host:port`.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(READ_BYTES), body: 0..0 })
    }

    /// Writes a whole request and reads the whole answer; gives its status.
    pub async fn call(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let broken = |what: &'static str| Error::new(ErrorKind::InvalidData, what);
        let head = loop {
            if let Some(end) = position(&self.answer, b"\r\n\r\n") {
                break end;
            }
            self.more().await?;
        };
        let first = self.answer.get(..head).ok_or_else(|| broken("no head"))?;
        let length = length_of(first).ok_or_else(|| broken("an answer without a length"))?;
        let status = first.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
        let status = status.ok_or_else(|| broken("an answer without a status"))?;
        self.body = head + 4..head + 4 + length;
        while self.answer.len() < self.body.end {
            self.more().await?;
        }
        Ok(status)
    }

    async fn more(&mut self) -> Result<()> {
        self.answer.reserve(READ_BYTES);
        if self.answer.len() > ANSWER_BYTES_MAX {
            return Err(Error::new(ErrorKind::InvalidData, "an answer longer than is read"));
        }
        match self.stream.read_buf(&mut self.answer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        self.answer.get(self.body.clone()).unwrap_or_default()
    }
}

/// A request as bytes; `extra` are whole header lines.
pub fn request(method: &str, path: &str, token: &str, extra: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
