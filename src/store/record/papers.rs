//! The serde twin of a request: what an exchange needs later (names, papers), kept in the sealed body.

use domain::act::{ActOrder, Original};
use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::request::{Asked, Goal, PartnerKind, Priority, Repeat, Request, Scope};
use domain::{ActId, ActKind, Day, Money, Personal};
use serde::{Deserialize, Serialize};

use super::ActRef;
use super::outcomes::{details_in, details_out};

/// A request as it stands in a sealed body; words that this build does not know make it unreadable, never wrong.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTwin {
    case: CaseTwin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goal: Option<GoalTwin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    acts: Vec<OrderTwin>,
    officers: Vec<[String; 4]>,
    papers: Vec<[String; 4]>,
    priority: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callback: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    viewers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeat: Option<RepeatTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preservation: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct RepeatTwin {
    days: u16,
    every_hours: u16,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CaseTwin {
    number: String,
    stage: String,
    court: [String; 2],
    claim: i64,
    costs: i64,
    parties: Vec<PartyTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<[String; 4]>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartyTwin {
    role: String,
    kind: String,
    name: String,
    id_type: String,
    id_number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bankrupt: Option<bool>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GoalTwin {
    goal: u8,
    subjects: Vec<u16>,
    kinds: Vec<u8>,
    regions: Vec<String>,
    partners: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OrderTwin {
    kind: u8,
    partner: String,
    subject: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    original: Option<OriginalTwin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, String)>,
}

/// The serde twin of [`Original`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OriginalTwin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<ActRef>,
    slip: String,
    case_number: String,
}

impl From<&Original> for OriginalTwin {
    fn from(original: &Original) -> Self {
        Self {
            act: original.act.map(ActRef::from),
            slip: original.slip.clone(),
            case_number: original.case_number.expose().clone(),
        }
    }
}

impl From<OriginalTwin> for Original {
    fn from(twin: OriginalTwin) -> Self {
        Self { act: twin.act.map(ActId::from), slip: twin.slip, case_number: Personal::new(twin.case_number) }
    }
}

impl From<&Request> for RequestTwin {
    fn from(request: &Request) -> Self {
        let (goal, acts) = match &request.asked {
            Asked::Goal { goal, subjects, scope } => (Some(goal_twin(*goal, subjects, scope)), Vec::new()),
            Asked::Acts(acts) => (None, acts.iter().map(OrderTwin::from).collect()),
        };
        let officer = |officer: &Officer| {
            [&officer.name, &officer.work_id, &officer.duty_id, &officer.phone].map(|text| text.expose().clone())
        };
        let paper = |paper: &Paper| {
            [
                paper.kind.clone(),
                paper.number.expose().clone(),
                paper.file_name.expose().clone(),
                paper.digest.expose().clone(),
            ]
        };
        Self {
            case: CaseTwin::from(&request.case),
            goal,
            acts,
            officers: request.officers.iter().map(officer).collect(),
            papers: request.papers.iter().map(paper).collect(),
            priority: request.priority.code(),
            deadline: request.deadline,
            callback: request.callback.as_ref().map(|url| url.expose().clone()),
            viewers: request.viewers.clone(),
            repeat: request.repeat.map(|repeat| RepeatTwin { days: repeat.days, every_hours: repeat.every_hours }),
            preservation: request.preservation.as_ref().map(|number| number.expose().clone()),
        }
    }
}

fn goal_twin(goal: Goal, subjects: &[u16], scope: &Scope) -> GoalTwin {
    GoalTwin {
        goal: goal.code(),
        subjects: subjects.to_vec(),
        kinds: scope.kinds.iter().map(|kind| kind.code()).collect(),
        regions: scope.regions.clone(),
        partners: scope.partners.clone(),
    }
}

impl From<&Case> for CaseTwin {
    fn from(case: &Case) -> Self {
        let account = case.account.as_ref().map(|account| {
            [account.holder.clone(), account.bank.clone(), account.bank_code.clone(), account.number.expose().clone()]
        });
        Self {
            number: case.number.expose().clone(),
            stage: case.stage.word().to_owned(),
            court: [case.court.code.clone(), case.court.name.clone()],
            claim: case.claim.units(),
            costs: case.costs.units(),
            parties: case.parties.iter().map(PartyTwin::from).collect(),
            account,
        }
    }
}

impl From<&Party> for PartyTwin {
    fn from(party: &Party) -> Self {
        Self {
            role: party.role.word().to_owned(),
            kind: party.kind.word().to_owned(),
            name: party.name.expose().clone(),
            id_type: party.id_type.clone(),
            id_number: party.id_number.expose().clone(),
            bankrupt: party.bankrupt,
        }
    }
}

impl From<&ActOrder> for OrderTwin {
    fn from(order: &ActOrder) -> Self {
        Self {
            kind: order.kind.code(),
            partner: order.partner.clone(),
            subject: order.subject,
            account: order.account.as_ref().map(|account| account.expose().clone()),
            amount: order.amount.map(Money::units),
            from: order.from.map(Day::count),
            to: order.to.map(Day::count),
            original: order.original.as_ref().map(OriginalTwin::from),
            note: order.note.as_ref().map(|note| note.expose().clone()),
            details: details_out(&order.details),
        }
    }
}

impl RequestTwin {
    /// Are its results to be delivered?
    #[must_use]
    pub fn has_callback(&self) -> bool {
        self.callback.is_some()
    }

    /// The tokens that may see it besides the one that submitted it; empty = not secret.
    #[must_use]
    pub fn viewers(&self) -> &[String] {
        &self.viewers
    }

    /// Work and duty number of each officer.
    pub fn officers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.officers.iter().map(|[_, work_id, duty_id, _]| (work_id.as_str(), duty_id.as_str()))
    }

    /// How its goal repeats, when it does.
    #[must_use]
    pub fn repeat(&self) -> Option<Repeat> {
        self.repeat.map(|repeat| Repeat { days: repeat.days, every_hours: repeat.every_hours })
    }

    /// 案号.
    #[must_use]
    pub fn case_number(&self) -> &str {
        &self.case.number
    }

    /// The case, its officers and papers, without what was asked: what a measure needs that stands by itself.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            goal: None,
            acts: Vec::new(),
            deadline: None,
            callback: None,
            preservation: None,
            repeat: None,
            ..self.clone()
        }
    }

    /// The same, and when it is secret, this token may see it too.
    #[must_use]
    pub fn shown_to(mut self, token: &str) -> Self {
        if !self.viewers.is_empty() && self.viewers.iter().all(|viewer| viewer != token) {
            self.viewers.insert(0, token.to_owned());
        }
        self
    }

    /// Claim and costs, in 1/10,000 yuan.
    #[must_use]
    pub fn sums(&self) -> (i64, i64) {
        (self.case.claim, self.case.costs)
    }

    /// What is told of each party's bankruptcy, in their order.
    pub fn bankrupt(&self) -> impl Iterator<Item = Option<bool>> + '_ {
        self.case.parties.iter().map(|party| party.bankrupt)
    }

    /// The request again; `None` when a word is of a later release.
    #[must_use]
    pub fn into_request(self) -> Option<Request> {
        let repeat = self.repeat();
        let asked = match self.goal {
            Some(goal) => Asked::Goal {
                goal: Goal::from_code(goal.goal)?,
                subjects: goal.subjects,
                scope: Scope {
                    kinds: goal.kinds.into_iter().map(PartnerKind::from_code).collect::<Option<_>>()?,
                    regions: goal.regions,
                    partners: goal.partners,
                },
            },
            None => Asked::Acts(self.acts.into_iter().map(OrderTwin::into_order).collect::<Option<_>>()?),
        };
        let officer = |[name, work_id, duty_id, phone]: [String; 4]| Officer {
            name: Personal::new(name),
            work_id: Personal::new(work_id),
            duty_id: Personal::new(duty_id),
            phone: Personal::new(phone),
        };
        let paper = |[kind, number, file_name, digest]: [String; 4]| Paper {
            kind,
            number: Personal::new(number),
            file_name: Personal::new(file_name),
            digest: Personal::new(digest),
        };
        Some(Request {
            case: self.case.into_case()?,
            asked,
            officers: self.officers.into_iter().map(officer).collect(),
            papers: self.papers.into_iter().map(paper).collect(),
            priority: Priority::from_code(self.priority)?,
            deadline: self.deadline,
            callback: self.callback.map(Personal::new),
            viewers: self.viewers,
            repeat,
            preservation: self.preservation.map(Personal::new),
        })
    }
}

impl CaseTwin {
    fn into_case(self) -> Option<Case> {
        let [code, name] = self.court;
        let parties = self.parties.into_iter().map(|party| {
            Some(Party {
                role: Role::from_word(&party.role)?,
                kind: PartyKind::from_word(&party.kind)?,
                name: Personal::new(party.name),
                id_type: party.id_type,
                id_number: Personal::new(party.id_number),
                bankrupt: party.bankrupt,
            })
        });
        Some(Case {
            number: Personal::new(self.number),
            stage: Stage::from_word(&self.stage)?,
            court: Court { code, name },
            claim: Money::from_units(self.claim),
            costs: Money::from_units(self.costs),
            parties: parties.collect::<Option<_>>()?,
            account: self.account.map(|[holder, bank, bank_code, number]| CourtAccount {
                holder,
                bank,
                bank_code,
                number: Personal::new(number),
            }),
        })
    }
}

impl OrderTwin {
    fn into_order(self) -> Option<ActOrder> {
        Some(ActOrder {
            kind: ActKind::from_code(self.kind)?,
            partner: self.partner,
            subject: self.subject,
            account: self.account.map(Personal::new),
            amount: self.amount.map(Money::from_units),
            from: self.from.map(Day::from_count),
            to: self.to.map(Day::from_count),
            original: self.original.map(Original::from),
            note: self.note.map(Personal::new),
            details: details_in(self.details),
        })
    }
}
