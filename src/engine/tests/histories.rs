//! Random histories of measures: whatever partners say, in whatever order, the books and the calendar agree with what stands.

use std::collections::BTreeSet;

use domain::act::{ActOrder, Original};
use domain::measure::MeasureState;
use domain::outcome::PriorMeasure;
use domain::{Day, MeasureId};
use proptest::prelude::*;
use store::record::{Body, Fact};

use super::*;
use crate::command::{ImportLine, ImportMeasures};

const DAY: i64 = 86_400_000;

#[derive(Clone, Debug)]
enum Step {
    Order(ActKind, u8, i64),
    Import(u8, i64, i32),
    Answer(Verdict, Option<i64>, bool),
    Lose,
    Late(u8, Verdict, Option<i64>),
    Days(i64),
}

fn kind() -> impl Strategy<Value = ActKind> {
    use ActKind::{Deduct, Freeze, Release, Renew, Watch};
    prop_oneof![5 => Just(Freeze), 2 => Just(Renew), 2 => Just(Release), 2 => Just(Deduct), 1 => Just(Watch)]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use Verdict::{Done, HandedBack, Partly, Queued, Refused};
    prop_oneof![6 => Just(Done), 2 => Just(Partly), 2 => Just(Queued), 2 => Just(Refused), 1 => Just(HandedBack)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (kind(), any::<u8>(), 1_i64..40_000).prop_map(|(kind, of, fen)| Step::Order(kind, of, fen)),
        1 => (any::<u8>(), 1_i64..20_000, 0_i32..60).prop_map(|(n, fen, days)| Step::Import(n, fen, days)),
        6 => (verdict(), proptest::option::of(0_i64..60_000), any::<bool>())
            .prop_map(|(verdict, fen, ahead)| Step::Answer(verdict, fen, ahead)),
        1 => Just(Step::Lose),
        2 => (any::<u8>(), verdict(), proptest::option::of(0_i64..60_000))
            .prop_map(|(of, verdict, fen)| Step::Late(of, verdict, fen)),
        3 => prop_oneof![Just(1_i64), 5_i64..40, Just(370)].prop_map(Step::Days),
    ]
}

/// Acts that were ordered, by their ids, with their kinds.
type Ordered = Vec<(domain::ActId, ActKind)>;

impl Table {
    fn any_measure(&self, of: u8) -> Option<MeasureId> {
        let measures: Vec<MeasureId> = self.decider.state.measures.iter().map(|(_, measure)| measure.id()).collect();
        measures.get(usize::from(of).checked_rem(measures.len())?).copied()
    }

    fn try_order(&mut self, key: u64, (kind, of, fen): (ActKind, u8, i64), ordered: &mut Ordered) {
        let base = self.any_measure(of).map(|id| Original {
            act: Some(domain::ActId { sequence: id.sequence, line: id.line }),
            slip: String::new(),
            case_number: Personal::new(String::new()),
        });
        let lasting = kind.is_lasting();
        let amount = (kind != ActKind::Renew && kind != ActKind::Watch && (kind != ActKind::Release || of % 2 == 0))
            .then(|| Money::from_fen(fen));
        let order = ActOrder {
            account: lasting.then(|| Personal::new(format!("62{}", of % 8))),
            amount,
            to: lasting.then(|| Day::of(self.now).plus_days(i32::from(of) % 90)),
            original: base.filter(|_| !lasting),
            ..bare(kind, "bank-a")
        };
        self.bring_papers();
        if let Ok(request) = self.submit(key, Asked::Acts(vec![order])) {
            ordered.push((domain::ActId { sequence: request, line: 0 }, kind));
        }
    }

    fn bring_over(&mut self, n: u8, fen: i64, days: i32) {
        let original =
            Original {
                act: None, slip: format!("FG{n}"), case_number: Personal::new("(2025)浙0225执9号".to_owned())
            };
        let order = ActOrder {
            account: Some(Personal::new(format!("99{n}"))),
            amount: Some(Money::from_fen(fen)),
            to: Some(Day::of(self.now).plus_days(days)),
            original: Some(original),
            ..bare(ActKind::Freeze, "bank-a")
        };
        let (caught, queued) = (Money::from_fen(fen), n.is_multiple_of(5));
        let lines = vec![ImportLine { order, caught, rank: 1, queued, property: None, papers: Vec::new() }];
        let import = ImportMeasures {
            by: "operator".to_owned(),
            court: "330225".to_owned(),
            case_key: (5, 5),
            subjects: vec![77],
            request: Arc::new(request(Asked::Acts(Vec::new()))),
            papers: Vec::new(),
            lines,
        };
        self.tell(Command::ImportMeasures(vec![import])).unwrap();
    }

    /// News about an act of a finished request, as its history has it.
    fn hear_late(&mut self, (act, kind): (domain::ActId, ActKind), outcome: Outcome) {
        if self.decider.state.act_index(act).is_some() {
            return;
        }
        let planned_at =
            |sequence: u64| match self.events.get(usize::try_from(sequence).unwrap()).map(|event| &event.body) {
                Some(Some(store::record::Body::Accepted(body))) => body.plan.first().cloned(),
                Some(Some(store::record::Body::Imported(body))) => body.lines.first().cloned(),
                _ => None,
            };
        let Some(line) = planned_at(act.sequence) else { return };
        let mut told = known(act.sequence, 0, kind);
        let base = line.base.and_then(|base| Some((base, planned_at(base.0)?)));
        told.base = base.map(|(id, line)| crate::command::Planned { id, line, ..told.planned.clone() });
        told.told = self.freeze_told(act, line.amount.unwrap_or(0));
        told.planned.line = line;
        told.moved = self.decider.state.entered_of(act).unwrap_or(0);
        told.state = self.last_said(act);
        let late = said::late(act, self.closed(act.sequence), told, outcome);
        self.tell(Command::LateOutcome(Box::new(late))).unwrap();
    }

    fn last_said(&self, of: domain::ActId) -> ActState {
        let said = self.events.iter().rev().find_map(|event| match &event.fact {
            Fact::OutcomeReceived(fact) if domain::ActId::from(fact.act) == of => Some(fact.state.clone()),
            Fact::ExchangeEnded(fact) if domain::ActId::from(fact.act) == of => Some(fact.state.clone()),
            _ => None,
        });
        said.and_then(|word| ActState::from_word(&word)).unwrap_or(ActState::Unsent)
    }

    /// Limit and catch as the newest word of an effect has them of a freeze.
    fn freeze_told(&self, of: domain::ActId, ordered: i64) -> Option<(i64, i64)> {
        let of_it = |act: store::record::ActRef, state: &str| {
            domain::ActId::from(act) == of && ActState::from_word(state).is_some_and(ActState::took_effect)
        };
        let outcome = self.events.iter().rev().find_map(|event| {
            let told = match &event.fact {
                Fact::OutcomeReceived(fact) => of_it(fact.act, &fact.state),
                Fact::ExchangeEnded(fact) => of_it(fact.act, &fact.state),
                _ => false,
            };
            match &event.body {
                Some(Body::Outcome(outcome)) if told => Some(outcome),
                _ => None,
            }
        })?;
        let limit = outcome.limit.unwrap_or(ordered).max(outcome.caught.unwrap_or(0));
        Some((limit, outcome.caught.unwrap_or(limit)))
    }

    fn hold_true(&self, lapsed: &mut BTreeSet<MeasureId>, (since, ticked): (usize, bool)) {
        let state = &self.decider.state;
        let mut days = BTreeSet::new();
        for (index, measure) in state.measures.iter() {
            let (limit, caught) = (measure.limit(), measure.caught());
            assert!(0 <= caught && caught <= limit, "{:?}: {caught} of {limit}", measure.state());
            if measure.is_live() {
                days.insert((measure.to, index));
            }
            if measure.is_live() && lapsed.remove(&measure.id()) {
                // Something was said since, of this measure or of an act on it.
                let says = |fact: &Fact| {
                    matches!(fact, Fact::OutcomeReceived(_) | Fact::ExchangeEnded(_) | Fact::MeasureChanged(_))
                };
                assert!(self.events.iter().skip(since).any(|event| says(&event.fact)), "it lives again by itself");
            }
            if measure.state() == MeasureState::Lapsed {
                lapsed.insert(measure.id());
            }
        }
        let kept: BTreeSet<(i32, u32)> = state.measures_ending_from((i32::MIN, 0), i32::MAX).collect();
        assert_eq!(kept, days, "the calendar of last days is that of what lives");
        let over = state.measures_ending_before(Day::of(self.now).count()).count();
        let out = state.acts.iter().filter(|(_, act)| act.kind() == ActKind::Renew && act.state().is_open()).count();
        assert!(!ticked || over <= out, "only an unanswered renewal keeps what is over from being told");
        assert!(state.moot.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn books_and_calendar_agree_with_what_stands(steps in proptest::collection::vec(step(), 1..60)) {
        let mut table = Table::with(vec![partner("bank-a")]);
        let (mut ordered, mut lapsed) = (Ordered::new(), BTreeSet::new());
        for (key, step) in (1_u64..).zip(steps) {
            let (since, ticked) = (table.events.len(), matches!(step, Step::Days(_)));
            match step {
                Step::Order(kind, of, fen) => table.try_order(key, (kind, of, fen), &mut ordered),
                Step::Import(n, fen, days) => table.bring_over(n, fen, days),
                Step::Answer(verdict, fen, ahead) if !table.effects.is_empty() => {
                    let ahead = if ahead { vec![prior()] } else { Vec::new() };
                    let sum = fen.map(Money::from_fen);
                    let to = fen.map(|fen| Day::of(table.now).plus_days(i32::try_from(fen % 400).unwrap() - 20));
                    table.answer(Outcome { caught: sum, moved: sum, ahead, to, ..Outcome::of(verdict) });
                }
                Step::Lose if !table.effects.is_empty() => table.end(Judged::Doubt { cause: Cause::Timeout }),
                Step::Late(of, verdict, fen) if !ordered.is_empty() => {
                    let act = ordered[usize::from(of) % ordered.len()];
                    let sum = fen.map(Money::from_fen);
                    table.hear_late(act, Outcome { caught: sum, moved: sum, ..Outcome::of(verdict) });
                }
                Step::Days(days) => {
                    table.pass(days * DAY);
                    // Asking about a doubt ends nothing here; whatever is over is told with this tick or the next.
                    table.pass(1_000);
                }
                _ => {}
            }
            table.hold_true(&mut lapsed, (since, ticked));
        }
        let mut again = State::default();
        for (sequence, event) in (0..).zip(&table.events) {
            again.fold(sequence, event);
        }
        prop_assert_eq!(again.digest(), table.decider.state.digest());
        let mut bytes = Vec::new();
        again.write_record(&mut bytes).unwrap();
        let read = State::read_record(&bytes).unwrap();
        prop_assert!(read.measures_ending_from((i32::MIN, 0), i32::MAX).eq(again.measures_ending_from((i32::MIN, 0), i32::MAX)));
    }
}

fn prior() -> PriorMeasure {
    PriorMeasure {
        organ: Personal::new("某法院".to_owned()),
        paper: Personal::new("(2026)浙0203执7号".to_owned()),
        amount: None,
        to: None,
    }
}

impl Table {
    /// What the history of a finished request tells of an act, as the runtime would read it.
    pub(super) fn known_of(&self, act: domain::ActId) -> crate::command::KnownAct {
        let planned = |id: domain::ActId| {
            let body = self.events[usize::try_from(id.sequence).unwrap()].body.as_ref().unwrap();
            body.plan()[id.line as usize].clone()
        };
        let line = planned(act);
        let mut told = known(act.sequence, act.line, ActKind::from_code(line.kind).unwrap());
        told.base = line.base.map(|base| crate::command::Planned {
            id: base,
            line: planned(base.into()),
            ..told.planned.clone()
        });
        told.told = self.freeze_told(act, line.amount.unwrap_or(0));
        told.planned.line = line;
        told.moved = self.decider.state.entered_of(act).unwrap_or(0);
        told.state = self.last_said(act);
        told
    }
}
