//! `xiezhi verify` and `xiezhi rebuild`: what an auditor and an operator do offline.

mod contents;
mod directory;
mod ended;
pub mod evidence;
mod head;
mod rebuild;

pub use rebuild::run as rebuild;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use store::disk::{Disk, ReadOnlyDisk};
use trail::{Bundle, NoteVerifier, ReceiptVerifier};

/// The longest bundle or checkpoint read from a file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The longest file of evidence: a hundred pages of 200 events.
const EVIDENCE_BYTES_MAX: u64 = 128 << 20;
/// Exit code where nothing was altered and something is missing or not proven yet; 1 = altered.
const NOT_COMPLETE: u8 = 3;

#[derive(Args)]
pub struct VerifyArguments {
    /// Data directory of a stopped gateway, or a copy of one.
    #[arg(long, conflicts_with = "bundle")]
    pub data: Option<PathBuf>,
    /// A proof bundle (c2sp.org/tlog-proof@v1).
    #[arg(long)]
    pub bundle: Option<PathBuf>,
    /// What proves an act, as `xiezhi request evidence` wrote it; exit code 3 = nothing altered, and not all of it there.
    #[arg(long, conflicts_with_all = ["data", "bundle"])]
    pub evidence: Option<PathBuf>,
    /// The public key of the checkpoints, as `/trail/keys` shows it; for `--evidence` given twice, with the receipt key from there.
    #[arg(long, required = true)]
    pub key: Vec<String>,
    /// Configuration of that gateway: with its master key every key slot and every snapshot of `--data` is opened too.
    #[arg(long, conflicts_with_all = ["bundle", "evidence"])]
    pub config: Option<PathBuf>,
    /// An earlier checkpoint to be held against (truncation, rollback, fork); may be given several times.
    #[arg(long)]
    pub earlier: Vec<PathBuf>,
}

#[derive(Args)]
pub struct RebuildArguments {
    /// Data directory of a stopped gateway.
    #[arg(long)]
    pub data: PathBuf,
}

/// Verifies.
pub fn run(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let (key, receipts) = keys(&arguments.key)?;
    if let Some(file) = &arguments.evidence {
        let bytes =
            ReadOnlyDisk.read_file(file, EVIDENCE_BYTES_MAX).with_context(|| format!("reading {}", file.display()))?;
        let saved: Value = serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", file.display()))?;
        let checked = evidence::check(&saved, &key, receipts.as_ref())?;
        println!("{checked}");
        return Ok(if checked.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(NOT_COMPLETE) });
    }
    match (&arguments.data, &arguments.bundle) {
        (Some(data), _) => directory::check(data, arguments.config.as_deref(), &key, &arguments.earlier),
        (None, Some(bundle)) => {
            let text = read_text(bundle)?;
            let bundle = Bundle::decode(&text).map_err(|error| anyhow::anyhow!("{error}"))?;
            let verified = bundle.check(&[key]).map_err(|error| anyhow::anyhow!("{error}"))?;
            println!("bundle sound: leaf {} of {}", bundle.index, verified.checkpoint.size());
            Ok(ExitCode::SUCCESS)
        }
        (None, None) => bail!("name what to verify: --data DIR, --bundle FILE or --evidence FILE"),
    }
}

/// The key of checkpoints among those given, and that of receipts when it is there.
///
/// # Errors
/// When one is neither, or none is of checkpoints.
pub fn keys(given: &[String]) -> anyhow::Result<(NoteVerifier, Option<ReceiptVerifier>)> {
    let (mut checkpoints, mut receipts) = (None, None);
    for key in given {
        match (NoteVerifier::parse(key), ReceiptVerifier::parse(key)) {
            (_, Ok(key)) => receipts = Some(key),
            (Ok(key), _) => checkpoints = Some(key),
            (Err(error), _) => bail!("--key: {error}"),
        }
    }
    let checkpoints = checkpoints.context("--key: the key of the checkpoints is missing; /trail/keys shows it")?;
    Ok((checkpoints, receipts))
}

fn read_text(path: &std::path::Path) -> anyhow::Result<String> {
    let bytes = ReadOnlyDisk.read_file(path, FILE_BYTES_MAX).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8(bytes)?)
}
