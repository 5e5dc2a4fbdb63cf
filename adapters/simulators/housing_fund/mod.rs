//! A housing-fund centre that is called by the open task form, after schemas/partners/housing-fund.md.

mod account;
mod books;
mod deduct;
mod desk;
mod giving_back;
mod order;
mod person;
mod reading;
mod state;
mod telling;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use account::{Account, Freeze, Standing};
pub use books::{FundBooks, FundError, FundRules};
pub use order::{Ahead, Answer, Order, Payee, State, Step, Told, Verb, Why};
pub use person::{Condition, Employer, Met, Person};
pub use state::{Effect, FundPayment};

use crate::SimulatorError;
use crate::county::County;
use crate::day::Day;
use crate::money::Fen;
use crate::open::{Kept, Office, OpenConfig, machine_ms};
use desk::{FundAct, FundDesk};
use reading::Agreement;

/// How a simulated fund centre is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HousingFundConfig {
    /// What every partner of the open form has.
    pub open: OpenConfig,
    /// Years that a freeze, and a renewal, may last (1 to 3).
    pub freeze_years_max: u32,
    /// A deduct is looked at so many milliseconds after it was taken; three days of the calendar at the latest.
    pub review_ms: u64,
    /// Takes orders only from two officers.
    pub two_officers: bool,
    /// ID types it knows.
    pub id_types: Vec<String>,
}

impl Default for HousingFundConfig {
    fn default() -> Self {
        HousingFundConfig {
            open: OpenConfig { token: "fund-token".to_owned(), ..OpenConfig::default() },
            freeze_years_max: 1,
            review_ms: 0,
            two_officers: false,
            id_types: vec!["01".to_owned()],
        }
    }
}

/// A running fund centre. Dropping it stops it.
pub struct HousingFund {
    office: Office<FundDesk>,
    books: Arc<FundBooks>,
}

impl HousingFund {
    /// Starts the centre of a county on its own thread; it takes tasks when this returns.
    ///
    /// # Errors
    /// When a port, the thread or the HTTP client cannot be had, or the ledger tells of other books.
    pub fn start(county: &County, config: HousingFundConfig) -> Result<HousingFund, SimulatorError> {
        let kept = Kept::open(&config.open, config.open.first_day, machine_ms())?;
        let rules = FundRules { first_day: kept.origin.first_day, freeze_years_max: config.freeze_years_max };
        let books = Arc::new(FundBooks::of_county(county, config.open.seed, rules));
        let desk = FundDesk {
            books: Arc::clone(&books),
            agreement: Agreement { two_officers: config.two_officers, id_types: config.id_types },
            review_ms: config.review_ms,
            reviews: Vec::new(),
        };
        let office = Office::start("housing-fund", desk, kept, config.open)?;
        Ok(HousingFund { office, books })
    }

    crate::open::office_faces!();

    /// Its books, to judge by. What is changed there directly is told with the next exchange,
    /// and is not in the ledger: with one, use the methods here.
    pub fn books(&self) -> Arc<FundBooks> {
        Arc::clone(&self.books)
    }

    /// Adds a person with accounts.
    pub fn add(&self, person: Person, accounts: Vec<Account>) {
        drop(self.office.act(FundAct::Add { person: Box::new(person), accounts }));
    }

    /// The person retires: what is registered is paid.
    ///
    /// # Errors
    /// Unknown person.
    pub fn retire(&self, id_number: &str) -> Result<(), FundError> {
        self.office.act(FundAct::Retire { id_number: id_number.to_owned() })
    }

    /// A condition of art. 24 arises; `allows` bounds what it lets out, `None` = everything.
    ///
    /// # Errors
    /// Unknown person.
    pub fn meet(&self, id_number: &str, condition: Condition, allows: Option<Fen>) -> Result<(), FundError> {
        self.office.act(FundAct::Meet { id_number: id_number.to_owned(), condition, allows })
    }

    /// The day of retirement becomes known.
    ///
    /// # Errors
    /// Unknown person.
    pub fn expect_retirement(&self, id_number: &str, on: Day) -> Result<(), FundError> {
        self.office.act(FundAct::ExpectRetirement { id_number: id_number.to_owned(), on })
    }

    /// Basic living and housing are secured (`None`), or not: then so much is kept back.
    ///
    /// # Errors
    /// Unknown person.
    pub fn keep_back(&self, id_number: &str, reserve: Option<Fen>) -> Result<(), FundError> {
        self.office.act(FundAct::KeepBack { id_number: id_number.to_owned(), reserve })
    }

    /// Money is paid in.
    ///
    /// # Errors
    /// Unknown or closed account, or an amount that is none.
    pub fn contribute(&self, account: &str, amount: Fen) -> Result<(), FundError> {
        self.office.act(FundAct::Contribute { account: account.to_owned(), yuan: amount })
    }

    /// Another organ's freeze (organ, document) arrives over the counter.
    ///
    /// # Errors
    /// Unknown or closed account.
    pub fn freeze_by_other(&self, account: &str, by: (&str, &str), limit: Fen, to: Day) -> Result<(), FundError> {
        let (account, organ, document) = (account.to_owned(), by.0.to_owned(), by.1.to_owned());
        self.office.act(FundAct::FreezeByOther { account, organ, document, limit, to })
    }

    /// Another organ ends its freeze, found by its document.
    ///
    /// # Errors
    /// Unknown account.
    pub fn end_by_other(&self, account: &str, document: &str) -> Result<(), FundError> {
        let (account, document) = (account.to_owned(), document.to_owned());
        self.office.act(FundAct::EndByOther { account, document })
    }

    /// Looks at every deduct that waits for it.
    pub fn review_all(&self) {
        drop(self.office.act(FundAct::ReviewAll {}));
    }
}
