//! What the law bars of later acts, judged when an act is planned and kept with it as bits of one byte.

/// What this freeze holds may not be deducted (rules D19, D23).
pub const DEDUCT: u8 = 1;
/// This policy may not be surrendered (rules D3, D19).
pub const SURRENDER: u8 = 2;
/// Not all of it may be frozen: a person's minimum of living stays (rule D22).
pub const RESERVE: u8 = 4;
/// The debtor may not be told of it (rule D20): its request is secret (rule D5). Set as the act is folded, never in a plan.
pub const TELLING: u8 = 8;
