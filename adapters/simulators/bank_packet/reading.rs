//! A request as a bank reads it, and for what it is refused at the reception.

use super::BankPacketConfig;
use crate::bank::{Identity, Name, Order, Original, Papers, Verb};
use crate::day::Day;
use crate::money::parse_yuan;
use crate::packets;
use crate::wire::md5_hex;
use crate::xml::{self, Node};

/// A request that was received.
pub(super) struct Request {
    pub number: String,
    /// The class of its answer.
    pub answer_class: &'static str,
    /// QQCSLX, which the answer repeats.
    pub measure_code: String,
    pub subject: Identity,
    pub asked: Asked,
    organ: String,
    case_number: String,
    content: String,
    papers: Papers,
}

/// What is asked.
pub(super) enum Asked {
    Accounts,
    Control(Measure),
}

/// A task of FREEZEACCOUNT.
pub(super) struct Measure {
    pub account: String,
    task: Node,
}

/// Why it is refused: code and text of the reception.
type Refusal = (&'static str, String);

fn unreadable(text: impl Into<String>) -> Refusal {
    ("30002", text.into())
}

/// Opens a packet and reads what it asks.
pub(super) fn request(base: &str, number: &str, bytes: &[u8], config: &BankPacketConfig) -> Result<Request, Refusal> {
    let members = packets::unpack(bytes, Some(base)).map_err(unreadable)?;
    let message = members.iter().find(|(name, _)| name.starts_with("SS"));
    let (name, text) = message.ok_or_else(|| ("30005", "缺少请求文件".to_owned()))?;
    let has = |kind: &str| members.iter().any(|(name, bytes)| name.starts_with(kind) && !bytes.is_empty());
    if !has("LI25") {
        return Err(("30003", "缺少法律文书".to_owned()));
    }
    if members.iter().any(|(name, _)| !name.contains(number)) {
        return Err(("30004", "文书与请求不符".to_owned()));
    }
    let class = name.strip_suffix(".xml").and_then(|name| name.strip_suffix(number)).unwrap_or_default();
    let answer_class = match class {
        "SS01" => "SS03",
        "SS02" => "SS04",
        "SS17" => "SS19",
        "SS18" => "SS20",
        _ => return Err(unreadable("不支持的请求种类")),
    };
    let text = std::str::from_utf8(text).map_err(|_| unreadable("报文不是UTF-8"))?;
    let root = xml::parse(text).map_err(unreadable)?;
    let papers = Papers { document: true, credentials: has("LI26") || has("LI27"), officer_numbers: Vec::new() };
    read(&root, number, (class, answer_class), (papers, md5_hex(bytes)), config)
        .ok_or_else(|| unreadable("报文要素不全"))
}

fn read(
    root: &Node,
    number: &str,
    (class, answer_class): (&str, &'static str),
    (mut papers, content): (Papers, String),
    config: &BankPacketConfig,
) -> Option<Request> {
    let (basic, people) = (root.child("BASICINFO")?, root.child("QUERYPERSON")?);
    let codes = [("QQDBS", number), ("SQJGDM", config.organ.as_str()), ("MBJGDM", config.target.as_str())];
    if root.name != class || codes.iter().any(|(name, code)| basic.attribute(name) != *code) {
        return None;
    }
    let officers = ["QQRZJHM", "XCRZJHM"].map(|name| people.attribute(name).trim().to_owned());
    papers.officer_numbers = officers.into_iter().filter(|number| !number.is_empty()).collect();
    let is_query = class == "SS01" || class == "SS02";
    let task = root.child(if is_query { "QUERYTASK" } else { "FREEZEACCOUNT" })?;
    if task.attribute("RWLSH") != number {
        return None;
    }
    let text = |name: &str| task.attribute(name).trim().to_owned();
    let name = text(if is_query { "ZTMC" } else { "DJZHHZ" });
    let measure_code = basic.attribute("QQCSLX").to_owned();
    let asked = match measure_code.as_str() {
        "01" if is_query && text("CXNR") == "01" => Asked::Accounts,
        "05" | "06" | "07" if !is_query => Asked::Control(Measure { account: text("ZH"), task: task.clone() }),
        _ => return None,
    };
    Some(Request {
        number: number.to_owned(),
        answer_class,
        measure_code,
        subject: Identity { name, id_type: text("ZZLXDM"), id_number: text("ZZHM") },
        asked,
        organ: basic.attribute("FYMC").to_owned(),
        case_number: basic.attribute("AH").to_owned(),
        content,
        papers,
    })
}

impl Request {
    /// The order that a measure makes on the bank's day.
    pub(super) fn order(&self, measure: &Measure, releases_a_part: bool, today: Day) -> Order {
        Order {
            name: Name { slip: self.number.clone(), line: String::new() },
            content: self.content.clone(),
            organ: self.organ.clone(),
            document: self.case_number.clone(),
            subject: self.subject.clone(),
            account: measure.account.clone(),
            sub_account: measure.task.attribute("ZHXH").to_owned(),
            currency: measure.task.attribute("BZ").to_owned(),
            papers: self.papers.clone(),
            verb: self.verb(measure, releases_a_part, today),
        }
    }

    fn verb(&self, measure: &Measure, releases_a_part: bool, today: Day) -> Verb {
        let text = |name: &str| measure.task.attribute(name).trim();
        let original = Original { number: text("YRWLSH").to_owned(), application: String::new() };
        // A day that cannot be read is one that is over, which the books refuse.
        let last_day = || Day::parse(text("JSSJ")).unwrap_or(today.plus_days(-1));
        match self.measure_code.as_str() {
            "05" => Verb::Freeze {
                application: String::new(),
                // An amount that cannot be read becomes 0, which the books refuse as no amount.
                limit: (text("DJFS") != "02").then(|| parse_yuan(text("JE")).unwrap_or(0)),
                asked: parse_yuan(text("JE")),
                queue: false,
                end: last_day(),
                product: None,
                takes_over: Vec::new(),
            },
            "06" => Verb::Renew { original, end: last_day() },
            "07" => {
                let part = parse_yuan(text("JE")).filter(|_| releases_a_part);
                Verb::Release { original, queued_only: false, part }
            }
            other => Verb::Unsupported { code: other.to_owned() },
        }
    }
}
