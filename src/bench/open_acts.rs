//! Very many open acts: what they weigh, and how soon a killed gateway serves again over them.

use std::path::Path;

use super::load::Run;
use super::report::{Bar, Report};
use super::rounds::float;
use super::site::Site;
use super::usage::{rss_kib, rss_peak_kib};

/// Acts of one request.
const LONG: usize = 100;
/// The bar on resident memory.
const RSS_MIB_MAX: f64 = 512.0;
/// The bar on serving again.
const READY_S_MAX: f64 = 30.0;
/// An hour: the run ends with its last request.
const MS_MAX: u64 = 3_600_000;

/// Opens `acts` at paused partners, then kills and starts, with and without a snapshot.
pub fn measure(root: &Path, acts: u64, report: &mut Report) -> anyhow::Result<()> {
    let mut site = Site::start(root, 16)?;
    site.pause(true)?;
    let before = rss_kib(site.pid()).unwrap_or(0);
    let run = Run { acts: LONG, requests_max: acts.div_ceil(100), ..site.run(MS_MAX) };
    let ran = site.callers(&run)?;
    let open = site.metric("xiezhi_open_acts")?;
    report.add("open acts", open, "acts");
    report.add("  opened", float(ran.taken) * 1e8 / float(ran.took_us.max(1)), "acts/s");
    let after = rss_kib(site.pid()).unwrap_or(0);
    let mib = |kib: u64| float(kib) / 1_024.0;
    let most = Bar::AtMost(RSS_MIB_MAX);
    report.hold("  resident after opening", mib(after), "MiB", most);
    report.hold("  resident at its peak", mib(rss_peak_kib(site.pid()).unwrap_or(0)), "MiB", most);
    report.add("  state an act, by its own count", site.metric("xiezhi_state_bytes")? / open.max(1.0), "bytes");
    report.add("  memory an act, grown", float(after.saturating_sub(before)) * 1_024.0 / open.max(1.0), "bytes");
    again(&mut site, report, ["  serving after kill -9, no snapshot", "  resident then", "  peak resident then"])?;
    site.stop()?;
    site.up()?;
    again(
        &mut site,
        report,
        ["  serving after kill -9, snapshot", "  resident then (snapshot)", "  peak resident then (snapshot)"],
    )
}

fn again(site: &mut Site, report: &mut Report, [serving, resident, peak]: [&'static str; 3]) -> anyhow::Result<()> {
    site.kill()?;
    let ready = site.up()?;
    report.hold(serving, ready.as_secs_f64(), "s", Bar::AtMost(READY_S_MAX));
    let mib = |kib: Option<u64>| float(kib.unwrap_or(0)) / 1_024.0;
    report.hold(resident, mib(rss_kib(site.pid())), "MiB", Bar::AtMost(RSS_MIB_MAX));
    report.hold(peak, mib(rss_peak_kib(site.pid())), "MiB", Bar::AtMost(RSS_MIB_MAX));
    Ok(())
}
