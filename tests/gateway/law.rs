//! The law through the real gateway: each rule that refuses from both sides, rule packs, living costs, bankruptcy.

use std::collections::BTreeSet;

use domain::rules::{Level, RULES};
use serde_json::{Value, json};
use simulators::insurance::{Person, Policy};
use simulators::{Insurance, InsuranceConfig, OpenConfig};

use crate::bench::{Ask, Gateway, Setup, Spec, View, account, acts, collect, deduct, freeze, look, person, secure};

const INSURES: [&str; 6] = ["query", "freeze", "renew", "release", "surrender", "withdraw_benefits"];

/// A pack that holds at every partner whose file names none.
fn pack(more: &str) -> String {
    format!("name = \"default\"\nversion = \"test\"\nsources = [\"a test\"]\n{more}\n")
}

fn under(banks: Vec<Spec>, more: &str) -> Gateway {
    let mut gateway = Setup::of(banks).lay_out();
    gateway.write_config_file("rules/default.toml", &pack(more));
    gateway.start();
    gateway
}

fn day(ahead: i32) -> String {
    let now = engine::clock::Clock::wall(&engine::clock::SystemClock::new());
    domain::Day::from_count(domain::Day::of(now).count() + ahead).to_string()
}

fn with(ask: &Ask, pointer: &str, value: Value) -> Ask {
    let mut ask = ask.clone();
    let (table, field) = pointer.rsplit_once('/').unwrap();
    let table = ask.0.pointer_mut(table).unwrap();
    match table {
        Value::Array(list) => list[field.parse::<usize>().unwrap()] = value,
        table => table[field] = value,
    }
    ask
}

/// A case of its own, otherwise the same.
fn of_own_case(ask: &Ask) -> Ask {
    with(ask, "/case/number", look(&[0]).0["case"]["number"].clone())
}

struct Sides<'g> {
    gateway: &'g Gateway,
    tried: BTreeSet<String>,
}

impl Sides<'_> {
    /// `refused` breaks this rule alone and nothing else; `allowed`, its neighbour, is taken.
    fn try_both(&mut self, rule: &str, refused: &Ask, allowed: &Ask) {
        assert_eq!(self.gateway.refused(refused), [rule], "{:#}", refused.0);
        self.gateway.submit(allowed);
        self.tried.insert(rule.to_owned());
    }
}

/// A card with the right check character of somebody who is born tomorrow.
fn unborn() -> String {
    let body = format!("330225{}001", day(1).replace('-', ""));
    let check = domain::identity::check_character(&body).unwrap();
    format!("{body}{check}")
}

#[test]
fn each_rule_that_refuses_from_both_sides() {
    let (reserve, margin) = ("9001", account(0, 1));
    let lists = format!("[accounts]\nreserve = [\"{reserve}\"]\nmargin = [\"{margin}\"]");
    let banks =
        vec![Spec::called("bank-a").holds(&[100_000]), Spec::called("bank-q").with(|spec| spec.acts = vec!["query"])];
    let gateway = under(banks, &lists);
    let own = gateway.bank("bank-a").account(0);
    let ordinary = || acts(&[0, 1], vec![freeze("bank-a", &own, "100.00")]).claim("500.00");
    let mut sides = Sides { gateway: &gateway, tried: BTreeSet::new() };

    let creditor = with(&look(&[0, 1]), "/case/parties/1/role", json!("creditor"));
    sides.try_both("D1", &creditor, &with(&of_own_case(&creditor), "/subjects", json!([0])));
    sides.try_both("D2", &look(&[0]).case("待立案"), &look(&[0]));
    let without = |ask: Ask, kind: &str| {
        let papers: Vec<Value> = gateway.papers().iter().filter(|paper| paper["kind"] != kind).cloned().collect();
        ask.papers(&papers)
    };
    sides.try_both("D3", &without(ordinary(), "ruling"), &without(look(&[0]), "ruling"));
    let second = |duty_id: &str| with(&look(&[0]), "/officers/1/duty_id", json!(duty_id));
    sides.try_both("D4", &second("GW330225001"), &second("GW330225003"));
    sides.try_both("D4", &with(&look(&[0]), "/officers", json!([])), &look(&[0]));
    sides.try_both("D6", &collect(&[0]).stage("preservation"), &secure(&[0]).claim("1.00").stage("preservation"));
    sides.try_both(
        "D7",
        &with(&ordinary(), "/acts/0/amount", json!("0.00")),
        &with(&ordinary(), "/acts/0/amount", json!("0.01")),
    );
    sides.try_both(
        "D8",
        &with(&ordinary(), "/acts/0/amount", json!("500.01")),
        &with(&ordinary(), "/acts/0/amount", json!("500.00")),
    );
    let until = |ahead: i32| with(&ordinary(), "/acts/0/to", json!(day(ahead)));
    sides.try_both("D9", &until(366), &until(364));
    let at = |partner: &str| with(&ordinary(), "/acts/0/partner", json!(partner));
    sides.try_both("D19", &at("bank-q"), &at("bank-a"));
    let on_account = |number: &str| with(&ordinary(), "/acts/0/account", json!(number));
    sides.try_both("D24", &on_account(reserve), &on_account("9009"));
    let bankrupt = |ask: Ask, told: bool| with(&ask, "/case/parties/0/bankrupt", json!(told));
    sides.try_both("D28", &bankrupt(ordinary(), true), &bankrupt(ordinary(), false));
    let card = |number: &str| with(&look(&[0]), "/case/parties/0/id_number", json!(number));
    let valid = person(0).id_number;
    let last = if valid.ends_with('1') { "2" } else { "1" };
    sides.try_both("D32", &card(&format!("{}{last}", &valid[..17])), &card(&valid));
    let of_kind = |id_type: &str, number: &str| with(&card(number), "/case/parties/0/id_type", json!(id_type));
    sides.try_both("D32", &card(&unborn()), &of_kind("20500", &unborn()));
    let (wrong, right) = ("91330225MA2XXXXX1K", "91330225MA2XXXXX0L");
    sides.try_both("D32", &of_kind("24100", wrong), &of_kind("24100", right));

    // What builds on a freeze: each in a case of its own, so that nothing else is in the way.
    let held = |person: usize| {
        let mut order = freeze("bank-a", &gateway.bank("bank-a").account(person), "100.00");
        order["subject"] = json!(person);
        let ask = acts(&[0, 1], vec![order]).claim("500.00");
        let act = gateway.run(&ask).act("freeze", "bank-a").clone();
        assert_eq!(act["state"], "done", "{act:#}");
        (ask, act)
    };
    let on = |(ask, act): &(Ask, Value), yuan: &str| {
        let mut order = deduct(act, yuan);
        order["subject"] = act["subject"].clone();
        acts(&[0, 1], vec![order]).same_case(ask).claim("500.00")
    };
    let (cash, letter_of_credit) = (held(0), held(1));
    sides.try_both("D20", &on(&cash, "100.01"), &on(&cash, "10.00"));
    sides.try_both("D23", &on(&letter_of_credit, "10.00"), &on(&cash, "5.00"));

    let refusing = RULES.iter().filter(|rule| rule.level == Level::Refuse).map(|rule| rule.id.to_owned());
    assert_eq!(sides.tried, refusing.collect(), "a rule that refuses was not tried");
}

#[test]
fn nobody_named_is_told_as_the_rule_it_breaks_beside_the_others_and_at_its_field() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let ask = with(&look(&[0]).case("待立案"), "/officers", json!([]));
    let answer = gateway.submit_as("nobody", &ask).of_status(422);
    let rules = answer.json()["rules"].as_array().unwrap().clone();
    let told: Vec<(&str, &str)> =
        rules.iter().map(|rule| (rule["id"].as_str().unwrap(), rule["pointer"].as_str().unwrap())).collect();
    assert_eq!((answer.slug().as_str(), told), ("rules_broken", vec![("D2", "/case/number"), ("D4", "/officers")]));
}

#[test]
fn a_refusal_names_rule_source_place_and_what_to_do_in_the_callers_language() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let answer = gateway.submit_as("named", &look(&[0]).case("待立案")).of_status(422);
    let rule = &answer.json()["rules"][0];
    assert_eq!((&rule["id"], &rule["pointer"]), (&json!("D2"), &json!("/case/number")));
    assert!(
        !rule["source"].as_str().unwrap().is_empty() && rule["text"].as_str().unwrap().contains("案号"),
        "{rule:#}"
    );
}

fn with_insurer(more: &str) -> (Gateway, Insurance) {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let (year, month, date) = domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).ymd();
    let first_day = simulators::Day::new(year, month, date).unwrap();
    let somebody = |index: usize| Person::new(&person(index).name, &person(index).id_number);
    let policy = Policy::endowment("HA330225001", somebody(0), somebody(1), vec![somebody(2)], 5_000_000);
    let open = OpenConfig { token: "insurance-token".to_owned(), first_day, ..OpenConfig::default() };
    let config = InsuranceConfig { open, ..InsuranceConfig::default() };
    let insurer = Insurance::start_with(vec![policy], config).unwrap();
    gateway.add_open_partner("insurer-a", "insurance", insurer.url(), "insurance-token", &INSURES);
    gateway.write_config_file("rules/default.toml", &pack(more));
    gateway.start();
    (gateway, insurer)
}

fn everywhere(ask: Ask) -> Ask {
    with(&ask, "/scope", json!({ "kinds": [], "regions": [], "partners": [] }))
}

#[test]
fn a_policy_is_ended_only_as_the_rules_there_let_it() {
    for (surrender, alone, with_consent) in [("never", Some("D19"), Some("D19")), ("with_consent", Some("D3"), None)] {
        let (gateway, _insurer) = with_insurer(&format!("[policy]\nsurrender = \"{surrender}\""));
        let ask = everywhere(collect(&[0])).claim("30000.00");
        let view = gateway.run(&ask);
        let frozen = view.act("freeze", "insurer-a").clone();
        assert_eq!((view.state(), frozen["state"].as_str()), ("finished", Some("done")), "{surrender}: {:#}", view.0);
        assert!(view.acts_of("surrender", "insurer-a").is_empty(), "{surrender}");
        let mut order = deduct(&frozen, "100.00");
        order["kind"] = json!("surrender");
        let explicit = acts(&[0], vec![order]).same_case(&ask).claim("30000.00");
        assert_eq!(gateway.refused(&explicit), [alone.unwrap()], "{surrender}");
        let mut papers = gateway.papers().to_vec();
        papers.push(gateway.paper("holder_consent", "同意书.pdf", "1", b"%PDF-1.4\n% consent\n%%EOF\n"));
        let consented = explicit.papers(&papers);
        match with_consent {
            Some(rule) => assert_eq!(gateway.refused(&consented), [rule], "{surrender}"),
            None => assert!(!gateway.submit(&consented).id.is_empty()),
        }
    }
}

#[test]
fn a_person_keeps_what_it_takes_to_live() {
    let banks = || vec![Spec::called("bank-a").holds(&[300_000])];
    let gateway = under(banks(), "[living]\nreserve = \"1000.00\"");
    gateway.run(&collect(&[0]).claim("9000.00"));
    assert_eq!(gateway.bank("bank-a").paid(), 200_000, "2,000.00 of 3,000.00");
    let gateway = under(banks(), "[living]\nreserve = \"0.00\"");
    gateway.run(&collect(&[0]).claim("9000.00"));
    assert_eq!(gateway.bank("bank-a").paid(), 300_000);
}

#[test]
fn a_bankruptcy_told_stops_what_waits_and_rests_the_case() {
    let setup = Setup { deduct_approvals: 1, ..Setup::of(vec![Spec::called("bank-a").holds(&[100_000])]) };
    let gateway = setup.start();
    let ask = collect(&[0]).claim("600.00");
    let request = gateway.submit(&ask);
    let waits = |view: &View| view.acts_of("deduct", "bank-a").len() == 1;
    gateway.wait_until(&request.id, "the deduction that waits for its approval", waits);
    let told = |ask: Ask, told: bool| with(&ask, "/case/parties/0/bankrupt", json!(told));
    let news = gateway.submit(&told(look(&[0]).same_case(&ask).claim("600.00"), true));
    let view = gateway.wait_finished(&request.id);
    assert_eq!(view.state_of("deduct", "bank-a"), "withdrawn");
    gateway.wait_finished(&news.id);
    let again = || collect(&[0]).same_case(&ask).claim("600.00");
    assert_eq!(gateway.refused(&again()), ["D28"], "the case remembers");
    assert_eq!((gateway.bank("bank-a").paid(), gateway.bank("bank-a").held()), (0, 60_000));
    gateway.submit(&told(again(), false));
}

#[test]
fn a_pack_with_faults_is_told_by_file_and_line() {
    let mut gateway = Setup::of(vec![Spec::called("bank-a")]).lay_out();
    gateway.write_config_file("rules/default.toml", &pack("[freeze_years]\ncash = 2"));
    let said = gateway.try_start().expect_err("it must not start");
    assert!(said.contains("default.toml:5") && said.contains("D9"), "{said}");
}
