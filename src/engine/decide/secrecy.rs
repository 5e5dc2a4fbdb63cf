//! What is secret is built on by its viewers alone (rule D5): for everybody else an order that names it names nothing.

use std::collections::BTreeSet;

use domain::act::{ActOrder, Original};
use domain::{SlipLine, SlipNumber};

use super::Decider;
use crate::command::Submit;
use crate::state::slab::Index;
use crate::state::{Measure, OpenRequest, Taking};

impl Submit {
    /// May its token build on this measure?
    pub(super) fn sees_measure(&self, measure: &Measure) -> bool {
        !measure.is_secret() || self.shown.contains(&measure.sequence)
    }

    /// May its token have this money given back?
    pub(super) fn sees_taking(&self, taking: &Taking) -> bool {
        !taking.is_secret() || self.shown.contains(&taking.sequence)
    }
}

impl Decider {
    /// May a goal build on this measure, of which it was not told? It does what its token might order itself.
    pub(super) fn goal_sees(&self, open: &OpenRequest, measure: &Measure) -> bool {
        let viewers = self.state.viewers.get(&measure.sequence);
        !measure.is_secret() || viewers.is_some_and(|viewers| viewers.contains(&open.token))
    }

    /// The events that planned what these acts name, as far as that is secret: whose they are is asked before the decision, because
    /// only the index knows the viewers of a finished request.
    pub(crate) fn secrets_named(&self, acts: &[ActOrder], case_key: (u64, u64)) -> BTreeSet<u64> {
        let case = self.state.case_index(case_key);
        let mut named = BTreeSet::new();
        for act in acts {
            let Some(original) = &act.original else { continue };
            if act.kind.gives_back() {
                let taking = self.taking_named(original, case).and_then(|taking| self.state.takings.get(taking));
                named.extend(taking.filter(|taking| taking.is_secret()).map(|taking| taking.sequence));
            } else {
                let measure = self.measure_named(act, original).and_then(|measure| self.state.measures.get(measure));
                named.extend(measure.filter(|measure| measure.is_secret()).map(|measure| measure.sequence));
            }
        }
        named
    }

    /// The measure that an act names, whoever may see it.
    pub(super) fn measure_named(&self, act: &ActOrder, original: &Original) -> Option<Index> {
        match original.act {
            Some(id) => self.state.measure_made_by(id.into()),
            None => self.state.measure_by_number(&act.partner, &original.slip),
        }
    }

    /// The money that an original names, by its act or by our number of it in this case, whoever may see it.
    pub(super) fn taking_named(&self, original: &Original, case: Option<Index>) -> Option<Index> {
        let named = |taking: &Taking| {
            let key = SlipLine { slip: SlipNumber::from_bits(taking.slip), line: taking.line };
            key.to_string() == original.slip || key.slip.to_string() == original.slip
        };
        match original.act {
            Some(id) => self.state.taking_index(id),
            None => self.state.takings_of_case(case?).find(|(_, taking)| named(taking)).map(|(index, _)| index),
        }
    }
}
