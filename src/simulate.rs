//! `xiezhi simulate`: one simulated partner by itself, to try a gateway against.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulators::insurance::InsurerRules;
use simulators::{
    BankHttp, BankHttpConfig, BankHub, BankHubConfig, Callback, County, Grid, GridConfig, HousingFund,
    HousingFundConfig, Insurance, InsuranceConfig, OpenConfig, Police, PoliceConfig, RegistryHub, RegistryHubConfig,
    Trade,
};

#[derive(Args)]
pub struct SimulateArguments {
    /// Seed of the made-up county.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The county of the sample messages (one person, two accounts) instead of a made-up one.
    #[arg(long)]
    pub samples: bool,
    /// Keep the partner's books in this file, and take them up from it.
    #[arg(long, global = true)]
    pub ledger: Option<PathBuf>,
    #[command(subcommand)]
    kind: SimulateKind,
}

#[derive(Subcommand)]
enum SimulateKind {
    /// A bank that is called over HTTP and XML.
    BankHttp {
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:9101")]
        listen: SocketAddr,
        /// Its credential (X-Bank-Token).
        #[arg(long, default_value = "bank-token")]
        token: String,
    },
    /// A hub that polls the gateway's SOAP face: a bank's, a fund centre's, a payment institution's.
    BankHub {
        /// Whose hub it is.
        #[arg(long, value_enum, default_value = "bank")]
        trade: HubTrade,
        /// The face's address; of the trade's own face when left out.
        #[arg(long)]
        gateway_url: Option<String>,
        /// User in the usermarker.
        #[arg(long)]
        username: String,
        /// Password in it.
        #[arg(long, env = "XIEZHI_HUB_PASSWORD", hide_env_values = true)]
        password: String,
        /// Milliseconds between rounds.
        #[arg(long, default_value_t = 1_000)]
        poll_ms: u64,
    },
    /// A real-estate registry that polls the gateway's SOAP face, always in its working hours.
    RegistryHub {
        /// The face's address.
        #[arg(long, default_value = "http://127.0.0.1:8080/services/IpConvertDataService")]
        gateway_url: String,
        /// User in the usermarker.
        #[arg(long)]
        username: String,
        /// Password in it.
        #[arg(long, env = "XIEZHI_HUB_PASSWORD", hide_env_values = true)]
        password: String,
        /// Milliseconds between rounds.
        #[arg(long, default_value_t = 1_000)]
        poll_ms: u64,
    },
    /// An insurer; its notice period runs by days of its own.
    Insurance {
        #[command(flatten)]
        office: OfficeArguments,
        /// Days of the notice period before a policy is surrendered.
        #[arg(long, default_value_t = 3)]
        notice_days: i32,
        /// Milliseconds that such a day takes.
        #[arg(long, default_value_t = 1_000)]
        day_ms: u64,
    },
    /// A housing-fund centre.
    HousingFund {
        #[command(flatten)]
        office: OfficeArguments,
        /// Identity numbers of people who have retired, whose accounts are paid out at once.
        #[arg(long)]
        retired: Vec<String>,
    },
    /// Police.
    Police {
        #[command(flatten)]
        office: OfficeArguments,
    },
    /// A grid platform.
    Grid {
        #[command(flatten)]
        office: OfficeArguments,
    },
}

/// Whose hub it is.
#[derive(Clone, Copy, clap::ValueEnum)]
enum HubTrade {
    /// A bank.
    Bank,
    /// A housing-fund centre.
    Fund,
    /// A payment institution.
    Payment,
}

impl HubTrade {
    fn of(self) -> (Trade, &'static str) {
        match self {
            Self::Bank => (Trade::Bank, "SyyhConvertDataService"),
            Self::Fund => (Trade::Fund, "GjjConvertDataService"),
            Self::Payment => (Trade::Payment, "IfConvertDataService"),
        }
    }
}

/// What all partners of the open task form have.
#[derive(Args)]
struct OfficeArguments {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:9201")]
    listen: SocketAddr,
    /// What callers must show.
    #[arg(long, default_value = "partner-token")]
    token: String,
    /// The gateway that it posts to; without it results can only be asked for.
    #[arg(long, requires = "partner", requires = "callback_token")]
    gateway: Option<String>,
    /// Its id there.
    #[arg(long)]
    partner: Option<String>,
    /// What it shows there.
    #[arg(long, env = "XIEZHI_CALLBACK_TOKEN", hide_env_values = true)]
    callback_token: Option<String>,
}

impl OfficeArguments {
    fn config(self, seed: u64, ledger: Option<PathBuf>) -> OpenConfig {
        let callback = match (self.gateway, self.partner, self.callback_token) {
            (Some(gateway), Some(partner), Some(token)) => Some(Callback { gateway, partner, token }),
            _ => None,
        };
        let first_day = today();
        OpenConfig {
            address: self.listen,
            token: self.token,
            callback,
            seed,
            ledger,
            first_day,
            ..OpenConfig::default()
        }
    }
}

/// The day in Beijing.
pub(crate) fn today() -> simulators::Day {
    let (year, month, day) = domain::Day::of(crate::demo::county::now()).ymd();
    simulators::Day::new(year, month, day).unwrap_or(simulators::Day::EPOCH)
}

/// Polls until a signal comes.
pub(crate) fn poll(registry: &RegistryHub, poll_ms: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let mut timer = tokio::time::interval(std::time::Duration::from_millis(poll_ms.max(1)));
        loop {
            tokio::select! {
                _ = term.recv() => return Ok(()),
                done = tokio::signal::ctrl_c() => return Ok(done?),
                _ = timer.tick() => {
                    for error in registry.poll_now().await.errors {
                        eprintln!("{error}");
                    }
                }
            }
        }
    })
}

/// Runs until a signal comes.
pub fn run(arguments: SimulateArguments) -> anyhow::Result<ExitCode> {
    let county = if arguments.samples { County::of_the_samples() } else { County::made_up(arguments.seed, 40, 10) };
    let (ledger, seed) = (arguments.ledger, arguments.seed);
    match arguments.kind {
        SimulateKind::BankHttp { listen, token } => {
            let config = BankHttpConfig { address: listen, token, ledger, seed, ..BankHttpConfig::default() };
            let bank = BankHttp::start(&county, config)?;
            println!("bank_http at {} · knobs at {} · Ctrl-C ends it", bank.url, bank.admin_url);
            wait()?;
            bank.stop();
        }
        SimulateKind::BankHub { trade, gateway_url, username, password, poll_ms } => {
            let (trade, path) = trade.of();
            let gateway_url = gateway_url.unwrap_or_else(|| format!("http://127.0.0.1:8080/services/{path}"));
            let own = BankHubConfig { trade, gateway_url, username, password, ..BankHubConfig::default() };
            let config = BankHubConfig { poll_ms, ledger, seed, ..own };
            let hub = BankHub::start(&county, config)?;
            println!("bank_hub polls every {poll_ms} ms · Ctrl-C ends it");
            wait()?;
            hub.stop();
        }
        SimulateKind::RegistryHub { gateway_url, username, password, poll_ms } => {
            let first_day = today();
            let config =
                RegistryHubConfig { gateway_url, username, password, first_day, ..RegistryHubConfig::default() };
            let registry = RegistryHub::start(&county, config)?;
            println!("registry_hub polls every {poll_ms} ms · Ctrl-C ends it");
            poll(&registry, poll_ms)?;
        }
        SimulateKind::Insurance { office, notice_days, day_ms } => {
            let rules = InsurerRules { notice_days, day_ms, ..InsurerRules::default() };
            let insurer = Insurance::start(&county, InsuranceConfig { open: office.config(seed, ledger), rules })?;
            println!("insurance at {} · knobs at {} · Ctrl-C ends it", insurer.url(), insurer.admin_url());
            wait()?;
            insurer.stop();
        }
        SimulateKind::HousingFund { office, retired } => {
            let config = HousingFundConfig { open: office.config(seed, ledger), ..HousingFundConfig::default() };
            let fund = HousingFund::start(&county, config)?;
            for person in retired {
                fund.retire(&person)?;
            }
            println!("housing_fund at {} · knobs at {} · Ctrl-C ends it", fund.url(), fund.admin_url());
            wait()?;
            fund.stop();
        }
        SimulateKind::Police { office } => {
            let config = PoliceConfig { open: office.config(seed, ledger), ..PoliceConfig::default() };
            let police = Police::start(&county, config)?;
            println!("police at {} · knobs at {} · Ctrl-C ends it", police.url(), police.admin_url());
            wait()?;
            police.stop();
        }
        SimulateKind::Grid { office } => {
            let config = GridConfig { open: office.config(seed, ledger), ..GridConfig::default() };
            let grid = Grid::start(&county, config)?;
            println!("grid at {} · knobs at {} · Ctrl-C ends it", grid.url(), grid.admin_url());
            wait()?;
            grid.stop();
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Until a signal comes.
pub(crate) fn wait() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = term.recv() => {}
            done = tokio::signal::ctrl_c() => done?,
        }
        Ok(())
    })
}
