//! Ends of measures that were renewed: the one that each has of its own, and the one that every renewal moved it to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::measure::NO_DAY;

/// Renewals of one measure that are remembered, the newest: one a year, and what was refused or taken back in between.
const KEPT: usize = 32;

/// Kept with the measure, because renewals leave memory with their requests, and any of them may be denied later.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Renewals {
    /// By the place of the measure as [`super::books::id_key`] has it; one of those that last for years is renewed once a year.
    ends: BTreeMap<u64, Ends>,
    /// The measure of each renewal.
    measures: BTreeMap<u64, u64>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Ends {
    /// As the measure itself has it; [`NO_DAY`] = not said.
    own: i32,
    /// In the order in which they were planned.
    renewals: Vec<Renewal>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Renewal {
    act: u64,
    ordered: i32,
    /// [`NO_DAY`] = it moved nothing.
    to: i32,
}

impl Ends {
    fn standing(&self) -> impl Iterator<Item = &Renewal> {
        self.renewals.iter().filter(|renewal| renewal.to != NO_DAY)
    }
}

impl Renewals {
    /// A renewal is ordered of a measure that ends on `own` by itself, when nothing renewed it before.
    pub(crate) fn order(&mut self, (measure, own): (u64, i32), act: u64, ordered: i32) {
        let ends = self.ends.entry(measure).or_insert(Ends { own, renewals: Vec::new() });
        if ends.renewals.iter().all(|renewal| renewal.act != act) {
            if ends.renewals.len() >= KEPT {
                self.measures.remove(&ends.renewals.remove(0).act);
            }
            ends.renewals.push(Renewal { act, ordered, to: NO_DAY });
            self.measures.insert(act, measure);
        }
    }

    /// What was said of a renewal: `None` = it moved nothing, `Some(None)` = as ordered. Did it stand before?
    pub(crate) fn say(&mut self, act: u64, to: Option<Option<i32>>) -> bool {
        let ends = self.measures.get(&act).and_then(|measure| self.ends.get_mut(measure));
        let Some(found) = ends.and_then(|ends| ends.renewals.iter_mut().find(|renewal| renewal.act == act)) else {
            return false;
        };
        let now = to.map_or(NO_DAY, |to| to.unwrap_or(found.ordered));
        std::mem::replace(&mut found.to, now) != NO_DAY
    }

    /// The measure itself is told to end then; is it one that no renewal moved?
    pub(crate) fn say_own(&mut self, measure: u64, to: Option<i32>) -> bool {
        let Some(ends) = self.ends.get_mut(&measure) else { return true };
        ends.own = to.unwrap_or(ends.own);
        ends.standing().next().is_none()
    }

    /// Does any renewal of it stand?
    pub(crate) fn stands(&self, measure: u64) -> bool {
        self.ends.get(&measure).is_some_and(|ends| ends.standing().next().is_some())
    }

    /// Does one stand that was ordered after this one? Its word is the newer.
    pub(crate) fn is_outdated(&self, act: u64) -> bool {
        let ends = self.measures.get(&act).and_then(|measure| self.ends.get(measure));
        ends.is_some_and(|ends| ends.standing().any(|renewal| renewal.act > act))
    }

    /// The latest of the ends that still stand; `None` = of what was never renewed.
    pub(crate) fn latest(&self, measure: u64) -> Option<i32> {
        let ends = self.ends.get(&measure)?;
        ends.standing().map(|renewal| renewal.to).chain([ends.own]).max().filter(|to| *to != NO_DAY)
    }

    /// The measure is gone, or a person said how it ends.
    pub(crate) fn forget(&mut self, measure: u64) {
        for renewal in self.ends.remove(&measure).map(|ends| ends.renewals).unwrap_or_default() {
            self.measures.remove(&renewal.act);
        }
    }
}
