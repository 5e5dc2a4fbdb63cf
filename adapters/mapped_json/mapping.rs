//! What a partner's file says of its messages, and what an answer proves by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::outcome::{About, Lead, Outcome, Reason, Verdict};
use domain::slip::SlipLine;
use domain::socket::{Cause, FaceFault, FaceReply, FeedbackItem, INBOUND_ITEMS_MAX, Inbound, ItemVerdict, Judged};
use domain::{ActKind, Flaw, Untaken};
use serde_json::Value;

use super::body::{Row, Tables};
use super::call::Verb;
use super::json::read;
use super::place::Place;
use super::told::{State, Told};
use super::words::Given;
use crate::open::Unreadable;
use crate::transport::http::HttpReply;

const SCHEMA: Judged = Judged::Doubt { cause: Cause::Schema };

/// Where our words stand in answers of one sort, and where that differs with the kind of act.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) any: Arc<Told>,
    pub(crate) of: BTreeMap<ActKind, Arc<Told>>,
}

impl Answers {
    /// The tables for a kind of act.
    pub(crate) fn of(&self, kind: ActKind) -> &Told {
        self.of.get(&kind).unwrap_or(&self.any)
    }
}

/// What their words mean.
#[derive(Default)]
pub(crate) struct States {
    pub(crate) any: BTreeMap<String, State>,
    /// Words that mean something else of one kind of act.
    pub(crate) of: BTreeMap<ActKind, BTreeMap<String, State>>,
}

impl States {
    fn of(&self, kind: ActKind, word: &str) -> State {
        let own = self.of.get(&kind).and_then(|states| states.get(word));
        own.or_else(|| self.any.get(word)).copied().unwrap_or(State::Doubt)
    }
}

/// What a partner's file says of its messages.
pub(crate) struct Mapping {
    pub(crate) tables: Tables,
    pub(crate) sends: BTreeMap<ActKind, Arc<Verb>>,
    pub(crate) asks: BTreeMap<ActKind, Arc<Verb>>,
    /// A direct answer that says only whether it was taken.
    pub(crate) receipt: Arc<Told>,
    pub(crate) receipt_states: States,
    /// A direct answer that says what became of it.
    pub(crate) answer: Answers,
    /// The answer to a question.
    pub(crate) asked: Answers,
    /// What it posts, and where the list of it stands.
    pub(crate) posted: Option<(Arc<Told>, Option<Place>)>,
    pub(crate) states: States,
    /// What their words for an error mean; `None` = there is none, look at what became of the order.
    pub(crate) errors: BTreeMap<String, Option<State>>,
    pub(crate) reasons: BTreeMap<String, Reason>,
    /// Our answers to what it posts.
    pub(crate) taken: Vec<Row>,
    pub(crate) refused: Vec<Row>,
}

/// Which of the two it was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbs {
    Sent,
    Asked,
}

/// An exchange being judged.
struct Exchange<'e> {
    verb: Verbs,
    kind: ActKind,
    key: SlipLine,
    told: &'e Told,
    states: &'e States,
    is_receipt: bool,
}

impl Mapping {
    /// Judges the answer to an order or a question under `key`.
    pub(crate) fn judge(
        &self,
        verb: Verbs,
        kind: ActKind,
        key: SlipLine,
        says_receipt: bool,
        reply: &HttpReply,
    ) -> Judged {
        let is_receipt = verb == Verbs::Sent && says_receipt;
        let (told, states) = match (verb, is_receipt) {
            (Verbs::Asked, _) => (self.asked.of(kind), &self.states),
            (Verbs::Sent, true) => (self.receipt.as_ref(), &self.receipt_states),
            (Verbs::Sent, false) => (self.answer.of(kind), &self.states),
        };
        let exchange = Exchange { verb, kind, key, told, states, is_receipt };
        let body = match &reply.body {
            Ok(body) => body,
            Err(cause) if matches!(reply.status, 200..=202) => return Judged::Doubt { cause: *cause },
            Err(_) => return reply.judge(),
        };
        let said = self.said(&exchange, body);
        match (reply.status, said) {
            (200..=202, Ok((state, value))) => self.judged(&exchange, state, &value, reply),
            (200..=202, Err(_)) => SCHEMA,
            // Any box in between can answer so; only the partner can say it in its own words.
            (status, Ok((state, value))) if says_nothing_done(status, state, verb) => {
                self.judged(&exchange, state, &value, reply)
            }
            _ => reply.judge(),
        }
    }

    /// What their word means, when the message is about our number. A receipt or an error need not name it, because it stands on our own
    /// call; to a question such an error says nothing of the order.
    fn said(&self, exchange: &Exchange<'_>, body: &[u8]) -> Result<(State, Value), Unreadable> {
        let mut value = read(body)?;
        let Exchange { told, states, kind, .. } = *exchange;
        told.unpack(&mut value)?;
        let codes = &self.tables.codes;
        let number = told.number(&value, codes)?;
        if number.as_ref().is_some_and(|number| *number != exchange.key.to_string()) {
            return Err(Unreadable(Flaw::AnotherOrder));
        }
        if let Some(word) = told.error(&value, codes)? {
            match self.errors.get(&word) {
                Some(None) => {}
                // What it says of the order counts only with our number: the error may be the question's.
                Some(Some(State::Is(_) | State::Accepted)) if exchange.verb == Verbs::Asked && number.is_none() => {
                    return Ok((State::Doubt, value));
                }
                Some(Some(state)) => return Ok((*state, value)),
                None => return Ok((State::Doubt, value)),
            }
        }
        if number.is_none() && !exchange.is_receipt {
            return Err(Unreadable(Flaw::NumberMissing));
        }
        let word = told.state(&value, codes)?.ok_or(Unreadable(Flaw::StateMissing))?;
        Ok((states.of(kind, &word), value))
    }

    fn judged(&self, exchange: &Exchange<'_>, state: State, value: &Value, reply: &HttpReply) -> Judged {
        let Exchange { verb, told, kind, key, .. } = *exchange;
        let codes = &self.tables.codes;
        let not_sent = |cause| Judged::NotSent {
            cause,
            retry_after_ms: reply.retry_after_ms.or_else(|| told.wait_ms(value, codes)),
        };
        match state {
            State::Is(verdict) => match self.outcome(told, kind, verdict, value) {
                Ok(outcome) => match told.leads(value, codes, (&key.slip.to_string(), Some(key.line))) {
                    Ok(leads) if leads.is_empty() => Judged::Answered(Box::new(outcome)),
                    Ok(leads) => Judged::AnsweredWith(Box::new(outcome), leads),
                    Err(_) => SCHEMA,
                },
                Err(_) => SCHEMA,
            },
            State::Accepted => Judged::Accepted,
            State::NotFound if verb == Verbs::Asked => Judged::NotFound,
            State::Closed => not_sent(Cause::Closed),
            State::Throttled => not_sent(Cause::Throttled),
            State::NotFound | State::Doubt => SCHEMA,
        }
    }

    fn outcome(&self, told: &Told, kind: ActKind, verdict: Verdict, value: &Value) -> Result<Outcome, Unreadable> {
        if told.kind(value, &self.tables.codes)?.is_some_and(|said| said != kind) {
            return Err(Unreadable(Flaw::KindDiffers));
        }
        told.outcome(kind, verdict, value, &self.tables.codes, &self.reasons)
    }

    /// Reads what the partner posted.
    ///
    /// # Errors
    /// [`FaceFault`] when it may post nothing, or the whole is no such message; nothing of it is echoed.
    pub(crate) fn inbound(&self, body: &[u8]) -> Result<Inbound, FaceFault> {
        let Some((told, items)) = &self.posted else { return Err(FaceFault::UnknownOperation) };
        let malformed = |fault: Unreadable| FaceFault::Malformed(fault.0.into());
        let mut value = read(body).map_err(malformed)?;
        told.unpack(&mut value).map_err(malformed)?;
        let items: Vec<&Value> = match items {
            None => vec![&value],
            Some(at) => match at.find(&value) {
                Some(Value::Array(items)) => items.iter().collect(),
                None | Some(Value::Null) if told.has_clues() => Vec::new(),
                _ => return Err(malformed(Unreadable(Flaw::ResultsMisplaced))),
            },
        };
        let many = || FaceFault::TooLarge(Flaw::ItemsTooMany.above(INBOUND_ITEMS_MAX));
        if items.len() > INBOUND_ITEMS_MAX {
            return Err(many());
        }
        let mut leads = Vec::new();
        let feedback = items.into_iter().map(|item| self.item(told, item, &mut leads)).collect::<Vec<_>>();
        let clues = told.clues(&value, &self.tables.codes, parts).map_err(malformed)?;
        leads.extend(clues);
        if feedback.len() + leads.len() > INBOUND_ITEMS_MAX {
            return Err(many());
        }
        Ok(Inbound { feedback, leads })
    }

    fn item(&self, told: &Told, value: &Value, leads: &mut Vec<Lead>) -> FeedbackItem {
        let failed = |fault: Unreadable| FeedbackItem { slip: String::new(), line: None, outcome: Err(fault.0.into()) };
        let number = match told.number(value, &self.tables.codes) {
            Ok(number) => number.unwrap_or_default(),
            Err(fault) => return failed(fault),
        };
        let (slip, line) = parts(number);
        let outcome = self.posted_outcome(told, value).and_then(|outcome| {
            leads.extend(told.leads(value, &self.tables.codes, (&slip, line))?);
            Ok(outcome)
        });
        FeedbackItem { slip, line, outcome: outcome.map_err(|fault| fault.0.into()) }
    }

    fn posted_outcome(&self, told: &Told, value: &Value) -> Result<Outcome, Unreadable> {
        let codes = &self.tables.codes;
        let only = self.sends.keys().next().filter(|_| self.sends.len() == 1).copied();
        let kind = told.kind(value, codes)?.or(only).ok_or(Unreadable(Flaw::KindMissing))?;
        let error = told.error(value, codes)?.map(|word| self.errors.get(&word).copied());
        let state = match error {
            None | Some(Some(None)) => {
                let word = told.state(value, codes)?.ok_or(Unreadable(Flaw::StateMissing))?;
                self.states.of(kind, &word)
            }
            Some(Some(Some(state))) => state,
            Some(None) => State::Doubt,
        };
        match state {
            State::Is(verdict) => {
                let outcome = told.outcome(kind, verdict, value, codes, &self.reasons)?;
                Ok(Outcome { about: Some(About::Kind(kind)), ..outcome })
            }
            _ => Err(Unreadable(Flaw::StateUncertain)),
        }
    }

    /// Our answer to what was posted.
    pub(crate) fn reply(&self, verdicts: &[ItemVerdict]) -> FaceReply {
        let refused: Vec<(&str, &Untaken)> =
            verdicts.iter().filter_map(|item| item.taken.as_ref().err().map(|why| (item.slip.as_str(), why))).collect();
        let rows = if refused.is_empty() { &self.taken } else { &self.refused };
        let given = Given::Verdicts(verdicts.len(), refused.len(), refused.first().copied());
        // The rows were tried when the file was read, so there is nothing left that could not be written.
        let bytes = self.tables.body(rows, None, &given).unwrap_or_default();
        FaceReply { status: 200, content_type: "application/json", bytes }
    }
}

/// May a status that is no success carry this word? What it proves is that nothing was done now: that the order was not taken, that
/// the number stands there already, or that nobody knows it.
fn says_nothing_done(status: u16, state: State, verb: Verbs) -> bool {
    match state {
        State::Is(Verdict::Refused | Verdict::HandedBack | Verdict::NoSuchCustomer) => {
            matches!(status, 400 | 404 | 409 | 422)
        }
        State::Accepted => status == 409,
        State::NotFound => verb == Verbs::Asked && matches!(status, 400 | 404 | 409 | 422),
        State::Closed | State::Throttled => matches!(status, 400 | 409 | 422 | 429 | 503),
        State::Is(_) | State::Doubt => false,
    }
}

/// The slip and the line of a number; what is none of ours is given on as it stands, for the engine to say so.
fn parts(number: String) -> (String, Option<u16>) {
    match SlipLine::parse(&number) {
        Some(key) => (key.slip.to_string(), Some(key.line)),
        None => (number, None),
    }
}
