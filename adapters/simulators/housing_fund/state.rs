//! Everything a centre's books hold, and how orders, days and payments change it.

use std::collections::BTreeMap;

use super::account::{Account, Freeze, Standing};
use super::deduct::REVIEW_DAYS;
use super::order::{Ahead, Answer, Order, Payee, Refusal, State as Outcome, Step, Told, Verb, Why};
use super::person::{Condition, Met, Person};
use crate::day::Day;
use crate::money::Fen;

/// Something an order changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The order's number.
    pub number: String,
    /// `freeze`, `renew`, `release`, `deduct` or `reverse`.
    pub what: &'static str,
    /// Fund account.
    pub account: String,
    /// Fen held, set free or paid.
    pub amount: Fen,
}

/// A payment to a court.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundPayment {
    /// The deduct's number.
    pub number: String,
    /// Fund account.
    pub account: String,
    /// Fen.
    pub amount: Fen,
    /// To whom.
    pub payee: Payee,
    /// The centre's serial.
    pub serial: String,
    /// Day.
    pub on: Day,
    /// Fen of it that came back to the account.
    pub returned: Fen,
}

/// An order with its answer.
pub(crate) struct Entry {
    pub order: Order,
    pub answer: Answer,
    pub taken_on: Day,
}

pub(crate) struct State {
    pub today: Day,
    pub freeze_years_max: u32,
    pub people: BTreeMap<String, Person>,
    pub accounts: BTreeMap<String, Account>,
    pub entries: BTreeMap<String, Entry>,
    pub effects: Vec<Effect>,
    pub paid: Vec<FundPayment>,
    pub to_holders: Fen,
    pub paid_in: Fen,
    /// Numbers whose answer was written anew after it had been told or promised, in order.
    pub renewed: Vec<String>,
    serials: u64,
    ticks: u32,
}

impl State {
    pub(crate) fn new(today: Day, freeze_years_max: u32) -> State {
        State {
            today,
            freeze_years_max,
            people: BTreeMap::new(),
            accounts: BTreeMap::new(),
            entries: BTreeMap::new(),
            effects: Vec::new(),
            paid: Vec::new(),
            to_holders: 0,
            paid_in: 0,
            renewed: Vec::new(),
            serials: 0,
            ticks: 0,
        }
    }

    /// Takes an order; a number that is known changes nothing.
    pub(crate) fn order(&mut self, order: Order) -> Answer {
        if let Some(known) = self.entries.get(&order.number) {
            return known.answer.clone();
        }
        let (number, taken_on) = (order.number.clone(), self.today);
        if let Verb::Release { original, .. } = &order.verb {
            self.review_all_on(original);
        }
        let answer = match &order.verb {
            Verb::Deduct { .. } => Answer::Accepted,
            _ => {
                let told = self.carry_out(&order);
                Answer::Told(Box::new(self.stamp(told)))
            }
        };
        self.entries.insert(number, Entry { order, answer: answer.clone(), taken_on });
        answer
    }

    fn carry_out(&mut self, order: &Order) -> Told {
        if let Verb::Query = order.verb {
            return self.query(order);
        }
        let told = self.known_account(order).and_then(|()| match &order.verb {
            Verb::Freeze { limit, to, takes_over } if !takes_over.is_empty() => {
                self.take_over(order, (*limit, *to), takes_over)
            }
            Verb::Freeze { limit, to, .. } => Ok(self.freeze(order, *limit, *to)),
            Verb::Renew { original, to } => self.renew(order, original, *to),
            Verb::Release { original, part: None } => self.release(order, original),
            Verb::Release { original, part: Some(part) } => self.release_part(order, original, *part),
            Verb::Reverse { original, serial, amount } => self.reverse(order, (original, serial), *amount),
            Verb::Query | Verb::Deduct { .. } => Err(Refusal(Why::Other, "无法办理")),
        });
        told.unwrap_or_else(Told::from)
    }

    fn person(&self, order: &Order) -> Result<Option<&Person>, Refusal> {
        let fits = |person: &&Person| {
            person.identity.id_type == order.subject.id_type && person.identity.same_number(&order.subject.id_number)
        };
        match self.people.values().find(fits) {
            Some(person) if person.identity.name.trim() != order.subject.name.trim() => {
                Err(Refusal(Why::NameMismatch, "姓名与证件号码不符"))
            }
            person => Ok(person),
        }
    }

    /// The account is open and belongs to the subject.
    pub(crate) fn known_account(&self, order: &Order) -> Result<(), Refusal> {
        let person = self.person(order)?;
        let account = self.accounts.get(&order.account).filter(|account| account.is_open());
        let Some(account) = account else { return Err(Refusal(Why::NotFound, "无此账户或账户已注销")) };
        if person.is_none_or(|person| person.identity.id_number != account.owner) {
            return Err(Refusal(Why::IdMismatch, "账户不属于该证件号码"));
        }
        Ok(())
    }

    fn query(&self, order: &Order) -> Told {
        let person = match self.person(order) {
            Ok(Some(person)) => person.clone(),
            Ok(None) => return Told::of(Outcome::NoSuchCustomer),
            Err(refusal) => return refusal.into(),
        };
        let own = |account: &&Account| account.owner == person.identity.id_number;
        let accounts: Vec<Account> = self.accounts.values().filter(own).cloned().collect();
        Told { found: Some(Box::new((person, accounts))), ..Told::of(Outcome::Done) }
    }

    fn freeze(&mut self, order: &Order, limit: Fen, to: Day) -> Told {
        let (today, to) = (self.today, to.min(self.years_after(self.today)));
        let number = &order.number;
        let Some(account) = self.accounts.get_mut(&order.account) else {
            return Refusal(Why::NotFound, "无此账户").into();
        };
        let ahead = account.freezes.iter().map(ahead_of).collect::<Vec<_>>();
        let rank = account.freezes.len() + 1;
        let free = account.available();
        account.freezes.push(Freeze {
            names: vec![number.clone()],
            organ: order.organ.clone(),
            document: order.document.clone(),
            limit,
            caught: 0,
            queued: free == 0 && rank > 1,
            from: today,
            to,
        });
        account.share();
        let caught = limit.min(free);
        let mut told = match (caught == limit, caught == 0 && rank > 1, rank > 1) {
            (true, ..) => Told::of(Outcome::Done),
            (_, true, _) => Told::of(Outcome::Queued).because(Why::PriorRight, "账户余额已被在先冻结，已登记轮候"),
            (_, _, true) => Told::of(Outcome::Partly).because(Why::PriorRight, "部分余额已被在先冻结"),
            _ => Told::of(Outcome::Partly).because(Why::Insufficient, "账户余额不足"),
        };
        (told.limit, told.caught) = (Some(limit), Some(caught));
        (told.from, told.to) = (Some(today), Some(to));
        told.ahead = ahead;
        told.steps.push(Step::Ranked { rank });
        told.serial = self.serial();
        self.effect(order, "freeze", caught);
        told
    }

    fn renew(&mut self, order: &Order, original: &str, to: Day) -> Result<Told, Refusal> {
        let number = order.number.clone();
        let years = self.freeze_years_max;
        let freeze = self.original(order, original)?;
        let to = to.min(years_after(freeze.to, years));
        if to <= freeze.to {
            return Err(Refusal(Why::Other, "续冻期限未晚于原冻结期限"));
        }
        freeze.to = to;
        freeze.names.push(number);
        let mut told = Told::of(Outcome::Done);
        (told.limit, told.caught) = (Some(freeze.limit), Some(freeze.caught));
        (told.from, told.to) = (Some(freeze.from), Some(to));
        told.serial = self.serial();
        self.effect(order, "renew", told.caught.unwrap_or(0));
        Ok(told)
    }

    pub(crate) fn release(&mut self, order: &Order, original: &str) -> Result<Told, Refusal> {
        let freeze = self.original(order, original)?.clone();
        let mut told = Told::of(Outcome::Done);
        (told.limit, told.caught, told.to) = (Some(freeze.limit), Some(freeze.caught), Some(self.today));
        told.serial = self.serial();
        if let Some(account) = self.accounts.get_mut(&order.account) {
            account.freezes.retain(|live| !live.named(original));
        }
        self.effect(order, "release", freeze.caught);
        self.lapse(&freeze, "released");
        self.settle(&order.account);
        Ok(told)
    }

    /// The freeze that an order builds on, of the same case.
    pub(crate) fn original(&mut self, order: &Order, original: &str) -> Result<&mut Freeze, Refusal> {
        let account = self.accounts.get_mut(&order.account);
        let freezes = account.map(|account| account.freezes.iter_mut()).into_iter().flatten();
        freezes
            .into_iter()
            .find(|freeze| freeze.named(original) && freeze.document == order.original_document)
            .ok_or(Refusal(Why::NoOriginalFreeze, "无原冻结信息或原冻结已失效"))
    }

    /// After anything that frees or brings money: shares out, tells who came in, pays what may be paid, closes what is to be closed.
    pub(crate) fn settle(&mut self, account: &str) {
        self.share(account);
        self.pay_registered(account);
        self.close(account);
    }

    pub(crate) fn share(&mut self, number: &str) {
        let Some(account) = self.accounts.get_mut(number) else { return };
        for came_in in account.share() {
            self.came_in(number, &came_in);
        }
    }

    /// A queued freeze holds something: its answer is written anew.
    fn came_in(&mut self, account: &str, number: &str) {
        let Some(account) = self.accounts.get(account) else { return };
        let Some(rank) = account.at(number) else { return };
        let Some(freeze) = account.freezes.get(rank).cloned() else { return };
        let mut told = match freeze.caught == freeze.limit {
            true => Told::of(Outcome::Done),
            false => Told::of(Outcome::Partly).because(Why::Insufficient, "轮候冻结已生效，余额不足"),
        };
        (told.limit, told.caught) = (Some(freeze.limit), Some(freeze.caught));
        (told.from, told.to) = (Some(freeze.from), Some(freeze.to));
        told.ahead = account.freezes.iter().take(rank).map(ahead_of).collect();
        told.steps.push(Step::Ranked { rank: rank + 1 });
        told.serial = self.serial();
        self.tell(number, told);
    }

    fn close(&mut self, number: &str) {
        let Some(account) = self.accounts.get_mut(number) else { return };
        if !matches!(account.standing, Standing::Closing(_)) {
            return;
        }
        let free = account.available();
        account.balance -= free;
        self.to_holders += free;
        if account.freezes.iter().all(|freeze| freeze.caught == 0) {
            account.standing = Standing::Closed;
            let over = std::mem::take(&mut account.freezes);
            over.iter().for_each(|freeze| self.lapse(freeze, "account_closed"));
        }
    }

    /// Turns the calendar forward, stopping on every day on which something ends, is due or is met.
    pub(crate) fn turn_to(&mut self, day: Day) {
        while let Some(next) = self.next_stop(day) {
            self.today = next;
            self.review_due();
            let retiring = |person: &&mut Person| person.retires_on.is_some_and(|on| on <= next);
            for person in self.people.values_mut().filter(retiring) {
                person.retires_on = None;
                person.meet(Met { condition: Condition::Retired, allows: None });
            }
            let numbers: Vec<String> = self.accounts.keys().cloned().collect();
            for number in numbers {
                let over = self.accounts.get_mut(&number).map(|account| account.expire(next)).unwrap_or_default();
                over.iter().for_each(|freeze| self.lapse(freeze, "expired"));
                self.settle(&number);
            }
        }
        self.today = self.today.max(day);
    }

    fn next_stop(&self, until: Day) -> Option<Day> {
        let ends =
            self.accounts.values().flat_map(|account| account.freezes.iter().map(|freeze| freeze.to.plus_days(1)));
        let retirements = self.people.values().filter_map(|person| person.retires_on);
        let open = self.entries.values().filter(|entry| entry.answer.told().is_none());
        let reviews = open.map(|entry| entry.taken_on.plus_days(REVIEW_DAYS));
        let stops = ends.chain(retirements).chain(reviews);
        stops.filter(|stop| *stop > self.today && *stop <= until).min()
    }

    /// Writes an answer anew.
    pub(crate) fn tell(&mut self, number: &str, told: Told) {
        let told = self.stamp(told);
        if let Some(entry) = self.entries.get_mut(number) {
            entry.answer = Answer::Told(Box::new(told));
            self.renewed.push(number.to_owned());
        }
    }

    pub(crate) fn effect(&mut self, order: &Order, what: &'static str, amount: Fen) {
        let (number, account) = (order.number.clone(), order.account.clone());
        self.effects.push(Effect { number, what, account, amount });
    }

    pub(crate) fn serial(&mut self) -> String {
        self.serials += 1;
        format!("GJJ{}{:08}", self.today.compact(), self.serials)
    }

    /// Each answer has a time of its own, so that a later one is known from an earlier one.
    fn stamp(&mut self, mut told: Told) -> Told {
        self.ticks = (self.ticks + 1) % 28_800;
        let (hour, minute, second) = (9 + self.ticks / 3_600, self.ticks / 60 % 60, self.ticks % 60);
        told.as_of = format!("{}T{hour:02}:{minute:02}:{second:02}+08:00", dashed(self.today));
        told
    }

    pub(crate) fn years_after(&self, day: Day) -> Day {
        years_after(day, self.freeze_years_max)
    }
}

fn years_after(day: Day, years: u32) -> Day {
    (0..years).fold(day, |day, _| day.next_year())
}

pub(crate) fn ahead_of(freeze: &Freeze) -> Ahead {
    Ahead { organ: freeze.organ.clone(), document: freeze.document.clone(), limit: freeze.limit, to: freeze.to }
}

/// `2026-11-22`.
pub(crate) fn dashed(day: Day) -> String {
    day.slashed().replace('/', "-")
}
