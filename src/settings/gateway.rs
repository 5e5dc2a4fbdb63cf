//! `gateway.toml`: where the gateway listens and keeps its data, its keys, its bounds, its own tokens.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;
use web::{Limits, Role, TlsPapers, Token};

use super::MasterSource;
use super::files::bounded;
use super::page::{Found, Page, Spot, Table};
use super::secret::Around;

/// What stands in the file when a setting does not.
pub(super) mod otherwise {
    pub(crate) const ORIGIN: &str = "xiezhi.localhost";
    pub(crate) const LISTEN: std::net::SocketAddr =
        std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
    pub(crate) const DATA: &str = "../data";
    pub(crate) const MASTER_KEY: &str = "../keys/master.key";
    pub(crate) const WORKERS: u16 = 2;
    pub(crate) const SNAPSHOT_EVENTS: u64 = 1 << 20;
    pub(crate) const DRAIN_MS: u64 = 20_000;
    pub(crate) const LOG: &str = "info";
}

/// A certificate chain or key; larger ones are most likely the wrong file.
const PEM_BYTES_MAX: u64 = 256 << 10;
/// Characters of a path.
const PATH_CHARACTERS_MAX: usize = 1_000;
/// A day: no timeout of a web call is longer.
const TIMEOUT_MS_MAX: u64 = 86_400_000;
/// What a 32-bit length and the memory of one machine bear.
const BYTES_MAX: u32 = 256 << 20;

/// The file as read.
pub(super) struct Gateway<'p> {
    pub(super) origin: String,
    pub(super) listen: SocketAddr,
    pub(super) data: PathBuf,
    pub(super) workers: usize,
    pub(super) snapshot_events: u64,
    pub(super) drain_ms: u64,
    pub(super) log: String,
    pub(super) rules: Option<Found<'p, String>>,
    pub(super) tls: Option<TlsPapers>,
    pub(super) master: MasterSource,
    pub(super) limits: Limits,
    pub(super) tokens: Vec<Found<'p, Token>>,
}

/// Reads the file; `None` when it is no TOML. Faults leave their default in place, and are noted.
pub(super) fn read<'p>(page: &'p Page<'p>, around: &Around<'_>) -> Option<Gateway<'p>> {
    let mut root = page.root()?;
    let mut table = root.table("gateway");
    let origin = origin(&mut table);
    let listen = listen(&mut table);
    let data = table.text("data", PATH_CHARACTERS_MAX).map_or(otherwise::DATA.to_owned(), |found| found.value);
    let workers = table.number("workers", 1..=64_u16).map_or(otherwise::WORKERS, |found| found.value);
    let snapshot_events = table.number("snapshot_events", 1_000..=1 << 30).map(|found| found.value);
    let drain_ms = table.number("drain_ms", 0..=600_000_u64).map_or(otherwise::DRAIN_MS, |found| found.value);
    let log = table.text("log", 500).map_or(otherwise::LOG.to_owned(), |found| found.value);
    let rules = table.text("rules", 32);
    table.finish();
    let tls = root.table_if_any("tls").and_then(|table| tls(table, around));
    let master = master(root.table("master_key"), around, &around.path(&data));
    let mut limits = limits(root.table("limits"));
    limits.drain_timeout = Duration::from_millis(drain_ms);
    let tokens = super::tokens::read(&mut root, None, &[Role::Operator, Role::Auditor, Role::Partner]);
    root.finish();
    Some(Gateway {
        origin,
        listen,
        data: around.path(&data),
        workers: usize::from(workers),
        snapshot_events: snapshot_events.unwrap_or(otherwise::SNAPSHOT_EVENTS),
        drain_ms,
        log,
        rules,
        tls,
        master,
        limits,
        tokens,
    })
}

fn origin(table: &mut Table<'_>) -> String {
    let Some(found) = table.text("origin", 200) else { return otherwise::ORIGIN.to_owned() };
    if found.value.contains(|c: char| c.is_whitespace() || c == '+') {
        found.spot.fault("is the name under which checkpoints are signed: it holds no spaces and no plus");
    }
    found.value
}

fn listen(table: &mut Table<'_>) -> SocketAddr {
    let Some(found) = table.text("listen", 100) else { return otherwise::LISTEN };
    found.value.parse().unwrap_or_else(|_| {
        found.spot.fault("must be an address with a port, such as 127.0.0.1:8080 or [::]:8443");
        otherwise::LISTEN
    })
}

fn tls(mut table: Table<'_>, around: &Around<'_>) -> Option<TlsPapers> {
    let certificate = table.required("certificate", PATH_CHARACTERS_MAX, "the PEM file of the certificate chain");
    let key = table.required("key", PATH_CHARACTERS_MAX, "the PEM file of its private key");
    let callers = table.text("callers", PATH_CHARACTERS_MAX);
    table.finish();
    let pem = |found: Found<'_, String>| {
        let path = around.path(&found.value);
        match bounded(&path, PEM_BYTES_MAX) {
            Ok(bytes) if bytes.windows(10).any(|part| part == b"-----BEGIN") => Some(bytes),
            Ok(_) => {
                found
                    .spot
                    .fault(format!("names the file {}, which holds no PEM", path.display().to_string().escape_debug()));
                None
            }
            Err(why) => {
                found.spot.fault(format!("names the file {}, which {why}", path.display().to_string().escape_debug()));
                None
            }
        }
    };
    // Each is read before any is given up, so that the faults of all are told.
    let (certificate, key, callers_pem) = (certificate.and_then(pem), key.and_then(pem), callers.and_then(pem));
    Some(TlsPapers { certificate_pem: certificate?, key_pem: Secret::new(key?), callers_pem })
}

fn master(mut table: Table<'_>, around: &Around<'_>, data: &std::path::Path) -> MasterSource {
    let file = table.text("file", PATH_CHARACTERS_MAX);
    let variable = table.text("env", 200);
    table.finish();
    if let (Some(_), Some(variable)) = (&file, &variable) {
        variable.spot.fault("stands beside `file`; the key is in one place only, leave one of them out");
    }
    match (file, variable) {
        (Some(file), _) => {
            let path = around.path(&file.value);
            super::master::judge(&path, data, &file.spot, around);
            MasterSource::File(path)
        }
        (None, Some(variable)) => {
            // Only that it is there is asked: its form is judged by whoever opens the data with it.
            drop(around.variable(&variable.value, &variable.spot).map(Secret::new));
            MasterSource::Env(variable.value)
        }
        (None, None) => MasterSource::File(around.path(otherwise::MASTER_KEY)),
    }
}

fn limits(mut table: Table<'_>) -> Limits {
    let mut limits = Limits::default();
    let t = &mut table;
    size(t, "connections_max", 1..=1_000_000, &mut limits.connections_max);
    count(t, "backlog", 1..=65_535, &mut limits.backlog);
    size(t, "handshakes_max", 1..=100_000, &mut limits.handshakes_max);
    time(t, "handshake_timeout_ms", &mut limits.handshake_timeout);
    time(t, "header_timeout_ms", &mut limits.header_timeout);
    time(t, "linger_timeout_ms", &mut limits.linger_timeout);
    let keep = time(t, "keep_alive_ms", &mut limits.keep_alive);
    time(t, "body_timeout_ms", &mut limits.body_timeout);
    if let Some(found) = t.number("body_rate_min", 1..=1 << 30) {
        limits.body_rate_min = found.value;
    }
    size(t, "document_bytes_max", 1_024..=BYTES_MAX, &mut limits.document_bytes_max);
    size(t, "request_bytes_max", 1_024..=1 << 20, &mut limits.request_bytes_max);
    size(t, "command_bytes_max", 1_024..=1 << 20, &mut limits.command_bytes_max);
    size(t, "face_bytes_max", 1_024..=BYTES_MAX, &mut limits.face_bytes_max);
    let all = t.number("bodies_bytes_max", 1_024..=1_u64 << 40).map(|found| {
        limits.bodies_bytes_max = usize::try_from(found.value).unwrap_or(usize::MAX);
        found.spot
    });
    if limits.bodies_bytes_max / 2 < limits.document_bytes_max.max(limits.face_bytes_max) {
        let spot = all.unwrap_or_else(|| t.spot_of("bodies_bytes_max"));
        spot.fault("bodies_bytes_max must be twice document_bytes_max and face_bytes_max at least, or the longest body is never taken");
    }
    size(t, "inline_bytes_max", 1_024..=1 << 20, &mut limits.inline_bytes_max);
    size(t, "pool_threads_max", 1..=64, &mut limits.pool_threads_max);
    count(t, "token_per_second", 1..=1_000_000, &mut limits.token_per_second);
    count(t, "source_per_second", 1..=1_000_000, &mut limits.source_per_second);
    size(t, "sources_max", 1..=1_000_000, &mut limits.sources_max);
    let wait = time(t, "wait_max_ms", &mut limits.wait_max);
    if limits.wait_max >= limits.keep_alive {
        let spot = wait.or(keep).unwrap_or_else(|| t.spot_of("wait_max_ms"));
        spot.fault("wait_max_ms must be below keep_alive_ms, or connections are cut while their callers wait");
    }
    table.finish();
    limits
}

fn count(table: &mut Table<'_>, key: &'static str, range: std::ops::RangeInclusive<u32>, limit: &mut u32) {
    if let Some(found) = table.number(key, range) {
        *limit = found.value;
    }
}

fn size(table: &mut Table<'_>, key: &'static str, range: std::ops::RangeInclusive<u32>, limit: &mut usize) {
    if let Some(found) = table.number(key, range) {
        *limit = usize::try_from(found.value).unwrap_or(usize::MAX);
    }
}

/// Gives where it stands, for what is said of it beside another setting.
fn time<'p>(table: &mut Table<'p>, key: &'static str, limit: &mut Duration) -> Option<Spot<'p>> {
    let found = table.number(key, 1..=TIMEOUT_MS_MAX)?;
    *limit = Duration::from_millis(found.value);
    Some(found.spot)
}
