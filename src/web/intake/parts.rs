//! The parts of a request: case, parties, officers, papers, acts, each with the limits of its fields and their reasons.

use domain::act::{ActOrder, GRID_TASKS, NOTE_CHARS_MAX, Original};
use domain::case::{Case, Court, CourtAccount, Officer, PAPER_KINDS, Paper, Party, PartyKind, Role, Stage};
use domain::outcome::{DETAIL_CHARS_MAX, Detail};
use domain::request::PARTIES_MAX;
use domain::{ActId, ActKind, MeasureId, Personal};

use crate::fault::Want;
use crate::intake::at::At;
use crate::intake::check::{PARTNER_CHARACTERS_MAX, each};
use crate::intake::form::{
    AccountForm, ActForm, CaseForm, DetailForm, DocumentForm, OfficerForm, OriginalForm, PartyForm,
};
use crate::intake::text::{Allows, Faults, ascii, plain};
use crate::limits::FILE_NAME_BYTES_MAX;

/// 案号: partners' columns hold 50 to 100 characters; a number with all its suffixes stays below 64.
const CASE_NUMBER: Allows = plain(64);
/// Court codes are six characters in every dialect; twelve leave room for a branch.
pub(crate) const COURT_CODE: Allows = ascii(12, "");
/// Full names of courts and banks.
pub(crate) const BODY_NAME: Allows = plain(100);
/// Names of people and organisations: the longest registered company names are below 200.
pub(crate) const PARTY_NAME: Allows = plain(200);
/// Codes such as `01` or `24100`.
pub(crate) const ID_TYPE: Allows = ascii(8, "");
/// Numbers of identity papers: 18 for cards and credit codes; passports, seamen's books and foreign registers stay below 40.
pub(crate) const ID_NUMBER: Allows = ascii(40, "-()/");
/// Account numbers: at most 32 digits at banks, with dashes for sub-accounts.
pub(crate) const ACCOUNT: Allows = ascii(64, "-_.");
/// A vehicle that is watched stands under its plate, which begins with a province's character.
const PLATE: Allows = plain(16);
/// Clearing numbers have twelve digits.
pub(crate) const BANK_CODE: Allows = ascii(20, "");
/// Numbers of work papers, which carry Chinese characters in some provinces.
const WORK_PAPER: Allows = plain(40);
/// Phones, with country code and extension.
const PHONE: Allows = ascii(32, "+-() ,#");
/// Numbers of papers: a case number with its own suffix.
pub(crate) const PAPER_NUMBER: Allows = plain(100);
/// Words of partners' published forms.
const DETAIL_NAME: Allows = ascii(40, "_");
/// Numbers of earlier orders: partners allow 22 characters, `slip-line` of ours has up to 25.
pub(crate) const SLIP: Allows = ascii(32, "-");

/// The number of the preservation that a case goes on from.
pub(crate) fn preservation(form: &mut CaseForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Personal<String>> {
    let before = form.preservation.take()?;
    Some(case_number(before.number, &at.field("preservation").field("number"), faults))
}

pub(crate) fn case(form: CaseForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Case> {
    let account = form.account.map(|account| self::account(account, &at.field("account"), faults));
    let claim = faults.amount(&at.field("claim"), &form.claim);
    let costs = form.costs.map_or(domain::Money::ZERO, |costs| faults.amount(&at.field("costs"), &costs));
    let in_court = at.field("court");
    let code = faults.text(&in_court.field("code"), form.court.code, COURT_CODE);
    let name = faults.text(&in_court.field("name"), form.court.name, BODY_NAME);
    let number = case_number(form.number, &at.field("number"), faults);
    let in_parties = at.field("parties");
    if form.parties.0.is_empty() {
        faults.add(&in_parties, Want::Entries(1, PARTIES_MAX));
    }
    let given = form.parties.0.len();
    let parties = each(form.parties.0, &in_parties, |form, at| party(form, at, faults));
    // Places are counted in the whole list.
    if parties.len() == given {
        twice_named(&parties, &in_parties, faults);
    }
    let stages = [Stage::Enforcement, Stage::Preservation];
    let stage = faults.word(&at.field("stage"), &form.stage, Stage::from_word, stages.into_iter().map(Stage::word))?;
    Some(Case { number, stage, court: Court { code, name }, claim, costs, parties, account })
}

pub(crate) fn case_number(text: super::form::Text<'_>, at: &At<'_>, faults: &mut Faults) -> Personal<String> {
    let number = faults.text(at, text, CASE_NUMBER);
    if number.chars().any(is_full_width) {
        faults.add(at, Want::PlainText);
    }
    Personal::new(number)
}

/// Full-width letters and digits: a number written with them is another number for every partner. Brackets are not meant.
fn is_full_width(c: char) -> bool {
    matches!(c, '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}')
}

fn account(form: AccountForm<'_>, at: &At<'_>, faults: &mut Faults) -> CourtAccount {
    CourtAccount {
        bank: faults.text(&at.field("bank"), form.bank, BODY_NAME),
        bank_code: faults.text(&at.field("bank_code"), form.bank_code, BANK_CODE),
        holder: faults.text(&at.field("holder"), form.holder, PARTY_NAME),
        number: Personal::new(faults.text(&at.field("number"), form.number, ACCOUNT)),
    }
}

/// The same person twice in one role would be asked about twice.
fn twice_named(parties: &[Party], at: &At<'_>, faults: &mut Faults) {
    let mut seen = std::collections::BTreeSet::new();
    for (place, party) in parties.iter().enumerate().filter(|(_, party)| !party.id_number.expose().is_empty()) {
        if !seen.insert((party.role.word(), party.id_type.as_str(), party.id_number.expose().as_str())) {
            faults.add(&at.entry(place).field("id_number"), Want::Distinct);
        }
    }
}

fn party(form: PartyForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Party> {
    let roles = [Role::Obligor, Role::Creditor, Role::Other];
    let kinds = [PartyKind::Person, PartyKind::Organisation];
    let role = faults.word(&at.field("role"), &form.role, Role::from_word, roles.into_iter().map(Role::word));
    // Only obligors are asked about; a creditor's number is often not in the file.
    if role == Some(Role::Obligor) {
        for (name, given) in [("id_number", form.id_number.is_some()), ("id_type", form.id_type.is_some())] {
            if !given {
                faults.add(&at.field(name), Want::Present);
            }
        }
    }
    let id_number = faults.maybe(&at.field("id_number"), form.id_number, ID_NUMBER).unwrap_or_default();
    let id_type = faults.maybe(&at.field("id_type"), form.id_type, ID_TYPE).unwrap_or_default();
    let kind = faults.word(&at.field("kind"), &form.kind, PartyKind::from_word, kinds.into_iter().map(PartyKind::word));
    let name = Personal::new(faults.text(&at.field("name"), form.name, PARTY_NAME));
    Some(Party {
        role: role?,
        kind: kind?,
        name,
        id_type,
        id_number: Personal::new(id_number),
        bankrupt: form.bankrupt,
    })
}

pub(crate) fn officer(form: OfficerForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Officer> {
    Some(Officer {
        duty_id: Personal::new(faults.text(&at.field("duty_id"), form.duty_id, WORK_PAPER)),
        name: Personal::new(faults.text(&at.field("name"), form.name, PARTY_NAME)),
        phone: Personal::new(faults.maybe(&at.field("phone"), form.phone, PHONE).unwrap_or_default()),
        work_id: Personal::new(faults.text(&at.field("work_id"), form.work_id, WORK_PAPER)),
    })
}

pub(crate) fn paper(form: DocumentForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Paper> {
    let digest = Personal::new(faults.digest(&at.field("digest"), form.digest));
    let in_name = at.field("file_name");
    let file_name = faults.text(&in_name, form.file_name, plain(FILE_NAME_BYTES_MAX));
    if !file_name.is_empty() && !is_file_name(&file_name) {
        faults.add(&in_name, Want::PlainFileName);
    }
    let known = |word: &str| PAPER_KINDS.into_iter().find(|kind| *kind == word);
    let kind = faults.word(&at.field("kind"), &form.kind, known, PAPER_KINDS.into_iter());
    let number = faults.maybe(&at.field("number"), form.number, PAPER_NUMBER).unwrap_or_default();
    Some(Paper { kind: kind?.to_owned(), number: Personal::new(number), file_name: Personal::new(file_name), digest })
}

/// A name without a path, short enough for file systems.
pub(crate) fn is_file_name(name: &str) -> bool {
    (1..=FILE_NAME_BYTES_MAX).contains(&name.len()) && !name.contains(['/', '\\']) && !matches!(name, "." | "..")
}

pub(crate) fn order(form: ActForm<'_>, parties: usize, at: &At<'_>, faults: &mut Faults) -> Option<ActOrder> {
    let is_watch = form.kind.0 == ActKind::Watch.word();
    let account = faults.maybe(&at.field("account"), form.account, if is_watch { PLATE } else { ACCOUNT });
    let account = account.map(Personal::new);
    let amount = form.amount.map(|amount| faults.amount(&at.field("amount"), &amount));
    let in_details = at.field("details");
    let details = form.details.map(|details| each(details.0, &in_details, |form, at| detail(form, at, faults)));
    let from = form.from.and_then(|day| faults.day(&at.field("from"), &day));
    let all = ActKind::ALL.iter().map(|kind| kind.word());
    let kind = faults.word(&at.field("kind"), &form.kind, ActKind::from_word, all);
    if kind.is_some_and(ActKind::is_question) && amount.is_some() {
        faults.add(&at.field("amount"), Want::Within("查询没有金额，请去掉 · a question has no sum: leave it out"));
    }
    let original = form.original.and_then(|original| self::original(original, &at.field("original"), faults));
    let partner = faults.text(&at.field("partner"), form.partner, ascii(PARTNER_CHARACTERS_MAX, "-"));
    if usize::from(form.subject.0) >= parties {
        faults.add(&at.field("subject"), Want::Party);
    }
    let to = form.to.and_then(|day| faults.day(&at.field("to"), &day));
    let note = faults.maybe(&at.field("note"), form.note, plain(NOTE_CHARS_MAX)).map(Personal::new);
    if matches!(kind, Some(ActKind::Support | ActKind::GridTask)) && note.is_none() {
        faults.add(&at.field("note"), Want::Present);
    }
    let details: Vec<Detail> = details.unwrap_or_default();
    if kind == Some(ActKind::GridTask) {
        grid_task(&details, &in_details, faults);
    }
    Some(ActOrder { kind: kind?, partner, subject: form.subject.0, account, amount, from, to, original, note, details })
}

/// Grid workers must know what to do: the particular `task` stands there once and is a sort of task.
fn grid_task(details: &[Detail], at: &At<'_>, faults: &mut Faults) {
    let mut tasks = details.iter().enumerate().filter(|(_, detail)| detail.name == "task");
    match (tasks.next(), tasks.next()) {
        (None, _) => faults.add(at, Want::GridTask),
        (Some((place, task)), None) if !GRID_TASKS.contains(&task.value.expose().as_str()) => {
            faults.add(&at.entry(place).field("value"), Want::OneOf(GRID_TASKS.to_vec()));
        }
        (Some(_), Some((place, _))) => faults.add(&at.entry(place), Want::Distinct),
        _ => {}
    }
}

pub(crate) fn detail(form: DetailForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Detail> {
    let name = faults.text(&at.field("name"), form.name, DETAIL_NAME);
    let value = faults.text(&at.field("value"), form.value, plain(DETAIL_CHARS_MAX));
    Some(Detail { name, value: Personal::new(value) })
}

fn original(form: OriginalForm<'_>, at: &At<'_>, faults: &mut Faults) -> Option<Original> {
    if form.act.is_none() && (form.slip.is_none() || form.case_number.is_none()) {
        faults.add(at, Want::Original);
    }
    let act = form.act.and_then(|text| {
        // What stands by itself has an id of its own; what we ordered has the act's numbers.
        let of_measure = || MeasureId::parse(&text.0).map(|id| ActId { sequence: id.sequence, line: id.line });
        let act = ActId::parse(&text.0).or_else(of_measure);
        if act.is_none() {
            faults.add(&at.field("act"), Want::Id("act_"));
        }
        act
    });
    let number = form.case_number.map(|text| case_number(text, &at.field("case_number"), faults));
    let slip = faults.maybe(&at.field("slip"), form.slip, SLIP).unwrap_or_default();
    Some(Original { act, slip, case_number: number.unwrap_or_else(|| Personal::new(String::new())) })
}
