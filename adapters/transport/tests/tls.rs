//! TLS: our certificate is shown and demanded, and a partner that is not the partner gets nothing.

use domain::socket::{Cause, Judged};
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use rustls::ALL_VERSIONS;
use rustls::version::{TLS12, TLS13};

use super::papers::{Authority, Papers, Partner, order};
use super::{NAME, call, options, unsent};
use crate::transport::http::HttpCall;
use crate::transport::trust::{ClientFault, Pin, Trust, client_config};

/// A call that trusts an authority, shows papers, and wants a key on the path.
fn trusting(port: u16, authority: &Authority, shown: Option<&Papers>, pins: &[Pin]) -> HttpCall {
    let mut options = options("https", port);
    options.trust = Trust {
        ca_pem: Some(authority.pem.clone().into_bytes()),
        client_pem: shown.map(|papers| papers.pem.clone().into_bytes()),
        issuer_pins: pins.to_vec(),
        http2: false,
    };
    call(options)
}

#[tokio::test]
async fn our_certificate_is_shown_where_it_is_demanded() {
    let (theirs, ours) = (Authority::root("bank"), Authority::root("court"));
    let shown = ours.below("court systems").issue("gateway.example");
    for versions in [&[&TLS12][..], &[&TLS13]] {
        // The certificate between ours and its root is in our file only where the partner does not hold it.
        let direct = ours.issue("gateway.example");
        let partner = Partner::start(theirs.issue(NAME).server(Some(&ours), versions)).await;
        assert!(trusting(partner.port, &theirs, Some(&direct), &[]).post(order()).await == Ok(b"<ok/>".to_vec()));
        assert_eq!(partner.heads().len(), 1);
        // Without its issuer the certificate proves nothing.
        assert!(trusting(partner.port, &theirs, Some(&shown), &[]).post(order()).await == unsent(Cause::Credential));
        assert_eq!(partner.heads().len(), 1);
    }
}

#[tokio::test]
async fn a_partner_that_refuses_our_certificate_has_done_nothing() {
    let (theirs, ours, others) = (Authority::root("bank"), Authority::root("court"), Authority::root("somebody"));
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let partner = Partner::start(theirs.issue(NAME).server(Some(&ours), versions)).await;
        let expired = ours.issue_until("gateway.example", 2020);
        for shown in [None, Some(&others.issue("gateway.example")), Some(&expired)] {
            let judged = trusting(partner.port, &theirs, shown, &[]).post(order()).await;
            assert!(judged == unsent(Cause::Credential), "the alert comes behind our bytes in TLS 1.3");
        }
        assert!(partner.heads().is_empty());
    }
}

#[tokio::test]
async fn another_than_the_partner_gets_nothing() {
    let (theirs, others) = (Authority::root("bank"), Authority::root("somebody"));
    for papers in [others.issue(NAME), theirs.issue("elsewhere.example"), theirs.issue_until(NAME, 2020)] {
        let partner = Partner::start(papers.server(None, ALL_VERSIONS)).await;
        assert!(trusting(partner.port, &theirs, None, &[]).post(order()).await == unsent(Cause::Tls));
        assert!(partner.heads().is_empty());
    }
    // Without an authority of the partner's the machine's hold, and they know nothing of it.
    let partner = Partner::start(theirs.issue(NAME).server(None, ALL_VERSIONS)).await;
    if client_config(&Trust::default()).err() != Some(ClientFault::Roots) {
        assert!(call(options("https", partner.port)).post(order()).await == unsent(Cause::Tls));
    }
    assert!(partner.heads().is_empty());
}

#[tokio::test]
async fn nothing_goes_in_the_clear_to_a_partner_of_whom_tls_is_agreed() {
    let theirs = Authority::root("bank");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = Url::parse(&format!("http://{NAME}:{port}/gateway")).unwrap();
    let call = trusting(port, &theirs, None, &[]);
    let judged = call.exchange_at(Method::POST, plain, HeaderMap::new(), order(), &[200]).await.err();
    assert!(judged == Some(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None }));
    assert!(listener.accept().is_err(), "nobody came");
}

#[tokio::test]
async fn a_pinned_key_must_stand_on_the_verified_path() {
    let root = Authority::root("bank root");
    let (issuer, sibling) = (root.below("bank issuer"), root.below("another issuer"));
    let papers = issuer.issue(NAME);
    let on_the_path = [papers.pin, issuer.pin, root.pin];
    let partner = Partner::start(papers.server(None, ALL_VERSIONS)).await;
    for pin in on_the_path {
        assert!(trusting(partner.port, &root, None, &[[0; 32], pin]).post(order()).await.is_ok());
    }
    assert_eq!(partner.heads().len(), 3);
    for pins in [&[sibling.pin][..], &[[0; 32]], &[[0; 32], sibling.pin]] {
        assert!(trusting(partner.port, &root, None, pins).post(order()).await == unsent(Cause::Tls));
    }
    assert_eq!(partner.heads().len(), 3, "nothing of the message left");
}

#[tokio::test]
async fn a_pinned_certificate_that_is_only_presented_pins_nothing() {
    let root = Authority::root("bank root");
    let (issuer, sibling) = (root.below("bank issuer"), root.below("another issuer"));
    let mut papers = sibling.issue(NAME);
    papers.chain.push(issuer.certificate.clone());
    let partner = Partner::start(papers.server(None, ALL_VERSIONS)).await;
    assert!(trusting(partner.port, &root, None, &[]).post(order()).await.is_ok());
    assert!(trusting(partner.port, &root, None, &[issuer.pin]).post(order()).await == unsent(Cause::Tls));
    assert_eq!(partner.heads().len(), 1);
}

#[test]
fn papers_that_do_not_fit_are_told_with_the_options() {
    let (ours, others) = (Authority::root("court"), Authority::root("somebody"));
    let (one, other) = (ours.issue("gateway.example"), others.issue("gateway.example"));
    let trust = |ca: &str, shown: Option<String>| {
        let client_pem = shown.map(String::into_bytes);
        client_config(&Trust { ca_pem: Some(ca.into()), client_pem, ..Trust::default() }).err()
    };
    let key_of = |papers: &Papers| papers.pem[papers.pem.find("-----BEGIN PRIVATE").unwrap()..].to_owned();
    let certificate_of = |papers: &Papers| papers.pem.replace(&key_of(papers), "");
    assert_eq!(trust(&ours.pem, Some(one.pem.clone())), None);
    assert_eq!(trust(&ours.pem, Some(certificate_of(&one) + &key_of(&other))), Some(ClientFault::Identity));
    assert_eq!(trust(&ours.pem, Some(key_of(&one))), Some(ClientFault::Identity));
    assert_eq!(trust(&ours.pem, Some(certificate_of(&one))), Some(ClientFault::Identity));
    assert_eq!(trust("", None), Some(ClientFault::Ca));
    assert_eq!(trust(&ours.pem[..ours.pem.len() / 2], None), Some(ClientFault::Ca));
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(trust(junk, None), Some(ClientFault::Ca));
}
