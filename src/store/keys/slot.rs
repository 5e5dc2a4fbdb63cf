//! The bytes of a slot and of a slot file's header.
//!
//! ```text
//! slot     "XZK1" | state (1: 1 live, 2 destroyed) | 0 0 0 | slot number (8) | master id (4) | wrapped key (61) | zeros | crc32c of all before (4)
//!          a destroyed one holds random bytes where the wrapped key stood
//! header   "XZKF" | version (1) | 0 0 0 | file number (4) | slots per file (4) | zeros | crc32c of all before (4)
//! ```
//! All numbers big endian. A slot of zeros only was never written. 128 bytes divide a sector, so a slot is written whole or not at all.

use crate::random::Random;
use crate::seal::master::{MasterKey, WRAPPED_BYTES};
use crate::seal::{DataKey, SealError};

/// Bytes of a slot and of a header.
pub(super) const SLOT_BYTES: usize = 128;
const SUM_BYTES: usize = 4;
const SLOT_MAGIC: [u8; 4] = *b"XZK1";
const HEADER_MAGIC: [u8; 4] = *b"XZKF";
const HEADER_VERSION: u8 = 1;
const LIVE: u8 = 1;
const DESTROYED: u8 = 2;

/// What a slot holds.
pub(super) enum Slot {
    Empty,
    Destroyed,
    Live { master: [u8; 4], wrapped: [u8; WRAPPED_BYTES] },
}

impl Slot {
    /// The bytes of a live slot.
    pub(super) fn live(
        slot: u64,
        master: &MasterKey,
        key: &DataKey,
        random: &mut dyn Random,
    ) -> Result<[u8; SLOT_BYTES], SealError> {
        let wrapped = master.wrap(slot, key, random)?;
        Ok(summed(&[&SLOT_MAGIC, &[LIVE, 0, 0, 0], &slot.to_be_bytes(), &master.id(), &wrapped]))
    }

    /// The bytes of a destroyed slot: mark and overwriting in one write, so that a crash leaves the key or the mark and nothing between.
    pub(super) fn destroyed(slot: u64, random: &mut dyn Random) -> [u8; SLOT_BYTES] {
        let mut noise = [0; 4 + WRAPPED_BYTES];
        random.fill(&mut noise);
        summed(&[&SLOT_MAGIC, &[DESTROYED, 0, 0, 0], &slot.to_be_bytes(), &noise])
    }

    /// Reads a slot, which must bear the number `slot`.
    pub(super) fn decode(bytes: &[u8; SLOT_BYTES], slot: u64) -> Result<Self, &'static str> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Self::Empty);
        }
        let body = checked(bytes)?;
        let (magic, rest) = body.split_first_chunk::<4>().ok_or("the slot is cut")?;
        let ([state, ..], rest) = rest.split_first_chunk::<4>().ok_or("the slot is cut")?;
        let (number, rest) = rest.split_first_chunk::<8>().ok_or("the slot is cut")?;
        if *magic != SLOT_MAGIC {
            return Err("this is no slot of a known form");
        }
        if u64::from_be_bytes(*number) != slot {
            return Err("the slot bears another number");
        }
        match *state {
            DESTROYED => Ok(Self::Destroyed),
            LIVE => {
                let (master, rest) = rest.split_first_chunk::<4>().ok_or("the slot is cut")?;
                let (wrapped, _) = rest.split_first_chunk::<WRAPPED_BYTES>().ok_or("the slot is cut")?;
                Ok(Self::Live { master: *master, wrapped: *wrapped })
            }
            _ => Err("the slot is in no known state"),
        }
    }
}

/// The head of a slot file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u32,
    pub(super) slots_per_file: u32,
}

impl Header {
    pub(super) fn encode(self) -> [u8; SLOT_BYTES] {
        let numbers = [self.number.to_be_bytes(), self.slots_per_file.to_be_bytes()].concat();
        summed(&[&HEADER_MAGIC, &[HEADER_VERSION, 0, 0, 0], &numbers])
    }

    pub(super) fn decode(bytes: &[u8; SLOT_BYTES]) -> Result<Self, &'static str> {
        let body = checked(bytes)?;
        let (magic, rest) = body.split_first_chunk::<4>().ok_or("the header is cut")?;
        let ([version, ..], rest) = rest.split_first_chunk::<4>().ok_or("the header is cut")?;
        let (number, rest) = rest.split_first_chunk::<4>().ok_or("the header is cut")?;
        let (slots_per_file, _) = rest.split_first_chunk::<4>().ok_or("the header is cut")?;
        if *magic != HEADER_MAGIC || *version != HEADER_VERSION {
            return Err("this is no slot file of a known form");
        }
        Ok(Self { number: u32::from_be_bytes(*number), slots_per_file: u32::from_be_bytes(*slots_per_file) })
    }
}

fn summed(parts: &[&[u8]]) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes.iter_mut().zip(parts.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
    if let Some((body, sum)) = bytes.split_last_chunk_mut::<SUM_BYTES>() {
        *sum = crc32c::crc32c(body).to_be_bytes();
    }
    bytes
}

fn checked(bytes: &[u8; SLOT_BYTES]) -> Result<&[u8], &'static str> {
    match bytes.split_last_chunk::<SUM_BYTES>() {
        Some((body, sum)) if crc32c::crc32c(body).to_be_bytes() == *sum => Ok(body),
        _ => Err("the checksum does not fit"),
    }
}
