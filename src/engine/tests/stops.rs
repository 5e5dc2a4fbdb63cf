//! Emergency stops: what they hold, what they leave alone, who lifts them, and that nothing of it is forgotten.

use domain::act::{ActOrder, Original};
use domain::partner::Stage;
use domain::socket::ListClass;
use domain::stop::StopScope;

use super::*;
use crate::command::{LiftStop, OrderStop};

fn order(table: &mut Table, scope: StopScope, court: Option<&str>) -> Result<u64, Refusal> {
    let order =
        OrderStop {
            scope, by: "operator".to_owned(), court: court.map(str::to_owned), reason: "密钥泄露".to_owned()
        };
    match table.tell(Command::OrderStop(Box::new(order)))? {
        Answer::Done(sequence) => Ok(sequence),
        _ => unreachable!("a stop is answered as done"),
    }
}

fn lift(table: &mut Table, stop: u64, by: &str) -> Result<(), Refusal> {
    lift_as(table, stop, by, None, true)
}

fn lift_as(table: &mut Table, stop: u64, by: &str, court: Option<&str>, is_person: bool) -> Result<(), Refusal> {
    let lift =
        LiftStop {
            stop, by: by.to_owned(), court: court.map(str::to_owned), is_person, reason: "已查清".to_owned()
        };
    table.tell(Command::LiftStop(Box::new(lift))).map(|_| ())
}

fn kinds(kinds: &[ActKind]) -> StopScope {
    StopScope::of_kinds(kinds).unwrap()
}

fn act(kind: ActKind, account: &str, fen: i64) -> ActOrder {
    let account = Some(Personal::new(account.to_owned()));
    ActOrder { account, amount: (fen > 0).then(|| Money::from_fen(fen)), ..bare(kind, "bank-a") }
}

fn on(kind: ActKind, freeze: domain::ActId) -> ActOrder {
    let original = Original { act: Some(freeze), slip: String::new(), case_number: Personal::new(String::new()) };
    ActOrder { account: None, original: Some(original), ..act(kind, "", 0) }
}

/// A freeze that holds, of a finished request.
fn frozen(table: &mut Table) -> domain::ActId {
    let sequence = table.submit(90, Asked::Acts(vec![act(ActKind::Freeze, "62", 10_000)])).unwrap();
    table.answer(caught(10_000));
    domain::ActId { sequence, line: 0 }
}

fn again(table: &mut Table) {
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let state = State::read_record(&bytes).unwrap();
    let mut folded = State::default();
    for (sequence, event) in (0..).zip(&table.events) {
        folded.fold(sequence, event);
    }
    assert_eq!(folded.digest(), state.digest(), "the journal and the snapshot say the same");
    let config = Arc::clone(table.decider.config());
    table.decider = Decider::new(state, Box::new(CountingKeyring(50)), Box::new(SeededRandom::new(2)));
    table.tell(Command::Start { version: "test".to_owned() }).unwrap();
    table.tell(Command::Configure(config)).unwrap();
}

#[test]
fn one_person_stops_a_kind_and_two_let_it_go_on() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let stop = order(&mut table, kinds(&[ActKind::Freeze]), None).unwrap();
    table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "62", 100)])).unwrap();
    assert!(table.effects.is_empty(), "it is taken, and stays ready");
    assert_eq!(table.states(), [(ActKind::Freeze, ActState::Ready)]);
    let state = &table.decider.state;
    assert!(state.acts.iter().all(|(_, act)| state.is_act_stopped(act)));
    again(&mut table);
    table.pass(3_600_000);
    assert!(table.effects.is_empty(), "a restart and an hour lift nothing");
    lift(&mut table, stop, "first").unwrap();
    assert_eq!(lift(&mut table, stop, "first"), Err(Refusal::SamePerson));
    again(&mut table);
    assert!(table.effects.is_empty(), "one is not two");
    lift(&mut table, stop, "second").unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
    assert_eq!(lift(&mut table, stop, "third"), Err(Refusal::NotFound));
}

#[test]
fn a_machine_lifts_nothing_and_an_old_word_does_not_count() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let stop = order(&mut table, StopScope::All, None).unwrap();
    assert_eq!(lift_as(&mut table, stop, "system", None, false), Err(Refusal::PersonNeeded));
    lift(&mut table, stop, "first").unwrap();
    table.pass(crate::decide::LIFT_AGREED_MS);
    lift(&mut table, stop, "second").unwrap();
    assert_eq!(table.decider.state.stops.len(), 1, "the first word was for another day");
    lift(&mut table, stop, "first").unwrap();
    assert!(table.decider.state.stops.is_empty());
}

#[test]
fn a_court_stops_and_lifts_its_own_and_nothing_else() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let own = || StopScope::Court("330225".to_owned());
    assert_eq!(order(&mut table, StopScope::All, Some("330225")), Err(Refusal::CourtForeign));
    assert_eq!(order(&mut table, own(), Some("330226")), Err(Refusal::CourtForeign));
    assert_eq!(order(&mut table, StopScope::Court("999999".to_owned()), None), Err(Refusal::NotFound));
    let by_court = order(&mut table, own(), Some("330225")).unwrap();
    assert_eq!(order(&mut table, own(), Some("330225")), Err(Refusal::WrongState { state: "stopped" }));
    let by_operator = order(&mut table, own(), None).unwrap();
    for person in ["a", "b"] {
        assert_eq!(lift_as(&mut table, by_court, person, Some("330226"), true), Err(Refusal::NotFound));
        assert_eq!(lift_as(&mut table, by_operator, person, Some("330225"), true), Err(Refusal::StopNotYours));
        lift_as(&mut table, by_court, person, Some("330225"), true).unwrap();
    }
    table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "62", 100)])).unwrap();
    assert!(table.effects.is_empty(), "the operator's stop of the same court still holds");
    lift(&mut table, by_operator, "a").unwrap();
    lift(&mut table, by_operator, "b").unwrap();
    assert_eq!(table.effects.len(), 1);
}

#[test]
fn releases_pass_a_stopped_freeze_unless_everything_is_stopped() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let (first, second) = (frozen(&mut table), ActKind::Release);
    let court = order(&mut table, StopScope::Court("330225".to_owned()), None).unwrap();
    table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "63", 100)])).unwrap();
    table.submit(2, Asked::Acts(vec![on(second, first)])).unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Release, false)), "the same subject, behind the stopped freeze");
    assert!(table.events.iter().any(|event| event.fact.name() == "act.passed"), "being passed is an event");
    table.answer(Outcome::of(Verdict::Done));
    lift(&mut table, court, "a").unwrap();
    lift(&mut table, court, "b").unwrap();
    table.answer(caught(100));
    let held = domain::ActId {
        sequence: table.submit(3, Asked::Acts(vec![act(ActKind::Freeze, "64", 100)])).unwrap(),
        line: 0,
    };
    table.answer(caught(100));
    let all = order(&mut table, StopScope::All, None).unwrap();
    table.submit(4, Asked::Acts(vec![on(ActKind::Release, held)])).unwrap();
    assert!(table.effects.is_empty(), "a wrong release cannot be taken back");
    lift(&mut table, all, "a").unwrap();
    lift(&mut table, all, "b").unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Release, false)));
}

#[test]
fn what_is_under_way_is_judged_and_asked_about_and_not_sent_again() {
    for can_be_asked in [true, false] {
        let mut resending = partner("bank-a");
        resending.doubt =
            DoubtPolicy { deduplicates: true, can_be_asked, ask_after_ms: 1_000, not_found_final_after_ms: None };
        let mut table = Table::with(vec![resending]);
        table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "62", 100)])).unwrap();
        let stop = order(&mut table, StopScope::All, None).unwrap();
        table.end(Judged::Doubt { cause: Cause::Timeout });
        table.pass(2_000);
        let expected = can_be_asked.then_some((ActKind::Freeze, true));
        assert_eq!(table.next_kind(), expected, "a question goes, the message itself does not");
        if can_be_asked {
            table.answer(caught(100));
            assert!(table.decider.state.requests.is_empty(), "judged as ever");
            continue;
        }
        lift(&mut table, stop, "a").unwrap();
        lift(&mut table, stop, "b").unwrap();
        assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
    }
}

#[test]
fn what_provably_did_not_leave_is_not_tried_again_while_stopped() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "62", 100)])).unwrap();
    let stop = order(&mut table, kinds(&[ActKind::Freeze]), None).unwrap();
    table.end(Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    table.pass(120_000);
    assert!(table.effects.is_empty());
    lift(&mut table, stop, "a").unwrap();
    lift(&mut table, stop, "b").unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
}

#[test]
fn a_goal_plans_nothing_of_a_stopped_kind_and_goes_on_afterwards() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.collect(1);
    let stop = order(&mut table, kinds(&[ActKind::Deduct]), None).unwrap();
    table.answer(found(250_000));
    table.answer(caught(100_000));
    table.pass(200_000);
    assert!(!table.states().iter().any(|(kind, _)| *kind == ActKind::Deduct), "{:?}", table.states());
    assert_eq!(table.decider.state.requests.len(), 1, "the request is not over");
    again(&mut table);
    lift(&mut table, stop, "a").unwrap();
    lift(&mut table, stop, "b").unwrap();
    table.pass(1_000);
    assert_eq!(table.next_kind(), Some((ActKind::Deduct, false)));
    table.answer(moved(100_000));
    assert!(table.decider.state.requests.is_empty());
}

#[test]
fn a_stopped_request_of_a_stopped_kind_still_ends() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let request = table.collect(1);
    order(&mut table, kinds(&[ActKind::Freeze]), None).unwrap();
    table.answer(found(250_000));
    let (request, by, reason) = (domain::RequestId(request), "court".to_owned(), "和解".to_owned());
    table.tell(Command::Stop { request, by, reason }).unwrap();
    assert!(table.decider.state.requests.is_empty(), "nothing follows, so nothing is waited for");
}

#[test]
fn a_pulled_list_omits_what_is_stopped_also_what_was_listed_before() {
    let mut pulling = partner("bank-a");
    pulling.travel = Travel::Pull;
    let mut table = Table::with(vec![pulling]);
    let list = |table: &mut Table| match table
        .tell(Command::List { partner: "bank-a".to_owned(), class: ListClass::Controls })
    {
        Ok(Answer::List(acts)) => acts.len(),
        _ => unreachable!("a list is answered with one"),
    };
    table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "62", 100)])).unwrap();
    assert_eq!(list(&mut table), 1);
    table.submit(2, Asked::Acts(vec![act(ActKind::Freeze, "63", 100)])).unwrap();
    let stop = order(&mut table, kinds(&[ActKind::Freeze]), None).unwrap();
    assert_eq!(list(&mut table), 0);
    lift(&mut table, stop, "a").unwrap();
    lift(&mut table, stop, "b").unwrap();
    assert_eq!(list(&mut table), 2);
}

#[test]
fn stops_are_bounded_and_a_stop_of_everything_is_not() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let all: Vec<ActKind> = ActKind::ALL.to_vec();
    let mut taken = 0;
    for mask in 1..=crate::decide::STOPS_MAX + 1 {
        let some: Vec<ActKind> =
            all.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, kind)| *kind).collect();
        taken += usize::from(order(&mut table, kinds(&some), None).is_ok());
    }
    assert_eq!(taken, crate::decide::STOPS_MAX);
    order(&mut table, StopScope::All, None).unwrap();
}

#[test]
fn a_stop_frees_who_stood_behind_what_it_holds() {
    for again_first in [false, true] {
        let mut slow = partner("bank-a");
        slow.rate = Rate { max: 1, window_ms: 1_000, burst: 1 };
        let mut table = Table::with(vec![slow]);
        let held = frozen(&mut table);
        table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "63", 100)])).unwrap();
        table.submit(2, Asked::Acts(vec![on(ActKind::Release, held)])).unwrap();
        assert!(table.effects.is_empty(), "the window is full, and the release stands behind the freeze");
        order(&mut table, kinds(&[ActKind::Freeze]), None).unwrap();
        if again_first {
            again(&mut table);
        }
        table.pass(1_000);
        assert_eq!(table.next_kind(), Some((ActKind::Release, false)));
    }
}

fn at_stage(table: &mut Table, stage: Stage) {
    let mut config = Config::clone(table.decider.config());
    config.partners.insert("bank-a".to_owned(), Arc::new(Partner { stage, ..partner("bank-a") }));
    config.digest = stage.word().to_owned();
    table.tell(Command::Configure(Arc::new(config))).unwrap();
}

#[test]
fn each_stage_plans_and_sends_what_it_lets_and_names_itself() {
    for stage in Stage::ALL {
        let mut table = Table::with(vec![partner("bank-a")]);
        let held = frozen(&mut table);
        at_stage(&mut table, *stage);
        let taking = ActOrder { amount: Some(Money::from_fen(100)), ..on(ActKind::Deduct, held) };
        let query = ActOrder { account: None, ..act(ActKind::Query, "", 0) };
        let orders = [query, act(ActKind::Freeze, "63", 100), on(ActKind::Release, held), taking];
        for (key, order) in (10..).zip(orders) {
            let kind = order.kind;
            let answer = table.submit(key, Asked::Acts(vec![order])).map(|_| ());
            let refused = Err(Refusal::StageTooLow { at: "/acts/0/kind".to_owned(), stage: *stage });
            if kind == ActKind::Deduct && *stage == Stage::Deduct {
                assert!(matches!(answer, Err(Refusal::Rules(_))), "its freeze is being released");
                continue;
            }
            assert_eq!(answer, if stage.lets(kind) { Ok(()) } else { refused }, "{} {}", stage.word(), kind.word());
        }
    }
}

#[test]
fn a_goal_goes_as_far_as_the_stage_lets() {
    let mut table = Table::with(vec![partner("bank-a")]);
    at_stage(&mut table, Stage::Query);
    table.collect(1);
    table.answer(found(250_000));
    assert!(table.effects.is_empty() && table.decider.state.requests.is_empty(), "asked, and nothing else");
    at_stage(&mut table, Stage::Test);
    let scope = Scope::default();
    let nobody = table.submit(2, Asked::Goal { goal: Goal::Look, subjects: vec![0], scope });
    assert_eq!(nobody, Err(Refusal::ScopeEmpty), "nothing real is sent to a partner under test");
}

#[test]
fn a_lowered_stage_holds_back_what_is_ready_and_a_raised_one_lets_it_go() {
    let mut table = Table::with(vec![Partner { hours: Hours::parse("08:30-17:00").unwrap(), ..partner("bank-a") }]);
    table.now = START + 16 * 3_600_000;
    table.submit(1, Asked::Acts(vec![act(ActKind::Freeze, "63", 100)])).unwrap();
    assert_eq!(table.states(), [(ActKind::Freeze, ActState::Ready)], "closed");
    at_stage(&mut table, Stage::Query);
    table.pass(1_000);
    assert!(table.effects.is_empty());
    again(&mut table);
    table.pass(1_000);
    assert!(table.effects.is_empty(), "a restart under the same settings lets nothing go");
    let query = ActOrder { account: None, ..act(ActKind::Query, "", 0) };
    table.submit(2, Asked::Acts(vec![query])).unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Query, false)), "questions go");
    table.answer(found(1));
    at_stage(&mut table, Stage::Freeze);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
}

#[test]
fn what_a_stop_kept_from_being_planned_goes_on_after_a_start_too() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let stop = order(&mut table, kinds(&[ActKind::Deduct]), None).unwrap();
    table.collect(1);
    table.answer(found(250_000));
    table.answer(caught(100_000));
    assert!(table.effects.is_empty(), "the deduction is not even planned");
    lift(&mut table, stop, "operator-1").unwrap();
    lift(&mut table, stop, "operator-2").unwrap();
    // The process ends before anything passed with time.
    again(&mut table);
    table.pass(1_000);
    assert_eq!(table.next_kind(), Some((ActKind::Deduct, false)));
    table.answer(moved(100_000));
    assert!(table.decider.state.requests.is_empty());
}
