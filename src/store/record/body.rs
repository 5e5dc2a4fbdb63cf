//! Bodies: the side of an event that is sealed. JSON, because an auditor with the key must be able to read it in ten years.

use domain::act::Original;
use domain::outcome::{FoundAccount, Outcome, PriorMeasure, Reason, SealedReply, Verdict};
use domain::{ActKind, Day, Money, Personal};
use serde::{Deserialize, Serialize};

use super::papers::OriginalTwin;
use super::{ActRef, RequestTwin};

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
    /// Of `document.stored`.
    Document(DocumentBody),
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
    /// The request itself.
    pub request: RequestTwin,
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
        }
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
    from: Option<i32>,
    /// Last day, as a day count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    /// What a query found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<FoundTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ahead: Vec<PriorTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replies: Vec<ReplyTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
}

/// The serde twin of an account that a query found.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTwin {
    /// Account number.
    pub number: String,
    class: String,
    status: String,
    /// Currency as sent.
    pub currency: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    balance: Option<i64>,
    /// What can be held, in 1/10,000 yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<i64>,
    branch: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ahead: Vec<PriorTwin>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PriorTwin {
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
        }
    }
}

impl OutcomeTwin {
    /// A 64-bit hash by which a repeat is known; the partner's own time of answering does not count.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut bare = self.clone();
        bare.as_of = None;
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        text.iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
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
        })
    }
}

fn data_encoding(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn data_decoding(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
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
        serde_json::to_vec(self).map_err(|_| BodyError::Shape { event: "an event being written" })
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
            "document.stored" => Self::Document(parse(event, plaintext)?),
            _ => Self::Reason(parse(event, plaintext)?),
        })
    }

    /// The acts it plans, when it plans any.
    #[must_use]
    pub fn plan(&self) -> &[PlanLine] {
        match self {
            Self::Accepted(body) => &body.plan,
            Self::Planned(body) => &body.plan,
            _ => &[],
        }
    }
}
