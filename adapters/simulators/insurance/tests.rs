//! The books by themselves, without a network: whose money, in what order, once, and never more than ordered.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Contract, InsuranceBooks, InsurerRules, Person, Policy, SurrenderRule, policy};
use crate::day::Day;
use crate::open::{Answer, News, Now, State, Task, Trade};

const POLICY: &str = "BX3302250000000017";
const HOLDER: (&str, &str) = ("王小渔", "330225189506120170");
const INSURED: (&str, &str) = ("王海棠", "330225189802030264");
const COURT: &str = "2010000000001234";
const DAY_MS: u64 = 10;
/// Of the stand-in PDF.
const DIGEST: &str = "e5c62df5dab5c87b6a015ef3d43597074d1eec433b15f51aec63b8582d0e4ab4";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

struct Desk {
    books: InsuranceBooks,
    now: Now,
    told: Vec<(String, Answer)>,
}

impl Desk {
    fn new(rules: InsurerRules) -> Desk {
        let rules = InsurerRules { day_ms: DAY_MS, ..rules };
        let books = InsuranceBooks::new(policy::of_the_samples(), rules);
        Desk { books, now: Now { ms: 0, today: day("2026-11-22") }, told: Vec::new() }
    }

    fn take(&mut self, json: Value) -> Answer {
        let answer = self.books.take(&Task::read(json).unwrap(), self.now);
        self.tick();
        answer
    }

    fn tick(&mut self) {
        for news in self.books.due(self.now) {
            let News::Result { number, answer } = news else { panic!("insurers tell no leads") };
            self.told.push((number, answer));
        }
    }

    fn days(&mut self, days: u64) {
        self.now.ms += days * DAY_MS;
        self.tick();
    }

    fn turn(&mut self, today: &str) {
        self.now.today = day(today);
        self.books.turn(self.now.today);
        self.tick();
    }

    fn last(&self, number: &str) -> &Answer {
        &self.told.iter().rev().find(|(told, _)| told == number).unwrap().1
    }

    fn policy(&self) -> &Policy {
        self.books.policy(POLICY).unwrap()
    }
}

fn task(number: &str, kind: &str, (name, id_number): (&str, &str), own: Value) -> Value {
    let paper = |kind: &str| json!({"kind": kind, "number": "", "file_name": "a.pdf", "sha256": DIGEST, "content": "JVBERi0xLjQK"});
    let papers = [paper("ruling"), paper("assist_notice")];
    let mut task = json!({
        "number": number, "kind": kind, "issued_at": "2026-11-22",
        "case": {"number": "(2026)浙0225执1234号", "court": {"code": "330225", "name": "象山县人民法院"}, "stage": "enforcement"},
        "subject": {"kind": "person", "name": name, "id_type": "01", "id_number": id_number},
        "officers": [{"name": "陈法官", "work_id": "GZ1", "duty_id": "", "phone": ""}],
        "papers": papers,
        "asset": POLICY,
    });
    task.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    task
}

fn freeze(number: &str, yuan: &str) -> Value {
    task(number, "freeze", HOLDER, json!({"amount": yuan, "to": "2027-11-19"}))
}

fn later(number: &str, kind: &str, original: &str, yuan: &str) -> Value {
    task(
        number,
        kind,
        HOLDER,
        json!({
            "amount": yuan,
            "original": {"number": original, "case_number": "(2026)浙0225执1234号"},
            "destination": {"holder": "象山县人民法院执行款专户", "bank": "象山农商银行", "bank_code": "402332002258", "number": COURT},
        }),
    )
}

#[test]
fn the_cash_value_is_the_holders_and_benefits_are_whose_they_are() {
    let mut desk = Desk::new(InsurerRules::default());
    let rows = |answer: Answer| answer.own["policies"].as_array().unwrap().clone();
    let holder = rows(desk.take(task("q1", "query", HOLDER, json!({}))));
    assert_eq!((holder.len(), &holder[0]["role"], &holder[0]["available"]), (1, &json!("holder"), &json!("18480.50")));
    let insured = rows(desk.take(task("q2", "query", INSURED, json!({}))));
    assert_eq!((&insured[0]["role"], &insured[0]["available"]), (&json!("insured"), &json!("2000.00")));
    assert_eq!(desk.take(task("q3", "query", ("李某", "330225190001010011"), json!({}))).state, State::NoSuchCustomer);
    assert_eq!(desk.take(task("q4", "query", ("李某", HOLDER.1), json!({}))).reason, Some("name_mismatch"));
    // Whoever is insured cannot lose a policy that somebody else holds.
    desk.take(task("f", "freeze", INSURED, json!({"amount": "2000.00", "to": "2027-11-19"})));
    let mut surrender = later("s", "surrender", "f", "2000.00");
    surrender["subject"]["name"] = json!(INSURED.0);
    surrender["subject"]["id_number"] = json!(INSURED.1);
    assert_eq!(desk.take(surrender).reason, Some("id_mismatch"));
}

#[test]
fn a_freeze_holds_what_there_is_and_the_next_queues() {
    let mut desk = Desk::new(InsurerRules::default());
    let first = desk.take(freeze("f1", "20000.00"));
    assert_eq!((first.state, first.caught, first.reason), (State::Partly, Some(1_848_050), Some("insufficient")));
    let second = desk.take(freeze("f2", "1000.00"));
    assert_eq!((second.state, second.caught, second.ahead.len()), (State::Queued, Some(0), 1));
    assert_eq!(desk.take(later("s", "surrender", "f2", "1000.00")).reason, Some("prior_right"));
    let renewed = desk.take(task("n", "renew", HOLDER, json!({"to": "2040-01-01", "original": {"number": "f1"}})));
    assert_eq!((renewed.state, renewed.to), (State::Done, Some(day("2029-11-21"))), "three years at most");
    assert_eq!(desk.take(task("r", "release", HOLDER, json!({"original": {"number": "n"}}))).state, State::Done);
    assert_eq!((desk.last("f2").state, desk.last("f2").caught), (State::Done, Some(100_000)), "moved up, and said so");
    let again = |kind| task(kind, kind, HOLDER, json!({"to": "2028-11-19", "original": {"number": "f1"}}));
    assert_eq!(desk.take(again("release")).state, State::Done, "it is not in force, which is all that is asked");
    assert_eq!(desk.take(again("renew")).reason, Some("no_original_freeze"));
    assert_eq!(desk.policy().freezes.len(), 1);
    let unknown = task("r3", "release", HOLDER, json!({"original": {"number": "f9"}}));
    assert_eq!(desk.take(unknown).reason, Some("no_original_freeze"));
    desk.turn("2027-11-20");
    assert!(desk.policy().freezes.is_empty(), "ended with its last day");
}

#[test]
fn a_surrender_gives_notice_waits_and_pays_once() {
    let mut desk = Desk::new(InsurerRules { pay_days: 5, ..InsurerRules::default() });
    desk.take(freeze("f", "18000.00"));
    let begun = desk.take(later("s", "surrender", "f", "18000.00"));
    assert_eq!(
        (begun.state, begun.reason, begun.due),
        (State::Registered, Some("notice_period"), Some(day("2026-12-07")))
    );
    assert_eq!(begun.findings.len(), 2, "the insured and the beneficiary");
    assert_eq!(desk.take(later("s2", "surrender", "f", "1.00")).reason, Some("under_way"));
    desk.days(14);
    assert!(desk.told.is_empty() && desk.books.paid_out().is_empty());
    desk.days(1);
    assert_eq!((desk.last("s").state, desk.last("s").reason), (State::Registered, Some("under_way")));
    desk.days(5);
    let paid = desk.last("s");
    assert_eq!((paid.state, paid.moved, paid.findings.len()), (State::Done, Some(1_800_000), 3));
    let payment = &desk.books.paid_out()[0];
    assert_eq!((payment.amount, payment.to_holder, payment.account.as_str()), (1_800_000, 48_050, COURT));
    assert_eq!((desk.policy().contract, desk.policy().freezes.len()), (Contract::Ended, 0));
    assert_eq!(desk.take(freeze("f3", "1.00")).reason, Some("not_found"));
    assert_eq!(desk.take(task("r", "release", HOLDER, json!({"original": {"number": "f"}}))).state, State::Done);
    desk.days(1_000);
    assert_eq!(desk.books.paid_out().len(), 1);
}

#[test]
fn whoever_is_insured_may_keep_the_policy() {
    let mut desk = Desk::new(InsurerRules::default());
    desk.take(freeze("f", "10000.00"));
    desk.take(freeze("f2", "100.00"));
    desk.take(later("s", "surrender", "f", "10000.00"));
    assert!(!desk.books.bought_out(POLICY, HOLDER.1, desk.now), "the holder has nothing to buy");
    assert!(!desk.books.bought_out(POLICY, "330225190001010011", desk.now));
    assert!(desk.books.bought_out(POLICY, INSURED.1, desk.now));
    desk.tick();
    assert_eq!((desk.last("s").state, desk.last("s").moved), (State::Done, Some(1_000_000)));
    let policy = desk.policy();
    assert_eq!(
        (policy.contract, policy.holder.name.as_str(), policy.cash_value),
        (Contract::InForce, INSURED.0, 2_100_000)
    );
    assert_eq!(
        (desk.last("f2").caught, desk.last("f2").state),
        (Some(0), State::Partly),
        "nothing of the debtor is left in it"
    );
    assert_eq!(desk.books.paid_out()[0].to_holder, 800_000);
    desk.days(100);
    assert_eq!(desk.books.paid_out().len(), 1);
    assert!(!desk.books.bought_out(POLICY, INSURED.1, desk.now));
}

#[test]
fn the_rules_of_the_province_decide_what_may_be_ended() {
    let with = |surrender| {
        let mut desk = Desk::new(InsurerRules { surrender, ..InsurerRules::default() });
        desk.take(freeze("f", "1000.00"));
        desk
    };
    assert_eq!(with(SurrenderRule::Never).take(later("s", "surrender", "f", "1.00")).reason, Some("unsupported"));
    let mut consent = with(SurrenderRule::Consent);
    assert_eq!(consent.take(later("s", "surrender", "f", "1.00")).reason, Some("consent_missing"));
    let mut agreed = later("s2", "surrender", "f", "1.00");
    let mut paper = agreed["papers"][0].clone();
    paper["kind"] = json!("holder_consent");
    agreed["papers"].as_array_mut().unwrap().push(paper);
    assert_eq!(consent.take(agreed).state, State::Registered);
    // Nobody but the holder: no notice, and it is only accepted.
    let mut alone = Desk::new(InsurerRules::default());
    let person = Person::new(HOLDER.0, HOLDER.1);
    alone.books.add(Policy::endowment(POLICY, person.clone(), person, Vec::new(), 50_000));
    alone.take(freeze("f", "1000.00"));
    assert_eq!(alone.take(later("s", "surrender", "f", "1000.00")).state, State::Accepted);
    assert_eq!((alone.last("s").state, alone.last("s").moved), (State::Partly, Some(50_000)));
}

#[test]
fn a_release_or_the_last_day_ends_a_surrender_in_its_window() {
    for by_release in [true, false] {
        let mut desk = Desk::new(InsurerRules::default());
        desk.take(freeze("f", "1000.00"));
        desk.take(later("s", "surrender", "f", "1000.00"));
        if by_release {
            desk.take(task("r", "release", HOLDER, json!({"original": {"number": "f"}})));
        } else {
            desk.turn("2027-11-20");
        }
        assert_eq!((desk.last("s").state, desk.last("s").reason), (State::Refused, Some("no_original_freeze")));
        desk.days(100);
        assert!(desk.books.paid_out().is_empty() && desk.books.under_way().is_empty());
    }
}

#[test]
fn benefits_are_paid_without_ending_the_policy() {
    let mut desk = Desk::new(InsurerRules { work_ms: 3, ..InsurerRules::default() });
    desk.take(freeze("f", "1000.00"));
    assert_eq!(desk.take(later("w", "withdraw_benefits", "f", "300.00")).state, State::Accepted);
    assert!(desk.told.is_empty());
    desk.days(1);
    assert_eq!((desk.last("w").state, desk.last("w").moved), (State::Done, Some(30_000)));
    desk.take(later("w2", "withdraw_benefits", "f", "700.00"));
    desk.days(1);
    assert_eq!((desk.last("w2").state, desk.last("w2").moved), (State::Partly, Some(18_050)), "of the 480.50 due");
    desk.take(later("w3", "withdraw_benefits", "f", "1.00"));
    desk.days(1);
    assert_eq!((desk.last("w3").state, desk.last("w3").reason), (State::Refused, Some("insufficient")));
    assert_eq!((desk.policy().contract, desk.policy().freezes[0].limit), (Contract::InForce, 51_950));
    assert_eq!(
        desk.take(later("w4", "withdraw_benefits", "f", "600.00")).reason,
        Some("insufficient"),
        "above the limit left"
    );
}

fn back(number: &str, kind: &str, original: &str, yuan: &str) -> Value {
    task(
        number,
        kind,
        HOLDER,
        json!({"amount": yuan, "original": {"number": original, "case_number": "(2026)浙0225执1234号"}}),
    )
}

#[test]
fn a_surrendered_policy_stands_again_once_all_that_was_paid_is_given_back() {
    let mut desk = Desk::new(InsurerRules { work_ms: 3, ..InsurerRules::default() });
    desk.take(freeze("f", "18000.00"));
    assert_eq!(desk.take(back("r0", "reinstate", "s", "18000.00")).reason, Some("no_original_freeze"));
    desk.take(later("s", "surrender", "f", "18000.00"));
    assert_eq!(
        desk.take(back("r1", "reinstate", "s", "18000.00")).reason,
        Some("no_original_freeze"),
        "nothing is paid"
    );
    desk.days(16);
    assert_eq!((desk.policy().contract, desk.books.paid_out()[0].to_holder), (Contract::Ended, 48_050));
    for odd in ["17999.99", "18000.01"] {
        assert_eq!(desk.take(back(odd, "reinstate", "s", odd)).reason, Some("insufficient"));
    }
    assert_eq!(desk.take(back("v", "reverse", "s", "18000.00")).reason, Some("unsupported"), "a policy is reinstated");
    assert_eq!(desk.take(back("r2", "reinstate", "s", "18000.00")).state, State::Accepted);
    assert_eq!(desk.take(back("r3", "reinstate", "s", "18000.00")).reason, Some("under_way"));
    desk.days(1);
    let stands = desk.last("r2");
    assert_eq!((stands.state, stands.moved, stands.limit), (State::Done, Some(1_800_000), Some(1_800_000)));
    let policy = desk.policy();
    assert_eq!(
        (policy.contract, policy.reach(super::Role::Holder)),
        (Contract::InForce, 1_800_000),
        "worth what came back"
    );
    assert_eq!(policy.loan, 300_000 + 48_050, "what the holder got is a loan against it");
    assert!(policy.freezes.is_empty(), "no freeze stands again with it");
    assert_eq!((desk.books.paid_out()[0].returned, desk.books.effect_count("r2")), (1_800_000, 1));
    assert_eq!(desk.take(back("r4", "reinstate", "s", "18000.00")).reason, Some("other"), "it stands already");
    assert_eq!(desk.take(freeze("f2", "100.00")).state, State::Done);
}

#[test]
fn benefits_go_back_to_whom_they_were_due() {
    let mut desk = Desk::new(InsurerRules::default());
    desk.take(freeze("f", "1000.00"));
    desk.take(later("w", "withdraw_benefits", "f", "300.00"));
    let (due, serial) = (desk.policy().dividends_due, desk.books.paid_out()[0].serial.clone());
    let mut named = back("v1", "reverse", "w", "100.00");
    named["original"]["serial"] = json!("ZF0");
    assert_eq!(desk.take(named).reason, Some("no_original_freeze"), "the insurer's own number must fit");
    let mut named = back("v2", "reverse", "w", "100.00");
    named["original"]["serial"] = json!(serial);
    let told = desk.take(named);
    assert_eq!((told.state, told.moved), (State::Done, Some(10_000)));
    assert_eq!((desk.policy().dividends_due, desk.policy().freezes[0].limit), (due + 10_000, 70_000));
    assert_eq!(desk.take(back("v3", "reverse", "w", "200.01")).reason, Some("insufficient"));
    assert_eq!(desk.take(back("v4", "reverse", "w", "200.00")).state, State::Done);
    assert_eq!(desk.take(back("v5", "reinstate", "w", "1.00")).reason, Some("other"));
}

#[test]
fn a_part_is_let_go_in_rank_and_a_foreign_freeze_taken_over() {
    let mut desk = Desk::new(InsurerRules::default());
    desk.take(freeze("f1", "10000.00"));
    desk.take(freeze("f2", "1000.00"));
    let part = |number: &str, yuan: &str| {
        task(number, "release", HOLDER, json!({"amount": yuan, "original": {"number": "f1"}}))
    };
    let told = desk.take(part("p1", "4000.00"));
    assert_eq!((told.state, told.limit, told.caught), (State::Done, Some(600_000), Some(600_000)));
    assert_eq!((desk.policy().freezes[0].limit, desk.policy().freezes[0].numbers[0].as_str()), (600_000, "f1"));
    assert_eq!(desk.take(part("p2", "6000.01")).reason, Some("insufficient"));
    desk.take(later("s", "surrender", "f1", "6000.00"));
    assert_eq!(desk.take(part("p3", "1.00")).reason, Some("under_way"));
    desk.take(task("r", "release", HOLDER, json!({"original": {"number": "f1"}})));
    assert_eq!(
        desk.take(task("p4", "release", HOLDER, json!({"amount": "1000.00", "original": {"number": "f2"}}))).limit,
        Some(0)
    );
    assert!(desk.policy().freezes.is_empty(), "nothing is left of it");
    // Police froze it over the counter, and a court behind them.
    let foreign = super::Freeze {
        numbers: Vec::new(),
        organ: "象山县公安局".to_owned(),
        case_number: "象公(刑)冻财字[2026]17号".to_owned(),
        subject: HOLDER.1.to_owned(),
        limit: 900_000,
        from: day("2026-11-01"),
        to: day("2027-05-01"),
        serial: "BQ0".to_owned(),
        busy: None,
    };
    desk.books.policy_mut(POLICY).unwrap().freezes.push(foreign);
    desk.take(freeze("f3", "500.00"));
    let taking = |number: &str, paper: &str, yuan: &str| {
        let original = json!({"number": paper, "case_number": ""});
        task(number, "freeze", HOLDER, json!({"amount": yuan, "to": "2027-11-19", "original": original}))
    };
    assert_eq!(desk.take(taking("t1", "别的文号", "1.00")).reason, Some("no_original_freeze"));
    assert_eq!(desk.take(taking("t2", "象公(刑)冻财字[2026]17号", "9000.01")).reason, Some("insufficient"));
    let told = desk.take(taking("t3", "象公(刑)冻财字[2026]17号", "9000.00"));
    assert_eq!((told.state, told.caught, told.ahead.len()), (State::Done, Some(900_000), 0));
    let ranks: Vec<&str> = desk.policy().freezes.iter().map(|freeze| freeze.numbers[0].as_str()).collect();
    assert_eq!(ranks, ["t3", "f3"], "in the rank of the one taken over");
    assert_eq!(
        desk.take(taking("t4", "(2026)浙0225执1234号", "1.00")).reason,
        Some("no_original_freeze"),
        "ours is renewed"
    );
}

#[derive(Clone, Debug)]
enum Move {
    Freeze(u32),
    Renew(usize),
    Release(usize),
    Surrender(usize, u32),
    Withdraw(usize, u32),
    BuyOut,
    Days(u64),
    Turn(i32),
}

fn moves() -> impl Strategy<Value = Move> {
    // Small sums, so that freezes are used up; large ones, so that policies are.
    let fen = || prop_oneof![1_u32..40_000, 1_u32..3_000_000];
    prop_oneof![
        2 => fen().prop_map(Move::Freeze),
        1 => (0_usize..4).prop_map(Move::Renew),
        1 => (0_usize..4).prop_map(Move::Release),
        2 => (0_usize..4, fen()).prop_map(|(of, fen)| Move::Surrender(of, fen)),
        4 => (0_usize..4, 1_u32..40_000).prop_map(|(of, fen)| Move::Withdraw(of, fen)),
        1 => Just(Move::BuyOut),
        4 => (0_u64..20).prop_map(Move::Days),
        1 => (0_i32..60).prop_map(Move::Turn),
    ]
}

/// What was ordered: freezes with their limits, in order, and which freeze each payment was ordered out of.
#[derive(Default)]
struct Ordered {
    freezes: Vec<(String, i64)>,
    out_of: Vec<(String, String)>,
}

fn make(desk: &mut Desk, nth: usize, one: Move, ordered: &mut Ordered) {
    let number = format!("n{nth}");
    let of = |place: usize, ordered: &Ordered| {
        ordered.freezes.get(place).map_or_else(|| "none".to_owned(), |(number, _)| number.clone())
    };
    let yuan = |fen: u32| crate::money::yuan(i64::from(fen));
    let original = |place, ordered: &Ordered| json!({"to": "2028-06-01", "original": {"number": of(place, ordered)}});
    if let Move::Surrender(place, _) | Move::Withdraw(place, _) = &one {
        ordered.out_of.push((number.clone(), of(*place, ordered)));
    }
    match one {
        Move::Freeze(fen) => {
            let mut task = freeze(&number, &yuan(fen));
            task["to"] = json!(desk.now.today.plus_days(100).slashed());
            desk.take(task);
            ordered.freezes.push((number, i64::from(fen)));
        }
        Move::Renew(place) => drop(desk.take(task(&number, "renew", HOLDER, original(place, ordered)))),
        Move::Release(place) => drop(desk.take(task(&number, "release", HOLDER, original(place, ordered)))),
        Move::Surrender(place, fen) => drop(desk.take(later(&number, "surrender", &of(place, ordered), &yuan(fen)))),
        Move::Withdraw(place, fen) => {
            drop(desk.take(later(&number, "withdraw_benefits", &of(place, ordered), &yuan(fen))));
        }
        Move::BuyOut => {
            desk.books.bought_out(POLICY, INSURED.1, desk.now);
            desk.tick();
        }
        Move::Days(days) => desk.days(days),
        Move::Turn(days) => {
            let today = desk.now.today.plus_days(days).slashed();
            desk.turn(&today);
        }
    }
}

proptest! {
    /// Whatever is ordered in whatever order: nothing is paid twice, above its order, above its freeze, or above what there was.
    #[test]
    fn the_books_stay_right(all in proptest::collection::vec(moves(), 1..60), pay_days in 0_i32..3) {
        let mut desk = Desk::new(InsurerRules { pay_days, work_ms: 1, ..InsurerRules::default() });
        let worth = 2_100_000 - 300_000 + 48_050;
        let mut ordered = Ordered::default();
        for (nth, one) in all.into_iter().enumerate() {
            make(&mut desk, nth, one, &mut ordered);
            let policy = desk.policy();
            let busy = policy.freezes.iter().filter(|freeze| freeze.busy.is_some()).count();
            prop_assert!(busy <= 1 && policy.freezes.iter().skip(1).all(|freeze| freeze.busy.is_none()));
            prop_assert_eq!(busy, desk.books.under_way().len(), "what is under way is on a freeze in force, and no more");
            prop_assert!(policy.freezes.iter().all(|freeze| freeze.limit > 0 && freeze.to >= desk.now.today));
            prop_assert!(policy.contract == Contract::InForce || policy.freezes.is_empty());
            prop_assert!(desk.books.effects().iter().all(|effect| desk.books.effect_count(&effect.number) == 1));
            prop_assert!(desk.books.paid_out().iter().all(|payment| payment.amount > 0 && payment.account == COURT));
            let paid: i64 = desk.books.paid_out().iter().map(|payment| payment.amount + payment.to_holder).sum();
            prop_assert!(paid <= worth, "{paid}");
        }
        for (freeze, limit) in &ordered.freezes {
            let is_out_of = |number: &str| ordered.out_of.iter().any(|(own, of)| own == number && of == freeze);
            let paid = desk.books.paid_out().iter().filter(|payment| is_out_of(&payment.number));
            prop_assert!(paid.map(|payment| payment.amount).sum::<i64>() <= *limit, "more than was frozen");
        }
        for (number, answer) in &desk.told {
            if let Some(moved) = answer.moved {
                let written = desk.books.paid_out().iter().filter(|payment| payment.number == *number);
                prop_assert_eq!(written.map(|payment| payment.amount).collect::<Vec<_>>(), [moved]);
                prop_assert!(answer.limit.is_some_and(|limit| moved <= limit));
            }
        }
    }
}
