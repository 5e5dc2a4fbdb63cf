//! Two people settle a doubt with the partner's paper: all of it, a part, or nothing.

use super::simulated::order;
use super::*;

/// A freeze of 100.00 yuan in doubt, or a deduction of it.
fn doubtful(kind: ActKind) -> (Table, domain::ActId) {
    let mut bank = partner("bank-a");
    bank.doubt.can_be_asked = false;
    let mut table = Table::with(vec![bank]);
    if kind == ActKind::Deduct {
        table.submit_goal(Goal::Collect, 10_000);
        table.answer(found(10_000));
        table.answer(caught(10_000));
    } else {
        table.acts(1, vec![order(kind, "bank-a")]);
    }
    let act = table.effects.first().unwrap().act;
    table.end(Judged::Doubt { cause: Cause::Timeout });
    (table, act)
}

impl Table {
    fn submit_goal(&mut self, goal: Goal, claim_fen: i64) {
        let mut asked = request(Asked::Goal { goal, subjects: vec![0], scope: Scope::default() });
        asked.case.claim = Money::from_fen(claim_fen);
        self.hand_in(said::submit(1, asked)).unwrap();
    }

    fn confirm(&mut self, act: domain::ActId, took_effect: bool, fen: Option<i64>) -> Result<(), Refusal> {
        for by in ["judge-1", "judge-2"] {
            self.tell(Command::Resolve {
                act,
                by: by.to_owned(),
                took_effect,
                amount: fen.map(Money::from_fen),
                document: "sha256:paper".to_owned(),
                reason: "银行书面答复".to_owned(),
            })?;
        }
        Ok(())
    }

    /// The state that the last confirmed word brought, and its sum in fen.
    fn confirmed(&self) -> Option<(String, Option<i64>)> {
        self.events.iter().rev().find_map(|event| match (&event.fact, &event.body) {
            (store::record::Fact::ActResolved(fact), Some(store::record::Body::Reason(body))) => {
                Some((fact.state.clone(), body.amount.map(|units| units / 100)))
            }
            _ => None,
        })
    }
}

#[test]
fn a_part_of_the_sum_is_a_part() {
    for (kind, fen, state) in [
        (ActKind::Freeze, Some(1_000), "partly"),
        (ActKind::Freeze, Some(0), "partly"),
        (ActKind::Freeze, Some(10_000), "done"),
        (ActKind::Freeze, None, "done"),
        (ActKind::Deduct, Some(1_250), "partly"),
        (ActKind::Deduct, Some(10_000), "done"),
        (ActKind::Deduct, None, "done"),
    ] {
        let (mut table, act) = doubtful(kind);
        table.confirm(act, true, fen).unwrap();
        assert_eq!(table.confirmed(), Some((state.to_owned(), fen)), "{kind:?} {fen:?}");
        let (ledger, sum) = (table.ledger(), Money::from_fen(fen.unwrap_or(10_000)));
        if kind == ActKind::Freeze {
            assert_eq!((ledger.exposure, ledger.controlled), (Money::from_fen(10_000), sum), "{fen:?}");
        } else {
            assert_eq!((ledger.deducted, ledger.deducting, ledger.in_doubt), (sum, Money::ZERO, Money::ZERO));
            assert_eq!(ledger.controlled, Money::from_fen(10_000).minus(sum), "the rest is still held");
        }
    }
}

#[test]
fn what_contradicts_itself_settles_nothing() {
    for (kind, took_effect, fen) in [
        (ActKind::Freeze, false, 1_000),
        (ActKind::Deduct, false, 1_000),
        (ActKind::Deduct, true, 0),
        (ActKind::Deduct, true, 10_001),
    ] {
        let (mut table, act) = doubtful(kind);
        let told = table.confirm(act, took_effect, Some(fen));
        assert!(matches!(told, Err(Refusal::OutOfBounds { at: "/amount", .. })), "{kind:?} {took_effect} {fen}");
        assert_eq!(table.state_of(act), ActState::InDoubt);
        // Nothing is what no sum says.
        table.confirm(act, false, Some(0)).unwrap();
        assert_eq!(table.confirmed(), Some(("unsent".to_owned(), None)));
    }
}
