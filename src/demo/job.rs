//! The demo's own work: papers up, one press, and what people and partners do while it runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulators::Fen;

use super::counter;
use super::county::{DemoCounty, PAPERS};
use super::files::Place;
use super::partners::Partners;
use super::show::{self, Seen, Show};
use crate::client::{Client, number_at, text_at};

/// The demo gives up when its request is not finished by then.
const PATIENCE: Duration = Duration::from_secs(50);
/// Partners of the one click; the closed bank is asked by a request of its own.
const IN_SCOPE: [&str; 6] = ["bank-a", "bank-b", "bank-c", "fund-a", "insurer-a", "police-a"];

/// One run.
pub struct Job<'a> {
    court: Client,
    officer: Client,
    approver: Client,
    place: &'a Place,
    county: &'a DemoCounty,
    partners: &'a Partners,
    show: &'a Show,
    claim: Fen,
    began: Instant,
    /// Acts for which the bank's paper was fetched.
    settled: RefCell<BTreeSet<String>>,
    retired: Cell<bool>,
}

impl<'a> Job<'a> {
    /// The job at a gateway.
    pub fn new(
        gateway: &str,
        place: &'a Place,
        county: &'a DemoCounty,
        partners: &'a Partners,
        show: &'a Show,
        claim: Fen,
    ) -> anyhow::Result<Self> {
        let client = |token: &str| Client::new(gateway, token);
        Ok(Self {
            court: client(&place.tokens.submitter)?,
            officer: client(&place.tokens.officer)?,
            approver: client(&place.tokens.approver)?,
            place,
            county,
            partners,
            show,
            claim,
            began: Instant::now(),
            settled: RefCell::default(),
            retired: Cell::new(false),
        })
    }

    fn say(&self, text: &str) {
        self.show.line(&format!("[{:>6.2}s] {text}", self.began.elapsed().as_secs_f64()));
    }

    /// Says whether the request finished.
    pub async fn run(&self) -> anyhow::Result<bool> {
        let mut papers = Vec::new();
        for (kind, name) in PAPERS {
            let digest = self.court.upload(name, "application/pdf", self.county.paper(name)).await?;
            let number = self.county.paper_number(kind, name);
            papers.push(json!({ "kind": kind, "number": number, "file_name": name, "digest": digest }));
        }
        self.say(&format!("文书已上传 {} papers uploaded", papers.len()));
        let ask = |goal, partners: &[&str]| self.county.request(goal, partners, self.claim, &papers);
        let accepted = self.court.submit("demo-collect-1", &ask("collect", &IN_SCOPE)).await?;
        let id = text_at(&accepted, "/request/id")?;
        let sequence = number_at(&accepted, "/receipt/sequence")?;
        self.say(&format!("已受理 accepted {id}, receipt at {sequence}"));
        let elsewhere = self.court.submit("demo-look-1", &ask("look", &["bank-d"])).await?;
        let finished = self.watch(&id).await?;
        let view = self.court.get(&format!("/v1/requests/{id}?page_len=200")).await?;
        self.show.acts(&view);
        self.show.ledger(&view);
        self.closed(&text_at(&elsewhere, "/request/id")?).await?;
        show::receipt(&self.court, self.place, &accepted, self.show).await?;
        self.show.trail(self.place)?;
        self.say(if finished { "已办结 finished" } else { "未办结 not finished" });
        Ok(finished)
    }

    async fn watch(&self, id: &str) -> anyhow::Result<bool> {
        let mut version = 0;
        let mut seen = Seen::default();
        while self.began.elapsed() < PATIENCE {
            let path = format!("/v1/requests/{id}?wait=2s&after_version={version}&page_len=200");
            let view = self.court.get(&path).await?;
            version = number_at(&view, "/version")?;
            self.show.progress(&view, &mut seen, self.began);
            if text_at(&view, "/state")? != "open" {
                return Ok(true);
            }
            for act in view.get("acts").and_then(Value::as_array).into_iter().flatten() {
                self.settle(act).await?;
                self.meet_condition(act)?;
            }
        }
        Ok(false)
    }

    /// A doubt that nobody can be asked about: the bank's paper is fetched, and two persons say what it says.
    async fn settle(&self, act: &Value) -> anyhow::Result<()> {
        let id = text_of(act, "id");
        let is_open = text_of(act, "state") == "in_doubt" && text_of(act, "partner") == "bank-b";
        if !is_open || !self.settled.borrow_mut().insert(id.to_owned()) {
            return Ok(());
        }
        let paper = self.county.paper("半岛农商银行书面答复.pdf");
        let document = self.officer.upload("半岛农商银行书面答复.pdf", "application/pdf", paper).await?;
        let line = act.get("line").and_then(Value::as_u64).unwrap_or_default();
        let number = format!("{}-{line}", text_of(act, "slip"));
        let books = self.partners.books_of("bank-b")?;
        // A demo that was killed while it sent has killed its bank before that had the order.
        let is_late = books.ask(&number).is_none();
        if is_late {
            counter::bring(&books, self.county, act, &number).await?;
        }
        let reason = match (is_late, books.effect_count(&number)) {
            (_, 0) => "银行书面答复：未办理",
            (false, _) => "银行书面答复：已按裁定办理",
            (true, _) => "银行书面答复：系统未收到，已凭纸质文书办理",
        };
        let body = match books.effect_count(&number) {
            0 => json!({ "took_effect": false, "document": document, "reason": reason }),
            _ => {
                json!({ "took_effect": true, "amount": text_of(act, "amount"), "document": document, "reason": reason })
            }
        };
        let path = format!("/v1/acts/{id}/resolve");
        for (who, client) in [("承办人 the officer", &self.officer), ("第二人 a second person", &self.approver)] {
            // After a restart the first may have spoken already.
            match client.post(&path, &body).await {
                Ok(_) => self.say(&format!("凭书面答复确认 resolved with the bank's paper by {who}")),
                Err(error) => self.say(&format!("{who}: {error:#}")),
            }
        }
        Ok(())
    }

    /// The fund has registered the deduction and waits: here the debtor retires within seconds, elsewhere after years.
    fn meet_condition(&self, act: &Value) -> anyhow::Result<()> {
        let last = act.get("outcomes").and_then(Value::as_array).and_then(|all| all.last());
        let waits =
            text_of(act, "kind") == "deduct" && last.is_some_and(|last| text_of(last, "verdict") == "registered");
        if waits && !self.retired.replace(true) {
            self.say("fund-a   已登记，待提取条件成就；被执行人办理退休 registered; the debtor now retires");
            self.partners.retire(self.county)?;
        }
        Ok(())
    }

    async fn closed(&self, id: &str) -> anyhow::Result<()> {
        let view = self.court.get(&format!("/v1/requests/{id}")).await?;
        let next = |key: &str| view.pointer(&format!("/acts/0/next/{key}")).and_then(Value::as_str).unwrap_or_default();
        self.show.line(&format!("bank-d   {id}: {} · {} · {}", next("what"), next("who"), next("by")));
        Ok(())
    }
}

fn text_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
