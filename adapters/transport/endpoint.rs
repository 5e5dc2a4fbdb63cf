//! The options that every partner we call over HTTP has: where, how much is read, whom to trust, what to show.

use domain::socket::{OptionFault, PartnerOptions};
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::http::{ClientFault, HttpCall, HttpOptions};
use crate::options::Reading;

/// Larger than any chain of certificates; a bound on what a wrong path can make us read.
const PEM_BYTES_MAX: u64 = 256 * 1024;

/// The address; `example` stands in the fault when it is missing.
pub(crate) fn url(reading: &mut Reading<'_>, example: &str) -> Option<Url> {
    let text = reading.required("url", &format!("where messages are posted, such as {example}"));
    if text.is_empty() {
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        None => reading.fault("url", "is no http:// or https:// address"),
        Some(ref url) if !url.username().is_empty() || url.password().is_some() => {
            reading.fault("url", "holds a user or password; use the option `token`");
        }
        Some(ref url)
            if url.scheme() == "http"
                && ["ca_file", "client_pem_file"].iter().any(|key| reading.text(key).is_some()) =>
        {
            reading.fault("url", "certificates are given but the address is http://; write https://");
        }
        Some(_) => {}
    }
    url
}

/// The largest answer read, in bytes.
pub(crate) fn answer_bytes_max(reading: &mut Reading<'_>, otherwise: usize) -> usize {
    reading.read("answer_bytes_max", otherwise, "a number from 1024 to 16777216", |text| {
        text.parse().ok().filter(|bytes| (1_024..=16_777_216).contains(bytes))
    })
}

/// Reads the certificates, looks at the time-outs, and makes the client when nothing is wrong so far.
///
/// # Errors
/// All faults of the options, those found earlier included.
pub(crate) fn connect(
    mut reading: Reading<'_>,
    options: &PartnerOptions,
    url: Option<Url>,
    headers: HeaderMap,
    answer_bytes_max: usize,
) -> Result<HttpCall, Vec<OptionFault>> {
    let ca_pem = reading.file("ca_file", PEM_BYTES_MAX);
    let client_pem = reading.file("client_pem_file", PEM_BYTES_MAX);
    timeouts(&mut reading, options);
    let Some(url) = url.filter(|_| reading.faults.is_empty()) else { return Err(reading.faults) };
    let made = HttpCall::new(
        HttpOptions {
            url,
            connect_timeout_ms: options.connect_timeout_ms,
            timeout_ms: options.timeout_ms,
            ca_pem,
            client_pem,
            answer_bytes_max,
        },
        headers,
    );
    made.map_err(|fault| {
        let (key, message) = match fault {
            ClientFault::Ca => ("ca_file", "holds no PEM certificate; name a file with at least one"),
            ClientFault::Identity => {
                ("client_pem_file", "holds no PEM certificate with its key; put both into the file")
            }
            ClientFault::Build => (
                "ca_file",
                "no connection can be made with this trust and certificate; name the partner's authority file",
            ),
        };
        reading.fault(key, message);
        reading.faults
    })
}

/// The timeouts stand outside `[options]`, so their faults have no line here.
fn timeouts(reading: &mut Reading<'_>, options: &PartnerOptions) {
    // Above the whole timeout, a connection that cannot be made would be taken for a doubt instead of "nothing left".
    if options.connect_timeout_ms == 0 || options.connect_timeout_ms >= options.timeout_ms {
        reading.fault("connect_timeout_ms", "must be above 0 and below timeout_ms");
    }
}
