//! TLS: certificate, key and, where callers must show one, the authority of their certificates.

use std::sync::Arc;

use domain::Secret;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// PEM texts, already read from their files.
#[derive(Clone)]
pub struct TlsPapers {
    /// The certificate and those between it and the root.
    pub certificate_pem: Vec<u8>,
    /// Its private key.
    pub key_pem: Secret<Vec<u8>>,
    /// Authorities whose certificates callers must show; `None` = callers show none.
    pub callers_pem: Option<Vec<u8>>,
}

/// Why TLS cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TlsFault {
    /// A PEM text holds nothing usable.
    #[error("read the TLS {what}: no usable PEM in it; check the file named in settings")]
    Pem {
        /// Which.
        what: &'static str,
    },
    /// Certificate and key do not go together, or are of a kind not supported.
    #[error("serve TLS: {0}; check that certificate and key belong together")]
    Unusable(String),
}

impl TlsPapers {
    pub(crate) fn server_config(&self) -> Result<ServerConfig, TlsFault> {
        let chain = certificates(&self.certificate_pem, "certificate")?;
        let key =
            PrivateKeyDer::from_pem_slice(self.key_pem.expose()).map_err(|_| TlsFault::Pem { what: "private key" })?;
        let unusable = |error: &dyn std::fmt::Display| TlsFault::Unusable(error.to_string());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?;
        let builder = match &self.callers_pem {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(pem, "authority of callers")? {
                    roots.add(authority).map_err(|error| unusable(&error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .map_err(|error| unusable(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        builder.with_single_cert(chain, key).map_err(|error| unusable(&error))
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    chain.ok().filter(|chain| !chain.is_empty()).ok_or(TlsFault::Pem { what })
}
