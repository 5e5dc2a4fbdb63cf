//! A full disk: nothing is accepted that cannot be kept, nothing is lost, and work goes on once there is space.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::{Gateway, RUNTIME, Setup, Spec, eventually, look};

/// A small disk of its own; gone again at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this machine does not let us mount.
    fn mounted(at: &Path, mib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mib}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "xiezhi-test"]).arg(at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a gateway that just ended may still hold the folder for a moment.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// Fills what is free but for so many KiB.
fn fill(disk: &Path, but_kib: u64) -> PathBuf {
    let ballast = disk.join("ballast");
    let free = fs4::available_space(disk).unwrap();
    let bytes = usize::try_from(free.saturating_sub(but_kib * 1_024)).unwrap();
    // The gateway writes at the same time; whoever comes last finds the disk full, and full is what it shall be.
    if let Err(error) = std::fs::write(&ballast, vec![1; bytes]) {
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
    ballast
}

#[test]
fn a_full_disk_accepts_nothing_loses_nothing_and_goes_on_when_there_is_space() {
    let place = tempfile::TempDir::new().unwrap();
    let Some(disk) = SmallDisk::mounted(place.path(), 400) else {
        eprintln!("not run: this machine does not let its tests mount a small disk (root may)");
        return;
    };
    let setup = Setup { data: Some(disk.0.join("data")), ..Setup::of(vec![Spec::called("bank-a")]) };
    let mut gateway = setup.start();
    let before: Vec<String> = (0..5).map(|person| gateway.submit(&look(&[person])).id).collect();
    before.iter().for_each(|id| drop(gateway.wait_finished(id)));
    for (round, left_kib) in [(0, 20_000), (1, 0)] {
        let ballast = fill(&disk.0, left_kib);
        let body = gateway.body(&look(&[10 + round]));
        let caller = gateway.caller("submitter");
        let answer = eventually("the full disk is noticed", || {
            let answer = RUNTIME.block_on(caller.submit(&format!("full-{round}"), &body)).ok()?;
            (answer.status != 202).then_some(answer)
        });
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let ready = gateway.caller("").get("/health/ready");
        assert_eq!(ready.status, 503, "{}", ready.text());
        gateway.caller("").get("/health/live").of_status(200);
        std::fs::remove_file(&ballast).unwrap();
        eventually("work is taken again", || {
            let answer = RUNTIME.block_on(caller.submit(&format!("full-{round}"), &body)).ok()?;
            (answer.status == 202).then_some(())
        });
    }
    for id in &before {
        assert_eq!(gateway.view(id).state(), "finished");
    }
    gateway.restart();
    for id in &before {
        assert_eq!(gateway.view(id).state(), "finished");
    }
    drop(gateway);
    drop(disk);
}

/// The last bytes go while the journal writes: whatever it does then, what was acknowledged stays.
#[test]
fn a_disk_that_fills_under_load_loses_nothing_acknowledged() {
    let place = tempfile::TempDir::new().unwrap();
    let Some(disk) = SmallDisk::mounted(place.path(), 300) else {
        eprintln!("not run: this machine does not let its tests mount a small disk (root may)");
        return;
    };
    let setup = Setup { data: Some(disk.0.join("data")), ..Setup::of(vec![Spec::called("bank-a")]) };
    let mut gateway = setup.start();
    let caller = gateway.caller("submitter");
    let bodies: Vec<_> = (0..400).map(|person| gateway.body(&look(&[person % 300]))).collect();
    let ballast = fill(&disk.0, 64);
    let mut acknowledged = Vec::new();
    for (place, body) in bodies.iter().enumerate() {
        match RUNTIME.block_on(caller.submit(&format!("last-{place}"), body)) {
            Ok(answer) if answer.status == 202 => acknowledged.push((place, answer.bytes)),
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
            // It may have ended: then it must have said that the journal failed.
            Err(_) => break,
        }
    }
    std::fs::remove_file(&ballast).unwrap();
    if caller_gone(&gateway) {
        assert_ne!(gateway.wait_ended(), Some(0), "a journal that failed is no clean end");
        gateway.start();
    } else {
        gateway.restart();
    }
    for (place, bytes) in acknowledged {
        let again =
            RUNTIME.block_on(gateway.caller("submitter").submit(&format!("last-{place}"), &bodies[place])).unwrap();
        assert_eq!(again.of_status(202).bytes, bytes, "request {place} was acknowledged");
    }
    drop(gateway);
    drop(disk);
}

fn caller_gone(gateway: &Gateway) -> bool {
    let call = gateway.caller("");
    RUNTIME.block_on(call.call(reqwest::Method::GET, "/health/live", &[], None)).is_err()
}
