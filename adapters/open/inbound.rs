//! What a partner posts by itself: results of what it had accepted or registered, and leads.

use domain::outcome::{About, Lead, LeadClass, Outcome};
use domain::slip::SlipLine;
use domain::socket::{FaceFault, FaceReply, FeedbackItem, INBOUND_ITEMS_MAX, Inbound, ItemVerdict};
use domain::{ActKind, Flaw, Untaken};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::{Answer, outcome};
use super::fields::{Details, Instant, List, Text, Word, read};
use super::{Trade, Unreadable};

#[derive(Deserialize)]
struct Posted<'j> {
    #[serde(default, borrow)]
    results: List<&'j RawValue, INBOUND_ITEMS_MAX>,
    #[serde(default)]
    leads: List<LeadText, INBOUND_ITEMS_MAX>,
}

#[derive(Deserialize)]
struct LeadText {
    number: Word,
    class: Word,
    serial: Word,
    #[serde(default)]
    as_of: Word,
    #[serde(default)]
    respond_by: Instant,
    #[serde(default)]
    details: Details,
    #[serde(default)]
    text: Text,
}

/// Reads a callback. A result that cannot be read is one item's fault; a lead that cannot be read is the message's,
/// because a lead has no place for a fault.
///
/// # Errors
/// [`FaceFault`] when it is no callback or holds more items than may stand there; nothing of it is echoed.
pub(crate) fn read_inbound(trade: &Trade, body: &[u8]) -> Result<Inbound, FaceFault> {
    let malformed = |flaw: Flaw| FaceFault::Malformed(flaw.into());
    let json = std::str::from_utf8(body).map_err(|_| malformed(Flaw::NotUtf8))?;
    let posted: Posted<'_> = read(json).map_err(|_| malformed(Flaw::PostForm))?;
    if posted.results.0.len() + posted.leads.0.len() > INBOUND_ITEMS_MAX {
        return Err(FaceFault::TooLarge(Flaw::ItemsTooMany.above(INBOUND_ITEMS_MAX)));
    }
    let feedback = posted.results.0.iter().map(|result| feedback(trade, result.get())).collect();
    let leads = posted.leads.0.into_iter().map(lead).collect::<Result<_, _>>().map_err(|fault| malformed(fault.0))?;
    Ok(Inbound { feedback, leads })
}

/// The slip and the line of a number; what is none of ours is given on as it stands, for the engine to say so.
fn parts(number: String) -> (String, Option<u16>) {
    match SlipLine::parse(&number) {
        Some(key) => (key.slip.to_string(), Some(key.line)),
        None => (number, None),
    }
}

fn feedback(trade: &Trade, json: &str) -> FeedbackItem {
    match read::<Answer<'_>>(json) {
        Err(fault) => FeedbackItem { slip: String::new(), line: None, outcome: Err(fault.0.into()) },
        Ok(answer) => {
            let (slip, line) = parts(answer.number.0.clone().unwrap_or_default());
            FeedbackItem { slip, line, outcome: result(trade, json, answer).map_err(|fault| fault.0.into()) }
        }
    }
}

fn result(trade: &Trade, json: &str, answer: Answer<'_>) -> Result<Outcome, Unreadable> {
    let kind = answer.kind.0.as_deref().and_then(ActKind::from_word);
    let kind = kind.filter(|kind| trade.acts.contains(kind)).ok_or(Unreadable(Flaw::KindMissing))?;
    Ok(Outcome { about: Some(About::Kind(kind)), ..outcome(trade, kind, json, answer)? })
}

fn lead(lead: LeadText) -> Result<Lead, Unreadable> {
    let class = LeadClass::from_word(&lead.class.or_empty()).ok_or(Unreadable(Flaw::LeadUnknown))?;
    let (slip, line) = parts(lead.number.0.ok_or(Unreadable(Flaw::LeadUnnumbered))?);
    Ok(Lead {
        slip,
        line,
        class,
        serial: lead.serial.personal().ok_or(Unreadable(Flaw::LeadWithoutSerial))?,
        as_of: lead.as_of.or_empty(),
        respond_by: lead.respond_by.0,
        details: lead.details.0,
        text: lead.text.personal(),
    })
}

#[derive(Serialize)]
struct Verdicts<'v> {
    verdicts: Vec<VerdictText<'v>>,
}

#[derive(Serialize)]
struct VerdictText<'v> {
    number: &'v str,
    taken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_en: Option<String>,
}

/// Writes the answer to a callback: one verdict per item, in their order.
pub(crate) fn answer_inbound(verdicts: &[ItemVerdict]) -> FaceReply {
    let verdicts = verdicts
        .iter()
        .map(|item| {
            let why = item.taken.as_ref().err();
            VerdictText {
                number: &item.slip,
                taken: why.is_none(),
                code: why.map(Untaken::code),
                reason: why.map(Untaken::chinese),
                reason_en: why.map(Untaken::english),
            }
        })
        .collect();
    // Texts and truth values only, so there is nothing that JSON could not carry.
    let bytes = serde_json::to_vec(&Verdicts { verdicts }).unwrap_or_default();
    FaceReply { status: 200, content_type: "application/json", bytes }
}
