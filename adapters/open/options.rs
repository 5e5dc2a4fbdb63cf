//! The options of a partner that speaks the open task form.

use std::sync::Arc;

use domain::socket::{OptionFault, PartnerOptions, Plug};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::Trade;
use super::call::OpenCall;
use crate::options::Reading;
use crate::transport::endpoint;
use crate::transport::http::secret_header;

/// What every partner of this form needs.
pub(crate) const OPTIONS: &[(&str, &str); 12] = &endpoint::with_connection(&[
    ("url", "where the partner's /v1/tasks begins, http:// or https:// (required)"),
    ("token", "credential sent as a bearer token; a secret (required)"),
]);

/// 2,000 assets with their measures, or some sealed answers; what is larger is not this form's answer.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Builds the connection of one partner; `known` are all options of its adapter, and `check` looks at the industry's own.
pub(crate) fn build_checked(
    trade: &'static Trade,
    known: &[(&'static str, &'static str)],
    options: &PartnerOptions,
    check: impl FnOnce(&mut Reading<'_>),
) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, known);
    check(&mut reading);
    let url = endpoint::url(&mut reading, "https://partner.example/assist");
    let answer_bytes_max = endpoint::answer_bytes_max(&mut reading, ANSWER_BYTES_MAX);
    let headers = headers(&mut reading);
    let http = endpoint::connect(reading, options, url, headers, answer_bytes_max)?;
    Ok(Plug::CallOut(Arc::new(OpenCall::new(http, trade))))
}

fn headers(reading: &mut Reading<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let token = reading.required("token", "the credential agreed with the partner, by way of a secret file");
    let fits = token.bytes().all(|b| b.is_ascii_graphic());
    if !fits || secret_header(&mut headers, "authorization", &format!("Bearer {token}")).is_none() {
        reading.fault("token", "holds characters that cannot stand in a header; use visible ASCII without spaces");
    }
    headers
}
