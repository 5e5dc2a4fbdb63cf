//! HTTP call-out: one exchange, once, and a judgement that never mistakes "nothing left" for "may have happened".
//!
//! It is hyper's client without a layer over it that would follow redirects, keep cookies, ask the environment for proxies or repeat
//! what HTTP/2 refuses (REFUSED_STREAM, a farewell without a reason): that ends as "not sent" in `judge.rs`, and the lane decides. Two
//! things below us could still repeat a request; what was found in their sources (hyper-util 0.1, hyper 1, h2 0.4):
//!
//! * hyper-util repeats "cancelled" requests on *reused* connections. It does so only
//!   when hyper hands the request itself back, and hyper does so only while the request still waits in the connection's
//!   channel: once it is taken out to be written, by HTTP/1.1 or as a stream of HTTP/2, it can only end in an error without
//!   the request. So the repeat is of a message of which no byte was written, and is harmless. Tests hold this: a server
//!   that reads the head on a reused connection and closes, or resets the stream, sees the message once.
//! * TLS early data could be replayed by a network; it is not enabled.
//!
//! HTTP/2 is the partner's option: with one exchange a connection a reset never dooms its neighbours, with streams the end
//! of a connection puts all of them in doubt that the partner's farewell did not name. What HTTP/2 proves, `judge.rs` says.
//!
//! So a connection the server has closed while it was idle costs nothing when we see the close before writing, and is a
//! doubt when it crosses our bytes. To make the second rare, idle connections are dropped after a few seconds.
//!
//! The way is never taken from the environment: a proxy is one that the file names, and it is asked for a tunnel (CONNECT),
//! so that the partner's certificate is verified end to end. Redirects are not followed. Where a connection may lead at all,
//! `address.rs` says. Compression is not offered, and a compressed answer is a doubt: no bomb, and no bytes that differ
//! from what the partner's own log shows.

use std::sync::Arc;

use domain::Secret;
use domain::socket::{Cause, Judged};
use http_body_util::Full;
use hyper::{Request, Uri};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};

use super::address::{Guard, Networks};
use super::charset::{Charset, declared, marked};
use super::client::{Answer, CallError, Client, proxy_of, uri_of};
use super::clients::{CLIENTS, Place};
use super::judge::{judge_by, judge_error, judge_status, retry_after_ms};
use super::trust::{ClientFault, Trust, client_config, machine_roots};

/// What a call needs to know.
pub(crate) struct HttpOptions {
    pub(crate) url: Url,
    /// To be connected: name, TCP, tunnel and TLS together.
    pub(crate) connect_timeout_ms: u64,
    /// Longest silence, before the answer or within it.
    pub(crate) read_idle_ms: u64,
    /// The whole exchange.
    pub(crate) timeout_ms: u64,
    pub(crate) trust: Trust,
    pub(crate) proxy: Option<Tunnel>,
    pub(crate) networks: Networks,
    pub(crate) answer_bytes_max: usize,
}

/// A proxy that makes a tunnel to the partner.
pub(crate) struct Tunnel {
    pub(crate) url: Url,
    /// User and password.
    pub(crate) credential: Option<(String, Secret<String>)>,
}

/// One partner's connection.
pub(crate) struct HttpCall {
    /// Thousands of partners are configured, and most days few of them are called.
    client: Arc<Place>,
    options: HttpOptions,
    guard: Arc<Guard>,
    /// The address as a request names it.
    uri: Uri,
    headers: HeaderMap,
}

impl HttpCall {
    /// Looks at the certificates; connects to nothing, and makes the client only when it is needed.
    pub(crate) fn new(options: HttpOptions, headers: HeaderMap) -> Result<Self, ClientFault> {
        let hosts = [Some(&options.url), options.proxy.as_ref().map(|proxy| &proxy.url)];
        let names = hosts.into_iter().flatten().filter_map(|url| url.host_str().map(str::to_owned)).collect();
        let guard = Guard::new(names, options.networks.clone());
        Self::guarded(options, headers, guard)
    }

    /// The same with a guard given, so that a test can say where names lead.
    pub(super) fn guarded(options: HttpOptions, mut headers: HeaderMap, guard: Guard) -> Result<Self, ClientFault> {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let guard = Arc::new(guard);
        // Whether certificates, keys or a proxy can be used is tried at once, so that a fault is told at the start; what was made for
        // it is let go again, and no client is made: thousands of them would take seconds and weigh more than all else.
        if options.url.scheme() == "https" {
            match options.trust.is_particular() {
                true => drop(client_config(&options.trust)?),
                false => drop(machine_roots().ok_or(ClientFault::Roots)?),
            }
        }
        proxy_of(&options)?;
        let uri = uri_of(&options.url).ok_or(ClientFault::Build)?;
        Ok(Self { client: Arc::default(), options, guard, uri, headers })
    }

    /// One GET of the bare address on the way that messages go, without a credential, for a trial; `None` when there is no way to
    /// begin it.
    pub(super) async fn knock(&self) -> Result<Answer, Option<CallError>> {
        let client = Client::new(&self.options, &self.guard).map_err(|_| None)?;
        let mut request = Request::new(Full::default());
        request.uri_mut().clone_from(&self.uri);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("*/*"));
        client.call(request).await.map_err(Some)
    }

    /// The client; without one nothing can leave.
    fn ready(&self) -> Result<Client, Judged> {
        let made = CLIENTS.of(&self.client, || Client::new(&self.options, &self.guard).ok());
        made.ok_or(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None })
    }

    /// Posts once. The body of a 200, else the judgement.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Vec<u8>, Judged> {
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.uri);
        request.headers_mut().clone_from(&self.headers);
        let mut answer = self.ready()?.call(request).await.map_err(|error| judge_error(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(judge_status(answer.status(), answer.headers()));
        }
        self.read(&mut answer).await.map_err(|cause| Judged::Doubt { cause })
    }

    /// Calls `path` below the address once, and reads the body of the statuses in `read`.
    ///
    /// # Errors
    /// The judgement when no status came.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &[&str],
        body: Vec<u8>,
        read: &[u16],
    ) -> Result<HttpReply, Judged> {
        let mut url = self.options.url.clone();
        // Only addresses that cannot have a path have no segments, and those are refused with the options.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.exchange_at(method, url, HeaderMap::new(), body, read).await
    }

    /// The address below ours: `path` with its query, as a partner's file writes it; `None` when it is none.
    pub(crate) fn below(&self, path: &str) -> Option<Url> {
        Url::parse(&format!("{}{path}", self.options.url.as_str().trim_end_matches('/'))).ok()
    }

    /// As [`HttpCall::exchange`], at an address and with further headers.
    ///
    /// # Errors
    /// The judgement when no status came.
    pub(crate) async fn exchange_at(
        &self,
        method: Method,
        url: Url,
        more: HeaderMap,
        body: Vec<u8>,
        read: &[u16],
    ) -> Result<HttpReply, Judged> {
        // An address that cannot be named leads nowhere.
        let unsent = Judged::NotSent { cause: Cause::Connect, retry_after_ms: None };
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri_of(&url).ok_or(unsent)?;
        request.headers_mut().clone_from(&self.headers);
        // A name that comes again stands for the one before.
        for name in more.keys() {
            request.headers_mut().remove(name);
        }
        request.headers_mut().extend(more);
        let mut answer = self.ready()?.call(request).await.map_err(|error| judge_error(&error))?;
        let (status, retry_after_ms) = (answer.status().as_u16(), retry_after_ms(answer.headers()));
        let body = match read.contains(&status) {
            true => self.read(&mut answer).await,
            false => Ok(Vec::new()),
        };
        Ok(HttpReply { status, retry_after_ms, body })
    }

    /// A body as it was meant: not compressed, within the cap, in UTF-8 or saying itself what it is in.
    async fn read(&self, answer: &mut Answer) -> Result<Vec<u8>, Cause> {
        let codings = answer.headers().get_all(CONTENT_ENCODING);
        if codings.iter().any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")) {
            return Err(Cause::Schema);
        }
        let body = answer.body(self.options.answer_bytes_max).await?;
        match stated_charset(answer.headers()) {
            None | Some(Charset::Utf8) => Ok(body),
            Some(_) if marked(&body) || declared(&body).is_some() => Ok(body),
            Some(charset) => match charset.decode(&body) {
                Ok(text) => Ok(text.into_owned().into_bytes()),
                Err(_) => Err(Cause::Schema),
            },
        }
    }
}

/// The charset of `Content-Type`. It is asked only about a body that does not say it itself, because programs write the
/// declaration and their containers the header, `ISO-8859-1` where nobody told them; such a word counts as none.
pub(crate) fn stated_charset(headers: &HeaderMap) -> Option<Charset> {
    let parameters = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').skip(1);
    let named = parameters.filter_map(|parameter| parameter.split_once('='));
    let mut charsets = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    charsets.next().and_then(|(_, word)| Charset::parse(word.trim().trim_matches('"')))
}

/// An answer whose status alone does not say what happened.
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    /// `Retry-After`, where it can be read.
    pub(crate) retry_after_ms: Option<u64>,
    /// The body of a status that the caller reads, empty for others; the cause when it did not come whole.
    pub(crate) body: Result<Vec<u8>, Cause>,
}

impl HttpReply {
    /// What the status proves by itself; a 200 or 202 proves nothing.
    pub(crate) fn judge(&self) -> Judged {
        match StatusCode::from_u16(self.status) {
            Ok(status) => judge_by(status, self.retry_after_ms),
            Err(_) => Judged::Doubt { cause: Cause::Status(self.status) },
        }
    }
}

/// A header that holds a secret; `None` when the text cannot stand in a header.
pub(crate) fn secret_header(headers: &mut HeaderMap, name: &'static str, text: &str) -> Option<()> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Some(())
}

/// A body as it comes, of which no more is kept than the limit.
pub(super) struct Capped {
    body: Vec<u8>,
    bytes_max: usize,
}

impl Capped {
    /// Begins one whose length may be announced.
    pub(super) fn begin(announced: Option<u64>, bytes_max: usize) -> Result<Self, Cause> {
        let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > bytes_max {
            return Err(Cause::TooLarge);
        }
        Ok(Self { body: Vec::with_capacity(announced), bytes_max })
    }

    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), Cause> {
        if self.body.len() + piece.len() > self.bytes_max {
            return Err(Cause::TooLarge);
        }
        self.body.extend_from_slice(piece);
        Ok(())
    }

    pub(super) fn whole(self) -> Vec<u8> {
        self.body
    }
}

/// Reads the body of a reqwest answer, as those have who call no partner, at most `bytes_max`.
///
/// # Errors
/// [`Cause::TooLarge`] before more than the limit is kept, [`Cause::Timeout`] or [`Cause::Broken`] when it ends early.
pub async fn read_capped(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, Cause> {
    let mut body = Capped::begin(response.content_length(), bytes_max)?;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.take(&chunk)?,
            Ok(None) => return Ok(body.whole()),
            Err(error) if error.is_timeout() => return Err(Cause::Timeout),
            Err(_) => return Err(Cause::Broken),
        }
    }
}
