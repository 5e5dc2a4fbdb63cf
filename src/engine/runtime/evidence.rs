//! What proves one act, put together from the journal alone: its events, those of its case that are about it, those that held it.

mod lines;

use std::collections::BTreeSet;

use domain::act::ActOrder;
use domain::measure::MeasureState;
use domain::rules::{self, Rule};
use domain::{ActId, ActKind, ActState, CaseId, Millis, Personal, RequestId};
use store::record::{ActRef, Body, Fact, PlanLine, act_state, read_leaf};

use super::{Engine, Shared};
use crate::command::{ClosedRead, Command};
use crate::decide::PAUSE_MS_MAX;
use crate::delay::{Seen, Service, Stretch, Whose, stretches, sums};
use crate::refusal::Refusal;
use crate::state::books::paper_key;
use crate::state::proof::{CASE_EVENTS_MAX, hold_key};
use crate::view::Caller;
use crate::view::evidence::{
    EVIDENCE_LINES_MAX, EVIDENCE_LOOKED_MAX, EvidenceEvent, EvidenceView, ReleasedLine, SealedEvidence,
};
use crate::words::words;

/// Events of one page at most: each brings its leaf and some thirty hashes, so that a page stays below a MiB.
const PAGE_EVENTS_MAX: u16 = 200;
/// Pauses, stops and configurations that are looked at for one act, the newest before it was handed over.
const HOLDS_LOOKED_MAX: usize = 512;

/// Where the events of an act may stand.
struct Places {
    request: RequestId,
    case: u64,
    court: String,
    viewers: Vec<String>,
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
        let places = self.shared.places_of(act)?;
        let foreign = caller.court.as_ref().is_some_and(|own| *own != places.court);
        if foreign || !caller.may_see(&places.viewers) {
            return Err(Refusal::NotFound);
        }
        if sealed {
            let closed = places.closed.map(|version| ClosedRead { version });
            self.note_read(caller, places.request, closed, places.version).await?;
        } else {
            // Everything shown is durable: an empty question through the same queue waits for it.
            self.done(Command::Tick).await?;
        }
        // What was on its way to the disk can be read now.
        let places = self.shared.places_of(act)?;
        let limit = usize::from(limit.clamp(1, PAGE_EVENTS_MAX));
        self.shared.evidence_of(act, &places, sealed, (cursor, limit), self.now())
    }
}

impl Shared {
    fn seen(&self, sequence: u64) -> Option<Seen> {
        let record = self.reader.read(sequence).ok()??;
        let leaf = read_leaf(&record.leaf).ok()?;
        Some(Seen { sequence, at: leaf.at, fact: leaf.fact, body: leaf.body_digest })
    }

    /// By leaves alone, so that it works for an erased case too.
    fn places_of(&self, act: ActId) -> Result<Places, Refusal> {
        let (request, acts) = match self.seen(act.sequence).ok_or(Refusal::NotFound)?.fact {
            Fact::RequestAccepted(fact) => (act.sequence, fact.acts),
            Fact::PlanExtended(fact) => (fact.request, fact.acts),
            _ => return Err(Refusal::NotFound),
        };
        if act.line >= acts {
            return Err(Refusal::NotFound);
        }
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
                viewers: state.viewers_of(open),
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
                    viewers: closed.viewers,
                    closed: Some(closed.version),
                    version: closed.version,
                    events: closed.events,
                    case_events: Vec::new(),
                    fetched: false,
                }
            }
        };
        let decider = self.decider.read();
        let case = decider.state.case_by_sequence(places.case).and_then(|case| decider.state.cases.get(case));
        places.case_events = case.map(|case| case.events.clone()).unwrap_or_default();
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
        let line = self.papers.line(act);
        let of = ActRef::from(act);
        let kind = line.as_ref().and_then(|line| ActKind::from_code(line.kind));
        let mut found = self.found(of, places);
        let partner = line.as_ref().map(|line| line.partner.clone()).unwrap_or_else(|| partner_in(&found.own));
        found.around.extend(self.holds_on(&partner, &found.own));
        found.around.sort_by_key(|seen| seen.sequence);
        let whose = Whose {
            act: of,
            kind,
            partner: partner.clone(),
            court: places.court.clone(),
            approvals: line.as_ref().map_or(0, |line| line.approvals),
            fetched: places.fetched || was_fetched(&found.own),
        };
        let config = std::sync::Arc::clone(self.decider.read().config());
        let service = config.partners.get(&partner).map(|partner| Service {
            hours: &partner.hours,
            calendar: &config.calendar,
            digest: &config.digest,
        });
        let life = stretches(&whose, &found.own, &found.around, service.as_ref(), now);
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
        };
        let all = chosen(found, &life);
        view.events_total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        view.delays = life.into_iter().take(EVIDENCE_LINES_MAX).collect();
        self.page(&mut view, &all, (cursor, limit), sealed)?;
        Ok(view)
    }

    /// The events of the request that are about the act, and of its case those that are about it or may have held it.
    fn found(&self, act: ActRef, places: &Places) -> Found {
        let looked = places.events.iter().take(EVIDENCE_LOOKED_MAX);
        let own: Vec<Seen> =
            looked.filter_map(|sequence| self.seen(*sequence)).filter(|seen| lines::is_of(seen, act)).collect();
        let (mut about, mut around, mut tasks) = (Vec::new(), Vec::new(), BTreeSet::new());
        for seen in places.case_events.iter().filter_map(|sequence| self.seen(*sequence)) {
            if lines::holds(&seen) {
                around.push(seen);
            } else if lines::is_about(&seen, act, &mut tasks) {
                about.push(seen);
            }
        }
        let complete = places.events.len() <= EVIDENCE_LOOKED_MAX && places.case_events.len() < CASE_EVENTS_MAX;
        Found { own, around, about, complete }
    }

    /// Pauses and stops that may have held an act of this partner before it was handed over.
    fn holds_on(&self, partner: &str, own: &[Seen]) -> Vec<Seen> {
        let (Some(first), Some(last)) = (own.first(), own.last()) else { return Vec::new() };
        let lane = hold_key(partner);
        let still = !lines::is_over(own);
        // A pause ends by itself, so none that began earlier can have held the act.
        let (since, until) = (first.at.saturating_sub(PAUSE_MS_MAX), if still { Millis::MAX } else { last.at });
        let places: Vec<u64> = {
            let decider = self.decider.read();
            let holds = decider.state.holds.iter().rev().filter(|hold| hold.at <= until);
            let of_lane = holds.filter(|hold| hold.partner == 0 || (hold.partner == lane && hold.at >= since));
            of_lane.map(|hold| hold.sequence).take(HOLDS_LOOKED_MAX).collect()
        };
        places.into_iter().rev().filter_map(|sequence| self.seen(sequence)).collect()
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
