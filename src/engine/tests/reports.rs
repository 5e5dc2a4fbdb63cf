//! What partners report beside what was ordered: more, less, denied, over before it began; and orders that miss their freeze.

use domain::act::ActOrder;
use domain::measure::MeasureState;
use domain::socket::FeedbackItem;
use domain::task::TaskKind;
use domain::{ActId, Day, SlipLine};

use super::ledger::freeze_of;
use super::simulated::{on, order, pulling};
use super::*;

const A: &str = "bank-a";

/// A table with one pulling partner, what was ordered first listed to it.
fn listed(acts: Vec<ActOrder>) -> (Table, Vec<ActId>) {
    let mut table = Table::with(vec![pulling(A)]);
    let request = table.acts(1, acts);
    let ids = table.listed_of(request);
    (table, ids)
}

impl Table {
    fn listed_of(&mut self, request: u64) -> Vec<ActId> {
        self.tell(Command::List { partner: A.to_owned(), class: domain::socket::ListClass::Controls }).unwrap();
        let state = &self.decider.state;
        let acts = state.acts.iter().map(|(_, act)| act).filter(|act| act.sequence == request);
        acts.map(crate::state::Act::id).collect()
    }

    /// Feedback on an act; `Err` holds what the partner is told.
    fn fed(&mut self, act: ActId, outcome: Outcome) -> Result<(), String> {
        let state = &self.decider.state;
        let found = state.act_index(act).and_then(|index| state.acts.get(index)).unwrap();
        let key = SlipLine { slip: domain::SlipNumber::from_bits(found.slip), line: found.line };
        let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome) };
        match self.tell(Command::Feedback { partner: A.to_owned(), way: "feedback", items: vec![item] }).unwrap() {
            Answer::Verdicts(mut verdicts) => verdicts.remove(0).1,
            _ => panic!("feedback is answered with verdicts"),
        }
    }

    fn measure_of_act(&self, act: ActId) -> crate::state::Measure {
        self.decider.state.measure_by_act(act).cloned().unwrap()
    }

    fn rule_of(&mut self, key: u64, acts: Vec<ActOrder>) -> Option<(&'static str, String)> {
        match self.submit(key, Asked::Acts(acts)) {
            Err(Refusal::Rules(broken)) => broken.first().map(|breach| (breach.rule.id, breach.at.clone())),
            Err(Refusal::OriginalUnknown { at }) => Some(("original", at)),
            _ => None,
        }
    }

    fn tasks_of(&self, kind: TaskKind) -> usize {
        self.decider.state.tasks.values().filter(|task| task.kind() == kind).count()
    }
}

fn deduct(act: ActId, fen: i64) -> ActOrder {
    ActOrder { amount: Some(Money::from_fen(fen)), ..on(ActKind::Deduct, A, act) }
}

#[test]
fn money_told_above_its_freeze_and_then_otherwise_leaves_what_the_freeze_is_good_for() {
    let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000), freeze_of(A, "63", 100)]);
    table.fed(ids[0], caught(50_000)).unwrap();
    let request = table.acts(2, vec![deduct(ids[0], 50_000)]);
    let taken = table.listed_of(request)[0];
    // A second act keeps the request open, so that each word counts.
    for (told, left) in [(70_000, 0), (40_000, 10_000), (0, 50_000), (60_000, 0), (50_000, 0), (20_000, 30_000)] {
        let outcome = if told == 0 { Outcome::of(Verdict::Refused) } else { moved(told) };
        if table.decider.state.act_index(taken).is_none() {
            break;
        }
        table.fed(taken, outcome).unwrap();
        if let Some(freeze) = table.decider.state.measure_by_act(ids[0]) {
            assert_eq!((freeze.limit(), freeze.caught()), (left * 100, left * 100), "after {told}");
        }
    }
    assert_eq!(table.tasks_of(TaskKind::NewsContradicts), 1, "more than was ordered is told to people");
}

#[test]
fn what_is_held_counts_whatever_limit_was_told_and_too_much_is_proposed_for_release() {
    for limit in [None, Some(Money::ZERO), Some(Money::from_fen(60_000))] {
        let (mut table, ids) = listed(vec![freeze_of(A, "62", 60_000)]);
        table.fed(ids[0], Outcome { limit, ..caught(150_000) }).unwrap();
        let freeze = table.measure_of_act(ids[0]);
        assert_eq!((freeze.state(), freeze.limit(), freeze.caught()), (MeasureState::InForce, 15_000_000, 15_000_000));
        assert_eq!(table.proposed(), [(TaskKind::Excess, A.to_owned(), 50_000)]);
    }
}

#[test]
fn no_effect_outlasts_the_order_and_none_ends_before_it_began() {
    let last = Day::from_count(Day::of(START).count() + 100);
    let until = |to| ActOrder { to: Some(to), ..freeze_of(A, "62", 60_000) };
    let (mut table, ids) = listed(vec![until(last)]);
    let told = |days: i32| Outcome { to: Some(Day::from_count(Day::of(START).count() + days)), ..caught(60_000) };
    assert!(table.fed(ids[0], told(-1)).is_err(), "over before it was handed over: the partner is asked to look again");
    assert_eq!(table.state_of(ids[0]), ActState::Awaiting);
    table.fed(ids[0], told(36_500)).unwrap();
    assert_eq!(table.measure_of_act(ids[0]).last_day(), Some(last));
}

#[test]
fn what_builds_on_a_freeze_is_about_its_property_and_a_renewal_goes_on_where_it_ends() {
    let last = Day::from_count(Day::of(START).count() + 100);
    let (mut table, ids) = listed(vec![ActOrder { to: Some(last), ..freeze_of(A, "62", 60_000) }]);
    table.fed(ids[0], caught(60_000)).unwrap();
    let other = |kind| ActOrder { account: Some(Personal::new("99".to_owned())), ..on(kind, A, ids[0]) };
    let at = "/acts/0/account".to_owned();
    assert_eq!(table.rule_of(2, vec![other(ActKind::Deduct)]), Some(("D20", at.clone())));
    assert_eq!(table.rule_of(3, vec![other(ActKind::Release)]), Some(("original", at)));
    let renew = |from: Option<i32>, to: i32| ActOrder {
        from: from.map(|days| Day::from_count(last.count() + days)),
        to: Some(Day::from_count(last.count() + to)),
        ..on(ActKind::Renew, A, ids[0])
    };
    assert_eq!(table.rule_of(4, vec![renew(None, -1)]), Some(("D9", "/acts/0/to".to_owned())));
    assert_eq!(table.rule_of(5, vec![renew(Some(2), 30)]), Some(("D9", "/acts/0/from".to_owned())));
    assert_eq!(table.rule_of(6, vec![renew(Some(1), 30)]), None);
}

#[test]
fn the_same_property_is_not_frozen_twice_while_the_first_is_under_way() {
    let mut table = Table::with(vec![pulling(A)]);
    let twice = vec![freeze_of(A, "62", 100), freeze_of(A, "62", 200)];
    assert_eq!(table.rule_of(1, twice), Some(("D14", "/acts/1/account".to_owned())));
    table.acts(2, vec![freeze_of(A, "62", 100)]);
    assert_eq!(table.rule_of(3, vec![freeze_of(A, "62", 200)]), Some(("D14", "/acts/0/account".to_owned())));
    assert_eq!(table.rule_of(4, vec![ActOrder { account: None, ..order(ActKind::Freeze, A) }]), None, "none is named");
}

#[test]
fn a_freeze_that_was_let_go_and_is_told_to_stand_again_is_a_persons() {
    let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000), freeze_of(A, "63", 100)]);
    table.fed(ids[0], caught(50_000)).unwrap();
    let request = table.acts(2, vec![on(ActKind::Release, A, ids[0])]);
    let release = table.listed_of(request)[0];
    table.fed(release, Outcome::of(Verdict::Done)).unwrap();
    assert_eq!(table.measure_of_act(ids[0]).state(), MeasureState::Ended);
    assert_eq!(table.tasks_of(TaskKind::NewsContradicts), 0);
    table.fed(ids[0], caught(49_000)).unwrap();
    assert_eq!(table.tasks_of(TaskKind::NewsContradicts), 1);
}
