//! Faults of tables: all at once, at their keys, without their values.

use domain::Secret;
use domain::socket::{OptionFault, OptionText};

use super::{OPTIONS, Reading, mapping, sample};

fn faults(changes: &[(&str, Option<&str>)]) -> Vec<OptionFault> {
    let mut options = sample();
    for (key, text) in changes {
        match text {
            None => drop(options.entries.remove(*key)),
            Some(text) => {
                let entry = OptionText { text: Secret::new((*text).to_owned()), line: 9 };
                options.entries.insert((*key).to_owned(), entry);
            }
        }
    }
    let mut reading = Reading::begin(&options, OPTIONS);
    drop(mapping(&mut reading));
    reading.faults
}

fn keys(changes: &[(&str, Option<&str>)]) -> Vec<String> {
    let mut keys: Vec<String> = faults(changes).into_iter().map(|fault| fault.key).collect();
    keys.sort();
    keys
}

#[test]
fn every_fault_is_told_at_once_and_once() {
    let told = keys(&[
        ("send.any.body./req/no", None),
        ("send.any.body./head/time", Some("issued_at fen")),
        ("send.deduct.body./req/payee/account", None),
        ("send.freeze.body./req/cents/more", Some("text:x")),
        ("send.teleport.path", Some("/x")),
        ("answer.state", None),
        ("answer.caught", None),
        ("states.OK", Some("wonderful")),
        ("reasons.R9", Some("mood")),
        ("answer.ahead.at", None),
        ("receipt_states.DONE", Some("done")),
        ("colour", Some("red")),
    ]);
    assert_eq!(
        told,
        [
            "answer.ahead.at",
            "answer.caught",
            "answer.state",
            "colour",
            "reasons.R9",
            "receipt_states.DONE",
            "send.any.body./head/time",
            "send.deduct.body",
            "send.freeze.body",
            "send.freeze.body./req/cents/more",
            "send.query.body",
            "send.release.body",
            "send.renew.body",
            "send.teleport.path",
            "states.OK",
        ]
    );
}

#[test]
fn unknown_is_a_doubt_and_the_file_must_say_so() {
    assert_eq!(keys(&[("states.*", None)]), ["states.*"]);
    assert_eq!(keys(&[("states.*", Some("done"))]), ["states.*"]);
    assert_eq!(keys(&[("states.*", Some("refused"))]), ["states.*"]);
    assert_eq!(keys(&[("receipt_states.*", None)]), ["receipt_states.*"]);
    assert_eq!(keys(&[("states.NEVER", Some("never_reached"))]), ["states.NEVER"]);
}

#[test]
fn what_an_answer_proves_something_by_is_said_by_the_partner() {
    for key in ["answer.state", "answer.number", "answer.caught", "answer.to", "receipt.state", "posted.moved"] {
        assert_eq!(keys(&[(key, Some("text:OK"))]).first().map(String::as_str), Some(key));
    }
    let error = [("answer.error", Some("text:0000")), ("errors.*", Some("doubt"))];
    assert!(keys(&error).contains(&"answer.error".to_owned()));
    assert_eq!(keys(&[("answer.accounts.at", Some("text:x"))]), ["answer.accounts.at"]);
    assert_eq!(keys(&[("answer.text", Some("text:办结")), ("answer.accounts.class", Some("text:余额"))]), [""; 0]);
}

#[test]
fn a_question_without_a_place_for_what_was_found_is_a_fault() {
    let lists = ["at", "number", "class", "status", "currency", "balance", "available", "asset", "details.phone"];
    let mut without: Vec<(String, Option<&str>)> =
        lists.iter().map(|word| (format!("answer.accounts.{word}"), None)).collect();
    for key in [
        "asked.accounts.at",
        "posted.accounts.at",
        "answer.findings.at",
        "answer.findings.class",
        "answer.findings.details.phone",
    ] {
        without.push((key.to_owned(), None));
    }
    let without: Vec<(&str, Option<&str>)> = without.iter().map(|(key, text)| (key.as_str(), *text)).collect();
    assert_eq!(keys(&without), ["answer.accounts.at"]);
}

#[test]
fn a_code_that_two_words_share_is_not_read_back() {
    assert_eq!(keys(&[("codes.id_types.02", Some("ID_CARD"))]), Vec::<String>::new(), "written only");
    assert_eq!(keys(&[("codes.kinds.lift", Some("JD"))]), ["posted.kind"]);
}

#[test]
fn the_kind_of_what_is_posted_must_be_told_when_there_are_several() {
    assert_eq!(keys(&[("posted.kind", None)]), ["posted.kind"]);
}

#[test]
fn a_question_names_our_number_and_nothing_personal() {
    assert_eq!(keys(&[("ask.any.path", Some("/api/result"))]), ["ask.any.path"]);
    assert_eq!(
        keys(&[("ask.any.path", Some("/api/result")), ("ask.any.body./no", Some("number"))]),
        Vec::<String>::new()
    );
    assert_eq!(keys(&[("ask.any.body./who", Some("subject.id_number"))]), ["ask.any.body./who"]);
    for path in [
        "/r?name={subject.name}",
        "//evil.example/{number}",
        "/a#{number}",
        "a/{number}",
        "/ä/{number}",
        "/../{number}",
    ] {
        assert_eq!(keys(&[("ask.any.path", Some(path))]), ["ask.any.path"], "{path}");
    }
}

#[test]
fn faults_show_no_value() {
    let told = faults(&[
        ("constants.key", Some("s3cret")),
        ("send.any.body./k", Some("s3cret")),
        ("answer.to", Some("s3cret")),
    ]);
    assert!(told.len() == 2 && !format!("{told:?}").contains("s3cret"), "{told:?}");
    assert!(told.iter().all(|fault| fault.line == 9));
}

#[test]
fn further_tables_are_held_against_each_other_too() {
    assert_eq!(keys(&[("answer.error", Some("/rsp/code"))]), ["errors.*"]);
    assert_eq!(keys(&[("errors.E1", Some("refused"))]), ["errors.E1"], "looked up nowhere");
    let error = ("answer.error", Some("/rsp/code"));
    assert_eq!(keys(&[error, ("errors.*", Some("none"))]), ["errors.*"]);
    assert_eq!(keys(&[error, ("errors.*", Some("doubt")), ("errors.0", Some("done"))]), ["errors.0"]);
    assert_eq!(keys(&[("states_of.freeze.*", Some("doubt"))]), ["states_of.freeze.*"]);
    assert_eq!(keys(&[("states_of.teleport.OK", Some("done"))]), ["states_of.teleport.OK"]);
    assert_eq!(keys(&[("answer_of.teleport.state", Some("/x"))]), ["answer_of.teleport.state"]);
    assert_eq!(keys(&[("answer.leads.serial", None)]), ["answer.leads.serial"]);
    assert_eq!(keys(&[("answer.clues.at", Some("/x"))]), ["answer.clues.at"]);
    assert_eq!(keys(&[("posted.clues.at", Some("/x"))]).len(), 3, "class, serial, number");
    assert_eq!(keys(&[("answer.accounts_Funds.at", Some("/x"))]), ["answer.accounts_Funds.at"]);
    assert_eq!(keys(&[("answer.accounts_funds.number", Some("/x"))]), ["answer.accounts_funds.at"]);
    assert_eq!(keys(&[("answer.accounts.ahead.organ", Some("/x"))]), ["answer.accounts.ahead.at"]);
    assert_eq!(keys(&[("answer.accounts.at", Some("/rsp/accounts many"))]).len(), 1);
    assert_eq!(keys(&[("send.any.packed", Some("/elsewhere"))]), ["send.any.packed"]);
    assert_eq!(keys(&[("send.any.packed", Some("/req base32"))]), ["send.any.packed"]);
    assert_eq!(keys(&[("send.any.packed", Some("/req base64"))]), Vec::<String>::new());
}
