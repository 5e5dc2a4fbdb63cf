//! Proposals at run time: accepted by a person, or followed by the gateway where the court's policy says so.
//!
//! The policy is in the task itself, so a restart changes nothing: whatever is open and automatic is looked at after a start, and
//! a task is submitted under a key of its own, so that it comes to one request however often it is tried.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::case::Paper;
use domain::request::{Asked, Priority, Request};
use domain::{ActId, TaskId};
use store::record::{Body, Fact, SealTwin};

use super::documents::split;
use super::{Engine, Shared, Told};
use crate::command::{AcceptTask, Answer, Command, Submit};
use crate::refusal::Refusal;
use crate::view::{Accepted, Caller};

/// Tasks followed in one go; the others wait for the next look.
const FOLLOWED_MAX: usize = 256;
/// What could not be followed is tried again after so long, while the gateway runs.
const AGAIN: Duration = Duration::from_secs(60);

/// The request that ordered a measure, as a pattern for its release.
struct Pattern {
    request: Request,
    case_key: (u64, u64),
    subjects: Vec<u64>,
    seals: Vec<SealTwin>,
}

impl Engine {
    /// Submits what a task proposes, with a document for it when one is named; the task ends with that.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::WrongState`] when there is nothing left to release, and whatever a submission is refused for.
    pub async fn accept_task(
        &self,
        caller: &Caller,
        task: TaskId,
        reason: String,
        paper: Option<Paper>,
    ) -> Result<Accepted, Refusal> {
        let accept = self.acceptance(task.0, (&caller.token, caller.court.clone()), reason, paper)?;
        self.accept(accept).await
    }

    async fn accept(&self, accept: AcceptTask) -> Result<Accepted, Refusal> {
        let told = self.ask(Command::AcceptTask(Box::new(accept))).await?;
        let Told { answer: Answer::Accepted(sequence), leaf, accepted } = told else {
            return Err(Refusal::Unavailable);
        };
        self.accepted(sequence, leaf, accepted)
    }

    fn acceptance(
        &self,
        task: u64,
        (by, court): (&str, Option<String>),
        reason: String,
        paper: Option<Paper>,
    ) -> Result<AcceptTask, Refusal> {
        let measure = match self.shared.decider.read().state.tasks.get(&task) {
            Some(open) => open.measure,
            None => self.ended_task(task, court.as_deref())?,
        };
        let measure = measure.map(ActId::from).ok_or(Refusal::WrongState { state: "proposes_nothing" })?;
        let Pattern { mut request, case_key, subjects, seals } = self.pattern(measure)?;
        if court.as_ref().is_some_and(|court| *court != request.case.court.code) {
            return Err(Refusal::NotFound);
        }
        let named = paper.map(|paper| {
            let key = self.shared.document_key(&request.case.court.code, paper.digest.expose());
            request.papers.retain(|other| other.digest != paper.digest);
            request.papers.insert(0, paper);
            key
        });
        let hashers = &self.shared.hashers;
        let key = format!("\0task\0{task}");
        let submit = Submit {
            token: by.to_owned(),
            idempotency: split(hashers.idempotency.hash(key.as_bytes())),
            fingerprint: split(hashers.fingerprint.hash(key.as_bytes())),
            case_key,
            subjects,
            paper_keys: named.into_iter().collect(),
            preservation: None,
            request: Arc::new(request),
        };
        Ok(AcceptTask { task, by: by.to_owned(), court, reason, submit: Box::new(submit), carried: seals })
    }

    /// What an ended task was about, so that accepting it twice is answered twice.
    fn ended_task(&self, task: u64, court: Option<&str>) -> Result<Option<store::record::ActRef>, Refusal> {
        let event = self.shared.papers.event(task).ok_or(Refusal::NotFound)?;
        match event.fact {
            Fact::TaskRaised(fact) if court.is_none_or(|court| fact.court == court) => Ok(fact.measure),
            _ => Err(Refusal::NotFound),
        }
    }

    fn pattern(&self, measure: ActId) -> Result<Pattern, Refusal> {
        let plan = self.shared.papers.plan(measure.sequence).ok_or(Refusal::Unavailable)?;
        let event = self.shared.papers.event(plan.request).ok_or(Refusal::Unavailable)?;
        let (case_key, subjects, seals, twin) = match event.body {
            Some(Body::Accepted(body)) => (body.case_key, body.subjects, body.seals, body.request),
            Some(Body::Imported(body)) => (body.case_key, body.subjects, Vec::new(), body.request),
            _ => return Err(Refusal::Unavailable),
        };
        let mut request = twin.into_request().ok_or(Refusal::Unavailable)?;
        // It only lets go: what was told of the parties stays as it is told last.
        request.case.parties.iter_mut().for_each(|party| party.bankrupt = None);
        request.asked = Asked::Acts(Vec::new());
        (request.priority, request.deadline, request.repeat) = (Priority::Normal, None, None);
        Ok(Pattern { request, case_key, subjects, seals })
    }

    /// Follows what courts let the gateway do by itself; what is refused stays a task for people.
    async fn follow(&self, refused: &mut BTreeSet<u64>) {
        let open: Vec<u64> = {
            let decider = self.shared.decider.read();
            let tasks = decider.state.tasks.values();
            let automatic = tasks.filter(|task| task.automatic && task.kind().proposes_release());
            let fresh = automatic.map(|task| task.sequence).filter(|task| !refused.contains(task));
            fresh.take(FOLLOWED_MAX).collect()
        };
        for task in open {
            let followed = match self.acceptance(task, ("", None), String::new(), None) {
                Ok(accept) => self.accept(accept).await.map(|_| ()),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = followed {
                tracing::warn!(task = %TaskId(task), ?refusal, "a release could not be sent by itself; it waits for a person");
                refused.insert(task);
            }
        }
    }
}

/// Follows proposals until the gateway stops: after each that becomes durable, and after a start.
pub(super) fn begin(shared: &Arc<Shared>) {
    let engine = Engine { shared: Arc::clone(shared) };
    let mut stopping = shared.stopping.subscribe();
    shared.tokio.spawn(async move {
        let mut refused = BTreeSet::new();
        loop {
            engine.follow(&mut refused).await;
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = engine.shared.proposed.notified() => {}
                () = tokio::time::sleep(AGAIN), if !refused.is_empty() => refused.clear(),
            }
        }
    });
}

/// Does this event propose something that the gateway follows by itself?
pub(super) fn is_automatic(fact: &Fact) -> bool {
    matches!(fact, Fact::TaskRaised(fact) if fact.automatic)
}
