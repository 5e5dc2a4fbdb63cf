//! Money goes back to where it came from, a policy stands again, and a part of a freeze is let go: the gateway's ledger and the
//! partner's books say the same.

use serde_json::{Value, json};
use simulators::insurance::{self, Contract, InsurerRules, Role};
use simulators::{Callback, Fault, Insurance, InsuranceConfig, Knob, OpenConfig};

use crate::bench::{Caller, Gateway, Setup, Spec, View, acts, collect, eventually, freeze, person, release};
use crate::kinds::everywhere;

/// What an earlier act took goes back, in that sum; where from and to the partner knows.
fn back(kind: &str, taken: &Value, yuan: &str) -> Value {
    json!({ "kind": kind, "partner": taken["partner"], "subject": taken["subject"], "amount": yuan,
            "original": { "act": taken["id"] } })
}

fn last_outcome(act: &Value) -> &Value {
    act["outcomes"].as_array().unwrap().last().unwrap()
}

fn with_reverse() -> Gateway {
    let called = Spec::called("bank-a").holds(&[100_000]);
    Gateway::with(vec![
        called.with(|spec| spec.acts = vec!["query", "freeze", "renew", "release", "deduct", "reverse"]),
    ])
}

#[test]
fn what_was_collected_goes_back_in_part_and_both_books_agree() {
    let gateway = with_reverse();
    let first = collect(&[0]).claim("600.00");
    let collected = gateway.run(&first);
    assert_eq!(collected.ledger("deducted"), "600.00", "{:#}", collected.0);
    let deduct = collected.act("deduct", "bank-a").clone();
    let serial = last_outcome(&deduct)["serial"].as_str().unwrap().to_owned();
    let again = |act: Value| acts(&[0], vec![act]).same_case(&first).claim("600.00");
    let too_much = gateway.submit_as("too-much", &again(back("reverse", &deduct, "600.01"))).of_status(422);
    assert_eq!(too_much.slug(), "out_of_bounds");
    let stranger = acts(&[0], vec![back("reverse", &deduct, "1.00")]).claim("600.00");
    assert_eq!(gateway.submit_as("stranger", &stranger).of_status(422).slug(), "original_unknown");
    let returned = gateway.run(&again(back("reverse", &deduct, "150.00")));
    let act = returned.act("reverse", "bank-a");
    assert_eq!((&act["state"], &last_outcome(act)["moved"]), (&json!("done"), &json!("150.00")), "{act:#}");
    let named = act["details"].as_array().unwrap().iter().find(|detail| detail["name"] == "original_serial").unwrap();
    assert_eq!(named["value"], json!(serial), "the bank's own number of the deduction went along");
    assert_eq!(returned.ledger("deducted"), "450.00", "{:#}", returned.0);
    let case = returned.0["case"]["id"].as_str().unwrap();
    let allow = json!({ "allow": true, "reason": "申请执行人书面申请" });
    gateway.caller("approver").post(&format!("/v1/cases/{case}/applicant"), &allow).of_status(200);
    let path = format!("/v1/requests/{}/applicant", collected.0["id"].as_str().unwrap());
    let shown = gateway.caller("officer").get(&path).of_status(200).json();
    assert_eq!(shown["sums"]["deducted"], "450.00", "what went back is nobody's to wait for");
    let bank = gateway.bank("bank-a");
    let books = bank.books();
    assert_eq!((books.paid_out()[0].amount, books.paid_out()[0].returned), (60_000, 15_000));
    assert_eq!(books.account(&bank.account(0)).unwrap().balance, 55_000, "it is back on the account it came from");
    bank.judge();
}

#[test]
fn money_whose_return_is_in_doubt_is_asked_about_and_goes_back_once() {
    let gateway = with_reverse();
    let first = collect(&[0]).claim("600.00");
    let deduct = gateway.run(&first).act("deduct", "bank-a").clone();
    gateway.bank("bank-a").knobs().set(Knob::next(Fault::ResetMidBody, 1).only("100213"));
    let returned = gateway.run(&acts(&[0], vec![back("reverse", &deduct, "600.00")]).same_case(&first).claim("600.00"));
    assert_eq!((returned.state_of("reverse", "bank-a"), returned.ledger("deducted")), ("done", "0.00"));
    let bank = gateway.bank("bank-a");
    assert_eq!((bank.effects("reverse"), bank.books().account(&bank.account(0)).unwrap().balance), (1, 100_000));
    bank.judge();
}

const INSURES: [&str; 8] =
    ["query", "freeze", "renew", "release", "surrender", "withdraw_benefits", "reverse", "reinstate"];

#[test]
fn a_surrendered_policy_is_reinstated_and_both_books_agree() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let holder = insurance::Person::new(&person(0).name, &person(0).id_number);
    let child = insurance::Person::new(&person(1).name, &person(1).id_number);
    let policy = insurance::Policy::endowment("HA330225001", holder, child.clone(), vec![child], 5_000_000);
    let rules = InsurerRules { notice_days: 2, day_ms: 20, ..InsurerRules::default() };
    let open = OpenConfig { token: "insurance-token".to_owned(), first_day: today(), ..OpenConfig::default() };
    let insurer = Insurance::start_with(vec![policy], InsuranceConfig { open, rules }).unwrap();
    let token = gateway.add_open_partner("insurer-a", "insurance", insurer.url(), "insurance-token", &INSURES);
    gateway.start();
    let posting = Caller { base: gateway.door_url().to_owned(), token: token.clone() };
    insurer.call_back(Callback { gateway: gateway.door_url().to_owned(), partner: "insurer-a".to_owned(), token });
    let first = everywhere(collect(&[0])).claim("30000.00");
    let collected = gateway.run(&first);
    assert_eq!(collected.ledger("deducted"), "30000.00", "{:#}", collected.0);
    let surrender = collected.act("surrender", "insurer-a").clone();
    assert_eq!(insurer.books().policy("HA330225001").unwrap().contract, Contract::Ended);
    let again = |yuan: &str| acts(&[0], vec![back("reinstate", &surrender, yuan)]).same_case(&first).claim("30000.00");
    let short = gateway.run(&again("29999.99"));
    let refused = last_outcome(short.act("reinstate", "insurer-a"));
    assert_eq!(
        (&refused["verdict"], &refused["reason"]),
        (&json!("refused"), &json!("insufficient")),
        "all or nothing"
    );
    assert_eq!(short.ledger("deducted"), "30000.00");
    let stands = gateway.run(&again("30000.00"));
    assert_eq!(
        (stands.state_of("reinstate", "insurer-a"), stands.ledger("deducted")),
        ("done", "0.00"),
        "{:#}",
        stands.0
    );
    let books = insurer.books();
    let policy = books.policy("HA330225001").unwrap();
    assert_eq!(
        (policy.contract, policy.reach(Role::Holder)),
        (Contract::InForce, 3_000_000),
        "worth what was given back"
    );
    assert_eq!(books.paid_out()[0].returned, 3_000_000);
    eventually("the insurer knows that we have it", || insurer.all_posted().then_some(()));
    // What it says after the end of the request is followed both ways, and people are told.
    let (id, number) = (stands.0["id"].as_str().unwrap(), View::key(stands.act("reinstate", "insurer-a"), false));
    let refused = json!({ "number": number, "kind": "reinstate", "state": "refused", "reason": "other" });
    let done = json!({ "number": number, "kind": "reinstate", "state": "done", "moved": "30000.00", "text": "更正" });
    for (told, deducted) in [(&refused, "30000.00"), (&done, "0.00")] {
        for _ in 0..2 {
            posting.post("/v1/inbound/insurer-a", &json!({ "results": [told], "leads": [] })).of_status(200);
        }
        gateway.wait_until(id, "the late word", |view| view.ledger("deducted") == deducted);
    }
    let open = gateway.caller("officer").get("/v1/tasks?kind=news_contradicts").of_status(200).json();
    assert_eq!(open["tasks"].as_array().unwrap().len(), 1, "{open:#}");
}

fn today() -> simulators::Day {
    let (year, month, day) = domain::Day::of(engine::clock::Clock::wall(&engine::clock::SystemClock::new())).ymd();
    simulators::Day::new(year, month, day).unwrap()
}

/// Limit, catch and rank of the one live freeze at a partner.
fn stands(gateway: &Gateway, partner: &str) -> Option<(String, String, u64)> {
    let shown = gateway.caller("submitter").get("/v1/measures").of_status(200).json();
    let at = |measure: &&Value| measure["partner"] == partner && measure["state"] == "in_force";
    let measure = shown["measures"].as_array().unwrap().iter().find(at)?.clone();
    let text = |key: &str| measure[key].as_str().unwrap().to_owned();
    Some((text("limit"), text("caught"), measure["rank"].as_u64().unwrap_or(0)))
}

fn part(frozen: &Value, yuan: &str) -> Value {
    let mut act = release(frozen);
    act["amount"] = json!(yuan);
    act
}

#[test]
fn a_part_is_released_where_the_bank_reads_it_and_refused_where_all_would_go() {
    let pulls = |spec: &mut Spec| spec.poll_ms = 50;
    let gateway = Gateway::with(vec![
        Spec::called("bank-a").holds(&[100_000]),
        Spec::pulling("bank-q").holds(&[100_000]).with(pulls),
    ]);
    let (called, pulled) = (gateway.bank("bank-a"), gateway.bank("bank-q"));
    let first = acts(
        &[0],
        vec![freeze("bank-a", &called.account(0), "600.00"), freeze("bank-q", &pulled.account(0), "300.00")],
    )
    .claim("1000.00");
    let frozen = gateway.run(&first);
    let (at_a, at_q) = (frozen.act("freeze", "bank-a").clone(), frozen.act("freeze", "bank-q").clone());
    let again = |act: Value| acts(&[0], vec![act]).same_case(&first).claim("1000.00");
    let freed = gateway.run(&again(part(&at_a, "200.00")));
    let told = last_outcome(freed.act("release", "bank-a"));
    assert_eq!((freed.ledger("exposure"), &told["limit"]), ("700.00", &json!("400.00")), "{:#}", freed.0);
    assert_eq!(stands(&gateway, "bank-a"), Some(("400.00".to_owned(), "400.00".to_owned(), 1)));
    let book = called.books().account(&called.account(0)).unwrap().freezes[0].clone();
    assert_eq!((book.limit, book.caught), (Some(40_000), 40_000), "limit and rank are the bank's too");
    // The hub's form has no code for a part: it would end the whole freeze, so nothing is sent, and the way out is said.
    let refused = gateway.submit_as("unread", &again(part(&at_q, "100.00"))).of_status(422);
    assert_eq!(refused.slug(), "part_release_unread");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/acts/0/amount");
    let text = refused.text();
    assert!(text.contains("书面") && text.contains("顺位"), "{text}");
    assert_eq!((pulled.held(), pulled.effects("release")), (30_000, 0));
    let whole = gateway.run(&again(release(&at_q)));
    assert_eq!((whole.state_of("release", "bank-q"), pulled.held()), ("done", 0));
    assert_eq!(stands(&gateway, "bank-q"), None);
    [called, pulled].into_iter().for_each(crate::bench::Bank::judge);
}

#[test]
fn what_a_bank_says_is_left_after_a_part_was_released_is_held_against_what_must_be() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let bank = gateway.bank("bank-a");
    let first = acts(&[0], vec![freeze("bank-a", &bank.account(0), "600.00")]).claim("1000.00");
    let frozen = gateway.run(&first).act("freeze", "bank-a").clone();
    let again = |yuan: &str| acts(&[0], vec![part(&frozen, yuan)]).same_case(&first).claim("1000.00");
    let contradictions = || {
        let told = gateway.caller("officer").get("/v1/tasks?kind=news_contradicts").of_status(200).json();
        told["tasks"].as_array().cloned().unwrap_or_default()
    };
    gateway.run(&again("100.00"));
    assert_eq!(contradictions(), Vec::<Value>::new(), "500.00 is left, and the bank says so");
    bank.knobs().set(Knob::next(Fault::OtherSubject, 1).only("100203"));
    let freed = gateway.run(&again("200.00"));
    assert_eq!((freed.state_of("release", "bank-a"), freed.ledger("exposure")), ("done", "300.00"));
    let told = contradictions();
    let [task] = told.as_slice() else { panic!("one task: {told:?}") };
    assert_eq!(
        (&task["amount"], task["text"].as_str()),
        (&json!("0.01"), Some("部分解除后对方所报剩余限额0.01元，按所令应为300.00元")),
        "{task:#}"
    );
}

#[test]
fn a_police_freeze_is_taken_over_in_its_rank() {
    let gateway = Gateway::with(vec![Spec::called("bank-a").holds(&[100_000])]);
    let bank = gateway.bank("bank-a");
    let account = bank.account(0);
    let police = simulators::bank::PriorFreeze {
        organ: "象山县公安局".to_owned(),
        document: "QQ33022520261120000017".to_owned(),
        limit: Some(80_000),
        caught: 0,
        end: today().plus_days(90),
        queued: false,
    };
    bank.books().freeze_by_other(&account, &police).unwrap();
    let behind = gateway.run(&acts(&[0], vec![freeze("bank-a", &account, "500.00")]).claim("1000.00"));
    assert_eq!(behind.act("freeze", "bank-a")["measure"]["caught"], "200.00", "{:#}", behind.0);
    let mut over = freeze("bank-a", &account, "800.00");
    over["original"] = json!({ "slip": "QQ33022520261120000017", "case_number": "(2026)浙0225刑初88号" });
    let taken = gateway.run(&acts(&[0], vec![over]).claim("1000.00"));
    let measure = &taken.act("freeze", "bank-a")["measure"];
    assert_eq!((&measure["caught"], &measure["rank"]), (&json!("800.00"), &json!(1)), "{:#}", taken.0);
    let ranks: Vec<(Option<i64>, i64)> =
        bank.books().account(&account).unwrap().freezes.iter().map(|freeze| (freeze.limit, freeze.caught)).collect();
    assert_eq!(ranks, [(Some(80_000), 80_000), (Some(50_000), 20_000)]);
    bank.judge();
}
