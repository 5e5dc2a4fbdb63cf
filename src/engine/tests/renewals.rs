//! What ends soon is renewed by one click, with papers at hand or brought, for as long as such property may be held.

use domain::act::ActOrder;
use domain::outcome::AssetKind;
use domain::task::TaskKind;
use domain::{Day, MeasureId};
use store::record::{Body, Fact};

use super::kinds::at;
use super::measures::{foreign, freeze, on, order, today};
use super::*;
use crate::command::{AcceptTask, ImportLine, ImportMeasures, ImportedPaper};
use crate::config::ApprovalRule;
use crate::state::Measure;

fn paper(kind: &str, digest: &str) -> Paper {
    let personal = |text: &str| Personal::new(text.to_owned());
    Paper { kind: kind.to_owned(), number: personal("1"), file_name: personal("a.pdf"), digest: personal(digest) }
}

impl Table {
    fn expiring(&self) -> Option<u64> {
        let mut tasks = self.decider.state.tasks.values();
        tasks.find(|task| task.kind() == TaskKind::Expiring).map(|task| task.sequence)
    }

    /// Accepts as the runtime does, with these papers and officers at hand.
    fn accept_with(&mut self, task: u64, papers: Vec<Paper>, officers: bool) -> Result<Answer, Refusal> {
        let mut pattern = request(Asked::Acts(Vec::new()));
        pattern.papers = papers;
        if !officers {
            pattern.officers.clear();
        }
        self.tell(Command::AcceptTask(Box::new(AcceptTask {
            task,
            by: "judge".to_owned(),
            court: Some("330225".to_owned()),
            reason: "续行".to_owned(),
            submit: Box::new(said::follow_up(task, "judge", pattern)),
            carried: Vec::new(),
        })))
    }

    fn last_end(&self) -> Option<(String, Option<u64>)> {
        self.events.iter().rev().find_map(|event| match &event.fact {
            Fact::TaskEnded(fact) => Some((fact.end.clone(), fact.request)),
            _ => None,
        })
    }

    fn bring_in(&mut self, lines: Vec<ImportLine>, papers: Vec<ImportedPaper>) -> Vec<Result<MeasureId, Refusal>> {
        let import = ImportMeasures {
            by: "operator".to_owned(),
            court: "330225".to_owned(),
            case_key: (5, 5),
            subjects: vec![77],
            request: Arc::new(Request { papers: Vec::new(), ..request(Asked::Acts(Vec::new())) }),
            papers,
            lines,
        };
        match self.tell(Command::ImportMeasures(vec![import])) {
            Ok(Answer::Imported(verdicts)) => {
                verdicts.into_iter().map(|verdict| verdict.map(|taken| taken.id)).collect()
            }
            _ => panic!("an import is answered line by line"),
        }
    }

    fn measure(&self, id: MeasureId) -> Measure {
        let state = &self.decider.state;
        state.measure_index(id).and_then(|index| state.measures.get(index)).cloned().unwrap()
    }
}

/// A freeze that ends in twenty days, and its task.
fn ends_soon() -> (Table, Measure, u64) {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(20);
    let measure = table.frozen(1, "62", 50_000, Some(to));
    table.pass(1_000);
    let task = table.expiring().unwrap();
    (table, measure, task)
}

#[test]
fn one_click_renews_what_ends_soon_and_the_task_ends_with_that_request() {
    let (mut table, measure, task) = ends_soon();
    let Answer::Accepted(request) = table.accept(task, "judge").unwrap() else { panic!("a request of its own") };
    assert_eq!(table.last_end(), Some(("accepted".to_owned(), Some(request))));
    assert!(table.open_tasks().is_empty());
    assert_eq!(table.next_kind(), Some((ActKind::Renew, false)));
    assert!(matches!(table.accept(task, "other"), Ok(Answer::Accepted(again)) if again == request), "twice is once");
    table.answer(Outcome::of(Verdict::Done));
    let renewed = table.see(&measure).unwrap();
    assert_eq!(renewed.last_day(), Some(today(&table).last_of_years(1)), "a deposit, a year from today (rule D9)");
    assert_eq!((renewed.limit(), renewed.rank), (measure.limit(), measure.rank), "it keeps its sum and its rank");
    for _ in 0..30 {
        table.days(1);
    }
    assert!(table.open_tasks().is_empty(), "nothing ends soon any more");
    table.fold_again();
}

#[test]
fn a_renewal_waits_for_its_approval_and_goes_once_another_person_agrees() {
    let (mut table, measure, task) = ends_soon();
    table.with_policy(|court| {
        court.approvals = vec![ApprovalRule { kinds: vec![ActKind::Renew], from: Money::ZERO, persons: 1 }];
    });
    let Answer::Accepted(request) = table.accept(task, "judge").unwrap() else { panic!("a request of its own") };
    assert_eq!((table.states(), table.effects.len()), (vec![(ActKind::Renew, ActState::Planned)], 0));
    let by = |by: &str| Command::Approve {
        request: domain::RequestId(request),
        by: by.to_owned(),
        reason: "同意续行".to_owned(),
    };
    assert!(matches!(table.tell(by("judge")), Err(Refusal::SamePerson)), "whoever accepted it cannot agree to it");
    table.tell(by("chief")).unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Renew, false)));
    table.answer(Outcome::of(Verdict::Done));
    assert!(table.see(&measure).unwrap().last_day() > measure.last_day());
}

#[test]
fn a_renewal_that_comes_to_nothing_is_told_anew_at_once() {
    for withdrawn in [false, true] {
        let (mut table, _, task) = ends_soon();
        if withdrawn {
            table.with_policy(|court| {
                court.approvals = vec![ApprovalRule { kinds: vec![ActKind::Renew], from: Money::ZERO, persons: 1 }];
            });
        }
        table.accept(task, "judge").unwrap();
        table.days(1);
        assert!(table.open_tasks().is_empty(), "while it is under way nobody is told");
        if withdrawn {
            let act = table.decider.state.acts.iter().next().unwrap().1.id();
            let reason = "文书有误".to_owned();
            table.tell(Command::Withdraw { act, by: "judge".to_owned(), reason }).unwrap();
        } else {
            table.answer(Outcome::of(Verdict::Refused));
        }
        table.pass(1_000);
        assert_eq!(table.open_tasks(), [TaskKind::Expiring]);
        let again = table.expiring().unwrap();
        assert!(again > task);
        table.accept(again, "judge").unwrap();
        table.fold_again();
    }
}

#[test]
fn what_is_being_renewed_or_released_or_is_no_freeze_is_not_renewed() {
    let (mut table, measure, task) = ends_soon();
    table.ask_for(2, on(ActKind::Renew, &measure)).unwrap();
    assert!(matches!(table.accept(task, "judge"), Err(Refusal::WrongState { state: "being_renewed" })));
    table.answer(Outcome::of(Verdict::Done));
    let (mut table, measure, task) = ends_soon();
    table.ask_for(2, on(ActKind::Release, &measure)).unwrap();
    assert!(matches!(table.accept(task, "judge"), Err(Refusal::WrongState { state: "being_released" })));
    let mut table = Table::with(vec![at("police", PartnerKind::Police)]);
    let to = Some(Day::of(START).plus_days(10));
    let watch = ActOrder { partner: "police".to_owned(), to, ..order(ActKind::Watch) };
    table.ask_for(1, watch).unwrap();
    table.answer(Outcome::of(Verdict::Done));
    table.pass(1_000);
    let task = table.expiring().unwrap();
    assert!(matches!(table.accept(task, "judge"), Err(Refusal::WrongState { state: "not_renewable" })));
    assert_eq!(table.open_tasks(), [TaskKind::Expiring], "the task stays for a person");
}

#[test]
fn missing_papers_and_officers_are_named_and_the_task_stays() {
    let mut strict = partner("bank-a");
    strict.form.papers = vec![(ActKind::Renew, vec!["freeze_notice".to_owned()])];
    let mut table = Table::with(vec![strict]);
    table.bring_in(vec![foreign(1, 30_000, Day::of(START).plus_days(20))], Vec::new());
    table.pass(1_000);
    let task = table.expiring().unwrap();
    let missing = |papers: &[&str], officers| {
        let papers = papers.iter().map(|kind| (*kind).to_owned()).collect();
        Err(Refusal::PapersMissing { papers, officers })
    };
    let told = |answer: Result<Answer, Refusal>| answer.map(|_| ());
    assert_eq!(told(table.accept_with(task, Vec::new(), false)), missing(&["ruling", "freeze_notice"], true));
    let ruling = || paper("ruling", "sha256:ruling");
    assert_eq!(told(table.accept_with(task, vec![ruling()], true)), missing(&["freeze_notice"], false));
    assert!(table.effects.is_empty() && table.expiring() == Some(task), "nothing left, and it can be tried again");
    table.accept_with(task, vec![ruling(), paper("freeze_notice", "sha256:notice")], true).unwrap();
    assert_eq!(table.next_kind(), Some((ActKind::Renew, false)));
    table.answer(Outcome::of(Verdict::Done));
    assert!(table.open_tasks().is_empty());
}

#[test]
fn an_import_may_bring_papers_which_are_kept_under_the_cases_key() {
    let mut table = Table::with(vec![partner("bank-a")]);
    let to = Day::of(START).plus_days(20);
    let named = |n, key| ImportLine { papers: vec![key], ..foreign(n, 10_000, to) };
    let papers = vec![
        ImportedPaper { key: (9, 9), paper: paper("ruling", "sha256:ruling") },
        ImportedPaper { key: (1, 2), paper: paper("ruling", "sha256:unknown") },
    ];
    let verdicts = table.bring_in(vec![named(1, (9, 9)), named(2, (1, 2)), foreign(3, 10_000, to)], papers);
    let at = "/documents/0/digest".to_owned();
    assert!(verdicts[0].is_ok() && verdicts[2].is_ok());
    assert_eq!(verdicts[1], Err(Refusal::DocumentUnknown { at }), "what was never stored cannot be carried");
    let body = table.events.iter().find_map(|event| match &event.body {
        Some(Body::Imported(body)) => Some(body.clone()),
        _ => None,
    });
    let body = body.unwrap();
    assert_eq!((body.seals.len(), body.seals[0].digest.as_str(), body.lines.len()), (1, "sha256:ruling", 2));
    assert_eq!(body.documents, [(9, 9)]);
    let request = body.request.into_request().unwrap();
    assert_eq!(request.papers.iter().map(|paper| paper.kind.as_str()).collect::<Vec<_>>(), ["ruling"]);
    assert!(table.decider.state.documents[&(9, 9)].referenced, "its file stays when its own key is destroyed");
    table.days(2);
    table.fold_again();
}

#[test]
fn the_sort_of_property_is_kept_and_says_for_how_long_it_may_be_held() {
    let kinds = [
        (AssetKind::Cash, PartnerKind::Registry, 1),
        (AssetKind::Vehicle, PartnerKind::Registry, 2),
        (AssetKind::Vehicle, PartnerKind::Police, 2),
        (AssetKind::RealEstate, PartnerKind::Bank, 3),
    ];
    for (asset, industry, years) in kinds {
        let mut table = Table::with(vec![at("bank-a", industry)]);
        let now = Day::of(START);
        let line = |n, to| ImportLine { property: Some(asset), ..foreign(n, 10_000, to) };
        let longest = now.last_of_years(years);
        let verdicts = table.bring_in(vec![line(1, longest), line(2, longest.plus_days(1))], Vec::new());
        assert_eq!(table.measure(*verdicts[0].as_ref().unwrap()).property(), Some(asset));
        assert!(matches!(&verdicts[1], Err(Refusal::Rules(broken)) if broken[0].rule.id == "D9"), "{asset:?}");
        let verdicts = table.bring_in(vec![line(3, now.plus_days(9))], Vec::new());
        let id = *verdicts[0].as_ref().unwrap();
        table.pass(1_000);
        let too_long = ActOrder { to: Some(longest.plus_days(1)), ..on(ActKind::Renew, &table.measure(id)) };
        assert_eq!(table.breaks(7, too_long), Some("D9"), "a person cannot ask for more either");
        let task = table.expiring().unwrap();
        table.accept(task, "judge").unwrap();
        table.answer(Outcome::of(Verdict::Done));
        assert_eq!(table.measure(id).last_day(), Some(longest), "{asset:?} at {industry:?}");
        table.fold_again();
        let mut bytes = Vec::new();
        table.decider.state.write_record(&mut bytes).unwrap();
        let read = State::read_record(&bytes).unwrap();
        let again = read.measure_index(id).and_then(|index| read.measures.get(index)).unwrap();
        assert_eq!(again.property(), Some(asset), "over a restart");
    }
}

#[test]
fn what_we_froze_ourselves_knows_its_sort_by_what_was_found_or_by_the_industry() {
    let mut table = Table::with(vec![at("bank-a", PartnerKind::Registry)]);
    let scope = Scope::default();
    table.submit(1, Asked::Goal { goal: Goal::Secure, subjects: vec![0], scope }).unwrap();
    let mut outcome = found(30_000);
    outcome.accounts[0].asset = AssetKind::Vehicle;
    table.answer(outcome);
    table.answer(caught(30_000));
    let vehicle = table.newest();
    assert_eq!(vehicle.property(), Some(AssetKind::Vehicle));
    assert_eq!(vehicle.last_day(), Some(today(&table).last_of_years(2)));
    let home = table.frozen(2, "HS-1", 20_000, None);
    assert_eq!((home.property(), home.last_day()), (Some(AssetKind::RealEstate), Some(today(&table).last_of_years(3))));
    assert_eq!(table.breaks(3, freeze("HS-2", 100, Some(today(&table).plus_days(1_200)))), Some("D9"));
}
