//! Writing packets: stored members in their order, no clock and no chance in it, so the same message is the same bytes.

use super::packet::Member;

/// 1980-01-01, the first day a packet can name; the day of a message stands in the message.
const DAY: u16 = 0x0021;
const STORED: u16 = 0;
const VERSION: u16 = 20;
const ENCRYPTED: u16 = 1;
/// What the traditional encryption puts before a member.
const SEAL_BYTES: usize = 12;

/// Writes a packet; with a password its members are sealed by the traditional method, which every tool that partners use reads.
///
/// `None` when it would pass what the format can say: the caller's own bounds are far below.
pub(crate) fn write(members: &[Member], password: Option<&str>) -> Option<Vec<u8>> {
    let bytes: usize = members.iter().map(|member| member.bytes.len() + 2 * member.name.len() + 128).sum();
    let (mut packet, mut directory) = (Vec::with_capacity(bytes + 22), Vec::new());
    for member in members {
        let offset = u32::try_from(packet.len()).ok()?;
        let mut crc = flate2::Crc::new();
        crc.update(&member.bytes);
        let sealed = password.map_or(0, |_| SEAL_BYTES);
        let about = About {
            flags: if password.is_some() { ENCRYPTED } else { 0 },
            crc: crc.sum(),
            packed: u32::try_from(member.bytes.len() + sealed).ok()?,
            bytes: u32::try_from(member.bytes.len()).ok()?,
            name: u16::try_from(member.name.len()).ok()?,
        };
        packet.extend_from_slice(b"PK\x03\x04");
        about.write(&mut packet);
        packet.extend_from_slice(member.name.as_bytes());
        match password {
            Some(password) => seal(password, about.crc, &member.bytes, &mut packet),
            None => packet.extend_from_slice(&member.bytes),
        }
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&VERSION.to_le_bytes());
        about.write(&mut directory);
        // No comment, disk 0, no attributes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(member.name.as_bytes());
    }
    let (offset, length) = (u32::try_from(packet.len()).ok()?, u32::try_from(directory.len()).ok()?);
    let count = u16::try_from(members.len()).ok()?.to_le_bytes();
    packet.append(&mut directory);
    packet.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    packet.extend_from_slice(&count);
    packet.extend_from_slice(&count);
    packet.extend_from_slice(&length.to_le_bytes());
    packet.extend_from_slice(&offset.to_le_bytes());
    packet.extend_from_slice(&[0; 2]);
    Some(packet)
}

/// What both headers of a member say.
struct About {
    flags: u16,
    crc: u32,
    packed: u32,
    bytes: u32,
    name: u16,
}

impl About {
    fn write(&self, to: &mut Vec<u8>) {
        for half in [VERSION, self.flags, STORED, 0, DAY] {
            to.extend_from_slice(&half.to_le_bytes());
        }
        for word in [self.crc, self.packed, self.bytes] {
            to.extend_from_slice(&word.to_le_bytes());
        }
        to.extend_from_slice(&self.name.to_le_bytes());
        to.extend_from_slice(&[0; 2]);
    }
}

/// The traditional encryption of APPNOTE 6.1. It hides nothing from anybody who sees the file's name; it is written because the
/// partner's form asks for it, so its head is no chance but the checksum, which readers look at.
fn seal(password: &str, crc: u32, bytes: &[u8], to: &mut Vec<u8>) {
    let mut keys = Keys { a: 0x1234_5678, b: 0x2345_6789, c: 0x3456_7890 };
    password.bytes().for_each(|byte| keys.update(byte));
    let mut head = [0; SEAL_BYTES];
    let check = crc.to_be_bytes().first().copied().unwrap_or(0);
    if let Some(last) = head.last_mut() {
        *last = check;
    }
    for byte in head.into_iter().chain(bytes.iter().copied()) {
        to.push(byte ^ keys.pad());
        keys.update(byte);
    }
}

struct Keys {
    a: u32,
    b: u32,
    c: u32,
}

impl Keys {
    fn update(&mut self, byte: u8) {
        self.a = crc_step(self.a, byte);
        self.b = self.b.wrapping_add(self.a & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        let [.., high] = self.b.to_le_bytes();
        self.c = crc_step(self.c, high);
    }

    fn pad(&self) -> u8 {
        let word = (self.c | 2) & 0xffff;
        let [_, pad, ..] = word.wrapping_mul(word ^ 1).to_le_bytes();
        pad
    }
}

/// One byte of CRC-32 (IEEE), by bits: packets are small and a table would be one more thing to be wrong.
fn crc_step(crc: u32, byte: u8) -> u32 {
    let mut crc = crc ^ u32::from(byte);
    for _ in 0..8 {
        crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    }
    crc
}
