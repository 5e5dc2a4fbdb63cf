//! Lists of partners that fetch: slips whole and once, what is unanswered bounded, places for releases and for both lists.

use std::collections::{BTreeMap, BTreeSet};

use domain::act::ActOrder;
use domain::slip::LINES_MAX;
use domain::socket::{FeedbackItem, ListClass};
use domain::{ActId, SlipNumber};
use store::record::{ActRef, Body, ExchangeBegan};

use super::simulated::{on, order, pulling};
use super::*;

const BANK: &str = "bank-a";

fn bank(in_flight_max: u32) -> Partner {
    Partner { in_flight_max, ..pulling(BANK) }
}

/// Freezes of one yuan each.
fn freezes(first: usize, count: usize) -> Vec<ActOrder> {
    let one = |number: usize| {
        let (account, amount) = (Some(Personal::new(format!("62{number:06}"))), Some(Money::from_fen(100)));
        ActOrder { account, amount, ..order(ActKind::Freeze, BANK) }
    };
    (first..first + count).map(one).collect()
}

type Lines = BTreeMap<SlipNumber, BTreeSet<u16>>;

/// The slips of a list, and of each the lines in it.
fn listed(table: &mut Table, class: ListClass) -> Lines {
    let told = table.tell(Command::List { partner: BANK.to_owned(), class });
    let Ok(Answer::List(acts)) = told else { panic!("a list is answered with a list") };
    let mut lines = Lines::new();
    for act in acts.iter().filter_map(|index| table.decider.state.acts.get(*index)) {
        assert!(lines.entry(act.slip_line().slip).or_default().insert(act.line), "a line stands in a list once");
    }
    lines
}

fn controls(table: &mut Table) -> Lines {
    listed(table, ListClass::Controls)
}

fn count(lines: &Lines) -> usize {
    lines.values().map(BTreeSet::len).sum()
}

/// The bank did all that it was told.
fn feed(table: &mut Table, lines: &Lines) {
    let outcome = || Outcome { caught: Some(Money::from_fen(100)), ..Outcome::of(Verdict::Done) };
    let item = |(slip, line): (&SlipNumber, &u16)| FeedbackItem {
        slip: slip.to_string(),
        line: Some(*line),
        outcome: Ok(outcome()),
    };
    let items = lines.iter().flat_map(|(slip, lines)| lines.iter().map(move |line| (slip, line))).map(item).collect();
    let told = table.tell(Command::Feedback { partner: BANK.to_owned(), way: "feedback", items });
    let Ok(Answer::Verdicts(verdicts)) = told else { panic!("feedback is answered with verdicts") };
    assert!(verdicts.iter().all(|(_, taken)| taken.is_ok()), "{:?}", verdicts.first());
}

#[test]
fn every_slip_travels_whole_in_one_list_and_no_more_are_unanswered_than_agreed() {
    for in_flight_max in [1, 2, 50, 200, 5_000] {
        let mut table = Table::with(vec![bank(in_flight_max)]);
        for request in 0..3 {
            table.acts(request, freezes(usize::try_from(request).unwrap() * 200, 200));
        }
        let (mut seen, mut answered) = (Lines::new(), 0);
        while answered < 600 {
            let list = controls(&mut table);
            assert!(count(&list) > 0, "{in_flight_max}: stuck after {answered}");
            assert!(count(&list) <= usize::try_from(in_flight_max).unwrap().min(500), "{in_flight_max}");
            assert_eq!(controls(&mut table), list, "the same until it is answered");
            for (slip, lines) in &list {
                // A hub ignores a number that it has seen.
                assert!(seen.insert(*slip, lines.clone()).is_none(), "{in_flight_max}: {slip} in two lists");
                let all = 1..=u16::try_from(lines.len()).unwrap();
                assert!(lines.iter().copied().eq(all), "{in_flight_max}: lines 1 to n");
            }
            feed(&mut table, &list);
            answered += count(&list);
        }
        assert_eq!(answered, 600);
        assert_eq!(table.decider.state.requests.iter().count(), 0, "{in_flight_max}: all are finished");
    }
}

#[test]
fn a_slip_that_is_answered_in_part_comes_again_with_what_is_open_and_nothing_else() {
    let mut table = Table::with(vec![bank(50)]);
    table.acts(1, freezes(0, 60));
    let first = controls(&mut table);
    let (slip, lines) = first.iter().next().map(|(slip, lines)| (*slip, lines.clone())).unwrap();
    let (told, open): (BTreeSet<u16>, BTreeSet<u16>) = lines.iter().partition(|line| **line % 2 == 0);
    feed(&mut table, &Lines::from([(slip, told)]));
    let again = controls(&mut table);
    assert_eq!(again.get(&slip), Some(&open));
    assert!(first.iter().all(|(known, lines)| *known == slip || again.get(known) == Some(lines)));
}

#[test]
fn a_release_finds_its_place_whatever_else_is_unanswered() {
    let mut table = Table::with(vec![bank(20)]);
    let frozen = table.acts(1, freezes(0, 3));
    let list = controls(&mut table);
    feed(&mut table, &list);
    // Of one subject releases go in their turn, so nothing else of it waits.
    table.acts(2, freezes(100, 18));
    let unanswered = controls(&mut table);
    assert_eq!(count(&unanswered), 18, "two places are kept");
    let releases = (0..3).map(|line| {
        let freeze = ActId { sequence: frozen, line };
        ActOrder { account: None, ..on(ActKind::Release, BANK, freeze) }
    });
    table.acts(3, releases.collect());
    let with_releases = controls(&mut table);
    assert_eq!(count(&with_releases), count(&unanswered) + 2, "a tenth of twenty places");
    let only_new: Lines = with_releases.into_iter().filter(|(slip, _)| !unanswered.contains_key(slip)).collect();
    feed(&mut table, &only_new);
    assert_eq!(count(&controls(&mut table)), count(&unanswered) + 1);
}

#[test]
fn neither_list_keeps_the_other_out() {
    let mut table = Table::with(vec![bank(20)]);
    for key in 0..40 {
        table.acts(key, vec![ActOrder { account: None, amount: None, ..order(ActKind::Query, BANK) }]);
    }
    assert_eq!(count(&listed(&mut table, ListClass::Queries)), 18, "while nothing else waits");
    table.acts(100, freezes(0, 30));
    assert_eq!(count(&controls(&mut table)), 0, "all places are taken");
    let mut most = 0;
    for _ in 0..4 {
        let questions = listed(&mut table, ListClass::Queries);
        let ordered = controls(&mut table);
        assert!(count(&questions) + count(&ordered) <= 20);
        most = most.max(count(&ordered));
        let one = questions.into_iter().take(5).collect();
        feed(&mut table, &one);
    }
    assert_eq!(most, 9, "half of what is not kept for releases");
}

#[test]
fn what_becomes_ready_at_another_time_is_on_a_slip_of_its_own() {
    let mut table = Table::with(vec![bank(200)]);
    let mut config = Config::clone(table.decider.config());
    let mut court = config.courts["330225"].as_ref().clone();
    let rule = crate::config::ApprovalRule { kinds: vec![ActKind::Freeze], from: Money::from_fen(500), persons: 1 };
    court.approvals.push(rule);
    config.courts.insert("330225".to_owned(), Arc::new(court));
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    let mut acts = freezes(0, 6);
    acts[2].amount = Some(Money::from_fen(600));
    acts[3].amount = Some(Money::from_fen(700));
    let request = table.acts(1, acts);
    let first = controls(&mut table);
    assert_eq!(first.values().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2]);
    let approval =
        Command::Approve { request: domain::RequestId(request), by: "judge".to_owned(), reason: "同意".to_owned() };
    table.tell(approval).unwrap();
    let second = controls(&mut table);
    assert_eq!(second.values().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2, 2]);
    assert!(first.iter().all(|(slip, lines)| second.get(slip) == Some(lines)));
}

#[test]
fn a_slip_has_no_more_text_than_a_list_is_sure_to_carry() {
    let mut table = Table::with(vec![bank(10_000)]);
    let text = "文".repeat(domain::act::NOTE_CHARS_MAX);
    let long = |order: ActOrder| ActOrder { note: Some(Personal::new(text.clone())), ..order };
    table.acts(1, freezes(0, LINES_MAX).into_iter().map(long).collect());
    let lines_max = crate::decide::numbering::SLIP_TEXT_BYTES_MAX / text.len();
    assert!((1..LINES_MAX).contains(&lines_max));
    let list = controls(&mut table);
    assert!(list.values().all(|lines| lines.len() <= lines_max));
    assert_eq!((list.len(), count(&list)), (LINES_MAX.div_ceil(lines_max), LINES_MAX));
}

/// What an earlier release numbered and handed over, as its journal tells it, read by this one.
fn from_before(lines: usize, offered: usize, in_flight_max: u32) -> Table {
    let mut table = Table::with(vec![partner(BANK)]);
    // Paused, so that nothing of it is sent.
    let until = table.now + 3_600_000;
    let pause = Command::Pause { partner: BANK.to_owned(), by: "op".to_owned(), reason: "x".to_owned(), until };
    table.tell(pause).unwrap();
    let request = table.acts(1, freezes(0, lines));
    if offered > 0 {
        let acts = (0..u32::try_from(offered).unwrap()).map(|line| ActRef(request, line)).collect();
        let fact = ExchangeBegan::of(acts, "offer", BANK).into();
        table.events.push(Event { fact, at: table.now, body: None, key: 0 });
    }
    table.now += 3_600_000;
    table.restart(vec![bank(in_flight_max)])
}

#[test]
fn a_longer_slip_of_an_earlier_release_goes_whole_and_alone() {
    let mut table = from_before(LINES_MAX, 0, 10);
    table.tell(Command::Resume { partner: BANK.to_owned(), by: "op".to_owned() }).unwrap();
    let list = controls(&mut table);
    assert_eq!((list.len(), count(&list)), (1, LINES_MAX));
    feed(&mut table, &list);
    assert_eq!(table.decider.state.requests.iter().count(), 0);
}

#[test]
fn lines_that_a_list_of_an_earlier_release_left_out_are_taken_back_and_told() {
    let mut table = from_before(30, 20, 100);
    table.tell(Command::Resume { partner: BANK.to_owned(), by: "op".to_owned() }).unwrap();
    let list = controls(&mut table);
    assert_eq!((list.len(), count(&list)), (1, 20));
    let taken_back = table.events.iter().filter(|event| event.fact.name() == "act.withdrawn");
    assert!(
        taken_back
            .clone()
            .all(|event| matches!(&event.body, Some(Body::Reason(told)) if told.reason.contains("never sent")))
    );
    assert_eq!(taken_back.count(), 10);
    feed(&mut table, &list);
    assert_eq!(table.decider.state.requests.iter().count(), 0, "nothing waits for ever");
}

fn hand_back(table: &mut Table, slip: SlipNumber) -> Result<(), domain::Untaken> {
    let outcome = Ok(Outcome::of(Verdict::HandedBack));
    let items = vec![FeedbackItem { slip: slip.to_string(), line: None, outcome }];
    match table.tell(Command::Feedback { partner: BANK.to_owned(), way: "hand_back", items }) {
        Ok(Answer::Verdicts(mut verdicts)) => verdicts.remove(0).1,
        _ => panic!("feedback is answered with verdicts"),
    }
}

#[test]
fn a_hand_back_speaks_of_every_line_that_was_listed_and_of_none_that_was_taken_back_before() {
    for gone in 0..3 {
        let mut table = Table::with(vec![bank(50)]);
        let request = table.acts(1, freezes(0, 3));
        let act = |line: u32| ActId { sequence: request, line };
        let withdraw = Command::Withdraw { act: act(gone), by: "clerk".to_owned(), reason: String::new() };
        table.tell(withdraw).unwrap();
        let list = controls(&mut table);
        let slip = *list.keys().next().unwrap();
        assert_eq!((list.len(), count(&list)), (1, 2));
        hand_back(&mut table, slip).unwrap();
        assert_eq!(table.decider.state.requests.iter().count(), 0, "line {gone} was withdrawn, the others are back");
        let told = table.events.iter().filter(|event| event.fact.name() == "outcome.received").count();
        assert_eq!(told, 2);
    }
}

#[test]
fn what_cannot_be_taken_of_one_line_is_taken_of_none() {
    let mut table = Table::with(vec![bank(50)]);
    let request = table.acts(1, freezes(0, 3));
    let slip = *controls(&mut table).keys().next().unwrap();
    let over = domain::Day::of(START).plus_days(-1);
    let outcome = Outcome {
        caught: Some(Money::from_fen(100)),
        account_numbers: vec![Personal::new("62000000".to_owned())],
        to: Some(over.plus_days(400)),
        ..Outcome::of(Verdict::Done)
    };
    let items = vec![FeedbackItem { slip: slip.to_string(), line: None, outcome: Ok(outcome) }];
    let told = table.tell(Command::Feedback { partner: BANK.to_owned(), way: "feedback", items });
    let Ok(Answer::Verdicts(verdicts)) = told else { panic!("feedback is answered with verdicts") };
    assert!(verdicts[0].1.is_err(), "it names the account of the first line, and speaks of three");
    for line in 0..3 {
        assert_eq!(table.state_of(ActId { sequence: request, line }), ActState::Awaiting);
    }
}

#[test]
fn a_slip_of_which_nothing_was_listed_is_not_handed_back() {
    let mut table = Table::with(vec![bank(50)]);
    let request = table.acts(1, freezes(0, 2));
    let slip = table.decider.state.acts.iter().next().unwrap().1.slip_line().slip;
    assert_eq!(hand_back(&mut table, slip), Err(domain::Flaw::NotSent.into()));
    assert_eq!(table.state_of(ActId { sequence: request, line: 1 }), ActState::Ready);
}
