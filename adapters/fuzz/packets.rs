//! Packets that were made to hurt whoever unpacks them, written by hand: no library would write them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::hostile::Named;

const ENCRYPTED: u16 = 1;
const DEFLATED: u16 = 8;
/// Zeros that pack a thousandfold.
const BOMB_BYTES: usize = 8 << 20;

/// A member as its headers shall tell it; what they tell need not be so.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    /// In the directory, when it says another.
    listed: Option<Vec<u8>>,
    flags: u16,
    method: u16,
    packed: Vec<u8>,
    crc: u32,
    bytes: u32,
    /// Where the directory says that it begins.
    offset: Option<u32>,
    /// Upper half of the attributes: a mode where the packet was made on Unix.
    mode: u16,
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn entry(name: impl AsRef<[u8]>, bytes: &[u8]) -> Entry {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    Entry {
        name: name.as_ref().to_vec(),
        listed: None,
        flags: 0,
        method: 0,
        packed: bytes.to_vec(),
        crc: crc.sum(),
        bytes: u32::try_from(bytes.len()).unwrap(),
        offset: None,
        mode: 0,
    }
}

fn packed(name: impl AsRef<[u8]>, bytes: &[u8]) -> Entry {
    Entry { method: DEFLATED, packed: deflated(bytes), ..entry(name, bytes) }
}

/// Members of one content, packed once.
fn copies(count: usize, bytes: &[u8], name: impl Fn(usize) -> String) -> Vec<Entry> {
    let one = packed("", bytes);
    (0..count).map(|nth| Entry { name: name(nth).into_bytes(), ..one.clone() }).collect()
}

fn headers(entry: &Entry, name: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    for half in [20, entry.flags, entry.method, 0, 0x21] {
        header.extend_from_slice(&half.to_le_bytes());
    }
    for word in [entry.crc, u32::try_from(entry.packed.len()).unwrap(), entry.bytes] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
    header.extend_from_slice(&[0; 2]);
    header
}

/// The end of a packet that says so many members.
fn end(count: usize, length: usize, offset: usize) -> Vec<u8> {
    let count = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &word(length), &word(offset), &[0; 2]].concat()
}

fn directory(entries: &[Entry], offsets: &[usize]) -> Vec<u8> {
    let mut directory = Vec::new();
    for (entry, offset) in entries.iter().zip(offsets) {
        let name = entry.listed.as_ref().unwrap_or(&entry.name);
        // Made on Unix, so that the attributes hold a mode.
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&headers(entry, name));
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(u32::from(entry.mode) << 16).to_le_bytes());
        let offset = entry.offset.unwrap_or_else(|| u32::try_from(*offset).unwrap());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name);
    }
    directory
}

fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut offsets) = (Vec::new(), Vec::new());
    for entry in entries {
        offsets.push(bytes.len());
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&headers(entry, &entry.name));
        bytes.extend_from_slice(&entry.name);
        bytes.extend_from_slice(&entry.packed);
    }
    let directory = directory(entries, &offsets);
    let at = bytes.len();
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(&end(entries.len(), directory.len(), at));
    bytes
}

/// One body that many names claim: what a few KiB unpack to grows with the square of their size.
fn overlapping(count: usize) -> Vec<u8> {
    let body = packed("0.xml", &vec![b' '; 1 << 20]);
    let mut bytes = zip(std::slice::from_ref(&body));
    let at = bytes.len() - 22 - 46 - body.name.len();
    bytes.truncate(at);
    let names: Vec<Entry> =
        (0..count).map(|nth| Entry { name: format!("{nth}.xml").into_bytes(), ..body.clone() }).collect();
    let directory = directory(&names, &vec![0; count]);
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(&end(count, directory.len(), at));
    bytes
}

/// Each member holds the header of the next, and ends where all end.
fn nested_headers() -> Vec<u8> {
    let inner = zip(&[packed("b.xml", &vec![0; 1 << 20])]);
    let outer = entry("a.xml", &inner);
    let second = Entry { name: b"b.xml".to_vec(), offset: Some(35), ..packed("b.xml", &vec![0; 1 << 20]) };
    zip(&[outer, Entry { packed: Vec::new(), ..second }])
}

/// A packet in a packet, so many times.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(vec![0; 1 << 20], |inner, nth| zip(&[packed(format!("{nth}.zip"), &inner)]))
}

fn named(name: &[u8]) -> Vec<u8> {
    zip(&[entry(name, b"<a/>")])
}

/// Packets: none of these is read whole.
pub(crate) fn refused() -> Vec<Named> {
    let whole = zip(&[entry("a.xml", b"<a/>"), packed("b.xml", &[b'x'; 4_096])]);
    let (length, sound) = (whole.len(), entry("a.xml", b"<a/>"));
    let lies = |change: fn(&mut Entry)| {
        let mut lying = packed("a.xml", &[b'x'; 4_096]);
        change(&mut lying);
        zip(&[lying])
    };
    let many: Vec<Entry> = (0..65_536).map(|nth| entry(format!("{nth}"), b"")).collect();
    let pieces = copies(1_100, &[0; 64 << 10], |nth| format!("{nth}.xml"));
    let mut wide = whole.clone();
    wide.splice(length - 22..length - 22, *b"PK\x06\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0");
    let mut beyond = whole.clone();
    beyond[length - 6..length - 2].copy_from_slice(&u32::MAX.to_le_bytes());
    vec![
        ("a bomb", zip(&[packed("a.xml", &vec![0; BOMB_BYTES])])),
        ("a bomb in pieces", zip(&pieces)),
        ("members over each other", overlapping(200)),
        ("members within each other", nested_headers()),
        ("a name that goes up", named(b"../../etc/cron.d/a.xml")),
        ("a name from the root", named(b"/etc/passwd")),
        ("a name of another system", named(b"..\\..\\a.xml")),
        ("a name with a drive", named(b"C:a.xml")),
        ("a name with NUL", named(b"a.xml\0.exe")),
        ("a hidden name", named(b".a.xml")),
        ("no name", named(b"")),
        ("a long name", named(&[b'a'; 60_000])),
        ("a GBK name", named(b"\xb2\xe9\xd1\xaf.xml")),
        ("a name in half a character", named(b"\xe7\x8e.xml")),
        ("a folder", named(b"a/")),
        ("one name twice", zip(&[sound.clone(), sound.clone()])),
        ("one name in two cases", zip(&[sound.clone(), entry("A.XML", b"<b/>")])),
        ("another name in the directory", zip(&[Entry { listed: Some(b"b.xml".to_vec()), ..sound.clone() }])),
        ("a link", zip(&[Entry { mode: 0o120_777, ..entry("a.xml", b"/etc/passwd") }])),
        ("a device", zip(&[Entry { mode: 0o020_666, ..entry("a.xml", b"") }])),
        ("a truncated directory", [&whole[..length - 40], &whole[length - 22..]].concat()),
        ("a cut end", whole[..length - 1].to_vec()),
        ("half of it", whole[..length / 2].to_vec()),
        ("only an end", end(0, 0, 7)),
        ("an end that counts more", end(u16::MAX.into(), 0, 0)),
        ("65,536 members", zip(&many)),
        ("an offset beyond all", beyond),
        ("an offset into the directory", zip(&[Entry { offset: Some(40), ..sound.clone() }])),
        ("64-bit forms", wide),
        ("a packet before it", [whole.clone(), whole.clone()].concat()),
        ("bytes before it", [b"MZ".to_vec(), whole.clone()].concat()),
        ("bytes behind it", [whole.clone(), b"more".to_vec()].concat()),
        ("less said than there is", lies(|member| member.bytes = 1)),
        ("more said than there is", lies(|member| member.bytes = 60_000)),
        ("no size said", lies(|member| member.bytes = 0)),
        ("all that 32 bits can say", lies(|member| member.bytes = u32::MAX)),
        ("another sum", lies(|member| member.crc ^= 1)),
        ("a broken stream", lies(|member| member.packed[3] ^= 0xff)),
        ("a cut stream", lies(|member| member.packed.truncate(9))),
        ("a method of another time", lies(|member| member.method = 14)),
        ("sealed", lies(|member| member.flags = ENCRYPTED)),
        ("sealed for somebody else", lies(|member| (member.flags, member.method) = (ENCRYPTED, 99))),
        ("hidden names", lies(|member| member.flags = 1 << 13)),
        ("an archive of another kind", b"7z\xbc\xaf\x27\x1c\0\x04".repeat(64)),
        ("packed once more", [b"\x1f\x8b\x08".to_vec(), deflated(&whole)].concat()),
        ("nothing", Vec::new()),
        ("bytes", (0..=u8::MAX).collect()),
        ("a page", b"<!DOCTYPE html><html><body>login</body></html>".to_vec()),
    ]
}

/// Packets that unpack, and whose content nobody wants; `name` gives the nth member one that the reader looks at.
pub(crate) fn unwanted(name: impl Fn(usize) -> String) -> Vec<Named> {
    let of = |count: usize, bytes: &[u8]| zip(&copies(count, bytes, &name));
    let tree = [b"<a>".to_vec(), b"<b/>".repeat(16_000), b"</a>".to_vec()].concat();
    let attributes = "<b a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m='' n=''/>".repeat(800);
    let wide = format!("<a>{attributes}</a>");
    vec![
        ("packets in packets", nested(8)),
        ("no members", zip(&[])),
        ("a program", zip(&[entry("a.exe", b"MZ")])),
        ("hundreds of trees", of(200, &tree)),
        ("as many trees as may be", of(62, &tree)),
        ("hundreds of wide trees", of(200, wide.as_bytes())),
        ("as many wide trees as may be", of(80, wide.as_bytes())),
        ("nothing but room", of(300, &[b' '; 64 << 10])),
        ("an entity bomb", of(1, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")),
        ("deep nesting", of(1, &b"<a>".repeat(20_000))),
        ("a link to nowhere", of(1, b"/etc/passwd")),
    ]
}

/// A packet of one member.
pub(crate) fn under(name: &str, bytes: &[u8]) -> Vec<u8> {
    zip(&[packed(name, bytes)])
}

#[test]
fn what_is_written_by_hand_is_a_packet() {
    let read = crate::transport::drop::packet::read;
    let members = read(&under("a.xml", b"<a/>"), None).ok().unwrap();
    assert_eq!((members.len(), members[0].bytes.as_slice()), (1, &b"<a/>"[..]));
    assert!(overlapping(200).len() < 64 << 10, "a few KiB that would be 200 MiB");
}
