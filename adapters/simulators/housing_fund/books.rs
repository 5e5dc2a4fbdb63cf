//! A fund centre's books behind one handle: orders in, answers out, and what happens to people and accounts in between.

use parking_lot::Mutex;

use super::account::{Account, Freeze, Standing};
use super::order::{Answer, Order};
use super::person::{Condition, Employer, Met, Person};
use super::state::{Effect, FundPayment, State};
use crate::bank::Identity;
use crate::county::County;
use crate::day::Day;
use crate::money::{AMOUNT_FEN_MAX, Fen};
use crate::random::Sequence;

/// What can go wrong with a fund centre's books.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FundError {
    /// No such person.
    #[error("change a person of the fund centre: it knows nobody with this ID number; add the person first")]
    NoPerson,
    /// No such account, or it is closed.
    #[error("book on a fund account: there is none with this number that is open; list them with `accounts()`")]
    NoAccount,
    /// Not enough free money.
    #[error("withdraw from a fund account: less than the amount is free; pay in first")]
    NotAvailable,
    /// Not a number the centre can take.
    #[error("book an amount: it must be above zero and at most 100 billion yuan")]
    Amount,
}

/// The person of the sample messages.
const SAMPLE_ID: &str = "330225189506120170";

/// How one centre does what its document leaves open.
#[derive(Clone, Copy, Debug)]
pub struct FundRules {
    /// First day of the books.
    pub first_day: Day,
    /// Years that a freeze, and a renewal, may last (1 to 3).
    pub freeze_years_max: u32,
}

impl Default for FundRules {
    fn default() -> Self {
        // The day of the sample messages.
        FundRules { first_day: Day::new(2026, 11, 22).unwrap_or(Day::EPOCH), freeze_years_max: 1 }
    }
}

/// A fund centre's books.
pub struct FundBooks(Mutex<State>);

impl FundBooks {
    /// Empty books.
    pub fn new(rules: FundRules) -> FundBooks {
        FundBooks(Mutex::new(State::new(rules.first_day, rules.freeze_years_max.clamp(1, 3))))
    }

    /// One account for each person of a made-up county; the same seed gives the same books. The person of the sample
    /// messages has what they say: 36,500.12 yuan, 1,200.00 a month.
    pub fn of_county(county: &County, seed: u64, rules: FundRules) -> FundBooks {
        let books = FundBooks::new(rules);
        let mut random = Sequence::new(seed);
        let mut fen = |below: u64| i64::try_from(random.below(below)).unwrap_or(0);
        for (nth, customer) in county.customers.iter().filter(|customer| !customer.company).enumerate() {
            let person = employed(customer.identity.clone());
            let mut account = account(&format!("GJJ330225{:06}7", nth + 1), &person.identity.id_number);
            (account.balance, account.monthly) = match person.identity.id_number == SAMPLE_ID {
                true => (3_650_012, 120_000),
                false => (fen(20_000_000), fen(500_000)),
            };
            books.add(person, vec![account]);
        }
        books
    }

    /// The books of the sample messages: one person, one account.
    pub fn of_the_samples(rules: FundRules) -> FundBooks {
        FundBooks::of_county(&County::of_the_samples(), 1, rules)
    }

    /// Adds a person with accounts; what is known under the same numbers is replaced.
    pub fn add(&self, person: Person, accounts: Vec<Account>) {
        let mut state = self.0.lock();
        for account in accounts {
            state.paid_in += account.balance;
            if let Some(replaced) = state.accounts.insert(account.number.clone(), account) {
                state.paid_in -= replaced.balance;
            }
        }
        state.people.insert(person.identity.id_number.clone(), person);
    }

    /// Takes an order, once; a deduct is only accepted until it is reviewed.
    pub fn order(&self, order: Order) -> Answer {
        self.0.lock().order(order)
    }

    /// What is known of a number; `None` when it was never taken.
    pub fn ask(&self, number: &str) -> Option<Answer> {
        self.0.lock().entries.get(number).map(|entry| entry.answer.clone())
    }

    /// The order with a number.
    pub fn order_of(&self, number: &str) -> Option<Order> {
        self.0.lock().entries.get(number).map(|entry| entry.order.clone())
    }

    /// Looks at an accepted deduct now; anything else changes nothing.
    pub fn review(&self, number: &str) {
        self.0.lock().review(number);
    }

    /// Looks at all accepted deducts.
    pub fn review_all(&self) {
        let mut state = self.0.lock();
        let open = state.entries.iter().filter(|(_, entry)| entry.answer.told().is_none());
        let numbers: Vec<String> = open.map(|(number, _)| number.clone()).collect();
        numbers.iter().for_each(|number| state.review(number));
    }

    /// A condition of art. 24 arises; `allows` bounds what it lets out, `None` = everything.
    ///
    /// # Errors
    /// Unknown person.
    pub fn meet(&self, id_number: &str, condition: Condition, allows: Option<Fen>) -> Result<(), FundError> {
        self.change(id_number, |person| person.meet(Met { condition, allows }))
    }

    /// The person retires.
    ///
    /// # Errors
    /// Unknown person.
    pub fn retire(&self, id_number: &str) -> Result<(), FundError> {
        self.change(id_number, |person| {
            person.retires_on = None;
            person.meet(Met { condition: Condition::Retired, allows: None });
        })
    }

    /// The day of retirement becomes known.
    ///
    /// # Errors
    /// Unknown person.
    pub fn expect_retirement(&self, id_number: &str, on: Day) -> Result<(), FundError> {
        self.change(id_number, |person| person.retires_on = Some(on))
    }

    /// Basic living and housing are secured (`None`), or not: then so much is kept back.
    ///
    /// # Errors
    /// Unknown person.
    pub fn keep_back(&self, id_number: &str, reserve: Option<Fen>) -> Result<(), FundError> {
        self.change(id_number, |person| person.reserve = reserve.filter(|fen| *fen > 0))
    }

    fn change(&self, id_number: &str, change: impl FnOnce(&mut Person)) -> Result<(), FundError> {
        let mut state = self.0.lock();
        change(state.people.get_mut(id_number).ok_or(FundError::NoPerson)?);
        let own = state.accounts.values().filter(|account| account.owner == id_number);
        let numbers: Vec<String> = own.map(|account| account.number.clone()).collect();
        numbers.iter().for_each(|number| state.settle(number));
        Ok(())
    }

    /// Money is paid in; freezes catch it by rank, and what waits for money is paid.
    ///
    /// # Errors
    /// Unknown or closed account, or an amount that is none.
    pub fn contribute(&self, account: &str, amount: Fen) -> Result<(), FundError> {
        self.book(account, amount, |state, amount| {
            state.paid_in += amount;
            Ok(amount)
        })
    }

    /// The person takes money out; only what no freeze holds can leave.
    ///
    /// # Errors
    /// Unknown or closed account, not enough free money, or an amount that is none.
    pub fn withdraw(&self, account: &str, amount: Fen) -> Result<(), FundError> {
        self.book(account, amount, |state, amount| {
            if state.accounts.get(account).is_none_or(|account| account.available() < amount) {
                return Err(FundError::NotAvailable);
            }
            state.to_holders += amount;
            Ok(-amount)
        })
    }

    fn book(
        &self,
        number: &str,
        amount: Fen,
        signed: impl FnOnce(&mut State, Fen) -> Result<Fen, FundError>,
    ) -> Result<(), FundError> {
        if !(1..=AMOUNT_FEN_MAX).contains(&amount) {
            return Err(FundError::Amount);
        }
        let mut state = self.0.lock();
        if !state.accounts.get(number).is_some_and(Account::is_open) {
            return Err(FundError::NoAccount);
        }
        let signed = signed(&mut state, amount)?;
        if let Some(account) = state.accounts.get_mut(number) {
            account.balance += signed;
        }
        state.settle(number);
        Ok(())
    }

    /// Another organ's freeze arrives over the counter, in rank behind those that stand.
    ///
    /// # Errors
    /// Unknown or closed account.
    pub fn freeze_by_other(
        &self,
        number: &str,
        (organ, document): (&str, &str),
        limit: Fen,
        to: Day,
    ) -> Result<(), FundError> {
        let mut state = self.0.lock();
        let from = state.today;
        let account = state.accounts.get_mut(number).filter(|account| account.is_open()).ok_or(FundError::NoAccount)?;
        account.freezes.push(Freeze {
            names: Vec::new(),
            organ: organ.to_owned(),
            document: document.to_owned(),
            limit,
            caught: 0,
            queued: false,
            from,
            to,
        });
        state.settle(number);
        Ok(())
    }

    /// Another organ ends its freeze, found by its document.
    ///
    /// # Errors
    /// Unknown account.
    pub fn end_by_other(&self, number: &str, document: &str) -> Result<(), FundError> {
        let mut state = self.0.lock();
        let account = state.accounts.get_mut(number).ok_or(FundError::NoAccount)?;
        account.freezes.retain(|freeze| !freeze.names.is_empty() || freeze.document != document);
        state.settle(number);
        Ok(())
    }

    /// Turns the calendar forward; a day in the past changes nothing. Freezes end, people whose day is known retire, and
    /// deducts that have waited for three days are looked at.
    pub fn set_date(&self, day: Day) {
        self.0.lock().turn_to(day);
    }

    /// The centre's day.
    pub fn today(&self) -> Day {
        self.0.lock().today
    }

    /// One account as it stands.
    pub fn account(&self, number: &str) -> Option<Account> {
        self.0.lock().accounts.get(number).cloned()
    }

    /// Every account, by number.
    pub fn accounts(&self) -> Vec<Account> {
        self.0.lock().accounts.values().cloned().collect()
    }

    /// Every person, by ID number.
    pub fn people(&self) -> Vec<Person> {
        self.0.lock().people.values().cloned().collect()
    }

    /// All effects in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.0.lock().effects.clone()
    }

    /// How many times the order with this number took effect.
    pub fn effect_count(&self, number: &str) -> usize {
        self.0.lock().effects.iter().filter(|effect| effect.number == number).count()
    }

    /// Money that reached courts' accounts.
    pub fn paid_out(&self) -> Vec<FundPayment> {
        self.0.lock().paid.clone()
    }

    /// Fen in all accounts, paid to courts and to persons, less what was paid in: always 0.
    pub fn conserved(&self) -> Fen {
        let state = self.0.lock();
        let inside: Fen = state.accounts.values().map(|account| account.balance).sum();
        let paid: Fen = state.paid.iter().map(|payment| payment.amount - payment.returned).sum();
        inside + paid + state.to_holders - state.paid_in
    }

    /// Numbers whose answer was written anew since this was last asked, in order, each once.
    pub fn take_renewed(&self) -> Vec<String> {
        let renewed = std::mem::take(&mut self.0.lock().renewed);
        let mut numbers: Vec<String> = Vec::new();
        for number in renewed {
            // Only the last answer counts, so a number stands where it was written last.
            numbers.retain(|known| *known != number);
            numbers.push(number);
        }
        numbers
    }
}

fn employed(identity: Identity) -> Person {
    Person {
        identity,
        employer: Some(Employer {
            name: "某水产公司".to_owned(),
            address: "象山县".to_owned(),
            contact: "李会计".to_owned(),
            phone: "0574-00000000".to_owned(),
        }),
        met: Vec::new(),
        retires_on: None,
        reserve: None,
    }
}

fn account(number: &str, owner: &str) -> Account {
    Account {
        number: number.to_owned(),
        owner: owner.to_owned(),
        class: "住房公积金".to_owned(),
        office: "宁波市住房公积金管理中心象山分中心".to_owned(),
        region: "宁波".to_owned(),
        opened: Day::new(2012, 1, 10).unwrap_or(Day::EPOCH),
        standing: Standing::Normal,
        balance: 0,
        monthly: 0,
        paid_through: "2026-10".to_owned(),
        loan: None,
        freezes: Vec::new(),
    }
}
