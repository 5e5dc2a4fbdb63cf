//! A partner's client: its connections, and one exchange over one of them, within its times.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use domain::socket::Cause;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::address::Guard;
use super::connect::{Connector, PartnerCertificate, Proxy};
use super::http::{Capped, HttpOptions};
use super::judge::ran_out;
use super::trust::{ClientFault, client_config, nobody};

/// Shorter than the keep-alive of common servers (actix 5 s, Tomcat 20 s, nginx 75 s), so that we close first.
const IDLE_MS: u64 = 4_000;
/// As many idle connections as a busy lane has exchanges in flight: one more is closed after its call, and the next call waits for a
/// new one with its handshake. `IDLE_MS` takes care that a burst does not keep sockets.
const IDLE_CONNECTIONS_MAX: usize = 256;
/// Heads of an answer over HTTP/2, in bytes; hyper bounds those of HTTP/1.1 at 400 KiB and 100 lines.
const HEADERS_BYTES_MAX: u32 = 64 * 1024;

/// Why no head of an answer came.
#[derive(Debug)]
pub(super) enum CallError {
    /// The exchange, or a silence within it, took too long.
    TimedOut,
    /// What it met on its way.
    Failed(legacy::Error),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::TimedOut => {
                "call the partner: no answer within `timeouts.total_ms` or `read_idle_ms`; ask the partner"
            }
            Self::Failed(_) => "call the partner: the exchange ended before an answer; look at the way there",
        })
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::TimedOut => None,
            Self::Failed(error) => Some(error),
        }
    }
}

/// The address as a request names it; `None` when it cannot stand in one.
pub(super) fn uri_of(url: &Url) -> Option<Uri> {
    url.as_str().parse().ok()
}

/// The proxy as connections ask it: in the clear, for a tunnel in which TLS is spoken with the partner.
///
/// # Errors
/// [`ClientFault::Proxy`].
pub(super) fn proxy_of(options: &HttpOptions) -> Result<Option<Proxy>, ClientFault> {
    use base64::Engine as _;
    let Some(tunnel) = &options.proxy else { return Ok(None) };
    if tunnel.url.scheme() != "http" || options.url.scheme() != "https" {
        return Err(ClientFault::Proxy);
    }
    let at = uri_of(&tunnel.url).ok_or(ClientFault::Proxy)?;
    let basic = |(user, password): &(String, domain::Secret<String>)| {
        let both = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.expose()));
        HeaderValue::from_str(&format!("Basic {both}")).map_err(|_| ClientFault::Proxy)
    };
    Ok(Some(Proxy { at, credential: tunnel.credential.as_ref().map(basic).transpose()? }))
}

/// Connections to one partner, and the times of an exchange.
#[derive(Clone)]
pub(super) struct Client {
    connections: Arc<legacy::Client<Connector, Full<Bytes>>>,
    within: Duration,
    silence_max: Duration,
}

impl Client {
    /// Reads certificates and makes no connection.
    ///
    /// # Errors
    /// [`ClientFault`].
    pub(super) fn new(options: &HttpOptions, guard: &Arc<Guard>) -> Result<Self, ClientFault> {
        // No authority is asked where none is needed: loading them fails where there are none.
        let is_secure = options.url.scheme() == "https";
        let tls = if is_secure { client_config(&options.trust)? } else { nobody()? };
        let proxy = proxy_of(options)?;
        let within = Duration::from_millis(options.connect_timeout_ms);
        let connector = Connector::new(Arc::clone(guard), proxy, (tls, is_secure), within);
        let connections = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(IDLE_MS))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .http2_max_header_list_size(HEADERS_BYTES_MAX)
            .build(connector);
        Ok(Self {
            connections: Arc::new(connections),
            within: Duration::from_millis(options.timeout_ms),
            silence_max: Duration::from_millis(options.read_idle_ms),
        })
    }

    /// Sends once.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn call(&self, request: Request<Full<Bytes>>) -> Result<Answer, CallError> {
        let until = Instant::now() + self.within;
        let silent_until = until.min(Instant::now() + self.silence_max);
        match timeout_at(silent_until, self.connections.request(request)).await {
            Ok(Ok(response)) => Ok(Answer { response, until, silence_max: self.silence_max }),
            Ok(Err(error)) => Err(CallError::Failed(error)),
            Err(_) => Err(CallError::TimedOut),
        }
    }
}

/// The head of an answer, with its body still to be read.
pub(super) struct Answer {
    response: Response<Incoming>,
    until: Instant,
    silence_max: Duration,
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The partner's own certificate; `None` where there is no TLS.
    pub(super) fn certificate(&self) -> Option<&PartnerCertificate> {
        self.response.extensions().get()
    }

    /// The body, at most `bytes_max`.
    ///
    /// # Errors
    /// [`Cause::TooLarge`] before more than the limit is kept, [`Cause::Timeout`] or [`Cause::Broken`] when it ends early.
    pub(super) async fn body(&mut self, bytes_max: usize) -> Result<Vec<u8>, Cause> {
        let incoming = self.response.body_mut();
        let mut body = Capped::begin(incoming.size_hint().exact(), bytes_max)?;
        loop {
            let silent_until = self.until.min(Instant::now() + self.silence_max);
            let frame = timeout_at(silent_until, incoming.frame()).await.map_err(|_| Cause::Timeout)?;
            let Some(frame) = frame else { return Ok(body.whole()) };
            let frame = frame.map_err(|error| if ran_out(&error) { Cause::Timeout } else { Cause::Broken })?;
            // Trailers say nothing that anybody has agreed on.
            if let Ok(piece) = frame.into_data() {
                body.take(&piece)?;
            }
        }
    }
}
