//! Police who work on folders by the regulator's form (WIRE g.3): a sealed request, its reception at once, its answer, hits.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::bank::Identity;
use crate::county::County;
use crate::day::Day;
use crate::open::machine_ms;
use crate::packets;
use crate::police::moment::instant;
use crate::police::{Hit, Kind, Officer, Order, PoliceBooks, Register, Standing, Told, Wants};
use crate::wire::md5_hex;
use crate::xml::{self, Node};

/// How one command centre's front machine is set up.
#[derive(Clone, Default)]
pub struct PoliceFrontConfig {
    /// The folder that has `download` and `upload`.
    pub folder: PathBuf,
    /// The court's code, 6 signs.
    pub organ: String,
    /// Their code, 17 signs.
    pub target: String,
    /// Seed of the people they know.
    pub seed: u64,
}

/// What goes wrong with the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceptionFault {
    /// The reception refuses with this code.
    Refuse(&'static str),
    /// The answer comes without a reception.
    NoReception,
    /// The answer is not sealed.
    Unsealed,
    /// The answer's counts do not add up.
    WrongTotals,
}

#[derive(Default)]
struct Kept {
    /// Requests fetched: base name and digest.
    requests: BTreeMap<String, String>,
    faults: VecDeque<ReceptionFault>,
    /// Answers left for each request.
    answers: BTreeMap<String, u32>,
    classes: BTreeMap<String, &'static str>,
    findings: Vec<String>,
    repeats: usize,
}

/// A command centre; it looks only when told.
pub struct PoliceFront {
    config: PoliceFrontConfig,
    books: Arc<PoliceBooks>,
    kept: Mutex<Kept>,
}

impl PoliceFront {
    /// Police who know the people of a county.
    pub fn open(county: &County, config: PoliceFrontConfig) -> PoliceFront {
        let books = Arc::new(PoliceBooks::new(Register::of(county, config.seed, machine_ms())));
        PoliceFront { config, books, kept: Mutex::new(Kept::default()) }
    }

    /// Their books.
    pub fn books(&self) -> Arc<PoliceBooks> {
        Arc::clone(&self.books)
    }

    /// The next request shows this fault.
    pub fn spoil(&self, fault: ReceptionFault) {
        self.kept.lock().faults.push_back(fault);
    }

    /// What they have to say against the gateway.
    pub fn findings(&self) -> Vec<String> {
        self.kept.lock().findings.clone()
    }

    /// Requests that came again under their name.
    pub fn repeats(&self) -> usize {
        self.kept.lock().repeats
    }

    /// Fetches what is new and answers it; how many were new.
    pub fn poll(&self) -> usize {
        let download = self.config.folder.join("download");
        let mut fresh = 0;
        for name in packets::names(&download) {
            let taken = packets::read(&download, &name).and_then(|bytes| self.take_in(&name, &bytes));
            match taken {
                Ok(new) => fresh += usize::from(new),
                Err(error) => self.kept.lock().findings.push(format!("{name}: {error}")),
            }
            if let Err(error) = packets::take(&download, &name) {
                self.kept.lock().findings.push(format!("{name}: {error}"));
            }
        }
        fresh
    }

    /// Somebody (an identity number) or some vehicle (a plate) comes by: each watch in force leaves a packet with a hit.
    pub fn pass(&self, key: &str, place: &str) -> usize {
        let hits = self.books.pass(key, place, machine_ms());
        for hit in &hits {
            let class = self.kept.lock().classes.get(&hit.number).copied().unwrap_or("SS13");
            if let Err(error) = self.answer(&hit.number, class, &mzxx(hit), [0, 0, 0, 1], None) {
                self.kept.lock().findings.push(error);
            }
        }
        hits.len()
    }

    fn take_in(&self, name: &str, bytes: &[u8]) -> Result<bool, String> {
        let base = name.strip_suffix(".zip").unwrap_or_default();
        let digest = md5_hex(bytes);
        let known = self.kept.lock().requests.insert(base.to_owned(), digest.clone());
        if let Some(known) = known {
            if known != digest {
                return Err("came again with other bytes".to_owned());
            }
            self.kept.lock().repeats += 1;
            return Ok(false);
        }
        let prefix = format!("{}{}", self.config.organ, self.config.target);
        let number = base.strip_prefix(&prefix).filter(|number| number.len() == 22).ok_or("a name of another form")?;
        let members = packets::unpack(bytes, Some(base))?;
        let (class, root) = message(&members, number)?;
        let order = order(number, &root, &members)?;
        let fault = self.kept.lock().faults.pop_front();
        if let Some(ReceptionFault::Refuse(code)) = fault {
            return self.receive(number, code, "").map(|()| true);
        }
        if !members.iter().any(|(name, _)| name.starts_with("LI25")) {
            return self.receive(number, "30003", "缺少法律文书").map(|()| true);
        }
        let told = self.books.take(&order, machine_ms());
        if told.standing == Standing::HandedBack {
            return self.receive(number, "30003", &told.text).map(|()| true);
        }
        if fault != Some(ReceptionFault::NoReception) {
            self.receive(number, "30000", "已接收")?;
        }
        let class = answer_class(&class).ok_or("a class that has no answer")?;
        self.kept.lock().classes.insert(number.to_owned(), class);
        let (rows, counts) = result(number, &told);
        self.answer(number, class, &rows, counts, fault)?;
        Ok(true)
    }

    fn basic(&self, number: &str) -> String {
        let (organ, target) = (&self.config.organ, &self.config.target);
        format!("<BASICINFO QQDBS=\"{number}\" SQJGDM=\"{organ}\" MBJGDM=\"{target}\"/>")
    }

    fn receive(&self, number: &str, code: &str, text: &str) -> Result<(), String> {
        let basic = self.basic(number);
        let xml = format!("<RR28>{basic}<HZXX HZDM=\"{code}\" HZSM=\"{text}\" JSSJ=\"20261122101530\"/></RR28>");
        self.leave(number, "RR28", vec![(format!("RR28{number}.xml"), xml.into_bytes())], true)
    }

    fn answer(
        &self,
        number: &str,
        class: &str,
        rows: &str,
        [answered, people, vehicles, hits]: [usize; 4],
        fault: Option<ReceptionFault>,
    ) -> Result<(), String> {
        let people = if fault == Some(ReceptionFault::WrongTotals) { people + 1 } else { people };
        let xml = format!("<{class}>{}{rows}</{class}>", self.basic(number));
        let sums = format!(
            "<EXECRESULT QQDBS=\"{number}\" JSRWS=\"1\" FKRWS=\"{answered}\" FKKHS=\"{people}\" FKZHS=\"{vehicles}\" FKJYMXS=\"{hits}\"/>"
        );
        let nth = {
            let mut kept = self.kept.lock();
            let nth = kept.answers.entry(number.to_owned()).or_default();
            *nth += 1;
            *nth
        };
        let members = vec![
            (format!("{class}{number}.xml"), xml.into_bytes()),
            (format!("EXECRESULT{number}.xml"), sums.into_bytes()),
        ];
        self.leave(number, &format!("FK{nth:03}"), members, fault != Some(ReceptionFault::Unsealed))
    }

    fn leave(&self, number: &str, kind: &str, members: Vec<(String, Vec<u8>)>, sealed: bool) -> Result<(), String> {
        let base = format!("{}{}{number}{kind}", self.config.organ, self.config.target);
        let packet = packets::pack(&members, sealed.then_some(base.as_str()))?;
        packets::leave(&self.config.folder.join("upload"), &format!("{base}.zip"), &packet)
    }
}

fn message(members: &[(String, Vec<u8>)], number: &str) -> Result<(String, Node), String> {
    let (name, bytes) = members.iter().find(|(name, _)| name.starts_with("SS")).ok_or("no message")?;
    let class = name.strip_suffix(".xml").and_then(|name| name.strip_suffix(number)).ok_or("a misnamed message")?;
    let text = std::str::from_utf8(bytes).map_err(|_| "a message that is no UTF-8")?;
    let root = xml::parse(text)?;
    if root.name == class { Ok((class.to_owned(), root)) } else { Err("a message of another class".to_owned()) }
}

fn answer_class(class: &str) -> Option<&'static str> {
    Some(match class {
        "SS01" => "SS03",
        "SS02" => "SS04",
        "SS11" => "SS13",
        "SS12" => "SS14",
        _ => return None,
    })
}

fn order(number: &str, root: &Node, members: &[(String, Vec<u8>)]) -> Result<Order, String> {
    let part = |name: &str| root.child(name).ok_or(format!("no {name}"));
    let (basic, people, task) = (part("BASICINFO")?, part("QUERYPERSON")?, part("QUERYTASK")?);
    let text = |node: &Node, name: &str| node.attribute(name).trim().to_owned();
    if text(basic, "QQDBS") != number || text(task, "RWLSH") != number {
        return Err("a message about another request".to_owned());
    }
    let kind = match text(basic, "QQCSLX").as_str() {
        "01" => Kind::Query,
        "02" => Kind::Watch,
        "04" => Kind::Lift,
        _ => return Err("a measure that police do not do".to_owned()),
    };
    let officer = |prefix: &str| Officer {
        name: text(people, &format!("{prefix}XM")),
        work_id: text(people, &format!("{prefix}GZZH")),
        duty_id: text(people, &format!("{prefix}GWZH")),
    };
    let mut officers = vec![officer("QQR"), officer("XCR")];
    officers.retain(|officer| !officer.name.is_empty());
    let mut papers = Vec::new();
    for (name, _) in members.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        match name.get(..4) {
            Some("LI25") => papers.extend(["ruling", "query_notice", "assist_notice"].map(str::to_owned)),
            Some("LI26") => papers.push("work_id_scan".to_owned()),
            Some("LI27") => papers.push("duty_id_scan".to_owned()),
            _ => {}
        }
    }
    let day = |name: &str| {
        let text = text(task, name);
        let part = |from: usize, to: usize| text.get(from..to);
        Day::parse(&format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?))
    };
    let wanted = text(task, "CXNR");
    let original = text(task, "YRWLSH");
    Ok(Order {
        number: number.to_owned(),
        kind,
        case_number: text(basic, "AH"),
        subject: Identity { name: text(task, "ZTMC"), id_type: text(task, "ZZLXDM"), id_number: text(task, "ZZHM") },
        plate: text(task, "HPHM"),
        from: day("KSSJ"),
        to: day("JSSJ"),
        original: (!original.is_empty()).then(|| (original, text(task, "YAH"))),
        note: text(basic, "BEIZ"),
        wants: Wants {
            identity: wanted.contains("11"),
            vehicle: wanted.contains("12"),
            contact: wanted.contains("13"),
        },
        officers,
        papers,
    })
}

/// One result with its rows, and what EXECRESULT counts.
fn result(number: &str, told: &Told) -> (String, [usize; 4]) {
    let code = match told.standing {
        Standing::Done => "0",
        Standing::NoSuchCustomer => "1",
        _ => "2",
    };
    let reason = match told.reason {
        "name_mismatch" => "01",
        "id_mismatch" => "02",
        "no_original_freeze" => "03",
        "unsupported" => "04",
        _ => "99",
    };
    let mut fields = format!("RWLSH=\"{number}\" CXJG=\"{code}\" FKSJ=\"{}\"", instant(told.as_of_ms));
    if code == "2" {
        fields.push_str(&format!(" YYDM=\"{reason}\" JGSM=\"{}\"", told.text));
    }
    for (name, day) in [("KSSJ", told.from), ("JSSJ", told.to)] {
        if let Some(day) = day {
            fields.push_str(&format!(" {name}=\"{}\"", day.compact()));
        }
    }
    if !told.serial.is_empty() {
        fields.push_str(&format!(" BKBH=\"{}\"", told.serial));
    }
    let (mut rows, mut people, mut vehicles) = (String::new(), 0, 0);
    for (class, details) in &told.findings {
        let (tag, words): (&str, &[(&str, &str)]) = match *class {
            "identity" => {
                people += 1;
                ("SFXX", &[("name", "XM"), ("id_type", "ZZLXDM"), ("id_number", "ZZHM"), ("household_address", "HJDZ")])
            }
            "vehicle" => {
                vehicles += 1;
                ("CLXX", &[("plate", "HPHM"), ("brand", "PPXH"), ("vehicle_type", "CLLX"), ("vin", "CLSBDH")])
            }
            _ => ("LXXX", &[("phone", "LXDH"), ("address", "DZ"), ("employer", "GZDW")]),
        };
        rows.push_str(&format!("<{tag}"));
        for (word, field) in words {
            if let Some(value) = details.get(word) {
                rows.push_str(&format!(" {field}=\"{value}\""));
            }
        }
        rows.push_str("/>");
    }
    (format!("<RESULT {fields}>{rows}</RESULT>"), [1, people, vehicles, 0])
}

fn mzxx(hit: &Hit) -> String {
    let mut row = format!("<MZXX RWLSH=\"{}\" MZLSH=\"{}\"", hit.number, hit.serial);
    let words =
        [("what", "MZLX"), ("plate", "HPHM"), ("place", "DD"), ("seen_at", "MZSJ"), ("held", "SFKZ"), ("unit", "DW")];
    for (word, field) in words {
        if let Some(value) = hit.details.get(word) {
            row.push_str(&format!(" {field}=\"{value}\""));
        }
    }
    let until: String = instant(hit.respond_by_ms).chars().filter(char::is_ascii_digit).take(14).collect();
    row.push_str(&format!(" HYSX=\"{until}\"/>"));
    row
}
