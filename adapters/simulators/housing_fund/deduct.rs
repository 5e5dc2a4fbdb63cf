//! Deducts: looked at, registered until a condition is met, paid by rank, and lost with their freeze.

use super::account::{Account, Freeze, Standing};
use super::order::{Answer, Order, Refusal, State as Outcome, Step, Told, Verb, Why};
use super::person::{Condition, Met, Person};
use super::state::{FundPayment, State};
use crate::day::Day;
use crate::money::Fen;

/// Days within which an order is looked at (art. 25).
pub(crate) const REVIEW_DAYS: i32 = 3;

/// What bounds a payment.
struct Bounds {
    held: Fen,
    met: Met,
    above_reserve: Fen,
}

impl Bounds {
    fn payable(&self, amount: Fen) -> Fen {
        amount.min(self.held).min(self.met.allows.unwrap_or(Fen::MAX)).min(self.above_reserve)
    }
}

impl State {
    /// Looks at a deduct that was accepted: it is paid, registered or refused.
    pub(crate) fn review(&mut self, number: &str) {
        let Some(entry) = self.entries.get(number).filter(|entry| entry.answer.told().is_none()) else { return };
        let order = entry.order.clone();
        if let Err(refusal) = self.may_stand(&order) {
            return self.tell(number, refusal.into());
        }
        if !self.pay(&order) {
            let told = self.registered(&order);
            self.tell(number, told);
        }
        self.settle(&order.account);
    }

    pub(crate) fn review_all_on(&mut self, original: &str) {
        let waiting = |order: &Order| match &order.verb {
            Verb::Deduct { original: freeze, .. } => self.same_freeze(&order.account, freeze, original),
            _ => false,
        };
        let accepted = self.entries.values().filter(|entry| entry.answer.told().is_none());
        let numbers: Vec<String> =
            accepted.filter(|entry| waiting(&entry.order)).map(|entry| entry.order.number.clone()).collect();
        numbers.iter().for_each(|number| self.review(number));
    }

    fn same_freeze(&self, account: &str, one: &str, other: &str) -> bool {
        let Some(account) = self.accounts.get(account) else { return false };
        account.at(one).is_some() && account.at(one) == account.at(other)
    }

    /// Looks at what has waited as long as the law allows.
    pub(crate) fn review_due(&mut self) {
        let today = self.today;
        let late = |taken: Day| taken.plus_days(REVIEW_DAYS) <= today;
        let open = self.entries.values().filter(|entry| entry.answer.told().is_none() && late(entry.taken_on));
        let numbers: Vec<String> = open.map(|entry| entry.order.number.clone()).collect();
        numbers.iter().for_each(|number| self.review(number));
    }

    fn may_stand(&mut self, order: &Order) -> Result<(), Refusal> {
        let Verb::Deduct { original, amount, .. } = &order.verb else { return Ok(()) };
        self.known_account(order)?;
        let freeze = self.original(order, original)?;
        if freeze.queued {
            return Err(Refusal(Why::PriorRight, "原冻结为轮候冻结，尚未生效"));
        }
        if *amount > freeze.limit {
            return Err(Refusal(Why::Insufficient, "划拨金额超过冻结限额"));
        }
        Ok(())
    }

    fn bounds(&self, order: &Order) -> Option<Bounds> {
        let Verb::Deduct { original, .. } = &order.verb else { return None };
        let account = self.accounts.get(&order.account)?;
        let held = account.freezes.get(account.at(original)?)?.caught;
        let person = self.people.get(&account.owner)?;
        let met = match account.standing {
            Standing::Closing(condition) => Met { condition, allows: None },
            _ => person.best()?,
        };
        Some(Bounds { held, met, above_reserve: account.balance - person.kept_back() })
    }

    /// Pays when a condition is met and something can be paid.
    fn pay(&mut self, order: &Order) -> bool {
        let Verb::Deduct { original, amount, payee } = &order.verb else { return false };
        let Some(bounds) = self.bounds(order) else { return false };
        let moved = bounds.payable(*amount);
        // Nothing can be paid to a court out of what is kept back, and nothing out of an empty freeze.
        if moved <= 0 {
            return false;
        }
        let condition = bounds.met.condition;
        let mut told = self.looked_at(order);
        (told.limit, told.moved) = (Some(*amount), Some(moved));
        told.serial = self.serial();
        if moved == *amount {
            told.state = Outcome::Done;
        } else if moved == bounds.held {
            told = told.because(Why::Insufficient, "冻结金额不足");
        } else if moved == bounds.above_reserve {
            told = told.because(Why::Other, "为保障基本生活及居住条件保留部分余额");
        } else {
            told = told.because(Why::Other, "超出该提取条件允许的额度");
        }
        let payment = FundPayment {
            number: order.number.clone(),
            account: order.account.clone(),
            amount: moved,
            payee: payee.clone(),
            serial: told.serial.clone(),
            on: self.today,
            returned: 0,
        };
        told.steps.push(Step::Paid { condition, on: self.today });
        self.paid.push(payment);
        self.effect(order, "deduct", moved);
        self.take(order, original, condition, moved);
        self.share(&order.account);
        let held = self.accounts.get(&order.account).map_or(0, Account::caught);
        if condition.closes_account() && held == 0 {
            told.steps.push(Step::Closed { condition, on: self.today });
        }
        self.tell(&order.number, told);
        true
    }

    /// Moves the money: balance, freeze and what the condition allows go down.
    fn take(&mut self, order: &Order, original: &str, condition: Condition, moved: Fen) {
        let Some(account) = self.accounts.get_mut(&order.account) else { return };
        account.balance -= moved;
        let mut used_up = None;
        if let Some(index) = account.at(original)
            && let Some(freeze) = account.freezes.get_mut(index)
        {
            freeze.limit -= moved;
            freeze.caught -= moved;
            if freeze.limit == 0 {
                used_up = Some(account.freezes.remove(index));
            }
        }
        if condition.closes_account() {
            account.standing = Standing::Closing(condition);
        }
        if let Some(person) = self.people.get_mut(&account.owner) {
            person.used(condition, moved);
        }
        if let Some(freeze) = used_up {
            self.lapse(&freeze, "used_up");
        }
    }

    /// An answer that holds what was looked at.
    fn looked_at(&self, order: &Order) -> Told {
        let mut told = Told::of(Outcome::Partly);
        let Some(account) = self.accounts.get(&order.account) else { return told };
        let Some(person) = self.people.get(&account.owner) else { return told };
        let closing = match account.standing {
            Standing::Closing(condition) => Some(condition),
            _ => None,
        };
        told.steps = conditions(person, closing, self.today);
        if let Some(reserve) = person.reserve {
            told.steps.push(Step::Housing { reserve: Some(reserve), on: self.today });
        }
        told
    }

    fn registered(&mut self, order: &Order) -> Told {
        let mut told = self.looked_at(order);
        told.state = Outcome::Registered;
        let text = match self.bounds(order) {
            None => "不符合《住房公积金管理条例》第二十四条规定的提取条件，已登记，条件成就时划拨",
            Some(bounds) if bounds.above_reserve <= 0 => "提取后基本生活及居住条件得不到保障，已登记",
            Some(_) => "冻结账户暂无余额，已登记",
        };
        let account = self.accounts.get(&order.account);
        let person = account.and_then(|account| self.people.get(&account.owner));
        told.due = person.and_then(|person| person.retires_on).filter(|day| *day > self.today);
        told.serial = self.serial();
        told.because(Why::AwaitsCondition, text)
    }

    /// Pays what is registered on an account, in the order of the freezes' ranks.
    pub(crate) fn pay_registered(&mut self, number: &str) {
        let Some(account) = self.accounts.get(number) else { return };
        let ranks = account.freezes.clone();
        let mut waiting: Vec<(usize, Order)> = Vec::new();
        for entry in self.entries.values() {
            let Answer::Told(told) = &entry.answer else { continue };
            let Verb::Deduct { original, .. } = &entry.order.verb else { continue };
            let rank = ranks.iter().position(|freeze| freeze.named(original));
            if told.state == Outcome::Registered
                && entry.order.account == number
                && let Some(rank) = rank
            {
                waiting.push((rank, entry.order.clone()));
            }
        }
        waiting.sort_by_key(|(rank, _)| *rank);
        for (_, order) in waiting {
            // An earlier payment may have used up the freeze, and what was registered on it has lapsed with it.
            let open = self.entries.get(&order.number).and_then(|entry| entry.answer.told());
            if open.is_some_and(|told| told.state == Outcome::Registered) {
                self.pay(&order);
            }
        }
    }

    /// What is registered on a freeze that has ended is refused.
    pub(crate) fn lapse(&mut self, freeze: &Freeze, why: &'static str) {
        let text = match why {
            "released" => "原冻结已解除，登记的划拨失效",
            "expired" => "原冻结期限届满未续冻，登记的划拨失效",
            "account_closed" => "账户已注销，登记的划拨失效",
            _ => "原冻结额度已用完，登记的划拨失效",
        };
        let on_it = |order: &Order| match &order.verb {
            Verb::Deduct { original, .. } => freeze.named(original),
            _ => false,
        };
        let registered = |answer: &Answer| answer.told().is_some_and(|told| told.state == Outcome::Registered);
        let entries = self.entries.values().filter(|entry| registered(&entry.answer) && on_it(&entry.order));
        let numbers: Vec<String> = entries.map(|entry| entry.order.number.clone()).collect();
        for number in numbers {
            let mut told = Told::from(Refusal(Why::NoOriginalFreeze, text));
            told.steps.push(Step::Lapsed { why, on: self.today });
            self.tell(&number, told);
        }
    }
}

fn conditions(person: &Person, closing: Option<Condition>, on: Day) -> Vec<Step> {
    let looked = |condition: Condition| {
        let met = person.met.iter().find(|met| met.condition == condition && met.allows.is_none_or(|left| left > 0));
        Step::Checked {
            condition,
            met: met.is_some() || closing == Some(condition),
            allows: met.and_then(|met| met.allows),
            expected: person.retires_on.filter(|day| condition == Condition::Retired && *day > on),
            on,
        }
    };
    Condition::ALL.into_iter().map(looked).collect()
}
