//! The police's books against their page: formal checks, what is told and what is not, watches until they end, people who come.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use proptest::prelude::*;
use simulators::bank::Identity;
use simulators::police::{
    Doing, Kind, Officer, Order, PoliceBooks, RESPOND_MS, Register, Sighting, Standing, Step, Told, Wants,
};
use simulators::{County, Day};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-11-22, ten o'clock in Shanghai.
const NOW: i64 = 1_795_276_800_000 + 10 * HOUR_MS;
const ID: &str = "330225189506120170";
const PLATE: &str = "浙BO0000";

fn books() -> PoliceBooks {
    PoliceBooks::new(Register::of(&County::of_the_samples(), 1, NOW))
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn order(kind: Kind, number: &str) -> Order {
    let officer = |name: &str, tail: &str| Officer {
        name: name.to_owned(),
        work_id: format!("GZ330225{tail}"),
        duty_id: format!("GW330225{tail}"),
    };
    Order {
        number: number.to_owned(),
        kind,
        case_number: "(2026)浙0225执1234号".to_owned(),
        subject: Identity { name: "王小渔".to_owned(), id_type: "01".to_owned(), id_number: ID.to_owned() },
        plate: String::new(),
        from: None,
        to: matches!(kind, Kind::Watch | Kind::BorderControl | Kind::Support).then(|| day("2026-12-31")),
        original: None,
        note: if kind == Kind::Support { "石浦镇渔港路，带离被执行人".to_owned() } else { String::new() },
        wants: Wants::default(),
        officers: vec![officer("陈法官", "001"), officer("林法官", "002")],
        papers: ["ruling", "assist_notice", "query_notice", "work_id_scan", "duty_id_scan"].map(str::to_owned).into(),
    }
}

fn lift(number: &str, original: &str) -> Order {
    Order { original: Some((original.to_owned(), "(2026)浙0225执1234号".to_owned())), ..order(Kind::Lift, number) }
}

fn vehicle_watch(number: &str) -> Order {
    Order { plate: PLATE.to_owned(), ..order(Kind::Watch, number) }
}

fn said(told: &Told) -> (Standing, &'static str) {
    (told.standing, told.reason)
}

fn classes(told: &Told) -> Vec<&'static str> {
    told.findings.iter().map(|(class, _)| *class).collect()
}

#[test]
fn what_is_formally_defective_is_handed_back_and_leaves_nothing() {
    let books = books();
    let change = |kind: Kind, change: fn(&mut Order)| {
        let mut order = order(kind, "D-1");
        change(&mut order);
        said(&books.take(&order, NOW))
    };
    let handed_back = |reason| (Standing::HandedBack, reason);
    for kind in Kind::ALL {
        let missing = handed_back("credential_missing");
        assert_eq!(change(kind, |o| o.officers.truncate(1)), missing);
        assert_eq!(change(kind, |o| o.officers[1].duty_id.clear()), missing);
        assert_eq!(
            change(kind, |o| o.officers[1].work_id = "工作证字第三三零号".to_owned()),
            missing,
            "18 bytes of GBK"
        );
        assert_eq!(change(kind, |o| o.papers.retain(|p| p != "work_id_scan")), missing);
        assert_eq!(change(kind, |o| o.officers.push(o.officers[0].clone())), missing, "three officers, two scans");
        assert_eq!(change(kind, |o| o.papers.retain(|p| p.ends_with("scan"))), handed_back("paper_missing"));
        assert_eq!(change(kind, |o| o.subject.id_type = "99".to_owned()), handed_back("unsupported"));
    }
    for kind in [Kind::Locate, Kind::Watch, Kind::BorderControl, Kind::Lift, Kind::Support] {
        assert_eq!(change(kind, |o| o.papers.retain(|p| p != "ruling")), handed_back("paper_missing"));
        assert_eq!(change(kind, |o| o.papers.retain(|p| p != "assist_notice")), handed_back("paper_missing"));
    }
    assert_eq!(change(Kind::Watch, |o| o.to = None), handed_back("other"));
    assert_eq!(change(Kind::Watch, |o| o.to = Day::parse("2026-11-21")), handed_back("other"));
    assert_eq!(change(Kind::BorderControl, |o| o.from = Day::parse("2027-01-01")), handed_back("other"));
    assert_eq!(change(Kind::Lift, |_| {}), handed_back("other"));
    assert_eq!(change(Kind::Support, |o| o.note = " ".to_owned()), handed_back("other"));
    assert!(books.effects().is_empty() && books.measures().is_empty() && books.waiting().is_empty());
}

#[test]
fn a_query_tells_what_was_asked_for_and_nothing_to_a_wrong_name() {
    let books = books();
    let told = books.take(&order(Kind::Query, "Q-1"), NOW);
    assert_eq!((told.standing, classes(&told)), (Standing::Done, vec!["identity", "vehicle", "contact"]));
    assert_eq!(told.findings[1].1["plate"], PLATE);
    assert_eq!(told.findings[0].1.get("former_name"), None, "what is not known is absent");
    let only = Wants { identity: false, contact: false, vehicle: true };
    assert_eq!(classes(&books.take(&Order { wants: only, ..order(Kind::Query, "Q-2") }, NOW)), ["vehicle"]);
    let mut other = order(Kind::Query, "Q-3");
    other.subject.name = "王大渔".to_owned();
    let told = books.take(&other, NOW);
    assert_eq!((said(&told), told.findings.len()), ((Standing::Refused, "name_mismatch"), 0));
    other.subject.id_number = "330225189506120189".to_owned();
    assert_eq!(books.take(&other, NOW).standing, Standing::NoSuchCustomer);
    assert_eq!(
        said(&books.take(&Order { kind: Kind::Watch, to: Day::parse("2026-12-31"), ..other }, NOW)),
        (Standing::Refused, "not_found")
    );
    let mut old = order(Kind::Query, "Q-4");
    old.subject.id_number = "330225950612017".to_owned();
    assert_eq!(books.take(&old, NOW).standing, Standing::Done, "a 15-digit card is the same person");
}

#[test]
fn whereabouts_are_told_later_and_within_the_window() {
    let books = PoliceBooks::new(Register { sightings: Vec::new(), ..Register::of(&County::of_the_samples(), 1, NOW) });
    for (ago, place) in [(1, "望潮旅馆"), (80, "听涛宾馆"), (100, "旧宾馆")] {
        let from_ms = NOW - ago * DAY_MS;
        let place = place.to_owned();
        books.add_sighting(Sighting {
            id_number: ID.to_owned(),
            doing: Doing::HotelStay,
            from_ms,
            to_ms: from_ms + 12 * HOUR_MS,
            place,
            address: "虚构路8号".to_owned(),
            number: "305".to_owned(),
        });
    }
    assert_eq!(books.take(&order(Kind::Locate, "L-1"), NOW).standing, Standing::Accepted);
    assert_eq!(books.waiting(), ["L-1"]);
    let told = books.settle("L-1", NOW + HOUR_MS).unwrap();
    let places: Vec<&str> = told.findings.iter().map(|(_, details)| details["place"].as_str()).collect();
    assert_eq!((told.standing, places), (Standing::Done, vec!["听涛宾馆", "望潮旅馆"]));
    assert!(books.settle("L-1", NOW).is_none(), "once");
    let wide = Order { from: Day::parse("2020-01-01"), to: Day::parse("2026-11-20"), ..order(Kind::Locate, "L-2") };
    books.take(&wide, NOW);
    let told = books.settle("L-2", NOW).unwrap();
    assert_eq!(
        (told.findings.len(), told.from),
        (2, Day::parse("2025-11-20")),
        "not further back than a year, not the day after"
    );
    books.take(&order(Kind::Locate, "L-3"), NOW + 300 * DAY_MS);
    let told = books.settle("L-3", NOW + 300 * DAY_MS).unwrap();
    assert!(told.standing == Standing::Done && told.findings.is_empty() && told.text.contains("无记录"));
}

#[test]
fn a_watch_makes_hits_until_it_is_lifted_or_over() {
    let books = books();
    assert!(books.pass(PLATE, "石浦卡口", NOW).is_empty(), "nobody is watched yet");
    let told = books.take(&vehicle_watch("W-1"), NOW);
    assert_eq!(
        (told.standing, told.from, told.to),
        (Standing::Done, Day::parse("2026-11-22"), Day::parse("2026-12-31"))
    );
    let person = books.take(&Order { to: Day::parse("2027-11-21"), ..order(Kind::Watch, "W-2") }, NOW);
    assert_eq!(person.to, Day::parse("2027-02-19"), "90 days for a person");
    let hits = books.pass(PLATE, "石浦卡口", NOW + HOUR_MS);
    assert_eq!((hits.len(), hits[0].number.as_str(), hits[0].respond_by_ms), (1, "W-1", NOW + HOUR_MS + RESPOND_MS));
    assert_eq!(books.pass(ID, "象山站", NOW)[0].number, "W-2");
    assert!(books.pass("浙BO0002", "石浦卡口", NOW).is_empty());
    assert_eq!(books.hits().len(), 2);
    let told = books.take(&lift("U-1", "W-1"), NOW + DAY_MS);
    assert_eq!((told.standing, told.to), (Standing::Done, Day::parse("2026-11-23")));
    assert!(books.pass(PLATE, "石浦卡口", NOW + DAY_MS).is_empty(), "no hit after the lift");
    assert_eq!(books.pass(ID, "象山站", NOW + 89 * DAY_MS).len(), 1, "the last day is a day of it");
    assert!(books.pass(ID, "象山站", NOW + 90 * DAY_MS).is_empty());
    let told = books.take(&lift("U-2", "W-2"), NOW + 100 * DAY_MS);
    assert_eq!((told.standing, told.to), (Standing::Done, Day::parse("2027-02-19")), "it had ended before");
}

#[test]
fn a_lift_names_a_measure_of_its_own_case_and_subject() {
    let books = books();
    books.take(&vehicle_watch("W-1"), NOW);
    let none = (Standing::Refused, "no_original_freeze");
    assert_eq!(said(&books.take(&lift("U-1", "W-9"), NOW)), none);
    let mut other = lift("U-2", "W-1");
    other.original = Some(("W-1".to_owned(), "(2026)浙0225执9号".to_owned()));
    assert_eq!(said(&books.take(&other, NOW)), none);
    assert_eq!(said(&books.take(&Order { plate: "浙BO0002".to_owned(), ..lift("U-3", "W-1") }, NOW)), none);
    assert!(books.measure("W-1").unwrap().lifted.is_none());
    assert_eq!(books.take(&lift("U-4", "W-1"), NOW).standing, Standing::Done);
}

#[test]
fn a_border_control_is_decided_later_or_called_off() {
    let books = books();
    assert_eq!(books.take(&order(Kind::BorderControl, "B-1"), NOW).standing, Standing::Accepted);
    assert_eq!(books.effect_count("B-1"), 0);
    let told = books.settle("B-1", NOW + 2 * DAY_MS).unwrap();
    assert_eq!((told.standing, told.from), (Standing::Done, Day::parse("2026-11-24")));
    assert!(
        books.pass(ID, "浦东机场", NOW + 2 * DAY_MS).is_empty(),
        "who is stopped at the border makes no hit of a watch"
    );
    assert_eq!(books.take(&lift("U-1", "B-1"), NOW + 3 * DAY_MS).standing, Standing::Done);
    books.take(&order(Kind::BorderControl, "B-2"), NOW);
    assert_eq!(books.take(&lift("U-2", "B-2"), NOW).standing, Standing::Done);
    assert_eq!(said(&books.settle("B-2", NOW).unwrap()), (Standing::Refused, "other"));
    assert!(books.measure("B-2").is_none() && books.effect_count("B-2") == 0);
    books.take(&order(Kind::BorderControl, "B-3"), NOW);
    assert_eq!(
        said(&books.settle("B-3", NOW + 60 * DAY_MS).unwrap()),
        (Standing::Refused, "other"),
        "its days were over"
    );
}

#[test]
fn people_come_within_their_clock_or_it_says_so() {
    let books = books();
    let told = books.take(&order(Kind::Support, "S-1"), NOW);
    assert_eq!((said(&told), told.due), ((Standing::Registered, "under_way"), Day::parse("2026-11-23")));
    books.step("S-1", &Step::new("assigned", "石浦派出所", 3), NOW).unwrap();
    let told = books.step("S-1", &Step::new("arrived", "石浦派出所", 3), NOW + HOUR_MS).unwrap();
    assert_eq!((told.standing, classes(&told)), (Standing::Registered, vec!["step", "step"]));
    assert_eq!(told.findings[1].1["arrived_at"], "2026-11-22T11:00:00+08:00");
    let told = books.finish("S-1", Standing::Done, "", NOW + 2 * HOUR_MS).unwrap();
    assert_eq!((said(&told), told.findings.len(), told.due), ((Standing::Done, ""), 2, None));
    assert!(books.finish("S-1", Standing::Refused, "", NOW).is_none());
    assert!(books.step("S-1", &Step::new("ended", "", 0), NOW).is_none());
    books.take(&Order { to: Day::parse("2026-11-24"), ..order(Kind::Support, "S-2") }, NOW);
    assert!(books.expire(NOW + 2 * DAY_MS).is_empty(), "the last day is a day of it");
    let over = books.expire(NOW + 3 * DAY_MS);
    assert_eq!((over.len(), over[0].0.as_str(), said(&over[0].1)), (1, "S-2", (Standing::Refused, "other")));
    assert!(books.expire(NOW + 4 * DAY_MS).is_empty());
}

#[test]
fn an_organisation_has_vehicles_and_no_whereabouts() {
    let county = County::made_up(7, 0, 4);
    let company = county.customers[0].identity.clone();
    let books = PoliceBooks::new(Register::of(&county, 1, NOW));
    let about = |kind| Order { subject: company.clone(), ..order(kind, "O-1") };
    assert_eq!(classes(&books.take(&about(Kind::Query), NOW))[..2], ["identity", "vehicle"]);
    for kind in [Kind::Locate, Kind::Watch, Kind::BorderControl] {
        assert_eq!(said(&books.take(&about(kind), NOW)), (Standing::Refused, "unsupported"));
    }
    let watch = Order { plate: PLATE.to_owned(), ..about(Kind::Watch) };
    assert_eq!(books.take(&watch, NOW).standing, Standing::Done, "its vehicle may be watched");
    let mut foreign = order(Kind::Watch, "O-2");
    (foreign.subject, foreign.plate) = (county.customers[1].identity.clone(), PLATE.to_owned());
    assert_eq!(said(&books.take(&foreign, NOW)), (Standing::Refused, "id_mismatch"), "somebody else's vehicle");
}

/// What may be done to the books, in any order.
#[derive(Clone, Debug)]
enum Move {
    Watch { vehicle: bool, days: i32 },
    Border { days: i32 },
    Lift { nth: usize },
    Settle,
    Pass { vehicle: bool },
    Wait { days: i32 },
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (any::<bool>(), 0..200_i32).prop_map(|(vehicle, days)| Move::Watch { vehicle, days }),
        (0..200_i32).prop_map(|days| Move::Border { days }),
        (0..12_usize).prop_map(|nth| Move::Lift { nth }),
        Just(Move::Settle),
        any::<bool>().prop_map(|vehicle| Move::Pass { vehicle }),
        (0..60_i32).prop_map(|days| Move::Wait { days }),
    ]
}

proptest! {
    /// A second, simpler reckoning of what is watched: a hit comes exactly from the watches that are in force, and each order takes effect once.
    #[test]
    fn hits_come_from_watches_in_force_and_from_no_other(moves in prop::collection::vec(a_move(), 1..40)) {
        let books = books();
        let mut day_count = 0;
        let mut ordered: Vec<(String, Option<bool>, i32)> = Vec::new();
        let mut lifted: Vec<String> = Vec::new();
        for (index, step) in moves.into_iter().enumerate() {
            let now = NOW + i64::from(day_count) * DAY_MS;
            let number = format!("N-{index}");
            let last = |days: i32| Some(day("2026-11-22").plus_days(day_count + days));
            match step {
                Move::Watch { vehicle, days } => {
                    let plate = if vehicle { PLATE.to_owned() } else { String::new() };
                    let told = books.take(&Order { plate, to: last(days), ..order(Kind::Watch, &number) }, now);
                    prop_assert_eq!(told.standing, Standing::Done);
                    ordered.push((number, Some(vehicle), day_count + if vehicle { days } else { days.min(89) }));
                }
                Move::Border { days } => {
                    books.take(&Order { to: last(days), ..order(Kind::BorderControl, &number) }, now);
                    ordered.push((number, None, day_count + days));
                }
                Move::Lift { nth } => {
                    let Some((original, _, _)) = ordered.get(nth) else { continue };
                    let told = books.take(&lift(&number, original), now);
                    // A border control whose days were over before it was decided was refused, so there is nothing to lift.
                    prop_assert!(told.standing == Standing::Done || original.starts_with('N') && books.measure(original).is_none());
                    lifted.push(original.clone());
                }
                Move::Settle => {
                    for waiting in books.waiting() {
                        books.settle(&waiting, now);
                    }
                }
                Move::Pass { vehicle } => {
                    let key = if vehicle { PLATE } else { ID };
                    let mut hit: Vec<String> = books.pass(key, "卡口", now).into_iter().map(|hit| hit.number).collect();
                    hit.sort();
                    let mut due: Vec<String> = ordered
                        .iter()
                        .filter(|(number, what, last)| *what == Some(vehicle) && *last >= day_count && !lifted.contains(number))
                        .map(|(number, _, _)| number.clone())
                        .collect();
                    due.sort();
                    prop_assert_eq!(hit, due);
                }
                Move::Wait { days } => day_count += days,
            }
        }
        for (number, _, _) in &ordered {
            prop_assert!(books.effect_count(number) <= 1);
        }
        let mut serials: Vec<String> = books.hits().into_iter().map(|hit| hit.serial).collect();
        let count = serials.len();
        serials.sort();
        serials.dedup();
        prop_assert_eq!(serials.len(), count, "each hit has a number of its own");
    }
}
