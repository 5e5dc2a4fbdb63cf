//! Bodies and names: compression, charsets, silence within an answer, and addresses that no call goes to.

use std::net::IpAddr;

use domain::socket::Cause;
use reqwest::header::HeaderMap;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::papers::{head, order};
use super::{NAME, call, doubt, options, unsent};
use crate::transport::address::{Guard, Networks};
use crate::transport::charset::Charset;
use crate::transport::http::HttpCall;

/// Posts to a partner that writes these bytes and then waits for us to leave.
async fn answered(answer: &[u8]) -> (Result<Vec<u8>, domain::socket::Judged>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options("http", listener.local_addr().unwrap().port());
    options.read_idle_ms = 400;
    options.connect_timeout_ms = 399;
    let call = call(options);
    let partner = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = head(&mut stream).await.unwrap();
        drop(stream.write_all(answer).await);
        (asked, stream)
    };
    let (judged, (asked, _open)) = tokio::join!(call.post(order()), partner);
    (judged, asked)
}

fn page(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// 10 GB of nothing, packed three times over; enough to show that nothing here unpacks.
const BOMB: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03";

#[tokio::test]
async fn a_compressed_answer_was_not_asked_for_and_is_a_doubt() {
    for coding in ["gzip", "GZIP", "br", "deflate", "zstd", "identity, gzip", "gzip\r\nContent-Encoding: identity", "x"]
    {
        let (judged, asked) = answered(&page(&format!("Content-Encoding: {coding}\r\n"), BOMB)).await;
        assert!(judged == doubt(Cause::Schema), "{coding}");
        assert!(asked.contains("accept-encoding: identity\r\n"), "{asked}");
    }
    let (judged, _) = answered(&page("Content-Encoding: identity\r\n", b"<a/>")).await;
    assert!(judged == Ok(b"<a/>".to_vec()));
    let (judged, _) = answered(&page("", BOMB)).await;
    assert!(judged == Ok(BOMB.to_vec()), "bytes are bytes; the decoder finds no message in them");
}

#[tokio::test]
async fn the_charset_of_the_header_counts_where_the_document_says_none() {
    let gbk = Charset::Gbk.encode("<a>王小渔</a>").into_owned();
    let utf8 = "<a>王小渔</a>".as_bytes();
    for word in ["GBK", "gb2312", "\"GB18030\""] {
        let (judged, _) = answered(&page(&format!("Content-Type: text/xml; charset={word}\r\n"), &gbk)).await;
        assert!(judged == Ok(utf8.to_vec()), "{word}");
    }
    // The program's own word stands above that of the container it runs in.
    let declared = [&b"<?xml version='1.0' encoding='UTF-8'?>"[..], utf8].concat();
    let marked = [&b"\xef\xbb\xbf"[..], utf8].concat();
    for body in [declared.as_slice(), &marked] {
        let (judged, _) = answered(&page("Content-Type: text/xml; charset=GBK\r\n", body)).await;
        assert!(judged == Ok(body.to_vec()));
    }
    for word in ["ISO-8859-1", "utf-8", "", "no-such-charset"] {
        let (judged, _) = answered(&page(&format!("Content-Type: text/xml;charset={word}\r\n"), &gbk)).await;
        assert!(judged == Ok(gbk.clone()), "{word}: the decoder decides");
    }
    let (judged, _) = answered(&page("Content-Type: text/xml; charset=GBK\r\n", b"\xff\xff")).await;
    assert!(judged == doubt(Cause::Schema), "bytes that are not of the charset they are said to be");
}

#[tokio::test]
async fn silence_within_an_answer_ends_before_the_whole_time_is_over() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<Response>";
    assert!(answered(cut).await.0 == doubt(Cause::Timeout));
    assert!(answered(b"HTTP/1.1 200 OK\r\nContent-Le").await.0 == doubt(Cause::Timeout));
    assert!(answered(b"").await.0 == doubt(Cause::Timeout));
}

#[tokio::test]
async fn an_answer_is_cut_at_the_cap_and_its_head_too() {
    let (judged, _) = answered(&page("", &[b' '; 64 * 1024 + 1])).await;
    assert!(judged == doubt(Cause::TooLarge));
    let (judged, _) = answered(&page("", &[b' '; 64 * 1024])).await;
    assert!(judged.is_ok());
    let headers: String = (0..100_000).map(|n| format!("X-{n}: y\r\n")).collect();
    assert!(answered(&page(&headers, b"<a/>")).await.0 == doubt(Cause::Broken));
}

#[tokio::test]
async fn a_name_that_leads_astray_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let leads = |networks: &str, addresses: &[&str]| {
        let mut options = options("http", port);
        options.networks = if networks.is_empty() { Networks::default() } else { Networks::parse(networks).unwrap() };
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let guard = Guard::new(vec![NAME.to_owned()], options.networks.clone()).with_lookup(addresses);
        HttpCall::guarded(options, HeaderMap::new(), guard).unwrap()
    };
    let astray = async {
        for (networks, addresses) in [
            ("", &["127.0.0.1"][..]),
            ("", &["::ffff:127.0.0.1"]),
            ("", &["10.0.0.1", "192.168.0.1"]),
            ("127.0.0.1", &["169.254.169.254", "0.0.0.0", "224.0.0.1"]),
            ("169.254.0.0/16", &["169.254.169.254"]),
            ("127.0.0.2", &["127.0.0.1"]),
        ] {
            assert!(leads(networks, addresses).post(order()).await == unsent(Cause::Address), "{addresses:?}");
        }
        assert!(leads("127.0.0.1", &[]).post(order()).await == unsent(Cause::Name));
    };
    tokio::select! {
        () = astray => {}
        _ = listener.accept() => panic!("an address that is not allowed was connected to"),
    }
    // The allowed one of several is taken.
    let call = leads("127.0.0.1", &["169.254.169.254", "127.0.0.1"]);
    let partner = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await.unwrap();
        stream.write_all(&page("", b"<a/>")).await.unwrap();
        stream
    };
    let (judged, _open) = tokio::join!(call.post(order()), partner);
    assert!(judged == Ok(b"<a/>".to_vec()));
}

#[tokio::test]
async fn localhost_says_itself_what_it_is_and_nothing_else_is_asked_about() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options("http", listener.local_addr().unwrap().port());
    options.url.set_host(Some("LocalHost")).unwrap();
    options.networks = Networks::default();
    let call = HttpCall::new(options, HeaderMap::new()).unwrap();
    let partner = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await.unwrap();
        stream.write_all(&page("", b"<a/>")).await.unwrap();
        stream
    };
    let (judged, _open) = tokio::join!(call.post(order()), partner);
    assert!(judged == Ok(b"<a/>".to_vec()));
}
