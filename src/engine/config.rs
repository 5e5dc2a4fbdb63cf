//! The configuration in force, as the engine needs it: partners, courts, calendar, limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::calendar::{Calendar, Hours};
use domain::outcome::AssetKind;
use domain::partner::{Breaker, Partner, Rate};
use domain::rules::RulePack;
use domain::{ActKind, Money, Personal};
use trail::WebhookKey;

/// A court's own file.
#[derive(Clone, Default)]
pub struct CourtFile {
    /// Six-digit code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// Case-money accounts that money may go to, as (bank code, account number).
    pub accounts: Vec<(String, String)>,
    /// Origins that results may be announced to, such as `https://enforcement.example`.
    pub callback_origins: Vec<String>,
    /// How many other persons must approve; the strictest rule that fits an act holds.
    pub approvals: Vec<ApprovalRule>,
    /// Within so many days money that was reported must have come in; 0 = nobody tells us what came in.
    pub settled_within_days: u16,
    /// In which order property is taken; empty = [`AssetKind::ALL`].
    pub asset_order: Vec<AssetKind>,
    /// Who releases what is held above claim and costs (rule D8).
    pub excess: ReleasePolicy,
    /// Who releases what stands once a bankruptcy is told (rule D28).
    pub bankruptcy: ReleasePolicy,
    /// How results are delivered.
    pub delivery: DeliveryTerms,
    /// Names of its tokens, which alone may be viewers of a secret request (rule D5).
    pub tokens: Vec<String>,
}

/// Who sends a release that the law wants.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ReleasePolicy {
    /// A person accepts the proposal.
    #[default]
    Propose,
    /// The gateway sends it by itself.
    Send,
}

impl ReleasePolicy {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Propose, Self::Send];

    /// The word in a court's file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Send => "send",
        }
    }
}

/// How many other persons must approve acts of some kinds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalRule {
    /// Of which kinds.
    pub kinds: Vec<ActKind>,
    /// From this amount on; zero = of any amount, or of none.
    pub from: Money,
    /// How many; 1 or 2 in practice.
    pub persons: u8,
}

/// How results are delivered to a court.
#[derive(Clone)]
pub struct DeliveryTerms {
    /// What each delivery is signed with, newest first; all at once, so that either side can change keys when it likes.
    pub keys: Vec<DeliveryKey>,
    /// Attempts under way at once.
    pub in_flight_max: u32,
    /// Attempts begun at most in any window.
    pub rate: Rate,
    /// Waits before the second attempt and those after it, in milliseconds; after the last one it is given up.
    pub retry_ms: Vec<u64>,
    /// When the court's lane rests.
    pub breaker: Breaker,
}

/// A key that deliveries are signed with.
#[derive(Clone)]
pub enum DeliveryKey {
    /// As the court's file names it.
    Given(WebhookKey),
    /// An Ed25519 key of this generation, derived from the installation's root key.
    Derived(u32),
}

/// How a partner's clerks are reminded of what waits in its inbox.
#[derive(Clone)]
pub struct ReminderTerms {
    /// Where reminders are posted; it may hold a secret of the receiver's.
    pub url: Personal<String>,
    /// Where the clerks work, for whoever reads a reminder.
    pub link: String,
    /// What each is signed with, newest first.
    pub keys: Vec<DeliveryKey>,
    /// When clerks may be reminded; what waits is told anew whenever they open.
    pub hours: Hours,
    /// What arrives waits so long for more, in milliseconds, so that a morning's click is one reminder.
    pub gather_ms: u64,
    /// Reminders on one day at most, repeated attempts not counted.
    pub per_day: u32,
    /// Waits before the second attempt and those after it, in milliseconds; after the last one it is given up.
    pub retry_ms: Vec<u64>,
}

/// The waits that Standard Webhooks recommends: about three days in all.
pub const RETRY_MS: [u64; 9] =
    [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000];

impl Default for DeliveryTerms {
    fn default() -> Self {
        Self {
            keys: vec![DeliveryKey::Derived(1)],
            in_flight_max: 4,
            rate: Rate { max: 50, window_ms: 1_000, burst: 50 },
            retry_ms: RETRY_MS.to_vec(),
            breaker: Breaker { failures: 5, open_ms: 30_000 },
        }
    }
}

/// A person's token: whose word may wait for another person's, and on what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The court it belongs to; `None` = the gateway's own.
    pub court: Option<String>,
    /// SHA-256 of its text: another secret under the same name is another token.
    pub hash: [u8; 32],
    /// May settle doubts and say that a case is to be erased.
    pub settles: bool,
    /// May say that a stop is lifted.
    pub lifts: bool,
}

/// Everything that may change by a reload; each reload is an event with the digest.
#[derive(Clone, Default)]
pub struct Config {
    /// By id.
    pub partners: BTreeMap<String, Arc<Partner>>,
    /// By code.
    pub courts: BTreeMap<String, Arc<CourtFile>>,
    /// The tokens of persons, of all courts and of the gateway, by name.
    pub persons: BTreeMap<String, Person>,
    /// How clerks of inboxes are reminded, by partner; the others are not.
    pub reminders: BTreeMap<String, Arc<ReminderTerms>>,
    /// Rule packs, by the first 64 bits of their digests: also those that no partner names any more, for what was planned under them.
    pub rules: BTreeMap<u64, Arc<RulePack>>,
    /// Holidays.
    pub calendar: Calendar,
    /// SHA-256 over the files, hex.
    pub digest: String,
}
