//! A task of an inbox with markup in every text that a partner, a court or a file brings.

use std::sync::Arc;

use domain::act::Original;
use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Stage};
use domain::outcome::{Detail, PriorMeasure};
use domain::slip::{Line, Slip, SlipContext};
use domain::{ActKind, ActState, Money, Personal};
use web::gate::{ClaimView, InboxTask, OutcomeView, ReminderView};

use crate::fake::{NOW, act};

/// What somebody plants who hopes that a page is careless; it stands in every text that a partner, a court or a file brings.
pub const MARKUP: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";

/// A task whose every text holds it.
pub fn task() -> InboxTask {
    let text = || Personal::new(MARKUP.to_owned());
    let person = |number: Personal<String>| Officer { name: text(), work_id: number, duty_id: text(), phone: text() };
    let party = Party {
        role: domain::case::Role::Obligor,
        kind: PartyKind::Person,
        name: text(),
        id_type: "01".to_owned(),
        id_number: text(),
        bankrupt: None,
    };
    let account =
        CourtAccount { holder: MARKUP.to_owned(), bank: MARKUP.to_owned(), bank_code: "4".to_owned(), number: text() };
    let case = Case {
        number: text(),
        stage: Stage::Enforcement,
        court: Court { code: "330225".to_owned(), name: MARKUP.to_owned() },
        claim: Money::from_fen(5),
        costs: Money::ZERO,
        parties: vec![party],
        account: Some(account),
    };
    let paper = Paper { kind: "ruling".to_owned(), number: text(), file_name: text(), digest: text() };
    let context = SlipContext { case, officers: vec![person(text())], papers: vec![paper] };
    let act = act();
    let line = Line {
        line: 1,
        kind: ActKind::Deduct,
        account: Some(text()),
        amount: Some(Money::from_fen(5_000_000)),
        from: act.order.from,
        to: act.order.to,
        original: Some(Original { act: None, slip: MARKUP.to_owned(), case_number: text() }),
        note: Some(text()),
        details: vec![Detail { name: "title".to_owned(), value: text() }],
    };
    let mut outcome = act.outcomes[0].outcome.clone();
    (outcome.text, outcome.serial) = (Some(text()), Some(text()));
    outcome.accounts[0].number = text();
    outcome.accounts[0].class = MARKUP.to_owned();
    outcome.replies[0].file_name = text();
    outcome.ahead.push(PriorMeasure { organ: text(), paper: text(), amount: None, to: None });
    InboxTask {
        act: act.id,
        partner: MARKUP.to_owned(),
        key: act.slip,
        kind: ActKind::Deduct,
        state: ActState::Awaiting,
        offered_at: NOW - 90_000_000,
        due: NOW - 3_600_000,
        overdue: true,
        reminded: Some(NOW - 60_000),
        held: true,
        claim: Some(ClaimView { by: "clerk-2".to_owned(), until: NOW + 60_000, own: true }),
        slip: Slip { number: act.slip.slip, context: Arc::new(context), subject: 0, lines: vec![line] },
        outcome: Some(OutcomeView { at: NOW, sequence: 6, outcome }),
    }
}

/// How the clerks of an inbox are reminded, badly.
pub fn reminder() -> ReminderView {
    ReminderView {
        reminded: Some(NOW - 60_000),
        next: Some(NOW + 60_000),
        failures: 2,
        cause: "status_503".to_owned(),
        keys: vec!["whpk_AAAA".to_owned()],
    }
}
