//! What a bank undoes or hands on: money put back, a limit lowered, another organ's freeze taken over in its rank.

use super::account::Freeze;
use super::decide::{FreezeAsk, decided, told_of};
use super::order::{Answer, Order, Original, Outcome, Reason};
use super::state::State;
use crate::money::Fen;

impl State {
    /// Puts back what a deduct took, never more than it took in all.
    pub(super) fn reverse(&mut self, order: &Order, named: [&String; 3], amount: Fen) -> Result<Answer, Reason> {
        if amount <= 0 {
            return Err(Reason::BadAmount);
        }
        let [number, application, serial] = named;
        // Where one text carries slip and line the deduct's slip is what stands before the last dash.
        let slip = number.rsplit_once('-').map_or(number.as_str(), |(slip, _)| slip);
        if !application.is_empty() && application != slip && application != number {
            return Err(Reason::DeductUnknown);
        }
        let (today, serial_of_ours) = (self.today, self.next_serial());
        let payment = self.paid_out.iter_mut().find(|payment| {
            payment.key == *number
                && payment.account == order.account
                && (serial.is_empty() || payment.serial == *serial)
        });
        let payment = payment.ok_or(Reason::DeductUnknown)?;
        if amount > payment.amount - payment.returned {
            return Err(Reason::AmountAboveDeduct);
        }
        payment.returned += amount;
        let account = self.accounts.get_mut(&order.account).ok_or(Reason::NoAccount)?;
        account.balance += amount;
        // What stands on the account catches what comes in, as it does with every credit.
        account.settle(today);
        let mut verdict = told_of(account, None, Outcome::Done);
        (verdict.asked, verdict.got) = (Some(amount), amount);
        (verdict.serial, verdict.paid_on) = (Some(serial_of_ours), Some(today));
        self.effect(order, amount);
        Ok(decided(verdict))
    }

    /// Lowers a freeze's limit; its rank stays, and those behind it catch what comes free.
    pub(super) fn release_part(&mut self, order: &Order, original: &Original, part: Fen) -> Result<Answer, Reason> {
        if part <= 0 {
            return Err(Reason::BadAmount);
        }
        let (today, key) = (self.today, order.name.key());
        let (account, index) = self.live_original(order, original)?;
        let freeze = account.freezes.get_mut(index).ok_or(Reason::OriginalUnknown)?;
        // Rule 4, as for a whole release.
        if !freeze.open_deducts.is_empty() {
            freeze.parked.push(key);
            return Ok(Answer::Pending);
        }
        // Nobody can say what is left of a whole account less a sum.
        let limit = freeze.limit.ok_or(Reason::Unsupported)?;
        if part > limit {
            return Err(Reason::PartAboveFreeze);
        }
        let held = freeze.caught;
        freeze.limit = Some(limit - part);
        account.settle(today);
        let freeze = account.freezes.get(index).cloned();
        if limit == part {
            account.end(index);
            account.settle(today);
        }
        let mut verdict = told_of(account, freeze.as_ref(), Outcome::Done);
        verdict.got = held - verdict.held;
        (verdict.start, verdict.end) = (None, None);
        let freed = verdict.got;
        self.effect(order, freed);
        Ok(decided(verdict))
    }

    /// A freeze in the place of another organ's, with its rank (刑事裁判涉财产部分执行规定 art. 5).
    pub(super) fn take_over(
        &mut self,
        order: &Order,
        asked: Option<Fen>,
        ask: &FreezeAsk<'_>,
    ) -> Result<Answer, Reason> {
        let today = self.today;
        if ask.limit.is_some_and(|limit| limit <= 0) {
            return Err(Reason::BadAmount);
        }
        if ask.end < today {
            return Err(Reason::BadDates);
        }
        let account = self.accounts.get_mut(&order.account).ok_or(Reason::NoAccount)?;
        account.settle(today);
        // Only what is no court's over this connection: one of ours is renewed.
        let meant = |freeze: &Freeze| freeze.names.is_empty() && ask.takes_over.contains(&freeze.document);
        let index = account.freezes.iter().position(meant).ok_or(Reason::OriginalUnknown)?;
        let prior: Vec<_> = account.told().into_iter().take(index).collect();
        let freeze = account.freezes.get_mut(index).ok_or(Reason::OriginalUnknown)?;
        if freeze.limit.is_some_and(|old| ask.limit.is_none_or(|limit| limit > old)) {
            return Err(Reason::AmountAboveTakenOver);
        }
        freeze.names = vec![order.name.clone()];
        freeze.application =
            if ask.application.is_empty() { order.name.slip.clone() } else { ask.application.to_owned() };
        freeze.organ.clone_from(&order.organ);
        freeze.document.clone_from(&order.document);
        freeze.sub_account.clone_from(&order.sub_account);
        freeze.limit = ask.limit;
        freeze.end = ask.end.min(today.next_year());
        account.settle(today);
        let freeze = account.freezes.get(index).cloned().ok_or(Reason::OriginalUnknown)?;
        let outcome = match (freeze.queued, account.rights.is_empty()) {
            (true, _) => Outcome::Queued,
            (false, false) => Outcome::BehindRight,
            (false, true) => Outcome::Done,
        };
        let mut verdict = told_of(account, Some(&freeze), outcome);
        (verdict.asked, verdict.got, verdict.prior) = (asked, freeze.caught, prior);
        verdict.rights.clone_from(&account.rights);
        self.effect(order, freeze.caught);
        Ok(decided(verdict))
    }
}
