//! `xiezhi serve`: the floors put together, signals, reload, drain.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use engine::clock::SystemClock;
use store::disk::RealDisk;
use store::keys::Masters;
use store::random::OsRandom;
use store::seal::master::MasterKey;

use crate::courier::{CourtCourier, Routes};
use crate::settings::{Fault, MasterSource, Overrides, Settings, is_handed, load, read_master};

/// Threads for exchanges at most; they wait on the network, so each carries thousands.
const EXCHANGE_THREADS_MAX: usize = 2;

/// One for each core, up to the bound: with a single one on two cores, requests were taken faster than their acts could be carried out.
fn exchange_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).clamp(1, EXCHANGE_THREADS_MAX)
}

#[derive(Args)]
pub struct ServeArguments {
    /// Directory with gateway.toml, partners/, courts/, calendar/.
    #[arg(long, default_value = "config", env = "XIEZHI_CONFIG")]
    pub config: PathBuf,
    /// Listen here instead of what the configuration says; port 0 takes a free one.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Keep data here instead of what the configuration says.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Start also where a fold of the journal meets keys or blobs that are lost for good: without the cases that rest on them. Their
    /// courts are stopped until two people lift it (docs/RUNBOOK.md#lost).
    #[arg(long)]
    pub without_lost_content: bool,
    /// Print one JSON line on standard output once it serves: {"gateway":url,"pid":n}.
    #[arg(long)]
    pub json: bool,
}

/// How long exchanges may take to let go at the end; what hangs on a mount is left to the end of the process.
const RUNTIME_END: Duration = Duration::from_secs(1);

fn failed() -> anyhow::Error {
    anyhow!("the journal or a thread of the gateway failed; see the log, look at the disk, then start again")
}

/// A gateway at work.
pub struct Gateway {
    engine: engine::Running,
    web: web::Running,
    tokens: Arc<web::Tokens>,
    courier: Arc<CourtCourier>,
    runtime: tokio::runtime::Runtime,
    drain: Duration,
    at_start: AtStart,
}

/// Settings that only a start puts in force, each with what it was then.
type AtStart = Vec<(&'static str, Vec<u8>)>;

fn at_start(settings: &Settings) -> AtStart {
    // The time for draining stands under its own name.
    let limits = web::Limits { drain_timeout: Duration::ZERO, ..settings.web_limits };
    let tls = settings
        .tls
        .as_ref()
        .map(|tls| [tls.certificate_pem.as_slice(), tls.callers_pem.as_deref().unwrap_or_default()].concat());
    vec![
        ("gateway.origin", settings.origin.clone().into_bytes()),
        ("gateway.listen", settings.listen.to_string().into_bytes()),
        ("gateway.data", settings.data.as_os_str().as_encoded_bytes().to_vec()),
        ("gateway.workers", settings.workers.to_string().into_bytes()),
        ("gateway.snapshot_events", settings.snapshot_events.to_string().into_bytes()),
        ("gateway.drain_ms", settings.drain_ms.to_string().into_bytes()),
        ("gateway.log", settings.log.clone().into_bytes()),
        ("tls", tls.unwrap_or_default()),
        ("master_key", format!("{:?}", settings.master).into_bytes()),
        ("limits", format!("{limits:?}").into_bytes()),
    ]
}

/// All faults of a configuration as one error.
pub fn all_faults(faults: Vec<Fault>) -> anyhow::Error {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    anyhow!("the configuration has {} fault(s):\n{}", lines.len(), lines.join("\n"))
}

/// The master key, from where the settings say; a missing file is made when the data directory is new.
pub fn master_key(source: &MasterSource, data: &Path) -> anyhow::Result<MasterKey> {
    match source {
        MasterSource::Env(name) => {
            let text =
                std::env::var(name).with_context(|| format!("reading the master key: set the variable {name}"))?;
            Ok(MasterKey::from_text(&text, name)?)
        }
        MasterSource::File(path) if data.join("journal").exists() || is_handed(path) => read_master(path),
        MasterSource::File(path) => {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
            }
            Ok(MasterKey::read_or_create(path, &mut OsRandom)?)
        }
    }
}

impl Gateway {
    /// Starts everything; must not be called on a tokio thread.
    pub fn start(settings: Settings) -> anyhow::Result<Self> {
        Self::start_with(settings, false)
    }

    /// The same; `without_lost_content` = also where the fold meets content that is lost for good, without the cases that rest on it.
    pub fn start_with(settings: Settings, without_lost_content: bool) -> anyhow::Result<Self> {
        for warning in &settings.warnings {
            tracing::warn!(file = %warning.file.display(), line = warning.line, key = %warning.key, told = %warning.message, "a setting should be looked at");
        }
        let at_start = at_start(&settings);
        std::fs::create_dir_all(&settings.data).with_context(|| format!("making {}", settings.data.display()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(exchange_threads())
            .thread_name("exchange")
            .enable_all()
            .build()
            .context("starting the exchange threads")?;
        let masters = Masters { current: master_key(&settings.master, &settings.data)?, previous: None };
        let courier = Arc::new(CourtCourier::new(settings.routes));
        let options = engine::Options {
            directory: settings.data.clone(),
            disk: Arc::new(RealDisk),
            masters,
            origin: settings.origin.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock: Arc::new(SystemClock::new()),
            tokio: runtime.handle().clone(),
            snapshot_events: settings.snapshot_events,
            courier: Arc::clone(&courier) as Arc<dyn engine::courier::Courier>,
            without_lost_content,
            free_bytes: |path| fs4::available_space(path).ok(),
        };
        let started = std::time::Instant::now();
        let running = engine::Engine::start(options, Arc::clone(&settings.config), settings.plugs)
            .with_context(|| format!("taking up {}", settings.data.display()))?;
        if let Some(cut) = &running.recovery.cut {
            tracing::warn!(sequence = cut.sequence, kept = %cut.kept.display(), "a batch that was never acknowledged was cut off; its bytes are kept");
        }
        let health = running.engine.health();
        tracing::info!(
            events = health.durable,
            open_requests = health.open_requests,
            open_acts = health.open_acts,
            snapshot = running.snapshot,
            clean_stop = running.recovery.clean_stop,
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "the data directory is taken up"
        );
        let tokens = Arc::new(web::Tokens::new(settings.tokens, settings.token_calls_per_second)?);
        let config = web::WebConfig {
            listen: settings.listen,
            tls: settings.tls,
            workers: settings.workers,
            limits: settings.web_limits,
        };
        let gate: Arc<dyn web::Gate> = Arc::new(running.engine.clone());
        let web = web::Web::start(config, gate, Arc::clone(&tokens), adapters::faces())?;
        let drain = Duration::from_millis(settings.drain_ms);
        Ok(Self { engine: running, web, tokens, courier, runtime, drain, at_start })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.web.addr)
    }

    /// The engine's handle.
    pub fn engine(&self) -> &engine::Engine {
        &self.engine.engine
    }

    /// The runtime that exchanges run on.
    pub fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Puts a changed configuration in force, all or nothing: partners, courts, calendar, tokens. The rest waits for a start.
    pub fn reload(&self, settings: Settings) -> anyhow::Result<()> {
        let now = at_start(&settings);
        let changed = self.at_start.iter().zip(&now).filter(|(before, after)| before != after);
        let changed: Vec<&str> = changed.map(|((name, _), _)| *name).collect();
        if !changed.is_empty() {
            tracing::warn!(settings = changed.join(", "), "these settings changed and wait for the next start");
        }
        let Settings { tokens, routes, config, plugs, .. } = settings;
        put_in_force((&self.tokens, tokens), (&self.courier, routes), || {
            let taken = self.runtime.block_on(self.engine().configure(config, plugs));
            taken.map(drop).map_err(|refusal| anyhow!("the configuration was not taken: {refusal:?}"))
        })
    }

    /// Drains and stops: calls under way may end, exchanges get their grace, a snapshot is made.
    pub fn stop(self) -> anyhow::Result<()> {
        self.web.begin_stop();
        let engine = self.engine.engine.clone();
        self.engine.drain(self.drain);
        let stopped = self.web.stop().context("stopping the web threads");
        self.runtime.shutdown_timeout(RUNTIME_END);
        if engine.is_broken() {
            return Err(failed());
        }
        stopped
    }

    /// Ends at once: nothing can be recorded any more, and a clean stop would pretend otherwise.
    fn abandon(self) {
        // A mere drop waits for whatever hangs on a disk or a mount, while nobody listens and the supervisor sees a live process.
        self.runtime.shutdown_timeout(RUNTIME_END);
    }
}

/// What can be refused comes first: until the decider has taken the configuration nothing of it is in force. With the new tokens before it,
/// callers would be let in by settings that are refused; with the new ways before it, deliveries would leave by them.
fn put_in_force(
    (tokens, fresh): (&web::Tokens, Vec<web::Token>),
    (courier, routes): (&CourtCourier, Routes),
    configure: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let fresh = tokens.prepare(fresh)?;
    configure()?;
    tokens.put(fresh);
    courier.replace(routes);
    Ok(())
}

/// What woke the main thread.
#[derive(PartialEq, Eq)]
pub enum Woken {
    /// Stop.
    Stop,
    /// Read the configuration again.
    Reload,
    /// The journal or a thread failed.
    Broken,
}

/// Waits for SIGTERM, SIGINT or SIGHUP, or for the journal or a thread to fail.
pub async fn woken(engine: &engine::Engine) -> anyhow::Result<Woken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut look = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(Woken::Stop),
            _ = int.recv() => return Ok(Woken::Stop),
            _ = hangup.recv() => return Ok(Woken::Reload),
            _ = look.tick() => if engine.is_broken() { return Ok(Woken::Broken) },
        }
    }
}

/// From now on a further SIGTERM or SIGINT ends the process at once, as a kill does: a drain may wait for a disk that hangs. Nothing
/// acknowledged is lost by that.
fn end_at_second_word() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    const TERMINATED: i32 = 128 + 15;
    const INTERRUPTED: i32 = 128 + 2;
    let (begun, begins) = std::sync::mpsc::sync_channel(1);
    // A thread and runtime of its own: whatever else hangs, it hears.
    let hear = move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let code = runtime.block_on(async {
            let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            let _told = begun.send(());
            anyhow::Ok(tokio::select! {
                _ = term.recv() => TERMINATED,
                _ = int.recv() => INTERRUPTED,
            })
        })?;
        tracing::warn!(code, "told twice to stop: ending at once, as after a kill; nothing acknowledged is lost");
        std::process::exit(code);
    };
    std::thread::Builder::new().name("second word".to_owned()).spawn(hear).context("starting a thread")?;
    begins.recv().context("listening for a second signal")
}

/// Serves until told to stop; `reload` reads the settings again.
pub fn serve_until_told(
    gateway: Gateway,
    reload: impl Fn() -> Result<Settings, Vec<Fault>>,
) -> anyhow::Result<ExitCode> {
    loop {
        match gateway.runtime().block_on(woken(gateway.engine()))? {
            Woken::Stop => {
                end_at_second_word()?;
                tracing::info!("stopping: nothing new is taken, what is under way may end");
                gateway.stop()?;
                return Ok(ExitCode::SUCCESS);
            }
            Woken::Reload => match reload() {
                Ok(settings) => match gateway.reload(settings) {
                    Ok(()) => tracing::info!("the configuration was read again and is in force"),
                    Err(error) => tracing::error!(%error, "the configuration in force stays"),
                },
                Err(faults) => tracing::error!(error = %all_faults(faults), "the configuration in force stays"),
            },
            Woken::Broken => {
                gateway.abandon();
                return Err(failed());
            }
        }
    }
}

/// Runs the command.
pub fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { listen: arguments.listen, data: arguments.data.clone() };
    let settings = load(&arguments.config, &overrides).map_err(all_faults)?;
    crate::logging::start(&settings.log);
    let gateway = Gateway::start_with(settings, arguments.without_lost_content)?;
    if arguments.json {
        let line = serde_json::json!({ "gateway": gateway.url(), "pid": std::process::id() });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
    }
    serve_until_told(gateway, move || load(&arguments.config, &overrides))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use web::{Role, Token};

    use super::*;
    use crate::courier::{Route, RouteOptions};

    fn token(name: &str, byte: u8) -> Token {
        let (name, roles) = (name.to_owned(), vec![Role::Submitter]);
        Token { hash: [byte; 32], name, roles, court: None, partner: None, is_person: false }
    }

    fn routes(court: &str) -> Routes {
        let options = RouteOptions {
            networks: adapters::transport::Networks::default(),
            authorities: None,
            is_tls: false,
            connect_ms: 1_000,
            total_ms: 1_000,
        };
        BTreeMap::from([(court.to_owned(), Arc::new(Route::new(options).unwrap()))])
    }

    #[test]
    fn nothing_of_a_reload_is_in_force_before_the_decider_has_taken_it() {
        let (tokens, courier) =
            (web::Tokens::new(vec![token("old", 1)], 10).unwrap(), CourtCourier::new(routes("330225")));
        let in_force = || {
            let known = [1, 2].map(|byte| tokens.is_in_force(&[byte; 32]));
            (known, ["330225", "330226"].map(|court| courier.reaches(court)))
        };
        let (old, new) = (([true, false], [true, false]), ([false, true], [false, true]));
        let asked = Cell::new(0);
        let reload = |fresh: Vec<Token>, is_taken: bool| {
            put_in_force((&tokens, fresh), (&courier, routes("330226")), || {
                asked.set(asked.get() + 1);
                assert_eq!(in_force(), old, "the decider is asked first");
                if is_taken { Ok(()) } else { Err(anyhow!("draining")) }
            })
        };
        reload(vec![token("twice", 2), token("twice", 3)], true).unwrap_err();
        assert_eq!(
            (asked.get(), in_force()),
            (0, old),
            "a faulty set of tokens is refused before the decider takes anything"
        );
        reload(vec![token("new", 2)], false).unwrap_err();
        assert_eq!((asked.get(), in_force()), (1, old), "what the decider refuses changes nothing");
        reload(vec![token("new", 2)], true).unwrap();
        assert_eq!((asked.get(), in_force()), (2, new));
    }

    /// The share of a mailbox that went away: whoever looks into it never comes back.
    #[test]
    fn a_gateway_whose_journal_failed_ends_although_a_mount_hangs() {
        let folder = crate::settings::tests::sound_folder();
        let overrides =
            Overrides { listen: Some("127.0.0.1:0".parse().unwrap()), data: Some(folder.path().join("data")) };
        let settings = load(folder.path(), &overrides).map_err(all_faults).unwrap();
        let gateway = Gateway::start(settings).unwrap();
        let (mount_is_back, mount) = std::sync::mpsc::sync_channel::<()>(1);
        let (begun, begins) = std::sync::mpsc::sync_channel(1);
        gateway.runtime().spawn_blocking(move || {
            begun.send(()).unwrap();
            let _hangs = mount.recv();
        });
        begins.recv().unwrap();
        let (ended, ends) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            gateway.abandon();
            let _late = ended.send(());
        });
        let in_time = ends.recv_timeout(30 * RUNTIME_END);
        drop(mount_is_back);
        assert!(in_time.is_ok(), "the supervisor would see a live process that serves nobody");
    }
}
