//! When each partner last called us, and what failed last, since this process started. What it answered is counted in its lane, out of events.

use std::collections::BTreeMap;

use domain::Millis;
use domain::socket::Cause;
use parking_lot::Mutex;

/// By partner; as many entries as partners that ever called or failed.
#[derive(Default)]
pub(crate) struct Calls(Mutex<BTreeMap<String, Heard>>);

#[derive(Clone, Copy, Default)]
struct Heard {
    last_call: Option<Millis>,
    last_failure: Option<(Millis, Cause)>,
}

impl Calls {
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

    /// When it last called.
    pub(crate) fn last(&self, partner: &str) -> Option<Millis> {
        self.heard(partner).last_call
    }

    /// What failed last, and when.
    pub(crate) fn last_failure(&self, partner: &str) -> Option<(Millis, Cause)> {
        self.heard(partner).last_failure
    }
}
