//! Files that a crash left between a blob and the event that was to name it: a start erases what is surely nobody's, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use store::blobs::{BlobId, BlobStore, Intended, Intent};
use store::disk::RealDisk;
use store::keys::{KeyShape, KeyStore, Masters, SlotState, check_keys};
use store::random::OsRandom;
use store::seal::DataKey;
use store::seal::master::MasterKey;

use crate::bench::{Gateway, Spec, View, files_below, look};
use crate::lost::answer_at_length;

fn master(gateway: &Gateway) -> MasterKey {
    MasterKey::read(&gateway.config.join("secrets/master.key")).unwrap()
}

fn intents(gateway: &Gateway) -> Vec<PathBuf> {
    files_below(&gateway.data.join("blobs/intents"))
}

fn is_sound(gateway: &Gateway) {
    let told = gateway.verify();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
}

/// A stopped gateway's keys and blobs, as the process had them that was killed.
struct Killed {
    keys: KeyStore,
    blobs: BlobStore,
}

impl Killed {
    fn of(gateway: &Gateway) -> Self {
        let masters = Masters { current: master(gateway), previous: None };
        let keys =
            KeyStore::open(Arc::new(RealDisk), &gateway.data.join("keys"), masters, KeyShape::default()).unwrap();
        let blobs = BlobStore::open(Arc::new(RealDisk), &gateway.data.join("blobs"), 1 << 20).unwrap();
        Self { keys, blobs }
    }

    fn new_key(&self) -> (u64, DataKey) {
        let made = self.keys.create(1, &mut OsRandom).unwrap().remove(0);
        self.keys.sync().unwrap();
        made
    }

    /// A document whose event never came.
    fn document(&self, head: u64) -> (u64, BlobId) {
        let (slot, key) = self.new_key();
        let staged = self.blobs.stage(&mut [7_u8; 100_000].as_slice(), &key, b"document", &mut OsRandom).unwrap();
        let id = staged.id();
        self.blobs.intend_document(head, (slot, id), &mut OsRandom).unwrap();
        self.blobs.commit(vec![staged]).unwrap();
        (slot, id)
    }

    /// A long body of a case whose first event never came.
    fn body(&self, head: u64) -> (u64, BlobId) {
        let (slot, key) = self.new_key();
        let sealed = self.blobs.seal(&[7; 100_000], &key, &[0; 8], &mut OsRandom).unwrap();
        let (id, sequence) = (sealed.id(), Some(1_000_000));
        self.blobs.intend_bodies(&Intent { head, blobs: vec![Intended { slot, sequence, id }] }).unwrap();
        self.blobs.keep(&[&sealed], &mut OsRandom).unwrap();
        (slot, id)
    }
}

#[test]
fn a_start_erases_what_a_crash_left_without_an_event_and_nothing_that_is_named() {
    let mut gateway = Gateway::with(vec![Spec::pulling("bank-a").with(|spec| spec.poll_ms = 0)]);
    gateway.papers();
    assert!(intents(&gateway).is_empty(), "its event is durable");
    let id = gateway.submit(&look(&[0])).id;
    answer_at_length(&gateway);
    let told = gateway.wait_finished(&id);
    assert_eq!(intents(&gateway).len(), 1, "of the long body");
    let blobs = files_below(&gateway.data.join("blobs"));
    let named: Vec<PathBuf> = blobs.into_iter().filter(|path| !intents(&gateway).contains(path)).collect();
    gateway.kill();
    let killed = Killed::of(&gateway);
    // A crash came behind the event and before its intent was forgotten: whatever key that names, it ends nothing.
    for path in &named {
        let id = engine::vault::blob_id(&path.file_name().unwrap().to_string_lossy()).unwrap();
        killed.blobs.intend_document(0, (1, id), &mut OsRandom).unwrap();
    }
    let (slot, document) = killed.document(1);
    // The journal was put back from an older copy: who knows what the newer one names.
    let (in_doubt, kept) = killed.document(1_000_000);
    std::fs::write(gateway.data.join("blobs/intents/0123"), b"cut short").unwrap();
    drop(killed);
    gateway.start();
    let acts = |view: &View| view.0["acts"].clone();
    assert!(acts(&gateway.view(&id)) == acts(&told), "what is named is there");
    let log = gateway.read_log();
    let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines("a crash left a blob that no event names"), 1);
    assert_eq!(lines("nobody can tell whether an event names a blob"), 1);
    gateway.stop();
    assert_eq!(intents(&gateway).len(), 1, "the next start looks again");
    let killed = Killed::of(&gateway);
    assert!(!killed.blobs.contains(&document).unwrap() && killed.blobs.contains(&kept).unwrap());
    assert!(named.iter().all(|path| path.exists()));
    let (of_case, body) = killed.body(1);
    drop(killed);
    is_sound(&gateway);
    gateway.start();
    gateway.stop();
    assert!(!Killed::of(&gateway).blobs.contains(&body).unwrap());
    let checked = check_keys(&RealDisk, &gateway.data.join("keys"), Some(&master(&gateway)), KeyShape::default());
    let checked = checked.unwrap();
    let states = [slot, in_doubt, of_case].map(|slot| checked.state(slot).unwrap());
    assert_eq!(states, [SlotState::Destroyed, SlotState::Live, SlotState::Destroyed]);
    is_sound(&gateway);
}
