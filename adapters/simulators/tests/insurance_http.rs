//! The insurer over HTTP against its two pages: the gateway's golden tasks, de-duplication, callbacks until they are taken, every fault.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod inbound;

use inbound::Inbound;
use serde_json::{Value, json};
use simulators::insurance::{Contract, InsurerRules, Person, Policy, SurrenderRule};
use simulators::{AgreedRate, Day, FAULTS, Fault, Insurance, InsuranceConfig, Knob, OpenConfig};

const POLICY: &str = "BX3302250000000017";
const INSURED: &str = "330225189802030264";
const WINDOW_MS: u64 = 15 * 1_000_000;

/// Days long enough that only `advance_ms` brings them.
fn insurer() -> Insurance {
    let rules = InsurerRules { day_ms: 1_000_000, ..InsurerRules::default() };
    Insurance::start_with(Insurance::of_the_samples(), InsuranceConfig { rules, ..InsuranceConfig::default() }).unwrap()
}

fn golden(name: &str) -> Value {
    let path = format!("{}/../insurance/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A golden task under another number, building on `original` when that is one.
fn task(name: &str, number: &str, original: &str) -> Value {
    let mut task = golden(name);
    task["number"] = json!(number);
    if !original.is_empty() {
        task["original"]["number"] = json!(original);
    }
    task
}

async fn try_call(insurer: &Insurance, path: &str, body: Option<&Value>) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build()?;
    let url = format!("{}/v1/tasks{path}", insurer.url());
    let request = match body {
        Some(body) => client.post(url).body(body.to_string()),
        None => client.get(url),
    };
    let mut reply = request.header("Authorization", "Bearer insurance-token").send().await?;
    let status = reply.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}

async fn send(insurer: &Insurance, task: &Value) -> (u16, Value) {
    let (status, bytes) = try_call(insurer, "", Some(task)).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn ask(insurer: &Insurance, number: &str) -> (u16, Value) {
    let (status, bytes) = try_call(insurer, &format!("/{number}"), None).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn state(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["state"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn the_gateways_tasks_are_done() {
    let insurer = insurer();
    let inbound = Inbound::start(0);
    insurer.call_back(inbound.callback("insurer-a"));
    let query = send(&insurer, &golden("query")).await;
    assert_eq!((state(&query), query.1["policies"].as_array().unwrap().len()), ((200, "done"), 1));
    assert_eq!(query.1["policies"][0]["available"], json!("18480.50"));
    let freeze = send(&insurer, &task("freeze", "F-1", "")).await;
    assert_eq!((state(&freeze), &freeze.1["caught"]), ((200, "done"), &json!("18000.00")));
    assert_eq!(freeze.1["scope"], golden("freeze")["insurance"]["scope"]);
    assert_eq!(state(&send(&insurer, &task("freeze", "F-2", "")).await), (200, "queued"));
    assert_eq!(send(&insurer, &task("renew", "N-1", "F-1")).await.1["reason"], json!("other"), "no longer than it is");
    let mut renew = task("renew", "N-2", "F-1");
    renew["to"] = json!("2028-11-19");
    assert_eq!(send(&insurer, &renew).await.1["to"], json!("2028-11-19"));
    let withdraw = send(&insurer, &task("withdraw_benefits", "W-1", "F-1")).await;
    assert_eq!(withdraw, (202, json!({"number": "W-1", "kind": "withdraw_benefits", "state": "accepted"})));
    let posted = inbound.next();
    assert!(posted.head.contains("/v1/inbound/insurer-a") && posted.head.to_lowercase().contains("bearer our-token"));
    assert_eq!((&posted.results()[0]["state"], &posted.results()[0]["moved"]), (&json!("partly"), &json!("480.50")));
    assert_eq!(ask(&insurer, "W-1").await, (200, posted.results()[0].clone()));
    assert_eq!(state(&send(&insurer, &task("release", "R-1", "F-1")).await), (200, "done"));
    let moved_up = inbound.next().results();
    assert_eq!((&moved_up[0]["number"], &moved_up[0]["caught"]), (&json!("F-2"), &json!("18000.00")));
    assert_eq!(ask(&insurer, "Z-1").await, (404, json!({"number": "Z-1", "state": "unknown"})));
}

#[tokio::test]
async fn a_surrender_is_registered_and_its_result_is_posted_until_it_is_taken() {
    let insurer = insurer();
    let inbound = Inbound::start(2);
    send(&insurer, &task("freeze", "F-1", "")).await;
    let begun = send(&insurer, &task("surrender", "S-1", "F-1")).await;
    assert_eq!(
        (state(&begun), &begun.1["reason"], &begun.1["due"]),
        ((200, "registered"), &json!("notice_period"), &json!("2026-12-05"))
    );
    assert_eq!(begun.1["findings"].as_array().unwrap().len(), 2);
    assert_eq!(ask(&insurer, "S-1").await, begun);
    insurer.advance_ms(WINDOW_MS);
    insurer.call_back(inbound.callback("insurer-a"));
    let tries = [inbound.next(), inbound.next(), inbound.next()];
    assert!(tries.iter().all(|post| post.bytes == tries[0].bytes), "the same bytes again");
    let result = &tries[0].results()[0];
    assert_eq!((&result["state"], &result["moved"]), (&json!("done"), &json!("18000.00")));
    assert_eq!(ask(&insurer, "S-1").await, (200, result.clone()));
    assert_eq!(
        send(&insurer, &task("surrender", "S-1", "F-1")).await,
        (200, result.clone()),
        "a repeat gets what stands now"
    );
    let books = insurer.books();
    assert_eq!(
        (books.paid_out().len(), books.effect_count("S-1"), books.policy(POLICY).unwrap().contract),
        (1, 1, Contract::Ended)
    );
}

#[tokio::test]
async fn a_buy_out_keeps_the_policy() {
    let insurer = insurer();
    let inbound = Inbound::start(0);
    insurer.call_back(inbound.callback("insurer-a"));
    send(&insurer, &task("freeze", "F-1", "")).await;
    send(&insurer, &task("surrender", "S-1", "F-1")).await;
    assert!(insurer.buy_out(POLICY, INSURED));
    let result = &inbound.next().results()[0];
    assert_eq!((&result["state"], &result["moved"]), (&json!("done"), &json!("18000.00")));
    insurer.advance_ms(10 * WINDOW_MS);
    assert_eq!(
        (insurer.books().paid_out().len(), insurer.books().policy(POLICY).unwrap().contract),
        (1, Contract::InForce)
    );
}

#[tokio::test]
async fn a_number_takes_effect_once_and_a_defect_binds_nothing() {
    let insurer = insurer();
    let mut bare = task("freeze", "F-1", "");
    bare["papers"] = json!([]);
    let answer = send(&insurer, &bare).await;
    assert_eq!((state(&answer), &answer.1["reason"]), ((422, "handed_back"), &json!("paper_missing")));
    let mut forged = task("freeze", "F-1", "");
    forged["papers"][0]["content"] = json!("JVBERi0xLjUK");
    assert_eq!(send(&insurer, &forged).await.0, 422, "the digest does not fit");
    assert_eq!((ask(&insurer, "F-1").await.0, insurer.taken()), (404, 0));
    let whole = task("freeze", "F-1", "");
    let first = send(&insurer, &whole).await;
    assert_eq!(state(&first), (200, "done"));
    assert_eq!(send(&insurer, &whole).await, first);
    let mut other = whole.clone();
    other["amount"] = json!("17999.99");
    assert_eq!(send(&insurer, &other).await, (409, json!({"number": "F-1", "state": "conflict"})));
    assert_eq!((insurer.books().effect_count("F-1"), insurer.books().policy(POLICY).unwrap().freezes.len()), (1, 1));
}

#[tokio::test]
async fn doors_are_kept() {
    let insurer = insurer();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().unwrap();
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    let url = format!("{}/v1/tasks", insurer.url());
    assert_eq!(status(client.post(&url).body("{}")).await, 401);
    assert_eq!(status(client.post(&url).bearer_auth("other").body("{}")).await, 401);
    assert_eq!(status(client.put(&url).bearer_auth("insurance-token")).await, 405);
    assert_eq!(status(client.post(format!("{}/v2", insurer.url())).bearer_auth("insurance-token")).await, 404);
    assert_eq!(status(client.post(&url).bearer_auth("insurance-token").body("{")).await, 400);
    insurer.agree(Some(AgreedRate { max: 1, window_ms: 60_000, refuse: true }));
    assert_eq!(send(&insurer, &golden("query")).await.0, 200);
    assert_eq!(send(&insurer, &golden("query")).await.0, 429);
    assert_eq!(insurer.violations().len(), 1);
}

#[tokio::test]
async fn every_fault_takes_effect_or_not_as_the_table_says() {
    for row in FAULTS.iter().filter(|row| row.open && !is_of_callbacks(row.fault)) {
        let insurer = insurer();
        let mut knob = Knob::next(row.fault, 1).only("freeze").ms(1);
        knob.bytes = Some(4_096);
        insurer.knobs().set(knob);
        let told = try_call(&insurer, "", Some(&task("freeze", "F-1", ""))).await;
        assert_eq!(insurer.books().effect_count("F-1"), usize::from(row.effect), "{:?}", row.fault);
        assert_eq!(insurer.knobs().fired(row.fault), 1, "{:?}", row.fault);
        let is_plain = matches!(row.fault, Fault::Delay | Fault::SlowDrip | Fault::OversizeBody | Fault::SaysDone);
        let is_good = told.is_ok_and(|(status, bytes)| {
            let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            status == 200 && json["number"] == json!("F-1") && json["state"] == json!("done")
        });
        assert_eq!(is_good, is_plain, "{:?}", row.fault);
        assert_eq!(ask(&insurer, "F-1").await.0, if row.effect { 200 } else { 404 }, "{:?}", row.fault);
        assert_eq!(state(&send(&insurer, &task("freeze", "F-1", "")).await), (200, "done"), "{:?}", row.fault);
        assert_eq!(insurer.books().effect_count("F-1"), 1, "{:?}", row.fault);
    }
}

fn is_of_callbacks(fault: Fault) -> bool {
    use Fault::{ConflictingCallback, DuplicateCallback, EarlyCallback, LostCallback};
    matches!(fault, DuplicateCallback | ConflictingCallback | EarlyCallback | LostCallback)
}

/// A policy that concerns nobody but its holder: what is accepted is done at once.
fn alone() -> Insurance {
    let holder = Person::new("王小渔", "330225189506120170");
    let policy = Policy::endowment(POLICY, holder.clone(), holder, Vec::new(), 5_000_000);
    Insurance::start_with(vec![policy], InsuranceConfig::default()).unwrap()
}

#[tokio::test]
async fn callbacks_come_early_twice_contradicting_or_never() {
    for fault in [Fault::EarlyCallback, Fault::DuplicateCallback, Fault::ConflictingCallback, Fault::LostCallback] {
        let insurer = alone();
        let inbound = Inbound::start(0);
        insurer.call_back(inbound.callback("insurer-a"));
        send(&insurer, &task("freeze", "F-1", "")).await;
        insurer.knobs().set(Knob::next(fault, 1).only("surrender"));
        let surrender = task("surrender", "S-1", "F-1");
        assert_eq!(state(&send(&insurer, &surrender).await), (202, "accepted"), "{fault:?}");
        if fault != Fault::LostCallback {
            let first = inbound.next();
            assert_eq!(first.results()[0]["moved"], json!("18000.00"), "{fault:?}");
            match fault {
                Fault::EarlyCallback => assert_eq!(insurer.callbacks().len(), 1, "posted before the 202"),
                Fault::DuplicateCallback => assert_eq!(inbound.next().bytes, first.bytes),
                _ => assert_eq!(inbound.next().results()[0]["state"], json!("refused")),
            }
        }
        // The next result is posted after what this one led to.
        send(&insurer, &task("surrender", "S-2", "F-9")).await;
        insurer.add(alone().books().policy(POLICY).unwrap().clone());
        send(&insurer, &task("freeze", "F-3", "")).await;
        send(&insurer, &task("surrender", "S-3", "F-3")).await;
        assert_eq!(inbound.next().results()[0]["number"], json!("S-3"), "{fault:?}");
        let told = ask(&insurer, "S-1").await;
        assert_eq!((state(&told), &told.1["moved"]), ((200, "done"), &json!("18000.00")), "{fault:?}");
        assert_eq!(insurer.books().effect_count("S-1"), 1, "{fault:?}");
    }
}

/// The freeze that the golden tasks build on, by that court; with its number when it is one of ours.
fn earlier(number: &str, court: &str, case: &str, yuan: &str, to: &str) -> Value {
    let mut freeze = task("freeze", number, "");
    freeze["case"]["court"]["name"] = json!(court);
    freeze["case"]["number"] = json!(case);
    (freeze["amount"], freeze["to"]) = (json!(yuan), json!(to));
    freeze
}

fn of_the_page(rules: InsurerRules) -> Insurance {
    let rules = InsurerRules { day_ms: 1_000_000, ..rules };
    let open = OpenConfig { first_day: day("2026-11-22"), ..InsuranceConfig::default().open };
    Insurance::start_with(Insurance::of_the_samples(), InsuranceConfig { rules, open }).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// A freeze of ours stands, under the number that the golden tasks name.
async fn frozen(rules: InsurerRules) -> Insurance {
    let insurer = of_the_page(rules);
    let ours = earlier("X2026112000000000007-1", "象山县人民法院", "(2026)浙0225执1234号", "18000.00", "2027-11-19");
    assert_eq!(state(&send(&insurer, &ours).await).0, 200);
    insurer
}

/// What the insurer says is to the word what the gateway's tests read.
#[tokio::test]
async fn the_goldens_of_answers_are_what_the_insurer_says() {
    let number = "X2026112200000000012-1";
    let neighbour = earlier("NH-1", "宁海县人民法院", "(2026)浙0226执保77号", "10000.00", "2027-05-01");

    let insurer = of_the_page(InsurerRules::default());
    assert_eq!(send(&insurer, &golden("freeze")).await.1, golden("frozen"));

    let insurer = of_the_page(InsurerRules::default());
    send(&insurer, &neighbour).await;
    assert_eq!(send(&insurer, &golden("freeze")).await.1, golden("queued"));
    let holder = Person::new("林望海", "330225190105060712");
    let debtor = Person::new("王小渔", "330225189506120170");
    let mut other = Policy::endowment("BX3302250000000018", holder.clone(), holder, vec![debtor], 9_000_000);
    (other.unpaid_benefits, other.personal_nature, other.product) = (150_025, true, "望潮终身寿险".to_owned());
    insurer.add(other);
    let mut told = send(&insurer, &golden("query")).await.1;
    told["policies"][0]["ahead"].as_array_mut().unwrap().truncate(1);
    assert_eq!(told, golden("policies"));

    let insurer = frozen(InsurerRules::default()).await;
    assert_eq!(send(&insurer, &golden("surrender")).await.1, golden("notice_period"));
    insurer.change(POLICY, |policy| (policy.cash_value, policy.dividends_due) = (2_050_000, 0));
    insurer.set_date(day("2026-12-07"));
    let inbound = Inbound::start(0);
    insurer.call_back(inbound.callback("insurer-a"));
    insurer.advance_ms(WINDOW_MS);
    assert_eq!(inbound.next().results(), [golden("paid")]);

    let insurer = frozen(InsurerRules::default()).await;
    send(&insurer, &golden("surrender")).await;
    insurer.set_date(day("2026-11-25"));
    let inbound = Inbound::start(0);
    insurer.call_back(inbound.callback("insurer-a"));
    assert!(insurer.buy_out(POLICY, INSURED));
    assert_eq!(inbound.next().results(), [golden("bought_out")]);

    let insurer = frozen(InsurerRules { surrender: SurrenderRule::Consent, ..InsurerRules::default() }).await;
    let mut bare = golden("surrender");
    bare["papers"].as_array_mut().unwrap().truncate(2);
    assert_eq!(send(&insurer, &bare).await.1, golden("consent_missing"));

    let insurer = frozen(InsurerRules::default()).await;
    let inbound = Inbound::start(0);
    insurer.call_back(inbound.callback("insurer-a"));
    assert_eq!(state(&send(&insurer, &golden("withdraw_benefits")).await), (202, "accepted"));
    assert_eq!(inbound.next().results(), [golden("benefits_paid")]);
    assert_eq!(ask(&insurer, number).await.1, golden("benefits_paid"));
}
