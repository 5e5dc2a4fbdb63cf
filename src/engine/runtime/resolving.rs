//! Doubts that people settle: of acts under way, and of money that was denied when its request was finished.

use domain::{ActId, RequestId};
use store::record::Fact;

use super::Engine;
use super::faces::Finished;
use crate::command::{ClosedRequest, Command, LateResolution};
use crate::refusal::Refusal;
use crate::view::{Caller, Resolution, Resolved};

impl Engine {
    /// Settles an act in doubt: the word of one person, or with another's the same before it the end of the doubt. The same of money that
    /// is counted as moved and that its partner denied after the request's end.
    ///
    /// # Errors
    /// [`Refusal::PersonNeeded`], [`Refusal::SamePerson`], [`Refusal::WrongState`], [`Refusal::DocumentUnknown`],
    /// [`Refusal::DocumentLost`], [`Refusal::OutOfBounds`], [`Refusal::NotFound`].
    pub async fn resolve(&self, caller: &Caller, act: ActId, resolution: Resolution) -> Result<Resolved, Refusal> {
        let (request, known) = self.shared.known_by_act(caller, act)?;
        caller.check_person()?;
        if known.closed.is_some() {
            self.shared.papers.not_erased(act.sequence)?;
        }
        self.shared.check_paper(&known.court, &resolution.document)?;
        if let Some(closed) = known.closed {
            return self.resolve_late(caller, (act, request), closed, resolution).await;
        }
        let Resolution { took_effect, amount, document, reason } = resolution;
        let by = caller.token.clone();
        let version = self.done(Command::Resolve { act, by, took_effect, amount, document, reason }).await?;
        let settled = self.is_settled(version);
        let decider = self.shared.decider.read();
        let found = decider.state.act_index(act).and_then(|index| decider.state.acts.get(index));
        let differs = !settled && found.is_some_and(|act| act.settled_by != 0 && act.settled_differs);
        Ok(Resolved { version, settled, differs })
    }

    fn is_settled(&self, version: u64) -> bool {
        let word = self.shared.papers.event(version).map(|event| event.fact);
        matches!(word, Some(Fact::ActResolved(fact)) if !fact.state.is_empty())
    }

    async fn resolve_late(
        &self,
        caller: &Caller,
        (id, request): (ActId, RequestId),
        mut closed: ClosedRequest,
        resolution: Resolution,
    ) -> Result<Resolved, Refusal> {
        closed.events = self.shared.closed_events(request.0)?;
        let mut finished = Finished::default();
        let history = self.finished(request.0, &mut finished).await?.ok_or(Refusal::ContentUnreadable)?;
        let act = history.act_index(id).and_then(|index| history.acts.get(index)).cloned();
        let papers = self.shared.papers.request(request.0);
        let slot = self.shared.papers.slot_of_request(papers.as_deref(), request.0)?;
        let Resolution { took_effect, amount, document, reason } = resolution;
        let late = LateResolution {
            act: act.ok_or_else(|| self.shared.papers.absence(id.sequence))?,
            moved: history.moved_by(id),
            by: caller.token.clone(),
            took_effect,
            amount,
            document,
            reason,
            slot,
            has_callback: papers.is_some_and(|papers| papers.callback.is_some()),
            closed,
        };
        let version = self.done(Command::ResolveLate(Box::new(late))).await?;
        let settled = self.is_settled(version);
        if let Some(event) = self.shared.papers.event(version) {
            history.fold(version, &event);
        }
        let act = history.act_index(id).and_then(|index| history.acts.get(index));
        let differs = !settled && act.is_some_and(|act| act.settled_by != 0 && act.settled_differs);
        Ok(Resolved { version, settled, differs })
    }
}
