//! Prints what appending costs: nanoseconds a leaf for leaf hash and tree, tree alone, and a root after each of many batches.

use std::hint::black_box;
use std::time::Instant;

use trail::{AppendError, MemoryTiles, Reader, Tree, leaf_hash};

const LEAVES: u32 = 2_000_000;
/// The leaf of a typical event is between 200 and 400 bytes.
const LEAF_BYTES: usize = 300;
const BATCH: u32 = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut leaf = [7_u8; LEAF_BYTES];
    measure("leaf hash only", |number| {
        leaf[..4].copy_from_slice(&number.to_be_bytes());
        black_box(leaf_hash(&leaf));
        Ok(())
    })?;
    let hash = leaf_hash(&leaf);
    let (mut tree, store) = (Tree::new(), MemoryTiles::new());
    measure("append a hash", |_| tree.append(hash).and_then(|()| stored(&mut tree, &store)))?;
    let (mut tree, store) = (Tree::new(), MemoryTiles::new());
    measure("leaf hash + append", |number| {
        leaf[..4].copy_from_slice(&number.to_be_bytes());
        tree.append(leaf_hash(&leaf))?;
        stored(&mut tree, &store)
    })?;
    let (mut tree_of_batches, store_of_batches) = (Tree::new(), MemoryTiles::new());
    measure("append + a root every 64", |number| {
        tree_of_batches.append(hash)?;
        if number % BATCH == 0 {
            black_box(tree_of_batches.root());
        }
        stored(&mut tree_of_batches, &store_of_batches)
    })?;

    let begun = Instant::now();
    let proofs = 1_000_u64;
    for number in 0..proofs {
        black_box(Reader::new(tree.edge(), &store).inclusion(tree.size(), number * 1_999 % tree.size())?);
    }
    println!(
        "{:<26}{:>9} ns each, tiles checked, none cached",
        "inclusion proof",
        begun.elapsed().as_nanos() / u128::from(proofs)
    );
    let begun = Instant::now();
    black_box(tree.edge().clone());
    println!("{:<26}{:>9} ns", "clone the edge", begun.elapsed().as_nanos());
    Ok(())
}

fn stored(tree: &mut Tree, store: &MemoryTiles) -> Result<(), AppendError> {
    if tree.edge().waiting() == 0 {
        return Ok(());
    }
    tree.store_full(store).map(|_| ()).map_err(|_| AppendError::TilesWaiting)
}

fn measure(what: &str, mut step: impl FnMut(u32) -> Result<(), AppendError>) -> Result<(), AppendError> {
    let begun = Instant::now();
    for number in 0..LEAVES {
        step(number)?;
    }
    println!("{what:<26}{:>9} ns a leaf", begun.elapsed().as_nanos() / u128::from(LEAVES));
    Ok(())
}
