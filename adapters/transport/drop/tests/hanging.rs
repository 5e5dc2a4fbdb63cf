//! A folder that hangs: what was judged "not sent" never appears, and a second attempt is not spoilt by the first.

use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use domain::socket::Cause;
use tokio::runtime::{Builder, Runtime};

use crate::transport::drop::local::LocalBox;
use crate::transport::drop::mailbox::{Folder, Mailbox, PutFault};

/// A runtime whose blocking work is done by so many threads, one after the other.
fn runtime(threads: usize) -> Runtime {
    Builder::new_current_thread().enable_all().max_blocking_threads(threads).build().unwrap()
}

fn local(folder: &Path, timeout: Duration) -> Mailbox {
    Mailbox::local(LocalBox::new(folder.to_owned()), timeout)
}

/// Everything in the folder for the partner, hidden or not.
fn lying(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("download")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Lets the only thread hang, asks for something that waits for it, and lets it go on once nobody waits any more.
fn behind_what_hangs(ask: impl AsyncFnOnce(&Mailbox)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(1);
    let (mount_is_back, hangs) = mpsc::sync_channel::<()>(1);
    runtime.block_on(async {
        let hanging = tokio::task::spawn_blocking(move || hangs.recv());
        ask(&local(folder.path(), Duration::ZERO)).await;
        mount_is_back.send(()).unwrap();
        hanging.await.unwrap().unwrap();
    });
    // Ends when all work has.
    drop(runtime);
    lying(folder.path())
}

#[test]
fn what_was_not_sent_in_time_does_not_appear_once_the_folder_answers_again() {
    let left = behind_what_hangs(async |mailbox| {
        let put = mailbox.put(Folder::Download, "a.zip", b"order".to_vec()).await;
        assert_eq!(put, Err(PutFault::NotThere(Cause::Timeout)));
    });
    assert_eq!(left, Vec::<String>::new(), "it was called not sent");
}

#[test]
fn an_exchange_that_was_dropped_leaves_nothing_behind_its_back() {
    let left = behind_what_hangs(async |mailbox| {
        tokio::select! {
            biased;
            _ = mailbox.put(Folder::Download, "a.zip", b"order".to_vec()) => panic!("nothing works"),
            () = std::future::ready(()) => {}
        }
    });
    assert_eq!(left, Vec::<String>::new());
}

/// Whatever moment the time ends in: what is called not sent is not there when all work has ended, what is called sent is there whole.
#[test]
fn whenever_the_time_ends_the_judgement_holds() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(4);
    let bytes = vec![7; 50_000];
    let judged: Vec<(String, Result<(), PutFault>)> = runtime.block_on(async {
        let mut judged = Vec::new();
        for nth in 0..400_u64 {
            let name = format!("{nth}.zip");
            let mailbox = local(folder.path(), Duration::from_micros(nth * 10));
            let put = mailbox.put(Folder::Download, &name, bytes.clone()).await;
            judged.push((name, put));
        }
        judged
    });
    drop(runtime);
    for (name, put) in judged {
        let stands = std::fs::read(folder.path().join("download").join(&name)).ok();
        match put {
            Ok(()) => assert!(stands == Some(bytes.clone()), "{name}"),
            Err(PutFault::NotThere(_)) => assert!(stands.is_none(), "{name} was called not sent"),
            Err(PutFault::Unknown(_)) => assert!(stands.is_none_or(|stands| stands == bytes), "{name}"),
            Err(PutFault::Other) => panic!("{name}"),
        }
    }
    assert!(lying(folder.path()).iter().all(|name| !name.starts_with('.')), "nothing half-grown is left");
}

/// The first attempt's file is a pipe that nobody empties, so its thread hangs in the middle of writing.
#[test]
fn a_second_attempt_grows_under_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("download/.a.zip.part");
    std::fs::create_dir(folder.path().join("download")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let bytes = vec![7; 1 << 20];
    let runtime = runtime(8);
    let mailbox = local(folder.path(), Duration::from_secs(20));
    let mut reader = runtime.block_on(async {
        // Comes to be when the other end is opened.
        let reader = tokio::task::spawn_blocking({
            let pipe = pipe.clone();
            move || std::fs::File::open(pipe).unwrap()
        });
        let reader = tokio::select! {
            put = mailbox.put(Folder::Download, "a.zip", bytes.clone()) => panic!("{put:?} into a pipe that nobody empties"),
            reader = reader => reader.unwrap(),
        };
        assert_eq!(mailbox.put(Folder::Download, "a.zip", bytes.clone()).await, Ok(()));
        reader
    });
    drop(reader.read_to_end(&mut Vec::new()));
    drop(runtime);
    assert_eq!(std::fs::read(folder.path().join("download/a.zip")).unwrap(), bytes);
    assert_eq!(lying(folder.path()), ["a.zip"], "the first attempt takes away what it wrote");
}
