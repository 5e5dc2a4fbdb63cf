//! What partners say and how it travels: one folder an industry, one visible list.
//!
//! An adapter joins *what is said* (`bank`) to *how it travels* ([`transport`]). It makes one attempt and judges it; it
//! never retries, sleeps, stores or logs. It meets the gateway through [`domain::socket`] alone.

use std::sync::Arc;

use domain::socket::{Adapter, Face};

pub mod bank;
mod court_form;
pub mod dialect;
mod grid;
mod housing_fund;
pub mod inbox;
mod insurance;
pub mod loopback;
mod mapped_json;
mod markup;
mod open;
mod options;
mod payment;
mod police;
mod registry;
mod regulator_form;
mod sums;
pub mod transport;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod specimen;

/// Every adapter there is. Whatever a partner file may name stands here, and `conformance.rs` asks each the same questions.
pub static ADAPTERS: &[Adapter] = &[
    bank::PULL,
    bank::HTTP,
    bank::DROP,
    bank::PACKET,
    insurance::OPEN,
    housing_fund::OPEN,
    housing_fund::PULL,
    payment::PULL,
    registry::PULL,
    police::OPEN,
    police::DROP,
    grid::OPEN,
    mapped_json::MAPPED,
    inbox::INBOX,
    loopback::LOOPBACK,
];

/// Every path that partners call.
#[must_use]
pub fn faces() -> Vec<Arc<dyn Face>> {
    vec![Arc::new(bank::face()), Arc::new(housing_fund::face()), Arc::new(payment::face()), Arc::new(registry::face())]
}
