//! What partners said, as JSON: outcomes with what they found, and leads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::outcome::{Detail, Finding, FoundAccount, PriorMeasure, SealedReply};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::gate::{LeadView, OutcomeView};
use crate::intake::show::{Date, Instant, Yuan, hex};

#[derive(Serialize)]
pub(crate) struct ShownOutcome<'a> {
    at: Instant,
    sequence: u64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caught: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<ShownAccount<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ahead: Vec<ShownPrior<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replies: Vec<ShownReply<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Date>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<ShownFinding<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_part: bool,
}

impl<'a> ShownOutcome<'a> {
    pub(crate) fn of(view: &'a OutcomeView, inline: bool) -> Self {
        let outcome = &view.outcome;
        Self {
            at: Instant(view.at),
            sequence: view.sequence,
            verdict: outcome.verdict.word(),
            reason: outcome.reason.map(|reason| reason.word()),
            text: outcome.text.as_ref().map(|text| text.expose().as_str()),
            limit: outcome.limit.map(Yuan),
            caught: outcome.caught.map(Yuan),
            moved: outcome.moved.map(Yuan),
            from: outcome.from.map(Date),
            to: outcome.to.map(Date),
            serial: outcome.serial.as_ref().map(|serial| serial.expose().as_str()),
            accounts: outcome.accounts.iter().map(ShownAccount::of).collect(),
            ahead: outcome.ahead.iter().map(ShownPrior::of).collect(),
            replies: outcome.replies.iter().map(|reply| ShownReply::of(reply, inline)).collect(),
            as_of: outcome.as_of.as_deref(),
            due: outcome.due.map(Date),
            findings: outcome.findings.iter().map(ShownFinding::of).collect(),
            in_part: outcome.in_part,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ShownAccount<'a> {
    number: &'a str,
    class: &'a str,
    status: &'a str,
    currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Yuan>,
    branch: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ahead: Vec<ShownPrior<'a>>,
    asset: &'static str,
    role: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ShownDetail<'a>>,
}

impl<'a> ShownAccount<'a> {
    pub(crate) fn of(account: &'a FoundAccount) -> Self {
        Self {
            number: account.number.expose(),
            class: &account.class,
            status: &account.status,
            currency: &account.currency,
            balance: account.balance.map(Yuan),
            available: account.available.map(Yuan),
            branch: &account.branch,
            ahead: account.ahead.iter().map(ShownPrior::of).collect(),
            asset: account.asset.word(),
            role: account.role.word(),
            details: account.details.iter().map(ShownDetail::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct ShownPrior<'a> {
    organ: &'a str,
    paper: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
}

impl<'a> ShownPrior<'a> {
    fn of(prior: &'a PriorMeasure) -> Self {
        Self {
            organ: prior.organ.expose(),
            paper: prior.paper.expose(),
            amount: prior.amount.map(Yuan),
            to: prior.to.map(Date),
        }
    }
}

#[derive(Serialize)]
struct ShownReply<'a> {
    file_name: &'a str,
    file_type: &'a str,
    md5_fits: bool,
    size: usize,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl<'a> ShownReply<'a> {
    fn of(reply: &'a SealedReply, inline: bool) -> Self {
        let bytes = reply.bytes.expose();
        Self {
            file_name: reply.file_name.expose(),
            file_type: &reply.file_type,
            md5_fits: reply.md5_fits,
            size: bytes.len(),
            digest: format!("sha256:{}", hex(&Sha256::digest(bytes))),
            base64: inline.then(|| STANDARD.encode(bytes)),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ShownDetail<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> ShownDetail<'a> {
    pub(crate) fn of(detail: &'a Detail) -> Self {
        Self { name: &detail.name, value: detail.value.expose() }
    }
}

#[derive(Serialize)]
struct ShownFinding<'a> {
    class: &'static str,
    details: Vec<ShownDetail<'a>>,
}

impl<'a> ShownFinding<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self { class: finding.class.word(), details: finding.details.iter().map(ShownDetail::of).collect() }
    }
}

#[derive(Serialize)]
pub(crate) struct ShownLead<'a> {
    at: Instant,
    sequence: u64,
    act: String,
    partner: &'a str,
    class: &'static str,
    serial: &'a str,
    as_of: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    respond_by: Option<Instant>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ShownDetail<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> ShownLead<'a> {
    pub(crate) fn of(view: &'a LeadView) -> Self {
        let lead = &view.lead;
        Self {
            at: Instant(view.at),
            sequence: view.sequence,
            act: view.act.to_string(),
            partner: &view.partner,
            class: lead.class.word(),
            serial: lead.serial.expose(),
            as_of: &lead.as_of,
            respond_by: lead.respond_by.map(Instant),
            details: lead.details.iter().map(ShownDetail::of).collect(),
            text: lead.text.as_ref().map(|text| text.expose().as_str()),
        }
    }
}
