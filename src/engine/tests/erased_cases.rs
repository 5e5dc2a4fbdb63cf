//! Cases that are erased: by two people, when nothing of them can matter any more; what is forgotten, what stands, and what a later fold makes of it.

use domain::CaseId;
use domain::case::{CaseUse, EraseCause, HaltCause};
use domain::task::{TaskEnd, TaskKind};
use store::record::{CaseErased, Fact};

use super::measures::{on, preserved};
use super::*;
use crate::command::{EndTask, EraseCase, Halt};
use crate::decide::ERASURE_AGREED_MS;
use crate::state::measure::NO_DAY;

const DAY_MS: i64 = 24 * 3_600_000;

impl Table {
    fn erase(&mut self, case: u64, by: &str, cause: EraseCause) -> Result<Answer, Refusal> {
        let (by, reason) = (by.to_owned(), "保管期限届满".to_owned());
        let slots = vec![self.decider.state.case_by_sequence(case).map_or(0, |index| self.slot(index))];
        let erase = EraseCase { case: CaseId(case), cause, by, court: None, is_person: true, reason, slots };
        self.tell(Command::EraseCase(Box::new(erase)))
    }

    fn slot(&self, index: crate::state::slab::Index) -> u64 {
        self.decider.state.cases.get(index).map_or(0, |case| case.slot)
    }

    fn uses(&mut self, case: u64) -> Vec<CaseUse> {
        match self.erase(case, "judge-1", EraseCause::Retention) {
            Err(Refusal::CaseInUse { uses }) => uses,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("nothing stood in the way"),
        }
    }

    fn only_case(&self) -> u64 {
        self.decider.state.cases.iter().next().unwrap().1.sequence
    }

    fn erased(&self) -> Vec<(u64, &CaseErased)> {
        let mut erased = Vec::new();
        for (sequence, event) in (0..).zip(&self.events) {
            if let Fact::CaseErased(fact) = &event.fact {
                erased.push((sequence, fact));
            }
        }
        erased
    }

    /// People end whatever tasks there are.
    fn end_tasks(&mut self) {
        let open: Vec<u64> = self.decider.state.tasks.keys().copied().collect();
        for task in open {
            let end = EndTask {
                task,
                slot: 0,
                request: None,
                end: TaskEnd::Done,
                by: "judge-1".to_owned(),
                court: None,
                reason: "已办".to_owned(),
            };
            self.tell(Command::EndTask(Box::new(end))).unwrap();
        }
    }

    /// As a start folds the journal from its beginning once the keys of erased cases are destroyed.
    fn folded_without(&self, slots: &[u64]) -> State {
        let mut state = State::default();
        for (sequence, event) in (0..).zip(&self.events) {
            let body = event.body.clone().filter(|_| !slots.contains(&event.key));
            state.fold(sequence, &Event { at: event.at, fact: event.fact.clone(), body, key: event.key });
        }
        state
    }

    fn snapshot(&mut self) {
        let mut bytes = Vec::new();
        self.decider.state.write_record(&mut bytes).unwrap();
        let read = State::read_record(&bytes).unwrap();
        assert_eq!(read.digest(), self.decider.state.digest());
        self.decider.state = read;
    }
}

/// A question to a bank, answered.
fn asked() -> (Table, u64) {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.submit(1, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
    let case = table.only_case();
    (table, case)
}

fn nothing_is_known_of(state: &State, case: u64) {
    assert!(state.cases.is_empty() && state.case_by_sequence(case).is_none() && state.case_index((5, 5)).is_none());
    assert!(state.measures.is_empty() && state.takings.is_empty() && state.gone.all().is_empty());
    assert!(state.idempotency.is_empty() && state.returns.is_empty() && state.lapsed.is_empty());
    assert!(state.tasks.is_empty() && state.went_over.is_empty());
    assert!(state.erased_cases.contains_key(&case), "but that it was, and what proves its acts");
}

#[test]
fn two_people_erase_a_case_and_its_number_opens_a_new_one() {
    let (mut table, case) = asked();
    assert_eq!(table.uses(case), [CaseUse::Requests]);
    table.answer(found(30_000));
    let slot = table.slot(0);
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.snapshot();
    assert_eq!(table.erase(case, "judge-1", EraseCause::Retention).err(), Some(Refusal::SamePerson));
    assert_eq!(table.erased().len(), 0);
    // Another cause is another word.
    table.erase(case, "judge-2", EraseCause::Ordered).unwrap();
    assert_eq!(table.erase(case, "judge-2", EraseCause::Ordered).err(), Some(Refusal::SamePerson));
    table.erase(case, "judge-1", EraseCause::Ordered).unwrap();
    let (at, fact) = table.erased()[0];
    assert_eq!((fact.by.as_str(), fact.cause.as_str(), &fact.slots), ("judge-1", "ordered", &vec![slot]));
    assert!(fact.events.contains(&fact.proposed));
    assert_eq!(table.decider.state.erased_cases[&case].events.last(), Some(&at));
    nothing_is_known_of(&table.decider.state, case);
    assert_eq!(table.erase(case, "judge-2", EraseCause::Ordered).err(), Some(Refusal::NotFound));
    table.snapshot();
    nothing_is_known_of(&table.decider.state, case);
    let drawn = table.decider.state.next_slip;
    // The same number and the same key: another case, under a key of its own.
    let again = table.submit(1, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
    assert_eq!(table.only_case(), again);
    assert_ne!(table.slot(table.decider.state.case_index((5, 5)).unwrap()), slot);
    assert!(table.decider.state.acts.iter().all(|(_, act)| domain::SlipNumber::from_bits(act.slip).counter() >= drawn));
}

#[test]
fn a_machine_erases_nothing_and_a_word_of_last_week_counts_no_more() {
    let (mut table, case) = asked();
    table.answer(found(30_000));
    let machine = EraseCase {
        case: CaseId(case),
        cause: EraseCause::Retention,
        by: "system".to_owned(),
        court: None,
        is_person: false,
        reason: String::new(),
        slots: Vec::new(),
    };
    assert_eq!(table.tell(Command::EraseCase(Box::new(machine))).err(), Some(Refusal::PersonNeeded));
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.pass(ERASURE_AGREED_MS);
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    assert_eq!(table.erased().len(), 0, "it is a first word again");
    table.pass(ERASURE_AGREED_MS - 1);
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    assert_eq!(table.erased().len(), 1);
}

#[test]
fn what_can_still_matter_keeps_a_case_until_its_last_day_has_passed() {
    let mut table = whole_collect();
    let case = table.only_case();
    // The debtor is to be told, and the freeze, used up, could stand again by late word.
    assert_eq!(table.uses(case), [CaseUse::Measures, CaseUse::Tasks]);
    table.end_tasks();
    assert_eq!(table.uses(case), [CaseUse::Measures]);
    let to = table.decider.state.gone.all().values().map(|measure| measure.to).max().unwrap();
    assert_ne!(to, NO_DAY);
    let days = i64::from(to - domain::Day::of(table.now).count());
    table.pass(days * DAY_MS);
    assert_eq!(table.uses(case), [CaseUse::Measures], "its last day counts");
    table.pass(DAY_MS);
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    nothing_is_known_of(&table.decider.state, case);
}

#[test]
fn money_that_has_not_come_in_keeps_a_case_where_its_court_watches_it() {
    let mut table = whole_collect();
    let case = table.only_case();
    table.end_tasks();
    table.pass(800 * DAY_MS);
    let mut config = Config::clone(table.decider.config());
    for court in config.courts.values_mut() {
        Arc::make_mut(court).settled_within_days = 30;
    }
    config.digest.push('w');
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    assert_eq!(table.uses(case), [CaseUse::Takings]);
    table.pass(DAY_MS);
    assert!(table.decider.state.tasks.values().all(|task| task.kind() == TaskKind::SettlementOverdue));
    assert_eq!(table.uses(case), [CaseUse::Tasks], "people are told, and say what became of it");
    table.end_tasks();
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    nothing_is_known_of(&table.decider.state, case);
}

/// The preservation's key seals what was ordered of a measure that an enforcement lives on.
#[test]
fn a_preservation_is_kept_for_as_long_as_what_went_over_to_an_enforcement() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = ActOrder {
        account: Some(Personal::new("62".to_owned())),
        amount: Some(Money::from_fen(50_000)),
        ..bare(ActKind::Freeze, "bank-a")
    };
    table.submit(1, Asked::Acts(vec![freeze])).unwrap();
    let preservation = table.only_case();
    table.answer(caught(50_000));
    let enforcing = request(Asked::Acts(vec![bare(ActKind::Query, "bank-a")]));
    let submit = Submit { case_key: (6, 6), preservation: Some((5, 5)), ..said::submit(2, enforcing) };
    table.hand_in(submit).unwrap();
    table.answer(found(30_000));
    table.end_tasks();
    assert!(
        table.decider.state.cases.iter().any(|(_, case)| case.sequence == preservation && case.measures.is_empty())
    );
    assert_eq!(table.uses(preservation), [CaseUse::Measures]);
    table.snapshot();
    assert_eq!(table.uses(preservation), [CaseUse::Measures]);
    table.pass(400 * DAY_MS);
    table.end_tasks();
    assert_eq!(table.uses(preservation), [CaseUse::Measures], "lapsed, a late renewal may find it for ninety days");
    table.pass(91 * DAY_MS);
    table.erase(preservation, "judge-1", EraseCause::Retention).unwrap();
    table.erase(preservation, "judge-2", EraseCause::Retention).unwrap();
    assert_eq!(table.decider.state.cases.len(), 1, "the enforcement goes on");
}

#[test]
fn a_fold_of_the_whole_journal_without_the_erased_bodies_comes_to_the_same() {
    let mut table = whole_collect();
    let case = table.only_case();
    let slot = table.slot(0);
    table.end_tasks();
    table.pass(800 * DAY_MS);
    // Another case of the time, which goes on.
    let other = request(Asked::Acts(vec![bare(ActKind::Query, "bank-a")]));
    table.bring_papers();
    let submit = Submit { case_key: (6, 6), ..said::submit(2, other) };
    table.hand_in(submit).unwrap();
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    let before_end = table.folded_without(&[]);
    assert!(before_end.erased.iter().all(|erased| *erased != slot));
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    // A crash before the key was destroyed: its destruction is ordered again, whatever of it can be read.
    let (live, gone) = (table.folded_without(&[]), table.folded_without(&[slot]));
    for state in [&live, &gone] {
        assert!(state.erased.contains(&slot), "a start ends the key");
        assert_eq!(state.next_slip, table.decider.state.next_slip, "no number of a slip is drawn twice");
        assert_eq!(state.erased_cases, table.decider.state.erased_cases);
        assert!(state.case_by_sequence(case).is_none() && state.case_index((5, 5)).is_none());
        let in_flight = |state: &State| state.lanes.iter().map(|lane| lane.in_flight).collect::<Vec<_>>();
        assert_eq!(in_flight(state), in_flight(&table.decider.state));
        assert_eq!((state.cases.len(), state.requests.len(), state.acts.len(), state.tasks.len()), (1, 1, 1, 0));
        assert!(state.measures.is_empty() && state.takings.is_empty() && state.gone.all().is_empty());
        assert_eq!(state.idempotency.len(), 1);
    }
    assert_eq!(live.digest(), table.decider.state.digest());
}

/// One may be made at any moment; what follows it is folded on a start that finds the key destroyed.
#[test]
fn a_start_from_any_older_snapshot_comes_to_the_same_though_nothing_of_the_case_can_be_read() {
    let mut table = whole_collect();
    let case = table.only_case();
    let slot = table.slot(0);
    table.end_tasks();
    table.pass(800 * DAY_MS);
    table.bring_papers();
    let other = request(Asked::Acts(vec![bare(ActKind::Query, "bank-a")]));
    table.hand_in(Submit { case_key: (6, 6), ..said::submit(2, other) }).unwrap();
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    comes_to_the_same_from_any_snapshot(&table, slot);
}

/// What an enforcement moved out of a freeze that the preservation had ordered stays in the enforcement's books.
#[test]
fn a_start_that_can_read_nothing_of_a_preservation_has_the_enforcements_books_as_they_were() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let measure = table.frozen(1, "62", 60_000, None);
    let (preservation, slot) = (table.only_case(), table.slot(0));
    let deduct = ActOrder { amount: Some(Money::from_fen(60_000)), ..on(ActKind::Deduct, &measure) };
    preserved(&mut table, 2, Asked::Acts(vec![deduct])).unwrap();
    table.answer(moved(60_000));
    table.end_tasks();
    assert_eq!(table.uses(preservation), [CaseUse::Measures]);
    table.pass(800 * DAY_MS);
    table.erase(preservation, "judge-1", EraseCause::Retention).unwrap();
    table.erase(preservation, "judge-2", EraseCause::Retention).unwrap();
    let state = &table.decider.state;
    assert_eq!(state.ledger(state.case_index((6, 6)).unwrap()).deducted, Money::from_fen(60_000));
    comes_to_the_same_from_any_snapshot(&table, slot);
}

fn comes_to_the_same_from_any_snapshot(table: &Table, slot: u64) {
    let live = &table.decider.state;
    let ledgers = |state: &State| {
        let of_case = |(index, case): (_, &crate::state::Case)| {
            (case.sequence, state.ledger(index), state.ledger_by_sum(index), case.takings.len())
        };
        state.cases.iter().map(of_case).collect::<Vec<_>>()
    };
    let sizes = |state: &State| {
        let held = (state.measures.len(), state.takings.len(), state.gone.all().len(), state.returns.len());
        let open = (state.requests.len(), state.acts.len(), state.tasks.len(), state.plans.len());
        let found = (state.cases.len(), state.idempotency.len(), state.deliveries.by_request.len());
        (held, open, found, state.lanes.iter().map(|lane| lane.in_flight).collect::<Vec<_>>())
    };
    let mut at_cut = State::default();
    for (cut, event) in (0..).zip(&table.events) {
        let mut bytes = Vec::new();
        at_cut.write_record(&mut bytes).unwrap();
        let mut state = State::read_record(&bytes).unwrap();
        for (sequence, event) in (0..).zip(&table.events).skip(usize::try_from(cut).unwrap()) {
            let body = event.body.clone().filter(|_| event.key != slot);
            state.fold(sequence, &Event { at: event.at, fact: event.fact.clone(), body, key: event.key });
        }
        assert!(state.erased.contains(&slot), "from {cut}: a start ends the key");
        assert_eq!((state.next_slip, &state.erased_cases), (live.next_slip, &live.erased_cases), "from {cut}");
        assert_eq!((sizes(&state), ledgers(&state)), (sizes(live), ledgers(live)), "from {cut}");
        at_cut.fold(cut, event);
    }
    assert_eq!(at_cut.digest(), live.digest());
}

#[test]
fn a_first_word_counts_no_more_once_anything_else_was_said_of_the_case() {
    let (mut table, case) = asked();
    table.answer(found(30_000));
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.bring_papers();
    table.submit(2, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
    table.answer(found(40_000));
    table.snapshot();
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    assert_eq!(table.erased().len(), 0, "the first person knew nothing of the second answer");
    // Another case beside it changes nothing in this one.
    let beside = request(Asked::Acts(vec![bare(ActKind::Query, "bank-a")]));
    table.hand_in(Submit { case_key: (6, 6), ..said::submit(3, beside) }).unwrap();
    table.snapshot();
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    assert_eq!(table.erased().len(), 1);
}

#[test]
fn a_case_that_rests_is_not_erased_until_somebody_resumed_it_but_for_one_that_was_withdrawn() {
    for (cause, stays) in [(HaltCause::Bankruptcy, true), (HaltCause::Settlement, true), (HaltCause::Withdrawal, false)]
    {
        let (mut table, case) = asked();
        table.answer(found(30_000));
        let (by, reason) = ("judge-1".to_owned(), "裁定中止".to_owned());
        let halt = Halt { case: CaseId(case), cause, by, court: None, document: None, reason };
        table.tell(Command::Halt(Box::new(halt))).unwrap();
        if stays {
            assert_eq!(table.uses(case), [CaseUse::Halt], "another request under its number would go on");
        } else {
            table.erase(case, "judge-1", EraseCause::Retention).unwrap();
            table.erase(case, "judge-2", EraseCause::Retention).unwrap();
            nothing_is_known_of(&table.decider.state, case);
        }
    }
}

/// What the runtime read before the case was erased, and brings behind it.
#[test]
fn late_word_that_crossed_the_erasure_enters_nothing() {
    let (mut table, case) = asked();
    let act = table.decider.state.acts.iter().next().unwrap().1.clone();
    table.answer(found(30_000));
    let closed = said::closed(act.sequence, case);
    table.erase(case, "judge-1", EraseCause::Retention).unwrap();
    table.erase(case, "judge-2", EraseCause::Retention).unwrap();
    let before = table.events.len();
    let lead = domain::outcome::Lead {
        slip: String::new(),
        line: None,
        class: domain::outcome::LeadClass::ALL[0],
        serial: Personal::new("1".to_owned()),
        as_of: String::new(),
        respond_by: None,
        details: Vec::new(),
        text: None,
    };
    let (partner, closed) = ("bank-a".to_owned(), Some(closed));
    let lead =
        crate::command::LeadNews { act: act.id(), partner, slot: 1, has_callback: false, closed, beside: false, lead };
    assert_eq!(table.tell(Command::Lead(Box::new(lead))).err(), Some(Refusal::NotFound));
    assert_eq!(table.events.len(), before);
}
