//! Money that its partner denies when the request is over: it counts until two persons have settled it.

use domain::task::TaskKind;
use domain::{ActId, RequestId};
use store::record::Fact;

use super::*;
use crate::command::LateResolution;

/// A whole collect of 1,000.00 yuan whose deduction the bank denies afterwards: request and deduction.
fn denied() -> (Table, u64, ActId) {
    let mut table = whole_collect();
    let history = table.history();
    let (_, deduct) = history.acts.iter().find(|(_, act)| act.kind() == ActKind::Deduct).unwrap();
    let (id, request) = (deduct.id(), history.requests.iter().next().unwrap().1.sequence);
    let mut known = known(id.sequence, id.line, ActKind::Deduct);
    known.moved = Money::from_fen(100_000).units();
    known.planned.line.amount = Some(known.moved);
    let closed = said::closed(request, table.case().0);
    let refused = said::late(id, closed, known, Outcome::of(Verdict::Refused));
    table.tell(Command::LateOutcome(Box::new(refused))).unwrap();
    assert_eq!(table.ledger().deducted, Money::from_fen(100_000), "it counts until people have settled it");
    assert_eq!(table.denials(), 1);
    (table, request, id)
}

impl Table {
    /// What a request's own events tell, as the runtime reads it of a finished one.
    fn history(&self) -> State {
        let mut state = State::default();
        let own = (0..).zip(&self.events).filter(|(_, event)| !matches!(event.fact, Fact::RequestFinished(_)));
        own.for_each(|(sequence, event)| state.fold(sequence, event));
        state
    }

    fn denials(&self) -> usize {
        self.tasks_beside_notices().filter(|task| task.kind() == TaskKind::NewsContradicts).count()
    }

    fn say_late(&mut self, (request, id): (u64, ActId), by: &str, fen: Option<i64>) -> Result<Answer, Refusal> {
        let history = self.history();
        assert!(history.request_index(RequestId(request)).is_some());
        let act = history.acts.get(history.act_index(id).unwrap()).unwrap().clone();
        let late = LateResolution {
            moved: history.moved_by(id),
            act,
            by: by.to_owned(),
            took_effect: fen.is_some(),
            amount: fen.map(Money::from_fen),
            document: "sha256:paper".to_owned(),
            reason: "银行书面答复".to_owned(),
            slot: 1,
            has_callback: false,
            closed: said::closed(request, self.case().0),
        };
        self.tell(Command::ResolveLate(Box::new(late)))
    }
}

#[test]
fn what_two_persons_find_not_to_have_moved_is_owed_again_and_its_freeze_stands() {
    let (mut table, request, id) = denied();
    let of = (request, id);
    table.say_late(of, "judge-1", None).unwrap();
    assert_eq!(table.ledger().deducted, Money::from_fen(100_000), "one is not enough");
    assert!(matches!(table.say_late(of, "judge-1", None), Err(Refusal::SamePerson)));
    // Another word takes the place of the first, and waits for another person.
    table.say_late(of, "judge-2", Some(30_000)).unwrap();
    table.say_late(of, "judge-1", None).unwrap();
    assert_eq!(table.ledger().deducted, Money::from_fen(100_000));
    table.say_late(of, "judge-2", None).unwrap();
    let ledger = table.ledger();
    assert_eq!((ledger.deducted, ledger.controlled), (Money::ZERO, Money::from_fen(100_000)));
    assert_eq!(table.denials(), 0, "the task ends with it");
    assert!(matches!(table.say_late(of, "judge-1", None), Err(Refusal::WrongState { .. })), "it is settled");
    table.fold_again();
}

#[test]
fn a_part_that_moved_stays_counted_and_all_of_it_where_the_denial_was_wrong() {
    for (fen, held) in [(40_000, 60_000), (100_000, 0)] {
        let (mut table, request, id) = denied();
        for by in ["judge-1", "judge-2"] {
            table.say_late((request, id), by, Some(fen)).unwrap();
        }
        let ledger = table.ledger();
        assert_eq!((ledger.deducted, ledger.controlled), (Money::from_fen(fen), Money::from_fen(held)));
        assert_eq!(table.denials(), 0);
        table.fold_again();
    }
}

#[test]
fn more_than_is_counted_or_nothing_that_took_effect_settles_nothing() {
    let (mut table, request, id) = denied();
    for fen in [0, 100_001] {
        let told = table.say_late((request, id), "judge-1", Some(fen));
        assert!(matches!(told, Err(Refusal::OutOfBounds { at: "/amount", .. })), "{fen}");
    }
}
