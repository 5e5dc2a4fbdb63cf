//! Every golden file: what we write equals it byte for byte, what we read of it means what it says.

use domain::outcome::{FindingClass, Reason, Verdict};
use domain::socket::{FaceAnswer, FaceVerb, FeedbackItem, ItemVerdict, ListClass};
use domain::{ActKind, Money};

use super::specimen::{dialect, hub, paper, slip};
use crate::bank::INDUSTRY;
use crate::court_form::list::{Particulars, control, open, query};
use crate::court_form::packed::{Packed, Packing, decode_base64};
use crate::court_form::{feedback, reply};
use crate::transport::soap;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/", $name)).trim_end()
    };
}

fn item(argument: &str, class: ListClass) -> FeedbackItem {
    let packed = Packed::read(argument, dialect()).unwrap();
    let mut fed = feedback::read(&packed, class, INDUSTRY.asset).unwrap();
    assert!(fed.class == class && fed.items.len() == 1);
    fed.items.remove(0)
}

#[test]
fn lists_are_written_to_the_byte() {
    for (golden, kind, number, contact, class) in [
        (golden!("01_getXzcxList_reply.b64"), ActKind::Query, "A20261120E0100000001", "", ""),
        (golden!("06_getXzkzList_reply_freeze.b64"), ActKind::Freeze, "A20261120E0200000001", "浙江省象山县", "活期"),
        (golden!("09_getXzkzList_reply_deduct.b64"), ActKind::Deduct, "A20261121E0200000009", "浙江省象山县", ""),
    ] {
        let particulars = Particulars { number, paper_number: "WS2026112000001", contact, account_class: class };
        let root = if kind == ActKind::Query { "cxqqList" } else { "kzqqList" };
        let row = if kind == ActKind::Query { query } else { control };
        let mut packing = Packing::new(dialect());
        open(&mut packing, root);
        row(&mut packing, &slip(kind), &particulars).unwrap();
        packing.end(root);
        assert_eq!(packing.finish(), golden, "{number}");
    }
}

#[test]
fn papers_and_verdicts_are_written_to_the_byte() {
    let files = [paper("query_notice", "协助查询存款通知书.pdf")];
    // The sample's MD5 is not that of its own stand-in body; ours is, and all else is the same.
    let sample = golden!("02_cxwsInfo_reply.inner.xml")
        .replace("OGI4ZGIzZGZhNDI2ZjZiZGIxNzk4ZDU3OGY1MjM5YWU=", "NjQ0NmE5ODA4MGY1ZTUxYWI3ZjBhYmMwZThlZGE2MzU=");
    let written = decode_base64(&reply::papers(dialect(), "WSBH", "WS2026112000001", &files)).unwrap();
    assert_eq!(std::str::from_utf8(&written).unwrap(), sample);
    let taken = [ItemVerdict { slip: "A20261120E0100000001".to_owned(), taken: Ok(()) }];
    assert_eq!(reply::verdicts(dialect(), "cxjglist", "errorMsg", &taken), golden!("05_shfeed_reply_ok.b64"));
}

#[test]
fn envelopes_are_read_and_written_to_the_byte() {
    let answer = soap::response(INDUSTRY.service.namespace, "getXzcxList", golden!("01_getXzcxList_reply.b64"));
    assert_eq!(std::str::from_utf8(&answer).unwrap(), golden!("soap/getXzcxList_response.xml"));
    let call = hub().decode(golden!("soap/getXzcxList_request.xml").as_bytes()).ok().unwrap();
    assert_eq!((call.operation.as_str(), call.username.expose().as_str()), ("getXzcxList", "YH102332002250"));
    assert_eq!(call.password.expose(), "not-a-secret");
    assert!(matches!(call.verb, FaceVerb::List(ListClass::Queries)));
    let call = hub().decode(golden!("soap/shfeedXzcxInfo_request.xml").as_bytes()).ok().unwrap();
    let FaceVerb::Feedback { class: ListClass::Queries, items, .. } = call.verb else { panic!("another verb") };
    assert_eq!(items.first().unwrap().slip, "A20261120E0100000001");
    let denied = hub().encode("getXzkzList", &FaceAnswer::Denied("口令错误".to_owned()));
    let denied = std::str::from_utf8(&denied.bytes).unwrap().to_owned();
    let packed = denied.split("<return>").nth(1).unwrap().split("</return>").next().unwrap();
    let packed = Packed::read(packed, dialect()).unwrap();
    assert_eq!(packed.values(&packed.root).text("errorMsg").unwrap(), "口令错误");
    assert!(packed.root.is("kzqqList"));
}

#[test]
fn a_query_answer_is_one_outcome_with_its_accounts() {
    let item = item(golden!("03_shfeedXzcxInfo_argument.b64"), ListClass::Queries);
    assert_eq!((item.slip.as_str(), item.line), ("A20261120E0100000001", Some(0)));
    let outcome = item.outcome.ok().unwrap();
    assert_eq!(outcome.verdict, Verdict::Done);
    assert_eq!(outcome.as_of.as_deref(), Some("2026/11/20 10:15:30"));
    let [first, second] = outcome.accounts.as_slice() else { panic!("two accounts") };
    assert_eq!(first.number.expose(), "6222000000000000017");
    assert_eq!((first.class.as_str(), first.status.as_str(), first.branch.as_str()), ("活期", "正常", "象山石浦支行"));
    assert_eq!((first.balance, first.available), (Some(Money::from_fen(1_823_456)), Some(Money::from_fen(823_456))));
    let [ahead] = first.ahead.as_slice() else { panic!("one measure ahead") };
    assert_eq!((ahead.organ.expose().as_str(), ahead.amount), ("宁海县人民法院", Some(Money::from_fen(1_000_000))));
    assert_eq!(ahead.to.unwrap().to_string(), "2027-05-01");
    assert!(second.ahead.is_empty() && second.is_cny());
    // What the measure says beyond its place: how the other court holds.
    let [measure] = outcome.findings.as_slice() else { panic!("one measure of others") };
    let said =
        |name: &str| measure.details.iter().find(|detail| detail.name == name).map(|d| d.value.expose().as_str());
    assert_eq!(measure.class, FindingClass::Measure);
    assert_eq!((said("account"), said("mode"), said("sequence")), (Some("6222000000000000017"), Some("2"), Some("1")));
    assert!(outcome.in_part, "another message may tell more");
}

#[test]
fn no_account_is_a_complete_answer() {
    let item = item(golden!("04_shfeedXzcxInfo_argument_no_account.b64"), ListClass::Queries);
    let outcome = item.outcome.ok().unwrap();
    assert_eq!(outcome.verdict, Verdict::NoSuchCustomer);
    assert!(outcome.accounts.is_empty());
}

#[test]
fn a_partial_freeze_and_a_refusal_mean_what_they_say() {
    let partly = item(golden!("07_shfeedXzkzInfo_argument_partly.b64"), ListClass::Controls);
    assert_eq!((partly.slip.as_str(), partly.line), ("A20261120E0200000001", Some(1)));
    let outcome = partly.outcome.ok().unwrap();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Done, Some(Reason::PriorRight)), "less than was asked");
    assert_eq!((outcome.limit, outcome.caught), (Some(Money::from_fen(1_800_000)), Some(Money::from_fen(823_456))));
    assert_eq!(outcome.moved, outcome.caught);
    assert_eq!(
        (outcome.from.unwrap().to_string(), outcome.to.unwrap().to_string()),
        ("2026-11-20".into(), "2027-11-19".into())
    );
    assert_eq!(outcome.ahead.len(), 1);
    let refused = item(golden!("08_shfeedXzkzInfo_argument_refused.b64"), ListClass::Controls);
    let outcome = refused.outcome.ok().unwrap();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Refused, Some(Reason::IdMismatch)));
    assert!(outcome.text.unwrap().expose().starts_with("账号与被控制人证件信息不匹配"));
}

#[test]
fn a_hand_back_says_why() {
    let items = feedback::read_hand_back(&Packed::read(golden!("10_htInfo_argument.b64"), dialect()).unwrap()).unwrap();
    let [item] = items.as_slice() else { panic!("one item") };
    assert_eq!((item.slip.as_str(), item.line), ("A20261120E0200000001", None));
    let outcome = item.outcome.as_ref().ok().unwrap();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::HandedBack, Some(Reason::CredentialMissing)));
    assert!(outcome.text.as_ref().unwrap().expose().contains("缺少执行公务证扫描件"));
}

/// The samples say each meaning twice, as JSON beside the bytes; a reader of ours must agree with both.
#[test]
fn every_inner_document_unpacks_to_the_text_beside_it() {
    for (packed, inner) in [
        (golden!("01_getXzcxList_reply.b64"), golden!("01_getXzcxList_reply.inner.xml")),
        (golden!("02_cxwsInfo_reply.b64"), golden!("02_cxwsInfo_reply.inner.xml")),
        (golden!("03_shfeedXzcxInfo_argument.b64"), golden!("03_shfeedXzcxInfo_argument.inner.xml")),
        (golden!("06_getXzkzList_reply_freeze.b64"), golden!("06_getXzkzList_reply_freeze.inner.xml")),
        (golden!("09_getXzkzList_reply_deduct.b64"), golden!("09_getXzkzList_reply_deduct.inner.xml")),
        (golden!("10_htInfo_argument.b64"), golden!("10_htInfo_argument.inner.xml")),
    ] {
        assert_eq!(decode_base64(packed).unwrap(), inner.as_bytes());
    }
}
