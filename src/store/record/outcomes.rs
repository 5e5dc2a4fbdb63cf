//! The serde twins of what partners say: outcomes, what they found, leads.

use domain::outcome::{
    AssetKind, AssetRole, Detail, Finding, FindingClass, FoundAccount, Lead, LeadClass, Outcome, PriorMeasure, Reason,
    SealedReply, Verdict,
};
use domain::{Day, Money, Personal};
use serde::{Deserialize, Serialize};

/// The serde twin of an outcome.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeTwin {
    verdict: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Limit registered, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// Held now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught: Option<i64>,
    /// Moved to the court.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// First day, as a day count.
    pub from: Option<i32>,
    /// Last day, as a day count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    /// What a query found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<FoundTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    /// Earlier measures, in the partner's order.
    pub ahead: Vec<PriorTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replies: Vec<ReplyTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    /// When the partner goes on, as a day count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingTwin>,
    /// It adds to what was told before and says nothing of what it does not name.
    #[serde(default, skip_serializing_if = "is_whole")]
    pub in_part: bool,
}

fn is_whole(in_part: &bool) -> bool {
    !*in_part
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FindingTwin {
    class: u8,
    details: Vec<(String, String)>,
}

/// The serde twin of a lead.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadTwin {
    slip: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u16>,
    class: u8,
    serial: String,
    as_of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    respond_by: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Particulars as they stand in a body.
#[must_use]
pub fn details_out(details: &[Detail]) -> Vec<(String, String)> {
    details.iter().map(|detail| (detail.name.clone(), detail.value.expose().clone())).collect()
}

/// Particulars read back.
#[must_use]
pub fn details_in(details: Vec<(String, String)>) -> Vec<Detail> {
    details.into_iter().map(|(name, value)| Detail { name, value: Personal::new(value) }).collect()
}

impl From<&Lead> for LeadTwin {
    fn from(lead: &Lead) -> Self {
        Self {
            slip: lead.slip.clone(),
            line: lead.line,
            class: lead.class.code(),
            serial: lead.serial.expose().clone(),
            as_of: lead.as_of.clone(),
            respond_by: lead.respond_by,
            details: details_out(&lead.details),
            text: lead.text.as_ref().map(|text| text.expose().clone()),
        }
    }
}

impl LeadTwin {
    /// The partner's own number of it.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The lead again; `None` when a word is of a later release.
    #[must_use]
    pub fn into_lead(self) -> Option<Lead> {
        Some(Lead {
            slip: self.slip,
            line: self.line,
            class: LeadClass::from_code(self.class)?,
            serial: Personal::new(self.serial),
            as_of: self.as_of,
            respond_by: self.respond_by,
            details: details_in(self.details),
            text: self.text.map(Personal::new),
        })
    }
}

/// The serde twin of an account that a query found.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTwin {
    /// Account number.
    pub number: String,
    /// What the partner calls it.
    pub class: String,
    status: String,
    /// Currency as sent.
    pub currency: String,
    /// What stands there, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<i64>,
    /// What can be held, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<i64>,
    branch: String,
    /// Earlier measures on it, in the partner's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<PriorTwin>,
    /// What sort of property, its code.
    #[serde(default = "cash", skip_serializing_if = "is_cash")]
    pub asset: u8,
    /// What the subject is to it, its code.
    #[serde(default = "owner", skip_serializing_if = "is_owner")]
    pub role: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, String)>,
}

fn cash() -> u8 {
    AssetKind::Cash.code()
}
fn is_cash(code: &u8) -> bool {
    *code == cash()
}
fn owner() -> u8 {
    AssetRole::Owner.code()
}
fn is_owner(code: &u8) -> bool {
    *code == owner()
}

/// The serde twin of an earlier measure.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorTwin {
    organ: String,
    paper: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<i32>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ReplyTwin {
    file_name: String,
    file_type: String,
    bytes: String,
    md5_fits: bool,
}

impl PriorTwin {
    /// Under which paper it was ordered.
    #[must_use]
    pub fn paper(&self) -> &str {
        &self.paper
    }
}

impl From<&PriorMeasure> for PriorTwin {
    fn from(prior: &PriorMeasure) -> Self {
        Self {
            organ: prior.organ.expose().clone(),
            paper: prior.paper.expose().clone(),
            amount: prior.amount.map(Money::units),
            to: prior.to.map(Day::count),
        }
    }
}

impl From<PriorTwin> for PriorMeasure {
    fn from(twin: PriorTwin) -> Self {
        Self {
            organ: Personal::new(twin.organ),
            paper: Personal::new(twin.paper),
            amount: twin.amount.map(Money::from_units),
            to: twin.to.map(Day::from_count),
        }
    }
}

impl From<&FoundAccount> for FoundTwin {
    fn from(found: &FoundAccount) -> Self {
        Self {
            number: found.number.expose().clone(),
            class: found.class.clone(),
            status: found.status.clone(),
            currency: found.currency.clone(),
            balance: found.balance.map(Money::units),
            available: found.available.map(Money::units),
            branch: found.branch.clone(),
            ahead: found.ahead.iter().map(PriorTwin::from).collect(),
            asset: found.asset.code(),
            role: found.role.code(),
            details: details_out(&found.details),
        }
    }
}

impl From<FoundTwin> for FoundAccount {
    fn from(twin: FoundTwin) -> Self {
        Self {
            number: Personal::new(twin.number),
            class: twin.class,
            status: twin.status,
            currency: twin.currency,
            balance: twin.balance.map(Money::from_units),
            available: twin.available.map(Money::from_units),
            branch: twin.branch,
            ahead: twin.ahead.into_iter().map(PriorMeasure::from).collect(),
            asset: AssetKind::from_code(twin.asset).unwrap_or(AssetKind::Other),
            role: AssetRole::from_code(twin.role).unwrap_or(AssetRole::Owner),
            details: details_in(twin.details),
        }
    }
}

impl From<&Outcome> for OutcomeTwin {
    fn from(outcome: &Outcome) -> Self {
        let reply = |reply: &SealedReply| ReplyTwin {
            file_name: reply.file_name.expose().clone(),
            file_type: reply.file_type.clone(),
            bytes: data_encoding(reply.bytes.expose()),
            md5_fits: reply.md5_fits,
        };
        Self {
            verdict: outcome.verdict.code(),
            reason: outcome.reason.map(Reason::code),
            text: outcome.text.as_ref().map(|text| text.expose().clone()),
            limit: outcome.limit.map(Money::units),
            caught: outcome.caught.map(Money::units),
            moved: outcome.moved.map(Money::units),
            from: outcome.from.map(Day::count),
            to: outcome.to.map(Day::count),
            serial: outcome.serial.as_ref().map(|serial| serial.expose().clone()),
            accounts: outcome.accounts.iter().map(FoundTwin::from).collect(),
            ahead: outcome.ahead.iter().map(PriorTwin::from).collect(),
            replies: outcome.replies.iter().map(reply).collect(),
            as_of: outcome.as_of.clone(),
            due: outcome.due.map(Day::count),
            findings: outcome
                .findings
                .iter()
                .map(|finding| FindingTwin { class: finding.class.code(), details: details_out(&finding.details) })
                .collect(),
            in_part: outcome.in_part,
        }
    }
}

impl OutcomeTwin {
    /// What became of the act; `None` when the word is of a later release.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::from_code(self.verdict)
    }

    /// A 64-bit hash by which a repeat is known; the partner's own time of answering does not count.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut bare = self.clone();
        bare.as_of = None;
        hash_of(&bare)
    }

    /// The same of all that is no account.
    #[must_use]
    pub fn fingerprint_beside(&self) -> u64 {
        let mut bare = self.clone();
        (bare.as_of, bare.accounts) = (None, Vec::new());
        hash_of(&bare)
    }

    /// The outcome again; `None` when a word is of a later release.
    #[must_use]
    pub fn into_outcome(self) -> Option<Outcome> {
        let reply = |twin: ReplyTwin| {
            Some(SealedReply {
                file_name: Personal::new(twin.file_name),
                file_type: twin.file_type,
                bytes: Personal::new(data_decoding(&twin.bytes)?),
                md5_fits: twin.md5_fits,
            })
        };
        let finding = |twin: FindingTwin| {
            Some(Finding { class: FindingClass::from_code(twin.class)?, details: details_in(twin.details) })
        };
        let reason = match self.reason {
            Some(code) => Some(Reason::from_code(code)?),
            None => None,
        };
        Some(Outcome {
            verdict: Verdict::from_code(self.verdict)?,
            reason,
            text: self.text.map(Personal::new),
            limit: self.limit.map(Money::from_units),
            caught: self.caught.map(Money::from_units),
            moved: self.moved.map(Money::from_units),
            from: self.from.map(Day::from_count),
            to: self.to.map(Day::from_count),
            serial: self.serial.map(Personal::new),
            accounts: self.accounts.into_iter().map(FoundAccount::from).collect(),
            ahead: self.ahead.into_iter().map(PriorMeasure::from).collect(),
            replies: self.replies.into_iter().map(reply).collect::<Option<_>>()?,
            as_of: self.as_of,
            due: self.due.map(Day::from_count),
            findings: self.findings.into_iter().map(finding).collect::<Option<_>>()?,
            in_part: self.in_part,
            about: None,
            account_numbers: Vec::new(),
            named: Vec::new(),
            left: None,
        })
    }
}

impl FoundTwin {
    /// A 64-bit hash by which the same word about an account is known.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        hash_of(self)
    }

    /// What is held there, by whomever, in 1/10,000 yuan; `None` when the partner does not tell both sums.
    #[must_use]
    pub fn held(&self) -> Option<i64> {
        Some(self.balance?.saturating_sub(self.available?).max(0))
    }

    /// Is it in CNY?
    #[must_use]
    pub fn is_cny(&self) -> bool {
        domain::outcome::is_cny(&self.currency)
    }
}

/// FNV-1a over what is written of it.
fn hash_of(said: &impl Serialize) -> u64 {
    let text = serde_json::to_vec(said).unwrap_or_default();
    text.iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn data_encoding(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn data_decoding(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
