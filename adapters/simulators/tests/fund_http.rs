//! The fund centre over HTTP against its two pages: the gateway's golden orders, its golden answers, polling, callbacks, every fault.
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
use simulators::housing_fund::Condition;
use simulators::{County, Day, FAULTS, Fault, HousingFund, HousingFundConfig, Knob, OpenConfig};

const ACCOUNT: &str = "GJJ3302250000017";
const ID: &str = "330225189506120170";
/// The freeze that the golden orders build on.
const ORIGINAL: &str = "X2026112000000000007-1";
/// The number of the golden orders.
const NUMBER: &str = "X2026112200000000012-1";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn config() -> HousingFundConfig {
    let open = OpenConfig { first_day: day("2026-11-22"), repeat_ms: 1, ..HousingFundConfig::default().open };
    HousingFundConfig { open, ..HousingFundConfig::default() }
}

fn fund(config: HousingFundConfig) -> HousingFund {
    HousingFund::start(&County::of_the_samples(), config).unwrap()
}

/// Looks at deducts only when told to, or when the calendar says so.
fn by_hand() -> HousingFund {
    fund(HousingFundConfig { review_ms: u64::MAX, ..config() })
}

fn golden(name: &str) -> Value {
    let path = format!("{}/../housing_fund/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn task(name: &str, number: &str) -> Value {
    let mut task = golden(name);
    task["number"] = json!(number);
    task
}

fn other(fund: &HousingFund, limit: i64) {
    fund.freeze_by_other(ACCOUNT, ("宁海县人民法院", "(2026)浙0226执保77号"), limit, day("2027-05-01")).unwrap();
}

async fn try_call(fund: &HousingFund, path: &str, body: Option<&Value>) -> Result<(u16, Vec<u8>), reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build()?;
    let url = format!("{}/v1/tasks{path}", fund.url());
    let request = match body {
        Some(body) => client.post(url).body(body.to_string()),
        None => client.get(url),
    };
    let mut reply = request.header("Authorization", "Bearer fund-token").send().await?;
    let status = reply.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}

async fn send(fund: &HousingFund, task: &Value) -> (u16, Value) {
    let (status, bytes) = try_call(fund, "", Some(task)).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn ask(fund: &HousingFund, number: &str) -> (u16, Value) {
    let (status, bytes) = try_call(fund, &format!("/{number}"), None).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn state(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["state"].as_str().unwrap_or_default())
}

/// The answer without what only the day of running decides: the time of day and the running number of the serial.
fn bare(mut answer: Value) -> Value {
    let object = answer.as_object_mut().unwrap();
    for key in ["as_of", "serial"] {
        if let Some(Value::String(text)) = object.get_mut(key) {
            text.truncate(if key == "as_of" { 10 } else { 11 });
        }
    }
    answer
}

fn same(answer: (u16, Value), status: u16, name: &str) {
    assert_eq!((answer.0, bare(answer.1)), (status, bare(golden(name))), "{name}");
}

/// A centre with the freeze that the golden orders build on.
async fn with_freeze() -> HousingFund {
    let fund = by_hand();
    assert_eq!(state(&send(&fund, &task("freeze", ORIGINAL)).await), (200, "done"));
    fund
}

#[tokio::test]
async fn what_the_gateway_writes_is_taken_and_what_it_reads_is_told() {
    let fund = by_hand();
    other(&fund, 1_000_000);
    same(send(&fund, &golden("query")).await, 200, "query_done");
    same(send(&fund, &golden("freeze")).await, 200, "freeze_done");
    for (limit, name) in [(3_000_000, "freeze_partly"), (5_000_000, "freeze_queued")] {
        let fund = by_hand();
        other(&fund, limit);
        same(send(&fund, &golden("freeze")).await, 200, name);
    }
    let mut nobody = golden("query");
    nobody["subject"]["id_number"] = json!("330225189001010019");
    same(send(&by_hand(), &nobody).await, 200, "query_nobody");
    let mut renamed = golden("query");
    renamed["subject"]["name"] = json!("王大渔");
    same(send(&by_hand(), &renamed).await, 200, "query_other_name");
    let fund = by_hand();
    let mut short = task("freeze", ORIGINAL);
    short["to"] = json!("2027-05-01");
    send(&fund, &short).await;
    same(send(&fund, &golden("renew")).await, 200, "renew_done");
    let fund = with_freeze().await;
    same(send(&fund, &golden("release")).await, 200, "release_done");
    let mut unpapered = golden("deduct");
    unpapered["papers"].as_array_mut().unwrap().pop();
    let handed_back = send(&by_hand(), &unpapered).await;
    assert_eq!((handed_back.0, &handed_back.1["text"]), (422, &golden("handed_back")["text"]));
}

#[tokio::test]
async fn a_deduct_is_taken_registered_and_told_when_it_is_paid() {
    let fund = with_freeze().await;
    fund.expect_retirement(ID, day("2027-06-12")).unwrap();
    same(send(&fund, &golden("deduct")).await, 202, "deduct_accepted");
    same(ask(&fund, NUMBER).await, 202, "deduct_accepted");
    fund.set_date(day("2026-11-25"));
    same(ask(&fund, NUMBER).await, 200, "deduct_registered");
    let waits = ask(&fund, NUMBER).await;
    fund.set_date(day("2027-06-11"));
    assert_eq!(ask(&fund, NUMBER).await, waits, "for years the same answer");
    assert_eq!(send(&fund, &golden("deduct")).await, waits, "and to a repeat");
    fund.set_date(day("2027-06-12"));
    same(ask(&fund, NUMBER).await, 200, "deduct_done");
    let paid = ask(&fund, NUMBER).await;
    fund.set_date(day("2030-01-01"));
    assert_eq!(ask(&fund, NUMBER).await, paid);
    assert_eq!(send(&fund, &golden("deduct")).await, paid);
    assert_eq!((fund.books().effect_count(NUMBER), fund.books().paid_out().len()), (1, 1));
    assert_eq!((fund.books().paid_out()[0].amount, fund.books().conserved()), (1_800_000, 0));
    assert_eq!(fund.books().paid_out()[0].payee.number, "2010000000001234");
    assert_eq!(ask(&fund, "X-9").await, (404, json!({"number": "X-9", "state": "unknown"})));
}

#[tokio::test]
async fn a_part_is_paid_and_a_freeze_that_ends_takes_its_deduct_along() {
    let fund = with_freeze().await;
    fund.keep_back(ID, Some(3_150_012)).unwrap();
    fund.meet(ID, Condition::RentHigh, Some(600_000)).unwrap();
    send(&fund, &golden("deduct")).await;
    fund.set_date(day("2026-11-25"));
    same(ask(&fund, NUMBER).await, 200, "deduct_partly");
    let fund = with_freeze().await;
    send(&fund, &golden("deduct")).await;
    fund.review_all();
    assert_eq!(state(&ask(&fund, NUMBER).await), (200, "registered"));
    fund.set_date(day("2027-11-20"));
    same(ask(&fund, NUMBER).await, 200, "deduct_lapsed");
}

#[tokio::test]
async fn results_are_posted_until_they_are_taken_and_say_what_a_question_is_told() {
    let (fund, gateway) = (with_freeze().await, Inbound::start(2));
    fund.call_back(gateway.callback("gjj-a"));
    send(&fund, &golden("deduct")).await;
    fund.review_all();
    let first = gateway.next();
    assert!(first.head.starts_with("POST /v1/inbound/gjj-a HTTP/1.1\r\n"));
    assert!(first.head.to_ascii_lowercase().contains("authorization: bearer our-token"));
    assert_eq!([gateway.next().bytes, gateway.next().bytes], [first.bytes.clone(), first.bytes.clone()]);
    assert_eq!(first.results(), [ask(&fund, NUMBER).await.1]);
    fund.retire(ID).unwrap();
    let paid = ask(&fund, NUMBER).await;
    assert_eq!(state(&paid), (200, "done"), "whoever asks next is told");
    assert_eq!(gateway.next().results(), [paid.1]);
    fund.set_date(day("2027-03-01"));
    fund.retire(ID).unwrap();
    while !fund.all_posted() {
        tokio::task::yield_now().await;
    }
    assert_eq!((fund.books().paid_out().len(), gateway.is_quiet()), (1, true));
    assert_eq!(fund.callbacks().iter().map(|record| record.tries).collect::<Vec<_>>(), [3, 1]);
}

#[tokio::test]
async fn a_queued_freeze_that_comes_into_force_is_told_both_ways() {
    let (fund, gateway) = (by_hand(), Inbound::start(0));
    fund.call_back(gateway.callback("gjj-a"));
    other(&fund, 5_000_000);
    assert_eq!(state(&send(&fund, &golden("freeze")).await), (200, "queued"));
    fund.end_by_other(ACCOUNT, "(2026)浙0226执保77号").unwrap();
    let told = gateway.next().results();
    assert_eq!((&told[0]["state"], &told[0]["caught"]), (&json!("done"), &json!("18000.00")));
    assert_eq!(ask(&fund, NUMBER).await.1, told[0]);
}

#[tokio::test]
async fn a_centre_that_looks_at_once_posts_by_itself() {
    let (fund, gateway) = (fund(config()), Inbound::start(0));
    fund.call_back(gateway.callback("gjj-a"));
    send(&fund, &task("freeze", ORIGINAL)).await;
    fund.knobs().set(Knob::next(Fault::EarlyCallback, 1).only("deduct"));
    assert_eq!(state(&send(&fund, &golden("deduct")).await), (202, "accepted"), "said after it was posted");
    assert_eq!(gateway.next().results()[0]["state"], "registered");
    fund.knobs().set(Knob::next(Fault::DuplicateCallback, 1).only("deduct"));
    fund.retire(ID).unwrap();
    assert_eq!(gateway.next().bytes, gateway.next().bytes);
}

#[tokio::test]
async fn a_number_takes_effect_once_and_a_defect_binds_nothing() {
    let fund = by_hand();
    let freeze = task("freeze", "F-1");
    let first = send(&fund, &freeze).await;
    assert_eq!(send(&fund, &freeze).await, first);
    let mut other = freeze.clone();
    other["amount"] = json!("1.00");
    assert_eq!(send(&fund, &other).await, (409, json!({"number": "F-1", "state": "conflict"})));
    assert_eq!((fund.books().effect_count("F-1"), fund.taken()), (1, 1));
    assert_eq!(fund.books().account(ACCOUNT).unwrap().caught(), 1_800_000);

    let unpapered = |task: &mut Value| drop(task["papers"].as_array_mut().unwrap().pop());
    let wrong_digest = |task: &mut Value| task["papers"][0]["content"] = json!("JVBERi0x");
    let in_preservation = |task: &mut Value| task["case"]["stage"] = json!("preservation");
    let by_nobody = |task: &mut Value| task["officers"] = json!([]);
    let by_passport = |task: &mut Value| task["subject"]["id_type"] = json!("03");
    let too_late = |task: &mut Value| task["to"] = json!("2026-11-21");
    let without = |key: &'static str| move |task: &mut Value| drop(task.as_object_mut().unwrap().remove(key));
    let defects: [(&str, &str, &dyn Fn(&mut Value)); 11] = [
        ("deduct", "paper_missing", &unpapered),
        ("query", "paper_missing", &unpapered),
        ("freeze", "paper_missing", &wrong_digest),
        ("deduct", "other", &in_preservation),
        ("freeze", "credential_missing", &by_nobody),
        ("query", "unsupported", &by_passport),
        ("freeze", "other", &too_late),
        ("freeze", "other", &without("amount")),
        ("release", "other", &without("original")),
        ("deduct", "other", &without("destination")),
        ("renew", "other", &without("asset")),
    ];
    for (name, reason, spoil) in defects {
        let mut spoilt = task(name, "D-1");
        spoil(&mut spoilt);
        let answer = send(&fund, &spoilt).await;
        assert_eq!((state(&answer), &answer.1["reason"]), ((422, "handed_back"), &json!(reason)), "{name}");
    }
    assert_eq!((ask(&fund, "D-1").await.0, fund.taken()), (404, 1));
    let strict = self::fund(HousingFundConfig { two_officers: true, ..config() });
    let mut alone = golden("freeze");
    alone["officers"].as_array_mut().unwrap().truncate(1);
    assert_eq!(send(&strict, &alone).await.1["reason"], "credential_missing");
    assert_eq!(state(&send(&strict, &golden("freeze")).await), (200, "done"));
}

#[tokio::test]
async fn every_fault_has_or_has_not_its_effect_as_the_table_says_and_asking_tells_the_truth() {
    let of_callbacks =
        [Fault::DuplicateCallback, Fault::ConflictingCallback, Fault::EarlyCallback, Fault::LostCallback];
    for row in FAULTS.iter().filter(|row| row.open && !of_callbacks.contains(&row.fault)) {
        let fund = by_hand();
        let mut knob = Knob::next(row.fault, 1).ms(1).only("freeze");
        knob.bytes = Some(4096);
        fund.knobs().set(knob);
        let freeze = golden("freeze");
        drop(try_call(&fund, "", Some(&freeze)).await);
        assert_eq!(fund.knobs().fired(row.fault), 1, "{:?}", row.fault);
        assert_eq!(fund.books().effect_count(NUMBER), usize::from(row.effect), "{:?}", row.fault);
        let told = ask(&fund, NUMBER).await;
        assert_eq!(state(&told), if row.effect { (200, "done") } else { (404, "unknown") }, "{:?}", row.fault);
        assert_eq!(state(&send(&fund, &freeze).await), (200, "done"));
        assert_eq!(fund.books().effect_count(NUMBER), 1, "{:?}", row.fault);
    }
}

#[tokio::test]
async fn a_made_up_county_has_an_account_for_everybody() {
    let county = County::made_up(7, 50, 5);
    let fund = HousingFund::start(&county, config()).unwrap();
    assert_eq!((fund.books().people().len(), fund.books().accounts().len()), (50, 50));
    let person = &county.customers[3].identity;
    let mut query = golden("query");
    query["subject"]["name"] = json!(person.name);
    query["subject"]["id_number"] = json!(person.id_number);
    let answer = send(&fund, &query).await.1;
    assert_eq!((answer["accounts"].as_array().unwrap().len(), &answer["state"]), (1, &json!("done")));
}
