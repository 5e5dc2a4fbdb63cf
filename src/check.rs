//! `xiezhi check` and `xiezhi token`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use store::random::{OsRandom, Random};

use crate::settings::{Overrides, load};

#[derive(Args)]
pub struct CheckArguments {
    /// Directory with gateway.toml, partners/, courts/, calendar/.
    #[arg(long, default_value = "config", env = "XIEZHI_CONFIG")]
    pub config: PathBuf,
}

/// Tells every fault at once.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    match load(&arguments.config, &Overrides::default()) {
        Ok(settings) => {
            for warning in &settings.warnings {
                println!("warning: {warning}");
            }
            println!(
                "{}: no fault; {} partner(s), {} court(s), {} token(s), digest {}",
                arguments.config.display(),
                settings.config.partners.len(),
                settings.config.courts.len(),
                settings.tokens.len(),
                settings.config.digest
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            for fault in &faults {
                println!("{fault}");
            }
            println!("{}: {} fault(s)", arguments.config.display(), faults.len());
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Mints a token.
pub fn mint_token() -> anyhow::Result<ExitCode> {
    let mut random = [0; 32];
    OsRandom.fill(&mut random);
    let (shown, hash) = web::tokens::mint(random);
    println!("token  {}", shown.expose());
    println!("sha256 {}", engine::vault::hex(&hash));
    Ok(ExitCode::SUCCESS)
}
