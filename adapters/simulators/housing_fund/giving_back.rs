//! What a fund centre undoes or hands on: money put back, a limit lowered, another organ's freeze taken over in its rank.

use super::order::{Order, Refusal, State as Outcome, Step, Told, Why};
use super::state::{State, ahead_of};
use crate::day::Day;
use crate::money::Fen;

impl State {
    /// Puts back what a deduct paid, never more than it paid in all; freezes catch it by rank.
    pub(super) fn reverse(
        &mut self,
        order: &Order,
        (number, serial): (&str, &str),
        amount: Fen,
    ) -> Result<Told, Refusal> {
        let payment = self.paid.iter_mut().find(|payment| {
            payment.number == number
                && payment.account == order.account
                && (serial.is_empty() || payment.serial == serial)
        });
        let payment = payment.ok_or(Refusal(Why::NoOriginalFreeze, "无原划拨信息，或非自该账户划拨"))?;
        if amount > payment.amount - payment.returned {
            return Err(Refusal(Why::Insufficient, "退回金额超过原划拨未退回的金额"));
        }
        payment.returned += amount;
        if let Some(account) = self.accounts.get_mut(&order.account) {
            account.balance += amount;
        }
        let mut told = Told::of(Outcome::Done);
        (told.limit, told.moved) = (Some(amount), Some(amount));
        told.serial = self.serial();
        self.effect(order, "reverse", amount);
        self.settle(&order.account);
        Ok(told)
    }

    /// Lowers a freeze's limit; its rank stays, and what is registered on it too, as long as anything is left.
    pub(super) fn release_part(&mut self, order: &Order, original: &str, part: Fen) -> Result<Told, Refusal> {
        let freeze = self.original(order, original)?;
        if part > freeze.limit {
            return Err(Refusal(Why::Insufficient, "部分解除金额超过冻结限额"));
        }
        if part == freeze.limit {
            return self.release(order, original);
        }
        let held = freeze.caught;
        freeze.limit -= part;
        let mut told = Told::of(Outcome::Done);
        (told.limit, told.to) = (Some(freeze.limit), Some(freeze.to));
        told.serial = self.serial();
        self.share(&order.account);
        let account = self.accounts.get(&order.account);
        let left = account.and_then(|account| account.freezes.get(account.at(original)?)).map_or(0, |f| f.caught);
        told.caught = Some(held - left);
        self.effect(order, "release", held - left);
        self.settle(&order.account);
        Ok(told)
    }

    /// A freeze in the place of another organ's, with its rank and at most its limit.
    pub(super) fn take_over(
        &mut self,
        order: &Order,
        (limit, to): (Fen, Day),
        named: &[String],
    ) -> Result<Told, Refusal> {
        let (today, to) = (self.today, to.min(self.years_after(self.today)));
        let unknown = || Refusal(Why::NoOriginalFreeze, "无原冻结信息或原冻结已失效");
        let account = self.accounts.get_mut(&order.account).ok_or_else(unknown)?;
        // Another organ's freeze came over the counter and has no number of ours.
        let rank =
            account.freezes.iter().position(|freeze| freeze.names.is_empty() && named.contains(&freeze.document));
        let rank = rank.ok_or_else(unknown)?;
        let ahead = account.freezes.iter().take(rank).map(ahead_of).collect();
        let freeze = account.freezes.get_mut(rank).ok_or_else(unknown)?;
        if limit > freeze.limit {
            return Err(Refusal(Why::Insufficient, "接续冻结金额超过原冻结限额"));
        }
        freeze.names = vec![order.number.clone()];
        freeze.organ.clone_from(&order.organ);
        freeze.document.clone_from(&order.document);
        (freeze.limit, freeze.from, freeze.to) = (limit, today, to);
        account.share();
        let caught = account.freezes.get(rank).map_or(0, |freeze| freeze.caught);
        let mut told = match (caught == limit, caught == 0 && rank > 0) {
            (true, _) => Told::of(Outcome::Done),
            (_, true) => Told::of(Outcome::Queued).because(Why::PriorRight, "账户余额已被在先冻结，接续其轮候顺位"),
            _ => Told::of(Outcome::Partly).because(Why::Insufficient, "账户余额不足"),
        };
        (told.limit, told.caught) = (Some(limit), Some(caught));
        (told.from, told.to) = (Some(today), Some(to));
        told.ahead = ahead;
        told.steps.push(Step::Ranked { rank: rank + 1 });
        told.serial = self.serial();
        self.effect(order, "freeze", caught);
        Ok(told)
    }
}
