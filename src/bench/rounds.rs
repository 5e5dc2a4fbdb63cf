//! The rounds: relay, one act a request, a hundred acts a request, in turn; then accepting alone, the paced walk, and a kill.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::load::Run;
use super::report::{Bar, Report, middle, share_of};
use super::role::{Role, RoleName};
use super::site::Site;
use super::stub::NOTED_FROM;
use super::usage::{PeakPss, cpu_seconds};

/// The first bar: of the relay's rate, acts end to end.
const RATIO_MIN: f64 = 0.3;
/// The first bar: processor seconds per 1,000 acts.
const CPU_MAX: f64 = 0.25;
/// Requests a second of the paced walk.
const PACE: u64 = 200;
/// A burst leaves thousands of idle connections, which are closed together four seconds later: the walk is that of an ordinary hour.
const CALM: Duration = Duration::from_secs(6);
/// Below it, one hundredth of the walks would be a handful.
const WALK_MS_MIN: u64 = 10_000;
/// Acts of the long request.
const LONG: usize = 100;

/// How long and how much.
pub struct Extent {
    /// Milliseconds of one measurement.
    pub ms: u64,
    /// Rounds.
    pub rounds: u32,
    /// Callers pause above so many open acts.
    pub open_acts_max: u64,
}

#[derive(Default)]
struct Series {
    per_second: Vec<f64>,
    cpu: Vec<f64>,
    others_cpu: Vec<f64>,
    taken: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
}

impl Series {
    fn note(&mut self, count: f64, seconds: f64, cpu: f64, others_cpu: f64) {
        self.per_second.push(count / seconds.max(1e-9));
        self.cpu.push(cpu * 1_000.0 / count.max(1.0));
        self.others_cpu.push(others_cpu * 1_000.0 / count.max(1.0));
    }
}

/// By round: machines that others share change by a fifth within minutes, so each measurement is held against its neighbour.
fn ratios(of: &Series, to: &Series) -> Vec<f64> {
    of.per_second.iter().zip(&to.per_second).map(|(of, to)| of / to.max(1e-9)).collect()
}

fn relay_round(site: &mut Site, relay: &Role, extent: &Extent, series: &mut Series) -> anyhow::Result<()> {
    let run = Run { address: relay.address().to_owned(), path: "/".to_owned(), ..site.run(extent.ms) };
    let others = |site: &Site| Ok::<_, anyhow::Error>(cpu_seconds(site.load.pid())? + cpu_seconds(site.stub.pid())?);
    let (cpu, others_cpu) = (cpu_seconds(relay.pid())?, others(site)?);
    let ran = site.callers(&run)?;
    let taken = float(ran.taken);
    let (cpu, others_cpu) = (cpu_seconds(relay.pid())? - cpu, others(site)? - others_cpu);
    series.note(taken, float(ran.took_us) / 1e6, cpu, others_cpu);
    series.p50_us.push(float(ran.p50_us));
    series.p99_us.push(float(ran.p99_us));
    Ok(())
}

fn acts_round(site: &mut Site, acts: usize, extent: &Extent, series: &mut Series) -> anyhow::Result<()> {
    let run = Run { acts, open_acts_max: extent.open_acts_max, ..site.run(extent.ms) };
    let measured = site.acts(&run)?;
    series.note(measured.acts, measured.seconds, measured.cpu, measured.others_cpu);
    series.taken.push(float(measured.ran.taken) * 1e6 / float(measured.ran.took_us.max(1)));
    series.p50_us.push(float(measured.ran.p50_us));
    series.p99_us.push(float(measured.ran.p99_us));
    Ok(())
}

/// All of it.
pub fn measure(site: &mut Site, extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let relay = Role::start(RoleName::Relay, &["--at", &site.stub.url])?;
    let plain_relay = Role::start(RoleName::PlainRelay, &["--at", &site.stub.url])?;
    let warm = Extent { ms: 500, rounds: 1, ..*extent };
    relay_round(site, &relay, &warm, &mut Series::default())?;
    relay_round(site, &plain_relay, &warm, &mut Series::default())?;
    let mut plainly = Series::default();
    acts_round(site, 1, &warm, &mut Series::default())?;
    let peak = PeakPss::of(site.pid())?;
    let (mut forwarded, mut single, mut long) = (Series::default(), Series::default(), Series::default());
    for round in 1..=extent.rounds {
        acts_round(site, 1, extent, &mut single)?;
        relay_round(site, &relay, extent, &mut forwarded)?;
        relay_round(site, &plain_relay, extent, &mut plainly)?;
        acts_round(site, LONG, extent, &mut long)?;
        let last = |series: &Series| series.per_second.last().copied().unwrap_or(0.0);
        eprintln!(
            "bench: round {round}: relay {:.0}/s, acts {:.0}/s, in requests of {LONG} {:.0}/s (load {})",
            last(&forwarded),
            last(&single),
            last(&long),
            super::machine::load()
        );
    }
    relay.stop()?;
    plain_relay.stop()?;
    tell(&forwarded, &single, &long, report);
    report.add("relay with one client for all workers", middle(&plainly.per_second), "requests/s");
    report.add("  processor (plain relay)", middle(&plainly.cpu), "s/1,000");
    report.add("  acts, one a request, of the plain relay", middle(&ratios(&single, &plainly)), "ratio");
    accepting(site, extent, report)?;
    walk(site, extent, report)?;
    report.add("gateway memory, peak PSS", float(peak.end()) / 1_024.0, "MiB");
    report.add("journal, bytes an event", float(site.journal_bytes()) / events(site)?.max(1.0), "bytes");
    killed(site, extent, report)
}

fn events(site: &Site) -> anyhow::Result<f64> {
    site.metric("xiezhi_journal_durable_events")
}

fn tell(forwarded: &Series, single: &Series, long: &Series, report: &mut Report) {
    report.add("relay", middle(&forwarded.per_second), "requests/s");
    report.add("relay, processor", middle(&forwarded.cpu), "s/1,000");
    report.add("relay, callers and partners", middle(&forwarded.others_cpu), "s/1,000");
    report.add("relay, answer p50", middle(&forwarded.p50_us), "us");
    report.add("relay, answer p99", middle(&forwarded.p99_us), "us");
    report.add("acts end to end, one a request", middle(&single.per_second), "acts/s");
    let of_relay = ratios(single, forwarded);
    report.hold("  of the relay", middle(&of_relay), "ratio", Bar::AtLeast(RATIO_MIN));
    report.add("  in its worst round", of_relay.iter().copied().fold(f64::INFINITY, f64::min), "ratio");
    report.add("  in its best round", of_relay.iter().copied().fold(0.0, f64::max), "ratio");
    report.hold("  processor", middle(&single.cpu), "s/1,000", Bar::AtMost(CPU_MAX));
    report.add("  callers and partners", middle(&single.others_cpu), "s/1,000");
    report.add("  accepted meanwhile", middle(&single.taken), "requests/s");
    report.add("  accept p50", middle(&single.p50_us), "us");
    report.add("  accept p99", middle(&single.p99_us), "us");
    report.add("acts end to end, a hundred a request", middle(&long.per_second), "acts/s");
    report.hold("  of the relay (a hundred)", middle(&ratios(long, forwarded)), "ratio", Bar::AtLeast(RATIO_MIN));
    report.hold("  processor (a hundred)", middle(&long.cpu), "s/1,000", Bar::AtMost(CPU_MAX));
}

/// Durable accepts while no partner is called: what a morning's burst meets.
fn accepting(site: &mut Site, extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    site.pause(true)?;
    let run = site.run(extent.ms / 2);
    let cpu = cpu_seconds(site.pid())?;
    let ran = site.callers(&run)?;
    let cpu = cpu_seconds(site.pid())? - cpu;
    report.add("accepting alone", float(ran.taken) * 1e6 / float(ran.took_us.max(1)), "requests/s");
    report.add("  accept p50 (alone)", float(ran.p50_us), "us");
    report.add("  accept p99 (alone)", float(ran.p99_us), "us");
    report.add("  processor (alone)", cpu * 1_000.0 / float(ran.taken.max(1)), "s/1,000");
    let (cpu, began) = (cpu_seconds(site.pid())?, Instant::now());
    site.pause(false)?;
    site.idle(0)?;
    report.add("executing alone", float(ran.taken) / began.elapsed().as_secs_f64(), "acts/s");
    let cpu = cpu_seconds(site.pid())? - cpu;
    report.add("  processor (executing)", cpu * 1_000.0 / float(ran.taken.max(1)), "s/1,000");
    Ok(())
}

/// From the caller's send to the partner's receipt, at an even pace.
fn walk(site: &mut Site, extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    // Once and short is to see that it runs.
    let is_real = extent.rounds > 1;
    site.rest(if is_real { CALM } else { Duration::ZERO });
    drop(site.arrivals()?);
    let ms = if is_real { extent.ms.max(WALK_MS_MIN) } else { extent.ms };
    let run = Run { per_second: PACE, first_case: NOTED_FROM, cases: 1_000_000, noted: true, ..site.run(ms) };
    let measured = site.acts(&run)?;
    let arrived: BTreeMap<u64, u64> = site.arrivals()?.into_iter().collect();
    let sent = measured.ran.sent.iter();
    let mut walks: Vec<u64> =
        sent.filter_map(|(case, at)| Some(arrived.get(case)?.saturating_sub(*at) / 1_000)).collect();
    report.add("paced at 200/s: submit to partner p50", float(share_of(&mut walks, 50)), "us");
    report.add("  submit to partner p99", float(share_of(&mut walks, 99)), "us");
    report.add("  accept p50 (paced)", float(measured.ran.p50_us), "us");
    report.add("  accept p99 (paced)", float(measured.ran.p99_us), "us");
    report.add("  processor (paced)", measured.cpu * 1_000.0 / measured.acts.max(1.0), "s/1,000");
    Ok(())
}

/// SIGKILL under load, and the time until it serves again.
fn killed(site: &mut Site, extent: &Extent, report: &mut Report) -> anyhow::Result<()> {
    let run = Run { open_acts_max: extent.open_acts_max, ..site.run(extent.ms) };
    site.load.tell(&serde_json::to_value(&run)?)?;
    site.rest(Duration::from_millis(extent.ms / 2));
    site.kill()?;
    let ready = site.up()?;
    drop(site.load.hear()?);
    site.idle(0)?;
    report.add("ready again after kill -9 under load", ready.as_secs_f64() * 1_000.0, "ms");
    report.add("  events in the journal", events(site)?, "events");
    Ok(())
}

/// Counts stay far below 2^53.
pub fn float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds of one run are far below 2^53")]
    let float = count as f64;
    float
}
