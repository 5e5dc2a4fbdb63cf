//! The open form's call with the page's rule of secrecy: whatever it brings passes through the published words.

use std::sync::Arc;

use domain::ActKind;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, FaceFault, FaceReply, Inbound, ItemVerdict, Judged, PaperFile, SocketFuture};

use super::words::{keep_published, keep_published_of};

/// One police command centre's connection.
pub(crate) struct PoliceCall {
    open: Arc<dyn CallOut>,
}

impl PoliceCall {
    pub(crate) fn new(open: Arc<dyn CallOut>) -> Self {
        Self { open }
    }
}

fn published(judged: Judged) -> Judged {
    match judged {
        Judged::Answered(mut outcome) => {
            keep_published(&mut outcome);
            Judged::Answered(outcome)
        }
        other => other,
    }
}

impl CallOut for PoliceCall {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(async move { published(self.open.send(slip).await) })
    }

    fn ask<'a>(&'a self, key: SlipLine, kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async move { published(self.open.ask(key, kind).await) })
    }

    fn wants_papers(&self, kind: ActKind) -> bool {
        self.open.wants_papers(kind)
    }

    fn read_inbound(&self, body: &[u8]) -> Result<Inbound, FaceFault> {
        let mut inbound = self.open.read_inbound(body)?;
        inbound.feedback.iter_mut().filter_map(|item| item.outcome.as_mut().ok()).for_each(keep_published);
        inbound.leads.iter_mut().for_each(keep_published_of);
        Ok(inbound)
    }

    fn answer_inbound(&self, verdicts: &[ItemVerdict]) -> FaceReply {
        self.open.answer_inbound(verdicts)
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(async move { published(self.open.send_with_papers(slip, files).await) })
    }
}
