//! What happens at an insurer besides tasks, and what scripts can look at.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::books::InsuranceBooks;
use super::policy::Policy;
use crate::open::Now;

/// Something that happens at an insurer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum InsuranceAct {
    /// A policy is added, or replaced.
    Add { policy: Box<Policy> },
    /// The insured or a beneficiary buys a policy out.
    BuyOut { policy: String, id_number: String },
}

/// Names of them all.
pub(super) const ACTS: &[&str] = &["add", "buy_out"];
/// What can be looked at.
pub(super) const LOOKS: &[&str] = &["policies", "paid", "effects", "under_way"];

impl InsuranceBooks {
    /// `false` when nothing was changed.
    pub(super) fn do_act(&mut self, act: &InsuranceAct, now: Now) -> bool {
        match act {
            InsuranceAct::Add { policy } => {
                self.add(policy.as_ref().clone());
                true
            }
            InsuranceAct::BuyOut { policy, id_number } => self.bought_out(policy, id_number, now),
        }
    }

    pub(super) fn looked_at(&self, name: &str) -> Value {
        match name {
            "policies" => json!(self.policies().collect::<Vec<_>>()),
            "paid" => json!(self.paid_out()),
            "effects" => json!(self.effects()),
            "under_way" => json!(self.under_way()),
            _ => Value::Null,
        }
    }
}

/// For scripts.
pub(super) fn told(is_done: bool) -> Result<Value, String> {
    match is_done {
        true => Ok(json!({"done": true})),
        false => {
            Err("no window to buy this policy out is open for this person; look at /under_way and /policies".to_owned())
        }
    }
}
