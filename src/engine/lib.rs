//! What happens: decide, fold, lanes, limits, retry, breaker, dispatch.

pub mod clock;
pub mod command;
pub mod config;
pub mod courier;
pub mod decide;
pub mod delay;
mod fold;
mod fold_beside;
mod fold_measures;
mod history;
pub mod inbox;
mod queues;
pub mod refusal;
pub mod runtime;
pub mod state;
mod sums;
#[cfg(test)]
mod tests;
pub mod vault;
pub mod view;
mod words;

pub use decide::Decider;
pub use refusal::Refusal;
pub use runtime::{Engine, OpenError, Options, Plugs, Running};
