//! The last sequence of the streams touched lately, in bounded memory.

use std::collections::HashMap;

use super::StreamKey;

/// Streams that are certainly remembered: the most recently touched ones. About 6 MiB; older ones are forgotten, and an expectation
/// on a forgotten stream is taken at its word (the decider is serial and checks its own state first).
pub const STREAMS_REMEMBERED: usize = 65_536;

/// Two generations of at most `limit` streams each: when the young one is full it becomes the old one and the old one is forgotten,
/// which needs no list of ages.
pub(super) struct StreamHeads {
    young: HashMap<StreamKey, u64>,
    old: HashMap<StreamKey, u64>,
    limit: usize,
}

impl StreamHeads {
    pub(super) fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), limit }
    }

    pub(super) fn last(&self, stream: &StreamKey) -> Option<u64> {
        self.young.get(stream).or_else(|| self.old.get(stream)).copied()
    }

    pub(super) fn touch(&mut self, stream: StreamKey, sequence: u64) {
        if self.young.len() >= self.limit && !self.young.contains_key(&stream) {
            std::mem::swap(&mut self.old, &mut self.young);
            // Emptied, not dropped: growing anew to this size would move every stream several times.
            self.young.clear();
        }
        self.young.insert(stream, sequence);
    }

    /// Undoes a touch.
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
}
