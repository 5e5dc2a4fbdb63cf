//! Taking packets away: only what was read goes, whatever its sender does at the same moment.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::boxes::with_both;
use super::swept::{Bench, names, sound};
use crate::transport::drop::mailbox::Folder;
use crate::transport::drop::sweeper::Sweeper;

#[tokio::test]
async fn what_took_the_place_of_a_read_packet_is_not_lost() {
    let bench = Bench::new(Duration::ZERO);
    let upload = bench.at("upload/a.zip");
    std::fs::write(&upload, sound("one")).unwrap();
    assert_eq!(bench.look().await, [("a.zip".to_owned(), Ok(1))]);
    std::fs::write(&upload, sound("two")).unwrap();
    bench.sweeper.taken("a.zip", Vec::new()).await.unwrap();
    // Another content under a name that was taken: people must see it.
    let found = bench.look().await;
    let [(name, Err("duplicate_batch"))] = found.as_slice() else { panic!("{found:?}") };
    bench.sweeper.set_aside(name, "duplicate_batch").await.unwrap();
    let aside = names(&bench.at("set_aside"));
    assert_eq!(std::fs::read(bench.at("set_aside").join(&aside[0])).unwrap(), sound("two"));
    assert!(aside[0].starts_with("a.zip.") && aside[1] == format!("{}.reason.txt", aside[0]), "{aside:?}");
    assert_eq!(names(&bench.at("upload")), Vec::<String>::new());
}

#[tokio::test]
async fn what_took_the_place_of_a_broken_packet_is_read() {
    let bench = Bench::new(Duration::ZERO);
    let upload = bench.at("upload/a.zip");
    std::fs::write(&upload, b"broken").unwrap();
    assert_eq!(bench.look().await, [("a.zip".to_owned(), Err("truncated"))]);
    std::fs::write(&upload, sound("one")).unwrap();
    bench.sweeper.set_aside("a.zip", "truncated").await.unwrap();
    let found = bench.look().await;
    let [(name, Ok(1))] = found.as_slice() else { panic!("{found:?}") };
    bench.sweeper.taken(name, Vec::new()).await.unwrap();
    assert_eq!(names(&bench.at("taken")), ["a.zip.sha256"], "known by its own name");
    assert_eq!(bench.look().await, []);
}

#[tokio::test]
async fn what_a_crash_left_held_is_known_and_goes() {
    let bench = Bench::new(Duration::ZERO);
    std::fs::write(bench.at("upload/a.zip"), sound("one")).unwrap();
    bench.look().await;
    bench.sweeper.taken("a.zip", Vec::new()).await.unwrap();
    std::fs::write(bench.at("upload/.a.zip.1764000000000000000.held"), sound("one")).unwrap();
    let found = bench.look().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, Ok(0), "nothing in it is news");
    bench.sweeper.taken(&found[0].0, Vec::new()).await.unwrap();
    assert_eq!(names(&bench.at("upload")), Vec::<String>::new());
}

#[test]
fn only_the_very_bytes_go_from_a_folder_and_from_a_server() {
    with_both(async |mailbox, path| {
        let upload = path.join("upload");
        std::fs::create_dir(&upload).unwrap();
        let sum_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (bytes, left) in [(&b"abc"[..], 0), (b"abd", 1)] {
            std::fs::write(upload.join("a.zip"), bytes).unwrap();
            assert_eq!(mailbox.put_away("a.zip", sum_of_abc, None).await, Ok(()));
            assert_eq!(names(&upload).len(), left);
        }
        let held = names(&upload).remove(0);
        assert!(held.starts_with(".a.zip."), "under a name that is no packet's: {held}");
        assert_eq!(std::fs::read(upload.join(&held)).unwrap(), b"abd");
        assert_eq!(mailbox.put_away("gone.zip", sum_of_abc, None).await, Ok(()), "gone already is as good");
        for _ in 0..2 {
            std::fs::write(upload.join("b.zip"), b"abc").unwrap();
            let aside = Some((Folder::SetAside, "b.zip.1"));
            assert_eq!(mailbox.put_away("b.zip", sum_of_abc, aside).await, Ok(()));
            assert_eq!(std::fs::read(path.join("set_aside/b.zip.1")).unwrap(), b"abc");
        }
    });
}

/// What happens to a box: its sender leaves something under one of two names, we look, we conclude what was found.
#[derive(Clone, Debug)]
enum Event {
    Left { name: &'static str, nth: usize },
    Looked,
    Concluded,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let left =
        (prop::sample::select(vec!["a.zip", "b.zip"]), 0..4_usize).prop_map(|(name, nth)| Event::Left { name, nth });
    let event = prop_oneof![3 => left, 2 => Just(Event::Looked), 3 => Just(Event::Concluded)];
    prop::collection::vec(event, 1..30)
}

async fn conclude(sweeper: &Sweeper, name: &str, reason: Option<&'static str>) {
    match reason {
        None => sweeper.taken(name, Vec::new()).await.unwrap(),
        Some(reason) => sweeper.set_aside(name, reason).await.unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the order: what its sender left last under a name was read by us or lies aside for people.
    #[test]
    fn nothing_goes_unread(events in events()) {
        let contents = [sound("one"), sound("two"), b"broken".to_vec(), b"also broken".to_vec()];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (wanted, seen) = runtime.block_on(async {
            let bench = Bench::new(Duration::ZERO);
            let (mut found, mut read) = (Vec::new(), BTreeSet::new());
            let mut last = std::collections::BTreeMap::new();
            // At its end all that lies there is read.
            let end = std::iter::repeat_n([Event::Looked, Event::Concluded, Event::Concluded], 12).flatten();
            for event in events.into_iter().chain(end) {
                match event {
                    Event::Left { name, nth } => {
                        std::fs::write(bench.at("upload").join(name), &contents[nth]).unwrap();
                        last.insert(name, contents[nth].clone());
                    }
                    Event::Looked => {
                        let sweep = bench.sweeper.sweep(&bench.reader).await.unwrap();
                        found = sweep.found;
                    }
                    Event::Concluded => {
                        let Some(swept) = (!found.is_empty()).then(|| found.remove(0)) else { continue };
                        if swept.said.is_ok() {
                            read.insert(swept.digest.clone());
                        }
                        conclude(&bench.sweeper, &swept.name, swept.said.err()).await;
                    }
                }
            }
            let upload = names(&bench.at("upload"));
            assert_eq!(upload, Vec::<String>::new(), "all is concluded");
            let aside = names(&bench.at("set_aside")).into_iter().filter(|name| !name.ends_with(".reason.txt"));
            let aside = aside.map(|name| std::fs::read(bench.at("set_aside").join(name)).unwrap());
            let seen: BTreeSet<String> = aside.map(|bytes| crate::transport::drop::held::sum(&bytes)).chain(read).collect();
            (last, seen)
        });
        for (name, bytes) in wanted {
            prop_assert!(seen.contains(&crate::transport::drop::held::sum(&bytes)), "{name}");
        }
    }
}
