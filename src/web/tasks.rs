//! Tasks: what only a person can do, seen by whoever it concerns and ended with a reason.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::TaskId;
use domain::task::{TaskEnd, TaskKind};
use serde::Serialize;

use crate::gate::{Page, TaskEnding, TaskFilter, TaskView};
use crate::intake::check::PARTNER_CHARACTERS_MAX;
use crate::intake::commands::{bytes, checked, reason, sequence};
use crate::intake::form::TaskEndForm;
use crate::intake::query::Query;
use crate::intake::requests::{page_len, personal_answer};
use crate::intake::show::{Instant, Yuan, json};
use crate::language::Language;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, EndTasks, ReadRequests, ReadTasks, Right as _};

/// Characters of a court's code.
const COURT_CHARACTERS_MAX: usize = 12;

#[derive(Serialize)]
struct ShownTasks<'a> {
    tasks: Vec<ShownTask<'a>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct ShownTask<'a> {
    id: String,
    kind: &'static str,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Instant>,
    #[serde(skip_serializing_if = "str::is_empty")]
    court: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    partner: &'a str,
    automatic: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
}

impl<'a> ShownTask<'a> {
    fn of(view: &'a TaskView, language: Language) -> Self {
        Self {
            id: view.id.to_string(),
            kind: view.kind.word(),
            what: match language {
                Language::Chinese => view.kind.chinese(),
                Language::English => view.kind.english(),
            },
            rule: view.kind.rule().map(|rule| rule.id),
            at: Instant(view.at),
            due: view.due.map(Instant),
            court: &view.court,
            case: view.case.map(|case| case.to_string()),
            act: view.act.map(|act| act.to_string()),
            measure: view.measure.map(|measure| measure.to_string()),
            partner: &view.partner,
            automatic: view.automatic,
            amount: view.amount.map(Yuan),
            text: view.text.expose(),
        }
    }
}

pub(crate) async fn list(allowed: Allowed<ReadTasks>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string(), &["kind", "court", "partner", "cursor", "limit"]);
    let filter = TaskFilter {
        kind: query.word("kind", TaskKind::from_word, TaskKind::ALL.iter().map(|kind| kind.word())),
        court: query.code("court", COURT_CHARACTERS_MAX, ""),
        partner: query.code("partner", PARTNER_CHARACTERS_MAX, "-"),
        cursor: query.number("cursor", 0, u64::MAX),
        limit: page_len(&mut query),
    };
    query.end()?;
    let sealed = allowed.is_one_of(ReadRequests::ROLES);
    let Page { lines, next, .. } = allowed.gate().tasks(allowed.caller(), filter, sealed).await?;
    let tasks = lines.iter().map(|view| ShownTask::of(view, allowed.language())).collect();
    Ok(personal_answer(json(&ShownTasks { tasks, next: next.map(|next| next.to_string()) })))
}

pub(crate) async fn end(
    allowed: Allowed<EndTasks>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = TaskId::parse(&id).ok_or(Slug::NotFound)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let ending = checked(&bytes, |form: TaskEndForm<'_>, at, faults| {
        let by_person = |word: &str| [TaskEnd::Done, TaskEnd::Dismissed].into_iter().find(|end| end.word() == word);
        let words = [TaskEnd::Done, TaskEnd::Dismissed].into_iter().map(TaskEnd::word);
        let end = faults.word(&at.field("end"), &form.end, by_person, words);
        let reason = reason(form.reason, at, faults);
        Some(TaskEnding { id, end: end?, reason })
    })?;
    Ok(sequence(allowed.gate().end_task(allowed.caller(), ending).await?))
}
