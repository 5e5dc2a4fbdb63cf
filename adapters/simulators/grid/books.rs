//! The platform's books: who lives in which grid, what workers know of them, which tasks wait, and what was reported.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::county::County;
use crate::day::Day;
use crate::random::Sequence;

/// A sort of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Look for a person.
    FindPerson,
    /// Look for property.
    FindProperty,
    /// Serve papers.
    ServePapers,
}

impl Sort {
    pub(crate) fn from_word(word: &str) -> Option<Sort> {
        match word {
            "find_person" => Some(Sort::FindPerson),
            "find_property" => Some(Sort::FindProperty),
            "serve_papers" => Some(Sort::ServePapers),
            _ => None,
        }
    }
}

/// Something of somebody's that workers know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// What it is, such as `fishing_boat`.
    pub what: String,
    /// Where it is.
    pub place: String,
    /// Who is written as its owner.
    pub holder: String,
}

/// A neighbour, as workers know one.
#[derive(Clone, Debug, Default)]
struct Neighbour {
    /// Where the person was last seen; empty = gone.
    place: String,
    clues: Vec<Clue>,
}

/// A task that waits for its workers.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub number: String,
    pub sort: Sort,
    pub id_number: String,
    pub name: String,
    pub respond_by: Option<Day>,
    /// When workers report by themselves, in the platform's own milliseconds.
    pub at_ms: Option<u64>,
}

/// What was reported on a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The court's number.
    pub number: String,
    /// The sort of task.
    pub sort: Sort,
    /// Somebody or something was found, or the papers were served.
    pub found: bool,
    /// The photo that went with it.
    pub photo: Option<Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct State {
    neighbours: BTreeMap<String, Neighbour>,
    pub waiting: BTreeMap<String, Waiting>,
    pub reports: Vec<Report>,
    counter: u64,
}

impl State {
    /// Where somebody was last seen.
    pub(crate) fn place_of(&self, id_number: &str) -> Option<String> {
        let neighbour = self.neighbours.get(&id_number.to_uppercase())?;
        Some(neighbour.place.clone()).filter(|place| !place.is_empty())
    }

    pub(crate) fn clues_of(&self, id_number: &str) -> Vec<Clue> {
        self.neighbours.get(&id_number.to_uppercase()).map(|neighbour| neighbour.clues.clone()).unwrap_or_default()
    }

    pub(crate) fn serial(&mut self, prefix: &str, day: Day) -> String {
        self.counter += 1;
        format!("{prefix}{}{:05}", day.compact(), self.counter)
    }
}

/// The platform's books.
pub struct GridBooks(pub(crate) Mutex<State>);

impl GridBooks {
    pub(crate) fn of(county: &County, seed: u64) -> GridBooks {
        let mut random = Sequence::new(seed);
        let places = ["石浦渔港二号码头", "延昌社区菜场", "昌国村老年活动室", "东门岛渔村"];
        let mut state = State::default();
        for customer in &county.customers {
            let nth = usize::try_from(random.below(4)).unwrap_or(0);
            let place = places.get(nth).copied().unwrap_or_default().to_owned();
            state.neighbours.insert(customer.identity.id_number.to_uppercase(), Neighbour { place, clues: Vec::new() });
        }
        GridBooks(Mutex::new(state))
    }

    /// Somebody was seen somewhere; an empty place = gone away.
    pub fn see(&self, id_number: &str, place: &str) {
        self.0.lock().neighbours.entry(id_number.to_uppercase()).or_default().place = place.to_owned();
    }

    /// Workers know of something of somebody's.
    pub fn know(&self, id_number: &str, clue: Clue) {
        self.0.lock().neighbours.entry(id_number.to_uppercase()).or_default().clues.push(clue);
    }

    /// Numbers that wait for workers.
    pub fn waiting(&self) -> Vec<String> {
        self.0.lock().waiting.keys().cloned().collect()
    }

    /// What was reported, in order.
    pub fn reports(&self) -> Vec<Report> {
        self.0.lock().reports.clone()
    }
}
