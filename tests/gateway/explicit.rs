//! Explicit acts: what builds on what, what the law and the ledger refuse, and what people may still change.

use serde_json::{Value, json};
use simulators::{Fault, Knob};

use crate::bench::{
    Ask, Gateway, Setup, Spec, acts, collect, deduct, eventually, freeze, look, release, renew, secure,
};

const REASON: &str = "当事人达成和解";

fn one_bank() -> Gateway {
    Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])])
}

fn day(ahead: i32) -> String {
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    domain::Day::from_count(domain::Day::of(now).count() + ahead).to_string()
}

fn frozen(gateway: &Gateway, yuan: &str, claim: &str) -> (Ask, Value) {
    let ask = acts(&[0], vec![freeze("bank-a", &gateway.bank("bank-a").account(0), yuan)]).claim(claim);
    let view = gateway.run(&ask);
    let act = view.act("freeze", "bank-a").clone();
    assert_eq!(act["state"], "done", "{act:#}");
    (ask, act)
}

#[test]
fn freeze_renew_deduct_release_one_after_the_other() {
    let gateway = one_bank();
    let mut order = freeze("bank-a", &gateway.bank("bank-a").account(0), "600.00");
    (order["from"], order["to"]) = (json!(day(0)), json!(day(100)));
    let first = acts(&[0], vec![order]).claim("1000.00");
    let held = gateway.run(&first).act("freeze", "bank-a").clone();
    assert_eq!(held["measure"]["to"], day(100), "{held:#}");
    let renewed = gateway.run(&acts(&[0], vec![renew(&held, &day(200))]).same_case(&first).claim("1000.00"));
    assert_eq!(renewed.state_of("renew", "bank-a"), "done", "{:#}", renewed.0);
    let freezes = gateway.bank("bank-a").books().account(&gateway.bank("bank-a").account(0)).unwrap().freezes;
    assert_eq!(freezes[0].end.slashed(), day(200).replace('-', "/"));
    let paid = gateway.run(&acts(&[0], vec![deduct(&held, "250.00")]).same_case(&first).claim("1000.00"));
    assert_eq!((paid.ledger("deducted"), paid.ledger("controlled")), ("250.00", "350.00"), "{:#}", paid.0);
    let freed = gateway.run(&acts(&[0], vec![release(&held)]).same_case(&first).claim("1000.00"));
    assert_eq!((freed.state_of("release", "bank-a"), freed.ledger("exposure")), ("done", "0.00"));
    let bank = gateway.bank("bank-a");
    assert_eq!((bank.paid(), bank.held()), (25_000, 0));
}

#[test]
fn each_ceiling_is_refused_with_its_rule_and_leaves_nothing_behind() {
    let gateway = Gateway::with(vec![
        Spec::called("bank-a").holds(&[100_000]),
        Spec::called("bank-q").with(|spec| spec.acts = vec!["query"]),
    ]);
    let account = gateway.bank("bank-a").account(0);
    let one = |act: Value| acts(&[0], vec![act]).claim("500.00");
    let ordinary = freeze("bank-a", &account, "100.00");
    let with = |field: &str, value: Value| {
        let mut act = ordinary.clone();
        act[field] = value;
        one(act)
    };
    assert_eq!(gateway.refused(&with("amount", json!("500.01"))), ["D8"], "more than claim and costs");
    let both = |other: &str| acts(&[0], vec![freeze("bank-a", &account, "300.00"), freeze("bank-a", other, "300.00")]);
    assert_eq!(gateway.refused(&both("9009").claim("500.00")), ["D8"], "the sum is what counts");
    assert_eq!(gateway.refused(&both(&account).claim("1000.00")), ["D14"], "the same property twice");
    assert_eq!(gateway.refused(&with("amount", json!("0.00"))), ["D7"]);
    assert_eq!(gateway.refused(&with("to", json!(day(400)))), ["D9"], "more than a year");
    assert_eq!(gateway.refused(&with("to", json!(day(-1)))), ["D9"], "over before it begins");
    assert_eq!(gateway.refused(&with("partner", json!("bank-q"))), ["D19"]);
    let mut neighbour = one(ordinary.clone());
    neighbour.0["case"]["parties"][0]["role"] = json!("creditor");
    assert_eq!(gateway.refused(&neighbour), ["D1"]);
    let (ask, held) = frozen(&gateway, "400.00", "500.00");
    let on_it = |act: Value| acts(&[0], vec![act]).same_case(&ask).claim("500.00");
    assert_eq!(gateway.refused(&on_it(deduct(&held, "400.01"))), ["D20"], "more than the freeze holds");
    let mut nowhere = deduct(&held, "10.00");
    nowhere.as_object_mut().unwrap().remove("original");
    assert!(gateway.refused(&on_it(nowhere)).contains(&"D20".to_owned()), "nothing frozen");
    let preserving = on_it(deduct(&held, "10.00")).stage("preservation");
    assert!(gateway.refused(&preserving).contains(&"D6".to_owned()));
    let elsewhere =
        gateway.submit_as("elsewhere", &on_it(deduct(&held, "10.00")).paid_to("402332002258", "1")).of_status(422);
    assert_eq!(elsewhere.slug(), "account_not_listed");
    let stranger =
        gateway.submit_as("stranger", &acts(&[0], vec![deduct(&held, "10.00")]).claim("500.00")).of_status(422);
    assert_eq!(stranger.slug(), "original_unknown", "a freeze of another case");
    let bank = gateway.bank("bank-a");
    assert_eq!((bank.effects("freeze"), bank.effects("deduct"), bank.held()), (1, 0, 40_000));
}

#[test]
fn what_has_not_been_sent_can_be_withdrawn_and_what_was_sent_cannot() {
    let gateway = one_bank();
    let until = domain::day::show_instant(engine::clock::Clock::wall(&engine::clock::SystemClock::new()) + 600_000);
    let pause = json!({ "reason": "升级", "until": until });
    gateway.caller("operator").post("/v1/partners/bank-a/pause", &pause).of_status(200);
    let request = gateway.submit(&look(&[0]));
    let act = gateway.view(&request.id).act("query", "bank-a")["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/acts/{act}/withdraw");
    gateway.caller("submitter").post(&path, &json!({ "reason": "" })).of_status(422);
    gateway.caller("submitter").post(&path, &json!({ "reason": REASON })).of_status(200);
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.states(), ["withdrawn"]);
    gateway.caller("operator").post_nothing("/v1/partners/bank-a/resume").of_status(200);
    let done = gateway.run(&look(&[1]));
    let act = done.act("query", "bank-a")["id"].as_str().unwrap().to_owned();
    let late = gateway.caller("submitter").post(&format!("/v1/acts/{act}/withdraw"), &json!({ "reason": REASON }));
    assert!(late.status == 409 || late.status == 404, "{}", late.text());
    assert_eq!(gateway.bank("bank-a").called().calls(), 1, "the withdrawn one never went");
}

#[test]
fn a_stop_starts_nothing_new_and_lets_what_is_under_way_end() {
    let gateway = one_bank();
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::Delay, 1).only("100201").ms(700));
    let request = gateway.submit(&collect(&[0]).claim("600.00"));
    gateway.wait_until(&request.id, "the freeze under way", |view| view.state_of("freeze", "bank-a") == "sending");
    let path = format!("/v1/requests/{}/stop", request.id);
    gateway.caller("submitter").post(&path, &json!({ "reason": REASON })).of_status(200);
    let again = gateway.caller("approver").post(&path, &json!({ "reason": REASON }));
    assert_eq!(again.of_status(409).slug(), "wrong_state");
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.state(), view.state_of("freeze", "bank-a")), ("stopped", "done"), "{:#}", view.0);
    assert!(view.acts_of("deduct", "bank-a").is_empty());
    assert_eq!((gateway.bank("bank-a").held(), gateway.bank("bank-a").paid()), (60_000, 0));
}

#[test]
fn a_deadline_that_passes_starts_nothing_new() {
    let gateway = one_bank();
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::Delay, 1).only("100309").ms(1_200));
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    let late = gateway.submit_as("late", &look(&[0]).deadline(&domain::day::show_instant(now - 1_000))).of_status(422);
    assert_eq!(late.slug(), "deadline_passed");
    let ask = collect(&[0]).claim("600.00").deadline(&domain::day::show_instant(now + 600));
    let request = gateway.submit(&ask);
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.state_of("query", "bank-a"), "done");
    assert_eq!(view.acts().len(), 1, "nothing was frozen after the deadline: {:#}", view.0);
    assert!(gateway.events(&request.id).iter().any(|leaf| leaf["e"] == "deadline.passed"));
    assert!(gateway.bank("bank-a").books().effects().is_empty());
}

#[test]
fn two_different_persons_with_reasons_where_the_court_wants_two() {
    let gateway = Setup { deduct_approvals: 2, ..Setup::of(vec![Spec::called("bank-a").holds(&[100_000])]) }.start();
    let request = gateway.submit(&collect(&[0]).claim("600.00"));
    gateway.wait_until(&request.id, "the deduction", |view| view.state_of("deduct", "bank-a") == "planned");
    let path = format!("/v1/requests/{}/approve", request.id);
    assert_eq!(gateway.caller("approver").post_nothing(&path).of_status(400).slug(), "malformed_json");
    gateway.caller("approver").post(&path, &json!({ "reason": REASON })).of_status(200);
    let again = gateway.caller("approver").post(&path, &json!({ "reason": REASON }));
    assert_eq!(again.of_status(403).slug(), "same_person");
    assert_eq!(gateway.view(&request.id).state_of("deduct", "bank-a"), "planned", "one is not two");
    gateway.caller("second").post(&path, &json!({ "reason": REASON })).of_status(200);
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("deducted"), gateway.bank("bank-a").paid()), ("600.00", 60_000));
}

#[test]
fn a_deduction_waits_for_another_person_where_the_court_wants_one() {
    let gateway = Setup { deduct_approvals: 1, ..Setup::of(vec![Spec::called("bank-a").holds(&[100_000])]) }.start();
    let request = gateway.submit(&collect(&[0]).claim("600.00"));
    let view = gateway.wait_until(&request.id, "the deduction", |view| view.state_of("deduct", "bank-a") == "planned");
    assert!(!view.act("deduct", "bank-a")["next"]["who"].as_str().unwrap().is_empty());
    let path = format!("/v1/requests/{}/approve", request.id);
    assert_eq!(
        gateway.caller("submitter").post(&path, &json!({ "reason": REASON })).of_status(403).slug(),
        "role_missing"
    );
    gateway.caller("approver").post(&path, &json!({ "reason": REASON })).of_status(200);
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("deducted"), gateway.bank("bank-a").paid()), ("600.00", 60_000));
    let again = gateway.caller("approver").post(&path, &json!({ "reason": REASON }));
    assert!(matches!(again.status, 403 | 404 | 409), "{}", again.text());
}

#[test]
fn releases_go_first() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000]).with(|spec| spec.in_flight = 2)]);
    let (ask, held) = frozen(&gateway, "500.00", "1000.00");
    gateway.bank("bank-a").knobs().set(Knob::share(Fault::Delay, 1.0).ms(150));
    let queue = gateway.submit(&look(&(10..40).collect::<Vec<_>>()));
    let freed = gateway.submit(&acts(&[0], vec![release(&held)]).same_case(&ask).claim("1000.00"));
    gateway.wait_finished(&freed.id);
    let waiting = gateway.view(&queue.id).states().iter().filter(|state| **state == "ready").count();
    assert!(waiting > 15, "the release went before {waiting} of 30 queries");
    eventually("the held money is free", || (gateway.bank("bank-a").held() == 0).then_some(()));
    gateway.bank("bank-a").knobs().clear();
    gateway.wait_finished(&queue.id);
}

/// A hand-back costs rank, so what the bank would hand back is refused here, with the field, before anything is sent.
#[test]
fn what_a_partner_would_hand_back_is_refused_with_the_field_named() {
    let gateway = Gateway::with(vec![Spec::pulling("bank-a").holds(&[100_000])]);
    let mut ask = secure(&[0]).claim("600.00");
    ask.0["officers"][0]["duty_id"] = json!("浙象法执行公务证00001");
    let answer = gateway.submit_as("long-number", &ask).of_status(422);
    assert_eq!(answer.slug(), "would_be_handed_back", "{}", answer.text());
    let fault = &answer.json()["errors"][0];
    assert_eq!(fault["pointer"], "/officers/0/duty_id");
    let message = fault["message"].as_str().unwrap();
    assert!(message.contains("bank-a") && message.contains("15"), "{message}");
    assert_eq!(gateway.figure("xiezhi_open_requests"), Some(0));
    // The key is not bound by a refusal: mended, it goes.
    ask.0["officers"][0]["duty_id"] = json!("GW330225001");
    gateway.submit_as("long-number", &ask).of_status(202);
}

#[test]
fn an_order_that_names_no_account_and_a_name_that_cannot_be_written_are_refused_before_anything_is_sent() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000]), Spec::pulling("bank-b")]);
    let mut unnamed = freeze("bank-a", "6222", "1.00");
    unnamed.as_object_mut().unwrap().remove("account");
    let answer = gateway.submit_as("unnamed", &acts(&[0], vec![freeze("bank-a", "6222", "1.00"), unnamed]));
    let answer = answer.of_status(422);
    assert_eq!(answer.slug(), "would_be_handed_back");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert_eq!((errors.len(), errors[0]["pointer"].as_str()), (1, Some("/acts/1/account")), "{}", answer.text());

    // U+20BB7 is a name's character that GBK has not: a bank that is written to in UTF-8 reads it, one that reads GBK does not.
    let mut rare = look(&[0]);
    rare.0["case"]["parties"][0]["name"] = json!("\u{20BB7}野家");
    let answer = gateway.submit_as("rare", &rare).of_status(422);
    assert_eq!(answer.slug(), "would_be_handed_back", "{}", answer.text());
    let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("bank-b") && !message.contains("bank-a") && !message.contains('('), "{message}");
    rare.0["scope"] = json!({ "partners": ["bank-a"] });
    let taken = gateway.submit_as("rare", &rare).of_status(202).json();
    gateway.wait_finished(taken["request"]["id"].as_str().unwrap());

    // What is no character at all stands in no message.
    for nothing in ["王\u{FFFE}", "王\u{FFFF}小", "\u{FDD0}渔", "\u{1FFFE}"] {
        let mut ask = look(&[0]);
        ask.0["case"]["parties"][0]["name"] = json!(nothing);
        let answer = gateway.submit_as("no-character", &ask).of_status(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], "/case/parties/0/name", "{}", answer.text());
    }
}
