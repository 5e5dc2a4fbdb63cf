//! Bodies: the side of an event that is sealed. JSON, because an auditor with the key must be able to read it in ten years.

use domain::ActKind;
use domain::act::Original;
use serde::{Deserialize, Serialize};

use super::papers::OriginalTwin;
use super::{ActRef, LeadTwin, OutcomeTwin, RequestTwin};

/// The body of an event, by what kind of event it belongs to.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// Of `request.accepted`.
    Accepted(Box<AcceptedBody>),
    /// Of `plan.extended`.
    Planned(PlannedBody),
    /// Of `exchange.ended` and `outcome.received`.
    Outcome(Box<OutcomeTwin>),
    /// Of `lead.received`.
    Lead(Box<LeadTwin>),
    /// Of `document.stored`.
    Document(DocumentBody),
    /// Of `measure.imported`.
    Imported(Box<ImportedBody>),
    /// Of `measure.changed`.
    Changed(ChangedBody),
    /// Of `case.amended`.
    Amended(AmendedBody),
    /// Of `task.raised`.
    Task(TaskBody),
    /// Of `settlement.received`.
    Settled(SettledBody),
    /// Of whatever a person does with a reason.
    Reason(ReasonBody),
}

/// Of `request.accepted`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedBody {
    /// Keyed hash of court and case number.
    pub case_key: (u64, u64),
    /// Keyed hash of token and idempotency key.
    pub idempotency: (u64, u64),
    /// Keyed hash of the canonical request.
    pub fingerprint: (u64, u64),
    /// Keyed hashes of the parties' identity numbers, in their order.
    pub subjects: Vec<u64>,
    /// The acts planned at once.
    pub plan: Vec<PlanLine>,
    /// Keyed digests of the documents it references.
    pub documents: Vec<(u64, u64)>,
    /// The papers' keys, wrapped under the case's key.
    pub seals: Vec<SealTwin>,
    /// The rule packs in force at its partners, the built-in one left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PackTwin>,
    /// Keyed hash of court and number of the preservation whose measures it takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preservation: Option<(u64, u64)>,
    /// The request itself.
    pub request: RequestTwin,
}

/// Which version of a rule pack was in force.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackTwin {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its text, hex.
    pub digest: String,
}

/// Of `plan.extended`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBody {
    /// The acts planned.
    pub plan: Vec<PlanLine>,
}

/// One act as planned, short names because a request may plan ten thousand.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    /// Kind of act, its code.
    #[serde(rename = "k")]
    pub kind: u8,
    /// Partner.
    #[serde(rename = "p")]
    pub partner: String,
    /// Which party.
    #[serde(rename = "u")]
    pub subject: u16,
    /// Slip number.
    #[serde(rename = "s")]
    pub slip: u64,
    /// Line on the slip.
    #[serde(rename = "l", default, skip_serializing_if = "is_zero")]
    pub line: u16,
    /// How many approvals it waits for.
    #[serde(rename = "w", default, skip_serializing_if = "is_zero8")]
    pub approvals: u8,
    /// Account or other asset.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Keyed hash of the account at the partner.
    #[serde(rename = "h", default, skip_serializing_if = "is_zero64")]
    pub asset: u64,
    /// Amount in 1/10,000 yuan.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// First day.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i32>,
    /// Last day.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
    /// Our act that it builds on.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub base: Option<ActRef>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    original: Option<OriginalTwin>,
    /// What people are to do or to look for.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Further particulars, `[name, value]`.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
    /// The rule pack in force, by the first 64 bits of its digest; 0 = the one built in.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero64")]
    pub rules: u64,
    /// What the law bars later, as [`domain::rules::bars`] has it.
    #[serde(rename = "x", default, skip_serializing_if = "is_zero8")]
    pub bars: u8,
    /// Code of what sort of property it is about; 0 = not known.
    #[serde(rename = "y", default, skip_serializing_if = "is_zero8")]
    pub property: u8,
}

fn is_zero(n: &u16) -> bool {
    *n == 0
}
fn is_zero64(n: &u64) -> bool {
    *n == 0
}
fn is_zero8(n: &u8) -> bool {
    *n == 0
}

impl PlanLine {
    /// A bare line: kind, partner, party; everything else empty.
    #[must_use]
    pub fn of(kind: ActKind, partner: &str, subject: u16) -> Self {
        Self {
            kind: kind.code(),
            partner: partner.to_owned(),
            subject,
            slip: 0,
            line: 0,
            approvals: 0,
            account: None,
            asset: 0,
            amount: None,
            from: None,
            to: None,
            base: None,
            original: None,
            note: None,
            details: Vec::new(),
            rules: 0,
            bars: 0,
            property: 0,
        }
    }

    /// Does it let go of a part of a freeze, and not of the whole?
    #[must_use]
    pub fn releases_a_part(&self) -> bool {
        self.kind == ActKind::Release.code() && self.amount.is_some()
    }

    /// Names what it builds on.
    pub fn set_original(&mut self, original: &Original) {
        self.base = original.act.map(ActRef::from);
        self.original = Some(OriginalTwin::from(original));
    }

    /// What it builds on.
    #[must_use]
    pub fn original(&self) -> Option<Original> {
        self.original.clone().map(Original::from)
    }
}

/// A document's key, wrapped under a case's key at first reference.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealTwin {
    /// `sha256:…` of the plaintext.
    pub digest: String,
    /// The blob, hex.
    pub blob: String,
    /// The wrapped key.
    pub key: Vec<u8>,
    /// Plaintext length.
    pub bytes: u64,
    /// Content type.
    pub content_type: String,
}

/// Of `document.stored`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentBody {
    /// `sha256:…` of the plaintext.
    pub digest: String,
    /// Keyed hash of the digest.
    pub digest_key: (u64, u64),
    /// File name.
    pub file_name: String,
    /// Content type.
    pub content_type: String,
}

/// Of whatever a person does with a reason.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonBody {
    /// In the person's words.
    pub reason: String,
    /// `sha256:…` of the paper it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The sum it names, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

/// Of `measure.imported`: measures of one case, each as a plan line with its original number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBody {
    /// Keyed hash of court and case number.
    pub case_key: (u64, u64),
    /// Keyed hashes of the parties' identity numbers, in their order.
    pub subjects: Vec<u64>,
    /// The measures as they were ordered.
    pub lines: Vec<PlanLine>,
    /// How each stands, in the same order.
    pub standing: Vec<ChangedBody>,
    /// Keyed digests of the papers that came with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<(u64, u64)>,
    /// The papers' keys, wrapped under the case's key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seals: Vec<SealTwin>,
    /// The case, its parties, and the officers and papers that came with them.
    pub request: RequestTwin,
}

/// How a measure stands: of `measure.changed`, and of each line of `measure.imported`. What is left out is as it was.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangedBody {
    /// Limit in force, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// Held now, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught: Option<i64>,
    /// What was let go of it in all, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<i64>,
    /// Last day, as a day count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
    /// Rank as the partner has it, 1 = first; 0 = not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u16>,
    /// It waits behind others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub queued: bool,
    /// In whose words; empty when nobody gave any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Of `case.amended`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendedBody {
    /// What the creditor is owed now, in 1/10,000 yuan.
    pub claim: i64,
    /// Enforcement costs, in 1/10,000 yuan.
    pub costs: i64,
    /// In the person's words.
    pub reason: String,
}

/// Of `task.raised`: what stands beside the ids.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskBody {
    /// A sum, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// What is to be looked at, in words; may be personal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Of `settlement.received`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledBody {
    /// What came in, in 1/10,000 yuan; negative when it was booked back.
    pub amount: i64,
    /// The court's account.
    pub account: String,
    /// The bank's own serial.
    pub serial: String,
    /// What the payer wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

/// A body that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not the agreed shape. The parser's words are left out: they may quote what is sealed.
    #[error(
        "reading the body of {event}: not the shape this release writes; open the directory with the release that wrote it"
    )]
    Shape {
        /// The event.
        event: &'static str,
    },
}

impl Body {
    /// The plaintext.
    ///
    /// # Errors
    /// Never in practice: every field is a string, a number or a list of them.
    pub fn write(&self) -> Result<Vec<u8>, BodyError> {
        // What an ordinary request or outcome takes, so that it is not moved while it grows.
        let mut plain = Vec::with_capacity(2_048);
        serde_json::to_writer(&mut plain, self).map_err(|_| BodyError::Shape { event: "an event being written" })?;
        Ok(plain)
    }

    /// Reads the plaintext of the body of `event`.
    ///
    /// # Errors
    /// [`BodyError::Shape`]; nothing of the plaintext is in it.
    pub fn read(event: &'static str, plaintext: &[u8]) -> Result<Self, BodyError> {
        fn parse<T: for<'a> Deserialize<'a>>(event: &'static str, bytes: &[u8]) -> Result<T, BodyError> {
            serde_json::from_slice(bytes).map_err(|_| BodyError::Shape { event })
        }
        Ok(match event {
            "request.accepted" => Self::Accepted(Box::new(parse(event, plaintext)?)),
            "plan.extended" => Self::Planned(parse(event, plaintext)?),
            "exchange.ended" | "outcome.received" => Self::Outcome(Box::new(parse(event, plaintext)?)),
            "lead.received" => Self::Lead(Box::new(parse(event, plaintext)?)),
            "document.stored" => Self::Document(parse(event, plaintext)?),
            "measure.imported" => Self::Imported(Box::new(parse(event, plaintext)?)),
            "measure.changed" => Self::Changed(parse(event, plaintext)?),
            "case.amended" => Self::Amended(parse(event, plaintext)?),
            "task.raised" => Self::Task(parse(event, plaintext)?),
            "settlement.received" => Self::Settled(parse(event, plaintext)?),
            _ => Self::Reason(parse(event, plaintext)?),
        })
    }

    /// The acts it plans, when it plans any.
    #[must_use]
    pub fn plan(&self) -> &[PlanLine] {
        match self {
            Self::Accepted(body) => &body.plan,
            Self::Planned(body) => &body.plan,
            Self::Imported(body) => &body.lines,
            _ => &[],
        }
    }
}
