//! Messages to and from police byte for byte, what is dropped unread, and what is a doubt.

use std::sync::Arc;

use domain::case::{Paper, PartyKind};
use domain::form::DefectKind;
use domain::outcome::{Detail, FindingClass, LeadClass, Outcome, Reason, Verdict};
use domain::slip::{Slip, SlipContext};
use domain::socket::{CallOut, Cause, FaceFault, Inbound, ItemVerdict, Judged, OptionText, PaperFile, SocketFuture};
use domain::{ActKind, Day, Personal, Secret};

use super::call::PoliceCall;
use super::words::{HIT, keep_published, published};
use super::{ACTS, OPEN, TRADE, form};
use crate::open::tests::specimen::{answered, key, paper, reply, slip};
use crate::open::{Unencodable, judge_asked, judge_sent, read_inbound, task};

const PLATE: &str = "浙BO0000";
const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("golden/", $name)).trim_end()
    };
}

/// A slip that police take: the vehicle of 王小渔 for a watch, people until the next day for a support.
pub(crate) fn order(kind: ActKind) -> Slip {
    let mut slip = slip(kind, (kind == ActKind::Watch).then_some(PLATE));
    let line = &mut slip.lines[0];
    match kind {
        ActKind::Watch => (line.from, line.to) = (Day::parse("2026-11-22"), Day::parse("2026-12-31")),
        ActKind::Locate => (line.from, line.to) = (Day::parse("2026-09-01"), Day::parse("2026-11-22")),
        ActKind::BorderControl => (line.from, line.to) = (None, Day::parse("2027-05-21")),
        ActKind::Support => {
            line.to = Day::parse("2026-11-23");
            line.note = Some(Personal::new("石浦镇虚构路8号，带离被执行人，需警力3名".to_owned()));
        }
        _ => {}
    }
    let papers = files(kind).into_iter().map(|file| Paper {
        kind: file.kind,
        number: file.number,
        file_name: file.file_name,
        digest: Personal::new("sha256:00".to_owned()),
    });
    let (case, officers) = (slip.context.case.clone(), slip.context.officers.clone());
    slip.context = Arc::new(SlipContext { case, officers, papers: papers.collect() });
    slip
}

fn files(kind: ActKind) -> Vec<PaperFile> {
    let mut files = match kind {
        ActKind::Query => vec![paper("query_notice", "协助查询通知书.pdf")],
        _ => vec![paper("ruling", "裁定书.pdf"), paper("assist_notice", "协助执行通知书.pdf")],
    };
    files.extend([paper("work_id_scan", "工作证.pdf"), paper("duty_id_scan", "执行公务证.pdf")]);
    files
}

fn said(kind: ActKind, status: u16, body: &str) -> Judged {
    judge_sent(&TRADE, kind, &key(kind), &reply(status, body))
}

fn detail<'o>(outcome: &'o Outcome, nth: usize, name: &str) -> &'o str {
    let found: Option<&Detail> = outcome.findings[nth].details.iter().find(|detail| detail.name == name);
    found.unwrap().value.expose()
}

#[test]
fn tasks_are_written_byte_for_byte() {
    let mut person = order(ActKind::Watch);
    person.lines[0].account = None;
    for (slip, golden) in [
        (order(ActKind::Query), golden!("query.json")),
        (order(ActKind::Locate), golden!("locate.json")),
        (order(ActKind::Watch), golden!("watch_vehicle.json")),
        (person, golden!("watch_person.json")),
        (order(ActKind::BorderControl), golden!("border_control.json")),
        (order(ActKind::Lift), golden!("lift.json")),
        (order(ActKind::Support), golden!("support.json")),
    ] {
        let written = task(&TRADE, &slip, &files(slip.lines[0].kind)).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), golden);
    }
}

#[test]
fn what_is_incomplete_never_leaves() {
    let refused = |kind: ActKind, change: fn(&mut Slip)| {
        let mut slip = order(kind);
        change(&mut slip);
        task(&TRADE, &slip, &[]) == Err(Unencodable)
    };
    assert!(refused(ActKind::Watch, |slip| slip.lines[0].to = None));
    assert!(refused(ActKind::Watch, |slip| slip.lines[0].account = Some(Personal::new(" ".to_owned()))));
    assert!(refused(ActKind::BorderControl, |slip| slip.lines[0].to = None));
    assert!(refused(ActKind::BorderControl, |slip| slip.lines[0].account = Some(Personal::new(PLATE.to_owned()))));
    assert!(refused(ActKind::Support, |slip| slip.lines[0].to = None));
    assert!(refused(ActKind::Support, |slip| slip.lines[0].note = None));
    assert!(refused(ActKind::Lift, |slip| slip.lines[0].original = None));
    assert!(refused(ActKind::Query, |slip| slip.lines[0].account = Some(Personal::new(PLATE.to_owned()))));
    for kind in ActKind::ALL.iter().filter(|kind| !ACTS.contains(kind)) {
        assert!(task(&TRADE, &slip(*kind, Some(PLATE)), &[]) == Err(Unencodable), "{}", kind.word());
    }
    fn as_organisation(slip: &mut Slip) {
        let mut case = slip.context.case.clone();
        case.parties[0].kind = PartyKind::Organisation;
        let (officers, papers) = (slip.context.officers.clone(), slip.context.papers.clone());
        slip.context = Arc::new(SlipContext { case, officers, papers });
    }
    assert!(refused(ActKind::Locate, as_organisation) && refused(ActKind::BorderControl, as_organisation));
    let mut vehicle = order(ActKind::Watch);
    as_organisation(&mut vehicle);
    assert!(task(&TRADE, &vehicle, &[]).is_ok(), "an organisation's vehicle may be watched");
    vehicle.lines[0].account = None;
    assert!(task(&TRADE, &vehicle, &[]) == Err(Unencodable));
    let mut query = order(ActKind::Query);
    as_organisation(&mut query);
    let written = String::from_utf8(task(&TRADE, &query, &[]).unwrap()).unwrap();
    assert!(written.contains(r#""police":{"wants":["identity","vehicle"]}"#));
}

#[test]
fn what_a_query_brings_is_read_and_the_rest_dropped() {
    let outcome = answered(said(ActKind::Query, 200, golden!("query_done.json")));
    let classes: Vec<FindingClass> = outcome.findings.iter().map(|finding| finding.class).collect();
    assert_eq!(classes, [FindingClass::Identity, FindingClass::Vehicle, FindingClass::Contact]);
    assert_eq!(detail(&outcome, 0, "household_address"), "浙江省象山县石浦镇");
    assert_eq!((detail(&outcome, 1, "plate"), detail(&outcome, 1, "vin")), (PLATE, "LXZQ0000000000000"));
    assert_eq!(outcome.as_of.as_deref(), Some("2026-11-22T10:15:30+08:00"));
    let more = golden!("query_done.json").replace(
        r#""findings":["#,
        r#""findings":[{"class":"whereabouts","details":{"what":"hotel_stay"}},{"class":"contact","details":{"companions":"某某"}},"#,
    );
    let more = more.replace(r#""plate":"#, r#""photo":"AAAA","plate":"#);
    let mut wide = answered(said(ActKind::Query, 200, &more));
    assert_eq!(wide.findings.len(), 4, "whereabouts were not asked for");
    keep_published(&mut wide);
    assert!(wide == outcome, "a photograph and companions are not kept");
    let none = answered(said(ActKind::Query, 200, golden!("query_nobody.json")));
    assert!(none.verdict == Verdict::NoSuchCustomer && none.findings.is_empty());
}

#[test]
fn whereabouts_come_later() {
    assert!(said(ActKind::Locate, 202, golden!("locate_accepted.json")) == Judged::Accepted);
    let judged = judge_asked(&TRADE, ActKind::Locate, &key(ActKind::Locate), &reply(200, golden!("locate_done.json")));
    let outcome = answered(judged);
    assert_eq!((outcome.verdict, outcome.findings.len()), (Verdict::Done, 4));
    assert_eq!((detail(&outcome, 0, "what"), detail(&outcome, 0, "room")), ("hotel_stay", "305"));
    assert_eq!((detail(&outcome, 2, "what"), detail(&outcome, 2, "port")), ("exit", "上海浦东机场口岸"));
    assert_eq!(outcome.from, Day::parse("2026-09-01"));
    let unknown = reply(404, &format!(r#"{{"number":"{}","state":"unknown"}}"#, key(ActKind::Locate)));
    assert!(judge_asked(&TRADE, ActKind::Locate, &key(ActKind::Locate), &unknown) == Judged::NotFound);
}

#[test]
fn measures_are_in_force_until_a_day() {
    let outcome = answered(said(ActKind::Watch, 200, golden!("watch_done.json")));
    assert_eq!((outcome.verdict, outcome.to), (Verdict::Done, Day::parse("2026-12-31")));
    assert_eq!(outcome.serial.unwrap().expose(), "LK20261122000001");
    let endless = golden!("watch_done.json").replace(r#","to":"2026-12-31""#, "");
    assert!(said(ActKind::Watch, 200, &endless) == DOUBT);
    let border = golden!("watch_done.json").replace("\"watch\"", "\"border_control\"");
    assert!(said(ActKind::BorderControl, 200, &border) == said(ActKind::Watch, 200, golden!("watch_done.json")));
    assert!(said(ActKind::Watch, 200, &border) == DOUBT, "the answer to another kind");
    assert!(said(ActKind::BorderControl, 200, &border.replace(r#","to":"2026-12-31""#, "")) == DOUBT);
    let lifted = answered(said(ActKind::Lift, 200, golden!("lift_done.json")));
    assert_eq!((lifted.verdict, lifted.to), (Verdict::Done, Day::parse("2026-11-25")));
    let refused = answered(said(ActKind::Lift, 200, golden!("lift_refused.json")));
    assert_eq!((refused.verdict, refused.reason), (Verdict::Refused, Some(Reason::NoOriginalFreeze)));
    let defect = answered(said(ActKind::Watch, 422, golden!("handed_back.json")));
    assert_eq!((defect.verdict, defect.reason), (Verdict::HandedBack, Some(Reason::CredentialMissing)));
}

#[test]
fn people_under_way_are_registered_and_later_done() {
    let outcome = answered(said(ActKind::Support, 200, golden!("support_registered.json")));
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Registered, Some(Reason::UnderWay)));
    assert_eq!(outcome.due, Day::parse("2026-11-23"));
    let inbound = read_inbound(&TRADE, golden!("support_callback.json").as_bytes()).ok().unwrap();
    let [item] = inbound.feedback.as_slice() else { panic!("one result") };
    assert_eq!((item.slip.as_str(), item.line), ("X2026112200000000012", Some(1)));
    let outcome = item.outcome.as_ref().unwrap();
    assert_eq!((outcome.verdict, outcome.findings.len()), (Verdict::Done, 3));
    assert_eq!((detail(outcome, 1, "unit"), detail(outcome, 1, "officers")), ("石浦派出所", "3"));
    assert_eq!(detail(outcome, 1, "arrived_at"), "2026-11-22T15:40:00+08:00");
}

#[test]
fn states_that_a_kind_has_not_are_doubts() {
    for kind in ACTS {
        let with = |state: &str| {
            let body = format!(r#"{{"number":"{}","state":"{state}","to":"2026-12-31"}}"#, key(*kind));
            said(*kind, 200, &body)
        };
        for state in ["queued", "frozen", "", "DONE", "unknown", "closed", "conflict"] {
            assert!(with(state) == DOUBT, "{} {state}", kind.word());
        }
        assert_eq!(with("partly") == DOUBT, *kind != ActKind::Support, "{}", kind.word());
        let is_at_once = matches!(kind, ActKind::Query | ActKind::Watch | ActKind::Lift);
        assert_eq!(with("registered") == DOUBT, is_at_once, "{}", kind.word());
        assert_eq!(answered(with("done")).verdict, Verdict::Done);
        assert_eq!(answered(with("refused")).verdict, Verdict::Refused);
        let nobody = if kind.is_question() { Verdict::NoSuchCustomer } else { Verdict::Refused };
        assert_eq!(answered(with("no_such_customer")).verdict, nobody);
    }
}

/// An open call whose answers are made up here, to see what passes through.
struct Said(fn() -> Judged);

impl CallOut for Said {
    fn send<'a>(&'a self, _slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(async { (self.0)() })
    }
    fn ask<'a>(&'a self, _key: domain::slip::SlipLine, _kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async { (self.0)() })
    }
    fn wants_papers(&self, kind: ActKind) -> bool {
        (TRADE.papers)(kind)
    }
    fn read_inbound(&self, body: &[u8]) -> Result<Inbound, FaceFault> {
        read_inbound(&TRADE, body)
    }
    fn answer_inbound(&self, verdicts: &[ItemVerdict]) -> domain::socket::FaceReply {
        let taken = verdicts.iter().filter(|verdict| verdict.taken.is_ok()).count();
        domain::socket::FaceReply {
            status: 200,
            content_type: "application/json",
            bytes: vec![u8::try_from(taken).unwrap()],
        }
    }
}

fn with_photo() -> Judged {
    let body = golden!("query_done.json").replace(r#""plate":"#, r#""photo":"AAAA","plate":"#);
    said(ActKind::Query, 200, &body)
}

#[tokio::test]
async fn every_way_in_passes_the_published_words() {
    let call = PoliceCall::new(Arc::new(Said(with_photo)));
    let (slip, expected) = (order(ActKind::Query), said(ActKind::Query, 200, golden!("query_done.json")));
    let asked = domain::slip::SlipLine { slip: slip.number, line: 0 };
    assert!(call.send(&slip).await == expected);
    assert!(call.ask(asked, ActKind::Query).await == expected);
    assert!(call.send_with_papers(&slip, &[]).await == expected);
    assert!(ACTS.iter().all(|kind| call.wants_papers(*kind)));
    let telling = golden!("support_callback.json").replace(r#""unit":"#, r#""suspect":"某某","unit":"#);
    let steps = call.read_inbound(telling.as_bytes()).ok().unwrap();
    let plain = call.read_inbound(golden!("support_callback.json").as_bytes()).ok().unwrap();
    assert!(steps.feedback[0].outcome == plain.feedback[0].outcome);
    assert!(call.read_inbound(b"{").is_err());
    let verdicts = [ItemVerdict { slip: String::new(), taken: Ok(()) }];
    assert_eq!(call.answer_inbound(&verdicts).bytes, [1]);
    // A refusal that tells of the record all the same: nothing of it is kept.
    let refused = PoliceCall::new(Arc::new(Said(|| {
        said(ActKind::Query, 200, &golden!("query_done.json").replace("\"done\"", "\"refused\""))
    })));
    assert!(answered(refused.send(&slip).await).findings.is_empty());
}

#[test]
fn a_hit_has_a_clock_and_no_name() {
    let call = PoliceCall::new(Arc::new(Said(|| DOUBT)));
    let telling = golden!("hit_callback.json")
        .replace(r#""plate":"#, r#""name":"王小渔","id_number":"330225189506120170","plate":"#);
    for body in [golden!("hit_callback.json"), &telling] {
        let inbound = call.read_inbound(body.as_bytes()).ok().unwrap();
        let [lead] = inbound.leads.as_slice() else { panic!("one lead") };
        assert_eq!((lead.class, lead.slip.as_str(), lead.line), (LeadClass::Hit, "X2026112200000000012", Some(1)));
        assert_eq!(lead.serial.expose(), "MZ20261122000002");
        assert_eq!(lead.respond_by, domain::day::parse_instant("2026-11-22T17:05:00+08:00"));
        let names: Vec<&str> = lead.details.iter().map(|detail| detail.name.as_str()).collect();
        assert_eq!(names, ["held", "place", "plate", "seen_at", "unit", "what"]);
        assert!(names.iter().all(|name| HIT.contains(name)));
    }
    let no_clock = golden!("hit_callback.json").replace("2026-11-22T17:05:00+08:00", "at once");
    assert!(call.read_inbound(no_clock.as_bytes()).is_err(), "a clock that cannot be read is not left out");
}

#[test]
fn police_are_not_spoken_to_in_the_clear() {
    let build = |url: &str| {
        let text = |text: &str| OptionText { text: Secret::new(text.to_owned()), line: 12 };
        let entries = [("url".to_owned(), text(url)), ("token".to_owned(), text("t"))].into();
        let options = domain::socket::PartnerOptions { entries, connect_timeout_ms: 1, timeout_ms: 2, dialect: None };
        (OPEN.build)(&options).err().map(|faults| (faults.len(), faults[0].key.clone(), faults[0].line))
    };
    let refused = Some((1, "url".to_owned(), 12));
    for url in ["http://police.example/", "http://10.0.0.7:8443/", "http://127.0.0.1.example/", "http://[fd12::1]/"] {
        assert_eq!(build(url), refused, "{url}");
    }
    for url in ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/"] {
        assert_eq!(build(url), None, "{url}");
    }
}

/// The page's own tables: what stands there is what is looked for here.
#[test]
fn the_page_and_the_words_are_the_same() {
    let page = include_str!("../../schemas/partners/police.md");
    let words = |row: &str| -> Vec<String> { row.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    for class in FindingClass::ALL.iter().filter(|class| !published(**class).is_empty()) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` | `", class.word()))).unwrap();
        assert_eq!(words(row)[1..], *published(*class), "{}", class.word());
    }
    let hit = page.lines().find(|line| line.starts_with("| `details` |")).unwrap();
    let named: Vec<String> = words(hit)
        .into_iter()
        .filter(|word| !["details", "person", "vehicle", "yes", "no"].contains(&word.as_str()))
        .collect();
    assert_eq!(named, HIT);
    for kind in ACTS {
        assert!(page.contains(&format!("| `{}` | {} |", kind.word(), kind.chinese())), "{}", kind.word());
    }
}

#[test]
fn a_slip_that_the_form_lets_through_has_what_the_page_wants() {
    let form = form(&domain::socket::PartnerOptions::default());
    for kind in ACTS {
        let slip = order(*kind);
        let context = &slip.context;
        let defects = |papers: &[Paper], officers: &[domain::case::Officer]| {
            let found = form.defects(&domain::form::Looked {
                subject: (0, slip.party().unwrap()),
                officers,
                papers,
                kinds: &[*kind],
                case_number: &slip.context.case.number,
                court_account: None,
                orders: &[],
            });
            found.iter().map(|defect| defect.kind).collect::<Vec<_>>()
        };
        assert_eq!(defects(&context.papers, &context.officers), []);
        assert_eq!(defects(&context.papers, &context.officers[..1]), [DefectKind::SecondOfficerMissing]);
        for leave_out in 0..context.papers.len() {
            let mut papers = context.papers.clone();
            papers.remove(leave_out);
            assert!(defects(&papers, &context.officers).contains(&DefectKind::PaperMissing), "{}", kind.word());
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_damaged_answer_is_never_a_panic(at in 0_usize..1_500, byte in proptest::num::u8::ANY, kind in 0..6_usize) {
        for body in [golden!("query_done.json"), golden!("locate_done.json"), golden!("support_callback.json"), golden!("hit_callback.json")] {
            let mut body = body.as_bytes().to_vec();
            if let Some(place) = body.get_mut(at) {
                *place = byte;
            }
            let http = crate::transport::http::HttpReply { status: 200, retry_after_ms: None, body: Ok(body.clone()) };
            drop(judge_sent(&TRADE, ACTS[kind], &key(ACTS[kind]), &http));
            drop(read_inbound(&TRADE, &body));
        }
    }

    #[test]
    fn particulars_are_kept_whole_or_not_at_all(value in "\\PC{0,40}", name in "[a-z_]{1,20}") {
        let quoted = serde_json::to_string(&value).unwrap();
        let body = format!(r#"{{"number":"{}","state":"done","findings":[{{"class":"vehicle","details":{{"{name}":{quoted}}}}}]}}"#, key(ActKind::Query));
        let mut outcome = answered(said(ActKind::Query, 200, &body));
        keep_published(&mut outcome);
        let kept = outcome.findings.first().map(|finding| finding.details[0].value.expose().clone());
        let is_published = published(FindingClass::Vehicle).contains(&name.as_str()) && !value.is_empty();
        proptest::prop_assert_eq!(kept, is_published.then_some(value));
    }
}
