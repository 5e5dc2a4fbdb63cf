//! `xiezhi verify --data`: journal, bodies, keys, snapshots, tiles and trail of one data directory; nothing in it is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use store::blobs::BlobStore;
use store::disk::ReadOnlyDisk;
use store::journal::{each_record, verify_all};
use store::keys::{CheckedKeys, KeyShape, SlotState, check_keys};
use store::record::read_leaf;
use store::seal::master::MasterKey;
use store::snapshot::{CheckedSnapshot, check_snapshots};
use trail::{Auditor, CheckedTiles, NoteVerifier, PackedTiles, TileCheck, TileFault, TileName, TilePath, leaf_hash};

use super::contents::Contents;
use super::ended::EndedKeys;
use super::read_text;
use crate::serve::{all_faults, master_key};
use crate::settings::{Overrides, load};

/// Findings of one kind that are printed; a folder under another key would name each of its slots.
pub(super) const PRINTED_MAX: usize = 100;

/// Checks all of it; every finding is printed with its file and what to do about it.
pub(super) fn check(
    data: &Path,
    config: Option<&Path>,
    key: &NoteVerifier,
    earlier: &[PathBuf],
) -> anyhow::Result<ExitCode> {
    let master = config.map(|config| master_of(config, data)).transpose()?;
    let mut is_sound = journal(data)?;
    is_sound &= blobs(data)?;
    let mut walked = Walked { keys: keys(data, master.as_ref())?, ..Walked::default() };
    let root = walked.keys.as_ref().and_then(|keys| keys.root.clone());
    let folder = data.join("snapshot");
    let snapshots = if folder.exists() { check_snapshots(&ReadOnlyDisk, &folder, root.as_ref())? } else { Vec::new() };

    let note = read_text(&data.join("trail").join("checkpoint"))?;
    let mut auditor = Auditor::new(note.as_bytes(), std::slice::from_ref(key));
    for path in earlier {
        auditor.earlier(read_text(path)?.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    let stored = PackedTiles::new(data.join("trail"));
    let mut tiles = TileCheck::new(&stored);
    let is_opened = master.is_some();
    let (mut contents, mut ended) = (Contents::new(data, master), EndedKeys::default());
    let leaves = each_record(&ReadOnlyDisk, data, &mut |sequence, record| {
        walked.leaf(sequence, record.leaf);
        // A leaf of a later release is no finding: the trail proves its bytes whatever they mean.
        if let Ok(leaf) = read_leaf(record.leaf) {
            contents.record(sequence, &leaf, record, walked.keys.as_ref());
            ended.leaf(sequence, &leaf, walked.keys.as_ref());
        }
        tiles.leaf(leaf_hash(record.leaf))?;
        auditor.leaf(record.leaf).map_err(|error| std::io::Error::other(error.to_string()))
    })?;
    is_sound &= tell_keys(&walked, &ended, is_opened);
    is_sound &= contents.finish(is_opened, walked.keys.as_ref(), walked.sealed);
    is_sound &= tell_snapshots(&walked, &snapshots, root.is_some());
    is_sound &= tell_tiles(&tiles.finish(), &stored);
    let verdict = auditor.finish();
    for finding in &verdict.findings {
        println!("finding: {finding:?}");
    }
    is_sound &= verdict.is_sound();
    println!("trail {}: {leaves} leaves, root {}", sound(verdict.is_sound()), verdict.root);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) const fn sound(is_sound: bool) -> &'static str {
    if is_sound { "sound" } else { "NOT sound" }
}

fn master_of(config: &Path, data: &Path) -> anyhow::Result<MasterKey> {
    let overrides = Overrides { data: Some(data.to_owned()), ..Overrides::default() };
    let settings = load(config, &overrides).map_err(all_faults)?;
    master_key(&settings.master, data)
}

/// The records, and whether a start would take the journal up.
fn journal(data: &Path) -> anyhow::Result<bool> {
    let checked = verify_all(&ReadOnlyDisk, data)?;
    let refused = checked.refused.as_ref();
    if let Some(damage) = refused {
        println!("finding: {damage}");
    }
    println!("journal {}: {checked:?}", sound(refused.is_none()));
    Ok(refused.is_none())
}

fn blobs(data: &Path) -> anyhow::Result<bool> {
    let (whole, damaged) = BlobStore::verify_folder(&ReadOnlyDisk, &data.join("blobs"))?;
    for path in &damaged {
        println!(
            "finding: {} does not have the digest in its name; restore it from the mirror or a backup",
            path.display()
        );
    }
    println!("blobs {}: {whole}", sound(damaged.is_empty()));
    Ok(damaged.is_empty())
}

/// The slots; none where a copy came without them, which leaves and proofs do not need.
fn keys(data: &Path, master: Option<&MasterKey>) -> anyhow::Result<Option<CheckedKeys>> {
    let folder = data.join("keys");
    if !folder.exists() {
        return Ok(None);
    }
    Ok(Some(check_keys(&ReadOnlyDisk, &folder, master, KeyShape::default())?))
}

/// What the leaves say about keys and snapshots.
#[derive(Default)]
struct Walked {
    keys: Option<CheckedKeys>,
    /// Bodies under slots that cannot give a key: how many, and the first event.
    unreadable: BTreeMap<u64, (u64, u64)>,
    /// Events with a body.
    sealed: u64,
    /// Digests of snapshots, by the first event that is not in them.
    snapshots: BTreeMap<u64, String>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    e: &'a str,
    #[serde(borrow)]
    f: &'a RawValue,
    #[serde(default)]
    k: u64,
    #[serde(default)]
    body: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Taken {
    digest: String,
    #[serde(default)]
    next: u64,
}

impl Walked {
    /// A leaf of a later release is no finding here: the trail proves its bytes whatever they mean.
    fn leaf(&mut self, sequence: u64, leaf: &[u8]) {
        let Ok(named) = serde_json::from_slice::<Named<'_>>(leaf) else { return };
        self.sealed += u64::from(named.body.is_some());
        if named.body.is_some()
            && let Some(keys) = &self.keys
            && !matches!(keys.state(named.k), Some(SlotState::Live | SlotState::Destroyed))
        {
            self.unreadable.entry(named.k).or_insert((0, sequence)).0 += 1;
        }
        if named.e == "snapshot.taken"
            && let Ok(taken) = serde_json::from_str::<Taken>(named.f.get())
        {
            self.snapshots.insert(taken.next, taken.digest);
            // The folder holds the newest few.
            if self.snapshots.len() > PRINTED_MAX {
                self.snapshots.pop_first();
            }
        }
    }
}

fn tell_keys(walked: &Walked, ended: &EndedKeys, opened: bool) -> bool {
    let Some(keys) = &walked.keys else {
        println!(
            "keys not checked: there are none here; without them no content can be read, and the gateway does not start"
        );
        return true;
    };
    let lost = |slot: u64| match walked.unreadable.get(&slot) {
        _ if slot == 0 => "nothing can be read and the gateway does not start".to_owned(),
        Some((count, first)) => format!("{count} event(s) from {first} on are sealed under it and cannot be read"),
        None => "no event names it".to_owned(),
    };
    let mut told: Vec<String> = Vec::new();
    for fault in &keys.faults {
        let place = format!("{} at byte {}", fault.path.display(), fault.offset);
        told.push(match fault.slot {
            Some(slot) => format!(
                "{place}, key slot {slot}: {}; {}; put its 128 bytes back from a backup of this file",
                fault.reason,
                lost(slot)
            ),
            None => format!("{place}: {}; put it back from the mirror or a backup", fault.reason),
        });
    }
    let named = |slot: &&u64| !matches!(keys.state(**slot), Some(SlotState::Damaged));
    for slot in walked.unreadable.keys().filter(named) {
        let (path, offset) = keys.place(*slot);
        told.push(format!(
            "{} at byte {offset}, key slot {slot}: there is no key though one was kept here; {}; put its 128 bytes back from a backup of this file",
            path.display(),
            lost(*slot)
        ));
    }
    told.extend(ended.findings(keys));
    tell(&told);
    let how = if opened { "each opened" } else { "checksums only, `--config` opens each" };
    let counts = (keys.count(SlotState::Live), keys.count(SlotState::Destroyed));
    println!("keys {}: {} live, {} destroyed ({how})", sound(told.is_empty()), counts.0, counts.1);
    told.is_empty()
}

pub(super) fn tell(findings: &[String]) {
    for finding in findings.iter().take(PRINTED_MAX) {
        println!("finding: {finding}");
    }
    if findings.len() > PRINTED_MAX {
        println!("finding: {} more of this kind", findings.len() - PRINTED_MAX);
    }
}

fn tell_snapshots(walked: &Walked, snapshots: &[CheckedSnapshot], opened: bool) -> bool {
    let mut told = Vec::new();
    for CheckedSnapshot { path, header, fault } in snapshots {
        let recorded = header.and_then(|header| walked.snapshots.get(&header.sequence));
        let differs =
            header.zip(recorded).is_some_and(|(header, recorded)| *recorded != engine::vault::hex(&header.digest));
        let unrecorded = differs.then(|| "it does not have the digest that the trail tells".to_owned());
        if let Some(reason) = fault.clone().or(unrecorded) {
            told.push(format!(
                "{}: {reason}; remove it, the next start folds more of the journal instead",
                path.display()
            ));
        }
    }
    tell(&told);
    let how = if opened { "each opened" } else { "headers only, `--config` opens each" };
    println!("snapshots {}: {} ({how})", sound(told.is_empty()), snapshots.len() - told.len());
    told.is_empty()
}

fn tell_tiles(found: &CheckedTiles, stored: &PackedTiles) -> bool {
    let place = |name: &TileName| {
        let (path, begins) = stored.place(*name);
        format!("tile {} ({} from byte {begins})", TilePath::Hashes(*name), path.display())
    };
    let told: Vec<String> = found
        .faults
        .iter()
        .map(|fault| match fault {
            TileFault::Missing(name) => format!("{} is missing", place(name)),
            TileFault::Damaged(name) => format!("{} is not what the journal's leaves give", place(name)),
        })
        .map(|fault| format!("{fault}; stop the gateway, `xiezhi rebuild` writes it anew"))
        .collect();
    tell(&told);
    if found.more_faults > 0 {
        println!("finding: {} more tiles than those", found.more_faults);
    }
    let later = match found.unwritten {
        0 => String::new(),
        tiles => format!(", {tiles} at the end to be written by the next start"),
    };
    println!("tiles {}: {}{later}", sound(told.is_empty()), found.sound);
    told.is_empty()
}
