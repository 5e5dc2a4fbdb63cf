//! The bank's books behind one handle: orders in, verdicts out, everything durable before it is told.

mod account;
mod decide;
mod giving_back;
pub(crate) mod ledger;
mod order;
mod state;

use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use std::sync::mpsc::sync_channel;

pub use account::{Account, AccountState, Customer, Freeze, Product};
pub use order::{
    Answer, Identity, Name, Order, Original, Outcome, Papers, Payee, PriorFreeze, ProductAsk, Reason, Right, Verb,
    Verdict,
};
pub use state::{BankRules, ClerkAct, Effect, Payment, Received};

use crate::county::County;
use crate::day::Day;
use crate::money::Fen;
use ledger::Ledger;
use state::{Entry, State, Stored};

/// What can go wrong with the books.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The ledger file cannot be used.
    #[error("open the ledger {path}: {source}; check the folder and its rights", path = path.display())]
    File {
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A line of it is not an entry.
    #[error("read line {line} of the ledger {path}: {source}; the file was edited, start with a new one", path = path.display())]
    Line {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Cause.
        source: serde_json::Error,
    },
    /// The file belongs to other books.
    #[error("open the ledger {path}: it was begun with another county; use the same seed or a new file", path = path.display())]
    OtherCounty {
        /// File.
        path: PathBuf,
    },
    /// These books say something else than the file tells that they said.
    #[error("replay line {line} of the ledger {path}: these books answer otherwise; start with the people, rules and seed it was begun with, or with a new file", path = path.display())]
    OtherBooks {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// The books were stopped or their disk failed.
    #[error("write the ledger: it has stopped; start the simulator again")]
    Stopped,
    /// No such account.
    #[error("book on an account: the bank has no account with this number; list them with `accounts()`")]
    NoAccount,
    /// Not enough free money.
    #[error("spend from an account: less than the amount is free; credit it first")]
    NotAvailable,
    /// Not a number the bank can take.
    #[error("book an amount: it must be above zero and at most 100 billion yuan")]
    Amount,
    /// An entry could not be written as JSON.
    #[error("write an entry of the ledger: {0}")]
    Entry(#[from] serde_json::Error),
}

/// What an order came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// First time.
    New(Answer),
    /// An exact repeat: the first answer (or its result by now), nothing changed.
    Repeat(Answer),
    /// The number was used with other content; nothing changed.
    Conflict,
}

/// A bank's books.
pub struct Books {
    state: Mutex<State>,
    ledger: Option<Ledger>,
}

impl Books {
    /// Opens the books of a made-up county's bank; with a `path` everything is replayed from and appended to that file.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or belongs to another county.
    pub fn open(county: &County, rules: BankRules, path: Option<&Path>) -> Result<Books, BooksError> {
        let mut state = State::new(county, rules);
        let Some(path) = path else {
            return Ok(Books { state: Mutex::new(state), ledger: None });
        };
        let digest = crate::wire::md5_hex(&serde_json::to_vec(county)?);
        let (ledger, entries) = Ledger::open(path)?;
        let fresh = entries.is_empty();
        for entry in &entries {
            if let Entry::Opened { county } = entry
                && *county != digest
            {
                return Err(BooksError::OtherCounty { path: path.to_owned() });
            }
            state.apply(entry);
        }
        let books = Books { state: Mutex::new(state), ledger: Some(ledger) };
        if fresh {
            books.write(&Entry::Opened { county: digest })?;
        }
        Ok(books)
    }

    /// Carries an order out, once: the answer comes when it is durable.
    ///
    /// # Errors
    /// When the ledger has stopped; nothing may be told then.
    pub async fn order(&self, order: Order) -> Result<Ordered, BooksError> {
        let (told, durable) = tokio::sync::oneshot::channel();
        // A waiter that has gone has nobody left to tell.
        let done = Box::new(move || match told.send(()) {
            Ok(()) | Err(()) => {}
        });
        let ordered = self.order_then(order, done)?;
        if self.ledger.is_some() {
            durable.await.map_err(|_| BooksError::Stopped)?;
        }
        Ok(ordered)
    }

    fn order_then(&self, order: Order, done: Box<dyn FnOnce() + Send>) -> Result<Ordered, BooksError> {
        let key = order.name.key();
        let mut state = self.state.lock();
        if let Some(stored) = state.answers.get(&key) {
            let same = stored.content == order.content;
            let repeat = if same { Ordered::Repeat(stored.answer.clone()) } else { Ordered::Conflict };
            // The first may still be on its way to the disk; its repeat must not be told before it.
            self.queue(Vec::new(), done)?;
            return Ok(repeat);
        }
        let entry = Entry::Ordered { order: Box::new(order) };
        let line = self.line(&entry)?;
        self.queue(line, done)?;
        state.apply(&entry);
        let answer = state.answers.get(&key).map_or(Answer::Pending, |s| s.answer.clone());
        Ok(Ordered::New(answer))
    }

    /// What an earlier number came to; `None` when the bank has no such number.
    pub fn ask(&self, key: &str) -> Option<Answer> {
        self.state.lock().answers.get(key).map(|stored| stored.answer.clone())
    }

    pub(crate) fn stored(&self, key: &str) -> Option<Stored> {
        self.state.lock().answers.get(key).cloned()
    }

    /// Accounts of the customer with all three of name, kind and number; `None` when there is no such customer.
    pub fn accounts_of(&self, who: &Identity) -> Option<(Customer, Vec<Account>)> {
        let state = self.state.lock();
        let customer = state
            .customers
            .get(&who.id_number)
            .or_else(|| state.customers.values().find(|c| c.identity.same_number(&who.id_number)))?;
        if customer.identity.name.trim() != who.name.trim() || customer.identity.id_type != who.id_type {
            return None;
        }
        let numbers = state.by_owner.get(&customer.identity.id_number).map_or(&[][..], Vec::as_slice);
        let accounts = numbers.iter().filter_map(|n| state.accounts.get(n)).map(Account::without_history).collect();
        Some((customer.clone(), accounts))
    }

    /// One account as it stands.
    pub fn account(&self, number: &str) -> Option<Account> {
        self.state.lock().accounts.get(number).cloned()
    }

    /// Every account, by number.
    pub fn accounts(&self) -> Vec<Account> {
        self.state.lock().accounts.values().cloned().collect()
    }

    /// Every customer, by ID number.
    pub fn customers(&self) -> Vec<Customer> {
        self.state.lock().customers.values().cloned().collect()
    }

    /// All effects in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.state.lock().effects.clone()
    }

    /// How many times the order with this number took effect.
    pub fn effect_count(&self, key: &str) -> usize {
        self.state.lock().effect_counts.get(key).copied().unwrap_or(0)
    }

    /// Money that reached courts' accounts.
    pub fn paid_out(&self) -> Vec<Payment> {
        self.state.lock().paid_out.clone()
    }

    /// Money under way to another bank.
    pub fn in_transit(&self) -> Vec<Payment> {
        self.state.lock().transit.clone()
    }

    /// The bank's day.
    pub fn today(&self) -> Day {
        self.state.lock().today
    }

    /// Fen in all accounts, under way and paid out, less what came in from outside plus what holders spent: never changes.
    pub fn conserved(&self) -> Fen {
        let state = self.state.lock();
        let inside: Fen = state.accounts.values().map(|a| a.balance).sum();
        let out: Fen = state.paid_out.iter().chain(&state.transit).map(|p| p.amount - p.returned).sum();
        inside + out + state.spent - state.credited
    }

    /// Turns the bank's calendar forward; a day in the past changes nothing.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub fn set_date(&self, day: Day) -> Result<(), BooksError> {
        self.write(&Entry::Date { day })
    }

    /// Money comes in; freezes in force catch it by rank.
    ///
    /// # Errors
    /// Unknown account, an amount that is none, or a stopped ledger.
    pub fn credit(&self, account: &str, amount: Fen) -> Result<(), BooksError> {
        check_amount(amount)?;
        self.known(account)?;
        self.write(&Entry::Credited { account: account.to_owned(), amount })
    }

    /// The holder spends; only what is free can leave.
    ///
    /// # Errors
    /// Unknown account, not enough free money, or a stopped ledger.
    pub fn spend(&self, account: &str, amount: Fen) -> Result<(), BooksError> {
        check_amount(amount)?;
        let entry = Entry::Spent { account: account.to_owned(), amount };
        self.write_if(&entry, |state| {
            let account = state.accounts.get(account).ok_or(BooksError::NoAccount)?;
            if account.available() < amount { Err(BooksError::NotAvailable) } else { Ok(()) }
        })
    }

    /// A priority right comes onto an account (rule 5).
    ///
    /// # Errors
    /// Unknown account or a stopped ledger.
    pub fn add_right(&self, account: &str, right: Right) -> Result<(), BooksError> {
        self.known(account)?;
        self.write(&Entry::RightAdded { account: account.to_owned(), right })
    }

    /// All rights on an account end.
    ///
    /// # Errors
    /// Unknown account or a stopped ledger.
    pub fn end_rights(&self, account: &str) -> Result<(), BooksError> {
        self.known(account)?;
        self.write(&Entry::RightsEnded { account: account.to_owned() })
    }

    /// Another organ's freeze arrives over the counter, in rank behind those that stand.
    ///
    /// # Errors
    /// Unknown account or a stopped ledger.
    pub fn freeze_by_other(&self, account: &str, told: &PriorFreeze) -> Result<(), BooksError> {
        self.known(account)?;
        let freeze = Freeze {
            names: Vec::new(),
            application: String::new(),
            organ: told.organ.clone(),
            document: told.document.clone(),
            sub_account: String::new(),
            limit: told.limit,
            caught: 0,
            queued: told.queued,
            start: self.today(),
            end: told.end,
            product: None,
            open_deducts: Vec::new(),
            parked: Vec::new(),
        };
        self.write(&Entry::Frozen { account: account.to_owned(), freeze: Box::new(freeze) })
    }

    /// Another organ ends its freeze (found by its document number).
    ///
    /// # Errors
    /// Unknown account or a stopped ledger.
    pub fn end_by_other(&self, account: &str, document: &str) -> Result<(), BooksError> {
        self.known(account)?;
        self.write(&Entry::Ended { account: account.to_owned(), document: document.to_owned() })
    }

    /// A clerk acts on an open deduct, named by our number.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub fn clerk(&self, key: &str, act: ClerkAct) -> Result<(), BooksError> {
        self.write(&Entry::Clerk { key: key.to_owned(), act })
    }

    pub(crate) fn receive(&self, slip: &str, received: Received) -> Result<(), BooksError> {
        self.write(&Entry::Received { slip: slip.to_owned(), received })
    }

    pub(crate) fn fed(&self, slip: &str) -> Result<(), BooksError> {
        self.write(&Entry::Fed { slip: slip.to_owned() })
    }

    pub(crate) fn received(&self, slip: &str) -> Option<Received> {
        self.state.lock().received.get(slip).cloned()
    }

    pub(crate) fn not_fed(&self) -> Vec<(String, Received)> {
        let state = self.state.lock();
        state.received.iter().filter(|(_, r)| !r.fed).map(|(s, r)| (s.clone(), r.clone())).collect()
    }

    fn known(&self, account: &str) -> Result<(), BooksError> {
        if self.state.lock().accounts.contains_key(account) { Ok(()) } else { Err(BooksError::NoAccount) }
    }

    fn write(&self, entry: &Entry) -> Result<(), BooksError> {
        self.write_if(entry, |_| Ok(()))
    }

    fn write_if(&self, entry: &Entry, check: impl FnOnce(&State) -> Result<(), BooksError>) -> Result<(), BooksError> {
        let (told, durable) = sync_channel(1);
        {
            let mut state = self.state.lock();
            check(&state)?;
            let line = self.line(entry)?;
            self.queue(
                line,
                Box::new(move || match told.send(()) {
                    Ok(()) | Err(_) => {}
                }),
            )?;
            state.apply(entry);
        }
        if self.ledger.is_some() {
            durable.recv().map_err(|_| BooksError::Stopped)?;
        }
        Ok(())
    }

    fn line(&self, entry: &Entry) -> Result<Vec<u8>, BooksError> {
        if self.ledger.is_none() {
            return Ok(Vec::new());
        }
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        Ok(line)
    }

    fn queue(&self, line: Vec<u8>, done: Box<dyn FnOnce() + Send>) -> Result<(), BooksError> {
        match &self.ledger {
            Some(ledger) => ledger.append(line, done),
            None => Ok(()),
        }
    }
}

fn check_amount(amount: Fen) -> Result<(), BooksError> {
    if (1..=crate::money::AMOUNT_FEN_MAX).contains(&amount) { Ok(()) } else { Err(BooksError::Amount) }
}
