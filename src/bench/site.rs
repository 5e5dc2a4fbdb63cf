//! The site of a measurement: stub, callers and gateway, each in its own process, and what the bench asks the gateway.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::load::{Ran, Run};
use super::place::{PARTNERS, Place, free_port, partner_id};
use super::role::{Role, RoleName};
use super::usage::cpu_seconds;
use super::wire::{Connection, request};
use crate::client::number_at;

/// A gateway that is not ready by then will not be.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// What is open is finished by then, or something hangs.
const IDLE_WITHIN: Duration = Duration::from_secs(600);
/// Between two looks while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Stub, callers and one gateway.
pub struct Site {
    /// Where configuration and data are.
    pub place: Place,
    /// The partners.
    pub stub: Role,
    /// The callers.
    pub load: Role,
    /// The ruling's digest.
    pub digest: String,
    root: PathBuf,
    gateway: Option<Role>,
    address: String,
    runtime: tokio::runtime::Runtime,
    runs: u64,
    clients: u64,
}

/// Acts measured from the first request to the last durable outcome.
pub struct Acts {
    /// What the callers saw.
    pub ran: Ran,
    /// Acts that ended.
    pub acts: f64,
    /// Seconds until the last outcome was durable.
    pub seconds: f64,
    /// The gateway's processor seconds.
    pub cpu: f64,
    /// The callers' and the partners' processor seconds.
    pub others_cpu: f64,
}

impl Site {
    /// Starts everything below `root`.
    pub fn start(root: &Path, clients: u64) -> anyhow::Result<Self> {
        let port = free_port()?;
        let stub = Role::start(RoleName::Stub, &[])?;
        let place = Place::make(root, port, &stub.url)?;
        let load = Role::start(RoleName::Load, &[])?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
        let address = format!("127.0.0.1:{port}");
        let root = root.to_owned();
        let mut site =
            Self { place, stub, load, digest: String::new(), root, gateway: None, address, runtime, runs: 0, clients };
        site.up()?;
        let name = "Content-Type: application/pdf\r\nX-File-Name: ruling.pdf\r\n";
        let upload = request("POST", "/v1/documents", &site.place.submitter, name, "%PDF-1.4\n% bench\n%%EOF\n");
        let stored = site.call(&upload)?;
        site.digest = crate::client::text_at(&stored, "/digest")?;
        Ok(site)
    }

    /// Starts the gateway and gives the time from its start to its first ready answer.
    pub fn up(&mut self) -> anyhow::Result<Duration> {
        let config = self.place.config.to_string_lossy().into_owned();
        let began = Instant::now();
        self.gateway = Some(Role::start(RoleName::Gateway, &["--at", &config])?);
        while self.health().is_err() {
            if began.elapsed() > READY_WITHIN {
                bail!("the gateway was not ready within {READY_WITHIN:?}");
            }
            self.rest(LOOK_EVERY);
        }
        Ok(began.elapsed())
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.gateway.take().map_or(Ok(()), Role::kill)
    }

    /// Drain and snapshot.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.gateway.take().map_or(Ok(()), Role::stop)
    }

    /// The gateway's process.
    pub fn pid(&self) -> u32 {
        self.gateway.as_ref().map_or(0, Role::pid)
    }

    /// Lets time pass.
    pub fn rest(&self, time: Duration) {
        self.runtime.block_on(async move { tokio::time::sleep(time).await });
    }

    fn raw(&self, address: &str, bytes: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
        self.runtime.block_on(async {
            let mut connection = Connection::open(address).await?;
            let status = connection.call(bytes).await?;
            Ok((status, connection.body().to_vec()))
        })
    }

    fn call(&self, bytes: &[u8]) -> anyhow::Result<Value> {
        let (status, body) = self.raw(&self.address, bytes)?;
        if !(200..300).contains(&status) {
            bail!("the gateway answered {status}: {}", String::from_utf8_lossy(&body));
        }
        serde_json::from_slice(&body).context("reading the gateway's answer")
    }

    /// `/health/ready`; an error unless it is.
    pub fn health(&self) -> anyhow::Result<Value> {
        self.call(&request("GET", "/health/ready", "", "", ""))
    }

    /// One figure of `/metrics`.
    pub fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let (_, page) = self.raw(&self.address, &request("GET", "/metrics", "", "", ""))?;
        let page = String::from_utf8_lossy(&page).into_owned();
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.with_context(|| format!("/metrics has no {name}"))
    }

    /// When the stub saw which case.
    pub fn arrivals(&self) -> anyhow::Result<Vec<(u64, u64)>> {
        let (_, body) = self.raw(self.stub.address(), &request("GET", "/arrivals", "", "", ""))?;
        serde_json::from_slice(&body).context("reading the stub's notes")
    }

    /// Pauses all lanes for an hour, or lets them go on.
    pub fn pause(&self, paused: bool) -> anyhow::Result<()> {
        let until = engine_time(3_600_000);
        let (word, body) = match paused {
            true => ("pause", json!({ "reason": "bench", "until": until }).to_string()),
            false => ("resume", String::new()),
        };
        let kind = if paused { "Content-Type: application/json\r\n" } else { "" };
        for place in 0..PARTNERS {
            let path = format!("/v1/partners/{}/{word}", partner_id(place));
            self.call(&request("POST", &path, &self.place.operator, kind, &body))?;
        }
        Ok(())
    }

    /// What the callers are to do at the gateway: one act in a request, each sends as soon as it may, for `ms`.
    pub fn run(&mut self, ms: u64) -> Run {
        self.runs += 1;
        Run {
            address: self.address.clone(),
            path: "/v1/requests".to_owned(),
            token: self.place.submitter.clone(),
            digest: self.digest.clone(),
            acts: 1,
            clients: self.clients,
            ms,
            per_second: 0,
            requests_max: 0,
            open_acts_max: 0,
            // The process is part of it: a directory that is taken up again must see new keys.
            run: u64::from(std::process::id()) * 1_000 + self.runs,
            first_case: 1,
            cases: 100_000,
            noted: false,
        }
    }

    /// Lets the callers do it.
    pub fn callers(&mut self, run: &Run) -> anyhow::Result<Ran> {
        let ran: Ran = serde_json::from_value(self.load.ask(&serde_json::to_value(run)?)?)?;
        if !ran.refused.is_empty() {
            eprintln!("bench: not every request was taken: {:?}", ran.refused);
        }
        Ok(ran)
    }

    /// Waits until nothing is open and at least `durable` events are durable.
    pub fn idle(&self, durable: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let health = self.health()?;
            if number_at(&health, "/open_requests")? == 0 && number_at(&health, "/durable")? >= durable {
                return Ok(());
            }
            if began.elapsed() > IDLE_WITHIN {
                bail!("acts are still open after {IDLE_WITHIN:?}: {health}");
            }
            self.rest(LOOK_EVERY);
        }
    }

    /// Measures acts from the first request to the last durable outcome.
    pub fn acts(&mut self, run: &Run) -> anyhow::Result<Acts> {
        let durable = number_at(&self.health()?, "/durable")?;
        let (pid, others) = (self.pid(), [self.load.pid(), self.stub.pid()]);
        let cpu_of_others = || others.iter().map(|pid| cpu_seconds(*pid)).sum::<anyhow::Result<f64>>();
        let (cpu, others_cpu) = (cpu_seconds(pid)?, cpu_of_others()?);
        let began = Instant::now();
        let ran = self.callers(run)?;
        let acts = ran.taken * u64::try_from(run.acts)?;
        // Each request is accepted and finished, each act begins and ends.
        self.idle(durable + 2 * ran.taken + 2 * acts)?;
        let seconds = began.elapsed().as_secs_f64();
        let (cpu, others_cpu) = (cpu_seconds(pid)? - cpu, cpu_of_others()? - others_cpu);
        Ok(Acts { ran, acts: u32::try_from(acts)?.into(), seconds, cpu, others_cpu })
    }

    /// Bytes of the journal.
    pub fn journal_bytes(&self) -> u64 {
        let entries = std::fs::read_dir(self.root.join("data").join("journal")).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }
}

fn engine_time(later_ms: i64) -> String {
    use engine::clock::Clock as _;
    domain::day::show_instant(engine::clock::SystemClock::new().wall() + later_ms)
}
