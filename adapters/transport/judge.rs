//! What an exchange that failed proves: nothing left, or it may have happened.

use std::error::Error as StdError;
use std::io;

use domain::socket::{Cause, Judged};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use rustls::AlertDescription;

use super::address::Refused;
use super::client::CallError;
use super::connect::ConnectTimedOut;

/// A partner that asks for more is misconfigured; the lane bounds further.
const RETRY_AFTER_MS_MAX: u64 = 24 * 3_600_000;
/// More causes beneath an error than the layers below us have.
const CAUSES_MAX: usize = 16;

/// What an error before the head of an answer proves.
///
/// Proved is that nothing was done, where: the connection never came to be (name, route, refusal, proxy, TLS, connect
/// timeout); the partner refused the HTTP/2 stream (RFC 9113 section 8.7) or said farewell before it (section 6.8), which
/// it may say only of what it has not looked at; or it refused our certificate. That last alert comes *after* our bytes in
/// TLS 1.3, where a client may write before the server has looked; but a server that sends it has not finished the
/// handshake, and gives the bytes of an unfinished handshake to nobody (RFC 8446 section 4.4.2.4); once it has said something
/// on the connection its handshake is over, and `connect.rs` makes of such an alert the end of a connection. Nothing else is proved:
/// a timeout of the whole is a doubt even if it fell into connecting; options keep the connect timeout below it.
pub(super) fn judge_error(error: &CallError) -> Judged {
    let unsent = |cause| Judged::NotSent { cause, retry_after_ms: None };
    if let Some(cause) = refused_certificate(error) {
        unsent(cause)
    } else if matches!(error, CallError::Failed(error) if error.is_connect()) {
        unsent(unconnected(error))
    } else if is_timeout(error) {
        Judged::Doubt { cause: Cause::Timeout }
    } else if let Some(cause) = refused_stream(error) {
        unsent(cause)
    } else {
        Judged::Doubt { cause: Cause::Broken }
    }
}

/// Why there was no connection.
fn unconnected(error: &CallError) -> Cause {
    let of_guard = causes(error).find_map(|cause| cause.downcast_ref::<Refused>());
    match of_guard {
        Some(Refused::Name | Refused::Address) => Cause::Address,
        Some(Refused::Nowhere) => Cause::Name,
        None if causes(error).any(|cause| cause.is::<rustls::Error>()) => Cause::Tls,
        None if is_timeout(error) => Cause::ConnectTimeout,
        None => Cause::Connect,
    }
}

/// Was it time that ran out: ours, or that of the machine's own connection?
fn is_timeout(error: &CallError) -> bool {
    matches!(error, CallError::TimedOut) || ran_out(error)
}

/// The same of an error beneath a call, also one within a body.
pub(super) fn ran_out(error: &(dyn StdError + 'static)) -> bool {
    let by_machine = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    causes(error).any(|cause| {
        cause.is::<ConnectTimedOut>()
            || cause.downcast_ref().is_some_and(by_machine)
            || cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout)
    })
}

/// The errors beneath one, itself first.
pub(super) fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| beneath(*error)).take(CAUSES_MAX)
}

/// An `io::Error` shows what it holds only when it is asked.
fn beneath<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(held) => Some(held),
        None => error.source(),
    }
}

fn refused_certificate(error: &CallError) -> Option<Cause> {
    let alert = causes(error).find_map(|cause| match cause.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
        _ => None,
    })?;
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateRequired
    )
    .then_some(Cause::Credential)
}

/// The farewell reaches us as an error in two ways (h2 0.4, hyper 1): for streams above the last that the partner names, and
/// for a stream that was opened in the same instant and whose body is then never written. A stream that the partner had
/// taken up ends with the connection, as a broken pipe, and stays a doubt. A farewell with a reason is the end of a connection gone wrong, and what it says of the streams is not believed.
fn refused_stream(error: &CallError) -> Option<Cause> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()).filter(|error| error.is_remote())?;
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) if error.is_reset() => Some(Cause::Throttled),
        Some(h2::Reason::NO_ERROR) if error.is_go_away() => Some(Cause::Closed),
        _ => None,
    }
}

/// What a status other than 200 proves.
///
/// 401, 403, 404, 405, 413 and 429 are written before a message is handled; the contract with call-out partners says
/// that nothing happened then. Every other status is a doubt: 5xx and 408 because the work may have been done before the
/// answer failed; 3xx because a 303 follows a message that was handled, and the others come from boxes in between of
/// which we know nothing (and a question by our number costs little where a second deduction costs much); 2xx other than
/// 200 and 4xx not listed because no partner has agreed to them.
pub(super) fn judge_status(status: StatusCode, headers: &HeaderMap) -> Judged {
    judge_by(status, retry_after_ms(headers))
}

pub(super) fn judge_by(status: StatusCode, retry_after_ms: Option<u64>) -> Judged {
    let cause = match status.as_u16() {
        401 | 403 => Cause::Credential,
        429 => Cause::Throttled,
        code @ (404 | 405 | 413) => Cause::Status(code),
        code => return Judged::Doubt { cause: Cause::Status(code) },
    };
    let retry_after_ms = retry_after_ms.filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
    Judged::NotSent { cause, retry_after_ms }
}

/// `Retry-After` in milliseconds, at most a day. A date counts from the answer's own `Date`, so that neither clock needs
/// to be right, and from ours where a server sends none. In a form obsolete since 1994 the lane's own wait stands.
pub(crate) fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        let seconds: u64 = text.parse().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX));
    }
    let until = http_date_s(text)?;
    let stated = headers.get("date").and_then(|date| http_date_s(date.to_str().ok()?));
    let seconds = until.saturating_sub(stated.or_else(now_s)?).max(0);
    u64::try_from(seconds).ok().map(|seconds| seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX))
}

/// Our wall clock in seconds since 1970. Only a hint from the partner is measured by it, and the lane bounds that.
fn now_s() -> Option<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date_s(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year, clock, zone) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" || parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let instant = format!("{year}-{month:02}-{day}T{clock}Z");
    domain::day::parse_instant(&instant).map(|ms| ms / 1_000)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn waits(pairs: &[(&'static str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        retry_after_ms(&headers)
    }

    #[test]
    fn a_wait_is_read_in_both_forms_and_never_absurd() {
        let date = ("date", "Sun, 22 Nov 2026 05:00:00 GMT");
        assert_eq!(waits(&[("retry-after", "7")]), Some(7_000));
        assert_eq!(waits(&[("retry-after", "0")]), Some(0));
        assert_eq!(waits(&[("retry-after", "99999999999999999999999")]), Some(RETRY_AFTER_MS_MAX));
        assert_eq!(waits(&[("retry-after", "Sun, 22 Nov 2026 05:01:30 GMT"), date]), Some(90_000));
        assert_eq!(waits(&[("retry-after", "Sun, 22 Nov 2026 04:00:00 GMT"), date]), Some(0));
        assert_eq!(waits(&[("retry-after", "Fri, 22 Nov 2126 05:00:00 GMT"), date]), Some(RETRY_AFTER_MS_MAX));
        for none in ["", "-1", "soon", "1.5", "Sun, 99 Nov 2026 05:00:00 GMT", "Sunday, 22-Nov-26 05:00:00 GMT"] {
            assert_eq!(waits(&[("retry-after", none), date]), None, "{none}");
        }
        assert_eq!(
            waits(&[("retry-after", "Sun, 22 Nov 2125 05:01:30 GMT")]),
            Some(RETRY_AFTER_MS_MAX),
            "no Date: our clock"
        );
        assert_eq!(waits(&[("retry-after", "Sun, 22 Nov 1998 05:01:30 GMT")]), Some(0));
        assert_eq!(waits(&[]), None);
    }

    #[test]
    fn time_that_ran_out_is_told_however_deep_it_lies() {
        let of_machine = || io::Error::from(io::ErrorKind::TimedOut);
        for error in [of_machine(), io::Error::other(of_machine()), io::Error::other(ConnectTimedOut)] {
            assert!(ran_out(&error), "{error:?}");
        }
        assert!(!ran_out(&io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset))));
        assert!(judge_error(&CallError::TimedOut) == Judged::Doubt { cause: Cause::Timeout });
    }

    #[test]
    fn a_status_proves_only_what_was_agreed() {
        let judge = |code| judge_status(StatusCode::from_u16(code).unwrap(), &HeaderMap::new());
        let unsent = |cause| Judged::NotSent { cause, retry_after_ms: None };
        assert!(judge(401) == unsent(Cause::Credential) && judge(403) == unsent(Cause::Credential));
        assert!(judge(429) == unsent(Cause::Throttled));
        for code in [404, 405, 413] {
            assert!(judge(code) == unsent(Cause::Status(code)));
        }
        for code in [201, 202, 204, 301, 302, 303, 307, 308, 400, 408, 409, 410, 422, 500, 502, 503, 504, 599] {
            assert!(judge(code) == Judged::Doubt { cause: Cause::Status(code) }, "{code}");
        }
    }
}
