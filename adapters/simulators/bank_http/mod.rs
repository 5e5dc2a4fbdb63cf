//! A bank that is called: HTTP and XML by TxCode, after schemas/partners/bank-http-xml.md.

mod admin;
mod exchange;
mod orders;
mod queries;
mod serve;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::bank::{BankRules, Books, BooksError};
use crate::connections::listen;
use crate::county::County;
use crate::day::Day;
use crate::knobs::Knobs;
use crate::money::Fen;
use crate::rate::{AgreedRate, RateWatch, Violation};
use crate::worker::Worker;
use exchange::Waiting;
use queries::Recent;

/// Answer 100001 to every order, and the result only after so many questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedThenAsk {
    /// 0 = answer at once; n = the n-th question (100999) gets the result.
    pub asks: u32,
}

/// How one simulated bank is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankHttpConfig {
    /// Where it listens; port 0 = a free one.
    pub address: SocketAddr,
    /// Where its knobs are; port 0 = a free one.
    pub admin_address: SocketAddr,
    /// The one path.
    pub path: String,
    /// What callers must show.
    pub token: String,
    /// Ledger file; none = in memory only.
    pub ledger: Option<PathBuf>,
    /// How it does what the documents leave open.
    pub rules: BankRules,
    /// Two-step answers.
    pub accepted_then_ask: AcceptedThenAsk,
    /// Rate agreed with callers.
    pub rate: Option<AgreedRate>,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

impl Default for BankHttpConfig {
    fn default() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        BankHttpConfig {
            address: loopback,
            admin_address: loopback,
            path: "/".to_owned(),
            token: "bank-token".to_owned(),
            ledger: None,
            rules: BankRules::default(),
            accepted_then_ask: AcceptedThenAsk::default(),
            rate: None,
            seed: 1,
        }
    }
}

/// What the threads of one bank share.
pub(crate) struct Shared {
    pub path: String,
    pub token: String,
    pub books: Arc<Books>,
    pub knobs: Knobs,
    pub rate: Mutex<RateWatch>,
    pub asks: AtomicU32,
    pub waiting: Mutex<Waiting>,
    pub recent: Mutex<Recent>,
}

/// A running bank. Dropping it stops it.
pub struct BankHttp {
    /// Where orders are posted.
    pub url: String,
    /// Where knobs are set.
    pub admin_url: String,
    shared: Arc<Shared>,
    _worker: Worker,
}

impl BankHttp {
    /// Starts the bank on its own thread; it takes orders when this returns.
    ///
    /// # Errors
    /// When a port or the ledger cannot be had.
    pub fn start(county: &County, config: BankHttpConfig) -> Result<BankHttp, SimulatorError> {
        let books = Arc::new(Books::open(county, config.rules.clone(), config.ledger.as_deref())?);
        let (listener, address) = listen(config.address)?;
        let (admin_listener, admin_address) = listen(config.admin_address)?;
        let url = format!("http://{address}{}", config.path);
        let shared = Arc::new(Shared {
            path: config.path,
            token: config.token,
            books,
            knobs: Knobs::new(config.seed),
            rate: Mutex::new(RateWatch::new(config.rate)),
            asks: AtomicU32::new(config.accepted_then_ask.asks),
            waiting: Mutex::new(Waiting::default()),
            recent: Mutex::new(Recent::default()),
        });
        let served = Arc::clone(&shared);
        let worker = Worker::start("bank-http", move || serve::serve(served, listener, admin_listener))?;
        Ok(BankHttp { url, admin_url: format!("http://{admin_address}"), shared, _worker: worker })
    }

    /// The bank's books.
    pub fn books(&self) -> Arc<Books> {
        Arc::clone(&self.shared.books)
    }

    /// Turns the bank's calendar forward.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub fn set_date(&self, day: Day) -> Result<(), BooksError> {
        self.shared.books.set_date(day)
    }

    /// Money comes onto an account.
    ///
    /// # Errors
    /// As [`Books::credit`].
    pub fn credit(&self, account: &str, amount: Fen) -> Result<(), BooksError> {
        self.shared.books.credit(account, amount)
    }

    /// Its knobs.
    pub fn knobs(&self) -> &Knobs {
        &self.shared.knobs
    }

    /// Changes two-step answers for orders that come from now on.
    pub fn set_accepted_then_ask(&self, setting: AcceptedThenAsk) {
        self.shared.asks.store(setting.asks, Ordering::Relaxed);
    }

    /// Changes the agreed rate; counting starts anew.
    pub fn agree(&self, rate: Option<AgreedRate>) {
        self.shared.rate.lock().agree(rate);
    }

    /// Calls above the agreed rate.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.rate.lock().violations()
    }

    /// Calls with a right credential.
    pub fn calls(&self) -> u64 {
        self.shared.rate.lock().calls()
    }

    /// Stops it: closes every connection, ends its thread and flushes the ledger.
    pub fn stop(self) {
        drop(self);
    }
}
