//! Cases that are erased: what is forgotten of one, what stands of it, and the word of the first person until the second's.

use std::collections::BTreeMap;

use domain::Millis;
use domain::case::{CaseUse, EraseCause};
use serde::{Deserialize, Serialize};
use store::record::{CaseErased, ErasureProposed, Event, Fact};

use super::slab::Index;
use super::{Case, Measure, State};
use crate::fold_measures::LAPSED_KEPT_DAYS;
use domain::Day;
use domain::measure::MeasureState;

/// One person wants a case erased.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erasure {
    /// Sequence of its `case.erasure_proposed`.
    pub sequence: u64,
    /// When.
    pub at: Millis,
    /// Name of the token.
    pub by: String,
    cause: u8,
}

impl Erasure {
    /// Why.
    #[must_use]
    pub fn cause(&self) -> Option<EraseCause> {
        EraseCause::from_code(self.cause)
    }
}

/// What stands of an erased case for ever, in a hundred and fifty bytes and eight for each event: less than of one that is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErasedCase {
    /// Court, as an index into [`State::words`].
    pub court: u16,
    /// Sequences of the events about it that belong to none of its requests, its erasure the last.
    pub events: Vec<u64>,
    /// Slots of its keys: a start ends those that came back with an older copy of the key files.
    pub slots: Vec<u64>,
}

/// By the sequence by which each was known.
pub type ErasedCases = BTreeMap<u64, ErasedCase>;

/// Does a measure stand, is something ordered of it, or could late word of its partner make it stand again?
fn may_matter(measure: &Measure, today: Day) -> bool {
    let over = |days: i32| measure.last_day().is_some_and(|to| to.count().saturating_add(days) < today.count());
    match measure.state() {
        MeasureState::Lapsed => measure.refs > 0 || !over(LAPSED_KEPT_DAYS),
        state => state.is_live() || measure.refs > 0 || !measure.is_over(today),
    }
}

impl State {
    /// Applies an event about the erasure of a case; any other changes nothing here.
    pub(crate) fn fold_erasure(&mut self, sequence: u64, event: &Event) {
        match &event.fact {
            Fact::ErasureProposed(fact) => self.propose_erasure(sequence, fact, event.at),
            Fact::CaseErased(fact) => self.erase_case(sequence, fact),
            _ => {}
        }
    }

    /// Whoever said that a case is to be erased had not seen what is said under its key behind that: the word counts no more.
    pub(crate) fn outdate_erasure(&mut self, event: &Event) {
        let is_erasure = matches!(event.fact, Fact::ErasureProposed(_) | Fact::CaseErased(_));
        if event.key != 0 && !is_erasure && !self.erasures.is_empty() {
            self.erasures.remove(&self.stand_ins.own(event.key));
        }
    }

    fn propose_erasure(&mut self, sequence: u64, fact: &ErasureProposed, at: Millis) {
        let cause = EraseCause::from_word(&fact.cause).map_or(0, EraseCause::code);
        let index = self.case_by_sequence(fact.case);
        if let Some(case) = index.and_then(|index| self.cases.get(index)) {
            self.erasures.insert(case.slot, Erasure { sequence, at, by: fact.by.clone(), cause });
        }
    }

    /// A fold of a journal whose key is destroyed already finds no case here, and forgets nothing: it never knew anything of it.
    fn erase_case(&mut self, sequence: u64, fact: &CaseErased) {
        self.erased.extend(&fact.slots);
        let events = fact.events.iter().copied().chain([sequence]).collect();
        let court = self.word_for(&fact.court);
        self.erased_cases.insert(fact.case, ErasedCase { court, events, slots: fact.slots.clone() });
        self.erasures.retain(|slot, _| !fact.slots.contains(slot));
        let sequences = self.sequences_of_case(fact.case);
        let tasks = self.tasks.values().filter(|task| task.case.is_some_and(|case| sequences.contains(&case)));
        let tasks: Vec<u64> = tasks.map(|task| task.sequence).collect();
        tasks.into_iter().for_each(|task| self.end_task(task));
        self.forget_went_over(&sequences);
        let Some(index) = self.case_by_sequence(fact.case) else { return };
        self.forget_books(index);
        let Some(case) = self.cases.remove(index) else { return };
        for key in &case.keys {
            if let Some(keyed) = self.idempotency.remove(key) {
                self.forget_delivery(keyed.request);
            }
        }
        if self.case_by_key.get(&case.key) == Some(&index) {
            self.case_by_key.remove(&case.key);
        }
        for sequence in &sequences {
            self.case_by_sequence.remove(sequence);
            self.proposals.remove(sequence);
            self.joined.remove(sequence);
        }
        // The place may be another case's soon.
        self.disturbed.remove(&index);
        self.notices.retain(|(case, _), _| *case != index);
        self.freezes_ended.retain(|(case, _, _)| *case != index);
    }

    /// What went over to another case can matter no more there either, and a fold that finds the bodies gone never knew it.
    fn forget_went_over(&mut self, sequences: &[u64]) {
        let went_over = self.went_over.iter().filter(|(_, case)| sequences.contains(case));
        let went_over: Vec<u64> = went_over.map(|(key, _)| *key).collect();
        for key in went_over {
            let found = self.measure_at(key).map(super::Measure::id);
            if let Some(measure) = found.and_then(|id| self.measure_index(id)) {
                self.forget_held(measure);
            }
            self.forget_gone(key);
        }
    }

    fn forget_held(&mut self, measure: Index) {
        let to = self.measures.get(measure).map_or(0, |measure| measure.to);
        self.lapsed.remove(&(to, measure));
        self.remove_measure(measure);
    }

    /// Nothing is left of its measures, in memory or gone, and of its money.
    fn forget_books(&mut self, index: Index) {
        let (measures, takings) =
            self.cases.get(index).map(|case| (case.measures.clone(), case.takings.to_vec())).unwrap_or_default();
        measures.into_iter().for_each(|measure| self.forget_held(measure));
        self.forget_gone_of(index);
        self.returns.retain(|_, back| !takings.contains(&back.taking));
        takings.into_iter().for_each(|taking| self.remove_taking(taking));
    }

    /// What of a case can still matter on a day; empty = it may be erased. `watches` = its court looks whether money comes in.
    pub(crate) fn uses_of(&self, index: Index, today: Day, watches: bool) -> Vec<CaseUse> {
        let Some(case) = self.cases.get(index) else { return Vec::new() };
        let sequences = self.sequences_of_case(case.sequence);
        let is_of_case = |of: u64| sequences.contains(&of);
        let stands = self.measures_of_case(index).any(|(_, measure)| may_matter(measure, today));
        let gone = || self.gone.all().values().any(|measure| measure.case == index && may_matter(measure, today));
        let went_over = || {
            let of_case = self.went_over.iter().filter(|(_, case)| is_of_case(**case));
            of_case.filter_map(|(key, _)| self.measure_at(*key)).any(|measure| may_matter(measure, today))
        };
        let unsettled = || self.takings_of_case(index).any(|(_, taking)| taking.is_unsettled());
        let task = || self.tasks.values().any(|task| task.case.is_some_and(is_of_case));
        let uses = [
            (CaseUse::Requests, !case.requests.is_empty()),
            (CaseUse::Measures, stands || gone() || went_over()),
            (CaseUse::Takings, watches && unsettled()),
            (CaseUse::Tasks, task()),
            (CaseUse::Deliveries, self.delivers_for(case)),
            (CaseUse::Halt, case.halted.as_ref().is_some_and(|halted| halted.cause().may_go_on())),
        ];
        uses.into_iter().filter(|(_, matters)| *matters).map(|(of, _)| of).collect()
    }

    fn delivers_for(&self, case: &Case) -> bool {
        let requests = case.keys.iter().filter_map(|key| self.idempotency.get(key)).map(|keyed| keyed.request);
        let mut deliveries = requests.filter_map(|request| self.deliveries.by_request.get(&request));
        deliveries.any(|delivery| delivery.is_under_way() || delivery.due_at != 0)
    }

    /// An event that accepted a request or extended its plan and cannot be read any more: the numbers that it drew are drawn all the
    /// same, and a partner has seen them.
    pub(crate) fn draw_unread(&mut self, slips: u32) {
        self.next_slip = self.next_slip.saturating_add(u64::from(slips));
    }
}
