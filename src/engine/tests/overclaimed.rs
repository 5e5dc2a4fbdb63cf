//! A freeze is told smaller, queued or gone while deductions out of it wait: nothing leaves that it does not hold (rule D20).

use domain::ActId;
use domain::socket::FeedbackItem;

use super::simulated::on;
use super::*;
use crate::config::ApprovalRule;

/// Deductions wait for another person.
pub(super) fn approved_by_another(table: &mut Table) {
    let rule = ApprovalRule { kinds: vec![ActKind::Deduct], from: Money::ZERO, persons: 1 };
    table.with_policy(|court| court.approvals = vec![rule]);
}

/// A goal whose freeze holds 600.00 yuan, and whose deduction waits for approval; request and freeze.
fn waits() -> (Table, u64, ActId) {
    let mut table = Table::with(vec![partner("bank-a")]);
    approved_by_another(&mut table);
    let request = table.collect(1);
    table.answer(found(60_000));
    table.answer(caught(60_000));
    assert_eq!(table.sums(ActKind::Deduct), [(ActState::Planned, 60_000)]);
    let freeze = table.decider.state.acts.iter().find(|(_, act)| act.kind() == ActKind::Freeze).unwrap().1.id();
    (table, request, freeze)
}

impl Table {
    /// The acts of a kind: state and sum in fen.
    pub(super) fn sums(&self, kind: ActKind) -> Vec<(ActState, i64)> {
        let acts = self.decider.state.acts.iter().map(|(_, act)| act);
        acts.filter(|act| act.kind() == kind).map(|act| (act.state(), act.amount / 100)).collect()
    }

    pub(super) fn tell_of(&mut self, act: ActId, outcome: Outcome) {
        let index = self.decider.state.act_index(act).unwrap();
        let key = self.decider.state.acts.get(index).unwrap().slip_line();
        let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome) };
        let told = self.tell(Command::Feedback { partner: "bank-a".to_owned(), way: "callback", items: vec![item] });
        let Ok(Answer::Verdicts(verdicts)) = told else { panic!("feedback is answered with verdicts") };
        assert_eq!(verdicts[0].1, Ok(()));
    }

    pub(super) fn approve(&mut self, request: u64) -> Result<Answer, Refusal> {
        let (request, by) = (domain::RequestId(request), "president".to_owned());
        self.tell(Command::Approve { request, by, reason: String::new() })
    }
}

#[test]
fn a_freeze_that_came_to_nothing_takes_its_unsent_deduction_with_it() {
    let queued = Outcome { caught: Some(Money::ZERO), ..Outcome::of(Verdict::Queued) };
    for word in [Outcome::of(Verdict::Refused), queued, Outcome::of(Verdict::HandedBack)] {
        let (mut table, request, freeze) = waits();
        let verdict = word.verdict;
        table.tell_of(freeze, word);
        assert!(table.sums(ActKind::Deduct).iter().all(|(state, _)| *state == ActState::Withdrawn), "{verdict:?}");
        let _finished = table.approve(request);
        assert!(table.effects.is_empty(), "{verdict:?}: nothing is taken that is not held");
        assert_eq!(table.ledger().deducting, Money::ZERO);
    }
}

#[test]
fn out_of_a_freeze_that_was_told_smaller_only_what_it_holds_is_taken() {
    let (mut table, request, freeze) = waits();
    table.tell_of(freeze, caught(20_000));
    assert_eq!(table.sums(ActKind::Deduct), [(ActState::Withdrawn, 60_000), (ActState::Planned, 20_000)]);
    table.approve(request).unwrap();
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 20_000)]);
    let taken_back = table.events.iter().find_map(|event| match &event.body {
        Some(store::record::Body::Reason(body)) if event.fact.name() == "act.withdrawn" => Some(body.reason.clone()),
        _ => None,
    });
    assert!(taken_back.unwrap().starts_with("D20"), "with the reason");
    // What has left stays, whatever is told then.
    table.tell_of(freeze, caught(5_000));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 20_000)]);
}

#[test]
fn a_deduction_that_comes_back_unsent_is_held_to_what_its_freeze_was_told_meanwhile() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.collect(1);
    table.answer(found(60_000));
    let freeze = table.effects.first().unwrap().act;
    table.answer(caught(60_000));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 60_000)]);
    table.tell_of(freeze, caught(20_000));
    table.end(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    table.pass(60_000);
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 20_000)]);
}

#[test]
fn of_several_deductions_the_newest_goes_until_the_rest_fits() {
    let mut table = Table::with(vec![partner("bank-a")]);
    approved_by_another(&mut table);
    let freeze = ActId { sequence: table.acts(1, vec![super::ledger::freeze_of("bank-a", "62", 60_000)]), line: 0 };
    table.answer(caught(60_000));
    let deduct = |fen| ActOrder { amount: Some(Money::from_fen(fen)), ..on(ActKind::Deduct, "bank-a", freeze) };
    table.acts(2, vec![deduct(30_000), deduct(10_000)]);
    table.acts(3, vec![deduct(20_000)]);
    // The freeze's own request is finished: this comes as late news.
    let mut known = known(freeze.sequence, freeze.line, ActKind::Freeze);
    known.planned.line.amount = Some(Money::from_fen(60_000).units());
    let closed = said::closed(freeze.sequence, table.case().0);
    table.tell(Command::LateOutcome(Box::new(said::late(freeze, closed, known, caught(45_000))))).unwrap();
    assert_eq!(table.sums(ActKind::Deduct), [(ActState::Planned, 30_000), (ActState::Planned, 10_000)]);
    assert_eq!(table.ledger().deducting, Money::from_fen(40_000));
}

#[test]
fn a_deadline_that_leaves_an_order_unsent_is_told_though_the_request_ends_with_it() {
    let mut table = Table::with(vec![partner("bank-a")]);
    approved_by_another(&mut table);
    let scope = Scope::default();
    let mut asked = request(Asked::Goal { goal: Goal::Collect, subjects: vec![0], scope });
    asked.deadline = Some(START + 5_000);
    table.hand_in(said::submit(1, asked)).unwrap();
    table.answer(found(60_000));
    table.answer(caught(60_000));
    assert_eq!(table.sums(ActKind::Deduct), [(ActState::Planned, 60_000)]);
    table.pass(6_000);
    assert!(table.decider.state.requests.is_empty(), "it ended");
    let told = table.tasks_beside_notices().filter(|task| task.kind() == domain::task::TaskKind::DeadlinePassed);
    assert_eq!(told.count(), 1);
}

#[test]
fn what_a_freeze_is_told_to_hold_beside_what_was_taken_is_taken_too() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.collect(1);
    table.answer(found(60_000));
    let freeze = table.effects.first().unwrap().act;
    table.answer(Outcome { limit: Some(Money::from_fen(60_000)), ..caught(30_000) });
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 30_000)]);
    table.tell_of(freeze, caught(60_000));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 30_000)], "one after the other");
    table.answer(moved(30_000));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 30_000)], "for the growth");
    table.answer(moved(30_000));
    assert!(table.effects.is_empty() && table.decider.state.requests.is_empty(), "and never again");
    let ledger = table.ledger();
    assert_eq!((ledger.deducted, ledger.controlled), (Money::from_fen(60_000), Money::ZERO));
}

#[test]
fn what_was_not_taken_whole_is_not_asked_for_again_though_its_freeze_grew() {
    for word in [super::ledger::moved_in_part(10_000), Outcome::of(Verdict::Refused)] {
        let mut table = Table::with(vec![partner("bank-a")]);
        table.collect(1);
        table.answer(found(60_000));
        let freeze = table.effects.first().unwrap().act;
        table.answer(Outcome { limit: Some(Money::from_fen(60_000)), ..caught(30_000) });
        table.tell_of(freeze, caught(60_000));
        table.answer(word);
        assert!(table.sums(ActKind::Deduct).len() <= 1 && table.effects.is_empty());
    }
}
