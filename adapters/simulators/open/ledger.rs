//! What a partner of the open form writes down: every input that changed its books, so that replaying them gives the books back.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OpenConfig;
use super::post::CallbackRecord;
use crate::SimulatorError;
use crate::bank::BooksError;
use crate::bank::ledger::Ledger;
use crate::day::Day;

/// When books were begun; a later start goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// First day of the calendar.
    #[serde(with = "crate::day::text")]
    pub first_day: Day,
    /// The partner's wall clock at the beginning, UTC milliseconds.
    pub opened_ms: i64,
    /// This machine's clock at the beginning, UTC milliseconds: the partner's own clock goes on while it is down.
    pub machine_ms: i64,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Entry<A> {
    /// The first line.
    Began(Origin),
    /// A task was taken, and this was answered.
    Task { ms: u64, digest: String, task: Value, status: u16, said: Value },
    /// Something happened at the partner.
    Act { ms: u64, act: A },
    /// The calendar was turned.
    Date {
        #[serde(with = "crate::day::text")]
        day: Day,
    },
    /// The clock was turned forward.
    Advanced { by_ms: u64 },
    /// Something came due: number and state of a result, or class of a lead.
    Due { ms: u64, told: Vec<(String, String)> },
    /// Items were taken by the gateway, or given up, and are not posted again.
    Posted { items: Vec<(u64, CallbackRecord)> },
}

impl<A> Entry<A> {
    /// The partner's elapsed milliseconds, as far as the line tells.
    pub(crate) fn ms(&self) -> u64 {
        match self {
            Entry::Task { ms, .. } | Entry::Act { ms, .. } | Entry::Due { ms, .. } => *ms,
            Entry::Began(_) | Entry::Date { .. } | Entry::Advanced { .. } | Entry::Posted { .. } => 0,
        }
    }
}

/// A partner's file, opened, and what it held.
pub(crate) struct Kept<A> {
    pub origin: Origin,
    /// File and its writer; `None` = the books are in memory only.
    pub file: Option<(PathBuf, Ledger)>,
    /// What the file held, the first line included.
    pub entries: Vec<Entry<A>>,
}

impl<A: Serialize + DeserializeOwned> Kept<A> {
    /// Opens the file of a configuration, or begins it. `opened_ms` is the partner's wall clock if this is the beginning.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub(crate) fn open(config: &OpenConfig, first_day: Day, opened_ms: i64) -> Result<Kept<A>, SimulatorError> {
        let fresh = Origin { first_day, opened_ms, machine_ms: machine_ms() };
        let Some(path) = &config.ledger else {
            return Ok(Kept { origin: fresh, file: None, entries: Vec::new() });
        };
        let (ledger, entries) = Ledger::open::<Entry<A>>(path)?;
        let origin = match entries.first() {
            Some(Entry::Began(origin)) => *origin,
            Some(_) => return Err(BooksError::OtherBooks { path: path.clone(), line: 1 }.into()),
            None => {
                let mut line = serde_json::to_vec(&Entry::<A>::Began(fresh)).map_err(BooksError::from)?;
                line.push(b'\n');
                // Whatever is told later waits for the disk, and lines keep their order.
                ledger.append(line, Box::new(|| {}))?;
                fresh
            }
        };
        Ok(Kept { origin, file: Some((path.clone(), ledger)), entries })
    }

    /// Milliseconds of the partner's clock that had passed by now, without what it was turned forward.
    pub(crate) fn passed_ms(&self) -> u64 {
        if self.file.is_none() {
            return 0;
        }
        let by_machine = u64::try_from(machine_ms().saturating_sub(self.origin.machine_ms)).unwrap_or(0);
        let told = self.entries.iter().map(Entry::ms).max().unwrap_or(0);
        told.max(by_machine)
    }
}

/// This machine's wall clock, UTC milliseconds.
pub(crate) fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
