//! Bodies of commands: a small form with a reason, checked like everything else.

use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::body;
use crate::intake::at::At;
use crate::intake::form::{ReasonForm, Text};
use crate::intake::read;
use crate::intake::show::json;
use crate::intake::text::{Faults, plain};
use crate::limits::{Limits, REASON_CHARACTERS_MAX};
use crate::problem::{Problem, Slug};

/// The bytes of a command.
pub(crate) async fn bytes(request: &HttpRequest, payload: Payload, limits: &Limits) -> Result<Bytes, Problem> {
    let bytes = body::read(request, payload, limits.command_bytes_max, limits).await?;
    if !bytes.is_empty() {
        body::require_json(request)?;
    }
    Ok(bytes)
}

/// A form with its faults collected by `check`.
pub(crate) fn checked<'a, F: Deserialize<'a>, T>(
    bytes: &'a [u8],
    check: impl FnOnce(F, &At<'_>, &mut Faults) -> Option<T>,
) -> Result<T, Problem> {
    let form = read::form(bytes)?;
    let mut faults = Faults::none();
    let checked = check(form, &At::Root, &mut faults);
    let faults = faults.found();
    match checked {
        Some(checked) if faults.is_empty() => Ok(checked),
        _ => Err(Problem::from(Slug::InvalidRequest).at(faults)),
    }
}

/// A reason in a person's words.
pub(crate) fn reason(text: Text<'_>, at: &At<'_>, faults: &mut Faults) -> String {
    faults.text(&at.field("reason"), text, plain(REASON_CHARACTERS_MAX))
}

/// The body `{"reason": "…"}`.
pub(crate) fn reason_alone(bytes: &[u8]) -> Result<String, Problem> {
    checked(bytes, |form: ReasonForm<'_>, at, faults| Some(reason(form.reason, at, faults)))
}

#[derive(Serialize)]
struct ShownVersion {
    version: u64,
}

#[derive(Serialize)]
struct ShownSequence {
    sequence: u64,
}

/// A request has this version now.
pub(crate) fn version(version: u64) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(json(&ShownVersion { version }))
}

/// The command is the event of this sequence.
pub(crate) fn sequence(sequence: u64) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(json(&ShownSequence { sequence }))
}
