//! The case ledger: what is ordered, held, moved and in doubt over all partners, and the ceilings on what we order.

use crate::Money;

/// Sums over all partners of one case (DESIGN §5).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ledger {
    /// Claim and costs.
    pub target: Money,
    /// Ordered exposure: Σ limit of live measures and open freeze acts.
    pub exposure: Money,
    /// Σ caught of live measures.
    pub controlled: Money,
    /// Σ reported as moved to the court's account.
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

    #[test]
    fn doubt_counts_as_done_when_more_is_ordered() {
        let fen = Money::from_fen;
        let ledger =
            Ledger { target: fen(100), exposure: fen(60), deducted: fen(30), deducting: fen(50), ..Ledger::default() };
        assert_eq!(ledger.check_freeze(fen(10)), Ok(()));
        assert_eq!(ledger.check_freeze(fen(11)), Err(Ceiling::Exposure));
        assert_eq!(ledger.check_deduct(fen(20), fen(60)), Ok(()));
        assert_eq!(ledger.check_deduct(fen(21), fen(60)), Err(Ceiling::Deduction));
        assert_eq!(ledger.check_deduct(fen(20), fen(19)), Err(Ceiling::AboveFreeze));
    }
}
