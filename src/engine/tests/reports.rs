//! What partners report beside what was ordered: more, less, denied, over before it began; and orders that miss their freeze.

use domain::act::ActOrder;
use domain::measure::MeasureState;
use domain::outcome::{About, Reason};
use domain::socket::FeedbackItem;
use domain::task::TaskKind;
use domain::{ActId, Day, Flaw, SlipLine};

use super::ledger::freeze_of;
use super::measures::prior;
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
    fn fed(&mut self, act: ActId, outcome: Outcome) -> Result<(), domain::Untaken> {
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
    // A question that is not answered keeps the request open, so that each word counts.
    let request = table.acts(2, vec![deduct(ids[0], 50_000), order(ActKind::Query, A)]);
    let taken = table.listed_of(request)[0];
    let mut steps = 0;
    for (told, left) in [(70_000, 0), (40_000, 10_000), (0, 50_000), (60_000, 0), (50_000, 0), (20_000, 30_000)] {
        let outcome = if told == 0 { Outcome::of(Verdict::Refused) } else { moved(told) };
        table.fed(taken, outcome).unwrap();
        let stands = table.decider.state.measures_of_case(table.decider.state.case_index((5, 5)).unwrap());
        let stands: i64 = stands.filter(|(_, it)| it.is_live_freeze()).map(|(_, it)| it.caught()).sum();
        assert_eq!(stands, left * 100, "after {told}");
        steps += 1;
    }
    assert_eq!(steps, 6);
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

/// An act of that kind on a freeze of 500.00 that holds all of it, and the partner has it; one more keeps the request open.
fn on_a_freeze(kind: ActKind) -> (Table, ActId, ActId) {
    let last = Day::from_count(Day::of(START).count() + 100);
    let (mut table, ids) = listed(vec![ActOrder { to: Some(last), ..freeze_of(A, "62", 50_000) }]);
    table.fed(ids[0], caught(50_000)).unwrap();
    let further = Day::from_count(last.count() + 30);
    let act = match kind {
        ActKind::Deduct => deduct(ids[0], 50_000),
        ActKind::Renew => ActOrder { to: Some(further), ..on(kind, A, ids[0]) },
        _ => on(kind, A, ids[0]),
    };
    let request = table.acts(2, vec![act, freeze_of(A, "63", 100)]);
    let act = table.listed_of(request)[0];
    (table, ids[0], act)
}

#[test]
fn only_a_freeze_stands_in_a_queue_and_of_anything_else_it_says_that_nothing_was_done() {
    for kind in [ActKind::Release, ActKind::Renew, ActKind::Deduct] {
        let (mut table, freeze, act) = on_a_freeze(kind);
        let before = table.measure_of_act(freeze);
        let queued = Outcome { ahead: vec![prior("(2026)浙0226执保77号")], ..Outcome::of(Verdict::Queued) };
        table.fed(act, queued).unwrap();
        assert_eq!(table.state_of(act), ActState::Refused, "{}", kind.word());
        let after = table.measure_of_act(freeze);
        assert_eq!(
            (after.limit(), after.caught(), after.to),
            (before.limit(), before.caught(), before.to),
            "{}",
            kind.word()
        );
        assert_eq!(table.decider.state.moved_by(act), 0);
    }
}

#[test]
fn sums_below_what_was_asked_are_no_part_of_a_release_or_a_renewal() {
    let short = |reason| Outcome { reason: Some(reason), ahead: vec![prior("(2026)浙0226执保77号")], ..caught(0) };
    for (kind, reason) in [(ActKind::Release, Reason::PriorRight), (ActKind::Renew, Reason::Insufficient)] {
        let (mut table, freeze, act) = on_a_freeze(kind);
        table.fed(act, short(reason)).unwrap();
        assert_eq!(table.state_of(act), ActState::Done);
        let held = table.decider.state.measure_by_act(freeze).map_or(0, |measure| measure.limit());
        assert_eq!(held, if kind == ActKind::Release { 0 } else { 5_000_000 });
    }
    let freezes = [("62", 50_000), ("63", 100), ("64", 100)];
    let (mut table, ids) = listed(freezes.map(|(account, fen)| freeze_of(A, account, fen)).to_vec());
    table.fed(ids[0], short(Reason::PriorRight)).unwrap();
    assert_eq!(table.measure_of_act(ids[0]).state(), MeasureState::Queued);
    table.fed(ids[1], Outcome { reason: Some(Reason::Insufficient), ..caught(100) }).unwrap();
    assert_eq!(table.state_of(ids[1]), ActState::Partly);
    let (mut table, _, act) = on_a_freeze(ActKind::Deduct);
    table.fed(act, short(Reason::PriorRight)).unwrap();
    assert_eq!(table.state_of(act), ActState::Refused);
}

#[test]
fn a_release_in_part_leaves_what_it_was_to_end_until_all_of_it_is_let_go() {
    for part in [None, Some(20_000)] {
        let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000)]);
        table.fed(ids[0], caught(50_000)).unwrap();
        let release = ActOrder { amount: part.map(Money::from_fen), ..on(ActKind::Release, A, ids[0]) };
        let request = table.acts(2, vec![release, freeze_of(A, "63", 100)]);
        let release = table.listed_of(request)[0];
        let failed = Outcome::of(Verdict::Partly).because(Reason::PartOfAssets, "部分解除失败");
        table.fed(release, failed).unwrap();
        let freeze = table.measure_of_act(ids[0]);
        assert_eq!(table.state_of(release), ActState::Partly);
        assert_eq!((freeze.limit(), freeze.caught(), freeze.release_failed()), (5_000_000, 5_000_000, true));
        table.fed(release, Outcome::of(Verdict::Done)).unwrap();
        let left = table.decider.state.measure_by_act(ids[0]).map_or(0, |measure| measure.limit());
        assert_eq!(left, if part.is_some() { 3_000_000 } else { 0 });
        assert_eq!(table.tasks_of(TaskKind::NewsContradicts), 1, "people hear that it ended otherwise than was told");
    }
}

#[test]
fn money_without_a_sum_is_sent_back_and_a_seal_needs_none() {
    for verdict in [Verdict::Done, Verdict::Partly] {
        let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000)]);
        assert!(table.fed(ids[0], Outcome::of(verdict)).is_err_and(|why| why.flaw() == Flaw::CaughtMissing));
        assert_eq!(table.state_of(ids[0]), ActState::Awaiting);
        let (mut table, freeze, act) = on_a_freeze(ActKind::Deduct);
        assert!(table.fed(act, Outcome::of(verdict)).is_err_and(|why| why.flaw() == Flaw::MovedMissing));
        assert_eq!((table.state_of(act), table.decider.state.moved_by(act)), (ActState::Awaiting, 0));
        assert_eq!(table.measure_of_act(freeze).caught(), 5_000_000);
    }
    let registry = Partner { kind: domain::request::PartnerKind::Registry, ..pulling(A) };
    let mut table = Table::with(vec![registry]);
    let request = table.acts(1, vec![freeze_of(A, "unit", 50_000)]);
    let seal = table.listed_of(request)[0];
    table.fed(seal, Outcome::of(Verdict::Done)).unwrap();
    assert_eq!(table.state_of(seal), ActState::Done);
}

#[test]
fn an_answer_about_another_account_is_sent_back() {
    let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000)]);
    let about = |numbers: &[&str]| Outcome {
        account_numbers: numbers.iter().map(|number| Personal::new((*number).to_owned())).collect(),
        ..caught(50_000)
    };
    assert!(table.fed(ids[0], about(&["63", "64"])).is_err_and(|why| why.flaw() == Flaw::AnotherAccount));
    assert_eq!(table.state_of(ids[0]), ActState::Awaiting);
    table.fed(ids[0], about(&["64", "62"])).unwrap();
    assert_eq!(table.state_of(ids[0]), ActState::Done, "one of them is the one");
}

#[test]
fn a_limit_that_was_not_ordered_is_said_and_makes_a_part_of_what_is_below_it() {
    let (below, above) = (Money::from_fen(20_000), Money::from_fen(60_000));
    for (limit, held, state, reason) in [
        (below, 20_000, ActState::Partly, Some("limit_differs")),
        (above, 50_000, ActState::Partly, Some("limit_differs")),
        (above, 60_000, ActState::Done, Some("limit_differs")),
        (Money::from_fen(50_000), 50_000, ActState::Done, None),
    ] {
        use crate::decide::exchange::fit;
        let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000), freeze_of(A, "63", 100)]);
        let told = Outcome { limit: Some(limit), ..caught(held) };
        let act = table.decider.state.acts.get(table.decider.state.act_index(ids[0]).unwrap()).unwrap();
        let fitted = fit(act, told.clone());
        assert_eq!(fitted.reason.map(Reason::word), reason, "{limit} {held}");
        let words = fitted.text.map(|text| text.expose().clone()).unwrap_or_default();
        assert_eq!(words.contains("与所令500.00元不符"), reason.is_some(), "{words}");
        table.fed(ids[0], told).unwrap();
        assert_eq!((table.state_of(ids[0]), table.measure_of_act(ids[0]).limit()), (state, limit.units()));
    }
}

#[test]
fn a_renewal_told_shorter_is_a_part_that_holds_until_the_told_day() {
    for (days, state, reason) in [(110, ActState::Partly, Some(Reason::EndsEarly)), (130, ActState::Done, None)] {
        let (mut table, freeze, act) = on_a_freeze(ActKind::Renew);
        let to = Day::from_count(Day::of(START).count() + days);
        let told = Outcome { to: Some(to), ..Outcome::of(Verdict::Done) };
        let found = table.decider.state.acts.get(table.decider.state.act_index(act).unwrap()).unwrap();
        assert_eq!(crate::decide::exchange::fit(found, told.clone()).reason, reason);
        for _ in 0..2 {
            table.fed(act, told.clone()).unwrap();
        }
        assert_eq!((table.state_of(act), table.measure_of_act(freeze).last_day()), (state, Some(to)));
    }
}

#[test]
fn what_a_partner_says_is_left_after_a_part_was_released_is_held_against_ours() {
    for (left, tasks) in [(30_000, 0), (29_999, 1), (35_000, 1), (0, 1)] {
        let (mut table, ids) = listed(vec![freeze_of(A, "62", 50_000)]);
        table.fed(ids[0], caught(50_000)).unwrap();
        let part = ActOrder { amount: Some(Money::from_fen(20_000)), ..on(ActKind::Release, A, ids[0]) };
        let request = table.acts(2, vec![part, freeze_of(A, "63", 100)]);
        let release = table.listed_of(request)[0];
        let told = Outcome { left: Some(Money::from_fen(left)), ..Outcome::of(Verdict::Done) };
        for _ in 0..2 {
            table.fed(release, told.clone()).unwrap();
        }
        assert_eq!(
            (table.state_of(release), table.tasks_of(TaskKind::NewsContradicts)),
            (ActState::Done, tasks),
            "{left}"
        );
        assert_eq!(table.measure_of_act(ids[0]).limit(), 3_000_000, "nobody's order changes by it");
    }
}

#[test]
fn an_answer_about_another_sort_of_order_is_sent_back() {
    let (mut table, _, act) = on_a_freeze(ActKind::Deduct);
    let about = |about| Outcome { about: Some(about), ..moved(50_000) };
    for other in [About::Question, About::Kind(ActKind::Release)] {
        assert!(table.fed(act, about(other)).is_err());
        assert_eq!(table.state_of(act), ActState::Awaiting);
    }
    table.fed(act, about(About::Control)).unwrap();
    assert_eq!(table.state_of(act), ActState::Done);
    let mut table = Table::with(vec![pulling(A)]);
    let request = table.acts(1, vec![ActOrder { account: None, ..order(ActKind::Query, A) }]);
    let class = domain::socket::ListClass::Queries;
    table.tell(Command::List { partner: A.to_owned(), class }).unwrap();
    let query = table.listed_of(request)[0];
    assert!(table.fed(query, Outcome { about: Some(About::Control), ..Outcome::of(Verdict::Done) }).is_err());
    assert_eq!(table.state_of(query), ActState::Awaiting);
}

#[test]
fn no_word_of_a_partner_becomes_more_than_it_says() {
    use crate::decide::exchange::{contradiction, fit};
    let bank = pulling(A);
    let id = ActId { sequence: 1, line: 0 };
    let sums = [None, Some(0), Some(50_000), Some(100_000)].map(|fen| fen.map(Money::from_fen));
    let reasons = [None, Some(Reason::Insufficient), Some(Reason::PriorRight), Some(Reason::PartOfAssets)];
    let said = |kind: ActKind, verdict, reason, sum, limit| {
        let mut act = crate::state::Act::planned(id, kind, ActState::Awaiting, START);
        act.amount = if kind.needs_amount() { Money::from_fen(100_000).units() } else { 0 };
        let told = Outcome { reason, caught: sum, moved: sum, limit, ..Outcome::of(verdict) };
        let fitted = fit(&act, told);
        let is_taken = contradiction(&act, &fitted, Some(&bank)).is_none();
        (fitted, is_taken)
    };
    for (kind, verdict) in ActKind::ALL.iter().flat_map(|kind| Verdict::ALL.iter().map(|verdict| (*kind, *verdict))) {
        for (reason, sum) in reasons.iter().flat_map(|reason| sums.iter().map(|sum| (*reason, *sum))) {
            for limit in sums {
                let (fitted, is_taken) = said(kind, verdict, reason, sum, limit);
                let state = fitted.verdict.state();
                let case = (kind.word(), verdict.word(), reason.map(Reason::word), sum, limit);
                assert!(fitted.verdict != Verdict::Queued || kind == ActKind::Freeze, "{case:?}");
                let says_effect = matches!(verdict, Verdict::Done | Verdict::Partly | Verdict::Queued);
                let answers = kind.is_question() && verdict == Verdict::NoSuchCustomer;
                assert!(says_effect || answers || !state.took_effect(), "nothing comes of nothing: {case:?}");
                assert!(verdict != Verdict::Partly || state != ActState::Done || kind == ActKind::Freeze, "{case:?}");
                let got = if kind == ActKind::Freeze { fitted.caught } else { fitted.moved };
                let counts = matches!(fitted.verdict, Verdict::Done | Verdict::Partly) && kind.needs_amount();
                assert!(!counts || !is_taken || got.is_some(), "no sum, no effect: {case:?}");
                let whole = fitted.verdict == Verdict::Done && kind.transfers() && is_taken;
                assert!(!whole || got >= Some(Money::from_fen(100_000)), "all of it is all of it: {case:?}");
            }
        }
    }
}
