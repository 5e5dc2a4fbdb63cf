//! Emergency stops: ordered by one person at once, lifted by two. What is under way is judged as ever, and asked about.

use domain::Millis;
use domain::stop::StopScope;
use store::record::{Body, ReasonBody, StopLiftProposed, StopLifted, StopOrdered};

use super::Decider;
use crate::command::{Answer, LiftStop, OrderStop};
use crate::refusal::Refusal;
use crate::state::stop::Stop;

/// Stops of kinds and courts in force at once: more than a province has courts. A stop of everything is never refused for it.
pub const STOPS_MAX: usize = 1_000;

/// So long the first person's word that a stop may be lifted counts: a word given for yesterday's emergency does not make one
/// person enough for today's.
pub const LIFT_AGREED_MS: Millis = 24 * 3_600_000;

fn because(reason: String) -> Option<Body> {
    Some(Body::Reason(ReasonBody { reason, document: None, amount: None }))
}

impl Decider {
    /// The gateway's own tokens stop anything, a court's token its own court. The same twice is refused, so that whoever
    /// lifts one knows that it is lifted.
    pub(super) fn order_stop(&mut self, order: OrderStop) -> Result<Answer, Refusal> {
        let OrderStop { scope, by, court, reason } = order;
        if court.as_ref().is_some_and(|court| scope != StopScope::Court(court.clone())) {
            return Err(Refusal::CourtForeign);
        }
        if let StopScope::Court(code) = &scope
            && !self.config.courts.contains_key(code)
        {
            return Err(Refusal::NotFound);
        }
        let own = court.is_some();
        if self.state.stops.values().any(|stop| stop.own == own && stop.scope() == scope) {
            return Err(Refusal::WrongState { state: "stopped" });
        }
        if self.state.stops.len() >= STOPS_MAX && scope != StopScope::All {
            return Err(Refusal::OutOfBounds {
                at: "/scope",
                bound: "生效的紧急停止至多1000项，请改为全部停止 · 1000 stops in force; stop all instead",
            });
        }
        let (kinds, court) = match &scope {
            StopScope::Acts(kinds) => (kinds.iter().map(|kind| kind.word().to_owned()).collect(), String::new()),
            StopScope::Court(code) => (Vec::new(), code.clone()),
            StopScope::All => (Vec::new(), String::new()),
        };
        let fact = StopOrdered { all: scope == StopScope::All, by, court, kinds, own };
        Ok(Answer::Done(self.emit(fact.into(), because(reason), 0)))
    }

    /// The first person's word is kept, the second's lifts the stop; then whatever it held goes on.
    pub(super) fn lift_stop(&mut self, lift: LiftStop) -> Result<Answer, Refusal> {
        let LiftStop { stop, by, court, is_person, reason } = lift;
        let found = self.state.stops.get(&stop).ok_or(Refusal::NotFound)?;
        may_lift(found, court.as_deref())?;
        if !is_person {
            return Err(Refusal::PersonNeeded);
        }
        let agreed = !found.lift_by.is_empty() && self.now < found.lift_at.saturating_add(LIFT_AGREED_MS);
        if !agreed {
            return Ok(Answer::Done(self.emit(StopLiftProposed { by, stop }.into(), because(reason), 0)));
        }
        if found.lift_by == by {
            return Err(Refusal::SamePerson);
        }
        let sequence = self.emit(StopLifted { by, stop }.into(), because(reason), 0);
        self.rouse_waiting();
        self.look_anew();
        Ok(Answer::Done(sequence))
    }
}

/// What the gateway's own people stopped, they lift; what a court stopped for itself, its people or they.
fn may_lift(stop: &Stop, court: Option<&str>) -> Result<(), Refusal> {
    let Some(court) = court else { return Ok(()) };
    match stop.scope() {
        StopScope::Court(code) if code == court && stop.own => Ok(()),
        StopScope::Court(code) if code != court => Err(Refusal::NotFound),
        _ => Err(Refusal::StopNotYours),
    }
}
