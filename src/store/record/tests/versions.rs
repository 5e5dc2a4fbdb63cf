//! Specimens of newer versions of events, and of what holds acts and frees them.

use super::specimens::AT;
use crate::record::*;

/// One of each version above the first, in the order of [`Fact::VERSIONS`].
pub(super) fn newer_specimens() -> Vec<Event> {
    let paced = ExchangeBegan {
        paced_by: vec!["per_day".to_owned(), "rate".to_owned()],
        paced_from: vec![AT - 60_000_000, AT - 9_000],
        paced_until: vec![AT - 20_000_000, AT],
        ..ExchangeBegan::of(vec![ActRef(6, 1)], "send", "bank-a")
    };
    vec![Event { at: AT, fact: paced.into(), body: None, key: 0 }]
}

pub(super) fn of_holds() -> Vec<(Fact, Option<Body>)> {
    let acts = || vec![ActRef(6, 0), ActRef(6, 1)];
    let held = ActHeld { acts: acts(), by: "stage".to_owned(), partner: "bank-a".to_owned() };
    vec![(held.into(), None), (ActFreed { acts: acts(), partner: "bank-a".to_owned() }.into(), None)]
}

/// What a start without lost content says, and one that has it again; and what is said while a key cannot be read.
pub(super) fn of_losses() -> Vec<(Fact, Option<Body>)> {
    let left_out = ContentLeftOut { cases: 2, events: 14, keys: 1, slots: vec![7, 12] };
    let returned = ContentReturned { cases: 1, slots: vec![7] };
    let stood_in = KeyStoodIn { slot: 7, stand_in: 19 };
    vec![(left_out.into(), None), (returned.into(), None), (stood_in.into(), None)]
}
