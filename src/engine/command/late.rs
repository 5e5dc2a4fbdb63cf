//! What is said of acts whose request is finished: by their partner, and by people.

use domain::outcome::Outcome;
use domain::{ActId, ActState, Millis, Money};

use super::{ClosedRequest, Planned};
use crate::state::Act;

/// An outcome that came after its request was finished.
pub struct LateOutcome {
    /// The act.
    pub act: ActId,
    /// The partner.
    pub partner: String,
    /// `feedback`, `hand_back`, `callback`, `inbox`.
    pub way: &'static str,
    /// Slot of the case's key.
    pub slot: u64,
    /// Its court is to be told.
    pub has_callback: bool,
    /// The request as the index has it; its history grows by this event.
    pub closed: ClosedRequest,
    /// What it says.
    pub outcome: Outcome,
    /// The state the act is in with it.
    pub state: ActState,
    /// What was known of the act before.
    pub known: KnownAct,
}

/// What the history of a finished request tells of an act.
pub struct KnownAct {
    /// Where it stood.
    pub state: ActState,
    /// What was moved by it, or given back, in 1/10,000 yuan.
    pub moved: i64,
    /// Limit and catch as its partner told them of a freeze, in 1/10,000 yuan; `None` of any other, and while it is not known.
    pub told: Option<(i64, i64)>,
    /// When it was sent last; 0 = never.
    pub sent_at: Millis,
    /// As it was planned.
    pub planned: Planned,
    /// The act or import that it builds on, when it names one of ours.
    pub base: Option<Planned>,
}

/// A person's word on money that is counted as moved and that its partner denied when the request was finished.
pub struct LateResolution {
    /// The act as its request's history tells it, with the word that waits for another person's.
    pub act: Act,
    /// What that history tells was moved, in 1/10,000 yuan.
    pub moved: i64,
    /// Who.
    pub by: String,
    /// It took effect.
    pub took_effect: bool,
    /// The sum; `None` = all that is counted.
    pub amount: Option<Money>,
    /// The partner's paper.
    pub document: String,
    /// Why.
    pub reason: String,
    /// Slot of the case's key.
    pub slot: u64,
    /// Its court is to be told.
    pub has_callback: bool,
    /// The request as the index has it; its history grows by this event.
    pub closed: ClosedRequest,
}
