//! `POST /v1/requests`: one click becomes one durable request with its signed receipt.

use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::request::Request;

use crate::body;
use crate::intake::form::RequestForm;
use crate::intake::show::{ShownAccepted, json};
use crate::intake::{check, read};
use crate::limits::KEY_CHARACTERS_MAX;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Submit};

pub(crate) async fn submit(
    allowed: Allowed<Submit>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(request.headers())?;
    body::require_json(&request)?;
    let limits = allowed.limits();
    let bytes = body::read(&request, payload, limits.request_bytes_max, limits).await?;
    let (order, fingerprint) = understand(&bytes)?;
    let accepted = allowed.gate().submit(allowed.caller(), key, fingerprint, order).await?;
    let place = format!("/v1/requests/{}", accepted.request);
    let shown = json(&ShownAccepted::of(&accepted));
    Ok(HttpResponse::Accepted().insert_header((LOCATION, place)).content_type("application/json").body(shown))
}

/// The request that a body stands for, and the SHA-256 of its canonical JSON.
///
/// # Errors
/// Every fault, by JSON pointer.
pub fn understand(body: &[u8]) -> Result<(Request, [u8; 32]), Problem> {
    let form: RequestForm<'_> = read::form(body)?;
    let fingerprint = form.fingerprint().map_err(|_| Slug::Internal)?;
    let order = check::request(form).map_err(|faults| Problem::from(Slug::InvalidRequest).at(faults))?;
    Ok((order, fingerprint))
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut given = headers.get_all("Idempotency-Key");
    let Some(key) = given.next() else { return Err(Problem::from(Slug::IdempotencyKeyMissing).closing()) };
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    let key = key.to_str().ok().filter(|key| visible && (1..=KEY_CHARACTERS_MAX).contains(&key.len()));
    match (key, given.next()) {
        (Some(key), None) => Ok(key),
        _ => Err(Problem::from(Slug::IdempotencyKeyInvalid).closing()),
    }
}
