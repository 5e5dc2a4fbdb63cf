//! The key of a case is damaged while the gateway serves: people and partners hear of it, time goes on, and all is well once it is back.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::request::Repeat;
use domain::socket::FeedbackItem;
use domain::{Flaw, RequestId};
use store::record::{Body, Fact};

use super::*;

const HOUR_MS: i64 = 3_600_000;

/// All slots but one.
struct Losing(CountingKeyring, Arc<AtomicU64>);

impl Keyring for Losing {
    fn create(&mut self) -> Result<u64, Refusal> {
        self.0.create()
    }

    fn stand_in(&mut self, slot: u64) -> Result<u64, Refusal> {
        self.0.stand_in(slot)
    }

    fn wrap(&mut self, document: &DocumentKey<'_>, case_slot: u64) -> Result<SealTwin, Refusal> {
        self.0.wrap(document, case_slot)
    }

    fn can_seal(&self, slot: u64) -> bool {
        slot != self.1.load(Ordering::Relaxed)
    }
}

/// A table whose case has slot 1, and what names the slot that is lost.
fn table() -> (Table, Arc<AtomicU64>) {
    let lost = Arc::new(AtomicU64::new(u64::MAX));
    let mut table = Table::with(vec![partner("bank-a"), Partner { travel: Travel::Pull, ..partner("bank-p") }]);
    let keyring = Losing(CountingKeyring(0), Arc::clone(&lost));
    let config = Arc::clone(table.decider.config());
    let state = std::mem::take(&mut table.decider.state);
    table.decider = Decider::new(state, Box::new(keyring), Box::new(SeededRandom::new(1)));
    table.tell(Command::Configure(config)).unwrap();
    (table, lost)
}

/// Nothing was emitted that would have to be sealed under the lost slot.
fn all_can_be_sealed(table: &Table) {
    assert!(table.events.iter().all(|event| event.body.is_none() || event.key != 1));
}

#[test]
fn people_are_refused_before_anything_is_emitted() {
    let (mut table, lost) = table();
    let id = table.submit(1, Asked::Acts(vec![said::bare(ActKind::Query, "bank-a")])).unwrap();
    let case = *table.decider.state.requests.iter().map(|(_, open)| &open.case).next().unwrap();
    let case = table.decider.state.case_id(case);
    assert_eq!(table.decider.state.cases.iter().next().unwrap().1.slot, 1);
    table.events.clear();
    lost.store(1, Ordering::Relaxed);
    let again = table.submit(2, Asked::Acts(vec![said::bare(ActKind::Query, "bank-a")]));
    assert_eq!(again.err(), Some(Refusal::ContentUnreadable));
    let (by, reason) = ("judge".to_owned(), "why".to_owned());
    let stop = || Command::Stop { request: RequestId(id), by: by.clone(), reason: reason.clone() };
    let court = None;
    let (claim, costs) = (Money::from_fen(1), Money::ZERO);
    let amend = Command::Amend(Box::new(crate::command::Amend {
        case,
        by: by.clone(),
        court,
        claim,
        costs,
        reason: reason.clone(),
    }));
    assert_eq!(table.tell(stop()).err(), Some(Refusal::ContentUnreadable));
    assert_eq!(table.tell(amend).err(), Some(Refusal::ContentUnreadable));
    assert!(table.events.is_empty());
    lost.store(u64::MAX, Ordering::Relaxed);
    table.tell(stop()).unwrap();
}

#[test]
fn a_partner_is_told_to_send_it_again() {
    let (mut table, lost) = table();
    table.submit(1, Asked::Acts(vec![said::bare(ActKind::Query, "bank-p")])).unwrap();
    table.tell(Command::List { partner: "bank-p".to_owned(), class: domain::socket::ListClass::Queries }).unwrap();
    let slip = table.decider.state.acts.iter().next().unwrap().1.slip;
    let slip = domain::SlipNumber::from_bits(slip).to_string();
    let mut feed = || {
        let items = vec![FeedbackItem { slip: slip.clone(), line: Some(0), outcome: Ok(found(100)) }];
        match table.tell(Command::Feedback { partner: "bank-p".to_owned(), way: "feedback", items }).unwrap() {
            Answer::Verdicts(verdicts) => verdicts.into_iter().next().unwrap().1,
            _ => unreachable!("feedback is answered with verdicts"),
        }
    };
    lost.store(1, Ordering::Relaxed);
    assert_eq!(feed().unwrap_err().flaw(), Flaw::NotReadableNow);
    lost.store(u64::MAX, Ordering::Relaxed);
    assert!(feed().is_ok(), "nothing was taken the first time");
}

#[test]
fn time_goes_on_without_what_cannot_be_sealed() {
    let (mut table, lost) = table();
    let deadline = table.now + HOUR_MS;
    let mut asked = request(Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope: Scope::default() });
    asked.repeat = Some(Repeat { days: 3, every_hours: 24 });
    let goal = table.hand_in(said::submit(1, asked)).unwrap();
    let mut asked = request(Asked::Acts(vec![said::bare(ActKind::Query, "bank-p")]));
    asked.deadline = Some(deadline);
    table.hand_in(said::submit(2, asked)).unwrap();
    table.tell(Command::List { partner: "bank-p".to_owned(), class: domain::socket::ListClass::Queries }).unwrap();
    table.events.clear();
    lost.store(1, Ordering::Relaxed);
    // What a call under way came to is no less true.
    table.answer(found(30_000));
    let kept = table.events.iter().find(|event| matches!(event.fact, Fact::ExchangeEnded(_))).unwrap();
    let stand_in = kept.key;
    assert!(matches!(kept.body, Some(Body::Outcome(_))) && stand_in != 0);
    table.pass(HOUR_MS);
    assert!(table.events.iter().any(|event| matches!(event.fact, Fact::DeadlinePassed(_))));
    let tasks = |event: &&Event| matches!(event.body, Some(Body::Task(_)));
    assert!(table.events.iter().filter(tasks).count() > 0);
    let sealed = |event: &&Event| event.body.is_some();
    assert!(table.events.iter().filter(sealed).all(|event| event.key == stand_in), "one key for all of it");
    let said = table.events.iter().filter_map(|event| match &event.fact {
        Fact::KeyStoodIn(fact) => Some((fact.slot, fact.stand_in)),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), [(1, stand_in)], "the trail says once which stands in for which");
    table.pass(30 * HOUR_MS);
    let extended = |table: &Table| {
        table.events.iter().any(|event| matches!(event.fact, Fact::PlanExtended(_) | Fact::GoalRepeated(_)))
    };
    assert!(!extended(&table), "nothing is planned that nobody could read");
    all_can_be_sealed(&table);
    assert!(table.decider.next_due().is_none_or(|due| due > table.now), "it does not go round and round");
    lost.store(u64::MAX, Ordering::Relaxed);
    table.pass(60_000);
    assert!(extended(&table), "put back: the goal goes on");
    assert!(table.decider.state.request_index(RequestId(goal)).is_some());
    let last = table.events.iter().rev().find(|event| event.body.is_some()).unwrap();
    assert_eq!(last.key, 1, "and is sealed under its own key again");
}

/// Something that a partner told of an act.
fn lead(act: domain::ActId, beside: bool) -> Command {
    let lead = domain::outcome::Lead {
        slip: String::new(),
        line: None,
        class: domain::outcome::LeadClass::LinkedAccount,
        serial: Personal::from("6222000000000017"),
        as_of: String::new(),
        respond_by: None,
        details: Vec::new(),
        text: None,
    };
    let partner = "bank-a".to_owned();
    let news = crate::command::LeadNews { act, partner, slot: 1, has_callback: false, closed: None, beside, lead };
    Command::Lead(Box::new(news))
}

#[test]
fn what_is_told_beside_an_answer_is_kept_and_what_is_posted_is_refused_to_whoever_can_hear_it() {
    let (mut table, lost) = table();
    table.submit(1, Asked::Acts(vec![said::bare(ActKind::Query, "bank-a")])).unwrap();
    let act = table.effects[0].act;
    table.events.clear();
    lost.store(1, Ordering::Relaxed);
    assert_eq!(table.tell(lead(act, false)).err(), Some(Refusal::ContentUnreadable), "it sends it again");
    table.tell(lead(act, true)).unwrap();
    let kept = table.events.iter().find(|event| matches!(event.fact, Fact::LeadReceived(_))).unwrap();
    assert!(matches!(kept.body, Some(Body::Lead(_))) && kept.key > 1, "under a key that ends with its case");
    all_can_be_sealed(&table);
    table.decider.decide(Command::Drain, table.now);
    let text = "100-1".to_owned();
    table.tell(Command::NobodysAnswer { partner: "bank-a".to_owned(), text }).unwrap();
    let told = table.events.iter().rev().find_map(|event| match &event.fact {
        Fact::TaskRaised(fact) => Some(fact.kind.clone()),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("set_aside"), "people are told also by a gateway that stops");
}
