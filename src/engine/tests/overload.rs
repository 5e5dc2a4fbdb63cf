//! More than the decider can take: callers are refused, and the ends of exchanges still find a place.

use futures_util::FutureExt;

use super::pulled_list::started;
use super::*;
use crate::runtime::Asked;

#[test]
fn callers_are_shed_before_the_ends_of_exchanges_lose_their_places() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = started(folder.path(), &tokio);
    let engine = &running.engine;
    // Nothing is decided while somebody reads.
    let reading = engine.shared.decider.read();
    let (mut waiting, mut shed) = (Vec::new(), 0);
    for _ in 0..20_000 {
        let mut asked = Box::pin(engine.done(Command::Tick));
        match asked.as_mut().now_or_never() {
            None => waiting.push(asked),
            Some(refused) => {
                assert_eq!(refused, Err(Refusal::Overloaded));
                shed += 1;
            }
        }
    }
    assert!(waiting.len() >= 4_096 && shed > 0, "{} wait, {shed} were refused", waiting.len());
    for _ in 0..1_000 {
        let ended = Asked::Command(Box::new(Command::Tick), None);
        assert!(engine.shared.commands.try_send(ended).is_ok(), "it would wait for a place");
    }
    drop(reading);
    let told = tokio.block_on(futures_util::future::join_all(waiting));
    assert!(told.iter().all(Result::is_ok));
    // And all places are free again.
    for _ in 0..3 {
        let all = tokio.block_on(futures_util::future::join_all((0..7_000).map(|_| engine.done(Command::Tick))));
        assert!(all.iter().all(Result::is_ok));
    }
    running.drain(std::time::Duration::from_secs(5));
}
