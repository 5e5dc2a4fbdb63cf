//! The signed head of what proves an act: which events there are, so that nobody can take one out of a saved answer.

use domain::{ActId, CaseId, RequestId};
use sha2::{Digest, Sha256};

use super::super::Shared;
use crate::delay::Seen;
use crate::vault::hex;
use crate::view::evidence::{EvidenceHead, EvidenceView};

/// What the signature of a head covers beside its content, so that it can be taken for nothing else.
const EVIDENCE_CONTEXT: &str = "xiezhi.evidence.v1";

/// SHA-256 over every event in order: its sequence in eight bytes, big-endian, then its leaf hash.
fn digest_of(all: &[Seen]) -> [u8; 32] {
    let fed = all.iter().fold(Sha256::new(), |sum, seen| {
        sum.chain_update(seen.sequence.to_be_bytes()).chain_update(seen.leaf_hash.as_bytes())
    });
    fed.finalize().into()
}

/// What a head signs.
struct Signed<'a> {
    act: ActId,
    request: RequestId,
    case: CaseId,
    complete: bool,
    events_digest: &'a [u8; 32],
    events_total: u32,
    log: &'a str,
    tree_size: u64,
}

impl Signed<'_> {
    /// As canonical JSON (RFC 8785).
    fn text(&self) -> String {
        let Self { act, request, case, complete, events_total, log, tree_size, .. } = self;
        let digest = hex(self.events_digest);
        format!(
            r#"{{"act":"{act}","case":"{case}","complete":{complete},"events_digest":"{digest}","events_total":{events_total},"log":"{log}","request":"{request}","tree_size":{tree_size},"v":1}}"#
        )
    }
}

impl Shared {
    /// Signs which events there are of an act, on every page of them.
    pub(super) fn signed_head(&self, view: &EvidenceView, all: &[Seen]) -> EvidenceHead {
        let (events_digest, log) = (digest_of(all), self.trail.origin());
        let signed = Signed {
            act: view.act,
            request: view.request,
            case: view.case,
            complete: view.complete,
            events_digest: &events_digest,
            events_total: view.events_total,
            log,
            tree_size: view.tree_size,
        };
        let signature = self.trail.sign_as(EVIDENCE_CONTEXT, &signed.text());
        EvidenceHead { log: log.to_owned(), events_digest, signature }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use store::record::{Fact, GatewayStarted};

    use super::*;
    use crate::runtime::receipts::ReceiptSigner;
    use crate::runtime::trail::{RECEIPT_CONTEXT, receipt_text};

    /// The worked examples of the schema, which were made by another implementation.
    const TOLD: &str = include_str!("../../../../schemas/trail/receipts.md");

    #[test]
    fn the_worked_examples_of_the_schema_are_what_is_signed() {
        let signer = ReceiptSigner::from_seed(&[7; 32]).unwrap();
        let told = |line: &str| assert!(TOLD.lines().any(|told| told == line), "{line} is not in the schema");
        let leaves: [(u64, &[u8]); 2] = [
            (10, br#"{"at":1795136523004,"e":"document.stored","f":{},"v":1}"#),
            (12, br#"{"at":1795136523104,"e":"request.finished","f":{},"v":1}"#),
        ];
        let seen = leaves.map(|(sequence, leaf)| {
            told(std::str::from_utf8(leaf).unwrap());
            let fact = Fact::from(GatewayStarted { epoch: 1, version: String::new() });
            Seen { sequence, at: 0, fact, body: None, leaf_hash: trail::leaf_hash(leaf) }
        });
        told(&signer.verifier().to_string());
        let receipt = receipt_text("xiezhi.example", 10, seen[0].leaf_hash.as_bytes());
        told(&receipt);
        told(&hex(&trail::receipt_bytes(RECEIPT_CONTEXT, receipt.as_bytes()).unwrap()));
        told(&STANDARD.encode(signer.sign(receipt.as_bytes()).unwrap()));
        let head = Signed {
            act: ActId { sequence: 10, line: 0 },
            request: RequestId(10),
            case: CaseId(10),
            complete: true,
            events_digest: &digest_of(&seen),
            events_total: 2,
            log: "xiezhi.example",
            tree_size: 13,
        };
        told(&head.text());
        told(&STANDARD.encode(signer.sign_as(EVIDENCE_CONTEXT, head.text().as_bytes()).unwrap()));
    }
}
