//! A broken promise, and the memory of what led to it.

use std::collections::VecDeque;

/// Steps told when a promise is broken.
const STEPS_TOLD: usize = 40;

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// `P1` … `P6`, `order`, `liveness`.
    pub promise: &'static str,
    /// What was seen.
    pub what: String,
}

/// Shorthand.
pub fn broken<T>(promise: &'static str, what: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { promise, what: what.into() })
}

/// Everything that was done, as a hash; the newest steps, as text.
pub struct Trace {
    hash: u64,
    newest: VecDeque<String>,
    all: bool,
}

impl Trace {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, newest: VecDeque::new(), all: false }
    }

    /// Adds bytes to the hash.
    pub fn mix(&mut self, bytes: &[u8]) {
        self.hash = fnv(self.hash, bytes);
    }

    /// Keeps every line from here on.
    pub fn tell_all(&mut self) {
        self.all = true;
    }

    /// Is every line kept?
    pub fn tells_all(&self) -> bool {
        self.all
    }

    /// Adds a line.
    pub fn tell(&mut self, line: String) {
        self.mix(line.as_bytes());
        if !self.all && self.newest.len() >= STEPS_TOLD {
            self.newest.pop_front();
        }
        self.newest.push_back(line);
    }

    /// The hash of the whole run.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The newest steps, oldest first.
    pub fn newest(&self) -> Vec<String> {
        self.newest.iter().cloned().collect()
    }
}

/// FNV-1a, going on from `hash`.
pub fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
