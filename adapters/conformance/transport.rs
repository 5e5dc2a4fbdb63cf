//! Questions over a network: what each way of failing proves, that nothing is sent twice, and that dropping stops the call.

use std::sync::Arc;

use domain::Money;
use domain::outcome::Verdict;
use domain::socket::{Cause, Judged};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use super::server::{Server, Step, ok, status};
use super::{key_of, kind_of, networked, options, order_of, plug, plug_of, specimen_of};
use crate::bank::tests::specimen::CANARIES;

fn answer(name: &'static str) -> Step {
    Step::Reply(Arc::new(move |request| ok(&(specimen_of(name).answer)(request))))
}

fn raw(bytes: Vec<u8>) -> Step {
    Step::Reply(Arc::new(move |_| bytes.clone()))
}

/// Sends an order to a server of one step, and asks about it; both must be judged alike when the transport decides.
async fn judged(name: &'static str, step: Step) -> Judged {
    judged_within(name, step, 20_000).await
}

async fn judged_within(name: &'static str, step: Step, timeout_ms: u64) -> Judged {
    let server = Server::start(vec![step]).await;
    let mut options = options(specimen_of(name).options, &server.url);
    (options.connect_timeout_ms, options.timeout_ms) = (timeout_ms - 1, timeout_ms);
    let call = plug_of(name, &options);
    let sent = call.send(&order_of(name)).await;
    assert_eq!(server.requests().len(), 1, "one attempt is one message");
    if !specimen_of(name).asks {
        return sent;
    }
    let asked = call.ask(key_of(name), kind_of(name)).await;
    assert!(sent == asked, "a question fails like an order");
    sent
}

/// A time-out that a test can wait for, and a message on loopback still meets.
const SHORT_MS: u64 = 400;

fn doubt(cause: Cause) -> Judged {
    Judged::Doubt { cause }
}

fn not_sent(cause: Cause, retry_after_ms: Option<u64>) -> Judged {
    Judged::NotSent { cause, retry_after_ms }
}

#[tokio::test]
async fn our_number_is_on_the_wire_and_the_answer_is_taken() {
    for name in networked() {
        let server = Server::start(vec![answer(name)]).await;
        let call = plug(name, specimen_of(name).options, &server.url);
        for _ in 0..3 {
            assert!(
                matches!(call.send(&order_of(name)).await, Judged::Answered(outcome) if outcome.verdict == Verdict::Done)
            );
        }
        let asked = call.ask(key_of(name), kind_of(name)).await;
        let requests = server.requests();
        if specimen_of(name).asks {
            assert!(matches!(asked, Judged::Answered(outcome) if outcome.verdict == Verdict::Done), "{name}");
            assert_eq!(requests.len(), 4);
        } else {
            assert!(matches!(asked, Judged::Doubt { .. }), "{name} has no question, so a doubt stays one");
            assert_eq!(requests.len(), 3);
        }
        assert!(
            requests[..3].iter().all(|request| *request == requests[0]),
            "{name}: a repeat is the same to the byte"
        );
        assert!(requests.iter().all(|request| request.contains(&key_of(name).to_string())), "{name}");
        let begins = specimen_of(name).begins;
        assert!(requests.iter().all(|request| begins.iter().any(|begin| request.starts_with(begin))), "{name}");
        assert!(requests.iter().all(|request| request.contains("canary-token")), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_a_refusal() {
    for name in networked() {
        let refusal = Step::Reply(Arc::new(move |request: &str| ok(&(specimen_of(name).refusal)(request))));
        let Judged::Answered(outcome) = judged(name, refusal).await else { panic!("{name}: a refusal is an answer") };
        assert!(outcome.verdict == Verdict::Refused && outcome.reason.is_some(), "{name}");
        assert!(outcome.caught.unwrap_or(Money::ZERO) == Money::ZERO && outcome.moved.is_none(), "{name}");
    }
}

#[tokio::test]
async fn before_a_connection_nothing_left() {
    for name in networked() {
        // Bound and never listening: nobody else can get the port meanwhile.
        let closed = TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/", closed.local_addr().unwrap());
        let call = plug(name, specimen_of(name).options, &url);
        assert!(call.send(&order_of(name)).await == not_sent(Cause::Connect, None));
        // What answers is no TLS: the handshake fails before any byte of the message.
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", plain.local_addr().unwrap());
        let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/transport/golden/authority.pem");
        let mut entries = specimen_of(name).options.to_vec();
        entries.push(("ca_file", authority));
        let call = plug(name, &entries, &url);
        let partner = async {
            let (mut stream, _) = plain.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            let mut seen = Vec::new();
            stream.read_to_end(&mut seen).await.unwrap();
            seen
        };
        let slip = order_of(name);
        let (judged, seen) = tokio::join!(call.send(&slip), partner);
        assert!(judged == not_sent(Cause::Tls, None));
        assert!(!String::from_utf8_lossy(&seen).contains("Request"), "a greeting, and nothing of the message");
    }
}

#[tokio::test]
async fn silence_and_broken_answers_after_sending_are_doubts() {
    for name in networked() {
        assert!(judged_within(name, Step::Silence, SHORT_MS).await == doubt(Cause::Timeout));
        assert!(judged_within(name, Step::Drip, SHORT_MS).await == doubt(Cause::Timeout));
        assert!(judged(name, Step::Close).await == doubt(Cause::Broken));
        let promised = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<Response>".to_vec();
        assert!(judged(name, Step::ReplyAndClose(promised.clone())).await == doubt(Cause::Broken));
        assert!(judged_within(name, raw(promised), SHORT_MS).await == doubt(Cause::Timeout));
        assert!(
            judged(
                name,
                Step::ReplyAndClose(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<Resp".to_vec())
            )
            .await
                == doubt(Cause::Broken)
        );
        assert!(
            judged(name, Step::ReplyAndClose(b"HTTP/1.1 200 OK\r\n\r\n<Response>".to_vec())).await
                == doubt(Cause::Schema)
        );
        assert!(
            judged(name, Step::ReplyAndClose(b"\x16\x03\x01 no HTTP at all\r\n\r\n".to_vec())).await
                == doubt(Cause::Broken)
        );
        assert!(judged(name, raw(ok("<html><body>login</body></html>"))).await == doubt(Cause::Schema));
        assert!(judged(name, raw(ok(""))).await == doubt(Cause::Schema));
    }
}

#[tokio::test]
async fn an_answer_above_the_cap_is_not_read() {
    for name in networked() {
        let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 99000000000\r\n\r\n".to_vec();
        assert!(judged(name, Step::ReplyAndClose(announced)).await == doubt(Cause::TooLarge));
        let mut chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..200 {
            chunks.extend_from_slice(b"4000\r\n");
            chunks.extend_from_slice(&[b' '; 0x4000]);
            chunks.extend_from_slice(b"\r\n");
        }
        assert!(judged(name, Step::ReplyAndClose(chunks)).await == doubt(Cause::TooLarge));
    }
}

#[tokio::test]
async fn statuses_are_judged_by_what_they_prove() {
    for name in networked() {
        let elsewhere = Server::start(vec![answer(name)]).await;
        let location = format!("Location: {}\r\n", elsewhere.url);
        for (line, headers, expected) in [
            ("429 Too Many Requests", "Retry-After: 7\r\n", not_sent(Cause::Throttled, Some(7_000))),
            ("429 Too Many Requests", "", not_sent(Cause::Throttled, None)),
            ("429 Too Many Requests", "Retry-After: 999999999999\r\n", not_sent(Cause::Throttled, Some(86_400_000))),
            ("429 Too Many Requests", "Retry-After: whenever\r\n", not_sent(Cause::Throttled, None)),
            (
                "429 Too Many Requests",
                "Date: Sun, 22 Nov 2026 05:00:00 GMT\r\nRetry-After: Sun, 22 Nov 2026 05:00:09 GMT\r\n",
                not_sent(Cause::Throttled, Some(9_000)),
            ),
            ("401 Unauthorized", "", not_sent(Cause::Credential, None)),
            ("403 Forbidden", "", not_sent(Cause::Credential, None)),
            ("404 Not Found", "", not_sent(Cause::Status(404), None)),
            ("500 Internal Server Error", "", doubt(Cause::Status(500))),
            ("503 Service Unavailable", "Retry-After: 7\r\n", doubt(Cause::Status(503))),
            ("302 Found", location.as_str(), doubt(Cause::Status(302))),
            ("307 Temporary Redirect", location.as_str(), doubt(Cause::Status(307))),
            ("204 No Content", "", doubt(Cause::Status(204))),
        ] {
            assert!(judged(name, raw(status(line, headers))).await == expected, "{line} {headers}");
        }
        assert!(elsewhere.requests().is_empty(), "a redirect is not followed");
    }
}

#[tokio::test]
async fn a_message_on_a_stale_connection_is_never_sent_twice() {
    for name in networked() {
        // The connection breaks after the second message was read: the server has it, once.
        let server = Server::start(vec![answer(name), Step::Close, answer(name)]).await;
        let call = plug(name, specimen_of(name).options, &server.url);
        assert!(matches!(call.send(&order_of(name)).await, Judged::Answered(_)));
        assert!(call.send(&order_of(name)).await == doubt(Cause::Broken));
        assert_eq!(server.requests().len(), 2, "no layer below may repeat it");
        // The connection is closed while it is idle: the next message goes over a new one, or is in doubt; never both.
        for _ in 0..50 {
            let server = Server::start(vec![Step::ReplyAndClose(ok("<a/>")), answer(name)]).await;
            let call = plug(name, specimen_of(name).options, &server.url);
            assert!(call.send(&order_of(name)).await == doubt(Cause::Schema));
            let second = call.send(&order_of(name)).await;
            let arrived = server.requests().len() - 1;
            match second {
                Judged::Answered(_) => assert_eq!(arrived, 1),
                judged => assert!(judged == doubt(Cause::Broken) && arrived <= 1),
            }
        }
    }
}

#[tokio::test]
async fn dropping_the_future_stops_the_call() {
    for name in networked() {
        let server = Server::start(vec![Step::Silence]).await;
        let mut entries = specimen_of(name).options.to_vec();
        entries.retain(|(key, _)| *key != "charset");
        let call = plug(name, &entries, &server.url);
        let slip = order_of(name);
        tokio::select! {
            _ = call.send(&slip) => panic!("nobody answers"),
            () = server.received.notified() => {}
        }
        // Only the drop can end the connection: the server never closes first.
        server.hung_up.notified().await;
    }
}

#[tokio::test]
async fn the_answer_of_another_case_is_a_doubt() {
    for name in networked() {
        let other = Step::Reply(Arc::new(move |request: &str| {
            let ours = (specimen_of(name).answer)(request);
            ok(&ours.replace(&key_of(name).to_string(), "X2026112200000000099-1"))
        }));
        assert!(judged(name, other).await == doubt(Cause::Schema));
    }
}

#[tokio::test]
async fn what_is_unencodable_never_leaves() {
    for name in networked() {
        let server = Server::start(vec![answer(name)]).await;
        let call = plug(name, specimen_of(name).options, &server.url);
        let mut slip = order_of(name);
        slip.lines.clear();
        assert!(call.send(&slip).await == not_sent(Cause::Unencodable, None));
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn causes_show_nothing_of_the_case() {
    for name in networked() {
        let echo = Step::Reply(Arc::new(|request: &str| ok(request)));
        let Judged::Doubt { cause } = judged(name, echo).await else { panic!("an echo is no answer") };
        let shown = format!("{cause:?} {}", cause.word());
        assert!(CANARIES.iter().all(|canary| !shown.contains(canary)));
    }
}
