//! A partner without a system: its clerks read what is ordered in a browser, and answer there (`schemas/partners/inbox.md`).

use domain::ActKind;
use domain::form::{Form, PartRelease};
use domain::partner::Travel;
use domain::socket::{Adapter, OptionFault, PartnerOptions, Plug};

use crate::options::Reading;

/// What the counter looks at before it takes an order.
const OPTIONS: &[(&str, &str)] = &[
    ("two_officers", "true = the counter asks for two officers (default false)"),
    ("credential_scans", "true = the counter asks for a scan of each officer's credential (default false)"),
];

/// The inbox. A clerk can read whatever can be ordered, so it says every kind of act.
pub const INBOX: Adapter =
    Adapter { name: "inbox", travel: Travel::Pull, options: OPTIONS, acts: ActKind::ALL, form, build };

fn flag(reading: &mut Reading<'_>, key: &str) -> bool {
    reading.read(key, false, "true or false", |text| text.parse().ok())
}

fn form(options: &PartnerOptions) -> Form {
    let mut reading = Reading::begin(options, OPTIONS);
    Form {
        two_officers: flag(&mut reading, "two_officers"),
        credential_scans: flag(&mut reading, "credential_scans"),
        part_release: PartRelease::Read,
        ..Form::default()
    }
}

fn build(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    flag(&mut reading, "two_officers");
    flag(&mut reading, "credential_scans");
    reading.finish(Plug::Inbox)
}
