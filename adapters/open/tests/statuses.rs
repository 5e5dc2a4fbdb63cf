//! What a status proves, with and without a body that says so.

use domain::ActKind;
use domain::outcome::{Reason, Verdict};
use domain::socket::{Cause, Judged};

use super::PLAIN;
use super::specimen::{answered, key, reply};
use crate::open::{judge_asked, judge_sent};
use crate::transport::http::HttpReply;

const KIND: ActKind = ActKind::Freeze;

fn sent(status: u16, body: &str) -> Judged {
    judge_sent(&PLAIN, KIND, &key(KIND), &reply(status, body))
}

fn asked(status: u16, body: &str) -> Judged {
    judge_asked(&PLAIN, KIND, &key(KIND), &reply(status, body))
}

fn doubt(cause: Cause) -> Judged {
    Judged::Doubt { cause }
}

fn not_sent(cause: Cause) -> Judged {
    Judged::NotSent { cause, retry_after_ms: None }
}

fn ours(state: &str) -> String {
    format!(r#"{{"number":"{}","state":"{state}"}}"#, key(KIND))
}

fn others(state: &str) -> String {
    ours(state).replace("12-1", "13-1")
}

#[test]
fn accepted_is_believed_of_our_number_only() {
    for status in [200, 202] {
        assert!(
            sent(status, &ours("accepted")) == Judged::Accepted && asked(status, &ours("accepted")) == Judged::Accepted
        );
        for body in [others("accepted"), r#"{"state":"accepted"}"#.to_owned(), String::new(), "{}".to_owned()] {
            assert!(
                sent(status, &body) == doubt(Cause::Schema) && asked(status, &body) == doubt(Cause::Schema),
                "{body}"
            );
        }
    }
    assert!(sent(202, &ours("refused")) == doubt(Cause::Schema), "202 and a result contradict each other");
    assert!(matches!(sent(200, &ours("refused")), Judged::Answered(_)));
    assert!(sent(200, &ours("accepted").replace("\"state\"", "\"kind\":\"renew\",\"state\"")) == doubt(Cause::Schema));
}

#[test]
fn only_the_partner_itself_says_that_a_number_is_unknown() {
    assert!(asked(404, &ours("unknown")) == Judged::NotFound);
    for body in [others("unknown"), r#"{"state":"unknown"}"#.to_owned(), "<html>404</html>".to_owned(), ours("refused")]
    {
        assert!(asked(404, &body) == not_sent(Cause::Status(404)), "{body}");
    }
    assert!(sent(404, &ours("unknown")) == not_sent(Cause::Status(404)), "nothing was asked");
    assert!(asked(200, &ours("unknown")) == doubt(Cause::Schema));
}

#[test]
fn a_formal_defect_is_a_hand_back() {
    let defect = r#"{"state":"handed_back","reason":"paper_missing","text":"缺少裁定书"}"#;
    let outcome = answered(sent(422, defect));
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::HandedBack, Some(Reason::PaperMissing)));
    assert_eq!(outcome.text.unwrap().expose(), "缺少裁定书");
    assert_eq!(answered(sent(422, &ours("handed_back"))).reason, Some(Reason::Other));
    for body in [others("handed_back"), ours("refused"), ours("done"), String::new(), "{}".to_owned()] {
        assert!(sent(422, &body) == doubt(Cause::Status(422)), "{body}");
    }
    assert!(asked(422, defect) == doubt(Cause::Status(422)), "a question has no papers");
}

#[test]
fn closed_is_believed_when_it_is_said() {
    let closed = HttpReply { status: 503, retry_after_ms: Some(9_000), body: Ok(br#"{"state":"closed"}"#.to_vec()) };
    let later = Judged::NotSent { cause: Cause::Closed, retry_after_ms: Some(9_000) };
    assert!(
        judge_sent(&PLAIN, KIND, &key(KIND), &closed) == later
            && judge_asked(&PLAIN, KIND, &key(KIND), &closed) == later
    );
    for body in ["", "closed", r#"{"state":"done"}"#, r#"{"state":"closed","state":"done"}"#, "<html>503</html>"] {
        assert!(sent(503, body) == doubt(Cause::Status(503)), "{body}");
    }
    for status in [500, 502, 504] {
        assert!(sent(status, r#"{"state":"closed"}"#) == doubt(Cause::Status(status)));
    }
}

#[test]
fn every_other_status_proves_what_was_agreed() {
    for judge in [sent, asked] {
        assert!(judge(409, &ours("conflict")) == doubt(Cause::Status(409)), "something else stands under our number");
        assert!(judge(401, "") == not_sent(Cause::Credential) && judge(403, "") == not_sent(Cause::Credential));
        assert!(judge(429, "") == not_sent(Cause::Throttled));
        assert!(judge(405, "") == not_sent(Cause::Status(405)) && judge(413, "") == not_sent(Cause::Status(413)));
        for status in [201, 204, 301, 302, 307, 400, 408, 410, 500, 501, 502, 504, 599] {
            assert!(judge(status, &ours("done")) == doubt(Cause::Status(status)), "{status}");
        }
    }
}

#[test]
fn a_body_that_broke_off_leaves_what_the_status_proves() {
    let broken = |status| HttpReply { status, retry_after_ms: None, body: Err(Cause::Broken) };
    for (status, expected) in [
        (200, doubt(Cause::Broken)),
        (202, doubt(Cause::Broken)),
        (404, not_sent(Cause::Status(404))),
        (422, doubt(Cause::Status(422))),
        (503, doubt(Cause::Status(503))),
    ] {
        assert!(judge_sent(&PLAIN, KIND, &key(KIND), &broken(status)) == expected, "{status}");
        assert!(judge_asked(&PLAIN, KIND, &key(KIND), &broken(status)) == expected, "{status}");
    }
}
