//! A task written as JSON: the same bytes for the same act, however often it is written.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::act::Original;
use domain::case::{CourtAccount, Officer, Paper, Party};
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::PaperFile;
use domain::{ActKind, Money, SlipNumber};
use serde::Serialize;

use super::fields::hex;
use super::{Trade, Unencodable};

/// The partner refuses a larger task with 413, so we do not send one: some scans of 2 MB each and a few rulings.
pub(crate) const TASK_BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(Serialize)]
struct Task<'s> {
    number: String,
    kind: &'static str,
    issued_at: String,
    case: CaseText<'s>,
    subject: Subject<'s>,
    officers: Vec<OfficerText<'s>>,
    papers: Vec<PaperText<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<Destination<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Destination<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<OriginalText<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'s str>,
    #[serde(flatten)]
    own: BTreeMap<&'static str, serde_json::Value>,
}

#[derive(Serialize)]
struct CaseText<'s> {
    number: &'s str,
    court: CourtText<'s>,
    stage: &'static str,
}

#[derive(Serialize)]
struct CourtText<'s> {
    code: &'s str,
    name: &'s str,
}

#[derive(Serialize)]
struct Subject<'s> {
    kind: &'static str,
    name: &'s str,
    id_type: &'s str,
    id_number: &'s str,
}

#[derive(Serialize)]
struct OfficerText<'s> {
    name: &'s str,
    work_id: &'s str,
    duty_id: &'s str,
    phone: &'s str,
}

#[derive(Serialize)]
struct PaperText<'s> {
    kind: &'s str,
    number: &'s str,
    file_name: &'s str,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

#[derive(Serialize)]
struct Destination<'s> {
    holder: &'s str,
    bank: &'s str,
    bank_code: &'s str,
    number: &'s str,
}

#[derive(Serialize)]
struct OriginalText<'s> {
    number: String,
    case_number: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<&'s str>,
}

/// Our number for the one line of a slip; `None` when it has none or several.
pub(crate) fn key_of(slip: &Slip) -> Option<(SlipLine, &Line)> {
    match slip.lines.as_slice() {
        [line] => Some((SlipLine { slip: slip.number, line: line.line }, line)),
        _ => None,
    }
}

/// Writes the task for the one line of `slip`.
///
/// # Errors
/// [`Unencodable`] when something mandatory is missing or the whole is larger than the partner takes.
pub(crate) fn task(trade: &Trade, slip: &Slip, files: &[PaperFile]) -> Result<Vec<u8>, Unencodable> {
    let (key, line) = key_of(slip).ok_or(Unencodable)?;
    let (case, party) = (&slip.context.case, slip.party().ok_or(Unencodable)?);
    let files_bytes: usize = files.iter().map(|file| file.bytes.expose().len()).sum();
    if !trade.acts.contains(&line.kind) || files_bytes > TASK_BYTES_MAX {
        return Err(Unencodable);
    }
    check(slip, line)?;
    let own = (trade.write)(slip, line)?;
    let task = Task {
        number: key.to_string(),
        kind: line.kind.word(),
        issued_at: issued_at(slip.number),
        case: CaseText {
            number: must(case.number.expose())?,
            court: CourtText { code: &case.court.code, name: must(&case.court.name)? },
            stage: case.stage.word(),
        },
        subject: subject(party)?,
        officers: slip.context.officers.iter().map(officer).collect(),
        papers: papers(&slip.context.papers, files),
        destination: slip.destination().filter(|_| line.kind.moves_money()).map(account),
        payer: slip.payer(line).map(account),
        asset: line.account.as_ref().map(|account| account.expose().as_str()),
        amount: line.amount.map(|amount| amount.to_string()),
        from: line.from.map(|day| day.to_string()),
        to: line.to.map(|day| day.to_string()),
        original: line.original.as_ref().map(|named| original(named, line)),
        note: line.note.as_ref().map(|note| note.expose().as_str()).filter(|note| !note.is_empty()),
        own: own.into_iter().map(|own| (trade.object, own)).collect(),
    };
    let json = serde_json::to_vec(&task).map_err(|_| Unencodable)?;
    if json.len() <= TASK_BYTES_MAX { Ok(json) } else { Err(Unencodable) }
}

/// What every industry wants of an act of its kind. Without an amount a partner would have to hold or pay everything,
/// which nobody ordered.
fn check(slip: &Slip, line: &Line) -> Result<(), Unencodable> {
    let kind = line.kind;
    let has_amount = line.amount.is_some_and(Money::is_positive);
    let lacks = (kind.needs_amount() && !has_amount)
        || (matches!(kind, ActKind::Freeze | ActKind::Renew) && line.to.is_none())
        || (!kind.builds_on().is_empty() && line.original.as_ref().is_none_or(|original| original.slip.is_empty()))
        || (kind.moves_money() && slip.destination().is_none_or(|account| account.number.expose().is_empty()));
    if lacks { Err(Unencodable) } else { Ok(()) }
}

fn account(account: &CourtAccount) -> Destination<'_> {
    let CourtAccount { holder, bank, bank_code, number } = account;
    Destination { holder, bank, bank_code, number: number.expose() }
}

fn must(text: &str) -> Result<&str, Unencodable> {
    if text.trim().is_empty() { Err(Unencodable) } else { Ok(text) }
}

/// The day that stands in the number: no clock, so that a repeat says the same.
fn issued_at(slip: SlipNumber) -> String {
    let digits = slip.to_string();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
    format!("{}-{}-{}", part(1..5), part(5..7), part(7..9))
}

fn subject(party: &Party) -> Result<Subject<'_>, Unencodable> {
    Ok(Subject {
        kind: party.kind.word(),
        name: must(party.name.expose())?,
        id_type: must(&party.id_type)?,
        id_number: must(party.id_number.expose())?,
    })
}

fn officer(officer: &Officer) -> OfficerText<'_> {
    OfficerText {
        name: officer.name.expose(),
        work_id: officer.work_id.expose(),
        duty_id: officer.duty_id.expose(),
        phone: officer.phone.expose(),
    }
}

/// With their bytes where we have them; by number and digest alone where a task of this kind carries none.
fn papers<'s>(papers: &'s [Paper], files: &'s [PaperFile]) -> Vec<PaperText<'s>> {
    let carried = files.iter().map(|file| PaperText {
        kind: &file.kind,
        number: file.number.expose(),
        file_name: file.file_name.expose(),
        sha256: hex(file.bytes.expose()),
        content: Some(STANDARD.encode(file.bytes.expose())),
    });
    let named = papers.iter().filter(|_| files.is_empty()).map(|paper| PaperText {
        kind: &paper.kind,
        number: paper.number.expose(),
        file_name: paper.file_name.expose(),
        sha256: paper.digest.expose().trim_start_matches("sha256:").to_owned(),
        content: None,
    });
    carried.chain(named).collect()
}

/// Names what the act builds on. What we keep is its full `slip-line`; a bare slip number is one of another connection,
/// whose only line is the first.
fn original<'s>(original: &'s Original, line: &'s Line) -> OriginalText<'s> {
    let number = match SlipNumber::parse(&original.slip) {
        Some(slip) => SlipLine { slip, line: 1 }.to_string(),
        None => original.slip.clone(),
    };
    let serial = line.taken_as().map(|serial| serial.expose().as_str());
    OriginalText { number, case_number: original.case_number.expose(), serial }
}
