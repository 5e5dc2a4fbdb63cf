//! What stands in the golden journal `tests/upgrade/fixtures/journal-v1`: fixed records, in fixed batches.

/// A leaf and maybe a body.
pub type Content = (Vec<u8>, Option<Vec<u8>>);

/// Bytes that look random and are always the same.
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| step()).collect()
}

/// The batches, in order; the number of a record is its sequence.
pub fn batches() -> Vec<Vec<Content>> {
    let mut sequence = 0;
    let mut record = |body: Option<usize>| {
        let leaf = format!("{{\"n\":{sequence},\"type\":\"fixture.written\",\"v\":1}}").into_bytes();
        sequence += 1;
        (leaf, body.map(|bytes| noise(sequence, bytes)))
    };
    [
        vec![None],
        vec![Some(0), Some(700), None],
        vec![Some(1500); 2],
        vec![None; 20],
        vec![Some(5000)],
        vec![Some(40), None],
    ]
    .into_iter()
    .map(|batch| batch.into_iter().map(&mut record).collect())
    .collect()
}
