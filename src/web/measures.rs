//! Measures over HTTP: what stands and until when, and lists of another system that come over, row by row.

use std::borrow::Cow;
use std::collections::BTreeSet;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use domain::act::{ActOrder, Original};
use domain::case::{Court, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::measure::MeasureState;
use domain::outcome::AssetKind;
use domain::request::{OFFICERS_MAX, PAPERS_MAX};
use domain::{ActKind, Day, Money, Personal};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::body;
use crate::fault::Want;
use crate::gate::{ImportRow, ImportVerdict, KnownValue, MeasureFilter, MeasureLine, Page, RowDiffers};
use crate::intake::at::At;
use crate::intake::check::{PARTNER_CHARACTERS_MAX, each};
use crate::intake::form::{DocumentForm, ImportForm, List, OfficerForm, Text};
use crate::intake::parts::{self, ACCOUNT, BODY_NAME, COURT_CODE, ID_NUMBER, ID_TYPE, PARTY_NAME, SLIP, case_number};
use crate::intake::query::Query;
use crate::intake::read;
use crate::intake::requests::page_len;
use crate::intake::show::{Date, Yuan, json};
use crate::intake::text::{Faults, ascii};
use crate::language::Language;
use crate::problem::{Problem, Slug};
use crate::right::{Allowed, Import, ReadStates};

/// Rows of one import: at some 400 bytes a row they fit the limit on a request's bytes.
pub use engine::view::IMPORT_ROWS_MAX;

#[derive(Serialize)]
struct ShownMeasures {
    measures: Vec<ShownMeasure>,
    next: Option<String>,
}

#[derive(Serialize)]
struct ShownMeasure {
    id: String,
    case: String,
    court: String,
    partner: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<&'static str>,
    state: &'static str,
    limit: Yuan,
    caught: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    imported: bool,
    releasing: bool,
}

impl ShownMeasure {
    fn of(line: MeasureLine) -> Self {
        Self {
            id: line.id.to_string(),
            case: line.case.to_string(),
            court: line.court,
            partner: line.partner,
            kind: line.kind.word(),
            asset: line.asset.map(AssetKind::word),
            state: line.state.word(),
            limit: Yuan(line.limit),
            caught: Yuan(line.caught),
            from: line.from.map(Date),
            to: line.to.map(Date),
            rank: line.rank,
            number: line.number,
            imported: line.imported,
            releasing: line.releasing,
        }
    }
}

pub(crate) async fn list(allowed: Allowed<ReadStates>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let names = ["asset", "court", "partner", "case", "state", "ends_before", "cursor", "limit"];
    let mut query = Query::of(request.query_string(), &names);
    let filter = MeasureFilter {
        court: query.code("court", COURT_CODE.max, ""),
        partner: query.code("partner", PARTNER_CHARACTERS_MAX, "-"),
        case_number: query.text("case", 64).map(Personal::new),
        asset: query.word("asset", AssetKind::from_word, AssetKind::ALL.iter().map(|kind| kind.word())),
        state: query.word("state", MeasureState::from_word, MeasureState::ALL.iter().map(|state| state.word())),
        ends_before: query.day("ends_before"),
        cursor: query.number("cursor", 0, u64::MAX),
        limit: page_len(&mut query),
    };
    query.end()?;
    let Page { lines, next, .. } = allowed.gate().measures(allowed.caller(), filter).await?;
    let measures = lines.into_iter().map(ShownMeasure::of).collect();
    let shown = json(&ShownMeasures { measures, next: next.map(|next| next.to_string()) });
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).content_type("application/json").body(shown))
}

#[derive(Serialize)]
struct ShownImport {
    imported: usize,
    known: usize,
    refused: usize,
    rows: Vec<ShownVerdict>,
}

#[derive(Serialize)]
struct ShownVerdict {
    row: usize,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs: Vec<ShownDiffers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
}

#[derive(Serialize)]
struct ShownDiffers {
    field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<String>,
}

impl ShownDiffers {
    fn of(differs: &RowDiffers) -> Self {
        let known = differs.known.and_then(|known| match known {
            KnownValue::Sum(sum) => Some(sum.to_string()),
            KnownValue::Day(day) => day.map(|day| day.to_string()),
            KnownValue::Rank(rank) => (rank > 0).then(|| rank.to_string()),
            KnownValue::Queued(queued) => Some(queued.to_string()),
            KnownValue::Word(word) => Some(word.to_owned()),
        });
        Self { field: differs.field, known }
    }
}

impl ShownVerdict {
    fn of(row: usize, verdict: Result<ImportVerdict, Problem>, language: Language) -> Self {
        let refused = |problem: Problem| {
            let problem = Some(problem.within(language));
            Self { row, verdict: "refused", measure: None, differs: Vec::new(), problem }
        };
        match verdict {
            Ok(Ok(taken)) => {
                let verdict = if taken.known { "known" } else { "imported" };
                let differs = taken.differs.iter().map(ShownDiffers::of).collect();
                Self { row, verdict, measure: Some(taken.id.to_string()), differs, problem: None }
            }
            Ok(Err(refusal)) => refused(refusal.into()),
            Err(problem) => refused(problem),
        }
    }
}

pub(crate) async fn import(
    allowed: Allowed<Import>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let split = match essence.as_str() {
        "application/x-ndjson" => of_lines,
        "text/csv" => of_table,
        _ => return Err(Problem::from(Slug::UnsupportedMediaType).closing()),
    };
    let limits = allowed.limits();
    let bytes = body::read(&request, payload, limits.request_bytes_max, limits).await?;
    let texts = split(&bytes)?;
    if texts.is_empty() || texts.len() > IMPORT_ROWS_MAX {
        let want = Want::Entries(1, IMPORT_ROWS_MAX);
        return Err(Problem::from(Slug::InvalidRequest).at(vec![crate::fault::Fault::at("", want)]));
    }
    let own = allowed.caller().court.clone();
    let read: Vec<Result<ImportRow, Problem>> = texts.iter().map(|text| row(text, own.as_deref())).collect();
    let rows = read.iter().filter_map(|row| row.as_ref().ok()).cloned().collect();
    let mut verdicts = allowed.gate().import_measures(allowed.caller(), rows).await?.into_iter();
    let of_engine = |row: Result<ImportRow, Problem>| match row {
        Ok(_) => Ok(verdicts.next().unwrap_or(Err(crate::gate::Refusal::Unavailable))),
        Err(problem) => Err(problem),
    };
    let language = allowed.language();
    let verdicts: Vec<_> = read.into_iter().map(of_engine).collect();
    let each = verdicts.into_iter().enumerate();
    let rows: Vec<_> = each.map(|(place, verdict)| ShownVerdict::of(place + 1, verdict, language)).collect();
    let count = |word: &str| rows.iter().filter(|row| row.verdict == word).count();
    let (imported, known, refused) = (count("imported"), count("known"), count("refused"));
    let shown = json(&ShownImport { imported, known, refused, rows });
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).content_type("application/json").body(shown))
}

/// The rows of a list as they are taken, for those who bend it.
#[cfg(test)]
pub(crate) fn understood(is_table: bool, bytes: &[u8]) -> Result<usize, Problem> {
    let texts = if is_table { of_table(bytes) } else { of_lines(bytes) }?;
    Ok(texts.iter().take(IMPORT_ROWS_MAX).filter(|text| row(text, Some("330225")).is_ok()).count())
}

/// One JSON object a line; empty lines say nothing.
fn of_lines(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Ok(lines.filter(|line| !line.is_empty()).take(IMPORT_ROWS_MAX + 1).map(<[u8]>::to_vec).collect())
}

/// A table with a line of names (RFC 4180), read as if each row were an object; an empty cell is an absent field.
fn of_table(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let unreadable = |error: csv::Error| {
        let row = error.position().map_or(0, csv::Position::line);
        Problem::from(Slug::InvalidRequest).saying(format!("第{row}行不是CSV。"), format!("Line {row} is no CSV."))
    };
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if std::str::from_utf8(bytes).is_err() {
        let (zh, en) = ("表格不是UTF-8编码：请另存为“CSV UTF-8”。", "The table is not UTF-8: save it as CSV UTF-8.");
        return Err(Problem::from(Slug::InvalidRequest).saying(zh.to_owned(), en.to_owned()));
    }
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let names = table.headers().map_err(unreadable)?.clone();
    // Told by its place: a table without a line of names has people's data there.
    let mut seen = BTreeSet::new();
    if let Some(place) = names.iter().position(|name| !seen.insert(name)) {
        let (zh, en) = (
            format!("第{}列与前面一列同名。", place + 1),
            format!("Column {} has the name of one before it.", place + 1),
        );
        return Err(Problem::from(Slug::InvalidRequest).saying(zh, en));
    }
    let mut rows = Vec::new();
    for record in table.records().take(IMPORT_ROWS_MAX + 1) {
        let record = record.map_err(unreadable)?;
        let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        let row: Map<String, Value> = cells.map(|(name, cell)| (name.to_owned(), typed(name, cell))).collect();
        rows.push(json(&row));
    }
    Ok(rows)
}

/// A table knows texts only; lists stand in their cell as JSON.
fn typed(name: &str, cell: &str) -> Value {
    match (name, cell) {
        ("documents" | "officers", list) => serde_json::from_str(list).unwrap_or_else(|_| Value::from(list)),
        ("queued", "true" | "false") => Value::Bool(cell == "true"),
        ("rank", number) => number.parse::<u16>().map_or_else(|_| Value::from(number), Value::from),
        (_, text) => Value::from(text),
    }
}

fn row(bytes: &[u8], own: Option<&str>) -> Result<ImportRow, Problem> {
    let form: ImportForm<'_> = read::form(bytes)?;
    let mut faults = Faults::none();
    let row = checked(form, own, &At::Root, &mut faults);
    let faults = faults.found();
    match row {
        Some(row) if faults.is_empty() => Ok(row),
        _ => Err(Problem::from(Slug::InvalidRequest).at(faults)),
    }
}

fn checked(form: ImportForm<'_>, own: Option<&str>, at: &At<'_>, faults: &mut Faults) -> Option<ImportRow> {
    let account = faults.maybe(&at.field("account"), form.account, ACCOUNT).map(Personal::new);
    let asset = form.asset.and_then(|word| asset(&word, &at.field("asset"), faults));
    let number = case_number(form.case_number, &at.field("case_number"), faults);
    let sum = |name: &'static str, amount: Option<crate::intake::form::Amount<'_>>, faults: &mut Faults| {
        amount.map(|amount| faults.amount(&at.field(name), &amount))
    };
    let caught = sum("caught", form.caught, faults).unwrap_or(Money::ZERO);
    let (claim, costs) = (sum("claim", form.claim, faults), sum("costs", form.costs, faults));
    let code = match (form.court, own) {
        (Some(code), _) => faults.text(&at.field("court"), code, COURT_CODE),
        (None, Some(own)) => own.to_owned(),
        (None, None) => {
            faults.add(&at.field("court"), Want::Present);
            String::new()
        }
    };
    let name = faults.maybe(&at.field("court_name"), form.court_name, BODY_NAME).unwrap_or_else(|| code.clone());
    let papers = papers(form.documents, &at.field("documents"), faults);
    let from = form.from.and_then(|day| faults.day(&at.field("from"), &day));
    let kind = kind_of(form.kind, at, faults);
    let limit = sum("limit", form.limit, faults);
    let slip = faults.text(&at.field("number"), form.number, SLIP);
    let officers = officers(form.officers, &at.field("officers"), faults);
    let ordered_in = form.original_case_number.map(|text| case_number(text, &at.field("original_case_number"), faults));
    let partner = faults.text(&at.field("partner"), form.partner, ascii(PARTNER_CHARACTERS_MAX, "-"));
    let party = Party {
        role: Role::Obligor,
        id_number: Personal::new(faults.text(&at.field("id_number"), form.id_number, ID_NUMBER)),
        id_type: faults.text(&at.field("id_type"), form.id_type, ID_TYPE),
        kind: faults.word(
            &at.field("party_kind"),
            &form.party_kind,
            PartyKind::from_word,
            [PartyKind::Person, PartyKind::Organisation].into_iter().map(PartyKind::word),
        )?,
        name: Personal::new(faults.text(&at.field("party_name"), form.party_name, PARTY_NAME)),
        bankrupt: None,
    };
    let stage = stage(form.stage, &at.field("stage"), faults)?;
    let to: Option<Day> = faults.day(&at.field("to"), &form.to);
    let original = Original { act: None, slip, case_number: ordered_in.unwrap_or_else(|| number.clone()) };
    let order = ActOrder {
        kind: kind?,
        partner,
        subject: 0,
        account,
        amount: limit,
        from,
        to,
        original: Some(original),
        note: None,
        details: Vec::new(),
    };
    Some(ImportRow {
        court: Court { code, name },
        case_number: number,
        stage,
        claim,
        costs,
        party,
        order,
        caught,
        rank: form.rank.map_or(0, |rank| rank.0),
        queued: form.queued.unwrap_or(false),
        asset,
        papers,
        officers,
    })
}

/// Enforcement, unless said otherwise.
fn stage(form: Option<Text<'_>>, at: &At<'_>, faults: &mut Faults) -> Option<Stage> {
    let stage = form.unwrap_or(Text(Cow::Borrowed(Stage::Enforcement.word())));
    let stages = [Stage::Enforcement, Stage::Preservation].into_iter().map(Stage::word);
    faults.word(at, &stage, Stage::from_word, stages)
}

type Listed<T, const MAX: usize> = Option<List<T, MAX>>;

fn papers(form: Listed<DocumentForm<'_>, PAPERS_MAX>, at: &At<'_>, faults: &mut Faults) -> Vec<Paper> {
    each(form.map(|list| list.0).unwrap_or_default(), at, |form, at| parts::paper(form, at, faults))
}

fn officers(form: Listed<OfficerForm<'_>, OFFICERS_MAX>, at: &At<'_>, faults: &mut Faults) -> Vec<Officer> {
    each(form.map(|list| list.0).unwrap_or_default(), at, |form, at| parts::officer(form, at, faults))
}

fn asset(word: &Text<'_>, at: &At<'_>, faults: &mut Faults) -> Option<AssetKind> {
    faults.word(at, word, AssetKind::from_word, AssetKind::ALL.iter().map(|kind| kind.word()))
}

/// What leaves something in force; a freeze unless said otherwise.
fn kind_of(kind: Option<Text<'_>>, at: &At<'_>, faults: &mut Faults) -> Option<ActKind> {
    let lasting = || ActKind::ALL.iter().copied().filter(|kind| kind.is_lasting()).map(ActKind::word);
    let read = |word: &str| ActKind::from_word(word).filter(|kind| kind.is_lasting());
    kind.map_or(Some(ActKind::Freeze), |word| faults.word(&at.field("kind"), &word, read, lasting()))
}
