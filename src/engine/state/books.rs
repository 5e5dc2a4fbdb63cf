//! The books of a case: how each act, measure and taking weighs in its ledger, kept in step by replacing one entry by another.

use domain::ledger::{Entry, Ledger};
use domain::measure::{EXPIRY_NOTICE_DAYS, MeasureState};
use domain::task::TaskKind;
use domain::{ActKind, ActState, MeasureId, Money, SlipLine, SlipNumber};

use store::record::ActRef;

use super::measure::{Measure, NO_DAY, Return, Taking};
use super::slab::{Index, NONE};
use super::{Act, LetGo, State, short_hash};

/// By which a paper is known whatever ruling of its case it is: the case number without brackets' widths, spaces and what
/// follows 号; any other text by itself. 0 = no text.
#[must_use]
pub fn paper_key(text: &str) -> u64 {
    let mut plain = String::with_capacity(text.len());
    plain.extend(text.chars().filter(|c| !c.is_whitespace()).map(|c| match c {
        '（' | '〔' | '[' => '(',
        '）' | '〕' | ']' => ')',
        c => c,
    }));
    let number = plain.split_inclusive('号').next().unwrap_or_default();
    if number.is_empty() { 0 } else { short_hash(&[number]) }
}

/// Sequence and place in one word: a million measures are found through it, and a place is below 2^20.
pub(crate) fn id_key(sequence: u64, place: u32) -> u64 {
    sequence << 20 | u64::from(place)
}

/// What an act claims of the measure that it builds on.
#[derive(Clone, Copy, Default)]
struct Hold {
    claimed: i64,
    releasing: u16,
    returning: i64,
}

/// By which a measure is found that is named by its number at the partner.
#[must_use]
pub fn origin_key(partner: &str, number: &str) -> u64 {
    short_hash(&[partner, number])
}

fn units(units: i64) -> Money {
    Money::from_units(units)
}

impl Act {
    /// What is reserved for it while it is open; nothing once it is final.
    fn entry(&self) -> Entry {
        let (amount, doubt) = (units(self.amount), self.state() == ActState::InDoubt);
        match self.kind() {
            _ if self.state().is_final() => Entry::VOID,
            ActKind::Freeze => Entry::reserve_freeze(amount, doubt),
            kind if kind.moves_money() => Entry::reserve_taking(amount, doubt),
            _ => Entry::VOID,
        }
    }

    fn hold(&self) -> Hold {
        match self.kind() {
            _ if self.state().is_final() => Hold::default(),
            kind if kind.moves_money() => Hold { claimed: self.amount, ..Hold::default() },
            kind if kind.gives_back() => Hold { returning: self.amount, ..Hold::default() },
            ActKind::Release => Hold { releasing: 1, ..Hold::default() },
            _ => Hold::default(),
        }
    }
}

impl Measure {
    fn entry(&self) -> Entry {
        if self.is_live_freeze() { Entry::post_freeze(units(self.limit()), units(self.caught())) } else { Entry::VOID }
    }
}

impl Taking {
    fn entry(&self) -> Entry {
        Entry::post_taking(units(self.moved), units(self.returned), units(self.settled))
    }
}

impl State {
    /// The ledger of a case.
    #[must_use]
    pub fn ledger(&self, case: Index) -> Ledger {
        self.cases.get(case).map(|case| case.ledger).unwrap_or_default()
    }

    /// The ledger of a case by going through everything that it has; for checks that the kept sums are right.
    #[must_use]
    pub fn ledger_by_sum(&self, case: Index) -> Ledger {
        let Some(found) = self.cases.get(case) else { return Ledger::default() };
        let mut ledger = Ledger { target: found.ledger.target, ..Ledger::default() };
        for (_, act) in self.acts_of_case(case) {
            ledger.replace(Entry::VOID, act.entry());
        }
        for measure in found.measures.iter().filter_map(|index| self.measures.get(*index)) {
            ledger.replace(Entry::VOID, measure.entry());
        }
        for taking in found.takings.iter().filter_map(|index| self.takings.get(*index)) {
            ledger.replace(Entry::VOID, taking.entry());
        }
        ledger
    }

    /// What secret requests have in the books of a case, each with the sequence of the event that planned it.
    pub(crate) fn secret_entries(&self, case: Index) -> Vec<(u64, Entry)> {
        let acts = self.acts_of_case(case).filter(|(_, act)| act.is_secret());
        let acts = acts.map(|(_, act)| (act.sequence, act.entry()));
        let measures = self.measures_of_case(case).filter(|(_, measure)| measure.is_secret());
        let measures = measures.map(|(_, measure)| (measure.sequence, measure.entry()));
        let takings = self.takings_of_case(case).filter(|(_, taking)| taking.is_secret());
        let takings = takings.map(|(_, taking)| (taking.sequence, taking.entry()));
        acts.chain(measures).chain(takings).filter(|(_, entry)| *entry != Entry::VOID).collect()
    }

    /// Each entry with the case in whose books it stands: a measure may have gone over to another case than its act's.
    fn entries_of(&self, (act, measure, taking): (Index, Index, Index)) -> [(Index, Entry); 3] {
        [
            self.acts.get(act).map_or((NONE, Entry::VOID), |act| (act.case, act.entry())),
            self.measures.get(measure).map_or((NONE, Entry::VOID), |measure| (measure.case, measure.entry())),
            self.takings.get(taking).map_or((NONE, Entry::VOID), |taking| (taking.case, taking.entry())),
        ]
    }

    fn enter_all(&mut self, before: [(Index, Entry); 3], after: [(Index, Entry); 3]) {
        for ((case, before), (now, after)) in before.into_iter().zip(after) {
            if case == now {
                self.enter(case, before, after);
            } else {
                self.enter(case, before, Entry::VOID);
                self.enter(now, Entry::VOID, after);
            }
        }
    }

    /// Changes an act, or the measure and the taking beside it, and enters the difference in the books.
    pub(crate) fn booked(&mut self, act: Index, change: impl FnOnce(&mut Self)) {
        let Some((measure, taking)) = self.acts.get(act).map(|act| (act.measure, act.taking)) else {
            return change(self);
        };
        let hold = |state: &Self| state.acts.get(act).map(Act::hold).unwrap_or_default();
        let (before, held) = (self.entries_of((act, measure, taking)), hold(self));
        change(self);
        let (after, holds) = (self.entries_of((act, measure, taking)), hold(self));
        self.enter_all(before, after);
        self.hold_otherwise((measure, taking), held, holds);
    }

    /// The same for a measure or a taking whose act is gone.
    pub(crate) fn booked_alone(&mut self, (measure, taking): (Index, Index), change: impl FnOnce(&mut Self)) {
        let before = self.entries_of((NONE, measure, taking));
        change(self);
        let after = self.entries_of((NONE, measure, taking));
        self.enter_all(before, after);
    }

    /// What lives of a preservation goes on as the measures of the enforcement that it has become (rule D11).
    pub(crate) fn take_over(&mut self, from: Index, to: Index) {
        if from == to {
            return;
        }
        let living = self.measures_of_case(from).filter(|(_, measure)| measure.is_live());
        let mut living: Vec<Index> = living.map(|(index, _)| index).collect();
        living.sort_unstable();
        let own = self.cases.get(from).map_or(0, |case| case.sequence);
        for index in &living {
            self.booked_alone((*index, NONE), |books| {
                if let Some(measure) = books.measures.get_mut(*index) {
                    measure.case = to;
                    let key = id_key(measure.sequence, measure.place);
                    // From one enforcement to the next it is still the first one's word.
                    books.went_over.entry(key).or_insert(own);
                }
            });
        }
        if let Some(case) = self.cases.get_mut(from) {
            case.measures.retain(|index| living.binary_search(index).is_err());
        }
        // The debtor knows of the preservation, and was told nothing new by what it became.
        let told = self.cases.get(from).map(|case| case.told.clone()).unwrap_or_default();
        if let Some(case) = self.cases.get_mut(to) {
            case.measures.extend(living);
            for subject in told.iter().filter(|subject| !case.told.contains(subject)).copied().collect::<Vec<_>>() {
                case.told.push(subject);
            }
        }
    }

    fn enter(&mut self, case: Index, before: Entry, after: Entry) {
        if before == after {
            return;
        }
        if let Some(found) = self.cases.get_mut(case) {
            found.ledger.replace(before, after);
        }
        self.disturb(case);
    }

    /// Remembers a case that may have to let something go, or a proposal about it that may be moot now.
    pub(crate) fn disturb(&mut self, case: Index) {
        let Some(found) = self.cases.get(case) else { return };
        if found.ledger.is_over() || self.proposals.contains_key(&found.sequence) {
            self.disturbed.insert(case);
        }
    }

    fn hold_otherwise(&mut self, (measure, taking): (Index, Index), before: Hold, after: Hold) {
        if let Some(measure) = self.measures.get_mut(measure) {
            measure.claimed += after.claimed - before.claimed;
            measure.releasing = measure.releasing.saturating_add(after.releasing).saturating_sub(before.releasing);
        }
        if let Some(taking) = self.takings.get_mut(taking) {
            taking.returning += after.returning - before.returning;
        }
    }

    /// Puts an act with its measure and taking into the books.
    pub(crate) fn insert_act(&mut self, act: Act) -> Index {
        let (case, measure, taking) = (act.case, act.measure, act.taking);
        let (entry, hold) = (act.entry(), act.hold());
        let index = self.acts.insert(act);
        self.enter(case, Entry::VOID, entry);
        self.hold_otherwise((measure, taking), Hold::default(), hold);
        if let Some(measure) = self.measures.get_mut(measure) {
            measure.refs += 1;
        }
        index
    }

    /// Takes a final act out of memory; what it made stays as long as it matters.
    pub(crate) fn remove_act(&mut self, index: Index) {
        let Some(act) = self.acts.remove(index) else { return };
        if let Some(measure) = self.measures.get_mut(act.measure) {
            measure.refs = measure.refs.saturating_sub(1);
            if measure.act == index {
                measure.act = NONE;
            }
        }
        // What never left cannot have given anything back.
        if act.kind().gives_back() && act.exchanges > 0 && self.takings.get(act.taking).is_some() {
            let of_act = Return { taking: act.taking, ordered: act.amount.max(0), effected: act.effected };
            self.returns.insert(id_key(act.sequence, act.place), of_act);
        }
        if act.kind() == ActKind::Release
            && act.exchanges > 0
            && let Some(measure) = self.measures.get(act.measure)
        {
            let measure = id_key(measure.sequence, measure.place);
            let of_act = LetGo { measure, part: act.amount.max(0), effected: act.effected };
            self.releases.keep(id_key(act.sequence, act.place), of_act);
        }
        if let Some(taking) = self.takings.get_mut(act.taking).filter(|taking| taking.act == index) {
            taking.act = NONE;
            // What never left and brought nothing cannot bring anything later.
            if act.exchanges == 0 && taking.moved == 0 {
                self.remove_taking(act.taking);
            }
        }
        self.drop_if_over(act.measure);
    }

    pub(super) fn remove_taking(&mut self, index: Index) {
        let Some(taking) = self.takings.remove(index) else { return };
        self.taking_by_id.remove(&id_key(taking.sequence, taking.place));
        self.taking_by_slip.remove(&(taking.slip, taking.line));
        self.unsettled.remove(&(taking.reported_at, index));
        if let Some(case) = self.cases.get_mut(taking.case) {
            case.takings.retain(|other| *other != index);
        }
    }

    /// A measure that is over leaves memory once nothing in memory made it or builds on it, and what was used up or let go is remembered
    /// apart as it was known; one that lapsed stays a while, so that a late
    /// renewal is told why it comes to nothing. So does one that is denied after something was moved or let go of it: told again, it
    /// stands with what is left, and nothing else remembers that.
    pub(crate) fn drop_if_over(&mut self, index: Index) {
        let Some(measure) = self.measures.get(index) else { return };
        let over = match measure.state() {
            MeasureState::Ended | MeasureState::Ordered => true,
            MeasureState::Void => measure.moved == 0 && measure.released == 0,
            _ => false,
        };
        if over && measure.refs == 0 {
            self.remove_measure(index);
        }
    }

    pub(crate) fn remove_measure(&mut self, index: Index) {
        let Some(measure) = self.measures.remove(index) else { return };
        self.expiring.remove(&(measure.to, index));
        self.measure_by_id.remove(&id_key(measure.sequence, measure.place));
        let origin = self.origin_of(&measure);
        if self.measure_by_origin.get(&origin) == Some(&index) {
            self.measure_by_origin.remove(&origin);
        }
        if let Some(case) = self.cases.get_mut(measure.case) {
            case.measures.retain(|other| *other != index);
        }
        self.remember_or_forget(measure);
    }

    pub(crate) fn insert_measure(&mut self, measure: Measure) -> Index {
        let (case, id) = (measure.case, id_key(measure.sequence, measure.place));
        let (origin, to, live) = (self.origin_of(&measure), measure.to, measure.is_live());
        let entry = measure.entry();
        let index = self.measures.insert(measure);
        self.measure_by_id.insert(id, index);
        self.measure_by_origin.insert(origin, index);
        if live && to != NO_DAY {
            self.ends_on(to, index);
        }
        if let Some(case) = self.cases.get_mut(case) {
            case.measures.push(index);
        }
        self.enter(case, Entry::VOID, entry);
        index
    }

    pub(crate) fn insert_taking(&mut self, taking: Taking) -> Index {
        let (case, id) = (taking.case, id_key(taking.sequence, taking.place));
        let slip = (taking.slip, taking.line);
        let index = self.takings.insert(taking);
        self.taking_by_id.insert(id, index);
        self.taking_by_slip.insert(slip, index);
        if let Some(case) = self.cases.get_mut(case) {
            case.takings.push(index);
        }
        index
    }

    /// Changes a measure, keeps the calendar of last days in step, and lets it go when it is over.
    pub(crate) fn with_measure(&mut self, index: Index, change: impl FnOnce(&mut Measure)) {
        let event = self.next.saturating_sub(1);
        let Some(measure) = self.measures.get_mut(index) else { return };
        let (before, state, standing) = (measure.to, measure.state(), measure.standing());
        let told = measure.noticed != 0;
        change(measure);
        if (state, standing) != (measure.state(), measure.standing()) {
            measure.changed = event;
        }
        let (after, live) = (measure.to, measure.is_live());
        let is_overclaimed = measure.overclaimed() > 0;
        let comes_to_stand = measure.state() == MeasureState::InForce && state != MeasureState::InForce;
        let stands = comes_to_stand.then(|| measure.clone());
        if (before, true) != (after, live) || !state.is_live() {
            self.expiring.remove(&(before, index));
            if live && after != NO_DAY {
                self.ends_on(after, index);
            }
        }
        if is_overclaimed {
            self.overclaimed.insert(index);
        }
        if let Some(stands) = stands {
            self.owe_notice_of(&stands);
        }
        let no_longer = told && (before != after || !live);
        let again = state == MeasureState::Lapsed && live;
        for (kind, moot) in [(TaskKind::Expiring, no_longer), (TaskKind::Lapsed, again)] {
            if moot {
                let task = self.measures.get(index).and_then(|measure| {
                    let about = ActRef(measure.sequence, measure.place);
                    self.task_on(kind, about, self.partner_of(measure.lane))
                });
                self.moot.extend(task);
            }
        }
    }

    /// What comes to stand and ends soon is told today: the look of this day may be over, and it may end with it.
    fn ends_on(&mut self, to: i32, index: Index) {
        self.stir_end(to, index);
        self.expiring.insert((to, index));
    }

    /// An end that may have to be told today is looked at by itself. A state that is only folded knows of no today, and looks at none.
    pub(crate) fn stir_end(&mut self, to: i32, index: Index) {
        let farthest = EXPIRY_NOTICE_DAYS.iter().copied().max().unwrap_or(0);
        if to != NO_DAY && to.saturating_sub(self.today) <= farthest {
            self.ends_stirred.insert(index);
        }
    }

    /// A freeze was told with this limit, and so much had been ordered: what is above the order is remembered as that.
    pub(crate) fn told_limit(&mut self, index: Index, (limit, ordered): (i64, i64)) {
        let Some(measure) = self.measures.get(index) else { return };
        let key = id_key(measure.sequence, measure.place);
        if limit > ordered {
            self.ordered_less.insert(key, ordered);
        } else {
            self.ordered_less.remove(&key);
        }
    }

    /// What was ordered of a freeze of which more was told.
    pub(crate) fn ordered_of(&self, measure: &Measure) -> Option<i64> {
        self.ordered_less.get(&id_key(measure.sequence, measure.place)).copied()
    }

    /// How much of what stands of a freeze was never ordered: its partner told more.
    pub(crate) fn above_order(&self, measure: &Measure) -> Money {
        let ordered = self.ordered_of(measure).map(|ordered| ordered.saturating_sub(measure.moved).max(0));
        ordered.map_or(Money::ZERO, |ordered| units(measure.limit()).minus_or_zero(units(ordered)))
    }

    /// By which it is found when it is named by its number at the partner.
    pub(crate) fn origin_of(&self, measure: &Measure) -> u64 {
        if measure.imported {
            return measure.slip;
        }
        let key = SlipLine { slip: SlipNumber::from_bits(measure.slip), line: measure.line };
        origin_key(self.partner_of(measure.lane), &key.to_string())
    }

    /// A measure by its id.
    #[must_use]
    pub fn measure_index(&self, id: MeasureId) -> Option<Index> {
        self.measure_by_id.get(&id_key(id.sequence, id.line)).copied()
    }

    /// A measure by its number at a partner: `slip-line`, a slip of ours alone (its first line), or a number of another system.
    #[must_use]
    pub fn measure_by_number(&self, partner: &str, number: &str) -> Option<Index> {
        let at = |number: &str| self.measure_by_origin.get(&origin_key(partner, number)).copied();
        let lines = || {
            let slip = SlipNumber::parse(number)?;
            (1..=u16::try_from(domain::slip::LINES_MAX).ok()?).find_map(|line| at(&SlipLine { slip, line }.to_string()))
        };
        at(number).or_else(lines)
    }

    /// A taking by the id of its act.
    #[must_use]
    pub fn taking_index(&self, act: domain::ActId) -> Option<Index> {
        self.taking_by_id.get(&id_key(act.sequence, act.line)).copied()
    }

    /// The measures of a case that are in memory.
    pub fn measures_of_case(&self, case: Index) -> impl Iterator<Item = (Index, &Measure)> {
        let indices = self.cases.get(case).into_iter().flat_map(|case| &case.measures);
        indices.filter_map(|index| Some((*index, self.measures.get(*index)?)))
    }

    /// The takings of a case.
    pub fn takings_of_case(&self, case: Index) -> impl Iterator<Item = (Index, &Taking)> {
        let indices = self.cases.get(case).into_iter().flat_map(|case| &case.takings);
        indices.filter_map(|index| Some((*index, self.takings.get(*index)?)))
    }

    /// What the takings of a case report as moved out of one measure, in memory or gone: by [`Taking::base`].
    #[must_use]
    pub(crate) fn taken_out_of(&self, case: Index, base: u64) -> i64 {
        let of_measure = self.takings_of_case(case).filter(|(_, taking)| base != 0 && taking.base == base);
        of_measure.map(|(_, taking)| taking.moved).sum()
    }

    /// The measure that a taking is taken out of, while that is in memory; else [`NONE`].
    #[must_use]
    pub fn base_of(&self, taking: Index) -> Index {
        let base = self.takings.get(taking).and_then(|taking| self.measure_by_id.get(&taking.base));
        base.copied().unwrap_or(NONE)
    }

    /// The measure that an act made or builds on.
    #[must_use]
    pub fn measure_of(&self, act: &Act) -> Option<&Measure> {
        self.measures.get(act.measure)
    }

    /// Live measures whose last day is before `day`, earliest first.
    pub fn measures_ending_before(&self, day: i32) -> impl Iterator<Item = (i32, Index)> {
        self.expiring.range(..(day, 0)).copied()
    }

    /// Lapsed measures that are still remembered, by last day and place.
    pub fn lapsed_from(&self, from: (i32, Index)) -> impl Iterator<Item = (i32, Index)> {
        let lapsed = |index: &Index| self.measures.get(*index).is_some_and(|it| it.state() == MeasureState::Lapsed);
        self.lapsed.range(from..).copied().filter(move |(_, index)| lapsed(index))
    }

    /// Live measures by last day and place, from one of them to the last of the day `to`.
    pub fn measures_ending_from(&self, from: (i32, Index), to: i32) -> impl Iterator<Item = (i32, Index)> {
        self.expiring.range(from.min((to, NONE))..=(to, NONE)).copied()
    }
}

/// The sums as a snapshot holds them: the domain knows no serialization.
pub(crate) mod sums {
    use domain::Money;
    use domain::ledger::Ledger;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(ledger: &Ledger, out: S) -> Result<S::Ok, S::Error> {
        let Ledger { target, exposure, controlled, deducted, deducting, in_doubt, settled } = *ledger;
        [target, exposure, controlled, deducted, deducting, in_doubt, settled].map(Money::units).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ledger, D::Error> {
        let sums = <[i64; 7]>::deserialize(from)?.map(Money::from_units);
        let [target, exposure, controlled, deducted, deducting, in_doubt, settled] = sums;
        Ok(Ledger { target, exposure, controlled, deducted, deducting, in_doubt, settled })
    }
}
