//! The table of behaviours: all 28 stand in it, each setting is one that the simulator takes, and what it shows is not the sound answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod gateway;
mod inbound;

use std::time::Duration;

use gateway::{Gateway, SECOND_ACCOUNT, SLIP, control};
use inbound::Inbound;
use serde_json::{Value, json};
use simulators::insurance::{Person, Policy};
use simulators::{
    BankHttp, BankHttpConfig, BankHub, BankHubConfig, Behaviour, County, Door, FAULTS, FRONT_AUTHORITY_PEM, Fault,
    Front, Insurance, InsuranceConfig, Knob, read_behaviours,
};

/// As the programme of tests names them.
const NAMES: [&str; 28] = [
    "connection_refused",
    "name_unknown",
    "certificate_wrong",
    "handshake_stalled",
    "silence",
    "answer_too_late",
    "reset_within_the_answer",
    "slow_drip",
    "empty_body",
    "truncated_body",
    "wrong_schema",
    "other_case",
    "html_body",
    "oversize",
    "wrong_charset",
    "too_many_requests",
    "server_error",
    "redirect",
    "limits_below_the_contract",
    "clock_beside_ours",
    "accepted_and_never_told",
    "done_and_says_failed",
    "says_done_and_the_books_disagree",
    "done_and_then_reversed",
    "duplicate_callback",
    "conflicting_callback",
    "callback_before_the_answer",
    "callback_for_an_unknown_number",
];

fn behaviours() -> Vec<Behaviour> {
    let path = format!("{}/../../config/simulators/behaviours.toml", env!("CARGO_MANIFEST_DIR"));
    read_behaviours(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn all_28_stand_in_the_table_and_every_setting_is_of_its_kind_of_partner() {
    let all = behaviours();
    assert_eq!(all.iter().map(|behaviour| behaviour.name.as_str()).collect::<Vec<_>>(), NAMES);
    for behaviour in &all {
        let Behaviour { doors, http, hub, open, .. } = behaviour;
        assert!(!behaviour.means.is_empty());
        assert!(!doors.is_empty() || !http.is_empty() || !hub.is_empty() || !open.is_empty(), "{}", behaviour.name);
        let row = |knob: &Knob| FAULTS.iter().find(|row| row.fault == knob.fault).unwrap();
        assert!(http.iter().all(|knob| row(knob).http), "{}", behaviour.name);
        assert!(hub.iter().all(|knob| row(knob).hub), "{}", behaviour.name);
        assert!(open.iter().all(|knob| row(knob).open), "{}", behaviour.name);
    }
}

#[test]
fn a_table_that_is_wrong_is_told_with_its_line() {
    for (wrong, place) in [
        ("[[behaviour]]\nname = 'a'\nmeans = 'b'\nhttp = [{ fault = 'no_such' }]", "line 4"),
        ("[[behaviour]]\nname = 'a'\nmeans = 'b'\ndoor = []", "line 4"),
        ("[[behaviour]]\nmeans = 'b'", "name"),
    ] {
        let told = read_behaviours(wrong).unwrap_err().to_string();
        assert!(told.contains(place) && told.contains("behaviours.toml"), "{told}");
    }
}

/// What came back, or nothing.
type Seen = Option<(u16, bool, Vec<u8>)>;

/// One exchange of a caller with a second of patience.
async fn exchange(method: &str, url: &str, credential: (&str, &str), body: Vec<u8>) -> Seen {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let client = builder.tls_certs_only(std::iter::empty()).timeout(Duration::from_secs(1)).build().unwrap();
    let call = client.request(method.parse().unwrap(), url).header(credential.0, credential.1).body(body);
    let mut reply = call.send().await.ok()?;
    let (status, dated) = (reply.status().as_u16(), reply.headers().contains_key("date"));
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
    }
    Some((status, dated, bytes))
}

/// A message that a caller without any doubt takes for "done".
fn is_sound(seen: &Seen, number: &str, words: &[&str]) -> bool {
    let Some((200, false, bytes)) = seen else { return false };
    let text = String::from_utf8_lossy(bytes);
    !text.contains('\u{fffd}')
        && bytes.len() < 65_536
        && text.contains(number)
        && words.iter().all(|word| text.contains(word))
}

const DONE: [&str; 4] =
    ["<Code>100000</Code>", "<Result>0000</Result>", "<FrozedBalance>100.00</FrozedBalance>", "</Response>"];

fn freeze(number: &str) -> Vec<u8> {
    let page = format!("{}/../bank/golden/http/100201_freeze.xml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(page).unwrap();
    text.replace("X2026112200000000012-1", number).replace("18000.00", "100.00").into_bytes()
}

fn ask(number: &str) -> Vec<u8> {
    let page = format!("{}/../bank/golden/http/100999_ask.xml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(page).unwrap().replace("X2026112200000000012-1", number).into_bytes()
}

/// Exchanges until a knob that fires only now and then has fired.
const TRIES: usize = 200;

#[tokio::test]
async fn the_called_bank_shows_every_setting() {
    let credential = ("X-Bank-Token", "bank-token");
    let plain = BankHttp::start(&County::of_the_samples(), BankHttpConfig::default()).unwrap();
    assert!(is_sound(&exchange("POST", &plain.url, credential, freeze("P-1")).await, "P-1", &DONE));
    assert!(is_sound(&exchange("POST", &plain.url, credential, ask("P-1")).await, "P-1", &DONE));
    for behaviour in behaviours() {
        for knob in behaviour.http {
            let bank = BankHttp::start(&County::of_the_samples(), BankHttpConfig::default()).unwrap();
            bank.knobs().set(knob.clone());
            let mut seen = exchange("POST", &bank.url, credential, freeze("B-0")).await;
            let mut number = "B-0".to_owned();
            for nth in (1..TRIES).take_while(|_| knob.probability.is_some()) {
                if bank.knobs().fired(knob.fault) > 0 {
                    break;
                }
                number = format!("B-{nth}");
                seen = exchange("POST", &bank.url, credential, freeze(&number)).await;
            }
            if knob.only.is_some() {
                assert!(is_sound(&seen, &number, &DONE), "first it is done");
                seen = exchange("POST", &bank.url, credential, ask(&number)).await;
            }
            assert_eq!(bank.knobs().fired(knob.fault), 1, "{}: {knob:?}", behaviour.name);
            let untrue = is_sound(&seen, &number, &DONE) && bank.books().effect_count(&number) == 0;
            assert!(untrue || !is_sound(&seen, &number, &DONE), "{}: {knob:?}", behaviour.name);
            let status = seen.map_or(0, |(status, _, _)| status);
            assert!(knob.status.is_none_or(|wanted| wanted == status), "{}: {knob:?} {status}", behaviour.name);
        }
    }
}

#[tokio::test]
async fn a_bank_that_never_tells_is_asked_in_vain() {
    let bank = BankHttp::start(&County::of_the_samples(), BankHttpConfig::default()).unwrap();
    let never = behaviours().into_iter().find(|behaviour| behaviour.name == "accepted_and_never_told").unwrap();
    bank.knobs().set(never.http[0].clone());
    for body in [freeze("B-1"), ask("B-1"), ask("B-1"), freeze("B-1")] {
        let seen = exchange("POST", &bank.url, ("X-Bank-Token", "bank-token"), body).await;
        assert!(is_sound(&seen, "B-1", &["<Code>100001</Code>"]) || is_sound(&seen, "", &["<Code>100001</Code>"]));
    }
    assert_eq!(bank.books().effect_count("B-1"), 1);
}

#[tokio::test]
async fn the_hub_shows_every_setting() {
    for behaviour in behaviours() {
        for knob in behaviour.hub {
            let gateway = Gateway::start();
            gateway.said.lock().unwrap().controls =
                vec![control(SLIP, &[], &[&gateway::freeze("1", SECOND_ACCOUNT, "100.00")])];
            let config = BankHubConfig { gateway_url: gateway.url.clone(), ..BankHubConfig::default() };
            let hub = BankHub::start(&County::of_the_samples(), config).unwrap();
            hub.knobs().set(knob.clone());
            hub.poll_now().await.unwrap();
            assert_eq!(hub.knobs().fired(knob.fault), 1, "{}: {knob:?}", behaviour.name);
            let fed = gateway.fed("shfeedXzkzInfo");
            let is_sound = |inner: &String| {
                let rows = gateway::rows(inner, "kzxx");
                inner.len() < 65_536
                    && inner.ends_with("</kzxxList>")
                    && rows.len() == 1
                    && rows[0].get("BDHM").is_some_and(|number| number == SLIP)
                    && rows[0].get("KZZT").is_some_and(|state| state == "1")
                    && rows[0].get("BEIZ").is_none_or(String::is_empty)
            };
            // A drip is seen by who waits for it, and a hub that leaves early is told of by its own report.
            let in_time = matches!(knob.fault, Fault::SlowDrip | Fault::CloseWithoutAnswer);
            assert!(in_time || fed.len() != 1 || !is_sound(&fed[0]), "{}: {knob:?}", behaviour.name);
        }
    }
}

const POLICY: &str = "BX3302250000000017";

/// A policy that concerns nobody but its holder: what is accepted is done at once.
fn insurer() -> Insurance {
    let holder = Person::new("王小渔", "330225189506120170");
    let policy = Policy::endowment(POLICY, holder.clone(), holder, Vec::new(), 5_000_000);
    Insurance::start_with(vec![policy], InsuranceConfig::default()).unwrap()
}

async fn send(insurer: &Insurance, name: &str, number: &str, original: &str) -> Seen {
    let path = format!("{}/../insurance/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut task: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    task["number"] = json!(number);
    if !original.is_empty() {
        task["original"]["number"] = json!(original);
    }
    let url = format!("{}/v1/tasks", insurer.url());
    exchange("POST", &url, ("Authorization", "Bearer insurance-token"), task.to_string().into_bytes()).await
}

async fn asked(insurer: &Insurance, number: &str) -> Seen {
    let url = format!("{}/v1/tasks/{number}", insurer.url());
    exchange("GET", &url, ("Authorization", "Bearer insurance-token"), Vec::new()).await
}

const OPEN_DONE: [&str; 2] = ["\"state\":\"done\"", "\"limit\":\"18000.00\""];

fn is_of_callbacks(knob: &Knob) -> bool {
    let of_callbacks =
        [Fault::DuplicateCallback, Fault::ConflictingCallback, Fault::EarlyCallback, Fault::LostCallback];
    of_callbacks.contains(&knob.fault) || knob.only.as_deref() == Some("callback")
}

#[tokio::test]
async fn a_partner_of_the_open_form_shows_every_setting() {
    let plain = insurer();
    assert!(is_sound(&send(&plain, "freeze", "P-1", "").await, "P-1", &OPEN_DONE));
    assert!(is_sound(&asked(&plain, "P-1").await, "P-1", &OPEN_DONE));
    for behaviour in behaviours() {
        for knob in behaviour.open.into_iter().filter(|knob| !is_of_callbacks(knob)) {
            let insurer = insurer();
            insurer.knobs().set(knob.clone());
            let mut seen = send(&insurer, "freeze", "B-1", "").await;
            for _ in (1..TRIES).take_while(|_| knob.probability.is_some()) {
                if insurer.knobs().fired(knob.fault) > 0 {
                    break;
                }
                seen = send(&insurer, "freeze", "B-1", "").await;
            }
            if knob.only.is_some() {
                assert!(is_sound(&seen, "B-1", &OPEN_DONE), "first it is done");
                seen = asked(&insurer, "B-1").await;
            }
            assert_eq!(insurer.knobs().fired(knob.fault), 1, "{}: {knob:?}", behaviour.name);
            let untrue = is_sound(&seen, "B-1", &OPEN_DONE) && insurer.books().effect_count("B-1") == 0;
            assert!(untrue || !is_sound(&seen, "B-1", &OPEN_DONE), "{}: {knob:?}", behaviour.name);
            let status = seen.map_or(0, |(status, _, _)| status);
            assert!(knob.status.is_none_or(|wanted| wanted == status), "{}: {knob:?} {status}", behaviour.name);
        }
    }
}

#[tokio::test]
async fn callbacks_misbehave_as_each_setting_says() {
    for behaviour in behaviours() {
        for knob in behaviour.open.into_iter().filter(is_of_callbacks) {
            let (insurer, inbound) = (insurer(), Inbound::start(0));
            insurer.call_back(inbound.callback("insurer-a"));
            send(&insurer, "freeze", "F-1", "").await;
            insurer.knobs().set(knob.clone());
            let (status, _, _) = send(&insurer, "surrender", "S-1", "F-1").await.unwrap();
            assert_eq!(status, 202, "{}", behaviour.name);
            let results =
                |count: usize| -> Vec<Value> { (0..count).map(|_| inbound.next().results()[0].clone()).collect() };
            match knob.fault {
                Fault::LostCallback => {
                    // What is lost is drawn when its turn to be posted comes, and that is nobody's who asks.
                    while insurer.knobs().fired(knob.fault) == 0 {
                        tokio::task::yield_now().await;
                    }
                    let told = asked(&insurer, "S-1").await;
                    assert!(is_sound(&told, "S-1", &["\"state\":\"done\""]) && inbound.is_quiet());
                }
                Fault::EarlyCallback => assert_eq!((insurer.callbacks().len(), results(1).len()), (1, 1)),
                Fault::DuplicateCallback => {
                    let results = results(2);
                    assert_eq!(results[0], results[1]);
                }
                Fault::ConflictingCallback => {
                    let results = results(2);
                    assert_eq!((&results[0]["state"], &results[1]["state"]), (&json!("done"), &json!("refused")));
                }
                _ => {
                    let mut numbers: Vec<String> =
                        results(2).iter().map(|result| result["number"].as_str().unwrap().to_owned()).collect();
                    numbers.sort();
                    assert_eq!(numbers, ["S-1", "X1890010100000000000-9"]);
                }
            }
            assert_eq!(insurer.knobs().fired(knob.fault), 1, "{}", behaviour.name);
        }
    }
}

#[tokio::test]
async fn doors_stand_before_any_partner_that_is_called() {
    let bank = BankHttp::start(&County::of_the_samples(), BankHttpConfig::default()).unwrap();
    let authority = reqwest::Certificate::from_pem(FRONT_AUTHORITY_PEM.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([authority]);
    let client = builder.connect_timeout(Duration::from_millis(500)).build().unwrap();
    let call = async |door| {
        let front = Front::start(door, &bank.url).unwrap();
        client.post(&front.url).header("X-Bank-Token", "bank-token").body(freeze("D-1")).send().await
    };
    let doors: Vec<Door> = behaviours().into_iter().flat_map(|behaviour| behaviour.doors).collect();
    assert_eq!(doors.len(), 5);
    for door in doors {
        assert!(call(door).await.unwrap_err().is_connect(), "{door:?}");
        assert_eq!(bank.calls(), 0, "{door:?}: the partner saw nothing of it");
    }
    assert_eq!(call(Door::Sound).await.unwrap().status().as_u16(), 200);
    assert_eq!(bank.books().effect_count("D-1"), 1);
}
