//! Tampering: whatever is done to leaves, checkpoints or bundles is found with public keys, by name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use trail::{
    AppendError, AuditLimit, Auditor, Bundle, BundleError, Checkpoint, CheckpointError, Finding, Frontier, Hash,
    MemoryTiles, NoteError, NoteKey, NoteVerifier, Reader, TileName, TileStore, Tree, Verdict, WAITING_TILES_MAX,
    leaf_hash,
};

const ORIGIN: &str = "example.com/trail";

fn key(seed: u8) -> NoteKey {
    NoteKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("event {number}").into_bytes()).collect()
}

fn root_of(leaves: &[Vec<u8>]) -> Hash {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.append(leaf_hash(leaf)).unwrap());
    frontier.root()
}

fn signed(leaves: &[Vec<u8>], key: &NoteKey) -> String {
    Checkpoint::new(ORIGIN, leaves.len() as u64, root_of(leaves)).unwrap().sign(&[key]).unwrap()
}

fn run(auditor: Auditor, leaves: &[Vec<u8>]) -> Verdict {
    auditor.audit::<_, AuditLimit>(leaves.iter().map(Ok)).unwrap()
}

fn audit(latest: &str, earlier: &[&str], leaves: &[Vec<u8>]) -> Verdict {
    let mut auditor = Auditor::new(latest.as_bytes(), &[key(1).verifier()]);
    earlier.iter().for_each(|note| auditor.earlier(note.as_bytes()).unwrap());
    run(auditor, leaves)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_edit_deletion_insertion_or_swap_is_found(count in 2_usize..300, a in any::<usize>(), b in any::<usize>(), kind in 0..4) {
        let whole = leaves(count);
        let latest = signed(&whole, &key(1));
        let (a, b) = (a % count, b % count);
        let mut changed = whole.clone();
        match kind {
            0 => changed[a].push(b'!'),
            1 => { changed.remove(a); }
            2 => changed.insert(a, b"event".to_vec()),
            _ => changed.swap(a, b),
        }
        prop_assert!(audit(&latest, &[], &whole).is_sound());
        prop_assert_eq!(audit(&latest, &[], &changed).is_sound(), changed == whole);
    }

    #[test]
    fn a_change_behind_an_earlier_checkpoint_is_placed_behind_it(count in 10_usize..300, cut in any::<usize>(), at in any::<usize>()) {
        let whole = leaves(count);
        let cut = cut % (count - 1) + 1;
        let earlier = signed(&whole[..cut], &key(1));
        let mut changed = whole.clone();
        changed[at % count].push(b'!');
        let verdict = audit(&signed(&whole, &key(1)), &[&earlier], &changed);
        prop_assert_eq!(verdict.sound_up_to, if at % count < cut { 0 } else { cut as u64 });
        prop_assert!(!verdict.is_sound());
    }

    #[test]
    fn any_changed_character_of_a_bundle_is_found(at in any::<usize>(), with in prop_oneof![Just(b'\n'), Just(b' '), b'0'..=b'9', b'A'..=b'z']) {
        let text = bundle(300, 123).encode();
        let mut changed = text.clone().into_bytes();
        let at = at % changed.len();
        changed[at] = with;
        let Ok(changed) = String::from_utf8(changed) else { return Ok(()) };
        let known = [key(1).verifier()];
        prop_assert!(Bundle::decode(&text).unwrap().check(&known).is_ok());
        let passes = Bundle::decode(&changed).is_ok_and(|bundle| bundle.check(&known).is_ok());
        prop_assert_eq!(passes, changed == text);
    }
}

fn bundle(count: usize, index: usize) -> Bundle {
    let whole = leaves(count);
    let (mut tree, store) = (Tree::new(), MemoryTiles::new());
    whole.iter().for_each(|leaf| tree.append(leaf_hash(leaf)).unwrap());
    tree.store_full(&store).unwrap();
    let proof = Reader::new(tree.edge(), &store).inclusion(count as u64, index as u64).unwrap();
    Bundle { leaf: whole[index].clone(), index: index as u64, proof, checkpoint: signed(&whole, &key(1)) }
}

#[test]
fn truncation_under_the_old_checkpoint() {
    let whole = leaves(100);
    let verdict = audit(&signed(&whole, &key(1)), &[], &whole[..90]);
    assert_eq!(verdict.findings, [Finding::Shorter { leaves: 90, signed: 100 }]);
}

#[test]
fn rollback_under_a_newly_signed_checkpoint_needs_one_earlier_thing() {
    let whole = leaves(100);
    let (earlier, latest) = (signed(&whole, &key(1)), signed(&whole[..90], &key(1)));
    assert!(audit(&latest, &[], &whole[..90]).is_sound(), "nothing can be found without something from outside");
    let verdict = audit(&latest, &[&earlier], &whole[..90]);
    let expected = [Finding::RolledBack { earlier: 100, latest: 90 }, Finding::Shorter { leaves: 90, signed: 100 }];
    assert_eq!(verdict.findings, expected);

    let mut auditor = Auditor::new(latest.as_bytes(), &[key(1).verifier()]);
    auditor.known_leaf(95, leaf_hash(&whole[95])).unwrap();
    auditor.known_leaf(5, leaf_hash(&whole[5])).unwrap();
    assert_eq!(run(auditor, &whole[..90]).findings, [Finding::LeafMissing { index: 95, leaves: 90 }]);
}

#[test]
fn a_history_written_anew_and_signed_anew_is_a_fork() {
    let whole = leaves(100);
    let mut forged = whole.clone();
    forged[40] = b"nothing happened".to_vec();
    let (earlier, latest) = (signed(&whole[..60], &key(1)), signed(&forged, &key(1)));
    let verdict = audit(&latest, &[&earlier], &forged);
    let expected = Finding::ForkOf { size: 60, computed: root_of(&forged[..60]), signed: root_of(&whole[..60]) };
    assert_eq!(verdict.findings, [expected]);

    let mut auditor = Auditor::new(latest.as_bytes(), &[key(1).verifier()]);
    auditor.known_leaf(40, leaf_hash(&whole[40])).unwrap();
    let expected = Finding::LeafDiffers { index: 40, computed: leaf_hash(&forged[40]), known: leaf_hash(&whole[40]) };
    assert_eq!(run(auditor, &forged).findings, [expected]);

    let twin = audit(&signed(&whole, &key(1)), &[&latest], &whole);
    assert_eq!(twin.findings, [Finding::ForkOf { size: 100, computed: root_of(&whole), signed: root_of(&forged) }]);
}

#[test]
fn what_is_behind_the_checkpoint_is_counted_as_unproven() {
    let whole = leaves(100);
    let verdict = audit(&signed(&whole[..80], &key(1)), &[&signed(&[], &key(1))], &whole);
    assert!(verdict.is_sound());
    assert_eq!((verdict.leaves, verdict.sound_up_to, verdict.unproven), (100, 80, 20));
    assert_eq!(verdict.root, root_of(&whole));
}

#[test]
fn a_false_or_foreign_signature_is_a_finding() {
    let whole = leaves(10);
    let verdict = audit(&signed(&whole, &key(2)), &[], &whole);
    assert_eq!(verdict.findings, [Finding::BadSignature { number: 0, reason: NoteError::Unsigned.into() }]);
    let forged = signed(&whole, &key(1)).replace("\n10\n", "\n11\n");
    let bad = NoteError::BadSignature { key: key(1).name().clone() };
    assert_eq!(audit(&forged, &[], &whole).findings, [Finding::BadSignature { number: 0, reason: bad.into() }]);

    let elsewhere = NoteKey::from_seed("example.com/other", &[1; 32]).unwrap();
    let other = Checkpoint::new("example.com/other", 10, root_of(&whole)).unwrap().sign(&[&elsewhere]).unwrap();
    let mut auditor = Auditor::new(signed(&whole, &key(1)).as_bytes(), &[key(1).verifier(), elsewhere.verifier()]);
    auditor.earlier(other.as_bytes()).unwrap();
    assert!(matches!(run(auditor, &whole).findings[..], [Finding::OriginDiffers { number: 1, .. }]));
}

#[test]
fn keys_are_rotated_with_two_signatures() {
    let checkpoint = Checkpoint::new(ORIGIN, 7, root_of(&leaves(7))).unwrap();
    let note = checkpoint.sign(&[&key(1), &key(2)]).unwrap();
    for known in [vec![key(1).verifier()], vec![key(2).verifier()], vec![key(1).verifier(), key(2).verifier()]] {
        let opened = Checkpoint::open(note.as_bytes(), &known).unwrap();
        assert_eq!(opened.checkpoint, checkpoint);
        assert_eq!(opened.signed_by.len(), known.len());
    }
    assert_eq!(Checkpoint::open(note.as_bytes(), &[key(3).verifier()]), Err(NoteError::Unsigned.into()));
    let foreign = NoteKey::from_seed("example.com/other", &[1; 32]).unwrap();
    assert!(matches!(checkpoint.sign(&[&foreign]), Err(CheckpointError::ForeignKey { .. })));
    assert!(checkpoint.sign(&[]).is_err());

    // One false line of a known key spoils the note even beside a good one.
    let other = Checkpoint::new(ORIGIN, 8, root_of(&leaves(8))).unwrap().sign(&[&key(2)]).unwrap();
    let (good, line) = (checkpoint.sign(&[&key(1)]).unwrap(), other.lines().last().unwrap().to_owned());
    let mixed = format!("{good}{line}\n");
    let known = [key(1).verifier(), key(2).verifier()];
    let bad = NoteError::BadSignature { key: key(2).name().clone() };
    assert_eq!(Checkpoint::open(mixed.as_bytes(), &known), Err(bad.into()));
    assert!(Checkpoint::open(mixed.as_bytes(), &known[..1]).is_ok(), "lines of unknown keys are left out");
}

#[test]
fn a_witness_confirms_but_never_speaks_for_the_log() {
    let name = "court.example/witness";
    let secret = SigningKey::from_bytes(&[9; 32]);
    let public = [&[4][..], secret.verifying_key().as_bytes()].concat();
    let id = &Sha256::digest([name.as_bytes(), b"\n", &public].concat())[..4];
    let id_text: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let witness = NoteVerifier::parse(&format!("{name}+{id_text}+{}", STANDARD.encode(&public))).unwrap();
    assert!(witness.is_witness());

    let checkpoint = Checkpoint::new(ORIGIN, 7, root_of(&leaves(7))).unwrap();
    let note = checkpoint.sign(&[&key(1)]).unwrap();
    let seconds = 1_795_000_000_u64;
    let message = format!("cosignature/v1\ntime {seconds}\n{}", checkpoint.body());
    let signature = secret.sign(message.as_bytes()).to_bytes();
    let line = STANDARD.encode([id, &seconds.to_be_bytes(), &signature].concat());
    let cosigned = format!("{note}— {name} {line}\n");
    let opened = Checkpoint::open(cosigned.as_bytes(), &[key(1).verifier(), witness.clone()]).unwrap();
    assert_eq!((opened.signed_by.len(), opened.witnessed_by), (1, vec![witness.name().clone()]));
    let alone = Checkpoint::open(cosigned.as_bytes(), &[witness]);
    assert_eq!(alone, Err(CheckpointError::NotFromOrigin { origin: ORIGIN.into() }));
}

#[test]
fn notes_and_bundles_that_are_refused() {
    let good = signed(&leaves(7), &key(1));
    let known = [key(1).verifier()];
    for bad in [
        good.replace('\n', "\r\n"),
        good.trim_end().to_owned(),
        good.replacen("\n7\n", "\n07\n", 1),
        good.replacen("\n7\n", "\n+7\n", 1),
        good.replacen("\n\n", "\n", 1),
        format!("{good}\n"),
        format!("{good}— x\n"),
        good.repeat(40),
        "a\n".repeat(100_000),
    ] {
        assert!(Checkpoint::open(bad.as_bytes(), &known).is_err(), "{:.200}", bad);
    }
    for origin in ["", "a b", "a+b", "a\nb", &"a".repeat(201)] {
        assert!(Checkpoint::new(origin, 0, leaf_hash(b"")).is_err());
    }
    assert!(Checkpoint::with_extensions(ORIGIN, 0, leaf_hash(b""), vec![String::new()]).is_err());
    assert!(Checkpoint::with_extensions(ORIGIN, 0, leaf_hash(b""), vec!["x".into(); 9]).is_err());

    let bundle = bundle(300, 123);
    assert_eq!(Bundle::decode(&bundle.encode()).unwrap(), bundle);
    assert_eq!(Bundle::decode_detached(&bundle.encode_detached(), &bundle.leaf).unwrap(), bundle);
    assert!(matches!(Bundle::decode(&bundle.encode_detached()), Err(BundleError::Malformed { .. })));
    let alone = self::bundle(1, 0);
    assert_eq!(alone.proof, []);
    assert_eq!(Bundle::decode(&alone.encode()).unwrap().check(&known).unwrap().checkpoint.size(), 1);
    let other = Bundle::decode_detached(&bundle.encode(), b"another leaf").unwrap();
    assert!(matches!(other.check(&known), Err(BundleError::Proof(_))));
    let long = Bundle { proof: vec![leaf_hash(b""); 50], ..bundle };
    assert!(Bundle::decode(&long.encode()).is_err());
}

#[test]
fn secrets_are_not_printed() {
    assert_eq!(format!("{:?}", key(1)), format!("NoteKey({})", key(1).name()));
}

/// A store on a full disk.
struct Full;

impl TileStore for Full {
    fn put(&self, _: TileName, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn get(&self, _: TileName) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

#[test]
fn a_failing_store_loses_nothing_and_is_not_fed_for_ever() {
    let mut tree = Tree::new();
    let hash = leaf_hash(b"x");
    let mut appended = 0_u64;
    while tree.append(hash).is_ok() {
        appended += 1;
        if appended == 300 {
            assert!(tree.store_full(&Full).is_err());
            assert_eq!(tree.edge().waiting(), 1);
        }
    }
    assert_eq!(tree.append(hash), Err(AppendError::TilesWaiting));
    assert_eq!(tree.size(), appended);
    assert!(tree.edge().waiting() >= WAITING_TILES_MAX);
    let path = Reader::new(tree.edge(), &Full).inclusion(appended, 0).unwrap();
    trail::check_inclusion(&path, appended, &tree.root(), 0, &hash).unwrap();
    let again = Tree::from_bytes(&tree.to_bytes()).unwrap();
    assert_eq!(again.root(), tree.root());
    assert!(tree.store_full(&MemoryTiles::new()).unwrap() >= WAITING_TILES_MAX);
    tree.append(hash).unwrap();
}
