//! A start with more under way than one decision ends: portions, a crash between two of them, and what may not come before the last.

use std::collections::{BTreeMap, BTreeSet};

use domain::ActId;
use store::record::{DeliveryBegan, ExchangeEnded, Fact, ReminderBegan, write_leaf};

use super::simulated::order;
use super::*;
use crate::config::DeliveryTerms;
use crate::decide::start::INTERRUPTED_PER_DECISION_MAX;
use crate::decide::time::DUE_BYTES_PER_TICK_MAX;
use crate::state::lane::LaneRecord;

const UNDER_WAY: usize = 2 * INTERRUPTED_PER_DECISION_MAX + 10;
const HOUR_MS: i64 = 3_600_000;
/// In a row, and the bank is asked one call at a time.
const FAILURES_MAX: u32 = 3;

fn busy(id: &str) -> Partner {
    let rate = Rate { max: 10_000, window_ms: 1_000, burst: 10_000 };
    Partner { rate, in_flight_max: 10_000, breaker: Breaker { failures: FAILURES_MAX, open_ms: 1_000 }, ..partner(id) }
}

/// So many calls under way, each for a case and a person of its own: every other one a freeze.
fn calling(count: usize) -> Table {
    let mut table = Table::with(vec![busy("bank-a")]);
    for key in 0..count as u64 {
        let kind = if key % 2 == 0 { ActKind::Freeze } else { ActKind::Query };
        let asked = request(Asked::Acts(vec![order(kind, "bank-a")]));
        let submit = Submit { case_key: (5, key), subjects: vec![1_000 + key], ..said::submit(key, asked) };
        let decision = table.decider.decide(Command::Submit(Box::new(submit)), table.now);
        table.keep(decision).unwrap();
    }
    begin(&mut table);
    assert_eq!(table.effects.len(), count, "all of them are with the bank, or on their way");
    table
}

/// Whatever may leave now leaves.
fn begin(table: &mut Table) {
    loop {
        let decision = table.decider.pump(table.now);
        if decision.events.is_empty() {
            return;
        }
        table.keep(decision).unwrap();
    }
}

/// The process ends at some time, and another folds what there is; nothing is said to it yet.
fn die(table: Table) -> Table {
    let mut state = State::default();
    (0..).zip(&table.events).for_each(|(sequence, event)| state.fold(sequence, event));
    let decider = Decider::new(state, Box::new(CountingKeyring(9)), Box::new(SeededRandom::new(2)));
    Table { decider, now: table.now + HOUR_MS, events: table.events, effects: Vec::new() }
}

/// One decision of a start, a moment after the one before it: what was ended with it.
fn next(table: &mut Table, command: Command) -> Vec<Event> {
    table.now += 7;
    let decision = table.decider.decide(command, table.now);
    let is_end =
        |event: &&Event| matches!(event.fact, Fact::ExchangeEnded(_) | Fact::DeliveryEnded(_) | Fact::ReminderEnded(_));
    let ended = decision.events.iter().filter(is_end).cloned().collect();
    table.keep(decision).unwrap();
    let begun = table.decider.pump(table.now);
    assert!(begun.effects.is_empty() && begun.events.is_empty(), "nothing goes before the settings are there");
    ended
}

fn started() -> Command {
    Command::Start { version: "test".to_owned() }
}

fn settings(partners: Vec<Partner>) -> Command {
    let partners = partners.into_iter().map(|partner| (partner.id.clone(), Arc::new(partner))).collect();
    Command::Configure(Arc::new(Config { partners, digest: "e".to_owned(), ..Config::default() }))
}

/// All decisions of a start until nothing is left, as the runtime asks for them.
fn whole_start(table: &mut Table) -> Vec<Vec<Event>> {
    let mut decisions = vec![next(table, started())];
    while table.decider.is_starting() {
        assert!(table.decider.deadline_passed(table.now) && table.decider.next_due().is_some_and(|at| at <= table.now));
        decisions.push(next(table, Command::Tick));
        assert!(decisions.len() < 100, "it comes to an end");
    }
    assert_eq!(table.decider.next_due(), None, "what is due waits for the settings");
    decisions
}

/// What a start says of each call under way, by itself and at the instant of the start.
fn expected(state: &State) -> Vec<ExchangeEnded> {
    let under_way = state.acts.iter().filter(|(_, act)| act.is_under_way());
    under_way
        .map(|(_, act)| {
            let is_question = act.kind() == ActKind::Query;
            ExchangeEnded {
                act: act.id().into(),
                breaks: None,
                cause: "interrupted".to_owned(),
                due: is_question.then_some(0),
                exchange: act.exchange,
                judged: "doubt".to_owned(),
                partner: "bank-a".to_owned(),
                state: if is_question { "ready" } else { "in_doubt" }.to_owned(),
                verdict: String::new(),
            }
        })
        .collect()
}

/// Facts as their leaves tell them, but for what time it was.
fn told<'e>(ended: impl IntoIterator<Item = &'e Event>, start: i64) -> Vec<String> {
    let fact = |event: &Event| match &event.fact {
        Fact::ExchangeEnded(fact) => {
            assert_eq!(event.at, start, "the time between portions is laid at nobody's door");
            assert!(fact.due.is_none_or(|due| due == start));
            format!("{:?}", ExchangeEnded { due: fact.due.map(|_| 0), ..fact.clone() })
        }
        other => panic!("{} is no end", other.name()),
    };
    ended.into_iter().map(fact).collect()
}

fn words(expected: &[ExchangeEnded]) -> Vec<String> {
    expected.iter().map(|fact| format!("{fact:?}")).collect()
}

/// What left, by act: whether it was asked about.
fn left(table: &mut Table) -> BTreeMap<ActId, bool> {
    begin(table);
    let mut left = BTreeMap::new();
    for effect in std::mem::take(&mut table.effects) {
        assert_eq!(left.insert(effect.act, effect.ask), None, "once each");
    }
    left
}

#[test]
fn what_was_under_way_is_ended_in_portions_and_as_one_decision_would_have_ended_it() {
    let mut table = die(calling(UNDER_WAY));
    let expected = expected(&table.decider.state);
    let start = table.now + 7;
    let decisions = whole_start(&mut table);
    let counts: Vec<usize> = decisions.iter().map(Vec::len).collect();
    assert_eq!(counts, [INTERRUPTED_PER_DECISION_MAX, INTERRUPTED_PER_DECISION_MAX, 10]);
    assert_eq!(told(decisions.iter().flatten(), start), words(&expected));
    for decision in &decisions {
        let bytes = |event: &Event| {
            let mut leaf = Vec::new();
            write_leaf(event, None, &mut leaf).unwrap();
            leaf.len()
        };
        let bytes: usize = decision.iter().map(bytes).sum();
        assert!(bytes < DUE_BYTES_PER_TICK_MAX, "{bytes} bytes in one decision");
    }
    let configured = table.decider.decide(settings(vec![busy("bank-a")]), table.now);
    table.keep(configured).unwrap();
    let left = left(&mut table);
    assert_eq!(left.len(), UNDER_WAY);
    for fact in &expected {
        assert_eq!(left[&fact.act.into()], fact.state == "in_doubt", "a doubt is asked about, a question goes again");
    }
}

#[test]
fn a_crash_between_two_portions_leaves_the_rest_to_the_next_start() {
    let mut table = die(calling(UNDER_WAY));
    let expected = expected(&table.decider.state);
    let first_start = table.now + 7;
    let before = next(&mut table, started());
    assert_eq!(before.len(), INTERRUPTED_PER_DECISION_MAX);
    let mut table = die(table);
    let under_way = table.decider.state.acts.iter().filter(|(_, act)| act.is_under_way()).count();
    assert_eq!(under_way, UNDER_WAY - INTERRUPTED_PER_DECISION_MAX, "what has no end is under way still");
    let second_start = table.now + 7;
    let after = whole_start(&mut table);
    let mut all = told(&before, first_start);
    all.extend(told(after.iter().flatten(), second_start));
    assert_eq!(all, words(&expected), "each has one end, whichever start it came with");
    let configured = table.decider.decide(settings(vec![busy("bank-a")]), table.now);
    table.keep(configured).unwrap();
    let left = left(&mut table);
    assert_eq!(left.len(), UNDER_WAY);
    assert!(expected.iter().all(|fact| left[&fact.act.into()] == (fact.state == "in_doubt")));
    let mut again = State::default();
    (0..).zip(&table.events).for_each(|(sequence, event)| again.fold(sequence, event));
    assert_eq!(again.digest(), table.decider.state.digest());
}

#[test]
fn no_settings_come_into_force_before_the_last_portion() {
    let mut table = die(calling(INTERRUPTED_PER_DECISION_MAX + 1));
    next(&mut table, started());
    assert!(table.decider.is_starting());
    let refused = table.decider.decide(settings(vec![busy("bank-a")]), table.now);
    assert!(matches!(refused.answer, Err(Refusal::WrongState { state: "starting" })) && refused.events.is_empty());
    assert_eq!(next(&mut table, Command::Tick).len(), 1);
    let taken = table.decider.decide(settings(vec![busy("bank-a")]), table.now);
    assert!(taken.answer.is_ok());
}

#[test]
fn nothing_passes_with_time_before_the_settings_are_there() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let deadline = table.now + HOUR_MS;
    let mut asked = request(Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope: Scope::default() });
    asked.deadline = Some(deadline);
    table.hand_in(said::submit(1, asked)).unwrap();
    let mut table = die(table);
    let before = table.events.len();
    next(&mut table, started());
    assert!(table.now > deadline);
    next(&mut table, Command::Tick);
    let told: Vec<&str> = table.events[before..].iter().map(|event| event.fact.name()).collect();
    assert_eq!(told, ["gateway.started", "exchange.ended"], "without settings nobody would be found to order from");
    table.tell(settings(vec![partner("bank-a")])).unwrap();
    assert!(table.decider.deadline_passed(table.now));
    table.pass(1_000);
    assert!(table.events.iter().any(|event| matches!(event.fact, Fact::DeadlinePassed(_))));
}

/// Two calls timed out before the stop, which cut off the rest: so many failures in a row stay.
#[test]
fn calls_that_a_stop_cut_off_say_nothing_about_their_partner() {
    let mut table = calling(30);
    (0..2).for_each(|_| table.end(Judged::Doubt { cause: Cause::Timeout }));
    let mut table = die(table);
    let ended: usize = whole_start(&mut table).iter().map(Vec::len).sum();
    table.tell(settings(vec![busy("bank-a")])).unwrap();
    table.pass(1_000);
    begin(&mut table);
    assert_eq!((ended, table.effects.len()), (28, 30), "all of it goes at once, and not call after call");
    assert_eq!(lane(&table).failures, 2);
    table.end(Judged::Doubt { cause: Cause::Timeout });
    assert!(lane(&table).failures == FAILURES_MAX && lane(&table).rests_until > table.now, "its own failures count");
}

#[test]
fn a_bank_that_is_probed_when_we_stop_is_probed_after_the_start() {
    let mut table = calling(30);
    (0..3).for_each(|_| table.end(Judged::Doubt { cause: Cause::Timeout }));
    let mut table = die(table);
    whole_start(&mut table);
    table.tell(settings(vec![busy("bank-a")])).unwrap();
    begin(&mut table);
    assert_eq!(table.effects.len(), 1);
    table.end(Judged::Accepted);
    begin(&mut table);
    assert!(table.effects.len() > 20, "it answers again");
}

#[test]
fn orders_that_we_cannot_read_ourselves_say_nothing_about_their_partner() {
    let mut table = calling(30);
    (0..30).for_each(|_| table.end(Judged::NotSent { cause: Cause::Unreadable, retry_after_ms: None }));
    assert_eq!(lane(&table).failures, 0);
    table.pass(HOUR_MS);
    begin(&mut table);
    assert_eq!(table.effects.len(), 30);
}

fn lane(table: &Table) -> &LaneRecord {
    let state = &table.decider.state;
    &state.lane(state.lane_of("bank-a").unwrap()).unwrap().record
}

/// The settings with a court that is delivered to.
fn with_court() -> Command {
    let delivery = DeliveryTerms { in_flight_max: 10_000, ..DeliveryTerms::default() };
    let callback_origins = vec!["https://court.example".to_owned()];
    let court = CourtFile { code: "330225".to_owned(), callback_origins, delivery, ..CourtFile::default() };
    let bank = Partner { travel: Travel::Pull, ..partner("bank-a") };
    Command::Configure(Arc::new(Config {
        partners: BTreeMap::from([(bank.id.clone(), Arc::new(bank))]),
        courts: BTreeMap::from([(court.code.clone(), Arc::new(court))]),
        digest: "e".to_owned(),
        ..Config::default()
    }))
}

/// Deliveries and reminders under way, so many of each, of requests that no bank has fetched.
fn telling(count: usize) -> Table {
    let mut table = Table::with(Vec::new());
    table.tell(with_court()).unwrap();
    let mut begun: Vec<Fact> = Vec::new();
    for key in 0..count as u64 {
        let mut asked = request(Asked::Acts(vec![said::bare(ActKind::Query, "bank-a")]));
        asked.callback = Some(Personal::new("https://court.example/results".to_owned()));
        let submit = Submit { case_key: (5, key), subjects: vec![1_000 + key], ..said::submit(key, asked) };
        let decision = table.decider.decide(Command::Submit(Box::new(submit)), table.now);
        let Ok(Answer::Accepted(request)) = table.keep(decision) else { panic!("a submission is accepted") };
        begun.push(DeliveryBegan { court: "330225".to_owned(), request, version: request }.into());
        let partner = format!("desk-{key}");
        let cause = "arrived".to_owned();
        begun.push(
            ReminderBegan { acts: Vec::new(), cause, open: 1, overdue: 0, partner, repeats: None, tries: 1 }.into(),
        );
    }
    let at = table.now;
    table.events.extend(begun.into_iter().map(|fact| Event { fact, at, body: None, key: 0 }));
    table
}

#[test]
fn deliveries_and_reminders_are_ended_in_portions_and_none_is_lost() {
    let count = INTERRUPTED_PER_DECISION_MAX + 5;
    let mut table = die(telling(count));
    let decisions = whole_start(&mut table);
    let counts: Vec<usize> = decisions.iter().map(Vec::len).collect();
    assert_eq!(counts, [INTERRUPTED_PER_DECISION_MAX, INTERRUPTED_PER_DECISION_MAX, 10]);
    let (mut deliveries, mut reminders) = (BTreeSet::new(), BTreeSet::new());
    for event in decisions.iter().flatten() {
        match &event.fact {
            Fact::DeliveryEnded(fact) => {
                assert_eq!((fact.cause.as_str(), fact.tries, fact.due.is_some()), ("interrupted", 0, true));
                assert!(deliveries.insert(fact.request), "once each");
            }
            Fact::ReminderEnded(fact) => {
                assert_eq!((fact.cause.as_str(), fact.tries, fact.due.is_some()), ("interrupted", 0, true));
                assert!(reminders.insert(fact.partner.clone()), "once each");
            }
            other => panic!("{} is no end", other.name()),
        }
    }
    assert_eq!((deliveries.len(), reminders.len()), (count, count));
    let configured = table.decider.decide(with_court(), table.now);
    table.keep(configured).unwrap();
    let mut again = BTreeSet::new();
    for _ in 0..100 {
        table.now = table.decider.next_due().unwrap_or(table.now).max(table.now);
        let pumped = table.decider.pump(table.now);
        again.extend(pumped.outgoing.iter().map(|outgoing| outgoing.request));
        table.keep(pumped).unwrap();
    }
    assert_eq!(again, deliveries, "each goes again");
}
