//! The server: its threads, its listener, its start and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use domain::socket::Face;
use tokio::sync::watch;

use crate::gate::Gate;
use crate::limits::Limits;
use crate::right::Doors;
use crate::routes;
use crate::seen::{CallNames, see};
use crate::tls::{TlsFault, TlsPapers};
use crate::tokens::Tokens;

/// How the web floor listens.
#[derive(Clone)]
pub struct WebConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key; `None` = plain HTTP, for loopback or behind a proxy of the same machine.
    pub tls: Option<TlsPapers>,
    /// Worker threads, 1..=64.
    pub workers: usize,
    /// Every bound.
    pub limits: Limits,
}

/// Why the web floor did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error("listen on {address}: {source}; free the address or choose another in settings")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// No randomness, no thread, or it ended at once.
    #[error("start the web threads: {0}; look at the limits of the process")]
    Threads(String),
}

/// The web floor at work.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    handle: ServerHandle,
    stopping: watch::Sender<bool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Running {
    /// Begins to stop: nothing new is accepted, watchers get their answer now, calls under way may end.
    /// Does not wait; [`Running::stop`] does.
    pub fn begin_stop(&self) {
        self.stopping.send_replace(true);
        // The command is sent by the call itself; the future only waits for the end, which `stop` waits for.
        drop(self.handle.stop(true));
    }

    /// Stops, and waits until the last call has ended or [`Limits::drain_timeout`] has passed. Blocks its thread.
    ///
    /// # Errors
    /// What the server ended with.
    pub fn stop(mut self) -> std::io::Result<()> {
        self.begin_stop();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(std::io::Error::other("stop the web threads: one of them panicked; see the log")),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.begin_stop();
    }
}

/// The web floor.
pub struct Web;

impl Web {
    /// Listens and answers, on threads of its own; returns once connections are accepted.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        config: WebConfig,
        gate: Arc<dyn Gate>,
        tokens: Arc<Tokens>,
        faces: Vec<Arc<dyn Face>>,
    ) -> Result<Running, StartError> {
        let mut start = [0; 4];
        getrandom::fill(&mut start).map_err(|error| StartError::Threads(error.to_string()))?;
        let names = Data::new(CallNames::new(u32::from_ne_bytes(start)));
        let (stopping, stops) = watch::channel(false);
        let doors = Data::new(Doors::new(gate, tokens, config.limits, stops));
        let tls = config.tls.as_ref().map(TlsPapers::server_config).transpose()?;
        let (begun, begins) = std::sync::mpsc::sync_channel(1);
        let spawned = std::thread::Builder::new().name("web".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = match serve(&config, tls, doors, names, faces) {
                    Ok((addr, server)) => {
                        drop(begun.send(Ok((addr, server.handle()))));
                        server
                    }
                    Err(source) => {
                        drop(begun.send(Err(StartError::Listen { address: config.listen, source })));
                        return Ok(());
                    }
                };
                server.await
            })
        });
        let thread = spawned.map_err(|error| StartError::Threads(error.to_string()))?;
        let (addr, handle) = begins.recv().map_err(|_| StartError::Threads("the first of them ended".to_owned()))??;
        tracing::info!(%addr, "web listens");
        Ok(Running { addr, handle, stopping, thread: Some(thread) })
    }
}

fn serve(
    config: &WebConfig,
    tls: Option<rustls::ServerConfig>,
    doors: Data<Doors>,
    names: Data<CallNames>,
    faces: Vec<Arc<dyn Face>>,
) -> std::io::Result<(SocketAddr, actix_web::dev::Server)> {
    let limits = config.limits;
    let workers = config.workers.clamp(1, 64);
    let app = move || {
        App::new()
            .app_data(doors.clone())
            .app_data(names.clone())
            .wrap(from_fn(see))
            .configure(|config| routes::open(config, &faces))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .disable_signals()
        .backlog(limits.backlog)
        .max_connections(limits.connections_max.div_ceil(workers))
        .max_connection_rate(limits.handshakes_max)
        .worker_max_blocking_threads(limits.pool_threads_max.max(1))
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.header_timeout)
        .client_disconnect_timeout(limits.linger_timeout)
        .tls_handshake_timeout(limits.handshake_timeout)
        .tcp_nodelay(true)
        .shutdown_timeout(limits.drain_timeout.as_secs());
    let server = match tls {
        Some(tls) => server.bind_rustls_0_23(config.listen, tls)?,
        None => server.bind(config.listen)?,
    };
    let addr = server.addrs().first().copied().ok_or_else(|| std::io::Error::other("no address was bound"))?;
    Ok((addr, server.run()))
}
