//! What holds acts back whatever their lane would let: cases that rest and emergency stops, drawn from the seed, and what the events say of them.

use std::collections::BTreeMap;

use domain::case::HaltCause;
use domain::stop::StopScope;
use domain::{ActKind, CaseId};
use engine::command::{Command, Halt, LiftStop, OrderStop, ResumeCase};
use store::record::{CaseHalted, Fact, StopOrdered};

use crate::history::{ActSeen, History};
use crate::run::Simulation;

/// Everything that rests or is stopped, as the events tell it.
#[derive(Default)]
pub struct Held {
    /// Why a case rests, and who said so.
    pub halted: BTreeMap<(u64, u64), (HaltCause, String)>,
    /// Stops in force, and who ordered them.
    pub stops: BTreeMap<u64, (StopScope, String)>,
}

impl Held {
    /// Takes an event about rest or stops; `case` = the one that a sequence names.
    pub fn take(&mut self, sequence: u64, fact: &Fact, case: impl Fn(u64) -> Option<(u64, u64)>) {
        match fact {
            Fact::CaseHalted(fact) => self.halt(fact, case(fact.case)),
            Fact::CaseResumed(fact) => {
                case(fact.case).map(|case| self.halted.remove(&case));
            }
            Fact::StopOrdered(fact) => {
                if let Some(scope) = scope_of(fact) {
                    self.stops.insert(sequence, (scope, fact.by.clone()));
                }
            }
            Fact::StopLifted(fact) => {
                self.stops.remove(&fact.stop);
            }
            _ => {}
        }
    }

    fn halt(&mut self, fact: &CaseHalted, case: Option<(u64, u64)>) {
        if let (Some(case), Some(cause)) = (case, HaltCause::from_word(&fact.cause)) {
            self.halted.insert(case, (cause, fact.by.clone()));
        }
    }

    /// Why nothing of this act may leave; `None` = it may.
    pub fn holds(&self, act: &ActSeen) -> Option<&'static str> {
        let court = act.case.0.to_string();
        if self.stops.values().any(|(scope, _)| scope.holds(act.kind, &court)) {
            return Some("stopped");
        }
        let halted = self.halted.get(&act.case);
        halted.is_some_and(|(cause, _)| cause.stays(act.kind)).then_some("of a case that rests")
    }
}

fn scope_of(fact: &StopOrdered) -> Option<StopScope> {
    if fact.all {
        return Some(StopScope::All);
    }
    if !fact.court.is_empty() {
        return Some(StopScope::Court(fact.court.clone()));
    }
    let kinds: Vec<ActKind> = fact.kinds.iter().filter_map(|word| ActKind::from_word(word)).collect();
    StopScope::of_kinds(&kinds)
}

/// The sequence by which a case is known: that of its first request.
fn sequence_of(history: &History, case: (u64, u64)) -> Option<CaseId> {
    history.requests.iter().find(|(_, seen)| seen.case == case).map(|(request, _)| CaseId(*request))
}

impl Simulation {
    /// A case comes to rest, or goes on.
    pub fn rest_or_go_on(&mut self) -> Option<Command> {
        let by = format!("judge-{}", self.dice.below(3));
        let resting: Vec<(u64, u64)> = self.history.held.halted.keys().copied().collect();
        if self.dice.chance(70)
            && let Some(case) = self.dice.pick(&resting).copied()
        {
            return self.go_on(case, by);
        }
        let place = self.dice.place(self.world.cases.len());
        let case = sequence_of(&self.history, self.world.cases.get(place)?.key)?;
        let cause = *self.dice.pick(HaltCause::ALL)?;
        Some(Command::Halt(Box::new(Halt { case, cause, by, court: None, reason: "rest".to_owned(), document: None })))
    }

    /// A person lets a case go on; it takes another one than whoever halted it.
    pub fn go_on(&self, case: (u64, u64), by: String) -> Option<Command> {
        let case = sequence_of(&self.history, case)?;
        let resume = ResumeCase { case, by, court: None, is_person: true, reason: "on".to_owned() };
        Some(Command::ResumeCase(Box::new(resume)))
    }

    /// An emergency stop is ordered, or somebody wants one lifted.
    pub fn stop_or_lift(&mut self) -> Option<Command> {
        let by = format!("operator-{}", self.dice.below(3));
        let standing: Vec<u64> = self.history.held.stops.keys().copied().collect();
        if self.dice.chance(75)
            && let Some(stop) = self.dice.pick(&standing).copied()
        {
            return Some(lift(stop, by));
        }
        let scope = match self.dice.below(4) {
            0 => StopScope::All,
            1 => {
                let courts: Vec<String> = self.world.courts.keys().cloned().collect();
                StopScope::Court(self.dice.pick(&courts)?.clone())
            }
            _ => {
                let kinds = [*self.dice.pick(ActKind::ALL)?, *self.dice.pick(&[ActKind::Freeze, ActKind::Deduct])?];
                StopScope::of_kinds(&kinds)?
            }
        };
        Some(Command::OrderStop(Box::new(OrderStop { scope, by, court: None, reason: "alarm".to_owned() })))
    }

    /// Everything that rests or is stopped goes on, by two people as it must be.
    pub fn let_all_go_on(&self) -> Vec<Command> {
        let cases = self.history.held.halted.iter();
        let cases = cases.filter_map(|(case, (_, by))| self.go_on(*case, format!("not-{by}")));
        let stops = self.history.held.stops.keys();
        let lifts = stops.flat_map(|stop| ["chief-0", "chief-1"].map(|by| lift(*stop, by.to_owned())));
        cases.chain(lifts).collect()
    }
}

fn lift(stop: u64, by: String) -> Command {
    Command::LiftStop(Box::new(LiftStop { stop, by, court: None, is_person: true, reason: "over".to_owned() }))
}
