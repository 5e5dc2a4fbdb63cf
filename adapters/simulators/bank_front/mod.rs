//! A bank's front machine that works on folders (WIRE g.1 B): fetches request packets, acts on its books, leaves feedback packets.

mod feed;
mod round;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::SimulatorError;
use crate::bank::{BankRules, Books, Papers};
use crate::county::County;
use crate::worker::Rounds;

/// Findings kept about the gateway; more tell nothing new.
const FINDINGS_MAX: usize = 10_000;

/// How one front machine is set up.
#[derive(Clone)]
pub struct BankFrontConfig {
    /// The folder that has `download` and `upload`.
    pub folder: PathBuf,
    /// The bank's code of 17 letters and digits.
    pub bank_code: String,
    /// Milliseconds between rounds; 0 = only when told.
    pub poll_ms: u64,
    /// Leave a sealed receipt with every control result.
    pub sealed_receipts: bool,
    /// Time of day in FKSJ; the day is the bank's.
    pub time_of_day: String,
    /// Ledger file; none = in memory only.
    pub ledger: Option<PathBuf>,
    /// How it does what the documents leave open.
    pub rules: BankRules,
}

impl Default for BankFrontConfig {
    fn default() -> Self {
        BankFrontConfig {
            folder: PathBuf::new(),
            bank_code: "B0000000000000001".to_owned(),
            poll_ms: 0,
            sealed_receipts: true,
            time_of_day: "10:15:30".to_owned(),
            ledger: None,
            rules: BankRules::default(),
        }
    }
}

/// What goes wrong with the next feedback; after each the true answer is still owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontFault {
    /// The packet ends in the middle and stays so.
    Truncated,
    /// A member unpacks to what nobody can hold.
    Bomb,
    /// The sequence numbers of its members have a gap.
    WrongTotals,
    /// Once the packet was taken, another one comes under its name.
    DuplicateBatch,
    /// It grows under its final name and is whole a round later.
    Partial,
    /// It comes a round later.
    Late,
    /// Handed back for a formal defect.
    HandBack,
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontReport {
    /// Packets fetched for the first time.
    pub fetched: usize,
    /// Packets of a batch that was fetched before, with the same bytes.
    pub repeats: usize,
    /// Packets of a batch that was fetched before, with other bytes.
    pub conflicts: usize,
    /// True answers left.
    pub fed: usize,
    /// Hand-backs left.
    pub handed_back: usize,
    /// Requests a clerk still has.
    pub pending: usize,
    /// Faults shown instead of an answer.
    pub faulty: usize,
    /// What failed, each with its operation; no personal data.
    pub errors: Vec<String>,
}

/// What a round works on.
pub(crate) struct Front {
    pub config: BankFrontConfig,
    pub books: Arc<Books>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
pub(crate) struct Kept {
    /// Batches fetched: name and digest.
    pub batches: BTreeMap<String, String>,
    /// What lay beside each request.
    pub papers: BTreeMap<String, Papers>,
    pub faults: VecDeque<FrontFault>,
    /// Packets left in a round before: to be finished, or to be followed by another of their name.
    pub owed: Vec<Owed>,
    /// Requests whose answer waits a round.
    pub late: Vec<String>,
    /// What the court did not take: request and reason.
    pub rejected: Vec<(String, String)>,
    pub batch: u64,
    pub findings: Vec<String>,
}

pub(crate) enum Owed {
    Rest { name: String, bytes: Vec<u8> },
    Double { name: String, bytes: Vec<u8> },
}

impl Front {
    pub(crate) fn now(&self) -> String {
        format!("{} {}", self.books.today().slashed(), self.config.time_of_day)
    }

    pub(crate) fn kept(&self) -> parking_lot::MutexGuard<'_, Kept> {
        self.kept.lock()
    }

    pub(crate) fn found(&self, finding: String) {
        let mut kept = self.kept.lock();
        if kept.findings.len() < FINDINGS_MAX {
            kept.findings.push(finding);
        }
    }
}

/// A running front machine. Dropping it stops it.
pub struct BankFront {
    front: Arc<Front>,
    rounds: Rounds<FrontReport>,
}

impl BankFront {
    /// Starts it on its own thread; it looks at once when it has a period.
    ///
    /// # Errors
    /// When the ledger or the thread cannot be had.
    pub fn start(county: &County, config: BankFrontConfig) -> Result<BankFront, SimulatorError> {
        let books = Arc::new(Books::open(county, config.rules.clone(), config.ledger.as_deref())?);
        let poll_ms = config.poll_ms;
        let front = Arc::new(Front { config, books, kept: Mutex::new(Kept::default()) });
        let worker = Arc::clone(&front);
        let rounds = Rounds::start("bank-front", poll_ms, move || {
            let front = Arc::clone(&worker);
            async move { round::run(&front).await }
        })?;
        Ok(BankFront { front, rounds })
    }

    /// Runs one round now and says what it did.
    ///
    /// # Errors
    /// When it has stopped.
    pub async fn poll_now(&self) -> Result<FrontReport, SimulatorError> {
        self.rounds.now().await
    }

    /// The next feedback shows this fault; several are shown in their order.
    pub fn spoil(&self, fault: FrontFault) {
        self.front.kept().faults.push_back(fault);
    }

    /// The bank's books.
    pub fn books(&self) -> Arc<Books> {
        Arc::clone(&self.front.books)
    }

    /// What the court did not take of its feedback: request and reason.
    pub fn rejected(&self) -> Vec<(String, String)> {
        self.front.kept().rejected.clone()
    }

    /// Batches it has fetched, by packet name.
    pub fn fetched(&self) -> Vec<String> {
        self.front.kept().batches.keys().cloned().collect()
    }

    /// What it has to say against the gateway.
    pub fn findings(&self) -> Vec<String> {
        self.front.kept().findings.clone()
    }
}
