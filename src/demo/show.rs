//! What the demo shows in the terminal: progress per act, the table, the ledger, the receipt, the trail.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use store::disk::RealDisk;
use store::journal::each_record;
use trail::{Auditor, NoteVerifier, ReceiptVerifier};

use super::county::{CASE, DemoCounty};
use super::files::Place;
use crate::client::{Client, number_at, text_at};

/// The last state shown of each act.
pub type Seen = BTreeMap<String, String>;

/// Where lines go: standard output, or standard error when that carries JSON.
pub struct Show {
    json: bool,
}

impl Show {
    /// With `json`, everything but the first line goes to standard error.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a line; a closed terminal is no reason to stop.
    pub fn line(&self, text: &str) {
        let _closed = if self.json {
            writeln!(std::io::stderr().lock(), "{text}")
        } else {
            writeln!(std::io::stdout().lock(), "{text}")
        };
    }

    /// The one JSON line.
    pub fn first_line(&self, gateway: &str, place: &Place, partners: &[Value]) -> anyhow::Result<()> {
        let tokens = &place.tokens;
        let line = json!({
            "gateway": gateway,
            "tokens": {
                "submitter": tokens.submitter, "officer": tokens.officer, "approver": tokens.approver,
                "auditor": tokens.auditor, "operator": tokens.operator,
            },
            "partners": partners, "data": place.data, "pid": std::process::id(), "root": place.root,
        });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        Ok(())
    }

    /// What is about to happen.
    pub fn headline(&self, county: &DemoCounty, claim: simulators::Fen, url: &str, partners: &[Value]) {
        self.line("獬豸 xiezhi demo · 虚构的县，虚构的人 a made-up county, made-up people");
        self.line(&format!("gateway  {url}"));
        for partner in partners {
            let text = |key: &str| partner.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            self.line(&format!("partner  {:<9} {}", text("id"), text("url")));
        }
        self.line(&format!(
            "案件 case {CASE} · 被执行人 debtor {} · 标的 claim {} + 1200.00",
            county.debtor_name(),
            simulators::yuan(claim)
        ));
        self.line("");
    }

    /// A line for each act that changed its state.
    pub fn progress(&self, view: &Value, seen: &mut Seen, began: Instant) {
        for act in view.get("acts").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| act.get(key).and_then(Value::as_str).unwrap_or_default();
            let (id, state) = (text("id"), text("state"));
            if seen.get(id).is_some_and(|last| last == state) {
                continue;
            }
            seen.insert(id.to_owned(), state.to_owned());
            let what = act.pointer("/next/what").and_then(Value::as_str).unwrap_or_default();
            self.line(&format!(
                "[{:>6.2}s] {:<9} {:<9} {:>12} {:<11} {what}",
                began.elapsed().as_secs_f64(),
                text("partner"),
                text("kind"),
                text("amount"),
                state
            ));
        }
    }

    /// The table of acts.
    pub fn acts(&self, view: &Value) {
        self.line("");
        self.line("partner   act       slip-line                account               ordered      result        sum");
        for act in view.get("acts").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| act.get(key).and_then(Value::as_str).unwrap_or_default();
            let last = act.get("outcomes").and_then(Value::as_array).and_then(|all| all.last());
            let of = |key: &str| last.and_then(|last| last.get(key)).and_then(Value::as_str).unwrap_or_default();
            let sum = if of("moved").is_empty() { of("caught") } else { of("moved") };
            let line = act.get("line").and_then(Value::as_u64).unwrap_or(0);
            self.line(&format!(
                "{:<9} {:<9} {}-{line:<3} {:<20} {:>12} {:>11} {:>10}",
                text("partner"),
                text("kind"),
                text("slip"),
                text("account"),
                text("amount"),
                if of("verdict").is_empty() { text("state") } else { of("verdict") },
                sum
            ));
        }
    }

    /// The ledger.
    pub fn ledger(&self, view: &Value) {
        self.line("");
        let sum = |key: &str| view.pointer(&format!("/ledger/{key}")).and_then(Value::as_str).unwrap_or_default();
        self.line(&format!(
            "台账 ledger: 标的 target {} · 已冻结 controlled {} · 已扣划 deducted {} · 存疑 in doubt {}",
            sum("target"),
            sum("controlled"),
            sum("deducted"),
            sum("in_doubt")
        ));
    }

    /// The trail, verified from the files with the public key alone.
    pub fn trail(&self, place: &Place) -> anyhow::Result<()> {
        let keys = place.data.join("trail").join("checkpoint.key");
        let Ok(key) = std::fs::read_to_string(&keys) else { return Ok(()) };
        let key = NoteVerifier::parse(key.trim()).map_err(|error| anyhow::anyhow!("{error}"))?;
        let note = std::fs::read(place.data.join("trail").join("checkpoint")).context("reading the checkpoint")?;
        let mut auditor = Auditor::new(&note, &[key]);
        let leaves = each_record(&RealDisk, &place.data, &mut |_, record| {
            auditor.leaf(record.leaf).map_err(|error| std::io::Error::other(error.to_string()))
        })?;
        let verdict = auditor.finish();
        if !verdict.is_sound() {
            bail!("the trail is not sound: {:?}", verdict.findings);
        }
        self.line(&format!("留痕 trail: {leaves} leaves, signed checkpoint sound, root {}", verdict.root));
        Ok(())
    }

    /// How to go on by hand.
    pub fn stays_up(&self, url: &str, place: &Place) {
        self.line("");
        self.line(&format!("stays up at {url} (Ctrl-C ends it); everything is under {}", place.root.display()));
        self.line("for the tour in README.md, in another terminal:");
        let tokens = &place.tokens;
        let named = [
            ("SUBMITTER", &tokens.submitter),
            ("OFFICER", &tokens.officer),
            ("APPROVER", &tokens.approver),
            ("OPERATOR", &tokens.operator),
            ("AUDITOR", &tokens.auditor),
        ];
        let exports: String = named.iter().map(|(name, token)| format!(" {name}={token}")).collect();
        self.line(&format!("  export URL={url}{exports}"));
        self.line("  curl -H \"Authorization: Bearer $SUBMITTER\" $URL/v1/requests");
    }
}

/// Checks the receipt with the public key, and that the trail includes what it names.
pub async fn receipt(client: &Client, place: &Place, accepted: &Value, show: &Show) -> anyhow::Result<()> {
    use base64_text::decode;
    let keys = client.get("/trail/keys").await?;
    let (receipt_key, checkpoint_key) = (text_at(&keys, "/receipt")?, text_at(&keys, "/checkpoint")?);
    std::fs::write(place.data.join("trail").join("checkpoint.key"), &checkpoint_key)
        .context("keeping the public key")?;
    let sequence = number_at(accepted, "/receipt/sequence")?;
    let leaf_hash = text_at(accepted, "/receipt/leaf_hash")?;
    let log = checkpoint_key.split('+').next().unwrap_or_default();
    let text = format!(r#"{{"leaf_hash":"{leaf_hash}","log":"{log}","sequence":{sequence}}}"#);
    let verifier = ReceiptVerifier::parse(&receipt_key).map_err(|error| anyhow::anyhow!("{error}"))?;
    let signature =
        decode(&text_at(accepted, "/receipt/signature")?).context("the receipt's signature is no Base64")?;
    let signature: [u8; 64] = signature.as_slice().try_into().context("the receipt's signature is not 64 bytes")?;
    verifier
        .verify(engine::runtime::trail::RECEIPT_CONTEXT, text.as_bytes(), &signature)
        .map_err(|error| anyhow::anyhow!("the receipt does not verify: {error}"))?;
    show.line(&format!(
        "回执 receipt: sequence {sequence}, leaf {}…, signature verified",
        leaf_hash.get(..16).unwrap_or_default()
    ));
    Ok(())
}

mod base64_text {
    //! Standard Base64, as receipts carry it.
    pub fn decode(text: &str) -> Option<Vec<u8>> {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(text).ok()
    }
}
