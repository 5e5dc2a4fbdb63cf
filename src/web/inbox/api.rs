//! Inboxes as JSON: what waits, one task with its papers, claims, answers.

use actix_web::web::{self, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ActId;
use domain::outcome::Outcome;
use serde::Serialize;

use super::answer;
use super::shown::{ShownClaim, ShownTask, ShownTasks};
use crate::body;
use crate::gate::{Answered, INBOX_PAGE_MAX};
use crate::intake::commands;
use crate::intake::documents::attachment;
use crate::intake::form::AnswerForm;
use crate::intake::query::Query;
use crate::intake::read;
use crate::intake::requests::personal_answer;
use crate::intake::show::{ShownReceipt, json};
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Clerk};

/// Reads the id in a path.
pub(super) fn act_id(text: &str) -> Result<ActId, Problem> {
    ActId::parse(text).ok_or_else(|| Slug::NotFound.into())
}

/// Reads the place of a paper in a path.
pub(super) fn place(text: &str) -> Result<u16, Problem> {
    let whole = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| whole).ok_or_else(|| Slug::NotFound.into())
}

pub(crate) async fn list(allowed: Allowed<Clerk>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string(), &["from", "limit"]);
    let from = query.number("from", 0, u64::from(u32::MAX)).and_then(|from| from.try_into().ok()).unwrap_or(0);
    let limit = query.number("limit", 1, u64::from(INBOX_PAGE_MAX)).and_then(|limit| limit.try_into().ok());
    query.end()?;
    let page = allowed.gate().inbox(allowed.caller(), from, limit.unwrap_or(INBOX_PAGE_MAX)).await?;
    Ok(personal_answer(json(&ShownTasks::of(&page))))
}

pub(crate) async fn show(allowed: Allowed<Clerk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let view = allowed.gate().inbox_task(allowed.caller(), act_id(&id)?).await?;
    Ok(personal_answer(json(&ShownTask::of(&view))))
}

pub(crate) async fn claim(
    allowed: Allowed<Clerk>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    commands::bytes(&request, payload, allowed.limits()).await?;
    let claim = allowed.gate().claim_act(allowed.caller(), act_id(&id)?).await?;
    Ok(personal_answer(json(&ShownClaim::of(&claim))))
}

#[derive(Serialize)]
struct ShownAnswered<'a> {
    id: String,
    state: &'static str,
    verdict: &'static str,
    receipt: ShownReceipt<'a>,
}

impl<'a> ShownAnswered<'a> {
    fn of(answered: &'a Answered) -> Self {
        let Answered { act, state, verdict, receipt } = answered;
        Self { id: act.to_string(), state: state.word(), verdict, receipt: ShownReceipt::of(receipt) }
    }
}

pub(crate) async fn answer(
    allowed: Allowed<Clerk>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let limits = allowed.limits();
    let bytes = body::read(&request, payload, limits.face_bytes_max, limits).await?;
    body::require_json(&request)?;
    let id = act_id(&id)?;
    let outcome = if bytes.len() <= limits.inline_bytes_max {
        outcome(&bytes)?
    } else {
        web::block(move || outcome(&bytes)).await.map_err(|_| Slug::Internal)??
    };
    let answered = allowed.gate().answer_act(allowed.caller(), id, outcome).await?;
    Ok(personal_answer(json(&ShownAnswered::of(&answered))))
}

pub(crate) fn outcome(bytes: &[u8]) -> Result<Outcome, Problem> {
    let form = read::form::<AnswerForm<'_>>(bytes)?;
    answer::outcome(form, Vec::new()).map_err(|faults| Problem::from(Slug::InvalidRequest).at(faults))
}

pub(crate) async fn paper(allowed: Allowed<Clerk>, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (id, n) = path.into_inner();
    let paper = allowed.gate().inbox_paper(allowed.caller(), act_id(&id)?, place(&n)?).await?;
    Ok(attachment(paper))
}
