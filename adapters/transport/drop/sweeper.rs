//! Looking into a box: what lies whole is read, what still grows is left, what was taken is known again, what is broken is put aside.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::socket::{Cause, Inbound, SWEPT_MAX, Sweep, Swept};
use tokio::sync::Semaphore;

use super::held::{packet_of, sum};
use super::mailbox::{Folder, Lying, Mailbox, PutFault};
use super::packet::PACKET_BYTES_MAX;
use super::weight;

/// Packets unpacked at once over all boxes: each may hold what a packet unpacks to, and the cores are for orders first.
pub const UNPACKED_AT_ONCE_MAX: usize = 2;
/// One sweep holds so many bytes, of packets and of what they say, and leaves the rest for the next, which comes at once.
pub const SWEPT_BYTES_MAX: usize = 64 << 20;
/// Packets that one sweep fails to read before it looks no further: each may take a whole time-out, and who cannot be read here
/// is the last to be read by the next.
pub const UNREAD_MAX: usize = 4;

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
    /// The request that a packet answers, and its place among the answers to it. What a later one said is not undone by an earlier
    /// one that comes behind it.
    fn place_of(&self, _name: &str) -> Option<(String, u16)> {
        None
    }
    /// Reads a packet.
    ///
    /// # Errors
    /// A word of [`REASONS`].
    fn read(&self, name: &str, bytes: &[u8]) -> Result<Inbound, &'static str>;
}

/// Every reason for which a packet is put aside, in Chinese and English.
pub(crate) const REASONS: [(&str, &str, &str); 24] = [
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
    ("stale", "同一请求序号更大的反馈已接收", "a later answer to the same request was taken before"),
    ("packet_name", "数据包名称不符合约定", "the packet's name is none that is agreed"),
    ("bank_code", "机构编码与目录不符", "a code in the names is not this box's"),
    ("members", "数据包内文件种类不符合约定", "the packet holds a member that its kind may not have"),
    ("totals", "数据包内数量或序号不符", "counts or sequence numbers do not add up"),
    ("schema", "报文内容无法识别", "a member is no message of the agreed form"),
    ("contradiction", "报文内容自相矛盾", "what a member says contradicts itself"),
    ("not_taken", "结果未被采信，且该格式无法回告", "a result in it was not taken, and the form has no word to say so"),
    (
        "another_subject",
        "所称姓名（名称）或证件号码与所查控之人不符",
        "it names somebody else than the subject of the order",
    ),
    ("another_account", "所称账户与所令账户不符", "it names another account than the one that was ordered"),
    (LINK, "该文件为链接，未打开", "it is a link, which nobody has opened"),
    ("too_many_items", "一个数据包内结果过多", "the packet holds more results than any may"),
];

/// The reason of what is no file, and where it stands aside, behind the packet's name.
const LINK: &str = "link";

/// What is known of a file that lies there.
struct Seen {
    bytes: u64,
    written_s: u64,
    since: Instant,
    digest: String,
    /// Why nobody can tell what it says, if nobody can.
    fault: Option<&'static str>,
    /// Nobody could get at it, or put it away, the last time.
    comes_last: bool,
    /// It says what became of an order, not only what was seen beside.
    answers: bool,
}

/// What was read of a file.
struct Read {
    digest: String,
    said: Result<Inbound, &'static str>,
    /// What it makes us hold.
    bytes: usize,
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

    /// Looks once; changes nothing in the box. What cannot be got at is passed over, so that it holds up nothing else.
    pub(crate) async fn sweep(&self, reader: &Arc<dyn PacketReader>) -> Result<Sweep, Cause> {
        let (lying, is_cut) = self.lying(reader).await?;
        let mut sweep = Sweep::default();
        let (mut bytes_held, mut unread) = (0_usize, 0_usize);
        for file in lying {
            let packet = packet_of(&file.name).unwrap_or(&file.name).to_owned();
            if self.waits(&file) {
                continue;
            }
            if sweep.found.len() == SWEPT_MAX || bytes_held > SWEPT_BYTES_MAX {
                sweep.more = true;
                break;
            }
            // What the one says must be known when the other is read: two of one name, an answer before its reception.
            let passed_by = reader.passed_by(&packet);
            let passes_by = |other: &str| {
                passed_by.is_some() && reader.noted_as(other) == passed_by || is_later(reader.as_ref(), other, &packet)
            };
            let before =
                |swept: &Swept| packet_of(&swept.name).is_some_and(|other| other == packet || passes_by(other));
            if sweep.found.iter().any(before) {
                sweep.more = true;
                continue;
            }
            match self.read(&file, &packet, reader).await {
                Ok(None) => {}
                Ok(Some(Read { digest, said, bytes })) => {
                    bytes_held += bytes;
                    if self.settled(&file, &digest, &said) {
                        sweep.found.push(Swept { name: file.name, packet, digest, said });
                    }
                }
                Err(cause) => {
                    self.passed_over(&file);
                    sweep.passed.get_or_insert((packet, cause));
                    unread += 1;
                    if unread == UNREAD_MAX {
                        break;
                    }
                }
            }
        }
        if is_cut {
            // Taking some away is what shows the rest.
            sweep.more |= !sweep.found.is_empty();
            sweep.passed.get_or_insert((Folder::Upload.name().to_owned(), Cause::TooLarge));
        }
        Ok(sweep)
    }

    /// The packets that lie there, in the order in which they are read, and whether there may be more.
    async fn lying(&self, reader: &Arc<dyn PacketReader>) -> Result<(Vec<Lying>, bool), Cause> {
        let of_us = Arc::clone(reader);
        let wanted = move |name: &str| packet_of(name).is_some_and(|packet| of_us.is_packet(packet));
        let listed = self.mailbox.list(Folder::Upload, Arc::new(wanted)).await?;
        let mut lying = listed.files;
        self.forget(&lying);
        let last = self.last();
        lying.sort_by_cached_key(|file| {
            (last.contains(&file.name), reader.rank(packet_of(&file.name).unwrap_or_default()))
        });
        Ok((lying, listed.is_cut))
    }

    async fn read(&self, file: &Lying, packet: &str, reader: &Arc<dyn PacketReader>) -> Result<Option<Read>, Cause> {
        if file.is_link {
            return Ok(Some(Read { digest: String::new(), said: Err(LINK), bytes: 0 }));
        }
        match self.mailbox.read(Folder::Upload, &file.name, PACKET_BYTES_MAX).await {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => self.open(packet, bytes, reader).await.map(Some),
            // Too large to be held is too large to be summed.
            Err(Cause::TooLarge) => Ok(Some(Read { digest: String::new(), said: Err("too_large"), bytes: 0 })),
            Err(cause) => Err(cause),
        }
    }

    /// Forgets what is gone.
    fn forget(&self, lying: &[Lying]) {
        let names: BTreeSet<&str> = lying.iter().map(|file| file.name.as_str()).collect();
        self.seen().retain(|name, _| names.contains(name.as_str()));
    }

    /// What failed the last time.
    fn last(&self) -> BTreeSet<String> {
        let seen = self.seen();
        seen.iter().filter(|(_, seen)| seen.comes_last).map(|(name, _)| name.clone()).collect()
    }

    /// Notes that nobody could get at it.
    fn passed_over(&self, file: &Lying) {
        let (bytes, written_s, since) = (file.bytes, file.written_s, Instant::now());
        let digest = String::new();
        let seen = Seen { bytes, written_s, since, digest, fault: None, comes_last: true, answers: false };
        self.seen().insert(file.name.clone(), seen);
    }

    /// Was it unreadable, and has it neither changed nor lain long enough since?
    fn waits(&self, file: &Lying) -> bool {
        let seen = self.seen();
        let same = |seen: &&Seen| (seen.bytes, seen.written_s) == (file.bytes, file.written_s);
        let known = seen.get(&file.name).filter(same);
        known.is_some_and(|seen| seen.fault.is_some() && seen.since.elapsed() < self.settle)
    }

    /// Notes what was read; false when it is unreadable and may still be growing.
    fn settled(&self, file: &Lying, digest: &str, said: &Result<Inbound, &'static str>) -> bool {
        let fault = said.as_ref().err().copied();
        let answers = said.as_ref().is_ok_and(|inbound| !inbound.feedback.is_empty());
        let mut seen = self.seen();
        let known = seen.get(&file.name).filter(|seen| {
            // A file that says another time and size, or holds other bytes, has been written to since.
            (seen.bytes, seen.written_s) == (file.bytes, file.written_s) && seen.digest == digest
        });
        let since = known.map_or_else(Instant::now, |seen| seen.since);
        let (bytes, written_s, digest) = (file.bytes, file.written_s, digest.to_owned());
        let comes_last = false;
        seen.insert(file.name.clone(), Seen { bytes, written_s, since, digest, fault, comes_last, answers });
        fault.is_none() || since.elapsed() >= self.settle
    }

    /// The digest of a packet and what it says.
    async fn open(&self, packet: &str, bytes: Vec<u8>, reader: &Arc<dyn PacketReader>) -> Result<Read, Cause> {
        let passed_by = reader.passed_by(packet);
        let (all, reader, own) = (reader, Arc::clone(reader), packet.to_owned());
        let place = UNPACKING.acquire().await.map_err(|_| Cause::Interrupted)?;
        let opened = tokio::task::spawn_blocking(move || {
            let _place = place;
            // Whatever breaks the reader is no message, and must not break the sweep of all that lie beside it.
            let said = catch_unwind(AssertUnwindSafe(|| reader.read(&own, &bytes))).unwrap_or(Err("schema"));
            let held = bytes.len() + said.as_ref().map_or(0, weight::of);
            Read { digest: sum(&bytes), said, bytes: held }
        });
        let read = opened.await.map_err(|_| Cause::Panicked)?;
        let nothing_new = |read: Read| Read { said: Ok(Inbound::default()), ..read };
        match self.mailbox.read(Folder::Taken, &mark(packet), 256).await? {
            None => match passed_by {
                Some(note) if read.said.is_ok() && self.mailbox.has(Folder::Taken, &note).await? => {
                    Ok(nothing_new(read))
                }
                _ if self.is_superseded(packet, all).await? => Ok(Read { said: stale(read.said), ..read }),
                _ => Ok(read),
            },
            // Found again after a crash, or left again by its sender: what it says is known.
            Some(taken) if taken == read.digest.as_bytes() => Ok(nothing_new(read)),
            Some(_) => Ok(Read { said: Err("duplicate_batch"), ..read }),
        }
    }

    /// Was a later answer to the same request taken? The folder is looked through only where an answer to it was.
    async fn is_superseded(&self, packet: &str, reader: &Arc<dyn PacketReader>) -> Result<bool, Cause> {
        let Some(note) = reader.noted_as(packet).filter(|_| reader.place_of(packet).is_some()) else {
            return Ok(false);
        };
        if !self.mailbox.has(Folder::Taken, &note).await? {
            return Ok(false);
        }
        let (reader, own) = (Arc::clone(reader), packet.to_owned());
        let later =
            move |name: &str| name.strip_suffix(ANSWERED).is_some_and(|other| is_later(reader.as_ref(), other, &own));
        let listed = self.mailbox.list_up_to(Folder::Taken, Arc::new(later), 1).await?;
        Ok(!listed.files.is_empty())
    }

    /// The note that this very answer was taken, where answers have places and it is one.
    pub(crate) fn own_note(&self, name: &str, reader: &dyn PacketReader) -> Option<String> {
        let answers = self.seen().get(name).is_some_and(|seen| seen.answers);
        let packet = packet_of(name).unwrap_or(name);
        (answers && reader.place_of(packet).is_some()).then(|| format!("{packet}{ANSWERED}"))
    }

    /// Leaves the receipts, notes the packet as taken, and takes it away: in this order, so that nothing is lost between.
    ///
    /// # Errors
    /// [`Cause`]; the packet is then found again, after all others.
    pub(crate) async fn taken(&self, name: &str, receipts: Vec<(String, Vec<u8>)>) -> Result<(), Cause> {
        let digest = self.digest(name);
        let taken = async {
            for (receipt, bytes) in receipts {
                self.say(Folder::Download, &receipt, bytes).await?;
            }
            let mark = mark(packet_of(name).unwrap_or(name));
            self.mailbox.put(Folder::Taken, &mark, digest.clone().into_bytes()).await.map_err(cause_of)?;
            self.mailbox.put_away(name, &digest, None).await
        };
        taken.await.inspect_err(|_| self.put_off(name))
    }

    /// Leaves a packet's note beside the marks; its name says all.
    ///
    /// # Errors
    /// [`Cause`]; the packet is then found again, after all others, and so is its note to be left.
    pub(crate) async fn note(&self, name: &str, note: &str) -> Result<(), Cause> {
        self.say(Folder::Taken, note, b"answered\n".to_vec()).await.inspect_err(|_| self.put_off(name))
    }

    /// Puts a packet aside with the reason beside it; nothing of its content is in the reason.
    ///
    /// # Errors
    /// [`Cause`]; the packet is then found again, after all others.
    pub(crate) async fn set_aside(&self, name: &str, reason: &str) -> Result<(), Cause> {
        let (_, chinese, english) = REASONS.iter().find(|(word, ..)| *word == reason).copied().unwrap_or_default();
        // Two packets of one name may both be broken: the sum tells them apart.
        let digest = self.digest(name);
        let unread = if reason == LINK { LINK } else { "large" };
        let aside = format!("{}.{}", packet_of(name).unwrap_or(name), digest.get(..8).unwrap_or(unread));
        let text = format!("{reason}\n{chinese}\n{english}\nsha256 {digest}\n");
        let put_aside = async {
            self.say(Folder::SetAside, &format!("{aside}.reason.txt"), text.into_bytes()).await?;
            self.mailbox.put_away(name, &digest, Some((Folder::SetAside, &aside))).await
        };
        put_aside.await.inspect_err(|_| self.put_off(name))
    }

    /// What cannot be put away must not keep what lies behind it from being read.
    fn put_off(&self, name: &str) {
        if let Some(seen) = self.seen().get_mut(name) {
            seen.comes_last = true;
        }
    }

    /// Tells something about a packet. What was told about it before, in other words, and not fetched yet is as good: it says
    /// that the packet was not taken, and a second word could only follow when the first is gone.
    async fn say(&self, folder: Folder, name: &str, bytes: Vec<u8>) -> Result<(), Cause> {
        match self.mailbox.put(folder, name, bytes).await {
            Ok(()) | Err(PutFault::Other) => Ok(()),
            Err(fault) => Err(cause_of(fault)),
        }
    }

    fn digest(&self, name: &str) -> String {
        self.seen().get(name).map(|seen| seen.digest.clone()).unwrap_or_default()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Behind the name of an answer that was taken.
const ANSWERED: &str = ".answered";

/// Does a packet answer the same request as another, and later?
fn is_later(reader: &dyn PacketReader, packet: &str, than: &str) -> bool {
    match (reader.place_of(packet), reader.place_of(than)) {
        (Some((request, place)), Some((of, before))) => request == of && place > before,
        _ => false,
    }
}

/// What was seen beside stays true whenever it comes; what became of the order does not.
fn stale(said: Result<Inbound, &'static str>) -> Result<Inbound, &'static str> {
    match said? {
        Inbound { leads, .. } if !leads.is_empty() => Ok(Inbound { leads, feedback: Vec::new() }),
        Inbound { feedback, .. } if feedback.is_empty() => Ok(Inbound::default()),
        _ => Err("stale"),
    }
}

fn cause_of(fault: PutFault) -> Cause {
    match fault {
        PutFault::NotThere(cause) | PutFault::Unknown(cause) => cause,
        PutFault::Other => Cause::Schema,
    }
}

/// The file that remembers a packet.
fn mark(name: &str) -> String {
    format!("{name}.sha256")
}
