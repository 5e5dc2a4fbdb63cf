//! What left before a start counts after it: the places of the last window are taken from the journal, at run time.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::SlipLine;
use domain::slip::Slip;
use domain::socket::{CallOut, Plug, SocketFuture};

use super::pulled_list::{court, options, question};
use super::simulated::order;
use super::*;
use crate::clock::{Clock, SystemClock};
use crate::runtime::departures::Leave;
use crate::runtime::{Engine, Options, Plugs, Running, waiting};

const MINUTE_MS: u64 = 60_000;
const WINDOW_MS: u64 = 60 * MINUTE_MS;

/// The machine's clocks, put forward.
struct Ahead(SystemClock, Arc<AtomicI64>);

impl Clock for Ahead {
    fn wall(&self) -> i64 {
        self.0.wall() + self.1.load(Ordering::Relaxed)
    }

    fn mono(&self) -> u64 {
        self.0.mono()
    }
}

/// A bank that answers questions at once, and nothing else ever.
#[derive(Default)]
struct Bank {
    calls: AtomicU64,
}

impl CallOut for Bank {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(async {
            self.calls.fetch_add(1, Ordering::Relaxed);
            if slip.lines.iter().any(|line| line.kind != ActKind::Query) {
                std::future::pending::<()>().await;
            }
            Judged::Answered(Box::new(Outcome::of(Verdict::NoSuchCustomer)))
        })
    }

    fn ask<'a>(&'a self, _key: SlipLine, _kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(std::future::ready(Judged::Accepted))
    }
}

/// A process: with it ends what hangs in its calls.
struct Process {
    running: Running,
    tokio: tokio::runtime::Runtime,
}

impl Process {
    fn stop(self) {
        self.running.drain(std::time::Duration::ZERO);
        self.tokio.shutdown_timeout(std::time::Duration::from_secs(10));
    }
}

struct House {
    folder: tempfile::TempDir,
    ahead_ms: Arc<AtomicI64>,
    bank: Arc<Bank>,
}

impl House {
    fn start(&self) -> Process {
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = Arc::new(Ahead(SystemClock::new(), Arc::clone(&self.ahead_ms)));
        let options = Options { clock, ..options(self.folder.path(), &tokio) };
        // What was cut off stays where it is: nothing but the test asks for a place.
        let doubt = DoubtPolicy { can_be_asked: false, deduplicates: false, ..partner("bank-a").doubt };
        let rate = Rate { max: 3, window_ms: WINDOW_MS, burst: 3 };
        let court = CourtFile { code: "330225".to_owned(), ..CourtFile::default() };
        let config = Config {
            partners: BTreeMap::from([("bank-a".to_owned(), Arc::new(Partner { doubt, rate, ..partner("bank-a") }))]),
            courts: BTreeMap::from([("330225".to_owned(), Arc::new(court))]),
            digest: "d".to_owned(),
            ..Config::default()
        };
        let plug = Plug::CallOut(Arc::clone(&self.bank) as Arc<dyn CallOut>);
        let plugs: Plugs = BTreeMap::from([("bank-a".to_owned(), Arc::new(plug))]);
        Process { running: Engine::start(options, Arc::new(config), plugs).unwrap(), tokio }
    }

    /// Orders one act, and waits until the bank has been called so often.
    fn order(&self, process: &Process, number: u8, kind: ActKind) {
        let engine = &process.running.engine;
        process.tokio.block_on(async {
            let (name, content_type) = (Personal::new("ruling.pdf".to_owned()), "application/pdf".to_owned());
            let paper = engine.store_document(&court(), name, content_type, b"%PDF-1.4".to_vec()).await.unwrap();
            let mut request = question(usize::from(number), &paper.digest);
            request.asked = Asked::Acts(vec![order(kind, "bank-a")]);
            engine.submit(&court(), &format!("key-{number}"), [number; 32], request).await.unwrap();
        });
        let is_quiet = || {
            let called = self.bank.calls.load(Ordering::Relaxed) == u64::from(number) + 1;
            let under_way =
                engine.shared.decider.read().state.acts.iter().filter(|(_, act)| act.is_under_way()).count();
            called && under_way == usize::from(kind == ActKind::Freeze)
        };
        waiting::until(std::time::Duration::from_secs(60), is_quiet);
        assert!(is_quiet(), "the bank was called, and has answered all but what it never answers");
    }
}

#[test]
fn the_places_of_the_last_window_are_taken_again_after_a_start() {
    let house = House { folder: tempfile::TempDir::new().unwrap(), ahead_ms: Arc::default(), bank: Arc::default() };
    let pass = |ms: u64| house.ahead_ms.fetch_add(i64::try_from(ms).unwrap(), Ordering::Relaxed);
    let process = house.start();
    house.order(&process, 0, ActKind::Query);
    pass(2 * WINDOW_MS);
    house.order(&process, 1, ActKind::Query);
    pass(10 * MINUTE_MS);
    house.order(&process, 2, ActKind::Freeze);
    process.stop();
    pass(20 * MINUTE_MS);
    let process = house.start();
    let take = || {
        let shared = &process.running.engine.shared;
        shared.departures.take("bank-a", shared.clock.mono())
    };
    assert!(matches!(take(), Leave::Now(_)), "of three places one is free: the oldest call is out of the window");
    let Leave::After(wait_ms) = take() else { panic!("what was answered and what was cut off count still") };
    assert!((29 * MINUTE_MS..=30 * MINUTE_MS).contains(&wait_ms), "{wait_ms} ms until the answered one is out of it");
    assert_eq!(house.bank.calls.load(Ordering::Relaxed), 3, "nothing else was sent");
    process.stop();
}
