//! Pulling partners: feedback taken once, late and conflicting answers recorded.

use domain::outcome::{ACCOUNTS_MAX, Outcome};
use domain::socket::FeedbackItem;
use domain::{ActId, ActState, Flaw, SlipLine, SlipNumber, Untaken};
use store::record::{Body, LeadReceived, LeadTwin, OutcomeReceived, OutcomeTwin};

use super::Decider;
use super::duties::names_co_owner;
use super::exchange::{contradiction, fit};
use crate::command::{Answer, ClosedRequest, LeadNews};
use crate::fold::lead_key;
use crate::refusal::Refusal;
use crate::state::Act;
use crate::state::found::{News, PARTS_MAX};
use crate::state::slab::Index;

/// The most acts in one list: at about 2 KiB a slip the message stays near 1 MiB, which every hub seen can read; and the leaf
/// of one `exchange.began` that names them all stays far below 64 KiB.
pub const LIST_ACTS_MAX: usize = 500;

impl Decider {
    pub(super) fn feedback(
        &mut self,
        partner: &str,
        way: &'static str,
        items: Vec<FeedbackItem>,
    ) -> Result<Answer, Refusal> {
        let lane = self.state.lane_of(partner).ok_or(Refusal::NotFound)?;
        let mut verdicts = Vec::with_capacity(items.len());
        for item in items {
            let taken = match item.outcome {
                Ok(outcome) => self.take_feedback(lane, way, &item.slip, item.line, outcome),
                Err(reason) => Err(reason),
            };
            verdicts.push((item.slip, taken));
        }
        Ok(Answer::Verdicts(verdicts))
    }

    fn take_feedback(
        &mut self,
        lane: u16,
        way: &'static str,
        slip: &str,
        line: Option<u16>,
        outcome: Outcome,
    ) -> Result<(), Untaken> {
        let unknown = || Untaken::from(Flaw::SlipUnknown);
        // Partners that know no lines name `slip-line` as one word.
        let (number, line) = match SlipLine::parse(slip) {
            Some(key) => (key.slip, Some(key.line)),
            None => (SlipNumber::parse(slip).ok_or_else(unknown)?, line),
        };
        let acts = self.state.slip_acts(number);
        // A measure whose request is finished is spoken of through that request's history, which the index knows.
        let ours = |index: &Index| {
            self.state.acts.get(*index).is_some_and(|act| act.lane == lane && act.request != crate::state::NO_INDEX)
        };
        let acts: Vec<Index> = acts.into_iter().filter(ours).collect();
        if acts.is_empty() {
            return Err(unknown());
        }
        let wanted: Vec<Index> = match line {
            Some(line) => acts
                .into_iter()
                .filter(|index| {
                    // The CCXH of a query answer is the partner's own account counter.
                    self.state.acts.get(*index).is_some_and(|act| act.line == line || act.kind().is_question())
                })
                .collect(),
            None => self.with_the_partner(acts),
        };
        if wanted.is_empty() {
            return Err(Flaw::LineUnknown.into());
        }
        // Every line is looked at before any is entered: what is told of a whole slip is taken whole or not at all.
        let mut news = Vec::with_capacity(wanted.len());
        for index in wanted {
            news.extend(self.news_from(index, &outcome)?);
        }
        for (act, state, outcome) in news {
            self.enter(act, way, (state, outcome))?;
        }
        Ok(())
    }

    /// Who speaks of a slip speaks of the lines that were handed over; when none was, of all, and is told why that cannot be.
    fn with_the_partner(&self, acts: Vec<Index>) -> Vec<Index> {
        let is_there = |index: &Index| self.state.acts.get(*index).is_some_and(|act| unreached(act).is_none());
        if acts.iter().any(is_there) { acts.into_iter().filter(is_there).collect() } else { acts }
    }

    /// What an outcome says of one line and nobody knows yet; `None` = a repeat, which gets the first answer and changes nothing.
    fn news_from(&self, index: Index, outcome: &Outcome) -> Result<Option<(ActId, ActState, Outcome)>, Untaken> {
        let Some(act) = self.state.acts.get(index) else { return Err(Flaw::SlipUnknown.into()) };
        if let Some(flaw) = unreached(act) {
            return Err(flaw.into());
        }
        let outcome = fit(act, outcome.clone());
        if let Some(reason) = contradiction(act, &outcome, self.partner(act.lane).as_deref()) {
            return Err(reason);
        }
        match self.state.news_of(index, &OutcomeTwin::from(&outcome)) {
            News::Known => Ok(None),
            News::TooMany => Err(too_many()),
            News::Told(_) if !self.can_seal(self.slot_of(index)) => Err(Flaw::NotReadableNow.into()),
            News::Told(state) => Ok(Some((act.id(), state, outcome))),
        }
    }

    fn enter(&mut self, id: ActId, way: &'static str, (state, outcome): (ActState, Outcome)) -> Result<(), Untaken> {
        // By its id: what was entered for the line before may have moved what stands at a place.
        let index = self.state.act_index(id).ok_or(Flaw::SlipUnknown)?;
        let Some(act) = self.state.acts.get(index).cloned() else { return Err(Flaw::SlipUnknown.into()) };
        let twin = OutcomeTwin::from(&outcome);
        let slot = self.slot_of(index);
        let fact = OutcomeReceived {
            act: act.id().into(),
            partner: self.state.partner_of(act.lane).to_owned(),
            state: state.word().to_owned(),
            supersedes: act.state().is_final(),
            verdict: outcome.verdict.word().to_owned(),
            way: way.to_owned(),
        };
        let (shown, before) = (self.shown_by(&act, &outcome), self.before_news(&act));
        self.emit(fact.into(), Some(Body::Outcome(Box::new(twin))), slot);
        self.tell_co_owners(index, names_co_owner(&outcome));
        self.after_news(&act, before);
        self.hold_to_what_is_left(index, outcome.left);
        self.stand_as_shown(index, shown);
        self.after_outcome(index);
        Ok(())
    }
}

/// Why nothing can be told of an act: it never left, or people took it back.
fn unreached(act: &Act) -> Option<Flaw> {
    match act.state() {
        _ if act.sent_at == 0 => Some(Flaw::NotSent),
        ActState::Withdrawn | ActState::Unsent => Some(Flaw::Withdrawn),
        _ => None,
    }
}

/// Told to a partner whose answer to one query has no end.
pub(crate) fn too_many() -> Untaken {
    Untaken::parts(PARTS_MAX, ACCOUNTS_MAX)
}

impl Decider {
    /// Recorded once: a partner repeats a lead until it is told that we have it.
    pub(super) fn lead(&mut self, news: LeadNews) -> Answer {
        let body = LeadTwin::from(&news.lead);
        if let Some(known) = self.state.leads.get(&lead_key(news.act.into(), &body)) {
            return Answer::Done(*known);
        }
        let fact = LeadReceived {
            act: news.act.into(),
            class: news.lead.class.word().to_owned(),
            partner: news.partner,
            respond_by: news.lead.respond_by,
        };
        let sequence = self.emit(fact.into(), Some(Body::Lead(Box::new(body))), news.slot);
        if let Some(closed) = news.closed {
            self.relist(closed, sequence, news.has_callback);
        }
        Answer::Done(sequence)
    }

    /// The history of a finished request grows by an event, and its court is told.
    pub(super) fn relist(&mut self, mut closed: ClosedRequest, sequence: u64, has_callback: bool) {
        let before = std::mem::replace(&mut closed.version, sequence);
        closed.events.push(sequence);
        closed.again = true;
        self.touched.push(closed.sequence);
        if has_callback {
            self.tell_late(&closed, before);
        }
        self.closed.push(closed);
    }
}
