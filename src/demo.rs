//! `xiezhi demo`: the main job in one go, over a made-up county with banks, a fund centre, an insurer and police.

mod counter;
pub mod county;
mod files;
mod job;
mod partners;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::serve::{Gateway, all_faults, serve_until_told};
use crate::settings::{Overrides, load};
use county::DemoCounty;
use files::Place;
use job::Job;
use partners::Partners;
use show::Show;

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

/// Runs the command.
pub fn run(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    crate::logging::start("error");
    let place = Place::take(arguments.data.clone(), arguments.seed)?;
    let county = DemoCounty::made_up(place.seed);
    let mut partners = Partners::start(&place, &county)?;
    place.write_config(arguments.port, |id| partners.url_of(id))?;
    let settings = load(&place.config, &Overrides::default()).map_err(all_faults)?;
    let gateway = Gateway::start(settings)?;
    partners.meet(&place, &county, &gateway.url())?;
    let list = partners.list(&gateway.url(), &place);
    let show = Show::new(arguments.json);
    if arguments.json {
        show.first_line(&gateway.url(), &place, &list)?;
    }
    let claim = county.claim();
    show.headline(&county, claim, &gateway.url(), &list);
    let job = Job::new(&gateway.url(), &place, &county, &partners, &show, claim)?;
    let outcome = gateway.runtime().block_on(job.run());
    let finished = outcome.as_ref().copied().unwrap_or(false);
    if let Err(error) = &outcome {
        show.line(&format!("demo: {error:#}"));
    }
    drop(job);
    if arguments.exit {
        drop(partners);
        gateway.stop()?;
        return Ok(if finished { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    show.stays_up(&gateway.url(), &place);
    let config = place.config.clone();
    let ended = serve_until_told(gateway, move || load(&config, &Overrides::default()));
    drop(partners);
    ended
}
