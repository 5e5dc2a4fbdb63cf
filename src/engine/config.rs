//! The configuration in force, as the engine needs it: partners, courts, calendar, limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ActKind;
use domain::calendar::Calendar;
use domain::partner::Partner;

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
    /// How many other persons must approve acts of a kind; absent = none.
    pub approvals: BTreeMap<ActKind, u8>,
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
