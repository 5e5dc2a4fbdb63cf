//! Random histories against a book kept by other code: what we order never breaks a ceiling, the sums are equal, and whatever is
//! too much has somebody who is told.

use domain::case::HaltCause;
use domain::socket::FeedbackItem;
use domain::task::TaskKind;
use domain::{ActId, RequestId};
use proptest::prelude::*;

use super::kinds::at;
use super::ledger::freeze_of;
use super::second_book::{Book, Seen};
use super::simulated::on;
use super::*;
use crate::config::ReleasePolicy;

const FEN: i64 = 100;

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
        if kind == ActKind::Freeze {
            outcome.caught = sum
        } else {
            outcome.moved = sum
        }
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
        let mut table = Table::with(vec![
            at("bank-a", PartnerKind::Bank),
            at("bank-b", PartnerKind::Bank),
            at("fund", PartnerKind::HousingFund),
        ]);
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
        // Whatever is refused changes nothing, and the checks hold all the same.
        let _refused = match step {
            Step::Goal { .. } | Step::Freeze { .. } | Step::ReleasePart { .. } => self.order(step),
            Step::Answer { .. } | Step::Doubt(_) | Step::NotSent(_) | Step::Told { .. } => self.partner(step),
            Step::Resolve { .. } | Step::Withdraw(_) | Step::Stop(_) | Step::Approve(_) => self.person(step),
            Step::Amend(_) | Step::Halt(_) | Step::Resume | Step::Accept(_) => self.court(step),
            Step::Pass(ms) => {
                self.table.pass(ms);
                None
            }
            Step::Restart => {
                self.restart();
                None
            }
        };
    }

    fn order(&mut self, step: Step) -> Option<Result<Answer, Refusal>> {
        match step {
            Step::Goal { collect, repeat } => Some(self.goal(collect, repeat)),
            Step::Freeze { partner, fen } => {
                let partner = ["bank-a", "bank-b", "fund"][usize::from(partner % 3)];
                let act = freeze_of(partner, &format!("9{}", partner.len()), fen);
                Some(self.acts_now(vec![act]))
            }
            Step::ReleasePart { which, fen } => {
                let live: Vec<ActId> = self.book.live().map(|(id, _)| *id).collect();
                let base = Self::picked(&live, which)?;
                let state = &self.table.decider.state;
                let measure = state.measure_by_act(base)?;
                let mut act = on(ActKind::Release, state.partner_of(measure.lane), base);
                act.amount = Some(Money::from_fen(fen.min(measure.limit() / FEN).max(1)));
                Some(self.acts_now(vec![act]))
            }
            _ => None,
        }
    }

    fn partner(&mut self, step: Step) -> Option<Result<Answer, Refusal>> {
        match step {
            Step::Answer { which, how, fen } => {
                let (place, kind, amount) = self.effect(which)?;
                let effect = self.table.effects.remove(place);
                let judged = Judged::Answered(Box::new(outcome_for(kind, how, amount, fen)));
                Some(self.table.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }))
            }
            Step::Doubt(which) => Some(self.end_with(which, Judged::Doubt { cause: Cause::Timeout })),
            Step::NotSent(which) => {
                Some(self.end_with(which, Judged::NotSent { cause: Cause::Connect, retry_after_ms: None }))
            }
            Step::Told { which, how, fen } => Some(self.told(which, how, fen)),
            _ => None,
        }
    }

    fn person(&mut self, step: Step) -> Option<Result<Answer, Refusal>> {
        let (by, reason) = ("judge-1".to_owned(), String::new());
        let command = match step {
            Step::Resolve { which, took, fen } => {
                self.resolve(which, took, fen)?;
                return None;
            }
            Step::Withdraw(which) => {
                Command::Withdraw { act: Self::picked(&self.open_acts(|_| true), which)?, by, reason }
            }
            Step::Stop(which) => Command::Stop { request: self.request(which)?, by, reason },
            Step::Approve(which) => {
                Command::Approve { request: self.request(which)?, by: "judge-2".to_owned(), reason }
            }
            _ => return None,
        };
        Some(self.table.tell(command))
    }

    /// Two people say the same of a doubt.
    fn resolve(&mut self, which: u8, took: bool, fen: i64) -> Option<()> {
        let doubtful = self.open_acts(|act| act.state() == ActState::InDoubt && !act.is_under_way());
        let act = Self::picked(&doubtful, which)?;
        let sum = Money::from_units((fen * FEN).min(self.book.acts[&act].amount));
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
        Some(())
    }

    fn court(&mut self, step: Step) -> Option<Result<Answer, Refusal>> {
        let table = &mut self.table;
        if table.decider.state.cases.is_empty() {
            return None;
        }
        match step {
            Step::Amend(fen) => Some(table.amend(fen)),
            Step::Halt(which) => Some(table.halt(HaltCause::ALL[usize::from(which) % HaltCause::ALL.len()])),
            Step::Resume => Some(table.resume_by("judge-2", true)),
            Step::Accept(which) => {
                let tasks: Vec<u64> = table.decider.state.tasks.keys().copied().collect();
                Some(table.accept(Self::picked(&tasks, which)?, "judge-3"))
            }
            _ => None,
        }
    }

    fn submit_now(&mut self, mut asked: Request) -> Result<Answer, Refusal> {
        // A newer request says what is owed now; here it says the same again, so that only amendments change it.
        let target = self.table.decider.state.cases.iter().next().map(|(_, case)| case.ledger.target);
        asked.case.claim = target.unwrap_or(asked.case.claim);
        self.table.tell(Command::Submit(Box::new(said::submit(self.key, asked))))
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
                && (act.kind == ActKind::Freeze || act.kind.moves_money() || (act.kind == ActKind::Release && !late))
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
        let closed = self.table.closed(act.request);
        let known = self.table.known_of(id);
        let late = said::late(id, closed, known, outcome);
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
        let free =
            book.live().any(|(id, act)| book.releases(*id).next().is_none() && act.limit - book.claimed(*id) >= FEN);
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
