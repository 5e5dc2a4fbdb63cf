//! The index at run time: what goes over to it while somebody reads, and what becomes of one that is damaged or cannot be written.

use domain::RequestId;
use std::sync::atomic::{AtomicBool, Ordering};

use store::index::{Index, IndexBatch, IndexError, Page};
use store::random::Random;

use super::changed_index::{Change, Changed};
use super::pulled_list::{court, fed, listed, started, submit_all};
use super::*;
use crate::runtime::{Engine, Running};
use crate::view::RequestFilter;

type OnRead = dyn Fn(Result<Page, IndexError>) -> Result<Page, IndexError> + Send + Sync;
type OnApply = dyn Fn() -> Result<(), IndexError> + Send + Sync;

/// An index with something between it and its readers, and between it and its writer.
struct Between {
    index: Arc<dyn Index>,
    on_read: Box<OnRead>,
    on_apply: Box<OnApply>,
    damaged: AtomicBool,
}

impl Change for Between {
    fn behind(&self) -> &dyn Index {
        self.index.as_ref()
    }

    fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::SeqCst)
    }

    fn apply(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<(), IndexError> {
        (self.on_apply)()?;
        self.index.apply(batch, random)
    }

    fn page(&self, page: Result<Page, IndexError>) -> Result<Page, IndexError> {
        // What the index's own thread looks up before it writes is not meant.
        let page = if std::thread::current().name() == Some("index") { page } else { (self.on_read)(page) };
        self.damaged.fetch_or(page.as_ref().is_err_and(IndexError::is_damage), Ordering::SeqCst);
        page
    }
}

struct Table {
    running: Running,
    tokio: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
}

impl Table {
    fn new() -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { running: started(folder.path(), &tokio), tokio, folder }
    }

    fn engine(&self) -> &Engine {
        &self.running.engine
    }

    fn put_between(
        &self,
        on_read: impl Fn(Result<Page, IndexError>) -> Result<Page, IndexError> + Send + Sync + 'static,
        on_apply: impl Fn() -> Result<(), IndexError> + Send + Sync + 'static,
    ) {
        let (on_read, on_apply, damaged) = (Box::new(on_read), Box::new(on_apply), AtomicBool::new(false));
        self.engine()
            .shared
            .index
            .look_through(|index| Arc::new(Changed(Between { index, on_read, on_apply, damaged })));
    }

    /// Submits one request and ends it.
    fn ended(&self) -> u64 {
        self.tokio.block_on(async {
            submit_all(self.engine(), 1).await;
            let request = self.engine().shared.decider.read().state.requests.iter().next().unwrap().1.sequence;
            let slips = listed(self.engine()).await;
            let accounts: Vec<_> = slips.iter().map(|slip| (slip.as_str(), "620000".to_owned())).collect();
            fed(self.engine(), &accounts).await;
            assert!(self.engine().shared.decider.read().state.requests.is_empty(), "looked at, and over");
            request
        })
    }

    /// What somebody is told who asks for a request that never was.
    fn absent(&self) -> Refusal {
        let (engine, id) = (self.engine(), RequestId(0));
        self.tokio.block_on(engine.request(&court(), id, 0, 10, None, 0)).err().unwrap()
    }

    fn listed(&self, filter: RequestFilter) -> Vec<u64> {
        let page = self.tokio.block_on(self.engine().requests(&court(), filter)).unwrap();
        page.lines.iter().map(|line| line.id.0).collect()
    }
}

/// Until it is so; what does not come to pass is ended by the test's own time.
fn wait_until(mut so: impl FnMut() -> bool) {
    while !so() {
        std::thread::yield_now();
    }
}

fn all(partner: Option<&str>) -> RequestFilter {
    RequestFilter { partner: partner.map(str::to_owned), limit: 10, ..RequestFilter::default() }
}

#[test]
fn a_list_does_not_lose_what_goes_from_memory_to_the_index_while_it_is_read() {
    for partner in [None, Some("bank")] {
        let table = Table::new();
        // Nothing is written before the list has read the index, and all of it before it goes on.
        let (armed, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (is_armed, is_read, engine) = (Arc::clone(&armed), Arc::clone(&read), table.engine().clone());
        let on_read = move |page| {
            if is_armed.swap(false, Ordering::SeqCst) {
                is_read.store(true, Ordering::SeqCst);
                wait_until(|| engine.shared.index.pending_where(|_| true).is_empty());
            }
            page
        };
        let is_read = Arc::clone(&read);
        table.put_between(on_read, move || {
            wait_until(|| is_read.load(Ordering::SeqCst));
            Ok(())
        });
        let request = table.ended();
        assert!(table.engine().shared.index.pending(request).is_some());
        armed.store(true, Ordering::SeqCst);
        assert_eq!(table.listed(all(partner)), [request]);
        assert!(read.load(Ordering::SeqCst) && table.engine().shared.index.pending(request).is_none());
        assert_eq!(table.listed(all(partner)), [request], "from the index now");
        table.running.drain(std::time::Duration::from_secs(5));
    }
}

#[test]
fn an_index_that_cannot_be_written_or_opened_is_tried_again_and_nobody_is_told_that_it_fills() {
    let table = Table::new();
    let index = table.folder.path().join("index");
    let path = index.clone();
    table.put_between(std::convert::identity, move || {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Err(IndexError::Disk { operation: "apply a batch to", path: path.clone(), source })
    });
    // What stands in its place now can be neither read nor made anew.
    std::fs::rename(&index, table.folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(table.folder.path().join("nowhere/at/all"), &index).unwrap();
    let request = table.ended();
    wait_until(|| table.absent() == Refusal::Unavailable);
    assert!(table.engine().shared.index.is_failing());
    assert_eq!(table.listed(all(None)), [request], "what is remembered is found all the same");
    std::fs::remove_file(&index).unwrap();
    wait_until(|| table.absent() == Refusal::NotFound);
    assert!(!table.engine().shared.index.is_failing() && table.engine().shared.index.filled_to().is_none());
    assert!(table.engine().shared.index.pending(request).is_none(), "the index has it");
    assert_eq!(table.listed(all(None)), [request]);
    table.running.drain(std::time::Duration::from_secs(5));
}

#[test]
fn a_record_that_cannot_be_read_is_passed_over_and_what_stands_behind_it_is_found() {
    let table = Table::new();
    let request = table.ended();
    super::finished::flip_record(table.folder.path(), "document.stored");
    table.engine().shared.index.look_through(|_| Arc::new(store::index::MemoryIndex::new()));
    table.engine().shared.index.mark_gap();
    // An event, so that the index's thread looks.
    let _read = table.tokio.block_on(table.engine().request(&court(), RequestId(request), 0, 10, None, 0));
    let filled = || table.engine().shared.index.current().applied() > request;
    wait_until(|| filled() && table.absent() == Refusal::NotFound);
    assert_eq!(table.listed(all(None)), [request]);
    table.running.drain(std::time::Duration::from_secs(5));
}

#[test]
fn an_index_in_which_a_reader_meets_damage_is_set_aside_and_filled_anew_though_nothing_comes_to_be_written() {
    let table = Table::new();
    let request = table.ended();
    wait_until(|| table.engine().shared.index.pending(request).is_none());
    let path = table.folder.path().join("index");
    let rotten = path.clone();
    let on_read = move |_| {
        Err(IndexError::Damaged { operation: "read a page of", path: rotten.clone(), reason: "rot".to_owned() })
    };
    table.put_between(on_read, || Ok(()));
    assert_eq!(table.absent(), Refusal::Unavailable);
    wait_until(|| table.folder.path().join("index-damaged-1").is_dir());
    // Not the old one opened again, whose damage the next reader would meet.
    wait_until(|| table.absent() == Refusal::NotFound);
    assert_eq!(table.listed(all(None)), [request]);
    assert_eq!(table.listed(all(Some("bank"))), [request]);
    assert!(path.is_dir() && !table.folder.path().join("index-damaged-2").exists());
    table.running.drain(std::time::Duration::from_secs(5));
}
