//! A partner that we call by the open task form: one task or one question, once, and what came of it.

use domain::ActKind;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, FaceFault, FaceReply, Inbound, ItemVerdict, Judged, PaperFile, SocketFuture};
use reqwest::Method;

use super::Trade;
use super::answer::{judge_asked, judge_sent};
use super::inbound::{answer_inbound, read_inbound};
use super::task::{key_of, task};
use crate::transport::http::HttpCall;

/// Statuses whose body decides what they prove.
const READ: &[u16] = &[200, 202, 404, 422, 503];

/// One partner's connection.
pub(crate) struct OpenCall {
    http: HttpCall,
    trade: &'static Trade,
}

impl OpenCall {
    pub(crate) fn new(http: HttpCall, trade: &'static Trade) -> Self {
        Self { http, trade }
    }

    async fn exchange(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        let (Some((key, line)), Ok(json)) = (key_of(slip), task(self.trade, slip, files)) else {
            return Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None };
        };
        match self.http.exchange(Method::POST, &["v1", "tasks"], json, READ).await {
            Ok(reply) => judge_sent(self.trade, line.kind, &key.to_string(), &reply),
            Err(judged) => judged,
        }
    }
}

impl CallOut for OpenCall {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(self.exchange(slip, &[]))
    }

    fn wants_papers(&self, kind: ActKind) -> bool {
        (self.trade.papers)(kind)
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(self.exchange(slip, files))
    }

    fn ask<'a>(&'a self, key: SlipLine, kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async move {
            let key = key.to_string();
            match self.http.exchange(Method::GET, &["v1", "tasks", &key], Vec::new(), READ).await {
                Ok(reply) => judge_asked(self.trade, kind, &key, &reply),
                Err(judged) => judged,
            }
        })
    }

    fn read_inbound(&self, body: &[u8]) -> Result<Inbound, FaceFault> {
        read_inbound(self.trade, body)
    }

    fn answer_inbound(&self, verdicts: &[ItemVerdict]) -> FaceReply {
        answer_inbound(verdicts)
    }
}
