//! Keys as deciding needs them.

use store::record::SealTwin;

use crate::refusal::Refusal;

/// What deciding needs beside the state: keys, whose numbers and wraps stand in events.
pub trait Keyring: Send + Sync {
    /// A fresh slot for a case.
    ///
    /// # Errors
    /// When no key can be made; the command is then refused as unavailable.
    fn create(&mut self) -> Result<u64, Refusal>;
    /// A fresh slot for what cannot be sealed under this one; whoever destroys the one destroys both.
    ///
    /// # Errors
    /// When no key can be made, or this one was destroyed meanwhile.
    fn stand_in(&mut self, slot: u64) -> Result<u64, Refusal>;
    /// A document's key, wrapped under a case's.
    ///
    /// # Errors
    /// When either key is gone or unreadable.
    fn wrap(&mut self, document: &DocumentKey<'_>, case_slot: u64) -> Result<SealTwin, Refusal>;

    /// Can bodies go under this slot? So too when its key was destroyed: then they go nowhere. Not when the key is damaged or lost.
    fn can_seal(&self, slot: u64) -> bool;
}

/// What is wrapped.
pub struct DocumentKey<'a> {
    /// `sha256:…` of the plaintext.
    pub digest: &'a str,
    /// The blob, hex.
    pub blob: &'a str,
    /// The document's own slot.
    pub slot: u64,
    /// Plaintext length.
    pub bytes: u64,
    /// As uploaded.
    pub content_type: &'a str,
}
