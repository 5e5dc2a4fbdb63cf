//! A partner's mailbox as a partner that we call: an order is a packet that stands there, an answer is one that we find.

use std::sync::Arc;

use domain::ActKind;
use domain::slip::{Slip, SlipLine};
use domain::socket::{CallOut, Cause, Conclusion, ItemVerdict, Judged, PaperFile, SocketFuture, Sweep, Tried};

use super::held::packet_of;
use super::mailbox::Folder;
use super::options::Agreed;
use super::sweeper::{PacketReader, Sweeper};
use super::{judged, trial};

/// A packet and the name under which it is left.
pub(crate) struct Packet {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What one partner's packets are called and what stands in them.
pub(crate) trait PacketForm: Send + Sync + 'static {
    /// Writes the packet of the one line of `slip`; `None` when the form cannot say it or the whole is too large. Our number stands in
    /// its name, so the same order is the same file.
    fn order(&self, slip: &Slip, files: &[PaperFile]) -> Option<Packet>;
    /// The packet that tells the partner what of its packet was not taken; `None` when all of it was.
    fn receipt(&self, name: &str, verdicts: &[ItemVerdict]) -> Option<Packet>;
    /// Has the form a word for what was not taken?
    fn tells_back(&self) -> bool {
        true
    }
}

/// One partner's mailbox.
pub(crate) struct DropCall<F> {
    sweeper: Sweeper,
    sweep_every_ms: u64,
    form: F,
    reader: Arc<dyn PacketReader>,
}

impl<F: PacketForm> DropCall<F> {
    pub(crate) fn new(agreed: Agreed, form: F, reader: Arc<dyn PacketReader>) -> Self {
        Self { sweeper: agreed.sweeper, sweep_every_ms: agreed.sweep_every_ms, form, reader }
    }

    async fn leave(&self, slip: &Slip, files: &[PaperFile]) -> Judged {
        match self.form.order(slip, files) {
            Some(packet) => judged(self.sweeper.mailbox.put(Folder::Download, &packet.name, packet.bytes).await),
            None => Judged::NotSent { cause: Cause::Unencodable, retry_after_ms: None },
        }
    }
}

impl<F: PacketForm> CallOut for DropCall<F> {
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged> {
        Box::pin(self.leave(slip, &[]))
    }

    fn wants_papers(&self, _kind: ActKind) -> bool {
        true
    }

    fn send_with_papers<'a>(&'a self, slip: &'a Slip, files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        Box::pin(self.leave(slip, files))
    }

    fn can_ask(&self, _kind: ActKind) -> bool {
        false
    }

    /// A folder does not remember: a packet that is gone was fetched or never there, and what stands under our name may be another's.
    /// Leaving the order again settles it, because then the bytes are compared.
    fn ask<'a>(&'a self, _key: SlipLine, _kind: ActKind) -> SocketFuture<'a, Judged> {
        Box::pin(std::future::ready(Judged::Doubt { cause: Cause::Closed }))
    }

    fn sweep_every_ms(&self) -> Option<u64> {
        Some(self.sweep_every_ms)
    }

    fn sweep<'a>(&'a self) -> SocketFuture<'a, Result<Sweep, Cause>> {
        Box::pin(self.sweeper.sweep(&self.reader))
    }

    fn tells_back(&self) -> bool {
        self.form.tells_back()
    }

    fn try_out<'a>(&'a self) -> SocketFuture<'a, Vec<Tried>> {
        Box::pin(trial::try_out(&self.sweeper.mailbox))
    }

    fn conclude<'a>(&'a self, name: &'a str, end: Conclusion<'a>) -> SocketFuture<'a, Result<(), Cause>> {
        Box::pin(async move {
            match end {
                Conclusion::Taken(verdicts) => {
                    let packet = packet_of(name).unwrap_or(name);
                    if let Some(note) = self.reader.noted_as(packet) {
                        self.sweeper.note(name, &note).await?;
                    }
                    if let Some(note) = self.sweeper.own_note(name, self.reader.as_ref()) {
                        self.sweeper.note(name, &note).await?;
                    }
                    let receipt = self.form.receipt(packet, verdicts).map(|packet| (packet.name, packet.bytes));
                    self.sweeper.taken(name, receipt.into_iter().collect()).await
                }
                Conclusion::SetAside(reason) => self.sweeper.set_aside(name, reason).await,
            }
        })
    }
}
