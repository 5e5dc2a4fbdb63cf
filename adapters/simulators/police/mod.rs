//! Police that are called by the open task form, after schemas/partners/police.md: registers, watches, border controls, people who come.

mod acts;
mod books;
mod decide;
mod desk;
pub(crate) mod moment;
mod order;
mod register;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::county::County;
use crate::open::{Kept, Office, OpenConfig, machine_ms};
use acts::{PoliceAct, PoliceOutcome};
use desk::PoliceDesk;

pub use books::{Effect, Hit, Measure, PoliceBooks, RESPOND_MS, Step, Support};
pub use order::{Kind, Officer, Order, Standing, Told, Wants};
pub use register::{Doing, Person, Register, Sighting, Vehicle};

/// How one simulated police is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoliceConfig {
    /// Address, token, callback, rate, seed. Its first day stands only where `opened_ms` is given; otherwise it is today.
    pub open: OpenConfig,
    /// The police's wall clock at the start, UTC milliseconds; absent = this machine's. Hits bear times of it.
    pub opened_ms: Option<i64>,
    /// What is accepted (locate, border control) is decided after so many milliseconds; absent = when `settle` is called.
    pub answer_after_ms: Option<u64>,
    /// People come and end a support after so many milliseconds; absent = when `step` and `finish` are called, or never.
    pub come_after_ms: Option<u64>,
    /// How long a court has to come to a hit, in milliseconds.
    pub respond_ms: i64,
}

impl Default for PoliceConfig {
    fn default() -> Self {
        PoliceConfig {
            open: OpenConfig { token: "police-token".to_owned(), ..OpenConfig::default() },
            opened_ms: None,
            answer_after_ms: Some(0),
            come_after_ms: None,
            respond_ms: RESPOND_MS,
        }
    }
}

/// A running police command centre. Dropping it stops it.
pub struct Police {
    office: Office<PoliceDesk>,
    books: Arc<PoliceBooks>,
}

impl Police {
    /// Starts police who know the people of a county; they take tasks when this returns.
    ///
    /// # Errors
    /// When a port, the thread or the HTTP client cannot be had, or the ledger tells of other books.
    pub fn start(county: &County, config: PoliceConfig) -> Result<Police, SimulatorError> {
        let seed = config.open.seed;
        Police::begin(config, |opened_ms| Register::of(county, seed, opened_ms))
    }

    /// Starts police who know exactly this.
    ///
    /// # Errors
    /// As [`Police::start`].
    pub fn start_with(register: Register, config: PoliceConfig) -> Result<Police, SimulatorError> {
        Police::begin(config, |_| register)
    }

    fn begin(config: PoliceConfig, register: impl FnOnce(i64) -> Register) -> Result<Police, SimulatorError> {
        let now_ms = config.opened_ms.unwrap_or_else(machine_ms);
        let kept = Kept::open(&config.open, desk::first_day(now_ms), now_ms)?;
        let opened_ms = kept.origin.opened_ms;
        let books = Arc::new(PoliceBooks::new(register(opened_ms)));
        books.set_respond_ms(config.respond_ms);
        let desk = PoliceDesk::new(Arc::clone(&books), opened_ms, &config);
        let open = OpenConfig { first_day: desk::first_day(now_ms), ..config.open };
        Ok(Police { office: Office::start("police", desk, kept, open)?, books })
    }

    crate::open::office_faces!();

    /// The police's books, to look into and to add people, vehicles and traces. What is added there is not in the ledger: with one,
    /// give everything to [`Police::start_with`].
    pub fn books(&self) -> Arc<PoliceBooks> {
        Arc::clone(&self.books)
    }

    /// Somebody (an identity number) or some vehicle (a plate) comes by: each watch in force makes a hit, posted until it is answered with 200.
    pub fn pass(&self, key: &str, place: &str) -> Vec<Hit> {
        match self.office.act(PoliceAct::Pass { key: key.to_owned(), place: place.to_owned() }) {
            PoliceOutcome::Hits(hits) => hits,
            PoliceOutcome::Changed(_) => Vec::new(),
        }
    }

    /// Decides what was accepted; `false` when nothing with this number waits.
    pub fn settle(&self, number: &str) -> bool {
        self.change(PoliceAct::Settle { number: number.to_owned() })
    }

    /// People take a step of a support; `false` when there is none under way, or no such step.
    pub fn step(&self, number: &str, step: &Step) -> bool {
        let Step { word, unit, officers, phone } = step.clone();
        self.change(PoliceAct::Step { number: number.to_owned(), step: word.to_owned(), unit, officers, phone })
    }

    /// Ends a support as `Done`, `Partly` or `Refused`; `false` when there is none under way.
    pub fn finish(&self, number: &str, standing: Standing, text: &str) -> bool {
        self.change(PoliceAct::Finish { number: number.to_owned(), standing, text: text.to_owned() })
    }

    fn change(&self, act: PoliceAct) -> bool {
        matches!(self.office.act(act), PoliceOutcome::Changed(true))
    }
}
