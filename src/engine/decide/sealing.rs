//! Under which key what is said of a case can be sealed, and what becomes of it when that key cannot be read.
//!
//! A decision cannot be taken back once the state has advanced, so a body that nobody can seal would end the process, for one case. What
//! people and partners say about such a case is refused while its key is damaged, and what the gateway would plan for it waits.
//! Time and calls under way cannot be refused: what they come to is sealed under another key that stands in for the damaged one, and is
//! destroyed with it. Under the gateway's own key, which is never destroyed, it would outlive the erasure of its case.

use domain::{Millis, RequestId};
use store::record::KeyStoodIn;

use super::Decider;
use crate::refusal::Refusal;
use crate::state::OpenRequest;
use crate::state::slab::Index;

/// What waits for a key is looked at anew after so long: somebody may have put it back.
const AGAIN_MS: Millis = 60_000;

impl Decider {
    /// A slot, when what is said under it can be sealed.
    ///
    /// # Errors
    /// [`Refusal::ContentUnreadable`].
    pub(super) fn sealable(&self, slot: u64) -> Result<u64, Refusal> {
        if self.can_seal(slot) { Ok(slot) } else { Err(Refusal::ContentUnreadable) }
    }

    /// Slot 0 is the gateway's own key.
    pub(super) fn can_seal(&self, slot: u64) -> bool {
        slot == 0 || self.keyring.can_seal(slot)
    }

    /// The slot under which a body goes, whatever became of its own; an event says first which stands in for which. `None` = there is no key that
    /// would end with the case, so that nothing but the leaf is kept.
    pub(super) fn sealed_under(&mut self, slot: u64) -> Option<u64> {
        if self.can_seal(slot) {
            return Some(slot);
        }
        if let Some(stand_in) = self.state.stand_ins.newest(slot).filter(|stand_in| self.can_seal(*stand_in)) {
            return Some(stand_in);
        }
        let stand_in = self.keyring.stand_in(slot).ok()?;
        self.emit(KeyStoodIn { slot, stand_in }.into(), None, 0);
        Some(stand_in)
    }

    /// The slot of a case.
    pub(super) fn slot_of_case(&self, case: Index) -> u64 {
        self.state.cases.get(case).map_or(0, |case| case.slot)
    }

    /// Can a request plan more? A plan is nothing without what it says.
    pub(super) fn can_extend(&self, open: &OpenRequest) -> bool {
        self.can_seal(self.slot_of_case(open.case))
    }

    /// A goal that would plan more waits for the key of its case.
    pub(super) fn wait_for_key(&mut self, request: RequestId) {
        self.patience.insert((self.now + AGAIN_MS, request.0));
    }

    /// The same for its next round.
    pub(super) fn round_waits_for_key(&mut self, request: RequestId) {
        self.rounds.insert((self.now + AGAIN_MS, request.0));
    }
}
