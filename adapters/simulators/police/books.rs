//! The police's books: what is in force, who is under way, what was seen; the judge of what the gateway ordered.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use super::decide;
use super::moment::{dashed, day_of, instant};
use super::order::{Kind, Order, Standing, Told};
use super::register::{Details, Person, Register, Sighting, Vehicle, put};
use crate::day::Day;

/// 3 hours to come before a person or vehicle is let go.
pub const RESPOND_MS: i64 = 3 * 3_600_000;
/// Steps of one support; more would not fit an answer.
const STEPS_MAX: usize = 100;

/// A watch or a border control.
#[derive(Clone, PartialEq, Eq)]
pub struct Measure {
    /// The court's number.
    pub number: String,
    /// Watch or border control.
    pub kind: Kind,
    /// Case.
    pub case_number: String,
    /// Whom it is about.
    pub id_number: String,
    /// The vehicle watched, or empty.
    pub plate: String,
    /// First day in force.
    pub from: Day,
    /// Last day in force.
    pub to: Day,
    /// Day on which it was lifted.
    pub lifted: Option<Day>,
    /// The police's own number.
    pub serial: String,
}

impl Measure {
    /// In force on a day?
    pub fn in_force(&self, day: Day) -> bool {
        self.lifted.is_none() && (self.from..=self.to).contains(&day)
    }

    /// The day it ended, when it has.
    pub(crate) fn ended(&self, today: Day) -> Option<Day> {
        self.lifted.or((self.to < today).then_some(self.to))
    }
}

/// People who come to help.
#[derive(Clone, PartialEq, Eq)]
pub struct Support {
    /// Until when they are needed.
    pub to: Day,
    /// By when they come or say no.
    pub due: Day,
    /// The police's own number.
    pub serial: String,
    /// Steps so far.
    pub(crate) steps: Vec<Details>,
    /// It is over.
    pub ended: bool,
}

impl Support {
    pub(crate) fn told(&self, standing: Standing, now_ms: i64) -> Told {
        let mut told = Told::of(standing, now_ms);
        told.serial = self.serial.clone();
        told.due = (!self.ended).then_some(self.due);
        told.findings = self.steps.iter().map(|step| ("step", step.clone())).collect();
        told
    }
}

/// A step that people take.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// `assigned`, `departed`, `arrived` or `ended`.
    pub word: &'static str,
    /// Station or squad.
    pub unit: String,
    /// How many people.
    pub officers: u32,
    /// Their telephone, or empty.
    pub phone: String,
}

impl Step {
    /// A step of so many people of a unit.
    pub fn new(word: &'static str, unit: &str, officers: u32) -> Step {
        Step { word, unit: unit.to_owned(), officers, phone: String::new() }
    }
}

/// A watched person or vehicle that was seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// The watch.
    pub number: String,
    /// Its own number.
    pub serial: String,
    /// When it was seen, UTC milliseconds.
    pub seen_ms: i64,
    /// Until when somebody must come.
    pub respond_by_ms: i64,
    /// Particulars.
    pub(crate) details: Details,
}

/// Something that a task brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The court's number.
    pub number: String,
    /// What kind of task.
    pub kind: Kind,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

/// What stands in the books.
#[derive(Default)]
pub(crate) struct State {
    pub register: Register,
    pub measures: BTreeMap<String, Measure>,
    pub supports: BTreeMap<String, Support>,
    /// Accepted and not yet decided.
    pub pending: BTreeMap<String, Order>,
    /// Border controls lifted before they were decided.
    pub called_off: BTreeSet<String>,
    hits: Vec<Hit>,
    effects: Vec<Effect>,
    counter: u64,
    respond_ms: i64,
}

impl State {
    pub(crate) fn serial(&mut self, prefix: &str, day: Day) -> String {
        self.counter += 1;
        format!("{prefix}{}{:06}", day.compact(), self.counter)
    }

    pub(crate) fn effect(&mut self, number: &str, kind: Kind, at_ms: i64) {
        self.effects.push(Effect { number: number.to_owned(), kind, at_ms });
    }

    pub(crate) fn in_force(&mut self, measure: Measure, now_ms: i64) -> Told {
        let mut told = Told::of(Standing::Done, now_ms);
        (told.from, told.to, told.serial) = (Some(measure.from), Some(measure.to), measure.serial.clone());
        self.effect(&measure.number, measure.kind, now_ms);
        self.measures.insert(measure.number.clone(), measure);
        told
    }
}

/// The police's books.
pub struct PoliceBooks(Mutex<State>);

impl PoliceBooks {
    /// Books over what the police know.
    pub fn new(register: Register) -> PoliceBooks {
        PoliceBooks(Mutex::new(State { register, respond_ms: RESPOND_MS, ..State::default() }))
    }

    /// Changes how long a court has to come, in milliseconds.
    pub fn set_respond_ms(&self, ms: i64) {
        self.0.lock().respond_ms = ms;
    }

    /// Adds a person.
    pub fn add_person(&self, person: Person) {
        self.0.lock().register.people.push(person);
    }

    /// Adds a vehicle.
    pub fn add_vehicle(&self, vehicle: Vehicle) {
        self.0.lock().register.vehicles.push(vehicle);
    }

    /// Adds a trace.
    pub fn add_sighting(&self, sighting: Sighting) {
        self.0.lock().register.sightings.push(sighting);
    }

    /// Takes a task for the first time; a repeat is answered before it comes here.
    pub fn take(&self, order: &Order, now_ms: i64) -> Told {
        decide::take(&mut self.0.lock(), order, now_ms)
    }

    /// Decides what was accepted; `None` when nothing with this number waits.
    pub fn settle(&self, number: &str, now_ms: i64) -> Option<Told> {
        decide::settle(&mut self.0.lock(), number, now_ms)
    }

    /// Numbers that were accepted and wait to be decided.
    pub fn waiting(&self) -> Vec<String> {
        self.0.lock().pending.keys().cloned().collect()
    }

    /// Somebody or some vehicle comes by: every watch in force on it makes a hit. `key` is a plate or an identity number.
    pub fn pass(&self, key: &str, place: &str, now_ms: i64) -> Vec<Hit> {
        let mut state = self.0.lock();
        let today = day_of(now_ms);
        let on = |measure: &&Measure| {
            let seen = if measure.plate.is_empty() {
                measure.id_number.eq_ignore_ascii_case(key)
            } else {
                measure.plate == key
            };
            measure.kind == Kind::Watch && seen && measure.in_force(today)
        };
        let watches: Vec<(String, String)> =
            state.measures.values().filter(on).map(|measure| (measure.number.clone(), measure.plate.clone())).collect();
        let mut hits = Vec::with_capacity(watches.len());
        for (number, plate) in watches {
            let mut details = Details::from([
                ("what", if plate.is_empty() { "person" } else { "vehicle" }.to_owned()),
                ("place", place.to_owned()),
                ("seen_at", instant(now_ms)),
                ("held", "yes".to_owned()),
                ("unit", "虚构检查站".to_owned()),
            ]);
            put(&mut details, "plate", &plate);
            let serial = state.serial("MZ", today);
            let respond_by_ms = now_ms.saturating_add(state.respond_ms);
            let hit = Hit { number, serial, seen_ms: now_ms, respond_by_ms, details };
            state.hits.push(hit.clone());
            hits.push(hit);
        }
        hits
    }

    /// People take a step; the answer as it stands then. `None` when there is no such support or it is over.
    pub fn step(&self, number: &str, step: &Step, now_ms: i64) -> Option<Told> {
        let mut state = self.0.lock();
        let support =
            state.supports.get_mut(number).filter(|support| !support.ended && support.steps.len() < STEPS_MAX)?;
        let mut details = Details::from([
            ("step", step.word.to_owned()),
            ("at", instant(now_ms)),
            ("officers", step.officers.to_string()),
        ]);
        put(&mut details, "unit", &step.unit);
        put(&mut details, "phone", &step.phone);
        if step.word == "arrived" {
            details.insert("arrived_at", instant(now_ms));
        }
        support.steps.push(details);
        Some(support.told(Standing::Registered, now_ms).because("under_way", ""))
    }

    /// A support is over: `Done`, `Partly` or `Refused`. `None` when there is no such support or it is over already.
    pub fn finish(&self, number: &str, standing: Standing, text: &str, now_ms: i64) -> Option<Told> {
        let mut state = self.0.lock();
        let support = state.supports.get_mut(number).filter(|support| !support.ended)?;
        support.ended = true;
        let reason = match standing {
            Standing::Done => "",
            _ => "other",
        };
        Some(support.told(standing, now_ms).because(reason, text))
    }

    /// Supports whose last day has passed without anybody coming are refused; number and answer of each.
    pub fn expire(&self, now_ms: i64) -> Vec<(String, Told)> {
        let mut state = self.0.lock();
        let today = day_of(now_ms);
        let mut over = Vec::new();
        for (number, support) in &mut state.supports {
            let came = support.steps.iter().any(|step| step.contains_key("arrived_at"));
            if !support.ended && !came && support.to < today {
                support.ended = true;
                let text = format!("至{}警力不足，未能到场", dashed(support.to));
                over.push((number.clone(), support.told(Standing::Refused, now_ms).because("other", &text)));
            }
        }
        over
    }

    /// Every watch and border control, by number.
    pub fn measures(&self) -> Vec<Measure> {
        self.0.lock().measures.values().cloned().collect()
    }

    /// One of them.
    pub fn measure(&self, number: &str) -> Option<Measure> {
        self.0.lock().measures.get(number).cloned()
    }

    /// One support.
    pub fn support(&self, number: &str) -> Option<Support> {
        self.0.lock().supports.get(number).cloned()
    }

    /// Every hit in order.
    pub fn hits(&self) -> Vec<Hit> {
        self.0.lock().hits.clone()
    }

    /// All effects in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.0.lock().effects.clone()
    }

    /// How many times the task with this number took effect.
    pub fn effect_count(&self, number: &str) -> usize {
        self.0.lock().effects.iter().filter(|effect| effect.number == number).count()
    }
}
