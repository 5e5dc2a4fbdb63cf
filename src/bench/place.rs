//! Where the bench's gateway lives: a configuration with one court and twenty partners whose limits never bind.

use std::path::{Path, PathBuf};

use anyhow::Context;
use store::random::{OsRandom, Random};

/// How many partners.
pub const PARTNERS: usize = 20;
/// The court.
pub const COURT: &str = "330225";
const CALENDAR: &str = include_str!("../../config/calendar/2026.toml");

/// The folder of one gateway.
pub struct Place {
    /// Its configuration.
    pub config: PathBuf,
    /// The court's token.
    pub submitter: String,
    /// The operator's token.
    pub operator: String,
}

/// The id of the partner at a place of the list.
pub fn partner_id(place: usize) -> String {
    format!("bank-{place:02}")
}

fn mint() -> (String, String) {
    let mut random = [0; 32];
    OsRandom.fill(&mut random);
    let (token, hash) = web::tokens::mint(random);
    (token.expose().clone(), engine::vault::hex(&hash))
}

impl Place {
    /// Writes the configuration: the gateway listens at `port`, the partners answer at `stub`.
    pub fn make(root: &Path, port: u16, stub: &str) -> anyhow::Result<Self> {
        let place = Self::empty(root, port)?;
        for number in 0..PARTNERS {
            let id = partner_id(number);
            let text = format!(
                "id = \"{id}\"\nname = \"银行{number}\"\nkind = \"bank\"\nregions = [\"{COURT}\"]\nacts = [\"query\", \"freeze\", \"renew\", \"release\", \"deduct\"]\nhours = \"daily 00:00-24:00\"\nanswer_due_s = 86400\nadapter = \"bank_http\"\nin_flight_max = 256\n\n[rate]\nmax = 100000\nwindow_ms = 1000\nburst = 100000\n\n[retry]\nfirst_ms = 100\nmax_ms = 1000\n\n[breaker]\nfailures = 1000\nopen_ms = 100\n\n[doubt]\ncan_be_asked = true\nask_after_ms = 500\n\n[timeouts]\nconnect_ms = 1000\ntotal_ms = 10000\n\n[options]\nurl = \"{stub}/{number}\"\nbank_id = \"BANK{number:02}\"\nfrom = \"COURT{COURT}\"\ntoken = \"bench\"\ncharset = \"UTF-8\"\n"
            );
            write(place.config.join("partners").join(format!("{id}.toml")), text)?;
        }
        Ok(place)
    }

    /// The same without a partner.
    pub fn empty(root: &Path, port: u16) -> anyhow::Result<Self> {
        let config = root.join("config");
        let (submitter, submitter_hash) = mint();
        let (operator, operator_hash) = mint();
        let gateway = format!(
            "[gateway]\norigin = \"xiezhi.bench\"\nlisten = \"127.0.0.1:{port}\"\ndata = \"{}\"\nlog = \"error\"\n\n[limits]\ntoken_per_second = 1000000\nsource_per_second = 1000000\n\n[master_key]\nfile = \"{}\"\n\n[[tokens]]\nname = \"bench-operator\"\nroles = [\"operator\"]\nsha256 = \"{operator_hash}\"\nperson = false\n",
            root.join("data").display(),
            root.join("master.key").display(),
        );
        write(config.join("gateway.toml"), gateway)?;
        let court = format!(
            "code = \"{COURT}\"\nname = \"象山县人民法院\"\ncallback_origins = []\n\n[[accounts]]\nbank_code = \"402332002258\"\nnumber = \"2010000000001234\"\n\n[[tokens]]\nname = \"bench-court\"\nroles = [\"submitter\"]\nsha256 = \"{submitter_hash}\"\nperson = false\n"
        );
        write(config.join("courts").join(format!("{COURT}.toml")), court)?;
        write(config.join("calendar").join("2026.toml"), CALENDAR.to_owned())?;
        Ok(Self { config, submitter, operator })
    }
}

fn write(path: PathBuf, text: String) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// A port that is free now, so that a gateway can come back to where it was.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}
