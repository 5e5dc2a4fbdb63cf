//! The trail for outsiders: checkpoint, hash tiles and keys for anybody, entries with proof for auditors.

use actix_web::HttpResponse;
use actix_web::web::Path;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::intake::requests::{personal_answer, raw};
use crate::intake::show::{hex, json};
use crate::limits::TILE_PATH_CHARACTERS_MAX;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Audit, Open};

pub(crate) async fn checkpoint(open: Open) -> HttpResponse {
    // A new one is signed every second while the trail grows; whoever asks wants the newest.
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-cache"))
        .content_type("text/plain; charset=utf-8")
        .body(open.gate().checkpoint())
}

pub(crate) async fn tile(open: Open, path: Path<String>) -> Result<HttpResponse, Problem> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'/' | b'.');
    // No tile's name has an empty step or one of dots; the gate need not be asked what it makes of them.
    let steps = path.split('/').all(|step| !step.is_empty() && !step.starts_with('.'));
    if path.len() > TILE_PATH_CHARACTERS_MAX || !path.bytes().all(known) || !steps {
        return Err(Slug::NotFound.into());
    }
    let Some(bytes) = open.gate().tile(&path)? else { return Err(Slug::NotFound.into()) };
    // A full tile never changes; a partial one is replaced by fuller ones and may be gone.
    let cache = if path.contains(".p/") { "public, max-age=60" } else { "public, max-age=31536000, immutable" };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", cache)).content_type("application/octet-stream").body(bytes))
}

#[derive(Serialize)]
struct ShownKeys {
    receipt: String,
    checkpoint: String,
}

pub(crate) async fn keys(open: Open) -> HttpResponse {
    let gate = open.gate();
    let keys = ShownKeys { receipt: gate.receipt_key(), checkpoint: gate.checkpoint_key() };
    HttpResponse::Ok().insert_header(("Cache-Control", "no-cache")).content_type("application/json").body(json(&keys))
}

#[derive(Serialize)]
struct ShownEntry {
    index: u64,
    leaf: Option<Box<RawValue>>,
    leaf_base64: String,
    leaf_hash: String,
    tree_size: u64,
    proof: Vec<String>,
    checkpoint: String,
}

pub(crate) async fn entry(allowed: Allowed<Audit>, index: Path<String>) -> Result<HttpResponse, Problem> {
    let whole = index.len() <= 20 && index.bytes().all(|byte| byte.is_ascii_digit());
    let index: u64 = index.parse().ok().filter(|_| whole).ok_or(Slug::NotFound)?;
    let entry = allowed.gate().entry(index).await?;
    // RFC 6962: a leaf is hashed with a zero byte before it, so that it can never pass for a node.
    let leaf_hash = Sha256::new().chain_update([0]).chain_update(&entry.leaf).finalize();
    Ok(personal_answer(json(&ShownEntry {
        index: entry.index,
        leaf_base64: STANDARD.encode(&entry.leaf),
        leaf: raw(entry.leaf),
        leaf_hash: hex(&leaf_hash),
        tree_size: entry.tree_size,
        proof: entry.proof.iter().map(|hash| hex(hash)).collect(),
        checkpoint: entry.checkpoint,
    })))
}
