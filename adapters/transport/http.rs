//! HTTP call-out: one POST, once, and a judgement that never mistakes "nothing left" for "may have happened".
//!
//! Three layers below us can repeat a request; what was found in their sources (reqwest 0.13, hyper-util 0.1, hyper 1):
//!
//! * reqwest's own policy repeats protocol refusals of HTTP/2; it is off ([`reqwest::retry::never`]), and so is HTTP/2:
//!   with one exchange a connection a reset never dooms its neighbours.
//! * hyper-util repeats "cancelled" requests on *reused* connections, and reqwest gives no switch for it. It does so only
//!   when hyper hands the request itself back, and hyper does so only while the request still waits in the connection's
//!   channel: once it is taken out to be written it can only end in an error without the request. So the repeat is of a
//!   message of which no byte was written, and is harmless. `tests` hold this: a server that reads the head on a reused
//!   connection and closes sees the message once.
//! * TLS early data could be replayed by a network; it is not enabled.
//!
//! So a connection the server has closed while it was idle costs nothing when we see the close before writing, and is a
//! doubt when it crosses our bytes. To make the second rare, idle connections are dropped after a few seconds.

use std::sync::OnceLock;
use std::time::Duration;

use domain::socket::{Cause, Judged};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode, Url};

/// Shorter than the keep-alive of common servers (actix 5 s, Tomcat 20 s, nginx 75 s), so that we close first.
const IDLE_MS: u64 = 4_000;
/// More idle connections than any lane has exchanges in flight; a bound, so that a burst does not keep sockets.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// A partner that asks for more is misconfigured; the lane bounds further.
const RETRY_AFTER_MS_MAX: u64 = 24 * 3_600_000;

/// What a call needs to know.
pub(crate) struct HttpOptions {
    pub(crate) url: Url,
    pub(crate) connect_timeout_ms: u64,
    pub(crate) timeout_ms: u64,
    /// Trust these certificates and no others.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// Certificate and key that we show.
    pub(crate) client_pem: Option<Vec<u8>>,
    pub(crate) answer_bytes_max: usize,
}

/// Why a client could not be made; names the option at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClientFault {
    Ca,
    Identity,
    Build,
}

/// One partner's connection.
pub(crate) struct HttpCall {
    /// Made with the first exchange: thousands of partners are configured, and most days few of them are called.
    client: OnceLock<Option<Client>>,
    options: HttpOptions,
    headers: HeaderMap,
}

impl HttpCall {
    /// Looks at the certificates; connects to nothing, and makes the client only when it is needed.
    pub(crate) fn new(options: HttpOptions, headers: HeaderMap) -> Result<Self, ClientFault> {
        if let Some(pem) = &options.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| ClientFault::Ca)?;
            if certificates.is_empty() {
                return Err(ClientFault::Ca);
            }
        }
        // Whether an authority or a key can be used only the client itself can tell, so a file that names one is tried at once.
        let client = match options.ca_pem.is_some() || options.client_pem.is_some() {
            true => OnceLock::from(Some(Self::client(&options)?)),
            false => OnceLock::new(),
        };
        Ok(Self { client, options, headers })
    }

    fn client(options: &HttpOptions) -> Result<Client, ClientFault> {
        let mut builder = Client::builder()
            .connect_timeout(Duration::from_millis(options.connect_timeout_ms))
            .timeout(Duration::from_millis(options.timeout_ms))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_millis(IDLE_MS))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
        if let Some(pem) = &options.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| ClientFault::Ca)?;
            if certificates.is_empty() {
                return Err(ClientFault::Ca);
            }
            builder = builder.tls_certs_only(certificates);
        } else if options.url.scheme() == "http" {
            // The machine's certificate store is not asked where it is not needed: loading it fails where there is none.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = &options.client_pem {
            builder = builder.identity(reqwest::Identity::from_pem(pem).map_err(|_| ClientFault::Identity)?);
        }
        builder.build().map_err(|_| ClientFault::Build)
    }

    /// The client; without one nothing can leave.
    fn ready(&self) -> Result<&Client, Judged> {
        let made = self.client.get_or_init(|| Self::client(&self.options).ok());
        made.as_ref().ok_or(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None })
    }

    /// Posts once. The body of a 200, else the judgement.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Vec<u8>, Judged> {
        let request = self.ready()?.post(self.options.url.clone()).headers(self.headers.clone()).body(body);
        let mut response = request.send().await.map_err(|error| judge_error(&error))?;
        if response.status() != StatusCode::OK {
            return Err(judge_status(response.status(), response.headers()));
        }
        read_capped(&mut response, self.options.answer_bytes_max).await.map_err(|cause| Judged::Doubt { cause })
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
        let mut request = self.ready()?.request(method, url).headers(self.headers.clone()).headers(more);
        if !body.is_empty() {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(|error| judge_error(&error))?;
        let (status, retry_after_ms) = (response.status().as_u16(), retry_after_ms(response.headers()));
        let body = match read.contains(&status) {
            true => read_capped(&mut response, self.options.answer_bytes_max).await,
            false => Ok(Vec::new()),
        };
        Ok(HttpReply { status, retry_after_ms, body })
    }
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

/// Reads a body chunk by chunk, at most `bytes_max`.
///
/// # Errors
/// [`Cause::TooLarge`] before more than the limit is kept, [`Cause::Timeout`] or [`Cause::Broken`] when it ends early.
pub async fn read_capped(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, Cause> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(Cause::TooLarge);
    }
    let mut body = Vec::with_capacity(announced.unwrap_or(0));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => return Err(Cause::TooLarge),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(Cause::Timeout),
            Err(_) => return Err(Cause::Broken),
        }
    }
}

/// Only an error of the connecting phase proves that nothing left: name, route, refusal, TLS, and the connect timeout.
/// A timeout of the whole is a doubt even if it fell into connecting; options keep the connect timeout below it.
fn judge_error(error: &reqwest::Error) -> Judged {
    // A request that cannot be built has not been sent either; addresses and headers are checked with the options.
    if error.is_builder() || error.is_connect() {
        Judged::NotSent { cause: Cause::Connect, retry_after_ms: None }
    } else if error.is_timeout() {
        Judged::Doubt { cause: Cause::Timeout }
    } else {
        Judged::Doubt { cause: Cause::Broken }
    }
}

/// What a status other than 200 proves.
///
/// 401, 403, 404, 405, 413 and 429 are written before a message is handled; the contract with call-out partners says
/// that nothing happened then. Every other status is a doubt: 5xx and 408 because the work may have been done before the
/// answer failed; 3xx because a 303 follows a message that was handled, and the others come from boxes in between of
/// which we know nothing (and a question by our number costs little where a second deduction costs much); 2xx other than
/// 200 and 4xx not listed because no partner has agreed to them.
fn judge_status(status: StatusCode, headers: &HeaderMap) -> Judged {
    judge_by(status, retry_after_ms(headers))
}

fn judge_by(status: StatusCode, retry_after_ms: Option<u64>) -> Judged {
    let cause = match status.as_u16() {
        401 | 403 => Cause::Credential,
        429 => Cause::Throttled,
        code @ (404 | 405 | 413) => Cause::Status(code),
        code => return Judged::Doubt { cause: Cause::Status(code) },
    };
    let retry_after_ms = retry_after_ms.filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
    Judged::NotSent { cause, retry_after_ms }
}

/// `Retry-After` in milliseconds, at most a day. A date counts from the answer's own `Date`, so that neither clock needs
/// to be right, and from ours where a server sends none. In a form obsolete since 1994 the lane's own wait stands.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        let seconds: u64 = text.parse().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX));
    }
    let until = http_date_s(text)?;
    let stated = headers.get("date").and_then(|date| http_date_s(date.to_str().ok()?));
    let seconds = until.saturating_sub(stated.or_else(now_s)?).max(0);
    u64::try_from(seconds).ok().map(|seconds| seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX))
}

/// Our wall clock in seconds since 1970. Only a hint from the partner is measured by it, and the lane bounds that.
fn now_s() -> Option<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date_s(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year, clock, zone) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" || parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let instant = format!("{year}-{month:02}-{day}T{clock}Z");
    domain::day::parse_instant(&instant).map(|ms| ms / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pairs: &[(&'static str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        retry_after_ms(&headers)
    }

    #[test]
    fn a_wait_is_read_in_both_forms_and_never_absurd() {
        let date = ("date", "Sun, 22 Nov 2026 05:00:00 GMT");
        assert_eq!(waits(&[("retry-after", "7")]), Some(7_000));
        assert_eq!(waits(&[("retry-after", "0")]), Some(0));
        assert_eq!(waits(&[("retry-after", "99999999999999999999999")]), Some(RETRY_AFTER_MS_MAX));
        assert_eq!(waits(&[("retry-after", "Sun, 22 Nov 2026 05:01:30 GMT"), date]), Some(90_000));
        assert_eq!(waits(&[("retry-after", "Sun, 22 Nov 2026 04:00:00 GMT"), date]), Some(0));
        assert_eq!(waits(&[("retry-after", "Fri, 22 Nov 2126 05:00:00 GMT"), date]), Some(RETRY_AFTER_MS_MAX));
        for none in ["", "-1", "soon", "1.5", "Sun, 99 Nov 2026 05:00:00 GMT", "Sunday, 22-Nov-26 05:00:00 GMT"] {
            assert_eq!(waits(&[("retry-after", none), date]), None, "{none}");
        }
        assert_eq!(
            waits(&[("retry-after", "Sun, 22 Nov 2125 05:01:30 GMT")]),
            Some(RETRY_AFTER_MS_MAX),
            "no Date: our clock"
        );
        assert_eq!(waits(&[("retry-after", "Sun, 22 Nov 1998 05:01:30 GMT")]), Some(0));
        assert_eq!(waits(&[]), None);
    }

    #[test]
    fn a_status_proves_only_what_was_agreed() {
        let judge = |code| judge_status(StatusCode::from_u16(code).unwrap(), &HeaderMap::new());
        let unsent = |cause| Judged::NotSent { cause, retry_after_ms: None };
        assert!(judge(401) == unsent(Cause::Credential) && judge(403) == unsent(Cause::Credential));
        assert!(judge(429) == unsent(Cause::Throttled));
        for code in [404, 405, 413] {
            assert!(judge(code) == unsent(Cause::Status(code)));
        }
        for code in [201, 202, 204, 301, 302, 303, 307, 308, 400, 408, 409, 410, 422, 500, 502, 503, 504, 599] {
            assert!(judge(code) == Judged::Doubt { cause: Cause::Status(code) }, "{code}");
        }
    }
}
