//! What partners say of acts whose request is finished: recorded, and measures and money stand as the news has it.

use domain::act::Original;
use domain::measure::{ChangeCause, MeasureState};
use domain::outcome::{Outcome, Verdict};
use domain::task::TaskKind;
use domain::{ActId, ActKind, ActState, Day, MeasureId, Money, Personal, SlipLine, SlipNumber};
use store::record::{ActRef, Body, ChangedBody, ImportedBody, MeasureImported, OutcomeReceived, OutcomeTwin};

use super::Decider;
use super::measures::{differs_from_what_is_left, left_otherwise};
use super::task::Draft;
use crate::command::{Answer, ClosedRequest, KnownAct, LateOutcome, Planned};
use crate::state::books::id_key;
use crate::state::{LetGo, Measure};

impl Decider {
    /// Recorded, shown with the request, entered in the books; whatever contradicts what was final is a task of the court.
    pub(super) fn late_outcome(&mut self, late: LateOutcome) -> Answer {
        let LateOutcome { act, partner, way, slot, has_callback, closed, outcome, state, known } = late;
        let fact = OutcomeReceived {
            act: act.into(),
            partner: partner.clone(),
            state: state.word().to_owned(),
            supersedes: true,
            verdict: outcome.verdict.word().to_owned(),
            way: way.to_owned(),
        };
        let had = self.state.measure_index(act.into()).is_some();
        let let_go = self.state.releases.of(id_key(act.sequence, act.line));
        let stood = self.is_standing(&known.planned);
        let body = Body::Outcome(Box::new(OutcomeTwin::from(&outcome)));
        let sequence = self.emit(fact.into(), Some(body), slot);
        let kind = ActKind::from_code(known.planned.line.kind);
        let measure = match kind {
            _ if state.is_open() => None,
            Some(kind) if kind.is_lasting() => self.measure_told_late(&known, &outcome, (had, slot)),
            Some(ActKind::Renew) => self.renewed_late(&known, &outcome, slot),
            Some(ActKind::Release) if let_go.is_some() => self.let_go_otherwise(act, let_go, slot),
            Some(ActKind::Release | ActKind::Lift) => self.released_late(&known, &outcome, slot),
            _ => None,
        };
        let stands = !known.state.took_effect() && state.took_effect() && outcome.verdict != Verdict::Queued;
        let told = told_moved(kind, &outcome, known.planned.line.amount.unwrap_or(0));
        let is_taken = kind.is_some_and(ActKind::moves_money) && told > 0;
        let about = match kind {
            Some(ActKind::Freeze) => measure.filter(|_| stands),
            _ => is_taken.then_some(act.into()),
        };
        if let Some(about) = about.filter(|_| closed.viewers.is_empty())
            && let Some(case) = self.state.case_by_sequence(closed.case)
            && let Some(subject) = known.planned.subjects.get(usize::from(known.planned.line.subject))
        {
            self.state.owe_notice(case, *subject, about);
        }
        let took = |state: ActState| kind.map_or(state.took_effect(), |kind| kind.took_effect(state));
        // What was let go or moved whole stands again because its freeze was told otherwise: nobody ordered that.
        let rises = kind == Some(ActKind::Freeze) && !stood && self.is_standing(&known.planned);
        let turned = took(known.state) != took(state) || rises;
        let entered = self.state.entered_of(act).unwrap_or(known.moved);
        let other_sum = kind.is_some_and(ActKind::transfers) && (told != known.moved || told != entered);
        if !state.is_open() && kind.is_some_and(ActKind::is_control) && (turned || other_sum) {
            let case = self.state.case_by_sequence(closed.case);
            let amount = outcome.moved.or(outcome.caught).map(Money::units);
            let partner = partner.clone();
            let draft = Draft { act: Some(act.into()), measure, partner, amount, slot, ..Draft::default() };
            let court = closed.court.clone();
            self.raise(TaskKind::NewsContradicts, case, &court, draft);
        }
        if kind == Some(ActKind::Release) && known.planned.line.amount.is_some() && took(state) {
            self.late_left((&known, measure), &outcome, (&partner, &closed, slot));
        }
        if kind == Some(ActKind::Query) {
            self.owe_more(&closed, act.into(), &outcome);
        }
        self.relist(closed, sequence, has_callback);
        Answer::Done(sequence)
    }

    /// What a late word says is left of a freeze after a part of it was let go.
    fn late_left(
        &mut self,
        (known, measure): (&KnownAct, Option<ActRef>),
        outcome: &Outcome,
        (partner, closed, slot): (&str, &ClosedRequest, u64),
    ) {
        let found = measure.and_then(|id| self.state.measure_index(ActId::from(id).into()));
        let measure = found.and_then(|index| self.state.measures.get(index));
        let (Some(measure), Some(left)) = (measure, outcome.left) else { return };
        if differs_from_what_is_left(measure, left) {
            let draft = Draft { slot, ..left_otherwise(known.planned.id, measure, left, partner.to_owned()) };
            let case = self.state.case_by_sequence(closed.case);
            self.raise(TaskKind::NewsContradicts, case, &closed.court, draft);
        }
    }

    /// A goal that ended short goes on no more by itself: what is found after its end is for its court to ask for.
    fn owe_more(&mut self, closed: &ClosedRequest, act: ActRef, outcome: &Outcome) {
        let of_worth = |account: &domain::outcome::FoundAccount| {
            account.is_cny() && account.available.is_some_and(Money::is_positive)
        };
        let Some(case) = self.state.case_by_sequence(closed.case) else { return };
        let is_short = self.state.ledger(case).shortfall().is_positive();
        if matches!(closed.goal.as_str(), "secure" | "collect") && is_short && outcome.accounts.iter().any(of_worth) {
            let draft = Draft { act: Some(act), ..Draft::default() };
            self.raise(TaskKind::NewsContradicts, Some(case), &closed.court, draft);
        }
    }

    /// Of the act that was to make it. What is in memory under the act's own number has changed with the news itself.
    fn measure_told_late(&mut self, known: &KnownAct, outcome: &Outcome, (had, slot): (bool, u64)) -> Option<ActRef> {
        let (planned, effect) = (&known.planned, outcome.verdict.state().took_effect());
        if had {
            return Some(planned.id);
        }
        let ordered = planned.line.amount.unwrap_or(0);
        let standing = standing(outcome, ordered);
        let same =
            known.told.is_none_or(|(limit, caught)| (standing.limit, standing.caught) == (Some(limit), Some(caught)));
        if let Some((measure, found)) = self.known_as(planned) {
            let is_freeze = found.kind() == ActKind::Freeze;
            // Another word about one that was let go whole lets it stand again.
            let gone = found.moved.saturating_add(found.released);
            let let_go = found.released > 0 && known.told.is_some_and(|(limit, _)| limit <= gone);
            let released = if let_go && !same && !found.is_live() { 0 } else { found.released };
            let mut standing = since(standing, found.moved, released);
            standing.released = Some(released);
            // What a renewal moved stays moved.
            standing.to = standing.to.filter(|_| !self.state.renewals.stands(id_key(measure.0, measure.1)));
            let (state, standing) = match (effect, standing.queued) {
                // What was told of it before stays known: told again as it was, it stands with what was left.
                (false, _) => (MeasureState::Void, none_said()),
                (true, _) if is_freeze && standing.limit == Some(0) => (MeasureState::Ended, standing),
                (true, true) => (MeasureState::Queued, standing),
                (true, false) => (MeasureState::InForce, standing),
            };
            // Of what is gone and told as it was nothing is new.
            if effect && same && (state, found.state()) == (MeasureState::Ended, MeasureState::Ended) {
                return None;
            }
            self.change_measure(measure, state, standing, (ChangeCause::Told, slot));
            return Some(measure);
        }
        if !effect {
            return self.denied_when_gone(known, slot);
        }
        // What stood once and is gone has lapsed or was let go; that it stood is no news, but another sum is: more than was moved
        // then stands, as while its request was open.
        let to = standing.to.or(planned.line.to);
        let over = to.is_some_and(|to| domain::measure::has_lapsed(Day::from_count(to), Day::of(self.now)));
        let standing = since(standing, self.taken_of(planned), 0);
        let stands = !known.state.took_effect() || !same && !over;
        if stands { self.stands_after_all(planned, standing, slot) } else { None }
    }

    /// Does what this line made stand?
    fn is_standing(&self, planned: &Planned) -> bool {
        self.known_as(planned).is_some_and(|(_, found)| found.is_live())
    }

    fn renewed_late(&mut self, known: &KnownAct, outcome: &Outcome, slot: u64) -> Option<ActRef> {
        let (base, today) = (known.base.as_ref()?, Day::of(self.now).count());
        let effect = outcome.verdict.state().took_effect();
        let to = outcome.to.map(Day::count).or(known.planned.line.to)?;
        let told = (ChangeCause::Told, slot);
        match (effect, self.known_as(base)) {
            (true, Some((measure, found))) => {
                let in_time = known.sent_at > 0 && Day::of(known.sent_at).count() <= found.to;
                let (state, rank) = match found.state() {
                    MeasureState::Lapsed if to < today => return Some(measure),
                    MeasureState::Lapsed => (MeasureState::InForce, (!in_time).then_some(0)),
                    state => (state, None),
                };
                // Another one that was ordered later still stands, and says how it ends now.
                let outdated = self.state.renewals.is_outdated(id_key(known.planned.id.0, known.planned.id.1));
                let to = if outdated { found.to } else { to };
                self.change_measure(measure, state, ChangedBody { to: Some(to), rank, ..none_said() }, told);
                Some(measure)
            }
            (true, None) if !known.state.took_effect() && to >= today => {
                let limit = Some(self.at_most(base));
                let standing = ChangedBody { limit, caught: Some(0), to: Some(to), rank: Some(0), ..none_said() };
                self.stands_after_all(base, standing, slot)
            }
            // It was not renewed after all: its last day is the latest of those that still stand.
            (false, Some((measure, found))) if known.state.took_effect() => {
                let state = found.state();
                let to = self.state.renewals.latest(id_key(measure.0, measure.1)).or(base.line.to);
                self.change_measure(measure, state, ChangedBody { to, ..none_said() }, told);
                Some(measure)
            }
            (_, known_as) => known_as.map(|(measure, _)| measure),
        }
    }

    /// A release let go more or less than it was known to: so much less or more stands, of what is gone too.
    fn let_go_otherwise(&mut self, release: ActId, before: Option<LetGo>, slot: u64) -> Option<ActRef> {
        let before = before?;
        let now = self.state.releases.of(id_key(release.sequence, release.line))?;
        let found = self.standing_or_gone(before.measure)?.clone();
        let measure = ActRef(found.sequence, found.place);
        let change = now.effected.saturating_sub(before.effected);
        if change == 0 {
            return found.is_live().then_some(measure);
        }
        let (state, standing) = with_released(found.clone(), found.released.saturating_add(change).max(0));
        self.change_measure(measure, state, standing, (ChangeCause::Told, slot));
        Some(measure)
    }

    /// The same of what ends something that has no sum, and of what nobody remembers.
    fn released_late(&mut self, known: &KnownAct, outcome: &Outcome, slot: u64) -> Option<ActRef> {
        let base = known.base.as_ref()?;
        let took = |state| ActKind::Release.took_effect(state);
        let (effect, was) = (took(outcome.verdict.state()), took(known.state));
        let part = known.planned.line.amount.unwrap_or(0);
        let told = (ChangeCause::Told, slot);
        match (effect, self.known_as(base)) {
            (true, Some((measure, found))) if !was => {
                let (state, standing) = reduced(&found, part);
                self.change_measure(measure, state, standing, told);
                Some(measure)
            }
            // It was not let go after all, and counts again.
            (false, Some((measure, found))) if was => {
                let (state, standing) = restored(&found, part);
                self.change_measure(measure, state, standing, told);
                Some(measure)
            }
            // Of what is gone nobody knows more than that it had no more than was ordered, less what was moved; what it holds is not known.
            (false, None) if was => {
                let limit = self.at_most(base);
                let standing = ChangedBody {
                    limit: Some(if part > 0 { part.min(limit) } else { limit }),
                    caught: Some(0),
                    to: base.line.to,
                    rank: Some(0),
                    ..none_said()
                };
                self.stands_after_all(base, standing, slot)
            }
            (_, known_as) => known_as.map(|(measure, _)| measure),
        }
    }

    /// The measure that this line made, in memory or gone and not over yet: under its own number, or taken up by late news under the
    /// number at the partner.
    fn known_as(&self, planned: &Planned) -> Option<(ActRef, Measure)> {
        let own = MeasureId { sequence: planned.id.0, line: planned.id.1 };
        let by_number = || {
            let index = self.state.measure_by_number(&planned.line.partner, &number_of(planned)?)?;
            self.state.measures.get(index)
        };
        let found = self.standing_or_gone(self.state.place_of(own)).or_else(by_number)?;
        Some((ActRef(found.sequence, found.place), found.clone()))
    }

    /// In memory, or gone and not over by itself since.
    pub(super) fn standing_or_gone(&self, place: u64) -> Option<&Measure> {
        let today = Day::of(self.now);
        let over = |measure: &Measure| measure.is_over(today) && self.state.gone(measure.id()).is_some();
        self.state.measure_at(place).filter(|measure| !over(measure))
    }

    /// What was moved out of the measure that this line made, which may be gone.
    fn taken_of(&self, planned: &Planned) -> i64 {
        let case = self.state.case_index(planned.case_key);
        case.map_or(0, |case| self.state.taken_out_of(case, id_key(planned.id.0, planned.id.1)))
    }

    /// The most that can be left of a measure that is gone.
    fn at_most(&self, planned: &Planned) -> i64 {
        planned.line.amount.unwrap_or(0).saturating_sub(self.taken_of(planned)).max(0)
    }

    /// A measure that was believed gone, or never to have stood, stands by itself from now on.
    fn stands_after_all(&mut self, planned: &Planned, standing: ChangedBody, slot: u64) -> Option<ActRef> {
        let nothing_left =
            standing.limit.is_some_and(|limit| limit <= 0) && planned.line.kind == ActKind::Freeze.code();
        if nothing_left { None } else { self.taken_up(planned, standing, slot) }
    }

    /// It was let go and is gone, and is denied now: told again as it was, it stays let go, so that is remembered as of one that is
    /// denied while it is in memory.
    fn denied_when_gone(&mut self, known: &KnownAct, slot: u64) -> Option<ActRef> {
        let planned = &known.planned;
        let (limit, _) = known.told.filter(|_| known.state.took_effect())?;
        let released = limit.saturating_sub(self.taken_of(planned));
        if released <= 0 {
            return None;
        }
        let let_go = ChangedBody { released: Some(released), ..none() };
        let measure = self.taken_up(planned, let_go, slot)?;
        self.change_measure(measure, MeasureState::Void, none_said(), (ChangeCause::Told, slot));
        Some(measure)
    }

    /// In memory again, under the number at the partner.
    fn taken_up(&mut self, planned: &Planned, standing: ChangedBody, slot: u64) -> Option<ActRef> {
        let mut line = planned.line.clone();
        let original = line.original();
        let of_line = Original {
            act: None,
            slip: number_of(planned)?,
            case_number: Personal::new(planned.request.case_number().to_owned()),
        };
        line.set_original(original.as_ref().filter(|_| line.slip == 0).unwrap_or(&of_line));
        // What was moved out of the one that this act made is moved out of this.
        line.base = Some(planned.id);
        let case = self.state.case_index(planned.case_key)?;
        let court = self.state.cases.get(case).map_or(0, |case| case.court);
        let fact = MeasureImported {
            by: String::new(),
            case: Some(self.state.case_id(case).0),
            court: self.state.word(court).to_owned(),
            measures: 1,
        };
        let body = ImportedBody {
            case_key: planned.case_key,
            subjects: planned.subjects.clone(),
            lines: vec![line],
            standing: vec![standing],
            documents: Vec::new(),
            seals: Vec::new(),
            request: planned.request.bare(),
        };
        let sequence = self.emit(fact.into(), Some(Body::Imported(Box::new(body))), slot);
        Some(ActRef(sequence, 0))
    }
}

/// What the news says was moved or given back, in 1/10,000 yuan; no more goes back than was ordered to.
fn told_moved(kind: Option<ActKind>, outcome: &Outcome, ordered: i64) -> i64 {
    let state = outcome.verdict.state();
    let all = if state == ActState::Done { ordered } else { 0 };
    let told = if state.took_effect() { outcome.moved.map_or(all, Money::units).max(0) } else { 0 };
    if kind.is_some_and(ActKind::gives_back) { told.min(ordered) } else { told }
}

/// What is left of what was told of its beginning, after so much was moved and let go.
fn since(told: ChangedBody, moved: i64, released: i64) -> ChangedBody {
    let limit = told.limit.map(|limit| limit.saturating_sub(moved).saturating_sub(released).max(0));
    let caught = told.caught.map(|caught| caught.saturating_sub(moved).max(0));
    ChangedBody { limit, caught, ..told }
}

/// By which the partner knows it.
fn number_of(planned: &Planned) -> Option<String> {
    let key = SlipLine { slip: SlipNumber::from_bits(planned.line.slip), line: planned.line.line };
    if planned.line.slip == 0 { planned.line.original().map(|original| original.slip) } else { Some(key.to_string()) }
}

fn standing(outcome: &Outcome, ordered: i64) -> ChangedBody {
    let queued = outcome.verdict == Verdict::Queued;
    let caught = outcome.caught.map(Money::units);
    let limit = outcome.limit.map_or(ordered, Money::units).max(caught.unwrap_or(0)).max(0);
    let rank = match (outcome.ahead.len(), queued) {
        (0, true) => 0,
        (ahead, _) => u16::try_from(ahead).unwrap_or(u16::MAX).saturating_add(1),
    };
    ChangedBody {
        limit: Some(limit),
        caught: Some(caught.unwrap_or(if queued { 0 } else { limit }).max(0)),
        to: outcome.to.map(Day::count),
        rank: Some(rank),
        queued,
        ..ChangedBody::default()
    }
}

fn none_said() -> ChangedBody {
    ChangedBody::default()
}

fn none() -> ChangedBody {
    ChangedBody { limit: Some(0), caught: Some(0), ..ChangedBody::default() }
}

/// It was let go, in part or whole.
fn reduced(found: &Measure, part: i64) -> (MeasureState, ChangedBody) {
    let gone = if part > 0 { part } else { found.not_let_go() };
    with_released(found.clone(), found.released.saturating_add(gone))
}

/// It was not let go, in part or at all.
fn restored(found: &Measure, part: i64) -> (MeasureState, ChangedBody) {
    let released = if part > 0 { found.released.saturating_sub(part).max(0) } else { 0 };
    let (state, standing) = with_released(found.clone(), released);
    // What has no sum stands or does not.
    let lifted = found.kind() != ActKind::Freeze && state == MeasureState::Ended;
    (if lifted { MeasureState::InForce } else { state }, standing)
}

fn with_released(mut measure: Measure, released: i64) -> (MeasureState, ChangedBody) {
    let (queued, grew) = (measure.state() == MeasureState::Queued, released < measure.released);
    measure.released = released;
    measure.stands_by_what_is_left(grew);
    // What was told of it in all stays as it is, also where what is left says less: it is denied, or more was moved than it had.
    let (gone, void) = (measure.moved.saturating_add(released), measure.state() == MeasureState::Void);
    let limit = Some(measure.limit()).filter(|_| !void && measure.granted >= gone);
    let standing = ChangedBody { limit, released: Some(released), queued, ..ChangedBody::default() };
    (measure.state(), standing)
}
