//! A second book: what the events alone say of each act, summed up anew each time. It shares no code with the engine's books.

use std::collections::{BTreeMap, BTreeSet};

use domain::outcome::{Outcome, Verdict};
use domain::{ActId, ActKind, ActState, Money};
use store::record::{Body, Event, Fact, OutcomeTwin, PlanLine, act_state};

/// An act as the events tell it.
pub(super) struct Seen {
    pub(super) kind: ActKind,
    pub(super) amount: i64,
    pub(super) state: ActState,
    pub(super) base: Option<ActId>,
    pub(super) asset: u64,
    pub(super) request: u64,
    pub(super) under_way: bool,
    pub(super) approvals: u8,
    pub(super) sent: bool,
    // Of a freeze: in force, held, and what those follow from: told in all, moved out of it, let go of it.
    pub(super) limit: i64,
    pub(super) caught: i64,
    told: (i64, i64),
    let_go: i64,
    // Moved by a deduction, or out of a freeze; let go by a release.
    pub(super) moved: i64,
    /// It never took effect, or was said not to have.
    pub(super) void: bool,
    /// It was over when the last request that had to do with it finished: nothing said later about its money brings it back.
    pub(super) gone: bool,
}

impl Seen {
    fn sum_up(&mut self) {
        let left = (self.told.0 - self.moved - self.let_go).max(0);
        self.limit = if self.void { 0 } else { left };
        self.caught = (self.told.1 - self.moved).max(0).min(self.limit);
    }

    fn holds(&mut self, caught: i64) {
        self.told.1 = caught + self.moved;
        self.sum_up();
    }
}

/// A second book: a plain list of acts, summed up anew each time.
#[derive(Default)]
pub(super) struct Book {
    pub(super) acts: BTreeMap<ActId, Seen>,
    pub(super) target: i64,
    pub(super) approvals: BTreeMap<u64, BTreeSet<String>>,
    pub(super) finished: BTreeSet<u64>,
    pub(super) plans: BTreeMap<u64, u64>,
}

impl Book {
    fn freezes(&self) -> impl Iterator<Item = (&ActId, &Seen)> {
        self.acts.iter().filter(|(_, act)| act.kind == ActKind::Freeze)
    }

    pub(super) fn live(&self) -> impl Iterator<Item = (&ActId, &Seen)> {
        self.freezes().filter(|(_, act)| act.limit > 0 && !act.void)
    }

    pub(super) fn exposure(&self) -> i64 {
        let open: i64 = self.freezes().filter(|(_, act)| act.state.is_open()).map(|(_, act)| act.amount).sum();
        open + self.live().map(|(_, act)| act.limit).sum::<i64>()
    }

    pub(super) fn controlled(&self) -> i64 {
        self.live().map(|(_, act)| act.caught).sum()
    }

    fn takings(&self) -> impl Iterator<Item = &Seen> {
        self.acts.values().filter(|act| act.kind.moves_money())
    }

    pub(super) fn deducted(&self) -> i64 {
        self.takings().map(|act| act.moved).sum()
    }

    pub(super) fn deducting(&self) -> i64 {
        self.takings().filter(|act| act.state.is_open()).map(|act| act.amount).sum()
    }

    pub(super) fn claimed(&self, freeze: ActId) -> i64 {
        self.takings().filter(|act| act.state.is_open() && act.base == Some(freeze)).map(|act| act.amount).sum()
    }

    pub(super) fn releases(&self, freeze: ActId) -> impl Iterator<Item = &Seen> {
        let open = self.acts.values().filter(|act| act.kind == ActKind::Release && act.state.is_open());
        open.filter(move |act| act.base == Some(freeze))
    }

    pub(super) fn take(&mut self, sequence: u64, event: &Event) {
        match (&event.fact, &event.body) {
            (Fact::RequestAccepted(_), Some(Body::Accepted(body))) => {
                let (claim, costs) = body.request.sums();
                self.target = claim + costs;
                self.plan(sequence, sequence, &body.plan);
            }
            (Fact::PlanExtended(fact), Some(Body::Planned(body))) => self.plan(sequence, fact.request, &body.plan),
            (Fact::CaseAmended(_), Some(Body::Amended(body))) => self.target = body.claim + body.costs,
            (Fact::RequestApproved(fact), _) => {
                let given = self.approvals.entry(fact.request).or_default();
                given.insert(fact.by.clone());
                let given = given.len();
                for act in self.acts.values_mut().filter(|act| act.request == fact.request) {
                    if act.state == ActState::Planned && usize::from(act.approvals) <= given {
                        act.state = ActState::Ready;
                    }
                }
            }
            (Fact::RequestStopped(fact), _) => {
                let of = self.acts.values_mut().filter(|act| act.request == fact.request);
                for act in of.filter(|act| matches!(act.state, ActState::Planned | ActState::Ready) && !act.under_way) {
                    if !act.kind.ends_a_measure() {
                        act.state = ActState::Unsent;
                    }
                }
            }
            (Fact::RequestFinished(fact), _) => {
                self.finished.insert(fact.request);
            }
            (Fact::ExchangeBegan(fact), _) => {
                for act in &fact.acts {
                    self.begin(ActId::from(*act), fact.kind == "send");
                }
            }
            (Fact::ExchangeEnded(fact), body) => {
                let id = ActId::from(fact.act);
                self.acts.get_mut(&id).unwrap().under_way = false;
                if fact.judged == "answered" {
                    self.settle(id, act_state(&fact.state), &fact.verdict, body.as_ref());
                } else if !self.acts[&id].state.is_final() {
                    self.acts.get_mut(&id).unwrap().state = act_state(&fact.state);
                }
            }
            (Fact::OutcomeReceived(fact), body) => {
                self.settle(ActId::from(fact.act), act_state(&fact.state), &fact.verdict, body.as_ref());
            }
            (Fact::ActWithdrawn(fact), _) => {
                let act = self.acts.get_mut(&ActId::from(fact.act)).unwrap();
                assert!(
                    matches!(act.state, ActState::Planned | ActState::Ready),
                    "only what has not left is taken back"
                );
                act.state = ActState::Withdrawn;
            }
            (Fact::ActResolved(fact), Some(Body::Reason(reason))) if !fact.state.is_empty() => {
                self.resolve(ActId::from(fact.act), act_state(&fact.state), reason.amount);
            }
            (Fact::MeasureChanged(fact), Some(Body::Changed(body))) => {
                let act = self.acts.get_mut(&ActId::from(fact.measure)).unwrap();
                let caught = body.caught.unwrap_or(act.caught).min(act.limit);
                act.holds(caught);
            }
            _ => {}
        }
        self.forget();
    }

    fn forget(&mut self) {
        // What is denied after something was done with it may be told again, and stands with what is left then.
        let denied = |act: &Seen| act.void && (act.moved > 0 || act.let_go > 0);
        let over =
            |act: &Seen| act.kind == ActKind::Freeze && !act.gone && (act.limit == 0 || act.void) && !denied(act);
        let over: Vec<ActId> = self.acts.iter().filter(|(_, act)| over(act)).map(|(id, _)| *id).collect();
        for id in over {
            let of = |(other, act): (&ActId, &Seen)| *other == id || act.base == Some(id);
            let needed = self.acts.iter().any(|(other, act)| of((other, act)) && !self.finished.contains(&act.request));
            self.acts.get_mut(&id).unwrap().gone = !needed;
        }
    }

    /// What is ordered is held against the ceilings as they are at this moment.
    fn plan(&mut self, sequence: u64, request: u64, plan: &[PlanLine]) {
        self.plans.insert(sequence, request);
        let given = self.approvals.get(&request).map_or(0, BTreeSet::len);
        for (place, line) in (0_u32..).zip(plan) {
            let kind = ActKind::from_code(line.kind).unwrap();
            let ready = given >= usize::from(line.approvals);
            let seen = Seen {
                kind,
                amount: line.amount.unwrap_or(0),
                state: if ready { ActState::Ready } else { ActState::Planned },
                base: line.base.map(ActId::from),
                asset: line.asset,
                request,
                under_way: false,
                approvals: line.approvals,
                sent: false,
                limit: 0,
                caught: 0,
                told: (0, 0),
                let_go: 0,
                moved: 0,
                void: false,
                gone: false,
            };
            let same = |act: &Seen| act.kind == ActKind::Freeze && act.asset == seen.asset && act.state.is_open();
            let twice = kind == ActKind::Freeze && seen.asset != 0 && self.acts.values().any(same);
            assert!(!twice, "property is frozen while another freeze of it is under way");
            self.acts.insert(ActId { sequence, line: place }, seen);
        }
        let kinds: Vec<ActKind> = plan.iter().filter_map(|line| ActKind::from_code(line.kind)).collect();
        if kinds.contains(&ActKind::Freeze) {
            self.freezing_fits("ordered");
        }
        if kinds.iter().any(|kind| kind.moves_money()) {
            assert!(self.deducted() + self.deducting() <= self.target, "more is deducted than claim and costs");
            for base in plan.iter().filter_map(|line| line.base).map(ActId::from) {
                let Some(freeze) = self.acts.get(&base).filter(|act| act.kind == ActKind::Freeze) else { continue };
                assert!(self.claimed(base) <= freeze.caught, "more is deducted than the freeze holds");
            }
        }
    }

    fn freezing_fits(&self, when: &str) {
        let (held, taken, target) = (self.exposure(), self.deducted(), self.target);
        assert!(held + taken <= target, "{held} held and {taken} taken of {target} when a freeze is {when}");
    }

    fn begin(&mut self, id: ActId, send: bool) {
        let act = self.acts.get_mut(&id).unwrap();
        let first = send && act.state == ActState::Ready;
        (act.under_way, act.sent) = (true, act.sent || send);
        if send {
            act.state = ActState::Sending;
        }
        let kind = act.kind;
        if first && kind == ActKind::Freeze {
            self.freezing_fits("sent");
        }
        if first && kind.moves_money() {
            assert!(self.deducted() + self.deducting() <= self.target, "a deduction is sent above claim and costs");
            let (amount, base) = (self.acts[&id].amount, self.acts[&id].base);
            let held = base.and_then(|base| self.acts.get(&base)).map(|freeze| freeze.caught);
            assert!(held.is_none_or(|held| amount <= held), "a deduction is sent above what its freeze holds");
        }
    }

    fn settle(&mut self, id: ActId, state: ActState, verdict: &str, body: Option<&Body>) {
        let outcome = match body {
            Some(Body::Outcome(outcome)) => Some(outcome.as_ref()),
            _ => None,
        };
        let late = self.finished.contains(&self.acts[&id].request);
        // Money that was reported is not uncounted by what is said when all is over.
        let money = self.acts[&id].kind.moves_money();
        let said =
            if state.took_effect() { outcome.and_then(|it| it.moved).unwrap_or(self.acts[&id].amount) } else { 0 };
        if !(late && money && said <= self.acts[&id].moved) {
            self.sums(id, state, verdict, outcome);
        }
        if !late {
            self.acts.get_mut(&id).unwrap().state = state;
        }
    }

    fn sums(&mut self, id: ActId, state: ActState, verdict: &str, outcome: Option<&OutcomeTwin>) {
        let act = self.acts.get_mut(&id).unwrap();
        let (effect, base, amount) = (state.took_effect(), act.base, act.amount);
        match act.kind {
            ActKind::Freeze if state.is_open() => {}
            ActKind::Freeze if effect => {
                let limit = outcome.and_then(|outcome| outcome.limit).unwrap_or(amount);
                let whole = if verdict == "queued" { 0 } else { limit };
                let caught = outcome.and_then(|outcome| outcome.caught).unwrap_or(whole).clamp(0, limit);
                let nothing_left = act.let_go > 0 && act.told.0 - act.moved - act.let_go <= 0;
                if nothing_left && act.told != (limit, caught) {
                    act.let_go = 0;
                }
                (act.told, act.void) = ((limit, caught), false);
                act.sum_up();
            }
            ActKind::Freeze => {
                act.void = true;
                act.sum_up();
            }
            kind if kind.moves_money() => {
                let whole = if state == ActState::Done { amount } else { 0 };
                let moved = if effect { outcome.and_then(|outcome| outcome.moved).unwrap_or(whole) } else { 0 };
                let change = moved - act.moved;
                act.moved = moved;
                if let Some(freeze) = base.and_then(|base| self.acts.get_mut(&base)).filter(|_| change != 0) {
                    if freeze.gone {
                        return;
                    }
                    freeze.moved += change;
                    freeze.sum_up();
                }
            }
            ActKind::Release => {
                let before = act.moved;
                let Some(freeze) = base.and_then(|base| self.acts.get_mut(&base)) else { return };
                let all = if freeze.void { 0 } else { (freeze.told.0 - freeze.let_go).max(0) };
                let part = if amount > 0 { amount } else { all + before };
                let now = if effect { part } else { 0 };
                freeze.let_go = (freeze.let_go + now - before).max(0);
                freeze.sum_up();
                self.acts.get_mut(&id).unwrap().moved = now;
            }
            _ => {}
        }
    }

    fn resolve(&mut self, id: ActId, state: ActState, amount: Option<i64>) {
        let act = self.acts.get_mut(&id).unwrap();
        if let Some(amount) = amount.filter(|_| act.kind.moves_money() && state == ActState::Done) {
            act.amount = amount;
        }
        let money = act.kind.transfers();
        let part = amount.filter(|_| state == ActState::Partly).map(|sum| {
            let told = Some(Money::from_units(sum));
            let (moved, caught) = if money { (told, None) } else { (None, told) };
            OutcomeTwin::from(&Outcome { moved, caught, ..Outcome::of(Verdict::Partly) })
        });
        self.sums(id, state, "", part.as_ref());
        let act = self.acts.get_mut(&id).unwrap();
        if let Some(amount) = amount.filter(|_| act.kind == ActKind::Freeze) {
            let caught = act.caught.min(amount);
            act.holds(caught);
        }
        act.state = state;
    }
}
