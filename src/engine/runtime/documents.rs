//! Documents: stored sealed under their own key before they are known, read back while they live, erased after a day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use domain::Personal;
use store::blobs::{BlobError, IntentFile};
use store::random::OsRandom;
use store::record::{Body, Fact, SealTwin};

use super::{Engine, FREE_BYTES_MIN, Shared, Told};
use crate::command::{Answer, Command, Erased, StoreDocument, Submit};
use crate::refusal::Refusal;
use crate::vault::{blob_id, hex_digest};
use crate::view::{Caller, DocumentRead, DocumentStored, ImportRow};

/// What a document's blob is bound to, so that it cannot be taken for a body.
pub const DOCUMENT_AAD: &[u8] = b"document";

pub(crate) fn split(hash: [u8; 16]) -> (u64, u64) {
    let wide = u128::from_be_bytes(hash);
    (u64::try_from(wide >> 64).unwrap_or(0), u64::try_from(wide & u128::from(u64::MAX)).unwrap_or(0))
}

impl Shared {
    /// The key under which a court's document is known.
    pub(crate) fn document_key(&self, court: &str, digest: &str) -> (u64, u64) {
        split(self.hashers.document.hash([court.as_bytes(), b"\0", digest.as_bytes()].concat().as_slice()))
    }

    /// Are the bytes of a blob there? One look at its folder, nothing is read; what cannot be looked at is told by whoever reads it.
    pub(crate) fn is_there(&self, blob: &str) -> bool {
        blob_id(blob).is_some_and(|id| self.vault.blobs().contains(&id).unwrap_or(true))
    }

    fn is_lost(&self, blob: &str) -> bool {
        let is_lost = !self.is_there(blob);
        if is_lost {
            tracing::error!(blob, "the bytes of a document are lost; restore its file, or have it stored again");
        }
        is_lost
    }

    /// The paper that a person's word rests on is one of the court's, and there.
    ///
    /// # Errors
    /// [`Refusal::DocumentUnknown`], [`Refusal::DocumentLost`].
    pub(crate) fn check_paper(&self, court: &str, digest: &str) -> Result<(), Refusal> {
        let key = self.document_key(court, digest);
        let blob = self.decider.read().state.documents.get(&key).map(|document| document.blob.clone());
        match blob {
            None => Err(Refusal::DocumentUnknown { at: "/document".to_owned() }),
            Some(blob) if self.is_lost(&blob) => Err(Refusal::DocumentLost { at: "/document".to_owned() }),
            Some(_) => Ok(()),
        }
    }

    /// Nothing is promised that rests on papers whose bytes are lost: no partner could ever be shown them. What was taken before is
    /// answered again all the same.
    ///
    /// # Errors
    /// [`Refusal::DocumentLost`].
    pub(crate) fn check_there(&self, submit: &Submit, carried: &[SealTwin]) -> Result<(), Refusal> {
        let known: Vec<Option<String>> = {
            let decider = self.decider.read();
            if decider.state.idempotency.contains_key(&submit.idempotency) {
                return Ok(());
            }
            let blob = |key| decider.state.documents.get(key).map(|document| document.blob.clone());
            submit.paper_keys.iter().map(blob).collect()
        };
        let lost = |blob: &str| self.is_lost(blob);
        if let Some(place) = known.iter().position(|blob| blob.as_deref().is_some_and(lost)) {
            return Err(Refusal::DocumentLost { at: format!("/documents/{place}/digest") });
        }
        match carried.iter().any(|seal| lost(&seal.blob)) {
            true => Err(Refusal::DocumentLost { at: "/documents".to_owned() }),
            false => Ok(()),
        }
    }

    /// The rows of an import that rest on papers whose bytes are lost, each with the place of the first of them. Each paper is looked
    /// at once. A row that is known already is answered again all the same, and its lost papers come in with no other.
    pub(crate) fn without_papers(&self, rows: &mut [ImportRow]) -> BTreeMap<usize, Refusal> {
        let keys = |row: &ImportRow| -> Vec<(u64, u64)> {
            row.papers.iter().map(|paper| self.document_key(&row.court.code, paper.digest.expose())).collect()
        };
        let named: Vec<Vec<(u64, u64)>> = rows.iter().map(keys).collect();
        let blobs: BTreeMap<(u64, u64), String> = {
            let decider = self.decider.read();
            let blob = |key: &(u64, u64)| Some((*key, decider.state.documents.get(key)?.blob.clone()));
            named.iter().flatten().filter_map(blob).collect()
        };
        let lost = blobs.into_iter().filter(|(_, blob)| self.is_lost(blob));
        let lost: BTreeSet<(u64, u64)> = lost.map(|(key, _)| key).collect();
        let mut refused = BTreeMap::new();
        for (row, (asked, papers)) in rows.iter_mut().zip(&named).enumerate() {
            let Some(place) = papers.iter().position(|key| lost.contains(key)) else { continue };
            let number = asked.order.original.as_ref().map_or("", |original| original.slip.as_str());
            if self.decider.read().state.measure_by_number(&asked.order.partner, number).is_none() {
                refused.insert(row, Refusal::DocumentLost { at: format!("/documents/{place}/digest") });
            } else {
                let mut is_lost = papers.iter().map(|key| lost.contains(key));
                asked.papers.retain(|_| !is_lost.next().unwrap_or(false));
            }
        }
        refused
    }

    /// Destroys the keys of what was erased, and says whether all are; what cannot be destroyed now is logged and stays listed in the trail.
    pub(crate) fn erase(&self, erased: &[Erased]) -> bool {
        let slots: Vec<u64> = erased.iter().map(|one| one.slot).collect();
        let destroyed = self.vault.keys().destroy(&slots, &mut OsRandom);
        if let Err(error) = &destroyed {
            tracing::error!(%error, runbook = "docs/RUNBOOK.md#keys", "keys that the trail says are ended could not be destroyed; the next start does it, and until then no snapshot is written");
        }
        for id in erased.iter().filter_map(|one| one.blob.as_deref().and_then(blob_id)) {
            if let Err(error) = self.vault.blobs().remove(&id) {
                tracing::warn!(%error, "an erased document's file could not be removed; its key is gone all the same");
            }
        }
        destroyed.is_ok()
    }
}

impl Engine {
    /// Stores a document; durable when this returns. The same bytes of one court are stored once.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the disk fails or is full, [`Refusal::CourtForeign`] for a token without a court.
    pub async fn store_document(
        &self,
        caller: &Caller,
        file_name: Personal<String>,
        content_type: String,
        bytes: Vec<u8>,
    ) -> Result<DocumentStored, Refusal> {
        let court = caller.court.clone().ok_or(Refusal::CourtForeign)?;
        let digest = format!("sha256:{}", hex_digest(&bytes));
        let key = self.shared.document_key(&court, &digest);
        let known = self.shared.decider.read().state.documents.get(&key).cloned();
        // One whose bytes are lost is stored once more: whoever has it can mend that.
        if let Some(sequence) = known.filter(|known| self.shared.is_there(&known.blob)).map(|known| known.sequence) {
            return Ok(DocumentStored { digest, receipt: self.receipt(sequence, None)? });
        }
        let fresh = Fresh {
            key,
            digest: digest.clone(),
            file_name: file_name.into_exposed(),
            content_type,
            court,
            token: caller.token.clone(),
        };
        let engine = self.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        // A task of its own: a caller that hangs up must not leave bytes behind that no event names.
        self.shared.tokio.spawn(async move {
            let _gone = tell.send(engine.store_fresh(fresh, bytes).await);
        });
        let told = told.await.map_err(|_| Refusal::Unavailable)??;
        let Answer::Stored(sequence) = told.answer else { return Err(Refusal::Unavailable) };
        Ok(DocumentStored { digest, receipt: self.receipt(sequence, told.leaf)? })
    }

    /// Seals and records. What was sealed and surely not recorded is erased again.
    async fn store_fresh(&self, fresh: Fresh, bytes: Vec<u8>) -> Result<Told, Refusal> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let shared = &self.shared;
        // Sealing and syncing 32 MiB takes a while: not on a worker that carries exchanges.
        let _room = Room::taken(shared, length)?;
        let Sealed { slot, blob, intent } = tokio::task::block_in_place(|| seal(shared, &bytes))?;
        let Fresh { key, digest, file_name, content_type, court, token } = fresh;
        let sealed = Erased { slot, blob: Some(blob.clone()) };
        let document = StoreDocument { key, digest, file_name, content_type, blob, bytes: length, slot, court, token };
        let told = self.ask_unless_lost(Command::StoreDocument(Box::new(document))).await;
        // A failing journal may have written the event all the same, and whoever did not answer too: the next start would miss its bytes.
        // While we stop, the next process may have taken the slot for a key of its own.
        let is_alone = !shared.is_broken() && !shared.draining.load(Ordering::Relaxed);
        if matches!(told, Some(Err(_))) && is_alone {
            tokio::task::block_in_place(|| shared.erase(&[sealed]));
        }
        // Where nobody can tell whether it is named, the next start looks.
        if matches!(told, Some(Ok(_))) || (matches!(told, Some(Err(_))) && is_alone) {
            let forgotten = tokio::task::block_in_place(|| shared.vault.blobs().forget(&intent));
            if let Err(error) = forgotten {
                tracing::warn!(%error, "an intent could not be removed; the next start finds its document in the journal");
            }
        }
        told.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Reads a document of the caller's court back, as long as it lives (24 hours after it was stored). One that secret requests
    /// alone name is there for their viewers and for the token that stored it (rule D5).
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unavailable`].
    pub async fn read_document(&self, caller: &Caller, digest: &str) -> Result<DocumentRead, Refusal> {
        let court = caller.court.clone().ok_or(Refusal::NotFound)?;
        let key = self.shared.document_key(&court, digest);
        let (found, shown) = {
            let decider = self.shared.decider.read();
            let found = decider.state.documents.get(&key).cloned().ok_or(Refusal::NotFound)?;
            let shown = found.is_shown_to(decider.state.word_of(&caller.token));
            (found, shown)
        };
        self.shared.papers.not_lost(found.sequence)?;
        let event = self.shared.papers.event(found.sequence).ok_or(Refusal::Unavailable)?;
        let is_own = matches!(&event.fact, Fact::DocumentStored(fact) if fact.token == caller.token);
        if !shown && !is_own {
            return Err(Refusal::NotFound);
        }
        let Some(Body::Document(body)) = event.body else { return Err(Refusal::NotFound) };
        let key = self.shared.vault.keys().get(found.slot).ok().flatten().ok_or(Refusal::NotFound)?;
        let id = blob_id(&found.blob).ok_or(Refusal::Unavailable)?;
        let shared = std::sync::Arc::clone(&self.shared);
        // Up to 32 MiB are read and opened: not on a worker that takes calls.
        let read = self.off_worker(move || shared.vault.blobs().read(&id, &key, DOCUMENT_AAD, found.bytes));
        let bytes = read.await.ok_or(Refusal::Unavailable)?.map_err(|error| {
            tracing::error!(%error, "a document cannot be read");
            Refusal::ContentUnreadable
        })?;
        self.done(Command::Read {
            by: caller.token.clone(),
            is_person: caller.is_person,
            request: domain::RequestId(found.sequence),
            closed: Some(crate::command::ClosedRead { version: found.sequence }),
        })
        .await?;
        Ok(DocumentRead {
            content_type: body.content_type,
            file_name: Personal::new(body.file_name),
            bytes: Personal::new(bytes),
        })
    }
}

/// What is known of a document before it is sealed.
struct Fresh {
    key: (u64, u64),
    digest: String,
    file_name: String,
    content_type: String,
    court: String,
    token: String,
}

/// Room for the bytes of a document on the disk, held until they are recorded. Looked for at the door: what is written there and then
/// refused would take the space that is kept for what is under way.
struct Room<'s> {
    shared: &'s Shared,
    bytes: u64,
}

impl<'s> Room<'s> {
    fn taken(shared: &'s Shared, bytes: u64) -> Result<Self, Refusal> {
        let before = shared.storing.fetch_add(bytes, Ordering::Relaxed);
        let room = Self { shared, bytes };
        let needed = FREE_BYTES_MIN.saturating_add(before).saturating_add(bytes);
        let is_scarce = (shared.free_bytes)(&shared.directory).is_some_and(|free| free < needed);
        match shared.draining.load(Ordering::Relaxed) {
            true => Err(Refusal::Draining),
            false if is_scarce || shared.is_broken() => Err(Refusal::Unavailable),
            false => Ok(room),
        }
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.shared.storing.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A document that is durable, and that no event names yet.
struct Sealed {
    slot: u64,
    blob: String,
    intent: IntentFile,
}

fn seal(shared: &Shared, bytes: &[u8]) -> Result<Sealed, Refusal> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        tracing::error!(%error, what, "a document could not be stored");
        Refusal::Unavailable
    };
    let blobs = shared.vault.blobs();
    let made = shared.vault.keys().create(1, &mut OsRandom).map_err(|error| failed("key", &error))?;
    let (slot, key) = made.into_iter().next().ok_or(Refusal::Unavailable)?;
    let written = || {
        let staged = blobs.stage(&mut &*bytes, &key, DOCUMENT_AAD, &mut OsRandom)?;
        let id = staged.id();
        let intent = blobs.intend_document(shared.durable.load(Ordering::Acquire), (slot, id), &mut OsRandom)?;
        blobs.commit(vec![staged])?;
        Ok::<_, BlobError>((id, intent))
    };
    let (id, intent) = written().map_err(|error| failed("blob", &error))?;
    Ok(Sealed { slot, blob: id.to_string(), intent })
}
