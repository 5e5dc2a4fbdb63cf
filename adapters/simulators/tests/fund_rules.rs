//! The rules of schemas/partners/housing-fund.md, one by one, on a fund centre's books.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use simulators::Day;
use simulators::bank::Identity;
use simulators::housing_fund::{
    Answer, Condition, FundBooks, FundRules, Order, Payee, Standing, State, Step, Told, Verb, Why,
};

const ACCOUNT: &str = "GJJ3302250000017";
const ID: &str = "330225189506120170";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn books() -> FundBooks {
    FundBooks::of_the_samples(FundRules::default())
}

fn order(number: &str, verb: Verb) -> Order {
    Order {
        number: number.to_owned(),
        organ: "象山县人民法院".to_owned(),
        document: "(2026)浙0225执1234号".to_owned(),
        original_document: "(2026)浙0225执1234号".to_owned(),
        subject: Identity { name: "王小渔".to_owned(), id_type: "01".to_owned(), id_number: ID.to_owned() },
        account: if matches!(verb, Verb::Query) { String::new() } else { ACCOUNT.to_owned() },
        verb,
    }
}

fn freeze(limit: i64) -> Verb {
    Verb::Freeze { limit, to: day("2027-11-21"), takes_over: Vec::new() }
}

fn deduct(original: &str, amount: i64) -> Verb {
    let payee =
        Payee { holder: "象山县人民法院执行款专户".to_owned(), number: "2010000000001234".to_owned() };
    Verb::Deduct { original: original.to_owned(), amount, payee }
}

fn release(original: &str) -> Verb {
    Verb::Release { original: original.to_owned(), part: None }
}

fn told(books: &FundBooks, number: &str, verb: Verb) -> Told {
    let answer = books.order(order(number, verb));
    let answer = if answer.told().is_none() { reviewed(books, number) } else { answer };
    answer.told().unwrap().clone()
}

fn reviewed(books: &FundBooks, number: &str) -> Answer {
    books.review(number);
    books.ask(number).unwrap()
}

fn now(books: &FundBooks, number: &str) -> Told {
    books.ask(number).unwrap().told().unwrap().clone()
}

fn met(told: &Told) -> Vec<u8> {
    let met = |step: &Step| match step {
        Step::Checked { condition, met: true, .. } => Some(condition.item()),
        _ => None,
    };
    told.steps.iter().filter_map(met).collect()
}

#[test]
fn a_query_tells_accounts_only_to_who_names_the_person_right() {
    let books = books();
    let found = told(&books, "q1", Verb::Query).found.unwrap();
    assert_eq!((found.1.len(), found.1[0].balance, found.1[0].available()), (1, 3_650_012, 3_650_012));
    let mut stranger = order("q2", Verb::Query);
    stranger.subject.id_number = "330225189001010019".to_owned();
    assert_eq!(books.order(stranger).told().unwrap().state, State::NoSuchCustomer);
    let mut renamed = order("q3", Verb::Query);
    renamed.subject.name = "王大渔".to_owned();
    let refused = books.order(renamed).told().unwrap().clone();
    assert_eq!((refused.state, refused.why), (State::Refused, Some(Why::NameMismatch)));
    assert!(refused.found.is_none());
}

#[test]
fn freezes_hold_by_rank_and_queued_ones_come_in_by_themselves() {
    let books = books();
    let first = told(&books, "f1", freeze(3_000_000));
    assert_eq!((first.state, first.caught, first.ahead.len()), (State::Done, Some(3_000_000), 0));
    let second = told(&books, "f2", freeze(1_000_000));
    assert_eq!((second.state, second.caught), (State::Partly, Some(650_012)));
    assert_eq!((second.why, second.ahead.len()), (Some(Why::PriorRight), 1));
    assert!(second.steps.contains(&Step::Ranked { rank: 2 }));
    let third = told(&books, "f3", freeze(500_000));
    assert_eq!((third.state, third.caught, third.why), (State::Queued, Some(0), Some(Why::PriorRight)));
    assert!(books.take_renewed().is_empty());
    let released = told(&books, "r1", release("f1"));
    assert_eq!((released.state, released.caught), (State::Done, Some(3_000_000)));
    let came_in = now(&books, "f3");
    assert_eq!((came_in.state, came_in.caught, came_in.ahead.len()), (State::Done, Some(500_000), 1));
    assert!(came_in.as_of != third.as_of);
    assert_eq!(books.take_renewed(), ["f3"]);
    let mut ended = order("r2", release("f1"));
    ended.number = "r2".to_owned();
    assert_eq!(books.order(ended).told().unwrap().why, Some(Why::NoOriginalFreeze));
}

#[test]
fn contributions_are_caught_without_a_message() {
    let books = books();
    assert_eq!(told(&books, "f1", freeze(4_000_000)).why, Some(Why::Insufficient));
    books.contribute(ACCOUNT, 120_000).unwrap();
    assert_eq!(books.account(ACCOUNT).unwrap().caught(), 3_770_012);
    assert!(books.take_renewed().is_empty());
    assert!(books.withdraw(ACCOUNT, 1).is_err());
}

#[test]
fn a_deduct_waits_for_years_and_is_paid_when_the_person_retires() {
    let books = books();
    told(&books, "f1", freeze(1_800_000));
    assert!(books.order(order("d1", deduct("f1", 800_000))).told().is_none());
    books.set_date(day("2026-11-24"));
    assert!(books.ask("d1").unwrap().told().is_none());
    books.set_date(day("2026-11-25"));
    let waits = now(&books, "d1");
    assert_eq!((waits.state, waits.why), (State::Registered, Some(Why::AwaitsCondition)));
    assert_eq!((waits.steps.len(), met(&waits).len(), waits.moved), (6, 0, None));
    let renewed = told(&books, "n1", Verb::Renew { original: "f1".to_owned(), to: day("2035-01-01") });
    assert_eq!(renewed.to, Some(day("2028-11-21")));
    books.set_date(day("2028-06-01"));
    assert_eq!(now(&books, "d1").state, State::Registered);
    books.take_renewed();
    books.retire(ID).unwrap();
    let paid = now(&books, "d1");
    assert_eq!((paid.state, paid.moved, met(&paid)), (State::Done, Some(800_000), vec![2]));
    assert_eq!(books.take_renewed(), ["d1"]);
    assert_eq!(books.effect_count("d1"), 1);
    assert_eq!(books.paid_out()[0].payee.number, "2010000000001234");
    let account = books.account(ACCOUNT).unwrap();
    assert_eq!((account.standing, account.balance), (Standing::Closing(Condition::Retired), 1_000_000));
    books.retire(ID).unwrap();
    assert_eq!((books.paid_out().len(), books.conserved()), (1, 0));
}

#[test]
fn items_two_to_four_close_the_account_once_nothing_is_held() {
    for condition in [Condition::Retired, Condition::Disabled, Condition::SettledAbroad] {
        let books = books();
        told(&books, "f1", freeze(800_000));
        assert_eq!(told(&books, "d1", deduct("f1", 800_000)).state, State::Registered);
        books.meet(ID, condition, None).unwrap();
        let paid = now(&books, "d1");
        assert_eq!(paid.state, State::Done);
        assert!(
            paid.steps.iter().any(|step| matches!(step, Step::Closed { condition: under, .. } if *under == condition))
        );
        let account = books.account(ACCOUNT).unwrap();
        assert_eq!((account.standing, account.balance, books.conserved()), (Standing::Closed, 0, 0));
        assert_eq!(told(&books, "f2", freeze(1)).why, Some(Why::NotFound));
        assert!(books.contribute(ACCOUNT, 1).is_err());
    }
}

#[test]
fn what_another_court_holds_keeps_the_account_from_being_closed() {
    let books = books();
    told(&books, "f1", freeze(800_000));
    books.freeze_by_other(ACCOUNT, ("宁海县人民法院", "(2026)浙0226执77号"), 100_000, day("2027-05-01")).unwrap();
    told(&books, "d1", deduct("f1", 800_000));
    books.retire(ID).unwrap();
    let account = books.account(ACCOUNT).unwrap();
    assert_eq!((account.standing, account.balance), (Standing::Closing(Condition::Retired), 100_000));
    books.end_by_other(ACCOUNT, "(2026)浙0226执77号").unwrap();
    assert_eq!(books.account(ACCOUNT).unwrap().standing, Standing::Closed);
    assert_eq!(books.conserved(), 0);
}

#[test]
fn a_bounded_condition_pays_a_part_and_leaves_the_account() {
    let books = books();
    told(&books, "f1", freeze(1_800_000));
    books.meet(ID, Condition::RentHigh, Some(300_000)).unwrap();
    let paid = told(&books, "d1", deduct("f1", 800_000));
    assert_eq!((paid.state, paid.moved, paid.why), (State::Partly, Some(300_000), Some(Why::Other)));
    assert_eq!(books.account(ACCOUNT).unwrap().standing, Standing::Normal);
    // What was let out once is used up; the rest is a new task on the same freeze.
    let rest = told(&books, "d2", deduct("f1", 500_000));
    assert_eq!(rest.state, State::Registered);
    books.meet(ID, Condition::MortgageRepaid, Some(600_000)).unwrap();
    assert_eq!(now(&books, "d2").state, State::Done);
    assert_eq!(books.account(ACCOUNT).unwrap().freezes[0].limit, 1_000_000);
}

#[test]
fn what_secures_the_home_is_kept_back() {
    let books = books();
    told(&books, "f1", freeze(3_650_012));
    books.keep_back(ID, Some(3_650_012)).unwrap();
    books.meet(ID, Condition::HomeBought, Some(9_000_000)).unwrap();
    let waits = told(&books, "d1", deduct("f1", 3_650_012));
    assert_eq!((waits.state, waits.why), (State::Registered, Some(Why::AwaitsCondition)));
    assert!(waits.steps.iter().any(|step| matches!(step, Step::Housing { reserve: Some(3_650_012), .. })));
    books.keep_back(ID, Some(650_012)).unwrap();
    let paid = now(&books, "d1");
    assert_eq!((paid.state, paid.moved), (State::Partly, Some(3_000_000)));
    assert!(paid.steps.iter().any(|step| matches!(step, Step::Housing { reserve: Some(650_012), .. })));
    assert_eq!(paid.why, Some(Why::Other));
}

#[test]
fn a_registered_deduct_stands_and_falls_with_its_freeze() {
    let books = books();
    told(&books, "f1", freeze(1_000_000));
    told(&books, "f2", freeze(1_000_000));
    assert_eq!(told(&books, "d1", deduct("f1", 1_000_000)).state, State::Registered);
    assert_eq!(told(&books, "d2", deduct("f2", 1_000_000)).state, State::Registered);
    told(&books, "r1", release("f1"));
    let lapsed = now(&books, "d1");
    assert_eq!((lapsed.state, lapsed.why), (State::Refused, Some(Why::NoOriginalFreeze)));
    assert!(lapsed.steps.iter().any(|step| matches!(step, Step::Lapsed { why: "released", .. })));
    books.set_date(day("2027-11-22"));
    assert!(now(&books, "d2").steps.iter().any(|step| matches!(step, Step::Lapsed { why: "expired", .. })));
    books.retire(ID).unwrap();
    assert!(books.paid_out().is_empty());
}

#[test]
fn a_leap_over_years_stops_where_something_ends_or_arises() {
    let books = books();
    books.expect_retirement(ID, day("2027-06-12")).unwrap();
    told(&books, "f1", freeze(1_000_000));
    let waits = told(&books, "d1", deduct("f1", 1_000_000));
    assert_eq!(waits.due, Some(day("2027-06-12")));
    books.set_date(day("2040-01-01"));
    assert_eq!((now(&books, "d1").state, books.paid_out()[0].on), (State::Done, day("2027-06-12")));
    let late = self::books();
    late.expect_retirement(ID, day("2027-11-22")).unwrap();
    told(&late, "f1", freeze(1_000_000));
    told(&late, "d1", deduct("f1", 1_000_000));
    late.set_date(day("2040-01-01"));
    assert_eq!(now(&late, "d1").state, State::Refused, "the freeze ended the day before");
}

#[test]
fn rank_decides_who_is_paid_first() {
    let books = books();
    told(&books, "f1", freeze(2_000_000));
    told(&books, "f2", freeze(2_000_000));
    told(&books, "z", deduct("f1", 2_000_000));
    told(&books, "a", deduct("f2", 1_650_012));
    books.meet(ID, Condition::HomeBought, Some(3_000_000)).unwrap();
    let numbers: Vec<_> = books.paid_out().into_iter().map(|paid| (paid.number, paid.amount)).collect();
    assert_eq!(numbers, [("z".to_owned(), 2_000_000), ("a".to_owned(), 1_000_000)]);
}

#[test]
fn what_cannot_be_deducted_is_refused() {
    let books = books();
    told(&books, "f1", freeze(3_650_012));
    told(&books, "f2", freeze(1_000));
    books.retire(ID).unwrap();
    assert_eq!(told(&books, "d1", deduct("f2", 1_000)).why, Some(Why::PriorRight));
    assert_eq!(told(&books, "d2", deduct("f1", 3_650_013)).why, Some(Why::Insufficient));
    assert_eq!(told(&books, "d3", deduct("f9", 1)).why, Some(Why::NoOriginalFreeze));
    let mut other_case = order("d4", deduct("f1", 1));
    other_case.original_document = "(2026)浙0225执9999号".to_owned();
    books.order(other_case);
    assert_eq!(reviewed(&books, "d4").told().unwrap().why, Some(Why::NoOriginalFreeze));
    assert!(books.paid_out().is_empty());
}

#[test]
fn a_release_waits_for_a_deduct_that_is_being_looked_at() {
    let books = books();
    told(&books, "f1", freeze(1_000_000));
    books.retire(ID).unwrap();
    books.order(order("d1", deduct("f1", 400_000)));
    let released = told(&books, "r1", release("f1"));
    assert_eq!((now(&books, "d1").moved, released.caught), (Some(400_000), Some(600_000)));
}

#[test]
fn a_repeat_changes_nothing() {
    let books = books();
    for _ in 0..3 {
        assert_eq!(told(&books, "f1", freeze(1_000_000)).caught, Some(1_000_000));
    }
    books.retire(ID).unwrap();
    for _ in 0..3 {
        told(&books, "d1", deduct("f1", 400_000));
    }
    assert_eq!((books.effect_count("f1"), books.effect_count("d1"), books.effects().len()), (1, 1, 2));
}

fn reverse(original: &str, amount: i64) -> Verb {
    Verb::Reverse { original: original.to_owned(), serial: String::new(), amount }
}

#[test]
fn what_was_paid_goes_back_and_never_more_than_was_paid() {
    let books = books();
    told(&books, "f1", freeze(1_000_000));
    books.meet(ID, Condition::MortgageRepaid, Some(800_000)).unwrap();
    let paid = told(&books, "d1", deduct("f1", 800_000));
    assert_eq!((paid.state, books.account(ACCOUNT).unwrap().balance), (State::Done, 2_850_012));
    let back = told(&books, "v1", reverse("d1", 300_000));
    assert_eq!((back.state, back.moved, back.limit), (State::Done, Some(300_000), Some(300_000)));
    let account = books.account(ACCOUNT).unwrap();
    assert_eq!((account.balance, account.freezes[0].limit, books.conserved()), (3_150_012, 200_000, 0));
    assert_eq!((books.paid_out()[0].returned, books.effect_count("v1")), (300_000, 1));
    books.order(order("v1", reverse("d1", 300_000)));
    assert_eq!(books.paid_out()[0].returned, 300_000, "the same number again changes nothing");
    for (number, verb, why) in [
        ("v2", reverse("d1", 500_001), Why::Insufficient),
        ("v3", reverse("f1", 1), Why::NoOriginalFreeze),
        (
            "v4",
            Verb::Reverse { original: "d1".to_owned(), serial: "GJJ0".to_owned(), amount: 1 },
            Why::NoOriginalFreeze,
        ),
    ] {
        let refused = told(&books, number, verb);
        assert_eq!((refused.state, refused.why, refused.moved), (State::Refused, Some(why), None), "{number}");
    }
    let named = Verb::Reverse { original: "d1".to_owned(), serial: paid.serial, amount: 500_000 };
    assert_eq!(told(&books, "v5", named).state, State::Done);
    assert_eq!(books.account(ACCOUNT).unwrap().balance, 3_650_012, "all of it is back");
}

#[test]
fn a_part_is_let_go_and_the_rank_stays() {
    let books = books();
    told(&books, "f1", freeze(3_000_000));
    told(&books, "f2", freeze(1_000_000));
    let part = |part| Verb::Release { original: "f1".to_owned(), part: Some(part) };
    let gone = told(&books, "r1", part(1_000_000));
    assert_eq!((gone.state, gone.limit, gone.caught), (State::Done, Some(2_000_000), Some(1_000_000)));
    let freezes = books.account(ACCOUNT).unwrap().freezes;
    let held: Vec<_> = freezes.iter().map(|f| (f.names[0].as_str(), f.limit, f.caught)).collect();
    assert_eq!(held, [("f1", 2_000_000, 2_000_000), ("f2", 1_000_000, 1_000_000)], "who stands behind catches it");
    assert_eq!(told(&books, "r2", part(2_000_001)).why, Some(Why::Insufficient));
    // What is registered on it goes on, as long as anything is left.
    assert_eq!(told(&books, "d1", deduct("f1", 500_000)).state, State::Registered);
    assert_eq!(told(&books, "r3", part(1_999_999)).limit, Some(1));
    assert_eq!(now(&books, "d1").state, State::Registered);
    assert_eq!(told(&books, "r4", part(1)).state, State::Done);
    assert_eq!((now(&books, "d1").state, now(&books, "d1").why), (State::Refused, Some(Why::NoOriginalFreeze)));
}

#[test]
fn another_organs_freeze_is_taken_over_in_its_rank() {
    let books = books();
    books.freeze_by_other(ACCOUNT, ("象山县公安局", "象公(刑)冻财字[2026]17号"), 3_000_000, day("2027-05-01")).unwrap();
    assert_eq!(told(&books, "f1", freeze(1_000_000)).caught, Some(650_012));
    let taking = |paper: &str, limit| Verb::Freeze { limit, to: day("2027-11-21"), takes_over: vec![paper.to_owned()] };
    assert_eq!(told(&books, "t1", taking("别的文号", 1)).why, Some(Why::NoOriginalFreeze));
    assert_eq!(told(&books, "t2", taking("象公(刑)冻财字[2026]17号", 3_000_001)).why, Some(Why::Insufficient));
    let taken = told(&books, "t3", taking("象公(刑)冻财字[2026]17号", 3_000_000));
    assert_eq!((taken.state, taken.caught, taken.ahead.len()), (State::Done, Some(3_000_000), 0));
    assert!(taken.steps.contains(&Step::Ranked { rank: 1 }));
    let ranks: Vec<String> = books.account(ACCOUNT).unwrap().freezes.iter().map(|f| f.names[0].clone()).collect();
    assert_eq!(ranks, ["t3", "f1"]);
    assert_eq!(
        told(&books, "t4", taking("(2026)浙0225执1234号", 1)).why,
        Some(Why::NoOriginalFreeze),
        "ours is renewed"
    );
}
