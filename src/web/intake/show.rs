//! What callers see of requests and acts: views written as JSON, one place per shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ledger::Ledger;
use domain::sentence::Sentence;
use domain::{ActState, Day, Millis, Money};
pub(crate) use engine::vault::hex;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::gate::{Accepted, ActView, DeliveryView, MeasureView, Receipt, RepeatView, RequestLine, RequestView};
use crate::intake::said::{ShownAccount, ShownDetail, ShownLead, ShownOutcome};
use crate::intake::warned::{self, ShownWarning};
use crate::language::Language;

/// An amount in yuan.
pub(crate) struct Yuan(pub(crate) Money);
/// An instant in +08:00.
pub(crate) struct Instant(pub(crate) Millis);
/// A day.
pub(crate) struct Date(pub(crate) Day);
/// Bytes in lower-case hex.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&domain::day::show_instant(self.0))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(self.0))
    }
}

/// JSON text; our shapes hold nothing that serde_json cannot write.
pub(crate) fn json<T: Serialize>(shown: &T) -> Vec<u8> {
    serde_json::to_vec(shown).unwrap_or_default()
}

#[derive(Serialize)]
pub(crate) struct ShownReceipt<'a> {
    sequence: u64,
    leaf_hash: Hex<'a>,
    signature: String,
}

impl<'a> ShownReceipt<'a> {
    pub(crate) fn of(receipt: &'a Receipt) -> Self {
        Self {
            sequence: receipt.sequence,
            leaf_hash: Hex(&receipt.leaf_hash),
            signature: STANDARD.encode(receipt.signature),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ShownAccepted<'a> {
    request: AcceptedRequest<'a>,
    receipt: ShownReceipt<'a>,
}

#[derive(Serialize)]
struct AcceptedRequest<'a> {
    id: String,
    case: CaseRef,
    goal: &'a str,
    state: &'static str,
    version: u64,
    accepted_at: Instant,
    acts: u32,
}

#[derive(Serialize)]
struct CaseRef {
    id: String,
}

impl<'a> ShownAccepted<'a> {
    /// A function of the acceptance alone, so that a repeat is answered with the same bytes whatever happened since: the state
    /// and version shown are those at acceptance.
    pub(crate) fn of(accepted: &'a Accepted) -> Self {
        Self {
            request: AcceptedRequest {
                id: accepted.request.to_string(),
                case: CaseRef { id: accepted.case.to_string() },
                goal: &accepted.goal,
                state: domain::request::RequestState::Open.word(),
                version: accepted.request.0,
                accepted_at: Instant(accepted.at),
                acts: accepted.acts,
            },
            receipt: ShownReceipt::of(&accepted.receipt),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ShownRequest<'a> {
    id: String,
    case: ShownCase<'a>,
    goal: &'a str,
    state: &'static str,
    stopping: bool,
    version: u64,
    accepted_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Instant>,
    erased: bool,
    ledger: ShownLedger,
    counts: Counts<'a>,
    acts: Vec<ShownAct<'a>>,
    next_page: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leads: Vec<ShownLead<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<ShownWarning<'a>>,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<ShownDelivery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<ShownRepeat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    halted: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stopped: Vec<&'static str>,
}

#[derive(Serialize)]
struct ShownRepeat {
    round: u32,
    until: Instant,
    next: ShownNext,
}

#[derive(Serialize)]
struct ShownCase<'a> {
    id: String,
    number: &'a str,
    court: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    preservation: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownLedger {
    target: Yuan,
    exposure: Yuan,
    controlled: Yuan,
    deducted: Yuan,
    deducting: Yuan,
    in_doubt: Yuan,
    settled: Yuan,
}

impl ShownLedger {
    fn of(ledger: &Ledger) -> Self {
        Self {
            target: Yuan(ledger.target),
            exposure: Yuan(ledger.exposure),
            controlled: Yuan(ledger.controlled),
            deducted: Yuan(ledger.deducted),
            deducting: Yuan(ledger.deducting),
            in_doubt: Yuan(ledger.in_doubt),
            settled: Yuan(ledger.settled),
        }
    }
}

/// How many acts are in each state.
pub(crate) struct Counts<'a>(pub(crate) &'a [(ActState, u32)]);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (state, count) in self.0 {
            map.serialize_entry(state.word(), count)?;
        }
        map.end()
    }
}

impl<'a> ShownRequest<'a> {
    /// `inline` = sealed replies with their bytes.
    pub(crate) fn of(view: &'a RequestView, language: Language, inline: bool) -> Self {
        let mut shown = Self {
            id: view.id.to_string(),
            case: ShownCase {
                id: view.case.to_string(),
                number: view.case_number.expose(),
                court: &view.court,
                preservation: view.preservation.as_ref().map(|number| number.expose().as_str()),
            },
            goal: &view.goal,
            state: view.state.word(),
            stopping: view.stopping,
            version: view.version,
            accepted_at: Instant(view.accepted_at),
            deadline: view.deadline.map(Instant),
            erased: view.erased,
            ledger: ShownLedger::of(&view.ledger),
            counts: Counts(&view.counts),
            acts: view.acts.iter().map(|act| ShownAct::of(act, language, inline)).collect(),
            next_page: view.next_page,
            leads: view.leads.iter().map(ShownLead::of).collect(),
            warnings: warned::of(view),
            digest: String::new(),
            delivery: None,
            repeat: None,
            halted: None,
            stopped: Vec::new(),
        };
        shown.digest = digest(&shown);
        shown.repeat = view.repeat.map(|RepeatView { round, until, next }| ShownRepeat {
            round,
            until: Instant(until),
            next: ShownNext::of(next, language),
        });
        shown.halted = view.halted.map(domain::case::HaltCause::word);
        shown.stopped = view.stopped.iter().map(|kind| kind.word()).collect();
        shown.delivery = view.delivery.as_ref().map(ShownDelivery::of);
        shown
    }

    /// What the request and this page of its acts say, in one word; poll, long-poll and delivery of a version show the same.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// The same as it leaves for its court: how it is delivered is no news to whom it is delivered to.
    pub(crate) fn without_delivery(mut self) -> Self {
        self.delivery = None;
        self
    }
}

/// SHA-256 over the canonical JSON (RFC 8785) of what a version decides. Left out is what changes without one: the sums of the whole
/// case, measures, which other requests of the case also move, what is said of the next step, the bytes of replies (their digests stay).
fn digest(shown: &ShownRequest<'_>) -> String {
    let mut value = serde_json::to_value(shown).unwrap_or_default();
    let without = |value: &mut Value, names: &[&str]| {
        if let Value::Object(fields) = value {
            fields.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    without(&mut value, &["digest", "delivery", "ledger"]);
    for act in value.get_mut("acts").and_then(Value::as_array_mut).into_iter().flatten() {
        without(act, &["next", "measure"]);
        for outcome in act.get_mut("outcomes").and_then(Value::as_array_mut).into_iter().flatten() {
            for reply in outcome.get_mut("replies").and_then(Value::as_array_mut).into_iter().flatten() {
                without(reply, &["base64"]);
            }
        }
    }
    // serde_json keeps the fields of a `Value` in the order of their names, and escapes as RFC 8785 does.
    format!("sha256:{}", hex(&Sha256::digest(json(&value))))
}

#[derive(Serialize)]
pub(crate) struct ShownDelivery {
    state: &'static str,
    acknowledged: u64,
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Instant>,
}

impl ShownDelivery {
    pub(crate) fn of(delivery: &DeliveryView) -> Self {
        let DeliveryView { state, acknowledged, tries, due } = *delivery;
        Self { state, acknowledged, tries, due: due.map(Instant) }
    }
}

#[derive(Serialize)]
struct ShownAct<'a> {
    id: String,
    slip: String,
    line: u16,
    kind: &'static str,
    partner: &'a str,
    subject: u16,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<ShownOriginal<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ShownDetail<'a>>,
    exchanges: u32,
    outcomes: Vec<ShownOutcome<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<ShownAccount<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<ShownMeasure>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unreadable: bool,
    next: ShownNext,
}

#[derive(Serialize)]
struct ShownOriginal<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    slip: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    case_number: &'a str,
}

#[derive(Serialize)]
pub(crate) struct ShownMeasure {
    limit: Yuan,
    caught: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    queued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u16>,
}

impl ShownMeasure {
    pub(crate) fn of(measure: MeasureView) -> Self {
        let MeasureView { limit, caught, to, queued, rank } = measure;
        Self { limit: Yuan(limit), caught: Yuan(caught), to: to.map(Date), queued, rank }
    }
}

#[derive(Serialize)]
struct ShownNext {
    what: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    who: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Instant>,
}

impl ShownNext {
    fn of(next: Sentence, language: Language) -> Self {
        let (what, who) = match language {
            Language::Chinese => (next.what_zh, next.who_zh),
            Language::English => (next.what_en, next.who_en),
        };
        Self { what, who, by: next.by.map(Instant) }
    }
}

impl<'a> ShownAct<'a> {
    fn of(act: &'a ActView, language: Language, inline: bool) -> Self {
        let order = &act.order;
        let together = if act.came_in_parts() { act.accounts() } else { Vec::new() };
        Self {
            id: act.id.to_string(),
            slip: act.slip.slip.to_string(),
            line: act.slip.line,
            kind: order.kind.word(),
            partner: &order.partner,
            subject: order.subject,
            state: act.state.word(),
            account: order.account.as_ref().map(|account| account.expose().as_str()),
            amount: order.amount.map(Yuan),
            from: order.from.map(Date),
            to: order.to.map(Date),
            original: order.original.as_ref().map(|original| ShownOriginal {
                act: original.act.map(|act| act.to_string()),
                slip: &original.slip,
                case_number: original.case_number.expose(),
            }),
            note: order.note.as_ref().map(|note| note.expose().as_str()),
            details: order.details.iter().map(ShownDetail::of).collect(),
            exchanges: act.exchanges,
            outcomes: act.outcomes.iter().map(|outcome| ShownOutcome::of(outcome, inline)).collect(),
            accounts: together.into_iter().map(ShownAccount::of).collect(),
            measure: act.measure.map(ShownMeasure::of),
            unreadable: act.unreadable,
            next: ShownNext::of(act.next, language),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ShownLine<'a> {
    id: String,
    court: &'a str,
    goal: &'a str,
    state: &'static str,
    version: u64,
    accepted_at: Instant,
    acts: u32,
    acts_final: u32,
}

impl<'a> ShownLine<'a> {
    pub(crate) fn of(line: &'a RequestLine) -> Self {
        Self {
            id: line.id.to_string(),
            court: &line.court,
            goal: &line.goal,
            state: line.state.word(),
            version: line.version,
            accepted_at: Instant(line.accepted_at),
            acts: line.acts,
            acts_final: line.acts_final,
        }
    }
}
