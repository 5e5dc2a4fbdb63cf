//! The targets of mailboxes: packets as they lie there, and what stands in those that unpack.

use super::{Grammar, files, fuzz, hostile, packets, within};
use crate::bank::drop::tests as bank;
use crate::bank::packet::tests as regulator;
use crate::police::drop::tests as police;
use crate::transport::drop::packet::{self, Member, PACKET_UNPACKED_BYTES_MAX, PacketFault};
use crate::transport::drop::sweeper::REASONS;
use crate::transport::drop::write;

/// What one packet may make us hold, whatever its size: what it unpacks to, one text of it, and the trees.
const PACKET_MEMORY_BYTES_MAX: u64 = 4 * PACKET_UNPACKED_BYTES_MAX;

fn bounded<T>(packet: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
    within(usize::try_from(PACKET_MEMORY_BYTES_MAX).unwrap(), packet, read)
}

fn member(name: &str, bytes: &[u8]) -> Member {
    Member { name: name.to_owned(), bytes: bytes.to_vec() }
}

/// Without the long ones: they are read once, and packing and sealing them again takes the time.
fn short(hostile: Vec<hostile::Named>) -> Vec<hostile::Named> {
    hostile.into_iter().filter(|(_, document)| document.len() <= 16 << 10).collect()
}

/// A reason that people are told in both languages.
fn told(reason: &str) {
    assert!(REASONS.iter().any(|(word, ..)| *word == reason), "{reason}");
}

const PASSWORD: &str = "330225P0000000000330225X202611220000000001201RR28";

#[test]
fn zip_packet() {
    for (name, document) in packets::refused() {
        for password in [None, Some(PASSWORD)] {
            let fault = bounded(&document, |bytes| packet::read(bytes, password)).err();
            told(fault.unwrap_or_else(|| panic!("{name} was taken")).word());
        }
    }
    for (_, document) in packets::unwanted(|nth| format!("{nth}.xml")) {
        drop(bounded(&document, |bytes| packet::read(bytes, None)));
    }
    let sound = [member("QA1.xml", b"<a/>"), member("QI1.xml", &[7; 300])];
    let sealed = write(&sound, Some(PASSWORD)).unwrap();
    assert!(packet::read(&sealed, Some("another")).err() == Some(PacketFault::Password));
    let mut seeds = vec![write(&sound, None).unwrap(), sealed, packets::under("QA1.xml", &[b'x'; 3_000])];
    seeds.extend(files("bank/golden/drop").iter().map(|golden| packets::under("QA1.xml", golden)));
    let read = |bytes: &[u8]| {
        for password in [None, Some(PASSWORD)] {
            if let Err(fault) = packet::read(bytes, password) {
                told(fault.word());
            }
        }
    };
    // Those that unpack to much were read above, within a bound of their own.
    fuzz("zip_packet", Grammar::Large, seeds, packets::refused(), read);
}

#[test]
fn packets_of_banks() {
    let reader = bank::packet_reader();
    let refused = |what: &str, name: &str, packet: &[u8]| {
        let read = bounded(packet, |bytes| reader.read(name, bytes));
        told(read.err().unwrap_or_else(|| panic!("{what} was taken")));
    };
    let [queries, controls] = bank::packet_names();
    for (what, packet) in packets::refused() {
        refused(what, &queries, &packet);
        refused(what, &controls, &packet);
    }
    for (what, packet) in packets::unwanted(|nth| bank::member_name(&queries, "QR", nth)) {
        refused(what, &queries, &packet);
    }
    for (what, document) in hostile::xml().into_iter().chain(hostile::base64()) {
        refused(what, &controls, &packets::under(&bank::member_name(&controls, "QR", 0), &document));
    }
    let read = |bytes: &[u8]| {
        for name in bank::packet_names() {
            for kind in ["QR", "QRI", "QNA"] {
                let mut members = vec![member(&bank::member_name(&name, kind, 0), bytes)];
                if kind == "QRI" {
                    members.push(member(&bank::member_name(&name, "QR", 0), bytes));
                }
                if let Err(reason) = reader.read(&name, &write(&members, None).unwrap()) {
                    told(reason);
                }
            }
        }
    };
    fuzz("packets_of_banks", Grammar::Large, files("bank/golden/drop"), short(hostile::xml()), read);
}

#[test]
fn packets_of_police() {
    let reader = police::packet_reader();
    let read = |kind: &str, members: &[Member]| {
        let base = police::packet_name(kind);
        let packet = write(members, Some(&base)).unwrap();
        bounded(&packet, |bytes| reader.read(&format!("{base}.zip"), bytes))
    };
    let answer = |class: &str, bytes: &[u8]| {
        let sums = police::sums_of_one();
        [member(&police::member_name(class), bytes), member(&police::member_name("EXECRESULT"), sums.as_bytes())]
    };
    for (what, document) in packets::refused() {
        let name = format!("{}.zip", police::packet_name("RR28"));
        told(bounded(&document, |bytes| reader.read(&name, bytes)).err().unwrap_or_else(|| panic!("{what} was taken")));
    }
    for (what, document) in hostile::xml() {
        // Both are read by the same code up to the document's own words.
        assert!(read("FK001", &answer("SS13", &document)).is_err(), "{what} was taken");
    }
    let all = |bytes: &[u8]| {
        let read_all = [
            read("RR28", &[member(&police::member_name("RR28"), bytes)]),
            read("FK001", &answer("SS03", bytes)),
            read("FK001", &answer("SS13", bytes)),
            read("FK002", &[member(&police::member_name("EXECRESULT"), bytes)]),
        ];
        read_all.into_iter().filter_map(Result::err).for_each(told);
    };
    fuzz("packets_of_police", Grammar::Large, files("police/golden/drop"), short(hostile::xml()), all);
}

/// The same form as police have it, with accounts and freezes in it.
#[test]
fn regulator_packets_of_banks() {
    let reader = regulator::packet_reader();
    let read = |class: &str, kind: &str, members: &[Member]| {
        let base = regulator::packet_name(class, kind);
        let packet = write(members, Some(&base)).unwrap();
        bounded(&packet, |bytes| reader.read(&format!("{base}.zip"), bytes))
    };
    let answer = |class: &str, bytes: &[u8], (customers, accounts): (usize, usize)| {
        read(class, "FK001", &regulator::answer_members(class, bytes, customers, accounts))
    };
    for (what, document) in packets::refused() {
        let name = format!("{}.zip", regulator::packet_name("SS19", "FK001"));
        told(bounded(&document, |bytes| reader.read(&name, bytes)).err().unwrap_or_else(|| panic!("{what} was taken")));
    }
    for (what, document) in hostile::xml() {
        assert!(answer("SS19", &document, (0, 1)).is_err(), "{what} was taken");
        assert!(answer("SS03", &document, (1, 2)).is_err(), "{what} was taken");
    }
    let all = |bytes: &[u8]| {
        let reception = regulator::answer_members("RR28", bytes, 0, 0).remove(0);
        let read_all = [
            read("RR28", "RR28", &[reception]),
            answer("SS19", bytes, (0, 1)),
            answer("SS03", bytes, (1, 2)),
            answer("SS04", bytes, (0, 0)),
        ];
        read_all.into_iter().filter_map(Result::err).for_each(told);
    };
    fuzz("regulator_packets_of_banks", Grammar::Large, files("bank/golden/packet"), short(hostile::xml()), all);
}

/// Names are read before anything else, and anybody can leave any name.
#[test]
fn names_in_mailboxes() {
    let readers = [bank::packet_reader(), police::packet_reader(), regulator::packet_reader()];
    let empty = write(&[], None).unwrap();
    let mut seeds: Vec<Vec<u8>> = bank::packet_names().map(String::into_bytes).into();
    seeds.extend(["RR28", "FK001", "FK999"].map(|kind| format!("{}.zip", police::packet_name(kind)).into_bytes()));
    seeds.extend(["RR28", "FK001"].map(|kind| format!("{}.zip", regulator::packet_name("SS19", kind)).into_bytes()));
    let hostile: Vec<(&'static str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a name that goes up", b"../../CXFK.zip".to_vec()),
        ("a long name", b"A".repeat(4_096)),
        ("only an ending", b".zip".to_vec()),
        ("characters of three bytes", "王".repeat(40).into_bytes()),
    ];
    fuzz("names_in_mailboxes", Grammar::Small, seeds, hostile, |bytes| {
        let name = String::from_utf8_lossy(bytes);
        for reader in &readers {
            drop((
                reader.is_packet(&name),
                reader.rank(&name),
                reader.passed_by(&name),
                reader.noted_as(&name),
                reader.place_of(&name),
            ));
            told(reader.read(&name, &empty).err().expect("an empty packet says nothing"));
        }
    });
}
