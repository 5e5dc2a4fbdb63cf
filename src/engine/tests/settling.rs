//! Settlements, reconciliation and the tasks that come of them.

use domain::task::{TaskEnd, TaskKind};
use domain::{ActId, ActKind, Day, Money, Personal, SlipLine};

use super::*;
use crate::command::{Differing, EndTask, Reconcile, Settle, SettledHow, SettledLine, ToldBefore};

fn line(serial: &str, fen: i64, slip: Option<SlipLine>) -> SettledLine {
    SettledLine {
        key: format!("{:016x}", crate::state::short_hash(&[serial])),
        serial: Personal::from(serial),
        day: Day::of(START),
        amount: Money::from_fen(fen),
        slip: slip.map(|slip| (slip.slip, Some(slip.line))),
        reference: Personal::from("扣划款"),
        differs: None,
    }
}

impl Table {
    fn settle(&mut self, lines: Vec<SettledLine>) -> Vec<SettledHow> {
        let account = ("402332002258".to_owned(), Personal::from("2010"));
        let settle = Settle { by: "court".to_owned(), court: "330225".to_owned(), account, lines };
        match self.tell(Command::Settle(Box::new(settle))).unwrap() {
            Answer::Settled(told) => told,
            _ => panic!("settled"),
        }
    }

    fn tasks(&self) -> Vec<(TaskKind, Option<i64>)> {
        let amount = |sequence: u64| match &self.events[usize::try_from(sequence).unwrap()].body {
            Some(store::record::Body::Task(body)) => body.amount,
            _ => None,
        };
        self.tasks_beside_notices().map(|task| (task.kind(), amount(task.sequence))).collect()
    }

    /// The one deduction: its act and its key at the partner.
    fn taken(&self) -> (ActId, SlipLine) {
        let (_, taking) = self.decider.state.takings.iter().next().unwrap();
        let slip = domain::SlipNumber::from_bits(taking.slip);
        (ActId { sequence: taking.sequence, line: taking.place }, SlipLine { slip, line: taking.line })
    }

    fn settled(&self) -> Money {
        let (case, _) = self.decider.state.cases.iter().next().unwrap();
        self.decider.state.ledger(case).settled
    }

    fn with_days(mut self, days: u16) -> Self {
        let mut config = Config::clone(self.decider.config());
        let mut court = CourtFile::clone(&config.courts["330225"]);
        court.settled_within_days = days;
        config.courts.insert("330225".to_owned(), Arc::new(court));
        config.digest = format!("days-{days}");
        self.tell(Command::Configure(Arc::new(config))).unwrap();
        self
    }
}

#[test]
fn what_comes_in_settles_what_was_reported_once() {
    let mut table = whole_collect();
    let (act, slip) = table.taken();
    assert_eq!(table.settle(vec![line("a", 60_000, Some(slip))]), [SettledHow::Matched(act)]);
    assert_eq!(table.settle(vec![line("a", 60_000, Some(slip))]), [SettledHow::Known], "the same serial counts once");
    assert_eq!(table.settled(), Money::from_fen(60_000));
    assert_eq!(table.settle(vec![line("b", 40_000, Some(slip))]), [SettledHow::Matched(act)]);
    assert_eq!((table.settled(), table.tasks()), (Money::from_fen(100_000), Vec::new()));
    assert_eq!(table.settle(vec![line("c", -40_000, Some(slip))]), [SettledHow::Matched(act)], "booked back");
    assert_eq!(table.settled(), Money::from_fen(60_000));
}

#[test]
fn money_without_an_act_and_more_than_was_reported_are_tasks() {
    let mut table = whole_collect();
    let (act, slip) = table.taken();
    let stranger = SlipLine { line: 9, ..slip };
    assert_eq!(table.settle(vec![line("a", 500, None), line("b", 700, Some(stranger))]), [SettledHow::Unmatched; 2]);
    assert_eq!(
        table.tasks(),
        [(TaskKind::SettlementUnmatched, Some(50_000)), (TaskKind::SettlementUnmatched, Some(70_000))],
        "each line is a task of its own, with its sum"
    );
    assert_eq!(table.settle(vec![line("c", 100_001, Some(slip))]), [SettledHow::Matched(act)]);
    assert_eq!(table.tasks().last(), Some(&(TaskKind::SettlementDiffers, Some(100))));
    table.settle(vec![line("d", -1, Some(slip))]);
    assert_eq!(table.tasks().len(), 2, "now it agrees, so that task has ended by itself");
}

#[test]
fn a_known_serial_that_says_something_else_books_nothing_and_is_a_task_that_only_a_person_ends() {
    let mut table = whole_collect();
    let (act, slip) = table.taken();
    table.settle(vec![line("a", 60_000, Some(slip))]);
    let before = Some(ToldBefore { amount: Money::from_fen(60_000), act: Some(act), slot: 9 });
    let back = || SettledLine { differs: before, ..line("a", -60_000, Some(slip)) };
    for _ in 0..2 {
        assert_eq!(table.settle(vec![back()]), [SettledHow::Differs(Some(act))]);
        assert_eq!(table.tasks(), [(TaskKind::SettlementDiffers, Some(-6_000_000))], "once while it is open");
        assert_eq!(table.settled(), Money::from_fen(60_000));
    }
    table.settle(vec![line("b", 40_000, Some(slip))]);
    assert_eq!(table.tasks().len(), 1, "what comes in otherwise does not say what became of that line");
}

#[test]
fn the_task_of_a_difference_has_the_sum_as_it_is_now() {
    let mut table = whole_collect();
    let (_, slip) = table.taken();
    table.settle(vec![line("a", 100_001, Some(slip)), line("b", 3, Some(slip))]);
    assert_eq!(table.tasks(), [(TaskKind::SettlementDiffers, Some(400))]);
}

#[test]
fn what_is_booked_later_than_tomorrow_is_not_taken_and_may_be_sent_again() {
    let mut table = whole_collect();
    let (act, slip) = table.taken();
    let on = |ahead: i32| SettledLine { day: Day::of(START).plus_days(ahead), ..line("a", 60_000, Some(slip)) };
    let before = table.events.len();
    assert_eq!(table.settle(vec![on(2), line("b", 40_000, Some(slip))]), [SettledHow::Ahead, SettledHow::Matched(act)]);
    assert_eq!(
        (table.settled(), table.events.len()),
        (Money::from_fen(40_000), before + 1),
        "only that row is left out"
    );
    assert_eq!(table.settle(vec![on(1)]), [SettledHow::Matched(act)], "a bank's day may begin before ours");
    assert_eq!(table.settle(vec![on(2)]), [SettledHow::Known]);
}

#[test]
fn an_account_that_is_not_the_courts_is_refused_whole() {
    let mut table = whole_collect();
    let account = ("402332002258".to_owned(), Personal::from("6666"));
    let settle =
        Settle { by: "court".to_owned(), court: "330225".to_owned(), account, lines: vec![line("a", 1, None)] };
    assert!(matches!(table.tell(Command::Settle(Box::new(settle))), Err(Refusal::AccountNotListed)));
    assert!(table.decider.state.settled_lines.is_empty());
}

#[test]
fn what_has_not_come_within_the_days_allowed_is_told_once_and_ends_when_it_comes() {
    const DAY: i64 = 86_400_000;
    let mut table = whole_collect().with_days(3);
    let (act, slip) = table.taken();
    table.settle(vec![line("a", 99_000, Some(slip))]);
    table.pass(3 * DAY - 60_000);
    assert_eq!(table.tasks(), []);
    table.pass(2 * 60_000);
    assert_eq!(table.tasks(), [(TaskKind::SettlementOverdue, Some(100_000))], "1,000 fen are missing");
    table.pass(DAY);
    assert_eq!(table.tasks().len(), 1, "once");
    assert_eq!(table.settle(vec![line("b", 1_000, Some(slip))]), [SettledHow::Matched(act)]);
    assert_eq!(table.tasks(), []);
}

#[test]
fn a_court_that_tells_no_statements_is_not_told_of_overdue_sums() {
    let mut table = whole_collect();
    table.pass(90 * 86_400_000);
    assert_eq!(table.tasks(), []);
}

#[test]
fn each_difference_of_a_reconciliation_is_a_task_that_a_person_ends() {
    let mut table = whole_collect();
    let (act, _) = table.taken();
    let differing = |line, act, what: &str| Differing { line, act, slot: 9, amount: None, text: what.to_owned() };
    let reconcile = |differences| Reconcile {
        by: "bank-a".to_owned(),
        partner: table.decider.state.partner_of(0).to_owned(),
        day: Day::of(START),
        lines: 2,
        differences,
    };
    let both = || vec![differing(0, Some(act), "moved"), differing(1, None, "unknown_slip")];
    let (first, second) = (reconcile(both()), reconcile(both()));
    table.tell(Command::Reconcile(Box::new(first))).unwrap();
    assert_eq!(table.tasks().len(), 2);
    table.tell(Command::Reconcile(Box::new(second))).unwrap();
    assert_eq!(table.tasks().len(), 3, "the known act's task is open already; a line without an act is another one");
    let end = |task: u64, court: Option<&str>| EndTask {
        task,
        slot: 0,
        by: "operator".to_owned(),
        court: court.map(str::to_owned),
        end: TaskEnd::Done,
        request: None,
        reason: "已与银行核实".to_owned(),
    };
    let task = table.tasks_beside_notices().next().unwrap().sequence;
    let foreign = table.tell(Command::EndTask(Box::new(end(task, Some("330225")))));
    assert!(matches!(foreign, Err(Refusal::NotFound)), "operators' tasks are not the court's");
    table.tell(Command::EndTask(Box::new(end(task, None)))).unwrap();
    assert!(matches!(table.tell(Command::EndTask(Box::new(end(task, None)))), Err(Refusal::NotFound)));
    assert_eq!(table.tasks().len(), 2);
}

/// Under the gateway's own key it would outlive the erasure of that case.
#[test]
fn what_is_said_of_a_case_that_left_memory_stands_under_its_key() {
    let mut table = whole_collect();
    let gone = domain::ActId { sequence: 9_999, line: 0 };
    let differing =
        Differing { line: 0, act: Some(gone), slot: 9, amount: Some(Money::from_fen(1)), text: "moved".into() };
    let (by, partner) = ("bank-a".to_owned(), table.decider.state.partner_of(0).to_owned());
    let reconcile = Reconcile { by, partner, day: Day::of(START), lines: 1, differences: vec![differing] };
    table.tell(Command::Reconcile(Box::new(reconcile))).unwrap();
    let task = table.tasks_beside_notices().next().unwrap().sequence;
    let (by, court, reason) = ("operator".to_owned(), None, "已与银行核实".to_owned());
    let end = EndTask { task, slot: 9, by, court, end: TaskEnd::Done, request: None, reason };
    table.tell(Command::EndTask(Box::new(end))).unwrap();
    let sealed: Vec<u64> =
        table.events.iter().rev().filter(|event| event.body.is_some()).map(|event| event.key).collect();
    assert_eq!(sealed[..2], [9, 9], "the word that ends it, and the task");
}

#[test]
fn a_fold_of_the_events_gives_the_same_settlements_and_tasks() {
    let mut table = whole_collect().with_days(1);
    let (_, slip) = table.taken();
    table.settle(vec![line("a", 1_000, Some(slip)), line("b", 5, None)]);
    table.pass(2 * 86_400_000);
    let mut again = State::default();
    (0..).zip(&table.events).for_each(|(sequence, event)| again.fold(sequence, event));
    assert_eq!(again.digest(), table.decider.state.digest());
    let mut bytes = Vec::new();
    again.write_record(&mut bytes).unwrap();
    let read = State::read_record(&bytes).unwrap();
    assert_eq!(read.digest(), again.digest());
    assert_eq!(read.tasks, again.tasks);
    assert_eq!(ActKind::Deduct, read.takings.iter().next().unwrap().1.kind());
}
