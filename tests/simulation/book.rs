//! A partner's own books: accounts, holds, what was ordered and what became of it. It knows nothing of the gateway but messages.

use std::collections::BTreeMap;

use domain::outcome::{AssetKind, FoundAccount, Outcome, PriorMeasure, Reason, Verdict};
use domain::{ActKind, Money, Personal};

use crate::dice::Dice;

/// Our key: slip number and line.
pub type Key = (u64, u16);

/// An order as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Our key.
    pub key: Key,
    /// What is ordered.
    pub kind: ActKind,
    /// Keyed hash of the person.
    pub subject: u64,
    /// The account.
    pub account: Option<String>,
    /// The amount, in 1/10,000 yuan.
    pub amount: i64,
    /// The freeze that it builds on.
    pub base: Option<Key>,
    /// The case.
    pub case: (u64, u64),
    /// Its number.
    pub case_number: String,
    /// Where money goes.
    pub destination: Option<String>,
}

/// Where an order is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Sent, given up by the sender, and not here yet.
    OnItsWay,
    /// Here, and not done yet.
    Waiting,
    /// Done, or refused.
    Processed,
}

/// An order in the books.
pub struct Order {
    /// As it came.
    pub message: Message,
    /// Where it is.
    pub place: Place,
    /// How often it took effect.
    pub effects: u32,
    /// What is said about it.
    pub outcome: Option<Outcome>,
    /// What was said before the truth, by a partner that lies.
    pub lie: Option<Outcome>,
    /// The truth was told at least once.
    pub told: bool,
    /// Said to the gateway and taken by it.
    pub acknowledged: bool,
}

/// Some accounts are policies or fund accounts; the same one at every query.
fn sort_of(number: &str) -> AssetKind {
    match number.bytes().map(u32::from).sum::<u32>() % 8 {
        0 => AssetKind::Policy,
        1 => AssetKind::Fund,
        2 => AssetKind::Wallet,
        _ => AssetKind::Cash,
    }
}

/// What is held on an account.
pub struct Hold {
    /// The freeze.
    pub key: Key,
    /// For which case.
    pub case: (u64, u64),
    /// The paper that it rests on, as its list names it.
    paper: String,
    /// What was ordered, less what was moved.
    pub limit: i64,
    /// What is held.
    pub caught: i64,
}

struct Account {
    number: String,
    subject: u64,
    balance: i64,
    holds: Vec<Hold>,
}

impl Account {
    /// Money that came in, or that another hold let go, is caught by those that wait for it, in their order.
    fn catch_in_order(&mut self) {
        let mut free = self.balance - self.holds.iter().map(|hold| hold.caught).sum::<i64>();
        for hold in &mut self.holds {
            let more = (hold.limit - hold.caught).clamp(0, free.max(0));
            hold.caught += more;
            free -= more;
        }
    }

    /// The measures on it, in their order.
    fn list(&self) -> Vec<PriorMeasure> {
        let standing = self.holds.iter().filter(|hold| hold.limit > 0);
        let named = |hold: &Hold| PriorMeasure {
            organ: Personal::new("court".to_owned()),
            paper: Personal::new(hold.paper.clone()),
            amount: Some(Money::from_units(hold.limit)),
            to: None,
        };
        standing.map(named).collect()
    }
}

/// The books of one partner.
pub struct Book {
    deduplicates: bool,
    /// An answer names the measures on an account, in their order.
    lists_measures: bool,
    accounts: Vec<Account>,
    /// Orders by our key.
    pub orders: BTreeMap<Key, Order>,
    /// Moved, by case.
    pub moved: BTreeMap<(u64, u64), i64>,
    /// Deductions above what was held, by case.
    pub above_hold: Vec<((u64, u64), String)>,
    /// What must never have happened.
    pub faults: Vec<String>,
}

impl Book {
    /// The books of a partner, with accounts for some persons.
    pub fn new(id: &str, deduplicates: bool, subjects: &[u64], dice: &mut Dice) -> Self {
        let lists_measures = dice.chance(50);
        let mut accounts = Vec::new();
        for subject in subjects {
            for number in 0..dice.below(4) {
                let balance = i64::try_from(dice.below(3_000_000)).unwrap_or(0) * 10;
                accounts.push(Account {
                    number: format!("{id}:{subject:x}:{number}"),
                    subject: *subject,
                    balance,
                    holds: Vec::new(),
                });
            }
        }
        Self {
            deduplicates,
            lists_measures,
            accounts,
            orders: BTreeMap::new(),
            moved: BTreeMap::new(),
            above_hold: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The accounts of a person.
    pub fn accounts_of(&self, subject: u64) -> Vec<String> {
        self.accounts
            .iter()
            .filter(|account| account.subject == subject)
            .map(|account| account.number.clone())
            .collect()
    }

    /// What is ordered and in force for a case: limits of its holds.
    pub fn limits_of(&self, case: (u64, u64)) -> i64 {
        self.accounts
            .iter()
            .flat_map(|account| &account.holds)
            .filter(|hold| hold.case == case)
            .map(|hold| hold.limit)
            .sum()
    }

    /// An order comes in, or is known to be on its way. The books themselves notice a control act that comes twice.
    pub fn receive(&mut self, message: &Message, place: Place) {
        let Some(known) = self.orders.get(&message.key) else {
            let order = Order {
                message: message.clone(),
                place,
                effects: 0,
                outcome: None,
                lie: None,
                told: false,
                acknowledged: false,
            };
            self.orders.insert(message.key, order);
            return;
        };
        if known.message != *message {
            self.faults.push(format!("{:?} came again with another content", message.key));
        }
        if message.kind.is_control() && !self.deduplicates {
            self.faults.push(format!(
                "{} {:?} came a second time, while the first is {:?} with {} effects",
                message.kind.word(),
                message.key,
                known.place,
                known.effects
            ));
        }
        if known.place == Place::OnItsWay || (known.place == Place::Processed && !self.deduplicates) {
            let (effects, outcome) = (known.effects, known.outcome.clone());
            self.orders.entry(message.key).and_modify(|order| {
                order.place = place;
                (order.effects, order.outcome) = (effects, outcome);
            });
        }
    }

    /// The message was lost on its way, or its sender's people had it thrown away.
    pub fn lose(&mut self, key: Key) {
        if self.orders.get(&key).is_some_and(|order| order.place != Place::Processed && order.effects == 0) {
            self.orders.remove(&key);
        }
    }

    /// It may have taken effect, or may still.
    pub fn may_have_happened(&self, key: Key) -> bool {
        self.orders.get(&key).is_some_and(|order| order.place != Place::Processed || order.effects > 0)
    }

    /// Does the order; what became of it is in the books from here on.
    pub fn process(&mut self, key: Key, lies: bool, dice: &mut Dice) {
        let Some(order) = self.orders.get(&key) else { return };
        if order.place == Place::Processed {
            return;
        }
        let message = order.message.clone();
        let (outcome, effect) = self.carry_out(&message, dice);
        let lie = (lies && effect && dice.chance(30))
            .then(|| Outcome::of(Verdict::Refused).because(Reason::Other, "not done"));
        if let Some(order) = self.orders.get_mut(&key) {
            order.place = Place::Processed;
            order.effects += u32::from(effect);
            order.outcome = Some(outcome);
            order.lie = lie;
        }
    }

    /// What is said now about an order that was processed.
    pub fn say(&mut self, key: Key, truth: bool) -> Option<Outcome> {
        let order = self.orders.get_mut(&key).filter(|order| order.place == Place::Processed)?;
        if !truth
            && !order.told
            && let Some(lie) = &order.lie
        {
            return Some(lie.clone());
        }
        order.told = true;
        order.outcome.clone()
    }

    fn carry_out(&mut self, message: &Message, dice: &mut Dice) -> (Outcome, bool) {
        match message.kind {
            ActKind::Query => (self.query(message.subject, dice), false),
            _ if dice.chance(5) => (Outcome::of(Verdict::HandedBack).because(Reason::PaperMissing, "paper"), false),
            _ if dice.chance(5) => (Outcome::of(Verdict::Refused).because(Reason::PriorRight, "prior"), false),
            ActKind::Freeze => self.freeze(message, dice),
            kind if kind.moves_money() => self.deduct(message, dice),
            ActKind::Release => (self.release(message), true),
            _ => (Outcome::of(Verdict::Done), true),
        }
    }

    fn query(&mut self, subject: u64, dice: &mut Dice) -> Outcome {
        for account in self.accounts.iter_mut().filter(|account| account.subject == subject) {
            if dice.chance(15) {
                account.balance += i64::try_from(dice.below(500_000)).unwrap_or(0) * 10;
            }
            account.catch_in_order();
        }
        let mut outcome = Outcome::of(Verdict::Done);
        for account in self.accounts.iter().filter(|account| account.subject == subject) {
            let held: i64 = account.holds.iter().map(|hold| hold.caught).sum();
            outcome.accounts.push(FoundAccount {
                asset: sort_of(&account.number),
                details: Vec::new(),
                role: domain::outcome::AssetRole::Holder,
                number: Personal::new(account.number.clone()),
                class: "1".to_owned(),
                status: "1".to_owned(),
                currency: "156".to_owned(),
                balance: Some(Money::from_units(account.balance)),
                available: Some(Money::from_units((account.balance - held).max(0))),
                branch: String::new(),
                ahead: if self.lists_measures { account.list() } else { Vec::new() },
            });
        }
        if outcome.accounts.is_empty() || dice.chance(3) {
            return Outcome::of(Verdict::NoSuchCustomer);
        }
        outcome
    }

    fn freeze(&mut self, message: &Message, dice: &mut Dice) -> (Outcome, bool) {
        let wanted = |account: &&mut Account| match &message.account {
            Some(number) => account.number == *number,
            None => account.subject == message.subject,
        };
        let Some(account) = self.accounts.iter_mut().find(wanted) else {
            return (Outcome::of(Verdict::NoSuchCustomer), false);
        };
        let held: i64 = account.holds.iter().map(|hold| hold.caught).sum();
        // Nobody catches anything before those that wait already.
        let waiting = account.holds.iter().any(|hold| hold.caught < hold.limit);
        let behind = waiting || (held > 0 && dice.chance(30));
        let caught = if behind { 0 } else { (account.balance - held).clamp(0, message.amount) };
        let paper = message.case_number.clone();
        account.holds.push(Hold { key: message.key, case: message.case, paper, limit: message.amount, caught });
        // Some partners call it done whatever they caught; the sums tell.
        let verdict = match (behind, caught < message.amount) {
            (true, _) => Verdict::Queued,
            (false, true) if dice.chance(50) => Verdict::Partly,
            _ => Verdict::Done,
        };
        let mut outcome = Outcome::of(verdict);
        outcome.limit = Some(Money::from_units(message.amount));
        outcome.caught = Some(Money::from_units(caught));
        (outcome, true)
    }

    fn deduct(&mut self, message: &Message, dice: &mut Dice) -> (Outcome, bool) {
        let base = message.base;
        let found = self.accounts.iter_mut().find_map(|account| {
            let at = account.holds.iter().position(|hold| Some(hold.key) == base)?;
            Some((account, at))
        });
        let Some((account, at)) = found else {
            return (Outcome::of(Verdict::Refused).because(Reason::NoOriginalFreeze, ""), false);
        };
        let told =
            |hold: &Hold| format!("{:?} of {:?} limit {} caught {}", hold.key, hold.case, hold.limit, hold.caught);
        let lists = self.lists_measures;
        let others = account.holds.iter().map(told).collect::<Vec<_>>().join(", ");
        let Some(hold) = account.holds.get_mut(at) else { return (Outcome::of(Verdict::Refused), false) };
        if message.amount > hold.caught {
            let what = format!(
                "deduct {:?} of {} out of a hold of {} by {base:?}; lists {lists}, of {:?}, on the account: {others}",
                message.key, message.amount, hold.caught, message.case
            );
            self.above_hold.push((message.case, what));
        }
        let whole = message.amount.min(hold.caught);
        let moved = if dice.chance(20) { whole / 2 } else { whole };
        (hold.caught, hold.limit) = (hold.caught - moved, (hold.limit - moved).max(0));
        account.balance -= moved;
        *self.moved.entry(message.case).or_default() += moved;
        let mut outcome = Outcome::of(if moved < message.amount { Verdict::Partly } else { Verdict::Done });
        outcome.moved = Some(Money::from_units(moved));
        (outcome, moved > 0)
    }

    fn release(&mut self, message: &Message) -> Outcome {
        for hold in self.accounts.iter_mut().flat_map(|account| &mut account.holds) {
            if Some(hold.key) == message.base {
                hold.limit = if message.amount > 0 { (hold.limit - message.amount).max(0) } else { 0 };
                hold.caught = hold.caught.min(hold.limit);
            }
        }
        Outcome::of(Verdict::Done)
    }
}
