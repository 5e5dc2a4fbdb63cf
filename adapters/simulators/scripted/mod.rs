//! A JSON partner by script: a small table says which addresses it has, what it answers, and what it comes to. It keeps each number once.

mod serve;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;

pub use table::{Call, Effect, Script};

use crate::SimulatorError;
use crate::connections::listen;
use crate::knobs::Knobs;
use crate::open::Callback;
use crate::worker::Worker;
use serve::Shared;

/// How one scripted partner is set up.
#[derive(Clone)]
pub struct ScriptedConfig {
    /// Where it listens; port 0 = a free one.
    pub address: SocketAddr,
    /// The header in which callers show their token, and what must stand there; `None` = no token.
    pub token: Option<(String, String)>,
    /// Key and header of an HMAC-SHA-256 over the body in hexadecimal digits; `None` = none is looked for.
    pub hmac: Option<(String, String)>,
    /// With the HMAC: it covers method, target, time and body, the time standing in this header.
    pub hmac_time_header: Option<String>,
    /// Where results are posted, once they stand.
    pub callback: Option<Callback>,
    /// A post that got no 200 is repeated after so many milliseconds.
    pub repeat_ms: u64,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

impl Default for ScriptedConfig {
    fn default() -> Self {
        ScriptedConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: Some(("authorization".to_owned(), "Bearer scripted-token".to_owned())),
            hmac: None,
            hmac_time_header: None,
            callback: None,
            repeat_ms: 200,
            seed: 1,
        }
    }
}

/// A running scripted partner. Dropping it stops it.
pub struct Scripted {
    url: String,
    shared: Arc<Shared>,
    _worker: Worker,
}

impl Scripted {
    /// Starts the partner on its own thread; it takes calls when this returns.
    ///
    /// # Errors
    /// When the port, the thread or the HTTP client cannot be had.
    pub fn start(script: Script, config: ScriptedConfig) -> Result<Scripted, SimulatorError> {
        let (listener, address) = listen(config.address)?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build()?;
        let shared = Arc::new(Shared::new(script, config));
        let served = Arc::clone(&shared);
        let worker = Worker::start("scripted", move || async move {
            tokio::join!(serve::serve(&served, listener), serve::post(&served, &client));
        })?;
        Ok(Scripted { url: format!("http://{address}"), shared, _worker: worker })
    }

    /// Where its addresses begin.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its knobs; `only` is the word of a call in the script.
    pub fn knobs(&self) -> &Knobs {
        &self.shared.knobs
    }

    /// Orders that took effect, in order: each number once.
    pub fn effects(&self) -> Vec<Effect> {
        self.shared.books.lock().effects().to_vec()
    }

    /// What waits is settled now; `false` when nothing with this number waits.
    pub fn settle(&self, number: &str) -> bool {
        let settled = self.shared.books.lock().settle(number);
        self.shared.news.notify_one();
        settled
    }

    /// Says where results are posted; what waits goes there.
    pub fn call_back(&self, callback: Callback) {
        *self.shared.callback.lock() = Some(callback);
        self.shared.news.notify_one();
    }

    /// Nothing waits to be posted.
    pub fn all_posted(&self) -> bool {
        self.shared.books.lock().is_posted()
    }

    /// Stops it: closes every connection and ends its thread.
    pub fn stop(self) {
        drop(self);
    }
}
