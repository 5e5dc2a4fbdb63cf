//! Courts, people and operators: what they ask of the gateway, drawn from the seed.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::act::{ActOrder, Original};
use domain::case::Paper;
use domain::request::{Asked, Goal, Priority, REPEAT_HOURS_MIN, Repeat, Request, Scope};
use domain::{ActKind, ActState, Millis, Money, Personal, RequestId};
use engine::command::{Amend, Command, Submit};

use crate::book::Place;
use crate::dice::{Dice, signed};
use crate::history::{ActSeen, History};
use crate::run::Simulation;
use crate::world::officers;

/// A submission that a court made, to be repeated at will.
pub struct Submission {
    /// Keyed hash of its idempotency key.
    pub key: (u64, u64),
    /// Keyed hash of its body.
    pub fingerprint: (u64, u64),
    token: String,
    case: usize,
    asked: Asked,
    priority: Priority,
    deadline: Option<Millis>,
    repeat: Option<Repeat>,
    document: usize,
    /// What was answered first.
    pub accepted: Option<u64>,
}

/// A document that a court stored.
pub struct StoredDocument {
    /// Keyed digest.
    pub key: (u64, u64),
    /// `sha256:…`, made up.
    pub digest: String,
    /// The court.
    pub court: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Its event, once acknowledged.
    pub sequence: Option<u64>,
}

impl Simulation {
    /// A court makes up a request; `None` when it has no papers yet.
    pub fn new_submission(&mut self) -> Option<usize> {
        let case = self.dice.place(self.world.cases.len());
        let court = self.world.cases.get(case)?.case.court.code.clone();
        let alive = |document: &StoredDocument| {
            document.court == court
                && document.sequence.is_some_and(|sequence| self.history.documents.contains_key(&sequence))
        };
        let papers: Vec<usize> =
            (0..).zip(&self.documents).filter(|(_, document)| alive(document)).map(|(place, _)| place).collect();
        let document = *self.dice.pick(&papers)?;
        let asked = if self.dice.chance(60) { self.goal(case)? } else { self.explicit(case)? };
        let number = self.submissions.len() as u64;
        let priority = self.dice.pick(Priority::ALL).copied().unwrap_or(Priority::Normal);
        let deadline = self.dice.chance(25).then(|| self.now + self.dice.wait_ms(10_000, 172_800_000));
        let repeat = (matches!(asked, Asked::Goal { .. }) && self.dice.chance(25)).then(|| self.repeat());
        self.submissions.push(Submission {
            key: (0x1de0, number),
            fingerprint: (0xf0f0, number),
            token: format!("clerk-{court}"),
            case,
            asked,
            priority,
            deadline,
            repeat,
            document,
            accepted: None,
        });
        Some(self.submissions.len() - 1)
    }

    fn repeat(&mut self) -> Repeat {
        let days = u16::try_from(self.dice.between(1, 3)).unwrap_or(1);
        Repeat { days, every_hours: u16::try_from(self.dice.between(REPEAT_HOURS_MIN.into(), 30)).unwrap_or(24) }
    }

    fn goal(&mut self, case: usize) -> Option<Asked> {
        let parties = self.world.cases.get(case)?.subjects.len();
        let goal = *self.dice.pick(&[Goal::Look, Goal::Secure, Goal::Collect, Goal::Collect])?;
        let ids: Vec<String> = self.world.partners.keys().cloned().collect();
        let partners = if self.dice.chance(50) { Vec::new() } else { vec![self.dice.pick(&ids)?.clone()] };
        let subjects = (0..u16::try_from(parties).unwrap_or(1)).collect();
        Some(Asked::Goal { goal, subjects, scope: Scope { kinds: Vec::new(), regions: Vec::new(), partners } })
    }

    fn explicit(&mut self, case: usize) -> Option<Asked> {
        let file = self.world.cases.get(case)?;
        let (key, subjects) = (file.key, file.subjects.clone());
        let freezes: Vec<ActSeen> = self
            .history
            .acts
            .values()
            .filter(|act| act.case == key && act.kind == ActKind::Freeze && (act.state.is_open() || act.limit() > 0))
            .cloned()
            .collect();
        let mut acts = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            let act = match (self.dice.below(10), self.dice.pick(&freezes)) {
                (0..=2, _) | (3..=8, None) => self.freeze_order(&subjects)?,
                (3..=6, Some(freeze)) => self.building_order(ActKind::Deduct, freeze, &subjects),
                (7, Some(freeze)) => self.building_order(ActKind::Renew, freeze, &subjects),
                (8, Some(freeze)) => self.building_order(ActKind::Release, freeze, &subjects),
                _ => {
                    let ids: Vec<String> = self.world.partners.keys().cloned().collect();
                    order_of(ActKind::Query, self.dice.pick(&ids)?, 0)
                }
            };
            acts.push(act);
        }
        Some(Asked::Acts(acts))
    }

    fn freeze_order(&mut self, subjects: &[u64]) -> Option<ActOrder> {
        let ids: Vec<String> = self.world.partners.keys().cloned().collect();
        let partner = self.dice.pick(&ids)?.clone();
        let subject = self.dice.place(subjects.len());
        let accounts = self
            .books
            .get(&partner)
            .map(|book| book.accounts_of(subjects.get(subject).copied().unwrap_or(0)))
            .unwrap_or_default();
        let mut order = order_of(ActKind::Freeze, &partner, u16::try_from(subject).unwrap_or(0));
        order.account = self.dice.pick(&accounts).map(|account| Personal::new(account.clone()));
        order.amount = Some(Money::from_fen(signed(self.dice.between(1, 100_000))));
        Some(order)
    }

    fn building_order(&mut self, kind: ActKind, freeze: &ActSeen, subjects: &[u64]) -> ActOrder {
        let subject = subjects.iter().position(|subject| *subject == freeze.subject).unwrap_or(0);
        let mut order = order_of(kind, &freeze.partner, u16::try_from(subject).unwrap_or(0));
        let whole = freeze.caught() / 100;
        let fen = if self.dice.chance(50) {
            whole
        } else {
            signed(self.dice.between(1, crate::dice::unsigned(whole).max(1)))
        };
        let part = kind == ActKind::Release && freeze.limit() >= 200 && self.dice.chance(50);
        order.amount = kind.moves_money().then(|| Money::from_fen(fen.max(1)));
        if part {
            order.amount =
                Some(Money::from_fen(signed(self.dice.between(1, crate::dice::unsigned(freeze.limit() / 100)))));
        }
        order.original =
            Some(Original { act: Some(freeze.id), slip: String::new(), case_number: Personal::new(String::new()) });
        order
    }

    /// The command of a submission; `other` = the same key with another body.
    pub fn submit_command(&self, number: usize, other: bool) -> Option<Command> {
        let submission = self.submissions.get(number)?;
        let file = self.world.cases.get(submission.case)?;
        let document = self.documents.get(submission.document)?;
        let paper = Paper {
            kind: "ruling".to_owned(),
            number: Personal::new("裁定".to_owned()),
            file_name: Personal::new("r.pdf".to_owned()),
            digest: Personal::new(document.digest.clone()),
        };
        let request = Request {
            case: file.case.clone(),
            asked: submission.asked.clone(),
            officers: officers(),
            papers: vec![paper],
            priority: submission.priority,
            deadline: submission.deadline,
            callback: None,
            viewers: Vec::new(),
            repeat: submission.repeat,
            preservation: None,
        };
        let (high, low) = submission.fingerprint;
        Some(Command::Submit(Box::new(Submit {
            token: submission.token.clone(),
            idempotency: submission.key,
            fingerprint: (high + u64::from(other), low),
            case_key: file.key,
            subjects: file.subjects.clone(),
            paper_keys: vec![document.key],
            preservation: None,
            shown: BTreeSet::new(),
            request: Arc::new(request),
        })))
    }

    /// The claim of a case grows: interest runs on. A court that asks again says the new sum too.
    fn amended(&mut self, by: String) -> Option<Command> {
        let place = self.dice.place(self.world.cases.len());
        let more = Money::from_fen(signed(self.dice.between(1, 20_000)));
        let file = self.world.cases.get_mut(place)?;
        let state = &self.gateway.as_ref()?.decider.state;
        let case = state.case_id(state.case_index(file.key)?);
        file.case.claim = file.case.claim.plus(more);
        let (claim, costs) = (file.case.claim, file.case.costs);
        let reason = "interest".to_owned();
        Some(Command::Amend(Box::new(Amend { case, claim, costs, by, court: None, reason })))
    }

    /// A person of the court does something to a request or an act.
    pub fn person(&mut self) -> Option<Command> {
        if self.dice.chance(8) {
            let by = format!("judge-{}", self.dice.below(3));
            return self.amended(by);
        }
        if self.dice.chance(6) {
            return self.rest_or_go_on();
        }
        let open: Vec<u64> =
            self.history.requests.iter().filter(|(_, seen)| !seen.finished).map(|(request, _)| *request).collect();
        let request = RequestId(*self.dice.pick(&open)?);
        let by = format!("judge-{}", self.dice.below(3));
        let reason = "because".to_owned();
        match self.dice.below(10) {
            0..=3 => Some(Command::Approve { request, by, reason }),
            4 => Some(Command::Stop { request, by, reason }),
            5 => {
                let acts: Vec<_> = self.history.open.iter().copied().collect();
                Some(Command::Withdraw { act: *self.dice.pick(&acts)?, by, reason })
            }
            _ => {
                let doubtful = in_doubt(&self.history);
                let act = self.dice.pick(&doubtful)?.clone();
                Some(self.resolve(&act, by))
            }
        }
    }

    /// A person asks the partner on paper; a message still on its way is thrown away there, so that the paper stays true.
    pub fn resolve(&mut self, act: &ActSeen, by: String) -> Command {
        let book = self.books.get_mut(&act.partner);
        let mut effects = 0;
        let mut amount = None;
        if let Some(book) = book {
            book.lose(act.key);
            if let Some(order) = book.orders.get(&act.key).filter(|order| order.place == Place::Processed) {
                effects = order.effects;
                let said = order.outcome.as_ref();
                amount = said.and_then(|outcome| if act.kind.moves_money() { outcome.moved } else { outcome.caught });
            }
        }
        let took_effect = effects > 0;
        let amount = amount.filter(|_| took_effect && act.kind.needs_amount());
        Command::Resolve {
            act: act.id,
            by,
            took_effect,
            amount,
            document: "sha256:paper".to_owned(),
            reason: "paper".to_owned(),
        }
    }

    /// An operator pauses or resumes a lane.
    pub fn operator(&mut self) -> Option<Command> {
        if self.dice.chance(30) {
            return self.stop_or_lift();
        }
        let ids: Vec<String> = self.world.partners.keys().cloned().collect();
        let partner = self.dice.pick(&ids)?.clone();
        let by = "operator".to_owned();
        if self.dice.chance(50) {
            let until = self.now + self.dice.wait_ms(1_000, 3_600_000);
            return Some(Command::Pause { partner, by, reason: "works".to_owned(), until });
        }
        Some(Command::Resume { partner, by })
    }
}

/// Acts in doubt with no exchange under way.
pub fn in_doubt(history: &History) -> Vec<ActSeen> {
    let acts = history.open.iter().filter_map(|id| history.acts.get(id));
    acts.filter(|act| act.state == ActState::InDoubt && act.exchange.is_none()).cloned().collect()
}

fn order_of(kind: ActKind, partner: &str, subject: u16) -> ActOrder {
    ActOrder {
        note: None,
        details: Vec::new(),
        kind,
        partner: partner.to_owned(),
        subject,
        account: None,
        amount: None,
        from: None,
        to: None,
        original: None,
    }
}

/// A new document of a court.
pub fn new_document(number: usize, court: &str, dice: &mut Dice) -> StoredDocument {
    let length = usize::try_from(dice.between(1, 3_000)).unwrap_or(1);
    let byte = u8::try_from(dice.below(256)).unwrap_or(0);
    StoredDocument {
        key: (0xd0c0, number as u64),
        digest: format!("sha256:{number:064x}"),
        court: court.to_owned(),
        bytes: vec![byte; length],
        sequence: None,
    }
}
