//! A proposal is accepted: the release becomes a request of its own, out of the papers of the request that ordered the measure.

use std::sync::Arc;

use domain::act::{ActOrder, Original};
use domain::case::Case;
use domain::measure::MeasureState;
use domain::request::Asked;
use domain::task::TaskEnd;
use domain::{ActId, ActKind, Money};
use store::record::{Body, ReasonBody, TaskEnded};

use super::Decider;
use crate::command::{AcceptTask, Answer, Submit};
use crate::refusal::Refusal;
use crate::state::{Measure, Task};

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
        let order = self.proposed(task, &submit)?;
        let case = task.case.and_then(|case| self.state.case_by_sequence(case)).ok_or(Refusal::NotFound)?;
        let mut request = domain::request::Request::clone(&submit.request);
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
    fn proposed(&self, task: &Task, submit: &Submit) -> Result<ActOrder, Refusal> {
        if !task.kind().proposes_release() {
            return Err(Refusal::WrongState { state: "proposes_nothing" });
        }
        let named = task.measure.map(ActId::from).ok_or(Refusal::NotFound)?;
        let index = self.state.measure_index(named.into());
        let measure = index.and_then(|index| self.state.measures.get(index)).filter(|measure| measure.is_live());
        let measure = measure.ok_or(Refusal::WrongState { state: MeasureState::Ended.word() })?;
        if measure.releasing > 0 {
            return Err(Refusal::WrongState { state: "being_released" });
        }
        Ok(order(measure, self.state.partner_of(measure.lane), task.amount, submit))
    }
}

fn order(measure: &Measure, partner: &str, part: i64, submit: &Submit) -> ActOrder {
    let kind = if measure.kind() == ActKind::Freeze { ActKind::Release } else { ActKind::Lift };
    let original = Original {
        act: Some(ActId { sequence: measure.sequence, line: measure.place }),
        slip: String::new(),
        case_number: submit.request.case.number.clone(),
    };
    ActOrder {
        kind,
        partner: partner.to_owned(),
        subject: measure.subject,
        account: None,
        amount: (part > 0).then(|| Money::from_units(part)),
        from: None,
        to: None,
        original: Some(original),
        note: None,
        details: Vec::new(),
    }
}

/// Claim and costs as they are now: what the measure's own request said may be long amended.
fn set_target(case: &mut Case, target: Money) {
    case.costs = case.costs.min(target);
    case.claim = target.minus_or_zero(case.costs);
}
