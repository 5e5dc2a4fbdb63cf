//! Deliveries in virtual time: order, gaps, the schedule, restarts, a lane of each court's own, and asking again.

use store::record::{DeliveryEnded, Fact};

use super::*;
use crate::command::Outgoing;
use crate::config::{DeliveryTerms, RETRY_MS};
use crate::courier::Carried;
use crate::state::delivery::{Delivery, GATHER_MS};

/// A table with what goes out to courts.
struct Courts {
    table: Table,
    out: Vec<Outgoing>,
}

fn query() -> Asked {
    Asked::Acts(vec![bare(ActKind::Query, "bank-a")])
}

fn config_of(terms: DeliveryTerms) -> Config {
    let court = |code: &str| CourtFile {
        code: code.to_owned(),
        callback_origins: vec!["https://court.example".to_owned()],
        delivery: terms.clone(),
        ..CourtFile::default()
    };
    Config {
        persons: persons(),
        partners: BTreeMap::from([("bank-a".to_owned(), Arc::new(partner("bank-a")))]),
        courts: BTreeMap::from([("330225".to_owned(), Arc::new(court("330225")))]),
        reminders: BTreeMap::new(),
        rules: BTreeMap::new(),
        calendar: Calendar::default(),
        digest: "e".to_owned(),
    }
}

impl Courts {
    fn with(terms: DeliveryTerms) -> Self {
        let mut courts = Self { table: Table::with(vec![partner("bank-a")]), out: Vec::new() };
        courts.tell(Command::Configure(Arc::new(config_of(terms)))).unwrap();
        courts
    }

    fn tell(&mut self, command: Command) -> Result<Answer, Refusal> {
        let decision = self.table.decider.decide(command, self.table.now);
        self.out.extend(decision.outgoing.iter().cloned());
        let answer = self.table.keep(decision);
        let pumped = self.table.decider.pump(self.table.now);
        self.out.extend(pumped.outgoing.iter().cloned());
        self.table.keep(pumped).unwrap();
        answer
    }

    fn pass(&mut self, ms: i64) {
        self.table.now += ms;
        self.tell(Command::Tick).unwrap();
    }

    fn submit(&mut self, key: u64) -> u64 {
        let mut request = request(query());
        request.callback = Some(Personal::new("https://court.example/results".to_owned()));
        let submit = Submit { case_key: (key, 5), ..said::submit(key, request) };
        match self.tell(Command::Submit(Box::new(submit))) {
            Ok(Answer::Accepted(sequence)) => sequence,
            _ => panic!("a submission is accepted"),
        }
    }

    fn of(&self, request: u64) -> Delivery {
        self.table.decider.state.deliveries.by_request.get(&request).unwrap().clone()
    }

    /// Ends the oldest attempt, which carried the newest version there was.
    fn end(&mut self, end: Carried) {
        let outgoing = self.out.remove(0);
        let version = self.of(outgoing.request).version;
        self.tell(Command::Carried { outgoing, version, end }).unwrap();
    }

    fn finish(&mut self) {
        let effect = self.table.effects.remove(0);
        let judged = Judged::Answered(Box::new(Outcome::of(Verdict::Done)));
        self.tell(Command::Ended { exchange: effect.exchange, act: effect.act, judged }).unwrap();
    }

    fn ended(&self) -> Vec<DeliveryEnded> {
        let ended = |event: &Event| match &event.fact {
            Fact::DeliveryEnded(fact) => Some(fact.clone()),
            _ => None,
        };
        self.table.events.iter().filter_map(ended).collect()
    }

    /// Another process folds what there is.
    fn restart(&mut self, terms: DeliveryTerms) {
        let mut state = State::default();
        (0..).zip(&self.table.events).for_each(|(sequence, event)| state.fold(sequence, event));
        assert_eq!(state.digest(), self.table.decider.state.digest(), "folding again gives the same");
        self.table.decider = Decider::new(state, Box::new(CountingKeyring(9)), Box::new(SeededRandom::new(2)));
        self.out.clear();
        self.table.effects.clear();
        self.tell(Command::Start { version: "test".to_owned() }).unwrap();
        self.tell(Command::Configure(Arc::new(config_of(terms)))).unwrap();
    }
}

#[test]
fn a_burst_is_one_delivery_and_each_names_the_one_before() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    assert!(courts.out.is_empty(), "news waits a moment for more");
    courts.pass(GATHER_MS);
    assert_eq!(courts.out.len(), 1);
    courts.finish();
    assert_eq!(courts.out.len(), 1, "one at a time of one request: versions never overtake");
    let carried = courts.of(request).version;
    courts.end(Carried::Acknowledged);
    assert_eq!(courts.of(request).acknowledged, carried);
    let mut before = 0;
    for ended in courts.ended() {
        assert_eq!(ended.previous, before, "no gap");
        assert!(ended.version > before, "never back");
        before = ended.version;
    }
    assert_eq!(courts.of(request).word(), "delivered");
}

#[test]
fn what_comes_while_one_is_under_way_follows_it() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.pass(GATHER_MS);
    let first = courts.of(request).version;
    courts.finish();
    let outgoing = courts.out.remove(0);
    courts.tell(Command::Carried { outgoing, version: first, end: Carried::Acknowledged }).unwrap();
    assert_eq!(courts.out.len(), 1, "the last version of a finished request is not held back");
    assert_eq!(courts.out[0].previous, first);
    courts.end(Carried::Acknowledged);
    assert_eq!(courts.of(request).acknowledged, courts.of(request).version);
}

#[test]
fn the_schedule_is_kept_and_then_given_up() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.finish();
    for (tries, wait) in RETRY_MS.iter().enumerate() {
        courts.pass(60_000);
        assert_eq!(courts.out.len(), 1, "try {tries}");
        courts.end(Carried::failed("status_400"));
        let (wait, due) = (i64::try_from(*wait).unwrap(), courts.of(request).due_at - courts.table.now);
        assert!((wait..=wait + wait / 10 + 1).contains(&due), "try {tries}: {due} and not {wait}");
        courts.pass(due - 1);
        assert!(courts.out.is_empty(), "not before its time");
        courts.table.now += 1 - 60_000;
    }
    courts.pass(60_000);
    courts.end(Carried::failed("status_400"));
    assert_eq!(courts.of(request).word(), "given_up");
    courts.pass(30 * 86_400_000);
    assert!(courts.out.is_empty(), "nothing follows by itself");
    let again = Command::Redeliver {
        request: domain::RequestId(request),
        by: "court".to_owned(),
        since: 0,
        closed: Some(("330225".to_owned(), courts.of(request).version)),
    };
    courts.tell(again).unwrap();
    assert_eq!(courts.out.len(), 1);
    courts.end(Carried::Acknowledged);
    assert_eq!(courts.of(request).word(), "delivered");
}

#[test]
fn a_receiver_that_wants_no_more_gets_no_more_and_one_that_asks_for_time_gets_it() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.finish();
    let after = Some(3_600_000);
    courts.end(Carried::Failed { cause: "status_503".to_owned(), retry_after_ms: after });
    assert_eq!(courts.of(request).due_at, courts.table.now + 3_600_000);
    courts.pass(3_600_000);
    courts.end(Carried::failed("gone"));
    assert_eq!(courts.of(request).word(), "given_up");
}

#[test]
fn a_result_that_was_given_up_is_counted_no_more_once_its_case_is_erased() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.finish();
    let erase = |by: &str| {
        let (by, reason) = (by.to_owned(), "期满".to_owned());
        let (case, cause) = (domain::CaseId(request), domain::case::EraseCause::Retention);
        let erase =
            crate::command::EraseCase { case, cause, by, court: None, is_person: true, reason, slots: Vec::new() };
        Command::EraseCase(Box::new(erase))
    };
    assert!(matches!(courts.tell(erase("judge-1")), Err(Refusal::CaseInUse { .. })), "it is on its way");
    courts.end(Carried::failed("gone"));
    assert_eq!(courts.of(request).word(), "given_up");
    courts.tell(erase("judge-1")).unwrap();
    courts.tell(erase("judge-2")).unwrap();
    let deliveries = &courts.table.decider.state.deliveries;
    assert!(deliveries.by_request.is_empty(), "nor held as given up");
    courts.pass(30 * 86_400_000);
    assert!(courts.out.is_empty());
}

#[test]
fn a_restart_remembers_what_is_due_and_repeats_what_was_under_way() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.finish();
    courts.end(Carried::failed("connect"));
    let due = courts.of(request).due_at;
    courts.restart(DeliveryTerms::default());
    assert!(courts.out.is_empty());
    assert_eq!(courts.of(request).due_at, due, "the schedule survives");
    courts.pass(due - courts.table.now);
    assert_eq!(courts.out.len(), 1);
    courts.restart(DeliveryTerms::default());
    assert_eq!(courts.out.len(), 1, "perhaps received, perhaps not: it goes again");
    assert_eq!(courts.of(request).tries, 1, "a stop is no failed try");
    courts.end(Carried::Acknowledged);
    assert_eq!(courts.of(request).word(), "delivered");
}

#[test]
fn a_snapshot_holds_what_is_due_and_under_way() {
    let mut courts = Courts::with(DeliveryTerms::default());
    courts.submit(1);
    courts.submit(2);
    courts.pass(GATHER_MS);
    courts.end(Carried::failed("connect"));
    let state = &courts.table.decider.state;
    let mut bytes = Vec::new();
    state.write_record(&mut bytes).unwrap();
    let loaded = State::read_record(&bytes).unwrap();
    assert_eq!(loaded.digest(), state.digest());
    let lane = state.lane_of("court:330225").unwrap();
    assert_eq!(loaded.deliveries.first_due(lane), state.deliveries.first_due(lane));
    assert_eq!(loaded.lane(lane).unwrap().in_flight, 1);
}

#[test]
fn a_court_that_hangs_is_left_alone_and_slows_no_partner() {
    let terms = DeliveryTerms {
        in_flight_max: 2,
        breaker: Breaker { failures: 2, open_ms: 10_000 },
        ..DeliveryTerms::default()
    };
    let mut courts = Courts::with(terms);
    let requests: Vec<u64> = (1..=5).map(|key| courts.submit(key)).collect();
    courts.pass(GATHER_MS);
    assert_eq!(courts.out.len(), 2, "its own places in flight");
    assert_eq!(courts.table.effects.len(), 5, "every query went to its bank");
    courts.end(Carried::failed("timeout"));
    courts.end(Carried::failed("timeout"));
    assert_eq!(courts.out.len(), 1, "one more had begun when the first failed");
    courts.end(Carried::failed("timeout"));
    courts.pass(9_999);
    assert!(courts.out.is_empty(), "the lane rests");
    courts.pass(1);
    assert_eq!(courts.out.len(), 1, "then one tries for all");
    while !courts.out.is_empty() {
        courts.end(Carried::Acknowledged);
    }
    courts.pass(86_400_000);
    while !courts.out.is_empty() {
        courts.end(Carried::Acknowledged);
    }
    for request in requests {
        assert_eq!(courts.of(request).word(), "delivered");
    }
}

#[test]
fn asking_twice_is_asking_once_and_what_was_asked_meanwhile_still_comes() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.finish();
    courts.end(Carried::Acknowledged);
    let version = courts.of(request).version;
    let again = |since| Command::Redeliver {
        request: domain::RequestId(request),
        by: "court".to_owned(),
        since,
        closed: Some(("330225".to_owned(), version)),
    };
    assert!(matches!(courts.tell(again(version)), Ok(Answer::Done(of)) if of == version));
    assert!(courts.out.is_empty(), "there is nothing after the newest");
    assert!(matches!(courts.tell(again(version + 1)), Err(Refusal::OutOfBounds { .. })));
    courts.tell(again(request)).unwrap();
    let events = courts.table.events.len();
    courts.tell(again(request)).unwrap();
    assert_eq!((courts.table.events.len(), courts.out.len()), (events, 1));
    assert_eq!(courts.out[0].previous, request);
    courts.tell(again(0)).unwrap();
    courts.end(Carried::Acknowledged);
    assert_eq!((courts.out.len(), courts.out[0].previous), (1, 0), "the one under way did not begin at nothing");
    courts.end(Carried::Acknowledged);
    assert_eq!(courts.of(request).word(), "delivered");
}

#[test]
fn what_a_court_no_longer_named_is_owed_waits_for_it() {
    let mut courts = Courts::with(DeliveryTerms::default());
    courts.submit(1);
    let bare = Config { courts: BTreeMap::new(), digest: "f".to_owned(), ..config_of(DeliveryTerms::default()) };
    courts.tell(Command::Configure(Arc::new(bare))).unwrap();
    courts.pass(86_400_000);
    assert!(courts.out.is_empty());
    courts.tell(Command::Configure(Arc::new(config_of(DeliveryTerms::default())))).unwrap();
    assert_eq!(courts.out.len(), 1);
}

#[test]
fn late_news_of_a_finished_request_is_delivered_too() {
    let mut courts = Courts::with(DeliveryTerms::default());
    let request = courts.submit(1);
    courts.finish();
    courts.end(Carried::Acknowledged);
    let had = courts.of(request).acknowledged;
    let late = |has_callback| {
        let act = domain::ActId { sequence: request, line: 0 };
        let closed = crate::command::ClosedRequest { version: had, ..said::closed(request, request) };
        let late = said::late(act, closed, known(request, 0, ActKind::Query), Outcome::of(Verdict::Refused));
        Command::LateOutcome(Box::new(crate::command::LateOutcome { has_callback, ..late }))
    };
    courts.tell(late(false)).unwrap();
    assert!(courts.out.is_empty(), "nobody asked for it");
    let Ok(Answer::Done(version)) = courts.tell(late(true)) else { panic!("late news are recorded") };
    assert_eq!((courts.out.len(), courts.out[0].previous, courts.of(request).version), (1, had, version));
    courts.end(Carried::Acknowledged);
    assert_eq!(courts.of(request).acknowledged, version);
}

proptest::proptest! {
    /// Whatever fails, in whatever order, with stops in between: what the court acknowledged forms a chain without gaps, and in the end
    /// it has the last version.
    #[test]
    fn what_is_acknowledged_is_a_chain_without_gaps(steps in proptest::collection::vec(0_u8..7, 1..60)) {
        let mut courts = Courts::with(DeliveryTerms::default());
        let requests: Vec<u64> = (1..=3).map(|key| courts.submit(key)).collect();
        for step in steps {
            match step {
                0 if !courts.table.effects.is_empty() => courts.finish(),
                1 | 2 if !courts.out.is_empty() => courts.end(Carried::Acknowledged),
                3 if !courts.out.is_empty() => courts.end(Carried::failed("status_500")),
                4 if !courts.out.is_empty() => courts.end(Carried::failed("status_400")),
                5 => courts.restart(DeliveryTerms::default()),
                _ => courts.pass(700),
            }
        }
        for _ in 0..200 {
            while !courts.out.is_empty() {
                courts.end(Carried::Acknowledged);
            }
            courts.pass(3_600_000);
        }
        let mut has: BTreeMap<u64, u64> = BTreeMap::new();
        for ended in courts.ended().into_iter().filter(|ended| ended.judged == "acknowledged") {
            let known = has.entry(ended.request).or_insert(0);
            proptest::prop_assert_eq!(ended.previous, *known);
            proptest::prop_assert!(ended.version > *known);
            *known = ended.version;
        }
        for request in requests {
            proptest::prop_assert_eq!(has.get(&request).copied(), Some(courts.of(request).version));
        }
    }
}
