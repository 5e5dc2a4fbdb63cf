//! `xiezhi demo`: the main job in one go, over a made-up county and three simulated banks.

mod county;
mod files;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use simulators::{BankHttp, BankHttpConfig, BankHub, BankHubConfig, Fault, Knob};

use crate::client::{Client, number_at, text_at};
use crate::serve::{Gateway, all_faults, serve_until_told};
use crate::settings::{Overrides, load};
use county::{BANKS, DemoCounty};
use files::Place;
use show::Show;

/// Milliseconds between two polls of the pulling bank's hub.
const HUB_POLL_MS: u64 = 250;
/// The demo gives up when its request is not finished by then.
const PATIENCE: Duration = Duration::from_secs(50);

#[derive(Args)]
pub struct DemoArguments {
    /// Seed of the made-up county.
    #[arg(long, default_value_t = 20_261_122)]
    pub seed: u64,
    /// Port of the gateway; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Keep everything here and take it up again; otherwise a fresh folder under the system's temporary one.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// End after the result instead of staying up.
    #[arg(long)]
    pub exit: bool,
    /// First line of standard output as JSON; everything else goes to standard error.
    #[arg(long)]
    pub json: bool,
}

/// The simulated partners; they stop when this is dropped.
struct Banks {
    hub: Option<BankHub>,
    called: Vec<BankHttp>,
}

/// Runs the command.
pub fn run(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    crate::logging::start("error");
    let place = Place::take(arguments.data.clone(), arguments.seed)?;
    let county = DemoCounty::made_up(place.seed);
    let mut banks = Banks { hub: None, called: start_called(&place, &county)? };
    let urls: Vec<String> = banks.called.iter().map(|bank| bank.url.clone()).collect();
    place.write_config(arguments.port, &urls)?;
    let settings = load(&place.config, &Overrides::default()).map_err(all_faults)?;
    let gateway = Gateway::start(settings)?;
    banks.hub = Some(start_hub(&place, &county, &gateway.url())?);
    let partners = partner_list(&gateway, &banks, &place);
    let show = Show::new(arguments.json);
    if arguments.json {
        show.first_line(&gateway.url(), &place, &partners)?;
    }
    show.headline(&county, &gateway.url(), &partners);
    let client = Client::new(&gateway.url(), &place.tokens.submitter)?;
    let outcome = gateway.runtime().block_on(main_job(&client, &place, &county, &show));
    let finished = outcome.as_ref().copied().unwrap_or(false);
    if let Err(error) = &outcome {
        show.line(&format!("demo: {error:#}"));
    }
    if arguments.exit {
        drop(banks);
        gateway.stop()?;
        return Ok(if finished { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    show.stays_up(&gateway.url(), &place);
    let config = place.config.clone();
    let ended = serve_until_told(gateway, move || load(&config, &Overrides::default()));
    drop(banks);
    ended
}

fn start_called(place: &Place, county: &DemoCounty) -> anyhow::Result<Vec<BankHttp>> {
    let mut called = Vec::new();
    for (index, bank) in BANKS.iter().enumerate().filter(|(_, bank)| !bank.pulls) {
        let config = BankHttpConfig {
            token: place.tokens.bank.clone(),
            ledger: Some(place.ledger(bank.id)),
            rules: county.rules(),
            seed: place.seed,
            ..BankHttpConfig::default()
        };
        let bank = BankHttp::start(&county.of_bank(index), config).with_context(|| format!("starting {}", bank.id))?;
        bank.knobs().set(Knob::share(Fault::Delay, 1.0).ms(150));
        called.push(bank);
    }
    // One freeze takes effect and is never answered: the gateway must find out by our own number.
    if let Some(silent) = called.last() {
        silent.knobs().set(Knob::next(Fault::SilenceAfterAccept, 1).only("100201").ms(5_000));
    }
    Ok(called)
}

fn start_hub(place: &Place, county: &DemoCounty, gateway: &str) -> anyhow::Result<BankHub> {
    let config = BankHubConfig {
        gateway_url: format!("{gateway}/services/SyyhConvertDataService"),
        username: files::HUB_USER.to_owned(),
        password: place.tokens.bank.clone(),
        poll_ms: HUB_POLL_MS,
        ledger: Some(place.ledger("bank-a")),
        rules: county.rules(),
        seed: place.seed,
        ..BankHubConfig::default()
    };
    BankHub::start(&county.of_bank(0), config).context("starting the pulling bank's hub")
}

/// The partners for whoever scripts the demo; a pulling bank's credential is there so that another hub can stand in for it.
fn partner_list(gateway: &Gateway, banks: &Banks, place: &Place) -> Vec<Value> {
    let mut called = banks.called.iter();
    let entry = |bank: &county::Bank| {
        if bank.pulls {
            let url = format!("{}/services/SyyhConvertDataService", gateway.url());
            let credential = json!({ "username": files::HUB_USER, "password": place.tokens.bank });
            return json!({ "id": bank.id, "kind": "bank", "url": url, "credential": credential });
        }
        let (url, admin) = called.next().map(|bank| (bank.url.clone(), bank.admin_url.clone())).unwrap_or_default();
        json!({ "id": bank.id, "kind": "bank", "url": url, "admin_url": admin })
    };
    BANKS.iter().map(entry).collect()
}

/// Papers up, one press, and watch. Says whether the request finished.
async fn main_job(client: &Client, place: &Place, county: &DemoCounty, show: &Show) -> anyhow::Result<bool> {
    let began = Instant::now();
    let mut papers = Vec::new();
    for (kind, name) in county::PAPERS {
        let digest = client.upload(name, "application/pdf", county.paper(kind)).await?;
        papers.push(json!({ "kind": kind, "number": county.paper_number(kind), "file_name": name, "digest": digest }));
    }
    show.line(&format!("[{:>6.2}s] 文书已上传 {} papers uploaded", began.elapsed().as_secs_f64(), papers.len()));
    let accepted = client.submit("demo-collect-1", &county.request(&papers)).await?;
    let id = text_at(&accepted, "/request/id")?;
    let sequence = number_at(&accepted, "/receipt/sequence")?;
    show.line(&format!("[{:>6.2}s] 已受理 accepted {id}, receipt at {sequence}", began.elapsed().as_secs_f64()));
    let finished = watch(client, &id, show, began).await?;
    let view = client.get(&format!("/v1/requests/{id}?page_len=200")).await?;
    show.acts(&view);
    show.ledger(&view);
    show::receipt(client, place, &accepted, show).await?;
    show.trail(place)?;
    show.line(&format!(
        "[{:>6.2}s] {}",
        began.elapsed().as_secs_f64(),
        if finished { "已办结 finished" } else { "未办结 not finished" }
    ));
    Ok(finished)
}

async fn watch(client: &Client, id: &str, show: &Show, began: Instant) -> anyhow::Result<bool> {
    let mut version = 0;
    let mut seen = show::Seen::default();
    while began.elapsed() < PATIENCE {
        let view = client.get(&format!("/v1/requests/{id}?wait=2s&after_version={version}&page_len=200")).await?;
        version = number_at(&view, "/version")?;
        show.progress(&view, &mut seen, began);
        if text_at(&view, "/state")? != "open" {
            return Ok(true);
        }
    }
    Ok(false)
}
