//! `GET /v1/openapi.json`: the description of this API (OpenAPI 3.1), as it is committed.
//!
//! It is made from the table of routes, the schemas and the list of problems by `tests/web/openapi`, which also holds the committed file
//! against what it makes and every answer against the file.

use actix_web::HttpResponse;

use crate::right::Open;

const DOCUMENT: &str = include_str!("../../schemas/intake/openapi.json");

/// Open to everybody: it is the same in every installation and says nothing about this one.
pub(crate) async fn openapi(_open: Open) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-cache")).content_type("application/json").body(DOCUMENT)
}
