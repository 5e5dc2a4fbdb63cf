//! `xiezhi request`: submit, show, watch, approve, stop, and what people do with single acts, from a shell.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use store::disk::{Disk, RealDisk};

use crate::client::{Client, number_at, text_at};

/// The longest request file: the gateway takes no more.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Pages of evidence fetched at most, 200 events each: above what the gateway looks at for one act.
const EVIDENCE_PAGES_MAX: usize = 110;
/// The longest paper: no gateway can be set to take more (`document_bytes_max`); one that takes less says so itself.
const PAPER_BYTES_MAX: u64 = 256 << 20;

/// Which gateway, and as whom.
#[derive(Args)]
pub struct At {
    /// Address of the gateway.
    #[arg(long, env = "XIEZHI_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Token; better in the environment than on the command line, where others see it.
    #[arg(long, env = "XIEZHI_TOKEN", hide_env_values = true)]
    pub token: String,
}

impl At {
    /// Runs one call after the other against that gateway.
    pub fn call<F: Future<Output = anyhow::Result<()>>>(
        &self,
        run: impl FnOnce(Client) -> F,
    ) -> anyhow::Result<ExitCode> {
        let client = Client::new(&self.url, &self.token)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(client))?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Args)]
pub struct RequestArguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: RequestCommand,
}

#[derive(Subcommand)]
enum RequestCommand {
    /// Store a paper; prints its digest, by which requests name it.
    Upload {
        /// The file.
        file: PathBuf,
        /// Its content type.
        #[arg(long, default_value = "application/pdf")]
        content_type: String,
    },
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
    /// Let the acts go that wait for approval; never by whoever submitted it.
    Approve {
        /// The request's id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Start nothing new for a request.
    Stop {
        /// The request's id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Print everything that proves an act, and check its proofs.
    Evidence {
        /// The act's id.
        act: String,
        /// The public keys of checkpoints and of receipts, given one by one; left out = those that the gateway shows, which proves less: compare them over another channel.
        #[arg(long)]
        key: Vec<String>,
        /// A sheet in Chinese to print instead of JSON; its proofs are checked all the same.
        #[arg(long)]
        sheet: bool,
    },
    /// Take one act back before it is sent.
    Withdraw {
        /// The act's id.
        act: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Settle an act in doubt with the partner's paper; two persons must say the same.
    Resolve {
        /// The act's id.
        act: String,
        /// What the paper says: it took effect, or it did not.
        #[arg(long, action = clap::ArgAction::Set)]
        took_effect: bool,
        /// The sum that the paper names, in yuan.
        #[arg(long)]
        amount: Option<String>,
        /// The partner's paper: a file, which is stored first, or the digest of one that is.
        #[arg(long)]
        paper: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command.
pub fn run(arguments: RequestArguments) -> anyhow::Result<ExitCode> {
    let RequestArguments { at, command } = arguments;
    at.call(|client| async move {
        match command {
            RequestCommand::Upload { file, content_type } => {
                println!("{}", upload(&client, &file, &content_type).await?)
            }
            RequestCommand::Submit { file, key } => {
                let body: Value = serde_json::from_slice(&read(&file, FILE_BYTES_MAX)?)
                    .with_context(|| format!("reading {}: it is no JSON", file.display()))?;
                println!("{:#}", client.submit(&key, &body).await?);
            }
            RequestCommand::Show { id } => {
                println!("{:#}", client.get(&format!("/v1/requests/{id}?page_len=200")).await?)
            }
            RequestCommand::Watch { id } => watch(&client, &id).await?,
            RequestCommand::Approve { id, reason } => {
                say(&client, &format!("/v1/requests/{id}/approve"), reason).await?
            }
            RequestCommand::Stop { id, reason } => say(&client, &format!("/v1/requests/{id}/stop"), reason).await?,
            RequestCommand::Evidence { act, key, sheet } => evidence(&client, &act, key, sheet).await?,
            RequestCommand::Withdraw { act, reason } => {
                say(&client, &format!("/v1/acts/{act}/withdraw"), reason).await?
            }
            RequestCommand::Resolve { act, took_effect, amount, paper, reason } => {
                let document = match paper.starts_with("sha256:") {
                    true => paper,
                    false => upload(&client, Path::new(&paper), "application/pdf").await?,
                };
                let mut body = json!({ "took_effect": took_effect, "document": document, "reason": reason });
                if let (Some(amount), Some(fields)) = (amount, body.as_object_mut()) {
                    fields.insert("amount".to_owned(), amount.into());
                }
                println!("{}", client.post(&format!("/v1/acts/{act}/resolve"), &body).await?);
            }
        }
        Ok(())
    })
}

/// Pages to standard output, what came of the check to standard error, so that the first can be kept and checked again by `xiezhi verify --evidence`.
async fn evidence(client: &Client, act: &str, key: Vec<String>, sheet: bool) -> anyhow::Result<()> {
    let given = match key.is_empty() {
        false => key,
        true => {
            let shown = client.get("/trail/keys").await?;
            vec![text_at(&shown, "/checkpoint")?, text_at(&shown, "/receipt")?]
        }
    };
    let (key, receipts) = crate::verify::keys(&given)?;
    let pages = evidence_pages(client, act).await?;
    let checked = crate::verify::evidence::check(&pages, &key, receipts.as_ref())?;
    if sheet {
        // Drawn from what was checked: another answer of the gateway need not say the same.
        pages.as_array().into_iter().flatten().for_each(|page| println!("{}", web::sheet(page)));
    } else {
        println!("{pages:#}");
    }
    if !checked.is_whole() {
        anyhow::bail!("{checked}");
    }
    eprintln!("{checked}");
    Ok(())
}

async fn evidence_pages(client: &Client, act: &str) -> anyhow::Result<Value> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/acts/{act}/evidence?limit=200{cursor}")).await?;
        let next = page.get("next").and_then(Value::as_str).map(|next| format!("&cursor={next}"));
        pages.push(page);
        match next.filter(|_| pages.len() < EVIDENCE_PAGES_MAX) {
            Some(next) => cursor = next,
            None => return Ok(Value::Array(pages)),
        }
    }
}

async fn say(client: &Client, path: &str, reason: String) -> anyhow::Result<()> {
    println!("{}", client.post(path, &json!({ "reason": reason })).await?);
    Ok(())
}

fn read(file: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    RealDisk.read_file(file, bytes_max).with_context(|| format!("reading {}", file.display()))
}

async fn upload(client: &Client, file: &Path, content_type: &str) -> anyhow::Result<String> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    client.upload(&name, content_type, read(file, PAPER_BYTES_MAX)?).await
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
