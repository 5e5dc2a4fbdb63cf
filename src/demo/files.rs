//! Where the demo lives: configuration, secrets, books; taken up again when the folder is given a second time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use store::disk::{Disk, RealDisk};
use store::random::{OsRandom, Random};

use super::county::{COURT_ACCOUNT, How, PARTNERS, Partner, now};

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
    /// The officer in charge.
    pub officer: String,
    /// A second person.
    pub approver: String,
    /// Auditor.
    pub auditor: String,
    /// Operator.
    pub operator: String,
    /// The partners' credential.
    pub bank: String,
    /// What partners show when they post by themselves, by partner.
    pub callbacks: BTreeMap<String, String>,
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
            let posts = PARTNERS.iter().filter(|partner| matches!(partner.how, How::Open(_)));
            let tokens = DemoTokens {
                submitter: mint(),
                officer: mint(),
                approver: mint(),
                auditor: mint(),
                operator: mint(),
                bank: mint(),
                callbacks: posts.map(|partner| (partner.id.to_owned(), mint())).collect(),
            };
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

    /// What a partner shows when it posts by itself.
    pub fn callback_token(&self, partner: &str) -> String {
        self.tokens.callbacks.get(partner).cloned().unwrap_or_default()
    }

    /// Writes the configuration that `serve` would read too.
    pub fn write_config(&self, port: u16, url_of: impl Fn(&str) -> Option<String>) -> anyhow::Result<()> {
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
            "code = \"330225\"\nname = \"象山县人民法院\"\ncallback_origins = []\n\n[[accounts]]\nbank_code = \"{}\"\nnumber = \"{}\"\n\n{}{}{}",
            COURT_ACCOUNT.0,
            COURT_ACCOUNT.1,
            token("demo-court", "submitter", &self.tokens.submitter, false),
            token("demo-officer", "submitter", &self.tokens.officer, true),
            token("demo-approver", "approver", &self.tokens.approver, true),
        );
        write_private(&self.config.join("gateway.toml"), &gateway)?;
        write_private(&self.config.join("courts").join("330225.toml"), &court)?;
        write_private(&self.config.join("calendar").join("2026.toml"), CALENDAR)?;
        write_private(&self.config.join("secrets").join("bank.secret"), &self.tokens.bank)?;
        for partner in &PARTNERS {
            let path = self.config.join("partners").join(format!("{}.toml", partner.id));
            let callback = hash(&self.callback_token(partner.id));
            write_private(&path, &partner_file(partner, &url_of(partner.id).unwrap_or_default(), &callback))?;
        }
        Ok(())
    }
}

fn hash(token: &str) -> String {
    web::tokens::hash_of(token).map(|hash| engine::vault::hex(&hash)).unwrap_or_default()
}

/// What holds of all that are called: quick waits, so that the demo does not take an afternoon.
const CALLED: &str = "in_flight_max = 8\nask_every_s = 1\n\n[rate]\nmax = 50\nwindow_ms = 1000\nburst = 10\n\n[retry]\nfirst_ms = 200\nmax_ms = 5000\n\n[breaker]\nfailures = 5\nopen_ms = 2000\n\n[timeouts]\nconnect_ms = 1000\ntotal_ms = 2000\n\n";

fn partner_file(partner: &Partner, url: &str, callback: &str) -> String {
    let Partner { id, name, how } = partner;
    let (kind, acts) = match how {
        How::Open("housing_fund") => ("housing_fund", "\"query\", \"freeze\", \"renew\", \"release\", \"deduct\""),
        How::Open("insurance") => {
            ("insurance", "\"query\", \"freeze\", \"renew\", \"release\", \"surrender\", \"withdraw_benefits\"")
        }
        How::Open(_) => ("police", "\"query\", \"locate\", \"watch\", \"border_control\", \"lift\", \"support\""),
        _ => ("bank", "\"query\", \"freeze\", \"renew\", \"release\", \"deduct\""),
    };
    let hours = if *how == How::Closed { closed_now() } else { "daily 00:00-24:00" };
    let head = format!(
        "id = \"{id}\"\nname = \"{name}\"\nkind = \"{kind}\"\nregions = [\"330225\"]\nacts = [{acts}]\nhours = \"{hours}\"\nanswer_due_s = 86400\n"
    );
    let doubt = |can_be_asked: bool| match can_be_asked {
        // Each writes down what it takes before it says anything, so a number it does not know after `total_ms` has not arrived.
        true => "[doubt]\ncan_be_asked = true\nask_after_ms = 500\nnot_found_final_after_ms = 2000\n\n",
        false => "[doubt]\ncan_be_asked = false\n\n",
    };
    match how {
        How::Pull => format!(
            "{head}adapter = \"bank_pull\"\nin_flight_max = 1000\nparts_quiet_s = 0\n\n[credential]\nusername = \"{HUB_USER}\"\npassword = \"file:secrets/bank.secret\"\n\n[options]\ncharset = \"GBK\"\n"
        ),
        How::Open(_) => format!(
            "{head}adapter = \"{kind}_open\"\n{CALLED}{}[callback]\nsha256 = \"{callback}\"\n\n[options]\nurl = \"{url}\"\ntoken = \"file:secrets/bank.secret\"\n",
            doubt(true)
        ),
        How::Called { .. } | How::Closed => format!(
            "{head}adapter = \"bank_http\"\n{CALLED}{}[options]\nurl = \"{url}\"\nbank_id = \"{}\"\nfrom = \"COURT330225\"\ntoken = \"file:secrets/bank.secret\"\ncharset = \"UTF-8\"\n",
            doubt(*how != How::Called { can_be_asked: false }),
            id.to_uppercase().replace('-', "")
        ),
    }
}

/// Hours of a partner that opens in some morning to come, whenever the demo runs.
fn closed_now() -> &'static str {
    const HOUR_MS: i64 = 3_600_000;
    let hour = (now() / HOUR_MS + 8).rem_euclid(24);
    if (7..10).contains(&hour) { "daily 05:00-05:30" } else { "daily 08:30-09:00" }
}
