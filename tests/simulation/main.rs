//! Seeded simulation of the production core: decider, fold, vault, journal, keys, blobs and snapshots on a simulated disk, under virtual time.
//!
//! `simulation --seeds 200` runs seeds; `--seed 7` runs one; `--bug early-release` plants a bug; `--ci` is what the pipeline runs.

mod actors;
mod answers;
mod bank;
mod book;
mod broken;
mod bug;
mod checks;
mod dice;
mod gateway;
mod history;
mod holding;
mod lying;
mod run;
mod steps;
#[cfg(test)]
mod tests;
mod world;

use std::process::ExitCode;

use bug::Bug;
use clap::Parser;
use run::{Report, Simulation};

/// Seeds in which a planted bug must be found.
const BUG_SEEDS_MAX: u64 = 2_000;
/// Seeds that the pipeline runs clean.
const CI_SEEDS: u64 = 20;
/// Characters of a step that are told; a leaf may be 64 KiB long.
const LINE_MAX: usize = 400;
/// Steps with faults in a seed.
const STEPS: u64 = 300;
/// Every so many clean seeds one is run twice.
const REPEATED: u64 = 10;

/// Runs the gateway's core against simulated partners, disks and clocks.
#[derive(Parser)]
struct Arguments {
    /// One seed.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// So many seeds.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Steps with faults in each.
    #[arg(long, default_value_t = STEPS)]
    steps: u64,
    /// Plants a bug; the run then succeeds when it is found.
    #[arg(long)]
    bug: Option<Bug>,
    /// With `--seed`: tells every step and every event, and whatever was broken.
    #[arg(long, requires = "seed")]
    events: bool,
    /// Twenty clean seeds, some twice, and every planted bug.
    #[arg(long)]
    ci: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (from, seeds) = match arguments.seed {
        Some(seed) => (seed, 1),
        None => (arguments.from, arguments.seeds),
    };
    if arguments.events {
        let report = Simulation::new(from, arguments.bug).telling_all().run(arguments.steps);
        tell_broken(from, &report);
        return if report.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let sound = match (arguments.ci, arguments.bug) {
        (true, _) => ci(arguments.steps),
        (false, Some(bug)) => find(bug, from, seeds.max(1), arguments.steps),
        (false, None) => clean(from, seeds, arguments.steps),
    };
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ci(steps: u64) -> bool {
    let mut sound = clean(0, CI_SEEDS, steps);
    for bug in Bug::ALL {
        sound &= find(bug, 0, BUG_SEEDS_MAX, steps);
    }
    sound
}

/// Runs seeds that must be clean, some of them twice. The last line counts them.
fn clean(from: u64, seeds: u64, steps: u64) -> bool {
    let (mut passed, mut failed, mut events, mut lives) = (0_u64, 0_u64, 0, 0);
    for seed in from..from + seeds {
        let report = Simulation::new(seed, None).run(steps);
        (events, lives) = (events + report.events, lives + report.lives);
        let same = !seed.is_multiple_of(REPEATED) || Simulation::new(seed, None).run(steps).hash == report.hash;
        if !same {
            println!("seed {seed}: run twice, it went two ways");
        }
        tell_broken(seed, &report);
        if same && report.broken.is_none() { passed += 1 } else { failed += 1 }
    }
    println!("{events} events, {lives} starts");
    println!("{passed} passed, {failed} failed");
    failed == 0
}

/// Runs seeds with a bug planted until it is found.
fn find(bug: Bug, from: u64, seeds: u64, steps: u64) -> bool {
    match first_seed(bug, from, seeds, steps) {
        Some((seed, promise)) => {
            println!("bug {bug:?} found after {} seeds: {promise} (seed {seed})", seed - from + 1);
            true
        }
        None => {
            println!("bug {bug:?} NOT found in {seeds} seeds");
            false
        }
    }
}

/// The first seed that finds a bug, and the promise that it breaks.
fn first_seed(bug: Bug, from: u64, seeds: u64, steps: u64) -> Option<(u64, String)> {
    (from..from + seeds).find_map(|seed| {
        let (_, broken) = Simulation::new(seed, Some(bug)).run(steps).broken?;
        Some((seed, format!("{} {}", broken.promise, broken.what)))
    })
}

fn tell_broken(seed: u64, report: &Report) {
    let Some((step, broken)) = &report.broken else { return };
    println!("seed {seed}, step {step}: {} broken: {}", broken.promise, broken.what);
    for line in &report.steps {
        let line: String = line.chars().take(LINE_MAX).collect();
        println!("    {line}");
    }
    println!("    again with: cargo run -p simulation -- --seed {seed}");
}
