//! Known answers: the vectors that RFC 6962 implementations share, and the golden files of everything that leaves the process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use trail::{
    Bundle, CheckedTiles, Checkpoint, EMPTY_ROOT, Frontier, Hash, MemoryTiles, NoteKey, NoteVerifier, PackedTiles,
    ReadError, Reader, ReceiptKey, ReceiptVerifier, TileCheck, TileFault, TileName, TilePath, TileStore, Tree,
    leaf_hash, node_hash,
};

const ORIGIN: &str = "gaoyuan.example/xiezhi";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn root(text: &str) -> Hash {
    Hash::from_slice(&hex(text)).unwrap()
}

/// The eight leaves that the reference implementation of RFC 6962 tests with, and the root after each.
fn reference() -> Vec<(Vec<u8>, Hash)> {
    [
        ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ]
    .map(|(leaf, after)| (hex(leaf), root(after)))
    .to_vec()
}

#[test]
fn the_reference_leaves_give_the_reference_roots() {
    let (mut tree, mut frontier) = (Tree::new(), Frontier::new());
    assert_eq!(tree.root(), EMPTY_ROOT);
    for (leaf, expected) in reference() {
        tree.append(leaf_hash(&leaf)).unwrap();
        frontier.append(leaf_hash(&leaf)).unwrap();
        assert_eq!((tree.root(), frontier.root(), tree.edge().root()), (expected, expected, expected));
    }
}

#[test]
fn reference_inclusion_and_consistency_proofs() {
    let (mut tree, store) = (Tree::new(), MemoryTiles::new());
    reference().iter().for_each(|(leaf, _)| tree.append(leaf_hash(leaf)).unwrap());
    let mut reader = Reader::new(tree.edge(), &store);
    let inclusion = [
        (
            8,
            0,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            8,
            5,
            vec![
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (3, 2, vec!["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ];
    for (size, index, expected) in inclusion {
        assert_eq!(reader.inclusion(size, index).unwrap(), expected.into_iter().map(root).collect::<Vec<_>>());
    }
    assert_eq!(reader.consistency(1, 1).unwrap(), vec![]);
    let expected = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(reader.consistency(1, 8).unwrap(), expected.map(root).to_vec());
    let expected = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(reader.consistency(6, 8).unwrap(), expected.map(root).to_vec());
}

/// Compares with a golden file; with `UPDATE_GOLDEN` set, writes it (a change is a change of what others have kept for years).
fn golden(name: &str, found: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read(&path).unwrap();
    assert_eq!(String::from_utf8_lossy(found), String::from_utf8_lossy(&expected), "{name} changed");
    assert_eq!(found, expected);
}

fn event(number: u64) -> Vec<u8> {
    format!(r#"{{"at":{number},"name":"request.accepted","v":1}}"#).into_bytes()
}

fn trail(leaves: u64) -> (Tree, MemoryTiles) {
    let (mut tree, store) = (Tree::new(), MemoryTiles::new());
    for number in 0..leaves {
        tree.append(leaf_hash(&event(number))).unwrap();
    }
    tree.store_full(&store).unwrap();
    (tree, store)
}

#[test]
fn golden_checkpoint_keys_and_bundle() {
    let (old, new) = (NoteKey::from_seed(ORIGIN, &[1; 32]).unwrap(), NoteKey::from_seed(ORIGIN, &[2; 32]).unwrap());
    golden("verifier_keys.txt", format!("{}\n{}\n", old.verifier_key(), new.verifier_key()).as_bytes());
    let (tree, store) = trail(1_000);
    let checkpoint = Checkpoint::new(ORIGIN, tree.size(), tree.root()).unwrap();
    golden("checkpoint.txt", checkpoint.sign(&[&old]).unwrap().as_bytes());
    let rotated = checkpoint.sign(&[&old, &new]).unwrap();
    golden("checkpoint_two_keys.txt", rotated.as_bytes());
    let extended = Checkpoint::with_extensions(ORIGIN, 1_000, tree.root(), vec!["closed 2026-11-22".into()]).unwrap();
    golden("checkpoint_extension.txt", extended.sign(&[&old]).unwrap().as_bytes());

    let proof = Reader::new(tree.edge(), &store).inclusion(1_000, 700).unwrap();
    let bundle = Bundle { leaf: event(700), index: 700, proof, checkpoint: rotated };
    golden("bundle.tlog-proof", bundle.encode().as_bytes());
    golden("bundle_detached.tlog-proof", bundle.encode_detached().as_bytes());
    let known = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/verifier_keys.txt")).unwrap();
    let known: Vec<_> = known.lines().map(|line| NoteVerifier::parse(line).unwrap()).collect();
    assert_eq!(bundle.check(&known).unwrap().signed_by.len(), 2);
}

#[test]
fn golden_edge() {
    let (tree, _) = trail(515);
    golden("edge_515.bin", &tree.to_bytes());
    assert_eq!(Tree::from_bytes(&tree.to_bytes()).unwrap().root(), tree.root());
}

#[test]
fn golden_receipt() {
    let key = ReceiptKey::from_seed(&[3; 32]);
    let json = br#"{"act":"act_0","outcome":"accepted","v":1}"#;
    let signature = key.sign_canonical("xiezhi/receipt/v1", json).unwrap();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    golden("receipt.txt", format!("{}\n{hex}\n", key.verifier()).as_bytes());
    let verifier = ReceiptVerifier::parse(&key.verifier().to_string()).unwrap();
    verifier.verify("xiezhi/receipt/v1", json, &signature).unwrap();
    assert!(verifier.verify("xiezhi/receipt/v2", json, &signature).is_err());
    assert!(verifier.verify("xiezhi/receipt/v1", b"{}", &signature).is_err());
    assert!(key.sign_canonical("a\0b", json).is_err() && key.sign_canonical("", json).is_err());
}

/// Writes bytes over a stored tile, from one of its bytes on.
fn overwrite(store: &PackedTiles, path: &str, from: u64, bytes: &[u8]) {
    let (file, begins) = store.place(path.parse::<TilePath>().unwrap().name());
    fs::File::options().write(true).open(file).unwrap().write_all_at(bytes, begins + from).unwrap();
}

/// As if it had never been written.
fn lose(store: &PackedTiles, path: &str) {
    overwrite(store, path, 0, &[0; 8_192]);
}

#[test]
fn golden_packs_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let store = PackedTiles::new(directory.path());
    let mut tree = Tree::new();
    for number in 0..300_000 {
        tree.append(leaf_hash(&event(number))).unwrap();
    }
    tree.store_full(&store).unwrap();
    let partial = "0/273.p/112".parse::<TilePath>().unwrap().name();
    let bytes = Reader::new(tree.edge(), &store).tile(partial).unwrap();
    assert!(store.put(partial, &bytes).is_err(), "a partial tile has no place of its own");
    let mut found = Vec::new();
    let mut open = vec![directory.path().to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let digest = Hash::new(Sha256::digest(fs::read(&path).unwrap()).into());
            let name = path.strip_prefix(directory.path()).unwrap().display().to_string();
            found.push(format!("{name} {} {digest}\n", path.metadata().unwrap().len()));
        }
    }
    found.sort();
    golden("packs_300000.txt", found.concat().as_bytes());
    assert_eq!(store.place("0/x001/025".parse::<TilePath>().unwrap().name()).1, 8_192, "the second of its pack");

    // What stands there is enough to read the tree, and to mend it when a power failure took a tile or tore another.
    lose(&store, "0/007");
    overwrite(&store, "0/100", 4_096, &[0; 4_096]);
    lose(&store, "1/000");
    let mut reader = Reader::new(tree.edge(), &store);
    let error = reader.inclusion(300_000, 7 * 256).unwrap_err();
    assert!(error.to_string().contains("level: 1"), "{error}");
    let mended = reader.repair(0, &mut |leaf| Ok(leaf_hash(&event(leaf)))).unwrap();
    let mended: Vec<_> = mended.into_iter().map(|name| TilePath::Hashes(name).to_string()).collect();
    assert_eq!(mended, ["1/000", "0/007", "0/100"]);
    assert_eq!(Reader::new(tree.edge(), &store).root(300_000).unwrap(), tree.root());

    lose(&store, "0/009");
    let mut reader = Reader::new(tree.edge(), &store);
    let error = reader.repair(0, &mut |leaf| Ok(leaf_hash(&event(leaf + u64::from(leaf == 2_400))))).unwrap_err();
    assert!(error.to_string().contains("the leaves were changed"), "{error}");
}

/// Streams the first `size` events, leaf `other` altered, past the tiles.
fn checked(mut check: TileCheck<'_>, size: u64, other: Option<u64>) -> CheckedTiles {
    for leaf in 0..size {
        let altered = u64::from(other == Some(leaf)) * 1_000_000;
        check.leaf(leaf_hash(&event(leaf + altered))).unwrap();
    }
    check.finish()
}

#[test]
fn stored_tiles_are_held_against_the_leaves() {
    let directory = tempfile::TempDir::new().unwrap();
    let store = PackedTiles::new(directory.path());
    let mut tree = Tree::new();
    for leaf in 0..70_000 {
        tree.append(leaf_hash(&event(leaf))).unwrap();
    }
    tree.store_full(&store).unwrap();
    let check = |size| checked(TileCheck::new(&store), size, None);
    assert_eq!(check(70_000), CheckedTiles { sound: 274, ..CheckedTiles::default() });
    assert_eq!(check(1_000).sound, 3, "tiles behind the leaves given are not asked for");

    let name = |level, index| TileName::new(level, index, 256).unwrap();
    overwrite(&store, "0/100", 4_321, b"x");
    overwrite(&store, "0/007", 0, &[0; 4_096]);
    lose(&store, "0/200");
    // A pack that ends early lacks what would stand behind.
    let (last, begins) = store.place(name(0, 271));
    fs::File::options().write(true).open(last).unwrap().set_len(begins).unwrap();
    fs::remove_file(store.place(name(1, 0)).0).unwrap();
    let found = check(70_000);
    let faults = [TileFault::Damaged(name(0, 7)), TileFault::Damaged(name(0, 100)), TileFault::Missing(name(0, 200))];
    assert_eq!(found.faults, faults);
    assert_eq!((found.sound, found.unwritten, found.mended, found.more_faults), (268, 3, 0, 0));

    // What is missing at the end comes back at open, however far back it begins; the rest only when it is asked for.
    let mut leaf = |leaf| Ok(leaf_hash(&event(leaf)));
    let written = Reader::new(tree.edge(), &store).repair(69_999, &mut leaf).unwrap();
    assert_eq!(written.len(), 6, "from leaf 0 on, because the only tile of level 1 begins there: {written:?}");
    overwrite(&store, "0/003", 1, b"x");
    let mut reader = Reader::new(tree.edge(), &store);
    assert!(matches!(reader.inclusion(70_000, 3 * 256).unwrap_err(), ReadError::Damaged { .. }));
    reader.mend(name(0, 3), &mut leaf).unwrap();
    assert_eq!(reader.inclusion(70_000, 3 * 256).unwrap().len(), 17);
    assert_eq!(check(70_000).faults, []);

    lose(&store, "0/009");
    fs::remove_file(store.place(name(1, 0)).0).unwrap();
    let mended = checked(TileCheck::mending(&store), 70_000, None);
    assert_eq!((mended.sound, mended.mended), (272, 2));
    assert_eq!(check(70_000), CheckedTiles { sound: 274, ..CheckedTiles::default() });
    let other = checked(TileCheck::new(&store), 70_000, Some(2_400));
    assert_eq!(other.faults, [TileFault::Damaged(name(0, 9)), TileFault::Damaged(name(1, 0))]);
}

#[test]
fn an_inner_node_is_no_leaf() {
    let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let joined = [a.as_bytes().as_slice(), b.as_bytes()].concat();
    assert_ne!(node_hash(&a, &b), leaf_hash(&joined));
}
