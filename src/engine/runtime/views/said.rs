//! What was said of the acts of a request: each answer, and what two people found a doubt to have come to.

use std::collections::BTreeMap;

use domain::outcome::{Outcome, Verdict};
use domain::sentence::Waiting;
use domain::{ActId, ActKind, ActState, Money, Personal};
use store::record::{Body, Event, Fact, ReasonBody, act_state};

use super::{Shared, Sketched};
use crate::state::Act;
use crate::state::act::NO_SEQUENCE;
use crate::view::OutcomeView;

impl Shared {
    /// What was said of acts, each event read once for all of them.
    pub(super) fn said_of(&self, acts: &[Sketched], history: Vec<u64>) -> BTreeMap<ActId, Said> {
        let mut said: BTreeMap<ActId, Said> =
            acts.iter().map(|sketched| (sketched.act.id(), Said::default())).collect();
        let known: BTreeMap<ActId, &Act> = acts.iter().map(|sketched| (sketched.act.id(), &sketched.act)).collect();
        let mut sequences = history;
        for Sketched { act, parts, .. } in acts {
            sequences.extend(parts);
            sequences.extend(Some(act.outcome).filter(|outcome| *outcome != NO_SEQUENCE));
        }
        sequences.sort_unstable();
        sequences.dedup();
        for sequence in sequences {
            let Some((event, is_lost)) = self.papers.leaf_at_least(sequence) else { continue };
            let Some(id) = told_of(&event.fact) else { continue };
            let (Some((outcomes, any_lost)), Some(act)) = (said.get_mut(&id), known.get(&id)) else { continue };
            *any_lost |= is_lost;
            outcomes.extend(outcome_view(sequence, event, act));
        }
        said
    }
}

/// Why an act that is unsent came to nothing: what left once was not never sent.
pub(super) fn why_unsent(act: &Act) -> Waiting {
    match (act.sent_at > 0, act.verdict()) {
        // What no form can say was taken out of the list that it first stood in.
        (false, _) | (true, Some(_)) => Waiting::Turn,
        (true, None) if act.outcome != NO_SEQUENCE => Waiting::Denied,
        (true, None) => Waiting::NotReached,
    }
}

/// What was said of an act, and whether something of that cannot be read.
pub(super) type Said = (Vec<OutcomeView>, bool);

fn told_of(fact: &Fact) -> Option<ActId> {
    match fact {
        Fact::ExchangeEnded(fact) => Some(fact.act.into()),
        Fact::OutcomeReceived(fact) => Some(fact.act.into()),
        Fact::ActResolved(fact) if !fact.state.is_empty() => Some(fact.act.into()),
        _ => None,
    }
}

fn outcome_view(sequence: u64, event: Event, act: &Act) -> Option<OutcomeView> {
    let outcome = match (event.fact, event.body?) {
        (_, Body::Outcome(twin)) => twin.into_outcome()?,
        (Fact::ActResolved(fact), Body::Reason(word)) => settled(act, act_state(&fact.state), word),
        _ => return None,
    };
    Some(OutcomeView { at: event.at, sequence, outcome })
}

/// What two people found a doubt to have come to, as the partner's paper has it.
fn settled(act: &Act, state: ActState, word: ReasonBody) -> Outcome {
    let verdict = match state {
        ActState::Done => Verdict::Done,
        ActState::Partly => Verdict::Partly,
        _ => Verdict::Refused,
    };
    let sum = word.amount.or(Some(act.amount)).filter(|_| state.took_effect()).map(Money::from_units);
    let text = Some(Personal::new(word.reason));
    Outcome {
        caught: sum.filter(|_| act.kind() == ActKind::Freeze),
        moved: sum.filter(|_| act.kind().transfers()),
        text,
        ..Outcome::of(verdict)
    }
}
