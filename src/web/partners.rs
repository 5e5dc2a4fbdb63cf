//! Partners and their lanes for operators: how they are, pause, resume; and results that partners send.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ActState;
use domain::partner::Stage;
use domain::request::PartnerKind;
use domain::socket::Cause;
use serde::Serialize;

use crate::gate::PartnerView;
use crate::inbox::shown::ShownReminder;
use crate::intake::check::PARTNER_CHARACTERS_MAX;
use crate::intake::commands::{bytes, checked, reason, sequence};
use crate::intake::form::PauseForm;
use crate::intake::show::{Instant, json};
use crate::language::Language;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Inbound, Operate, ReadStates};

#[derive(Serialize)]
struct ShownPartners<'a> {
    partners: Vec<ShownPartner<'a>>,
}

#[derive(Serialize)]
struct ShownPartner<'a> {
    id: &'a str,
    name: &'a str,
    kind: Option<&'static str>,
    travel: Option<&'static str>,
    acts: Vec<&'static str>,
    stage: Option<&'static str>,
    answered: u64,
    answer_rate: Option<String>,
    last_call_at: Option<Instant>,
    last_failure: Option<ShownFailure>,
    waiting: Vec<ShownWaiting>,
    in_flight: u32,
    paused: Option<ShownPause<'a>>,
    broken_until: Option<Instant>,
    opens_at: Option<Instant>,
    overdue: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reminder: Option<ShownReminder<'a>>,
    retired: bool,
}

#[derive(Serialize)]
struct ShownWaiting {
    state: &'static str,
    count: u64,
    oldest_since: Option<Instant>,
}

#[derive(Serialize)]
struct ShownFailure {
    at: Instant,
    cause: String,
    what: &'static str,
}

impl ShownFailure {
    fn of((at, cause): (i64, Cause), language: Language) -> Self {
        let (chinese, english) = cause.told();
        let what = if language == Language::Chinese { chinese } else { english };
        let cause = match cause {
            Cause::Status(status) => format!("status_{status}"),
            cause => cause.word().to_owned(),
        };
        Self { at: Instant(at), cause, what }
    }
}

#[derive(Serialize)]
struct ShownPause<'a> {
    by: &'a str,
    until: Instant,
}

impl<'a> ShownPartner<'a> {
    fn of(view: &'a PartnerView, language: Language) -> Self {
        let waiting = |&(state, count, oldest): &(ActState, u64, Option<i64>)| ShownWaiting {
            state: state.word(),
            count,
            oldest_since: oldest.map(Instant),
        };
        Self {
            id: &view.id,
            name: &view.name,
            kind: view.kind.map(PartnerKind::word),
            travel: view.travel,
            acts: view.acts.iter().map(|act| act.word()).collect(),
            stage: view.stage.map(Stage::word),
            answered: view.answered,
            answer_rate: view.answer_rate().map(|rate| format!("{}.{:02}", rate / 100, rate % 100)),
            last_call_at: view.last_call.map(Instant),
            last_failure: view.last_failure.map(|failure| ShownFailure::of(failure, language)),
            waiting: view.waiting.iter().map(waiting).collect(),
            in_flight: view.in_flight,
            paused: view.paused.as_ref().map(|(by, until)| ShownPause { by, until: Instant(*until) }),
            broken_until: view.broken_until.map(Instant),
            opens_at: view.opens_at.map(Instant),
            overdue: view.overdue,
            reminder: view.reminder.as_ref().map(ShownReminder::of),
            retired: view.retired,
        }
    }
}

pub(crate) async fn list(allowed: Allowed<ReadStates>) -> HttpResponse {
    let views = allowed.gate().partners();
    let partners = views.iter().map(|view| ShownPartner::of(view, allowed.language())).collect();
    HttpResponse::Ok().content_type("application/json").body(json(&ShownPartners { partners }))
}

pub(crate) fn is_partner(id: &str) -> bool {
    (1..=PARTNER_CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

pub(crate) async fn pause(
    allowed: Allowed<Operate>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    if !is_partner(&id) {
        return Err(Slug::NotFound.into());
    }
    let (reason, until) = checked(&bytes, |form: PauseForm<'_>, at, faults| {
        let reason = reason(form.reason, at, faults);
        let until = faults.instant(&at.field("until"), &form.until)?;
        Some((reason, until))
    })?;
    Ok(sequence(allowed.gate().pause(allowed.caller(), &id, reason, until).await?))
}

pub(crate) async fn resume(
    allowed: Allowed<Operate>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    bytes(&request, payload, allowed.limits()).await?;
    if !is_partner(&id) {
        return Err(Slug::NotFound.into());
    }
    Ok(sequence(allowed.gate().resume(allowed.caller(), &id).await?))
}

/// What a partner posts is read by its own adapter; this floor only knows who it is.
pub(crate) async fn inbound(
    allowed: Allowed<Inbound>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let limits = allowed.limits();
    let bytes = crate::body::read(&request, payload, limits.face_bytes_max, limits).await?;
    if !is_partner(&id) {
        return Err(Slug::NotFound.into());
    }
    Ok(crate::faces::sent(allowed.gate().inbound(allowed.caller(), &id, bytes.to_vec()).await?))
}
