//! The minimal partners: answer every query of the bank HTTP XML protocol at once with one account, and keep no books.

use std::sync::Mutex;

use actix_web::web::{Bytes, Data, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use serde_json::json;

use super::role::say;

/// Cases from this number on are noted with the instant of their arrival.
pub const NOTED_FROM: u64 = 9_000_000;
/// Notes kept at most; the paced measurement sends a few thousand.
const NOTES_MAX: usize = 1_000_000;

#[derive(Default)]
struct Arrivals {
    noted: Mutex<Vec<(u64, u64)>>,
}

/// Nanoseconds since 1970: the one clock that all processes of the machine share.
pub fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// The bytes between two marks, found without reading the rest as XML.
fn between<'b>(body: &'b [u8], open: &[u8], close: &[u8]) -> Option<&'b [u8]> {
    let at = body.windows(open.len()).position(|part| part == open)? + open.len();
    let rest = body.get(at..)?;
    rest.get(..rest.windows(close.len()).position(|part| part == close)?)
}

/// The running number inside a case number of the bench, `…执0001234号`.
fn case_of(body: &[u8]) -> Option<u64> {
    let number = between(body, b"<CaseNumber>", b"</CaseNumber>")?;
    let text = std::str::from_utf8(number).ok()?;
    text.split_once('执')?.1.trim_end_matches('号').parse().ok()
}

async fn answer(body: Bytes, arrivals: Data<Arrivals>) -> HttpResponse {
    let arrived = now_ns();
    if let Some(case) = case_of(&body).filter(|case| *case >= NOTED_FROM)
        && let Ok(mut noted) = arrivals.noted.lock()
        && noted.len() < NOTES_MAX
    {
        noted.push((case, arrived));
    }
    let part = |open: &[u8], close: &[u8]| {
        between(&body, open, close).map(String::from_utf8_lossy).unwrap_or_default().into_owned()
    };
    let serial = part(b"<TransSerialNumber>", b"</TransSerialNumber>");
    let bank = part(b"<MessageTo>", b"</MessageTo>");
    // What the relay forwards is no order; it gets the same bytes with nothing filled in.
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Head><TxCode>100310</TxCode><MessageFrom>{bank}</MessageFrom><MessageTo>COURT330225</MessageTo><TransSerialNumber>{serial}</TransSerialNumber><Mode>01</Mode><Code>100000</Code><Description>成功</Description></Head><Body><AccountName>王小渔</AccountName><Accounts><Account><AccountNumber>6222000000000000017</AccountNumber><AccountType>01</AccountType><AccountClass>活期</AccountClass><AccountStatus>0</AccountStatus><Currency>CNY</Currency><AccountBalance>18234.56</AccountBalance><AccountAvaiableBalance>18234.56</AccountAvaiableBalance><OpenBranch>象山支行</OpenBranch></Account></Accounts></Body></Response>"
    );
    HttpResponse::Ok().content_type("application/xml; charset=UTF-8").body(xml)
}

/// What was noted since the last call, `[[case, ns], …]`.
async fn told(arrivals: Data<Arrivals>) -> HttpResponse {
    let noted = arrivals.noted.lock().map(|mut noted| std::mem::take(&mut *noted)).unwrap_or_default();
    HttpResponse::Ok().json(noted)
}

/// Runs the role.
pub fn run() -> anyhow::Result<()> {
    let arrivals = Data::new(Arrivals::default());
    actix_web::rt::System::new().block_on(async move {
        let app = move || {
            App::new()
                .app_data(arrivals.clone())
                .route("/arrivals", get().to(told))
                .route("/{partner}", post().to(answer))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).context("listening")?;
        let address = server.addrs().first().copied().context("no address")?;
        let server = server.run();
        say(&json!({ "url": format!("http://{address}") }))?;
        super::serve_until_told(server).await
    })
}
