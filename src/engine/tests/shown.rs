//! What an answer shows of our freezes: what is ours and what others hold, and nothing of a time before what is known.

use domain::ActId;
use domain::outcome::PriorMeasure;
use domain::socket::FeedbackItem;

use super::ledger::{HOUR_MS, freeze_of};
use super::simulated::{on, order};
use super::*;

impl Table {
    /// The partner answers a call that it had only taken.
    fn answers_later(&mut self, act: ActId, outcome: Outcome) {
        let state = &self.decider.state;
        let open = state.act_index(act).and_then(|index| state.acts.get(index)).unwrap();
        let (slip, partner) = (open.slip_line(), state.partner_of(open.lane).to_owned());
        let items = vec![FeedbackItem { slip: slip.slip.to_string(), line: Some(slip.line), outcome: Ok(outcome) }];
        self.tell(Command::Feedback { partner, way: "callback", items }).unwrap();
    }

    /// Limit in force and what is held, of the only freeze of the case, in fen.
    fn in_force(&self) -> (i64, i64) {
        let freeze =
            self.decider.state.measures.iter().map(|(_, measure)| measure).find(|measure| measure.is_live_freeze());
        freeze.map_or((0, 0), |freeze| (freeze.limit() / 100, freeze.caught() / 100))
    }
}

fn first(sequence: u64) -> ActId {
    ActId { sequence, line: 0 }
}

/// An account of which the partner tells what is there and what is free, and names nobody.
pub(super) fn there_is(balance_fen: i64, available_fen: i64) -> Outcome {
    let mut outcome = found(100_000);
    let fen = |fen| Some(Money::from_fen(fen));
    (outcome.accounts[0].balance, outcome.accounts[0].available) = (fen(balance_fen), fen(available_fen));
    outcome
}

#[test]
fn what_others_hold_is_never_taken_for_ours_whenever_they_came() {
    // Before our question 30,000; or 80,000 more of what it found free, between the question and our freeze. Then what came since.
    for (held_fen, later_fen, ours) in [(30_000, 55_000, 25_000), (110_000, 115_000, 5_000)] {
        let mut table = Table::with(vec![partner("bank-a")]);
        table.repeats(1, Goal::Collect, 2, 12).unwrap();
        table.answer(there_is(130_000, 100_000));
        table.answer(caught(20_000));
        table.answer(moved(20_000));
        table.pass(12 * HOUR_MS);
        table.answer(there_is(held_fen, 0));
        assert_eq!(table.under_way(), [], "nobody can say that any of it is ours");
        table.pass(12 * HOUR_MS);
        table.answer(there_is(later_fen, 0));
        assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, ours)], "what came since");
    }
}

#[test]
fn a_queue_stays_one_while_its_partner_names_nobody() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.repeats(1, Goal::Collect, 2, 12).unwrap();
    table.answer(there_is(50_000, 20_000));
    table.answer(Outcome { caught: Some(Money::ZERO), ..Outcome::of(Verdict::Queued) });
    table.pass(12 * HOUR_MS);
    table.answer(there_is(50_000, 0));
    assert_eq!((table.under_way(), table.ledger().controlled), (Vec::new(), Money::ZERO), "those ahead may hold it");
}

/// The same of a partner that names our freeze as the only one.
fn ours_alone(balance_fen: i64, available_fen: i64) -> Outcome {
    let mut outcome = there_is(balance_fen, available_fen);
    let personal = |text: &str| Personal::new(text.to_owned());
    let (organ, paper) = (personal("court"), personal("(2026)浙0225执1号"));
    outcome.accounts[0].ahead.push(PriorMeasure { organ, paper, amount: None, to: None });
    outcome
}

#[test]
fn what_others_held_beside_a_freeze_says_nothing_about_the_next_one() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.repeats(1, Goal::Secure, 3, 12).unwrap();
    table.answer(there_is(100_000, 100_000));
    table.answer(caught(20_000));
    table.pass(12 * HOUR_MS);
    table.answer(there_is(20_000, 0));
    let freeze = table.decider.state.measures.iter().next().unwrap().1.id();
    let mut release = on(ActKind::Release, "bank-a", ActId { sequence: freeze.sequence, line: freeze.line });
    release.account = Some(Personal::new("62100000".to_owned()));
    table.acts(2, vec![release]);
    table.answer(Outcome::of(Verdict::Done));
    table.pass(12 * HOUR_MS);
    table.answer(there_is(50_000, 50_000));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Freeze, 50_000)]);
    // Another court was faster with 40,000 of it.
    table.answer(caught(10_000));
    table.pass(12 * HOUR_MS);
    table.answer(there_is(50_000, 0));
    assert_eq!(table.in_force(), (50_000, 10_000), "and what it holds is not ours");
}

#[test]
fn an_answer_that_is_older_than_a_deduction_brings_nothing_back() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = first(table.acts(1, vec![freeze_of("bank-a", "62100000", 100_000)]));
    table.answer(caught(60_000));
    let question = first(table.acts(2, vec![order(ActKind::Query, "bank-a")]));
    table.end(Judged::Accepted);
    let mut deduct = on(ActKind::Deduct, "bank-a", freeze);
    (deduct.amount, deduct.account) = (Some(Money::from_fen(60_000)), Some(Personal::new("62100000".to_owned())));
    table.acts(3, vec![deduct]);
    table.answer(moved(60_000));
    assert_eq!(table.in_force(), (40_000, 0));
    table.answers_later(question, ours_alone(60_000, 0));
    assert_eq!(table.in_force(), (40_000, 0), "it saw the money that is gone");
    table.acts(4, vec![order(ActKind::Query, "bank-a")]);
    table.answer(ours_alone(30_000, 0));
    assert_eq!(table.in_force(), (40_000, 30_000), "what came since is ours");
}

#[test]
fn an_answer_while_money_is_being_moved_says_nothing_of_what_is_held() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = first(table.acts(1, vec![freeze_of("bank-a", "62100000", 100_000)]));
    table.answer(caught(60_000));
    let mut deduct = on(ActKind::Deduct, "bank-a", freeze);
    (deduct.amount, deduct.account) = (Some(Money::from_fen(10_000)), Some(Personal::new("62100000".to_owned())));
    let deduct = first(table.acts(2, vec![deduct]));
    table.end(Judged::Accepted);
    table.acts(3, vec![order(ActKind::Query, "bank-a")]);
    table.answer(ours_alone(90_000, 0));
    assert_eq!(table.in_force(), (100_000, 60_000));
    table.answers_later(deduct, moved(10_000));
    assert_eq!(table.in_force(), (90_000, 50_000));
}

#[test]
fn what_was_let_go_stays_so_when_a_deduction_out_of_it_is_denied() {
    for (part, left) in [(Some(30_000), (70_000, 70_000)), (None, (0, 0))] {
        let mut table = Table::with(vec![partner("bank-a"), partner("bank-b")]);
        let freeze = first(table.acts(1, vec![freeze_of("bank-a", "62", 100_000)]));
        table.answer(caught(100_000));
        let mut deduct = on(ActKind::Deduct, "bank-a", freeze);
        deduct.amount = Some(Money::from_fen(60_000));
        let deduct = first(table.acts(2, vec![deduct, order(ActKind::Query, "bank-b")]));
        table.says("bank-b", ActKind::Query, Outcome::of(Verdict::Registered));
        table.says("bank-a", ActKind::Deduct, moved(60_000));
        let mut release = on(ActKind::Release, "bank-a", freeze);
        release.amount = part.map(Money::from_fen);
        let release = first(table.acts(3, vec![release]));
        table.end(Judged::Accepted);
        // More went out of it than was said first, so that less is left than is being let go; and in the end nothing went.
        table.answers_later(deduct, moved(80_000));
        table.answers_later(release, Outcome::of(Verdict::Done));
        table.answers_later(deduct, Outcome::of(Verdict::Refused));
        assert_eq!(table.in_force(), left, "{part:?}");
        assert_eq!(table.ledger().controlled, Money::from_fen(left.1));
    }
}
