//! Properties: what is written reads back the same, and no bytes of a stranger make a panic or a result of another order.

use std::collections::{BTreeMap, BTreeSet};

use domain::outcome::Verdict;
use domain::socket::Judged;
use domain::{ActKind, Day, Money};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::json::{VALUES_MAX, read};
use super::super::place::{Node, Place};
use super::super::value::{Own, Shape, Sort, day, money, scalar, write};
use super::{Verbs, key, of, reply, sample};

const SUMS: [&str; 5] = ["yuan", "yuan_number", "yuan_grouped", "fen", "fen_number"];
const DAYS: [&str; 8] = ["dashed", "compact", "slashed", "dotted", "chinese", "instant", "epoch_ms", "epoch_s"];

fn json_value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("OK".to_owned()),
        Just("DENIED".to_owned()),
        Just("20271119".to_owned()),
        Just("X2026112200000000012-1".to_owned()),
        Just("DJ".to_owned()),
        ".{0,12}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("rsp"),
        Just("no"),
        Just("result"),
        Just("heldCents"),
        Just("end"),
        Just("results"),
        Just("type"),
        Just("accounts"),
        Just("earlier"),
        Just("stamped"),
        Just("data"),
        Just("why"),
        Just("msg")
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// A place of few names, so that places meet.
fn place() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("0"), Just("c~1d"), Just("e~0f"), Just("王")], 1..5)
        .prop_map(|steps| format!("/{}", steps.join("/")))
}

proptest! {
    #[test]
    fn sums_read_back(fen in 0_i64..10_000_000_000_000) {
        let sum = Money::from_fen(fen);
        for word in SUMS {
            let shape = Shape::parse(Sort::Money, Some(word)).unwrap();
            // Above fifteen digits a number with decimals is not written at all.
            let Some(written) = write(&Own::Money(sum), &shape, &BTreeMap::new()) else {
                prop_assert!(word == "yuan_number" && fen >= 10_000_000_000_000);
                continue;
            };
            let bytes = serde_json::to_vec(&written).unwrap();
            let text = scalar(Some(&read(&bytes).unwrap())).unwrap().unwrap();
            prop_assert_eq!(money(&text, &shape), Some(sum), "{} {}", word, text);
        }
    }

    #[test]
    fn days_read_back(count in -25_567_i32..60_000) {
        let date = Day::from_count(count);
        for word in DAYS {
            let shape = Shape::parse(Sort::Day, Some(word)).unwrap();
            let written = write(&Own::Day(date), &shape, &BTreeMap::new()).unwrap();
            let text = scalar(Some(&written)).unwrap().unwrap();
            prop_assert_eq!(day(&text, &shape), Some(date), "{} {}", word, text);
        }
    }

    #[test]
    fn what_is_put_stands_there_or_is_refused(places in prop::collection::vec(place(), 1..12)) {
        let mut node = Node::empty();
        let mut kept: Vec<(Place, Value)> = Vec::new();
        for (nth, text) in places.iter().enumerate() {
            let place = Place::parse(text).unwrap();
            let mut next = node.clone();
            if next.put(&place, Node::Leaf(json!(nth))).is_some() {
                node = next;
                kept.push((place, json!(nth)));
            }
        }
        prop_assert!(!kept.is_empty());
        let bytes = serde_json::to_vec(&node).unwrap();
        let value = read(&bytes).unwrap();
        for (place, put) in &kept {
            prop_assert_eq!(place.find(&value), Some(put));
        }
        let distinct: BTreeSet<&Place> = kept.iter().map(|(place, _)| place).collect();
        prop_assert_eq!(distinct.len(), kept.len());
    }

    #[test]
    fn no_bytes_make_a_panic_or_another_orders_result(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mapping = of(&sample());
        let mut told = reply(200, "");
        told.body = Ok(bytes.clone());
        let judged = mapping.judge(Verbs::Asked, ActKind::Freeze, key(ActKind::Freeze), false, &told);
        let is_doubt = matches!(judged, Judged::Doubt { .. });
        prop_assert!(is_doubt);
        drop(mapping.inbound(&bytes));
    }

    #[test]
    fn no_json_makes_a_panic_or_another_orders_result(value in json_value()) {
        let mapping = of(&sample());
        let text = value.to_string();
        for kind in [ActKind::Query, ActKind::Freeze, ActKind::Deduct] {
            let number = key(kind);
            for (verb, says_receipt) in [(Verbs::Asked, false), (Verbs::Sent, false), (Verbs::Sent, true)] {
                if let Judged::Answered(outcome) = mapping.judge(verb, kind, number, says_receipt, &reply(200, &text)).parted().0 {
                    prop_assert!(says_receipt || text.contains(&number.to_string()));
                    if kind == ActKind::Freeze && outcome.verdict == Verdict::Done {
                        prop_assert!(outcome.caught.is_some() && outcome.to.is_some());
                    }
                }
            }
        }
        drop(mapping.inbound(text.as_bytes()));
    }

    #[test]
    fn a_damaged_answer_is_never_more_than_it_said(at in 0_usize..400, byte in any::<u8>()) {
        let golden = include_str!("../golden/freeze_partly.json");
        let mut bytes = golden.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let mut told = reply(200, "");
        told.body = Ok(bytes);
        let judged = of(&sample()).judge(Verbs::Asked, ActKind::Freeze, key(ActKind::Freeze), false, &told);
        if let Judged::Answered(outcome) = judged {
            prop_assert!(outcome.verdict != Verdict::Done);
        }
    }
}

#[test]
fn json_is_read_strictly_and_within_bounds() {
    for wrong in
        ["", "{", "{} {}", r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, "nul", "\u{feff}{}", "[1,]", r#""\ud800""#]
    {
        assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(read(&[b"[".repeat(200), b"]".repeat(200)].concat()).is_err(), "too deep");
    let many = format!("[{}]", vec!["0"; VALUES_MAX].join(","));
    assert!(read(many.as_bytes()).is_err(), "too much");
    let fewer = format!("[{}]", vec!["0"; VALUES_MAX - 1].join(","));
    assert!(read(fewer.as_bytes()).is_ok());
}
