//! The HTTP faces: intake for courts, faces for partners, the trail for auditors, states and figures for operators.
//!
//! [`Web::start`] listens; [`gate::Gate`] is all it knows of the engine; [`right`] says who may do what; `routes` is the one
//! table of paths; [`limits`] holds every bound; [`problem`] is how everything that is refused is told.

mod applicant;
mod body;
mod cases;
mod contract;
mod engine_gate;
mod evidence;
mod faces;
pub mod fault;
#[cfg(test)]
mod fuzz;
pub mod gate;
mod health;
mod inbox;
mod intake;
mod language;
pub mod limits;
mod measures;
mod partners;
pub mod problem;
mod proof;
mod refusal;
pub mod right;
mod room;
mod routes;
mod seen;
mod server;
mod settlements;
mod sources;
mod stops;
mod tasks;
mod tls;
pub mod tokens;

pub use gate::Gate;
pub use inbox::remind;
pub use intake::deliveries::announce;
pub use intake::submit::understand;
pub use language::Language;
pub use limits::Limits;
pub use proof::sheet;
pub use right::Role;
pub use routes::{pages, paths};
pub use server::{Running, StartError, Web, WebConfig};
pub use tls::{TlsFault, TlsPapers};
pub use tokens::{Prepared, Token, TokenFault, Tokens};
