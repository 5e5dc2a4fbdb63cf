//! Looking into a box: what lies whole is read, what still grows is left, what was taken is known again, what is broken is put aside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::socket::{Cause, Inbound, SWEPT_MAX, Sweep, Swept};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::mailbox::{Folder, Lying, Mailbox, PutFault};
use super::packet::PACKET_BYTES_MAX;

/// Packets unpacked at once over all boxes: each may hold what a packet unpacks to, and the cores are for orders first.
pub const UNPACKED_AT_ONCE_MAX: usize = 2;
/// One sweep reads so many bytes and leaves the rest for the next, which comes at once.
pub const SWEPT_BYTES_MAX: usize = 64 << 20;

static UNPACKING: Semaphore = Semaphore::const_new(UNPACKED_AT_ONCE_MAX);

/// What packets of a dialect say.
pub(crate) trait PacketReader: Send + Sync + 'static {
    /// Is a file of this name a packet for us at all? Others are left lying.
    fn is_packet(&self, name: &str) -> bool;
    /// Which packets are read first when several lie there, lower before higher.
    fn rank(&self, _name: &str) -> u8 {
        0
    }
    /// The note that makes this packet say nothing any more: once an answer was taken, an acknowledgement is stale.
    fn passed_by(&self, _name: &str) -> Option<String> {
        None
    }
    /// The note that is left beside the marks of what was taken when this packet is: the same for every answer to one request.
    fn noted_as(&self, _name: &str) -> Option<String> {
        None
    }
    /// Reads a packet.
    ///
    /// # Errors
    /// A word of [`REASONS`].
    fn read(&self, name: &str, bytes: &[u8]) -> Result<Inbound, &'static str>;
}

/// Every reason for which a packet is put aside, in Chinese and English.
pub(crate) const REASONS: [(&str, &str, &str); 20] = [
    ("truncated", "数据包不完整", "the packet has no end"),
    ("damaged", "数据包已损坏", "the packet's parts or checksums do not fit together"),
    ("too_large", "数据包超过大小限制", "the packet is larger than any may be"),
    ("too_many", "数据包内文件过多", "the packet has more members than any may have"),
    ("bomb", "数据包解压后超过限制", "the packet unpacks to more than may be held, or its members overlap"),
    ("name", "数据包内文件名不合法或为链接", "a member's name holds signs that names do not, or it is a link"),
    ("duplicate_member", "数据包内文件重名", "two members have one name"),
    ("encrypted", "数据包被加密，但未约定加密", "the packet is sealed where no seal is agreed"),
    ("unencrypted", "数据包未按约定加密", "the packet is open where a seal is agreed"),
    ("password", "数据包密码不符", "the agreed password does not open the packet"),
    ("method", "数据包压缩方式不支持", "the packet is packed by a method that is not agreed"),
    ("duplicate_batch", "同一批次号已接收过不同内容", "another packet of this name was taken before"),
    ("packet_name", "数据包名称不符合约定", "the packet's name is none that is agreed"),
    ("bank_code", "机构编码与目录不符", "a code in the names is not this box's"),
    ("members", "数据包内文件种类不符合约定", "the packet holds a member that its kind may not have"),
    ("totals", "数据包内数量或序号不符", "counts or sequence numbers do not add up"),
    ("schema", "报文内容无法识别", "a member is no message of the agreed form"),
    ("contradiction", "报文内容自相矛盾", "what a member says contradicts itself"),
    ("not_taken", "结果未被采信，且该格式无法回告", "a result in it was not taken, and the form has no word to say so"),
    ("too_many_items", "一个数据包内结果过多", "the packet holds more results than any may"),
];

/// What is known of a file that lies there.
struct Seen {
    bytes: u64,
    written_s: u64,
    since: Instant,
    digest: String,
    /// Why it cannot be read, if it cannot.
    fault: Option<&'static str>,
}

/// One partner's box with what was seen in it.
pub(crate) struct Sweeper {
    pub(crate) mailbox: Mailbox,
    settle: Duration,
    seen: Mutex<BTreeMap<String, Seen>>,
}

impl Sweeper {
    pub(crate) fn new(mailbox: Mailbox, settle: Duration) -> Self {
        Self { mailbox, settle, seen: Mutex::new(BTreeMap::new()) }
    }

    /// Looks once; changes nothing in the box.
    pub(crate) async fn sweep(&self, reader: &Arc<dyn PacketReader>) -> Result<Sweep, Cause> {
        let mut lying = self.mailbox.list(Folder::Upload).await?;
        lying.retain(|file| reader.is_packet(&file.name));
        lying.sort_by_key(|file| reader.rank(&file.name));
        self.forget(&lying);
        let mut sweep = Sweep::default();
        let mut bytes_read = 0_usize;
        for file in lying {
            if self.waits(&file) {
                continue;
            }
            if sweep.found.len() == SWEPT_MAX || bytes_read > SWEPT_BYTES_MAX {
                sweep.more = true;
                break;
            }
            let (digest, said) = match self.mailbox.read(Folder::Upload, &file.name, PACKET_BYTES_MAX).await {
                Ok(None) => continue,
                Ok(Some(bytes)) => {
                    bytes_read += bytes.len();
                    self.open(&file.name, bytes, reader).await?
                }
                // Too large to be held is too large to be summed.
                Err(Cause::TooLarge) => (String::new(), Err("too_large")),
                Err(cause) => return Err(cause),
            };
            let fault = said.as_ref().err().copied();
            if self.settled(&file, &digest, fault) {
                sweep.found.push(Swept { name: file.name, digest, said });
            }
        }
        Ok(sweep)
    }

    /// Forgets what is gone.
    fn forget(&self, lying: &[Lying]) {
        let names: std::collections::BTreeSet<&str> = lying.iter().map(|file| file.name.as_str()).collect();
        self.seen().retain(|name, _| names.contains(name.as_str()));
    }

    /// Was it unreadable, and has it neither changed nor lain long enough since?
    fn waits(&self, file: &Lying) -> bool {
        let seen = self.seen();
        let same = |seen: &&Seen| (seen.bytes, seen.written_s) == (file.bytes, file.written_s);
        let known = seen.get(&file.name).filter(same);
        known.is_some_and(|seen| seen.fault.is_some() && seen.since.elapsed() < self.settle)
    }

    /// Notes what was read; false when it is unreadable and may still be growing.
    fn settled(&self, file: &Lying, digest: &str, fault: Option<&'static str>) -> bool {
        let mut seen = self.seen();
        let known = seen.get(&file.name).filter(|seen| {
            // A file that says another time and size, or holds other bytes, has been written to since.
            (seen.bytes, seen.written_s) == (file.bytes, file.written_s) && seen.digest == digest
        });
        let since = known.map_or_else(Instant::now, |seen| seen.since);
        let (bytes, written_s, digest) = (file.bytes, file.written_s, digest.to_owned());
        seen.insert(file.name.clone(), Seen { bytes, written_s, since, digest, fault });
        fault.is_none() || since.elapsed() >= self.settle
    }

    /// The digest of a packet and what it says.
    async fn open(
        &self,
        name: &str,
        bytes: Vec<u8>,
        reader: &Arc<dyn PacketReader>,
    ) -> Result<(String, Result<Inbound, &'static str>), Cause> {
        let passed_by = reader.passed_by(name);
        let (reader, own) = (Arc::clone(reader), name.to_owned());
        let place = UNPACKING.acquire().await.map_err(|_| Cause::Interrupted)?;
        let opened = tokio::task::spawn_blocking(move || {
            let _place = place;
            (hex(&Sha256::digest(&bytes)), reader.read(&own, &bytes))
        });
        let (digest, said) = opened.await.map_err(|_| Cause::Panicked)?;
        match self.mailbox.read(Folder::Taken, &mark(name), 256).await? {
            None => match passed_by {
                Some(note) if said.is_ok() && self.mailbox.has(Folder::Taken, &note).await? => {
                    Ok((digest, Ok(Inbound::default())))
                }
                _ => Ok((digest, said)),
            },
            // Found again after a crash, or left again by its sender: what it says is known.
            Some(taken) if taken == digest.as_bytes() => Ok((digest, Ok(Inbound::default()))),
            Some(_) => Ok((digest, Err("duplicate_batch"))),
        }
    }

    /// Leaves the receipts, notes the packet as taken, and takes it away: in this order, so that nothing is lost between.
    ///
    /// # Errors
    /// [`Cause`]; the packet is then found again.
    pub(crate) async fn taken(&self, name: &str, receipts: Vec<(String, Vec<u8>)>) -> Result<(), Cause> {
        for (receipt, bytes) in receipts {
            self.leave(Folder::Download, &receipt, bytes).await?;
        }
        let digest = self.digest(name);
        self.leave(Folder::Taken, &mark(name), digest.into_bytes()).await?;
        self.mailbox.remove(Folder::Upload, name).await
    }

    /// Leaves a note beside the marks; its name says all.
    ///
    /// # Errors
    /// [`Cause`]; the packet is then found again, and so is its note to be left.
    pub(crate) async fn note(&self, name: &str) -> Result<(), Cause> {
        self.leave(Folder::Taken, name, b"answered\n".to_vec()).await
    }

    /// Puts a packet aside with the reason beside it; nothing of its content is in the reason.
    ///
    /// # Errors
    /// [`Cause`]; the packet is then found again.
    pub(crate) async fn set_aside(&self, name: &str, reason: &str) -> Result<(), Cause> {
        let (_, chinese, english) = REASONS.iter().find(|(word, ..)| *word == reason).copied().unwrap_or_default();
        // Two packets of one name may both be broken: the sum tells them apart.
        let digest = self.digest(name);
        let aside = format!("{name}.{}", digest.get(..8).unwrap_or("large"));
        let text = format!("{reason}\n{chinese}\n{english}\nsha256 {digest}\n");
        self.leave(Folder::SetAside, &format!("{aside}.reason.txt"), text.into_bytes()).await?;
        self.mailbox.shift((Folder::Upload, name), (Folder::SetAside, &aside)).await
    }

    async fn leave(&self, folder: Folder, name: &str, bytes: Vec<u8>) -> Result<(), Cause> {
        self.mailbox.put(folder, name, bytes).await.map_err(|fault| match fault {
            PutFault::NotThere(cause) | PutFault::Unknown(cause) => cause,
            PutFault::Other => Cause::Schema,
        })
    }

    fn digest(&self, name: &str) -> String {
        self.seen().get(name).map(|seen| seen.digest.clone()).unwrap_or_default()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that remembers a packet.
fn mark(name: &str) -> String {
    format!("{name}.sha256")
}

fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}
