//! Emergency stops through the API: one person stops at once, two lift, and what they hold goes nowhere meanwhile.

use serde_json::{Value, json};

use crate::bench::{Answer, Gateway, RUNTIME, Spec, acts, collect, deduct, eventually, freeze, look, release};

fn one_bank() -> Gateway {
    Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])])
}

fn order(gateway: &Gateway, who: &str, scope: &Value) -> Answer {
    gateway.caller(who).post("/v1/stops", &json!({ "scope": scope, "reason": "账号错配，先行停止" }))
}

fn ordered(gateway: &Gateway, who: &str, scope: &Value) -> String {
    order(gateway, who, scope).of_status(200).json()["id"].as_str().unwrap().to_owned()
}

fn lift(gateway: &Gateway, who: &str, id: &str) -> Answer {
    gateway.caller(who).post(&format!("/v1/stops/{id}/lift"), &json!({ "reason": "已查清" }))
}

#[test]
fn a_stop_of_a_kind_holds_it_over_a_restart_until_two_lift_it() {
    let mut gateway = one_bank();
    let stop = ordered(&gateway, "operator", &json!({ "acts": ["deduct"] }));
    let again = order(&gateway, "operator-2", &json!({ "acts": ["deduct", "deduct"] })).of_status(409);
    assert_eq!(again.slug(), "wrong_state");
    let request = gateway.submit(&collect(&[0]).claim("600.00"));
    gateway.wait_until(&request.id, "the freeze", |view| view.state_of("freeze", "bank-a") == "done");
    gateway.restart();
    assert_eq!(gateway.figure("xiezhi_stops_in_force{scope=\"acts\"}"), Some(1));
    assert_eq!(gateway.caller("").get("/health/ready").of_status(200).json()["stops"], 1);
    let shown = gateway.caller("submitter").get("/v1/stops").of_status(200).json()["stops"][0].clone();
    assert_eq!((&shown["id"], &shown["reason"]), (&json!(stop), &json!("账号错配，先行停止")), "{shown:#}");
    assert_eq!(lift(&gateway, "operator", &stop).of_status(200).json()["lifted"], false);
    assert_eq!(lift(&gateway, "operator", &stop).of_status(403).slug(), "same_person");
    assert_eq!(lift(&gateway, "approver", &stop).of_status(403).slug(), "stop_not_yours");
    let view = gateway.view(&request.id);
    assert!(view.state() == "open" && view.acts_of("deduct", "bank-a").is_empty(), "{:#}", view.0);
    assert_eq!(gateway.bank("bank-a").paid(), 0);
    assert_eq!(lift(&gateway, "operator-2", &stop).of_status(200).json()["lifted"], true);
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("deducted"), gateway.bank("bank-a").paid()), ("600.00", 60_000));
    assert_eq!(lift(&gateway, "operator", &stop).of_status(404).slug(), "not_found");
}

#[test]
fn an_approver_stops_the_own_court_and_releases_still_go() {
    let gateway = one_bank();
    let account = gateway.bank("bank-a").account(0);
    let ask = acts(&[0], vec![freeze("bank-a", &account, "400.00")]).claim("1000.00");
    let held = gateway.run(&ask).act("freeze", "bank-a").clone();
    assert_eq!(order(&gateway, "approver", &json!({ "all": true })).of_status(403).slug(), "court_foreign");
    assert_eq!(order(&gateway, "approver", &json!({ "court": "330226" })).of_status(403).slug(), "court_foreign");
    assert_eq!(order(&gateway, "submitter", &json!({ "court": "330225" })).of_status(403).slug(), "role_missing");
    assert_eq!(order(&gateway, "operator", &json!({ "court": "999999" })).of_status(404).slug(), "not_found");
    let stop = ordered(&gateway, "approver", &json!({ "court": "330225" }));
    let waiting = gateway.submit(&look(&[1]));
    let act = gateway.view(&waiting.id).act("query", "bank-a").clone();
    assert_eq!(act["state"], "ready");
    assert!(act["next"]["what"].as_str().unwrap().contains("紧急停止"), "{act:#}");
    assert_eq!(gateway.figure("xiezhi_stopped_acts"), Some(1));
    let freed = gateway.run(&acts(&[0], vec![release(&held)]).same_case(&ask).claim("1000.00"));
    assert_eq!((freed.state_of("release", "bank-a"), gateway.bank("bank-a").held()), ("done", 0));
    assert_eq!(gateway.caller("neighbour").get("/v1/stops").of_status(200).json(), json!({ "stops": [] }));
    lift(&gateway, "approver", &stop).of_status(200);
    lift(&gateway, "second", &stop).of_status(200);
    assert_eq!(gateway.wait_finished(&waiting.id).state_of("query", "bank-a"), "done");
}

#[test]
fn a_bank_that_fetches_finds_an_empty_list_while_everything_is_stopped() {
    let gateway = Gateway::with(vec![Spec::pulling("bank-a").holds(&[100_000])]);
    let stop = ordered(&gateway, "operator", &json!({ "all": true }));
    let request = gateway.submit(&look(&[0]));
    for _ in 0..2 {
        RUNTIME.block_on(gateway.bank("bank-a").hub().poll_now()).unwrap();
    }
    assert_eq!(gateway.view(&request.id).state_of("query", "bank-a"), "ready");
    lift(&gateway, "operator", &stop).of_status(200);
    lift(&gateway, "operator-2", &stop).of_status(200);
    assert_eq!(gateway.wait_finished(&request.id).state_of("query", "bank-a"), "done");
}

#[test]
fn a_partner_earns_each_stage_and_a_reload_holds_back_and_lets_go() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000]).with(|spec| spec.stage = "query")]);
    let account = gateway.bank("bank-a").account(0);
    let ask = acts(&[0], vec![freeze("bank-a", &account, "400.00")]).claim("1000.00");
    let answer = gateway.submit_as("too-early", &ask).of_status(422);
    assert_eq!((answer.slug().as_str(), answer.rules()), ("rules_broken", vec!["D19".to_owned()]));
    assert!(answer.json()["detail"].as_str().unwrap().contains("查询"), "{}", answer.text());
    let view = gateway.run(&collect(&[0]).claim("600.00"));
    assert_eq!((view.acts().len(), view.state_of("query", "bank-a")), (1, "done"), "{:#}", view.0);
    let reload = |gateway: &mut Gateway, stage: &'static str| {
        gateway.rewrite_partner("bank-a", |spec| spec.stage = stage);
        gateway.signal("HUP");
        eventually("the stage in force", || {
            let partner = gateway.caller("operator").get("/v1/partners").json()["partners"][0].clone();
            (partner["stage"] == stage).then_some(())
        });
    };
    reload(&mut gateway, "freeze");
    let stop = ordered(&gateway, "operator", &json!({ "acts": ["freeze"] }));
    let waiting = gateway.submit_as("in-time", &ask).of_status(202);
    let id = waiting.json()["request"]["id"].as_str().unwrap().to_owned();
    reload(&mut gateway, "query");
    lift(&gateway, "operator", &stop).of_status(200);
    lift(&gateway, "operator-2", &stop).of_status(200);
    let act = gateway.view(&id).act("freeze", "bank-a").clone();
    assert_eq!(act["state"], "ready");
    assert!(act["next"]["what"].as_str().unwrap().contains("接入阶段"), "{act:#}");
    assert_eq!(gateway.bank("bank-a").held(), 0);
    reload(&mut gateway, "freeze");
    let held = gateway.wait_finished(&id).act("freeze", "bank-a").clone();
    assert_eq!((held["state"].as_str(), gateway.bank("bank-a").held()), (Some("done"), 40_000));
    let taking = acts(&[0], vec![deduct(&held, "100.00")]).same_case(&ask).claim("1000.00");
    assert_eq!(gateway.refused(&taking), ["D19"]);
    reload(&mut gateway, "deduct");
    assert_eq!(gateway.run(&taking).ledger("deducted"), "100.00");
}
