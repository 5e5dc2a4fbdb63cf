//! The sample partner byte for byte, what its words prove, faults of tables, and bytes of strangers.

mod beside;
mod hostile;
mod tables;

use std::collections::BTreeMap;

use domain::outcome::{AssetKind, LeadClass, Outcome, Reason, Verdict};
use domain::slip::{Slip, SlipLine};
use domain::socket::{Cause, FaceFault, ItemVerdict, Judged, OptionText, PartnerOptions};
use domain::{ActKind, Day, Flaw, Money, Secret};

use super::mapping::{Mapping, Verbs};
use super::options::{OPTIONS, mapping};
use super::words::Given;
use crate::open::tests::specimen::{paper, reply, slip};
use crate::options::Reading;
use crate::transport::http::HttpReply;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("golden/", $name)).trim_end()
    };
}

/// The number of the specimen's order of that kind.
pub(super) fn key(kind: ActKind) -> SlipLine {
    SlipLine::parse(&crate::open::tests::specimen::key(kind)).unwrap()
}

pub(super) fn answered(judged: Judged) -> Outcome {
    crate::open::tests::specimen::answered(judged.parted().0)
}

const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };
const SAMPLE: &str = include_str!("../../config/partners/payment-a.toml");

/// The tables of the sample file, flat, as the settings hand them over; secrets are told apart by their key.
pub(super) fn sample() -> PartnerOptions {
    let file: toml::Table = SAMPLE.parse().unwrap();
    let mut entries = BTreeMap::new();
    flatten("", file["options"].as_table().unwrap(), &mut entries);
    PartnerOptions { entries, connect_timeout_ms: 1_000, timeout_ms: 2_000, ..PartnerOptions::default() }
}

fn flatten(within: &str, table: &toml::Table, to: &mut BTreeMap<String, OptionText>) {
    for (name, value) in table {
        let key = if within.is_empty() { name.clone() } else { format!("{within}.{name}") };
        let text = match value {
            toml::Value::Table(table) => {
                flatten(&key, table, to);
                continue;
            }
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        to.insert(key, OptionText { text: Secret::new(text), line: 7 });
    }
}

pub(super) fn of(options: &PartnerOptions) -> Mapping {
    let mut reading = Reading::begin(options, OPTIONS);
    let mapping = mapping(&mut reading);
    assert_eq!(reading.faults, Vec::new());
    mapping
}

fn written(slip: &Slip) -> String {
    let mapping = of(&sample());
    let line = &slip.lines[0];
    let files = [paper("ruling", "裁定书.pdf")];
    let verb = &mapping.sends[&line.kind];
    String::from_utf8(
        mapping.tables.body(&verb.body, verb.packing.as_ref(), &Given::Order(slip, line, &files)).unwrap(),
    )
    .unwrap()
}

fn asked(kind: ActKind, status: u16, body: &str) -> Judged {
    of(&sample()).judge(Verbs::Asked, kind, key(kind), false, &reply(status, body))
}

fn sent(kind: ActKind, status: u16, body: &str) -> Judged {
    let mapping = of(&sample());
    mapping.judge(Verbs::Sent, kind, key(kind), mapping.sends[&kind].says_receipt, &reply(status, body))
}

/// What an answer is taken for, whatever it answers.
pub(crate) fn judged_every_way(body: &[u8]) -> Vec<Judged> {
    static SAMPLE_MAPPING: std::sync::LazyLock<Mapping> = std::sync::LazyLock::new(|| of(&sample()));
    let mapping = &*SAMPLE_MAPPING;
    let reply = HttpReply { status: 200, retry_after_ms: None, body: Ok(body.to_vec()) };
    let ways = [(Verbs::Sent, false), (Verbs::Sent, true), (Verbs::Asked, false)];
    let kinds = [ActKind::Query, ActKind::Freeze, ActKind::Deduct];
    let judged = |kind: ActKind| {
        let key = key(kind);
        ways.map(|(verb, says_receipt)| mapping.judge(verb, kind, key, says_receipt, &reply))
    };
    kinds.into_iter().flat_map(judged).collect()
}

#[test]
fn orders_are_written_byte_for_byte() {
    for (kind, asset, golden) in [
        (ActKind::Query, None, golden!("query.json")),
        (ActKind::Freeze, Some("2088000000000017"), golden!("freeze.json")),
        (ActKind::Renew, Some("2088000000000017"), golden!("renew.json")),
        (ActKind::Release, Some("2088000000000017"), golden!("release.json")),
        (ActKind::Deduct, Some("2088000000000017"), golden!("deduct.json")),
    ] {
        assert_eq!(written(&slip(kind, asset)), golden, "{}", kind.word());
    }
}

#[test]
fn what_cannot_be_said_never_leaves() {
    let mapping = of(&sample());
    let refused = |change: fn(&mut Slip)| {
        let mut slip = slip(ActKind::Freeze, Some("2088"));
        change(&mut slip);
        let line = &slip.lines[0];
        mapping.tables.body(&mapping.sends[&line.kind].body, None, &Given::Order(&slip, line, &[])).is_err()
    };
    assert!(!refused(|_| {}));
    assert!(refused(|slip| slip.lines[0].amount = None), "required");
    assert!(refused(|slip| slip.lines[0].amount = Some(Money::from_units(12_345))), "no whole fen");
    assert!(refused(|slip| slip.lines[0].to = None));
    assert!(
        refused(|slip| {
            let mut context = domain::slip::SlipContext {
                case: slip.context.case.clone(),
                officers: slip.context.officers.clone(),
                papers: Vec::new(),
            };
            context.case.parties[0].id_type = "99".to_owned();
            slip.context = std::sync::Arc::new(context);
        }),
        "an ID type without a code"
    );
    assert!(!mapping.sends.contains_key(&ActKind::Surrender));
}

#[test]
fn a_receipt_says_only_that_it_was_taken() {
    assert!(sent(ActKind::Freeze, 200, golden!("receipt.json")) == Judged::Accepted);
    let other = golden!("receipt.json").replace("X2026112200000000012-1", "X2026112200000000099-1");
    assert!(sent(ActKind::Freeze, 200, &other) == DOUBT);
    assert!(sent(ActKind::Freeze, 200, r#"{"rsp":{"code":"0000"}}"#) == Judged::Accepted, "on our own call");
    assert!(sent(ActKind::Freeze, 200, r#"{"rsp":{"code":"0001"}}"#) == DOUBT);
    assert!(sent(ActKind::Freeze, 200, r#"{"rsp":{"result":"OK"}}"#) == DOUBT, "a receipt is no result");
    let throttled = Judged::NotSent { cause: Cause::Throttled, retry_after_ms: None };
    assert!(sent(ActKind::Freeze, 200, r#"{"rsp":{"code":"E429"}}"#) == throttled);
    let closed = Judged::NotSent { cause: Cause::Closed, retry_after_ms: None };
    assert!(sent(ActKind::Freeze, 503, r#"{"rsp":{"code":"E503"}}"#) == closed);
    assert!(sent(ActKind::Freeze, 503, "<html>") == Judged::Doubt { cause: Cause::Status(503) });
    let back = answered(sent(ActKind::Freeze, 422, r#"{"rsp":{"code":"E400","msg":"缺少文书"}}"#));
    assert_eq!((back.verdict, back.reason), (Verdict::HandedBack, Some(Reason::Other)));
    assert!(sent(ActKind::Freeze, 404, "") == Judged::NotSent { cause: Cause::Status(404), retry_after_ms: None });
}

#[test]
fn what_became_of_it_is_read_where_the_tables_say() {
    let partly = answered(asked(ActKind::Freeze, 200, golden!("freeze_partly.json")));
    assert_eq!((partly.verdict, partly.reason), (Verdict::Partly, Some(Reason::PriorRight)));
    assert_eq!((partly.limit, partly.caught), (Some(Money::from_fen(1_800_000)), Some(Money::from_fen(823_456))));
    assert_eq!((partly.from, partly.to), (Day::parse("2026-11-20"), Day::parse("2027-11-19")));
    assert_eq!(partly.ahead[0].organ.expose(), "宁波市中级人民法院");
    assert_eq!(partly.serial.as_ref().unwrap().expose(), "ZF20261122-9");
    let (judged, leads) = sent(ActKind::Query, 200, golden!("query_accounts.json")).parted();
    let found = answered(judged);
    assert_eq!((found.verdict, found.accounts.len(), found.findings.len()), (Verdict::Done, 2, 0));
    assert_eq!(found.accounts[0].asset, AssetKind::Wallet);
    assert_eq!(found.accounts[0].available, Some(Money::from_fen(823_456)));
    assert_eq!(found.accounts[0].details[0].name, "phone");
    let told: Vec<_> =
        leads.iter().map(|lead| (lead.class, lead.serial.expose().as_str(), lead.details.len())).collect();
    assert_eq!(told, [(LeadClass::LinkedAccount, "6222000000000000017", 2)]);
    assert_eq!((leads[0].slip.as_str(), leads[0].line), ("X2026112200000000012", Some(0)));
    assert!(found.replies[0].md5_fits && found.replies[0].bytes.expose() == b"%PDF-1.4\n");
    let moved = answered(asked(ActKind::Deduct, 200, golden!("deducted.json")));
    assert_eq!(moved.moved, Some(Money::from_fen(1_800_000)));
    let nobody = answered(sent(ActKind::Query, 200, r#"{"rsp":{"no":"X2026112200000000012-0","result":"NONE"}}"#));
    assert_eq!(nobody.verdict, Verdict::NoSuchCustomer);
}

#[test]
fn whatever_the_tables_do_not_say_is_a_doubt() {
    let said =
        |more: &str| asked(ActKind::Freeze, 200, &format!(r#"{{"rsp":{{"no":"X2026112200000000012-1",{more}}}}}"#));
    let held = r#""heldCents":1800000,"end":"20271119""#;
    assert_eq!(answered(said(&format!(r#""result":"OK",{held}"#))).verdict, Verdict::Done);
    assert!(said(r#""result":"DOING""#) == Judged::Accepted);
    assert!(said(r#""result":"UNKNOWN_NO""#) == Judged::NotFound);
    for doubtful in [
        format!(r#""result":"ok",{held}"#),
        format!(r#""result":"*",{held}"#),
        format!(r#""result":["OK"],{held}"#),
        format!(r#""result":"",{held}"#),
        held.to_owned(),
        r#""result":"OK""#.to_owned(),
        r#""result":"OK","heldCents":1800000"#.to_owned(),
        r#""result":"OK","heldCents":"18,000.00","end":"20271119""#.to_owned(),
        r#""result":"OK","heldCents":-1,"end":"20271119""#.to_owned(),
        r#""result":"OK","heldCents":1800000.5,"end":"20271119""#.to_owned(),
        r#""result":"OK","heldCents":1e300,"end":"20271119""#.to_owned(),
        r#""result":"OK","heldCents":1800000,"end":"20271340""#.to_owned(),
        r#""result":"OK","heldCents":1700000,"askedCents":1800000,"end":"20271119""#.to_owned(),
        format!(r#""result":"DENIED",{held}"#),
        format!(r#""result":"OK","result":"OK",{held}"#),
        format!(r#""result":"OK","earlier":{{}},{held}"#),
    ] {
        assert!(said(&doubtful) == DOUBT, "{doubtful}");
    }
    assert!(asked(ActKind::Freeze, 200, &format!(r#"{{"rsp":{{"no":"X1","result":"OK",{held}}}}}"#)) == DOUBT);
    let unknown = r#"{"rsp":{"no":"X2026112200000000012-1","result":"UNKNOWN_NO"}}"#;
    assert!(asked(ActKind::Freeze, 404, unknown) == Judged::NotFound);
    assert!(asked(ActKind::Freeze, 404, "{}") == Judged::NotSent { cause: Cause::Status(404), retry_after_ms: None });
    assert!(sent(ActKind::Query, 200, r#"{"rsp":{"no":"X2026112200000000012-0","result":"UNKNOWN_NO"}}"#) == DOUBT);
    assert!(asked(ActKind::Release, 200, r#"{"rsp":{"no":"X2026112200000000012-1","result":"WAIT"}}"#) == DOUBT);
}

#[test]
fn what_it_posts_is_read_item_by_item_and_answered_in_its_words() {
    let mapping = of(&sample());
    let inbound = mapping.inbound(golden!("posted.json").as_bytes()).ok().unwrap();
    let told: Vec<(&str, Option<u16>, Result<Verdict, Flaw>)> = inbound
        .feedback
        .iter()
        .map(|item| {
            let outcome = item.outcome.as_ref().map(|outcome: &Outcome| outcome.verdict).map_err(domain::Untaken::flaw);
            (item.slip.as_str(), item.line, outcome)
        })
        .collect();
    let slip = "X2026112200000000012";
    assert_eq!(
        told,
        [
            (slip, Some(1), Ok(Verdict::Done)),
            (slip, Some(2), Ok(Verdict::Refused)),
            (slip, Some(3), Err(Flaw::StateUncertain)),
            ("none of ours", None, Ok(Verdict::Done)),
            (slip, Some(4), Err(Flaw::CodeUnknown)),
        ]
    );
    assert_eq!(inbound.feedback[0].outcome.as_ref().ok().unwrap().caught, Some(Money::from_fen(1_800_000)));
    for wrong in ["", "[]", "{}", r#"{"results":{}}"#, r#"{"results":[],"results":[]}"#] {
        assert!(matches!(mapping.inbound(wrong.as_bytes()), Err(FaceFault::Malformed(_))), "{wrong}");
    }
    let many = format!(r#"{{"results":[{}]}}"#, vec!["{}"; 201].join(","));
    assert!(matches!(mapping.inbound(many.as_bytes()), Err(FaceFault::TooLarge(_))));
    let taken = ItemVerdict { slip: slip.to_owned(), taken: Ok(()) };
    let refused = ItemVerdict { slip: slip.to_owned(), taken: Err(Flaw::SlipUnknown.into()) };
    let said = |verdicts: &[ItemVerdict]| String::from_utf8(mapping.reply(verdicts).bytes).unwrap();
    assert_eq!(said(&[]), r#"{"code":"0000"}"#);
    assert_eq!(said(&[taken, refused]), r#"{"code":"E400","msg":"请求单号不存在","no":"X2026112200000000012"}"#);
}

#[test]
fn a_file_without_posts_or_replies_is_plain() {
    let mut options = sample();
    options.entries.retain(|key, _| !key.starts_with("posted.") && !key.starts_with("reply."));
    let mapping = of(&options);
    assert!(matches!(mapping.inbound(b"{}"), Err(FaceFault::UnknownOperation)));
    assert_eq!(mapping.reply(&[]).bytes, br#"{"taken":true}"#);
}

#[test]
fn addresses_hold_the_number_and_nothing_else() {
    let mapping = of(&sample());
    assert_eq!(mapping.asks.len(), ActKind::ALL.len());
    assert_eq!(mapping.asks[&ActKind::Freeze].path, "/api/judicial/result?no={number}");
    let slip = slip(ActKind::Freeze, None);
    let number = SlipLine { slip: slip.number, line: 1 };
    assert_eq!(number, key(ActKind::Freeze));
}
