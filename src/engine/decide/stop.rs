//! Emergency stops: ordered by one person at once, lifted by two. What is under way is judged as ever, and asked about.

use domain::Millis;
use domain::stop::StopScope;
use store::record::{Body, ContentLeftOut, ContentReturned, ReasonBody, StopLiftProposed, StopLifted, StopOrdered};

use super::Decider;
use crate::command::{Answer, BringBack, LeaveOut, LiftStop, OrderStop};
use crate::config::Person;
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

/// Why a start orders one because of what is back.
const BROUGHT_BACK: &str = "先前未纳入办理的案件内容已找回，恢复办理；请与各协助单位核对其间重复下达、重复补录的事项，撤回或更正后再由两人解除 · Cases that had been left out are back; compare with each partner what was ordered or imported twice meanwhile, withdraw or correct it, then let two people lift this";

/// Key slots in one leaf at most: at 20 digits each it stays below 65,535 bytes.
pub const SLOTS_IN_LEAF_MAX: usize = 3_000;

/// As many at a time as a leaf holds; at least once.
fn in_leaves(slots: &[u64]) -> Vec<Vec<u64>> {
    if slots.is_empty() {
        return vec![Vec::new()];
    }
    slots.chunks(SLOTS_IN_LEAF_MAX).map(<[u64]>::to_vec).collect()
}

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
        let LeaveOut { events, keys, slots, courts } = left_out;
        let cases = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        let mut sequence = self.state.next;
        for slots in in_leaves(&slots) {
            sequence = self.emit(ContentLeftOut { cases, events, keys, slots }.into(), None, 0);
        }
        self.stop_courts(courts, LEFT_OUT);
        Answer::Done(sequence)
    }

    /// Says in the trail what is back. What was ordered in those cases may have been ordered again meanwhile, and waits here to go: their
    /// courts are stopped for the same reason.
    pub(super) fn bring_back(&mut self, back: BringBack) -> Answer {
        let BringBack { slots, courts } = back;
        let cases = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        let mut sequence = self.state.next;
        for slots in in_leaves(&slots) {
            sequence = self.emit(ContentReturned { cases, slots }.into(), None, 0);
        }
        self.stop_courts(courts, BROUGHT_BACK);
        Answer::Done(sequence)
    }

    /// Stops courts in the gateway's own name; all of them where they are too many.
    fn stop_courts(&mut self, courts: Vec<String>, reason: &str) {
        // What somebody else stopped is lifted by who looks at something else, and so is what one has already asked to lift.
        let is_unasked = |stop: &Stop| !stop.own && stop.by == GATEWAY && stop.lift_by.is_empty();
        let is_stopped = |state: &State, scope: &StopScope| {
            let holds = |stop: &Stop| stop.scope() == StopScope::All || stop.scope() == *scope;
            state.stops.values().any(|stop| is_unasked(stop) && holds(stop))
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
            let fact = StopOrdered { all, by: GATEWAY.to_owned(), court, kinds: Vec::new(), own: false };
            self.emit(fact.into(), because(reason.to_owned()), 0);
        }
    }

    /// The first person's word is kept, the second's lifts the stop; then whatever it held goes on.
    pub(super) fn lift_stop(&mut self, lift: LiftStop) -> Result<Answer, Refusal> {
        let LiftStop { stop, by, court, is_person, reason } = lift;
        let found = self.state.stops.get(&stop).ok_or(Refusal::NotFound)?;
        may_lift(found, court.as_deref())?;
        if !is_person {
            return Err(Refusal::PersonNeeded);
        }
        let may = |person: &Person| person.lifts && may_lift(found, person.court.as_deref()).is_ok();
        let agreed =
            self.now < found.lift_at.saturating_add(LIFT_AGREED_MS) && self.counts(&found.lift_by, found.lift_at, may);
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
