//! The key of a case is damaged, a partner answers all the same, and the case is erased: nothing of what was said of it can be read with
//! any key that the directory still has.

use std::path::Path;

use store::blobs::BlobStore;
use store::disk::{Disk, SimulatedDisk};
use store::journal::Record;
use store::keys::{KeyShape, KeyStore, Masters};
use store::record::Fact;
use store::seal::Sealer;
use store::seal::master::MasterKey;

use super::*;
use crate::vault::Vault;

const KEYS: &str = "/data/keys";

/// Real keys; papers are none of this test.
struct Real(Arc<KeyStore>);

impl Keyring for Real {
    fn create(&mut self) -> Result<u64, Refusal> {
        Ok(self.0.create(1, &mut SeededRandom::new(7)).unwrap()[0].0)
    }

    fn stand_in(&mut self, slot: u64) -> Result<u64, Refusal> {
        self.0.create_stand_in(slot, &mut SeededRandom::new(8)).map_err(|_| Refusal::Unavailable)
    }

    fn can_seal(&self, slot: u64) -> bool {
        self.0.get(slot).is_ok()
    }

    fn wrap(&mut self, document: &DocumentKey<'_>, case_slot: u64) -> Result<SealTwin, Refusal> {
        CountingKeyring(0).wrap(document, case_slot)
    }
}

/// A directory with its keys, and the records that were written with them.
struct Directory {
    disk: SimulatedDisk,
    keys: Arc<KeyStore>,
    table: Table,
    /// Events before this were there before the directory.
    first: usize,
    records: Vec<Record>,
}

fn taken_up(disk: &SimulatedDisk) -> Arc<KeyStore> {
    let masters = Masters { current: MasterKey::from_bytes([1; 32]), previous: None };
    let disk = Arc::new(disk.clone());
    let shape = KeyShape::default();
    Arc::new(KeyStore::open_or_create(disk, Path::new(KEYS), masters, shape, &mut SeededRandom::new(3)).unwrap())
}

impl Directory {
    fn new(partners: Vec<Partner>) -> Self {
        let disk = SimulatedDisk::new(1);
        let (keys, table) = (taken_up(&disk), Table::with(partners));
        let first = table.events.len();
        let mut directory = Self { disk, keys, table, first, records: Vec::new() };
        directory.decide_over();
        directory
    }

    fn vault(&self) -> Vault {
        let disk = Arc::new(self.disk.clone());
        Vault::new(Arc::clone(&self.keys), Arc::new(BlobStore::open(disk, Path::new("/data/blobs"), 1 << 20).unwrap()))
    }

    /// The state goes into a snapshot and out again.
    fn decide_over(&mut self) {
        let mut bytes = Vec::new();
        self.table.decider.state.write_record(&mut bytes).unwrap();
        let state = State::read_record(&bytes).unwrap();
        assert_eq!(state.digest(), self.table.decider.state.digest());
        let config = Arc::clone(self.table.decider.config());
        self.keys.named_through(state.slot_highest).unwrap();
        self.keys.stands_in(state.stand_ins.all());
        self.keys.end_stand_ins_of_destroyed(&mut SeededRandom::new(4)).unwrap();
        self.table.decider =
            Decider::new(state, Box::new(Real(Arc::clone(&self.keys))), Box::new(SeededRandom::new(1)));
        self.table.tell(Command::Configure(config)).unwrap();
    }

    /// All that was decided becomes durable, as the journal thread does it.
    fn write(&mut self) {
        self.keys.sync().unwrap();
        let vault = self.vault();
        let from = self.first + self.records.len();
        for (sequence, event) in (0_u64..).zip(&self.table.events).skip(from) {
            let written = vault.write(sequence, event, &mut SeededRandom::new(5)).unwrap();
            self.records.push(Record { leaf: written.leaf, body: written.body });
        }
    }

    fn restart(&mut self) {
        self.write();
        self.disk.crash();
        self.keys = taken_up(&self.disk);
        self.decide_over();
    }

    fn damage(&self, slot: u64) {
        let file = self.disk.open(&Path::new(KEYS).join("slots-00000000")).unwrap();
        file.write_all_at(&[0x55; 8], (slot + 1) * 128 + 40).unwrap();
    }

    fn numbered(&self) -> impl Iterator<Item = (u64, &Record)> {
        (u64::try_from(self.first).unwrap()..).zip(&self.records)
    }

    /// What anybody can read with a key that is here, whichever it is.
    fn legible(&self) -> String {
        let gateway = self.keys.root().derive("gateway-bodies", &[]);
        let last = self.table.decider.state.slot_highest + 1_000;
        let keys: Vec<_> = (1..=last).filter_map(|slot| self.keys.get(slot).ok()?).chain([gateway]).collect();
        let mut found = String::new();
        for (sequence, record) in self.numbered() {
            let Some(sealed) = &record.body else { continue };
            let opened = keys.iter().find_map(|key| Sealer::new(key).open(&sequence.to_be_bytes(), sealed).ok());
            found.extend(opened.map(|plain| String::from_utf8(plain).unwrap()));
        }
        found
    }
}

/// The key of the case is damaged while a bank is asked; its answer comes, and then an hour passes.
fn answered_while_damaged() -> (Directory, u64) {
    let mut directory = Directory::new(vec![partner("bank-a")]);
    directory.table.submit(1, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
    let accepted = |event: &&Event| matches!(event.fact, Fact::RequestAccepted(_));
    let slot = directory.table.events.iter().find(accepted).unwrap().key;
    directory.write();
    directory.damage(slot);
    directory.restart();
    directory.table.answer(found(30_000));
    directory.table.pass(3_600_000);
    directory.write();
    (directory, slot)
}

fn nothing_is_left(directory: &Directory) {
    assert_eq!(directory.legible(), "", "what a court erases is gone");
    let vault = directory.vault();
    let events: Vec<_> = directory.numbered().map(|(at, record)| vault.read(at, record).unwrap()).collect();
    assert!(events.iter().all(|event| event.body.is_none()), "and reads as erased, not as lost");
    let ended = |event: &Event| matches!(event.fact, Fact::ExchangeEnded(_));
    assert!(events.iter().any(ended), "its leaf proves still that it came");
}

#[test]
fn what_came_while_the_key_was_damaged_is_erased_with_the_case() {
    let (mut directory, slot) = answered_while_damaged();
    assert!(directory.legible().contains("6230000"), "the account that the bank told is kept meanwhile");
    directory.keys.destroy(&[slot], &mut SeededRandom::new(6)).unwrap();
    nothing_is_left(&directory);
    directory.restart();
    nothing_is_left(&directory);
}

#[test]
fn a_start_between_the_answer_and_the_erasure_forgets_no_key() {
    let (mut directory, slot) = answered_while_damaged();
    directory.restart();
    directory.restart();
    assert!(directory.legible().contains("6230000"));
    directory.keys.destroy(&[slot], &mut SeededRandom::new(6)).unwrap();
    nothing_is_left(&directory);
}

#[test]
fn an_erasure_that_was_cut_short_is_ended_by_the_next_start() {
    let (mut directory, slot) = answered_while_damaged();
    // Whoever destroys it here knows of no other key.
    taken_up(&directory.disk).destroy(&[slot], &mut SeededRandom::new(6)).unwrap();
    directory.restart();
    nothing_is_left(&directory);
}
