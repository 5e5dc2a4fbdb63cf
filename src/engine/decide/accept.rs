//! A proposal is accepted: the release or the renewal becomes a request of its own, out of the papers of the request that ordered
//! the measure and those that whoever accepts brings.

use std::sync::Arc;

use domain::act::{ActOrder, Original};
use domain::case::Case;
use domain::measure::MeasureState;
use domain::request::{Asked, Request};
use domain::task::{TaskEnd, TaskKind};
use domain::{ActId, ActKind, Money};
use store::record::{Body, ReasonBody, TaskEnded};

use super::Decider;
use crate::command::{AcceptTask, Answer};
use crate::refusal::Refusal;
use crate::state::slab::Index;
use crate::state::{Act, Measure, Task};

/// The paper without which nothing is ordered (rule D3).
const RULING: &str = "ruling";

impl Decider {
    /// Submits what the task proposes, and ends it with that. The same task accepted twice is answered with the same request.
    pub(super) fn accept_task(&mut self, accept: AcceptTask) -> Result<Answer, Refusal> {
        let AcceptTask { task: sequence, by, court, reason, mut submit, carried } = accept;
        if let Some(keyed) = self.state.idempotency.get(&submit.idempotency) {
            return Ok(Answer::Accepted(keyed.request));
        }
        let task = self.state.tasks.get(&sequence).ok_or(Refusal::NotFound)?;
        if court.as_deref().is_some_and(|court| self.state.word(task.court) != court) {
            return Err(Refusal::NotFound);
        }
        let mut request = Request::clone(&submit.request);
        let order = self.proposed(task, &request, &submit.subjects)?;
        let case = task.case.and_then(|case| self.state.case_by_sequence(case)).ok_or(Refusal::NotFound)?;
        self.check_at_hand(&request, &order)?;
        set_target(&mut request.case, self.state.ledger(case).target);
        request.asked = Asked::Acts(vec![order]);
        if request
            .callback
            .as_ref()
            .is_some_and(|url| !self.court_of(case).is_some_and(|court| super::is_listed(court, url.expose())))
        {
            request.callback = None;
        }
        submit.request = Arc::new(request);
        let answer = self.submit_with(&submit, carried)?;
        let Answer::Accepted(request) = answer else { return Ok(answer) };
        let slot = self.state.cases.get(case).map_or(0, |case| case.slot);
        let fact = TaskEnded { by, end: TaskEnd::Accepted.word().to_owned(), request: Some(request), task: sequence };
        let body = Body::Reason(ReasonBody { reason, document: None, amount: None });
        let body = Some(body).filter(|_| !fact.by.is_empty());
        let slot = if body.is_some() { slot } else { 0 };
        self.emit(fact.into(), body, slot);
        Ok(Answer::Accepted(request))
    }

    /// The act that a task proposes.
    fn proposed(&self, task: &Task, request: &Request, subjects: &[u64]) -> Result<ActOrder, Refusal> {
        if !task.kind().proposes() {
            return Err(Refusal::WrongState { state: "proposes_nothing" });
        }
        let named = task.measure.map(ActId::from).ok_or(Refusal::NotFound)?;
        let index = self.state.measure_index(named.into());
        let live = index.and_then(|index| Some((index, self.state.measures.get(index)?)));
        let live = live.filter(|(_, measure)| measure.is_live());
        let (index, measure) = live.ok_or(Refusal::WrongState { state: MeasureState::Ended.word() })?;
        if measure.releasing > 0 {
            return Err(Refusal::WrongState { state: "being_released" });
        }
        // Each request counts the parties in an order of its own.
        let subject = subjects.iter().position(|subject| *subject == measure.subject_key);
        let subject = subject.and_then(|place| u16::try_from(place).ok()).unwrap_or(measure.subject);
        let (kind, amount) = match task.kind() {
            TaskKind::Expiring => (self.renewal_of(index, measure)?, None),
            _ if measure.kind() == ActKind::Freeze => (ActKind::Release, Some(task.amount).filter(|part| *part > 0)),
            _ => (ActKind::Lift, None),
        };
        Ok(ActOrder {
            kind,
            partner: self.state.partner_of(measure.lane).to_owned(),
            subject,
            account: None,
            amount: amount.map(Money::from_units),
            from: None,
            to: None,
            original: Some(original_of(measure, request)),
            note: None,
            details: Vec::new(),
        })
    }

    /// Only a freeze is renewed, and once at a time.
    fn renewal_of(&self, index: Index, measure: &Measure) -> Result<ActKind, Refusal> {
        if !ActKind::Renew.builds_on().contains(&measure.kind()) {
            return Err(Refusal::WrongState { state: "not_renewable" });
        }
        let renews = |act: &Act| act.kind() == ActKind::Renew && act.measure == index && act.state().is_open();
        let is_renewed = measure.refs > 0 && self.state.acts_of_case(measure.case).any(|(_, act)| renews(act));
        if is_renewed { Err(Refusal::WrongState { state: "being_renewed" }) } else { Ok(ActKind::Renew) }
    }

    /// Says which papers are missing before any rule is asked: whoever clicked cannot know what another system never told us.
    fn check_at_hand(&self, request: &Request, order: &ActOrder) -> Result<(), Refusal> {
        let form = self.config.partners.get(&order.partner).map(|partner| &partner.form);
        let of_form = form.into_iter().flat_map(|form| &form.papers);
        let of_form = of_form.filter(|(kind, _)| *kind == order.kind).flat_map(|(_, papers)| papers);
        let mut papers: Vec<String> = Vec::new();
        for wanted in std::iter::once(RULING).chain(of_form.map(String::as_str)) {
            if !request.has_paper(wanted) && !papers.iter().any(|paper| paper == wanted) {
                papers.push(wanted.to_owned());
            }
        }
        let officers = request.officers.is_empty();
        if papers.is_empty() && !officers { Ok(()) } else { Err(Refusal::PapersMissing { papers, officers }) }
    }
}

fn original_of(measure: &Measure, request: &Request) -> Original {
    Original {
        act: Some(ActId { sequence: measure.sequence, line: measure.place }),
        slip: String::new(),
        case_number: request.case.number.clone(),
    }
}

/// Claim and costs as they are now: what the measure's own request said may be long amended.
fn set_target(case: &mut Case, target: Money) {
    case.costs = case.costs.min(target);
    case.claim = target.minus_or_zero(case.costs);
}
