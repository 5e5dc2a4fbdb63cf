//! What is held back: by emergency stops, which follow from events, and by the stage of a partner, which follows from the settings.

use domain::form::all_registered;
use domain::request::Goal;
use domain::sentence::Waiting;
use domain::stop::StopScope;
use domain::{ActKind, Day};
use serde::{Deserialize, Serialize};
use store::record::{Fact, StopLiftProposed, StopOrdered};

use super::slab::Index;
use super::{Act, OpenRequest, State};

/// A stop in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// Sequence of its `stop.ordered`.
    pub sequence: u64,
    /// Everything.
    all: bool,
    /// The court; empty = not of one court.
    court: String,
    /// Codes of the kinds of act.
    kinds: Vec<u8>,
    /// Name of the token that ordered it.
    pub by: String,
    /// A person of that court ordered it, so its approvers may lift it.
    pub own: bool,
    /// When it was ordered.
    pub at: domain::Millis,
    /// Name of the token that wants it lifted; empty = nobody yet.
    pub lift_by: String,
    /// When that was said; 0 = nobody yet.
    pub lift_at: domain::Millis,
}

impl Stop {
    /// What it holds back.
    #[must_use]
    pub fn scope(&self) -> StopScope {
        if self.all {
            return StopScope::All;
        }
        if !self.court.is_empty() {
            return StopScope::Court(self.court.clone());
        }
        StopScope::Acts(self.kinds.iter().filter_map(|code| ActKind::from_code(*code)).collect())
    }

    fn holds(&self, kind: ActKind, court: &str) -> bool {
        // As `StopScope::holds`, without making one: every act that is picked asks this while a stop is in force.
        self.all || self.kinds.contains(&kind.code()) || (self.court == court && !kind.ends_a_measure())
    }
}

impl State {
    /// Applies an event about a stop; any other changes nothing here.
    pub(crate) fn fold_stop(&mut self, sequence: u64, fact: &Fact, at: domain::Millis) {
        match fact {
            Fact::StopOrdered(fact) => self.order_stop(sequence, fact, at),
            Fact::StopLiftProposed(fact) => self.propose_lift(fact, at),
            Fact::StopLifted(fact) => {
                self.stops.remove(&fact.stop);
                self.rouse_ready(at);
            }
            _ => self.fold_claim(fact, at),
        }
    }

    fn order_stop(&mut self, sequence: u64, fact: &StopOrdered, at: domain::Millis) {
        let codes = fact.kinds.iter().filter_map(|word| ActKind::from_word(word)).map(ActKind::code);
        let stop = Stop {
            sequence,
            all: fact.all,
            court: fact.court.clone(),
            kinds: codes.collect(),
            by: fact.by.clone(),
            own: fact.own,
            at,
            lift_by: String::new(),
            lift_at: 0,
        };
        self.stops.insert(sequence, stop);
        self.rouse_ready(at);
    }

    fn propose_lift(&mut self, fact: &StopLiftProposed, at: domain::Millis) {
        if let Some(stop) = self.stops.get_mut(&fact.stop) {
            stop.lift_by.clone_from(&fact.by);
            stop.lift_at = at;
        }
    }

    /// Is an act of this kind, for this request, held by a stop?
    #[must_use]
    pub fn is_stopped(&self, kind: ActKind, open: &OpenRequest) -> bool {
        !self.stops.is_empty() && self.stops.values().any(|stop| stop.holds(kind, self.word(open.court)))
    }

    /// The kinds that a goal may order and a stop does not let it.
    #[must_use]
    pub fn stopped_of_goal(&self, open: &OpenRequest) -> Vec<ActKind> {
        let kinds: &[ActKind] = match open.goal() {
            Some(Goal::Collect) => &[ActKind::Query, ActKind::Freeze, ActKind::Deduct],
            Some(Goal::Secure) => &[ActKind::Query, ActKind::Freeze],
            Some(Goal::Look) | None => &[],
        };
        kinds.iter().copied().filter(|kind| self.is_stopped(*kind, open)).collect()
    }

    /// Must this act not be sent now? A question about it may be.
    #[must_use]
    pub fn is_held(&self, act: &Act) -> bool {
        self.hold_on(act).is_some()
    }

    /// What keeps this act from being sent, whatever its lane would let.
    #[must_use]
    pub fn hold_on(&self, act: &Act) -> Option<Waiting> {
        if self.is_act_stopped(act) {
            return Some(Waiting::Stopped);
        }
        let halted = self.cases.get(act.case).and_then(|case| case.halted.as_ref());
        if halted.is_some_and(|halted| halted.cause().stays(act.kind())) {
            return Some(Waiting::Halted);
        }
        self.hold_of_partner(act)
    }

    /// The same of what its partner is set to: its stage, what it reads, who is registered there today.
    pub(crate) fn hold_of_partner(&self, act: &Act) -> Option<Waiting> {
        let lane = self.lane(act.lane)?;
        if !lane.stage?.lets(act.kind()) {
            return Some(Waiting::Stage);
        }
        // What was taken while the partner read parts is not sent once it does not: it would let go of the whole.
        if act.kind() == ActKind::Release && act.amount > 0 && !lane.reads_parts {
            return Some(Waiting::Part);
        }
        let officers = || self.requests.get(act.request).map_or(&[][..], |open| open.officers.as_slice());
        let on = Day::from_count(self.today);
        let unregistered = lane.register.is_some() && !all_registered(lane.register.as_deref(), officers(), on);
        unregistered.then_some(Waiting::Officer)
    }

    /// Is nothing more to be done to the property in this case (rules D27, D28)?
    #[must_use]
    pub fn is_halted(&self, case: Index) -> bool {
        self.cases.get(case).is_some_and(|case| case.halted.is_some())
    }

    pub(crate) fn is_act_stopped(&self, act: &Act) -> bool {
        if self.stops.is_empty() {
            return false;
        }
        // The measure of a finished request is sent nowhere; a stop of everything holds it all the same.
        let court = self.requests.get(act.request).map_or("", |open| self.word(open.court));
        self.stops.values().any(|stop| stop.holds(act.kind(), court))
    }
}
