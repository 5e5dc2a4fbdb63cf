//! `xiezhi verify` and `xiezhi rebuild`: what an auditor and an operator do offline.

pub mod evidence;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use store::blobs::BlobStore;
use store::disk::{Disk, RealDisk};
use store::journal::{each_record, verify_all};
use trail::{Auditor, Bundle, NoteVerifier};

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
    /// The public verifier key of the checkpoints, as `/trail/keys` shows it.
    #[arg(long)]
    pub key: String,
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
    let key = NoteVerifier::parse(&arguments.key).map_err(|error| anyhow::anyhow!("--key: {error}"))?;
    if let Some(file) = &arguments.evidence {
        let bytes =
            RealDisk.read_file(file, EVIDENCE_BYTES_MAX).with_context(|| format!("reading {}", file.display()))?;
        let saved: Value = serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", file.display()))?;
        let checked = evidence::check(&saved, &key)?;
        println!("{checked}");
        return Ok(if checked.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(NOT_COMPLETE) });
    }
    match (&arguments.data, &arguments.bundle) {
        (Some(data), _) => directory(data, &key, &arguments.earlier),
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

fn read_text(path: &std::path::Path) -> anyhow::Result<String> {
    let bytes = RealDisk.read_file(path, FILE_BYTES_MAX).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8(bytes)?)
}

fn directory(data: &std::path::Path, key: &NoteVerifier, earlier: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let checked = verify_all(&RealDisk, data)?;
    println!("journal sound: {checked:?}");
    let (whole, damaged) = BlobStore::verify_folder(&RealDisk, &data.join("blobs"))?;
    for path in &damaged {
        println!(
            "finding: {} does not have the digest in its name; restore it from the mirror or a backup",
            path.display()
        );
    }
    println!("blobs {}: {whole}", if damaged.is_empty() { "sound" } else { "NOT sound" });
    let note = read_text(&data.join("trail").join("checkpoint"))?;
    let mut auditor = Auditor::new(note.as_bytes(), std::slice::from_ref(key));
    for path in earlier {
        auditor.earlier(read_text(path)?.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    let leaves = each_record(&RealDisk, data, &mut |_, record| {
        auditor.leaf(record.leaf).map_err(|error| std::io::Error::other(error.to_string()))
    })?;
    let verdict = auditor.finish();
    for finding in &verdict.findings {
        println!("finding: {finding:?}");
    }
    let sound = verdict.is_sound();
    println!("trail {}: {leaves} leaves, root {}", if sound { "sound" } else { "NOT sound" }, verdict.root);
    Ok(if sound && damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Throws the index away.
pub fn rebuild(arguments: &RebuildArguments) -> anyhow::Result<ExitCode> {
    let index = engine::runtime::opening::index_folder(&arguments.data);
    if !arguments.data.join("journal").exists() {
        bail!("{} is no data directory: it has no journal", arguments.data.display());
    }
    let Some(_held) = RealDisk.lock(&arguments.data.join("HELD"))? else {
        bail!("{} is in use: stop the gateway first", arguments.data.display());
    };
    if index.exists() {
        std::fs::remove_dir_all(&index).with_context(|| format!("removing {}", index.display()))?;
    }
    println!("the index is gone; the next start refills it from the journal and search says how far it is");
    Ok(ExitCode::SUCCESS)
}
