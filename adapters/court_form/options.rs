//! The options of every partner that fetches by the courts' form: a dialect, and a charset where it differs from the dialect's.

use domain::form::Form;
use domain::socket::{OptionFault, PartnerOptions};

use crate::dialect::{Dialect, Industry};
use crate::options::Reading;
use crate::transport::charset::Charset;

/// Their keys.
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("dialect", "name of a file in dialects/ without .toml (default: the industry's own form)"),
    ("charset", "charset inside Base64: GBK, UTF-8 or GB18030 (default: the dialect's)"),
];

/// The dialect that a partner's options come to.
///
/// # Errors
/// Every fault of the options; the dialect's own are told of its file.
pub(crate) fn dialect(industry: &Industry, options: &PartnerOptions) -> Result<Dialect, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, OPTIONS);
    let mut dialect = match Dialect::read(industry, options.dialect.as_deref()) {
        Ok(dialect) => dialect,
        Err(_) => {
            reading.fault("dialect", "this dialect has faults of its own; mend its file");
            Dialect::of(industry)
        }
    };
    let named = reading.text("dialect").is_some();
    if named && options.dialect.is_none() {
        reading.fault("dialect", "there is no such dialect; name a file in dialects/ without .toml");
    }
    let charset = reading.read("charset", dialect.charset, "GBK, UTF-8 or GB18030", Charset::parse);
    dialect.charset = charset;
    dialect.form.text = charset.counted();
    reading.finish(dialect)
}

/// What a partner checks before it takes a slip.
pub(crate) fn form(industry: &Industry, options: &PartnerOptions) -> Form {
    dialect(industry, options).map(|dialect| dialect.form).unwrap_or_default()
}
