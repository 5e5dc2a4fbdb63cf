//! Banks that work on a mailbox: their front machine fetches our packets, and leaves its own (`schemas/partners/bank-drop.md`).
//!
//! The messages inside are those of the SOAP path, to the byte of their attributes.

mod call;
mod feeding;
mod names;
mod ordering;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::socket::{OptionFault, PartnerOptions, Plug};

use crate::options::Reading;
use crate::transport::drop::options as mailbox;
use call::DropCall;
use names::{BANK_CODE_BYTES, is_code};

/// The option table.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("bank_code", "the bank's code of 17 letters and digits; its folder in the box is named after it (required)"),
    mailbox::FOLDER,
    mailbox::SFTP,
    mailbox::HOST_KEY,
    mailbox::PASSWORD,
    mailbox::KEY,
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
    let agreed = mailbox::read(&mut reading, options, &code);
    match agreed.filter(|_| reading.faults.is_empty()) {
        Some(agreed) => Ok(Plug::CallOut(Arc::new(DropCall::new(agreed, code)))),
        None => Err(reading.faults),
    }
}
