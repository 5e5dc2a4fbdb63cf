//! Calls against partners that are real on the wire: TLS, proxies, HTTP/2, bodies, names that lead astray.

mod body;
mod http2;
mod papers;
mod proxy;
mod tls;

use domain::socket::{Cause, Judged};
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::address::{Guard, Networks};
use super::http::{HttpCall, HttpOptions};
use super::trust::Trust;

/// The partner's name in these tests; only the guard of a test knows where it leads.
const NAME: &str = "bank.example";

fn unsent(cause: Cause) -> Result<Vec<u8>, Judged> {
    Err(Judged::NotSent { cause, retry_after_ms: None })
}

fn doubt(cause: Cause) -> Result<Vec<u8>, Judged> {
    Err(Judged::Doubt { cause })
}

/// Options for a partner called [`NAME`]; long waits, because what a test waits for comes by itself.
fn options(scheme: &str, port: u16) -> HttpOptions {
    HttpOptions {
        url: Url::parse(&format!("{scheme}://{NAME}:{port}/gateway")).unwrap(),
        connect_timeout_ms: 20_000,
        read_idle_ms: 30_000,
        timeout_ms: 30_000,
        trust: Trust::default(),
        proxy: None,
        networks: Networks::parse("127.0.0.1").unwrap(),
        answer_bytes_max: 64 * 1024,
    }
}

/// A call whose partner's name leads to this machine.
fn call(options: HttpOptions) -> HttpCall {
    let here = vec!["127.0.0.1".parse().unwrap()];
    let guard = Guard::new(vec![NAME.to_owned()], options.networks.clone()).with_lookup(here);
    HttpCall::guarded(options, HeaderMap::new(), guard).unwrap()
}

/// Where nobody listens, and nobody can as long as this is held.
fn nowhere() -> tokio::net::TcpSocket {
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    bound
}
