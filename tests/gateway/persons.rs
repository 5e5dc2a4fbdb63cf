//! What stands on people's word: each of it tried with a system's token of the right role, and what a system may do all the same.

use std::io::Write as _;

use serde_json::{Value, json};
use simulators::{Fault, Knob};

use crate::bench::{Caller, Doubt, Gateway, Setup, Spec, Submitted, acts, collect, eventually, freeze, xiezhi};

/// A court that wants another person's word before money is taken, and a bank that can neither be asked nor told again.
fn setup() -> Setup {
    let mute = Spec::called("bank-b").holds(&[100_000]).with(|spec| {
        spec.doubt = Doubt { asked: false, deduplicates: false, not_found_ms: None };
        spec.total_ms = 400;
        spec.retry_ms = (50, 800);
    });
    Setup { deduct_approvals: 1, ..Setup::of(vec![Spec::called("bank-a").holds(&[100_000]), mute]) }
}

/// A system's token of a role, written into one of the configuration's files.
fn machine(gateway: &Gateway, file: &str, role: &str) -> String {
    let mut random = [0; 32];
    store::random::Random::fill(&mut store::random::OsRandom, &mut random);
    let (shown, hash) = web::tokens::mint(random);
    let path = gateway.config.join(file);
    let hash = engine::vault::hex(&hash);
    let token = format!("\n[[tokens]]\nname = \"machine-{role}\"\nroles = [\"{role}\"]\nsha256 = \"{hash}\"\n");
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(token.as_bytes()).unwrap();
    shown.expose().clone()
}

fn case_of(request: &Submitted) -> String {
    let told: Value = serde_json::from_slice(&request.bytes).unwrap();
    told["request"]["case"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_people_must_say_is_refused_to_every_system_and_nothing_comes_of_it() {
    let mut gateway = setup().lay_out();
    let approver = machine(&gateway, "courts/330225.toml", "approver");
    let operator = machine(&gateway, "gateway.toml", "operator");
    let checked = xiezhi(&["check", "--config", &gateway.config.to_string_lossy()]);
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success() && told.contains("is an approver but no person"), "{told}");
    gateway.start();
    let call = |token: &str| Caller { base: gateway.url().to_owned(), token: token.to_owned() };
    let (approver, operator, submitter) = (call(&approver), call(&operator), gateway.caller("submitter"));
    let reason = json!({ "reason": "系统自动" });

    let taken = gateway.submit(&collect(&[0]).at(&["bank-a"]).claim("600.00"));
    gateway.wait_until(&taken.id, "the deduction", |view| view.state_of("deduct", "bank-a") == "planned");
    gateway.bank("bank-b").knobs().set(Knob::next(Fault::SilenceBeforeAccept, 1).only("100201"));
    let account = gateway.bank("bank-b").account(1);
    let doubted = gateway.submit(&acts(&[1], vec![freeze("bank-b", &account, "500.00")]).claim("500.00"));
    let view = gateway.wait_until(&doubted.id, "doubt", |view| view.state_of("freeze", "bank-b") == "in_doubt");
    let in_doubt = view.act("freeze", "bank-b")["id"].as_str().unwrap().to_owned();
    let account = gateway.bank("bank-a").account(2);
    let held = gateway.submit(&acts(&[2], vec![freeze("bank-a", &account, "300.00")]).claim("300.00"));
    gateway.wait_finished(&held.id);
    let case = case_of(&held);
    // Whatever only holds back or takes back, a system may: waiting for a person costs more than a halt too many.
    let less = json!({ "claim": "100.00", "reason": "部分履行" });
    submitter.post(&format!("/v1/cases/{case}/claim"), &less).of_status(200);
    let task = eventually("the proposal", || {
        let tasks = submitter.get("/v1/tasks?kind=excess").of_status(200).json();
        tasks["tasks"][0]["id"].as_str().map(str::to_owned)
    });
    let halt = json!({ "cause": "settlement", "reason": "双方和解" });
    submitter.post(&format!("/v1/cases/{}/halt", case_of(&doubted)), &halt).of_status(200);
    let order = json!({ "scope": { "acts": ["renew"] }, "reason": "系统报警" });
    let stop = operator.post("/v1/stops", &order).of_status(200).json()["id"].as_str().unwrap().to_owned();
    approver.post(&format!("/v1/cases/{case}/applicant"), &json!({ "allow": false, "reason": "撤回" })).of_status(409);

    let paper = gateway.paper("reply", "银行书面答复.pdf", "复1号", b"%PDF-1.4 the bank's paper");
    let word = json!({ "took_effect": false, "document": paper["digest"], "reason": "按银行书面答复确认" });
    let allow = json!({ "allow": true, "reason": "申请执行人书面申请" });
    let end = json!({ "end": "dismissed", "reason": "不必" });
    let erase = json!({ "cause": "mistaken", "reason": "误录" });
    let tries: [(&Caller, String, &Value); 10] = [
        (&approver, format!("/v1/requests/{}/approve", taken.id), &reason),
        (&approver, format!("/v1/acts/{in_doubt}/resolve"), &word),
        (&submitter, format!("/v1/acts/{in_doubt}/resolve"), &word),
        (&operator, format!("/v1/stops/{stop}/lift"), &reason),
        (&approver, format!("/v1/cases/{}/resume", case_of(&doubted)), &reason),
        (&submitter, format!("/v1/tasks/{task}/accept"), &reason),
        (&submitter, format!("/v1/tasks/{task}/end"), &end),
        (&approver, format!("/v1/cases/{case}/applicant"), &allow),
        (&operator, format!("/v1/tasks/{task}/end"), &end),
        (&approver, format!("/v1/cases/{case}/erase"), &erase),
    ];
    let before = gateway.figure("xiezhi_journal_durable_events").unwrap();
    for (who, path, body) in &tries {
        assert_eq!(who.post(path, body).of_status(403).slug(), "person_needed", "{path}");
    }
    let leaves = || (before..gateway.figure("xiezhi_journal_durable_events").unwrap()).map(entry(&gateway));
    assert_eq!(leaves().filter(|name| name != "access.read").collect::<Vec<_>>(), [""; 0], "nothing was decided");

    // The same by people.
    let by = |who: &str, place: usize| gateway.caller(who).post(&tries[place].1, tries[place].2);
    by("approver", 0).of_status(200);
    for who in ["officer", "approver"] {
        by(who, 1).of_status(200);
    }
    for who in ["operator", "operator-2"] {
        by(who, 3).of_status(200);
    }
    by("approver", 4).of_status(200);
    by("approver", 7).of_status(200);
    by("officer", 6).of_status(200);
    assert_eq!(gateway.wait_finished(&taken.id).ledger("deducted"), "600.00");
    assert_eq!(gateway.wait_finished(&doubted.id).state_of("freeze", "bank-b"), "unsent");
}

/// The name of an event of the trail, once a checkpoint covers it.
fn entry(gateway: &Gateway) -> impl Fn(u64) -> String {
    let auditor = gateway.caller("auditor");
    move |index| {
        let read = || auditor.get(&format!("/v1/trail/entries/{index}"));
        let leaf = eventually("the entry", || Some(read()).filter(|answer| answer.status == 200)).json();
        leaf["leaf"]["e"].as_str().unwrap().to_owned()
    }
}

#[test]
fn of_a_secret_request_a_system_hears_nothing_not_even_that_a_person_is_needed() {
    let mut gateway = setup().lay_out();
    let approver = machine(&gateway, "courts/330225.toml", "approver");
    gateway.start();
    let mut ask = collect(&[0]).at(&["bank-a"]).claim("600.00");
    ask.0["viewers"] = json!(["approver"]);
    let secret = gateway.submit(&ask);
    gateway.wait_until(&secret.id, "the deduction", |view| view.state_of("deduct", "bank-a") == "planned");
    let machine = Caller { base: gateway.url().to_owned(), token: approver };
    let path = format!("/v1/requests/{}/approve", secret.id);
    assert_eq!(machine.post(&path, &json!({ "reason": "系统自动" })).of_status(404).slug(), "not_found");
    gateway.caller("approver").post(&path, &json!({ "reason": "同意" })).of_status(200);
    assert_eq!(gateway.wait_finished(&secret.id).ledger("deducted"), "600.00");
}
