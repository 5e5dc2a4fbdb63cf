//! A partner described by its file: one order or one question, once, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ActKind;
use domain::outcome::{Outcome, Reason, Verdict};
use domain::slip::{Slip, SlipLine};
use domain::socket::{
    CallOut, Cause, FaceFault, FaceReply, FeedbackItem, INBOUND_ITEMS_MAX, Inbound, ItemVerdict, Judged, PaperFile,
    SocketFuture,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use sha2::Sha256;

use super::body::{Row, Tables};
use super::json::read;
use super::place::Place;
use super::told::{State, Told};
use super::words::{Given, hex};
use crate::open::Unreadable;
use crate::transport::http::{HttpCall, HttpReply};

/// Statuses whose body is read: the first two answer, the others may say something certain of what was not done.
const READ: &[u16] = &[200, 202, 404, 422, 503];
/// What we do not send: some scans of 2 MB each and a few rulings.
pub(crate) const ORDER_BYTES_MAX: usize = 8 * 1024 * 1024;

const SCHEMA: Judged = Judged::Doubt { cause: Cause::Schema };
const UNENCODABLE: Judged = Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None };

/// How one kind of act is sent or asked about.
#[derive(Clone)]
pub(crate) struct Verb {
    pub(crate) method: Method,
    /// Below the address, with `{number}`, `{slip}`, `{line}` and `{kind}`.
    pub(crate) path: String,
    pub(crate) body: Vec<Row>,
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

/// What a partner's file says of its messages.
pub(crate) struct Mapping {
    pub(crate) tables: Tables,
    pub(crate) sends: BTreeMap<ActKind, Arc<Verb>>,
    pub(crate) asks: BTreeMap<ActKind, Arc<Verb>>,
    /// A direct answer that says only whether it was taken.
    pub(crate) receipt: Told,
    pub(crate) receipt_states: BTreeMap<String, State>,
    /// A direct answer that says what became of it.
    pub(crate) answer: Told,
    /// The answer to a question.
    pub(crate) asked: Told,
    /// What it posts, and where the list of it stands.
    pub(crate) posted: Option<(Told, Option<Place>)>,
    pub(crate) states: BTreeMap<String, State>,
    pub(crate) reasons: BTreeMap<String, Reason>,
    /// Our answers to what it posts.
    pub(crate) taken: Vec<Row>,
    pub(crate) refused: Vec<Row>,
}

/// Which of the two it was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbs {
    Sent,
    Asked,
}

impl Mapping {
    /// Judges the answer to an order or a question under `key`.
    pub(crate) fn judge(&self, verb: Verbs, kind: ActKind, key: &str, says_receipt: bool, reply: &HttpReply) -> Judged {
        let (told, states) = match (verb, says_receipt) {
            (Verbs::Asked, _) => (&self.asked, &self.states),
            (Verbs::Sent, true) => (&self.receipt, &self.receipt_states),
            (Verbs::Sent, false) => (&self.answer, &self.states),
        };
        let body = match &reply.body {
            Ok(body) => body,
            Err(cause) if matches!(reply.status, 200 | 202) => return Judged::Doubt { cause: *cause },
            Err(_) => return reply.judge(),
        };
        let said = self.said(told, states, key, says_receipt, body);
        match (reply.status, said) {
            (200 | 202, Ok((state, value))) => self.judged(verb, kind, told, state, &value, reply),
            (200 | 202, Err(_)) => SCHEMA,
            // Any box in between can answer so; only the partner can say it in its own words, of our number.
            (404, Ok((State::NotFound, _))) if verb == Verbs::Asked => Judged::NotFound,
            (422, Ok((State::Is(Verdict::HandedBack), value))) => {
                self.judged(verb, kind, told, State::Is(Verdict::HandedBack), &value, reply)
            }
            (503, Ok((State::Closed, value))) => self.judged(verb, kind, told, State::Closed, &value, reply),
            _ => reply.judge(),
        }
    }

    /// What their word means, when the message is about our number. A receipt need not name it: it stands on our own call.
    fn said(
        &self,
        told: &Told,
        states: &BTreeMap<String, State>,
        key: &str,
        is_receipt: bool,
        body: &[u8],
    ) -> Result<(State, Value), Unreadable> {
        let value = read(body)?;
        let codes = &self.tables.codes;
        let number = told.number(&value, codes)?;
        if number.as_deref().map_or(!is_receipt, |number| number != key) {
            return Err(Unreadable("about another number"));
        }
        let word = told.state(&value, codes)?.ok_or(Unreadable("no word for what became of it"))?;
        Ok((states.get(&word).copied().unwrap_or(State::Doubt), value))
    }

    fn judged(
        &self,
        verb: Verbs,
        kind: ActKind,
        told: &Told,
        state: State,
        value: &Value,
        reply: &HttpReply,
    ) -> Judged {
        let not_sent = |cause| Judged::NotSent { cause, retry_after_ms: reply.retry_after_ms };
        match state {
            State::Is(verdict) => match self.outcome(told, kind, verdict, value) {
                Ok(outcome) => Judged::Answered(Box::new(outcome)),
                Err(_) => SCHEMA,
            },
            State::Accepted => Judged::Accepted,
            State::NotFound if verb == Verbs::Asked => Judged::NotFound,
            State::Closed => not_sent(Cause::Closed),
            State::Throttled => not_sent(Cause::Throttled),
            State::NotFound | State::Doubt => SCHEMA,
        }
    }

    fn outcome(&self, told: &Told, kind: ActKind, verdict: Verdict, value: &Value) -> Result<Outcome, Unreadable> {
        if told.kind(value, &self.tables.codes)?.is_some_and(|said| said != kind) {
            return Err(Unreadable("about another kind of act"));
        }
        told.outcome(kind, verdict, value, &self.tables.codes, &self.reasons)
    }

    /// Reads what the partner posted.
    ///
    /// # Errors
    /// [`FaceFault`] when it may post nothing, or the whole is no such message; nothing of it is echoed.
    pub(crate) fn inbound(&self, body: &[u8]) -> Result<Inbound, FaceFault> {
        let Some((told, items)) = &self.posted else { return Err(FaceFault::UnknownOperation) };
        let malformed = |place: &str| FaceFault::Malformed(place.to_owned());
        let value = read(body).map_err(|fault| malformed(fault.0))?;
        let items: Vec<&Value> = match items {
            None => vec![&value],
            Some(at) => match at.find(&value) {
                Some(Value::Array(items)) => items.iter().collect(),
                _ => return Err(malformed("the list of results is not where it was agreed to be")),
            },
        };
        if items.len() > INBOUND_ITEMS_MAX {
            return Err(FaceFault::TooLarge(format!("more than {INBOUND_ITEMS_MAX} items")));
        }
        Ok(Inbound { feedback: items.into_iter().map(|item| self.item(told, item)).collect(), leads: Vec::new() })
    }

    fn item(&self, told: &Told, value: &Value) -> FeedbackItem {
        let failed =
            |fault: Unreadable| FeedbackItem { slip: String::new(), line: None, outcome: Err(fault.0.to_owned()) };
        let number = match told.number(value, &self.tables.codes) {
            Ok(number) => number.unwrap_or_default(),
            Err(fault) => return failed(fault),
        };
        let (slip, line) = match SlipLine::parse(&number) {
            Some(key) => (key.slip.to_string(), Some(key.line)),
            None => (number, None),
        };
        let outcome = self.posted_outcome(told, value).map_err(|fault| fault.0.to_owned());
        FeedbackItem { slip, line, outcome }
    }

    fn posted_outcome(&self, told: &Told, value: &Value) -> Result<Outcome, Unreadable> {
        let only = self.sends.keys().next().filter(|_| self.sends.len() == 1).copied();
        let kind = told.kind(value, &self.tables.codes)?.or(only).ok_or(Unreadable("no kind of act"))?;
        let word = told.state(value, &self.tables.codes)?.ok_or(Unreadable("no word for what became of it"))?;
        match self.states.get(&word) {
            Some(State::Is(verdict)) => told.outcome(kind, *verdict, value, &self.tables.codes, &self.reasons),
            _ => Err(Unreadable("a word that says nothing certain; it is asked about instead")),
        }
    }

    /// Our answer to what was posted.
    pub(crate) fn reply(&self, verdicts: &[ItemVerdict]) -> FaceReply {
        let refused: Vec<(&str, &str)> = verdicts
            .iter()
            .filter_map(|item| item.taken.as_ref().err().map(|why| (item.slip.as_str(), why.as_str())))
            .collect();
        let (rows, (slip, reason)) = match refused.first() {
            None => (&self.taken, ("", "")),
            Some(first) => (&self.refused, *first),
        };
        let given = Given::Verdicts(verdicts.len(), refused.len(), slip, reason);
        // The rows were tried when the file was read, so there is nothing left that could not be written.
        let bytes = self.tables.body(rows, &given, &[]).unwrap_or_default();
        FaceReply { status: 200, content_type: "application/json", bytes }
    }
}

/// One partner's connection.
pub(crate) struct MappedCall {
    http: HttpCall,
    signing: Option<Signing>,
    mapping: Mapping,
}

impl MappedCall {
    pub(crate) fn new(http: HttpCall, signing: Option<Signing>, mapping: Mapping) -> Self {
        Self { http, signing, mapping }
    }

    async fn exchange(&self, verb: &Verb, key: SlipLine, kind: ActKind, body: Vec<u8>) -> Result<HttpReply, Judged> {
        let path = verb.path_of(key, kind);
        let url = self.http.below(&path).ok_or(UNENCODABLE)?;
        let headers = match &self.signing {
            Some(signing) => signing.headers(&verb.method, &url, &body, now_ms()).ok_or(UNENCODABLE)?,
            None => HeaderMap::new(),
        };
        self.http.exchange_at(verb.method.clone(), url, headers, body, READ).await
    }

    async fn order(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        let [line] = slip.lines.as_slice() else { return UNENCODABLE };
        let key = SlipLine { slip: slip.number, line: line.line };
        let Some(verb) = self.mapping.sends.get(&line.kind) else { return UNENCODABLE };
        let files_bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
        let body = match self.mapping.tables.body(&verb.body, &Given::Order(slip, line), files) {
            Ok(body) if files_bytes <= ORDER_BYTES_MAX && body.len() <= ORDER_BYTES_MAX => body,
            _ => return UNENCODABLE,
        };
        match self.exchange(verb, key, line.kind, body).await {
            Ok(reply) => self.mapping.judge(Verbs::Sent, line.kind, &key.to_string(), verb.says_receipt, &reply),
            Err(judged) => judged,
        }
    }

    async fn question(&self, key: SlipLine, kind: ActKind) -> Judged {
        let Some(verb) = self.mapping.asks.get(&kind) else { return UNENCODABLE };
        let body = match verb.body.as_slice() {
            [] => Vec::new(),
            rows => match self.mapping.tables.body(rows, &Given::Asked(key, kind), &[]) {
                Ok(body) => body,
                Err(_) => return UNENCODABLE,
            },
        };
        match self.exchange(verb, key, kind, body).await {
            Ok(reply) => self.mapping.judge(Verbs::Asked, kind, &key.to_string(), false, &reply),
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

    fn wants_papers(&self, _kind: ActKind) -> bool {
        self.mapping.tables.carries_bytes()
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
