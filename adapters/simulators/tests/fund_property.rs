//! Whatever happens to a fund account: no fen appears or is lost, nothing is paid twice, without a condition, or beyond a freeze.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::HashMap;

use proptest::prelude::*;
use simulators::bank::Identity;
use simulators::housing_fund::{Condition, FundBooks, FundRules, Order, Payee, State, Verb};

const ACCOUNT: &str = "GJJ3302250000017";
const ID: &str = "330225189506120170";

#[derive(Clone, Debug)]
enum Action {
    Freeze { limit: i64, days: i32 },
    Renew { of: usize, days: i32 },
    Release { of: usize },
    ReleasePart { of: usize, part: i64 },
    Reverse { of: usize, amount: i64 },
    TakeOver { limit: i64 },
    Deduct { of: usize, amount: i64 },
    Repeat { of: usize },
    Review,
    Meet { which: usize, allows: i64 },
    KeepBack(Option<i64>),
    Contribute(i64),
    Withdraw(i64),
    Days(i32),
    Other(i64),
    EndOther,
}

fn action() -> impl Strategy<Value = Action> {
    let amount = 1..2_500_000_i64;
    prop_oneof![
        4 => (amount.clone(), 0..500).prop_map(|(limit, days)| Action::Freeze { limit, days }),
        1 => (0..30_usize, 0..900).prop_map(|(of, days)| Action::Renew { of, days }),
        2 => (0..30_usize).prop_map(|of| Action::Release { of }),
        2 => (0..30_usize, amount.clone()).prop_map(|(of, part)| Action::ReleasePart { of, part }),
        3 => (0..8_usize, 1..400_000_i64).prop_map(|(of, amount)| Action::Reverse { of, amount }),
        1 => amount.clone().prop_map(|limit| Action::TakeOver { limit }),
        4 => (0..30_usize, amount.clone()).prop_map(|(of, amount)| Action::Deduct { of, amount }),
        2 => (0..30_usize).prop_map(|of| Action::Repeat { of }),
        3 => Just(Action::Review),
        1 => (0..6_usize, amount.clone()).prop_map(|(which, allows)| Action::Meet { which, allows }),
        1 => proptest::option::of(amount.clone()).prop_map(Action::KeepBack),
        2 => amount.clone().prop_map(Action::Contribute),
        1 => amount.clone().prop_map(Action::Withdraw),
        2 => (0..200).prop_map(Action::Days),
        1 => amount.prop_map(Action::Other),
        1 => Just(Action::EndOther),
    ]
}

struct Run {
    books: FundBooks,
    orders: Vec<Order>,
    /// Limit of each freeze, by number.
    limits: HashMap<String, i64>,
    /// Freeze and amount of each deduct.
    deducts: HashMap<String, (String, i64)>,
    met: bool,
}

impl Run {
    fn order(&mut self, verb: Verb) {
        let number = format!("n{}", self.orders.len());
        match &verb {
            Verb::Freeze { limit, .. } => drop(self.limits.insert(number.clone(), *limit)),
            Verb::Deduct { original, amount, .. } => {
                drop(self.deducts.insert(number.clone(), (original.clone(), *amount)));
            }
            _ => {}
        }
        let order = Order {
            number,
            organ: "象山县人民法院".to_owned(),
            document: "(2026)浙0225执1234号".to_owned(),
            original_document: "(2026)浙0225执1234号".to_owned(),
            subject: Identity { name: "王小渔".to_owned(), id_type: "01".to_owned(), id_number: ID.to_owned() },
            account: ACCOUNT.to_owned(),
            verb,
        };
        self.orders.push(order.clone());
        self.books.order(order);
    }

    fn freeze_at(&self, of: usize) -> String {
        let freezes: Vec<&Order> =
            self.orders.iter().filter(|order| matches!(order.verb, Verb::Freeze { .. })).collect();
        freezes.get(of % freezes.len().max(1)).map_or("none".to_owned(), |order| order.number.clone())
    }

    fn act(&mut self, action: &Action) {
        let today = self.books.today();
        match action.clone() {
            Action::Freeze { limit, days } => {
                self.order(Verb::Freeze { limit, to: today.plus_days(days), takes_over: Vec::new() });
            }
            Action::ReleasePart { of, part } => {
                let original = self.freeze_at(of);
                self.order(Verb::Release { original, part: Some(part) });
            }
            Action::Reverse { of, amount } => {
                let paid = self.books.paid_out();
                let original = paid.get(of % paid.len().max(1)).map_or("none".to_owned(), |paid| paid.number.clone());
                self.order(Verb::Reverse { original, serial: String::new(), amount });
            }
            Action::TakeOver { limit } => {
                self.order(Verb::Freeze { limit, to: today.plus_days(90), takes_over: vec!["other".to_owned()] });
            }
            Action::Renew { of, days } => {
                let original = self.freeze_at(of);
                self.order(Verb::Renew { original, to: today.plus_days(days) });
            }
            Action::Release { of } => {
                let original = self.freeze_at(of);
                self.order(Verb::Release { original, part: None });
            }
            Action::Deduct { of, amount } => {
                let payee = Payee { holder: "象山县人民法院".to_owned(), number: "1".to_owned() };
                let original = self.freeze_at(of);
                self.order(Verb::Deduct { original, amount, payee });
            }
            Action::Repeat { of } => {
                if let Some(order) = self.orders.get(of) {
                    self.books.order(order.clone());
                }
            }
            Action::Review => self.books.review_all(),
            Action::Meet { which, allows } => {
                let condition = Condition::ALL[which];
                let allows = (!condition.closes_account()).then_some(allows);
                self.books.meet(ID, condition, allows).unwrap();
                self.met = true;
            }
            Action::KeepBack(reserve) => self.books.keep_back(ID, reserve).unwrap(),
            Action::Contribute(amount) => drop(self.books.contribute(ACCOUNT, amount)),
            Action::Withdraw(amount) => drop(self.books.withdraw(ACCOUNT, amount)),
            Action::Days(days) => self.books.set_date(today.plus_days(days)),
            Action::Other(limit) => {
                drop(self.books.freeze_by_other(ACCOUNT, ("宁海县人民法院", "other"), limit, today.plus_days(300)));
            }
            Action::EndOther => drop(self.books.end_by_other(ACCOUNT, "other")),
        }
    }

    fn check(&self) {
        let account = self.books.account(ACCOUNT).unwrap();
        assert_eq!(self.books.conserved(), 0, "no fen appears or is lost");
        assert!(account.available() >= 0 && account.balance >= 0);
        assert!(account.freezes.iter().all(|freeze| 0 <= freeze.caught && freeze.caught <= freeze.limit));
        let mut free = true;
        for freeze in &account.freezes {
            assert!(free || freeze.caught == 0, "a later freeze holds something while an earlier one lacks");
            free &= freeze.caught == freeze.limit;
        }
        let mut paid_by_freeze: HashMap<&str, i64> = HashMap::new();
        let mut paid_numbers = Vec::new();
        for payment in self.books.paid_out() {
            let (freeze, amount) = &self.deducts[&payment.number];
            assert!(self.met, "nothing is paid before a condition is met");
            assert!(0 < payment.amount && payment.amount <= *amount);
            assert!((0..=payment.amount).contains(&payment.returned), "more came back than was paid");
            *paid_by_freeze.entry(freeze).or_default() += payment.amount;
            assert!(!paid_numbers.contains(&payment.number), "paid twice");
            paid_numbers.push(payment.number);
        }
        assert!(paid_by_freeze.iter().all(|(freeze, paid)| *paid <= self.limits[*freeze]));
        for (number, (_, amount)) in &self.deducts {
            let answer = self.books.ask(number).unwrap();
            let paid = self.books.paid_out().iter().find(|paid| paid.number == *number).map(|paid| paid.amount);
            let Some(told) = answer.told() else {
                assert_eq!(paid, None);
                continue;
            };
            assert_eq!(told.moved, paid, "what is told is what was paid");
            match told.state {
                State::Done => assert_eq!(paid, Some(*amount)),
                State::Partly => assert!(paid.unwrap() < *amount),
                _ => assert_eq!(paid, None),
            }
        }
    }
}

proptest! {
    #[test]
    fn books_hold(actions in proptest::collection::vec(action(), 1..60)) {
        let books = FundBooks::of_the_samples(FundRules::default());
        let mut run = Run { books, orders: Vec::new(), limits: HashMap::new(), deducts: HashMap::new(), met: false };
        for action in &actions {
            run.act(action);
            run.check();
        }
    }
}
