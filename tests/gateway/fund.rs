//! A housing fund through the real gateway: a deduction registered until a condition arises, told by question or by callback, paid once.

use serde_json::{Value, json};
use simulators::housing_fund::HousingFundConfig;
use simulators::{Callback, Fault, HousingFund, Knob, OpenConfig};

use crate::bench::{Gateway, Setup, Submitted, View, acts, deduct, eventually, everybody, freeze, person, renew};

const FUND_ACTS: [&str; 5] = ["query", "freeze", "renew", "release", "deduct"];

/// So many days from now.
fn day(ahead: i32) -> String {
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    domain::Day::from_count(domain::Day::of(now).count() + ahead).to_string()
}

/// A gateway with a fund centre beside it; where it shall, the centre posts by itself.
fn with_fund(posts: bool) -> (Gateway, HousingFund) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let ordinary = HousingFundConfig::default();
    let open = OpenConfig { first_day: simulators::Day::parse(&day(0)).unwrap(), ..ordinary.open };
    let fund = HousingFund::start(&everybody(), HousingFundConfig { open, ..ordinary }).unwrap();
    let token = gateway.add_open_partner("fund-a", "housing_fund", fund.url(), "fund-token", &FUND_ACTS);
    gateway.start();
    if posts {
        fund.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "fund-a".to_owned(), token });
    }
    (gateway, fund)
}

fn account(fund: &HousingFund) -> String {
    let own = |account: &simulators::housing_fund::Account| account.owner == person(0).id_number;
    fund.books().accounts().into_iter().find(own).unwrap().number
}

fn last(act: &Value) -> Value {
    act["outcomes"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default()
}

/// A frozen account, and a deduction of 100 yuan out of it that the centre has registered.
fn registered(gateway: &Gateway, fund: &HousingFund) -> (Value, String, Submitted) {
    let mut order = freeze("fund-a", &account(fund), "300.00");
    order["to"] = json!(day(100));
    let first = acts(&[0], vec![order]).claim("1000.00");
    let held = gateway.run(&first).act("freeze", "fund-a").clone();
    assert_eq!(held["state"], "done", "{held:#}");
    let request = gateway.submit(&acts(&[0], vec![deduct(&held, "100.00")]).same_case(&first).claim("1000.00"));
    let waits = |view: &View| last(view.act("deduct", "fund-a"))["verdict"] == "registered";
    let view = gateway.wait_until(&request.id, "the deduction registered", waits);
    let act = view.act("deduct", "fund-a");
    assert_eq!((&act["state"], &last(act)["reason"]), (&json!("awaiting"), &json!("awaits_condition")));
    assert_eq!(last(act)["findings"].as_array().unwrap().len(), 6, "one step for each condition: {act:#}");
    assert_eq!((view.ledger("deducted"), fund.books().paid_out().len()), ("0.00", 0));
    let case = first.0["case"]["number"].as_str().unwrap().to_owned();
    (held, case, request)
}

fn verdicts(act: &Value, word: &str) -> usize {
    act["outcomes"].as_array().unwrap().iter().filter(|outcome| outcome["verdict"] == word).count()
}

#[test]
fn a_query_finds_a_fund_account_with_what_can_be_frozen() {
    let (gateway, fund) = with_fund(false);
    let ask = json!({ "kind": "query", "partner": "fund-a", "subject": 0 });
    let view = gateway.run(&acts(&[0], vec![ask]));
    let found = &last(view.act("query", "fund-a"))["accounts"][0];
    let kept = fund.books().account(&account(&fund)).unwrap();
    assert_eq!((&found["asset"], &found["available"]), (&json!("fund"), &json!(simulators::yuan(kept.balance))));
    let details = found["details"].as_array().unwrap();
    assert!(details.iter().any(|detail| detail["name"] == "monthly_contribution"), "{found:#}");
}

#[test]
fn what_waits_for_a_condition_is_asked_about_and_paid_once() {
    let (gateway, fund) = with_fund(false);
    let (_, _, request) = registered(&gateway, &fund);
    fund.retire(&person(0).id_number).unwrap();
    let view = gateway.wait_finished(&request.id);
    let act = view.act("deduct", "fund-a");
    assert_eq!((&act["state"], &last(act)["moved"]), (&json!("done"), &json!("100.00")));
    assert_eq!((view.ledger("deducted"), verdicts(act, "done")), ("100.00", 1));
    assert_eq!((fund.books().effect_count(&View::key(act, false)), fund.books().paid_out().len()), (1, 1));
}

#[test]
fn a_result_posted_twice_is_known_again() {
    let (gateway, fund) = with_fund(true);
    let (_, _, request) = registered(&gateway, &fund);
    fund.knobs().set(Knob::next(Fault::DuplicateCallback, 1).only("deduct"));
    fund.retire(&person(0).id_number).unwrap();
    gateway.wait_finished(&request.id);
    eventually("both posts taken", || fund.all_posted().then_some(()));
    let posts: Vec<_> = fund.callbacks().into_iter().filter(|record| record.what == "done").collect();
    assert_eq!(posts.iter().map(|record| record.taken).collect::<Vec<_>>(), [Some(true); 2]);
    let view = gateway.view(&request.id);
    assert_eq!((verdicts(view.act("deduct", "fund-a"), "done"), view.ledger("deducted")), (1, "100.00"));
}

#[test]
fn the_freeze_under_what_waits_is_renewed_in_the_meantime() {
    let (gateway, fund) = with_fund(true);
    let (held, case, request) = registered(&gateway, &fund);
    let to = day(200);
    let renewed = gateway.submit(&acts(&[0], vec![renew(&held, &to)]).case(&case).claim("1000.00"));
    let view = gateway.wait_finished(&renewed.id);
    assert_eq!((view.state_of("renew", "fund-a"), &last(view.act("renew", "fund-a"))["to"]), ("done", &json!(to)));
    fund.retire(&person(0).id_number).unwrap();
    assert_eq!(gateway.wait_finished(&request.id).state_of("deduct", "fund-a"), "done");
}
