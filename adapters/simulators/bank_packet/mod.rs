//! A bank's front machine on the regulator's packets (schemas/partners/bank-packet.md): a sealed request, its reception, its answer.

mod reading;
mod spoiling;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::SimulatorError;
use crate::bank::{Answer as Decided, BankRules, Books, Ordered};
use crate::county::County;
use crate::packets;
use crate::wire::md5_hex;
use reading::{Asked, Request};
use telling::Answer;

/// Findings kept about the gateway; more tell nothing new.
const FINDINGS_MAX: usize = 10_000;

/// How one front machine is set up.
#[derive(Clone)]
pub struct BankPacketConfig {
    /// The folder that has `download` and `upload`.
    pub folder: PathBuf,
    /// The court's code, 6 signs.
    pub organ: String,
    /// The bank's code, 17 signs.
    pub target: String,
    /// Time of day in its moments; the day is the bank's.
    pub time_of_day: String,
    /// Reads JE in a release and lets go of that much; otherwise, as most do, of the whole freeze.
    pub releases_a_part: bool,
    /// How it does what the documents leave open.
    pub rules: BankRules,
}

impl Default for BankPacketConfig {
    fn default() -> Self {
        BankPacketConfig {
            folder: PathBuf::new(),
            organ: "330225".to_owned(),
            target: "B0000000000000002".to_owned(),
            time_of_day: "101530".to_owned(),
            releases_a_part: false,
            rules: BankRules::default(),
        }
    }
}

/// What goes wrong with the next request; but for a refused reception, the true answer comes a round later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankPacketFault {
    /// The reception refuses with this code, and nothing is done.
    Refuse(&'static str),
    /// The reception has this code, which nobody agreed; the request is worked on.
    UnknownReception(&'static str),
    /// The answer comes without a reception.
    NoReception,
    /// The reception comes after the answer.
    LateReception,
    /// The answer comes a round later.
    Late,
    /// The packet ends in the middle and stays so.
    Truncated,
    /// A member unpacks to what nobody can hold.
    Bomb,
    /// The answer is not sealed.
    Unsealed,
    /// The counts do not add up.
    WrongTotals,
    /// It grows under its final name and is whole a round later.
    Partial,
    /// Once the packet was taken, another one comes under its name.
    DuplicateBatch,
    /// The same answer comes again under the next number.
    Again,
    /// A result code that nobody agreed.
    UnknownResult,
    /// Not done, and yet something is held.
    Contradiction,
    /// The answer of another task in the packet of this one.
    ForeignTask,
    /// The answer names another customer than the one who was asked about.
    OtherPerson,
    /// The record is of another account than the one that was ordered.
    OtherAccount,
    /// Not done, and somebody is still at it.
    UnderWay,
    /// A limit is registered that nobody ordered: half of it.
    HalfTheLimit,
    /// The packet bears another bank's code.
    ForeignCode,
    /// An answer to a request that was never made comes beside the true one.
    UnknownRequest,
    /// A clerk refuses first and sets it right later.
    Correction,
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankPacketReport {
    /// Packets fetched for the first time.
    pub fetched: usize,
    /// Packets that came again under their name with the same bytes.
    pub repeats: usize,
    /// Packets that came again under their name with other bytes.
    pub conflicts: usize,
    /// Requests refused at the reception.
    pub refused: usize,
    /// True answers left.
    pub answered: usize,
    /// Requests that wait for something else to end.
    pub pending: usize,
    /// Faults shown.
    pub faulty: usize,
    /// What failed, each with its operation; no personal data.
    pub errors: Vec<String>,
}

/// A bank; it looks only when told.
pub struct BankPacket {
    config: BankPacketConfig,
    books: Arc<Books>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Requests fetched: base name and digest.
    requests: BTreeMap<String, String>,
    /// Received and not answered yet, in the order of coming, with the fault that its answer is to show.
    open: VecDeque<(Request, Option<BankPacketFault>)>,
    faults: VecDeque<BankPacketFault>,
    /// Left a round later.
    owed: Vec<Owed>,
    /// Answers left for each request.
    answers: BTreeMap<String, u32>,
    findings: Vec<String>,
}

/// What is left in a later round.
enum Owed {
    /// The true answer.
    Answer { number: String, answer: Answer },
    /// The rest of a packet that grew under its name.
    Rest { name: String, bytes: Vec<u8> },
    /// Another packet of that name, once the first was taken.
    Double { name: String, bytes: Vec<u8> },
    /// A reception.
    Reception { number: String },
}

impl BankPacket {
    /// A bank that keeps the accounts of a county.
    ///
    /// # Errors
    /// When its books cannot be opened.
    pub fn open(county: &County, config: BankPacketConfig) -> Result<BankPacket, SimulatorError> {
        let books = Arc::new(Books::open(county, config.rules.clone(), None)?);
        Ok(BankPacket { config, books, kept: Mutex::new(Kept::default()) })
    }

    /// The bank's books.
    pub fn books(&self) -> Arc<Books> {
        Arc::clone(&self.books)
    }

    /// The next request shows this fault; several are shown in their order.
    pub fn spoil(&self, fault: BankPacketFault) {
        self.kept.lock().faults.push_back(fault);
    }

    /// What it has to say against the gateway.
    pub fn findings(&self) -> Vec<String> {
        self.kept.lock().findings.clone()
    }

    /// Requests that it has fetched, by the name of their packet.
    pub fn fetched(&self) -> Vec<String> {
        self.kept.lock().requests.keys().cloned().collect()
    }

    /// One round: leaves what is owed, fetches what is new, answers what it can.
    pub async fn poll(&self) -> BankPacketReport {
        let mut report = BankPacketReport::default();
        self.settle_owed(&mut report);
        self.fetch(&mut report);
        let open = std::mem::take(&mut self.kept.lock().open);
        for (request, fault) in open {
            match self.decide(&request).await {
                Ok(Some(answer)) => {
                    let left = self.answer(&request.number, answer, fault, &mut report);
                    report.errors.extend(left.err());
                }
                Ok(None) => {
                    report.pending += 1;
                    self.kept.lock().open.push_back((request, fault));
                }
                Err(error) => report.errors.push(error),
            }
        }
        report
    }

    fn found(&self, finding: String) {
        let mut kept = self.kept.lock();
        if kept.findings.len() < FINDINGS_MAX {
            kept.findings.push(finding);
        }
    }

    fn fetch(&self, report: &mut BankPacketReport) {
        let download = self.config.folder.join("download");
        for name in packets::names(&download) {
            let taken = packets::read(&download, &name).and_then(|bytes| self.take_in(&name, &bytes, report));
            if let Err(error) = taken.and_then(|()| packets::take(&download, &name)) {
                self.found(format!("{name}: {error}"));
                report.errors.push(format!("{name}: {error}"));
            }
        }
    }

    fn take_in(&self, name: &str, bytes: &[u8], report: &mut BankPacketReport) -> Result<(), String> {
        let base = name.strip_suffix(".zip").unwrap_or_default();
        let prefix = format!("{}{}", self.config.organ, self.config.target);
        let number = base.strip_prefix(&prefix).filter(|number| number.len() == 22).ok_or("a name of another form")?;
        let digest = md5_hex(bytes);
        let known = self.kept.lock().requests.get(base).cloned();
        match known {
            Some(known) if known == digest => report.repeats += 1,
            Some(_) => {
                report.conflicts += 1;
                self.found(format!("{name}: came again with other bytes; the first stands"));
            }
            None => {
                self.kept.lock().requests.insert(base.to_owned(), digest);
                report.fetched += 1;
                self.receive(base, number, bytes, report)?;
            }
        }
        Ok(())
    }

    /// The reception, at once: what is refused there is not worked on.
    fn receive(&self, base: &str, number: &str, bytes: &[u8], report: &mut BankPacketReport) -> Result<(), String> {
        let fault = self.kept.lock().faults.pop_front();
        report.faulty += usize::from(fault.is_some());
        let read = match fault {
            Some(BankPacketFault::Refuse(code)) => Err((code, "退回".to_owned())),
            _ => reading::request(base, number, bytes, &self.config),
        };
        let request = match read {
            Ok(request) => request,
            Err((code, text)) => {
                report.refused += 1;
                if !matches!(fault, Some(BankPacketFault::Refuse(_))) {
                    self.found(format!("{base}: {code} {text}"));
                }
                return self.leave_reception(number, code, &text);
            }
        };
        match fault {
            Some(BankPacketFault::NoReception) => {}
            Some(BankPacketFault::LateReception) => {
                self.kept.lock().owed.push(Owed::Reception { number: number.to_owned() });
            }
            Some(BankPacketFault::UnknownReception(code)) => self.leave_reception(number, code, "受理中")?,
            _ => self.leave_reception(number, "30000", "已接收")?,
        }
        self.kept.lock().open.push_back((request, fault));
        Ok(())
    }

    /// What the bank answers; `None` while something else has to end first.
    async fn decide(&self, request: &Request) -> Result<Option<Answer>, String> {
        let Asked::Control(measure) = &request.asked else {
            return Ok(Some(telling::queried(request, self.books.accounts_of(&request.subject))));
        };
        let order = request.order(measure, self.config.releases_a_part, self.books.today());
        match self.books.order(order).await.map_err(|error| error.to_string())? {
            Ordered::New(Decided::Decided(verdict)) | Ordered::Repeat(Decided::Decided(verdict)) => {
                let moment = (self.books.today(), self.config.time_of_day.as_str());
                Ok(Some(telling::controlled(request, measure, &verdict, moment)))
            }
            Ordered::New(Decided::Pending) | Ordered::Repeat(Decided::Pending) => Ok(None),
            Ordered::Conflict => Err(format!("{}: the number was used before with other content", request.number)),
        }
    }

    fn settle_owed(&self, report: &mut BankPacketReport) {
        let upload = self.config.folder.join("upload");
        let owed = std::mem::take(&mut self.kept.lock().owed);
        for owed in owed {
            let done = match owed {
                Owed::Answer { number, answer } => {
                    report.answered += 1;
                    self.leave_answer(&number, &answer, true).map(drop)
                }
                Owed::Rest { name, bytes } => {
                    report.answered += 1;
                    packets::leave_growing(&upload, &name, &bytes)
                }
                Owed::Double { name, bytes } if !upload.join(&name).exists() => packets::leave(&upload, &name, &bytes),
                Owed::Reception { number } => self.leave_reception(&number, "30000", "已接收"),
                waiting @ Owed::Double { .. } => {
                    self.kept.lock().owed.push(waiting);
                    continue;
                }
            };
            report.errors.extend(done.err());
        }
    }

    fn moment(&self) -> String {
        format!("{}{}", self.books.today().compact(), self.config.time_of_day)
    }

    fn leave_reception(&self, number: &str, code: &str, text: &str) -> Result<(), String> {
        let (organ, target) = (&self.config.organ, &self.config.target);
        let xml = format!(
            "<RR28><BASICINFO QQDBS=\"{number}\" SQJGDM=\"{organ}\" MBJGDM=\"{target}\"/><HZXX HZDM=\"{code}\" HZSM=\"{}\" JSSJ=\"{}\"/></RR28>",
            telling::escaped(text),
            self.moment()
        );
        let base = format!("{organ}{target}{number}RR28");
        let packet = packets::pack(&[(format!("RR28{number}.xml"), xml.into_bytes())], Some(&base))?;
        packets::leave(&self.config.folder.join("upload"), &format!("{base}.zip"), &packet)
    }

    /// The base name of the next answer to a request.
    fn next_base(&self, number: &str) -> String {
        let mut kept = self.kept.lock();
        let nth = kept.answers.entry(number.to_owned()).or_default();
        *nth += 1;
        format!("{}{}{number}FK{nth:03}", self.config.organ, self.config.target)
    }

    fn leave_answer(&self, number: &str, answer: &Answer, sealed: bool) -> Result<String, String> {
        let base = self.next_base(number);
        let members = answer.members(number, &self.config, &self.moment());
        let packet = packets::pack(&members, sealed.then_some(base.as_str()))?;
        packets::leave(&self.config.folder.join("upload"), &format!("{base}.zip"), &packet)?;
        Ok(base)
    }
}
