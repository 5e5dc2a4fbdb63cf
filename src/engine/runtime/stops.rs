//! Emergency stops at run time: ordering, lifting, and who sees which.

use domain::StopId;
use domain::stop::StopScope;
use store::record::Body;

use super::Engine;
use crate::command::{Command, LiftStop, OrderStop};
use crate::refusal::Refusal;
use crate::view::{Caller, Lifted, StopView};

impl Engine {
    /// The stops in force, oldest first: a court's token sees its own and those that hold everybody.
    #[must_use]
    pub fn stops(&self, caller: &Caller) -> Vec<StopView> {
        let stops: Vec<_> = self.shared.decider.read().state.stops.values().cloned().collect();
        let seen = |scope: &StopScope| match (scope, &caller.court) {
            (StopScope::Court(code), Some(own)) => code == own,
            _ => true,
        };
        let view = |stop: crate::state::stop::Stop| {
            let reason = match self.shared.papers.event(stop.sequence).and_then(|event| event.body) {
                Some(Body::Reason(body)) => body.reason,
                _ => String::new(),
            };
            StopView {
                id: StopId(stop.sequence),
                scope: stop.scope(),
                by: stop.by,
                own: stop.own,
                at: stop.at,
                reason: domain::Personal::new(reason),
                lift: (!stop.lift_by.is_empty()).then_some((stop.lift_by, stop.lift_at)),
            }
        };
        stops.into_iter().filter(|stop| seen(&stop.scope())).map(view).collect()
    }

    /// Stops at once. The answer comes when it is durable; nothing of it was begun since it was decided.
    ///
    /// # Errors
    /// [`Refusal::CourtForeign`] for more than the caller's own court, [`Refusal::WrongState`] when the same is stopped already.
    pub async fn order_stop(&self, caller: &Caller, scope: StopScope, reason: String) -> Result<StopId, Refusal> {
        let order = OrderStop { scope, by: caller.token.clone(), court: caller.court.clone(), reason };
        self.done(Command::OrderStop(Box::new(order))).await.map(StopId)
    }

    /// One of the two words that lift a stop.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::StopNotYours`], [`Refusal::PersonNeeded`], [`Refusal::SamePerson`].
    pub async fn lift_stop(&self, caller: &Caller, id: StopId, reason: String) -> Result<Lifted, Refusal> {
        let lift = LiftStop {
            stop: id.0,
            by: caller.token.clone(),
            court: caller.court.clone(),
            is_person: caller.is_person,
            reason,
        };
        let sequence = self.done(Command::LiftStop(Box::new(lift))).await?;
        let lifted = !self.shared.decider.read().state.stops.contains_key(&id.0);
        Ok(Lifted { sequence, lifted })
    }
}
