//! Bounds on size, time and number, met by callers that do not keep them.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use web::{Limits, Role};

use crate::house::{House, goal, read};

/// Speaks raw HTTP, and reads all that comes back.
async fn raw(house: &House, sent: &str, close_write: bool) -> String {
    let mut stream = TcpStream::connect(house.running.addr).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    if close_write {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
        }
        // Problems are the last thing on a connection that is closed.
        if String::from_utf8_lossy(&answer).ends_with("\"}") {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn head(house: &House, length: usize) -> String {
    let token = house.token(Role::Submitter);
    format!(
        "POST /v1/requests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let house = House::with(Limits { body_timeout: Duration::from_millis(50), ..Limits::default() });
    let answer = raw(&house, &format!("{}{{\"case\"", head(&house, 1_000)), false).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("urn:xiezhi:problem:body_too_slow"), "{answer}");
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let house = House::with(Limits { header_timeout: Duration::from_millis(50), ..Limits::default() });
    let answer = raw(&house, "GET /health/live HTTP/1.1\r\nX-A: ", false).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// What is no HTTP is refused below us: no handler, no header of ours, no problem. The description says so.
#[tokio::test]
async fn what_is_no_http_gets_a_bare_status_and_the_end_of_the_connection() {
    let house = House::open();
    let get = |rest: &str| format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{rest}\r\n\r\n");
    let many = (0..97).map(|n| format!("X-{n}: a")).collect::<Vec<_>>().join("\r\n");
    let long = "a".repeat(140_000);
    for (sent, status) in [
        (get("X-A: a\u{7f}b"), 400),
        (get("X-A: a\u{1}b"), 400),
        (get("X A: a"), 400),
        (get("Content-Length: one"), 400),
        (get("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400),
        ("GET /health/live\r\n\r\n".to_owned(), 400),
        ("GET /health/live HTTP/9.9\r\n\r\n".to_owned(), 400),
        (get(&many), 431),
        (get(&format!("X-A: {long}")), 431),
        (format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 431),
    ] {
        let answer = raw(&house, &sent, false).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let asked = sent.get(..60).unwrap_or(&sent);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{asked:?}: {answer}");
        assert_eq!((body, head.to_lowercase().contains("x-call-id")), ("", false), "{asked:?}: {answer}");
    }
    assert_eq!(read(house.ask(Method::GET, "/health/live", None)).await.status, 200);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_so() {
    let house = House::open();
    let answer = raw(&house, &format!("{}{{\"case\"", head(&house, 1_000)), true).await;
    assert!(answer.contains("urn:xiezhi:problem:body_broken"), "{answer}");
}

#[tokio::test]
async fn oversize_is_refused_whether_declared_or_not() {
    let limits = Limits { request_bytes_max: 5_000, document_bytes_max: 5_000, ..Limits::default() };
    let house = House::with(limits);
    let answer = house.submit("key", vec![b' '; 5_001]).await;
    assert_eq!((answer.status, answer.slug().as_str()), (413, "body_too_large"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("5000"));
    assert_eq!(house.submit("key", goal().to_string()).await.status, 202);
    let head = head(&house, 0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4_096));
    let answer = raw(&house, &format!("{head}{chunk}{chunk}"), false).await;
    assert!(answer.contains("urn:xiezhi:problem:body_too_large"), "{answer}");
    let ask = house.ask(Method::POST, "/v1/documents", Some(Role::Submitter)).header("X-File-Name", "a.pdf");
    let answer = read(ask.header("Content-Type", "application/pdf").body(vec![0; 6_000])).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_large_document_arrives_whole() {
    let house = House::open();
    let ask = house.ask(Method::POST, "/v1/documents", Some(Role::Submitter)).header("X-File-Name", "a.pdf");
    let stored = read(ask.header("Content-Type", "application/pdf").body(vec![7; 20_000_000])).await;
    assert_eq!(stored.status, 201);
    let digest = stored.json()["digest"].as_str().unwrap().to_owned();
    let document = house.get(&format!("/v1/documents/{digest}"), Role::Submitter).await;
    assert!(document.bytes == vec![7; 20_000_000]);
}

#[tokio::test]
async fn a_token_run_wild_is_told_to_wait() {
    let house = House::with(Limits { token_per_second: 2, ..Limits::default() });
    let mut refused = None;
    for _ in 0..50 {
        let answer = house.get("/v1/partners", Role::Operator).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let answer = refused.unwrap();
    assert_eq!((answer.slug().as_str(), answer.header("retry-after")), ("too_many_calls", "1"));
    assert_eq!(answer.json()["retry_after"], 1);
    assert_eq!(house.get("/v1/partners", Role::Auditor).await.status, 200);
}

#[tokio::test]
async fn a_source_without_a_token_is_told_to_wait() {
    let house = House::with(Limits { source_per_second: 2, ..Limits::default() });
    let mut seen = Vec::new();
    for _ in 0..50 {
        seen.push(read(house.ask(Method::GET, "/v1/partners", None)).await.status);
    }
    assert!(seen.contains(&401) && seen.contains(&429), "{seen:?}");
    assert_eq!(house.get("/v1/partners", Role::Auditor).await.status, 200);
}

#[tokio::test]
async fn headers_and_parameters_are_held_to_their_form() {
    let house = House::open();
    for (name, places) in [
        ("%E8%A3", 1),
        ("a%2Fb.pdf", 1),
        ("..", 1),
        ("a%00.pdf", 1),
        ("a%4", 1),
        ("%zz", 1),
        ("", 1),
        (&"a".repeat(256), 1),
        ("a%0d%0aX-B:1", 1),
    ] {
        let ask = house.ask(Method::POST, "/v1/documents", Some(Role::Submitter)).header("X-File-Name", name);
        let answer = read(ask.header("Content-Type", "application/pdf").body("x")).await;
        assert_eq!((answer.status, answer.slug().as_str()), (400, "invalid_parameter"), "{name}");
        assert_eq!(answer.json()["errors"].as_array().unwrap().len(), places);
        assert_eq!(answer.json()["errors"][0]["header"], "X-File-Name");
    }
    let req = "/v1/requests/req_00000000000a";
    for (path, parameter) in [
        (format!("{req}?wait=61s"), "wait"),
        (format!("{req}?wait=30"), "wait"),
        (format!("{req}?after_version=-1"), "after_version"),
        (format!("{req}?page=１"), "page"),
        (format!("{req}?page_len=201"), "page_len"),
        (format!("{req}?page=1&page=2"), "page"),
        ("/v1/requests?limit=0".to_owned(), "limit"),
        ("/v1/requests?state=lost".to_owned(), "state"),
        ("/v1/requests?case=".to_owned(), "case"),
        ("/v1/requests?case=%ff".to_owned(), "case"),
        ("/v1/requests?canary=1".to_owned(), ""),
        (format!("{req}/events?cursor=99999999999999999999"), "cursor"),
    ] {
        let answer = house.get(&path, Role::Submitter).await;
        assert_eq!((answer.status, answer.slug().as_str()), (400, "invalid_parameter"), "{path}");
        assert_eq!(answer.json()["errors"][0]["parameter"], parameter, "{path}");
        assert!(!answer.text().contains("canary"));
    }
}
