//! What strangers and people in between can make of the gateway: its log, its answers in others' hands, names that show nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::bench::{Ask, Gateway, Setup, Spec, eventually, look, secure};

/// What came back for bytes that are no HTTP.
fn shout(gateway: &Gateway, junk: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.url().trim_start_matches("http://")).unwrap();
    stream.write_all(junk).unwrap();
    let mut said = Vec::new();
    // The end of the connection, or its reset: either is an answer.
    let _either = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn what_is_no_http_writes_no_line_and_a_failed_call_is_named_whatever_the_log_leaves_out() {
    let setup = Setup { log: "warn", ..Setup::of(vec![Spec::called("bank-a")]) };
    let gateway = setup.start();
    for junk in ["\u{1}\u{2}\u{3}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\u{0} HTTP/1.1\r\nHost: x\r\n\r\n"] {
        assert!(shout(&gateway, junk.as_bytes()).starts_with("HTTP/1.1 400"), "{junk:?}");
    }
    assert!(!gateway.read_log().contains("actix"), "{}", gateway.read_log());
    // A document that the disk lost: the call fails, and the line says which call, by what path and with what status.
    let submitter = gateway.caller("submitter");
    let stored = submitter.upload("ruling.pdf", "application/pdf", b"%PDF-1.4 lost").of_status(201).json();
    let [blobs, aside] = ["blobs", "aside"].map(|folder| gateway.root.path().join("data").join(folder));
    std::fs::rename(&blobs, &aside).unwrap();
    let failed = submitter.get(&format!("/v1/documents/{}", stored["digest"].as_str().unwrap())).of_status(503);
    let line = eventually("the line of the failed call", || {
        let log = gateway.read_log();
        log.lines().find(|line| line.contains("call failed")).map(str::to_owned)
    });
    for word in [failed.header("x-call-id").unwrap(), "/v1/documents/{digest}", "\"status\":503"] {
        assert!(line.contains(word), "{word} in {line}");
    }
    std::fs::rename(&aside, &blobs).unwrap();
}

#[test]
fn nobody_in_between_gives_ones_answer_to_another() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let id = gateway.submit(&look(&[0])).id;
    let officer = gateway.caller("officer");
    for path in ["/v1/requests".to_owned(), format!("/v1/requests/{id}"), "/v1/partners".to_owned()] {
        let shown = officer.get(&path);
        assert_eq!(shown.header("vary"), Some("Accept-Language, Authorization"), "{path}");
    }
    let refused = officer.get("/v1/requests/req_000000zzzzzz").of_status(404);
    assert_eq!(refused.header("vary"), Some("Accept-Language, Authorization"));
    assert_eq!(gateway.caller("").get("/nowhere").of_status(404).header("vary"), Some("Accept-Language"));
    assert_eq!(gateway.caller("").get("/trail/checkpoint").of_status(200).header("vary"), None);
}

#[test]
fn a_name_that_hides_a_character_is_refused_and_one_with_a_chosen_form_is_not() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let named = |name: &str| {
        let Ask(mut ask) = secure(&[0]).claim("300.00");
        ask["case"]["parties"][0]["name"] = json!(name);
        ask
    };
    for hidden in ["石\u{E0041}某", "石\u{AD}某", "石\u{61C}某", "石\u{FE00}某", "石\u{200B}某"] {
        let refused = gateway
            .submit_as(&format!("{:x}", hidden.len() + hidden.chars().nth(1).unwrap() as usize), &Ask(named(hidden)));
        let refused = refused.of_status(422);
        assert_eq!(
            (refused.slug().as_str(), &refused.json()["errors"][0]["pointer"]),
            ("invalid_request", &json!("/case/parties/0/name"))
        );
    }
    gateway.submit_as("chosen", &Ask(named("葛\u{E0100}某"))).of_status(202);
}
