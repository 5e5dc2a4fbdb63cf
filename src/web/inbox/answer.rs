//! From an answer's form to an outcome: every field held against what it allows, every fault told at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::outcome::{
    AssetKind, AssetRole, Finding, FindingClass, FoundAccount, Outcome, PriorMeasure, Reason, SealedReply, Verdict,
};
use domain::{Day, Money, Personal};

use super::{REPLIES_MAX, REPLY_BYTES_MAX};
use crate::fault::{Fault, Want};
use crate::intake::at::At;
use crate::intake::check::each;
use crate::intake::form::{Amount, AnswerForm, FindingForm, FoundForm, List, PriorForm, ReplyForm, Text};
use crate::intake::parts::{self, BODY_NAME, PAPER_NUMBER, is_file_name};
use crate::intake::text::{Allows, Faults, plain};
use crate::limits::FILE_NAME_BYTES_MAX;

/// The partner's own words: what fits on a sheet.
const WORDS: Allows = plain(1_000);
/// The partner's own serial.
const SERIAL: Allows = plain(64);
/// A number of an account, policy, title or vehicle.
const NUMBER: Allows = plain(64);
/// Words of the partner's such as 储蓄 or 正常.
const SHORT: Allows = plain(100);
/// `156`, `CNY`, 人民币.
const CURRENCY: Allows = plain(10);

/// A file as it was uploaded.
pub(crate) struct Upload {
    pub(crate) file_name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The outcome that a form stands for; uploads come beside those replies that the form itself holds.
///
/// # Errors
/// All faults, in the order of the fields.
pub(crate) fn outcome(form: AnswerForm<'_>, uploads: Vec<Upload>) -> Result<Outcome, Vec<Fault>> {
    let mut faults = Faults::none();
    let root = At::Root;
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict.word());
    let verdict = faults.word(&root.field("verdict"), &form.verdict, Verdict::from_word, verdicts);
    let mut outcome = Outcome::of(verdict.unwrap_or(Verdict::Refused));
    outcome.reason = form.reason.and_then(|word| {
        let reasons = Reason::ALL.iter().map(|reason| reason.word());
        faults.word(&root.field("reason"), &word, Reason::from_word, reasons)
    });
    outcome.text = faults.maybe(&root.field("text"), form.text, WORDS).map(Personal::new);
    outcome.limit = amount(form.limit, &root.field("limit"), &mut faults);
    outcome.caught = amount(form.caught, &root.field("caught"), &mut faults);
    outcome.moved = amount(form.moved, &root.field("moved"), &mut faults);
    outcome.from = day(form.from, &root.field("from"), &mut faults);
    outcome.to = day(form.to, &root.field("to"), &mut faults);
    outcome.due = day(form.due, &root.field("due"), &mut faults);
    outcome.serial = faults.maybe(&root.field("serial"), form.serial, SERIAL).map(Personal::new);
    let at = root.field("accounts");
    outcome.accounts = each(entries(form.accounts), &at, |form, at| found(form, at, &mut faults));
    outcome.ahead = each(entries(form.ahead), &root.field("ahead"), |form, at| prior(form, at, &mut faults));
    let at = root.field("findings");
    outcome.findings = each(entries(form.findings), &at, |form, at| finding(form, at, &mut faults));
    let at = root.field("replies");
    let inline = each(entries(form.replies), &at, |form, at| encoded(form, at, &mut faults));
    let replies: Vec<Upload> = inline.into_iter().chain(uploads).collect();
    if replies.len() > REPLIES_MAX {
        faults.add(&at, Want::Entries(0, REPLIES_MAX));
    }
    outcome.replies = each(replies, &at, |upload, at| reply(upload, at, &mut faults));
    let faults = faults.found();
    if faults.is_empty() { Ok(outcome) } else { Err(faults) }
}

fn entries<T, const MAX: usize>(list: Option<List<T, MAX>>) -> Vec<T> {
    list.map_or_else(Vec::new, |list| list.0)
}

fn amount(amount: Option<Amount<'_>>, at: &At<'_>, faults: &mut Faults) -> Option<Money> {
    amount.map(|amount| faults.amount(at, &amount))
}

fn day(day: Option<Text<'_>>, at: &At<'_>, faults: &mut Faults) -> Option<Day> {
    day.and_then(|day| faults.day(at, &day))
}

fn found(form: FoundForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<FoundAccount> {
    let asset = form.asset.map_or(Some(AssetKind::Cash), |word| {
        faults.word(&at.field("asset"), &word, AssetKind::from_word, AssetKind::ALL.iter().map(|kind| kind.word()))
    });
    let role = form.role.map_or(Some(AssetRole::Owner), |word| {
        faults.word(&at.field("role"), &word, AssetRole::from_word, AssetRole::ALL.iter().map(|role| role.word()))
    });
    let in_details = at.field("details");
    let details = each(entries(form.details), &in_details, |form, at| parts::detail(form, at, faults));
    let ahead = each(entries(form.ahead), &at.field("ahead"), |form, at| prior(form, at, faults));
    Some(FoundAccount {
        number: Personal::new(faults.text(&at.field("number"), form.number, NUMBER)),
        class: faults.maybe(&at.field("class"), form.class, SHORT).unwrap_or_default(),
        status: faults.maybe(&at.field("status"), form.status, SHORT).unwrap_or_default(),
        currency: faults.maybe(&at.field("currency"), form.currency, CURRENCY).unwrap_or_default(),
        balance: amount(form.balance, &at.field("balance"), faults),
        available: amount(form.available, &at.field("available"), faults),
        branch: faults.maybe(&at.field("branch"), form.branch, BODY_NAME).unwrap_or_default(),
        ahead,
        asset: asset?,
        role: role?,
        details,
    })
}

fn prior(form: PriorForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<PriorMeasure> {
    Some(PriorMeasure {
        organ: Personal::new(faults.text(&at.field("organ"), form.organ, BODY_NAME)),
        paper: Personal::new(faults.maybe(&at.field("paper"), form.paper, PAPER_NUMBER).unwrap_or_default()),
        amount: amount(form.amount, &at.field("amount"), faults),
        to: day(form.to, &at.field("to"), faults),
    })
}

fn finding(form: FindingForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Finding> {
    let classes = FindingClass::ALL.iter().map(|class| class.word());
    let class = faults.word(&at.field("class"), &form.class, FindingClass::from_word, classes);
    let details = each(form.details.0, &at.field("details"), |form, at| parts::detail(form, at, faults));
    Some(Finding { class: class?, details })
}

fn encoded(form: ReplyForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Upload> {
    let bytes = STANDARD.decode(form.base64.0.as_bytes()).ok();
    if bytes.is_none() {
        faults.add(&at.field("base64"), Want::Pdf(REPLY_BYTES_MAX));
    }
    Some(Upload { file_name: form.file_name.0.into_owned(), bytes: bytes? })
}

/// A scan or export as PDF; the name may be anything that is one, the bytes decide.
fn reply(upload: Upload, at: &At<'_>, faults: &mut Faults) -> Option<SealedReply> {
    let Upload { file_name, bytes } = upload;
    let in_name = at.field("file_name");
    let file_name = faults.text(&in_name, Text(file_name.into()), plain(FILE_NAME_BYTES_MAX));
    if !file_name.is_empty() && !is_file_name(&file_name) {
        faults.add(&in_name, Want::PlainFileName);
    }
    if bytes.len() > REPLY_BYTES_MAX || !bytes.starts_with(b"%PDF-") {
        faults.add(at, Want::Pdf(REPLY_BYTES_MAX));
        return None;
    }
    let bytes = Personal::new(bytes);
    // No MD5 comes with it: it came over the clerk's own connection, and its digest is shown.
    Some(SealedReply { file_name: Personal::new(file_name), file_type: "pdf".to_owned(), bytes, md5_fits: true })
}
