//! The packet reader: what we write, what others write, and whatever bytes there are.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{AesMode, CompressionMethod, ZipWriter};

use crate::transport::drop::packet::{
    Member, PACKET_BYTES_MAX, PACKET_MEMBERS_MAX, PACKET_UNPACKED_BYTES_MAX, PacketFault, read,
};
use crate::transport::drop::write;

fn member(name: &str, bytes: &[u8]) -> Member {
    Member { name: name.to_owned(), bytes: bytes.to_vec() }
}

fn ours(password: Option<&str>) -> Vec<u8> {
    write(&[member("QA1.xml", b"<a/>"), member("QI1.xml", &[7; 300])], password).unwrap()
}

/// A packet by another hand.
fn theirs(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn fault(bytes: &[u8], password: Option<&str>) -> PacketFault {
    read(bytes, password).err().expect("a fault")
}

/// Puts other bytes in the place of some, everywhere.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at..at + new.len()].copy_from_slice(new));
    bytes
}

#[test]
fn what_is_written_is_read_and_is_the_same_bytes_each_time() {
    for password in [None, Some("330225P0000000000330225X202611220000000001201")] {
        let members = read(&ours(password), password).unwrap();
        let read: Vec<(&str, usize)> = members.iter().map(|m| (m.name.as_str(), m.bytes.len())).collect();
        assert_eq!(read, [("QA1.xml", 4), ("QI1.xml", 300)]);
        assert_eq!(members[0].bytes, b"<a/>");
        assert_eq!(ours(password), ours(password));
    }
    assert!(read(&write(&[], None).unwrap(), None).unwrap().is_empty());
}

#[test]
fn what_others_pack_and_seal_is_read() {
    let members: [(&str, &[u8]); 2] = [("QR1.xml", &[b'x'; 5_000]), ("QRI1.xml", b"")];
    let sealed = [AesMode::Aes128, AesMode::Aes192, AesMode::Aes256];
    for mode in sealed {
        let packet = theirs(&members, deflated().with_aes_encryption(mode, "secret"));
        assert_eq!(read(&packet, Some("secret")).unwrap()[0].bytes, [b'x'; 5_000]);
        assert_eq!(fault(&packet, Some("other")), PacketFault::Password);
        assert_eq!(fault(&packet, None), PacketFault::Encrypted);
    }
    for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
        let packet = theirs(&members, SimpleFileOptions::default().compression_method(method));
        assert_eq!(read(&packet, None).unwrap().len(), 2);
        assert_eq!(fault(&packet, Some("secret")), PacketFault::Unencrypted);
    }
    // The traditional seal of the library's own writer, whose head is chance.
    use zip::unstable::write::FileOptionsExt as _;
    let packet = theirs(&members, deflated().with_deprecated_encryption(b"secret").unwrap());
    assert_eq!(read(&packet, Some("secret")).unwrap()[0].bytes, [b'x'; 5_000]);
    assert_eq!(fault(&packet, None), PacketFault::Encrypted);
}

#[test]
fn a_wrong_password_opens_nothing() {
    let packet = ours(Some("right"));
    for nth in 0..300 {
        let guess = format!("wrong{nth}");
        assert!(matches!(fault(&packet, Some(&guess)), PacketFault::Password), "{guess}");
    }
}

#[test]
fn a_packet_cut_anywhere_is_truncated_or_damaged() {
    let packet = ours(None);
    for length in 0..packet.len() {
        assert!(matches!(fault(&packet[..length], None), PacketFault::Truncated | PacketFault::Damaged), "{length}");
    }
    assert_eq!(fault(&packet[..packet.len() - 1], None), PacketFault::Truncated);
    let mut longer = packet.clone();
    longer.push(0);
    assert_eq!(fault(&longer, None), PacketFault::Truncated);
}

#[test]
fn a_changed_byte_is_never_taken_for_content() {
    let packet = ours(None);
    let sound: Vec<Vec<u8>> = read(&packet, None).unwrap().into_iter().map(|member| member.bytes).collect();
    for at in 0..packet.len() {
        let mut changed = packet.clone();
        changed[at] ^= 0x20;
        if let Ok(members) = read(&changed, None) {
            let bytes: Vec<Vec<u8>> = members.into_iter().map(|member| member.bytes).collect();
            assert!(bytes == sound, "byte {at}");
        }
    }
}

#[test]
fn bombs_are_seen_before_they_are_unpacked() {
    let zeros = vec![0; 8 << 20];
    assert_eq!(fault(&theirs(&[("a.xml", &zeros)], deflated()), None), PacketFault::Bomb);
    let many: Vec<(String, Vec<u8>)> = (0..9).map(|nth| (format!("{nth}.xml"), zeros.clone())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    assert_eq!(fault(&theirs(&many, stored), None), PacketFault::TooLarge, "above the packet's own bound");
    assert_eq!(fault(&vec![0; PACKET_BYTES_MAX + 1], None), PacketFault::TooLarge);
    // Says little and holds much: the checksum is of the much.
    let mut lying = theirs(&[("a.xml", &zeros[..60_000])], deflated());
    lying = replaced(&lying, &60_000_u32.to_le_bytes(), &10_u32.to_le_bytes());
    assert!(matches!(fault(&lying, None), PacketFault::Damaged));
    // Says much and holds little: nothing is set aside for it.
    let mut boasting = theirs(&[("a.xml", &zeros[..60_000])], deflated());
    boasting = replaced(&boasting, &60_000_u32.to_le_bytes(), &0x7fff_ffff_u32.to_le_bytes());
    assert_eq!(fault(&boasting, None), PacketFault::Bomb);
    const { assert!(PACKET_UNPACKED_BYTES_MAX < 0x7fff_ffff) };
}

#[test]
fn members_that_lie_over_each_other_are_a_bomb() {
    // The second member's entry points at the first member, as in bombs that need no nesting.
    let packet = write(&[member("a.xml", b"abcd"), member("b.xml", b"abcd")], None).unwrap();
    let second = u32::try_from(30 + 5 + 4).unwrap().to_le_bytes();
    let at = packet.windows(4).rposition(|four| four == second).unwrap();
    let mut over = packet.clone();
    over[at..at + 4].copy_from_slice(&0_u32.to_le_bytes());
    assert!(matches!(fault(&over, None), PacketFault::Damaged | PacketFault::Bomb), "names differ");
    let same = replaced(&over, b"b.xml", b"A.xml");
    assert_eq!(fault(&same, None), PacketFault::Duplicate);
}

#[test]
fn too_many_members_are_too_many_before_one_is_read() {
    let many: Vec<Member> = (0..=PACKET_MEMBERS_MAX).map(|nth| member(&format!("{nth}.xml"), b"")).collect();
    assert_eq!(fault(&write(&many, None).unwrap(), None), PacketFault::TooMany);
    assert_eq!(read(&write(&many[1..], None).unwrap(), None).unwrap().len(), PACKET_MEMBERS_MAX);
}

#[test]
fn names_lead_nowhere_and_stand_once() {
    for name in
        ["../a.xml", "/etc/passwd", "a/b.xml", "a\\b.xml", "", ".a", "..", "a b.xml", "王.xml", "a\0.xml", "C:a"]
    {
        let packet = write(&[member(name, b"x")], None).unwrap();
        assert_eq!(fault(&packet, None), PacketFault::Name, "{name:?}");
    }
    let long = "a".repeat(121);
    assert_eq!(fault(&write(&[member(&long, b"")], None).unwrap(), None), PacketFault::Name);
    let bytes = replaced(&ours(None), b"QA1.xml", b"QA\xff.xml");
    assert_eq!(fault(&bytes, None), PacketFault::Name, "not UTF-8");
    let twice = write(&[member("a.xml", b"1"), member("A.xml", b"2")], None).unwrap();
    assert_eq!(fault(&twice, None), PacketFault::Duplicate);
}

#[test]
fn two_readers_see_one_packet() {
    let packet = ours(None);
    // A second packet before or behind, a comment, another name in the local header.
    assert!(matches!(fault(&[packet.clone(), packet.clone()].concat(), None), PacketFault::Damaged));
    let mut comment = packet.clone();
    let at = comment.len() - 2;
    comment[at] = 4;
    comment.extend_from_slice(b"note");
    assert_eq!(fault(&comment, None), PacketFault::Truncated);
    let mut other = packet.clone();
    other[30..37].copy_from_slice(b"QB1.xml");
    assert_eq!(fault(&other, None), PacketFault::Damaged);
    let mut method = packet;
    method[8] = 12;
    assert_eq!(fault(&method, None), PacketFault::Damaged, "the headers disagree on the method");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        drop(read(&bytes, None));
        drop(read(&bytes, Some("x")));
    }

    /// Bytes that look like a packet: some places of a sound one are changed.
    #[test]
    fn any_changed_packet_is_read_or_refused_within_the_bounds(
        changes in proptest::collection::vec((0_usize..500, proptest::num::u8::ANY), 1..12),
        sealed in proptest::bool::ANY,
    ) {
        let password = sealed.then_some("secret");
        let mut packet = ours(password);
        for (at, byte) in changes {
            let place = at % packet.len();
            packet[place] = byte;
        }
        if let Ok(members) = read(&packet, password) {
            let total: usize = members.iter().map(|member| member.bytes.len()).sum();
            proptest::prop_assert!(total as u64 <= PACKET_UNPACKED_BYTES_MAX);
        }
    }

    #[test]
    fn what_is_packed_is_unpacked(
        members in proptest::collection::btree_map("[a-z]{1,8}", proptest::collection::vec(proptest::num::u8::ANY, 0..200), 0..20),
        password in proptest::option::of("[A-Z0-9]{1,60}"),
    ) {
        let packed: Vec<Member> = members.iter().map(|(name, bytes)| member(name, bytes)).collect();
        let packet = write(&packed, password.as_deref()).unwrap();
        let read: std::collections::BTreeMap<String, Vec<u8>> =
            read(&packet, password.as_deref()).unwrap().into_iter().map(|m| (m.name, m.bytes)).collect();
        proptest::prop_assert_eq!(read, members);
    }
}
