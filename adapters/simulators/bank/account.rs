//! One account: its balance, the freezes on it in order of registration, and what each of them holds.

use serde::{Deserialize, Serialize};

use super::order::{Identity, Name, PriorFreeze, Right};
use crate::day::Day;
use crate::money::Fen;

/// A customer of the bank.
#[derive(Clone, Serialize, Deserialize)]
pub struct Customer {
    /// Name and number.
    pub identity: Identity,
    /// A company, not a person.
    pub company: bool,
    /// Address.
    pub address: String,
    /// Post code.
    pub post_code: String,
    /// Telephone.
    pub phone: String,
}

/// State of an account as the bank tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// 正常
    Normal,
    /// 销户
    Closed,
    /// 挂失
    ReportedLost,
}

/// A financial product that pays back into an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Product {
    /// Product number (JRCPBH).
    pub number: String,
    /// Name.
    pub name: String,
    /// Wealth account (LCZH).
    pub wealth_account: String,
    /// Units in hundredths.
    pub units: i64,
    /// Units held by freezes, hundredths.
    pub units_held: i64,
    /// The product's own system takes freezes.
    pub freezable: bool,
}

/// One freeze.
#[derive(Clone, Serialize, Deserialize)]
pub struct Freeze {
    /// Numbers under which it may be named: its own, then its renewals'.
    pub names: Vec<Name>,
    /// Slip named with it.
    pub application: String,
    /// Organ.
    pub organ: String,
    /// Its document.
    pub document: String,
    /// Sub-account, or empty.
    pub sub_account: String,
    /// Fen ordered and not yet deducted; `None` = whole account.
    pub limit: Option<Fen>,
    /// Fen held now.
    pub caught: Fen,
    /// Waits for those ahead to end.
    pub queued: bool,
    /// First day.
    pub start: Day,
    /// Last day, inclusive.
    pub end: Day,
    /// Product number and units (hundredths) held with it.
    pub product: Option<(String, i64)>,
    /// Deducts on it that are not finished, by key.
    pub open_deducts: Vec<String>,
    /// Releases that wait for them, by key.
    pub parked: Vec<String>,
}

impl Freeze {
    fn named(&self, number: &str, sub_account: &str) -> bool {
        self.sub_account == sub_account && self.names.iter().any(|n| n.slip == number)
    }

    pub(crate) fn told(&self) -> PriorFreeze {
        PriorFreeze {
            organ: self.organ.clone(),
            document: self.document.clone(),
            limit: self.limit,
            caught: self.caught,
            end: self.end,
            queued: self.queued,
        }
    }
}

/// An account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// Number.
    pub number: String,
    /// ID number of its customer.
    pub owner: String,
    /// 活期, 定期 …
    pub class: String,
    /// Branch.
    pub branch: String,
    /// Branch's 12-digit code.
    pub branch_code: String,
    /// Day of opening.
    pub opened: Day,
    /// Currency, `156` = CNY.
    pub currency: String,
    /// State.
    pub state: AccountState,
    /// Fen.
    pub balance: Fen,
    /// Freezes that have not ended, in order of registration.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
    /// Freezes that have.
    #[serde(default)]
    pub ended: Vec<Freeze>,
    /// Rights before every freeze.
    #[serde(default)]
    pub rights: Vec<Right>,
    /// Products paying back into it.
    #[serde(default)]
    pub products: Vec<Product>,
}

/// Where an earlier freeze was found.
pub(crate) enum Found {
    Live(usize),
    Ended,
    Nowhere,
}

impl Account {
    /// The account without the freezes that have ended: what a query needs, whatever its past.
    pub(crate) fn without_history(&self) -> Account {
        Account {
            number: self.number.clone(),
            owner: self.owner.clone(),
            class: self.class.clone(),
            branch: self.branch.clone(),
            branch_code: self.branch_code.clone(),
            opened: self.opened,
            currency: self.currency.clone(),
            state: self.state,
            balance: self.balance,
            freezes: self.freezes.clone(),
            ended: Vec::new(),
            rights: self.rights.clone(),
            products: self.products.clone(),
        }
    }

    /// Fen held by all freezes.
    pub fn caught(&self) -> Fen {
        self.freezes.iter().map(|f| f.caught).sum()
    }

    /// Fen the holder may still use.
    pub fn available(&self) -> Fen {
        if self.rights.is_empty() { self.balance - self.caught() } else { 0 }
    }

    /// Whether freezes hold all of it.
    pub fn wholly_frozen(&self) -> bool {
        self.freezes.iter().any(|f| !f.queued && f.limit.is_none())
            || (!self.freezes.is_empty() && self.available() == 0)
    }

    /// Freezes as told to an asking organ, in rank order.
    pub fn told(&self) -> Vec<PriorFreeze> {
        self.freezes.iter().map(Freeze::told).collect()
    }

    pub(crate) fn find(&self, number: &str, application: &str, sub_account: &str) -> Found {
        let fits = |f: &Freeze| {
            let by_number = number.is_empty() || f.named(number, sub_account);
            let by_application = application.is_empty() || f.application == application;
            by_number && by_application && !(number.is_empty() && application.is_empty())
        };
        if let Some(index) = self.freezes.iter().position(fits) {
            return Found::Live(index);
        }
        if self.ended.iter().any(fits) { Found::Ended } else { Found::Nowhere }
    }

    /// Ends one freeze and gives back the units held with it.
    pub(crate) fn end(&mut self, index: usize) {
        if index >= self.freezes.len() {
            return;
        }
        let mut freeze = self.freezes.remove(index);
        if let Some((number, units)) = freeze.product.take()
            && let Some(product) = self.products.iter_mut().find(|p| p.number == number)
        {
            product.units_held -= units;
        }
        freeze.caught = 0;
        self.ended.push(freeze);
    }

    /// Ends what has run out before `today`, lets the first of the queue in, and shares the balance out by rank.
    pub(crate) fn settle(&mut self, today: Day) {
        // A freeze with an unfinished deduct keeps its money until the deduct has ended: the payment may be under way.
        while let Some(index) = self.freezes.iter().position(|f| f.end < today && f.open_deducts.is_empty()) {
            self.end(index);
        }
        if let Some(first) = self.freezes.first_mut()
            && first.queued
        {
            first.queued = false;
            first.start = today;
        }
        let mut rest = if self.rights.is_empty() { self.balance } else { 0 };
        for freeze in &mut self.freezes {
            freeze.caught = if freeze.queued { 0 } else { freeze.limit.unwrap_or(rest).min(rest) };
            rest -= freeze.caught;
        }
    }
}
