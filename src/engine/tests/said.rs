//! What tests say to the decider, with everything filled in that they do not look at.

use std::collections::BTreeSet;

use domain::ActId;
use domain::act::ActOrder;

use super::*;
use crate::command::{ClosedRequest, KnownAct, LateOutcome};

/// An order about the first party at a partner, all else left open.
pub(super) fn bare(kind: ActKind, partner: &str) -> ActOrder {
    ActOrder {
        note: None,
        details: Vec::new(),
        kind,
        partner: partner.to_owned(),
        subject: 0,
        account: None,
        amount: None,
        from: None,
        to: None,
        original: None,
    }
}

/// A request as the court's system submits it under a key of its own, for the one case that tests have.
pub(super) fn submit(key: u64, request: Request) -> Submit {
    Submit {
        token: "court".to_owned(),
        idempotency: (key, 0),
        fingerprint: (key, 1),
        case_key: (5, 5),
        subjects: vec![77],
        preservation: None,
        paper_keys: vec![(9, 9); request.papers.len()],
        shown: BTreeSet::new(),
        request: Arc::new(request),
    }
}

/// The request that follows from a task, as the runtime makes it out of the one that ordered the measure.
pub(super) fn follow_up(task: u64, by: &str, pattern: Request) -> Submit {
    let (idempotency, fingerprint) = ((u64::MAX, task), (u64::MAX, task));
    Submit { token: by.to_owned(), idempotency, fingerprint, paper_keys: Vec::new(), ..submit(task, pattern) }
}

/// A request that is finished, as the index has it.
pub(super) fn closed(request: u64, case: u64) -> ClosedRequest {
    ClosedRequest {
        sequence: request,
        version: request,
        case,
        accepted_at: START,
        court: "330225".to_owned(),
        goal: "acts".to_owned(),
        state: "finished".to_owned(),
        acts: 1,
        partners: Vec::new(),
        viewers: Vec::new(),
        slips: Vec::new(),
        events: vec![request],
        again: false,
    }
}

/// News that a bank feeds back about an act of a finished request.
pub(super) fn late(act: ActId, closed: ClosedRequest, known: KnownAct, outcome: Outcome) -> LateOutcome {
    LateOutcome {
        act,
        partner: "bank-a".to_owned(),
        way: "feedback",
        slot: 1,
        has_callback: false,
        closed,
        state: outcome.verdict.state(),
        outcome,
        known,
    }
}

impl Table {
    /// Submits, and says which request it became.
    pub(super) fn hand_in(&mut self, submit: Submit) -> Result<u64, Refusal> {
        match self.tell(Command::Submit(Box::new(submit)))? {
            Answer::Accepted(sequence) => Ok(sequence),
            _ => unreachable!("a submission is answered as accepted"),
        }
    }
}
