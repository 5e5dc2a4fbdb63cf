//! A partner described by its file: one order or one question, once, and what came of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ActKind;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, FaceFault, FaceReply, Inbound, ItemVerdict, Judged, PaperFile, SocketFuture};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use sha2::Sha256;

use super::body::{Packing, Row, Source};
use super::mapping::{Mapping, Verbs};
use super::words::{Given, hex};
use crate::transport::http::{HttpCall, HttpReply};

/// Statuses whose body is read: the first three answer, the others may say in the partner's own words that nothing was done.
const READ: &[u16] = &[200, 201, 202, 400, 404, 409, 422, 429, 503];
/// What we do not send: some scans of 2 MB each and a few rulings.
pub(crate) const ORDER_BYTES_MAX: usize = 8 * 1024 * 1024;

const UNENCODABLE: Judged = Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None };

/// How one kind of act is sent or asked about.
#[derive(Clone)]
pub(crate) struct Verb {
    pub(crate) method: Method,
    /// Below the address, with `{number}`, `{slip}`, `{line}` and `{kind}`.
    pub(crate) path: String,
    pub(crate) body: Vec<Row>,
    /// Where its body holds JSON as a text.
    pub(crate) packing: Option<Packing>,
    /// The direct answer says only whether it was taken.
    pub(crate) says_receipt: bool,
}

impl Verb {
    /// The path for one number; nothing personal stands in an address.
    fn path_of(&self, key: SlipLine, kind: ActKind) -> String {
        self.path
            .replace("{number}", &key.to_string())
            .replace("{slip}", &key.slip.to_string())
            .replace("{line}", &key.line.to_string())
            .replace("{kind}", kind.word())
    }
}

/// What an HMAC is made of.
pub(crate) struct Signing {
    pub(crate) key: domain::Secret<String>,
    pub(crate) header: HeaderName,
    /// In Base64 instead of hexadecimal digits.
    pub(crate) base64: bool,
    /// Over method, path with its query, time and body, each on a line of its own, instead of the body alone.
    pub(crate) whole: bool,
    /// The header that holds the time, in milliseconds since 1970.
    pub(crate) time_header: Option<HeaderName>,
}

impl Signing {
    fn headers(&self, method: &Method, url: &Url, body: &[u8], time_ms: u128) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        let time = time_ms.to_string();
        if let Some(name) = &self.time_header {
            headers.insert(name.clone(), HeaderValue::from_str(&time).ok()?);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose().as_bytes()).ok()?;
        if self.whole {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            let time = if self.time_header.is_some() { time.as_str() } else { "" };
            mac.update(format!("{method}\n{}{query}\n{time}\n", url.path()).as_bytes());
        }
        mac.update(body);
        let digest = mac.finalize().into_bytes();
        let text = if self.base64 { STANDARD.encode(digest) } else { hex(&digest) };
        headers.insert(self.header.clone(), HeaderValue::from_str(&text).ok()?);
        Some(headers)
    }
}

/// One partner's connection.
pub(crate) struct MappedCall {
    http: HttpCall,
    signing: Option<Signing>,
    /// Further headers of every message.
    headers: Vec<(HeaderName, Source)>,
    mapping: Mapping,
}

impl MappedCall {
    pub(crate) fn new(
        http: HttpCall,
        signing: Option<Signing>,
        headers: Vec<(HeaderName, Source)>,
        mapping: Mapping,
    ) -> Self {
        Self { http, signing, headers, mapping }
    }

    /// The file's own headers for one number.
    fn headers(&self, key: SlipLine, kind: ActKind) -> Option<HeaderMap> {
        let given = Given::Asked(key, kind);
        let mut headers = HeaderMap::new();
        for (name, source) in &self.headers {
            let mut value = HeaderValue::from_str(&self.mapping.tables.header(source, &given)?).ok()?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        Some(headers)
    }

    async fn exchange(&self, verb: &Verb, key: SlipLine, kind: ActKind, body: Vec<u8>) -> Result<HttpReply, Judged> {
        let path = verb.path_of(key, kind);
        let url = self.http.below(&path).ok_or(UNENCODABLE)?;
        let mut headers = self.headers(key, kind).ok_or(UNENCODABLE)?;
        if let Some(signing) = &self.signing {
            headers.extend(signing.headers(&verb.method, &url, &body, now_ms()).ok_or(UNENCODABLE)?);
        }
        self.http.exchange_at(verb.method.clone(), url, headers, body, READ).await
    }

    async fn order(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        let [line] = slip.lines.as_slice() else { return UNENCODABLE };
        let key = SlipLine { slip: slip.number, line: line.line };
        let Some(verb) = self.mapping.sends.get(&line.kind) else { return UNENCODABLE };
        let files_bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
        let body = match self.mapping.tables.body(&verb.body, verb.packing.as_ref(), &Given::Order(slip, line, files)) {
            Ok(body) if files_bytes <= ORDER_BYTES_MAX && body.len() <= ORDER_BYTES_MAX => body,
            _ => return UNENCODABLE,
        };
        match self.exchange(verb, key, line.kind, body).await {
            Ok(reply) => self.mapping.judge(Verbs::Sent, line.kind, key, verb.says_receipt, &reply),
            Err(judged) => judged,
        }
    }

    async fn question(&self, key: SlipLine, kind: ActKind) -> Judged {
        let Some(verb) = self.mapping.asks.get(&kind) else { return UNENCODABLE };
        let body = match verb.body.as_slice() {
            [] => Vec::new(),
            rows => match self.mapping.tables.body(rows, verb.packing.as_ref(), &Given::Asked(key, kind)) {
                Ok(body) => body,
                Err(_) => return UNENCODABLE,
            },
        };
        match self.exchange(verb, key, kind, body).await {
            Ok(reply) => self.mapping.judge(Verbs::Asked, kind, key, false, &reply),
            Err(judged) => judged,
        }
    }
}

/// The wall clock in milliseconds since 1970, for partners that refuse old messages.
fn now_ms() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis())
}

impl CallOut for MappedCall {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(self.order(slip, &[]))
    }

    fn ask<'a>(&'a self, key: SlipLine, kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(self.question(key, kind))
    }

    fn can_send(&self, kind: ActKind) -> bool {
        self.mapping.sends.contains_key(&kind)
    }

    fn can_ask(&self, kind: ActKind) -> bool {
        self.mapping.asks.contains_key(&kind)
    }

    fn wants_papers(&self, kind: ActKind) -> bool {
        self.mapping.sends.get(&kind).is_some_and(|verb| self.mapping.tables.carries_bytes(&verb.body))
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(self.order(slip, files))
    }

    fn read_inbound(&self, body: &[u8]) -> Result<Inbound, FaceFault> {
        self.mapping.inbound(body)
    }

    fn answer_inbound(&self, verdicts: &[ItemVerdict]) -> FaceReply {
        self.mapping.reply(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_signed_over_what_the_file_says() {
        let url = Url::parse("https://partner.example/api/x?v=1").unwrap();
        let mut signing = Signing {
            key: domain::Secret::new("Jefe".to_owned()),
            header: HeaderName::from_static("x-sign"),
            base64: false,
            whole: false,
            time_header: None,
        };
        // RFC 4231, test case 2.
        let headers = signing.headers(&Method::POST, &url, b"what do ya want for nothing?", 7).unwrap();
        assert_eq!(headers["x-sign"], "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        (signing.whole, signing.base64) = (true, true);
        signing.time_header = Some(HeaderName::from_static("x-time"));
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"POST\n/api/x?v=1\n1764000000000\n{}");
        let headers = signing.headers(&Method::POST, &url, b"{}", 1_764_000_000_000).unwrap();
        assert_eq!(headers["x-time"], "1764000000000");
        assert_eq!(headers["x-sign"], STANDARD.encode(mac.finalize().into_bytes()).as_str());
    }
}
