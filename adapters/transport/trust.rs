//! Whom a call trusts and what it shows: authorities, pinned issuers, our certificate, and the protocols offered.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, TrustAnchor, UnixTime};
use sha2::{Digest as _, Sha256};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

/// Issuers that one partner may name: the one in use, the next one, and some room.
const PINS_MAX: usize = 8;

/// TLS handshakes that can be resumed: a call goes to one server, and there may be thousands of partners.
const RESUMPTIONS_MAX: usize = 8;

/// Files of authorities kept as read, the newest; an authority is a KiB, and a country has some dozens that speak for its partners.
const ROOTS_KEPT: usize = 64;

/// SHA-256 of a subject public key info.
pub(crate) type Pin = [u8; 32];

/// Why trust could not be laid; names the option at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClientFault {
    /// `ca_file` holds no certificate.
    Ca,
    /// This machine has no authorities, and the file names none.
    Roots,
    /// `client_pem_file` holds no certificate with the key that belongs to it.
    Identity,
    /// `proxy` or its credential cannot be used.
    Proxy,
    /// Anything else.
    Build,
}

/// What a partner's file says of TLS.
#[derive(Default)]
pub(crate) struct Trust {
    /// Trust these certificates and no others.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// Certificate and key that we show.
    pub(crate) client_pem: Option<Vec<u8>>,
    /// Of the keys on the verified path, one must be among these; empty = any path will do.
    pub(crate) issuer_pins: Vec<Pin>,
    /// Offer HTTP/2 before HTTP/1.1.
    pub(crate) http2: bool,
}

impl Trust {
    /// Does it name certificates, keys or pins of its own?
    pub(crate) fn is_particular(&self) -> bool {
        self.ca_pem.is_some() || self.client_pem.is_some() || !self.issuer_pins.is_empty()
    }
}

/// Reads pins: 64 hexadecimal digits each, separated by commas.
pub(crate) fn pins(text: &str) -> Option<Vec<Pin>> {
    let found: Option<Vec<Pin>> = text.split(',').take(PINS_MAX + 1).map(|word| pin(word.trim())).collect();
    found.filter(|pins| pins.len() <= PINS_MAX)
}

fn pin(text: &str) -> Option<Pin> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let bytes: Vec<u8> =
        digits?.chunks(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(|[h, l]| h << 4 | l).collect();
    Pin::try_from(bytes).ok().filter(|_| text.len() == 64)
}

/// Trusts nobody: for connections that are in the clear.
///
/// # Errors
/// [`ClientFault::Build`].
pub(super) fn nobody() -> Result<ClientConfig, ClientFault> {
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(|_| ClientFault::Build)?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}

/// The configuration of one partner's TLS.
///
/// # Errors
/// [`ClientFault`].
pub(crate) fn client_config(trust: &Trust) -> Result<ClientConfig, ClientFault> {
    let provider = provider();
    let roots = match &trust.ca_pem {
        Some(pem) => own_roots(pem)?,
        None => machine_roots().ok_or(ClientFault::Roots)?,
    };
    let verifier = verifier(&provider, roots, &trust.issuer_pins)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ClientFault::Build)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &trust.client_pem {
        Some(pem) => {
            let (chain, key) = identity(pem).ok_or(ClientFault::Identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|_| ClientFault::Identity)?
        }
        None => builder.with_no_client_auth(),
    };
    // A network could replay early data, and an order with it.
    config.enable_early_data = false;
    config.resumption = Resumption::in_memory_sessions(RESUMPTIONS_MAX);
    if trust.http2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(config)
}

/// The machine's authorities, read once for all partners, because there may be thousands; a change of them needs a restart.
pub(super) fn machine_roots() -> Option<Arc<RootCertStore>> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    (!ROOTS.is_empty()).then(|| Arc::clone(&ROOTS))
}

/// The authorities of a file: those of a province's partners often stand in files that say the same, which are read once and shared.
fn own_roots(pem: &[u8]) -> Result<Arc<RootCertStore>, ClientFault> {
    static READ: Mutex<VecDeque<([u8; 32], Arc<RootCertStore>)>> = Mutex::new(VecDeque::new());
    let digest: [u8; 32] = Sha256::digest(pem).into();
    let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = read().iter().find(|(known, _)| *known == digest) {
        return Ok(Arc::clone(known));
    }
    let roots = Arc::new(roots(pem)?);
    let mut read = read();
    read.push_back((digest, Arc::clone(&roots)));
    if read.len() > ROOTS_KEPT {
        read.pop_front();
    }
    Ok(roots)
}

fn roots(pem: &[u8]) -> Result<RootCertStore, ClientFault> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|_| ClientFault::Ca)?).map_err(|_| ClientFault::Ca)?;
    }
    if roots.is_empty() { Err(ClientFault::Ca) } else { Ok(roots) }
}

fn identity(pem: &[u8]) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
    (!chain.is_empty()).then_some((chain, key))
}

fn verifier(
    provider: &Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    pins: &[Pin],
) -> Result<Arc<dyn ServerCertVerifier>, ClientFault> {
    let ordinary = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(provider))
        .build()
        .map_err(|_| ClientFault::Build)?;
    if pins.is_empty() {
        return Ok(ordinary);
    }
    let algorithms = provider.signature_verification_algorithms;
    Ok(Arc::new(Pinned { ordinary, roots, pins: pins.to_vec(), algorithms }))
}

/// Everything that is ordinarily verified, and then that the path from the partner's key to a trusted one passes a pinned key.
///
/// The pins are held against a *verified path*, not against the certificates that were presented: those are the server's
/// choice, and whoever has any certificate of a trusted authority could present the pinned issuer's public one beside it.
#[derive(Debug)]
struct Pinned {
    ordinary: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    pins: Vec<Pin>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    fn is_pinned(&self, spki: &[u8]) -> bool {
        self.pins.iter().any(|pin| pin[..] == Sha256::digest(spki)[..])
    }

    fn passes(&self, path: &VerifiedPath<'_>) -> bool {
        self.is_pinned(&path.end_entity().subject_public_key_info())
            || path.intermediate_certificates().any(|issuer| self.is_pinned(&issuer.subject_public_key_info()))
            || self.is_pinned(&spki_of(path.anchor()))
    }
}

/// The key of a trust anchor with the head of its SEQUENCE, which an anchor does not keep.
fn spki_of(anchor: &TrustAnchor<'_>) -> Vec<u8> {
    let content = anchor.subject_public_key_info.as_ref();
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut spki = vec![0x30];
    match (length.as_slice(), u8::try_from(length.len())) {
        ([short], _) if *short < 0x80 => spki.push(*short),
        (long, Ok(count)) => {
            spki.push(0x80 | count);
            spki.extend_from_slice(long);
        }
        _ => {}
    }
    spki.extend_from_slice(content);
    spki
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.ordinary.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let unpinned = || Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        let pinned = |path: &VerifiedPath<'_>| match self.passes(path) {
            true => Ok(()),
            false => Err(webpki::Error::UnknownIssuer),
        };
        // Where two paths lead to trusted authorities, the search goes on until one passes.
        let certificate = EndEntityCert::try_from(end_entity).map_err(|_| unpinned())?;
        certificate
            .verify_for_usage(
                self.algorithms.all,
                &self.roots.roots,
                intermediates,
                now,
                KeyUsage::server_auth(),
                None,
                Some(&pinned),
            )
            .map_err(|_| unpinned())?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.ordinary.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.ordinary.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.ordinary.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_or_refused() {
        let one = "00ff".repeat(16);
        assert_eq!(pins(&one).unwrap(), [<[u8; 32]>::try_from([0, 255].repeat(16)).unwrap()]);
        assert_eq!(pins(&format!("{one}, {}", one.to_uppercase())).unwrap().len(), 2);
        for wrong in
            ["", ",", "00", &one[1..], &format!("{one}0"), &format!("{one}00"), &"zz".repeat(32), &"０".repeat(64)]
        {
            assert_eq!(pins(wrong), None, "{wrong}");
        }
        assert!(pins(&[one.as_str(); PINS_MAX].join(",")).is_some());
        assert!(pins(&[one.as_str(); PINS_MAX + 1].join(",")).is_none());
    }
}
