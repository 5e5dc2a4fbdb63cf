//! Doubt: what may have happened is never shown as done or failed, is asked about by our number, and never happens twice.

use serde_json::{Value, json};
use simulators::{Fault, Knob};

use crate::bench::{Answer, Doubt, Gateway, Spec, View, acts, collect, freeze, secure};

const FREEZE: &str = "100201";
const DEDUCT: &str = "100211";

fn mute_bank(doubt: Doubt) -> Gateway {
    let spec = Spec::called("bank-a").holds(&[100_000]).with(|spec| {
        spec.doubt = doubt;
        spec.total_ms = 400;
        spec.ask_after_ms = 400;
        spec.retry_ms = (50, 800);
    });
    Gateway::with(vec![spec])
}

fn in_doubt(kind: &'static str) -> impl Fn(&View) -> bool {
    move |view| view.state_of(kind, "bank-a") == "in_doubt"
}

fn settle(gateway: &Gateway, by: &str, act: &Value, took_effect: bool) -> Answer {
    let sum = took_effect.then(|| act["amount"].as_str().unwrap().to_owned());
    say(gateway, by, act, sum.as_deref())
}

/// What somebody says the bank's paper says: the sum, or that nothing happened.
fn say(gateway: &Gateway, by: &str, act: &Value, sum: Option<&str>) -> Answer {
    let paper = gateway.paper("reply", "银行书面答复.pdf", "复1号", b"%PDF-1.4 the bank's paper");
    let mut body = json!({ "took_effect": sum.is_some(), "document": paper["digest"], "reason": "按银行书面答复确认" });
    if let Some(sum) = sum {
        body["amount"] = json!(sum);
    }
    gateway.caller(by).post(&format!("/v1/acts/{}/resolve", act["id"].as_str().unwrap()), &body)
}

#[test]
fn silence_after_acceptance_is_doubt_until_our_number_is_asked_about() {
    let gateway = mute_bank(Doubt { asked: true, deduplicates: false, not_found_ms: None });
    for code in [FREEZE, DEDUCT] {
        gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceAfterAccept, 1).only(code));
    }
    let submitted = gateway.submit(&collect(&[0]).claim("600.00"));
    for kind in ["freeze", "deduct"] {
        let view = gateway.wait_until(&submitted.id, "doubt", in_doubt(kind));
        assert_eq!((view.state(), view.ledger("in_doubt")), ("open", "600.00"));
        assert!(!view.act(kind, "bank-a")["next"]["what"].as_str().unwrap().is_empty());
    }
    let view = gateway.wait_finished(&submitted.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.state_of("deduct", "bank-a")), ("done", "done"));
    assert_eq!((view.ledger("deducted"), view.ledger("in_doubt")), ("600.00", "0.00"));
    assert_eq!(gateway.bank("bank-a").paid(), 60_000);
    for kind in ["freeze", "deduct"] {
        let act = view.act(kind, "bank-a");
        assert_eq!(gateway.begins(&submitted.id, "send", act).len(), 1, "never sent twice");
        assert!(!gateway.begins(&submitted.id, "ask", act).is_empty());
    }
}

#[test]
fn who_cannot_be_asked_and_does_not_deduplicate_is_settled_by_two_people_with_a_paper() {
    let gateway = mute_bank(Doubt { asked: false, deduplicates: false, not_found_ms: None });
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceAfterAccept, 1).only(DEDUCT));
    let submitted = gateway.submit(&collect(&[0]).claim("600.00"));
    let view = gateway.wait_until(&submitted.id, "doubt", in_doubt("deduct"));
    let act = view.act("deduct", "bank-a").clone();
    // Whatever time passes and whatever happens, doubt stays: three other requests go and come meanwhile.
    for person in 1..4 {
        gateway.run(&collect(&[person]).claim("10.00"));
    }
    let one = settle(&gateway, "officer", &act, true).of_status(200).json();
    assert!(one["version"].as_u64().unwrap() > view.version());
    assert_eq!(gateway.view(&submitted.id).state_of("deduct", "bank-a"), "in_doubt", "one is not enough");
    assert_eq!(settle(&gateway, "officer", &act, true).of_status(403).slug(), "same_person");
    assert_eq!((&one["settled"], &one["differs"]), (&json!(false), &json!(false)));
    let next = gateway.view(&submitted.id).act("deduct", "bank-a")["next"].clone();
    assert!(next["what"].as_str().unwrap().contains("已有一人") && next["who"] == "另一名承办人员", "{next:#}");
    let two = settle(&gateway, "approver", &act, true).of_status(200).json();
    assert_eq!((&two["settled"], &two["differs"]), (&json!(true), &json!(false)));
    let view = gateway.wait_finished(&submitted.id);
    assert_eq!((view.state_of("deduct", "bank-a"), view.ledger("deducted")), ("done", "600.00"), "{:#}", view.0);
    assert_eq!(gateway.begins(&submitted.id, "send", &act).len(), 1);
    assert_eq!(gateway.bank("bank-a").paid(), 60_000 + 3 * 1_000);
}

/// The words about an act in the trail: who, whether it took effect, and the state it came to.
fn words(gateway: &Gateway, id: &str) -> Vec<(String, bool, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let leaves = gateway.events(id);
    let words = leaves.iter().filter(|leaf| leaf["e"] == "act.resolved").map(|leaf| &leaf["f"]);
    words.map(|word| (text(&word["by"]), word["took_effect"] == true, text(&word["state"]))).collect()
}

#[test]
fn a_wrong_word_is_corrected_or_contradicted_and_only_two_alike_end_a_doubt() {
    let mut gateway = mute_bank(Doubt { asked: false, deduplicates: false, not_found_ms: None });
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1).only(FREEZE));
    let account = gateway.bank("bank-a").account(0);
    let submitted = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]));
    let act = gateway.wait_until(&submitted.id, "doubt", in_doubt("freeze")).act("freeze", "bank-a").clone();
    let told = |by: &str, sum: Option<&str>, gateway: &Gateway| {
        let told = say(gateway, by, &act, sum).of_status(200).json();
        let next = gateway.view(&submitted.id).act("freeze", "bank-a")["next"].clone();
        (told["settled"] == true, told["differs"] == true, next["what"].as_str().unwrap().contains("不一致"))
    };
    // The first mistypes the sum, and says so.
    assert_eq!(told("officer", Some("50.00"), &gateway), (false, false, false));
    assert_eq!(told("officer", Some("500.00"), &gateway), (false, false, false));
    // The second finds that the paper says nothing of the kind.
    assert_eq!(told("approver", None, &gateway), (false, true, true));
    assert_eq!(say(&gateway, "approver", &act, None).of_status(403).slug(), "same_person");
    gateway.restart();
    assert_eq!(told("second", Some("500.00"), &gateway), (false, true, true), "the words differ over a restart");
    let shown = gateway.view(&submitted.id).act("freeze", "bank-a").clone();
    assert_eq!(shown["state"], "in_doubt");
    assert!(shown["next"]["who"].as_str().unwrap().contains("最近一次确认人以外"), "{shown:#}");
    assert_eq!(gateway.view(&submitted.id).ledger("in_doubt"), "500.00");
    // The first looks again, and another one agrees: any two persons, the same word.
    assert_eq!(told("officer", None, &gateway), (false, true, true));
    assert_eq!(told("approver", None, &gateway), (true, false, false));
    let view = gateway.wait_finished(&submitted.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("in_doubt")), ("unsent", "0.00"));
    let said = words(&gateway, &submitted.id);
    let said: Vec<_> = said.iter().map(|(by, took, state)| (by.as_str(), *took, state.as_str())).collect();
    assert_eq!(
        said,
        [
            ("officer", true, ""),
            ("officer", true, ""),
            ("approver", false, ""),
            ("second", true, ""),
            ("officer", false, ""),
            ("approver", false, "unsent")
        ]
    );
    assert!(gateway.bank("bank-a").books().effects().is_empty());
}

#[test]
fn two_people_may_also_find_that_nothing_happened() {
    let gateway = mute_bank(Doubt { asked: false, deduplicates: false, not_found_ms: None });
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1).only(FREEZE));
    let account = gateway.bank("bank-a").account(0);
    let submitted = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]));
    let view = gateway.wait_until(&submitted.id, "doubt", in_doubt("freeze"));
    for by in ["officer", "approver"] {
        settle(&gateway, by, view.act("freeze", "bank-a"), false).of_status(200);
    }
    let view = gateway.wait_finished(&submitted.id);
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("exposure")), ("unsent", "0.00"));
    let act = view.act("freeze", "bank-a");
    assert_eq!(act["outcomes"][0]["verdict"], "refused", "their word is what was said of it");
    assert!(act["next"]["what"].as_str().unwrap().contains("未生效"), "it was sent: {act:#}");
    assert!(gateway.bank("bank-a").books().effects().is_empty());
}

#[test]
fn a_doubt_that_came_to_a_part_of_the_sum_says_so() {
    let gateway = mute_bank(Doubt { asked: false, deduplicates: false, not_found_ms: None });
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceAfterAccept, 1).only(DEDUCT));
    let submitted = gateway.submit(&collect(&[0]).claim("600.00"));
    let view = gateway.wait_until(&submitted.id, "doubt", in_doubt("deduct"));
    let act = view.act("deduct", "bank-a").clone();
    let paper = gateway.paper("reply", "银行书面答复.pdf", "复1号", b"%PDF-1.4 the bank's paper");
    let denied_with_a_sum =
        json!({ "took_effect": false, "amount": "10.00", "document": paper["digest"], "reason": "按银行书面答复确认" });
    let path = format!("/v1/acts/{}/resolve", act["id"].as_str().unwrap());
    gateway.caller("officer").post(&path, &denied_with_a_sum).of_status(422);
    for by in ["officer", "approver"] {
        say(&gateway, by, &act, Some("12.50")).of_status(200);
    }
    let view = gateway.wait_until(&submitted.id, "the part", |view| view.state_of("deduct", "bank-a") == "partly");
    let act = view.act("deduct", "bank-a");
    let outcome = &act["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["moved"]), (&json!("partly"), &json!("12.50")), "{act:#}");
    assert_eq!((view.ledger("deducted"), view.ledger("controlled")), ("12.50", "587.50"));
}

#[test]
fn a_bank_that_deduplicates_gets_the_same_message_again_and_acts_once() {
    let gateway = mute_bank(Doubt { asked: false, deduplicates: true, not_found_ms: None });
    for code in [FREEZE, DEDUCT] {
        gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceAfterAccept, 2).only(code));
    }
    let submitted = gateway.submit(&collect(&[0]).claim("600.00"));
    let view = gateway.wait_finished(&submitted.id);
    assert_eq!(view.ledger("deducted"), "600.00");
    assert_eq!(gateway.bank("bank-a").paid(), 60_000);
    assert_eq!(gateway.begins(&submitted.id, "send", view.act("freeze", "bank-a")).len(), 3);
}

#[test]
fn not_found_is_believed_only_after_the_time_the_bank_has_stated() {
    const STATED_MS: i64 = 2_000;
    let gateway = mute_bank(Doubt { asked: true, deduplicates: false, not_found_ms: Some(2_000) });
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1).only(FREEZE));
    let account = gateway.bank("bank-a").account(0);
    let submitted = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]));
    let view = gateway.wait_finished(&submitted.id);
    let act = view.act("freeze", "bank-a");
    assert_eq!(act["state"], "done");
    assert_eq!(gateway.bank("bank-a").held(), 50_000);
    let (sent, asked) = (gateway.begins(&submitted.id, "send", act), gateway.begins(&submitted.id, "ask", act));
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(asked.len() >= 2 && asked[0] < sent[0] + STATED_MS, "asked before it may be believed: {asked:?}");
    assert!(sent[1] - sent[0] >= STATED_MS, "sent again too early: {sent:?}");
}

#[test]
fn not_found_is_never_believed_of_a_bank_that_has_not_said_when() {
    let gateway = mute_bank(Doubt { asked: true, deduplicates: false, not_found_ms: None });
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1).only(FREEZE));
    let account = gateway.bank("bank-a").account(0);
    let submitted = gateway.submit(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]));
    let view = gateway.wait_until(&submitted.id, "three answers of \"not found\"", |view| {
        view.acts().first().is_some_and(|act| act["exchanges"].as_u64() >= Some(4) && act["state"] == "in_doubt")
    });
    assert_eq!(gateway.begins(&submitted.id, "send", view.act("freeze", "bank-a")).len(), 1);
    assert!(gateway.bank("bank-a").books().effects().is_empty());
}

/// Accounts under another's name are nobody's here: the question is asked again until somebody answers it.
#[test]
fn an_answer_about_somebody_else_is_a_doubt_and_nothing_in_it_is_frozen() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::OtherSubject, 1).only("100309"));
    let view = gateway.run(&secure(&[0]).claim("300.00"));
    assert_eq!((view.state_of("freeze", "bank-a"), view.ledger("controlled")), ("done", "300.00"));
    let query = view.act("query", "bank-a");
    assert_eq!((&query["state"], query["outcomes"].as_array().map(Vec::len)), (&json!("done"), Some(1)), "{query:#}");
    assert_eq!(gateway.bank("bank-a").knobs().fired(Fault::OtherSubject), 1);
    assert_eq!(gateway.figure("xiezhi_exchanges_failed_total{cause=\"another_subject\"}"), Some(1));
    assert!(!gateway.read_log().contains("示例他人"));
}
