//! A bank's hub that pulls: it polls the gateway's SOAP face, acts on its books and feeds back (WIRE g.1).

pub(crate) mod answers;
mod client;
pub(crate) mod element;
mod feed;
mod papers;
pub(crate) mod round;
pub(crate) mod slip;
mod soap;
pub(crate) mod trade;

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::bank::{BankRules, Books, BooksError};
use crate::county::County;
use crate::day::Day;
use crate::knobs::Knobs;
use crate::money::Fen;
use crate::worker::Rounds;
use client::Client;
pub use trade::Trade;

/// Findings kept about the gateway; more tell nothing new.
const FINDINGS_MAX: usize = 10_000;

/// How one simulated hub is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankHubConfig {
    /// Whose hub it is.
    pub trade: Trade,
    /// The gateway's address, with the path of its SOAP face.
    pub gateway_url: String,
    /// User in the usermarker.
    pub username: String,
    /// Password in it.
    pub password: String,
    /// Milliseconds between rounds; 0 = only when told.
    pub poll_ms: u64,
    /// `GBK` or `UTF-8`, inside Base64.
    pub charset: String,
    /// Send a sealed receipt with every control result.
    pub sealed_receipts: bool,
    /// Ask for officers' credentials and refuse without them (rule 1).
    pub want_credentials: bool,
    /// Time of day in FKSJ; the day is the bank's.
    pub time_of_day: String,
    /// Ledger file; none = in memory only.
    pub ledger: Option<PathBuf>,
    /// How it does what the documents leave open.
    pub rules: BankRules,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

impl Default for BankHubConfig {
    fn default() -> Self {
        BankHubConfig {
            trade: Trade::Bank,
            gateway_url: "http://127.0.0.1:8080/services/SyyhConvertDataService".to_owned(),
            username: "YH102332002250".to_owned(),
            password: "not-a-secret".to_owned(),
            poll_ms: 0,
            charset: "GBK".to_owned(),
            sealed_receipts: true,
            want_credentials: true,
            time_of_day: "10:15:30".to_owned(),
            ledger: None,
            rules: BankRules::default(),
            seed: 1,
        }
    }
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollReport {
    /// Slips in the lists.
    pub listed: usize,
    /// Query slips seen for the first time.
    pub new_queries: usize,
    /// Control slips seen for the first time.
    pub new_controls: usize,
    /// Slips delivered again.
    pub repeats: usize,
    /// Slips delivered again with other content.
    pub conflicts: usize,
    /// Answers the gateway took.
    pub fed: usize,
    /// Hand-backs the gateway took.
    pub handed_back: usize,
    /// Slips a clerk still has.
    pub pending: usize,
    /// Answers not told, by a knob.
    pub untold: usize,
    /// What failed, each with its operation; no personal data.
    pub errors: Vec<String>,
}

/// What the hub's round works on.
pub(crate) struct Hub {
    pub client: Client,
    pub books: Arc<Books>,
    pub knobs: Knobs,
    pub sealed_receipts: bool,
    pub want_credentials: bool,
    time_of_day: String,
    findings: Mutex<Vec<String>>,
}

impl Hub {
    pub(crate) fn now(&self) -> String {
        format!("{} {}", self.books.today().slashed(), self.time_of_day)
    }

    pub(crate) fn found(&self, finding: String) {
        let mut findings = self.findings.lock();
        if findings.len() < FINDINGS_MAX {
            findings.push(finding);
        }
    }
}

/// A running hub. Dropping it stops it.
pub struct BankHub {
    hub: Arc<Hub>,
    rounds: Rounds<PollReport>,
}

impl BankHub {
    /// Starts the hub on its own thread; it polls at once when it has a period.
    ///
    /// # Errors
    /// When the address is none or the ledger cannot be had.
    pub fn start(county: &County, config: BankHubConfig) -> Result<BankHub, SimulatorError> {
        let url = config.gateway_url;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(SimulatorError::GatewayUrl { url });
        }
        let charset = if config.charset.eq_ignore_ascii_case("UTF-8") { encoding_rs::UTF_8 } else { encoding_rs::GBK };
        let hub = Arc::new(Hub {
            client: Client::new(&url, &config.username, &config.password, charset, config.trade)?,
            books: Arc::new(Books::open(county, config.rules, config.ledger.as_deref())?),
            knobs: Knobs::new(config.seed),
            sealed_receipts: config.sealed_receipts,
            want_credentials: config.want_credentials,
            time_of_day: config.time_of_day,
            findings: Mutex::new(Vec::new()),
        });
        let worker = Arc::clone(&hub);
        let rounds = Rounds::start("bank-hub", config.poll_ms, move || {
            let hub = Arc::clone(&worker);
            async move { round::run(&hub).await }
        })?;
        Ok(BankHub { hub, rounds })
    }

    /// Runs one round now and says what it did.
    ///
    /// # Errors
    /// When the hub has stopped.
    pub async fn poll_now(&self) -> Result<PollReport, SimulatorError> {
        self.rounds.now().await
    }

    /// The bank's books.
    pub fn books(&self) -> Arc<Books> {
        Arc::clone(&self.hub.books)
    }

    /// Turns the bank's calendar forward.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub fn set_date(&self, day: Day) -> Result<(), BooksError> {
        self.hub.books.set_date(day)
    }

    /// Money comes onto an account.
    ///
    /// # Errors
    /// As [`Books::credit`].
    pub fn credit(&self, account: &str, amount: Fen) -> Result<(), BooksError> {
        self.hub.books.credit(account, amount)
    }

    /// Its knobs.
    pub fn knobs(&self) -> &Knobs {
        &self.hub.knobs
    }

    /// What the hub has to say against the gateway: numbers used twice, slips without number, documents whose MD5 is wrong.
    pub fn findings(&self) -> Vec<String> {
        self.hub.findings.lock().clone()
    }

    /// Stops it: gives up what is under way, ends its thread and flushes the ledger.
    pub fn stop(self) {
        drop(self);
    }
}
