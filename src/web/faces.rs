//! Partner faces: their bytes carried through the socket to the engine and back, unread by this floor.

use std::sync::Arc;

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::Flaw;
use domain::socket::{Face, FaceCall, FaceFault, FaceReply};

use crate::body;
use crate::problem::{Problem, Slug};
use crate::right::Open;

/// A face as app data of its own path.
pub(crate) type Served = Data<Arc<dyn Face>>;

pub(crate) async fn call(
    open: Open,
    request: HttpRequest,
    payload: Payload,
    face: Served,
) -> Result<HttpResponse, Problem> {
    let limits = open.limits();
    let bytes = match body::read(&request, payload, limits.face_bytes_max, limits).await {
        Ok(bytes) => bytes,
        Err(problem) if problem.slug() == Slug::BodyTooLarge => {
            let fault = FaceFault::TooLarge(Flaw::BytesTooMany.above(limits.face_bytes_max));
            let reply = face.fault(&fault);
            return Ok(HttpResponse::build(status(&reply))
                .content_type(reply.content_type)
                .force_close()
                .body(reply.bytes));
        }
        Err(problem) => return Err(problem),
    };
    let decoded = if bytes.len() <= limits.inline_bytes_max {
        face.decode(&bytes)
    } else {
        let face = face.clone();
        web::block(move || face.decode(&bytes)).await.map_err(|_| Slug::Internal)?
    };
    let call: FaceCall = match decoded {
        Ok(call) => call,
        Err(fault) => return Ok(sent(face.fault(&fault))),
    };
    let operation = call.operation.clone();
    Ok(sent(match open.gate().face(face.kind(), call).await {
        Ok(Some(reply)) => reply,
        Ok(None) => {
            open.refuse();
            face.deny(&operation, "用户名或密码错误")
        }
        Err(fault) => face.fault(&fault),
    }))
}

fn status(reply: &FaceReply) -> actix_web::http::StatusCode {
    actix_web::http::StatusCode::from_u16(reply.status).unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) fn sent(reply: FaceReply) -> HttpResponse {
    HttpResponse::build(status(&reply))
        .insert_header(("Cache-Control", "no-store"))
        .content_type(reply.content_type)
        .body(reply.bytes)
}

/// `GET …?wsdl`: the service description, with the address that the caller used.
pub(crate) async fn describe(_open: Open, request: HttpRequest, face: Served) -> Result<HttpResponse, Problem> {
    if !request.query_string().eq_ignore_ascii_case("wsdl") {
        let problem = Problem::from(Slug::MethodNotAllowed).allowing("POST");
        let (zh, en) = ("协助单位以POST调用；GET仅用于?wsdl。", "Partners call it by POST; GET is for ?wsdl alone.");
        return Err(problem.saying(zh, en));
    }
    let connection = request.connection_info();
    let host = connection.host();
    // The host is the caller's word and comes back inside XML.
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    if host.is_empty() || host.len() > 255 || !host.bytes().all(named) {
        return Err(Slug::NotFound.into());
    }
    let scheme = if connection.scheme() == "https" { "https" } else { "http" };
    let address = format!("{scheme}://{host}{}", face.path());
    Ok(HttpResponse::Ok().content_type("text/xml; charset=utf-8").body(face.description(&address)))
}
