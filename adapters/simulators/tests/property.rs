//! Whatever happens to an account: nobody holds more than there is, nobody takes more than was frozen, no fen appears or is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::HashMap;

use proptest::prelude::*;
use simulators::bank::{
    Answer, BankRules, Books, ClerkAct, Identity, Name, Order, Ordered, Original, Papers, Payee, PriorFreeze, Right,
    Verb,
};
use simulators::{County, Day};

const ACCOUNT: &str = "6222000000000000017";

#[derive(Clone, Debug)]
enum Step {
    Freeze { limit: Option<i64>, queue: bool, days: i32 },
    Renew { of: usize, days: i32 },
    Release { of: usize },
    ReleasePart { of: usize, part: i64 },
    Reverse { of: usize, amount: i64 },
    TakeOver { of: usize, limit: i64 },
    Deduct { of: usize, amount: Option<i64>, own_bank: bool },
    Repeat { of: usize },
    Clerk { of: usize, act: ClerkAct },
    Credit(i64),
    Spend(i64),
    Days(i32),
    Other,
    Right,
    EndRights,
}

fn step() -> impl Strategy<Value = Step> {
    let amount = 1..2_000_000_i64;
    let act = prop_oneof![
        Just(ClerkAct::Online),
        Just(ClerkAct::Offline),
        Just(ClerkAct::Refuse),
        Just(ClerkAct::Confirm),
        Just(ClerkAct::Return)
    ];
    prop_oneof![
        4 => (proptest::option::of(amount.clone()), any::<bool>(), 0..400).prop_map(|(limit, queue, days)| Step::Freeze { limit, queue, days }),
        1 => (0..40_usize, 0..600).prop_map(|(of, days)| Step::Renew { of, days }),
        3 => (0..40_usize).prop_map(|of| Step::Release { of }),
        2 => (0..40_usize, amount.clone()).prop_map(|(of, part)| Step::ReleasePart { of, part }),
        3 => (0..40_usize, 1..400_000_i64).prop_map(|(of, amount)| Step::Reverse { of, amount }),
        1 => (0..40_usize, 1..900_i64).prop_map(|(of, limit)| Step::TakeOver { of, limit }),
        4 => (0..40_usize, proptest::option::of(amount.clone()), any::<bool>()).prop_map(|(of, amount, own_bank)| Step::Deduct { of, amount, own_bank }),
        2 => (0..40_usize).prop_map(|of| Step::Repeat { of }),
        4 => (0..40_usize, act).prop_map(|(of, act)| Step::Clerk { of, act }),
        2 => amount.clone().prop_map(Step::Credit),
        2 => amount.prop_map(Step::Spend),
        1 => (0..200).prop_map(Step::Days),
        1 => Just(Step::Other),
        1 => Just(Step::Right),
        1 => Just(Step::EndRights),
    ]
}

fn order(number: usize, verb: Verb) -> Order {
    Order {
        name: Name { slip: format!("X{number}"), line: "1".to_owned() },
        content: number.to_string(),
        organ: "象山县人民法院".to_owned(),
        document: format!("号{number}"),
        subject: Identity {
            name: "王小渔".to_owned(),
            id_type: "01".to_owned(),
            id_number: "330225189506120170".to_owned(),
        },
        account: ACCOUNT.to_owned(),
        sub_account: String::new(),
        currency: "156".to_owned(),
        papers: Papers { document: true, credentials: true, officer_numbers: Vec::new() },
        verb,
    }
}

fn verb(books: &Books, step: &Step) -> Option<Verb> {
    let named = |of: &usize| Original { number: format!("X{of}"), application: String::new() };
    let today = books.today();
    Some(match step {
        Step::Freeze { limit, queue, days } => Verb::Freeze {
            application: String::new(),
            limit: *limit,
            asked: None,
            queue: *queue,
            end: today.plus_days(*days),
            product: None,
            takes_over: Vec::new(),
        },
        Step::ReleasePart { of, part } => Verb::Release { original: named(of), queued_only: false, part: Some(*part) },
        Step::Reverse { of, amount } => Verb::Reverse {
            original: format!("X{of}/1"),
            application: String::new(),
            serial: String::new(),
            amount: *amount,
        },
        Step::TakeOver { of, limit } => Verb::Freeze {
            application: String::new(),
            limit: Some(*limit),
            asked: None,
            queue: false,
            end: today.plus_days(90),
            product: None,
            takes_over: vec![format!("别{of}")],
        },
        Step::Renew { of, days } => Verb::Renew { original: named(of), end: today.plus_days(*days) },
        Step::Release { of } => Verb::Release { original: named(of), queued_only: false, part: None },
        Step::Deduct { of, amount, own_bank } => {
            let bank_code = if *own_bank { "102332002250" } else { "402332002258" }.to_owned();
            let payee = Payee { name: "院".to_owned(), bank: "行".to_owned(), bank_code, account: "2010".to_owned() };
            Verb::Deduct { original: named(of), amount: *amount, payee }
        }
        _ => return None,
    })
}

/// Orders placed so far, with the answer each got.
type Placed = Vec<(Order, Answer)>;

async fn take(books: &Books, number: usize, step: &Step, placed: &mut Placed) {
    let not_taken_is_fine = |result: Result<(), simulators::bank::BooksError>| drop(result);
    match step {
        Step::Credit(fen) => books.credit(ACCOUNT, *fen).unwrap(),
        Step::Spend(fen) => not_taken_is_fine(books.spend(ACCOUNT, *fen)),
        Step::Days(days) => books.set_date(books.today().plus_days(*days)).unwrap(),
        Step::Clerk { of, act } => books.clerk(&format!("X{of}/1"), *act).unwrap(),
        Step::EndRights => books.end_rights(ACCOUNT).unwrap(),
        Step::Right => {
            let right = Right { kind: "02".to_owned(), holder: "行".to_owned(), amount: 1 };
            books.add_right(ACCOUNT, right).unwrap();
        }
        Step::Other => {
            let (organ, document) = ("别院".to_owned(), format!("别{number}"));
            let end = books.today().plus_days(30);
            let told = PriorFreeze { organ, document, limit: Some(777), caught: 0, end, queued: false };
            books.freeze_by_other(ACCOUNT, &told).unwrap();
        }
        Step::Repeat { of } => {
            if let Some((earlier, first)) = placed.get(*of).cloned() {
                let effects = books.effects().len();
                let Ordered::Repeat(again) = books.order(earlier.clone()).await.unwrap() else {
                    panic!("not a repeat")
                };
                assert!(again == first || first == Answer::Pending);
                let other = Order { content: "other".to_owned(), ..earlier };
                assert_eq!(books.order(other).await.unwrap(), Ordered::Conflict);
                assert_eq!(books.effects().len(), effects);
            }
        }
        _ => {
            let order = order(placed.len(), verb(books, step).unwrap());
            let Ordered::New(answer) = books.order(order.clone()).await.unwrap() else { panic!("not new") };
            placed.push((order, answer));
        }
    }
}

/// The number of the freeze itself, when a renewal of it was named.
fn frozen_as(number: &str, placed: &Placed) -> String {
    match placed.iter().find(|(o, _)| o.name.slip == number).map(|(o, _)| &o.verb) {
        Some(Verb::Renew { original, .. }) => frozen_as(&original.number, placed),
        _ => number.to_owned(),
    }
}

fn check(books: &Books, start: i64, placed: &Placed) {
    let account = books.account(ACCOUNT).unwrap();
    assert!(account.balance >= 0);
    assert!(account.caught() <= account.balance, "held more than there is");
    assert!(account.available() >= 0);
    let today = books.today();
    for freeze in &account.freezes {
        assert!(freeze.caught >= 0 && freeze.limit.is_none_or(|l| l >= 0 && freeze.caught <= l));
        assert!(!freeze.queued || freeze.caught == 0);
        assert!(freeze.end >= today || !freeze.open_deducts.is_empty(), "held beyond its last day");
    }
    assert!(!account.freezes.first().is_some_and(|f| f.queued), "the first in rank is in force");
    assert_eq!(books.conserved(), start, "money appeared or was lost");
    let mut taken: HashMap<String, i64> = HashMap::new();
    for payment in books.paid_out().iter().chain(&books.in_transit()) {
        let (deduct, _) = placed.iter().find(|(o, _)| o.name.key() == payment.key).unwrap();
        let Verb::Deduct { original, amount, .. } = &deduct.verb else { panic!("paid without a deduct") };
        assert!(amount.is_none_or(|a| payment.amount <= a), "paid more than was ordered");
        assert!((0..=payment.amount).contains(&payment.returned), "more came back than was taken");
        let back: i64 = books.effects().iter().filter(|e| e.verb == "reverse").map(|e| e.amount).sum();
        assert!(back <= books.paid_out().iter().map(|paid| paid.amount).sum());
        *taken.entry(frozen_as(&original.number, placed)).or_default() += payment.amount;
    }
    let limits = placed.iter().filter_map(|(o, _)| match &o.verb {
        Verb::Freeze { limit: Some(limit), .. } => Some((o.name.slip.clone(), *limit)),
        _ => None,
    });
    for (slip, limit) in limits {
        assert!(taken.get(&slip).copied().unwrap_or(0) <= limit, "deducted more than was frozen");
    }
    assert!(placed.iter().all(|(o, _)| books.effect_count(&o.name.key()) <= 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn the_books_stay_right(
        steps in proptest::collection::vec(step(), 1..40),
        queue in any::<bool>(), by_hand in any::<bool>(), slow in any::<bool>(),
    ) {
        let rules = BankRules { queue, deduct_by_hand: by_hand, interbank_unconfirmed: slow, ..BankRules::default() };
        let county = County::of_the_samples();
        let books = Books::open(&county, rules, None).unwrap();
        let start = books.conserved();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut placed = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            runtime.block_on(take(&books, number, step, &mut placed));
            check(&books, start, &placed);
        }
    }

    #[test]
    fn books_opened_again_are_the_same_books(steps in proptest::collection::vec(step(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books");
        let county = County::of_the_samples();
        let rules = BankRules { deduct_by_hand: true, ..BankRules::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let open = || Books::open(&county, rules.clone(), Some(&path)).unwrap();
        let seen = |books: &Books| {
            let asked: Vec<_> = (0..12).map(|n| books.ask(&format!("X{n}/1"))).collect();
            (serde_json::to_string(&books.accounts()).unwrap(), books.effects(), asked, books.today())
        };
        let before = {
            let books = open();
            let mut placed = Vec::new();
            for (number, step) in steps.iter().enumerate() {
                runtime.block_on(take(&books, number, step, &mut placed));
            }
            seen(&books)
        };
        prop_assert_eq!(seen(&open()), before);
    }
}

#[test]
fn the_first_day_is_that_of_the_samples() {
    assert_eq!(BankRules::default().first_day, Day::new(2026, 11, 20).unwrap());
}
