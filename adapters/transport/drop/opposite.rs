//! A mailbox from the partner's side, for what stands in for a partner: it fetches where we leave, and leaves where we look.

use std::sync::Arc;

use domain::socket::{Cause, PartnerOptions};

use super::mailbox::{Folder, Mailbox, PutFault, is_plain};
use super::options;
use super::packet::PACKET_BYTES_MAX;
use crate::options::Reading;

/// The other side of one partner's box.
pub struct Opposite(Mailbox);

/// The other side of the box that a partner's options describe; `inside` is its folder below the common one.
#[must_use]
pub fn opposite(partner: &PartnerOptions, inside: &str) -> Option<Opposite> {
    let mut own = partner.clone();
    own.entries.retain(|key, _| options::TABLE.iter().any(|(name, _)| name == key));
    let mut reading = Reading::begin(&own, &options::TABLE);
    options::read(&mut reading, &own, inside).map(|agreed| Opposite(agreed.sweeper.mailbox))
}

impl Opposite {
    /// The names of what lies there for the partner, the longest there first.
    ///
    /// # Errors
    /// [`Cause`] when nobody could look.
    pub async fn waiting(&self) -> Result<Vec<String>, Cause> {
        let listed = self.0.list(Folder::Download, Arc::new(is_plain)).await?;
        Ok(listed.files.into_iter().map(|file| file.name).collect())
    }

    /// The bytes of one of them; `None` when it is gone.
    ///
    /// # Errors
    /// [`Cause`], [`Cause::TooLarge`] for what is no packet.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Cause> {
        self.0.read(Folder::Download, name, PACKET_BYTES_MAX).await
    }

    /// Fetches one of them away.
    ///
    /// # Errors
    /// [`Cause`] when it may still lie there.
    pub async fn take(&self, name: &str) -> Result<(), Cause> {
        self.0.remove(Folder::Download, name).await
    }

    /// Leaves a packet for us, whole under its name.
    ///
    /// # Errors
    /// [`Cause`] when it may not stand there; [`Cause::Schema`] when another does.
    pub async fn leave(&self, name: &str, bytes: Vec<u8>) -> Result<(), Cause> {
        self.0.put(Folder::Upload, name, bytes).await.map_err(|fault| match fault {
            PutFault::NotThere(cause) | PutFault::Unknown(cause) => cause,
            PutFault::Other => Cause::Schema,
        })
    }
}
