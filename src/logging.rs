//! Logs: one JSON object a line on standard error; ids and words only, never a name, a number or an account.

use tracing_subscriber::EnvFilter;

/// Starts logging; `filter` as in `RUST_LOG`, for example `info,web=debug`. A second call changes nothing.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
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
