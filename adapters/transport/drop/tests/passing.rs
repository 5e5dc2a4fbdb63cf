//! What cannot be read or put away holds up nothing beside it, and what a sweep brings has a bound in memory.

use std::path::Path;
use std::time::Duration;

use domain::Personal;
use domain::outcome::{Outcome, SealedReply, Verdict};
use domain::socket::{Cause, FeedbackItem, Inbound, SWEPT_MAX};

use super::swept::{Any, Bench, names, sound};
use crate::transport::drop::sweeper::{PacketReader, SWEPT_BYTES_MAX, UNREAD_MAX};

/// A packet that cannot be got at: a folder lies where its sum would stand.
fn barred(bench: &Bench, name: &str) {
    std::fs::write(bench.at("upload").join(name), sound("one")).unwrap();
    std::fs::create_dir_all(bench.at("taken").join(format!("{name}.sha256"))).unwrap();
}

#[tokio::test]
async fn a_packet_that_cannot_be_got_at_holds_up_no_other() {
    let bench = Bench::new(Duration::ZERO);
    barred(&bench, "a.zip");
    for name in ["b.zip", "c.zip"] {
        std::fs::write(bench.at("upload").join(name), sound("one")).unwrap();
    }
    for _ in 0..2 {
        let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
        let mut found: Vec<&str> = sweep.found.iter().map(|swept| swept.name.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["b.zip", "c.zip"]);
        assert_eq!(sweep.passed, Some(("a.zip".to_owned(), Cause::Connect)), "and it is told");
    }
    std::fs::remove_dir(bench.at("taken/a.zip.sha256")).unwrap();
    let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
    assert_eq!((sweep.found.len(), sweep.passed), (3, None), "read as soon as it can be");
}

#[tokio::test]
async fn many_that_cannot_be_got_at_cost_one_sweep_little_and_the_others_nothing_for_long() {
    let bench = Bench::new(Duration::ZERO);
    for nth in 0..3 * UNREAD_MAX {
        barred(&bench, &format!("{nth:02}.zip"));
    }
    // Read last of all that came in the same second.
    std::fs::write(bench.at("upload/z.zip"), sound("one")).unwrap();
    let mut looks = 0;
    loop {
        looks += 1;
        assert!(looks <= 4, "each look tries {UNREAD_MAX} more, and those that failed come last");
        if bench.look().await == [("z.zip".to_owned(), Ok(1))] {
            break;
        }
    }
}

/// A reader that breaks.
struct Breaking;

impl PacketReader for Breaking {
    fn is_packet(&self, name: &str) -> bool {
        Any.is_packet(name)
    }

    fn read(&self, name: &str, bytes: &[u8]) -> Result<Inbound, &'static str> {
        assert_ne!(name, "a.zip", "a reader that breaks, on purpose");
        Any.read(name, bytes)
    }
}

#[tokio::test]
async fn a_packet_that_breaks_its_reader_is_set_aside() {
    let bench = Bench::of(Duration::ZERO, Breaking);
    for name in ["a.zip", "b.zip"] {
        std::fs::write(bench.at("upload").join(name), sound("one")).unwrap();
    }
    let mut found = bench.look().await;
    found.sort();
    assert_eq!(found, [("a.zip".to_owned(), Err("schema")), ("b.zip".to_owned(), Ok(1))]);
    bench.sweeper.set_aside("a.zip", "schema").await.unwrap();
    assert_eq!(names(&bench.at("upload")), ["b.zip"]);
}

/// Something under this name already, from before a crash, in other words.
fn told_before(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, b"in other words").unwrap();
}

#[tokio::test]
async fn what_was_told_before_in_other_words_keeps_nothing_from_going() {
    let bench = Bench::new(Duration::ZERO);
    let packet = sound("one");
    std::fs::write(bench.at("upload/a.zip"), &packet).unwrap();
    std::fs::write(bench.at("upload/b.zip"), &packet[1..]).unwrap();
    let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
    let broken = sweep.found.iter().find(|swept| swept.name == "b.zip").unwrap();
    told_before(&bench.at("download/receipt.zip"));
    told_before(&bench.at(&format!("set_aside/b.zip.{}.reason.txt", &broken.digest[..8])));
    bench.sweeper.taken("a.zip", vec![("receipt.zip".to_owned(), b"no".to_vec())]).await.unwrap();
    bench.sweeper.set_aside("b.zip", "damaged").await.unwrap();
    assert_eq!(bench.look().await, []);
    assert_eq!(names(&bench.at("upload")), Vec::<String>::new());
}

#[tokio::test]
async fn packets_that_cannot_be_put_away_leave_room_for_others() {
    let bench = Bench::new(Duration::ZERO);
    for nth in 0..SWEPT_MAX {
        std::fs::write(bench.at(&format!("upload/{nth:02}.zip")), sound("one")).unwrap();
    }
    let first = bench.look().await;
    assert_eq!(first.len(), SWEPT_MAX);
    // No folder can be made where a file stands.
    std::fs::write(bench.at("taken"), b"").unwrap();
    for (name, _) in &first {
        assert!(bench.sweeper.taken(name, Vec::new()).await.is_err());
    }
    std::fs::remove_file(bench.at("taken")).unwrap();
    std::fs::write(bench.at("upload/z.zip"), sound("new")).unwrap();
    let found = bench.look().await;
    assert!(found.iter().any(|(name, _)| name == "z.zip"), "{found:?}");
}

/// Packets that say much more than they weigh.
struct Heavy;

const REPLY_BYTES: usize = SWEPT_BYTES_MAX / 3;

impl PacketReader for Heavy {
    fn is_packet(&self, _name: &str) -> bool {
        true
    }

    fn read(&self, _name: &str, _bytes: &[u8]) -> Result<Inbound, &'static str> {
        let mut outcome = Outcome::of(Verdict::Done);
        outcome.replies.push(SealedReply {
            file_name: Personal::new(String::new()),
            file_type: "pdf".to_owned(),
            bytes: Personal::new(vec![0; REPLY_BYTES]),
            md5_fits: true,
        });
        let item = FeedbackItem { slip: String::new(), line: None, outcome: Ok(outcome) };
        Ok(Inbound { feedback: vec![item], leads: Vec::new() })
    }
}

#[tokio::test]
async fn a_sweep_stops_at_what_it_holds_not_at_what_it_read() {
    let bench = Bench::of(Duration::ZERO, Heavy);
    for nth in 0..10 {
        std::fs::write(bench.at(&format!("upload/{nth}.zip")), b"small").unwrap();
    }
    let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
    assert!(sweep.more && sweep.found.len() == 3, "{} packets are held at once", sweep.found.len());
}
