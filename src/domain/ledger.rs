//! The case ledger: what is ordered, held, moved and in doubt over all partners, and the ceilings on what we order.
//!
//! Two phases, as in any book of money: an order *reserves* its sum before anything leaves; the partner's answer *posts* what came
//! of it, which may be less or more; a refusal or a withdrawal *voids* the reservation. Each order's part in the sums is an
//! [`Entry`], and a change replaces one entry by another, so the sums are always those of the entries ([`Ledger::replace`]).

use crate::Money;

/// One order's part in the sums.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Entry {
    /// Reserved: the limit of a freeze that is ordered and not answered. Posted: the limit in force.
    pub exposure: Money,
    /// Posted: held now.
    pub controlled: Money,
    /// Reserved: a deduction that is ordered and not answered.
    pub deducting: Money,
    /// Posted: reported as moved to the court's account, less what was given back.
    pub deducted: Money,
    /// The part of what is reserved that may have happened.
    pub in_doubt: Money,
    /// Posted: seen on the court's account.
    pub settled: Money,
}

impl Entry {
    /// Nothing: never ordered, refused, withdrawn, lapsed or ended.
    pub const VOID: Self = Self {
        exposure: Money::ZERO,
        controlled: Money::ZERO,
        deducting: Money::ZERO,
        deducted: Money::ZERO,
        in_doubt: Money::ZERO,
        settled: Money::ZERO,
    };

    /// A freeze that is ordered and not answered.
    #[must_use]
    pub fn reserve_freeze(limit: Money, in_doubt: bool) -> Self {
        Self { exposure: limit, in_doubt: if in_doubt { limit } else { Money::ZERO }, ..Self::VOID }
    }

    /// A freeze in force.
    #[must_use]
    pub fn post_freeze(limit: Money, caught: Money) -> Self {
        Self { exposure: limit, controlled: caught, ..Self::VOID }
    }

    /// A deduction that is ordered and not answered.
    #[must_use]
    pub fn reserve_taking(amount: Money, in_doubt: bool) -> Self {
        Self { deducting: amount, in_doubt: if in_doubt { amount } else { Money::ZERO }, ..Self::VOID }
    }

    /// Money that moved, some of which may have been seen and some given back.
    #[must_use]
    pub fn post_taking(moved: Money, returned: Money, settled: Money) -> Self {
        Self { deducted: moved.minus(returned), settled, ..Self::VOID }
    }

    /// The entries of an order and of what it made, together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            exposure: self.exposure.plus(other.exposure),
            controlled: self.controlled.plus(other.controlled),
            deducting: self.deducting.plus(other.deducting),
            deducted: self.deducted.plus(other.deducted),
            in_doubt: self.in_doubt.plus(other.in_doubt),
            settled: self.settled.plus(other.settled),
        }
    }
}

/// Sums over all partners of one case (DESIGN §5).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ledger {
    /// Claim and costs.
    pub target: Money,
    /// Ordered exposure: Σ limit of live measures and open freeze acts.
    pub exposure: Money,
    /// Σ caught of live measures.
    pub controlled: Money,
    /// Σ reported as moved to the court's account, less what was given back.
    pub deducted: Money,
    /// Σ amount of deduct acts that are open, doubtful ones included.
    pub deducting: Money,
    /// Σ amount of freeze and deduct acts in doubt.
    pub in_doubt: Money,
    /// Money seen on the court's account.
    pub settled: Money,
}

/// A ceiling that an order would break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ceiling {
    /// More would be frozen than claim and costs (rule D8).
    Exposure,
    /// More would be deducted than claim and costs (rule D8).
    Deduction,
    /// More would be deducted than the freeze holds (rule D20).
    AboveFreeze,
}

impl Ledger {
    /// An order's entry is now another: reserved, posted or void.
    pub fn replace(&mut self, before: Entry, after: Entry) {
        self.exposure = self.exposure.minus(before.exposure).plus(after.exposure);
        self.controlled = self.controlled.minus(before.controlled).plus(after.controlled);
        self.deducting = self.deducting.minus(before.deducting).plus(after.deducting);
        self.deducted = self.deducted.minus(before.deducted).plus(after.deducted);
        self.in_doubt = self.in_doubt.minus(before.in_doubt).plus(after.in_doubt);
        self.settled = self.settled.minus(before.settled).plus(after.settled);
    }

    /// How much more may be frozen: what is deducted is satisfied already.
    #[must_use]
    pub fn room_to_freeze(&self) -> Money {
        self.target.minus_or_zero(self.exposure.plus(self.deducted))
    }

    /// How much more may be deducted, open and doubtful deductions counted as done.
    #[must_use]
    pub fn room_to_deduct(&self) -> Money {
        self.target.minus_or_zero(self.deducted.plus(self.deducting))
    }

    /// What is held and taken above claim and costs: a partner's report or a smaller claim made it so (rule D8).
    #[must_use]
    pub fn excess(&self) -> Money {
        self.exposure.plus(self.deducted).minus_or_zero(self.target)
    }

    /// Is more held, taken or being taken than claim and costs?
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.excess().is_positive() || self.deducted.plus(self.deducting) > self.target
    }

    /// What is owed and neither moved nor held.
    #[must_use]
    pub fn shortfall(&self) -> Money {
        self.target.minus_or_zero(self.deducted.plus(self.controlled))
    }

    /// May a freeze of `amount` be ordered?
    ///
    /// # Errors
    /// The ceiling it would break.
    pub fn check_freeze(&self, amount: Money) -> Result<(), Ceiling> {
        if amount > self.room_to_freeze() { Err(Ceiling::Exposure) } else { Ok(()) }
    }

    /// May a deduction of `amount` out of a freeze that holds `caught` (less its open deductions) be ordered?
    ///
    /// # Errors
    /// The ceiling it would break.
    pub fn check_deduct(&self, amount: Money, caught: Money) -> Result<(), Ceiling> {
        if amount > self.room_to_deduct() {
            Err(Ceiling::Deduction)
        } else if amount > caught {
            Err(Ceiling::AboveFreeze)
        } else {
            Ok(())
        }
    }

    /// Is everything owed reported as moved?
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.deducted >= self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(fen: i64) -> Money {
        Money::from_fen(fen)
    }

    #[test]
    fn doubt_counts_as_done_when_more_is_ordered() {
        let ledger =
            Ledger { target: fen(100), exposure: fen(60), deducted: fen(30), deducting: fen(50), ..Ledger::default() };
        assert_eq!(ledger.check_freeze(fen(10)), Ok(()));
        assert_eq!(ledger.check_freeze(fen(11)), Err(Ceiling::Exposure));
        assert_eq!(ledger.check_deduct(fen(20), fen(60)), Ok(()));
        assert_eq!(ledger.check_deduct(fen(21), fen(60)), Err(Ceiling::Deduction));
        assert_eq!(ledger.check_deduct(fen(20), fen(19)), Err(Ceiling::AboveFreeze));
    }

    #[test]
    fn what_is_reserved_is_posted_or_void_and_nothing_stays_behind() {
        let mut ledger = Ledger { target: fen(100), ..Ledger::default() };
        let reserved = Entry::reserve_freeze(fen(80), false);
        ledger.replace(Entry::VOID, reserved);
        assert_eq!(ledger.room_to_freeze(), fen(20));
        let doubtful = Entry::reserve_freeze(fen(80), true);
        ledger.replace(reserved, doubtful);
        assert_eq!((ledger.exposure, ledger.in_doubt), (fen(80), fen(80)));
        // A partner that holds more than it was asked to is a finding, never a broken sum.
        let posted = Entry::post_freeze(fen(130), fen(90));
        ledger.replace(doubtful, posted);
        assert_eq!((ledger.in_doubt, ledger.controlled, ledger.excess()), (Money::ZERO, fen(90), fen(30)));
        ledger.replace(posted, Entry::VOID);
        assert_eq!(ledger, Ledger { target: fen(100), ..Ledger::default() });
    }
}
