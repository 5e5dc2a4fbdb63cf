//! What is used up or let go is remembered as it was known: late word that denies it lets the same measure stand again, under its own
//! name. And nothing is let go twice.

use domain::act::ActOrder;
use domain::measure::MeasureState;
use domain::task::TaskKind;
use domain::{ActId, Day};

use super::giving_back::sum;
use super::kinds::at;
use super::ledger::freeze_of;
use super::simulated::{on, order};
use super::*;

const OWN: i32 = 200;

fn day(days: i32) -> Day {
    Day::of(START).plus_days(days)
}

fn refused() -> Outcome {
    Outcome::of(Verdict::Refused).because(domain::outcome::Reason::Other, "")
}

fn again(text: &str, outcome: Outcome) -> Outcome {
    Outcome { text: Some(Personal::from(text)), ..outcome }
}

fn told(limit: i64, held: i64) -> Outcome {
    Outcome { limit: Some(Money::from_fen(limit)), to: Some(day(OWN)), ..caught(held) }
}

/// A freeze of 500.00 in a request that is finished, told as `answer` has it.
fn frozen(answer: Outcome) -> (Table, ActId) {
    let mut table = Table::with(vec![at("bank", PartnerKind::Bank), at("fund", PartnerKind::HousingFund)]);
    table.acts(1, vec![ActOrder { to: Some(day(OWN)), ..freeze_of("bank", "62", 50_000) }]);
    let freeze = table.effects[0].act;
    table.says("bank", ActKind::Freeze, answer);
    (table, freeze)
}

impl Table {
    fn done(&mut self, key: u64, act: ActOrder, outcome: Outcome) -> ActId {
        let kind = act.kind;
        self.acts(key, vec![act]);
        let act = self.effects[0].act;
        self.says("bank", kind, outcome);
        act
    }

    fn released(&mut self, key: u64, freeze: ActId) -> ActId {
        let release = self.done(key, on(ActKind::Release, "bank", freeze), Outcome::of(Verdict::Done));
        assert!(self.decider.state.requests.is_empty() && self.decider.state.measures.is_empty(), "gone");
        release
    }

    /// State, limit and catch in fen, and in how many days it ends, of what an act made.
    fn made(&self, act: ActId) -> Option<(MeasureState, i64, i64, i32)> {
        let found = self.decider.state.measure_by_act(act)?;
        Some((found.state(), found.limit() / 100, found.caught() / 100, found.to - day(0).count()))
    }

    fn contradictions(&self) -> usize {
        self.decider.state.tasks.values().filter(|task| task.kind() == TaskKind::NewsContradicts).count()
    }

    fn restarted(&mut self) {
        let mut bytes = Vec::new();
        self.decider.state.write_record(&mut bytes).unwrap();
        let read = State::read_record(&bytes).unwrap();
        assert_eq!(read.digest(), self.decider.state.digest());
        self.decider.state = read;
    }
}

/// Before the whole release: what was done with the freeze, and how it stood.
type Before = fn(&mut Table, ActId);

#[test]
fn a_whole_release_that_is_denied_late_leaves_the_freeze_as_it_was_known() {
    let nothing: Before = |_, _| {};
    let let_go: Before = |table, freeze| {
        table.done(2, sum(ActKind::Release, "bank", freeze, 20_000), Outcome::of(Verdict::Done));
    };
    let deducted: Before = |table, freeze| {
        table.done(2, sum(ActKind::Deduct, "bank", freeze, 10_000), moved(10_000));
    };
    let renewed: Before = |table, freeze| {
        let until = Outcome { to: Some(day(300)), ..Outcome::of(Verdict::Done) };
        table.done(2, ActOrder { to: Some(day(300)), ..on(ActKind::Renew, "bank", freeze) }, until);
    };
    for (answer, before, stands) in [
        (told(50_000, 50_000), nothing, (50_000, 50_000, OWN)),
        (told(50_000, 50_000), let_go, (30_000, 30_000, OWN)),
        (told(50_000, 50_000), deducted, (40_000, 40_000, OWN)),
        (told(70_000, 70_000), nothing, (70_000, 70_000, OWN)),
        (told(50_000, 20_000), nothing, (50_000, 20_000, OWN)),
        (told(50_000, 50_000), renewed, (50_000, 50_000, 300)),
    ] {
        let (mut table, freeze) = frozen(answer);
        before(&mut table, freeze);
        let release = table.released(3, freeze);
        let was_above = table.decider.state.ordered_less.len();
        table.restarted();
        table.told_late(release, refused());
        let (limit, caught, to) = stands;
        let expected = Some((MeasureState::InForce, limit, caught, to));
        assert_eq!(table.made(freeze), expected);
        assert_eq!(
            (table.ledger().exposure, table.ledger().controlled),
            (Money::from_fen(limit), Money::from_fen(caught))
        );
        assert_eq!((table.contradictions(), table.decider.state.ordered_less.len()), (1, was_above));
        assert!(table.decider.state.measures.iter().all(|(_, measure)| !measure.imported), "it is the same");
        table.told_late(release, again("仍未解除", refused()));
        assert_eq!(table.made(freeze), expected, "told twice is once");
        table.told_late(release, again("确已解除", Outcome::of(Verdict::Done)));
        assert_eq!(table.made(freeze), None, "let go after all");
        table.told_late(release, again("核实后未解除", refused()));
        assert_eq!(table.made(freeze), expected);
        table.fold_again();
    }
}

#[test]
fn what_stands_again_is_named_by_the_act_that_made_it() {
    let (mut table, freeze) = frozen(told(50_000, 50_000));
    let release = table.released(2, freeze);
    table.told_late(release, refused());
    table.done(3, sum(ActKind::Deduct, "bank", freeze, 20_000), moved(20_000));
    assert_eq!(table.made(freeze), Some((MeasureState::InForce, 30_000, 30_000, OWN)));
    table.released(4, freeze);
    // Also one that stands under another id, because nothing was left to remember of it.
    let (mut table, freeze) = frozen(refused());
    table.told_late(freeze, told(50_000, 50_000));
    assert_eq!(table.made(freeze), Some((MeasureState::InForce, 50_000, 50_000, OWN)));
    table.restarted();
    table.done(3, sum(ActKind::Deduct, "bank", freeze, 20_000), moved(20_000));
    let release = table.released(4, freeze);
    table.told_late(release, refused());
    assert_eq!(table.made(freeze), Some((MeasureState::InForce, 30_000, 30_000, OWN)));
    table.told_late(freeze, again("更正", refused()));
    table.told_late(freeze, again("核实后", told(50_000, 50_000)));
    assert_eq!(table.made(freeze), Some((MeasureState::InForce, 30_000, 30_000, OWN)));
    assert_eq!(table.ledger().exposure, Money::from_fen(30_000));
    table.fold_again();
}

#[test]
fn money_told_of_while_its_freeze_is_gone_is_moved_out_of_what_stands_again() {
    let (mut table, freeze) = frozen(told(50_000, 50_000));
    let deduct = table.done(2, sum(ActKind::Deduct, "bank", freeze, 20_000), refused());
    let release = table.released(3, freeze);
    table.told_late(deduct, moved(20_000));
    assert_eq!(table.made(freeze), None);
    table.told_late(release, refused());
    assert_eq!(table.made(freeze), Some((MeasureState::InForce, 30_000, 30_000, OWN)));
    table.fold_again();
}

#[test]
fn what_would_be_over_by_now_does_not_stand_again_and_is_forgotten() {
    let (mut table, freeze) = frozen(told(50_000, 50_000));
    let release = table.released(2, freeze);
    table.pass(i64::from(OWN + 1) * 86_400_000);
    table.told_late(release, refused());
    assert_eq!((table.made(freeze), table.contradictions()), (None, 1), "people are told all the same");
    table.bring_papers();
    let (_, other) = (table.acts(3, vec![freeze_of("bank", "63", 10_000)]), table.effects[0].act);
    table.says("bank", ActKind::Freeze, caught(10_000));
    let release = ActOrder { account: None, ..on(ActKind::Release, "bank", other) };
    table.done(4, release, Outcome::of(Verdict::Done));
    assert!(table.decider.state.gone(freeze.into()).is_none() && table.decider.state.gone(other.into()).is_some());
    table.fold_again();
}

fn gone_at(pointer: &str) -> Refusal {
    Refusal::OriginalGone { at: pointer.to_owned() }
}

#[test]
fn nothing_is_let_go_twice_and_no_more_than_there_is() {
    let (mut table, freeze) = frozen(told(50_000, 50_000));
    let whole = || on(ActKind::Release, "bank", freeze);
    let part = |fen| sum(ActKind::Release, "bank", freeze, fen);
    let original = Err(gone_at("/acts/1/original"));
    assert_eq!(table.submit(2, Asked::Acts(vec![whole(), whole()])), original, "in one request");
    assert_eq!(table.submit(3, Asked::Acts(vec![whole(), part(1)])), original);
    let broken = |told: Result<u64, Refusal>| matches!(told, Err(Refusal::Rules(broken)) if broken[0].rule.id == "D7");
    assert!(broken(table.submit(4, Asked::Acts(vec![part(30_000), part(20_001)]))));
    table.acts(5, vec![part(30_000), order(ActKind::Query, "fund")]);
    assert!(broken(table.submit(6, Asked::Acts(vec![part(20_001)]))), "in two");
    table.acts(7, vec![part(10_000)]);
    table.acts(8, vec![whole()]);
    let original = Err(gone_at("/acts/0/original"));
    for act in [whole(), part(1), ActOrder { to: Some(day(300)), ..on(ActKind::Renew, "bank", freeze) }] {
        assert_eq!(table.submit(9, Asked::Acts(vec![act])), original);
    }
    // What came to nothing may be ordered again.
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    table.says("bank", ActKind::Release, refused());
    assert_eq!(table.made(freeze), Some((MeasureState::InForce, 10_000, 10_000, OWN)));
    table.done(10, whole(), Outcome::of(Verdict::Done));
    // The request of the part is open, so the freeze is in memory, and nothing is left of it.
    assert_eq!(table.made(freeze).map(|made| made.0), Some(MeasureState::Ended));
    assert_eq!(table.submit(11, Asked::Acts(vec![whole()])), original);
    table.fold_again();
}

#[test]
fn a_renewal_of_what_was_let_go_meanwhile_is_not_sent_or_is_a_persons() {
    let renew = |freeze| ActOrder { to: Some(day(300)), ..on(ActKind::Renew, "bank", freeze) };
    let (mut table, freeze) = frozen(told(50_000, 50_000));
    table.acts(2, vec![renew(freeze)]);
    let renewal = table.effects.remove(0);
    table.tell(Command::Ended { exchange: renewal.exchange, act: renewal.act, judged: Judged::Accepted }).unwrap();
    table.done(3, on(ActKind::Release, "bank", freeze), Outcome::of(Verdict::Done));
    assert_eq!(table.contradictions(), 0);
    table.feeds_back("bank", ActKind::Renew, Outcome { to: Some(day(300)), ..Outcome::of(Verdict::Done) });
    assert_eq!(table.contradictions(), 1, "done, though nothing was left: somebody errs");
    assert_eq!((table.ledger().exposure, table.made(freeze)), (Money::ZERO, None), "and nothing stands by it");
    table.fold_again();
}

#[test]
fn a_renewal_that_waits_behind_a_whole_release_is_taken_back_when_that_is_done() {
    let (mut table, freeze) = frozen(told(50_000, 50_000));
    let scope = domain::stop::StopScope::of_kinds(&[ActKind::Renew]).unwrap();
    let (by, reason) = ("operator".to_owned(), "核对".to_owned());
    let stop = crate::command::OrderStop { scope, by, court: None, reason };
    table.tell(Command::OrderStop(Box::new(stop))).unwrap();
    let renewal = table.acts(2, vec![ActOrder { to: Some(day(300)), ..on(ActKind::Renew, "bank", freeze) }]);
    table.done(3, on(ActKind::Release, "bank", freeze), Outcome::of(Verdict::Done));
    assert!(table.decider.state.requests.is_empty(), "its request is over");
    let withdrawn =
        |event: &Event| matches!(&event.fact, store::record::Fact::ActWithdrawn(fact) if fact.act.0 == renewal);
    assert!(table.events.iter().any(withdrawn));
    assert_eq!(table.contradictions(), 0);
    table.fold_again();
}
