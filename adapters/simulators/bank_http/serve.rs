//! Connections of the called bank: credential, rate, faults, and the exchange between them.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use encoding_rs::{Encoding, GBK, UTF_8};

use super::wire::{self, Code, Request};
use super::{Shared, admin, exchange};
use crate::connections;
use crate::http1::{BODY_BYTES_MAX, Incoming, Outgoing};
use crate::knobs::{Drawn, FAULTS, Fault};

const OVERSIZE_BYTES: usize = 16 * 1024 * 1024;

/// Serves both ports.
pub(crate) async fn serve(shared: Arc<Shared>, bank: TcpListener, admin: TcpListener) {
    let served = Arc::clone(&shared);
    let orders = connections::serve(bank, BODY_BYTES_MAX, move |incoming| {
        let shared = Arc::clone(&served);
        async move { bank_exchange(&shared, &incoming).await }
    });
    let knobs = connections::serve(admin, BODY_BYTES_MAX, move |incoming| {
        std::future::ready((admin::answer(&shared, &incoming), Drawn::default()))
    });
    tokio::join!(orders, knobs);
}

async fn bank_exchange(shared: &Shared, incoming: &Incoming) -> (Outgoing, Drawn) {
    let plain = |status| (Outgoing::new(status, "text/plain", Vec::new()), Drawn::default());
    if incoming.path != shared.path {
        return plain(404);
    }
    if incoming.method != "POST" {
        return plain(405);
    }
    if !credential_fits(shared, incoming) {
        return plain(401);
    }
    let too_many = shared.rate.lock().call(Instant::now());
    let charset = wire::charset_of(&incoming.body).unwrap_or(UTF_8);
    let request = match wire::read(&incoming.body) {
        Ok(request) => request,
        Err(text) => {
            let answer = wire::answer(&nobody(), Code::Format, Some(&text), "");
            return (xml(&answer, charset), Drawn::default());
        }
    };
    if too_many {
        return (xml(&wire::answer(&request, Code::TooMany, None, ""), charset), Drawn::default());
    }
    let drawn = shared.knobs.draw(&request.tx_code, shown_here);
    if drawn.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(drawn.delay_ms)).await;
    }
    let mut outgoing = match before_effect(&request, &drawn, charset) {
        Some(outgoing) => outgoing,
        None if drawn.fault() == Some(Fault::SaysDone) => xml(&exchange::claimed(shared, &request), charset),
        None => {
            let answer = exchange::answer(shared, &request).await;
            after_effect(shared, &request, &answer, &drawn, charset)
        }
    };
    outgoing.headers.extend(drawn.clock());
    (outgoing, drawn)
}

fn shown_here(fault: Fault) -> bool {
    FAULTS.iter().any(|row| row.fault == fault && row.http)
}

fn credential_fits(shared: &Shared, incoming: &Incoming) -> bool {
    let shown = incoming.header("x-bank-token").or_else(|| incoming.header("authorization")?.strip_prefix("Bearer "));
    shown == Some(shared.token.as_str())
}

fn nobody() -> Request {
    let empty = String::new;
    Request {
        tx_code: empty(),
        from: empty(),
        to: empty(),
        number: empty(),
        mode: empty(),
        body: crate::xml::Node::default(),
    }
}

fn xml(answer: &str, charset: &'static Encoding) -> Outgoing {
    let content_type = format!("application/xml; charset={}", wire::charset_name(charset));
    Outgoing::new(200, &content_type, wire::document(answer, charset, charset))
}

/// Faults that keep the order from taking effect.
fn before_effect(request: &Request, drawn: &Drawn, charset: &'static Encoding) -> Option<Outgoing> {
    let too_many = |retry_after: String| {
        let mut outgoing = Outgoing::new(429, "text/plain", Vec::new());
        outgoing.headers.push(("Retry-After".to_owned(), retry_after));
        Some(outgoing)
    };
    match drawn.fault()? {
        Fault::SilenceBeforeAccept => Some(Outgoing::new(200, "text/plain", Vec::new())),
        Fault::ErrorBeforeEffect => Some(Outgoing::new(status(drawn), "text/html", html())),
        Fault::TooManySeconds => too_many(drawn.ms(1000).div_ceil(1000).to_string()),
        Fault::TooManyDate => too_many("Fri, 31 Dec 2027 23:59:59 GMT".to_owned()),
        Fault::TooManyAbsurd => too_many("99999999999".to_owned()),
        Fault::TooManyPast => too_many("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
        Fault::TooManyPlain => Some(Outgoing::new(429, "text/plain", Vec::new())),
        Fault::Redirect => Some(Outgoing::elsewhere(drawn.knob.as_ref().and_then(|knob| knob.status))),
        Fault::Closed => Some(xml(&wire::answer(request, Code::Closed, None, ""), charset)),
        _ => None,
    }
}

fn status(drawn: &Drawn) -> u16 {
    drawn.knob.as_ref().and_then(|k| k.status).unwrap_or(503)
}

fn html() -> Vec<u8> {
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        .as_bytes()
        .to_vec()
}

/// The same text with something else between two marks that stand in it.
fn between(text: &str, before: &str, behind: &str, now: &str) -> String {
    let found = text.split_once(before).and_then(|(head, rest)| Some((head, rest.split_once(behind)?.1)));
    found.map_or_else(|| text.to_owned(), |(head, tail)| format!("{head}{before}{now}{behind}{tail}"))
}

/// Faults of the answer after the order took effect.
fn after_effect(
    shared: &Shared,
    request: &Request,
    answer: &str,
    drawn: &Drawn,
    charset: &'static Encoding,
) -> Outgoing {
    let mut outgoing = xml(answer, charset);
    match drawn.fault() {
        Some(Fault::ErrorAfterEffect) => return Outgoing::new(status(drawn), "text/html", html()),
        Some(Fault::HtmlBody) => return Outgoing::new(200, "text/html", html()),
        Some(Fault::EmptyBody) => outgoing.body.clear(),
        Some(Fault::AcceptedNever) => return xml(&wire::answer(request, Code::Accepted, None, ""), charset),
        Some(Fault::SaysFailed) => return xml(&exchange::denied(shared, request), charset),
        Some(Fault::WrongSchema) => {
            return xml("<Envelope><Notice><Text>系统维护公告</Text></Notice></Envelope>", charset);
        }
        Some(Fault::TruncatedXml) => outgoing.body.truncate(outgoing.body.len() / 2),
        Some(Fault::OtherCase) => {
            let other = answer.replace(&request.number, "X1890010100000000-9");
            outgoing = xml(&other, charset);
        }
        Some(Fault::OtherSubject) => {
            let named = between(answer, "<AccountName>", "</AccountName>", "示例他人");
            outgoing = xml(&between(&named, "<RemainBalance>", "</RemainBalance>", "0.01"), charset);
        }
        Some(Fault::WrongCharset) => {
            let other = if charset == UTF_8 { GBK } else { UTF_8 };
            outgoing.body = wire::document(answer, other, charset);
        }
        Some(Fault::OversizeBody) => {
            let bytes = drawn.knob.as_ref().and_then(|k| k.bytes).unwrap_or(OVERSIZE_BYTES);
            let filled = answer.replacen("<Body>", &format!("<Body>{}", " ".repeat(bytes)), 1);
            outgoing = xml(&filled, charset);
        }
        _ => {}
    }
    outgoing
}
