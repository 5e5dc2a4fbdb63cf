//! What one request, partner or message does beside another: property is frozen once, a report above its order moves nobody else, a
//! goal hears an answer out.

use domain::socket::FeedbackItem;
use domain::task::TaskKind;
use store::record::{Body, Fact};

use super::kinds::at;
use super::ledger::freeze_of;
use super::simulated::order;
use super::*;
use crate::config::ReleasePolicy;

impl Table {
    /// Freezes that were ever ordered on the property of this account.
    fn freezes_on(&self, partner: &str, account: &str) -> usize {
        let asset = crate::state::short_hash(&[partner, account]);
        let planned = self.events.iter().filter_map(|event| match &event.body {
            Some(Body::Accepted(body)) => Some(&body.plan),
            Some(Body::Planned(body)) => Some(&body.plan),
            _ => None,
        });
        planned.flatten().filter(|line| line.kind == ActKind::Freeze.code() && line.asset == asset).count()
    }

    fn goal(&mut self, key: u64, goal: Goal) -> u64 {
        self.submit(key, Asked::Goal { goal, subjects: vec![0], scope: Scope::default() }).unwrap()
    }

    /// The partner says by itself what became of an act.
    fn puts_right(&mut self, act: domain::ActId, outcome: Outcome) {
        let found = self.decider.state.act_index(act).and_then(|index| self.decider.state.acts.get(index)).unwrap();
        let (key, partner) = (found.slip_line(), self.decider.state.partner_of(found.lane).to_owned());
        let item = FeedbackItem { slip: key.slip.to_string(), line: Some(key.line), outcome: Ok(outcome) };
        self.tell(Command::Feedback { partner, way: "callback", items: vec![item] }).unwrap();
    }

    fn sent_to(&self, partner: &str) -> domain::ActId {
        self.effects.iter().find(|effect| effect.partner == partner).unwrap().act
    }

    fn is_open(&self, request: u64) -> bool {
        self.decider.state.request_index(domain::RequestId(request)).is_some()
    }

    fn automatic(&self) -> Vec<(String, i64, bool)> {
        let tasks = self.tasks_beside_notices().filter(|task| task.kind() == TaskKind::Excess);
        tasks.map(|task| (task.partner.clone(), task.amount / 100, task.automatic)).collect()
    }

    fn refolds(&self) {
        let mut again = State::default();
        (0..).zip(&self.events).for_each(|(sequence, event)| again.fold(sequence, event));
        assert_eq!(again.digest(), self.decider.state.digest());
        let mut bytes = Vec::new();
        again.write_record(&mut bytes).unwrap();
        assert_eq!(State::read_record(&bytes).unwrap().digest(), again.digest());
    }
}

/// One request's freeze of 300.00 is with the bank and not answered; another's query finds 500.00 on the same account.
fn found_what_another_freezes(goal: Goal) -> (Table, u64) {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.submit(1, Asked::Acts(vec![freeze_of("bank-a", "6250000", 30_000)])).unwrap();
    table.reply("bank-a", ActKind::Freeze, Judged::Accepted);
    let request = table.goal(2, goal);
    table.says("bank-a", ActKind::Query, found(50_000));
    (table, request)
}

#[test]
fn what_another_request_is_freezing_is_not_frozen_twice_and_its_answer_is_built_on() {
    let (mut table, request) = found_what_another_freezes(Goal::Collect);
    assert_eq!(table.freezes_on("bank-a", "6250000"), 1, "the other request's");
    assert!(table.is_open(request), "what comes of that freeze is not known yet");
    assert!(table.decider.state.tasks.is_empty(), "and nobody has to look on site meanwhile");
    table.feeds_back("bank-a", ActKind::Freeze, caught(30_000));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 30_000)]);
    assert_eq!(table.freezes_on("bank-a", "6250000"), 1);
    table.says("bank-a", ActKind::Deduct, moved(30_000));
    assert_eq!(table.ledger().deducted, Money::from_fen(30_000));
    table.refolds();
}

#[test]
fn what_another_request_was_refused_is_frozen_by_whoever_found_it() {
    let (mut table, request) = found_what_another_freezes(Goal::Secure);
    table.feeds_back("bank-a", ActKind::Freeze, Outcome::of(Verdict::Refused));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Freeze, 50_000)]);
    table.says("bank-a", ActKind::Freeze, caught(50_000));
    assert!(!table.is_open(request));
    table.refolds();
}

#[test]
fn a_goal_that_waits_for_anothers_freeze_ends_when_that_is_stopped_or_it_is() {
    for own in [true, false] {
        let (mut table, request) = found_what_another_freezes(Goal::Secure);
        let other = table.decider.state.requests.iter().map(|(_, open)| open.sequence).min().unwrap();
        assert_ne!(other, request);
        if own {
            let reason = String::new();
            let stop = Command::Stop { request: domain::RequestId(request), by: "court".to_owned(), reason };
            table.tell(stop).unwrap();
            assert!(!table.is_open(request));
        } else {
            table.feeds_back("bank-a", ActKind::Freeze, caught(30_000));
            assert!(
                !table.is_open(request) && !table.is_open(other),
                "secured by the other request, and short all the same"
            );
            assert_eq!(table.ledger().controlled, Money::from_fen(30_000));
        }
        table.refolds();
    }
}

/// Two banks hold 500.00 each of 1,000.00 that are owed; a question keeps the request open.
fn two_hold_all(policy: ReleasePolicy) -> Table {
    let mut table = Table::with(vec![partner("bank-a"), partner("bank-b"), partner("bank-c")]);
    table.with_policy(|court| court.excess = policy);
    let acts =
        vec![freeze_of("bank-a", "62", 50_000), freeze_of("bank-b", "63", 50_000), order(ActKind::Query, "bank-c")];
    table.acts(1, acts);
    table.says("bank-b", ActKind::Freeze, caught(50_000));
    table
}

#[test]
fn a_report_above_its_order_lets_go_of_nobody_elses_freeze() {
    let mut table = two_hold_all(ReleasePolicy::Send);
    let freeze = table.sent_to("bank-a");
    table.says("bank-a", ActKind::Freeze, caught(500_000));
    assert_eq!(table.automatic(), [("bank-a".to_owned(), 450_000, true)], "what was told too much, where it was told");
    // What the court itself orders less of goes as ever.
    table.amend(60_000).unwrap();
    assert_eq!(table.automatic(), [("bank-a".to_owned(), 450_000, true), ("bank-b".to_owned(), 40_000, true)]);
    table.amend(100_000).unwrap();
    table.refolds();
    table.puts_right(freeze, caught(50_000));
    assert_eq!(table.automatic(), []);
    let ledger = table.ledger();
    assert_eq!((ledger.exposure, ledger.controlled), (Money::from_fen(100_000), Money::from_fen(100_000)));
    table.refolds();
}

#[test]
fn a_report_that_is_put_right_after_the_end_counts_as_it_was_ordered() {
    let mut table = two_hold_all(ReleasePolicy::Propose);
    let freeze = table.sent_to("bank-a");
    table.says("bank-a", ActKind::Freeze, caught(500_000));
    table.says("bank-c", ActKind::Query, Outcome::of(Verdict::NoSuchCustomer));
    assert!(table.decider.state.requests.is_empty());
    let mut bytes = Vec::new();
    table.decider.state.write_record(&mut bytes).unwrap();
    let mut state = State::read_record(&bytes).unwrap();
    state.settle_late(freeze, ActState::Done, Some(Verdict::Done), Some(&(&caught(50_000)).into()), START);
    let case = state.case_index((5, 5)).unwrap();
    assert_eq!(state.ledger(case).exposure, Money::from_fen(100_000));
}

#[test]
fn what_cannot_be_divided_and_was_told_too_high_leaves_the_others_to_people() {
    let mut table = Table::with(vec![at("insurer", PartnerKind::Insurance), at("bank", PartnerKind::Bank)]);
    table.with_policy(|court| court.excess = ReleasePolicy::Send);
    table.acts(1, vec![freeze_of("insurer", "62", 50_000), freeze_of("bank", "63", 50_000)]);
    table.says("bank", ActKind::Freeze, caught(50_000));
    table.says("insurer", ActKind::Freeze, caught(500_000));
    assert_eq!(table.automatic(), [("bank".to_owned(), 0, false)]);
    let told = table.events.iter().any(|event| {
        matches!((&event.fact, &event.body), (Fact::TaskRaised(fact), Some(Body::Task(body)))
            if fact.partner == "bank" && body.text.contains("核对"))
    });
    assert!(told, "the task says why");
    table.refolds();
}

#[test]
fn the_same_property_is_refused_within_a_request_and_across_requests_of_a_case() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let many = |from: usize| (from..from + 200).map(|n| freeze_of("bank-a", &format!("7{n}"), 1)).collect::<Vec<_>>();
    table.acts(1, many(0));
    let mut again = many(200);
    again.push(freeze_of("bank-a", "7199", 1));
    let broken = |told: Result<u64, Refusal>| match told {
        Err(Refusal::Rules(broken)) => broken.first().map(|breach| (breach.rule.id, breach.at.clone())),
        _ => None,
    };
    let refused = broken(table.submit(2, Asked::Acts(again)));
    assert_eq!(refused, Some(("D14", "/acts/200/account".to_owned())));
    table.acts(3, many(200));
}

#[test]
fn an_answer_that_was_over_before_it_began_is_doubt_whichever_way_it_came() {
    let mut table = Table::with(vec![partner("bank-a"), partner("bank-b")]);
    table.goal(1, Goal::Secure);
    table.says("bank-a", ActKind::Query, found(100_000));
    let over = Outcome { to: Some(domain::Day::of(START).plus_days(-1)), ..caught(100_000) };
    let freeze = table.sent_to("bank-a");
    table.says("bank-a", ActKind::Freeze, over);
    assert_eq!(table.state_of(freeze), ActState::InDoubt);
    assert_eq!(table.ledger().in_doubt, Money::from_fen(100_000), "it may hold: nobody else is frozen in its place");
    table.says("bank-b", ActKind::Query, found(80_000));
    table.pass(2_000);
    assert_eq!(
        table.under_way(),
        [("bank-a".to_owned(), ActKind::Freeze, 100_000)],
        "it is asked about, and nobody else"
    );
    table.says("bank-a", ActKind::Freeze, caught(100_000));
    assert_eq!(table.ledger().controlled, Money::from_fen(100_000));
    table.pass(86_400_000);
    assert_eq!(table.ledger().controlled, Money::from_fen(100_000), "and stands as long as was ordered");
    table.refolds();
}
