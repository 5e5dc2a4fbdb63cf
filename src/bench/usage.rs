//! What a process has used: processor time of all its threads, and memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;

/// Ticks of a second in `/proc/*/stat`: `USER_HZ`, which is 100 on every Linux that is built today.
const TICKS_PER_SECOND: f64 = 100.0;
/// Between two looks at the memory: walking a process's pages is work that must not show in the figures.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Processor seconds of a process and all its threads, user and system.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    // The name stands in brackets and may hold anything, so fields are counted behind the last bracket.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

fn kib(path: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// Memory of a process shared fairly among those who map it, in KiB.
pub fn pss_kib(pid: u32) -> Option<u64> {
    kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

/// Resident memory of a process, in KiB.
pub fn rss_kib(pid: u32) -> Option<u64> {
    kib(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The most resident memory that a process had, in KiB.
pub fn rss_peak_kib(pid: u32) -> Option<u64> {
    kib(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// Watches the memory of one process until it is asked for the peak.
pub struct PeakPss {
    peak_kib: Arc<AtomicU64>,
    stop: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl PeakPss {
    /// Begins to look.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let peak_kib = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&peak_kib);
        let look = move || {
            loop {
                seen.fetch_max(pss_kib(pid).unwrap_or(0), Ordering::Relaxed);
                if stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("memory".to_owned()).spawn(look).context("watching memory")?;
        Ok(Self { peak_kib, stop, thread: Some(thread) })
    }

    /// Ends, and gives the peak in KiB.
    pub fn end(mut self) -> u64 {
        let _ended = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _joined = thread.join();
        }
        self.peak_kib.load(Ordering::Relaxed)
    }
}
