//! What the police know: people and organisations, vehicles, and where somebody was seen.

use std::collections::BTreeMap;

use crate::bank::Identity;
use crate::county::County;
use crate::random::Sequence;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Named particulars, in words of the form.
pub(crate) type Details = BTreeMap<&'static str, String>;

/// Somebody the police have a record of.
#[derive(Clone)]
pub struct Person {
    /// Name and number.
    pub identity: Identity,
    /// An organisation: it has vehicles, but is nowhere.
    pub organisation: bool,
    /// Earlier name, or empty.
    pub former_name: String,
    /// 户籍地址, or seat.
    pub household_address: String,
    /// Where the person lives as far as known, or empty.
    pub residence_address: String,
    /// Telephone, or empty.
    pub phone: String,
    /// Employer, or empty.
    pub employer: String,
}

/// A registered vehicle.
#[derive(Clone)]
pub struct Vehicle {
    /// Number plate.
    pub plate: String,
    /// Identity number of its owner.
    pub owner: String,
    /// Brand.
    pub brand: String,
    /// Type in the vehicle office's words.
    pub vehicle_type: String,
    /// Frame number.
    pub vin: String,
    /// Day of registration, `yyyy-MM-dd`.
    pub registered_at: String,
    /// Court that has sealed it, or empty.
    pub sealed_by: String,
}

/// What somebody did somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Stayed at a hotel.
    HotelStay,
    /// Travelled inside the country.
    Journey,
    /// Left the country.
    Exit,
    /// Came into the country.
    Entry,
}

impl Doing {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Doing::HotelStay => "hotel_stay",
            Doing::Journey => "journey",
            Doing::Exit => "exit",
            Doing::Entry => "entry",
        }
    }
}

/// One trace of a person.
#[derive(Clone)]
pub struct Sighting {
    /// Identity number.
    pub id_number: String,
    /// What.
    pub doing: Doing,
    /// From when, UTC milliseconds.
    pub from_ms: i64,
    /// Until when.
    pub to_ms: i64,
    /// Hotel, station or port.
    pub place: String,
    /// Its address, or where the journey went.
    pub address: String,
    /// Train or flight number, room, or travel document.
    pub number: String,
}

impl Sighting {
    pub(crate) fn details(&self) -> Details {
        let mut details = Details::from([
            ("what", self.doing.word().to_owned()),
            ("from", super::moment::instant(self.from_ms)),
            ("to", super::moment::instant(self.to_ms)),
        ]);
        let (place, address, number) = match self.doing {
            Doing::HotelStay => ("place", "address", "room"),
            Doing::Journey => ("departure", "destination", "number"),
            Doing::Exit | Doing::Entry => ("port", "destination", "document_number"),
        };
        for (name, text) in [(place, &self.place), (address, &self.address), (number, &self.number)] {
            put(&mut details, name, text);
        }
        if self.doing == Doing::Journey {
            details.insert("means", "train".to_owned());
        }
        details
    }
}

/// Everything the police know.
#[derive(Clone, Default)]
pub struct Register {
    /// People and organisations.
    pub people: Vec<Person>,
    /// Vehicles.
    pub vehicles: Vec<Vehicle>,
    /// Traces.
    pub sightings: Vec<Sighting>,
}

impl Register {
    /// What the police of a made-up county know at an instant: every customer of it, a vehicle for every second one, stays and journeys
    /// of the last 60 days for every third person. Plates bear an `O`, which no plate has.
    pub fn of(county: &County, seed: u64, now_ms: i64) -> Register {
        let mut random = Sequence::new(seed);
        let mut register = Register::default();
        for (index, customer) in county.customers.iter().enumerate() {
            let id = customer.identity.id_number.clone();
            register.people.push(Person {
                identity: customer.identity.clone(),
                organisation: customer.company,
                former_name: String::new(),
                household_address: customer.address.clone(),
                residence_address: String::new(),
                phone: customer.phone.clone(),
                employer: String::new(),
            });
            if index % 2 == 0 {
                register.vehicles.push(made_up_vehicle(index, &id));
            }
            if index % 3 == 0 && !customer.company {
                for _ in 0..=random.below(3) {
                    register.sightings.push(made_up_sighting(&mut random, &id, now_ms));
                }
            }
        }
        register
    }

    pub(crate) fn person(&self, id_number: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.identity.same_number(id_number))
    }

    pub(crate) fn vehicle(&self, plate: &str) -> Option<&Vehicle> {
        self.vehicles.iter().find(|vehicle| vehicle.plate == plate)
    }

    pub(crate) fn vehicles_of<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a Vehicle> {
        self.vehicles.iter().filter(|vehicle| person.identity.same_number(&vehicle.owner))
    }
}

impl Person {
    pub(crate) fn identity_details(&self) -> Details {
        let mut details = Details::new();
        for (name, text) in [
            ("name", &self.identity.name),
            ("former_name", &self.former_name),
            ("id_type", &self.identity.id_type),
            ("id_number", &self.identity.id_number),
            ("household_address", &self.household_address),
            ("residence_address", &self.residence_address),
        ] {
            put(&mut details, name, text);
        }
        details
    }

    pub(crate) fn contact_details(&self) -> Details {
        let mut details = Details::new();
        put(&mut details, "phone", &self.phone);
        put(&mut details, "employer", &self.employer);
        details
    }
}

impl Vehicle {
    pub(crate) fn details(&self) -> Details {
        let mut details = Details::new();
        for (name, text) in [
            ("plate", &self.plate),
            ("brand", &self.brand),
            ("vehicle_type", &self.vehicle_type),
            ("vin", &self.vin),
            ("registered_at", &self.registered_at),
            ("sealed_by", &self.sealed_by),
        ] {
            put(&mut details, name, text);
        }
        details
    }
}

pub(crate) fn put(details: &mut Details, name: &'static str, text: &str) {
    if !text.is_empty() {
        details.insert(name, text.to_owned());
    }
}

fn made_up_vehicle(index: usize, owner: &str) -> Vehicle {
    let trade = [("五菱", "小型普通客车"), ("解放", "重型自卸货车"), ("东风", "轻型厢式货车")];
    let (brand, vehicle_type) = trade.get(index / 2 % trade.len()).copied().unwrap_or(("五菱", "小型普通客车"));
    Vehicle {
        plate: format!("浙BO{index:04}"),
        owner: owner.to_owned(),
        brand: brand.to_owned(),
        vehicle_type: vehicle_type.to_owned(),
        vin: format!("LXZQ0000000{index:06}"),
        registered_at: format!("20{:02}-06-{:02}", 10 + index % 15, 1 + index % 28),
        sealed_by: String::new(),
    }
}

fn made_up_sighting(random: &mut Sequence, id_number: &str, now_ms: i64) -> Sighting {
    let ago = i64::try_from(random.below(60)).unwrap_or(0) * DAY_MS + DAY_MS;
    let from_ms = now_ms - ago;
    let (doing, place, address, number, hours) = match random.below(3) {
        0 => (Doing::HotelStay, "虚构望潮旅馆", "浙江省宁波市虚构路8号", "305", 14),
        1 => (Doing::HotelStay, "虚构听涛宾馆", "浙江省舟山市虚构街21号", "1208", 20),
        _ => (Doing::Journey, "象山站", "宁波站", "D0000", 2),
    };
    Sighting {
        id_number: id_number.to_owned(),
        doing,
        from_ms,
        to_ms: from_ms + hours * HOUR_MS,
        place: place.to_owned(),
        address: address.to_owned(),
        number: number.to_owned(),
    }
}
