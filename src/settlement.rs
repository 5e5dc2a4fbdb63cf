//! `xiezhi settlement`: the statement of a court's account from a CSV file, and a partner's list of a day.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::request::At;

/// Lines told in one call: what the gateway takes at once.
const LINES_AT_ONCE: usize = 1_000;
/// The longest column name that a fault repeats.
const COLUMN_BYTES_MAX: usize = 40;
/// A day of a large court stays far below it.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[derive(Args)]
pub struct SettlementArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: SettlementCommand,
}

#[derive(Subcommand)]
enum SettlementCommand {
    /// Tell what came in: a CSV file with the columns serial, day, amount, and where there are any slip, reference, booked_back.
    Import {
        /// The file, in UTF-8, with a line of column names.
        file: PathBuf,
        /// Clearing number of the bank that keeps the account.
        #[arg(long)]
        bank_code: String,
        /// The court's account.
        #[arg(long)]
        account: String,
        /// Court code, when the token is of no court.
        #[arg(long)]
        court: Option<String>,
    },
    /// Hold a partner's list of a day against ours: a CSV file with the columns slip, and where there are any line, state, limit,
    /// caught, moved.
    Reconcile {
        /// The file, in UTF-8, with a line of column names.
        file: PathBuf,
        /// The partner.
        #[arg(long)]
        partner: String,
        /// The day, such as 2026-11-22.
        #[arg(long)]
        day: String,
        /// The list names everything issued on that day.
        #[arg(long)]
        whole: bool,
    },
}

/// Runs the command.
pub fn run(arguments: SettlementArguments) -> anyhow::Result<ExitCode> {
    let SettlementArguments { at, command } = arguments;
    at.call(|client| async move {
        match command {
            SettlementCommand::Import { file, bank_code, account, court } => {
                let rows = rows(&file, &["serial", "day", "amount", "slip", "reference", "booked_back"])?;
                for (place, lines) in rows.chunks(LINES_AT_ONCE).enumerate() {
                    let mut body = json!({ "bank_code": bank_code, "account": account, "lines": lines });
                    if let (Some(court), Some(body)) = (&court, body.as_object_mut()) {
                        body.insert("court".to_owned(), json!(court));
                    }
                    let told = client.post("/v1/settlements", &body).await?;
                    let results = told.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
                    for (line, result) in results.iter().enumerate() {
                        println!("{} {result}", place * LINES_AT_ONCE + line + 1);
                    }
                }
            }
            SettlementCommand::Reconcile { file, partner, day, whole } => {
                let lines = rows(&file, &["slip", "line", "state", "limit", "caught", "moved"])?;
                let body = json!({ "day": day, "lines": lines, "whole": whole });
                println!("{}", client.post(&format!("/v1/partners/{partner}/reconciliation"), &body).await?);
            }
        }
        Ok(())
    })
}

/// The rows of a file, each as the object that the gateway takes.
fn rows(file: &PathBuf, columns: &[&str]) -> anyhow::Result<Vec<Value>> {
    let length = std::fs::metadata(file).with_context(|| format!("reading {}", file.display()))?.len();
    if length > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes; part it", file.display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    rows_of(&bytes, columns, &file.display().to_string())
}

/// The same of what stood in a file of this name.
fn rows_of(bytes: &[u8], columns: &[&str], file: &str) -> anyhow::Result<Vec<Value>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(false).from_reader(bytes);
    let names = reader.headers().with_context(|| format!("{file}: the column names cannot be read"))?.clone();
    if let Some(unknown) = names.iter().find(|name| !columns.contains(name)) {
        // What stands where names should may be anything, somebody's name too.
        let unknown = if unknown.len() <= COLUMN_BYTES_MAX && unknown.is_ascii() { unknown } else { "of that name" };
        bail!("{file}: there is no column {unknown}; write some of: {}", columns.join(", "));
    }
    let mut rows = Vec::new();
    for (place, record) in reader.records().enumerate() {
        let record = record.with_context(|| format!("{file}: line {} cannot be read", place + 2))?;
        let mut row = Map::new();
        for (name, value) in names.iter().zip(&record).filter(|(_, value)| !value.is_empty()) {
            let value = match name {
                "booked_back" => json!(matches!(value, "true" | "1" | "是")),
                "line" => json!(value.parse::<u16>().with_context(|| format!("line {}: {name}", place + 2))?),
                _ => json!(value),
            };
            row.insert(name.to_owned(), value);
        }
        rows.push(Value::Object(row));
    }
    Ok(rows)
}

#[cfg(test)]
mod fuzz {
    use super::*;
    use crate::settings::tests::fuzz::{BENDS_MAX, Bend, bent};

    #[test]
    fn bent_rows_of_a_statement_are_read_or_told() {
        let statement =
            "serial,day,amount,slip,reference,booked_back\nS1,2026-11-22,12.00,X2026112200000000012-1,王小渔,是\n";
        let list = "slip,line,state,limit,caught,moved\nX2026112200000000012,1,done,20.00,12.00,0\n";
        let kinds: [(&str, &[&str]); 2] = [
            (statement, &["serial", "day", "amount", "slip", "reference", "booked_back"]),
            (list, &["slip", "line", "state", "limit", "caught", "moved"]),
        ];
        for (text, columns) in kinds {
            assert_eq!(rows_of(text.as_bytes(), columns, "list.csv").unwrap().len(), 1);
        }
        let hostile = [
            b"\"".repeat(100_000),
            b",".repeat(100_000),
            b"serial\n".repeat(100_000),
            b"\xff\xfes\0".to_vec(),
            b"serial\n\xed\xa0\x80\n".to_vec(),
            Vec::new(),
        ];
        let read = |text: &[u8]| {
            for (_, columns) in kinds {
                if let Err(error) = rows_of(text, columns, "list.csv") {
                    assert!(error.to_string().len() < 400 && !format!("{error:#}").contains("王小渔"), "{error:#}");
                }
            }
        };
        hostile.iter().for_each(|text| read(text));
        bolero::check!().with_type::<(bool, Vec<Bend>)>().cloned().for_each(|(which, bends)| {
            let mut text = kinds[usize::from(which)].0.as_bytes().to_vec();
            bends.into_iter().take(BENDS_MAX).for_each(|bend| bent(&mut text, bend));
            read(&text);
        });
    }
}
