//! Receipts at run time: what `trail` says is signed, by a faster Ed25519 than the readable one there; the signatures are the same bytes.

use aws_lc_rs::signature::Ed25519KeyPair;
use trail::{ReceiptKey, ReceiptVerifier, receipt_bytes};

/// What a receipt's signature covers beside its content, so that it can be taken for nothing else.
pub const RECEIPT_CONTEXT: &str = "xiezhi.receipt.v1";

/// Signs receipts. Every accepted request waits for one, so a signature that takes half the time is seen in the whole.
pub struct ReceiptSigner {
    pair: Ed25519KeyPair,
    verifier: ReceiptVerifier,
}

impl ReceiptSigner {
    /// Makes a signer from 32 secret random bytes; `None` when the library refuses them.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(Self { pair, verifier: ReceiptKey::from_seed(seed).verifier() })
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> ReceiptVerifier {
        self.verifier
    }

    /// Signs canonical JSON under [`RECEIPT_CONTEXT`]; `None` only when there is more than a receipt may sign.
    #[must_use]
    pub fn sign(&self, canonical_json: &[u8]) -> Option<[u8; 64]> {
        self.sign_as(RECEIPT_CONTEXT, canonical_json)
    }

    /// Signs canonical JSON under another context; `None` only when there is more than a receipt may sign, or the context is none.
    #[must_use]
    pub fn sign_as(&self, context: &str, canonical_json: &[u8]) -> Option<[u8; 64]> {
        let signed = receipt_bytes(context, canonical_json).ok()?;
        self.pair.sign(&signed).as_ref().try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn signatures_are_those_of_the_trail(seed: [u8; 32], json in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (fast, plain) = (ReceiptSigner::from_seed(&seed).unwrap(), ReceiptKey::from_seed(&seed));
            let signature = fast.sign(&json).unwrap();
            prop_assert_eq!(signature, plain.sign_canonical(RECEIPT_CONTEXT, &json).unwrap());
            prop_assert!(fast.verifier() == plain.verifier());
            prop_assert!(plain.verifier().verify(RECEIPT_CONTEXT, &json, &signature).is_ok());
        }
    }
}
