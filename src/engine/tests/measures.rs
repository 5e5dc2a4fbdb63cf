//! Measures over years: they lapse, are told of, renewed, promoted, taken over, let go in part, contradicted late.

use domain::Day;
use domain::act::{ActOrder, Original};
use domain::measure::MeasureState;
use domain::outcome::PriorMeasure;
use domain::task::{TaskEnd, TaskKind};

use super::*;
use crate::command::{EndTask, ImportLine, ImportMeasures, KnownAct};
use crate::state::Measure;

const DAY: i64 = 86_400_000;

pub(super) fn order(kind: ActKind) -> ActOrder {
    bare(kind, "bank-a")
}

pub(super) fn freeze(account: &str, fen: i64, to: Option<Day>) -> ActOrder {
    let account = Some(Personal::new(account.to_owned()));
    ActOrder { account, amount: Some(Money::from_fen(fen)), to, ..order(ActKind::Freeze) }
}

pub(super) fn on(kind: ActKind, measure: &Measure) -> ActOrder {
    let id = measure.id();
    let act = Some(domain::ActId { sequence: id.sequence, line: id.line });
    let original = Original { act, slip: String::new(), case_number: Personal::new(String::new()) };
    ActOrder { original: Some(original), ..order(kind) }
}

pub(super) fn numbered(kind: ActKind, number: &str) -> ActOrder {
    let case_number = Personal::new("(2025)浙0225执9号".to_owned());
    ActOrder { original: Some(Original { act: None, slip: number.to_owned(), case_number }), ..order(kind) }
}

pub(super) fn prior(paper: &str) -> PriorMeasure {
    PriorMeasure {
        organ: Personal::new("公安局".to_owned()),
        paper: Personal::new(paper.to_owned()),
        amount: None,
        to: None,
    }
}

fn queued(paper: &str) -> Outcome {
    Outcome { ahead: vec![prior(paper)], caught: Some(Money::ZERO), ..Outcome::of(Verdict::Queued) }
}

pub(super) fn today(table: &Table) -> Day {
    Day::of(table.now)
}

impl Table {
    pub(super) fn ask_for(&mut self, key: u64, act: ActOrder) -> Result<u64, Refusal> {
        self.bring_papers();
        self.submit(key, Asked::Acts(vec![act]))
    }

    /// A freeze that the partner says holds it all.
    pub(super) fn frozen(&mut self, key: u64, account: &str, fen: i64, to: Option<Day>) -> Measure {
        self.ask_for(key, freeze(account, fen, to)).unwrap();
        self.answer(caught(fen));
        self.newest()
    }

    pub(super) fn newest(&self) -> Measure {
        let measures = self.decider.state.measures.iter().map(|(_, measure)| measure);
        measures.max_by_key(|measure| (measure.sequence, measure.place)).cloned().unwrap()
    }

    pub(super) fn see(&self, of: &Measure) -> Option<Measure> {
        let state = &self.decider.state;
        state.measure_index(of.id()).and_then(|index| state.measures.get(index)).cloned()
    }

    pub(super) fn stands(&self, of: &Measure) -> Option<MeasureState> {
        self.see(of).map(|measure| measure.state())
    }

    pub(super) fn open_tasks(&self) -> Vec<TaskKind> {
        self.tasks_beside_notices().map(crate::state::Task::kind).collect()
    }

    pub(super) fn days(&mut self, days: i64) {
        self.pass(days * DAY);
    }

    pub(super) fn ledger_now(&self) -> domain::ledger::Ledger {
        let case = self.decider.state.case_index((5, 5)).unwrap();
        self.decider.state.ledger(case)
    }

    pub(super) fn breaks(&mut self, key: u64, act: ActOrder) -> Option<&'static str> {
        match self.ask_for(key, act) {
            Err(Refusal::Rules(broken)) => broken.first().map(|breach| breach.rule.id),
            _ => None,
        }
    }

    pub(super) fn fold_again(&self) {
        let mut again = State::default();
        for (sequence, event) in (0..).zip(&self.events) {
            again.fold(sequence, event);
        }
        assert_eq!(again.digest(), self.decider.state.digest());
        assert!(again.moot.is_empty());
    }
}

#[test]
fn a_measure_lapses_with_the_day_after_its_last_and_a_late_renewal_is_refused() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(40);
    let measure = table.frozen(1, "62", 50_000, Some(to));
    table.now = to.end() - 1;
    table.pass(0);
    assert_eq!(table.stands(&measure), Some(MeasureState::InForce), "the last day is inside");
    table.pass(1);
    assert_eq!(table.stands(&measure), Some(MeasureState::Lapsed));
    assert!(table.open_tasks().contains(&TaskKind::Lapsed) && !table.open_tasks().contains(&TaskKind::Expiring));
    assert_eq!(table.ledger_now().exposure, Money::ZERO, "what has lapsed holds nothing");
    assert_eq!(table.breaks(2, on(ActKind::Renew, &measure)), Some("D10"));
    assert!(table.ask_for(3, freeze("62", 50_000, None)).is_ok(), "it is frozen anew, behind whoever came between");
    table.fold_again();
}

#[test]
fn a_gateway_that_was_off_for_weeks_catches_up_in_bounded_steps() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(20);
    let lines = (0..700).map(|n| foreign(n, 10, to)).collect::<Vec<_>>();
    for group in lines.chunks(200) {
        table.import(group.to_vec());
    }
    table.days(60);
    let lapsed = |table: &Table| {
        table.decider.state.measures.iter().filter(|(_, it)| it.state() == MeasureState::Lapsed).count()
    };
    assert_eq!(lapsed(&table), crate::decide::measures::LAPSED_PER_TICK_MAX);
    table.pass(1_000);
    assert_eq!(lapsed(&table), 700);
    assert!(!table.open_tasks().contains(&TaskKind::Expiring), "a notice of what is over is no notice");
    table.fold_again();
}

#[test]
fn what_lapses_on_one_day_is_told_case_by_case_so_that_no_proof_names_another_case() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(20);
    table.import(vec![foreign(1, 10, to), foreign(2, 10, to)]);
    table.import_of((6, 6), vec![foreign(3, 10, to)]);
    table.days(60);
    let told = table.events.iter().filter_map(|event| match &event.fact {
        store::record::Fact::MeasureLapsed(fact) => Some(fact.measures.len()),
        _ => None,
    });
    let mut told: Vec<usize> = told.collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
}

#[test]
fn ends_are_told_thrice_as_one_task_that_ends_with_the_renewal() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(40);
    let measure = table.frozen(1, "62", 50_000, Some(to));
    let due = |table: &Table| {
        let task = table.tasks_beside_notices().find(|task| task.kind() == TaskKind::Expiring);
        task.map(|task| (task.sequence, Day::of(task.due)))
    };
    table.days(9);
    assert_eq!(due(&table), None);
    table.days(1);
    let (first, by) = due(&table).unwrap();
    assert!(by <= to.plus_days(-7) && by.weekday() < 5);
    table.days(14);
    assert_eq!(due(&table).unwrap().0, first, "nothing new is told in between");
    table.days(1);
    let (second, _) = due(&table).unwrap();
    assert!(second > first);
    assert_eq!(table.open_tasks().len(), 1, "it is the same task");
    table.ask_for(2, on(ActKind::Renew, &measure)).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    assert!(table.open_tasks().is_empty(), "renewed, it is moot");
    let renewed = table.see(&measure).unwrap();
    assert_eq!(renewed.last_day(), Some(today(&table).last_of_years(1)), "one year from the renewal (rule D9)");
    table.fold_again();
}

#[test]
fn what_a_person_lets_go_is_told_no_more() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(30);
    table.frozen(1, "62", 50_000, Some(to));
    table.pass(1_000);
    let task = table.tasks_beside_notices().next().unwrap().sequence;
    let (by, court) = ("judge".to_owned(), Some("330225".to_owned()));
    let reason = "debt paid".to_owned();
    let end = EndTask { task, slot: 0, by, court, end: TaskEnd::Dismissed, request: None, reason };
    table.tell(Command::EndTask(Box::new(end))).unwrap();
    for _ in 0..31 {
        table.days(1);
    }
    assert!(table.open_tasks().is_empty());
    table.fold_again();
}

#[test]
fn a_renewal_that_was_with_the_partner_in_time_keeps_the_rank_another_does_not() {
    for late in [false, true] {
        let mut pulling = partner("bank-a");
        pulling.doubt.can_be_asked = false;
        let mut table = Table::with(vec![pulling]);
        let to = Day::of(START).plus_days(40);
        let measure = table.frozen(1, "62", 50_000, Some(to));
        table.days(35);
        table.ask_for(2, on(ActKind::Renew, &measure)).unwrap();
        if late {
            // What left in time came back as never sent, and went again when it was too late.
            table.end(Judged::NotSent { cause: Cause::Connect, retry_after_ms: Some(20 * DAY as u64) });
            let renew = table.decider.state.acts.iter().find(|(_, act)| act.kind() == ActKind::Renew).unwrap().0;
            assert_eq!(table.decider.state.acts.get(renew).unwrap().state(), ActState::Ready);
            table.days(10);
            assert_eq!(table.stands(&measure), Some(MeasureState::Lapsed));
            assert!(table.decider.state.acts.get(renew).is_none(), "a renewal that has not left is taken back");
            continue;
        }
        table.days(10);
        assert_eq!(table.stands(&measure), Some(MeasureState::InForce), "nobody knows yet whether it ended");
        table.answer(Outcome::of(Verdict::Done));
        let renewed = table.see(&measure).unwrap();
        assert_eq!((renewed.state(), renewed.rank), (MeasureState::InForce, measure.rank));
        assert!(renewed.last_day() > Some(to) && table.open_tasks().is_empty());
        table.fold_again();
    }
}

#[test]
fn a_renewal_answered_after_a_lapse_gives_a_measure_of_unknown_rank_and_a_task() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(5);
    let measure = table.frozen(1, "62", 50_000, Some(to));
    assert_eq!(measure.rank, 1);
    table.ask_for(2, on(ActKind::Renew, &measure)).unwrap();
    table.end(Judged::Doubt { cause: Cause::Timeout });
    table.days(20);
    assert_eq!(table.stands(&measure), Some(MeasureState::InForce), "it may have been renewed in time");
    table.end(Judged::NotFound);
    // Not found, and believed: it goes again, and that is too late.
    assert_eq!(table.next_kind(), Some((ActKind::Renew, false)));
    table.pass(1_000);
    assert_eq!(table.stands(&measure), Some(MeasureState::Lapsed));
    table.answer(Outcome::of(Verdict::Done));
    let renewed = table.see(&measure).unwrap();
    assert_eq!((renewed.state(), renewed.rank), (MeasureState::InForce, 0));
    assert_eq!(table.open_tasks(), [TaskKind::NewsContradicts]);
    assert_eq!(table.ledger_now().exposure, Money::from_fen(50_000));
    table.fold_again();
}

#[test]
fn a_queue_freeze_is_promoted_by_its_own_news_or_by_what_a_question_shows() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.ask_for(1, freeze("62", 50_000, None)).unwrap();
    table.answer(queued("(2026)浙0203执7号"));
    let measure = table.newest();
    assert_eq!((measure.state(), measure.rank), (MeasureState::Queued, 2));
    let look = |table: &mut Table, key: u64, ahead: Vec<PriorMeasure>, available: i64| {
        table.ask_for(key, order(ActKind::Query)).unwrap();
        let mut outcome = found(80_000);
        for account in &mut outcome.accounts {
            account.number = Personal::new("62".to_owned());
            account.available = Some(Money::from_fen(available));
            account.ahead.clone_from(&ahead);
        }
        table.answer(outcome);
    };
    look(&mut table, 2, vec![prior("(2026)浙0203执7号之一"), prior("（2026）浙0225执1号之二")], 0);
    assert_eq!(table.stands(&measure), Some(MeasureState::Queued));
    look(&mut table, 3, Vec::new(), 80_000);
    assert_eq!(table.stands(&measure), Some(MeasureState::Queued), "nothing is held there at all");
    look(&mut table, 4, vec![prior("（2026）浙0225执1号之二")], 30_000);
    let promoted = table.see(&measure).unwrap();
    assert_eq!((promoted.state(), promoted.rank, promoted.caught()), (MeasureState::InForce, 1, 500_000 * 10));
    assert_eq!(table.ledger_now().controlled, Money::from_fen(50_000));
    table.fold_again();
}

#[test]
fn the_same_property_is_not_frozen_twice_for_a_case() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let measure = table.frozen(1, "62", 30_000, None);
    assert_eq!(table.breaks(2, freeze("62", 10_000, None)), Some("D14"));
    assert!(table.ask_for(3, freeze("63", 10_000, None)).is_ok());
    table.answer(caught(10_000));
    let scope = Scope::default();
    table.submit(4, Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope }).unwrap();
    let mut outcome = found(250_000);
    outcome.accounts[0].number = Personal::new("62".to_owned());
    table.answer(outcome);
    assert_eq!(table.next_kind(), None, "a goal never does it");
    table.ask_for(5, on(ActKind::Release, &measure)).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    assert!(table.ask_for(6, freeze("62", 10_000, None)).is_ok());
}

#[test]
fn a_release_in_part_shrinks_limit_and_catch() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let measure = table.frozen(1, "62", 60_000, None);
    let part = |fen: i64| ActOrder { amount: Some(Money::from_fen(fen)), ..on(ActKind::Release, &measure) };
    assert_eq!(table.breaks(2, part(60_001)), Some("D7"));
    table.ask_for(3, part(20_000)).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    let left = table.see(&measure).unwrap();
    assert_eq!((left.limit(), left.caught(), left.state()), (4_000_000, 4_000_000, MeasureState::InForce));
    assert_eq!(table.ledger_now().exposure, Money::from_fen(40_000));
    table.ask_for(4, part(40_000)).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    assert_eq!(table.stands(&measure), None, "nothing is left of it");
    table.fold_again();
}

#[test]
fn a_freeze_that_takes_over_a_foreign_one_has_its_rank() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let takes = |account: &str| {
        let original = numbered(ActKind::Freeze, "GA-2026-5").original;
        ActOrder { original, ..freeze(account, 30_000, None) }
    };
    table.ask_for(1, takes("62")).unwrap();
    let ahead = vec![prior("(2025)浙0225执9号之三"), prior("(2026)浙0203执7号")];
    table.answer(Outcome { ahead, caught: Some(Money::from_fen(30_000)), ..Outcome::of(Verdict::Done) });
    assert_eq!(table.newest().rank, 1, "it stands where the police's stood");
    table.ask_for(2, freeze("63", 10_000, None)).unwrap();
    table.answer(caught(10_000));
    let own = table.newest();
    let original = on(ActKind::Freeze, &own).original;
    let again = ActOrder { original, ..freeze("64", 10_000, None) };
    assert!(matches!(table.ask_for(3, again), Err(Refusal::OriginalUnknown { .. })), "one of ours is renewed instead");
}

pub(super) fn preserved(table: &mut Table, key: u64, asked: Asked) -> Result<u64, Refusal> {
    let mut request = request(asked);
    request.case.number = Personal::new("(2026)浙0225执2号".to_owned());
    request.preservation = Some(Personal::new("(2026)浙0225执1号".to_owned()));
    let submit = Submit { case_key: (6, 6), preservation: Some((5, 5)), ..said::submit(key, request) };
    table.hand_in(submit)
}

#[test]
fn a_preservation_goes_on_as_enforcement_with_the_same_measures() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let measure = table.frozen(1, "62", 60_000, None);
    let over = ActOrder { amount: Some(Money::from_fen(50_000)), ..freeze("63", 50_000, None) };
    assert!(preserved(&mut table, 2, Asked::Acts(vec![over])).is_err(), "what is held already counts (rule D8)");
    let deduct = ActOrder { amount: Some(Money::from_fen(60_000)), ..on(ActKind::Deduct, &measure) };
    preserved(&mut table, 3, Asked::Acts(vec![deduct])).unwrap();
    let (old, new) = ((5, 5), (6, 6));
    let ledger = |table: &Table, key| table.decider.state.ledger(table.decider.state.case_index(key).unwrap());
    assert_eq!(ledger(&table, old).exposure, Money::ZERO);
    assert_eq!(ledger(&table, new).controlled, Money::from_fen(60_000));
    let moved_over = table.see(&measure).unwrap();
    assert_eq!((moved_over.to, moved_over.rank), (measure.to, measure.rank), "same period, same rank (rule D11)");
    table.answer(moved(60_000));
    assert_eq!(ledger(&table, new).deducted, Money::from_fen(60_000));
    assert_eq!(ledger(&table, new).exposure, Money::ZERO);
    table.fold_again();
}

pub(super) fn foreign(n: u32, fen: i64, to: Day) -> ImportLine {
    let mut order = numbered(ActKind::Freeze, &format!("FG{n}"));
    order.account = Some(Personal::new(format!("62{n}")));
    (order.amount, order.to) = (Some(Money::from_fen(fen)), Some(to));
    let caught = Money::from_fen(fen);
    ImportLine { order, caught, rank: 1, queued: false, property: None, papers: Vec::new() }
}

impl Table {
    pub(super) fn import(&mut self, lines: Vec<ImportLine>) -> Vec<Result<crate::command::TakenOver, Refusal>> {
        self.import_of((5, 5), lines)
    }

    fn import_of(
        &mut self,
        case_key: (u64, u64),
        lines: Vec<ImportLine>,
    ) -> Vec<Result<crate::command::TakenOver, Refusal>> {
        let import = ImportMeasures {
            by: "operator".to_owned(),
            court: "330225".to_owned(),
            case_key,
            subjects: vec![77],
            request: Arc::new(request(Asked::Acts(Vec::new()))),
            papers: Vec::new(),
            lines,
        };
        match self.tell(Command::ImportMeasures(vec![import])) {
            Ok(Answer::Imported(verdicts)) => verdicts,
            _ => panic!("an import is answered line by line"),
        }
    }
}

#[test]
fn what_comes_from_another_system_is_renewed_released_and_deducted_from_like_our_own() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(20);
    let mut unknown = foreign(9, 100, to);
    unknown.order.partner = "bank-z".to_owned();
    let over = foreign(8, 100, Day::of(START).plus_days(-1));
    let verdicts = table.import(vec![foreign(1, 30_000, to), unknown, over, foreign(2, 20_000, to), foreign(2, 1, to)]);
    assert!(matches!(verdicts[1], Err(Refusal::PartnerUnknown { .. })));
    assert!(matches!(&verdicts[2], Err(Refusal::Rules(broken)) if broken[0].rule.id == "D10"));
    assert!(matches!(verdicts[4], Err(Refusal::WrongState { .. })));
    let id = verdicts[0].clone().unwrap().id;
    let again = table.import(vec![foreign(1, 30_000, to)])[0].clone().unwrap();
    assert_eq!((again.id, again.known, again.differs), (id, true, Vec::new()), "twice is once");
    assert_eq!(table.ledger_now().exposure, Money::from_fen(50_000));
    table.pass(1_000);
    assert_eq!(table.open_tasks(), [TaskKind::Expiring, TaskKind::Expiring]);
    table.ask_for(2, numbered(ActKind::Renew, "FG1")).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    let deduct = ActOrder { amount: Some(Money::from_fen(30_000)), ..numbered(ActKind::Deduct, "FG1") };
    table.ask_for(3, deduct).unwrap();
    table.answer(moved(30_000));
    table.ask_for(4, numbered(ActKind::Release, "FG2")).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    assert!(table.decider.state.measures.is_empty() && table.open_tasks().is_empty());
    assert_eq!(table.ledger_now().deducted, Money::from_fen(30_000));
    table.fold_again();
}

#[test]
fn a_row_that_is_known_and_says_otherwise_is_told_what_is_known_and_changes_nothing() {
    use crate::command::{KnownValue, RowDiffers};
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(20);
    let id = table.import(vec![foreign(1, 30_000, to)])[0].clone().unwrap().id;
    let before = (table.events.len(), table.decider.state.digest());
    let again = |table: &mut Table, change: &dyn Fn(&mut ImportLine)| {
        let mut line = foreign(1, 30_000, to);
        change(&mut line);
        let taken = table.import(vec![line])[0].clone().unwrap();
        assert_eq!((taken.id, taken.known), (id, true));
        taken.differs
    };
    let one = |field, known| vec![RowDiffers { field, known: Some(known) }];
    assert_eq!(
        again(&mut table, &|line| line.order.amount = Some(Money::from_fen(50_000))),
        one("limit", KnownValue::Sum(Money::from_fen(30_000)))
    );
    assert_eq!(again(&mut table, &|line| line.order.to = Some(to.plus_days(1))), one("to", KnownValue::Day(Some(to))));
    assert_eq!(
        again(&mut table, &|line| line.order.from = Some(Day::of(START))),
        one("from", KnownValue::Day(None)),
        "no first day is known"
    );
    assert_eq!(again(&mut table, &|line| line.rank = 2), one("rank", KnownValue::Rank(1)));
    assert_eq!(
        again(&mut table, &|line| line.caught = Money::from_fen(1)),
        one("caught", KnownValue::Sum(Money::from_fen(30_000)))
    );
    let other = again(&mut table, &|line| {
        line.order.account = Some(Personal::new("6299".to_owned()));
        (line.queued, line.caught, line.rank) = (true, Money::ZERO, 0);
    });
    assert_eq!(other[0], RowDiffers { field: "account", known: None }, "what it is on is not told");
    assert_eq!(other[1..], one("queued", KnownValue::Queued(false))[..]);
    assert_eq!(
        again(&mut table, &|line| (line.order.account, line.rank) = (None, 0)),
        [],
        "what is left out says nothing"
    );
    assert_eq!((table.events.len(), table.decider.state.digest()), before, "nothing was changed");
    table.fold_again();
}

#[test]
fn what_waits_behind_others_holds_nothing_and_is_not_the_first() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let queued = |n, rank, fen| {
        let line = foreign(n, 30_000, Day::of(START).plus_days(20));
        ImportLine { queued: true, rank, caught: Money::from_fen(fen), ..line }
    };
    let verdicts = table.import(vec![queued(1, 1, 0), queued(2, 2, 30_000), queued(3, 2, 0)]);
    assert!(matches!(verdicts[0], Err(Refusal::OutOfBounds { at: "/rank", .. })));
    assert!(matches!(verdicts[1], Err(Refusal::OutOfBounds { at: "/caught", .. })));
    assert!(verdicts[2].is_ok());
}

/// Tells news about an act of a finished request, as the runtime would read it out of its history.
fn late(table: &mut Table, known: KnownAct, outcome: Outcome) {
    let request = known.planned.id.0;
    let act = domain::ActId { sequence: request, line: known.planned.id.1 };
    let late = said::late(act, table.closed(request), known, outcome);
    table.tell(Command::LateOutcome(Box::new(late))).unwrap();
}

fn as_planned(table: &Table, request: u64, state: ActState) -> KnownAct {
    let planned = table.events.iter().skip(usize::try_from(request).unwrap()).find_map(|event| match &event.body {
        Some(store::record::Body::Accepted(body)) => Some(body.plan[0].clone()),
        _ => None,
    });
    let mut known = known(request, 0, ActKind::Freeze);
    (known.planned.line, known.state) = (planned.unwrap(), state);
    known
}

#[test]
fn the_debtor_is_told_of_money_that_was_taken_after_all() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.import(vec![foreign(1, 30_000, Day::of(START).plus_days(200))]);
    let deduct = ActOrder { amount: Some(Money::from_fen(30_000)), ..numbered(ActKind::Deduct, "FG1") };
    let request = table.ask_for(1, deduct).unwrap();
    table.answer(Outcome::of(Verdict::Refused));
    let notices = |table: &Table| {
        let raised = |event: &&Event| matches!(&event.fact, store::record::Fact::TaskRaised(fact) if fact.kind == TaskKind::NotifyDebtor.word());
        table.events.iter().filter(raised).count()
    };
    assert!(table.decider.state.requests.is_empty() && notices(&table) == 0, "nothing was taken");
    let known = as_planned(&table, request, ActState::Refused);
    late(&mut table, known, moved(20_000));
    assert_eq!((table.ledger_now().deducted, notices(&table)), (Money::from_fen(20_000), 1));
    let known = as_planned(&table, request, ActState::Partly);
    late(&mut table, known, moved(30_000));
    assert_eq!(notices(&table), 1, "once for a case and party");
    let task = table.decider.state.tasks.values().find(|task| task.kind() == TaskKind::NotifyDebtor).unwrap();
    assert_eq!((task.act, task.partner.as_str()), (Some(store::record::ActRef(request, 0)), "bank-a"));
    table.fold_again();
}

#[test]
fn a_freeze_that_was_refused_and_is_controlled_after_all_stands_and_falls_with_the_news() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let request = table.ask_for(1, freeze("62", 60_000, None)).unwrap();
    table.answer(Outcome::of(Verdict::Refused));
    assert!(table.decider.state.measures.is_empty());
    let known = as_planned(&table, request, ActState::Refused);
    late(&mut table, known, caught(50_000));
    let measure = table.newest();
    assert_eq!((measure.state(), measure.caught()), (MeasureState::InForce, 5_000_000));
    assert_eq!(table.open_tasks(), [TaskKind::NewsContradicts]);
    assert_eq!(table.ledger_now().controlled, Money::from_fen(50_000));
    // It can be renewed under our own number.
    let number = as_planned(&table, request, ActState::Done).planned.line.slip;
    let slip = domain::SlipLine { slip: domain::SlipNumber::from_bits(number), line: 1 };
    assert!(table.ask_for(2, numbered(ActKind::Renew, &slip.to_string())).is_ok());
    table.answer(Outcome::of(Verdict::Done));
    let known = as_planned(&table, request, ActState::Done);
    late(&mut table, known, Outcome::of(Verdict::Refused));
    assert_eq!(table.ledger_now().exposure, Money::ZERO);
    table.fold_again();
}

#[test]
fn a_registry_clerk_undoes_what_the_desk_had_said() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let request = table.ask_for(1, freeze("62", 60_000, None)).unwrap();
    table.answer(caught(60_000));
    let known = as_planned(&table, request, ActState::Done);
    late(&mut table, known, Outcome::of(Verdict::Refused));
    assert!(table.decider.state.measures.is_empty(), "void");
    assert_eq!(table.open_tasks(), [TaskKind::NewsContradicts]);
    assert_eq!(table.ledger_now().exposure, Money::ZERO);
    table.fold_again();
}

#[test]
fn releases_and_renewals_told_late_change_what_stands() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let first = table.ask_for(1, freeze("62", 60_000, None)).unwrap();
    table.answer(caught(60_000));
    let measure = table.newest();
    let renew = table.ask_for(2, on(ActKind::Renew, &measure)).unwrap();
    table.answer(Outcome::of(Verdict::Refused));
    let base = as_planned(&table, first, ActState::Done).planned;
    let mut known = as_planned(&table, renew, ActState::Refused);
    known.base = Some(base.clone());
    let to = Day::of(START).plus_days(500);
    late(&mut table, known, Outcome { to: Some(to), ..Outcome::of(Verdict::Done) });
    assert_eq!(table.see(&measure).unwrap().last_day(), Some(to));
    let release = table.ask_for(3, on(ActKind::Release, &measure)).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    assert_eq!(table.stands(&measure), None);
    let mut known = as_planned(&table, release, ActState::Done);
    known.base = Some(base);
    late(&mut table, known, Outcome::of(Verdict::Refused));
    let again = table.newest();
    let stands = (again.state(), again.limit(), again.caught());
    assert_eq!(stands, (MeasureState::InForce, 6_000_000, 6_000_000), "as it was known");
    assert_eq!((again.id(), again.imported, again.last_day()), (measure.id(), false, Some(to)), "and is the same");
    assert_eq!(table.open_tasks(), [TaskKind::NewsContradicts, TaskKind::NewsContradicts]);
    table.fold_again();
}
