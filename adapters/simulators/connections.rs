//! Ports and connections of partners that are called: each request answered in order, or not, as the fault of the moment has it.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::SimulatorError;
use crate::http1::{self, Incoming, Outgoing, Read};
use crate::knobs::{Drawn, Fault};

/// Connections at one time; a gateway's lane uses far fewer.
const CONNECTIONS_MAX: usize = 1024;
/// Silence lasts until the client leaves, but not for ever.
const SILENCE_MS_MAX: u64 = 600_000;
/// A drip lasts so long at most between two bytes.
const DRIP_MS_MAX: u64 = 20;

/// Takes a port, and says which when any was asked for.
///
/// # Errors
/// When it cannot be had.
pub(crate) fn listen(address: SocketAddr) -> Result<(StdListener, SocketAddr), SimulatorError> {
    let failed = |source| SimulatorError::Listen { address, source };
    let listener = StdListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Serves until the runtime is dropped: `answer` gives what is said to a request whose body is no longer than `body_bytes_max`, and the
/// fault with which it is said.
pub(crate) async fn serve<F: Future<Output = (Outgoing, Drawn)> + Send + 'static>(
    listener: StdListener,
    body_bytes_max: usize,
    answer: impl Fn(Incoming) -> F + Clone + Send + Sync + 'static,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        // An accept that fails (no file handles) is tried again when the next connection ends or comes.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let answer = answer.clone();
        tokio::spawn(async move {
            connection(stream, body_bytes_max, answer).await;
            drop(place);
        });
    }
}

async fn connection<F: Future<Output = (Outgoing, Drawn)>>(
    mut stream: TcpStream,
    body_bytes_max: usize,
    answer: impl Fn(Incoming) -> F,
) {
    let mut buffer = Vec::new();
    loop {
        let incoming = match http1::read_request(&mut stream, &mut buffer, body_bytes_max).await {
            Read::Request(incoming) => incoming,
            Read::Closed => return,
            Read::Refused(status) => {
                let refusal = Outgoing::new(status, "text/plain", Vec::new());
                drop(stream.write_all(&refusal.bytes(false)).await);
                return;
            }
        };
        let keep_alive = incoming.keep_alive;
        let (outgoing, drawn) = answer(*incoming).await;
        let bytes = outgoing.bytes(keep_alive);
        let sent = match drawn.fault() {
            Some(Fault::SilenceAfterAccept | Fault::SilenceBeforeAccept) => {
                return http1::hold(&mut stream, drawn.ms(SILENCE_MS_MAX)).await;
            }
            Some(Fault::ResetMidBody) => return http1::reset_halfway(stream, &bytes).await,
            Some(Fault::CloseWithoutAnswer) => return,
            Some(Fault::SlowDrip) => http1::drip(&mut stream, &bytes, drawn.ms(DRIP_MS_MAX)).await,
            _ => stream.write_all(&bytes).await,
        };
        if sent.is_err() || !keep_alive {
            return;
        }
    }
}
