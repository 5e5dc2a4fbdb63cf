//! Banks that work on a mailbox: their front machine fetches our packets, and leaves its own (`schemas/partners/bank-drop.md`).
//!
//! The messages inside are those of the SOAP path, to the byte of their attributes.

mod feeding;
mod names;
mod ordering;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use domain::form::Form;
use domain::slip::Slip;
use domain::socket::{ItemVerdict, OptionFault, PaperFile, PartnerOptions, Plug};

use super::INDUSTRY;
use crate::court_form::packed::Packing;
use crate::dialect::Dialect;
use crate::options::Reading;
use crate::transport::drop::call::{DropCall, Packet, PacketForm};
use crate::transport::drop::options as mailbox;
use feeding::FeedReader;
use names::{BANK_CODE_BYTES, is_code};

/// The option table.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("bank_code", "the bank's code of 17 letters and digits; its folder in the box is named after it (required)"),
    ("dialect", "name of a file in dialects/ without .toml (default: the banks' own form)"),
    mailbox::FOLDER,
    mailbox::SFTP,
    mailbox::HOST_KEY,
    mailbox::PASSWORD,
    mailbox::KEY,
    mailbox::NETWORKS,
    mailbox::SWEEP,
    mailbox::SETTLE,
];

/// Builds one bank's mailbox; connects to nothing.
pub(crate) fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    let code = reading.required("bank_code", "the bank's code of 17 letters and digits").to_owned();
    if !code.is_empty() && !is_code(&code) {
        reading.fault("bank_code", &format!("must be {BANK_CODE_BYTES} capital letters and digits"));
    }
    let dialect = Dialect::read(&INDUSTRY, options.dialect.as_deref()).ok();
    if dialect.is_none() {
        reading.fault("dialect", "this dialect has faults of its own; mend its file");
    } else if reading.text("dialect").is_some() && options.dialect.is_none() {
        reading.fault("dialect", "there is no such dialect; name a file in dialects/ without .toml");
    }
    let agreed = mailbox::read(&mut reading, options, &code);
    match agreed.filter(|_| reading.faults.is_empty()).zip(dialect) {
        Some((agreed, dialect)) => {
            let dialect = Arc::new(dialect);
            let reader = Arc::new(FeedReader { code: code.clone(), dialect: Arc::clone(&dialect) });
            Ok(Plug::CallOut(Arc::new(DropCall::new(agreed, BankPackets { code, dialect }, reader))))
        }
        None => Err(reading.faults),
    }
}

/// The packets of one bank.
struct BankPackets {
    code: String,
    dialect: Arc<Dialect>,
}

impl PacketForm for BankPackets {
    fn order(&self, slip: &Slip, files: &[PaperFile]) -> Option<Packet> {
        ordering::order(&self.dialect, &self.code, slip, files)
    }

    fn receipt(&self, name: &str, verdicts: &[ItemVerdict]) -> Option<Packet> {
        feeding::receipt(&self.dialect, name, verdicts)
    }
}

/// What the bank checks before it takes a slip.
pub(crate) fn form(options: &PartnerOptions) -> Form {
    Dialect::read(&INDUSTRY, options.dialect.as_deref()).map(|dialect| dialect.form).unwrap_or_default()
}

/// A document as a file begins it.
fn document(packing: Packing<'_>) -> Vec<u8> {
    let charset = packing.dialect.charset.word();
    let mut bytes = format!("<?xml version=\"1.0\" encoding=\"{charset}\"?>").into_bytes();
    bytes.append(&mut packing.finish_inner());
    bytes
}
