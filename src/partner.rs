//! `xiezhi partner`: how partners and their lanes are, and pausing and resuming one, from a shell.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::request::At;

#[derive(Args)]
pub struct PartnerArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: PartnerCommand,
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
}

/// Runs the command.
pub fn run(arguments: PartnerArguments) -> anyhow::Result<ExitCode> {
    let PartnerArguments { at, command } = arguments;
    at.call(|client| async move {
        match command {
            PartnerCommand::List => {
                let list = client.get("/v1/partners").await?;
                list.get("partners").and_then(Value::as_array).into_iter().flatten().for_each(line);
            }
            PartnerCommand::Pause { id, reason, until } => {
                let body = json!({ "reason": reason, "until": until });
                println!("{}", client.post(&format!("/v1/partners/{id}/pause"), &body).await?);
            }
            PartnerCommand::Resume { id } => {
                println!("{}", client.post(&format!("/v1/partners/{id}/resume"), &json!({})).await?);
            }
        }
        Ok(())
    })
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
    println!("{:<16} {:<13} {} {}", text("id"), text("kind"), waits.join(", "), held.unwrap_or_default());
}
