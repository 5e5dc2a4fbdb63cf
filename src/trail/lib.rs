//! A Merkle log over opaque leaves: tree, tiles, signed checkpoints, proofs.
