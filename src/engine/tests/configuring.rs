//! A configuration that comes while more waits for the decider than is taken: it waits for its turn, and all of it is in force or nothing.

use domain::socket::Plug;
use futures_util::FutureExt;

use super::pulled_list::started;
use super::*;
use crate::runtime::{Asked, Plugs};

#[test]
fn a_configuration_waits_for_its_turn_and_new_partners_have_their_agreement() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = started(folder.path(), &tokio);
    let (engine, shared) = (&running.engine, &running.engine.shared);
    let mut config = Config::clone(&engine.config());
    let rate = Rate { max: 1, window_ms: 60_000, burst: 1 };
    config.partners.insert("inbox".to_owned(), Arc::new(Partner { rate, ..partner("inbox") }));
    config.digest.push('x');
    let plugs: Plugs = BTreeMap::from([("inbox".to_owned(), Arc::new(Plug::Inbox))]);
    let held = shared.decider.write();
    while shared.commands.try_send(Asked::Command(Box::new(Command::Tick), None)).is_ok() {}
    let _entered = tokio.enter();
    let mut waiting = Box::pin(engine.configure(Arc::new(config), plugs));
    assert!((&mut waiting).now_or_never().is_none(), "not refused, and not in force");
    drop(held);
    tokio.block_on(waiting).unwrap();
    assert!(engine.config().partners.contains_key("inbox") && shared.plugs.read().contains_key("inbox"));
    assert!(shared.departures.is_free("inbox", 0));
    assert!(!shared.departures.is_free("inbox", 1), "its agreement is held at its departures too");
    running.drain(std::time::Duration::from_secs(5));
}
