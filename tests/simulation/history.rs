//! What a checker makes of the durable events by itself: acts, requests, lanes, sums. Shares no code with the engine's fold.

use std::collections::{BTreeMap, BTreeSet};

use domain::outcome::{Outcome, Verdict};
use domain::{ActId, ActKind, ActState, Millis, Money, SlipNumber};
use store::record::{
    Body, Event, ExchangeBegan, ExchangeEnded, Fact, MeasureChanged, OutcomeTwin, PlanLine, act_state,
};

use crate::book::Key;
use crate::broken::{Broken, broken};
use crate::holding::Held;

/// An act as the events tell it.
#[derive(Clone)]
pub struct ActSeen {
    /// Its id.
    pub id: ActId,
    /// What is ordered.
    pub kind: ActKind,
    /// At whom.
    pub partner: String,
    /// Its key for the partner.
    pub key: Key,
    /// In 1/10,000 yuan.
    pub amount: i64,
    /// The person.
    pub subject: u64,
    /// The case.
    pub case: (u64, u64),
    /// What it builds on.
    pub base: Option<ActId>,
    /// Approvals it waits for.
    pub approvals: usize,
    /// Where it stands.
    pub state: ActState,
    /// The limit that its partner told, whatever became of it since.
    pub granted: i64,
    /// What its partner told that it holds, whatever became of it since.
    pub held: i64,
    /// Moved: of a deduction by it, of a freeze out of it. Of a release, what it let go.
    pub moved: i64,
    /// Let go of it.
    pub released: i64,
    /// When and in which order it became ready.
    pub ready: Option<(Millis, u64, u32)>,
    /// The event after which nothing else kept it back.
    pub eligible: Option<u64>,
    /// The exchange under way.
    pub exchange: Option<u64>,
    /// Who has spoken about the doubt that it is in.
    pub settled_by: Vec<String>,
    /// Two people ended its doubt.
    pub resolved: bool,
}

impl ActSeen {
    /// In force.
    pub fn limit(&self) -> i64 {
        (self.granted - self.moved - self.released).max(0)
    }

    /// Held now.
    pub fn caught(&self) -> i64 {
        (self.held - self.moved).clamp(0, self.limit())
    }
}

/// A request as the events tell it.
pub struct RequestSeen {
    /// The case.
    pub case: (u64, u64),
    /// Persons, in the order of the parties.
    pub subjects: Vec<u64>,
    /// Its acts.
    pub acts: Vec<ActId>,
    /// Who approved.
    pub approvals: BTreeSet<String>,
    /// Stopped, or past its deadline.
    pub halted: bool,
    /// Finished.
    pub finished: bool,
    /// Keyed hash of its idempotency key.
    pub idempotency: (u64, u64),
    /// Where its money goes.
    pub destination: Option<String>,
}

/// A lane as the events tell it.
#[derive(Default)]
pub struct LaneSeen {
    /// Begins of exchanges that count, oldest first.
    pub begins: Vec<Millis>,
    /// Exchanges under way.
    pub under_way: BTreeSet<u64>,
    /// Paused until then.
    pub paused_until: Option<Millis>,
    /// Resting until then.
    pub rests_until: Millis,
}

/// Everything the durable events say.
#[derive(Default)]
pub struct History {
    /// The next sequence.
    pub next: u64,
    /// Time of the newest event.
    pub at: Millis,
    /// Acts.
    pub acts: BTreeMap<ActId, ActSeen>,
    /// Requests.
    pub requests: BTreeMap<u64, RequestSeen>,
    /// Lanes.
    pub lanes: BTreeMap<String, LaneSeen>,
    /// Claim and costs by case.
    pub targets: BTreeMap<(u64, u64), i64>,
    /// Slip counters that were drawn.
    pub slips: BTreeSet<u64>,
    /// Documents that live: sequence to keyed digest.
    pub documents: BTreeMap<u64, (u64, u64)>,
    /// Acts that are not final.
    pub open: BTreeSet<ActId>,
    /// Acts that passed others, as (who, whom).
    pub passed: BTreeSet<(ActId, ActId)>,
    /// Cases with an act whose partner took back what it had said.
    pub contradicted: BTreeSet<(u64, u64)>,
    /// Acts that became final by the newest event.
    pub ended: Vec<ActId>,
    /// What rests or is stopped.
    pub held: Held,
}

/// Sums of a case.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Ordered and in force or open.
    pub exposure: i64,
    /// Moved.
    pub deducted: i64,
    /// Open deductions.
    pub deducting: i64,
}

impl History {
    /// Takes the next durable event. What the events themselves contradict is broken.
    pub fn take(&mut self, sequence: u64, event: &Event) -> Result<(), Broken> {
        if sequence != self.next {
            return broken("P6", format!("event {sequence} where {} is next", self.next));
        }
        if event.at < self.at {
            return broken("P6", format!("time goes back from {} to {} at event {sequence}", self.at, event.at));
        }
        (self.next, self.at) = (sequence + 1, event.at);
        self.ended.clear();
        match (&event.fact, &event.body) {
            (Fact::RequestAccepted(_), Some(Body::Accepted(body))) => {
                let (claim, costs) = body.request.sums();
                self.targets.insert(body.case_key, claim + costs);
                let request = body.request.clone().into_request();
                let account = request.and_then(|request| request.case.account);
                let seen = RequestSeen {
                    case: body.case_key,
                    subjects: body.subjects.clone(),
                    acts: Vec::new(),
                    approvals: BTreeSet::new(),
                    halted: false,
                    finished: false,
                    idempotency: body.idempotency,
                    destination: account.map(|account| account.number.into_exposed()),
                };
                self.requests.insert(sequence, seen);
                self.plan(sequence, sequence, &body.plan)?;
            }
            (Fact::PlanExtended(fact), Some(Body::Planned(body))) => self.plan(sequence, fact.request, &body.plan)?,
            (Fact::RequestAccepted(_) | Fact::PlanExtended(_), _) => {
                return broken("P1", format!("event {sequence} lost its body"));
            }
            (Fact::RequestApproved(fact), _) => self.approve(fact.request, &fact.by),
            (Fact::RequestStopped(fact), _) => self.halt(fact.request),
            (Fact::DeadlinePassed(fact), _) => self.halt(fact.request),
            (Fact::RequestFinished(fact), _) => self.finish(fact.request)?,
            (Fact::ExchangeBegan(fact), _) => self.begin(sequence, fact),
            (Fact::ExchangeEnded(fact), body) => self.end(fact, body.as_ref())?,
            (Fact::OutcomeReceived(fact), body) => {
                self.settle(fact.act.into(), act_state(&fact.state), &fact.verdict, body.as_ref())
            }
            (Fact::ActWithdrawn(fact), _) => self.move_to(fact.act.into(), ActState::Withdrawn),
            (Fact::ActResolved(fact), body) => self.resolve(fact, body.as_ref())?,
            (Fact::CaseAmended(fact), Some(Body::Amended(body))) => {
                // A case is known by its first request.
                if let Some(case) = self.requests.get(&fact.case).map(|seen| seen.case) {
                    self.targets.insert(case, body.claim + body.costs);
                }
            }
            (Fact::MeasureChanged(fact), body) => self.stand(fact, body.as_ref()),
            (Fact::ActPassed(fact), _) => {
                self.passed.insert((fact.act.into(), fact.over.into()));
            }
            (Fact::LanePaused(fact), _) => self.lane(&fact.partner).paused_until = Some(fact.until),
            (Fact::LaneResumed(fact), _) => self.lane(&fact.partner).paused_until = None,
            (Fact::DocumentStored(_), Some(Body::Document(body))) => {
                self.documents.insert(sequence, body.digest_key);
            }
            (Fact::DocumentErased(fact), _) => {
                self.documents.remove(&fact.document);
            }
            (fact, _) => {
                let requests = &self.requests;
                // A case is known by its first request.
                self.held.take(sequence, fact, |case| requests.get(&case).map(|seen| seen.case));
            }
        }
        self.release_waiting(sequence);
        Ok(())
    }

    fn lane(&mut self, partner: &str) -> &mut LaneSeen {
        self.lanes.entry(partner.to_owned()).or_default()
    }

    fn plan(&mut self, sequence: u64, request: u64, plan: &[PlanLine]) -> Result<(), Broken> {
        let Some(seen) = self.requests.get(&request) else {
            return broken("P6", format!("plan of unknown request {request}"));
        };
        let (case, subjects, given) = (seen.case, seen.subjects.clone(), seen.approvals.len());
        let mut newest = None;
        for (place, line) in (0_u32..).zip(plan) {
            let Some(kind) = ActKind::from_code(line.kind) else { return broken("P6", format!("kind {}", line.kind)) };
            let counter = SlipNumber::from_bits(line.slip).counter();
            if newest != Some(counter) && !self.slips.insert(counter) {
                return broken("P6", format!("slip counter {counter} is used again by event {sequence}"));
            }
            newest = Some(counter);
            let approvals = usize::from(line.approvals);
            let state = if given >= approvals { ActState::Ready } else { ActState::Planned };
            let id = ActId { sequence, line: place };
            let act = ActSeen {
                id,
                kind,
                partner: line.partner.clone(),
                key: (line.slip, line.line),
                amount: line.amount.unwrap_or(0),
                subject: subjects.get(usize::from(line.subject)).copied().unwrap_or(0),
                case,
                base: line.base.map(ActId::from),
                approvals,
                state,
                granted: 0,
                held: 0,
                moved: 0,
                released: 0,
                ready: (state == ActState::Ready).then_some((self.at, sequence, place)),
                eligible: None,
                exchange: None,
                settled_by: Vec::new(),
                resolved: false,
            };
            self.acts.insert(id, act);
            self.open.insert(id);
            if let Some(seen) = self.requests.get_mut(&request) {
                seen.acts.push(id);
            }
        }
        Ok(())
    }

    fn approve(&mut self, request: u64, by: &str) {
        let Some(seen) = self.requests.get_mut(&request) else { return };
        seen.approvals.insert(by.to_owned());
        let (given, acts) = (seen.approvals.len(), seen.acts.clone());
        for id in acts {
            if self.acts.get(&id).is_some_and(|act| act.state == ActState::Planned && act.approvals <= given) {
                self.move_to(id, ActState::Ready);
            }
        }
    }

    fn halt(&mut self, request: u64) {
        let Some(seen) = self.requests.get_mut(&request) else { return };
        seen.halted = true;
        for id in seen.acts.clone() {
            let unsent = self.acts.get(&id).is_some_and(|act| {
                matches!(act.state, ActState::Planned | ActState::Ready)
                    && act.exchange.is_none()
                    && act.kind != ActKind::Release
            });
            if unsent {
                self.move_to(id, ActState::Unsent);
            }
        }
    }

    fn finish(&mut self, request: u64) -> Result<(), Broken> {
        let Some(seen) = self.requests.get_mut(&request) else {
            return broken("P6", format!("unknown request {request} finished"));
        };
        seen.finished = true;
        let acts = seen.acts.clone();
        match acts.iter().filter_map(|id| self.acts.get(id)).find(|act| act.state.is_open()) {
            Some(act) => broken("P3", format!("request {request} is finished, but {} is {}", act.id, act.state.word())),
            None => Ok(()),
        }
    }

    fn begin(&mut self, sequence: u64, fact: &ExchangeBegan) {
        let offer = fact.kind == "offer";
        let at = self.at;
        if !offer {
            let lane = self.lane(&fact.partner);
            lane.begins.push(at);
            lane.under_way.insert(sequence);
        }
        for act in &fact.acts {
            let id = ActId::from(*act);
            if let Some(act) = self.acts.get_mut(&id).filter(|_| !offer) {
                act.exchange = Some(sequence);
            }
            match fact.kind.as_str() {
                "offer" => self.move_to(id, ActState::Awaiting),
                "send" => self.move_to(id, ActState::Sending),
                _ => {}
            }
        }
    }

    fn end(&mut self, fact: &ExchangeEnded, body: Option<&Body>) -> Result<(), Broken> {
        let lane = self.lane(&fact.partner);
        if !lane.under_way.remove(&fact.exchange) {
            return broken("P6", format!("exchange {} ended, which never began", fact.exchange));
        }
        lane.rests_until = fact.breaks.unwrap_or(if fact.judged == "not_sent" || fact.judged == "doubt" {
            lane.rests_until
        } else {
            0
        });
        let id = ActId::from(fact.act);
        let Some(act) = self.acts.get_mut(&id) else {
            return broken("P6", format!("exchange of unknown act {id} ended"));
        };
        act.exchange = None;
        if fact.judged == "answered" {
            self.settle(id, act_state(&fact.state), &fact.verdict, body);
        } else if !act.state.is_final() {
            self.move_to(id, act_state(&fact.state));
        }
        Ok(())
    }

    fn settle(&mut self, id: ActId, state: ActState, verdict: &str, body: Option<&Body>) {
        let outcome = match body {
            Some(Body::Outcome(outcome)) => Some(outcome.as_ref()),
            _ => None,
        };
        if let Some(act) = self.acts.get(&id)
            && act.state.is_final()
            && act.state != state
        {
            self.contradicted.insert(act.case);
        }
        self.sums(id, state, verdict == "queued", outcome);
        self.move_to(id, state);
    }

    fn sums(&mut self, id: ActId, state: ActState, queued: bool, outcome: Option<&OutcomeTwin>) {
        let Some(act) = self.acts.get_mut(&id) else { return };
        let effect = state.took_effect();
        let (base, amount) = (act.base, act.amount);
        match act.kind {
            ActKind::Freeze if effect => {
                let limit = outcome.and_then(|outcome| outcome.limit).unwrap_or(act.amount);
                let caught = outcome.and_then(|outcome| outcome.caught).unwrap_or(if queued { 0 } else { limit });
                (act.granted, act.held) = (limit, caught.clamp(0, limit));
            }
            ActKind::Freeze => (act.granted, act.held) = (0, 0),
            kind if kind.moves_money() => {
                let whole = if state == ActState::Done { act.amount } else { 0 };
                let moved = if effect { outcome.and_then(|outcome| outcome.moved).unwrap_or(whole) } else { 0 };
                let change = moved - act.moved;
                act.moved = moved;
                if let Some(freeze) = base.and_then(|base| self.acts.get_mut(&base)) {
                    freeze.moved += change;
                }
            }
            // Told twice, it lets go once; and what comes late of the freeze brings nothing back.
            ActKind::Release => {
                let before = act.moved;
                // Of the whole, what a deduction took of it too: should that one be denied, nothing of it is held all the same.
                let left =
                    base.and_then(|base| self.acts.get(&base)).map_or(0, |freeze| freeze.granted - freeze.released);
                let whole = if amount > 0 { amount } else { left.max(0) + before };
                let now = if effect { whole } else { 0 };
                if let Some(freeze) = base.and_then(|base| self.acts.get_mut(&base)) {
                    freeze.released += now - before;
                }
                if let Some(act) = self.acts.get_mut(&id) {
                    act.moved = now;
                }
            }
            _ => {}
        }
    }

    /// What the answer to a question shows of an own freeze, or people say of it.
    fn stand(&mut self, fact: &MeasureChanged, body: Option<&Body>) {
        let Some(freeze) = self.acts.get_mut(&fact.measure.into()) else { return };
        if !["in_force", "queued"].contains(&fact.state.as_str()) {
            (freeze.granted, freeze.held) = (0, 0);
        }
        let Some(Body::Changed(told)) = body else { return };
        freeze.released = told.released.unwrap_or(freeze.released);
        if let Some(limit) = told.limit {
            freeze.granted = limit + freeze.moved + freeze.released;
        }
        if let Some(caught) = told.caught {
            freeze.held = caught + freeze.moved;
        }
    }

    fn resolve(&mut self, fact: &store::record::ActResolved, body: Option<&Body>) -> Result<(), Broken> {
        let id = ActId::from(fact.act);
        let Some(act) = self.acts.get_mut(&id) else { return broken("P6", format!("unknown act {id} resolved")) };
        if act.state != ActState::InDoubt {
            return broken("P3", format!("{id} is {} and was resolved", act.state.word()));
        }
        if fact.state.is_empty() {
            act.settled_by.push(fact.by.clone());
            return Ok(());
        }
        if !act.settled_by.iter().any(|first| *first != fact.by) {
            return broken("P3", format!("{id} was settled by {} with nobody before about this doubt", fact.by));
        }
        act.resolved = true;
        let said = match body {
            Some(Body::Reason(reason)) => reason.amount,
            _ => None,
        };
        let (state, money) = (act_state(&fact.state), act.kind.moves_money());
        let part = said.filter(|_| state == ActState::Partly).map(|sum| {
            let told = Some(Money::from_units(sum));
            let (moved, caught) = if money { (told, None) } else { (None, told) };
            OutcomeTwin::from(&Outcome { moved, caught, ..Outcome::of(Verdict::Partly) })
        });
        self.sums(id, state, false, part.as_ref());
        if let (Some(act), Some(said)) = (self.acts.get_mut(&id), said)
            && act.kind == ActKind::Freeze
        {
            act.held = act.held.min(said + act.moved);
        }
        self.move_to(id, act_state(&fact.state));
        Ok(())
    }

    fn move_to(&mut self, id: ActId, state: ActState) {
        let at = self.at;
        let Some(act) = self.acts.get_mut(&id) else { return };
        if act.state == ActState::InDoubt && state != ActState::InDoubt {
            act.settled_by.clear();
        }
        let was = std::mem::replace(&mut act.state, state);
        if state.is_final() && was != state {
            self.ended.push(id);
        }
        if state == ActState::Ready && act.ready.is_none() {
            act.ready = Some((at, id.sequence, id.line));
        }
        if state.is_final() {
            self.open.remove(&id);
        } else {
            self.open.insert(id);
        }
    }

    /// Acts that nothing but their lane keeps back any more.
    fn release_waiting(&mut self, sequence: u64) {
        let open: Vec<ActId> = self.open.iter().copied().collect();
        for id in open {
            let Some(act) = self.acts.get(&id).filter(|act| act.state == ActState::Ready && act.eligible.is_none())
            else {
                continue;
            };
            let base_open = act.base.is_some_and(|base| self.open.contains(&base));
            let deduct_open = act.kind == ActKind::Release
                && self.open.iter().filter_map(|other| self.acts.get(other)).any(|other| {
                    other.kind.moves_money() && other.base == act.base && other.base.is_some() && other.id < id
                });
            if base_open || deduct_open {
                continue;
            }
            if let Some(act) = self.acts.get_mut(&id) {
                act.eligible = Some(sequence);
            }
        }
    }

    /// The sums of a case.
    pub fn sums_of(&self, case: (u64, u64)) -> Sums {
        let mut sums = Sums::default();
        for act in self.acts.values().filter(|act| act.case == case) {
            match (act.kind, act.state.is_open()) {
                (ActKind::Freeze, true) => sums.exposure += act.amount,
                (ActKind::Freeze, false) if act.state.took_effect() => sums.exposure += act.limit(),
                (kind, open) if kind.moves_money() => {
                    sums.deducted += act.moved;
                    sums.deducting += if open { act.amount } else { 0 };
                }
                _ => {}
            }
        }
        sums
    }
}
