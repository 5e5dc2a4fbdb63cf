//! Measures as days and news pass over them: what lapses, whose end is told, what a question shows of a queue, what may not be
//! frozen twice.

use std::collections::BTreeMap;

use domain::measure::{ChangeCause, EXPIRY_NOTICE_DAYS, MeasureState, days_left, end_of, notice_due, renewal_asked_by};
use domain::outcome::{FoundAccount, Outcome};
use domain::task::{TaskEnd, TaskKind};
use domain::{ActKind, ActState, Day, Money};
use store::record::{ActRef, ActWithdrawn, Body, ChangedBody, MeasureChanged, MeasureLapsed, ReasonBody, TaskEnded};

use super::Decider;
use super::task::Draft;
use crate::state::found::{HELD_UNKNOWN, OursThere, row_of};
use crate::state::measure::LET_GO;
use crate::state::slab::{Index, NONE};
use crate::state::{Act, Measure, short_hash};

/// Measures that lapse with one tick: one event names them all and stays far below 64 KiB, and with their tasks the decision stays
/// a millisecond or two. A tick comes each second, so weeks of a million measures are caught up with in minutes.
pub const LAPSED_PER_TICK_MAX: usize = 500;
/// Ends told with one tick.
pub const NOTICES_PER_TICK_MAX: usize = 500;
/// How many of them may be those that came to end soon since the tick before; the rest of a tick is the day's look's.
const NOTICES_STIRRED_MAX: usize = NOTICES_PER_TICK_MAX / 2;
/// Measures looked at for that with one tick.
const NOTICES_LOOKED_MAX: usize = 10_000;

/// Why acts on a measure that has lapsed are taken back.
const OVER: &str = "D10 措施已届满失效，须另行办理";
/// Why acts on a measure that was let go whole are taken back.
const LET_GO_WHOLE: &str = "所依据的措施已全部解除，未发出的事项撤回";

/// Why deductions above what their freeze holds now are taken back.
const HOLDS_LESS: &str = "D20 所依据的冻结经协助单位更正，实际控制金额不足，未发出的扣划撤回";

/// How far the ends of a day have been told; not kept, a new run looks again and finds what was told.
pub(super) struct Noticing {
    day: i32,
    /// Where to go on; `None` = all of the day's are told.
    from: Option<(i32, Index)>,
}

impl Noticing {
    pub(super) const NEVER: Self = Self { day: i32::MIN, from: None };
}

/// What a question's answer shows of a measure.
pub(super) struct Shown {
    measure: ActRef,
    state: MeasureState,
    standing: ChangedBody,
}

/// What was known of an act and of its measure before news came.
#[derive(Clone, Copy)]
pub(super) struct Before {
    state: ActState,
    base: Option<MeasureState>,
}

impl Decider {
    /// What is over with the day before, and what will be soon; as much as one tick takes.
    pub(super) fn pass_days(&mut self) {
        let today = Day::of(self.now);
        self.lapse(today);
        self.tell_ends(today);
    }

    fn lapse(&mut self, today: Day) {
        let over = self.state.measures_ending_before(today.count()).map(|(_, index)| index);
        let over: Vec<Index> = over.filter(|index| !self.renewal_is_out(*index)).take(LAPSED_PER_TICK_MAX).collect();
        if over.is_empty() {
            return;
        }
        let found: Vec<Measure> = over.iter().filter_map(|index| self.state.measures.get(*index)).cloned().collect();
        // The leaf is shown whole to whoever may see one of its measures, so none of another case stands in it, nor a secret one beside
        // others (rule D5).
        let mut together: BTreeMap<(Index, u64), Vec<ActRef>> = BTreeMap::new();
        for measure in &found {
            let secret = if measure.is_secret() { measure.sequence } else { 0 };
            together.entry((measure.case, secret)).or_default().push(ActRef(measure.sequence, measure.place));
        }
        let day = u32::try_from(today.count()).unwrap_or(0);
        for measures in together.into_values() {
            self.emit(MeasureLapsed { day, measures }.into(), None, 0);
        }
        for (index, measure) in over.iter().zip(&found) {
            if measure.refs > 0 {
                let too_late = |act: &Act| act.kind() == ActKind::Renew || act.kind().moves_money();
                self.take_back_unsent((*index, measure.case), OVER, too_late);
            }
            if needs_a_word(measure) {
                self.raise_on(TaskKind::Lapsed, measure, None, Some(measure.caught()).filter(|caught| *caught > 0));
            }
        }
        let mut cases: Vec<Index> = found.iter().map(|measure| measure.case).collect();
        cases.sort_unstable();
        cases.dedup();
        // What no longer counts leaves room for what goals may hold elsewhere.
        for case in cases {
            let requests = self.state.cases.get(case).map(|case| case.requests.to_vec()).unwrap_or_default();
            let open = requests.iter().filter_map(|index| self.state.requests.get(*index));
            let goals: Vec<u64> = open.filter(|open| open.goal().is_some()).map(|open| open.sequence).collect();
            self.patience.extend(goals.into_iter().map(|request| (self.now, request)));
        }
    }

    /// A renewal was with the partner in time: nobody knows yet whether it ended.
    fn renewal_is_out(&self, index: Index) -> bool {
        let out = |act: &Act, to: Day| {
            act.kind() == ActKind::Renew
                && matches!(act.state(), ActState::Sending | ActState::Awaiting | ActState::InDoubt)
                && act.sent_at > 0
                && Day::of(act.sent_at) <= to
        };
        let Some(measure) = self.state.measures.get(index).filter(|measure| measure.refs > 0) else { return false };
        let Some(to) = measure.last_day() else { return false };
        self.state.acts_of_case(measure.case).any(|(_, act)| act.measure == index && out(act, to))
    }

    /// A renewal or a taking that has not left would come too late; a release does no harm.
    fn take_back_unsent(&mut self, (measure, case): (Index, Index), why: &str, moot: impl Fn(&Act) -> bool) {
        let unsent = |act: &Act| {
            act.measure == measure
                && moot(act)
                && matches!(act.state(), ActState::Planned | ActState::Ready)
                && !act.is_under_way()
        };
        let of_case = self.state.acts_of_case(case).filter(|(_, act)| unsent(act));
        let found: Vec<Index> = of_case.map(|(index, _)| index).collect();
        self.take_back_all(&found, why);
    }

    /// More is claimed of a freeze than it holds: its partner told less of it, or that it never stood. What has not left is taken back,
    /// the newest first, until the rest fits (rule D20); a goal then takes what there is.
    pub(super) fn hold_to_what_is_held(&mut self) {
        // A goal that goes on before the configuration is there would find nobody to order from, and end.
        if self.config.courts.is_empty() {
            return;
        }
        while let Some(measure) = self.state.overclaimed.pop_first() {
            let Some(found) = self.state.measures.get(measure) else { continue };
            let mut over = found.overclaimed();
            let unsent = |act: &Act| {
                act.measure == measure
                    && act.kind().moves_money()
                    && matches!(act.state(), ActState::Planned | ActState::Ready)
                    && !act.is_under_way()
            };
            if over <= 0 {
                continue;
            }
            let of_case = self.state.acts_of_case(found.case).filter(|(_, act)| unsent(act));
            let mut newest: Vec<_> = of_case.map(|(index, act)| (act.sequence, act.place, act.amount, index)).collect();
            newest.sort_unstable_by(|a, b| b.cmp(a));
            let mut taken_back = Vec::new();
            for (_, _, amount, index) in newest {
                if over > 0 && amount > 0 {
                    over -= amount;
                    taken_back.push(index);
                }
            }
            self.take_back_all(&taken_back, HOLDS_LESS);
        }
    }

    fn take_back_all(&mut self, acts: &[Index], why: &str) {
        let mut requests = Vec::new();
        for index in acts.iter().copied() {
            let Some(act) = self.state.acts.get(index) else { continue };
            let (id, request) = (act.id(), act.request);
            let fact = ActWithdrawn { act: id.into(), by: String::new() };
            let body = Body::Reason(ReasonBody { reason: why.to_owned(), amount: None, document: None });
            let slot = self.slot_of(index);
            self.emit(fact.into(), Some(body), slot);
            requests.push(request);
        }
        requests.dedup();
        for request in requests {
            self.go_on(request);
        }
    }

    fn tell_ends(&mut self, today: Day) {
        if self.noticing.day != today.count() {
            self.noticing = Noticing { day: today.count(), from: Some((today.count(), 0)) };
        }
        // What came to end soon since is told beside the day's look, which never begins anew for it: where something comes to end soon
        // with each tick, the look would never come to those that end last.
        let mut due = Vec::new();
        while due.len() < NOTICES_STIRRED_MAX
            && let Some(index) = self.state.ends_stirred.pop_first()
        {
            if self.is_to_be_told(index, today) {
                due.push(index);
            }
        }
        self.look_at_ends(today, &mut due);
        due.sort_unstable();
        due.dedup();
        for index in due {
            let Some(measure) = self.state.measures.get(index).cloned() else { continue };
            let Some(to) = measure.last_day() else { continue };
            let by = renewal_asked_by(to, today, &self.config.calendar);
            self.raise_on(TaskKind::Expiring, &measure, Some(end_of(by)), Some(measure.limit()));
        }
    }

    /// Goes on with the day's look at the ends, in their order.
    fn look_at_ends(&mut self, today: Day, due: &mut Vec<Index>) {
        let Some(from) = self.noticing.from else { return };
        let horizon = today.plus_days(EXPIRY_NOTICE_DAYS.iter().copied().max().unwrap_or(0));
        let (mut last, mut looked) = (None, 0);
        for (to, index) in self.state.measures_ending_from(from, horizon.count()).take(NOTICES_LOOKED_MAX) {
            (last, looked) = (Some((to, index)), looked + 1);
            if self.is_to_be_told(index, today) {
                due.push(index);
            }
            if due.len() == NOTICES_PER_TICK_MAX {
                break;
            }
        }
        let all = due.len() < NOTICES_PER_TICK_MAX && looked < NOTICES_LOOKED_MAX;
        self.noticing.from = last.filter(|_| !all).map(|(to, index)| (to, index.saturating_add(1)));
    }

    fn is_to_be_told(&self, index: Index, today: Day) -> bool {
        let Some(measure) = self.state.measures.get(index) else { return false };
        let notice = measure.last_day().and_then(|to| notice_due(days_left(to, today)));
        let Some(notice) = notice else { return false };
        let told = match measure.noticed {
            0 => false,
            LET_GO => true,
            left => i32::from(left) <= notice,
        };
        let renewing = |act: &Act| act.kind() == ActKind::Renew && act.measure == index && act.state().is_open();
        let is_renewed = || measure.refs > 0 && self.state.acts_of_case(measure.case).any(|(_, act)| renewing(act));
        !told && measure.releasing == 0 && !is_renewed()
    }

    fn raise_on(&mut self, kind: TaskKind, measure: &Measure, due: Option<domain::Millis>, amount: Option<i64>) -> u64 {
        let draft = Draft {
            measure: Some(ActRef(measure.sequence, measure.place)),
            partner: self.state.partner_of(measure.lane).to_owned(),
            due,
            amount,
            ..Draft::default()
        };
        let court = self.state.cases.get(measure.case).map_or(0, |case| case.court);
        let court = self.state.word(court).to_owned();
        self.raise_again(kind, Some(measure.case), &court, draft)
    }

    /// Ends the tasks whose measure ended, was renewed or stands again.
    pub(super) fn end_what_is_moot(&mut self) {
        while let Some(task) = self.state.moot.first().copied() {
            let end = TaskEnd::Moot.word().to_owned();
            self.emit(TaskEnded { by: String::new(), end, request: None, task }.into(), None, 0);
        }
    }

    /// What the answer to a question shows of the case's own freezes: a place in a queue that nobody is ahead of any more, or later
    /// money that was caught.
    pub(super) fn shown_by(&self, act: &Act, outcome: &Outcome) -> Vec<Shown> {
        if act.kind() != ActKind::Query || outcome.accounts.is_empty() {
            return Vec::new();
        }
        let partner = self.state.partner_of(act.lane);
        let number = self.state.cases.get(act.case).map_or(0, |case| case.number);
        let freezes = self.state.only_freezes(act.case);
        let mut shown = Vec::new();
        for account in outcome.accounts.iter().filter(|account| account.is_cny()) {
            let freeze = freezes.get(&short_hash(&[partner, account.number.expose()])).copied().flatten();
            let freeze = freeze.and_then(|freeze| self.state.measures.get(freeze));
            if let Some(freeze) = freeze.filter(|freeze| freeze.stood_when_asked(act)) {
                let others = if act.repeats { self.held_by_others(act, freeze, account) } else { HELD_UNKNOWN };
                shown.extend(shown_of(freeze, account, (number, others)));
            }
        }
        shown
    }

    /// What others hold of an account beside a freeze of ours.
    fn held_by_others(&self, act: &Act, freeze: &Measure, account: &FoundAccount) -> i64 {
        let row = row_of(account.number.expose(), &account.class, "");
        let open = self.state.requests.get(act.request);
        let mut found = open.into_iter().flat_map(|open| &open.found);
        let before = found.find(|found| found.asset == freeze.asset && found.row == row);
        let Some(all) = account.held() else { return HELD_UNKNOWN };
        OursThere::of(freeze, all.units()).others(before)
    }

    pub(super) fn stand_as_shown(&mut self, act: Index, shown: Vec<Shown>) {
        let slot = self.slot_of(act);
        for Shown { measure, state, standing } in shown {
            self.change_measure(measure, state, standing, (ChangeCause::Requeried, slot));
        }
    }

    /// Records that a measure stands otherwise than the acts about it say.
    pub(super) fn change_measure(
        &mut self,
        measure: ActRef,
        state: MeasureState,
        standing: ChangedBody,
        (cause, slot): (ChangeCause, u64),
    ) -> u64 {
        let fact = MeasureChanged {
            by: String::new(),
            cause: cause.word().to_owned(),
            measure,
            state: state.word().to_owned(),
        };
        self.emit(fact.into(), Some(Body::Changed(standing)), slot)
    }

    /// What is known before news about an act is recorded.
    pub(super) fn before_news(&self, act: &Act) -> Before {
        let base = self.state.measures.get(act.measure).filter(|_| act.measure != NONE);
        Before { state: act.state(), base: base.map(Measure::state) }
    }

    /// Tells people when news contradicts what was final, or when a renewal came after the end.
    pub(super) fn after_news(&mut self, act: &Act, before: Before) {
        let Some(now) = self.state.act_index(act.id()).and_then(|index| self.state.acts.get(index)) else { return };
        let turned = before.state.is_final()
            && now.state().is_final()
            && now.kind().took_effect(before.state) != now.kind().took_effect(now.state());
        let base = self.state.measures.get(now.measure);
        let renewed = now.kind() == ActKind::Renew && now.state().took_effect();
        // Nobody renews what was let go: either it was not, or the renewal is of nothing.
        let of_nothing = renewed && base.is_some_and(is_gone);
        let late = now.kind() == ActKind::Renew
            && now.state().took_effect()
            && before.base == Some(MeasureState::Lapsed)
            && base.is_none_or(|measure| measure.state() == MeasureState::Lapsed || measure.rank == 0);
        // More than was ordered is no order of ours: nobody else would hear of it.
        let moved = self.state.moved_by(now.id());
        let above = now.kind().moves_money() && moved > now.amount;
        // A freeze that was let go and is told to stand again.
        let stands = base.is_some_and(Measure::is_live);
        let revived = now.kind() == ActKind::Freeze && before.base == Some(MeasureState::Ended) && stands;
        let let_go = now.kind() == ActKind::Release
            && base.is_some_and(is_gone)
            && before.base.is_some_and(MeasureState::is_live);
        let (measure, case) = (now.measure, now.case);
        let about = base.map(|measure| ActRef(measure.sequence, measure.place));
        let draft = self.contradiction_of(now, about, above.then_some(moved));
        if turned || late || of_nothing || above || revived {
            let (court, draft) = draft;
            self.raise(TaskKind::NewsContradicts, Some(case), &court, draft);
        }
        if let_go {
            let moot =
                |act: &Act| act.kind() == ActKind::Renew || act.kind().moves_money() || act.kind().ends_a_measure();
            self.take_back_unsent((measure, case), LET_GO_WHOLE, moot);
        }
    }

    fn contradiction_of(&self, now: &Act, measure: Option<ActRef>, amount: Option<i64>) -> (String, Draft) {
        let open = self.state.requests.get(now.request);
        let court = open.map_or_else(String::new, |open| self.state.word(open.court).to_owned());
        let partner = self.state.partner_of(now.lane).to_owned();
        (court, Draft { act: Some(now.id().into()), measure, partner, amount, ..Draft::default() })
    }

    /// After a part of a freeze was let go its partner says what is left of the limit: another sum than ours is for people.
    pub(super) fn hold_to_what_is_left(&mut self, index: Index, left: Option<Money>) {
        let Some(act) = self.state.acts.get(index).filter(|act| act.kind() == ActKind::Release && act.amount > 0)
        else {
            return;
        };
        let (Some(measure), Some(left)) = (self.state.measures.get(act.measure), left) else { return };
        if ActKind::Release.took_effect(act.state()) && differs_from_what_is_left(measure, left) {
            let open = self.state.requests.get(act.request);
            let court = open.map_or_else(String::new, |open| self.state.word(open.court).to_owned());
            let (case, partner) = (act.case, self.state.partner_of(act.lane).to_owned());
            let draft = left_otherwise(act.id().into(), measure, left, partner);
            self.raise(TaskKind::NewsContradicts, Some(case), &court, draft);
        }
    }

    /// The property that freezes of a case hold or queue for, or are under way to: it may not be frozen twice (rule D14).
    pub(super) fn taken_assets(&self, case: Index) -> impl Iterator<Item = u64> {
        let acts = self.state.acts_of_case(case).map(|(_, act)| act);
        let under_way = acts.filter(|it| it.kind() == ActKind::Freeze && it.asset != 0 && it.state().is_open());
        under_way.map(|act| act.asset).chain(self.frozen_assets(case))
    }

    /// The property that freezes of a case hold or queue for, and are not to let go.
    fn frozen_assets(&self, case: Index) -> impl Iterator<Item = u64> {
        let today = Day::of(self.now);
        let live = self.state.measures_of_case(case).map(|(_, measure)| measure);
        live.filter(move |it| it.is_live_freeze() && it.releasing == 0 && it.asset != 0 && !it.is_over(today))
            .map(|measure| measure.asset)
    }
}

/// Is that neither what is left of it nor what is once open deductions have taken theirs?
pub(super) fn differs_from_what_is_left(measure: &Measure, left: Money) -> bool {
    let (limit, left) = (measure.limit(), left.units());
    left > limit || left < limit.saturating_sub(measure.claimed)
}

/// The task that tells of it.
pub(super) fn left_otherwise(act: ActRef, measure: &Measure, left: Money, partner: String) -> Draft {
    let ours = Money::from_units(measure.limit());
    Draft {
        act: Some(act),
        measure: Some(ActRef(measure.sequence, measure.place)),
        partner,
        amount: Some(left.units()),
        text: format!("部分解除后对方所报剩余限额{left}元，按所令应为{ours}元"),
        ..Draft::default()
    }
}

fn is_gone(measure: &Measure) -> bool {
    matches!(measure.state(), MeasureState::Ended | MeasureState::Void)
}

/// Nobody needs to hear of what held nothing, or of what a person has let go.
fn needs_a_word(measure: &Measure) -> bool {
    let held_nothing = measure.kind() == ActKind::Freeze
        && measure.state() == MeasureState::InForce
        && measure.caught() == 0
        && measure.moved == 0;
    !held_nothing && measure.noticed != LET_GO
}

/// What an account shows of our freeze on it; `others` is what is held there beside it.
fn shown_of(measure: &Measure, account: &FoundAccount, (number, others): (u64, i64)) -> Option<Shown> {
    let key = |paper: &str| crate::state::books::paper_key(paper);
    let own = account.ahead.iter().position(|prior| number != 0 && key(prior.paper.expose()) == number);
    let before_us = own.unwrap_or(account.ahead.len());
    let all = account.held()?.units();
    // Named alone it has all that is held. Of a partner that lists no measures, our own neither, it has what came since, and only whoever
    // repeats asks for that; but one that has caught nothing yet may have somebody ahead who waits for the same.
    let held = match own {
        Some(0) if account.ahead.len() == 1 => all,
        None if account.ahead.is_empty() && measure.held > 0 => all.saturating_sub(others),
        _ => 0,
    };
    let held = held.clamp(0, measure.limit());
    let of = |state, standing| Some(Shown { measure: ActRef(measure.sequence, measure.place), state, standing });
    let rank = u16::try_from(before_us).unwrap_or(u16::MAX).saturating_add(1);
    match measure.state() {
        // Only our own place in the partner's list says it. Where it names nobody, what it holds is held by those who were ahead.
        MeasureState::Queued if own == Some(0) => {
            let caught = Some(all.min(measure.limit()));
            of(MeasureState::InForce, ChangedBody { caught, rank: Some(1), ..ChangedBody::default() })
        }
        MeasureState::Queued if own.is_some() && rank != measure.rank => {
            of(MeasureState::Queued, ChangedBody { rank: Some(rank), queued: true, ..ChangedBody::default() })
        }
        MeasureState::InForce if held > measure.caught() => {
            of(MeasureState::InForce, ChangedBody { caught: Some(held), ..ChangedBody::default() })
        }
        _ => None,
    }
}
