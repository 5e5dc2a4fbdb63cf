//! Logs: one JSON object a line on standard error; ids and words only, never a name, a number or an account.

use tracing_subscriber::EnvFilter;

/// Targets that speak at a stranger's bidding: a line at the level error for each connection on which something came that is no HTTP,
/// so that whoever has no credential could fill the disk.
const QUIET: &[&str] = &["actix_http::h1::dispatcher", "actix_http::h1::decoder", "actix_http::h2::dispatcher"];

/// Starts logging; `filter` as in `RUST_LOG`, for example `info,web=debug`. A second call changes nothing.
pub fn start(filter: &str) {
    // A directive that names such a target itself comes later, and so is the one that counts.
    let quieted = QUIET.iter().map(|target| format!("{target}=off,")).collect::<String>();
    let filter =
        EnvFilter::try_new(format!("{quieted}{filter}")).unwrap_or_else(|_| EnvFilter::new(format!("{quieted}info")));
    // A test or the demo may have started it already; then that one stays.
    let _already = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
