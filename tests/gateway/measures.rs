//! Measures for years: taken over without their papers, renewed by one click, let go in part; and who hears what happens to a case.

use domain::Day;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{
    Answer, Caller, Gateway, RUNTIME, Receiver, Setup, Spec, acts, deduct, eventually, freeze, look, person, release,
};

pub fn today() -> Day {
    Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new()))
}

/// A gateway with a partner that has only people, and one of them.
fn counter(setup: Setup) -> (Gateway, Caller) {
    let mut gateway = setup.lay_out();
    let tokens = gateway.add_inbox("desk-a", "registry", 86_400, &["clerk-1"]);
    gateway.start();
    let clerk = Caller { base: gateway.url().to_owned(), token: tokens[0].clone() };
    (gateway, clerk)
}

pub fn row(number: &str, asset: &str) -> Value {
    json!({
        "case_number": "(2025)浙0225执77号", "partner": "desk-a", "number": number, "party_kind": "person",
        "party_name": person(0).name, "id_type": "01", "id_number": person(0).id_number, "account": "BJ-330225-1",
        "asset": asset, "limit": "5000.00", "caught": "1200.00", "to": today().plus_days(20).to_string(), "rank": 1,
    })
}

pub fn import(gateway: &Gateway, row: &Value) -> Value {
    let headers = [("Content-Type", "application/x-ndjson")];
    let submitter = gateway.caller("submitter");
    let body = Some(row.to_string().into_bytes());
    let answer = RUNTIME.block_on(submitter.call(Method::POST, "/v1/measures/import", &headers, body)).unwrap();
    answer.of_status(200).json()["rows"][0].clone()
}

fn measures(gateway: &Gateway, filter: &str) -> Vec<Value> {
    let answer = gateway.caller("submitter").get(&format!("/v1/measures?{filter}"));
    answer.of_status(200).json()["measures"].as_array().unwrap().clone()
}

/// The open task of a kind, once it is raised.
fn task(gateway: &Gateway, kind: &str) -> Value {
    eventually("the task", || {
        let open = gateway.caller("officer").get(&format!("/v1/tasks?kind={kind}")).of_status(200).json();
        open["tasks"].as_array().unwrap().first().cloned()
    })
}

fn accept(gateway: &Gateway, task: &Value, body: &Value) -> Answer {
    gateway.caller("officer").post(&format!("/v1/tasks/{}/accept", task["id"].as_str().unwrap()), body)
}

fn officers() -> Value {
    json!([{ "name": "林望海", "work_id": "GZ330225001", "duty_id": "GW330225001" },
           { "name": "陈石浦", "work_id": "GZ330225002", "duty_id": "GW330225002" }])
}

fn only_task_of(clerk: &Caller, kind: &str) -> Value {
    eventually("the clerk's task", || {
        let listed = clerk.get("/v1/partner/tasks").of_status(200).json();
        listed["tasks"].as_array().unwrap().iter().find(|task| task["kind"] == kind).cloned()
    })
}

fn answers(clerk: &Caller, task: &Value, answer: &Value) {
    clerk.post(&format!("/v1/partner/tasks/{}/answer", task["id"].as_str().unwrap()), answer).of_status(200);
}

#[test]
fn an_imported_measure_is_renewed_by_one_click_once_its_papers_are_brought() {
    let (gateway, clerk) = counter(Setup::of(Vec::new()));
    assert_eq!(import(&gateway, &row("FG1", "vehicle"))["verdict"], "imported");
    assert_eq!(measures(&gateway, "asset=vehicle")[0]["asset"], "vehicle");
    assert!(
        measures(&gateway, "asset=real_estate").is_empty(),
        "a registry brings real estate unless it is said otherwise"
    );
    let task = task(&gateway, "expiring");
    let bare = accept(&gateway, &task, &json!({ "reason": "续行查封" })).of_status(422);
    assert_eq!(bare.slug(), "papers_missing", "{}", bare.text());
    let errors = bare.json()["errors"].as_array().unwrap().clone();
    let told: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(told, ["/documents", "/officers"]);
    assert!(errors[0]["message"].as_str().unwrap().contains("执行裁定书"), "{errors:#?}");
    let stranger = json!({ "kind": "ruling", "file_name": "a.pdf", "digest": format!("sha256:{:064x}", 1) });
    let body = json!({ "reason": "续行查封", "documents": [stranger], "officers": officers() });
    let unknown = accept(&gateway, &task, &body).of_status(422);
    assert_eq!(
        (unknown.slug().as_str(), &unknown.json()["errors"][0]["pointer"]),
        ("document_unknown", &json!("/documents/0/digest"))
    );
    let ruling = gateway.paper("ruling", "续行裁定书.pdf", "(2025)浙0225执77号之三", b"%PDF-1.4 renew");
    let body = json!({ "reason": "续行查封", "documents": [ruling], "officers": officers() });
    let accepted = accept(&gateway, &task, &body).of_status(202);
    assert_eq!(accept(&gateway, &task, &body).of_status(202).bytes, accepted.bytes, "one task comes to one request");
    let renewing = only_task_of(&clerk, "renew");
    assert_eq!(renewing["original"]["slip"], "FG1", "{renewing:#}");
    let read = clerk.get(&format!("/v1/partner/tasks/{}/papers/0", renewing["id"].as_str().unwrap())).of_status(200);
    assert_eq!(read.bytes, b"%PDF-1.4 renew");
    answers(&clerk, &renewing, &json!({ "verdict": "done", "serial": "2026-18" }));
    let id = accepted.json()["request"]["id"].as_str().unwrap().to_owned();
    assert_eq!(gateway.wait_finished(&id).states(), ["done"]);
    let renewed = measures(&gateway, "asset=vehicle")[0].clone();
    assert_eq!(renewed["to"], today().last_of_years(2).to_string(), "a vehicle, two years: {renewed:#}");
    assert_eq!((&renewed["number"], &renewed["rank"]), (&json!("FG1"), &json!(1)));
    let open = gateway.caller("officer").get("/v1/tasks?kind=expiring").of_status(200).json();
    assert_eq!(open["tasks"], json!([]));
}

#[test]
fn a_row_that_is_known_and_says_otherwise_hears_what_is_known_and_changes_nothing() {
    let (gateway, _clerk) = counter(Setup::of(Vec::new()));
    let first = row("FG1", "vehicle");
    assert_eq!(import(&gateway, &first)["verdict"], "imported");
    let again = import(&gateway, &first);
    assert_eq!((&again["verdict"], again.get("differs")), (&json!("known"), None), "{again:#}");
    let before = measures(&gateway, "asset=vehicle");
    let mut other = first.clone();
    (other["limit"], other["to"], other["account"]) =
        (json!("7000.00"), json!(today().plus_days(21).to_string()), json!("BJ-330225-2"));
    let told = import(&gateway, &other);
    let differs = json!([{ "field": "account" }, { "field": "limit", "known": "5000.00" }, { "field": "to", "known": first["to"] }]);
    assert_eq!((&told["verdict"], &told["differs"]), (&json!("known"), &differs), "{told:#}");
    assert_eq!(told["measure"], again["measure"]);
    assert_eq!(measures(&gateway, "asset=vehicle"), before, "nothing was changed");
}

#[test]
fn papers_that_an_import_names_go_out_with_its_renewal_also_after_a_restart() {
    let (mut gateway, mut clerk) = counter(Setup::of(Vec::new()));
    let ruling = gateway.paper("ruling", "查封裁定书.pdf", "(2025)浙0225执77号之一", b"%PDF-1.4 seal");
    let mut named = row("FG2", "real_estate");
    (named["documents"], named["officers"]) = (json!([ruling]), officers());
    let mut stranger = row("FG3", "real_estate");
    stranger["documents"] = json!([{ "kind": "ruling", "file_name": "a.pdf", "digest": format!("sha256:{:064x}", 2) }]);
    let refused = import(&gateway, &stranger);
    assert_eq!(refused["problem"]["type"], "urn:xiezhi:problem:document_unknown", "{refused:#}");
    assert_eq!(import(&gateway, &named)["verdict"], "imported");
    gateway.restart();
    clerk.base = gateway.url().to_owned();
    let task = task(&gateway, "expiring");
    accept(&gateway, &task, &json!({ "reason": "续行查封" })).of_status(202);
    let renewing = only_task_of(&clerk, "renew");
    let path = format!("/v1/partner/tasks/{}/papers/0", renewing["id"].as_str().unwrap());
    assert_eq!(clerk.get(&path).of_status(200).bytes, b"%PDF-1.4 seal");
    answers(&clerk, &renewing, &json!({ "verdict": "refused", "text": "原查封已失效" }));
    let again = eventually("the end is told anew", || {
        let open = gateway.caller("officer").get("/v1/tasks?kind=expiring").of_status(200).json();
        open["tasks"].as_array().unwrap().first().filter(|found| found["id"] != task["id"]).cloned()
    });
    assert_eq!(again["measure"], task["measure"], "what was not renewed is somebody's task again");
}

#[test]
fn a_release_in_part_leaves_the_rest_frozen_and_no_more_than_that_can_be_taken() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[1_000_000])]);
    let first = acts(&[0], vec![freeze("bank-a", &gateway.bank("bank-a").account(0), "1000.00")]).claim("1000.00");
    let request = gateway.submit(&first);
    let held = gateway.wait_finished(&request.id).act("freeze", "bank-a").clone();
    let told: Value = serde_json::from_slice(&request.bytes).unwrap();
    let case = told["request"]["case"]["id"].as_str().unwrap().to_owned();
    let amend = |yuan: &str| {
        let body = json!({ "claim": yuan, "reason": "部分履行" });
        gateway.caller("submitter").post(&format!("/v1/cases/{case}/claim"), &body).of_status(200);
    };
    amend("400.00");
    let task = task(&gateway, "excess");
    assert_eq!((&task["amount"], &task["partner"]), (&json!("600.00"), &json!("bank-a")), "{task:#}");
    let accepted = accept(&gateway, &task, &json!({ "reason": "解除超标的部分" })).of_status(202);
    let id = accepted.json()["request"]["id"].as_str().unwrap().to_owned();
    let view = gateway.wait_finished(&id);
    let released = view.act("release", "bank-a");
    assert_eq!((&released["state"], &released["amount"]), (&json!("done"), &json!("600.00")), "{released:#}");
    let left = measures(&gateway, "partner=bank-a")[0].clone();
    assert_eq!(
        (&left["limit"], &left["caught"], &left["releasing"]),
        (&json!("400.00"), &json!("400.00"), &json!(false))
    );
    assert_eq!((view.ledger("exposure"), view.ledger("controlled")), ("400.00", "400.00"));
    amend("1000.00");
    let on_it = |orders: Vec<Value>| acts(&[0], orders).same_case(&first).claim("1000.00");
    assert_eq!(gateway.refused(&on_it(vec![deduct(&held, "400.01")])), ["D20"], "what was let go cannot be taken");
    let both = vec![deduct(&held, "300.00"), deduct(&held, "100.01")];
    assert_eq!(gateway.refused(&on_it(both)), ["D20"], "each claims its part of what is left");
    let part = |yuan: &str| {
        let mut order = release(&held);
        order["amount"] = json!(yuan);
        on_it(vec![order])
    };
    assert_eq!(gateway.refused(&part("400.01")), ["D7"]);
    let further = gateway.submit(&part("150.00"));
    assert_eq!(gateway.wait_finished(&further.id).act("release", "bank-a")["amount"], "150.00");
    let again = gateway.submit_as("again", &on_it(vec![freeze("bank-a", &gateway.bank("bank-a").account(0), "1.00")]));
    assert_eq!(again.of_status(422).rules(), ["D14"], "it is still frozen");
}

#[test]
fn whoever_watches_an_open_request_hears_that_its_case_was_amended_halted_and_resumed() {
    let receiver = Receiver::open();
    let mut setup = Setup::of(Vec::new());
    setup.callback_origins = vec![receiver.origin()];
    setup.delivery =
        "keys = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=\"]\nnetworks = [\"127.0.0.1\"]".to_owned();
    let (gateway, _clerk) = counter(setup);
    let mut ask = look(&[0]).callback(&receiver.url());
    ask.0["scope"]["kinds"] = json!(["registry"]);
    ask.0["scope"]["regions"] = json!([]);
    let request = gateway.submit(&ask);
    let told: Value = serde_json::from_slice(&request.bytes).unwrap();
    let path = format!("/v1/cases/{}", told["request"]["case"]["id"].as_str().unwrap());
    let mut version = gateway.view(&request.id).version();
    for (who, verb, body) in [
        ("submitter", "claim", json!({ "claim": "1.00", "reason": "变更" })),
        ("officer", "halt", json!({ "cause": "settlement", "reason": "和解" })),
        ("approver", "resume", json!({ "reason": "不履行" })),
    ] {
        let watched = format!("/v1/requests/{}?wait=30s&after_version={version}", request.id);
        let watcher = gateway.caller("submitter");
        let waiting = std::thread::spawn(move || watcher.get(&watched).of_status(200).json());
        gateway.caller(who).post(&format!("{path}/{verb}"), &body).of_status(200);
        let seen = waiting.join().unwrap();
        let newer = seen["version"].as_u64().unwrap();
        assert!(newer > version, "{verb}: {newer} after {version}");
        assert_eq!(seen["halted"] == "settlement", verb == "halt", "{seen:#}");
        eventually("the court's system", || (receiver.has(&request.id) >= newer).then_some(()));
        version = newer;
    }
    let names: Vec<Value> = gateway.events(&request.id).iter().map(|leaf| leaf["e"].clone()).collect();
    for name in ["case.amended", "case.halted", "case.resumed"] {
        assert!(names.contains(&json!(name)), "{name} in {names:?}");
    }
    let received = receiver.of(&request.id);
    let chained = received.windows(2).all(|pair| pair[1].previous() == pair[0].version());
    assert!(chained, "each names the one before: without gaps");
}
