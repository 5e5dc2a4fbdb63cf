//! Cases that came back: while one was left out its court opened it anew, and a fold that has both knows one case by two sequences.

use std::collections::BTreeMap;

use super::State;
use super::slab::Index;

/// The sequences by which cases are known beside their own: each with that of the case.
pub type Joined = BTreeMap<u64, u64>;

impl State {
    /// An event that opened a case when it was decided stands in one that is known by another sequence: what was said of the case since
    /// names this one, and must not be passed over.
    pub(crate) fn join_case(&mut self, sequence: u64, case: Index) {
        let known = self.cases.get(case).map(|case| case.sequence);
        let Some(known) = known.filter(|known| *known != sequence) else { return };
        self.joined.insert(sequence, known);
        self.case_by_sequence.insert(sequence, case);
    }

    /// The sequence by which a case is known, whichever of its own names it.
    pub(crate) fn known_as(&self, case: u64) -> u64 {
        self.joined.get(&case).copied().unwrap_or(case)
    }

    /// Every sequence that names the same case, its own first.
    #[must_use]
    pub fn sequences_of_case(&self, case: u64) -> Vec<u64> {
        let own = self.known_as(case);
        let joined = self.joined.iter().filter(|(_, known)| **known == own);
        std::iter::once(own).chain(joined.map(|(sequence, _)| *sequence)).collect()
    }

    pub(super) fn rebuild_joined(&mut self) {
        for (sequence, known) in &self.joined {
            if let Some(case) = self.case_by_sequence.get(known).copied() {
                self.case_by_sequence.insert(*sequence, case);
            }
        }
    }
}
