//! Police that are asked: registers, watches, border controls and people who come, after schemas/partners/police.md.

mod books;
mod decide;
mod moment;
mod order;
mod register;

pub use books::{Effect, Hit, Measure, PoliceBooks, RESPOND_MS, Step, Support};
pub use order::{Kind, Officer, Order, Standing, Told, Wants};
pub use register::{Doing, Person, Register, Sighting, Vehicle};
