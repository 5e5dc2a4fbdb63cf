//! The case's ledger through the API: amended claims, releases that are proposed or sent, halts, goals that repeat; and a random history.

use domain::TaskId;
use serde_json::{Value, json};

use crate::bench::{Answer, Gateway, Setup, Spec, Submitted, acts, eventually, freeze, look, secure};

/// Banks that say when "not found" is final: what a kill kept from leaving goes after the start.
fn two_banks() -> Vec<Spec> {
    let bank = |id| Spec::called(id).holds(&[1_000_000]).with(|spec| spec.doubt.not_found_ms = Some(2_000));
    ["bank-a", "bank-b"].map(bank).to_vec()
}

fn case_of(request: &Submitted) -> String {
    let told: Value = serde_json::from_slice(&request.bytes).unwrap();
    told["request"]["case"]["id"].as_str().unwrap().to_owned()
}

fn amend(gateway: &Gateway, case: &str, yuan: &str) -> u64 {
    let body = json!({ "claim": yuan, "reason": "申请执行人变更请求" });
    let answer = gateway.caller("submitter").post(&format!("/v1/cases/{case}/claim"), &body);
    answer.of_status(200).json()["sequence"].as_u64().unwrap()
}

fn accept(gateway: &Gateway, who: &str, task: u64, body: &Value) -> Answer {
    gateway.caller(who).post(&format!("/v1/tasks/{}/accept", TaskId(task)), body)
}

fn held(gateway: &Gateway) -> i64 {
    ["bank-a", "bank-b"].iter().map(|id| gateway.bank(id).held()).sum()
}

#[test]
fn what_is_too_much_is_proposed_and_a_person_lets_it_go_once() {
    let mut gateway = Gateway::with(two_banks());
    let orders = ["bank-a", "bank-b"].map(|id| freeze(id, &gateway.bank(id).account(0), "300.00")).to_vec();
    let ask = acts(&[0], orders).claim("1000.00");
    let request = gateway.submit(&ask);
    gateway.wait_finished(&request.id);
    let case = case_of(&request);
    let neighbour = gateway
        .caller("neighbour")
        .post(&format!("/v1/cases/{case}/claim"), &json!({ "claim": "1.00", "reason": "越权" }));
    assert_eq!(neighbour.of_status(404).slug(), "not_found");
    let task = amend(&gateway, &case, "300.00") + 1;
    gateway.restart();
    let wrong = accept(&gateway, "neighbour", task, &json!({ "reason": "越权" }));
    assert_eq!(wrong.of_status(404).slug(), "not_found");
    let paper = gateway.paper("release_notice", "解除冻结通知书.pdf", "(2026)浙0225执1号之二", b"%PDF-1.4 release");
    let body = json!({ "reason": "解除超标的部分", "document": paper });
    let accepted = accept(&gateway, "officer", task, &body).of_status(202);
    let id = accepted.json()["request"]["id"].as_str().unwrap().to_owned();
    gateway.restart();
    let again = accept(&gateway, "approver", task, &json!({ "reason": "再次" })).of_status(202);
    assert_eq!(accepted.bytes, again.bytes, "one task comes to one request");
    let view = gateway.wait_finished(&id);
    assert_eq!((view.state_of("release", "bank-b"), gateway.bank("bank-b").held()), ("done", 0), "{:#}", view.0);
    assert_eq!((view.ledger("target"), view.ledger("exposure"), held(&gateway)), ("300.00", "300.00", 30_000));
    let unknown = accept(&gateway, "officer", 0, &json!({ "reason": "无此任务" }));
    assert_eq!(unknown.of_status(404).slug(), "not_found");
}

#[test]
fn where_the_court_lets_it_the_gateway_releases_by_itself_also_after_a_kill() {
    let mut setup = Setup::of(two_banks());
    setup.court = "excess = \"send\"".to_owned();
    let mut gateway = setup.start();
    let orders = ["bank-a", "bank-b"].map(|id| freeze(id, &gateway.bank(id).account(0), "300.00")).to_vec();
    let request = gateway.submit(&acts(&[0], orders).claim("1000.00"));
    gateway.wait_finished(&request.id);
    amend(&gateway, &case_of(&request), "300.00");
    gateway.restart();
    eventually("the release", || (held(&gateway) == 30_000).then_some(()));
    assert_eq!(gateway.bank("bank-a").held(), 30_000, "the newer one went");
}

#[test]
fn a_case_rests_until_another_person_resumes_it() {
    let gateway = Gateway::with(two_banks());
    let ask = acts(&[0], vec![freeze("bank-a", &gateway.bank("bank-a").account(0), "300.00")]).claim("1000.00");
    let request = gateway.submit(&ask);
    gateway.wait_finished(&request.id);
    let path = format!("/v1/cases/{}", case_of(&request));
    let post = |who: &str, verb: &str, body: Value| gateway.caller(who).post(&format!("{path}/{verb}"), &body);
    let halt = json!({ "cause": "settlement", "reason": "双方和解" });
    let told = post("officer", "halt", halt.clone()).of_status(200).json()["sequence"].as_u64().unwrap();
    assert_eq!(post("approver", "halt", halt).of_status(409).slug(), "wrong_state");
    assert_eq!(gateway.refused(&secure(&[0]).same_case(&ask).claim("1000.00")), ["D27"]);
    assert_eq!(gateway.run(&look(&[0]).same_case(&ask).claim("1000.00")).0["halted"], "settlement");
    for (who, status, slug) in [("officer", 403, "same_person"), ("submitter", 403, "person_needed")] {
        assert_eq!(post(who, "resume", json!({ "reason": "恢复" })).of_status(status).slug(), slug);
    }
    post("approver", "resume", json!({ "reason": "不履行和解协议" })).of_status(200);
    let moot = accept(&gateway, "officer", told + 1, &json!({ "reason": "已无必要" }));
    assert!(moot.status == 404 || moot.status == 409, "{}", moot.text());
    gateway.run(&secure(&[0]).same_case(&ask).claim("1000.00"));
    assert_eq!(held(&gateway), 100_000);
}

#[test]
fn a_goal_that_repeats_stays_open_and_says_when_it_asks_again() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[10_000])]);
    let mut ask = secure(&[0]).claim("1000.00");
    for (repeat, pointer) in [
        (json!({ "days": 31 }), "/repeat/days"),
        (json!({ "days": 1, "every_hours": 5 }), "/repeat/every_hours"),
        (json!({}), "/repeat/days"),
    ] {
        ask.0["repeat"] = repeat;
        let answer = gateway.submit_as("not-bound", &ask).of_status(422);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text());
    }
    ask.0["repeat"] = json!({ "days": 3, "every_hours": 6 });
    let request = gateway.submit(&ask);
    let view = gateway.wait_until(&request.id, "the freeze", |view| view.state_of("freeze", "bank-a") == "done");
    assert_eq!((view.state(), view.0["repeat"]["round"].as_u64()), ("open", Some(0)), "{:#}", view.0);
    let next = &view.0["repeat"]["next"];
    assert!(next["what"].as_str().unwrap().contains("再次查控") && next["by"].is_string(), "{next:#}");
    let body = json!({ "reason": "申请执行人撤回" });
    gateway.caller("officer").post(&format!("/v1/requests/{}/stop", request.id), &body).of_status(200);
    assert_eq!(gateway.wait_finished(&request.id).state(), "stopped");
}

/// Choices from a seed (SplitMix64).
struct Seed(u64);

impl Seed {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[test]
fn in_a_random_history_nothing_is_ordered_above_the_claim_and_the_banks_hold_no_more_in_the_end() {
    let mut setup = Setup::of(two_banks());
    setup.court = "excess = \"send\"".to_owned();
    let mut gateway = setup.start();
    let mut seed = Seed(20_261_122);
    let mut claim = 800_u64;
    let first = acts(&[0], vec![freeze("bank-a", &gateway.bank("bank-a").account(0), "100.00")]).claim("800.00");
    let request = gateway.submit(&first);
    let case = case_of(&request);
    for _ in 0..30 {
        match seed.below(10) {
            0..=5 => {
                let bank = ["bank-a", "bank-b"][usize::try_from(seed.below(2)).unwrap()];
                let yuan = format!("{}00.00", 1 + seed.below(3));
                let order = freeze(bank, &gateway.bank(bank).account(0), &yuan);
                let ask = acts(&[0], vec![order]).same_case(&first).claim(&format!("{claim}.00"));
                let answer = gateway.submit_as(&format!("random-{}", seed.0), &ask);
                if answer.status == 422 {
                    // Too much, or frozen already for this case.
                    assert!(["D8", "D14"].contains(&answer.rules()[0].as_str()), "{:?}", answer.rules());
                    continue;
                }
                let view = gateway.view(&Submitted::of(&answer.of_status(202)).id);
                let sum = |name: &str| view.ledger(name).parse::<f64>().unwrap();
                assert!(sum("exposure") + sum("deducted") <= sum("target"), "{:#}", view.0["ledger"]);
            }
            6..=8 => {
                claim = 100 * (1 + seed.below(10));
                amend(&gateway, &case, &format!("{claim}.00"));
            }
            _ => gateway.restart(),
        }
    }
    let target = i64::try_from(claim).unwrap() * 100;
    eventually("what is too much is let go", || (held(&gateway) <= target).then_some(()));
}
