//! History: which request an event touches, and what the index keeps of a request when it is finished.

use std::collections::BTreeSet;

use domain::request::Goal;
use store::record::{Event, Fact};

use crate::command::ClosedRequest;
use crate::state::State;

/// Partners named in a closed request's entry; a request to more of them is found by case and by state only.
const PARTNERS_NAMED_MAX: usize = 64;

/// The request that a fact about one names, itself or by an act; `of_act` = whose an act is.
pub(crate) fn request_named(fact: &Fact, of_act: impl Fn(store::record::ActRef) -> Option<u64>) -> Option<u64> {
    match fact {
        Fact::PlanExtended(fact) => Some(fact.request),
        Fact::RequestApproved(fact) => Some(fact.request),
        Fact::RequestStopped(fact) => Some(fact.request),
        Fact::RequestFinished(fact) => Some(fact.request),
        Fact::DeadlinePassed(fact) => Some(fact.request),
        Fact::GoalRepeated(fact) => Some(fact.request),
        Fact::ExchangeBegan(fact) => fact.acts.iter().find_map(|act| of_act(*act)),
        Fact::ExchangeEnded(fact) => of_act(fact.act),
        Fact::OutcomeReceived(fact) => of_act(fact.act),
        Fact::LeadReceived(fact) => of_act(fact.act),
        Fact::ActWithdrawn(fact) => of_act(fact.act),
        Fact::ActResolved(fact) => of_act(fact.act),
        _ => None,
    }
}

impl State {
    /// The request that an event touches, asked before it is folded.
    pub(crate) fn request_touched_by(&self, sequence: u64, event: &Event) -> Option<u64> {
        let of_act = |act: store::record::ActRef| {
            let (request, _) = self.plans.get(&act.0)?;
            self.requests.get(*request).map(|open| open.sequence)
        };
        match &event.fact {
            Fact::RequestAccepted(_) => Some(sequence),
            fact => request_named(fact, of_act),
        }
    }

    /// The requests that an event about their case is news of, asked before it is folded.
    pub(crate) fn told_by(&self, fact: &Fact) -> impl Iterator<Item = u64> {
        let case = match fact {
            Fact::CaseAmended(fact) if fact.news => Some(fact.case),
            Fact::CaseHalted(fact) if fact.news => Some(fact.case),
            Fact::CaseResumed(fact) if fact.news => Some(fact.case),
            _ => None,
        };
        let case = case.and_then(|case| self.case_by_sequence(case)).and_then(|index| self.cases.get(index));
        let requests = case.into_iter().flat_map(|case| &case.requests);
        requests.filter_map(|index| self.requests.get(*index)).map(|open| open.sequence)
    }

    /// What the index keeps of the request that an event finishes, asked before it is folded.
    pub(crate) fn closed_by(&self, sequence: u64, event: &Event) -> Option<ClosedRequest> {
        let Fact::RequestFinished(fact) = &event.fact else { return None };
        let (index, _) = self.plans.get(&fact.request)?;
        let open = self.requests.get(*index)?;
        let mut partners = BTreeSet::new();
        let mut slips = BTreeSet::new();
        for act in open.acts.iter().filter_map(|act| self.acts.get(*act)) {
            if act.answers_later || act.kind().is_lasting() {
                slips.insert(act.slip);
            }
            if partners.len() < PARTNERS_NAMED_MAX {
                partners.insert(self.partner_of(act.lane).to_owned());
            }
        }
        let mut events = open.events.clone();
        events.push(sequence);
        Some(ClosedRequest {
            sequence: open.sequence,
            version: sequence,
            case: self.case_id(open.case).0,
            accepted_at: open.accepted_at,
            court: self.word(open.court).to_owned(),
            goal: open.goal().map_or("acts", Goal::word).to_owned(),
            state: fact.state.clone(),
            acts: u32::try_from(open.acts.len()).unwrap_or(u32::MAX),
            partners: partners.into_iter().collect(),
            slips: slips.into_iter().collect(),
            viewers: self.viewers_of(open),
            events,
            again: false,
        })
    }
}
