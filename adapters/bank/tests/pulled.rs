//! Banks that fetch: the processing rules of a bank as outcomes, what is tolerated, what is refused, and what is shown of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::outcome::{Outcome, Reason, Verdict};
use domain::slip::Slip;
use domain::socket::{FaceAnswer, FaceFault, FaceVerb, FeedbackItem, ItemVerdict, ListClass};
use domain::{ActKind, Flaw, Money};

use super::specimen::{ACCOUNT, CANARIES, Read, dialect, hub, paper, slip, with_case};
use crate::bank::INDUSTRY;
use crate::court_form::packed::{Packed, decode_base64};
use crate::transport::charset::Charset;
use crate::transport::pull::{ANSWER_BYTES_MAX, CALL_BYTES_MAX};

fn b64(text: &str) -> String {
    STANDARD.encode(Charset::Gbk.encode(text))
}

/// An element with its values packed.
pub(super) fn element(name: &str, fields: &[(&str, &str)], inside: &str) -> String {
    let fields: String = fields.iter().map(|(field, text)| format!(" {field}=\"{}\"", b64(text))).collect();
    format!("<{name}{fields}>{inside}</{name}>")
}

fn credential() -> String {
    element("usermarker", &[], &element("condition", &[("username", "YH1"), ("password", "p")], ""))
}

fn envelope(operation: &str, arguments: &[&str]) -> String {
    let arguments: String =
        arguments.iter().enumerate().map(|(n, text)| format!("<arg{n}>{}</arg{n}>", b64(text))).collect();
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><q:{operation} xmlns:q=\"http://syyh.service.webService.ckw.tdh/\">{arguments}</q:{operation}></e:Body></e:Envelope>"
    )
}

fn call(operation: &str, argument: &str) -> Result<Read, FaceFault> {
    hub().decode(envelope(operation, &[&credential(), argument]).as_bytes())
}

pub(super) fn fed_back(operation: &str, argument: &str) -> (ListClass, Vec<FeedbackItem>) {
    match call(operation, argument).ok().unwrap().verb {
        FaceVerb::Feedback { class, items, .. } => (class, items),
        _ => panic!("not a feedback"),
    }
}

pub(super) fn control_with(fields: &[(&str, &str)], inside: &str) -> Result<Outcome, domain::Untaken> {
    let all = [&[("BDHM", "X1"), ("CCXH", "1")], fields].concat();
    let (class, mut items) = fed_back("shfeedXzkzInfo", &element("kzxxList", &[], &element("kzxx", &all, inside)));
    assert!(class == ListClass::Controls);
    items.remove(0).outcome
}

pub(super) fn djxx() -> String {
    element(
        "djxxlist",
        &[],
        &element("djxx", &[("DJJG", "宁海县人民法院"), ("DJJE", "10000"), ("DJJZRQ", "2027-05-01")], ""),
    )
}

#[test]
fn control_results_mean_what_the_rules_of_a_bank_say() {
    let right =
        element("qlxxList", &[], &element("qlxx", &[("QLLX", "保证金"), ("QLR", "某行"), ("QLJE", "5.00")], ""));
    let cases: [(&[(&str, &str)], &str, Verdict, Option<Reason>); 17] = [
        (&[("KZZT", "1"), ("DJXE", "100"), ("SKJE", "100.00"), ("CESKJE", "0")], "", Verdict::Done, None),
        (&[("KZZT", "1"), ("SKJE", "100.0000")], "", Verdict::Done, None),
        (&[("kzzt", "1"), ("WNKZYY", "无")], "", Verdict::Done, None),
        (&[("KTZT", "1")], "", Verdict::Done, None),
        (&[("KZZT", "1"), ("DJXE", "0"), ("SKJE", "0")], &djxx(), Verdict::Done, None),
        // What sums below the order mean depends on what was ordered: the engine knows that.
        (&[("KZZT", "1"), ("DJXE", "100"), ("SKJE", "30")], "", Verdict::Done, Some(Reason::Insufficient)),
        (&[("KZZT", "1"), ("SKJE", "30"), ("CESKJE", "70")], &djxx(), Verdict::Done, Some(Reason::PriorRight)),
        (&[("KZZT", "1"), ("DJXE", "100"), ("SKJE", "0")], &djxx(), Verdict::Done, Some(Reason::PriorRight)),
        (&[("KZZT", "1"), ("SKJE", "0"), ("WNKZYY", "轮候冻结")], "", Verdict::Done, Some(Reason::PriorRight)),
        (&[("KZZT", "1"), ("SKJE", "100"), ("WNKZYY", "解除冻结成功")], "", Verdict::Done, None),
        (
            &[("KZZT", "1"), ("DJXE", "100"), ("SKJE", "0"), ("CESKJE", "100")],
            &right,
            Verdict::Done,
            Some(Reason::PriorRight),
        ),
        (
            &[("KZZT", "1"), ("SKJE", "100"), ("WNKZYY", "成功冻结资金回款账户，但理财产品冻结失败")],
            "",
            Verdict::Partly,
            Some(Reason::PartOfAssets),
        ),
        (
            &[("KZZT", "2"), ("WNKZYY", "无原冻结请求信息或冻结编号")],
            "",
            Verdict::Refused,
            Some(Reason::NoOriginalFreeze),
        ),
        (&[("KZZT", "2"), ("WNKZYY", "查无账户信息")], &djxx(), Verdict::Refused, Some(Reason::NotFound)),
        (
            &[("KZZT", "2"), ("WNKZYY", "无法律文书，协助执行单位业务审核未通过")],
            "",
            Verdict::Refused,
            Some(Reason::PaperMissing),
        ),
        (&[("KZZT", "2"), ("SKJE", "0")], &djxx(), Verdict::Queued, Some(Reason::PriorRight)),
        (&[("KZZT", "2")], "", Verdict::Refused, Some(Reason::Other)),
    ];
    for (fields, inside, verdict, reason) in cases {
        let outcome = control_with(fields, inside).unwrap();
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{fields:?}");
        assert_eq!(outcome.moved, outcome.caught);
    }
}

#[test]
fn a_result_names_its_account_and_words_in_its_place_name_none() {
    let numbers = |account: &str| {
        let told = control_with(&[("KHZH", account), ("KZZT", "1"), ("SKJE", "1.00")], "").unwrap();
        told.account_numbers.iter().map(|number| number.expose().clone()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("6222000001"), ["6222000001"]);
    assert_eq!(numbers("6222 0000-01"), ["6222 0000-01", "6222000001"]);
    for none in ["", "查无账户信息", "业务审核未通过"] {
        assert_eq!(numbers(none), Vec::<String>::new(), "{none}");
    }
}

#[test]
fn who_is_still_at_it_has_not_refused() {
    let said = |words: &str| control_with(&[("KZZT", "2"), ("WNKZYY", words)], "");
    let told = said("处理中").unwrap();
    assert_eq!((told.verdict, told.reason), (Verdict::Registered, Some(Reason::UnderWay)));
    assert!(
        said("无法自动办理，待人工处理").is_err() && said("请联系集中处理中心").unwrap().verdict == Verdict::Refused
    );
    let held = control_with(&[("KZZT", "2"), ("SKJE", "5.00"), ("WNKZYY", "处理中")], "");
    assert!(held.is_err(), "not done, and yet something is held");
}

#[test]
fn days_are_read_as_partners_write_them() {
    let wanted = domain::Day::parse("2026-11-22");
    for text in [
        "20261122",
        "2026-11-22",
        "2026/11/22",
        "2026.11.22",
        "2026年11月22日",
        "20261122101530",
        "202611221015",
        "20261122101530123",
        "20261122 10:15:30",
        "2026-11-22 10:15:30",
        "2026-11-22 10:15:30.0",
        "2026-11-22T10:15:30+08:00",
        "2026/11/22 10:15",
        "2026-11-22-10.15.30.000000",
        " 2026-11-22 ",
        "2026年11月22日10时15分",
    ] {
        let told = control_with(&[("KZZT", "1"), ("SKJE", "1"), ("CSJSRQ", text)], "").unwrap();
        assert_eq!(told.to, wanted, "{text}");
    }
    for text in ["20261322", "2026-11-31", "22.11.2026", "明年", "2026112", "202611221015301"] {
        assert!(control_with(&[("KZZT", "1"), ("SKJE", "1"), ("CSJSRQ", text)], "").is_err(), "{text}");
    }
}

#[test]
fn an_item_that_cannot_be_read_fails_alone() {
    for fields in [
        &[("KZZT", "3")][..],
        &[],
        &[("KZZT", "1"), ("SKJE", "一百")],
        &[("KZZT", "1"), ("SKJE", "1.00001")],
        &[("KZZT", "1"), ("CSJSRQ", "2027-02-30")],
        &[("KZZT", "1"), ("SKJE", "-100")],
        &[("KZZT", "1"), ("DJXE", "-1"), ("SKJE", "100")],
        &[("KZZT", "2"), ("SKJE", "100")],
        &[("KZZT", "1"), ("CSKSRQ", "2026/11/20"), ("CSJSRQ", "2026/11/19")],
    ] {
        assert!(control_with(fields, "").is_err(), "{fields:?}");
    }
    let rows = [
        element("kzxx", &[("BDHM", "X1"), ("KZZT", "1")], ""),
        element("kzxx", &[("CCXH", "1"), ("KZZT", "1")], ""),
        element("kzxx", &[("BDHM", &"X".repeat(99)), ("CCXH", "1"), ("KZZT", "1")], ""),
        "<kzxx BDHM='*' CCXH='MQ=='/>".to_owned(),
        element("kzxx", &[("BDHM", "X2"), ("CCXH", "2"), ("KZZT", "1")], ""),
    ];
    let (_, items) = fed_back("shfeedXzkzInfo", &element("kzxxList", &[], &rows.concat()));
    let taken: Vec<bool> = items.iter().map(|item| item.outcome.is_ok()).collect();
    assert_eq!(taken, [false, false, false, false, true]);
    assert_eq!((items[4].slip.as_str(), items[4].line), ("X2", Some(2)));
}

#[test]
fn accounts_are_grouped_by_slip_in_any_order() {
    let row = |slip, account, balance| element("zhxx", &[("BDHM", slip), ("KHZH", account), ("YE", balance)], "");
    let rows = [
        row("X1", "a", "1"),
        row("X2", "查无开户信息", ""),
        row("X1", "b", "2"),
        row("X3", "c", "x"),
        row("X4", "业务审核未通过", ""),
    ];
    let (class, items) = fed_back("shfeedXzcxInfo", &element("zhxxList", &[], &rows.concat()));
    assert!(class == ListClass::Queries);
    let said: Vec<_> = items
        .iter()
        .map(|item| (item.slip.as_str(), item.line, item.outcome.as_ref().map(|o| (o.verdict, o.accounts.len())).ok()))
        .collect();
    assert_eq!(
        said,
        [
            ("X1", Some(0), Some((Verdict::Done, 2))),
            ("X2", Some(0), Some((Verdict::NoSuchCustomer, 0))),
            ("X3", Some(0), None),
            ("X4", Some(0), Some((Verdict::Refused, 0))),
        ]
    );
}

#[test]
fn controls_that_come_through_the_operation_for_queries_are_controls() {
    let rows = element("kzxx", &[("BDHM", "X1"), ("CCXH", "1"), ("KZZT", "1")], "");
    let (class, items) = fed_back("shfeedXzcxInfo", &element("kzxxList", &[], &rows));
    assert!(class == ListClass::Controls && items.len() == 1);
    let apart = |fields: &[(&str, &str)]| element("wlxxList", &[], &element("wlxx", fields, ""));
    let (_, items) = fed_back("shfeedXzcxwlxxInfo", &apart(&[("WLXH", "1")]));
    assert_eq!(items[0].outcome.as_ref().err().unwrap().chinese(), "缺少BDHM");
    let (_, items) =
        fed_back("shfeedXzcxwlxxInfo", &apart(&[("BDHM", "X1"), ("WLXH", "1"), ("ZJLX", "01"), ("XTZD", "新")]));
    let outcome = items[0].outcome.as_ref().unwrap();
    assert!(outcome.in_part && outcome.verdict == Verdict::Registered, "transactions end no question");
    let told: Vec<_> =
        outcome.findings[0].details.iter().map(|d| (d.name.as_str(), d.value.expose().as_str())).collect();
    assert_eq!(told, [("sequence", "1"), ("direction", "01"), ("xtzd", "新")]);
    let back = element("htxxList", &[], &element("htxx", &[("BDHM", "X1"), ("XCHTYY", "无文书编号")], ""));
    let (_, items) = fed_back("shfeedXzkzInfo", &back);
    assert!(items[0].outcome.as_ref().is_ok_and(|outcome| outcome.verdict == Verdict::HandedBack));
    assert!(matches!(call("shfeedXzkzInfo", "<other/>").err(), Some(FaceFault::Malformed(_))));
}

#[test]
fn receipts_go_with_the_first_line_of_their_slip() {
    let pdf = STANDARD.encode(b"%PDF-1.4\n");
    let receipt = |slip: &str, md5: &str, body: &str| {
        let fields: String = [("BDHM", slip), ("WJMC", "回执.pdf"), ("WJLX", "pdf"), ("MD5", md5)]
            .iter()
            .map(|(f, t)| format!(" {f}='{}'", b64(t)))
            .collect();
        format!("<hzxx{fields} WSNR='{body}'/>")
    };
    let line = |slip, line| element("kzxx", &[("BDHM", slip), ("CCXH", line), ("KZZT", "1")], "");
    let rows = [line("X1", "1"), line("X1", "2"), line("X2", "1"), line("X3", "1")].concat();
    let receipts = [
        receipt("X1", "6446A98080F5E51AB7F0ABC0E8EDA635", &pdf),
        receipt("X1", "00000000000000000000000000000000", &pdf),
        receipt("X2", "", &pdf),
        receipt("X3", "", "*"),
        receipt("X9", "", &pdf),
    ];
    let whole = format!("<r><kzxxList>{rows}</kzxxList><hzxxList>{}</hzxxList></r>", receipts.concat());
    let (_, items) = fed_back("shfeedXzkzInfo", &whole);
    let fits: Vec<_> = items
        .iter()
        .map(|item| {
            item.outcome.as_ref().ok().map(|o| o.replies.iter().map(|reply| reply.md5_fits).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(fits, [Some(vec![true, false]), Some(vec![]), Some(vec![true]), None, None]);
    assert_eq!(items[0].outcome.as_ref().unwrap().replies[0].bytes.expose(), b"%PDF-1.4\n");
    assert_eq!(items[4].slip, "X9");
}

#[test]
fn a_sealed_answer_of_8_mib_comes_through_both_of_its_covers() {
    let pdf = [b"%PDF-1.4\n".as_slice(), &vec![b'8'; 8 << 20]].concat();
    let receipt = format!("<hzxx BDHM='{}' WJLX='{}' WSNR='{}'/>", b64("X1"), b64("pdf"), STANDARD.encode(&pdf));
    let row = element("kzxx", &[("BDHM", "X1"), ("CCXH", "1"), ("KZZT", "1")], "");
    let (_, items) = fed_back("shfeedXzkzInfo", &format!("<r>{row}{receipt}</r>"));
    assert!(*items[0].outcome.as_ref().unwrap().replies[0].bytes.expose() == pdf);
}

#[test]
fn rows_for_one_line_that_contradict_each_other_are_all_refused_and_the_same_twice_is_not() {
    let row = |line: &str, word: &str, sum: &str| {
        element("kzxx", &[("BDHM", "X1"), ("CCXH", line), ("KZZT", word), ("SKJE", sum)], "")
    };
    let told = |rows: &[String]| {
        let (_, items) = fed_back("shfeedXzkzInfo", &element("kzxxList", &[], &rows.concat()));
        items.into_iter().map(|item| item.outcome.map(|outcome| outcome.verdict)).collect::<Vec<_>>()
    };
    let differ = || Err(Flaw::RowsDiffer.into());
    let rows = [row("1", "1", "300"), row("2", "1", "5"), row("1", "2", "0")];
    assert_eq!(told(&rows), [differ(), Ok(Verdict::Done), differ()]);
    assert_eq!(told(&[row("1", "1", "300"), row("1", "1", "200")]), [differ(), differ()], "sums differ");
    assert_eq!(told(&[row("1", "1", "300"), row("1", "1", "300.00")]), [Ok(Verdict::Done), Ok(Verdict::Done)]);
    let unread = told(&[row("1", "1", "300"), row("1", "9", "300")]);
    assert!(
        unread.iter().all(Result::is_err),
        "of two rows one that cannot be read leaves open what is meant: {unread:?}"
    );
}

#[test]
fn envelopes_are_read_as_partners_write_them() {
    let (one, two) = (b64(&credential()), b64(&element("bdhminfo", &[], &element("condition", &[("bdhm", "X1")], ""))));
    let (head, tail) = ("<S:Envelope xmlns:S='s'><S:Header><x/></S:Header><S:Body>", "</S:Body></S:Envelope>");
    for body in [
        format!("{head}<n:kzwsInfo xmlns:n='u'><arg0>{one}</arg0><arg1>{two}</arg1></n:kzwsInfo>{tail}"),
        format!("{head}<kzwsInfo><arg1>{two}</arg1><arg0>{one}</arg0></kzwsInfo>{tail}"),
        format!(
            "{head}<kzwsInfo><usermarker><![CDATA[{one}]]></usermarker><bdhminfo>\n {two}\n</bdhminfo></kzwsInfo>{tail}"
        ),
        format!(
            "<?xml version='1.0' encoding='GBK'?>{head}<!-- c --><KZWSINFO><arg0>{one}</arg0><arg1>{two}</arg1></KZWSINFO>{tail}"
        ),
    ] {
        let call = hub().decode(body.as_bytes()).ok().unwrap();
        assert_eq!((call.username.expose().as_str(), call.password.expose().as_str()), ("YH1", "p"));
        assert!(call.operation.eq_ignore_ascii_case("kzwsInfo"));
        assert!(matches!(call.verb, FaceVerb::Papers { key, class: ListClass::Controls } if key == "X1"));
    }
    let old = call("wsInfo", &element("wsbhinfo", &[], &element("condition", &[("WSBH", "W1")], ""))).ok().unwrap();
    assert!(matches!(old.verb, FaceVerb::Papers { key, class: ListClass::Queries } if key == "W1"));
    let scans = call("zjInfo", &element("bdhminfo", &[], &element("condition", &[("BDHM", "X1")], ""))).ok().unwrap();
    assert!(matches!(scans.verb, FaceVerb::Credentials { slip } if slip == "X1"));
}

/// Bodies that are no call, each with a name or number inside that may not come out.
fn hostile() -> Vec<Vec<u8>> {
    let canary = CANARIES.concat();
    let good = envelope("getXzcxList", &[&credential()]);
    let argument = |text: &str| envelope("shfeedXzkzInfo", &[&credential(), text]);
    let mut bodies: Vec<String> = vec![
        String::new(),
        canary.clone(),
        format!("<{canary}/>"),
        format!("<Envelope><Body><{}/></Body></Envelope>", "getXzcxList"),
        format!("<Envelope><Body>{canary}</Body></Envelope>"),
        format!("<Envelope><Body><drop>{canary}</drop></Body></Envelope>"),
        format!("<!DOCTYPE a [<!ENTITY a '{canary}'><!ENTITY b '&a;&a;'>]>{good}"),
        format!("<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>{good}"),
        good.replace("<arg0>", "<arg0>&a;"),
        good.replace("<arg0>", "<arg0>&#xD800;"),
        good.replace("<arg0>", &format!("<arg0>{canary}")),
        good.replace("</e:Body>", ""),
        "<a>".repeat(100_000),
        envelope("getXzcxList", &[&"<a>".repeat(100_000)]),
        envelope("getXzcxList", &["<usermarker/>"]),
        envelope("getXzcxList", &[&element("condition", &[("username", &"u".repeat(300))], "")]),
        envelope("shfeedXzkzInfo", &[&credential()]),
        argument(&canary),
        argument(&format!("<kzxxList>{canary}")),
        argument(&format!("<!DOCTYPE a [<!ENTITY a '{canary}'>]><kzxxList/>")),
        argument(&format!("<a>{}</a>", "<b/>".repeat(100_000))),
        argument("<?xml version='1.0' encoding='KOI8-R'?><kzxxList/>"),
        envelope("kzwsInfo", &[&credential(), "<bdhminfo/>"]),
        envelope("kzwsInfo", &[&credential(), "<i><condition BDHM='MQ=='/><condition BDHM='Mg=='/></i>"]),
        envelope("htInfo", &[&credential(), "<kzxxList/>"]),
        good.replace("<arg0>", &format!("<arg0>{}", "A".repeat(CALL_BYTES_MAX))),
    ];
    bodies.push(format!("<Envelope{}/>", (0..10_000).map(|n| format!(" a{n}=''")).collect::<String>()));
    let mut bytes: Vec<Vec<u8>> = bodies.into_iter().map(String::into_bytes).collect();
    bytes.push(vec![0xff; 1_000]);
    bytes.push([0xfeff_u16, 0xd800, 0x3c].into_iter().flat_map(u16::to_le_bytes).collect());
    bytes
}

#[test]
fn hostile_bytes_are_typed_faults_that_echo_nothing() {
    for body in hostile() {
        let Err(fault) = hub().decode(&body) else {
            panic!("read: {}", String::from_utf8_lossy(&body[..body.len().min(99)]))
        };
        let reply = hub().face.fault(&fault);
        let shown = format!("{fault:?}{}", String::from_utf8_lossy(&reply.bytes));
        assert!(CANARIES.iter().all(|canary| !shown.contains(canary)), "{shown}");
        assert!(reply.status >= 400 && shown.contains("<S:Fault>"));
    }
    let too_large = hub().decode(&vec![b' '; CALL_BYTES_MAX + 1]).err().unwrap();
    assert_eq!(hub().face.fault(&too_large).status, 413);
    let unknown = hub().decode(envelope("drop", &[&credential()]).as_bytes()).err().unwrap();
    assert_eq!(unknown, FaceFault::UnknownOperation);
}

#[test]
fn reasons_for_the_partner_show_nothing_of_its_customer() {
    let row = format!("<zhxx BDHM='WDE=' KHZH='{}' YE='{}'/>", b64(ACCOUNT), b64(ACCOUNT.repeat(2).as_str()));
    let (_, items) = fed_back("shfeedXzcxInfo", &element("zhxxList", &[], &row));
    let reason = items[0].outcome.as_ref().err().unwrap().chinese();
    assert!(!reason.contains(ACCOUNT) && reason.contains("YE"), "{reason}");
}

/// The packed answer inside an envelope.
pub(super) fn returned(bytes: &[u8]) -> Packed<'static> {
    let text = std::str::from_utf8(bytes).unwrap();
    Packed::read(text.split("<return>").nth(1).unwrap().split("</return>").next().unwrap(), dialect()).unwrap()
}

fn listed(operation: &'static str, slips: Vec<Slip>) -> Packed<'static> {
    returned(&hub().encode(operation, &FaceAnswer::List(slips)).bytes)
}

#[test]
fn lists_carry_our_number_and_every_line_and_leave_out_what_cannot_be_said() {
    let packed = listed("getXzcxList", vec![slip(ActKind::Query)]);
    let row = packed.values(&packed.root.children[0]);
    assert_eq!(
        (row.text("BDHM").unwrap(), row.text("WSBH").unwrap()),
        ("X2026112200000000012".into(), "X2026112200000000012".into())
    );
    let mut several = slip(ActKind::Freeze);
    for (number, kind) in [(2, ActKind::Renew), (3, ActKind::Release), (4, ActKind::Deduct)] {
        let mut line = slip(kind).lines.remove(0);
        line.line = number;
        several.lines.push(line);
    }
    let mut without_amount = slip(ActKind::Freeze);
    without_amount.lines[0].amount = None;
    let without_destination = with_case(slip(ActKind::Deduct), |case| case.account = None);
    let packed = listed("getXzkzList", vec![without_amount, several, without_destination]);
    assert_eq!(packed.root.children.len(), 1);
    let lines = &packed.root.children[0].children[0].children;
    let said: Vec<_> = lines
        .iter()
        .map(|line| packed.values(line))
        .map(|v| [v.text("CCXH").unwrap(), v.text("KZCS").unwrap(), v.text("JE").unwrap()].join(" "))
        .collect();
    assert_eq!(said, ["1 01 18000.00", "2 02 ", "3 04 ", "4 06 8000.00"]);
    let deduct = packed.values(&lines[3]);
    assert_eq!(
        (deduct.text("ZXKZHZH").unwrap(), deduct.text("YDJDH").unwrap()),
        ("2010000000001234".into(), "A20261120E0200000001".into())
    );
    let mut ours = slip(ActKind::Release);
    ours.lines[0].original.as_mut().unwrap().slip = "X2026112000000000007-1".to_owned();
    let packed = listed("getXzkzList", vec![ours]);
    let line = packed.values(&packed.root.children[0].children[0].children[0]);
    assert_eq!(line.text("YDJDH").unwrap(), "X2026112000000000007");
}

#[test]
fn a_list_never_passes_its_cap_and_is_empty_when_nothing_waits() {
    let mut long = slip(ActKind::Query);
    long = with_case(long, |case| case.court.name = "F".repeat(2_000_000));
    let bytes = hub().encode("getXzcxList", &FaceAnswer::List(vec![long; 9])).bytes;
    assert!(bytes.len() < ANSWER_BYTES_MAX * 4 / 3 + 1_000);
    assert_eq!(returned(&bytes).root.children.len(), 3);
    assert!(listed("getXzkzList", Vec::new()).root.children.is_empty());
}

#[test]
fn rare_characters_keep_their_identity() {
    let rare = "𬭚䶮㐂";
    let packed =
        listed("getXzcxList", vec![with_case(slip(ActKind::Query), |case| case.parties[0].name = rare.into())]);
    let raw = decode_base64(packed.root.children[0].attribute("XM").unwrap()).unwrap();
    assert_eq!(encoding_rs::GB18030.decode(&raw).0, rare, "four bytes where two do not do");
}

#[test]
fn verdicts_are_one_a_slip_and_fail_if_any_line_does() {
    let verdict =
        |slip: &str, taken: Result<(), Flaw>| ItemVerdict { slip: slip.to_owned(), taken: taken.map_err(Flaw::into) };
    let verdicts = vec![
        verdict("X1", Ok(())),
        verdict("X2", Ok(())),
        verdict("X1", Err(Flaw::SlipUnknown)),
        verdict("X1", Err(Flaw::Withdrawn)),
    ];
    let packed = returned(&hub().encode("htInfo", &FaceAnswer::Verdicts(verdicts)).bytes);
    assert_eq!(packed.root.attribute("errMsg"), Some(""));
    let rows = &packed.root.child("htjglist").unwrap().children;
    let said: Vec<_> = rows
        .iter()
        .map(|row| packed.values(row))
        .map(|v| [v.text("BDHM").unwrap(), v.text("RESULT").unwrap(), v.text("MSG").unwrap()].join(" "))
        .collect();
    assert_eq!(said, ["X1 fail 请求单号不存在", "X2 success "]);
}

#[test]
fn credentials_hold_both_cards_of_each_officer() {
    let slip = slip(ActKind::Query);
    let officer = slip.context.officers[0].clone();
    let scans = vec![paper("work_id_scan", "工作证.jpg")];
    let answer = FaceAnswer::Credentials { slip: "X1".to_owned(), officers: vec![(officer, scans)] };
    let packed = returned(&hub().encode("zjInfo", &answer).bytes);
    let row = packed.values(&packed.root.children[0]);
    assert_eq!((row.text("GZZBM").unwrap(), row.text("GZZWJGS").unwrap()), ("GZ330225001".into(), "jpg".into()));
    assert_eq!(row.file("GZZ").unwrap(), b"%PDF-1.4\n");
    assert_eq!((row.text("GWZBM").unwrap(), row.file("GWZ").unwrap()), ("GW330225001".into(), vec![]));
}

#[test]
fn the_description_names_every_operation_and_the_address() {
    let wsdl = hub().face.description("http://court.example/services/SyyhConvertDataService?a&b");
    let limits = crate::markup::Limits { depth_max: 20, elements_max: 500, attributes_max: 20 };
    let read = crate::markup::Element::read(&wsdl, limits).unwrap();
    let mut found = Vec::new();
    read.all("address", &mut found);
    assert_eq!(found[0].attribute("location"), Some("http://court.example/services/SyyhConvertDataService?a&b"));
    found.clear();
    read.all("operation", &mut found);
    for (operation, _) in INDUSTRY.operations {
        let named = found.iter().filter(|element| element.attribute("name") == Some(*operation)).count();
        assert_eq!(named, 2, "{operation} in port type and binding");
    }
}

proptest::proptest! {
    #[test]
    fn any_body_is_a_call_or_a_fault(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        drop(hub().decode(&bytes));
    }

    #[test]
    fn a_damaged_feedback_is_never_a_panic(at in 0_usize..4_000, byte in proptest::num::u8::ANY) {
        let mut inner = include_str!("../golden/03_shfeedXzcxInfo_argument.inner.xml").as_bytes().to_vec();
        if let Some(place) = inner.get_mut(at) {
            *place = byte;
        }
        let body = envelope("shfeedXzcxInfo", &[&credential()]).replace("</q:", &format!("<arg1>{}</arg1></q:", STANDARD.encode(&inner)));
        drop(hub().decode(body.as_bytes()));
    }

    #[test]
    fn amounts_and_names_survive_a_list(fen in 1_i64..1_000_000_000_000, name in "[^\u{e5e5}\\p{C}\\s]{1,20}") {
        let mut freeze = with_case(slip(ActKind::Freeze), |case| case.parties[0].name = name.as_str().into());
        freeze.lines[0].amount = Some(Money::from_fen(fen));
        let packed = listed("getXzkzList", vec![freeze.clone()]);
        let row = packed.values(&packed.root.children[0]);
        proptest::prop_assert_eq!(row.text("XM").unwrap(), name);
        let line = packed.values(&row.element.children[0].children[0]);
        proptest::prop_assert_eq!(line.money("JE").unwrap(), Some(Money::from_fen(fen)));
        proptest::prop_assert_eq!(line.day("JSRQ").unwrap(), freeze.lines[0].to);
    }
}
