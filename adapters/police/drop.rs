//! Police who are reached by the regulator's packets (`schemas/partners/police-drop.md`): a request is a sealed packet, its
//! reception is told at once, its answer later.

mod answering;
mod ordering;

#[cfg(test)]
pub(crate) mod tests;

use domain::ActKind;
use domain::socket::{OptionFault, PartnerOptions, Plug};

pub(crate) use crate::regulator_form::options::OPTIONS;
use crate::regulator_form::{Said, options};

/// What the form can say of police work. Its freezes (SS17) and stop-payments (SS21) are of accounts, which police do not keep
/// for a court; restrictions on leaving, support and whereabouts have no class in it.
pub(crate) const ACTS: &[ActKind] = &[ActKind::Query, ActKind::Watch, ActKind::Lift];

static POLICE: Said =
    Said { write: ordering::write, answers: &["SS03", "SS04", "SS13", "SS14"], read: answering::read };

/// Builds one command centre's mailbox; connects to nothing.
pub(crate) fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    options::build(&POLICE, options)
}
