//! Tasks as JSON.

use domain::Personal;
use domain::case::{CourtAccount, Officer, Paper, Party};
use serde::Serialize;

use crate::gate::{ClaimView, InboxPage, InboxTask, ReminderView};
use crate::intake::said::{ShownDetail, ShownOutcome};
use crate::intake::show::{Date, Instant, Yuan};

#[derive(Serialize)]
pub(super) struct ShownTasks<'a> {
    partner: &'a str,
    tasks: Vec<ShownTask<'a>>,
    open: u32,
    overdue: u32,
    next: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reminder: Option<ShownReminder<'a>>,
}

/// How a partner's clerks are reminded; the keys are for operators.
#[derive(Serialize)]
pub(crate) struct ShownReminder<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reminded_at: Option<Instant>,
    next_at: Option<Instant>,
    failures: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    cause: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    keys: &'a [String],
}

impl<'a> ShownReminder<'a> {
    /// As an operator sees it.
    pub(crate) fn of(view: &'a ReminderView) -> Self {
        let ReminderView { reminded, next, failures, cause, keys } = view;
        Self { reminded_at: reminded.map(Instant), next_at: next.map(Instant), failures: *failures, cause, keys }
    }

    /// As a clerk does.
    fn without_keys(view: &'a ReminderView) -> Self {
        Self { keys: &[], ..Self::of(view) }
    }
}

impl<'a> ShownTasks<'a> {
    pub(super) fn of(page: &'a InboxPage) -> Self {
        let InboxPage { partner, tasks, open, overdue, next, reminder } = page;
        let tasks = tasks.iter().map(ShownTask::of).collect();
        let reminder = reminder.as_ref().map(ShownReminder::without_keys);
        Self { partner, tasks, open: *open, overdue: *overdue, next: *next, reminder }
    }
}

#[derive(Serialize)]
pub(super) struct ShownTask<'a> {
    id: String,
    slip: String,
    line: u16,
    kind: &'static str,
    state: &'static str,
    offered_at: Instant,
    due: Instant,
    overdue: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reminded_at: Option<Instant>,
    held: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ShownClaim<'a>>,
    case: ShownCase<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<ShownParty<'a>>,
    officers: Vec<ShownOfficer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Yuan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<ShownOriginal<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<ShownAccount<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<ShownAccount<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ShownDetail<'a>>,
    papers: Vec<ShownPaper<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<ShownOutcome<'a>>,
}

#[derive(Serialize)]
pub(super) struct ShownClaim<'a> {
    by: &'a str,
    until: Instant,
    own: bool,
}

impl<'a> ShownClaim<'a> {
    pub(super) fn of(claim: &'a ClaimView) -> Self {
        Self { by: &claim.by, until: Instant(claim.until), own: claim.own }
    }
}

#[derive(Serialize)]
struct ShownCase<'a> {
    number: &'a str,
    court: &'a str,
    court_name: &'a str,
}

#[derive(Serialize)]
struct ShownParty<'a> {
    kind: &'static str,
    name: &'a str,
    id_type: &'a str,
    id_number: &'a str,
}

impl<'a> ShownParty<'a> {
    fn of(party: &'a Party) -> Self {
        Self {
            kind: party.kind.word(),
            name: party.name.expose(),
            id_type: &party.id_type,
            id_number: party.id_number.expose(),
        }
    }
}

#[derive(Serialize)]
struct ShownOfficer<'a> {
    name: &'a str,
    work_id: &'a str,
    duty_id: &'a str,
    phone: &'a str,
}

impl<'a> ShownOfficer<'a> {
    fn of(officer: &'a Officer) -> Self {
        Self {
            name: officer.name.expose(),
            work_id: officer.work_id.expose(),
            duty_id: officer.duty_id.expose(),
            phone: officer.phone.expose(),
        }
    }
}

#[derive(Serialize)]
struct ShownOriginal<'a> {
    slip: &'a str,
    case_number: &'a str,
}

#[derive(Serialize)]
struct ShownAccount<'a> {
    holder: &'a str,
    bank: &'a str,
    bank_code: &'a str,
    number: &'a str,
}

impl<'a> ShownAccount<'a> {
    fn of(account: &'a CourtAccount) -> Self {
        let CourtAccount { holder, bank, bank_code, number } = account;
        Self { holder, bank, bank_code, number: number.expose() }
    }
}

#[derive(Serialize)]
struct ShownPaper<'a> {
    n: usize,
    kind: &'a str,
    number: &'a str,
    file_name: &'a str,
}

impl<'a> ShownPaper<'a> {
    fn of((n, paper): (usize, &'a Paper)) -> Self {
        Self { n, kind: &paper.kind, number: paper.number.expose(), file_name: paper.file_name.expose() }
    }
}

fn text(text: Option<&Personal<String>>) -> Option<&str> {
    text.map(|text| text.expose().as_str())
}

impl<'a> ShownTask<'a> {
    pub(super) fn of(view: &'a InboxTask) -> Self {
        let context = &view.slip.context;
        let line = view.slip.lines.first();
        let original = line.and_then(|line| line.original.as_ref());
        Self {
            id: view.act.to_string(),
            slip: view.key.slip.to_string(),
            line: view.key.line,
            kind: view.kind.word(),
            state: view.state.word(),
            offered_at: Instant(view.offered_at),
            due: Instant(view.due),
            overdue: view.overdue,
            reminded_at: view.reminded.map(Instant),
            held: view.held,
            claim: view.claim.as_ref().map(ShownClaim::of),
            case: ShownCase {
                number: context.case.number.expose(),
                court: &context.case.court.code,
                court_name: &context.case.court.name,
            },
            subject: view.slip.party().map(ShownParty::of),
            officers: context.officers.iter().map(ShownOfficer::of).collect(),
            account: text(line.and_then(|line| line.account.as_ref())),
            amount: line.and_then(|line| line.amount).map(Yuan),
            from: line.and_then(|line| line.from).map(Date),
            to: line.and_then(|line| line.to).map(Date),
            original: original
                .map(|original| ShownOriginal { slip: &original.slip, case_number: original.case_number.expose() }),
            // Where money goes is for those who move it.
            destination: view.slip.destination().filter(|_| view.kind.moves_money()).map(ShownAccount::of),
            payer: line.and_then(|line| view.slip.payer(line)).map(ShownAccount::of),
            note: text(line.and_then(|line| line.note.as_ref())),
            details: line.map_or_else(Vec::new, |line| line.details.iter().map(ShownDetail::of).collect()),
            papers: context.papers.iter().enumerate().map(ShownPaper::of).collect(),
            answer: view.outcome.as_ref().map(|outcome| ShownOutcome::of(outcome, false)),
        }
    }
}
