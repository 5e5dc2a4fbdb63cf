//! A registry's hub that pulls in its working hours, seals what it is told to, and whose clerk may send an order back later (WIRE g.2).

mod books;
mod wire;

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use books::{Books, Holder, Item, Mortgage, Result as ItemResult, Seal, Unit};
use wire::{Client, element, message, text};

use crate::SimulatorError;
use crate::county::County;
use crate::day::Day;
use crate::wire::{decode_bytes, encode_bytes, md5_hex};
use crate::xml::Node;

/// Findings kept about the gateway; more tell nothing new.
const FINDINGS_MAX: usize = 1_000;

/// How one simulated registry is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistryHubConfig {
    /// The gateway's address, with the path of its face.
    pub gateway_url: String,
    /// User in the usermarker.
    pub username: String,
    /// Password in it.
    pub password: String,
    /// Its first day.
    pub first_day: Day,
    /// Minutes from midnight at which it stands; rounds outside 8:00 to 17:59 of Monday to Friday ask for nothing.
    pub minute: u32,
    /// Send a sealed receipt with every result.
    pub sealed_receipts: bool,
    /// Give back the item's number (KZQQDH); some registries name the unit alone.
    pub names_items: bool,
}

impl Default for RegistryHubConfig {
    fn default() -> Self {
        RegistryHubConfig {
            gateway_url: "http://127.0.0.1:8080/services/IpConvertDataService".to_owned(),
            username: "IP330225".to_owned(),
            password: "not-a-secret".to_owned(),
            first_day: Day::new(2026, 11, 23).unwrap_or(Day::EPOCH),
            minute: 10 * 60,
            sealed_receipts: true,
            names_items: true,
        }
    }
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryReport {
    /// It was closed and asked for nothing.
    pub closed: bool,
    /// Slips in the lists.
    pub listed: usize,
    /// Results that the gateway took.
    pub fed: usize,
    /// What failed, each with its operation; no personal data.
    pub errors: Vec<String>,
}

/// A registry.
pub struct RegistryHub {
    client: Client,
    config: RegistryHubConfig,
    books: Mutex<Books>,
    minute: Mutex<u32>,
    /// Results that the clerk made after the first was told.
    later: Mutex<Vec<ItemResult>>,
    findings: Mutex<Vec<String>>,
}

impl RegistryHub {
    /// A registry whose units belong to the people of a county, one each.
    ///
    /// # Errors
    /// When the address is none.
    pub fn start(county: &County, config: RegistryHubConfig) -> Result<RegistryHub, SimulatorError> {
        let url = config.gateway_url.clone();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(SimulatorError::GatewayUrl { url });
        }
        let units = county.customers.iter().enumerate().map(|(place, customer)| unit(place, customer)).collect();
        Ok(RegistryHub {
            client: Client::new(&url, &config.username, &config.password)?,
            books: Mutex::new(Books::new(units, config.first_day)),
            minute: Mutex::new(config.minute),
            later: Mutex::default(),
            findings: Mutex::default(),
            config,
        })
    }

    /// Looks at the books, or changes them.
    pub fn with_books<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.books.lock())
    }

    /// Sets the time of day, in minutes from midnight.
    pub fn set_minute(&self, minute: u32) {
        *self.minute.lock() = minute;
    }

    /// The clerk sends an item back after it was told as done; the next round tells it.
    pub fn clerk_refuses(&self, key: &str, opinion: &str) -> bool {
        let result = self.books.lock().refuse_later(key, opinion);
        let found = result.is_some();
        self.later.lock().extend(result);
        found
    }

    /// What it has to say against the gateway.
    pub fn findings(&self) -> Vec<String> {
        self.findings.lock().clone()
    }

    /// One round: later results first, then the lists, papers, answers.
    pub async fn poll_now(&self) -> RegistryReport {
        let mut report = RegistryReport::default();
        let (today, minute) = (self.books.lock().today(), *self.minute.lock());
        if today.is_weekend() || !(8 * 60..18 * 60).contains(&minute) {
            report.closed = true;
            return report;
        }
        let now = format!("{} {:02}:{:02}:00", today.slashed(), minute / 60, minute % 60);
        let later = std::mem::take(&mut *self.later.lock());
        for result in later {
            let slip = result.item.slip.clone();
            self.feed("feedkzBdcQL", &slip, &self.control_answer(&slip, &[result], &now), &mut report).await;
        }
        match self.client.call("cxBdcQL", None).await {
            Ok(root) => {
                for row in rows(&root, "BDCCXQQ") {
                    report.listed += 1;
                    self.query(row, &now, &mut report).await;
                }
            }
            Err(error) => report.errors.push(error),
        }
        match self.client.call("kzBdcQL", None).await {
            Ok(root) => {
                for row in rows(&root, "BDCKZQQ") {
                    report.listed += 1;
                    self.control(row, &now, &mut report).await;
                }
            }
            Err(error) => report.errors.push(error),
        }
        report
    }

    async fn query(&self, row: &Node, now: &str, report: &mut RegistryReport) {
        let slip = text(row, "CXQQDH");
        let papers = self.papers("cxwsInfo", "WSBH", &text(row, "WSBH"), report).await;
        let subject = Holder { name: text(row, "XM"), id_number: text(row, "ZJH") };
        let found = match papers {
            Some(true) => self.books.lock().of(&subject, &text(row, "FIFTEENZJH")).into_iter().cloned().collect(),
            Some(false) => Vec::new(),
            None => return,
        };
        let (result, said) =
            if papers == Some(true) { ("0000", "") } else { ("2040", "无法律文书，业务审核未通过") };
        let lists = lists(&found);
        let head = [("CXQQDH", slip.as_str()), ("RESULT", result), ("MESSAGE", said)];
        let answer = message(now, &element("BDCCXJG", &head, &lists));
        self.feed("feedBdcQL", &slip, &answer, report).await;
    }

    async fn control(&self, row: &Node, now: &str, report: &mut RegistryReport) {
        let slip = text(row, "CXQQDH");
        let Some(has_papers) = self.papers("kzwsInfo", "CXQQDH", &slip, report).await else { return };
        let results: Vec<ItemResult> = {
            let mut books = self.books.lock();
            rows(row, "BDCQL").into_iter().map(|unit| books.order(item(row, unit, has_papers))).collect()
        };
        let answer = self.control_answer(&slip, &results, now);
        self.feed("feedkzBdcQL", &slip, &answer, report).await;
    }

    /// `None` when the gateway could not be asked; else whether a paper lay there.
    async fn papers(&self, operation: &str, by: &str, key: &str, report: &mut RegistryReport) -> Option<bool> {
        let condition = format!("<WSBHINFO>{}</WSBHINFO>", element("CONDITION", &[(by, key)], ""));
        let root = match self.client.call(operation, Some(("wsbhinfo", &condition))).await {
            Ok(root) => root,
            Err(error) => {
                report.errors.push(error);
                return None;
            }
        };
        let papers = rows(&root, "WSINFO");
        for paper in &papers {
            let bytes = decode_bytes(paper.value("WSNR")).unwrap_or_default();
            if bytes.is_empty() || !md5_hex(&bytes).eq_ignore_ascii_case(&text(paper, "MD5")) {
                self.found(format!("{key}: a document is empty or its MD5 is not that of its bytes"));
            }
        }
        Some(!papers.is_empty())
    }

    fn control_answer(&self, slip: &str, results: &[ItemResult], now: &str) -> String {
        let rows: String = results.iter().map(|result| self.item_answer(result)).collect();
        let list = format!("<KZXXLIST>{rows}</KZXXLIST>");
        let answer = element("BDCKZJG", &[("CXQQDH", slip), ("RESULT", "0000")], &list);
        let mut data = format!("<BDCFKLIST>{answer}</BDCFKLIST>");
        if self.config.sealed_receipts {
            let pdf = format!("%PDF-1.4\n% receipt {slip}\n").into_bytes();
            let name = format!("{slip}回执.pdf");
            let (bytes, md5) = (encode_bytes(&pdf), md5_hex(&pdf));
            let fields = [
                ("CXQQDH", slip),
                ("WJMC", name.as_str()),
                ("WJLX", "pdf"),
                ("WSLB", "回执"),
                ("WSNR", &bytes),
                ("MD5", &md5),
            ];
            data.push_str(&format!("<HZXXLIST>{}</HZXXLIST>", element("HZXX", &fields, "")));
        }
        message(now, &data)
    }

    fn item_answer(&self, result: &ItemResult) -> String {
        let item = &result.item;
        let (from, to) =
            result.days.map_or((String::new(), String::new()), |(from, to)| (from.slashed(), to.slashed()));
        let mut fields = vec![
            ("BDCQLLX", ""),
            ("BDCDYH", item.unit.as_str()),
            ("BDCQZH", item.title.as_str()),
            ("KZZT", if result.done { "1" } else { "2" }),
            ("CSKSRQ", &from),
            ("CSJSRQ", &to),
            ("WNKZYY", &result.reason),
            ("BEIZ", &result.remark),
            ("YWH", &result.case),
            ("CFYWH", &result.serial),
        ];
        if self.config.names_items {
            fields.push(("KZQQDH", &item.key));
        }
        let ahead: String = result.ahead.iter().map(seal).collect();
        element("KZXX", &fields, &ahead)
    }

    async fn feed(&self, operation: &str, slip: &str, answer: &str, report: &mut RegistryReport) {
        match self.client.call(operation, Some(("feedbackinfo", answer))).await {
            Ok(root) => {
                let rows = rows(&root, "JG");
                let own = rows.iter().find(|row| text(row, "CXQQDH") == slip);
                match own.map(|row| (text(row, "RESULT"), text(row, "MSG"))) {
                    Some((result, _)) if result != "fail" => report.fed += 1,
                    Some((_, said)) => {
                        report.errors.push(format!("the gateway refused the feedback of {slip}: {said}"))
                    }
                    None => report.errors.push(format!("{operation}: the gateway says nothing of {slip}")),
                }
            }
            Err(error) => report.errors.push(error),
        }
    }

    fn found(&self, finding: String) {
        let mut findings = self.findings.lock();
        if findings.len() < FINDINGS_MAX {
            findings.push(finding);
        }
    }
}

fn rows<'n>(root: &'n Node, name: &str) -> Vec<&'n Node> {
    let mut found = Vec::new();
    root.all(name, &mut found);
    found
}

fn item(row: &Node, unit: &Node, has_papers: bool) -> Item {
    let transferee = unit.below("GHDX").map(|to| Holder { name: text(to, "DXXM"), id_number: text(to, "DXSFZHM") });
    Item {
        slip: text(row, "CXQQDH"),
        key: text(unit, "KZQQDH"),
        measure: text(unit, "KZCS"),
        unit: text(unit, "BDCDYH"),
        title: text(unit, "BDCQZH"),
        subject: Holder { name: text(row, "XM"), id_number: text(row, "ZJH") },
        fifteen: text(row, "FIFTEENZJH"),
        organ: text(row, "FYMC"),
        document: text(unit, "CKWH"),
        to: Day::parse(&text(unit, "JSRQ")),
        original: text(unit, "YDJDH"),
        transferee: transferee.filter(|holder| !holder.name.is_empty()),
        has_papers,
    }
}

fn seal(seal: &Seal) -> String {
    let (from, to) = (seal.from.slashed(), seal.to.slashed());
    let fields = [
        ("CFJG", seal.organ.as_str()),
        ("CFLX", if seal.queued { "轮候查封" } else { "查封" }),
        ("CFWH", &seal.document),
        ("CFQSSJ", &from),
        ("CFJSSJ", &to),
        ("CFYWH", &seal.serial),
    ];
    element("CFDJ", &fields, "")
}

/// The lists of a query's answer: rights by their list, then mortgages and seals with the unit they stand on.
fn lists(units: &[Unit]) -> String {
    let mut by_list: BTreeMap<&str, String> = BTreeMap::new();
    let (mut mortgages, mut seals) = (String::new(), String::new());
    for unit in units {
        let fields = [
            ("BDCDYH", unit.number.as_str()),
            ("FDZL", &unit.location),
            ("JZMJ", &unit.area),
            ("BDCQZH", &unit.title),
            ("DJJG", "象山县不动产登记中心"),
        ];
        by_list.entry(&unit.right).or_default().push_str(&element(&unit.right, &fields, ""));
        for mortgage in &unit.mortgages {
            let to = mortgage.to.slashed();
            let fields = [
                ("BDCDYH", unit.number.as_str()),
                ("DYQR", &mortgage.holder),
                ("BDBZZQSE", &mortgage.amount),
                ("ZWLXJSSJ", &to),
            ];
            mortgages.push_str(&element("DYAQ", &fields, ""));
        }
        for own in &unit.seals {
            let told = seal(own).replacen("<CFDJ>", &format!("<CFDJ>{}", element("BDCDYH", &[], "")), 1);
            let number = crate::wire::encode(&unit.number, encoding_rs::UTF_8);
            seals.push_str(&told.replacen("<BDCDYH></BDCDYH>", &format!("<BDCDYH>{number}</BDCDYH>"), 1));
        }
    }
    let rights: String = by_list.iter().map(|(list, rows)| format!("<{list}LIST>{rows}</{list}LIST>")).collect();
    format!("{rights}<DYAQLIST>{mortgages}</DYAQLIST><CFDJLIST>{seals}</CFDJLIST>")
}

/// A made-up unit of a customer of the county.
fn unit(place: usize, customer: &crate::bank::Customer) -> Unit {
    Unit {
        number: format!("330225001001GB{:05}F00010001", place + 1),
        title: format!("浙(2018)象山县不动产权第{:07}号", place + 1),
        right: "FDCQ".to_owned(),
        location: format!("象山县虚构镇{}号", place + 1),
        area: "98.50".to_owned(),
        owner: Holder { name: customer.identity.name.clone(), id_number: customer.identity.id_number.clone() },
        seals: Vec::new(),
        mortgages: Vec::new(),
        locked: None,
    }
}
