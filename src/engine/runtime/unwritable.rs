//! Slips that a partner's form cannot say: they never left, and waiting for an answer to them would have no end.

use std::collections::BTreeMap;

use domain::Millis;
use domain::outcome::{Outcome, Reason, Verdict};
use domain::slip::Slip;
use domain::socket::{FeedbackItem, Plug};
use store::record::Fact;

use super::Shared;
use crate::state::proof::{OF_CONFIG, OF_GATEWAY};

/// Starts and configurations since an offer that are looked at; behind more of them nobody says what its list was written with.
const LOOKED_MAX: usize = 64;

impl Shared {
    /// Takes out of a list what the partner's form cannot say; `offered` = when each slip was first offered, in a call that came at
    /// `asked_at`. We may have been interrupted between an offer and the word that it cannot be said, so an older one is looked at too:
    /// it never left where nothing has changed since in what writes it. Else it may be with the partner, and waits for the answer.
    pub(super) fn take_unwritable(
        &self,
        partner: &str,
        slips: &mut Vec<Slip>,
        (asked_at, offered): (Millis, &BTreeMap<u64, Millis>),
    ) -> Vec<FeedbackItem> {
        let Some(plug) = self.plugs.read().get(partner).cloned() else { return Vec::new() };
        let Plug::Pull(form) = plug.as_ref() else { return Vec::new() };
        let never_left = |at: Millis| at >= asked_at || self.wrote_alike_since(at);
        let is_unsaid = |slip: &mut Slip| {
            let at = offered.get(&slip.number.bits()).copied().unwrap_or(0);
            !form.can_write(slip) && never_left(at)
        };
        let item = |slip: Slip| {
            let outcome = Outcome::of(Verdict::NeverReached).because(Reason::Unsupported, "");
            FeedbackItem { slip: slip.number.to_string(), line: None, outcome: Ok(outcome) }
        };
        slips.extract_if(.., is_unsaid).map(item).collect()
    }

    /// Were release and configuration, dialects among it, at that time what they are now? False where nobody can say.
    fn wrote_alike_since(&self, at: Millis) -> bool {
        let places: Vec<u64> = {
            let decider = self.decider.read();
            let holds = &decider.state.holds;
            let mut places = Vec::new();
            for sort in [OF_CONFIG, OF_GATEWAY] {
                let own = || holds.iter().rev().filter(|hold| hold.partner == sort);
                let Some(before) = own().find(|hold| hold.at < at) else { return false };
                let since = own().take_while(|hold| hold.at >= at).map(|hold| hold.sequence);
                places.extend(since.chain([before.sequence]).take(LOOKED_MAX + 1));
            }
            places
        };
        if places.len() > LOOKED_MAX {
            return false;
        }
        let mut alike: [Option<String>; 2] = [None, None];
        let [settings, release] = &mut alike;
        places.into_iter().all(|place| match self.seen(place).map(|seen| seen.fact) {
            Some(Fact::ConfigLoaded(fact)) => *settings.get_or_insert_with(|| fact.digest.clone()) == fact.digest,
            Some(Fact::GatewayStarted(fact)) => *release.get_or_insert_with(|| fact.version.clone()) == fact.version,
            _ => false,
        })
    }
}
