//! `xiezhi simulate`: one simulated partner by itself, to try a gateway against.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulators::{BankHttp, BankHttpConfig, BankHub, BankHubConfig, County};

#[derive(Args)]
pub struct SimulateArguments {
    /// Seed of the made-up county.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The county of the sample messages (one person, two accounts) instead of a made-up one.
    #[arg(long)]
    pub samples: bool,
    /// Keep the bank's books in this file.
    #[arg(long)]
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
    /// A bank's hub that polls the gateway's SOAP face.
    BankHub {
        /// The face's address.
        #[arg(long, default_value = "http://127.0.0.1:8080/services/SyyhConvertDataService")]
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
        SimulateKind::BankHub { gateway_url, username, password, poll_ms } => {
            let config =
                BankHubConfig { gateway_url, username, password, poll_ms, ledger, seed, ..BankHubConfig::default() };
            let hub = BankHub::start(&county, config)?;
            println!("bank_hub polls every {poll_ms} ms · Ctrl-C ends it");
            wait()?;
            hub.stop();
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn wait() -> anyhow::Result<()> {
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
