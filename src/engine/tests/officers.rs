//! Officers' registers, secret requests, and duties that only people can meet: rules D4, D5, D18, D26, D35 from both sides.

use domain::act::ActOrder;
use domain::form::RegisteredOfficer;
use domain::outcome::Detail;
use domain::task::TaskKind;
use domain::{ActKind, ActState, Day, Personal};

use super::ledger::freeze_of;
use super::notices::held;
use super::simulated::on;
use super::*;
use crate::command::Objection;
use crate::state::officer_key;
use crate::view::Caller;

const DAY: i64 = 86_400_000;

fn registered(from: Option<i32>, to: Option<i32>) -> Vec<RegisteredOfficer> {
    let officer = &request(Asked::Acts(Vec::new())).officers[0];
    let key = officer_key(officer.work_id.expose(), officer.duty_id.expose());
    let day = |days: i32| Day::from_count(Day::of(START).count() + days);
    vec![RegisteredOfficer { key, from: from.map(day), to: to.map(day) }]
}

fn with_register(register: Vec<RegisteredOfficer>) -> Partner {
    let mut partner = partner("bank");
    partner.form.register = Some(register);
    partner
}

fn query() -> Asked {
    let scope = Scope::default();
    Asked::Goal { goal: Goal::Look, subjects: vec![0], scope }
}

fn kinds(table: &Table) -> Vec<TaskKind> {
    table.tasks_beside_notices().map(|task| task.kind()).collect()
}

#[test]
fn an_officer_must_be_registered_on_the_day_the_request_comes() {
    let refused = |register| {
        let mut table = Table::with(vec![with_register(register)]);
        match table.submit(1, query()) {
            Err(Refusal::Rules(broken)) => {
                assert_eq!(broken[0].at, "/officers/0");
                Some(broken[0].rule.id)
            }
            Err(_) => panic!("another refusal"),
            Ok(_) => None,
        }
    };
    assert_eq!(refused(registered(None, None)), None);
    assert_eq!(refused(registered(Some(0), Some(0))), None, "both days are inside");
    assert_eq!(refused(registered(Some(1), None)), Some("D4"));
    assert_eq!(refused(registered(None, Some(-1))), Some("D4"));
    assert_eq!(refused(vec![RegisteredOfficer { key: 1, from: None, to: None }]), Some("D4"));
}

#[test]
fn what_waits_over_the_end_of_a_registration_is_held_told_once_and_goes_when_it_is_renewed() {
    let mut table = Table::with(vec![with_register(registered(None, Some(0)))]);
    let pause = Command::Pause {
        partner: "bank".to_owned(),
        by: "operator".to_owned(),
        reason: "r".to_owned(),
        until: START + 2 * DAY,
    };
    table.tell(pause).unwrap();
    table.submit(1, query()).unwrap();
    table.pass(2 * DAY + 1_000);
    assert!(table.effects.is_empty(), "the registration is over when it could be sent");
    assert_eq!(kinds(&table), [TaskKind::OfficerUnregistered]);
    table.pass(DAY);
    assert_eq!(kinds(&table).len(), 1);
    let mut config = Config::clone(table.decider.config());
    config.partners.insert("bank".to_owned(), Arc::new(with_register(registered(None, None))));
    config.digest = "renewed".to_owned();
    table.tell(Command::Configure(Arc::new(config))).unwrap();
    assert_eq!(table.effects.len(), 1, "it goes as soon as the register says so");
    table.pass(1_000);
    assert_eq!(kinds(&table), [], "and the task has ended by itself");
}

#[test]
fn a_secret_request_shows_itself_to_its_viewers_alone() {
    let mut table = Table::with(vec![partner("bank")]);
    table.ask(1, query(), |request| request.viewers = vec!["clerk".to_owned()]).unwrap();
    let (_, open) = table.decider.state.requests.iter().next().unwrap();
    let viewers = table.decider.state.viewers_of(open);
    let may = |token: &str, court: Option<&str>| {
        Caller {
            token: token.to_owned(),
            court: court.map(str::to_owned),
            is_person: true,
            is_operator: false,
            partner: None,
        }
        .may_see(&viewers)
    };
    assert!(may("court", Some("330225")) && may("clerk", Some("330225")));
    assert!(!may("approver", Some("330225")) && !may("auditor", None) && !may("operator", None));
}

#[test]
fn what_is_secret_is_built_on_by_whoever_is_shown_it_alone_and_its_sums_are_not_sounded() {
    let mut table = Table::with(vec![partner("bank")]);
    let freeze = Asked::Acts(vec![freeze_of("bank", "1", 100)]);
    let sequence = table.ask(1, freeze, |request| request.viewers = vec!["clerk".to_owned()]).unwrap();
    table.answer(held(100));
    let act = domain::ActId { sequence, line: 0 };
    let order = |kind, act, fen: Option<i64>| {
        let account = Some(Personal::new("1".to_owned()));
        ActOrder { amount: fen.map(Money::from_fen), account, ..on(kind, "bank", act) }
    };
    let mut key = 1;
    let mut told = |table: &mut Table, order: ActOrder, shown: &[u64]| {
        key += 1;
        let submit = said::submit(key, request(Asked::Acts(vec![order])));
        table.hand_in(Submit { shown: shown.iter().copied().collect(), ..submit })
    };
    let nothing = domain::ActId { sequence: 999, line: 0 };
    let orders = [
        (ActKind::Deduct, Some(101)),
        (ActKind::Deduct, Some(1)),
        (ActKind::Release, None),
        (ActKind::Release, Some(101)),
        (ActKind::Renew, None),
    ];
    for (kind, fen) in orders {
        for act in [act, nothing] {
            let refused = told(&mut table, order(kind, act, fen), &[]);
            let unknown = matches!(&refused, Err(Refusal::OriginalUnknown { at }) if at == "/acts/0/original");
            assert!(unknown, "{kind:?} {fen:?}");
        }
    }
    let mut by_slip = order(ActKind::Release, act, None);
    let slip = table.decider.state.measures.iter().next().unwrap().1.slip;
    by_slip.original = Some(domain::act::Original {
        act: None,
        slip: domain::SlipNumber::from_bits(slip).to_string(),
        case_number: Personal::new("(2026)浙0225执1号".to_owned()),
    });
    assert!(
        matches!(told(&mut table, by_slip.clone(), &[]), Err(Refusal::OriginalUnknown { .. })),
        "it is no other organ's"
    );
    let above = told(&mut table, order(ActKind::Deduct, act, Some(101)), &[sequence]);
    assert!(matches!(&above, Err(Refusal::Rules(broken)) if broken[0].rule.id == "D20"));
    told(&mut table, by_slip, &[sequence]).unwrap();
}

#[test]
fn a_co_owner_in_an_answer_is_a_task_and_an_answer_without_one_is_none() {
    for (name, told) in [("co_owner", 1), ("branch_phone", 0)] {
        let mut table = Table::with(vec![partner("bank")]);
        table.submit(1, query()).unwrap();
        let mut answer = found(100_000);
        answer.accounts[0].details = vec![Detail { name: name.to_owned(), value: Personal::from("李四") }];
        table.answer(answer);
        assert_eq!(kinds(&table), vec![TaskKind::NotifyCoOwner; told], "{name}");
    }
}

#[test]
fn a_goal_that_ends_short_owes_an_investigation_and_one_that_is_met_none() {
    let mut table = Table::with(vec![partner("bank")]);
    let goal = Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope: Scope::default() };
    table.submit(1, goal).unwrap();
    table.answer(Outcome::of(Verdict::NoSuchCustomer));
    assert_eq!(kinds(&table), [TaskKind::SiteInvestigation]);
    assert_eq!(kinds(&whole_collect()), []);
}

#[test]
fn a_goal_that_finds_property_where_nothing_is_frozen_yet_says_so_in_the_task() {
    for (stage, told) in [(domain::partner::Stage::Query, true), (domain::partner::Stage::Deduct, false)] {
        let mut table = Table::with(vec![Partner { stage, ..partner("bank") }]);
        let goal = Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope: Scope::default() };
        table.submit(1, goal).unwrap();
        table.answer(if told { found(50_000) } else { Outcome::of(Verdict::NoSuchCustomer) });
        assert_eq!(kinds(&table), [TaskKind::SiteInvestigation]);
        let task = table.decider.state.tasks.keys().next().copied().unwrap();
        let Some(store::record::Body::Task(body)) = &table.events[usize::try_from(task).unwrap()].body else {
            panic!()
        };
        assert_eq!((body.text.starts_with("bank：") && body.text.contains("D19"), body.text.is_empty()), (told, !told));
    }
}

#[test]
fn an_objection_gives_the_court_fifteen_days_and_suspends_nothing() {
    let mut table = Table::with(vec![partner("bank")]);
    table.submit(1, query()).unwrap();
    let (_, act) = table.decider.state.acts.iter().next().unwrap();
    let (id, state) = (act.id(), act.state());
    let (_, case) = table.decider.state.cases.iter().next().unwrap();
    let objection = Objection {
        act: id,
        partner: "bank".to_owned(),
        court: "330225".to_owned(),
        case: case.sequence,
        text: Personal::from("专户，依法不得冻结"),
    };
    table.tell(Command::Object(Box::new(objection))).unwrap();
    let task = table.tasks_beside_notices().next().unwrap().clone();
    let last = Day::from_count(Day::of(START).count() + 15);
    assert_eq!(
        (task.kind(), Day::of(task.due), Day::of(task.due + 1)),
        (TaskKind::AnswerObjection, last, Day::from_count(last.count() + 1))
    );
    let (_, act) = table.decider.state.acts.iter().next().unwrap();
    assert_eq!((act.kind(), act.state()), (ActKind::Query, state));
    assert_ne!(act.state(), ActState::Withdrawn);
}

#[test]
fn every_request_that_is_held_is_told_however_many_wait() {
    let mut table = Table::with(vec![with_register(registered(None, Some(0)))]);
    let pause = Command::Pause {
        partner: "bank".to_owned(),
        by: "operator".to_owned(),
        reason: "r".to_owned(),
        until: START + 2 * DAY,
    };
    table.tell(pause).unwrap();
    for key in 1..=120 {
        table.submit(key, query()).unwrap();
    }
    table.pass(2 * DAY + 1_000);
    assert_eq!(kinds(&table).len(), 100, "a tick stays short");
    table.pass(1_000);
    assert_eq!(kinds(&table).len(), 120);
}
