//! Claims: which clerk has taken which act from an inbox, and until when others are kept from it.

use std::collections::BTreeMap;

use domain::{ActId, Millis};
use serde::{Deserialize, Serialize};
use store::record::Fact;

use super::State;

/// The most claims kept: more acts than all clerks of a province work at in two hours. Beyond it those that end first are forgotten.
pub const CLAIMS_MAX: usize = 10_000;

/// One clerk's claim on an act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// Name of the clerk's token.
    pub by: String,
    /// It holds until then, in UTC milliseconds.
    pub until: Millis,
}

/// The claims that may still hold, by act.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Claims(BTreeMap<(u64, u32), Claim>);

impl Claims {
    /// The claim on an act, if one holds at `now`.
    #[must_use]
    pub fn of(&self, act: ActId, now: Millis) -> Option<&Claim> {
        self.0.get(&(act.sequence, act.line)).filter(|claim| claim.until > now)
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is none remembered?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, act: (u64, u32), claim: Claim, at: Millis) {
        if self.0.len() >= CLAIMS_MAX && !self.0.contains_key(&act) {
            self.0.retain(|_, claim| claim.until > at);
        }
        if self.0.len() >= CLAIMS_MAX && !self.0.contains_key(&act) {
            let first = self.0.iter().min_by_key(|(act, claim)| (claim.until, **act)).map(|(act, _)| *act);
            first.map(|first| self.0.remove(&first));
        }
        self.0.insert(act, claim);
    }
}

impl State {
    pub(crate) fn fold_claim(&mut self, fact: &Fact, at: Millis) {
        let Fact::ActClaimed(fact) = fact else { return };
        let claim = Claim { by: fact.by.clone(), until: fact.until };
        self.claims.take((fact.act.0, fact.act.1), claim, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(by: &str, until: Millis) -> Claim {
        Claim { by: by.to_owned(), until }
    }

    #[test]
    fn a_claim_holds_until_its_end_and_gives_way_to_the_next() {
        let mut claims = Claims::default();
        let act = ActId { sequence: 7, line: 1 };
        claims.take((7, 1), claim("clerk-1", 100), 0);
        assert_eq!(claims.of(act, 99), Some(&claim("clerk-1", 100)));
        assert_eq!(claims.of(act, 100), None);
        assert_eq!(claims.of(ActId { sequence: 7, line: 0 }, 0), None);
        claims.take((7, 1), claim("clerk-2", 300), 100);
        assert_eq!(claims.of(act, 100).unwrap().by, "clerk-2");
        assert_eq!(claims.len(), 1);
    }

    #[test]
    fn never_more_than_the_bound_whatever_comes() {
        let mut claims = Claims::default();
        let count = u64::try_from(CLAIMS_MAX).unwrap();
        for sequence in 0..count {
            claims.take(
                (sequence, 0),
                claim("clerk", if sequence < 10 { 5 } else { 1_000 + sequence.cast_signed() }),
                0,
            );
        }
        claims.take((count, 0), claim("clerk", 9_000_000), 6);
        assert_eq!(claims.len(), CLAIMS_MAX - 9, "what had ended is forgotten first");
        for sequence in count + 1..count + 20 {
            claims.take((sequence, 0), claim("clerk", 9_000_000), 6);
        }
        assert_eq!(claims.len(), CLAIMS_MAX);
        assert!(claims.of(ActId { sequence: 10, line: 0 }, 7).is_none(), "then what ends first");
        assert!(claims.of(ActId { sequence: count, line: 0 }, 7).is_some());
    }
}
