//! Money that was reported and money that came: statements, reconciliation, and the tasks that come of them, over a restart.

use serde_json::{Value, json};
use simulators::yuan;

use crate::bench::{Answer, COURT_ACCOUNT, Caller, Gateway, Setup, Spec, View, acts, collect, freeze, release};
use crate::measures::today;

fn statement(gateway: &Gateway, lines: &Value) -> Answer {
    let body = json!({ "bank_code": COURT_ACCOUNT.0, "account": COURT_ACCOUNT.1, "lines": lines });
    gateway.caller("submitter").post("/v1/settlements", &body)
}

fn results(answer: &Answer) -> Vec<String> {
    let lines = answer.json()["lines"].as_array().unwrap().clone();
    lines.iter().map(|line| line["result"].as_str().unwrap().to_owned()).collect()
}

/// Open tasks but the debtor's notice, which the first effect of every case brings.
fn tasks(gateway: &Gateway, who: &str) -> Vec<Value> {
    let mut tasks = gateway.caller(who).get("/v1/tasks").of_status(200).json()["tasks"].as_array().unwrap().clone();
    tasks.retain(|task| task["kind"] != "notify_debtor");
    tasks
}

fn deduction(view: &View, bank: &str) -> (String, String) {
    let act = view.act("deduct", bank);
    let slip = format!("{}-{}", act["slip"].as_str().unwrap(), act["line"]);
    (act["id"].as_str().unwrap().to_owned(), slip)
}

#[test]
fn reported_and_settled_are_two_sums_until_the_statement_comes() {
    let banks = vec![Spec::called("bank-a").holds(&[300_000]), Spec::pulling("bank-b").holds(&[500_000])];
    let mut gateway = Gateway::with(banks);
    let view = gateway.run(&collect(&[0]).claim("8000.00"));
    assert_eq!((view.ledger("deducted"), view.ledger("settled")), ("8000.00", "0.00"));
    let ((act_a, slip_a), (act_b, slip_b)) = (deduction(&view, "bank-a"), deduction(&view, "bank-b"));
    let id = view.0["id"].as_str().unwrap().to_owned();
    let (paid_a, paid_b) = (gateway.bank("bank-a").paid(), gateway.bank("bank-b").paid());
    let day = today().to_string();
    let lines = json!([
        { "serial": "S-1", "day": day, "amount": yuan(paid_a), "slip": slip_a },
        { "serial": "S-2", "day": day, "amount": yuan(paid_b), "reference": format!("法院扣划 {slip_b}") },
        { "serial": "S-3", "day": day, "amount": "12.34", "reference": "货款" },
    ]);
    let told = statement(&gateway, &lines).of_status(200);
    assert_eq!(results(&told), ["matched", "matched", "unmatched"]);
    assert_eq!((&told.json()["lines"][0]["act"], &told.json()["lines"][1]["act"]), (&json!(act_a), &json!(act_b)));
    gateway.restart();
    assert_eq!(results(&statement(&gateway, &lines).of_status(200)), ["known", "known", "known"]);
    let mut back = lines[0].clone();
    back["booked_back"] = json!(true);
    let told = statement(&gateway, &json!([back])).of_status(200);
    assert_eq!((results(&told), &told.json()["lines"][0]["act"]), (vec!["differs".to_owned()], &json!(act_a)));
    let own = tasks(&gateway, "submitter");
    assert_eq!((own.len(), &own[0]["kind"]), (1, &json!("settlement_differs")), "a person of the court looks");
    let end = json!({ "end": "dismissed", "reason": "已向银行核实" });
    let task = own[0]["id"].as_str().unwrap();
    gateway.caller("approver").post(&format!("/v1/tasks/{task}/end"), &end).of_status(200);
    let view = gateway.view(&id);
    assert_eq!((view.ledger("deducted"), view.ledger("settled")), ("8000.00", "8000.00"));
    let open = tasks(&gateway, "operator");
    assert_eq!(
        (open.len(), &open[0]["kind"], &open[0]["amount"]),
        (1, &json!("settlement_unmatched"), &json!("12.34"))
    );
    assert!(tasks(&gateway, "submitter").is_empty(), "what belongs to no act is the operators'");
    let task = open[0]["id"].as_str().unwrap();
    let end = json!({ "end": "dismissed", "reason": "系其他款项，已退回" });
    gateway.caller("submitter").post(&format!("/v1/tasks/{task}/end"), &end).of_status(404);
    gateway.caller("operator").post(&format!("/v1/tasks/{task}/end"), &end).of_status(200);
    assert!(tasks(&gateway, "operator").is_empty());
    let foreign = json!({ "bank_code": COURT_ACCOUNT.0, "account": "9999", "lines": lines });
    let elsewhere = json!({ "court": "330226", "bank_code": COURT_ACCOUNT.0, "account": COURT_ACCOUNT.1, "lines": [] });
    gateway.caller("submitter").post("/v1/settlements", &elsewhere).of_status(403);
    let refused = gateway.caller("submitter").post("/v1/settlements", &foreign).of_status(422);
    assert_eq!(
        (refused.slug().as_str(), &refused.json()["errors"][0]["pointer"]),
        ("account_not_listed", &json!("/account"))
    );
}

#[test]
fn a_line_booked_later_than_tomorrow_is_refused_by_itself_and_says_why() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[300_000])]);
    let view = gateway.run(&collect(&[0]).claim("1000.00"));
    let (_, slip) = deduction(&view, "bank-a");
    let line = |serial: &str, ahead: i32| {
        let day = today().plus_days(ahead).to_string();
        json!({ "serial": serial, "day": day, "amount": "500.00", "slip": slip })
    };
    let told = statement(&gateway, &json!([line("S-1", 3), line("S-2", 1)])).of_status(200);
    assert_eq!(results(&told), ["refused", "matched"]);
    let problem = told.json()["lines"][0]["problem"].clone();
    assert_eq!(
        (&problem["type"], &problem["errors"][0]["pointer"]),
        (&json!("urn:xiezhi:problem:out_of_bounds"), &json!("/day"))
    );
    assert!(problem["errors"][0]["message"].as_str().unwrap().contains("晚于明日"), "{problem:#}");
    let id = view.0["id"].as_str().unwrap();
    assert_eq!(gateway.view(id).ledger("settled"), "500.00", "nothing of it was booked");
    assert_eq!(results(&statement(&gateway, &json!([line("S-1", 0)]))), ["matched"], "corrected, it is a new line");
}

#[test]
fn a_line_by_which_nothing_came_in_is_refused_with_its_field_and_nothing_is_taken() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[300_000])]);
    let view = gateway.run(&collect(&[0]).claim("1000.00"));
    let (_, slip) = deduction(&view, "bank-a");
    let day = today().to_string();
    let line = |serial: &str, amount: &str| json!({ "serial": serial, "day": day, "amount": amount, "slip": slip });
    let mut back = line("S-3", "0");
    back["booked_back"] = json!(true);
    let refused = statement(&gateway, &json!([line("S-1", "500.00"), line("S-2", "0.00"), back])).of_status(422);
    let told = refused.json();
    let pointers: Vec<&str> =
        told["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!((refused.slug().as_str(), pointers), ("invalid_request", vec!["/lines/1/amount", "/lines/2/amount"]));
    assert!(told["errors"][0]["message"].as_str().unwrap().contains("零元"), "{told:#}");
    assert_eq!(gateway.view(view.0["id"].as_str().unwrap()).ledger("settled"), "0.00");
    assert_eq!(results(&statement(&gateway, &json!([line("S-1", "500.00")])).of_status(200)), ["matched"]);
}

#[test]
fn a_partners_list_of_a_day_is_held_against_ours_at_act_level() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[300_000])]);
    let view = gateway.run(&collect(&[0]).claim("1000.00"));
    let (act, slip) = deduction(&view, "bank-a");
    let day = format!("{}-{}-{}", &slip[1..5], &slip[5..7], &slip[7..9]);
    let ask = |lines: Value, whole: bool| {
        let body = json!({ "day": day, "lines": lines, "whole": whole });
        gateway.caller("operator").post("/v1/partners/bank-a/reconciliation", &body).of_status(200).json()
    };
    let agreed = ask(json!([{ "slip": slip, "state": "done", "moved": "1000.00" }]), false);
    assert_eq!(agreed["differences"], json!([]));
    let told = ask(
        json!([{ "slip": slip, "state": "refused", "moved": "999.99" }, { "slip": "X2026112299999999999-1" }]),
        false,
    );
    let what: Vec<(&str, &Value)> =
        told["differences"].as_array().unwrap().iter().map(|d| (d["what"].as_str().unwrap(), &d["act"])).collect();
    assert_eq!(what, [("state", &json!(act)), ("moved", &json!(act)), ("unknown_slip", &Value::Null)]);
    assert_eq!(told["differences"][1]["ours"], Value::Null, "an operator has no right to the money of a case");
    let missing = ask(json!([]), true);
    let froze = view.act("freeze", "bank-a")["id"].clone();
    let both = json!([{ "act": froze, "what": "not_listed" }, { "act": act, "what": "not_listed" }]);
    assert_eq!((&missing["differences"], &missing["complete"]), (&both, &json!(true)), "{missing:#}");
    let open = tasks(&gateway, "operator");
    assert!(
        open.iter().all(|task| task["kind"] == "reconciliation_differs" && task["partner"] == "bank-a"),
        "{open:#?}"
    );
    assert_eq!(open.len(), 3, "one for each act and one for the line that nobody knows");
    assert!(open.iter().all(|task| task["amount"].is_null()), "nor in what is to be done about it: {open:#?}");
    let other =
        gateway.caller("operator").post("/v1/partners/bank-z/reconciliation", &json!({ "day": day, "lines": [] }));
    assert_eq!(other.of_status(404).slug(), "not_found");
}

#[test]
fn our_sum_is_told_to_the_partner_itself_and_sounded_out_by_nobody_else() {
    let mut gateway = Setup::of(vec![Spec::called("bank-b")]).lay_out();
    let clerks = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    gateway.start();
    let clerk = Caller { base: gateway.url().to_owned(), token: clerks[0].clone() };
    let asked = gateway.submit(&acts(&[0], vec![freeze("desk-a", "6228480318051081870", "500.00")]).claim("1000.00"));
    clerk.get("/v1/partner/tasks").of_status(200);
    let act = gateway.view(&asked.id).act("freeze", "desk-a").clone();
    let answer = format!("/v1/partner/tasks/{}/answer", act["id"].as_str().unwrap());
    clerk.post(&answer, &json!({ "verdict": "done", "limit": "500.00", "caught": "345.67" })).of_status(200);
    gateway.wait_finished(&asked.id);
    let slip = format!("{}-{}", act["slip"].as_str().unwrap(), act["line"]);
    let day = format!("{}-{}-{}", &slip[1..5], &slip[5..7], &slip[7..9]);
    let body = json!({ "day": day, "lines": [{ "slip": slip, "caught": "1.00" }] });
    let ask = |caller: &Caller| {
        let told = caller.post("/v1/partners/desk-a/reconciliation", &body).of_status(200);
        assert_eq!(told.json()["differences"][0]["what"], "caught", "{}", told.text());
        told
    };
    assert_eq!(ask(&clerk).json()["differences"][0]["ours"], "345.67");
    let operator = gateway.caller("operator");
    assert!(!ask(&operator).text().contains("345.67"));
    let seen = |who: &str| gateway.caller(who).get("/v1/tasks?kind=reconciliation_differs").of_status(200).text();
    assert!(!seen("operator").contains("345.67"), "{}", seen("operator"));
    assert!(seen("auditor").contains("345.67"), "{}", seen("auditor"));
}

#[test]
fn what_was_finished_long_ago_is_compared_out_of_its_own_history() {
    let banks = ["bank-a", "bank-b"].map(|id| Spec::called(id).holds(&[300_000])).to_vec();
    let mut gateway = Gateway::with(banks);
    let freezing = acts(&[0], vec![freeze("bank-a", &gateway.bank("bank-a").account(0), "500.00")]).claim("1000.00");
    let held = gateway.run(&freezing).act("freeze", "bank-a").clone();
    let freed = gateway.run(&acts(&[0], vec![release(&held)]).same_case(&freezing).claim("1000.00"));
    let released = freed.act("release", "bank-a").clone();
    assert_eq!(released["state"], "done");
    for _ in 0..3 {
        gateway.run(&collect(&[1]).at(&["bank-b"]).claim("1.00"));
    }
    let line = |act: &Value| format!("{}-{}", act["slip"].as_str().unwrap(), act["line"]);
    let (frozen, let_go) = (line(&held), line(&released));
    let day = format!("{}-{}-{}", &let_go[1..5], &let_go[5..7], &let_go[7..9]);
    gateway.restart();
    let ask = |bank: &str, lines: Value| {
        let body = json!({ "day": day, "lines": lines });
        gateway.caller("operator").post(&format!("/v1/partners/{bank}/reconciliation"), &body).of_status(200).json()
    };
    let agreed = ask("bank-a", json!([{ "slip": frozen, "state": "done" }, { "slip": let_go, "state": "done" }]));
    assert_eq!((&agreed["not_compared"], &agreed["differences"]), (&json!(0), &json!([])), "{agreed:#}");
    // A whole list must name what was finished, though nothing of it is in memory any more.
    let whole = |lines: Value| {
        let body = json!({ "day": day, "lines": lines, "whole": true });
        gateway.caller("operator").post("/v1/partners/bank-a/reconciliation", &body).of_status(200).json()
    };
    let both = json!([{ "act": held["id"], "what": "not_listed" }, { "act": released["id"], "what": "not_listed" }]);
    assert_eq!(whole(json!([]))["differences"], both);
    let one = whole(json!([{ "slip": frozen, "state": "done" }]));
    assert_eq!(one["differences"], json!([{ "act": released["id"], "what": "not_listed" }]), "{one:#}");
    assert_eq!(whole(json!([{ "slip": frozen }, { "slip": let_go }]))["differences"], json!([]));
    let told = ask("bank-a", json!([{ "slip": let_go, "state": "refused" }]));
    assert_eq!(told["differences"], json!([{ "line": 0, "act": released["id"], "what": "state" }]), "{told:#}");
    let mut never = let_go.clone();
    never.replace_range(let_go.len() - 1.., "9");
    let foreign = ask("bank-b", json!([{ "slip": let_go, "state": "done" }, { "slip": never, "state": "done" }]));
    let what: Vec<&str> =
        foreign["differences"].as_array().unwrap().iter().map(|found| found["what"].as_str().unwrap()).collect();
    assert_eq!((what.as_slice(), &foreign["not_compared"]), (["unknown_slip", "unknown_slip"].as_slice(), &json!(0)));
}

#[test]
fn whoever_speaks_for_one_partner_is_refused_for_every_other() {
    let mut gateway = Setup::of(vec![Spec::called("bank-b").holds(&[300_000])]).lay_out();
    let clerks = gateway.add_inbox("registry-b", "registry", 86_400, &["registry-b-clerk-1"]);
    gateway.start();
    let clerk = Caller { base: gateway.url().to_owned(), token: clerks[0].clone() };
    let (act, slip) = deduction(&gateway.run(&collect(&[0]).claim("1000.00")), "bank-b");
    let day = format!("{}-{}-{}", &slip[1..5], &slip[5..7], &slip[7..9]);
    let list = json!({ "day": day, "lines": [], "whole": true });
    let objection = json!({ "text": "该账户为工会经费专户" });
    for stranger in [&clerk, &gateway.caller("partner")] {
        let told = stranger.post("/v1/partners/bank-b/reconciliation", &list).of_status(404).text();
        assert!(!told.contains(&act), "{told}");
        stranger.post(&format!("/v1/acts/{act}/objection"), &objection).of_status(404);
    }
    assert!(tasks(&gateway, "operator").is_empty(), "nothing came of it");
    clerk.post("/v1/partners/registry-b/reconciliation", &list).of_status(200);
    gateway.caller("operator").post(&format!("/v1/acts/{act}/objection"), &objection).of_status(200);
}
