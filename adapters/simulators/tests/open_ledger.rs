//! Books of the open form on disk: a partner killed at any moment answers the same numbers the same, never does a thing twice, and
//! posts what it still owes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod inbound;
mod partner;

use std::path::Path;

use inbound::Inbound;
use partner::{DEBTOR, INDUSTRIES, Industry, PLATE, Partner, WINDOW_MS, task};
use serde_json::{Value, json};
use simulators::bank::BooksError;
use simulators::insurance::InsurerRules;
use simulators::{Insurance, InsuranceConfig, OpenConfig, SimulatorError};

/// What a gateway sends and what happens at the partner.
enum Step {
    Task(&'static str, Value),
    Happens(&'static str, Value),
}

/// One thing of each kind, ending in money paid or people come; whatever is done a second time changes nothing.
fn story(industry: Industry) -> Vec<Step> {
    let tasks = |name, number, original| Step::Task(number, task(industry, name, number, original));
    match industry {
        Industry::Insurance => vec![
            tasks("query", "Q-1", ""),
            tasks("freeze", "F-1", ""),
            tasks("freeze", "F-2", ""),
            tasks("surrender", "S-1", "F-1"),
            Step::Happens("/advance_ms", json!({ "ms": WINDOW_MS })),
        ],
        Industry::HousingFund => vec![
            tasks("query", "Q-1", ""),
            tasks("freeze", "F-1", ""),
            tasks("deduct", "D-1", "F-1"),
            Step::Happens("/review_all", json!({})),
            Step::Happens("/retire", json!({"id_number": DEBTOR})),
        ],
        Industry::Police => vec![
            tasks("query", "Q-1", ""),
            tasks("watch_vehicle", "W-1", ""),
            tasks("locate", "L-1", ""),
            tasks("support", "S-1", ""),
            Step::Happens("/settle", json!({"number": "L-1"})),
            Step::Happens("/pass", json!({"key": PLATE, "place": "象山港大桥"})),
            Step::Happens("/finish", json!({"number": "S-1", "standing": "done"})),
        ],
    }
}

fn numbers(industry: Industry) -> Vec<&'static str> {
    let task = |step: Step| match step {
        Step::Task(number, _) => Some(number),
        Step::Happens(..) => None,
    };
    story(industry).into_iter().filter_map(task).collect()
}

async fn live_through(partner: &Partner, industry: Industry) {
    for step in story(industry) {
        match step {
            Step::Task(_, task) => assert!([200, 202].contains(&partner.send(&task).await.0)),
            // What happened before the kill is refused now, or changes nothing.
            Step::Happens(path, body) => drop(partner.admin("POST", path, Some(&body)).await),
        }
    }
}

/// Without the police's own time, which runs.
fn untimed(mut answer: Value) -> Value {
    if let Some(object) = answer.as_object_mut() {
        object.remove("as_of");
    }
    answer
}

async fn answers(partner: &Partner, industry: Industry) -> Vec<Value> {
    let mut answers = Vec::new();
    for number in numbers(industry) {
        let (status, answer) = partner.ask(number).await;
        answers.push(json!([status, untimed(answer)]));
    }
    answers
}

/// The file as a kill at this moment leaves it: a partner that was not stopped goes on writing elsewhere.
fn image(ledger: &Path, at: &Path) -> Vec<Vec<u8>> {
    std::fs::copy(ledger, at).unwrap();
    let bytes = std::fs::read(at).unwrap();
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[tokio::test]
async fn a_partner_killed_after_any_line_or_within_it_ends_where_an_undisturbed_one_does() {
    for industry in INDUSTRIES {
        let folder = tempfile::TempDir::new().unwrap();
        let (ledger, cut) = (folder.path().join("ledger"), folder.path().join("cut"));
        let undisturbed = Partner::start(industry, Some(&ledger)).unwrap();
        live_through(&undisturbed, industry).await;
        let (told, paid) = (answers(&undisturbed, industry).await, undisturbed.paid());
        assert_eq!(paid.len(), usize::from(industry != Industry::Police));
        let lines = image(&ledger, &cut);
        assert!(lines.len() > story(industry).len(), "{industry:?} {}", lines.len());
        for kept in 0..=lines.len() {
            let mut bytes = lines[..kept].concat();
            bytes.extend(lines.get(kept).into_iter().flat_map(|torn| &torn[..torn.len() / 2]));
            std::fs::write(&cut, &bytes).unwrap();
            let partner = Partner::start(industry, Some(&cut)).unwrap();
            let known = lines[..kept].iter().filter(|line| line.starts_with(b"{\"task\"")).count();
            assert_eq!(partner.taken(), known, "{industry:?} cut at {kept}");
            live_through(&partner, industry).await;
            assert_eq!(answers(&partner, industry).await, told, "{industry:?} cut at {kept}");
            assert_eq!(partner.paid(), paid, "{industry:?} cut at {kept}");
            for number in numbers(industry) {
                let (count, once) = (partner.effect_count(number), undisturbed.effect_count(number));
                assert_eq!(count, once, "{industry:?} {number} cut at {kept}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_answered_before_a_kill_is_answered_after_it() {
    for industry in INDUSTRIES {
        let folder = tempfile::TempDir::new().unwrap();
        let (ledger, killed) = (folder.path().join("ledger"), folder.path().join("killed"));
        let partner = Partner::start(industry, Some(&ledger)).unwrap();
        for step in story(industry) {
            match step {
                Step::Task(number, mut task) => {
                    let answer = partner.send(&task).await;
                    // Everything that was answered is in the file by now, without any stop.
                    image(&ledger, &killed);
                    let again = Partner::start(industry, Some(&killed)).unwrap();
                    assert_eq!(again.send(&task).await, answer, "{industry:?} {number}");
                    assert_eq!(again.effect_count(number), partner.effect_count(number));
                    task["note"] = json!("other content");
                    assert_eq!(again.send(&task).await.0, 409);
                    assert_eq!(again.ask("Z-1").await.0, 404);
                }
                Step::Happens(path, body) => drop(partner.tell(path, body).await),
            }
        }
    }
}

/// Until the gateway has taken everything.
async fn until_posted(partner: &Partner) {
    while !partner.all_posted() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_not_posted_is_posted_after_the_restart_and_only_then() {
    for industry in INDUSTRIES {
        let folder = tempfile::TempDir::new().unwrap();
        let (ledger, killed) = (folder.path().join("ledger"), folder.path().join("killed"));
        let partner = Partner::start(industry, Some(&ledger)).unwrap();
        // A gateway that never takes anything: what is under way to it is not yet taken.
        let deaf = Inbound::start(usize::MAX);
        partner.call_back(deaf.callback("partner"));
        live_through(&partner, industry).await;
        drop(deaf.next());
        image(&ledger, &killed);
        let inbound = Inbound::start(0);
        let again = Partner::start(industry, Some(&killed)).unwrap();
        assert!(!again.all_posted() && again.callbacks().is_empty(), "{industry:?}");
        again.call_back(inbound.callback("partner"));
        until_posted(&again).await;
        let records = again.callbacks();
        let wanted: &[(&str, &str)] = match industry {
            Industry::Insurance => &[("S-1", "done"), ("F-2", "refused")],
            Industry::HousingFund => &[("D-1", "registered"), ("D-1", "done")],
            Industry::Police => &[("L-1", "done"), ("S-1", "done"), ("W-1", "hit")],
        };
        let mut told: Vec<(&str, &str)> = records.iter().map(|r| (r.number.as_str(), r.what.as_str())).collect();
        let mut wanted = wanted.to_vec();
        told.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(told, wanted, "{industry:?}");
        drop(again);
        let third = Partner::start(industry, Some(&killed)).unwrap();
        assert!(third.all_posted(), "{industry:?}: nothing is posted twice");
        assert_eq!(third.callbacks(), records);
    }
}

#[tokio::test]
async fn clock_and_calendar_go_on_where_they_were() {
    let folder = tempfile::TempDir::new().unwrap();
    let ledger = folder.path().join("ledger");
    let insurer = Partner::start(Industry::Insurance, Some(&ledger)).unwrap();
    insurer.send(&task(Industry::Insurance, "freeze", "F-1", "")).await;
    insurer.send(&task(Industry::Insurance, "surrender", "S-1", "F-1")).await;
    insurer.tell("/advance_ms", json!({ "ms": WINDOW_MS / 2 })).await;
    insurer.tell("/date", json!({"day": "2026-11-29"})).await;
    drop(insurer);
    let insurer = Partner::start(Industry::Insurance, Some(&ledger)).unwrap();
    assert_eq!(insurer.ask("S-1").await.1["state"], json!("registered"));
    assert_eq!(insurer.tell("/date", json!({"day": "2026-11-22"})).await, json!({"today": "2026-11-29"}));
    insurer.tell("/advance_ms", json!({ "ms": WINDOW_MS / 2 })).await;
    assert_eq!(insurer.ask("S-1").await.1["state"], json!("done"));
}

#[tokio::test]
async fn a_ledger_of_other_books_or_a_changed_line_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let ledger = folder.path().join("ledger");
    let insurer = Partner::start(Industry::Insurance, Some(&ledger)).unwrap();
    insurer.send(&task(Industry::Insurance, "freeze", "F-1", "")).await;
    drop(insurer);
    let open = OpenConfig { ledger: Some(ledger.clone()), ..OpenConfig::default() };
    let config = InsuranceConfig { open, rules: InsurerRules::default() };
    let refused = Insurance::start_with(Vec::new(), config).err();
    assert!(matches!(refused, Some(SimulatorError::Books(BooksError::OtherBooks { line: 2, .. }))));
    let of_another = Partner::start(Industry::HousingFund, Some(&ledger)).err();
    assert!(matches!(of_another, Some(SimulatorError::Books(BooksError::OtherBooks { .. }))));
    let text = std::fs::read_to_string(&ledger).unwrap();
    std::fs::write(&ledger, text.replace("{\"began\"", "{\"begun\"")).unwrap();
    let refused = Partner::start(Industry::Insurance, Some(&ledger)).err();
    assert!(matches!(refused, Some(SimulatorError::Books(BooksError::Line { line: 1, .. }))));
}
