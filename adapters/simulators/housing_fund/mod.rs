//! A housing-fund centre that is called by the open task form, after schemas/partners/housing-fund.md.

mod account;
mod books;
mod deduct;
mod order;
mod person;
mod state;

pub use account::{Account, Freeze, Standing};
pub use books::{FundBooks, FundError, FundRules};
pub use order::{Ahead, Answer, Order, Payee, State, Step, Told, Verb, Why};
pub use person::{Condition, Employer, Met, Person};
pub use state::{Effect, FundPayment};
