//! What proves an act, checked offline: every event against its leaf, its place in the tree and the act; and that none is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, bail, ensure};
use domain::day::show_instant;
use domain::{ActId, CaseId, RequestId};
use serde_json::Value;
use store::record::{ActRef, ExchangeEnded, Fact, Leaf, read_leaf};
use trail::{Bundle, Hash, NoteVerifier, ReceiptVerifier};

/// What came of a check that found nothing altered.
pub struct Checked {
    /// Events that are proven.
    pub proven: usize,
    /// The largest tree that they are proven in, in leaves.
    pub tree_size: u64,
    /// Why it proves less than it should; empty when it is whole.
    pub lacks: Vec<String>,
}

impl Checked {
    /// Is every event of the act there and proven?
    pub fn is_whole(&self) -> bool {
        self.lacks.is_empty()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_whole() { "sound" } else { "NOT COMPLETE" };
        write!(out, "evidence {word}: {} events proven in a tree of {}", self.proven, self.tree_size)?;
        for lack in &self.lacks {
            write!(out, "; {lack}")?;
        }
        write!(
            out,
            "\nonly the events are proven; times, people, sums and papers beside them are the gateway's reading of them"
        )
    }
}

/// Whose evidence it is, by what stands at the head of each page.
struct Whose {
    act: ActRef,
    request: u64,
    case: u64,
    partner: String,
}

/// Checks every event: its leaf and hash, what is said beside them out of the leaf, that it is of the act, and its proof against the
/// checkpoint that came with it, which must be signed by `key`; then that all are there, by the head that `receipts` signed.
///
/// # Errors
/// Whatever was altered, with the event and what does not fit.
pub fn check(saved: &Value, key: &NoteVerifier, receipts: Option<&ReceiptVerifier>) -> anyhow::Result<Checked> {
    let pages: Vec<&Value> = match saved {
        Value::Array(pages) => pages.iter().collect(),
        page => vec![page],
    };
    let last = *pages.last().context("there is no page: nothing is proven")?;
    let whose = whose(last)?;
    let mut checked = Checked { proven: 0, tree_size: 0, lacks: Vec::new() };
    let (mut seen, mut tasks, mut uncovered) = (BTreeMap::new(), BTreeSet::new(), 0_usize);
    for page in &pages {
        for head in ["act", "request", "case"] {
            ensure!(page.get(head) == last.get(head), "the pages are not of one act: `{head}` differs");
        }
        let checkpoint = page.get("checkpoint").and_then(Value::as_str).context("a page has no checkpoint")?;
        for event in page.get("events").and_then(Value::as_array).context("a page has no events")? {
            let (index, bytes, leaf) = leaf_of(event)?;
            ensure!(
                seen.last_key_value().is_none_or(|(before, _)| *before < index),
                "event {index}: it is out of order or stands twice"
            );
            seen.insert(index, trail::leaf_hash(&bytes));
            ensure!(whose.is_of(index, &leaf.fact, &mut tasks), "event {index} is not about this act");
            if index == whose.act.0 {
                let stated = last.get("order_digest").and_then(Value::as_str);
                ensure!(
                    stated == leaf.body_digest.as_deref(),
                    "order_digest is not the one in event {index}: it was altered"
                );
            }
            match proof_of(event, index)? {
                None => uncovered += 1,
                Some(proof) => {
                    let bundle = Bundle { leaf: bytes, index, proof, checkpoint: checkpoint.to_owned() };
                    let verified = bundle
                        .check(std::slice::from_ref(key))
                        .map_err(|error| anyhow::anyhow!("event {index} is not proven: {error}"))?;
                    checked.proven += 1;
                    checked.tree_size = checked.tree_size.max(verified.checkpoint.size());
                }
            }
        }
    }
    checked.lacks = lacks(last, &whose, &seen, uncovered);
    checked.lacks.extend(super::head::lack(last, (key, receipts), &seen)?);
    Ok(checked)
}

fn whose(page: &Value) -> anyhow::Result<Whose> {
    let text = |name: &str| page.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no {name}"));
    let act = ActId::parse(text("act")?).context("`act` is no id of an act")?;
    let request = RequestId::parse(text("request")?).context("`request` is no id of a request")?;
    let case = CaseId::parse(text("case")?).context("`case` is no id of a case")?;
    let partner = page.get("partner").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Whose { act: ActRef::from(act), request: request.0, case: case.0, partner })
}

/// An event's place, its leaf's bytes and what they say, all three held against what stands beside them.
fn leaf_of(event: &Value) -> anyhow::Result<(u64, Vec<u8>, Leaf)> {
    let index = event.get("sequence").and_then(Value::as_u64).context("an event has no sequence")?;
    // The leaf is canonical JSON, and serde_json writes what it read in that form.
    let bytes = serde_json::to_vec(event.get("leaf").with_context(|| format!("event {index} has no leaf"))?)?;
    let stated = event.get("leaf_hash").and_then(Value::as_str).and_then(hash_of);
    if stated != Some(trail::leaf_hash(&bytes)) {
        bail!("event {index}: its leaf does not have the hash that stands beside it: it was altered");
    }
    let leaf = read_leaf(&bytes).map_err(|error| anyhow::anyhow!("event {index}: its leaf cannot be read: {error}"))?;
    if event.get("name").and_then(Value::as_str) != Some(leaf.fact.name()) {
        bail!("event {index}: its name is not the one in its leaf: it was altered");
    }
    if event.get("at").and_then(Value::as_str) != Some(show_instant(leaf.at).as_str()) {
        bail!("event {index}: its time is not the one in its leaf: it was altered");
    }
    Ok((index, bytes, leaf))
}

fn proof_of(event: &Value, index: u64) -> anyhow::Result<Option<Vec<Hash>>> {
    let Some(hashes) = event.get("proof").and_then(Value::as_array) else { return Ok(None) };
    let proof = hashes.iter().map(|hash| hash.as_str().and_then(hash_of)).collect::<Option<Vec<Hash>>>();
    proof.map(Some).with_context(|| format!("event {index}: a hash of its proof is none"))
}

/// What keeps it from being the whole of it.
fn lacks(last: &Value, whose: &Whose, seen: &BTreeMap<u64, Hash>, uncovered: usize) -> Vec<String> {
    let mut lacks = Vec::new();
    let total = last.get("events_total").and_then(Value::as_u64).and_then(|total| usize::try_from(total).ok());
    if total != Some(seen.len()) {
        lacks.push(format!("{} of {} events are here", seen.len(), total.unwrap_or_default()));
    }
    for (place, what) in [(whose.request, "asked for it"), (whose.act.0, "planned it")] {
        if !seen.contains_key(&place) {
            lacks.push(format!("event {place}, which {what}, is missing"));
        }
    }
    if !last.get("next").is_some_and(Value::is_null) {
        lacks.push("the last page is missing: fetch on with its cursor".to_owned());
    }
    if last.get("complete").and_then(Value::as_bool) != Some(true) {
        lacks.push("the gateway itself says that not every event was looked at".to_owned());
    }
    if uncovered > 0 {
        lacks.push(format!("{uncovered} are newer than the checkpoint: ask again in a second"));
    }
    lacks
}

impl Whose {
    /// Is an event about this act, its request as a whole, its case, or may it have held it? `tasks` are those about it so far.
    fn is_of(&self, index: u64, fact: &Fact, tasks: &mut BTreeSet<u64>) -> bool {
        let act = self.act;
        match fact {
            Fact::RequestAccepted(_) => index == self.request,
            Fact::PlanExtended(fact) => index == act.0 && fact.request == self.request,
            Fact::RequestApproved(fact) => fact.request == self.request,
            Fact::RequestStopped(fact) => fact.request == self.request,
            Fact::DeadlinePassed(fact) => fact.request == self.request,
            Fact::RequestFinished(fact) => fact.request == self.request,
            Fact::ExchangeBegan(fact) => fact.acts.contains(&act),
            // Another act's failure let the lane rest, or its success ended that.
            Fact::ExchangeEnded(fact) => fact.act == act || self.is_of_breaker(fact),
            Fact::OutcomeReceived(fact) => fact.act == act,
            Fact::LeadReceived(fact) => fact.act == act,
            Fact::ActWithdrawn(fact) => fact.act == act,
            Fact::ActResolved(fact) => fact.act == act,
            Fact::ActClaimed(fact) => fact.act == act,
            Fact::MeasureChanged(fact) => fact.measure == act,
            Fact::MeasureLapsed(fact) => fact.measures.contains(&act),
            Fact::SettlementReceived(fact) => fact.act == Some(act),
            Fact::TaskRaised(fact) if fact.act == Some(act) || fact.measure == Some(act) => tasks.insert(index),
            Fact::TaskEnded(fact) => tasks.contains(&fact.task),
            Fact::CaseHalted(fact) => fact.case == self.case,
            Fact::CaseResumed(fact) => fact.case == self.case,
            Fact::ErasureProposed(fact) => fact.case == self.case,
            Fact::CaseErased(fact) => fact.case == self.case,
            Fact::LanePaused(fact) => fact.partner == self.partner,
            Fact::LaneResumed(fact) => fact.partner == self.partner,
            Fact::ActHeld(fact) => fact.acts.contains(&act) && fact.partner == self.partner,
            Fact::ActFreed(fact) => fact.acts.contains(&act) && fact.partner == self.partner,
            Fact::StopOrdered(_) | Fact::StopLifted(_) | Fact::ConfigLoaded(_) | Fact::GatewayStarted(_) => true,
            _ => false,
        }
    }

    fn is_of_breaker(&self, fact: &ExchangeEnded) -> bool {
        let answered = !matches!(fact.judged.as_str(), "not_sent" | "doubt");
        fact.partner == self.partner && (fact.breaks.is_some() || answered)
    }
}

fn hash_of(hex: &str) -> Option<Hash> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits = hex.as_bytes().iter().map(digit).collect::<Option<Vec<u8>>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect();
    if hex.len() == 64 { Hash::from_slice(&bytes) } else { None }
}
