//! An answer read and judged: what each status and each word proves, and what contradicts itself.

use domain::outcome::{FINDINGS_MAX, Outcome, Reason, Verdict};
use domain::socket::{Cause, Judged};
use domain::{ActKind, Flaw};
use serde::Deserialize;

use super::fields::{Date, Found, List, Prior, Reply, Sum, Text, Word, read};
use super::{Trade, Unreadable};
use crate::sums::agree;
use crate::transport::http::HttpReply;

/// Earlier measures of one asset: a court sees a handful, a partner that lists more than this lists its whole book.
pub(crate) const AHEAD_MAX: usize = 500;
/// Sealed answers to one task: one for the task, and some room.
const REPLIES_MAX: usize = 8;

/// What every industry's answer may say.
#[derive(Deserialize)]
pub(super) struct Answer<'j> {
    #[serde(default)]
    pub(super) number: Word,
    #[serde(default)]
    pub(super) kind: Word,
    #[serde(default)]
    pub(super) state: Word,
    #[serde(default)]
    reason: Word,
    #[serde(default)]
    text: Text,
    #[serde(default)]
    limit: Sum,
    #[serde(default)]
    caught: Sum,
    #[serde(default)]
    moved: Sum,
    #[serde(default)]
    from: Date,
    #[serde(default)]
    to: Date,
    #[serde(default)]
    due: Date,
    #[serde(default)]
    serial: Word,
    #[serde(default)]
    as_of: Word,
    #[serde(default)]
    ahead: List<Prior, AHEAD_MAX>,
    #[serde(default)]
    findings: List<Found, FINDINGS_MAX>,
    #[serde(default, borrow)]
    replies: List<Reply<'j>, REPLIES_MAX>,
}

impl Answer<'_> {
    pub(super) fn says(&self, word: &str) -> bool {
        self.state.0.as_deref() == Some(word)
    }

    /// An answer that names another number or another kind is some other task's.
    fn is_about(&self, key: &str, kind: ActKind) -> bool {
        self.number.0.as_deref() == Some(key) && self.kind.0.as_deref().is_none_or(|word| word == kind.word())
    }
}

const SCHEMA: Judged = Judged::Doubt { cause: Cause::Schema };

/// Judges the answer to a task sent under `key`.
pub(crate) fn judge_sent(trade: &Trade, kind: ActKind, key: &str, reply: &HttpReply) -> Judged {
    match reply.status {
        200 | 202 => judge_body(trade, kind, key, reply),
        422 => formal_defect(key, reply).unwrap_or_else(|| reply.judge()),
        503 if is_closed(reply) => closed(reply),
        _ => reply.judge(),
    }
}

/// Judges the answer to a question about `key`.
pub(crate) fn judge_asked(trade: &Trade, kind: ActKind, key: &str, reply: &HttpReply) -> Judged {
    match reply.status {
        200 | 202 => judge_body(trade, kind, key, reply),
        // Any box in between can say 404; only the partner can name our number with it.
        404 if is_unknown(key, reply) => Judged::NotFound,
        503 if is_closed(reply) => closed(reply),
        _ => reply.judge(),
    }
}

fn judge_body(trade: &Trade, kind: ActKind, key: &str, reply: &HttpReply) -> Judged {
    let body = match &reply.body {
        Ok(body) => body,
        Err(cause) => return Judged::Doubt { cause: *cause },
    };
    let Ok(json) = std::str::from_utf8(body) else { return SCHEMA };
    let Ok(answer) = read::<Answer<'_>>(json) else { return SCHEMA };
    if !answer.is_about(key, kind) {
        return SCHEMA;
    }
    if answer.says("accepted") {
        return Judged::Accepted;
    }
    if reply.status == 202 {
        return SCHEMA;
    }
    outcome(trade, kind, json, answer).map_or(SCHEMA, |outcome| Judged::Answered(Box::new(outcome)))
}

fn side_answer(reply: &HttpReply) -> Option<Answer<'_>> {
    let json = std::str::from_utf8(reply.body.as_ref().ok()?).ok()?;
    read(json).ok()
}

/// A 422 answers the very task it follows, so it need not name the number; when it names one, it must be ours.
fn formal_defect(key: &str, reply: &HttpReply) -> Option<Judged> {
    let answer = side_answer(reply)?;
    if !answer.says("handed_back") || answer.number.0.as_deref().is_some_and(|number| number != key) {
        return None;
    }
    let mut outcome = Outcome::of(Verdict::HandedBack);
    outcome.reason = Some(reason(&answer.reason).unwrap_or(Reason::Other));
    outcome.text = answer.text.personal();
    Some(Judged::Answered(Box::new(outcome)))
}

fn is_unknown(key: &str, reply: &HttpReply) -> bool {
    side_answer(reply).is_some_and(|answer| answer.says("unknown") && answer.number.0.as_deref() == Some(key))
}

fn is_closed(reply: &HttpReply) -> bool {
    side_answer(reply).is_some_and(|answer| answer.says("closed"))
}

fn closed(reply: &HttpReply) -> Judged {
    Judged::NotSent { cause: Cause::Closed, retry_after_ms: reply.retry_after_ms }
}

/// A later edition may know more reasons; the state decides, so an unknown one is kept as "other".
fn reason(word: &Word) -> Option<Reason> {
    word.0.as_deref().map(|word| Reason::from_word(word).unwrap_or(Reason::Other))
}

/// What the answer object says became of an act of that kind.
///
/// # Errors
/// [`Unreadable`] when the state is unknown or not final, when something the state promises is missing, or when the
/// answer contradicts itself.
pub(super) fn outcome(trade: &Trade, kind: ActKind, json: &str, answer: Answer<'_>) -> Result<Outcome, Unreadable> {
    let verdict = verdict(kind, answer.state.0.as_deref().unwrap_or_default())?;
    let mut outcome = Outcome::of(verdict);
    outcome.reason = reason(&answer.reason).or(answer.says("no_such_customer").then_some(Reason::NotFound));
    outcome.text = answer.text.personal();
    (outcome.limit, outcome.caught, outcome.moved) = (answer.limit.0, answer.caught.0, answer.moved.0);
    (outcome.from, outcome.to, outcome.due) = (answer.from.0, answer.to.0, answer.due.0);
    // Of a release the limit is what is left of it.
    outcome.left = outcome.limit.filter(|_| kind == ActKind::Release);
    outcome.serial = answer.serial.personal();
    outcome.as_of = answer.as_of.0;
    outcome.ahead = answer.ahead.0.into_iter().map(Into::into).collect();
    outcome.findings = answer.findings.0.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    outcome.replies = answer.replies.0.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    agree(kind, &mut outcome)?;
    if !matches!(verdict, Verdict::Refused | Verdict::HandedBack | Verdict::NoSuchCustomer) {
        (trade.read)(kind, json, &mut outcome)?;
    }
    Ok(outcome)
}

fn verdict(kind: ActKind, state: &str) -> Result<Verdict, Unreadable> {
    Ok(match state {
        "done" => Verdict::Done,
        "partly" => Verdict::Partly,
        "queued" if kind == ActKind::Freeze => Verdict::Queued,
        "refused" => Verdict::Refused,
        "handed_back" => Verdict::HandedBack,
        "registered" => Verdict::Registered,
        "no_such_customer" if kind.is_question() => Verdict::NoSuchCustomer,
        "no_such_customer" => Verdict::Refused,
        _ => return Err(Unreadable(Flaw::StateUnknown)),
    })
}
