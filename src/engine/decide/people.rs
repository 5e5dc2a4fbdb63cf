//! What people do: approve, stop, withdraw, settle a doubt, pause and resume a lane. Each with a name and a reason.

use domain::{ActId, ActKind, ActState, Millis, Money, RequestId};
use store::record::{
    ActResolved, ActWithdrawn, Body, LanePaused, LaneResumed, ReasonBody, RequestApproved, RequestStopped,
};

use super::Decider;
use crate::command::Answer;
use crate::fold::token_hash;
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::slab::Index;

/// The partner's paper that a doubt is settled with.
pub(super) struct Paper {
    pub took_effect: bool,
    pub amount: Option<Money>,
    pub document: String,
    pub reason: String,
}

/// A pause ends by itself after at most so long: a forgotten pause must not keep a court waiting for ever.
pub const PAUSE_MS_MAX: Millis = 14 * 24 * 3_600_000;

fn because(reason: String) -> Option<Body> {
    Some(Body::Reason(ReasonBody { reason, document: None, amount: None }))
}

/// The sum that a paper says was held or moved. What did not take effect has none, and money that was taken is more than nothing.
fn settled_sum(act: &Act, paper: &Paper) -> Result<Option<Money>, Refusal> {
    let ordered = Money::from_units(act.amount);
    let out = |bound| Err(Refusal::OutOfBounds { at: "/amount", bound });
    match (paper.took_effect, paper.amount) {
        (_, None) => Ok(None),
        (_, Some(amount)) if amount > ordered || amount < Money::ZERO => {
            out("须在0与下达金额之间 · from 0 to the ordered amount")
        }
        (false, Some(amount)) if amount.is_positive() => {
            out("未生效的不得有金额 · no sum where it did not take effect")
        }
        (false, Some(_)) => Ok(None),
        (true, Some(Money::ZERO)) if act.kind().transfers() && ordered.is_positive() => out(
            "须大于0；分文未动的，请确认为未生效 · above 0; where nothing was moved, say that it did not take effect",
        ),
        (true, amount) => Ok(amount),
    }
}

/// Less than was ordered is a part of a freeze or of a transfer, as when a partner says so.
fn is_a_part(act: &Act, amount: Option<Money>) -> bool {
    let has_sum = act.kind() == ActKind::Freeze || act.kind().transfers();
    has_sum && amount.is_some_and(|amount| amount < Money::from_units(act.amount))
}

impl Decider {
    fn open_request(&self, request: RequestId) -> Result<(Index, u64), Refusal> {
        let index = self.state.request_index(request).ok_or(Refusal::NotFound)?;
        let case = self.state.requests.get(index).map(|open| open.case).ok_or(Refusal::NotFound)?;
        Ok((index, self.sealable(self.slot_of_case(case))?))
    }

    pub(super) fn approve(&mut self, request: RequestId, by: &str, reason: String) -> Result<Answer, Refusal> {
        let (index, slot) = self.open_request(request)?;
        let open = self.state.requests.get(index).ok_or(Refusal::NotFound)?;
        if self.state.word(open.token) == by || open.approvals.contains(&token_hash(by)) {
            return Err(Refusal::SamePerson);
        }
        if !open.may_start() {
            return Err(Refusal::WrongState { state: "stopped" });
        }
        let waits =
            open.acts.iter().any(|act| self.state.acts.get(*act).is_some_and(|act| act.state() == ActState::Planned));
        // A goal plans more acts later; approving it ahead of them is meant.
        if !waits && open.goal().is_none() {
            return Err(Refusal::WrongState { state: "nothing_waits_for_approval" });
        }
        let fact = RequestApproved { by: by.to_owned(), request: request.0 };
        let sequence = self.emit(fact.into(), because(reason), slot);
        Ok(Answer::Done(sequence))
    }

    pub(super) fn stop(&mut self, request: RequestId, by: &str, reason: String) -> Result<Answer, Refusal> {
        let (index, slot) = self.open_request(request)?;
        if self.state.requests.get(index).is_some_and(|open| open.stopping) {
            return Err(Refusal::WrongState { state: "stopped" });
        }
        let fact = RequestStopped { by: by.to_owned(), request: request.0 };
        let sequence = self.emit(fact.into(), because(reason), slot);
        self.go_on(index);
        Ok(Answer::Done(sequence))
    }

    pub(super) fn withdraw(&mut self, act: ActId, by: &str, reason: String) -> Result<Answer, Refusal> {
        let index = self.state.act_index(act).ok_or(Refusal::NotFound)?;
        let found = self.state.acts.get(index).ok_or(Refusal::NotFound)?;
        if !matches!(found.state(), ActState::Planned | ActState::Ready) || found.is_under_way() {
            return Err(Refusal::WrongState { state: found.state().word() });
        }
        let (request, slot) = (found.request, self.sealable(self.slot_of(index))?);
        let fact = ActWithdrawn { act: act.into(), by: by.to_owned() };
        let sequence = self.emit(fact.into(), because(reason), slot);
        self.go_on(request);
        Ok(Answer::Done(sequence))
    }

    /// A person says what the paper says, and another one the same. Who says otherwise takes the open word's place: of two words
    /// neither is known to be the right one, and a slip of the first must not be all that can ever be confirmed.
    pub(super) fn resolve(&mut self, act: ActId, by: &str, paper: Paper) -> Result<Answer, Refusal> {
        let index = self.state.act_index(act).ok_or(Refusal::NotFound)?;
        let found = self.state.acts.get(index).ok_or(Refusal::NotFound)?;
        match found.state() {
            ActState::InDoubt if found.is_under_way() => return Err(Refusal::StillAsked),
            ActState::InDoubt => {}
            state => return Err(Refusal::WrongState { state: state.word() }),
        }
        let amount = settled_sum(found, &paper)?;
        let same = found.says_the_same(paper.took_effect, amount.map(Money::units));
        let confirms = same && self.settles_still(found.settled_by, self.court_word(found.case));
        if confirms && found.settled_by == token_hash(by) {
            return Err(Refusal::SamePerson);
        }
        let state = match (confirms, paper.took_effect) {
            (false, _) => "",
            (true, true) if is_a_part(found, amount) => ActState::Partly.word(),
            (true, true) => ActState::Done.word(),
            (true, false) => ActState::Unsent.word(),
        };
        let slot = self.sealable(self.slot_of(index))?;
        let fact = ActResolved {
            act: act.into(),
            by: by.to_owned(),
            second: if confirms { by.to_owned() } else { String::new() },
            state: state.to_owned(),
            took_effect: paper.took_effect,
        };
        let body = Body::Reason(ReasonBody {
            reason: paper.reason,
            document: Some(paper.document),
            amount: amount.map(Money::units),
        });
        let sequence = self.emit(fact.into(), Some(body), slot);
        self.after_outcome(index);
        Ok(Answer::Done(sequence))
    }

    pub(super) fn pause(&mut self, partner: &str, by: &str, reason: String, until: Millis) -> Result<Answer, Refusal> {
        if self.state.lane_of(partner).is_none() {
            return Err(Refusal::NotFound);
        }
        if until <= self.now || until > self.now + PAUSE_MS_MAX {
            return Err(Refusal::OutOfBounds {
                at: "/until",
                bound: "须在此刻之后，至多14天 · in the future, at most 14 days ahead",
            });
        }
        let fact = LanePaused { by: by.to_owned(), partner: partner.to_owned(), until };
        Ok(Answer::Done(self.emit(fact.into(), because(reason), 0)))
    }

    pub(super) fn resume(&mut self, partner: &str, by: &str) -> Result<Answer, Refusal> {
        let lane = self.state.lane_of(partner).and_then(|lane| self.state.lane(lane)).ok_or(Refusal::NotFound)?;
        if lane.record.paused.is_none() {
            return Err(Refusal::WrongState { state: "not_paused" });
        }
        let fact = LaneResumed { by: by.to_owned(), partner: partner.to_owned() };
        Ok(Answer::Done(self.emit(fact.into(), None, 0)))
    }
}
