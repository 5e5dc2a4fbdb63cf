//! What it costs to refuse a request: another court's and one that is not there are refused after the same reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{ActId, RequestId};
use store::index::Index;

use super::changed_index::{Change, Changed};
use super::pulled_list::{court, fed, listed, started, submit_all};
use crate::Refusal;
use crate::runtime::Engine;
use crate::view::Caller;

/// An index that counts what is asked of it.
struct Counted {
    index: Arc<dyn Index>,
    reads: Arc<AtomicU64>,
}

impl Change for Counted {
    fn behind(&self) -> &dyn Index {
        self.index.as_ref()
    }

    fn look(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a refusal read: entries of the index, events of the journal.
type Cost = (u64, u64);

async fn refused(engine: &Engine, reads: &AtomicU64, caller: &Caller, id: RequestId) -> Vec<Cost> {
    let act = ActId { sequence: id.0, line: 0 };
    let mut costs = Vec::new();
    for way in 0..7 {
        let before = (reads.load(Ordering::Relaxed), engine.shared.papers.events_read());
        let reason = "查错".to_owned();
        let refusal = match way {
            0 => engine.request(caller, id, 0, 10, None, 0).await.err(),
            // Nor does it wait for news of what the caller may not know of.
            1 => engine.request(caller, id, 0, 10, Some(u64::MAX - 1), 60_000).await.err(),
            2 => engine.events(caller, id, None, 10).await.err(),
            3 => engine.applicant(caller, id, 0, 10).await.err(),
            4 => engine.stop(caller, id, reason).await.err(),
            5 => engine.withdraw(caller, act, reason).await.err(),
            _ => engine.evidence(caller, act, true, (None, 10)).await.err(),
        };
        assert!(matches!(refusal, Some(Refusal::NotFound)), "{id} by way {way}: {refusal:?}");
        costs.push((reads.load(Ordering::Relaxed) - before.0, engine.shared.papers.events_read() - before.1));
    }
    costs
}

#[test]
fn what_another_may_not_know_of_is_refused_after_the_same_reads_as_what_is_not_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = started(folder.path(), &tokio);
    let engine = &running.engine;
    let reads = Arc::new(AtomicU64::new(0));
    let counted = |index| Arc::new(Changed(Counted { index, reads: Arc::clone(&reads) }));
    engine.shared.index.look_through(counted);
    let newest = || engine.shared.decider.read().state.requests.iter().map(|(_, open)| open.sequence).max().unwrap();
    let (finished, open) = tokio.block_on(async {
        submit_all(engine, 1).await;
        let (finished, slips) = (newest(), listed(engine).await);
        let accounts: Vec<(&str, String)> = slips.iter().map(|slip| (slip.as_str(), "620000".to_owned())).collect();
        fed(engine, &accounts).await;
        assert!(engine.shared.decider.read().state.requests.is_empty(), "looked at, and over");
        submit_all(engine, 2).await;
        (finished, newest())
    });
    let neighbour = Caller { token: "neighbour".to_owned(), court: Some("330226".to_owned()), ..court() };
    let ids = [finished, open, finished + 1, open + 1_000_000].map(RequestId);
    let costs = ids.map(|id| tokio.block_on(refused(engine, &reads, &neighbour, id)));
    for (id, cost) in ids.iter().zip(&costs) {
        assert_eq!(*cost, [(1, 0); 7], "{id}: one entry of the index, no event");
    }
    // Its own court reads it, and so more than that.
    let before = engine.shared.papers.events_read();
    tokio.block_on(engine.request(&court(), RequestId(finished), 0, 10, None, 0)).unwrap();
    assert!(engine.shared.papers.events_read() > before);
    running.drain(std::time::Duration::from_secs(5));
}
