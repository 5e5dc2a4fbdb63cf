//! What each partner did since this process started: how many acts it has answered, when it last called, and what failed last.

use std::collections::BTreeMap;

use domain::socket::Cause;
use domain::{ActState, Millis};
use parking_lot::Mutex;
use store::record::{Event, Fact};

/// By partner; as many entries as partners that ever answered or called.
#[derive(Default)]
pub(crate) struct Answers(Mutex<BTreeMap<String, Heard>>);

#[derive(Clone, Copy, Default)]
struct Heard {
    answered: u64,
    last_call: Option<Millis>,
    last_failure: Option<(Millis, Cause)>,
}

impl Answers {
    /// Counts an event that is durable, when it is the first final answer to an act. What supersedes one is no second answer.
    pub(crate) fn note(&self, event: &Event) {
        let (partner, state) = match &event.fact {
            Fact::ExchangeEnded(fact) if fact.judged == "answered" => (&fact.partner, &fact.state),
            Fact::OutcomeReceived(fact) if !fact.supersedes => (&fact.partner, &fact.state),
            _ => return,
        };
        if ActState::from_word(state).is_some_and(ActState::is_final) {
            self.change(partner, |heard| heard.answered += 1);
        }
    }

    /// A partner called us, and was known.
    pub(crate) fn called(&self, partner: &str, at: Millis) {
        self.change(partner, |heard| heard.last_call = Some(at));
    }

    /// An exchange or a sweep came to nothing.
    pub(crate) fn failed(&self, partner: &str, cause: Cause, at: Millis) {
        self.change(partner, |heard| heard.last_failure = Some((at, cause)));
    }

    fn change(&self, partner: &str, change: impl FnOnce(&mut Heard)) {
        let mut all = self.0.lock();
        match all.get_mut(partner) {
            Some(heard) => change(heard),
            None => change(all.entry(partner.to_owned()).or_default()),
        }
    }

    fn heard(&self, partner: &str) -> Heard {
        self.0.lock().get(partner).copied().unwrap_or_default()
    }

    /// Acts that a partner has answered.
    pub(crate) fn of(&self, partner: &str) -> u64 {
        self.heard(partner).answered
    }

    /// When it last called.
    pub(crate) fn last_call(&self, partner: &str) -> Option<Millis> {
        self.heard(partner).last_call
    }

    /// What failed last, and when.
    pub(crate) fn last_failure(&self, partner: &str) -> Option<(Millis, Cause)> {
        self.heard(partner).last_failure
    }
}
