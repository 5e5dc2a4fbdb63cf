//! Tasks to and reports from grid workers byte for byte, photos held against their digests, and what is a doubt.

use domain::act::GRID_TASKS;
use domain::outcome::{Detail, FindingClass, LeadClass, Reason, Verdict};
use domain::slip::Slip;
use domain::socket::{Cause, Judged};
use domain::{ActKind, Day, Personal};

use super::TRADE;
use super::words::{ASKED, published};
use crate::open::tests::specimen::{answered, key, paper, reply, slip};
use crate::open::{Unencodable, judge_asked, judge_sent, read_inbound, task};

const DOUBT: Judged = Judged::Doubt { cause: Cause::Schema };

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("golden/", $name)).trim_end()
    };
}

/// A task to look for 王小渔 around the harbour until the end of the month.
pub(crate) fn order(_kind: ActKind) -> Slip {
    of("find_person")
}

fn of(task: &str) -> Slip {
    let mut slip = slip(ActKind::GridTask, None);
    let line = &mut slip.lines[0];
    let detail = |name: &str, value: &str| Detail { name: name.to_owned(), value: Personal::new(value.to_owned()) };
    line.to = Day::parse("2026-11-30");
    line.note = Some(Personal::new("请到石浦镇渔港路走访，了解被执行人近期下落".to_owned()));
    line.details = vec![detail("task", task), detail("village", "石浦镇延昌社区"), detail("colour", "red")];
    slip
}

fn asked(body: &str) -> Judged {
    judge_asked(&TRADE, ActKind::GridTask, &key(ActKind::GridTask), &reply(200, body))
}

#[test]
fn tasks_are_written_byte_for_byte() {
    for (sort, golden) in [
        ("find_person", golden!("find_person.json")),
        ("find_property", golden!("find_property.json")),
        ("serve_papers", golden!("serve_papers.json")),
    ] {
        let written = task(&TRADE, &of(sort), &[paper("assist_notice", "协助通知书.pdf")]).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), golden);
    }
}

#[test]
fn what_is_incomplete_never_leaves() {
    let refused = |change: fn(&mut Slip)| {
        let mut slip = of("find_person");
        change(&mut slip);
        task(&TRADE, &slip, &[]) == Err(Unencodable)
    };
    assert!(!refused(|_| {}));
    assert!(refused(|slip| slip.lines[0].note = None));
    assert!(refused(|slip| slip.lines[0].details.clear()));
    assert!(refused(|slip| slip.lines[0].details[0].value = Personal::new("tea".to_owned())));
    assert!(task(&TRADE, &slip(ActKind::Query, None), &[]) == Err(Unencodable));
    assert_eq!(GRID_TASKS.len(), 3);
}

#[test]
fn a_report_brings_findings_and_photos() {
    let taken = judge_sent(&TRADE, ActKind::GridTask, &key(ActKind::GridTask), &reply(200, golden!("registered.json")));
    let taken = answered(taken);
    assert_eq!(
        (taken.verdict, taken.reason, taken.due),
        (Verdict::Registered, Some(Reason::UnderWay), Day::parse("2026-11-30"))
    );
    let found = answered(asked(golden!("person_found.json")));
    assert_eq!((found.verdict, found.findings.len(), found.replies.len()), (Verdict::Done, 2, 1));
    assert_eq!(found.findings[0].class, FindingClass::Whereabouts);
    assert!(found.replies[0].md5_fits, "the digest fits the photo");
    assert!(found.findings.iter().flat_map(|finding| &finding.details).all(|detail| detail.name != "companions"));
    let property = answered(asked(golden!("property_found.json")));
    assert_eq!(property.findings[0].class, FindingClass::Property);
    let served = answered(asked(golden!("served.json")));
    assert_eq!(served.findings[0].class, FindingClass::Served);
    let nobody = answered(asked(golden!("not_found.json")));
    assert_eq!((nobody.verdict, nobody.reason), (Verdict::Refused, Some(Reason::NotFound)));
    let inbound = read_inbound(&TRADE, golden!("callback.json").as_bytes()).ok().unwrap();
    assert_eq!((inbound.feedback.len(), inbound.leads.len()), (1, 1));
    assert!(inbound.feedback[0].outcome.is_ok());
    assert_eq!(inbound.leads[0].class, LeadClass::Clue);
}

#[test]
fn a_report_that_does_not_hold_together_is_a_doubt() {
    let found = golden!("person_found.json");
    assert!(asked(&found.replace("\"done\"", "\"partly\"")) == DOUBT);
    assert!(asked(&found.replace("/9j/4AAQSkZJRg==", "/9j/4AAQSkZJRgA=")) == DOUBT, "another photo than the one named");
    assert!(asked(&found.replace("\"replies\"", "\"photos\"")) == DOUBT, "the photo is not there");
    assert!(asked(&found.replace("\"findings\"", "\"report\"")) == DOUBT, "done, and nothing told");
    let served = golden!("served.json");
    assert!(asked(&served.replace("\"photo\"", "\"picture\"")) == DOUBT, "served without a photo");
    assert!(asked(&found.replace("whereabouts", "gossip")) == DOUBT);
}

#[test]
fn the_page_and_the_words_are_the_same() {
    let page = include_str!("../../schemas/partners/grid.md");
    let words = |row: &str| -> Vec<String> { row.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    for class in FindingClass::ALL.iter().filter(|class| !published(**class).is_empty()) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` | `", class.word()))).unwrap();
        assert_eq!(words(row)[1..], *published(*class), "{}", class.word());
    }
    for task in GRID_TASKS {
        assert!(page.contains(&format!("| `{task}` |")), "{task}");
    }
    for word in ASKED {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}
