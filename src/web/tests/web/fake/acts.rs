//! The made-up gate's one act, with every sort of thing in its outcome, and a lead about it.

use domain::act::{ActOrder, Original};
use domain::outcome::{
    Detail, Finding, FindingClass, FoundAccount, Lead, LeadClass, Outcome, PriorMeasure, Reason, SealedReply, Verdict,
};
use domain::sentence::{Waiting, next};
use domain::{ActId, ActKind, ActState, Day, Money, Personal, SlipLine, SlipNumber};
use web::gate::{ActView, LeadView, MeasureView, OutcomeView};

use super::NOW;

pub(super) fn lead() -> LeadView {
    let lead = Lead {
        slip: "X2026112200000000012".to_owned(),
        line: Some(1),
        class: LeadClass::Hit,
        serial: "K-3301".into(),
        as_of: "2026-11-22T10:00:00+08:00".to_owned(),
        respond_by: Some(NOW + 60_000),
        details: vec![Detail { name: "place".to_owned(), value: "石浦大道收费站".into() }],
        text: Some("已到场".into()),
    };
    LeadView { at: NOW, sequence: 7, act: ActId { sequence: 4, line: 1 }, partner: "police-a".to_owned(), lead }
}

pub fn act() -> ActView {
    let day = Day::parse("2026-11-20");
    let prior = || PriorMeasure { organ: "某法院".into(), paper: "P1".into(), amount: None, to: day };
    let mut outcome = Outcome::of(Verdict::Partly).because(Reason::Insufficient, "余额不足");
    outcome.caught = Some(Money::from_fen(5));
    outcome.accounts.push(FoundAccount {
        asset: domain::outcome::AssetKind::Cash,
        details: Vec::new(),
        role: domain::outcome::AssetRole::Owner,
        number: "6228480318051081870".into(),
        class: "储蓄".to_owned(),
        status: "正常".to_owned(),
        currency: "156".to_owned(),
        balance: Some(Money::from_units(1_250)),
        available: None,
        branch: "总行".to_owned(),
        ahead: vec![prior()],
    });
    let union_dues = FoundAccount { class: "工会经费专户".to_owned(), ..outcome.accounts[0].clone() };
    outcome.accounts.push(union_dues);
    outcome.replies.push(SealedReply {
        file_name: "回执.pdf".into(),
        file_type: "pdf".to_owned(),
        bytes: Personal::new(b"%PDF".to_vec()),
        md5_fits: true,
    });
    outcome.due = day;
    let detail = Detail { name: "plate".to_owned(), value: "浙B12345".into() };
    outcome.findings.push(Finding { class: FindingClass::Vehicle, details: vec![detail] });
    ActView {
        id: ActId { sequence: 4, line: 1 },
        slip: SlipLine { slip: SlipNumber::issue(Day::parse("2026-11-22").unwrap(), 12), line: 1 },
        order: ActOrder {
            note: Some("请当面送达".into()),
            details: Vec::new(),
            kind: ActKind::Freeze,
            partner: "bank-a".to_owned(),
            subject: 0,
            account: Some("6228480318051081870".into()),
            amount: Some(Money::from_fen(5_000_000)),
            from: day,
            to: Day::parse("2027-11-19"),
            original: Some(Original { act: None, slip: "X1".to_owned(), case_number: "(2025)浙0225执1号".into() }),
        },
        state: ActState::Partly,
        exchanges: 2,
        outcomes: vec![OutcomeView { at: NOW, sequence: 6, outcome }],
        measure: Some(MeasureView {
            limit: Money::from_fen(9),
            caught: Money::from_fen(5),
            to: day,
            queued: false,
            rank: Some(1),
        }),
        unreadable: false,
        next: next(ActState::Ready, Waiting::Paused, Some(NOW)),
    }
}
