//! The made-up case of all goldens, and the banks' own hub and dialect.

use std::sync::LazyLock;

pub(crate) use crate::court_form::specimen::*;
use crate::dialect::Dialect;

/// A bank's hub on the bank's face.
pub(crate) fn hub() -> Hub {
    Hub::of(&crate::bank::PULL, crate::bank::face())
}

/// The banks' own dialect.
pub(crate) fn dialect() -> &'static Dialect {
    static OF_BANKS: LazyLock<Dialect> = LazyLock::new(|| Dialect::of(&crate::bank::INDUSTRY));
    &OF_BANKS
}
