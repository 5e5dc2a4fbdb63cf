//! What we write to a fund centre, byte for byte, and what we read of it, word for word.

use domain::outcome::{About, AssetKind, FindingClass, Outcome, Reason, Verdict};
use domain::socket::{Cause, FaceFault, Judged, OptionText, PartnerOptions};
use domain::{ActKind, Day, Money, Secret};
use proptest::prelude::*;

use super::{ACTS, OPTIONS, TRADE, build, form};
use crate::open::tests::specimen::{answered, key, paper, reply, slip};
use crate::open::{judge_asked, judge_sent, read_inbound, task};

const ACCOUNT: &str = "GJJ3302250000017";
const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };

fn golden(name: &str) -> String {
    let path = format!("{}/housing_fund/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().trim_end().to_owned()
}

fn order(kind: ActKind) -> domain::slip::Slip {
    slip(kind, (kind != ActKind::Query).then_some(ACCOUNT))
}

fn judged(kind: ActKind, body: &str) -> Judged {
    judge_sent(&TRADE, kind, &key(kind), &reply(200, body))
}

fn told(kind: ActKind, name: &str) -> Outcome {
    let outcome = answered(judged(kind, &golden(name)));
    // What is told when asked is the same, so that the engine knows it again.
    assert!(answered(judge_asked(&TRADE, kind, &key(kind), &reply(200, &golden(name)))) == outcome, "{name}");
    outcome
}

fn steps(outcome: &Outcome, wanted: &str, of: &str) -> Vec<String> {
    let value = |details: &[domain::outcome::Detail], name: &str| {
        details.iter().find(|detail| detail.name == name).map(|detail| detail.value.expose().clone())
    };
    let findings = outcome.findings.iter().filter(|finding| finding.class == FindingClass::Step);
    let wanted = findings.filter(|finding| value(&finding.details, "step").as_deref() == Some(wanted));
    wanted.filter_map(|finding| value(&finding.details, of)).collect()
}

#[test]
fn orders_are_written_byte_for_byte() {
    let notices = [
        (ActKind::Query, "query", [("query_notice", "协助查询通知书.pdf")].as_slice()),
        (ActKind::Freeze, "freeze", &[("ruling", "裁定书.pdf"), ("freeze_notice", "协助冻结通知书.pdf")]),
        (ActKind::Renew, "renew", &[("ruling", "裁定书.pdf"), ("freeze_notice", "协助冻结通知书.pdf")]),
        (ActKind::Release, "release", &[("ruling", "裁定书.pdf"), ("release_notice", "协助解除冻结通知书.pdf")]),
        (ActKind::Deduct, "deduct", &[("ruling", "裁定书.pdf"), ("deduct_notice", "协助划拨通知书.pdf")]),
        (ActKind::Reverse, "reverse", &[("ruling", "裁定书.pdf"), ("assist_notice", "协助执行通知书.pdf")]),
    ];
    for (kind, name, papers) in notices {
        let files: Vec<_> = papers.iter().map(|(kind, name)| paper(kind, name)).collect();
        let written = String::from_utf8(task(&TRADE, &order(kind), &files).ok().unwrap()).unwrap();
        assert_eq!(written, golden(name), "{name}");
    }
    let mut part = order(ActKind::Release);
    part.lines[0].amount = Some(Money::from_fen(500_000));
    let papers = [("ruling", "裁定书.pdf"), ("release_notice", "协助解除冻结通知书.pdf")];
    let files = papers.map(|(kind, name)| paper(kind, name));
    let written = String::from_utf8(task(&TRADE, &part, &files).ok().unwrap()).unwrap();
    assert_eq!(written, golden("release_part"));
}

#[test]
fn an_order_without_its_account_never_leaves() {
    for kind in ACTS {
        let asset = (*kind == ActKind::Query).then_some(ACCOUNT);
        assert!(task(&TRADE, &slip(*kind, asset), &[]).is_err(), "{kind:?}");
    }
    assert!(task(&TRADE, &slip(ActKind::Freeze, Some("  ")), &[]).is_err());
    assert!(task(&TRADE, &slip(ActKind::Surrender, Some(ACCOUNT)), &[]).is_err());
}

#[test]
fn a_query_brings_accounts_with_all_that_is_told_of_them() {
    let outcome = told(ActKind::Query, "query_done");
    let account = &outcome.accounts[0];
    assert_eq!((outcome.verdict, account.asset, account.is_cny()), (Verdict::Done, AssetKind::Fund, true));
    assert_eq!(
        (account.balance, account.available),
        (Some(Money::from_fen(3_650_012)), Some(Money::from_fen(2_650_012)))
    );
    assert_eq!((account.ahead.len(), account.ahead[0].to), (1, Day::parse("2027-05-01")));
    let detail =
        |name: &str| account.details.iter().find(|detail| detail.name == name).unwrap().value.expose().as_str();
    assert_eq!(
        (detail("monthly_contribution"), detail("loan_unpaid"), detail("employer_contact")),
        ("1200.00", "no", "李会计")
    );
    assert_eq!(told(ActKind::Query, "query_nobody").verdict, Verdict::NoSuchCustomer);
    let other = told(ActKind::Query, "query_other_name");
    assert_eq!((other.verdict, other.reason), (Verdict::Refused, Some(Reason::NameMismatch)));
}

#[test]
fn freezes_come_with_their_rank() {
    let whole = told(ActKind::Freeze, "freeze_done");
    assert_eq!((whole.verdict, whole.caught, whole.ahead.len()), (Verdict::Done, Some(Money::from_fen(1_800_000)), 1));
    assert_eq!(steps(&whole, "ranked", "rank"), ["2"]);
    let part = told(ActKind::Freeze, "freeze_partly");
    assert_eq!((part.verdict, part.reason), (Verdict::Partly, Some(Reason::PriorRight)));
    assert_eq!((part.limit, part.caught), (Some(Money::from_fen(1_800_000)), Some(Money::from_fen(650_012))));
    let queued = told(ActKind::Freeze, "freeze_queued");
    assert_eq!((queued.verdict, queued.caught), (Verdict::Queued, Some(Money::ZERO)));
    assert_eq!(told(ActKind::Renew, "renew_done").to, Day::parse("2027-11-19"));
    let released = told(ActKind::Release, "release_done");
    assert_eq!((released.verdict, released.caught), (Verdict::Done, None));
}

#[test]
fn a_part_is_let_go_and_what_was_paid_goes_back() {
    let part = told(ActKind::Release, "release_part_done");
    assert_eq!((part.verdict, part.limit, part.caught), (Verdict::Done, Some(Money::from_fen(1_300_000)), None));
    let back = told(ActKind::Reverse, "reverse_done");
    assert_eq!((back.verdict, back.moved), (Verdict::Done, Some(Money::from_fen(1_800_000))));
    for (from, to) in
        [("\"moved\":\"18000.00\",", ""), ("\"done\"", "\"registered\""), ("\"moved\":\"18", "\"moved\":\"17")]
    {
        assert!(judged(ActKind::Reverse, &golden("reverse_done").replacen(from, to, 1)) == DOUBT, "{to}");
    }
}

#[test]
fn a_deduct_is_accepted_registered_and_paid() {
    let accepted = judge_sent(&TRADE, ActKind::Deduct, &key(ActKind::Deduct), &reply(202, &golden("deduct_accepted")));
    assert!(accepted == Judged::Accepted);
    assert!(judged(ActKind::Deduct, &golden("deduct_accepted")) == Judged::Accepted);
    let waits = told(ActKind::Deduct, "deduct_registered");
    assert_eq!((waits.verdict, waits.reason), (Verdict::Registered, Some(Reason::AwaitsCondition)));
    assert_eq!((waits.moved, waits.caught, waits.due), (None, None, Day::parse("2027-06-12")));
    assert_eq!(steps(&waits, "condition_checked", "item"), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(steps(&waits, "condition_checked", "met"), ["no"; 6]);
    let paid = told(ActKind::Deduct, "deduct_done");
    assert_eq!((paid.verdict, paid.moved), (Verdict::Done, Some(Money::from_fen(1_800_000))));
    assert_eq!(steps(&paid, "account_closed", "item"), ["2"]);
    let part = told(ActKind::Deduct, "deduct_partly");
    assert_eq!(
        (part.verdict, part.reason, part.moved),
        (Verdict::Partly, Some(Reason::Other), Some(Money::from_fen(500_000)))
    );
    assert_eq!(steps(&part, "housing_checked", "reserve"), ["31500.12"]);
    let lapsed = told(ActKind::Deduct, "deduct_lapsed");
    assert_eq!((lapsed.verdict, lapsed.reason), (Verdict::Refused, Some(Reason::NoOriginalFreeze)));
}

#[test]
fn a_callback_says_what_a_question_would_have_been_told() {
    let posted = read_inbound(&TRADE, golden("callback").as_bytes()).ok().unwrap();
    assert_eq!((posted.feedback.len(), posted.leads.len()), (1, 0));
    let item = &posted.feedback[0];
    assert_eq!((item.slip.as_str(), item.line), ("X2026112200000000012", Some(1)));
    let asked =
        answered(judge_asked(&TRADE, ActKind::Deduct, &key(ActKind::Deduct), &reply(200, &golden("deduct_done"))));
    let asked = Outcome { about: Some(About::Kind(ActKind::Deduct)), ..asked };
    assert!(item.outcome.as_ref().is_ok_and(|outcome| *outcome == asked), "a repeat is known by being equal");
    let again = read_inbound(&TRADE, golden("callback").as_bytes()).ok().unwrap();
    assert!(again.feedback[0].outcome.as_ref().is_ok_and(|outcome| *outcome == asked));
    assert!(matches!(read_inbound(&TRADE, b"<a/>"), Err(FaceFault::Malformed(_))));
    let unread = golden("callback").replace("\"kind\":\"deduct\"", "\"kind\":\"surrender\"");
    assert!(read_inbound(&TRADE, unread.as_bytes()).ok().unwrap().feedback[0].outcome.is_err());
}

#[test]
fn a_formal_defect_is_handed_back_and_a_contradiction_is_a_doubt() {
    let body = golden("handed_back");
    let handed = answered(judge_sent(&TRADE, ActKind::Deduct, &key(ActKind::Deduct), &reply(422, &body)));
    assert_eq!((handed.verdict, handed.reason), (Verdict::HandedBack, Some(Reason::PaperMissing)));
    let doubt = Judged::Doubt { cause: Cause::Schema };
    let (registered, done) = (golden("deduct_registered"), golden("deduct_done"));
    let caught = golden("freeze_queued").replace("\"0.00\"", "\"0.01\"");
    for (kind, body) in [
        (ActKind::Deduct, registered.replace("\"due\"", "\"moved\":\"1.00\",\"due\"")),
        (ActKind::Deduct, registered.replace("registered", "expected")),
        (ActKind::Deduct, done.replace(",\"moved\":\"18000.00\"", "")),
        (ActKind::Deduct, done.replace("\"moved\":\"18000.00\"", "\"moved\":\"17999.99\"")),
        (ActKind::Deduct, done.replace("X2026112200000000012-1", "X2026112200000000013-1")),
        (ActKind::Deduct, done.replace("\"step\":\"paid\"", "\"Step\":\"paid\"")),
        (ActKind::Freeze, done),
        (ActKind::Freeze, registered.replace("\"deduct\"", "\"freeze\"")),
        (ActKind::Freeze, caught),
        (ActKind::Release, golden("release_done").replace("\"done\"", "\"partly\"")),
        (ActKind::Query, golden("query_done").replace("\"done\"", "\"partly\"")),
        (ActKind::Query, golden("query_done").replace("26500.12", "36500.13")),
    ] {
        assert!(judged(kind, &body) == doubt, "{body}");
    }
    // What a deduct still holds is no money that moved.
    let held = registered.replace("\"due\"", "\"caught\":\"18000.00\",\"due\"");
    assert!(answered(judged(ActKind::Deduct, &held)).caught.is_none());
}

fn options(entries: &[(&str, &str)]) -> PartnerOptions {
    let entry =
        |(key, text): &(&str, &str)| ((*key).to_owned(), OptionText { text: Secret::new((*text).to_owned()), line: 7 });
    let entries = entries.iter().map(entry).collect();
    PartnerOptions { entries, connect_timeout_ms: 1_000, timeout_ms: 2_000, dialect: None }
}

#[test]
fn agreements_that_cannot_be_read_are_told_with_all_other_faults() {
    for (key, value) in [("two_officers", "canary"), ("id_types", "01,,02"), ("id_types", "canary token")] {
        let told = build(&options(&[(key, value), ("url", "http://127.0.0.1:9/")])).err().unwrap();
        let keys: Vec<&str> = told.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [key, "token"]);
        assert!(told.iter().any(|fault| fault.line == 7) && !format!("{told:?}").contains("canary"));
        assert!(build(&options(&[(key, value), ("url", "http://127.0.0.1:9/"), ("token", "t")])).is_err());
    }
    let agreed = [("two_officers", "no"), ("id_types", "01"), ("url", "http://127.0.0.1:9/"), ("token", "t")];
    assert!(build(&options(&agreed)).is_ok());
}

#[test]
fn what_a_centre_checks_follows_its_agreement() {
    let agreed = form(&options(&[("two_officers", "yes"), ("id_types", "01, 03")]));
    assert!(agreed.two_officers && agreed.original_number);
    assert_eq!(agreed.id_types, ["01", "03"]);
    let usual = form(&PartnerOptions::default());
    assert!(!usual.two_officers);
    assert_eq!((usual.id_types.len(), usual.papers.len()), (1, ACTS.len()));
    assert!(
        usual
            .papers
            .iter()
            .flat_map(|(_, papers)| papers)
            .all(|paper| domain::case::PAPER_KINDS.contains(&paper.as_str()))
    );
    let known: Vec<&str> = OPTIONS.iter().map(|(key, _)| *key).collect();
    assert_eq!(known[known.len() - 2..], ["two_officers", "id_types"]);
}

fn yuan() -> impl Strategy<Value = (i64, String)> {
    (0..10_000_000_000_i64).prop_map(|fen| (fen, format!("{}.{:02}", fen / 100, fen % 100)))
}

proptest! {
    #[test]
    fn sums_are_read_to_the_fen((limit, limit_text) in yuan(), (caught, caught_text) in yuan()) {
        let body = golden("freeze_partly").replace("18000.00", &limit_text).replace("6500.12", &caught_text);
        let judged = judged(ActKind::Freeze, &body);
        if caught < limit {
            let outcome = answered(judged);
            prop_assert_eq!(outcome.limit, Some(Money::from_fen(limit)));
            prop_assert_eq!(outcome.caught, Some(Money::from_fen(caught)));
        } else {
            let doubt = Judged::Doubt { cause: Cause::Schema };
            prop_assert!(judged == doubt);
        }
    }

    #[test]
    fn a_cut_or_changed_answer_never_panics_and_is_never_done_without_money(
        name in prop_oneof![Just("deduct_done"), Just("deduct_partly"), Just("deduct_registered")],
        at in 0..2_000_usize, byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = golden(name).into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        match judged(ActKind::Deduct, &body) {
            Judged::Doubt { cause } => prop_assert_eq!(cause, Cause::Schema),
            Judged::Answered(outcome) if outcome.verdict == Verdict::Done => {
                prop_assert!(outcome.moved.is_some_and(Money::is_positive));
            }
            Judged::Answered(_) => {}
            _ => prop_assert!(false, "neither an answer nor a doubt"),
        }
    }
}
