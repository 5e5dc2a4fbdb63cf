//! What leaves name beside themselves: sealed bodies, the blobs in which long ones and documents stand, and whether they open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::vault::{Vault, VaultError, blob_id, hex_digest};
use store::blobs::BlobStore;
use store::disk::{Disk, ReadOnlyDisk};
use store::journal::{Record, RecordRef};
use store::keys::{CheckedKeys, KeyShape, KeyStore, Masters, SlotState};
use store::record::{Body, Event, Fact, Leaf, SealTwin, read_leaf};
use store::seal::master::MasterKey;

use super::directory::{PRINTED_MAX, sound, tell};

/// The longest blob that is opened.
const BLOB_BYTES_MAX: u64 = 64 << 20;

/// Holds what leaves name against what is there.
pub(super) struct Contents {
    blobs: BlobStore,
    folder: PathBuf,
    /// Opens every body, where the master key is at hand and the key files can be taken up.
    vault: Option<Vault>,
    /// Documents that live by themselves, by the event that stored them: their blobs.
    living: BTreeMap<u64, String>,
    told: Vec<String>,
    more: usize,
    opened: u64,
    found: u64,
    /// Documents erased by themselves, which a case may still hold.
    left: u64,
}

impl Contents {
    /// Over a data directory; nothing in it is changed.
    pub(super) fn new(data: &Path, master: Option<MasterKey>) -> Self {
        let folder = data.join("blobs");
        let disk: Arc<dyn Disk> = Arc::new(ReadOnlyDisk);
        let reading = || BlobStore::to_read(Arc::clone(&disk), &folder, BLOB_BYTES_MAX);
        let keys = master.and_then(|current| {
            let masters = Masters { current, previous: None };
            // What is wrong with the files themselves is told by the check of the slots.
            KeyStore::open_to_read(Arc::clone(&disk), &data.join("keys"), masters, KeyShape::default()).ok()
        });
        let vault = keys.map(|keys| Vault::new(Arc::new(keys), Arc::new(reading())));
        let blobs = reading();
        let living = BTreeMap::new();
        Self { blobs, folder, vault, living, told: Vec::new(), more: 0, opened: 0, found: 0, left: 0 }
    }

    /// One record and what its leaf says.
    pub(super) fn record(&mut self, sequence: u64, leaf: &Leaf, record: RecordRef<'_>, keys: Option<&CheckedKeys>) {
        match &leaf.fact {
            Fact::DocumentStored(fact) => drop(self.living.insert(sequence, fact.blob.clone())),
            Fact::DocumentErased(fact) => self.left += u64::from(self.living.remove(&fact.document).is_some()),
            _ => {}
        }
        let is_destroyed = keys.is_some_and(|keys| keys.state(leaf.key) == Some(SlotState::Destroyed));
        let Some(digest) = leaf.body_digest.as_ref().filter(|_| !is_destroyed) else { return };
        match record.body {
            Some(sealed) if hex_digest(sealed) != *digest => {
                let told = VaultError::Digest { sequence }.to_string();
                return self.tell(told);
            }
            Some(_) => {}
            None if !self.is_there(digest, || format!("the body of event {sequence}")) => return,
            None => {}
        }
        self.open(sequence, record);
    }

    fn open(&mut self, sequence: u64, record: RecordRef<'_>) {
        let Some(vault) = &self.vault else { return };
        let record = Record { leaf: record.leaf.to_vec(), body: record.body.map(<[u8]>::to_vec) };
        match vault.read(sequence, &record) {
            Ok(event) => {
                self.opened += u64::from(event.body.is_some());
                for seal in seals(&event) {
                    self.is_there(&seal.blob, || format!("a paper that event {sequence} holds"));
                }
            }
            // A slot that gives no key is told once, with how many events hang on it.
            Err(VaultError::Key { .. }) => {}
            Err(error) => {
                let slot = read_leaf(&record.leaf).map_or(0, |leaf| leaf.key);
                self.tell(format!(
                    "{error}; its body does not open under key slot {slot}: put that slot back from a backup of its file"
                ));
            }
        }
    }

    fn is_there(&mut self, blob: &str, what: impl Fn() -> String) -> bool {
        let known = blob_id(blob).is_some_and(|id| self.blobs.contains(&id).unwrap_or(false));
        if known {
            self.found += 1;
        } else {
            let place = self.folder.join(blob.get(..2).unwrap_or_default()).join(blob);
            self.tell(format!(
                "{}: missing, though it is {}; restore it from the mirror or a backup",
                place.display(),
                what()
            ));
        }
        known
    }

    fn tell(&mut self, told: String) {
        if self.told.len() < PRINTED_MAX { self.told.push(told) } else { self.more += 1 }
    }

    /// Tells what was found; true where nothing is missing.
    pub(super) fn finish(mut self, master_given: bool, keys: Option<&CheckedKeys>, sealed: u64) -> bool {
        for (sequence, blob) in std::mem::take(&mut self.living) {
            self.is_there(&blob, || format!("the document that event {sequence} stored"));
        }
        if master_given && keys.is_none() && sealed > 0 {
            self.tell(format!(
                "keys: there are none, though {sealed} event(s) have sealed bodies; put the newest copy of the folder back"
            ));
        }
        tell(&self.told);
        if self.more > 0 {
            println!("finding: {} more of this kind", self.more);
        }
        let is_sound = self.told.is_empty();
        let how = match &self.vault {
            Some(_) => format!("{} bodies opened", self.opened),
            None => format!(
                "`--config` opens each body, and looks for the papers of {} erased document(s) that cases may hold",
                self.left
            ),
        };
        println!("contents {}: {} blobs named and there ({how})", sound(is_sound), self.found);
        is_sound
    }
}

fn seals(event: &Event) -> &[SealTwin] {
    match &event.body {
        Some(Body::Accepted(body)) => &body.seals,
        Some(Body::Imported(body)) => &body.seals,
        _ => &[],
    }
}
