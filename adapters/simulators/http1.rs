//! HTTP/1.1 by hand on a socket: the faults a partner shows (a reset inside a body, silence, a drip) lie below what a web framework lets a handler do.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Head of a request; real ones are under 1 KiB.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Body of a request (schemas/partners/bank-http-xml.md, section 1).
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// An idle connection is closed after this.
const IDLE: Duration = Duration::from_secs(75);

/// A request.
pub(crate) struct Incoming {
    pub method: String,
    pub path: String,
    /// Path and query as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub keep_alive: bool,
}

impl Incoming {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// An answer.
pub(crate) struct Outgoing {
    pub status: u16,
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Outgoing {
    pub(crate) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Outgoing {
        Outgoing { status, content_type: content_type.to_owned(), headers: Vec::new(), body }
    }

    /// A redirect to another path of the same machine.
    pub(crate) fn elsewhere(status: Option<u16>) -> Outgoing {
        let mut outgoing = Outgoing::new(status.unwrap_or(307), "text/plain", Vec::new());
        outgoing.headers.push(("Location".to_owned(), "/elsewhere".to_owned()));
        outgoing
    }

    pub(crate) fn bytes(&self, keep_alive: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, phrase(self.status));
        head.push_str(&format!("Content-Type: {}\r\nContent-Length: {}\r\n", self.content_type, self.body.len()));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(if keep_alive { "\r\n" } else { "Connection: close\r\n\r\n" });
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

/// The machine's clock with so many seconds added, as HTTP writes it.
pub(crate) fn date(beside_s: i64) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_secs()).unwrap_or_default().saturating_add(beside_s).max(0);
    let (days, rest) = (now / 86_400, now % 86_400);
    let (year, month, day) = civil(days);
    let name = |names: &'static [&'static str], nth: i64| {
        usize::try_from(nth).ok().and_then(|nth| names.get(nth)).copied().unwrap_or("")
    };
    // 1970-01-01 was a Thursday.
    let week = name(&["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"], days % 7);
    let months = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{week}, {day:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", name(months, month - 1))
}

/// Year, month and day of so many days after 1970-01-01, by counting years of 365.2425 days from 1 March of year 0.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, of_year - (153 * march + 2) / 5 + 1)
}

/// How reading ended.
pub(crate) enum Read {
    Request(Box<Incoming>),
    /// The client left, or was idle.
    Closed,
    /// Answer this status and close.
    Refused(u16),
}

/// Reads one request whose body is no longer than `bytes_max`; `buffer` keeps what came after it.
pub(crate) async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>, bytes_max: usize) -> Read {
    let head_end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > HEAD_BYTES_MAX {
            return Read::Refused(413);
        }
        if !read_more(stream, buffer).await {
            return Read::Closed;
        }
    };
    let rest = buffer.split_off(head_end + 4);
    let head = std::mem::replace(buffer, rest);
    let Some(mut incoming) = parse_head(&String::from_utf8_lossy(&head)) else { return Read::Refused(400) };
    if incoming.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue"))
        && stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err()
    {
        return Read::Closed;
    }
    let chunked = incoming.header("transfer-encoding").is_some_and(|t| t.eq_ignore_ascii_case("chunked"));
    let body = match chunked {
        true => read_chunks(stream, buffer, bytes_max).await,
        false => read_sized(stream, buffer, &incoming, bytes_max).await,
    };
    match body {
        Ok(body) => incoming.body = body,
        Err(refused) => return refused,
    }
    Read::Request(Box::new(incoming))
}

async fn read_sized(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    incoming: &Incoming,
    bytes_max: usize,
) -> Result<Vec<u8>, Read> {
    let length = match incoming.header("content-length") {
        None => 0,
        Some(text) => text.trim().parse::<usize>().map_err(|_| Read::Refused(400))?,
    };
    if length > bytes_max {
        return Err(Read::Refused(413));
    }
    fill(stream, buffer, length).await?;
    let rest = buffer.split_off(length);
    Ok(std::mem::replace(buffer, rest))
}

async fn read_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, Read> {
    let mut body = Vec::new();
    loop {
        let line_end = loop {
            if let Some(at) = find(buffer, b"\r\n") {
                break at;
            }
            if buffer.len() > 64 {
                return Err(Read::Refused(400));
            }
            if !read_more(stream, buffer).await {
                return Err(Read::Closed);
            }
        };
        let rest = buffer.split_off(line_end + 2);
        let line = std::mem::replace(buffer, rest);
        let text = String::from_utf8_lossy(&line);
        let size = text.split(';').next().unwrap_or("").trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| Read::Refused(400))?;
        if size > bytes_max || body.len() + size > bytes_max {
            return Err(Read::Refused(413));
        }
        fill(stream, buffer, size + 2).await?;
        let rest = buffer.split_off(size + 2);
        let chunk = std::mem::replace(buffer, rest);
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(chunk.get(..size).unwrap_or_default());
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Result<(), Read> {
    while buffer.len() < length {
        if !read_more(stream, buffer).await {
            return Err(Read::Closed);
        }
    }
    Ok(())
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
    buffer.reserve(4096);
    matches!(tokio::time::timeout(IDLE, stream.read_buf(buffer)).await, Ok(Ok(count)) if count > 0)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

fn parse_head(head: &str) -> Option<Incoming> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    let mut headers = Vec::new();
    for line in lines.filter(|l| !l.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let path = target.split('?').next().unwrap_or(target);
    let mut incoming = Incoming {
        method: method.to_owned(),
        path: path.to_owned(),
        target: target.to_owned(),
        headers,
        body: Vec::new(),
        keep_alive: version == "HTTP/1.1",
    };
    if let Some(connection) = incoming.header("connection") {
        incoming.keep_alive = !connection.eq_ignore_ascii_case("close");
    }
    Some(incoming)
}

/// Says nothing until the client leaves or the time is over.
pub(crate) async fn hold(stream: &mut TcpStream, ms: u64) {
    let mut sink = [0_u8; 1024];
    let gone = async { while matches!(stream.read(&mut sink).await, Ok(count) if count > 0) {} };
    drop(tokio::time::timeout(Duration::from_millis(ms), gone).await);
}

/// Sends half of the bytes and then resets the connection.
pub(crate) async fn reset_halfway(stream: TcpStream, bytes: &[u8]) {
    let mut stream = stream;
    let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
    drop(stream.write_all(half).await);
    drop(stream.flush().await);
    drop(stream.set_zero_linger());
}

/// Pieces of a drip: enough to look endless, few enough to end.
const DRIP_PIECES_MAX: usize = 512;

/// Sends a few bytes at a time.
pub(crate) async fn drip(stream: &mut TcpStream, bytes: &[u8], ms: u64) -> std::io::Result<()> {
    for piece in bytes.chunks(bytes.len().div_ceil(DRIP_PIECES_MAX).max(1)) {
        stream.write_all(piece).await?;
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
    Ok(())
}

/// Reads an answer that says its length; `None` when it does not, or is cut.
pub(crate) async fn read_answer(stream: &mut TcpStream, bytes_max: usize) -> Option<Vec<u8>> {
    let mut buffer = Vec::new();
    let head_end = loop {
        if let Some(at) = find(&buffer, b"\r\n\r\n") {
            break at + 4;
        }
        if buffer.len() > HEAD_BYTES_MAX || !read_more(stream, &mut buffer).await {
            return None;
        }
    };
    let mut body = buffer.split_off(head_end);
    let head = String::from_utf8_lossy(&buffer).to_ascii_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:"))?.trim().parse::<usize>().ok()?;
    if length > bytes_max || fill(stream, &mut body, length).await.is_err() {
        return None;
    }
    body.truncate(length);
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        let known = [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_779, (2026, 11, 22))];
        assert!(known.iter().all(|(days, date)| civil(*days) == *date), "{:?}", known.map(|(days, _)| civil(days)));
        assert_eq!(date(i64::MIN), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
