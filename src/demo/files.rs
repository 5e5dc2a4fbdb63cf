//! Where the demo lives: configuration, secrets, books; taken up again when the folder is given a second time.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use store::disk::{Disk, RealDisk};
use store::random::{OsRandom, Random};

use super::county::{BANKS, COURT_ACCOUNT};

/// The pulling bank's user name.
pub const HUB_USER: &str = "YH102332002250";
const CALENDAR: &str = include_str!("../../config/calendar/2026.toml");
/// The longest state file.
const STATE_BYTES_MAX: u64 = 64 * 1024;

/// Tokens of the demo; kept in the demo's own folder, readable by its owner only.
#[derive(Clone, Serialize, Deserialize)]
pub struct DemoTokens {
    /// Enforcement system.
    pub submitter: String,
    /// A second person.
    pub approver: String,
    /// Auditor.
    pub auditor: String,
    /// Operator.
    pub operator: String,
    /// The banks' credential.
    pub bank: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    seed: u64,
    tokens: DemoTokens,
}

/// The demo's folder.
pub struct Place {
    /// The folder.
    pub root: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// The gateway's data directory.
    pub data: PathBuf,
    /// Seed in use: the one it was begun with.
    pub seed: u64,
    /// Tokens.
    pub tokens: DemoTokens,
}

fn mint() -> String {
    let mut random = [0; 32];
    OsRandom.fill(&mut random);
    web::tokens::mint(random).0.expose().clone()
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    std::io::Write::write_all(&mut file, text.as_bytes()).with_context(|| format!("writing {}", path.display()))
}

impl Place {
    /// Makes the folder, or takes it up again.
    pub fn take(root: Option<PathBuf>, seed: u64) -> anyhow::Result<Self> {
        let root = root.unwrap_or_else(|| std::env::temp_dir().join(format!("xiezhi-demo-{}", std::process::id())));
        for folder in ["config/partners", "config/courts", "config/calendar", "config/secrets", "gateway", "banks"] {
            let path = root.join(folder);
            std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        }
        let state = root.join("demo.json");
        let kept = if state.exists() {
            serde_json::from_slice(&RealDisk.read_file(&state, STATE_BYTES_MAX)?)
                .with_context(|| format!("reading {}", state.display()))?
        } else {
            let tokens =
                DemoTokens { submitter: mint(), approver: mint(), auditor: mint(), operator: mint(), bank: mint() };
            let kept = Kept { seed, tokens };
            write_private(&state, &serde_json::to_string_pretty(&kept)?)?;
            kept
        };
        let root = std::path::absolute(&root)?;
        Ok(Self { config: root.join("config"), data: root.join("gateway"), root, seed: kept.seed, tokens: kept.tokens })
    }

    /// A bank's books.
    pub fn ledger(&self, bank: &str) -> PathBuf {
        self.root.join("banks").join(format!("{bank}.ledger"))
    }

    /// Writes the configuration that `serve` would read too.
    pub fn write_config(&self, port: u16, called: &[String]) -> anyhow::Result<()> {
        let hash = |token: &str| web::tokens::hash_of(token).map(|hash| engine::vault::hex(&hash)).unwrap_or_default();
        let token = |name: &str, role: &str, token: &str, person: bool| {
            format!(
                "[[tokens]]\nname = \"{name}\"\nroles = [\"{role}\"]\nsha256 = \"{}\"\nperson = {person}\n\n",
                hash(token)
            )
        };
        let gateway = format!(
            "[gateway]\norigin = \"xiezhi.demo\"\nlisten = \"127.0.0.1:{port}\"\ndata = \"{}\"\nlog = \"error\"\n\n[master_key]\nfile = \"{}\"\n\n{}{}",
            self.data.display(),
            self.config.join("secrets").join("master.key").display(),
            token("demo-auditor", "auditor", &self.tokens.auditor, true),
            token("demo-operator", "operator", &self.tokens.operator, true),
        );
        let court = format!(
            "code = \"330225\"\nname = \"象山县人民法院\"\ncallback_origins = []\n\n[[accounts]]\nbank_code = \"{}\"\nnumber = \"{}\"\n\n{}{}",
            COURT_ACCOUNT.0,
            COURT_ACCOUNT.1,
            token("demo-court", "submitter", &self.tokens.submitter, false),
            token("demo-approver", "approver", &self.tokens.approver, true),
        );
        write_private(&self.config.join("gateway.toml"), &gateway)?;
        write_private(&self.config.join("courts").join("330225.toml"), &court)?;
        write_private(&self.config.join("calendar").join("2026.toml"), CALENDAR)?;
        write_private(&self.config.join("secrets").join("bank.secret"), &self.tokens.bank)?;
        let mut urls = called.iter();
        for bank in &BANKS {
            let url = if bank.pulls { None } else { urls.next() };
            let path = self.config.join("partners").join(format!("{}.toml", bank.id));
            write_private(&path, &partner_file(bank.id, bank.name, url.map(String::as_str)))?;
        }
        Ok(())
    }
}

fn partner_file(id: &str, name: &str, url: Option<&str>) -> String {
    let head = format!(
        "id = \"{id}\"\nname = \"{name}\"\nkind = \"bank\"\nregions = [\"330225\"]\nacts = [\"query\", \"freeze\", \"renew\", \"release\", \"deduct\"]\nhours = \"daily 00:00-24:00\"\nanswer_due_s = 86400\n"
    );
    match url {
        None => format!(
            "{head}adapter = \"bank_pull\"\nin_flight_max = 200\n\n[credential]\nusername = \"{HUB_USER}\"\npassword = \"file:secrets/bank.secret\"\n\n[options]\ncharset = \"GBK\"\n"
        ),
        Some(url) => format!(
            "{head}adapter = \"bank_http\"\nin_flight_max = 8\n\n[rate]\nmax = 50\nwindow_ms = 1000\nburst = 10\n\n[retry]\nfirst_ms = 200\nmax_ms = 5000\n\n[breaker]\nfailures = 5\nopen_ms = 2000\n\n[doubt]\ndeduplicates = false\ncan_be_asked = true\nask_after_ms = 500\n\n[timeouts]\nconnect_ms = 1000\ntotal_ms = 2000\n\n[options]\nurl = \"{url}\"\nbank_id = \"{}\"\nfrom = \"COURT330225\"\ntoken = \"file:secrets/bank.secret\"\ncharset = \"UTF-8\"\n",
            id.to_uppercase().replace('-', "")
        ),
    }
}
