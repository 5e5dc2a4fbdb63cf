//! When each partner last called us since this process started. What it answered is counted in its lane, out of events.

use std::collections::BTreeMap;

use domain::Millis;
use parking_lot::Mutex;

/// By partner; as many entries as partners that ever called.
#[derive(Default)]
pub(crate) struct Calls(Mutex<BTreeMap<String, Millis>>);

impl Calls {
    /// A partner called us, and was known.
    pub(crate) fn called(&self, partner: &str, at: Millis) {
        let mut all = self.0.lock();
        match all.get_mut(partner) {
            Some(last) => *last = at,
            None => {
                all.insert(partner.to_owned(), at);
            }
        }
    }

    /// When it last called.
    pub(crate) fn last(&self, partner: &str) -> Option<Millis> {
        self.0.lock().get(partner).copied()
    }
}
