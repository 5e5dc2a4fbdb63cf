//! Acts that their partner's settings hold: by its stage, its register of officers, or what it reads of a release in part. That it began and
//! that it ended are events, so that nobody's delay is laid at another's door.

use domain::delay::Stage;
use domain::sentence::Waiting;
use store::record::{ActRef, Fact};

use super::{Act, State};

/// The stage of delay of what its partner's settings hold; `None` = something else holds it.
pub(crate) fn stage_of(waiting: Waiting) -> Option<Stage> {
    match waiting {
        Waiting::Stage => Some(Stage::NotOpen),
        Waiting::Officer => Some(Stage::Officer),
        Waiting::Part => Some(Stage::PartUnread),
        _ => None,
    }
}

/// By which word an event names it, and the stage of delay it stands for.
pub(crate) const HELD_BY: [(&str, Stage); 3] =
    [("stage", Stage::NotOpen), ("officer", Stage::Officer), ("part", Stage::PartUnread)];

/// What a word of `act.held` stands for.
pub(crate) fn stage_by(word: &str) -> Option<Stage> {
    HELD_BY.iter().find(|(by, _)| *by == word).map(|(_, stage)| *stage)
}

impl State {
    /// Applies an event about what partners' settings hold; any other changes nothing here.
    pub(crate) fn fold_held(&mut self, fact: &Fact) {
        match fact {
            Fact::ActHeld(fact) => self.mark_held(&fact.acts, stage_by(&fact.by).map_or(0, Stage::code)),
            Fact::ActFreed(fact) => self.mark_held(&fact.acts, 0),
            _ => {}
        }
    }

    fn mark_held(&mut self, acts: &[ActRef], held: u8) {
        for act in acts {
            let Some(index) = self.act_index((*act).into()) else { continue };
            let Some(act) = self.acts.get_mut(index) else { continue };
            act.held = held;
            if held == 0 {
                self.held_acts.remove(&index);
            } else {
                self.held_acts.insert(index);
            }
        }
    }

    /// In what stage of delay its partner's settings hold it now, as a code; 0 = they do not.
    pub(crate) fn held_now(&self, act: &Act) -> u8 {
        self.hold_of_partner(act).and_then(stage_of).map_or(0, Stage::code)
    }
}
