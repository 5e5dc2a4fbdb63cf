//! What partners left and nobody can take: packets that could not be read, what cannot be held against an order of ours.

use domain::task::TaskKind;
use store::record::PacketSetAside;

use super::Decider;
use super::task::Draft;
use crate::command::Answer;

impl Decider {
    /// Found again after a crash before it was put aside, it is told again: twice told is better than never.
    pub(super) fn set_aside(&mut self, partner: String, cause: &str, digest: String) -> Answer {
        let fact = PacketSetAside { cause: cause.to_owned(), digest, partner };
        Answer::Done(self.emit(fact.into(), None, 0))
    }

    /// The operators' task is of all that a partner said so; its newest words stand with it, the earlier ones in the trail.
    pub(super) fn nobodys_answer(&mut self, partner: String, text: String) -> Answer {
        let draft = Draft { partner, text, ..Draft::default() };
        Answer::Done(self.raise_again(TaskKind::SetAside, None, "", draft))
    }
}
