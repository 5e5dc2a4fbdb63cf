//! Doors before a partner: what goes wrong with a connection before the partner sees anything of it.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::SimulatorError;
use crate::connections::listen;
use crate::worker::Worker;

/// Whom to trust to see the doors with certificates as they are meant: of the simulators alone, its key is gone.
pub const FRONT_AUTHORITY_PEM: &str = include_str!("papers/authority.pem");

/// What happens at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Nothing: TLS with a certificate that is right, for comparison.
    Sound,
    /// Nobody listens.
    ClosedPort,
    /// A name that leads nowhere.
    UnknownName,
    /// A certificate that has ended.
    ExpiredCertificate,
    /// A certificate for another name.
    OtherCertificate,
    /// Takes the connection and never ends the handshake.
    StalledHandshake,
}

/// A door in front of a partner. Dropping it closes it.
pub struct Front {
    /// Where the gateway shall call instead of the partner.
    pub url: String,
    _worker: Option<Worker>,
}

impl Front {
    /// Opens a door before the partner at `behind`, `http://host:port/path`.
    ///
    /// # Errors
    /// When a port or the thread cannot be had, or `behind` is no such address.
    pub fn start(door: Door, behind: &str) -> Result<Front, SimulatorError> {
        let unknown = || SimulatorError::GatewayUrl { url: behind.to_owned() };
        let (host, path) = behind
            .strip_prefix("http://")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .ok_or_else(unknown)?;
        let behind: SocketAddr = host.parse().map_err(|_| unknown())?;
        let (listener, address) = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let port = address.port();
        let (scheme, name) = match door {
            Door::ClosedPort => ("http", "127.0.0.1"),
            Door::UnknownName => ("http", "partner.invalid"),
            _ => ("https", "localhost"),
        };
        let url = format!("{scheme}://{name}:{port}/{path}");
        if matches!(door, Door::ClosedPort | Door::UnknownName) {
            return Ok(Front { url, _worker: None });
        }
        let acceptor = acceptor(door)?;
        let worker = Worker::start("front", move || serve(listener, acceptor, behind))?;
        Ok(Front { url, _worker: Some(worker) })
    }
}

/// `None` = the handshake is never answered.
fn acceptor(door: Door) -> Result<Option<TlsAcceptor>, SimulatorError> {
    let pem = match door {
        Door::ExpiredCertificate => include_str!("papers/expired.pem"),
        Door::OtherCertificate => include_str!("papers/elsewhere.pem"),
        Door::StalledHandshake => return Ok(None),
        _ => include_str!("papers/sound.pem"),
    };
    let wrong =
        || SimulatorError::Behaviours { message: "the certificates of the simulators cannot be used".to_owned() };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong())?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|_| wrong())?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

async fn serve(listener: StdListener, acceptor: Option<TlsAcceptor>, behind: SocketAddr) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        drop(tokio::spawn(pass(stream, acceptor.clone(), behind)));
    }
}

async fn pass(mut stream: TcpStream, acceptor: Option<TlsAcceptor>, behind: SocketAddr) {
    let Some(acceptor) = acceptor else {
        let mut sink = [0_u8; 1024];
        while matches!(stream.read(&mut sink).await, Ok(count) if count > 0) {}
        return;
    };
    let Ok(mut inside) = acceptor.accept(stream).await else { return };
    let Ok(mut onward) = TcpStream::connect(behind).await else { return };
    drop(copy_bidirectional(&mut inside, &mut onward).await);
    drop(inside.shutdown().await);
}
