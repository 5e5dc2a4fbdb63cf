//! The options of every partner that is reached by the form: who asks, who is asked, and where the box stands.

use std::sync::Arc;

use domain::slip::Slip;
use domain::socket::{ItemVerdict, OptionFault, PaperFile, PartnerOptions, Plug};

use super::Said;
use super::answering::BackReader;
use super::names::{Ends, ORGAN_BYTES, TARGET_BYTES};
use super::request::request;
use crate::options::Reading;
use crate::transport::drop::call::{DropCall, Packet, PacketForm};
use crate::transport::drop::number::is_sign;
use crate::transport::drop::options as mailbox;

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

/// Builds one partner's mailbox; connects to nothing.
pub(crate) fn build(said: &'static Said, options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    let organ = code(&mut reading, "organ", ORGAN_BYTES, "our code of 6 capital letters and digits");
    let target = code(&mut reading, "target", TARGET_BYTES, "their code of 17 capital letters and digits");
    let agreed = mailbox::read(&mut reading, options, &target);
    match agreed.filter(|_| reading.faults.is_empty()) {
        Some(agreed) => {
            let ends = Ends { organ, target };
            let reader = Arc::new(BackReader { said, ends: ends.clone() });
            Ok(Plug::CallOut(Arc::new(DropCall::new(agreed, Packets { said, ends }, reader))))
        }
        None => Err(reading.faults),
    }
}

/// The packets of one partner.
struct Packets {
    said: &'static Said,
    ends: Ends,
}

impl PacketForm for Packets {
    fn order(&self, slip: &Slip, files: &[PaperFile]) -> Option<Packet> {
        request(self.said, &self.ends, slip, files)
    }

    fn receipt(&self, _name: &str, _verdicts: &[ItemVerdict]) -> Option<Packet> {
        None
    }

    /// The form has no word for what was not taken: people see the packet, and tell.
    fn tells_back(&self) -> bool {
        false
    }
}

fn code(reading: &mut Reading<'_>, key: &'static str, bytes: usize, what: &str) -> String {
    let text = reading.required(key, what);
    let fits = text.len() == bytes && text.bytes().all(is_sign);
    if !text.is_empty() && !fits {
        reading.fault(key, &format!("must be {bytes} capital letters and digits"));
    }
    text.to_owned()
}
