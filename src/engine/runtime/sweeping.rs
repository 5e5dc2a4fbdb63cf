//! Sweeps: looking into the mailboxes of partners that answer by leaving packets; what they say takes the path of a callback.
//!
//! A sweep is no exchange of a lane: it orders nothing, so neither pause, breaker, hours nor rate hold it back. News must come
//! in most of all when something is wrong.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::outcome::Verdict;
use domain::socket::{
    CallOut, Cause, Conclusion, FaceAnswer, FeedbackItem, INBOUND_ITEMS_MAX, ItemVerdict, Plug, Swept,
};
use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::Engine;
use crate::command::Command;
use crate::refusal::Refusal;

/// Sweeps at once over all partners: each may hold a few packets in memory, and their servers are slow, not ours.
pub const SWEEPS_AT_ONCE_MAX: usize = 4;
/// How soon a partner that came with a new configuration is swept for the first time, in milliseconds.
const LOOK_ROUND_MS: u64 = 1_000;
/// The longest wait after failures, in milliseconds: a mailbox that is back is seen within five minutes.
pub const SWEEP_BACKOFF_MS_MAX: u64 = 300_000;
/// One sweep that takes longer hangs, in milliseconds; an adapter's own time-outs are far below.
pub const SWEEP_MS_MAX: u64 = 600_000;

/// What one look came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Looked {
    /// Everything that was there is done with, or all that one sweep brings.
    Through { more: bool },
    /// Nobody could look, or could not put away what was found: a word.
    Failed(&'static str),
}

/// How the sweeps of one partner go.
#[derive(Default)]
struct Rhythm {
    due_ms: u64,
    under_way: bool,
    failures: u32,
    failing: Option<&'static str>,
}

/// Starts the sweeping of all partners, those of a later configuration too; it ends when the gateway drains.
pub fn begin(engine: &Engine) {
    let engine = engine.clone();
    let tokio = engine.shared.tokio.clone();
    tokio.spawn(async move {
        let mut stopping = engine.shared.stopping.subscribe();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = engine.sweep_all() => {}
        }
    });
}

impl Engine {
    async fn sweep_all(&self) {
        let mut rhythms: BTreeMap<String, Rhythm> = BTreeMap::new();
        let mut under_way: JoinSet<(String, Looked)> = JoinSet::new();
        loop {
            let now = self.shared.clock.mono();
            let mut next_ms = now + LOOK_ROUND_MS;
            for (partner, call, _) in self.swept_partners() {
                let rhythm = rhythms.entry(partner.clone()).or_default();
                if rhythm.under_way {
                    continue;
                }
                if rhythm.due_ms > now {
                    next_ms = next_ms.min(rhythm.due_ms);
                } else if under_way.len() < SWEEPS_AT_ONCE_MAX {
                    rhythm.under_way = true;
                    let engine = self.clone();
                    under_way.spawn(async move {
                        let looked = engine.look(&partner, call.as_ref()).await;
                        (partner, looked)
                    });
                }
            }
            let wait = Duration::from_millis(next_ms.saturating_sub(self.shared.clock.mono()));
            tokio::select! {
                Some(ended) = under_way.join_next() => {
                    if let Ok((partner, looked)) = ended {
                        self.looked(&partner, looked, &mut rhythms);
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Partners that are swept, with how often, in milliseconds.
    fn swept_partners(&self) -> Vec<(String, Arc<dyn CallOut>, u64)> {
        let plugs = Arc::clone(&self.shared.plugs.read());
        let swept = |(partner, plug): (&String, &Arc<Plug>)| match plug.as_ref() {
            // Asked first: of thousands of partners a few are swept, and this is looked at every second.
            Plug::CallOut(call) => {
                let every_ms = call.sweep_every_ms()?;
                Some((partner.clone(), Arc::clone(call), every_ms))
            }
            Plug::Pull(_) | Plug::Inbox => None,
        };
        plugs.iter().filter_map(swept).collect()
    }

    /// When the partner is swept again; a change for better or worse is told once.
    fn looked(&self, partner: &str, looked: Looked, rhythms: &mut BTreeMap<String, Rhythm>) {
        let every = self.swept_partners().into_iter().find(|(id, ..)| id == partner).map(|(_, _, every)| every);
        let every_ms = every.unwrap_or(SWEEP_BACKOFF_MS_MAX).max(1);
        let Some(rhythm) = rhythms.get_mut(partner) else { return };
        rhythm.under_way = false;
        let wait_ms = match looked {
            Looked::Through { more } => {
                if rhythm.failing.take().is_some() {
                    tracing::info!(partner, "its mailbox can be swept again");
                }
                rhythm.failures = 0;
                if more { 0 } else { every_ms }
            }
            Looked::Failed(why) => {
                self.shared.counts.sweeps_failed.fetch_add(1, Ordering::Relaxed);
                if rhythm.failing.replace(why) != Some(why) {
                    tracing::warn!(
                        partner,
                        why,
                        "its mailbox cannot be swept: answers wait there; look at its options and its server"
                    );
                }
                rhythm.failures = rhythm.failures.saturating_add(1);
                backoff_ms(every_ms, rhythm.failures)
            }
        };
        rhythm.due_ms = self.shared.clock.mono().saturating_add(wait_ms);
    }

    async fn look(&self, partner: &str, call: &dyn CallOut) -> Looked {
        self.shared.counts.sweeps.fetch_add(1, Ordering::Relaxed);
        let limit = Duration::from_millis(SWEEP_MS_MAX);
        let sweep = tokio::time::timeout(limit, AssertUnwindSafe(self.sweep(partner, call)).catch_unwind()).await;
        match sweep {
            Ok(Ok(Ok(more))) => Looked::Through { more },
            Ok(Ok(Err(why))) => Looked::Failed(why),
            Ok(Err(_)) => Looked::Failed(Cause::Panicked.word()),
            Err(_) => Looked::Failed(Cause::Timeout.word()),
        }
    }

    /// Everything found is taken and put away in its order; the first that is neither ends the sweep.
    async fn sweep(&self, partner: &str, call: &dyn CallOut) -> Result<bool, &'static str> {
        let sweep = call.sweep().await.map_err(|cause| {
            self.shared.calls.failed(partner, cause, self.shared.clock.wall());
            cause.word()
        })?;
        for swept in sweep.found {
            self.shared.counts.swept.fetch_add(1, Ordering::Relaxed);
            // Refused is not durable: it stays where it is and is found again.
            self.take(partner, call, swept).await?;
        }
        Ok(sweep.more)
    }

    async fn take(&self, partner: &str, call: &dyn CallOut, swept: Swept) -> Result<(), &'static str> {
        let inbound = match swept.said {
            Ok(inbound) => inbound,
            Err(reason) => return self.set_aside(partner, call, (&swept.name, swept.digest), reason).await,
        };
        let mut verdicts = Vec::with_capacity(inbound.feedback.len() + inbound.leads.len());
        for (way, items) in by_way(inbound.feedback) {
            match self.face_feedback(partner, way, items).await.map_err(|_| "gateway")? {
                FaceAnswer::Verdicts(taken) => verdicts.extend(taken),
                _ => return Err("gateway"),
            }
        }
        for lead in inbound.leads {
            let slip = lead.slip.clone();
            let taken: Result<_, Refusal> = self.take_lead(partner, lead).await;
            verdicts.push(ItemVerdict { slip, taken: taken.map_err(|_| "gateway")? });
        }
        let is_whole = verdicts.iter().all(|verdict| verdict.taken.is_ok());
        if is_whole || call.tells_back() {
            return call.conclude(&swept.name, Conclusion::Taken(&verdicts)).await.map_err(Cause::word);
        }
        self.set_aside(partner, call, (&swept.name, swept.digest), "not_taken").await
    }

    async fn set_aside(
        &self,
        partner: &str,
        call: &dyn CallOut,
        (name, digest): (&str, String),
        reason: &'static str,
    ) -> Result<(), &'static str> {
        let command = Command::SetAside { partner: partner.to_owned(), reason, digest };
        self.done(command).await.map_err(|_| "gateway")?;
        self.shared.counts.set_aside.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            partner,
            packet = name,
            reason,
            "a packet was set aside: look at it, then ask the partner for another"
        );
        call.conclude(name, Conclusion::SetAside(reason)).await.map_err(Cause::word)
    }
}

/// Items in their order, cut where their way changes and where a command would grow too long.
fn by_way(items: Vec<FeedbackItem>) -> Vec<(&'static str, Vec<FeedbackItem>)> {
    let mut runs: Vec<(&'static str, Vec<FeedbackItem>)> = Vec::new();
    for item in items {
        let is_back = item.outcome.as_ref().is_ok_and(|outcome| outcome.verdict == Verdict::HandedBack);
        let way = if is_back { "hand_back" } else { "feedback" };
        match runs.last_mut() {
            Some((last, run)) if *last == way && run.len() < INBOUND_ITEMS_MAX => run.push(item),
            _ => runs.push((way, vec![item])),
        }
    }
    runs
}

/// Doubled with each failure.
fn backoff_ms(every_ms: u64, failures: u32) -> u64 {
    every_ms.saturating_mul(1_u64 << failures.min(16)).min(SWEEP_BACKOFF_MS_MAX).max(every_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::outcome::Outcome;

    fn item(verdict: Verdict) -> FeedbackItem {
        FeedbackItem { slip: String::new(), line: None, outcome: Ok(Outcome::of(verdict)) }
    }

    #[test]
    fn failures_wait_longer_and_never_too_long() {
        let waits: Vec<u64> = (1..=12).map(|failures| backoff_ms(1_000, failures)).collect();
        assert!(waits.is_sorted() && waits[0] == 2_000);
        assert_eq!(waits.last(), Some(&SWEEP_BACKOFF_MS_MAX));
        assert_eq!(backoff_ms(3_600_000, 1), 3_600_000, "a slow rhythm is never hurried by a failure");
        assert_eq!(backoff_ms(u64::MAX, u32::MAX), u64::MAX);
    }

    #[test]
    fn items_keep_their_order_in_runs_that_are_not_too_long() {
        let mut items: Vec<FeedbackItem> = (0..450).map(|_| item(Verdict::Done)).collect();
        items.push(item(Verdict::HandedBack));
        items.push(FeedbackItem { slip: String::new(), line: None, outcome: Err(String::new()) });
        let runs: Vec<(&str, usize)> = by_way(items).iter().map(|(way, run)| (*way, run.len())).collect();
        assert_eq!(runs, [("feedback", 200), ("feedback", 200), ("feedback", 50), ("hand_back", 1), ("feedback", 1)]);
    }
}
