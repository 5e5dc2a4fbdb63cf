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

/// What a clerk refuses who has not looked well.
fn refused(number: &str, answer: &Answer) -> Answer {
    let text = "业务人员审核拒绝";
    let rows = match answer.class {
        "SS03" | "SS04" => format!("<CUSTOMER RWLSH=\"{number}\" CXFKJG=\"02\" CXFKJGYY=\"{text}\"/>"),
        _ => format!("<FREEZERECORD RWLSH=\"{number}\" ZXJG=\"1\" SDJE=\"0.00\" WNDJYY=\"{text}\"/>"),
    };
    let accounts = usize::from(!matches!(answer.class, "SS03" | "SS04"));
    Answer { rows, customers: 0, accounts, ..answer.clone() }
}
