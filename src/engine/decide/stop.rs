//! Emergency stops: ordered by one person at once, lifted by two. What is under way is judged as ever, and asked about.

use domain::Millis;
use domain::stop::StopScope;
use store::record::{Body, ContentLeftOut, ReasonBody, StopLiftProposed, StopLifted, StopOrdered};

use super::Decider;
use crate::command::{Answer, LeaveOut, LiftStop, OrderStop};
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::stop::Stop;

/// Stops of kinds and courts in force at once: more than a province has courts. A stop of everything is never refused for it.
pub const STOPS_MAX: usize = 1_000;

/// So long the first person's word that a stop may be lifted counts: a word given for yesterday's emergency does not make one
/// person enough for today's.
pub const LIFT_AGREED_MS: Millis = 24 * 3_600_000;

/// In whose name a stop stands that no person ordered.
const GATEWAY: &str = "gateway";

/// Why a start orders one.
const LEFT_OUT: &str = "部分案件的内容已永久丢失，启动时未纳入办理；请与各协助单位核对这些案件已办事项并补录现存措施，再由两人解除 · The content of some cases is lost and they were left out at the start; compare with each partner what was ordered in them, import the measures that stand, then let two people lift this";

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

    /// Says in the trail what the state was folded without. What those cases had ordered is not known here any more, so that an order
    /// for one of them could be the second of its kind: their courts are stopped until two people have looked (promise P4).
    pub(super) fn leave_out(&mut self, left_out: LeaveOut) -> Answer {
        let LeaveOut { events, keys, cases, courts } = left_out;
        let sequence = self.emit(ContentLeftOut { cases, events, keys }.into(), None, 0);
        let is_stopped = |state: &State, scope: &StopScope| {
            let of_ours = |stop: &Stop| !stop.own && (stop.scope() == StopScope::All || stop.scope() == *scope);
            state.stops.values().any(of_ours)
        };
        let scopes = if courts.len() + self.state.stops.len() > STOPS_MAX {
            vec![StopScope::All]
        } else {
            courts.into_iter().map(StopScope::Court).collect()
        };
        for scope in scopes {
            if is_stopped(&self.state, &scope) {
                continue;
            }
            let (all, court) = match scope {
                StopScope::Court(court) => (false, court),
                StopScope::Acts(_) | StopScope::All => (true, String::new()),
            };
            let by = GATEWAY.to_owned();
            self.emit(
                StopOrdered { all, by, court, kinds: Vec::new(), own: false }.into(),
                because(LEFT_OUT.to_owned()),
                0,
            );
        }
        Answer::Done(sequence)
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
