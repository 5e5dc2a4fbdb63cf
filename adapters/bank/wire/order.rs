//! The messages to a bank that we call (`schemas/partners/bank-http-xml.md`), written into one string without a tree.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::case::{Officer, PartyKind};
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::PaperFile;
use domain::{ActKind, Day};

use super::reply::md5_hex;
use crate::markup::push_text;
use crate::transport::charset::Charset;

/// The bank refuses a larger message (section 1), so we do not send one.
const ORDER_BYTES_MAX: usize = 1024 * 1024;

/// Who writes to whom, and in what charset.
pub struct Ends<'a> {
    /// MessageFrom: our code.
    pub from: &'a str,
    /// MessageTo: the bank's code.
    pub to: &'a str,
    /// Charset that the declaration names.
    pub charset: Charset,
}

/// The odd code of an order; its answer has the next number.
fn order_code(kind: ActKind) -> Option<u32> {
    Some(match kind {
        ActKind::Query => 100_309,
        ActKind::Freeze => 100_201,
        ActKind::Renew => 100_205,
        ActKind::Release => 100_203,
        ActKind::Deduct => 100_211,
        ActKind::Reverse => 100_213,
        _ => return None,
    })
}

/// The code of the answer to an order; 0, which no answer bears, for what banks are never asked.
pub(crate) fn answer_code(kind: ActKind) -> u32 {
    order_code(kind).map_or(0, |code| code + 1)
}

/// The code of a question about an earlier number.
pub(crate) const ASK_CODE: u32 = 100_999;

/// Our number for the one line of a slip; `None` when it has none or several.
pub(crate) fn serial_of(slip: &Slip) -> Option<SlipLine> {
    match slip.lines.as_slice() {
        [line] => Some(SlipLine { slip: slip.number, line: line.line }),
        _ => None,
    }
}

/// Writes the order for the one line of `slip`; `None` when a mandatory value is missing, cannot stand in XML, or the
/// whole is larger than the bank takes.
#[must_use]
pub fn order(ends: &Ends<'_>, slip: &Slip, files: &[PaperFile]) -> Option<String> {
    let key = serial_of(slip)?;
    let line = slip.lines.first()?;
    let files_bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
    if files_bytes > ORDER_BYTES_MAX {
        return None;
    }
    let mut message = Message::begin(ends, order_code(line.kind)?, &key, 2_048 + files_bytes * 4 / 3);
    match line.kind {
        ActKind::Query => query(&mut message, slip)?,
        kind => control(&mut message, slip, line, kind, files)?,
    }
    message.finish().filter(|xml| xml.len() <= ORDER_BYTES_MAX)
}

/// Writes a question about `key` under a number of its own, which is returned beside it.
pub(crate) fn ask(ends: &Ends<'_>, key: SlipLine, nth: u64) -> (String, String) {
    let serial = format!("{key}-q{}", nth % 1_000_000_000);
    let mut message = Message::begin(ends, ASK_CODE, &serial, 512);
    message.shown("OriginalTransSerialNumber", &key);
    // Digits, letters and dashes only, so there is nothing that XML could not carry.
    (serial, message.finish().unwrap_or_default())
}

struct Message {
    xml: String,
    /// No character came that XML cannot carry.
    whole: bool,
}

impl Message {
    fn begin(ends: &Ends<'_>, code: u32, serial: &dyn std::fmt::Display, capacity: usize) -> Self {
        let mut message = Self { xml: String::with_capacity(capacity), whole: true };
        message.raw("<?xml version=\"1.0\" encoding=\"");
        message.raw(ends.charset.word());
        message.raw("\"?><Request><Head>");
        message.shown("TxCode", &code);
        message.text("MessageFrom", ends.from);
        message.text("MessageTo", ends.to);
        message.shown("TransSerialNumber", serial);
        message.raw("<Mode>01</Mode></Head><Body>");
        message
    }

    fn raw(&mut self, xml: &str) {
        self.xml.push_str(xml);
    }

    fn tag(&mut self, before: &str, name: &str) {
        self.xml.push_str(before);
        self.xml.push_str(name);
        self.xml.push('>');
    }

    fn text(&mut self, name: &str, text: &str) {
        self.tag("<", name);
        self.whole &= push_text(&mut self.xml, text);
        self.tag("</", name);
    }

    /// A mandatory text.
    fn must(&mut self, name: &str, text: &str) -> Option<()> {
        if text.trim().is_empty() {
            return None;
        }
        self.text(name, text);
        Some(())
    }

    /// An optional text: empty and absent mean the same, and absent is shorter.
    fn may(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// A value whose text needs no escaping.
    fn shown(&mut self, name: &str, value: &dyn std::fmt::Display) {
        self.tag("<", name);
        self.whole &= write!(self.xml, "{value}").is_ok();
        self.tag("</", name);
    }

    fn day(&mut self, name: &str, day: Day, clock: &str) {
        let (year, month, date) = day.ymd();
        self.shown(name, &format_args!("{year:04}{month:02}{date:02}{clock}"));
    }

    fn finish(mut self) -> Option<String> {
        self.raw("</Body></Request>");
        self.whole.then_some(self.xml)
    }
}

fn query(message: &mut Message, slip: &Slip) -> Option<()> {
    let (case, party) = (&slip.context.case, slip.party()?);
    message.shown("ApplicationID", &slip.number);
    message.must("CaseNumber", case.number.expose())?;
    message.must("AccountName", party.name.expose())?;
    message.must("IDType", &party.id_type)?;
    message.must("IDNumber", party.id_number.expose())?;
    message.may("ApplicationOrgID", &case.court.code);
    message.must("ApplicationOrgName", &case.court.name)
}

fn control(message: &mut Message, slip: &Slip, line: &Line, kind: ActKind, files: &[PaperFile]) -> Option<()> {
    let (case, party, account) = (&slip.context.case, slip.party()?, line.account.as_ref()?);
    if kind == ActKind::Freeze {
        message.shown("ApplicationID", &slip.number);
        // Another organ's freeze that it takes over, in rank.
        if let Some(taken_over) = &line.original {
            message.text("OriginalTransSerialNumber", &taken_over.slip);
            message.may("OriginalCaseNumber", taken_over.case_number.expose());
        }
    } else {
        original(message, &line.original.as_ref()?.slip)?;
    }
    if let Some(serial) = line.taken_as() {
        message.may("OriginalCoreSerial", serial.expose());
    }
    message.must("CaseNumber", case.number.expose())?;
    if kind == ActKind::Freeze {
        message.text("AccountType", if party.kind == PartyKind::Person { "01" } else { "02" });
    }
    message.must("AccountName", party.name.expose())?;
    message.must("AccountNumber", account.expose())?;
    message.must("IDType", &party.id_type)?;
    message.must("IDNumber", party.id_number.expose())?;
    match kind {
        ActKind::Freeze => freeze(message, line)?,
        ActKind::Renew => message.day("ExpireTime", line.to?, "235959"),
        ActKind::Deduct => deduct(message, slip, line)?,
        ActKind::Reverse => reverse(message, slip, line)?,
        // Without an amount all of it is let go.
        ActKind::Release => line.amount.iter().for_each(|part| message.shown("Balance", part)),
        _ => {}
    }
    message.may("ApplicationOrgID", &case.court.code);
    message.must("ApplicationOrgName", &case.court.name)?;
    officers(message, &slip.context.officers)?;
    attachments(message, files);
    Some(())
}

/// Names the freeze. What we keep is its full `slip-line`; a bare slip number is one of another connection, whose only
/// line is the first.
fn original(message: &mut Message, original: &str) -> Option<()> {
    if let Some(key) = SlipLine::parse(original) {
        message.shown("ApplicationID", &key.slip);
        message.shown("OriginalTransSerialNumber", &key);
        return Some(());
    }
    message.must("ApplicationID", original)?;
    match domain::SlipNumber::parse(original) {
        Some(slip) => message.shown("OriginalTransSerialNumber", &SlipLine { slip, line: 1 }),
        None => message.text("OriginalTransSerialNumber", original),
    }
    Some(())
}

fn freeze(message: &mut Message, line: &Line) -> Option<()> {
    // Without an amount the message would have to freeze the whole account, which nobody ordered.
    let amount = line.amount.filter(|amount| amount.is_positive())?;
    message.raw("<FreezeType>01</FreezeType>");
    message.shown("Balance", &amount);
    message.raw("<Currency>CNY</Currency>");
    if let Some(from) = line.from {
        message.day("FreezeStartTime", from, "000000");
    }
    message.day("ExpireTime", line.to?, "235959");
    Some(())
}

fn deduct(message: &mut Message, slip: &Slip, line: &Line) -> Option<()> {
    let (amount, to) = (line.amount.filter(|amount| amount.is_positive())?, slip.destination()?);
    message.shown("DeductBalance", &amount);
    message.raw("<Currency>CNY</Currency>");
    message.must("PayeeName", &to.holder)?;
    message.must("PayeeBank", &to.bank)?;
    message.must("PayeeBankID", &to.bank_code)?;
    message.must("PayeeAccount", to.number.expose())
}

/// Money goes back to the account it came from, out of the court's own.
fn reverse(message: &mut Message, slip: &Slip, line: &Line) -> Option<()> {
    let amount = line.amount.filter(|amount| amount.is_positive())?;
    message.shown("ReturnBalance", &amount);
    message.raw("<Currency>CNY</Currency>");
    if let Some(payer) = slip.payer(line) {
        message.may("PayerName", &payer.holder);
        message.may("PayerBank", &payer.bank);
        message.may("PayerBankID", &payer.bank_code);
        message.may("PayerAccount", payer.number.expose());
    }
    Some(())
}

fn officers(message: &mut Message, officers: &[Officer]) -> Option<()> {
    // The credential shown is the 工作证, else the 执行公务证.
    let id = |officer: &Officer| {
        let ids = [&officer.work_id, &officer.duty_id];
        ids.into_iter().map(|id| id.expose().clone()).find(|id| !id.is_empty()).unwrap_or_default()
    };
    let first = officers.first()?;
    message.must("OperatorName", first.name.expose())?;
    message.must("OperatorIDNumber", &id(first))?;
    if let Some(second) = officers.get(1) {
        message.may("InvestigatorName", second.name.expose());
        message.may("InvestigatorIDNumber", &id(second));
    }
    Some(())
}

fn attachments(message: &mut Message, files: &[PaperFile]) {
    if files.is_empty() {
        return;
    }
    message.raw("<Attachments>");
    for file in files {
        let bytes = file.bytes.expose();
        message.raw("<Attachment>");
        message.text("Filename", file.file_name.expose());
        message.raw("<Content>");
        STANDARD.encode_string(bytes, &mut message.xml);
        message.raw("</Content>");
        message.text("MD5", &md5_hex(bytes));
        message.raw("</Attachment>");
    }
    message.raw("</Attachments>");
}
