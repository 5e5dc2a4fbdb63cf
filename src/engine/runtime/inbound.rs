//! What partners post by themselves: outcomes of what they had accepted, and leads; read by their own adapter, answered item by item.

use std::sync::Arc;

use domain::outcome::Lead;
use domain::socket::{CallOut, FaceAnswer, FaceFault, FaceReply, INBOUND_ITEMS_MAX, Inbound, ItemVerdict, Plug};
use domain::{Flaw, Untaken};

use super::faces::named;
use super::{Engine, Shared};
use crate::command::{Command, LeadNews};
use crate::refusal::Refusal;
use crate::view::Caller;

/// Messages up to this length are read where they arrive; longer ones on a thread that may take its time.
const INLINE_BYTES_MAX: usize = 64 * 1024;

impl Engine {
    /// Takes what `partner` posts; the answer is in the partner's own form.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the caller is not that partner, [`Refusal::NoCallback`] when that partner posts nothing,
    /// [`Refusal::Unreadable`] when the bytes are not of its form; nothing happened then.
    pub async fn inbound(&self, caller: &Caller, partner: &str, body: Vec<u8>) -> Result<FaceReply, Refusal> {
        if caller.token != partner || caller.partner.is_some() {
            return Err(Refusal::NotFound);
        }
        let plug = self.shared.plugs.read().get(partner).cloned().ok_or(Refusal::NotFound)?;
        let Plug::CallOut(plug) = plug.as_ref() else { return Err(Refusal::NoCallback) };
        self.shared.calls.called(partner, self.shared.clock.wall());
        let Inbound { feedback, leads } = self.read_inbound(plug, body).await?;
        if feedback.len() + leads.len() > INBOUND_ITEMS_MAX {
            return Err(Refusal::Unreadable(Flaw::ItemsTooMany.above(INBOUND_ITEMS_MAX)));
        }
        let mut verdicts = Vec::with_capacity(feedback.len() + leads.len());
        if !feedback.is_empty() {
            match self.face_feedback(partner, "callback", feedback).await? {
                FaceAnswer::Verdicts(taken) => verdicts.extend(taken),
                _ => return Err(Refusal::Unavailable),
            }
        }
        for lead in leads {
            let slip = lead.slip.clone();
            verdicts.push(ItemVerdict { slip, taken: self.take_lead(partner, lead).await? });
        }
        Ok(plug.answer_inbound(&verdicts))
    }

    async fn read_inbound(&self, plug: &Arc<dyn CallOut>, body: Vec<u8>) -> Result<Inbound, Refusal> {
        let read = if body.len() <= INLINE_BYTES_MAX {
            plug.read_inbound(&body)
        } else {
            let plug = Arc::clone(plug);
            let (tell, told) = tokio::sync::oneshot::channel();
            self.shared.tokio.spawn(async move {
                let _gone = tell.send(tokio::task::block_in_place(|| plug.read_inbound(&body)));
            });
            told.await.map_err(|_| Refusal::Unavailable)?
        };
        read.map_err(|fault| match fault {
            FaceFault::UnknownOperation => Refusal::NoCallback,
            FaceFault::Malformed(untaken) | FaceFault::TooLarge(untaken) => Refusal::Unreadable(untaken),
        })
    }

    /// The inner error is for the partner.
    pub(super) async fn take_lead(&self, partner: &str, lead: Lead) -> Result<Result<(), Untaken>, Refusal> {
        let (slip, line) = (lead.slip.clone(), lead.line);
        let news = match self.shared.lead_news(partner, lead) {
            Ok(Some(news)) => news,
            Ok(None) => {
                let unknown = ItemVerdict { slip, taken: Err(Flaw::SlipUnknown.into()) };
                let mut answers = [unknown];
                self.of_left_out(partner, &mut answers, &[(line, None)]).await?;
                let [answer] = answers;
                return Ok(answer.taken);
            }
            Err(Refusal::ContentUnreadable) => return Ok(Err(Flaw::NotReadableNow.into())),
            Err(refusal) => return Err(refusal),
        };
        match self.done(Command::Lead(Box::new(news))).await {
            Ok(_) => Ok(Ok(())),
            Err(Refusal::ContentUnreadable) => Ok(Err(Flaw::NotReadableNow.into())),
            Err(Refusal::NotFound) => Ok(Err(Flaw::CaseErased.into())),
            Err(refusal) => Err(refusal),
        }
    }
}

impl Shared {
    /// What a lead is about; `None` when its slip is none of this partner's.
    ///
    /// # Errors
    /// [`Refusal::ContentUnreadable`] when what its request planned cannot be read.
    pub(super) fn lead_news(&self, partner: &str, lead: Lead) -> Result<Option<LeadNews>, Refusal> {
        let Some((number, line)) = named(&lead.slip, lead.line) else { return Ok(None) };
        let open = {
            let decider = self.decider.read();
            let state = &decider.state;
            let lane = state.lane_of(partner);
            let acts = state.slip_acts(number).into_iter().filter_map(|index| state.acts.get(index));
            let mut own = acts.filter(|act| Some(act.lane) == lane && act.sent_at > 0);
            let found = own.find(|act| line.is_none_or(|line| act.line == line));
            found.map(|act| {
                let slot = state.cases.get(act.case).map_or(0, |case| case.slot);
                (act.id(), slot, state.requests.get(act.request).is_some())
            })
        };
        let (act, slot, closed) = match open {
            Some((act, slot, true)) => (act, slot, None),
            Some((act, slot, false)) => {
                let plan = self.papers.plan(act.sequence).ok_or(Refusal::Unavailable)?;
                let closed = self.closed_with_events(plan.request)?.ok_or(Refusal::Unavailable)?;
                (act, slot, Some(closed))
            }
            None => match self.finished_act(partner, number, line)? {
                Some((act, request)) => {
                    let papers = self.papers.request(request);
                    let slot = self.papers.slot_of_request(papers.as_deref(), request)?;
                    (act, slot, self.closed_with_events(request)?)
                }
                None => return Ok(None),
            },
        };
        let papers = closed.as_ref().and_then(|closed| self.papers.request(closed.sequence));
        let has_callback = papers.is_some_and(|papers| papers.callback.is_some());
        Ok(Some(LeadNews { act, partner: partner.to_owned(), slot, has_callback, closed, beside: false, lead }))
    }

    /// An act of a finished request, of which nothing is in memory any more.
    fn finished_act(
        &self,
        partner: &str,
        slip: domain::SlipNumber,
        line: Option<u16>,
    ) -> Result<Option<(domain::ActId, u64)>, Refusal> {
        let Some(request) = self.closed_by_slip(slip)? else { return Ok(None) };
        let state = self.closed_state(request)?;
        let acts = state.slip_acts(slip).into_iter().filter_map(|index| state.acts.get(index));
        let mut own = acts.filter(|act| state.partner_of(act.lane) == partner);
        Ok(own.find(|act| line.is_none_or(|line| act.line == line)).map(|act| (act.id(), request)))
    }
}
