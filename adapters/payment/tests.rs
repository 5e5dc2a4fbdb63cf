//! Payment institutions: wallets, linked cards as leads, and what an order on a wallet looks like.

use domain::outcome::Lead;
use domain::outcome::{AssetKind, FindingClass, LeadClass, Outcome, Reason, Verdict};
use domain::socket::{FaceAnswer, FaceVerb, ItemVerdict, ListClass};
use domain::{ActKind, Money};

use super::{INDUSTRY, PULL, face};
use crate::court_form::packed::{Packed, decode_base64};
use crate::court_form::specimen::{Hub, call, paper, slip};
use crate::dialect::Dialect;

fn hub() -> Hub {
    Hub::of(&PULL, face())
}

fn fed(operation: &str, argument: &str) -> (Outcome, Vec<Lead>) {
    match hub().decode(&call(operation, Some(argument))).ok().unwrap().verb {
        FaceVerb::Feedback { mut items, leads, .. } => (items.remove(0).outcome.unwrap(), leads),
        _ => panic!("not a feedback"),
    }
}

#[test]
fn a_wallet_is_found_with_its_linked_card_as_a_lead() {
    let (outcome, leads) = fed("ifshfeedXzcxInfo", include_str!("golden/01_ifshfeedXzcxInfo_argument.b64").trim_end());
    let [wallet] = outcome.accounts.as_slice() else { panic!("one wallet") };
    assert_eq!((wallet.asset, wallet.class.as_str(), wallet.is_cny()), (AssetKind::Wallet, "余额", true));
    assert_eq!((wallet.balance, wallet.available), (Some(Money::from_fen(35_670)), Some(Money::from_fen(35_670))));
    let told = |name: &str| wallet.details.iter().find(|d| d.name == name).map(|d| d.value.expose().as_str());
    assert_eq!((told("registered_name"), told("registered_id_type")), (Some("王小渔"), Some("身份证")));
    let [card] = leads.as_slice() else { panic!("one card") };
    assert!(card.class == LeadClass::LinkedAccount && card.slip == "A20261120E0400000001" && card.line.is_none());
    assert_eq!(card.serial.expose(), "6217000000000000033");
    let told: Vec<_> = card.details.iter().map(|d| (d.name.as_str(), d.value.expose().as_str())).collect();
    let expected =
        [("account", "6217000000000000033"), ("holder", "王小渔"), ("class", "借记卡"), ("bank", "建设银行象山支行")];
    assert_eq!(told, expected);
}

#[test]
fn a_wallet_says_whose_it_is_by_its_number_and_else_by_its_name() {
    let (outcome, _) = fed("ifshfeedXzcxInfo", include_str!("golden/01_ifshfeedXzcxInfo_argument.b64").trim_end());
    let [owner] = outcome.named.as_slice() else { panic!("one owner") };
    assert!(
        owner.name.expose().is_empty() && !owner.id_number.expose().is_empty(),
        "a name may be one that was chosen"
    );
    let cover = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(encoding_rs::GBK.encode(text).0)
    };
    let row = format!(
        "<zhxxList><zhxx BDHM=\"{}\" KHZH=\"{}\" ZCMC=\"{}\"/></zhxxList>",
        cover("X1"),
        cover("w-1"),
        cover("王*渔")
    );
    let (outcome, _) = fed("ifshfeedXzcxInfo", &cover(&row));
    assert_eq!(outcome.named[0].name.expose(), "王*渔");
}

#[test]
fn further_information_is_a_finding_and_unknown_fields_are_kept() {
    let cover = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(encoding_rs::GBK.encode(text).0)
    };
    let (slip, number) = (cover("X1"), cover("w-1"));
    let inner = format!(
        "<zhxxlist><ZHXX bdhm=\"{slip}\" KHZH=\"{number}\" YE=\"{}\" XINZD=\"{}\" 中=\"{}\"><fjxxList><fjxx BDSJH=\"{}\" FJXX=\"{}\"/></fjxxList></ZHXX></zhxxlist>",
        cover("12.3456"),
        cover("新字段"),
        cover("x"),
        cover("13800000000"),
        cover("绑定手机")
    );
    let (outcome, leads) = fed("ifshfeedXzcxInfo", &cover(&inner));
    let wallet = &outcome.accounts[0];
    assert_eq!(wallet.balance.unwrap().units(), 123_456);
    assert_eq!((wallet.details[0].name.as_str(), wallet.details[0].value.expose().as_str()), ("xinzd", "新字段"));
    assert_eq!((wallet.details.len(), leads.len()), (1, 0));
    let [found] = outcome.findings.as_slice() else { panic!("one finding") };
    assert_eq!((found.class, found.details[1].name.as_str()), (FindingClass::Contact, "bound_phone"));
}

#[test]
fn an_order_on_a_wallet_is_written_to_the_byte() {
    let mut several = slip(ActKind::Freeze);
    let mut deduct = slip(ActKind::Deduct).lines.remove(0);
    deduct.line = 2;
    several.lines.push(deduct);
    let answer = hub().encode("ifgetXzkzList", &FaceAnswer::List(vec![several]));
    let written = String::from_utf8(answer.bytes).unwrap();
    assert_eq!(written, include_str!("golden/ifgetXzkzList_reply.xml").trim_end());
    let packed = written.split("<return>").nth(1).unwrap().split('<').next().unwrap();
    let dialect = Dialect::of(&INDUSTRY);
    let packed = Packed::read(packed, &dialect).unwrap();
    let row = packed.values(&packed.root.children[0]);
    assert_eq!((row.text("LB").unwrap().as_str(), row.text("XM").unwrap().as_str()), ("IF", "王小渔"));
}

#[test]
fn the_nine_operations_are_known_with_and_without_their_prefix() {
    let dialect = Dialect::of(&INDUSTRY);
    assert_eq!(INDUSTRY.operations.len(), 9);
    for (name, purpose) in INDUSTRY.operations {
        assert_eq!(dialect.purpose(&INDUSTRY, name), Some(*purpose));
        assert_eq!(dialect.purpose(&INDUSTRY, name.strip_prefix("if").unwrap()), Some(*purpose), "{name}");
    }
    assert!(matches!(hub().decode(&call("ifgetXzcxList", None)).unwrap().verb, FaceVerb::List(ListClass::Queries)));
    assert!(hub().decode(&call("gjjgetXzcxList", None)).is_err());
}

#[test]
fn a_wallet_is_answered_for_in_the_form_of_a_bank() {
    use crate::court_form::feedback;
    let inner = include_str!("../bank/golden/07_shfeedXzkzInfo_argument_partly.b64").trim_end();
    let dialect = Dialect::of(&INDUSTRY);
    let packed = Packed::read(inner, &dialect).unwrap();
    let fed = feedback::read(&packed, ListClass::Controls, AssetKind::Wallet).unwrap();
    let outcome = fed.items[0].outcome.as_ref().unwrap();
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Done, Some(Reason::PriorRight)));
}

#[test]
fn denials_and_refusals_are_spelled_as_each_reply_spells_them() {
    let denied = face();
    let denied = domain::socket::Face::deny(&denied, "ifhtInfo", "用户名或密码错误");
    let shown = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap().to_owned();
        let packed = text.split("<return>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        String::from_utf8(decode_base64(&packed).unwrap()).unwrap()
    };
    assert!(shown(&denied.bytes).starts_with("<result errMsg=\""));
    let verdicts = vec![ItemVerdict { slip: "X9".to_owned(), taken: Err(domain::Flaw::SlipUnknown.into()) }];
    let told = shown(&hub().encode("ifshfeedXzkzInfo", &FaceAnswer::Verdicts(verdicts)).bytes);
    assert!(told.starts_with("<result errorMsg=\"\"><cxjglist><jg BDHM=\"WDk=\" RESULT=\"ZmFpbA==\" MSG=\""), "{told}");
    let papers = FaceAnswer::Papers { key: "X1".to_owned(), files: vec![paper("ruling", "裁定书.pdf")] };
    assert!(shown(&hub().encode("ifcxwsInfo", &papers).bytes).contains(" WSBH=\"WDE=\""));
    assert!(shown(&hub().encode("ifkzwsInfo", &papers).bytes).contains(" BDHM=\"WDE=\""));
}
