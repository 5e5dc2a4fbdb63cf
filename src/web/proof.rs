//! What proves one act: everything of it in one answer, with proofs that an outsider checks; as JSON, or as a sheet for people.

mod sheet;

pub use self::sheet::sheet;

use actix_web::http::header::ACCEPT;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::rules::Rule;
use engine::delay::Stretch;
use engine::view::evidence::{
    EvidenceEvent, EvidenceTimes, ExchangeLine, Moment, ObjectionLine, RankLine, ReleasedLine, ReminderLine,
    SealedEvidence,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::gate::EvidenceView;
use crate::intake::acts::act_id;
use crate::intake::query::Query;
use crate::intake::requests::{page_len, personal_answer, raw};
use crate::intake::show::{Date, Hex, Instant, Yuan, json};
use crate::language::Language;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, ReadEvidence, ReadRequests, Right};

#[derive(Serialize)]
struct ShownEvidence<'a> {
    act: String,
    request: String,
    case: String,
    court: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    partner: &'a str,
    state: &'static str,
    as_of: Instant,
    erased: bool,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<ShownSealed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_digest: Option<&'a str>,
    times: ShownTimes<'a>,
    delays: Vec<ShownDelay<'a>>,
    waited: Vec<ShownWaited>,
    exchanges: Vec<ShownExchange<'a>>,
    exchanges_total: u32,
    people: Vec<ShownPerson<'a>>,
    reminders: Vec<ShownReminder<'a>>,
    objections: Vec<ShownObjection<'a>>,
    ranks: Vec<ShownRank>,
    released_alone: Vec<ShownReleased<'a>>,
    rules: Vec<ShownRule>,
    events: Vec<ShownEvent<'a>>,
    events_total: u32,
    next: Option<String>,
    tree_size: u64,
    checkpoint: &'a str,
    head: ShownHead<'a>,
}

/// What is signed, field by field, with its signature: whoever takes that out has what was signed.
#[derive(Serialize)]
struct ShownHead<'a> {
    act: String,
    case: String,
    complete: bool,
    events_digest: Hex<'a>,
    events_total: u32,
    log: &'a str,
    request: String,
    signature: String,
    tree_size: u64,
    v: u8,
}

impl<'a> ShownHead<'a> {
    fn of(view: &'a EvidenceView) -> Self {
        Self {
            act: view.act.to_string(),
            case: view.case.to_string(),
            complete: view.complete,
            events_digest: Hex(&view.head.events_digest),
            events_total: view.events_total,
            log: &view.head.log,
            request: view.request.to_string(),
            signature: STANDARD.encode(view.head.signature),
            tree_size: view.tree_size,
            v: 1,
        }
    }
}

#[derive(Serialize)]
struct ShownSealed<'a> {
    case_number: &'a str,
    slip: &'a str,
    subject: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    officers: Vec<ShownOfficer<'a>>,
    papers: Vec<ShownPaper<'a>>,
}

#[derive(Serialize)]
struct ShownOfficer<'a> {
    name: &'a str,
    work_id: &'a str,
    duty_id: &'a str,
}

#[derive(Serialize)]
struct ShownPaper<'a> {
    kind: &'a str,
    number: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct ShownMoment {
    at: Instant,
    event: u64,
}

impl ShownMoment {
    fn of(moment: Moment) -> Self {
        Self { at: Instant(moment.at), event: moment.event }
    }
}

#[derive(Serialize)]
struct ShownTimes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<ShownMoment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued: Option<ShownMoment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<ShownMoment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<ShownMoment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective: Option<ShownMoment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_as_of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<ShownMoment>,
}

impl<'a> ShownTimes<'a> {
    fn of(times: &'a EvidenceTimes) -> Self {
        let shown = |moment: Option<Moment>| moment.map(ShownMoment::of);
        Self {
            decided: shown(times.decided),
            queued: shown(times.queued),
            sent: shown(times.sent),
            received: shown(times.received),
            effective: shown(times.effective),
            effective_as_of: times.effective_as_of.as_deref(),
            effective_from: times.effective_from.map(Date),
            answered: shown(times.answered),
        }
    }
}

#[derive(Serialize)]
struct ShownDelay<'a> {
    from: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
    ms: i64,
    stage: &'static str,
    what: &'static str,
    awaited: &'static str,
    event: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    by: &'a str,
}

impl<'a> ShownDelay<'a> {
    fn of(stretch: &'a Stretch, now: domain::Millis, language: Language) -> Self {
        Self {
            from: Instant(stretch.from),
            until: stretch.until.map(Instant),
            ms: stretch.until.unwrap_or(now.max(stretch.from)) - stretch.from,
            stage: stretch.stage.word(),
            what: language.pick(stretch.stage.chinese(), stretch.stage.english()),
            awaited: stretch.awaited.word(),
            event: stretch.event,
            by: &stretch.by,
        }
    }
}

#[derive(Serialize)]
struct ShownWaited {
    awaited: &'static str,
    ms: i64,
}

#[derive(Serialize)]
struct ShownExchange<'a> {
    number: u32,
    event: u64,
    kind: &'a str,
    began: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<ShownMoment>,
    #[serde(skip_serializing_if = "str::is_empty")]
    judged: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cause: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    replies: &'a [String],
}

impl<'a> ShownExchange<'a> {
    fn of(line: &'a ExchangeLine) -> Self {
        Self {
            number: line.number,
            event: line.event,
            kind: &line.kind,
            began: Instant(line.began),
            ended: line.ended.map(ShownMoment::of),
            judged: &line.judged,
            cause: &line.cause,
            verdict: &line.verdict,
            state: &line.state,
            digest: line.digest.as_deref(),
            replies: &line.replies,
        }
    }
}

#[derive(Serialize)]
struct ShownPerson<'a> {
    event: u64,
    at: Instant,
    what: &'static str,
    by: &'a str,
}

#[derive(Serialize)]
struct ShownReminder<'a> {
    event: u64,
    at: Instant,
    why: &'a str,
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<ShownMoment>,
    #[serde(skip_serializing_if = "str::is_empty")]
    judged: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cause: &'a str,
}

impl<'a> ShownReminder<'a> {
    fn of(line: &'a ReminderLine) -> Self {
        let ReminderLine { event, at, why, tries, ended, judged, cause } = line;
        Self { event: *event, at: Instant(*at), why, tries: *tries, ended: ended.map(ShownMoment::of), judged, cause }
    }
}

#[derive(Serialize)]
struct ShownObjection<'a> {
    event: u64,
    at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Instant>,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<ShownAnswer<'a>>,
}

#[derive(Serialize)]
struct ShownAnswer<'a> {
    at: Instant,
    event: u64,
    end: &'a str,
    by: &'a str,
    in_time: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
}

impl<'a> ShownObjection<'a> {
    fn of(line: &'a ObjectionLine) -> Self {
        let answered = line.answered.as_ref().map(|(moment, end, by)| ShownAnswer {
            at: Instant(moment.at),
            event: moment.event,
            end,
            by,
            in_time: line.due.is_none_or(|due| moment.at <= due),
            text: line.answer.expose(),
        });
        Self { event: line.event, at: Instant(line.at), due: line.due.map(Instant), text: line.text.expose(), answered }
    }
}

#[derive(Serialize)]
struct ShownRank {
    event: u64,
    at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u16>,
    queued: bool,
}

#[derive(Serialize)]
struct ShownReleased<'a> {
    event: u64,
    at: Instant,
    how: &'a str,
    state: &'a str,
}

#[derive(Serialize)]
struct ShownRule {
    id: &'static str,
    source: &'static str,
    zh: &'static str,
    en: &'static str,
}

impl ShownRule {
    fn of(rule: &'static Rule) -> Self {
        Self { id: rule.id, source: rule.source, zh: rule.zh, en: rule.en }
    }
}

#[derive(Serialize)]
struct ShownEvent<'a> {
    sequence: u64,
    at: Instant,
    name: &'static str,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    entry: String,
    leaf: Option<Box<RawValue>>,
    leaf_hash: Hex<'a>,
    proof: Option<Vec<Hex<'a>>>,
}

impl<'a> ShownEvent<'a> {
    fn of(event: &'a EvidenceEvent, language: Language) -> Self {
        Self {
            sequence: event.sequence,
            at: Instant(event.at),
            name: event.name,
            what: language.pick(event.zh, event.en),
            reason: event.reason.as_ref().map(|reason| reason.expose().as_str()),
            entry: format!("/v1/trail/entries/{}", event.sequence),
            leaf: raw(event.leaf.clone()),
            leaf_hash: Hex(&event.leaf_hash),
            proof: event.proof.as_ref().map(|hashes| hashes.iter().map(|hash| Hex(hash)).collect()),
        }
    }
}

fn sealed(sealed: &SealedEvidence) -> ShownSealed<'_> {
    let order = &sealed.order;
    ShownSealed {
        case_number: sealed.case_number.expose(),
        slip: &sealed.slip,
        subject: order.subject,
        account: order.account.as_ref().map(|account| account.expose().as_str()),
        amount: order.amount.map(Yuan),
        from: order.from.map(Date),
        to: order.to.map(Date),
        officers: sealed
            .officers
            .iter()
            .map(|[name, work_id, duty_id]| ShownOfficer {
                name: name.expose(),
                work_id: work_id.expose(),
                duty_id: duty_id.expose(),
            })
            .collect(),
        papers: sealed
            .papers
            .iter()
            .map(|(kind, number, digest)| ShownPaper { kind, number: number.expose(), digest: digest.expose() })
            .collect(),
    }
}

impl<'a> ShownEvidence<'a> {
    fn of(view: &'a EvidenceView, language: Language) -> Self {
        let rank = |line: &RankLine| ShownRank {
            event: line.event,
            at: Instant(line.at),
            rank: line.rank,
            queued: line.queued,
        };
        let released = |line: &'a ReleasedLine| ShownReleased {
            event: line.event,
            at: Instant(line.at),
            how: &line.how,
            state: &line.state,
        };
        Self {
            act: view.act.to_string(),
            request: view.request.to_string(),
            case: view.case.to_string(),
            court: &view.court,
            kind: view.kind.map(domain::ActKind::word),
            partner: &view.partner,
            state: view.state.word(),
            as_of: Instant(view.as_of),
            erased: view.erased,
            complete: view.complete,
            sealed: view.sealed.as_ref().map(sealed),
            order_digest: view.order_digest.as_deref(),
            times: ShownTimes::of(&view.times),
            delays: view.delays.iter().map(|it| ShownDelay::of(it, view.as_of, language)).collect(),
            waited: view.waited.iter().map(|(awaited, ms)| ShownWaited { awaited: awaited.word(), ms: *ms }).collect(),
            exchanges: view.exchanges.iter().map(ShownExchange::of).collect(),
            exchanges_total: view.exchanges_total,
            people: view
                .people
                .iter()
                .map(|line| ShownPerson { event: line.event, at: Instant(line.at), what: line.what, by: &line.by })
                .collect(),
            reminders: view.reminders.iter().map(ShownReminder::of).collect(),
            objections: view.objections.iter().map(ShownObjection::of).collect(),
            ranks: view.ranks.iter().map(rank).collect(),
            released_alone: view.released_alone.iter().map(released).collect(),
            rules: view.rules.iter().map(|rule| ShownRule::of(rule)).collect(),
            events: view.events.iter().map(|event| ShownEvent::of(event, language)).collect(),
            events_total: view.events_total,
            next: view.next.map(|next| next.to_string()),
            tree_size: view.tree_size,
            checkpoint: &view.checkpoint,
            head: ShownHead::of(view),
        }
    }
}

/// Everything that proves one act. Whoever runs the gateway sees what stands in leaves, the court and its auditors also what is sealed.
pub(crate) async fn show(
    allowed: Allowed<ReadEvidence>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = act_id(&id)?;
    let mut query = Query::of(request.query_string(), &["cursor", "limit"]);
    let (cursor, limit) = (query.number("cursor", 0, u64::MAX), page_len(&mut query));
    query.end()?;
    let sealed = allowed.is_one_of(ReadRequests::ROLES);
    let view = allowed.gate().evidence(allowed.caller(), id, sealed, (cursor, limit)).await?;
    if wants_text(&request) {
        let page = serde_json::from_slice(&json(&ShownEvidence::of(&view, Language::Chinese)));
        let page: serde_json::Value = page.map_err(|_| Slug::Internal)?;
        let mut answer = HttpResponse::Ok();
        answer.insert_header(("Cache-Control", "no-store")).insert_header(("Vary", "Accept"));
        return Ok(answer.content_type("text/plain; charset=utf-8").body(sheet(&page)));
    }
    let mut answer = personal_answer(json(&ShownEvidence::of(&view, allowed.language())));
    answer
        .headers_mut()
        .insert(actix_web::http::header::VARY, actix_web::http::header::HeaderValue::from_static("Accept"));
    Ok(answer)
}

/// The sheet is for whoever asks for text first; JSON for everybody else.
fn wants_text(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("text/plain")
}
