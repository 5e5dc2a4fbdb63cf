//! Requests of erased cases, as far as their leaves tell them: an index that is made anew has them too.

use std::collections::BTreeMap;

use store::record::{Event, Fact, RequestAccepted};

use crate::command::ClosedRequest;
use crate::history::request_named;

/// Open at the place that is read, of which nothing but leaves can be read any more.
#[derive(Default)]
pub(super) struct ErasedRequests {
    open: BTreeMap<u64, ClosedRequest>,
    /// Their plans, by the event that made each.
    plans: BTreeMap<u64, u64>,
}

/// Who might see it stands in what is erased, so it is there for the token that submitted it alone.
fn accepted(sequence: u64, event: &Event, fact: &RequestAccepted) -> ClosedRequest {
    ClosedRequest {
        sequence,
        version: sequence,
        case: fact.case.unwrap_or(sequence),
        accepted_at: event.at,
        court: fact.court.clone(),
        goal: fact.goal.clone(),
        state: String::new(),
        acts: fact.acts,
        partners: Vec::new(),
        slips: Vec::new(),
        viewers: vec![fact.token.clone()],
        events: vec![sequence],
        again: false,
    }
}

impl ErasedRequests {
    /// Notes one event; gives the request that it ends. `is_lost` = what stands beside its leaf is no erased content.
    pub(super) fn note(&mut self, sequence: u64, event: &Event, is_lost: bool) -> Option<ClosedRequest> {
        if let Fact::RequestAccepted(fact) = &event.fact
            && event.body.is_none()
            && !is_lost
        {
            self.plans.insert(sequence, sequence);
            self.open.insert(sequence, accepted(sequence, event, fact));
            return None;
        }
        if self.open.is_empty() {
            return None;
        }
        let request = request_named(&event.fact, |act| self.plans.get(&act.0).copied())?;
        let open = self.open.get_mut(&request)?;
        open.events.push(sequence);
        open.version = sequence;
        match &event.fact {
            Fact::PlanExtended(fact) => {
                open.acts = open.acts.saturating_add(fact.acts);
                self.plans.insert(sequence, request);
            }
            Fact::ExchangeBegan(fact) if !open.partners.contains(&fact.partner) => {
                open.partners.push(fact.partner.clone());
            }
            Fact::RequestFinished(fact) => {
                let mut closed = self.open.remove(&request)?;
                self.plans.retain(|_, of| *of != request);
                closed.state.clone_from(&fact.state);
                return Some(closed);
            }
            _ => {}
        }
        None
    }
}
