//! A Merkle log over opaque leaves: tree, tiles, signed checkpoints, proofs, evidence bundles, and the auditor who checks them.
//!
//! This floor knows bytes and hashes. What a leaf means, who asks, what time it is, and where anything else is kept, it does not know.
//! It depends on nothing but SHA-256 (with HMAC), Ed25519 and base64, so that an outsider can read it and build it alone.
//!
//! ```text
//!                          root ─────────────────────▶ Checkpoint ──NoteKey──▶ signed note ──▶ Checkpoint::open
//!                      ●                                                                              │
//!              ●               ●        node = SHA-256(0x01 ‖ left ‖ right)                            ▼
//!          ●       ●       ●       ●                                               Bundle::check, Auditor
//!        0   1   2   3   4   5   6      leaf = SHA-256(0x00 ‖ bytes)                                   ▲
//!                                                                                                     │
//!  Tree::append ─▶ Frontier (48 hashes) + Edge (partial tiles) ──store_full──▶ TileStore ──Reader──▶ proofs
//! ```
//!
//! # Tiles (c2sp.org/tlog-tiles)
//!
//! A tile is 256 consecutive hashes, 8,192 bytes, of every eighth height of the tree; the heights between are computed again when
//! needed. A full tile never changes. Its hash stands in the tile above it, so from the right edge in memory ([`Edge`]) every tile can be
//! checked, and [`Reader`] does:
//!
//! ```text
//!   level 1    [ ● ● ● ○ …            partial: kept in the Edge, served from memory
//!                │ │ └────────────────┐
//!   level 0    [256][256][256][ 17 …  full ones in the TileStore, the last one in the Edge
//!   leaves      0…   256… 512… 768…
//! ```
//!
//! Full tiles are written without fsync: leaves are the truth, tiles only spare work, and [`Reader::repair`] makes them anew.
//!
//! # Signatures
//!
//! | what | over which bytes | key |
//! |---|---|---|
//! | checkpoint | the note text, which has no byte below 0x20 but newlines | [`NoteKey`], named as the origin |
//! | witness | `cosignature/v1\ntime …\n` and the note text | the witness's own; [`NoteVerifier`] reads it |
//! | receipt | context ‖ 0x00 ‖ canonical JSON | [`ReceiptKey`] |
//! | delivery | id ‖ `.` ‖ seconds ‖ `.` ‖ body (Standard Webhooks) | [`WebhookKey`], of one court |
//!
//! # What finds what
//!
//! | tampering | found with public keys and |
//! |---|---|
//! | edit, deletion, reordering, insertion | the latest checkpoint |
//! | truncation, rollback, fork, even if signed anew | one earlier checkpoint, receipt (as a known leaf) or witness |

mod audit;
mod bundle;
mod check;
mod checkpoint;
mod edge;
mod entries;
mod frontier;
mod hash;
mod note;
mod packs;
mod path;
mod proof;
mod reader;
mod receipt;
mod tile;
mod tree;
mod webhook;

pub use audit::{AuditLimit, Auditor, CHECKPOINTS_MAX, Finding, KNOWN_LEAVES_MAX, Verdict};
pub use bundle::{BUNDLE_BYTES_MAX, Bundle, BundleError};
pub use check::{CheckedTiles, TILE_FAULTS_MAX, TileCheck, TileFault};
pub use checkpoint::{Checkpoint, CheckpointError, EXTENSION_CHARACTERS_MAX, EXTENSIONS_MAX, VerifiedCheckpoint};
pub use edge::{Edge, EdgeError, WAITING_TILES_MAX};
pub use entries::{ENTRIES_MAX, EntriesError, LEAF_BYTES_MAX, push_entry, read_entries};
pub use frontier::{Frontier, TREE_SIZE_MAX, TreeFull, root_over};
pub use hash::{EMPTY_ROOT, HASH_BYTES, Hash, HashTextError, leaf_hash, node_hash};
pub use note::{
    KeyName, NAME_CHARACTERS_MAX, NOTE_BYTES_MAX, NoteError, NoteKey, NoteVerifier, SIGNATURES_MAX, SignedNote,
};
pub use packs::{PACK_TILES, PackedTiles};
pub use path::{PATH_CHARACTERS_MAX, TilePath, TilePathError};
pub use proof::{PROOF_HASHES_MAX, ProofError, check_consistency, check_inclusion};
pub use reader::{ReadError, Reader};
pub use receipt::{
    CONTEXT_CHARACTERS_MAX, RECEIPT_BYTES_MAX, ReceiptError, ReceiptKey, ReceiptVerifier, receipt_bytes,
};
pub use tile::{LEVEL_MAX, MemoryTiles, TILE_BYTES, TILE_WIDTH, TileName, TileNameError, TileStore};
pub use tree::{AppendError, Tree};
pub use webhook::{SECRET_BYTES_MAX, SECRET_BYTES_MIN, WebhookKey, WebhookKeyError};
