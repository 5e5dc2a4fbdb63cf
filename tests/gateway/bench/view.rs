//! A request as its court sees it.

use serde_json::Value;

/// What `GET /v1/requests/{id}` answered.
#[derive(Clone)]
pub struct View(pub Value);

impl View {
    pub fn state(&self) -> &str {
        self.0["state"].as_str().unwrap_or_default()
    }

    pub fn version(&self) -> u64 {
        self.0["version"].as_u64().unwrap_or_default()
    }

    pub fn ledger(&self, sum: &str) -> &str {
        self.0["ledger"][sum].as_str().unwrap_or_default()
    }

    pub fn acts(&self) -> Vec<&Value> {
        self.0["acts"].as_array().into_iter().flatten().collect()
    }

    /// The acts of a kind, at a partner.
    pub fn acts_of(&self, kind: &str, partner: &str) -> Vec<&Value> {
        self.acts().into_iter().filter(|act| act["kind"] == kind && act["partner"] == partner).collect()
    }

    /// The one act of a kind at a partner.
    pub fn act(&self, kind: &str, partner: &str) -> &Value {
        let found = self.acts_of(kind, partner);
        assert_eq!(found.len(), 1, "one {kind} at {partner} in {:#}", self.0);
        found[0]
    }

    /// The state of the one act of a kind at a partner; empty while there is none.
    pub fn state_of(&self, kind: &str, partner: &str) -> &str {
        self.acts_of(kind, partner).first().and_then(|act| act["state"].as_str()).unwrap_or_default()
    }

    /// All states of acts.
    pub fn states(&self) -> Vec<&str> {
        self.acts().into_iter().filter_map(|act| act["state"].as_str()).collect()
    }

    /// How the partner's books name the act: an order called out, or a line of a pulled slip.
    pub fn key(act: &Value, pulled: bool) -> String {
        let (slip, line) = (act["slip"].as_str().unwrap(), act["line"].as_u64().unwrap());
        if pulled { format!("{slip}/{line}") } else { format!("{slip}-{line}") }
    }
}
