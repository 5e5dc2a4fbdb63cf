//! A case at rest: bankruptcy, settlement, withdrawal. Nothing more is done to its property, and what stands is proposed for release.

use domain::ActState;
use domain::case::HaltCause;
use domain::request::{Asked, Goal};
use domain::rules::Breach;
use domain::task::TaskKind;
use store::record::{ActWithdrawn, Body, CaseHalted, CaseResumed, ReasonBody};

use super::Decider;
use crate::command::{Answer, Halt, ResumeCase, Submit};
use crate::config::ReleasePolicy;
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::slab::Index;

fn because(reason: String, document: Option<String>) -> Option<Body> {
    Some(Body::Reason(ReasonBody { reason, document, amount: None }))
}

impl Decider {
    /// What has not left is taken back, questions go on, and each measure that stands is proposed for release.
    pub(super) fn halt(&mut self, halt: Halt) -> Result<Answer, Refusal> {
        let case = self.own_case(halt.case.0, halt.court.as_deref())?;
        let slot = self.state.cases.get(case).map_or(0, |case| case.slot);
        if self.state.is_halted(case) {
            return Err(Refusal::WrongState { state: "halted" });
        }
        let cause = halt.cause.word().to_owned();
        let fact = CaseHalted { by: halt.by.clone(), case: halt.case.0, cause, news: true };
        let sequence = self.emit(fact.into(), because(halt.reason.clone(), halt.document), slot);
        let stayed = |act: &Act| {
            halt.cause.stays(act.kind())
                && matches!(act.state(), ActState::Planned | ActState::Ready)
                && !act.is_under_way()
        };
        let acts: Vec<_> =
            self.state.acts_of_case(case).filter(|(_, act)| stayed(act)).map(|(_, act)| act.id()).collect();
        for act in acts {
            let fact = ActWithdrawn { act: act.into(), by: halt.by.clone() };
            self.emit(fact.into(), because(halt.reason.clone(), None), slot);
        }
        let policy = match halt.cause {
            HaltCause::Bankruptcy => self.court_of(case).map(|court| court.bankruptcy).unwrap_or_default(),
            HaltCause::Settlement | HaltCause::Withdrawal => ReleasePolicy::Propose,
        };
        self.propose_releases(case, None, policy);
        let requests = self.state.cases.get(case).map(|case| case.requests.to_vec()).unwrap_or_default();
        requests.into_iter().for_each(|request| self.go_on(request));
        Ok(Answer::Done(sequence))
    }

    /// Another person lets the case go on; what was proposed only because it rested is moot.
    pub(super) fn resume_case(&mut self, resume: ResumeCase) -> Result<Answer, Refusal> {
        let case = self.own_case(resume.case.0, resume.court.as_deref())?;
        let found = self.state.cases.get(case).ok_or(Refusal::NotFound)?;
        let Some(halted) = &found.halted else { return Err(Refusal::WrongState { state: "not_halted" }) };
        if !resume.is_person {
            return Err(Refusal::PersonNeeded);
        }
        if halted.by == resume.by {
            return Err(Refusal::SamePerson);
        }
        let slot = found.slot;
        let fact = CaseResumed { by: resume.by, case: resume.case.0, news: true };
        let sequence = self.emit(fact.into(), because(resume.reason, None), slot);
        let bankrupt = |measure: store::record::ActRef| {
            let index = self.state.measure_index(domain::ActId::from(measure).into());
            let subject = index.and_then(|index| self.state.measures.get(index)).map(|measure| measure.subject_key);
            subject.is_some_and(|subject| self.is_bankrupt(case, subject))
        };
        let moot: Vec<u64> = self
            .state
            .proposals_of(resume.case.0)
            .into_iter()
            .filter(|task| task.kind() == TaskKind::ReleaseProposed && !task.measure.is_some_and(bankrupt))
            .map(|task| task.sequence)
            .collect();
        moot.into_iter().for_each(|task| self.end_moot(task));
        self.rouse_waiting();
        self.look_anew_at(case);
        Ok(Answer::Done(sequence))
    }

    /// Each measure of the case that stands, or those on one party.
    pub(super) fn propose_releases(&mut self, case: Index, subject: Option<u64>, policy: ReleasePolicy) {
        let standing = self.state.measures_of_case(case).filter(|(_, measure)| {
            measure.is_live() && measure.releasing == 0 && subject.is_none_or(|subject| measure.subject_key == subject)
        });
        let standing: Vec<Index> = standing.map(|(index, _)| index).collect();
        for measure in standing {
            self.propose_release(TaskKind::ReleaseProposed, (case, measure), 0, (policy, ""));
        }
    }

    /// What a request asks of a case that rests.
    pub(super) fn check_halted(&self, submit: &Submit) -> Vec<Breach> {
        let case = self.state.case_index(submit.case_key).and_then(|case| self.state.cases.get(case));
        let Some(cause) = case.and_then(|case| case.halted.as_ref()).map(|halted| halted.cause()) else {
            return Vec::new();
        };
        let breach = |at: String| Breach { rule: cause.rule(), at };
        match &submit.request.asked {
            Asked::Goal { goal: Goal::Look, .. } => Vec::new(),
            Asked::Goal { .. } => vec![breach("/goal".to_owned())],
            Asked::Acts(acts) => {
                let stayed = acts.iter().enumerate().filter(|(_, act)| cause.stays(act.kind));
                stayed.map(|(place, _)| breach(format!("/acts/{place}/kind"))).collect()
            }
        }
    }
}
