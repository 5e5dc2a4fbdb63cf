//! The options that every partner we call over HTTP has: where, how much is read, whom to trust, what to show.

use std::net::IpAddr;

use domain::Secret;
use domain::socket::{OptionFault, PartnerOptions};
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::address::{NETWORKS_FORM, Networks, Reach, reach};
use super::client::uri_of;
use super::http::{HttpCall, HttpOptions, Tunnel};
use super::trust::{ClientFault, Trust, pins};
use crate::options::Reading;

/// Larger than any chain of certificates; a bound on what a wrong path can make us read.
const PEM_BYTES_MAX: u64 = 256 * 1024;

/// An option and what it says.
pub(crate) type Row = (&'static str, &'static str);

/// The options of the connection itself, the same for every partner that we call; an adapter puts its own before them.
pub(crate) const OPTIONS: &[Row; 10] = &[
    ("ca_file", "PEM file of the only authorities trusted for this partner (default: the machine's)"),
    ("client_pem_file", "PEM file with our certificate and its key, when the partner asks for one"),
    (
        "issuer_pins",
        "comma list of SHA-256, in hexadecimal, of public keys (SPKI): the partner's own key or that of an authority on its verified path must be among them (default: any path)",
    ),
    ("http2", "true when HTTP/2 is offered to the partner beside HTTP/1.1; only with https:// (default false)"),
    (
        "proxy",
        "http://host:port of the proxy that makes a tunnel to the partner; only with https:// (default none; the environment is not asked)",
    ),
    ("proxy_user", "user at the proxy"),
    ("proxy_password", "password at the proxy; a secret"),
    (
        "networks",
        "comma list of networks near us, such as 10.33.0.0/16, where the names of the partner and the proxy may lead (default none: public addresses only)",
    ),
    (
        "read_idle_ms",
        "longest silence before or within an answer, in milliseconds, above timeouts.connect_ms (default timeouts.total_ms)",
    ),
    (
        "answer_bytes_max",
        "largest answer read, in bytes, 1024 to 16777216 (default 1 MiB or 2 MiB, as the adapter's form needs)",
    ),
];

/// An adapter's own options, and behind them those of the connection.
pub(crate) const fn with_connection<const N: usize>(own: &[Row]) -> [Row; N] {
    crate::options::joined(own, OPTIONS)
}

/// The address; `example` stands in the fault when it is missing.
pub(crate) fn url(reading: &mut Reading<'_>, example: &str) -> Option<Url> {
    let text = reading.required("url", &format!("where messages are posted, such as {example}"));
    if text.is_empty() {
        return None;
    }
    let is_called = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host() && uri_of(url).is_some();
    let url = Url::parse(text).ok().filter(is_called);
    let Some(url) = url else {
        reading.fault("url", "is no http:// or https:// address");
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        reading.fault("url", "holds a user or password; use the option `token`");
    } else if literal(&url).is_some_and(|address| reach(address) == Reach::Never) {
        reading.fault("url", "is an address that no partner has (link-local, multicast, unspecified or a cloud's own)");
    } else if url.scheme() == "http" && CERTIFICATES.iter().any(|key| reading.text(key).is_some()) {
        reading.fault("url", "certificates are given but the address is http://; write https://");
    } else if url.scheme() == "http" && ["proxy", "http2"].iter().any(|key| reading.text(key).is_some_and(is_on)) {
        reading.fault("url", "is http://, where there is no tunnel through a proxy and no HTTP/2; write https://");
    }
    Some(url)
}

/// Options that speak of certificates.
const CERTIFICATES: [&str; 3] = ["ca_file", "client_pem_file", "issuer_pins"];

fn is_on(text: &str) -> bool {
    text != "false"
}

/// An address in the place of a name, which no resolver is asked about.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// The largest answer read, in bytes.
pub(crate) fn answer_bytes_max(reading: &mut Reading<'_>, otherwise: usize) -> usize {
    reading.read("answer_bytes_max", otherwise, "a number from 1024 to 16777216", |text| {
        text.parse().ok().filter(|bytes| (1_024..=16_777_216).contains(bytes))
    })
}

/// Reads the certificates, looks at the time-outs, and makes the client when nothing is wrong so far.
///
/// # Errors
/// All faults of the options, those found earlier included.
pub(crate) fn connect(
    mut reading: Reading<'_>,
    options: &PartnerOptions,
    url: Option<Url>,
    headers: HeaderMap,
    answer_bytes_max: usize,
) -> Result<HttpCall, Vec<OptionFault>> {
    let trust = Trust {
        ca_pem: reading.file("ca_file", PEM_BYTES_MAX),
        client_pem: reading.file("client_pem_file", PEM_BYTES_MAX),
        issuer_pins: reading.read(
            "issuer_pins",
            Vec::new(),
            "64 hexadecimal digits for each key, at most 8 of them",
            pins,
        ),
        http2: reading.read("http2", false, "true or false", |text| text.parse().ok()),
    };
    let networks = reading.read("networks", Networks::default(), NETWORKS_FORM, Networks::parse);
    let proxy = proxy(&mut reading);
    timeouts(&mut reading, options);
    let read_idle_ms = read_idle_ms(&mut reading, options);
    let Some(url) = url.filter(|_| reading.faults.is_empty()) else { return Err(reading.faults) };
    let (connect_timeout_ms, timeout_ms) = (options.connect_timeout_ms, options.timeout_ms);
    let made = HttpCall::new(
        HttpOptions { url, connect_timeout_ms, read_idle_ms, timeout_ms, trust, proxy, networks, answer_bytes_max },
        headers,
    );
    made.map_err(|fault| {
        let (key, message) = match fault {
            ClientFault::Ca => {
                ("ca_file", "holds no PEM certificate, or one that is none; name a file with at least one")
            }
            ClientFault::Roots => (
                "ca_file",
                "is missing, and this machine has no authorities of its own; name the partner's authority file",
            ),
            ClientFault::Identity => {
                ("client_pem_file", "holds no PEM certificate with the key that belongs to it; put both into the file")
            }
            ClientFault::Proxy => ("proxy", "cannot be used; write http://host:port"),
            ClientFault::Build => (
                "ca_file",
                "no connection can be made with this trust and certificate; name the partner's authority file",
            ),
        };
        reading.fault(key, message);
        reading.faults
    })
}

/// The proxy, with its credential.
fn proxy(reading: &mut Reading<'_>) -> Option<Tunnel> {
    let url = reading.read("proxy", None, "http://host:port, with user and password in options of their own", |text| {
        proxy_url(text).map(Some)
    });
    let credential = match (reading.text("proxy_user"), reading.text("proxy_password")) {
        (Some(user), Some(password)) => Some((user.to_owned(), Secret::new(password.to_owned()))),
        (Some(_), None) => {
            reading.fault("proxy_user", "stands without `proxy_password`; write both or none");
            None
        }
        (None, Some(_)) => {
            reading.fault("proxy_password", "stands without `proxy_user`; write both or none");
            None
        }
        (None, None) => None,
    };
    if url.is_none() && credential.is_some() && reading.text("proxy").is_none() {
        reading.fault("proxy_user", "stands without `proxy`; write the proxy's address or leave it out");
    }
    url.map(|url| Tunnel { url, credential })
}

/// Only in the clear: the certificate that matters is the partner's, inside the tunnel.
fn proxy_url(text: &str) -> Option<Url> {
    let bare = |url: &Url| {
        url.scheme() == "http"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let is_somewhere = |url: &Url| literal(url).is_none_or(|address| reach(address) != Reach::Never);
    Url::parse(text).ok().filter(bare).filter(is_somewhere)
}

/// Above the connect timeout, or a slow connection would be taken for a silent partner, and "nothing left" for a doubt.
fn read_idle_ms(reading: &mut Reading<'_>, options: &PartnerOptions) -> u64 {
    reading.read(
        "read_idle_ms",
        options.timeout_ms,
        "milliseconds above timeouts.connect_ms and at most timeouts.total_ms",
        |text| text.parse().ok().filter(|ms| (options.connect_timeout_ms + 1..=options.timeout_ms).contains(ms)),
    )
}

/// The timeouts stand outside `[options]`, so their faults have no line here.
fn timeouts(reading: &mut Reading<'_>, options: &PartnerOptions) {
    // Above the whole timeout, a connection that cannot be made would be taken for a doubt instead of "nothing left".
    if options.connect_timeout_ms == 0 || options.connect_timeout_ms >= options.timeout_ms {
        reading.fault("connect_timeout_ms", "must be above 0 and below timeout_ms");
    }
}
