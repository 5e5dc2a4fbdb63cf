//! Sweeping: what grows is left, what is broken is set aside once it lies still, what was taken is known again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::outcome::{Outcome, Verdict};
use domain::socket::{FeedbackItem, Inbound, SWEPT_MAX};

use crate::transport::drop::local::LocalBox;
use crate::transport::drop::mailbox::Mailbox;
use crate::transport::drop::packet::{self, Member, PacketFault};
use crate::transport::drop::sweeper::{PacketReader, REASONS, Sweeper};
use crate::transport::drop::write;

pub(super) struct Any;

impl PacketReader for Any {
    fn is_packet(&self, name: &str) -> bool {
        name.ends_with(".zip")
    }

    fn read(&self, _name: &str, bytes: &[u8]) -> Result<Inbound, &'static str> {
        let members = packet::read(bytes, None).map_err(PacketFault::word)?;
        let item =
            |member: Member| FeedbackItem { slip: member.name, line: None, outcome: Ok(Outcome::of(Verdict::Done)) };
        Ok(Inbound { feedback: members.into_iter().map(item).collect(), leads: Vec::new() })
    }
}

pub(super) fn sound(name: &str) -> Vec<u8> {
    write(&[Member { name: name.to_owned(), bytes: b"x".to_vec() }], None).unwrap()
}

pub(super) struct Bench {
    pub(super) sweeper: Sweeper,
    pub(super) reader: Arc<dyn PacketReader>,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new(settle: Duration) -> Self {
        Self::of(settle, Any)
    }

    pub(super) fn of(settle: Duration, reader: impl PacketReader) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("upload")).unwrap();
        let mailbox = Mailbox::local(LocalBox::new(folder.path().to_owned()), Duration::from_secs(60));
        Self { sweeper: Sweeper::new(mailbox, settle), reader: Arc::new(reader), folder }
    }

    pub(super) fn at(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    /// What was found: name, and how many items or why not.
    pub(super) async fn look(&self) -> Vec<(String, Result<usize, &'static str>)> {
        let sweep = self.sweeper.sweep(&self.reader).await.unwrap();
        let said = |said: Result<Inbound, &'static str>| said.map(|inbound| inbound.feedback.len());
        sweep.found.into_iter().map(|swept| (swept.name, said(swept.said))).collect()
    }
}

pub(super) fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(path)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[tokio::test]
async fn a_link_is_told_once_it_lies_still_and_goes_aside_with_its_reason() {
    let bench = Bench::new(Duration::ZERO);
    std::fs::write(bench.at("true.zip"), sound("one")).unwrap();
    std::os::unix::fs::symlink(bench.at("true.zip"), bench.at("upload/a.zip")).unwrap();
    assert_eq!(bench.look().await, [("a.zip".to_owned(), Err("link"))], "a sound packet behind it is not opened");
    bench.sweeper.set_aside("a.zip", "link").await.unwrap();
    assert_eq!(names(&bench.at("set_aside")), ["a.zip.link", "a.zip.link.reason.txt"]);
    let told = std::fs::read_to_string(bench.at("set_aside/a.zip.link.reason.txt")).unwrap();
    assert!(told.starts_with("link\n"), "{told}");
    assert!(bench.look().await.is_empty() && bench.at("true.zip").exists());
}

#[tokio::test]
async fn what_is_taken_is_taken_away_and_known_again() {
    let bench = Bench::new(Duration::ZERO);
    let packet = sound("one");
    std::fs::write(bench.at("upload/a.zip"), &packet).unwrap();
    std::fs::write(bench.at("upload/readme.txt"), b"left lying").unwrap();
    for _ in 0..2 {
        assert_eq!(bench.look().await, [("a.zip".to_owned(), Ok(1))], "a sweep changes nothing");
    }
    let receipt = ("receipt.zip".to_owned(), b"no".to_vec());
    bench.sweeper.taken("a.zip", vec![receipt]).await.unwrap();
    assert_eq!(names(&bench.at("upload")), ["readme.txt"]);
    assert_eq!(names(&bench.at("taken")), ["a.zip.sha256"]);
    assert_eq!(std::fs::read(bench.at("download/receipt.zip")).unwrap(), b"no");
    // Left again: nothing in it is news, and it goes again.
    std::fs::write(bench.at("upload/a.zip"), &packet).unwrap();
    assert_eq!(bench.look().await, [("a.zip".to_owned(), Ok(0))]);
    bench.sweeper.taken("a.zip", Vec::new()).await.unwrap();
    // Another content under the name of a batch that was taken.
    std::fs::write(bench.at("upload/a.zip"), sound("two")).unwrap();
    assert_eq!(bench.look().await, [("a.zip".to_owned(), Err("duplicate_batch"))]);
    bench.sweeper.set_aside("a.zip", "duplicate_batch").await.unwrap();
    assert_eq!(names(&bench.at("upload")), ["readme.txt"]);
    let aside = names(&bench.at("set_aside"));
    assert_eq!(aside.len(), 2);
    let reason = std::fs::read_to_string(bench.at("set_aside").join(&aside[1])).unwrap();
    assert!(aside[1].ends_with(".reason.txt") && reason.starts_with("duplicate_batch\n同一批次号"), "{reason}");
}

#[tokio::test]
async fn what_still_grows_is_left_until_it_is_whole() {
    let bench = Bench::new(Duration::from_secs(3_600));
    let packet = sound("one");
    for length in [0, 1, packet.len() / 2, packet.len() - 1] {
        std::fs::write(bench.at("upload/a.zip"), &packet[..length]).unwrap();
        assert_eq!(bench.look().await, []);
    }
    std::fs::write(bench.at("upload/a.zip"), &packet).unwrap();
    assert_eq!(bench.look().await, [("a.zip".to_owned(), Ok(1))]);
}

#[tokio::test]
async fn what_lies_broken_is_set_aside_and_holds_nobody_up() {
    let bench = Bench::new(Duration::ZERO);
    let packet = sound("one");
    std::fs::write(bench.at("upload/a.zip"), &packet[..packet.len() - 3]).unwrap();
    std::fs::write(bench.at("upload/b.zip"), &packet).unwrap();
    let mut found = bench.look().await;
    found.sort();
    assert_eq!(found, [("a.zip".to_owned(), Err("truncated")), ("b.zip".to_owned(), Ok(1))]);
    bench.sweeper.set_aside("a.zip", "truncated").await.unwrap();
    assert_eq!(names(&bench.at("upload")), ["b.zip"]);
    let huge = std::fs::File::create(bench.at("upload/c.zip")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let mut found = bench.look().await;
    found.sort();
    assert_eq!(found, [("b.zip".to_owned(), Ok(1)), ("c.zip".to_owned(), Err("too_large"))]);
    bench.sweeper.set_aside("c.zip", "too_large").await.unwrap();
    assert!(names(&bench.at("set_aside")).contains(&"c.zip.large".to_owned()));
}

#[tokio::test]
async fn a_sweep_brings_so_much_and_says_that_there_is_more() {
    let bench = Bench::new(Duration::ZERO);
    for nth in 0..=SWEPT_MAX {
        std::fs::write(bench.at(&format!("upload/{nth:02}.zip")), sound("one")).unwrap();
    }
    let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
    assert!(sweep.more && sweep.found.len() == SWEPT_MAX);
    for swept in sweep.found {
        bench.sweeper.taken(&swept.name, Vec::new()).await.unwrap();
    }
    let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
    assert!(!sweep.more && sweep.found.len() == 1);
}

#[test]
fn every_reason_has_its_words_once() {
    for (place, (word, chinese, english)) in REASONS.iter().enumerate() {
        assert!(!chinese.is_empty() && !english.is_empty(), "{word}");
        assert_eq!(REASONS.iter().position(|(other, ..)| other == word), Some(place));
    }
    for fault in [PacketFault::Truncated, PacketFault::Damaged, PacketFault::Bomb, PacketFault::Method] {
        assert!(REASONS.iter().any(|(word, ..)| *word == fault.word()));
    }
}
