//! Events of which there is more than one version, and in which of them each is written.

use super::{ActRef, ExchangeBegan, Fact};

impl ExchangeBegan {
    /// One that no agreed limit kept waiting.
    #[must_use]
    pub fn of(acts: Vec<ActRef>, kind: &str, partner: &str) -> Self {
        Self {
            acts,
            kind: kind.to_owned(),
            paced_by: Vec::new(),
            paced_from: Vec::new(),
            paced_until: Vec::new(),
            partner: partner.to_owned(),
        }
    }

    fn says_pace(&self) -> bool {
        !self.paced_by.is_empty() || !self.paced_from.is_empty() || !self.paced_until.is_empty()
    }
}

impl Fact {
    /// Events of which there is more than one version, with the newest; of all others there is version 1.
    pub const VERSIONS: &'static [(&'static str, u8)] = &[("exchange.began", 2)];

    /// The version in which it is written: the oldest that can say all of it.
    #[must_use]
    pub fn version(&self) -> u8 {
        match self {
            Self::ExchangeBegan(fact) if fact.says_pace() => 2,
            _ => 1,
        }
    }
}
