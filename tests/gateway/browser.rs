//! The inbox in a real browser: Debian's chromium does what a clerk does, and the trail holds what came of it.
//!
//! What is done at the pages stands in `tests/gateway/foreign/browser/`, in the clerk's words; pictures of the pages land below the target folder.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::bench::{Caller, Gateway, Setup, Submitted, acts, eventually, foreign, freeze, person};

const ACCOUNT: &str = "6228480318051081870";
const CASE: &str = "(2026)浙0225执90210号";
/// What `pdf("回执.pdf", "sealed")` of the script uploads.
const SEALED: &[u8] = b"%PDF-1.7\n% sealed\n%%EOF\n";

/// A gateway with an inbox, the tokens of its two clerks, and a request with a question and a freeze for it.
fn counter(due_s: u64) -> (Gateway, Vec<String>, Submitted) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let tokens = gateway.add_inbox("desk-a", "bank", due_s, &["clerk-1", "clerk-2"]);
    gateway.start();
    let query = json!({ "kind": "query", "partner": "desk-a", "subject": 0 });
    let asked =
        gateway.submit(&acts(&[0], vec![query, freeze("desk-a", ACCOUNT, "500.00")]).claim("1000.00").case(CASE));
    (gateway, tokens, asked)
}

/// Runs a script of the browser; what it saw.
fn browse(script: &str, gateway: &Gateway, told: Value) -> Value {
    let pictures = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&pictures).unwrap();
    let identity = person(0);
    let mut all = json!({
        "url": gateway.url(), "chromium": "/usr/bin/chromium", "pictures": pictures, "case": CASE, "account": ACCOUNT,
        "name": identity.name, "id_number": identity.id_number,
    });
    all.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
    let seen = foreign(&["node", &format!("browser/{script}"), "node"], &all);
    serde_json::from_str(&seen).unwrap_or_else(|error| panic!("{script}: {error}: {seen}"))
}

fn outcomes(gateway: &Gateway, id: &str) -> Vec<Value> {
    let leaves = gateway.events(id).into_iter().filter(|leaf| leaf["e"] == "outcome.received");
    leaves.map(|leaf| leaf["f"].clone()).collect()
}

#[test]
fn a_clerk_answers_with_a_sealed_reply_and_what_was_filled_in_is_what_the_court_gets() {
    let (gateway, tokens, asked) = counter(86_400);
    let digest = engine::vault::hex(&Sha256::digest(SEALED));
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    let to = domain::Day::of(now).plus_days(300).to_string();
    let seen = browse("answer.mjs", &gateway, json!({ "token": tokens[0], "digest": digest, "to": to }));
    let view = gateway.wait_finished(&asked.id);
    let frozen = view.act("freeze", "desk-a");
    let outcome = &frozen["outcomes"][0];
    assert_eq!((&frozen["state"], view.ledger("controlled")), (&json!("partly"), "320.50"), "{frozen:#}");
    assert_eq!(
        (&outcome["limit"], &outcome["caught"], &outcome["to"]),
        (&json!("500.00"), &json!("320.50"), &json!(to))
    );
    assert_eq!(
        (&outcome["serial"], &outcome["text"]),
        (&json!("ZH-2026-17"), &json!("余额不足，余下部分<b>轮候</b> \"&amp;\""))
    );
    assert_eq!(
        (&outcome["ahead"][0]["organ"], &outcome["ahead"][0]["amount"]),
        (&json!("宁海县人民法院"), &json!("120000.00"))
    );
    assert_eq!(outcome["replies"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&outcome["replies"][0]["file_name"], &outcome["replies"][0]["digest"]),
        (&json!("回执.pdf"), &json!(format!("sha256:{digest}")))
    );
    assert_eq!(view.act("query", "desk-a")["outcomes"][0]["verdict"], "no_such_customer");
    // Pressed twice, gone back and forth: once each.
    let received = outcomes(&gateway, &asked.id);
    assert_eq!(received.len(), 2, "{received:#?}");
    assert!(received.iter().all(|leaf| leaf["way"] == "inbox" && leaf["supersedes"] != true));
    // The place that the clerk's page names is that of the leaf, which holds the digest of what was sealed with the reply in it.
    assert_eq!(outcome["sequence"], seen["sequence"]);
    let entry = eventually("the answer's proof", || {
        let entry = gateway.caller("auditor").get(&format!("/v1/trail/entries/{}", seen["sequence"]));
        (entry.status == 200).then(|| entry.json())
    });
    assert_eq!((&entry["leaf"]["e"], &entry["leaf"]["f"]["way"]), (&json!("outcome.received"), &json!("inbox")));
    assert_eq!(entry["leaf"]["body"].as_str().unwrap().len(), 64, "{entry:#}");
    the_printed_sheet_is_one_page_with_the_case();
}

fn the_printed_sheet_is_one_page_with_the_case() {
    let sheet = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser/sheet.pdf");
    let read: Value =
        serde_json::from_str(&foreign(&["python/bin/python", "sheet.py"], &json!({ "path": sheet }))).unwrap();
    assert_eq!(read["pages"], 1);
    // A machine without Chinese fonts prints boxes for them, which some versions of the reader tell as NUL, and numbers all the same.
    let ascii = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
    let text = ascii(read["text"].as_str().unwrap());
    assert!(text.contains(&ascii(CASE)) && text.contains(ACCOUNT) && text.contains("500.00"), "{text}");
}

#[test]
fn of_two_clerks_the_second_is_told_who_has_the_task_and_keeps_what_was_typed() {
    let (gateway, tokens, asked) = counter(86_400);
    browse("together.mjs", &gateway, json!({ "tokens": tokens }));
    let view = gateway.view(&asked.id);
    assert_eq!((view.state_of("freeze", "desk-a"), view.ledger("controlled")), ("done", "500.00"));
    assert_eq!(outcomes(&gateway, &asked.id).len(), 1);
}

#[test]
fn every_page_is_used_by_keyboard_read_aloud_and_seen_on_any_screen() {
    let (gateway, tokens, asked) = counter(1);
    // A colleague looked once, and then nobody did anything.
    let colleague = Caller { base: gateway.url().to_owned(), token: tokens[1].clone() };
    eventually("both tasks to be overdue", || {
        (colleague.get("/v1/partner/tasks").of_status(200).json()["overdue"] == 2).then_some(())
    });
    browse("reach.mjs", &gateway, json!({ "token": tokens[0] }));
    let view = gateway.view(&asked.id);
    assert_eq!((view.state_of("freeze", "desk-a"), view.ledger("controlled")), ("partly", "80.00"));
}
