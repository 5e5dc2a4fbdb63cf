//! What is told of open acts as a whole: the same as one look at all of them gives, and never more under one hold than agreed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use domain::ActId;
use domain::socket::ListClass;

use super::simulated::{on, order, pulling};
use super::*;
use crate::decide::remind::waits_for_its_partner;
use crate::runtime::figures::{Figures, LOOKED_AT_ONCE_MAX, Term, Terms, each_act, stopped_acts};
use crate::runtime::head::Head;
use crate::state::Act;

const DUE_MS: i64 = 60_000;

/// How long acts may wait at each partner; those called `box…` are inboxes.
fn terms(state: &State) -> Terms {
    let term = |partner: &str| Some(Term { due_ms: DUE_MS, is_inbox: partner.starts_with("box") });
    state.lanes.iter().map(|lane| term(&lane.record.partner)).collect()
}

/// The same by one look, as it is said in words.
fn by_one_look(state: &State, now: i64) -> (BTreeMap<(u16, ActState), i64>, BTreeMap<u16, u64>) {
    let (mut oldest, mut overdue) = (BTreeMap::new(), BTreeMap::new());
    let terms = terms(state);
    for (_, act) in state.acts.iter().filter(|(_, act)| act.state().is_open()) {
        let is_ready = act.state() == ActState::Ready;
        if !is_ready || state.what_it_waits_for(act).is_none() {
            let since = oldest.entry((act.lane, act.state())).or_insert(act.since);
            *since = (*since).min(act.since);
        }
        let in_inbox = terms[usize::from(act.lane)].unwrap().is_inbox;
        let waits = if waits_for_its_partner(act) {
            act.sent_at
        } else if in_inbox && is_ready && !state.is_held(act) {
            act.ready_at
        } else {
            continue;
        };
        if waits + DUE_MS < now {
            *overdue.entry(act.lane).or_insert(0) += 1;
        }
    }
    (oldest, overdue)
}

/// Acts in all sorts of waiting, at a bank that is called, one that fetches, and an inbox.
fn waiting() -> Table {
    let mut table = Table::with(vec![partner("bank-a"), pulling("bank-b"), pulling("box-c")]);
    for key in 0..6 {
        table.acts(key, vec![bare(ActKind::Query, "bank-a"), bare(ActKind::Query, "bank-b")]);
        table.acts(100 + key, vec![bare(ActKind::Query, "box-c")]);
        table.now += 20_000;
        if key == 2 {
            for partner in ["bank-b", "box-c"] {
                table.tell(Command::List { partner: partner.to_owned(), class: ListClass::Queries }).unwrap();
            }
        }
    }
    let freeze = ActId { sequence: table.acts(200, vec![order(ActKind::Freeze, "bank-a")]), line: 0 };
    let place = table.effects.iter().position(|effect| effect.act == freeze).unwrap();
    table.effects.swap(0, place);
    table.answer(caught(10_000));
    // The release waits for the deduction, which nobody has answered.
    table.acts(201, vec![on(ActKind::Deduct, "bank-a", freeze)]);
    table.acts(202, vec![on(ActKind::Release, "bank-a", freeze)]);
    table.end(Judged::Accepted);
    table.end(Judged::Doubt { cause: Cause::Broken });
    table
}

#[test]
fn figures_are_those_of_one_look_at_all_acts() {
    let table = waiting();
    let (state, now) = (&table.decider.state, table.now + DUE_MS / 2);
    let (oldest, overdue) = by_one_look(state, now);
    assert!(oldest.len() >= 5 && overdue.len() >= 3, "{oldest:?} {overdue:?}");
    assert!(state.acts.iter().any(|(_, act)| act.state() == ActState::Ready && state.what_it_waits_for(act).is_some()));
    let terms = terms(&table.decider.state);
    let lanes = u16::try_from(table.decider.state.lanes.len()).unwrap();
    let head = Head::new(table.decider);
    let figures = Figures::over(|| head.read(), &terms, now);
    for lane in 0..lanes + 1 {
        for of in ActState::ALL {
            assert_eq!(figures.oldest(lane, *of), oldest.get(&(lane, *of)).copied(), "lane {lane} {of:?}");
        }
        assert_eq!(figures.overdue(lane), overdue.get(&lane).copied().unwrap_or(0), "lane {lane}");
    }
}

#[test]
fn a_look_at_all_acts_lets_whoever_decides_go_on_in_between() {
    let mut table = Table::with(vec![Partner { in_flight_max: 1, ..partner("bank-a") }]);
    let count = 2 * LOOKED_AT_ONCE_MAX + 100;
    for (key, some) in (0..).zip(vec![(); count].chunks(1_000)) {
        let asked = request(Asked::Acts(vec![bare(ActKind::Query, "bank-a"); some.len()]));
        let decision = table.decider.decide(Command::Submit(Box::new(said::submit(key, asked))), table.now);
        table.keep(decision).unwrap();
    }
    let (now, head) = (table.now, Head::new(table.decider));
    let (held, looked) = (RefCell::new(Vec::new()), Cell::new(0));
    // A writer between two readings: it would wait for ever for one that is still held.
    let read = || {
        head.write().decide(Command::Barrier, now);
        held.borrow_mut().push(looked.take());
        head.read()
    };
    let all = Cell::new(0);
    each_act(read, |_, _: &Act| {
        looked.set(looked.get() + 1);
        all.set(all.get() + 1);
        1
    });
    assert_eq!(all.get(), count, "each once");
    assert_eq!(held.borrow()[1..], [LOOKED_AT_ONCE_MAX; 2]);
    assert_eq!(looked.get(), 100);
}

#[test]
fn what_an_act_takes_to_look_at_counts_towards_the_slice() {
    let table = waiting();
    let acts = table.decider.state.acts.len();
    let (head, readings) = (Head::new(table.decider), Cell::new(0_usize));
    let read = || {
        readings.set(readings.get() + 1);
        head.read()
    };
    each_act(read, |_, _| LOOKED_AT_ONCE_MAX);
    assert!(readings.get() >= acts, "an act that goes through its whole case is the last of its slice");
}

#[test]
fn stopped_acts_are_those_that_a_stop_holds() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freezes = domain::stop::StopScope::Acts(vec![ActKind::Freeze]);
    let stop = crate::command::OrderStop { scope: freezes, by: "a".to_owned(), court: None, reason: String::new() };
    table.tell(Command::OrderStop(Box::new(stop))).unwrap();
    table.acts(1, vec![order(ActKind::Freeze, "bank-a"), bare(ActKind::Query, "bank-a")]);
    let head = Head::new(table.decider);
    assert_eq!(stopped_acts(|| head.read()), 1);
}
