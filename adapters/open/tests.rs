//! The shared form: what every industry's tests use of it, and what is true of it by itself.

mod answers;
pub(crate) mod specimen;
mod statuses;
mod tasks;

use domain::ActKind;

use super::Trade;

/// An industry that adds nothing.
const PLAIN: Trade = Trade {
    object: "plain",
    acts: ActKind::ALL,
    write: |_, _| Ok(None),
    read: |_, _, _| Ok(()),
    papers: ActKind::is_control,
};
