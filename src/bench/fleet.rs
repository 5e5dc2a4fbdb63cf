//! Very many partners: how soon a gateway with all their files serves, and what each of them weighs while nobody calls it.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::papers::Papers;
use super::place::{Place, free_port};
use super::report::{Bar, Report};
use super::role::{Role, RoleName};
use super::rounds::float;
use super::usage::{cpu_seconds, rss_kib, rss_peak_kib};

/// The bar on a start.
const START_S_MAX: f64 = 2.0;
/// The bar on the memory of one partner.
const PARTNER_BYTES_MAX: f64 = 100_000.0;
/// How long a gateway is left alone before its memory is looked at: what reading the files took has been given back by then.
const IDLE: Duration = Duration::from_secs(15);
/// A partner's secret: nobody but the gateway may read it.
const SECRET_MODE: u32 = 0o600;

/// Partners of one kind, made from a sample that says everything its adapter may be told.
struct Fleet {
    sample: &'static str,
    /// The sample's own id, in whose place each partner has its own; so each has secrets of its own.
    id: &'static str,
    secrets: &'static [&'static str],
    /// A text that only one partner may have, and what it becomes, `#` standing for the partner's number.
    own: (&'static str, &'static str),
    /// Each has an authority, a certificate of ours and a pinned issuer of its own.
    certified: bool,
    figures: [&'static str; 5],
}

const FLEETS: [Fleet; 3] = [
    Fleet {
        sample: include_str!("../../config/partners/bank-b.toml"),
        id: "bank-b",
        secrets: &["token"],
        own: ("BANKB", "BANKB#"),
        certified: false,
        figures: [
            "partners called by bank_http",
            "  start until it listens (bank_http)",
            "  processor of the start (bank_http)",
            "  memory a partner, idle (bank_http)",
            "  resident at its peak (bank_http)",
        ],
    },
    Fleet {
        sample: include_str!("../../config/partners/payment-a.toml"),
        id: "payment-a",
        secrets: &["token", "hmac"],
        own: ("332211ffeedd", "#11ffeedd"),
        certified: false,
        figures: [
            "partners that their file describes (mapped_json)",
            "  start until it listens (mapped_json)",
            "  processor of the start (mapped_json)",
            "  memory a partner, idle (mapped_json)",
            "  resident at its peak (mapped_json)",
        ],
    },
    Fleet {
        sample: include_str!("../../config/partners/bank-b.toml"),
        id: "bank-b",
        secrets: &["token"],
        own: ("BANKB", "BANKB#"),
        certified: true,
        figures: [
            "partners called with our certificate and a pinned issuer (bank_http, mTLS)",
            "  start until it listens (mTLS)",
            "  processor of the start (mTLS)",
            "  memory a partner, idle (mTLS)",
            "  resident at its peak (mTLS)",
        ],
    },
];

/// What one start came to.
struct Started {
    seconds: f64,
    cpu: f64,
    idle_kib: u64,
    peak_kib: u64,
}

/// Starts a gateway with `partners` of each kind, and one with a single partner to compare its memory with.
pub fn measure(root: &Path, partners: u64, idle: bool, report: &mut Report) -> anyhow::Result<()> {
    let idle = if idle { IDLE } else { Duration::ZERO };
    for fleet in &FLEETS {
        let folder = format!("{}{}", fleet.id, if fleet.certified { "-certified" } else { "" });
        let alone = fleet.start(&root.join(format!("{folder}-alone")), 1, idle)?;
        let all = fleet.start(&root.join(folder), partners, idle)?;
        let grown = all.idle_kib.saturating_sub(alone.idle_kib);
        let [count, start, cpu, weight, peak] = fleet.figures;
        report.add(count, float(partners), "partners");
        report.hold(start, all.seconds, "s", Bar::AtMost(START_S_MAX));
        report.add(cpu, all.cpu, "s");
        let each = float(grown) * 1_024.0 / float(partners.saturating_sub(1).max(1));
        report.hold(weight, each, "bytes", Bar::AtMost(PARTNER_BYTES_MAX));
        report.add(peak, float(all.peak_kib) / 1_024.0, "MiB");
    }
    Ok(())
}

impl Fleet {
    fn start(&self, root: &Path, partners: u64, idle: Duration) -> anyhow::Result<Started> {
        std::fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
        let place = Place::empty(root, free_port()?)?;
        for number in 0..partners {
            self.write(&place.config, number)?;
        }
        let began = Instant::now();
        let gateway = Role::start(RoleName::Gateway, &["--at", &place.config.to_string_lossy()])?;
        let seconds = began.elapsed().as_secs_f64();
        let cpu = cpu_seconds(gateway.pid())?;
        rest(idle)?;
        let (idle_kib, peak_kib) = (rss_kib(gateway.pid()).unwrap_or(0), rss_peak_kib(gateway.pid()).unwrap_or(0));
        gateway.stop()?;
        Ok(Started { seconds, cpu, idle_kib, peak_kib })
    }

    fn write(&self, config: &Path, number: u64) -> anyhow::Result<()> {
        let id = format!("{}{number:04}", self.id);
        let text = self.sample.replace(self.id, &id).replace("retired = true", "retired = false");
        let text = text.replace(self.own.0, &self.own.1.replace('#', &format!("{number:04}")));
        let file = |name: String, mode: u32, text: &str| -> anyhow::Result<()> {
            let path: PathBuf = config.join(name);
            let folder = path.parent().unwrap_or(config);
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&path);
            let mut file = opened.with_context(|| format!("making {}", path.display()))?;
            file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))
        };
        let text = if self.certified {
            let Papers { authority, ours, pin } = Papers::make(&id)?;
            file(format!("tls/{id}-authority.pem"), 0o644, &authority)?;
            file(format!("tls/{id}-ours.pem"), SECRET_MODE, &ours)?;
            let named =
                text.replace("# ca_file = ", "ca_file = ").replace("# client_pem_file = ", "client_pem_file = ");
            named
                .replace("# issuer_pins = \"d0c1…\"", &format!("issuer_pins = \"{pin}\""))
                .replace("http://127.0.0.1:9101/", "https://127.0.0.1:9101/")
        } else {
            text
        };
        file(format!("partners/{id}.toml"), 0o644, &text)?;
        for secret in self.secrets {
            file(format!("secrets/{id}.{secret}"), SECRET_MODE, &format!("{id}-{secret}\n"))?;
        }
        Ok(())
    }
}

/// Lets time pass.
fn rest(time: Duration) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().context("starting a runtime")?;
    // Made within the runtime: a sleep made outside has no clock.
    runtime.block_on(async { tokio::time::sleep(time).await });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Overrides, load};

    #[test]
    fn a_fleet_is_of_sound_partners_each_with_its_own() {
        for fleet in &FLEETS {
            let folder = tempfile::TempDir::new().unwrap();
            let place = Place::empty(folder.path(), 1).unwrap();
            (0..3).for_each(|number| fleet.write(&place.config, number).unwrap());
            let settings = load(&place.config, &Overrides::default()).unwrap_or_else(|faults| panic!("{faults:?}"));
            assert_eq!(settings.config.partners.len(), 3, "{}", fleet.id);
            assert!(settings.config.partners.values().all(|partner| !partner.retired));
            assert!(settings.warnings.iter().all(|fault| !fault.message.contains("may read")));
            let file = std::fs::read_to_string(place.config.join(format!("partners/{}0002.toml", fleet.id))).unwrap();
            let named = ["\nca_file = ", "\nclient_pem_file = ", "\nissuer_pins = ", "\nurl = \"https:"];
            assert!(named.iter().all(|line| file.contains(line) == fleet.certified || fleet.id != "bank-b"), "{file}");
        }
    }
}
