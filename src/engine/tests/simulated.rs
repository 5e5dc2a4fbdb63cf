//! What the simulation found once: each by the shortest path to it.

use domain::ActId;
use domain::act::{ActOrder, Original};
use domain::socket::ListClass;
use store::record::Fact;

use super::*;

pub(super) fn order(kind: ActKind, partner: &str) -> ActOrder {
    let freezes = matches!(kind, ActKind::Freeze | ActKind::Deduct);
    let (account, amount) = (Some(Personal::new("62".to_owned())), freezes.then(|| Money::from_fen(10_000)));
    ActOrder { account, amount, ..bare(kind, partner) }
}

pub(super) fn on(kind: ActKind, partner: &str, act: ActId) -> ActOrder {
    let original = Original { act: Some(act), slip: String::new(), case_number: Personal::new(String::new()) };
    ActOrder { original: Some(original), ..order(kind, partner) }
}

pub(super) fn pulling(id: &str) -> Partner {
    let form = domain::form::Form { parts_quiet_ms: domain::form::PARTS_QUIET_MS, ..partner(id).form };
    Partner { travel: Travel::Pull, form, ..partner(id) }
}

impl Table {
    pub(super) fn acts(&mut self, key: u64, acts: Vec<ActOrder>) -> u64 {
        self.submit(key, Asked::Acts(acts)).unwrap()
    }

    pub(super) fn state_of(&self, act: ActId) -> ActState {
        let state = &self.decider.state;
        let open = state.act_index(act).and_then(|index| state.acts.get(index)).map(|act| act.state());
        // Of a finished request only what it left in force is in memory.
        let stands = || state.measure_by_act(act).filter(|measure| measure.is_live()).map(|_| ActState::Done);
        open.or_else(stands).unwrap()
    }

    /// The process ends and another folds what there is; the configuration comes after the start.
    pub(super) fn restart(self, partners: Vec<Partner>) -> Self {
        let mut state = State::default();
        (0..).zip(&self.events).for_each(|(sequence, event)| state.fold(sequence, event));
        let decider = Decider::new(state, Box::new(CountingKeyring(9)), Box::new(SeededRandom::new(2)));
        let mut table = Self { decider, now: self.now, events: self.events, effects: Vec::new() };
        let partners = partners.into_iter().map(|partner| (partner.id.clone(), Arc::new(partner))).collect();
        let config = Config { partners, persons: persons(), digest: "e".to_owned(), ..Config::default() };
        table.tell(Command::Start { version: "test".to_owned() }).unwrap();
        table.tell(Command::Configure(Arc::new(config))).unwrap();
        table
    }
}

fn first(sequence: u64) -> ActId {
    ActId { sequence, line: 0 }
}

#[test]
fn a_doubt_that_a_stop_made_is_asked_about_after_the_start() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let act = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    let mut table = table.restart(vec![partner("bank-a")]);
    assert_eq!(
        table.next_kind(),
        Some((ActKind::Freeze, true)),
        "asked, though no partner was configured when it fell in doubt"
    );
    table.answer(caught(10_000));
    assert_eq!(table.state_of(act), ActState::Done);
}

#[test]
fn a_place_in_a_queue_that_outlived_its_act_shows_nothing_to_another_partner() {
    let mut table = Table::with(vec![pulling("hub-a"), pulling("hub-b")]);
    let gone = first(table.acts(1, vec![order(ActKind::Query, "hub-a")]));
    table.tell(Command::Withdraw { act: gone, by: "court".to_owned(), reason: String::new() }).unwrap();
    table.acts(2, vec![order(ActKind::Query, "hub-b")]);
    let listed = |table: &mut Table, partner: &str| match table
        .tell(Command::List { partner: partner.to_owned(), class: ListClass::Queries })
    {
        Ok(Answer::List(acts)) => acts.len(),
        _ => panic!("a list is answered with a list"),
    };
    assert_eq!(listed(&mut table, "hub-a"), 0);
    assert_eq!(listed(&mut table, "hub-b"), 1);
}

#[test]
fn nothing_is_deducted_from_a_freeze_that_is_being_released() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    table.answer(caught(10_000));
    let both = vec![on(ActKind::Release, "bank-a", freeze), on(ActKind::Deduct, "bank-a", freeze)];
    assert!(matches!(table.submit(2, Asked::Acts(both)), Err(Refusal::Rules(_))), "in one request");
    table.acts(3, vec![on(ActKind::Release, "bank-a", freeze)]);
    let deduct = Asked::Acts(vec![on(ActKind::Deduct, "bank-a", freeze)]);
    assert!(matches!(table.submit(4, deduct), Err(Refusal::Rules(_))), "in two");
}

#[test]
fn a_release_of_what_was_never_frozen_ends_no_other_measure() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    table.acts(2, vec![on(ActKind::Release, "bank-a", freeze)]);
    table.answer(Outcome::of(Verdict::Refused));
    let release = table.effects.remove(0);
    let other = first(table.acts(3, vec![order(ActKind::Freeze, "bank-a")]));
    let sent = table.effects.iter().position(|effect| effect.act == other);
    assert!(sent.is_none(), "it waits behind the release on the same person");
    let judged = Judged::Accepted;
    table.tell(Command::Ended { exchange: release.exchange, act: release.act, judged }).unwrap();
    table.answer(caught(10_000));
    let slip = table.decider.state.acts.get(table.decider.state.act_index(release.act).unwrap()).unwrap().slip_line();
    let item = domain::socket::FeedbackItem {
        slip: slip.slip.to_string(),
        line: Some(slip.line),
        outcome: Ok(Outcome::of(Verdict::Done)),
    };
    table.tell(Command::Feedback { partner: "bank-a".to_owned(), way: "callback", items: vec![item] }).unwrap();
    let case = table.decider.state.case_index((5, 5)).unwrap();
    assert_eq!(table.decider.state.ledger(case).controlled, Money::from_fen(10_000));
}

#[test]
fn not_found_by_a_partner_that_deduplicates_ends_no_doubt_before_its_time() {
    let mut bank = partner("bank-a");
    bank.doubt.deduplicates = true;
    let mut table = Table::with(vec![bank]);
    let request = table.acts(1, vec![order(ActKind::Freeze, "bank-a")]);
    table.end(Judged::Doubt { cause: Cause::Broken });
    table.pass(2_000);
    table.end(Judged::NotFound);
    let stop = Command::Stop { request: domain::RequestId(request), by: "court".to_owned(), reason: String::new() };
    table.tell(stop).unwrap();
    assert_eq!(table.state_of(first(request)), ActState::InDoubt, "the first message may still arrive");
}

#[test]
fn a_question_counts_from_when_it_was_asked() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let act = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    table.end(Judged::Doubt { cause: Cause::Broken });
    table.pass(2_000);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, true)));
    table.now += 20_000;
    table.end(Judged::NotFound);
    assert_eq!(table.state_of(act), ActState::InDoubt, "asked before the answer could be final");
}

#[test]
fn what_a_person_said_about_one_doubt_does_not_settle_the_next() {
    let mut bank = partner("bank-a");
    bank.doubt.not_found_final_after_ms = Some(1_000);
    let mut table = Table::with(vec![bank]);
    let act = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    let paper = |by: &str| Command::Resolve {
        act,
        by: by.to_owned(),
        took_effect: false,
        amount: None,
        document: "sha256:paper".to_owned(),
        reason: String::new(),
    };
    table.end(Judged::Doubt { cause: Cause::Broken });
    table.tell(paper("judge-1")).unwrap();
    table.pass(2_000);
    table.end(Judged::NotFound);
    table.end(Judged::Doubt { cause: Cause::Broken });
    table.tell(paper("judge-2")).unwrap();
    assert_eq!(table.state_of(act), ActState::InDoubt, "judge-1 spoke about the sending before");
    table.tell(paper("judge-1")).unwrap();
    assert!(table.events.iter().any(|event| matches!(&event.fact, Fact::ActResolved(fact) if fact.state == "unsent")));
}

#[test]
fn a_freeze_settled_by_paper_stays_ordered_in_full() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let act = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    table.end(Judged::Doubt { cause: Cause::Broken });
    for by in ["judge-1", "judge-2"] {
        let (document, reason) = ("sha256:paper".to_owned(), String::new());
        let amount = Some(Money::from_fen(4_000));
        table.tell(Command::Resolve { act, by: by.to_owned(), took_effect: true, amount, document, reason }).unwrap();
    }
    let case = table.decider.state.case_index((5, 5)).unwrap();
    let ledger = table.decider.state.ledger(case);
    assert_eq!((ledger.exposure, ledger.controlled), (Money::from_fen(10_000), Money::from_fen(4_000)));
}

#[test]
fn a_query_passes_nobody() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.acts(1, vec![order(ActKind::Freeze, "bank-a")]);
    table.end(Judged::Doubt { cause: Cause::Broken });
    table.acts(2, vec![order(ActKind::Query, "bank-a")]);
    assert!(!table.events.iter().any(|event| matches!(event.fact, Fact::ActPassed(_))));
}

#[test]
fn a_snapshot_keeps_the_place_of_what_was_not_found_ahead_of_a_later_doubt() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let freeze = |table: &mut Table, key: u64| {
        let asked = request(Asked::Acts(vec![order(ActKind::Freeze, "bank-a")]));
        let sequence = table.hand_in(Submit { case_key: (5, key), ..said::submit(key, asked) }).unwrap();
        table.end(Judged::Doubt { cause: Cause::Broken });
        first(sequence)
    };
    let (earlier, later) = (freeze(&mut table, 1), freeze(&mut table, 2));
    table.pass(12_000);
    let question = table.effects.iter().find(|effect| effect.act == earlier && effect.ask).unwrap();
    let (exchange, act) = (question.exchange, question.act);
    // It is ready again, and nothing has left since.
    let decision = table.decider.decide(Command::Ended { exchange, act, judged: Judged::NotFound }, table.now);
    table.keep(decision).unwrap();
    assert_eq!((table.state_of(earlier), table.state_of(later)), (ActState::Ready, ActState::InDoubt));
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let read = State::read_record(&bytes).unwrap();
    let places = |state: &State| {
        let queue = &state.lanes[0].order[&77];
        queue.iter().map(|index| state.acts.get(*index).unwrap().id()).collect::<Vec<_>>()
    };
    assert_eq!(places(&table.decider.state), [earlier, later]);
    assert_eq!(places(&read), [earlier, later], "else the later one would go first once its doubt is over");
}

#[test]
fn a_doubt_that_came_due_while_its_case_rested_is_settled_when_it_goes_on() {
    let mut bank = partner("bank-a");
    (bank.doubt.deduplicates, bank.doubt.can_be_asked) = (true, false);
    let mut table = Table::with(vec![bank]);
    let act = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    table.end(Judged::Doubt { cause: Cause::Timeout });
    table.halt(domain::case::HaltCause::Bankruptcy).unwrap();
    table.pass(3_600_000);
    assert_eq!(table.next_kind(), None, "nothing of a case that rests is sent again");
    table.resume_by("judge-2", true).unwrap();
    table.pass(1_000);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
    table.answer(caught(10_000));
    assert_eq!(table.state_of(act), ActState::Done);
}

#[test]
fn what_is_put_off_while_it_is_stopped_goes_when_its_time_comes() {
    use crate::command::{LiftStop, OrderStop};
    use domain::stop::StopScope;
    let mut table = Table::with(vec![partner("bank-a")]);
    let act = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    let (scope, reason) = (StopScope::All, "alarm".to_owned());
    let ordered = OrderStop { scope, by: "operator-1".to_owned(), court: None, reason: reason.clone() };
    table.tell(Command::OrderStop(Box::new(ordered))).unwrap();
    let stop = table.events.len() as u64 - 1;
    table.end(Judged::NotSent { cause: Cause::Throttled, retry_after_ms: Some(60_000) });
    for by in ["operator-2", "operator-3"] {
        let (by, reason) = (by.to_owned(), reason.clone());
        table.tell(Command::LiftStop(Box::new(LiftStop { stop, by, court: None, is_person: true, reason }))).unwrap();
    }
    assert_eq!(table.next_kind(), None, "the partner asked for a minute");
    table.pass(61_000);
    assert_eq!(table.next_kind(), Some((ActKind::Freeze, false)));
    table.answer(caught(10_000));
    assert_eq!(table.state_of(act), ActState::Done);
}

#[test]
fn a_snapshot_keeps_the_place_of_whom_another_case_has_passed() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let doubtful = first(table.acts(1, vec![order(ActKind::Freeze, "bank-a")]));
    let elsewhere = ActOrder { account: Some(Personal::new("63".to_owned())), ..order(ActKind::Freeze, "bank-a") };
    let behind = first(table.acts(2, vec![elsewhere]));
    table.end(Judged::Doubt { cause: Cause::Timeout });
    let mut other = request(Asked::Acts(vec![order(ActKind::Freeze, "bank-a")]));
    other.case.number = Personal::new("(2026)浙0225执2号".to_owned());
    let passing = table.hand_in(crate::command::Submit { case_key: (6, 6), ..said::submit(3, other) }).unwrap();
    table.end(Judged::NotSent { cause: Cause::Throttled, retry_after_ms: Some(60_000) });
    assert_eq!(table.state_of(first(passing)), ActState::Ready, "it passed, and did not get there");
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let read = State::read_record(&bytes).unwrap();
    let line = |state: &State| {
        let lane = state.lane(state.lane_of("bank-a").unwrap()).unwrap();
        let of = |index: &crate::state::slab::Index| state.acts.get(*index).unwrap().id();
        let subject = state.acts.iter().next().unwrap().1.subject_key;
        lane.order[&subject].iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(line(&read), [doubtful, behind, first(passing)]);
    assert_eq!(line(&read), line(&table.decider.state));
}
