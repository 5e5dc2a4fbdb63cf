//! Random histories of appends, commits, faults, kills and power cuts against a model of what was acknowledged.

use proptest::prelude::*;

use super::*;
use crate::disk::simulated::Fault;

#[derive(Debug, Clone)]
enum Action {
    Append(Vec<Option<usize>>),
    Commit,
    Prepare,
    Read(u64),
    /// The process dies; the page cache stays.
    Kill,
    PowerCut,
    PowerCutAfter(u64),
    CleanStop,
    SyncFails(u32),
    WriteFails,
    ReadShort,
    DiskFull(u64),
}

fn bodies() -> impl Strategy<Value = Vec<Option<usize>>> {
    let body = prop_oneof![3 => Just(None), 5 => (0_usize..700).prop_map(Some), 1 => (0_usize..6000).prop_map(Some)];
    prop::collection::vec(body, 1..8)
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        10 => bodies().prop_map(Action::Append),
        8 => Just(Action::Commit),
        1 => Just(Action::Prepare),
        2 => any::<u64>().prop_map(Action::Read),
        1 => Just(Action::Kill),
        2 => Just(Action::PowerCut),
        3 => (1_u64..30).prop_map(Action::PowerCutAfter),
        1 => Just(Action::CleanStop),
        1 => (0_u32..6).prop_map(Action::SyncFails),
        1 => Just(Action::WriteFails),
        1 => Just(Action::ReadShort),
        1 => (0_u64..20_000).prop_map(Action::DiskFull),
    ]
}

struct World {
    disk: SimulatedDisk,
    opened: Option<Opened>,
    acknowledged: Vec<Record>,
    staged: Vec<Record>,
    /// Records of a commit that failed: all of them are there afterwards, or none.
    doubtful: Vec<Record>,
    salt: u64,
    /// Power cuts that were ordered in advance and came.
    cuts: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = SimulatedDisk::new(seed);
        Self {
            disk,
            opened: None,
            acknowledged: Vec::new(),
            staged: Vec::new(),
            doubtful: Vec::new(),
            salt: 0,
            cuts: 0,
        }
    }

    /// Opens, as often as the power allows, and checks what came back.
    fn start(&mut self) {
        while self.opened.is_none() {
            let floor = DurableFloor { checkpoint_size: self.acknowledged.len() as u64 };
            match open_with(&self.disk, floor, self.salt % 40) {
                Ok(opened) => self.opened = Some(opened),
                Err(OpenError::Io { .. }) => {
                    self.disk.limit_free_bytes(None);
                    self.power_back();
                }
                Err(error) => panic!("a sound journal was refused: {error}"),
            }
        }
        let range = self.opened.as_ref().unwrap().journal.reader().read_range(0, ReadLimits::NONE);
        match range.map(|item| item.map(|(_, record)| record)).collect::<Result<Vec<_>, _>>() {
            Ok(found) => self.check(found),
            // Reading may put an offset table back, and the power may go at that.
            Err(error) => {
                assert!(self.disk.is_off(), "{error}");
                self.power_back();
                self.stop();
                self.start();
            }
        }
    }

    fn check(&mut self, found: Vec<Record>) {
        let opened = self.opened.as_ref().unwrap();
        let sure = self.acknowledged.len();
        assert_eq!(found.len() as u64, opened.next);
        assert!(found.len() >= sure, "acknowledged records are lost");
        assert_eq!(found[..sure], self.acknowledged, "acknowledged records changed");
        if found.len() > sure {
            assert_eq!(found[sure..], self.doubtful, "a batch is neither whole nor absent");
        }
        if let Some(cut) = &opened.recovery.cut {
            assert_eq!(cut.sequence, sure as u64);
            assert!(self.disk.content(&cut.kept).is_some());
            assert!(!opened.recovery.clean_stop);
        }
        self.acknowledged = found;
        self.doubtful.clear();
        self.staged.clear();
    }

    fn power_back(&mut self) {
        if self.disk.is_off() {
            self.disk.crash();
            self.cuts += 1;
        }
    }

    fn stop(&mut self) {
        self.opened = None;
        self.disk.limit_free_bytes(None);
    }

    fn power_cut(&mut self) {
        self.disk.crash();
        self.stop();
    }

    fn append(&mut self, bodies: &[Option<usize>]) {
        self.salt += 1;
        let journal = &self.opened.as_ref().unwrap().journal;
        let next = (self.acknowledged.len() + self.staged.len()) as u64;
        let records: Vec<Record> =
            bodies.iter().zip(next..).map(|(body, sequence)| record(sequence, self.salt, *body)).collect();
        match journal.append(journal.fence(), &[], &borrow(&records)) {
            Ok(range) => {
                assert_eq!(range, next..next + records.len() as u64, "sequences are not dense");
                self.staged.extend(records);
            }
            Err(AppendError::BatchFull { .. } | AppendError::TooLarge { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn commit(&mut self) {
        let journal = &self.opened.as_ref().unwrap().journal;
        match journal.commit(self.salt) {
            Ok(size) => {
                self.acknowledged.append(&mut self.staged);
                assert_eq!(size, self.acknowledged.len() as u64);
            }
            Err(CommitError::Full { dropped }) => {
                let next = self.acknowledged.len() as u64;
                assert_eq!(dropped, next..next + self.staged.len() as u64);
                assert_eq!(journal.append(journal.fence(), &[], &[]), Err(AppendError::Dropped { from: next }));
                assert!(!journal.resume(next + 1));
                assert!(journal.resume(next));
                self.staged.clear();
                self.disk.limit_free_bytes(None);
            }
            Err(CommitError::Failed { .. }) => {
                assert_eq!(journal.append(journal.fence(), &[], &[]), Err(AppendError::Poisoned));
                assert!(matches!(journal.commit(0), Err(CommitError::Poisoned)));
                assert!(matches!(journal.close(), Err(CloseError::Poisoned)));
                self.doubtful = std::mem::take(&mut self.staged);
                self.power_back();
                self.stop();
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn clean_stop(&mut self) {
        self.commit();
        let Some(opened) = &self.opened else { return };
        let closed = opened.journal.close();
        self.power_back();
        self.stop();
        if closed.is_ok() {
            self.start();
            assert!(self.opened.as_ref().is_some_and(|opened| opened.recovery.cut.is_none()));
        }
    }

    fn read(&self, at: u64) {
        let reader = self.opened.as_ref().unwrap().journal.reader();
        let size = self.acknowledged.len() as u64;
        assert_eq!(reader.read(size).unwrap(), None, "what is not acknowledged can be read");
        if size > 0 {
            let sequence = at % size;
            let found = reader.read(sequence);
            assert!(found.is_ok() || self.disk.is_off());
            let Ok(found) = found else { return };
            assert_eq!(found.as_ref(), self.acknowledged.get(usize::try_from(sequence).unwrap()));
        }
    }

    fn act(&mut self, action: Action) {
        if self.opened.is_none() {
            self.start();
        }
        match action {
            Action::Append(bodies) => self.append(&bodies),
            Action::Commit => self.commit(),
            Action::Prepare => {
                let prepared = self.opened.as_ref().unwrap().journal.prepare();
                if prepared.is_err() {
                    // The journal is poisoned now; staged records were never tried.
                    self.staged.clear();
                    self.power_cut();
                }
            }
            Action::Read(at) => self.read(at),
            Action::Kill => self.stop(),
            Action::PowerCut => self.power_cut(),
            Action::PowerCutAfter(operations) => self.disk.power_off_after(operations),
            Action::CleanStop => self.clean_stop(),
            Action::SyncFails(skip) => self.disk.inject(Fault::SyncFails, skip),
            Action::WriteFails => self.disk.inject(Fault::WriteFails, 0),
            Action::ReadShort => self.disk.inject(Fault::ReadShort, 0),
            Action::DiskFull(bytes) => self.disk.limit_free_bytes(Some(bytes)),
        }
        if self.opened.is_some() && self.disk.is_off() {
            self.power_back();
            self.stop();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives_everything(seed in any::<u64>(), actions in prop::collection::vec(action(), 1..60)) {
        let mut world = World::new(seed);
        for action in actions {
            world.act(action);
        }
        world.power_cut();
        world.start();
        let disk = world.disk.clone();
        prop_assert_eq!(verify_all(&disk, Path::new(DIRECTORY)).unwrap().records, world.acknowledged.len() as u64);
    }
}

/// The same history, with the power cut at each changing operation in turn, until it runs to its end.
#[test]
fn the_power_may_go_at_any_step() {
    for seed in 0..8 {
        for operations in 1.. {
            let mut world = World::new(seed);
            world.disk.power_off_after(operations);
            for bodies in [vec![Some(300); 3], vec![Some(2500); 2], vec![None], vec![Some(4000)], vec![Some(10); 9]] {
                if world.opened.is_none() {
                    world.start();
                }
                world.append(&bodies);
                world.commit();
            }
            if world.opened.is_some() {
                world.clean_stop();
            }
            world.power_back();
            let reached = world.cuts > 0;
            world.power_cut();
            world.start();
            if !reached {
                assert!(operations > 30, "the history is shorter than expected");
                break;
            }
        }
    }
}
