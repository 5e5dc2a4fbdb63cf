//! The socket: the one opening through which an industry's adapter meets the engine and the web floor.
//!
//! An adapter makes one attempt and judges it. It never retries, sleeps, stores or logs bodies; the lane does all waiting.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use crate::cause::Cause;
use crate::form::Form;
use crate::outcome::{Lead, Outcome};
use crate::partner::Travel;
use crate::slip::{Slip, SlipLine};
use crate::untaken::Untaken;
use crate::{ActKind, Personal, Secret};

/// A future that a socket returns; dropping it stops the call.
pub type SocketFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What one attempt came to.
#[derive(Clone, PartialEq, Eq)]
pub enum Judged {
    /// The partner said what became of it.
    Answered(Box<Outcome>),
    /// The same, and what the answer told beside; at most [`INBOUND_ITEMS_MAX`] leads.
    AnsweredWith(Box<Outcome>, Vec<Lead>),
    /// The partner has it and will say later.
    Accepted,
    /// Provably not with the partner: it may be sent again after the wait.
    NotSent {
        /// What was seen.
        cause: Cause,
        /// What the partner asked us to wait, in milliseconds; bounded by the lane.
        retry_after_ms: Option<u64>,
    },
    /// It may have happened.
    Doubt {
        /// What was seen.
        cause: Cause,
    },
    /// To a question by our number: the partner does not know it.
    NotFound,
}

/// One step of a trial that an adapter makes itself.
pub struct Tried {
    /// A word for it.
    pub step: &'static str,
    /// How it went.
    pub went: Went,
    /// What was seen and where to look, in Chinese and English; nothing personal and no secret.
    pub told: (String, String),
}

/// How a step of a trial went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Went {
    /// As it should.
    Well,
    /// It works, and somebody should look at it.
    Look,
    /// It does not work.
    Badly,
}

impl Judged {
    /// The judgement, and apart from it what was told beside.
    #[must_use]
    pub fn parted(self) -> (Self, Vec<Lead>) {
        match self {
            Self::AnsweredWith(outcome, leads) => (Self::Answered(outcome), leads),
            judged => (judged, Vec::new()),
        }
    }
}

/// A partner that we call. One exchange carries one line of one slip.
pub trait CallOut: Send + Sync {
    /// Sends one line, once, and judges what was seen. `slip.lines` holds exactly that line.
    fn send<'a>(&'a self, slip: &'a Slip) -> SocketFuture<'a, Judged>;
    /// Asks what became of our number; harmless.
    fn ask<'a>(&'a self, key: SlipLine, kind: ActKind) -> SocketFuture<'a, Judged>;
    /// Can it say an act of this kind? A partner whose file describes its messages may say fewer than its adapter.
    fn can_send(&self, _kind: ActKind) -> bool {
        true
    }
    /// Can it ask what became of an act of this kind?
    fn can_ask(&self, _kind: ActKind) -> bool {
        true
    }
    /// Does a message for this kind of act carry the bytes of the papers? Then [`CallOut::send_with_papers`] is the one to call.
    fn wants_papers(&self, _kind: ActKind) -> bool {
        false
    }
    /// Reads what the partner posted to `/v1/inbound/{partner}`; who posted it is known already.
    ///
    /// # Errors
    /// [`FaceFault`] when it is nothing this partner may post; nothing of it is echoed.
    fn read_inbound(&self, _body: &[u8]) -> Result<Inbound, FaceFault> {
        Err(FaceFault::UnknownOperation)
    }
    /// Writes the answer to what it posted: one verdict per item, feedback before leads, in their order.
    fn answer_inbound(&self, _verdicts: &[ItemVerdict]) -> FaceReply {
        FaceReply { status: 404, content_type: "application/json", bytes: Vec::new() }
    }
    /// How long to wait between two sweeps, in milliseconds; `None` = nothing of this partner's is ever swept.
    fn sweep_every_ms(&self) -> Option<u64> {
        None
    }
    /// Looks once for what the partner has left for us; changes nothing there.
    ///
    /// # Errors
    /// [`Cause`] when nobody could look; the next sweep tries again.
    fn sweep<'a>(&'a self) -> SocketFuture<'a, Result<Sweep, Cause>> {
        Box::pin(async { Ok(Sweep::default()) })
    }
    /// Puts a thing that was found out of the way, and tells the partner which of its items were not taken. Called only after
    /// what became of it is durable; harmless to repeat.
    ///
    /// # Errors
    /// [`Cause`] when it is still there; it is then found again, and its items are known by then.
    fn conclude<'a>(&'a self, _name: &'a str, _end: Conclusion<'a>) -> SocketFuture<'a, Result<(), Cause>> {
        Box::pin(async { Ok(()) })
    }
    /// Can it tell the partner which items of a thing that was found were not taken? Where it cannot, such a thing is set aside
    /// (`not_taken`), so that people can.
    fn tells_back(&self) -> bool {
        true
    }
    /// Tries what a connection over HTTP has no word for, such as a folder and the rights in it; orders nothing and leaves nothing
    /// behind. Empty where there is nothing of the kind.
    fn try_out<'a>(&'a self) -> SocketFuture<'a, Vec<Tried>> {
        Box::pin(async { Vec::new() })
    }
    /// As [`CallOut::send`], with the files of the slip's papers, in the order of `slip.context.papers`.
    fn send_with_papers<'a>(&'a self, slip: &'a Slip, _files: &'a [PaperFile]) -> SocketFuture<'a, Judged> {
        self.send(slip)
    }
}

/// What one look into a partner's mailbox brought.
#[derive(Default)]
pub struct Sweep {
    /// What was found, oldest first; at most [`SWEPT_MAX`].
    pub found: Vec<Swept>,
    /// More lies there: look again at once.
    pub more: bool,
    /// Something lies there that nobody could get at, by the name of the first such thing, and why; all else was found beside it.
    pub passed: Option<(String, Cause)>,
}

/// One thing found: concluded by its name once what it says is durable, found again when it is not.
pub struct Swept {
    /// What the adapter knows it by; never personal.
    pub name: String,
    /// What its sender calls it, which stays when the adapter knows it by another name the next time; never personal.
    pub packet: String,
    /// SHA-256 of its bytes, 64 hex digits.
    pub digest: String,
    /// What it says, or why nobody can tell: one word of the adapter's own list, such as `truncated`.
    pub said: Result<Inbound, &'static str>,
}

/// What became of a thing that was found.
pub enum Conclusion<'a> {
    /// Read: one verdict per item, feedback before leads, in their order.
    Taken(&'a [ItemVerdict]),
    /// Unreadable, for the reason it was found with.
    SetAside(&'static str),
}

/// The most things one sweep brings: what they say is held in memory until it is durable.
pub const SWEPT_MAX: usize = 16;

/// The most items of one thing found: a bank's batch has some hundreds, and each becomes an event.
pub const SWEPT_ITEMS_MAX: usize = 5_000;

/// Queries or controls: partners fetch them by separate operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListClass {
    /// 查询 requests.
    Queries,
    /// 控制 requests.
    Controls,
}

/// What a pulling partner wants, decoded.
pub enum FaceVerb {
    /// The list of what waits for it.
    List(ListClass),
    /// The papers of a slip, or of a paper number that stands on slips of that class.
    Papers {
        /// Our slip number or the paper number, as sent.
        key: String,
        /// Which class the operation is for.
        class: ListClass,
    },
    /// The officers' credential scans of a slip.
    Credentials {
        /// Our slip number, as sent.
        slip: String,
    },
    /// Outcomes.
    Feedback {
        /// Which class the operation is for.
        class: ListClass,
        /// One per slip (queries) or line (controls).
        items: Vec<FeedbackItem>,
        /// For forms that name the asset where others name the line: the place of an item, and the asset it is about.
        assets: Vec<(usize, Personal<String>)>,
        /// What the answers tell beside what was asked; at most [`INBOUND_ITEMS_MAX`].
        leads: Vec<Lead>,
    },
    /// Slips handed back.
    HandBack(Vec<FeedbackItem>),
}

/// What a partner posts by itself: outcomes of what it had accepted, and leads.
#[derive(Default)]
pub struct Inbound {
    /// Outcomes; each for a line of a slip.
    pub feedback: Vec<FeedbackItem>,
    /// Leads.
    pub leads: Vec<Lead>,
}

/// The most items in one posted message: its answer must come within the partner's own time-out.
pub const INBOUND_ITEMS_MAX: usize = 200;

/// One outcome fed back.
pub struct FeedbackItem {
    /// Slip number as sent; may be none of ours.
    pub slip: String,
    /// Line as sent; `None` = all lines of the slip.
    pub line: Option<u16>,
    /// What it says; `Err` when the item itself cannot be read, with what is wrong with it.
    pub outcome: Result<Outcome, Untaken>,
}

/// A call on a face with its envelope taken off: who calls is known before the rest is read, because each partner may have
/// a dialect of its own.
pub struct FaceCall {
    /// The operation's name as called, for the answer's envelope.
    pub operation: String,
    /// What the caller shows; where it can be read in two ways, both in their order.
    pub credentials: Vec<ShownCredential>,
    /// The second argument as it travelled.
    pub argument: Option<Personal<String>>,
}

/// Who a caller says it is.
pub struct ShownCredential {
    /// Who says so.
    pub username: Personal<String>,
    /// And shows this.
    pub password: Secret<String>,
}

/// A file for a partner.
pub struct PaperFile {
    /// Paper number.
    pub number: Personal<String>,
    /// Paper kind, see [`crate::case::PAPER_KINDS`].
    pub kind: String,
    /// File name.
    pub file_name: Personal<String>,
    /// The bytes.
    pub bytes: Personal<Vec<u8>>,
}

/// What became of one fed-back item.
pub struct ItemVerdict {
    /// Slip number as sent.
    pub slip: String,
    /// `Err` holds what is wrong with it.
    pub taken: Result<(), Untaken>,
}

/// The engine's answer to a face.
pub enum FaceAnswer {
    /// What waits.
    List(Vec<Slip>),
    /// Papers of the slip or paper number asked for.
    Papers {
        /// As asked.
        key: String,
        /// The files.
        files: Vec<PaperFile>,
    },
    /// Credential scans.
    Credentials {
        /// As asked.
        slip: String,
        /// The officers, with the scans found for them, in their order.
        officers: Vec<(crate::case::Officer, Vec<PaperFile>)>,
    },
    /// One verdict per item.
    Verdicts(Vec<ItemVerdict>),
    /// The call as a whole is denied; the text is for the partner.
    Denied(String),
}

/// Why bytes are no call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaceFault {
    /// Not of the agreed shape; names the place, never the content.
    Malformed(Untaken),
    /// No such operation.
    UnknownOperation,
    /// Above a limit on size, depth or count.
    TooLarge(Untaken),
}

/// Bytes to answer with.
pub struct FaceReply {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A path that partners of one industry call; known apart only by the credential in the body.
pub trait Face: Send + Sync {
    /// The path, such as `/services/SyyhConvertDataService`.
    fn path(&self) -> &'static str;
    /// The industry whose partners may use it.
    fn kind(&self) -> crate::request::PartnerKind;
    /// The service description, with `address` as the service's own URL.
    fn description(&self, address: &str) -> String;
    /// Takes the envelope off a call.
    ///
    /// # Errors
    /// [`FaceFault`] when the bytes are none; nothing of them is echoed.
    fn decode(&self, body: &[u8]) -> Result<FaceCall, FaceFault>;
    /// Writes the answer to a caller whom nobody knows.
    fn deny(&self, operation: &str, text: &str) -> FaceReply;
    /// Writes the answer to bytes that are no call.
    fn fault(&self, fault: &FaceFault) -> FaceReply;
}

/// A partner that calls a face, once it is known which: its calls read and answered in its own dialect.
pub trait Pulled: Send + Sync {
    /// Reads what is wanted.
    ///
    /// # Errors
    /// [`FaceFault`] when the call is none of this dialect; nothing of it is echoed.
    fn decode(&self, call: &FaceCall) -> Result<FaceVerb, FaceFault>;
    /// Writes the answer to a call.
    fn encode(&self, operation: &str, answer: &FaceAnswer) -> FaceReply;
    /// Can a slip be said whole in this dialect? One that cannot is left out of every list, so whoever lists it must know.
    fn can_write(&self, _slip: &Slip) -> bool {
        true
    }
}

/// One key of a dialect file, as text.
#[derive(Clone, Default, Debug)]
pub struct DialectEntry {
    /// The value, or the values of a list, in their order.
    pub texts: Vec<String>,
    /// Line in the dialect file, from 1.
    pub line: u32,
}

/// `config/dialects/<name>.toml`: what differs between channels, as the file says it; the adapter makes sense of it.
#[derive(Clone, Default, Debug)]
pub struct DialectText {
    /// The file's name without `.toml`.
    pub name: String,
    /// By key with its tables, such as `operations.bank.hand_back`.
    pub entries: BTreeMap<String, DialectEntry>,
}

/// One entry of the partner file's `[options]`, as text; secrets are already resolved.
#[derive(Clone)]
pub struct OptionText {
    /// The value as text.
    pub text: Secret<String>,
    /// Line in the partner file, from 1.
    pub line: u32,
}

/// The `[options]` of a partner file.
#[derive(Clone, Default)]
pub struct PartnerOptions {
    /// By key.
    pub entries: BTreeMap<String, OptionText>,
    /// How long to wait for a connection, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long to wait for the whole exchange, in milliseconds.
    pub timeout_ms: u64,
    /// The dialect that the option `dialect` names.
    pub dialect: Option<Arc<DialectText>>,
}

/// A fault in the options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OptionFault {
    /// The key, also when it is missing.
    pub key: String,
    /// Line in the partner file; 0 when the key is missing.
    pub line: u32,
    /// What is wrong and what to write instead; never the value.
    pub message: String,
}

/// What a partner's adapter becomes once its options are read.
pub enum Plug {
    /// We call it.
    CallOut(Arc<dyn CallOut>),
    /// It calls one of the faces.
    Pull(Arc<dyn Pulled>),
    /// Clerks of its own read and answer in a browser; no program of the partner's speaks to us.
    Inbox,
}

/// One adapter in the visible list.
pub struct Adapter {
    /// The word in partner files.
    pub name: &'static str,
    /// How it travels.
    pub travel: Travel,
    /// Its option keys with one line each, for docs and checks. A dot stands between a table and what is in it, `*` for any
    /// one key, at the end also for all that follows: `send.*.path` is the key `path` of every `[options.send.…]`.
    pub options: &'static [(&'static str, &'static str)],
    /// The acts it can say; a partner file that names another has a fault.
    pub acts: &'static [ActKind],
    /// What the partner checks before it takes a slip, from its options.
    pub form: fn(&PartnerOptions) -> Form,
    /// Builds the plug of one partner; all faults at once.
    pub build: fn(&PartnerOptions) -> Result<Plug, Vec<OptionFault>>,
}

impl Adapter {
    /// The row of its options that this key belongs to.
    #[must_use]
    pub fn option(&self, key: &str) -> Option<&'static (&'static str, &'static str)> {
        self.options.iter().find(|(pattern, _)| option_fits(pattern, key))
    }

    /// May a table stand at this place of its options?
    #[must_use]
    pub fn has_option_table(&self, key: &str) -> bool {
        self.options.iter().any(|(pattern, _)| {
            pattern.match_indices('.').any(|(end, _)| pattern.get(..end).is_some_and(|table| table_fits(table, key)))
        })
    }
}

/// Does a key fit a pattern of an option table (see [`Adapter::options`])?
#[must_use]
pub fn option_fits(pattern: &str, key: &str) -> bool {
    // Each option of each of thousands of files is held against each row of its adapter: nearly all differ in their first letter.
    let first = pattern.as_bytes().first();
    if first != Some(&b'*') && first != key.as_bytes().first() {
        return false;
    }
    match (pattern.split_once('.'), key.split_once('.')) {
        (Some((any, rest)), Some((name, more))) => (any == "*" || any == name) && option_fits(rest, more),
        (None, _) if pattern == "*" => !key.is_empty(),
        (None, None) => pattern == key,
        _ => false,
    }
}

/// As [`option_fits`], with as many steps on both sides.
fn table_fits(pattern: &str, key: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('.'), key.split('.'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(any), Some(name)) if any == "*" || any == name => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_table_knows_its_keys_and_where_tables_may_stand() {
        for (pattern, key, fits) in [
            ("url", "url", true),
            ("url", "url.x", false),
            ("send.*.path", "send.freeze.path", true),
            ("send.*.path", "send.path", false),
            ("send.*.path", "send.freeze.method", false),
            ("send.*.body.*", "send.freeze.body./data/a.b", true),
            ("send.*.body.*", "send.freeze.body", false),
            ("answer.*", "answer.accounts.at", true),
            ("*", "", false),
        ] {
            assert_eq!(option_fits(pattern, key), fits, "{pattern} {key}");
        }
        for (pattern, key, fits) in
            [("send", "send", true), ("send.*", "send.freeze", true), ("send.*", "send", false), ("url", "send", false)]
        {
            assert_eq!(table_fits(pattern, key), fits, "{pattern} {key}");
        }
    }
}
