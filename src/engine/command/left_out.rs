//! What a start tells the decider of content that is lost, and of content that is back.

/// What the fold did without.
pub struct LeaveOut {
    /// Events whose content is lost.
    pub events: u64,
    /// Key slots among what is lost.
    pub keys: u32,
    /// Key slots of the cases that are left out and that no start before left out.
    pub slots: Vec<u64>,
    /// Whose they are.
    pub courts: Vec<String>,
}

/// Cases that an earlier start left out, and that are whole again.
pub struct BringBack {
    /// Their key slots.
    pub slots: Vec<u64>,
    /// Whose they are.
    pub courts: Vec<String>,
}
