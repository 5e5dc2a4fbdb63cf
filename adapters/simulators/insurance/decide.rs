//! What an insurer does with a task: whom it is about, what stands in the way, what it changes.

use serde_json::{Map, Value};

use super::books::{InsuranceBooks, SurrenderRule, ahead, freeze_answer};
use super::policy::{Contract, Freeze, Policy, Role};
use crate::day::Day;
use crate::money::yuan;
use crate::open::{Answer, Now, State, Task, dashed};

/// Papers of which one must come beside the ruling.
const NOTICES: [&str; 4] = ["freeze_notice", "deduct_notice", "release_notice", "assist_notice"];
/// 查封规定: other property rights, at most three years.
const FREEZE_YEARS: usize = 3;
/// What it does beside answering queries.
const KINDS: [&str; 7] = ["freeze", "renew", "release", "surrender", "withdraw_benefits", "reverse", "reinstate"];
/// Rows of one answer.
const ROWS_MAX: usize = 2_000;

/// What a control task is about, once everything formal is in order.
struct About {
    policy: String,
    /// Place of the freeze it builds on, when it builds on one.
    freeze: Option<usize>,
    /// That freeze has ended already.
    has_ended: bool,
}

/// What stands in the way, as it is told.
pub(super) fn stop(answer: Answer) -> Box<Answer> {
    Box::new(answer)
}

impl InsuranceBooks {
    /// Does a task, or begins it.
    pub(super) fn decide(&mut self, task: &Task, now: Now) -> Answer {
        if self.rules.two_officers && task.officers < 2 {
            return Answer::handed_back("credential_missing", "须有两名承办人");
        }
        if task.kind == "query" {
            return self.query(task, now);
        }
        if !KINDS.contains(&task.kind.as_str()) {
            return Answer::refused("unsupported", "不支持的措施");
        }
        let about = match self.about(task) {
            Ok(about) => about,
            Err(answer) => return *answer,
        };
        match (task.kind.as_str(), about.freeze) {
            ("reverse", _) => self.reverse(task, &about.policy, now),
            ("reinstate", _) => self.reinstate(task, &about.policy, now),
            ("freeze", _) if task.original.is_some() => self.take_over(task, &about.policy, now),
            ("release", Some(place)) if task.amount.is_some() => self.release_part(task, &about.policy, place),
            ("release", None) if about.has_ended => self.release(task, &about.policy, None),
            ("freeze", _) => self.freeze(task, &about.policy, now),
            ("renew", Some(place)) => self.renew(task, &about.policy, place, now),
            ("release", Some(place)) => self.release(task, &about.policy, Some(place)),
            ("surrender", Some(place)) => self.surrender(task, &about.policy, place, now),
            ("withdraw_benefits", Some(place)) => self.withdraw(task, &about.policy, place, now),
            _ => Answer::refused("no_original_freeze", "无原冻结"),
        }
    }

    fn about(&self, task: &Task) -> Result<About, Box<Answer>> {
        if !task.carries("ruling") || !NOTICES.iter().any(|kind| task.carries(kind)) {
            return Err(stop(Answer::handed_back("paper_missing", "缺少裁定书或协助执行通知书")));
        }
        let number = task.asset.clone().ok_or(stop(Answer::handed_back("other", "缺少保单号")))?;
        if task.kind != "freeze" && task.original.is_none() {
            return Err(stop(Answer::handed_back("no_original_freeze", "缺少原请求单号")));
        }
        self.identity(task)?;
        // What is let go or given back may be about a policy that has ended by it.
        let undoes = ["release", "reverse", "reinstate"].contains(&task.kind.as_str());
        let is_there = |policy: &&Policy| policy.contract != Contract::Ended || undoes;
        let policy = self.policies.get(&number).filter(is_there);
        let policy = policy.ok_or(stop(Answer::refused("not_found", "查无此保单或保单已终止")))?;
        if policy.roles_of(&task.subject.id_number).is_empty() {
            return Err(stop(Answer::refused("id_mismatch", "被执行人与该保单无关")));
        }
        let original = task.original.as_ref().map(|original| original.number.as_str()).unwrap_or_default();
        let freeze = policy.freezes.iter().position(|freeze| freeze.is(original));
        let has_ended = policy.past.iter().any(|past| past == original);
        Ok(About { policy: number, freeze, has_ended })
    }

    /// A number that is known under another name is nobody's.
    fn identity(&self, task: &Task) -> Result<(), Box<Answer>> {
        let people = self.policies.values().flat_map(Policy::people);
        let known: Vec<_> = people.filter(|person| person.has_number(&task.subject.id_number)).collect();
        if !known.is_empty() && !known.iter().any(|person| person.name == task.subject.name) {
            return Err(stop(Answer::refused("name_mismatch", "姓名与证件号码不符")));
        }
        Ok(())
    }

    fn query(&self, task: &Task, now: Now) -> Answer {
        if let Err(answer) = self.identity(task) {
            return *answer;
        }
        let id_number = &task.subject.id_number;
        let rows: Vec<Value> = self
            .policies
            .values()
            .flat_map(|policy| policy.roles_of(id_number).into_iter().map(move |role| (policy, role)))
            .take(ROWS_MAX)
            .map(|(policy, role)| self.row(policy, role, now.today))
            .collect();
        if rows.is_empty() {
            return Answer::of(State::NoSuchCustomer);
        }
        let mut answer = Answer::of(State::Done);
        answer.own.insert("policies".to_owned(), Value::Array(rows));
        answer
    }

    fn row(&self, policy: &Policy, role: Role, today: Day) -> Value {
        let mut row = Map::new();
        let mut put = |key: &str, text: String| {
            row.insert(key.to_owned(), Value::String(text));
        };
        put("number", policy.number.clone());
        put("role", role.word().to_owned());
        put("product", policy.product.clone());
        put("state", policy.contract.chinese().to_owned());
        put("premium_status", policy.premium_status.clone());
        put("effective", dashed(policy.effective));
        put("ends", dashed(policy.ends));
        put("currency", "CNY".to_owned());
        put("cash_value", yuan(policy.cash_value));
        put("cash_value_as_of", dashed(today));
        put("loan", yuan(policy.loan));
        put("dividends_due", yuan(if role == Role::Holder { policy.dividends_due } else { 0 }));
        put("survival_benefits_due", yuan(if role == Role::Insured { policy.survival_benefits_due } else { 0 }));
        put("unpaid_benefits", yuan(if role == Role::Beneficiary { policy.unpaid_benefits } else { 0 }));
        put("available", yuan(policy.reach(role)));
        put("branch", policy.branch.clone());
        put("surrender", self.rules.surrender.word().to_owned());
        put("personal_nature", if policy.personal_nature { "yes" } else { "no" }.to_owned());
        let ahead: Vec<Value> = policy.freezes.iter().map(|freeze| ahead(freeze).json()).collect();
        row.insert("ahead".to_owned(), Value::Array(ahead));
        Value::Object(row)
    }

    fn freeze(&mut self, task: &Task, policy: &str, now: Now) -> Answer {
        let (Some(limit), Some(to)) = (task.amount.filter(|amount| *amount > 0), task.to) else {
            return Answer::handed_back("other", "冻结须有数额与期限");
        };
        if to < now.today {
            return Answer::refused("other", "冻结期限已过");
        }
        let serial = self.serial("BQ", now.today);
        let Some(entry) = self.policies.get_mut(policy) else { return Answer::refused("not_found", "查无此保单") };
        entry.freezes.push(Freeze {
            numbers: vec![task.number.clone()],
            organ: task.court.clone(),
            case_number: task.case_number.clone(),
            subject: task.subject.id_number.clone(),
            limit,
            from: now.today,
            to: to.min(last_day(now.today)),
            serial,
            busy: None,
        });
        let answer = freeze_answer(entry, entry.freezes.len() - 1);
        self.effect(&task.number, "freeze", policy);
        answer
    }

    fn renew(&mut self, task: &Task, policy: &str, place: usize, now: Now) -> Answer {
        let Some(entry) = self.policies.get_mut(policy) else { return Answer::refused("not_found", "查无此保单") };
        let Some(freeze) = entry.freezes.get_mut(place) else {
            return Answer::refused("no_original_freeze", "无原冻结");
        };
        let to = task.to.map(|to| to.min(last_day(now.today)));
        let Some(to) = to.filter(|to| *to > freeze.to) else {
            return Answer::refused("other", "续冻期限不晚于现期限");
        };
        freeze.to = to;
        freeze.numbers.push(task.number.clone());
        let told = freeze_answer(entry, place);
        let mut answer = Answer::of(State::Done);
        (answer.limit, answer.caught, answer.to, answer.serial) = (told.limit, told.caught, told.to, told.serial);
        self.effect(&task.number, "renew", policy);
        answer
    }

    /// What has ended already is not in force any more, which is all a release asks for.
    fn release(&mut self, task: &Task, policy: &str, place: Option<usize>) -> Answer {
        if let Some(place) = place {
            self.lift(policy, place);
        }
        self.effect(&task.number, "release", policy);
        Answer::of(State::Done)
    }

    /// What stands in the way of any payment out of a freeze.
    pub(super) fn payable(&self, task: &Task, policy: &str, place: usize) -> Result<(), Box<Answer>> {
        let Some(amount) = task.amount.filter(|amount| *amount > 0) else {
            return Err(stop(Answer::handed_back("other", "缺少数额")));
        };
        if task.destination.as_ref().is_none_or(|payee| payee.number.is_empty() || payee.holder.is_empty()) {
            return Err(stop(Answer::handed_back("other", "缺少执行款专户")));
        }
        let freeze = self.policies.get(policy).and_then(|entry| entry.freezes.get(place));
        let freeze = freeze.ok_or(stop(Answer::refused("no_original_freeze", "无原冻结")))?;
        if place > 0 {
            return Err(stop(Answer::refused("prior_right", "冻结尚在轮候")));
        }
        if freeze.busy.is_some() {
            return Err(stop(Answer::refused("under_way", "该冻结项下已有支付办理中")));
        }
        if amount > freeze.limit {
            return Err(stop(Answer::refused("insufficient", "数额超过冻结数额")));
        }
        Ok(())
    }

    /// What stands in the way of ending a policy.
    pub(super) fn endable(&self, task: &Task, policy: &str) -> Result<(), Box<Answer>> {
        match self.rules.surrender {
            SurrenderRule::Never => return Err(stop(Answer::refused("unsupported", "当地规定不得强制退保"))),
            SurrenderRule::Consent if !task.carries("holder_consent") => {
                return Err(stop(Answer::refused("consent_missing", "缺少投保人同意退保的书面意见")));
            }
            _ => {}
        }
        let is_holder = self.policies.get(policy).is_some_and(|entry| entry.holder.has_number(&task.subject.id_number));
        if is_holder {
            Ok(())
        } else {
            Err(stop(Answer::refused("id_mismatch", "被执行人不是投保人，现金价值非其财产")))
        }
    }
}

pub(super) fn last_day(today: Day) -> Day {
    (0..FREEZE_YEARS).fold(today, |day, _| day.next_year()).plus_days(-1)
}
