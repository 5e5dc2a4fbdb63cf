//! The life of one act as stretches of time without a gap or an overlap, each with who was waited for: a fold over its events and those that held it.

use std::collections::BTreeSet;

use domain::calendar::{Calendar, Hours};
use domain::case::HaltCause;
use domain::delay::{Awaited, Limit, Stage};
use domain::outcome::Verdict;
use domain::socket::Cause;
use domain::stop::StopScope;
use domain::{ActKind, ActState, Millis};
use store::record::{ActRef, Fact, act_state};

use crate::decide::Wait;
use crate::state::held::stage_by;

/// An event as far as leaves tell it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub sequence: u64,
    pub at: Millis,
    pub fact: Fact,
    /// SHA-256 of the sealed body, hex.
    pub body: Option<String>,
    /// Of its leaf, as the trail has it.
    pub leaf_hash: trail::Hash,
}

/// Of which act.
pub(crate) struct Whose {
    pub act: ActRef,
    pub kind: Option<ActKind>,
    pub partner: String,
    pub court: String,
    /// Approvals that it waits for.
    pub approvals: u8,
    /// The partner fetches.
    pub fetched: bool,
    /// When what it builds on came to its end; until then it was not shown to whoever fetches.
    pub base_until: Option<Millis>,
    /// What agreed limits keep it waiting for now; what left says it itself.
    pub waits: Vec<Wait>,
}

/// One stretch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// From when.
    pub from: Millis,
    /// Until when; `None` = it goes on.
    pub until: Option<Millis>,
    /// In what stage.
    pub stage: Stage,
    /// For whom was waited.
    pub awaited: Awaited,
    /// The event that began it.
    pub event: u64,
    /// Name of the token that held it; empty = nobody.
    pub by: String,
}

/// This gateway did not run: from the last sign of life before a start until that start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outage {
    pub from: Millis,
    pub until: Millis,
    /// The start.
    pub event: u64,
}

/// What may have held acts back, and when.
struct Held {
    from: Millis,
    until: Option<Millis>,
    stage: Stage,
    awaited: Awaited,
    event: u64,
    by: String,
}

/// The hours of the act's partner, and the configuration that says so.
pub(crate) struct Service<'c> {
    pub hours: &'c Hours,
    pub calendar: &'c Calendar,
    /// Digest of the configuration in force now.
    pub digest: &'c str,
}

/// The stretches of an act, in order: its own events, then what held it cut out of the stretches in which nothing had been handed over
/// and the time in which we did not run out of whatever was waited for, then the hours in which its partner was closed out of what is
/// left of its turn.
pub(crate) fn stretches(
    whose: &Whose,
    own: &[Seen],
    (around, outages): (&[Seen], &[Outage]),
    service: Option<&Service<'_>>,
    now: Millis,
) -> Vec<Stretch> {
    let mut life = Life { whose, done: Vec::new(), current: None, approved: BTreeSet::new() };
    for seen in own {
        life.pass(seen);
    }
    let Life { mut done, current, .. } = life;
    done.extend(current);
    let mut held = held(whose, around);
    held.extend(whose.base_until.map(|until| turn(whose, own, until)));
    held.extend(own.iter().flat_map(paced));
    held.extend(whose.waits.iter().map(|wait| waits(whose, wait)));
    held.extend(outages.iter().map(down));
    held.sort_by_key(|held| held.from);
    let cut = done.into_iter().flat_map(|stretch| cut(stretch, &held, now));
    match service {
        Some(service) => cut.flat_map(|stretch| outside_hours(stretch, service, around, now)).collect(),
        None => cut.collect(),
    }
}

struct Life<'w> {
    whose: &'w Whose,
    done: Vec<Stretch>,
    current: Option<Stretch>,
    approved: BTreeSet<String>,
}

impl Life<'_> {
    fn pass(&mut self, seen: &Seen) {
        let act = self.whose.act;
        match &seen.fact {
            Fact::RequestAccepted(_) | Fact::PlanExtended(_) if seen.sequence == act.0 => {
                let waits = self.approved.len() < usize::from(self.whose.approvals);
                self.begin(seen, if waits { Stage::Approval } else { self.ready() });
            }
            Fact::RequestApproved(fact) => {
                self.approved.insert(fact.by.clone());
                let enough = self.approved.len() >= usize::from(self.whose.approvals);
                if enough && self.stage() == Some(Stage::Approval) {
                    self.begin(seen, self.ready());
                }
            }
            Fact::RequestStopped(_) | Fact::DeadlinePassed(_) => {
                let held = self.stage().is_some_and(|it| it == Stage::Approval || it.is_before_handing_over());
                if held && !self.whose.kind.is_some_and(ActKind::ends_a_measure) {
                    self.end(seen.at);
                }
            }
            Fact::ExchangeBegan(fact) => match fact.kind.as_str() {
                "offer" => self.begin(seen, Stage::Answer),
                "send" => self.begin(seen, Stage::Exchange),
                // A question changes nothing about what is waited for.
                _ => {}
            },
            Fact::ExchangeEnded(fact) => {
                let ours = Cause::is_ours(&fact.cause);
                self.stand(seen, act_state(&fact.state), &fact.verdict, (fact.due.is_some(), ours));
            }
            Fact::OutcomeReceived(fact) => self.stand(seen, act_state(&fact.state), &fact.verdict, (true, false)),
            Fact::ActWithdrawn(_) => self.end(seen.at),
            Fact::ActResolved(fact) if !fact.state.is_empty() => self.end(seen.at),
            _ => {}
        }
    }

    fn ready(&self) -> Stage {
        if self.whose.fetched { Stage::Fetch } else { Stage::Turn }
    }

    fn stage(&self) -> Option<Stage> {
        self.current.as_ref().map(|current| current.stage)
    }

    /// What its partner's word or silence left it in, or what went wrong on our side.
    fn stand(&mut self, seen: &Seen, state: ActState, verdict: &str, (due, ours): (bool, bool)) {
        let stage = match state {
            state if state.is_final() => return self.end(seen.at),
            ActState::Ready | ActState::Planned => Stage::Retry,
            ActState::InDoubt if due => Stage::Doubt,
            ActState::InDoubt => Stage::Settle,
            _ if verdict == Verdict::Registered.word() => Stage::Condition,
            _ if self.stage() == Some(Stage::Condition) => Stage::Condition,
            _ => Stage::Answer,
        };
        let awaited = match stage {
            Stage::Retry | Stage::Doubt if ours => Awaited::Gateway,
            stage => stage.awaited(),
        };
        let same = |current: &Stretch| current.stage == stage && current.awaited == awaited;
        if !self.current.as_ref().is_some_and(same) {
            self.begin_for(seen, stage, awaited);
        }
    }

    fn begin(&mut self, seen: &Seen, stage: Stage) {
        self.begin_for(seen, stage, stage.awaited());
    }

    fn begin_for(&mut self, seen: &Seen, stage: Stage, awaited: Awaited) {
        self.end(seen.at);
        let (from, event) = (seen.at, seen.sequence);
        self.current = Some(Stretch { from, until: None, stage, awaited, event, by: String::new() });
    }

    fn end(&mut self, at: Millis) {
        if let Some(mut over) = self.current.take() {
            over.until = Some(at);
            self.done.push(over);
        }
    }
}

/// Pauses, stops and halts that concern this act, by when they began.
fn held(whose: &Whose, around: &[Seen]) -> Vec<Held> {
    let mut found: Vec<Held> = Vec::new();
    for seen in around {
        match &seen.fact {
            Fact::LanePaused(fact) if fact.partner == whose.partner => {
                close(&mut found, Stage::Pause, seen.at);
                found.push(hold(seen, (Stage::Pause, Awaited::Gateway), &fact.by, Some(fact.until)));
            }
            Fact::LaneResumed(fact) if fact.partner == whose.partner => close(&mut found, Stage::Pause, seen.at),
            Fact::StopOrdered(fact) => {
                let kinds: Vec<ActKind> = fact.kinds.iter().filter_map(|word| ActKind::from_word(word)).collect();
                let scope = match (fact.all, fact.court.is_empty()) {
                    (true, _) => StopScope::All,
                    (false, false) => StopScope::Court(fact.court.clone()),
                    (false, true) => StopScope::Acts(kinds),
                };
                let awaited = if fact.own { Awaited::Court } else { Awaited::Gateway };
                if whose.kind.is_some_and(|kind| scope.holds(kind, &whose.court)) {
                    found.push(hold(seen, (Stage::Stop, awaited), &fact.by, None));
                }
            }
            Fact::StopLifted(fact) => {
                for stop in found.iter_mut().filter(|held| held.event == fact.stop) {
                    stop.until = Some(seen.at);
                }
            }
            Fact::CaseHalted(fact) => {
                let stays = HaltCause::from_word(&fact.cause).zip(whose.kind);
                if stays.is_some_and(|(cause, kind)| cause.stays(kind)) {
                    found.push(hold(seen, (Stage::Halt, Awaited::Court), &fact.by, None));
                }
            }
            Fact::CaseResumed(_) => close(&mut found, Stage::Halt, seen.at),
            Fact::ActHeld(fact) if fact.acts.contains(&whose.act) => {
                let stage = stage_by(&fact.by);
                found.extend(stage.map(|stage| hold(seen, (stage, stage.awaited()), "", None)));
            }
            Fact::ActFreed(fact) if fact.acts.contains(&whose.act) => {
                for stage in [Stage::NotOpen, Stage::Officer, Stage::PartUnread] {
                    close(&mut found, stage, seen.at);
                }
            }
            Fact::ExchangeEnded(fact) if fact.partner == whose.partner => {
                close(&mut found, Stage::Rest, seen.at);
                if fact.breaks.is_some() {
                    found.push(hold(seen, (Stage::Rest, Awaited::Partner), "", None));
                }
            }
            _ => {}
        }
    }
    found
}

fn hold(seen: &Seen, (stage, awaited): (Stage, Awaited), by: &str, until: Option<Millis>) -> Held {
    Held { from: seen.at, until, stage, awaited, event: seen.sequence, by: by.to_owned() }
}

/// What its message says that it had waited for.
fn paced(seen: &Seen) -> Vec<Held> {
    let Fact::ExchangeBegan(fact) = &seen.fact else { return Vec::new() };
    let times = fact.paced_from.iter().zip(&fact.paced_until);
    let told =
        fact.paced_by.iter().zip(times).filter_map(|(word, times)| Some((Limit::from_word(word)?.stage(), times)));
    let held = |(stage, (from, until)): (Stage, (&Millis, &Millis))| {
        let (awaited, event) = (stage.awaited(), seen.sequence);
        Held { from: *from, until: Some(*until), stage, awaited, event, by: String::new() }
    };
    told.map(held).collect()
}

/// The same of what has not left.
fn waits(whose: &Whose, wait: &Wait) -> Held {
    let stage = wait.by.stage();
    let (from, until, awaited, event) = (wait.from, wait.until, stage.awaited(), whose.act.0);
    Held { from, until, stage, awaited, event, by: String::new() }
}

fn down(outage: &Outage) -> Held {
    let Outage { from, until, event } = *outage;
    let (stage, awaited) = (Stage::Down, Stage::Down.awaited());
    Held { from, until: Some(until), stage, awaited, event, by: String::new() }
}

/// It waited for what it builds on.
fn turn(whose: &Whose, own: &[Seen], until: Millis) -> Held {
    let from = own.first().map_or(until, |seen| seen.at);
    let (stage, awaited, event) = (Stage::Turn, Stage::Turn.awaited(), whose.act.0);
    Held { from, until: Some(until), stage, awaited, event, by: String::new() }
}

/// The newest of a stage ends now, unless it was over before.
fn close(found: &mut [Held], stage: Stage, at: Millis) {
    if let Some(last) = found.iter_mut().rev().find(|held| held.stage == stage) {
        last.until = Some(last.until.map_or(at, |until| until.min(at)));
    }
}

/// One stretch, with what held it in the place of what it was waiting for meanwhile; the earlier of two holds stands for both.
fn cut(stretch: Stretch, held: &[Held], now: Millis) -> Vec<Stretch> {
    let may_hold = |hold: &&Held| hold.stage == Stage::Down || stretch.stage.is_before_handing_over();
    let end = stretch.until.unwrap_or(Millis::MAX);
    let (mut parts, mut from) = (Vec::new(), stretch.from);
    for hold in held.iter().filter(may_hold) {
        let begins = hold.from.max(from);
        // A pause that has its end ahead is not over yet.
        let over = hold.until.filter(|until| *until <= now || stretch.until.is_some());
        let ends = over.unwrap_or(Millis::MAX).min(end);
        if begins >= ends {
            continue;
        }
        if begins > from {
            parts.push(Stretch { from, until: Some(begins), ..stretch.clone() });
        }
        let until = if ends == Millis::MAX { None } else { Some(ends) };
        let (stage, awaited, event, by) = (hold.stage, hold.awaited, hold.event, hold.by.clone());
        parts.push(Stretch { from: begins, until, stage, awaited, event, by });
        from = ends;
    }
    if from < end {
        parts.push(Stretch { from, ..stretch });
    }
    parts
}

/// What is left of a turn, parted by the hours of its partner; whole where the configuration was another then, whose hours nobody
/// can say any more.
fn outside_hours(stretch: Stretch, service: &Service<'_>, around: &[Seen], now: Millis) -> Vec<Stretch> {
    let end = stretch.until.unwrap_or(now.max(stretch.from));
    if stretch.stage != Stage::Turn || !service.was_in_force(around, (stretch.from, end)) {
        return vec![stretch];
    }
    let (mut parts, mut from) = (Vec::new(), stretch.from);
    for (closes, opens) in service.hours.closed_within(stretch.from, end, service.calendar) {
        if closes > from {
            parts.push(Stretch { from, until: Some(closes), ..stretch.clone() });
        }
        let until = if opens >= end { stretch.until } else { Some(opens) };
        let (stage, awaited) = (Stage::Hours, Stage::Hours.awaited());
        parts.push(Stretch { from: closes, until, stage, awaited, ..stretch.clone() });
        from = opens;
    }
    if from < end || parts.is_empty() {
        parts.push(Stretch { from, ..stretch });
    }
    parts
}

impl Service<'_> {
    /// Was the configuration of now the one in force all that time?
    fn was_in_force(&self, around: &[Seen], (from, until): (Millis, Millis)) -> bool {
        let loaded = around.iter().filter_map(|seen| match &seen.fact {
            Fact::ConfigLoaded(fact) if seen.at <= until => Some((seen.at, fact.digest == self.digest)),
            _ => None,
        });
        let (before, within): (Vec<_>, Vec<_>) = loaded.partition(|(at, _)| *at <= from);
        before.last().is_some_and(|(_, same)| *same) && within.iter().all(|(_, same)| *same)
    }
}

/// How long each was waited for, in milliseconds, in the order of [`Awaited::ALL`]; what goes on counts until `now`.
pub(crate) fn sums(stretches: &[Stretch], now: Millis) -> Vec<(Awaited, Millis)> {
    let of = |awaited: Awaited| {
        let own = stretches.iter().filter(|stretch| stretch.awaited == awaited);
        own.map(|stretch| stretch.until.unwrap_or(now.max(stretch.from)) - stretch.from).sum()
    };
    Awaited::ALL.iter().map(|awaited| (*awaited, of(*awaited))).collect()
}

#[cfg(test)]
mod tests;
