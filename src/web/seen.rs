//! The outermost layer of every call: its name, its span, its end in the log, a panic turned into a problem, problems in the
//! caller's language.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, VARY};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use futures_util::FutureExt as _;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::language::Language;
use crate::problem::{Problem, Slug};
use crate::right::language_of;
use crate::tokens::Holder;

const CALL: HeaderName = HeaderName::from_static("x-call-id");

/// Names calls: a word drawn at start and a count, unique over restarts without asking anybody.
pub(crate) struct CallNames {
    start: u32,
    count: AtomicU64,
}

impl CallNames {
    pub(crate) fn new(start: u32) -> Self {
        Self { start, count: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        format!("{:08x}-{:x}", self.start, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// Answers a call, whatever happens inside.
pub(crate) async fn see(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let call = request.app_data::<web::Data<CallNames>>().map_or_else(String::new, |names| names.next());
    let language = language_of(request.request());
    // At the level of the gravest line within it: a span that the log leaves out would take the call's name from lines that it keeps.
    let span = tracing::error_span!(
        "call", call, method = %request.method(), route = Empty, status = Empty, duration_ms = Empty, token = Empty
    );
    let served = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = match served {
        Ok(Ok(response)) => in_language(response, language, &call),
        Ok(Err(error)) => return Err(outer(&span, error.as_error::<Problem>(), language, &call)),
        Err(_) => return Err(outer(&span, None, language, &call)),
    };
    let request = response.request();
    let status = response.status().as_u16();
    // Only a line that is written needs them; most calls are served and say nothing.
    if status >= 400 || tracing::enabled!(tracing::Level::DEBUG) {
        span.record("route", request.match_pattern().unwrap_or_else(|| "unknown".to_owned()));
        span.record("status", status);
        span.record("duration_ms", u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        if let Some(holder) = request.extensions().get::<Arc<Holder>>() {
            span.record("token", holder.caller.token.as_str());
        }
    }
    span.in_scope(|| match status {
        500.. => tracing::warn!("call failed"),
        400.. => tracing::info!("call refused"),
        _ => tracing::debug!("call served"),
    });
    if let Ok(name) = HeaderValue::from_str(&call) {
        response.headers_mut().insert(CALL, name);
    }
    if response.request().path().starts_with("/v1/") {
        vary(response.headers_mut());
    }
    Ok(response)
}

/// Texts are in the caller's language, and what is shown is what the caller may see: nobody in between may give one's answer to another.
fn vary(headers: &mut HeaderMap) {
    const LANGUAGE_AND_TOKEN: &str = "Accept-Language, Authorization";
    let whole = match headers.get(VARY).and_then(|value| value.to_str().ok()) {
        None | Some("Accept-Language") => Some(HeaderValue::from_static(LANGUAGE_AND_TOKEN)),
        Some(also) => HeaderValue::from_str(&format!("{also}, {LANGUAGE_AND_TOKEN}")).ok(),
    };
    whole.into_iter().for_each(|whole| drop(headers.insert(VARY, whole)));
}

/// The answer of a handler; a problem in it is told in the caller's language.
fn in_language(
    response: ServiceResponse<impl MessageBody + 'static>,
    language: Language,
    call: &str,
) -> ServiceResponse<BoxBody> {
    let Some(problem) = response.response().error().map(|error| error.as_error::<Problem>().cloned()) else {
        return response.map_into_boxed_body();
    };
    let problem = problem.unwrap_or_else(|| foreign(response.status().as_u16()));
    response.into_response(problem.answer(language, call))
}

/// An error that actix itself found, such as a path that is no UTF-8.
fn foreign(status: u16) -> Problem {
    match status {
        400..=499 => Slug::NotFound.into(),
        _ => Slug::Internal.into(),
    }
}

/// A panic, or a service that failed before it had an answer; what it said stays inside.
fn outer(span: &tracing::Span, problem: Option<&Problem>, language: Language, call: &str) -> Error {
    let answer = problem.cloned().unwrap_or_else(|| Slug::Internal.into()).answer(language, call);
    span.record("status", answer.status().as_u16());
    span.in_scope(|| tracing::error!("call ended without an answer of its handler"));
    InternalError::from_response("call failed", answer).into()
}
