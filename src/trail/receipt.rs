//! Receipts: Ed25519 over canonical bytes with a context, under a key apart from the checkpoint key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Characters in a context at most, for example `xiezhi/receipt/accepted/v1`.
pub const CONTEXT_CHARACTERS_MAX: usize = 64;

/// Bytes that one receipt signs at most; a receipt names things by digest and stays far below.
pub const RECEIPT_BYTES_MAX: usize = 64 * 1024;

/// A receipt that cannot be made or believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The context is empty, too long or not printable ASCII.
    #[error(
        "sign a receipt: the context must be 1..={CONTEXT_CHARACTERS_MAX} printable ASCII characters; choose another"
    )]
    Context,
    /// There is too much to sign.
    #[error("sign a receipt: more than {RECEIPT_BYTES_MAX} bytes; put digests in it, not contents")]
    TooLong,
    /// The public key is not a usable Ed25519 key.
    #[error("read a receipt key: it must be base64 of a 32-byte Ed25519 public key; copy the published one again")]
    Key,
    /// The signature was not made by this key over this context and these bytes.
    #[error(
        "verify a receipt: the signature is false for this key, context and text; keep all three and ask the gateway's operator"
    )]
    BadSignature,
}

/// The secret key for receipts. It is wiped from memory when dropped, and cannot be printed:
///
/// ```compile_fail,E0277
/// fn print<T: std::fmt::Debug>(_: T) {}
/// print(trail::ReceiptKey::from_seed(&[0; 32]));
/// ```
pub struct ReceiptKey(SigningKey);

impl ReceiptKey {
    /// Makes a key from 32 secret random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> ReceiptVerifier {
        ReceiptVerifier(self.0.verifying_key())
    }

    /// Signs `context ‖ 0x00 ‖ canonical_json`. The caller makes the JSON canonical (RFC 8785); here it is bytes. No signed note holds
    /// a zero byte, so even under one key a receipt could never pass as a checkpoint.
    ///
    /// # Errors
    /// [`ReceiptError::Context`] or [`ReceiptError::TooLong`].
    pub fn sign_canonical(&self, context: &str, canonical_json: &[u8]) -> Result<[u8; 64], ReceiptError> {
        Ok(self.0.sign(&receipt_bytes(context, canonical_json)?).to_bytes())
    }
}

/// The public key for receipts; printed as base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReceiptVerifier(VerifyingKey);

impl ReceiptVerifier {
    /// Reads a published key.
    ///
    /// # Errors
    /// [`ReceiptError::Key`].
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let mut bytes = [0; 33];
        let length = STANDARD.decode_slice(text, &mut bytes).map_err(|_| ReceiptError::Key)?;
        let bytes: &[u8; 32] = bytes.get(..length).and_then(|bytes| bytes.try_into().ok()).ok_or(ReceiptError::Key)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| ReceiptError::Key)?;
        if key.is_weak() { Err(ReceiptError::Key) } else { Ok(Self(key)) }
    }

    /// Verifies a signature over `context ‖ 0x00 ‖ canonical_json`.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(&self, context: &str, canonical_json: &[u8], signature: &[u8; 64]) -> Result<(), ReceiptError> {
        let signed = receipt_bytes(context, canonical_json)?;
        self.0.verify_strict(&signed, &Signature::from_bytes(signature)).map_err(|_| ReceiptError::BadSignature)
    }
}

impl fmt::Display for ReceiptVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for ReceiptVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptVerifier({self})")
    }
}

/// What a receipt's signature covers: `context ‖ 0x00 ‖ canonical_json`. For whoever signs with an Ed25519 of their own.
///
/// # Errors
/// [`ReceiptError::Context`] or [`ReceiptError::TooLong`].
pub fn receipt_bytes(context: &str, canonical_json: &[u8]) -> Result<Vec<u8>, ReceiptError> {
    let printable = context.bytes().all(|byte| byte.is_ascii_graphic());
    if context.is_empty() || context.len() > CONTEXT_CHARACTERS_MAX || !printable {
        return Err(ReceiptError::Context);
    }
    if canonical_json.len() > RECEIPT_BYTES_MAX {
        return Err(ReceiptError::TooLong);
    }
    let mut signed = Vec::with_capacity(context.len() + 1 + canonical_json.len());
    signed.extend_from_slice(context.as_bytes());
    signed.push(0);
    signed.extend_from_slice(canonical_json);
    Ok(signed)
}
