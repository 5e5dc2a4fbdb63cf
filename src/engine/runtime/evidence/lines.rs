//! Which events are of an act, and what they say of it: its times, messages, people, ranks and objections.

use std::collections::BTreeSet;

use domain::delay::Stage;
use domain::outcome::{Outcome, Verdict};
use domain::task::TaskKind;
use domain::{ActKind, ActState, Millis, Personal};
use sha2::{Digest, Sha256};
use store::record::{ActRef, Body, Fact, act_state};

use super::super::Shared;
use super::NOTHING_SAID;
use crate::delay::{Seen, Stretch};
use crate::state::books::paper_key;
use crate::view::evidence::{
    EVIDENCE_LINES_MAX, EvidenceTimes, ExchangeLine, Moment, ObjectionLine, PersonLine, RankLine, ReminderLine,
};

/// Is an event of the act's request about this act?
pub(super) fn is_of(seen: &Seen, act: ActRef) -> bool {
    match &seen.fact {
        // What asked for it all, and what is said to the request as a whole, stands for each of its acts.
        Fact::RequestAccepted(_)
        | Fact::RequestApproved(_)
        | Fact::RequestStopped(_)
        | Fact::DeadlinePassed(_)
        | Fact::RequestFinished(_) => true,
        Fact::PlanExtended(_) => seen.sequence == act.0,
        Fact::ExchangeBegan(fact) => fact.acts.contains(&act),
        Fact::ExchangeEnded(fact) => fact.act == act,
        Fact::OutcomeReceived(fact) => fact.act == act,
        Fact::LeadReceived(fact) => fact.act == act,
        Fact::ActWithdrawn(fact) => fact.act == act,
        Fact::ActResolved(fact) => fact.act == act,
        _ => false,
    }
}

/// Is an event of its case about this act, its measure or its money? `begun` are the tasks and reminders that were.
pub(super) fn is_about(seen: &Seen, act: ActRef, begun: &mut BTreeSet<u64>) -> bool {
    match &seen.fact {
        Fact::TaskRaised(fact) => {
            let about = fact.act == Some(act) || fact.measure == Some(act);
            if about {
                begun.insert(seen.sequence);
            }
            about
        }
        Fact::TaskEnded(fact) => begun.contains(&fact.task),
        Fact::ReminderBegan(fact) => {
            let about = fact.acts.contains(&act);
            if about {
                begun.insert(seen.sequence);
            }
            about
        }
        Fact::ReminderEnded(fact) => begun.contains(&fact.reminder),
        Fact::MeasureChanged(fact) => fact.measure == act,
        Fact::MeasureLapsed(fact) => fact.measures.contains(&act),
        Fact::SettlementReceived(fact) => fact.act == Some(act),
        Fact::ActClaimed(fact) => fact.act == act,
        // What the act said is gone because of it.
        Fact::ErasureProposed(_) | Fact::CaseErased(_) => true,
        _ => false,
    }
}

/// When the partner's clerks were reminded of it, each attempt with what became of it.
pub(super) fn reminders(about: &[Seen]) -> Vec<ReminderLine> {
    let ended = |began: u64| {
        about.iter().find_map(|seen| match &seen.fact {
            Fact::ReminderEnded(fact) if fact.reminder == began => Some((moment(seen), fact)),
            _ => None,
        })
    };
    let line = |seen: &Seen| {
        let Fact::ReminderBegan(fact) = &seen.fact else { return None };
        let ended = ended(seen.sequence);
        Some(ReminderLine {
            event: seen.sequence,
            at: seen.at,
            why: fact.cause.clone(),
            tries: fact.tries,
            ended: ended.map(|(moment, _)| moment),
            judged: ended.map(|(_, fact)| fact.judged.clone()).unwrap_or_default(),
            cause: ended.map(|(_, fact)| fact.cause.clone()).unwrap_or_default(),
        })
    };
    about.iter().filter_map(line).take(EVIDENCE_LINES_MAX).collect()
}

/// May it have held this act, or the acts of its case?
pub(super) fn holds(seen: &Seen, act: ActRef) -> bool {
    match &seen.fact {
        Fact::CaseHalted(_) | Fact::CaseResumed(_) => true,
        Fact::ActHeld(fact) => fact.acts.contains(&act),
        Fact::ActFreed(fact) => fact.acts.contains(&act),
        _ => false,
    }
}

/// When these events first brought an act to its end.
pub(super) fn end_of(own: &[Seen], act: ActRef) -> Option<Millis> {
    own.iter().find(|seen| state_in(seen, act).is_some_and(ActState::is_final)).map(|seen| seen.at)
}

/// What an event says the act's state is.
fn state_in(seen: &Seen, act: ActRef) -> Option<ActState> {
    match &seen.fact {
        Fact::ExchangeBegan(fact) if fact.kind == "offer" => Some(ActState::Awaiting),
        Fact::ExchangeBegan(fact) if fact.kind == "send" => Some(ActState::Sending),
        Fact::ExchangeEnded(fact) if fact.act == act => Some(act_state(&fact.state)),
        Fact::OutcomeReceived(fact) if fact.act == act => Some(act_state(&fact.state)),
        Fact::ActWithdrawn(_) => Some(ActState::Withdrawn),
        Fact::ActResolved(fact) if !fact.state.is_empty() => Some(act_state(&fact.state)),
        _ => None,
    }
}

/// Where the act stands by its events; what a stopped or finished request never sent was not sent.
pub(super) fn state_of(act: ActRef, own: &[Seen]) -> ActState {
    let said = own.iter().filter_map(|seen| state_in(seen, act)).next_back();
    let finished = own.iter().any(|seen| matches!(seen.fact, Fact::RequestFinished(_)));
    match said {
        Some(state) if state.is_final() || !finished => state,
        Some(_) | None if finished => ActState::Unsent,
        _ => NOTHING_SAID,
    }
}

/// Is the request of these events finished, so that nothing holds its acts any more?
pub(super) fn is_over(own: &[Seen]) -> bool {
    own.iter().any(|seen| matches!(seen.fact, Fact::RequestFinished(_)))
}

/// Who ordered it, approved, stopped, withdrew, settled.
pub(super) fn people(act: ActRef, own: &[Seen]) -> Vec<PersonLine> {
    let by = |seen: &Seen| match &seen.fact {
        Fact::RequestAccepted(fact) => fact.token.clone(),
        Fact::RequestApproved(fact) => fact.by.clone(),
        Fact::RequestStopped(fact) => fact.by.clone(),
        Fact::ActWithdrawn(fact) if fact.act == act => fact.by.clone(),
        Fact::ActResolved(fact) if fact.act == act => fact.by.clone(),
        _ => String::new(),
    };
    let line = |seen: &Seen| PersonLine { event: seen.sequence, at: seen.at, what: seen.fact.name(), by: by(seen) };
    own.iter().map(line).filter(|line| !line.by.is_empty()).take(EVIDENCE_LINES_MAX).collect()
}

fn moment(seen: &Seen) -> Moment {
    Moment { at: seen.at, event: seen.sequence }
}

/// Does it show that the partner has the act in hand?
fn is_received(seen: &Seen, act: ActRef) -> bool {
    match &seen.fact {
        Fact::ExchangeBegan(fact) => fact.kind == "offer",
        Fact::ExchangeEnded(fact) => {
            fact.act == act && matches!(fact.judged.as_str(), "accepted" | "answered") && fact.state != "unsent"
        }
        Fact::OutcomeReceived(fact) => fact.act == act,
        _ => false,
    }
}

impl Shared {
    fn outcome_at(&self, sequence: u64) -> Option<Outcome> {
        match self.papers.event(sequence)?.body? {
            Body::Outcome(twin) => twin.into_outcome(),
            _ => None,
        }
    }

    pub(super) fn times(&self, act: ActRef, own: &[Seen], life: &[Stretch], sealed: bool) -> EvidenceTimes {
        let first = |is: &dyn Fn(&Seen) -> bool| own.iter().find(|seen| is(seen)).map(moment);
        let state_is = |is: fn(ActState) -> bool| move |seen: &Seen| state_in(seen, act).is_some_and(is);
        let is_ready = |stretch: &&Stretch| !matches!(stretch.stage, Stage::Approval | Stage::Down);
        let ready = life.iter().filter(is_ready).find(|stretch| stretch.until != Some(stretch.from));
        let ready = ready.or_else(|| life.iter().find(is_ready));
        let decided = first(&|seen| seen.sequence == act.0);
        let effective = first(&state_is(ActState::took_effect));
        let said = effective.filter(|_| sealed).and_then(|moment| self.outcome_at(moment.event));
        EvidenceTimes {
            decided,
            queued: ready.map(|stretch| Moment {
                at: stretch.from,
                // What held it from the first instant is not what made it ready.
                event: own.iter().rev().find(|seen| seen.at <= stretch.from).map_or(act.0, |seen| seen.sequence),
            }),
            sent: first(&|seen| matches!(&seen.fact, Fact::ExchangeBegan(fact) if fact.kind != "ask")),
            received: first(&|seen| is_received(seen, act)),
            effective,
            effective_as_of: said.as_ref().and_then(|outcome| outcome.as_of.clone()),
            effective_from: said.and_then(|outcome| outcome.from),
            answered: first(&state_is(ActState::is_final)),
        }
    }

    /// Messages in order; the first [`EVIDENCE_LINES_MAX`], and how many there are.
    pub(super) fn exchanges(&self, act: ActRef, own: &[Seen], sealed: bool) -> (Vec<ExchangeLine>, u32) {
        let (mut lines, mut total): (Vec<ExchangeLine>, u32) = (Vec::new(), 0);
        for seen in own {
            match &seen.fact {
                Fact::ExchangeBegan(fact) => {
                    total += 1;
                    lines.push(ExchangeLine {
                        number: total,
                        event: seen.sequence,
                        kind: fact.kind.clone(),
                        began: seen.at,
                        ended: None,
                        judged: String::new(),
                        cause: String::new(),
                        verdict: String::new(),
                        state: String::new(),
                        digest: None,
                        replies: Vec::new(),
                    });
                }
                Fact::ExchangeEnded(fact) if fact.act == act => {
                    let Some(line) = lines.iter_mut().rev().find(|line| line.event == fact.exchange) else { continue };
                    line.ended = Some(moment(seen));
                    line.judged.clone_from(&fact.judged);
                    line.cause.clone_from(&fact.cause);
                    line.verdict.clone_from(&fact.verdict);
                    line.state.clone_from(&fact.state);
                    line.digest.clone_from(&seen.body);
                }
                Fact::OutcomeReceived(fact) if fact.act == act => {
                    total += 1;
                    lines.push(ExchangeLine {
                        number: total,
                        event: seen.sequence,
                        kind: fact.way.clone(),
                        began: seen.at,
                        ended: Some(moment(seen)),
                        judged: "answered".to_owned(),
                        cause: String::new(),
                        verdict: fact.verdict.clone(),
                        state: fact.state.clone(),
                        digest: seen.body.clone(),
                        replies: Vec::new(),
                    });
                }
                _ => {}
            }
        }
        lines.truncate(EVIDENCE_LINES_MAX);
        for line in lines.iter_mut().filter(|line| sealed && line.digest.is_some()) {
            let answer = line.ended.and_then(|ended| self.outcome_at(ended.event));
            let digest = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            line.replies = answer
                .map(|answer| answer.replies.iter().map(|reply| digest(reply.bytes.expose())).collect())
                .unwrap_or_default();
        }
        (lines, total)
    }

    /// Rank each time that an answer about a freeze says it.
    pub(super) fn ranks(
        &self,
        act: ActRef,
        own: &[Seen],
        (kind, taken_over): (Option<ActKind>, (u64, u64)),
    ) -> Vec<RankLine> {
        if kind != Some(ActKind::Freeze) {
            return Vec::new();
        }
        let effects = own.iter().filter(|seen| state_in(seen, act).is_some_and(ActState::took_effect));
        let line = |seen: &Seen| {
            let outcome = self.outcome_at(seen.sequence)?;
            let queued = outcome.verdict == Verdict::Queued;
            let (number, case) = taken_over;
            let is_it = |key: u64| key != 0 && (key == number || key == case);
            // Whoever takes over a freeze stands where that one stood (rule D13).
            let place = outcome.ahead.iter().position(|prior| is_it(paper_key(prior.paper.expose())));
            let named = u16::try_from(place.unwrap_or(outcome.ahead.len())).unwrap_or(u16::MAX);
            // Behind others whom it does not name: at which place, nobody knows.
            let rank = if queued && named == 0 && place.is_none() { None } else { Some(named.saturating_add(1)) };
            Some(RankLine { event: seen.sequence, at: seen.at, rank, queued })
        };
        effects.filter_map(line).take(EVIDENCE_LINES_MAX).collect()
    }

    pub(super) fn objections(&self, about: &[Seen], sealed: bool) -> Vec<ObjectionLine> {
        let raised = about.iter().filter_map(|seen| match &seen.fact {
            Fact::TaskRaised(fact) if fact.kind == TaskKind::AnswerObjection.word() => Some((seen, fact.due)),
            _ => None,
        });
        let text = |sequence: u64| match self.papers.event(sequence).and_then(|event| event.body) {
            Some(Body::Task(body)) if sealed => body.text,
            Some(Body::Reason(body)) if sealed => body.reason,
            _ => String::new(),
        };
        let line = |(seen, due): (&Seen, Option<i64>)| {
            let answered = about.iter().find_map(|end| match &end.fact {
                Fact::TaskEnded(fact) if fact.task == seen.sequence => {
                    Some((moment(end), fact.end.clone(), fact.by.clone()))
                }
                _ => None,
            });
            let answer = answered.as_ref().map_or(String::new(), |(moment, ..)| text(moment.event));
            ObjectionLine {
                event: seen.sequence,
                at: seen.at,
                due,
                text: Personal::new(text(seen.sequence)),
                answered,
                answer: Personal::new(answer),
            }
        };
        raised.map(line).take(EVIDENCE_LINES_MAX).collect()
    }
}
