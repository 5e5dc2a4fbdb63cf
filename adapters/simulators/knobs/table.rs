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
    WrongCharset,
    OversizeBody,
    SlowDrip,
    Closed,
    DuplicateFeedback,
    ConflictingFeedback,
    UnknownLine,
    HandBack,
}

/// One row: the fault, whether the called bank and the pulling hub can show it, what it does, what `ms`, `bytes` or `status` mean.
pub struct FaultRow {
    /// Fault.
    pub fault: Fault,
    /// The called bank shows it.
    pub http: bool,
    /// The pulling hub shows it.
    pub hub: bool,
    /// Whether the order takes effect although the exchange fails.
    pub effect: bool,
    /// What is seen.
    pub meaning: &'static str,
}

const fn row(fault: Fault, http: bool, hub: bool, effect: bool, meaning: &'static str) -> FaultRow {
    FaultRow { fault, http, hub, effect, meaning }
}

/// Every fault.
pub const FAULTS: [FaultRow; 22] = [
    row(Fault::Delay, true, true, true, "works `ms` (plus up to `jitter_ms`) longer; joins with another fault"),
    row(
        Fault::SilenceAfterAccept,
        true,
        true,
        true,
        "takes effect, then says nothing (called: until the client leaves or `ms`; hub: no feedback this round)",
    ),
    row(
        Fault::SilenceBeforeAccept,
        true,
        true,
        false,
        "does nothing and says nothing (hub: does not look at the slip this round)",
    ),
    row(
        Fault::ResetMidBody,
        true,
        true,
        true,
        "resets the connection in the middle of a body (called: its answer; hub: its feedback)",
    ),
    row(
        Fault::CloseWithoutAnswer,
        true,
        true,
        true,
        "closes instead of answering (hub: sends its feedback and leaves before the reply)",
    ),
    row(Fault::ErrorBeforeEffect, true, false, false, "HTTP `status` (503) before anything happened"),
    row(Fault::ErrorAfterEffect, true, false, true, "HTTP `status` (503) after it took effect"),
    row(Fault::TooManySeconds, true, false, false, "429, Retry-After in seconds (`ms` rounded up)"),
    row(Fault::TooManyDate, true, false, false, "429, Retry-After as an HTTP date"),
    row(Fault::TooManyAbsurd, true, false, false, "429, Retry-After: 99999999999"),
    row(Fault::WrongSchema, true, true, true, "well-formed XML of another kind"),
    row(Fault::TruncatedXml, true, true, true, "half of the XML, with a right Content-Length"),
    row(Fault::HtmlBody, true, true, true, "an HTML page"),
    row(Fault::OtherCase, true, true, true, "an answer under another number"),
    row(Fault::WrongCharset, true, true, true, "bytes of the other character set than is declared or agreed"),
    row(Fault::OversizeBody, true, true, true, "`bytes` (16 MiB) of white space inside the answer (hub: in BEIZ)"),
    row(Fault::SlowDrip, true, true, true, "a few bytes every `ms` (20 ms), in at most 512 pieces"),
    row(Fault::Closed, true, true, false, "channel closed (called: 200009; hub: does not poll)"),
    row(Fault::DuplicateFeedback, false, true, true, "the same feedback twice"),
    row(Fault::ConflictingFeedback, false, true, true, "KZZT=1 first, then KZZT=2 for the same line"),
    row(Fault::UnknownLine, false, true, true, "one more result, for a line that was not asked"),
    row(Fault::HandBack, false, true, false, "handed back through htInfo instead of being done"),
];
