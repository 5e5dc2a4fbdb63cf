//! One bank's mailbox as a partner that we call: an order is a packet that stands there, an answer is one that we find.

use std::sync::Arc;

use domain::ActKind;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, Conclusion, Judged, PaperFile, SocketFuture, Sweep};

use super::feeding::{FeedReader, receipt};
use super::ordering::{name_of, order};
use crate::dialect::Dialect;
use crate::transport::drop::judged;
use crate::transport::drop::mailbox::Folder;
use crate::transport::drop::options::Agreed;
use crate::transport::drop::sweeper::{PacketReader, Sweeper};

/// One bank's mailbox.
pub(super) struct DropCall {
    sweeper: Sweeper,
    sweep_every_ms: u64,
    code: String,
    dialect: Arc<Dialect>,
    reader: Arc<dyn PacketReader>,
}

impl DropCall {
    pub(super) fn new(agreed: Agreed, code: String, dialect: Arc<Dialect>) -> Self {
        let reader = Arc::new(FeedReader { code: code.clone(), dialect: Arc::clone(&dialect) });
        Self { sweeper: agreed.sweeper, sweep_every_ms: agreed.sweep_every_ms, code, dialect, reader }
    }

    async fn leave(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        match order(&self.dialect, &self.code, slip, files) {
            Some(order) => judged(self.sweeper.mailbox.put(Folder::Download, &order.name, order.bytes).await),
            None => Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None },
        }
    }
}

impl CallOut for DropCall {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(self.leave(slip, &[]))
    }

    fn wants_papers(&self, _kind: ActKind) -> bool {
        true
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(self.leave(slip, files))
    }

    fn ask<'a>(&'a self, key: SlipLine, kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async move {
            let Some(name) = name_of(&self.code, key, kind.is_question()) else {
                return Judged::Doubt { cause: Cause::Unencodable };
            };
            match self.sweeper.mailbox.has(Folder::Download, &name).await {
                Ok(true) => Judged::Accepted,
                // Fetched, or never there: a folder does not remember.
                Ok(false) => Judged::Doubt { cause: Cause::Closed },
                Err(cause) => Judged::Doubt { cause },
            }
        })
    }

    fn sweep_every_ms(&self) -> Option<u64> {
        Some(self.sweep_every_ms)
    }

    fn sweep<'a>(&'a self) -> SocketFuture<'a, Result<Sweep, Cause>> {
        Box::pin(self.sweeper.sweep(&self.reader))
    }

    fn conclude<'a>(&'a self, name: &'a str, end: Conclusion<'a>) -> SocketFuture<'a, Result<(), Cause>> {
        Box::pin(async move {
            match end {
                Conclusion::Taken(verdicts) => {
                    self.sweeper.taken(name, receipt(&self.dialect, name, verdicts).into_iter().collect()).await
                }
                Conclusion::SetAside(reason) => self.sweeper.set_aside(name, reason).await,
            }
        })
    }
}
