//! Measures that are used up, let go or denied and would still stand today had that not been: late word may say otherwise of what ended
//! them, and they stand again as they were known.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::books::id_key;
use super::measure::NO_DAY;
use super::slab::{Index, NONE};
use super::{Measure, State};
use domain::measure::MeasureState;
use domain::{ActKind, Day, MeasureId};

/// What is gone and remembered, each until its own last day has passed: by then it would have lapsed, and there is nothing left that
/// could stand again. So there are never more of them than courts order in the years for which measures last.
#[derive(Default)]
pub(crate) struct Gone {
    measures: BTreeMap<u64, Measure>,
    /// By last day; what has none is remembered for good, and no order leaves it out.
    ends: BTreeSet<(i32, u64)>,
}

impl Gone {
    pub(crate) fn all(&self) -> &BTreeMap<u64, Measure> {
        &self.measures
    }

    pub(crate) fn of(measures: BTreeMap<u64, Measure>) -> Self {
        let ends = measures.iter().filter(|(_, measure)| measure.to != NO_DAY);
        let ends = ends.map(|(key, measure)| (measure.to, *key)).collect();
        Self { measures, ends }
    }

    fn keep(&mut self, key: u64, measure: Measure) {
        if measure.to != NO_DAY {
            self.ends.insert((measure.to, key));
        }
        self.measures.insert(key, measure);
    }

    fn take(&mut self, key: u64) -> Option<Measure> {
        let measure = self.measures.remove(&key)?;
        self.ends.remove(&(measure.to, key));
        Some(measure)
    }

    /// One whose last day was before this one.
    fn over(&self, today: Day) -> Option<u64> {
        self.ends.first().filter(|(to, _)| *to < today.count()).map(|(_, key)| *key)
    }
}

/// What a release of a finished request let go of a measure: later word about it counts the difference.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct LetGo {
    /// The measure, as [`id_key`] has it.
    pub(crate) measure: u64,
    /// What was to be let go, in 1/10,000 yuan; 0 = all of it.
    pub(crate) part: i64,
    /// What was, as far as it is entered.
    pub(crate) effected: i64,
}

/// Releases of finished requests, forgotten with their measure.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Releases {
    acts: BTreeMap<u64, LetGo>,
    /// The acts by measure: a measure is let go in parts a few times.
    measures: BTreeMap<u64, Vec<u64>>,
}

impl Releases {
    pub(crate) fn keep(&mut self, act: u64, of_act: LetGo) {
        self.acts.insert(act, of_act);
        self.measures.entry(of_act.measure).or_default().push(act);
    }

    pub(crate) fn of(&self, act: u64) -> Option<LetGo> {
        self.acts.get(&act).copied()
    }

    pub(crate) fn say(&mut self, act: u64, effected: i64) {
        if let Some(known) = self.acts.get_mut(&act) {
            known.effected = effected;
        }
    }

    fn forget(&mut self, measure: u64) {
        for act in self.measures.remove(&measure).unwrap_or_default() {
            self.acts.remove(&act);
        }
    }
}

impl State {
    /// A measure that is gone and remembered.
    #[must_use]
    pub fn gone(&self, id: MeasureId) -> Option<&Measure> {
        self.gone.measures.get(&id_key(id.sequence, id.line))
    }

    /// By its place, in memory or gone.
    pub(crate) fn measure_at(&self, key: u64) -> Option<&Measure> {
        let held = self.measure_by_id.get(&key).and_then(|index| self.measures.get(*index));
        held.or_else(|| self.gone.measures.get(&key))
    }

    /// The place of the measure that an act made, though it may stand under the number of what was told late.
    pub(crate) fn place_of(&self, id: MeasureId) -> u64 {
        let own = id_key(id.sequence, id.line);
        self.again.get(&own).copied().unwrap_or(own)
    }

    /// The measure that an act made and that is in memory, though it may stand under the number of what was told late.
    #[must_use]
    pub fn measure_made_by(&self, id: MeasureId) -> Option<Index> {
        self.measure_by_id.get(&self.place_of(id)).copied()
    }

    /// It has left memory: what was used up, let go, or denied after it was told is remembered as it was known, all else is forgotten.
    pub(super) fn remember_or_forget(&mut self, measure: Measure) {
        let today = Day::of(self.at);
        let told = measure.kind() == ActKind::Freeze && measure.granted > 0;
        let may_stand = match measure.state() {
            MeasureState::Ended => told || measure.kind() != ActKind::Freeze,
            MeasureState::Void => told,
            _ => false,
        };
        let key = id_key(measure.sequence, measure.place);
        if may_stand && !measure.is_over(today) {
            self.gone.keep(key, measure);
        } else {
            self.forget_measure(key);
        }
        while let Some(over) = self.gone.over(today) {
            self.gone.take(over);
            self.forget_measure(over);
        }
    }

    /// It is heard of again, and is in memory as it left it.
    pub(crate) fn hear_again_of(&mut self, id: MeasureId) -> Option<Index> {
        let mut measure = self.gone.take(id_key(id.sequence, id.line))?;
        (measure.act, measure.refs, measure.claimed, measure.releasing) = (NONE, 0, 0, 0);
        Some(self.insert_measure(measure))
    }

    /// More was moved out of it than was known, or less.
    pub(crate) fn gone_moved(&mut self, key: u64, change: i64) {
        if let Some(measure) = self.gone.measures.get_mut(&key) {
            measure.moved = measure.moved.saturating_add(change).max(0);
        }
    }

    /// Another one stands in its place.
    pub(crate) fn is_taken_up(&mut self, before: u64, by: u64) {
        if self.gone.take(before).is_some() {
            self.forget_measure(before);
        }
        self.again.insert(before, by);
    }

    /// Nothing is remembered of what is gone of a case: the case itself is.
    pub(super) fn forget_gone_of(&mut self, case: Index) {
        let of_case = self.gone.measures.iter().filter(|(_, measure)| measure.case == case);
        let of_case: Vec<u64> = of_case.map(|(key, _)| *key).collect();
        of_case.into_iter().for_each(|key| self.forget_gone(key));
    }

    /// Nothing is remembered of one that is gone.
    pub(super) fn forget_gone(&mut self, key: u64) {
        self.gone.take(key);
        self.forget_measure(key);
    }

    fn forget_measure(&mut self, key: u64) {
        self.ordered_less.remove(&key);
        self.went_over.remove(&key);
        self.renewals.forget(key);
        self.releases.forget(key);
        if self.again.values().any(|by| *by == key) {
            self.again.retain(|_, by| *by != key);
        }
    }
}
