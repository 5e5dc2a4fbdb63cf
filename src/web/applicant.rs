//! The applicant's view (rule D34): the court lets it be seen for a case, and then it tells sums and states, nothing by which anybody is known.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ActState, CaseId};
use engine::view::{ApplicantFound, ApplicantResult};
use serde::Serialize;

use crate::gate::ApplicantView;
use crate::intake::commands::{bytes, checked, reason, sequence};
use crate::intake::form::ApplicantForm;
use crate::intake::query::Query;
use crate::intake::requests::{personal_answer, request_id};
use crate::intake::show::{Counts, Instant, ShownMeasure, Yuan, json};
use crate::limits::{ACTS_PAGE, ACTS_PAGE_MAX};
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Approve, ReadRequests};

/// The court says whether the applicant of a case may see what came of its requests.
pub(crate) async fn allow(
    allowed: Allowed<Approve>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = CaseId::parse(&id).ok_or(Slug::NotFound)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let (allow, reason) =
        checked(&bytes, |form: ApplicantForm<'_>, at, faults| Some((form.allow, reason(form.reason, at, faults))))?;
    Ok(sequence(allowed.gate().show_applicant(allowed.caller(), id, allow, reason).await?))
}

#[derive(Serialize)]
struct ShownView<'a> {
    case_number: &'a str,
    court: &'a str,
    goal: &'a str,
    state: &'static str,
    accepted_at: Instant,
    as_of: Instant,
    erased: bool,
    sums: ShownSums,
    counts: Counts<'a>,
    results: Vec<ShownResult<'a>>,
    next_page: Option<u32>,
}

#[derive(Serialize)]
struct ShownSums {
    target: Yuan,
    controlled: Yuan,
    deducted: Yuan,
}

#[derive(Serialize)]
struct ShownResult<'a> {
    kind: &'static str,
    partner: &'a str,
    subject: u16,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_end: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caught: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<ShownMeasure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<ShownFound<'a>>,
}

#[derive(Serialize)]
struct ShownFound<'a> {
    asset: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    account_end: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Yuan>,
}

fn result<'r>(result: &'r ApplicantResult) -> ShownResult<'r> {
    let found = |found: &'r ApplicantFound| ShownFound {
        asset: found.asset.word(),
        account_end: found.account.0.expose(),
        balance: found.balance.map(Yuan),
        available: found.available.map(Yuan),
    };
    ShownResult {
        kind: result.kind.word(),
        partner: &result.partner,
        subject: result.subject,
        state: result.state.word(),
        account_end: result.account.as_ref().map(|end| end.0.expose().as_str()).filter(|end| !end.is_empty()),
        amount: result.amount.map(Yuan),
        caught: result.caught.map(Yuan),
        moved: result.moved.map(Yuan),
        measure: result.measure.map(ShownMeasure::of),
        found: result.found.iter().map(found).collect(),
    }
}

/// What the applicant may see of a request.
pub(crate) async fn show(
    allowed: Allowed<ReadRequests>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = request_id(&id)?;
    let mut query = Query::of(request.query_string(), &["page", "page_len"]);
    let from = query.number("page", 0, u64::from(u32::MAX)).and_then(|from| from.try_into().ok()).unwrap_or(0);
    let len = query.number("page_len", 1, ACTS_PAGE_MAX.into()).and_then(|len| len.try_into().ok());
    query.end()?;
    let view = allowed.gate().applicant(allowed.caller(), id, from, len.unwrap_or(ACTS_PAGE)).await?;
    Ok(personal_answer(json(&shown(&view))))
}

fn shown(view: &ApplicantView) -> ShownView<'_> {
    let counts: &[(ActState, u32)] = &view.counts;
    ShownView {
        case_number: view.case_number.expose(),
        court: &view.court,
        goal: &view.goal,
        state: view.state.word(),
        accepted_at: Instant(view.accepted_at),
        as_of: Instant(view.as_of),
        erased: view.erased,
        sums: ShownSums {
            target: Yuan(view.sums.target),
            controlled: Yuan(view.sums.controlled),
            deducted: Yuan(view.sums.deducted),
        },
        counts: Counts(counts),
        results: view.results.iter().map(result).collect(),
        next_page: view.next_page,
    }
}
