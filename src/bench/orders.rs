//! What the callers send: ordinary requests with their acts written out, each with its own case, debtor and idempotency key.

use serde_json::{Value, json};

use super::place::{COURT, PARTNERS, partner_id};
use super::wire;

/// Stands in a body where the case's number goes; ten digits wide, like what takes its place.
const CASE_MARK: &str = "@case@@@@@";
/// Stands in the head where the idempotency key's number goes.
const KEY_MARK: &str = "@key@@@@@@";
/// Digits of either.
const DIGITS: usize = 10;
/// Stands in a body with one act where the partner's place goes; two digits wide.
const PARTNER_MARK: &str = "\"bank-00\"";

/// The body of a request with `acts` queries, spread over all partners.
pub fn body(case: &str, digest: &str, acts: usize) -> Value {
    let acts: Vec<Value> = (0..acts)
        .map(|place| json!({ "kind": "query", "partner": partner_id(place % PARTNERS), "subject": 0 }))
        .collect();
    let officer = |name: &str, number: &str| json!({ "name": name, "work_id": format!("GZ{number}"), "duty_id": format!("GW{number}"), "phone": "0574-00000000" });
    json!({
        "case": {
            "number": format!("(2026)浙0225执{case}号"), "stage": "enforcement",
            "court": { "code": COURT, "name": "象山县人民法院" },
            "claim": "123456.78", "costs": "1200.00",
            "parties": [{ "role": "obligor", "kind": "person", "name": "王小渔", "id_type": "20500", "id_number": format!("P{case}") }],
            "account": {
                "holder": "象山县人民法院执行款专户", "bank": "象山农商银行",
                "bank_code": "402332002258", "number": "2010000000001234",
            },
        },
        "acts": acts,
        "officers": [officer("陈听潮", "330225001"), officer("林望海", "330225002")],
        "documents": [{ "kind": "ruling", "number": "(2026)浙0225执1号之一", "file_name": "ruling.pdf", "digest": digest }],
        "priority": "normal",
    })
}

/// A whole request as bytes, with the places where the case's and the key's digits stand.
pub struct Order {
    bytes: Vec<u8>,
    cases: Vec<usize>,
    keys: Vec<usize>,
    /// Of a single act, which goes to another partner each time; a long request has all of them written out.
    partners: Vec<usize>,
}

fn places(bytes: &[u8], mark: &str) -> Vec<usize> {
    let found = bytes.windows(mark.len()).enumerate().filter(|(_, part)| *part == mark.as_bytes());
    found.map(|(at, _)| at).collect()
}

impl Order {
    /// Built once for each caller; only digits change from request to request.
    pub fn new(path: &str, token: &str, digest: &str, acts: usize, run: u64) -> Self {
        let body = body(CASE_MARK, digest, acts).to_string();
        let head = format!("Content-Type: application/json\r\nIdempotency-Key: bench-{run}-{KEY_MARK}\r\n");
        let bytes = wire::request("POST", path, token, &head, &body);
        let partners = if acts == 1 { places(&bytes, PARTNER_MARK) } else { Vec::new() };
        Self { cases: places(&bytes, CASE_MARK), keys: places(&bytes, KEY_MARK), partners, bytes }
    }

    /// The request for one case under one key.
    pub fn fill(&mut self, case: u64, key: u64) -> &[u8] {
        for (places, number) in [(&self.cases, case), (&self.keys, key)] {
            let digits = format!("{number:0width$}", width = DIGITS);
            for at in places {
                if let Some(place) = self.bytes.get_mut(*at..*at + DIGITS) {
                    place.copy_from_slice(digits.as_bytes().get(..DIGITS).unwrap_or(CASE_MARK.as_bytes()));
                }
            }
        }
        let partner = format!("\"{}\"", partner_id(usize::try_from(key).unwrap_or(0) % PARTNERS));
        for at in &self.partners {
            if let Some(place) = self.bytes.get_mut(*at..*at + PARTNER_MARK.len()) {
                place.copy_from_slice(partner.as_bytes());
            }
        }
        &self.bytes
    }
}
