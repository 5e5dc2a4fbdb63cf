//! A process over its life: what its threads tell each other, what a snapshot holds, and what is left for the next start.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::record::Fact;
use trail::{Tree, leaf_hash};

use super::pulled_list::{Numbers, court, fed, listed, options, started, started_with, submit_all};
use super::*;
use crate::clock::{Clock, SystemClock};
use crate::runtime::opening::{read_state, write_state};
use crate::runtime::{Engine, Options};

/// The system's time, until a thread that asks for it is to come to grief.
struct Treacherous {
    clock: SystemClock,
    thread: &'static str,
    armed: AtomicBool,
}

impl Clock for Treacherous {
    fn wall(&self) -> domain::Millis {
        let is_it = std::thread::current().name() == Some(self.thread);
        assert!(!is_it || !self.armed.load(Ordering::Relaxed), "this thread was to fail");
        self.clock.wall()
    }

    fn mono(&self) -> u64 {
        self.wall();
        self.clock.mono()
    }
}

/// Else everything looks well, and no call is answered, no checkpoint signed, no mailbox looked into ever again.
#[test]
fn a_thread_that_ends_by_a_fault_ends_the_whole() {
    for thread in ["decider", "journal", "checkpoint", "sweeping"] {
        let folder = tempfile::TempDir::new().unwrap();
        let tokio =
            tokio::runtime::Builder::new_multi_thread().thread_name("sweeping").worker_threads(1).enable_all().build();
        let tokio = tokio.unwrap();
        let clock = Arc::new(Treacherous { clock: SystemClock::new(), thread, armed: AtomicBool::new(false) });
        let running = Options { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..options(folder.path(), &tokio) };
        let running = started_with(running, Numbers::default(), "d");
        let engine = &running.engine;
        let refused = |minute| Command::Refused { source: "source".to_owned(), minute, count: 1 };
        tokio.block_on(engine.ask(refused(1))).unwrap();
        assert!(engine.health().ready);
        clock.armed.store(true, Ordering::Relaxed);
        // Its next turn: the journal's comes with an event, the others' by themselves.
        let _none = tokio.block_on(engine.ask(refused(2)));
        while !engine.is_broken() {
            std::thread::yield_now();
        }
        assert!(!engine.health().ready, "{thread}");
        assert_eq!(tokio.block_on(engine.ask(refused(3))).err(), Some(Refusal::Unavailable), "{thread}");
        running.drain(Duration::ZERO);
    }
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A snapshot is of the first moment at which all of its state is durable, and takes the tree as it then is.
#[test]
fn whoever_sees_that_an_event_is_durable_finds_its_leaf_in_the_tree() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let running = started(folder.path(), &tokio);
    let (shared, ended) = (Arc::clone(&running.engine.shared), AtomicBool::new(false));
    let behind = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let is_behind = || {
                let durable = shared.durable.load(Ordering::Acquire);
                shared.trail.tree_size() < durable
            };
            let mut behind = 0;
            while !ended.load(Ordering::Relaxed) {
                behind += u64::from(is_behind());
            }
            behind
        });
        for minute in 0..300 {
            let command = Command::Refused { source: "source".to_owned(), minute, count: 1 };
            tokio.block_on(running.engine.ask(command)).unwrap();
        }
        ended.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    });
    assert_eq!(behind, 0, "times the tree was seen behind what was told to be durable");
    running.drain(Duration::from_secs(5));
}

#[test]
fn a_snapshot_whose_tree_is_not_that_of_its_state_is_not_used() {
    let mut tree = Tree::new();
    let mut state = State::default();
    for sequence in 0..3 {
        let fact = Fact::from(store::record::GatewayStarted { epoch: 1, version: String::new() });
        state.fold(sequence, &Event { at: 0, fact, body: None, key: 0 });
        let short = written(&state, &tree);
        assert!(read_state(&mut short.as_slice()).is_err_and(|why| why.contains("leaves")));
        tree.append(leaf_hash(&[0])).unwrap();
        let (read, _) = read_state(&mut written(&state, &tree).as_slice()).unwrap();
        assert_eq!(read.next, sequence + 1);
    }
}

fn written(state: &State, tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_state(state, &tree.to_bytes(), &mut bytes).unwrap();
    bytes
}

/// Offered and then interrupted, before anybody could be told that the form cannot say it.
#[test]
fn what_cannot_be_said_is_unsent_also_after_an_interrupted_list() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let started = |is_mute, digest| started_with(options(folder.path(), &tokio), Numbers { is_mute }, digest);
    let mut running = started(true, "d");
    tokio.block_on(submit_all(&running.engine, 2));
    let list = || Command::List { partner: "bank".to_owned(), class: domain::socket::ListClass::Queries };
    tokio.block_on(running.engine.ask(list())).unwrap();
    running.drain(Duration::ZERO);
    running = started(true, "d");
    assert_eq!(running.engine.health().open_acts, 4);
    assert!(tokio.block_on(listed(&running.engine)).is_empty());
    assert_eq!(running.engine.health().open_acts, 0, "none waits for an answer that nobody can give");
    running.drain(Duration::ZERO);
}

/// Under another dialect it may have been said, and done: that it cannot be said now proves nothing.
#[test]
fn what_was_written_by_another_dialect_is_not_taken_for_unsent() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let started = |is_mute, digest| started_with(options(folder.path(), &tokio), Numbers { is_mute }, digest);
    let mut running = started(false, "d");
    tokio.block_on(submit_all(&running.engine, 1));
    assert_eq!(tokio.block_on(listed(&running.engine)).len(), 2);
    for (digest, open) in [("e", 2), ("d", 2)] {
        running.drain(Duration::ZERO);
        running = started(true, digest);
        assert!(tokio.block_on(listed(&running.engine)).is_empty());
        assert_eq!(running.engine.health().open_acts, open);
    }
    running.drain(Duration::ZERO);
}

/// Files of blobs under their names, and those half-written.
fn blobs(folder: &Path) -> usize {
    let within = |path: PathBuf| std::fs::read_dir(path).map_or(0, Iterator::count);
    std::fs::read_dir(folder.join("blobs")).unwrap().map(|folder| within(folder.unwrap().path())).sum()
}

async fn store(engine: &Engine, bytes: &[u8]) -> Result<crate::view::DocumentStored, Refusal> {
    let name = Personal::new("scan.pdf".to_owned());
    engine.store_document(&court(), name, "application/pdf".to_owned(), bytes.to_vec()).await
}

/// What is kept free is for what is under way: an upload that is refused must not have taken it.
#[test]
fn a_document_takes_no_space_where_there_is_none_to_spare() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let free_bytes: fn(&Path) -> Option<u64> = |_| Some(crate::runtime::FREE_BYTES_MIN + 999);
    let running = started_with(Options { free_bytes, ..options(folder.path(), &tokio) }, Numbers::default(), "d");
    let slots = running.engine.shared.vault.keys().create(1, &mut store::random::OsRandom).unwrap()[0].0;
    assert_eq!(tokio.block_on(store(&running.engine, &[1; 1_000])).err(), Some(Refusal::Unavailable));
    assert_eq!(blobs(folder.path()), 0);
    let next = running.engine.shared.vault.keys().create(1, &mut store::random::OsRandom).unwrap()[0].0;
    assert_eq!(next, slots + 1, "no key was drawn for it");
    tokio.block_on(store(&running.engine, &[1; 999])).unwrap();
    assert_eq!((blobs(folder.path()), running.engine.shared.storing.load(Ordering::Relaxed)), (1, 0));
    running.drain(Duration::ZERO);
}

/// The disk fills up between the door and the decision.
#[test]
fn a_document_that_is_not_recorded_leaves_nothing_behind() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let free_bytes: fn(&Path) -> Option<u64> = |_| (std::thread::current().name() == Some("checkpoint")).then_some(0);
    let running = started_with(Options { free_bytes, ..options(folder.path(), &tokio) }, Numbers::default(), "d");
    let shared = &running.engine.shared;
    while !shared.full.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
    let slot = shared.vault.keys().create(1, &mut store::random::OsRandom).unwrap()[0].0 + 1;
    assert_eq!(tokio.block_on(store(&running.engine, &[1; 1_000])).err(), Some(Refusal::Unavailable));
    assert_eq!(blobs(folder.path()), 0);
    assert!(shared.vault.keys().get(slot).unwrap().is_none(), "its key ended with it");
    running.drain(Duration::ZERO);
}

/// Whoever hangs up while the bytes are written has stored them all the same, and what no event names is never erased.
#[test]
fn a_caller_that_hangs_up_leaves_no_bytes_without_their_event() {
    use futures_util::FutureExt as _;
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let running = started(folder.path(), &tokio);
    tokio.block_on(async { assert!(store(&running.engine, &[1; 1_000_000]).now_or_never().is_none()) });
    while running.engine.shared.decider.read().state.documents.is_empty() {
        std::thread::yield_now();
    }
    running.drain(Duration::ZERO);
    assert_eq!(blobs(folder.path()), 1);
}

/// A request of fifty acts that was asked about for a month has twenty thousand events, each of which is unsealed.
#[test]
fn a_view_reads_each_event_of_the_history_once_for_all_acts() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let running = started(folder.path(), &tokio);
    let engine = &running.engine;
    tokio.block_on(submit_all(engine, 1));
    let slips = tokio.block_on(listed(engine));
    assert_eq!(tokio.block_on(fed(engine, &[(slips[0].as_str(), "6250000".to_owned())])).len(), 1);
    let (id, events) = {
        let decider = engine.shared.decider.read();
        let (_, open) = decider.state.requests.iter().next().unwrap();
        (domain::RequestId(open.sequence), u64::try_from(open.events.len()).unwrap())
    };
    let view = || tokio.block_on(engine.request(&court(), id, 0, 100, None, 0)).unwrap();
    assert_eq!(view().acts.iter().map(|act| act.outcomes.len()).sum::<usize>(), 1);
    let before = engine.shared.papers.events_read();
    assert_eq!(view().acts.len(), 2);
    assert!(engine.shared.papers.events_read() - before <= events + 1, "{events} events, and its acceptance");
    running.drain(Duration::ZERO);
}

#[test]
fn refused_calls_are_counted_in_the_trail_also_when_it_stops_and_when_there_is_no_room() {
    let (folder, tokio) = (tempfile::TempDir::new().unwrap(), tokio());
    let running = started(folder.path(), &tokio);
    let shared = Arc::clone(&running.engine.shared);
    {
        let _nothing_is_decided = shared.decider.write();
        let tick = || crate::runtime::Asked::Command(Box::new(Command::Tick), None);
        while shared.commands.try_send(tick()).is_ok() {}
        shared.refused.lock().insert(("earlier".to_owned(), 0), 7);
        shared.tell_refused(false);
        assert_eq!(shared.refused.lock().get(&("earlier".to_owned(), 0)), Some(&7));
    }
    (0..3).for_each(|_| running.engine.refused(std::net::IpAddr::from([127, 0, 0, 1])));
    running.drain(Duration::ZERO);
    drop(shared);
    let running = started(folder.path(), &tokio);
    let shared = &running.engine.shared;
    let refused = (0..shared.reader.durable_size()).filter_map(|sequence| match shared.papers.event(sequence)?.fact {
        Fact::AccessRefused(fact) => Some(fact.count),
        _ => None,
    });
    let counts: Vec<u32> = refused.collect();
    assert_eq!((counts.len(), counts.iter().sum::<u32>()), (2, 10), "{counts:?}");
    running.drain(Duration::ZERO);
}
