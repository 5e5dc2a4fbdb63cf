//! Packets that could not be read: the trail says that they came and lie aside.

use store::record::PacketSetAside;

use super::Decider;
use crate::command::Answer;

impl Decider {
    /// Found again after a crash before it was put aside, it is told again: twice told is better than never.
    pub(super) fn set_aside(&mut self, partner: String, cause: &str, digest: String) -> Answer {
        let fact = PacketSetAside { cause: cause.to_owned(), digest, partner };
        Answer::Done(self.emit(fact.into(), None, 0))
    }
}
