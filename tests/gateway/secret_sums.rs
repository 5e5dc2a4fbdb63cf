//! What others do beside a secret request: their goals leave it alone, no number of its case takes it over, and what is too much for its
//! sake is told to its viewers.

use serde_json::{Value, json};

use crate::bench::{Answer, Ask, Gateway, RUNTIME, Setup, Spec, View, acts, collect, deduct, eventually, freeze};

fn banks() -> Setup {
    let mut setup = Setup::of(["bank-a", "bank-b"].map(|id| Spec::called(id).holds(&[100_000])).to_vec());
    setup.court = "excess = \"propose\"".to_owned();
    setup
}

fn freezing(gateway: &Gateway, bank: &str, yuan: &str) -> Ask {
    acts(&[0], vec![freeze(bank, &gateway.bank(bank).account(0), yuan)]).claim("1000.00")
}

fn secret(mut ask: Ask) -> Ask {
    ask.0["viewers"] = json!(["approver"]);
    ask
}

fn submit_as(gateway: &Gateway, who: &str, key: &str, ask: &Ask) -> Answer {
    RUNTIME.block_on(gateway.caller(who).submit(key, &gateway.body(ask))).unwrap()
}

fn finished(gateway: &Gateway, who: &str, answer: &Answer) -> View {
    let id = answer.json()["request"]["id"].as_str().unwrap().to_owned();
    eventually("its end", || {
        let view = gateway.caller(who).get(&format!("/v1/requests/{id}")).of_status(200).json();
        (view["state"] == "finished").then_some(View(view))
    })
}

fn tasks(gateway: &Gateway, who: &str, kind: &str) -> Vec<Value> {
    let told = gateway.caller(who).get(&format!("/v1/tasks?kind={kind}")).of_status(200).json();
    told["tasks"].as_array().unwrap().clone()
}

fn amend(gateway: &Gateway, case: &Value, yuan: &str) {
    let path = format!("/v1/cases/{}/claim", case.as_str().unwrap());
    gateway.caller("submitter").post(&path, &json!({ "claim": yuan, "reason": "变更" })).of_status(200);
}

#[test]
fn a_goal_of_somebody_else_takes_and_lets_go_nothing_of_a_secret_freeze() {
    let mut gateway = banks().start();
    let hidden = secret(freezing(&gateway, "bank-b", "400.00"));
    finished(&gateway, "submitter", &submit_as(&gateway, "submitter", "hidden", &hidden).of_status(202));
    let goal = |yuan: &str| collect(&[0]).at(&["bank-b"]).same_case(&hidden).claim(yuan);
    for round in ["before", "after"] {
        let view =
            finished(&gateway, "officer", &submit_as(&gateway, "officer", round, &goal("1000.00")).of_status(202));
        let kinds: Vec<&Value> = view.acts().iter().map(|act| &act["kind"]).collect();
        assert_eq!(kinds, ["query"], "{round} a restart: {:#}", view.0);
        assert_eq!((gateway.bank("bank-b").held(), gateway.bank("bank-b").paid()), (40_000, 0));
        gateway.restart();
        gateway.wait_index_filled();
    }
    let own = secret(goal("1000.00"));
    let view = finished(&gateway, "submitter", &submit_as(&gateway, "submitter", "own", &own).of_status(202));
    assert!(view.acts().iter().all(|act| act["state"] == "done"), "{:#}", view.0);
    assert_eq!((gateway.bank("bank-b").held(), gateway.bank("bank-b").paid()), (0, 100_000), "its viewer collects it");
}

#[test]
fn nobody_else_takes_over_a_secret_preservation_by_its_number() {
    let gateway = banks().start();
    let preserved = secret(freezing(&gateway, "bank-b", "400.00").stage("preservation"));
    let first = submit_as(&gateway, "submitter", "preserved", &preserved).of_status(202);
    finished(&gateway, "submitter", &first);
    let number = preserved.0["case"]["number"].clone();
    let going_on = |bank: &str, case: &str| {
        let mut ask = freezing(&gateway, bank, "10.00").case(case);
        ask.0["case"]["preservation"] = json!({ "number": number });
        ask
    };
    let by = submit_as(&gateway, "officer", "stranger", &going_on("bank-a", "(2026)浙0225执8001号")).of_status(202);
    let sum = |view: &View| view.ledger("exposure").to_owned();
    assert_eq!(sum(&finished(&gateway, "officer", &by)), "10.00");
    assert_eq!(sum(&finished(&gateway, "submitter", &by)), "10.00", "nothing went over");
    assert_eq!(sum(&finished(&gateway, "submitter", &first)), "400.00");
    let own = submit_as(&gateway, "submitter", "own", &going_on("bank-a", "(2026)浙0225执8002号")).of_status(202);
    assert_eq!(sum(&finished(&gateway, "submitter", &own)), "410.00", "its viewers go on with it");
}

#[test]
fn what_is_too_much_for_the_sake_of_a_secret_is_told_to_its_viewers() {
    let gateway = banks().start();
    let hidden = secret(freezing(&gateway, "bank-b", "400.00"));
    finished(&gateway, "submitter", &submit_as(&gateway, "submitter", "hidden", &hidden).of_status(202));
    let open = freezing(&gateway, "bank-a", "300.00").same_case(&hidden);
    let view = finished(&gateway, "officer", &submit_as(&gateway, "officer", "open", &open).of_status(202));
    let case = &view.0["case"]["id"];
    let of = |who: &str| -> Vec<(String, Value)> {
        let found = tasks(&gateway, who, "excess").into_iter();
        found.map(|task| (task["partner"].as_str().unwrap().to_owned(), task["amount"].clone())).collect()
    };
    amend(&gateway, case, "500.00");
    let told = eventually("the proposal", || of("submitter").into_iter().next());
    assert_eq!(told, ("bank-a".to_owned(), json!("200.00")));
    assert_eq!(of("approver"), std::slice::from_ref(&told));
    let id = tasks(&gateway, "submitter", "excess")[0]["id"].as_str().unwrap().to_owned();
    for who in ["officer", "second", "auditor", "operator"] {
        assert!(of(who).is_empty(), "{who}: 300.00 of 500.00 are not too much");
    }
    for (verb, body) in
        [("end", json!({ "end": "dismissed", "reason": "不必" })), ("accept", json!({ "reason": "解除" }))]
    {
        gateway.caller("officer").post(&format!("/v1/tasks/{id}/{verb}"), &body).of_status(404);
    }
    // As far as it is too much without the secret, others are told, and no sum of it.
    amend(&gateway, case, "290.00");
    eventually("both proposals", || (of("submitter").len() == 2).then_some(()));
    assert_eq!(of("officer"), [("bank-a".to_owned(), Value::Null)]);
    amend(&gateway, case, "1000.00");
    eventually("none", || of("submitter").is_empty().then_some(()));
}

#[test]
fn what_was_taken_too_much_names_no_sum_of_a_secret_and_a_partners_list_neither() {
    let gateway = banks().start();
    let mut slips = Vec::new();
    let hidden = secret(freezing(&gateway, "bank-b", "400.00"));
    let open = freezing(&gateway, "bank-a", "300.00").same_case(&hidden);
    let mut case = Value::Null;
    for (who, bank, ask, yuan) in [("submitter", "bank-b", &hidden, "400.00"), ("officer", "bank-a", &open, "300.00")] {
        let view = finished(&gateway, who, &submit_as(&gateway, who, bank, ask).of_status(202));
        let mut taking = acts(&[0], vec![deduct(view.act("freeze", bank), yuan)]).same_case(ask).claim("1000.00");
        if who == "submitter" {
            taking = secret(taking);
        }
        let view = finished(&gateway, who, &submit_as(&gateway, who, &format!("take-{bank}"), &taking).of_status(202));
        let act = view.act("deduct", bank);
        slips.push((bank, format!("{}-{}", act["slip"].as_str().unwrap(), act["line"])));
        case = view.0["case"]["id"].clone();
    }
    let of = |who: &str| -> Vec<Value> {
        tasks(&gateway, who, "overtaken").into_iter().map(|task| task["amount"].clone()).collect()
    };
    amend(&gateway, &case, "600.00");
    eventually("the task", || (of("submitter") == ["100.00"]).then_some(()));
    assert!(of("officer").is_empty() && of("auditor").is_empty());
    amend(&gateway, &case, "250.00");
    eventually("the task", || (of("submitter") == ["450.00"]).then_some(()));
    assert_eq!(of("officer"), [Value::Null], "300.00 of 250.00 are too much, and nobody says how much");
    // Whoever runs the gateway compares, and is told of no sum, secret or not.
    for (bank, slip) in &slips {
        let day = format!("{}-{}-{}", &slip[1..5], &slip[5..7], &slip[7..9]);
        let list = json!({ "day": day, "whole": false, "lines": [{ "slip": slip, "state": "done", "moved": "1.00" }] });
        let path = format!("/v1/partners/{bank}/reconciliation");
        let told = gateway.caller("operator").post(&path, &list).of_status(200).json();
        let (what, sum) = (&told["differences"][0]["what"], &told["differences"][0]["ours"]);
        assert_eq!((what, sum), (&json!("moved"), &Value::Null), "{told:#}");
    }
    let open = gateway.caller("operator").get("/v1/tasks").of_status(200).text();
    assert!(open.contains("reconciliation_differs") && !open.contains("400.00") && !open.contains("300.00"), "{open}");
}
