//! `xiezhi bench`: the gateway measured against a bare relay on this machine, each part in a process of its own.

mod fleet;
mod load;
mod machine;
mod open_acts;
mod orders;
mod papers;
mod place;
mod relay;
mod replay;
mod report;
mod role;
mod rounds;
mod site;
mod stub;
mod usage;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::serve::{Gateway, all_faults};
use crate::settings::{Overrides, load as load_settings};
use report::{Bar, Report};
use role::{Role, RoleName, lines, say};
use rounds::Extent;
use site::Site;

/// The first bar: events folded a second.
const REPLAY_MIN: f64 = 100_000.0;
/// Partners that the bars on a start are about: the banks of the whole country.
const COUNTRY: u64 = 4_000;
/// What the bars are about when nothing else is said.
const NIGHTLY: u64 = 1_000_000;

#[derive(Args)]
pub struct BenchArguments {
    /// Seconds of one measurement: short ones in turn, because what else the machine does changes within a minute.
    #[arg(long, default_value_t = 3.0)]
    pub seconds: f64,
    /// Rounds of relay and gateway in turn, of which the middle one counts; 0 leaves them out.
    #[arg(long, default_value_t = 9)]
    pub rounds: u32,
    /// Connections of the callers.
    #[arg(long, default_value_t = 64)]
    pub clients: u64,
    /// Callers pause above so many open acts, so that a round measures a steady state.
    #[arg(long, default_value_t = 20_000)]
    pub open_max: u64,
    /// Also write a journal of so many events and fold it; 1,000,000 with --bars.
    #[arg(long)]
    pub replay: Option<u64>,
    /// Also hold so many acts open, kill and start again; 1,000,000 with --bars.
    #[arg(long)]
    pub open_acts: Option<u64>,
    /// Also start with so many partners of each of three kinds, one of them with certificates; 4,000 with --bars.
    #[arg(long)]
    pub partners: Option<u64>,
    /// Measure below this folder, which must be on a disk; otherwise below the system's temporary one.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// End with an error when a bar is missed.
    #[arg(long)]
    pub bars: bool,
    /// The report as one JSON line on standard output.
    #[arg(long)]
    pub json: bool,
    /// Everything once and short, to see that it runs; its figures mean nothing.
    #[arg(long)]
    pub smoke: bool,
    /// Which part of a bench this process is.
    #[arg(long, hide = true)]
    pub role: Option<RoleName>,
    /// What the part works on: an address or a folder.
    #[arg(long, hide = true, default_value = "")]
    pub at: String,
    /// How many events the replaying part writes.
    #[arg(long, hide = true, default_value_t = 0)]
    pub events: u64,
}

/// Runs the command, or the part of it that this process is.
pub fn run(arguments: BenchArguments) -> anyhow::Result<ExitCode> {
    crate::logging::start("error");
    match arguments.role {
        None => return bench(&arguments),
        Some(RoleName::Gateway) => gateway(Path::new(&arguments.at))?,
        Some(RoleName::Relay) => relay::run(&arguments.at, false)?,
        Some(RoleName::PlainRelay) => relay::run(&arguments.at, true)?,
        Some(RoleName::Stub) => stub::run()?,
        Some(RoleName::Load) => load::run()?,
        Some(RoleName::Replay) => replay::run(Path::new(&arguments.at), arguments.events)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn bench(arguments: &BenchArguments) -> anyhow::Result<ExitCode> {
    let nightly = arguments.bars.then_some(NIGHTLY);
    let smoke = |full: Option<u64>| if arguments.smoke { Some(20_000) } else { full };
    let (replay, open_acts) = (smoke(arguments.replay.or(nightly)), smoke(arguments.open_acts.or(nightly)));
    let partners = arguments.partners.or(arguments.bars.then_some(COUNTRY));
    let partners = if arguments.smoke { Some(20) } else { partners };
    let (seconds, rounds) = if arguments.smoke { (2.0, 1) } else { (arguments.seconds, arguments.rounds) };
    let folder = Folder::make(arguments.data.as_deref())?;
    let mut report = Report::new(machine::look(&folder.path)?);
    if rounds > 0 {
        let ms = u64::try_from(std::time::Duration::try_from_secs_f64(seconds)?.as_millis())?;
        let extent = Extent { ms, rounds, open_acts_max: arguments.open_max };
        let mut site = Site::start(&folder.part("rounds")?, arguments.clients)?;
        rounds::measure(&mut site, &extent, &mut report)?;
    }
    if let Some(events) = replay {
        fold(&folder.part("replay")?, events, &mut report)?;
    }
    if let Some(acts) = open_acts {
        open_acts::measure(&folder.part("open")?, acts, &mut report)?;
    }
    if let Some(partners) = partners {
        fleet::measure(&folder.part("fleet")?, partners, !arguments.smoke, &mut report)?;
    }
    report.load_after = machine::load();
    if arguments.json {
        say(&serde_json::to_value(&report)?)?;
    } else {
        print!("{}", report.table());
    }
    let missed = arguments.bars && !arguments.smoke && !report.is_met();
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn fold(root: &Path, events: u64, report: &mut Report) -> anyhow::Result<()> {
    let at = root.to_string_lossy().into_owned();
    let mut role = Role::start(RoleName::Replay, &["--at", &at, "--events", &events.to_string()])?;
    let told = role.hear()?;
    let figure = |key: &str| told.get(key).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    report.add("replay, events", figure("events"), "events");
    report.add("  written by the decider", figure("wrote_per_second"), "events/s");
    report.hold("  taken up without a snapshot", figure("folded_per_second"), "events/s", Bar::AtLeast(REPLAY_MIN));
    report.add("  processor (replay)", figure("folded_cpu") * 1_000.0 / figure("events").max(1.0), "s/1,000");
    Ok(())
}

/// The bench's folder; gone when it is dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make(below: Option<&Path>) -> anyhow::Result<Self> {
        let below = below.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = std::path::absolute(below)?.join(format!("xiezhi-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path })
    }

    fn part(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("bench: {} could not be removed: {error}", self.path.display());
        }
    }
}

/// The role of the gateway: as `serve`, but it ends when its starter does, so that no bench leaves one behind.
fn gateway(config: &Path) -> anyhow::Result<()> {
    let settings = load_settings(config, &Overrides::default()).map_err(all_faults)?;
    crate::logging::start(&settings.log);
    let gateway = Gateway::start(settings)?;
    say(&json!({ "url": gateway.url() }))?;
    for _ in lines() {}
    gateway.stop()
}

/// Serves until the starter says stop or is gone.
async fn serve_until_told(server: actix_web::dev::Server) -> anyhow::Result<()> {
    let handle = server.handle();
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        for _ in lines() {}
        let _gone = tell.send(());
    })?;
    let serving = actix_web::rt::spawn(server);
    let _told = told.await;
    handle.stop(false).await;
    serving.await?.context("serving")
}
