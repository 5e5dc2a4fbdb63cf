//! Random histories against a book kept by other code: what we order never breaks a ceiling, the sums are equal, and whatever is
//! too much has somebody who is told.

use std::collections::{BTreeMap, BTreeSet};

use domain::case::HaltCause;
use domain::socket::FeedbackItem;
use domain::task::TaskKind;
use domain::{ActId, RequestId};
use proptest::prelude::*;
use store::record::{Body, Fact, OutcomeTwin, PlanLine, act_state};

use super::kinds::at;
use super::ledger::freeze_of;
use super::simulated::on;
use super::*;
use crate::command::{ClosedRequest, LateOutcome};
use crate::config::ReleasePolicy;

const FEN: i64 = 100;

/// An act as the events tell it.
struct Seen {
    kind: ActKind,
    amount: i64,
    state: ActState,
    base: Option<ActId>,
    request: u64,
    under_way: bool,
    approvals: u8,
    sent: bool,
    // Of a freeze: in force, held, moved out of it; of a deduction: moved.
    limit: i64,
    caught: i64,
    moved: i64,
    /// It never took effect, or was said not to have.
    void: bool,
    /// It was over when the last request that had to do with it finished: nothing said later about its money brings it back.
    gone: bool,
}

/// A second book: a plain list of acts, summed up anew each time.
#[derive(Default)]
struct Book {
    acts: BTreeMap<ActId, Seen>,
    target: i64,
    approvals: BTreeMap<u64, BTreeSet<String>>,
    finished: BTreeSet<u64>,
    plans: BTreeMap<u64, u64>,
}

impl Book {
    fn freezes(&self) -> impl Iterator<Item = (&ActId, &Seen)> {
        self.acts.iter().filter(|(_, act)| act.kind == ActKind::Freeze)
    }

    fn live(&self) -> impl Iterator<Item = (&ActId, &Seen)> {
        self.freezes().filter(|(_, act)| act.limit > 0 && !act.void)
    }

    fn exposure(&self) -> i64 {
        let open: i64 = self.freezes().filter(|(_, act)| act.state.is_open()).map(|(_, act)| act.amount).sum();
        open + self.live().map(|(_, act)| act.limit).sum::<i64>()
    }

    fn controlled(&self) -> i64 {
        self.live().map(|(_, act)| act.caught).sum()
    }

    fn takings(&self) -> impl Iterator<Item = &Seen> {
        self.acts.values().filter(|act| act.kind.moves_money())
    }

    fn deducted(&self) -> i64 {
        self.takings().map(|act| act.moved).sum()
    }

    fn deducting(&self) -> i64 {
        self.takings().filter(|act| act.state.is_open()).map(|act| act.amount).sum()
    }

    fn claimed(&self, freeze: ActId) -> i64 {
        self.takings().filter(|act| act.state.is_open() && act.base == Some(freeze)).map(|act| act.amount).sum()
    }

    fn releases(&self, freeze: ActId) -> impl Iterator<Item = &Seen> {
        let open = self.acts.values().filter(|act| act.kind == ActKind::Release && act.state.is_open());
        open.filter(move |act| act.base == Some(freeze))
    }

    fn take(&mut self, sequence: u64, event: &Event) {
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
                assert!(matches!(act.state, ActState::Planned | ActState::Ready), "only what has not left is taken back");
                act.state = ActState::Withdrawn;
            }
            (Fact::ActResolved(fact), Some(Body::Reason(reason))) if !fact.state.is_empty() => {
                self.resolve(ActId::from(fact.act), act_state(&fact.state), reason.amount);
            }
            (Fact::MeasureChanged(fact), Some(Body::Changed(body))) => {
                let act = self.acts.get_mut(&ActId::from(fact.measure)).unwrap();
                act.caught = body.caught.unwrap_or(act.caught).min(act.limit);
            }
            _ => {}
        }
        self.forget();
    }

    fn forget(&mut self) {
        let over = |act: &Seen| act.kind == ActKind::Freeze && !act.gone && (act.limit == 0 || act.void);
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
                request,
                under_way: false,
                approvals: line.approvals,
                sent: false,
                limit: 0,
                caught: 0,
                moved: 0,
                void: false,
                gone: false,
            };
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
        }
    }

    fn settle(&mut self, id: ActId, state: ActState, verdict: &str, body: Option<&Body>) {
        let outcome = match body {
            Some(Body::Outcome(outcome)) => Some(outcome.as_ref()),
            _ => None,
        };
        self.sums(id, state, verdict, outcome);
        let late = self.finished.contains(&self.acts[&id].request);
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
                act.limit = (limit - act.moved).max(0);
                act.caught = (caught - act.moved).max(0).min(act.limit);
                act.void = false;
            }
            ActKind::Freeze => (act.limit, act.caught, act.void) = (0, 0, true),
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
                    freeze.limit = (freeze.limit - change).max(0);
                    freeze.caught = (freeze.caught - change).max(0);
                }
            }
            ActKind::Release if effect => {
                if let Some(freeze) = base.and_then(|base| self.acts.get_mut(&base)) {
                    freeze.limit = if amount > 0 { (freeze.limit - amount).max(0) } else { 0 };
                    freeze.caught = freeze.caught.min(freeze.limit);
                }
            }
            _ => {}
        }
    }

    fn resolve(&mut self, id: ActId, state: ActState, amount: Option<i64>) {
        let act = self.acts.get_mut(&id).unwrap();
        if let Some(amount) = amount.filter(|_| act.kind.moves_money() && state == ActState::Done) {
            act.amount = amount;
        }
        self.sums(id, state, "", None);
        let act = self.acts.get_mut(&id).unwrap();
        if let Some(amount) = amount.filter(|_| act.kind == ActKind::Freeze) {
            act.caught = act.caught.min(amount);
        }
        act.state = state;
    }
}

/// One step of a history; what it picks from is counted modulo what is there.
#[derive(Clone, Copy, Debug)]
enum Step {
    Goal { collect: bool, repeat: bool },
    Freeze { partner: u8, fen: i64 },
    ReleasePart { which: u8, fen: i64 },
    Answer { which: u8, how: u8, fen: i64 },
    Doubt(u8),
    NotSent(u8),
    Told { which: u8, how: u8, fen: i64 },
    Resolve { which: u8, took: bool, fen: i64 },
    Withdraw(u8),
    Stop(u8),
    Approve(u8),
    Amend(i64),
    Halt(u8),
    Resume,
    Accept(u8),
    Pass(i64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let fen = 1_i64..150_000;
    prop_oneof![
        3 => (any::<bool>(), any::<bool>()).prop_map(|(collect, repeat)| Step::Goal { collect, repeat }),
        2 => (any::<u8>(), fen.clone()).prop_map(|(partner, fen)| Step::Freeze { partner, fen }),
        1 => (any::<u8>(), fen.clone()).prop_map(|(which, fen)| Step::ReleasePart { which, fen }),
        24 => (any::<u8>(), any::<u8>(), fen.clone()).prop_map(|(which, how, fen)| Step::Answer { which, how, fen }),
        2 => any::<u8>().prop_map(Step::Doubt),
        2 => any::<u8>().prop_map(Step::NotSent),
        3 => (any::<u8>(), any::<u8>(), fen.clone()).prop_map(|(which, how, fen)| Step::Told { which, how, fen }),
        2 => (any::<u8>(), any::<bool>(), fen).prop_map(|(which, took, fen)| Step::Resolve { which, took, fen }),
        1 => any::<u8>().prop_map(Step::Withdraw),
        1 => any::<u8>().prop_map(Step::Stop),
        2 => any::<u8>().prop_map(Step::Approve),
        3 => (0_i64..200_000).prop_map(Step::Amend),
        1 => any::<u8>().prop_map(Step::Halt),
        1 => Just(Step::Resume),
        3 => any::<u8>().prop_map(Step::Accept),
        4 => (1_i64..40_000_000).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

fn outcome_for(kind: ActKind, how: u8, amount: i64, fen: i64) -> Outcome {
    let of = |verdict, sum: Option<i64>| {
        let mut outcome = Outcome::of(verdict);
        let sum = sum.map(Money::from_units);
        if kind == ActKind::Freeze { outcome.caught = sum } else { outcome.moved = sum }
        outcome
    };
    match (kind, how % 8) {
        (ActKind::Query, 0) => found(0),
        (ActKind::Query, _) => {
            let mut outcome = found(fen);
            outcome.accounts[0].number = Personal::new(format!("62{}", how % 3));
            outcome
        }
        (_, 0) => Outcome::of(Verdict::Refused),
        (ActKind::Release, _) => Outcome::of(Verdict::Done),
        (ActKind::Freeze, 1) => {
            let mut outcome = of(Verdict::Done, Some(fen * FEN));
            outcome.limit = Some(Money::from_units(amount.max(fen * FEN)));
            outcome
        }
        (ActKind::Freeze, 2) => of(Verdict::Queued, Some(0)),
        (kind, 3) if kind.moves_money() => Outcome::of(Verdict::Registered),
        (_, 4 | 5) => of(Verdict::Partly, Some((fen * FEN).min(amount))),
        _ => of(Verdict::Done, Some(amount)),
    }
}

struct World {
    table: Table,
    book: Book,
    read: usize,
    key: u64,
}

impl World {
    fn new(policy: ReleasePolicy, approvals: bool) -> Self {
        let mut table =
            Table::with(vec![at("bank-a", PartnerKind::Bank), at("bank-b", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
        table.with_policy(|court| {
            court.excess = policy;
            let kinds = vec![ActKind::Freeze];
            court.approvals.extend(approvals.then(|| crate::config::ApprovalRule {
                kinds,
                from: Money::from_fen(40_000),
                persons: 1,
            }));
        });
        Self { table, book: Book::default(), read: 0, key: 100 }
    }

    fn picked<T: Copy>(list: &[T], which: u8) -> Option<T> {
        list.get(usize::from(which).checked_rem(list.len())?).copied()
    }

    fn open_acts(&self, fits: impl Fn(&crate::state::Act) -> bool) -> Vec<ActId> {
        let acts = self.table.decider.state.acts.iter();
        acts.filter(|(_, act)| fits(act)).map(|(_, act)| act.id()).collect()
    }

    fn take(&mut self, step: Step) {
        self.key += 1;
        let key = self.key;
        let table = &mut self.table;
        // Whatever is refused changes nothing, and the checks hold all the same.
        let _refused: Result<Answer, Refusal> = match step {
            Step::Goal { collect, repeat } => self.goal(collect, repeat),
            Step::Freeze { partner, fen } => {
                let partner = ["bank-a", "bank-b", "fund"][usize::from(partner % 3)];
                let act = freeze_of(partner, &format!("9{}", partner.len()), fen);
                self.acts_now(vec![act])
            }
            Step::ReleasePart { which, fen } => {
                let live: Vec<ActId> = self.book.live().map(|(id, _)| *id).collect();
                let Some(base) = Self::picked(&live, which) else { return };
                let Some(measure) = table.decider.state.measure_by_act(base).cloned() else { return };
                let mut act = on(ActKind::Release, table.decider.state.partner_of(measure.lane), base);
                act.amount = Some(Money::from_fen(fen.min(measure.limit / FEN).max(1)));
                self.acts_now(vec![act])
            }
            Step::Answer { which, how, fen } => {
                let Some(act) = self.effect(which) else { return };
                let (kind, amount) = (act.1, act.2);
                let effect = self.table.effects.remove(act.0);
                let judged = Judged::Answered(Box::new(outcome_for(kind, how, amount, fen)));
                self.table.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged })
            }
            Step::Doubt(which) => self.end_with(which, Judged::Doubt { cause: Cause::Timeout }),
            Step::NotSent(which) => {
                self.end_with(which, Judged::NotSent { cause: Cause::Connect, retry_after_ms: None })
            }
            Step::Told { which, how, fen } => self.told(which, how, fen),
            Step::Resolve { which, took, fen } => {
                let doubtful = self.open_acts(|act| act.state() == ActState::InDoubt && !act.is_under_way());
                let Some(act) = Self::picked(&doubtful, which) else { return };
                let amount = self.book.acts[&act].amount;
                let sum = Money::from_units((fen * FEN).min(amount));
                for by in ["judge-1", "judge-2"] {
                    let command = Command::Resolve {
                        act,
                        by: by.to_owned(),
                        took_effect: took,
                        amount: took.then_some(sum),
                        document: "sha256:ruling".to_owned(),
                        reason: String::new(),
                    };
                    let _told = self.table.tell(command);
                }
                return;
            }
            Step::Withdraw(which) => {
                let Some(act) = Self::picked(&self.open_acts(|_| true), which) else { return };
                self.table.tell(Command::Withdraw { act, by: "judge-1".to_owned(), reason: String::new() })
            }
            Step::Stop(which) => match self.request(which) {
                Some(request) => {
                    self.table.tell(Command::Stop { request, by: "judge-1".to_owned(), reason: String::new() })
                }
                None => return,
            },
            Step::Approve(which) => match self.request(which) {
                Some(request) => {
                    self.table.tell(Command::Approve { request, by: "judge-2".to_owned(), reason: String::new() })
                }
                None => return,
            },
            Step::Amend(fen) if !table.decider.state.cases.is_empty() => table.amend(fen),
            Step::Halt(which) if !table.decider.state.cases.is_empty() => {
                table.halt(HaltCause::ALL[usize::from(which) % HaltCause::ALL.len()])
            }
            Step::Resume if !table.decider.state.cases.is_empty() => table.resume_by("judge-2", true),
            Step::Amend(_) | Step::Halt(_) | Step::Resume => return,
            Step::Accept(which) => {
                let tasks: Vec<u64> = table.decider.state.tasks.keys().copied().collect();
                let Some(task) = Self::picked(&tasks, which) else { return };
                table.accept(task, "judge-3")
            }
            Step::Pass(ms) => {
                table.pass(ms);
                return;
            }
            Step::Restart => {
                self.restart();
                return;
            }
        };
        let _key = key;
    }

    fn submit_now(&mut self, mut asked: Request) -> Result<Answer, Refusal> {
        // A newer request says what is owed now; here it says the same again, so that only amendments change it.
        let target = self.table.decider.state.cases.iter().next().map(|(_, case)| case.ledger.target);
        asked.case.claim = target.unwrap_or(asked.case.claim);
        let submit = Submit {
            token: "court".to_owned(),
            idempotency: (self.key, 0),
            fingerprint: (self.key, 1),
            case_key: (5, 5),
            subjects: vec![77],
            paper_keys: vec![(9, 9)],
            request: Arc::new(asked),
        };
        self.table.tell(Command::Submit(Box::new(submit)))
    }

    fn goal(&mut self, collect: bool, repeat: bool) -> Result<Answer, Refusal> {
        let goal = if collect { Goal::Collect } else { Goal::Secure };
        let mut asked = request(Asked::Goal { goal, subjects: vec![0], scope: Scope::default() });
        asked.repeat = repeat.then_some(domain::request::Repeat { days: 3, every_hours: 6 });
        self.submit_now(asked)
    }

    fn acts_now(&mut self, acts: Vec<domain::act::ActOrder>) -> Result<Answer, Refusal> {
        self.submit_now(request(Asked::Acts(acts)))
    }

    /// Place among the effects, kind, amount.
    fn effect(&self, which: u8) -> Option<(usize, ActKind, i64)> {
        let place = usize::from(which).checked_rem(self.table.effects.len())?;
        let act = &self.book.acts[&self.table.effects[place].act];
        Some((place, act.kind, act.amount))
    }

    fn end_with(&mut self, which: u8, judged: Judged) -> Result<Answer, Refusal> {
        let Some((place, _, _)) = self.effect(which) else { return Err(Refusal::NotFound) };
        let effect = self.table.effects.remove(place);
        self.table.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged })
    }

    fn request(&self, which: u8) -> Option<RequestId> {
        let open: Vec<u64> = self.table.decider.state.requests.iter().map(|(_, open)| open.sequence).collect();
        Self::picked(&open, which).map(RequestId)
    }

    /// A partner tells by itself, and perhaps otherwise than before, what became of something it has; also when the request is over.
    fn told(&mut self, which: u8, how: u8, fen: i64) -> Result<Answer, Refusal> {
        let state = &self.table.decider.state;
        let known = |id: &ActId| state.measure_by_act(*id).is_some() || state.taking_index(*id).is_some();
        let told = |(id, act): &(&ActId, &Seen)| {
            let late = self.book.finished.contains(&act.request);
            act.sent
                && (act.kind == ActKind::Freeze || act.kind.moves_money())
                && if late { known(id) } else { true }
                && !matches!(act.state, ActState::Withdrawn | ActState::Unsent)
        };
        let acts: Vec<ActId> = self.book.acts.iter().filter(told).map(|(id, _)| *id).collect();
        let Some(id) = Self::picked(&acts, which) else { return Err(Refusal::NotFound) };
        let act = &self.book.acts[&id];
        let outcome = outcome_for(act.kind, how, act.amount, fen);
        if !self.book.finished.contains(&act.request) {
            let found = state.act_index(id).and_then(|index| state.acts.get(index)).unwrap();
            let items = vec![FeedbackItem {
                slip: domain::SlipNumber::from_bits(found.slip).to_string(),
                line: Some(found.line),
                outcome: Ok(outcome),
            }];
            let partner = state.partner_of(found.lane).to_owned();
            return self.table.tell(Command::Feedback { partner, way: "callback", items });
        }
        let mut outcome = outcome;
        if act.kind == ActKind::Freeze {
            // What was ordered is not in memory any more; a late word states it.
            outcome.limit = outcome.limit.or(Some(Money::from_units(act.amount)));
        }
        if outcome.verdict.state().is_open() {
            return Err(Refusal::NotFound);
        }
        let closed = ClosedRequest {
            sequence: act.request,
            version: 0,
            case: self.table.case().0,
            accepted_at: START,
            court: "330225".to_owned(),
            goal: "acts".to_owned(),
            state: "finished".to_owned(),
            acts: 1,
            partners: Vec::new(),
            slips: Vec::new(),
            events: Vec::new(),
        };
        let late = LateOutcome {
            act: id,
            partner: "bank-a".to_owned(),
            way: "feedback",
            slot: 1,
            has_callback: false,
            closed,
            outcome,
        };
        self.table.tell(Command::LateOutcome(Box::new(late)))
    }

    fn restart(&mut self) {
        let mut state = State::default();
        (0..).zip(&self.table.events).for_each(|(sequence, event)| state.fold(sequence, event));
        assert_eq!(state.digest(), self.table.decider.state.digest(), "folding again gives the same");
        let config = Arc::clone(self.table.decider.config());
        self.table.decider = Decider::new(state, Box::new(CountingKeyring(self.key)), Box::new(SeededRandom::new(3)));
        self.table.effects.clear();
        self.table.tell(Command::Start { version: "test".to_owned() }).unwrap();
        self.table.tell(Command::Configure(config)).unwrap();
    }

    fn check(&mut self) {
        for (sequence, event) in (0_u64..).zip(&self.table.events).skip(self.read) {
            self.book.take(sequence, event);
        }
        self.read = self.table.events.len();
        let Some((_, case)) = self.table.decider.state.cases.iter().next() else { return };
        let (book, ledger) = (&self.book, &case.ledger);
        let kept = [ledger.target, ledger.exposure, ledger.controlled, ledger.deducted, ledger.deducting];
        let summed = [book.target, book.exposure(), book.controlled(), book.deducted(), book.deducting()];
        assert_eq!(kept.map(Money::units), summed, "target, exposure, controlled, deducted, deducting");
        self.told_of_excess();
    }

    /// Whatever stands above claim and costs is being let go, proposed, or claimed by an open deduction.
    fn told_of_excess(&self) {
        let book = &self.book;
        let freed = |id: &ActId, limit: i64| {
            book.releases(*id).map(|act| if act.amount > 0 { act.amount.min(limit) } else { limit }).sum::<i64>()
        };
        let standing: i64 = book.live().map(|(id, act)| act.limit - freed(id, act.limit)).sum();
        let over = standing + book.deducted() - book.target;
        let free = book.live().any(|(id, act)| book.releases(*id).next().is_none() && act.limit - book.claimed(*id) >= FEN);
        if over < FEN || !free {
            return;
        }
        let tasks = self.table.decider.state.tasks.values();
        assert!(tasks.into_iter().any(|task| task.kind() == TaskKind::Excess), "{over} too much and nobody is told");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_order_breaks_a_ceiling_and_nothing_above_it_goes_unseen(
        send in any::<bool>(),
        approvals in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let policy = if send { ReleasePolicy::Send } else { ReleasePolicy::Propose };
        let mut world = World::new(policy, approvals);
        for step in steps {
            world.take(step);
            world.check();
        }
        world.restart();
        world.check();
    }
}
