//! Police who are reached by the regulator's packets (`schemas/partners/police-drop.md`): a request is a sealed packet, its
//! reception is told at once, its answer later.

mod answering;
mod names;
mod ordering;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use domain::ActKind;
use domain::slip::Slip;
use domain::socket::{ItemVerdict, OptionFault, PaperFile, PartnerOptions, Plug};

use crate::options::Reading;
use crate::transport::drop::call::{DropCall, Packet, PacketForm};
use crate::transport::drop::options as mailbox;
use answering::BackReader;
use names::{Ends, ORGAN_BYTES, TARGET_BYTES};

/// The option table.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("organ", "our code of 6 capital letters and digits, SQJGDM; names of packets begin with it (required)"),
    ("target", "their code of 17 capital letters and digits, MBJGDM; their folder is named after it (required)"),
    mailbox::FOLDER,
    mailbox::SFTP,
    mailbox::HOST_KEY,
    mailbox::PASSWORD,
    mailbox::KEY,
    mailbox::NETWORKS,
    mailbox::SWEEP,
    mailbox::SETTLE,
];

/// What the form can say of police work. Its freezes (SS17) and stop-payments (SS21) are of accounts, which police do not keep
/// for a court; restrictions on leaving, support and whereabouts have no class in it.
pub(crate) const ACTS: &[ActKind] = &[ActKind::Query, ActKind::Watch, ActKind::Lift];

/// Builds one command centre's mailbox; connects to nothing.
pub(crate) fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    let organ = code(&mut reading, "organ", ORGAN_BYTES, "our code of 6 capital letters and digits");
    let target = code(&mut reading, "target", TARGET_BYTES, "their code of 17 capital letters and digits");
    let agreed = mailbox::read(&mut reading, options, &target);
    match agreed.filter(|_| reading.faults.is_empty()) {
        Some(agreed) => {
            let ends = Ends { organ, target };
            let reader = Arc::new(BackReader { ends: ends.clone() });
            Ok(Plug::CallOut(Arc::new(DropCall::new(agreed, PolicePackets { ends }, reader))))
        }
        None => Err(reading.faults),
    }
}

/// The packets of one command centre.
struct PolicePackets {
    ends: Ends,
}

impl PacketForm for PolicePackets {
    fn order(&self, slip: &Slip, files: &[PaperFile]) -> Option<Packet> {
        ordering::request(&self.ends, slip, files)
    }

    /// The form has no word for what was not taken, so nothing is told; the trail has it.
    fn receipt(&self, _name: &str, _verdicts: &[ItemVerdict]) -> Option<Packet> {
        None
    }
}

fn code(reading: &mut Reading<'_>, key: &'static str, bytes: usize, what: &str) -> String {
    let text = reading.required(key, what);
    let fits = text.len() == bytes && text.bytes().all(names::is_sign);
    if !text.is_empty() && !fits {
        reading.fault(key, &format!("must be {bytes} capital letters and digits"));
    }
    text.to_owned()
}
