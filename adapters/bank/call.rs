//! A bank that we call: writes an order or a question, posts it once, judges what comes back.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, Judged, PaperFile, SocketFuture};
use domain::{ActKind, Personal};

use super::wire::answer::{judge_ask, judge_send};
use super::wire::order::{Ends, ask, order, serial_of};
use crate::transport::charset::Charset;
use crate::transport::http::HttpCall;

/// One bank's connection.
pub struct BankCall {
    http: HttpCall,
    from: String,
    to: String,
    charset: Charset,
    /// Questions need numbers of their own; they are never de-duplicated, so counting may begin anew at each start.
    asked: AtomicU64,
}

impl BankCall {
    pub(crate) fn new(http: HttpCall, from: String, to: String, charset: Charset) -> Self {
        Self { http, from, to, charset, asked: AtomicU64::new(1) }
    }

    fn ends(&self) -> Ends<'_> {
        Ends { from: &self.from, to: &self.to, charset: self.charset }
    }

    fn bytes(&self, xml: String) -> Vec<u8> {
        match self.charset {
            Charset::Utf8 => xml.into_bytes(),
            charset => charset.encode(&xml).into_owned(),
        }
    }

    async fn exchange(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        let unencodable = Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None };
        let (Some(key), Some(line)) = (serial_of(slip), slip.lines.first()) else { return unencodable };
        let Some(xml) = order(&self.ends(), slip, files) else { return unencodable };
        let account = line.account.as_ref().map(Personal::expose).map(String::as_str);
        match self.http.post(self.bytes(xml)).await {
            Ok(body) => judge_send(&body, &key.to_string(), line.kind, account),
            Err(judged) => judged,
        }
    }
}

impl CallOut for BankCall {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(self.exchange(slip, &[]))
    }

    fn wants_papers(&self, kind: ActKind) -> bool {
        kind.is_control()
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(self.exchange(slip, files))
    }

    fn ask<'a>(&'a self, key: SlipLine, kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async move {
            let (serial, xml) = ask(&self.ends(), key, self.asked.fetch_add(1, Ordering::Relaxed));
            match self.http.post(self.bytes(xml)).await {
                Ok(body) => judge_ask(&body, &serial, &key.to_string(), kind),
                Err(judged) => judged,
            }
        })
    }
}
