//! TLS with papers made for tests: a certificate that is checked, and callers that must show theirs.

use std::sync::Arc;

use domain::Secret;
use reqwest::{Certificate, Client, Identity};
use web::{Limits, StartError, TlsPapers, Tokens, Web, WebConfig};

use crate::fake::FakeGate;
use crate::house::read;

const AUTHORITY: &[u8] = include_bytes!("papers/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("papers/server.pem");
const KEY: &[u8] = include_bytes!("papers/server-key.pem");
const CALLER: &[u8] = include_bytes!("papers/client.pem");
const CALLER_KEY: &[u8] = include_bytes!("papers/client-key.pem");

fn papers(callers: bool) -> TlsPapers {
    TlsPapers {
        certificate_pem: CERTIFICATE.to_vec(),
        key_pem: Secret::new(KEY.to_vec()),
        callers_pem: callers.then(|| AUTHORITY.to_vec()),
    }
}

fn start(tls: TlsPapers) -> Result<web::Running, StartError> {
    let config =
        WebConfig { listen: "127.0.0.1:0".parse().unwrap(), tls: Some(tls), workers: 1, limits: Limits::default() };
    Web::start(config, Arc::new(FakeGate::new()), Arc::new(Tokens::new(Vec::new(), 1).unwrap()), Vec::new())
}

fn client(identity: bool) -> Client {
    let authority = Certificate::from_pem(AUTHORITY).unwrap();
    let mut builder = Client::builder().no_proxy().tls_certs_only([authority]);
    if identity {
        builder = builder.identity(Identity::from_pem(&[CALLER, CALLER_KEY].concat()).unwrap());
    }
    builder.build().unwrap()
}

#[tokio::test]
async fn the_certificate_is_one_that_clients_check() {
    let running = start(papers(false)).unwrap();
    let url = format!("https://localhost:{}/health/live", running.addr.port());
    assert_eq!(read(client(false).get(&url)).await.status, 200);
    assert!(Client::builder().no_proxy().tls_certs_only([]).build().unwrap().get(&url).send().await.is_err());
}

#[tokio::test]
async fn callers_without_a_certificate_are_refused_where_one_is_wanted() {
    let running = start(papers(true)).unwrap();
    let url = format!("https://localhost:{}/health/live", running.addr.port());
    assert!(client(false).get(&url).send().await.is_err());
    assert_eq!(read(client(true).get(&url)).await.status, 200);
}

#[test]
fn papers_that_do_not_fit_are_told_at_start() {
    let mut mixed = papers(false);
    mixed.key_pem = Secret::new(CALLER_KEY.to_vec());
    for tls in [mixed, TlsPapers { certificate_pem: Vec::new(), ..papers(false) }] {
        let error = start(tls).err().unwrap().to_string();
        assert!(error.contains("check"), "{error}");
    }
}

#[test]
fn a_taken_address_is_told_at_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let config = WebConfig { listen, tls: None, workers: 1, limits: Limits::default() };
    let tokens = Arc::new(Tokens::new(Vec::new(), 1).unwrap());
    let error = Web::start(config, Arc::new(FakeGate::new()), tokens, Vec::new()).err().unwrap();
    assert!(matches!(error, StartError::Listen { address, .. } if address == listen));
}
