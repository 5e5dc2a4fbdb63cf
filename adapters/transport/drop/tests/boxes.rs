//! The five things done in a box, the same in a folder and on a server; and what is proved when they fail.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use domain::socket::{Cause, Judged};

use super::server::{SftpServer, partner_options};
use crate::options::Reading;
use crate::transport::drop::judged;
use crate::transport::drop::local::LocalBox;
use crate::transport::drop::mailbox::{Folder, Listed, Mailbox, PutFault, Wanted, is_plain};
use crate::transport::drop::options;

pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(super) fn remote(entries: &[(&str, String)], inside: &str, connect_ms: u64, total_ms: u64) -> Mailbox {
    let mut options = partner_options(entries);
    (options.connect_timeout_ms, options.timeout_ms) = (connect_ms, total_ms);
    let known: Vec<(&'static str, &'static str)> = options::TABLE.to_vec();
    let mut reading = Reading::begin(&options, &known);
    let agreed = options::read(&mut reading, &options, inside);
    assert!(reading.faults.is_empty(), "{:?}", reading.faults);
    agreed.unwrap().sweeper.mailbox
}

pub(super) fn with_both(test: impl AsyncFn(&Mailbox, &std::path::Path)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bank")).unwrap();
    let local = Mailbox::local(LocalBox::new(folder.path().join("bank")), Duration::from_secs(60));
    now(test(&local, &folder.path().join("bank")));
    let server = SftpServer::start();
    std::fs::create_dir(server.root().join("bank")).unwrap();
    let sftp = remote(&server.options(), "bank", 20_000, 60_000);
    now(test(&sftp, &server.root().join("bank")));
}

fn plain() -> Wanted {
    Arc::new(is_plain)
}

#[test]
fn a_message_stands_whole_under_its_name_once() {
    with_both(async |mailbox, path| {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for _ in 0..2 {
            assert_eq!(mailbox.put(Folder::Download, "a.zip", bytes.clone()).await, Ok(()));
        }
        assert_eq!(std::fs::read(path.join("download/a.zip")).unwrap(), bytes);
        assert_eq!(std::fs::read_dir(path.join("download")).unwrap().count(), 1, "nothing half-grown is left");
        for other in [b"short".to_vec(), vec![0; bytes.len()], vec![0; bytes.len() + 1]] {
            assert_eq!(mailbox.put(Folder::Download, "a.zip", other).await, Err(PutFault::Other));
        }
        assert_eq!(std::fs::read(path.join("download/a.zip")).unwrap(), bytes);
        // What a crash left growing is written over.
        std::fs::write(path.join("download/.b.zip.part"), b"half").unwrap();
        assert_eq!(mailbox.put(Folder::Download, "b.zip", bytes.clone()).await, Ok(()));
        assert_eq!(std::fs::read(path.join("download/b.zip")).unwrap(), bytes);
        assert_eq!(mailbox.has(Folder::Download, "b.zip").await, Ok(true));
        assert_eq!(mailbox.has(Folder::Download, "c.zip").await, Ok(false));
    });
}

#[test]
fn files_are_listed_read_shifted_and_removed() {
    with_both(async |mailbox, path| {
        assert_eq!(mailbox.list(Folder::Upload, plain()).await, Ok(Listed::default()), "no folder yet");
        std::fs::create_dir(path.join("upload")).unwrap();
        for (name, bytes) in [("one.zip", &b"1"[..]), ("two.zip", b"22"), (".three.part", b"333"), ("four five", b"4")]
        {
            std::fs::write(path.join("upload").join(name), bytes).unwrap();
        }
        std::fs::create_dir(path.join("upload/folder.zip")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", path.join("upload/link.zip")).unwrap();
        let listed = mailbox.list(Folder::Upload, plain()).await.unwrap();
        let mut seen: Vec<(&str, bool)> = listed.files.iter().map(|file| (file.name.as_str(), file.is_link)).collect();
        seen.sort_unstable();
        assert_eq!(seen, [("link.zip", true), ("one.zip", false), ("two.zip", false)]);
        assert_eq!(mailbox.read(Folder::Upload, "two.zip", 2).await, Ok(Some(b"22".to_vec())));
        assert_eq!(mailbox.read(Folder::Upload, "two.zip", 1).await, Err(Cause::TooLarge));
        assert_eq!(mailbox.read(Folder::Upload, "gone.zip", 1).await, Ok(None));
        for _ in 0..2 {
            let done = mailbox.shift((Folder::Upload, "one.zip"), (Folder::SetAside, "one.zip.x")).await;
            assert_eq!(done, Ok(()), "gone already is as good");
        }
        assert_eq!(std::fs::read(path.join("set_aside/one.zip.x")).unwrap(), b"1");
        std::fs::write(path.join("upload/one.zip"), b"again").unwrap();
        assert_eq!(mailbox.shift((Folder::Upload, "one.zip"), (Folder::SetAside, "one.zip.x")).await, Ok(()));
        assert_eq!(std::fs::read(path.join("set_aside/one.zip.x")).unwrap(), b"again");
        for _ in 0..2 {
            assert_eq!(mailbox.remove(Folder::Upload, "two.zip").await, Ok(()));
        }
        assert!(!path.join("upload/two.zip").exists());
    });
}

/// Wherever it leads, and also when it leads nowhere: it goes aside itself, and what it led to stays where it is.
#[test]
fn a_link_is_put_aside_unopened() {
    with_both(async |mailbox, path| {
        std::fs::create_dir(path.join("upload")).unwrap();
        std::fs::write(path.join("elsewhere"), b"of somebody else").unwrap();
        for (name, to) in [("a.zip", path.join("elsewhere")), ("b.zip", path.join("nowhere"))] {
            std::os::unix::fs::symlink(to, path.join("upload").join(name)).unwrap();
            assert_eq!(mailbox.put_away(name, "", Some((Folder::SetAside, name))).await, Ok(()));
            assert!(path.join("set_aside").join(name).is_symlink(), "{name}");
        }
        assert_eq!(std::fs::read_dir(path.join("upload")).unwrap().count(), 0);
        assert_eq!(std::fs::read(path.join("elsewhere")).unwrap(), b"of somebody else");
    });
}

/// A folder that others use as well: what is not ours is not counted, so it keeps nothing of ours from being seen.
#[test]
fn files_of_others_keep_no_packet_from_being_seen() {
    with_both(async |mailbox, path| {
        std::fs::create_dir(path.join("upload")).unwrap();
        for nth in 0..60 {
            std::fs::write(path.join(format!("upload/{nth:02}.tmp")), b"").unwrap();
        }
        for name in ["b.zip", "a.zip"] {
            std::fs::write(path.join("upload").join(name), b"").unwrap();
        }
        let packets: Wanted = Arc::new(|name| name.ends_with(".zip"));
        for most in [2, 3] {
            let listed = mailbox.list_up_to(Folder::Upload, Arc::clone(&packets), most).await.unwrap();
            assert_eq!(listed.files.len(), 2, "both packets among 60 files of others");
        }
        let cut = mailbox.list_up_to(Folder::Upload, packets, 1).await.unwrap();
        assert_eq!((cut.files.len(), cut.is_cut), (1, true), "and what is cut off is said");
    });
}

#[test]
fn a_box_that_is_not_there_is_no_empty_box() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Mailbox::local(LocalBox::new(folder.path().join("unmounted")), Duration::from_secs(60));
    assert_eq!(now(missing.list(Folder::Upload, plain())), Err(Cause::Connect));
    let put = now(missing.put(Folder::Download, "a.zip", b"x".to_vec()));
    assert_eq!(
        put,
        Err(PutFault::NotThere(Cause::Connect)),
        "left where a share will hide it, it would never be fetched"
    );
    assert!(!folder.path().join("unmounted").exists());
    let server = SftpServer::start();
    let sftp = remote(&server.options(), "unmounted", 20_000, 60_000);
    assert!(now(sftp.list(Folder::Upload, plain())).is_err());
    // Nothing can be written where there is nothing: provably not there.
    let judged = judged(now(sftp.put(Folder::Download, "a.zip", b"x".to_vec())));
    assert!(matches!(judged, Judged::NotSent { .. }));
}

#[test]
fn a_server_with_another_key_is_told_nothing() {
    let (server, other) = (SftpServer::start(), SftpServer::start());
    let mut options = server.options();
    options[1] = other.options()[1].clone();
    let put = now(remote(&options, "bank", 20_000, 60_000).put(Folder::Download, "a.zip", b"x".to_vec()));
    assert_eq!(put, Err(PutFault::NotThere(Cause::HostKey)));
    assert_eq!(std::fs::read_dir(server.root()).unwrap().count(), 0);
}

#[test]
fn a_credential_that_is_refused_leaves_nothing() {
    let (server, other) = (SftpServer::start(), SftpServer::start());
    let mut options = server.options();
    options[2] = other.options()[2].clone();
    let put = now(remote(&options, "bank", 20_000, 60_000).put(Folder::Download, "a.zip", b"x".to_vec()));
    assert_eq!(put, Err(PutFault::NotThere(Cause::Credential)));
    options[2] = ("password", "not-a-secret".to_owned());
    let put = now(remote(&options, "bank", 20_000, 60_000).put(Folder::Download, "a.zip", b"x".to_vec()));
    assert_eq!(put, Err(PutFault::NotThere(Cause::Credential)));
}

#[test]
fn a_silent_or_broken_server_is_waited_for_no_longer_than_agreed() {
    let server = SftpServer::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = server.options();
    let port = listener.local_addr().unwrap().port();
    options[0].1 = format!("sftp://{}@127.0.0.1:{port}/box", server.user);
    // Nobody accepts: the system does, and nothing is ever said.
    let silent = now(remote(&options, "bank", 200, 60_000).put(Folder::Download, "a.zip", b"x".to_vec()));
    assert_eq!(silent, Err(PutFault::NotThere(Cause::ConnectTimeout)));
    let says = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        drop(first.read(&mut [0; 64]));
        let (mut second, _) = listener.accept().unwrap();
        drop(second.write_all(&[b'x'; 100_000]));
    });
    let garbled = now(remote(&options, "bank", 5_000, 60_000).put(Folder::Download, "a.zip", b"x".to_vec()));
    assert_eq!(garbled, Err(PutFault::NotThere(Cause::Connect)));
    says.join().unwrap();
}

/// A link between us and the server that is cut after so many bytes from us: whatever is not proved absent is a doubt, and
/// what is said to be absent is absent.
#[test]
fn a_connection_cut_anywhere_is_judged_by_what_it_proves() {
    let server = SftpServer::start();
    let mut doubts = 0;
    for cut in (1_000..9_000).step_by(250) {
        let name = format!("cut{cut}.zip");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, real) = (listener.local_addr().unwrap().port(), server.port);
        let relay = std::thread::spawn(move || relay(&listener, real, cut));
        let mut options = server.options();
        options[0].1 = options[0].1.replace(&format!(":{real}/"), &format!(":{port}/"));
        std::fs::create_dir_all(server.root().join("bank/download")).unwrap();
        let put = now(remote(&options, "bank", 20_000, 60_000).put(Folder::Download, &name, vec![7; 3_000]));
        relay.join().unwrap();
        let stands = server.root().join("bank/download").join(&name).exists();
        match put {
            Ok(()) => assert!(stands, "cut at {cut}"),
            Err(PutFault::NotThere(_)) => assert!(!stands, "cut at {cut}"),
            Err(PutFault::Unknown(_)) => doubts += 1,
            Err(PutFault::Other) => panic!("cut at {cut}"),
        }
        if stands {
            assert_eq!(std::fs::metadata(server.root().join("bank/download").join(&name)).unwrap().len(), 3_000);
        }
    }
    assert!(doubts < 32, "most cuts prove something");
}

fn relay(listener: &TcpListener, port: u16, cut: usize) {
    let (ours, _) = listener.accept().unwrap();
    let theirs = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut back_from, mut back_to) = (theirs.try_clone().unwrap(), ours.try_clone().unwrap());
    let back = std::thread::spawn(move || drop(std::io::copy(&mut back_from, &mut back_to)));
    drop(std::io::copy(&mut (&ours).take(cut as u64), &mut &theirs));
    drop((ours.shutdown(std::net::Shutdown::Both), theirs.shutdown(std::net::Shutdown::Both)));
    back.join().unwrap();
}
