//! Tasks: the same bytes each time, what they carry, and how large they may be.

use std::sync::Arc;

use domain::act::NOTE_CHARS_MAX;
use domain::slip::{Slip, SlipContext};
use domain::{ActKind, Money, Personal};
use proptest::prelude::*;
use serde_json::Value;

use super::PLAIN;
use super::specimen::{paper, slip};
use crate::open::task;
use crate::open::task::TASK_BYTES_MAX;

fn written(slip: &Slip) -> Value {
    serde_json::from_slice(&task(&PLAIN, slip, &[]).ok().unwrap()).unwrap()
}

#[test]
fn every_kind_says_what_it_must() {
    for kind in ActKind::ALL {
        let json = written(&slip(*kind, Some("A-1")));
        assert_eq!((json["kind"].as_str(), json["issued_at"].as_str()), (Some(kind.word()), Some("2026-11-22")));
        assert_eq!(json["number"].as_str().unwrap(), format!("X2026112200000000012-{}", u8::from(!kind.is_question())));
        assert_eq!(
            json.get("destination").is_some(),
            kind.moves_money(),
            "{kind:?}: the account is nobody's business else"
        );
        assert_eq!(json.get("payer").is_some(), kind.gives_back(), "{kind:?}: money goes back from where it went");
        assert_eq!(json["original"].get("serial").is_some(), kind.gives_back(), "{kind:?}");
        assert_eq!(json.get("amount").is_some(), kind.needs_amount(), "{kind:?}");
        assert_eq!(json.get("original").is_some(), !kind.builds_on().is_empty(), "{kind:?}");
        assert_eq!(json["officers"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn papers_go_with_their_bytes_or_by_name() {
    let slip = slip(ActKind::Freeze, Some("A-1"));
    let named = &written(&slip)["papers"][0];
    assert_eq!((named["sha256"].as_str(), named.get("content")), (Some("00"), None));
    let json: Value =
        serde_json::from_slice(&task(&PLAIN, &slip, &[paper("ruling", "裁定书.pdf")]).ok().unwrap()).unwrap();
    let carried = &json["papers"][0];
    assert_eq!(
        (carried["content"].as_str(), carried["sha256"].as_str().map(str::len)),
        (Some("JVBERi0xLjQK"), Some(64))
    );
    let mut large = paper("ruling", "裁定书.pdf");
    large.bytes = Personal::new(vec![b' '; TASK_BYTES_MAX * 3 / 4 - 4_096]);
    assert!(task(&PLAIN, &slip, &[large]).is_ok_and(|json| json.len() <= TASK_BYTES_MAX));
    for bytes in [TASK_BYTES_MAX * 3 / 4, TASK_BYTES_MAX + 1] {
        let mut large = paper("ruling", "裁定书.pdf");
        large.bytes = Personal::new(vec![b' '; bytes]);
        assert!(task(&PLAIN, &slip, &[large]).is_err(), "the partner would refuse it");
    }
}

#[test]
fn a_bare_slip_number_means_its_first_line() {
    let mut slip = slip(ActKind::Release, Some("A-1"));
    for (ours, said) in [
        ("X2026112000000000007-3", "X2026112000000000007-3"),
        ("X2026112000000000007", "X2026112000000000007-1"),
        ("A20261120E0200000001", "A20261120E0200000001"),
    ] {
        slip.lines[0].original.as_mut().unwrap().slip = ours.to_owned();
        assert_eq!(written(&slip)["original"]["number"].as_str(), Some(said));
    }
}

#[test]
fn a_part_is_said_and_so_is_a_freeze_that_is_taken_over() {
    let mut part = slip(ActKind::Release, Some("A-1"));
    part.lines[0].amount = Some(Money::from_fen(500_000));
    assert_eq!(written(&part)["amount"].as_str(), Some("5000.00"));
    let mut freeze = slip(ActKind::Freeze, Some("A-1"));
    freeze.lines[0].original = slip(ActKind::Release, None).lines[0].original.clone();
    freeze.lines[0].original.as_mut().unwrap().slip = "象公(刑)冻财字[2026]17号".to_owned();
    assert_eq!(written(&freeze)["original"]["number"].as_str(), Some("象公(刑)冻财字[2026]17号"));
}

#[test]
fn money_does_not_go_back_without_sum_and_number() {
    for kind in [ActKind::Reverse, ActKind::Reinstate] {
        let lacks = |change: fn(&mut domain::slip::Line)| {
            let mut slip = slip(kind, Some("A-1"));
            change(&mut slip.lines[0]);
            task(&PLAIN, &slip, &[]).is_err()
        };
        assert!(lacks(|line| line.amount = None) && lacks(|line| line.amount = Some(Money::ZERO)));
        assert!(lacks(|line| line.original = None));
        assert!(!lacks(|line| line.details.clear()), "the partner's own number may be unknown");
    }
}

#[test]
fn without_a_mandatory_word_nothing_is_written() {
    let without = |change: fn(&mut SlipContext)| {
        let mut slip = slip(ActKind::Query, None);
        let mut context = SlipContext {
            case: slip.context.case.clone(),
            officers: slip.context.officers.clone(),
            papers: Vec::new(),
        };
        change(&mut context);
        slip.context = Arc::new(context);
        task(&PLAIN, &slip, &[]).is_err()
    };
    assert!(!without(|_| {}));
    assert!(without(|context| context.case.number = Personal::new(" ".to_owned())));
    assert!(without(|context| context.case.court.name.clear()));
    assert!(without(|context| context.case.parties[0].name = Personal::new(String::new())));
    assert!(without(|context| context.case.parties[0].id_type.clear()));
    assert!(without(|context| context.case.parties[0].id_number = Personal::new(String::new())));
    assert!(without(|context| context.case.parties.clear()));
}

proptest! {
    #[test]
    fn any_words_are_carried_whole_and_the_same_each_time(name in "\\PC{1,40}", note in any::<String>(), asset in "\\PC{1,30}") {
        prop_assume!(!name.trim().is_empty());
        let mut slip = slip(ActKind::Watch, Some(&asset));
        let note: String = note.chars().take(NOTE_CHARS_MAX).collect();
        slip.lines[0].note = Some(Personal::new(note.clone()));
        let mut case = slip.context.case.clone();
        case.parties[0].name = Personal::new(name.clone());
        let (officers, papers) = (slip.context.officers.clone(), slip.context.papers.clone());
        slip.context = Arc::new(SlipContext { case, officers, papers });
        let bytes = task(&PLAIN, &slip, &[]).ok().unwrap();
        prop_assert!(task(&PLAIN, &slip, &[]).ok() == Some(bytes.clone()));
        let json: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(json["subject"]["name"].as_str(), Some(name.as_str()));
        prop_assert_eq!(json["asset"].as_str(), Some(asset.as_str()));
        prop_assert_eq!(json.get("note").and_then(Value::as_str).unwrap_or_default(), note.as_str());
    }
}
