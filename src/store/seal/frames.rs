//! Sealing a stream in frames, so that a document or a snapshot is never held whole in memory.
//!
//! ```text
//! "XZF" 0x01 | salt (16) | frame 0 | frame 1 | … | last frame
//! frame = ciphertext of ≤ 65,536 bytes | tag (16)      every frame but the last is full
//! key   = HKDF(stream's key, salt, "frames")           so two streams under one data key never share a nonce
//! nonce = last 8 bytes of the salt | frame number (u32, big endian)
//! aad   = 0 or 1 for the last frame | the caller's     so a cut at a frame's edge is found
//! ```

use super::root::RootKey;
use super::{DataKey, NONCE_BYTES, SealError, Sealer, TAG_BYTES};
use crate::random::Random;
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Plaintext bytes in a full frame.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes before the first frame.
pub const HEADER_BYTES: usize = 20;

const MAGIC: [u8; 4] = *b"XZF\x01";
const SALT_BYTES: usize = 16;

/// Bytes on disk of a stream of `plaintext` bytes.
pub const fn sealed_bytes(plaintext: u64) -> u64 {
    let frames = if plaintext == 0 { 1 } else { plaintext.div_ceil(FRAME_BYTES as u64) };
    plaintext + frames * TAG_BYTES as u64 + HEADER_BYTES as u64
}

/// The part common to both directions: key, nonces and the caller's binding.
struct Frames {
    sealer: Sealer,
    nonce_head: [u8; 8],
    number: u32,
    aad: Vec<u8>,
}

impl Frames {
    fn new(key: &DataKey, salt: [u8; SALT_BYTES], aad: &[u8]) -> Self {
        let derived = RootKey::new(key.clone()).derive("frames", &salt);
        let mut nonce_head = [0; 8];
        nonce_head.iter_mut().zip(salt.into_iter().skip(8)).for_each(|(to, from)| *to = from);
        let mut bound = vec![0];
        bound.extend_from_slice(aad);
        Self { sealer: Sealer::new(&derived), nonce_head, number: 0, aad: bound }
    }

    /// Nonce of the next frame, with the last-frame flag set in the binding; refuses to wrap around after 2³² frames (256 TiB).
    fn turn(&mut self, last: bool) -> io::Result<[u8; NONCE_BYTES]> {
        if let Some(flag) = self.aad.first_mut() {
            *flag = u8::from(last);
        }
        let mut nonce = [0; NONCE_BYTES];
        let joined = self.nonce_head.into_iter().chain(self.number.to_be_bytes());
        nonce.iter_mut().zip(joined).for_each(|(to, from)| *to = from);
        self.number =
            self.number.checked_add(1).ok_or_else(|| io::Error::other("seal a stream: more than 2^32 frames"))?;
        Ok(nonce)
    }
}

/// Seals what is written to it and passes it on. [`FrameWriter::finish`] must be called: a stream without its last frame will not open.
pub struct FrameWriter<W> {
    sink: W,
    frames: Frames,
    buffer: Zeroizing<Vec<u8>>,
}

impl<W: Write> FrameWriter<W> {
    /// Writes the stream's head to `sink`. The stream opens only with the same `key` and `aad`.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn new(mut sink: W, key: &DataKey, aad: &[u8], random: &mut dyn Random) -> io::Result<Self> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        sink.write_all(&MAGIC)?;
        sink.write_all(&salt)?;
        let buffer = Zeroizing::new(Vec::with_capacity(FRAME_BYTES + TAG_BYTES));
        Ok(Self { sink, frames: Frames::new(key, salt, aad), buffer })
    }

    /// Writes the last frame and hands the sink back.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        self.emit(true)?;
        Ok(self.sink)
    }

    fn emit(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.frames.turn(last)?;
        let tag = self.frames.sealer.encrypt(nonce, &self.frames.aad, &mut self.buffer).map_err(io::Error::other)?;
        self.buffer.extend_from_slice(&tag);
        self.sink.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full frame waits for one more byte: only then is it known not to be the last.
        if self.buffer.len() == FRAME_BYTES && !bytes.is_empty() {
            self.emit(false)?;
        }
        let taken = bytes.len().min(FRAME_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Opens a stream frame by frame. Every byte it hands out was authenticated; damage and truncation come as
/// [`io::ErrorKind::InvalidData`] with a [`SealError`] inside, and a cut only shows where the stream breaks off, so read to the end before believing the whole.
pub struct FrameReader<R> {
    source: R,
    frames: Frames,
    /// One frame with its tag, and the first byte of the next, which tells that this is not the last.
    window: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    taken: usize,
    finished: bool,
}

impl<R: Read> FrameReader<R> {
    /// Reads the stream's head.
    ///
    /// # Errors
    /// Those of `source`; [`io::ErrorKind::InvalidData`] when this is no sealed stream.
    pub fn new(mut source: R, key: &DataKey, aad: &[u8]) -> io::Result<Self> {
        let mut magic = [0; 4];
        let mut salt = [0; SALT_BYTES];
        let head = source.read_exact(&mut magic).and_then(|()| source.read_exact(&mut salt));
        match head {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(invalid(SealError::TooShort { bytes: 0 }));
            }
            other => other?,
        }
        let [x, z, f, version] = magic;
        if [x, z, f] != *b"XZF" || version != MAGIC[3] {
            return Err(invalid(SealError::UnknownVersion { found: version }));
        }
        Ok(Self {
            source,
            frames: Frames::new(key, salt, aad),
            window: Vec::with_capacity(FRAME_BYTES + TAG_BYTES + 1),
            plain: Zeroizing::new(Vec::with_capacity(FRAME_BYTES)),
            taken: 0,
            finished: false,
        })
    }

    /// The source, for example to ask it for the digest of what was read.
    pub const fn source(&self) -> &R {
        &self.source
    }

    fn next_frame(&mut self) -> io::Result<()> {
        const FRAME_WITH_TAG: usize = FRAME_BYTES + TAG_BYTES;
        let wanted = (FRAME_WITH_TAG + 1).saturating_sub(self.window.len());
        self.source.by_ref().take(wanted as u64).read_to_end(&mut self.window)?;
        let last = self.window.len() <= FRAME_WITH_TAG;
        let ahead = if last { None } else { self.window.pop() };
        let nonce = self.frames.turn(last)?;
        let short = SealError::TooShort { bytes: self.window.len() };
        let (body, tag) = self.window.split_last_chunk::<TAG_BYTES>().ok_or_else(|| invalid(short))?;
        self.plain.clear();
        self.taken = 0;
        self.plain.extend_from_slice(body);
        let opened = self.frames.sealer.decrypt(nonce, &self.frames.aad, &mut self.plain, *tag);
        if let Err(error) = opened {
            // What stands in the buffer now was not authenticated and must not be handed out by a later read.
            self.plain.clear();
            return Err(invalid(error));
        }
        self.window.clear();
        self.window.extend(ahead);
        self.finished = last;
        Ok(())
    }
}

impl<R: Read> Read for FrameReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        while self.taken == self.plain.len() {
            if self.finished {
                return Ok(0);
            }
            self.next_frame()?;
        }
        let mut rest = self.plain.get(self.taken..).unwrap_or_default();
        let count = rest.read(into)?;
        self.taken += count;
        Ok(count)
    }
}

fn invalid(error: SealError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
