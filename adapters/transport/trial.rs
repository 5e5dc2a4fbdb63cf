//! Trying a partner's connection: one GET of its bare address on the very way that messages go, without a credential.

use std::net::{IpAddr, SocketAddr};

use domain::socket::{Cause, Judged, PartnerOptions};
use reqwest::header::HeaderMap;
use rustls::CertificateError;

use super::address::Networks;
use super::client::CallError;
use super::endpoint;
use super::judge::{causes, judge_error};
use crate::options::Reading;

/// What answered.
pub struct Knocked {
    /// The partner's own certificate (X.509, DER); `None` where there is no TLS.
    pub certificate: Option<Vec<u8>>,
    /// Its `Date`, as it was sent.
    pub date: Option<String>,
}

/// Why nothing answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotKnocked {
    /// As an exchange would be judged.
    pub cause: Cause,
    /// What did not hold of the certificate, where that was it.
    pub certificate: Option<CertificateFault>,
}

/// What does not hold of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertificateFault {
    /// Its days are over.
    Ended,
    /// Its days have not begun.
    NotYet,
    /// It is for another name.
    OtherName,
    /// Nobody who is trusted has signed it.
    UnknownIssuer,
    /// No pinned key stands on its verified path.
    NotPinned,
    /// Anything else of it, or no TLS at all.
    Other,
}

/// Knocks once.
///
/// # Errors
/// [`NotKnocked`]; options with faults are [`Cause::Unencodable`].
pub async fn knock(options: &PartnerOptions) -> Result<Knocked, NotKnocked> {
    let not = |cause| NotKnocked { cause, certificate: None };
    let known = |key: &str| key == "url" || endpoint::OPTIONS.iter().any(|(name, _)| *name == key);
    let mut own = options.clone();
    own.entries.retain(|key, _| known(key));
    let table: Vec<endpoint::Row> = [("url", "")].into_iter().chain(*endpoint::OPTIONS).collect();
    let mut reading = Reading::begin(&own, &table);
    let url = endpoint::url(&mut reading, "https://partner.example/");
    // The head tells what is wanted, and the body is never read.
    let call = endpoint::connect(reading, &own, url, HeaderMap::new(), 1_024).map_err(|_| not(Cause::Unencodable))?;
    match call.knock().await {
        Ok(answer) => {
            let certificate = answer.certificate().map(|certificate| certificate.0.to_vec());
            let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
            Ok(Knocked { certificate, date })
        }
        Err(None) => Err(not(Cause::Connect)),
        Err(Some(error)) => Err(NotKnocked { cause: cause_of(&error), certificate: fault_of(&error) }),
    }
}

fn cause_of(error: &CallError) -> Cause {
    match judge_error(error) {
        Judged::NotSent { cause, .. } | Judged::Doubt { cause } => cause,
        _ => Cause::Broken,
    }
}

fn fault_of(error: &CallError) -> Option<CertificateFault> {
    let fault = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())?;
    Some(match fault {
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            CertificateFault::Ended
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => CertificateFault::NotYet,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => CertificateFault::OtherName,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => CertificateFault::UnknownIssuer,
        rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
            CertificateFault::NotPinned
        }
        _ => CertificateFault::Other,
    })
}

/// Those of the addresses that a partner's name leads to which its calls may connect to; an address that stands in the place of
/// a name says itself what it is, as does `localhost`.
#[must_use]
pub fn allowed(options: &PartnerOptions, host: &str, found: &[SocketAddr]) -> Vec<SocketAddr> {
    let listed = options.entries.get("networks").map(|entry| entry.text.expose().trim().to_owned());
    let networks = listed.and_then(|text| Networks::parse(&text)).unwrap_or_default();
    let is_literal = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let fits = |address: &&SocketAddr| is_literal || networks.allow_for(host, address.ip());
    found.iter().filter(fits).copied().collect()
}
