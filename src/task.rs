//! `xiezhi task`: what people have to do, from a shell; and ending a task with a reason.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::request::At;

#[derive(Args)]
pub struct TaskArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: TaskCommand,
}

#[derive(Subcommand)]
enum TaskCommand {
    /// One line an open task, oldest first: what is to be done, about what, by when.
    List {
        /// Only of this kind, such as expiring, excess, settlement_overdue.
        #[arg(long)]
        kind: Option<String>,
        /// Only about this partner.
        #[arg(long)]
        partner: Option<String>,
    },
    /// Say that a task is over.
    End {
        /// Its id.
        id: String,
        /// How it ended.
        #[arg(long, value_enum, default_value = "done")]
        end: End,
        /// Why; write no names of parties.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum End {
    /// It was done.
    Done,
    /// Nothing is to be done.
    Dismissed,
}

/// Runs the command.
pub fn run(arguments: TaskArguments) -> anyhow::Result<ExitCode> {
    let TaskArguments { at, command } = arguments;
    at.call(|client| async move {
        match command {
            TaskCommand::List { kind, partner } => {
                let filter: String = [("kind", kind), ("partner", partner)]
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("&{name}={}", value?)))
                    .collect();
                let mut cursor = String::new();
                loop {
                    let page = client.get(&format!("/v1/tasks?limit=200{filter}{cursor}")).await?;
                    page.get("tasks").and_then(Value::as_array).into_iter().flatten().for_each(line);
                    match page.get("next").and_then(Value::as_str) {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
            }
            TaskCommand::End { id, end, reason } => {
                let end = match end {
                    End::Done => "done",
                    End::Dismissed => "dismissed",
                };
                let body = json!({ "end": end, "reason": reason });
                println!("{}", client.post(&format!("/v1/tasks/{id}/end"), &body).await?);
            }
        }
        Ok(())
    })
}

fn line(task: &Value) {
    let text = |name: &str| task.get(name).and_then(Value::as_str).unwrap_or_default();
    let about: Vec<String> = ["case", "act", "measure", "partner", "court", "amount"]
        .into_iter()
        .filter(|name| !text(name).is_empty())
        .map(|name| format!("{name}={}", text(name)))
        .collect();
    let due = if text("due").is_empty() { String::new() } else { format!(" by {}", text("due")) };
    println!("{} {}{due}: {} ({})", text("id"), text("kind"), text("what"), about.join(" "));
}
