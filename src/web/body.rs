//! Reading a body within its bounds on size and time.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use crate::limits::Limits;
use crate::problem::{Problem, Slug};
use crate::refusal::OVERLOAD_WAIT_S;
use crate::right::Doors;
use crate::tokens::Holder;

/// The whole body, of at most `bytes_max`.
///
/// # Errors
/// It is compressed, larger, slower than [`Limits::body_rate_min`], breaks off, or there is no room beside all others.
pub(crate) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    bytes_max: usize,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    if request.headers().get(CONTENT_ENCODING).is_some_and(|value| value.as_bytes() != b"identity") {
        return Err(Problem::from(Slug::ContentEncodingUnsupported).closing());
    }
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let fits = |bytes: u64| usize::try_from(bytes).is_ok_and(|bytes| bytes <= bytes_max);
    if declared.is_some_and(|bytes| !fits(bytes)) {
        return Err(too_large(bytes_max));
    }
    let room = request.app_data::<Data<Doors>>().map(|doors| doors.room());
    let is_known = request.extensions().contains::<Arc<Holder>>();
    let mut held = room.map(|room| room.enter(is_known));
    let began = Instant::now();
    let mut whole = Bytes::new();
    let mut joined = Vec::new();
    loop {
        // Most bodies have arrived with their head; only those that have not are worth a timer.
        let next = match payload.next().now_or_never() {
            Some(next) => next,
            None => timeout_at(began + allowed(joined.len().max(whole.len()), limits), payload.next())
                .await
                .map_err(|_| Problem::from(Slug::BodyTooSlow).closing())?,
        };
        let chunk = match next {
            None => break,
            Some(Err(_)) => return Err(Problem::from(Slug::BodyBroken).closing()),
            Some(Ok(chunk)) => chunk,
        };
        if whole.is_empty() {
            whole = chunk;
        } else {
            if joined.is_empty() {
                joined.extend_from_slice(&whole);
            }
            joined.extend_from_slice(&chunk);
        }
        if whole.len().max(joined.len()) > bytes_max {
            return Err(too_large(bytes_max));
        }
        let received = whole.len().max(joined.len());
        if received > limits.inline_bytes_max && held.as_mut().is_some_and(|held| !held.grow_to(received)) {
            return Err(Problem::from(Slug::Overloaded).after(OVERLOAD_WAIT_S).closing());
        }
    }
    // What is made of it takes as much again, until it is answered.
    if let Some(held) = held {
        request.extensions_mut().insert(held);
    }
    Ok(if joined.is_empty() { whole } else { Bytes::from(joined) })
}

/// How long a body may have taken once so many bytes are there.
fn allowed(received: usize, limits: &Limits) -> Duration {
    let earned_s = u64::try_from(received).unwrap_or(u64::MAX) / limits.body_rate_min.max(1);
    limits.body_timeout.saturating_add(Duration::from_secs(earned_s))
}

fn too_large(bytes_max: usize) -> Problem {
    let problem = Problem::from(Slug::BodyTooLarge)
        .saying(format!("至多{bytes_max}字节。"), format!("At most {bytes_max} bytes."));
    problem.closing()
}

/// Refuses a body that is not declared to be JSON.
pub(crate) fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = declared.split(';');
    let json = parts.next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| match part.trim().split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if json && utf8 { Ok(()) } else { Err(Problem::from(Slug::UnsupportedMediaType).closing()) }
}
