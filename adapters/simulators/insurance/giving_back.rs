//! What an insurer undoes or hands on: benefits taken back in, a policy that stands again, a limit lowered, another organ's freeze taken over.

use super::books::{InsuranceBooks, Paid, Reinstating, freeze_answer};
use super::decide::{last_day, stop};
use super::policy::{Contract, Role};
use crate::money::{Fen, yuan};
use crate::open::{Answer, Now, State, Task, finding};

impl InsuranceBooks {
    /// The payment that a task gives back, and how much of it is still with the court.
    fn given(&self, task: &Task, policy: &str) -> Result<(usize, Fen), Box<Answer>> {
        if task.amount.is_none_or(|amount| amount <= 0) {
            return Err(stop(Answer::handed_back("other", "缺少数额")));
        }
        let Some(original) = &task.original else {
            return Err(stop(Answer::handed_back("no_original_freeze", "缺少原请求单号")));
        };
        let serial = task.json.pointer("/original/serial").and_then(serde_json::Value::as_str).unwrap_or_default();
        let place = self.payments.iter().position(|payment| {
            payment.number == original.number
                && payment.policy == policy
                && (serial.is_empty() || payment.serial == serial)
        });
        let unknown = || stop(Answer::refused("no_original_freeze", "无原支付信息"));
        let place = place.ok_or_else(unknown)?;
        let payment = self.payments.get(place).ok_or_else(unknown)?;
        Ok((place, payment.amount - payment.returned))
    }

    /// Benefits go back to where they came from.
    pub(super) fn reverse(&mut self, task: &Task, policy: &str, now: Now) -> Answer {
        let (place, left) = match self.given(task, policy) {
            Ok(given) => given,
            Err(answer) => return *answer,
        };
        let amount = task.amount.unwrap_or(0);
        let Some(payment) = self.payments.get_mut(place) else { return Answer::refused("other", "无法办理") };
        if payment.paid != Paid::Benefits {
            return Answer::refused("unsupported", "退保款项请以恢复保单效力办理");
        }
        if amount > left {
            return Answer::refused("insufficient", "退回金额超过原支付未退回的金额");
        }
        payment.returned += amount;
        let subject = payment.subject.clone();
        // Whose money it was: dividends are the holder's, benefits the insured's or the beneficiary's.
        if let Some(entry) = self.policies.get_mut(policy) {
            let roles = entry.roles_of(&subject);
            if roles.contains(&Role::Holder) {
                entry.dividends_due += amount;
            } else if roles.contains(&Role::Insured) {
                entry.survival_benefits_due += amount;
            } else {
                entry.unpaid_benefits += amount;
            }
        }
        let mut answer = Answer::of(State::Done);
        (answer.limit, answer.moved) = (Some(amount), Some(amount));
        answer.serial = Some(self.serial("TH", now.today));
        answer.findings = vec![finding("step", &[("step", "benefits_returned"), ("amount", &yuan(amount))])];
        self.effect(&task.number, "reverse", policy);
        answer
    }

    /// Begins to look at whether a policy can stand again.
    pub(super) fn reinstate(&mut self, task: &Task, policy: &str, now: Now) -> Answer {
        let (place, left) = match self.given(task, policy) {
            Ok(given) => given,
            Err(answer) => return *answer,
        };
        let amount = task.amount.unwrap_or(0);
        let is_surrender = self.payments.get(place).is_some_and(|payment| payment.paid == Paid::Surrender);
        let has_ended = self.policies.get(policy).is_some_and(|entry| entry.contract == Contract::Ended);
        if !is_surrender || !has_ended {
            return Answer::refused("other", "保单未因该退保终止，无从恢复");
        }
        if amount != left {
            return Answer::refused("insufficient", "须足额退回原退保支付的金额");
        }
        let original = task.original.as_ref().map(|original| original.number.clone()).unwrap_or_default();
        if self.reinstating.values().any(|other| other.original == original) {
            return Answer::refused("under_way", "该保单的恢复已在办理中");
        }
        self.schedule(&task.number, 0, now);
        self.reinstating.insert(task.number.clone(), Reinstating { original, amount });
        Answer::of(State::Accepted)
    }

    /// The policy stands again, worth as much as was given back: what its holder got of the surrender is a loan against it.
    pub(super) fn stands_again(&mut self, number: &str, asked: &Reinstating, now: Now) -> Answer {
        let payment = self.payments.iter_mut().find(|payment| payment.number == asked.original);
        let worth = payment.as_ref().and_then(|payment| payment.before);
        let (Some(payment), Some(worth)) = (payment, worth) else {
            return Answer::refused("no_original_freeze", "无原支付信息");
        };
        payment.returned += asked.amount;
        let (policy, to_holder) = (payment.policy.clone(), payment.to_holder);
        if let Some(entry) = self.policies.get_mut(&policy) {
            entry.contract = Contract::InForce;
            (entry.cash_value, entry.loan) = (worth.cash_value, worth.loan + to_holder);
            entry.dividends_due += worth.dividends_due;
        }
        let mut answer = Answer::of(State::Done);
        (answer.limit, answer.moved) = (Some(asked.amount), Some(asked.amount));
        answer.serial = Some(self.serial("FX", now.today));
        let [cash_value, loan, dividends] = [worth.cash_value, worth.loan + to_holder, worth.dividends_due].map(yuan);
        let step = [("step", "reinstated"), ("cash_value", &cash_value), ("loan", &loan), ("dividends", &dividends)];
        answer.findings = vec![finding("step", &step)];
        self.effect(number, "reinstate", &policy);
        answer
    }

    /// Lowers the limit; the freeze keeps its rank, and ends when nothing is left of it.
    pub(super) fn release_part(&mut self, task: &Task, policy: &str, place: usize) -> Answer {
        let part = task.amount.unwrap_or(0);
        let freeze = self.policies.get_mut(policy).and_then(|entry| entry.freezes.get_mut(place));
        let Some(freeze) = freeze else { return Answer::refused("no_original_freeze", "无原冻结") };
        if part <= 0 || part > freeze.limit {
            return Answer::refused("insufficient", "部分解除金额超过冻结数额");
        }
        if freeze.busy.is_some() {
            return Answer::refused("under_way", "该冻结项下已有支付办理中");
        }
        freeze.limit -= part;
        let left = freeze.limit;
        let mut answer = Answer::of(State::Done);
        answer.limit = Some(left);
        if left > 0 {
            answer.caught = self.policies.get(policy).and_then(|entry| freeze_answer(entry, place).caught);
        } else {
            self.lift(policy, place);
        }
        self.effect(&task.number, "release", policy);
        answer
    }

    /// A freeze in the place of another organ's, with its rank and at most its limit.
    pub(super) fn take_over(&mut self, task: &Task, policy: &str, now: Now) -> Answer {
        let (Some(limit), Some(to)) = (task.amount.filter(|amount| *amount > 0), task.to) else {
            return Answer::handed_back("other", "冻结须有数额与期限");
        };
        if to < now.today {
            return Answer::refused("other", "冻结期限已过");
        }
        let Some(original) = &task.original else { return Answer::refused("no_original_freeze", "无原冻结") };
        let named = [&original.number, &original.case_number];
        let serial = self.serial("BQ", now.today);
        let Some(entry) = self.policies.get_mut(policy) else { return Answer::refused("not_found", "查无此保单") };
        // Another organ's freeze came over the counter and has no number of ours.
        let meant = |freeze: &super::policy::Freeze| {
            freeze.organ != task.court
                && named.iter().any(|name| !name.is_empty() && (freeze.case_number == **name || freeze.is(name)))
        };
        let Some(place) = entry.freezes.iter().position(meant) else {
            return Answer::refused("no_original_freeze", "无原冻结");
        };
        let Some(freeze) = entry.freezes.get_mut(place) else {
            return Answer::refused("no_original_freeze", "无原冻结");
        };
        if limit > freeze.limit {
            return Answer::refused("insufficient", "接续冻结金额超过原冻结数额");
        }
        let gone = std::mem::replace(&mut freeze.numbers, vec![task.number.clone()]);
        freeze.organ.clone_from(&task.court);
        freeze.case_number.clone_from(&task.case_number);
        freeze.subject.clone_from(&task.subject.id_number);
        (freeze.limit, freeze.to, freeze.serial) = (limit, to.min(last_day(now.today)), serial);
        entry.past.extend(gone);
        let answer = freeze_answer(entry, place);
        self.effect(&task.number, "freeze", policy);
        answer
    }
}
