//! Clerks who do not look are reminded: a signed message with numbers and nothing personal, tried again, once, and in the evidence.

use serde_json::{Value, json};

use crate::bench::{
    Caller, Clerk, Gateway, Mood, RUNTIME, Received, Receiver, Setup, acts, eventually, freeze, person,
};

const ACCOUNT: &str = "6228480318051081870";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const LINK: &str = "https://gateway.example/console/partner";
const FAILURES: &str = "xiezhi_reminder_failures{partner=\"desk-a\"}";

/// A gateway with one inbox that is reminded at any hour, and the token of its clerk.
fn counter(receiver: &Receiver, more: &str) -> (Gateway, String) {
    let gateway = Setup::of(Vec::new()).lay_out();
    let tokens = gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    let file = gateway.config.join("partners/desk-a.toml");
    let bare = std::fs::read_to_string(&file).unwrap();
    let reminder = format!(
        "[reminder]\nurl = \"file:secrets/messages\"\nlink = \"{LINK}\"\nhours = \"daily 00:00-24:00\"\ngather_s = 1\nkeys = [\"{SECRET}\", \"derived:1\"]\nnetworks = [\"127.0.0.1\"]\n{more}\n"
    );
    gateway.write_config_file("secrets/messages", &receiver.url());
    gateway.write_config_file("partners/desk-a.toml", &format!("{bare}{reminder}"));
    (gateway, tokens[0].clone())
}

fn desk(gateway: &Gateway) -> Value {
    let all = gateway.caller("operator").get("/v1/partners").of_status(200).json();
    all["partners"].as_array().unwrap().iter().find(|found| found["id"] == "desk-a").unwrap().clone()
}

fn is_signed(received: &Received) -> bool {
    let header = |name: &str| received.headers[name].clone();
    let key = trail::WebhookKey::parse(SECRET).unwrap();
    let wanted =
        key.sign(&header("webhook-id"), header("webhook-timestamp").parse().unwrap(), received.text.as_bytes());
    header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

#[test]
fn a_reminder_is_tried_again_arrives_once_and_stands_in_the_evidence() {
    let receiver = Receiver::open();
    let (mut gateway, token) = counter(&receiver, "retry = [\"300ms\", \"300ms\", \"300ms\", \"300ms\", \"1h\"]");
    receiver.be(Mood::Says(503));
    gateway.start();
    let asked = gateway.submit(&acts(&[0], vec![freeze("desk-a", ACCOUNT, "500.00")]).claim("1000.00"));
    eventually("a failure that operators see", || (gateway.figure(FAILURES)? >= 2).then_some(()));
    assert_eq!(desk(&gateway)["reminder"]["cause"], "status_503");
    receiver.be(Mood::Takes);
    let arrived = eventually("a reminder", || receiver.received().into_iter().find(|one| one.acknowledged));
    let first = receiver.received()[0].clone();
    assert_eq!(arrived.headers["webhook-id"], first.headers["webhook-id"], "the same reminder, however often tried");
    assert!(arrived.headers["webhook-id"].starts_with("desk-a-") && is_signed(&arrived));
    let act = gateway.view(&asked.id).act("freeze", "desk-a").clone();
    let data = arrived.data();
    assert_eq!((&data["cause"], &data["open"], &data["overdue"]), (&json!("arrived"), &json!(1), &json!(0)));
    assert_eq!((&data["tasks"][0]["id"], &data["link"]), (&act["id"], &json!(LINK)));
    let personal =
        [person(0).name.clone(), person(0).id_number.clone(), ACCOUNT.to_owned(), "500".to_owned(), "执1号".to_owned()];
    for word in &personal {
        assert!(!arrived.text.contains(word.as_str()), "{word} in {}", arrived.text);
    }
    eventually("the end of it", || (gateway.figure(FAILURES)? == 0).then_some(()));
    let shown = desk(&gateway);
    assert!(shown["reminder"]["reminded_at"].is_string() && shown["reminder"]["next_at"].is_string(), "{shown:#}");
    assert!(shown["reminder"]["keys"][0].as_str().unwrap().starts_with("whpk_"), "{shown:#}");
    assert_eq!(gateway.figure("xiezhi_reminders_acknowledged_total"), Some(1));
    nothing_is_said_twice(&mut gateway, &receiver);
    the_evidence_proves_it(&gateway, &act);
    let clerk = Caller { base: gateway.url().to_owned(), token };
    let list = clerk.get("/v1/partner/tasks").of_status(200).json();
    assert_eq!(list["tasks"][0]["reminded_at"], list["reminder"]["reminded_at"], "{list:#}");
    assert!(list["reminder"]["next_at"].is_string() && list["reminder"].get("keys").is_none());
    let log = gateway.read_log();
    assert!(log.contains("were not reminded") && !log.contains("results?of=court"), "the address may hold a secret");
}

fn nothing_is_said_twice(gateway: &mut Gateway, receiver: &Receiver) {
    let count = receiver.received().len();
    gateway.restart();
    gateway.stop();
    gateway.start();
    let asked = gateway.submit(&acts(&[1], vec![json!({ "kind": "query", "partner": "desk-a", "subject": 0 })]));
    let next = eventually("what came after it", || receiver.received().get(count).cloned());
    assert_eq!((&next.data()["open"], next.acknowledged), (&json!(2), true), "and not what was told before");
    assert_eq!(gateway.view(&asked.id).states(), ["ready"], "a reminder shows nothing, so nothing is handed over");
}

fn the_evidence_proves_it(gateway: &Gateway, act: &Value) {
    let path = format!("/v1/acts/{}/evidence", act["id"].as_str().unwrap());
    let auditor = gateway.caller("auditor");
    let shown = eventually("the last one's end", || {
        let shown = auditor.get(&format!("{path}?limit=200")).of_status(200).json();
        let all = shown["reminders"].as_array().unwrap();
        (all.iter().filter(|one| one["judged"] == "acknowledged").count() == 2).then_some(shown)
    });
    let reminders = shown["reminders"].as_array().unwrap();
    assert!(reminders.len() >= 4 && reminders[0]["judged"] == "not_acknowledged", "{reminders:#?}");
    assert_eq!((&reminders[0]["tries"], &reminders[1]["tries"]), (&json!(1), &json!(2)));
    let names: Vec<&str> = shown["events"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"reminder.began") && names.contains(&"reminder.ended"), "{names:?}");
    let ask = auditor.call(reqwest::Method::GET, &path, &[("Accept", "text/plain")], None);
    let sheet = RUNTIME.block_on(ask).unwrap().of_status(200).text();
    assert!(sheet.contains("向协助单位经办人催办") && sheet.contains("已送达"), "{sheet}");
}

#[test]
fn a_browser_that_stands_open_shows_a_number_and_reads_nothing() {
    let receiver = Receiver::open();
    let (mut gateway, token) = counter(&receiver, "");
    // A receiver that hangs holds up neither the inbox nor a stop for long.
    receiver.be(Mood::Hangs);
    gateway.start();
    let clerk = Clerk::sign_in(gateway.url(), &token);
    let asked = gateway.submit(&acts(&[0], vec![freeze("desk-a", ACCOUNT, "500.00")]).claim("1000.00"));
    eventually("a reminder under way", || (!receiver.received().is_empty()).then_some(()));
    let page = clerk.get("/console/partner/waiting").of_status(200).text();
    assert!(page.contains("<title>(1) 守候") && page.contains("http-equiv=\"refresh\" content=\"60\""), "{page}");
    assert!(!page.contains(&person(0).name) && !page.contains(ACCOUNT), "{page}");
    assert_eq!(gateway.view(&asked.id).states(), ["ready"], "nothing was shown, so nothing was handed over");
    let list = clerk.get("/console/partner/tasks").of_status(200).text();
    assert!(list.contains("<title>(1) 待办事项") && list.contains("/console/partner/waiting"), "{list}");
    assert_eq!(gateway.view(&asked.id).states(), ["awaiting"]);
    receiver.be(Mood::Takes);
}
