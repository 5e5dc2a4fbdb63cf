//! Commands on requests and acts: approve, stop, withdraw, object, resolve.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ActId, Personal};
use serde::Serialize;

use crate::gate::{Resolution, Resolved};
use crate::intake::commands::{bytes, checked, reason, reason_alone, sequence, version};
use crate::intake::form::{ObjectionForm, ResolveForm};
use crate::intake::requests::request_id;
use crate::intake::show::json;
use crate::intake::text::plain;
use crate::limits::REASON_CHARACTERS_MAX;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Approve, Object, Settle};

pub(crate) fn act_id(text: &str) -> Result<ActId, Problem> {
    ActId::parse(text).ok_or_else(|| Slug::NotFound.into())
}

/// With a reason, as all that people do; a refusal to approve is a stop.
pub(crate) async fn approve(
    allowed: Allowed<Approve>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = request_id(&id)?;
    let reason = reason_alone(&bytes(&request, payload, allowed.limits()).await?)?;
    Ok(version(allowed.gate().approve(allowed.caller(), id, reason).await?))
}

pub(crate) async fn stop(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = request_id(&id)?;
    let reason = reason_alone(&bytes(&request, payload, allowed.limits()).await?)?;
    Ok(version(allowed.gate().stop(allowed.caller(), id, reason).await?))
}

pub(crate) async fn withdraw(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = act_id(&id)?;
    let reason = reason_alone(&bytes(&request, payload, allowed.limits()).await?)?;
    Ok(version(allowed.gate().withdraw(allowed.caller(), id, reason).await?))
}

#[derive(Serialize)]
struct ShownResolved {
    version: u64,
    settled: bool,
    differs: bool,
}

pub(crate) async fn resolve(
    allowed: Allowed<Settle>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = act_id(&id)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let resolution = checked(&bytes, |form: ResolveForm<'_>, at, faults| {
        Some(Resolution {
            took_effect: form.took_effect,
            amount: form.amount.map(|amount| faults.amount(&at.field("amount"), &amount)),
            document: faults.digest(&at.field("document"), form.document),
            reason: reason(form.reason, at, faults),
        })
    })?;
    let Resolved { version, settled, differs } = allowed.gate().resolve(allowed.caller(), id, resolution).await?;
    let shown = json(&ShownResolved { version, settled, differs });
    Ok(HttpResponse::Ok().content_type("application/json").body(shown))
}

/// A partner's written objection; it suspends nothing, and the court must answer it.
pub(crate) async fn object(
    allowed: Allowed<Object>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = act_id(&id)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let text = checked(&bytes, |form: ObjectionForm<'_>, at, faults| {
        Some(Personal::new(faults.text(&at.field("text"), form.text, plain(REASON_CHARACTERS_MAX))))
    })?;
    Ok(sequence(allowed.gate().object(allowed.caller(), id, text).await?))
}
