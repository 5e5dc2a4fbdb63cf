//! `xiezhi verify` and `xiezhi rebuild`: what an auditor and an operator do offline.

mod directory;
mod rebuild;

pub use rebuild::run as rebuild;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use store::disk::{Disk, RealDisk};
use trail::{Bundle, Hash, NoteVerifier};

/// The longest bundle or checkpoint read from a file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The longest file of evidence: a hundred pages of 200 events.
const EVIDENCE_BYTES_MAX: u64 = 128 << 20;

#[derive(Args)]
pub struct VerifyArguments {
    /// Data directory of a stopped gateway, or a copy of one.
    #[arg(long, conflicts_with = "bundle")]
    pub data: Option<PathBuf>,
    /// A proof bundle (c2sp.org/tlog-proof@v1).
    #[arg(long)]
    pub bundle: Option<PathBuf>,
    /// What proves an act, as `xiezhi request evidence` wrote it.
    #[arg(long, conflicts_with_all = ["data", "bundle"])]
    pub evidence: Option<PathBuf>,
    /// The public verifier key of the checkpoints, as `/trail/keys` shows it.
    #[arg(long)]
    pub key: String,
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
    let key = NoteVerifier::parse(&arguments.key).map_err(|error| anyhow::anyhow!("--key: {error}"))?;
    if let Some(file) = &arguments.evidence {
        let bytes =
            RealDisk.read_file(file, EVIDENCE_BYTES_MAX).with_context(|| format!("reading {}", file.display()))?;
        let saved: Value = serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", file.display()))?;
        return evidence(&saved, &key).map(|told| {
            println!("{told}");
            ExitCode::SUCCESS
        });
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

fn read_text(path: &std::path::Path) -> anyhow::Result<String> {
    let bytes = RealDisk.read_file(path, FILE_BYTES_MAX).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8(bytes)?)
}

/// Checks every event of what proves an act: its leaf, its hash and its proof against the checkpoint that came with it, which must be signed by `key`.
/// Says how many were proven.
pub fn evidence(saved: &Value, key: &NoteVerifier) -> anyhow::Result<String> {
    let pages: Vec<&Value> = match saved {
        Value::Array(pages) => pages.iter().collect(),
        page => vec![page],
    };
    let (mut proven, mut uncovered, mut size) = (0_u64, 0_u64, 0_u64);
    for page in pages {
        let checkpoint = page.get("checkpoint").and_then(Value::as_str).context("the answer has no checkpoint")?;
        for event in page.get("events").and_then(Value::as_array).context("the answer has no events")? {
            let index = event.get("sequence").and_then(Value::as_u64).context("an event has no sequence")?;
            let Some(hashes) = event.get("proof").and_then(Value::as_array) else {
                uncovered += 1;
                continue;
            };
            let proof = hashes.iter().map(|hash| hash.as_str().and_then(hash_of)).collect::<Option<Vec<Hash>>>();
            let proof = proof.with_context(|| format!("event {index}: a hash of its proof is none"))?;
            // The leaf is canonical JSON, and serde_json writes what it read in that form.
            let leaf = serde_json::to_vec(event.get("leaf").with_context(|| format!("event {index} has no leaf"))?)?;
            let stated = event.get("leaf_hash").and_then(Value::as_str).and_then(hash_of);
            if stated != Some(trail::leaf_hash(&leaf)) {
                bail!("event {index}: its leaf does not have the hash that stands beside it: it was altered");
            }
            if event.get("name") != event.get("leaf").and_then(|leaf| leaf.get("e")) {
                bail!("event {index}: its name is not the one in its leaf: it was altered");
            }
            let bundle = Bundle { leaf, index, proof, checkpoint: checkpoint.to_owned() };
            let verified = bundle
                .check(std::slice::from_ref(key))
                .map_err(|error| anyhow::anyhow!("event {index} is not proven: {error}"))?;
            (proven, size) = (proven + 1, size.max(verified.checkpoint.size()));
        }
    }
    let rest = match uncovered {
        0 => String::new(),
        more => format!("; {more} newer than the checkpoint: ask again in a second"),
    };
    Ok(format!("evidence sound: {proven} events proven in a tree of {size}{rest}"))
}

fn hash_of(hex: &str) -> Option<Hash> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits = hex.as_bytes().iter().map(digit).collect::<Option<Vec<u8>>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect();
    if hex.len() == 64 { Hash::from_slice(&bytes) } else { None }
}
