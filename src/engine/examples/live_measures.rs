//! Measures a million live measures: memory each, what a day ends, a whole tick, a snapshot written and read. Prints the figures and
//! fails above the bars.
//!
//! `cargo run --release -p xiezhi-engine --example live_measures [measures]`. Three measures a case, as in a province: ends spread over
//! a year, forty partners; everything comes in through the fold of `measure.imported`, as from another system.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a measurement, not product code"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::act::Original;
use domain::case::{Case, Court, Party, PartyKind, Role, Stage};
use domain::request::{Asked, Priority, Request};
use domain::{ActKind, Day, Money, Personal};
use engine::Decider;
use engine::command::{Command, DocumentKey, Keyring};
use engine::refusal::Refusal;
use engine::state::{Measure, State};
use store::random::SeededRandom;
use store::record::{Body, ChangedBody, Event, ImportedBody, MeasureImported, PlanLine, RequestTwin, SealTwin};

const OF_CASE: usize = 3;
const PARTNERS: usize = 40;
const DAYS: usize = 365;
const PAGE_BYTES: usize = 4_096;
/// 2026-11-22T00:00:00+08:00.
const TODAY: i64 = 1_795_276_800_000;

const ENDS_MAX: Duration = Duration::from_millis(10);
/// With a third of a case, its place in five maps, and what growing vectors hold ahead.
const BYTES_MAX: usize = 320;
const STRUCT_BYTES_MAX: usize = 128;

struct NoKeys;

impl Keyring for NoKeys {
    fn create(&mut self) -> Result<u64, Refusal> {
        Ok(1)
    }

    fn stand_in(&mut self, _: u64) -> Result<u64, Refusal> {
        Ok(1)
    }

    fn wrap(&mut self, _: &DocumentKey<'_>, _: u64) -> Result<SealTwin, Refusal> {
        Err(Refusal::Unavailable)
    }

    fn can_seal(&self, _: u64) -> bool {
        true
    }
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * PAGE_BYTES
}

fn personal(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

fn twin() -> RequestTwin {
    let party = Party {
        role: Role::Obligor,
        kind: PartyKind::Person,
        name: personal("石某某"),
        id_type: "01".to_owned(),
        id_number: personal("330225189506120170"),
        bankrupt: None,
    };
    RequestTwin::from(&Request {
        case: Case {
            number: personal("(2026)浙0225执1号"),
            stage: Stage::Enforcement,
            court: Court { code: "330225".to_owned(), name: "court".to_owned() },
            claim: Money::from_fen(1_000_000),
            costs: Money::ZERO,
            parties: vec![party],
            account: None,
        },
        asked: Asked::Acts(Vec::new()),
        officers: Vec::new(),
        papers: Vec::new(),
        priority: Priority::Normal,
        deadline: None,
        callback: None,
        preservation: None,
        repeat: None,
        viewers: Vec::new(),
    })
}

fn import(case: usize, twin: &RequestTwin) -> Event {
    let today = Day::of(TODAY);
    let key = u64::try_from(case).unwrap();
    let line = |place: usize| {
        let number = case * OF_CASE + place;
        let mut line = PlanLine::of(ActKind::Freeze, &format!("bank-{}", number % PARTNERS), 0);
        let original =
            Original { act: None, slip: format!("FG{number}"), case_number: personal("(2026)浙0225执1号") };
        line.set_original(&original);
        line.asset = u64::try_from(number + 1).unwrap();
        line.amount = Some(1_000_000);
        line.from = Some(today.count() - 1);
        // Spread by a stride that shares no divisor with the days, so that neighbours end far apart.
        line.to = Some(today.count() + i32::try_from(number * 97 % DAYS).unwrap());
        line
    };
    let body = ImportedBody {
        case_key: (key, !key),
        subjects: vec![key],
        lines: (0..OF_CASE).map(line).collect(),
        standing: vec![ChangedBody { caught: Some(500_000), rank: Some(1), ..ChangedBody::default() }; OF_CASE],
        documents: Vec::new(),
        seals: Vec::new(),
        request: twin.clone(),
    };
    let fact = MeasureImported { by: "operator".to_owned(), case: None, court: "330225".to_owned(), measures: 3 };
    Event { at: TODAY, fact: fact.into(), body: Some(Body::Imported(Box::new(body))), key: key + 1 }
}

fn main() {
    let measures: usize = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let (twin, before) = (twin(), resident_bytes());
    let mut state = State::default();
    let began = Instant::now();
    for case in 0..measures / OF_CASE {
        state.fold(u64::try_from(case).unwrap(), &import(case, &twin));
    }
    let live = state.measures.len();
    let each = (resident_bytes() - before) / live;
    let rate = live as f64 / began.elapsed().as_secs_f64();
    println!("{live} measures in {} cases folded at {rate:.0}/s", state.cases.len());
    println!(
        "{each} bytes a measure with its share of case, maps and calendar; {} the struct",
        size_of::<Option<Measure>>()
    );

    let tomorrow = Day::of(TODAY).count() + 1;
    let began = Instant::now();
    let ended: Vec<u32> = state.measures_ending_before(tomorrow).map(|(_, index)| index).collect();
    let ends = began.elapsed();
    println!("{} end today, found in {ends:?}", ended.len());

    let mut bytes = Vec::new();
    let began = Instant::now();
    state.write_record(&mut bytes).unwrap();
    let written = began.elapsed();
    let began = Instant::now();
    let read = State::read_record(&bytes).unwrap();
    println!("a snapshot of {} MiB: written in {written:?}, read in {:?}", bytes.len() >> 20, began.elapsed());
    drop(state);

    let mut decider = Decider::new(read, Box::new(NoKeys), Box::new(SeededRandom::new(1)));
    let _started = decider.decide(Command::Configure(Arc::default()), TODAY);
    let (mut longest, mut all, mut ticks, mut events, mut lapsed) = (Duration::ZERO, Duration::ZERO, 0_u32, 0, 0);
    let mut now = TODAY + 86_400_000;
    loop {
        let began = Instant::now();
        let decision = decider.decide(Command::Tick, now);
        let took = began.elapsed();
        (longest, all) = (longest.max(took), all + took);
        (ticks, now) = (ticks + 1, now + 1_000);
        if decision.events.is_empty() {
            break;
        }
        events += decision.events.len();
        lapsed += decision.events.iter().filter(|event| event.fact.name() == "measure.lapsed").count();
    }
    println!(
        "the next day: {ticks} ticks, {events} events ({lapsed} of them lapses), a tick {:?}, the longest {longest:?}",
        all / ticks
    );
    assert!(ends < ENDS_MAX, "what ends today takes {ends:?}, above {ENDS_MAX:?}");
    assert!(each <= BYTES_MAX, "{each} bytes a measure, above {BYTES_MAX}");
    assert!(size_of::<Option<Measure>>() <= STRUCT_BYTES_MAX, "the struct");
}
