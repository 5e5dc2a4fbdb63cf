//! Trying a partner that we call: its name, a connection, its certificate, its clock, our credential, and a query where one is agreed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::case::{Case, Court, Officer, Party, PartyKind, Role, Stage};
use domain::slip::{Line, Slip, SlipContext, SlipLine};
use domain::socket::{CallOut, Cause, Judged, Plug};
use domain::{ActKind, Day, Money, Personal, SlipNumber};
use engine::clock::{Clock as _, SystemClock};
use reqwest::Url;

use super::check::{Row, Verdict, row};
use crate::settings::OnePartner;

/// A certificate that ends sooner is told while there is time to renew it.
const CERTIFICATE_DAYS_MIN: i64 = 30;
/// Partners that sign or refuse by time allow about five minutes; a minute off is already a clock that nobody keeps.
const SKEW_S_MAX: i64 = 60;
/// Numbers of trials are of a day before any gateway, so that they are nobody's.
const TRIAL_YEAR: i32 = 1970;

/// All steps, in order; what follows on a bad one is skipped.
pub(super) async fn call_out(one: &OnePartner) -> Vec<Row> {
    let text = |key: &str| one.options.entries.get(key).map(|entry| entry.text.expose().clone());
    let Plug::CallOut(plug) = &one.plug else { return Vec::new() };
    let Some(url) = text("url").and_then(|text| Url::parse(&text).ok()) else {
        return vec![row("network", Verdict::Skipped, "this adapter talks over no network")];
    };
    let proxy = text("proxy").and_then(|text| Url::parse(&text).ok());
    let mut rows = Vec::new();
    let is_reached = connect(one, proxy.as_ref().unwrap_or(&url), &mut rows).await;
    let is_answered = is_reached && knock(one, &url, &mut rows).await;
    if !is_answered {
        for step in ["credential", "query"] {
            rows.push(row(step, Verdict::Skipped, "there is no connection"));
        }
        return rows;
    }
    let is_known = credential(plug, &mut rows, text("issuer_pins").is_some()).await;
    rows.push(match (&one.agreed, is_known) {
        (None, _) => row("query", Verdict::Skipped, "no [check] names a subject agreed for trials"),
        (Some(_), false) => row("query", Verdict::Skipped, "our credential is not taken"),
        (Some(_), true) => query(one, plug).await,
    });
    rows
}

/// The name and a TCP connection.
async fn connect(one: &OnePartner, url: &Url, rows: &mut Vec<Row>) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<std::net::SocketAddr> = match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(found) => found.collect(),
        Err(error) => {
            rows.push(row("name", Verdict::Bad, format!("{host} leads nowhere ({}); look at DNS", error.kind())));
            return false;
        }
    };
    let shown = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    rows.push(row("name", Verdict::Good, format!("{host} leads to {shown}")));
    let began = Instant::now();
    let within = Duration::from_millis(one.options.connect_timeout_ms);
    match tokio::time::timeout(within, tokio::net::TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(_)) => {
            rows.push(row("connection", Verdict::Good, format!("port {port} in {} ms", began.elapsed().as_millis())));
            true
        }
        Ok(Err(error)) => {
            let told =
                format!("port {port} does not answer ({}); look at the firewall and at the partner", error.kind());
            rows.push(row("connection", Verdict::Bad, told));
            false
        }
        Err(_) => {
            let told = format!("port {port} is silent for {} ms; look at the firewall", within.as_millis());
            rows.push(row("connection", Verdict::Bad, told));
            false
        }
    }
}

/// One GET of the bare address, without a credential: the certificate and the clock.
async fn knock(one: &OnePartner, url: &Url, rows: &mut Vec<Row>) -> bool {
    let client = match client(one, url) {
        Ok(client) => client,
        Err(error) => {
            rows.push(row("certificate", Verdict::Bad, format!("no connection can be made: {error:#}")));
            return false;
        }
    };
    let response = match client.get(url.clone()).send().await {
        Ok(response) => response,
        Err(error) => {
            let step = if error.is_connect() { "certificate" } else { "answer" };
            rows.push(row(step, Verdict::Bad, format!("{}; look at ca_file and client_pem_file", causes(&error))));
            return false;
        }
    };
    let today = Day::of(SystemClock::new().wall());
    if url.scheme() == "https" {
        let info = response.extensions().get::<reqwest::tls::TlsInfo>();
        let until = info.and_then(|info| info.peer_certificate()).and_then(not_after);
        rows.push(match until {
            None => row("certificate", Verdict::Look, "is trusted; when it ends cannot be read"),
            Some(day) => {
                let days = i64::from(day.count()) - i64::from(today.count());
                let verdict = if days < CERTIFICATE_DAYS_MIN { Verdict::Look } else { Verdict::Good };
                row("certificate", verdict, format!("is trusted, until {day} ({days} days)"))
            }
        });
    } else {
        rows.push(row("certificate", Verdict::Look, "none: http:// is for programs of one machine"));
    }
    let date = response.headers().get("date").and_then(|date| http_date_s(date.to_str().ok()?));
    rows.push(match date {
        None => row("clock", Verdict::Look, "the partner tells no time"),
        Some(theirs) => {
            let skew = theirs - SystemClock::new().wall() / 1_000;
            let verdict = if skew.abs() > SKEW_S_MAX { Verdict::Look } else { Verdict::Good };
            row("clock", verdict, format!("differs by {skew} s from ours"))
        }
    });
    true
}

fn client(one: &OnePartner, url: &Url) -> anyhow::Result<reqwest::Client> {
    let file = |key: &str| one.options.entries.get(key).map(|entry| std::fs::read(entry.text.expose())).transpose();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(one.options.connect_timeout_ms))
        .timeout(Duration::from_millis(one.options.timeout_ms))
        .redirect(reqwest::redirect::Policy::none())
        .tls_info(true);
    builder = match one.options.entries.get("proxy") {
        Some(proxy) => builder.proxy(reqwest::Proxy::https(proxy.text.expose().as_str())?),
        None => builder.no_proxy(),
    };
    if let Some(pem) = file("ca_file")? {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem)?);
    } else if url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    }
    if let Some(pem) = file("client_pem_file")? {
        builder = builder.identity(reqwest::Identity::from_pem(&pem)?);
    }
    Ok(builder.build()?)
}

/// What went wrong, down to its cause; the address and its parts are not repeated.
fn causes(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut told = String::from("no answer");
    while let Some(cause) = source {
        told = cause.to_string();
        source = cause.source();
    }
    told
}

/// A question about a number that was never issued: harmless, by the partner's own words, and with our credential.
async fn credential(plug: &Arc<dyn CallOut>, rows: &mut Vec<Row>, is_pinned: bool) -> bool {
    if !plug.can_ask(ActKind::Query) {
        rows.push(row("credential", Verdict::Skipped, "its file says no question about a number, so none was tried"));
        return true;
    }
    let Some(day) = Day::from_ymd(TRIAL_YEAR, 1, 1) else { return false };
    let judged = plug.ask(SlipLine { slip: SlipNumber::issue(day, 0), line: 0 }, ActKind::Query).await;
    let (verdict, told) = match judged {
        Judged::NotFound => (Verdict::Good, "taken; it knows no number that was never issued".to_owned()),
        Judged::Answered(_) | Judged::AnsweredWith(..) | Judged::Accepted => {
            (Verdict::Look, "taken; but it knows a number that was never issued".to_owned())
        }
        Judged::NotSent { cause: Cause::Credential, .. } => (Verdict::Bad, "is refused; look at token".to_owned()),
        Judged::NotSent { cause: Cause::Connect, .. } if is_pinned => {
            (Verdict::Bad, "no connection with the pinned issuer; look at issuer_pins".to_owned())
        }
        Judged::NotSent { cause: Cause::Connect, .. } => {
            (Verdict::Bad, "no connection as the gateway makes it; look at networks and the certificates".to_owned())
        }
        Judged::NotSent { cause: Cause::Status(404 | 405), .. } => (
            Verdict::Look,
            "the address of questions is not there, or a box in between answers; look at url".to_owned(),
        ),
        Judged::NotSent { cause, .. } => (Verdict::Look, format!("it does nothing now ({})", cause.word())),
        Judged::Doubt { cause } => {
            (Verdict::Look, format!("its answer to a question proves nothing ({}); look at the contract", cause.word()))
        }
    };
    rows.push(row("credential", verdict, told));
    verdict != Verdict::Bad
}

/// A query about the subject agreed for trials, under a number that no gateway issues.
async fn query(one: &OnePartner, plug: &Arc<dyn CallOut>) -> Row {
    if !one.partner.acts.contains(&ActKind::Query) {
        return row("query", Verdict::Skipped, "it takes no queries");
    }
    let Some(slip) = trial(one) else { return row("query", Verdict::Skipped, "no slip could be made") };
    match plug.send(&slip).await {
        Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _) => {
            let (accounts, findings) = (outcome.accounts.len(), outcome.findings.len());
            let told = format!("{}; {accounts} account(s), {findings} finding(s)", outcome.verdict.word());
            let is_answer = outcome.verdict.state().took_effect();
            row("query", if is_answer { Verdict::Good } else { Verdict::Look }, told)
        }
        Judged::Accepted => row("query", Verdict::Good, "taken; the answer comes later"),
        Judged::NotFound => row("query", Verdict::Look, "answered as a question is"),
        Judged::NotSent { cause, .. } => row("query", Verdict::Bad, format!("not taken ({})", cause.word())),
        Judged::Doubt { cause } => row("query", Verdict::Bad, format!("its answer proves nothing ({})", cause.word())),
    }
}

fn trial(one: &OnePartner) -> Option<Slip> {
    let agreed = one.agreed.as_ref()?;
    let personal = |text: &str| Personal::new(text.to_owned());
    let (code, name) = one.court.clone().unwrap_or_else(|| ("000000".to_owned(), "法院".to_owned()));
    let officer = agreed.officer.as_ref().map(|[name, work_id, duty_id]| Officer {
        name: personal(name),
        work_id: personal(work_id),
        duty_id: personal(duty_id),
        phone: personal(""),
    });
    let case = Case {
        number: personal(&agreed.case_number),
        stage: Stage::Enforcement,
        court: Court { code, name },
        claim: Money::ZERO,
        costs: Money::ZERO,
        parties: vec![Party {
            role: Role::Obligor,
            kind: PartyKind::Person,
            name: personal(&agreed.name),
            id_type: agreed.id_type.clone(),
            id_number: agreed.id_number.clone(),
            bankrupt: None,
        }],
        account: None,
    };
    let line = Line {
        line: 0,
        kind: ActKind::Query,
        account: None,
        amount: None,
        from: None,
        to: None,
        original: None,
        note: None,
        details: Vec::new(),
    };
    let counter = u64::try_from(SystemClock::new().wall() / 1_000).ok()?;
    Some(Slip {
        number: SlipNumber::issue(Day::from_ymd(TRIAL_YEAR, 1, 1)?, counter),
        context: Arc::new(SlipContext { case, officers: officer.into_iter().collect(), papers: Vec::new() }),
        subject: 0,
        lines: vec![line],
    })
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date_s(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_once(", ")?.1.split(' ');
    let (day, month, year, clock) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    domain::day::parse_instant(&format!("{year}-{month:02}-{day}T{clock}Z")).map(|ms| ms / 1_000)
}

/// The last day of a certificate (X.509, DER): `Certificate.tbsCertificate.validity.notAfter`.
fn not_after(certificate: &[u8]) -> Option<Day> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    // Version (context tag 0, may be absent), serial number, algorithm, issuer; then validity.
    let mut skipped = 0;
    let validity = loop {
        let (tag, content, after) = element(rest)?;
        if tag != 0xa0 {
            skipped += 1;
        }
        if skipped == 4 {
            break content;
        }
        rest = after;
    };
    let (_, _, after) = element(validity)?;
    let (tag, time, _) = element(after)?;
    let text = std::str::from_utf8(time).ok()?;
    // UTCTime has two digits of the year, and those below 50 are of this century.
    let (year, rest) = if tag == 0x17 { text.split_at_checked(2)? } else { text.split_at_checked(4)? };
    let year: i32 = year.parse().ok()?;
    let year = if tag == 0x17 { year + if year < 50 { 2_000 } else { 1_900 } } else { year };
    Day::from_ymd(year, rest.get(..2)?.parse().ok()?, rest.get(2..4)?.parse().ok()?)
}

/// Tag, content and what follows of one DER element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..0x80 => (usize::from(*short), rest),
        long => {
            let (digits, rest) =
                rest.split_at_checked(usize::from(long & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
            (digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}
