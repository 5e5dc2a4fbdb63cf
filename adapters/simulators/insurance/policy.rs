//! Policies: who they concern, what they are worth to whom, and the freezes on them in rank order.

use serde::{Deserialize, Serialize};

use crate::county::County;
use crate::day::Day;
use crate::money::Fen;
use crate::random::Sequence;

/// Somebody a policy concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: String,
    /// `01` = resident identity card.
    pub id_type: String,
    /// Number of the identity paper.
    pub id_number: String,
}

impl Person {
    /// A person with an identity card.
    pub fn new(name: &str, id_number: &str) -> Person {
        Person { name: name.to_owned(), id_type: "01".to_owned(), id_number: id_number.to_owned() }
    }

    /// Numbers are compared without `-` and case.
    pub fn has_number(&self, id_number: &str) -> bool {
        plain(&self.id_number) == plain(id_number)
    }
}

fn plain(id_number: &str) -> String {
    id_number.chars().filter(|c| *c != '-').flat_map(char::to_uppercase).collect()
}

/// What a person is to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 投保人.
    Holder,
    /// 被保险人.
    Insured,
    /// 受益人.
    Beneficiary,
}

impl Role {
    /// The word of the form.
    pub fn word(self) -> &'static str {
        match self {
            Role::Holder => "holder",
            Role::Insured => "insured",
            Role::Beneficiary => "beneficiary",
        }
    }
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// 有效.
    InForce,
    /// 失效: premiums were not paid; it still has its cash value.
    Lapsed,
    /// 终止.
    Ended,
}

impl Contract {
    /// As told to courts.
    pub fn chinese(self) -> &'static str {
        match self {
            Contract::InForce => "有效",
            Contract::Lapsed => "失效",
            Contract::Ended => "终止",
        }
    }
}

/// A freeze; the first of a policy is in force, the others queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Its number and those of its renewals.
    pub numbers: Vec<String>,
    /// Court.
    pub organ: String,
    /// Case.
    pub case_number: String,
    /// Whose interest is frozen.
    pub subject: String,
    /// What may be held or paid in all.
    pub limit: Fen,
    /// Day of registration.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// The insurer's number of it.
    pub serial: String,
    /// Number of the surrender or withdrawal under way on it.
    pub busy: Option<String>,
}

impl Freeze {
    /// Is it the one meant by that number?
    pub fn is(&self, number: &str) -> bool {
        self.numbers.iter().any(|own| own == number)
    }

    /// Is it that surrender or withdrawal that is under way on it?
    pub fn is_busy_with(&self, number: &str) -> bool {
        self.busy.as_deref() == Some(number)
    }
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Number.
    pub number: String,
    /// Name of the product.
    pub product: String,
    /// 投保人.
    pub holder: Person,
    /// 被保险人.
    pub insured: Person,
    /// 受益人.
    pub beneficiaries: Vec<Person>,
    /// Where it stands.
    pub contract: Contract,
    /// 缴费中, 已缴清, 宽限期, 欠费.
    pub premium_status: String,
    /// First day.
    pub effective: Day,
    /// Last day.
    pub ends: Day,
    /// Cash value.
    pub cash_value: Fen,
    /// Borrowed against it.
    pub loan: Fen,
    /// Dividends due to the holder.
    pub dividends_due: Fen,
    /// Survival benefits due to the insured.
    pub survival_benefits_due: Fen,
    /// Confirmed and unpaid benefits of the beneficiaries.
    pub unpaid_benefits: Fen,
    /// Branch.
    pub branch: String,
    /// Small medical, injury or old-age cover.
    pub personal_nature: bool,
    /// In rank order.
    pub freezes: Vec<Freeze>,
    /// Numbers of freezes that have ended.
    pub past: Vec<String>,
}

impl Policy {
    /// A participating endowment policy in force, with that cash value and nothing due.
    pub fn endowment(number: &str, holder: Person, insured: Person, beneficiaries: Vec<Person>, cash: Fen) -> Policy {
        let day = |year, month, day| Day::new(year, month, day).unwrap_or(Day::EPOCH);
        Policy {
            number: number.to_owned(),
            product: "海安两全保险（分红型）".to_owned(),
            holder,
            insured,
            beneficiaries,
            contract: Contract::InForce,
            premium_status: "缴费中".to_owned(),
            effective: day(2016, 3, 5),
            ends: day(2046, 3, 4),
            cash_value: cash,
            loan: 0,
            dividends_due: 0,
            survival_benefits_due: 0,
            unpaid_benefits: 0,
            branch: "象山支公司".to_owned(),
            personal_nature: false,
            freezes: Vec::new(),
            past: Vec::new(),
        }
    }

    /// The roles a person has.
    pub fn roles_of(&self, id_number: &str) -> Vec<Role> {
        let mut roles = Vec::new();
        if self.holder.has_number(id_number) {
            roles.push(Role::Holder);
        }
        if self.insured.has_number(id_number) {
            roles.push(Role::Insured);
        }
        if self.beneficiaries.iter().any(|person| person.has_number(id_number)) {
            roles.push(Role::Beneficiary);
        }
        roles
    }

    /// Everybody it concerns.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        [&self.holder, &self.insured].into_iter().chain(&self.beneficiaries)
    }

    /// What the holder would get for it.
    pub fn surrender_value(&self) -> Fen {
        (self.cash_value - self.loan).max(0)
    }

    /// What a court may reach of somebody in one role.
    pub fn reach(&self, role: Role) -> Fen {
        if self.contract == Contract::Ended {
            return 0;
        }
        match role {
            Role::Holder => self.surrender_value() + self.dividends_due,
            Role::Insured => self.survival_benefits_due,
            Role::Beneficiary => self.unpaid_benefits,
        }
    }

    /// What a court may reach of somebody in all roles.
    pub fn reach_of(&self, id_number: &str) -> Fen {
        self.roles_of(id_number).into_iter().map(|role| self.reach(role)).sum()
    }
}

/// Policies of the people of a county: every other person holds one, some are insured or benefit by another's.
pub(crate) fn made_up(county: &County, seed: u64) -> Vec<Policy> {
    let mut random = Sequence::new(seed);
    let people: Vec<Person> = county
        .customers
        .iter()
        .filter(|customer| !customer.company)
        .map(|customer| Person::new(&customer.identity.name, &customer.identity.id_number))
        .collect();
    let mut policies = Vec::new();
    for (nth, holder) in people.iter().enumerate() {
        if nth > 0 && random.below(2) == 0 {
            continue;
        }
        let mut other = || random.pick(&people).unwrap_or(holder).clone();
        let (insured, beneficiary) = (other(), other());
        let cash = i64::try_from(random.below(20_000_000)).unwrap_or(0) + 100;
        let number = format!("BX{:016}", 3_302_250_000_000_000_u64 + u64::try_from(nth).unwrap_or(0));
        let mut policy = Policy::endowment(&number, holder.clone(), insured, vec![beneficiary], cash);
        policy.dividends_due = i64::try_from(random.below(100_000)).unwrap_or(0);
        policy.survival_benefits_due = i64::try_from(random.below(500_000)).unwrap_or(0);
        policy.personal_nature = random.below(10) == 0;
        policies.push(policy);
    }
    policies
}

/// The policy of the sample messages: 王小渔 holds, 王海棠 is insured, 王观澜 benefits.
pub(crate) fn of_the_samples() -> Vec<Policy> {
    let holder = Person::new("王小渔", "330225189506120170");
    let insured = Person::new("王海棠", "330225189802030264");
    let beneficiary = Person::new("王观澜", "330225191807150358");
    let mut policy = Policy::endowment("BX3302250000000017", holder, insured, vec![beneficiary], 2_100_000);
    (policy.loan, policy.dividends_due, policy.survival_benefits_due) = (300_000, 48_050, 200_000);
    vec![policy]
}
