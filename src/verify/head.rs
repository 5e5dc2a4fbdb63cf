//! The head of saved evidence: what the gateway signed of which events there are, held against those in the file.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use trail::{Checkpoint, Hash, NoteVerifier, ReceiptVerifier};

/// What the signature covers beside the head, so that it can be taken for nothing else.
const CONTEXT: &str = "xiezhi.evidence.v1";
/// The form that is known here.
const VERSION: u64 = 1;
/// What the page says once more beside its head.
const SAID_TWICE: [&str; 6] = ["act", "case", "complete", "events_total", "request", "tree_size"];

/// Why it cannot be told that all events are there, or that they are not; `None` = they are.
///
/// # Errors
/// When the head, or what the page says of it once more, was altered.
pub(super) fn lack(
    page: &Value,
    (key, receipts): (&NoteVerifier, Option<&ReceiptVerifier>),
    seen: &BTreeMap<u64, Hash>,
) -> anyhow::Result<Option<String>> {
    let unknown = |why: &str| Ok(Some(format!("whether these are all cannot be told: {why}")));
    let Some(head) = page.get("head").and_then(Value::as_object) else {
        return unknown("the file has no signed head, as those of earlier releases; fetch it again");
    };
    if head.get("v").and_then(Value::as_u64) != Some(VERSION) {
        return unknown("its head is of another release; use that one's `verify`");
    }
    let Some(receipts) = receipts else {
        return unknown("give the receipt key of /trail/keys as a second --key");
    };
    let signature = head.get("signature").and_then(Value::as_str).context("the head has no signature")?;
    let signature = STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let signature = signature.context("the head's signature is none: it was altered")?;
    // Strings without escapes, whole numbers and truth values in the order of their names: this is their canonical form.
    let signed: BTreeMap<&String, &Value> = head.iter().filter(|(name, _)| *name != "signature").collect();
    receipts.verify(CONTEXT, &serde_json::to_vec(&signed)?, &signature).map_err(|_| {
        anyhow::anyhow!("the head is not signed by the receipt key: it was altered, or is another log's")
    })?;
    for name in SAID_TWICE {
        ensure!(page.get(name) == head.get(name), "`{name}` is not the one that was signed: it was altered");
    }
    held_to_checkpoint(page, head, key)?;
    let total = head.get("events_total").and_then(Value::as_u64);
    let digest = seen
        .iter()
        .fold(Sha256::new(), |sum, (index, hash)| sum.chain_update(index.to_be_bytes()).chain_update(hash.as_bytes()));
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if head.get("events_digest").and_then(Value::as_str) == Some(digest.as_str()) {
        return Ok(None);
    }
    Ok(Some(format!("the {} events here are not the {} that were signed", seen.len(), total.unwrap_or_default())))
}

/// The tree that the head names must be the one that the page's proofs lead to.
fn held_to_checkpoint(page: &Value, head: &serde_json::Map<String, Value>, key: &NoteVerifier) -> anyhow::Result<()> {
    let note = page.get("checkpoint").and_then(Value::as_str).context("a page has no checkpoint")?;
    let opened = Checkpoint::open(note.as_bytes(), std::slice::from_ref(key))
        .map_err(|error| anyhow::anyhow!("the checkpoint of the last page: {error}"))?;
    let of = (opened.checkpoint.origin(), opened.checkpoint.size());
    let named = (head.get("log").and_then(Value::as_str), head.get("tree_size").and_then(Value::as_u64));
    if named != (Some(of.0), Some(of.1)) {
        bail!("the head is of another log or tree than the checkpoint beside it: one of them was exchanged");
    }
    Ok(())
}
