//! `xiezhi request`: submit, show and watch from a shell.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::Value;
use store::disk::{Disk, RealDisk};

use crate::client::{Client, number_at, text_at};

/// The longest request file: the gateway takes no more.
const FILE_BYTES_MAX: u64 = 1 << 20;

#[derive(Args)]
pub struct RequestArguments {
    /// Address of the gateway.
    #[arg(long, env = "XIEZHI_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Token; better in the environment than on the command line, where others see it.
    #[arg(long, env = "XIEZHI_TOKEN", hide_env_values = true)]
    pub token: String,
    #[command(subcommand)]
    command: RequestCommand,
}

#[derive(Subcommand)]
enum RequestCommand {
    /// Submit a request from a JSON file.
    Submit {
        /// The body, as `schemas/intake/request.schema.json` says.
        file: PathBuf,
        /// Idempotency key; the same key and body give the same answer.
        #[arg(long)]
        key: String,
    },
    /// Show a request with its acts.
    Show {
        /// Its id.
        id: String,
    },
    /// Show it again whenever it changes, until every act is final.
    Watch {
        /// Its id.
        id: String,
    },
}

/// Runs the command.
pub fn run(arguments: RequestArguments) -> anyhow::Result<ExitCode> {
    let client = Client::new(&arguments.url, &arguments.token)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.command {
            RequestCommand::Submit { file, key } => {
                let bytes =
                    RealDisk.read_file(&file, FILE_BYTES_MAX).with_context(|| format!("reading {}", file.display()))?;
                let body: Value =
                    serde_json::from_slice(&bytes).with_context(|| format!("reading {}", file.display()))?;
                println!("{:#}", client.submit(&key, &body).await?);
            }
            RequestCommand::Show { id } => {
                println!("{:#}", client.get(&format!("/v1/requests/{id}?page_len=200")).await?)
            }
            RequestCommand::Watch { id } => watch(&client, &id).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn watch(client: &Client, id: &str) -> anyhow::Result<()> {
    let mut version = 0;
    loop {
        let view = client.get(&format!("/v1/requests/{id}?wait=30s&after_version={version}")).await?;
        let now = number_at(&view, "/version")?;
        let state = text_at(&view, "/state")?;
        if now != version {
            println!("version {now} {state} {}", view.get("counts").unwrap_or(&Value::Null));
        }
        version = now;
        if state != "open" {
            return Ok(());
        }
    }
}
