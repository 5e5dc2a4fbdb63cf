//! Sealing: round trips, refusals, frames, master key file, keyed hashes, golden bytes.

use super::frames::{FRAME_BYTES, FrameReader, FrameWriter, sealed_bytes};
use super::master::{MasterKey, MasterKeyError};
use super::root::RootKey;
use super::*;
use crate::hex::hex;
use crate::random::SeededRandom;
use proptest::prelude::*;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Compares with `src/store/golden/<name>.hex`; `XIEZHI_GOLDEN=write` writes it, which only a new format version may do.
pub(crate) fn assert_golden(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.hex"));
    let text: String = bytes.chunks(32).map(|line| hex(line) + "\n").collect();
    if std::env::var("XIEZHI_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == text, "{} does not fit; what older releases wrote can no longer be read", path.display());
}

fn key(seed: u64) -> DataKey {
    DataKey::generate(&mut SeededRandom::new(seed))
}

fn frames_of(key: &DataKey, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut writer = FrameWriter::new(Vec::new(), key, aad, &mut SeededRandom::new(3)).unwrap();
    writer.write_all(plaintext).unwrap();
    writer.finish().unwrap()
}

fn open_frames(key: &DataKey, aad: &[u8], sealed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plaintext = Vec::new();
    FrameReader::new(sealed, key, aad)?.read_to_end(&mut plaintext)?;
    Ok(plaintext)
}

fn pattern(bytes: usize) -> Vec<u8> {
    let mut content = vec![0; bytes];
    SeededRandom::new(bytes as u64).fill(&mut content);
    content
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again(plaintext in prop::collection::vec(any::<u8>(), 0..2_000), aad in prop::collection::vec(any::<u8>(), 0..64), seed: u64) {
        let sealed = seal(&key(seed), &aad, &plaintext, &mut SeededRandom::new(seed ^ 1)).unwrap();
        prop_assert_eq!(sealed.len(), plaintext.len() + SEAL_OVERHEAD_BYTES);
        prop_assert_eq!(open(&key(seed), &aad, &sealed).unwrap(), plaintext);
    }

    #[test]
    fn another_key_place_or_bit_is_refused(plaintext in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0_u8..8) {
        let sealed = seal(&key(1), b"place", &plaintext, &mut SeededRandom::new(2)).unwrap();
        prop_assert_eq!(open(&key(2), b"place", &sealed), Err(SealError::Refused));
        prop_assert_eq!(open(&key(1), b"other", &sealed), Err(SealError::Refused));
        let mut flipped = sealed.clone();
        flipped[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(open(&key(1), b"place", &flipped).is_err());
        prop_assert!(open(&key(1), b"place", &sealed[..at.index(sealed.len())]).is_err());
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn frames_open_whatever_the_writes_were(pieces in prop::collection::vec(0_usize..50_000, 0..8)) {
        let whole = pattern(pieces.iter().sum());
        let mut writer = FrameWriter::new(Vec::new(), &key(1), b"a", &mut SeededRandom::new(3)).unwrap();
        let mut rest = whole.as_slice();
        for piece in pieces {
            let (now, later) = rest.split_at(piece);
            writer.write_all(now).unwrap();
            rest = later;
        }
        let sealed = writer.finish().unwrap();
        prop_assert_eq!(sealed.len() as u64, sealed_bytes(whole.len() as u64));
        prop_assert_eq!(open_frames(&key(1), b"a", &sealed).unwrap(), whole);
    }

    #[test]
    fn a_flipped_bit_in_frames_is_found(at: prop::sample::Index, bit in 0_u8..8) {
        let mut sealed = frames_of(&key(1), b"a", &pattern(70_000));
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(open_frames(&key(1), b"a", &sealed).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn a_cut_or_longer_stream_of_frames_is_found(cut: prop::sample::Index) {
        let sealed = frames_of(&key(1), b"a", &pattern(140_000));
        let at = cut.index(sealed.len());
        prop_assert_eq!(open_frames(&key(1), b"a", &sealed[..at]).unwrap_err().kind(), ErrorKind::InvalidData);
        let longer = [sealed.as_slice(), &sealed[..at.max(1)]].concat();
        prop_assert!(open_frames(&key(1), b"a", &longer).is_err());
    }
}

#[test]
fn frames_at_the_edges_of_a_frame() {
    for bytes in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 3 * FRAME_BYTES + 5] {
        let content = pattern(bytes);
        let sealed = frames_of(&key(1), b"a", &content);
        assert_eq!(sealed.len() as u64, sealed_bytes(bytes as u64));
        assert_eq!(open_frames(&key(1), b"a", &sealed).unwrap(), content);
    }
}

#[test]
fn frames_cut_dropped_or_swapped_at_their_edges_are_refused() {
    const WHOLE: usize = FRAME_BYTES + TAG_BYTES;
    let sealed = frames_of(&key(1), b"a", &pattern(3 * FRAME_BYTES));
    let (head, frames) = sealed.split_at(frames::HEADER_BYTES);
    let frame = |number: usize| &frames[number * WHOLE..(number + 1) * WHOLE];
    for altered in [
        [head, frame(0), frame(1)].concat(),
        [head, frame(0), frame(2)].concat(),
        [head, frame(1), frame(0), frame(2)].concat(),
        [head, frame(0), frame(1), frame(2), frame(2)].concat(),
        head.to_vec(),
    ] {
        assert_eq!(open_frames(&key(1), b"a", &altered).unwrap_err().kind(), ErrorKind::InvalidData);
    }
    assert!(open_frames(&key(2), b"a", &sealed).is_err());
    assert!(open_frames(&key(1), b"b", &sealed).is_err());
}

#[test]
fn sealed_bytes_keep_their_form() {
    let piece = seal(&key(7), b"place", b"golden plaintext", &mut SeededRandom::new(8)).unwrap();
    assert_golden("sealed_piece", &piece);
    assert_eq!(open(&key(7), b"place", &piece).unwrap(), b"golden plaintext");
    let stream = frames_of(&key(7), b"place", b"a golden stream of one frame");
    assert_golden("sealed_frames", &stream);
    let empty = frames_of(&key(7), b"place", b"");
    assert_golden("sealed_frames_empty", &empty);
}

#[test]
fn hashes_are_apart_by_purpose_and_keep_their_value() {
    let root = RootKey::new(key(9));
    let subject = root.keyed_hash("subject", b"110101199003070011");
    assert_ne!(subject, root.keyed_hash("asset", b"110101199003070011"));
    assert_ne!(subject, RootKey::new(key(10)).keyed_hash("subject", b"110101199003070011"));
    assert_eq!(subject, root.hasher("subject").hash(b"110101199003070011"));
    assert_golden("keyed_hash", &subject);
    assert_ne!(root.derive("index", b"1").bytes(), root.derive("index", b"2").bytes());
    assert_ne!(root.derive("index", b"1").bytes(), root.derive("snapshot", b"1").bytes());
}

#[test]
fn a_key_wrapped_under_another_comes_back_only_under_it() {
    let mut random = SeededRandom::new(4);
    let wrapped = seal_key(&key(1), b"message", &key(2), &mut random).unwrap();
    assert_eq!(open_key(&key(1), b"message", &wrapped).unwrap().bytes(), key(2).bytes());
    assert!(open_key(&key(3), b"message", &wrapped).is_err());
    assert!(open_key(&key(1), b"other", &wrapped).is_err());
    let no_key = seal(&key(1), b"message", &[7; 31], &mut random).unwrap();
    assert_eq!(open_key(&key(1), b"message", &no_key).map(drop), Err(SealError::TooShort { bytes: 31 }));
}

#[test]
fn too_long_unknown_and_short_pieces_are_named() {
    let long = vec![0; SEAL_BYTES_MAX + 1];
    let refused = seal(&key(1), b"", &long, &mut SeededRandom::new(1));
    assert_eq!(refused, Err(SealError::TooLong { bytes: SEAL_BYTES_MAX + 1 }));
    assert_eq!(open(&key(1), b"", &[9; 40]), Err(SealError::UnknownVersion { found: 9 }));
    assert_eq!(open(&key(1), b"", &[]), Err(SealError::TooShort { bytes: 0 }));
    assert_eq!(open(&key(1), b"", &[1; 28]), Err(SealError::TooShort { bytes: 28 }));
}

#[test]
fn a_wrapped_key_opens_only_in_its_slot_and_under_its_master() {
    let master = MasterKey::from_bytes([5; 32]);
    let wrapped = master.wrap(17, &key(1), &mut SeededRandom::new(2)).unwrap();
    assert_eq!(master.unwrap(17, &wrapped).unwrap().bytes(), key(1).bytes());
    assert!(master.unwrap(18, &wrapped).is_err());
    assert!(MasterKey::from_bytes([6; 32]).unwrap(17, &wrapped).is_err());
    assert_ne!(master.id(), MasterKey::from_bytes([6; 32]).id());
}

#[test]
fn a_master_key_is_read_from_hex_and_base64_and_nothing_else() {
    let id = MasterKey::from_bytes([0xab; 32]).id();
    let hex = "ab".repeat(32);
    assert_eq!(MasterKey::from_text(&format!(" {hex}\n"), "test").unwrap().id(), id);
    assert_eq!(MasterKey::from_text(&hex.to_uppercase(), "test").unwrap().id(), id);
    assert_eq!(MasterKey::from_text("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "test").unwrap().id(), id);
    for wrong in ["", "ab", &"zz".repeat(32), &"ab".repeat(33), &"=".repeat(44), &"é".repeat(32)] {
        let error = MasterKey::from_text(wrong, "XIEZHI_MASTER_KEY").map(drop).unwrap_err().to_string();
        assert!(error.contains("XIEZHI_MASTER_KEY") && (wrong.is_empty() || !error.contains(wrong)), "{error}");
    }
}

#[test]
fn a_master_key_file_is_made_once_kept_private_and_refused_when_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret/master.key");
    let absent = MasterKey::read(&path).map(drop).unwrap_err();
    assert!(matches!(absent, MasterKeyError::File { .. }), "reading must not make a key");
    let made = MasterKey::read_or_create(&path, &mut SeededRandom::new(1)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(MasterKey::read_or_create(&path, &mut SeededRandom::new(2)).unwrap().id(), made.id());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = MasterKey::read(&path).map(drop).unwrap_err();
    assert!(matches!(refused, MasterKeyError::TooOpen { mode: 0o640, .. }), "{refused}");
    assert!(MasterKey::read_or_create(&path, &mut SeededRandom::new(2)).is_err());
}
