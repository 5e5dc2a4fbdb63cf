//! The journal thread: appends, one commit for all that waits; only then do replies and effects leave.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::trail::Hash;
use std::sync::mpsc::{Receiver, SyncSender};
use store::journal::{AppendError, Expected, StreamKey};
use store::random::OsRandom;
use store::record::{Event, Fact};

use super::deciding::Settled;
use super::indexing::Indexed;
use super::{Reply, Shared, Told};
use super::{delivering, dispatch, reminding};
use crate::command::Decision;
use crate::refusal::Refusal;
use crate::vault::Written;

/// Decisions of one commit at most: a batch stays below the journal's 16 MiB with ordinary bodies.
const COMMIT_MAX: usize = 2_048;

/// A settled decision with its records.
struct Prepared {
    decision: Decision,
    reply: Option<Reply>,
    written: Vec<Written>,
    leaves: Vec<Hash>,
}

/// Writes until the decider thread is gone.
pub fn run(shared: &Arc<Shared>, to_write: &Receiver<Vec<Settled>>, indexed: &SyncSender<Indexed>) {
    while let Ok(first) = to_write.recv() {
        let mut todo = first;
        while todo.len() < COMMIT_MAX {
            let Ok(more) = to_write.try_recv() else { break };
            todo.extend(more);
        }
        if shared.is_broken() {
            refuse(todo.into_iter().filter_map(|settled| settled.reply));
            continue;
        }
        match write(shared, todo) {
            Ok(prepared) => release(shared, prepared, indexed),
            Err((reason, replies)) => {
                shared.broken.store(true, Ordering::SeqCst);
                tracing::error!(
                    reason,
                    "the journal failed: nothing more is accepted; look at the disk and start again, what was acknowledged is safe"
                );
                refuse(replies);
            }
        }
    }
}

fn refuse(replies: impl IntoIterator<Item = Reply>) {
    for reply in replies {
        let _gone = reply.send(Err(Refusal::Unavailable));
    }
}

fn write(shared: &Shared, todo: Vec<Settled>) -> Result<Vec<Prepared>, (String, Vec<Reply>)> {
    let mut prepared: Vec<Prepared> = Vec::with_capacity(todo.len());
    let mut fault = None;
    for Settled { decision, reply, records } in todo {
        let records = records.unwrap_or_else(|error| {
            fault.get_or_insert(error.to_string());
            Vec::new()
        });
        let (written, leaves) = records.into_iter().unzip();
        prepared.push(Prepared { decision, reply, written, leaves });
    }
    let done = match fault {
        Some(fault) => Err(fault),
        None => append_and_commit(shared, &prepared),
    };
    match done {
        Ok(()) => Ok(prepared),
        Err(fault) => Err((fault, prepared.into_iter().filter_map(|prepared| prepared.reply).collect())),
    }
}

/// Keys and long bodies first, then records: an event never names what a crash could lose.
fn append_and_commit(shared: &Shared, prepared: &[Prepared]) -> Result<(), String> {
    let started = shared.clock.mono();
    shared.vault.keys().sync().map_err(|error| error.to_string())?;
    let written = prepared.iter().flat_map(|one| &one.written);
    let durable = shared.durable.load(Ordering::Acquire);
    shared.vault.keep(durable, written, &mut OsRandom).map_err(|error| error.to_string())?;
    let (mut leaves, mut committed) = (Vec::new(), 0);
    for one in prepared.iter().filter(|one| !one.written.is_empty()) {
        let records: Vec<_> = one.written.iter().map(Written::as_record).collect();
        let expect = streams(&one.decision);
        let mut taken = shared.journal.append(shared.fence, &expect, &records);
        if matches!(taken, Err(AppendError::BatchFull { .. })) {
            committed += commit(shared, &mut leaves)?;
            taken = shared.journal.append(shared.fence, &expect, &records);
        }
        let range = taken.map_err(|error| error.to_string())?;
        if range.start != one.decision.first {
            return Err(format!("decided as {} but recorded as {}", one.decision.first, range.start));
        }
        leaves.extend_from_slice(&one.leaves);
    }
    committed += commit(shared, &mut leaves)?;
    shared.counts.batches.fetch_add(1, Ordering::Relaxed);
    shared.counts.events.fetch_add(u64::try_from(committed).unwrap_or(0), Ordering::Relaxed);
    shared.counts.commit_us.fetch_add(shared.clock.mono().saturating_sub(started) * 1_000, Ordering::Relaxed);
    Ok(())
}

/// Makes durable what was appended, whose leaves these are; says how many there were.
fn commit(shared: &Shared, leaves: &mut Vec<Hash>) -> Result<usize, String> {
    let wall = u64::try_from(shared.clock.wall()).unwrap_or(0);
    let durable = shared.journal.commit(wall).map_err(|error| error.to_string())?;
    // Behind the disk, for a checkpoint signs whatever the tree has; before anybody is told, for a snapshot takes tree and state together.
    shared.trail.append(leaves).map_err(|error| error.to_string())?;
    shared.durable.store(durable, Ordering::Release);
    Ok(leaves.drain(..).count())
}

fn of_key((high, low): (u64, u64)) -> StreamKey {
    StreamKey::IdempotencyKey(u128::from(high) << 64 | u128::from(low))
}

/// The streams that a decision touches. An accepted request must be the first under its key, until that is free again: the journal holds
/// that too.
fn streams(decision: &Decision) -> Vec<(StreamKey, Expected)> {
    let mut streams: Vec<_> = decision.freed.iter().map(|key| (of_key(*key), Expected::Ends)).collect();
    for (sequence, event) in (decision.first..).zip(&decision.events) {
        match &event.fact {
            Fact::RequestAccepted(fact) => {
                if let Some(store::record::Body::Accepted(body)) = &event.body {
                    streams.push((of_key(body.idempotency), Expected::Absent));
                }
                streams.push((StreamKey::Case(fact.case.unwrap_or(sequence).into()), Expected::Any));
                streams.push((StreamKey::Request(sequence.into()), Expected::Absent));
            }
            Fact::PlanExtended(fact) => streams.push((StreamKey::Request(fact.request.into()), Expected::Any)),
            _ => {}
        }
    }
    streams
}

fn release(shared: &Arc<Shared>, prepared: Vec<Prepared>, indexed: &SyncSender<Indexed>) {
    let (mut closed, mut effects) = (Vec::new(), Vec::new());
    let mut proposed = false;
    let from = prepared.iter().find(|one| !one.written.is_empty()).map(|one| one.decision.first);
    for one in prepared {
        let Prepared { decision, reply, leaves, .. } = one;
        let (mut accepted, mut erases) = (None, false);
        for (sequence, Event { at, fact, body, key }) in (decision.first..).zip(decision.events) {
            shared.papers.keep(sequence, &fact, body, key);
            proposed |= super::proposals::is_automatic(&fact);
            match fact {
                Fact::RequestAccepted(fact) if sequence == decision.first => accepted = Some((at, fact)),
                Fact::CaseErased(_) => erases = true,
                _ => {}
            }
        }
        // Before anybody is told: what is said to be erased can be read by nobody.
        let outlived = !decision.erased.is_empty() && !shared.erase(&decision.erased);
        if outlived {
            shared.key_outlived.store(true, Ordering::SeqCst);
        }
        if erases {
            shared.papers.forget();
        }
        let leaf = leaves.first().map(|hash| (decision.first, *hash));
        if let Some(reply) = reply {
            let answer = if erases && outlived { Err(Refusal::Unavailable) } else { decision.answer };
            let _gone = reply.send(answer.map(|answer| Told { answer, leaf, accepted }));
        }
        shared.waiting.tell(&decision.touched);
        effects.extend(decision.effects);
        for outgoing in decision.outgoing {
            delivering::begin(shared, outgoing);
        }
        for reminding in decision.reminding {
            reminding::begin(shared, reminding);
        }
        closed.extend(decision.closed);
    }
    dispatch::begin(shared, effects);
    if proposed {
        shared.proposed.notify_one();
    }
    let next = shared.durable.load(Ordering::Acquire);
    if let Some(from) = from
        && indexed.try_send(Indexed { from, next, closed }).is_err()
    {
        shared.index.mark_gap();
    }
    // Last: a snapshot that covers these events never comes before the keys that they end.
    shared.released.store(next, Ordering::Release);
}
