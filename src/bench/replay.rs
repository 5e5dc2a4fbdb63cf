//! Replay: a journal written by the production decider, vault and journal, then taken up from nothing, without a snapshot.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use domain::Personal;
use domain::act::ActOrder;
use domain::outcome::{FoundAccount, Outcome, Verdict};
use domain::request::{Asked, Request};
use domain::socket::Judged;
use domain::{ActKind, Money};
use engine::clock::{Clock as _, SystemClock};
use engine::command::{Command, Decision, StoreDocument, Submit};
use engine::decide::Decider;
use engine::runtime::opening::{Taken, take_up};
use engine::vault::VaultKeyring;
use serde_json::json;
use store::disk::{Disk, RealDisk};
use store::keys::Masters;
use store::random::OsRandom;

use super::place::{COURT, PARTNERS, Place, partner_id};
use super::role::say;
use super::rounds::float;
use crate::serve::{all_faults, master_key};
use crate::settings::{Overrides, Settings, load};

/// Requests decided between two commits.
const COMMIT_REQUESTS: u64 = 256;
/// Events of a request with one act: accepted, began, ended, finished.
const EVENTS_PER_REQUEST: u64 = 4;
/// A new case with every so many requests.
const REQUESTS_PER_CASE: u64 = 2;

struct Writer {
    taken: Taken,
    decider: Decider,
    clock: SystemClock,
}

impl Writer {
    fn start(settings: &Settings) -> anyhow::Result<Self> {
        let mut taken = open(settings)?;
        let keyring = VaultKeyring::new(Arc::clone(taken.vault.keys()), Box::new(OsRandom));
        let state = std::mem::take(&mut taken.state);
        let decider = Decider::new(state, Box::new(keyring), Box::new(OsRandom));
        let mut writer = Self { taken, decider, clock: SystemClock::new() };
        writer.decide(Command::Start { version: "bench".to_owned() })?;
        writer.decide(Command::Configure(Arc::clone(&settings.config)))?;
        Ok(writer)
    }

    fn keep(&self, decision: &Decision) -> anyhow::Result<()> {
        if decision.events.is_empty() {
            return Ok(());
        }
        let numbered = (decision.first..).zip(&decision.events);
        let written = numbered.map(|(sequence, event)| self.taken.vault.write(sequence, event, &mut OsRandom));
        let written = written.collect::<Result<Vec<_>, _>>()?;
        self.taken.vault.keep(self.taken.journal.durable_size(), &written, &mut OsRandom)?;
        let records: Vec<_> = written.iter().map(engine::vault::Written::as_record).collect();
        self.taken.journal.append(self.taken.fence, &[], &records)?;
        Ok(())
    }

    fn decide(&mut self, command: Command) -> anyhow::Result<Decision> {
        let decision = self.decider.decide(command, self.clock.wall());
        if let Err(refusal) = &decision.answer {
            return Err(anyhow!("the decider refused: {refusal:?}"));
        }
        self.keep(&decision)?;
        Ok(decision)
    }

    fn commit(&self) -> anyhow::Result<()> {
        self.taken.vault.keys().sync()?;
        self.taken.journal.commit(u64::try_from(self.clock.wall())?)?;
        Ok(())
    }

    /// A document that requests may name; its bytes are never asked for.
    fn document(&mut self) -> anyhow::Result<()> {
        let made = self.taken.vault.keys().create(1, &mut OsRandom)?;
        let slot = made.first().map(|(slot, _)| *slot).context("no key was made")?;
        let document = StoreDocument {
            key: (1, 1),
            digest: format!("sha256:{}", "0".repeat(64)),
            file_name: "ruling.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            blob: "0".repeat(64),
            bytes: 1,
            slot,
            court: COURT.to_owned(),
            token: "bench-court".to_owned(),
        };
        self.decide(Command::StoreDocument(Box::new(document)))?;
        self.commit()
    }

    /// One request with one query, from acceptance to its end.
    fn request(&mut self, template: &Request, number: u64) -> anyhow::Result<()> {
        let case = number / REQUESTS_PER_CASE;
        let mut request = template.clone();
        request.case.number = Personal::new(format!("(2026)浙0225执{}号", case + 1));
        let partner = partner_id(usize::try_from(number)? % PARTNERS);
        let act = ActOrder { partner, ..query(template).context("the template has no act")? };
        request.asked = Asked::Acts(vec![act]);
        let submit = Submit {
            token: "bench-court".to_owned(),
            idempotency: (1, number),
            fingerprint: (2, number),
            case_key: (3, case),
            subjects: vec![case],
            preservation: None,
            paper_keys: vec![(1, 1)],
            shown: BTreeSet::new(),
            request: Arc::new(request),
        };
        self.decide(Command::Submit(Box::new(submit)))?;
        let begun = self.decider.pump(self.clock.wall());
        self.keep(&begun)?;
        for effect in begun.effects {
            let judged = Judged::Answered(Box::new(answer()));
            self.decide(Command::Ended { exchange: effect.exchange, act: effect.act, judged })?;
        }
        Ok(())
    }
}

fn query(template: &Request) -> Option<ActOrder> {
    match &template.asked {
        Asked::Acts(acts) => acts.first().filter(|act| act.kind == ActKind::Query).cloned(),
        Asked::Goal { .. } => None,
    }
}

/// What the stub answers, as the adapter reads it.
fn answer() -> Outcome {
    let mut outcome = Outcome::of(Verdict::Done);
    outcome.accounts = vec![FoundAccount {
        asset: domain::outcome::AssetKind::Cash,
        details: Vec::new(),
        role: domain::outcome::AssetRole::Owner,
        number: Personal::from("6222000000000000017"),
        class: "活期".to_owned(),
        status: "0".to_owned(),
        currency: "CNY".to_owned(),
        balance: Some(Money::from_fen(1_823_456)),
        available: Some(Money::from_fen(1_823_456)),
        branch: "象山支行".to_owned(),
        ahead: Vec::new(),
    }];
    outcome
}

fn open(settings: &Settings) -> anyhow::Result<Taken> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let masters = Masters { current: master_key(&settings.master, &settings.data)?, previous: None };
    Ok(take_up(&disk, &settings.data, masters, &settings.origin, false)?)
}

/// Runs the role: writes `events` below `root`, then folds them.
pub fn run(root: &Path, events: u64) -> anyhow::Result<()> {
    say(&json!({ "url": "" }))?;
    let place = Place::make(root, 0, "http://127.0.0.1:9")?;
    let settings = load(&place.config, &Overrides::default()).map_err(all_faults)?;
    std::fs::create_dir_all(&settings.data)?;
    let body = super::orders::body("0", &format!("sha256:{}", "0".repeat(64)), 1).to_string();
    let template =
        web::understand(body.as_bytes()).map_err(|_| anyhow!("the bench's own request is not understood"))?.0;
    let began = Instant::now();
    let mut writer = Writer::start(&settings)?;
    writer.document()?;
    for number in 0..events.div_ceil(EVENTS_PER_REQUEST) {
        writer.request(&template, number)?;
        if number % COMMIT_REQUESTS == 0 {
            writer.commit()?;
        }
    }
    writer.commit()?;
    writer.taken.journal.close()?;
    drop(writer);
    let wrote = began.elapsed().as_secs_f64();
    let (began, cpu) = (Instant::now(), super::usage::cpu_seconds(std::process::id())?);
    let taken = open(&settings)?;
    let folded = began.elapsed().as_secs_f64();
    let cpu = super::usage::cpu_seconds(std::process::id())? - cpu;
    let events = float(taken.state.next);
    say(&json!({
        "events": events, "wrote_per_second": events / wrote, "folded_per_second": events / folded,
        "folded_cpu": cpu, "snapshot": taken.snapshot,
    }))
}
