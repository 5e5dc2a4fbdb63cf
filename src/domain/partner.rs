//! A partner as the engine sees it: what it does, how much of it, when, and what may be believed of it.

use crate::act::words;
use std::sync::Arc;

use crate::calendar::Hours;
use crate::request::PartnerKind;
use crate::rules::RulePack;
use crate::{ActKind, Secret};

/// Never more than `max` exchanges in any half-open window of `window_ms`, burst included (DESIGN §4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Exchanges in any window; 1..=100,000, because the ring of their instants stands in memory.
    pub max: u32,
    /// Length of the window in milliseconds.
    pub window_ms: u64,
    /// How many may go at once before pacing begins; at most `max`.
    pub burst: u32,
}

/// How an exchange that provably did not reach the partner is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// First wait in milliseconds; doubles each time.
    pub first_ms: u64,
    /// Longest wait in milliseconds; also the bound on a `Retry-After`.
    pub max_ms: u64,
}

/// When a lane stops trying and probes instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Breaker {
    /// Exchanges in a row that failed on the partner's side.
    pub failures: u32,
    /// How long before one act may probe, in milliseconds.
    pub open_ms: u64,
}

/// What may be done when it is unknown whether an act happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DoubtPolicy {
    /// The partner de-duplicates by our number, so the very same message may be sent again.
    pub deduplicates: bool,
    /// The partner can be asked by our number.
    pub can_be_asked: bool,
    /// First wait before asking, in milliseconds; doubles up to the retry maximum.
    pub ask_after_ms: u64,
    /// "Not found" is believed once so many milliseconds have passed since the sending; `None` = never.
    pub not_found_final_after_ms: Option<u64>,
}

words! {
    /// How far a partner has come: it earns each stage by its work in the one before (rule D19).
    Stage {
        /// Being connected: nothing real is sent to it.
        Test = 1 "test" "测试",
        /// Questions only.
        Query = 2 "query" "查询",
        /// And whatever holds, renews or releases, but moves no money.
        Freeze = 3 "freeze" "冻结",
        /// Everything that it takes.
        Deduct = 4 "deduct" "扣划",
    }
}

impl Stage {
    /// May this kind of act be sent at this stage?
    #[must_use]
    pub fn lets(self, kind: ActKind) -> bool {
        match self {
            Self::Test => false,
            Self::Query => kind.is_question(),
            Self::Freeze => !kind.moves_money(),
            Self::Deduct => true,
        }
    }
}

/// How a partner is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Travel {
    /// We call the partner.
    CallOut,
    /// The partner fetches lists from us.
    Pull,
}

/// The credential a pulling partner shows in the message body.
#[derive(Clone)]
pub struct PullCredential {
    /// User name, such as the `YH…` code.
    pub username: String,
    /// Password.
    pub password: Secret<String>,
}

/// A partner, from `config/partners/<id>.toml`.
#[derive(Clone)]
pub struct Partner {
    /// Id: lower-case letters, digits, dashes; at most 32 characters.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Industry.
    pub kind: PartnerKind,
    /// Region codes it serves; empty = everywhere.
    pub regions: Vec<String>,
    /// Which acts it takes over this connection (rule D19).
    pub acts: Vec<ActKind>,
    /// How far it has come; narrows `acts`.
    pub stage: Stage,
    /// How it is reached.
    pub travel: Travel,
    /// Exchanges per window.
    pub rate: Rate,
    /// Exchanges per calendar day in Asia/Shanghai; `None` = no bound.
    pub per_day: Option<u32>,
    /// Exchanges under way at once; of one that fetches, acts handed over and not answered.
    pub in_flight_max: u32,
    /// Opening hours.
    pub hours: Hours,
    /// Waiting between tries.
    pub retry: Retry,
    /// Breaker.
    pub breaker: Breaker,
    /// Doubt.
    pub doubt: DoubtPolicy,
    /// An answer is overdue after so many milliseconds; people are told, nothing is done by itself.
    pub answer_due_ms: u64,
    /// While it has an act registered for later, it is asked about it so often, in milliseconds.
    pub ask_every_ms: u64,
    /// What it checks before it takes a slip.
    pub form: crate::form::Form,
    /// The rule pack in force there.
    pub law: Arc<RulePack>,
    /// Credential of a pulling partner.
    pub credential: Option<PullCredential>,
    /// Taken out of the config while acts were open: nothing new is planned, what is open goes on.
    pub retired: bool,
}

impl Partner {
    /// Does it take this kind of act over this connection, at its stage?
    #[must_use]
    pub fn takes(&self, kind: ActKind) -> bool {
        self.acts.contains(&kind) && self.stage.lets(kind)
    }

    /// Does it serve this region?
    #[must_use]
    pub fn serves(&self, regions: &[String]) -> bool {
        regions.is_empty() || self.regions.is_empty() || self.regions.iter().any(|region| regions.contains(region))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_lets_what_the_one_before_did_and_more() {
        for kind in ActKind::ALL {
            let lets: Vec<bool> = Stage::ALL.iter().map(|stage| stage.lets(*kind)).collect();
            assert!(lets.is_sorted(), "{}: {lets:?}", kind.word());
            assert_eq!((lets.first(), lets.last()), (Some(&false), Some(&true)));
            assert_eq!(Stage::Freeze.lets(*kind), !kind.moves_money());
            assert_eq!(Stage::Query.lets(*kind), kind.is_question());
        }
    }
}
