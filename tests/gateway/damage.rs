//! One flipped byte in what can be made again or must not be lost: tiles, key slots, snapshots. Who finds it, who mends it.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::bench::{Caller, Gateway, Setup, Spec, eventually, files_below, look, xiezhi};
use crate::storage::flip;

/// Enough events for one full tile of 256 leaves.
fn with_a_full_tile() -> Gateway {
    let gateway = Setup::of(vec![Spec::called("bank-a")]).start();
    let ids: Vec<String> = (0..64).map(|person| gateway.submit(&look(&[person])).id).collect();
    ids.iter().for_each(|id| drop(gateway.wait_finished(id)));
    eventually("a checkpoint over a full tile", || {
        gateway.figure("xiezhi_checkpoint_events").filter(|covered| *covered >= 256)
    });
    gateway
}

/// It begins with the first tile.
fn first_pack(gateway: &Gateway) -> PathBuf {
    gateway.data.join("trail/packs/0/0000000")
}

fn findings(verified: &Output) -> Vec<String> {
    let told = String::from_utf8(verified.stdout.clone()).unwrap();
    assert!(told.contains("trail sound"), "{told}{}", String::from_utf8_lossy(&verified.stderr));
    told.lines().filter(|line| line.starts_with("finding: ")).map(str::to_owned).collect()
}

fn sound(gateway: &Gateway) {
    for verified in [gateway.verify(), gateway.verify_with(&[])] {
        assert_eq!(findings(&verified), [""; 0]);
        assert!(verified.status.success());
    }
}

/// Flips one byte, has it told in one line that holds these words, and puts it right again. `None`: it cannot be told without the master key.
fn is_told(gateway: &Gateway, (file, at): (&Path, usize), words: &[&str], without_key: Option<&[&str]>) {
    flip(file, at);
    for (verified, words) in [(gateway.verify(), Some(words)), (gateway.verify_with(&[]), without_key)] {
        let told = findings(&verified);
        assert_eq!(
            (verified.status.success(), told.len()),
            (words.is_none(), usize::from(words.is_some())),
            "{told:?}"
        );
        for word in words.unwrap_or_default().iter().copied().chain(words.map(|_| file.to_str().unwrap())) {
            assert!(told[0].contains(word), "{word}: {told:?}");
        }
    }
    flip(file, at);
}

/// The first live slot behind the root: where it begins, and its number.
fn live_slot(file: &Path) -> (usize, usize) {
    let bytes = std::fs::read(file).unwrap();
    let slots = bytes.chunks(128).enumerate().skip(2);
    let (place, _) = slots.into_iter().find(|(_, slot)| slot.starts_with(b"XZK1")).unwrap();
    (place * 128, place - 1)
}

#[test]
fn verify_names_a_flipped_byte_in_a_tile_a_key_slot_and_a_snapshot() {
    let mut gateway = with_a_full_tile();
    gateway.stop();
    sound(&gateway);
    let tile: &[&str] = &["is not what the journal's leaves give", "`xiezhi rebuild` writes it anew"];
    for at in [0, 4_000, 8_191] {
        is_told(&gateway, (&first_pack(&gateway), at), tile, Some(tile));
    }
    let keys = gateway.data.join("keys/slots-00000000");
    let (at, slot) = live_slot(&keys);
    let (named, lost) =
        (format!("at byte {at}, key slot {slot}: the checksum does not fit"), "are sealed under it and cannot be read");
    let words: &[&str] = &[&named, lost, "put its 128 bytes back from a backup of this file"];
    is_told(&gateway, (&keys, at + 40), words, Some(words));
    let root: &[&str] = &["at byte 128, key slot 0: the checksum does not fit", "the gateway does not start"];
    is_told(&gateway, (&keys, 130), root, Some(root));
    is_told(&gateway, (&keys, 20), &["at byte 0: the checksum does not fit"], Some(&["put it back from the mirror"]));
    let snapshots = files_below(&gateway.data.join("snapshot"));
    let snapshot = snapshots.last().unwrap();
    let remove: &[&str] = &["remove it, the next start folds more of the journal instead"];
    is_told(&gateway, (snapshot, 50), remove, Some(remove));
    let last = usize::try_from(std::fs::metadata(snapshot).unwrap().len()).unwrap() - 1;
    is_told(&gateway, (snapshot, last), remove, None);
    sound(&gateway);
}

/// A slot of zeros is sound by itself; the events tell that a key was kept there.
#[test]
fn verify_names_a_key_slot_that_was_emptied() {
    let mut gateway = with_a_full_tile();
    gateway.stop();
    let keys = gateway.data.join("keys/slots-00000000");
    let before = std::fs::read(&keys).unwrap();
    let (at, slot) = live_slot(&keys);
    let mut emptied = before.clone();
    emptied[at..at + 128].fill(0);
    std::fs::write(&keys, emptied).unwrap();
    for verified in [gateway.verify(), gateway.verify_with(&[])] {
        let told = findings(&verified);
        assert_eq!((verified.status.success(), told.len()), (false, 1), "{told:?}");
        assert!(told[0].contains(&format!("key slot {slot}: there is no key though one was kept here")), "{told:?}");
    }
    std::fs::write(&keys, before).unwrap();
    sound(&gateway);
}

#[test]
fn rebuild_writes_tiles_anew_and_only_of_the_journal_that_was_signed() {
    let mut gateway = with_a_full_tile();
    gateway.stop();
    let data = gateway.data.to_string_lossy().into_owned();
    let rebuild = || xiezhi(&["rebuild", "--data", &data]);
    let tile = first_pack(&gateway);
    let before = std::fs::read(&tile).unwrap();
    flip(&tile, 77);
    let checkpoint = gateway.data.join("trail/checkpoint");
    let signed = std::fs::read_to_string(&checkpoint).unwrap();
    let mut lines: Vec<&str> = signed.split('\n').collect();
    lines[2] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    std::fs::write(&checkpoint, lines.join("\n")).unwrap();
    let refused = rebuild();
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("the journal does not give the root that was signed"), "{told}");
    assert_ne!(std::fs::read(&tile).unwrap(), before, "what may be evidence is left alone");
    std::fs::write(&checkpoint, signed).unwrap();
    for written in ["tiles: 1 written anew", "tiles: 0 written anew"] {
        let done = rebuild();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && told.contains(written), "{told}");
        assert_eq!(std::fs::read(&tile).unwrap(), before);
    }
    sound(&gateway);
}

#[test]
fn a_tile_damaged_while_it_serves_is_mended_before_anything_is_proven_with_it() {
    let mut gateway = with_a_full_tile();
    let tile = first_pack(&gateway);
    let before = std::fs::read(&tile).unwrap();
    let anybody = gateway.caller("");
    let ask = |caller: &Caller, path: &str| caller.get(path).of_status(200);
    flip(&tile, 1_000);
    assert_eq!(ask(&anybody, "/trail/tile/0/000").bytes, before[..8_192]);
    assert_eq!(std::fs::read(&tile).unwrap(), before);
    assert!(gateway.read_log().contains("a damaged tile was written anew from the journal"));

    gateway.restart();
    std::fs::remove_file(&tile).unwrap();
    // The index is of the tile itself, so its own hashes are what is asked for.
    let auditor = gateway.caller("auditor");
    assert_eq!(ask(&auditor, "/v1/trail/entries/3").json()["index"], 3);
    assert_eq!(std::fs::read(&tile).unwrap(), before);
    // Each tile is tried once in the life of a process; then it is said, and nothing wrong is served.
    flip(&tile, 1_000);
    gateway.caller("").get("/trail/tile/0/000").of_status(503);
    auditor.get("/v1/trail/entries/3").of_status(503);
    assert!(gateway.read_log().contains("a tile cannot be read; run `xiezhi verify`"));
    gateway.restart();
    assert_eq!(std::fs::read(&tile).unwrap(), before, "a start looks at the newest tiles itself");
}
