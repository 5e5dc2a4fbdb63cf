//! Logs: one JSON object a line on standard error; ids and words only, never a name, a number or an account.

use std::fmt::{self, Debug, Write as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::{FormatFields, Writer};

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
        .fmt_fields(Members)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

/// The fields of a span as a JSON object, put down as they come. Every call has a span, and few have a line: the library's own sorts
/// its fields in a map first, which took longer than the rest of the span.
struct Members;

impl<'w> FormatFields<'w> for Members {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut text = String::from("{");
        fields.record(&mut Member(&mut text));
        text.push('}');
        writer.write_str(&text)
    }

    fn add_fields(&self, current: &'w mut FormattedFields<Self>, fields: &tracing::span::Record<'_>) -> fmt::Result {
        if current.fields.pop().is_none() {
            current.fields.push('{');
        }
        fields.record(&mut Member(&mut current.fields));
        current.fields.push('}');
        Ok(())
    }
}

struct Member<'t>(&'t mut String);

impl Member<'_> {
    /// `value` is JSON.
    fn put(&mut self, field: &tracing::field::Field, value: fmt::Arguments<'_>) {
        let comma = if self.0.ends_with('{') { "" } else { "," };
        let _infallible = write!(self.0, "{comma}\"{}\":{value}", field.name());
    }
}

impl tracing::field::Visit for Member<'_> {
    fn record_i64(&mut self, field: &tracing::field::Field, value: i64) {
        self.put(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        self.put(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &tracing::field::Field, value: bool) {
        self.put(field, format_args!("{value}"));
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
        match value.bytes().all(is_plain) {
            true => self.put(field, format_args!("\"{value}\"")),
            false => self.put(field, format_args!("{}", serde_json::Value::from(value))),
        }
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::Members;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_holds_what_its_span_was_told_at_once_and_later_whatever_signs_are_in_it() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().json().fmt_fields(Members).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(log, || {
            let empty = tracing::field::Empty;
            let span =
                tracing::info_span!("call", call = "a-1", route = empty, status = empty, late = empty, said = empty);
            let _inside = span.enter();
            tracing::info!("call refused");
            span.record("route", "/v1/\"x\"\\\n象山");
            span.record("status", 404_u64);
            span.record("late", true);
            span.record("said", tracing::field::display(-7));
            tracing::info!("call refused");
        });
        let lines = lines.0.lock().unwrap().clone();
        let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["span"].clone();
        let spans: Vec<_> = String::from_utf8(lines).unwrap().lines().map(read).collect();
        let first = serde_json::json!({ "name": "call", "call": "a-1" });
        let second = serde_json::json!({
            "name": "call", "call": "a-1", "route": "/v1/\"x\"\\\n象山", "status": 404, "late": true, "said": "-7"
        });
        assert_eq!(spans, [first, second]);
    }
}
