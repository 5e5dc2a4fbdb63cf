//! The decider thread: commands in, decisions out, sealed and in order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::trail::{Hash, leaf_hash};
use domain::Millis;
use parking_lot::RwLockWriteGuard;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use store::random::{OsRandom, PooledRandom};

use super::indexing::IndexSide;
use super::opening::write_state;
use super::{Asked, Reply, Shared};
use crate::command::{Command, Decision};
use crate::decide::Decider;
use crate::refusal::Refusal;
use crate::state::record::STATE_FORM;
use crate::vault::{Vault, VaultError, Written};

/// Commands decided under one hold of the state: readers wait at most so long.
pub const BATCH_MAX: usize = 256;
/// Deadlines and documents' ages are looked at so often.
const TICK_MS: i64 = 1_000;

/// A decision on its way to the journal, with whoever asked.
pub struct Settled {
    /// What was decided.
    pub decision: Decision,
    /// Who asked.
    pub reply: Option<Reply>,
    /// Its events as records, in order, each with its leaf hash.
    pub records: Result<Vec<(Written, Hash)>, VaultError>,
}

impl Settled {
    /// Seals what was decided. It happens on this thread so that it goes on while the journal thread waits for the disk.
    fn new(vault: &Vault, (decision, reply): (Decision, Option<Reply>), random: &mut PooledRandom) -> Self {
        let written = (decision.first..).zip(&decision.events).map(|(sequence, event)| {
            let record = vault.write(sequence, event, random)?;
            let hash = leaf_hash(&record.leaf);
            Ok((record, hash))
        });
        let records = written.collect();
        Self { decision, reply, records }
    }
}

/// Decides until told to stop.
pub fn run(shared: &Arc<Shared>, asked: &Receiver<Asked>, out: &SyncSender<Vec<Settled>>) {
    let mut next_tick = 0;
    let mut last_snapshot = shared.decider.read().state.next;
    let mut random = PooledRandom::new();
    loop {
        let now = shared.clock.wall();
        let due = shared.decider.read().next_due().map_or(next_tick, |due| due.min(next_tick));
        let wait = Duration::from_millis(u64::try_from((due - now).clamp(0, TICK_MS)).unwrap_or(0));
        let mut todo = Vec::new();
        match asked.recv_timeout(wait) {
            Ok(first) => todo.push(first),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        todo.extend(asked.try_iter().take(BATCH_MAX - 1));
        let taken = todo.iter().filter(|asked| matches!(asked, Asked::Command(_, Some(_)))).count();
        shared.asked.fetch_sub(taken, Ordering::Relaxed);
        let (decided, control) = decide(shared, todo, &mut next_tick);
        let settled: Vec<Settled> =
            decided.into_iter().map(|decided| Settled::new(&shared.vault, decided, &mut random)).collect();
        let head = shared.decider.read().state.next;
        if !settled.is_empty() && out.send(settled).is_err() {
            return;
        }
        if control == Control::Snapshot || control == Control::Stop || head - last_snapshot >= shared.snapshot_events {
            last_snapshot = snapshot(shared, out, &mut random).unwrap_or(head);
        }
        if control == Control::Stop {
            return;
        }
    }
}

#[derive(PartialEq, Eq)]
enum Control {
    GoOn,
    Snapshot,
    Stop,
}

/// The one way to decide: what ends by it is remembered for the index before anybody sees that it is no longer open.
struct Deciding<'s> {
    decider: RwLockWriteGuard<'s, Decider>,
    index: &'s IndexSide,
}

impl<'s> Deciding<'s> {
    fn over(shared: &'s Shared) -> Self {
        Self { decider: shared.decider.write(), index: &shared.index }
    }

    fn decide(&mut self, command: Command, now: Millis) -> Decision {
        let decision = self.decider.decide(command, now);
        self.index.expect(&decision.closed);
        decision
    }

    fn pump(&mut self, now: Millis) -> Decision {
        let decision = self.decider.pump(now);
        self.index.expect(&decision.closed);
        decision
    }

    fn deadline_passed(&self, now: Millis) -> bool {
        self.decider.deadline_passed(now)
    }
}

fn decide(shared: &Shared, todo: Vec<Asked>, next_tick: &mut i64) -> (Vec<(Decision, Option<Reply>)>, Control) {
    let now = shared.clock.wall();
    let mut control = Control::GoOn;
    let mut decided: Vec<(Decision, Option<Reply>)> = Vec::with_capacity(todo.len() + 1);
    let mut decider = Deciding::over(shared);
    if now >= *next_tick || decider.deadline_passed(now) {
        *next_tick = now + TICK_MS;
        decided.push((decider.decide(Command::Tick, now), None));
    }
    for asked in todo {
        match asked {
            Asked::Command(command, reply) => {
                let refuse = shared.full.load(Ordering::Relaxed)
                    && matches!(*command, Command::Submit(_) | Command::StoreDocument(_));
                let mut decision =
                    if refuse { decider.decide(Command::Barrier, now) } else { decider.decide(*command, now) };
                if refuse {
                    decision.answer = Err(Refusal::Unavailable);
                }
                decided.push((decision, reply));
            }
            Asked::Snapshot if control == Control::GoOn => control = Control::Snapshot,
            Asked::Snapshot => {}
            Asked::Stop => control = Control::Stop,
        }
    }
    decided.push((decider.pump(now), None));
    drop(decider);
    decided.retain(|(decision, reply)| reply.is_some() || !decision.events.is_empty());
    (decided, control)
}

/// Writes the state at head, once everything in it is durable, and records its digest.
fn snapshot(shared: &Arc<Shared>, out: &SyncSender<Vec<Settled>>, random: &mut PooledRandom) -> Option<u64> {
    let head = shared.decider.read().state.next;
    // The state holds decisions that the journal thread may still be writing; a snapshot must never be ahead of them. Nor of the keys
    // that they end: a start from it does not know any more that a crash left one of them.
    let ahead = || shared.released.load(Ordering::Acquire) < head;
    super::waiting::until(Duration::from_secs(60), || !ahead() || shared.is_broken());
    if ahead() || shared.is_broken() || shared.key_outlived.load(Ordering::SeqCst) {
        return None;
    }
    let Some(tree) = shared.trail.tree_bytes(head) else {
        tracing::error!(
            next = head,
            "the tree is not that of the state, so no snapshot is written; the next start replays more of the journal"
        );
        return None;
    };
    let written = shared.snapshots.begin(head, STATE_FORM, &mut OsRandom).and_then(|mut writer| {
        let decider = shared.decider.read();
        match write_state(&decider.state, &tree, &mut writer) {
            Ok(()) => writer.finish().map(Some),
            Err(error) => {
                tracing::error!(%error, "a snapshot could not be written; the next start replays more of the journal");
                Ok(None)
            }
        }
    });
    match written {
        Ok(Some(header)) => {
            shared.counts.snapshots.fetch_add(1, Ordering::Relaxed);
            let command = Command::Snapshot { digest: crate::vault::hex(&header.digest), next: head };
            let decision = Deciding::over(shared).decide(command, shared.clock.wall());
            let _stopping = out.send(vec![Settled::new(&shared.vault, (decision, None), random)]);
            Some(head)
        }
        Ok(None) => None,
        Err(error) => {
            tracing::error!(%error, "a snapshot could not be kept; the next start replays more of the journal");
            None
        }
    }
}
