//! Files of partners and dialects that are hostile or bent at random: told with their place, and nothing panics or grows.
//!
//! Runs for a second, or as long as `BOLERO_RANDOM_TEST_TIME_MS` says; a failure names the seed that repeats it.

use super::*;

/// Bends of one file; with more of them nothing of the seed is left.
pub(crate) const BENDS_MAX: usize = 12;
/// A file may not grow without bound by being bent.
const FILE_BYTES_MAX: usize = 64 << 10;

/// Texts that mean something to a reader of settings.
const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    "\"",
    "\"\"\"",
    "'",
    "'''",
    "#",
    ".",
    ",",
    "\\",
    "\\ud800",
    "\\u0000",
    "\\UFFFFFFFF",
    "\r",
    "\n",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "true",
    "nan",
    "-inf",
    "-0",
    "0x7fffffffffffffff",
    "99999999999999999999",
    "1e999",
    "1979-05-27T07:32:00Z",
    "env:",
    "file:",
    "env:SET",
    "[options]",
    "[rate]",
    "id = \"",
    "acts = [\"query\"]",
    "24:00",
    "daily 00:00-24:00",
    "王",
    "𠮷",
];

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let deep = 100_000;
    let keys: String = (0..deep).map(|n| format!("k{n} = 1\n")).collect();
    vec![
        ("deep lists", format!("id = {}{}", "[".repeat(deep), "]".repeat(deep)).into_bytes()),
        ("deep lists without an end", format!("id = {}", "[".repeat(deep)).into_bytes()),
        ("deep tables", format!("id = {}1{}", "{a = ".repeat(deep), "}".repeat(deep)).into_bytes()),
        ("deep names", format!("{}b = 1", "a.".repeat(deep)).into_bytes()),
        ("a deep heading", format!("[{}b]", "a.".repeat(deep)).into_bytes()),
        ("many tables", "[[rate]]\n".repeat(deep).into_bytes()),
        ("many keys", keys.into_bytes()),
        ("a long text", format!("id = \"{}\"", "a".repeat(4 << 20)).into_bytes()),
        ("a text without an end", format!("id = \"\"\"{}", "a".repeat(deep)).into_bytes()),
        ("a long name", format!("{} = 1", "a".repeat(deep)).into_bytes()),
        ("a lone surrogate", b"id = \"\\ud800\"".to_vec()),
        ("a lone surrogate in UTF-8", b"id = \"\xed\xa0\x80\"".to_vec()),
        ("overlong UTF-8", b"id = \"\xc0\x80\"".to_vec()),
        ("GB18030", b"name = \"\xcd\xf5\x81\x30\x81\x30\"".to_vec()),
        ("UTF-16", b"\xff\xfei\0d\0".to_vec()),
        ("NUL", b"id = \"\0\"".to_vec()),
        ("the same key twice", b"id = \"a\"\nid = \"b\"".to_vec()),
        ("a number beyond all", b"answer_due_s = 99999999999999999999999999".to_vec()),
        ("no number", b"answer_due_s = nan".to_vec()),
        ("nothing", Vec::new()),
        ("bytes", (0..=u8::MAX).collect()),
        ("XML", b"<?xml version='1.0'?><a/>".to_vec()),
    ]
}

/// Reads a folder with this partner's file; its faults name the file, and hold nothing that could break a line of the log.
fn read(folder: &Folder, text: &[u8]) -> Result<Settings, Vec<Fault>> {
    fs::write(folder.0.path().join("partners/bank-x.toml"), text).unwrap();
    let read = folder.load();
    for fault in read.as_ref().err().into_iter().flatten() {
        assert!(fault.file.ends_with("partners/bank-x.toml") || fault.file.ends_with("partners"), "{fault}");
        assert!(!fault.message.is_empty() && fault.message.len() < 2_000, "{} bytes", fault.message.len());
        assert!(!fault.to_string().contains(['\n', '\r', '\0', '\u{202e}']), "{:?}", fault.to_string());
    }
    read
}

#[test]
fn a_hostile_file_is_refused_by_name() {
    let folder = Folder::sound();
    for (name, text) in hostile() {
        let faults = read(&folder, &text).err().unwrap_or_else(|| panic!("{name} was taken"));
        assert!(!faults.is_empty() && faults.len() <= FAULTS_MAX, "{name}: {}", faults.len());
    }
}

/// Where, how, and with what.
pub(crate) type Bend = (u32, u8, u16);

pub(crate) fn bent(text: &mut Vec<u8>, (place, how, with): Bend) {
    let from = usize::try_from(place).unwrap() % (text.len() + 1);
    let to = (from + usize::from(with) % 48).min(text.len());
    let word = WORDS[usize::from(with) % WORDS.len()].bytes();
    match how % 6 {
        0 => text.get_mut(from).into_iter().for_each(|byte| *byte ^= with.to_le_bytes()[0].max(1)),
        1 => drop(text.drain(from..to)),
        2 => {
            let again = text[from..to].repeat(1 + usize::from(with >> 8));
            drop(text.splice(from..from, again));
        }
        3 => drop(text.splice(from..to, word)),
        _ => drop(text.splice(from..from, word)),
    }
    text.truncate(FILE_BYTES_MAX);
}

#[test]
fn a_bent_file_of_a_partner_is_read_or_told() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/config/partners");
    let mut seeds: Vec<Vec<u8>> =
        fs::read_dir(samples).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    seeds.push(PARTNER.as_bytes().to_vec());
    seeds.sort();
    let folder = std::panic::AssertUnwindSafe(Folder::sound());
    bolero::check!().with_type::<(u8, Vec<Bend>)>().cloned().for_each(|(seed, bends)| {
        let mut text = seeds[usize::from(seed) % seeds.len()].clone();
        bends.into_iter().take(BENDS_MAX).for_each(|bend| bent(&mut text, bend));
        drop(read(&folder, &text));
    });
}

#[test]
fn a_bent_file_of_a_dialect_is_read_or_told() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/config/dialects");
    let mut seeds: Vec<Vec<u8>> =
        fs::read_dir(samples).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    seeds.sort();
    let folder = Folder::sound();
    let dialects = folder.0.path().join("dialects");
    fs::create_dir_all(&dialects).unwrap();
    let read = std::panic::AssertUnwindSafe(|text: &[u8]| {
        fs::write(dialects.join("bent.toml"), text).unwrap();
        let read = folder.load();
        for fault in read.as_ref().err().into_iter().flatten() {
            assert!(fault.file.starts_with(&dialects), "{fault}");
            assert!(!fault.message.is_empty() && fault.message.len() < 2_000, "{} bytes", fault.message.len());
        }
        read.is_ok()
    });
    for seed in &seeds {
        assert!(read(seed), "a sample is sound");
    }
    for (name, text) in hostile() {
        // A dialect may leave everything out.
        assert_eq!(read(&text), name == "nothing", "{name}");
    }
    bolero::check!().with_type::<(u8, Vec<Bend>)>().cloned().for_each(|(seed, bends)| {
        let mut text = seeds[usize::from(seed) % seeds.len()].clone();
        bends.into_iter().take(BENDS_MAX).for_each(|bend| bent(&mut text, bend));
        let _read_or_told = read(&text);
    });
}
