//! Documents: stored by their digest, given back as they came.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::Personal;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde::Serialize;

use crate::body;
use crate::fault::{Fault, Want};
use crate::gate::DocumentRead;
use crate::intake::parts::is_file_name;
use crate::intake::show::{ShownReceipt, json};
use crate::intake::text::{is_digest, is_plain};
use crate::limits::{CONTENT_TYPE_CHARACTERS_MAX, FILE_NAME_BYTES_MAX};
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, ReadRequests, Submit};

/// What RFC 5987 lets stand unencoded in a file name.
const IN_FILE_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

#[derive(Serialize)]
struct ShownStored<'a> {
    digest: &'a str,
    receipt: ShownReceipt<'a>,
}

pub(crate) async fn store(
    allowed: Allowed<Submit>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (content_type, file_name) = described(request.headers())?;
    let limits = allowed.limits();
    let bytes = body::read(&request, payload, limits.document_bytes_max, limits).await?;
    if bytes.is_empty() {
        return Err(Problem::from(Slug::InvalidRequest)
            .at(vec![Fault::at("", Want::Within("文书为空 · the document has no bytes"))]));
    }
    let stored = allowed.gate().store_document(allowed.caller(), file_name, content_type, bytes.to_vec()).await?;
    let shown = ShownStored { digest: &stored.digest, receipt: ShownReceipt::of(&stored.receipt) };
    let place = format!("/v1/documents/{}", stored.digest);
    Ok(HttpResponse::Created().insert_header(("Location", place)).content_type("application/json").body(json(&shown)))
}

/// Content type and file name out of the headers.
fn described(headers: &HeaderMap) -> Result<(String, Personal<String>), Problem> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return Err(Problem::from(Slug::UnsupportedMediaType).closing());
    };
    let mut faults = Vec::new();
    let content_type = content_type.to_str().ok().filter(|text| is_content_type(text));
    if content_type.is_none() {
        faults.push(Fault::header("Content-Type", Want::ContentType));
    }
    let mut names = headers.get_all("X-File-Name");
    let file_name = match (names.next(), names.next()) {
        (Some(name), None) => decoded(name),
        _ => None,
    };
    if file_name.is_none() {
        faults.push(Fault::header("X-File-Name", Want::FileName));
    }
    match (content_type, file_name) {
        (Some(content_type), Some(name)) => Ok((content_type.to_owned(), Personal::new(name))),
        _ => Err(Problem::from(Slug::InvalidParameter).at(faults).closing()),
    }
}

fn is_content_type(text: &str) -> bool {
    let token =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let essence = text.split(';').next().unwrap_or_default().trim();
    text.len() <= CONTENT_TYPE_CHARACTERS_MAX
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        && essence.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

/// Every `%` begins two hex digits, and what comes out is UTF-8, plain, and no path.
fn decoded(header: &HeaderValue) -> Option<String> {
    let bytes = header.as_bytes();
    if bytes.len() > FILE_NAME_BYTES_MAX * 3 || !bytes.is_ascii() {
        return None;
    }
    let whole = |part: &[u8]| part.len() >= 2 && part.iter().take(2).all(u8::is_ascii_hexdigit);
    if !bytes.split(|byte| *byte == b'%').skip(1).all(whole) {
        return None;
    }
    let name = percent_decode(bytes).decode_utf8().ok()?.into_owned();
    (is_plain(&name) && is_file_name(&name)).then_some(name)
}

pub(crate) async fn read(allowed: Allowed<ReadRequests>, digest: Path<String>) -> Result<HttpResponse, Problem> {
    if !is_digest(&digest) {
        return Err(Slug::NotFound.into());
    }
    Ok(attachment(allowed.gate().read_document(allowed.caller(), &digest).await?))
}

/// A document is somebody's upload: a browser saves it and never runs it in our name.
pub(crate) fn attachment(document: DocumentRead) -> HttpResponse {
    let name = utf8_percent_encode(document.file_name.expose(), IN_FILE_NAME);
    HttpResponse::Ok()
        .content_type(document.content_type)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Content-Security-Policy", "sandbox"))
        .insert_header(("Cache-Control", "no-store"))
        .body(document.bytes.into_exposed())
}
