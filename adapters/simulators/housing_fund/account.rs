//! One fund account: its balance, and the freezes on it in order of registration, each holding what those before it leave.

use serde::{Deserialize, Serialize};

use super::person::Condition;
use crate::day::Day;
use crate::money::Fen;

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 正常.
    Normal,
    /// 封存: nobody pays in.
    Sealed,
    /// 待销户: to be closed, under this condition, once nothing is held.
    Closing(Condition),
    /// 销户.
    Closed,
}

impl Standing {
    /// As told.
    pub fn chinese(self) -> &'static str {
        match self {
            Standing::Normal => "正常",
            Standing::Sealed => "封存",
            Standing::Closing(_) => "待销户",
            Standing::Closed => "销户",
        }
    }
}

/// One freeze.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Freeze {
    /// Numbers under which it may be named: its own, then its renewals'; none for another organ's.
    pub names: Vec<String>,
    /// Organ.
    pub organ: String,
    /// Case number or document, shown to later organs.
    pub document: String,
    /// Fen ordered and not yet paid.
    pub limit: Fen,
    /// Fen held now.
    pub caught: Fen,
    /// Behind others, and has never held anything.
    pub queued: bool,
    /// Day of registration.
    pub from: Day,
    /// Last day, inclusive.
    pub to: Day,
}

impl Freeze {
    /// Whether a number names it.
    pub fn named(&self, number: &str) -> bool {
        self.names.iter().any(|name| name == number)
    }
}

/// An account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// Number.
    pub number: String,
    /// ID number of its person.
    pub owner: String,
    /// 住房公积金, 补充住房公积金.
    pub class: String,
    /// Office that keeps it.
    pub office: String,
    /// Region where it is kept.
    pub region: String,
    /// Day of opening.
    pub opened: Day,
    /// How it stands.
    pub standing: Standing,
    /// Fen.
    pub balance: Fen,
    /// Fen a month, both parts.
    pub monthly: Fen,
    /// `2026-10`; empty when not known.
    pub paid_through: String,
    /// Fen of a loan of the fund that are not paid back.
    #[serde(default)]
    pub loan: Option<Fen>,
    /// Freezes that have not ended, in order of registration.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
}

impl Account {
    /// Fen held by all freezes.
    pub fn caught(&self) -> Fen {
        self.freezes.iter().map(|freeze| freeze.caught).sum()
    }

    /// Fen a freeze ordered now would catch at most.
    pub fn available(&self) -> Fen {
        self.balance - self.caught()
    }

    /// Whether anything can still be done with it.
    pub fn is_open(&self) -> bool {
        self.standing != Standing::Closed
    }

    pub(crate) fn at(&self, number: &str) -> Option<usize> {
        self.freezes.iter().position(|freeze| freeze.named(number))
    }

    /// Shares the balance out by rank. Gives the numbers of queued freezes that now hold something.
    pub(crate) fn share(&mut self) -> Vec<String> {
        let mut rest = self.balance;
        let mut came_in = Vec::new();
        for (rank, freeze) in self.freezes.iter_mut().enumerate() {
            freeze.caught = freeze.limit.min(rest);
            rest -= freeze.caught;
            // With nobody before it a freeze is in force even when the account is empty.
            if freeze.queued && (freeze.caught > 0 || rank == 0) {
                freeze.queued = false;
                came_in.extend(freeze.names.first().cloned());
            }
        }
        came_in
    }

    /// Takes out what has run out before `today`.
    pub(crate) fn expire(&mut self, today: Day) -> Vec<Freeze> {
        let (over, live) = std::mem::take(&mut self.freezes).into_iter().partition(|freeze| freeze.to < today);
        self.freezes = live;
        over
    }
}
