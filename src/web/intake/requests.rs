//! Requests as they stand: one with its acts, lists, and what happened.

use actix_web::http::header::{ETAG, EntityTag, Header as _, HeaderValue, IfNoneMatch};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use domain::request::RequestState;
use domain::{Personal, RequestId};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::fault::{Fault, Want};
use crate::gate::{EventView, Look, Page, RequestFilter, RequestView};
use crate::intake::check::PARTNER_CHARACTERS_MAX;
use crate::intake::query::Query;
use crate::intake::show::{Instant, ShownLine, ShownRequest, hex, json};
use crate::limits::{ACTS_PAGE, ACTS_PAGE_MAX, LIST_PAGE, LIST_PAGE_MAX};
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, ReadRequests, ReadStates};

/// Reads the id in a path.
pub(crate) fn request_id(text: &str) -> Result<RequestId, Problem> {
    RequestId::parse(text).ok_or_else(|| Slug::NotFound.into())
}

/// Personal data in it: no cache on the way keeps it.
pub(crate) fn personal_answer(json: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).content_type("application/json").body(json)
}

pub(crate) async fn show(
    allowed: Allowed<ReadRequests>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = request_id(&id)?;
    let wait_ms_max = u64::try_from(allowed.limits().wait_max.as_millis()).unwrap_or(u64::MAX);
    let mut query = Query::of(request.query_string(), &["wait", "after_version", "page", "page_len", "replies"]);
    let look = Look {
        page_from: small(query.number("page", 0, u64::from(u32::MAX))),
        page_len: query
            .number("page_len", 1, ACTS_PAGE_MAX.into())
            .and_then(|n| n.try_into().ok())
            .unwrap_or(ACTS_PAGE),
        after_version: query.number("after_version", 0, u64::MAX),
        wait_ms: query.wait("wait", wait_ms_max).unwrap_or(0),
    };
    let inline = |word: &str| (word == "inline").then_some(());
    let inline = query.word("replies", inline, ["inline"].into_iter()).is_some();
    query.end()?;
    let view = watch(&allowed, id, look).await?;
    let shown = ShownRequest::of(&view, allowed.language(), inline);
    let shown = json(&shown);
    // Of every byte, and not the digest, which leaves out the sums of the case: nobody may take old sums for those that stand.
    let tag = EntityTag::new_strong(format!("sha256:{}", hex(&Sha256::digest(&shown))));
    let mut answer = match is_known(&request, &tag) {
        true => HttpResponse::NotModified().insert_header(("Cache-Control", "no-store")).finish(),
        false => personal_answer(shown),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag.to_string()) {
        answer.headers_mut().insert(ETAG, tag);
    }
    Ok(answer)
}

/// Does the caller have what stands (RFC 9110, 13.1.2)? What cannot be read says nothing.
fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key("If-None-Match"),
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

fn small(number: Option<u64>) -> u32 {
    number.and_then(|number| number.try_into().ok()).unwrap_or(0)
}

/// Waits for news, and no longer once we stop: a drain is not held up by those who only watch.
async fn watch(allowed: &Allowed<ReadRequests>, id: RequestId, look: Look) -> Result<RequestView, Problem> {
    let mut stopping = allowed.stopping();
    let (gate, caller) = (allowed.gate(), allowed.caller());
    if look.wait_ms > 0 {
        tokio::select! {
            biased;
            view = gate.request(caller, id, look) => return Ok(view?),
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    Ok(gate.request(caller, id, Look { wait_ms: 0, ..look }).await?)
}

#[derive(Serialize)]
struct ShownList<T> {
    #[serde(rename = "requests")]
    lines: Vec<T>,
    next: Option<String>,
    filled_to: Option<u64>,
}

pub(crate) async fn list(allowed: Allowed<ReadStates>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = Query::of(request.query_string(), &["case", "state", "partner", "cursor", "limit"]);
    let states = RequestState::ALL.iter().map(|state| state.word());
    let filter = RequestFilter {
        case_number: query.text("case", 64).map(Personal::new),
        state: query.word("state", RequestState::from_word, states),
        partner: query.code("partner", PARTNER_CHARACTERS_MAX, "-"),
        cursor: query.number("cursor", 0, u64::MAX),
        limit: page_len(&mut query),
    };
    query.end()?;
    if filter.case_number.as_ref().is_some_and(|number| number.expose().starts_with("cas_")) {
        let want = Want::Within("须为案号，不是案件编号cas_… · the case number, not the id cas_…");
        return Err(Problem::from(Slug::InvalidParameter).at(vec![Fault::parameter("case", want)]));
    }
    let Page { lines, next, filled_to } = allowed.gate().requests(allowed.caller(), filter).await?;
    let lines: Vec<_> = lines.iter().map(ShownLine::of).collect();
    Ok(personal_answer(json(&ShownList { lines, next: next.map(|next| next.to_string()), filled_to })))
}

pub(crate) fn page_len(query: &mut Query) -> u16 {
    let given = query.number("limit", 1, LIST_PAGE_MAX.into());
    given.and_then(|limit| limit.try_into().ok()).unwrap_or(LIST_PAGE)
}

#[derive(Serialize)]
struct ShownEvents {
    events: Vec<ShownEvent>,
    next: Option<String>,
    filled_to: Option<u64>,
}

#[derive(Serialize)]
struct ShownEvent {
    sequence: u64,
    at: Instant,
    leaf: Option<Box<RawValue>>,
}

/// A leaf as it stands in the journal; its bytes are canonical JSON and go out unchanged.
pub(crate) fn raw(leaf: Vec<u8>) -> Option<Box<RawValue>> {
    String::from_utf8(leaf).ok().and_then(|text| RawValue::from_string(text).ok())
}

pub(crate) async fn events(
    allowed: Allowed<ReadStates>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = request_id(&id)?;
    let mut query = Query::of(request.query_string(), &["cursor", "limit"]);
    let (cursor, limit) = (query.number("cursor", 0, u64::MAX), page_len(&mut query));
    query.end()?;
    let Page { lines, next, filled_to } = allowed.gate().events(allowed.caller(), id, cursor, limit).await?;
    let shown =
        |event: EventView| ShownEvent { sequence: event.sequence, at: Instant(event.at), leaf: raw(event.leaf) };
    let events = lines.into_iter().map(shown).collect();
    Ok(personal_answer(json(&ShownEvents { events, next: next.map(|next| next.to_string()), filled_to })))
}
