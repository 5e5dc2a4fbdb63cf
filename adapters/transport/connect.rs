//! The way to a partner: addresses that the guard allows, a tunnel where a proxy is named, TLS; all of it within one time.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use reqwest::header::HeaderValue;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::address::{Guard, Refused};

/// A connection on which nothing moves is looked after so often, and given up after three looks without an answer.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_LOOKS: u32 = 3;
/// Bytes that nobody acknowledges for so long are lost, and so is the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

type BoxError = Box<dyn StdError + Send + Sync>;
type Ways<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Asks the guard where a name leads.
#[derive(Clone)]
struct Names(Arc<Guard>);

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Refused;
    type Future = Ways<Self::Response, Refused>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.addresses(name.as_str());
        Box::pin(async move { Ok(found.await?.into_iter()) })
    }
}

/// Straight to the partner, or through a proxy's tunnel.
#[derive(Clone)]
enum Way {
    Straight(HttpConnector<Names>),
    Through(Tunnel<HttpConnector<Names>>),
}

impl Service<Uri> for Way {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Ways<Self::Response, BoxError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Straight(way) => way.poll_ready(context).map_err(Into::into),
            Self::Through(way) => way.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self {
            Self::Straight(way) => {
                let connecting = way.call(to);
                Box::pin(async move { Ok(connecting.await?) })
            }
            Self::Through(way) => {
                let connecting = way.call(to);
                Box::pin(async move { Ok(connecting.await?) })
            }
        }
    }
}

/// A proxy that makes a tunnel, with what it asks for.
pub(super) struct Proxy {
    pub(super) at: Uri,
    pub(super) credential: Option<HeaderValue>,
}

/// Makes connections to one partner.
#[derive(Clone)]
pub(super) struct Connector {
    way: HttpsConnector<Way>,
    within: Duration,
}

impl Connector {
    /// `is_secure`: nothing goes to the partner but in TLS.
    pub(super) fn new(
        guard: Arc<Guard>,
        proxy: Option<Proxy>,
        (tls, is_secure): (ClientConfig, bool),
        within: Duration,
    ) -> Self {
        let mut straight = HttpConnector::new_with_resolver(Names(guard));
        straight.enforce_http(false);
        straight.set_nodelay(true);
        // Shared among the addresses of a name, so that one that is silent leaves time for the next.
        straight.set_connect_timeout(Some(within));
        straight.set_keepalive(Some(KEEPALIVE));
        straight.set_keepalive_interval(Some(KEEPALIVE));
        straight.set_keepalive_retries(Some(KEEPALIVE_LOOKS));
        #[cfg(target_os = "linux")]
        straight.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let way = match proxy {
            None => Way::Straight(straight),
            Some(Proxy { at, credential: None }) => Way::Through(Tunnel::new(at, straight)),
            Some(Proxy { at, credential: Some(own) }) => Way::Through(Tunnel::new(at, straight).with_auth(own)),
        };
        let names = Arc::new(DefaultServerNameResolver::default());
        Self { way: HttpsConnector::new(way, Arc::new(tls), is_secure, names), within }
    }
}

/// The connection did not come to be in its time.
#[derive(Debug)]
pub(super) struct ConnectTimedOut;

impl std::fmt::Display for ConnectTimedOut {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("connect to the partner: not within `timeouts.connect_ms`; look at its address and the way there")
    }
}

impl StdError for ConnectTimedOut {}

impl Service<Uri> for Connector {
    type Response = Met;
    type Error = BoxError;
    type Future = Ways<Met, BoxError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.way.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, within) = (self.way.call(to), self.within);
        Box::pin(async move {
            match tokio::time::timeout(within, connecting).await {
                Ok(connected) => connected.map(|stream| Met { stream, heard: false }),
                Err(_) => Err(ConnectTimedOut.into()),
            }
        })
    }
}

/// The certificate (X.509, DER) that the partner showed, beside every answer on its connection.
#[derive(Clone)]
pub(super) struct PartnerCertificate(pub(super) Arc<[u8]>);

/// A connection that tells whom it met.
pub(super) struct Met {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// Something was read of the partner.
    heard: bool,
}

/// An alert as it may be believed. That our certificate is refused proves that nothing was done while the handshake is not over, and it
/// is over once the partner has said something: behind that it may follow a message that was handled, and is the end of a connection.
fn believed(heard: bool, error: io::Error) -> io::Error {
    let told = error.get_ref().and_then(|told| told.downcast_ref::<rustls::Error>());
    match told {
        Some(rustls::Error::AlertReceived(_)) if heard => io::ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}

impl Met {
    fn certificate(&self) -> Option<PartnerCertificate> {
        let MaybeHttpsStream::Https(stream) = &self.stream else { return None };
        let shown = stream.inner().get_ref().1.peer_certificates()?.first()?;
        Some(PartnerCertificate(Arc::from(shown.as_ref())))
    }
}

impl Connection for Met {
    fn connected(&self) -> Connected {
        let connected = self.stream.connected();
        match self.certificate() {
            Some(certificate) => connected.extra(certificate),
            None => connected,
        }
    }
}

impl Read for Met {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let heard = self.heard;
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, to));
        self.heard |= read.is_ok();
        Poll::Ready(read.map_err(|error| believed(heard, error)))
    }
}

impl Write for Met {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let heard = self.heard;
        Pin::new(&mut self.stream).poll_write(context, bytes).map_err(|error| believed(heard, error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let heard = self.heard;
        Pin::new(&mut self.stream).poll_flush(context).map_err(|error| believed(heard, error))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let heard = self.heard;
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes).map_err(|error| believed(heard, error))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use rustls::AlertDescription;

    use super::believed;

    #[test]
    fn that_our_certificate_is_refused_is_believed_until_the_partner_has_said_something() {
        let told = |error: &Error| error.get_ref().is_some_and(|told| told.is::<rustls::Error>());
        let refused = || Error::other(rustls::Error::AlertReceived(AlertDescription::CertificateExpired));
        assert!(told(&believed(false, refused())));
        let late = believed(true, refused());
        assert!(!told(&late) && late.kind() == ErrorKind::ConnectionAborted);
        let other = || Error::other(rustls::Error::DecryptError);
        assert!(told(&believed(true, other())));
        assert_eq!(believed(true, ErrorKind::ConnectionReset.into()).kind(), ErrorKind::ConnectionReset);
    }
}
