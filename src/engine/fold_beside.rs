//! What happens beside acts: recorded reads, pauses of partners, documents that are stored.

use store::record::{DocumentStored, Event};

use crate::fold::read_key;
use crate::state::lane::Pause;
use crate::state::slab::Index;
use crate::state::{Document, READS_MAX, State};

impl State {
    pub(super) fn remember_read(&mut self, by: &str, request: u64, version: u64) {
        if self.reads.len() >= READS_MAX {
            self.reads.clear();
        }
        self.reads.insert(read_key(by, request), version);
    }

    /// Stirs the lane also when it pauses: one that ends earlier than the pause before it must be woken from earlier too.
    pub(super) fn pause(&mut self, partner: &str, pause: Option<Pause>) {
        let lane = self.lane_for(partner);
        if let Some(lane) = self.lane_mut(lane) {
            lane.record.paused = pause;
        }
        self.stirred.insert(lane);
    }

    pub(super) fn store_document(
        &mut self,
        sequence: u64,
        fact: &DocumentStored,
        key: (u64, u64),
        content_type: &str,
        event: &Event,
    ) {
        let court = self.word_for(&fact.court);
        let document = Document {
            sequence,
            slot: event.key,
            blob: fact.blob.clone(),
            bytes: fact.bytes,
            content_type: content_type.to_owned(),
            court,
            at: event.at,
            referenced: false,
            shown: false,
            readers: Vec::new(),
        };
        let before = self.documents.insert(key, document);
        self.document_keys.insert(sequence, key);
        if let Some(before) = &before {
            self.document_keys.remove(&before.sequence);
        }
        let (Some(before), Some(document)) = (before, self.documents.get_mut(&key)) else { return };
        // Stored once more because its bytes were lost: what names it still says who may read it.
        (document.referenced, document.shown, document.readers) = (before.referenced, before.shown, before.readers);
        self.erased.push(before.slot);
    }

    pub(super) fn erase_document(&mut self, document: u64) {
        // One that was stored once more since went with that.
        let key = self.document_keys.remove(&document);
        let erased = key.and_then(|key| self.documents.remove(&key));
        self.erased.extend(erased.map(|erased| erased.slot));
    }

    /// The tokens that may see a secret request; empty when it is not secret.
    pub(super) fn readers_of(&self, request: Index) -> Vec<u16> {
        let open = self.requests.get(request).filter(|open| !open.viewers.is_empty());
        open.map(|open| [open.token].into_iter().chain(open.viewers.iter().copied()).collect()).unwrap_or_default()
    }

    /// Documents are named by what these may see; nobody = by what the whole court may.
    pub(super) fn reference(&mut self, documents: &[(u64, u64)], readers: &[u16]) {
        for key in documents {
            let Some(document) = self.documents.get_mut(key) else { continue };
            document.referenced = true;
            document.shown |= readers.is_empty();
            for reader in readers {
                if !document.readers.contains(reader) {
                    document.readers.push(*reader);
                }
            }
        }
    }
}
