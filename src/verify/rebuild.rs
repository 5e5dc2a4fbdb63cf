//! `xiezhi rebuild`: the index thrown away, and the tiles of the trail written anew where they are not what the journal gives.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use store::disk::{Disk, RealDisk};
use store::journal::each_record;
use trail::{CheckedTiles, Checkpoint, PackedTiles, SignedNote, TileCheck, leaf_hash};

use super::{FILE_BYTES_MAX, RebuildArguments};

/// Throws the index away and mends the tiles.
pub fn run(arguments: &RebuildArguments) -> anyhow::Result<ExitCode> {
    let data = &arguments.data;
    let index = engine::runtime::opening::index_folder(data);
    if !data.join("journal").exists() {
        bail!("{} is no data directory: it has no journal", data.display());
    }
    let Some(_held) = RealDisk.lock(&data.join("HELD"))? else {
        bail!("{} is in use: stop the gateway first", data.display());
    };
    if index.exists() {
        std::fs::remove_dir_all(&index).with_context(|| format!("removing {}", index.display()))?;
    }
    println!("the index is gone; the next start refills it from the journal and search says how far it is");
    let mended = tiles(data).context("the index is gone, the tiles of the trail were not touched")?;
    println!("tiles: {mended} written anew from the journal");
    Ok(ExitCode::SUCCESS)
}

/// Writes anew what is not as the journal gives it, once the journal is known to be the one that was signed.
fn tiles(data: &Path) -> anyhow::Result<u64> {
    let tiles = PackedTiles::new(data.join("trail"));
    let signed = signed(data)?;
    let mut found = TileCheck::new(&tiles);
    each_record(&RealDisk, data, &mut |_, record| {
        found.leaf(leaf_hash(record.leaf))?;
        match &signed {
            Some(signed) if signed.size() == found.size() && signed.root() != found.root() => {
                let told = "the journal does not give the root that was signed: it was altered, and the old tiles are evidence of what it was; keep everything and run `xiezhi verify`";
                Err(std::io::Error::other(told))
            }
            _ => Ok(()),
        }
    })?;
    if signed.is_some_and(|signed| signed.size() > found.size()) {
        bail!("the journal is shorter than what was signed; keep everything and run `xiezhi verify`");
    }
    let CheckedTiles { faults, unwritten, .. } = found.finish();
    if faults.is_empty() && unwritten == 0 {
        return Ok(0);
    }
    let mut mending = TileCheck::mending(&tiles);
    each_record(&RealDisk, data, &mut |_, record| mending.leaf(leaf_hash(record.leaf)))?;
    Ok(mending.finish().mended)
}

/// What the newest checkpoint says. Its signature is not asked for: whoever could write another one could write the tiles as well.
fn signed(data: &Path) -> anyhow::Result<Option<Checkpoint>> {
    let path = data.join("trail").join("checkpoint");
    if !path.exists() {
        return Ok(None);
    }
    let bytes = RealDisk.read_file(&path, FILE_BYTES_MAX).with_context(|| format!("reading {}", path.display()))?;
    let unread = |error: String| anyhow::anyhow!("{}: {error}", path.display());
    let note = SignedNote::parse(&bytes).map_err(|error| unread(error.to_string()))?;
    Ok(Some(Checkpoint::parse_body(note.text()).map_err(|error| unread(error.to_string()))?))
}
