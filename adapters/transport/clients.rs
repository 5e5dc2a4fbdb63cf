//! Clients of calls: made with the first exchange, kept while their partners are among those called last, and made anew after that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use super::client::Client;

/// Clients kept at once over all partners: each weighs some tens of KiB with its certificates and its pool, and most days few
/// partners of a country are called. Beyond it the one that was used longest ago is let go; exchanges under way end on it.
const CLIENTS_KEPT: usize = 1_024;

/// Who has a client.
pub(super) struct Clients {
    made: Mutex<Vec<Weak<Place>>>,
    /// Counts uses, so that the oldest can be told; no clock.
    uses: AtomicU64,
    kept: usize,
}

/// One partner's place for its client.
#[derive(Default)]
pub(super) struct Place {
    client: Mutex<Option<Client>>,
    used: AtomicU64,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those of this process.
pub(super) static CLIENTS: LazyLock<Clients> = LazyLock::new(|| Clients::keeping(CLIENTS_KEPT));

impl Clients {
    fn keeping(kept: usize) -> Self {
        Self { made: Mutex::default(), uses: AtomicU64::new(0), kept }
    }

    /// The client of a place, made if there is none; `None` when it cannot be made.
    pub(super) fn of(&self, place: &Arc<Place>, make: impl FnOnce() -> Option<Client>) -> Option<Client> {
        place.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let client = {
            let mut client = held(&place.client);
            if let Some(client) = client.as_ref() {
                return Some(client.clone());
            }
            client.insert(make()?).clone()
        };
        self.keep(place);
        Some(client)
    }

    /// Counts a place that has a client now, and lets go of the others' oldest above the bound.
    fn keep(&self, place: &Arc<Place>) {
        let mut made = held(&self.made);
        made.retain(|other| other.upgrade().is_some_and(|other| !Arc::ptr_eq(&other, place)));
        while made.len() >= self.kept {
            let used = |other: &Weak<Place>| other.upgrade().map_or(0, |other| other.used.load(Ordering::Relaxed));
            let Some((oldest, _)) = made.iter().enumerate().min_by_key(|(_, other)| used(other)) else { break };
            if let Some(oldest) = made.swap_remove(oldest).upgrade() {
                drop(held(&oldest.client).take());
            }
        }
        made.push(Arc::downgrade(place));
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::*;
    use crate::transport::address::{Guard, Networks};
    use crate::transport::http::HttpOptions;
    use crate::transport::trust::Trust;

    fn client() -> Client {
        let options = HttpOptions {
            url: Url::parse("http://127.0.0.1/").unwrap(),
            connect_timeout_ms: 1_000,
            read_idle_ms: 2_000,
            timeout_ms: 2_000,
            trust: Trust::default(),
            proxy: None,
            networks: Networks::default(),
            answer_bytes_max: 1_024,
        };
        Client::new(&options, &Arc::new(Guard::new(Vec::new(), Networks::default()))).unwrap()
    }

    #[test]
    fn the_one_used_longest_ago_is_let_go_and_made_again_when_it_is_called() {
        let clients = Clients::keeping(2);
        let places: Vec<Arc<Place>> = (0..3).map(|_| Arc::default()).collect();
        let made = AtomicU64::new(0);
        let call = |place: usize| {
            let make = || {
                made.fetch_add(1, Ordering::Relaxed);
                Some(client())
            };
            assert!(clients.of(&places[place], make).is_some());
            made.load(Ordering::Relaxed)
        };
        assert_eq!((call(0), call(1), call(0)), (1, 2, 2), "made once");
        assert_eq!(call(2), 3);
        let has = |place: usize| held(&places[place].client).is_some();
        assert_eq!((has(0), has(1), has(2)), (true, false, true));
        assert_eq!((call(0), call(1)), (3, 4));
        assert_eq!((has(0), has(1), has(2)), (true, true, false));
        assert!(clients.of(&Arc::default(), || None).is_none(), "what cannot be made takes nobody's place");
        drop(places);
        let last = Arc::default();
        assert!(clients.of(&last, || Some(client())).is_some());
        assert_eq!(held(&clients.made).len(), 1, "who is gone is counted no more");
    }
}
