//! The life of one act as stretches of time without a gap or an overlap, each with who was waited for: a fold over its events and those that held it.

use std::collections::BTreeSet;

use domain::calendar::{Calendar, Hours};
use domain::case::HaltCause;
use domain::delay::{Awaited, Stage};
use domain::outcome::Verdict;
use domain::stop::StopScope;
use domain::{ActKind, ActState, Millis};
use store::record::{ActRef, Fact, act_state};

/// An event as far as leaves tell it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub sequence: u64,
    pub at: Millis,
    pub fact: Fact,
    /// SHA-256 of the sealed body, hex.
    pub body: Option<String>,
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

/// The stretches of an act, in order: its own events, then what held it cut out of the stretches in which nothing had been handed
/// over, then the hours in which its partner was closed out of what is left of its turn.
pub(crate) fn stretches(
    whose: &Whose,
    own: &[Seen],
    around: &[Seen],
    service: Option<&Service<'_>>,
    now: Millis,
) -> Vec<Stretch> {
    let mut life = Life { whose, done: Vec::new(), current: None, approved: BTreeSet::new() };
    for seen in own {
        life.pass(seen);
    }
    let Life { mut done, current, .. } = life;
    done.extend(current);
    let held = held(whose, around);
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
            Fact::ExchangeEnded(fact) => self.stand(seen, act_state(&fact.state), &fact.verdict, fact.due.is_some()),
            Fact::OutcomeReceived(fact) => self.stand(seen, act_state(&fact.state), &fact.verdict, true),
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

    /// What its partner's word or silence left it in.
    fn stand(&mut self, seen: &Seen, state: ActState, verdict: &str, due: bool) {
        let stage = match state {
            state if state.is_final() => return self.end(seen.at),
            ActState::Ready | ActState::Planned => Stage::Retry,
            ActState::InDoubt if due => Stage::Doubt,
            ActState::InDoubt => Stage::Settle,
            _ if verdict == Verdict::Registered.word() => Stage::Condition,
            _ if self.stage() == Some(Stage::Condition) => Stage::Condition,
            _ => Stage::Answer,
        };
        if self.stage() != Some(stage) {
            self.begin(seen, stage);
        }
    }

    fn begin(&mut self, seen: &Seen, stage: Stage) {
        self.end(seen.at);
        let (from, awaited, event) = (seen.at, stage.awaited(), seen.sequence);
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

/// The newest of a stage ends now, unless it was over before.
fn close(found: &mut [Held], stage: Stage, at: Millis) {
    if let Some(last) = found.iter_mut().rev().find(|held| held.stage == stage) {
        last.until = Some(last.until.map_or(at, |until| until.min(at)));
    }
}

/// One stretch, with what held it in the place of what it was waiting for meanwhile; the earlier of two holds stands for both.
fn cut(stretch: Stretch, held: &[Held], now: Millis) -> Vec<Stretch> {
    if !stretch.stage.is_before_handing_over() {
        return vec![stretch];
    }
    let end = stretch.until.unwrap_or(Millis::MAX);
    let (mut parts, mut from) = (Vec::new(), stretch.from);
    for hold in held {
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
mod tests {
    use store::record::{
        ExchangeBegan, ExchangeEnded, LanePaused, LaneResumed, OutcomeReceived, RequestAccepted, RequestApproved,
        StopLifted, StopOrdered,
    };

    use super::*;

    fn whose(approvals: u8, fetched: bool) -> Whose {
        Whose {
            act: ActRef(10, 0),
            kind: Some(ActKind::Freeze),
            partner: "bank-a".to_owned(),
            court: "330225".to_owned(),
            approvals,
            fetched,
        }
    }

    fn seen(sequence: u64, at: Millis, fact: impl Into<Fact>) -> Seen {
        Seen { sequence, at, fact: fact.into(), body: None }
    }

    fn accepted(at: Millis) -> Seen {
        let fact = RequestAccepted {
            acts: 1,
            case: None,
            court: "330225".to_owned(),
            deadline: None,
            goal: "acts".to_owned(),
            priority: "normal".to_owned(),
            slips: 1,
            token: "court".to_owned(),
        };
        seen(10, at, fact)
    }

    fn began(sequence: u64, at: Millis, kind: &str) -> Seen {
        let acts = vec![ActRef(10, 0)];
        seen(sequence, at, ExchangeBegan { acts, kind: kind.to_owned(), partner: "bank-a".to_owned() })
    }

    fn ended(sequence: u64, at: Millis, (judged, state): (&str, &str), due: Option<i64>) -> Seen {
        let fact = ExchangeEnded {
            act: ActRef(10, 0),
            breaks: None,
            cause: String::new(),
            due,
            exchange: sequence - 1,
            judged: judged.to_owned(),
            partner: "bank-a".to_owned(),
            state: state.to_owned(),
            verdict: String::new(),
        };
        seen(sequence, at, fact)
    }

    fn told(sequence: u64, at: Millis, state: &str) -> Seen {
        let fact = OutcomeReceived {
            act: ActRef(10, 0),
            partner: "bank-a".to_owned(),
            state: state.to_owned(),
            supersedes: false,
            verdict: "done".to_owned(),
            way: "feedback".to_owned(),
        };
        seen(sequence, at, fact)
    }

    fn shown(stretches: &[Stretch]) -> Vec<(Millis, Option<Millis>, &'static str, &'static str)> {
        stretches.iter().map(|it| (it.from, it.until, it.stage.word(), it.awaited.word())).collect()
    }

    #[test]
    fn delay_is_the_agencys_from_the_moment_it_may_fetch() {
        let approved = |sequence, at, by: &str| seen(sequence, at, RequestApproved { by: by.to_owned(), request: 10 });
        let own = [
            accepted(100),
            approved(11, 150, "a"),
            approved(12, 180, "b"),
            began(13, 400, "offer"),
            told(14, 900, "done"),
        ];
        let found = stretches(&whose(2, true), &own, &[], None, 1_000);
        assert_eq!(
            shown(&found),
            [
                (100, Some(180), "approval", "court"),
                (180, Some(400), "fetch", "partner"),
                (400, Some(900), "answer", "partner")
            ]
        );
        assert_eq!(sums(&found, 1_000), [(Awaited::Court, 80), (Awaited::Gateway, 0), (Awaited::Partner, 720)]);
    }

    #[test]
    fn a_pause_and_a_stop_are_cut_out_of_what_waited_and_nothing_is_counted_twice() {
        let pause = |sequence, at, until| {
            seen(sequence, at, LanePaused { by: "op".to_owned(), partner: "bank-a".to_owned(), until })
        };
        let resumed =
            |sequence, at| seen(sequence, at, LaneResumed { by: "op".to_owned(), partner: "bank-a".to_owned() });
        let stop = StopOrdered {
            all: false,
            by: "approver".to_owned(),
            court: "330225".to_owned(),
            kinds: Vec::new(),
            own: true,
        };
        let around = [
            pause(3, 50, 5_000),
            resumed(11, 200),
            seen(12, 150, stop),
            seen(13, 300, StopLifted { by: "other".to_owned(), stop: 12 }),
        ];
        let own = [accepted(100), began(14, 350, "send"), ended(15, 360, ("answered", "done"), None)];
        let found = stretches(&whose(0, false), &own, &around, None, 1_000);
        assert_eq!(
            shown(&found),
            [
                (100, Some(200), "pause", "gateway"),
                (200, Some(300), "stop", "court"),
                (300, Some(350), "turn", "gateway"),
                (350, Some(360), "exchange", "partner")
            ]
        );
        let whole: Millis = sums(&found, 1_000).iter().map(|(_, ms)| ms).sum();
        assert_eq!(whole, 260, "from the first instant to the last, once");
    }

    #[test]
    fn what_goes_on_is_waited_for_until_now() {
        let own = [
            accepted(100),
            began(11, 110, "send"),
            ended(12, 120, ("not_sent", "ready"), Some(200)),
            began(13, 200, "send"),
            ended(14, 230, ("doubt", "in_doubt"), Some(300)),
            began(15, 300, "ask"),
            ended(16, 310, ("doubt", "in_doubt"), None),
        ];
        let found = stretches(&whose(0, false), &own, &[], None, 1_000);
        assert_eq!(
            shown(&found),
            [
                (100, Some(110), "turn", "gateway"),
                (110, Some(120), "exchange", "partner"),
                (120, Some(200), "retry", "partner"),
                (200, Some(230), "exchange", "partner"),
                (230, Some(310), "doubt", "partner"),
                (310, None, "settle", "court")
            ]
        );
        assert_eq!(sums(&found, 1_000).first(), Some(&(Awaited::Court, 690)));
    }

    #[test]
    fn hours_and_a_lane_that_rested_are_not_our_turn() {
        use domain::calendar::{Calendar, Hours};
        use store::record::ConfigLoaded;
        const HOUR: Millis = 3_600_000;
        // Friday 20 November 2026, 16:00.
        let friday = domain::day::parse_instant("2026-11-20T16:00:00+08:00").unwrap();
        let loaded =
            |sequence, at, digest: &str| seen(sequence, at, ConfigLoaded { digest: digest.to_owned(), partners: 1 });
        let fails = |sequence, at, breaks| {
            let Seen { fact: Fact::ExchangeEnded(fact), .. } = ended(sequence, at, ("not_sent", "ready"), None) else {
                unreachable!("it ended")
            };
            seen(sequence, at, ExchangeEnded { breaks, ..fact })
        };
        let (hours, calendar) = (Hours::parse("08:30-17:00").unwrap(), Calendar::default());
        let service = Service { hours: &hours, calendar: &calendar, digest: "now" };
        let monday = friday + 65 * HOUR;
        let own = [
            Seen { at: friday, ..accepted(0) },
            began(20, monday + HOUR, "send"),
            ended(21, monday + HOUR + 10, ("answered", "done"), None),
        ];
        let rested = [
            loaded(3, friday - HOUR, "now"),
            fails(12, friday + HOUR / 2, Some(friday + HOUR)),
            seen(13, monday - HOUR / 2, ended(13, 0, ("answered", "done"), None).fact),
        ];
        let found = stretches(&whose(0, false), &own, &rested[..1], Some(&service), monday + 2 * HOUR);
        let told = |found: &[Stretch]| -> Vec<(Millis, &'static str, &'static str)> {
            let length = |it: &Stretch| it.until.unwrap() - it.from;
            found.iter().map(|it| (length(it), it.stage.word(), it.awaited.word())).collect()
        };
        let (turn, shut) = ((HOUR, "turn", "gateway"), (63 * HOUR + HOUR / 2, "hours", "partner"));
        let sent = (10, "exchange", "partner");
        assert_eq!(told(&found), [turn, shut, (HOUR + HOUR / 2, "turn", "gateway"), sent], "a weekend");
        let found = stretches(&whose(0, false), &own, &rested, Some(&service), monday + 2 * HOUR);
        let after = (HOUR + HOUR / 2, "turn", "gateway");
        let rest = (64 * HOUR, "rest", "partner");
        assert_eq!(told(&found), [(HOUR / 2, "turn", "gateway"), rest, after, sent]);
        let changed = [loaded(3, friday - HOUR, "then"), loaded(14, friday + 2 * HOUR, "now")];
        let found = stretches(&whose(0, false), &own, &changed, Some(&service), monday + 2 * HOUR);
        assert_eq!(told(&found), [(66 * HOUR, "turn", "gateway"), sent], "the hours of then are not known");
        let waits = stretches(&whose(0, false), &own[..1], &rested[..1], Some(&service), friday + 5 * HOUR);
        let last = waits.last().unwrap();
        assert_eq!((last.stage.word(), last.from, last.until), ("hours", friday + HOUR, None), "closed still");
    }

    #[test]
    fn another_lanes_pause_and_another_courts_stop_held_nothing() {
        let pause = LanePaused { by: "op".to_owned(), partner: "bank-b".to_owned(), until: 9_000 };
        let stop =
            StopOrdered { all: false, by: "x".to_owned(), court: "440300".to_owned(), kinds: Vec::new(), own: true };
        let around = [seen(3, 50, pause), seen(4, 60, stop)];
        let own = [accepted(100), began(14, 350, "send"), ended(15, 360, ("answered", "done"), None)];
        let found = stretches(&whose(0, false), &own, &around, None, 1_000);
        assert_eq!(found.len(), 2, "{:?}", shown(&found));
    }
}
