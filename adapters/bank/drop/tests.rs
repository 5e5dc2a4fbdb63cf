//! Packets of banks to the byte of their members, what is read of theirs, and what is set aside.

use std::sync::Arc;

use domain::act::Original;
use domain::outcome::{Reason, Verdict};
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Conclusion, Inbound, ItemVerdict, Judged, PaperFile, Plug};
use domain::{ActKind, Flaw, Money, Personal};

use super::feeding::{FeedReader, receipt};
use super::ordering::order;
use crate::court_form::specimen::{CANARIES, paper, slip, with_case};
use crate::dialect::Dialect;
use crate::transport::drop::call::Packet;
use crate::transport::drop::packet::{self, Member};
use crate::transport::drop::sweeper::PacketReader;
use crate::transport::drop::tests::server::partner_options;
use crate::transport::drop::write;

const CODE: &str = "B0000000000000001";
const FREEZE: &str = "X202611220000000001201";
const QUERY: &str = "X202611220000000001200";

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/drop/", $name)).trim_end()
    };
}

fn dialect() -> Dialect {
    Dialect::of(&crate::bank::INDUSTRY)
}

/// What reads the packets of the bank of these tests.
pub(crate) fn packet_reader() -> Arc<dyn PacketReader> {
    Arc::new(reader())
}

/// The names of its packets: of queries with members in their order, and of one control request.
pub(crate) fn packet_names() -> [String; 2] {
    let stem = format!("{CODE}{:0>30}", "1");
    [format!("CXFK{stem}.zip"), format!("KZFK{stem}{}.zip", tail())]
}

/// The name of the nth member in a packet of that name.
pub(crate) fn member_name(packet: &str, kind: &str, nth: usize) -> String {
    let stem = format!("{CODE}{:0>30}", "1");
    if packet.starts_with("CXFK") {
        format!("{kind}{stem}{:012}.xml", nth + 1)
    } else {
        format!("{kind}{stem}{}.xml", tail())
    }
}

fn reader() -> FeedReader {
    FeedReader { code: CODE.to_owned(), dialect: Arc::new(dialect()) }
}

fn files() -> Vec<PaperFile> {
    vec![paper("ruling", "裁定书.pdf"), paper("work_id_scan", "工作证.pdf")]
}

fn members(packet: &[u8]) -> Vec<(String, String)> {
    let members = packet::read(packet, None).unwrap();
    members.into_iter().map(|member| (member.name, String::from_utf8(member.bytes).unwrap())).collect()
}

/// What a bank leaves: each member by its kind and tail.
fn fed(name: &str, batch: &str, parts: &[(&str, &str, &str)]) -> Result<Inbound, &'static str> {
    let stem = format!("{CODE}{batch:0>30}");
    let member = |(kind, tail, bytes): &(&str, &str, &str)| Member {
        name: format!("{kind}{stem}{tail}.xml"),
        bytes: bytes.as_bytes().to_vec(),
    };
    let members: Vec<Member> = parts.iter().map(member).collect();
    let reader = reader();
    reader.read(&name.replace("STEM", &stem), &write(&members, None).unwrap())
}

fn control(parts: &[(&str, &str, &str)]) -> Result<Inbound, &'static str> {
    fed(&format!("KZFKSTEM{FREEZE}00000000.zip"), "1", parts)
}

fn reason(read: Result<Inbound, &'static str>) -> &'static str {
    read.err().expect("a reason")
}

fn tail() -> String {
    format!("{FREEZE}00000000")
}

#[test]
fn orders_are_packets_whose_members_are_these_bytes() {
    let goldens = [
        (ActKind::Query, "CXQQ", QUERY, golden!("QA_query.xml"), golden!("QI_query.xml")),
        (ActKind::Freeze, "KZQQ", FREEZE, golden!("QA_freeze.xml"), golden!("QI_freeze.xml")),
        (ActKind::Renew, "KZQQ", FREEZE, golden!("QA_renew.xml"), golden!("QI_freeze.xml")),
        (ActKind::Release, "KZQQ", FREEZE, golden!("QA_release.xml"), golden!("QI_freeze.xml")),
        (ActKind::Deduct, "KZQQ", FREEZE, golden!("QA_deduct.xml"), golden!("QI_freeze.xml")),
    ];
    for (kind, packet, number, request, papers) in goldens {
        let order = order(&dialect(), CODE, &slip(kind), &files()).unwrap();
        assert_eq!(order.name, format!("{packet}{CODE}{number}00000000.zip"));
        let stem = format!("{CODE}{number}00000000000000000001.xml");
        let credentials = golden!("QC.xml").replace("NUMBER", &base64(number));
        let wanted = [("QA", request.to_owned()), ("QI", papers.to_owned()), ("QC", credentials)];
        let wanted = wanted.map(|(kind, bytes)| (format!("{kind}{stem}"), bytes));
        assert_eq!(members(&order.bytes), wanted, "{packet} {}", kind.word());
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn what_an_act_builds_on_goes_under_the_number_it_had_here() {
    let mut release = slip(ActKind::Release);
    let freeze = SlipLine { slip: release.number, line: 7 };
    let case_number = Personal::new("(2026)浙0225执1234号".to_owned());
    release.lines[0].original = Some(Original { act: None, slip: freeze.to_string(), case_number });
    let written = members(&order(&dialect(), CODE, &release, &[]).unwrap().bytes).remove(0).1;
    assert!(written.contains(&format!("YDJDH=\"{}\"", base64("X202611220000000001207"))), "{written}");
}

#[test]
fn what_cannot_be_said_whole_is_not_said() {
    let two = |mut slip: Slip| {
        slip.lines.push(slip.lines[0].clone());
        slip
    };
    assert!(order(&dialect(), CODE, &two(slip(ActKind::Freeze)), &[]).is_none());
    let mut bare = slip(ActKind::Freeze);
    bare.lines[0].amount = None;
    assert!(order(&dialect(), CODE, &bare, &[]).is_none());
    let mut far = slip(ActKind::Freeze);
    far.lines[0].line = 2_000;
    assert!(order(&dialect(), CODE, &far, &[]).is_none());
    assert!(order(&dialect(), CODE, &with_case(slip(ActKind::Deduct), |case| case.account = None), &[]).is_none());
    let large = PaperFile { bytes: Personal::new(vec![0; 5 << 20]), ..paper("ruling", "裁定书.pdf") };
    assert!(order(&dialect(), CODE, &slip(ActKind::Freeze), &[large]).is_none(), "half of the papers are no papers");
}

#[test]
fn results_receipts_and_hand_backs_are_read_together() {
    let parts = [("QR", &*tail(), golden!("QR_freeze.xml")), ("QRI", &*tail(), golden!("QRI_freeze.xml"))];
    let inbound = control(&parts).unwrap();
    let [item] = inbound.feedback.as_slice() else { panic!("one line") };
    assert_eq!((item.slip.as_str(), item.line), ("X2026112200000000012-1", Some(1)));
    let outcome = item.outcome.as_ref().unwrap();
    assert_eq!((outcome.verdict, outcome.caught), (Verdict::Done, Some(Money::from_fen(823_456))));
    assert_eq!((outcome.replies.len(), outcome.replies[0].md5_fits), (1, true));

    let back = control(&[("QNA", &tail(), golden!("QNA_freeze.xml"))]).unwrap();
    let outcome = back.feedback[0].outcome.as_ref().unwrap();
    assert_eq!((back.feedback[0].line, outcome.verdict), (Some(1), Verdict::HandedBack));
    assert_eq!(outcome.reason, Some(Reason::PaperMissing));

    let parts = [
        ("QR", "000000000001", golden!("QR_query.xml")),
        ("QR", "000000000002", golden!("QR_query_nobody.xml")),
        ("QNA", "000000000001", golden!("QNA_query.xml")),
    ];
    let inbound = fed("CXFKSTEM.zip", "2", &parts).unwrap();
    let seen: Vec<(&str, Verdict)> =
        inbound.feedback.iter().map(|item| (item.slip.as_str(), item.outcome.as_ref().unwrap().verdict)).collect();
    assert_eq!(
        seen,
        [
            ("X2026112200000000012-0", Verdict::Done),
            ("X2026112200000000013-0", Verdict::NoSuchCustomer),
            ("X2026112200000000014-0", Verdict::HandedBack),
        ]
    );
}

#[test]
fn a_packet_that_contradicts_itself_is_set_aside_whole() {
    let (good, tail) = (golden!("QR_freeze.xml"), tail());
    let query = golden!("QR_query.xml");
    for (parts, wanted) in [
        (vec![("QR", &*tail, good), ("QX", &tail, good)], "members"),
        (vec![("QRI", &*tail, golden!("QRI_freeze.xml"))], "members"),
        (vec![], "members"),
        (vec![("QR", "X20261122000000000130000000000", good)], "totals"),
        (vec![("QR", &*tail, query)], "schema"),
        (vec![("QR", &*tail, "<kzxxList")], "schema"),
        (vec![("QR", &*tail, "<!DOCTYPE a><kzxxList/>")], "schema"),
        (vec![("QR", &*tail, "王")], "schema"),
        (vec![("QR", &*tail, &good.replace(&base64(FREEZE), &base64("X202611220000000001301")))], "totals"),
    ] {
        assert_eq!(reason(control(&parts)), wanted, "{parts:?}");
    }
    for (parts, wanted) in [
        (vec![("QR", "000000000002", query)], "totals"),
        (vec![("QR", "000000000001", query), ("QR", "000000000003", query)], "totals"),
        (vec![("QR", "1", query)], "totals"),
        (vec![("QR", "000000000001", good)], "schema"),
        (vec![("QR", "000000000001", query), ("QRI", "000000000001", query)], "members"),
    ] {
        assert_eq!(reason(fed("CXFKSTEM.zip", "3", &parts)), wanted, "{parts:?}");
    }
    let parts = [("QR", "000000000001", query)];
    assert_eq!(reason(fed("CXFKSTEM.zip.zip", "3", &parts)), "packet_name");
    let other = format!("CXFKB0000000000000002{:0>30}.zip", "3");
    assert_eq!(reason(fed(&other, "3", &parts)), "bank_code");
    assert_eq!(reason(fed(&format!("CXFK{CODE}{:0>30}.zip", "4"), "3", &parts)), "bank_code");
    let reader = reader();
    assert_eq!(reason(reader.read(&format!("CXFK{CODE}{:0>30}.zip", "3"), b"PK")), "truncated");
}

/// Tags are counted before a tree is made of them, also of those that a member packed as a whole covers.
#[test]
fn what_is_packed_as_a_whole_is_read_and_counted_like_what_is_not() {
    let tail = tail();
    let covered = base64(golden!("QR_freeze.xml"));
    let inbound = control(&[("QR", &tail, &covered)]).unwrap();
    assert_eq!(inbound.feedback[0].outcome.as_ref().unwrap().caught, Some(Money::from_fen(823_456)));
    let crowded = format!("<kzxxList>{}</kzxxList>", "<a/>".repeat(packet::PACKET_MARKS_MAX));
    for member in [base64(&crowded), crowded] {
        assert_eq!(reason(control(&[("QR", &tail, &member)])), "too_many_items");
    }
}

#[test]
fn a_line_that_is_not_the_requests_fails_alone() {
    let other = golden!("QR_freeze.xml").replace("CCXH=\"MQ==\"", "CCXH=\"Mg==\"");
    let inbound = control(&[("QR", &tail(), &other)]).unwrap();
    assert_eq!(inbound.feedback[0].outcome.as_ref().err().unwrap().chinese(), "CCXH与请求单不符");
}

#[test]
fn what_is_not_taken_is_told_in_a_packet_of_its_own() {
    let verdict =
        |slip: &str, taken: Result<(), Flaw>| ItemVerdict { slip: slip.to_owned(), taken: taken.map_err(Flaw::into) };
    let name = format!("CXFK{CODE}{:0>30}.zip", "7");
    assert!(receipt(&dialect(), &name, &[verdict("X2026112200000000012-0", Ok(()))]).is_none());
    let verdicts = [
        verdict("X2026112200000000012-0", Ok(())),
        verdict("X2026112200000000013-0", Err(Flaw::SlipUnknown)),
        verdict("A20200422E0100000003", Err(Flaw::SlipUnknown)),
    ];
    let Packet { name: told, bytes: packet } = receipt(&dialect(), &name, &verdicts).unwrap();
    assert_eq!(told, format!("CXHZ{CODE}{:0>30}.zip", "7"));
    let stem = format!("QNA{CODE}{:0>30}000000000001.xml", "7");
    assert_eq!(members(&packet), [(stem, golden!("CXHZ.xml").to_owned())]);
    let name = format!("KZFK{CODE}{:0>30}{}.zip", "7", tail());
    let verdicts = [verdict("X2026112200000000012-1", Err(Flaw::Withdrawn))];
    let Packet { name: told, bytes: packet } = receipt(&dialect(), &name, &verdicts).unwrap();
    assert_eq!(told, name.replace("KZFK", "KZHZ"));
    assert_eq!(members(&packet)[0].0, format!("QNA{CODE}{:0>30}{}.xml", "7", tail()));
}

fn mailbox(folder: &std::path::Path) -> Arc<dyn CallOut> {
    std::fs::create_dir_all(folder.join(CODE).join("upload")).unwrap();
    let entries = [
        ("bank_code", CODE.to_owned()),
        ("folder", folder.to_str().unwrap().to_owned()),
        ("sweep_every_ms", "50".to_owned()),
        ("settle_ms", "0".to_owned()),
    ];
    match super::build(&partner_options(&entries)) {
        Ok(Plug::CallOut(call)) => call,
        _ => panic!("a call-out"),
    }
}

#[tokio::test]
async fn an_order_sent_again_is_the_same_file_and_its_answer_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let call = mailbox(folder.path());
    assert_eq!(call.sweep_every_ms(), Some(50));
    let (freeze, key) = (slip(ActKind::Freeze), SlipLine { slip: slip(ActKind::Freeze).number, line: 1 });
    assert!(matches!(call.ask(key, ActKind::Freeze).await, Judged::Doubt { .. }), "a folder does not remember");
    for _ in 0..2 {
        assert!(call.wants_papers(ActKind::Freeze));
        assert!(call.send_with_papers(&freeze, &files()).await == Judged::Accepted);
    }
    let path = folder.path().join(CODE).join("download").join(format!("KZQQ{CODE}{}.zip", tail()));
    assert!(path.exists());
    std::fs::write(&path, b"something else").unwrap();
    assert!(matches!(call.send_with_papers(&freeze, &files()).await, Judged::Doubt { .. }));
    assert!(!call.can_ask(ActKind::Freeze));
    let asked = call.ask(key, ActKind::Freeze).await;
    assert!(matches!(asked, Judged::Doubt { .. }), "what stands under our number is not ours, so nothing was accepted");

    let stem = format!("{CODE}{:0>30}", "1");
    let result =
        Member { name: format!("QR{stem}{}.xml", tail()), bytes: golden!("QR_freeze.xml").as_bytes().to_vec() };
    let name = format!("KZFK{stem}{}.zip", tail());
    let upload = folder.path().join(CODE).join("upload");
    std::fs::write(upload.join(&name), write(&[result], None).unwrap()).unwrap();
    let sweep = call.sweep().await.ok().unwrap();
    let inbound = sweep.found[0].said.as_ref().ok().unwrap();
    assert_eq!((sweep.found[0].name.as_str(), inbound.feedback.len()), (name.as_str(), 1));
    let verdicts = [ItemVerdict { slip: inbound.feedback[0].slip.clone(), taken: Err(Flaw::Withdrawn.into()) }];
    call.conclude(&name, Conclusion::Taken(&verdicts)).await.unwrap();
    assert!(!upload.join(&name).exists());
    let told = folder.path().join(CODE).join("download").join(name.replace("KZFK", "KZHZ"));
    assert_eq!(members(&std::fs::read(told).unwrap()).len(), 1);
}

#[tokio::test]
async fn the_reason_beside_what_is_set_aside_quotes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let call = mailbox(folder.path());
    let name = format!("CXFK{CODE}{:0>30}.zip", "9");
    let box_of = folder.path().join(CODE);
    let packet = order(&dialect(), CODE, &slip(ActKind::Query), &files()).unwrap().bytes;
    std::fs::write(box_of.join("upload").join(&name), &packet[..packet.len() / 2]).unwrap();
    let sweep = call.sweep().await.ok().unwrap();
    let reason = sweep.found[0].said.as_ref().err().copied().unwrap();
    assert_eq!((reason, sweep.found[0].digest.len()), ("truncated", 64));
    call.conclude(&name, Conclusion::SetAside(reason)).await.unwrap();
    for entry in std::fs::read_dir(box_of.join("set_aside")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with(".reason.txt") {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.starts_with("truncated\n") && CANARIES.iter().all(|canary| !text.contains(canary)), "{text}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_packet_is_read_or_set_aside(
        names in proptest::collection::vec("Q(R|RI|NA|A)[A-Z0-9]{0,60}[.]xml", 0..6),
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80),
    ) {
        let members: Vec<Member> =
            names.into_iter().map(|name| Member { name, bytes: bytes.clone() }).collect();
        let packet = write(&members, None).unwrap();
        for name in [format!("CXFK{CODE}{:0>30}.zip", "1"), format!("KZFK{CODE}{:0>30}{}.zip", "1", tail())] {
            let reader = reader();
            proptest::prop_assert!(reader.read(&name, &packet).is_err());
        }
    }
}
