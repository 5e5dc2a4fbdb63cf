//! Sums in force: what an outcome makes of a measure's limit and catch, and of the money that was taken.

use domain::measure::MeasureState;
use domain::outcome::{Outcome, Verdict};
use domain::{ActId, ActKind, ActState, Day, Millis, Money};
use store::record::OutcomeTwin;

use crate::state::books::{id_key, paper_key};
use crate::state::measure::{LET_GO, NO_DAY};
use crate::state::slab::{Index, NONE};
use crate::state::{Act, Measure, State, Taking};

/// What was said of an act.
#[derive(Clone, Copy)]
struct Said<'o> {
    state: ActState,
    verdict: Option<Verdict>,
    outcome: Option<&'o OutcomeTwin>,
    at: Millis,
    /// The freeze that it takes over, as [`Act::takes_over`] has it.
    takes_over: (u64, u64),
}

impl Said<'_> {
    /// What it says was moved.
    fn moved(&self, ordered: i64) -> i64 {
        let all = if self.state == ActState::Done { ordered } else { 0 };
        if self.effect() { self.outcome.and_then(|o| o.moved).unwrap_or(all).max(0) } else { 0 }
    }

    fn effect(&self) -> bool {
        self.state.took_effect()
    }

    /// The same of an act of that kind, which may need all of it.
    fn effect_of(&self, kind: ActKind) -> bool {
        kind.took_effect(self.state)
    }

    /// Rank among those the partner names as ahead; 1 when it names none and holds, 0 = not known.
    fn rank(&self) -> u16 {
        let Some(outcome) = self.outcome else { return 0 };
        // Whoever takes over a freeze stands where that one stood (rule D13).
        let (number, case) = self.takes_over;
        let is_it = |key: u64| key != 0 && (key == number || key == case);
        let place = outcome.ahead.iter().position(|prior| is_it(paper_key(prior.paper())));
        match (place.unwrap_or(outcome.ahead.len()), self.verdict) {
            (0, Some(Verdict::Queued)) if place.is_none() => 0,
            (ahead, _) => u16::try_from(ahead).unwrap_or(u16::MAX).saturating_add(1),
        }
    }
}

impl State {
    /// Sums in force after an outcome: of the measure that the act makes or builds on, and of the money it moves.
    pub(crate) fn apply_sums(
        &mut self,
        index: Index,
        state: ActState,
        verdict: Option<Verdict>,
        outcome: Option<&OutcomeTwin>,
        at: Millis,
    ) {
        let Some(act) = self.acts.get(index) else { return };
        let (kind, amount, to, measure, taking) = (act.kind(), act.amount, act.to, act.measure, act.taking);
        let (said, sent_at) = (Said { state, verdict, outcome, at, takes_over: act.takes_over }, act.sent_at);
        let took_effect = kind.took_effect(act.state());
        match kind {
            kind if kind.is_question() => {
                if let Some(outcome) = outcome {
                    self.found(index, outcome);
                }
            }
            kind if kind.moves_money() => self.booked(index, |books| books.take(taking, amount, said)),
            kind if kind.gives_back() => self.booked(index, |books| books.give_back(index, amount, said)),
            ActKind::Freeze => self.booked(index, |books| books.freeze(measure, amount, said)),
            ActKind::Watch | ActKind::BorderControl if said.effect() => self.with_measure(measure, |measure| {
                measure.to = said.outcome.and_then(|outcome| outcome.to).unwrap_or(measure.to);
                measure.set_state(MeasureState::InForce);
            }),
            ActKind::Release => self.booked(index, |books| books.release(index, amount, said)),
            ActKind::Renew => self.booked(index, |books| books.renew((index, measure), (to, sent_at), said)),
            ActKind::Lift if said.effect_of(kind) => {
                self.with_measure(measure, |measure| measure.set_state(MeasureState::Ended));
            }
            ActKind::Lift if state.is_final() && took_effect => {
                self.with_measure(measure, Measure::stands_again);
            }
            _ => {}
        }
    }

    /// What an act of a finished request came to after all.
    pub(crate) fn settle_late(
        &mut self,
        act: ActId,
        state: ActState,
        verdict: Option<Verdict>,
        outcome: Option<&OutcomeTwin>,
        at: Millis,
    ) {
        let said = Said { state, verdict, outcome, at, takes_over: (0, 0) };
        if let Some(index) = self.taking_index(act) {
            let (amount, moved) = self.takings.get(index).map_or((0, 0), |taking| (taking.amount, taking.moved));
            let measure = self.base_of(index);
            // Money that was reported stays counted when late news denies it: people settle the contradiction, and until they have
            // nothing may be taken a second time.
            if said.moved(amount) > moved {
                self.booked_alone((measure, index), |books| books.take(index, amount, said));
            }
            self.drop_if_over(measure);
        }
        self.give_back_late(act, said);
        self.say_renewal(id_key(act.sequence, act.line), said);
        self.let_go_late(id_key(act.sequence, act.line), said);
        let Some(measure) = self.measure_index(act.into()) else { return };
        if let Some(found) = self.measures.get(measure).filter(|found| found.kind() == ActKind::Freeze) {
            let ordered = self.ordered_of(found).unwrap_or(found.granted);
            self.booked_alone((measure, NONE), |books| books.freeze(measure, ordered, said));
            self.drop_if_over(measure);
        } else {
            self.booked_alone((measure, NONE), |books| {
                books.with_measure(measure, |measure| match (said.effect(), measure.state()) {
                    (true, MeasureState::Void | MeasureState::Ordered) => measure.set_state(MeasureState::InForce),
                    (false, state) if state.is_live() => measure.set_state(MeasureState::Void),
                    _ => {}
                });
            });
            self.drop_if_over(measure);
        }
    }

    /// Two people settled money of a finished request that its partner had denied: so much of it moved, in 1/10,000 yuan.
    pub(crate) fn settle_denied(&mut self, act: ActId, state: ActState, moved: i64, at: Millis) {
        let Some(index) = self.taking_index(act) else { return };
        let told =
            OutcomeTwin::from(&Outcome { moved: Some(Money::from_units(moved)), ..Outcome::of(Verdict::Partly) });
        let said = Said { state, verdict: None, outcome: Some(&told), at, takes_over: (0, 0) };
        let measure = self.base_of(index);
        self.booked_alone((measure, index), |books| books.take(index, moved, said));
        self.drop_if_over(measure);
    }

    /// An act came to an end: what it ordered stands, or never will.
    pub(crate) fn stands_or_falls(&mut self, index: Index, state: ActState) {
        let Some(act) = self.acts.get(index).filter(|act| act.kind().is_lasting()) else { return };
        let measure = act.measure;
        if state.is_final() && !state.took_effect() {
            self.with_measure(measure, |measure| measure.set_state(MeasureState::Void));
        }
    }

    /// A release came to an end: what it was to let go is looked at again when it did not.
    pub(crate) fn released_or_not(&mut self, index: Index, state: ActState) {
        let Some(act) = self.acts.get(index).filter(|act| act.kind().ends_a_measure() && state.is_final()) else {
            return;
        };
        let (kind, case, measure) = (act.kind(), act.case, act.measure);
        let took_effect = kind.took_effect(state);
        let to = self.measures.get_mut(measure).map(|measure| {
            measure.set_release_failed(!took_effect);
            measure.to
        });
        if let Some(to) = to.filter(|_| !took_effect) {
            // While it was being released nobody was told that it ends.
            self.stir_end(to, measure);
        }
        if kind.took_effect(state) {
            self.disturb(case);
        } else {
            self.disturbed.insert(case);
        }
    }

    /// A renewal came to an end: when it came to nothing, the end of its measure is told again, unless a person let it go.
    pub(crate) fn renewed_or_not(&mut self, index: Index, state: ActState) {
        let Some(act) = self.acts.get(index).filter(|act| act.kind() == ActKind::Renew && state.is_final()) else {
            return;
        };
        let index = act.measure;
        if let Some(measure) = self.measures.get_mut(index).filter(|_| !state.took_effect())
            && measure.noticed != LET_GO
        {
            measure.noticed = 0;
            let to = measure.to;
            self.stir_end(to, index);
        }
    }

    fn freeze(&mut self, index: Index, ordered: i64, said: Said<'_>) {
        if said.state.is_open() {
            return;
        }
        if !said.effect() {
            self.with_measure(index, |measure| measure.set_state(MeasureState::Void));
            return;
        }
        let queued = said.verdict == Some(Verdict::Queued);
        let held = said.outcome.and_then(|o| o.caught);
        // What is held counts, whatever limit was told: whole accounts are held without one, and some hold more than they were asked to.
        let limit = said.outcome.and_then(|o| o.limit).unwrap_or(ordered).max(held.unwrap_or(0)).max(0);
        let whole = if queued { 0 } else { limit };
        let caught = held.unwrap_or(whole).max(0);
        self.told_limit(index, (limit, ordered));
        let to = said.outcome.and_then(|o| o.to);
        let key = self.measures.get(index).map_or(0, |measure| id_key(measure.sequence, measure.place));
        // What a renewal moved stays moved: only a word about that renewal, or about a later one, says otherwise.
        let to = to.filter(|to| self.renewals.say_own(key, Some(*to)));
        self.with_measure(index, |measure| {
            // It says how the freeze began: what was moved and let go since stays moved and let go. Only another word about one
            // that was let go whole lets it stand again, and people are told.
            if !measure.is_live() && measure.is_let_go() && (limit, caught) != (measure.granted, measure.held) {
                measure.released = 0;
            }
            (measure.granted, measure.held) = (limit, caught);
            measure.to = to.unwrap_or(measure.to);
            measure.from = said.outcome.and_then(|o| o.from).unwrap_or(measure.from);
            measure.rank = if said.rank() == 0 { measure.rank } else { said.rank() };
            // What has lapsed does not stand again by late news about its beginning.
            if measure.state() != MeasureState::Lapsed {
                measure.stands_as(queued);
            }
        });
    }

    /// Money moved, more than before or less after all; so much more or less is left of its freeze.
    fn take(&mut self, index: Index, ordered: i64, said: Said<'_>) {
        let moved = said.moved(ordered);
        let Some(taking) = self.takings.get_mut(index) else { return };
        let change = moved - std::mem::replace(&mut taking.moved, moved);
        let base = taking.base;
        if moved > 0 && taking.reported_at == 0 {
            taking.reported_at = said.at;
        }
        self.owe_notice_of_taking(index);
        self.watch_settlement(index);
        if change != 0 {
            self.gone_moved(base, change);
            self.with_measure(self.base_of(index), |freeze| {
                freeze.moved = freeze.moved.saturating_add(change).max(0);
                freeze.stands_by_what_is_left(change < 0);
            });
        }
    }

    /// What an act gave back, each time all of it is told anew.
    fn give_back(&mut self, act: Index, ordered: i64, said: Said<'_>) {
        let back = said.moved(ordered).min(ordered.max(0));
        let Some((taking, change)) = self.effected(act, back).map(|(act, change)| (act.taking, change)) else { return };
        self.returns_otherwise(taking, change);
    }

    /// The same of an act whose request is finished. It is followed both ways: what is not back after all is counted as taken again,
    /// so nothing is taken twice; and what is back after all is neither given back twice nor believed to be the creditor's.
    fn give_back_late(&mut self, act: ActId, said: Said<'_>) {
        let Some(known) = self.returns.get_mut(&id_key(act.sequence, act.line)) else { return };
        let back = said.moved(known.ordered).min(known.ordered);
        let change = back - std::mem::replace(&mut known.effected, back);
        let taking = known.taking;
        self.booked_alone((NONE, taking), |books| books.returns_otherwise(taking, change));
    }

    fn returns_otherwise(&mut self, taking: Index, change: i64) {
        if let Some(taking) = self.takings.get_mut(taking) {
            taking.returned = taking.returned.saturating_add(change).clamp(0, taking.moved);
        }
    }

    /// Enters what an act has effected in all; the act, and the difference to what was entered before.
    fn effected(&mut self, act: Index, now: i64) -> Option<(&Act, i64)> {
        let act = self.acts.get_mut(act)?;
        let change = now - std::mem::replace(&mut act.effected, now);
        (change != 0).then_some((&*act, change))
    }

    /// The part that the release names, or all that is left; it stands again when later word denies it.
    fn release(&mut self, index: Index, part: i64, said: Said<'_>) {
        let Some(act) = self.acts.get(index) else { return };
        let (measure, effected) = (act.measure, act.effected);
        let most = self.measures.get(measure).map_or(0, Measure::not_let_go).saturating_add(effected);
        let gone = gone_of(said, part, most);
        let Some((_, change)) = self.effected(index, gone) else { return };
        self.with_measure(measure, |freeze| {
            freeze.released = freeze.released.saturating_add(change).max(0);
            freeze.stands_by_what_is_left(change < 0);
        });
    }

    /// How much a release of a finished request let go after all: the decision that took the word says what that leaves.
    fn let_go_late(&mut self, act: u64, said: Said<'_>) {
        let Some(known) = self.releases.of(act).filter(|_| !said.state.is_open()) else { return };
        let most = self.measure_at(known.measure).map_or(0, Measure::not_let_go).saturating_add(known.effected);
        let gone = gone_of(said, known.part, most);
        self.releases.say(act, gone);
    }

    /// Where a renewal moved the end, or that it moved nothing; did it stand before?
    fn say_renewal(&mut self, act: u64, said: Said<'_>) -> bool {
        if said.state.is_open() {
            return false;
        }
        let to = said.effect().then(|| said.outcome.and_then(|outcome| outcome.to));
        self.renewals.say(act, to)
    }

    fn renew(&mut self, (act, index): (Index, Index), (ordered_to, sent_at): (i32, Millis), said: Said<'_>) {
        let act = self.acts.get(act).map_or(0, |act| id_key(act.sequence, act.place));
        let stood = self.say_renewal(act, said);
        if !said.effect() {
            if stood {
                self.ends_as_before(index);
            }
            return;
        }
        let to = said.outcome.and_then(|outcome| outcome.to).unwrap_or(ordered_to);
        if to == NO_DAY {
            return;
        }
        let answered = Day::of(said.at).count();
        let outdated = self.renewals.is_outdated(act);
        self.with_measure(index, |measure| {
            let in_time = sent_at > 0 && Day::of(sent_at).count() <= measure.to;
            if measure.state() == MeasureState::Lapsed && to >= answered {
                // With the partner in time, it kept its rank all along; else it stands as a new one, behind whoever came between.
                if !in_time {
                    (measure.rank, measure.from) = (0, answered);
                }
                measure.stands_as(measure.rank > 1 && measure.caught() == 0);
            }
            (measure.to, measure.noticed) = (if outdated { measure.to } else { to }, 0);
        });
    }

    /// A renewal did not move it after all. What has lapsed meanwhile stays so, under the day on which it did.
    fn ends_as_before(&mut self, index: Index) {
        let Some(measure) = self.measures.get(index).filter(|measure| measure.state() != MeasureState::Lapsed) else {
            return;
        };
        if let Some(to) = self.renewals.latest(id_key(measure.sequence, measure.place)) {
            self.with_measure(index, |measure| measure.to = to);
        }
    }
}

/// What a release lets go: the part that it names, or all that there is. Both count whole where a deduction left less of the freeze:
/// should that one be denied, what was let go is gone all the same.
fn gone_of(said: Said<'_>, part: i64, most: i64) -> i64 {
    match (said.effect_of(ActKind::Release), part > 0) {
        (false, _) => 0,
        (true, true) => part,
        (true, false) => most,
    }
}

/// What a taking and its measure hold, for those who only look.
impl State {
    /// What an act moved to the court's account.
    #[must_use]
    pub fn moved_by(&self, act: ActId) -> i64 {
        self.taking_index(act).and_then(|index| self.takings.get(index)).map_or(0, |taking: &Taking| taking.moved)
    }

    /// What is entered of an act as moved or given back; `None` = the books know nothing of it.
    #[must_use]
    pub(crate) fn entered_of(&self, act: ActId) -> Option<i64> {
        let returned = || self.returns.get(&id_key(act.sequence, act.line)).map(|known| known.effected);
        self.taking_index(act).map(|_| self.moved_by(act)).or_else(returned)
    }

    /// What an act moved to the court's account and was not given back since.
    #[must_use]
    pub fn kept_of(&self, act: ActId) -> i64 {
        let taking = self.taking_index(act).and_then(|index| self.takings.get(index));
        taking.map_or(0, |taking| taking.moved.saturating_sub(taking.returned).max(0))
    }

    /// The measure of an act, while it is in memory.
    #[must_use]
    pub fn measure_by_act(&self, act: ActId) -> Option<&Measure> {
        self.measure_made_by(act.into()).and_then(|index| self.measures.get(index))
    }
}
