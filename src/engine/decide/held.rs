//! What partners' settings hold and let go again: told once for each act, in as few events as there are partners and causes.

use std::collections::BTreeMap;

use domain::ActState;
use domain::delay::Stage;
use store::record::{ActFreed, ActHeld, ActRef};

use super::Decider;
use super::face::LIST_ACTS_MAX;
use crate::state::held::HELD_BY;
use crate::state::slab::Index;

/// Acts that are told of in one decision, so that a partner set back with a million acts waiting holds up nobody: the rest follows with the
/// next ones.
const TOLD_PER_DECISION_MAX: usize = 5_000;

impl Decider {
    /// Tells what is held since the last decision, and what no longer is.
    pub(super) fn tell_held(&mut self) {
        if self.state.to_free.is_empty() && self.state.to_hold.is_empty() {
            return;
        }
        let mut freed: BTreeMap<u16, Vec<ActRef>> = BTreeMap::new();
        for _ in 0..TOLD_PER_DECISION_MAX {
            let Some(index) = self.state.to_free.pop_first() else { break };
            let Some(act) = self.state.acts.get(index).filter(|act| act.held != 0 && act.state().is_open()) else {
                continue;
            };
            let now = if act.state() == ActState::Ready { self.state.held_now(act) } else { 0 };
            if now != act.held {
                freed.entry(act.lane).or_default().push(act.id().into());
            }
            if now != 0 && now != act.held {
                self.state.to_hold.insert(index);
            }
        }
        for (lane, acts) in freed {
            self.free(lane, &acts);
        }
        let mut held: BTreeMap<(u16, u8), Vec<ActRef>> = BTreeMap::new();
        for _ in 0..TOLD_PER_DECISION_MAX {
            let Some(index) = self.state.to_hold.pop_first() else { break };
            let ready = self.state.acts.get(index).filter(|act| act.state() == ActState::Ready && act.held == 0);
            let Some((act, by)) = ready.map(|act| (act, self.state.held_now(act))).filter(|(_, by)| *by != 0) else {
                continue;
            };
            held.entry((act.lane, by)).or_default().push(act.id().into());
        }
        for ((lane, by), acts) in held {
            let word = HELD_BY.iter().find(|(_, stage)| Stage::code(*stage) == by).map_or("", |(word, _)| word);
            let partner = self.state.partner_of(lane).to_owned();
            for acts in acts.chunks(LIST_ACTS_MAX) {
                let fact = ActHeld { acts: acts.to_vec(), by: word.to_owned(), partner: partner.clone() };
                self.emit(fact.into(), None, 0);
            }
        }
    }

    fn free(&mut self, lane: u16, acts: &[ActRef]) {
        let partner = self.state.partner_of(lane).to_owned();
        for acts in acts.chunks(LIST_ACTS_MAX) {
            self.emit(ActFreed { acts: acts.to_vec(), partner: partner.clone() }.into(), None, 0);
        }
    }

    /// What is handed over now is held no more: that stands before it in the journal.
    pub(super) fn free_what_goes(&mut self, lane: u16, going: &[Index]) {
        let held = going.iter().filter_map(|index| self.state.acts.get(*index)).filter(|act| act.held != 0);
        let held: Vec<ActRef> = held.map(|act| act.id().into()).collect();
        if !held.is_empty() {
            self.free(lane, &held);
        }
    }
}
