//! Leaving an answer soundly, or with the fault that was asked for.

use super::telling::Answer;
use super::{BankPacket, BankPacketFault, BankPacketReport, Owed};
use crate::packets;

/// What a bomb unpacks to.
const BOMB_BYTES: usize = 20 << 20;

impl BankPacket {
    /// Leaves the answer to a request, or what the fault makes of it; then the true answer is owed.
    pub(super) fn answer(
        &self,
        number: &str,
        answer: Answer,
        fault: Option<BankPacketFault>,
        report: &mut BankPacketReport,
    ) -> Result<(), String> {
        use BankPacketFault as Fault;
        let upload = self.config.folder.join("upload");
        match fault {
            None | Some(Fault::Refuse(_) | Fault::UnknownReception(_) | Fault::NoReception | Fault::LateReception) => {
                report.answered += 1;
                return self.leave_answer(number, &answer, true).map(drop);
            }
            Some(Fault::Late) => {}
            Some(Fault::Unsealed) => drop(self.leave_answer(number, &answer, false)?),
            Some(Fault::Again) => drop(self.leave_answer(number, &answer, true)?),
            Some(Fault::WrongTotals) => {
                let counted = Answer { accounts: answer.accounts + 1, ..answer.clone() };
                self.leave_answer(number, &counted, true)?;
            }
            Some(Fault::UnknownResult) => {
                let rows = answer.rows.replace("ZXJG=\"0\"", "ZXJG=\"9\"").replace("CXFKJG=\"0", "CXFKJG=\"9");
                self.leave_answer(number, &Answer { rows, ..answer.clone() }, true)?;
            }
            Some(Fault::Contradiction) => {
                let rows = answer.rows.replace("ZXJG=\"0\"", "ZXJG=\"1\"").replace("CXFKJG=\"01\"", "CXFKJG=\"02\"");
                self.leave_answer(number, &Answer { rows, customers: 0, ..answer.clone() }, true)?;
            }
            Some(Fault::ForeignTask) => {
                let rows = answer.rows.replace(number, &other(number));
                self.leave_answer(number, &Answer { rows, ..answer.clone() }, true)?;
            }
            Some(Fault::OtherPerson | Fault::OtherAccount) => {
                let rows = of_somebody_else(&answer.rows);
                self.leave_answer(number, &Answer { rows, ..answer.clone() }, true)?;
            }
            Some(Fault::UnderWay) => drop(self.leave_answer(number, &undone(number, &answer, "人工处理中"), true)?),
            Some(Fault::HalfTheLimit) => {
                let rows = halved(&answer.rows);
                self.leave_answer(number, &Answer { rows, ..answer.clone() }, true)?;
            }
            Some(Fault::Correction) => drop(self.leave_answer(number, &refused(number, &answer), true)?),
            Some(Fault::UnknownRequest) => drop(self.leave_answer(&other(number), &of_other(number, &answer), true)?),
            Some(fault) => return self.broken(number, answer, fault, &upload),
        }
        self.kept.lock().owed.push(Owed::Answer { number: number.to_owned(), answer });
        Ok(())
    }

    /// Faults of the packet itself.
    fn broken(
        &self,
        number: &str,
        answer: Answer,
        fault: BankPacketFault,
        upload: &std::path::Path,
    ) -> Result<(), String> {
        let base = self.next_base(number);
        let name = format!("{base}.zip");
        let members = answer.members(number, &self.config, &self.moment());
        let packet = packets::pack(&members, Some(&base))?;
        let half = packet.get(..packet.len() / 2).unwrap_or_default();
        let owed = Owed::Answer { number: number.to_owned(), answer };
        let owed = match fault {
            BankPacketFault::Truncated => {
                packets::leave(upload, &name, half)?;
                owed
            }
            BankPacketFault::Bomb => {
                let bomb: Vec<_> = members.into_iter().map(|(name, _)| (name, vec![b' '; BOMB_BYTES])).collect();
                packets::leave(upload, &name, &packets::pack(&bomb, Some(&base))?)?;
                owed
            }
            BankPacketFault::ForeignCode => {
                let foreign = base.replace(&self.config.target, "B9999999999999999");
                packets::leave(upload, &format!("{foreign}.zip"), &packets::pack(&members, Some(&foreign))?)?;
                owed
            }
            BankPacketFault::Partial => {
                packets::leave_growing(upload, &name, half)?;
                Owed::Rest { name, bytes: packet }
            }
            // Another packet under a name that was taken: the first is the true one.
            _ => {
                packets::leave(upload, &name, &packet)?;
                let other = packets::pack(members.get(..1).unwrap_or_default(), Some(&base))?;
                Owed::Double { name, bytes: other }
            }
        };
        self.kept.lock().owed.push(owed);
        Ok(())
    }
}

/// The number of a request that was never made: the counter of a day that is long over.
fn other(number: &str) -> String {
    format!("X20200101{}", number.get(9..).unwrap_or_default())
}

fn of_other(number: &str, answer: &Answer) -> Answer {
    Answer { rows: answer.rows.replace(number, &other(number)), ..answer.clone() }
}

/// What a field says, if it is there.
fn value<'r>(rows: &'r str, field: &str) -> Option<&'r str> {
    rows.split_once(&format!(" {field}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value)
}

fn with(rows: &str, field: &str, value_now: &str) -> String {
    match value(rows, field) {
        Some(before) => rows.replace(&format!(" {field}=\"{before}\""), &format!(" {field}=\"{value_now}\"")),
        None => rows.to_owned(),
    }
}

/// A customer and an account that nobody asked about.
fn of_somebody_else(rows: &str) -> String {
    let rows = if rows.contains("<FREEZERECORD") { with(rows, "ZH", "6222999999999999999") } else { rows.to_owned() };
    with(&with(&rows, "KHMC", "示例他人"), "ZZHM", "330225189001010019")
}

/// Half the limit, and all of that held.
fn halved(rows: &str) -> String {
    let fen = value(rows, "SQDJXE").and_then(|sum| sum.replace('.', "").parse::<i64>().ok()).unwrap_or(0);
    let half = crate::money::yuan(fen / 2);
    with(&with(&with(rows, "SQDJXE", &half), "SDJE", &half), "WDJJE", "0.00")
}

/// What a clerk refuses who has not looked well.
fn refused(number: &str, answer: &Answer) -> Answer {
    undone(number, answer, "业务人员审核拒绝")
}

/// Not done, with these words.
fn undone(number: &str, answer: &Answer, text: &str) -> Answer {
    let rows = match answer.class {
        "SS03" | "SS04" => format!("<CUSTOMER RWLSH=\"{number}\" CXFKJG=\"02\" CXFKJGYY=\"{text}\"/>"),
        _ => format!("<FREEZERECORD RWLSH=\"{number}\" ZXJG=\"1\" SDJE=\"0.00\" WNDJYY=\"{text}\"/>"),
    };
    let accounts = usize::from(!matches!(answer.class, "SS03" | "SS04"));
    Answer { rows, customers: 0, accounts, ..answer.clone() }
}
