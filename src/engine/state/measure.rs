//! Measures and takings in memory: what stands at partners for years, and what money was taken, in about 130 and 100 bytes each.

use domain::measure::MeasureState;
use domain::outcome::AssetKind;
use domain::rules::bars;
use domain::{ActKind, Day, MeasureId, Millis, Money};
use serde::{Deserialize, Serialize};

use super::Act;
use super::slab::{Index, NONE};

/// What [`Measure::noticed`] holds once a person has decided to let it lapse.
pub const LET_GO: u8 = u8::MAX;

/// No day.
pub const NO_DAY: i32 = i32::MIN;

/// An effect that stands or may come to stand: it begins when its act is planned, and is kept while it lives or somebody builds on it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Measure {
    /// Sequence of the event that planned or imported it.
    pub sequence: u64,
    /// Slip number; of an imported one the hash of its number as [`super::origin_key`] makes it.
    pub slip: u64,
    /// Keyed hash of the subject's identity number.
    pub subject_key: u64,
    /// Hash of partner and account; 0 = none named.
    pub asset: u64,
    /// Limit as the partner has it in all, with what was moved and let go since: see [`Measure::limit`].
    pub granted: i64,
    /// Caught in all, with what was moved since: see [`Measure::caught`].
    pub held: i64,
    /// Moved to the court out of it.
    pub moved: i64,
    /// Let go of it by releases.
    pub released: i64,
    /// Claimed by open deductions out of it.
    pub claimed: i64,
    /// Sequence of the newest event that changed what of it stands: what was asked before that tells of an earlier time.
    pub changed: u64,
    /// The rule pack it was ordered under, by the first 64 bits of its digest; 0 = the one built in.
    pub rules: u64,
    /// Place in the list of its event.
    pub place: u32,
    /// Its case.
    pub case: Index,
    /// The act that ordered it, while its request is open; [`NONE`] afterwards, and for an imported one.
    pub act: Index,
    /// First day, as a day count; [`NO_DAY`] = not said.
    pub from: i32,
    /// Last day, inclusive; [`NO_DAY`] = not said.
    pub to: i32,
    /// Acts in memory that made it or build on it.
    pub refs: u32,
    /// Line on the slip.
    pub line: u16,
    /// Its partner's lane.
    pub lane: u16,
    /// Which party, as its own request counts them.
    pub subject: u16,
    /// Rank as the partner registered it, 1 = first; 0 = not known.
    pub rank: u16,
    /// Open releases of it.
    pub releasing: u16,
    kind: u8,
    state: u8,
    /// What the law bars of what builds on it, as [`domain::rules::bars`] has it.
    pub bars: u8,
    /// Days that were left when its end was last told; 0 = it was not, [`LET_GO`] = it is not told again.
    pub noticed: u8,
    /// It came from another system, with that one's numbers.
    pub imported: bool,
    /// Code of what sort of property it is on, 0 = not known; and [`RELEASE_FAILED`]. One byte, because with two a measure would
    /// take eight more.
    marks: u8,
}

/// The mark of a measure whose newest release came to nothing.
const RELEASE_FAILED: u8 = 0x80;

impl Measure {
    /// One that is ordered and does not stand yet.
    #[must_use]
    pub fn ordered(id: MeasureId, kind: ActKind) -> Self {
        Self {
            sequence: id.sequence,
            slip: 0,
            subject_key: 0,
            asset: 0,
            granted: 0,
            held: 0,
            moved: 0,
            released: 0,
            claimed: 0,
            changed: id.sequence,
            rules: 0,
            place: id.line,
            case: NONE,
            act: NONE,
            from: NO_DAY,
            to: NO_DAY,
            refs: 0,
            line: 0,
            lane: 0,
            subject: 0,
            rank: 0,
            releasing: 0,
            kind: kind.code(),
            state: MeasureState::Ordered.code(),
            bars: 0,
            noticed: 0,
            imported: false,
            marks: 0,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> MeasureId {
        MeasureId { sequence: self.sequence, line: self.place }
    }

    /// Limit in force, in 1/10,000 yuan: what the partner granted, less what was moved and let go. Nothing of what never stood.
    #[must_use]
    pub fn limit(&self) -> i64 {
        if self.state() == MeasureState::Void { 0 } else { self.left() }
    }

    /// Held now, in 1/10,000 yuan: never above the limit.
    #[must_use]
    pub fn caught(&self) -> i64 {
        self.held.saturating_sub(self.moved).clamp(0, self.limit())
    }

    /// What of it stands, as its partner and our orders have it.
    pub(crate) fn standing(&self) -> (i64, i64, i64, i64) {
        (self.granted, self.held, self.moved, self.released)
    }

    /// Was this asked after all that is known of it, and does nothing under way change that? An answer that is older than a deduction
    /// shows what was moved as if it were still held.
    pub(crate) fn stood_when_asked(&self, question: &Act) -> bool {
        self.changed < question.id().sequence && self.claimed == 0 && self.releasing == 0
    }

    /// What was granted and never let go, moved or not, in 1/10,000 yuan.
    pub(crate) fn not_let_go(&self) -> i64 {
        if self.state() == MeasureState::Void { 0 } else { self.granted.saturating_sub(self.released).max(0) }
    }

    fn left(&self) -> i64 {
        self.granted.saturating_sub(self.moved).saturating_sub(self.released).max(0)
    }

    /// The limit in force is `limit` from now on, whatever was moved and let go before.
    pub(crate) fn set_limit(&mut self, limit: i64) {
        self.granted = limit.max(0).saturating_add(self.moved).saturating_add(self.released);
    }

    /// So much is held now.
    pub(crate) fn set_caught(&mut self, caught: i64) {
        self.held = caught.clamp(0, self.left()).saturating_add(self.moved);
    }

    /// Was all of it let go that was not moved?
    #[must_use]
    pub fn is_let_go(&self) -> bool {
        self.released > 0 && self.left() == 0
    }

    /// What sort of act made it.
    #[must_use]
    pub fn kind(&self) -> ActKind {
        ActKind::from_code(self.kind).unwrap_or(ActKind::Freeze)
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> MeasureState {
        MeasureState::from_code(self.state).unwrap_or(MeasureState::Ordered)
    }

    pub(crate) fn set_state(&mut self, state: MeasureState) {
        self.state = state.code();
    }

    /// What sort of property it is on; `None` = it was not known when it was ordered.
    #[must_use]
    pub fn property(&self) -> Option<AssetKind> {
        AssetKind::from_code(self.marks & !RELEASE_FAILED)
    }

    pub(crate) fn set_property(&mut self, code: u8) {
        self.marks = (self.marks & RELEASE_FAILED) | (code & !RELEASE_FAILED);
    }

    /// Did the newest release of it come to nothing? The next one is for people.
    #[must_use]
    pub fn release_failed(&self) -> bool {
        self.marks & RELEASE_FAILED != 0
    }

    pub(crate) fn set_release_failed(&mut self, failed: bool) {
        self.marks = (self.marks & !RELEASE_FAILED) | if failed { RELEASE_FAILED } else { 0 };
    }

    /// Is it of a secret request (rule D5)?
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.bars & bars::TELLING != 0
    }

    /// Does an effect of it stand, be it a place in a queue?
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state().is_live()
    }

    /// Is it a live freeze, which counts in the ledger?
    #[must_use]
    pub fn is_live_freeze(&self) -> bool {
        self.kind() == ActKind::Freeze && self.is_live()
    }

    /// Held and not claimed by an open deduction; nothing once its release is ordered.
    #[must_use]
    pub fn free(&self) -> Money {
        if self.releasing > 0 {
            return Money::ZERO;
        }
        Money::from_units(self.caught()).minus_or_zero(Money::from_units(self.claimed))
    }

    /// How much more open deductions claim of a freeze than it holds, in 1/10,000 yuan; nothing while it is ordered and not answered.
    #[must_use]
    pub(crate) fn overclaimed(&self) -> i64 {
        let is_answered = self.kind() == ActKind::Freeze && self.state() != MeasureState::Ordered;
        if is_answered { self.claimed.saturating_sub(self.caught()).max(0) } else { 0 }
    }

    /// Last day of the effect.
    #[must_use]
    pub fn last_day(&self) -> Option<Day> {
        (self.to != NO_DAY).then(|| Day::from_count(self.to))
    }

    /// Was its last day before `today`? Its effect is then over by itself, whether that has been told or not (rule D10).
    #[must_use]
    pub fn is_over(&self, today: Day) -> bool {
        self.last_day().is_some_and(|to| domain::measure::has_lapsed(to, today))
    }

    /// Less is left of it, or more `again`: what lives goes on or is used up, and what was used up may stand again.
    pub(crate) fn stands_by_what_is_left(&mut self, again: bool) {
        let stands_again = self.state() == MeasureState::Ended && again;
        if self.is_live() || stands_again {
            let queued = self.state() == MeasureState::Queued;
            self.stands_as(queued);
        }
    }

    /// What has no sum was not lifted after all.
    pub(crate) fn stands_again(&mut self) {
        if self.state() == MeasureState::Ended {
            self.set_state(MeasureState::InForce);
        }
    }

    /// What the limit comes to leave: live, queued, or used up.
    pub(crate) fn stands_as(&mut self, queued: bool) {
        let state = match (self.left() > 0, queued) {
            (false, _) => MeasureState::Ended,
            (true, true) => MeasureState::Queued,
            (true, false) => MeasureState::InForce,
        };
        self.set_state(state);
    }
}

/// What an act gave back that left memory with its request, kept with the money that it gave back: later word about it counts the
/// difference.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Return {
    /// The money.
    pub taking: Index,
    /// What was to go back, in 1/10,000 yuan.
    pub ordered: i64,
    /// What went back, as far as it is entered.
    pub effected: i64,
}

/// Money that an act was to bring to the court's account, kept with the case: it may come late, be settled, or go back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Taking {
    /// Sequence of the event that planned the act.
    pub sequence: u64,
    /// Slip number.
    pub slip: u64,
    /// Hash of partner and account; 0 = none named.
    pub asset: u64,
    /// Keyed hash of the subject's identity number.
    pub subject_key: u64,
    /// What was ordered, in 1/10,000 yuan.
    pub amount: i64,
    /// Reported as moved.
    pub moved: i64,
    /// Seen on the court's account.
    pub settled: i64,
    /// Given back (执行回转, 恢复保单).
    pub returned: i64,
    /// Being given back by open acts.
    pub returning: i64,
    /// The measure that it is taken out of, in memory or gone, as [`super::books::id_key`] has it; 0 = none.
    pub base: u64,
    /// When the partner first said that money moved; 0 = not yet.
    pub reported_at: Millis,
    /// Place in the plan of its event.
    pub place: u32,
    /// Its case.
    pub case: Index,
    /// The act, while its request is open; [`NONE`] afterwards.
    pub act: Index,
    /// Line on the slip.
    pub line: u16,
    /// Its partner's lane.
    pub lane: u16,
    /// Which party, as its own request counts them.
    pub subject: u16,
    /// Code of its kind, and [`SECRET`]. One byte, because with two a taking would take eight more.
    marks: u8,
    /// People were told that it has not come in.
    pub overdue_told: bool,
}

/// The mark of money that a secret request takes (rule D5).
const SECRET: u8 = 0x80;

impl Taking {
    /// One that is ordered.
    #[must_use]
    pub fn ordered(sequence: u64, place: u32, kind: ActKind, amount: i64) -> Self {
        Self {
            sequence,
            slip: 0,
            asset: 0,
            subject_key: 0,
            amount,
            moved: 0,
            settled: 0,
            returned: 0,
            returning: 0,
            base: 0,
            reported_at: 0,
            place,
            case: NONE,
            act: NONE,
            line: 0,
            lane: 0,
            subject: 0,
            marks: kind.code() & !SECRET,
            overdue_told: false,
        }
    }

    /// What was ordered.
    #[must_use]
    pub fn kind(&self) -> ActKind {
        ActKind::from_code(self.marks & !SECRET).unwrap_or(ActKind::Deduct)
    }

    /// Does a secret request take it?
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.marks & SECRET != 0
    }

    pub(crate) fn set_secret(&mut self, secret: bool) {
        self.marks = (self.marks & !SECRET) | if secret { SECRET } else { 0 };
    }

    /// Was more reported as moved than came in, and is nobody told yet?
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.moved > self.settled && !self.overdue_told
    }

    /// What may still be given back.
    #[must_use]
    pub fn returnable(&self) -> Money {
        Money::from_units(self.moved).minus_or_zero(Money::from_units(self.returned.saturating_add(self.returning)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_freeze_is_what_was_granted_less_what_was_moved_and_let_go() {
        let mut freeze = Measure::ordered(MeasureId { sequence: 1, line: 0 }, ActKind::Freeze);
        (freeze.granted, freeze.held, freeze.moved, freeze.released) = (5_000, 3_000, 1_000, 1_500);
        assert_eq!((freeze.limit(), freeze.caught(), freeze.is_let_go()), (2_500, 2_000, false));
        freeze.released = 3_500;
        assert_eq!((freeze.limit(), freeze.caught()), (500, 500), "what is held is never above the limit");
        freeze.set_limit(700);
        freeze.set_caught(600);
        assert_eq!((freeze.granted, freeze.held, freeze.limit(), freeze.caught()), (5_200, 1_600, 700, 600));
        freeze.released = 9_000;
        assert_eq!((freeze.limit(), freeze.caught(), freeze.is_let_go()), (0, 0, true));
        (freeze.granted, freeze.released) = (5_000, 0);
        freeze.set_state(MeasureState::Void);
        assert_eq!((freeze.limit(), freeze.caught()), (0, 0), "what never stood holds nothing");
        freeze.stands_as(false);
        assert_eq!((freeze.state(), freeze.limit()), (MeasureState::InForce, 4_000));
    }

    #[test]
    fn a_measure_takes_a_hundred_and_twenty_eight_bytes_and_its_marks_do_not_mix() {
        assert_eq!(size_of::<Option<Measure>>(), 128);
        assert_eq!(size_of::<Option<Taking>>(), 112);
        let mut measure = Measure::ordered(MeasureId { sequence: 1, line: 0 }, ActKind::Freeze);
        assert_eq!((measure.property(), measure.release_failed()), (None, false));
        for kind in AssetKind::ALL {
            for failed in [true, false] {
                measure.set_property(kind.code());
                measure.set_release_failed(failed);
                assert_eq!((measure.property(), measure.release_failed()), (Some(*kind), failed));
                measure.set_property(kind.code());
                assert_eq!(measure.release_failed(), failed);
            }
        }
    }

    #[test]
    fn the_marks_of_a_taking_do_not_mix() {
        for kind in ActKind::ALL {
            let mut taking = Taking::ordered(1, 0, *kind, 5);
            for secret in [true, false] {
                taking.set_secret(secret);
                assert_eq!((taking.kind(), taking.is_secret()), (*kind, secret));
            }
        }
    }
}
