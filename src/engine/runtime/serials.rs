//! The partner's own number of what took money, looked up when money is to go back: it travels with the order, frozen at acceptance.

use domain::act::{ORDER_DETAILS_MAX, ORIGINAL_SERIAL, Original};
use domain::outcome::{DETAIL_CHARS_MAX, Detail};
use domain::request::{Asked, Request};
use domain::{ActId, Personal, SlipLine, SlipNumber};
use store::record::Body;

use super::Shared;
use crate::state::act::NO_SEQUENCE;
use crate::state::{State, Taking};

impl Shared {
    /// Adds to each order that gives money back the number under which its partner booked the taking, when the partner told one and
    /// the court has not named it. What is not known yet is left out: our own slip and line name it already.
    pub(super) fn name_serials(&self, request: &mut Request, case_key: (u64, u64)) {
        let Asked::Acts(acts) = &mut request.asked else { return };
        for act in acts.iter_mut().filter(|act| act.kind.gives_back()) {
            let is_named = act.details.iter().any(|detail| detail.name == ORIGINAL_SERIAL);
            if is_named || act.details.len() >= ORDER_DETAILS_MAX {
                continue;
            }
            let serial = act.original.as_ref().and_then(|original| self.serial_of(original, case_key));
            let fits = |serial: &Personal<String>| serial.expose().chars().count() <= DETAIL_CHARS_MAX;
            if let Some(value) = serial.filter(fits) {
                act.details.push(Detail { name: ORIGINAL_SERIAL.to_owned(), value });
            }
        }
    }

    fn serial_of(&self, original: &Original, case_key: (u64, u64)) -> Option<Personal<String>> {
        let (act, open) = {
            let decider = self.decider.read();
            let taking = taken(&decider.state, original, case_key)?;
            let act = ActId { sequence: taking.sequence, line: taking.place };
            (act, decider.state.acts.get(taking.act).map(|act| act.outcome))
        };
        let outcome = match open {
            Some(outcome) => outcome,
            None => {
                let closed = self.closed_state(self.papers.plan(act.sequence)?.request).ok()?;
                closed.acts.get(closed.act_index(act)?)?.outcome
            }
        };
        let event = (outcome != NO_SEQUENCE).then(|| self.papers.event(outcome)).flatten()?;
        let Some(Body::Outcome(twin)) = event.body else { return None };
        twin.into_outcome()?.serial
    }
}

/// The money that is meant, when it was taken in this case.
fn taken<'s>(state: &'s State, original: &Original, case_key: (u64, u64)) -> Option<&'s Taking> {
    let case = state.case_index(case_key)?;
    let by_number = || {
        let named = |taking: &Taking| {
            let key = SlipLine { slip: SlipNumber::from_bits(taking.slip), line: taking.line };
            key.to_string() == original.slip || key.slip.to_string() == original.slip
        };
        state.takings_of_case(case).find(|(_, taking)| named(taking)).map(|(index, _)| index)
    };
    let index = original.act.map_or_else(by_number, |act| state.taking_index(act))?;
    state.takings.get(index).filter(|taking| taking.case == case)
}
