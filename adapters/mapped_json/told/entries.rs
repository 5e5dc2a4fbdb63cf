//! Entries of the lists that an answer may hold: accounts, earlier measures, findings, sealed answers, leads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Flaw;
use domain::Personal;
use domain::outcome::{
    AssetKind, AssetRole, Finding, FindingClass, FoundAccount, Lead, LeadClass, PriorMeasure, SealedReply,
};
use md5::Digest as _;
use sha2::Sha256;

use super::super::value::{Sort, instant};
use super::super::words::{Words, hex};
use super::{Reader, TEXT_CHARS_MAX};
use crate::open::{AHEAD_MAX, Unreadable};

/// Words of one earlier measure.
const AHEAD: Words =
    &[("at", Sort::List), ("organ", Sort::Text), ("paper", Sort::Text), ("amount", Sort::Money), ("to", Sort::Day)];

/// Words of one account or other property.
const ACCOUNT: Words = &[
    ("at", Sort::List),
    ("number", Sort::Text),
    ("class", Sort::Text),
    ("status", Sort::Text),
    ("currency", Sort::Text),
    ("balance", Sort::Money),
    ("available", Sort::Money),
    ("branch", Sort::Text),
    ("asset", Sort::Text),
    ("role", Sort::Text),
    ("details.*", Sort::Text),
];

/// Words of one sealed answer.
const REPLY: Words = &[
    ("at", Sort::List),
    ("file_name", Sort::Text),
    ("file_type", Sort::Text),
    ("content", Sort::Text),
    ("sha256", Sort::Text),
    ("md5", Sort::Text),
];

/// Words of one lead within an answer.
const LEAD: Words = &[
    ("at", Sort::List),
    ("class", Sort::Text),
    ("serial", Sort::Text),
    ("as_of", Sort::Text),
    ("respond_by", Sort::Instant),
    ("text", Sort::Text),
    ("details.*", Sort::Text),
];

/// Words of one lead that stands beside the results, and must name our number itself.
const CLUE: Words = &[
    ("at", Sort::List),
    ("number", Sort::Text),
    ("slip", Sort::Text),
    ("line", Sort::Text),
    ("class", Sort::Text),
    ("serial", Sort::Text),
    ("as_of", Sort::Text),
    ("respond_by", Sort::Instant),
    ("text", Sort::Text),
    ("details.*", Sort::Text),
];

/// The lists that an answer may hold, each with the words of one entry; `at` is where the list stands. `clues` are leads that
/// stand beside the results of what is posted, each with our number.
const LISTS: &[(&str, Words)] = &[
    ("accounts", ACCOUNT),
    ("ahead", AHEAD),
    ("findings", &[("at", Sort::List), ("class", Sort::Text), ("details.*", Sort::Text)]),
    ("replies", REPLY),
    ("leads", LEAD),
    ("clues", CLUE),
];

/// The list that a key of a table is of, with the words of its entries and its own word there. A list may have a name behind
/// its word, `accounts_funds`, so that there may be several; accounts have a list of earlier measures of their own.
pub(crate) fn list_of(key: &str) -> Option<(String, Words, &str)> {
    let (list, word) = key.split_once('.')?;
    let (base, is_named) = list.split_once('_').map_or((list, true), |(base, name)| (base, is_detail(name)));
    let (_, words) = LISTS.iter().find(|(known, _)| *known == base && is_named)?;
    match word.strip_prefix("ahead.") {
        Some(word) if base == "accounts" => Some((format!("{list}.ahead"), AHEAD, word)),
        _ => Some((list.to_owned(), *words, word)),
    }
}

/// Names of particulars stand in leaves and pages, so they are words and nothing else.
pub(crate) fn is_detail(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn account(reader: &Reader<'_>) -> Result<FoundAccount, Unreadable> {
    let number = reader.word("number")?.ok_or(Unreadable(Flaw::AccountUnnumbered))?;
    let asset = match reader.word("asset")? {
        None => AssetKind::Other,
        Some(word) => AssetKind::from_word(&word).ok_or(Unreadable(Flaw::AssetKindUnknown))?,
    };
    let role = match reader.word("role")? {
        None => AssetRole::Owner,
        Some(word) => AssetRole::from_word(&word).ok_or(Unreadable(Flaw::RoleUnknown))?,
    };
    Ok(FoundAccount {
        number: Personal::new(number),
        class: reader.word("class")?.unwrap_or_default(),
        status: reader.word("status")?.unwrap_or_default(),
        currency: reader.word("currency")?.unwrap_or_default(),
        balance: reader.balance("balance")?,
        available: reader.balance("available")?,
        branch: reader.word("branch")?.unwrap_or_default(),
        ahead: reader.beneath(AHEAD_MAX, prior)?,
        asset,
        role,
        details: reader.details()?,
    })
}

pub(super) fn prior(reader: &Reader<'_>) -> Result<PriorMeasure, Unreadable> {
    Ok(PriorMeasure {
        organ: reader.personal("organ")?,
        paper: reader.personal("paper")?,
        amount: reader.money("amount")?,
        to: reader.day("to")?,
    })
}

pub(super) fn finding(reader: &Reader<'_>) -> Result<Finding, Unreadable> {
    let class = reader.word("class")?.and_then(|word| FindingClass::from_word(&word));
    Ok(Finding { class: class.ok_or(Unreadable(Flaw::FindingUnknown))?, details: reader.details()? })
}

pub(super) fn reply(reader: &Reader<'_>) -> Result<SealedReply, Unreadable> {
    let content = reader.text("content", usize::MAX)?.ok_or(Unreadable(Flaw::FileEmpty))?;
    let bytes = STANDARD.decode(content.as_bytes()).map_err(|_| Unreadable(Flaw::ContentBase64))?;
    let fits = match (reader.word("sha256")?, reader.word("md5")?) {
        (Some(digest), _) => digest.eq_ignore_ascii_case(&hex(&Sha256::digest(&bytes))),
        (None, Some(digest)) => digest.eq_ignore_ascii_case(&hex(&md5::Md5::digest(&bytes))),
        (None, None) => false,
    };
    Ok(SealedReply {
        file_name: reader.personal("file_name")?,
        file_type: reader.word("file_type")?.unwrap_or_default(),
        bytes: Personal::new(bytes),
        md5_fits: fits,
    })
}

/// A lead, its slip and line left to whoever knows them; `None` when no number of the partner's own stands there, by which a repeat
/// would be known.
pub(super) fn lead(reader: &Reader<'_>) -> Result<Option<Lead>, Unreadable> {
    let Some(serial) = reader.word("serial")? else { return Ok(None) };
    let class = reader.word("class")?.and_then(|word| LeadClass::from_word(&word));
    Ok(Some(Lead {
        slip: String::new(),
        line: None,
        class: class.ok_or(Unreadable(Flaw::LeadUnknown))?,
        serial: Personal::new(serial),
        as_of: reader.word("as_of")?.unwrap_or_default(),
        respond_by: reader.shaped("respond_by", instant)?,
        details: reader.details()?,
        text: reader.text("text", usize::MAX)?.map(|text| Personal::new(text.chars().take(TEXT_CHARS_MAX).collect())),
    }))
}
