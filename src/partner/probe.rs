//! Trying a partner that we call: its name, a connection, its certificate, its clock, our credential, and a query where one is agreed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::transport::trial::{self, CertificateFault, NotKnocked};
use domain::case::{Case, Court, Officer, Party, PartyKind, Role, Stage};
use domain::slip::{Line, Slip, SlipContext, SlipLine};
use domain::socket::{CallOut, Cause, Judged, Plug, Tried, Went};
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
    let tried = plug.try_out().await;
    if !tried.is_empty() {
        let mut rows: Vec<Row> = tried.into_iter().map(of_adapter).collect();
        rows.push(row(
            "query",
            Verdict::Skipped,
            "文件夹不会当场答复；请在约定的测试案件上发一件",
            "a folder answers nothing at once; send one order about a subject agreed for trials",
        ));
        return rows;
    }
    let Some(url) = text("url").and_then(|text| Url::parse(&text).ok()) else {
        return vec![row("network", Verdict::Skipped, "该适配器不经网络", "this adapter talks over no network")];
    };
    let proxy = text("proxy").and_then(|text| Url::parse(&text).ok());
    let mut rows = Vec::new();
    let is_reached = connect(one, proxy.as_ref().unwrap_or(&url), &mut rows).await;
    let is_answered = is_reached && knock(one, &url, &mut rows).await;
    if !is_answered {
        for step in ["credential", "query"] {
            rows.push(row(step, Verdict::Skipped, "尚无连接", "there is no connection"));
        }
        return rows;
    }
    let is_known = credential(plug, &mut rows).await;
    rows.push(match (&one.agreed, is_known) {
        (None, _) => row(
            "query",
            Verdict::Skipped,
            "未在 [check] 中约定测试对象",
            "no [check] names a subject agreed for trials",
        ),
        (Some(_), false) => row("query", Verdict::Skipped, "凭证未被接受", "our credential is not taken"),
        (Some(_), true) => query(one, plug).await,
    });
    rows
}

fn of_adapter(tried: Tried) -> Row {
    let verdict = match tried.went {
        Went::Well => Verdict::Good,
        Went::Look => Verdict::Look,
        Went::Badly => Verdict::Bad,
    };
    row(tried.step, verdict, tried.told.0, tried.told.1)
}

/// A step that failed as an exchange fails.
fn failed(step: &'static str, cause: Cause) -> Row {
    let (chinese, english) = cause.told();
    row(step, Verdict::Bad, chinese, format!("{english} ({})", cause.word()))
}

/// The name and a TCP connection.
async fn connect(one: &OnePartner, url: &Url, rows: &mut Vec<Row>) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let found: Vec<SocketAddr> = match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(found) => found.collect(),
        Err(_) => {
            rows.push(failed("name", Cause::Name));
            return false;
        }
    };
    let shown = found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    rows.push(row("name", Verdict::Good, format!("{host} 指向 {shown}"), format!("{host} leads to {shown}")));
    let allowed = trial::allowed(&one.options, &host, &found);
    if allowed.is_empty() {
        rows.push(failed("address", Cause::Address));
        return false;
    }
    let began = Instant::now();
    let within = Duration::from_millis(one.options.connect_timeout_ms);
    match tokio::time::timeout(within, tokio::net::TcpStream::connect(allowed.as_slice())).await {
        Ok(Ok(_)) => {
            let took_ms = began.elapsed().as_millis();
            let (chinese, english) = (format!("端口 {port}，{took_ms} 毫秒"), format!("port {port} in {took_ms} ms"));
            rows.push(row("connection", Verdict::Good, chinese, english));
            true
        }
        Ok(Err(_)) => {
            rows.push(failed("connection", Cause::Connect));
            false
        }
        Err(_) => {
            rows.push(failed("connection", Cause::ConnectTimeout));
            false
        }
    }
}

/// One GET of the bare address, without a credential, on the way that messages go: the certificate and the clock.
async fn knock(one: &OnePartner, url: &Url, rows: &mut Vec<Row>) -> bool {
    let knocked = match trial::knock(&one.options).await {
        Ok(knocked) => knocked,
        Err(fault) => {
            rows.push(not_knocked(fault));
            return false;
        }
    };
    if url.scheme() == "https" {
        rows.push(certificate(knocked.certificate.as_deref()));
    } else {
        rows.push(row(
            "certificate",
            Verdict::Look,
            "没有：http:// 只用于同一台机器上的程序",
            "none: http:// is for programs of one machine",
        ));
    }
    rows.push(clock(knocked.date.as_deref()));
    true
}

fn not_knocked(fault: NotKnocked) -> Row {
    let told = match fault.certificate {
        Some(CertificateFault::Ended) => (
            "对方证书已过期；请对方更换，或核对本机时钟",
            "the partner's certificate has ended; ask the partner for another, and look at our clock",
        ),
        Some(CertificateFault::NotYet) => {
            ("对方证书尚未生效；请核对双方时钟", "the partner's certificate is not valid yet; look at both clocks")
        }
        Some(CertificateFault::OtherName) => (
            "对方证书不是该域名的；请检查 options.url",
            "the partner's certificate is for another name; look at options.url",
        ),
        Some(CertificateFault::UnknownIssuer) => (
            "对方证书的签发者不受信任；请检查 options.ca_file",
            "nobody whom we trust has signed the partner's certificate; look at options.ca_file",
        ),
        Some(CertificateFault::NotPinned) => (
            "验证路径上没有所钉的密钥；请对方确认是否更换了签发者，再改 options.issuer_pins",
            "no pinned key stands on the verified path; ask the partner whether its issuer changed before you change options.issuer_pins",
        ),
        // Its alert ends the handshake, or comes behind it: either way ours was looked at and refused.
        _ if fault.cause == Cause::Credential => (
            "对方拒绝我方客户端证书；请检查 options.client_pem_file",
            "the partner refuses our certificate, or misses one; look at options.client_pem_file",
        ),
        _ if matches!(fault.cause, Cause::Tls | Cause::Address | Cause::Name) => {
            return failed("certificate", fault.cause);
        }
        _ => return failed("answer", fault.cause),
    };
    row("certificate", Verdict::Bad, told.0, format!("{} ({})", told.1, fault.cause.word()))
}

fn certificate(shown: Option<&[u8]>) -> Row {
    let today = Day::of(SystemClock::new().wall());
    let Some(day) = shown.and_then(not_after) else {
        return row("certificate", Verdict::Look, "可信；读不出到期日", "is trusted; when it ends cannot be read");
    };
    let days = i64::from(day.count()) - i64::from(today.count());
    let (verdict, more_zh, more_en) = match days < CERTIFICATE_DAYS_MIN {
        true => (Verdict::Look, "，请对方更换", "; ask the partner for another"),
        false => (Verdict::Good, "", ""),
    };
    let chinese = format!("可信，{day} 到期，还有 {days} 天{more_zh}");
    row("certificate", verdict, chinese, format!("is trusted, until {day} ({days} days){more_en}"))
}

fn clock(date: Option<&str>) -> Row {
    let Some(theirs) = date.and_then(http_date_s) else {
        return row("clock", Verdict::Look, "对方未告知时间", "the partner tells no time");
    };
    let skew = theirs - SystemClock::new().wall() / 1_000;
    let (chinese, english) = (format!("与本机相差 {skew} 秒"), format!("differs by {skew} s from ours"));
    match skew.abs() > SKEW_S_MAX {
        true => row(
            "clock",
            Verdict::Look,
            format!("{chinese}；请校准双方时钟"),
            format!("{english}; look at time synchronisation on both sides"),
        ),
        false => row("clock", Verdict::Good, chinese, english),
    }
}

/// A question about a number that was never issued: harmless, by the partner's own words, and with our credential.
async fn credential(plug: &Arc<dyn CallOut>, rows: &mut Vec<Row>) -> bool {
    if !plug.can_ask(ActKind::Query) {
        rows.push(row(
            "credential",
            Verdict::Skipped,
            "其文件未写按请求单号询问，故未试",
            "its file says no question about a number, so none was tried",
        ));
        return true;
    }
    let Some(day) = Day::from_ymd(TRIAL_YEAR, 1, 1) else { return false };
    let judged = plug.ask(SlipLine { slip: SlipNumber::issue(day, 0), line: 0 }, ActKind::Query).await;
    let told = match judged {
        Judged::NotFound => row(
            "credential",
            Verdict::Good,
            "已被接受；对方不知道从未发出的单号",
            "taken; it knows no number that was never issued",
        ),
        Judged::Answered(_) | Judged::AnsweredWith(..) | Judged::Accepted => row(
            "credential",
            Verdict::Look,
            "已被接受；但对方认得从未发出的单号",
            "taken; but it knows a number that was never issued",
        ),
        Judged::NotSent { cause: Cause::Credential, .. } => {
            row("credential", Verdict::Bad, "被拒绝；请检查 options.token", "is refused; look at token")
        }
        Judged::NotSent { cause: Cause::Status(404 | 405), .. } => row(
            "credential",
            Verdict::Look,
            "询问的地址不存在，或由中间设备应答；请检查 options.url",
            "the address of questions is not there, or a box in between answers; look at url",
        ),
        Judged::NotSent { cause: Cause::Throttled | Cause::Closed, .. } => row(
            "credential",
            Verdict::Look,
            "对方此刻不办理；请在约定时间再试",
            "it does nothing now; try again at the agreed hours",
        ),
        Judged::NotSent { cause, .. } => failed("credential", cause),
        Judged::Doubt { cause } => row(
            "credential",
            Verdict::Look,
            "对询问的应答证明不了什么；请核对约定",
            format!("its answer to a question proves nothing ({}); look at the contract", cause.word()),
        ),
    };
    let is_taken = told.verdict != Verdict::Bad;
    rows.push(told);
    is_taken
}

/// A query about the subject agreed for trials, under a number that no gateway issues.
async fn query(one: &OnePartner, plug: &Arc<dyn CallOut>) -> Row {
    if !one.partner.acts.contains(&ActKind::Query) {
        return row("query", Verdict::Skipped, "不受理查询", "it takes no queries");
    }
    let Some(slip) = trial_slip(one) else {
        return row("query", Verdict::Skipped, "无法制作请求单", "no slip could be made");
    };
    match plug.send(&slip).await {
        Judged::Answered(outcome) | Judged::AnsweredWith(outcome, _) => {
            let (accounts, findings) = (outcome.accounts.len(), outcome.findings.len());
            let verdict = if outcome.verdict.state().took_effect() { Verdict::Good } else { Verdict::Look };
            let word = outcome.verdict.word();
            row(
                "query",
                verdict,
                format!("{word}；账户 {accounts} 个，线索 {findings} 条"),
                format!("{word}; {accounts} account(s), {findings} finding(s)"),
            )
        }
        Judged::Accepted => row("query", Verdict::Good, "已接收，稍后答复", "taken; the answer comes later"),
        Judged::NotFound => row("query", Verdict::Look, "按询问作了应答", "answered as a question is"),
        Judged::NotSent { cause, .. } | Judged::Doubt { cause } => failed("query", cause),
    }
}

fn trial_slip(one: &OnePartner) -> Option<Slip> {
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
