//! For whom an act waited, through the decider: each cause from both sides, told by events alone.

use domain::calendar::{Calendar, Hours};
use domain::delay::Stage;
use domain::form::{PartRelease, RegisteredOfficer};
use domain::partner::Stage as Earned;
use domain::{ActId, Day};
use store::record::{ActRef, Fact};

use super::simulated::{on, order, pulling};
use super::*;
use crate::delay::{Seen, Service, Whose, stretches};
use crate::state::officer_key;

const SECOND: i64 = 1_000;
const DAY: i64 = 86_400_000;

/// Asks about so many persons at once.
fn asks(table: &mut Table, persons: u64) -> Vec<ActId> {
    (1..=persons).map(|key| ActId { sequence: table.submit(key, look()).unwrap(), line: 0 }).collect()
}

/// In what stages it waited to leave, for whom, and how long, by the events that stand in the journal.
fn waited(table: &Table, act: ActId) -> Vec<(&'static str, &'static str, Option<i64>)> {
    let at = ActRef::from(act);
    let is_own = |fact: &Fact, sequence: u64| match fact {
        Fact::RequestAccepted(_) => sequence == act.sequence,
        Fact::ExchangeBegan(fact) => fact.acts.contains(&at),
        Fact::ExchangeEnded(fact) => fact.act == at,
        Fact::OutcomeReceived(fact) => fact.act == at,
        _ => false,
    };
    let seen = (0..).zip(&table.events).map(|(sequence, event)| Seen {
        sequence,
        at: event.at,
        fact: event.fact.clone(),
        body: None,
        leaf_hash: trail::leaf_hash(&sequence.to_be_bytes()),
    });
    let (own, around): (Vec<Seen>, Vec<Seen>) = seen.partition(|seen| is_own(&seen.fact, seen.sequence));
    let state = &table.decider.state;
    let kind = state.act_index(act).and_then(|index| state.acts.get(index)).map(|act| act.kind());
    let whose = Whose {
        act: at,
        kind: kind.or(Some(ActKind::Query)),
        partner: "bank".to_owned(),
        court: "330225".to_owned(),
        approvals: 0,
        fetched: false,
        base_until: None,
        waits: table.decider.waits_for_limits(act, table.now),
    };
    let (hours, calendar) = (table.decider.config().partners["bank"].hours.clone(), Calendar::default());
    let service = Service { hours: &hours, calendar: &calendar, digest: &table.decider.config().digest };
    let found = stretches(&whose, &own, (&around, &[]), Some(&service), table.now);
    let long = found.iter().filter(|it| it.until != Some(it.from) && it.stage != Stage::Exchange);
    long.map(|it| (it.stage.word(), it.awaited.word(), it.until.map(|until| until - it.from))).collect()
}

fn nothing() -> Outcome {
    Outcome::of(Verdict::NoSuchCustomer)
}

fn versions(table: &Table) -> Vec<u8> {
    let began = table.events.iter().filter(|event| event.fact.name() == "exchange.began");
    began.map(|event| event.fact.version()).collect()
}

#[test]
fn what_waits_for_the_agreed_rate_waits_for_the_partner() {
    let rate = Rate { max: 1, window_ms: 10_000, burst: 1 };
    let mut table = Table::with(vec![Partner { rate, ..partner("bank") }]);
    let acts = asks(&mut table, 3);
    table.pass(4 * SECOND);
    assert_eq!(waited(&table, acts[2]), [("pace", "partner", None)], "told before it leaves");
    table.pass(6 * SECOND);
    // Nobody looked for five seconds after it could have gone: those are ours.
    table.pass(15 * SECOND);
    assert_eq!(table.effects.len(), 3);
    while !table.effects.is_empty() {
        table.answer(nothing());
    }
    assert_eq!(waited(&table, acts[0]), [], "nothing was before it");
    assert_eq!(waited(&table, acts[1]), [("pace", "partner", Some(10 * SECOND))]);
    assert_eq!(
        waited(&table, acts[2]),
        [("pace", "partner", Some(20 * SECOND)), ("turn", "gateway", Some(5 * SECOND))]
    );
    assert_eq!(versions(&table), [1, 2, 2], "only what waited says so");
}

#[test]
fn what_waits_for_a_place_in_flight_waits_for_the_partner_and_what_comes_when_there_is_one_does_not() {
    let mut table = Table::with(vec![Partner { in_flight_max: 1, ..partner("bank") }]);
    let acts = asks(&mut table, 2);
    assert_eq!(table.effects.len(), 1);
    table.pass(7 * SECOND);
    table.answer(nothing());
    table.pass(SECOND);
    table.answer(nothing());
    assert_eq!(waited(&table, acts[0]), []);
    assert_eq!(waited(&table, acts[1]), [("in_flight", "partner", Some(7 * SECOND))]);
    let later = ActId { sequence: table.submit(9, look()).unwrap(), line: 0 };
    table.answer(nothing());
    assert_eq!((waited(&table, later), versions(&table)), (vec![], vec![1, 2, 1]));
}

fn look() -> Asked {
    Asked::Goal { goal: Goal::Look, subjects: vec![0], scope: Scope::default() }
}

#[test]
fn what_waits_for_the_days_limit_waits_for_the_partner_over_its_night() {
    let hours = Hours::parse("daily 08:30-17:00").unwrap();
    let mut table = Table::with(vec![Partner { per_day: Some(1), hours, ..partner("bank") }]);
    // 16:00 in Shanghai on the day of START.
    table.now = Day::of(START).end() - 8 * 3_600 * SECOND;
    let acts = asks(&mut table, 2);
    assert_eq!(table.effects.len(), 1);
    table.answer(nothing());
    table.pass(8 * 3_600 * SECOND);
    assert!(table.effects.is_empty(), "another day, and closed");
    table.pass(8 * 3_600 * SECOND + 1_800 * SECOND);
    table.answer(nothing());
    assert_eq!(
        waited(&table, acts[1]),
        [
            ("per_day", "partner", Some(8 * 3_600 * SECOND)),
            ("hours", "partner", Some(8 * 3_600 * SECOND + 1_800 * SECOND))
        ]
    );
}

fn set(table: &mut Table, partner: Partner, digest: &str) {
    let mut config = Config::clone(table.decider.config());
    config.partners.insert(partner.id.clone(), Arc::new(partner));
    config.digest = digest.to_owned();
    table.tell(Command::Configure(Arc::new(config))).unwrap();
}

fn pause(table: &mut Table, ms: i64) {
    let (partner, by, reason) = ("bank".to_owned(), "operator".to_owned(), "r".to_owned());
    let until = table.now + ms;
    table.tell(Command::Pause { partner, by, reason, until }).unwrap();
}

fn resume(table: &mut Table) {
    table.tell(Command::Resume { partner: "bank".to_owned(), by: "operator".to_owned() }).unwrap();
}

fn named(table: &Table, name: &str) -> usize {
    table.events.iter().filter(|event| event.fact.name() == name).count()
}

#[test]
fn what_the_partners_stage_holds_is_told_once_and_ends_when_the_stage_does() {
    let mut table = Table::with(vec![partner("bank")]);
    pause(&mut table, DAY);
    let asked = ActId { sequence: table.submit(1, look()).unwrap(), line: 0 };
    let freeze = order(ActKind::Freeze, "bank");
    let frozen = ActId { sequence: table.acts(2, vec![freeze]), line: 0 };
    set(&mut table, Partner { stage: Earned::Query, ..partner("bank") }, "query");
    resume(&mut table);
    table.answer(nothing());
    table.pass(30 * SECOND);
    table.pass(30 * SECOND);
    assert_eq!(waited(&table, frozen), [("not_open", "gateway", None)]);
    assert_eq!((named(&table, "act.held"), named(&table, "act.freed")), (1, 0));
    table = table.restart(vec![Partner { stage: Earned::Query, ..partner("bank") }]);
    table.pass(10 * SECOND);
    assert_eq!(named(&table, "act.held"), 1, "a start tells nothing that was told");
    set(&mut table, partner("bank"), "deduct");
    assert_eq!((named(&table, "act.freed"), table.effects.len()), (1, 1));
    table.answer(caught(10_000));
    assert_eq!(waited(&table, frozen), [("not_open", "gateway", Some(70 * SECOND))]);
    assert_eq!(waited(&table, asked), [], "questions were let go all the time");
    table.fold_again_alike();
}

#[test]
fn what_waits_for_an_officer_to_be_registered_waits_for_the_court() {
    let officer = &request(Asked::Acts(Vec::new())).officers[0];
    let key = officer_key(officer.work_id.expose(), officer.duty_id.expose());
    let with = |to: Option<i32>| {
        let to = to.map(|days| Day::of(START).plus_days(days));
        let mut partner = partner("bank");
        partner.form.register = Some(vec![RegisteredOfficer { key, from: None, to }]);
        partner
    };
    let mut table = Table::with(vec![with(Some(0))]);
    pause(&mut table, 10 * DAY);
    let act = ActId { sequence: table.submit(1, look()).unwrap(), line: 0 };
    let midnight = Day::of(START).end() - table.now;
    table.pass(midnight);
    table.pass(2 * DAY);
    resume(&mut table);
    assert!(table.effects.is_empty());
    set(&mut table, with(None), "renewed");
    table.answer(nothing());
    let waits = waited(&table, act);
    assert_eq!(waits, [("pause", "gateway", Some(midnight + 2 * DAY))], "the pause held it from before");
    // Without a pause in the way it is the register's from the first instant of the day after the last.
    let mut table = Table::with(vec![with(Some(0))]);
    set(&mut table, Partner { rate: Rate { max: 1, window_ms: 50_000_000, burst: 1 }, ..with(Some(0)) }, "slow");
    let acts = asks(&mut table, 2);
    table.answer(nothing());
    table.pass(midnight);
    table.pass(2 * DAY);
    set(&mut table, with(None), "renewed");
    table.answer(nothing());
    let waits = waited(&table, acts[1]);
    let ours = ("turn", "gateway", Some(midnight - 50_000_000));
    assert_eq!(waits, [("pace", "partner", Some(50_000_000)), ours, ("officer", "court", Some(2 * DAY))]);
    assert_eq!((named(&table, "act.held"), named(&table, "act.freed")), (1, 1));
}

#[test]
fn a_part_that_is_not_read_any_more_is_held_and_the_whole_is_not() {
    let deaf = || {
        let mut partner = partner("bank");
        partner.form.part_release = PartRelease::Unagreed;
        partner
    };
    let mut table = Table::with(vec![partner("bank")]);
    let freeze = ActId { sequence: table.acts(1, vec![order(ActKind::Freeze, "bank")]), line: 0 };
    table.answer(caught(10_000));
    pause(&mut table, DAY);
    let mut part = on(ActKind::Release, "bank", freeze);
    part.amount = Some(Money::from_fen(4_000));
    let part = ActId { sequence: table.acts(2, vec![part]), line: 0 };
    set(&mut table, deaf(), "deaf");
    resume(&mut table);
    table.pass(5 * SECOND);
    assert_eq!(waited(&table, part), [("part_unread", "partner", None)]);
    set(&mut table, partner("bank"), "reads");
    assert_eq!((table.effects.len(), waited(&table, part).len()), (1, 1));
}

#[test]
fn a_pulled_list_frees_what_it_hands_over_and_names_none_of_what_is_held() {
    let list = |table: &mut Table| {
        let class = domain::socket::ListClass::Controls;
        table.tell(Command::List { partner: "bank".to_owned(), class }).unwrap();
    };
    let mut table = Table::with(vec![pulling("bank")]);
    let frozen = ActId { sequence: table.acts(1, vec![order(ActKind::Freeze, "bank")]), line: 0 };
    set(&mut table, Partner { stage: Earned::Query, ..pulling("bank") }, "query");
    list(&mut table);
    table.pass(SECOND);
    assert_eq!((named(&table, "act.held"), named(&table, "exchange.began")), (1, 0));
    set(&mut table, pulling("bank"), "deduct");
    list(&mut table);
    assert_eq!((named(&table, "act.freed"), named(&table, "exchange.began")), (1, 1));
    let waits = waited(&table, frozen);
    assert_eq!(waits.first(), Some(&("not_open", "gateway", Some(SECOND))), "{waits:?}");
}

#[test]
fn however_many_are_held_one_decision_tells_so_many_and_the_rest_follows() {
    let mut table = Table::with(vec![partner("bank")]);
    pause(&mut table, DAY);
    for key in 1..=60 {
        table.acts(key, (0..100).map(|_| ActOrder { account: None, ..bare(ActKind::Query, "bank") }).collect());
    }
    set(&mut table, Partner { stage: Earned::Test, ..partner("bank") }, "test");
    table.pass(SECOND);
    let told = |table: &Table, name: &str| {
        let facts = table.events.iter().map(|event| &event.fact).filter(|fact| fact.name() == name);
        let acts = facts.map(|fact| match fact {
            Fact::ActHeld(fact) => fact.acts.len(),
            Fact::ActFreed(fact) => fact.acts.len(),
            _ => 0,
        });
        let acts: Vec<usize> = acts.collect();
        assert!(acts.iter().all(|acts| *acts <= 500));
        acts.iter().sum::<usize>()
    };
    assert_eq!(told(&table, "act.held"), 6_000);
    set(&mut table, partner("bank"), "deduct");
    table.pass(SECOND);
    assert_eq!((told(&table, "act.freed"), table.decider.state.held_acts.len()), (6_000, 0));
}

impl Table {
    /// Folding all events again gives the same state.
    fn fold_again_alike(&self) {
        let mut again = State::default();
        for (sequence, event) in (0..).zip(&self.events) {
            again.fold(sequence, event);
        }
        assert_eq!(again.digest(), self.decider.state.digest());
    }
}
