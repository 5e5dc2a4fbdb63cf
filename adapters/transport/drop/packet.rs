//! Reading packets that strangers wrote: the layout is checked whole before a byte is unpacked, and there is a limit on everything.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

/// The largest packet read, in bytes: a control feedback with the sealed PDF of each line is below a few MiB.
pub const PACKET_BYTES_MAX: usize = 32 << 20;
/// The most members: a batch of some hundred slips has a result, a receipt and perhaps a hand-back for each.
pub const PACKET_MEMBERS_MAX: usize = 4_000;
/// The most bytes of all members together once unpacked.
pub const PACKET_UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// How many bytes one packed byte may become: Base64 in XML packs to a tenth, only what is made to hurt packs to a hundredth.
pub const PACKET_RATIO_MAX: u64 = 100;
/// The most tags and attributes of all members together, whatever may not be one included: five thousand results of forty fields,
/// each with its padding, are below it. A tree of them is the dearest thing that a packet makes us hold, a hundred bytes for five.
pub const PACKET_MARKS_MAX: usize = 1_000_000;
/// A member below this is small whatever its ratio, in bytes: forty equal rows pack very well.
const RATIO_FREE_BYTES: u64 = 64 << 10;
/// The longest member name.
const NAME_BYTES_MAX: usize = 120;

const END_BYTES: usize = 22;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
/// The upper bits of a mode of Unix: a plain file.
const REGULAR: u32 = 0o10;
const ENCRYPTED: u16 = 1;
/// Strong encryption, and a directory that hides its names.
const HIDDEN: u16 = 1 << 6 | 1 << 13;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const AES: u16 = 99;

/// One file of a packet.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Why a packet is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PacketFault {
    /// Its end is missing: it may still be being written.
    Truncated,
    /// Its parts do not fit together, or a checksum does not.
    Damaged,
    /// Larger than any packet.
    TooLarge,
    /// More members than any packet.
    TooMany,
    /// Made to unpack to more than can be held, or its members lie over each other.
    Bomb,
    /// A member's name leads elsewhere or holds other characters than names do, or the member is a link.
    Name,
    /// Two members of one name.
    Duplicate,
    /// Sealed where nothing is agreed.
    Encrypted,
    /// Open where a seal is agreed.
    Unencrypted,
    /// The agreed password does not open it.
    Password,
    /// Packed by a method that is not agreed.
    Method,
}

impl PacketFault {
    /// The word in event, log and reason file.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::Bomb => "bomb",
            Self::Name => "name",
            Self::Duplicate => "duplicate_member",
            Self::Encrypted => "encrypted",
            Self::Unencrypted => "unencrypted",
            Self::Password => "password",
            Self::Method => "method",
        }
    }
}

/// Reads a packet: its members in their order, all or none.
///
/// # Errors
/// [`PacketFault`]; at most the limits above are held at any moment.
pub(crate) fn read(bytes: &[u8], password: Option<&str>) -> Result<Vec<Member>, PacketFault> {
    let entries = layout(bytes, password.is_some())?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| PacketFault::Damaged)?;
    if archive.len() != entries.len() {
        return Err(PacketFault::Damaged);
    }
    let mut members = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let opened = match password {
            Some(password) => archive.by_index_decrypt(index, password.as_bytes()),
            None => archive.by_index(index),
        };
        let file = opened.map_err(fault)?;
        if file.name_raw() != entry.name.as_bytes() || file.size() != entry.bytes {
            return Err(PacketFault::Damaged);
        }
        let mut unpacked = Vec::with_capacity(usize::try_from(entry.bytes).map_err(|_| PacketFault::TooLarge)?);
        // One byte more than it says, so that one that says less than it holds is seen and its checksum is looked at.
        let read = file.take(entry.bytes + 1).read_to_end(&mut unpacked);
        match read {
            Ok(length) if u64::try_from(length) == Ok(entry.bytes) => {}
            // A wrong password passes the one check byte once in 256 times and ends here.
            _ if password.is_some() => return Err(PacketFault::Password),
            _ => return Err(PacketFault::Damaged),
        }
        members.push(Member { name: entry.name, bytes: unpacked });
    }
    Ok(members)
}

/// Would the documents in it make more tags and attributes than may be held? Counted before any of them is read.
pub(crate) fn is_crowded(members: &[Member]) -> bool {
    let marks = |member: &Member| member.bytes.iter().filter(|byte| matches!(byte, b'<' | b'=')).count();
    members.iter().map(marks).sum::<usize>() > PACKET_MARKS_MAX
}

fn fault(error: ZipError) -> PacketFault {
    match error {
        ZipError::InvalidPassword => PacketFault::Password,
        _ => PacketFault::Damaged,
    }
}

/// What the directory says of a member, once it is believed.
struct Entry {
    name: String,
    bytes: u64,
}

/// A member as its two headers tell it.
struct Header<'b> {
    flags: u16,
    method: u16,
    packed: u64,
    bytes: u64,
    name: &'b [u8],
    /// Where its local header begins.
    offset: usize,
    /// Length of the whole entry in the directory.
    length: usize,
}

/// Checks the whole layout: one directory that fills the space between the members and the end, members that lie apart,
/// names that lead nowhere, and sizes whose sum can be held.
fn layout(bytes: &[u8], sealed: bool) -> Result<Vec<Entry>, PacketFault> {
    if bytes.len() > PACKET_BYTES_MAX {
        return Err(PacketFault::TooLarge);
    }
    let (count, directory) = end(bytes)?;
    let (mut at, mut total) = (directory, 0_u64);
    let (mut entries, mut names) = (Vec::with_capacity(count), BTreeSet::new());
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(count);
    for _ in 0..count {
        let header = central(bytes, at)?;
        at += header.length;
        agreed(&header, sealed)?;
        let name = named(header.name)?;
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(PacketFault::Duplicate);
        }
        total = total.saturating_add(header.bytes);
        let most = header.packed.saturating_mul(PACKET_RATIO_MAX).max(RATIO_FREE_BYTES);
        if total > PACKET_UNPACKED_BYTES_MAX || header.bytes > most {
            return Err(PacketFault::Bomb);
        }
        places.push((header.offset, local_end(bytes, &header, directory)?));
        entries.push(Entry { name, bytes: header.bytes });
    }
    if at + END_BYTES != bytes.len() {
        return Err(PacketFault::Damaged);
    }
    places.sort_unstable();
    let apart = places.iter().zip(places.iter().skip(1)).all(|((_, end), (begin, _))| end <= begin);
    if apart { Ok(entries) } else { Err(PacketFault::Bomb) }
}

/// How many members, and where the directory begins. No comment, one disk, no 64-bit forms: nobody needs them below 32 MiB, and
/// each is a way for two readers to see two packets.
fn end(bytes: &[u8]) -> Result<(usize, usize), PacketFault> {
    let at = bytes.len().checked_sub(END_BYTES).ok_or(PacketFault::Truncated)?;
    if bytes.get(at..at + 4) != Some(b"PK\x05\x06") {
        return Err(PacketFault::Truncated);
    }
    let wide = at.checked_sub(20).and_then(|place| bytes.get(place..place + 4)) == Some(b"PK\x06\x07");
    let (disks, here, count, comment) =
        (word(bytes, at + 4)?, half(bytes, at + 8)?, half(bytes, at + 10)?, half(bytes, at + 20)?);
    let (length, directory) = (size(bytes, at + 12)?, size(bytes, at + 16)?);
    if wide || disks != 0 || here != count || comment != 0 {
        return Err(PacketFault::Damaged);
    }
    let count = usize::from(count);
    if count > PACKET_MEMBERS_MAX {
        return Err(PacketFault::TooMany);
    }
    if directory.checked_add(length) != Some(at) {
        return Err(PacketFault::Damaged);
    }
    Ok((count, directory))
}

fn central(bytes: &[u8], at: usize) -> Result<Header<'_>, PacketFault> {
    if bytes.get(at..at + 4) != Some(b"PK\x01\x02") {
        return Err(PacketFault::Damaged);
    }
    let name_bytes = usize::from(half(bytes, at + 28)?);
    let (extra, comment) = (usize::from(half(bytes, at + 30)?), usize::from(half(bytes, at + 32)?));
    let name = at + CENTRAL_BYTES;
    // Where a tool of Unix wrote it, the upper half of the attributes is a mode; a link or a device is no message.
    if !matches!(word(bytes, at + 38)? >> 28, 0 | REGULAR) {
        return Err(PacketFault::Name);
    }
    Ok(Header {
        flags: half(bytes, at + 8)?,
        method: half(bytes, at + 10)?,
        packed: u64::from(word(bytes, at + 20)?),
        bytes: u64::from(word(bytes, at + 24)?),
        name: bytes.get(name..name + name_bytes).ok_or(PacketFault::Damaged)?,
        offset: size(bytes, at + 42)?,
        length: CENTRAL_BYTES + name_bytes + extra + comment,
    })
}

fn agreed(header: &Header<'_>, sealed: bool) -> Result<(), PacketFault> {
    let is_sealed = header.flags & ENCRYPTED != 0;
    match (is_sealed, sealed) {
        (true, false) => return Err(PacketFault::Encrypted),
        (false, true) => return Err(PacketFault::Unencrypted),
        _ => {}
    }
    if header.flags & HIDDEN != 0 {
        return Err(PacketFault::Encrypted);
    }
    match header.method {
        STORED | DEFLATED => Ok(()),
        AES if is_sealed => Ok(()),
        _ => Err(PacketFault::Method),
    }
}

/// Letters, digits, dot, dash and underscore: what is not a folder, not hidden, and the same in every charset.
fn named(name: &[u8]) -> Result<String, PacketFault> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.iter().all(plain) && !name.starts_with(b".");
    let text = fits.then(|| String::from_utf8(name.to_vec()).ok()).flatten();
    text.ok_or(PacketFault::Name)
}

/// Where a member ends, by its own header, which must agree with the directory.
fn local_end(bytes: &[u8], header: &Header<'_>, directory: usize) -> Result<usize, PacketFault> {
    let at = header.offset;
    if at >= directory || bytes.get(at..at + 4) != Some(b"PK\x03\x04") {
        return Err(PacketFault::Damaged);
    }
    let (name_bytes, extra) = (usize::from(half(bytes, at + 26)?), usize::from(half(bytes, at + 28)?));
    let name = at + LOCAL_BYTES;
    let agrees = half(bytes, at + 6)? == header.flags
        && half(bytes, at + 8)? == header.method
        && bytes.get(name..name + name_bytes) == Some(header.name);
    let packed = usize::try_from(header.packed).map_err(|_| PacketFault::Damaged)?;
    let end = (name + name_bytes + extra).checked_add(packed).ok_or(PacketFault::Damaged)?;
    if agrees && end <= directory { Ok(end) } else { Err(PacketFault::Damaged) }
}

fn half(bytes: &[u8], at: usize) -> Result<u16, PacketFault> {
    let two = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    two.map(u16::from_le_bytes).ok_or(PacketFault::Damaged)
}

fn word(bytes: &[u8], at: usize) -> Result<u32, PacketFault> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map(u32::from_le_bytes).ok_or(PacketFault::Damaged)
}

fn size(bytes: &[u8], at: usize) -> Result<usize, PacketFault> {
    usize::try_from(word(bytes, at)?).map_err(|_| PacketFault::Damaged)
}
