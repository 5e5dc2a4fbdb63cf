//! `xiezhi partner`: how partners and their lanes are, pausing and resuming one; and connecting one: its file, its trial, its stand-in.

mod check;
mod mailbox;
mod new;
mod probe;
mod scripted;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::Client;
use crate::request::At;

#[derive(Args)]
pub struct PartnerArguments {
    /// Address of the gateway.
    #[arg(long, env = "XIEZHI_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Token, for what asks the gateway; better in the environment than on the command line, where others see it.
    #[arg(long, env = "XIEZHI_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(subcommand)]
    command: PartnerCommand,
}

/// Which settings a partner's file is of.
#[derive(Args)]
struct FileArguments {
    /// Its id: the file's name below partners/ without .toml.
    id: String,
    /// Directory with gateway.toml, partners/, courts/, calendar/.
    #[arg(long, default_value = "config", env = "XIEZHI_CONFIG")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum PartnerCommand {
    /// One line a partner: what waits there, since when, and what holds it.
    List,
    /// Send nothing more to a partner until an instant; what is under way goes on.
    Pause {
        /// Its id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Until when, such as 2026-11-23T08:00:00+08:00; at most 14 days ahead.
        #[arg(long)]
        until: String,
    },
    /// Let it go on.
    Resume {
        /// Its id.
        id: String,
    },
    /// Write partners/<id>.toml with every option of its adapter as a comment.
    New(new::NewArguments),
    /// Try the connection that a file describes: name, TCP, TLS, clock, credential, and a query where one is agreed.
    Check(check::CheckArguments),
    /// Stand in for the partner at the address of its file.
    Simulate(simulate::SimulateArguments),
}

/// Runs the command.
pub fn run(arguments: PartnerArguments) -> anyhow::Result<ExitCode> {
    let PartnerArguments { url, token, command } = arguments;
    match command {
        PartnerCommand::New(arguments) => new::run(&arguments),
        PartnerCommand::Check(arguments) => check::run(&arguments, token.map(|token| At { url, token })),
        PartnerCommand::Simulate(arguments) => simulate::run(&arguments),
        command => {
            let token = token.context("--token or XIEZHI_TOKEN is missing; give the token of an operator")?;
            At { url, token }.call(|client| ask(client, command))
        }
    }
}

async fn ask(client: Client, command: PartnerCommand) -> anyhow::Result<()> {
    match command {
        PartnerCommand::Pause { id, reason, until } => {
            let body = json!({ "reason": reason, "until": until });
            println!("{}", client.post(&format!("/v1/partners/{id}/pause"), &body).await?);
        }
        PartnerCommand::Resume { id } => {
            println!("{}", client.post(&format!("/v1/partners/{id}/resume"), &json!({})).await?);
        }
        _ => {
            let list = client.get("/v1/partners").await?;
            list.get("partners").and_then(Value::as_array).into_iter().flatten().for_each(line);
        }
    }
    Ok(())
}

fn line(partner: &Value) {
    let text = |key: &str| partner.get(key).and_then(Value::as_str).unwrap_or_default();
    let waits: Vec<String> = partner
        .get("waiting")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|waiting| waiting.get("count").and_then(Value::as_u64).is_some_and(|count| count > 0))
        .map(|waiting| {
            let of = |key: &str| waiting.get(key).map(|value| value.to_string().replace('"', "")).unwrap_or_default();
            format!("{} {} since {}", of("count"), of("state"), of("oldest_since"))
        })
        .collect();
    let held = ["paused", "broken_until", "opens_at"].into_iter().find_map(|key| {
        let value = partner.get(key).filter(|value| !value.is_null())?;
        Some(format!("{key} {}", value.pointer("/until").unwrap_or(value)))
    });
    let rate = partner.get("answer_rate").and_then(Value::as_str).map(|rate| format!("answers {rate} %"));
    let failed = partner.get("last_failure").filter(|failure| !failure.is_null()).map(|failure| {
        let of = |key: &str| failure.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("last failure {} at {}", of("cause"), of("at"))
    });
    println!(
        "{:<16} {:<13} {} {} {} {}",
        text("id"),
        text("kind"),
        waits.join(", "),
        held.unwrap_or_default(),
        rate.unwrap_or_default(),
        failed.unwrap_or_default()
    );
}
