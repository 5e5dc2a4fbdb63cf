//! The one table of faults a simulated bank can be told to show.

use serde::{Deserialize, Serialize};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is described in FAULTS, which the same page shows")]
pub enum Fault {
    Delay,
    SilenceAfterAccept,
    SilenceBeforeAccept,
    ResetMidBody,
    CloseWithoutAnswer,
    ErrorBeforeEffect,
    ErrorAfterEffect,
    TooManySeconds,
    TooManyDate,
    TooManyAbsurd,
    WrongSchema,
    TruncatedXml,
    HtmlBody,
    OtherCase,
    OtherSubject,
    WrongCharset,
    OversizeBody,
    SlowDrip,
    Closed,
    EmptyBody,
    Redirect,
    TooManyPlain,
    TooManyPast,
    AcceptedNever,
    SaysFailed,
    SaysDone,
    DuplicateFeedback,
    ConflictingFeedback,
    UnknownLine,
    WithoutSums,
    QueueWords,
    HandBack,
    DuplicateCallback,
    ConflictingCallback,
    EarlyCallback,
    LostCallback,
}

/// One row: the fault, whether the called bank, the pulling hub and partners of the open task form can show it, what it does, what `ms`, `bytes` or `status` mean.
pub struct FaultRow {
    /// Fault.
    pub fault: Fault,
    /// The called bank shows it.
    pub http: bool,
    /// The pulling hub shows it.
    pub hub: bool,
    /// A partner of the open task form shows it.
    pub open: bool,
    /// Whether the order takes effect although the exchange fails.
    pub effect: bool,
    /// What is seen.
    pub meaning: &'static str,
}

const fn row(fault: Fault, http: bool, hub: bool, effect: bool, meaning: &'static str) -> FaultRow {
    FaultRow { fault, http, hub, open: false, effect, meaning }
}

const fn open(row: FaultRow) -> FaultRow {
    FaultRow { open: true, ..row }
}

const fn callback(fault: Fault, meaning: &'static str) -> FaultRow {
    FaultRow { fault, http: false, hub: false, open: true, effect: true, meaning }
}

/// Every fault.
pub const FAULTS: [FaultRow; 36] = [
    open(row(Fault::Delay, true, true, true, "works `ms` (plus up to `jitter_ms`) longer; joins with another fault")),
    open(row(
        Fault::SilenceAfterAccept,
        true,
        true,
        true,
        "takes effect, then says nothing (called: until the client leaves or `ms`; hub: no feedback this round)",
    )),
    open(row(
        Fault::SilenceBeforeAccept,
        true,
        true,
        false,
        "does nothing and says nothing (hub: does not look at the slip this round)",
    )),
    open(row(
        Fault::ResetMidBody,
        true,
        true,
        true,
        "resets the connection in the middle of a body (called: its answer; hub: its feedback)",
    )),
    open(row(
        Fault::CloseWithoutAnswer,
        true,
        true,
        true,
        "closes instead of answering (hub: sends its feedback and leaves before the reply)",
    )),
    open(row(Fault::ErrorBeforeEffect, true, false, false, "HTTP `status` (503) before anything happened")),
    open(row(Fault::ErrorAfterEffect, true, false, true, "HTTP `status` (503) after it took effect")),
    open(row(Fault::TooManySeconds, true, false, false, "429, Retry-After in seconds (`ms` rounded up)")),
    open(row(Fault::TooManyDate, true, false, false, "429, Retry-After as an HTTP date")),
    open(row(Fault::TooManyAbsurd, true, false, false, "429, Retry-After: 99999999999")),
    open(row(Fault::WrongSchema, true, true, true, "well-formed, but of another kind")),
    open(row(Fault::TruncatedXml, true, true, true, "half of the message, with a right Content-Length")),
    open(row(Fault::HtmlBody, true, true, true, "an HTML page")),
    open(row(
        Fault::OtherCase,
        true,
        true,
        true,
        "an answer under another number (`only` = \"callback\": one more result, for a number that nobody gave)",
    )),
    row(
        Fault::OtherSubject,
        true,
        false,
        true,
        "the customer of an answer is another one, and another sum is left of what was released in part",
    ),
    open(row(Fault::WrongCharset, true, true, true, "bytes of the other character set than is declared or agreed")),
    open(row(
        Fault::OversizeBody,
        true,
        true,
        true,
        "`bytes` (16 MiB) of white space inside the answer (hub: in BEIZ)",
    )),
    open(row(Fault::SlowDrip, true, true, true, "a few bytes every `ms` (20 ms), in at most 512 pieces")),
    open(row(Fault::Closed, true, true, false, "channel closed (called: 200009; hub: does not poll)")),
    open(row(Fault::EmptyBody, true, true, true, "200 without a body")),
    open(row(Fault::Redirect, true, false, false, "`status` (307) to another path of the same machine")),
    open(row(Fault::TooManyPlain, true, false, false, "429 without Retry-After")),
    open(row(Fault::TooManyPast, true, false, false, "429, Retry-After as an HTTP date that is past")),
    open(row(Fault::AcceptedNever, true, false, true, "takes effect, says that it will say so later (a question too)")),
    open(row(Fault::SaysFailed, true, false, true, "takes effect, and says that it was refused (a question too)")),
    open(row(Fault::SaysDone, true, false, false, "does nothing, and says that all of it is done")),
    row(Fault::DuplicateFeedback, false, true, true, "the same feedback twice"),
    row(Fault::ConflictingFeedback, false, true, true, "KZZT=1 first, then KZZT=2 for the same line"),
    row(Fault::UnknownLine, false, true, true, "one more result, for a line that was not asked"),
    row(
        Fault::WithoutSums,
        false,
        true,
        true,
        "KZZT=1 without SKJE and CESKJE first, the whole answer in the next round",
    ),
    row(
        Fault::QueueWords,
        false,
        true,
        true,
        "KZZT=2 first, with words in WNKZYY that name 轮候 and refuse it; the true answer in the next round",
    ),
    open(row(Fault::HandBack, false, true, false, "handed back through htInfo instead of being done")),
    callback(Fault::DuplicateCallback, "posts the result twice"),
    callback(Fault::ConflictingCallback, "posts the result, and then another that contradicts it"),
    callback(Fault::EarlyCallback, "answers 202 only after the result was posted (waits `ms`, 10 s, at most)"),
    callback(Fault::LostCallback, "never posts the result; it is there when asked"),
];
