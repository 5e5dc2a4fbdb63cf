//! Who may know that a request is there: told by memory and one entry of the index, before anything of it is read, so that another
//! court's, one that is secret and one that is not there cost the same.

use domain::{ActId, RequestId};
use store::record::Fact;

use super::Shared;
use crate::command::ClosedRequest;
use crate::refusal::Refusal;
use crate::view::Caller;

/// A request that the caller may know of.
pub(super) struct Known {
    /// Court code.
    pub court: String,
    /// Sequence of its case's first request.
    pub case: u64,
    /// Only those whom it names may see it.
    pub is_secret: bool,
    /// What the index says of it once it is finished.
    pub closed: Option<ClosedRequest>,
}

impl Shared {
    /// A request that the caller may see. Whoever may not is sent the way of one that is not there, down to the entry looked for: what
    /// is another's is not faster and not slower to be refused than what never was.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another court's and for a secret one of others; [`Refusal::Filling`] while nobody can tell.
    pub(super) fn known_to(&self, caller: &Caller, id: RequestId) -> Result<Known, Refusal> {
        let may = |court: &str, viewers: &[String]| {
            caller.court.as_ref().is_none_or(|own| own == court) && caller.may_see(viewers)
        };
        let open = {
            let decider = self.decider.read();
            let state = &decider.state;
            let open = state.request_index(id).and_then(|index| state.requests.get(index));
            let open = open.filter(|open| may(state.word(open.court), &state.viewers_of(open)));
            open.map(|open| Known {
                court: state.word(open.court).to_owned(),
                case: state.case_id(open.case).0,
                is_secret: !open.viewers.is_empty(),
                closed: None,
            })
        };
        if let Some(open) = open {
            return Ok(open);
        }
        let closed = self.index.pending(id.0).filter(|closed| may(&closed.court, &closed.viewers));
        let closed = match closed {
            Some(closed) => closed,
            None => {
                let stored = self.stored_request(id.0)?;
                let stored = stored.filter(|closed| may(&closed.court, &closed.viewers));
                // What a start left out is in neither, and must not be told as if it had never been.
                let absent = || match self.papers.any_left_out() {
                    true => self.absent_or_lost(caller, id, Refusal::NotFound),
                    false => Refusal::NotFound,
                };
                stored.ok_or_else(absent)?
            }
        };
        Ok(Known {
            court: closed.court.clone(),
            case: closed.case,
            is_secret: !closed.viewers.is_empty(),
            closed: Some(closed),
        })
    }

    /// The request of an act that the caller may see, by the leaf that planned it: so it works for an erased case too.
    ///
    /// # Errors
    /// As [`Self::known_to`].
    pub(super) fn known_by_act(&self, caller: &Caller, act: ActId) -> Result<(RequestId, Known), Refusal> {
        let planned = self.planned(act);
        let request = RequestId(planned.unwrap_or(act.sequence));
        let known = self.known_to(caller, request)?;
        if planned.is_some() { Ok((request, known)) } else { Err(Refusal::NotFound) }
    }

    /// The request whose plan has this act.
    pub(super) fn planned(&self, act: ActId) -> Option<u64> {
        let (request, acts) = match self.seen(act.sequence)?.fact {
            Fact::RequestAccepted(fact) => (act.sequence, fact.acts),
            Fact::PlanExtended(fact) => (fact.request, fact.acts),
            _ => return None,
        };
        (act.line < acts).then_some(request)
    }
}
