//! An insurer that is called by the open task form, after schemas/partners/insurance.md: policies by role, freezes, surrender after notice, benefits.

mod acts;
mod books;
mod decide;
mod giving_back;
mod policy;
mod surrender;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::county::County;
use crate::open::{Kept, Office, OpenConfig, machine_ms};

use acts::InsuranceAct;

pub use books::{InsuranceBooks, InsuranceEffect, InsurancePayment, InsurerRules, Paid, SurrenderRule, Worth};
pub use policy::{Contract, Freeze, Person, Policy, Role};

/// How one simulated insurer is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InsuranceConfig {
    /// Address, token, callback, rate, seed, calendar.
    pub open: OpenConfig,
    /// What is agreed with it, and how long its days are.
    pub rules: InsurerRules,
}

impl Default for InsuranceConfig {
    fn default() -> Self {
        InsuranceConfig {
            open: OpenConfig { token: "insurance-token".to_owned(), ..OpenConfig::default() },
            rules: InsurerRules::default(),
        }
    }
}

/// A running insurer. Dropping it stops it.
pub struct Insurance {
    office: Office<InsuranceBooks>,
}

impl Insurance {
    /// Starts an insurer of a county's people; it takes tasks when this returns.
    ///
    /// # Errors
    /// When a port, the thread or the HTTP client cannot be had, or the ledger tells of other books.
    pub fn start(county: &County, config: InsuranceConfig) -> Result<Insurance, SimulatorError> {
        let policies = policy::made_up(county, config.open.seed);
        Insurance::start_with(policies, config)
    }

    /// Starts an insurer with exactly these policies.
    ///
    /// # Errors
    /// As [`Insurance::start`].
    pub fn start_with(policies: Vec<Policy>, config: InsuranceConfig) -> Result<Insurance, SimulatorError> {
        let books = InsuranceBooks::new(policies, config.rules);
        let kept = Kept::open(&config.open, config.open.first_day, machine_ms())?;
        Ok(Insurance { office: Office::start("insurance", books, kept, config.open)? })
    }

    /// The policies of the sample messages: 王小渔 holds, 王海棠 is insured, 王观澜 benefits.
    pub fn of_the_samples() -> Vec<Policy> {
        policy::of_the_samples()
    }

    crate::open::office_faces!();

    /// The books as they are now.
    pub fn books(&self) -> InsuranceBooks {
        self.office.look(Clone::clone)
    }

    /// Adds a policy, or replaces the one with its number.
    pub fn add(&self, policy: Policy) {
        self.office.act(InsuranceAct::Add { policy: Box::new(policy) });
    }

    /// Changes a policy as the insurer's own people do; `false` when there is none.
    pub fn change(&self, policy: &str, change: impl FnOnce(&mut Policy)) -> bool {
        let Some(mut changed) = self.office.look(|books| books.policy(policy).cloned()) else { return false };
        change(&mut changed);
        self.office.act(InsuranceAct::Add { policy: Box::new(changed) })
    }

    /// The insured or a beneficiary buys the policy out of a surrender; `false` when no window is open for that person.
    pub fn buy_out(&self, policy: &str, id_number: &str) -> bool {
        self.office.act(InsuranceAct::BuyOut { policy: policy.to_owned(), id_number: id_number.to_owned() })
    }
}
