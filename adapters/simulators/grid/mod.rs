//! A grid platform that is called by the open task form, after schemas/partners/grid.md: villages, workers, and what they report.

mod books;
mod desk;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::county::County;
use crate::open::{Kept, Office, OpenConfig, machine_ms};
use desk::{GridAct, GridDesk};

pub use books::{Clue, GridBooks, Report, Sort};

/// How one simulated platform is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridConfig {
    /// Address, token, callback, seed, first day.
    pub open: OpenConfig,
    /// Workers report by themselves after so many milliseconds; absent = when `report` is called, or never.
    pub report_after_ms: Option<u64>,
}

impl Default for GridConfig {
    fn default() -> Self {
        GridConfig {
            open: OpenConfig { token: "grid-token".to_owned(), ..OpenConfig::default() },
            report_after_ms: Some(0),
        }
    }
}

/// A running grid platform. Dropping it stops it.
pub struct Grid {
    office: Office<GridDesk>,
    books: Arc<GridBooks>,
}

impl Grid {
    /// Starts a platform whose workers know the people of a county; it takes tasks when this returns.
    ///
    /// # Errors
    /// When a port, the thread or the HTTP client cannot be had, or the ledger tells of other books.
    pub fn start(county: &County, config: GridConfig) -> Result<Grid, SimulatorError> {
        let books = Arc::new(GridBooks::of(county, config.open.seed));
        let kept = Kept::open(&config.open, config.open.first_day, machine_ms())?;
        let desk = GridDesk::new(Arc::clone(&books), config.report_after_ms);
        Ok(Grid { office: Office::start("grid", desk, kept, config.open)?, books })
    }

    crate::open::office_faces!();

    /// What its workers know and have done.
    pub fn books(&self) -> Arc<GridBooks> {
        Arc::clone(&self.books)
    }

    /// Workers report on a task what they know; `false` when it does not wait for them.
    pub fn report(&self, number: &str) -> bool {
        self.office.act(GridAct::Report { number: number.to_owned() })
    }

    /// A worker tells something unasked about a task.
    pub fn tell(&self, number: &str, text: &str) -> bool {
        self.office.act(GridAct::Tell { number: number.to_owned(), text: text.to_owned() })
    }
}
