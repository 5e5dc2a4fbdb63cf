//! The same words about one freeze, while all its requests are open and when each of them is over: what stands is the same.

use domain::act::ActOrder;
use domain::socket::FeedbackItem;
use domain::{ActId, Day, SlipLine};
use proptest::prelude::*;

use super::giving_back::sum;
use super::kinds::at;
use super::ledger::freeze_of;
use super::simulated::{on, order};
use super::*;

const OWN: i32 = 200;

fn day(days: i32) -> Day {
    Day::of(START).plus_days(days)
}

#[derive(Clone, Debug)]
enum Step {
    /// Something ordered on the freeze, and its first word.
    Order(ActKind, i64, Word),
    /// Another word about what was ordered before.
    Again(u8, Word),
    /// Whoever has nothing open is restarted.
    Restart,
}

/// What a bank says: done or not, with sums in fen.
#[derive(Clone, Copy, Debug)]
struct Word {
    effect: bool,
    /// Of a freeze: it waits behind others.
    queued: bool,
    limit: i64,
    held: i64,
}

fn word() -> impl Strategy<Value = Word> {
    let sums = prop_oneof![3 => Just((50_000, 50_000)), 1 => (1_i64..90_000).prop_map(|fen| (fen, fen)), 1 => (0_i64..50_000).prop_map(|fen| (50_000, fen))];
    let weighted = proptest::bool::weighted;
    let said = (weighted(0.7), weighted(0.1), sums);
    said.prop_map(|(effect, queued, (limit, held))| Word { effect, queued, limit, held })
}

fn step() -> impl Strategy<Value = Step> {
    use ActKind::{Deduct, Release, Renew};
    let kind = prop_oneof![2 => Just(Deduct), 3 => Just(Release), 1 => Just(Renew)];
    let fen = prop_oneof![2 => Just(0_i64), 3 => 1_i64..50_000];
    prop_oneof![
        2 => (kind, fen, word()).prop_map(|(kind, fen, word)| Step::Order(kind, fen, word)),
        4 => (any::<u8>(), word()).prop_map(|(which, word)| Step::Again(which, word)),
        1 => Just(Step::Restart),
    ]
}

/// One act in both tables.
struct Ordered {
    kind: ActKind,
    fen: i64,
    to: Day,
    moved: i64,
    open: ActId,
    over: ActId,
}

struct Twins {
    open: Table,
    over: Table,
    acts: Vec<Ordered>,
    said: u64,
}

impl Twins {
    fn new() -> Self {
        let table = || Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
        let mut twins = Self { open: table(), over: table(), acts: Vec::new(), said: 0 };
        let freeze = |_: ActId| ActOrder { to: Some(day(OWN)), ..freeze_of("bank", "62", 50_000) };
        twins.order(ActKind::Freeze, 50_000, Word { effect: true, queued: false, limit: 50_000, held: 50_000 }, freeze);
        twins
    }

    fn order(&mut self, kind: ActKind, fen: i64, word: Word, act: impl Fn(ActId) -> ActOrder) {
        let nobody = ActId { sequence: 0, line: 0 };
        let (first_open, first_over) = self.acts.first().map_or((nobody, nobody), |first| (first.open, first.over));
        let key = u64::try_from(self.acts.len()).unwrap() + 1_000 * (self.said + 1);
        let query = order(ActKind::Query, "fund");
        let open = self.open.submit(key, Asked::Acts(vec![act(first_open), query]));
        let over = self.over.submit(key, Asked::Acts(vec![act(first_over)]));
        assert_eq!(open.is_ok(), over.is_ok(), "{open:?} {over:?}");
        let (Ok(open), Ok(over)) = (open, over) else { return };
        let act = act(nobody);
        let id = |sequence| ActId { sequence, line: 0 };
        let to = act.to.unwrap_or(day(OWN));
        let mut ordered = Ordered { kind, fen, to, moved: 0, open: id(open), over: id(over) };
        let outcome = self.outcome(&mut ordered, word);
        for table in [&mut self.open, &mut self.over] {
            table.says("bank", kind, outcome.clone());
        }
        assert!(self.over.decider.state.requests.is_empty(), "over");
        self.acts.push(ordered);
    }

    /// Each word is a new one; of money more may be told, because less is not followed once all is over.
    fn outcome(&mut self, act: &mut Ordered, word: Word) -> Outcome {
        self.said += 1;
        let text = Some(Personal::from(format!("第{}次", self.said).as_str()));
        let all = if act.kind == ActKind::Deduct { word.effect || act.moved > 0 } else { word.effect };
        let verdict = if all { Verdict::Done } else { Verdict::Refused };
        let outcome = Outcome { text, ..Outcome::of(verdict) };
        match act.kind {
            _ if !all => outcome,
            ActKind::Freeze if word.queued => Outcome {
                limit: Some(Money::from_fen(word.limit)),
                caught: Some(Money::ZERO),
                ..Outcome::of(Verdict::Queued)
            },
            ActKind::Freeze => Outcome {
                limit: Some(Money::from_fen(word.limit)),
                caught: Some(Money::from_fen(word.held)),
                to: Some(day(OWN)),
                ..outcome
            },
            ActKind::Deduct => {
                act.moved = act.moved.max(act.fen.min(word.held)).max(1);
                Outcome { moved: Some(Money::from_fen(act.moved)), ..outcome }
            }
            ActKind::Renew => Outcome { to: Some(act.to), ..outcome },
            _ => outcome,
        }
    }

    fn again(&mut self, which: u8, word: Word) {
        let place = usize::from(which) % self.acts.len();
        let mut act = self.acts.remove(place);
        let outcome = self.outcome(&mut act, word);
        let state = &self.open.decider.state;
        let key: SlipLine = state.acts.get(state.act_index(act.open).unwrap()).unwrap().slip_line();
        let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome.clone()) };
        self.open.tell(Command::Feedback { partner: "bank".to_owned(), way: "callback", items: vec![item] }).unwrap();
        self.over.told_late(act.over, outcome);
        self.acts.insert(place, act);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Again(which, word) => self.again(which, word),
            Step::Restart => {
                let mut bytes = Vec::new();
                self.over.decider.state.write_record(&mut bytes).unwrap();
                self.over.decider.state = State::read_record(&bytes).unwrap();
            }
            Step::Order(kind, fen, word) => {
                let to = day(OWN + 1 + i32::try_from(fen % 100).unwrap());
                let of = move |freeze: ActId| match kind {
                    ActKind::Renew => ActOrder { to: Some(to), ..on(kind, "bank", freeze) },
                    ActKind::Release if fen == 0 => on(kind, "bank", freeze),
                    _ => sum(kind, "bank", freeze, fen.max(1)),
                };
                self.order(kind, fen, word, of);
            }
        }
    }

    fn alike(&self) {
        let stands = |table: &Table, freeze: ActId| {
            let found = table.decider.state.measure_by_act(freeze).filter(|found| found.is_live())?;
            Some((found.state(), found.limit(), found.caught(), found.to - day(0).count()))
        };
        let freeze = self.acts.first().unwrap();
        let sums = |table: &Table| {
            let ledger = table.ledger();
            (ledger.exposure, ledger.controlled, ledger.deducted, ledger.deducting)
        };
        assert_eq!(stands(&self.over, freeze.over), stands(&self.open, freeze.open), "over, open");
        assert_eq!(sums(&self.over), sums(&self.open), "over, open");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_stands_does_not_ask_whether_its_requests_are_over(steps in proptest::collection::vec(step(), 1..14)) {
        let mut twins = Twins::new();
        for step in steps {
            twins.take(step);
            twins.alike();
        }
        twins.over.fold_again();
    }
}
