//! `xiezhi case`: what is done to a case as a whole from a shell; erasing it takes two people.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::request::At;

#[derive(Args)]
pub struct CaseArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: CaseCommand,
}

#[derive(Subcommand)]
enum CaseCommand {
    /// Say that a case is to be erased, for good; with another person's word within seven days it is.
    Erase {
        /// Its id, as a request shows it.
        id: String,
        /// Why, the only reason that outlasts the case: retention, ordered, mistaken.
        #[arg(long)]
        cause: String,
        /// Why, in your own words, which end with the case.
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub fn run(arguments: CaseArguments) -> anyhow::Result<ExitCode> {
    let CaseArguments { at, command } = arguments;
    at.call(|client| async move {
        let CaseCommand::Erase { id, cause, reason } = command;
        let body = json!({ "cause": cause, "reason": reason });
        println!("{}", client.post(&format!("/v1/cases/{id}/erase"), &body).await?);
        Ok(())
    })
}
