//! Certificates made for one test, and partners that show them.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::transport::trust::Pin;

pub(super) fn pin(spki: &[u8]) -> Pin {
    Sha256::digest(spki).into()
}

/// One that signs.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// From itself up to below the root.
    chain: Vec<CertificateDer<'static>>,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    pub(super) pin: Pin,
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Authority {
    pub(super) fn root(name: &str) -> Self {
        let (params, key) = (authority_params(name), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        let pin = pin(&key.subject_public_key_info());
        let (pem, certificate) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), chain: Vec::new(), certificate, pem, pin }
    }

    /// An authority that this one has signed.
    pub(super) fn below(&self, name: &str) -> Self {
        let (params, key) = (authority_params(name), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let pin = pin(&key.subject_public_key_info());
        let (pem, certificate) = (certificate.pem(), certificate.der().clone());
        let chain = [vec![certificate.clone()], self.chain.clone()].concat();
        Self { issuer: Issuer::new(params, key), chain, certificate, pem, pin }
    }

    /// A certificate for a name.
    pub(super) fn issue(&self, name: &str) -> Papers {
        self.issue_until(name, 4096)
    }

    /// The same, valid from 1975 to the year given.
    pub(super) fn issue_until(&self, name: &str, year: i32) -> Papers {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        let chain = [vec![certificate.der().clone()], self.chain.clone()].concat();
        let pin = pin(&key.subject_public_key_info());
        Papers { chain, key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(), pem, pin }
    }
}

/// A certificate, those above it, and its key.
pub(super) struct Papers {
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// Certificate and key.
    pub(super) pem: String,
    pub(super) pin: Pin,
}

impl Papers {
    /// What a partner with these papers says of TLS; with `callers`, those who call must show a certificate of it.
    pub(super) fn server(
        self,
        callers: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
        let builder = match callers {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate.clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        builder.with_single_cert(self.chain, self.key).unwrap()
    }
}

/// A partner of one page over TLS and HTTP/1.1.
pub(super) struct Partner {
    pub(super) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Partner {
    pub(super) async fn start(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let partner = Self { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
        let (heads, acceptor) = (partner.heads.clone(), TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (heads, acceptor) = (heads.clone(), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor.accept(stream).into_fallible().await {
                        Ok(stream) => serve(stream, &heads).await,
                        // Whoever closes with bytes unread resets the connection, and the alert may be lost with it.
                        Err((_, mut stream)) => {
                            drop(stream.shutdown().await);
                            drop(stream.read_to_end(&mut Vec::new()).await);
                        }
                    }
                });
            }
        });
        partner
    }

    /// The heads of the requests that came.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, heads: &Mutex<Vec<String>>) {
    while let Some(head) = head(&mut stream).await {
        heads.lock().unwrap().push(head);
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<ok/>").await.is_err() {
            return;
        }
    }
}

/// A head, and the body `order` of these tests behind it where there is one.
pub(super) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        bytes.push(stream.read_u8().await.ok()?);
        if bytes.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8(bytes).unwrap();
            if head.to_ascii_lowercase().contains("content-length: 5\r\n") {
                stream.read_exact(&mut [0; 5]).await.ok()?;
            }
            return Some(head);
        }
    }
}

/// The body of these tests, five bytes long.
pub(super) fn order() -> Vec<u8> {
    b"order".to_vec()
}
