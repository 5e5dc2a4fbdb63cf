//! The courier: one signed POST to a court's system, to an address that the court's file allows, and a verdict.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapters::transport::{Networks, read_capped};
use domain::Millis;
use engine::courier::{Carried, Courier, Parcel, Reminding};
use engine::view::RequestView;
use parking_lot::RwLock;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, StatusCode, Url};

/// Bytes of an answer that are read, so that its connection can be used again; what is longer is cut off. Nothing in it counts.
const ANSWER_BYTES_MAX: usize = 16 * 1_024;
/// Idle connections to one court's system; as many as have been seen under way at once.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// Shorter than the keep-alive of common servers, so that we close first.
const IDLE: Duration = Duration::from_secs(4);
/// Seconds of `Retry-After` that are read; the engine bounds further.
const RETRY_AFTER_S_MAX: u64 = 7 * 24 * 3_600;

/// How to reach one court's system.
pub struct RouteOptions {
    /// Networks near us that are allowed beside public addresses.
    pub networks: Networks,
    /// Trust these authorities and no others; `None` = the machine's.
    pub authorities: Option<Vec<u8>>,
    /// The court lists an `https` origin.
    pub is_tls: bool,
    /// Connecting takes at most so long.
    pub connect_ms: u64,
    /// All of it takes at most so long.
    pub total_ms: u64,
}

/// The way to one court's system. Its client is made when it is first needed: the machine's authorities take a while to read.
pub struct Route {
    options: RouteOptions,
    networks: Arc<Networks>,
    client: OnceLock<Option<Client>>,
}

/// The ways to the courts' systems, by court code.
pub type Routes = BTreeMap<String, Arc<Route>>;

/// The authorities are no PEM certificates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoCertificates;

/// A name that leads only to addresses that are not allowed.
#[derive(Debug, thiserror::Error)]
#[error("resolving the name of a court's system: no address of it is allowed; list its network in the court's file")]
struct AddressRefused;

/// Gives the addresses of a name that are allowed; whatever is connected to has passed here.
struct Guard(Arc<Networks>);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| networks.allow(address.ip())).collect();
            if allowed.is_empty() {
                return Err(AddressRefused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

impl Route {
    /// Lays the way; connects to nothing.
    ///
    /// # Errors
    /// [`NoCertificates`].
    pub fn new(options: RouteOptions) -> Result<Self, NoCertificates> {
        certificates(options.authorities.as_deref())?;
        let networks = Arc::new(options.networks.clone());
        Ok(Self { options, networks, client: OnceLock::new() })
    }

    fn client(&self) -> Option<&Client> {
        let made = self.client.get_or_init(|| {
            let made = self.make_client();
            if made.is_none() {
                tracing::error!("no delivery can be made: this machine has no certificates of authorities; name a file in delivery.authorities");
            }
            made
        });
        made.as_ref()
    }

    fn make_client(&self) -> Option<Client> {
        let options = &self.options;
        let mut builder = Client::builder()
            .connect_timeout(Duration::from_millis(options.connect_ms))
            .timeout(Duration::from_millis(options.total_ms))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .user_agent(concat!("xiezhi/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guard(Arc::clone(&self.networks))))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
        if options.authorities.is_some() || !options.is_tls {
            builder = builder.tls_certs_only(certificates(options.authorities.as_deref()).ok()?);
        }
        builder.build().ok()
    }

    async fn post(&self, parcel: &Parcel) -> Carried {
        let Ok(url) = Url::parse(parcel.url.expose()) else { return Carried::failed("address") };
        // An address in the place of a name is asked of no resolver.
        let literal = url.host_str().map(|host| host.trim_matches(['[', ']'])).and_then(|host| host.parse().ok());
        if literal.is_some_and(|address: IpAddr| !self.networks.allow(address)) {
            return Carried::failed("address");
        }
        let Some(client) = self.client() else { return Carried::failed("connect") };
        let call = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &parcel.id)
            .header("webhook-timestamp", parcel.sent_at_s)
            .header("webhook-signature", &parcel.signatures)
            .body(parcel.body.expose().clone());
        let mut response = match call.send().await {
            Ok(response) => response,
            Err(error) => return Carried::failed(cause_of(&error)),
        };
        if !response.remote_addr().is_some_and(|address| self.networks.allow(address.ip())) {
            return Carried::failed("address");
        }
        let judged = judge(response.status(), response.headers());
        let _rest = read_capped(&mut response, ANSWER_BYTES_MAX).await;
        judged
    }
}

/// The certificates of a PEM file; none for no file.
fn certificates(pem: Option<&[u8]>) -> Result<Vec<reqwest::Certificate>, NoCertificates> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let found = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| NoCertificates)?;
    if found.is_empty() { Err(NoCertificates) } else { Ok(found) }
}

fn cause_of(error: &reqwest::Error) -> &'static str {
    let mut inner = error.source();
    while let Some(source) = inner {
        if source.is::<AddressRefused>() {
            return "address";
        }
        inner = source.source();
    }
    match error {
        _ if error.is_timeout() => "timeout",
        _ if error.is_connect() || error.is_builder() => "connect",
        _ => "broken",
    }
}

/// Only a status of 2xx says that it was received; 410 says that nothing more is wanted; where it was moved to is never followed.
fn judge(status: StatusCode, headers: &reqwest::header::HeaderMap) -> Carried {
    if status.is_success() {
        return Carried::Acknowledged;
    }
    if status.is_redirection() {
        return Carried::failed("redirected");
    }
    if status == StatusCode::GONE {
        return Carried::failed("gone");
    }
    let asks = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let after = headers.get("retry-after").filter(|_| asks).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after_ms = after.map(|seconds: u64| seconds.min(RETRY_AFTER_S_MAX) * 1_000);
    Carried::Failed { cause: format!("status_{}", status.as_u16()), retry_after_ms }
}

/// The courier of a gateway: the courts' ways, exchanged with the configuration.
#[derive(Default)]
pub struct CourtCourier(RwLock<Routes>);

impl CourtCourier {
    /// Over these ways.
    pub fn new(routes: Routes) -> Self {
        Self(RwLock::new(routes))
    }

    /// Exchanges the ways; what is under way ends on the old ones.
    pub fn replace(&self, routes: Routes) {
        *self.0.write() = routes;
    }

    /// Is there a way to this court's system?
    #[cfg(test)]
    pub fn reaches(&self, court: &str) -> bool {
        self.0.read().contains_key(court)
    }
}

impl Courier for CourtCourier {
    fn write(&self, view: &RequestView, previous: u64, at: Millis) -> Vec<u8> {
        web::announce(view, previous, at)
    }

    fn remind(&self, reminding: &Reminding, link: &str) -> Vec<u8> {
        web::remind(reminding, link)
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Pin<Box<dyn Future<Output = Carried> + Send + 'a>> {
        let route = self.0.read().get(&parcel.route).cloned();
        Box::pin(async move {
            match route {
                Some(route) => route.post(parcel).await,
                None => Carried::failed("origin"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderMap, HeaderValue};

    #[test]
    fn only_a_success_is_an_acknowledgement() {
        let of = |code, headers: &HeaderMap| judge(StatusCode::from_u16(code).unwrap(), headers);
        let mut headers = HeaderMap::new();
        for code in [200, 201, 202, 204] {
            assert_eq!(of(code, &headers), Carried::Acknowledged);
        }
        for code in [301, 302, 303, 307, 308] {
            assert_eq!(of(code, &headers), Carried::failed("redirected"));
        }
        assert_eq!(of(410, &headers), Carried::failed("gone"));
        headers.insert("retry-after", HeaderValue::from_static("7"));
        let failed = |cause: &str, retry_after_ms| Carried::Failed { cause: cause.to_owned(), retry_after_ms };
        assert_eq!(of(503, &headers), failed("status_503", Some(7_000)));
        assert_eq!(of(500, &headers), failed("status_500", None));
        headers.insert("retry-after", HeaderValue::from_static("Fri, 01 Jan 2100 00:00:00 GMT"));
        assert_eq!(of(429, &headers), failed("status_429", None));
    }
}
