//! Banks that we call: orders to the byte, answers by meaning, and every answer that must not be believed.

use domain::act::{ORIGINAL_SERIAL, Original};
use domain::outcome::{Detail, Outcome, Reason, Verdict};
use domain::slip::SlipLine;
use domain::socket::{Cause, Judged};
use domain::{ActKind, Money, Personal};

use super::specimen::{ACCOUNT, paper, slip, with_case};
use crate::bank::wire::answer::{judge_ask, judge_send};
use crate::bank::wire::order::{Ends, ask, order};
use crate::transport::charset::Charset;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/http/", $name)).trim_end()
    };
}

const ENDS: Ends<'static> = Ends { from: "330225000000", to: "102332002250", charset: Charset::Utf8 };
const SLIP: &str = "X2026112200000000012";
const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };

fn ordered(kind: ActKind) -> domain::slip::Slip {
    let mut slip = slip(kind);
    if !kind.builds_on().is_empty() {
        let case_number = Personal::new("(2026)浙0225执1234号".to_owned());
        slip.lines[0].original = Some(Original { act: None, slip: "X2026112000000000007-1".to_owned(), case_number });
    }
    if kind.gives_back() {
        let value = Personal::from("HX2026112000000003");
        slip.lines[0].details = vec![Detail { name: ORIGINAL_SERIAL.to_owned(), value }];
    }
    slip
}

fn answered(judged: Judged) -> Outcome {
    match judged {
        Judged::Answered(outcome) => *outcome,
        _ => panic!("not an answer"),
    }
}

fn freeze(body: &str) -> Judged {
    judge_send(body.as_bytes(), &format!("{SLIP}-1"), ActKind::Freeze, Some(ACCOUNT))
}

#[test]
fn orders_are_written_to_the_byte() {
    for (kind, file, golden) in [
        (ActKind::Query, None, golden!("100309_query.xml")),
        (ActKind::Freeze, Some("协助冻结存款通知书.pdf"), golden!("100201_freeze.xml")),
        (ActKind::Renew, Some("协助冻结存款通知书.pdf"), golden!("100205_renew.xml")),
        (ActKind::Release, Some("解除冻结存款通知书.pdf"), golden!("100203_release.xml")),
        (ActKind::Deduct, Some("协助扣划存款通知书.pdf"), golden!("100211_deduct.xml")),
        (ActKind::Reverse, Some("协助执行通知书.pdf"), golden!("100213_reverse.xml")),
    ] {
        let files: Vec<_> = file.map(|name| paper("freeze_notice", name)).into_iter().collect();
        assert_eq!(order(&ENDS, &ordered(kind), &files).unwrap(), golden);
    }
    let key = SlipLine::parse(&format!("{SLIP}-1")).unwrap();
    assert_eq!(ask(&ENDS, key, 1), (format!("{SLIP}-1-q1"), golden!("100999_ask.xml").to_owned()));
}

#[test]
fn a_part_is_released_and_another_organs_freeze_is_taken_over() {
    let mut part = ordered(ActKind::Release);
    part.lines[0].amount = Some(Money::from_fen(500_000));
    let notice = paper("release_notice", "解除冻结存款通知书.pdf");
    assert_eq!(order(&ENDS, &part, &[notice]).unwrap(), golden!("100203_release_part.xml"));
    let body = golden!("100204_released_part.xml").as_bytes();
    let told = answered(judge_send(body, &format!("{SLIP}-1"), ActKind::Release, Some(ACCOUNT)));
    assert_eq!((told.verdict, told.limit, told.caught), (Verdict::Done, Some(Money::from_fen(1_300_000)), None));
    let mut takes_over = slip(ActKind::Freeze);
    let case_number = Personal::from("象公(刑)立字[2026]9号");
    takes_over.lines[0].original =
        Some(Original { act: None, slip: "象公(刑)冻财字[2026]17号".to_owned(), case_number });
    let notice = paper("freeze_notice", "协助冻结存款通知书.pdf");
    assert_eq!(order(&ENDS, &takes_over, &[notice]).unwrap(), golden!("100201_takes_over.xml"));
}

#[test]
fn money_that_went_back_is_read_and_never_guessed() {
    let judge = |body: &str| judge_send(body.as_bytes(), &format!("{SLIP}-1"), ActKind::Reverse, Some(ACCOUNT));
    let good = golden!("100214_reversed.xml");
    let back = answered(judge(good));
    assert_eq!((back.verdict, back.moved), (Verdict::Done, Some(Money::from_fen(300_000))));
    assert_eq!((back.serial.as_ref().unwrap().expose().as_str(), back.caught), ("HX2026112400000002", None));
    let asked = golden!("101000_asked_reverse.xml").as_bytes();
    assert!(answered(judge_ask(asked, &format!("{SLIP}-1-q1"), &format!("{SLIP}-1"), ActKind::Reverse)) == back);
    let part = answered(judge(&good.replace("<ReturnedBalance>3000", "<ReturnedBalance>1000")));
    assert_eq!((part.verdict, part.moved), (Verdict::Partly, Some(Money::from_fen(100_000))));
    for (result, reason) in [("1003", Reason::NoOriginalFreeze), ("1006", Reason::Insufficient)] {
        let refused = answered(judge(&good.replace("<Result>0000", &format!("<Result>{result}"))));
        assert_eq!((refused.verdict, refused.reason, refused.moved), (Verdict::Refused, Some(reason), None));
    }
    for odd in ["<ReturnedBalance>0.00", "<ReturnedBalance>-1.00", "<DeductedBalance>3000.00"] {
        let body = good.replace("<ReturnedBalance>3000.00", odd).replace("3000.00</ReturnedBalance>", "");
        assert!(judge(&body) == DOUBT, "{odd}");
    }
    assert!(judge(&good.replace("100214", "100212")) == DOUBT, "the answer to a deduct");
}

#[test]
fn an_original_is_named_whichever_way_it_is_kept() {
    for (kept, application, serial) in [
        ("X2026112000000000007-3", "X2026112000000000007", "X2026112000000000007-3"),
        ("X2026112000000000007", "X2026112000000000007", "X2026112000000000007-1"),
        ("A20261120E0200000001", "A20261120E0200000001", "A20261120E0200000001"),
    ] {
        let mut slip = ordered(ActKind::Release);
        slip.lines[0].original.as_mut().unwrap().slip = kept.to_owned();
        let xml = order(&ENDS, &slip, &[]).unwrap();
        let expected = format!("<ApplicationID>{application}</ApplicationID><OriginalTransSerialNumber>{serial}</");
        assert!(xml.contains(&expected), "{kept}");
    }
}

#[test]
fn an_order_that_lacks_something_is_not_written() {
    let broken = |kind, change: fn(&mut domain::slip::Slip)| {
        let mut slip = ordered(kind);
        change(&mut slip);
        order(&ENDS, &slip, &[]).is_none()
    };
    assert!(broken(ActKind::Freeze, |slip| slip.lines[0].amount = None));
    assert!(broken(ActKind::Freeze, |slip| slip.lines[0].amount = Some(Money::ZERO)));
    assert!(broken(ActKind::Freeze, |slip| slip.lines[0].account = None));
    assert!(broken(ActKind::Freeze, |slip| slip.lines[0].to = None));
    assert!(broken(ActKind::Renew, |slip| slip.lines[0].to = None));
    assert!(broken(ActKind::Release, |slip| slip.lines[0].original = None));
    assert!(broken(ActKind::Reverse, |slip| slip.lines[0].original = None));
    assert!(broken(ActKind::Reverse, |slip| slip.lines[0].amount = Some(Money::ZERO)));
    assert!(broken(ActKind::Reinstate, |_| {}), "nothing that a bank does");
    assert!(broken(ActKind::Query, |slip| slip.subject = 7));
    assert!(broken(ActKind::Query, |slip| slip.lines.clear()));
    assert!(broken(ActKind::Query, |slip| slip.lines.push(slip.lines[0].clone())));
    assert!(broken(ActKind::Freeze, |slip| slip.lines[0].account = Some(Personal::new("1\u{0}2".to_owned()))));
    assert!(order(&ENDS, &with_case(ordered(ActKind::Deduct), |case| case.account = None), &[]).is_none());
    let mut large = paper("ruling", "大.pdf");
    large.bytes = Personal::new(vec![0; 900_000]);
    assert!(order(&ENDS, &ordered(ActKind::Freeze), &[large]).is_none());
}

#[test]
fn accounts_are_read_with_what_stands_before_us() {
    let body = golden!("100310_accounts.xml");
    let outcome = answered(judge_send(body.as_bytes(), &format!("{SLIP}-0"), ActKind::Query, None));
    assert_eq!(outcome.verdict, Verdict::Done);
    let [first, second] = outcome.accounts.as_slice() else { panic!("two accounts") };
    assert_eq!(
        (first.number.expose().as_str(), first.status.as_str(), first.branch.as_str()),
        (ACCOUNT, "正常", "象山石浦支行")
    );
    assert_eq!(first.available, Some(Money::from_fen(823_456)));
    let [freeze, right] = first.ahead.as_slice() else { panic!("a freeze and a right") };
    assert_eq!(
        (freeze.amount, freeze.to.unwrap().to_string()),
        (Some(Money::from_fen(1_000_000)), "2027-05-01".to_owned())
    );
    assert_eq!((right.paper.expose().as_str(), right.amount), ("保证金", Some(Money::from_fen(50_000))));
    assert!(second.ahead.is_empty() && second.is_cny());
    let gbk = body.replace("UTF-8", "GBK");
    let same = judge_send(&Charset::Gbk.encode(&gbk), &format!("{SLIP}-0"), ActKind::Query, None);
    assert!(answered(same) == outcome);
}

#[test]
fn a_partial_freeze_and_a_deduction_are_read() {
    let outcome = answered(freeze(golden!("100202_partly.xml")));
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Partly, Some(Reason::PriorRight)));
    assert_eq!((outcome.limit, outcome.caught), (Some(Money::from_fen(1_800_000)), Some(Money::from_fen(823_456))));
    assert_eq!(
        (outcome.from.unwrap().to_string(), outcome.to.unwrap().to_string()),
        ("2026-11-20".into(), "2027-11-19".into())
    );
    assert_eq!(outcome.ahead.len(), 1);
    let body = golden!("100212_deducted.xml").as_bytes();
    let sent = answered(judge_send(body, &format!("{SLIP}-1"), ActKind::Deduct, Some(ACCOUNT)));
    assert_eq!(
        (sent.verdict, sent.moved, sent.caught),
        (Verdict::Done, Some(Money::from_fen(800_000)), Some(Money::from_fen(23_456)))
    );
    assert_eq!(sent.serial.as_ref().unwrap().expose(), "HX2026112300000001");
    let body = golden!("101000_asked_deduct.xml").as_bytes();
    assert!(answered(judge_ask(body, &format!("{SLIP}-1-q1"), &format!("{SLIP}-1"), ActKind::Deduct)) == sent);
}

#[test]
fn results_have_a_verdict_each_and_unknown_ones_none() {
    let with = |result: &str, held: &str| {
        let body = golden!("100202_partly.xml")
            .replace("<Result>0000<", &format!("<Result>{result}<"))
            .replace("8234.56</F", &format!("{held}</F"));
        freeze(&body)
    };
    for (result, verdict, reason) in [
        ("0001", Verdict::Queued, Reason::PriorRight),
        ("1001", Verdict::Refused, Reason::NameMismatch),
        ("1002", Verdict::Refused, Reason::IdMismatch),
        ("1003", Verdict::Refused, Reason::NoOriginalFreeze),
        ("1004", Verdict::Refused, Reason::NoOriginalFreeze),
        ("1005", Verdict::Queued, Reason::PriorRight),
        ("1006", Verdict::Refused, Reason::Insufficient),
        ("1007", Verdict::Refused, Reason::PriorRight),
        ("1008", Verdict::Refused, Reason::PaperMissing),
        ("1009", Verdict::Refused, Reason::Other),
        ("1010", Verdict::Refused, Reason::Unsupported),
        ("1011", Verdict::Refused, Reason::CredentialMissing),
        ("9999", Verdict::Refused, Reason::Other),
    ] {
        let outcome = answered(with(result, "0.00"));
        assert_eq!(
            (outcome.verdict, outcome.reason, outcome.caught),
            (verdict, Some(reason), Some(Money::ZERO)),
            "{result}"
        );
        assert_eq!(outcome.limit.is_some(), verdict == Verdict::Queued, "{result}");
        assert!(with(result, "1.00") == DOUBT, "{result} holds nothing, and yet something");
    }
    for unknown in ["", "0002", "1012", "ok"] {
        assert!(with(unknown, "0.00") == DOUBT, "{unknown}");
    }
    assert_eq!(answered(with("0000", "18000.00")).verdict, Verdict::Done);
    assert!(with("0000", "") == DOUBT && with("0000", "-1.00") == DOUBT && with("0000", "1,0") == DOUBT);
}

#[test]
fn codes_prove_what_the_contract_says() {
    let not_sent = |cause| Judged::NotSent { cause, retry_after_ms: None };
    let with = |code: &str, kind: ActKind| {
        let body = golden!("100202_partly.xml").replace("<Code>100000<", &format!("<Code>{code}<"));
        let body = body.replace("100202", if kind == ActKind::Query { "100310" } else { "100202" });
        judge_send(body.as_bytes(), &format!("{SLIP}-1"), kind, None)
    };
    assert!(with("100001", ActKind::Freeze) == Judged::Accepted);
    assert!(with("200001", ActKind::Freeze) == not_sent(Cause::Unencodable));
    assert!(with("200002", ActKind::Freeze) == Judged::Doubt { cause: Cause::Timeout });
    for code in ["200004", "200005", "200006", "200007"] {
        assert!(with(code, ActKind::Freeze) == not_sent(Cause::Credential));
    }
    assert!(with("200008", ActKind::Freeze) == not_sent(Cause::Throttled));
    assert!(with("200009", ActKind::Freeze) == not_sent(Cause::Closed));
    assert_eq!(answered(with("200010", ActKind::Query)).verdict, Verdict::NoSuchCustomer);
    assert_eq!(answered(with("200010", ActKind::Freeze)).reason, Some(Reason::NotFound));
    for code in ["200003", "200011", "", "100002", "999999", "0", "１０００００"] {
        assert!(with(code, ActKind::Freeze) == DOUBT, "{code}");
    }
}

#[test]
fn the_answer_of_another_order_says_nothing_about_ours() {
    let good = golden!("100202_partly.xml");
    for (from, to) in [
        (format!("{SLIP}-1"), format!("{SLIP}-2")),
        (format!("{SLIP}-1"), "X2026112200000000013-1".to_owned()),
        (format!("{SLIP}-1"), String::new()),
        ("<TxCode>100202<".to_owned(), "<TxCode>100204<".to_owned()),
        (format!("{ACCOUNT}<"), "6222000000000000025<".to_owned()),
    ] {
        assert!(freeze(&good.replace(&from, &to)) == DOUBT, "{to}");
    }
    let good = golden!("101000_asked_deduct.xml");
    let judge = |body: &str| judge_ask(body.as_bytes(), &format!("{SLIP}-1-q1"), &format!("{SLIP}-1"), ActKind::Deduct);
    assert!(judge(&good.replace("-q1<", "-q2<")) == DOUBT);
    assert!(judge(&good.replace(&format!("{SLIP}-1</Orig"), &format!("{SLIP}-2</Orig"))) == DOUBT);
    assert!(judge(&good.replace("100212", "100202")) == DOUBT);
    assert!(judge(&good.replace("<OriginalCode>100000", "<OriginalCode>300000")) == DOUBT);
    let unknown = good.replace("<Code>100000<", "<Code>200011<");
    assert!(judge(&unknown) == Judged::NotFound);
    assert!(judge(&unknown.replace(&format!("{SLIP}-1</Orig"), "</Orig")) == DOUBT, "which number is not found?");
    assert!(judge(&good.replace("<Code>100000<", "<Code>100001<")) == Judged::Accepted);
    assert!(
        judge(&good.replace("<Code>100000<", "<Code>200001<")) == DOUBT,
        "the question was unreadable, not the order"
    );
    assert!(judge(&good.replace("<Code>100000<", "<Code>200010<")) == DOUBT);
}

#[test]
fn what_is_no_answer_is_a_doubt() {
    let good = golden!("100202_partly.xml");
    for cut in (0..good.len()).step_by(7).filter(|at| good.is_char_boundary(*at)) {
        assert!(freeze(&good[..cut]) == DOUBT, "cut at {cut}");
    }
    for body in [
        "<html><body>502 Bad Gateway</body></html>",
        "{\"code\":0}",
        "",
        &good.replace("Response", "Request"),
        &good.replace("<Result>0000</Result>", "<Result>1002</Result><Result>0000</Result>"),
        &good.replace("<Result>0000</Result>", "<Result><b/>0000</Result>"),
        &good.replace("?><Response>", "?><!DOCTYPE Response [<!ENTITY x \"y\">]><Response>"),
        &good.replace("0000</Result>", "&#xD800;</Result>"),
        &good.replace("<Body>", &"<Body>".repeat(100_000)),
        &good.replace("UTF-8", "KOI8-R"),
    ] {
        assert!(freeze(body) == DOUBT);
    }
    let unknown =
        good.replace("<Body>", "<Body><Later><Result>9</Result></Later>").replace("<Head>", "<Head><New a='1'/>");
    assert_eq!(answered(freeze(&unknown)).verdict, Verdict::Partly, "a later edition may add elements");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        proptest::prop_assert!(judge_send(&bytes, SLIP, ActKind::Freeze, None) == DOUBT);
    }

    #[test]
    fn a_damaged_answer_is_never_a_panic(at in 0_usize..900, byte in proptest::num::u8::ANY) {
        let mut body = golden!("100202_partly.xml").as_bytes().to_vec();
        if let Some(place) = body.get_mut(at) {
            *place = byte;
        }
        drop(judge_send(&body, &format!("{SLIP}-1"), ActKind::Freeze, Some(ACCOUNT)));
    }

    #[test]
    fn names_with_any_character_are_carried_whole(name in "\\PC{1,40}") {
        let slip = with_case(slip(ActKind::Query), |case| case.parties[0].name = Personal::new(name.clone()));
        if let Some(xml) = order(&ENDS, &slip, &[]) {
            let limits = crate::markup::Limits { depth_max: 9, elements_max: 99, attributes_max: 9 };
            let read = crate::markup::Element::read(&xml, limits).unwrap();
            let body = read.child("Body").unwrap();
            proptest::prop_assert_eq!(&body.child("AccountName").unwrap().text, &name);
        } else {
            proptest::prop_assert!(name.trim().is_empty() || name.contains(|c| !crate::markup::is_xml_char(c)));
        }
    }

    #[test]
    fn amounts_survive_the_answer(fen in 0_i64..1_000_000_000_000) {
        let amount = Money::from_fen(fen).to_string();
        let body = golden!("100202_partly.xml").replace(">18000.00<", &format!(">{amount}<")).replace("8234.56</F", &format!("{amount}</F"));
        let outcome = answered(freeze(&body));
        proptest::prop_assert_eq!((outcome.verdict, outcome.limit, outcome.caught), (Verdict::Done, Some(Money::from_fen(fen)), Some(Money::from_fen(fen))));
    }
}
