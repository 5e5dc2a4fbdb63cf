//! One command centre's mailbox as a partner that we call.

use std::sync::Arc;

use domain::ActKind;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, Conclusion, Judged, PaperFile, SocketFuture, Sweep};

use super::answering::BackReader;
use super::names::{self, Ends};
use super::ordering::request;
use crate::transport::drop::judged;
use crate::transport::drop::mailbox::Folder;
use crate::transport::drop::options::Agreed;
use crate::transport::drop::sweeper::{PacketReader, Sweeper};

/// One command centre's mailbox.
pub(super) struct PacketCall {
    sweeper: Sweeper,
    sweep_every_ms: u64,
    ends: Ends,
    reader: Arc<dyn PacketReader>,
}

impl PacketCall {
    pub(super) fn new(agreed: Agreed, ends: Ends) -> Self {
        let reader = Arc::new(BackReader { ends: ends.clone() });
        Self { sweeper: agreed.sweeper, sweep_every_ms: agreed.sweep_every_ms, ends, reader }
    }

    async fn leave(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        match request(&self.ends, slip, files) {
            Some(request) => judged(self.sweeper.mailbox.put(Folder::Download, &request.name, request.bytes).await),
            None => Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None },
        }
    }
}

impl CallOut for PacketCall {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(self.leave(slip, &[]))
    }

    fn wants_papers(&self, _kind: ActKind) -> bool {
        true
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(self.leave(slip, files))
    }

    fn ask<'a>(&'a self, key: SlipLine, _kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(async move {
            let Some(name) = names::request(&self.ends, key) else {
                return Judged::Doubt { cause: Cause::Unencodable };
            };
            match self.sweeper.mailbox.has(Folder::Download, &format!("{name}.zip")).await {
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

    /// The form has no word for what was not taken, so nothing is told; the trail has it.
    fn conclude<'a>(&'a self, name: &'a str, end: Conclusion<'a>) -> SocketFuture<'a, Result<(), Cause>> {
        Box::pin(async move {
            match end {
                Conclusion::Taken(_) => self.sweeper.taken(name, Vec::new()).await,
                Conclusion::SetAside(reason) => self.sweeper.set_aside(name, reason).await,
            }
        })
    }
}
