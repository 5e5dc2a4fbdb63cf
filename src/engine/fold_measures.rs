//! Fold of what happens to measures and tasks without an exchange: imports, lapses, corrections, amendments.

use domain::case::HaltCause;
use domain::ledger::Ledger;
use domain::measure::{ChangeCause, MeasureState, days_left};
use domain::rules::bars;
use domain::task::{TaskEnd, TaskKind};
use domain::{ActId, ActKind, Day, Millis, Money};
use store::record::{
    ActRef, Body, ChangedBody, Event, Fact, GoalRepeated, ImportedBody, MeasureChanged, MeasureImported, PlanLine,
};

use crate::state::books::{id_key, origin_key, paper_key};
use crate::state::few::Few;
use crate::state::measure::LET_GO;
use crate::state::slab::{Index, NONE};
use crate::state::{Act, Case, Halted, Measure, State, Taking};

/// A lapsed measure is remembered so long, so that a late renewal is told why it comes to nothing.
pub const LAPSED_KEPT_DAYS: i32 = 90;

impl State {
    /// Applies an event about measures, cases' claims or tasks; any other changes nothing here.
    pub(crate) fn fold_measures(&mut self, sequence: u64, fact: &Fact, body: Option<&Body>, event: &Event) {
        match (fact, body) {
            (Fact::MeasureImported(fact), Some(Body::Imported(body))) => {
                self.import(sequence, (fact, body), event.key);
            }
            (Fact::MeasureLapsed(fact), _) => {
                let day = i32::try_from(fact.day).unwrap_or(i32::MAX);
                for measure in &fact.measures {
                    self.lapse(*measure);
                }
                self.forget_lapsed(day.saturating_sub(LAPSED_KEPT_DAYS));
            }
            (Fact::MeasureChanged(fact), Some(Body::Changed(standing))) => self.changed(fact, standing),
            (Fact::MeasureChanged(fact), _) => self.changed(fact, &ChangedBody::default()),
            (Fact::CaseAmended(fact), Some(Body::Amended(body))) => {
                let target = Money::from_units(body.claim.saturating_add(body.costs));
                if let Some(case) = self.case_by_sequence(fact.case) {
                    self.retarget(case, target);
                }
                self.is_news(fact.case, fact.news, (sequence, event.at));
            }
            (Fact::CaseHalted(fact), _) => {
                let cause = HaltCause::from_word(&fact.cause).unwrap_or(HaltCause::Bankruptcy);
                self.set_halted(fact.case, Some(Halted::new(sequence, &fact.by, cause)));
                self.is_news(fact.case, fact.news, (sequence, event.at));
            }
            (Fact::CaseResumed(fact), _) => {
                self.set_halted(fact.case, None);
                self.is_news(fact.case, fact.news, (sequence, event.at));
            }
            (Fact::GoalRepeated(fact), _) => self.repeat_goal(sequence, fact, event.at),
            (Fact::TaskRaised(fact), body) => {
                let amount = match body {
                    Some(Body::Task(body)) => body.amount.unwrap_or(0),
                    _ => 0,
                };
                self.raise_task(sequence, fact, amount, event.at);
                self.note_notice(fact);
                if fact.kind == TaskKind::Expiring.word() {
                    let today = Day::of(event.at);
                    self.notice(fact.measure, |measure| {
                        let left = measure.last_day().map_or(0, |to| days_left(to, today));
                        measure.noticed = u8::try_from(left.clamp(1, i32::from(LET_GO) - 1)).unwrap_or(1);
                    });
                }
            }
            (Fact::TaskEnded(fact), _) => {
                let task = self.tasks.get(&fact.task).filter(|task| task.kind() == TaskKind::Expiring);
                let measure = task.and_then(|task| task.measure);
                self.end_task(fact.task);
                if fact.end == TaskEnd::Dismissed.word() {
                    self.notice(measure, |measure| measure.noticed = LET_GO);
                }
            }
            _ => {}
        }
    }

    fn changed(&mut self, fact: &MeasureChanged, standing: &ChangedBody) {
        let id: ActId = fact.measure.into();
        let before = self.gone(id.into()).map(|gone| self.ordered_of(gone).unwrap_or(gone.granted));
        let known = self.measure_index(id.into()).or_else(|| self.hear_again_of(id.into()));
        let Some(index) = known else { return };
        // What a person says of the end holds whatever becomes of the renewals before.
        if standing.to.is_some() && fact.cause != ChangeCause::Told.word() {
            self.renewals.forget(id_key(fact.measure.0, fact.measure.1));
        }
        let state = MeasureState::from_word(&fact.state);
        self.booked_alone((index, NONE), |books| {
            books.with_measure(index, |measure| stand(measure, standing, state));
        });
        if let Some((ordered, measure)) = before.zip(self.measures.get(index)) {
            let told = (measure.granted, ordered);
            self.told_limit(index, told);
        }
        self.drop_if_over(index);
    }

    /// Claim and costs are others now.
    pub(crate) fn retarget(&mut self, case: Index, target: Money) {
        if let Some(found) = self.cases.get_mut(case) {
            found.ledger.target = target;
        }
        self.disturb(case);
    }

    fn set_halted(&mut self, case: u64, halted: Option<Halted>) {
        if let Some(case) = self.case_by_sequence(case).and_then(|index| self.cases.get_mut(index)) {
            case.halted = halted.map(Box::new);
        }
    }

    /// What happens to a case is news of each of its open requests: whoever waits for a version or a delivery hears of it.
    fn is_news(&mut self, case: u64, news: bool, (sequence, at): (u64, Millis)) {
        let case = self.case_by_sequence(case).filter(|_| news).and_then(|index| self.cases.get(index));
        for request in case.map(|case| case.requests.to_vec()).unwrap_or_default() {
            self.touch_request(request, sequence, at);
        }
    }

    /// What was found is not known any more until it is answered anew; what was tried may be tried again.
    fn repeat_goal(&mut self, sequence: u64, fact: &GoalRepeated, at: Millis) {
        let Some((index, _)) = self.plans.get(&fact.request).copied() else { return };
        self.touch_request(index, sequence, at);
        let Some(open) = self.requests.get_mut(index) else { return };
        if fact.over {
            open.repeat = None;
            return;
        }
        (open.round, open.round_began) = (fact.round, sequence);
        for found in &mut open.found {
            (found.available, found.behind_others) = (0, 0);
        }
    }

    fn notice(&mut self, measure: Option<ActRef>, note: impl FnOnce(&mut Measure)) {
        let index = measure.map(ActId::from).and_then(|id| self.measure_index(id.into()));
        if let Some(measure) = index.and_then(|index| self.measures.get_mut(index)) {
            note(measure);
        }
    }

    /// The case that is known by the sequence of its first event.
    #[must_use]
    pub fn case_by_sequence(&self, sequence: u64) -> Option<Index> {
        self.case_by_sequence.get(&sequence).copied()
    }

    /// Joins an act to the measure that it makes or builds on, and to the money that it takes or gives back.
    pub(crate) fn tie(&mut self, act: &mut Act, line: &PlanLine) {
        let kind = act.kind();
        let base = line.base.map(ActId::from);
        if kind.is_lasting() {
            let mut measure = Measure::ordered(act.id().into(), kind);
            (measure.slip, measure.line, measure.lane, measure.subject) = (act.slip, act.line, act.lane, act.subject);
            (measure.case, measure.subject_key, measure.asset) = (act.case, act.subject_key, act.asset);
            (measure.bars, measure.rules) = (act.bars, act.rules);
            measure.set_property(line.property);
            (measure.from, measure.to) = (line.from.unwrap_or(i32::MIN), act.to);
            act.measure = self.insert_measure(measure);
            return;
        }
        if kind.gives_back() {
            act.taking = base.and_then(|base| self.taking_index(base)).unwrap_or(NONE);
            act.measure = self.base_of(act.taking);
            return;
        }
        act.measure = base.and_then(|base| self.measure_index(base.into())).unwrap_or(NONE);
        if let Some(renewed) = self.measures.get(act.measure).filter(|_| kind == ActKind::Renew) {
            let own = (id_key(renewed.sequence, renewed.place), renewed.to);
            self.renewals.order(own, id_key(act.sequence, act.place), act.to);
        }
        if kind.moves_money() {
            let mut taking = Taking::ordered(act.sequence, act.place, kind, act.amount);
            (taking.slip, taking.line, taking.lane, taking.subject) = (act.slip, act.line, act.lane, act.subject);
            (taking.case, taking.asset) = (act.case, act.asset);
            taking.base = self.measures.get(act.measure).map_or(0, |base| id_key(base.sequence, base.place));
            taking.subject_key = act.subject_key;
            taking.set_secret(act.is_secret());
            act.taking = self.insert_taking(taking);
        }
    }

    /// A case that was not known.
    pub(crate) fn open_case(&mut self, sequence: u64, key: (u64, u64), slot: u64, court: &str) -> Index {
        let court = self.word_for(court);
        let case = self.cases.insert(Case {
            sequence,
            key,
            slot,
            number: 0,
            court,
            ledger: Ledger::default(),
            requests: Few::default(),
            measures: Vec::new(),
            takings: Few::default(),
            bankrupt: Few::default(),
            halted: None,
            told: Few::default(),
            applicant: false,
            events: Few::default(),
            keys: Few::default(),
        });
        self.case_by_key.insert(key, case);
        self.case_by_sequence.insert(sequence, case);
        case
    }

    fn import(&mut self, sequence: u64, (fact, body): (&MeasureImported, &ImportedBody), slot: u64) {
        let case = match self.case_by_key.get(&body.case_key) {
            Some(case) => *case,
            None => {
                let case = self.open_case(sequence, body.case_key, slot, &fact.court);
                let (claim, costs) = body.request.sums();
                if let Some(case) = self.cases.get_mut(case) {
                    case.number = paper_key(body.request.case_number());
                    case.ledger.target = Money::from_units(claim.saturating_add(costs));
                }
                case
            }
        };
        if fact.case.is_none() {
            self.join_case(sequence, case);
        }
        let viewers: Vec<u16> = body.request.viewers().iter().map(|viewer| self.word_for(viewer)).collect();
        self.reference(&body.documents, &viewers);
        if !viewers.is_empty() {
            self.viewers.insert(sequence, viewers);
        }
        for (place, (line, standing)) in (0_u32..).zip(body.lines.iter().zip(&body.standing)) {
            let Some(kind) = ActKind::from_code(line.kind) else { continue };
            let mut measure = self.imported((sequence, place), kind, line);
            measure.case = case;
            self.takes_up_takings(&mut measure, line);
            measure.subject_key = body.subjects.get(usize::from(line.subject)).copied().unwrap_or(0);
            if !body.request.viewers().is_empty() {
                measure.bars |= bars::TELLING;
            }
            stand(&mut measure, standing, None);
            let told = (measure.granted, line.amount.unwrap_or(measure.granted));
            let of_ours = line.base.is_some() && kind == ActKind::Freeze;
            let index = self.insert_measure(measure);
            // What its partner told above our order is the first to go, whenever it was told.
            if of_ours {
                self.told_limit(index, told);
            }
            if let Some(before) = line.base {
                self.is_taken_up(id_key(before.0, before.1), id_key(sequence, place));
            }
        }
    }

    /// A measure that stands after all goes on from the one that its act had made: what was moved out of that is moved out of this.
    fn takes_up_takings(&mut self, measure: &mut Measure, line: &PlanLine) {
        let Some(before) = line.base.map(|base| id_key(base.0, base.1)) else { return };
        measure.moved = self.taken_out_of(measure.case, before);
        let of_case = self.cases.get(measure.case).map(|case| case.takings.to_vec()).unwrap_or_default();
        for index in of_case {
            if let Some(taking) = self.takings.get_mut(index).filter(|taking| taking.base == before) {
                taking.base = id_key(measure.sequence, measure.place);
            }
        }
    }

    fn imported(&mut self, (sequence, place): (u64, u32), kind: ActKind, line: &PlanLine) -> Measure {
        let mut measure = Measure::ordered(domain::MeasureId { sequence, line: place }, kind);
        measure.lane = self.lane_for(&line.partner);
        measure.imported = true;
        measure.slip = line.original().map_or(0, |original| origin_key(&line.partner, &original.slip));
        (measure.line, measure.subject) = (line.line, line.subject);
        (measure.asset, measure.bars, measure.rules) = (line.asset, line.bars, line.rules);
        measure.set_property(line.property);
        measure.from = line.from.unwrap_or(i32::MIN);
        measure.to = line.to.unwrap_or(i32::MIN);
        measure.set_limit(line.amount.unwrap_or(0));
        measure.set_state(MeasureState::InForce);
        measure
    }

    fn lapse(&mut self, measure: ActRef) {
        let id: ActId = measure.into();
        let Some(index) = self.measure_index(id.into()) else { return };
        self.booked_alone((index, NONE), |books| {
            books.with_measure(index, |measure| measure.set_state(MeasureState::Lapsed));
        });
        self.lapsed.insert((self.measures.get(index).map_or(0, |measure| measure.to), index));
    }

    fn forget_lapsed(&mut self, before: i32) {
        while let Some((to, index)) = self.lapsed.first().copied().filter(|(to, _)| *to < before) {
            self.lapsed.remove(&(to, index));
            let forgotten = self.measures.get(index).is_some_and(|measure| {
                measure.state() == MeasureState::Lapsed && measure.to == to && measure.refs == 0
            });
            if forgotten {
                self.remove_measure(index);
            }
        }
    }
}

/// How it stands: what is left out is as it was.
fn stand(measure: &mut Measure, standing: &ChangedBody, state: Option<MeasureState>) {
    measure.released = standing.released.unwrap_or(measure.released).max(0);
    if let Some(limit) = standing.limit {
        measure.set_limit(limit);
    }
    if let Some(caught) = standing.caught {
        measure.set_caught(caught);
    }
    measure.to = standing.to.unwrap_or(measure.to);
    measure.rank = standing.rank.unwrap_or(measure.rank);
    if standing.to.is_some() {
        measure.noticed = 0;
    }
    let queued = if standing.queued { MeasureState::Queued } else { MeasureState::InForce };
    measure.set_state(state.unwrap_or(queued));
}
