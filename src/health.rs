//! `xiezhi health`: asks a gateway how it is, for containers and service managers that have no curl.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use adapters::transport::read_capped;
use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::Value;
use store::disk::{Disk, RealDisk};

/// The longest answer read: a few figures and reasons.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// A file of authorities; larger ones are most likely the wrong file.
const PEM_BYTES_MAX: u64 = 256 << 10;
/// One question; a gateway that takes longer is not well.
const QUESTION: Duration = Duration::from_secs(4);
/// Between two questions while waiting.
const BETWEEN: Duration = Duration::from_millis(250);

#[derive(Args)]
pub struct HealthArguments {
    /// Address of the gateway.
    #[arg(long, env = "XIEZHI_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Ask only whether the process answers; without it, whether it takes requests.
    #[arg(long)]
    pub live: bool,
    /// Ask again for so many seconds before giving up; 0 asks once.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub wait_s: u64,
    /// PEM file of the authorities to trust instead of the machine's.
    #[arg(long)]
    pub ca_file: Option<PathBuf>,
}

/// Asks; exit code 0 means well, 1 means not, and standard error says why.
pub fn run(arguments: &HealthArguments) -> anyhow::Result<ExitCode> {
    let client = client(arguments)?;
    let path = if arguments.live { "/health/live" } else { "/health/ready" };
    let url = format!("{}{path}", arguments.url.trim_end_matches('/'));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let until = Instant::now() + Duration::from_secs(arguments.wait_s);
    runtime.block_on(async {
        loop {
            match ask(&client, &url).await {
                Ok(answer) => {
                    println!("{answer}");
                    return Ok(ExitCode::SUCCESS);
                }
                Err(why) if Instant::now() >= until => {
                    eprintln!("xiezhi: {why:#}");
                    return Ok(ExitCode::FAILURE);
                }
                Err(_) => tokio::time::sleep(BETWEEN).await,
            }
        }
    })
}

fn client(arguments: &HealthArguments) -> anyhow::Result<reqwest::Client> {
    let redirect = reqwest::redirect::Policy::none();
    let mut builder = reqwest::Client::builder().timeout(QUESTION).no_proxy().redirect(redirect);
    if let Some(path) = &arguments.ca_file {
        let pem =
            RealDisk.read_file(path, PEM_BYTES_MAX).with_context(|| format!("reading --ca-file {}", path.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .with_context(|| format!("reading --ca-file {}: name a PEM file of certificates", path.display()))?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().context("starting the HTTP client")
}

async fn ask(client: &reqwest::Client, url: &str) -> anyhow::Result<String> {
    let mut response = client.get(url).send().await.with_context(|| format!("asking {url}"))?;
    let status = response.status();
    let bytes = read_capped(&mut response, ANSWER_BYTES_MAX)
        .await
        .map_err(|cause| anyhow!("asking {url}: the answer broke off: {cause:?}"))?;
    if status.is_success() {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let reasons: Vec<&str> =
        told.get("reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if reasons.is_empty() {
        return Err(anyhow!("{url} answers {status}; is this the gateway's address?"));
    }
    Err(anyhow!("not ready: {}", reasons.join("; ")))
}
