//! What happens beside acts: recorded reads, pauses of partners, documents that are stored.

use store::record::{DocumentStored, Event};

use crate::fold::read_key;
use crate::state::lane::Pause;
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
        };
        self.documents.insert(key, document);
    }
}
