//! The configuration in force, as the engine needs it: partners, courts, calendar, limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::calendar::Calendar;
use domain::outcome::AssetKind;
use domain::partner::Partner;
use domain::{ActKind, Money};

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
    /// In which order property is taken; empty = [`AssetKind::ALL`].
    pub asset_order: Vec<AssetKind>,
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

/// Everything that may change by a reload; each reload is an event with the digest.
#[derive(Clone, Default)]
pub struct Config {
    /// By id.
    pub partners: BTreeMap<String, Arc<Partner>>,
    /// By code.
    pub courts: BTreeMap<String, Arc<CourtFile>>,
    /// Holidays.
    pub calendar: Calendar,
    /// SHA-256 over the files, hex.
    pub digest: String,
}
