//! Claims on acts of an inbox: one clerk at a time, for a time, and only on what that partner was shown.

use domain::outcome::Reason;
use domain::socket::{FeedbackItem, ListClass};

use super::*;
use crate::command::{ClaimAct, Claiming};
use crate::decide::CLAIM_MS;

fn claim(table: &mut Table, act: domain::ActId, by: &str, how: Claiming) -> Result<(), Refusal> {
    let claim = ClaimAct { act, partner: "desk-a".to_owned(), by: by.to_owned(), how };
    table.tell(Command::ClaimAct(claim)).map(drop)
}

fn claims(table: &Table) -> usize {
    table.events.iter().filter(|event| event.fact.name() == "act.claimed").count()
}

/// A query that two desks have, of which only the first was shown its own.
fn desks() -> (Table, domain::ActId, domain::ActId) {
    let pulled = |id: &str| Partner { travel: Travel::Pull, ..partner(id) };
    let mut table = Table::with(vec![pulled("desk-a"), pulled("desk-b")]);
    let query = |partner: &str| bare(ActKind::Query, partner);
    let sequence = table.submit(70, Asked::Acts(vec![query("desk-a"), query("desk-b")])).unwrap();
    let act = |line| domain::ActId { sequence, line };
    (table, act(0), act(1))
}

fn show(table: &mut Table) {
    table.tell(Command::List { partner: "desk-a".to_owned(), class: ListClass::Queries }).unwrap();
}

#[test]
fn one_clerk_at_a_time_and_for_a_time() {
    let (mut table, own, foreign) = desks();
    assert_eq!(claim(&mut table, own, "clerk-1", Claiming::Take), Err(Refusal::NotFound), "it was never shown");
    show(&mut table);
    let version = table.decider.state.requests.iter().next().unwrap().1.version;
    claim(&mut table, own, "clerk-1", Claiming::Take).unwrap();
    claim(&mut table, own, "clerk-1", Claiming::Take).unwrap();
    assert_eq!(claims(&table), 1, "said again at once it is no news");
    let until = table.now + CLAIM_MS;
    let taken = Err(Refusal::ActClaimed { by: "clerk-1".to_owned(), until });
    for how in [Claiming::Take, Claiming::Answer, Claiming::Late] {
        assert_eq!(claim(&mut table, own, "clerk-2", how), taken);
    }
    assert_eq!(claim(&mut table, foreign, "clerk-1", Claiming::Take), Err(Refusal::NotFound));
    assert_eq!(table.decider.state.requests.iter().next().unwrap().1.version, version, "its court hears nothing of it");
    table.now += CLAIM_MS / 2 + 1;
    claim(&mut table, own, "clerk-1", Claiming::Answer).unwrap();
    assert_eq!(claims(&table), 1, "whoever answers has it already");
    claim(&mut table, own, "clerk-1", Claiming::Take).unwrap();
    assert_eq!(claims(&table), 2, "in its second half it is made longer");
    table.now += CLAIM_MS;
    claim(&mut table, own, "clerk-2", Claiming::Take).unwrap();
    assert_eq!(table.decider.state.claims.of(own, table.now).unwrap().by, "clerk-2");
}

#[test]
fn what_is_answered_is_taken_no_more_and_may_be_answered_otherwise() {
    let (mut table, own, _) = desks();
    show(&mut table);
    let slip = table.decider.state.act_index(own).and_then(|index| table.decider.state.acts.get(index)).unwrap();
    let key = slip.slip_line();
    let outcome = Outcome::of(Verdict::Refused).because(Reason::Other, "");
    let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome) };
    table.tell(Command::Feedback { partner: "desk-a".to_owned(), way: "inbox", items: vec![item] }).unwrap();
    let over = Err(Refusal::WrongState { state: "refused" });
    assert_eq!(claim(&mut table, own, "clerk-1", Claiming::Take), over);
    claim(&mut table, own, "clerk-1", Claiming::Answer).unwrap();
    assert_eq!(claims(&table), 1);
    let mut folded = State::default();
    for (sequence, event) in (0..).zip(&table.events) {
        folded.fold(sequence, event);
    }
    let mut record = Vec::new();
    table.decider.state.write_record(&mut record).unwrap();
    let state = State::read_record(&record).unwrap();
    assert_eq!(folded.digest(), state.digest(), "the journal and the snapshot say the same");
    assert_eq!(state.claims.of(own, table.now).unwrap().by, "clerk-1");
}
