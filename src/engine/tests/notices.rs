//! The debtor's notice (rule D20): once for a case and party, promptly, never of what is secret; and what the applicant may see (rule D34).

use domain::calendar::{Calendar, DayKind};
use domain::task::{TaskEnd, TaskKind};
use domain::{Day, Millis};
use store::record::Fact;

use super::ledger::freeze_of;
use super::*;
use crate::command::{EndTask, ShowApplicant};
use crate::state::Task;

fn notices(table: &Table) -> Vec<Task> {
    let tasks = table.decider.state.tasks.values();
    tasks.filter(|task| task.kind() == TaskKind::NotifyDebtor).cloned().collect()
}

fn raised(table: &Table) -> usize {
    let is = |event: &&Event| matches!(&event.fact, Fact::TaskRaised(fact) if fact.kind == "notify_debtor");
    table.events.iter().filter(is).count()
}

pub(super) fn held(fen: i64) -> Outcome {
    let mut outcome = Outcome::of(Verdict::Done);
    (outcome.limit, outcome.caught) = (Some(Money::from_fen(fen)), Some(Money::from_fen(fen)));
    outcome
}

fn last_instant(day: Day) -> Millis {
    day.end() - 1
}

#[test]
fn the_debtor_is_told_once_of_the_first_freeze_and_not_of_what_holds_nothing() {
    let mut table = Table::with(vec![partner("bank")]);
    let mut config = Config::clone(table.decider.config());
    let tomorrow = Day::of(START).plus_days(1);
    config.calendar = Calendar { known_to_year: 2026, ..Calendar::default() };
    config.calendar.days.insert(tomorrow, DayKind::Holiday);
    config.digest = "calendar".to_owned();
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    table.submit(1, Asked::Acts(vec![freeze_of("bank", "1", 100)])).unwrap();
    table.answer(Outcome::of(Verdict::Refused));
    assert_eq!(raised(&table), 0, "nothing was frozen");
    table.submit(2, Asked::Acts(vec![freeze_of("bank", "2", 100)])).unwrap();
    assert_eq!(raised(&table), 0, "nothing is frozen yet");
    table.answer(held(100));
    let task = notices(&table).pop().unwrap();
    let due = table.decider.config().calendar.workdays_after(Day::of(START), 3);
    assert_eq!((task.due, task.partner.as_str()), (last_instant(due), "bank"));
    assert!(due > Day::of(START).plus_days(3), "the holiday does not count");
    table.submit(3, Asked::Acts(vec![freeze_of("bank", "3", 100)])).unwrap();
    table.answer(held(100));
    assert_eq!(raised(&table), 1, "once for a case and party");
    let end = EndTask {
        task: task.sequence,
        slot: 0,
        by: "clerk".to_owned(),
        court: Some("330225".to_owned()),
        end: TaskEnd::Done,
        request: None,
        reason: "已送达".to_owned(),
    };
    table.tell(Command::EndTask(Box::new(end))).unwrap();
    table.submit(4, Asked::Acts(vec![freeze_of("bank", "4", 100)])).unwrap();
    table.answer(held(100));
    assert_eq!((raised(&table), notices(&table).len()), (1, 0), "told is told");
    let mut again = State::default();
    (0..).zip(&table.events).for_each(|(sequence, event)| again.fold(sequence, event));
    assert_eq!(again.digest(), table.decider.state.digest());
    let told = |state: &State| state.cases.iter().map(|(_, case)| case.told.to_vec()).collect::<Vec<_>>();
    assert_eq!(told(&again), [vec![77]]);
    let mut bytes = Vec::new();
    again.write_record(&mut bytes).unwrap();
    assert_eq!(told(&State::read_record(&bytes).unwrap()), [vec![77]], "a snapshot remembers it");
}

#[test]
fn a_secret_freeze_is_not_told_until_something_of_another_request_takes_effect() {
    let mut table = Table::with(vec![partner("bank")]);
    let secret = |request: &mut Request| request.viewers = vec!["clerk".to_owned()];
    table.ask(1, Asked::Acts(vec![freeze_of("bank", "1", 100)]), secret).unwrap();
    table.answer(held(100));
    table.pass(1_000);
    assert_eq!(raised(&table), 0, "whoever was told would know of a secret request");
    table.submit(2, Asked::Acts(vec![freeze_of("bank", "2", 100)])).unwrap();
    table.answer(held(100));
    assert_eq!(raised(&table), 1);
}

#[test]
fn a_queued_freeze_is_no_effect_and_a_pack_says_how_many_days() {
    let mut bank = partner("bank");
    bank.law = Arc::new(domain::rules::RulePack { id: 9, debtor_notice_days: 10, ..Default::default() });
    let mut table = Table::with(vec![bank]);
    table.submit(1, Asked::Acts(vec![freeze_of("bank", "1", 100)])).unwrap();
    let mut queued = Outcome::of(Verdict::Queued);
    queued.caught = Some(Money::ZERO);
    table.answer(queued);
    assert_eq!(raised(&table), 0);
    table.submit(2, Asked::Acts(vec![freeze_of("bank", "2", 100)])).unwrap();
    table.answer(held(100));
    let due = table.decider.config().calendar.workdays_after(Day::of(START), 10);
    assert_eq!(notices(&table)[0].due, last_instant(due));
}

#[test]
fn the_applicant_is_allowed_and_barred_each_once_and_a_snapshot_knows() {
    let mut table = Table::with(vec![partner("bank")]);
    table.collect(1);
    let case = table.case();
    let mut say = |allow: bool, court: &str| {
        table.tell(Command::ShowApplicant(Box::new(ShowApplicant {
            case,
            allow,
            by: "approver".to_owned(),
            court: Some(court.to_owned()),
            reason: "准予".to_owned(),
        })))
    };
    assert_eq!(say(true, "440300").err(), Some(Refusal::NotFound));
    assert_eq!(say(false, "330225").err(), Some(Refusal::WrongState { state: "not_allowed" }));
    assert!(say(true, "330225").is_ok());
    assert_eq!(say(true, "330225").err(), Some(Refusal::WrongState { state: "allowed" }));
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let loaded = State::read_record(&bytes).unwrap();
    assert!(loaded.cases.iter().all(|(_, case)| case.applicant && !case.events.is_empty()));
}
