//! Registries: units found with what stands on them, seals queued and taken back, notices with their transferees.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::form::TextBytes;
use domain::outcome::{AssetKind, Detail, Reason, Verdict};
use domain::slip::Slip;
use domain::socket::{
    Face as _, FaceAnswer, FaceFault, FaceVerb, FeedbackItem, ItemVerdict, ListClass, PartnerOptions,
};
use domain::{ActKind, Personal};

use super::{INDUSTRY, PULL, face, feedback};
use crate::court_form::packed::{Packed, decode_base64};
use crate::court_form::specimen::{Hub, paper, slip};
use crate::dialect::Dialect;

const UNIT: &str = "330225001001GB00001F00010001";
const TITLE: &str = "浙(2018)象山县不动产权第0001234号";

fn hub() -> Hub {
    Hub::of(&PULL, face())
}

fn tag(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", STANDARD.encode(text))
}

fn row(name: &str, fields: &[(&str, &str)], inside: &str) -> String {
    let fields: String = fields.iter().map(|(field, text)| tag(field, text)).collect();
    format!("<{name}>{fields}{inside}</{name}>")
}

fn message(data: &str) -> String {
    format!("<Message><Head><RESPONSECODE/></Head><Data>{data}</Data></Message>")
}

fn envelope(operation: &str, argument: Option<&str>) -> Vec<u8> {
    let marker = row("CONDITION", &[("USERNAME", "IP330225"), ("PASSWORD", "not-a-secret")], "");
    let marker = STANDARD.encode(format!("<USERMARKER>{marker}</USERMARKER>"));
    let argument = argument.map(|text| format!("<feedbackinfo>{}</feedbackinfo>", STANDARD.encode(text)));
    format!("<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><q:{operation} xmlns:q='u'><usermarker>{marker}</usermarker>{}</q:{operation}></e:Body></e:Envelope>", argument.unwrap_or_default()).into_bytes()
}

fn fed(argument: &str) -> (Vec<FeedbackItem>, Vec<(usize, Personal<String>)>) {
    match hub().decode(&envelope("feedkzBdcQL", Some(argument))).ok().unwrap().verb {
        FaceVerb::Feedback { items, assets, .. } => (items, assets),
        _ => panic!("not a feedback"),
    }
}

fn detail(name: &str, value: &str) -> Detail {
    Detail { name: name.to_owned(), value: Personal::new(value.to_owned()) }
}

fn order(kind: ActKind) -> Slip {
    let base = match kind {
        ActKind::TransferNotice => ActKind::Freeze,
        kind => kind,
    };
    let mut slip = slip(base);
    let line = &mut slip.lines[0];
    line.kind = kind;
    if kind != ActKind::Query {
        line.account = Some(Personal::new(UNIT.to_owned()));
        line.details = vec![
            detail("title_number", TITLE),
            detail("right_type", "FDCQ"),
            detail("location", "象山县石浦镇虚构路1号"),
        ];
    }
    if kind == ActKind::TransferNotice {
        line.amount = None;
        for (name, value) in [
            ("transferee", "李小帆"),
            ("transferee_id_number", "330225189311030423"),
            ("transferee_2", "张阿礁"),
            ("transferee_id_type_2", "01"),
            ("transferee_id_number_2", "330225189506120170"),
        ] {
            line.details.push(detail(name, value));
        }
    }
    slip
}

fn returned(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap();
    let packed = text.split("<return>").nth(1).unwrap().split('<').next().unwrap();
    String::from_utf8(decode_base64(packed).unwrap()).unwrap()
}

#[test]
fn credentials_come_in_capital_elements_or_in_attributes_covered_or_not() {
    let call = face().decode(&envelope("cxBdcQL", None)).unwrap();
    let shown: Vec<_> = call.credentials.iter().map(|shown| shown.username.expose().as_str()).collect();
    assert_eq!(shown, ["IP330225", &STANDARD.encode("IP330225")]);
    let marker = STANDARD.encode("<usermarker><condition username='IP-1' password='p w'/></usermarker>");
    let plain = String::from_utf8(envelope("cxBdcQL", None)).unwrap();
    let old = plain.split("<usermarker>").nth(1).unwrap().split('<').next().unwrap();
    let call = face().decode(plain.replace(old, &marker).as_bytes()).unwrap();
    let last = call.credentials.last().unwrap();
    assert_eq!((last.username.expose().as_str(), last.password.expose().as_str()), ("IP-1", "p w"));
    assert!(matches!(face().decode(b"<a/>").err(), Some(FaceFault::Malformed(_))));
}

#[test]
fn lists_are_written_to_the_byte() {
    let mut sealed = order(ActKind::Freeze);
    let mut release = order(ActKind::Release).lines.remove(0);
    release.line = 2;
    release.details.push(detail("seal_number", "CF2026000001"));
    let mut renew = order(ActKind::Renew).lines.remove(0);
    renew.line = 3;
    let mut notice = order(ActKind::TransferNotice).lines.remove(0);
    notice.line = 4;
    sealed.lines.extend([release, renew, notice]);
    let written = hub().encode("kzBdcQL", &FaceAnswer::List(vec![sealed])).bytes;
    assert_eq!(returned(&written), include_str!("golden/kzBdcQL_reply.xml").trim_end());
    let written = hub().encode("cxBdcQL", &FaceAnswer::List(vec![order(ActKind::Query)])).bytes;
    assert_eq!(returned(&written), include_str!("golden/cxBdcQL_reply.xml").trim_end());
}

#[test]
fn half_an_order_is_not_written() {
    let mut without_buyer = order(ActKind::TransferNotice);
    without_buyer.lines[0].details.clear();
    let mut without_number = order(ActKind::TransferNotice);
    without_number.lines[0].details.retain(|detail| detail.name != "transferee_id_number");
    let mut without_unit = order(ActKind::Freeze);
    without_unit.lines[0].account = None;
    let mut without_original = order(ActKind::Release);
    without_original.lines[0].original = None;
    let slips = vec![without_buyer, without_number, without_unit, without_original];
    let unsaid = slips.clone();
    let written = returned(&hub().encode("kzBdcQL", &FaceAnswer::List(slips)).bytes);
    assert!(written.ends_with("<Data><BDCKZQQLIST></BDCKZQQLIST></Data></Message>"), "{written}");
    assert!(unsaid.iter().all(|slip| !hub().can_write(slip)) && hub().can_write(&order(ActKind::Freeze)));
}

#[test]
fn units_are_found_with_seals_and_mortgages_on_them() {
    let (items, _) = fed(include_str!("golden/feedBdcQL_argument.xml").trim_end());
    let [item] = items.as_slice() else { panic!("one item") };
    let outcome = item.outcome.as_ref().unwrap();
    assert_eq!((item.slip.as_str(), item.line, outcome.verdict), ("X2026112200000000012", Some(0), Verdict::Done));
    let [house, land] = outcome.accounts.as_slice() else { panic!("two units") };
    assert_eq!(
        (house.asset, house.class.as_str(), house.number.expose().as_str()),
        (AssetKind::RealEstate, "房地产权", UNIT)
    );
    assert_eq!(house.branch, "象山县不动产登记中心");
    let told = |name: &str| house.details.iter().find(|d| d.name == name).map(|d| d.value.expose().as_str());
    assert_eq!((told("title_number"), told("floor_area"), told("xinzd")), (Some(TITLE), Some("98.5"), Some("新")));
    let ahead: Vec<_> = house.ahead.iter().map(|measure| measure.organ.expose().as_str()).collect();
    assert_eq!(ahead, ["宁海县人民法院", "某银行象山支行"]);
    assert_eq!(house.ahead[0].to.unwrap().to_string(), "2028-05-01");
    assert!(house.ahead[1].amount.is_some() && land.ahead.is_empty());
}

#[test]
fn nothing_found_and_a_failure_are_two_answers() {
    let one = |fields: &[(&str, &str)], inside: &str| {
        let (mut items, _) = fed(&message(&row("BDCCXJG", fields, inside)));
        items.remove(0).outcome
    };
    let none = one(&[("CXQQDH", "X1"), ("RESULT", "0000")], "<FDCQLIST/><FDCQ/>").unwrap();
    assert_eq!(none.verdict, Verdict::NoSuchCustomer);
    let failed = one(&[("CXQQDH", "X1"), ("RESULT", "2040"), ("MESSAGE", "姓名与证件不匹配")], "").unwrap();
    assert_eq!((failed.verdict, failed.reason), (Verdict::Refused, Some(Reason::NameMismatch)));
    assert!(one(&[("RESULT", "0000")], "").is_err());
    let right = row("FDCQ", &[("BDCDYH", UNIT)], "");
    assert!(one(&[("CXQQDH", "X1")], "").is_err(), "that nothing was found must be said");
    assert!(one(&[("CXQQDH", "X1")], &right).is_ok());
    let words = row("FDCQ", &[("BDCDYH", "查无不动产")], "");
    assert!(one(&[("CXQQDH", "X1"), ("RESULT", "0000")], &words).is_err(), "words are no unit");
    assert!(one(&[("CXQQDH", "X1"), ("RESULT", "2040")], &right).is_err(), "one of the two is wrong");
    let (items, _) = fed(&message(""));
    assert!(items.len() == 1 && items[0].outcome.is_err(), "a message that says nothing is told so");
    assert!(one(&[("CXQQDH", "X1"), ("RESULT", "0000")], &row("FDCQ", &[("ZL", "某处")], "")).is_err());
}

#[test]
fn results_of_seals_mean_what_they_say() {
    let seal = row("CFDJ", &[("CFJG", "宁海县人民法院")], "");
    let cases: [(&[(&str, &str)], &str, Verdict, Option<Reason>); 9] = [
        (&[("KZZT", "1"), ("CFYWH", "CF1"), ("CSJSRQ", "2029/11/19")], "", Verdict::Done, None),
        // Behind others: of a seal that it waits, of anything else no more than that others go before.
        (&[("KZZT", "1"), ("BEIZ", "轮候查封")], "", Verdict::Done, Some(Reason::PriorRight)),
        (&[("KZZT", "1")], &seal, Verdict::Done, Some(Reason::PriorRight)),
        (&[("KZZT", "1"), ("WNKZYY", "部分解除失败")], &seal, Verdict::Partly, Some(Reason::PriorRight)),
        (&[("KZZT", "2")], &seal, Verdict::Refused, Some(Reason::PriorRight)),
        (&[("KZZT", "2"), ("WNKZYY", "已有轮候查封3笔，退件")], "", Verdict::Refused, Some(Reason::PriorRight)),
        (&[("KZZT", "1"), ("WNKZYY", "土地已查封，房屋未办证")], "", Verdict::Partly, Some(Reason::PartOfAssets)),
        (&[("KZZT", "2"), ("WNKZYY", "查无此不动产")], "", Verdict::Refused, Some(Reason::NotFound)),
        (&[("KZZT", "2"), ("WNKZYY", "退件：材料不齐")], "", Verdict::Refused, Some(Reason::Other)),
    ];
    for (fields, inside, verdict, reason) in cases {
        let all = [&[("KZQQDH", "X2026112200000000012-3"), ("BDCDYH", UNIT)], fields].concat();
        let data = row("BDCKZJG", &[("CXQQDH", "X2026112200000000012")], &row("KZXX", &all, inside));
        let (mut items, assets) = fed(&message(&row("BDCFKLIST", &[], &data)));
        let item = items.remove(0);
        assert_eq!((item.slip.as_str(), item.line), ("X2026112200000000012", Some(3)));
        let outcome = item.outcome.unwrap();
        assert_eq!((outcome.verdict, outcome.reason), (verdict, reason), "{fields:?}");
        let waits = outcome.caught == Some(domain::Money::ZERO);
        assert_eq!(waits, fields[0].1 == "1" && reason == Some(Reason::PriorRight), "{fields:?}");
        assert!(assets.is_empty());
    }
    let other = row("KZXX", &[("KZQQDH", "X2026112200000000099-3"), ("KZZT", "1")], "");
    let data = row("BDCKZJG", &[("CXQQDH", "X2026112200000000012")], &other);
    assert!(fed(&message(&data)).0[0].outcome.is_err(), "a line of another slip");
    for (word, is_taken) in [("1", false), ("2", true)] {
        let line = row("KZXX", &[("KZQQDH", "X2026112200000000012-3"), ("KZZT", word)], "");
        let data = row("BDCKZJG", &[("CXQQDH", "X2026112200000000012"), ("RESULT", "2040")], &line);
        assert_eq!(fed(&message(&data)).0[0].outcome.is_ok(), is_taken, "RESULT and KZZT {word}");
    }
    for fields in [&[("KZZT", "3")][..], &[], &[("KZZT", "1"), ("CSJSRQ", "2027/02/30")]] {
        let data = row("BDCKZJG", &[("CXQQDH", "X1")], &row("KZXX", fields, ""));
        assert!(fed(&message(&data)).0[0].outcome.is_err(), "{fields:?}");
    }
}

#[test]
fn a_row_without_a_line_names_its_unit_and_the_receipt_goes_with_the_first() {
    let (items, assets) = fed(include_str!("golden/feedkzBdcQL_argument.xml").trim_end());
    let lines: Vec<_> = items.iter().map(|item| item.line).collect();
    assert_eq!(lines, [None, None]);
    let named: Vec<_> = assets.iter().map(|(place, asset)| (*place, asset.expose().as_str())).collect();
    assert_eq!(named, [(0, UNIT), (1, TITLE)]);
    let replies =
        |item: &FeedbackItem| item.outcome.as_ref().unwrap().replies.iter().map(|r| r.md5_fits).collect::<Vec<_>>();
    assert_eq!((replies(&items[0]), replies(&items[1])), (vec![true], vec![]));
    let whole = row("BDCKZJG", &[("CXQQDH", "X1"), ("RESULT", "2040"), ("MESSAGE", "无协助执行通知书")], "");
    let (items, assets) = fed(&message(&whole));
    let outcome = items[0].outcome.as_ref().unwrap();
    assert_eq!((items[0].line, outcome.verdict, outcome.reason), (None, Verdict::Refused, Some(Reason::PaperMissing)));
    assert!(assets.is_empty());
    let alone = row("HZXXLIST", &[], &row("HZXX", &[("CXQQDH", "X1"), ("WJMC", "回执.pdf")], "<WSNR>JVBERi0=</WSNR>"));
    assert!(fed(&message(&alone)).0[0].outcome.is_err());
}

#[test]
fn papers_scans_hand_backs_and_verdicts_speak_in_elements() {
    let condition = |name: &str| format!("<WSBHINFO>{}</WSBHINFO>", row("CONDITION", &[(name, "X1")], ""));
    let verb = |operation: &str, argument: &str| hub().decode(&envelope(operation, Some(argument))).ok().unwrap().verb;
    assert!(
        matches!(verb("cxwsInfo", &condition("WSBH")), FaceVerb::Papers { key, class: ListClass::Queries } if key == "X1")
    );
    assert!(
        matches!(verb("kzwsInfo", &condition("CXQQDH")), FaceVerb::Papers { key, class: ListClass::Controls } if key == "X1")
    );
    assert!(matches!(verb("zjInfo", &condition("BDHM")), FaceVerb::Credentials { slip } if slip == "X1"));
    let back = message(&row("HTXXLIST", &[], &row("HTXX", &[("CXQQDH", "X1"), ("XCHTYY", "无文书编号")], "")));
    let FaceVerb::HandBack(items) = verb("htInfo", &back) else { panic!("a hand-back") };
    assert_eq!(items[0].outcome.as_ref().unwrap().reason, Some(Reason::PaperMissing));
    let verdicts = vec![
        ItemVerdict { slip: "X1".to_owned(), taken: Ok(()) },
        ItemVerdict { slip: "X2".to_owned(), taken: Err(domain::Flaw::SlipUnknown.into()) },
    ];
    let told = returned(&hub().encode("feedkzBdcQL", &FaceAnswer::Verdicts(verdicts)).bytes);
    let rows = row("JG", &[("CXQQDH", "X1"), ("RESULT", "success"), ("MSG", "")], "")
        + &row("JG", &[("CXQQDH", "X2"), ("RESULT", "fail"), ("MSG", "请求单号不存在")], "");
    assert!(told.contains(&format!("<Data><JGLIST>{rows}</JGLIST></Data>")), "{told}");
    let files = FaceAnswer::Papers { key: "X1".to_owned(), files: vec![paper("ruling", "裁定书.pdf")] };
    let told = returned(&hub().encode("kzwsInfo", &files).bytes);
    assert!(told.contains(&format!("{}<WSNR>JVBERi0xLjQK</WSNR>", tag("WSLB", "执行裁定书"))), "{told}");
    let officer = order(ActKind::Query).context.officers[0].clone();
    let scans = vec![paper("work_id_scan", "工作证.jpg")];
    let answer = FaceAnswer::Credentials { slip: "X1".to_owned(), officers: vec![(officer, scans)] };
    let told = returned(&hub().encode("zjInfo", &answer).bytes);
    assert!(told.contains(&format!("{}<GZZ>JVBERi0xLjQK</GZZ>", tag("GZZWJGS", "jpg"))), "{told}");
    let denied = returned(&hub().encode("cxBdcQL", &FaceAnswer::Denied("系统繁忙".to_owned())).bytes);
    assert!(denied.starts_with(&format!("<Message ErrorMSG=\"{}\">", STANDARD.encode("系统繁忙"))), "{denied}");
}

#[test]
fn a_dialect_may_cover_nothing_and_write_attributes() {
    let mut dialect = Dialect::of(&INDUSTRY);
    dialect.values_covered = false;
    let plain = message("<BDCKZJG><CXQQDH>X1</CXQQDH><KZXX KZQQDH='1' KZZT='1' WNKZYY='无'/></BDCKZJG>");
    let packed = Packed::read_inner(plain.as_bytes(), &dialect).unwrap();
    let (items, _) = feedback::read(&packed).unwrap();
    assert_eq!((items[0].line, items[0].outcome.as_ref().unwrap().verdict), (Some(1), Verdict::Done));
    dialect.fields_in_elements = false;
    let written = super::list::list(&dialect, ListClass::Queries, &[order(ActKind::Query)]);
    let written = String::from_utf8(decode_base64(&written).unwrap()).unwrap();
    assert!(written.contains("<BDCCXQQ CXQQDH=\"X2026112200000000012\" LB=\"IP\" XZ=\"1\" XM=\"王小渔\""), "{written}");
}

#[test]
fn the_form_of_a_registry_counts_in_utf8() {
    let form = (PULL.form)(&PartnerOptions::default());
    assert!(
        form.text == TextBytes::Utf8 && form.papers.contains(&(ActKind::TransferNotice, vec!["ruling".to_owned()]))
    );
}

proptest::proptest! {
    #[test]
    fn a_damaged_feedback_is_never_a_panic(at in 0_usize..4_000, byte in proptest::num::u8::ANY) {
        let mut inner = include_str!("golden/feedkzBdcQL_argument.xml").as_bytes().to_vec();
        if let Some(place) = inner.get_mut(at) {
            *place = byte;
        }
        let dialect = Dialect::of(&INDUSTRY);
        if let Ok(packed) = Packed::read_inner(&inner, &dialect) {
            drop(feedback::read(&packed));
        }
    }
}
