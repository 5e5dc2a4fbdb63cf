//! Reminders in virtual time: when clerks are told, that a day has only so many, what fails, restarts, and what is not theirs now.

use std::cell::Cell;
use std::collections::BTreeSet;

use domain::ActId;
use domain::act::ActOrder;
use domain::socket::{FeedbackItem, ListClass};
use store::record::{ActRef, ExchangeBegan, Fact, ReminderBegan, ReminderEnded};

use super::*;
use crate::config::ReminderTerms;
use crate::courier::{Carried, Reminding};
use crate::decide::look::{Found, LOOK_SLICE_MAX, look_through};
use crate::decide::remind;
use crate::runtime::head::Head;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-11-23 is a Monday.
const MONDAY: i64 = 1_795_363_200_000;

fn at(hour: i64, minute: i64) -> i64 {
    MONDAY + hour * HOUR + minute * MINUTE
}

/// A table with two desks, of which the first is reminded, and what goes out to it.
struct Desk {
    table: Table,
    out: Vec<Reminding>,
    next: u64,
}

fn terms() -> ReminderTerms {
    ReminderTerms {
        url: Personal::new("https://messages.example/".to_owned()),
        link: "https://gateway.example/console/partner".to_owned(),
        keys: Vec::new(),
        hours: Hours::parse("08:30-17:30").unwrap(),
        gather_ms: 600_000,
        per_day: 3,
        retry_ms: vec![60_000, 600_000],
    }
}

fn desk_partner(id: &str) -> Partner {
    Partner { travel: Travel::Pull, answer_due_ms: u64::try_from(2 * DAY).unwrap(), ..partner(id) }
}

fn config(terms: Option<ReminderTerms>, digest: &str) -> Config {
    let desks = ["desk-a", "desk-b"].map(|id| (id.to_owned(), Arc::new(desk_partner(id))));
    let court = CourtFile { code: "330225".to_owned(), ..CourtFile::default() };
    Config {
        partners: desks.into_iter().collect(),
        courts: BTreeMap::from([("330225".to_owned(), Arc::new(court))]),
        reminders: terms.map(|terms| ("desk-a".to_owned(), Arc::new(terms))).into_iter().collect(),
        digest: digest.to_owned(),
        ..Config::default()
    }
}

impl Desk {
    fn open(terms: ReminderTerms) -> Self {
        let table = Table::with(vec![desk_partner("desk-a"), desk_partner("desk-b")]);
        let mut desk = Self { table, out: Vec::new(), next: 1 };
        desk.tell(Command::Configure(Arc::new(config(Some(terms), "e")))).unwrap();
        desk.table.now = at(9, 0);
        desk.tell(Command::Tick).unwrap();
        desk
    }

    fn tell(&mut self, command: Command) -> Result<Answer, Refusal> {
        let mut decision = self.table.decider.decide(command, self.table.now);
        self.out.append(&mut decision.reminding);
        let answer = self.table.keep(decision);
        let mut pumped = self.table.decider.pump(self.table.now);
        self.out.append(&mut pumped.reminding);
        self.table.keep(pumped).unwrap();
        answer
    }

    /// Goes to an instant by way of every one at which something is due.
    fn until(&mut self, then: i64) {
        while let Some(due) = self.table.decider.next_due().filter(|due| *due <= then && *due > self.table.now) {
            self.table.now = due;
            self.tell(Command::Tick).unwrap();
        }
        self.table.now = then;
        self.tell(Command::Tick).unwrap();
    }

    /// A court asks the first desk, or the second.
    fn ask(&mut self, partner: &str) -> ActId {
        let order = ActOrder {
            note: None,
            details: Vec::new(),
            kind: ActKind::Query,
            partner: partner.to_owned(),
            subject: 0,
            account: None,
            amount: None,
            from: None,
            to: None,
            original: None,
        };
        let key = self.next;
        self.next += 1;
        self.tell(Command::StoreDocument(Box::new(ruling()))).unwrap();
        let submit = Submit {
            token: "court".to_owned(),
            idempotency: (key, 0),
            fingerprint: (key, 1),
            case_key: (key, 5),
            subjects: vec![key],
            preservation: None,
            paper_keys: vec![(9, 9)],
            shown: BTreeSet::new(),
            request: Arc::new(request(Asked::Acts(vec![order]))),
        };
        match self.tell(Command::Submit(Box::new(submit))) {
            Ok(Answer::Accepted(sequence)) => ActId { sequence, line: 0 },
            _ => panic!("a submission is accepted"),
        }
    }

    fn end(&mut self, end: Carried) {
        let Reminding { partner, reminder, .. } = self.out.remove(0);
        self.tell(Command::Reminded { partner, reminder, end }).unwrap();
    }

    fn show(&mut self) {
        self.tell(Command::List { partner: "desk-a".to_owned(), class: ListClass::Queries }).unwrap();
    }

    fn answer(&mut self, act: ActId) {
        let index = self.table.decider.state.act_index(act).unwrap();
        let slip = self.table.decider.state.acts.get(index).unwrap().slip_line().slip.to_string();
        let outcome = Outcome::of(Verdict::NoSuchCustomer);
        let item = FeedbackItem { slip, line: Some(0), outcome: Ok(outcome) };
        self.tell(Command::Feedback { partner: "desk-a".to_owned(), way: "inbox", items: vec![item] }).unwrap();
    }

    fn found(&self) -> Found {
        look_through(|| &self.table.decider, "desk-a", self.table.now)
    }

    fn next_reminder(&self) -> Option<i64> {
        self.table.decider.next_reminder("desk-a", &self.found())
    }

    fn began(&self) -> Vec<(i64, ReminderBegan)> {
        let began = |event: &Event| match &event.fact {
            Fact::ReminderBegan(fact) => Some((event.at, fact.clone())),
            _ => None,
        };
        self.table.events.iter().filter_map(began).collect()
    }

    /// When and why, of all so far.
    fn told(&self) -> Vec<(i64, String)> {
        self.began().into_iter().map(|(at, fact)| (at, fact.cause)).collect()
    }

    fn ended(&self) -> Vec<ReminderEnded> {
        let ended = |event: &Event| match &event.fact {
            Fact::ReminderEnded(fact) => Some(fact.clone()),
            _ => None,
        };
        self.table.events.iter().filter_map(ended).collect()
    }

    /// Another process folds what there is, or reads the snapshot of it.
    fn restart(&mut self, by_snapshot: bool) {
        let mut state = State::default();
        (0..).zip(&self.table.events).for_each(|(sequence, event)| state.fold(sequence, event));
        assert_eq!(state.digest(), self.table.decider.state.digest(), "folding again gives the same");
        if by_snapshot {
            let mut bytes = Vec::new();
            self.table.decider.state.write_record(&mut bytes).unwrap();
            state = State::read_record(&bytes).unwrap();
        }
        self.table.decider = Decider::new(state, Box::new(CountingKeyring(9)), Box::new(SeededRandom::new(2)));
        self.out.clear();
        self.tell(Command::Start { version: "test".to_owned() }).unwrap();
        self.tell(Command::Configure(Arc::new(config(Some(terms()), "e")))).unwrap();
    }
}

#[test]
fn a_burst_is_one_reminder_and_each_opening_tells_what_still_waits() {
    let mut desk = Desk::open(terms());
    assert_eq!(desk.next_reminder(), None, "nothing waits");
    let first = desk.ask("desk-a");
    desk.until(at(9, 5));
    let second = desk.ask("desk-a");
    desk.ask("desk-b");
    assert!(desk.out.is_empty(), "what arrives waits a moment for more");
    assert_eq!(desk.next_reminder(), Some(at(9, 10)));
    desk.until(at(9, 10));
    let told = desk.out.first().unwrap().clone();
    assert_eq!((told.cause, told.open, told.overdue, told.oldest), ("arrived", 2, 0, at(9, 0)));
    assert_eq!(
        told.acts.iter().map(|act| act.act).collect::<Vec<_>>(),
        [first, second],
        "and nothing of the other desk"
    );
    desk.until(at(12, 0));
    assert_eq!(desk.out.len(), 1, "none while one is under way");
    desk.end(Carried::Acknowledged);
    // Somebody looks, which is no answer.
    desk.show();
    desk.answer(first);
    desk.until(at(24 + 12, 0));
    desk.end(Carried::Acknowledged);
    assert_eq!(desk.told(), [(at(9, 10), "arrived".to_owned()), (at(24 + 8, 30), "waiting".to_owned())]);
    assert_eq!(desk.began().last().unwrap().1.acts, [ActRef::from(second)], "what is answered is named no more");
    desk.answer(second);
    desk.until(at(24 * 9, 0));
    assert_eq!(desk.told().len(), 2, "whoever has answered all is left alone");
}

#[test]
fn an_overdue_answer_is_told_and_a_night_or_a_weekend_waits_for_the_morning() {
    let mut desk = Desk::open(terms());
    desk.until(at(16, 0));
    let act = desk.ask("desk-a");
    for _ in 0..20 {
        let then = desk.table.now + 12 * HOUR;
        desk.until(then);
        while !desk.out.is_empty() {
            desk.end(Carried::Acknowledged);
        }
    }
    let expected = [
        (at(16, 10), "arrived"),
        (at(24 + 8, 30), "waiting"),
        (at(48 + 8, 30), "waiting"),
        // Due for two days after it became ready, and gathered as everything is.
        (at(48 + 16, 10), "overdue"),
        (at(72 + 8, 30), "waiting"),
        (at(96 + 8, 30), "waiting"),
        (at(7 * 24 + 8, 30), "waiting"),
        (at(8 * 24 + 8, 30), "waiting"),
        (at(9 * 24 + 8, 30), "waiting"),
        (at(10 * 24 + 8, 30), "waiting"),
    ];
    assert_eq!(desk.told(), expected.map(|(at, why)| (at, why.to_owned())));
    let overdue: Vec<u32> = desk.began().iter().map(|(_, fact)| fact.overdue).collect();
    assert_eq!(overdue, [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    desk.until(at(11 * 24 + 3, 0));
    desk.answer(act);
    desk.ask("desk-a");
    desk.until(at(11 * 24 + 12, 0));
    assert_eq!(desk.told().last().unwrap().0, at(11 * 24 + 8, 30), "what came at night is told in the morning");
}

#[test]
fn a_day_has_only_so_many() {
    let mut desk = Desk::open(terms());
    for quarter in 0..24 {
        desk.ask("desk-a");
        desk.until(at(9, 15 * (quarter + 1)));
        while !desk.out.is_empty() {
            desk.end(Carried::Acknowledged);
        }
    }
    assert_eq!(desk.told().len(), 3);
    desk.until(at(24 + 9, 0));
    let (when, last) = desk.began().pop().unwrap();
    assert_eq!((when, last.open), (at(24 + 8, 30), 24), "the rest is told with the next opening");
}

#[test]
fn what_does_not_arrive_goes_again_under_one_id_and_then_waits_for_the_next_occasion() {
    let mut desk = Desk::open(terms());
    desk.ask("desk-a");
    desk.until(at(9, 10));
    let first = desk.out.first().unwrap().first;
    let mut waits = Vec::new();
    for tries in 1..=3 {
        assert_eq!(desk.out.first().map(|one| one.first), Some(first), "try {tries}: the receiver knows it again");
        let now = desk.table.now;
        desk.end(Carried::failed("status_503"));
        waits.push(desk.ended().last().unwrap().due.map(|due| due - now));
        let told = desk.table.decider.state.reminders.get("desk-a").unwrap();
        assert_eq!((told.failures, told.cause.as_str(), told.told(at(9, 0))), (tries, "status_503", None));
        let then = desk.table.now + HOUR;
        desk.until(then);
    }
    for (wait, wanted) in waits.iter().zip([60_000, 600_000]) {
        assert!((wanted..=wanted + wanted / 10 + 1).contains(&wait.unwrap()), "{waits:?}");
    }
    assert_eq!(waits[2], None, "given up");
    assert_eq!(desk.began().iter().map(|(_, fact)| fact.tries).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(desk.began()[1..].iter().all(|(_, fact)| fact.repeats == Some(first)));
    assert!(desk.out.is_empty());
    desk.until(at(24 + 8, 30));
    assert_eq!(desk.out.first().map(|one| (one.cause, one.first != first)), Some(("waiting", true)));
    desk.end(Carried::Acknowledged);
    let told = desk.table.decider.state.reminders.get("desk-a").unwrap();
    assert_eq!((told.failures, told.told(at(9, 0))), (0, Some(at(24 + 8, 30))));
    // A receiver that wants no more is asked again with the next occasion, and not before.
    desk.ask("desk-a");
    desk.until(at(24 + 9, 0));
    desk.end(Carried::failed("gone"));
    desk.until(at(24 + 17, 0));
    assert!(desk.out.is_empty());
}

#[test]
fn a_restart_says_nothing_twice_and_repeats_what_was_cut_off() {
    for by_snapshot in [false, true] {
        let mut desk = Desk::open(terms());
        desk.ask("desk-a");
        desk.until(at(9, 10));
        let first = desk.out.first().unwrap().first;
        desk.restart(by_snapshot);
        assert_eq!(desk.out.first().map(|one| one.first), Some(first), "perhaps it arrived: the same id tells");
        assert_eq!(desk.began().last().unwrap().1.tries, 1, "a stop is no failed try");
        desk.end(Carried::Acknowledged);
        let count = desk.began().len();
        desk.restart(by_snapshot);
        desk.until(at(17, 0));
        assert_eq!((desk.began().len(), desk.out.len()), (count, 0), "what arrived is not said again");
        let next = desk.next_reminder();
        assert_eq!(next, Some(at(24 + 8, 30)), "and the next occasion is what it was");
    }
}

#[test]
fn what_is_held_or_paused_is_not_the_clerks_and_its_end_is_noticed() {
    let mut desk = Desk::open(terms());
    let until = at(11, 0);
    let pause = Command::Pause { partner: "desk-a".to_owned(), by: "op".to_owned(), reason: "r".to_owned(), until };
    desk.tell(pause).unwrap();
    desk.ask("desk-a");
    desk.until(at(10, 59));
    assert!(desk.out.is_empty());
    assert_eq!(desk.next_reminder(), None, "a paused inbox is empty");
    desk.until(at(11, 0) + SECOND);
    assert_eq!(desk.told(), [(at(11, 0), "arrived".to_owned())], "it has waited long enough for more");
    desk.end(Carried::Acknowledged);
    let stop = crate::command::OrderStop {
        scope: domain::stop::StopScope::All,
        by: "op".to_owned(),
        court: None,
        reason: "r".to_owned(),
    };
    desk.tell(Command::OrderStop(Box::new(stop))).unwrap();
    desk.until(at(24 + 12, 0));
    assert_eq!(desk.told().len(), 1, "what is stopped is nobody's task");
}

#[test]
fn a_thousand_are_named_and_the_others_counted() {
    let mut desk = Desk::open(terms());
    let count = crate::state::reminder::REMINDED_ACTS_MAX + 5;
    for _ in 0..count {
        desk.ask("desk-a");
    }
    desk.until(at(9, 10));
    let told = desk.out.first().unwrap();
    assert_eq!((told.open as usize, told.acts.len()), (count, count - 5));
    let leaf = serde_json::to_vec(&desk.began()[0].1).unwrap();
    assert!(leaf.len() < 24 << 10, "{} bytes", leaf.len());
    desk.end(Carried::Acknowledged);
    desk.until(at(17, 0));
    assert_eq!(desk.told().len(), 1, "those that had no room are known as well");
}

/// A desk with so much waiting, more than a slice of which was looked at; all of it came at nine.
fn crowded(count: usize) -> Desk {
    let mut desk = Desk::open(terms());
    desk.tell(Command::StoreDocument(Box::new(ruling()))).unwrap();
    for (key, some) in (0..).zip(vec![(); count].chunks(1_000)) {
        let asked = request(Asked::Acts(vec![bare(ActKind::Query, "desk-a"); some.len()]));
        let decision = desk.table.decider.decide(Command::Submit(Box::new(said::submit(key, asked))), desk.table.now);
        desk.table.keep(decision).unwrap();
    }
    let state = &mut desk.table.decider.state;
    let acts: Vec<ActRef> = state.acts.iter().map(|(_, act)| act.id().into()).take(LOOK_SLICE_MAX + 10).collect();
    let fact = ExchangeBegan::of(acts, "offer", "desk-a").into();
    state.fold(state.next, &Event { at: desk.table.now, fact, body: None, key: 0 });
    desk
}

#[test]
fn a_look_into_a_crowded_inbox_lets_whoever_decides_go_on_in_between() {
    let count = 2 * LOOK_SLICE_MAX + 100;
    let mut desk = crowded(count);
    let now = desk.table.now;
    let none = Decider::new(State::default(), Box::new(CountingKeyring(0)), Box::new(SeededRandom::new(1)));
    let (head, readings) = (Head::new(std::mem::replace(&mut desk.table.decider, none)), Cell::new(0));
    // A writer between two readings: it would wait for ever for one that is still held.
    let read = || {
        head.write().decide(Command::Barrier, now);
        readings.set(readings.get() + 1);
        head.read()
    };
    let found = look_through(read, "desk-a", now);
    assert_eq!((found.open as usize, found.overdue, found.oldest), (count, 0, Some(at(9, 0))), "each once");
    assert!(readings.get() >= 4, "one at the beginning, and one for each slice");
    let overdue = look_through(|| head.read(), "desk-a", now + 3 * DAY);
    assert_eq!(overdue.overdue as usize, count);
}

#[test]
fn a_crowded_inbox_is_reminded_of_while_other_things_are_decided() {
    let count = 2 * LOOK_SLICE_MAX + 100;
    let mut desk = crowded(count);
    // A clerk of another desk is served between two slices.
    for then in [at(9, 0), at(9, 10)] {
        desk.table.now = then;
        desk.tell(Command::Tick).unwrap();
        let mut slices = 1;
        while desk.table.decider.next_due().is_some_and(|due| due <= then) {
            assert!(desk.out.is_empty(), "it is not looked through yet");
            desk.tell(Command::List { partner: "desk-b".to_owned(), class: ListClass::Queries }).unwrap();
            slices += 1;
            assert!(slices < 10, "it comes to an end");
        }
        assert!(slices >= 3, "{slices} slices at {then}");
    }
    let told = desk.out.remove(0);
    assert_eq!((told.open as usize, told.overdue, told.oldest, told.cause), (count, 0, at(9, 0), "arrived"));
    let mut acts: Vec<ActId> = desk.table.decider.state.acts.iter().map(|(_, act)| act.id()).collect();
    acts.sort_unstable_by_key(|act| (act.sequence, act.line));
    acts.truncate(crate::state::reminder::REMINDED_ACTS_MAX);
    assert_eq!(told.acts.iter().map(|act| act.act).collect::<Vec<_>>(), acts, "the first in order");
}

#[test]
fn who_has_no_terms_is_not_reminded_and_answers_in_order() {
    let mut desk = Desk::open(terms());
    desk.ask("desk-a");
    desk.tell(Command::Configure(Arc::new(config(None, "f")))).unwrap();
    desk.until(at(12, 0));
    assert!(desk.out.is_empty());
    let over = Command::Reminded { partner: "desk-a".to_owned(), reminder: 3, end: Carried::Acknowledged };
    assert_eq!(desk.tell(over).map(drop), Err(Refusal::WrongState { state: "reminder_over" }));
    let act = desk.table.decider.state.acts.iter().next().unwrap().1.clone();
    assert!(!remind::waits_for_its_partner(&act), "it was never shown");
}
