//! `xiezhi partner check`: tries what a partner's file describes, step by step, and says of each how it is.

use std::process::ExitCode;

use clap::Args;
use domain::partner::Travel;
use serde_json::{Value, json};

use super::FileArguments;
use super::probe;
use crate::request::At;
use crate::settings::{OnePartner, load_partner};

/// Parameters of `partner check`.
#[derive(Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    file: FileArguments,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// How a step is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Look,
    /// It does not work.
    Bad,
    /// It was not tried, because something before it does not work or nothing was agreed.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "look",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }
}

/// One step.
pub(super) struct Row {
    pub(super) step: &'static str,
    pub(super) verdict: Verdict,
    pub(super) told: String,
}

/// A step and how it is; nothing personal and no secret stands in `told`.
pub(super) fn row(step: &'static str, verdict: Verdict, told: impl Into<String>) -> Row {
    Row { step, verdict, told: told.into() }
}

/// Tries everything; exit code 0 when nothing is bad.
pub(super) fn run(arguments: &CheckArguments, at: Option<At>) -> anyhow::Result<ExitCode> {
    let FileArguments { id, config } = &arguments.file;
    let rows = match load_partner(config, id) {
        Err(faults) => faults.iter().map(|fault| row("file", Verdict::Bad, fault.to_string())).collect(),
        Ok(one) => {
            let mut rows: Vec<Row> =
                one.warnings.iter().map(|warning| row("file", Verdict::Look, warning.to_string())).collect();
            rows.push(row("file", Verdict::Good, described(&one)));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            rows.extend(match one.partner.travel {
                Travel::CallOut => runtime.block_on(probe::call_out(&one)),
                Travel::Pull => runtime.block_on(pulled(&one, at)),
            });
            rows
        }
    };
    let is_bad = rows.iter().any(|row| row.verdict == Verdict::Bad);
    if arguments.json {
        let steps: Vec<Value> = rows
            .iter()
            .map(|row| json!({ "step": row.step, "verdict": row.verdict.word(), "told": row.told }))
            .collect();
        println!("{}", json!({ "partner": id, "good": !is_bad, "steps": steps }));
    } else {
        for row in &rows {
            println!("{:<11} {:<8} {}", row.step, row.verdict.word(), row.told);
        }
        println!("{id}: {}", if is_bad { "not ready; mend what is bad and run this again" } else { "ready" });
    }
    Ok(if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn described(one: &OnePartner) -> String {
    let acts = one.partner.acts.iter().map(|act| act.word()).collect::<Vec<_>>().join(", ");
    let posts = if one.posts { "; posts results" } else { "" };
    format!("sound; {} takes {acts}; stage {}{posts}", one.adapter.name, one.partner.stage.word())
}

/// A partner that fetches: what can be known of it is whether it has called.
async fn pulled(one: &OnePartner, at: Option<At>) -> Vec<Row> {
    let faces = adapters::faces();
    let face = faces.iter().find(|face| face.kind() == one.partner.kind);
    let path = face.map_or("", |face| face.path());
    let mut rows = vec![row("face", Verdict::Good, format!("waits for its calls at POST {path}; nothing is called"))];
    let Some(at) = at else {
        rows.push(row(
            "last call",
            Verdict::Skipped,
            "give --token of an operator to ask the gateway when it last called",
        ));
        return rows;
    };
    rows.push(match last_call(&at, &one.partner.id).await {
        Ok(Some(at)) => row("last call", Verdict::Good, format!("called at {at}")),
        Ok(None) => row("last call", Verdict::Look, "has not called since the gateway started; ask it to poll"),
        Err(error) => row("last call", Verdict::Look, format!("cannot be known: {error:#}")),
    });
    rows
}

async fn last_call(at: &At, id: &str) -> anyhow::Result<Option<String>> {
    let list = crate::client::Client::new(&at.url, &at.token)?.get("/v1/partners").await?;
    let partners = list.get("partners").and_then(Value::as_array).into_iter().flatten();
    let own = partners.into_iter().find(|partner| partner.get("id").and_then(Value::as_str) == Some(id));
    let own = own.ok_or_else(|| anyhow::anyhow!("the gateway does not know this partner; reload its settings"))?;
    Ok(own.get("last_call_at").and_then(Value::as_str).map(str::to_owned))
}
