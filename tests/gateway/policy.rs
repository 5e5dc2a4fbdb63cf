//! An insurer through the real gateway: buy-out, consent, benefits, and callbacks that are lost, early, or contradict each other.

use serde_json::{Value, json};
use simulators::insurance::{Contract, InsurerRules, Person, Policy, SurrenderRule};
use simulators::{Callback, Fault, Fen, Insurance, InsuranceConfig, Knob, OpenConfig};

use crate::bench::{Ask, Gateway, Setup, View, acts, collect, eventually, freeze, person};

const POLICY: &str = "HA330225001";
const ACTS: [&str; 6] = ["query", "freeze", "renew", "release", "surrender", "withdraw_benefits"];
const DAY_MS: u64 = 86_400_000;

/// Days of the insurer pass only when it is told so.
fn rules() -> InsurerRules {
    InsurerRules { notice_days: 2, day_ms: DAY_MS, ..InsurerRules::default() }
}

fn somebody(index: usize) -> Person {
    Person::new(&person(index).name, &person(index).id_number)
}

fn policy() -> Policy {
    let mut policy = Policy::endowment(POLICY, somebody(0), somebody(1), vec![somebody(2)], 5_000_000);
    (policy.dividends_due, policy.survival_benefits_due) = (30_000, 70_000);
    policy
}

fn with_insurer(rules: InsurerRules) -> (Gateway, Insurance) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let (year, month, date) = domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).ymd();
    let first_day = simulators::Day::new(year, month, date).unwrap();
    let open = OpenConfig { token: "insurance-token".to_owned(), first_day, ..OpenConfig::default() };
    let insurer = Insurance::start_with(vec![policy()], InsuranceConfig { open, rules }).unwrap();
    let token = gateway.add_open_partner("insurer-a", "insurance", insurer.url(), "insurance-token", &ACTS);
    gateway.start();
    insurer.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "insurer-a".to_owned(), token });
    (gateway, insurer)
}

fn collected(yuan: &str) -> Ask {
    let mut ask = collect(&[0]).claim(yuan);
    ask.0["scope"] = json!({ "kinds": [], "regions": [], "partners": [] });
    ask
}

fn outcomes(act: &Value) -> Vec<Value> {
    act["outcomes"].as_array().cloned().unwrap_or_default()
}

fn said(act: &Value, key: &str) -> Vec<String> {
    outcomes(act).iter().map(|outcome| outcome[key].as_str().unwrap_or_default().to_owned()).collect()
}

fn has_outcomes(view: &View, kind: &str, count: usize) -> bool {
    view.acts_of(kind, "insurer-a").first().is_some_and(|act| outcomes(act).len() >= count)
}

fn paid(insurer: &Insurance) -> Fen {
    insurer.books().paid_out().iter().map(|payment| payment.amount).sum()
}

/// A frozen policy, and one more act on it.
fn on_freeze(gateway: &Gateway, kind: &str, yuan: &str, papers: &[Value]) -> View {
    let first = acts(&[0], vec![freeze("insurer-a", POLICY, "1000.00")]).claim("1000.00");
    let held = gateway.run(&first).act("freeze", "insurer-a").clone();
    assert_eq!(held["state"], "done", "{held:#}");
    let act = json!({ "kind": kind, "partner": "insurer-a", "subject": 0, "account": POLICY, "amount": yuan,
        "original": { "act": held["id"] } });
    let mut ask = acts(&[0], vec![act]).same_case(&first).claim("1000.00");
    if !papers.is_empty() {
        ask = ask.papers(papers);
    }
    let request = gateway.submit(&ask);
    gateway.wait_until(&request.id, "an answer", |view| view.state() == "finished" || has_outcomes(view, kind, 1))
}

#[test]
fn a_policy_that_is_bought_out_pays_and_goes_on() {
    let (gateway, insurer) = with_insurer(rules());
    let request = gateway.submit(&collected("30000.00"));
    let view = gateway.wait_until(&request.id, "the notice given", |view| has_outcomes(view, "surrender", 1));
    let notice = &outcomes(view.act("surrender", "insurer-a"))[0];
    assert_eq!((&notice["reason"], notice["findings"].as_array().unwrap().len()), (&json!("notice_period"), 2));
    assert!(notice["due"].is_string(), "{notice:#}");
    assert!(insurer.buy_out(POLICY, &person(1).id_number));
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("deducted"), paid(&insurer)), ("30000.00", 3_000_000));
    assert_eq!(insurer.books().policy(POLICY).unwrap().contract, Contract::InForce);
    insurer.advance_ms(10 * DAY_MS);
    assert_eq!(insurer.books().paid_out().len(), 1);
}

#[test]
fn a_window_that_ends_before_the_payment_is_told_on_the_way() {
    let (gateway, insurer) = with_insurer(InsurerRules { pay_days: 3, ..rules() });
    let request = gateway.submit(&collected("30000.00"));
    gateway.wait_until(&request.id, "the notice given", |view| has_outcomes(view, "surrender", 1));
    insurer.advance_ms(2 * DAY_MS);
    let view = gateway.wait_until(&request.id, "the window over", |view| has_outcomes(view, "surrender", 2));
    let act = view.act("surrender", "insurer-a");
    assert_eq!((said(act, "reason").last().unwrap().as_str(), act["state"].as_str()), ("under_way", Some("awaiting")));
    insurer.advance_ms(3 * DAY_MS);
    let view = gateway.wait_finished(&request.id);
    assert_eq!(said(view.act("surrender", "insurer-a"), "verdict"), ["registered", "registered", "done"]);
    assert_eq!((view.ledger("deducted"), paid(&insurer)), ("30000.00", 3_000_000));
}

#[test]
fn a_result_that_is_never_posted_is_found_by_asking() {
    let (gateway, insurer) = with_insurer(rules());
    insurer.knobs().set(Knob::share(Fault::LostCallback, 1.0));
    let request = gateway.submit(&collected("30000.00"));
    gateway.wait_until(&request.id, "the notice given", |view| has_outcomes(view, "surrender", 1));
    insurer.advance_ms(2 * DAY_MS);
    let view = gateway.wait_finished(&request.id);
    assert_eq!((view.ledger("deducted"), paid(&insurer)), ("30000.00", 3_000_000));
    assert!(insurer.callbacks().iter().all(|record| record.taken.is_none()));
}

#[test]
fn benefits_are_taken_without_ending_the_policy_also_when_the_result_comes_before_its_receipt() {
    let (gateway, insurer) = with_insurer(rules());
    insurer.knobs().set(Knob::next(Fault::EarlyCallback, 1).only("withdraw_benefits"));
    let view = on_freeze(&gateway, "withdraw_benefits", "500.00", &[]);
    let request = view.0["id"].as_str().unwrap().to_owned();
    let view = gateway.wait_finished(&request);
    let act = view.act("withdraw_benefits", "insurer-a");
    assert_eq!(
        (act["state"].as_str(), said(act, "moved").last().map(String::as_str)),
        (Some("partly"), Some("300.00"))
    );
    assert_eq!((view.ledger("deducted"), paid(&insurer)), ("300.00", 30_000));
    assert_eq!(insurer.books().effect_count(&View::key(act, false)), 1);
    assert_eq!(insurer.knobs().fired(Fault::EarlyCallback), 1);
    assert_eq!(insurer.books().policy(POLICY).unwrap().contract, Contract::InForce);
}

#[test]
fn without_the_holders_consent_nothing_is_ended_where_the_province_asks_for_it() {
    let (gateway, insurer) = with_insurer(InsurerRules { surrender: SurrenderRule::Consent, notice: false, ..rules() });
    let view = on_freeze(&gateway, "surrender", "1000.00", &[]);
    let act = view.act("surrender", "insurer-a");
    assert_eq!((act["state"].as_str(), said(act, "reason")), (Some("refused"), vec!["consent_missing".to_owned()]));
    assert_eq!((view.ledger("deducted"), view.ledger("deducting"), paid(&insurer)), ("0.00", "0.00", 0));
}

#[test]
fn with_the_holders_consent_the_policy_ends() {
    let (gateway, insurer) = with_insurer(InsurerRules { surrender: SurrenderRule::Consent, notice: false, ..rules() });
    let mut papers = gateway.papers().to_vec();
    papers.push(gateway.paper("holder_consent", "退保同意书.pdf", "退保同意书一", b"%PDF-1.4\n% consent\n%%EOF\n"));
    let view = on_freeze(&gateway, "surrender", "1000.00", &papers);
    let view = gateway.wait_finished(view.0["id"].as_str().unwrap());
    assert_eq!((view.state_of("surrender", "insurer-a"), view.ledger("deducted")), ("done", "1000.00"));
    let payment = insurer.books().paid_out()[0].clone();
    assert_eq!((payment.amount, payment.to_holder), (100_000, 4_930_000));
    assert_eq!(insurer.books().policy(POLICY).unwrap().contract, Contract::Ended);
}

#[test]
fn contradicting_results_both_stand_in_the_history_and_the_money_is_counted_once() {
    let (gateway, insurer) = with_insurer(rules());
    insurer.knobs().set(Knob::next(Fault::ConflictingCallback, 1).only("surrender"));
    let request = gateway.submit(&collected("30000.00"));
    gateway.wait_until(&request.id, "the notice given", |view| has_outcomes(view, "surrender", 1));
    insurer.advance_ms(2 * DAY_MS);
    eventually("both posts taken", || (insurer.callbacks().len() >= 2 && insurer.all_posted()).then_some(()));
    let view = gateway.view(&request.id);
    let act = view.act("surrender", "insurer-a");
    let verdicts = said(act, "verdict");
    assert!(verdicts.contains(&"done".to_owned()) && verdicts.contains(&"refused".to_owned()), "{act:#}");
    assert_eq!(insurer.books().paid_out().len(), 1);
    assert_eq!(view.ledger("deducted"), "30000.00", "{:#}", view.0);
}
