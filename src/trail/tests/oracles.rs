//! Properties: the same answers as the naive recursion of RFC 6962 and as the tlog_tiles and signed_note libraries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use proptest::prelude::*;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{HashReader, check_record, check_tree, prove_record, prove_tree, stored_hashes};
use trail::{
    Bundle, Checkpoint, EMPTY_ROOT, Edge, Frontier, Hash, LEVEL_MAX, MemoryTiles, NoteKey, NoteVerifier, Reader,
    TREE_SIZE_MAX, TileName, TilePath, TileStore, Tree, check_consistency, check_inclusion, leaf_hash, node_hash,
    push_entry, read_entries, root_over,
};

const ORIGIN: &str = "example.com/trail";

/// RFC 6962 §2.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let k = 1 << (leaves.len() - 1).ilog2();
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

/// RFC 6962 §2.1.1, word for word.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = 1 << (leaves.len() - 1).ilog2();
    let (mut path, sibling) = if index < k {
        (naive_path(index, &leaves[..k]), naive_root(&leaves[k..]))
    } else {
        (naive_path(index - k, &leaves[k..]), naive_root(&leaves[..k]))
    };
    path.push(sibling);
    path
}

/// Everything that tlog_tiles would store.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::new(hash.0)).collect()
}

fn leaf(number: u64) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

struct Both {
    tree: Tree,
    tiles: MemoryTiles,
    stored: Stored,
    hashes: Vec<Hash>,
}

fn grow(size: u64, stored_every: u64) -> Both {
    let mut both =
        Both { tree: Tree::new(), tiles: MemoryTiles::new(), stored: Stored(Vec::new()), hashes: Vec::new() };
    for number in 0..size {
        let bytes = leaf(number);
        let new = stored_hashes(number, &bytes, &both.stored).unwrap();
        both.stored.0.extend(new);
        both.hashes.push(leaf_hash(&bytes));
        both.tree.append(leaf_hash(&bytes)).unwrap();
        if number % stored_every == 0 {
            both.tree.store_full(&both.tiles).unwrap();
        }
    }
    both
}

/// A size with a bias to the edges of tiles.
fn sizes() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..20, 250_u64..262, 505_u64..520, 0_u64..3_000]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trees_tiles_and_proofs_agree(size in sizes().prop_filter("not empty", |size| *size > 0), a in any::<u64>(), b in any::<u64>(), every in 1_u64..4_000) {
        let both = grow(size, every);
        prop_assert_eq!(both.tree.root(), naive_root(&both.hashes));
        prop_assert_eq!(theirs(&both.tree.root()), tlog_tiles::tree_hash(size, &both.stored).unwrap());
        let mut reader = Reader::new(both.tree.edge(), &both.tiles);
        let new = a % size + 1;
        let (index, old) = (b % new, b % new + 1);
        let at = usize::try_from(new).unwrap();
        let (new_root, old_root) = (reader.root(new).unwrap(), reader.root(old).unwrap());
        prop_assert_eq!(new_root, naive_root(&both.hashes[..at]));

        let path = reader.inclusion(new, index).unwrap();
        prop_assert_eq!(&path, &naive_path(usize::try_from(index).unwrap(), &both.hashes[..at]));
        prop_assert_eq!(&path, &ours(&prove_record(new, index, &both.stored).unwrap()));
        let this = both.hashes[usize::try_from(index).unwrap()];
        check_inclusion(&path, new, &new_root, index, &this).unwrap();
        check_record(&path.iter().map(theirs).collect(), new, theirs(&new_root), index, theirs(&this)).unwrap();

        let proof = reader.consistency(old, new).unwrap();
        prop_assert_eq!(&proof, &ours(&prove_tree(new, old, &both.stored).unwrap()));
        check_consistency(&proof, old, &old_root, new, &new_root).unwrap();
        check_tree(&proof.iter().map(theirs).collect(), new, theirs(&new_root), old, theirs(&old_root)).unwrap();

        for tile in tlog_tiles::Tile::new_tiles(8, 0, size) {
            let name = TileName::new(tile.level(), tile.level_index(), u16::try_from(tile.width()).unwrap()).unwrap();
            prop_assert_eq!(reader.tile(name).unwrap(), tile.read_data(&both.stored).unwrap());
        }
    }

    #[test]
    fn both_checkers_refuse_the_same_proofs(size in 2_u64..600, a in any::<u64>(), b in any::<u64>(), at in any::<usize>(), kind in 0..4) {
        let both = grow(size, 1);
        let mut reader = Reader::new(both.tree.edge(), &both.tiles);
        let root = both.tree.root();
        let (mut index, mut old) = (a % size, a % size + 1);
        let mut path = reader.inclusion(size, index).unwrap();
        let mut proof = reader.consistency(old, size).unwrap();
        let old_root = reader.root(old).unwrap();
        let this = both.hashes[usize::try_from(index).unwrap()];
        for hashes in [&mut path, &mut proof] {
            let at = at % (hashes.len() + 1);
            match kind {
                0 => hashes.insert(at, root),
                1 if at < hashes.len() => { hashes.remove(at); }
                2 if at < hashes.len() => hashes[at] = this,
                _ => hashes.reverse(),
            }
        }
        if kind == 3 {
            (index, old) = (b % (size + 2), b % (size + 2));
        }
        let theirs_record = check_record(&path.iter().map(theirs).collect(), size, theirs(&root), index, theirs(&this));
        prop_assert_eq!(check_inclusion(&path, size, &root, index, &this).is_ok(), theirs_record.is_ok());
        let theirs_tree = check_tree(&proof.iter().map(theirs).collect(), size, theirs(&root), old, theirs(&old_root));
        prop_assert_eq!(check_consistency(&proof, old, &old_root, size, &root).is_ok(), theirs_tree.is_ok());
    }

    #[test]
    fn an_edge_survives_the_disk_and_goes_on(size in sizes(), more in 0_u64..600, every in 1_u64..2_000) {
        let mut both = grow(size, every);
        let bytes = both.tree.to_bytes();
        let mut again = Tree::from_bytes(&bytes).unwrap();
        prop_assert_eq!(again.edge(), both.tree.edge());
        prop_assert_eq!(&again.to_bytes(), &bytes);
        for number in size..size + more {
            again.append(leaf_hash(&leaf(number))).unwrap();
            both.tree.append(leaf_hash(&leaf(number))).unwrap();
        }
        prop_assert_eq!(again.edge(), both.tree.edge());
        prop_assert_eq!(again.root(), both.tree.root());
    }

    #[test]
    fn any_changed_byte_of_an_edge_is_found(size in sizes(), at in any::<usize>(), flip in 1_u8.., cut in any::<usize>()) {
        let bytes = grow(size, 700).tree.to_bytes();
        let mut changed = bytes.clone();
        let at = at % changed.len();
        changed[at] ^= flip;
        prop_assert!(Edge::from_bytes(&changed).is_err());
        prop_assert!(Edge::from_bytes(&bytes[..cut % bytes.len()]).is_err());
        prop_assert!(Edge::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_damaged_tile_is_named_and_never_used(size in 600_u64..2_000, tile in any::<usize>(), at in 0_usize..8_192, flip in 1_u8.., index in any::<u64>()) {
        let mut both = grow(size, 1);
        both.tree.store_full(&both.tiles).unwrap();
        let names = both.tiles.names();
        let name = names[tile % names.len()];
        let mut bytes = both.tiles.get(name).unwrap().unwrap();
        bytes[at] ^= flip;
        both.tiles.put(name, &bytes).unwrap();
        let mut reader = Reader::new(both.tree.edge(), &both.tiles);
        prop_assert!(reader.tile(name).is_err());
        let index = index % size;
        if let Ok(path) = reader.inclusion(size, index) {
            check_inclusion(&path, size, &both.tree.root(), index, &both.hashes[usize::try_from(index).unwrap()]).unwrap();
        }
    }

    #[test]
    fn paths_are_those_of_tlog_tiles_without_the_height(level in 0..=LEVEL_MAX, index in any::<u64>(), width in 1_u16..=256) {
        let index = index % (TREE_SIZE_MAX >> (8 * u32::from(level) + 8)).max(1) ;
        let Ok(name) = TileName::new(level, index, width) else { return Ok(()) };
        let path = TilePath::Hashes(name).to_string();
        let reference = tlog_tiles::Tile::new(8, level, index, u32::from(width), false).path();
        prop_assert_eq!(format!("tile/8/{path}"), reference);
        prop_assert_eq!(path.parse::<TilePath>().unwrap(), TilePath::Hashes(name));
        let entries = TilePath::Entries(TileName::new(0, index, width).unwrap());
        prop_assert_eq!(entries.to_string().parse::<TilePath>().unwrap(), entries);
    }

    #[test]
    fn a_path_has_one_spelling(text in "(entries|[0-9]{1,2})/(x?[0-9]{1,4}/){0,3}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(text.parse::<TilePath>().is_err());
        prop_assert!(Bundle::decode(&text).is_err());
        prop_assert!(NoteVerifier::parse(&text).is_err());
        prop_assert!(Checkpoint::open(&bytes, &[]).is_err());
        prop_assert!(Edge::from_bytes(&bytes).is_err());
        let _leaves = read_entries(&bytes).is_ok();
    }

    #[test]
    fn hashes_are_those_of_the_library(left in any::<[u8; 32]>(), right in any::<[u8; 32]>(), leaf in proptest::collection::vec(any::<u8>(), 0..300)) {
        let node = tlog_tiles::node_hash(tlog_tiles::Hash(left), tlog_tiles::Hash(right));
        prop_assert_eq!(node_hash(&Hash::new(left), &Hash::new(right)), Hash::new(node.0));
        prop_assert_eq!(leaf_hash(&leaf), Hash::new(tlog_tiles::record_hash(&leaf).0));
    }

    #[test]
    fn entries_come_back(leaves in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..=256)) {
        let mut bundle = Vec::new();
        leaves.iter().for_each(|leaf| push_entry(&mut bundle, leaf).unwrap());
        let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(read_entries(&bundle).unwrap(), leaves);
    }

    #[test]
    fn notes_are_those_of_signed_note(seed in any::<[u8; 32]>(), size in 0..TREE_SIZE_MAX, root in any::<[u8; 32]>()) {
        let key = NoteKey::from_seed(ORIGIN, &seed).unwrap();
        let checkpoint = Checkpoint::new(ORIGIN, size, Hash::new(root)).unwrap();
        let note = checkpoint.sign(&[&key]).unwrap();
        prop_assert_eq!(NoteVerifier::parse(&key.verifier_key()).unwrap(), key.verifier());

        let verifier = StandardVerifier::new(&key.verifier_key()).unwrap();
        let parsed = Note::from_bytes(note.as_bytes()).unwrap();
        prop_assert_eq!(parsed.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap().0.len(), 1);
        let body = tlog_tiles::Checkpoint::from_bytes(parsed.text()).unwrap();
        prop_assert_eq!((body.origin(), body.size(), body.hash().0), (ORIGIN, size, root));

        let mut key_bytes = vec![1];
        key_bytes.extend_from_slice(&seed);
        let secret = format!("PRIVATE+KEY+{}+{}", key.name(), base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key_bytes));
        let mut reference = Note::new(checkpoint.body().as_bytes(), &[]).unwrap();
        reference.add_sigs(&[&StandardSigner::new(&secret).unwrap()]).unwrap();
        prop_assert_eq!(reference.to_bytes(), note.as_bytes());
    }
}

#[test]
fn paths_that_are_refused() {
    for path in [
        "",
        "0",
        "0/",
        "/000",
        "0/00",
        "0/0000",
        "0/x001",
        "0/001/234",
        "0/x000/234",
        "00/001",
        "7/000",
        "64/000",
        "-1/000",
        "+0/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/017",
        "0/000.p/",
        "0/000.p",
        "0/000.p/1/2",
        "entries/x001/x234",
        "data/000",
        "8/0/000",
        "tile/0/000",
        "0/000/",
        "0/../000",
        "0/x999/x999/x999/x999/x999/999",
        "6/001",
        "0/x001/x099/x511/x627/776",
        " 0/000",
        "0/٠٠٠",
    ] {
        assert!(path.parse::<TilePath>().is_err(), "{path}");
    }
    for path in
        ["0/000", "0/x001/234", "0/x001/234.p/17", "entries/x001/x234/067", "6/000.p/1", "0/x001/x099/x511/x627/775"]
    {
        assert_eq!(path.parse::<TilePath>().unwrap().to_string(), path);
    }
}

#[test]
fn every_small_tree_is_provable_and_small_proofs_are_short() {
    let both = grow(70, 1);
    let mut reader = Reader::new(both.tree.edge(), &both.tiles);
    for size in 1..=70_u64 {
        let root = reader.root(size).unwrap();
        for index in 0..size {
            let path = reader.inclusion(size, index).unwrap();
            assert!(path.len() <= 7);
            check_inclusion(&path, size, &root, index, &both.hashes[usize::try_from(index).unwrap()]).unwrap();
        }
        for old in 0..=size {
            let proof = reader.consistency(old, size).unwrap();
            check_consistency(&proof, old, &reader.root(old).unwrap(), size, &root).unwrap();
        }
    }
    assert!(reader.inclusion(71, 0).is_err() && reader.inclusion(5, 5).is_err() && reader.consistency(6, 5).is_err());
    assert!(reader.root(u64::MAX).is_err());
}

#[test]
fn three_levels_of_tiles_agree_with_the_library() {
    let (mut tree, tiles, mut frontier) = (Tree::new(), MemoryTiles::new(), Frontier::new());
    for number in 0..66_000_u64 {
        let hash = leaf_hash(&number.to_be_bytes());
        tree.append(hash).unwrap();
        frontier.append(hash).unwrap();
    }
    assert_eq!(tree.store_full(&tiles).unwrap(), 257 + 1);
    assert_eq!(tree.root(), frontier.root());
    assert_eq!(tiles.names().len(), 258);
    let mut reader = Reader::new(tree.edge(), &tiles);
    for (size, index) in
        [(66_000, 0), (66_000, 65_536), (65_536, 65_535), (65_537, 65_536), (66_000, 65_999), (300, 299)]
    {
        let path = reader.inclusion(size, index).unwrap();
        check_inclusion(&path, size, &reader.root(size).unwrap(), index, &leaf_hash(&index.to_be_bytes())).unwrap();
    }
    let top = reader.tile(TileName::new(2, 0, 1).unwrap()).unwrap();
    assert_eq!(root_over(&top), reader.root(65_536).unwrap());
}

/// What a caller does who writes tiles without holding the tree: leaves come in between, and no tile is lost or kept for ever.
#[test]
fn tiles_are_stored_apart_from_the_tree_while_leaves_come_in() {
    let (mut tree, tiles, mut frontier) = (Tree::new(), MemoryTiles::new(), Frontier::new());
    let mut grow = |tree: &mut Tree, leaves: std::ops::Range<u64>| {
        for number in leaves {
            let hash = leaf_hash(&number.to_be_bytes());
            tree.append(hash).unwrap();
            frontier.append(hash).unwrap();
        }
        frontier.root()
    };
    grow(&mut tree, 0..600);
    let taken = tree.waiting();
    assert_eq!(taken.len(), 2);
    let root = grow(&mut tree, 600..1_100);
    // The second one could not be written: it waits with those that have come since.
    tiles.put(taken[0].0, &taken[0].1).unwrap();
    tree.stored(taken[0].0);
    assert_eq!(tree.edge().waiting(), 3);
    tree.stored(taken[0].0);
    assert_eq!(tree.edge().waiting(), 3, "what does not wait any more is nobody's");
    for (name, bytes) in tree.waiting() {
        tiles.put(name, &bytes).unwrap();
        tree.stored(name);
    }
    assert_eq!((tree.edge().waiting(), tiles.names().len()), (0, 4));
    let path = Reader::new(tree.edge(), &tiles).inclusion(1_100, 300).unwrap();
    trail::check_inclusion(&path, 1_100, &root, 300, &leaf_hash(&300_u64.to_be_bytes())).unwrap();
}
