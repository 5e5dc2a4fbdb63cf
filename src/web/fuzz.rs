//! What people hand over on this floor, bent at random: a clerk's answer, a list of measures, a partner's list of a day.
//!
//! Runs for a second, or as long as `BOLERO_RANDOM_TEST_TIME_MS` says; a failure names the seed that repeats it.

use peak_alloc::PeakAlloc;

use crate::inbox::{api, pages};
use crate::intake::form::ReconciliationForm;
use crate::intake::read;
use crate::measures;
use crate::problem::Problem;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading may take beside its document.
const MEMORY_BYTES_MAX: usize = 4 << 20;
/// What a byte of a document may become.
const MEMORY_PER_BYTE_MAX: usize = 64;
/// A document may not grow without bound by being bent.
const DOCUMENT_BYTES_MAX: usize = 64 << 10;
/// Bends of one document; with more of them nothing of the seed is left.
const BENDS_MAX: usize = 12;

const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\"\"",
    b",",
    b":",
    b";",
    b"&",
    b"=",
    b"%",
    b"%00",
    b"%ff",
    b"+",
    b"\r\n",
    b"\n",
    b"\r",
    b"--",
    b"--b\r\n",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"0.001",
    b"9223372036854775808",
    b"\\ud800",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\x81\x30\x81\x30",
    b"filename=\"../a\"",
    b"name=\"\"",
    b"2026-02-30",
    "王".as_bytes(),
    "\u{202e}".as_bytes(),
];

/// Where, how, and with what.
type Bend = (u32, u8, u16);

fn bent(text: &mut Vec<u8>, (place, how, with): Bend) {
    let from = usize::try_from(place).unwrap() % (text.len() + 1);
    let to = (from + usize::from(with) % 48).min(text.len());
    let word = WORDS[usize::from(with) % WORDS.len()].iter().copied();
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
    text.truncate(DOCUMENT_BYTES_MAX);
}

fn within_memory(document: &[u8], read: impl FnOnce(&[u8])) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    read(document);
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let most = MEMORY_BYTES_MAX + MEMORY_PER_BYTE_MAX * document.len();
    assert!(taken <= most, "{taken} bytes of memory for a document of {}", document.len());
}

fn fuzz(seeds: &[Vec<u8>], hostile: &[Vec<u8>], read: impl Fn(&[u8])) {
    for document in seeds.iter().chain(hostile) {
        within_memory(document, &read);
    }
    let read = std::panic::AssertUnwindSafe(read);
    bolero::check!().with_type::<(u8, Vec<Bend>)>().cloned().for_each(|(seed, bends)| {
        let mut document = seeds[usize::from(seed) % seeds.len()].clone();
        bends.into_iter().take(BENDS_MAX).for_each(|bend| bent(&mut document, bend));
        within_memory(&document, &*read);
    });
}

/// A problem that quotes nothing of what was sent.
fn told(problem: &Problem, sent: &str) {
    assert!(!format!("{problem:?}").contains(sent), "{problem:?}");
}

const NAME: &str = "石某某";

fn hostile() -> Vec<Vec<u8>> {
    let deep = 100_000;
    let keys: String = (0..deep).map(|n| format!("\"k{n}\":1,")).collect();
    vec![
        b"[".repeat(deep),
        [b"{\"verdict\":".repeat(deep), b"}".repeat(deep)].concat(),
        format!("{{{keys}\"z\":1}}").into_bytes(),
        b"{\"verdict\":\"done\",\"verdict\":\"refused\"}".to_vec(),
        b"{\"text\":\"\\ud800\"}".to_vec(),
        b"{\"text\":\"\xed\xa0\x80\"}".to_vec(),
        [b"{\"replies\":[{\"file_name\":\"a.pdf\",\"base64\":\"".to_vec(), b"A".repeat(deep), b"=\"}]}".to_vec()]
            .concat(),
        b"&".repeat(deep),
        b"a=b&".repeat(deep),
        b"%".repeat(deep),
        b"--b\r\n".repeat(deep / 8),
        [b"--b\r\nContent-Disposition: form-data; name=\"".to_vec(), b"a".repeat(deep)].concat(),
        b",".repeat(deep),
        b"\"".repeat(deep),
        b"a\n".repeat(deep),
        [b"a,b\n\"".to_vec(), b"x".repeat(deep)].concat(),
        b"\xff\xfea\0".to_vec(),
        Vec::new(),
        (0..=u8::MAX).collect(),
    ]
}

#[test]
fn answer_of_a_clerk() {
    const PARTS: &str = "multipart/form-data; boundary=b";
    let json = format!(
        "{{\"verdict\":\"partly\",\"text\":\"{NAME}\",\"caught\":\"12.00\",\"limit\":\"20.00\",\"to\":\"2027-11-19\",\
         \"accounts\":[{{\"number\":\"6222\",\"balance\":\"1.00\",\"ahead\":[{{\"organ\":\"某法院\"}}]}}],\
         \"findings\":[{{\"class\":\"vehicle\",\"details\":[{{\"name\":\"plate\",\"value\":\"浙B\"}}]}}],\
         \"replies\":[{{\"file_name\":\"a.pdf\",\"base64\":\"JVBERi0xLjcK\"}}]}}"
    );
    let pairs = "verdict=done&text=%E7%8E%8B&caught=12.00&account.0.number=6222&account.0.balance=1.00".to_owned();
    let parts = "--b\r\nContent-Disposition: form-data; name=\"verdict\"\r\n\r\ndone\r\n--b\r\nContent-Disposition: form-data; \
                 name=\"reply\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7\n\r\n--b--\r\n".to_owned();
    assert!(api::outcome(json.as_bytes()).is_ok() && pages::understood(Some(PARTS), parts.as_bytes()).is_some());
    fuzz(&[json, pairs, parts].map(String::into_bytes), &hostile(), |bytes| {
        if let Err(problem) = api::outcome(bytes) {
            told(&problem, NAME);
        }
        drop((pages::understood(None, bytes), pages::understood(Some(PARTS), bytes)));
    });
}

#[test]
fn list_of_measures() {
    let line = format!(
        "{{\"case_number\":\"(2025)浙0225执77号\",\"partner\":\"bank-a\",\"number\":\"FG1\",\"party_kind\":\"person\",\
         \"party_name\":\"{NAME}\",\"id_type\":\"01\",\"id_number\":\"330225189506120170\",\"account\":\"6228480318051081870\",\
         \"limit\":\"5000.00\",\"caught\":\"1200.00\",\"from\":\"2026-03-02\",\"to\":\"2027-03-01\",\"rank\":2,\"queued\":true}}\n"
    );
    let table = format!(
        "case_number,partner,number,party_kind,party_name,id_type,id_number,limit,to,rank,queued\n\
         (2025)浙0225执77号,bank-a,FG1,person,\"{NAME}\",01,330225189506120170,5000.00,2027-03-01,2,true\n"
    );
    assert_eq!(measures::understood(false, line.as_bytes()).ok(), Some(1));
    assert_eq!(measures::understood(true, table.as_bytes()).ok(), Some(1));
    let list = "{\"day\":\"2026-11-22\",\"whole\":true,\"lines\":[{\"slip\":\"X2026112200000000012\",\"line\":1,\"state\":\"done\",\"caught\":\"1.00\"}]}";
    fuzz(&[line, table, list.to_owned()].map(String::into_bytes), &hostile(), |bytes| {
        for is_table in [false, true] {
            if let Err(problem) = measures::understood(is_table, bytes) {
                told(&problem, NAME);
            }
        }
        if let Err(problem) = read::form::<ReconciliationForm<'_>>(bytes) {
            told(&problem, NAME);
        }
    });
}
