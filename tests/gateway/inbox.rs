//! A partner without a system: its clerks read, take and answer, by JSON and in a browser, and the request ends like any other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bench::{Caller, Clerk, Form, Gateway, Setup, acts, eventually, freeze, person};

const ACCOUNT: &str = "6228480318051081870";
const SEALED: &[u8] = b"%PDF-1.7\n% sealed by the counter\n%%EOF\n";

/// A gateway with one inbox, and its clerks 1 and 2.
fn counter() -> (Gateway, Caller, Caller) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let tokens = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1", "clerk-2"]);
    gateway.start();
    let clerk = |token: &String| Caller { base: gateway.url().to_owned(), token: token.clone() };
    let (one, two) = (clerk(&tokens[0]), clerk(&tokens[1]));
    (gateway, one, two)
}

fn query() -> Value {
    json!({ "kind": "query", "partner": "desk-a", "subject": 0 })
}

fn tasks(clerk: &Caller) -> Vec<Value> {
    clerk.get("/v1/partner/tasks").of_status(200).json()["tasks"].as_array().unwrap().clone()
}

fn of_kind(tasks: &[Value], kind: &str) -> Value {
    tasks.iter().find(|task| task["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {tasks:#?}")).clone()
}

fn path(task: &Value, tail: &str) -> String {
    format!("/v1/partner/tasks/{}{tail}", task["id"].as_str().unwrap())
}

/// Every leaf of an event's name, once a checkpoint covers what is durable.
pub fn leaves(gateway: &Gateway, name: &str) -> Vec<Value> {
    let size = eventually("a checkpoint over everything", || {
        let durable = gateway.figure("xiezhi_journal_durable_events")?;
        (gateway.figure("xiezhi_checkpoint_events")? >= durable).then_some(durable)
    });
    let auditor = gateway.caller("auditor");
    let entries = (0..size).map(|index| auditor.get(&format!("/v1/trail/entries/{index}")).of_status(200).json());
    entries.map(|entry| entry["leaf"].clone()).filter(|leaf| leaf["e"] == name).map(|leaf| leaf["f"].clone()).collect()
}

#[test]
fn an_answer_that_cannot_be_of_its_act_is_refused_with_the_field_and_can_be_mended() {
    let (gateway, one, _) = counter();
    let asked = gateway.submit(&acts(&[0], vec![query(), freeze("desk-a", ACCOUNT, "500.00")]).claim("1000.00"));
    let listed = tasks(&one);
    let (asking, freezing) = (of_kind(&listed, "query"), of_kind(&listed, "freeze"));
    let account = json!([{ "number": ACCOUNT, "balance": "1.00" }]);
    let cases = [
        (&freezing, "/to", json!({ "verdict": "done", "caught": "100.00", "to": "2020-01-01" })),
        (&freezing, "/due", json!({ "verdict": "registered", "due": "2020-01-01" })),
        (&freezing, "/moved", json!({ "verdict": "done", "caught": "100.00", "moved": "100.00" })),
        (&freezing, "/accounts", json!({ "verdict": "done", "caught": "100.00", "accounts": account })),
        (&asking, "/caught", json!({ "verdict": "done", "accounts": account, "caught": "1.00" })),
        (&asking, "/moved", json!({ "verdict": "done", "accounts": account, "moved": "1.00" })),
    ];
    for (task, pointer, answer) in cases {
        let told = one.post(&path(task, "/answer"), &answer).of_status(422).json();
        assert_eq!(told["errors"][0]["pointer"], pointer, "{answer} {told:#}");
    }
    assert_eq!(gateway.view(&asked.id).states(), ["awaiting", "awaiting"]);
    let held = json!({ "verdict": "done", "caught": "500.00" });
    one.post(&path(&freezing, "/answer"), &held).of_status(200);
}

#[test]
fn one_clerk_answers_by_json_and_another_in_a_browser_and_the_request_ends() {
    let (gateway, one, two) = counter();
    let asked = gateway.submit(&acts(&[0], vec![query(), freeze("desk-a", ACCOUNT, "500.00")]).claim("1000.00"));
    let waiting = gateway.view(&asked.id);
    assert_eq!(waiting.states(), ["ready", "ready"]);
    // Nothing was shown yet, so nothing is there to be read or answered.
    let id = waiting.act("query", "desk-a")["id"].as_str().unwrap().to_owned();
    one.get(&format!("/v1/partner/tasks/{id}")).of_status(404);
    let listed = tasks(&one);
    let (asking, freezing) = (of_kind(&listed, "query"), of_kind(&listed, "freeze"));
    assert_eq!((&asking["subject"]["name"], &freezing["account"]), (&json!(person(0).name), &json!(ACCOUNT)));
    assert_eq!((&freezing["amount"], &freezing["officers"][1]["name"]), (&json!("500.00"), &json!("林望海")));
    assert_eq!(gateway.view(&asked.id).states(), ["awaiting", "awaiting"], "what was shown is with the partner");
    let kinds = |task: &Value| -> Vec<String> {
        task["papers"].as_array().unwrap().iter().map(|paper| paper["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&asking), ["query_notice", "work_id_scan", "duty_id_scan"], "who is asked reads no ruling");
    assert_eq!(kinds(&freezing), ["ruling", "freeze_notice", "assist_notice", "work_id_scan", "duty_id_scan"]);
    for (n, paper) in freezing["papers"].as_array().unwrap().iter().enumerate() {
        let read = one.get(&path(&freezing, &format!("/papers/{n}"))).of_status(200);
        assert_eq!(read.text(), format!("%PDF-1.4\n% {}\n%%EOF\n", paper["kind"].as_str().unwrap()));
        assert_eq!(read.header("content-type"), Some("application/pdf"));
    }
    one.get(&path(&freezing, "/papers/99")).of_status(404);
    let found = json!({ "verdict": "done", "serial": "2026-17", "accounts": [
        { "number": ACCOUNT, "class": "活期", "status": "正常", "balance": "800.00", "available": "800.00" }] });
    let first = one.post(&path(&asking, "/answer"), &found).of_status(200);
    assert_eq!(first.json()["verdict"], "done");
    let again = one.post(&path(&asking, "/answer"), &found).of_status(200);
    assert_eq!(again.bytes, first.bytes, "a repeat gets the first answer");
    // The other clerk has only a browser.
    let browser = Clerk::sign_in(gateway.url(), &two.token);
    let list = browser.get("/console/partner/tasks").of_status(200).text();
    let slip = format!("{}-1", freezing["slip"].as_str().unwrap());
    assert!(list.contains(&slip) && list.contains(&person(0).id_number) && !list.contains("clerk-1<br>"), "{list}");
    let page = format!("/console/partner/tasks/{}", freezing["id"].as_str().unwrap());
    let task = browser.get(&page).of_status(200).text();
    browser.send(&Form::of(&task, "/claim\""), None).of_status(303);
    assert_eq!(one.post_nothing(&path(&freezing, "/claim")).of_status(409).slug(), "act_claimed");
    let held = json!({ "verdict": "done", "caught": "1.00" });
    assert_eq!(one.post(&path(&freezing, "/answer"), &held).of_status(409).slug(), "act_claimed");
    let sheet = browser.get(&format!("{page}/sheet")).of_status(200).text();
    assert!(sheet.contains(&slip) && sheet.contains("单位盖章"), "{sheet}");
    let form = Form::of(&browser.get(&page).text(), "multipart/form-data").with("verdict", "done");
    let unsound = browser.send(&form, Some(("回执.pdf", SEALED))).of_status(422).text();
    assert!(unsound.contains("须填写实际控制金额"), "{unsound}");
    let form = Form::of(&unsound, "multipart/form-data").with("limit", "500.00").with("caught", "320.50");
    browser.send(&form.with("text", "余额不足"), Some(("回执.pdf", SEALED))).of_status(303);
    let view = gateway.wait_finished(&asked.id);
    let frozen = view.act("freeze", "desk-a");
    assert_eq!((&frozen["state"], view.ledger("controlled")), (&json!("partly"), "320.50"), "{frozen:#}");
    assert_eq!(frozen["outcomes"][0]["replies"][0]["file_name"], "回执.pdf");
    let full = gateway.caller("submitter").get(&format!("/v1/requests/{}?replies=inline", asked.id)).json();
    let sealed = full["acts"][1]["outcomes"][0]["replies"][0]["base64"].as_str().unwrap();
    assert_eq!(STANDARD.decode(sealed).unwrap(), SEALED);
    let answered = browser.get(&page).of_status(200).text();
    assert!(answered.contains("已收到的答复") && answered.contains("320.50"), "{answered}");
    assert!(tasks(&one).is_empty());
    who_did_what_stands_in_the_trail(&gateway);
}

fn who_did_what_stands_in_the_trail(gateway: &Gateway) {
    let by = |leaves: &[Value]| leaves.iter().map(|leaf| leaf["by"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(by(&leaves(gateway, "act.claimed")), ["clerk-1", "clerk-2"]);
    let reads = by(&leaves(gateway, "access.read"));
    let of = |clerk: &str| reads.iter().filter(|by| *by == clerk).count();
    // A list, five papers and one that is not there; a list, and the task three times with its sheet, once more in the form that came back, and once at the end.
    assert_eq!((of("clerk-1"), of("clerk-2")), (7, 6), "{reads:?}");
    let ways: Vec<Value> = leaves(gateway, "outcome.received").iter().map(|leaf| leaf["way"].clone()).collect();
    assert_eq!(ways, ["inbox", "inbox"]);
    assert_eq!(leaves(gateway, "exchange.began").iter().filter(|leaf| leaf["kind"] == "offer").count(), 2);
}

#[test]
fn a_second_answer_supersedes_also_when_all_is_over_and_strangers_see_nothing() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let own = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1", "clerk-2"]);
    gateway.write_config_file(
        "partners/desk-b.toml",
        &std::fs::read_to_string(gateway.config.join("partners/desk-a.toml"))
            .unwrap()
            .replace("desk-a", "desk-b")
            .replace("clerk-1", "stranger")
            .replace("clerk-2", "stranger-2"),
    );
    // Two partners may not share tokens; told before anything starts.
    assert!(gateway.try_start().unwrap_err().contains("sha256"));
    let other = gateway.add_inbox("desk-b", "bank", 86_400, &["stranger"]);
    gateway.start();
    let caller = |token: &String| Caller { base: gateway.url().to_owned(), token: token.clone() };
    let (one, two, stranger) = (caller(&own[0]), caller(&own[1]), caller(&other[0]));
    let asked = gateway.submit(&acts(&[0], vec![query()]));
    let task = of_kind(&tasks(&one), "query");
    assert!(tasks(&stranger).is_empty());
    for nobody in [&stranger, &gateway.caller("partner")] {
        nobody.get(&path(&task, "")).of_status(404);
        nobody.post_nothing(&path(&task, "/claim")).of_status(404);
        nobody.get(&path(&task, "/papers/0")).of_status(404);
        nobody.post(&path(&task, "/answer"), &json!({ "verdict": "no_such_customer" })).of_status(404);
    }
    gateway.caller("submitter").get("/v1/partner/tasks").of_status(403);
    assert_eq!(
        one.post(&path(&task, "/answer"), &json!({ "verdict": "queued" })).of_status(422).slug(),
        "out_of_bounds"
    );
    let nobody = json!({ "verdict": "no_such_customer" });
    one.post(&path(&task, "/answer"), &nobody).of_status(200);
    let view = gateway.wait_finished(&asked.id);
    assert_eq!(view.state_of("query", "desk-a"), "done");
    one.post_nothing(&path(&task, "/claim")).of_status(409);
    let found = json!({ "verdict": "done", "accounts": [{ "number": ACCOUNT, "balance": "5.00" }] });
    // The first clerk's claim holds still: for the other one it is over with its time, not with the request.
    assert_eq!(two.post(&path(&task, "/answer"), &found).of_status(409).slug(), "act_claimed");
    let late = one.post(&path(&task, "/answer"), &found).of_status(200);
    let again = one.post(&path(&task, "/answer"), &found).of_status(200);
    assert_eq!(late.bytes, again.bytes);
    let shown = one.get(&path(&task, "")).of_status(200).json();
    assert_eq!(shown["answer"]["accounts"][0]["number"], ACCOUNT, "{shown:#}");
    let view = gateway.view(&asked.id);
    let verdicts: Vec<_> =
        view.act("query", "desk-a")["outcomes"].as_array().unwrap().iter().map(|o| &o["verdict"]).collect();
    assert_eq!(verdicts, ["no_such_customer", "done"]);
}

#[test]
fn what_nobody_looks_at_is_counted_as_overdue_and_a_claim_outlives_a_kill() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let hasty = gateway.add_inbox("desk-b", "bank", 1, &["hasty"]);
    let tokens = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1", "clerk-2"]);
    gateway.start();
    let at = |id: &str| json!({ "kind": "query", "partner": id, "subject": 0 });
    gateway.submit(&acts(&[0], vec![at("desk-a"), at("desk-b")]));
    let overdue = "xiezhi_overdue_acts{partner=\"desk-b\"}";
    eventually("the act that nobody looks at to be overdue", || (gateway.figure(overdue)? == 1).then_some(()));
    assert_eq!(gateway.figure("xiezhi_overdue_acts{partner=\"desk-a\"}"), Some(0));
    let hasty = Caller { base: gateway.url().to_owned(), token: hasty[0].clone() };
    eventually("the task to be shown as overdue", || {
        let list = hasty.get("/v1/partner/tasks").of_status(200).json();
        (list["overdue"] == 1 && list["tasks"][0]["overdue"] == true).then_some(())
    });
    let partners = gateway.caller("operator").get("/v1/partners").of_status(200).json();
    let of = |id: &str| partners["partners"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!((&of("desk-b")["overdue"], &of("desk-a")["overdue"]), (&json!(1), &json!(0)));
    let clerk =
        |gateway: &Gateway, place: usize| Caller { base: gateway.url().to_owned(), token: tokens[place].clone() };
    let task = of_kind(&tasks(&clerk(&gateway, 0)), "query");
    let claim = clerk(&gateway, 0).post_nothing(&path(&task, "/claim")).of_status(200).json();
    gateway.restart();
    let seen = of_kind(&tasks(&clerk(&gateway, 1)), "query");
    assert_eq!(
        (&seen["claim"]["by"], &seen["claim"]["own"], &seen["claim"]["until"]),
        (&json!("clerk-1"), &json!(false), &claim["until"])
    );
    let stop = json!({ "scope": { "all": true }, "reason": "演练" });
    gateway.caller("operator").post("/v1/stops", &stop).of_status(200);
    assert!(tasks(&clerk(&gateway, 0)).is_empty(), "what is stopped is not listed");
    assert_eq!(clerk(&gateway, 0).get(&path(&task, "")).of_status(200).json()["held"], true);
}

#[test]
fn what_a_partner_has_answered_is_counted_over_restarts() {
    let (mut gateway, mut one, _) = counter();
    let figures = |gateway: &Gateway| {
        let all = gateway.caller("operator").get("/v1/partners").of_status(200).json();
        let desk = all["partners"].as_array().unwrap().iter().find(|found| found["id"] == "desk-a").unwrap().clone();
        (desk["answered"].as_u64().unwrap(), desk["answer_rate"].clone())
    };
    assert_eq!(figures(&gateway), (0, Value::Null));
    for answered in 1..=2 {
        let asked = gateway.submit(&acts(&[0], vec![query()]));
        let asking = of_kind(&tasks(&one), "query");
        one.post(&path(&asking, "/answer"), &json!({ "verdict": "no_such_customer" })).of_status(200);
        gateway.wait_finished(&asked.id);
        assert_eq!(figures(&gateway), (answered, json!("100.00")));
        gateway.restart();
        one.base = gateway.url().to_owned();
        assert_eq!(figures(&gateway), (answered, json!("100.00")), "a restart forgets none");
    }
}
