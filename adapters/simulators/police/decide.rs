//! What becomes of one task: the formal checks of the form, then the registers.

use super::books::{Measure, State, Support};
use super::moment::{dashed, day_of};
use super::order::{Kind, Order, Standing, Told, Wants};
use super::register::{Details, Doing, Person, Register};
use crate::day::Day;

/// 90 days before a task, when it names no first day.
const LOOK_BACK_DAYS: i32 = 90;
/// The longest window, watch of a vehicle and border control.
const YEAR_DAYS: i32 = 366;
/// The longest watch of a person.
const PERSON_WATCH_DAYS: i32 = 90;
const FINDINGS_MAX: usize = 500;
const OFFICER_NUMBER_BYTES_MAX: usize = 16;
const ID_TYPES: [&str; 6] = ["01", "02", "03", "24100", "20500", "20600"];

/// A formal defect: reason and words.
type Defect = (&'static str, &'static str);

/// The formal checks of section 3.
pub(crate) fn defect(order: &Order, today: Day) -> Option<Defect> {
    credentials(order).or_else(|| papers(order)).or_else(|| period(order, today)).or_else(|| must(order))
}

fn credentials(order: &Order) -> Option<Defect> {
    let fits = |number: &str| {
        let bytes = encoding_rs::GBK.encode(number).0.len();
        !number.trim().is_empty() && bytes <= OFFICER_NUMBER_BYTES_MAX
    };
    let sound = |officer: &&super::order::Officer| {
        !officer.name.trim().is_empty() && fits(&officer.work_id) && fits(&officer.duty_id)
    };
    let officers = order.officers.iter().filter(sound).count();
    if officers < 2 || officers < order.officers.len() {
        return Some(("credential_missing", "须有两名承办人，各具工作证号和执行公务证号"));
    }
    let scans = |kind: &str| order.papers.iter().filter(|paper| *paper == kind).count();
    let (work, duty) = (scans("work_id_scan"), scans("duty_id_scan"));
    (work == 0 || duty == 0 || work + duty < order.officers.len())
        .then_some(("credential_missing", "缺少承办人工作证或执行公务证扫描件"))
}

fn papers(order: &Order) -> Option<Defect> {
    let has = |kind: &str| order.papers.iter().any(|paper| paper == kind);
    let complete = match order.kind {
        Kind::Query => has("query_notice"),
        _ => has("ruling") && has("assist_notice"),
    };
    if !complete {
        return Some(("paper_missing", "缺少裁定书、决定书或协助执行通知书"));
    }
    (!ID_TYPES.contains(&order.subject.id_type.as_str())).then_some(("unsupported", "不支持该证件类型"))
}

fn period(order: &Order, today: Day) -> Option<Defect> {
    if matches!(order.kind, Kind::Query | Kind::Lift) {
        return None;
    }
    if order.from.zip(order.to).is_some_and(|(from, to)| from > to) {
        return Some(("other", "起始日晚于截止日"));
    }
    let ended = order.kind != Kind::Locate && order.to.is_some_and(|to| to < today);
    ended.then_some(("other", "截止日已过"))
}

fn must(order: &Order) -> Option<Defect> {
    let complete = match order.kind {
        Kind::Query | Kind::Locate => true,
        Kind::Watch | Kind::BorderControl => order.to.is_some(),
        Kind::Lift => order.original.is_some(),
        Kind::Support => order.to.is_some() && !order.note.trim().is_empty(),
    };
    (!complete).then_some(("other", "缺少期限、事项说明或原请求单号"))
}

/// Takes a task, once; de-duplication stands before this.
pub(crate) fn take(state: &mut State, order: &Order, now_ms: i64) -> Told {
    let today = day_of(now_ms);
    if let Some((reason, text)) = defect(order, today) {
        return Told::of(Standing::HandedBack, now_ms).because(reason, text);
    }
    let person = match subject(&state.register, order, now_ms) {
        Ok(person) => person.clone(),
        Err(told) => return *told,
    };
    let bodily = matches!(order.kind, Kind::Locate | Kind::BorderControl)
        || (order.kind == Kind::Watch && order.plate.is_empty());
    if bodily && person.organisation {
        return Told::of(Standing::Refused, now_ms).because("unsupported", "仅适用于自然人");
    }
    match order.kind {
        Kind::Query => query(&state.register, &person, order.wants, now_ms),
        Kind::Locate | Kind::BorderControl => {
            state.pending.insert(order.number.clone(), order.clone());
            Told::of(Standing::Accepted, now_ms)
        }
        Kind::Watch => watch(state, order, &person, now_ms),
        Kind::Lift => lift(state, order, &person, now_ms),
        Kind::Support => support(state, order, now_ms),
    }
}

/// The person with this number and name. A lift is about a measure, and a measure keeps its own subject.
fn subject<'r>(register: &'r Register, order: &Order, now_ms: i64) -> Result<&'r Person, Box<Told>> {
    let refused = |reason, text| Box::new(Told::of(Standing::Refused, now_ms).because(reason, text));
    let Some(person) = register.person(&order.subject.id_number) else {
        return Err(match order.kind {
            Kind::Query | Kind::Locate => Box::new(Told::of(Standing::NoSuchCustomer, now_ms)),
            _ => refused("not_found", "查无此人"),
        });
    };
    if person.identity.name.trim() != order.subject.name.trim() {
        return Err(refused("name_mismatch", "姓名与证件号码不符"));
    }
    if person.identity.id_type != order.subject.id_type {
        return Err(refused("id_mismatch", "证件类型不符"));
    }
    Ok(person)
}

fn query(register: &Register, person: &Person, wants: Wants, now_ms: i64) -> Told {
    let mut told = Told::of(Standing::Done, now_ms);
    if wants.identity {
        told.findings.push(("identity", person.identity_details()));
    }
    if wants.vehicle {
        told.findings.extend(register.vehicles_of(person).map(|vehicle| ("vehicle", vehicle.details())));
    }
    let contact = person.contact_details();
    if wants.contact && !contact.is_empty() {
        told.findings.push(("contact", contact));
    }
    bound(&mut told);
    told
}

/// Keeps the newest, as the form says.
fn bound(told: &mut Told) {
    let more = told.findings.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        told.findings.drain(..more);
        told.text = format!("另有{more}条较早记录未列");
    }
}

fn capped(to: Day, first: Day, days: i32) -> Day {
    to.min(first.plus_days(days - 1))
}

fn watch(state: &mut State, order: &Order, person: &Person, now_ms: i64) -> Told {
    let today = day_of(now_ms);
    let Some(to) = order.to else { return Told::of(Standing::HandedBack, now_ms).because("other", "缺少期限") };
    let days = if order.plate.is_empty() { PERSON_WATCH_DAYS } else { YEAR_DAYS };
    if !order.plate.is_empty() {
        match state.register.vehicle(&order.plate) {
            None => return Told::of(Standing::Refused, now_ms).because("not_found", "查无此车"),
            Some(vehicle) if !person.identity.same_number(&vehicle.owner) => {
                return Told::of(Standing::Refused, now_ms).because("id_mismatch", "车辆非被执行人所有");
            }
            Some(_) => {}
        }
    }
    let first = order.from.filter(|from| *from > today).unwrap_or(today);
    let measure = Measure {
        number: order.number.clone(),
        kind: Kind::Watch,
        case_number: order.case_number.clone(),
        id_number: person.identity.id_number.clone(),
        plate: order.plate.clone(),
        from: first,
        to: capped(to, first, days),
        lifted: None,
        serial: state.serial("LK", today),
    };
    state.in_force(measure, now_ms)
}

fn lift(state: &mut State, order: &Order, person: &Person, now_ms: i64) -> Told {
    let today = day_of(now_ms);
    let unknown = || Told::of(Standing::Refused, now_ms).because("no_original_freeze", "无对应的布控或限制出境");
    let Some((number, case_number)) = &order.original else { return unknown() };
    let serial = state.serial("CK", today);
    // A border control that is not yet decided is called off instead of being lifted.
    let undecided = state.pending.get(number).is_some_and(|pending| {
        pending.kind == Kind::BorderControl
            && pending.case_number == *case_number
            && person.identity.same_number(&pending.subject.id_number)
    });
    if undecided {
        state.called_off.insert(number.clone());
        state.effect(&order.number, Kind::Lift, now_ms);
        let mut told = Told::of(Standing::Done, now_ms);
        (told.serial, told.to) = (serial, Some(today));
        return told;
    }
    let Some(measure) = state.measures.get_mut(number) else { return unknown() };
    let same_subject = measure.case_number == *case_number
        && (order.plate.is_empty() || order.plate == measure.plate)
        && person.identity.same_number(&measure.id_number);
    if !same_subject {
        return unknown();
    }
    let ended = measure.ended(today);
    if ended.is_none() {
        measure.lifted = Some(today);
    }
    let to = ended.unwrap_or(today);
    state.effect(&order.number, Kind::Lift, now_ms);
    let mut told = Told::of(Standing::Done, now_ms);
    (told.serial, told.to) = (serial, Some(to));
    told
}

fn support(state: &mut State, order: &Order, now_ms: i64) -> Told {
    let today = day_of(now_ms);
    let Some(to) = order.to else { return Told::of(Standing::HandedBack, now_ms).because("other", "缺少期限") };
    let first = order.from.filter(|from| *from > today).unwrap_or(today);
    let support = Support {
        to,
        due: to.min(first.plus_days(1)),
        serial: state.serial("XZ", today),
        steps: Vec::new(),
        ended: false,
    };
    let told = support.told(Standing::Registered, now_ms).because("under_way", "");
    state.supports.insert(order.number.clone(), support);
    state.effect(&order.number, Kind::Support, now_ms);
    told
}

/// Decides what was accepted; `None` when nothing with this number waits.
pub(crate) fn settle(state: &mut State, number: &str, now_ms: i64) -> Option<Told> {
    let order = state.pending.remove(number)?;
    let today = day_of(now_ms);
    let person = match subject(&state.register, &order, now_ms) {
        Ok(person) => person.clone(),
        Err(told) => return Some(*told),
    };
    if order.kind == Kind::Locate {
        return Some(locate(&state.register, &person, &order, now_ms));
    }
    if state.called_off.remove(number) {
        return Some(Told::of(Standing::Refused, now_ms).because("other", "决定前已撤控"));
    }
    let to = order.to?;
    if to < today {
        return Some(Told::of(Standing::Refused, now_ms).because("other", "期限已过"));
    }
    let first = order.from.filter(|from| *from > today).unwrap_or(today);
    let measure = Measure {
        number: order.number.clone(),
        kind: Kind::BorderControl,
        case_number: order.case_number.clone(),
        id_number: person.identity.id_number.clone(),
        plate: String::new(),
        from: first,
        to: capped(to, first, YEAR_DAYS),
        lifted: None,
        serial: state.serial("BK", today),
    };
    Some(state.in_force(measure, now_ms))
}

fn locate(register: &Register, person: &Person, order: &Order, now_ms: i64) -> Told {
    let to = order.to.unwrap_or_else(|| day_of(now_ms));
    let from = order.from.unwrap_or_else(|| to.plus_days(-LOOK_BACK_DAYS)).max(to.plus_days(1 - YEAR_DAYS));
    let mut seen: Vec<_> = register
        .sightings
        .iter()
        .filter(|sighting| person.identity.same_number(&sighting.id_number))
        .filter(|sighting| {
            day_of(sighting.to_ms) >= from && day_of(sighting.from_ms) <= to && sighting.from_ms <= now_ms
        })
        .collect();
    seen.sort_by_key(|sighting| (sighting.from_ms, sighting.doing == Doing::Journey));
    let mut told = Told::of(Standing::Done, now_ms);
    (told.from, told.to) = (Some(from), Some(to));
    let residence = Details::from([("what", "residence".to_owned()), ("address", person.residence_address.clone())]);
    if !person.residence_address.is_empty() {
        told.findings.push(("whereabouts", residence));
    }
    told.findings.extend(seen.into_iter().map(|sighting| ("whereabouts", sighting.details())));
    bound(&mut told);
    if told.findings.is_empty() {
        told.text = format!("{}至{}无记录", dashed(from), dashed(to));
    }
    told
}
