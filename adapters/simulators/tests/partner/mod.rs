//! One simulated partner of the open form, whichever its industry: tasks, questions and its admin port over HTTP.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use serde_json::{Value, json};
use simulators::insurance::InsurerRules;
use simulators::{
    Callback, CallbackRecord, County, Day, HousingFund, HousingFundConfig, Insurance, InsuranceConfig, OpenConfig,
    Police, PoliceConfig, SimulatorError,
};

/// 2026-11-22T10:15:30+08:00.
const OPENED_MS: i64 = 1_795_313_730_000;
pub const POLICY: &str = "BX3302250000000017";
pub const ACCOUNT: &str = "GJJ3302250000017";
pub const DEBTOR: &str = "330225189506120170";
pub const INSURED: &str = "330225189802030264";
pub const PLATE: &str = "浙BO0000";
/// The notice period, in days long enough that only `advance_ms` brings them.
pub const WINDOW_MS: u64 = 15 * 10_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Industry {
    Insurance,
    HousingFund,
    Police,
}

pub const INDUSTRIES: [Industry; 3] = [Industry::Insurance, Industry::HousingFund, Industry::Police];

pub enum Partner {
    Insurance(Insurance),
    HousingFund(HousingFund),
    Police(Police),
}

fn open(ledger: Option<&Path>) -> OpenConfig {
    let first_day = Day::parse("2026-11-22").unwrap();
    let ledger = ledger.map(Path::to_owned);
    OpenConfig { token: "token".to_owned(), repeat_ms: 1, first_day, ledger, ..OpenConfig::default() }
}

impl Partner {
    pub fn start(industry: Industry, ledger: Option<&Path>) -> Result<Partner, SimulatorError> {
        let (open, county) = (open(ledger), County::of_the_samples());
        Ok(match industry {
            Industry::Insurance => {
                let rules = InsurerRules { day_ms: WINDOW_MS / 15, ..InsurerRules::default() };
                let config = InsuranceConfig { open, rules };
                Partner::Insurance(Insurance::start_with(Insurance::of_the_samples(), config)?)
            }
            Industry::HousingFund => {
                let config = HousingFundConfig { open, review_ms: u64::MAX, ..HousingFundConfig::default() };
                Partner::HousingFund(HousingFund::start(&county, config)?)
            }
            Industry::Police => {
                let (opened_ms, answer_after_ms) = (Some(OPENED_MS), None);
                Partner::Police(Police::start(
                    &county,
                    PoliceConfig { open, opened_ms, answer_after_ms, ..PoliceConfig::default() },
                )?)
            }
        })
    }

    pub fn url(&self) -> &str {
        match self {
            Partner::Insurance(own) => own.url(),
            Partner::HousingFund(own) => own.url(),
            Partner::Police(own) => own.url(),
        }
    }

    pub fn admin_url(&self) -> &str {
        match self {
            Partner::Insurance(own) => own.admin_url(),
            Partner::HousingFund(own) => own.admin_url(),
            Partner::Police(own) => own.admin_url(),
        }
    }

    pub fn call_back(&self, callback: Callback) {
        match self {
            Partner::Insurance(own) => own.call_back(callback),
            Partner::HousingFund(own) => own.call_back(callback),
            Partner::Police(own) => own.call_back(callback),
        }
    }

    pub fn all_posted(&self) -> bool {
        match self {
            Partner::Insurance(own) => own.all_posted(),
            Partner::HousingFund(own) => own.all_posted(),
            Partner::Police(own) => own.all_posted(),
        }
    }

    pub fn callbacks(&self) -> Vec<CallbackRecord> {
        match self {
            Partner::Insurance(own) => own.callbacks(),
            Partner::HousingFund(own) => own.callbacks(),
            Partner::Police(own) => own.callbacks(),
        }
    }

    pub fn taken(&self) -> usize {
        match self {
            Partner::Insurance(own) => own.taken(),
            Partner::HousingFund(own) => own.taken(),
            Partner::Police(own) => own.taken(),
        }
    }

    /// How often each number took effect, and what was paid.
    pub fn effect_count(&self, number: &str) -> usize {
        match self {
            Partner::Insurance(own) => own.books().effect_count(number),
            Partner::HousingFund(own) => own.books().effect_count(number),
            Partner::Police(own) => own.books().effect_count(number),
        }
    }

    pub fn paid(&self) -> Vec<(String, i64)> {
        match self {
            Partner::Insurance(own) => {
                own.books().paid_out().iter().map(|paid| (paid.number.clone(), paid.amount)).collect()
            }
            Partner::HousingFund(own) => {
                own.books().paid_out().iter().map(|paid| (paid.number.clone(), paid.amount)).collect()
            }
            Partner::Police(_) => Vec::new(),
        }
    }

    pub async fn send(&self, task: &Value) -> (u16, Value) {
        call("POST", &format!("{}/v1/tasks", self.url()), Some(task)).await
    }

    pub async fn ask(&self, number: &str) -> (u16, Value) {
        call("GET", &format!("{}/v1/tasks/{number}", self.url()), None).await
    }

    pub async fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        call(method, &format!("{}{path}", self.admin_url()), body).await
    }

    /// An admin call that must be taken.
    pub async fn tell(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.admin("POST", path, Some(&body)).await;
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    pub async fn look(&self, path: &str) -> Value {
        let (status, answer) = self.admin("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

pub async fn call(method: &str, url: &str, body: Option<&Value>) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build().unwrap();
    let request = client.request(method.parse().unwrap(), url).header("Authorization", "Bearer token");
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut reply = request.body(body).send().await.unwrap();
    let status = reply.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// A golden task of the gateway under another number, building on `original` when that is one.
pub fn task(industry: Industry, name: &str, number: &str, original: &str) -> Value {
    let folder = match industry {
        Industry::Insurance => "insurance",
        Industry::HousingFund => "housing_fund",
        Industry::Police => "police",
    };
    let path = format!("{}/../{folder}/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut task: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    task["number"] = json!(number);
    if !original.is_empty() {
        task["original"]["number"] = json!(original);
    }
    task
}
