//! Cases whose content is lost: folded by their leaves alone they leave nothing by halves, their slip numbers are not drawn again, and
//! their courts are stopped.

use domain::act::ActOrder;
use domain::stop::StopScope;
use store::record::Fact;

use super::*;
use crate::command::LeaveOut;

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
    let accepted = table.events.iter().find(|event| matches!(event.fact, Fact::RequestAccepted(_))).unwrap();
    let slot = accepted.key;
    let mut state = State::default();
    for (sequence, event) in (0..).zip(&table.events) {
        if event.key == slot || state.is_of_left_out(event) {
            state.leave_out(sequence, event);
        } else {
            state.fold(sequence, event);
        }
    }
    let whole = &table.decider.state;
    assert_eq!((state.cases.len(), state.requests.len(), state.acts.len(), state.measures.len()), (0, 0, 0, 0));
    assert!(state.tasks.is_empty() && state.idempotency.is_empty());
    assert_eq!((state.next, state.at, state.slot_highest), (whole.next, whole.at, whole.slot_highest));
    assert_eq!(state.next_slip, whole.next_slip, "what a partner has seen is not drawn again");
    let in_flight = |state: &State| state.lanes.iter().map(|lane| lane.in_flight).sum::<u32>();
    assert_eq!(in_flight(&state), in_flight(whole), "what a lane carried is told by leaves");
    let mut bytes = Vec::new();
    state.write_record(&mut bytes).unwrap();
    let read = State::read_record(&bytes).unwrap();
    assert_eq!((read.digest(), &read.left_out), (state.digest(), &state.left_out));
    assert_eq!(read.left_out.keys().copied().collect::<Vec<_>>(), [slot]);
}

#[test]
fn courts_of_what_was_left_out_are_stopped_once_and_all_are_when_they_are_too_many() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let leave_out = |table: &mut Table, courts: Vec<String>| {
        let left_out = LeaveOut { events: 3, keys: 1, cases: 1, courts };
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
