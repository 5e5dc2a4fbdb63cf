//! The words and rules of assisted enforcement: pure types, no clock, no I/O, no serialization.
//!
//! Read in this order: [`case`] and [`request`] say what a court asks; [`act`] and [`slip`] what goes to a partner;
//! [`outcome`] what comes back; [`ledger`] and [`rules`] what may be ordered; [`partner`] and [`calendar`] when; [`stop`] when not;
//! [`socket`] is the one opening through which adapters plug in.

pub mod act;
pub mod calendar;
pub mod case;
mod cause;
pub mod day;
pub mod delay;
pub mod form;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod measure;
pub mod money;
pub mod outcome;
pub mod papers;
pub mod partner;
pub mod personal;
pub mod request;
pub mod rules;
pub mod sentence;
pub mod slip;
pub mod socket;
pub mod stop;
pub mod task;
pub mod untaken;
pub mod whose;

pub use act::{ActKind, ActState};
pub use day::{Day, Millis};
pub use ids::{ActId, CaseId, MeasureId, RequestId, StopId, TaskId};
pub use money::Money;
pub use personal::{Personal, Secret};
pub use slip::{SlipLine, SlipNumber};
pub use untaken::{Flaw, Untaken};
