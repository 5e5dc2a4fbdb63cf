//! What an insurer's books hold: policies, tasks under way with their clock, payments, and what is still to be told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::policy::{Contract, Freeze, Policy};
use crate::day::Day;
use crate::money::Fen;
use crate::open::{Ahead, Answer, News, Payee, State};

/// What is barred by a freeze.
pub(super) const SCOPE: [&str; 4] = ["holder_change", "surrender", "loan", "dividend"];

/// Whether courts may end a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurrenderRule {
    /// On ruling and notice.
    Allowed,
    /// Only with the holder's consent.
    Consent,
    /// Freeze only.
    Never,
}

impl SurrenderRule {
    /// The word of the form.
    pub fn word(self) -> &'static str {
        match self {
            SurrenderRule::Allowed => "allowed",
            SurrenderRule::Consent => "consent",
            SurrenderRule::Never => "never",
        }
    }
}

/// What is agreed with one insurer, after its province's rules, and how long its days are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InsurerRules {
    /// Whether courts may end a policy.
    pub surrender: SurrenderRule,
    /// Insured and beneficiaries are given notice and may buy out.
    pub notice: bool,
    /// Days of the notice period.
    pub notice_days: i32,
    /// Days from its end to the payment.
    pub pay_days: i32,
    /// How many milliseconds of the insurer's clock a day takes.
    pub day_ms: u64,
    /// How long what is accepted takes besides, in milliseconds.
    pub work_ms: u64,
    /// Two officers must sign.
    pub two_officers: bool,
}

impl Default for InsurerRules {
    fn default() -> Self {
        InsurerRules {
            surrender: SurrenderRule::Allowed,
            notice: true,
            notice_days: 15,
            pay_days: 0,
            day_ms: 86_400_000,
            work_ms: 0,
            two_officers: false,
        }
    }
}

/// Why money went to a court.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// The contract has ended.
    Surrender,
    /// Somebody bought it out.
    BuyOut,
    /// Benefits due.
    Benefits,
}

/// Money that went to a court.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsurancePayment {
    /// Our number.
    pub number: String,
    /// Policy.
    pub policy: String,
    /// Why.
    pub paid: Paid,
    /// To the court.
    pub amount: Fen,
    /// To the holder.
    pub to_holder: Fen,
    /// The court's account.
    pub account: String,
    /// The insurer's number.
    pub serial: String,
    /// Day.
    pub on: Day,
    /// Of the amount, what the court has given back.
    #[serde(default)]
    pub returned: Fen,
    /// Whose interest it was.
    #[serde(default)]
    pub subject: String,
    /// What the contract was worth before it ended, when it did.
    #[serde(default)]
    pub before: Option<Worth>,
}

/// What a contract is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worth {
    /// Cash value.
    pub cash_value: Fen,
    /// Borrowed against it.
    pub loan: Fen,
    /// Dividends due to the holder.
    pub dividends_due: Fen,
}

/// One change that a task of ours made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsuranceEffect {
    /// Our number.
    pub number: String,
    /// Word of its kind.
    pub kind: String,
    /// Policy.
    pub policy: String,
}

/// A reinstatement that is being looked at.
#[derive(Clone)]
pub(super) struct Reinstating {
    /// Number of the surrender.
    pub original: String,
    pub amount: Fen,
}

/// A surrender or withdrawal under way.
#[derive(Clone)]
pub(super) struct Order {
    pub policy: String,
    pub subject: String,
    pub amount: Fen,
    pub payee: Payee,
    pub is_surrender: bool,
    /// The window to buy out is open.
    pub in_window: bool,
    /// Findings for the notices given.
    pub notices: Vec<Value>,
    pub serial: String,
    /// When it goes on.
    pub due: (u64, u64),
}

/// An insurer's books.
#[derive(Clone)]
pub struct InsuranceBooks {
    pub(super) rules: InsurerRules,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) orders: BTreeMap<String, Order>,
    pub(super) reinstating: BTreeMap<String, Reinstating>,
    /// By the instant at which it goes on, and a counter.
    pub(super) clock: BTreeMap<(u64, u64), String>,
    pub(super) news: Vec<News>,
    pub(super) payments: Vec<InsurancePayment>,
    pub(super) effects: Vec<InsuranceEffect>,
    pub(super) counter: u64,
}

impl InsuranceBooks {
    /// Books with these policies.
    pub fn new(policies: Vec<Policy>, rules: InsurerRules) -> InsuranceBooks {
        let policies = policies.into_iter().map(|policy| (policy.number.clone(), policy)).collect();
        InsuranceBooks {
            rules,
            policies,
            orders: BTreeMap::new(),
            reinstating: BTreeMap::new(),
            clock: BTreeMap::new(),
            news: Vec::new(),
            payments: Vec::new(),
            effects: Vec::new(),
            counter: 0,
        }
    }

    /// Adds a policy, or replaces the one with its number.
    pub fn add(&mut self, policy: Policy) {
        self.policies.insert(policy.number.clone(), policy);
    }

    /// Policies by number.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.values()
    }

    /// A policy.
    pub fn policy(&self, number: &str) -> Option<&Policy> {
        self.policies.get(number)
    }

    /// A policy, to change it as the insurer's own people do.
    pub fn policy_mut(&mut self, number: &str) -> Option<&mut Policy> {
        self.policies.get_mut(number)
    }

    /// What is agreed.
    pub fn rules(&self) -> &InsurerRules {
        &self.rules
    }

    /// Money that went to courts, in order.
    pub fn paid_out(&self) -> &[InsurancePayment] {
        &self.payments
    }

    /// Every change that a task made, in order.
    pub fn effects(&self) -> &[InsuranceEffect] {
        &self.effects
    }

    /// How many changes one number made; more than one is a fault of the insurer.
    pub fn effect_count(&self, number: &str) -> usize {
        self.effects.iter().filter(|effect| effect.number == number).count()
    }

    /// Numbers under way.
    pub fn under_way(&self) -> Vec<String> {
        self.orders.keys().cloned().collect()
    }

    pub(super) fn serial(&mut self, prefix: &str, today: Day) -> String {
        self.counter += 1;
        format!("{prefix}{}{:08}", today.compact(), self.counter)
    }

    pub(super) fn effect(&mut self, number: &str, kind: &str, policy: &str) {
        self.effects.push(InsuranceEffect {
            number: number.to_owned(),
            kind: kind.to_owned(),
            policy: policy.to_owned(),
        });
    }

    pub(super) fn tell(&mut self, number: &str, answer: Answer) {
        self.news.push(News::Result { number: number.to_owned(), answer });
    }

    /// Takes a freeze off; what was under way on it ends, and the next comes into force.
    pub(super) fn lift(&mut self, policy: &str, place: usize) {
        let Some(entry) = self.policies.get_mut(policy) else { return };
        if place >= entry.freezes.len() {
            return;
        }
        let gone = entry.freezes.remove(place);
        entry.past.extend(gone.numbers);
        if let Some(busy) = gone.busy
            && let Some(order) = self.orders.remove(&busy)
        {
            self.clock.remove(&order.due);
            let mut answer = Answer::refused("no_original_freeze", "原冻结已解除或到期，未支付");
            answer.findings = order.notices;
            self.tell(&busy, answer);
        }
        if place == 0 {
            self.promote(policy);
        }
    }

    /// The first in rank is in force now; on a policy that has ended, none ever will be.
    pub(super) fn promote(&mut self, policy: &str) {
        let Some(entry) = self.policies.get_mut(policy) else { return };
        if entry.contract == Contract::Ended {
            let mut ended = Vec::new();
            for freeze in std::mem::take(&mut entry.freezes) {
                let number = freeze.numbers.first().cloned().unwrap_or_default();
                entry.past.extend(freeze.numbers);
                ended.push(number);
            }
            for number in ended {
                self.tell(&number, Answer::refused("not_found", "保单已终止，轮候未生效"));
            }
            return;
        }
        if let Some(first) = entry.freezes.first() {
            let number = first.numbers.first().cloned().unwrap_or_default();
            let answer = freeze_answer(entry, 0);
            self.tell(&number, answer);
        }
    }
}

/// What is told of a freeze, by its place.
pub(super) fn freeze_answer(policy: &Policy, place: usize) -> Answer {
    let Some(freeze) = policy.freezes.get(place) else { return Answer::refused("no_original_freeze", "无原冻结") };
    let mut answer = Answer::of(State::Queued);
    answer.limit = Some(freeze.limit);
    (answer.from, answer.to) = (Some(freeze.from), Some(freeze.to));
    answer.serial = Some(freeze.serial.clone());
    answer.ahead = policy.freezes.iter().take(place).map(ahead).collect();
    let scope = SCOPE.iter().map(|word| Value::String((*word).to_owned())).collect();
    answer.own.insert("scope".to_owned(), Value::Array(scope));
    if place > 0 {
        (answer.caught, answer.reason) = (Some(0), Some("prior_right"));
        answer.text = Some("保单已被冻结，已登记轮候".to_owned());
        return answer;
    }
    let caught = policy.reach_of(&freeze.subject).min(freeze.limit);
    answer.caught = Some(caught);
    answer.state = State::Done;
    if caught < freeze.limit {
        (answer.state, answer.reason) = (State::Partly, Some("insufficient"));
    }
    answer
}

pub(super) fn ahead(freeze: &Freeze) -> Ahead {
    Ahead {
        organ: freeze.organ.clone(),
        paper: freeze.case_number.clone(),
        amount: Some(freeze.limit),
        to: Some(freeze.to),
    }
}
