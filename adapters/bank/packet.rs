//! Banks that are reached by the regulator's packets (`schemas/partners/bank-packet.md`): a freeze is a sealed packet, its reception
//! is told at once, what it caught later.

mod answering;
mod ordering;

#[cfg(test)]
pub(crate) mod tests;

use domain::ActKind;
use domain::form::{FieldBytes, Form, PartRelease};
use domain::socket::{OptionFault, PartnerOptions, Plug};

pub(crate) use crate::regulator_form::options::OPTIONS;
use crate::regulator_form::{Said, options};

/// What the form can say. It has no class for money that leaves an account, and its stop-payments (SS21) are no act of a court.
pub(crate) const ACTS: &[ActKind] = &[ActKind::Query, ActKind::Freeze, ActKind::Renew, ActKind::Release];

static BANKS: Said = Said { write: ordering::write, answers: &["SS03", "SS04", "SS19", "SS20"], read: answering::read };

/// Builds one bank's mailbox; connects to nothing.
pub(crate) fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    options::build(&BANKS, options)
}

/// What banks refuse at the reception (30003: no legal paper) or in their tables, and both officers with their credentials.
pub(crate) fn form(_options: &PartnerOptions) -> Form {
    let paper = |kind: &ActKind| {
        let wanted = if kind.is_question() { "query_notice" } else { "ruling" };
        (*kind, vec![wanted.to_owned()])
    };
    Form {
        officer_number_bytes_max: Some(15),
        party_name_bytes_max: Some(100),
        papers: ACTS.iter().map(paper).collect(),
        two_officers: true,
        credential_scans: true,
        original_number: true,
        asset_named: ACTS.iter().copied().filter(|kind| !kind.is_question()).collect(),
        // JE stands in a task of any measure; that a bank reads it in a release must be heard from the bank.
        part_release: PartRelease::Unagreed,
        bytes: FieldBytes { account: Some(50), original_number: Some(30), ..FieldBytes::default() },
        ..Form::default()
    }
}
