//! Proxies: a tunnel that the file names, a credential that only the proxy sees, and none from the environment.

use std::sync::{Arc, Mutex};

use domain::Secret;
use domain::socket::Cause;
use reqwest::Url;
use reqwest::header::HeaderMap;
use rustls::ALL_VERSIONS;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::papers::{Authority, Partner, head, order};
use super::{NAME, call, nowhere, options, unsent};
use crate::transport::http::{HttpCall, Tunnel};
use crate::transport::trust::{ClientFault, Trust};

/// A proxy that leads every tunnel to one partner, if it is asked with the credential `court:s3:cret`.
struct Proxy {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(partner: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self { url, heads: Arc::default() };
        let heads = proxy.heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(lead(stream, partner, heads.clone()));
            }
        });
        proxy
    }
}

async fn lead(mut stream: TcpStream, partner: u16, heads: Arc<Mutex<Vec<String>>>) {
    let Some(head) = head(&mut stream).await else { return };
    // Base64 of court:s3:cret.
    let may = head.contains("Basic Y291cnQ6czM6Y3JldA==\r\n");
    heads.lock().unwrap().push(head);
    if may {
        let mut onward = TcpStream::connect(("127.0.0.1", partner)).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        drop(copy_bidirectional(&mut stream, &mut onward).await);
    } else {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(refusal).await.unwrap();
    }
}

fn through(proxy: &str, port: u16, authority: &Authority, password: Option<&str>) -> HttpCall {
    let mut options = options("https", port);
    options.trust = Trust { ca_pem: Some(authority.pem.clone().into_bytes()), ..Trust::default() };
    let credential = password.map(|password| ("court".to_owned(), Secret::new(password.to_owned())));
    options.proxy = Some(Tunnel { url: Url::parse(proxy).unwrap(), credential });
    call(options)
}

#[tokio::test]
async fn the_proxy_makes_a_tunnel_and_sees_nothing_of_the_message() {
    let authority = Authority::root("bank");
    let partner = Partner::start(authority.issue(NAME).server(None, ALL_VERSIONS)).await;
    let proxy = Proxy::start(partner.port).await;
    // A port that only the proxy knows what to do with: it is asked for the name, and we resolve nothing but the proxy.
    let through = through(&proxy.url, 443, &authority, Some("s3:cret"));
    for _ in 0..2 {
        assert!(through.post(order()).await == Ok(b"<ok/>".to_vec()));
    }
    let heads = proxy.heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1, "the tunnel is kept");
    assert!(heads[0].starts_with(&format!("CONNECT {NAME}:443 HTTP/1.1\r\n")) && !heads[0].contains("gateway"));
    let seen = partner.heads().concat().to_ascii_lowercase();
    assert!(!seen.contains("proxy-authorization") && seen.contains("post /gateway http/1.1"), "{seen}");
}

#[tokio::test]
async fn a_proxy_by_name_is_looked_up_and_the_partner_is_not() {
    let authority = Authority::root("bank");
    let partner = Partner::start(authority.issue(NAME).server(None, ALL_VERSIONS)).await;
    let proxy = Proxy::start(partner.port).await;
    let mut options = options("https", 443);
    options.trust = Trust { ca_pem: Some(authority.pem.clone().into_bytes()), http2: true, ..Trust::default() };
    let credential = Some(("court".to_owned(), Secret::new("s3:cret".to_owned())));
    let url = Url::parse(&proxy.url.replace("127.0.0.1", "localhost")).unwrap();
    options.proxy = Some(Tunnel { url, credential });
    // No resolver of this test knows the partner's name, and none needs to.
    let call = HttpCall::new(options, HeaderMap::new()).unwrap();
    assert!(call.post(order()).await == Ok(b"<ok/>".to_vec()));
    assert_eq!((proxy.heads.lock().unwrap().len(), partner.heads().len()), (1, 1));
}

#[tokio::test]
async fn where_the_proxy_makes_no_tunnel_nothing_left() {
    let authority = Authority::root("bank");
    let partner = Partner::start(authority.issue(NAME).server(None, ALL_VERSIONS)).await;
    let proxy = Proxy::start(partner.port).await;
    for password in [None, Some("wrong")] {
        assert!(through(&proxy.url, 443, &authority, password).post(order()).await == unsent(Cause::Connect));
    }
    let nobody = nowhere();
    let closed = format!("http://{}", nobody.local_addr().unwrap());
    assert!(through(&closed, 443, &authority, None).post(order()).await == unsent(Cause::Connect));
    for answer in [
        &b"HTTP/1.1 502 Bad Gateway\r\n\r\n"[..],
        b"\x16\x03\x01 what?",
        b"",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
            rest
        };
        let call = through(&url, 443, &authority, None);
        let (judged, rest) = tokio::join!(call.post(order()), proxy);
        assert!(judged == unsent(Cause::Connect) && rest.is_empty());
    }
    // A proxy that takes the question and says nothing is a connection that never came.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut options = options("https", 443);
    (options.connect_timeout_ms, options.proxy) =
        (50, Some(Tunnel { url: Url::parse(&url).unwrap(), credential: None }));
    options.trust = Trust { ca_pem: Some(authority.pem.clone().into_bytes()), ..Trust::default() };
    assert!(call(options).post(order()).await == unsent(Cause::ConnectTimeout));
    assert!(partner.heads().is_empty());
}

#[test]
fn a_tunnel_is_asked_for_in_the_clear_and_leads_to_tls_or_nothing_is_called() {
    let made = |scheme: &str, proxy: &str| {
        let mut options = options(scheme, 8_443);
        options.trust.ca_pem = Some(Authority::root("bank").pem.into_bytes());
        options.proxy = Some(Tunnel { url: Url::parse(proxy).unwrap(), credential: None });
        HttpCall::new(options, HeaderMap::new()).err()
    };
    assert_eq!(made("https", "http://proxy.example:3128"), None);
    assert_eq!(made("https", "https://proxy.example:3128"), Some(ClientFault::Proxy), "a credential in the clear");
    assert_eq!(made("http", "http://proxy.example:3128"), Some(ClientFault::Proxy), "an order in the clear");
}

#[tokio::test]
async fn another_certificate_in_the_tunnel_gets_nothing() {
    let (authority, other) = (Authority::root("bank"), Authority::root("a proxy that looks inside"));
    let partner = Partner::start(other.issue(NAME).server(None, ALL_VERSIONS)).await;
    let proxy = Proxy::start(partner.port).await;
    assert!(through(&proxy.url, 443, &authority, Some("s3:cret")).post(order()).await == unsent(Cause::Tls));
    assert!(partner.heads().is_empty());
}

/// Is run by the next test in a process with a proxy in its environment; by itself it shows a call without one.
#[tokio::test]
async fn a_call_goes_straight() {
    let authority = Authority::root("bank");
    let partner = Partner::start(authority.issue(NAME).server(None, ALL_VERSIONS)).await;
    let mut options = options("https", partner.port);
    options.trust = Trust { ca_pem: Some(authority.pem.clone().into_bytes()), ..Trust::default() };
    assert!(call(options).post(order()).await.is_ok());
    assert_eq!(partner.heads().len(), 1);
}

#[tokio::test]
async fn the_environment_names_no_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "transport::tests::proxy::a_call_goes_straight"]);
    for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(variable, &url);
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || drop(tell.send(child.output().unwrap())));
    tokio::select! {
        done = told => {
            let done = done.unwrap();
            assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("1 passed"), "{done:?}");
        }
        _ = listener.accept() => panic!("the proxy of the environment was asked"),
    }
}
