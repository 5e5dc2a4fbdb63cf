//! `xiezhi partner simulate` for a partner with a mailbox: its front machine in a terminal, on the folder or the SFTP account of its file.
//!
//! The front machine works on a folder. Where the box stands on a server, a folder of its own is kept in step with it: what we left
//! is fetched there, what it answers is left on the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use adapters::transport::{Opposite, opposite};
use anyhow::{Context as _, bail};
use simulators::{BankFront, BankFrontConfig, BankPacket, BankPacketConfig, County, PoliceFront, PoliceFrontConfig};

use crate::settings::OnePartner;

/// Packets fetched from a server in one round: what waits behind them is fetched with the next.
const FETCHED_MAX: usize = 100;

/// A front machine.
enum Front {
    Bank(BankFront),
    Packet(BankPacket),
    Police(PoliceFront),
}

/// What stands in, and where.
pub(super) struct Mailbox {
    front: Front,
    /// The folder that it works on.
    folder: PathBuf,
    /// The server that the folder is kept in step with.
    server: Option<Opposite>,
    /// What it has said against the gateway so far.
    told: usize,
    /// Keeps the folder that stands for a server's, for as long as it runs.
    _own: Option<Own>,
}

/// A folder that goes with its value.
struct Own(PathBuf);

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}; delete it by hand, it holds what was ordered", self.0.display());
        }
    }
}

impl Own {
    fn new() -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let place = std::env::temp_dir().join(format!("xiezhi-front-{}", std::process::id()));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&place);
        made.with_context(|| format!("make the folder {}", place.display()))?;
        Ok(Self(place))
    }
}

impl Mailbox {
    /// Starts what fits the file, and says where it stands; `None` for a partner without a mailbox.
    pub(super) fn start(one: &OnePartner, county: &County, seed: u64) -> anyhow::Result<Option<(Self, String)>> {
        let text = |key: &str| one.options.entries.get(key).map(|entry| entry.text.expose().trim().to_owned());
        let own_key = match one.adapter.name {
            "bank_drop" => "bank_code",
            "bank_packet" | "police_drop" => "target",
            _ => return Ok(None),
        };
        let inside = text(own_key).with_context(|| format!("find `{own_key}`: the file has none"))?;
        let (folder, server, own, stands) = match (text("folder"), text("sftp")) {
            (Some(folder), _) => {
                let folder = Path::new(&folder).join(&inside);
                std::fs::create_dir_all(&folder).with_context(|| format!("make the box {}", folder.display()))?;
                let stands = format!("works on the folder {}", folder.display());
                (folder, None, None, stands)
            }
            (None, Some(address)) => {
                let server = opposite(&one.options, &inside).context("read the account: its options have faults")?;
                let own = Own::new()?;
                (own.0.clone(), Some(server), Some(own), format!("works on {address}, folder {inside}"))
            }
            (None, None) => bail!("find the box: the file names neither `folder` nor `sftp`"),
        };
        let (organ, works_on) = (text("organ").unwrap_or_default(), folder.clone());
        let front = match one.adapter.name {
            "bank_drop" => {
                let config = BankFrontConfig { folder: works_on, bank_code: inside, ..BankFrontConfig::default() };
                Front::Bank(BankFront::start(county, config)?)
            }
            "bank_packet" => {
                let config =
                    BankPacketConfig { folder: works_on, organ, target: inside, ..BankPacketConfig::default() };
                Front::Packet(BankPacket::open(county, config)?)
            }
            _ => {
                let config = PoliceFrontConfig { folder: works_on, organ, target: inside, seed };
                Front::Police(PoliceFront::open(county, config))
            }
        };
        Ok(Some((Self { front, folder, server, told: 0, _own: own }, stands)))
    }

    /// Rounds until a signal comes; each that did something says what.
    pub(super) fn run(mut self, poll_ms: u64) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            let mut timer = tokio::time::interval(Duration::from_millis(poll_ms.max(1)));
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = term.recv() => return Ok(()),
                    done = tokio::signal::ctrl_c() => return Ok(done?),
                    _ = timer.tick() => self.round().await?,
                }
            }
        })
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        if let Some(server) = &self.server
            && let Err(told) = fetch(server, &self.folder).await
        {
            eprintln!("{told}");
        }
        let findings = match &self.front {
            Front::Bank(bank) => {
                let report = bank.poll_now().await?;
                if (report.fetched, report.fed, report.handed_back) != (0, 0, 0) {
                    let (fetched, fed, back) = (report.fetched, report.fed, report.handed_back);
                    println!("fetched {fetched} · answered {fed} · handed back {back} · waiting {}", report.pending);
                }
                for error in report.errors {
                    eprintln!("{error}");
                }
                bank.findings()
            }
            Front::Packet(bank) => {
                let report = bank.poll().await;
                if (report.fetched, report.answered) != (0, 0) {
                    let (fetched, answered, refused) = (report.fetched, report.answered, report.refused);
                    println!("fetched {fetched} · answered {answered} · refused at the reception {refused}");
                }
                for error in report.errors {
                    eprintln!("{error}");
                }
                bank.findings()
            }
            Front::Police(police) => {
                let fetched = police.poll();
                if fetched > 0 {
                    println!("fetched {fetched} · received and answered {fetched}");
                }
                police.findings()
            }
        };
        for finding in findings.iter().skip(self.told) {
            println!("against the gateway: {finding}");
        }
        self.told = findings.len();
        if let Some(server) = &self.server
            && let Err(told) = leave(server, &self.folder).await
        {
            eprintln!("{told}");
        }
        Ok(())
    }
}

fn spoken(what: &str, error: &dyn std::fmt::Display) -> String {
    format!("{what}: {error}; tried again with the next round")
}

/// What waits on the server comes into the folder, and goes from the server once it lies there: fetched twice is fetched once.
async fn fetch(server: &Opposite, folder: &Path) -> Result<(), String> {
    let download = folder.join("download");
    std::fs::create_dir_all(&download).map_err(|error| spoken("make the folder", &error))?;
    let waiting = server.waiting().await.map_err(|cause| spoken("look into the box", &cause.told().1))?;
    for name in waiting.into_iter().filter(|name| name.ends_with(".zip")).take(FETCHED_MAX) {
        let read = server.read(&name).await.map_err(|cause| spoken("fetch a packet", &cause.told().1))?;
        let Some(bytes) = read else { continue };
        std::fs::write(download.join(&name), bytes).map_err(|error| spoken("keep a packet", &error))?;
        server.take(&name).await.map_err(|cause| spoken("take a packet away", &cause.told().1))?;
    }
    Ok(())
}

/// What the front machine left goes onto the server.
async fn leave(server: &Opposite, folder: &Path) -> Result<(), String> {
    let upload = folder.join("upload");
    let Ok(entries) = std::fs::read_dir(&upload) else { return Ok(()) };
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".zip") && !name.starts_with('.'));
    names.sort();
    for name in names.into_iter().take(FETCHED_MAX) {
        let bytes = std::fs::read(upload.join(&name)).map_err(|error| spoken("read a packet", &error))?;
        server.leave(&name, bytes).await.map_err(|cause| spoken("leave a packet", &cause.told().1))?;
        std::fs::remove_file(upload.join(&name)).map_err(|error| spoken("forget a packet", &error))?;
    }
    Ok(())
}
