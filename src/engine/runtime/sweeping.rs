//! Sweeps: looking into the mailboxes of partners that answer by leaving packets; what they say takes the path of a callback.
//!
//! A sweep is no exchange of a lane: it orders nothing, so neither pause, breaker, hours nor rate hold it back. News must come
//! in most of all when something is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Flaw;
use domain::outcome::Verdict;
use domain::socket::{
    CallOut, Cause, Conclusion, FaceAnswer, FeedbackItem, INBOUND_ITEMS_MAX, Inbound, ItemVerdict, Plug, Swept,
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

/// Packets of one partner that are remembered as told while they cannot be put aside, each below 300 bytes. Beyond
/// it one is forgotten and told again.
pub const ASIDE_TOLD_MAX: usize = 1_000;

/// What one look came to.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Looked {
    /// Everything that was there is done with, or all that one sweep brings.
    Through { more: bool },
    /// The same, but for something that nobody could get at or put away: the first such packet, and a word.
    PassedOver { more: bool, packet: String, why: &'static str },
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
    passing: Option<&'static str>,
    told: Told,
}

impl Rhythm {
    /// When it is due; `None` = a sweep is under way.
    fn waits_until(&self) -> Option<u64> {
        (!self.under_way).then_some(self.due_ms)
    }
}

/// Of the partners that are due those that have waited longest, as many as there are places, and when the next one falls due. A partner
/// of which more lies there is due again at once, behind all that were due before it: its backlog is nobody else's wait.
fn in_turn(mut waiting: Vec<(u64, String)>, now: u64, places: usize) -> (BTreeSet<String>, Option<u64>) {
    waiting.sort_unstable();
    let next_due = waiting.iter().map(|(due, _)| *due).find(|due| *due > now);
    let due = waiting.into_iter().take_while(|(due, _)| *due <= now);
    (due.take(places).map(|(_, partner)| partner).collect(), next_due)
}

/// Packets whose event stands and that still lie there, unreadable or not taken, by name and sum: one that cannot be put aside is told
/// once, not with every sweep.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<BTreeSet<String>>>);

impl Told {
    /// Notes one; false when it was told before.
    fn begin(&self, packet: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(packet) && told.len() == ASIDE_TOLD_MAX {
            told.pop_first();
        }
        told.insert(packet.to_owned())
    }

    /// It does not lie there any more, or was never told.
    fn end(&self, packet: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(packet);
    }
}

/// Starts the sweeping of all partners, those of a later configuration too; it ends when the gateway drains.
pub fn begin(engine: &Engine) {
    let engine = engine.clone();
    let tokio = engine.shared.tokio.clone();
    tokio.spawn(async move {
        let _watched = engine.shared.watched("sweeps");
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
            let swept = self.swept_partners();
            let waits = |partner: &str| rhythms.get(partner).map_or(Some(0), Rhythm::waits_until);
            let due = swept.iter().filter_map(|(partner, ..)| Some((waits(partner)?, partner.clone())));
            let (turn, next_due) = in_turn(due.collect(), now, SWEEPS_AT_ONCE_MAX.saturating_sub(under_way.len()));
            next_ms = next_due.map_or(next_ms, |due| next_ms.min(due));
            for (partner, call, _) in swept.into_iter().filter(|(partner, ..)| turn.contains(partner)) {
                let rhythm = rhythms.entry(partner.clone()).or_default();
                rhythm.under_way = true;
                let (engine, told) = (self.clone(), rhythm.told.clone());
                under_way.spawn(async move {
                    let looked = engine.look(&partner, call.as_ref(), &told).await;
                    (partner, looked)
                });
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
                let had_passed = rhythm.passing.take().is_some();
                if rhythm.failing.take().is_some() || had_passed {
                    tracing::info!(partner, "its mailbox can be swept again");
                }
                rhythm.failures = 0;
                if more { 0 } else { every_ms }
            }
            // Whatever else lies there comes in at its own pace: nobody waits longer for what is beside it.
            Looked::PassedOver { more, packet, why } => {
                self.shared.counts.sweeps_failed.fetch_add(1, Ordering::Relaxed);
                if rhythm.passing.replace(why) != Some(why) {
                    tracing::warn!(
                        partner,
                        packet,
                        why,
                        "a packet cannot be read or put away and is passed over: look at it and at our rights in its folder"
                    );
                }
                (rhythm.failing, rhythm.failures) = (None, 0);
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

    async fn look(&self, partner: &str, call: &dyn CallOut, told: &Told) -> Looked {
        self.shared.counts.sweeps.fetch_add(1, Ordering::Relaxed);
        let limit = Duration::from_millis(SWEEP_MS_MAX);
        let sweep = tokio::time::timeout(limit, AssertUnwindSafe(self.sweep(partner, call, told)).catch_unwind()).await;
        match sweep {
            Ok(Ok(Ok(looked))) => looked,
            Ok(Ok(Err(why))) => Looked::Failed(why),
            Ok(Err(_)) => Looked::Failed(Cause::Panicked.word()),
            Err(_) => Looked::Failed(Cause::Timeout.word()),
        }
    }

    /// Everything found is taken and put away in its order. What cannot be put away holds up nothing behind it: what it says is
    /// durable, and it is found again. What the gateway itself refuses ends the sweep.
    async fn sweep(&self, partner: &str, call: &dyn CallOut, told: &Told) -> Result<Looked, &'static str> {
        let sweep = call.sweep().await.map_err(|cause| {
            self.shared.calls.failed(partner, cause, self.shared.clock.wall());
            cause.word()
        })?;
        let (mut passed, mut put_away) = (sweep.passed, 0_usize);
        for swept in sweep.found {
            self.shared.counts.swept.fetch_add(1, Ordering::Relaxed);
            let packet = swept.packet.clone();
            // Refused is not durable: it stays where it is and is found again.
            match self.take(partner, call, swept, told).await? {
                Ok(()) => put_away += 1,
                Err(cause) => {
                    passed.get_or_insert((packet, cause));
                }
            }
        }
        match passed {
            None => Ok(Looked::Through { more: sweep.more }),
            // More lies there and nothing can be put away: looking again at once would find the same.
            Some((_, cause)) if sweep.more && put_away == 0 => Err(cause.word()),
            Some((packet, cause)) => Ok(Looked::PassedOver { more: sweep.more, packet, why: cause.word() }),
        }
    }

    async fn take(
        &self,
        partner: &str,
        call: &dyn CallOut,
        mut swept: Swept,
        told: &Told,
    ) -> Result<Result<(), Cause>, &'static str> {
        let inbound = match std::mem::replace(&mut swept.said, Ok(Inbound::default())) {
            Ok(inbound) => inbound,
            Err(reason) => return self.set_aside(partner, call, &swept, reason, told).await,
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
            return Ok(call.conclude(&swept.name, Conclusion::Taken(&verdicts)).await);
        }
        self.set_aside(partner, call, &swept, not_taken(&verdicts), told).await
    }

    /// One event for a packet however often it is found, then it is put aside.
    async fn set_aside(
        &self,
        partner: &str,
        call: &dyn CallOut,
        swept: &Swept,
        reason: &'static str,
        told: &Told,
    ) -> Result<Result<(), Cause>, &'static str> {
        let known_by = format!("{} {}", swept.packet, swept.digest);
        if told.begin(&known_by) {
            let command = Command::SetAside { partner: partner.to_owned(), reason, digest: swept.digest.clone() };
            if self.done(command).await.is_err() {
                told.end(&known_by);
                return Err("gateway");
            }
            self.shared.counts.set_aside.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                partner,
                packet = swept.packet,
                reason,
                "a packet was set aside: look at it, then ask the partner for another"
            );
        }
        let aside = call.conclude(&swept.name, Conclusion::SetAside(reason)).await;
        if aside.is_ok() {
            told.end(&known_by);
        }
        Ok(aside)
    }
}

/// Why a packet with results that were not taken is set aside: whom or what they are about weighs most.
fn not_taken(verdicts: &[ItemVerdict]) -> &'static str {
    let says = |flaws: &[Flaw]| {
        let refused = verdicts.iter().filter_map(|verdict| verdict.taken.as_ref().err());
        refused.into_iter().any(|untaken| flaws.contains(&untaken.flaw()))
    };
    match (says(&[Flaw::AnotherName, Flaw::AnotherNumber]), says(&[Flaw::AnotherAccount])) {
        (true, _) => "another_subject",
        (false, true) => "another_account",
        (false, false) => "not_taken",
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
    fn backlogs_of_some_keep_nobody_else_waiting() {
        // Four with a backlog, first by name, are due again as soon as they are swept; the fifth fell due a moment later.
        let mut due: BTreeMap<String, u64> = (0..4).map(|nth| (format!("a-{nth}"), 0)).collect();
        due.insert("b".to_owned(), 1);
        let mut swept = 0;
        for now in 1..100 {
            let waiting = due.iter().map(|(partner, due)| (*due, partner.clone())).collect();
            let (turn, _) = in_turn(waiting, now, SWEEPS_AT_ONCE_MAX);
            assert!(turn.len() <= SWEEPS_AT_ONCE_MAX);
            swept += usize::from(turn.contains("b"));
            due.extend(turn.into_iter().map(|partner| (partner, now)));
        }
        assert!(swept >= 45, "{swept}: it never waits for two turns");
        let later = in_turn(vec![(7, "c".to_owned()), (9, "d".to_owned())], 8, 4);
        assert_eq!(later, (BTreeSet::from(["c".to_owned()]), Some(9)));
    }

    #[test]
    fn what_is_told_is_told_once_and_remembered_within_a_bound() {
        let told = Told::default();
        assert!(told.begin("a") && !told.begin("a"));
        told.end("a");
        assert!(told.begin("a"), "it went and came again");
        for nth in 0..2 * ASIDE_TOLD_MAX {
            told.begin(&nth.to_string());
        }
        assert_eq!(told.0.lock().unwrap().len(), ASIDE_TOLD_MAX);
    }

    #[test]
    fn a_packet_that_was_not_taken_says_whose_it_is() {
        let told = |flaws: &[Flaw]| {
            let verdict = |flaw: &Flaw| ItemVerdict { slip: String::new(), taken: Err((*flaw).into()) };
            let taken = ItemVerdict { slip: String::new(), taken: Ok(()) };
            not_taken(&flaws.iter().map(verdict).chain([taken]).collect::<Vec<_>>())
        };
        assert_eq!(told(&[Flaw::SlipUnknown]), "not_taken");
        assert_eq!(told(&[Flaw::SlipUnknown, Flaw::AnotherAccount]), "another_account");
        assert_eq!(told(&[Flaw::AnotherAccount, Flaw::AnotherNumber]), "another_subject");
        assert_eq!(told(&[Flaw::AnotherName]), "another_subject");
    }

    #[test]
    fn items_keep_their_order_in_runs_that_are_not_too_long() {
        let mut items: Vec<FeedbackItem> = (0..450).map(|_| item(Verdict::Done)).collect();
        items.push(item(Verdict::HandedBack));
        items.push(FeedbackItem { slip: String::new(), line: None, outcome: Err(Flaw::SlipUnknown.into()) });
        let runs: Vec<(&str, usize)> = by_way(items).iter().map(|(way, run)| (*way, run.len())).collect();
        assert_eq!(runs, [("feedback", 200), ("feedback", 200), ("feedback", 50), ("hand_back", 1), ("feedback", 1)]);
    }
}
