//! Packets to and from police to the byte of their members, what is counted, and what is dropped unread.

use std::sync::Arc;

use domain::act::Original;
use domain::outcome::{DETAIL_CHARS_MAX, FINDINGS_MAX, Outcome, Reason, Verdict};
use domain::slip::{Slip, SlipLine};
use domain::socket::{Conclusion, Inbound, Judged, PaperFile, Plug};
use domain::{ActKind, Day, Personal};

use super::POLICE;
use crate::open::tests::specimen::paper;
use crate::police::tests::order;
use crate::regulator_form::answering::BackReader;
use crate::regulator_form::names::Ends;
use crate::regulator_form::request::request;
use crate::regulator_form::specimen::{message as specimen_message, of_organisation};
use crate::transport::drop::packet::{self, Member};
use crate::transport::drop::sweeper::PacketReader;
use crate::transport::drop::tests::server::partner_options;
use crate::transport::drop::write;

const BASE: &str = "330225P0000000000330225X202611220000000001201";
const NUMBER: &str = "X202611220000000001201";

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/drop/", $name)).trim_end()
    };
}

fn ends() -> Ends {
    Ends { organ: "330225".to_owned(), target: "P0000000000330225".to_owned() }
}

/// What reads the packets of the command centre of these tests.
pub(crate) fn packet_reader() -> Arc<dyn PacketReader> {
    Arc::new(BackReader { said: &POLICE, ends: ends() })
}

/// The name of a packet without `.zip`, which is its password, and of a member in it.
pub(crate) fn packet_name(kind: &str) -> String {
    format!("{BASE}{kind}")
}

/// The name of a member.
pub(crate) fn member_name(class: &str) -> String {
    format!("{class}{NUMBER}.xml")
}

/// Counts that fit one answer without rows.
pub(crate) fn sums_of_one() -> String {
    sums(1, 0, 0, 0)
}

fn files() -> Vec<PaperFile> {
    vec![
        paper("query_notice", "协助查询通知书.PDF"),
        paper("work_id_scan", "工作证"),
        paper("duty_id_scan", "公务证.jpg"),
    ]
}

fn message(slip: &Slip) -> String {
    specimen_message(&POLICE, &ends(), slip)
}

fn lift() -> Slip {
    let mut slip = order(ActKind::Lift);
    let watch = SlipLine { slip: slip.number, line: 4 };
    let case_number = Personal::new("(2026)浙0225执1234号".to_owned());
    slip.lines[0].original = Some(Original { act: None, slip: watch.to_string(), case_number });
    slip
}

/// What police leave under a request.
fn back(kind: &str, members: &[(&str, &str)]) -> Result<Inbound, &'static str> {
    let base = format!("{BASE}{kind}");
    let member = |(class, bytes): &(&str, &str)| Member {
        name: format!("{class}{NUMBER}.xml"),
        bytes: bytes.as_bytes().to_vec(),
    };
    let members: Vec<Member> = members.iter().map(member).collect();
    let packet = write(&members, Some(&base)).unwrap();
    BackReader { said: &POLICE, ends: ends() }.read(&format!("{base}.zip"), &packet)
}

fn sums(answered: usize, identities: usize, vehicles: usize, hits: usize) -> String {
    format!(
        "<EXECRESULT QQDBS=\"{NUMBER}\" JSRWS=\"1\" FKRWS=\"{answered}\" FKKHS=\"{identities}\" FKZHS=\"{vehicles}\" FKJYMXS=\"{hits}\"/>"
    )
}

fn one(inbound: Inbound) -> Outcome {
    let [item] = <[_; 1]>::try_from(inbound.feedback).ok().unwrap();
    assert_eq!((item.slip.as_str(), item.line), ("X2026112200000000012-1", Some(1)));
    item.outcome.unwrap()
}

fn reason(read: Result<Inbound, &'static str>) -> &'static str {
    read.err().expect("a reason")
}

#[test]
fn requests_are_sealed_packets_whose_messages_are_these_bytes() {
    let mut person = order(ActKind::Watch);
    person.lines[0].account = None;
    for (slip, golden) in [
        (order(ActKind::Query), golden!("SS01.xml")),
        (of_organisation(order(ActKind::Query)), golden!("SS02.xml")),
        (order(ActKind::Watch), golden!("SS11_vehicle.xml")),
        (person, golden!("SS11_person.xml")),
        (lift(), golden!("SS11_lift.xml")),
    ] {
        assert_eq!(message(&slip), golden);
    }
    let request = request(&POLICE, &ends(), &order(ActKind::Watch), &files()).unwrap();
    assert_eq!(request.name, format!("{BASE}.zip"));
    let members = packet::read(&request.bytes, Some(BASE)).unwrap();
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let wanted = [
        format!("SS11{NUMBER}.xml"),
        format!("LI25{NUMBER}01.pdf"),
        format!("LI26{NUMBER}02.bin"),
        format!("LI27{NUMBER}03.jpg"),
    ];
    assert_eq!(names, wanted);
    assert!(packet::read(&request.bytes, Some("another")).is_err());
}

#[test]
fn the_page_shows_the_messages_that_are_sent_and_read() {
    let page = include_str!("../../../schemas/partners/police-drop.md");
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ").replace("> <", "><");
    for golden in [golden!("SS11_vehicle.xml"), golden!("RR28.xml"), golden!("SS13.xml")] {
        let (_, body) = golden.split_once("?>").unwrap();
        assert!(page.contains(body), "{body}");
    }
}

#[test]
fn what_the_form_cannot_say_is_not_sent() {
    for kind in [ActKind::Locate, ActKind::BorderControl, ActKind::Support, ActKind::Freeze] {
        let mut slip = order(ActKind::Query);
        slip.lines[0].kind = kind;
        assert!(request(&POLICE, &ends(), &slip, &[]).is_none(), "{}", kind.word());
    }
    let mut endless = order(ActKind::Watch);
    endless.lines[0].to = None;
    assert!(request(&POLICE, &ends(), &endless, &[]).is_none());
    let mut company = of_organisation(order(ActKind::Watch));
    company.lines[0].account = None;
    assert!(request(&POLICE, &ends(), &company, &[]).is_none(), "nobody can watch an organisation");
    let large = PaperFile { bytes: Personal::new(vec![0; 9 << 20]), ..paper("ruling", "裁定书.pdf") };
    assert!(request(&POLICE, &ends(), &order(ActKind::Query), &[large]).is_none());
}

#[test]
fn a_reception_says_received_or_hands_back() {
    let received = one(back("RR28", &[("RR28", golden!("RR28.xml"))]).unwrap());
    assert_eq!((received.verdict, received.reason), (Verdict::Registered, Some(Reason::UnderWay)));
    for (code, reason) in [
        ("30001", Reason::Other),
        ("30002", Reason::Other),
        ("30003", Reason::PaperMissing),
        ("30004", Reason::PaperMissing),
        ("30005", Reason::Other),
        ("99999", Reason::Other),
    ] {
        let refused = golden!("RR28.xml").replace("30000", code).replace("已接收", "");
        let outcome = one(back("RR28", &[("RR28", &refused)]).unwrap());
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::HandedBack, Some(reason)), "{code}");
        assert!(outcome.text.unwrap().expose().starts_with(code));
    }
    let unknown = golden!("RR28.xml").replace("30000", "30009");
    assert_eq!(reason(back("RR28", &[("RR28", &unknown)])), "schema");
    let other = golden!("RR28.xml").replace(NUMBER, "X202611220000000001301");
    assert_eq!(reason(back("RR28", &[("RR28", &other)])), "schema");
    assert_eq!(reason(back("RR28", &[])), "members");
    assert_eq!(reason(back("RR28", &[("SS03", golden!("RR28.xml"))])), "members");
}

#[test]
fn an_answer_is_read_once_its_counts_add_up() {
    let done = one(back("FK001", &[("SS03", golden!("SS03.xml")), ("EXECRESULT", golden!("EXECRESULT.xml"))]).unwrap());
    assert_eq!((done.verdict, done.findings.len()), (Verdict::Done, 3));
    let words: Vec<&str> = done.findings.iter().flat_map(|f| &f.details).map(|d| d.name.as_str()).collect();
    assert!(words.contains(&"plate") && words.contains(&"household_address") && words.contains(&"phone"));
    assert!(
        !golden!("SS03.xml").contains("photo") && golden!("SS03.xml").contains("ZPXX"),
        "the golden has a photograph"
    );
    for other in [sums(1, 1, 2, 0), sums(1, 0, 1, 0), sums(0, 1, 1, 0), sums(1, 1, 1, 1), "<EXECRESULT/>".to_owned()] {
        assert_eq!(reason(back("FK001", &[("SS03", golden!("SS03.xml")), ("EXECRESULT", &other)])), "totals");
    }
    assert_eq!(reason(back("FK001", &[("SS03", golden!("SS03.xml"))])), "totals");
    let own = golden!("EXECRESULT.xml");
    let foreign = own.replace(NUMBER, "X202611220000000001301");
    assert_eq!(reason(back("FK001", &[("SS03", golden!("SS03.xml")), ("EXECRESULT", &foreign)])), "totals");
    for (from, to) in [("\"330225\"", "\"330226\""), ("\"P0000000000330225\"", "\"P0000000000330226\"")] {
        let foreign = golden!("SS03.xml").replacen(from, to, 1);
        assert_eq!(reason(back("FK001", &[("SS03", &foreign), ("EXECRESULT", own)])), "schema", "{to}");
        let foreign = golden!("RR28.xml").replacen(from, to, 1);
        assert_eq!(reason(back("RR28", &[("RR28", &foreign)])), "schema", "{to}");
    }
    let twice = golden!("SS03.xml").replace("<RESULT", "<BASICINFO QQDBS=\"X202611220000000001301\"/><RESULT");
    assert_eq!(reason(back("FK001", &[("SS03", &twice), ("EXECRESULT", own)])), "schema", "two requests");
    for (class, bytes, wanted) in [
        ("SS05", golden!("SS03.xml"), "members"),
        ("SS04", golden!("SS03.xml"), "schema"),
        ("SS03", "<SS03>", "schema"),
        ("SS03", "<!DOCTYPE x><SS03/>", "schema"),
    ] {
        assert_eq!(reason(back("FK001", &[(class, bytes), ("EXECRESULT", own)])), wanted);
    }
    let twice = [("SS03", golden!("SS03.xml")), ("SS04", golden!("SS03.xml")), ("EXECRESULT", own)];
    assert_eq!(reason(back("FK001", &twice)), "members");
}

#[test]
fn nobody_refused_and_what_contradicts_itself() {
    let result =
        |fields: &str| format!("<SS03><BASICINFO QQDBS=\"{NUMBER}\"/><RESULT RWLSH=\"{NUMBER}\" {fields}/></SS03>");
    let answered = |message: &str| back("FK001", &[("SS03", message), ("EXECRESULT", &sums(1, 0, 0, 0))]).unwrap();
    assert_eq!(one(answered(&result("CXJG=\"1\""))).verdict, Verdict::NoSuchCustomer);
    let refused = one(answered(&result("CXJG=\"2\" YYDM=\"02\" JGSM=\"证件号码不符\"")));
    assert_eq!((refused.verdict, refused.reason), (Verdict::Refused, Some(Reason::IdMismatch)));
    for unknown in ["CXJG=\"2\" YYDM=\"57\" JGSM=\"不明\"", "CXJG=\"2\" YYDM=\"57\"", "CXJG=\"2\""] {
        assert!(answered(&result(unknown)).feedback[0].outcome.is_err(), "{unknown}");
    }
    let worded = one(answered(&result("CXJG=\"2\" JGSM=\"请到现场查询\"")));
    assert_eq!((worded.verdict, worded.reason), (Verdict::Refused, Some(Reason::Other)));
    assert!(answered(&result("CXJG=\"9\"")).feedback[0].outcome.is_err(), "an unknown word fails alone");
    let told = golden!("SS03.xml").replace("CXJG=\"0\"", "CXJG=\"2\"");
    let inbound = back("FK001", &[("SS03", &told), ("EXECRESULT", golden!("EXECRESULT.xml"))]).unwrap();
    assert!(inbound.feedback[0].outcome.is_err(), "a refusal tells nothing of the record");
}

#[test]
fn a_watch_says_until_when_and_its_hits_are_leads() {
    let done = one(back("FK001", &[("SS13", golden!("SS13.xml")), ("EXECRESULT", &sums(1, 0, 0, 0))]).unwrap());
    assert_eq!((done.verdict, done.to), (Verdict::Done, Day::parse("2026-12-31")));
    for text in ["2026-12-31", "2026/12/31 23:59:59", "20261231235959"] {
        let told = golden!("SS13.xml").replace(" JSSJ=\"20261231\"", &format!(" JSSJ=\"{text}\""));
        let told = one(back("FK001", &[("SS13", &told), ("EXECRESULT", &sums(1, 0, 0, 0))]).unwrap());
        assert_eq!(told.to, Day::parse("20261231"), "{text}");
    }
    let endless = golden!("SS13.xml").replace(" JSSJ=\"20261231\"", "");
    let inbound = back("FK001", &[("SS13", &endless), ("EXECRESULT", &sums(1, 0, 0, 0))]).unwrap();
    assert!(inbound.feedback[0].outcome.is_err(), "in force until no day");

    let hit = back("FK002", &[("SS13", golden!("SS13_hit.xml")), ("EXECRESULT", &sums(0, 0, 0, 1))]).unwrap();
    let [lead] = hit.leads.as_slice() else { panic!("one hit") };
    assert_eq!(lead.slip, "X2026112200000000012-1");
    assert_eq!(lead.respond_by, domain::day::parse_instant("2026-11-22T17:05:00+08:00"));
    let words: Vec<&str> = lead.details.iter().map(|detail| detail.name.as_str()).collect();
    assert_eq!(words, ["what", "plate", "place", "seen_at", "held", "unit"], "no name, no identity number");
    let nameless = golden!("SS13_hit.xml").replace("MZLSH=\"MZ20261122000002\"", "");
    assert_eq!(reason(back("FK002", &[("SS13", &nameless), ("EXECRESULT", &sums(0, 0, 0, 1))])), "schema");
}

/// As much as anybody reads is kept, and it is said that there was more.
#[test]
fn texts_and_findings_have_a_bound() {
    let result = |class: &str, fields: &str, rows: &str| {
        format!("<{class}><BASICINFO QQDBS=\"{NUMBER}\"/><RESULT RWLSH=\"{NUMBER}\" {fields}>{rows}</RESULT></{class}>")
    };
    let rows: String = (0..2_000).map(|nth| format!("<CLXX HPHM=\"浙B{nth:05}\"/>")).collect();
    let many = result("SS03", "CXJG=\"0\" FKSJ=\"20261122101530\"", &rows);
    let many = one(back("FK001", &[("SS03", &many), ("EXECRESULT", &sums(1, 0, 2_000, 0))]).unwrap());
    assert_eq!((many.findings.len(), many.as_of.as_deref()), (FINDINGS_MAX, Some("20261122101530")));
    let last = &many.findings[FINDINGS_MAX - 1].details[0];
    assert_eq!((last.name.as_str(), last.value.expose().as_str()), ("left_out", "1501"));

    let long = "长".repeat(10_000);
    let refused = result("SS03", &format!("CXJG=\"2\" YYDM=\"99\" JGSM=\"{long}\" FKSJ=\"王小渔 {long}\""), "");
    let refused = one(back("FK001", &[("SS03", &refused), ("EXECRESULT", &sums(1, 0, 0, 0))]).unwrap());
    assert_eq!(refused.text.unwrap().expose().chars().count(), DETAIL_CHARS_MAX);
    assert_eq!(refused.as_of, None, "no time, and nothing that is personal under that name");

    let watch = golden!("SS13.xml").replace("BKBH=\"", &format!("BKBH=\"{long}"));
    let inbound = back("FK001", &[("SS13", &watch), ("EXECRESULT", &sums(1, 0, 0, 0))]).unwrap();
    assert_eq!(inbound.feedback[0].outcome.as_ref().err().unwrap().chinese(), "BKBH过长", "cut, it would be another's");

    let hit = golden!("SS13_hit.xml").replace("<MZXX ", &format!("<MZXX BEIZ=\"{long}\" "));
    let hit = hit.replacen(" MZSJ=\"", &format!(" MZSJ=\"{long}"), 1);
    let hit = back("FK002", &[("SS13", &hit), ("EXECRESULT", &sums(0, 0, 0, 1))]).unwrap();
    let lead = &hit.leads[0];
    assert_eq!(lead.text.as_ref().unwrap().expose().chars().count(), DETAIL_CHARS_MAX);
    assert!(
        lead.as_of.is_empty()
            && lead.details.iter().all(|detail| detail.value.expose().chars().count() <= DETAIL_CHARS_MAX)
    );
}

#[test]
fn names_and_seals_are_looked_at_first() {
    let reader = BackReader { said: &POLICE, ends: ends() };
    let base = format!("{BASE}RR28");
    let member = || Member { name: format!("RR28{NUMBER}.xml"), bytes: golden!("RR28.xml").as_bytes().to_vec() };
    let read = |name: &str, password: Option<&str>| reader.read(name, &write(&[member()], password).unwrap());
    assert!(read(&format!("{base}.zip"), Some(&base)).is_ok());
    assert_eq!(reason(read(&format!("{base}.zip"), None)), "unencrypted");
    assert_eq!(reason(read(&format!("{base}.zip"), Some(BASE))), "password");
    assert_eq!(reason(read("a.zip", Some("a"))), "packet_name");
    let other = base.replace("330225P", "330226P");
    assert_eq!(reason(read(&format!("{other}.zip"), Some(&other))), "bank_code");
}

#[tokio::test]
async fn a_reception_behind_its_answer_says_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let entries = [
        ("organ", "330225".to_owned()),
        ("target", "P0000000000330225".to_owned()),
        ("folder", folder.path().to_str().unwrap().to_owned()),
        ("settle_ms", "0".to_owned()),
    ];
    let Ok(Plug::CallOut(call)) = super::build(&partner_options(&entries)) else { panic!("a call-out") };
    let own = folder.path().join("P0000000000330225");
    std::fs::create_dir_all(own.join("upload")).unwrap();
    for _ in 0..2 {
        assert!(call.send_with_papers(&order(ActKind::Watch), &files()).await == Judged::Accepted);
    }
    assert!(own.join("download").join(format!("{BASE}.zip")).exists());
    let put = |kind: &str, members: &[(&str, &str)]| {
        let base = format!("{BASE}{kind}");
        let member = |(class, bytes): &(&str, &str)| Member {
            name: format!("{class}{NUMBER}.xml"),
            bytes: bytes.as_bytes().to_vec(),
        };
        let members: Vec<Member> = members.iter().map(member).collect();
        std::fs::write(own.join("upload").join(format!("{base}.zip")), write(&members, Some(&base)).unwrap()).unwrap();
    };
    let sums = sums(1, 0, 0, 0);
    let answer = [("SS13", golden!("SS13.xml")), ("EXECRESULT", sums.as_str())];
    // Both lie there: the reception is read first, whatever their names and times say.
    put("FK001", &answer);
    put("RR28", &[("RR28", golden!("RR28.xml"))]);
    let sweep = call.sweep().await.ok().unwrap();
    let verdicts: Vec<Verdict> = sweep
        .found
        .iter()
        .map(|swept| swept.said.as_ref().ok().unwrap().feedback[0].outcome.as_ref().unwrap().verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::Registered, Verdict::Done]);
    // The answer was taken, the reception comes late: it would take the act back to waiting.
    call.conclude(&sweep.found[1].name, Conclusion::Taken(&[])).await.unwrap();
    let sweep = call.sweep().await.ok().unwrap();
    assert_eq!(sweep.found.len(), 1);
    assert!(sweep.found[0].said.as_ref().ok().unwrap().feedback.is_empty());
    call.conclude(&sweep.found[0].name, Conclusion::Taken(&[])).await.unwrap();
    // Hits in another order than their numbers are all hits, and put no answer out of date; an older answer behind a newer one is.
    let (hit, sums) = (golden!("SS13_hit.xml"), self::sums(0, 0, 0, 1));
    for kind in ["FK005", "FK002"] {
        put(kind, &[("SS13", hit), ("EXECRESULT", &sums)]);
        let sweep = call.sweep().await.ok().unwrap();
        assert_eq!(sweep.found[0].said.as_ref().ok().unwrap().leads.len(), 1);
        call.conclude(&sweep.found[0].name, Conclusion::Taken(&[])).await.unwrap();
    }
    for (kind, stale) in [("FK004", None), ("FK003", Some("stale"))] {
        put(kind, &answer);
        let sweep = call.sweep().await.ok().unwrap();
        assert_eq!(sweep.found[0].said.as_ref().err().copied(), stale, "{kind}");
        let end = stale.map_or(Conclusion::Taken(&[]), Conclusion::SetAside);
        call.conclude(&sweep.found[0].name, end).await.unwrap();
    }
}

proptest::proptest! {
    #[test]
    fn any_message_is_read_or_set_aside(text in "[<>&;/a-zA-Z0-9\"'= !\\[\\]?#]{0,200}") {
        drop(back("RR28", &[("RR28", &text)]));
        drop(back("FK001", &[("SS13", &text), ("EXECRESULT", &sums(1, 0, 0, 0))]));
    }
}
