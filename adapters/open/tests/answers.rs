//! Answers by state and kind: what must stand in them, what contradicts itself, and what is kept within bounds.

use domain::outcome::{DETAIL_CHARS_MAX, DETAILS_MAX, FINDINGS_MAX, FindingClass, LeadClass, Outcome, Reason, Verdict};
use domain::socket::{Cause, FaceFault, INBOUND_ITEMS_MAX, Judged};
use domain::{ActKind, Day, Money};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::PLAIN;
use super::specimen::{answered, key, reply};
use crate::open::fields::{TEXT_CHARS_MAX, WORD_CHARS_MAX};
use crate::open::{judge_sent, read_inbound};

const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };

fn judged(kind: ActKind, own: &Value) -> Judged {
    let mut answer = json!({ "number": key(kind), "kind": kind.word() });
    answer.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    judge_sent(&PLAIN, kind, &key(kind), &reply(200, &answer.to_string()))
}

fn told(kind: ActKind, own: &Value) -> Outcome {
    answered(judged(kind, own))
}

fn is_doubt(kind: ActKind, own: &Value) -> bool {
    judged(kind, own) == DOUBT
}

#[test]
fn a_state_is_one_of_the_form_or_a_doubt() {
    for state in
        ["", "ok", "Done", "done ", "finished", "success", "failed", "unknown", "closed", "conflict", "never_reached"]
    {
        for kind in ActKind::ALL {
            assert!(is_doubt(*kind, &json!({ "state": state })), "{kind:?} {state}");
        }
    }
    for kind in ActKind::ALL {
        assert_eq!(told(*kind, &json!({"state": "refused", "reason": "other"})).verdict, Verdict::Refused);
        assert_eq!(told(*kind, &json!({"state": "handed_back"})).reason, Some(Reason::Other));
        assert_eq!(told(*kind, &json!({"state": "registered"})).verdict, Verdict::Registered);
        let nobody = told(*kind, &json!({"state": "no_such_customer"})).verdict;
        assert_eq!(nobody == Verdict::NoSuchCustomer, kind.is_question(), "{kind:?}: to an order it is a refusal");
        let nobody = told(*kind, &json!({"state": "no_such_customer"}));
        assert_eq!(nobody.reason, Some(Reason::NotFound));
        let queued = judged(*kind, &json!({"state": "queued", "caught": "0.00"}));
        assert_eq!(queued == DOUBT, *kind != ActKind::Freeze, "{kind:?}");
    }
}

#[test]
fn what_a_state_promises_must_stand_there() {
    let freeze = |state: &str, limit: &str, caught: &str| json!({"state": state, "limit": limit, "caught": caught, "to": "2027-11-19"});
    let outcome = told(ActKind::Freeze, &freeze("done", "18000.00", "18000.00"));
    assert_eq!((outcome.caught, outcome.to), (Some(Money::from_fen(1_800_000)), Day::parse("2027-11-19")));
    assert_eq!(told(ActKind::Freeze, &freeze("partly", "18000.00", "0.01")).reason, Some(Reason::Insufficient));
    for own in [
        freeze("done", "18000.00", "17999.99"),
        freeze("partly", "18000.00", "18000.00"),
        freeze("done", "", ""),
        json!({"state": "done", "caught": "1.00"}),
        freeze("queued", "18000.00", "0.01"),
        freeze("refused", "18000.00", "18000.00"),
        freeze("registered", "18000.00", "0.01"),
    ] {
        assert!(is_doubt(ActKind::Freeze, &own), "{own}");
    }
    assert!(is_doubt(ActKind::Renew, &json!({"state": "done"})));
    for kind in [ActKind::Deduct, ActKind::Surrender, ActKind::WithdrawBenefits] {
        assert_eq!(told(kind, &json!({"state": "done", "moved": "0.0001"})).moved, Some(Money::from_units(1)));
        for own in [
            json!({"state": "done"}),
            json!({"state": "done", "moved": "0.00"}),
            json!({"state": "done", "limit": "2.00", "moved": "1.00"}),
            json!({"state": "partly", "limit": "1.00", "moved": "1.00"}),
            json!({"state": "refused", "moved": "1.00"}),
            json!({"state": "registered", "moved": "1.00"}),
        ] {
            assert!(is_doubt(kind, &own), "{own}");
        }
    }
}

#[test]
fn an_unknown_reason_is_kept_as_another_one() {
    let outcome = told(ActKind::Deduct, &json!({"state": "refused", "reason": "of_a_later_edition", "text": "原因"}));
    assert_eq!((outcome.reason, outcome.text.unwrap().expose().as_str()), (Some(Reason::Other), "原因"));
    for reason in Reason::ALL {
        assert_eq!(told(ActKind::Deduct, &json!({"state": "refused", "reason": reason.word()})).reason, Some(*reason));
    }
}

#[test]
fn values_are_of_their_kind_or_nothing_is_believed() {
    for (key, value) in [
        ("moved", json!(1.0)),
        ("moved", json!("1,0")),
        ("moved", json!("-1.00")),
        ("moved", json!("1.00001")),
        ("moved", json!("1e3")),
        ("moved", json!("")),
        ("due", json!("2026-02-30")),
        ("due", json!(20_261_130)),
        ("serial", json!("9".repeat(WORD_CHARS_MAX + 1))),
        ("serial", json!(["9"])),
        ("ahead", json!({})),
        ("ahead", json!([{"amount": "x"}])),
        ("findings", json!([{"class": "secret", "details": {}}])),
        ("findings", json!([{"class": "step", "details": ["a"]}])),
        ("findings", json!([{"class": "step", "details": {"Name": "a"}}])),
        ("findings", json!([{"class": "step", "details": {"name": 1}}])),
        ("findings", json!([{"class": "step", "details": {"name": "x".repeat(DETAIL_CHARS_MAX + 1)}}])),
        ("findings", Value::Array(vec![json!({"class": "step", "details": {}}); FINDINGS_MAX + 1])),
        ("replies", json!([{"file_name": "a.pdf", "content": "###"}])),
        ("replies", Value::Array(vec![json!({"content": ""}); 9])),
        ("text", json!({})),
    ] {
        let mut own = json!({"state": "done", "moved": "1.00"});
        own[key] = value;
        assert!(is_doubt(ActKind::Deduct, &own), "{key}");
    }
    let nothing =
        json!({"state": "done", "moved": "1.00", "due": null, "serial": "", "ahead": null, "later": {"moved": "2.00"}});
    let outcome = told(ActKind::Deduct, &nothing);
    assert!(outcome.due.is_none() && outcome.serial.is_none() && outcome.ahead.is_empty());
}

#[test]
fn texts_are_cut_and_particulars_keep_their_order() {
    let details: Vec<String> = (0..DETAILS_MAX).map(|nth| format!(r#""z{}":"值""#, DETAILS_MAX - nth)).collect();
    let body = |details: &str| {
        format!(
            r#"{{"number":"{}","state":"done","text":"{}","findings":[{{"class":"whereabouts","details":{{{details}}}}}]}}"#,
            key(ActKind::Locate),
            "长".repeat(TEXT_CHARS_MAX + 1)
        )
    };
    let judge = |details: &str| judge_sent(&PLAIN, ActKind::Locate, &key(ActKind::Locate), &reply(200, &body(details)));
    let outcome = answered(judge(&details.join(",")));
    assert_eq!(outcome.text.unwrap().expose().chars().count(), TEXT_CHARS_MAX + 1, "cut, and marked as cut");
    let [found] = outcome.findings.as_slice() else { panic!("one finding") };
    let names: Vec<&str> = found.details.iter().map(|detail| detail.name.as_str()).collect();
    assert_eq!((found.class, names.len(), names[0], names[1]), (FindingClass::Whereabouts, DETAILS_MAX, "z40", "z39"));
    assert!(judge(&(details.join(",") + r#","more":"x""#)) == DOUBT);
    assert!(judge(r#""a":"1","a":"2""#) == DOUBT, "two readers would see two answers");
}

#[test]
fn sealed_answers_come_with_their_digest() {
    // SHA-256 of "abc", FIPS 180-2.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (digest, fits) in [(digest, true), (&digest.to_uppercase(), true), ("00", false), ("", false)] {
        let reply = json!({"file_name": "回执.pdf", "file_type": "pdf", "content": "YWJj", "sha256": digest});
        let outcome = told(ActKind::Release, &json!({"state": "done", "replies": [reply]}));
        assert_eq!(
            (outcome.replies[0].bytes.expose().as_slice(), outcome.replies[0].md5_fits),
            (b"abc".as_slice(), fits)
        );
    }
}

#[test]
fn leads_are_read_with_their_clock() {
    let lead = json!({"number": "X2026112200000000013-1", "class": "hit", "serial": "BK-7", "as_of": "2026-11-22T10:15:30+08:00",
        "respond_by": "2026-11-22T13:15:30+08:00", "details": {"place": "石浦检查站"}, "text": "布控车辆出现"});
    let body = json!({"leads": [lead]}).to_string();
    let inbound = read_inbound(&PLAIN, body.as_bytes()).ok().unwrap();
    let [lead] = inbound.leads.as_slice() else { panic!("one lead") };
    assert_eq!((lead.slip.as_str(), lead.line, lead.class), ("X2026112200000000013", Some(1), LeadClass::Hit));
    assert_eq!(lead.respond_by, Some(1_795_324_530_000));
    for (key, value) in
        [("class", json!("rumour")), ("serial", json!("")), ("number", Value::Null), ("respond_by", json!("soon"))]
    {
        let mut bad: Value = serde_json::from_str(&body).unwrap();
        bad["leads"][0][key] = value;
        assert!(
            matches!(read_inbound(&PLAIN, bad.to_string().as_bytes()).err(), Some(FaceFault::Malformed(_))),
            "{key}"
        );
    }
}

#[test]
fn a_callback_holds_so_many_items_and_not_one_more() {
    let result = json!({"number": "X2026112200000000013-1", "kind": "deduct", "state": "refused"});
    let lead = json!({"number": "X2026112200000000013-1", "class": "clue", "serial": "1"});
    let body = |results: usize, leads: usize| {
        json!({"results": vec![result.clone(); results], "leads": vec![lead.clone(); leads]}).to_string()
    };
    let read = |text: String| {
        read_inbound(&PLAIN, text.as_bytes()).map(|inbound| inbound.feedback.len() + inbound.leads.len())
    };
    assert_eq!(read(body(INBOUND_ITEMS_MAX - 1, 1)), Ok(INBOUND_ITEMS_MAX));
    assert!(matches!(read(body(INBOUND_ITEMS_MAX, 1)), Err(FaceFault::TooLarge(_))));
    assert!(read(body(INBOUND_ITEMS_MAX + 1, 0)).is_err());
    let strange = json!({"results": [{"number": "?", "kind": "deduct", "state": "refused"}, {"number": "X2026112200000000013-1", "state": "done"}, 7]});
    let inbound = read_inbound(&PLAIN, strange.to_string().as_bytes()).ok().unwrap();
    assert_eq!((inbound.feedback[0].slip.as_str(), inbound.feedback[0].line), ("?", None));
    assert!(
        inbound.feedback[1].outcome.is_err() && inbound.feedback[2].outcome.is_err(),
        "without its kind, and no object"
    );
}

fn states() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("done".to_owned()),
        Just("partly".to_owned()),
        Just("queued".to_owned()),
        Just("registered".to_owned()),
        Just("refused".to_owned()),
        Just("handed_back".to_owned()),
        Just("no_such_customer".to_owned()),
        "[a-z_]{1,12}",
    ]
}

proptest! {
    /// Whatever a partner writes: money is shown as moved or held only with a state that says so, and every sum as written.
    #[test]
    fn no_answer_shows_what_it_does_not_say(
        place in 0..ActKind::ALL.len(), state in states(), limit in proptest::option::of(0_i64..100_000),
        caught in proptest::option::of(0_i64..100_000), moved in proptest::option::of(0_i64..100_000), to in any::<bool>(),
    ) {
        let kind = ActKind::ALL[place];
        let sum = |fen: Option<i64>| fen.map(|fen| Money::from_fen(fen).to_string());
        let own = json!({"state": state, "limit": sum(limit), "caught": sum(caught), "moved": sum(moved), "to": to.then_some("2027-11-19")});
        let Judged::Answered(outcome) = judged(kind, &own) else { return Ok(()) };
        prop_assert_eq!(outcome.limit, limit.map(Money::from_fen));
        prop_assert_eq!(outcome.moved, moved.map(Money::from_fen));
        let took = outcome.verdict.state().took_effect() && outcome.verdict != Verdict::Queued;
        if !took && !kind.is_question() {
            prop_assert!(!outcome.moved.is_some_and(Money::is_positive));
            prop_assert!(kind != ActKind::Freeze || outcome.caught == Some(Money::ZERO));
        }
        if outcome.verdict == Verdict::Done && kind.transfers() {
            prop_assert!(outcome.moved.is_some_and(|moved| moved.is_positive() && outcome.limit.is_none_or(|limit| moved >= limit)));
        }
    }
}
