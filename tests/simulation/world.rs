//! The world of one seed: partners with their limits and manners, courts, cases, people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::calendar::{Calendar, Hours};
use domain::case::{Case, Court, CourtAccount, Officer, Party, PartyKind, Role, Stage};
use domain::partner::{Breaker, DoubtPolicy, Partner, Rate, Retry, Travel};
use domain::request::PartnerKind;
use domain::{ActKind, Millis, Money, Personal};
use engine::config::{ApprovalRule, Config, CourtFile, Person};

use crate::bug::Bug;
use crate::dice::Dice;

/// 2026-11-20 00:00 in Shanghai, a Friday: a weekend comes soon.
pub const BEGIN: Millis = 1_795_104_000_000;
/// Persons who may be acted on; several cases share them, so that order per subject matters.
pub const SUBJECTS: usize = 4;

/// A case as its court knows it.
pub struct CaseFile {
    /// Keyed hash that stands for court and number.
    pub key: (u64, u64),
    /// What the requests carry.
    pub case: Case,
    /// The keyed hashes of the parties, in their order.
    pub subjects: Vec<u64>,
}

/// What a partner does when nothing disturbs it.
#[derive(Clone)]
pub struct Manners {
    /// Answers late, by itself.
    pub answers_later_percent: u64,
    /// Says at times that an act failed, and later that it did not.
    pub lies: bool,
    /// How long a message may be on its way to it, in milliseconds, when our side has given it up.
    pub transit_ms_max: u64,
}

/// Everything around the gateway.
pub struct World {
    /// Partners as they are.
    pub partners: BTreeMap<String, Partner>,
    /// How they behave.
    pub manners: BTreeMap<String, Manners>,
    /// Partners that the configuration calls retired at the moment.
    pub retired: BTreeSet<String>,
    /// Courts.
    pub courts: BTreeMap<String, Arc<CourtFile>>,
    /// Cases.
    pub cases: Vec<CaseFile>,
    version: u64,
}

impl World {
    /// The world of a seed.
    pub fn new(dice: &mut Dice) -> Self {
        let mut world = Self {
            partners: BTreeMap::new(),
            manners: BTreeMap::new(),
            retired: BTreeSet::new(),
            courts: BTreeMap::new(),
            cases: Vec::new(),
            version: 0,
        };
        // (deduplicates, can be asked, says when "not found" is final)
        let kinds = [
            (true, true, false),
            (false, true, true),
            (false, false, false),
            (true, false, false),
            (true, true, true),
            (false, true, false),
        ];
        let first = dice.place(kinds.len());
        for place in 0..dice.between(2, 4) {
            let kind = kinds.get((first + usize::try_from(place).unwrap_or(0)) % kinds.len()).copied();
            world.add_partner(&format!("call-{place}"), Travel::CallOut, kind.unwrap_or((false, false, false)), dice);
        }
        for place in 0..dice.between(0, 2) {
            world.add_partner(&format!("pull-{place}"), Travel::Pull, (true, false, false), dice);
        }
        for code in ["330225", "330226"] {
            let mut approvals = Vec::new();
            let rule = |kind, from| ApprovalRule { kinds: vec![kind], from: Money::from_fen(from), persons: 1 };
            if dice.chance(40) {
                approvals.push(rule(ActKind::Deduct, 0));
            }
            if dice.chance(20) {
                approvals.push(rule(ActKind::Freeze, 50_000));
            }
            let file = CourtFile {
                code: code.to_owned(),
                name: format!("court {code}"),
                accounts: vec![("402".to_owned(), destination(code))],
                callback_origins: Vec::new(),
                approvals,
                asset_order: Vec::new(),
                ..CourtFile::default()
            };
            world.courts.insert(code.to_owned(), Arc::new(file));
            for number in 0..dice.between(1, 3) {
                world.cases.push(case_file(code, number, dice));
            }
        }
        world
    }

    fn add_partner(&mut self, id: &str, travel: Travel, kind: (bool, bool, bool), dice: &mut Dice) {
        let (deduplicates, can_be_asked, says_final) = kind;
        let final_after_ms = dice.between(2, 20) * 30_000;
        let max = u32::try_from(dice.between(1, 8)).unwrap_or(1);
        let rate = Rate { max, window_ms: dice.between(1, 60) * 1_000, burst: max };
        let hours = if dice.chance(25) {
            Hours { from_minute: 510, to_minute: 1020, every_day: dice.chance(50) }
        } else {
            Hours::ALWAYS
        };
        let doubt = DoubtPolicy {
            deduplicates,
            can_be_asked,
            ask_after_ms: dice.between(1, 60) * 1_000,
            not_found_final_after_ms: says_final.then_some(final_after_ms),
        };
        let mut acts = ActKind::ALL.to_vec();
        if dice.chance(15) {
            acts.retain(|kind| *kind != ActKind::Deduct);
        }
        let partner = Partner {
            ask_every_ms: 86_400_000,
            form: domain::form::Form { part_release: domain::form::PartRelease::Read, ..domain::form::Form::default() },
            id: id.to_owned(),
            name: id.to_owned(),
            kind: PartnerKind::Bank,
            regions: Vec::new(),
            acts,
            travel,
            rate,
            per_day: dice.chance(30).then(|| u32::try_from(dice.between(20, 60)).unwrap_or(20)),
            in_flight_max: u32::try_from(dice.between(1, 4)).unwrap_or(1),
            stage: domain::partner::Stage::Deduct,
            hours,
            retry: Retry { first_ms: dice.between(1, 10) * 500, max_ms: dice.between(1, 20) * 60_000 },
            breaker: Breaker {
                failures: u32::try_from(dice.between(2, 6)).unwrap_or(2),
                open_ms: dice.between(1, 10) * 10_000,
            },
            doubt,
            answer_due_ms: 3_600_000,
            law: Arc::default(),
            credential: None,
            retired: false,
        };
        let manners = Manners {
            answers_later_percent: dice.between(0, 40),
            lies: dice.chance(12),
            transit_ms_max: if says_final { final_after_ms - 1 } else { 3_600_000 },
        };
        self.partners.insert(id.to_owned(), partner);
        self.manners.insert(id.to_owned(), manners);
    }

    /// The configuration in force; the planted bug may be in it.
    pub fn config(&self, bug: Option<Bug>) -> Arc<Config> {
        let mut partners = BTreeMap::new();
        for (id, partner) in &self.partners {
            let mut partner = partner.clone();
            partner.retired = self.retired.contains(id);
            if bug == Some(Bug::HastyNotFound) {
                partner.doubt.not_found_final_after_ms = Some(0);
            }
            partners.insert(id.clone(), Arc::new(partner));
        }
        let digest = format!("{:064x}", self.version);
        let rules = BTreeMap::new();
        Arc::new(Config {
            partners,
            courts: self.courts.clone(),
            persons: persons(),
            rules,
            calendar: Calendar::default(),
            digest,
            reminders: Default::default(),
        })
    }

    /// A partner leaves the configuration, or comes back.
    pub fn change(&mut self, dice: &mut Dice) {
        self.version += 1;
        let ids: Vec<String> = self.partners.keys().cloned().collect();
        if let Some(id) = dice.pick(&ids)
            && !self.retired.remove(id)
        {
            self.retired.insert(id.clone());
        }
    }

    /// Every partner is back.
    pub fn restore(&mut self) {
        self.version += 1;
        self.retired.clear();
    }

    /// The number of a case, as its papers have it.
    pub fn number_of(&self, key: (u64, u64)) -> String {
        let file = self.cases.iter().find(|file| file.key == key);
        file.map_or_else(String::new, |file| file.case.number.expose().clone())
    }

    /// How a partner behaves.
    pub fn manners(&self, partner: &str) -> Manners {
        let calm = Manners { answers_later_percent: 0, lies: false, transit_ms_max: 1 };
        self.manners.get(partner).cloned().unwrap_or(calm)
    }
}

/// The court's case-money account.
pub fn destination(court: &str) -> String {
    format!("6228-{court}")
}

/// The keyed hash that stands for a person.
pub fn subject_key(person: u64) -> u64 {
    0x5555_0000 + person
}

fn case_file(court: &str, number: u64, dice: &mut Dice) -> CaseFile {
    let first = dice.below(SUBJECTS as u64);
    let persons = if dice.chance(30) { vec![first, (first + 1) % SUBJECTS as u64] } else { vec![first] };
    let party = |person: &u64| Party {
        role: Role::Obligor,
        kind: PartyKind::Organisation,
        name: Personal::new(format!("person {person}")),
        id_type: "20600".to_owned(),
        bankrupt: None,
        id_number: Personal::new(format!("MA2{person:06}")),
    };
    let case = Case {
        number: Personal::new(format!("(2026)浙{court}执{number}号")),
        stage: Stage::Enforcement,
        court: Court { code: court.to_owned(), name: format!("court {court}") },
        claim: Money::from_fen(i64::try_from(dice.between(1_000, 500_000)).unwrap_or(1_000)),
        costs: Money::from_fen(i64::try_from(dice.below(5_000)).unwrap_or(0)),
        parties: persons.iter().map(party).collect(),
        account: Some(CourtAccount {
            holder: format!("court {court}"),
            bank: "bank".to_owned(),
            bank_code: "402".to_owned(),
            number: Personal::new(destination(court)),
        }),
    };
    let subjects = persons.iter().map(|person| subject_key(*person)).collect();
    CaseFile { key: (court.parse().unwrap_or(1), number + 1), case, subjects }
}

/// In whose name.
pub fn officers() -> Vec<Officer> {
    let text = |text: &str| Personal::new(text.to_owned());
    vec![Officer { name: text("officer"), work_id: text("w1"), duty_id: text("d1"), phone: text("1") }]
}

/// Those in whose names the actors speak; no token of theirs is ever taken away.
fn persons() -> BTreeMap<String, Person> {
    let names = ["judge", "operator", "chief"].into_iter().flat_map(|kind| (0..5).map(move |n| format!("{kind}-{n}")));
    names.map(|name| (name, Person { court: None, hash: [1; 32], settles: true, lifts: true })).collect()
}
