//! What is too much is taken back or proposed, cases come to rest and go on, goals ask again, idle parts make room elsewhere.

use domain::act::ActOrder;
use domain::case::HaltCause;
use domain::outcome::{AssetKind, AssetRole};
use domain::request::Repeat;
use domain::task::TaskKind;
use domain::{CaseId, Millis};
use store::record::{Body, Fact};

use super::kinds::{at, holds};
use super::shown::there_is;
use super::simulated::{on, order};
use super::*;
use crate::command::{AcceptTask, Amend, Halt, ResumeCase};
use crate::config::ReleasePolicy;

pub(super) const HOUR_MS: Millis = 3_600_000;

pub(super) fn freeze_of(partner: &str, account: &str, fen: i64) -> ActOrder {
    let account = Some(Personal::new(account.to_owned()));
    ActOrder { amount: Some(Money::from_fen(fen)), account, ..order(ActKind::Freeze, partner) }
}

pub(super) fn moved_in_part(fen: i64) -> Outcome {
    let mut outcome = Outcome::of(Verdict::Partly);
    outcome.moved = Some(Money::from_fen(fen));
    outcome
}

impl Table {
    pub(super) fn amend(&mut self, fen: i64) -> Result<Answer, Refusal> {
        let case = self.case();
        self.tell(Command::Amend(Box::new(Amend {
            case,
            claim: Money::from_fen(fen),
            costs: Money::ZERO,
            by: "court".to_owned(),
            court: Some("330225".to_owned()),
            reason: "变更".to_owned(),
        })))
    }

    pub(super) fn case(&self) -> CaseId {
        CaseId(self.decider.state.cases.iter().next().unwrap().1.sequence)
    }

    pub(super) fn halt(&mut self, cause: HaltCause) -> Result<Answer, Refusal> {
        let case = self.case();
        self.tell(Command::Halt(Box::new(Halt {
            case,
            cause,
            by: "judge-1".to_owned(),
            court: Some("330225".to_owned()),
            reason: "裁定".to_owned(),
            document: None,
        })))
    }

    pub(super) fn resume_by(&mut self, by: &str, is_person: bool) -> Result<Answer, Refusal> {
        let case = self.case();
        self.tell(Command::ResumeCase(Box::new(ResumeCase {
            case,
            by: by.to_owned(),
            court: Some("330225".to_owned()),
            is_person,
            reason: "恢复".to_owned(),
        })))
    }

    /// Accepts a task as the runtime does: with the request that ordered the measure as a pattern.
    pub(super) fn accept(&mut self, task: u64, by: &str) -> Result<Answer, Refusal> {
        let mut pattern = request(Asked::Acts(Vec::new()));
        pattern.case.claim = Money::from_fen(7);
        self.tell(Command::AcceptTask(Box::new(AcceptTask {
            task,
            by: by.to_owned(),
            court: None,
            reason: "超额".to_owned(),
            submit: Box::new(said::follow_up(task, by, pattern)),
            carried: Vec::new(),
        })))
    }

    /// Open tasks: kind, partner, amount in fen.
    pub(super) fn proposed(&self) -> Vec<(TaskKind, String, i64)> {
        let tasks = self.tasks_beside_notices();
        let tasks = tasks.filter(|task| task.kind() != TaskKind::SiteInvestigation);
        tasks.map(|task| (task.kind(), task.partner.clone(), task.amount / 100)).collect()
    }

    pub(super) fn task_at(&self, partner: &str) -> u64 {
        let mut tasks = self.tasks_beside_notices();
        tasks.find(|task| task.partner == partner).map(|task| task.sequence).unwrap()
    }

    pub(super) fn repeats(&mut self, key: u64, goal: Goal, days: u16, every_hours: u16) -> Result<u64, Refusal> {
        let mut asked = request(Asked::Goal { goal, subjects: vec![0], scope: Scope::default() });
        asked.repeat = Some(Repeat { days, every_hours });
        self.hand_in(said::submit(key, asked))
    }

    pub(super) fn with_policy(&mut self, change: impl FnOnce(&mut CourtFile)) {
        let mut config = Config::clone(self.decider.config());
        let mut court = CourtFile::clone(&config.courts["330225"]);
        change(&mut court);
        config.courts.insert("330225".to_owned(), Arc::new(court));
        config.digest.push('x');
        self.tell(Command::Configure(Arc::new(config))).unwrap();
    }

    fn facts(&self, name: &str) -> usize {
        self.events.iter().filter(|event| event.fact.name() == name).count()
    }
}

fn three_frozen() -> Table {
    let partners =
        [("bank", PartnerKind::Bank), ("fund", PartnerKind::HousingFund), ("insurer", PartnerKind::Insurance)];
    let mut table = Table::with(partners.into_iter().map(|(id, kind)| at(id, kind)).collect());
    let freezes = [("bank", 50_000), ("fund", 30_000), ("insurer", 20_000)];
    table.acts(1, freezes.map(|(partner, fen)| freeze_of(partner, "62", fen)).to_vec());
    for (partner, fen) in freezes {
        table.says(partner, ActKind::Freeze, caught(fen));
    }
    table
}

#[test]
fn a_lower_claim_lets_go_what_the_court_takes_last_and_a_part_of_one() {
    let mut table = three_frozen();
    table.amend(60_000).unwrap();
    // 400 too much: the policy goes whole, the rest is a part of the fund, though a part of the bank would do as well.
    let excess = |partner: &str, fen| (TaskKind::Excess, partner.to_owned(), fen);
    assert_eq!(table.proposed(), [excess("insurer", 0), excess("fund", 20_000)]);
    let task = table.task_at("fund");
    let Ok(Answer::Accepted(request)) = table.accept(task, "judge-1") else { panic!("the proposal is accepted") };
    let Ok(Answer::Accepted(again)) = table.accept(task, "judge-2") else { panic!("and told again") };
    assert_eq!(request, again);
    assert_eq!(table.under_way(), [("fund".to_owned(), ActKind::Release, 20_000)]);
    assert_eq!(table.proposed(), [excess("insurer", 0)], "what is being let go is counted as gone");
    assert_eq!(table.ledger().target, Money::from_fen(60_000), "a release does not bring back the old claim");
    table.says("fund", ActKind::Release, Outcome::of(Verdict::Done));
    assert_eq!(table.ledger().exposure, Money::from_fen(80_000));
    table.amend(80_000).unwrap();
    assert_eq!(table.proposed(), [], "what is not too much any more needs nobody");
}

#[test]
fn what_cannot_be_divided_stays_when_only_a_part_would_be_too_much() {
    let mut table = Table::with(vec![at("insurer", PartnerKind::Insurance)]);
    table.acts(1, vec![freeze_of("insurer", "62", 50_000)]);
    table.says("insurer", ActKind::Freeze, caught(50_000));
    table.amend(40_000).unwrap();
    assert_eq!(table.proposed(), []);
    table.amend(0).unwrap();
    assert_eq!(table.proposed(), [(TaskKind::Excess, "insurer".to_owned(), 0)]);
}

#[test]
fn what_has_not_left_is_taken_back_and_a_goal_orders_less() {
    let mut table = Table::with(vec![partner("bank-a"), partner("bank-b")]);
    table.with_policy(|court| {
        let kinds = vec![ActKind::Freeze];
        court.approvals = vec![crate::config::ApprovalRule { kinds, from: Money::ZERO, persons: 1 }];
    });
    table.collect(1);
    table.says("bank-a", ActKind::Query, found(70_000));
    table.says("bank-b", ActKind::Query, found(60_000));
    assert_eq!(table.ledger().exposure, Money::from_fen(100_000));
    table.amend(65_000).unwrap();
    let state = &table.decider.state;
    let planned = state.acts.iter().filter(|(_, act)| act.state() == ActState::Planned);
    let mut sums: Vec<i64> = planned.map(|(_, act)| act.amount / 100).collect();
    sums.sort_unstable();
    assert_eq!((sums, table.ledger().exposure), (vec![65_000], Money::from_fen(65_000)));
    assert_eq!(table.proposed(), [], "nothing stands that could be let go");
}

#[test]
fn a_higher_claim_lets_the_goals_of_open_requests_go_on() {
    let mut table = Table::with(vec![partner("bank-a"), partner("bank-b")]);
    let scope = Scope::default();
    table.submit(1, Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope }).unwrap();
    table.says("bank-a", ActKind::Query, found(250_000));
    assert_eq!(table.under_way()[0], ("bank-a".to_owned(), ActKind::Freeze, 100_000));
    table.says("bank-b", ActKind::Query, found(90_000));
    table.amend(120_000).unwrap();
    table.pass(1);
    assert!(table.under_way().contains(&("bank-b".to_owned(), ActKind::Freeze, 20_000)), "{:?}", table.under_way());
}

#[test]
fn a_partner_that_holds_more_than_it_was_asked_to_is_found_at_once_also_late() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.acts(1, vec![freeze_of("bank-a", "62", 100_000)]);
    let mut outcome = caught(100_000);
    outcome.limit = Some(Money::from_fen(130_000));
    let act = table.effects[0].act;
    table.answer(outcome.clone());
    assert_eq!(table.proposed(), [(TaskKind::Excess, "bank-a".to_owned(), 30_000)]);
    outcome.limit = Some(Money::from_fen(150_000));
    table.told_late(act, outcome);
    assert_eq!(table.proposed(), [(TaskKind::Excess, "bank-a".to_owned(), 50_000)], "the proposal follows the news");
}

#[test]
fn where_the_court_lets_it_a_release_is_automatic_until_one_comes_to_nothing() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.with_policy(|court| court.excess = ReleasePolicy::Send);
    table.acts(1, vec![freeze_of("bank-a", "62", 100_000)]);
    table.answer(caught(100_000));
    table.amend(40_000).unwrap();
    let automatic = |table: &Table| table.tasks_beside_notices().map(|task| task.automatic).collect::<Vec<_>>();
    assert_eq!(automatic(&table), [true]);
    let task = table.task_at("bank-a");
    table.accept(task, "").unwrap();
    table.answer(Outcome::of(Verdict::Refused));
    assert_eq!(table.proposed(), [(TaskKind::Excess, "bank-a".to_owned(), 60_000)], "it is still too much");
    assert_eq!(automatic(&table), [false], "and the next try is for a person");
}

#[test]
fn a_conditional_deduction_is_left_alone_by_excess_and_spill() {
    let mut table = Table::with(vec![at("fund", PartnerKind::HousingFund), at("bank", PartnerKind::Bank)]);
    table.collect(1);
    table.says("fund", ActKind::Query, holds(AssetKind::Fund, AssetRole::Owner, 100_000));
    table.pass(200_000);
    table.says("fund", ActKind::Freeze, caught(60_000));
    table.says("fund", ActKind::Deduct, Outcome::of(Verdict::Registered));
    table.says("bank", ActKind::Query, found(90_000));
    assert_eq!(table.under_way(), [], "the freeze that it is taken out of is not let go under it");
    table.amend(50_000).unwrap();
    // Of the limit only what the open deduction does not claim may go; the deduction itself is over the claim and cannot be taken back.
    assert_eq!(table.proposed(), [(TaskKind::Excess, "fund".to_owned(), 40_000)]);
    assert!(table.states().contains(&(ActKind::Deduct, ActState::Awaiting)));
}

#[test]
fn the_idle_part_of_a_freeze_makes_room_elsewhere_and_never_at_the_same_time() {
    for goal in [Goal::Secure, Goal::Collect] {
        let mut keeping = partner("bank-a");
        // It gives no money over the network, so what it holds stays there.
        keeping.acts = vec![ActKind::Query, ActKind::Freeze, ActKind::Release];
        let mut table = Table::with(vec![keeping, partner("bank-b")]);
        table.submit(1, Asked::Goal { goal, subjects: vec![0], scope: Scope::default() }).unwrap();
        table.says("bank-a", ActKind::Query, found(100_000));
        table.says("bank-a", ActKind::Freeze, caught(30_000));
        assert_eq!(table.under_way().len(), 1, "only the other bank is still asked");
        table.says("bank-b", ActKind::Query, found(45_000));
        assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Release, 45_000)]);
        assert_eq!(table.ledger().room_to_freeze(), Money::ZERO);
        table.says("bank-a", ActKind::Release, Outcome::of(Verdict::Done));
        assert_eq!(table.under_way(), [("bank-b".to_owned(), ActKind::Freeze, 45_000)]);
        assert_eq!(table.ledger().exposure, Money::from_fen(100_000));
        table.says("bank-b", ActKind::Freeze, caught(45_000));
        let ledger = table.ledger();
        assert_eq!((ledger.controlled, ledger.excess()), (Money::from_fen(75_000), Money::ZERO));
    }
}

#[test]
fn a_case_that_rests_takes_back_proposes_refuses_and_is_resumed_by_another_person() {
    let mut table = Table::with(vec![partner("bank-a"), partner("bank-b")]);
    table.acts(1, vec![freeze_of("bank-a", "62", 30_000)]);
    table.answer(caught(30_000));
    table.with_policy(|court| {
        let kinds = vec![ActKind::Freeze];
        court.approvals = vec![crate::config::ApprovalRule { kinds, from: Money::ZERO, persons: 1 }];
    });
    table.collect(2);
    table.says("bank-b", ActKind::Query, found(250_000));
    assert!(table.states().contains(&(ActKind::Freeze, ActState::Planned)));
    table.halt(HaltCause::Settlement).unwrap();
    assert!(table.states().contains(&(ActKind::Freeze, ActState::Withdrawn)));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Query, 0)], "questions go on");
    assert_eq!(table.proposed(), [(TaskKind::ReleaseProposed, "bank-a".to_owned(), 0)]);
    for (asked, rule) in [
        (Asked::Goal { goal: Goal::Collect, subjects: vec![0], scope: Scope::default() }, "D27"),
        (Asked::Acts(vec![freeze_of("bank-a", "63", 100)]), "D27"),
    ] {
        match table.submit(7, asked) {
            Err(Refusal::Rules(broken)) => assert_eq!(broken[0].rule.id, rule),
            _ => panic!("nothing new is ordered in a case that rests"),
        }
    }
    assert!(matches!(table.halt(HaltCause::Bankruptcy), Err(Refusal::WrongState { state: "halted" })));
    table.says("bank-a", ActKind::Query, found(250_000));
    assert!(table.decider.state.requests.is_empty(), "nothing more follows, so the request is over");
    assert!(matches!(table.resume_by("judge-1", true), Err(Refusal::SamePerson)));
    assert!(matches!(table.resume_by("machine", false), Err(Refusal::PersonNeeded)));
    table.resume_by("judge-2", true).unwrap();
    assert_eq!(table.proposed(), [], "what was proposed because it rested is moot");
    table.submit(8, Asked::Acts(vec![freeze_of("bank-b", "64", 100)])).unwrap();
    assert_eq!((table.facts("case.halted"), table.facts("case.resumed")), (1, 1));
}

#[test]
fn a_bankruptcy_that_is_told_proposes_the_releases_once() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.with_policy(|court| court.bankruptcy = ReleasePolicy::Send);
    table.acts(1, vec![freeze_of("bank-a", "62", 30_000)]);
    table.answer(caught(30_000));
    let tell = |table: &mut Table, key| {
        let mut told = request(Asked::Goal { goal: Goal::Look, subjects: vec![0], scope: Scope::default() });
        told.case.parties[0].bankrupt = Some(true);
        table.hand_in(said::submit(key, told)).unwrap();
    };
    tell(&mut table, 2);
    let proposal = [(TaskKind::ReleaseProposed, "bank-a".to_owned(), 0)];
    let automatic = |table: &Table| table.tasks_beside_notices().all(|task| task.automatic);
    assert_eq!((table.proposed(), automatic(&table)), (proposal.to_vec(), true));
    let task = table.task_at("bank-a");
    table.accept(task, "").unwrap();
    table.says("bank-a", ActKind::Release, Outcome::of(Verdict::Refused));
    assert_eq!((table.proposed(), automatic(&table)), (proposal.to_vec(), false), "the next try is a person's");
    let task = table.task_at("bank-a");
    table.accept(task, "judge-1").unwrap();
    table.says("bank-a", ActKind::Release, Outcome::of(Verdict::Done));
    tell(&mut table, 3);
    assert_eq!((table.proposed(), table.ledger().exposure), (Vec::new(), Money::ZERO));
}

#[test]
fn a_goal_asks_again_until_it_is_met_also_after_a_restart() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.repeats(1, Goal::Collect, 3, 24).unwrap();
    table.answer(found(30_000));
    table.answer(caught(30_000));
    table.answer(moved(30_000));
    assert_eq!(table.effects.len(), 0);
    let open = table.decider.state.requests.iter().next().unwrap().1.clone();
    assert_eq!(open.next_round_at(), Some(START + 24 * HOUR_MS), "the request stays open until its next round");
    assert_eq!(table.decider.next_due(), open.next_round_at());
    table.pass(24 * HOUR_MS - 1);
    assert_eq!(table.effects.len(), 0);
    let mut table = table.restart(vec![partner("bank-a")]);
    table.pass(1);
    assert_eq!(table.next_kind(), Some((ActKind::Query, false)), "the same partner is asked again");
    let priority = table.decider.state.acts.iter().filter(|(_, act)| act.repeats).count();
    assert_eq!((priority, table.facts("goal.repeated")), (1, 1));
    table.answer(found(80_000));
    assert_eq!(
        table.under_way(),
        [("bank-a".to_owned(), ActKind::Freeze, 70_000)],
        "what is new, and no more than is owed"
    );
    table.answer(caught(70_000));
    table.answer(moved(70_000));
    assert!(table.decider.state.requests.is_empty(), "met: it is over before its days are");
    table.pass(100 * HOUR_MS);
    assert_eq!((table.facts("goal.repeated"), table.proposed()), (1, Vec::new()));
}

#[test]
fn later_credits_under_a_freeze_are_seen_and_taken() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.repeats(1, Goal::Collect, 2, 12).unwrap();
    table.answer(found(100_000));
    table.answer(caught(20_000));
    table.answer(moved(20_000));
    assert_eq!(table.ledger().exposure, Money::from_fen(80_000), "the freeze goes on catching");
    table.pass(12 * HOUR_MS);
    table.answer(there_is(0, 0));
    table.pass(12 * HOUR_MS);
    table.answer(there_is(55_000, 0));
    assert_eq!(table.under_way(), [("bank-a".to_owned(), ActKind::Deduct, 55_000)]);
    table.answer(moved_in_part(55_000));
    let ledger = table.ledger();
    assert_eq!((ledger.deducted, ledger.exposure), (Money::from_fen(75_000), Money::from_fen(25_000)));
    let changed = table.events.iter().any(|event| {
        matches!((&event.fact, &event.body), (Fact::MeasureChanged(fact), Some(Body::Changed(body)))
            if fact.cause == "requeried" && body.caught == Some(550_000 * 10))
    });
    assert!(changed);
}

#[test]
fn the_days_of_a_repeat_end_with_a_task_and_a_standstill_leaves_rounds_out() {
    let mut table = Table::with(vec![partner("bank-a")]);
    table.repeats(1, Goal::Secure, 2, 6).unwrap();
    table.answer(found(0));
    table.pass(20 * HOUR_MS);
    assert_eq!((table.facts("goal.repeated"), table.effects.len()), (1, 1), "three rounds late is one round");
    table.pass(6 * HOUR_MS);
    assert_eq!(table.effects.len(), 1, "who has not answered is not asked twice");
    table.answer(found(0));
    table.pass(30 * HOUR_MS);
    assert_eq!(table.proposed().iter().map(|task| task.0).collect::<Vec<_>>(), [TaskKind::RepeatEnded]);
    assert!(table.decider.state.requests.is_empty());
}

#[test]
fn a_stop_ends_a_repeat_and_too_many_rounds_are_refused() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let request = table.repeats(1, Goal::Secure, 30, 6).unwrap();
    table.answer(found(0));
    let reason = String::new();
    table.tell(Command::Stop { request: domain::RequestId(request), by: "judge".to_owned(), reason }).unwrap();
    assert!(table.decider.state.requests.is_empty());
    let many = (0..100).map(|number| partner(&format!("bank-{number}"))).collect();
    let mut table = Table::with(many);
    assert!(matches!(table.repeats(1, Goal::Secure, 30, 6), Err(Refusal::TooManyActs { .. })));
    table.repeats(2, Goal::Secure, 30, 24).unwrap();
}

#[test]
fn a_part_is_released_of_what_another_request_froze() {
    let mut table = three_frozen();
    let id = table.decider.state.measures.iter().next().unwrap().1.id();
    let act = domain::ActId { sequence: id.sequence, line: id.line };
    let mut release = on(ActKind::Release, "bank", act);
    release.amount = Some(Money::from_fen(10_000));
    table.acts(2, vec![release]);
    table.says("bank", ActKind::Release, Outcome::of(Verdict::Done));
    assert_eq!(table.ledger().exposure, Money::from_fen(90_000));
}
