//! The options of banks that we call.

use std::sync::Arc;

use domain::socket::{OptionFault, PartnerOptions, Plug};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::call::BankCall;
use crate::options::Reading;
use crate::transport::charset::Charset;
use crate::transport::endpoint;
use crate::transport::http::secret_header;

pub(crate) const HTTP_OPTIONS: &[(&str, &str)] = &endpoint::with_connection::<15>(&[
    ("url", "where messages are posted, http:// or https:// (required)"),
    ("bank_id", "the bank's code, MessageTo (required)"),
    ("from", "our code, MessageFrom, as agreed with the bank (required)"),
    ("token", "credential sent as X-Bank-Token; a secret (required)"),
    ("charset", "charset of our messages: UTF-8, GBK or GB18030 (default UTF-8)"),
]);

/// 2,000 accounts with their measures, and some room; what is larger is not this contract's answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Builds the connection of a bank that we call.
pub(crate) fn build_http(options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    let mut reading = Reading::begin(options, HTTP_OPTIONS);
    let url = endpoint::url(&mut reading, "https://bank.example/gateway");
    let bank_id = code(&mut reading, "bank_id", "the bank's code, letters and digits");
    let from = code(&mut reading, "from", "our code, letters and digits");
    let charset = reading.read("charset", Charset::Utf8, "UTF-8, GBK or GB18030", Charset::parse);
    let answer_bytes_max = endpoint::answer_bytes_max(&mut reading, ANSWER_BYTES_MAX);
    let headers = headers(&mut reading, charset);
    let http = endpoint::connect(reading, options, url, headers, answer_bytes_max)?;
    Ok(Plug::CallOut(Arc::new(BankCall::new(http, from, bank_id, charset))))
}

fn code(reading: &mut Reading<'_>, key: &'static str, what: &str) -> String {
    let text = reading.required(key, what);
    let fits = text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !fits {
        reading.fault(key, "is at most 40 letters, digits, dashes");
    }
    text.to_owned()
}

fn headers(reading: &mut Reading<'_>, charset: Charset) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(match charset {
            Charset::Utf8 => "application/xml; charset=UTF-8",
            Charset::Gbk => "application/xml; charset=GBK",
            Charset::Gb18030 => "application/xml; charset=GB18030",
        }),
    );
    let token = reading.required("token", "the credential agreed with the bank, by way of a secret file");
    if !token.is_ascii() || secret_header(&mut headers, "x-bank-token", token).is_none() {
        reading.fault("token", "holds characters that cannot stand in a header; use visible ASCII");
    }
    headers
}
