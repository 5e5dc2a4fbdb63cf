//! `xiezhi stop`: emergency stops from a shell: which are in force, ordering one, and lifting it with a second person.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::request::At;

#[derive(Args)]
pub struct StopArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: StopCommand,
}

#[derive(Subcommand)]
enum StopCommand {
    /// One line a stop in force: what it holds, who ordered it, since when and why.
    List,
    /// Send nothing more of some kinds, of a court, or at all; takes effect at once, and one person is enough.
    Order {
        #[command(flatten)]
        scope: Scope,
        /// Why; write no names of parties.
        #[arg(long)]
        reason: String,
    },
    /// Say that a stop may be lifted; with the second person's word within a day it is.
    Lift {
        /// Its id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Scope {
    /// These kinds of act, such as freeze,deduct.
    #[arg(long, value_delimiter = ',')]
    acts: Vec<String>,
    /// One court, by its code; what ends a measure still goes.
    #[arg(long)]
    court: Option<String>,
    /// Everything, releases too; only questions about what is under way still go.
    #[arg(long)]
    all: bool,
}

impl Scope {
    fn body(&self) -> Value {
        match &self.court {
            Some(court) => json!({ "court": court }),
            None if self.all => json!({ "all": true }),
            None => json!({ "acts": self.acts }),
        }
    }
}

/// Runs the command.
pub fn run(arguments: StopArguments) -> anyhow::Result<ExitCode> {
    let StopArguments { at, command } = arguments;
    at.call(|client| async move {
        match command {
            StopCommand::List => {
                let list = client.get("/v1/stops").await?;
                list.get("stops").and_then(Value::as_array).into_iter().flatten().for_each(line);
            }
            StopCommand::Order { scope, reason } => {
                let body = json!({ "scope": scope.body(), "reason": reason });
                println!("{}", client.post("/v1/stops", &body).await?);
            }
            StopCommand::Lift { id, reason } => {
                println!("{}", client.post(&format!("/v1/stops/{id}/lift"), &json!({ "reason": reason })).await?);
            }
        }
        Ok(())
    })
}

fn line(stop: &Value) {
    let text = |pointer: &str| stop.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let scope = stop.get("scope").map(Value::to_string).unwrap_or_default();
    let lift = stop.get("lift_proposed").map(|_| format!(" (lift proposed by {})", text("/lift_proposed/by")));
    println!(
        "{} {scope} by {} at {}: {}{}",
        text("/id"),
        text("/by"),
        text("/at"),
        text("/reason"),
        lift.unwrap_or_default()
    );
}
