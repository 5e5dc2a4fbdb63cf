//! Proposals at run time: accepted by a person, or followed by the gateway where the court's policy says so.
//!
//! The policy is in the task itself, so a restart changes nothing: whatever is open and automatic is looked at after a start, and
//! a task is submitted under a key of its own, so that it comes to one request however often it is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::request::{Asked, PAPERS_MAX, PARTIES_MAX, Priority, Request};
use domain::{ActId, TaskId};
use store::record::{ActRef, Body, Fact, SealTwin};

use super::documents::split;
use super::secrecy::viewers_beside;
use super::{Engine, Shared, Told};
use crate::command::{AcceptTask, Answer, Command, Submit};
use crate::refusal::Refusal;
use crate::view::{Accepted, Brought, Caller, TaskAcceptance};

/// Tasks followed in one go, so that the state is not held for long; the others come with the look that follows at once.
const FOLLOWED_MAX: usize = 256;
/// What could not be followed is tried again after so long, in milliseconds, while the gateway runs.
const AGAIN_MS: u64 = 60_000;

/// What a task is about: an act, a measure, the case.
type About = (Option<ActRef>, Option<ActRef>, Option<u64>);

/// The request that ordered a measure, as a pattern for its release or renewal.
struct Pattern {
    request: Request,
    case_key: (u64, u64),
    subjects: Vec<u64>,
    seals: Vec<SealTwin>,
}

impl Engine {
    /// Submits what a task proposes, with the papers and officers that came for it; the task ends with that.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when it is about a secret request that the caller may not see, [`Refusal::PersonNeeded`], [`Refusal::DocumentLost`], [`Refusal::WrongState`] when there is nothing left to release or to renew, [`Refusal::PapersMissing`]
    /// where neither the caller brought what must go out nor the case has it, and whatever a submission is refused for.
    pub async fn accept_task(&self, caller: &Caller, acceptance: TaskAcceptance) -> Result<Accepted, Refusal> {
        let accept = self.acceptance(Some(caller), acceptance)?;
        self.shared.check_there(&accept.submit, &accept.carried)?;
        self.accept(accept).await
    }

    async fn accept(&self, accept: AcceptTask) -> Result<Accepted, Refusal> {
        let told = self.ask(Command::AcceptTask(Box::new(accept))).await?;
        let Told { answer: Answer::Accepted(sequence), leaf, accepted } = told else {
            return Err(Refusal::Unavailable);
        };
        self.accepted(sequence, leaf, accepted)
    }

    /// `None` = the gateway accepts it by itself.
    fn acceptance(&self, caller: Option<&Caller>, acceptance: TaskAcceptance) -> Result<AcceptTask, Refusal> {
        let TaskAcceptance { id: TaskId(task), reason, papers, officers } = acceptance;
        let by = caller.map_or("", |caller| caller.token.as_str());
        let court = caller.and_then(|caller| caller.court.clone());
        let open = self.shared.decider.read().state.tasks.get(&task).cloned();
        if let (Some(caller), Some(open)) = (caller, &open)
            && !self.shared.shows_task(caller, open, false).0
        {
            return Err(Refusal::NotFound);
        }
        let (act, measure, case) = match open {
            Some(open) => (open.act, open.measure, open.case),
            None => self.ended_task(task, court.as_deref())?,
        };
        if caller.is_some_and(|caller| !self.shared.shows_all(caller, [act, measure], false)) {
            return Err(Refusal::NotFound);
        }
        let measure = measure.map(ActId::from).ok_or(Refusal::WrongState { state: "proposes_nothing" })?;
        let viewers = self.shared.viewers_at(measure.sequence).ok_or(Refusal::NotFound)?;
        let mut pattern = self.pattern(measure, case)?;
        // Whatever case gives the papers: who may see the order is who may see what it is about (rule D5).
        pattern.request.viewers = viewers_beside(by, &viewers);
        if court.as_ref().is_some_and(|court| *court != pattern.request.case.court.code) {
            return Err(Refusal::NotFound);
        }
        caller.map_or(Ok(()), Caller::check_person)?;
        if !officers.is_empty() {
            pattern.request.officers = officers;
        }
        let paper_keys = self.bring(&mut pattern, papers)?;
        let Pattern { request, case_key, subjects, seals } = pattern;
        let hashers = &self.shared.hashers;
        let key = format!("\0task\0{task}");
        let submit = Submit {
            token: by.to_owned(),
            idempotency: split(hashers.idempotency.hash(key.as_bytes())),
            fingerprint: split(hashers.fingerprint.hash(key.as_bytes())),
            case_key,
            subjects,
            paper_keys,
            preservation: None,
            // Whoever may not see what the task is about was turned away above, and the gateway itself works for its viewers.
            shown: BTreeSet::from([measure.sequence]),
            request: Arc::new(request),
        };
        Ok(AcceptTask { task, by: by.to_owned(), court, reason, submit: Box::new(submit), carried: seals })
    }

    /// Puts papers before those of the pattern, the freshly stored ones first: their keys come back. One that the case has already
    /// need not be stored again.
    fn bring(&self, pattern: &mut Pattern, papers: Vec<Brought>) -> Result<Vec<(u64, u64)>, Refusal> {
        let court = pattern.request.case.court.code.clone();
        let (mut keys, mut stored, mut carried) = (Vec::new(), Vec::new(), Vec::new());
        for Brought { paper, at } in papers {
            let key = self.shared.document_key(&court, paper.digest.expose());
            pattern.request.papers.retain(|other| other.digest != paper.digest);
            if keys.contains(&key) {
                continue;
            }
            if self.shared.decider.read().state.documents.contains_key(&key) {
                keys.push(key);
                stored.push(paper);
            } else if pattern.seals.iter().any(|seal| seal.digest == *paper.digest.expose()) {
                carried.push(paper);
            } else {
                return Err(Refusal::DocumentUnknown { at: format!("{at}/digest") });
            }
        }
        stored.append(&mut carried);
        stored.append(&mut pattern.request.papers);
        if stored.len() > PAPERS_MAX {
            return Err(Refusal::OutOfBounds {
                at: "/documents",
                bound: "连同本案已有的至多64份 · at most 64 with those of the case",
            });
        }
        pattern.request.papers = stored;
        Ok(keys)
    }

    /// What an ended task was about, so that accepting it twice is answered twice.
    fn ended_task(&self, task: u64, court: Option<&str>) -> Result<About, Refusal> {
        let event = self.shared.papers.event(task).ok_or(Refusal::NotFound)?;
        match event.fact {
            Fact::TaskRaised(fact) if court.is_none_or(|court| fact.court == court) => {
                Ok((fact.act, fact.measure, fact.case))
            }
            _ => Err(Refusal::NotFound),
        }
    }

    /// The request that ordered a measure. Where the case goes on under another number (rule D11) it is the first request of that
    /// one, and where no papers or officers stand with the measure, theirs are those of the case's first request.
    fn pattern(&self, measure: ActId, case: Option<u64>) -> Result<Pattern, Refusal> {
        let papers = &self.shared.papers;
        let plan = papers.plan(measure.sequence).ok_or_else(|| papers.absence(measure.sequence))?;
        let own = self.pattern_of(plan.request)?;
        let Some(mut first) = case.filter(|case| *case != plan.request).and_then(|case| self.pattern_of(case).ok())
        else {
            return Ok(own);
        };
        if first.case_key != own.case_key {
            for (party, subject) in own.request.case.parties.into_iter().zip(own.subjects) {
                if !first.subjects.contains(&subject) && first.subjects.len() < PARTIES_MAX {
                    first.request.case.parties.push(party);
                    first.subjects.push(subject);
                }
            }
            return Ok(first);
        }
        let mut own = own;
        if own.request.officers.is_empty() {
            own.request.officers = first.request.officers;
        }
        if own.request.papers.is_empty() {
            (own.request.papers, own.seals) = (first.request.papers, first.seals);
        }
        Ok(own)
    }

    fn pattern_of(&self, request: u64) -> Result<Pattern, Refusal> {
        let event = self.shared.papers.event(request).ok_or(Refusal::ContentUnreadable)?;
        let (case_key, subjects, seals, twin) = match event.body {
            Some(Body::Accepted(body)) => (body.case_key, body.subjects, body.seals, body.request),
            Some(Body::Imported(body)) => (body.case_key, body.subjects, body.seals, body.request),
            _ => return Err(self.shared.papers.absence(request)),
        };
        let mut request = twin.into_request().ok_or(Refusal::Unavailable)?;
        // What was told of the parties stays as it is told last.
        request.case.parties.iter_mut().for_each(|party| party.bankrupt = None);
        request.asked = Asked::Acts(Vec::new());
        (request.priority, request.deadline, request.repeat) = (Priority::Normal, None, None);
        // News told late names the papers of the request that it is about, and has no keys of them.
        request.papers.retain(|paper| seals.iter().any(|seal| seal.digest == *paper.digest.expose()));
        Ok(Pattern { request, case_key, subjects, seals })
    }

    /// Follows what courts let the gateway do by itself; what is refused stays a task for people.
    async fn follow(&self, refused: &mut Refused) {
        while let Some(portion) = self.to_follow(refused) {
            self.follow_each(portion, refused).await;
        }
    }

    fn to_follow(&self, refused: &mut Refused) -> Option<Vec<u64>> {
        let decider = self.shared.decider.read();
        let tasks = decider.state.tasks.values();
        let automatic = tasks.filter(|task| task.automatic && task.kind().proposes_release());
        refused.portion(automatic.map(|task| task.sequence), self.shared.clock.mono())
    }

    async fn follow_each(&self, portion: Vec<u64>, refused: &mut Refused) {
        for task in portion {
            let alone =
                TaskAcceptance { id: TaskId(task), reason: String::new(), papers: Vec::new(), officers: Vec::new() };
            let followed = match self.acceptance(None, alone) {
                Ok(accept) => self.accept(accept).await.map(|_| ()),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = followed {
                tracing::warn!(task = %TaskId(task), ?refusal, "a release could not be sent by itself; it waits for a person");
                refused.until.insert(task, self.shared.clock.mono().saturating_add(AGAIN_MS));
            }
        }
    }
}

/// Tasks that could not be followed, and until when each of them rests, in monotonic milliseconds.
#[derive(Default)]
struct Refused {
    until: BTreeMap<u64, u64>,
    /// The look so far took up what is below: one that is neither refused nor gone is not tried again in the same look.
    below: u64,
}

impl Refused {
    /// The next tasks to follow, of all that are open, in their order; `None` = the look is through.
    fn portion(&mut self, open: impl Iterator<Item = u64>, now: u64) -> Option<Vec<u64>> {
        let rests = |task: &u64| self.until.get(task).is_some_and(|until| *until > now);
        let portion: Vec<u64> = open.filter(|task| *task >= self.below && !rests(task)).take(FOLLOWED_MAX).collect();
        // Whoever is tried again is refused anew or gone.
        self.until.retain(|_, until| *until > now);
        self.below = portion.last().map_or(0, |last| last + 1);
        (!portion.is_empty()).then_some(portion)
    }
}

/// Follows proposals until the gateway stops: after each that becomes durable, and after a start.
pub(super) fn begin(shared: &Arc<Shared>) {
    let engine = Engine { shared: Arc::clone(shared) };
    let mut stopping = shared.stopping.subscribe();
    shared.tokio.spawn(async move {
        let _watched = engine.shared.watched("proposals");
        let mut refused = Refused::default();
        loop {
            engine.follow(&mut refused).await;
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = engine.shared.proposed.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(AGAIN_MS)) => {}
            }
        }
    });
}

/// Does this event propose something that the gateway follows by itself?
pub(super) fn is_automatic(fact: &Fact) -> bool {
    matches!(fact, Fact::TaskRaised(fact) if fact.automatic)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One look over what is open: the first `failing` tasks are refused each time, the others end.
    fn look(refused: &mut Refused, open: &mut BTreeSet<u64>, failing: u64, now: u64) -> usize {
        let mut tried = 0;
        while let Some(portion) = refused.portion(open.iter().copied(), now) {
            assert!(portion.len() <= FOLLOWED_MAX);
            tried += portion.len();
            for task in portion {
                if task < failing {
                    refused.until.insert(task, now + AGAIN_MS);
                } else {
                    open.remove(&task);
                }
            }
        }
        tried
    }

    #[test]
    fn all_that_is_open_is_followed_in_one_look_whatever_fails_before_it() {
        let (mut refused, mut open): (_, BTreeSet<u64>) = (Refused::default(), (0..900).collect());
        assert_eq!(look(&mut refused, &mut open, 300, 0), 900);
        assert_eq!(open.len(), 300);
        open.insert(900);
        assert_eq!(
            look(&mut refused, &mut open, 300, AGAIN_MS - 1),
            1,
            "what was refused rests, what is new does not wait"
        );
        open.insert(901);
        assert_eq!(look(&mut refused, &mut open, 300, AGAIN_MS), 301);
        assert_eq!(look(&mut refused, &mut open, 0, 2 * AGAIN_MS), 300);
        assert!(open.is_empty() && look(&mut refused, &mut open, 0, 3 * AGAIN_MS) == 0 && refused.until.is_empty());
    }

    #[test]
    fn a_look_tries_none_twice() {
        let mut refused = Refused::default();
        let open = || 0..300_u64;
        assert_eq!(refused.portion(open(), 0).map(|portion| portion.len()), Some(FOLLOWED_MAX));
        assert_eq!(refused.portion(open(), 0).map(|portion| portion.len()), Some(300 - FOLLOWED_MAX));
        assert_eq!(refused.portion(open(), 0), None);
    }
}
