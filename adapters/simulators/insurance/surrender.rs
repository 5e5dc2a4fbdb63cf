//! Payments to courts: notice to those who may keep the policy, the window, the payment or the buy-out, and benefits due.

use serde_json::Value;

use super::acts::{self, InsuranceAct};
use super::books::{InsuranceBooks, InsurancePayment, Order, Paid, Worth};
use super::policy::{Contract, Policy, Role};
use crate::day::Day;
use crate::money::{Fen, yuan};
use crate::open::{Answer, News, Now, State, Task, Trade, dashed, finding};

impl InsuranceBooks {
    /// Begins a surrender.
    pub(super) fn surrender(&mut self, task: &Task, policy: &str, place: usize, now: Now) -> Answer {
        if let Err(answer) = self.payable(task, policy, place).and_then(|()| self.endable(task, policy)) {
            return *answer;
        }
        let until = now.today.plus_days(self.rules.notice_days);
        let notices = match self.policies.get(policy) {
            Some(entry) if self.rules.notice => notices(entry, now.today, until),
            _ => Vec::new(),
        };
        let days = if notices.is_empty() { self.rules.pay_days } else { self.rules.notice_days };
        let in_window = !notices.is_empty();
        let serial = self.begin(task, policy, place, (now, days, in_window, true), notices.clone());
        if !in_window {
            return Answer::of(State::Accepted);
        }
        let mut answer = Answer::because(State::Registered, "notice_period", "已通知被保险人、受益人，可于期限内赎买");
        (answer.limit, answer.due, answer.serial) = (task.amount, Some(until), Some(serial));
        answer.findings = notices;
        answer
    }

    /// Begins a withdrawal of benefits.
    pub(super) fn withdraw(&mut self, task: &Task, policy: &str, place: usize, now: Now) -> Answer {
        if let Err(answer) = self.payable(task, policy, place) {
            return *answer;
        }
        self.begin(task, policy, place, (now, 0, false, false), Vec::new());
        Answer::of(State::Accepted)
    }

    fn begin(
        &mut self,
        task: &Task,
        policy: &str,
        place: usize,
        (now, days, in_window, is_surrender): (Now, i32, bool, bool),
        notices: Vec<Value>,
    ) -> String {
        let serial = self.serial(if is_surrender { "TB" } else { "TQ" }, now.today);
        let Some(payee) = task.destination.clone() else { return serial };
        let due = self.schedule(&task.number, days, now);
        let busy = self.policies.get_mut(policy).and_then(|entry| entry.freezes.get_mut(place));
        if let Some(freeze) = busy {
            freeze.busy = Some(task.number.clone());
        }
        let order = Order {
            policy: policy.to_owned(),
            subject: task.subject.id_number.clone(),
            amount: task.amount.unwrap_or(0),
            payee,
            is_surrender,
            in_window,
            notices,
            serial: serial.clone(),
            due,
        };
        self.orders.insert(task.number.clone(), order);
        serial
    }

    pub(super) fn schedule(&mut self, number: &str, days: i32, now: Now) -> (u64, u64) {
        let days_ms = u64::try_from(days).unwrap_or(0).saturating_mul(self.rules.day_ms);
        self.counter += 1;
        let due = (now.ms.saturating_add(days_ms).saturating_add(self.rules.work_ms), self.counter);
        self.clock.insert(due, number.to_owned());
        due
    }

    /// An order's time has come: its window is over, or it is paid.
    fn go_on(&mut self, number: &str, now: Now) {
        if let Some(reinstating) = self.reinstating.remove(number) {
            let answer = self.stands_again(number, &reinstating, now);
            return self.tell(number, answer);
        }
        let Some(mut order) = self.orders.remove(number) else { return };
        if order.in_window && self.rules.pay_days > 0 {
            order.in_window = false;
            order.due = self.schedule(number, self.rules.pay_days, now);
            let mut answer = Answer::because(State::Registered, "under_way", "赎买期限届满，办理退保付款");
            (answer.limit, answer.serial) = (Some(order.amount), Some(order.serial.clone()));
            answer.due = Some(now.today.plus_days(self.rules.pay_days));
            answer.findings.clone_from(&order.notices);
            self.orders.insert(number.to_owned(), order);
            return self.tell(number, answer);
        }
        let answer = if order.is_surrender { self.end(number, order, now) } else { self.benefits(number, order, now) };
        self.tell(number, answer);
    }

    /// Ends the contract and pays.
    fn end(&mut self, number: &str, order: Order, now: Now) -> Answer {
        let Some(policy) = self.policies.get_mut(&order.policy) else { return nothing(order) };
        let value = policy.reach(Role::Holder);
        if value == 0 {
            policy
                .freezes
                .iter_mut()
                .filter(|freeze| freeze.is_busy_with(number))
                .for_each(|freeze| freeze.busy = None);
            return nothing(order);
        }
        let (cash_value, loan, dividends) = (policy.cash_value, policy.loan, policy.dividends_due);
        let before = Worth { cash_value, loan, dividends_due: dividends };
        policy.contract = Contract::Ended;
        (policy.cash_value, policy.loan, policy.dividends_due) = (0, 0, 0);
        let moved = value.min(order.amount);
        let step = finding(
            "step",
            &[
                ("step", "contract_ended"),
                ("cash_value", &yuan(cash_value)),
                ("loan", &yuan(loan)),
                ("dividends", &yuan(dividends)),
                ("to_holder", &yuan(value - moved)),
            ],
        );
        let answer = self.pay(number, order, (Paid::Surrender, moved, value - moved), step, now);
        if let Some(payment) = self.payments.last_mut() {
            payment.before = Some(before);
        }
        answer
    }

    /// The insured or a beneficiary keeps the policy by paying what it is worth; `false` when no window is open for that
    /// person.
    pub(super) fn bought_out(&mut self, policy: &str, id_number: &str, now: Now) -> bool {
        let number = self.orders.iter().find(|(_, order)| order.policy == policy && order.in_window);
        let Some((number, order)) = number.map(|(number, order)| (number.clone(), order.clone())) else { return false };
        let Some(entry) = self.policies.get_mut(policy) else { return false };
        let role = entry.roles_of(id_number).into_iter().find(|role| *role != Role::Holder);
        let buyer = entry.people().find(|person| person.has_number(id_number)).cloned();
        let (Some(role), Some(buyer)) = (role, buyer) else { return false };
        let value = entry.surrender_value();
        if value == 0 || entry.holder == buyer {
            return false;
        }
        self.orders.remove(&number);
        self.clock.remove(&order.due);
        let moved = value.min(order.amount);
        let paid = yuan(value);
        let pairs = [("step", "bought_out"), ("by", role.word()), ("name", &buyer.name), ("paid", &paid)];
        let step = finding("step", &pairs);
        entry.holder = buyer;
        let answer = self.pay(&number, order, (Paid::BuyOut, moved, value - moved), step, now);
        self.tell(&number, answer);
        true
    }

    /// Pays what is due to the subject without ending the contract.
    fn benefits(&mut self, number: &str, order: Order, now: Now) -> Answer {
        let Some(policy) = self.policies.get_mut(&order.policy) else { return nothing(order) };
        let roles = policy.roles_of(&order.subject);
        let mut left = order.amount;
        let mut take = |role: Role, due: &mut Fen| {
            let taken = if roles.contains(&role) { left.min(*due) } else { 0 };
            left -= taken;
            *due -= taken;
            taken
        };
        let dividends = take(Role::Holder, &mut policy.dividends_due);
        let survival = take(Role::Insured, &mut policy.survival_benefits_due);
        let unpaid = take(Role::Beneficiary, &mut policy.unpaid_benefits);
        let moved = dividends + survival + unpaid;
        policy.freezes.iter_mut().filter(|freeze| freeze.is_busy_with(number)).for_each(|freeze| freeze.busy = None);
        if moved == 0 {
            return nothing(order);
        }
        let step = finding(
            "step",
            &[
                ("step", "benefits_paid"),
                ("dividends", &yuan(dividends)),
                ("survival_benefits", &yuan(survival)),
                ("unpaid_benefits", &yuan(unpaid)),
            ],
        );
        self.pay(number, order, (Paid::Benefits, moved, 0), step, now)
    }

    /// Writes a payment down; the freeze ends when its policy has, or when its limit is used up.
    fn pay(
        &mut self,
        number: &str,
        order: Order,
        (paid, moved, to_holder): (Paid, Fen, Fen),
        step: Value,
        now: Now,
    ) -> Answer {
        let serial = self.serial("ZF", now.today);
        self.payments.push(InsurancePayment {
            number: number.to_owned(),
            policy: order.policy.clone(),
            paid,
            amount: moved,
            to_holder,
            account: order.payee.number.clone(),
            serial: serial.clone(),
            on: now.today,
            returned: 0,
            subject: order.subject.clone(),
            before: None,
        });
        let kind = if order.is_surrender { "surrender" } else { "withdraw_benefits" };
        self.effect(number, kind, &order.policy);
        let mut ends = paid != Paid::Benefits;
        if let Some(freeze) = self.policies.get_mut(&order.policy).and_then(|policy| policy.freezes.first_mut()) {
            freeze.busy = None;
            freeze.limit -= moved;
            ends |= freeze.limit == 0;
        }
        if ends {
            self.lift(&order.policy, 0);
        }
        let mut answer = Answer::of(State::Done);
        if moved < order.amount {
            (answer.state, answer.reason) = (State::Partly, Some("insufficient"));
        }
        (answer.limit, answer.moved, answer.serial) = (Some(order.amount), Some(moved), Some(serial));
        answer.findings = order.notices;
        answer.findings.push(step);
        answer
    }
}

fn nothing(order: Order) -> Answer {
    let mut answer = Answer::refused("insufficient", "无可支付金额");
    (answer.limit, answer.findings) = (Some(order.amount), order.notices);
    answer
}

/// Notice to everybody but the holder.
fn notices(policy: &Policy, today: Day, until: Day) -> Vec<Value> {
    let (given_on, until) = (dashed(today), dashed(until));
    let insured = [(Role::Insured, &policy.insured)];
    let all = insured.into_iter().chain(policy.beneficiaries.iter().map(|person| (Role::Beneficiary, person)));
    let mut told: Vec<&str> = vec![&policy.holder.id_number];
    let mut notices = Vec::new();
    for (role, person) in all {
        if told.contains(&person.id_number.as_str()) {
            continue;
        }
        told.push(&person.id_number);
        let pairs = [
            ("step", "notice_given"),
            ("to", role.word()),
            ("name", &person.name),
            ("given_on", &given_on),
            ("until", &until),
        ];
        notices.push(finding("step", &pairs));
    }
    notices
}

impl Trade for InsuranceBooks {
    type Act = InsuranceAct;
    type Outcome = bool;
    const ACTS: &'static [&'static str] = acts::ACTS;
    const LOOKS: &'static [&'static str] = acts::LOOKS;

    fn act(&mut self, act: &InsuranceAct, now: Now) -> bool {
        self.do_act(act, now)
    }

    fn told(outcome: &bool) -> Result<Value, String> {
        acts::told(*outcome)
    }

    fn look(&self, name: &str) -> Value {
        self.looked_at(name)
    }

    fn take(&mut self, task: &Task, now: Now) -> Answer {
        self.decide(task, now)
    }

    fn due(&mut self, now: Now) -> Vec<News> {
        while let Some(((due_ms, _), number)) = self.clock.first_key_value().map(|(due, number)| (*due, number.clone()))
        {
            if due_ms > now.ms {
                break;
            }
            self.clock.pop_first();
            self.go_on(&number, now);
        }
        std::mem::take(&mut self.news)
    }

    fn next_due_ms(&self) -> Option<u64> {
        if !self.news.is_empty() {
            return Some(0);
        }
        self.clock.first_key_value().map(|((due_ms, _), _)| *due_ms)
    }

    /// Freezes end with their last day, whatever their rank.
    fn turn(&mut self, today: Day) {
        let policies: Vec<String> = self.policies.keys().cloned().collect();
        for policy in policies {
            let ended = |books: &InsuranceBooks| {
                books.policies.get(&policy).and_then(|entry| entry.freezes.iter().rposition(|freeze| freeze.to < today))
            };
            while let Some(place) = ended(self) {
                self.lift(&policy, place);
            }
        }
    }
}
