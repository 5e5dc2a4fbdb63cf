//! Cases whose content is lost: folded by their leaves alone they leave nothing by halves, their slip numbers are not drawn again, and
//! their courts are stopped.

use domain::act::ActOrder;
use domain::stop::StopScope;
use store::blobs::{BlobError, BlobId};
use store::record::Fact;

use super::*;
use crate::command::{BringBack, LeaveOut, LiftStop, OrderStop};
use crate::runtime::lost::Looking;
use crate::vault::VaultError;

fn freeze(account: &str) -> Asked {
    let account = Some(Personal::new(account.to_owned()));
    Asked::Acts(vec![ActOrder { account, amount: Some(Money::from_fen(10_000)), ..bare(ActKind::Freeze, "bank-a") }])
}

#[test]
fn a_case_that_is_left_out_leaves_nothing_by_halves_and_its_slips_are_drawn() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.submit(1, freeze("62")).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    table.submit(2, freeze("63")).unwrap();
    let slot = slot_of(&table);
    let state = without(slot, &table.events);
    let whole = &table.decider.state;
    assert_eq!((state.cases.len(), state.requests.len(), state.acts.len(), state.measures.len()), (0, 0, 0, 0));
    assert!(state.tasks.is_empty() && state.idempotency.is_empty());
    assert_eq!((state.next, state.at, state.slot_highest), (whole.next, whole.at, whole.slot_highest));
    assert_eq!(state.next_slip, whole.next_slip, "what a partner has seen is not drawn again");
    let in_flight = |state: &State| state.lanes.iter().map(|lane| lane.in_flight).sum::<u32>();
    assert_eq!(in_flight(&state), 0, "what nobody can end holds no place");
    let mut bytes = Vec::new();
    state.write_record(&mut bytes).unwrap();
    let read = State::read_record(&bytes).unwrap();
    assert_eq!((read.digest(), &read.left_out), (state.digest(), &state.left_out));
    assert_eq!(read.left_out.keys().copied().collect::<Vec<_>>(), [slot]);
}

/// The state without the case of that key slot.
fn without(slot: u64, events: &[Event]) -> State {
    let mut state = State::default();
    for (sequence, event) in (0..).zip(events) {
        if event.key == slot || state.is_of_left_out(event) {
            state.leave_out(sequence, event);
        } else {
            state.fold(sequence, event);
        }
    }
    state.recount_in_flight();
    state
}

/// All of it, as when what was lost is put back.
fn whole(events: &[Event]) -> State {
    let mut state = State::default();
    (0..).zip(events).for_each(|(sequence, event)| state.fold(sequence, event));
    state
}

impl Table {
    /// As a start takes it up, whose fold came to `state`.
    fn start_with(&mut self, state: State, between: Option<Command>) {
        let config = Arc::clone(self.decider.config());
        self.decider = Decider::new(state, Box::new(CountingKeyring(9)), Box::new(SeededRandom::new(2)));
        self.effects.clear();
        let start = Command::Start { version: "test".to_owned() };
        for command in [Some(start), between, Some(Command::Configure(config))].into_iter().flatten() {
            self.tell(command).unwrap();
        }
    }
}

fn slot_of(table: &Table) -> u64 {
    table.events.iter().find(|event| matches!(event.fact, Fact::RequestAccepted(_))).unwrap().key
}

#[test]
fn papers_that_a_case_left_out_may_name_keep_their_files() {
    let day = 25 * 3_600_000;
    for is_named in [true, false] {
        let mut table = Table::with(vec![partner("bank-a")]);
        if is_named {
            table.submit(1, freeze("62")).unwrap();
            table.start_with(without(slot_of(&table), &table.events), None);
        }
        let erased = table.decider.decide(Command::Tick, table.now + day).erased;
        let told: Vec<_> = erased.into_iter().map(|erased| (erased.slot, erased.blob)).collect();
        let blob = (!is_named).then(|| ruling().blob);
        assert_eq!(told, [(ruling().slot, blob)], "the key goes; the file only where no request can name it");
    }
}

#[test]
fn what_was_said_of_a_case_under_its_second_sequence_holds_when_it_comes_back() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let first = table.submit(1, freeze("62")).unwrap();
    table.start_with(without(slot_of(&table), &table.events), None);
    let second = table.submit(2, freeze("62")).unwrap();
    assert_eq!(table.case().0, second, "nobody knows of the first");
    table.halt(domain::case::HaltCause::Bankruptcy).unwrap();
    let mut state = whole(&table.events);
    for _ in 0..2 {
        assert_eq!(state.cases.len(), 1);
        let case = state.case_by_sequence(second).unwrap();
        assert_eq!((state.case_by_sequence(first), state.case_id(case).0), (Some(case), first));
        assert!(state.is_halted(case), "a later halt is not passed over");
        assert_eq!(
            (state.sequences_of_case(first), state.sequences_of_case(second)),
            (vec![first, second], vec![first, second])
        );
        let mut bytes = Vec::new();
        state.write_record(&mut bytes).unwrap();
        let read = State::read_record(&bytes).unwrap();
        assert_eq!(read.digest(), state.digest());
        state = read;
    }
}

/// Which of these cases rest on what is lost, by their slots, where nothing beside these events can be read.
fn resting(events: &[Event], is_lost: impl Fn(u64, &Event) -> bool) -> Vec<u64> {
    let mut looking = Looking::default();
    let request_of = |fact: &Fact| match fact {
        Fact::OutcomeReceived(fact) => Some(fact.act.0),
        _ => None,
    };
    for (sequence, event) in (0..).zip(events) {
        let why = event.body.is_some() && is_lost(sequence, event);
        let why = why.then_some(VaultError::Blob { sequence, source: BlobError::Absent { id: BlobId([7; 32]) } });
        let leaf = Event { at: event.at, fact: event.fact.clone(), body: None, key: event.key };
        looking.visit(sequence, if why.is_some() { &leaf } else { event }, why, request_of).unwrap();
    }
    let lost = looking.end();
    let slots: std::collections::BTreeSet<u64> = events.iter().map(|event| event.key).collect();
    slots.into_iter().filter(|slot| lost.is_of_lost_case(*slot)).collect()
}

#[test]
fn a_lost_answer_that_came_when_its_request_was_over_costs_no_case() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let request = table.submit(1, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
    table.answer(found(1));
    assert!(table.decider.state.requests.is_empty());
    let act = domain::ActId { sequence: request, line: 0 };
    let late = said::late(act, said::closed(request, request), known(request, 0, ActKind::Query), found(2));
    table.tell(Command::LateOutcome(Box::new(late))).unwrap();
    let is_late = |_, event: &Event| matches!(event.fact, Fact::OutcomeReceived(_));
    assert!(table.events.iter().any(|event| is_late(0, event)));
    assert_eq!(resting(&table.events, is_late), [0_u64; 0]);
    assert_eq!(resting(&table.events, |at, _| at == request), [slot_of(&table)]);
}

#[test]
fn what_stood_under_another_key_goes_with_its_case() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.submit(1, Asked::Acts(vec![bare(ActKind::Query, "bank-a")])).unwrap();
    let slot = slot_of(&table);
    let stood_in = store::record::KeyStoodIn { slot, stand_in: 900 };
    table.events.push(Event { at: table.now, fact: stood_in.into(), body: None, key: 0 });
    let from = table.events.len();
    table.answer(found(1));
    let told = table.events[from..].iter_mut().find(|event| event.body.is_some()).unwrap();
    told.key = 900;
    let is_told = |_, event: &Event| event.key == 900;
    assert_eq!(resting(&table.events, is_told), [slot, 900], "the answer is lost, and with it the case");
    let state = without(slot, &table.events);
    assert!(table.events.iter().filter(|event| event.key == 900).all(|event| state.is_of_left_out(event)));
    assert_eq!(state.slots_left_out().into_keys().collect::<Vec<_>>(), [slot, 900]);
}

#[test]
fn an_enforcement_and_the_preservation_that_it_took_over_are_left_out_together() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let submit = |table: &mut Table, of: u64, preservation: Option<u64>, key: u64| {
        let pattern = said::submit(key, request(Asked::Acts(vec![bare(ActKind::Query, "bank-a")])));
        let preservation = preservation.map(|of| (of, of));
        let accepted = table.hand_in(Submit { case_key: (of, of), preservation, ..pattern }).unwrap();
        (accepted, table.events[usize::try_from(accepted).unwrap()].key)
    };
    let cases = [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(99)), (5, None)];
    let slots = cases.map(|(of, before)| submit(&mut table, of, before, of).1);
    let (later, _) = submit(&mut table, 2, None, 9);
    let rests = |is_lost: &dyn Fn(u64, &Event) -> bool| {
        let resting = resting(&table.events, is_lost);
        resting.into_iter().map(|slot| slots.iter().position(|own| *own == slot).unwrap() + 1).collect::<Vec<_>>()
    };
    let whole = |case: usize| rests(&|_, event| event.key == slots[case - 1]);
    // The fourth names a preservation that nobody knows: it may be any of which nothing can be read and that had begun before it.
    assert_eq!(whole(1), [1, 2, 3, 4]);
    assert_eq!(whole(4), [4]);
    assert_eq!(whole(5), [5]);
    assert_eq!(
        rests(&|sequence, _| sequence == later),
        [1, 2, 3],
        "where the keys can be read, none but those are tied"
    );
}

#[test]
fn an_exchange_that_a_case_left_out_had_under_way_holds_no_place() {
    let mut table = Table::with(vec![Partner { in_flight_max: 1, ..partner("bank-a") }]);
    table.submit(1, freeze("62")).unwrap();
    assert_eq!(table.effects.len(), 1);
    table.start_with(without(slot_of(&table), &table.events), None);
    let pattern = said::submit(2, request(freeze("63")));
    table.hand_in(Submit { case_key: (6, 6), ..pattern }).unwrap();
    assert_eq!(table.effects.len(), 1, "the partner gets what is next");
}

#[test]
fn a_case_that_comes_back_sends_nothing_until_two_have_looked() {
    for is_told in [true, false] {
        let mut table = Table::with(vec![partner("bank-a")]);
        let pause = |table: &mut Table, on: bool| {
            let (partner, by) = ("bank-a".to_owned(), "operator".to_owned());
            let (reason, until) = ("r".to_owned(), table.now + 1_000);
            let pause = Command::Pause { partner: partner.clone(), by: by.clone(), reason, until };
            table.tell(if on { pause } else { Command::Resume { partner, by } }).unwrap();
        };
        pause(&mut table, true);
        table.submit(1, freeze("62")).unwrap();
        let slot = slot_of(&table);
        table.start_with(without(slot, &table.events), None);
        pause(&mut table, false);
        table.submit(2, freeze("62")).unwrap();
        table.answer(caught(10_000));
        assert!(table.effects.is_empty());
        let back = BringBack { slots: vec![slot], courts: vec!["330225".to_owned()] };
        let told = is_told.then(|| Command::BringBack(Box::new(back)));
        table.start_with(whole(&table.events), told);
        assert_eq!(table.effects.is_empty(), is_told, "unless it is stopped, the old order takes the same again");
        let said = table.events.iter().filter(|event| matches!(event.fact, Fact::ContentReturned(_))).count();
        assert_eq!((said, table.decider.state.stops.len()), (usize::from(is_told), usize::from(is_told)));
    }
}

#[test]
fn a_stop_for_another_reason_and_one_that_a_person_wants_lifted_are_not_enough() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let order = OrderStop {
        scope: StopScope::Court("330225".to_owned()),
        by: "operator".to_owned(),
        court: None,
        reason: "r".to_owned(),
    };
    table.tell(Command::OrderStop(Box::new(order))).unwrap();
    let lift = |table: &mut Table, by: &str| {
        let stop = *table.decider.state.stops.keys().next().unwrap();
        let (by, reason) = (by.to_owned(), "r".to_owned());
        let lift = LiftStop { stop, by, court: None, is_person: true, reason };
        table.tell(Command::LiftStop(Box::new(lift))).unwrap();
    };
    let leave_out = |table: &mut Table| {
        let left_out = LeaveOut { events: 3, keys: 1, slots: vec![7], courts: vec!["330225".to_owned()] };
        table.tell(Command::LeaveOut(Box::new(left_out))).unwrap();
        table.decider.state.stops.len()
    };
    lift(&mut table, "operator");
    assert_eq!((leave_out(&mut table), leave_out(&mut table)), (2, 2));
    lift(&mut table, "operator-2");
    assert_eq!(table.decider.state.stops.len(), 1, "the gateway's own stands");
    lift(&mut table, "operator");
    assert_eq!(leave_out(&mut table), 2, "the first person knew nothing of what is lost now");
}

#[test]
fn courts_of_what_was_left_out_are_stopped_once_and_all_are_when_they_are_too_many() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let leave_out = |table: &mut Table, courts: Vec<String>| {
        let left_out = LeaveOut { events: 3, keys: 1, slots: vec![7], courts };
        table.tell(Command::LeaveOut(Box::new(left_out))).unwrap();
    };
    for _ in 0..2 {
        leave_out(&mut table, vec!["330225".to_owned()]);
        let stops: Vec<StopScope> = table.decider.state.stops.values().map(|stop| stop.scope()).collect();
        assert_eq!(stops, [StopScope::Court("330225".to_owned())]);
    }
    leave_out(&mut table, Vec::new());
    assert_eq!(table.decider.state.stops.len(), 1, "what no open case rests on stops nobody");
    let told = table.events.iter().filter(|event| matches!(event.fact, Fact::ContentLeftOut(_))).count();
    assert_eq!(told, 3);
    table.submit(1, freeze("62")).unwrap();
    assert!(table.effects.is_empty(), "nothing is sent for a court that is stopped");
    leave_out(&mut table, (0..crate::decide::STOPS_MAX).map(|court| court.to_string()).collect());
    assert!(table.decider.state.stops.values().any(|stop| stop.scope() == StopScope::All));
}
