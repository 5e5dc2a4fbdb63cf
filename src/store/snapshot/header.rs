//! The head of a snapshot file.

/// Bytes of the header on disk.
pub const HEADER_BYTES: usize = 128;
const SUM_BYTES: usize = 4;
const MAGIC: [u8; 8] = *b"XZSN\x01\0\0\0";

/// What a snapshot says of itself, in clear; nothing personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// Sequence of the first event that is not in the state.
    pub sequence: u64,
    /// Form of the state, as its writer numbers it.
    pub state_format: u32,
    /// Length of the state.
    pub plaintext_bytes: u64,
    /// SHA-256 of the state.
    pub digest: [u8; 32],
}

impl SnapshotHeader {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let parts: [&[u8]; 5] = [
            &MAGIC,
            &self.state_format.to_be_bytes(),
            &self.sequence.to_be_bytes(),
            &self.plaintext_bytes.to_be_bytes(),
            &self.digest,
        ];
        let mut bytes = [0; HEADER_BYTES];
        bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        if let Some((body, sum)) = bytes.split_last_chunk_mut::<SUM_BYTES>() {
            *sum = crc32c::crc32c(body).to_be_bytes();
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, std::io::Error> {
        Self::parse(bytes).ok_or_else(|| super::invalid("its header is damaged or of an unknown form"))
    }

    fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<SUM_BYTES>()?;
        let (magic, rest) = body.split_first_chunk::<8>()?;
        let (state_format, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (plaintext_bytes, rest) = rest.split_first_chunk::<8>()?;
        let (digest, _) = rest.split_first_chunk::<32>()?;
        let sound = *magic == MAGIC && *sum == crc32c::crc32c(body).to_be_bytes();
        sound.then(|| Self {
            sequence: u64::from_be_bytes(*sequence),
            state_format: u32::from_be_bytes(*state_format),
            plaintext_bytes: u64::from_be_bytes(*plaintext_bytes),
            digest: *digest,
        })
    }

    /// What the sealed stream is bound to. Length and digest are not known when it begins; they are checked at its end.
    pub(super) fn binding(&self) -> Vec<u8> {
        [b"snapshot".as_slice(), &self.sequence.to_be_bytes(), &self.state_format.to_be_bytes()].concat()
    }
}
