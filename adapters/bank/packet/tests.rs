//! The regulator's packets to and from banks to the byte of their members, what is counted, and what nobody takes at its word.

mod late;
mod said;

use std::sync::Arc;

use domain::act::Original;
use domain::outcome::{DETAIL_CHARS_MAX, FINDINGS_MAX, FindingClass, Outcome, Reason, Verdict};
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, Conclusion, Inbound, Judged, PaperFile, Plug};
use domain::{ActKind, Day, Money, Personal};

use super::{ACTS, BANKS, form};
use crate::open::tests::specimen::{self, paper};
use crate::regulator_form::answering::BackReader;
use crate::regulator_form::names::Ends;
use crate::regulator_form::request::request;
use crate::regulator_form::specimen::{message as specimen_message, of_organisation};
use crate::transport::drop::packet::{self, Member};
use crate::transport::drop::sweeper::PacketReader;
use crate::transport::drop::tests::server::partner_options;
use crate::transport::drop::write;

const TARGET: &str = "B0000000000000002";
const ACCOUNT: &str = "6222000000000000017";
/// Of a question, and of an order.
const QUERY: &str = "X202611220000000001200";
const ORDER: &str = "X202611220000000001201";

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/packet/", $name)).trim_end()
    };
}

fn partly() -> &'static str {
    golden!("SS19_partly.xml")
}

fn found() -> &'static str {
    golden!("SS03.xml")
}

fn nobody() -> &'static str {
    golden!("SS04_nobody.xml")
}

fn reception() -> Member {
    Member { name: format!("RR28{ORDER}.xml"), bytes: golden!("RR28.xml").as_bytes().to_vec() }
}

fn refused() -> String {
    golden!("SS20_refused.xml").replace("SS20", "SS19")
}

fn ends() -> Ends {
    Ends { organ: "330225".to_owned(), target: TARGET.to_owned() }
}

fn reader() -> BackReader {
    BackReader { said: &BANKS, ends: ends() }
}

/// What reads the packets of the bank of these tests.
pub(crate) fn packet_reader() -> Arc<dyn PacketReader> {
    Arc::new(reader())
}

fn number_for(class: &str) -> &'static str {
    if matches!(class, "SS03" | "SS04") { QUERY } else { ORDER }
}

/// The name of a packet without `.zip`, which is its password, that answers with a member of that class.
pub(crate) fn packet_name(class: &str, kind: &str) -> String {
    format!("330225{TARGET}{}{kind}", number_for(class))
}

/// The members of an answer of that class whose counts are these.
pub(crate) fn answer_members(class: &str, bytes: &[u8], customers: usize, accounts: usize) -> Vec<Member> {
    let sums = sums(number_for(class), 1, customers, accounts);
    let member = |class: &str, number: &str, bytes: &[u8]| Member {
        name: format!("{class}{number}.xml"),
        bytes: bytes.to_vec(),
    };
    let number = number_for(class);
    vec![member(class, number, bytes), member("EXECRESULT", number, sums.as_bytes())]
}

fn sums(number: &str, answered: usize, customers: usize, accounts: usize) -> String {
    format!(
        "<EXECRESULT QQDBS=\"{number}\" JSRWS=\"1\" FKRWS=\"{answered}\" FKKHS=\"{customers}\" FKZHS=\"{accounts}\" FKJYMXS=\"0\"/>"
    )
}

fn slip(kind: ActKind) -> Slip {
    let account = (kind != ActKind::Query).then_some(ACCOUNT);
    specimen::slip(kind, account)
}

fn files() -> Vec<PaperFile> {
    vec![paper("ruling", "裁定书.PDF"), paper("work_id_scan", "工作证"), paper("duty_id_scan", "公务证.jpg")]
}

fn message(slip: &Slip) -> String {
    specimen_message(&BANKS, &ends(), slip)
}

fn part() -> Slip {
    let mut slip = slip(ActKind::Release);
    slip.lines[0].amount = Some(Money::from_fen(123_456));
    slip
}

/// What a bank leaves under a request.
fn back(class: &str, kind: &str, members: &[Member]) -> Result<Inbound, &'static str> {
    let base = packet_name(class, kind);
    reader().read(&format!("{base}.zip"), &write(members, Some(&base)).unwrap())
}

fn received(message: &str) -> Result<Inbound, &'static str> {
    back("RR28", "RR28", &[Member { name: format!("RR28{ORDER}.xml"), bytes: message.as_bytes().to_vec() }])
}

/// An answer of an order whose counts fit.
fn answered(class: &str, message: &str) -> Result<Inbound, &'static str> {
    back(class, "FK001", &answer_members(class, message.as_bytes(), 0, 1))
}

fn queried(class: &str, message: &str, customers: usize, accounts: usize) -> Result<Inbound, &'static str> {
    back(class, "FK001", &answer_members(class, message.as_bytes(), customers, accounts))
}

fn one(inbound: Result<Inbound, &'static str>) -> Outcome {
    let [item] = <[_; 1]>::try_from(inbound.expect("an answer").feedback).ok().unwrap();
    assert_eq!(item.slip, format!("X2026112200000000012-{}", item.line.unwrap()));
    item.outcome.unwrap()
}

/// A bank whose box is a folder in which nothing stands yet.
fn mailbox() -> (Arc<dyn CallOut>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let entries = [
        ("organ", "330225".to_owned()),
        ("target", TARGET.to_owned()),
        ("folder", folder.path().to_str().unwrap().to_owned()),
        ("settle_ms", "0".to_owned()),
    ];
    let Ok(Plug::CallOut(call)) = super::build(&partner_options(&entries)) else { panic!("a call-out") };
    (call, folder)
}

fn reason(read: Result<Inbound, &'static str>) -> &'static str {
    read.err().expect("a reason")
}

fn yuan(text: &str) -> Option<Money> {
    Some(Money::parse_reported(text).unwrap())
}

#[test]
fn requests_are_sealed_packets_whose_messages_are_these_bytes() {
    for (slip, golden) in [
        (slip(ActKind::Query), golden!("SS01.xml")),
        (of_organisation(slip(ActKind::Query)), golden!("SS02.xml")),
        (slip(ActKind::Freeze), golden!("SS17_freeze.xml")),
        (of_organisation(slip(ActKind::Freeze)), golden!("SS18_freeze.xml")),
        (slip(ActKind::Renew), golden!("SS17_renew.xml")),
        (slip(ActKind::Release), golden!("SS17_release.xml")),
        (part(), golden!("SS17_release_part.xml")),
    ] {
        assert_eq!(message(&slip), golden);
    }
    let sent = request(&BANKS, &ends(), &slip(ActKind::Freeze), &files()).unwrap();
    let base = packet_name("SS17", "");
    assert_eq!(sent.name, format!("{base}.zip"));
    let members = packet::read(&sent.bytes, Some(&base)).unwrap();
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let wanted = [
        format!("SS17{ORDER}.xml"),
        format!("LI25{ORDER}01.pdf"),
        format!("LI26{ORDER}02.bin"),
        format!("LI27{ORDER}03.jpg"),
    ];
    assert_eq!(names, wanted);
    let again = request(&BANKS, &ends(), &slip(ActKind::Freeze), &files()).unwrap();
    assert_eq!(again.bytes, sent.bytes, "a repeat is the same to the byte");
}

#[test]
fn the_page_shows_the_messages_that_are_sent_and_read() {
    let page = include_str!("../../../schemas/partners/bank-packet.md");
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace("> <", "><");
    let page = squeezed(page);
    for golden in [golden!("SS17_freeze.xml"), golden!("RR28.xml"), golden!("EXECRESULT.xml")] {
        let (_, body) = golden.split_once("?>").unwrap();
        assert!(page.contains(body), "{body}");
    }
}

#[test]
fn what_an_act_builds_on_goes_under_the_number_it_had_here() {
    let original = |slip_number: &str| {
        let mut slip = slip(ActKind::Release);
        let case_number = Personal::new("(2026)浙0225执1234号".to_owned());
        slip.lines[0].original = Some(Original { act: None, slip: slip_number.to_owned(), case_number });
        message(&slip)
    };
    let ours = SlipLine { slip: slip(ActKind::Freeze).number, line: 12 };
    assert!(original(&ours.to_string()).contains(" YRWLSH=\"X20261122000000000120C\" "));
    assert!(original("DJ2025-77").contains(" YRWLSH=\"DJ2025-77\" "), "one made over another way keeps its number");
}

#[test]
fn what_the_form_cannot_say_is_not_sent() {
    let sent = |slip: &Slip| request(&BANKS, &ends(), slip, &[]).is_some();
    for kind in ActKind::ALL.iter().filter(|kind| !ACTS.contains(kind)) {
        assert!(!sent(&slip(*kind)), "{}", kind.word());
    }
    let refused = |kind: ActKind, change: fn(&mut domain::slip::Line)| {
        let mut slip = slip(kind);
        change(&mut slip.lines[0]);
        !sent(&slip)
    };
    assert!(refused(ActKind::Freeze, |line| line.amount = None), "the whole account was never ordered");
    assert!(refused(ActKind::Freeze, |line| line.amount = Some(Money::ZERO)));
    assert!(refused(ActKind::Freeze, |line| line.to = None));
    assert!(refused(ActKind::Freeze, |line| line.account = None));
    assert!(refused(ActKind::Renew, |line| line.to = None));
    assert!(refused(ActKind::Renew, |line| line.original = None));
    assert!(refused(ActKind::Release, |line| line.original = None));
    assert!(refused(ActKind::Release, |line| line.amount = Some(Money::ZERO)));
    let mut taking_over = slip(ActKind::Freeze);
    taking_over.lines[0].original.clone_from(&slip(ActKind::Renew).lines[0].original);
    assert!(!sent(&taking_over), "the rank of another organ would be lost");
    let large = PaperFile { bytes: Personal::new(vec![0; 9 << 20]), ..paper("ruling", "裁定书.pdf") };
    assert!(request(&BANKS, &ends(), &slip(ActKind::Freeze), &[large]).is_none());
}

#[test]
fn the_form_asks_for_the_paper_without_which_nothing_is_received() {
    let form = form(&partner_options(&[]));
    for kind in ACTS {
        assert!(form.papers.iter().any(|(of, papers)| of == kind && !papers.is_empty()), "{}", kind.word());
    }
    assert!(form.two_officers && form.credential_scans && !form.part_release.is_read());
}

#[test]
fn a_reception_says_received_or_hands_back() {
    let told = one(received(golden!("RR28.xml")));
    assert_eq!((told.verdict, told.reason), (Verdict::Registered, Some(Reason::UnderWay)));
    for (code, reason) in [
        ("30001", Reason::Other),
        ("30002", Reason::Other),
        ("30003", Reason::PaperMissing),
        ("30004", Reason::PaperMissing),
        ("30005", Reason::Other),
        ("99999", Reason::Other),
    ] {
        let told = one(received(&golden!("RR28.xml").replace("30000", code)));
        assert_eq!((told.verdict, told.reason), (Verdict::HandedBack, Some(reason)), "{code}");
        assert!(told.text.unwrap().expose().starts_with(code));
    }
    assert_eq!(reason(received(&golden!("RR28.xml").replace("30000", "30009"))), "schema", "proves nothing");
}

#[test]
fn accounts_come_with_their_measures_rights_and_particulars() {
    let found = one(queried("SS03", golden!("SS03.xml"), 1, 2));
    assert_eq!((found.verdict, found.accounts.len()), (Verdict::Done, 2));
    let [first, second] = found.accounts.as_slice() else { panic!("two accounts") };
    assert_eq!((first.number.expose().as_str(), first.available), (ACCOUNT, yuan("8234.56")));
    assert_eq!((first.ahead.len(), first.ahead[0].amount), (1, yuan("10000.00")));
    assert_eq!(first.ahead[0].to, Day::parse("2027-05-01"));
    assert_eq!(
        (second.ahead.len(), second.ahead[0].paper.expose().as_str()),
        (1, "质押"),
        "co-owners go before nobody"
    );
    let names: Vec<&str> = first.details.iter().map(|detail| detail.name.as_str()).collect();
    assert_eq!(names, ["card", "branch_code", "opened", "cash_or_remitted", "xxbz"], "a later edition's field is kept");
    let classes: Vec<FindingClass> = found.findings.iter().map(|finding| finding.class).collect();
    assert_eq!(
        classes,
        [
            FindingClass::Contact,
            FindingClass::Measure,
            FindingClass::Right,
            FindingClass::Right,
            FindingClass::SubAccount
        ]
    );
    let told: Vec<&str> = found.findings.iter().flat_map(|f| &f.details).map(|d| d.value.expose().as_str()).collect();
    assert!(!told.contains(&"330225189001010019"), "the agent of a customer is another person");
    assert_eq!(found.as_of.as_deref(), Some("20261122101530"));
}

#[test]
fn measures_and_rights_are_of_an_account_that_is_told() {
    let found = golden!("SS03.xml");
    let measure = "<MEASURE ZH=\"6222000000000000017\" CSXH=\"2\" DJJGMC=\"宁波海事法院\" DJJE=\"5.00\" BEIZ=\"x\"/>";
    for inside in [measure.to_owned(), measure.replace("ZH=\"6222000000000000017\" ", "")] {
        let nested = found.replace("XXBZ=\"later edition\"/>", &format!("XXBZ=\"later edition\">{inside}</ACCOUNT>"));
        let told = one(queried("SS03", &nested, 1, 2));
        assert_eq!((told.accounts[0].ahead.len(), told.accounts[1].ahead.len()), (2, 1));
        assert_eq!(told.findings.iter().filter(|finding| finding.class == FindingClass::Measure).count(), 2);
        let foreign = nested.replace(&inside, &measure.replace(ACCOUNT, "6222000000000000025"));
        assert_eq!(reason(queried("SS03", &foreign, 1, 2)), "contradiction", "another's, within this one");
    }
    let card = found.replacen("KH=\"6222000000000000017\"", "KH=\"6217000000000000017\"", 1);
    let by_card = card.replace("<MEASURE ZH=\"6222000000000000017\"", "<MEASURE ZH=\"6217000000000000017\"");
    assert_eq!(one(queried("SS03", &by_card, 1, 2)).accounts[0].ahead.len(), 1);
    for name in ["MEASURE", "PRIORITY"] {
        let foreign = found.replacen(&format!("<{name} ZH=\"62"), &format!("<{name} ZH=\"99"), 1);
        assert_eq!(reason(queried("SS03", &foreign, 1, 2)), "contradiction", "of no told account");
    }
}

#[test]
fn nobody_is_an_answer_and_a_refusal_has_its_reason() {
    let nobody = golden!("SS04_nobody.xml");
    assert_eq!(one(queried("SS04", nobody, 0, 0)).verdict, Verdict::NoSuchCustomer);
    let refused = one(queried("SS04", &nobody.replace("查无开户信息", "证件与名称不符"), 0, 0));
    assert_eq!((refused.verdict, refused.reason), (Verdict::Refused, Some(Reason::NameMismatch)));
    for broken in ["系统故障", "系统异常，查无开户信息", "查询超时，请稍后重试"] {
        let told = queried("SS04", &nobody.replace("查无开户信息", broken), 0, 0);
        assert_eq!(reason(told), "contradiction", "{broken}");
    }
    let none = nobody.replace("CXFKJG=\"02\" CXFKJGYY=\"查无开户信息\"", "CXFKJG=\"01\"");
    let none = one(queried("SS04", &none, 1, 0));
    assert!(none.verdict == Verdict::Done && none.accounts.is_empty(), "a customer without an account");
    let both = golden!("SS03.xml")
        .replace("</SS03>", &format!("<CUSTOMER RWLSH=\"{QUERY}\" CXFKJG=\"02\" CXFKJGYY=\"查无\"/></SS03>"));
    assert_eq!(one(queried("SS03", &both, 1, 2)).accounts.len(), 2);
    assert_eq!(reason(queried("SS04", &nobody.replace("CXFKJG=\"02\"", "CXFKJG=\"03\""), 0, 0)), "schema");
    let told = golden!("SS03.xml").replace("CXFKJG=\"01\"", "CXFKJG=\"02\"");
    assert_eq!(reason(queried("SS03", &told, 0, 2)), "contradiction");
    assert_eq!(reason(queried("SS03", &golden!("SS03.xml").replace(QUERY, ORDER), 1, 2)), "schema", "another's answer");
    for (customers, accounts) in [(0, 2), (1, 1), (2, 2)] {
        assert_eq!(reason(queried("SS03", golden!("SS03.xml"), customers, accounts)), "totals");
    }
}

#[test]
fn a_freeze_is_done_in_part_in_the_queue_or_not() {
    let partly = golden!("SS19_partly.xml");
    let told = one(answered("SS19", partly));
    assert_eq!((told.verdict, told.reason), (Verdict::Partly, Some(Reason::PriorRight)));
    assert_eq!((told.limit, told.caught), (yuan("18000.00"), yuan("8234.56")));
    assert_eq!((told.from, told.to), (Day::parse("2026-11-22"), Day::parse("2027-11-19")));
    assert_eq!((told.ahead.len(), told.findings.len()), (1, 1));
    let numbers: Vec<&str> = told.account_numbers.iter().map(|number| number.expose().as_str()).collect();
    assert_eq!(numbers, [ACCOUNT, ACCOUNT], "held against the order");

    let alone = partly.replace("宁海县人民法院", "");
    assert_eq!(one(answered("SS19", &alone)).reason, Some(Reason::Insufficient));
    let all = alone.replace("8234.56", "18000.00").replace("9765.44", "0.00");
    let told = one(answered("SS19", &all));
    assert_eq!((told.verdict, told.reason), (Verdict::Done, None));
    let noted = all.replace("WNDJYY=\"\"", "WNDJYY=\"成功冻结资金回款账户，但理财产品冻结失败\"");
    assert_eq!(one(answered("SS19", &noted)).reason, Some(Reason::PartOfAssets));
    let nothing = all.replace("WNDJYY=\"\"", "WNDJYY=\"冻结成功\"");
    assert_eq!(one(answered("SS19", &nothing)).verdict, Verdict::Done);
    let behind = partly.replace("8234.56", "0.00").replace("9765.44", "18000.00");
    let told = one(answered("SS19", &behind));
    assert_eq!((told.verdict, told.caught), (Verdict::Queued, yuan("0.00")));
    let above = alone.replace("8234.56", "20000.00").replace("9765.44", "0.00");
    assert_eq!(
        one(answered("SS19", &above)).caught,
        yuan("20000.00"),
        "a finding of the ledger's, not a broken answer"
    );
    let denied = behind.replace("WNDJYY=\"\"", "WNDJYY=\"未能轮候冻结\"");
    assert_eq!(reason(answered("SS19", &denied)), "contradiction", "done, nothing held, and no queue");

    let refused = golden!("SS20_refused.xml");
    let told = one(answered("SS20", refused));
    assert_eq!((told.verdict, told.reason, told.caught), (Verdict::Refused, Some(Reason::IdMismatch), None));
    let queued = refused.replace("账号与被控制人证件信息不匹配，业务审核未通过", "账户已被冻结，已登记轮候");
    assert_eq!(one(answered("SS20", &queued)).verdict, Verdict::Queued);
    let unsupported = queued.replace("已登记轮候", "我行不支持轮候");
    assert_eq!(one(answered("SS20", &unsupported)).verdict, Verdict::Refused, "words that refuse a queue are none");
    for unclear in ["轮候冻结异常", "请改为轮候冻结后重发", "待人工办理轮候"] {
        let told = answered("SS20", &queued.replace("账户已被冻结，已登记轮候", unclear));
        assert_eq!(reason(told), "contradiction", "{unclear}");
    }
    for measure in ["06", "07", ""] {
        let of = queued.replace("QQCSLX=\"05\"", &format!("QQCSLX=\"{measure}\""));
        assert_eq!(one(answered("SS20", &of)).verdict, Verdict::Refused, "only a freeze stands in a queue");
    }
}

#[test]
fn a_renewal_says_until_when_and_a_release_holds_nothing() {
    let renewed = golden!("SS19_renewed.xml");
    let told = one(answered("SS19", renewed));
    assert_eq!((told.verdict, told.to, told.caught), (Verdict::Done, Day::parse("2027-11-19"), yuan("8234.56")));
    assert_eq!(reason(answered("SS19", &renewed.replace("20271119", ""))), "schema", "renewed until no day");
    let told = one(answered("SS19", golden!("SS19_released.xml")));
    assert_eq!((told.verdict, told.caught, told.limit, told.to), (Verdict::Done, None, None, None));
    let in_part = golden!("SS19_released.xml").replace("ZXJG=\"0\"", "ZXJG=\"0\" WNDJYY=\"部分解除失败\"");
    assert_eq!(one(answered("SS19", &in_part)).verdict, Verdict::Partly, "some of it is still held");
    let left = |sum: &str| golden!("SS19_released.xml").replace("ZXJG=\"0\"", &format!("ZXJG=\"0\" WDJJE=\"{sum}\""));
    assert_eq!(one(answered("SS19", &left("9765.44"))).verdict, Verdict::Partly, "it says that some was left");
    assert_eq!(one(answered("SS19", &left("0.00"))).verdict, Verdict::Done);
    assert_eq!(reason(answered("SS19", &left("-0.01"))), "contradiction");
    let below = golden!("SS19_released.xml").replace("8234.56", "-8234.56");
    assert_eq!(reason(answered("SS19", &below)), "contradiction");
}

#[test]
fn what_contradicts_itself_or_is_not_agreed_is_nobodys_answer() {
    let partly = golden!("SS19_partly.xml");
    for (change, to, wanted) in [
        ("ZXJG=\"0\" SQ", "ZXJG=\"9\" SQ", "schema"),
        ("ZXJG=\"0\" SQ", "SQ", "schema"),
        ("ZXJG=\"0\" SQ", "ZXJG=\"1\" SQ", "contradiction"),
        ("QQCSLX=\"05\"", "QQCSLX=\"08\"", "schema"),
        ("SDJE=\"8234.56\" ", "", "schema"),
        ("SQDJXE=\"18000.00\" ", "", "schema"),
        ("DJJSRQ=\"20271119\" ", "", "schema"),
        ("DJJSRQ=\"20271119\"", "DJJSRQ=\"20271319\"", "schema"),
        ("SDJE=\"8234.56\"", "SDJE=\"八千\"", "schema"),
        ("SDJE=\"8234.56\"", "SDJE=\"-8234.56\"", "contradiction"),
        ("WDJJE=\"9765.44\"", "WDJJE=\"9765.45\"", "contradiction"),
        ("WDJJE=\"9765.44\"", "WDJJE=\"-1.00\"", "contradiction"),
        ("SQDJXE=\"18000.00\"", "SQDJXE=\"8234.55\"", "contradiction"),
        ("ZXDJJE=\"8234.56\"", "ZXDJJE=\"8234.55\"", "contradiction"),
        ("ZXJG=\"0\" ZXD", "ZXJG=\"7\" ZXD", "schema"),
        ("SQJGDM=\"330225\"", "SQJGDM=\"330226\"", "schema"),
        ("MBJGDM=\"B0000000000000002\"", "MBJGDM=\"B0000000000000003\"", "schema"),
        ("<FREEZERECORD", "<BASICINFO QQDBS=\"X202611220000000001201\" QQCSLX=\"07\"/><FREEZERECORD", "schema"),
        ("RECORD RWLSH=\"X202611220000000001201\"", "RECORD RWLSH=\"X202611220000000001301\"", "schema"),
        ("INFO QQDBS=\"X202611220000000001201\"", "INFO QQDBS=\"X202611220000000001301\"", "schema"),
    ] {
        assert!(partly.contains(change), "{change}");
        assert_eq!(reason(answered("SS19", &partly.replace(change, to))), wanted, "{change} → {to}");
    }
    let dollars = partly.replace("BZ=\"CNY\" CHBZ", "BZ=\"USD\" CHBZ");
    assert_eq!(one(answered("SS19", &dollars)).caught, yuan("8234.56"), "other currencies make no sum");
    let twice = partly.replace("</SS19>", &format!("<FREEZERECORD RWLSH=\"{ORDER}\" ZXJG=\"0\"/></SS19>"));
    assert_eq!(reason(answered("SS19", &twice)), "members");
    // Accounts under a freeze's number, and a freeze under a question's.
    let accounts = golden!("SS03.xml").replace(QUERY, ORDER);
    let members = |class: &str, message: &str, number: &str, customers: usize, accounts: usize| {
        let mut members = answer_members(class, message.as_bytes(), customers, accounts);
        let sums = sums(number, 1, customers, accounts);
        members[0].name = format!("{class}{number}.xml");
        members[1] = Member { name: format!("EXECRESULT{number}.xml"), bytes: sums.into_bytes() };
        members
    };
    assert_eq!(reason(back("SS19", "FK001", &members("SS03", &accounts, ORDER, 1, 2))), "schema");
    let freeze = partly.replace(ORDER, QUERY);
    assert_eq!(reason(back("SS03", "FK001", &members("SS19", &freeze, QUERY, 0, 1))), "schema");
    assert_eq!(reason(back("SS19", "FK001", &members("SS23", partly, ORDER, 0, 1))), "members", "no stop-payments");
}

/// As much as anybody reads is kept, and it is said that there was more.
#[test]
fn texts_findings_and_measures_have_a_bound() {
    let long = "长".repeat(10_000);
    let (found, partly) = (golden!("SS03.xml"), golden!("SS19_partly.xml"));
    let rows = format!("<SUBACCOUNT ZH=\"{ACCOUNT}\" ZZHZH=\"{long}\"/>");
    let rows = rows + &format!("<SUBACCOUNT ZH=\"{ACCOUNT}\" ZZHZH=\"1\"/>").repeat(1_000);
    let many = found.replace("</CUSTOMER>", &format!("{rows}</CUSTOMER>")).replace("象山支行", &long);
    let many = many.replace(" FSSJ=\"20261122101530\"", &format!(" FSSJ=\"王小渔 {long}\""));
    let told = one(queried("SS03", &many, 1, 2));
    assert_eq!((told.findings.len(), told.as_of), (FINDINGS_MAX, None), "no time is nothing personal either");
    assert_eq!(told.findings[FINDINGS_MAX - 1].details[0].name, "left_out");
    assert_eq!(told.accounts[1].branch.chars().count(), DETAIL_CHARS_MAX);
    let mut details = told.findings.iter().flat_map(|finding| &finding.details);
    assert!(details.all(|detail| detail.value.expose().chars().count() <= DETAIL_CHARS_MAX));

    let cut = found.replace("6222000000000000025", &"6".repeat(65));
    assert_eq!(reason(queried("SS03", &cut, 1, 2)), "schema", "a number that is cut would be another's");
    let again = format!("<ACCOUNT ZH=\"{ACCOUNT}\"/>").repeat(100);
    let ahead = format!("<MEASURE ZH=\"{ACCOUNT}\"/>").repeat(100);
    let often = found.replace("</CUSTOMER>", &format!("{again}{ahead}</CUSTOMER>"));
    assert_eq!(reason(queried("SS03", &often, 1, 102)), "too_many_items", "one row repeated for many");

    let refused = golden!("SS20_refused.xml").replace(" WNDJYY=\"", &format!(" WNDJYY=\"{long}"));
    let refused = one(answered("SS20", &refused));
    assert_eq!(refused.text.unwrap().expose().chars().count(), DETAIL_CHARS_MAX);
    let organ = one(answered("SS19", &partly.replace("宁海县人民法院", &long)));
    assert_eq!(organ.ahead[0].organ.expose().chars().count(), DETAIL_CHARS_MAX);
    let received = one(received(&golden!("RR28.xml").replace(" JSSJ=\"", &format!(" JSSJ=\"{long}"))));
    assert_eq!(received.as_of, None);
    let crowded = partly.replace("</SS19>", &format!("{}</SS19>", "<a/>".repeat(packet::PACKET_MARKS_MAX)));
    assert_eq!(reason(answered("SS19", &crowded)), "too_many_items");
}

#[test]
fn names_and_seals_are_looked_at_first() {
    let base = packet_name("SS19", "FK001");
    let members = answer_members("SS19", golden!("SS19_partly.xml").as_bytes(), 0, 1);
    let read = |name: &str, password: Option<&str>| reader().read(name, &write(&members, password).unwrap());
    assert!(read(&format!("{base}.zip"), Some(&base)).is_ok());
    assert_eq!(reason(read(&format!("{base}.zip"), None)), "unencrypted");
    assert_eq!(reason(read(&format!("{base}.zip"), Some("another"))), "password");
    let foreign = base.replace(TARGET, "B0000000000000003");
    assert_eq!(reason(read(&format!("{foreign}.zip"), Some(&foreign))), "bank_code");
    let unknown = base.replace(ORDER, "A202611220000000001201");
    assert_eq!(reason(read(&format!("{unknown}.zip"), Some(&unknown))), "packet_name", "a number that is none of ours");
}

#[tokio::test]
async fn a_mailbox_accepts_answers_no_question_and_takes_corrections() {
    let (call, folder) = mailbox();
    let order = slip(ActKind::Freeze);
    let key = SlipLine { slip: order.number, line: 1 };
    let not_there = call.send_with_papers(&order, &files()).await;
    assert!(not_there == Judged::NotSent { cause: Cause::Connect, retry_after_ms: None }, "the box is never made");
    let own = folder.path().join(TARGET);
    std::fs::create_dir_all(own.join("upload")).unwrap();
    for _ in 0..2 {
        assert!(call.send_with_papers(&order, &files()).await == Judged::Accepted);
    }
    assert!(own.join("download").join(format!("{}.zip", packet_name("SS17", ""))).exists());
    assert!(
        !call.can_ask(ActKind::Freeze)
            && call.ask(key, ActKind::Freeze).await == Judged::Doubt { cause: Cause::Closed },
        "a folder remembers nothing, and what lies there may be another's"
    );
    let put = |kind: &str, message: &str| {
        let base = packet_name("SS19", kind);
        let packet = write(&answer_members("SS19", message.as_bytes(), 0, 1), Some(&base)).unwrap();
        std::fs::write(own.join("upload").join(format!("{base}.zip")), packet).unwrap();
        format!("{base}.zip")
    };
    let refused = golden!("SS20_refused.xml").replace("SS20", "SS19");
    let first = put("FK001", &refused);
    let second = put("FK002", golden!("SS19_partly.xml"));
    let sweep = call.sweep().await.ok().unwrap();
    let verdicts: Vec<Verdict> = sweep
        .found
        .iter()
        .map(|swept| swept.said.as_ref().ok().unwrap().feedback[0].outcome.as_ref().unwrap().verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::Refused, Verdict::Partly], "a clerk's correction comes behind what it corrects");
    for name in [&first, &second] {
        call.conclude(name, Conclusion::Taken(&[])).await.unwrap();
    }
    // The same again says nothing new; another under a name that was taken is a riddle for people.
    put("FK001", &refused);
    put("FK002", &refused);
    let sweep = call.sweep().await.ok().unwrap();
    let said: Vec<Result<usize, &str>> = sweep
        .found
        .iter()
        .map(|swept| swept.said.as_ref().map(|said| said.feedback.len()).map_err(|why| *why))
        .collect();
    assert_eq!(said, [Ok(0), Err("duplicate_batch")]);
}

proptest::proptest! {
    #[test]
    fn any_message_is_read_or_set_aside(text in "[<>&;/a-zA-Z0-9\"'= !\\[\\]?#]{0,200}") {
        drop(received(&text));
        drop(answered("SS19", &text));
        drop(queried("SS03", &text, 0, 0));
    }

    #[test]
    fn what_is_held_is_never_more_than_is_said_to_be(limit in 1..10_000_000_i64, held in 0..10_000_000_i64, named in proptest::bool::ANY) {
        let (limit, held) = (Money::from_fen(limit), Money::from_fen(held));
        let organ = if named { "宁海县人民法院" } else { "" };
        let record = format!(
            "<SS19><BASICINFO QQDBS=\"{ORDER}\" QQCSLX=\"05\"/><FREEZERECORD RWLSH=\"{ORDER}\" ZXJG=\"0\" SQDJXE=\"{limit}\" SDJE=\"{held}\" DJJSRQ=\"20271119\" DJJG=\"{organ}\"/></SS19>"
        );
        let told = one(answered("SS19", &record));
        proptest::prop_assert_eq!((told.limit, told.caught), (Some(limit), Some(held)));
        let wanted = match (held >= limit, held == Money::ZERO && named) {
            (true, _) => Verdict::Done,
            (false, true) => Verdict::Queued,
            (false, false) => Verdict::Partly,
        };
        proptest::prop_assert_eq!(told.verdict, wanted);
    }
}
