//! A person with a fund account: employer, and which conditions for a withdrawal are met.

use serde::{Deserialize, Serialize};

use crate::bank::Identity;
use crate::day::Day;
use crate::money::Fen;

/// The conditions of art. 24 of the regulations on the housing provident fund, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Buys, builds, renews or repairs the home.
    HomeBought,
    /// Has retired.
    Retired,
    /// Wholly unable to work, and the employment has ended.
    Disabled,
    /// Has settled abroad.
    SettledAbroad,
    /// Repays principal and interest of a home loan.
    MortgageRepaid,
    /// Rent above the fixed share of the household's income.
    RentHigh,
}

impl Condition {
    /// All, in the order of their items.
    pub const ALL: [Condition; 6] = [
        Condition::HomeBought,
        Condition::Retired,
        Condition::Disabled,
        Condition::SettledAbroad,
        Condition::MortgageRepaid,
        Condition::RentHigh,
    ];

    /// Item of art. 24.
    pub fn item(self) -> u8 {
        match self {
            Condition::HomeBought => 1,
            Condition::Retired => 2,
            Condition::Disabled => 3,
            Condition::SettledAbroad => 4,
            Condition::MortgageRepaid => 5,
            Condition::RentHigh => 6,
        }
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Condition::HomeBought => "home_bought",
            Condition::Retired => "retired",
            Condition::Disabled => "disabled",
            Condition::SettledAbroad => "settled_abroad",
            Condition::MortgageRepaid => "mortgage_repaid",
            Condition::RentHigh => "rent_high",
        }
    }

    /// Whether a payment under it closes the account (art. 24 ¶2).
    pub fn closes_account(self) -> bool {
        matches!(self, Condition::Retired | Condition::Disabled | Condition::SettledAbroad)
    }
}

/// A condition that is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// Which.
    pub condition: Condition,
    /// What it allows to be paid and has not yet been, in fen; `None` = everything held.
    pub allows: Option<Fen>,
}

/// Who pays in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employer {
    /// 单位名称.
    pub name: String,
    /// 单位地址.
    pub address: String,
    /// 单位联系人.
    pub contact: String,
    /// Telephone.
    pub phone: String,
}

/// A person as the centre knows them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Person {
    /// Name and number.
    pub identity: Identity,
    /// Employer; none = nobody pays in.
    pub employer: Option<Employer>,
    /// Conditions that are met.
    #[serde(default)]
    pub met: Vec<Met>,
    /// The day of retirement, when it is known beforehand.
    #[serde(default)]
    pub retires_on: Option<Day>,
    /// Fen kept back while basic living and housing are not secured; `None` = they are.
    #[serde(default)]
    pub reserve: Option<Fen>,
}

impl Person {
    /// The condition that allows most: one that pays everything held, else the largest sum.
    pub(crate) fn best(&self) -> Option<Met> {
        let open = self.met.iter().filter(|met| met.allows.is_none_or(|allows| allows > 0));
        open.copied().max_by_key(|met| met.allows.unwrap_or(Fen::MAX))
    }

    pub(crate) fn meet(&mut self, met: Met) {
        self.met.retain(|known| known.condition != met.condition);
        self.met.push(met);
    }

    pub(crate) fn used(&mut self, condition: Condition, paid: Fen) {
        for met in self.met.iter_mut().filter(|met| met.condition == condition) {
            met.allows = met.allows.map(|allows| allows - paid);
        }
    }

    pub(crate) fn kept_back(&self) -> Fen {
        self.reserve.unwrap_or(0)
    }
}
