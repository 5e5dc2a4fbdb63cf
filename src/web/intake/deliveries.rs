//! Deliveries: what is announced to a court's system, what it has, the attempts, and asking for more.

use std::fmt;

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::Millis;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::gate::{AttemptView, RequestView};
use crate::intake::commands::{bytes, checked};
use crate::intake::requests::{personal_answer, request_id};
use crate::intake::show::{Instant, ShownDelivery, ShownRequest, json};
use crate::language::Language;
use crate::problem::Problem;
use crate::right::{Allowed, ReadStates, Redeliver};

#[derive(Serialize)]
struct Announcement<'a> {
    r#type: &'static str,
    timestamp: Instant,
    data: Announced<'a>,
}

#[derive(Serialize)]
struct Announced<'a> {
    id: String,
    version: u64,
    previous_version: u64,
    digest: String,
    request: ShownRequest<'a>,
}

/// The body of a delivery: the request as `GET /v1/requests/{id}` shows it, and the version that the court had before. `at` is the
/// instant of the version, so that every attempt says the same.
#[must_use]
pub fn announce(view: &RequestView, previous: u64, at: Millis) -> Vec<u8> {
    let request = ShownRequest::of(view, Language::default(), false).without_delivery();
    let is_open = view.state == domain::request::RequestState::Open;
    let kind = if is_open { "request.changed" } else { "request.finished" };
    let digest = request.digest().to_owned();
    let (id, version) = (view.id.to_string(), view.version);
    json(&Announcement {
        r#type: kind,
        timestamp: Instant(at),
        data: Announced { id, version, previous_version: previous, digest, request },
    })
}

#[derive(Serialize)]
struct ShownDeliveries {
    delivery: Option<ShownDelivery>,
    attempts: Vec<ShownAttempt>,
}

#[derive(Serialize)]
struct ShownAttempt {
    sequence: u64,
    at: Instant,
    judged: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cause: String,
    version: u64,
    previous_version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Instant>,
}

impl ShownAttempt {
    fn of(attempt: AttemptView) -> Self {
        let AttemptView { sequence, at, judged, cause, version, previous, due } = attempt;
        Self { sequence, at: Instant(at), judged, cause, version, previous_version: previous, due: due.map(Instant) }
    }
}

pub(crate) async fn list(allowed: Allowed<ReadStates>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (delivery, attempts) = allowed.gate().deliveries(allowed.caller(), request_id(&id)?).await?;
    let attempts = attempts.into_iter().map(ShownAttempt::of).collect();
    let delivery = delivery.as_ref().map(ShownDelivery::of);
    Ok(personal_answer(json(&ShownDeliveries { delivery, attempts })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct AgainForm {
    since_version: u64,
}

/// What serde derives takes a list of the fields' values as well; an object is an object here as in every other body.
impl<'de> Deserialize<'de> for AgainForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = AgainForm;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                AgainForm::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[derive(Serialize)]
struct ShownAgain {
    version: u64,
    previous_version: u64,
}

/// Without a body everything is delivered again, as to a system that has nothing.
pub(crate) async fn again(
    allowed: Allowed<Redeliver>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = request_id(&id)?;
    let bytes = bytes(&request, payload, allowed.limits()).await?;
    let since = if bytes.is_empty() { 0 } else { checked(&bytes, |form: AgainForm, _, _| Some(form.since_version))? };
    let version = allowed.gate().redeliver(allowed.caller(), id, since).await?;
    let shown = ShownAgain { version, previous_version: since };
    Ok(HttpResponse::Accepted().content_type("application/json").body(json(&shown)))
}

#[derive(Serialize)]
struct ShownKeys {
    courts: Vec<CourtKeys>,
}

#[derive(Serialize)]
struct CourtKeys {
    court: String,
    keys: Vec<String>,
}

/// The public keys of the caller's court, newest first; of every court for those who belong to none.
pub(crate) async fn keys(allowed: Allowed<ReadStates>) -> HttpResponse {
    let courts = allowed.gate().courts(allowed.caller().court.as_deref());
    let courts = courts.into_iter().map(|view| CourtKeys { court: view.court, keys: view.keys }).collect();
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .content_type("application/json")
        .body(json(&ShownKeys { courts }))
}
