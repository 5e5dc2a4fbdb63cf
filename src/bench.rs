//! `xiezhi simulate`: one simulated partner by itself, to try a gateway against.

use std::process::ExitCode;

use clap::Args;

#[derive(Args)]
pub struct BenchArguments {}

pub fn run(_arguments: BenchArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}
