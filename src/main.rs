//! The xiezhi binary: one command line over all floors.

mod bench;
mod case;
mod check;
mod client;
mod courier;
mod demo;
mod health;
mod logging;
mod measure;
mod partner;
mod request;
mod serve;
mod settings;
mod settlement;
mod simulate;
mod stop;
mod task;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Requests are made of many small pieces that one thread makes and another drops; the system's allocator spent a quarter
/// of all processor time on that, and this one gives memory back after a burst where others keep it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// 獬豸：法院与协助执行单位之间的网关。The gateway between courts and the agencies that must help them.
#[derive(Parser)]
#[command(name = "xiezhi", version, about, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway over a configuration and a data directory.
    Serve(serve::ServeArguments),
    /// Show the main job in one go: gateway, simulated banks, one `collect` request. Nothing to install.
    Demo(demo::DemoArguments),
    /// Run one simulated partner.
    Simulate(simulate::SimulateArguments),
    /// Tell every fault of a configuration at once, with file and line.
    Check(check::CheckArguments),
    /// Ask a running gateway whether it takes requests; exit code 0 = yes. For health checks without curl.
    Health(health::HealthArguments),
    /// Verify a data directory (journal, bodies, keys, snapshots, tiles, trail) or a proof bundle, offline.
    Verify(verify::VerifyArguments),
    /// Throw the index away; the next start refills it from the journal. Writes damaged tiles of the trail anew.
    Rebuild(verify::RebuildArguments),
    /// Mint a token: prints the secret once, and the hash for the configuration.
    Token,
    /// Submit, show, watch, approve or stop a request; withdraw or resolve an act.
    Request(request::RequestArguments),
    /// Erase a case, with a second person.
    Case(case::CaseArguments),
    /// Show partners and their lanes; pause or resume one.
    Partner(partner::PartnerArguments),
    /// List measures and when they end; take a list of another system over.
    Measure(measure::MeasureArguments),
    /// See what people have to do, and end a task.
    Task(task::TaskArguments),
    /// Tell what came in on a court's account; hold a partner's list of a day against ours.
    Settlement(settlement::SettlementArguments),
    /// Stop what is sent at once, in an emergency; lift a stop with a second person.
    Stop(stop::StopArguments),
    /// Measure the gateway against a bare relay.
    Bench(bench::BenchArguments),
}

fn main() -> ExitCode {
    quiet_panics();
    let line = Line::parse();
    let done = match line.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Rebuild(arguments) => verify::rebuild(&arguments),
        Command::Token => check::mint_token(),
        Command::Request(arguments) => request::run(arguments),
        Command::Case(arguments) => case::run(arguments),
        Command::Partner(arguments) => partner::run(arguments),
        Command::Measure(arguments) => measure::run(arguments),
        Command::Task(arguments) => task::run(arguments),
        Command::Settlement(arguments) => settlement::run(arguments),
        Command::Stop(arguments) => stop::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // The only place where an error of a command is told: here it ends.
            eprintln!("xiezhi: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A panic's payload may hold what it was working on; only where it happened is told.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        tracing::error!(place, "a panic; the call or exchange it was in is answered as such");
    }));
}
