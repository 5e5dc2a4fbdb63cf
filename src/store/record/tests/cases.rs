//! Specimens of what happens to cases.

use super::specimens::reason;
use crate::record::*;

pub(super) fn of_cases() -> Vec<(Fact, Option<Body>)> {
    let by = || "operator-1".to_owned();
    vec![
        (CaseHalted { by: by(), case: 6, cause: "bankruptcy".to_owned(), news: true }.into(), Some(reason())),
        (CaseResumed { by: by(), case: 6, news: true }.into(), Some(reason())),
        (GoalRepeated { over: true, request: 6, round: 3 }.into(), None),
    ]
}

/// The last events of the list.
pub(super) fn of_erasures() -> Vec<(Fact, Option<Body>)> {
    let (first, second) = ("approver-1".to_owned(), "approver-2".to_owned());
    let cause = || "retention".to_owned();
    let proposed = ErasureProposed { by: first, case: 6, cause: cause() };
    let erased = CaseErased {
        by: second,
        case: 6,
        cause: cause(),
        court: "330225".to_owned(),
        events: vec![40, 61],
        proposed: 61,
        slots: vec![7, 12],
    };
    vec![(proposed.into(), Some(reason())), (erased.into(), Some(reason()))]
}
