//! The last sequence of the streams touched lately, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::StreamKey;

/// Streams that are certainly remembered: the most recently touched ones. About 6 MiB; older ones are forgotten, and an expectation
/// on a forgotten stream is taken at its word (the decider is serial and checks its own state first).
pub const STREAMS_REMEMBERED: usize = 65_536;

/// Turns, adds and multiplies in each word. Streams are sequences of ours and keyed digests, so nobody outside can choose ones that collide.
#[derive(Default, Clone, Copy)]
struct StreamHasher(u64);

impl Hasher for StreamHasher {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, words: u128) {
        self.write_u64(low(words >> 64));
        self.write_u64(low(words));
    }

    fn write_isize(&mut self, kind: isize) {
        self.write_u64(kind.unsigned_abs() as u64);
    }
}

fn low(wide: u128) -> u64 {
    u64::try_from(wide & u128::from(u64::MAX)).unwrap_or(0)
}

type Heads = HashMap<StreamKey, u64, BuildHasherDefault<StreamHasher>>;

/// Two generations of at most `limit` streams each: when the young one is full it becomes the old one and the old one is forgotten,
/// which needs no list of ages.
pub(super) struct StreamHeads {
    young: Heads,
    old: Heads,
    limit: usize,
}

impl StreamHeads {
    pub(super) fn new(limit: usize) -> Self {
        Self { young: Heads::default(), old: Heads::default(), limit }
    }

    pub(super) fn last(&self, stream: &StreamKey) -> Option<u64> {
        self.young.get(stream).or_else(|| self.old.get(stream)).copied()
    }

    /// Notes the newest sequence of a stream; gives the one before.
    pub(super) fn touch(&mut self, stream: StreamKey, sequence: u64) -> Option<u64> {
        if let Some(last) = self.young.get_mut(&stream) {
            return Some(std::mem::replace(last, sequence));
        }
        let last = self.old.get(&stream).copied();
        if self.young.len() >= self.limit {
            std::mem::swap(&mut self.old, &mut self.young);
            // Emptied, not dropped: growing anew to this size would move every stream several times.
            self.young.clear();
        }
        self.young.insert(stream, sequence);
        last
    }

    /// Forgets a stream; gives its newest sequence.
    pub(super) fn end(&mut self, stream: StreamKey) -> Option<u64> {
        let last = self.last(&stream);
        self.restore(stream, None);
        last
    }

    /// Undoes a touch, or an end.
    pub(super) fn restore(&mut self, stream: StreamKey, last: Option<u64>) {
        self.young.remove(&stream);
        self.old.remove(&stream);
        if let Some(last) = last {
            self.touch(stream, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_recent_streams_are_remembered_and_memory_is_bounded() {
        let mut heads = StreamHeads::new(100);
        for id in 0..10_000_u64 {
            heads.touch(StreamKey::Case(u128::from(id)), id);
            assert!(heads.young.len() + heads.old.len() <= 200);
            for recent in id.saturating_sub(99)..=id {
                assert_eq!(heads.last(&StreamKey::Case(u128::from(recent))), Some(recent));
            }
        }
        assert_eq!(heads.last(&StreamKey::Case(1)), None);
    }

    #[test]
    fn a_restored_stream_has_its_former_head() {
        let mut heads = StreamHeads::new(10);
        heads.touch(StreamKey::Lane(1), 5);
        heads.touch(StreamKey::Lane(1), 9);
        heads.restore(StreamKey::Lane(1), Some(5));
        assert_eq!(heads.last(&StreamKey::Lane(1)), Some(5));
        heads.restore(StreamKey::Lane(1), None);
        assert_eq!(heads.last(&StreamKey::Lane(1)), None);
    }

    #[test]
    fn streams_of_one_number_and_of_neighbours_are_told_apart() {
        use std::hash::BuildHasher as _;
        let hasher = BuildHasherDefault::<StreamHasher>::default();
        let kinds = [StreamKey::Case, StreamKey::Request, StreamKey::IdempotencyKey, StreamKey::Lane];
        let streams = (0..10_000_u128).chain([u128::MAX, u128::MAX << 64, u128::from(u64::MAX)]);
        let hashes = streams.flat_map(|id| kinds.map(|kind| hasher.hash_one(kind(id))));
        let hashes: Vec<u64> = hashes.collect();
        let different: std::collections::BTreeSet<&u64> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }
}
