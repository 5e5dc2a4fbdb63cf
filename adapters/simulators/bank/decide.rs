//! The bank's rules: what each order does to the books. Pure; given the same entries it always gives the same books.

use super::account::{Account, Customer, Found, Freeze};
use super::order::{Answer, Order, Original, Outcome, Papers, Payee, ProductAsk, Reason, Verb, Verdict};
use super::state::{ClerkAct, Payment, State};
use crate::day::Day;
use crate::money::Fen;

/// Core banking keeps an officer's number in 15 bytes of GBK.
const OFFICER_NUMBER_BYTES_MAX: usize = 15;

impl State {
    /// Carries one order out; the caller has made sure that its number is new.
    pub(crate) fn carry_out(&mut self, order: &Order) -> Answer {
        let asked = asked_of(&order.verb);
        if let Err(reason) = self.review(order) {
            return decided(Verdict::refused(reason, asked));
        }
        let result = match &order.verb {
            Verb::Freeze { application, limit, queue, end, product, takes_over, .. } => {
                let (limit, queue, end, product) = (*limit, *queue, *end, product.as_ref());
                let ask = FreezeAsk { application, limit, queue, end, product, takes_over };
                if takes_over.is_empty() { self.freeze(order, asked, &ask) } else { self.take_over(order, asked, &ask) }
            }
            Verb::Renew { original, end } => self.renew(order, original, *end),
            Verb::Release { original, queued_only, part: None } => self.release(order, original, *queued_only),
            Verb::Release { original, part: Some(part), .. } => self.release_part(order, original, *part),
            Verb::Reverse { original, application, serial, amount } => {
                self.reverse(order, [original, application, serial], *amount)
            }
            Verb::Deduct { original, amount, payee } => self.deduct(order, original, *amount, payee),
            Verb::Unsupported { .. } => Err(Reason::Unsupported),
        };
        result.unwrap_or_else(|reason| decided(Verdict::refused(reason, asked)))
    }

    fn review(&self, order: &Order) -> Result<(), Reason> {
        papers_in_order(&order.papers)?;
        let account = self.accounts.get(&order.account).ok_or(Reason::NoAccount)?;
        let customer = self.customers.get(&account.owner).ok_or(Reason::NoAccount)?;
        same_customer(customer, order)?;
        let currency =
            if matches!(order.currency.as_str(), "" | "CNY" | "人民币") { "156" } else { &order.currency };
        if currency != account.currency {
            return Err(Reason::Unsupported);
        }
        Ok(())
    }

    fn freeze(&mut self, order: &Order, asked: Option<Fen>, ask: &FreezeAsk<'_>) -> Result<Answer, Reason> {
        let today = self.today;
        if ask.limit.is_some_and(|l| l <= 0) {
            return Err(Reason::BadAmount);
        }
        if ask.end < today {
            return Err(Reason::BadDates);
        }
        let wait_behind_any = self.rules.queue || ask.queue;
        let account = self.accounts.get_mut(&order.account).ok_or(Reason::NoAccount)?;
        account.settle(today);
        let prior = account.told();
        // Behind a queued freeze nothing may take effect first: rank is the order of registration.
        let queued = account.freezes.iter().any(|f| f.queued) || (wait_behind_any && !account.freezes.is_empty());
        let (product, note) = match ask.product {
            None => (None, None),
            Some(asked_product) => hold_product(account, asked_product),
        };
        account.freezes.push(Freeze {
            names: vec![order.name.clone()],
            application: if ask.application.is_empty() { order.name.slip.clone() } else { ask.application.to_owned() },
            organ: order.organ.clone(),
            document: order.document.clone(),
            sub_account: order.sub_account.clone(),
            limit: ask.limit,
            caught: 0,
            queued,
            start: today,
            end: ask.end.min(today.next_year()),
            product: product.clone(),
            open_deducts: Vec::new(),
            parked: Vec::new(),
        });
        account.settle(today);
        let freeze = account.freezes.last().ok_or(Reason::NoAccount)?;
        let outcome = match (freeze.queued, account.rights.is_empty()) {
            (true, _) => Outcome::Queued,
            (false, false) => Outcome::BehindRight,
            (false, true) => Outcome::Done,
        };
        let mut verdict = told_of(account, Some(freeze), outcome);
        verdict.asked = asked;
        verdict.got = freeze.caught;
        verdict.prior = prior;
        verdict.rights.clone_from(&account.rights);
        verdict.units = product.map(|(_, units)| units);
        verdict.note = note;
        self.effect(order, verdict.got);
        Ok(decided(verdict))
    }

    fn renew(&mut self, order: &Order, original: &Original, end: Day) -> Result<Answer, Reason> {
        let (account, index) = self.live_original(order, original)?;
        let freeze = account.freezes.get_mut(index).ok_or(Reason::OriginalUnknown)?;
        if end <= freeze.end {
            return Err(Reason::BadDates);
        }
        freeze.end = end.min(freeze.end.next_year());
        freeze.names.push(order.name.clone());
        let freeze = freeze.clone();
        let mut verdict = told_of(account, Some(&freeze), Outcome::Done);
        verdict.got = freeze.caught;
        self.effect(order, 0);
        Ok(decided(verdict))
    }

    fn release(&mut self, order: &Order, original: &Original, queued_only: bool) -> Result<Answer, Reason> {
        let today = self.today;
        let key = order.name.key();
        let (account, index) = self.live_original(order, original)?;
        let freeze = account.freezes.get_mut(index).ok_or(Reason::OriginalUnknown)?;
        if queued_only && !freeze.queued {
            return Err(Reason::OriginalQueued);
        }
        // Rule 4: a release waits while a deduct on the same freeze is open.
        if !freeze.open_deducts.is_empty() {
            freeze.parked.push(key);
            return Ok(Answer::Pending);
        }
        let released = freeze.caught;
        account.end(index);
        account.settle(today);
        let mut verdict = told_of(account, None, Outcome::Done);
        verdict.got = released;
        self.effect(order, released);
        Ok(decided(verdict))
    }

    fn deduct(
        &mut self,
        order: &Order,
        original: &Original,
        amount: Option<Fen>,
        payee: &Payee,
    ) -> Result<Answer, Reason> {
        let key = order.name.key();
        let by_hand = self.rules.deduct_by_hand;
        if payee.account.is_empty() {
            return Err(Reason::NoPayee);
        }
        let slow_interbank = self.rules.interbank_unconfirmed && payee.bank_code != self.rules.own_bank_code;
        let (account, index) = self.live_original(order, original)?;
        let freeze = account.freezes.get_mut(index).ok_or(Reason::OriginalUnknown)?;
        check_deduct(freeze, amount)?;
        if by_hand {
            freeze.open_deducts.push(key);
            return Ok(Answer::Pending);
        }
        if slow_interbank {
            freeze.open_deducts.push(key.clone());
            self.move_out(order, original, amount, payee)?;
            return Ok(Answer::Pending);
        }
        let taken = self.move_out(order, original, amount, payee)?;
        self.paid(&key);
        let verdict = self.deducted(order, original, amount, taken);
        self.effect(order, taken);
        Ok(decided(verdict))
    }

    /// Takes the money out of the freeze; it stands in `transit` until `paid` or `returned`.
    fn move_out(
        &mut self,
        order: &Order,
        original: &Original,
        amount: Option<Fen>,
        payee: &Payee,
    ) -> Result<Fen, Reason> {
        let today = self.today;
        let serial = self.next_serial();
        let key = order.name.key();
        let (account, index) = self.live_original(order, original)?;
        let freeze = account.freezes.get_mut(index).ok_or(Reason::OriginalUnknown)?;
        let taken = amount.unwrap_or(freeze.caught).min(freeze.caught);
        if taken <= 0 {
            return Err(Reason::NothingHeld);
        }
        freeze.caught -= taken;
        freeze.limit = freeze.limit.map(|l| l - taken);
        account.balance -= taken;
        account.settle(today);
        let payment = Payment {
            key,
            account: order.account.clone(),
            amount: taken,
            payee: payee.clone(),
            serial,
            on: today,
            returned: 0,
        };
        self.transit.push(payment);
        Ok(taken)
    }

    fn paid(&mut self, key: &str) {
        if let Some(index) = self.transit.iter().position(|p| p.key == key) {
            let payment = self.transit.remove(index);
            self.paid_out.push(payment);
        }
    }

    fn deducted(&mut self, order: &Order, original: &Original, amount: Option<Fen>, taken: Fen) -> Verdict {
        let today = self.today;
        let key = order.name.key();
        let serial = self.paid_out.iter().rev().find(|p| p.key == key).map(|p| (p.serial.clone(), p.on));
        let Ok((account, index)) = self.live_original(order, original) else {
            return Verdict::refused(Reason::OriginalUnknown, amount);
        };
        if let Some(freeze) = account.freezes.get_mut(index) {
            freeze.open_deducts.retain(|k| *k != key);
        }
        let freeze = account.freezes.get(index).cloned();
        if freeze.as_ref().is_some_and(|f| f.limit == Some(0) && f.open_deducts.is_empty() && f.parked.is_empty()) {
            account.end(index);
        }
        account.settle(today);
        let mut verdict = told_of(account, freeze.as_ref(), Outcome::Done);
        verdict.asked = Some(amount.unwrap_or(taken));
        verdict.got = taken;
        if let Some((serial, on)) = serial {
            verdict.serial = Some(serial);
            verdict.paid_on = Some(on);
        }
        verdict
    }

    /// A clerk's act on an open deduct (rule 7). Gives every order that is decided by it, in order.
    pub(crate) fn clerk(&mut self, order: &Order, act: ClerkAct) -> Vec<(String, Answer)> {
        let Verb::Deduct { original, amount, payee } = &order.verb else { return Vec::new() };
        let key = order.name.key();
        let moved = self.transit.iter().any(|p| p.key == key);
        let interbank = payee.bank_code != self.rules.own_bank_code;
        let result = match (act, moved) {
            (ClerkAct::Online, false) if interbank => match self.move_out(order, original, *amount, payee) {
                Ok(_) => return Vec::new(),
                Err(reason) => Err(reason),
            },
            (ClerkAct::Online | ClerkAct::Offline, false) => self.move_out(order, original, *amount, payee),
            (ClerkAct::Confirm | ClerkAct::Online | ClerkAct::Offline, true) => self.transit_amount(&key),
            (ClerkAct::Refuse, false) => Err(Reason::RefusedByClerk),
            (ClerkAct::Refuse | ClerkAct::Return, true) => {
                self.money_back(&key, order, original);
                Err(Reason::PaymentReturned)
            }
            (ClerkAct::Confirm | ClerkAct::Return, false) => return Vec::new(),
        };
        let answer = match result {
            Ok(taken) => {
                self.paid(&key);
                let verdict = self.deducted(order, original, *amount, taken);
                self.effect(order, taken);
                decided(verdict)
            }
            Err(reason) => decided(Verdict::refused(reason, *amount)),
        };
        let mut answers = vec![(key.clone(), answer)];
        self.close_deduct(order, original, &key, &mut answers);
        answers
    }

    fn transit_amount(&self, key: &str) -> Result<Fen, Reason> {
        self.transit.iter().find(|p| p.key == key).map(|p| p.amount).ok_or(Reason::NothingHeld)
    }

    fn money_back(&mut self, key: &str, order: &Order, original: &Original) {
        let today = self.today;
        let Some(index) = self.transit.iter().position(|p| p.key == key) else { return };
        let payment = self.transit.remove(index);
        let Ok((account, freeze_index)) = self.live_original(order, original) else { return };
        account.balance += payment.amount;
        if let Some(freeze) = account.freezes.get_mut(freeze_index) {
            freeze.limit = freeze.limit.map(|l| l + payment.amount);
        }
        account.settle(today);
    }

    /// Ends the deduct on its freeze and carries out the releases that waited for it.
    fn close_deduct(&mut self, order: &Order, original: &Original, key: &str, answers: &mut Vec<(String, Answer)>) {
        let today = self.today;
        let Ok((account, index)) = self.live_original(order, original) else { return };
        let Some(freeze) = account.freezes.get_mut(index) else { return };
        freeze.open_deducts.retain(|k| k != key);
        if !freeze.open_deducts.is_empty() {
            return;
        }
        let parked = std::mem::take(&mut freeze.parked);
        for parked_key in parked {
            let Some(release) = self.orders.get(&parked_key).cloned() else { continue };
            let answer = self.carry_out(&release);
            answers.push((parked_key, answer));
        }
        if let Some(account) = self.accounts.get_mut(&order.account) {
            account.settle(today);
        }
    }

    pub(super) fn live_original(
        &mut self,
        order: &Order,
        original: &Original,
    ) -> Result<(&mut Account, usize), Reason> {
        let account = self.accounts.get_mut(&order.account).ok_or(Reason::NoAccount)?;
        match account.find(&original.number, &original.application, &order.sub_account) {
            Found::Live(index) => Ok((account, index)),
            Found::Ended => Err(Reason::OriginalEnded),
            Found::Nowhere => Err(Reason::OriginalUnknown),
        }
    }
}

pub(super) struct FreezeAsk<'a> {
    pub application: &'a str,
    pub limit: Option<Fen>,
    pub queue: bool,
    pub end: Day,
    pub product: Option<&'a ProductAsk>,
    pub takes_over: &'a [String],
}

fn asked_of(verb: &Verb) -> Option<Fen> {
    match verb {
        Verb::Freeze { limit, asked, .. } => limit.or(*asked),
        Verb::Deduct { amount, .. } => *amount,
        Verb::Reverse { amount, .. } => Some(*amount),
        _ => None,
    }
}

pub(super) fn decided(verdict: Verdict) -> Answer {
    Answer::Decided(Box::new(verdict))
}

fn papers_in_order(papers: &Papers) -> Result<(), Reason> {
    if !papers.document {
        return Err(Reason::DocumentMissing);
    }
    if !papers.credentials {
        return Err(Reason::CredentialsMissing);
    }
    let too_long = |n: &String| encoding_rs::GBK.encode(n).0.len() > OFFICER_NUMBER_BYTES_MAX;
    if papers.officer_numbers.iter().any(too_long) {
        return Err(Reason::OfficerNumberTooLong);
    }
    Ok(())
}

fn same_customer(customer: &Customer, order: &Order) -> Result<(), Reason> {
    if customer.identity.name.trim() != order.subject.name.trim() {
        return Err(Reason::NameDiffers);
    }
    if !customer.identity.same_number(&order.subject.id_number) {
        return Err(Reason::NumberDiffers);
    }
    Ok(())
}

fn check_deduct(freeze: &Freeze, amount: Option<Fen>) -> Result<(), Reason> {
    if freeze.queued {
        return Err(Reason::OriginalQueued);
    }
    if amount.is_some_and(|a| a <= 0) || amount.zip(freeze.limit).is_some_and(|(a, l)| a > l) {
        return Err(Reason::AmountAboveFreeze);
    }
    if freeze.caught == 0 {
        return Err(Reason::NothingHeld);
    }
    Ok(())
}

fn hold_product(account: &mut Account, asked: &ProductAsk) -> (Option<(String, i64)>, Option<String>) {
    let failed = || (None, Some("成功冻结资金回款账户，但理财产品冻结失败".to_owned()));
    let Some(product) = account.products.iter_mut().find(|p| p.number == asked.number && p.freezable) else {
        return failed();
    };
    let units = asked.units.min(product.units - product.units_held);
    if units <= 0 {
        return failed();
    }
    product.units_held += units;
    (Some((asked.number.clone(), units)), None)
}

pub(super) fn told_of(account: &Account, freeze: Option<&Freeze>, outcome: Outcome) -> Verdict {
    Verdict {
        outcome,
        asked: None,
        limit: freeze.and_then(|f| f.limit),
        got: 0,
        held: freeze.map_or(0, |f| f.caught),
        balance: Some(account.balance),
        available: Some(account.available()),
        start: freeze.map(|f| f.start),
        end: freeze.map(|f| f.end),
        prior: Vec::new(),
        rights: Vec::new(),
        units: None,
        note: None,
        serial: None,
        paid_on: None,
    }
}
