//! A task as a partner reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use crate::day::Day;
use crate::money::{Fen, parse_yuan};

/// The longest number.
const NUMBER_CHARS_MAX: usize = 100;

/// Whom a task is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub kind: String,
    pub name: String,
    pub id_type: String,
    pub id_number: String,
}

/// Where money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payee {
    pub holder: String,
    pub bank: String,
    pub bank_code: String,
    pub number: String,
}

/// What a task builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Original {
    pub number: String,
    pub case_number: String,
}

/// A paper; `bytes` when it was carried.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub kind: String,
    pub bytes: Option<Vec<u8>>,
}

/// A task, read and formally in order.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub number: String,
    pub kind: String,
    pub case_number: String,
    pub court: String,
    pub stage: String,
    pub subject: Subject,
    /// How many officers with a name and a credential.
    pub officers: usize,
    pub papers: Vec<Paper>,
    pub destination: Option<Payee>,
    pub asset: Option<String>,
    pub amount: Option<Fen>,
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub original: Option<Original>,
    pub note: Option<String>,
    /// The whole task, for what an industry adds.
    pub json: Value,
}

impl Task {
    /// Is there a paper of that kind, with its bytes?
    pub(crate) fn carries(&self, kind: &str) -> bool {
        self.papers.iter().any(|paper| paper.kind == kind && paper.bytes.is_some())
    }

    /// Reads a task; the error is what is answered with 422.
    pub(crate) fn read(json: Value) -> Result<Task, Box<Answer>> {
        let number = must(&json, "/number")?;
        if number.chars().count() > NUMBER_CHARS_MAX {
            return Err(defect("other", "编号过长"));
        }
        must(&json, "/issued_at")?;
        let destination = json.pointer("/destination").filter(|d| d.is_object()).map(|_| Payee {
            holder: text(&json, "/destination/holder"),
            bank: text(&json, "/destination/bank"),
            bank_code: text(&json, "/destination/bank_code"),
            number: text(&json, "/destination/number"),
        });
        let original = json.pointer("/original").filter(|o| o.is_object()).map(|_| Original {
            number: text(&json, "/original/number"),
            case_number: text(&json, "/original/case_number"),
        });
        Ok(Task {
            number,
            kind: must(&json, "/kind")?,
            case_number: must(&json, "/case/number")?,
            court: must(&json, "/case/court/name")?,
            stage: must(&json, "/case/stage")?,
            subject: Subject {
                kind: must(&json, "/subject/kind")?,
                name: must(&json, "/subject/name")?,
                id_type: must(&json, "/subject/id_type")?,
                id_number: must(&json, "/subject/id_number")?,
            },
            officers: officers(&json)?,
            papers: papers(&json)?,
            destination,
            asset: Some(text(&json, "/asset")).filter(|asset| !asset.is_empty()),
            amount: optional(&json, "/amount", parse_yuan)?,
            from: optional(&json, "/from", Day::parse)?,
            to: optional(&json, "/to", Day::parse)?,
            original,
            note: Some(text(&json, "/note")).filter(|note| !note.is_empty()),
            json,
        })
    }
}

fn defect(reason: &'static str, words: &str) -> Box<Answer> {
    Box::new(Answer::handed_back(reason, words))
}

fn text(json: &Value, at: &str) -> String {
    json.pointer(at).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

fn must(json: &Value, at: &str) -> Result<String, Box<Answer>> {
    match text(json, at) {
        text if text.is_empty() => Err(defect("other", &format!("缺少 {at}"))),
        text => Ok(text),
    }
}

fn optional<T>(json: &Value, at: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Box<Answer>> {
    match json.pointer(at) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => read(text).map(Some).ok_or_else(|| defect("other", &format!("{at} 格式不符"))),
        Some(_) => Err(defect("other", &format!("{at} 格式不符"))),
    }
}

fn officers(json: &Value) -> Result<usize, Box<Answer>> {
    let listed = json.pointer("/officers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let has = |officer: &Value, at: &str| !text(officer, at).is_empty();
    let whole = listed.iter().filter(|o| has(o, "/name") && (has(o, "/work_id") || has(o, "/duty_id"))).count();
    if whole == 0 || whole < listed.len() {
        return Err(defect("credential_missing", "承办人姓名或证件号码缺失"));
    }
    Ok(whole)
}

fn papers(json: &Value) -> Result<Vec<Paper>, Box<Answer>> {
    let listed = json.pointer("/papers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    listed.iter().map(paper).collect()
}

fn paper(json: &Value) -> Result<Paper, Box<Answer>> {
    let bytes = match json.pointer("/content").and_then(Value::as_str) {
        None => None,
        Some(content) => {
            let bytes = STANDARD.decode(content).map_err(|_| defect("paper_missing", "文书内容无法解码"))?;
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            if bytes.is_empty() || digest != text(json, "/sha256") {
                return Err(defect("paper_missing", "文书为空或摘要不符"));
            }
            Some(bytes)
        }
    };
    Ok(Paper { kind: must(json, "/kind")?, bytes })
}
