//! The words of ours that a partner file may place in a body, and what stands behind each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::act::Original;
use domain::case::{Officer, Paper};
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::PaperFile;
use domain::{ActKind, Day, SlipNumber, Untaken};
use md5::Digest as _;
use sha2::Sha256;

use super::value::{Own, Sort};

/// A word and the sort of what stands behind it; a `*` at the end stands for any name.
pub(crate) type Words = &'static [(&'static str, Sort)];

/// Words of a question about our number, and of addresses: nothing personal is among them.
pub(crate) const NUMBERS: Words =
    &[("number", Sort::Text), ("slip", Sort::Text), ("line", Sort::Text), ("kind", Sort::Text)];

/// Words of an order beside [`NUMBERS`].
pub(crate) const ORDER: Words = &[
    ("issued_at", Sort::Day),
    ("case.number", Sort::Text),
    ("case.stage", Sort::Text),
    ("case.court.code", Sort::Text),
    ("case.court.name", Sort::Text),
    ("subject.kind", Sort::Text),
    ("subject.name", Sort::Text),
    ("subject.id_type", Sort::Text),
    ("subject.id_number", Sort::Text),
    ("destination.holder", Sort::Text),
    ("destination.bank", Sort::Text),
    ("destination.bank_code", Sort::Text),
    ("destination.number", Sort::Text),
    ("payer.holder", Sort::Text),
    ("payer.bank", Sort::Text),
    ("payer.bank_code", Sort::Text),
    ("payer.number", Sort::Text),
    ("asset", Sort::Text),
    ("amount", Sort::Money),
    ("from", Sort::Day),
    ("to", Sort::Day),
    ("original.number", Sort::Text),
    ("original.slip", Sort::Text),
    ("original.case_number", Sort::Text),
    ("original.serial", Sort::Text),
    ("note", Sort::Text),
    ("officers.1.name", Sort::Text),
    ("officers.1.work_id", Sort::Text),
    ("officers.1.duty_id", Sort::Text),
    ("officers.1.phone", Sort::Text),
    ("officers.2.name", Sort::Text),
    ("officers.2.work_id", Sort::Text),
    ("officers.2.duty_id", Sort::Text),
    ("officers.2.phone", Sort::Text),
    ("papers.1.kind", Sort::Text),
    ("papers.1.number", Sort::Text),
    ("papers.1.file_name", Sort::Text),
    ("papers.1.content", Sort::Text),
    ("papers.1.sha256", Sort::Text),
    ("papers.1.md5", Sort::Text),
    ("detail.*", Sort::Text),
];

/// Words of one officer.
pub(crate) const OFFICER: Words =
    &[("name", Sort::Text), ("work_id", Sort::Text), ("duty_id", Sort::Text), ("phone", Sort::Text)];

/// Words of one paper.
pub(crate) const PAPER: Words = &[
    ("kind", Sort::Text),
    ("number", Sort::Text),
    ("file_name", Sort::Text),
    ("content", Sort::Text),
    ("sha256", Sort::Text),
    ("md5", Sort::Text),
];

/// Words of our answer to what a partner posted.
pub(crate) const REPLY: Words = &[
    ("count", Sort::Text),
    ("refused", Sort::Text),
    ("slip", Sort::Text),
    ("code", Sort::Text),
    ("reason", Sort::Text),
    ("reason_en", Sort::Text),
];

/// What a row may draw on.
pub(crate) enum Given<'g> {
    /// An order, with the files of its papers where they are carried.
    Order(&'g Slip, &'g Line, &'g [PaperFile]),
    /// A question about our number.
    Asked(SlipLine, ActKind),
    /// One officer.
    Officer(&'g Officer),
    /// One paper, with its file where it is carried.
    Paper(Option<&'g Paper>, Option<&'g PaperFile>),
    /// What became of what was posted: how many, how many refused, the first refused one and why.
    Verdicts(usize, usize, Option<(&'g str, &'g Untaken)>),
}

fn text(text: &str) -> Option<Own> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Own::Text(text.to_owned()))
}

impl Given<'_> {
    /// What stands behind a word; `None` when there is nothing.
    pub(crate) fn own(&self, word: &str) -> Option<Own> {
        match self {
            Self::Order(slip, line, files) => {
                let key = SlipLine { slip: slip.number, line: line.line };
                match (word.strip_prefix("officers."), word.strip_prefix("papers.")) {
                    (None, None) => numbered(key, line.kind, word).or_else(|| ordered(slip, line, word)),
                    (Some(which), _) => {
                        let (nth, word) = nth_of(which)?;
                        of_officer(slip.context.officers.get(nth)?, word)
                    }
                    (_, Some(which)) => {
                        let (nth, word) = nth_of(which)?;
                        of_paper(slip.context.papers.get(nth), files.get(nth), word)
                    }
                }
            }
            Self::Asked(key, kind) => numbered(*key, *kind, word),
            Self::Officer(officer) => of_officer(officer, word),
            Self::Paper(paper, file) => of_paper(*paper, *file, word),
            Self::Verdicts(count, refused, first) => match word {
                "count" => text(&count.to_string()),
                "refused" => text(&refused.to_string()),
                "slip" => first.and_then(|(slip, _)| text(slip)),
                "code" => first.and_then(|(_, reason)| text(reason.code())),
                "reason" => first.and_then(|(_, reason)| text(&reason.chinese())),
                "reason_en" => first.and_then(|(_, reason)| text(&reason.english())),
                _ => None,
            },
        }
    }
}

/// `1.name` as a place in the list, from 0, and the word of what stands there.
fn nth_of(which: &str) -> Option<(usize, &str)> {
    let (nth, word) = which.split_once('.')?;
    Some((nth.parse::<usize>().ok()?.checked_sub(1)?, word))
}

fn of_officer(officer: &Officer, word: &str) -> Option<Own> {
    text(match word {
        "name" => officer.name.expose(),
        "work_id" => officer.work_id.expose(),
        "duty_id" => officer.duty_id.expose(),
        "phone" => officer.phone.expose(),
        _ => return None,
    })
}

fn numbered(key: SlipLine, kind: ActKind, word: &str) -> Option<Own> {
    match word {
        "number" => text(&key.to_string()),
        "slip" => text(&key.slip.to_string()),
        "line" => text(&key.line.to_string()),
        "kind" => text(kind.word()),
        _ => None,
    }
}

fn ordered(slip: &Slip, line: &Line, word: &str) -> Option<Own> {
    if let Some(name) = word.strip_prefix("detail.") {
        return line.details.iter().find(|detail| detail.name == name).and_then(|detail| text(detail.value.expose()));
    }
    let (case, party) = (&slip.context.case, slip.party());
    let payee = slip.destination().filter(|_| line.kind.moves_money());
    let payer = slip.payer(line);
    match word {
        "issued_at" => issued_at(slip.number).map(Own::Day),
        "case.number" => text(case.number.expose()),
        "case.stage" => text(case.stage.word()),
        "case.court.code" => text(&case.court.code),
        "case.court.name" => text(&case.court.name),
        "subject.kind" => text(party?.kind.word()),
        "subject.name" => text(party?.name.expose()),
        "subject.id_type" => text(&party?.id_type),
        "subject.id_number" => text(party?.id_number.expose()),
        "destination.holder" => text(&payee?.holder),
        "destination.bank" => text(&payee?.bank),
        "destination.bank_code" => text(&payee?.bank_code),
        "destination.number" => text(payee?.number.expose()),
        "payer.holder" => text(&payer?.holder),
        "payer.bank" => text(&payer?.bank),
        "payer.bank_code" => text(&payer?.bank_code),
        "payer.number" => text(payer?.number.expose()),
        "asset" => text(line.account.as_ref()?.expose()),
        "amount" => line.amount.map(Own::Money),
        "from" => line.from.map(Own::Day),
        "to" => line.to.map(Own::Day),
        "original.number" => line.original.as_ref().and_then(|original| text(&original_number(original))),
        "original.slip" => {
            let original = line.original.as_ref()?;
            text(SlipLine::parse(&original.slip).map_or(original.slip.clone(), |key| key.slip.to_string()).as_str())
        }
        "original.case_number" => text(line.original.as_ref()?.case_number.expose()),
        "original.serial" => text(line.taken_as()?.expose()),
        "note" => text(line.note.as_ref()?.expose()),
        _ => None,
    }
}

/// The day that stands in the number: no clock, so that a repeat says the same.
fn issued_at(slip: SlipNumber) -> Option<Day> {
    Day::parse(slip.to_string().get(1..9)?)
}

/// What we keep is the full `slip-line`; a bare slip number is one of another connection, whose only line is the first.
fn original_number(original: &Original) -> String {
    match SlipNumber::parse(&original.slip) {
        Some(slip) => SlipLine { slip, line: 1 }.to_string(),
        None => original.slip.clone(),
    }
}

fn of_paper(paper: Option<&Paper>, file: Option<&PaperFile>, word: &str) -> Option<Own> {
    let bytes = file.map(|file| file.bytes.expose().as_slice());
    match word {
        "kind" => text(file.map(|file| file.kind.as_str()).or(paper.map(|paper| paper.kind.as_str()))?),
        "number" => text(file.map(|file| file.number.expose()).or(paper.map(|paper| paper.number.expose()))?),
        "file_name" => text(file.map(|file| file.file_name.expose()).or(paper.map(|paper| paper.file_name.expose()))?),
        "content" => text(&STANDARD.encode(bytes?)),
        "sha256" => match bytes {
            Some(bytes) => text(&hex(&Sha256::digest(bytes))),
            None => text(paper?.digest.expose().trim_start_matches("sha256:")),
        },
        "md5" => text(&hex(&md5::Md5::digest(bytes?))),
        _ => None,
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
