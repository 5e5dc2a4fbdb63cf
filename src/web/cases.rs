//! Commands on a case: another claim, a halt, what lets it go on, and its erasure; and the release or renewal that a task proposes.

use actix_web::http::header::LOCATION;
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::case::{EraseCause, HaltCause};
use domain::{CaseId, TaskId};
use serde::Serialize;

use crate::gate::{Brought, CaseErasure, TaskAcceptance};
use crate::intake::check::each;
use crate::intake::commands::{bytes, checked, reason, reason_alone, sequence};
use crate::intake::form::{AcceptForm, ClaimForm, EraseForm, HaltForm};
use crate::intake::parts;
use crate::intake::show::{ShownAccepted, json};
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Settle};

fn case_id(text: &str) -> Result<CaseId, Problem> {
    CaseId::parse(text).ok_or_else(|| Slug::NotFound.into())
}

/// What is owed is another sum from now on.
pub(crate) async fn claim(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let (claim, costs, reason) = checked(&bytes, |form: ClaimForm<'_>, at, faults| {
        let claim = faults.amount(&at.field("claim"), &form.claim);
        let costs = form.costs.map(|costs| faults.amount(&at.field("costs"), &costs)).unwrap_or_default();
        Some((claim, costs, reason(form.reason, at, faults)))
    })?;
    Ok(sequence(allowed.gate().amend_claim(allowed.caller(), id, claim, costs, reason).await?))
}

/// Nothing more is done to the property in the case.
pub(crate) async fn halt(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let (cause, document, reason) = checked(&bytes, |form: HaltForm<'_>, at, faults| {
        let words = || HaltCause::ALL.iter().map(|cause| cause.word());
        let cause = faults.word(&at.field("cause"), &form.cause, HaltCause::from_word, words());
        let document = form.document.map(|digest| faults.digest(&at.field("document"), digest));
        let reason = reason(form.reason, at, faults);
        Some((cause?, document, reason))
    })?;
    Ok(sequence(allowed.gate().halt_case(allowed.caller(), id, cause, reason, document).await?))
}

#[derive(Serialize)]
struct ShownErasure {
    sequence: u64,
    erased: bool,
}

/// A person's word that the case is to be erased; with another's it is.
pub(crate) async fn erase(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let (cause, reason) = checked(&bytes, |form: EraseForm<'_>, at, faults| {
        let words = || EraseCause::ALL.iter().map(|cause| cause.word());
        let cause = faults.word(&at.field("cause"), &form.cause, EraseCause::from_word, words());
        let reason = reason(form.reason, at, faults);
        Some((cause?, reason))
    })?;
    let CaseErasure { sequence, erased } = allowed.gate().erase_case(allowed.caller(), id, cause, reason).await?;
    let shown = json(&ShownErasure { sequence, erased });
    Ok(HttpResponse::Ok().content_type("application/json").body(shown))
}

/// Another person lets the case go on.
pub(crate) async fn resume(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = case_id(&id)?;
    let reason = reason_alone(&bytes(&request, payload, allowed.limits()).await?)?;
    Ok(sequence(allowed.gate().resume_case(allowed.caller(), id, reason).await?))
}

/// What a task proposes becomes a request; the same answer for the same task.
pub(crate) async fn accept(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = TaskId::parse(&id).ok_or(Slug::NotFound)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let acceptance = checked(&bytes, |form: AcceptForm<'_>, at, faults| {
        let mut papers = Vec::new();
        if let Some(document) = form.document {
            let paper = parts::paper(document, &at.field("document"), faults);
            papers.extend(paper.map(|paper| Brought { paper, at: "/document".to_owned() }));
        }
        let (in_documents, in_officers) = (at.field("documents"), at.field("officers"));
        let documents = form.documents.map(|documents| documents.0).unwrap_or_default();
        let documents = each(documents, &in_documents, |form, at| parts::paper(form, at, faults));
        let placed = |(place, paper): (usize, _)| Brought { paper, at: format!("/documents/{place}") };
        papers.extend(documents.into_iter().enumerate().map(placed));
        let officers = form.officers.map(|officers| officers.0).unwrap_or_default();
        let officers = each(officers, &in_officers, |form, at| parts::officer(form, at, faults));
        Some(TaskAcceptance { id, reason: reason(form.reason, at, faults), papers, officers })
    })?;
    let accepted = allowed.gate().accept_task(allowed.caller(), acceptance).await?;
    let place = format!("/v1/requests/{}", accepted.request);
    let shown = json(&ShownAccepted::of(&accepted));
    Ok(HttpResponse::Accepted().insert_header((LOCATION, place)).content_type("application/json").body(shown))
}
