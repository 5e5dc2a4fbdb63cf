//! Everything that is due at once, as after a day's stop: a tick takes up a portion, and the next goes on at once.

use domain::request::{Repeat, Request};
use store::record::Fact;

use super::*;
use crate::decide::time::DUE_PER_TICK_MAX;

const HOUR_MS: i64 = 3_600_000;

/// Submits so many goals, each for a case of its own, with what `change` makes of them; the clock stands.
fn goals(table: &mut Table, count: u64, change: impl Fn(&mut Request)) {
    for key in 0..count {
        let mut asked = request(Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope: Scope::default() });
        change(&mut asked);
        let submit = Submit { case_key: (5, key), ..said::submit(key, asked) };
        let decision = table.decider.decide(Command::Submit(Box::new(submit)), table.now);
        table.keep(decision).unwrap();
    }
}

/// Ticks until nothing is due at `now` any more: how many events of this kind each brought.
fn ticks(table: &mut Table, is_told: impl Fn(&Fact) -> bool) -> Vec<usize> {
    let mut told = Vec::new();
    while table.decider.deadline_passed(table.now) {
        assert!(table.decider.next_due().is_some_and(|due| due <= table.now), "the decider does not wait for the rest");
        let decision = table.decider.decide(Command::Tick, table.now);
        told.push(decision.events.iter().filter(|event| is_told(&event.fact)).count());
        table.keep(decision).unwrap();
        assert!(told.len() < 100, "it comes to an end");
    }
    told
}

#[test]
fn deadlines_that_passed_together_are_told_in_portions() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let count = 2 * DUE_PER_TICK_MAX + 10;
    let deadline = table.now + HOUR_MS;
    goals(&mut table, count as u64, |request| request.deadline = Some(deadline));
    table.now = deadline;
    let told = ticks(&mut table, |fact| matches!(fact, Fact::DeadlinePassed(_)));
    assert_eq!(told, [DUE_PER_TICK_MAX, DUE_PER_TICK_MAX, 10]);
    let passed = |event: &&Event| matches!(event.fact, Fact::DeadlinePassed(_));
    let told: std::collections::BTreeSet<String> =
        table.events.iter().filter(passed).map(|event| format!("{:?}", event.fact)).collect();
    assert_eq!(told.len(), count, "each is told, and none twice");
}

#[test]
fn rounds_that_are_due_together_begin_in_portions() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let count = DUE_PER_TICK_MAX + 10;
    goals(&mut table, count as u64, |request| request.repeat = Some(Repeat { days: 3, every_hours: 24 }));
    table.now += 25 * HOUR_MS;
    let told = ticks(&mut table, |fact| matches!(fact, Fact::GoalRepeated(_)));
    assert_eq!(told, [DUE_PER_TICK_MAX, 10]);
}

#[test]
fn goals_that_are_looked_at_anew_together_are_looked_at_in_portions() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let count = DUE_PER_TICK_MAX + 10;
    goals(&mut table, count as u64, |_| {});
    let due = table.now + crate::decide::allocate::PATIENCE_MS;
    table.now = due;
    table.decider.decide(Command::Tick, table.now);
    assert!(table.decider.deadline_passed(table.now), "the tick left some of them");
    ticks(&mut table, |_| false);
    assert!(table.decider.next_due().is_none_or(|next| next > due));
}

#[test]
fn documents_go_by_their_age_and_one_stored_anew_has_a_new_one() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let bring = |table: &mut Table, number: u64| {
        let document = StoreDocument { key: (10, number), slot: 2_000 + number, ..ruling() };
        match table.tell(Command::StoreDocument(Box::new(document))).unwrap() {
            Answer::Stored(sequence) => sequence,
            _ => unreachable!("a document is answered as stored"),
        }
    };
    // The keyed digests run against the age.
    let stored: Vec<u64> = (0..120).rev().map(|number| bring(&mut table, number)).collect();
    table.now += HOUR_MS;
    let anew = bring(&mut table, 119);
    let state = State::read_record(&{
        let mut bytes = Vec::new();
        table.decider.state.write_record(&mut bytes).unwrap();
        bytes
    })
    .unwrap();
    let ages = |state: &State| state.documents_by_age().map(|document| document.sequence).collect::<Vec<_>>();
    assert_eq!(ages(&state), ages(&table.decider.state), "a snapshot keeps their order");
    assert_eq!(ages(&state).last(), Some(&anew));
    table.events.clear();
    table.pass(23 * HOUR_MS);
    table.pass(1_000);
    let erased: Vec<u64> = table
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::DocumentErased(fact) => Some(fact.document),
            _ => None,
        })
        .collect();
    assert_eq!(erased[1..], stored[1..], "the ruling first, then by age; the one that was stored anew stays");
    assert_eq!(ages(&table.decider.state), [anew]);
}

#[test]
fn who_reads_decides_nothing() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let deadline = table.now + HOUR_MS;
    goals(&mut table, 1, |request| request.deadline = Some(deadline));
    table.now = deadline + 25 * HOUR_MS;
    let decision = table.decider.decide(Command::Barrier, table.now);
    assert!(decision.events.is_empty() && decision.answer.is_ok());
    assert!(table.decider.deadline_passed(table.now), "time is the clock's to tell");
}
