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
use crate::day::Day;
use crate::knobs::Knobs;
use crate::open::{Callback, CallbackRecord, Kept, Office, OpenConfig, machine_ms};
use crate::rate::{AgreedRate, Violation};

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

    /// Where `/v1/tasks` begins.
    pub fn url(&self) -> &str {
        self.office.url()
    }

    /// Where its knobs are, and what else scripts want.
    pub fn admin_url(&self) -> &str {
        self.office.admin_url()
    }

    /// Its knobs.
    pub fn knobs(&self) -> &Knobs {
        self.office.knobs()
    }

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

    /// Says where results are posted; what waits goes there.
    pub fn call_back(&self, callback: Callback) {
        self.office.call_back(callback);
    }

    /// Turns the insurer's clock forward; what comes due is done and posted.
    pub fn advance_ms(&self, ms: u64) {
        self.office.advance_ms(ms);
    }

    /// Turns its calendar forward; freezes end, queues move up.
    pub fn set_date(&self, day: Day) {
        self.office.set_date(day);
    }

    /// Every callback that was posted, in order.
    pub fn callbacks(&self) -> Vec<CallbackRecord> {
        self.office.callbacks()
    }

    /// Nothing waits to be posted.
    pub fn all_posted(&self) -> bool {
        self.office.all_posted()
    }

    /// How many numbers it has taken.
    pub fn taken(&self) -> usize {
        self.office.taken()
    }

    /// Changes the agreed rate; counting starts anew.
    pub fn agree(&self, rate: Option<AgreedRate>) {
        self.office.agree(rate);
    }

    /// Calls above the agreed rate.
    pub fn violations(&self) -> Vec<Violation> {
        self.office.violations()
    }

    /// Calls with a right credential.
    pub fn calls(&self) -> u64 {
        self.office.calls()
    }

    /// Stops it: closes every connection and ends its thread.
    pub fn stop(self) {
        drop(self);
    }
}
