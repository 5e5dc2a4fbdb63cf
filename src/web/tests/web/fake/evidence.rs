//! What the made-up gate says of evidence and to applicants: every field set.

use domain::delay::{Awaited, Stage};
use domain::outcome::AssetKind;
use domain::request::RequestState;
use domain::{ActId, ActKind, ActState, CaseId, Day, Money, Personal, RequestId, rules};
use engine::delay::Stretch;
use engine::view::evidence::*;

use super::{NOW, act};

pub fn applicant() -> ApplicantView {
    let view = act();
    ApplicantView {
        case_number: "(2026)浙0225执1234号".into(),
        court: "330225".to_owned(),
        goal: "collect".to_owned(),
        state: RequestState::Open,
        accepted_at: NOW,
        as_of: NOW + 1,
        sums: ApplicantSums {
            target: Money::from_fen(9),
            controlled: Money::from_fen(5),
            deducted: Money::from_fen(4),
        },
        counts: vec![(ActState::Done, 2)],
        results: vec![ApplicantResult {
            kind: ActKind::Freeze,
            partner: "bank-a".to_owned(),
            subject: 0,
            state: ActState::Partly,
            account: Some(AccountEnd::of("6228480318051081870")),
            amount: Some(Money::from_fen(9)),
            caught: Some(Money::from_fen(5)),
            moved: Some(Money::from_fen(4)),
            measure: view.measure,
            found: vec![ApplicantFound {
                asset: AssetKind::Cash,
                account: AccountEnd::of("6228480318051081870"),
                balance: Some(Money::from_fen(7)),
                available: Some(Money::from_fen(6)),
            }],
        }],
        next_page: Some(1),
        erased: false,
    }
}

fn moment(event: u64) -> Moment {
    Moment { at: NOW, event }
}

fn sealed() -> SealedEvidence {
    SealedEvidence {
        case_number: text("(2026)浙0225执1234号"),
        order: act().order,
        slip: "X2026112200000000012-1".to_owned(),
        officers: vec![[text("陈志强"), text("G330225001"), text("GW330225001")]],
        papers: vec![("ruling".to_owned(), text("之一"), text(&format!("sha256:{}", "ab".repeat(32))))],
    }
}

fn text(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

fn times() -> EvidenceTimes {
    EvidenceTimes {
        decided: Some(moment(4)),
        queued: Some(moment(5)),
        sent: Some(moment(6)),
        received: Some(moment(7)),
        effective: Some(moment(7)),
        effective_as_of: Some("2026-11-22T10:00:00+08:00".to_owned()),
        effective_from: Day::parse("2026-11-22"),
        answered: Some(moment(7)),
    }
}

fn objection() -> ObjectionLine {
    ObjectionLine {
        event: 8,
        at: NOW,
        due: Some(NOW + 1_000),
        text: text("该账户依法不得冻结"),
        answered: Some((moment(9), "done".to_owned(), "court-330225".to_owned())),
        answer: text("异议不成立"),
    }
}

fn reminder(ended: Moment) -> ReminderLine {
    ReminderLine {
        event: 8,
        at: NOW,
        why: "overdue".to_owned(),
        tries: 2,
        ended: Some(ended),
        judged: "not_acknowledged".to_owned(),
        cause: "timeout".to_owned(),
    }
}

pub fn evidence(id: ActId, is_sealed: bool) -> EvidenceView {
    let digest = "cd".repeat(32);
    let stretch = |until, stage: Stage| Stretch {
        from: NOW,
        until,
        stage,
        awaited: stage.awaited(),
        event: 4,
        by: "operator-1".to_owned(),
    };
    EvidenceView {
        act: id,
        request: RequestId(4),
        case: CaseId(3),
        court: "330225".to_owned(),
        kind: Some(ActKind::Freeze),
        partner: "bank-a".to_owned(),
        state: ActState::Partly,
        as_of: NOW + 60_000,
        erased: false,
        sealed: is_sealed.then(sealed),
        order_digest: Some(digest.clone()),
        times: times(),
        delays: vec![stretch(Some(NOW + 5), Stage::Pause), stretch(None, Stage::Answer)],
        waited: vec![(Awaited::Court, 0), (Awaited::Gateway, 5), (Awaited::Partner, 60_000)],
        exchanges: vec![ExchangeLine {
            number: 1,
            event: 6,
            kind: "send".to_owned(),
            began: NOW,
            ended: Some(moment(7)),
            judged: "answered".to_owned(),
            cause: "status_503".to_owned(),
            verdict: "partly".to_owned(),
            state: "partly".to_owned(),
            digest: Some(digest.clone()),
            replies: vec![digest],
        }],
        exchanges_total: 1,
        people: vec![PersonLine { event: 4, at: NOW, what: "request.accepted", by: "court-330225".to_owned() }],
        reminders: vec![reminder(moment(9))],
        objections: vec![objection()],
        ranks: vec![RankLine { event: 7, at: NOW, rank: Some(2), queued: true }],
        released_alone: vec![ReleasedLine {
            event: 10,
            at: NOW,
            how: "requeried".to_owned(),
            state: "ended".to_owned(),
        }],
        rules: vec![&rules::D17, &rules::D29, &rules::D30, &rules::D31],
        complete: true,
        events: vec![EvidenceEvent {
            sequence: 4,
            at: NOW,
            name: "request.accepted",
            zh: "受理一件协助请求",
            en: "A request was accepted.",
            reason: Some(text("已核对")),
            leaf: br#"{"at":1795136523004,"e":"request.accepted","f":{},"v":1}"#.to_vec(),
            leaf_hash: [0xab; 32],
            proof: Some(vec![[0xcd; 32]]),
        }],
        next: Some(4),
        events_total: 2,
        tree_size: 11,
        checkpoint: "xiezhi\n11\n".to_owned(),
        head: EvidenceHead { log: "xiezhi.example".to_owned(), events_digest: [0xef; 32], signature: [0x5a; 64] },
    }
}
