//! `xiezhi partner simulate`: the simulator that fits a partner's adapter, at the address of its file.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::socket::Plug;
use reqwest::Url;
use simulators::{
    BankHttp, BankHttpConfig, BankHub, BankHubConfig, Callback, County, Grid, GridConfig, HousingFund,
    HousingFundConfig, Insurance, InsuranceConfig, OpenConfig, Police, PoliceConfig, RegistryHub, RegistryHubConfig,
    Scripted, ScriptedConfig, Trade,
};

use super::FileArguments;
use super::mailbox::Mailbox;
use super::scripted;
use crate::settings::{OnePartner, load_partner};

/// Parameters of `partner simulate`.
#[derive(Args)]
pub(super) struct SimulateArguments {
    #[command(flatten)]
    file: FileArguments,
    /// Seed of the made-up county.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The county of the sample messages instead of a made-up one.
    #[arg(long)]
    samples: bool,
    /// The gateway that it posts to or polls.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    gateway: String,
    /// Milliseconds between the rounds of one that polls or looks into a mailbox.
    #[arg(long, default_value_t = 1_000)]
    poll_ms: u64,
    /// What it shows there when it posts; without it results can only be asked for.
    #[arg(long, env = "XIEZHI_CALLBACK_TOKEN", hide_env_values = true)]
    callback_token: Option<String>,
}

/// Runs until a signal comes.
pub(super) fn run(arguments: &SimulateArguments) -> anyhow::Result<ExitCode> {
    let FileArguments { id, config } = &arguments.file;
    let one = match load_partner(config, id) {
        Ok(one) => one,
        Err(faults) => {
            for fault in &faults {
                println!("{fault}");
            }
            bail!("read the file of {id}: it has {} fault(s); mend them first", faults.len());
        }
    };
    let county = if arguments.samples { County::of_the_samples() } else { County::made_up(arguments.seed, 40, 10) };
    if let Some((mailbox, stands)) = Mailbox::start(&one, &county, arguments.seed)? {
        println!("{} stands in for {id}: {stands}", one.adapter.name);
        println!("it fetches what lies in download and leaves its answers in upload; Ctrl-C ends it");
        mailbox.run(arguments.poll_ms)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Standing(at, hints, simulator) = start(&one, arguments, &county)?;
    println!("{} stands in for {id}: {at}", one.adapter.name);
    for line in &hints {
        println!("{line}");
    }
    println!("Ctrl-C ends it");
    match simulator {
        Simulator::Alone(simulator) => {
            crate::simulate::wait()?;
            drop(simulator);
        }
        Simulator::Registry(registry, poll_ms) => crate::simulate::poll(&registry, poll_ms)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Where it stands, what to write into the file, and what keeps it running.
struct Standing(String, Vec<String>, Simulator);

/// What keeps it running.
enum Simulator {
    /// A thread of its own, until it is dropped.
    Alone(Box<dyn std::any::Any>),
    /// A registry has a clerk and no thread: it polls when it is told, every so many milliseconds.
    Registry(Box<RegistryHub>, u64),
}

fn start(one: &OnePartner, arguments: &SimulateArguments, county: &County) -> anyhow::Result<Standing> {
    let text = |key: &str| one.options.entries.get(key).map(|entry| entry.text.expose().clone());
    match one.plug {
        Plug::Pull(_) => return hub(one, arguments, county),
        Plug::Inbox => bail!(
            "stand in for {}: it is answered by people; sign in at {}/console/partner with a token of its [[clerks]]",
            arguments.file.id,
            arguments.gateway.trim_end_matches('/')
        ),
        Plug::CallOut(_) => {}
    }
    let url =
        text("url").context("find the address: this adapter talks over no network, so nothing stands in for it")?;
    let address = address(&url);
    let at = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let callback = arguments.callback_token.clone().map(|token| Callback {
        gateway: arguments.gateway.clone(),
        partner: arguments.file.id.clone(),
        token,
    });
    let token = text("token").unwrap_or_default();
    let open = || OpenConfig {
        address: at,
        token: token.clone(),
        callback: callback.clone(),
        seed: arguments.seed,
        ..OpenConfig::default()
    };
    let (stands_at, keeps): (String, Box<dyn std::any::Any>) = match one.adapter.name {
        "bank_http" => {
            let config = BankHttpConfig { address: at, token, seed: arguments.seed, ..BankHttpConfig::default() };
            let bank = BankHttp::start(county, config)?;
            (bank.url.clone(), Box::new(bank))
        }
        "insurance_open" => {
            let insurer = Insurance::start(county, InsuranceConfig { open: open(), ..InsuranceConfig::default() })?;
            (insurer.url().to_owned(), Box::new(insurer))
        }
        "housing_fund_open" => {
            let fund = HousingFund::start(county, HousingFundConfig { open: open(), ..HousingFundConfig::default() })?;
            (fund.url().to_owned(), Box::new(fund))
        }
        "police_open" => {
            let police = Police::start(county, PoliceConfig { open: open(), ..PoliceConfig::default() })?;
            (police.url().to_owned(), Box::new(police))
        }
        "grid_open" => {
            let grid = Grid::start(county, GridConfig { open: open(), ..GridConfig::default() })?;
            (grid.url().to_owned(), Box::new(grid))
        }
        "mapped_json" => {
            let config =
                ScriptedConfig { address: at, callback, seed: arguments.seed, ..scripted::config(&one.options) };
            let partner = Scripted::start(scripted::script(&one.options, &one.partner.acts)?, config)?;
            (partner.url().to_owned(), Box::new(partner))
        }
        other => bail!("stand in for a partner of the adapter {other}: no simulator fits it; try the partner itself"),
    };
    let hints = match address {
        Some(_) => Vec::new(),
        None => vec![
            "its file names an address that is not of this machine; to try it here, write into [options]:".to_owned(),
            format!("url = \"{}/\"", stands_at.trim_end_matches('/')),
        ],
    };
    Ok(Standing(stands_at, hints, Simulator::Alone(keeps)))
}

/// A partner that fetches stands nowhere: it polls the gateway with the credential of its file.
fn hub(one: &OnePartner, arguments: &SimulateArguments, county: &County) -> anyhow::Result<Standing> {
    let credential = one.partner.credential.as_ref().context("find its credential: the file has none")?;
    let faces = adapters::faces();
    let face = faces.iter().find(|face| face.kind() == one.partner.kind).context("find its face: there is none")?;
    let gateway_url = format!("{}{}", arguments.gateway.trim_end_matches('/'), face.path());
    let (username, password) = (credential.username.clone(), credential.password.expose().clone());
    let stands = format!("polls {gateway_url}");
    let trade = match one.adapter.name {
        "registry_pull" => {
            let config = RegistryHubConfig {
                gateway_url,
                username,
                password,
                first_day: crate::simulate::today(),
                ..RegistryHubConfig::default()
            };
            let registry = RegistryHub::start(county, config)?;
            return Ok(Standing(stands, Vec::new(), Simulator::Registry(Box::new(registry), arguments.poll_ms)));
        }
        "housing_fund_pull" => Trade::Fund,
        "payment_pull" => Trade::Payment,
        _ => Trade::Bank,
    };
    let config = BankHubConfig {
        trade,
        gateway_url,
        username,
        password,
        poll_ms: arguments.poll_ms,
        seed: arguments.seed,
        ..BankHubConfig::default()
    };
    let hub = BankHub::start(county, config)?;
    // It is another's reading of the form, and knows none of our tables.
    let hint = "it speaks the form itself and no dialect: leave options.dialect out while it stands in".to_owned();
    let hints = one.options.dialect.is_some().then_some(hint).into_iter().collect();
    Ok(Standing(stands, hints, Simulator::Alone(Box::new(hub))))
}

/// The address in the file, when it is one of this machine and without TLS; a simulator has no certificate.
fn address(url: &str) -> Option<SocketAddr> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let mut found = (host.as_str(), url.port_or_known_default()?).to_socket_addrs().ok()?;
    found.find(|address| address.ip().is_loopback())
}
