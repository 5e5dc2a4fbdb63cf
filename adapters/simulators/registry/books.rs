//! The registry's books: units, who owns them, the seals on them in their order, and what the clerk took back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::day::Day;

/// A person or company by name and number, as the register has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Name.
    pub name: String,
    /// Number of the identity paper.
    pub id_number: String,
}

/// A seal on a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The registry's own number of it (CFYWH).
    pub serial: String,
    /// The slip it came with, and its line; empty for seals of others.
    pub slip: String,
    /// The item's number as ordered (KZQQDH).
    pub key: String,
    /// Court.
    pub organ: String,
    /// Its document.
    pub document: String,
    /// First day.
    pub from: Day,
    /// Last day, inclusive.
    pub to: Day,
    /// Waits behind another.
    pub queued: bool,
}

/// A mortgage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mortgage {
    /// Mortgagee.
    pub holder: String,
    /// Secured amount in yuan, as text.
    pub amount: String,
    /// Last day of the debt.
    pub to: Day,
}

/// A unit with its right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Unit number (BDCDYH).
    pub number: String,
    /// Title number (BDCQZH).
    pub title: String,
    /// The list it is told in, such as `FDCQ`.
    pub right: String,
    /// Where it lies.
    pub location: String,
    /// Area in square metres, as text.
    pub area: String,
    /// Who owns it.
    pub owner: Holder,
    /// Seals in the order of their registration.
    pub seals: Vec<Seal>,
    /// Mortgages.
    pub mortgages: Vec<Mortgage>,
    /// Locked while a case is open on it (锁定), by its key.
    pub locked: Option<String>,
}

impl Unit {
    /// The seal that holds now.
    #[must_use]
    pub fn first_seal(&self) -> Option<&Seal> {
        self.seals.iter().find(|seal| !seal.queued)
    }
}

/// One item of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Slip (CXQQDH).
    pub slip: String,
    /// Item (KZQQDH).
    pub key: String,
    /// 11, 12, 14, 15.
    pub measure: String,
    /// Unit.
    pub unit: String,
    /// Title.
    pub title: String,
    /// Who it is about.
    pub subject: Holder,
    /// The same number in 15 digits, when there is one.
    pub fifteen: String,
    /// Court.
    pub organ: String,
    /// Ruling.
    pub document: String,
    /// Last day asked.
    pub to: Option<Day>,
    /// Original slip (YDJDH).
    pub original: String,
    /// The first transferee.
    pub transferee: Option<Holder>,
    /// A ruling or notice lay beside it.
    pub has_papers: bool,
}

/// What an item came to (KZXX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result {
    /// Item.
    pub item: Item,
    /// KZZT 1.
    pub done: bool,
    /// WNKZYY.
    pub reason: String,
    /// BEIZ.
    pub remark: String,
    /// Business number of the registration case (YWH).
    pub case: String,
    /// Seal number (CFYWH).
    pub serial: String,
    /// Actual first and last day.
    pub days: Option<(Day, Day)>,
    /// Seals that go before it.
    pub ahead: Vec<Seal>,
}

/// The books.
#[derive(Default)]
pub struct Books {
    /// By unit number.
    pub units: BTreeMap<String, Unit>,
    results: BTreeMap<String, Result>,
    /// Keys whose seal took effect, each as often as it did.
    pub effects: Vec<(String, String)>,
    today: Option<Day>,
    counter: u64,
}

/// Seals are ordered for three years where nobody says otherwise.
const SEAL_YEARS: u32 = 3;

impl Books {
    /// Books with these units on a day.
    #[must_use]
    pub fn new(units: Vec<Unit>, today: Day) -> Books {
        let units = units.into_iter().map(|unit| (unit.number.clone(), unit)).collect();
        Books { units, today: Some(today), ..Books::default() }
    }

    /// The registry's day.
    #[must_use]
    pub fn today(&self) -> Day {
        self.today.unwrap_or(Day::EPOCH)
    }

    /// Turns the calendar: seals whose last day is over end, and the next in their queue holds from now on.
    pub fn set_today(&mut self, day: Day) {
        self.today = Some(day);
        for unit in self.units.values_mut() {
            unit.seals.retain(|seal| seal.to >= day);
            promote(unit, day);
        }
    }

    /// The units of somebody; the old 15-digit number names the same person.
    #[must_use]
    pub fn of(&self, subject: &Holder, fifteen: &str) -> Vec<&Unit> {
        self.units.values().filter(|unit| owns(unit, subject, fifteen)).collect()
    }

    /// Carries an item out, once: a repeat gets the first result.
    pub fn order(&mut self, item: Item) -> Result {
        if let Some(known) = self.results.get(&item.key) {
            return known.clone();
        }
        self.counter += 1;
        let case = format!("YW{:010}", self.counter);
        let result = self.judge(item, case);
        self.results.insert(result.item.key.clone(), result.clone());
        result
    }

    /// What an item came to.
    #[must_use]
    pub fn result(&self, key: &str) -> Option<&Result> {
        self.results.get(key)
    }

    /// The clerk sends an item back after it was reported as done: its effect is undone, and the new result says why.
    pub fn refuse_later(&mut self, key: &str, opinion: &str) -> Option<Result> {
        let today = self.today();
        let result = self.results.get_mut(key)?;
        let unit = self.units.get_mut(&result.item.unit)?;
        unit.seals.retain(|seal| seal.key != key);
        unit.locked = None;
        promote(unit, today);
        result.done = false;
        result.reason = opinion.to_owned();
        result.remark = String::new();
        result.ahead = Vec::new();
        Some(result.clone())
    }

    fn judge(&mut self, item: Item, case: String) -> Result {
        let today = self.today();
        let refused = |item: Item, reason: &str| Result {
            item,
            done: false,
            reason: reason.to_owned(),
            remark: String::new(),
            case: case.clone(),
            serial: String::new(),
            days: None,
            ahead: Vec::new(),
        };
        if !item.has_papers {
            return refused(item, "无协助执行通知书或裁定书");
        }
        let by_title =
            |unit: &&mut Unit| unit.number == item.unit || (!item.title.is_empty() && unit.title == item.title);
        let Some(unit) = self.units.values_mut().find(by_title) else {
            return refused(item, "查无此不动产");
        };
        if !owns(unit, &item.subject, &item.fifteen) {
            return refused(item, "被执行人姓名或证件与权利人不匹配");
        }
        unit.locked = Some(item.key.clone());
        let mut result = refused(item.clone(), "");
        match item.measure.as_str() {
            "11" => put_seal(unit, &item, today, format!("CF{:010}", self.counter), &mut result),
            "12" => renew_seal(unit, &item, &mut result),
            "14" => end_seal(unit, &item, today, &mut result),
            "15" => pass_title(unit, &item, today, &mut result),
            other => result.reason = format!("不支持的控制措施{other}"),
        }
        unit.locked = None;
        if result.done {
            self.effects.push((item.key, item.measure));
        }
        result
    }
}

fn put_seal(unit: &mut Unit, item: &Item, today: Day, serial: String, result: &mut Result) {
    let to = item.to.unwrap_or_else(|| (0..SEAL_YEARS).fold(today, |day, _| day.next_year()).plus_days(-1));
    result.ahead.clone_from(&unit.seals);
    let queued = !unit.seals.is_empty();
    unit.seals.push(Seal {
        serial: serial.clone(),
        slip: item.slip.clone(),
        key: item.key.clone(),
        organ: item.organ.clone(),
        document: item.document.clone(),
        from: today,
        to,
        queued,
    });
    result.remark = if queued { "轮候查封".to_owned() } else { String::new() };
    (result.serial, result.days, result.done) = (serial, Some((today, to)), true);
}

/// Where the seal stands that an item builds on.
fn original(unit: &Unit, item: &Item) -> Option<usize> {
    unit.seals.iter().position(|seal| seal.slip == item.original && !item.original.is_empty())
}

fn renew_seal(unit: &mut Unit, item: &Item, result: &mut Result) {
    match (original(unit, item).and_then(|place| unit.seals.get_mut(place)), item.to) {
        (None, _) => result.reason = "无原查封信息".to_owned(),
        (Some(_), None) => result.reason = "无查封结束日期".to_owned(),
        (Some(seal), Some(to)) => {
            seal.to = to;
            (result.serial, result.days, result.done) = (seal.serial.clone(), Some((seal.from, to)), true);
        }
    }
}

fn end_seal(unit: &mut Unit, item: &Item, today: Day, result: &mut Result) {
    let Some(place) = original(unit, item) else {
        result.reason = "无原查封信息".to_owned();
        return;
    };
    let seal = unit.seals.remove(place);
    promote(unit, today);
    (result.serial, result.done) = (seal.serial, true);
}

fn pass_title(unit: &mut Unit, item: &Item, today: Day, result: &mut Result) {
    let Some(holder) = item.transferee.clone() else {
        result.reason = "无过户对象".to_owned();
        return;
    };
    unit.owner = holder;
    unit.seals.retain(|seal| seal.organ != item.organ);
    promote(unit, today);
    result.done = true;
}

fn owns(unit: &Unit, subject: &Holder, fifteen: &str) -> bool {
    let number = unit.owner.id_number == subject.id_number || (!fifteen.is_empty() && unit.owner.id_number == fifteen);
    number && unit.owner.name == subject.name
}

/// The first of the queue holds when nothing else does.
fn promote(unit: &mut Unit, today: Day) {
    if unit.first_seal().is_none()
        && let Some(next) = unit.seals.first_mut()
    {
        next.queued = false;
        next.from = next.from.max(today);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> Day {
        Day::new(y, m, d).unwrap()
    }

    fn holder(name: &str) -> Holder {
        Holder { name: name.to_owned(), id_number: "330225189506120170".to_owned() }
    }

    fn books() -> Books {
        let unit = Unit {
            number: "U1".to_owned(),
            title: "T1".to_owned(),
            right: "FDCQ".to_owned(),
            location: String::new(),
            area: String::new(),
            owner: holder("王小渔"),
            seals: Vec::new(),
            mortgages: Vec::new(),
            locked: None,
        };
        Books::new(vec![unit], day(2026, 11, 22))
    }

    fn item(key: &str, measure: &str) -> Item {
        Item {
            slip: key.split('-').next().unwrap().to_owned(),
            key: key.to_owned(),
            measure: measure.to_owned(),
            unit: "U1".to_owned(),
            title: String::new(),
            subject: holder("王小渔"),
            fifteen: String::new(),
            organ: "象山县人民法院".to_owned(),
            document: "文".to_owned(),
            to: None,
            original: String::new(),
            transferee: None,
            has_papers: true,
        }
    }

    #[test]
    fn seals_queue_move_up_and_end_with_their_last_day() {
        let mut books = books();
        let first = books.order(Item { to: Some(day(2026, 12, 1)), ..item("A-1", "11") });
        let second = books.order(item("B-1", "11"));
        assert!(first.done && first.remark.is_empty() && second.remark == "轮候查封" && second.ahead.len() == 1);
        assert_eq!(books.order(item("B-1", "11")), second, "a repeat changes nothing");
        assert_eq!(books.units["U1"].seals.len(), 2);
        books.set_today(day(2026, 12, 2));
        assert_eq!(books.units["U1"].first_seal().unwrap().slip, "B");
        assert!(!books.order(Item { original: "A".to_owned(), ..item("C-1", "14") }).done);
        assert!(books.order(Item { original: "B".to_owned(), ..item("D-1", "14") }).done);
        assert!(books.units["U1"].seals.is_empty());
    }

    #[test]
    fn a_clerk_takes_a_seal_back_and_the_next_moves_up() {
        let mut books = books();
        books.order(item("A-1", "11"));
        books.order(item("B-1", "11"));
        let later = books.refuse_later("A-1", "退件：材料不齐").unwrap();
        assert!(!later.done && later.reason.contains("退件"));
        assert!(!books.units["U1"].first_seal().unwrap().queued);
        assert!(books.refuse_later("Z-1", "").is_none());
    }

    #[test]
    fn a_notice_passes_the_title_and_strangers_get_nothing() {
        let mut books = books();
        books.order(item("A-1", "11"));
        assert!(!books.order(item("B-1", "15")).done, "to nobody");
        let buyer = Holder { name: "李小帆".to_owned(), id_number: "330225189311030423".to_owned() };
        assert!(books.order(Item { transferee: Some(buyer.clone()), ..item("C-1", "15") }).done);
        assert_eq!((&books.units["U1"].owner, books.units["U1"].seals.len()), (&buyer, 0));
        assert!(books.order(item("D-1", "11")).reason.contains("不匹配"));
        assert!(books.order(Item { unit: "U9".to_owned(), ..item("E-1", "11") }).reason.contains("查无"));
        assert!(books.order(Item { has_papers: false, ..item("F-1", "11") }).reason.contains("通知书"));
    }

    proptest::proptest! {
        #[test]
        fn one_seal_holds_whatever_is_ordered_and_no_order_takes_effect_twice(
            orders in proptest::collection::vec((0_u8..12, 0_u8..4, 0_u8..12, 0_i32..400), 1..40)
        ) {
            let mut books = books();
            let mut on = day(2026, 11, 22);
            for (key, measure, original, days) in orders {
                let measure = ["11", "12", "14", "clerk"][usize::from(measure)];
                let key = format!("S{key}-1");
                if measure == "clerk" {
                    drop(books.refuse_later(&key, "退件"));
                } else {
                    let to = Some(on.plus_days(days));
                    books.order(Item { to, original: format!("S{original}"), ..item(&key, measure) });
                }
                on = on.plus_days(days / 10);
                books.set_today(on);
                let seals = &books.units["U1"].seals;
                proptest::prop_assert_eq!(seals.iter().filter(|seal| !seal.queued).count(), seals.len().min(1));
                proptest::prop_assert!(seals.first().is_none_or(|seal| !seal.queued), "the first holds");
                proptest::prop_assert!(seals.iter().all(|seal| seal.to >= on));
            }
            let mut keys: Vec<_> = books.effects.iter().map(|(key, _)| key.clone()).collect();
            keys.sort();
            let count = keys.len();
            keys.dedup();
            proptest::prop_assert_eq!(keys.len(), count);
        }
    }
}
