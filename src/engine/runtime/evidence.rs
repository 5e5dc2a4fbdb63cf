//! What proves one act, put together from the journal alone: its events, those of its case that are about it, those that held it.

mod head;
mod kept;
mod lines;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::act::ActOrder;
use domain::measure::MeasureState;
use domain::rules::{self, Rule};
use domain::{ActId, ActKind, ActState, CaseId, Millis, Personal, RequestId};
use store::record::{ActRef, Body, Fact, PlanLine, act_state, read_leaf};

use kept::{Kept, Read};

use super::{Engine, Shared};
use crate::command::{ClosedRead, Command};
use crate::decide::PAUSE_MS_MAX;
use crate::delay::{Outage, Seen, Service, Stretch, Whose, stretches, sums};
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::books::paper_key;
use crate::state::proof::{CASE_EVENTS_MAX, HOLDS_MAX, OF_CONFIG, OF_GATEWAY, hold_key};
use crate::view::Caller;
use crate::view::evidence::{
    EVIDENCE_LINES_MAX, EVIDENCE_LOOKED_MAX, EvidenceEvent, EvidenceHead, EvidenceView, ReleasedLine, SealedEvidence,
};
use crate::words::words;

/// Events of one page at most: each brings its leaf and some thirty hashes, so that a page stays below a MiB.
const PAGE_EVENTS_MAX: u16 = 200;
/// Acts whose evidence is put together at once: a tenth of a second each, beside exchanges on the same threads.
const PROVING_MAX: usize = 1;
/// Pauses and stops that are looked at for one act, the newest of its time; and as many configurations and starts.
const HOLDS_LOOKED_MAX: usize = 512;

/// Whose turn it is to have evidence put together, and what was read for the last of them.
pub(super) struct Proving {
    turns: Arc<tokio::sync::Semaphore>,
    kept: Kept,
}

impl Default for Proving {
    fn default() -> Self {
        Self { turns: Arc::new(tokio::sync::Semaphore::new(PROVING_MAX)), kept: Kept::default() }
    }
}

/// Where the events of an act may stand.
struct Places {
    request: RequestId,
    case: u64,
    court: String,
    /// Version of a request that is finished.
    closed: Option<u64>,
    version: u64,
    events: Vec<u64>,
    case_events: Vec<u64>,
    fetched: bool,
}

/// What was read.
struct Found {
    own: Vec<Seen>,
    around: Vec<Seen>,
    about: Vec<Seen>,
    complete: bool,
}

impl Engine {
    /// Everything that proves an act, with a page of its events and their proofs. `sealed` = also what stands in sealed bodies, which is
    /// a read of personal data.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also for another court's act and for one of a secret request; [`Refusal::Unavailable`].
    pub async fn evidence(
        &self,
        caller: &Caller,
        act: ActId,
        sealed: bool,
        (cursor, limit): (Option<u64>, u16),
    ) -> Result<EvidenceView, Refusal> {
        self.shared.known_by_act(caller, act)?;
        let places = self.shared.places_of(act)?;
        if sealed {
            let closed = places.closed.map(|version| ClosedRead { version });
            self.note_read(caller, places.request, closed, places.version).await?;
        } else {
            // Everything shown is durable: an empty question through the same queue waits for it.
            self.done(Command::Barrier).await?;
        }
        let (limit, now) = (usize::from(limit.clamp(1, PAGE_EVENTS_MAX)), self.now());
        let turn = Arc::clone(&self.shared.proving.turns).acquire_owned().await.map_err(|_| Refusal::Draining)?;
        let shared = Arc::clone(&self.shared);
        let (tell, told) = tokio::sync::oneshot::channel();
        // Up to twenty-five thousand leaves are read: not on a worker that takes calls, nor by many at once.
        self.shared.tokio.spawn(async move {
            let _gone = tell.send(tokio::task::block_in_place(|| {
                let _turn = turn;
                // What was on its way to the disk can be read now.
                let places = shared.places_of(act)?;
                shared.evidence_of(act, &places, sealed, (cursor, limit), now)
            }));
        });
        told.await.map_err(|_| Refusal::Unavailable)?
    }
}

impl Shared {
    pub(super) fn seen(&self, sequence: u64) -> Option<Seen> {
        let record = self.reader.read(sequence).ok()??;
        let leaf = read_leaf(&record.leaf).ok()?;
        let leaf_hash = ::trail::leaf_hash(&record.leaf);
        Some(Seen { sequence, at: leaf.at, fact: leaf.fact, body: leaf.body_digest, leaf_hash })
    }

    /// By leaves alone, so that it works for an erased case too.
    fn places_of(&self, act: ActId) -> Result<Places, Refusal> {
        let request = self.planned(act).ok_or(Refusal::NotFound)?;
        let partner = self.papers.line(act).map(|line| line.partner).unwrap_or_default();
        let id = RequestId(request);
        let open = {
            let decider = self.decider.read();
            let state = &decider.state;
            let fetched = decider
                .config()
                .partners
                .get(&partner)
                .is_some_and(|partner| partner.travel == domain::partner::Travel::Pull);
            let open = state.request_index(id).and_then(|index| state.requests.get(index));
            open.map(|open| Places {
                request: id,
                case: state.case_id(open.case).0,
                court: state.word(open.court).to_owned(),
                closed: None,
                version: open.version,
                events: open.events.clone(),
                case_events: Vec::new(),
                fetched,
            })
        };
        let mut places = match open {
            Some(places) => places,
            None => {
                let closed = self.closed_with_events(request)?.ok_or(Refusal::NotFound)?;
                Places {
                    request: id,
                    case: closed.case,
                    court: closed.court,
                    closed: Some(closed.version),
                    version: closed.version,
                    events: closed.events,
                    case_events: Vec::new(),
                    fetched: false,
                }
            }
        };
        let decider = self.decider.read();
        let state = &decider.state;
        let case =
            state.case_by_sequence(places.case).and_then(|case| state.cases.get(case)).map(|case| &case.events[..]);
        let erased = || state.erased_cases.get(&places.case).map(|erased| &erased.events[..]);
        places.case_events = case.or_else(erased).unwrap_or_default().to_vec();
        Ok(places)
    }

    fn evidence_of(
        &self,
        act: ActId,
        places: &Places,
        sealed: bool,
        (cursor, limit): (Option<u64>, usize),
        now: Millis,
    ) -> Result<EvidenceView, Refusal> {
        let (line, of) = (self.papers.line_unless_lost(act)?, ActRef::from(act));
        let kind = line.as_ref().and_then(|line| ActKind::from_code(line.kind));
        let mut found = self.found(of, places);
        let base_until = line.as_ref().and_then(|line| line.base).and_then(|base| self.base_until(base.into(), now));
        let partner = line.as_ref().map(|line| line.partner.clone()).unwrap_or_else(|| partner_in(&found.own));
        let outages = self.add_holds(&partner, &mut found);
        let whose = Whose {
            act: of,
            kind,
            partner: partner.clone(),
            court: places.court.clone(),
            approvals: line.as_ref().map_or(0, |line| line.approvals),
            fetched: places.fetched || was_fetched(&found.own),
            base_until,
            waits: self.decider.read().waits_for_limits(act, now),
        };
        let config = std::sync::Arc::clone(self.decider.read().config());
        let service = config.partners.get(&partner).map(|partner| Service {
            hours: &partner.hours,
            calendar: &config.calendar,
            digest: &config.digest,
        });
        let life = stretches(&whose, &found.own, (&found.around, &outages), service.as_ref(), now);
        let asked = kind.filter(|_| sealed);
        let ranks = self.ranks(of, &found.own, (asked, line.as_ref().map_or((0, 0), taken_over)));
        let (exchanges, exchanges_total) = self.exchanges(of, &found.own, sealed);
        let mut view = EvidenceView {
            act,
            request: places.request,
            case: CaseId(places.case),
            court: places.court.clone(),
            kind,
            partner,
            state: lines::state_of(of, &found.own),
            as_of: now,
            erased: line.is_none(),
            sealed: line.as_ref().filter(|_| sealed).and_then(|line| self.sealed(act, line, places.request)),
            order_digest: found.own.iter().find(|seen| seen.sequence == act.sequence).and_then(|it| it.body.clone()),
            times: self.times(of, &found.own, &life, sealed),
            waited: sums(&life, now),
            delays: Vec::new(),
            exchanges,
            exchanges_total,
            people: lines::people(of, &found.own),
            reminders: lines::reminders(&found.about),
            objections: self.objections(&found.about, sealed),
            ranks,
            released_alone: self.released_alone(of, &found),
            rules: rules_of(kind),
            complete: found.complete,
            events: Vec::new(),
            next: None,
            events_total: 0,
            tree_size: 0,
            checkpoint: String::new(),
            head: EvidenceHead::default(),
        };
        let all = chosen(found, &life);
        view.delays = life.into_iter().take(EVIDENCE_LINES_MAX).collect();
        self.page(&mut view, &all, (cursor, limit), sealed)?;
        Ok(view)
    }

    /// The events of the request that are about the act, and of its case those that are about it or may have held it.
    fn found(&self, act: ActRef, places: &Places) -> Found {
        let Read { own, around, about, .. } = self.read_of(act, &places.events, &places.case_events);
        let complete = places.events.len() <= EVIDENCE_LOOKED_MAX && places.case_events.len() < CASE_EVENTS_MAX;
        Found { own, around, about, complete }
    }

    /// What is of an act among the events of its request and its case; read is only what no earlier page has.
    fn read_of(&self, act: ActRef, events: &[u64], of_case: &[u64]) -> Read {
        let looked = events.get(..EVIDENCE_LOOKED_MAX).unwrap_or(events);
        self.proving.kept.of(act, (looked, of_case), |sequence| self.seen(sequence))
    }

    fn hold_at(&self, sequence: u64) -> Option<Seen> {
        self.proving.kept.hold(sequence, |sequence| self.seen(sequence))
    }

    /// When the act that another builds on came to its end; `now` = it has not, `None` = it is no act of ours.
    fn base_until(&self, base: ActId, now: Millis) -> Option<Millis> {
        let places = self.places_of(base).ok()?;
        let of = ActRef::from(base);
        let own = self.read_of(of, &places.events, &places.case_events).own;
        Some(lines::end_of(&own, of).unwrap_or(now))
    }

    /// Puts what may have held the act beside what is known of it, and says when the gateway did not run.
    fn add_holds(&self, partner: &str, found: &mut Found) -> Vec<Outage> {
        let (holds, outages, complete) = self.holds_on(partner, &found.own);
        found.around.extend(holds);
        found.around.sort_by_key(|seen| seen.sequence);
        found.complete &= complete;
        outages
    }

    /// Pauses and stops that may have held an act of this partner before it was handed over, the configurations of its time, the times
    /// in which the gateway did not run, and whether all of them are remembered and were looked at.
    fn holds_on(&self, partner: &str, own: &[Seen]) -> (Vec<Seen>, Vec<Outage>, bool) {
        let (Some(first), Some(last)) = (own.first(), own.last()) else { return (Vec::new(), Vec::new(), true) };
        let still = !lines::is_over(own);
        // A pause ends by itself, so none that began earlier can have held the act.
        let (since, until) = (first.at.saturating_sub(PAUSE_MS_MAX), if still { Millis::MAX } else { last.at });
        let chosen = {
            let decider = self.decider.read();
            Holds::chosen(&decider.state, hold_key(partner), (since, first.at, until))
        };
        let around = chosen.places.iter().filter_map(|sequence| self.hold_at(*sequence)).collect();
        let outage = |start: &u64| {
            let (start, before) = (self.hold_at(*start)?, self.hold_at(start.checked_sub(1)?)?);
            Some(Outage { from: before.at, until: start.at, event: start.sequence })
        };
        (around, chosen.starts.iter().filter_map(outage).collect(), chosen.complete)
    }

    fn sealed(&self, act: ActId, line: &PlanLine, request: RequestId) -> Option<SealedEvidence> {
        let papers = self.papers.request(request.0)?;
        let slip = domain::SlipLine { slip: domain::SlipNumber::from_bits(line.slip), line: line.line };
        let order: ActOrder = self.order_of(act, ActKind::from_code(line.kind)?, line.subject);
        let context = &papers.context;
        Some(SealedEvidence {
            case_number: context.case.number.clone(),
            order,
            slip: slip.to_string(),
            officers: context
                .officers
                .iter()
                .map(|it| [it.name.clone(), it.work_id.clone(), it.duty_id.clone()])
                .collect(),
            papers: context.papers.iter().map(|it| (it.kind.clone(), it.number.clone(), it.digest.clone())).collect(),
        })
    }

    /// A measure that ended by the partner's word without a release of ours, and an effect that it took back.
    fn released_alone(&self, act: ActRef, found: &Found) -> Vec<ReleasedLine> {
        let gone = [MeasureState::Ended.word(), MeasureState::Void.word()];
        let ended = found.about.iter().filter_map(|seen| {
            let Fact::MeasureChanged(fact) = &seen.fact else { return None };
            let alone = fact.measure == act && gone.contains(&fact.state.as_str()) && !self.was_ordered(seen.sequence);
            let (event, at, how, state) = (seen.sequence, seen.at, fact.cause.clone(), fact.state.clone());
            alone.then_some(ReleasedLine { event, at, how, state })
        });
        let mut stood = false;
        let taken_back = found.own.iter().filter_map(|seen| {
            let (state, how) = match &seen.fact {
                Fact::OutcomeReceived(fact) if fact.act == act => (act_state(&fact.state), "superseded"),
                Fact::ExchangeEnded(fact) if fact.judged == "answered" => (act_state(&fact.state), "superseded"),
                _ => return None,
            };
            let fell = stood && state.is_final() && !state.took_effect();
            stood = state.took_effect();
            let (event, at, how, state) = (seen.sequence, seen.at, how.to_owned(), state.word().to_owned());
            fell.then_some(ReleasedLine { event, at, how, state })
        });
        let mut lines: Vec<ReleasedLine> = taken_back.chain(ended).take(EVIDENCE_LINES_MAX).collect();
        lines.sort_by_key(|line| line.event);
        lines
    }

    /// Did it end with late news of a release that we had ordered? That news is the event before it.
    fn was_ordered(&self, changed: u64) -> bool {
        let news = changed.checked_sub(1).and_then(|before| self.seen(before));
        let Some(Fact::OutcomeReceived(fact)) = news.map(|seen| seen.fact) else { return false };
        let kind = self.papers.line(fact.act.into()).and_then(|line| ActKind::from_code(line.kind));
        kind.is_some_and(ActKind::ends_a_measure)
    }

    fn page(
        &self,
        view: &mut EvidenceView,
        all: &[Seen],
        (cursor, limit): (Option<u64>, usize),
        sealed: bool,
    ) -> Result<(), Refusal> {
        let after = cursor.map_or(0, |cursor| cursor.saturating_add(1));
        let page: Vec<&Seen> = all.iter().filter(|seen| seen.sequence >= after).take(limit).collect();
        let last = page.last().map(|seen| seen.sequence);
        view.next = last.filter(|last| all.last().is_some_and(|newest| newest.sequence > *last));
        let sequences: Vec<u64> = page.iter().map(|seen| seen.sequence).collect();
        let (tree_size, proofs, checkpoint) = self.trail.prove_all(&sequences)?;
        (view.tree_size, view.checkpoint) = (tree_size, checkpoint);
        view.events_total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        view.head = self.signed_head(view, all);
        for (seen, proof) in page.into_iter().zip(proofs) {
            let record = self.reader.read(seen.sequence).map_err(|_| Refusal::Unavailable)?;
            let leaf = record.ok_or(Refusal::Unavailable)?.leaf;
            let reason = Some(seen.sequence).filter(|_| sealed).and_then(|sequence| self.reason(sequence));
            let (zh, en) = words(&seen.fact);
            view.events.push(EvidenceEvent {
                sequence: seen.sequence,
                at: seen.at,
                name: seen.fact.name(),
                zh,
                en,
                reason,
                leaf_hash: *trail::leaf_hash(&leaf).as_bytes(),
                leaf,
                proof,
            });
        }
        Ok(())
    }

    fn reason(&self, sequence: u64) -> Option<Personal<String>> {
        match self.papers.event(sequence)?.body? {
            Body::Reason(body) => Some(Personal::new(body.reason)),
            _ => None,
        }
    }
}

/// What may have held an act, by the sequences of its events, oldest first.
#[derive(Default)]
struct Holds {
    places: Vec<u64>,
    /// Starts of the gateway, which are among them.
    starts: Vec<u64>,
    complete: bool,
}

impl Holds {
    /// Of a lane, for an act that began at `first`, over at `until`; pauses count from `since`.
    fn chosen(state: &State, lane: u64, (since, first, until): (Millis, Millis, Millis)) -> Self {
        // What is forgotten was before the oldest that is remembered; a stop that is in force still is kept by itself.
        let forgot = state.holds.len() >= HOLDS_MAX && state.holds.front().is_some_and(|oldest| oldest.at > since);
        let mut held = Self { places: state.stops.keys().copied().collect(), complete: !forgot, ..Self::default() };
        // Each sort by itself: what people load each night takes no place from what held an act.
        let (mut stops, mut configs, mut knows_settings) = (0, 0, false);
        for hold in state.holds.iter().rev().filter(|hold| hold.at <= until) {
            let counted = match hold.partner {
                OF_CONFIG if hold.at >= first => &mut configs,
                // The settings with which the act began say what the partner's hours were.
                OF_CONFIG if !knows_settings => {
                    knows_settings = true;
                    &mut configs
                }
                OF_GATEWAY if hold.at >= first => {
                    held.starts.push(hold.sequence);
                    &mut configs
                }
                0 => &mut stops,
                of if of == lane && hold.at >= since => &mut stops,
                _ => continue,
            };
            *counted += 1;
            if *counted > HOLDS_LOOKED_MAX {
                held.complete = false;
                continue;
            }
            held.places.push(hold.sequence);
        }
        held.places.sort_unstable();
        held.places.dedup();
        held.starts.reverse();
        held.starts.truncate(HOLDS_LOOKED_MAX);
        held
    }
}

/// The foreign freeze whose rank a freeze takes over (rule D13), by number and case number; 0 = none.
fn taken_over(line: &PlanLine) -> (u64, u64) {
    let original = line.original().filter(|_| line.kind == ActKind::Freeze.code());
    original.map_or((0, 0), |it| (paper_key(&it.slip), paper_key(it.case_number.expose())))
}

fn was_fetched(own: &[Seen]) -> bool {
    own.iter().any(|seen| matches!(&seen.fact, Fact::ExchangeBegan(fact) if fact.kind == "offer"))
}

fn partner_in(own: &[Seen]) -> String {
    let named = own.iter().find_map(|seen| match &seen.fact {
        Fact::ExchangeBegan(fact) => Some(fact.partner.clone()),
        _ => None,
    });
    named.unwrap_or_default()
}

fn rules_of(kind: Option<ActKind>) -> Vec<&'static Rule> {
    let lasting = kind.is_some_and(ActKind::is_lasting);
    let frozen = kind == Some(ActKind::Freeze);
    let applying = [(true, &rules::D17), (true, &rules::D29), (lasting, &rules::D30), (frozen, &rules::D31)];
    applying.into_iter().filter(|(applies, _)| *applies).map(|(_, rule)| rule).collect()
}

/// All events of an act in order: its own, those about it, and of what holds those that did hold it.
fn chosen(found: Found, life: &[Stretch]) -> Vec<Seen> {
    let Found { own, around, about, .. } = found;
    let held: BTreeSet<u64> = life.iter().map(|stretch| stretch.event).collect();
    let ends: BTreeSet<Millis> = life.iter().filter_map(|stretch| stretch.until).collect();
    let (from, until) = (own.first().map_or(0, |seen| seen.at), own.last().map_or(0, |seen| seen.at));
    let counts = |seen: &Seen| match &seen.fact {
        // Which stage and officers a partner had follows from the settings in force, which are named by their digest.
        Fact::ConfigLoaded(_) => seen.at >= from && seen.at <= until,
        _ => held.contains(&seen.sequence) || ends.contains(&seen.at),
    };
    let mut all: Vec<Seen> = own.into_iter().chain(about).chain(around.into_iter().filter(counts)).collect();
    all.sort_by_key(|seen| seen.sequence);
    all.dedup_by_key(|seen| seen.sequence);
    all
}

/// Where an act stands that nothing has been said of.
const NOTHING_SAID: ActState = ActState::Planned;

#[cfg(test)]
mod tests {
    use store::record::{ConfigLoaded, Event, GatewayStarted, StopLifted, StopOrdered};

    use super::*;

    fn fold(state: &mut State, at: Millis, fact: Fact) -> u64 {
        let sequence = state.next;
        state.fold(sequence, &Event { at, fact, body: None, key: 0 });
        sequence
    }

    fn stopped(state: &mut State, at: Millis) -> u64 {
        let (by, court) = ("judge".to_owned(), "330225".to_owned());
        fold(state, at, StopOrdered { all: false, by, court, kinds: Vec::new(), own: true }.into())
    }

    #[test]
    fn configurations_take_no_place_from_a_stop_and_what_is_left_out_is_said() {
        let mut state = State::default();
        let stop = stopped(&mut state, 1_000);
        for at in (2_000..).take(2 * HOLDS_LOOKED_MAX) {
            fold(&mut state, at, ConfigLoaded { digest: at.to_string(), partners: 1 }.into());
        }
        let lifted = fold(&mut state, 9_000, StopLifted { by: "judge".to_owned(), stop }.into());
        let start = fold(&mut state, 9_500, GatewayStarted { epoch: 1, version: String::new() }.into());
        // After the last of those configurations, which was in force then, and before the first.
        let all = Holds::chosen(&state, 7, (0, 8_000, Millis::MAX));
        let settings = lifted - 1;
        assert_eq!((all.places, all.starts, all.complete), (vec![stop, settings, lifted, start], vec![start], true));
        let cut = Holds::chosen(&state, 7, (0, 500, Millis::MAX));
        assert!(cut.places.contains(&stop) && cut.places.contains(&lifted) && !cut.complete);
        for at in (10_000..).take(HOLDS_LOOKED_MAX) {
            let stop = stopped(&mut state, at);
            fold(&mut state, at, StopLifted { by: "judge".to_owned(), stop }.into());
        }
        assert!(!Holds::chosen(&state, 7, (0, 9_900, Millis::MAX)).complete, "more stops than are looked at");
        assert!(Holds::chosen(&state, 7, (0, 9_900, 9_950)).complete);
    }

    #[test]
    fn what_is_not_remembered_any_more_is_said() {
        let mut state = State::default();
        for at in (1_000..).take(HOLDS_MAX) {
            fold(&mut state, at, ConfigLoaded { digest: at.to_string(), partners: 1 }.into());
        }
        let oldest = state.holds.front().unwrap().at;
        assert!(!Holds::chosen(&state, 7, (oldest - 1, oldest, Millis::MAX)).complete);
        assert!(Holds::chosen(&state, 7, (oldest, 1_000_000, Millis::MAX)).complete);
    }
}
