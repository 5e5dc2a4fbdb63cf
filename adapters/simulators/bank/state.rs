//! Everything the books hold, and the entries that change it: the ledger file is the list of entries, and replaying it gives the books back.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::account::{Account, Customer, Freeze};
use super::order::{Answer, Order, Payee, Right};
use crate::county::County;
use crate::day::Day;
use crate::money::Fen;

/// How one bank does what the documents leave open.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankRules {
    /// A freeze on an account that is already frozen is queued instead of taking what is free.
    pub queue: bool,
    /// Deducts wait for a clerk (rule 7).
    pub deduct_by_hand: bool,
    /// Payments to other banks stay unconfirmed until a clerk confirms them (state C).
    pub interbank_unconfirmed: bool,
    /// The bank's own 12-digit code.
    pub own_bank_code: String,
    /// First day of the books.
    pub first_day: Day,
}

impl Default for BankRules {
    fn default() -> Self {
        BankRules {
            queue: false,
            deduct_by_hand: false,
            interbank_unconfirmed: false,
            own_bank_code: "102332002250".to_owned(),
            // The day of the sample messages.
            first_day: Day::new(2026, 11, 20).unwrap_or(Day::EPOCH),
        }
    }
}

/// What a clerk does with an open deduct (rule 7: states N, H, S, R, O, C, F, X).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClerkAct {
    /// H: execute online; within the bank it is done (O), to another bank it is sent (C).
    Online,
    /// S: done offline and filled in.
    Offline,
    /// R: refused.
    Refuse,
    /// C → O: the other bank confirmed.
    Confirm,
    /// C → X: the payment came back.
    Return,
}

/// Money that left for a court's account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Payment {
    /// Our number of the deduct.
    pub key: String,
    /// Account it came from.
    pub account: String,
    /// Fen.
    pub amount: Fen,
    /// Destination.
    pub payee: Payee,
    /// Bank's payment number.
    pub serial: String,
    /// Day.
    pub on: Day,
    /// Fen of it that came back to the account.
    #[serde(default)]
    pub returned: Fen,
}

/// One change that an order of ours made: what the tests count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Our number.
    pub key: String,
    /// `freeze`, `renew`, `release`, `deduct`, `reverse`.
    pub verb: String,
    /// Account.
    pub account: String,
    /// Fen caught, set free, paid or put back.
    pub amount: Fen,
    /// Day.
    pub on: Day,
}

/// A slip pulled from the gateway, until its answer has been taken.
#[derive(Clone, Serialize, Deserialize)]
pub struct Received {
    /// Digest of the slip as it came.
    pub content: String,
    /// The slip as it came (inner XML); emptied once the answer was taken.
    pub raw: String,
    /// A control slip, not a query.
    pub control: bool,
    /// The gateway took the answer.
    pub fed: bool,
    /// It is handed back for this reason, with this note, instead of being worked on.
    pub hand_back: Option<(String, String)>,
}

/// One line of the ledger file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub(crate) enum Entry {
    Opened { county: String },
    Ordered { order: Box<Order> },
    Clerk { key: String, act: ClerkAct },
    Date { day: Day },
    Credited { account: String, amount: Fen },
    Spent { account: String, amount: Fen },
    RightAdded { account: String, right: Right },
    RightsEnded { account: String },
    Frozen { account: String, freeze: Box<Freeze> },
    Ended { account: String, document: String },
    Received { slip: String, received: Received },
    Fed { slip: String },
}

/// What an order came to, kept for ever under its number.
#[derive(Clone)]
pub(crate) struct Stored {
    pub content: String,
    pub verb: &'static str,
    pub account: String,
    pub answer: Answer,
}

/// The books.
pub(crate) struct State {
    pub rules: BankRules,
    pub today: Day,
    pub customers: BTreeMap<String, Customer>,
    pub accounts: BTreeMap<String, Account>,
    pub orders: HashMap<String, Order>,
    pub answers: HashMap<String, Stored>,
    pub by_owner: HashMap<String, Vec<String>>,
    pub effects: Vec<Effect>,
    pub effect_counts: HashMap<String, usize>,
    pub paid_out: Vec<Payment>,
    pub transit: Vec<Payment>,
    pub received: BTreeMap<String, Received>,
    pub credited: Fen,
    pub spent: Fen,
    serials: u64,
}

impl State {
    pub(crate) fn new(county: &County, rules: BankRules) -> State {
        let mut by_owner: HashMap<String, Vec<String>> = HashMap::new();
        for account in &county.accounts {
            by_owner.entry(account.owner.clone()).or_default().push(account.number.clone());
        }
        State {
            today: rules.first_day,
            by_owner,
            effect_counts: HashMap::new(),
            rules,
            customers: county.customers.iter().map(|c| (c.identity.id_number.clone(), c.clone())).collect(),
            accounts: county.accounts.iter().map(|a| (a.number.clone(), a.clone())).collect(),
            orders: HashMap::new(),
            answers: HashMap::new(),
            effects: Vec::new(),
            paid_out: Vec::new(),
            transit: Vec::new(),
            received: BTreeMap::new(),
            credited: 0,
            spent: 0,
            serials: 0,
        }
    }

    pub(crate) fn effect(&mut self, order: &Order, amount: Fen) {
        *self.effect_counts.entry(order.name.key()).or_default() += 1;
        self.effects.push(Effect {
            key: order.name.key(),
            verb: order.verb.word().to_owned(),
            account: order.account.clone(),
            amount,
            on: self.today,
        });
    }

    pub(crate) fn next_serial(&mut self) -> String {
        self.serials += 1;
        format!("HX{}{:08}", self.today.compact(), self.serials)
    }

    /// Makes one entry true. Total: an entry about something unknown changes nothing.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Opened { .. } => {}
            Entry::Ordered { order } => self.register(order),
            Entry::Clerk { key, act } => {
                let Some(order) = self.orders.get(key).cloned() else { return };
                for (decided, answer) in self.clerk(&order, *act) {
                    self.settle_answer(&decided, answer);
                }
            }
            Entry::Date { day } => {
                self.today = self.today.max(*day);
                let today = self.today;
                self.accounts.values_mut().for_each(|a| a.settle(today));
            }
            Entry::Credited { account, amount } => {
                self.credited += self.on_account(account, |a| a.balance += *amount).map_or(0, |()| *amount);
            }
            Entry::Spent { account, amount } => {
                self.spent += self.on_account(account, |a| a.balance -= *amount).map_or(0, |()| *amount);
            }
            Entry::RightAdded { account, right } => {
                self.on_account(account, |a| a.rights.push(right.clone()));
            }
            Entry::RightsEnded { account } => {
                self.on_account(account, |a| a.rights.clear());
            }
            Entry::Frozen { account, freeze } => {
                self.on_account(account, |a| a.freezes.push((**freeze).clone()));
            }
            Entry::Ended { account, document } => {
                self.on_account(account, |a| {
                    if let Some(index) = a.freezes.iter().position(|f| f.document == *document) {
                        a.end(index);
                    }
                });
            }
            Entry::Received { slip, received } => {
                self.received.insert(slip.clone(), received.clone());
            }
            Entry::Fed { slip } => {
                if let Some(received) = self.received.get_mut(slip) {
                    received.fed = true;
                    received.raw = String::new();
                }
            }
        }
    }

    fn register(&mut self, order: &Order) {
        let answer = self.carry_out(order);
        let key = order.name.key();
        // Only an open order is needed again; a decided one leaves its answer.
        if answer == Answer::Pending {
            self.orders.insert(key.clone(), order.clone());
        }
        let (content, account) = (order.content.clone(), order.account.clone());
        self.answers.insert(key, Stored { content, verb: order.verb.word(), account, answer });
    }

    fn settle_answer(&mut self, key: &str, answer: Answer) {
        if answer != Answer::Pending {
            self.orders.remove(key);
        }
        if let Some(stored) = self.answers.get_mut(key) {
            stored.answer = answer;
        }
    }

    fn on_account(&mut self, number: &str, change: impl FnOnce(&mut Account)) -> Option<()> {
        let today = self.today;
        let account = self.accounts.get_mut(number)?;
        change(account);
        account.settle(today);
        Some(())
    }
}
