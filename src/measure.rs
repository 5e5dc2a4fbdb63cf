//! `xiezhi measure`: what stands at partners and until when, and taking a list of another system over, from a shell.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::client::{Client, number_at};
use crate::request::At;

/// Rows sent at once; the gateway takes twice as many.
const ROWS_MAX: u64 = 1_000;
/// Bytes sent at once, below what the gateway takes.
const BYTES_MAX: usize = 900 * 1_024;

#[derive(Args)]
pub struct MeasureArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: MeasureCommand,
}

#[derive(Subcommand)]
enum MeasureCommand {
    /// One line a measure, by last day.
    List {
        /// Of this court.
        #[arg(long)]
        court: Option<String>,
        /// At this partner.
        #[arg(long)]
        partner: Option<String>,
        /// Of this case number.
        #[arg(long)]
        case: Option<String>,
        /// In this state, such as queued or lapsed; left out = all that live.
        #[arg(long)]
        state: Option<String>,
        /// Whose last day is before this one, such as 2026-12-31.
        #[arg(long)]
        ends_before: Option<String>,
    },
    /// Take living measures over from another system: CSV with a line of names, or one JSON object a line. May be sent again.
    Import {
        /// The file; `.csv` is a table, anything else lines of JSON.
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(arguments: MeasureArguments) -> anyhow::Result<ExitCode> {
    let MeasureArguments { at, command } = arguments;
    let mut refused = 0;
    let done = match command {
        MeasureCommand::List { court, partner, case, state, ends_before } => {
            let given = [
                ("court", court),
                ("partner", partner),
                ("case", case),
                ("state", state),
                ("ends_before", ends_before),
            ];
            let given = given.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped(&value?))));
            let query = given.collect::<Vec<_>>().join("&");
            at.call(|client| list(client, query))
        }
        MeasureCommand::Import { file } => {
            let parts = parts(&file)?;
            at.call(async |client| {
                refused = import(client, parts).await?;
                Ok(())
            })
        }
    }?;
    Ok(if refused > 0 { ExitCode::FAILURE } else { done })
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn list(client: Client, query: String) -> anyhow::Result<()> {
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/v1/measures?limit=200&{query}{cursor}")).await?;
        page.get("measures").and_then(Value::as_array).into_iter().flatten().for_each(line);
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(()),
        }
    }
}

fn line(measure: &Value) {
    let text = |name: &str| measure.get(name).and_then(Value::as_str).unwrap_or("-");
    let rank = measure.get("rank").and_then(Value::as_u64).map_or("-".to_owned(), |rank| rank.to_string());
    println!(
        "{} {} {} {} {} until {} limit {} caught {} rank {rank} number {}",
        text("id"),
        text("case"),
        text("partner"),
        text("kind"),
        text("state"),
        text("to"),
        text("limit"),
        text("caught"),
        text("number")
    );
}

/// A part of a file: its first row, its content type, its bytes.
type Part = (u64, &'static str, Vec<u8>);

/// The file in parts that the gateway takes; each part of a table begins with the line of names.
fn parts(file: &Path) -> anyhow::Result<Vec<Part>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let is_table = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let mut rows = rows(&text, is_table).into_iter();
    let (kind, names) = if is_table {
        ("text/csv", rows.next().with_context(|| format!("{} has no line of names", file.display()))?)
    } else {
        ("application/x-ndjson", "")
    };
    let mut parts: Vec<Part> = Vec::new();
    let (mut first, mut next, mut bytes) = (1, 1, names.as_bytes().to_vec());
    for row in rows {
        let full = next - first >= ROWS_MAX || bytes.len() + row.len() > BYTES_MAX;
        if full && next > first {
            parts.push((first, kind, std::mem::replace(&mut bytes, names.as_bytes().to_vec())));
            first = next;
        }
        bytes.extend_from_slice(row.as_bytes());
        next += 1;
    }
    if next > first {
        parts.push((first, kind, bytes));
    }
    if parts.is_empty() {
        bail!("{} has no rows", file.display());
    }
    Ok(parts)
}

/// Lines with their ends; in a table a quoted cell may hold some of its own.
fn rows(text: &str, is_table: bool) -> Vec<&str> {
    let (mut rows, mut began, mut quoted) = (Vec::new(), 0, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if is_table => quoted = !quoted,
            b'\n' if !quoted => {
                rows.extend(text.get(began..=place));
                began = place + 1;
            }
            _ => {}
        }
    }
    rows.extend(text.get(began..));
    rows.retain(|row| !row.trim().is_empty());
    rows
}

/// Sends part after part; gives how many rows were refused.
async fn import(client: Client, parts: Vec<Part>) -> anyhow::Result<u64> {
    let (mut imported, mut known, mut refused) = (0, 0, 0);
    for (first, kind, bytes) in parts {
        let told = client.post_bytes("/v1/measures/import", kind, bytes).await?;
        imported += number_at(&told, "/imported")?;
        known += number_at(&told, "/known")?;
        refused += number_at(&told, "/refused")?;
        for row in told.get("rows").and_then(Value::as_array).into_iter().flatten() {
            let place = number_at(row, "/row")? + first - 1;
            if let Some(differs) = row.get("differs") {
                println!("row {place}: known, and says otherwise (nothing was changed): {differs}");
            }
            let Some(problem) = row.get("problem") else { continue };
            let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
            let list = |name: &str| problem.get(name).map(Value::to_string).unwrap_or_default();
            println!("row {place}: {} {}{}", text("title"), list("errors"), list("rules"));
        }
    }
    println!("{imported} imported, {known} known before, {refused} refused");
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_cut_between_rows_and_keeps_its_names() {
        assert_eq!(rows("a,b\n\"x\ny\",1\n\nz,2", true), ["a,b\n", "\"x\ny\",1\n", "z,2"]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list.csv");
        std::fs::write(&file, format!("a,b\n{}", "1,2\n".repeat(2_500))).unwrap();
        let parts = parts(&file).unwrap();
        let firsts: Vec<u64> = parts.iter().map(|(first, ..)| *first).collect();
        assert_eq!(firsts, [1, 1_001, 2_001]);
        assert!(parts.iter().all(|(_, kind, bytes)| *kind == "text/csv" && bytes.starts_with(b"a,b\n1,2\n")));
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;
    use crate::settings::tests::fuzz::{BENDS_MAX, Bend, bent};

    #[test]
    fn a_bent_list_of_measures_is_cut_between_its_rows() {
        let seeds = ["a,b\n\"x\ny\",1\n\nz,2\n", "{\"number\":\"FG1\"}\n{\"number\":\"王\"}\n"];
        bolero::check!().with_type::<(bool, Vec<Bend>)>().cloned().for_each(|(is_table, bends)| {
            let mut bytes = seeds[usize::from(!is_table)].as_bytes().to_vec();
            bends.into_iter().take(BENDS_MAX).for_each(|bend| bent(&mut bytes, bend));
            let Ok(text) = String::from_utf8(bytes) else { return };
            let cut = rows(&text, is_table);
            assert!(cut.iter().map(|row| row.len()).sum::<usize>() <= text.len());
            let kept: String = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
            assert!(is_table || cut.concat().replace('\n', "") == kept, "nothing is lost between two rows");
        });
    }
}
